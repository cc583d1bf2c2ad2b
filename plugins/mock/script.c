/* SPDX-License-Identifier: Apache-2.0 */
/* Parses the mock's script. All names come from the lists of exits, ops and errors; nothing is typed twice. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../common/exits.h"
#include "script.h"

#define ITEM_MAX 256

/* clang-format off */
#define OP_NAME(scope, name, presence, since, where, arguments, doc) #name,
static const char *const ops[] = { AXARCH_VCPU_OPS(OP_NAME) };

static const struct {
	const char *name;
	int32_t code;
} errors[] = {
#define ERROR_ROW(name, value, text) { #name, value },
	AXVCPU_ERRORS(ERROR_ROW)
};
/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int parse_u64(const char *text, char **ret_end, uint64_t *ret_value)
{
	errno = 0;
	*ret_value = strtoull(text, ret_end, 0);
	return *ret_end == text || errno || *text == '-' || *text == ' ' ? -1 : 0;
}

/* A number, or the name of an error as <axvcpu/error.h> has it. Not 0. */
static int parse_code(const char *text, char **ret_end, int32_t *ret_code)
{
	long code;

	for (size_t i = 0; i < COUNT(errors); i++) {
		size_t length = strlen(errors[i].name);

		if (!strncmp(text, errors[i].name, length)) {
			*ret_end = (char *)(uintptr_t)text + length;
			*ret_code = errors[i].code;
			return 0;
		}
	}
	code = strtol(text, ret_end, 0);
	*ret_code = (int32_t)code;
	return *ret_end == text || !code || code != *ret_code ? -1 : 0;
}

static const struct exit_field *field_of(const struct exit_row *row, const char *name, size_t length,
					 uint32_t *ret_offset)
{
	for (uint32_t i = 0; row->fields[i].name; i++) {
		const struct exit_field *field = &row->fields[i];

		if (strlen(field->name) == length && !strncmp(field->name, name, length)) {
			*ret_offset = exits_field_offset(row, i);
			return field;
		}
	}
	return NULL;
}

static int parse_values(const struct exit_field *field, char *target, const char *text)
{
	for (uint32_t i = 0; i < field->count; i++) {
		uint32_t small;
		uint64_t value;
		char *end;

		if (parse_u64(text, &end, &value) || (field->size == 4 && value > UINT32_MAX))
			return -1;
		small = (uint32_t)value;
		memcpy(target + (size_t)i * field->size, field->size == 4 ? (void *)&small : (void *)&value,
		       field->size);
		if (!*end)
			return 0;
		if (*end != ':')
			return -1;
		text = end + 1;
	}
	return -1;
}

static int32_t parse_exit(const struct axarch_host *host, const struct exit_row *row, char *rest,
			  struct script_step *step)
{
	char *save = NULL;

	step->kind = STEP_EXIT;
	step->exit.reason = row->reason;
	for (char *word = strtok_r(rest, " \t", &save); word; word = strtok_r(NULL, " \t", &save)) {
		const char *equals = strchr(word, '=');
		uint32_t offset = 0;
		const struct exit_field *field = equals ? field_of(row, word, (size_t)(equals - word), &offset) : NULL;

		if (!field)
			return host->error(AXVCPU_ERROR_INVALID_INPUT, "mock script: \"%s\" is no field=number of %s",
					   word, row->spelling);
		if (parse_values(field, (char *)&step->exit + offset, equals + 1))
			return host->error(AXVCPU_ERROR_INVALID_INPUT,
					   "mock script: %s of %s: \"%s\" is not %u number%s of %u bytes", field->name,
					   row->spelling, equals + 1, field->count,
					   field->count == 1 ? "" : "s separated by ':'", field->size);
	}
	return 0;
}

static int32_t parse_fail(const struct axarch_host *host, const char *rule, struct script *script)
{
	size_t length = strcspn(rule, "=");
	uint64_t times = UINT32_MAX;
	int32_t code;
	char *end;

	for (size_t op = 0; op < COUNT(ops) && rule[length]; op++) {
		if (strlen(ops[op]) != length || strncmp(ops[op], rule, length) ||
		    parse_code(rule + length + 1, &end, &code))
			continue;
		if (*end == '*' && parse_u64(end + 1, &end, &times))
			break;
		if (*end || times > UINT32_MAX)
			break;
		script->fail_count += !script->fails[op].code;
		script->fails[op].code = code;
		script->fails[op].left = (uint32_t)times;
		return 0;
	}
	return host->error(AXVCPU_ERROR_INVALID_INPUT,
			   "mock script: \"fail %s\" is not fail OP=CODE or fail OP=CODE*TIMES", rule);
}

