/* SPDX-License-Identifier: Apache-2.0 */
/* The host table: what plugins get of the library. */
#include "../unit.h"

#include <axvcpu/space.h>

#include "loader/backend.h"

static void test_alloc(void **state)
{
	const struct axarch_host *host = host_table();

	(void)state;
	for (size_t size = 0; size < 300; size += 37) {
		uint8_t *memory = host->alloc(size);

		assert_non_null(memory);
		assert_int_equal((uintptr_t)memory % 64, 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(memory[i], 0);
		host->free(memory);
	}
	host->free(NULL);
	assert_null(host->alloc(SIZE_MAX));
}

static void test_error(void **state)
{
	(void)state;
	assert_error(host_table()->error(AXVCPU_ERROR_NOT_FOUND, "%s %d", "number", 7), AXVCPU_ERROR_NOT_FOUND,
		     "number 7");
	assert_error(host_table()->error(-5, "%s", "again"), -5, "again");
}

static unsigned heard_count;
static uint64_t writers;

static void heard(void *context, const struct axarch_space_event *event)
{
	(void)context;
	heard_count += event->kind == AXARCH_SPACE_ADDED;
	if (event->kind == AXARCH_SPACE_WRITERS)
		writers = event->size;
}

static void test_space(void **state)
{
	const struct axarch_host *host = host_table();
	const struct axarch_space_listener listener = { heard, NULL };
	struct axvcpu_slot slot = { .size_of_struct = sizeof(slot), .gpa = 0x1000, .size = 0x2000 };
	struct axarch_slot found;
	struct axarch_space *inside = NULL;
	struct axvcpu_space *space;

	(void)state;
	assert_error(host->space_acquire(12345, &inside), AXVCPU_ERROR_NOT_FOUND, "");
	assert_null(inside);
	assert_ok(axvcpu_space_create(&space));
	assert_ok(axvcpu_space_add(space, &slot));
	assert_ok(host->space_acquire(axvcpu_space_root(space), &inside));
	assert_int_equal(axvcpu_space_destroy(space), AXVCPU_ERROR_RESOURCE_BUSY);
	assert_ok(host->space_find(inside, 0x2fff, &found));
	assert_ptr_equal(found.host, slot.host);
	assert_int_equal(host->space_find(inside, 0x3000, &found), AXVCPU_ERROR_NOT_FOUND);
	assert_ok(host->space_listen(inside, &listener));
	assert_int_equal(heard_count, 1);
	host->space_writers(inside, 1);
	assert_int_equal(writers, 1);
	host->space_writers(inside, -1);
	assert_int_equal(writers, 0);
	assert_ok(host->space_unlisten(inside, &listener));
	host->space_mark_dirty(inside, 0x1000, 0x1000);
	host->space_release(inside);
	assert_ok(axvcpu_space_destroy(space));
	assert_null(host->get_extension("no.such/1"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alloc),
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
