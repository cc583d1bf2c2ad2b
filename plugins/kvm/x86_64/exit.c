/* SPDX-License-Identifier: Apache-2.0 */
/* KVM's exits as the contract's, one function each in a table by KVM's number. docs/x86_64.md has the same as a table.
 */
#include <stdio.h>
#include <string.h>

#include <axvcpu/regs/x86_64.h>

#include "../kvm.h"

#define MSR_X2APIC_TPR 0x808u
#define POWER_OFF_PORT 0x604u
#define POWER_OFF_VALUE 0x2000u

/* The port at which guests of axvcpu power off, on every x86_64 engine. */
static bool is_power_off(const struct kvm_run *run)
{
	uint16_t value;

	if (run->io.port != POWER_OFF_PORT || run->io.size != 2 || run->io.count != 1 ||
	    run->io.direction != KVM_EXIT_IO_OUT)
		return false;
	memcpy(&value, (const uint8_t *)run + run->io.data_offset, 2);
	return value == POWER_OFF_VALUE;
}

static int32_t system_down(struct axvcpu_exit *exit, uint64_t kind)
{
	exit->reason = AXVCPU_EXIT_SYSTEM_DOWN;
	exit->system_down = (struct axvcpu_exit_system_down){ .kind = kind };
	return 0;
}

static int32_t on_io(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit)
{
	struct kvm_run *run = vcpu->run;

	if (kvm_unlikely(is_power_off(run))) {
		vcpu->unfinished = true;
		return system_down(exit, 0);
	}
	vcpu->access = (struct kvm_access){ .data = (uint8_t *)run + run->io.data_offset,
					    .address = run->io.port,
					    .left = (uint32_t)run->io.size * run->io.count,
					    .element = run->io.size,
					    .is_write = run->io.direction == KVM_EXIT_IO_OUT };
	kvm_access_give(vcpu, exit);
	return 0;
}

static int32_t on_mmio(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit)
{
	struct kvm_run *run = vcpu->run;

	vcpu->access = (struct kvm_access){ .data = run->mmio.data,
					    .address = run->mmio.phys_addr,
					    .left = run->mmio.len,
					    .is_write = run->mmio.is_write };
	kvm_access_give(vcpu, exit);
	return 0;
}

static int32_t on_halt(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit)
{
	vcpu->before |= KVM_BEFORE_HALTED;
	exit->reason = AXVCPU_EXIT_HALT;
	return 0;
}

/* A triple fault: a PC resets. KVM may have put the vCPU through an INIT already (AMD), and forgotten its page tables
 * (state.c). */
static int32_t on_shutdown(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit)
{
	int32_t error = kvm_state_edit(vcpu, KVM_GROUP_SREGS);

	vcpu->arch.lost_root = true;
	return error ? error : system_down(exit, 1);
}

/* Either the line is up, or the host has an interrupt that it will hand over when it is asked to look: Kicked does
 * that. */
static int32_t on_interrupt_window(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit)
{
	if (!vcpu->arch.line && !vcpu->arch.edge_waiting)
		return KVM_AGAIN;
	exit->reason = vcpu->arch.line ? AXVCPU_EXIT_INTERRUPT_WINDOW : AXVCPU_EXIT_KICKED;
	return 0;
}

static int32_t on_again(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit)
{
	(void)vcpu;
	(void)exit;
	return KVM_AGAIN;
}

static int32_t on_signal(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit)
{
	(void)vcpu;
	exit->reason = AXVCPU_EXIT_NOTHING;
	return 0;
}

/* KVM tells when the guest lowers cr8, as interrupts may become deliverable. */
static int32_t on_set_tpr(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit)
{
	exit->reason = AXVCPU_EXIT_SYSREG_WRITE;
	exit->sysreg_write = (struct axvcpu_exit_sysreg_write){ .addr = MSR_X2APIC_TPR, .value = vcpu->run->cr8 << 4 };
	return 0;
}

/* An MSR that is neither the VMM's nor KVM's does not exist. */
static int32_t refuse_msr(struct kvm_vcpu *vcpu)
{
	vcpu->run->msr.error = 1;
	vcpu->unfinished = true; /* a kick may come before the next entry */
	return KVM_AGAIN;
}

static int32_t on_rdmsr(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit)
{
	uint32_t index = vcpu->run->msr.index;

	if (!kvm_msr_exits(vcpu->vm, index))
		return refuse_msr(vcpu);
	vcpu->before |= KVM_BEFORE_READ;
	vcpu->arch.access_pending = true;
	exit->reason = AXVCPU_EXIT_SYSREG_READ;
	exit->sysreg_read = (struct axvcpu_exit_sysreg_read){ .addr = index };
	return 0;
}

