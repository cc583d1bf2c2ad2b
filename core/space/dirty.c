/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dirty log: one bit per page of a slot, set by whoever writes, fetched and cleared word by word in one atomic
 * step.
 *
 * A page that is written while the log is fetched is in this answer or in the next one, because its bit is set after
 * the write: set before it, the bit could be cleared and the page copied in between, and the write would never be told.
 * For the same reason who remembers that a bit is set (an engine's TLB) sets it once more when it forgets that after
 * DIRTY_CLEARED.
 */
#include <stdlib.h>
#include <string.h>

#include "error/error.h"
#include "internal.h"

static size_t words_of(uint64_t slot_size)
{
	return (size_t)((slot_size / AXVCPU_PAGE_SIZE + 63) / 64);
}

uint64_t *dirty_bitmap_new(uint64_t slot_size)
{
	uint64_t *bitmap = calloc(words_of(slot_size), sizeof(*bitmap));

	if (!bitmap)
		error_set(AXVCPU_ERROR_NO_MEMORY, "no memory for a dirty bitmap of %zu words", words_of(slot_size));
	return bitmap;
}

static void set_bit(uint64_t *bitmap, uint64_t page)
{
	uint64_t bit = UINT64_C(1) << (page % 64);

	/* Most pages that are written are dirty already; looking first spares other CPUs the cache line. */
	if (!(__atomic_load_n(&bitmap[page / 64], __ATOMIC_RELAXED) & bit))
		__atomic_fetch_or(&bitmap[page / 64], bit, __ATOMIC_RELEASE);
}

void dirty_mark_slot(struct slot *slot, uint64_t gpa, uint64_t size)
{
	uint64_t first = (gpa - slot->gpa) / AXVCPU_PAGE_SIZE;
	uint64_t last = (gpa - slot->gpa + (size - 1)) / AXVCPU_PAGE_SIZE;

	if (!slot->dirty)
		return;
	for (uint64_t page = first; page <= last; page++)
		set_bit(slot->dirty, page);
}

/* The part of [first, last] that lies in the slot, marked. */
static void mark_part(struct slot *slot, uint64_t first, uint64_t last)
{
	uint64_t low = first > slot->gpa ? first : slot->gpa;
	uint64_t high = last < slot_last(slot) ? last : slot_last(slot);

	dirty_mark_slot(slot, low, high - low + 1);
}

void space_mark_dirty(struct axvcpu_space *space, uint64_t gpa, uint64_t size)
{
	uint64_t last = gpa + (size - 1) < gpa ? UINT64_MAX : gpa + (size - 1);
	struct slot *slot;

	if (!size || !__atomic_load_n(&space->logging, __ATOMIC_ACQUIRE))
		return;
	pthread_rwlock_rdlock(&space->table_lock);
	for (uint64_t at = gpa; (slot = slot_from(space, at)) && slot->gpa <= last; at = slot_last(slot) + 1) {
		mark_part(slot, gpa, last);
		if (slot_last(slot) == UINT64_MAX)
			break;
	}
	pthread_rwlock_unlock(&space->table_lock);
}

/* Swaps the slot's bitmap for another (NULL: no log) and returns the old one. */
static uint64_t *exchange_bitmap(struct axvcpu_space *space, struct slot *slot, uint64_t *bitmap)
{
	uint64_t *old;

	pthread_rwlock_wrlock(&space->table_lock);
	old = slot->dirty;
	slot->dirty = bitmap;
	slot->flags = (slot->flags & ~(uint32_t)AXVCPU_SLOT_LOG_DIRTY) | (bitmap ? AXVCPU_SLOT_LOG_DIRTY : 0);
	__atomic_store_n(&space->logging, space->logging + (bitmap != NULL) - (old != NULL), __ATOMIC_RELEASE);
	pthread_rwlock_unlock(&space->table_lock);
	return old;
}

static int32_t log_dirty_locked(struct axvcpu_space *space, uint32_t id, int enabled)
{
	struct slot *slot = slot_of_id(space, id);
	uint64_t *bitmap = NULL;

	if (!slot)
		return AXVCPU_ERROR_NOT_FOUND;
	if (enabled) {
		bitmap = dirty_bitmap_new(slot->size);
		if (!bitmap)
			return AXVCPU_ERROR_NO_MEMORY;
	}
	free(exchange_bitmap(space, slot, bitmap));
	listeners_tell(space, AXVCPU_SPACE_CHANGED, slot, slot->gpa, slot->size);
	return 0;
}

int32_t axvcpu_space_log_dirty(struct axvcpu_space *space, uint32_t id, int enabled)
{
	int32_t error;

	pthread_mutex_lock(&space->change);
	error = log_dirty_locked(space, id, enabled);
	pthread_mutex_unlock(&space->change);
	return error;
}

static void copy_bitmap(struct slot *slot, uint64_t *ret_bitmap, int clear)
{
	for (size_t i = 0; i < words_of(slot->size); i++)
		ret_bitmap[i] = clear ? __atomic_exchange_n(&slot->dirty[i], 0, __ATOMIC_ACQ_REL)
				      : __atomic_load_n(&slot->dirty[i], __ATOMIC_ACQUIRE);
}

static int32_t fetch_locked(struct axvcpu_space *space, uint32_t id, uint64_t *ret_bitmap, size_t words, int clear)
{
	struct slot *slot = slot_of_id(space, id);

	if (!slot)
		return AXVCPU_ERROR_NOT_FOUND;
	if (!slot->dirty)
		return error_set(AXVCPU_ERROR_UNSUPPORTED,
				 "slot %u has no dirty log: turn it on with axvcpu_space_log_dirty", id);
	if (words < words_of(slot->size))
		return error_set(AXVCPU_ERROR_INVALID_INPUT,
				 "the dirty bitmap of slot %u needs %zu words, and there is room for %zu", id,
				 words_of(slot->size), words);
	listeners_tell(space, AXVCPU_SPACE_DIRTY_SYNC, slot, slot->gpa, slot->size);
	copy_bitmap(slot, ret_bitmap, clear);
	if (clear)
		listeners_tell(space, AXVCPU_SPACE_DIRTY_CLEARED, slot, slot->gpa, slot->size);
	return 0;
}

int32_t axvcpu_space_fetch_dirty(struct axvcpu_space *space, uint32_t id, uint64_t *ret_bitmap, size_t words, int clear)
{
	int32_t error;

	pthread_mutex_lock(&space->change);
	error = fetch_locked(space, id, ret_bitmap, words, clear);
	pthread_mutex_unlock(&space->change);
	return error;
}
