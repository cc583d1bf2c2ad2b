/* SPDX-License-Identifier: Apache-2.0 */
/* Address spaces: slots, copies, the dirty log, listeners and roots, from one thread. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/sysinfo.h>

#include "../unit.h"
#include "space/space.h"

#define PAGE AXVCPU_PAGE_SIZE

static int set_up(void **state)
{
	return axvcpu_space_create((struct axvcpu_space **)state);
}

static int tear_down(void **state)
{
	return axvcpu_space_destroy(*state);
}

static int32_t add(struct axvcpu_space *space, uint64_t gpa, uint64_t size, uint32_t flags, uint32_t *ret_id)
{
	struct axvcpu_slot slot = { .size_of_struct = sizeof(slot), .gpa = gpa, .size = size, .flags = flags };
	int32_t error = axvcpu_space_add(space, &slot);

	if (!error && ret_id)
		*ret_id = slot.id;
	return error;
}

static void roots_are_nonzero_unique_and_never_reused(void **state)
{
	struct axvcpu_space *one, *found;
	uint64_t old_root;

	assert_ok(axvcpu_space_create(&one));
	old_root = axvcpu_space_root(one);
	assert_int_not_equal(old_root, 0);
	assert_int_not_equal(old_root, axvcpu_space_root(*state));
	assert_ok(axvcpu_space_of_root(old_root, &found));
	assert_ptr_equal(found, one);
	assert_ok(axvcpu_space_destroy(one));
	assert_error(axvcpu_space_of_root(old_root, &found), AXVCPU_ERROR_NOT_FOUND, "axvcpu_space_root");
	assert_ok(axvcpu_space_create(&one));
	assert_int_not_equal(axvcpu_space_root(one), old_root);
	assert_ok(axvcpu_space_destroy(one));
}

static void a_used_space_is_not_destroyed(void **state)
{
	struct axvcpu_space *space = *state, *user;

	assert_ok(space_acquire(axvcpu_space_root(space), &user));
	assert_ptr_equal(user, space);
	assert_error(axvcpu_space_destroy(space), AXVCPU_ERROR_RESOURCE_BUSY, "users (1)");
	space_release(user);
	assert_error(space_acquire(0, &user), AXVCPU_ERROR_NOT_FOUND, "0x0");
	assert_ok(axvcpu_space_destroy(NULL));
}

static void slots_are_sorted_and_found(void **state)
{
	struct axvcpu_space *space = *state;
	struct axvcpu_slot slots[3], found;
	struct axarch_slot engine_found;

	assert_ok(add(space, 8 * PAGE, PAGE, 0, NULL));
	assert_ok(add(space, 0, 2 * PAGE, AXVCPU_SLOT_ROM, NULL));
	assert_ok(add(space, 4 * PAGE, PAGE, 0, NULL));
	assert_int_equal(axvcpu_space_slots(space, slots, 3), 3);
	assert_int_equal(slots[0].gpa, 0);
	assert_int_equal(slots[1].gpa, 4 * PAGE);
	assert_int_equal(slots[2].gpa, 8 * PAGE);
	assert_int_equal(slots[0].flags, AXVCPU_SLOT_ROM);
	assert_int_equal(axvcpu_space_slots(space, NULL, 0), 3);
	assert_ok(axvcpu_space_find(space, 2 * PAGE - 1, &found));
	assert_int_equal(found.id, slots[0].id);
	assert_error(axvcpu_space_find(space, 2 * PAGE, &found), AXVCPU_ERROR_NOT_FOUND, "0x2000");
	assert_ok(space_find(space, 8 * PAGE + 5, &engine_found));
	assert_ptr_equal(engine_found.host, slots[2].host);
	assert_int_equal(space_find(space, 9 * PAGE, &engine_found), AXVCPU_ERROR_NOT_FOUND);
}

static void bad_slots_are_refused_by_name(void **state)
{
	struct axvcpu_space *space = *state;
	struct axvcpu_slot slot = { .size_of_struct = sizeof(slot), .gpa = 0, .size = PAGE, .host = (void *)1 };

	assert_error(add(space, 0, 0, 0, NULL), AXVCPU_ERROR_INVALID_INPUT, "size 0");
	assert_error(add(space, 1, PAGE, 0, NULL), AXVCPU_ERROR_INVALID_INPUT, "multiples of the page size");
	assert_error(add(space, 0, PAGE + 1, 0, NULL), AXVCPU_ERROR_INVALID_INPUT, "multiples of the page size");
	assert_error(add(space, UINT64_MAX - PAGE + 1, 2 * PAGE, 0, NULL), AXVCPU_ERROR_INVALID_INPUT, "past the end");
	assert_error(add(space, 0, PAGE, 4, NULL), AXVCPU_ERROR_INVALID_INPUT, "flags 0x4");
	assert_error(axvcpu_space_add(space, &slot), AXVCPU_ERROR_INVALID_INPUT, "host memory");
	slot.size_of_struct = 8;
	assert_error(axvcpu_space_add(space, &slot), AXVCPU_ERROR_INVALID_INPUT, "size_of_struct is 8");
	assert_int_equal(axvcpu_space_slots(space, NULL, 0), 0);
}

static void overlaps_name_the_other_slot(void **state)
{
	struct axvcpu_space *space = *state;

	assert_ok(add(space, 4 * PAGE, 4 * PAGE, 0, NULL));
	assert_error(add(space, 0, 5 * PAGE, 0, NULL), AXVCPU_ERROR_RESOURCE_BUSY, "[0x4000, +0x4000)");
	assert_error(add(space, 7 * PAGE, PAGE, 0, NULL), AXVCPU_ERROR_RESOURCE_BUSY, "slot 1");
	assert_error(add(space, 5 * PAGE, PAGE, 0, NULL), AXVCPU_ERROR_RESOURCE_BUSY, "slot 1");
	assert_ok(add(space, 0, 4 * PAGE, 0, NULL));
	assert_ok(add(space, 8 * PAGE, PAGE, 0, NULL));
}

static void the_last_page_of_the_address_space_is_usable(void **state)
{
	struct axvcpu_space *space = *state;
	uint64_t gpa = UINT64_MAX - PAGE + 1, value = 7;

	assert_ok(add(space, gpa, PAGE, AXVCPU_SLOT_LOG_DIRTY, NULL));
	assert_ok(axvcpu_space_write(space, UINT64_MAX - 7, &value, 8));
	assert_error(axvcpu_space_write(space, UINT64_MAX - 6, &value, 8), AXVCPU_ERROR_INVALID_INPUT, "past the end");
	space_mark_dirty(space, UINT64_MAX, 100);
}

static void more_memory_than_the_host_has_is_refused(void **state)
{
	struct sysinfo info;
	uint64_t half;

	assert_int_equal(sysinfo(&info), 0);
	half = ((info.totalram + info.totalswap) * info.mem_unit / 2 + PAGE) & ~(uint64_t)(PAGE - 1);
	assert_error(add(*state, 0, UINT64_C(1) << 50, 0, NULL), AXVCPU_ERROR_NO_MEMORY, "1073741824 MiB");
	assert_ok(add(*state, 0, half, 0, NULL));
	assert_error(add(*state, half, half, 0, NULL), AXVCPU_ERROR_NO_MEMORY, "this address space uses");
}

static void own_memory_is_zero_and_the_callers_is_his(void **state)
{
	struct axvcpu_space *space = *state;
	uint8_t *mine = aligned_alloc(PAGE, PAGE);
	struct axvcpu_slot slot = { .size_of_struct = sizeof(slot), .gpa = PAGE, .size = PAGE, .host = mine };
	uint8_t byte = 1;

	memset(mine, 0xab, PAGE);
	assert_ok(add(space, 0, PAGE, 0, NULL));
	assert_ok(axvcpu_space_read(space, 17, &byte, 1));
	assert_int_equal(byte, 0);
	assert_ok(axvcpu_space_add(space, &slot));
	assert_ok(axvcpu_space_read(space, PAGE + 17, &byte, 1));
	assert_int_equal(byte, 0xab);
	assert_ok(axvcpu_space_remove(space, slot.id));
	assert_int_equal(mine[17], 0xab);
	free(mine);
}

static void copies_span_adjoining_slots_all_or_nothing(void **state)
{
	struct axvcpu_space *space = *state;
	uint8_t out[16], in[16];

	assert_ok(add(space, 0, PAGE, 0, NULL));
	assert_ok(add(space, PAGE, PAGE, AXVCPU_SLOT_ROM, NULL));
	memset(in, 0x5a, sizeof(in));
	assert_ok(axvcpu_space_write(space, PAGE - 8, in, 16));
	assert_ok(axvcpu_space_read(space, PAGE - 8, out, 16));
	assert_memory_equal(in, out, 16);

	memset(in, 0x77, sizeof(in));
	assert_error(axvcpu_space_write(space, 2 * PAGE - 8, in, 16), AXVCPU_ERROR_NOT_FOUND, "0x2000");
	assert_ok(axvcpu_space_read(space, 2 * PAGE - 8, out, 8));
	assert_int_equal(out[0], 0);
	memset(out, 1, sizeof(out));
	assert_error(axvcpu_space_read(space, 2 * PAGE - 8, out, 16), AXVCPU_ERROR_NOT_FOUND, "0x2000");
	assert_int_equal(out[0], 1);
	assert_ok(axvcpu_space_read(space, 99 * PAGE, out, 0));
}

static void a_view_lies_in_one_slot(void **state)
{
	struct axvcpu_space *space = *state;
	void *host;
	uint8_t byte;

	assert_ok(add(space, 0, PAGE, 0, NULL));
	assert_ok(add(space, PAGE, PAGE, 0, NULL));
	assert_ok(axvcpu_space_view(space, 5, PAGE - 5, &host));
	*(uint8_t *)host = 9;
	assert_ok(axvcpu_space_read(space, 5, &byte, 1));
	assert_int_equal(byte, 9);
	assert_error(axvcpu_space_view(space, 5, PAGE, &host), AXVCPU_ERROR_NOT_FOUND, "one slot");
	assert_error(axvcpu_space_view(space, 5 * PAGE, 1, &host), AXVCPU_ERROR_NOT_FOUND, "0x5000");
}

static void removed_slots_are_gone_and_ids_are_not_reused(void **state)
{
	struct axvcpu_space *space = *state;
	uint32_t first = 0, second = 0;
	uint8_t byte;

	assert_ok(add(space, 0, PAGE, 0, &first));
	assert_ok(axvcpu_space_remove(space, first));
	assert_error(axvcpu_space_remove(space, first), AXVCPU_ERROR_NOT_FOUND, "no slot with id 1");
	assert_error(axvcpu_space_read(space, 0, &byte, 1), AXVCPU_ERROR_NOT_FOUND, "0x0");
	assert_ok(add(space, 0, PAGE, 0, &second));
	assert_int_not_equal(first, second);
}

static void the_dirty_log_tells_who_wrote_what(void **state)
{
	struct axvcpu_space *space = *state;
	uint64_t bitmap[2] = { 1, 1 };
	uint32_t id = 0;

	assert_ok(add(space, PAGE, 70 * PAGE, AXVCPU_SLOT_LOG_DIRTY, &id));
	assert_error(axvcpu_space_fetch_dirty(space, id, bitmap, 1, 0), AXVCPU_ERROR_INVALID_INPUT, "needs 2 words");
	assert_ok(axvcpu_space_fetch_dirty(space, id, bitmap, 2, 0));
	assert_int_equal(bitmap[0] | bitmap[1], 0);

	assert_ok(axvcpu_space_write(space, 2 * PAGE - 1, "ab", 2)); /* pages 0 and 1 */
	assert_ok(axvcpu_space_mark_written(space, 66 * PAGE, 1));   /* page 65 */
	space_mark_dirty(space, 0, 4 * PAGE);                        /* pages 0, 1 and 2, after a hole */
	assert_ok(axvcpu_space_fetch_dirty(space, id, bitmap, 2, 0));
	assert_int_equal(bitmap[0], 7);
	assert_int_equal(bitmap[1], 2);
	assert_ok(axvcpu_space_fetch_dirty(space, id, bitmap, 2, 1));
	assert_int_equal(bitmap[0], 7);
	assert_ok(axvcpu_space_fetch_dirty(space, id, bitmap, 2, 1));
	assert_int_equal(bitmap[0] | bitmap[1], 0);
}

