/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A switch of engines: the other engine is prepared while the present one is left as it is, so that a refusal changes
 * nothing; the last step, which exchanges the two, cannot fail any more.
 *
 * Each instruction is executed by one engine. One that is under way (its read waits for a value, or its write has more
 * parts) is ended first by the engine that began it: the switch waits (axvcpu.target), and axvcpu_run goes on with it.
 * The plain path of run is closed meanwhile.
 */
#include <string.h>

#include "state/state.h"
#include "state/transfer.h"
#include "vcpu.h"

static const char *name_of(const struct engine *engine)
{
	return axvcpu_backend_description(engine->bottom.backend)->id;
}

/* A budget is watched there, as what is left of it goes along. */
void vcpu_update_gate(struct axvcpu *vcpu)
{
	if (vcpu->target || vcpu->has_held || vcpu->halt_policy == AXVCPU_HALT_BLOCK ||
	    vcpu->debug.budget_end != UINT64_MAX)
		__atomic_fetch_or(&vcpu->head.gate, AXVCPU_GATE_SLOW, __ATOMIC_SEQ_CST);
	else
		__atomic_fetch_and(&vcpu->head.gate, ~(uint32_t)AXVCPU_GATE_SLOW, __ATOMIC_SEQ_CST);
}

static void set_target(struct axvcpu *vcpu, struct engine *target)
{
	__atomic_store_n(&vcpu->target, target, __ATOMIC_RELEASE);
	vcpu_update_gate(vcpu);
}

/* Ends the instruction that is under way. An engine without the op never has one, unless a read waits. */
static int32_t finish(const struct axarch_dispatch *ops, struct axvcpu_exit *exit)
{
	int32_t error;

	exit->reason = AXVCPU_EXIT_NOTHING;
	error_clear();
	error = ops->finish.fn(ops->finish.self, exit);
	return error == AXVCPU_ERROR_UNSUPPORTED ? 0 : error;
}

/* All registers, and what the other engine makes of them. */
static int32_t transfer(const struct axvcpu *vcpu, const struct engine *to)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;
	uint32_t arch;
	int32_t error = vcpu_arch(vcpu, &arch);

	if (!error)
		error = state_transfer(&vcpu->engine->bottom.dispatch, &to->bottom.dispatch, arch);
	return error ? error : finish(&to->bottom.dispatch, &exit);
}

/* Before setup there are no registers to carry, but no life before must be left either. */
static int32_t begin(const struct axvcpu *vcpu, struct engine *to)
{
	if (vcpu->engine->is_set_up)
		return engine_set_up(vcpu, to);
	return to->is_used || !to->bottom.self ? engine_renew(vcpu, to) : 0;
}

/* Gives the other engine everything. The present one is left as it is. */
static int32_t prepare(struct axvcpu *vcpu, struct engine *to)
{
	int32_t error = begin(vcpu, to);

	if (!error)
		error = engine_set_clock(vcpu, to);
	if (!error && vcpu->engine->is_set_up)
		error = transfer(vcpu, to);
	if (!error)
		error = interrupt_lines_expect(vcpu, to);
	if (!error)
		error = debug_apply(vcpu, vcpu->engine, to);
	return error ? error_prefix(error, "%s: ", name_of(to)) : 0;
}

/* What prepare has set beyond registers must not be there when the engine is prepared again. */
static void unprepare(struct axvcpu *vcpu, const struct engine *to)
{
	char text[1024];
	int32_t code = axvcpu_error_code();

	strncpy(text, axvcpu_error_text(), sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	debug_take_back(vcpu, to);
	if (code)
		error_set(code, "%s", text);
}

/* Bound on the thread that the vCPU is bound to, the next one before the present one is let go. */
static int32_t change_binding(struct axvcpu *vcpu, const struct engine *to)
{
	const struct axarch_dispatch *from = &vcpu->engine->bottom.dispatch, *other = &to->bottom.dispatch;
	int32_t error;

	if (!vcpu->binder)
		return 0;
	error_clear();
	error = other->bind.fn(other->bind.self);
	if (error)
		return error_prefix(error, "%s: bind: ", name_of(to));
	from->unbind.fn(from->unbind.self);
	return 0;
}

/* Kicks are kept away while the table of ops changes; what other threads queue meanwhile is handed to the next engine.
 */
static void exchange(struct axvcpu *vcpu, struct engine *to)
{
	engine_close(vcpu);
	layer_stack_rebind(vcpu->stack, &to->bottom.dispatch);
	__atomic_store_n(&vcpu->engine, to, __ATOMIC_RELEASE);
	vcpu_cache_ops(vcpu);
	engine_open(vcpu);
	interrupt_lines_retell(&vcpu->interrupts);
	__atomic_fetch_or(&vcpu->head.gate, AXVCPU_GATE_INTERRUPT, __ATOMIC_SEQ_CST);
}

static int32_t move(struct axvcpu *vcpu, struct engine *to)
{
	struct engine *from = vcpu->engine;
	int32_t error = prepare(vcpu, to);

	if (!error)
		error = change_binding(vcpu, to);
	if (error) {
		unprepare(vcpu, to);
		return error;
	}
	debug_moved(vcpu, from, to);
	exchange(vcpu, to);
	return 0;
}

static void hold(struct axvcpu *vcpu, const struct axvcpu_exit *exit)
{
	vcpu->held = *exit;
	vcpu->has_held = 1;
	vcpu_update_gate(vcpu);
}

/* Whether the other engine would take the state as it is now: what the instruction still changes is little. */
static int32_t rehearse(struct axvcpu *vcpu, struct engine *to)
{
	int32_t error = prepare(vcpu, to);

	unprepare(vcpu, to);
	if (!error)
		set_target(vcpu, to);
	return error;
}

static int32_t switch_to(struct axvcpu *vcpu, struct engine *to)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;
	int32_t error;

	set_target(vcpu, NULL);
	if (to == vcpu->engine)
		return 0;
	if (!vcpu->engine->is_set_up)
		return move(vcpu, to);
	if (vcpu->has_held)
		return rehearse(vcpu, to);
	error = finish(vcpu->ops, &exit);
	if (error == AXVCPU_ERROR_BAD_STATE)
		return rehearse(vcpu, to);
	if (error)
		return error;
	if (exit.reason == AXVCPU_EXIT_NOTHING)
		return move(vcpu, to);
	hold(vcpu, &exit);
	return rehearse(vcpu, to);
}

