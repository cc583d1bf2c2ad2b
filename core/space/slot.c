/* SPDX-License-Identifier: Apache-2.0 */
/* The table of slots: adding, removing and finding. Knows nothing of what is in their memory. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>

#include "error/error.h"
#include "internal.h"

#define MIB(bytes) ((unsigned long long)(bytes) >> 20)

void slot_to_public(const struct slot *slot, struct axvcpu_slot *ret_slot)
{
	*ret_slot = (struct axvcpu_slot){ .size_of_struct = sizeof(*ret_slot),
					  .id = slot->id,
					  .gpa = slot->gpa,
					  .size = slot->size,
					  .host = slot->host,
					  .flags = slot->flags };
}

void slot_to_plugin(const struct slot *slot, struct axarch_slot *ret_slot)
{
	*ret_slot = (struct axarch_slot){
		.gpa = slot->gpa, .size = slot->size, .host = slot->host, .id = slot->id, .flags = slot->flags
	};
}

/* The position of the first slot that ends above gpa. */
static uint32_t position_from(const struct axvcpu_space *space, uint64_t gpa)
{
	uint32_t low = 0, high = space->slot_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (slot_last(space->slots[middle]) < gpa)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct slot *slot_from(const struct axvcpu_space *space, uint64_t gpa)
{
	uint32_t position = position_from(space, gpa);

	return position < space->slot_count ? space->slots[position] : NULL;
}

struct slot *slot_at(const struct axvcpu_space *space, uint64_t gpa)
{
	struct slot *slot = slot_from(space, gpa);

	return slot && slot->gpa <= gpa ? slot : NULL;
}

struct slot *slot_of_id(const struct axvcpu_space *space, uint32_t id)
{
	for (uint32_t i = 0; i < space->slot_count; i++)
		if (space->slots[i]->id == id)
			return space->slots[i];
	error_set(AXVCPU_ERROR_NOT_FOUND, "the address space has no slot with id %u", id);
	return NULL;
}

void slot_free(struct slot *slot)
{
	if (slot->owned)
		munmap(slot->host, slot->size);
	free(slot->dirty);
	free(slot);
}

static int32_t check_range(const struct axvcpu_slot *wanted)
{
	unsigned long long gpa = wanted->gpa, size = wanted->size;

	if (!size)
		return error_set(AXVCPU_ERROR_INVALID_INPUT, "the slot at 0x%llx has size 0", gpa);
	if (gpa % AXVCPU_PAGE_SIZE || size % AXVCPU_PAGE_SIZE)
		return error_set(AXVCPU_ERROR_INVALID_INPUT,
				 "the slot's gpa 0x%llx and size 0x%llx must be multiples of the page size, 0x%x", gpa,
				 size, AXVCPU_PAGE_SIZE);
	if (gpa + (size - 1) < gpa)
		return error_set(AXVCPU_ERROR_INVALID_INPUT,
				 "the slot at 0x%llx of 0x%llx bytes goes past the end of the address space", gpa,
				 size);
	return 0;
}

static int32_t check_wanted(const struct axvcpu_slot *wanted)
{
	if (wanted->size_of_struct < sizeof(*wanted))
		return error_set(AXVCPU_ERROR_INVALID_INPUT,
				 "the slot's size_of_struct is %u; it must be sizeof(struct axvcpu_slot)",
				 wanted->size_of_struct);
	if (wanted->flags & ~(uint32_t)(AXVCPU_SLOT_ROM | AXVCPU_SLOT_LOG_DIRTY))
		return error_set(AXVCPU_ERROR_INVALID_INPUT,
				 "the slot's flags 0x%x have bits that nobody knows: AXVCPU_SLOT_ROM and "
				 "AXVCPU_SLOT_LOG_DIRTY are there",
				 wanted->flags);
	if ((uintptr_t)wanted->host % AXVCPU_PAGE_SIZE)
		return error_set(AXVCPU_ERROR_INVALID_INPUT,
				 "the slot's host memory %p must be aligned to the page size, 0x%x", wanted->host,
				 AXVCPU_PAGE_SIZE);
	return check_range(wanted);
}

static int32_t check_overlap(const struct axvcpu_space *space, const struct axvcpu_slot *wanted)
{
	const struct slot *other = slot_from(space, wanted->gpa);

	if (!other || other->gpa > wanted->gpa + (wanted->size - 1))
		return 0;
	return error_set(AXVCPU_ERROR_RESOURCE_BUSY,
			 "the slot [0x%llx, +0x%llx) overlaps slot %u, which is [0x%llx, +0x%llx)",
			 (unsigned long long)wanted->gpa, (unsigned long long)wanted->size, other->id,
			 (unsigned long long)other->gpa, (unsigned long long)other->size);
}

static uint64_t host_memory(void)
{
	struct sysinfo info;

	if (sysinfo(&info))
		return UINT64_MAX;
	return ((uint64_t)info.totalram + info.totalswap) * info.mem_unit;
}

/*
 * Pages are reserved when they are touched (MAP_NORESERVE), so that a large guest costs what it uses. More than the
 * host has is refused here all the same: it could only end with the guest's pages missing when they are needed.
 */
static int32_t map_memory(struct axvcpu_space *space, struct slot *slot)
{
	uint64_t available = host_memory();
	void *memory = MAP_FAILED;

	if (slot->size <= available && space->owned_bytes <= available - slot->size)
		memory = mmap(NULL, slot->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
			      0);
	if (memory == MAP_FAILED)
		return error_set(AXVCPU_ERROR_NO_MEMORY,
				 "no memory for a slot of %llu MiB: the host has %llu MiB with swap, and this address "
				 "space uses %llu MiB",
				 MIB(slot->size), MIB(available), MIB(space->owned_bytes));
	slot->host = memory;
	slot->owned = 1;
	space->owned_bytes += slot->size;
	return 0;
}

static int32_t slot_new(struct axvcpu_space *space, const struct axvcpu_slot *wanted, struct slot **ret_slot)
{
	struct slot *slot = calloc(1, sizeof(*slot));
	int32_t error;

	if (!slot)
		return error_set(AXVCPU_ERROR_NO_MEMORY, "no memory for a slot's description");
	slot->gpa = wanted->gpa;
	slot->size = wanted->size;
	slot->host = wanted->host;
	slot->flags = wanted->flags;
	if (slot->flags & AXVCPU_SLOT_LOG_DIRTY) {
		slot->dirty = dirty_bitmap_new(slot->size);
		error = slot->dirty ? 0 : AXVCPU_ERROR_NO_MEMORY;
		if (error)
			goto free_slot;
	}
	error = slot->host ? 0 : map_memory(space, slot);
	if (error)
		goto free_slot;
	slot->id = ++space->last_id;
	*ret_slot = slot;
	return 0;
free_slot:
	slot_free(slot);
	return error;
}

static int32_t table_insert(struct axvcpu_space *space, struct slot *slot)
{
	struct slot **slots;
	uint32_t position;

	pthread_rwlock_wrlock(&space->table_lock);
	slots = realloc(space->slots, (space->slot_count + 1) * sizeof(*slots));
	if (slots) {
		space->slots = slots;
		position = position_from(space, slot->gpa);
		memmove(slots + position + 1, slots + position, (space->slot_count - position) * sizeof(*slots));
		slots[position] = slot;
		space->slot_count++;
		__atomic_store_n(&space->logging, space->logging + (slot->dirty != NULL), __ATOMIC_RELEASE);
	}
	pthread_rwlock_unlock(&space->table_lock);
	return slots ? 0 : error_set(AXVCPU_ERROR_NO_MEMORY, "no memory for the table of slots");
}

/* When it returns, no reader is inside the slot's memory any more. */
static void table_take_out(struct axvcpu_space *space, struct slot *slot)
{
	uint32_t position;

	pthread_rwlock_wrlock(&space->table_lock);
	position = position_from(space, slot->gpa);
	space->slot_count--;
	memmove(space->slots + position, space->slots + position + 1,
		(space->slot_count - position) * sizeof(*space->slots));
	__atomic_store_n(&space->logging, space->logging - (slot->dirty != NULL), __ATOMIC_RELEASE);
	pthread_rwlock_unlock(&space->table_lock);
}

static void slot_drop(struct axvcpu_space *space, struct slot *slot)
{
	if (slot->owned)
		space->owned_bytes -= slot->size;
	slot_free(slot);
}

static int32_t add_locked(struct axvcpu_space *space, const struct axvcpu_slot *wanted, struct slot **ret_slot)
{
	struct slot *slot = NULL;
	int32_t error;

	error = check_overlap(space, wanted);
	if (error)
		return error;
	error = slot_new(space, wanted, &slot);
	if (error)
		return error;
	error = table_insert(space, slot);
	if (error) {
		slot_drop(space, slot);
		return error;
	}
	listeners_tell(space, AXVCPU_SPACE_ADDED, slot, slot->gpa, slot->size);
	*ret_slot = slot;
	return 0;
}

int32_t axvcpu_space_add(struct axvcpu_space *space, struct axvcpu_slot *slot)
{
	struct slot *added = NULL;
	int32_t error;

	error = check_wanted(slot);
	if (error)
		return error;
	pthread_mutex_lock(&space->change);
	error = add_locked(space, slot, &added);
	if (!error)
		slot_to_public(added, slot);
	pthread_mutex_unlock(&space->change);
	return error;
}

/* The slot leaves the table before the listeners hear of it, so that an engine that drops it cannot find it again. */
int32_t axvcpu_space_remove(struct axvcpu_space *space, uint32_t id)
{
	struct slot *slot;

	pthread_mutex_lock(&space->change);
	slot = slot_of_id(space, id);
	if (slot) {
		table_take_out(space, slot);
		listeners_tell(space, AXVCPU_SPACE_REMOVING, slot, slot->gpa, slot->size);
		slot_drop(space, slot);
	}
	pthread_mutex_unlock(&space->change);
	return slot ? 0 : AXVCPU_ERROR_NOT_FOUND;
}

uint32_t axvcpu_space_slots(struct axvcpu_space *space, struct axvcpu_slot *ret_slots, uint32_t capacity)
{
	uint32_t count;

	pthread_rwlock_rdlock(&space->table_lock);
	count = space->slot_count;
	for (uint32_t i = 0; i < count && i < capacity; i++)
		slot_to_public(space->slots[i], &ret_slots[i]);
	pthread_rwlock_unlock(&space->table_lock);
	return count;
}

int32_t axvcpu_space_find(struct axvcpu_space *space, uint64_t gpa, struct axvcpu_slot *ret_slot)
{
	const struct slot *slot;

	pthread_rwlock_rdlock(&space->table_lock);
	slot = slot_at(space, gpa);
	if (slot)
		slot_to_public(slot, ret_slot);
	pthread_rwlock_unlock(&space->table_lock);
	return slot ? 0
		    : error_set(AXVCPU_ERROR_NOT_FOUND, "no slot holds guest-physical address 0x%llx",
				(unsigned long long)gpa);
}

int32_t space_find(struct axvcpu_space *space, uint64_t gpa, struct axarch_slot *ret_slot)
{
	const struct slot *slot;

	pthread_rwlock_rdlock(&space->table_lock);
	slot = slot_at(space, gpa);
	if (slot)
		slot_to_plugin(slot, ret_slot);
	pthread_rwlock_unlock(&space->table_lock);
	return slot ? 0 : AXVCPU_ERROR_NOT_FOUND;
}
