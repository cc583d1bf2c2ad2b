/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "console/terminal.h"
#include "fail.h"
#include "signals.h"

static const int waited_for[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGALRM, SIGTSTP, SIGCONT };

/* nohup says by this that the run is to outlive the terminal. */
static int is_hangup_ignored(void)
{
	struct sigaction action;

	return !sigaction(SIGHUP, NULL, &action) && action.sa_handler == SIG_IGN;
}

int signals_open(int *ret_fd)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(waited_for) / sizeof(waited_for[0]); i++)
		sigaddset(&set, waited_for[i]);
	if (is_hangup_ignored())
		sigdelset(&set, SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return fail(STATUS_HOST, "signalfd: %s", strerror(errno));
	*ret_fd = fd;
	return STATUS_OK;
}

static void suspend(void)
{
	terminal_suspend();
	raise(SIGSTOP);
	terminal_resume();
}

int signals_take(int fd)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGTSTP:
			suspend();
			break;
		case SIGCONT:
			terminal_resume();
			break;
		default:
			return (int)info.ssi_signo;
		}
	}
	return 0;
}
