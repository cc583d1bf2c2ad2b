/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lockstep layer inside: a vCPU's engine, the primary, and a second one beside it, the shadow, execute the same
 * guest and are compared. docs/lockstep.md says what it does for whom; here is how.
 *
 *   layer.c      the layer's ops: what is passed on to both, and the order of things in a run
 *   arch.c, .h   what is known of an architecture; x86_64.c is the one of which more is known
 *   options.c    the text behind "lockstep="
 *   registers.c  all registers of an engine as bytes; what differs of them
 *   memory.c     the shadow's own address space, the state of both as of the last agreement, and what was written since
 *   engine.c     one engine: running it within limits, single steps, going back
 *   leg.c        one run of the primary, and the shadow's way to the same place
 *   chase.c      the shadow's way to where the primary came out suddenly
 *   find.c       from a leg in which they came to differ to the first instruction that differs
 *   trap.c       stops where an engine has no breakpoints
 *   differ.c     what may differ: the written list
 *   report.c     words
 *   watch.c      gets an engine back that does not come by itself
 *
 * An agreement is a moment between two instructions in which the registers that are compared and all memory were equal.
 * What is kept of it (`start` of both engines, and memory's base) is where a leg can be executed again from. Threads:
 * everything is the vCPU's thread, but for what memory.c hears of the space, and kicks.
 */
#ifndef PLUGINS_LAYER_LOCKSTEP_LOCKSTEP_H
#define PLUGINS_LAYER_LOCKSTEP_LOCKSTEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <axvcpu/plugin/engine.h>
#include <axvcpu/plugin/layer.h>

#include "memory.h"
#include "registers.h"
#include "watch.h"

enum { LOCKSTEP_NAME_MAX = 256, LOCKSTEP_TEXT_MAX = 512, LOCKSTEP_BREAKPOINTS = 64, LOCKSTEP_IGNORED_MAX = 16 };

/* What the user wants not to be compared: bits of a register. */
struct ignored {
	char name[32];
	uint64_t mask;
};

struct options {
	char shadow[LOCKSTEP_NAME_MAX]; /* a backend's name or path */
	char report[LOCKSTEP_NAME_MAX]; /* a file to append to; "": none */
	bool goes_on;                   /* after a difference, with the primary's state */
	uint64_t steps;                 /* at most, of one search */
	uint64_t patience_ms;           /* that the shadow has for one leg */
	struct ignored ignored[LOCKSTEP_IGNORED_MAX];
	unsigned ignored_count;
};

/* One of the two. */
struct engine {
	const struct axarch_dispatch *ops;
	enum side side;
	char name[LOCKSTEP_NAME_MAX];
	bool has_budget;
	bool is_probed, has_no_steps; /* in programs: whether it steps there */
	struct axvcpu_exit exit;      /* of its last run */
	struct axvcpu_exit next;      /* of the same instruction, where finishing it brought one; else Nothing */
	uint8_t *now;                 /* registers, when they were last read */
	uint8_t *start;               /* at the last agreement */
	uint8_t *end;                 /* where a leg ended that is searched */
};

enum { INSTRUCTION_BYTES_MAX = 16 };

/* What an instruction is, and what may differ when it has been executed. */
struct instruction {
	uint64_t pc; /* linear */
	uint32_t mode;
	size_t size; /* of bytes */
	uint8_t bytes[INSTRUCTION_BYTES_MAX];
	char text[LOCKSTEP_TEXT_MAX]; /* "": made of the bytes, by who wants it */
	bool is_repeated;             /* an engine's step may be one of many */
	bool delays;                  /* an engine's step may contain the next instruction too */
	bool is_approximate;          /* floats of 32 bits in vector registers */
	bool stores_state;            /* an area of the x87 unit, of which parts differ by processor */
	uint64_t flags;               /* undefined, in rflags */
	uint64_t codes;               /* undefined, in fsw */
	uint64_t general;             /* a bit per general register */
	bool wants_zero;              /* these may differ only if ZF is set behind it */
};

/* Where the two are between two runs. */
enum access {
	ACCESS_NONE,  /* between two instructions */
	ACCESS_WAITS, /* a read waits for its value, or has got it; a write of a system register may still be refused */
	ACCESS_QUEUED /* `next` of both is to be given */
};

/* What a leg was ended by, for who searches it. */
enum leg_end {
	LEG_GUEST, /* an exit that the guest makes there whenever it comes there */
	LEG_SUDDEN,
	LEG_ACCESS /* behind an access that had several exits, or might have been refused */
};

/* How a search ended. */
enum verdict { VERDICT_AGREED, VERDICT_DIFFERENCE, VERDICT_END, VERDICT_LOST };

struct counts {
	uint64_t legs;
	uint64_t instructions; /* by the shadow's counter, or the primary's where that has none */
	uint64_t allowed;      /* instructions that left something different which may differ */
	uint64_t searches;
	uint64_t differences;
	uint64_t not_again; /* a leg that ended differently, and did not when it was executed again */
	uint64_t lost;      /* a leg that was not compared: the shadow was not found at the primary's place */
};

struct lockstep {
	const struct axarch_host *host;
	const struct axarch_engines *engines;
	struct axarch_engine *opened;
	const struct arch *arch;
	uint32_t vm_id, vcpu_id;
	struct options options;
	int report; /* descriptor, -1: none */

	struct engine primary, shadow;
	struct registers registers;
	struct memory memory;
	struct watch watch;

	struct axarch_origin *origin;
	void *primary_self; /* the engine that the registers were looked up of */
	bool is_set_up, is_bound;
	bool ready;   /* both are set up and have agreed once */
	bool touched; /* the VMM changed the primary since the last run: the shadow follows */
	enum access access;
	bool shadow_is_ahead; /* in its `next`, of an instruction that the primary is between the elements of */
	uint32_t kicked;      /* atomic: a kick that a search took */
	uint64_t root;        /* of the primary's space */
	uint64_t entry;

	/* What the VMM set, and is out of the way during a search. */
	uint64_t lines;
	bool single_step, has_budget;
	uint64_t breakpoints[LOCKSTEP_BREAKPOINTS];
	uint32_t breakpoint_count;

	uint64_t leg_count;                 /* instructions of the leg by the primary's counter; 0: it has none */
	uint64_t steps_left;                /* of the search */
	char fail_text[LOCKSTEP_TEXT_MAX];  /* of a FailEntry */
	char difference[LOCKSTEP_TEXT_MAX]; /* the last one, in a line */

	struct counts counts;
};

/* Records the text and returns the code. */
#define LOCKSTEP_FAIL(lockstep, code, ...) ((lockstep)->host->error(code, "lockstep: " __VA_ARGS__))

/* options.c */
int32_t options_parse(const struct axarch_host *host, const char *text, struct options *ret_options);

/* engine.c */

/* Which ops it has that others lack. */
void engine_probe(struct engine *engine);
/* Runs to an exit that the guest makes, or a breakpoint. ret_late: it did not come in that time. */
int32_t engine_run(struct lockstep *lockstep, struct engine *engine, uint64_t ms, bool *ret_late);
/* So many instructions; *ret_there: there was no exit before. Only with has_budget. */
int32_t engine_advance(struct lockstep *lockstep, struct engine *engine, uint64_t instructions, bool *ret_there);
/* One instruction, and what it brings beside. */
int32_t engine_step(struct lockstep *lockstep, struct engine *engine, const struct instruction *instruction);
/* Ends the instruction of the last exit. */
int32_t engine_finish(struct lockstep *lockstep, struct engine *engine);
int32_t engine_read(struct lockstep *lockstep, struct engine *engine);
/* The registers that are in `block`. */
int32_t engine_go(struct lockstep *lockstep, struct engine *engine, const uint8_t *block);
/* The shadow to the last agreement, with its memory. */
int32_t engine_rewind_shadow(struct lockstep *lockstep);
int32_t engine_set_step(struct engine *engine, bool on);
int32_t engine_set_breakpoint(struct engine *engine, uint64_t address, bool on);
/* 0 where it does not count. */
uint64_t engine_instructions(const struct engine *engine);

/* A clock. */
uint64_t engine_ms(void);

/* Exits that come wherever the guest is. */
bool exit_is_sudden(uint32_t reason);
bool exit_is_read(uint32_t reason);
/* Until what may still be done to it, the instruction is not over: reads, and writes that can be refused. */
bool exit_waits(uint32_t reason);
bool exit_is_same(const struct axvcpu_exit *one, const struct axvcpu_exit *other);
void exit_clear(struct axvcpu_exit *exit);

/* leg.c */
int32_t leg_run(struct lockstep *lockstep, struct axvcpu_exit *exit);
/* Ends the access under way in both; *ret_given: it has another exit, which is in `exit` now. */
int32_t leg_end_access(struct lockstep *lockstep, struct axvcpu_exit *exit, bool *ret_given);
/* Reads both. Whether they agree, memory included: then this is the new start. */
int32_t leg_agree(struct lockstep *lockstep, bool *ret_agree);
/* The shadow, and what is kept, become what the primary is. */
int32_t leg_follow(struct lockstep *lockstep);
/* Both into the exit that the primary had, when they were put before it. May be another one, that came before. */
int32_t leg_enter_again(struct lockstep *lockstep);

/* chase.c: behind a sudden exit of the primary's. */
int32_t chase(struct lockstep *lockstep);

/* trap.c: runs to an address by a trap there. *ret_there: it came there; else its exit, if any, is another one. */
int32_t trap_run(struct lockstep *lockstep, struct engine *engine, uint64_t address, bool *ret_there);

/* find.c: the leg ended in different states. Goes back, finds out why, and returns to where the primary was. */
int32_t find_difference(struct lockstep *lockstep, enum leg_end end);

/* differ.c */
/* The bits of a register that are compared; 0: none. */
uint64_t differ_mask(const struct lockstep *lockstep, const struct axvcpu_reg *reg);
/* For a row that means nothing while another has a bit clear: its name, and the bit. NULL: it always means something.
 */
const char *differ_depends(const struct axvcpu_reg *reg, uint64_t *ret_bit);
/* Of memory that differs where no single instruction is known: bits that may, of any instruction. */
int32_t differ_level_memory(struct lockstep *lockstep, bool *ret_alike);
/* After an instruction: gives the shadow what the primary has where they may differ. *ret_left: something is left. */
int32_t differ_allow(struct lockstep *lockstep, const struct instruction *instruction, bool *ret_left);

/* report.c */
int32_t report_open(struct lockstep *lockstep);
void report_close(struct lockstep *lockstep);
/* What both have after an instruction that began at the start. */
void report_difference(struct lockstep *lockstep, const struct instruction *instruction);
/* A leg that ended differently, and why no instruction can be named. */
void report_unfound(struct lockstep *lockstep, const char *why);
void report_summary(struct lockstep *lockstep);

#endif
