/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "terminal.h"

static int terminal_fd = -1;
static struct termios terminal_saved;
static atomic_int terminal_raw; /* terminal_saved is to be put back */

/* Ways for the process to die at once; the default action follows. */
static const int fatal_signals[] = { SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS };

static void put_back(void)
{
	if (atomic_exchange(&terminal_raw, 0))
		tcsetattr(terminal_fd, TCSANOW, &terminal_saved); /* not DRAIN: nobody may be reading the other end */
}

static void on_fatal_signal(int number)
{
	put_back();
	raise(number); /* SA_RESETHAND: the default action, once this handler returns */
}

static void catch_fatal_signals(void)
{
	struct sigaction action = { .sa_handler = on_fatal_signal, .sa_flags = SA_RESETHAND };

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(fatal_signals) / sizeof(fatal_signals[0]); i++)
		sigaction(fatal_signals[i], &action, NULL);
}

static bool in_foreground(void)
{
	return tcgetpgrp(terminal_fd) == getpgrp();
}

void terminal_resume(void)
{
	struct termios raw;

	if (terminal_fd < 0 || !in_foreground() || tcgetattr(terminal_fd, &raw))
		return;
	if (!atomic_load(&terminal_raw))
		terminal_saved = raw;
	raw = terminal_saved;
	cfmakeraw(&raw);
	raw.c_oflag |= OPOST; /* messages of this program share the screen */
	atomic_store(&terminal_raw, 1);
	tcsetattr(terminal_fd, TCSANOW, &raw);
}

void terminal_open(int fd)
{
	static bool prepared;

	terminal_fd = fd;
	if (!prepared) {
		prepared = true;
		atexit(terminal_close);
		catch_fatal_signals();
	}
	terminal_resume();
}

bool terminal_is_raw(void)
{
	return atomic_load(&terminal_raw);
}

void terminal_suspend(void)
{
	put_back();
}

void terminal_close(void)
{
	put_back();
	terminal_fd = -1;
}
