/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers, flags, choices, texts and arrays, from text and back. Knows nothing of configs and backends. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <axvcpu/error.h>

#include "../error/error.h"
#include "layout.h"
#include "value.h"

#define WORDS_MAX 64
#define SHOWN 40 /* characters of a bad value that an error repeats */

static const struct {
	const char *word;
	uint64_t value;
} flags[] = { { "on", 1 },  { "yes", 1 }, { "true", 1 },  { "1", 1 },
	      { "off", 0 }, { "no", 0 },  { "false", 0 }, { "0", 0 } };

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return 99;
}

static unsigned base_of(const char **text)
{
	static const struct {
		char letter;
		unsigned base;
	} bases[] = { { 'x', 16 }, { 'o', 8 }, { 'b', 2 } };

	for (size_t i = 0; (*text)[0] == '0' && i < sizeof(bases) / sizeof(bases[0]); i++)
		if (((*text)[1] | 0x20) == bases[i].letter) {
			*text += 2;
			return bases[i].base;
		}
	return 10;
}

/* "K", "M", "G", "T" or the end: the shift; -1: something else. */
static int shift_of(const char *text)
{
	static const char letters[] = "KMGT";
	const char *letter;

	if (!*text)
		return 0;
	letter = strchr(letters, *text & ~0x20);
	return letter && *letter && !text[1] ? (int)(10 * (letter - letters + 1)) : -1;
}

/* A magnitude. 0: not a number; 1: fine; 2: more than 64 bits. */
static int parse_magnitude(const char *text, uint64_t *ret_value)
{
	unsigned base = base_of(&text);
	uint64_t value = 0;
	int too_much = 0, shift;

	if (digit_of(*text) >= (int)base)
		return 0;
	for (; digit_of(*text) < (int)base; text++)
		too_much |= __builtin_mul_overflow(value, base, &value) ||
			    __builtin_add_overflow(value, (uint64_t)digit_of(*text), &value);
	shift = shift_of(text);
	if (shift < 0)
		return 0;
	*ret_value = value << shift;
	return too_much || *ret_value >> shift != value ? 2 : 1;
}

static int32_t say_range(const struct axarch_field *field, const char *shown)
{
	if (config_is_signed(field))
		return error_set(AXVCPU_ERROR_INVALID_INPUT, "%s: %s is outside %" PRId64 "..%" PRId64 " (%s)",
				 field->name, shown, (int64_t)field->min, (int64_t)field->max, field->doc);
	return error_set(AXVCPU_ERROR_INVALID_INPUT, "%s: %s is outside %" PRIu64 "..%" PRIu64 " (%s)", field->name,
			 shown, field->min, field->max, field->doc);
}

int32_t value_check(const struct axarch_field *field, uint64_t value)
{
	char shown[32];

	if (config_in_range(field, value))
		return 0;
	if (field->type == AXARCH_FIELD_choice)
		return error_set(AXVCPU_ERROR_INVALID_INPUT,
				 "%s: there is no choice number %" PRIu64 " among the %u of %s", field->name, value,
				 config_choice_count(field), field->choices);
	snprintf(shown, sizeof(shown), config_is_signed(field) ? "%" PRId64 : "%" PRIu64, value);
	return say_range(field, shown);
}

static int32_t parse_number(const struct axarch_field *field, const char *text, uint64_t *ret_value)
{
	int negative = *text == '-';
	uint64_t value;
	char shown[SHOWN + 1];

	snprintf(shown, sizeof(shown), "%s", text);
	switch (parse_magnitude(text + negative, &value)) {
	case 0:
		return error_set(AXVCPU_ERROR_INVALID_INPUT,
				 "%s: \"%s\" is not a number; decimal, 0x, 0o or 0b, with K, M, G or T behind it (%s)",
				 field->name, shown, field->doc);
	case 2:
		return say_range(field, shown);
	}
	if (negative ? !config_is_signed(field) || value > UINT64_C(1) << 63
		     : config_is_signed(field) && value > INT64_MAX)
		return say_range(field, shown);
	value = negative ? 0 - value : value;
	if (!config_in_range(field, value))
		return say_range(field, shown);
	*ret_value = value;
	return 0;
}

static int32_t parse_flag(const struct axarch_field *field, const char *text, uint64_t *ret_value)
{
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (!strcasecmp(text, flags[i].word)) {
			*ret_value = flags[i].value;
			return value_check(field, flags[i].value);
		}
	return error_set(AXVCPU_ERROR_INVALID_INPUT,
			 "%s: \"%.*s\" is neither on nor off (also yes/no, true/false, 1/0)", field->name, SHOWN, text);
}

