/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest-physical address spaces: slots of memory, holes between them (MMIO), a dirty log, and listeners that hear of changes.
 *
 * One space belongs to one VM and is shared by its vCPUs, whatever engines run them. Its root token is what a vCPU gets as
 * `ept_root`. Slots can be added and removed while vCPUs run: a removal returns when no engine can touch the slot's
 * memory any more. Addresses and sizes are in bytes; slots are whole pages of 4096 bytes and never overlap.
 *
 * Thread: every function here is [any-thread]. A listener runs on the thread that makes the change, with no lock held
 * that axvcpu_space_read/write/view need, and must not change the space.
 * Ownership: the space owns memory that it allocated itself and never frees the caller's.
 */
#ifndef AXVCPU_SPACE_H
#define AXVCPU_SPACE_H

#include <stddef.h>

#include <axvcpu/error.h>
#include <axvcpu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AXVCPU_PAGE_SIZE 4096u

struct axvcpu_space;

enum {
	AXVCPU_SLOT_ROM = 1,      /* guest writes become MmioWrite exits; the VMM's axvcpu_space_write still writes */
	AXVCPU_SLOT_LOG_DIRTY = 2 /* record the pages that anybody writes */
};

/* One slot, as given to axvcpu_space_add and as read back. */
struct axvcpu_slot {
	uint32_t size_of_struct; /* sizeof(struct axvcpu_slot) */
	uint32_t id;             /* out: given by axvcpu_space_add, never used again within a space */
	uint64_t gpa;            /* first guest-physical address, page-aligned */
	uint64_t size;           /* bytes, page-aligned, not 0 */
	void *host;              /* in: the caller's page-aligned memory, or NULL to let the space map zeroed pages.
	                            out: where the slot's memory is. The caller's memory must outlive the slot */
	uint32_t flags;          /* AXVCPU_SLOT_* */
	uint32_t reserved;       /* 0 */
};

/* Errors: NO_MEMORY. */
AXVCPU_API int32_t axvcpu_space_create(struct axvcpu_space **ret_space);

/* Destroys the space and the memory that it owns. NULL is fine. RESOURCE_BUSY while vCPUs are set up on it. */
AXVCPU_API int32_t axvcpu_space_destroy(struct axvcpu_space *space);

/* The opaque token that vCPUs get as ept_root. Not 0, unique in the process for its lifetime. */
AXVCPU_API uint64_t axvcpu_space_root(const struct axvcpu_space *space);

/* The space of a token. Errors: NOT_FOUND. */
AXVCPU_API int32_t axvcpu_space_of_root(uint64_t root, struct axvcpu_space **ret_space);

/*
 * Adds a slot and writes its id and host address back. Errors: INVALID_INPUT (alignment, size 0, address overflow, unknown
 * flag; the text names which), RESOURCE_BUSY (overlaps a slot, which is named), NO_MEMORY (the text says how much was wanted).
 */
AXVCPU_API int32_t axvcpu_space_add(struct axvcpu_space *space, struct axvcpu_slot *slot);

/* Removes a slot. Errors: NOT_FOUND. */
AXVCPU_API int32_t axvcpu_space_remove(struct axvcpu_space *space, uint32_t id);

/* Copies out up to `capacity` slots in order of gpa; returns how many there are. */
AXVCPU_API uint32_t axvcpu_space_slots(struct axvcpu_space *space, struct axvcpu_slot *ret_slots, uint32_t capacity);

/* The slot that holds gpa. Errors: NOT_FOUND (a hole). */
AXVCPU_API int32_t axvcpu_space_find(struct axvcpu_space *space, uint64_t gpa, struct axvcpu_slot *ret_slot);

/*
 * Bounds-checked copies; a range may span adjoining slots. All or nothing: on failure nothing was copied. A write reaches ROM
 * too, marks pages dirty, and is seen by engines that have decoded code there (WRITTEN event).
 * Errors: NOT_FOUND (the text names the first address without memory), INVALID_INPUT (the range wraps).
 */
