/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moving the cpus of a running machine to other engines, as --switch says. A cpu meets its own triggers (addresses,
 * instructions, exits) at its exits. Time and the console's text are met by other threads, which note it down and kick;
 * the cpu's thread moves it. A cpu that is stopped moves when it starts.
 */
#ifndef CLI_SWITCH_H
#define CLI_SWITCH_H

#include "machine.h"
#include "switch_plan.h"

struct switches;

/* Of a machine whose vCPUs are made; the plan may be empty, and then there is none. Statuses: HOST. */
int switches_create(struct machine *machine, const struct switch_plan *plan, struct switches **ret_switches);
/* The vCPUs have stopped. NULL is fine. */
void switches_destroy(struct switches *switches);

/* The cpu's thread. Each is fine without switches. */

/* Before axvcpu_setup: moves that were asked for while the cpu was stopped. */
int32_t switches_before_start(struct cpu *cpu);
/* After it: what the engine is to look for. The machine has been told of what cannot be, and that is an error too. */
int32_t switches_arm(struct cpu *cpu);
/* After an exit that has been answered. */
int32_t switches_after_exit(struct cpu *cpu, const struct axvcpu_exit *exit);
/* Whether a Debug exit is of a trigger. */
bool switches_await(const struct cpu *cpu, const struct axvcpu_exit_debug *debug);

/* The main thread: when tick wants to be called next (UINT64_MAX: never); time has passed. */
uint64_t switches_due_in_ns(struct machine *machine);
void switches_tick(struct machine *machine);

#endif
