/* SPDX-License-Identifier: Apache-2.0 */
/* The differential tester of system instructions: random ones on two backends, the first of which is the reference. */
#include "system.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "system-compare.h"
#include "system-generate.h"
#include "system-machine.h"

#define CASES UINT64_C(20000)
#define WHO "x86_64-differential-system"

enum { STATUS_SAME = 0, STATUS_DIFFERENT = 1, STATUS_FAILED = 2, STATUS_SKIPPED = 77, KINDS_MAX = 64, KNOWN_MAX = 64 };

struct count {
	uint64_t cases, faults, skipped, known, differences;
};

struct tester {
	const char *backends[2];
	const char *configs[2];
	const char *only;
	uint64_t seed, cases, single, differences, seconds;
	bool has_single, summary, list;
	struct system_machine *machines[2];
	struct system_making making;
	const struct system_kind *kinds[KINDS_MAX];
	unsigned kind_count;
	struct count counts[KINDS_MAX];
	const char *known[KNOWN_MAX];
	uint64_t known_counts[KNOWN_MAX];
};

static struct system_case test;
static struct system_outcome outcomes[2];

static const char usage[] =
	"usage: " WHO " [OPTIONS]\n"
	"\n"
	"Executes random system instructions, each in a machine of its own, on two backends, and compares all "
	"registers, "
	"memory, exits and exceptions.\n"
	"\n"
	"  --reference NAME         the backend that is right (kvm)\n"
	"  --backend NAME           the other one (sim-x86_64)\n"
	"  --reference-config TEXT  their create configs (NAME=VALUE,...)\n"
	"  --config TEXT\n"
	"  --seed NUMBER            what all cases follow from; else $AXVCPU_SEED, else today's date\n"
	"  --cases NUMBER           how many (20000)\n"
	"  --seconds NUMBER         ends after that time\n"
	"  --only NAME,...          these kinds only, as --list spells them\n"
	"  --case NUMBER            this case alone, printed in any case; with the seed and --only of the run it is "
	"from\n"
	"  --differences NUMBER     print so many of each kind (1)\n"
	"  --summary                a line for each kind\n"
	"  --list                   the kinds\n"
	"  --help\n"
	"\n"
	"Exit status: 0 they agree, 1 they differ, 2 something else is wrong, 77 this host cannot.\n";

/* ---- options ---- */

enum {
	OPTION_HELP = 1,
	OPTION_REFERENCE,
	OPTION_BACKEND,
	OPTION_REFERENCE_CONFIG,
	OPTION_CONFIG,
	OPTION_SEED,
	OPTION_CASES,
	OPTION_SECONDS,
	OPTION_ONLY,
	OPTION_CASE,
	OPTION_DIFFERENCES,
	OPTION_SUMMARY,
	OPTION_LIST
};

static const struct option long_options[] = {
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "reference", required_argument, NULL, OPTION_REFERENCE },
	{ "backend", required_argument, NULL, OPTION_BACKEND },
	{ "reference-config", required_argument, NULL, OPTION_REFERENCE_CONFIG },
	{ "config", required_argument, NULL, OPTION_CONFIG },
	{ "seed", required_argument, NULL, OPTION_SEED },
	{ "cases", required_argument, NULL, OPTION_CASES },
	{ "seconds", required_argument, NULL, OPTION_SECONDS },
	{ "only", required_argument, NULL, OPTION_ONLY },
	{ "case", required_argument, NULL, OPTION_CASE },
	{ "differences", required_argument, NULL, OPTION_DIFFERENCES },
	{ "summary", no_argument, NULL, OPTION_SUMMARY },
	{ "list", no_argument, NULL, OPTION_LIST },
	{ NULL, 0, NULL, 0 },
};

static bool number(const char *text, uint64_t *ret_value)
{
	char *end;

	errno = 0;
	*ret_value = strtoull(text, &end, 0);
	if (!errno && end != text && !*end && *text != '-')
		return true;
	fprintf(stderr, WHO ": '%s' is no number\n", text);
	return false;
}

static bool take(struct tester *tester, int option, const char *value)
{
	switch (option) {
	case OPTION_REFERENCE:
	case OPTION_BACKEND:
		tester->backends[option == OPTION_BACKEND] = value;
		return true;
	case OPTION_REFERENCE_CONFIG:
	case OPTION_CONFIG:
		tester->configs[option == OPTION_CONFIG] = value;
		return true;
	case OPTION_SEED:
		return number(value, &tester->seed);
	case OPTION_CASES:
		return number(value, &tester->cases);
	case OPTION_SECONDS:
		return number(value, &tester->seconds);
	case OPTION_ONLY:
		tester->only = value;
		return true;
	case OPTION_CASE:
		tester->has_single = true;
		return number(value, &tester->single);
	case OPTION_DIFFERENCES:
		return number(value, &tester->differences);
	case OPTION_SUMMARY:
		tester->summary = true;
		return true;
	case OPTION_LIST:
		tester->list = true;
		return true;
	default:
		return false;
	}
}

