/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a refusal. Knows nothing of what is checked. */
#include <stdarg.h>
#include <stdio.h>

#include "../error/error.h"
#include "report.h"

void report_add(struct report *report, const char *format, ...)
{
	size_t room = sizeof(report->text) - report->length;
	va_list arguments;
	int wanted;

	report->count++;
	wanted = snprintf(report->text + report->length, room, "\n  - ");
	if (wanted < 0 || (size_t)wanted >= room)
		goto full;
	report->length += (size_t)wanted;
	room -= (size_t)wanted;
	va_start(arguments, format);
	wanted = vsnprintf(report->text + report->length, room, format, arguments);
	va_end(arguments);
	if (wanted < 0 || (size_t)wanted >= room)
		goto full;
	report->length += (size_t)wanted;
	return;
full:
	report->length = sizeof(report->text) - 1; /* cut, and nothing more fits */
}

const char *report_text(const struct report *report)
{
	return report->count == 1 ? report->text + sizeof("\n  - ") - 1 : report->text;
}

int32_t report_refuse(const struct report *report, const char *subject)
{
	const char *text = report_text(report);

	if (!report->count)
		return 0;
	if (report->count == 1)
		return error_set(AXVCPU_ERROR_INVALID_DATA, "%s is refused: %s", subject, text);
	return error_set(AXVCPU_ERROR_INVALID_DATA, "%s is refused for %u reasons:%s", subject, report->count, text);
}
