/* SPDX-License-Identifier: Apache-2.0 */
/* Rows for all exits, from the one list of them. */
#include <string.h>

#include "exits.h"

/* clang-format off */
#define SIZE_u32 4, 1
#define SIZE_u64 8, 1
#define SIZE_u64x6 8, 6
#define FIELD_A(kind, name) { #name, SIZE_##kind }, FIELD_B
#define FIELD_B(kind, name) { #name, SIZE_##kind }, FIELD_A
#define FIELD_A_END
#define FIELD_B_END
#define ROW(value, constant, member, spelling, fields, doc) \
	{ #spelling, value, (uint32_t)offsetof(struct axvcpu_exit, member), (uint32_t)sizeof(struct axvcpu_exit_##member), \
	  { AXVCPU_WALK(FIELD_A fields) } },
static const struct exit_row rows[] = { AXVCPU_EXITS(ROW) };
/* clang-format on */

#define ROWS (sizeof(rows) / sizeof(rows[0]))

const struct exit_row *exits_by_reason(uint32_t reason)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].reason == reason)
			return &rows[i];
	return NULL;
}

const struct exit_row *exits_by_spelling(const char *spelling)
{
	for (size_t i = 0; i < ROWS; i++)
		if (!strcmp(rows[i].spelling, spelling))
			return &rows[i];
	return NULL;
}

/* The members stand in the order of the fields, each aligned to its size. */
uint32_t exits_field_offset(const struct exit_row *row, uint32_t index)
{
	uint32_t offset = row->offset;

	for (uint32_t i = 0;; i++) {
		const struct exit_field *field = &row->fields[i];

		offset = (offset + field->size - 1) & ~(field->size - 1);
		if (i == index)
			return offset;
		offset += field->size * field->count;
	}
}
