/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals as a descriptor: blocked in every thread from the start of main on, so that they end a run at a place where
 * everything can be put back, in every phase of it.
 */
#ifndef CLI_SIGNALS_H
#define CLI_SIGNALS_H

/* Blocks the signals that end (SIGALRM too) or suspend the run, and ignores SIGPIPE. Statuses: HOST. */
int signals_open(int *ret_fd);

/*
 * The signal that is to end the run, 0 when there was none. Suspends the process at SIGTSTP, with the terminal as it
 * was, and goes on at SIGCONT. Does not block.
 */
int signals_take(int fd);

#endif
