/* SPDX-License-Identifier: Apache-2.0 */
/* Ops that the VMM calls by hand, outside of run: each is the backend's, made with the vCPU as the thread's current
 * one. */
#include "vcpu.h"

/* OP(op, (parameters of the public function), arguments of the op...) */
#define OP(op, parameters, ...) \
	int32_t axvcpu_##op parameters \
	{ \
		struct axvcpu *before; \
		int32_t error = vcpu_enter(vcpu, #op, &before); \
\
		if (error) \
			return error; \
		return vcpu_leave(vcpu, #op, before, vcpu->ops->op.fn(vcpu->ops->op.self, __VA_ARGS__)); \
	}

/* clang-format off */
OP(set_entry, (struct axvcpu *vcpu, uint64_t entry), entry)
OP(set_gpr, (struct axvcpu *vcpu, uint32_t index, uint64_t value), index, value)
OP(set_return_value, (struct axvcpu *vcpu, uint64_t value), value)
OP(read_counter, (struct axvcpu *vcpu, uint32_t counter, uint64_t *ret_value), counter, ret_value)
OP(translate, (struct axvcpu *vcpu, uint64_t gva, uint32_t access, uint64_t *ret_gpa), gva, access, ret_gpa)
/* clang-format on */

int32_t axvcpu_set_clock(struct axvcpu *vcpu, uint64_t (*now_ns)(void *context), void *context)
{
	struct axvcpu *before;
	int32_t error = vcpu_enter(vcpu, "set_clock", &before);

	if (error)
		return error;
	error = vcpu->ops->set_clock.fn(vcpu->ops->set_clock.self, now_ns, context);
	if (!error) {
		vcpu->clock = vcpu->engine->clock = now_ns;
		vcpu->clock_context = vcpu->engine->clock_context = context;
	}
	return vcpu_leave(vcpu, "set_clock", before, error);
}
