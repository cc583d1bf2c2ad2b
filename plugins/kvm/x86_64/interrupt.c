/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupts from a controller in user space. KVM says at each exit whether one could be injected now, and can be asked
 * for an exit as soon as that is so: the interrupt window. The line INTR is answered by the VMM, which acknowledges at
 * its controller only when the guest takes the interrupt; edges come with their vector.
 */
#include <axvcpu/regs/x86_64.h>

#include "../kvm.h"

#define RFLAGS_IF UINT64_C(0x200)
#define VECTORS 256u

bool kvm_interrupt_ready(const struct kvm_vcpu *vcpu)
{
	return vcpu->run->ready_for_interrupt_injection && !(vcpu->before & KVM_BEFORE_STATE);
}

void kvm_interrupt_update_look(struct kvm_vcpu *vcpu)
{
	bool looks = vcpu->arch.line || vcpu->arch.edge_waiting || kvm_debug_looks(vcpu);

	vcpu->before = (vcpu->before & ~(uint32_t)KVM_BEFORE_LOOK) | (looks ? KVM_BEFORE_LOOK : 0);
	if (!looks)
		vcpu->run->request_interrupt_window = 0;
}

int32_t kvm_arch_set_interrupt_line(struct kvm_vcpu *vcpu, uint32_t line, uint32_t level)
{
	if (vcpu->vm->kind == KVM_CHIP_KERNEL)
		return kvm_chip_has_them(vcpu);
	if (line != AXVCPU_X86_64_INTR)
		return vcpu->host->error(AXVCPU_ERROR_INVALID_INPUT,
					 "kvm: x86_64 has one interrupt line, 0 (INTR), no %u", line);
	vcpu->arch.line = level;
	kvm_interrupt_update_look(vcpu);
	return 0;
}

/* KVM has an interrupt: what was read of its events is old, and the guest does not wait in its hlt any more. */
static void handed_over(struct kvm_vcpu *vcpu)
{
	vcpu->arch.loaded &= ~(uint32_t)KVM_GROUP_EVENTS;
	vcpu->arch.sync_wanted |= KVM_SYNC_X86_EVENTS; /* kvm_run's copy is old */
	vcpu->arch.injected = true;
	vcpu->before &= ~(uint32_t)KVM_BEFORE_HALTED;
}

/* Events that were changed are written first: written later, they would take the NMI back. */
static int32_t inject_nmi(struct kvm_vcpu *vcpu)
{
	int32_t error = vcpu->before & KVM_BEFORE_STATE ? kvm_arch_write_state(vcpu) : 0;

	if (!error)
		error = KVM_CALL(vcpu->host, vcpu->fd, KVM_NMI, 0);
	if (!error)
		handed_over(vcpu);
	return error;
}

int32_t kvm_arch_inject_interrupt(struct kvm_vcpu *vcpu, uint64_t vector)
{
	struct kvm_interrupt interrupt = { .irq = (uint32_t)vector };
	int32_t error;

	if (vector == AXVCPU_X86_64_NMI)
		return inject_nmi(vcpu);
	if (vector >= VECTORS)
		return vcpu->host->error(AXVCPU_ERROR_INVALID_INPUT,
					 "kvm: x86_64 has interrupt vectors 0 to 255 and 256 for the NMI, no %llu",
					 (unsigned long long)vector);
	if (vcpu->vm->kind == KVM_CHIP_KERNEL)
		return kvm_chip_has_them(vcpu);
	vcpu->arch.edge_waiting = !kvm_interrupt_ready(vcpu);
	kvm_interrupt_update_look(vcpu);
	if (vcpu->arch.edge_waiting)
		return AXVCPU_ERROR_RESOURCE_BUSY; /* an everyday answer: without a text */
	error = KVM_CALL(vcpu->host, vcpu->fd, KVM_INTERRUPT, &interrupt);
	if (error)
		return error;
	vcpu->run->ready_for_interrupt_injection = 0;
	handed_over(vcpu);
	return 0;
}

static bool interrupts_enabled(const struct kvm_vcpu *vcpu)
{
	if (vcpu->arch.loaded & KVM_GROUP_REGS)
		return vcpu->arch.state.regs.rflags & RFLAGS_IF;
	return vcpu->run->if_flag;
}

/* A line ends a Halt only if the guest listens to it. */
bool kvm_arch_interrupt_pending(struct kvm_vcpu *vcpu)
{
	return vcpu->arch.injected || ((vcpu->arch.line || vcpu->arch.edge_waiting) && interrupts_enabled(vcpu));
}

static int32_t ask_for_window(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit)
{
	bool wanted = vcpu->arch.line || vcpu->arch.edge_waiting;

	vcpu->run->request_interrupt_window = wanted && !kvm_interrupt_ready(vcpu);
	if (!wanted || vcpu->run->request_interrupt_window)
		return KVM_AGAIN;
	exit->reason = vcpu->arch.line ? AXVCPU_EXIT_INTERRUPT_WINDOW : AXVCPU_EXIT_KICKED;
	return 0;
}

int32_t kvm_arch_look(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit)
{
	int32_t answer = ask_for_window(vcpu, exit);

	if (answer == KVM_AGAIN && kvm_debug_looks(vcpu))
		answer = kvm_debug_prepare(vcpu, exit);
	return answer;
}
