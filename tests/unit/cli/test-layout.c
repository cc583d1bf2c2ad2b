/* SPDX-License-Identifier: Apache-2.0 */
/* What lies where: inside memory, and apart. */
#include "cli.h"
#include "loader/layout.h"

static struct layout layout_of_64_mib(void)
{
	return (struct layout){ .ram = { { 0x80000000, 64 << 20 } }, .ram_count = 1 };
}

static void keeps_regions_apart(void **state)
{
	struct layout layout = layout_of_64_mib();

	(void)state;
	assert_done(layout_add(&layout, "first", 0x80200000, 0x1000));
	assert_done(layout_add(&layout, "behind it", 0x80201000, 0x1000));
	assert_done(layout_add(&layout, "before it", 0x801ff000, 0x1000));
	assert_fails(layout_add(&layout, "second", 0x80200fff, 1), STATUS_DATA,
		     "second (0x80200fff to 0x80200fff) and first");
	assert_fails(layout_add(&layout, "around", 0x80100000, 0x200000), STATUS_DATA, "overlap");
	assert_int_equal(layout.count, 3);
	assert_int_equal(layout_end(&layout, 1), 0x80202000);
	assert_int_equal(layout_end(&layout, 0x200000), 0x80400000);
}

static void refuses_what_is_outside_memory(void **state)
{
	static const struct {
		uint64_t gpa, size;
		const char *text;
	} rows[] = {
		{ 0x7fffffff, 2, "is outside the guest's memory" },
		{ 0x84000000, 1, "is outside the guest's memory" },
		{ 0x83ffffff, 2, "at least --mem 65M" },
		{ 0x80000000, (64 << 20) + 1, "outside" },
		{ 0x80000000, UINT64_MAX, "outside" },
		{ UINT64_MAX, 2, "outside" },
		{ 0, 1, "outside" },
	};
	struct layout layout = layout_of_64_mib();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_fails(layout_add(&layout, "it", rows[i].gpa, rows[i].size), STATUS_DATA, rows[i].text);
	assert_done(layout_add(&layout, "all of it", 0x80000000, 64 << 20));
}

static void has_a_limit(void **state)
{
	struct layout layout = layout_of_64_mib();

	(void)state;
	for (unsigned i = 0; i < LAYOUT_REGIONS_MAX; i++)
		assert_done(layout_add(&layout, "one", 0x80000000 + i, 1));
	assert_fails(layout_add(&layout, "last", 0x81000000, 1), STATUS_DATA, "one region of memory too many");
}

static struct layout layout_of_two_ranges(void)
{
	return (struct layout){ .ram = { { 0, 16 << 20 }, { 64 << 20, 16 << 20 } }, .ram_count = 2 };
}

static void knows_several_ranges_of_memory(void **state)
{
	struct layout layout = layout_of_two_ranges();

	(void)state;
	assert_false(layout_has(&layout, 16 << 20));
	assert_true(layout_has(&layout, 64 << 20));
	assert_done(layout_add(&layout, "low", 0xfff000, 0x1000));
	assert_done(layout_add(&layout, "high", 64 << 20, 0x1000));
	assert_fails(layout_add(&layout, "it", 0xfffff0, 17), STATUS_DATA,
		     "outside the guest's memory, which is from 0x0 to 0xffffff and from 0x4000000 to 0x4ffffff");
	assert_fails(layout_add(&layout, "it", 0x2000000, 1), STATUS_DATA, "outside");
	assert_fails(layout_add(&layout, "it", 0x4fffff0, 17), STATUS_DATA, "at least --mem");
}

static void finds_free_places(void **state)
{
	static const struct {
		uint64_t size, alignment, from, end, highest, lowest; /* UINT64_MAX: nowhere */
	} rows[] = {
		{ 0x1000, 0x1000, 0, UINT64_MAX, 0x4ffe000, 0x1000 },   /* between the regions of each range */
		{ 0x1000, 0x1000, 0, 0x1000000, 0xfff000, 0x1000 },     /* in the lower range alone */
		{ 0x1001, 0x1000, 0, 0x1000000, 0xffe000, 0x1000 },     /* aligned down */
		{ 0x1000, 0x200000, 0, 0x1000000, 0xe00000, 0x200000 }, /* aligned to more */
		{ 0x1000, 0x1000, 0x800000, 0x800fff, UINT64_MAX, UINT64_MAX },
		{ 0x1000, 0x1000, 0x800000, 0x801000, 0x800000, 0x800000 },
		{ 0x1000, 0x1000, 0x800001, 0x801fff, UINT64_MAX, UINT64_MAX },
		{ 0xfff000, 0x1000, 0, UINT64_MAX, 0x4000000, 0x1000 }, /* all that there is in one piece */
		{ 0x1000000, 0x1000, 0, UINT64_MAX, UINT64_MAX, UINT64_MAX },
		{ UINT64_MAX, 0x1000, 0, UINT64_MAX, UINT64_MAX, UINT64_MAX },
		{ 1, 1, 0x2000000, 0x3000000, UINT64_MAX, UINT64_MAX }, /* between the ranges */
		{ 1, 1, 5, 5, UINT64_MAX, UINT64_MAX },
		{ 1, 1, 0, 0x1000, UINT64_MAX, UINT64_MAX },
	};
	struct layout layout = layout_of_two_ranges();

	(void)state;
	assert_done(layout_add(&layout, "first page", 0, 0x1000));
	assert_done(layout_add(&layout, "last page", 0x4fff000, 0x1000));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t highest = UINT64_MAX, lowest = UINT64_MAX;

		layout_highest(&layout, rows[i].size, rows[i].alignment, rows[i].from, rows[i].end, &highest);
		layout_lowest(&layout, rows[i].size, rows[i].alignment, rows[i].from, rows[i].end, &lowest);
		if (highest != rows[i].highest || lowest != rows[i].lowest)
			fail_msg("row %zu: highest 0x%llx, lowest 0x%llx", i, (unsigned long long)highest,
				 (unsigned long long)lowest);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_regions_apart), cmocka_unit_test(refuses_what_is_outside_memory),
		cmocka_unit_test(has_a_limit),         cmocka_unit_test(knows_several_ranges_of_memory),
		cmocka_unit_test(finds_free_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
