/* SPDX-License-Identifier: Apache-2.0 */
/* Where a guest is, in words: what is needed of it for that. */
#include <stdio.h>

#include "../../common/x86_64/where.h"
#include "../kvm.h"

#define CR0_PE UINT64_C(1)
#define EFER_LMA UINT64_C(0x400)
#define PAGE_SIZE 4096u

int32_t kvm_linear_pc(struct kvm_vcpu *vcpu, uint64_t *ret_pc)
{
	const struct kvm_state *state = &vcpu->arch.state;
	int32_t error = kvm_state_load(vcpu, KVM_GROUP_REGS | KVM_GROUP_SREGS);

	if (error)
		return error;
	*ret_pc = state->regs.rip;
	if (!(state->sregs.efer & EFER_LMA && state->sregs.cs.l))
		*ret_pc = (state->sregs.cs.base + state->regs.rip) & UINT32_MAX;
	return 0;
}

static ZydisMachineMode machine_mode(const struct kvm_sregs *sregs)
{
	if (!(sregs->cr0 & CR0_PE))
		return ZYDIS_MACHINE_MODE_REAL_16;
	if (sregs->efer & EFER_LMA && sregs->cs.l)
		return ZYDIS_MACHINE_MODE_LONG_64;
	return sregs->cs.db ? ZYDIS_MACHINE_MODE_LEGACY_32 : ZYDIS_MACHINE_MODE_LEGACY_16;
}

/* As many bytes as can be read, which may be on two pages. */
static size_t fetch(struct kvm_vcpu *vcpu, uint64_t pc, uint8_t ret_bytes[WHERE_BYTES_MAX])
{
	size_t done = 0;

	while (done < WHERE_BYTES_MAX) {
		uint64_t gpa;
		size_t size = PAGE_SIZE - ((pc + done) & (PAGE_SIZE - 1));

		size = size < WHERE_BYTES_MAX - done ? size : WHERE_BYTES_MAX - done;
		if (!kvm_walk(vcpu, pc + done, AXVCPU_ACCESS_EXECUTE, &gpa) ||
		    !kvm_walk_read(vcpu, gpa, ret_bytes + done, size))
			break;
		done += size;
	}
	return done;
}

int kvm_where_text(struct kvm_vcpu *vcpu, const uint8_t *bytes, size_t size, char *ret_text, size_t capacity)
{
	uint64_t pc;

	if (kvm_linear_pc(vcpu, &pc))
		return snprintf(ret_text, capacity, "pc unknown");
	return where_text(machine_mode(&vcpu->arch.state.sregs), pc, bytes, size, ret_text, capacity);
}

int kvm_arch_where(struct kvm_vcpu *vcpu, char *ret_text, size_t capacity)
{
	uint8_t bytes[WHERE_BYTES_MAX];
	uint64_t pc;
	size_t size = kvm_linear_pc(vcpu, &pc) ? 0 : fetch(vcpu, pc, bytes);

	return kvm_where_text(vcpu, bytes, size, ret_text, capacity);
}
