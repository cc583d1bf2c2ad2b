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
	uint64_t large = 0;

	memcpy(&small, (const char *)exit + offset, sizeof(small));
	if (size == sizeof(large))
		memcpy(&large, (const char *)exit + offset, sizeof(large));
	line_hex(line, size == sizeof(large) ? large : small);
}

static void field(struct line *line, const struct axvcpu_exit *exit, const struct exit_row *row, uint32_t index)
{
	const struct exit_field *shown = &row->fields[index];
	uint32_t offset = exits_field_offset(row, index);

	line_text(line, index ? ", " : "");
	line_text(line, shown->name);
	line_text(line, "=");
	for (uint32_t i = 0; i < shown->count; i++) {
		line_text(line, i ? ":" : "");
		element(line, exit, offset + i * shown->size, shown->size);
	}
}

void line_exit(struct line *line, const struct axvcpu_exit *exit)
{
	const struct exit_row *row = exits_by_reason(exit->reason);

	if (!row || row->offset + row->size > exit->size) {
		line_text(line, "exit ");
		line_decimal(line, exit->reason);
		return;
	}
	line_text(line, row->spelling);
	if (!strcmp(row->fields[0].name, "reserved"))
		return;
	line_text(line, "{");
	for (uint32_t i = 0; row->fields[i].name; i++)
		field(line, exit, row, i);
	line_text(line, "}");
}

void line_write(struct line *line, int fd)
{
	int saved = errno;
	const char *at = line->text;
	size_t left = line->length + 1;

	line->text[line->length] = '\n';
	while (left) {
		ssize_t written = write(fd, at, left);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			break;
		at += written;
		left -= (size_t)written;
	}
	errno = saved;
}
