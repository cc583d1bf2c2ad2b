/* SPDX-License-Identifier: Apache-2.0 */
/* One engine: its runs, steps and state. Knows nothing of the other. */
#include <string.h>
#include <time.h>

#include "../common/exits.h"
#include "arch.h"
#include "lockstep.h"

#define SLICE UINT64_C(20000000) /* instructions between two looks at the clock */
#define NO_BUDGET UINT64_MAX
#define REPEATS_MAX 10000000u

/* ---- exits ---- */

bool exit_is_sudden(uint32_t reason)
{
	switch (reason) {
	case AXVCPU_EXIT_NOTHING:
	case AXVCPU_EXIT_EXTERNAL_INTERRUPT:
	case AXVCPU_EXIT_DEBUG:
	case AXVCPU_EXIT_KICKED:
	case AXVCPU_EXIT_PREEMPTION_TIMER:
	case AXVCPU_EXIT_INTERRUPT_WINDOW:
	case AXVCPU_EXIT_FAIL_ENTRY:
		return true;
	default:
		return false;
	}
}

bool exit_is_read(uint32_t reason)
{
	return reason == AXVCPU_EXIT_MMIO_READ || reason == AXVCPU_EXIT_IO_READ || reason == AXVCPU_EXIT_SYSREG_READ;
}

bool exit_waits(uint32_t reason)
{
	return exit_is_read(reason) || reason == AXVCPU_EXIT_SYSREG_WRITE;
}

void exit_clear(struct axvcpu_exit *exit)
{
	*exit = (struct axvcpu_exit)AXVCPU_EXIT_INIT;
}

static bool fields_are_same(const struct exit_row *row, const struct axvcpu_exit *one, const struct axvcpu_exit *other)
{
	for (uint32_t i = 0; row->fields[i].name; i++) {
		uint32_t offset = exits_field_offset(row, i);

		if (strcmp(row->fields[i].name, "reserved") &&
		    memcmp((const char *)one + offset, (const char *)other + offset,
			   (size_t)row->fields[i].size * row->fields[i].count))
			return false;
	}
	return true;
}

bool exit_is_same(const struct axvcpu_exit *one, const struct axvcpu_exit *other)
{
	const struct exit_row *row = exits_by_reason(one->reason);

	if (one->reason != other->reason)
		return false;
	return one->reason == AXVCPU_EXIT_DEBUG || !row || fields_are_same(row, one, other);
}

/* ---- runs ---- */

static int32_t set_budget(struct engine *engine, uint64_t instructions)
{
	return engine->ops->set_budget.fn(engine->ops->set_budget.self, instructions);
}

void engine_probe(struct engine *engine)
{
	engine->has_budget = !set_budget(engine, NO_BUDGET);
}

uint64_t engine_instructions(const struct engine *engine)
{
	uint64_t count;

	return engine->ops->read_counter.fn(engine->ops->read_counter.self, AXARCH_COUNTER_INSTRUCTIONS, &count)
		       ? 0
		       : count;
}

static int32_t enter(struct engine *engine)
{
	exit_clear(&engine->exit);
	exit_clear(&engine->next);
	return engine->ops->run.fn(engine->ops->run.self, &engine->exit);
}

/* What somebody wanted who is not the guest: it is run on. A kick of the primary's is the VMM's, and kept. */
static bool is_noise(struct lockstep *lockstep, const struct engine *engine)
{
	switch (engine->exit.reason) {
	case AXVCPU_EXIT_KICKED:
		if (engine->side == PRIMARY)
			__atomic_store_n(&lockstep->kicked, 1, __ATOMIC_SEQ_CST);
		return true;
	case AXVCPU_EXIT_NOTHING:
	case AXVCPU_EXIT_EXTERNAL_INTERRUPT:
	case AXVCPU_EXIT_INTERRUPT_WINDOW:
	case AXVCPU_EXIT_PREEMPTION_TIMER:
		return true;
	default:
		return false;
	}
}

uint64_t engine_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* In slices of its budget, between which the clock is looked at. */
static int32_t run_in_slices(struct lockstep *lockstep, struct engine *engine, uint64_t ms, bool *ret_late)
{
	uint64_t end = engine_ms() + ms;
	int32_t error;

	do {
		error = set_budget(engine, SLICE);
		if (!error)
			error = enter(engine);
		*ret_late = !error && engine_ms() > end;
	} while (!error && !*ret_late && is_noise(lockstep, engine));
	if (!error && *ret_late && !is_noise(lockstep, engine))
		*ret_late = false;
	set_budget(engine, NO_BUDGET);
	return error;
}

