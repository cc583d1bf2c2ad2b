/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "board/board.h"
#include "boot.h"
#include "console/console.h"
#include "console/terminal.h"
#include "engines.h"
#include "fail.h"
#include "output.h"
#include "run.h"
#include "signals.h"
#include "stats.h"
#include "switch.h"

/* How long output may take that is left when the user, or --timeout, has ended the run. */
#define LAST_OUTPUT_NS 200000000u

/* One run of the program; it outlives the machines that a guest's resets make. */
struct session {
	const struct options *options;
	const struct board_type *type;
	int signal_fd;
	struct engines engines;
	struct switch_plan switch_plan;
	char engine_text[1024]; /* for the guest, and for --stats */
	struct boot boot;
	struct console console;
	bool console_open;
	struct machine *machine; /* NULL between two */
	int signal;              /* that told to end, while there was a machine; 0: none */
	struct stats stats;
	uint64_t begin_ns;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The architecture that the guest is known to be of before there is a backend; 0: none. */
static uint32_t guest_arch(const struct session *session)
{
	const struct blob *image = &session->boot.image_file;

	if (session->options->arch || !image->data)
		return session->options->arch;
	return image_guess_arch(image);
}

/* Those that are named come first: without a guest that tells it, they say what --backend auto is to be for. */
static int open_engines(struct session *session)
{
	uint32_t arch;
	int status = engines_open_named(session->options, &session->engines);

	if (!status)
		status = switch_plan_parse(session->options, &session->engines, &session->switch_plan);
	if (status)
		return status;
	arch = guest_arch(session);
	arch = arch ? arch : engines_arch(&session->engines);
	return engines_open_standard(session->options, arch ? arch : board_riscv64.arch, &session->engines);
}

/* Of the guest and of the engines, the first that is for one architecture decides; else it is the first board. */
static uint32_t board_arch(const struct session *session)
{
	uint32_t guest = guest_arch(session), engines = engines_arch(&session->engines);

	return guest ? guest : engines ? engines : board_riscv64.arch;
}

static int choose_board(struct session *session)
{
	uint32_t arch = board_arch(session);

	session->type = board_for(arch);
	if (!session->type)
		return fail(STATUS_UNAVAILABLE, "%s: there is no board for %s guests yet; --list shows other engines",
			    engines_name(&session->engines, 0), axvcpu_arch_name(arch));
	engines_describe(&session->engines, session->engine_text, sizeof(session->engine_text));
	return engines_check_arch(&session->engines, arch);
}

/* What the process ends with after a signal; --timeout is one too, so that it counts in every phase. */
static int signal_status(int number)
{
	if (number == SIGALRM)
		return fail(STATUS_TIMEOUT, "--timeout: the guest did not end in time");
	return fail(STATUS_SIGNAL + number, "%s", "");
}

static void start_timeout(uint64_t ns)
{
	const struct itimerval timer = { .it_value = { .tv_sec = (time_t)(ns / 1000000000u),
						       .tv_usec = (suseconds_t)(ns % 1000000000u / 1000) } };

	setitimer(ITIMER_REAL, &timer, NULL);
}

static int prepare_boot(struct session *session)
{
	const struct boot_request request = { .options = session->options,
					      .type = session->type,
					      .engine = session->engine_text,
					      .interrupt_fd = session->signal_fd };

	return boot_prepare(&request, &session->boot);
}

static int prepare(struct session *session)
{
	int status = boot_read_image(session->options, session->signal_fd, &session->boot);

	if (!status)
		status = open_engines(session);
	if (!status)
		status = choose_board(session);
	if (!status)
		status = prepare_boot(session);
	if (!status)
		status = switch_plan_resolve(&session->switch_plan, session->options, &session->engines,
					     &session->boot.image_file, session->signal_fd);
	if (status == STATUS_SIGNAL)
		status = signal_status(signals_take(session->signal_fd));
	return status;
}

/* " (cpu 1, 2)": those that start on the engine; nothing where all do. */
static void write_starting(FILE *stream, const struct session *session, unsigned engine)
{
	const unsigned *of_cpu = session->engines.of_cpu;
	unsigned count = 0;

	for (unsigned cpu = 0; cpu < session->options->cpus; cpu++)
		count += of_cpu[cpu] == engine;
	if (count == session->options->cpus)
		return;
	fputs(" (cpu", stream);
	for (unsigned cpu = 0, written = 0; cpu < session->options->cpus; cpu++)
		if (of_cpu[cpu] == engine)
			fprintf(stream, "%s %u", written++ ? "," : "", cpu);
	fputc(')', stream);
}

static bool is_started_on(const struct session *session, unsigned engine)
{
	for (unsigned cpu = 0; cpu < session->options->cpus; cpu++)
		if (session->engines.of_cpu[cpu] == engine)
			return true;
	return false;
}

/* "kvm", or "kvm (cpu 0), sim-x86_64 (cpu 1, 2)" where cpus start on several. */
static void write_engines(FILE *stream, const struct session *session)
{
	for (unsigned i = 0, written = 0; i < session->engines.count; i++) {
		if (!is_started_on(session, i))
			continue;
		fprintf(stream, "%s%s", written++ ? ", " : "", engines_name(&session->engines, i));
		write_starting(stream, session, i);
	}
}

/* A script is told of the engine only where it is not the one that is to be expected. */
static void greet(const struct session *session)
{
	const char *reason = session->engines.reason;

	if (!session->console.interactive && !session->engines.unexpected)
		return;
	fputs("axvcpu-run: engine ", stderr);
	write_engines(stderr, session);
	fprintf(stderr, "%s%s%s\n", reason[0] ? ": " : "", reason,
		session->console.interactive ? "; Ctrl-A x ends the run, Ctrl-A h shows the keys" : "");
}

static int open_console(struct session *session)
{
	int status = console_open(&session->console, STDIN_FILENO, STDOUT_FILENO);

	session->console_open = !status;
	if (!status)
		greet(session);
	return status;
}

static int wait_for_events(struct pollfd *fds, nfds_t count, uint64_t ns)
{
	struct timespec timeout = { .tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = (long)(ns % 1000000000u) };

	return ppoll(fds, count, ns == UINT64_MAX ? NULL : &timeout, NULL);
}

/* True when one came; the first is kept. */
static bool take_signal(struct session *session)
{
	int number = signals_take(session->signal_fd);

	if (number && !session->signal)
		session->signal = number;
	return number;
}

static void check_signals(struct session *session)
{
	if (take_signal(session))
		machine_ended(session->machine, MACHINE_FAILED, signal_status(session->signal), "%s", fail_text());
}

static void check_console(struct session *session, const struct pollfd fds[3])
{
	enum console_key key;

	if (console_service(&session->console, fds, &key))
		machine_input_came(session->machine);
	if (key == CONSOLE_KEY_QUIT)
		machine_ended(session->machine, MACHINE_FAILED, STATUS_QUIT, NULL);
	if (session->console.output_error)
		machine_ended(session->machine, MACHINE_FAILED, STATUS_OUTPUT,
			      "the guest's console: standard output: %s", strerror(session->console.output_error));
}

static uint64_t due_in_ns(const struct session *session)
{
	uint64_t board = session->type->due_in_ns(session->machine->board),
		 switches = switches_due_in_ns(session->machine);

	return board < switches ? board : switches;
}

/* Until the machine has ended, for whatever reason. */
static void serve(struct session *session)
{
	struct machine *machine = session->machine;
	struct pollfd fds[5];
	uint64_t count;

	prctl(PR_SET_TIMERSLACK, 1); /* the board's timers are the guest's */
	while (!atomic_load(&machine->stopping)) {
		console_prepare(&session->console, fds);
		fds[3] = (struct pollfd){ .fd = session->signal_fd, .events = POLLIN };
		fds[4] = (struct pollfd){ .fd = machine->event_fd, .events = POLLIN };
		if (wait_for_events(fds, 5, due_in_ns(session)) < 0)
			continue; /* EINTR: nothing is known of the descriptors */
		if (fds[4].revents && read(machine->event_fd, &count, sizeof(count)) < 0)
			continue; /* somebody else took it: there is none */
		check_signals(session);
		check_console(session, fds);
		session->type->tick(machine->board);
		switches_tick(machine);
	}
}

/* What the guest wrote last. Waits as long as it takes, unless the run was ended from outside. */
static void drain(struct session *session, bool hurry)
{
	uint64_t deadline = hurry ? now_ns() + LAST_OUTPUT_NS : UINT64_MAX;
	struct pollfd fds[4];
	enum console_key key;

	while (console_has_output(&session->console) && now_ns() < deadline) {
		console_prepare(&session->console, fds);
		fds[0].fd = -1; /* no more input */
		fds[3] = (struct pollfd){ .fd = session->signal_fd, .events = POLLIN };
		if (wait_for_events(fds, 4, deadline == UINT64_MAX ? deadline : deadline - now_ns()) < 0)
			continue;
		console_service(&session->console, fds, &key);
		if (take_signal(session))
			return;
	}
}

/* An engine that does not hear a kick would keep the process for ever. */
static void give_up(void)
{
	terminal_close();
	fprintf(stderr, "axvcpu-run: the engine does not stop when it is told to; ending without it\n");
	_exit(STATUS_ENGINE);
}

/* With a guest that did not end in time, where it was: it may hang at an instruction. */
static void keep_text(const struct machine *machine)
{
	char text[sizeof(machine->text)];
	size_t length = (size_t)snprintf(text, sizeof(text), "%s", machine->text);

	for (unsigned id = 0; id < machine->cpu_count && machine->status == STATUS_TIMEOUT; id++)
		if (machine->cpus[id].where[0] && length < sizeof(text))
			length += (size_t)snprintf(text + length, sizeof(text) - length, "; cpu %u was at %s", id,
						   machine->cpus[id].where);
	fail(machine->status, "%s", text);
}

static int run_machine(struct session *session)
{
	struct machine *machine = session->machine;
	int status = boot_write(&session->boot, machine->space);

	if (!session->stats.boots)
		session->stats.start_ns = now_ns() - session->begin_ns;
	if (!status)
		status = machine_start(machine);
	if (!status)
		serve(session);
	if (!machine_stop(machine))
		give_up();
	if (status)
		return status;
	drain(session, machine->end == MACHINE_FAILED);
	stats_add(&session->stats, machine);
	keep_text(machine);
	if (session->console.output_error)
		return fail(STATUS_OUTPUT, "the guest's console: standard output: %s",
			    strerror(session->console.output_error));
	return machine->status;
}

/* One machine after the other, while the guest resets. */
static int run_machines(struct session *session)
{
	const struct machine_info info = { .engines = &session->engines,
					   .switch_plan = &session->switch_plan,
					   .type = session->type,
					   .console = &session->console,
					   .options = session->options,
					   .boot = &session->boot,
					   .layer = session->engines.rescue };
	bool again;
	int status;

	do {
		status = machine_create(&info, &session->machine);
		if (status)
			return status;
		session->console.stopped = false;
		status = run_machine(session);
		again = session->machine->end == MACHINE_RESET && !session->options->no_reboot &&
			status == STATUS_RESET;
		machine_destroy(session->machine);
		session->machine = NULL;
	} while (again && !session->signal);
	return again ? signal_status(session->signal) : status; /* it came when the machine was being reset */
}

static void finish(struct session *session)
{
	if (session->console_open)
		console_close(&session->console);
	boot_finish(&session->boot);
	switch_plan_finish(&session->switch_plan);
	engines_close(&session->engines);
	free(session);
}

static struct session *new_session(const struct options *options, int signal_fd)
{
	struct session *session = calloc(1, sizeof(*session));

	if (!session)
		return NULL;
	session->options = options;
	session->signal_fd = signal_fd;
	session->begin_ns = now_ns();
	session->stats.engine = session->engine_text;
	session->stats.engines = &session->engines;
	session->stats.switch_plan = &session->switch_plan;
	start_timeout(options->timeout_ns);
	return session;
}

int run_guest(const struct options *options, int signal_fd)
{
	struct session *session = new_session(options, signal_fd);
	int status;

	if (!session)
		return fail(STATUS_HOST, "no memory");
	status = prepare(session);
	if (!status)
		status = open_console(session);
	if (!status)
		status = run_machines(session);
	if (session->console_open)
		console_close(&session->console);
	session->console_open = false;
	if (options->stats && session->stats.boots)
		stats_write(stderr, &session->stats, status, options->json);
	finish(session);
	return status;
}

int run_dump_dtb(const struct options *options, int signal_fd)
{
	struct session *session = new_session(options, signal_fd);
	int status;

	if (!session)
		return fail(STATUS_HOST, "no memory");
	status = prepare(session);
	if (!status)
		status = output_file(options->dump_dtb, session->boot.device_tree.data, session->boot.device_tree.size);
	finish(session);
	return status;
}
