/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The user's terminal: raw while the guest runs, and as it was whatever happens: at a return from main, exit, and when
 * a fault or an abort ends the process. Signals that can be waited for are the main loop's, which suspends and resumes.
 *
 * There is one terminal per process, and a signal handler has no argument: this is the one file with state of its own.
 */
#ifndef CLI_CONSOLE_TERMINAL_H
#define CLI_CONSOLE_TERMINAL_H

#include <stdbool.h>

/* Makes the terminal at fd raw if this process is in its foreground; else does nothing until terminal_resume finds that
 * it is. */
void terminal_open(int fd);

/* Whether the terminal is raw now. */
bool terminal_is_raw(void);

/* Puts it back before the process stops (SIGTSTP), and makes it raw again after it was continued. */
void terminal_suspend(void);
void terminal_resume(void);

/* Puts it back for good. Safe in signal handlers; fine when it was never opened. */
void terminal_close(void);

#endif
