/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The differential tester: random instructions on the host's processor and on a backend. Cases come in batches; the
 * child that executes them natively works while this process runs the backend. With --jobs the batches are dealt out to
 * several such pairs.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compare.h"
#include "encodings.h"
#include "generate.h"
#include "guest.h"
#include "isa.h"
#include "native.h"
#include "options.h"
#include "report.h"
#include "undefined.h"
#include "values.h"

enum { BATCH = 128, STATUS_SAME = 0, STATUS_DIFFERENT = 1, STATUS_FAILED = 2, STATUS_SKIPPED = 77 };

/* Of one mnemonic; shared by all jobs, changed atomically. */
struct count {
	uint64_t cases;
	uint64_t faults; /* other ends than the trap, natively */
	uint64_t missing;
	uint64_t differences;
	uint64_t lost;
	uint64_t parts;
};

struct board {
	uint64_t next; /* the first case that nobody has taken yet */
	uint64_t done;
	struct count counts[ZYDIS_MNEMONIC_MAX_VALUE + 1];
};

struct worker {
	const struct options *options;
	struct board *board;
	struct guest *guest;
	struct native *native;
	struct features *features;
	struct outcome *outcomes; /* the backend's */
	struct generator generator;
	const struct mnemonic **selected;
};

static void add(uint64_t *count, uint64_t more)
{
	__atomic_add_fetch(count, more, __ATOMIC_RELAXED);
}

/* ---- what is tested ---- */

static bool is_named(const char *names, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = names; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (!strncasecmp(at, name, length) && (!at[length] || at[length] == ','))
			return true;
	}
	return false;
}

static bool select_mnemonics(struct worker *worker)
{
	uint32_t count;
	const struct mnemonic *all = encodings_mnemonics(&count);

	worker->selected = calloc(count, sizeof(*worker->selected));
	if (!worker->selected)
		return false;
	worker->generator.mnemonics = worker->selected;
	for (uint32_t i = 0; i < count; i++)
		if (all[i].count && (!worker->options->only || is_named(worker->options->only, all[i].name)))
			worker->selected[worker->generator.mnemonic_count++] = &all[i];
	if (!worker->generator.mnemonic_count)
		fprintf(stderr, "x86_64-differential: no mnemonic of '%s' is in --list\n", worker->options->only);
	return worker->generator.mnemonic_count;
}

static void print_list(const struct worker *worker)
{
	const char *group = "";
	uint32_t count;
	const struct mnemonic *all = encodings_mnemonics(&count);

	for (uint32_t i = 0; i < count; i++) {
		const char *why = undefined_why(all[i].id);

		if (strcmp(group, all[i].group))
			printf("%s\n", all[i].group);
		group = all[i].group;
		printf("  %-18s %5u encodings%s%s\n", all[i].name, all[i].count, why ? "; undefined: " : "",
		       why ? why : "");
	}
	features_print_lacking(worker->features);
}

/* ---- one case ---- */

/* Where its output is not mixed with another job's. */
static void print_difference(const struct worker *worker, const struct test_case *test, const struct outcome *native,
			     const struct outcome *backend, uint32_t parts)
{
	const struct options *options = worker->options;
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);
	char words[128];

	if (!to)
		return;
	fprintf(to, "%s: case %" PRIu64 ": %s\n", ZydisMnemonicGetString((ZydisMnemonic)test->mnemonic), test->number,
		parts ? compare_parts(parts, words, sizeof(words)) : "no difference");
	report_case(to, test);
	if (native->vector == OUTCOME_LOST)
		fprintf(to, "    the native process died of it\n");
	if (backend->vector == OUTCOME_EXIT || backend->vector == OUTCOME_STUCK)
		fprintf(to, "    the backend came back with %s\n", guest_exit_text(worker->guest));
	compare_print(to, test, native, backend);
	fprintf(to, "    again: --backend %s --seed %" PRIu64, options->backend, options->seed);
	if (options->only)
		fprintf(to, " --only %s", options->only);
	if (options->mode != 64)
		fprintf(to, " --mode %u", options->mode);
	if (options->chain != 1)
		fprintf(to, " --chain %u", options->chain);
	fprintf(to, " --case %" PRIu64 "\n\n", test->number);
	fclose(to);
	fwrite(text, 1, size, stdout);
	fflush(stdout);
	free(text);
}

