/* SPDX-License-Identifier: Apache-2.0 */
/* The calling thread's failure text. Knows nothing of who fails. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fail.h"

#define TEXT_CAPACITY 4096

static _Thread_local char last_text[TEXT_CAPACITY];

static void set_text(const char *format, va_list arguments)
{
	char text[TEXT_CAPACITY]; /* not last_text: it may be among the arguments */

	vsnprintf(text, sizeof(text), format, arguments);
	memcpy(last_text, text, sizeof(text));
}

int fail(int status, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	set_text(format, arguments);
	va_end(arguments);
	return status;
}

int fail_library(int status, const char *format, ...)
{
	va_list arguments;
	size_t length;

	va_start(arguments, format);
	set_text(format, arguments);
	va_end(arguments);
	length = strlen(last_text);
	snprintf(last_text + length, sizeof(last_text) - length, "%s%s", length ? ": " : "", axvcpu_error_text());
	return status;
}

const char *fail_text(void)
{
	return last_text;
}

const char *fail_suggestion(const char *word, const char *const *candidates, uint32_t count)
{
	static _Thread_local char text[128];
	const char *nearest = axvcpu_nearest(word, candidates, count);

	if (!nearest)
		return "";
	snprintf(text, sizeof(text), "; did you mean \"%s\"?", nearest);
	return text;
}
