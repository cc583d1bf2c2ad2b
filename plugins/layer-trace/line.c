/* SPDX-License-Identifier: Apache-2.0 */
/* Formatting without stdio. Knows exits, not ops. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../common/exits.h"
#include "line.h"

void line_text(struct line *line, const char *text)
{
	while (*text && line->length < sizeof(line->text) - 1) /* the newline has its place */
		line->text[line->length++] = *text++;
}

static void number(struct line *line, uint64_t value, unsigned base)
{
	char digits[24];
	size_t at = sizeof(digits) - 1;

	digits[at] = '\0';
	do
		digits[--at] = "0123456789abcdef"[value % base];
	while (value /= base);
	line_text(line, &digits[at]);
}

void line_decimal(struct line *line, int64_t value)
{
	if (value < 0)
		line_text(line, "-");
	number(line, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10);
}

void line_hex(struct line *line, uint64_t value)
{
	line_text(line, "0x");
	number(line, value, 16);
}

static void element(struct line *line, const struct axvcpu_exit *exit, uint32_t offset, uint32_t size)
{
	uint32_t small;
	uint64_t large;

	if (size == sizeof(large)) {
		memcpy(&large, (const char *)exit + offset, sizeof(large));
		line_hex(line, large);
	} else {
		memcpy(&small, (const char *)exit + offset, sizeof(small));
		line_decimal(line, small);
	}
}

static void field(struct line *line, const struct axvcpu_exit *exit, const struct exit_row *row, uint32_t index)
{
	const struct exit_field *shown = &row->fields[index];
	uint32_t offset = exits_field_offset(row, index);

	line_text(line, shown->name);
	line_text(line, shown->count > 1 ? "=[" : "=");
	for (uint32_t i = 0; i < shown->count; i++) {
		line_text(line, i ? ", " : "");
		element(line, exit, offset + i * shown->size, shown->size);
	}
	line_text(line, shown->count > 1 ? "]" : "");
}

static void fields(struct line *line, const struct axvcpu_exit *exit, const struct exit_row *row)
{
	const char *separator = "{";

	for (uint32_t i = 0; row->fields[i].name; i++) {
		if (!strcmp(row->fields[i].name, "reserved"))
			continue;
		line_text(line, separator);
		field(line, exit, row, i);
		separator = ", ";
	}
	line_text(line, *separator == ',' ? "}" : "");
}

void line_exit(struct line *line, const struct axvcpu_exit *exit)
{
	const struct exit_row *row = exits_by_reason(exit->reason);

	if (!row) {
		line_text(line, "unknown exit reason ");
		line_decimal(line, exit->reason);
		return;
	}
	line_text(line, row->spelling);
	/* The exit of a host that was compiled with older headers may end before the fields of a newer reason. */
	if (row->offset + row->size <= exit->size)
		fields(line, exit, row);
}

static uint8_t byte_of_weight(const uint8_t *bytes, uint32_t size, uint32_t weight)
{
	return bytes[__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? weight : size - 1 - weight];
}

void line_bytes(struct line *line, const void *bytes, uint32_t size)
{
	line_text(line, "0x");
	for (uint32_t weight = size < LINE_CAPACITY ? size : LINE_CAPACITY; weight--;) {
		uint8_t byte = byte_of_weight(bytes, size, weight);

		number(line, byte >> 4, 16);
		number(line, byte & 15, 16);
	}
}

int line_write(struct line *line, int fd)
{
	int saved = errno, error = 0;
	ssize_t written;

	line->text[line->length] = '\n';
	do
		written = write(fd, line->text, line->length + 1);
	while (written < 0 && errno == EINTR);
	if (written < 0)
		error = errno;
	else if ((size_t)written != line->length + 1)
		error = ENOSPC;
	errno = saved;
	return error;
}
