/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The address space's slots as KVM's: one each, made, changed and taken back as the space tells. What KVM refuses is
 * kept and fails every run from then on, as a listener has nobody to answer to.
 *
 * KVM keeps a dirty log of its own for what the guest writes. It is handed to the space when that is about to be read,
 * and reading it makes KVM record anew.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "kvm.h"

#define PAGE_SIZE 4096u

static void keep_failure(struct kvm_vm *vm, const char *what, uint64_t gpa)
{
	snprintf(vm->failure, sizeof(vm->failure), "%s for the slot at 0x%llx: %s (%s)", what, (unsigned long long)gpa,
		 strerrorname_np(errno), strerror(errno));
	__atomic_store_n(&vm->failed, 1, __ATOMIC_RELEASE);
}

static int set_region(struct kvm_vm *vm, const struct kvm_memory_slot *slot, uint64_t size)
{
	const struct kvm_userspace_memory_region region = { .slot = (uint32_t)(slot - vm->slots),
							    .flags = size ? slot->flags : 0,
							    .guest_phys_addr = slot->gpa,
							    .memory_size = size,
							    .userspace_addr = (uintptr_t)slot->host };

	return ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region);
}

static uint32_t region_flags(uint32_t flags)
{
	return (flags & AXARCH_SLOT_ROM ? KVM_MEM_READONLY : 0) |
	       (flags & AXARCH_SLOT_LOG_DIRTY ? KVM_MEM_LOG_DIRTY_PAGES : 0);
}

static struct kvm_memory_slot *slot_of(struct kvm_vm *vm, uint32_t id)
{
	for (uint32_t i = 0; i < vm->slot_count; i++)
		if (vm->slots[i].used && vm->slots[i].id == id)
			return &vm->slots[i];
	return NULL;
}

static struct kvm_memory_slot *free_slot(struct kvm_vm *vm)
{
	uint32_t count = vm->slot_count ? 2 * vm->slot_count : 16;
	struct kvm_memory_slot *slots;

	for (uint32_t i = 0; i < vm->slot_count; i++)
		if (!vm->slots[i].used)
			return &vm->slots[i];
	slots = vm->host->alloc(count * sizeof(*slots));
	if (!slots)
		return NULL;
	if (vm->slot_count)
		memcpy(slots, vm->slots, vm->slot_count * sizeof(*slots));
	vm->host->free(vm->slots);
	slots = &slots[vm->slot_count];
	vm->slots = slots - vm->slot_count;
	vm->slot_count = count;
	return slots;
}

static void added(struct kvm_vm *vm, const struct axarch_space_event *event)
{
	struct kvm_memory_slot *slot = free_slot(vm);

	if (!slot) {
		errno = ENOMEM;
		keep_failure(vm, "a table of slots", event->slot.gpa);
		return;
	}
	*slot = (struct kvm_memory_slot){ .used = true,
					  .id = event->slot.id,
					  .gpa = event->slot.gpa,
					  .size = event->slot.size,
					  .host = event->slot.host,
					  .flags = region_flags(event->slot.flags) };
	if (!set_region(vm, slot, slot->size))
		return;
	slot->used = false;
	keep_failure(vm, "KVM_SET_USER_MEMORY_REGION", event->slot.gpa);
}

/* KVM lets nobody touch the memory any more when the ioctl returns. */
static void removing(struct kvm_vm *vm, const struct axarch_space_event *event)
{
	struct kvm_memory_slot *slot = slot_of(vm, event->slot.id);

	if (!slot)
		return;
	if (set_region(vm, slot, 0))
		keep_failure(vm, "KVM_SET_USER_MEMORY_REGION", slot->gpa);
	slot->used = false;
}

static void changed(struct kvm_vm *vm, const struct axarch_space_event *event)
{
	struct kvm_memory_slot *slot = slot_of(vm, event->slot.id);

	if (!slot)
		return;
	slot->flags = region_flags(event->slot.flags);
	if (set_region(vm, slot, slot->size))
		keep_failure(vm, "KVM_SET_USER_MEMORY_REGION", slot->gpa);
}

static void mark_pages(struct kvm_vm *vm, const struct kvm_memory_slot *slot, const uint64_t *bitmap)
{
	uint64_t pages = slot->size / PAGE_SIZE;

	for (uint64_t word = 0; word * 64 < pages; word++)
		for (uint64_t left = bitmap[word]; left; left &= left - 1) {
			uint64_t page = word * 64 + (uint64_t)__builtin_ctzll(left);

			vm->host->space_mark_dirty(vm->space, slot->gpa + page * PAGE_SIZE, PAGE_SIZE);
		}
}

static void dirty_sync(struct kvm_vm *vm, const struct axarch_space_event *event)
{
	struct kvm_memory_slot *slot = slot_of(vm, event->slot.id);
	struct kvm_dirty_log log = { .slot = slot ? (uint32_t)(slot - vm->slots) : 0 };

	if (!slot || !(slot->flags & KVM_MEM_LOG_DIRTY_PAGES))
		return;
	log.dirty_bitmap = vm->host->alloc((slot->size / PAGE_SIZE + 63) / 64 * 8);
	if (!log.dirty_bitmap)
		errno = ENOMEM;
	if (!log.dirty_bitmap || ioctl(vm->fd, KVM_GET_DIRTY_LOG, &log)) {
		/* What cannot be known is taken as written: a copy too many, none too few. */
		vm->host->space_mark_dirty(vm->space, slot->gpa, slot->size);
	} else {
		mark_pages(vm, slot, log.dirty_bitmap);
	}
	vm->host->free(log.dirty_bitmap);
}

void kvm_memory_heard(void *context, const struct axarch_space_event *event)
{
	static void (*const hear[])(struct kvm_vm *, const struct axarch_space_event *) = {
		[AXARCH_SPACE_ADDED] = added,
		[AXARCH_SPACE_REMOVING] = removing,
		[AXARCH_SPACE_CHANGED] = changed,
		[AXARCH_SPACE_DIRTY_SYNC] = dirty_sync,
	};
	struct kvm_vm *vm = context;

	/* Writes of others reach the guest by themselves, and a log that was read records anew: nothing to do. */
	if (event->kind >= sizeof(hear) / sizeof(hear[0]) || !hear[event->kind])
		return;
	pthread_mutex_lock(&vm->lock);
	hear[event->kind](vm, event);
	pthread_mutex_unlock(&vm->lock);
}

void kvm_memory_forget(struct kvm_vm *vm)
{
	for (uint32_t i = 0; i < vm->slot_count; i++)
		if (vm->slots[i].used)
			set_region(vm, &vm->slots[i], 0);
	vm->host->free(vm->slots);
	vm->slots = NULL;
	vm->slot_count = 0;
	vm->failed = 0;
}