/* 20261124 on that day. */
static uint64_t todays_seed(void)
{
	time_t now = time(NULL);
	struct tm date;

	gmtime_r(&now, &date);
	return (uint64_t)(date.tm_year + 1900) * 10000 + (uint64_t)(date.tm_mon + 1) * 100 + (uint64_t)date.tm_mday;
}

static bool parse(struct tester *tester, int argc, char **argv)
{
	const char *seed = getenv("AXVCPU_SEED");
	int option;

	*tester = (struct tester){
		.backends = { "kvm", "sim-x86_64" }, .configs = { "", "" }, .cases = CASES, .differences = 1
	};
	tester->seed = todays_seed();
	if (seed && *seed && !number(seed, &tester->seed))
		return false;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (option == OPTION_HELP) {
			fputs(usage, stdout);
			exit(STATUS_SAME);
		}
		if (!take(tester, option, optarg))
			return false;
	}
	return optind == argc;
}

/* ---- what is tested ---- */

static bool is_named(const char *names, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = names; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (!strncmp(at, name, length) && (!at[length] || at[length] == ','))
			return true;
	}
	return false;
}

static bool select_kinds(struct tester *tester)
{
	for (unsigned i = 0; i < system_kind_count && i < KINDS_MAX; i++)
		if (!tester->only || is_named(tester->only, system_kinds[i].name))
			tester->kinds[tester->kind_count++] = &system_kinds[i];
	if (!tester->kind_count)
		fprintf(stderr, WHO ": no kind of '%s' is in --list\n", tester->only);
	return tester->kind_count;
}

/* ---- what the processors have ---- */

static uint32_t leaf;

static void make_cpuid(struct system_making *making)
{
	set_reg(making, S_GPR, leaf);
	set_reg(making, S_GPR + 1, 0);
	set_reg(making, S_RFLAGS, 2);
	set_reg(making, S_CR4, 0x20);
	emit(making, 2, 0xa20f);
}

/* eax, ecx, edx, ebx of both: where they are different. */
static bool unequal_cpuid(struct tester *tester, uint32_t which, uint64_t ret_unequal[4])
{
	static const struct system_kind kind = { "cpuid", IN_64, make_cpuid, 100 };

	leaf = which;
	random_seed(&tester->making.random, 0, 0);
	system_generate(&tester->making, &kind, &test);
	for (unsigned i = 0; i < 2; i++)
		if (!system_machine_run(tester->machines[i], &test, &outcomes[i]))
			return false;
	if (outcomes[0].reason != AXVCPU_EXIT_HALT || outcomes[1].reason != AXVCPU_EXIT_HALT) {
		fprintf(stderr, WHO ": cpuid ends with %s, and with %s\n", outcomes[0].text, outcomes[1].text);
		return false;
	}
	for (unsigned i = 0; i < 4; i++)
		ret_unequal[i] = outcomes[0].registers[i] ^ outcomes[1].registers[i];
	return true;
}

/* Bits of CR4 that only one of them has are never set. */
static bool find_features(struct tester *tester)
{
	static const struct {
		uint32_t leaf;
		uint8_t reg, bit, cr4;
	} rows[] = {
		{ 1, 2, 1, 0 },   { 1, 2, 1, 1 },  { 1, 2, 4, 2 },   { 1, 2, 2, 3 },   { 1, 2, 3, 4 },
		{ 1, 2, 6, 5 },   { 1, 2, 13, 7 }, { 7, 1, 2, 11 },  { 7, 1, 16, 12 }, { 1, 1, 5, 13 },
		{ 1, 1, 6, 14 },  { 7, 3, 0, 16 }, { 1, 1, 17, 17 }, { 1, 1, 26, 18 }, { 7, 3, 7, 20 },
		{ 7, 3, 20, 21 }, { 7, 1, 3, 22 }, { 7, 1, 7, 23 },
	};
	uint64_t unequal[8][4] = { { 0 } };

	tester->making.cr4 = UINT64_MAX;
	if (!unequal_cpuid(tester, 1, unequal[1]) || !unequal_cpuid(tester, 7, unequal[7]))
		return false;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (unequal[rows[i].leaf][rows[i].reg] >> rows[i].bit & 1)
			tester->making.cr4 &= ~(UINT64_C(1) << rows[i].cr4);
	if (unequal[7][3] >> 10 & 1)
		printf(WHO ": only one of the processors has invpcid\n");
	return true;
}

/* ---- one case ---- */

static void print_case(const struct tester *tester, const struct system_difference *difference)
{
	printf("%s: case %" PRIu64 "%s\n", test.kind->name, test.number, difference->any ? "" : ": no difference");
	system_print_case(stdout, &test);
	system_print_difference(stdout, &outcomes[0], &outcomes[1], difference);
	printf("    again: --seed %" PRIu64 "%s%s --case %" PRIu64 "\n\n", tester->seed, tester->only ? " --only " : "",
	       tester->only ? tester->only : "", test.number);
	fflush(stdout);
}