AXVCPU_API int32_t axvcpu_space_read(struct axvcpu_space *space, uint64_t gpa, void *ret_data, size_t size);
AXVCPU_API int32_t axvcpu_space_write(struct axvcpu_space *space, uint64_t gpa, const void *data, size_t size);

/*
 * A direct pointer to [gpa, gpa + size), which must lie in one slot. Valid until that slot is removed. Who writes
 * through it says so with axvcpu_space_mark_written. Errors: NOT_FOUND.
 */
AXVCPU_API int32_t axvcpu_space_view(struct axvcpu_space *space, uint64_t gpa, size_t size, void **ret_host);

/* Marks pages dirty and tells listeners that memory was written by somebody who is not a vCPU. */
AXVCPU_API int32_t axvcpu_space_mark_written(struct axvcpu_space *space, uint64_t gpa, size_t size);

/* Turns the dirty log of a slot on (nothing dirty) or off. Errors: NOT_FOUND. */
AXVCPU_API int32_t axvcpu_space_log_dirty(struct axvcpu_space *space, uint32_t id, int enabled);

/*
 * Copies a slot's dirty bitmap (bit n: page n of the slot; 64-bit words, `words` of them, must hold every page) and, with
 * `clear`, forgets it in the same step: a page written meanwhile is in this answer or the next one.
 * Errors: NOT_FOUND, UNSUPPORTED (not logged), INVALID_INPUT (too few words; the text says how many are needed).
 */
AXVCPU_API int32_t axvcpu_space_fetch_dirty(struct axvcpu_space *space, uint32_t id, uint64_t *ret_bitmap, size_t words,
					    int clear);

/* EVENT(NAME, value, "when") */
#define AXVCPU_SPACE_EVENTS(EVENT) \
	EVENT(ADDED, 1, "a slot is there now") \
	EVENT(REMOVING, 2, "a slot is going: after the listener returns, nobody may touch its memory") \
	EVENT(CHANGED, 3, "a slot's flags changed: the dirty log went on or off") \
	EVENT(DIRTY_CLEARED, 4, "a slot's dirty bitmap was cleared: the next write to any page must be recorded again") \
	EVENT(WRITTEN, 5, "[gpa, gpa + size) was written by somebody who is not a vCPU") \
	EVENT(DIRTY_SYNC, 6, "a slot's dirty bitmap is about to be read: engines that keep one of their own hand it over") \
	EVENT(WRITERS, 7, "so many vCPUs as `size` says write memory without anybody being told: what was decoded from memory is compared " \
	      "with it at each use while there are any, and once more when there are none any more")

#define AXVCPU_SPACE_EVENT_CONSTANT(name, value, text) AXVCPU_SPACE_##name = value,
enum { AXVCPU_SPACE_EVENTS(AXVCPU_SPACE_EVENT_CONSTANT) };
#undef AXVCPU_SPACE_EVENT_CONSTANT

/* What a listener hears. `slot` is the slot concerned, and gpa and size are the part of it concerned; WRITERS is of no slot: all zeros
 * but `size`. */
struct axvcpu_space_event {
	uint32_t size_of_struct;
	uint32_t kind; /* AXVCPU_SPACE_* event */
	uint64_t gpa;
	uint64_t size;
	struct axvcpu_slot slot;
};

/* The caller's memory; it must stay where it is until unlisten returns. */
struct axvcpu_space_listener {
	void (*heard)(void *context, const struct axvcpu_space_event *event);
	void *context;
};

/* After `listen` returns, every change is heard; the slots that are there already are announced as ADDED before it returns. */
AXVCPU_API int32_t axvcpu_space_listen(struct axvcpu_space *space, const struct axvcpu_space_listener *listener);
/* After `unlisten` returns, `heard` is not running and will not run again. Not from within `heard`. */
AXVCPU_API int32_t axvcpu_space_unlisten(struct axvcpu_space *space, const struct axvcpu_space_listener *listener);

#ifdef __cplusplus
}
#endif
#endif