static int32_t on_wrmsr(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit)
{
	uint32_t index = vcpu->run->msr.index;

	if (!kvm_msr_exits(vcpu->vm, index))
		return refuse_msr(vcpu);
	vcpu->run->msr.error = 0;
	vcpu->unfinished = true;
	vcpu->arch.access_pending = true;
	exit->reason = AXVCPU_EXIT_SYSREG_WRITE;
	exit->sysreg_write = (struct axvcpu_exit_sysreg_write){ .addr = index, .value = vcpu->run->msr.data };
	return 0;
}

int32_t kvm_arch_complete_read(struct kvm_vcpu *vcpu, const struct axvcpu_exit *exit, uint64_t value)
{
	(void)exit;
	if (!(vcpu->before & KVM_BEFORE_READ) || vcpu->run->exit_reason != KVM_EXIT_X86_RDMSR)
		return vcpu->host->error(AXVCPU_ERROR_BAD_STATE, "kvm: no SysRegRead waits for a value");
	vcpu->run->msr.data = value;
	vcpu->run->msr.error = 0;
	vcpu->before &= ~(uint32_t)KVM_BEFORE_READ;
	vcpu->arch.access_pending = false;
	vcpu->unfinished = true;
	return 0;
}

int32_t kvm_arch_fail_access(struct kvm_vcpu *vcpu, const struct axvcpu_exit *exit)
{
	uint32_t reason = exit->reason == AXVCPU_EXIT_SYSREG_READ ? KVM_EXIT_X86_RDMSR : KVM_EXIT_X86_WRMSR;
	bool pending = vcpu->before & KVM_BEFORE_READ || vcpu->unfinished;

	if (!vcpu->arch.access_pending || !pending || vcpu->run->exit_reason != reason)
		return vcpu->host->error(AXVCPU_ERROR_BAD_STATE,
					 "kvm: the access is over: fail_access comes first after its exit");
	vcpu->run->msr.error = 1;
	vcpu->before &= ~(uint32_t)KVM_BEFORE_READ;
	vcpu->arch.access_pending = false;
	vcpu->unfinished = true;
	return 0;
}

/* Where the result of the hypercall that the exit reports goes. */
static __u64 *hypercall_result(struct kvm_run *run)
{
	return run->exit_reason == KVM_EXIT_XEN ? &run->xen.u.hcall.result : &run->hypercall.ret;
}

/* nr in rax; arguments in rdi, rsi, rdx, rcx, r8, r9. Success is in rax until the VMM says other. */
static int32_t on_hypercall(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit)
{
	const struct kvm_regs *regs = &vcpu->arch.state.regs;
	int32_t error = kvm_state_load(vcpu, KVM_GROUP_REGS); /* before `unfinished` is set: these are the call's */

	if (error)
		return error;
	exit->reason = AXVCPU_EXIT_HYPERCALL;
	exit->hypercall = (struct axvcpu_exit_hypercall){
		.nr = regs->rax, .args = { regs->rdi, regs->rsi, regs->rdx, regs->rcx, regs->r8, regs->r9 }
	};
	*hypercall_result(vcpu->run) = 0;
	vcpu->unfinished = true;
	return 0;
}

static int32_t on_xen(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit)
{
	return vcpu->run->xen.type == KVM_EXIT_XEN_HCALL ? on_hypercall(vcpu, exit) : KVM_AGAIN;
}

int32_t kvm_arch_set_return_value(struct kvm_vcpu *vcpu, uint64_t value)
{
	uint32_t reason = vcpu->run->exit_reason;

	if (vcpu->unfinished && (reason == KVM_EXIT_XEN || reason == KVM_EXIT_HYPERCALL)) {
		*hypercall_result(vcpu->run) = value;
		return 0;
	}
	return kvm_arch_set_reg(vcpu, AXVCPU_X86_64_GPR(0), &value, 8);
}

static int32_t fail_entry(struct axvcpu_exit *exit, uint64_t reason)
{
	exit->reason = AXVCPU_EXIT_FAIL_ENTRY;
	exit->fail_entry = (struct axvcpu_exit_fail_entry){ .hardware_entry_failure_reason = reason };
	return 0;
}

static int32_t on_fail_entry(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit)
{
	uint64_t reason = vcpu->run->fail_entry.hardware_entry_failure_reason;

	vcpu->host->error(AXVCPU_ERROR_UNSUPPORTED,
			  "kvm: the processor refuses to enter the guest, reason 0x%llx: its registers are in a state "
			  "that hardware "
			  "virtualization cannot run (a VMX host without unrestricted guest and real mode, or a state "
			  "set by hand)",
			  (unsigned long long)reason);
	return fail_entry(exit, reason);
}