static void judge(const struct worker *worker, const struct test_case *test, const struct outcome *native,
		  const struct outcome *backend)
{
	struct count *count = &worker->board->counts[test->mnemonic];
	uint32_t parts;
	bool is_missing;

	add(&count->cases, 1);
	if (native->vector == OUTCOME_LOST) {
		add(&count->lost, 1);
		print_difference(worker, test, native, backend, DIFFERS_FAULT);
		return;
	}
	if (native->vector != VECTOR_BP)
		add(&count->faults, 1);
	parts = compare(test, native, backend);
	if (worker->options->has_single)
		print_difference(worker, test, native, backend, parts);
	if (!parts)
		return;
	is_missing = backend->vector == VECTOR_UD && native->vector != VECTOR_UD;
	if (is_missing)
		add(&count->missing, 1);
	__atomic_or_fetch(&count->parts, parts, __ATOMIC_RELAXED);
	if (__atomic_add_fetch(&count->differences, 1, __ATOMIC_RELAXED) <= worker->options->differences &&
	    !(is_missing && worker->options->missing) && !worker->options->has_single)
		print_difference(worker, test, native, backend, parts);
}

static bool run_batch(struct worker *worker, uint64_t first, unsigned count)
{
	struct test_case *cases = native_cases(worker->native);
	const struct outcome *outcomes = native_outcomes(worker->native);

	for (unsigned i = 0; i < count; i++)
		generate(&worker->generator, first + i, &cases[i]);
	if (!native_submit(worker->native, count))
		return false;
	for (unsigned i = 0; i < count; i++)
		if (!guest_run(worker->guest, &cases[i], &worker->outcomes[i]))
			return false;
	if (!native_wait(worker->native))
		return false;
	for (unsigned i = 0; i < count; i++)
		judge(worker, &cases[i], &outcomes[i], &worker->outcomes[i]);
	add(&worker->board->done, count);
	return true;
}

static bool run_all(struct worker *worker)
{
	for (;;) {
		uint64_t first = __atomic_fetch_add(&worker->board->next, BATCH, __ATOMIC_RELAXED);
		uint64_t left = first < worker->options->cases ? worker->options->cases - first : 0;

		if (!left)
			return true;
		if (!run_batch(worker, first, (unsigned)(left < BATCH ? left : BATCH)))
			return false;
	}
}

/* ---- a job ---- */

static int start_worker(struct worker *worker)
{
	enum guest_answer answer;

	worker->native = native_create(BATCH);
	if (!worker->native)
		return STATUS_SKIPPED;
	answer = guest_create(worker->options->backend, worker->options->config, &worker->guest);
	if (answer != GUEST_READY)
		return answer == GUEST_SKIP ? STATUS_SKIPPED : STATUS_FAILED;
	worker->outcomes = calloc(BATCH, sizeof(*worker->outcomes));
	if (!worker->outcomes || !features_find(worker->guest, &worker->features) ||
	    !encodings_find(features_has, worker->features) || !select_mnemonics(worker))
		return STATUS_FAILED;
	worker->generator.seed = worker->options->seed;
	worker->generator.mode = worker->options->mode;
	worker->generator.chain = worker->options->chain;
	return STATUS_SAME;
}

static void end_worker(struct worker *worker)
{
	if (worker->native)
		native_destroy(worker->native);
	if (worker->guest)
		guest_destroy(worker->guest);
	features_destroy(worker->features);
	free(worker->outcomes);
	free(worker->selected);
}

static int work(const struct options *options, struct board *board)
{
	struct worker worker = { .options = options, .board = board };
	int status = start_worker(&worker);

	if (status == STATUS_SAME && options->list)
		print_list(&worker);
	else if (status == STATUS_SAME && options->has_single)
		status = run_batch(&worker, options->single, 1) ? STATUS_SAME : STATUS_FAILED;
	else if (status == STATUS_SAME)
		status = run_all(&worker) ? STATUS_SAME : STATUS_FAILED;
	end_worker(&worker);
	return status;
}

static void show_progress(const struct options *options, const struct board *board)
{
	uint64_t done = __atomic_load_n(&board->done, __ATOMIC_RELAXED);

	fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " cases", done, options->cases);
}