int32_t switch_go_on(struct axvcpu *vcpu, struct axvcpu_exit *exit, int *ret_exit)
{
	struct axvcpu_exit next = AXVCPU_EXIT_INIT;
	struct engine *to = vcpu->target;
	int32_t error = 0;

	if (vcpu->has_held)
		next = vcpu->held;
	else
		error = finish(vcpu->ops, &next);
	vcpu->has_held = 0;
	if (error) /* as an error of run: a read waits for its value, or the engine has lost the way */
		vcpu_set_state(vcpu, AXVCPU_STATE_INVALID);
	*ret_exit = !error && next.reason != AXVCPU_EXIT_NOTHING;
	if (*ret_exit) {
		next.size = exit->size;
		memcpy(exit, &next, exit->size < sizeof(next) ? exit->size : sizeof(next));
	} else if (!error) {
		set_target(vcpu, NULL);
		error = to ? move(vcpu, to) : 0;
	}
	vcpu_update_gate(vcpu);
	return error;
}

void switch_conclude(struct axvcpu *vcpu)
{
	struct engine *to = vcpu->target;

	vcpu->has_held = 0;
	set_target(vcpu, NULL);
	if (to)
		exchange(vcpu, to);
}

static int32_t add(struct axvcpu *vcpu, struct axvcpu_backend *backend, const struct axvcpu_config *config,
		   struct engine **ret_engine)
{
	struct engine *engine;
	int32_t error = engine_create_like(vcpu, backend, config, &engine);

	if (error)
		return error;
	engine->next = vcpu->engines;
	vcpu->engines = engine;
	if (!vcpu->was_bound)
		error = vcpus_agree(&vcpu, 1);
	if (error) {
		vcpu->engines = engine->next;
		engine_destroy(engine);
		return error;
	}
	*ret_engine = engine;
	return 0;
}

int32_t axvcpu_add_engine(struct axvcpu *vcpu, struct axvcpu_backend *backend, const struct axvcpu_config *config)
{
	struct engine *engine;
	struct axvcpu *before;
	int32_t error = vcpu_enter(vcpu, "add_engine", &before);

	if (error)
		return error;
	if (engine_find(vcpu, backend))
		error = error_set(AXVCPU_ERROR_RESOURCE_BUSY, "it has an engine of backend %s already",
				  axvcpu_backend_description(backend)->id);
	else
		error = add(vcpu, backend, config, &engine);
	return vcpu_leave(vcpu, "add_engine", before, error);
}

static int32_t switch_entered(struct axvcpu *vcpu, struct axvcpu_backend *backend)
{
	struct engine *to = engine_find(vcpu, backend);
	int32_t error = 0;

	if (vcpu_state(vcpu) == AXVCPU_STATE_INVALID)
		return error_set(AXVCPU_ERROR_BAD_STATE,
				 "it is Invalid, and what its engine has is not known: axvcpu_reset leads back");
	if (!to)
		error = add(vcpu, backend, NULL, &to);
	return error ? error : switch_to(vcpu, to);
}

int32_t axvcpu_switch(struct axvcpu *vcpu, struct axvcpu_backend *backend)
{
	struct axvcpu *before;
	int32_t error = vcpu_enter(vcpu, "switch", &before);

	if (error)
		return error;
	return vcpu_leave(vcpu, "switch", before, switch_entered(vcpu, backend));
}
