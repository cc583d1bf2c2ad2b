/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What --switch asks for: [N@]TRIGGER:BACKEND, parsed, with symbols looked up. Written before the run and read by all
 * threads during it. What comes of it is in switch.h.
 */
#ifndef CLI_SWITCH_PLAN_H
#define CLI_SWITCH_PLAN_H

#include <stdatomic.h>
#include <stddef.h>

#include "engines.h"
#include "loader/blob.h"

/* TRIGGER(NAME, "word", "what stands behind it", "such as") */
#define SWITCH_TRIGGERS(TRIGGER) \
	TRIGGER(PC, "pc", "an address", "pc=0x8040") \
	TRIGGER(SYMBOL, "symbol", "a symbol's name", "symbol=start_kernel") \
	TRIGGER(INSNS, "insns", "a number of instructions", "insns=1000000") \
	TRIGGER(EXIT, "exit", "an exit and how many", "exit=IoWrite*100 or exit=*5000") \
	TRIGGER(MARKER, "marker", "a text that the guest's console prints", "marker=login") \
	TRIGGER(TIME, "time", "a duration", "time=300ms, 20us or 1.5s")

#define SWITCH_TRIGGER_CONSTANT(name, word, what, example) SWITCH_##name,
enum switch_trigger { SWITCH_TRIGGERS(SWITCH_TRIGGER_CONSTANT) };
#undef SWITCH_TRIGGER_CONSTANT

#define SWITCH_EVERY_CPU UINT32_MAX
#define SWITCH_EVERY_EXIT UINT32_MAX

struct switch_rule {
	const char *text; /* as it was given */
	enum switch_trigger trigger;
	unsigned cpu;      /* or SWITCH_EVERY_CPU */
	unsigned engine;   /* index: where to */
	uint64_t value;    /* the address, or how many, or nanoseconds of the machine's clock */
	uint32_t reason;   /* of the exit, or SWITCH_EVERY_EXIT */
	char *word;        /* the symbol, or the marker; on the heap */
	atomic_uint fired; /* on how many cpus, over all boots */
};

struct switch_plan {
	size_t count;
	struct switch_rule *rules;
};

/* Parses all of --switch and opens the engines. Statuses: USAGE, UNAVAILABLE, HOST. switch_plan_finish also after a
 * failure. */
int switch_plan_parse(const struct options *options, struct engines *engines, struct switch_plan *ret_plan);
void switch_plan_finish(struct switch_plan *plan);

/*
 * Looks symbols up, in --symbols' file or else in the image, and checks that instructions can be counted where that is
 * asked for. The engines are all open. interrupt_fd: see blob_read. Statuses: USAGE, DATA, NO_INPUT, HOST, SIGNAL.
 */
int switch_plan_resolve(struct switch_plan *plan, const struct options *options, const struct engines *engines,
			const struct blob *image, int interrupt_fd);

/* Whether the rule is about the cpu. */
static inline bool switch_concerns(const struct switch_rule *rule, unsigned cpu)
{
	return rule->cpu == SWITCH_EVERY_CPU || rule->cpu == cpu;
}

#endif