/* The worst of all jobs' statuses. */
static int wait_for(const struct options *options, const struct board *board, const pid_t *jobs)
{
	bool is_shown = isatty(STDERR_FILENO) && !options->has_single && !options->list;
	unsigned left = options->jobs;
	int worst = STATUS_SAME;

	while (left) {
		int status;
		pid_t ended = waitpid(-1, &status, is_shown ? WNOHANG : 0);

		if (ended < 0 && errno != EINTR)
			return STATUS_FAILED;
		if (!ended) {
			show_progress(options, board);
			usleep(200000);
		}
		for (unsigned i = 0; ended > 0 && i < options->jobs; i++) {
			if (jobs[i] != ended)
				continue;
			left--;
			status = WIFEXITED(status) ? WEXITSTATUS(status) : STATUS_FAILED;
			worst = status > worst ? status : worst;
		}
	}
	if (is_shown)
		fprintf(stderr, "\r%*s\r", 60, "");
	return worst;
}

static int run_jobs(struct options *options, struct board *board)
{
	pid_t *jobs;
	int status;

	if (options->has_single || options->list)
		options->jobs = 1;
	jobs = calloc(options->jobs, sizeof(*jobs));
	if (!jobs)
		return STATUS_FAILED;
	fflush(stdout);
	for (unsigned i = 0; i < options->jobs; i++) {
		jobs[i] = fork();
		if (!jobs[i]) {
			status = work(options, board);
			fflush(stdout);
			_exit(status);
		}
		if (jobs[i] < 0) {
			perror("fork");
			options->jobs = i;
		}
	}
	status = options->jobs ? wait_for(options, board, jobs) : STATUS_FAILED;
	free(jobs);
	return status;
}

/* ---- the end ---- */

static void print_summary(const struct board *board)
{
	char words[128];

	printf("%-18s %10s %10s %10s %10s  %s\n", "mnemonic", "cases", "faults", "missing", "different", "in");
	for (unsigned i = 0; i <= ZYDIS_MNEMONIC_MAX_VALUE; i++) {
		const struct count *count = &board->counts[i];

		if (count->cases)
			printf("%-18s %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64 "  %s\n",
			       ZydisMnemonicGetString((ZydisMnemonic)i), count->cases, count->faults, count->missing,
			       count->differences, compare_parts((uint32_t)count->parts, words, sizeof(words)));
	}
}

static void print_missing(const struct board *board)
{
	for (unsigned i = 0; i <= ZYDIS_MNEMONIC_MAX_VALUE; i++)
		if (board->counts[i].missing)
			printf("missing: %s (%" PRIu64 " of %" PRIu64 " cases)\n",
			       ZydisMnemonicGetString((ZydisMnemonic)i), board->counts[i].missing,
			       board->counts[i].cases);
}

/* The whole in a line; whether there was a difference. */
static bool print_total(const struct options *options, const struct board *board)
{
	struct count total = { 0 };
	unsigned tested = 0;
	unsigned different = 0;

	for (unsigned i = 0; i <= ZYDIS_MNEMONIC_MAX_VALUE; i++) {
		total.cases += board->counts[i].cases;
		total.faults += board->counts[i].faults;
		total.missing += board->counts[i].missing;
		total.differences += board->counts[i].differences;
		total.lost += board->counts[i].lost;
		tested += !!board->counts[i].cases;
		different += !!board->counts[i].differences;
	}
	printf("%s: seed %" PRIu64 ": %" PRIu64 " cases of %u mnemonics, %" PRIu64 " faults, %" PRIu64
	       " differences in %u mnemonics (%" PRIu64 " are #UD there), %" PRIu64 " lost\n",
	       options->backend, options->seed, total.cases, tested, total.faults, total.differences, different,
	       total.missing, total.lost);
	return total.differences || total.lost;
}

int main(int argc, char **argv)
{
	struct options options;
	struct board *board;
	int status;

	switch (options_parse(argc, argv, &options)) {
	case OPTIONS_DONE:
		return STATUS_SAME;
	case OPTIONS_WRONG:
		return STATUS_FAILED;
	default:
		break;
	}
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (board == MAP_FAILED)
		return STATUS_FAILED;
	decode_in_mode(options.mode);
	values_make(options.seed);
	status = run_jobs(&options, board);
	if (status != STATUS_SAME || options.list)
		return status;
	if (options.summary)
		print_summary(board);
	if (options.missing)
		print_missing(board);
	return print_total(&options, board) ? STATUS_DIFFERENT : STATUS_SAME;
}
