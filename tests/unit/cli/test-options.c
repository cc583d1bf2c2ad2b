/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: values, ranges, and what is said of mistakes. */
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"
#include "options.h"

#define WORDS_MAX 8

/* Parses "axvcpu-run" and the words, which end with NULL. */
static int parse(struct options *options, const char *const words[WORDS_MAX])
{
	char *argv[WORDS_MAX + 1] = { "axvcpu-run" };
	int argc = 1;

	for (; words[argc - 1]; argc++)
		argv[argc] = (char *)words[argc - 1];
	return options_parse(argc, argv, options);
}

#define PARSE(options, ...) parse(options, (const char *const[WORDS_MAX]){ __VA_ARGS__ })

static void has_defaults(void **state)
{
	struct options options;

	(void)state;
	assert_done(parse(&options, (const char *const[WORDS_MAX]){ NULL }));
	assert_int_equal(options.action, ACTION_RUN);
	assert_int_equal(options.memory, 128 << 20);
	assert_int_equal(options.cpus, 1);
	assert_string_equal(options.backend, "auto");
	assert_null(options.image);
	assert_false(options.has_entry);
}

static void takes_values_in_both_spellings(void **state)
{
	struct options options;

	(void)state;
	assert_done(PARSE(&options, "--mem", "64M", "--smp=4", "--entry=0x80300000", "--timeout", "0.5", "image"));
	assert_int_equal(options.memory, 64 << 20);
	assert_int_equal(options.cpus, 4);
	assert_true(options.has_entry);
	assert_int_equal(options.entry, 0x80300000);
	assert_int_equal(options.timeout_ns, 500000000);
	assert_string_equal(options.image, "image");
}

static void keeps_repeated_values_in_order(void **state)
{
	struct options options;

	(void)state;
	assert_done(PARSE(&options, "--set", "create.a=1", "--set=setup.b=2", "--layer", "trace"));
	assert_int_equal(options.sets.count, 2);
	assert_string_equal(options.sets.items[0], "create.a=1");
	assert_string_equal(options.sets.items[1], "setup.b=2");
	assert_int_equal(options.layers.count, 1);
	options_finish(&options);
	assert_int_equal(options.sets.count, 0);
}

static void takes_everything_behind_two_dashes_as_an_image(void **state)
{
	struct options options;

	(void)state;
	assert_done(PARSE(&options, "--stats", "--", "--help"));
	assert_string_equal(options.image, "--help");
	assert_true(options.stats);
	assert_int_equal(options.action, ACTION_RUN);
}

static void shows_help_whatever_else_is_asked_for(void **state)
{
	struct options options;

	(void)state;
	assert_done(PARSE(&options, "--help", "--list", "-h"));
	assert_int_equal(options.action, ACTION_HELP);
}

static void refuses(void **state)
{
	static const struct {
		const char *words[WORDS_MAX];
		int status;
		const char *text;
	} rows[] = {
		{ { "--memory", "1G" }, STATUS_USAGE, "no option --memory" },
		{ { "--timeot=3" }, STATUS_USAGE, "did you mean --timeout?" },
		{ { "-stats" }, STATUS_USAGE, "did you mean --stats?" },
		{ { "--zzzzzz" }, STATUS_USAGE, "--help lists them" },
		{ { "--mem" }, STATUS_USAGE, "--mem wants a value" },
		{ { "--mem", "128MiB" }, STATUS_USAGE, "did you mean \"128M\"?" },
		{ { "--mem", "64B" }, STATUS_USAGE, "did you mean \"64\"?" },
		{ { "--mem", "lots" }, STATUS_USAGE, "not a size from 4M to 64T" },
		{ { "--mem", "-1" }, STATUS_USAGE, "not a size" },
		{ { "--mem", "1M" }, STATUS_USAGE, "the nearest is 4M" },
		{ { "--mem", "65T" }, STATUS_HOST, "more than this host's memory" },
		{ { "--mem", "64T" }, STATUS_HOST, "more than this host's memory" },
		{ { "--mem", "99999999999999999999" }, STATUS_USAGE, "not a size" },
		{ { "--mem", "16777216T" }, STATUS_USAGE, "not a size" },
		{ { "--mem", "8388609" }, STATUS_USAGE, "no multiple of 4K" },
		{ { "--smp", "0" }, STATUS_USAGE, "not a number from 1 to 64" },
		{ { "--smp", "65" }, STATUS_USAGE, "not a number from 1 to 64" },
		{ { "--smp", "two" }, STATUS_USAGE, "--smp: \"two\"" },
		{ { "--entry", "main" }, STATUS_USAGE, "not an address" },
		{ { "--timeout", "0" }, STATUS_USAGE, "number of seconds" },
		{ { "--timeout", "-3" }, STATUS_USAGE, "number of seconds" },
		{ { "--timeout", "nan" }, STATUS_USAGE, "number of seconds" },
		{ { "--timeout", "1e300" }, STATUS_USAGE, "number of seconds" },
		{ { "--timeout", "5s" }, STATUS_USAGE, "number of seconds" },
		{ { "--stats=yes" }, STATUS_USAGE, "--stats takes no value" },
		{ { "--backend", "" }, STATUS_USAGE, "the value is empty" },
		{ { "one", "two" }, STATUS_USAGE, "\"two\" is one word too many" },
		{ { "" }, STATUS_USAGE, "image's name is empty" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct options options;

		assert_fails(parse(&options, rows[i].words), rows[i].status, rows[i].text);
		options_finish(&options);
	}
}

static void reads_numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t value;
	} good[] = {
		{ "0", 0 },          { "010", 10 },
		{ "0x10", 16 },      { "4k", 4096 },
		{ "0x2M", 2 << 20 }, { "18446744073709551615", UINT64_MAX },
		{ "0X1f", 0x1f },    { "1T", UINT64_C(1) << 40 },
	};
	static const char *const bad[] = { "",         "x",  "+1",  "-1", " 1",
					   "1 ",       "0x", "1KK", "1Q", "18446744073709551616",
					   "16777216T" };
	uint64_t value;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(options_number(good[i].text, &value));
		assert_true(value == good[i].value);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(options_number(bad[i], &value));
}

static void help_names_every_option_and_status(void **state)
{
	char *text = NULL, word[64];
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	(void)state;
	options_help(stream);
	fclose(stream);
	for (size_t i = 0; options_name(i); i++) {
		snprintf(word, sizeof(word), "  --%s", options_name(i));
		assert_non_null(strstr(text, word));
	}
#define HAS(name, value, shown, meaning) \
	snprintf(word, sizeof(word), "\n  %-9s ", shown); \
	assert_non_null(strstr(text, word));
	CLI_STATUSES(HAS)
#undef HAS
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_defaults),
		cmocka_unit_test(takes_values_in_both_spellings),
		cmocka_unit_test(keeps_repeated_values_in_order),
		cmocka_unit_test(takes_everything_behind_two_dashes_as_an_image),
		cmocka_unit_test(shows_help_whatever_else_is_asked_for),
		cmocka_unit_test(refuses),
		cmocka_unit_test(reads_numbers),
		cmocka_unit_test(help_names_every_option_and_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
