/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plugin's constructors run within dlopen, before anything can be asked of it. If they crash, hang or exit, the host
 * would go with them: so a child process loads the file first, and the host only if that went well.
 *
 * Cost: one fork and one dlopen more per file and process: 0.5 ms on an idle machine, 3 ms on a busy one. fork copies
 * page tables, 50 ms per GiB of guest memory that was touched in pages of 4 KiB: open backends before that. A file that
 * passed, by device, inode, size and time, is not tried again.
 *
 * In a process with threads the child has only this one. glibc makes malloc and the dynamic linker's lock usable in it;
 * the child calls dlopen and _exit and nothing else. Constructors that fail only in the host (they look for its
 * threads, say) are beyond this check.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "debug.h"
#include "trial.h"

#define LIMIT_MS 2000

struct passed {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified;
};

/* The files that passed; a ring, so that a host that loads without end does not grow. */
static struct passed passed[32];
static unsigned passed_next;

static int is_same(const struct passed *entry, const struct stat *status)
{
	return entry->inode && entry->device == status->st_dev && entry->inode == status->st_ino &&
	       entry->size == status->st_size && entry->modified.tv_sec == status->st_mtim.tv_sec &&
	       entry->modified.tv_nsec == status->st_mtim.tv_nsec;
}

static int has_passed(const struct stat *status)
{
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
		if (is_same(&passed[i], status))
			return 1;
	return 0;
}

static void remember(const struct stat *status)
{
	passed[passed_next++ % (sizeof(passed) / sizeof(passed[0]))] = (struct passed){
		.device = status->st_dev,
		.inode = status->st_ino,
		.size = status->st_size,
		.modified = status->st_mtim,
	};
}

/*
 * The host's handlers must not run in the child, and what is on its way to a crash should leave no core file or output.
 * What a terminal sends to the whole process group is for the host to heed: a Ctrl-C is no crash of the plugin's.
 */
static void be_harmless(void)
{
	static const int fatal[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS };
	static const int of_the_group[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP };
	const struct rlimit none = { 0, 0 };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t nothing;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setrlimit(RLIMIT_CORE, &none);
	for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		signal(fatal[i], SIG_DFL);
	for (size_t i = 0; i < sizeof(of_the_group) / sizeof(of_the_group[0]); i++)
		signal(of_the_group[i], SIG_IGN);
	sigemptyset(&nothing);
	sigprocmask(SIG_SETMASK, &nothing, NULL);
	for (int fd = 0; null >= 0 && fd < 3; fd++)
		dup2(null, fd);
}

/* A file that dlopen refuses counts as well-behaved: the host's own dlopen gives the reason. */
static void child(const char *path, int done)
{
	char byte = 1;

	be_harmless();
	dlopen(path, RTLD_NOW | RTLD_LOCAL);
	_exit(write(done, &byte, 1) == 1 ? 0 : 1);
}

static int remaining_ms(const struct timespec *start)
{
	struct timespec now;
	int64_t passed_ms;

	clock_gettime(CLOCK_MONOTONIC, &now);
	passed_ms = (now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000;
	return passed_ms < LIMIT_MS ? (int)(LIMIT_MS - passed_ms) : 0;
}

/* 1: the child said it is through; 0: it ended without saying so; -1: time is up. */
static int hear(int done)
{
	struct pollfd file = { .fd = done, .events = POLLIN };
	struct timespec start;
	char byte;
	int ready;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do
		ready = poll(&file, 1, remaining_ms(&start));
	while (ready < 0 && errno == EINTR);
	if (ready <= 0)
		return -1;
	return read(done, &byte, 1) == 1;
}

static int reap(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 0; /* the host reaps children itself, or ignores SIGCHLD */
	return status;
}

static void say_end(int status, struct report *report)
{
	if (WIFSIGNALED(status))
		report_add(report,
			   "its constructor crashed with SIG%s in a trial load; debug it with: gdb --args, break on "
			   "dlopen",
			   sigabbrev_np(WTERMSIG(status)) ? sigabbrev_np(WTERMSIG(status)) : "?");
	else
		report_add(report,
			   "its constructor ended the process (status %d) in a trial load; a plugin must leave that to "
			   "the host",
			   WEXITSTATUS(status));
}

static int judge(pid_t pid, int heard, struct report *report)
{
	int status;

	if (heard < 0)
		kill(pid, SIGKILL);
	status = reap(pid);
	if (heard < 0)
		report_add(report,
			   "its constructor did not return within %d s in a trial load; move the work to host_init or "
			   "create",
			   LIMIT_MS / 1000);
	else if (!heard)
		say_end(status, report);
	return heard == 1 ? 0 : -1;
}

int trial_load(const char *path, const struct stat *status, struct report *report)
{
	int done[2], result;
	pid_t pid;

	if (has_passed(status))
		return 0;
	if (pipe2(done, O_CLOEXEC))
		goto without;
	pid = fork();
	if (!pid)
		child(path, done[1]);
	close(done[1]);
	if (pid < 0) {
		close(done[0]);
		goto without;
	}
	result = judge(pid, hear(done[0]), report);
	close(done[0]);
	if (!result)
		remember(status);
	return result;
without:
	debug_log(DEBUG_LOADER, "%s: loaded without a trial: %s", path, strerror(errno));
	return 0;
}
