/* SPDX-License-Identifier: Apache-2.0 */
/* What a run cost: exits by kind, instructions, time. Added up over the machine's reboots. */
#ifndef CLI_STATS_H
#define CLI_STATS_H

#include <stdbool.h>
#include <stdio.h>

#include "machine.h"
#include "switch_plan.h"

struct stats {
	const char *engine; /* name and version */
	unsigned cpus;
	unsigned boots;
	const struct engines *engines;
	const struct switch_plan *switch_plan;
	uint64_t exits[MACHINE_EXIT_KINDS];
	struct cpu_stats {
		unsigned switches;
		struct cpu_share shares[ENGINES_MAX]; /* by the engines' index */
	} by_cpu[MACHINE_CPUS_MAX];
	bool counted;   /* an engine counts instructions */
	bool uncounted; /* and another does not */
	uint64_t instructions;
	uint64_t rescues;              /* of the layer rescue */
	uint64_t rescued_instructions; /* that it had executed elsewhere */
	uint64_t unassigned;           /* accesses to addresses without a device */
	uint64_t run_ns;               /* the guest was up */
	uint64_t start_ns;             /* from the program's start to the guest's first */
};

/* Adds what a machine did that has stopped. */
void stats_add(struct stats *stats, struct machine *machine);

/* Writes them: a table, or JSON. `status` is the exit status that follows. */
void stats_write(FILE *stream, const struct stats *stats, int status, bool json);

#endif