static void the_dirty_log_can_be_switched(void **state)
{
	struct axvcpu_space *space = *state;
	uint64_t bitmap;
	uint32_t id = 0;

	assert_ok(add(space, 0, PAGE, 0, &id));
	assert_error(axvcpu_space_fetch_dirty(space, id, &bitmap, 1, 0), AXVCPU_ERROR_UNSUPPORTED,
		     "axvcpu_space_log_dirty");
	assert_ok(axvcpu_space_log_dirty(space, id, 1));
	assert_ok(axvcpu_space_write(space, 0, "x", 1));
	assert_ok(axvcpu_space_log_dirty(space, id, 1)); /* on again: nothing dirty */
	assert_ok(axvcpu_space_fetch_dirty(space, id, &bitmap, 1, 0));
	assert_int_equal(bitmap, 0);
	assert_ok(axvcpu_space_log_dirty(space, id, 0));
	assert_error(axvcpu_space_fetch_dirty(space, id, &bitmap, 1, 0), AXVCPU_ERROR_UNSUPPORTED, "no dirty log");
	assert_error(axvcpu_space_log_dirty(space, 77, 1), AXVCPU_ERROR_NOT_FOUND, "id 77");
}

struct diary {
	char text[256];
	struct axvcpu_space *space;
};

static void note_down(struct diary *diary, uint32_t kind, uint64_t gpa, uint64_t size)
{
	static const char letters[] = "?+-cxwd";
	size_t length = strlen(diary->text);
	uint8_t byte;

	snprintf(diary->text + length, sizeof(diary->text) - length, "%c%llx:%llx ", letters[kind],
		 (unsigned long long)gpa, (unsigned long long)size);
	/* Promised: no lock is held that a read needs. */
	if (kind == AXVCPU_SPACE_REMOVING)
		assert_int_equal(axvcpu_space_read(diary->space, gpa, &byte, 1), AXVCPU_ERROR_NOT_FOUND);
	else
		assert_int_equal(axvcpu_space_read(diary->space, gpa, &byte, 1), 0);
}

