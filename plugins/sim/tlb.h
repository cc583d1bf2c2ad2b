/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The soft TLB: direct-mapped, one table each for reads, writes and fetches. A hit is one comparison and one addition.
 *
 * A tag is the virtual page with a context in bits 3 to 11. A context stands for an address space (its key: all that
 * selects the page tables) and a view of it (privilege and what else decides whether an access is allowed), so that
 * switching either forgets nothing. Bits 0 to 2 of a tag are 0: an access that is not naturally aligned never hits.
 * Forgetting everything takes new contexts; only when they run out are the tables cleared.
 */
#ifndef PLUGINS_SIM_TLB_H
#define PLUGINS_SIM_TLB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SIM_TLB_ENTRIES = 4096, /* for reads and for writes */
	SIM_TLB_FETCHES = 512,
	SIM_TLB_VIEWS = 8,   /* of an address space */
	SIM_TLB_SPACES = 62, /* with 8 views each; contexts 0 and all ones are never given out */
	SIM_TLB_LARGE_BITS = 4096
};

#define SIM_TLB_EMPTY UINT64_MAX
#define SIM_PAGE_MASK UINT64_C(0xfff)

struct sim_tlb_entry {
	uint64_t tag;
	uint64_t delta; /* host address - virtual address */
};

struct sim_tlb_fetch {
	uint64_t tag;
	uint64_t delta;
	uint64_t gpa; /* of the page */
};

struct sim_tlb {
	uint64_t spaces[SIM_TLB_SPACES]; /* the key of each address space that has contexts */
	unsigned space_count;
	unsigned present; /* index of the one that was asked for last */
	uint64_t misses;
	/* Which regions of 2 MiB and of 1 GiB may have parts of a larger page in the TLB (by hash), and whether any
	 * page is larger than that. */
	uint64_t large[SIM_TLB_LARGE_BITS / 64];
	uint64_t huge[SIM_TLB_LARGE_BITS / 64];
	bool larger;
	struct sim_tlb_entry reads[SIM_TLB_ENTRIES];
	struct sim_tlb_entry writes[SIM_TLB_ENTRIES];
	struct sim_tlb_fetch fetches[SIM_TLB_FETCHES];
};

void sim_tlb_init(struct sim_tlb *tlb);

/* The context of view 0 of an address space; view n is sim_tlb_view of it. ret_cleared: contexts had run out, and
 * everything that is tagged with one must go. */
uint64_t sim_tlb_context(struct sim_tlb *tlb, uint64_t key, bool *ret_cleared);

static inline uint64_t sim_tlb_view(uint64_t context, unsigned view)
{
	return context + ((uint64_t)view << 3);
}

/* Forgets everything; contexts given out before are void. */
void sim_tlb_flush(struct sim_tlb *tlb);
/* Forgets those address spaces of which `match` says true. */
void sim_tlb_flush_spaces(struct sim_tlb *tlb, bool (*match)(uint64_t key, uint64_t context), uint64_t context);
/* Forgets one page in all contexts. False, and nothing is done: it may be part of a larger page. */
bool sim_tlb_flush_page(struct sim_tlb *tlb, uint64_t va);
/* Forgets what may be written, in all contexts. */
void sim_tlb_flush_writes(struct sim_tlb *tlb);

/* Notes that `va` was translated by a page of 1 << shift bytes. */
void sim_tlb_note_large(struct sim_tlb *tlb, uint64_t va, unsigned shift);

static inline struct sim_tlb_entry *sim_tlb_slot(struct sim_tlb_entry *table, uint64_t va)
{
	return &table[(va >> 12) % SIM_TLB_ENTRIES];
}

/* The host address of `size` naturally aligned bytes at va, or NULL. */
static inline void *sim_tlb_hit(struct sim_tlb_entry *table, uint64_t context, uint64_t va, unsigned size)
{
	const struct sim_tlb_entry *entry = sim_tlb_slot(table, va);

	if (__builtin_expect(entry->tag != ((va & (~SIM_PAGE_MASK | (size - 1))) | context), 0))
		return NULL;
	return (void *)(uintptr_t)(va + entry->delta);
}

static inline void sim_tlb_fill(struct sim_tlb_entry *table, uint64_t context, uint64_t va, const uint8_t *host_page)
{
	struct sim_tlb_entry *entry = sim_tlb_slot(table, va);

	entry->tag = (va & ~SIM_PAGE_MASK) | context;
	entry->delta = (uint64_t)(uintptr_t)host_page - (va & ~SIM_PAGE_MASK);
}

static inline struct sim_tlb_fetch *sim_tlb_fetch_slot(struct sim_tlb *tlb, uint64_t va)
{
	return &tlb->fetches[(va >> 12) % SIM_TLB_FETCHES];
}

#endif
