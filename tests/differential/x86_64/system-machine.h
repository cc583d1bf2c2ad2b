/* SPDX-License-Identifier: Apache-2.0 */
/* Executes cases of system.h on a backend, through the public API. */
#ifndef DIFFERENTIAL_SYSTEM_MACHINE_H
#define DIFFERENTIAL_SYSTEM_MACHINE_H

#include "system.h"

struct system_machine;

enum system_answer { SYSTEM_READY, SYSTEM_SKIP, SYSTEM_FAILED };

/* SKIP: the backend is not there, or makes no vCPU here; the reason is on standard error. */
enum system_answer system_machine_create(const char *backend, const char *config, struct system_machine **ret_machine);
void system_machine_destroy(struct system_machine *machine);

/* False: the backend fails as such; the reason is on standard error. */
bool system_machine_run(struct system_machine *machine, const struct system_case *test,
			struct system_outcome *ret_outcome);

#endif
