/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of tests: each row is a cmocka test of its own in every mode that it is for. Knows nothing of what a row
 * means. */
#ifndef TESTS_CONFORMANCE_X86_64_ROW_H
#define TESTS_CONFORMANCE_X86_64_ROW_H

#include "machine.h"

enum {
	IN_REAL = 1 << GUEST_REAL,
	IN_PROTECTED = 1 << GUEST_PROTECTED,
	IN_LONG = 1 << GUEST_LONG,
	IN_USER = 1 << GUEST_USER,
	IN_RING0 = IN_REAL | IN_PROTECTED | IN_LONG,
	IN_64 = IN_LONG | IN_USER,
	IN_ALL = IN_RING0 | IN_USER
};

/* What a test's function gets as its state. */
struct row_case {
	const void *row;
	unsigned mode;
	char name[64]; /* "real: in_al_imm" */
};

struct row_table {
	const char *name; /* of the group */
	const void *rows; /* each begins with a struct row_head */
	size_t row_size, count;
	void (*test)(void **state); /* *state is its struct row_case */
	int (*before)(void **state), (*after)(void **state);
};

struct row_head {
	const char *name;
	unsigned modes; /* IN_* */
};

/* Runs the table, or what AXVCPU_CONFORMANCE_ONLY names ("real: *"), without what AXVCPU_CONFORMANCE_EXCEPT does
 * ("user: *step*,long: *"); returns how many failed, as cmocka does. */
int row_table_run(const struct row_table *table);

/* Tests that are functions of their own. */
struct row_test {
	struct row_head head;
	void (*run)(unsigned mode);
};

/* A program's whole main(): needs the backend, makes the machine with that create config, runs the tests, each between
 * `before` and `after` (NULL: nothing). */
int row_tests_main(const char *name, struct machine *machine, const char *config, const struct row_test *tests,
		   size_t count, int (*before)(void **state), int (*after)(void **state));

#endif
