/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single steps and hardware breakpoints, through KVM_SET_GUEST_DEBUG. The guest's own debug registers are not touched:
 * KVM keeps them apart.
 */
#include <string.h>

#include "../kvm.h"

#define DR6_BREAKPOINTS UINT64_C(0xf)
#define DR7_FIXED UINT64_C(0x600) /* bit 10 is always set; GE makes breakpoints exact */
#define OPCODE_HLT 0xf4
#define WHEREVER UINT64_MAX /* stopped_at: at the present pc */

enum { DEBUG_STEP = 1, DEBUG_BREAKPOINT = 2 };

bool kvm_debug_looks(const struct kvm_vcpu *vcpu)
{
	const struct kvm_arch_vcpu *arch = &vcpu->arch;

	return arch->single_step || arch->debug_changed || arch->at_breakpoint || arch->steps_off;
}

bool kvm_debug_is_stopped(struct kvm_vcpu *vcpu)
{
	uint64_t pc;

	return vcpu->arch.at_breakpoint &&
	       (vcpu->arch.stopped_at == WHEREVER || (!kvm_linear_pc(vcpu, &pc) && pc == vcpu->arch.stopped_at));
}

void kvm_debug_set_stopped(struct kvm_vcpu *vcpu, bool stopped)
{
	vcpu->arch.at_breakpoint = stopped;
	vcpu->arch.stopped_at = WHEREVER; /* pc and mode may be written after this */
	kvm_interrupt_update_look(vcpu);
}

static bool is_stepping(const struct kvm_arch_vcpu *arch)
{
	return (arch->single_step || arch->steps_off) && !arch->steps_hlt;
}

static int32_t tell_kvm(struct kvm_vcpu *vcpu)
{
	struct kvm_arch_vcpu *arch = &vcpu->arch;
	struct kvm_guest_debug debug = { .control = 0 };

	if (is_stepping(arch))
		debug.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP;
	if (arch->breakpoint_count && !arch->steps_off)
		debug.control |= KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP;
	for (uint32_t i = 0; i < arch->breakpoint_count; i++) {
		debug.arch.debugreg[i] = arch->breakpoints[i];
		debug.arch.debugreg[7] |= DR7_FIXED | UINT64_C(2) << (2 * i); /* Gi; type and length 0: execution */
	}
	return KVM_CALL(vcpu->host, vcpu->fd, KVM_SET_GUEST_DEBUG, &debug);
}

/*
 * A hlt is entered without a step: it makes its exit and nothing comes after it. Told to step over it, KVM's emulator
 * says that it was a step, and of the halt only when it has executed something else. An interrupt that was handed to
 * KVM is taken before the hlt: that is a step like any other.
 */
static bool is_hlt(struct kvm_vcpu *vcpu, uint64_t pc)
{
	uint64_t gpa;
	uint8_t opcode;

	if (vcpu->vm->kind != KVM_CHIP_VMM || vcpu->arch.injected || vcpu->arch.state.sregs.ss.dpl)
		return false;
	return kvm_walk(vcpu, pc, AXVCPU_ACCESS_EXECUTE, &gpa) && kvm_walk_read(vcpu, gpa, &opcode, 1) &&
	       opcode == OPCODE_HLT;
}

/*
 * Before a single step. The instruction at a breakpoint is stepped over with the breakpoints off: RF, which is there
 * for that, is not looked at by KVM's emulator.
 */
static int32_t prepare_step(struct kvm_vcpu *vcpu)
{
	struct kvm_arch_vcpu *arch = &vcpu->arch;
	uint64_t pc;
	int32_t error = kvm_linear_pc(vcpu, &pc);

	if (error)
		return error;
	arch->steps_off = arch->at_breakpoint && arch->breakpoint_count &&
			  (pc == arch->stopped_at || arch->stopped_at == WHEREVER);
	arch->at_breakpoint = false;
	arch->steps_hlt = is_hlt(vcpu, pc);
	return 0;
}

/* Told anew each time: KVM forgets a step when registers are written, and what was told last may be a step off. */
int32_t kvm_debug_prepare(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit)
{
	struct kvm_arch_vcpu *arch = &vcpu->arch;
	int32_t error = kvm_vcpu_finish(vcpu);

	if (!error && vcpu->before & KVM_BEFORE_EXIT) { /* the instruction of the last exit has another one */
		vcpu->before &= ~(uint32_t)KVM_BEFORE_EXIT;
		return kvm_arch_exit(vcpu, exit);
	}
	arch->steps_off = arch->steps_hlt = false;
	if (!error && (arch->single_step || arch->at_breakpoint))
		error = prepare_step(vcpu);
	if (!error)
		error = tell_kvm(vcpu);
	if (error)
		return error;
	arch->debug_changed = false;
	kvm_interrupt_update_look(vcpu);
	return KVM_AGAIN;
}

static bool is_breakpoint(const struct kvm_arch_vcpu *arch, uint64_t pc)
{
	for (uint32_t i = 0; i < arch->breakpoint_count; i++)
		if (arch->breakpoints[i] == pc)
			return true;
	return false;
}

static int32_t give(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit, uint64_t pc, uint64_t kind)
{
	vcpu->arch.at_breakpoint = kind == DEBUG_BREAKPOINT;
	vcpu->arch.stopped_at = pc;
	kvm_interrupt_update_look(vcpu);
	exit->reason = AXVCPU_EXIT_DEBUG;
	exit->debug = (struct axvcpu_exit_debug){ .pc = pc, .kind = kind };
	return 0;
}

int32_t kvm_debug_exit(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit)
{
	const struct kvm_debug_exit_arch *debug = &vcpu->run->debug.arch;
	struct kvm_arch_vcpu *arch = &vcpu->arch;

	/* dr6 may name breakpoints that are not switched on (SDM volume 3, 17.2.3). */
	if (!is_stepping(arch) || (debug->dr6 & DR6_BREAKPOINTS && is_breakpoint(arch, debug->pc)))
		return give(vcpu, exit, debug->pc, DEBUG_BREAKPOINT);
	if (arch->single_step)
		return give(vcpu, exit, debug->pc, DEBUG_STEP);
	/* Stepped off one breakpoint, maybe onto the next. */
	return is_breakpoint(arch, debug->pc) ? give(vcpu, exit, debug->pc, DEBUG_BREAKPOINT) : KVM_AGAIN;
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
