/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail.h"
#include "loader/symbols.h"
#include "switch_plan.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FORM "[N@]TRIGGER:BACKEND, such as marker=login:sim-x86_64"
#define TIME_MAX 31536000 /* a year of seconds, which fits into 64 bits of nanoseconds */
#define EXIT_NAMES_MAX 64u

static const char *const words[] = {
#define WORD(name, word, what, example) word,
	SWITCH_TRIGGERS(WORD)
#undef WORD
};

static const struct {
	const char *what, *example;
} explained[] = {
#define EXPLAINED(name, word, what, example) { what, example },
	SWITCH_TRIGGERS(EXPLAINED)
#undef EXPLAINED
};

/* What is said of a value that is none. */
static int bad_value(const struct switch_rule *rule, const char *value, const char *hint)
{
	return fail(STATUS_USAGE, "--switch %s: \"%s\" is not %s, such as %s%s", rule->text, value,
		    explained[rule->trigger].what, explained[rule->trigger].example, hint);
}

static int keep_word(struct switch_rule *rule, const char *value)
{
	rule->word = strdup(value);
	return rule->word ? STATUS_OK : fail(STATUS_HOST, "--switch %s: no memory", rule->text);
}

static int parse_number(struct switch_rule *rule, const char *value)
{
	bool may_be_zero = rule->trigger == SWITCH_PC;

	if (!options_number(value, &rule->value) || (!rule->value && !may_be_zero))
		return bad_value(rule, value, "");
	return STATUS_OK;
}

/* The numbers of exits are without gaps. */
static size_t exit_names(const char *ret_names[EXIT_NAMES_MAX])
{
	size_t count = 0;

	while (count < EXIT_NAMES_MAX && strcmp(axvcpu_exit_name((uint32_t)count), "unknown")) {
		ret_names[count] = axvcpu_exit_name((uint32_t)count);
		count++;
	}
	return count;
}

static int find_exit(struct switch_rule *rule, const char *name)
{
	const char *names[EXIT_NAMES_MAX];
	size_t count = exit_names(names);

	rule->reason = SWITCH_EVERY_EXIT;
	for (size_t i = 0; i < count && *name; i++)
		if (!strcmp(names[i], name))
			rule->reason = (uint32_t)i;
	if (*name && rule->reason == SWITCH_EVERY_EXIT)
		return bad_value(rule, name, fail_suggestion(name, names, (uint32_t)count));
	return STATUS_OK;
}

/* REASON, REASON*COUNT or *COUNT */
static int parse_exit(struct switch_rule *rule, const char *value)
{
	const char *times = strchr(value, '*');
	char name[64];

	rule->value = 1;
	if (!*value || (times && (!options_number(times + 1, &rule->value) || !rule->value)))
		return bad_value(rule, value, "");
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(value, "*"), value);
	return find_exit(rule, name);
}

static int parse_duration(struct switch_rule *rule, const char *value)
{
	static const struct {
		const char *word;
		double ns;
	} units[] = { { "s", 1e9 }, { "ms", 1e6 }, { "us", 1e3 }, { "ns", 1 } };
	char *end = NULL;
	double number = *value >= '0' && *value <= '9' ? strtod(value, &end) : -1;

	for (size_t i = 0; i < COUNT(units) && number >= 0; i++) {
		if (strcmp(end, units[i].word) || !isfinite(number) || number * units[i].ns > TIME_MAX * 1e9)
			continue;
		rule->value = (uint64_t)(number * units[i].ns);
		return STATUS_OK;
	}
	return bad_value(rule, value, end && !*end ? "; it lacks a unit: s, ms, us or ns" : "");
}

static int parse_word(struct switch_rule *rule, const char *value)
{
	return *value ? keep_word(rule, value) : bad_value(rule, value, "");
}

static int (*const parsers[])(struct switch_rule *rule, const char *value) = {
	[SWITCH_PC] = parse_number, [SWITCH_SYMBOL] = parse_word, [SWITCH_INSNS] = parse_number,
	[SWITCH_EXIT] = parse_exit, [SWITCH_MARKER] = parse_word, [SWITCH_TIME] = parse_duration,
};

/* TRIGGER=VALUE */
static int parse_trigger(struct switch_rule *rule, const char *trigger)
{
	size_t length = strcspn(trigger, "=");
	char word[64];

	snprintf(word, sizeof(word), "%.*s", (int)(length < 63 ? length : 63), trigger);
	for (size_t i = 0; i < COUNT(words); i++)
		if (!strcmp(word, words[i])) {
			rule->trigger = (enum switch_trigger)i;
			return parsers[i](rule, trigger[length] ? trigger + length + 1 : "");
		}
	return fail(STATUS_USAGE,
		    "--switch %s: there is no trigger \"%s\"; there are pc, symbol, insns, exit, marker and time%s",
		    rule->text, word, fail_suggestion(word, words, COUNT(words)));
}

/* N@, if it is there. Returns what is behind it. */
static const char *parse_cpu(struct switch_rule *rule)
{
	size_t digits = strspn(rule->text, "0123456789");

	rule->cpu = SWITCH_EVERY_CPU;
	if (!digits || rule->text[digits] != '@')
		return rule->text;
	rule->cpu = digits < 9 ? (unsigned)strtoul(rule->text, NULL, 10) : SWITCH_EVERY_CPU - 1;
	return rule->text + digits + 1;
}

