/* SPDX-License-Identifier: Apache-2.0 */
/* See memory.h. */
#include "memory.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "lockstep.h"

#define PAGE ((uint64_t)AXVCPU_PAGE_SIZE)

/* What is heard on this thread meanwhile is our own doing. */
static __thread bool is_ours;

static uint64_t pages_of(const struct slot *slot)
{
	return slot->size / PAGE;
}

static size_t words_of(const struct slot *slot)
{
	return (size_t)((pages_of(slot) + 63) / 64);
}

static struct slot *slot_of(const struct memory *memory, uint64_t gpa)
{
	for (struct slot *slot = memory->slots; slot; slot = slot->next)
		if (gpa - slot->gpa < slot->size)
			return slot;
	return NULL;
}

static void touch(struct slot *slot, uint64_t page)
{
	slot->touched[page / 64] |= UINT64_C(1) << page % 64;
}

/* Calls `each` with the offset of every page that was written since the agreement. The lock is held. */
#define FOR_TOUCHED(slot, offset) \
	for (size_t word_ = 0; word_ < words_of(slot); word_++) \
		for (uint64_t left_ = (slot)->touched[word_], offset; \
		     left_ && ((offset = (word_ * 64 + (uint64_t)__builtin_ctzll(left_)) * PAGE), true); \
		     left_ &= left_ - 1)

/* Pages of zeros stay unmapped. */
static void copy_page(uint8_t *to, const uint8_t *from)
{
	if (memcmp(to, from, PAGE))
		memcpy(to, from, PAGE);
}

/* ---- what the space tells ---- */

static void keep_failure(struct memory *memory, const char *what, uint64_t gpa)
{
	snprintf(memory->failure, sizeof(memory->failure), "%s for the slot at 0x%llx", what, (unsigned long long)gpa);
}

static void free_slot(struct lockstep *lockstep, struct slot *slot)
{
	if (slot->shadow)
		lockstep->engines->space_remove(lockstep->memory.shadow_space, slot->shadow_id);
	if (slot->base)
		munmap(slot->base, slot->size);
	lockstep->host->free(slot->touched);
	lockstep->host->free(slot);
}

