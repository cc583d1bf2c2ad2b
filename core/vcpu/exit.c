/* SPDX-License-Identifier: Apache-2.0 */
/* Exits as text, made from the rows of AXVCPU_EXITS: addresses and data in hexadecimal, widths and flags in decimal. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <axvcpu/vcpu.h>

enum kind { KIND_u32, KIND_u64, KIND_u64x6 };

struct field {
	enum kind kind;
	const char *name;
};

/* clang-format off */
#define FIELD_A(kind, name) { KIND_##kind, #name }, FIELD_B
#define FIELD_B(kind, name) { KIND_##kind, #name }, FIELD_A
#define FIELD_A_END
#define FIELD_B_END
#define FIELDS(value, constant, member, spelling, fields, doc) \
	static const struct field fields_of_##member[] = { AXVCPU_WALK(FIELD_A fields) };
AXVCPU_EXITS(FIELDS)

struct row {
	const char *name;
	const struct field *fields;
	uint32_t count;
	uint32_t offset; /* of the struct in struct axvcpu_exit */
	uint32_t size;
};

static const struct row rows[] = {
#define ROW(value, constant, member, spelling, fields, doc) \
	[value] = { #spelling, fields_of_##member, sizeof(fields_of_##member) / sizeof(struct field), \
		    offsetof(struct axvcpu_exit, member), sizeof(struct axvcpu_exit_##member) },
	AXVCPU_EXITS(ROW)
#undef ROW
};
/* clang-format on */

static const struct row *row_of(uint32_t reason)
{
	return reason < sizeof(rows) / sizeof(rows[0]) ? &rows[reason] : NULL;
}

const char *axvcpu_exit_name(uint32_t reason)
{
	const struct row *row = row_of(reason);

	return row ? row->name : "unknown";
}

struct text {
	char *buffer;
	size_t capacity;
	size_t length; /* wanted */
};

static void append(struct text *text, const char *format, ...) AXVCPU_PRINTF(2, 3);
static void append(struct text *text, const char *format, ...)
{
	size_t at = text->length < text->capacity ? text->length : text->capacity;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text->capacity ? text->buffer + at : NULL, text->capacity - at, format, arguments);
	va_end(arguments);
	text->length += length > 0 ? (size_t)length : 0;
}

static void append_u64(struct text *text, const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	append(text, "0x%" PRIx64, value);
}

static void append_u32(struct text *text, const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	append(text, "%" PRIu32, value);
}

static void append_u64x6(struct text *text, const uint8_t *at)
{
	for (int i = 0; i < 6; i++) {
		append(text, i ? ", " : "[");
		append_u64(text, at + 8 * i);
	}
	append(text, "]");
}

static const struct {
	size_t size;
	size_t align;
	void (*append)(struct text *text, const uint8_t *at);
} kinds[] = {
	[KIND_u32] = { 4, 4, append_u32 },
	[KIND_u64] = { 8, 8, append_u64 },
	[KIND_u64x6] = { 48, 8, append_u64x6 },
};

/* Fields lie as the compiler lays them out: one after the other, each at its alignment. */
static void append_fields(struct text *text, const struct row *row, const uint8_t *at)
{
	const char *separator = "{";
	size_t offset = 0;

	for (uint32_t i = 0; i < row->count; i++) {
		const struct field *field = &row->fields[i];

		offset = (offset + kinds[field->kind].align - 1) & ~(kinds[field->kind].align - 1);
		if (strcmp(field->name, "reserved")) {
			append(text, "%s%s=", separator, field->name);
			kinds[field->kind].append(text, at + offset);
			separator = ", ";
		}
		offset += kinds[field->kind].size;
	}
	if (*separator == ',')
		append(text, "}");
}

int axvcpu_exit_format(const struct axvcpu_exit *exit, char *ret_text, size_t capacity)
{
	const struct row *row = row_of(exit->reason);
	struct text text = { .buffer = ret_text, .capacity = capacity };

	if (capacity)
		ret_text[0] = '\0';
	if (!row) {
		append(&text, "unknown exit reason %" PRIu32, exit->reason);
		return (int)text.length;
	}
	append(&text, "%s", row->name);
	/* An older caller's struct may end before the fields of a newer reason. */
	if (exit->size >= row->offset + row->size)
		append_fields(&text, row, (const uint8_t *)exit + row->offset);
	return (int)text.length;
}
