/* SPDX-License-Identifier: Apache-2.0 */
/* See fake-host.h. */
#include "fake-host.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct axarch_space {
	pthread_rwlock_t lock; /* of slots */
	struct axarch_slot slots[FAKE_SLOTS];
	unsigned slot_count;
	uint8_t *dirty[FAKE_SLOTS]; /* a byte per page */
	const struct axarch_space_listener *listeners[FAKE_LISTENERS];
	unsigned references;
	uint64_t writers;
};

static struct axarch_space space = { .lock = PTHREAD_RWLOCK_INITIALIZER };
static _Thread_local char error_text[256];

static void fake_log(int32_t level, const char *format, ...)
{
	(void)level;
	(void)format;
}

static int32_t fake_error(int32_t code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error_text, sizeof(error_text), format, arguments);
	va_end(arguments);
	return code;
}

static void *fake_alloc(size_t bytes)
{
	void *memory = aligned_alloc(64, (bytes + 63) & ~(size_t)63);

	return memory ? memset(memory, 0, bytes) : NULL;
}

static int32_t fake_acquire(uint64_t ept_root, struct axarch_space **ret_space)
{
	if (ept_root != FAKE_ROOT)
		return fake_error(AXVCPU_ERROR_NOT_FOUND, "no space %llu", (unsigned long long)ept_root);
	__atomic_fetch_add(&space.references, 1, __ATOMIC_SEQ_CST);
	*ret_space = &space;
	return 0;
}

static void fake_release(struct axarch_space *released)
{
	__atomic_fetch_sub(&released->references, 1, __ATOMIC_SEQ_CST);
}

static int slot_index(uint64_t gpa)
{
	for (unsigned i = 0; i < space.slot_count; i++)
		if (gpa - space.slots[i].gpa < space.slots[i].size)
			return (int)i;
	return -1;
}

static int32_t fake_find(struct axarch_space *searched, uint64_t gpa, struct axarch_slot *ret_slot)
{
	int index;

	(void)searched;
	pthread_rwlock_rdlock(&space.lock);
	index = slot_index(gpa);
	if (index >= 0)
		*ret_slot = space.slots[index];
	pthread_rwlock_unlock(&space.lock);
	return index >= 0 ? 0 : AXVCPU_ERROR_NOT_FOUND;
}

static void fake_mark_dirty(struct axarch_space *marked, uint64_t gpa, uint64_t size)
{
	int index = slot_index(gpa);

	(void)marked;
	if (index < 0)
		return;
	for (uint64_t page = (gpa - space.slots[index].gpa) / 4096;
	     page <= (gpa + size - 1 - space.slots[index].gpa) / 4096; page++)
		__atomic_store_n(&space.dirty[index][page], 1, __ATOMIC_RELAXED);
}

static void tell(uint32_t kind, const struct axarch_slot *slot)
{
	struct axarch_space_event event = { sizeof(event), kind, slot->gpa, slot->size, *slot };

	for (unsigned i = 0; i < FAKE_LISTENERS; i++)
		if (space.listeners[i])
			space.listeners[i]->heard(space.listeners[i]->context, &event);
}

static void tell_writers(const struct axarch_space *written, const struct axarch_space_listener *listener)
{
	const struct axarch_space_event event = { .size_of_struct = sizeof(event),
						  .kind = AXARCH_SPACE_WRITERS,
						  .size = written->writers };

	listener->heard(listener->context, &event);
}

static int32_t fake_listen(struct axarch_space *heard, const struct axarch_space_listener *listener)
{
	for (unsigned i = 0; i < FAKE_LISTENERS; i++) {
		if (!heard->listeners[i]) {
			heard->listeners[i] = listener;
			if (heard->writers)
				tell_writers(heard, listener);
			return 0;
		}
	}
	return fake_error(AXVCPU_ERROR_RESOURCE_BUSY, "too many listeners");
}

static int32_t fake_unlisten(struct axarch_space *heard, const struct axarch_space_listener *listener)
{
	for (unsigned i = 0; i < FAKE_LISTENERS; i++)
		if (heard->listeners[i] == listener)
			heard->listeners[i] = NULL;
	return 0;
}

static void fake_writers(struct axarch_space *written, int32_t more)
{
	written->writers += (uint64_t)(int64_t)more;
	for (unsigned i = 0; i < FAKE_LISTENERS; i++)
		if (written->listeners[i])
			tell_writers(written, written->listeners[i]);
}

static const void *fake_extension(const char *name)
{
	(void)name;
	return NULL;
}

static const struct axarch_host host = {
	.size = sizeof(host),
	.abi_major = AXARCH_ABI_MAJOR,
	.abi_minor = AXARCH_ABI_MINOR,
	.log = fake_log,
	.error = fake_error,
	.alloc = fake_alloc,
	.free = free,
	.space_acquire = fake_acquire,
	.space_release = fake_release,
	.space_find = fake_find,
	.space_mark_dirty = fake_mark_dirty,
	.space_listen = fake_listen,
	.space_unlisten = fake_unlisten,
	.get_extension = fake_extension,
	.space_writers = fake_writers,
};

const struct axarch_host *fake_host(void)
{
	return &host;
}

const char *fake_host_error(void)
{
	return error_text;
}

uint8_t *fake_host_add(uint64_t gpa, uint64_t size, uint32_t flags)
{
	struct axarch_slot slot = { .gpa = gpa, .size = size, .flags = flags };

	slot.host = aligned_alloc(4096, size);
	if (!slot.host || space.slot_count == FAKE_SLOTS)
		abort();
	memset(slot.host, 0, size);
	pthread_rwlock_wrlock(&space.lock);
	space.dirty[space.slot_count] = calloc(size / 4096, 1);
	space.slots[space.slot_count++] = slot;
	pthread_rwlock_unlock(&space.lock);
	tell(AXARCH_SPACE_ADDED, &slot);
	return slot.host;
}

void fake_host_remove(uint64_t gpa)
{
	int index = slot_index(gpa);
	struct axarch_slot slot = space.slots[index];
	uint8_t *dirty = space.dirty[index];

	pthread_rwlock_wrlock(&space.lock);
	space.slot_count--;
	space.slots[index] = space.slots[space.slot_count];
	space.dirty[index] = space.dirty[space.slot_count];
	pthread_rwlock_unlock(&space.lock);
	tell(AXARCH_SPACE_REMOVING, &slot);
	free(slot.host);
	free(dirty);
}

void fake_host_clear(void)
{
	while (space.slot_count)
		fake_host_remove(space.slots[0].gpa);
}

void fake_host_tell(uint32_t kind, uint64_t gpa)
{
	tell(kind, &space.slots[slot_index(gpa)]);
}

void fake_host_writers(int32_t more)
{
	fake_writers(&space, more);
}

int fake_host_take_dirty(uint64_t gpa)
{
	int index = slot_index(gpa);
	uint8_t *byte = &space.dirty[index][(gpa - space.slots[index].gpa) / 4096];

	return __atomic_exchange_n(byte, 0, __ATOMIC_RELAXED);
}

unsigned fake_host_references(void)
{
	return space.references;
}
