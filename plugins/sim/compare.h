/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entering a block whose code is compared with memory each time: what executors do where sim_may_enter says no.
 *
 * Who writes code and then a word that says so (plain stores, and plain loads by who reads it: x86 asks no more of code
 * that was not executed before) has its code executed: the guest's load came before the comparison does, here and in
 * the order of memory. Inside of a block nothing is compared: between the instructions of one block there is no branch
 * and none that serializes, and without one the processor may have fetched what was there before.
 */
#ifndef PLUGINS_SIM_COMPARE_H
#define PLUGINS_SIM_COMPARE_H

#include "cpu.h"

typedef uint64_t sim_code64 __attribute__((aligned(1), may_alias));
typedef uint32_t sim_code32 __attribute__((aligned(1), may_alias));

/* Whether `size` bytes of memory are those of the copy. Each byte is looked at once or twice; equal is equal even if a
 * word was torn, as each byte was the old one when it was read. */
__attribute__((no_sanitize("thread"))) static inline bool sim_same_code(const uint8_t *copy, const uint8_t *memory,
									unsigned size)
{
	const volatile sim_code64 *words = (const volatile sim_code64 *)(const void *)memory;
	const sim_code64 *copies = (const sim_code64 *)(const void *)copy;
	unsigned last = size - 8;

	if (size < 8) {
		if (size < 4)
			return copy[0] == *(const volatile uint8_t *)memory &&
			       copy[size / 2] == *(const volatile uint8_t *)(memory + size / 2) &&
			       copy[size - 1] == *(const volatile uint8_t *)(memory + size - 1);
		return *(const sim_code32 *)(const void *)copy == *(const volatile sim_code32 *)(const void *)memory &&
		       *(const sim_code32 *)(const void *)(copy + size - 4) ==
			       *(const volatile sim_code32 *)(const void *)(memory + size - 4);
	}
	for (unsigned i = 0; i < size / 8; i++)
		if (copies[i] != words[i])
			return false;
	return *(const sim_code64 *)(const void *)(copy + last) ==
	       *(const volatile sim_code64 *)(const void *)(memory + last);
}

/*
 * Whether a block at cpu->pc, which sim_may_enter has refused, may be entered all the same; if so it has been charged
 * for. It is in the present generation, so its lines are marked and stores of this group's vCPUs are heard of. A block
 * that lies in two pages, or whose page is not in the fetch TLB, is for the loop.
 */
static inline bool sim_may_enter_compared(struct sim_cpu *cpu, struct sim_block *block)
{
	const struct sim_tlb_fetch *entry = sim_tlb_fetch_slot(&cpu->tlb, cpu->pc);

	if (block->pass != (__atomic_load_n(&cpu->pass, __ATOMIC_RELAXED) | SIM_COMPARE) || cpu->fuel < block->count)
		return false;
	if (entry->tag != ((cpu->pc & ~SIM_PAGE_MASK) | cpu->fetch_context) || block->second != SIM_NEVER ||
	    (entry->gpa ^ block->key) << (64 - SIM_MODE_SHIFT) >> (64 - SIM_MODE_SHIFT + 12))
		return false;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (!sim_same_code(block->source, (const uint8_t *)(uintptr_t)(cpu->pc + entry->delta), block->bytes))
		return false;
	cpu->fuel -= block->count;
	cpu->block = block;
	return true;
}

#endif
