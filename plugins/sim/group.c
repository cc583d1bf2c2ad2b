/* SPDX-License-Identifier: Apache-2.0 */
/* Groups of vCPUs and their requests. See group.h. */
#include "group.h"

#include <axvcpu/error.h>

/* The map of code, by regions of 2 MiB: a table of lists, of which readers need no lock as nothing is ever taken out.
 */
enum {
	REGION_SHIFT = 21,
	REGION_BUCKETS = 1024,
	REGION_PAGES = 512,
	REGION_LINES = 1 << (REGION_SHIFT - SIM_LINE_SHIFT)
};

struct region {
	uint64_t number;
	struct region *next;
	uint64_t pages[REGION_PAGES / 64];
	uint64_t lines[REGION_LINES / 64];
	uint16_t stores[REGION_PAGES];  /* that came by since the page was marked */
	uint8_t patience[REGION_PAGES]; /* log2 of how many more than STORES_PATIENCE are borne */
};

struct sim_group {
	struct region *regions[REGION_BUCKETS];
	const struct axarch_host *host;
	struct axarch_space *space;
	struct sim_group *next;
	struct sim_member *members;
	unsigned references;
	unsigned waiters; /* atomic */
	uint64_t writers; /* atomic: vCPUs of other engines that write without anybody being told */
	pthread_mutex_t lock;
	pthread_cond_t changed; /* a member has served requests or has left the guest */
	struct axarch_space_listener listener;
};

/* vCPUs of a space must find each other, whoever made them: this is the plugin's only global state. */
static pthread_mutex_t groups_lock = PTHREAD_MUTEX_INITIALIZER;
static struct sim_group *groups;

static uint32_t bits_for(uint32_t event)
{
	switch (event) {
	case AXARCH_SPACE_ADDED:
	case AXARCH_SPACE_REMOVING:
	case AXARCH_SPACE_CHANGED:
		return SIM_REQUEST_SLOTS;
	case AXARCH_SPACE_DIRTY_CLEARED:
		return SIM_REQUEST_WRITES;
	case AXARCH_SPACE_WRITTEN:
		return SIM_REQUEST_CODE;
	}
	return 0; /* dirty pages are marked when they are written: there is nothing to hand over */
}

/* Nobody waits: a request is seen by the next entry of a block, and a writer begins when it was made. */
static void hear_writers(struct sim_group *group, uint64_t writers)
{
	uint64_t before = __atomic_exchange_n(&group->writers, writers, __ATOMIC_SEQ_CST);

	if (!before != !writers)
		sim_group_request(group, SIM_REQUEST_CODE, NULL, NULL, NULL, false);
}

static void heard(void *context, const struct axarch_space_event *event)
{
	uint32_t bits = bits_for(event->kind);

	if (event->kind == AXARCH_SPACE_WRITERS)
		hear_writers(context, event->size);
	if (bits)
		sim_group_request(context, bits, NULL, NULL, NULL, event->kind != AXARCH_SPACE_WRITTEN);
}

static int32_t create_group(const struct axarch_host *host, struct axarch_space *space, struct sim_group **ret_group)
{
	struct sim_group *group = host->alloc(sizeof(*group));
	int32_t error;

	if (!group)
		return host->error(AXVCPU_ERROR_NO_MEMORY, "no memory to watch the address space");
	group->host = host;
	group->space = space;
	group->listener = (struct axarch_space_listener){ heard, group };
	pthread_mutex_init(&group->lock, NULL);
	pthread_cond_init(&group->changed, NULL);
	error = host->space_listen(space, &group->listener);
	if (error)
		goto destroy_group;
	*ret_group = group;
	return 0;

destroy_group:
	pthread_cond_destroy(&group->changed);
	pthread_mutex_destroy(&group->lock);
	host->free(group);
	return error;
}

/* The last member's reference to the space goes with the group. */
static void destroy_group(struct sim_group *group)
{
	group->host->space_unlisten(group->space, &group->listener);
	group->host->space_release(group->space);
	for (unsigned i = 0; i < REGION_BUCKETS; i++) {
		while (group->regions[i]) {
			struct region *region = group->regions[i];

			group->regions[i] = region->next;
			group->host->free(region);
		}
	}
	pthread_cond_destroy(&group->changed);
	pthread_mutex_destroy(&group->lock);
	group->host->free(group);
}

/* With groups_lock held. Takes over the caller's reference to the space, also when it fails. */
static int32_t find_group(const struct axarch_host *host, struct axarch_space *space, struct sim_group **ret_group)
{
	struct sim_group *group = groups;
	int32_t error;

	while (group && group->space != space)
		group = group->next;
	if (group) {
		host->space_release(space);
	} else {
		error = create_group(host, space, &group);
		if (error) {
			host->space_release(space);
			return error;
		}
		group->next = groups;
		groups = group;
	}
	*ret_group = group;
	return 0;
}

