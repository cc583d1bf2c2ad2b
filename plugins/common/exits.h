/* SPDX-License-Identifier: Apache-2.0 */
/* The exits of <axvcpu/exit.h> as rows, for plugins that read or write any of them by name. */
#ifndef PLUGINS_COMMON_EXITS_H
#define PLUGINS_COMMON_EXITS_H

#include <axvcpu/exit.h>

#define EXIT_FIELDS_MAX 6

struct exit_field {
	const char *name;
	uint32_t size; /* bytes of one element */
	uint32_t count;
};

struct exit_row {
	const char *spelling;
	uint32_t reason;
	uint32_t offset; /* of its struct in struct axvcpu_exit */
	uint32_t size;
	struct exit_field fields[EXIT_FIELDS_MAX + 1]; /* up to the first without a name */
};

/* NULL: no such exit. */
const struct exit_row *exits_by_reason(uint32_t reason);
const struct exit_row *exits_by_spelling(const char *spelling);

/* Where field number `index` lies in struct axvcpu_exit. */
uint32_t exits_field_offset(const struct exit_row *row, uint32_t index);

#endif
