/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of tests. See row.h. */
#include "row.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>

/* Patterns with commas between them. */
static bool is_excepted(const char *name)
{
	char list[512], *save = NULL;
	const char *text = getenv("AXVCPU_CONFORMANCE_EXCEPT");

	snprintf(list, sizeof(list), "%s", text ? text : "");
	for (char *item = strtok_r(list, ",", &save); item; item = strtok_r(NULL, ",", &save))
		if (!fnmatch(item, name, 0))
			return true;
	return false;
}

static size_t fill(const struct row_table *table, struct CMUnitTest *tests, struct row_case *cases)
{
	size_t count = 0;

	for (unsigned mode = 0; mode < GUEST_MODES; mode++)
		for (size_t i = 0; i < table->count; i++) {
			const struct row_head *head = (const void *)((const char *)table->rows + i * table->row_size);
			struct row_case *one = &cases[count];

			if (!(head->modes >> mode & 1))
				continue;
			one->row = head;
			one->mode = mode;
			snprintf(one->name, sizeof(one->name), "%s: %s", machine_mode_name(mode), head->name);
			if (is_excepted(one->name))
				continue;
			tests[count++] =
				(struct CMUnitTest){ one->name, table->test, table->before, table->after, one };
		}
	return count;
}

int row_table_run(const struct row_table *table)
{
	struct CMUnitTest *tests = calloc(table->count * GUEST_MODES, sizeof(*tests));
	struct row_case *cases = calloc(table->count * GUEST_MODES, sizeof(*cases));
	int failed;

	cmocka_set_test_filter(getenv("AXVCPU_CONFORMANCE_ONLY"));
	failed =
		tests && cases ? _cmocka_run_group_tests(table->name, tests, fill(table, tests, cases), NULL, NULL) : 1;

	free(tests);
	free(cases);
	return failed;
}

static void run_row_test(void **state)
{
	const struct row_case *one = *state;

	((const struct row_test *)one->row)->run(one->mode);
}

int row_tests_main(const char *name, struct machine *machine, const char *config, const struct row_test *tests,
		   size_t count, int (*before)(void **state), int (*after)(void **state))
{
	const struct row_table table = { name, tests, sizeof(tests[0]), count, run_row_test, before, after };
	int failed;

	machine_need_backend();
	machine_create(machine, config);
	failed = row_table_run(&table);
	machine_destroy(machine);
	return failed;
}
