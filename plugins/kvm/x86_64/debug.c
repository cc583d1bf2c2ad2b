/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single steps and hardware breakpoints, through KVM_SET_GUEST_DEBUG. The guest's own debug registers are not touched:
 * KVM keeps them apart.
 */
#include <string.h>

#include "../kvm.h"

#define RFLAGS_RF UINT64_C(0x10000)
#define DR6_BREAKPOINTS UINT64_C(0xf)
#define DR7_FIXED UINT64_C(0x600) /* bit 10 is always set; GE makes breakpoints exact */

enum { DEBUG_STEP = 1, DEBUG_BREAKPOINT = 2 };

bool kvm_debug_looks(const struct kvm_vcpu *vcpu)
{
	return vcpu->arch.single_step || vcpu->arch.debug_changed || vcpu->arch.at_breakpoint;
}

static int32_t tell_kvm(struct kvm_vcpu *vcpu)
{
	struct kvm_arch_vcpu *arch = &vcpu->arch;
	struct kvm_guest_debug debug = { .control = 0 };

	if (arch->single_step)
		debug.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP;
	if (arch->breakpoint_count)
		debug.control |= KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP;
	for (uint32_t i = 0; i < arch->breakpoint_count; i++) {
		debug.arch.debugreg[i] = arch->breakpoints[i];
		debug.arch.debugreg[7] |= DR7_FIXED | UINT64_C(2) << (2 * i); /* Gi; type and length 0: execution */
	}
	return KVM_CALL(vcpu->host, vcpu->fd, KVM_SET_GUEST_DEBUG, &debug);
}

/* RF lets the instruction at a breakpoint be executed once. */
static int32_t step_off_breakpoint(struct kvm_vcpu *vcpu)
{
	uint64_t pc;
	int32_t error;

	vcpu->arch.at_breakpoint = false;
	error = kvm_linear_pc(vcpu, &pc);
	if (error || pc != vcpu->arch.stopped_at)
		return error;
	error = kvm_state_edit(vcpu, KVM_GROUP_REGS);
	if (error)
		return error;
	vcpu->arch.state.regs.rflags |= RFLAGS_RF;
	return kvm_arch_write_state(vcpu);
}

/* A step is asked for anew each time: KVM drops it when registers are written. */
int32_t kvm_debug_prepare(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit)
{
	struct kvm_arch_vcpu *arch = &vcpu->arch;
	int32_t error = 0;

	if (arch->single_step)
		error = kvm_vcpu_finish(vcpu);
	if (!error && vcpu->before & KVM_BEFORE_EXIT) { /* the instruction of the last exit has another one */
		vcpu->before &= ~(uint32_t)KVM_BEFORE_EXIT;
		return kvm_arch_exit(vcpu, exit);
	}
	if (!error && arch->at_breakpoint)
		error = step_off_breakpoint(vcpu);
	if (!error && (arch->single_step || arch->debug_changed))
		error = tell_kvm(vcpu);
	if (error)
		return error;
	arch->debug_changed = false;
	kvm_interrupt_update_look(vcpu);
	return KVM_AGAIN;
}

int32_t kvm_debug_exit(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit)
{
	const struct kvm_debug_exit_arch *debug = &vcpu->run->debug.arch;
	bool hit = debug->dr6 & DR6_BREAKPOINTS && vcpu->arch.breakpoint_count;

	vcpu->arch.at_breakpoint = hit;
	vcpu->arch.stopped_at = debug->pc;
	kvm_interrupt_update_look(vcpu);
	exit->reason = AXVCPU_EXIT_DEBUG;
	exit->debug = (struct axvcpu_exit_debug){ .pc = debug->pc, .kind = hit ? DEBUG_BREAKPOINT : DEBUG_STEP };
	return 0;
}

/* The instruction of the last exit was the step; finishing it says so once more. */
bool kvm_arch_is_echo(const struct kvm_vcpu *vcpu)
{
	return vcpu->run->exit_reason == KVM_EXIT_DEBUG;
}

int32_t kvm_arch_set_single_step(struct kvm_vcpu *vcpu, bool enabled)
{
	vcpu->arch.debug_changed |= vcpu->arch.single_step != enabled;
	vcpu->arch.single_step = enabled;
	kvm_interrupt_update_look(vcpu);
	return 0;
}

int32_t kvm_arch_set_breakpoint(struct kvm_vcpu *vcpu, uint64_t gva, bool enabled)
{
	struct kvm_arch_vcpu *arch = &vcpu->arch;
	uint32_t i = 0;

	while (i < arch->breakpoint_count && arch->breakpoints[i] != gva)
		i++;
	if (enabled == (i < arch->breakpoint_count))
		return 0;
	if (enabled && i == KVM_HARDWARE_BREAKPOINTS)
		return vcpu->host->error(AXVCPU_ERROR_RESOURCE_BUSY,
					 "kvm: all %d of the processor's breakpoints are in use: remove one first",
					 KVM_HARDWARE_BREAKPOINTS);
	if (enabled)
		arch->breakpoints[arch->breakpoint_count++] = gva;
	else
		arch->breakpoints[i] = arch->breakpoints[--arch->breakpoint_count];
	arch->debug_changed = true;
	kvm_interrupt_update_look(vcpu);
	return 0;
}
