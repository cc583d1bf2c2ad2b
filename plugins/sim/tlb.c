/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts of the soft TLB, and forgetting. See tlb.h. */
#include "tlb.h"

#include <string.h>

static void clear_tables(struct sim_tlb *tlb)
{
	memset(tlb->reads, 0xff, sizeof(tlb->reads));
	memset(tlb->writes, 0xff, sizeof(tlb->writes));
	memset(tlb->fetches, 0xff, sizeof(tlb->fetches));
}

static void forget_large(struct sim_tlb *tlb)
{
	memset(tlb->large, 0, sizeof(tlb->large));
	tlb->huge = false;
}

void sim_tlb_init(struct sim_tlb *tlb)
{
	clear_tables(tlb);
	forget_large(tlb);
	tlb->space_count = 0;
	tlb->misses = 0;
}

/* A key that no address space has: of contexts that must not be found again. */
#define VOID_KEY UINT64_MAX

uint64_t sim_tlb_context(struct sim_tlb *tlb, uint64_t key, bool *ret_cleared)
{
	unsigned i;

	*ret_cleared = false;
	if (tlb->present < tlb->space_count && tlb->spaces[tlb->present] == key)
		return (uint64_t)(tlb->present + 1) * SIM_TLB_VIEWS << 3;
	for (i = 0; i < tlb->space_count && tlb->spaces[i] != key; i++)
		;
	if (i == tlb->space_count) {
		if (i == SIM_TLB_SPACES) {
			clear_tables(tlb);
			forget_large(tlb);
			*ret_cleared = true;
			i = 0;
		}
		tlb->spaces[i] = key;
		tlb->space_count = i + 1;
	}
	tlb->present = i;
	return (uint64_t)(i + 1) * SIM_TLB_VIEWS << 3;
}

void sim_tlb_flush(struct sim_tlb *tlb)
{
	for (unsigned i = 0; i < tlb->space_count; i++)
		tlb->spaces[i] = VOID_KEY;
	forget_large(tlb);
}

void sim_tlb_flush_spaces(struct sim_tlb *tlb, bool (*match)(uint64_t key, uint64_t context), uint64_t context)
{
	for (unsigned i = 0; i < tlb->space_count; i++)
		if (tlb->spaces[i] != VOID_KEY && match(tlb->spaces[i], context))
			tlb->spaces[i] = VOID_KEY;
}

static unsigned large_bit(uint64_t va)
{
	return (unsigned)((va >> 21) ^ (va >> 33)) % SIM_TLB_LARGE_BITS;
}

void sim_tlb_note_large(struct sim_tlb *tlb, uint64_t va, unsigned shift)
{
	unsigned bit = large_bit(va);

	if (shift > 21)
		tlb->huge = true;
	tlb->large[bit / 64] |= UINT64_C(1) << bit % 64;
}

bool sim_tlb_flush_page(struct sim_tlb *tlb, uint64_t va)
{
	unsigned bit = large_bit(va);

	if (tlb->huge || tlb->large[bit / 64] >> bit % 64 & 1)
		return false;
	sim_tlb_slot(tlb->reads, va)->tag = SIM_TLB_EMPTY;
	sim_tlb_slot(tlb->writes, va)->tag = SIM_TLB_EMPTY;
	sim_tlb_fetch_slot(tlb, va)->tag = SIM_TLB_EMPTY;
	return true;
}

void sim_tlb_flush_writes(struct sim_tlb *tlb)
{
	memset(tlb->writes, 0xff, sizeof(tlb->writes));
}
