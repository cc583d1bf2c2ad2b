/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single step, breakpoints and the budget: the VMM tells the engine, and they are kept here for the next one. A reset
 * makes engines forget them.
 */
#include <stdlib.h>
#include <string.h>

#include "vcpu.h"

void debug_forget(struct axvcpu *vcpu)
{
	free(vcpu->debug.breakpoints);
	vcpu->debug = (struct debug_settings){ .budget_end = UINT64_MAX };
}

int32_t axvcpu_set_single_step(struct axvcpu *vcpu, int enabled)
{
	const uint32_t on = enabled != 0;
	struct axvcpu *before;
	int32_t error = vcpu_enter(vcpu, "set_single_step", &before);

	if (error)
		return error;
	error = vcpu->ops->set_single_step.fn(vcpu->ops->set_single_step.self, on);
	if (!error)
		vcpu->debug.single_step = on;
	return vcpu_leave(vcpu, "set_single_step", before, error);
}

static void forget_breakpoint(struct debug_settings *debug, uint64_t gva)
{
	for (uint32_t i = 0; i < debug->breakpoint_count; i++)
		if (debug->breakpoints[i] == gva)
			debug->breakpoints[i--] = debug->breakpoints[--debug->breakpoint_count];
}

/* Room for one more; NULL is NO_MEMORY. */
static uint64_t *make_room(struct debug_settings *debug)
{
	uint64_t *breakpoints = reallocarray(debug->breakpoints, debug->breakpoint_count + 1, sizeof(*breakpoints));

	if (breakpoints)
		debug->breakpoints = breakpoints;
	return breakpoints;
}

int32_t axvcpu_set_breakpoint(struct axvcpu *vcpu, uint64_t gva, int enabled)
{
	struct debug_settings *debug = &vcpu->debug;
	struct axvcpu *before;
	int32_t error = vcpu_enter(vcpu, "set_breakpoint", &before);

	if (error)
		return error;
	if (!make_room(debug))
		error = error_set(AXVCPU_ERROR_NO_MEMORY, "no memory for another breakpoint");
	if (!error)
		error = vcpu->ops->set_breakpoint.fn(vcpu->ops->set_breakpoint.self, gva, enabled != 0);
	if (!error) {
		forget_breakpoint(debug, gva);
		if (enabled)
			debug->breakpoints[debug->breakpoint_count++] = gva;
	}
	return vcpu_leave(vcpu, "set_breakpoint", before, error);
}

static uint64_t executed(const struct axarch_dispatch *ops)
{
	uint64_t count = 0;

	return ops->read_counter.fn(ops->read_counter.self, AXARCH_COUNTER_INSTRUCTIONS, &count) ? 0 : count;
}

static uint64_t end_of(uint64_t now, uint64_t instructions)
{
	uint64_t end;

	return __builtin_add_overflow(now, instructions, &end) ? UINT64_MAX : end;
}

int32_t axvcpu_set_budget(struct axvcpu *vcpu, uint64_t instructions)
{
	struct axvcpu *before;
	int32_t error = vcpu_enter(vcpu, "set_budget", &before);

	if (error)
		return error;
	error = vcpu->ops->set_budget.fn(vcpu->ops->set_budget.self, instructions);
	if (!error) {
		vcpu->debug.budget_end = end_of(executed(&vcpu->engine->bottom.dispatch), instructions);
		vcpu_update_gate(vcpu);
	}
	return vcpu_leave(vcpu, "set_budget", before, error);
}

/* What is left of it on the engine `from`; UINT64_MAX: there is none, or its end was told. */
static uint64_t budget_left(const struct axvcpu *vcpu, const struct engine *from)
{
	uint64_t end = vcpu->debug.budget_end;
	uint64_t now = end == UINT64_MAX ? 0 : executed(&from->bottom.dispatch);

	if (end == UINT64_MAX)
		return end;
	return now < end ? end - now : 0;
}

static int32_t apply_budget(const struct axvcpu *vcpu, const struct engine *from, const struct axarch_dispatch *ops)
{
	uint64_t left = budget_left(vcpu, from);
	int32_t error;

	if (left == UINT64_MAX)
		return 0;
	error = ops->set_budget.fn(ops->set_budget.self, left);
	return error ? error_prefix(error, "the budget of instructions: ") : 0;
}

static int32_t apply_breakpoints(const struct axvcpu *vcpu, const struct axarch_dispatch *ops)
{
	for (uint32_t i = 0; i < vcpu->debug.breakpoint_count; i++) {
		uint64_t gva = vcpu->debug.breakpoints[i];
		int32_t error = ops->set_breakpoint.fn(ops->set_breakpoint.self, gva, 1);

		if (error)
			return error_prefix(error, "the breakpoint at 0x%llx: ", (unsigned long long)gva);
	}
	return 0;
}

int32_t debug_apply(const struct axvcpu *vcpu, const struct engine *from, const struct engine *to)
{
	const struct axarch_dispatch *ops = &to->bottom.dispatch;
	int32_t error = 0;

	error_clear();
	if (vcpu->debug.single_step)
		error = ops->set_single_step.fn(ops->set_single_step.self, 1);
	if (error)
		error = error_prefix(error, "single step: ");
	if (!error)
		error = apply_breakpoints(vcpu, ops);
	if (!error)
		error = apply_budget(vcpu, from, ops);
	return error;
}

void debug_take_back(const struct axvcpu *vcpu, const struct engine *engine)
{
	const struct axarch_dispatch *ops = &engine->bottom.dispatch;

	if (!engine->bottom.self)
		return;
	if (vcpu->debug.single_step)
		ops->set_single_step.fn(ops->set_single_step.self, 0);
	for (uint32_t i = 0; i < vcpu->debug.breakpoint_count; i++)
		ops->set_breakpoint.fn(ops->set_breakpoint.self, vcpu->debug.breakpoints[i], 0);
	if (vcpu->debug.budget_end != UINT64_MAX)
		ops->set_budget.fn(ops->set_budget.self, UINT64_MAX);
}

void debug_moved(struct axvcpu *vcpu, const struct engine *from, const struct engine *to)
{
	uint64_t left = budget_left(vcpu, from);

	debug_take_back(vcpu, from);
	vcpu->debug.budget_end = left == UINT64_MAX ? left : end_of(executed(&to->bottom.dispatch), left);
}

void debug_budget_told(struct axvcpu *vcpu)
{
	vcpu->debug.budget_end = UINT64_MAX;
	vcpu_update_gate(vcpu);
}
