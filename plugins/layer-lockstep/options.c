/* SPDX-License-Identifier: Apache-2.0 */
/* "sim-x86_64,report=FILE,on-difference=go-on,steps=100000,patience=60". */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lockstep.h"

#define STEPS 200000
#define PATIENCE_S 60
#define PATIENCE_MAX_S 86400

static bool set_report(const char *value, struct options *options)
{
	return (size_t)snprintf(options->report, sizeof(options->report), "%s", value) < sizeof(options->report) &&
	       *value;
}

static bool set_on_difference(const char *value, struct options *options)
{
	options->goes_on = !strcmp(value, "go-on");
	return options->goes_on || !strcmp(value, "stop");
}

static bool number(const char *value, uint64_t max, uint64_t *ret_number)
{
	char *end;

	errno = 0;
	*ret_number = strtoull(value, &end, 10);
	return *value >= '0' && *value <= '9' && !*end && !errno && *ret_number <= max;
}

static bool set_steps(const char *value, struct options *options)
{
	return number(value, UINT64_MAX, &options->steps);
}

static bool set_patience(const char *value, struct options *options)
{
	bool good = number(value, PATIENCE_MAX_S, &options->patience_ms) && options->patience_ms;

	options->patience_ms *= 1000;
	return good;
}

/* NAME or NAME:MASK */
static bool set_ignore(const char *value, struct options *options)
{
	struct ignored *ignored = &options->ignored[options->ignored_count];
	const char *colon = strchr(value, ':');
	size_t length = colon ? (size_t)(colon - value) : strlen(value);
	char *end = NULL;

	if (options->ignored_count == LOCKSTEP_IGNORED_MAX || !length || length >= sizeof(ignored->name))
		return false;
	memcpy(ignored->name, value, length);
	ignored->name[length] = '\0';
	ignored->mask = colon ? strtoull(colon + 1, &end, 0) : UINT64_MAX;
	options->ignored_count++;
	return ignored->mask && (!end || !*end);
}

static const struct {
	const char *name;
	bool (*set)(const char *value, struct options *options);
	const char *wanted;
} rows[] = {
	{ "report", set_report, "the path of a file" },
	{ "on-difference", set_on_difference, "stop or go-on" },
	{ "steps", set_steps, "a number of instructions" },
	{ "patience", set_patience, "a number of seconds, at most 86400" },
	{ "ignore", set_ignore, "a register that is not compared, or some bits of it: ignore=rflags:0x3000" },
};

static int32_t set(const struct axarch_host *host, char *item, struct options *options)
{
	char *value = strchr(item, '=');

	if (value)
		*value++ = '\0';
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].name, item))
			continue;
		if (value && rows[i].set(value, options))
			return 0;
		return host->error(AXVCPU_ERROR_INVALID_INPUT, "lockstep: %s is %s", item, rows[i].wanted);
	}
	return host->error(AXVCPU_ERROR_INVALID_INPUT,
			   "lockstep: no option \"%s\": there are report, on-difference, ignore, steps and patience",
			   item);
}

int32_t options_parse(const struct axarch_host *host, const char *text, struct options *ret_options)
{
	char copy[4 * LOCKSTEP_NAME_MAX], *save = NULL, *item;
	int32_t error = 0;

	*ret_options = (struct options){ .steps = STEPS, .patience_ms = PATIENCE_S * 1000 };
	if ((size_t)snprintf(copy, sizeof(copy), "%s", text) >= sizeof(copy))
		return host->error(AXVCPU_ERROR_INVALID_INPUT, "lockstep: the options have more than %zu characters",
				   sizeof(copy) - 1);
	item = strtok_r(copy, ",", &save);
	if (!item || strlen(item) >= sizeof(ret_options->shadow))
		return host->error(AXVCPU_ERROR_INVALID_INPUT,
				   "lockstep: name the engine to compare with: lockstep=sim-x86_64");
	strcpy(ret_options->shadow, item);
	while (!error && (item = strtok_r(NULL, ",", &save)))
		error = set(host, item, ret_options);
	return error;
}
