/* SPDX-License-Identifier: Apache-2.0 */
/* The state machine: what a call expects, what was found, and what the policy makes of a mismatch. */
#include "vcpu.h"

static const char *const state_names[] = {
#define NAME(name, value, text) [value] = text,
	AXVCPU_STATES(NAME)
#undef NAME
};

#define STATE_COUNT (sizeof(state_names) / sizeof(state_names[0]))

const char *axvcpu_state_name(uint32_t state)
{
	return state < STATE_COUNT ? state_names[state] : "unknown";
}

/* What head.current points to while the vCPU is not Ready: no thread's slot, and never empty. */
static struct axvcpu *closed = (struct axvcpu *)(void *)&closed;

void vcpu_set_state(struct axvcpu *vcpu, uint32_t state)
{
	int opens = state == AXVCPU_STATE_READY && vcpu->binder;

	__atomic_store_n(&vcpu->head.current, opens ? vcpu->binder : &closed, __ATOMIC_RELAXED);
	__atomic_store_n(&vcpu->head.state, state, __ATOMIC_RELEASE);
}

static int32_t refuse(struct axvcpu *vcpu, const char *what, uint32_t expected, uint32_t found)
{
	/* A run or a wait that is going on keeps its state: it would overwrite another one when it ends. */
	int poisons = vcpu->state_policy == AXVCPU_POLICY_POISON && found != AXVCPU_STATE_RUNNING &&
		      found != AXVCPU_STATE_BLOCKED && found != AXVCPU_STATE_INVALID;

	if (poisons)
		vcpu_set_state(vcpu, AXVCPU_STATE_INVALID);
	return error_set(AXVCPU_ERROR_BAD_STATE, "vCPU %u: %s needs state %s, but it is %s%s", vcpu->id, what,
			 axvcpu_state_name(expected), axvcpu_state_name(found),
			 poisons ? "; by its policy (poison) it is Invalid now: axvcpu_reset leads back"
			 : found == AXVCPU_STATE_INVALID ? ": axvcpu_reset leads back"
							 : "");
}

int32_t state_expect(struct axvcpu *vcpu, const char *what, uint32_t expected)
{
	uint32_t found = vcpu_state(vcpu);
	int32_t error = thread_expect_own(vcpu, what);

	if (error || found == expected)
		return error;
	return refuse(vcpu, what, expected, found);
}

int32_t state_transition(struct axvcpu *vcpu, const char *what, uint32_t from, uint32_t to, axvcpu_body_fn body,
			 void *context)
{
	struct axvcpu *before = current_slot;
	int32_t error;

	error = current_expect_free(vcpu, what);
	if (error)
		return error;
	error = state_expect(vcpu, what, from);
	if (!error)
		error = engine_expect(vcpu, what);
	if (error)
		return error;
	current_slot = vcpu;
	error = body(vcpu, context);
	current_slot = before;
	vcpu_set_state(vcpu, error ? AXVCPU_STATE_INVALID : to);
	return error;
}

static int32_t check_states(uint32_t from, uint32_t to)
{
	if (from < STATE_COUNT && to < STATE_COUNT)
		return 0;
	return error_set(AXVCPU_ERROR_INVALID_INPUT,
			 "there is no state with number %u: states go from 0 (Invalid) to 5 (Blocked)",
			 from < STATE_COUNT ? to : from);
}

int32_t axvcpu_with_state_transition(struct axvcpu *vcpu, uint32_t from, uint32_t to, axvcpu_body_fn body,
				     void *context)
{
	int32_t error = check_states(from, to);

	if (error)
		return error;
	error = state_expect(vcpu, "the transition", from);
	if (error)
		return error;
	error = body(vcpu, context);
	vcpu_set_state(vcpu, error ? AXVCPU_STATE_INVALID : to);
	return error;
}

int32_t axvcpu_transition_state(struct axvcpu *vcpu, uint32_t from, uint32_t to)
{
	int32_t error = check_states(from, to);

	if (!error)
		error = state_expect(vcpu, "the transition", from);
	if (!error)
		vcpu_set_state(vcpu, to);
	return error;
}

int32_t axvcpu_set_state(struct axvcpu *vcpu, uint32_t state)
{
	int32_t error = check_states(state, state);

	if (!error)
		vcpu_set_state(vcpu, state);
	return error;
}

uint32_t axvcpu_state(const struct axvcpu *vcpu)
{
	return vcpu_state(vcpu);
}