static void vmm_heard(void *context, const struct axvcpu_space_event *event)
{
	assert_int_equal(event->size_of_struct, sizeof(*event));
	assert_non_null(event->slot.host);
	note_down(context, event->kind, event->gpa, event->size);
}

static void engine_heard(void *context, const struct axarch_space_event *event)
{
	assert_int_equal(event->size_of_struct, sizeof(*event));
	assert_non_null(event->slot.host);
	note_down(context, event->kind, event->gpa, event->size);
}

static void listeners_hear_every_change(void **state)
{
	struct axvcpu_space *space = *state;
	struct diary vmm = { .space = space }, engine = { .space = space };
	const struct axvcpu_space_listener vmm_listener = { vmm_heard, &vmm };
	const struct axarch_space_listener engine_listener = { engine_heard, &engine };
	uint64_t bitmap;
	uint32_t id = 0;

	assert_ok(add(space, 0, PAGE, 0, &id));
	assert_ok(axvcpu_space_listen(space, &vmm_listener));
	assert_ok(space_listen(space, &engine_listener));
	assert_ok(add(space, PAGE, PAGE, 0, NULL));
	assert_ok(axvcpu_space_write(space, PAGE - 1, "ab", 2));
	assert_ok(axvcpu_space_mark_written(space, 4, 4));
	assert_ok(axvcpu_space_log_dirty(space, id, 1));
	assert_ok(axvcpu_space_fetch_dirty(space, id, &bitmap, 1, 1));
	assert_ok(axvcpu_space_remove(space, id));
	assert_string_equal(vmm.text, "+0:1000 +1000:1000 wfff:1 w1000:1 w4:4 c0:1000 d0:1000 x0:1000 -0:1000 ");
	assert_string_equal(engine.text, vmm.text);

	assert_ok(axvcpu_space_unlisten(space, &vmm_listener));
	assert_error(axvcpu_space_unlisten(space, &vmm_listener), AXVCPU_ERROR_NOT_FOUND, "does not listen");
	assert_ok(space_unlisten(space, &engine_listener));
	assert_ok(axvcpu_space_write(space, PAGE, "a", 1));
	assert_string_equal(engine.text, vmm.text);
}

