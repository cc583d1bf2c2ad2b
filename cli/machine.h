/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A running machine: guest memory, one vCPU and one host thread per cpu, a board, and how the run ended.
 *
 * Architecture-independent: what an exit means to the guest's firmware interface is the board's matter (board/board.h).
 * Threads: the main thread creates, starts, stops and destroys; everything marked [any-thread] may be called by the
 * vCPUs' threads too.
 */
#ifndef CLI_MACHINE_H
#define CLI_MACHINE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <axvcpu/axvcpu.h>

#include "engines.h"
#include "options.h"

struct board;
struct board_type;
struct boot;
struct console;
struct machine;
struct switch_plan;
struct switches;

#define MACHINE_CPUS_MAX OPTIONS_CPUS_MAX
#define MACHINE_EXIT_KINDS 32u /* the last counts all that this program does not know */

enum machine_end { MACHINE_RUNS, MACHINE_POWER_OFF, MACHINE_RESET, MACHINE_FAILED };

enum cpu_power { CPU_STOPPED, CPU_STARTING, CPU_STARTED };

/* What one engine has done for a cpu: tally.h. */
struct cpu_share {
	bool ran;
	bool counts; /* the engine counts instructions */
	uint64_t instructions;
	uint64_t counted_before; /* what the engine had counted when the cpu began to run on it */
};

/* One cpu. */
struct cpu {
	struct machine *machine;
	struct axvcpu *vcpu;
	unsigned id;
	pthread_t thread;
	bool has_thread;
	enum cpu_power power;     /* under machine->lock; STARTING until the thread has taken entry and argument */
	uint64_t entry, argument; /* where and with what it started */
	uint64_t next_entry, next_argument; /* under machine->lock: of the start that the thread has not taken yet */
	uint64_t lines;                     /* under machine->lock: levels of its interrupt inputs */
	bool asleep;                        /* under machine->lock: only another cpu can wake it, and none has */
	atomic_bool leaves;                 /* it was stopped, and its thread is to leave the guest */
	bool polled;                        /* the exit at hand looked for input and found none */
	uint64_t last_poll_ns;              /* when that was last so */
	unsigned polls;                     /* how often in close succession */
	atomic_bool dozing;                 /* it sleeps because the guest only polls */
	char where[160];                    /* its next instruction when it last stopped, "" when it cannot be told */
	uint64_t exits[MACHINE_EXIT_KINDS];
	struct cpu_share shares[ENGINES_MAX]; /* by the engines' index */
	struct cpu_share *share;              /* of the one that it runs on; NULL: it does not run */
	unsigned switches;                    /* how often it went to another */
	uint64_t rescues;                     /* of the layer of that name, while the vCPU has been there */
	uint64_t rescued_instructions;
};

struct machine {
	const struct engines *engines;
	const struct board_type *type;
	const struct boot *boot;
	struct axvcpu_space *space;
	struct axvcpu_config *setup_configs[ENGINES_MAX]; /* by the engines' index */
	struct switches *switches;                        /* NULL: none are asked for */
	struct board *board;
	struct console *console;
	uint64_t memory_size;
	bool kernel_chip; /* interrupt controllers are the engine's, and so is the start of all cpus but the first */
	unsigned cpu_count;
	struct cpu cpus[MACHINE_CPUS_MAX];
	uint64_t start_ns; /* of the guest's clock, in host time */

	pthread_mutex_t lock;
	pthread_cond_t changed; /* a cpu's power, or the end */
	unsigned asleep;        /* cpus that are */
	unsigned running;       /* cpus that are not stopped */
	unsigned set_up;        /* cpus that have begun, with kernel_chip */
	unsigned threads;       /* that have not ended */
	enum machine_end end;   /* the first that was said */
	int status;             /* exit status of that end */
	char text[1024];        /* why, "" when there is nothing to say */
	atomic_bool stopping;
	int event_fd; /* readable once the machine has ended or a thread has */
};

/* What a machine is made of. */
struct machine_info {
	const struct engines *engines;
	const struct switch_plan *switch_plan;
	const struct board_type *type;
	struct console *console;
	const struct options *options;
	const struct boot *boot; /* outlives the machine */
	const char *layer;       /* below those of the options; "": none */
};

/* On the heap: it is large. Statuses: USAGE (--set, --layer), UNAVAILABLE, ENGINE, HOST. */
int machine_create(const struct machine_info *info, struct machine **ret_machine);

/* Starts cpu 0 as the boot says, and the threads of all. Statuses: HOST. */
int machine_start(struct machine *machine);

/* Makes all vCPUs stop, and waits for their threads. False: a thread did not end in time (the engine hangs). */
bool machine_stop(struct machine *machine);

/* Of a stopped machine, or one that never started. NULL is fine. */
void machine_destroy(struct machine *machine);

/* [any-thread] Says how the machine ends; the first counts. `format` may be NULL. */
void machine_ended(struct machine *machine, enum machine_end end, int status, const char *format, ...)
	AXVCPU_PRINTF(4, 5);

/* [any-thread] Nanoseconds since the machine was made: the guest's clock. */
uint64_t machine_clock_ns(void *machine);

/* [any-thread] Makes the main thread look at the machine and its board again. */
void machine_wake(void *machine);

/* [any-thread] Starts a stopped cpu. False when it is not stopped. */
bool machine_start_cpu(struct machine *machine, unsigned id, uint64_t entry, uint64_t argument);
/*
 * [any-thread] Stops a cpu: it leaves the guest as soon as it can, and is as after a reset. Counts at once, so that a
 * start which follows is not lost. False when no cpu runs any more.
 */
bool machine_stop_cpu(struct machine *machine, unsigned id);
/* [any-thread] The cpu's power state. */
enum cpu_power machine_cpu_power(struct machine *machine, unsigned id);
/* [any-thread] Interrupts of a cpu; those of one that is stopped are lost. */
void machine_set_line(struct machine *machine, unsigned id, unsigned line, bool level);
void machine_inject(struct machine *machine, unsigned id, uint64_t vector);

/* The main thread: input came. */
void machine_input_came(struct machine *machine);

#endif