/* The bytes that KVM had in hand, if it says so; else those in the guest's memory. */
static int where(struct kvm_vcpu *vcpu, char *ret_text, size_t capacity)
{
	const struct kvm_run *run = vcpu->run;

	if (run->emulation_failure.ndata >= 3 &&
	    run->emulation_failure.flags & KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES &&
	    run->emulation_failure.insn_size <= sizeof(run->emulation_failure.insn_bytes))
		return kvm_where_text(vcpu, run->emulation_failure.insn_bytes, run->emulation_failure.insn_size,
				      ret_text, capacity);
	return kvm_arch_where(vcpu, ret_text, capacity);
}

/* An instruction that lies where no memory is. KVM cannot tell it from one that it does not know; the page tables can.
 */
static bool is_fetch_from_nowhere(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit)
{
	uint64_t pc, gpa;
	uint8_t byte;

	if (kvm_linear_pc(vcpu, &pc) || !kvm_walk(vcpu, pc, AXVCPU_ACCESS_EXECUTE, &gpa) ||
	    kvm_walk_read(vcpu, gpa, &byte, 1))
		return false;
	exit->reason = AXVCPU_EXIT_NESTED_PAGE_FAULT;
	exit->nested_page_fault =
		(struct axvcpu_exit_nested_page_fault){ .addr = gpa, .access_flags = AXVCPU_ACCESS_EXECUTE };
	return true;
}

static int32_t on_internal_error(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit)
{
	uint32_t suberror = vcpu->run->internal.suberror;
	char text[256];

	if (suberror == KVM_INTERNAL_ERROR_EMULATION && is_fetch_from_nowhere(vcpu, exit))
		return 0;
	where(vcpu, text, sizeof(text));
	if (suberror == KVM_INTERNAL_ERROR_EMULATION) {
		vcpu->host->error(AXVCPU_ERROR_UNSUPPORTED, "kvm: this host's KVM cannot execute an instruction (%s)",
				  text);
		return fail_entry(exit, AXVCPU_FAIL_ENTRY_EMULATION);
	}
	vcpu->host->error(AXVCPU_ERROR_UNSUPPORTED, "kvm: KVM gave up the guest with an internal error %u (%s)",
			  suberror, text);
	return fail_entry(exit, UINT64_C(1) << 63 | (uint64_t)suberror << 8);
}

static int32_t (*const handlers[])(struct kvm_vcpu *, struct axvcpu_exit *) = {
	[KVM_EXIT_IO] = on_io,
	[KVM_EXIT_MMIO] = on_mmio,
	[KVM_EXIT_HLT] = on_halt,
	[KVM_EXIT_SHUTDOWN] = on_shutdown,
	[KVM_EXIT_IRQ_WINDOW_OPEN] = on_interrupt_window,
	[KVM_EXIT_DEBUG] = kvm_debug_exit,
	[KVM_EXIT_INTR] = on_signal,
	[KVM_EXIT_SET_TPR] = on_set_tpr,
	[KVM_EXIT_X86_RDMSR] = on_rdmsr,
	[KVM_EXIT_X86_WRMSR] = on_wrmsr,
	[KVM_EXIT_HYPERCALL] = on_hypercall,
	[KVM_EXIT_XEN] = on_xen,
	[KVM_EXIT_FAIL_ENTRY] = on_fail_entry,
	[KVM_EXIT_INTERNAL_ERROR] = on_internal_error,
	[KVM_EXIT_X86_BUS_LOCK] = on_again,
	[KVM_EXIT_NOTIFY] = on_again,
};

#define HANDLERS (sizeof(handlers) / sizeof(handlers[0]))

/* A reason of a newer kernel: the VMM can print it, and run again. */
static int32_t unknown(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit)
{
	vcpu->host->log(AXARCH_LOG_WARNING, "kvm: exit reason %u, which nothing here asked for",
			vcpu->run->exit_reason);
	exit->reason = AXVCPU_EXIT_NOTHING;
	return 0;
}

int32_t kvm_arch_exit(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit)
{
	uint32_t reason = vcpu->run->exit_reason;

	vcpu->arch.access_pending = false;
	vcpu->arch.injected = false;
	if (kvm_unlikely(reason >= HANDLERS || !handlers[reason]))
		return unknown(vcpu, exit);
	return handlers[reason](vcpu, exit);
}
