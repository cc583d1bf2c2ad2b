/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The current vCPU of a CPU. In a hosted build a CPU is a host thread: the one that bound the vCPU. The slot is typed
 * by the vCPU's backend, because backends are mixed here.
 */
#include "vcpu.h"

_Thread_local struct axvcpu *current_slot;

static struct axvcpu **binder(const struct axvcpu *vcpu)
{
	return __atomic_load_n(&vcpu->binder, __ATOMIC_ACQUIRE);
}

void thread_bind(struct axvcpu *vcpu)
{
	__atomic_store_n(&vcpu->binder, &current_slot, __ATOMIC_RELEASE);
}

void thread_unbind(struct axvcpu *vcpu)
{
	__atomic_store_n(&vcpu->binder, NULL, __ATOMIC_RELEASE);
}

int bound_here(const struct axvcpu *vcpu)
{
	return binder(vcpu) == &current_slot;
}

int32_t vcpu_error(const struct axvcpu *vcpu, const char *what, int32_t error)
{
	return error_prefix(error, "vCPU %u: %s: ", vcpu->id, what);
}

int32_t current_nested(const struct axvcpu *vcpu, const char *what)
{
	return error_set(AXVCPU_ERROR_BAD_STATE,
			 "vCPU %u: %s is nested in an operation on vCPU %u of this thread: let that one end first",
			 vcpu->id, what, current_slot->id);
}

int32_t current_expect_free(const struct axvcpu *vcpu, const char *what)
{
	return current_slot && current_slot != vcpu ? current_nested(vcpu, what) : 0;
}

int32_t thread_expect_own(const struct axvcpu *vcpu, const char *what)
{
	struct axvcpu **bound_by = binder(vcpu);

	if (!bound_by || bound_by == &current_slot)
		return 0;
	return error_set(AXVCPU_ERROR_BAD_STATE,
			 "vCPU %u: %s, but another thread has bound it (it is %s): unbind it there first", vcpu->id,
			 what, axvcpu_state_name(vcpu_state(vcpu)));
}

int32_t vcpu_expect_resting(const struct axvcpu *vcpu, const char *what)
{
	uint32_t state = vcpu_state(vcpu);
	int32_t error = thread_expect_own(vcpu, what);

	if (error || (state != AXVCPU_STATE_RUNNING && state != AXVCPU_STATE_BLOCKED))
		return error;
	return error_set(AXVCPU_ERROR_BAD_STATE,
			 "vCPU %u: %s needs any state but Running and Blocked, but it is %s: kick it first", vcpu->id,
			 what, axvcpu_state_name(state));
}

int32_t engine_expect(const struct axvcpu *vcpu, const char *what)
{
	if (vcpu->engine->bottom.self)
		return 0;
	return error_set(AXVCPU_ERROR_BAD_STATE,
			 "vCPU %u: %s needs the engine's vCPU, which the last reset failed to make: reset it again",
			 vcpu->id, what);
}

int32_t vcpu_enter(struct axvcpu *vcpu, const char *what, struct axvcpu **ret_before)
{
	int32_t error;

	error = vcpu_expect_resting(vcpu, what);
	if (!error)
		error = engine_expect(vcpu, what);
	if (!error)
		error = current_expect_free(vcpu, what);
	if (error)
		return error;
	*ret_before = current_slot;
	current_slot = vcpu;
	error_clear();
	return 0;
}

int32_t vcpu_leave(struct axvcpu *vcpu, const char *what, struct axvcpu *before, int32_t error)
{
	current_slot = before;
	return error ? vcpu_error(vcpu, what, error) : 0;
}

struct axvcpu *axvcpu_get_current(void)
{
	return current_slot;
}

static const char *backend_name(const struct axvcpu_backend *backend)
{
	return axvcpu_backend_description(backend)->id;
}

/* INVALID_INPUT unless the vCPU runs on that backend. */
static int32_t expect_backend(const struct axvcpu *vcpu, const struct axvcpu_backend *backend)
{
	if (vcpu_backend(vcpu) == backend)
		return 0;
	return error_set(AXVCPU_ERROR_INVALID_INPUT, "vCPU %u runs on backend %s, not on %s", vcpu->id,
			 backend_name(vcpu_backend(vcpu)), backend_name(backend));
}

int32_t axvcpu_get_current_of(const struct axvcpu_backend *backend, struct axvcpu **ret_vcpu)
{
	int32_t error;

	if (!current_slot)
		return error_set(AXVCPU_ERROR_NOT_FOUND, "this thread has no current vCPU");
	error = expect_backend(current_slot, backend);
	if (!error)
		*ret_vcpu = current_slot;
	return error;
}

int32_t axvcpu_arch_vcpu(struct axvcpu *vcpu, const struct axvcpu_backend *backend, void **ret_arch)
{
	int32_t error = expect_backend(vcpu, backend);

	if (!error)
		*ret_arch = vcpu->engine->bottom.self;
	return error;
}

int32_t axvcpu_set_current(struct axvcpu *vcpu)
{
	if (current_slot)
		return current_nested(vcpu, "set_current");
	current_slot = vcpu;
	return 0;
}

int32_t axvcpu_clear_current(void)
{
	if (!current_slot)
		return error_set(AXVCPU_ERROR_BAD_STATE, "this thread has no current vCPU that could be cleared");
	current_slot = NULL;
	return 0;
}

int32_t axvcpu_with_current_cpu_set(struct axvcpu *vcpu, axvcpu_body_fn body, void *context)
{
	int32_t error;

	if (current_slot)
		return current_nested(vcpu, "with_current_cpu_set");
	current_slot = vcpu;
	error = body(vcpu, context);
	current_slot = NULL;
	return error;
}

struct arch_body {
	axvcpu_arch_body_fn body;
	void *context;
};

static int32_t call_arch_body(struct axvcpu *vcpu, void *context)
{
	const struct arch_body *arch_body = context;

	return arch_body->body(vcpu, vcpu->engine->bottom.self, arch_body->context);
}

int32_t axvcpu_manipulate_arch_vcpu(struct axvcpu *vcpu, uint32_t from, uint32_t to, axvcpu_arch_body_fn body,
				    void *context)
{
	struct arch_body arch_body = { body, context };

	if (current_slot)
		return current_nested(vcpu, "manipulate_arch_vcpu");
	return state_transition(vcpu, "manipulate_arch_vcpu", from, to, call_arch_body, &arch_body);
}