static int32_t run_under_watch(struct lockstep *lockstep, struct engine *engine, uint64_t ms, bool *ret_late)
{
	int32_t error;
	bool noise;

	watch_begin(&lockstep->watch, engine->ops, ms);
	do {
		error = enter(engine);
		noise = !error && is_noise(lockstep, engine);
	} while (noise && !watch_is_over(&lockstep->watch));
	watch_end(&lockstep->watch);
	*ret_late = noise;
	return error;
}

int32_t engine_run(struct lockstep *lockstep, struct engine *engine, uint64_t ms, bool *ret_late)
{
	return engine->has_budget ? run_in_slices(lockstep, engine, ms, ret_late)
				  : run_under_watch(lockstep, engine, ms, ret_late);
}

int32_t engine_advance(struct lockstep *lockstep, struct engine *engine, uint64_t instructions, bool *ret_there)
{
	int32_t error = set_budget(engine, instructions);

	while (!error) {
		error = enter(engine);
		*ret_there = !error && engine->exit.reason == AXVCPU_EXIT_PREEMPTION_TIMER;
		if (error || *ret_there || !is_noise(lockstep, engine))
			break;
	}
	set_budget(engine, NO_BUDGET);
	return error;
}

int32_t engine_finish(struct lockstep *lockstep, struct engine *engine)
{
	int32_t error;

	(void)lockstep;
	exit_clear(&engine->next);
	error = engine->ops->finish.fn(engine->ops->finish.self, &engine->next);
	return error == AXVCPU_ERROR_UNSUPPORTED ? 0 : error; /* without the op it is over by now */
}

/* ---- steps ---- */

int32_t engine_set_step(struct engine *engine, bool on)
{
	return engine->ops->set_single_step.fn(engine->ops->set_single_step.self, on);
}

int32_t engine_set_breakpoint(struct engine *engine, uint64_t address, bool on)
{
	return engine->ops->set_breakpoint.fn(engine->ops->set_breakpoint.self, address, on);
}

/* A repeated instruction is one step of some engines, and one step each time of others. */
static int32_t is_in_it(struct lockstep *lockstep, struct engine *engine, const struct instruction *instruction,
			bool *ret_is)
{
	uint64_t pc = 0;
	int32_t error = 0;

	*ret_is = instruction->is_repeated && engine->exit.reason == AXVCPU_EXIT_DEBUG;
	if (*ret_is)
		error = engine->ops->get_reg.fn(engine->ops->get_reg.self, lockstep->arch->pc, &pc, sizeof(pc));
	*ret_is = *ret_is && pc == registers_get(lockstep, engine->start, lockstep->arch->pc);
	return error;
}

int32_t engine_step(struct lockstep *lockstep, struct engine *engine, const struct instruction *instruction)
{
	bool again = true;
	int32_t error = 0;

	for (unsigned i = 0; again && !error && i < REPEATS_MAX; i++) {
		error = enter(engine);
		again = !error && is_noise(lockstep, engine);
		if (!error && !again)
			error = is_in_it(lockstep, engine, instruction, &again);
	}
	if (!error && !exit_is_sudden(engine->exit.reason) && !exit_waits(engine->exit.reason))
		error = engine_finish(lockstep, engine);
	return error;
}

/* ---- state ---- */

int32_t engine_read(struct lockstep *lockstep, struct engine *engine)
{
	return registers_read(lockstep, engine->side, engine->now);
}

/* pc is written even where it is the same: so an access that is under way is given up. */
int32_t engine_go(struct lockstep *lockstep, struct engine *engine, const uint8_t *block)
{
	uint64_t pc = registers_get(lockstep, block, lockstep->arch->pc);
	int32_t error = engine->ops->set_reg.fn(engine->ops->set_reg.self, lockstep->arch->pc, &pc, sizeof(pc));

	if (!error)
		error = engine_read(lockstep, engine);
	if (!error)
		error = registers_write(lockstep, engine->side, engine->now, block);
	return error ? error : engine_read(lockstep, engine);
}

int32_t engine_rewind_shadow(struct lockstep *lockstep)
{
	int32_t error = memory_collect(lockstep);

	if (!error)
		error = memory_rewind(lockstep, false, true);
	return error ? error : engine_go(lockstep, &lockstep->shadow, lockstep->shadow.start);
}
