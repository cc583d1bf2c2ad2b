/* SPDX-License-Identifier: Apache-2.0 */
/*
 * axvcpu_run when it is not the plain case: refusals, kicks, interrupts to hand over, halts that block, errors.
 *
 * Why no kick is lost: axvcpu_kick sets the gate bit before it calls the plugin's kick. A run that passed the gate
 * before the bit was set meets the plugin's sticky flag, returns Kicked, and finds the bit here. A plugin that returns
 * Kicked although the bit is not set was only to look at the interrupt queue, or its flag outlived a kick that was
 * answered at the gate: it is entered again.
 */
#include "vcpu.h"

/* How often in a row an engine is entered again after a Kicked that nobody asked for. One that never does anything else
 * would keep the VMM from its thread for ever: it gets Nothing, and may look around. */
#define KICKS_UNASKED_MAX 64

static int kick_taken(struct axvcpu *vcpu)
{
	return (__atomic_fetch_and(&vcpu->head.gate, ~(uint32_t)AXVCPU_GATE_KICK, __ATOMIC_SEQ_CST) &
		AXVCPU_GATE_KICK) != 0;
}

static int32_t block(struct axvcpu *vcpu)
{
	int32_t error;

	vcpu_set_state(vcpu, AXVCPU_STATE_BLOCKED);
	error = wait_for_event(vcpu, UINT64_MAX);
	vcpu_set_state(vcpu, AXVCPU_STATE_RUNNING);
	return error;
}

/* Adds to *delivered how many interrupts the engine was given first. */
static int32_t enter_engine(struct axvcpu *vcpu, struct axvcpu_exit *exit, uint32_t *delivered)
{
	int32_t error = interrupts_deliver(vcpu, delivered);

	if (error)
		return error;
	error_clear();
	error = vcpu->head.run(vcpu->head.self, exit);
	if (!error && exit->reason == AXVCPU_EXIT_PREEMPTION_TIMER && vcpu->debug.budget_end != UINT64_MAX)
		debug_budget_told(vcpu);
	return error ? vcpu_error(vcpu, "run", error) : 0;
}

/* Whether the exit is the library's to answer and the guest goes on. */
static int goes_on(const struct axvcpu *vcpu, const struct axvcpu_exit *exit)
{
	return exit->reason == AXVCPU_EXIT_KICKED ||
	       (exit->reason == AXVCPU_EXIT_HALT && vcpu->halt_policy == AXVCPU_HALT_BLOCK);
}

/* Runs until there is an exit for the VMM. */
static int32_t run_on(struct axvcpu *vcpu, struct axvcpu_exit *exit)
{
	uint32_t delivered = 0;
	unsigned unasked = 0;
	int32_t error;

	do {
		if (kick_taken(vcpu)) {
			exit->reason = AXVCPU_EXIT_KICKED;
			return 0;
		}
		if (unasked++ == KICKS_UNASKED_MAX) {
			exit->reason = AXVCPU_EXIT_NOTHING;
			return 0;
		}
		delivered = 0;
		error = enter_engine(vcpu, exit, &delivered);
		if (!error && exit->reason == AXVCPU_EXIT_HALT && goes_on(vcpu, exit))
			error = block(vcpu);
		if (delivered || exit->reason != AXVCPU_EXIT_KICKED)
			unasked = 0;
	} while (!error && goes_on(vcpu, exit));
	return error;
}

static int32_t come_back(struct axvcpu *vcpu, int32_t error)
{
	current_slot = NULL;
	vcpu_set_state(vcpu, error ? AXVCPU_STATE_INVALID : AXVCPU_STATE_READY);
	return error;
}

int32_t axvcpu_run_finish(struct axvcpu *vcpu, struct axvcpu_exit *exit, int32_t error)
{
	return come_back(vcpu, error ? vcpu_error(vcpu, "run", error) : run_on(vcpu, exit));
}

/* A switch that waits for the end of an instruction. 1: run on. */
static int32_t go_on_with_switch(struct axvcpu *vcpu, struct axvcpu_exit *exit, int *ret_run)
{
	int has_exit = 0;
	int32_t error;

	*ret_run = 1;
	if (!vcpu->target && !vcpu->has_held)
		return 0;
	current_slot = vcpu;
	error = switch_go_on(vcpu, exit, &has_exit);
	current_slot = NULL;
	*ret_run = !error && !has_exit;
	return error ? vcpu_error(vcpu, "run", error) : 0;
}

int32_t run_slow(struct axvcpu *vcpu, struct axvcpu_exit *exit)
{
	int runs;

	int32_t error;

	if (exit->size < AXVCPU_EXIT_SIZE_MIN)
		return error_set(
			AXVCPU_ERROR_INVALID_INPUT,
			"vCPU %u: the exit's size is %u, at least %u is needed: initialise it with AXVCPU_EXIT_INIT",
			vcpu->id, exit->size, AXVCPU_EXIT_SIZE_MIN);
	if (current_slot)
		return current_nested(vcpu, "run");
	error = state_expect(vcpu, "run", AXVCPU_STATE_READY);
	if (error)
		return error;
	if (!bound_here(vcpu))
		return error_set(
			AXVCPU_ERROR_BAD_STATE,
			"vCPU %u: run needs a vCPU that this thread has bound, and no thread has: call axvcpu_bind",
			vcpu->id);
	error = go_on_with_switch(vcpu, exit, &runs);
	if (error || !runs)
		return error;
	current_slot = vcpu;
	vcpu_set_state(vcpu, AXVCPU_STATE_RUNNING);
	return come_back(vcpu, run_on(vcpu, exit));
}
