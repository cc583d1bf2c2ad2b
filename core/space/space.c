/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making, destroying and finding address spaces by their root token. The only global state of the part is the registry
 * of spaces, because a token crosses the plugin ABI as a bare number.
 */
#include <stdlib.h>

#include "error/error.h"
#include "internal.h"

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct axvcpu_space *registry;
static uint64_t last_root;

/* Tokens look like page addresses, as the roots of second-stage tables do, so that no engine takes their low bits for
 * its own. */
static void registry_add(struct axvcpu_space *space)
{
	pthread_mutex_lock(&registry_lock);
	last_root += AXVCPU_PAGE_SIZE;
	space->root = last_root;
	space->next = registry;
	registry = space;
	pthread_mutex_unlock(&registry_lock);
}

/* 0, or the number of users that keep it. */
static unsigned registry_remove(struct axvcpu_space *space)
{
	struct axvcpu_space **link = &registry;
	unsigned users;

	pthread_mutex_lock(&registry_lock);
	users = space->users;
	while (!users && *link != space)
		link = &(*link)->next;
	if (!users)
		*link = space->next;
	pthread_mutex_unlock(&registry_lock);
	return users;
}

static int32_t registry_find(uint64_t root, unsigned new_users, struct axvcpu_space **ret_space)
{
	struct axvcpu_space *space;

	pthread_mutex_lock(&registry_lock);
	for (space = registry; space && space->root != root; space = space->next)
		;
	if (space)
		space->users += new_users;
	pthread_mutex_unlock(&registry_lock);
	if (!space)
		return error_set(AXVCPU_ERROR_NOT_FOUND,
				 "there is no address space with root 0x%llx: pass what axvcpu_space_root returned",
				 (unsigned long long)root);
	*ret_space = space;
	return 0;
}

int32_t axvcpu_space_create(struct axvcpu_space **ret_space)
{
	struct axvcpu_space *space = calloc(1, sizeof(*space));

	if (!space)
		return error_set(AXVCPU_ERROR_NO_MEMORY, "no memory for an address space");
	pthread_mutex_init(&space->change, NULL);
	pthread_rwlock_init(&space->table_lock, NULL);
	pthread_rwlock_init(&space->listeners_lock, NULL);
	registry_add(space);
	*ret_space = space;
	return 0;
}

int32_t axvcpu_space_destroy(struct axvcpu_space *space)
{
	unsigned users;

	if (!space)
		return 0;
	users = registry_remove(space);
	if (users)
		return error_set(
			AXVCPU_ERROR_RESOURCE_BUSY,
			"the address space 0x%llx still has users (%u): destroy or reset the vCPUs set up on it first",
			(unsigned long long)space->root, users);
	for (uint32_t i = 0; i < space->slot_count; i++)
		slot_free(space->slots[i]);
	free(space->slots);
	free(space->listeners);
	pthread_rwlock_destroy(&space->listeners_lock);
	pthread_rwlock_destroy(&space->table_lock);
	pthread_mutex_destroy(&space->change);
	free(space);
	return 0;
}

uint64_t axvcpu_space_root(const struct axvcpu_space *space)
{
	return space->root;
}

int32_t axvcpu_space_of_root(uint64_t root, struct axvcpu_space **ret_space)
{
	return registry_find(root, 0, ret_space);
}

int32_t space_acquire(uint64_t root, struct axvcpu_space **ret_space)
{
	return registry_find(root, 1, ret_space);
}

void space_release(struct axvcpu_space *space)
{
	pthread_mutex_lock(&registry_lock);
	space->users--;
	pthread_mutex_unlock(&registry_lock);
}
