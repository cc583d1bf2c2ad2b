/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest memory three times: the primary's, which is the VMM's address space; the shadow's own space with the same
 * slots; and the base, memory as of the last agreement. Dirty logs of both spaces say which pages may differ from the
 * base.
 *
 * What the VMM and its devices write (WRITTEN) is in all three at once. `lock` guards the slots and their memory
 * against that; it is never held while an engine runs or a space is called, so that a listener may wait for it.
 */
#ifndef PLUGINS_LAYER_LOCKSTEP_MEMORY_H
#define PLUGINS_LAYER_LOCKSTEP_MEMORY_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <axvcpu/plugin/host.h>
#include <axvcpu/space.h>

#include "registers.h"

struct lockstep;

struct slot {
	struct slot *next;
	uint64_t gpa, size;
	uint32_t id, shadow_id; /* in either space */
	uint32_t flags;
	uint8_t *host; /* the primary's */
	uint8_t *shadow;
	uint8_t *base;
	uint64_t *touched; /* a bit per page that was written since the agreement */
	bool is_logged;
};

struct told {
	struct axvcpu_space *space;
	uint64_t gpa;
};

/* A page as the primary had it at the end of a leg. */
struct kept_page {
	uint64_t gpa;
	uint8_t bytes[AXVCPU_PAGE_SIZE];
};

struct memory {
	pthread_mutex_t lock;
	bool is_there;
	struct axvcpu_space *space, *shadow_space;
	struct axarch_space *heard_space;
	struct axarch_space_listener listener;
	struct slot *slots;
	char failure[160]; /* what went wrong where nobody could be told */
	struct kept_page *kept;
	size_t kept_count, kept_room;
	uint64_t *bitmap; /* the vCPU's thread's own: room for a dirty bitmap, */
	size_t bitmap_words;
	struct told *told; /* and for the pages that a space is to be told of */
	size_t told_count, told_room;
	uint32_t written; /* by others than vCPUs, since the agreement */
};

/* A run of bytes that differs. */
struct memory_difference {
	uint64_t gpa;
	uint8_t primary, shadow, before;
};

/* Listens to the space, and makes the shadow's with what is there. */
int32_t memory_init(struct lockstep *lockstep, uint64_t root);
void memory_finish(struct lockstep *lockstep);
uint64_t memory_shadow_root(const struct lockstep *lockstep);

/* Before a leg: turns logs on where there are none; refuses when somebody else needs the log, or when memory ran out.
 */
int32_t memory_prepare(struct lockstep *lockstep);

/* Asks both spaces what was written since it was last asked. */
int32_t memory_collect(struct lockstep *lockstep);
/* After memory_collect. The first differences into `ret_differences`, of which there is room for `capacity`; returns
 * how many bytes differ in all, but stops to count when there is no room and capacity is 0 (anything above 0 then). */
size_t memory_compare(struct lockstep *lockstep, struct memory_difference *ret_differences, size_t capacity);
/* The words of pages that were written and differ: 8 bytes each, until `each` returns false. */
void memory_differing_words(struct lockstep *lockstep,
			    bool (*each)(void *context, uint64_t gpa, uint64_t primary, uint64_t shadow),
			    void *context);

/* The base becomes what the primary has. */
void memory_agree(struct lockstep *lockstep);
/* The shadow and the base become what the primary has. */
int32_t memory_follow(struct lockstep *lockstep);
/* Primary and shadow become the base. */
int32_t memory_rewind(struct lockstep *lockstep, bool primary, bool shadow);
/* The primary's pages that were written, for memory_restore; and whether it has them. */
int32_t memory_keep(struct lockstep *lockstep);
bool memory_is_kept(struct lockstep *lockstep);
int32_t memory_restore(struct lockstep *lockstep);

/* Bytes that the primary has. Returns how many could be read. */
size_t memory_read(struct lockstep *lockstep, uint64_t gpa, uint8_t *ret_bytes, size_t size);
/* One byte of one engine's memory becomes another, and it is told. False: there is no memory. */
bool memory_poke(struct lockstep *lockstep, enum side side, uint64_t gpa, uint8_t value, uint8_t *ret_before);
/* The shadow gets the primary's bytes. */
void memory_give(struct lockstep *lockstep, uint64_t gpa, uint64_t size);

#endif
