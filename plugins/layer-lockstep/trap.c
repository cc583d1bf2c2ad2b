/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stops for an engine that neither steps nor stops at breakpoints where the guest is: a KVM without hardware, in
 * programs. Bytes in the guest's code become an instruction that makes an exit; it is taken away again before anybody
 * looks, and what it did is undone. Which instruction, and what it needs, is the architecture's.
 */
#include <string.h>

#include "arch.h"
#include "lockstep.h"

#define TRAP_MS 2000u

static int32_t patch(struct lockstep *lockstep, enum side side, struct trap *trap)
{
	for (unsigned i = 0; i < trap->count; i++)
		if (!memory_poke(lockstep, side, trap->bytes[i].gpa, trap->bytes[i].value, &trap->bytes[i].before))
			return LOCKSTEP_FAIL(lockstep, AXVCPU_ERROR_NOT_FOUND, "no memory for a trap at 0x%llx",
					     (unsigned long long)trap->bytes[i].gpa);
	return 0;
}

/* Last first, as one byte may have been changed twice. */
static void lift(struct lockstep *lockstep, enum side side, struct trap *trap)
{
	uint8_t before;

	for (unsigned i = trap->count; i; i--)
		memory_poke(lockstep, side, trap->bytes[i - 1].gpa, trap->bytes[i - 1].before, &before);
}

/* Whether the exit is the trap's; then the guest is put to where it was before. */
static int32_t is_sprung(struct lockstep *lockstep, struct engine *engine, const struct trap *trap, bool *ret_there)
{
	uint64_t pc;
	int32_t error;

	*ret_there = engine->exit.reason == trap->reason;
	if (!*ret_there)
		return 0;
	error = engine_finish(lockstep, engine);
	if (!error)
		error = engine_read(lockstep, engine);
	if (error)
		return error;
	*ret_there = lockstep->arch->address(lockstep, engine->now) == trap->address + trap->size;
	if (!*ret_there)
		return 0;
	pc = registers_get(lockstep, engine->now, lockstep->arch->pc) - trap->size;
	error = engine->ops->set_reg.fn(engine->ops->set_reg.self, lockstep->arch->pc, &pc, sizeof(pc));
	engine->exit.reason = AXVCPU_EXIT_DEBUG;
	return error ? error : engine_read(lockstep, engine);
}

int32_t trap_run(struct lockstep *lockstep, struct engine *engine, uint64_t address, bool *ret_there)
{
	struct trap trap = { .address = address };
	bool late = false;
	int32_t error = 0;

	*ret_there = false;
	if (!lockstep->arch->make_trap || !lockstep->arch->make_trap(lockstep, engine, &trap))
		return 0;
	error = patch(lockstep, engine->side, &trap);
	if (!error)
		error = engine_run(lockstep, engine, TRAP_MS, &late);
	if (!error && !late)
		error = is_sprung(lockstep, engine, &trap, ret_there);
	lift(lockstep, engine->side, &trap);
	return error;
}
