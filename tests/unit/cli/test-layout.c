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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_regions_apart),
		cmocka_unit_test(refuses_what_is_outside_memory),
		cmocka_unit_test(has_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