/* The numbers of writers that were heard, as the digits of one number. */
static void vmm_counts(void *context, const struct axvcpu_space_event *event)
{
	if (event->kind != AXVCPU_SPACE_WRITERS)
		return;
	assert_int_equal(event->gpa, 0);
	assert_null(event->slot.host);
	*(uint64_t *)context = *(uint64_t *)context * 10 + event->size;
}

static void engine_counts(void *context, const struct axarch_space_event *event)
{
	if (event->kind == AXARCH_SPACE_WRITERS)
		*(uint64_t *)context = *(uint64_t *)context * 10 + event->size;
}

static void writers_are_counted_and_told_to_all_also_to_who_comes_later(void **state)
{
	struct axvcpu_space *space = *state;
	uint64_t vmm = 0, engine = 0, other = 0;
	const struct axvcpu_space_listener vmm_listener = { vmm_counts, &vmm };
	const struct axarch_space_listener engine_listener = { engine_counts, &engine };
	const struct axarch_space_listener other_listener = { engine_counts, &other };

	assert_ok(add(space, 0, PAGE, 0, NULL));
	assert_ok(axvcpu_space_listen(space, &vmm_listener));
	space_writers(space, 1);
	space_writers(space, 1);
	assert_ok(space_listen(space, &engine_listener));
	space_writers(space, 1);
	space_writers(space, -1);
	space_writers(space, -2);
	assert_ok(space_listen(space, &other_listener)); /* there are none now */
	assert_int_equal(vmm, 12320);
	assert_int_equal(engine, 2320);
	assert_int_equal(other, 0);
	assert_ok(axvcpu_space_unlisten(space, &vmm_listener));
	assert_ok(space_unlisten(space, &engine_listener));
	assert_ok(space_unlisten(space, &other_listener));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(roots_are_nonzero_unique_and_never_reused),
		TEST(a_used_space_is_not_destroyed),
		TEST(slots_are_sorted_and_found),
		TEST(bad_slots_are_refused_by_name),
		TEST(overlaps_name_the_other_slot),
		TEST(the_last_page_of_the_address_space_is_usable),
		TEST(more_memory_than_the_host_has_is_refused),
		TEST(own_memory_is_zero_and_the_callers_is_his),
		TEST(copies_span_adjoining_slots_all_or_nothing),
		TEST(a_view_lies_in_one_slot),
		TEST(removed_slots_are_gone_and_ids_are_not_reused),
		TEST(the_dirty_log_tells_who_wrote_what),
		TEST(the_dirty_log_can_be_switched),
		TEST(listeners_hear_every_change),
		TEST(writers_are_counted_and_told_to_all_also_to_who_comes_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
