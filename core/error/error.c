/* SPDX-License-Identifier: Apache-2.0 */
/* The calling thread's error: one code, one text. Knows nothing of who fails. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "error.h"

#define TEXT_CAPACITY 4096

static _Thread_local int32_t last_code;
static _Thread_local char last_text[TEXT_CAPACITY];
static _Thread_local int32_t expected_code;

static int32_t set_formatted(int32_t code, const char *format, va_list arguments)
{
	char text[TEXT_CAPACITY]; /* not last_text: it may be among the arguments */
	int length = vsnprintf(text, sizeof(text), format, arguments);

	memcpy(last_text, text, length < TEXT_CAPACITY ? (size_t)length + 1 : TEXT_CAPACITY);
	last_code = code;
	return code;
}

void error_expect(int32_t code)
{
	expected_code = code;
}

int error_is_expected(int32_t code)
{
	return code == expected_code && code;
}

int32_t error_set(int32_t code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	set_formatted(code, format, arguments);
	va_end(arguments);
	return code;
}

struct meaning {
	int32_t code;
	const char *name;
	const char *text;
};

static const struct meaning meanings[] = {
#define MEANING(name, value, text) { value, #name, text },
	AXVCPU_ERRORS(MEANING)
#undef MEANING
};

static const struct meaning *meaning_of(int32_t code)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (meanings[i].code == code)
			return &meanings[i];
	return NULL;
}

/* BAD_STATE is spelled BadState, as axerrno does. */
static const char *kind_name(const char *constant)
{
	static _Thread_local char name[32];
	size_t length = 0;
	int start = 1;

	for (; *constant && length + 1 < sizeof(name); constant++) {
		if (*constant == '_') {
			start = 1;
			continue;
		}
		name[length++] = start ? *constant : (char)(*constant | 0x20);
		start = 0;
	}
	name[length] = '\0';
	return name;
}

/* Linux's errnos are below 4096. Also keeps INT32_MIN from being negated. */
static int is_errno(int32_t code)
{
	return code < 0 && code > -4096;
}

static const char *meaning_text(int32_t code)
{
	const struct meaning *meaning = meaning_of(code);

	if (meaning)
		return meaning->text;
	return is_errno(code) ? strerror(-code) : "an error without a text";
}

int32_t error_prefix(int32_t code, const char *format, ...)
{
	va_list arguments;
	char behind[TEXT_CAPACITY];

	snprintf(behind, sizeof(behind), "%s", last_code == code && last_text[0] ? last_text : meaning_text(code));
	va_start(arguments, format);
	set_formatted(code, format, arguments);
	va_end(arguments);
	strncat(last_text, behind, sizeof(last_text) - strlen(last_text) - 1);
	return code;
}

void error_clear(void)
{
	last_code = 0;
	last_text[0] = '\0';
}

const char *axvcpu_error_text(void)
{
	return last_text;
}

int32_t axvcpu_error_code(void)
{
	return last_code;
}

const char *axvcpu_error_name(int32_t code)
{
	const struct meaning *meaning = meaning_of(code);

	if (meaning)
		return kind_name(meaning->name);
	if (is_errno(code) && strerrorname_np(-code))
		return strerrorname_np(-code);
	return code ? "unknown error" : "success";
}
