/* SPDX-License-Identifier: Apache-2.0 */
/* See options.h. */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "case.h"

#define CASES UINT64_C(100000)
enum { JOBS_MAX = 64 };

enum {
	OPTION_HELP = 1,
	OPTION_BACKEND,
	OPTION_CONFIG,
	OPTION_SEED,
	OPTION_CASES,
	OPTION_CASE,
	OPTION_ONLY,
	OPTION_MODE,
	OPTION_CHAIN,
	OPTION_JOBS,
	OPTION_DIFFERENCES,
	OPTION_LIST,
	OPTION_SUMMARY,
	OPTION_MISSING
};

static const char usage[] =
	"usage: x86_64-differential [OPTIONS]\n"
	"\n"
	"Executes random instructions on the host's processor and in a guest of a backend, and compares all registers, "
	"memory and faults.\n"
	"\n"
	"  --backend NAME     the backend; else $AXVCPU_DIFFERENTIAL_BACKEND, else sim-x86_64\n"
	"  --config TEXT      its create config (NAME=VALUE,...); else $AXVCPU_DIFFERENTIAL_CONFIG\n"
	"  --seed NUMBER      what all cases follow from; else $AXVCPU_SEED, else today's date\n"
	"  --cases NUMBER     how many (100000)\n"
	"  --only NAME,...    these mnemonics only, as --list spells them\n"
	"  --mode 64|32       64-bit mode (64), or 32-bit code in compatibility mode\n"
	"  --chain NUMBER     instructions a case (1; at most 8)\n"
	"  --case NUMBER      this case alone, printed in any case; with the seed, --only and --chain of the run it is "
	"from\n"
	"  --jobs NUMBER      processes (1)\n"
	"  --differences N    print N of each mnemonic (1)\n"
	"  --summary          a line for each mnemonic: cases, faults, differences\n"
	"  --missing          the mnemonics that the backend has not: #UD there, and not on the host\n"
	"  --list             the mnemonics, how many encodings each has, and what is undefined of it\n"
	"  --help\n"
	"\n"
	"Exit status: 0 they agree, 1 they differ, 2 something else is wrong, 77 this host or the backend cannot.\n";

static const struct option long_options[] = {
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "backend", required_argument, NULL, OPTION_BACKEND },
	{ "config", required_argument, NULL, OPTION_CONFIG },
	{ "seed", required_argument, NULL, OPTION_SEED },
	{ "cases", required_argument, NULL, OPTION_CASES },
	{ "case", required_argument, NULL, OPTION_CASE },
	{ "only", required_argument, NULL, OPTION_ONLY },
	{ "mode", required_argument, NULL, OPTION_MODE },
	{ "chain", required_argument, NULL, OPTION_CHAIN },
	{ "jobs", required_argument, NULL, OPTION_JOBS },
	{ "differences", required_argument, NULL, OPTION_DIFFERENCES },
	{ "list", no_argument, NULL, OPTION_LIST },
	{ "summary", no_argument, NULL, OPTION_SUMMARY },
	{ "missing", no_argument, NULL, OPTION_MISSING },
	{ NULL, 0, NULL, 0 },
};

static bool number(const char *text, uint64_t least, uint64_t most, uint64_t *ret_value)
{
	char *end;
	uint64_t value;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || end == text || *end || *text == '-' || value < least || value > most) {
		fprintf(stderr, "x86_64-differential: '%s' is not a number from %llu to %llu\n", text,
			(unsigned long long)least, (unsigned long long)most);
		return false;
	}
	*ret_value = value;
	return true;
}

static bool small_number(const char *text, uint64_t least, uint64_t most, unsigned *ret_value)
{
	uint64_t value;

	if (!number(text, least, most, &value))
		return false;
	*ret_value = (unsigned)value;
	return true;
}

static const char *from_environment(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value && *value ? value : otherwise;
}

/* 20261124 on that day. */
static uint64_t todays_seed(void)
{
	time_t now = time(NULL);
	struct tm date;

	gmtime_r(&now, &date);
	return (uint64_t)(date.tm_year + 1900) * 10000 + (uint64_t)(date.tm_mon + 1) * 100 + (uint64_t)date.tm_mday;
}

static bool set_defaults(struct options *options)
{
	const char *seed = from_environment("AXVCPU_SEED", NULL);

	*options = (struct options){ .cases = CASES, .mode = 64, .chain = 1, .jobs = 1, .differences = 1 };
	options->backend = from_environment("AXVCPU_DIFFERENTIAL_BACKEND", "sim-x86_64");
	options->config = from_environment("AXVCPU_DIFFERENTIAL_CONFIG", "");
	options->seed = todays_seed();
	return !seed || number(seed, 0, UINT64_MAX, &options->seed);
}

static bool take(struct options *options, int option, const char *value)
{
	switch (option) {
	case OPTION_BACKEND:
		options->backend = value;
		return true;
	case OPTION_CONFIG:
		options->config = value;
		return true;
	case OPTION_SEED:
		return number(value, 0, UINT64_MAX, &options->seed);
	case OPTION_CASES:
		return number(value, 1, UINT64_MAX, &options->cases);
	case OPTION_CASE:
		options->has_single = true;
		return number(value, 0, UINT64_MAX, &options->single);
	case OPTION_ONLY:
		options->only = value;
		return true;
	case OPTION_MODE:
		if (!small_number(value, 32, 64, &options->mode))
			return false;
		if (options->mode != 32 && options->mode != 64)
			fprintf(stderr, "x86_64-differential: there are the modes 64 and 32\n");
		return options->mode == 32 || options->mode == 64;
	case OPTION_CHAIN:
		return small_number(value, 1, CASE_CHAIN_MAX, &options->chain);
	case OPTION_JOBS:
		return small_number(value, 1, JOBS_MAX, &options->jobs);
	case OPTION_DIFFERENCES:
		return small_number(value, 0, UINT32_MAX, &options->differences);
	case OPTION_LIST:
		options->list = true;
		return true;
	case OPTION_SUMMARY:
		options->summary = true;
		return true;
	case OPTION_MISSING:
		options->missing = true;
		return true;
	default:
		return false;
	}
}

enum options_answer options_parse(int argc, char **argv, struct options *ret_options)
{
	int option;

	if (!set_defaults(ret_options))
		return OPTIONS_WRONG;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (option == OPTION_HELP) {
			fputs(usage, stdout);
			return OPTIONS_DONE;
		}
		if (!take(ret_options, option, optarg))
			return OPTIONS_WRONG;
	}
	if (optind != argc) {
		fprintf(stderr, "x86_64-differential: '%s' is no option; --help lists them\n", argv[optind]);
		return OPTIONS_WRONG;
	}
	return OPTIONS_GO;
}
