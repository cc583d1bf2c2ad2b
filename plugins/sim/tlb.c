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
	memset(tlb->huge, 0, sizeof(tlb->huge));
	tlb->larger = false;
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

enum { LARGE_SHIFT = 21, HUGE_SHIFT = 30 };

static unsigned region_bit(uint64_t va, unsigned shift)
{
	return (unsigned)((va >> shift) ^ (va >> (shift + 12))) % SIM_TLB_LARGE_BITS;
}

static bool test_bit(const uint64_t *bits, unsigned bit)
{
	return bits[bit / 64] >> bit % 64 & 1;
}

static void set_bit(uint64_t *bits, unsigned bit)
{
	bits[bit / 64] |= UINT64_C(1) << bit % 64;
}

void sim_tlb_note_large(struct sim_tlb *tlb, uint64_t va, unsigned shift)
{
	if (shift <= LARGE_SHIFT)
		set_bit(tlb->large, region_bit(va, LARGE_SHIFT));
	else if (shift <= HUGE_SHIFT)
		set_bit(tlb->huge, region_bit(va, HUGE_SHIFT));
	else
		tlb->larger = true;
}

bool sim_tlb_flush_page(struct sim_tlb *tlb, uint64_t va)
{
	if (tlb->larger || test_bit(tlb->large, region_bit(va, LARGE_SHIFT)) ||
	    test_bit(tlb->huge, region_bit(va, HUGE_SHIFT)))
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