/* Ends the first word with a 0; returns what follows it. */
static char *split_word(char *text)
{
	char *rest = text + strcspn(text, " \t");

	if (*rest)
		*rest++ = '\0';
	return rest + strspn(rest, " \t");
}

static int32_t parse_item(const struct axarch_host *host, char *item, struct script *script)
{
	struct script_step *step = &script->steps[script->count];
	char *rest = split_word(item);
	const struct exit_row *row;
	int32_t error = 0;
	char *end;

	*step = (struct script_step){ .is_part = !strcmp(item, "then") };
	if (step->is_part) {
		item = rest;
		rest = split_word(item);
	}
	if (!strcmp(item, "fail") && !step->is_part)
		return parse_fail(host, rest, script);
	row = exits_by_spelling(item);
	if (row)
		error = parse_exit(host, row, rest, step);
	else if (!strcmp(item, "spin") && !*rest && !step->is_part)
		step->kind = STEP_SPIN;
	else if (!strcmp(item, "error") && !step->is_part && !parse_code(rest, &end, &step->code) && !*end)
		step->kind = STEP_ERROR;
	else
		return host->error(AXVCPU_ERROR_INVALID_INPUT,
				   "mock script: \"%s%s %s\" is no step; EXIT field=number..., then EXIT "
				   "field=number..., error CODE, "
				   "spin or fail OP=CODE",
				   step->is_part ? "then " : "", item, rest);
	script->count += !error;
	return error;
}

/* Room for as many more steps as the text can have. */
static int32_t make_room(const struct axarch_host *host, const char *text, struct script *script)
{
	size_t steps = script->count + 1;
	struct script_step *grown;

	for (; *text; text++)
		steps += *text == ';' || *text == '\n';
	grown = host->alloc(steps * sizeof(*grown));
	if (!grown)
		return host->error(AXVCPU_ERROR_NO_MEMORY, "mock script: no memory for %zu steps", steps);
	if (script->count)
		memcpy(grown, script->steps, script->count * sizeof(*grown));
	host->free(script->steps);
	script->steps = grown;
	return 0;
}

/* One item without its comment and the blanks around it; moves `*text` behind it. -1: longer than an item can be. */
static int take_item(const char **text, char *ret_item)
{
	size_t length = strcspn(*text, ";\n#");
	const char *start = *text + strspn(*text, " \t\r");
	const char *end = *text + length;

	*text = end;
	if (**text == '#')
		*text += strcspn(*text, "\n");
	*text += **text != '\0';
	while (end > start && strchr(" \t\r", end[-1]))
		end--;
	length = end > start ? (size_t)(end - start) : 0;
	if (length >= ITEM_MAX)
		return -1;
	memcpy(ret_item, start, length);
	ret_item[length] = '\0';
	return 0;
}

int32_t script_parse(const struct axarch_host *host, const char *text, struct script *script)
{
	int32_t error = make_room(host, text, script);
	char item[ITEM_MAX];

	while (!error && *text) {
		if (take_item(&text, item))
			return host->error(AXVCPU_ERROR_INVALID_INPUT,
					   "mock script: an item has more than %d characters", ITEM_MAX - 1);
		if (*item)
			error = parse_item(host, item, script);
	}
	return error;
}

void script_finish(const struct axarch_host *host, struct script *script)
{
	host->free(script->steps);
	script->steps = NULL;
	script->count = 0;
}

void script_give_exit(const struct script_step *step, struct axvcpu_exit *ret_exit)
{
	const struct exit_row *row = exits_by_reason(step->exit.reason);

	ret_exit->reason = row->reason;
	if (row->offset + row->size <= ret_exit->size)
		memcpy((char *)ret_exit + row->offset, (const char *)&step->exit + row->offset, row->size);
}

int32_t script_failure(struct script *script, uint32_t op)
{
	if (!script->fails[op].code || !script->fails[op].left)
		return 0;
	if (script->fails[op].left != UINT32_MAX)
		script->fails[op].left--;
	return script->fails[op].code;
}