int32_t sim_group_join(struct sim_member *member, uint64_t ept_root, struct axarch_space **ret_space)
{
	struct axarch_space *space;
	struct sim_group *group;
	int32_t error = member->host->space_acquire(ept_root, &space);

	if (error)
		return error;
	pthread_mutex_lock(&groups_lock);
	error = find_group(member->host, space, &group);
	if (error)
		goto unlock;
	group->references++;
	pthread_mutex_lock(&group->lock);
	member->group = group;
	member->next = group->members;
	group->members = member;
	pthread_mutex_unlock(&group->lock);
	*ret_space = group->space;
unlock:
	pthread_mutex_unlock(&groups_lock);
	return error;
}

static void unlink_group(struct sim_group *group)
{
	struct sim_group **place = &groups;

	while (*place != group)
		place = &(*place)->next;
	*place = group->next;
}

void sim_group_leave(struct sim_member *member)
{
	struct sim_group *group = member->group;
	struct sim_member **place;

	if (!group)
		return;
	pthread_mutex_lock(&groups_lock);
	pthread_mutex_lock(&group->lock);
	for (place = &group->members; *place != member; place = &(*place)->next)
		;
	*place = member->next;
	member->group = NULL;
	pthread_mutex_unlock(&group->lock);
	if (--group->references == 0) {
		unlink_group(group);
		destroy_group(group);
	}
	pthread_mutex_unlock(&groups_lock);
}

void sim_member_request(struct sim_member *member, uint32_t bits)
{
	__atomic_fetch_or(&member->requests, bits, __ATOMIC_SEQ_CST);
	__atomic_store_n(member->pass, 0, __ATOMIC_SEQ_CST);
}

static bool must_wait_for(struct sim_member *member)
{
	return __atomic_load_n(&member->inside, __ATOMIC_SEQ_CST) &&
	       __atomic_load_n(&member->served, __ATOMIC_SEQ_CST) < __atomic_load_n(&member->wanted, __ATOMIC_RELAXED);
}

static void wait_for_members(struct sim_group *group, sim_member_match_fn match, const void *context,
			     const struct sim_member *self)
{
	__atomic_fetch_add(&group->waiters, 1, __ATOMIC_SEQ_CST);
	for (struct sim_member *member = group->members; member;) {
		if (member == self || (match && !match(member, context)) || !must_wait_for(member)) {
			member = member->next;
			continue;
		}
		pthread_cond_wait(&group->changed, &group->lock);
		member = group->members; /* the list may be another one now */
	}
	__atomic_fetch_sub(&group->waiters, 1, __ATOMIC_SEQ_CST);
}

unsigned sim_group_request(struct sim_group *group, uint32_t bits, sim_member_match_fn match, const void *context,
			   struct sim_member *self, bool wait)
{
	unsigned matched = 0;

	pthread_mutex_lock(&group->lock);
	for (struct sim_member *member = group->members; member; member = member->next) {
		if (match && !match(member, context))
			continue;
		matched++;
		if (member == self)
			continue;
		__atomic_fetch_add(&member->wanted, wait, __ATOMIC_SEQ_CST);
		sim_member_request(member, bits);
	}
	if (wait)
		wait_for_members(group, match, context, self);
	pthread_mutex_unlock(&group->lock);
	return matched;
}

static void tell_waiters(struct sim_group *group)
{
	if (!group || !__atomic_load_n(&group->waiters, __ATOMIC_SEQ_CST))
		return;
	pthread_mutex_lock(&group->lock);
	pthread_cond_broadcast(&group->changed);
	pthread_mutex_unlock(&group->lock);
}

void sim_member_enter(struct sim_member *member)
{
	__atomic_store_n(&member->inside, 1, __ATOMIC_SEQ_CST);
}

void sim_member_exit(struct sim_member *member)
{
	__atomic_store_n(&member->inside, 0, __ATOMIC_SEQ_CST);
	tell_waiters(member->group);
}

uint32_t sim_member_take(struct sim_member *member, uint64_t *ret_number)
{
	*ret_number = __atomic_load_n(&member->wanted, __ATOMIC_SEQ_CST);
	return __atomic_exchange_n(&member->requests, 0, __ATOMIC_SEQ_CST);
}

void sim_member_done(struct sim_member *member, uint64_t number)
{
	__atomic_store_n(&member->served, number, __ATOMIC_SEQ_CST);
	tell_waiters(member->group);
}

bool sim_group_has_writers(const struct sim_group *group)
{
	return group && __atomic_load_n(&group->writers, __ATOMIC_SEQ_CST);
}

/* ---- the map of code ---- */

