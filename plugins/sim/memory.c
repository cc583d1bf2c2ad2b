/* SPDX-License-Identifier: Apache-2.0 */
/* Finding slots. See memory.h. */
#include "memory.h"

#include <string.h>

static bool holds(const struct axarch_slot *slot, uint64_t gpa)
{
	return gpa - slot->gpa < slot->size;
}

const struct axarch_slot *sim_memory_find(struct sim_memory *memory, uint64_t gpa)
{
	struct axarch_slot *slot;

	for (unsigned i = 0; i < 2; i++)
		if (holds(&memory->recent[i], gpa))
			return &memory->recent[i];
	slot = &memory->recent[memory->oldest];
	slot->size = 0;
	if (!memory->space)
		return NULL;
	if (memory->host->space_find(memory->space, gpa, slot)) {
		slot->size = 0;
		return NULL;
	}
	memory->oldest ^= 1;
	return slot;
}

uint8_t *sim_memory_at(struct sim_memory *memory, uint64_t gpa, uint64_t size, bool write)
{
	const struct axarch_slot *slot = sim_memory_find(memory, gpa);

	if (!slot || slot->size - (gpa - slot->gpa) < size)
		return NULL;
	if (write && slot->flags & AXARCH_SLOT_ROM)
		return NULL;
	/* Before the write is early enough: who clears the log waits until this vCPU has come to its loop, and by then
	 * it has written. */
	if (write && slot->flags & AXARCH_SLOT_LOG_DIRTY)
		memory->host->space_mark_dirty(memory->space, gpa, size);
	return slot->host + (gpa - slot->gpa);
}

void sim_memory_forget(struct sim_memory *memory)
{
	memset(memory->recent, 0, sizeof(memory->recent));
}