static int32_t say_no_choice(const struct axarch_field *field, const char *text)
{
	char copy[sizeof(field->choices)], *next, *word = copy;
	const char *words[WORDS_MAX], *near;
	uint32_t count = 0;

	memcpy(copy, field->choices, sizeof(copy));
	for (; word && count < WORDS_MAX; word = next) {
		next = strchr(word, '|');
		if (next)
			*next++ = '\0';
		words[count++] = word;
	}
	near = axvcpu_nearest(text, words, count);
	return error_set(AXVCPU_ERROR_INVALID_INPUT, "%s: \"%.*s\" is none of %s%s%s%s", field->name, SHOWN, text,
			 field->choices, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static int32_t parse_choice(const struct axarch_field *field, const char *text, uint64_t *ret_value)
{
	const char *word = field->choices;

	for (uint64_t index = 0; *word; index++) {
		size_t length = strcspn(word, "|");

		if (strlen(text) == length && !strncmp(word, text, length)) {
			*ret_value = index;
			return 0;
		}
		word += length + (word[length] == '|');
	}
	return say_no_choice(field, text);
}

static int32_t parse_one(const struct axarch_field *field, const char *text, uint64_t *ret_value)
{
	if (field->type == AXARCH_FIELD_choice)
		return parse_choice(field, text, ret_value);
	if (field->type == AXARCH_FIELD_flag)
		return parse_flag(field, text, ret_value);
	return parse_number(field, text, ret_value);
}

/* "text" without its quotes, in place of `ret_text`. -1: the quotes do not match. */
static int unquote(const char *text, char *ret_text)
{
	for (text++; *text && *text != '"'; text++) {
		if (*text == '\\' && (text[1] == '"' || text[1] == '\\'))
			text++;
		*ret_text++ = *text;
	}
	*ret_text = '\0';
	return text[0] == '"' && !text[1] ? 0 : -1;
}

static int32_t parse_text(const struct axarch_field *field, const char *text, void *block)
{
	char *plain = strdup(text);
	int32_t error = 0;

	if (!plain)
		return error_set(AXVCPU_ERROR_NO_MEMORY, "%s: no memory for its text", field->name);
	if (*text == '"' && unquote(text, plain))
		error = error_set(AXVCPU_ERROR_INVALID_INPUT,
				  "%s: the closing double quote is missing or not at the end", field->name);
	else if (strlen(plain) >= field->count)
		error = error_set(AXVCPU_ERROR_INVALID_INPUT, "%s: the text has %zu characters, %u is the most (%s)",
				  field->name, strlen(plain), field->count - 1, field->doc);
	if (!error) {
		memset((char *)block + field->offset, 0, field->count);
		memcpy((char *)block + field->offset, plain, strlen(plain));
	}
	free(plain);
	return error;
}

/* The next of the elements between colons; NULL after the last one. */
static char *cut_element(char *element)
{
	char *colon = strchr(element, ':');

	if (!colon)
		return NULL;
	*colon = '\0';
	return colon + 1;
}

static int32_t parse_elements(const struct axarch_field *field, char *text, uint64_t *values)
{
	char *element = text;
	uint32_t count = 0;

	for (; element && count < field->count; count++) {
		char *next = field->count > 1 ? cut_element(element) : NULL;
		int32_t error = parse_one(field, element, &values[count]);

		if (error)
			return error;
		element = next;
	}
	if (count == field->count && !element)
		return 0;
	return error_set(AXVCPU_ERROR_INVALID_INPUT, "%s: it has %u elements, separated by ':', but %s%u %s given",
			 field->name, field->count, element ? "more than " : "", count, count == 1 ? "is" : "are");
}

int32_t value_parse(const struct axarch_field *field, const char *text, void *block)
{
	uint64_t *values;
	char *copy;
	int32_t error;

	if (field->type == AXARCH_FIELD_text)
		return parse_text(field, text, block);
	values = calloc(field->count, sizeof(*values));
	copy = strdup(text);
	if (values && copy)
		error = parse_elements(field, copy, values);
	else
		error = error_set(AXVCPU_ERROR_NO_MEMORY, "%s: no memory for its value", field->name);
	for (uint32_t i = 0; !error && i < field->count; i++)
		config_store(field, block, i, values[i]);
	free(copy);
	free(values);
	return error;
}

/* Where text goes, counting what does not fit. */
struct writer {
	char *text;
	size_t capacity;
	size_t length;
};

static void write_char(struct writer *writer, char c)
{
	if (writer->length + 1 < writer->capacity)
		writer->text[writer->length] = c;
	writer->length++;
}

static void write_text(struct writer *writer, const char *text, size_t length)
{
	while (length--)
		write_char(writer, *text++);
}

static void write_quoted(struct writer *writer, const char *text)
{
	if (*text && !strpbrk(text, "\",\\=")) {
		write_text(writer, text, strlen(text));
		return;
	}
	write_char(writer, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			write_char(writer, '\\');
		write_char(writer, *text);
	}
	write_char(writer, '"');
}

static void write_choice(struct writer *writer, const struct axarch_field *field, uint64_t index)
{
	const char *word = field->choices;

	while (index--)
		word += strcspn(word, "|") + 1;
	write_text(writer, word, strcspn(word, "|"));
}

static void write_one(struct writer *writer, const struct axarch_field *field, uint64_t value)
{
	char text[32];

	if (field->type == AXARCH_FIELD_choice) {
		write_choice(writer, field, value);
		return;
	}
	if (field->type == AXARCH_FIELD_flag)
		snprintf(text, sizeof(text), "%s", value ? "on" : "off");
	else
		snprintf(text, sizeof(text), config_is_signed(field) ? "%" PRId64 : "%" PRIu64, value);
	write_text(writer, text, strlen(text));
}

size_t value_format(const struct axarch_field *field, const void *block, char *ret_text, size_t capacity)
{
	struct writer writer = { ret_text, capacity, 0 };

	if (field->type == AXARCH_FIELD_text)
		write_quoted(&writer, (const char *)block + field->offset);
	for (uint32_t i = 0; field->type != AXARCH_FIELD_text && i < field->count; i++) {
		if (i)
			write_char(&writer, ':');
		write_one(&writer, field, config_load(field, block, i));
	}
	if (capacity)
		ret_text[writer.length < capacity ? writer.length : capacity - 1] = '\0';
	return writer.length;
}
