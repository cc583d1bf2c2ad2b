/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest-physical memory as one vCPU sees it: the slots of its address space, the two used last at hand. Who holds a
 * slot or a pointer into one must be inside the guest (see group.h): the space waits for that before it takes memory
 * away.
 */
#ifndef PLUGINS_SIM_MEMORY_H
#define PLUGINS_SIM_MEMORY_H

#include <axvcpu/plugin/host.h>
#include <stdbool.h>

struct sim_memory {
	const struct axarch_host *host;
	struct axarch_space *space;
	struct axarch_slot recent[2];
	unsigned oldest;
};

/* The slot that holds gpa, or NULL: a hole. Valid until the next call. */
const struct axarch_slot *sim_memory_find(struct sim_memory *memory, uint64_t gpa);

/* The host address of gpa, if `size` bytes there lie in one slot; for a write also none in ROM, and the pages are
 * marked dirty. */
uint8_t *sim_memory_at(struct sim_memory *memory, uint64_t gpa, uint64_t size, bool write);

/* Slots have changed. */
void sim_memory_forget(struct sim_memory *memory);

#endif
