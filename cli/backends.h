/* SPDX-License-Identifier: Apache-2.0 */
/* --list and --inspect: what engines are there and what they can be told. Runs no plugin's code. */
#ifndef CLI_BACKENDS_H
#define CLI_BACKENDS_H

#include "options.h"

/* Both write to standard output. Statuses: UNAVAILABLE (no backend was found; it cannot be inspected), OUTPUT. */
int backends_list(const struct options *options);
int backends_inspect(const struct options *options);

#endif