static void add_known(struct tester *tester, const char *reason)
{
	unsigned i = 0;

	while (i < KNOWN_MAX - 1 && tester->known[i] && tester->known[i] != reason)
		i++;
	tester->known[i] = reason;
	tester->known_counts[i]++;
}

static void judge(struct tester *tester, struct count *count)
{
	struct system_difference difference;
	const char *reason;

	count->cases++;
	if (outcomes[0].is_unable) {
		count->skipped++;
		return;
	}
	system_compare(&test, &outcomes[0], &outcomes[1], &difference);
	count->faults += outcomes[0].reason != AXVCPU_EXIT_HALT || system_vector(&outcomes[0]) >= 0;
	reason = difference.any ? system_known(&test, &outcomes[0], &outcomes[1], &difference) : NULL;
	if (reason) {
		add_known(tester, reason);
		count->known++;
	} else if (difference.any && count->differences++ < tester->differences && !tester->has_single) {
		print_case(tester, &difference);
	}
	if (tester->has_single) {
		print_case(tester, &difference);
		if (reason)
			printf("    known: %s\n", reason);
	}
}

static bool run_case(struct tester *tester, uint64_t which)
{
	unsigned kind;

	random_seed(&tester->making.random, tester->seed, which);
	kind = BELOW(&tester->making, tester->kind_count);
	test.number = which;
	system_generate(&tester->making, tester->kinds[kind], &test);
	for (unsigned i = 0; i < 2; i++) {
		if (system_machine_run(tester->machines[i], &test, &outcomes[i])) {
			if (i == 0 && outcomes[0].is_unable)
				break;
			continue;
		}
		fprintf(stderr, WHO ": seed %" PRIu64 ", case %" PRIu64 "\n", tester->seed, which);
		system_print_case(stderr, &test);
		return false;
	}
	judge(tester, &tester->counts[kind]);
	return true;
}

static bool run_all(struct tester *tester)
{
	time_t begin = time(NULL);

	if (tester->has_single)
		return run_case(tester, tester->single);
	for (uint64_t i = 0; i < tester->cases; i++) {
		if (tester->seconds && (uint64_t)(time(NULL) - begin) >= tester->seconds)
			break;
		if (!run_case(tester, i))
			return false;
	}
	return true;
}

/* ---- the end ---- */

static bool print_total(const struct tester *tester)
{
	struct count total = { 0 };

	if (tester->summary)
		printf("%-14s %9s %9s %9s %9s %9s\n", "kind", "cases", "faults", "skipped", "known", "different");
	for (unsigned i = 0; i < tester->kind_count; i++) {
		const struct count *count = &tester->counts[i];

		if (tester->summary)
			printf("%-14s %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64 "\n",
			       tester->kinds[i]->name, count->cases, count->faults, count->skipped, count->known,
			       count->differences);
		total.cases += count->cases;
		total.faults += count->faults;
		total.skipped += count->skipped;
		total.known += count->known;
		total.differences += count->differences;
	}
	for (unsigned i = 0; i < KNOWN_MAX && tester->known[i]; i++)
		printf("known: %" PRIu64 ": %s\n", tester->known_counts[i], tester->known[i]);
	printf("%s and %s: seed %" PRIu64 ": %" PRIu64 " cases, %" PRIu64 " faults, %" PRIu64
	       " that the reference cannot execute, %" PRIu64 " known differences, %" PRIu64 " others\n",
	       tester->backends[0], tester->backends[1], tester->seed, total.cases, total.faults, total.skipped,
	       total.known, total.differences);
	return total.differences;
}

static int work(struct tester *tester)
{
	for (unsigned i = 0; i < 2; i++) {
		enum system_answer answer =
			system_machine_create(tester->backends[i], tester->configs[i], &tester->machines[i]);

		if (answer == SYSTEM_SKIP)
			printf("SKIP: backend %s makes no vCPU here\n", tester->backends[i]);
		if (answer != SYSTEM_READY)
			return answer == SYSTEM_SKIP ? STATUS_SKIPPED : STATUS_FAILED;
	}
	if (!find_features(tester) || !run_all(tester))
		return STATUS_FAILED;
	return print_total(tester) ? STATUS_DIFFERENT : STATUS_SAME;
}

int main(int argc, char **argv)
{
	static struct tester tester;
	int status;

	if (!parse(&tester, argc, argv)) {
		fputs("--help lists the options\n", stderr);
		return STATUS_FAILED;
	}
	values_make(tester.seed);
	if (!select_kinds(&tester))
		return STATUS_FAILED;
	if (tester.list) {
		for (unsigned i = 0; i < tester.kind_count; i++)
			puts(tester.kinds[i]->name);
		return STATUS_SAME;
	}
	status = work(&tester);
	system_machine_destroy(tester.machines[0]);
	system_machine_destroy(tester.machines[1]);
	return status;
}
