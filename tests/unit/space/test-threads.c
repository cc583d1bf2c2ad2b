/* SPDX-License-Identifier: Apache-2.0 */
/* Address spaces between threads: slots that come and go under readers, a dirty log that loses no page, listeners that
 * leave. */
#include <pthread.h>
#include <sched.h>

#include "../unit.h"
#include "space/space.h"

#define PAGE AXVCPU_PAGE_SIZE
#define PAGES 64u
#define ROUNDS 500u

struct scene {
	struct axvcpu_space *space;
	uint32_t slot;
	uint32_t stop;           /* atomic */
	uint32_t progress;       /* atomic */
	uint64_t written[PAGES]; /* atomic: how often a page was written */
};

static int stopped(const struct scene *scene)
{
	return __atomic_load_n(&scene->stop, __ATOMIC_ACQUIRE) != 0;
}

static void step(struct scene *scene)
{
	__atomic_fetch_add(&scene->progress, 1, __ATOMIC_RELEASE);
	sched_yield();
}

/* Both threads must really have met. */
static void let_it_run(const struct scene *scene, uint32_t least)
{
	while (__atomic_load_n(&scene->progress, __ATOMIC_ACQUIRE) < least)
		sched_yield();
}

static void finish(struct scene *scene, pthread_t thread)
{
	__atomic_store_n(&scene->stop, 1, __ATOMIC_RELEASE);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_ok(axvcpu_space_destroy(scene->space));
}

static void *reads_all_the_time(void *context)
{
	struct scene *scene = context;
	struct axvcpu_slot slot;
	struct axarch_slot engine_slot;
	uint8_t data[2 * 8];

	while (!stopped(scene)) {
		int32_t error = axvcpu_space_read(scene->space, 2 * PAGE - 8, data, sizeof(data));

		assert_true(error == 0 || error == AXVCPU_ERROR_NOT_FOUND);
		error = space_find(scene->space, 2 * PAGE, &engine_slot);
		assert_true(error ? error == AXVCPU_ERROR_NOT_FOUND : engine_slot.gpa == 2 * PAGE);
		assert_ok(axvcpu_space_find(scene->space, PAGE, &slot));
		step(scene);
	}
	return NULL;
}

static void slots_come_and_go_under_readers(void **state)
{
	struct axvcpu_slot fixed = { .size_of_struct = sizeof(fixed), .gpa = PAGE, .size = PAGE };
	struct scene scene = { .stop = 0 };
	pthread_t thread;

	(void)state;
	assert_ok(axvcpu_space_create(&scene.space));
	assert_ok(axvcpu_space_add(scene.space, &fixed));
	assert_int_equal(pthread_create(&thread, NULL, reads_all_the_time, &scene), 0);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		struct axvcpu_slot slot = { .size_of_struct = sizeof(slot), .gpa = 2 * PAGE, .size = PAGE };

		assert_ok(axvcpu_space_add(scene.space, &slot));
		assert_ok(axvcpu_space_log_dirty(scene.space, slot.id, i % 2));
		assert_ok(axvcpu_space_remove(scene.space, slot.id));
		let_it_run(&scene, i / 10);
	}
	finish(&scene, thread);
}

/* Writes first and marks then, as an engine does. */
static void *writes_pages(void *context)
{
	struct scene *scene = context;

	for (uint64_t i = 0; !stopped(scene); i++) {
		uint64_t page = i * 7 % PAGES;

		__atomic_fetch_add(&scene->written[page], 1, __ATOMIC_SEQ_CST);
		space_mark_dirty(scene->space, page * PAGE, 8);
		step(scene);
	}
	return NULL;
}

/* The pages that were written since they were last seen. */
static uint64_t changed_pages(const struct scene *scene, uint64_t *seen)
{
	uint64_t changed = 0;

	for (uint64_t page = 0; page < PAGES; page++) {
		uint64_t now = __atomic_load_n(&scene->written[page], __ATOMIC_SEQ_CST);

		changed |= (uint64_t)(now != seen[page]) << page;
		seen[page] = now;
	}
	return changed;
}

/* A page that was seen to change is in the answer before or in the first one after its writer went on. */
static void the_dirty_log_loses_no_page(void **state)
{
	struct axvcpu_slot slot = { .size_of_struct = sizeof(slot),
				    .size = PAGES * PAGE,
				    .flags = AXVCPU_SLOT_LOG_DIRTY };
	struct scene scene = { .stop = 0 };
	uint64_t seen[PAGES] = { 0 }, owed = 0, bitmap = 0, dirty = 0;
	pthread_t thread;

	(void)state;
	assert_ok(axvcpu_space_create(&scene.space));
	assert_ok(axvcpu_space_add(scene.space, &slot));
	assert_int_equal(pthread_create(&thread, NULL, writes_pages, &scene), 0);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		assert_ok(axvcpu_space_fetch_dirty(scene.space, slot.id, &bitmap, 1, 1));
		dirty |= bitmap;
		assert_int_equal(owed & ~bitmap, 0);
		owed = changed_pages(&scene, seen) & ~bitmap;
		let_it_run(&scene, __atomic_load_n(&scene.progress, __ATOMIC_ACQUIRE) + 2);
	}
	assert_int_equal(dirty, UINT64_MAX);
	finish(&scene, thread);
}

struct ear {
	uint32_t listening; /* atomic */
	uint32_t heard;     /* atomic */
};

static void heard(void *context, const struct axvcpu_space_event *event)
{
	struct ear *ear = context;

	(void)event;
	assert_true(__atomic_load_n(&ear->listening, __ATOMIC_SEQ_CST));
	__atomic_fetch_add(&ear->heard, 1, __ATOMIC_RELAXED);
}

static void *writes_through_the_space(void *context)
{
	struct scene *scene = context;

	while (!stopped(scene)) {
		assert_ok(axvcpu_space_write(scene->space, 8, "abcdefgh", 8));
		step(scene);
	}
	return NULL;
}

static void a_listener_that_left_hears_nothing(void **state)
{
	struct axvcpu_slot slot = { .size_of_struct = sizeof(slot), .size = PAGE };
	struct ear ear = { .listening = 0 };
	const struct axvcpu_space_listener listener = { heard, &ear };
	struct scene scene = { .stop = 0 };
	pthread_t thread;

	(void)state;
	assert_ok(axvcpu_space_create(&scene.space));
	assert_ok(axvcpu_space_add(scene.space, &slot));
	assert_int_equal(pthread_create(&thread, NULL, writes_through_the_space, &scene), 0);
	for (uint32_t i = 0; i < ROUNDS; i++) {
		__atomic_store_n(&ear.listening, 1, __ATOMIC_SEQ_CST);
		assert_ok(axvcpu_space_listen(scene.space, &listener));
		let_it_run(&scene, i);
		assert_ok(axvcpu_space_unlisten(scene.space, &listener));
		__atomic_store_n(&ear.listening, 0, __ATOMIC_SEQ_CST);
	}
	assert_true(ear.heard >= ROUNDS); /* ADDED each time at least */
	finish(&scene, thread);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_come_and_go_under_readers),
		cmocka_unit_test(the_dirty_log_loses_no_page),
		cmocka_unit_test(a_listener_that_left_hears_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