static struct region *find_region(struct sim_group *group, uint64_t gpa)
{
	uint64_t number = gpa >> REGION_SHIFT;
	struct region *region = __atomic_load_n(&group->regions[number % REGION_BUCKETS], __ATOMIC_ACQUIRE);

	while (region && region->number != number)
		region = region->next;
	return region;
}

/* With the group's lock held. NULL: the host has no memory. */
static struct region *make_region(struct sim_group *group, uint64_t gpa)
{
	uint64_t number = gpa >> REGION_SHIFT;
	struct region *region = find_region(group, gpa);

	if (region)
		return region;
	region = group->host->alloc(sizeof(*region));
	if (!region)
		return NULL;
	region->number = number;
	region->next = group->regions[number % REGION_BUCKETS];
	__atomic_store_n(&group->regions[number % REGION_BUCKETS], region, __ATOMIC_RELEASE);
	return region;
}

static bool test_bit(const uint64_t *bits, uint64_t number)
{
	return __atomic_load_n(&bits[number / 64], __ATOMIC_RELAXED) >> number % 64 & 1;
}

/* Returns whether it was set already. */
static bool set_bit(uint64_t *bits, uint64_t number)
{
	uint64_t bit = UINT64_C(1) << number % 64;

	return test_bit(bits, number) || __atomic_fetch_or(&bits[number / 64], bit, __ATOMIC_SEQ_CST) & bit;
}

static uint64_t page_in_region(uint64_t gpa)
{
	return gpa >> 12 & (REGION_PAGES - 1);
}

static uint64_t line_in_region(uint64_t gpa)
{
	return gpa >> SIM_LINE_SHIFT & (REGION_LINES - 1);
}

bool sim_group_is_code(struct sim_group *group, uint64_t gpa)
{
	const struct region *region = find_region(group, gpa);

	return region && test_bit(region->pages, page_in_region(gpa));
}

bool sim_group_mark_code(struct sim_group *group, struct sim_member *self, uint64_t gpa, unsigned size)
{
	struct region *region = find_region(group, gpa);
	bool known;

	if (!region) {
		pthread_mutex_lock(&group->lock);
		region = make_region(group, gpa);
		pthread_mutex_unlock(&group->lock);
		if (!region)
			return false; /* without memory, changes to this code are seen at the next comparison only */
	}
	for (uint64_t line = line_in_region(gpa); line <= line_in_region(gpa + size - 1); line++)
		set_bit(region->lines, line);
	known = set_bit(region->pages, page_in_region(gpa));
	if (!known)
		sim_group_request(group, SIM_REQUEST_WRITES | SIM_REQUEST_CODE_AFTER, NULL, NULL, self, false);
	return !known;
}

/* After so many stores a page is taken for one that has no code any more. Where it does have some after all, each time
 * that this turns out twice as many are borne. */
enum { STORES_PATIENCE = 64, PATIENCE_MAX = 9 };

static void unmark_page(struct region *region, uint64_t gpa)
{
	uint64_t page = page_in_region(gpa), first = line_in_region(gpa & ~UINT64_C(0xfff)) / 64;

	__atomic_store_n(&region->stores[page], 0, __ATOMIC_RELAXED);
	if (region->patience[page] < PATIENCE_MAX)
		__atomic_fetch_add(&region->patience[page], 1, __ATOMIC_RELAXED);
	__atomic_store_n(&region->lines[first], 0, __ATOMIC_SEQ_CST); /* 64 lines of a page are one word */
	__atomic_fetch_and(&region->pages[page / 64], ~(UINT64_C(1) << page % 64), __ATOMIC_SEQ_CST);
}

/* Every block is compared before it runs again, and whoever does that marks its lines anew. */
static bool outlived(struct sim_group *group, struct sim_member *self, struct region *region, uint64_t gpa)
{
	uint64_t page = page_in_region(gpa);
	unsigned limit = STORES_PATIENCE << __atomic_load_n(&region->patience[page], __ATOMIC_RELAXED);

	if (__atomic_add_fetch(&region->stores[page], 1, __ATOMIC_RELAXED) < limit)
		return false;
	unmark_page(region, gpa);
	sim_group_request(group, SIM_REQUEST_CODE, NULL, NULL, self, false);
	return true;
}

bool sim_group_code_written(struct sim_group *group, struct sim_member *self, uint64_t gpa, unsigned size)
{
	struct region *region = find_region(group, gpa);
	bool found = false;

	if (!region)
		return false;
	for (uint64_t line = line_in_region(gpa); line <= line_in_region(gpa + size - 1); line++)
		found |= test_bit(region->lines, line);
	if (found)
		sim_group_request(group, SIM_REQUEST_CODE, NULL, NULL, self, false);
	return outlived(group, self, region, gpa) || found;
}
