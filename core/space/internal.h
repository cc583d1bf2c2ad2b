/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An address space inside: a table of slots sorted by address, the listeners, and which lock guards what.
 *
 *   change     serialises add, remove, log on/off, listen and the number of writers, together with their events. Taken
 *              first.
 *   listeners_lock  read while `heard` runs, written by listen and unlisten.
 *   table_lock read by everybody who looks at slots or copies memory, written for the moment in which the table
 * changes; never held while a listener runs.
 */
#ifndef CORE_SPACE_INTERNAL_H
#define CORE_SPACE_INTERNAL_H

#include <pthread.h>

#include "space.h"

struct slot {
	uint64_t gpa;
	uint64_t size;
	uint8_t *host;
	uint32_t id;
	uint32_t flags;
	int owned;
	uint64_t *dirty; /* a bit per page, atomic; NULL without AXVCPU_SLOT_LOG_DIRTY */
};

struct listener {
	/* Tells `key`, a public or a plugin's listener, in its own words. */
	void (*tell)(const void *key, uint32_t kind, const struct slot *slot, uint64_t gpa, uint64_t size);
	const void *key;
};

struct axvcpu_space {
	uint64_t root;
	unsigned users;            /* guarded by the registry's lock */
	struct axvcpu_space *next; /* the same */

	pthread_mutex_t change;
	uint32_t last_id;
	uint64_t owned_bytes;
	uint64_t writers; /* vCPUs whose writes nobody is told of */

	pthread_rwlock_t table_lock;
	struct slot **slots;
	uint32_t slot_count;
	uint32_t logging; /* slots with a dirty log; read atomically */

	pthread_rwlock_t listeners_lock;
	struct listener *listeners;
	uint32_t listener_count; /* read atomically */
};

/* The slot that holds gpa, or NULL. table_lock is held. */
struct slot *slot_at(const struct axvcpu_space *space, uint64_t gpa);

/* The first slot that ends above gpa: the one that holds it, or the next one; NULL: none. table_lock is held. */
struct slot *slot_from(const struct axvcpu_space *space, uint64_t gpa);

/* The slot of an id, or NULL with an error text. `change` is held. */
struct slot *slot_of_id(const struct axvcpu_space *space, uint32_t id);

/* Unmaps what the slot owns and frees it. */
void slot_free(struct slot *slot);

void slot_to_public(const struct slot *slot, struct axvcpu_slot *ret_slot);
void slot_to_plugin(const struct slot *slot, struct axarch_slot *ret_slot);

/* Tells all listeners. table_lock is not held. */
void listeners_tell(struct axvcpu_space *space, uint32_t kind, const struct slot *slot, uint64_t gpa, uint64_t size);

/* A bitmap for a slot with nothing dirty, or NULL with an error text. */
uint64_t *dirty_bitmap_new(uint64_t slot_size);
/* Sets the bits of [gpa, gpa + size), which lies in the slot. */
void dirty_mark_slot(struct slot *slot, uint64_t gpa, uint64_t size);

static inline uint64_t slot_pages(const struct slot *slot)
{
	return slot->size / AXVCPU_PAGE_SIZE;
}

/* The last byte, which unlike the end always has an address. */
static inline uint64_t slot_last(const struct slot *slot)
{
	return slot->gpa + (slot->size - 1);
}

#endif
