/* SPDX-License-Identifier: Apache-2.0 */
/* Running a guest, from the command line's options to the exit status. */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "options.h"

/* Runs the guest that the options name. The status is the process's; a text by fail() says more. */
int run_guest(const struct options *options, int signal_fd);

/* Writes the device tree that it would get. */
int run_dump_dtb(const struct options *options, int signal_fd);

#endif