/* Cuts `copy` into trigger and backend, at the last colon: markers may have others. */
static int parse_parts(struct switch_rule *rule, char *copy, const struct options *options, struct engines *engines)
{
	char *colon = strrchr(copy, ':');
	int status;

	if (!colon || !colon[1])
		return fail(STATUS_USAGE, "--switch: \"%s\" is not of the form " FORM, rule->text);
	*colon = '\0';
	if (rule->cpu != SWITCH_EVERY_CPU && rule->cpu >= options->cpus)
		return fail(STATUS_USAGE, "--switch %s: there is no such cpu: --smp gives %llu, and the first is cpu 0",
			    rule->text, (unsigned long long)options->cpus);
	status = parse_trigger(rule, copy);
	return status ? status : engines_add(engines, "--switch", rule->text, colon + 1, &rule->engine);
}

static int parse_rule(struct switch_rule *rule, const struct options *options, struct engines *engines)
{
	char *copy = strdup(parse_cpu(rule));
	int status;

	if (!copy)
		return fail(STATUS_HOST, "--switch %s: no memory", rule->text);
	status = parse_parts(rule, copy, options, engines);
	free(copy);
	return status;
}

int switch_plan_parse(const struct options *options, struct engines *engines, struct switch_plan *ret_plan)
{
	const struct texts *switches = &options->switches;
	int status = STATUS_OK;

	if (!switches->count)
		return STATUS_OK;
	ret_plan->rules = calloc(switches->count, sizeof(*ret_plan->rules));
	if (!ret_plan->rules)
		return fail(STATUS_HOST, "--switch: no memory");
	ret_plan->count = switches->count;
	for (size_t i = 0; i < switches->count && !status; i++) {
		ret_plan->rules[i].text = switches->items[i];
		status = parse_rule(&ret_plan->rules[i], options, engines);
	}
	return status;
}

void switch_plan_finish(struct switch_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		free(plan->rules[i].word);
	free(plan->rules);
	*plan = (struct switch_plan){ 0, NULL };
}

static bool wants_symbols(const struct switch_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		if (plan->rules[i].trigger == SWITCH_SYMBOL)
			return true;
	return false;
}

static int find_symbols(struct switch_plan *plan, const struct symbols *symbols)
{
	int status = STATUS_OK;

	for (size_t i = 0; i < plan->count && !status; i++) {
		struct switch_rule *rule = &plan->rules[i];

		if (rule->trigger == SWITCH_SYMBOL && !symbols_find(symbols, rule->word, &rule->value))
			status = fail(STATUS_USAGE, "--switch %s: \"%s\" has no symbol \"%s\"%s", rule->text,
				      symbols->name, rule->word, symbols_suggestion(symbols, rule->word));
	}
	return status;
}

static int find_symbols_in(struct switch_plan *plan, const struct blob *blob)
{
	struct symbols symbols;
	int status = symbols_read(blob, &symbols);

	if (status)
		return status;
	status = find_symbols(plan, &symbols);
	symbols_finish(&symbols);
	return status;
}

static int look_up(struct switch_plan *plan, const struct options *options, const struct blob *image, int interrupt_fd)
{
	struct blob file = { .data = NULL };
	int status;

	if (!wants_symbols(plan))
		return STATUS_OK;
	if (!options->symbols && !image->data)
		return fail(STATUS_USAGE, "--switch symbol: the built-in guest has no symbols; give an image, or a "
					  "file that has them with --symbols");
	if (!options->symbols)
		return find_symbols_in(plan, image);
	status = blob_read("--symbols:", options->symbols, SYMBOLS_FILE_MAX, interrupt_fd, &file);
	if (!status)
		status = find_symbols_in(plan, &file);
	blob_finish(&file);
	return status;
}

static bool counts(const struct engines *engines, unsigned engine)
{
	return axvcpu_backend_has(engines->items[engine], "set_budget");
}

/* Whether the cpu can come to an engine that counts, without a switch that waits for counted instructions. */
static bool may_count(const struct switch_plan *plan, const struct engines *engines, unsigned cpu)
{
	bool may = counts(engines, engines->of_cpu[cpu]);

	for (size_t i = 0; i < plan->count && !may; i++)
		may = plan->rules[i].trigger != SWITCH_INSNS && switch_concerns(&plan->rules[i], cpu) &&
		      counts(engines, plan->rules[i].engine);
	return may;
}

/* For texts: one that does, or NULL. */
static const char *one_that_counts(const struct engines *engines)
{
	for (unsigned i = 0; i < engines->count; i++)
		if (counts(engines, i))
			return engines_name(engines, i);
	return NULL;
}

static int check_counting(const struct switch_plan *plan, const struct switch_rule *rule, const struct options *options,
			  const struct engines *engines)
{
	const char *other = one_that_counts(engines);

	for (unsigned cpu = 0; cpu < options->cpus; cpu++)
		if (switch_concerns(rule, cpu) && !may_count(plan, engines, cpu))
			return fail(STATUS_USAGE, "--switch %s: %s, on which cpu %u is, counts no instructions%s%s",
				    rule->text, engines_name(engines, engines->of_cpu[cpu]), cpu,
				    other ? "; start it on one that does: " : "; simulators do", other ? other : "");
	return STATUS_OK;
}

int switch_plan_resolve(struct switch_plan *plan, const struct options *options, const struct engines *engines,
			const struct blob *image, int interrupt_fd)
{
	int status = look_up(plan, options, image, interrupt_fd);

	for (size_t i = 0; i < plan->count && !status; i++)
		if (plan->rules[i].trigger == SWITCH_INSNS)
			status = check_counting(plan, &plan->rules[i], options, engines);
	return status;
}
