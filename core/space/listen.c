/* SPDX-License-Identifier: Apache-2.0 */
/* Who hears of changes: listeners of the VMM and of engines, told in their own words. Knows nothing of why. */
#include <stdlib.h>

#include "error/error.h"
#include "internal.h"

static void tell_public(const void *key, uint32_t kind, const struct slot *slot, uint64_t gpa, uint64_t size)
{
	const struct axvcpu_space_listener *listener = key;
	struct axvcpu_space_event event = { .size_of_struct = sizeof(event), .kind = kind, .gpa = gpa, .size = size };

	slot_to_public(slot, &event.slot);
	listener->heard(listener->context, &event);
}

static void tell_plugin(const void *key, uint32_t kind, const struct slot *slot, uint64_t gpa, uint64_t size)
{
	const struct axarch_space_listener *listener = key;
	struct axarch_space_event event = { .size_of_struct = sizeof(event), .kind = kind, .gpa = gpa, .size = size };

	slot_to_plugin(slot, &event.slot);
	listener->heard(listener->context, &event);
}

#define SAME_KIND(name, value, text) \
	_Static_assert((int)AXVCPU_SPACE_##name == (int)AXARCH_SPACE_##name, "both sides number the events alike");
AXVCPU_SPACE_EVENTS(SAME_KIND)
#undef SAME_KIND
_Static_assert((int)AXVCPU_SLOT_ROM == (int)AXARCH_SLOT_ROM && (int)AXVCPU_SLOT_LOG_DIRTY == (int)AXARCH_SLOT_LOG_DIRTY,
	       "both sides number the slots' flags alike");

void listeners_tell(struct axvcpu_space *space, uint32_t kind, const struct slot *slot, uint64_t gpa, uint64_t size)
{
	if (!__atomic_load_n(&space->listener_count, __ATOMIC_ACQUIRE))
		return;
	pthread_rwlock_rdlock(&space->listeners_lock);
	for (uint32_t i = 0; i < space->listener_count; i++)
		space->listeners[i].tell(space->listeners[i].key, kind, slot, gpa, size);
	pthread_rwlock_unlock(&space->listeners_lock);
}

static int32_t append(struct axvcpu_space *space, struct listener listener)
{
	struct listener *listeners;

	pthread_rwlock_wrlock(&space->listeners_lock);
	listeners = realloc(space->listeners, (space->listener_count + 1) * sizeof(*listeners));
	if (listeners) {
		space->listeners = listeners;
		listeners[space->listener_count] = listener;
		__atomic_store_n(&space->listener_count, space->listener_count + 1, __ATOMIC_RELEASE);
	}
	pthread_rwlock_unlock(&space->listeners_lock);
	return listeners ? 0 : error_set(AXVCPU_ERROR_NO_MEMORY, "no memory for a listener");
}

/* What goes with an event that is of no slot. */
static const struct slot no_slot;

void space_writers(struct axvcpu_space *space, int32_t more)
{
	pthread_mutex_lock(&space->change);
	space->writers += (uint64_t)(int64_t)more;
	listeners_tell(space, AXVCPU_SPACE_WRITERS, &no_slot, 0, space->writers);
	pthread_mutex_unlock(&space->change);
}

/* `change` is held from before the first announcement until the listener is in the list, so that no change falls
 * between. */
static int32_t listen(struct axvcpu_space *space, struct listener listener)
{
	int32_t error;

	pthread_mutex_lock(&space->change);
	error = append(space, listener);
	for (uint32_t i = 0; !error && i < space->slot_count; i++) {
		const struct slot *slot = space->slots[i];

		listener.tell(listener.key, AXVCPU_SPACE_ADDED, slot, slot->gpa, slot->size);
	}
	if (!error && space->writers)
		listener.tell(listener.key, AXVCPU_SPACE_WRITERS, &no_slot, 0, space->writers);
	pthread_mutex_unlock(&space->change);
	return error;
}

static int32_t unlisten(struct axvcpu_space *space, const void *key)
{
	uint32_t i, count;

	pthread_rwlock_wrlock(&space->listeners_lock);
	count = space->listener_count;
	for (i = 0; i < count && space->listeners[i].key != key; i++)
		;
	if (i < count) {
		for (uint32_t next = i + 1; next < count; next++)
			space->listeners[next - 1] = space->listeners[next];
		__atomic_store_n(&space->listener_count, count - 1, __ATOMIC_RELEASE);
	}
	pthread_rwlock_unlock(&space->listeners_lock);
	return i < count ? 0 : error_set(AXVCPU_ERROR_NOT_FOUND, "this listener does not listen to this address space");
}

int32_t axvcpu_space_listen(struct axvcpu_space *space, const struct axvcpu_space_listener *listener)
{
	return listen(space, (struct listener){ .tell = tell_public, .key = listener });
}

int32_t axvcpu_space_unlisten(struct axvcpu_space *space, const struct axvcpu_space_listener *listener)
{
	return unlisten(space, listener);
}

int32_t space_listen(struct axvcpu_space *space, const struct axarch_space_listener *listener)
{
	return listen(space, (struct listener){ .tell = tell_plugin, .key = listener });
}

int32_t space_unlisten(struct axvcpu_space *space, const struct axarch_space_listener *listener)
{
	return unlisten(space, listener);
}
