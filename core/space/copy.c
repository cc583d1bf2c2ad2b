/* SPDX-License-Identifier: Apache-2.0 */
/* Bounds-checked access to guest memory for the VMM: copies over adjoining slots, and direct pointers. */
#include <string.h>

#include "error/error.h"
#include "internal.h"

static int32_t hole_at(uint64_t gpa)
{
	return error_set(AXVCPU_ERROR_NOT_FOUND, "there is no memory at guest-physical address 0x%llx",
			 (unsigned long long)gpa);
}

/* The part of [gpa, gpa + size) that lies in the slot that holds gpa. */
static size_t part_in(const struct slot *slot, uint64_t gpa, size_t size)
{
	uint64_t rest = slot_last(slot) - gpa; /* less one, as a slot may end at the last address */

	return size - 1 <= rest ? size : (size_t)(rest + 1);
}

/* Whether all of [gpa, gpa + size) is memory; size is not 0. table_lock is held. */
static int32_t check_covered(const struct axvcpu_space *space, uint64_t gpa, size_t size)
{
	if (gpa + (size - 1) < gpa)
		return error_set(AXVCPU_ERROR_INVALID_INPUT, "[0x%llx, +0x%zx) goes past the end of the address space",
				 (unsigned long long)gpa, size);
	while (size) {
		const struct slot *slot = slot_at(space, gpa);
		size_t part;

		if (!slot)
			return hole_at(gpa);
		part = part_in(slot, gpa, size);
		gpa += part;
		size -= part;
	}
	return 0;
}

typedef void (*part_fn)(struct slot *slot, uint64_t gpa, uint8_t *data, size_t size);

static void copy_out(struct slot *slot, uint64_t gpa, uint8_t *data, size_t size)
{
	memcpy(data, slot->host + (gpa - slot->gpa), size);
}

static void copy_in(struct slot *slot, uint64_t gpa, uint8_t *data, size_t size)
{
	memcpy(slot->host + (gpa - slot->gpa), data, size);
	dirty_mark_slot(slot, gpa, size);
}

static void mark_only(struct slot *slot, uint64_t gpa, uint8_t *data, size_t size)
{
	(void)data;
	dirty_mark_slot(slot, gpa, size);
}

/* Hands [gpa, gpa + size) to `each` slot by slot, or to nobody when a part of it is no memory. */
static int32_t for_each_part(struct axvcpu_space *space, uint64_t gpa, uint8_t *data, size_t size, part_fn each)
{
	int32_t error = 0;

	if (!size)
		return 0;
	pthread_rwlock_rdlock(&space->table_lock);
	error = check_covered(space, gpa, size);
	while (!error && size) {
		struct slot *slot = slot_at(space, gpa);
		size_t part = part_in(slot, gpa, size);

		each(slot, gpa, data, part);
		gpa += part;
		data = data ? data + part : NULL;
		size -= part;
	}
	pthread_rwlock_unlock(&space->table_lock);
	return error;
}

/* One WRITTEN event per slot. The slots are looked up again, because no lock may be held while listeners run. */
static void tell_written(struct axvcpu_space *space, uint64_t gpa, size_t size)
{
	while (size && __atomic_load_n(&space->listener_count, __ATOMIC_ACQUIRE)) {
		const struct slot *found;
		struct slot slot;
		size_t part;

		pthread_rwlock_rdlock(&space->table_lock);
		found = slot_at(space, gpa);
		if (found)
			slot = *found;
		pthread_rwlock_unlock(&space->table_lock);
		if (!found)
			return; /* removed meanwhile: the engines have heard of that */
		part = part_in(&slot, gpa, size);
		listeners_tell(space, AXVCPU_SPACE_WRITTEN, &slot, gpa, part);
		gpa += part;
		size -= part;
	}
}

int32_t axvcpu_space_read(struct axvcpu_space *space, uint64_t gpa, void *ret_data, size_t size)
{
	return for_each_part(space, gpa, ret_data, size, copy_out);
}

int32_t axvcpu_space_write(struct axvcpu_space *space, uint64_t gpa, const void *data, size_t size)
{
	int32_t error = for_each_part(space, gpa, (uint8_t *)(uintptr_t)data, size, copy_in);

	if (!error)
		tell_written(space, gpa, size);
	return error;
}

int32_t axvcpu_space_mark_written(struct axvcpu_space *space, uint64_t gpa, size_t size)
{
	int32_t error = for_each_part(space, gpa, NULL, size, mark_only);

	if (!error)
		tell_written(space, gpa, size);
	return error;
}

int32_t axvcpu_space_view(struct axvcpu_space *space, uint64_t gpa, size_t size, void **ret_host)
{
	const struct slot *slot;
	int32_t error = 0;

	pthread_rwlock_rdlock(&space->table_lock);
	slot = slot_at(space, gpa);
	if (!slot)
		error = hole_at(gpa);
	else if (size && part_in(slot, gpa, size) < size)
		error = error_set(AXVCPU_ERROR_NOT_FOUND,
				  "[0x%llx, +0x%zx) does not lie in one slot: slot %u ends at 0x%llx",
				  (unsigned long long)gpa, size, slot->id, (unsigned long long)slot_last(slot));
	else
		*ret_host = slot->host + (gpa - slot->gpa);
	pthread_rwlock_unlock(&space->table_lock);
	return error;
}