/* Memory of its own for a slot, twice. */
static bool map_slot(struct lockstep *lockstep, struct slot *slot)
{
	struct axvcpu_slot shadow = { .size_of_struct = sizeof(shadow),
				      .gpa = slot->gpa,
				      .size = slot->size,
				      .flags = (slot->flags & AXARCH_SLOT_ROM) | AXVCPU_SLOT_LOG_DIRTY };
	void *base = mmap(NULL, slot->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	slot->base = base == MAP_FAILED ? NULL : base;
	slot->touched = lockstep->host->alloc(words_of(slot) * sizeof(uint64_t));
	if (!slot->base || !slot->touched || lockstep->engines->space_add(lockstep->memory.shadow_space, &shadow))
		return false;
	slot->shadow = shadow.host;
	slot->shadow_id = shadow.id;
	return true;
}

static void added(struct lockstep *lockstep, const struct axarch_space_event *event)
{
	struct memory *memory = &lockstep->memory;
	struct slot *slot = lockstep->host->alloc(sizeof(*slot));

	if (!slot) {
		keep_failure(memory, "no memory", event->slot.gpa);
		return;
	}
	slot->gpa = event->slot.gpa;
	slot->size = event->slot.size;
	slot->id = event->slot.id;
	slot->flags = event->slot.flags;
	slot->host = event->slot.host;
	if (!map_slot(lockstep, slot)) {
		keep_failure(memory, "no memory for a second and a third copy", slot->gpa);
		free_slot(lockstep, slot);
		return;
	}
	if (event->slot.flags & AXARCH_SLOT_LOG_DIRTY)
		keep_failure(memory, "the VMM uses the dirty log", slot->gpa);
	for (uint64_t page = 0; page < pages_of(slot); page++)
		touch(slot, page);
	pthread_mutex_lock(&memory->lock);
	slot->next = memory->slots;
	memory->slots = slot;
	pthread_mutex_unlock(&memory->lock);
}

static void removing(struct lockstep *lockstep, const struct axarch_space_event *event)
{
	struct memory *memory = &lockstep->memory;
	struct slot **link = &memory->slots, *slot;

	pthread_mutex_lock(&memory->lock);
	while (*link && (*link)->id != event->slot.id)
		link = &(*link)->next;
	slot = *link;
	if (slot)
		*link = slot->next;
	pthread_mutex_unlock(&memory->lock);
	if (slot)
		free_slot(lockstep, slot);
}

static void changed(struct lockstep *lockstep, const struct axarch_space_event *event)
{
	keep_failure(&lockstep->memory, "the VMM switched the dirty log", event->slot.gpa);
}

/* Of pages that are kept, too: they are put back later. */
static void patch_kept(struct memory *memory, uint64_t gpa, const uint8_t *bytes, uint64_t size)
{
	for (size_t i = 0; i < memory->kept_count; i++) {
		struct kept_page *page = &memory->kept[i];
		uint64_t first = gpa > page->gpa ? gpa : page->gpa;
		uint64_t end = gpa + size < page->gpa + PAGE ? gpa + size : page->gpa + PAGE;

		if (first < end)
			memcpy(page->bytes + (first - page->gpa), bytes + (first - gpa), end - first);
	}
}

static void written(struct lockstep *lockstep, const struct axarch_space_event *event)
{
	struct memory *memory = &lockstep->memory;
	uint64_t offset;
	struct slot *slot;

	pthread_mutex_lock(&memory->lock);
	slot = slot_of(memory, event->gpa);
	if (slot) {
		offset = event->gpa - slot->gpa;
		memcpy(slot->base + offset, slot->host + offset, event->size);
		memcpy(slot->shadow + offset, slot->host + offset, event->size);
		patch_kept(memory, event->gpa, slot->host + offset, event->size);
		memory->written++;
	}
	pthread_mutex_unlock(&memory->lock);
	if (slot)
		lockstep->engines->space_mark_written(memory->shadow_space, event->gpa, event->size);
}

/* Hardware that writes beside the primary writes what is compared. */
static void writers(struct lockstep *lockstep, const struct axarch_space_event *event)
{
	if (event->size > 1)
		snprintf(lockstep->memory.failure, sizeof(lockstep->memory.failure), "other vCPUs write the memory");
}

static void heard(void *context, const struct axarch_space_event *event)
{
	static void (*const hear[])(struct lockstep *, const struct axarch_space_event *) = {
		[AXARCH_SPACE_ADDED] = added,     [AXARCH_SPACE_REMOVING] = removing, [AXARCH_SPACE_CHANGED] = changed,
		[AXARCH_SPACE_WRITTEN] = written, [AXARCH_SPACE_WRITERS] = writers,
	};

	if (!is_ours && event->kind < sizeof(hear) / sizeof(hear[0]) && hear[event->kind])
		hear[event->kind](context, event);
}

/* ---- its life ---- */

int32_t memory_init(struct lockstep *lockstep, uint64_t root)
{
	struct memory *memory = &lockstep->memory;
	int32_t error = lockstep->engines->space_of_root(root, &memory->space);

	if (!error)
		error = lockstep->host->space_acquire(root, &memory->heard_space);
	if (error)
		return error;
	error = lockstep->engines->space_create(&memory->shadow_space);
	if (error)
		goto release_space;
	pthread_mutex_init(&memory->lock, NULL);
	memory->listener = (struct axarch_space_listener){ .heard = heard, .context = lockstep };
	error = lockstep->host->space_listen(memory->heard_space, &memory->listener);
	if (error)
		goto destroy_space;
	memory->is_there = true;
	return 0;
destroy_space:
	pthread_mutex_destroy(&memory->lock);
	lockstep->engines->space_destroy(memory->shadow_space);
release_space:
	lockstep->host->space_release(memory->heard_space);
	return error;
}

static void stop_logging(struct lockstep *lockstep)
{
	is_ours = true;
	for (struct slot *slot = lockstep->memory.slots; slot; slot = slot->next)
		if (slot->is_logged)
			lockstep->engines->space_log_dirty(lockstep->memory.space, slot->id, 0);
	is_ours = false;
}

void memory_finish(struct lockstep *lockstep)
{
	struct memory *memory = &lockstep->memory;

	if (!memory->is_there)
		return;
	lockstep->host->space_unlisten(memory->heard_space, &memory->listener);
	stop_logging(lockstep);
	while (memory->slots) {
		struct slot *slot = memory->slots;

		memory->slots = slot->next;
		free_slot(lockstep, slot);
	}
	lockstep->host->free(memory->kept);
	lockstep->host->free(memory->bitmap);
	lockstep->host->free(memory->told);
	lockstep->engines->space_destroy(memory->shadow_space);
	lockstep->host->space_release(memory->heard_space);
	pthread_mutex_destroy(&memory->lock);
	*memory = (struct memory){ 0 };
}

uint64_t memory_shadow_root(const struct lockstep *lockstep)
{
	return lockstep->engines->space_root(lockstep->memory.shadow_space);
}

/* 0: all are logged. */
static uint32_t next_unlogged(struct memory *memory)
{
	struct slot *slot;

	pthread_mutex_lock(&memory->lock);
	for (slot = memory->slots; slot && slot->is_logged; slot = slot->next)
		;
	if (slot)
		slot->is_logged = true;
	pthread_mutex_unlock(&memory->lock);
	return slot ? slot->id : 0;
}

int32_t memory_prepare(struct lockstep *lockstep)
{
	struct memory *memory = &lockstep->memory;
	int32_t error = 0;
	uint32_t id;

	while (!error && !*memory->failure && (id = next_unlogged(memory))) {
		is_ours = true;
		error = lockstep->engines->space_log_dirty(memory->space, id, 1);
		is_ours = false;
	}
	if (!*memory->failure)
		return error;
	return LOCKSTEP_FAIL(
		lockstep, AXVCPU_ERROR_UNSUPPORTED,
		"%s: the layer needs the guest's memory and its dirty log for itself, and room for two copies: "
		"run one vCPU, and do not migrate it",
		memory->failure);
}

/* ---- what was written ---- */

/* The slot behind one of this id, or the first (0); NULL: no more. The lock is held. */
static struct slot *slot_behind(const struct memory *memory, uint32_t id)
{
	struct slot *slot = memory->slots;

	while (id && slot && slot->id != id)
		slot = slot->next;
	return id && slot ? slot->next : slot;
}

/* What is needed of a slot while the lock is not held. */
struct slot_ids {
	uint32_t id, shadow_id;
	size_t words;
	bool is_logged;
};

static bool next_ids(struct memory *memory, struct slot_ids *ids)
{
	const struct slot *slot;

	pthread_mutex_lock(&memory->lock);
	slot = slot_behind(memory, ids->id);
	if (slot)
		*ids = (struct slot_ids){ slot->id, slot->shadow_id, words_of(slot), slot->is_logged };
	pthread_mutex_unlock(&memory->lock);
	return slot;
}

static void take_bitmap(struct memory *memory, const struct slot_ids *ids)
{
	pthread_mutex_lock(&memory->lock);
	for (struct slot *slot = memory->slots; slot; slot = slot->next)
		for (size_t i = 0; slot->id == ids->id && i < ids->words; i++)
			slot->touched[i] |= memory->bitmap[i];
	pthread_mutex_unlock(&memory->lock);
}

/* A slot that is gone meanwhile is none to compare. */
static int32_t fetch(struct lockstep *lockstep, struct axvcpu_space *space, uint32_t id, const struct slot_ids *ids)
{
	int32_t error;

	is_ours = true;
	error = lockstep->engines->space_fetch_dirty(space, id, lockstep->memory.bitmap, ids->words, 1);
	is_ours = false;
	if (!error)
		take_bitmap(&lockstep->memory, ids);
	return error == AXVCPU_ERROR_NOT_FOUND ? 0 : error;
}

static int32_t make_bitmap(struct lockstep *lockstep, size_t words)
{
	struct memory *memory = &lockstep->memory;

	if (words <= memory->bitmap_words)
		return 0;
	lockstep->host->free(memory->bitmap);
	memory->bitmap = lockstep->host->alloc(words * sizeof(uint64_t));
	memory->bitmap_words = memory->bitmap ? words : 0;
	return memory->bitmap ? 0 : LOCKSTEP_FAIL(lockstep, AXVCPU_ERROR_NO_MEMORY, "no memory for a dirty bitmap");
}

int32_t memory_collect(struct lockstep *lockstep)
{
	struct memory *memory = &lockstep->memory;
	struct slot_ids ids = { 0 };
	int32_t error = 0;

	while (!error && next_ids(memory, &ids)) {
		error = make_bitmap(lockstep, ids.words);
		if (!error && ids.is_logged)
			error = fetch(lockstep, memory->space, ids.id, &ids);
		if (!error)
			error = fetch(lockstep, memory->shadow_space, ids.shadow_id, &ids);
	}
	return error;
}

static size_t compare_page(const struct slot *slot, uint64_t offset, struct memory_difference *ret_differences,
			   size_t capacity, size_t found)
{
	for (uint64_t at = offset; at < offset + PAGE; at++) {
		if (slot->host[at] == slot->shadow[at])
			continue;
		if (found < capacity)
			ret_differences[found] = (struct memory_difference){ .gpa = slot->gpa + at,
									     .primary = slot->host[at],
									     .shadow = slot->shadow[at],
									     .before = slot->base[at] };
		found++;
	}
	return found;
}

size_t memory_compare(struct lockstep *lockstep, struct memory_difference *ret_differences, size_t capacity)
{
	struct memory *memory = &lockstep->memory;
	size_t found = 0;

	pthread_mutex_lock(&memory->lock);
	for (struct slot *slot = memory->slots; slot && (capacity || !found); slot = slot->next)
		FOR_TOUCHED(slot, offset)
	if (memcmp(slot->host + offset, slot->shadow + offset, PAGE))
		found = compare_page(slot, offset, ret_differences, capacity, found);
	pthread_mutex_unlock(&memory->lock);
	return found;
}

struct differing_word {
	uint64_t gpa, primary, shadow;
};

/* The first word at or behind `from` that differs. */
static bool next_word(struct memory *memory, uint64_t from, struct differing_word *ret_word)
{
	bool found = false;

	pthread_mutex_lock(&memory->lock);
	for (struct slot *slot = memory->slots; slot; slot = slot->next)
		FOR_TOUCHED(slot, offset)
		{
			if (slot->gpa + offset + PAGE <= from || (found && slot->gpa + offset > ret_word->gpa) ||
			    !memcmp(slot->host + offset, slot->shadow + offset, PAGE))
				continue;
			for (uint64_t at = offset; at < offset + PAGE; at += 8) {
				uint64_t gpa = slot->gpa + at, primary, shadow;

				memcpy(&primary, slot->host + at, 8);
				memcpy(&shadow, slot->shadow + at, 8);
				if (gpa < from || primary == shadow || (found && gpa > ret_word->gpa))
					continue;
				*ret_word = (struct differing_word){ gpa, primary, shadow };
				found = true;
			}
		}
	pthread_mutex_unlock(&memory->lock);
	return found;
}

void memory_differing_words(struct lockstep *lockstep,
			    bool (*each)(void *context, uint64_t gpa, uint64_t primary, uint64_t shadow), void *context)
{
	struct differing_word word;

	for (uint64_t from = 0; next_word(&lockstep->memory, from, &word); from = word.gpa + 8)
		if (!each(context, word.gpa, word.primary, word.shadow))
			return;
}

/* ---- making them alike ---- */

static void forget_touched(struct memory *memory, struct slot *slot)
{
	memset(slot->touched, 0, words_of(slot) * sizeof(uint64_t));
	memory->written = 0;
}

void memory_agree(struct lockstep *lockstep)
{
	struct memory *memory = &lockstep->memory;

	pthread_mutex_lock(&memory->lock);
	for (struct slot *slot = memory->slots; slot; slot = slot->next) {
		FOR_TOUCHED(slot, offset)
		copy_page(slot->base + offset, slot->host + offset);
		forget_touched(memory, slot);
	}
	pthread_mutex_unlock(&memory->lock);
}

static void tell(struct axvcpu_space *space, const struct lockstep *lockstep, uint64_t gpa, uint64_t size)
{
	is_ours = true;
	lockstep->engines->space_mark_written(space, gpa, size);
	is_ours = false;
}

static size_t count_touched(const struct memory *memory)
{
	size_t count = 0;

	for (const struct slot *slot = memory->slots; slot; slot = slot->next)
		for (size_t i = 0; i < words_of(slot); i++)
			count += (size_t)__builtin_popcountll(slot->touched[i]);
	return count;
}

static bool make_told(struct lockstep *lockstep, size_t count)
{
	struct memory *memory = &lockstep->memory;

	memory->told_count = 0;
	if (count <= memory->told_room)
		return true;
	lockstep->host->free(memory->told);
	memory->told = lockstep->host->alloc(count * sizeof(*memory->told));
	memory->told_room = memory->told ? count : 0;
	return memory->told;
}

/* One page of `to` becomes what `from` says, and its space is to be told. */
static void replace(struct memory *memory, struct axvcpu_space *space, uint64_t gpa, uint8_t *to, const uint8_t *from)
{
	if (!memcmp(to, from, PAGE))
		return;
	memcpy(to, from, PAGE);
	memory->told[memory->told_count++] = (struct told){ space, gpa };
}

static void tell_all(struct lockstep *lockstep)
{
	struct memory *memory = &lockstep->memory;

	for (size_t i = 0; i < memory->told_count; i++)
		tell(memory->told[i].space, lockstep, memory->told[i].gpa, PAGE);
	memory->told_count = 0;
}

static int32_t no_room(struct lockstep *lockstep)
{
	return LOCKSTEP_FAIL(lockstep, AXVCPU_ERROR_NO_MEMORY, "no memory for the pages that a leg wrote");
}

int32_t memory_follow(struct lockstep *lockstep)
{
	struct memory *memory = &lockstep->memory;
	bool good;

	pthread_mutex_lock(&memory->lock);
	good = make_told(lockstep, count_touched(memory));
	for (struct slot *slot = memory->slots; slot && good; slot = slot->next)
		FOR_TOUCHED(slot, offset)
	replace(memory, memory->shadow_space, slot->gpa + offset, slot->shadow + offset, slot->host + offset);
	pthread_mutex_unlock(&memory->lock);
	if (!good)
		return no_room(lockstep);
	tell_all(lockstep);
	memory_agree(lockstep);
	return 0;
}

static void rewind_page(struct memory *memory, const struct slot *slot, uint64_t offset, bool primary, bool shadow)
{
	if (primary)
		replace(memory, memory->space, slot->gpa + offset, slot->host + offset, slot->base + offset);
	if (shadow)
		replace(memory, memory->shadow_space, slot->gpa + offset, slot->shadow + offset, slot->base + offset);
}

int32_t memory_rewind(struct lockstep *lockstep, bool primary, bool shadow)
{
	struct memory *memory = &lockstep->memory;
	bool good;

	pthread_mutex_lock(&memory->lock);
	good = make_told(lockstep, 2 * count_touched(memory));
	for (struct slot *slot = memory->slots; slot && good; slot = slot->next)
		FOR_TOUCHED(slot, offset)
	rewind_page(memory, slot, offset, primary, shadow);
	pthread_mutex_unlock(&memory->lock);
	tell_all(lockstep);
	return good ? 0 : no_room(lockstep);
}

static bool make_kept(struct lockstep *lockstep, size_t count)
{
	struct memory *memory = &lockstep->memory;

	memory->kept_count = 0;
	if (count <= memory->kept_room)
		return true;
	lockstep->host->free(memory->kept);
	memory->kept = lockstep->host->alloc(count * sizeof(*memory->kept));
	memory->kept_room = memory->kept ? count : 0;
	return memory->kept;
}

int32_t memory_keep(struct lockstep *lockstep)
{
	struct memory *memory = &lockstep->memory;
	bool good;

	pthread_mutex_lock(&memory->lock);
	good = make_kept(lockstep, count_touched(memory));
	for (struct slot *slot = memory->slots; slot && good; slot = slot->next)
		FOR_TOUCHED(slot, offset)
		{
			struct kept_page *page = &memory->kept[memory->kept_count++];

			page->gpa = slot->gpa + offset;
			memcpy(page->bytes, slot->host + offset, PAGE);
		}
	pthread_mutex_unlock(&memory->lock);
	return good ? 0 : no_room(lockstep);
}

bool memory_is_kept(struct lockstep *lockstep)
{
	struct memory *memory = &lockstep->memory;
	bool is_kept = true;

	pthread_mutex_lock(&memory->lock);
	for (size_t i = 0; i < memory->kept_count && is_kept; i++) {
		const struct kept_page *page = &memory->kept[i];
		const struct slot *slot = slot_of(memory, page->gpa);

		is_kept = slot && !memcmp(slot->host + (page->gpa - slot->gpa), page->bytes, PAGE);
	}
	pthread_mutex_unlock(&memory->lock);
	return is_kept;
}

int32_t memory_restore(struct lockstep *lockstep)
{
	struct memory *memory = &lockstep->memory;
	bool good;

	pthread_mutex_lock(&memory->lock);
	good = make_told(lockstep, memory->kept_count);
	for (size_t i = 0; i < memory->kept_count && good; i++) {
		const struct kept_page *page = &memory->kept[i];
		struct slot *slot = slot_of(memory, page->gpa);

		if (!slot)
			continue;
		touch(slot, (page->gpa - slot->gpa) / PAGE);
		replace(memory, memory->space, page->gpa, slot->host + (page->gpa - slot->gpa), page->bytes);
	}
	memory->kept_count = 0;
	pthread_mutex_unlock(&memory->lock);
	tell_all(lockstep);
	return good ? 0 : no_room(lockstep);
}

size_t memory_read(struct lockstep *lockstep, uint64_t gpa, uint8_t *ret_bytes, size_t size)
{
	struct memory *memory = &lockstep->memory;
	struct slot *slot;
	size_t done = 0;

	pthread_mutex_lock(&memory->lock);
	while (done < size && (slot = slot_of(memory, gpa + done)))
		for (; done < size && gpa + done - slot->gpa < slot->size; done++)
			ret_bytes[done] = slot->host[gpa + done - slot->gpa];
	pthread_mutex_unlock(&memory->lock);
	return done;
}

bool memory_poke(struct lockstep *lockstep, enum side side, uint64_t gpa, uint8_t value, uint8_t *ret_before)
{
	struct memory *memory = &lockstep->memory;
	struct slot *slot;
	uint8_t *at;

	pthread_mutex_lock(&memory->lock);
	slot = slot_of(memory, gpa);
	if (slot) {
		at = (side == PRIMARY ? slot->host : slot->shadow) + (gpa - slot->gpa);
		*ret_before = *at;
		*at = value;
		touch(slot, (gpa - slot->gpa) / PAGE);
	}
	pthread_mutex_unlock(&memory->lock);
	if (slot)
		tell(side == PRIMARY ? memory->space : memory->shadow_space, lockstep, gpa, 1);
	return slot;
}

void memory_give(struct lockstep *lockstep, uint64_t gpa, uint64_t size)
{
	struct memory *memory = &lockstep->memory;
	struct slot *slot;

	pthread_mutex_lock(&memory->lock);
	slot = slot_of(memory, gpa);
	if (slot && size <= slot->size - (gpa - slot->gpa))
		memcpy(slot->shadow + (gpa - slot->gpa), slot->host + (gpa - slot->gpa), size);
	pthread_mutex_unlock(&memory->lock);
	tell(memory->shadow_space, lockstep, gpa, size);
}
