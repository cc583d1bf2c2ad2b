/* SPDX-License-Identifier: Apache-2.0 */
/* Where a guest is, in words: pc, the bytes there and what they mean. */
#include <stdio.h>
#include <string.h>

#include <Zydis/Zydis.h>

#include "../kvm.h"

#define INSTRUCTION_MAX 15u
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
static size_t fetch(struct kvm_vcpu *vcpu, uint64_t pc, uint8_t ret_bytes[INSTRUCTION_MAX])
{
	size_t done = 0;

	while (done < INSTRUCTION_MAX) {
		uint64_t gpa;
		size_t size = PAGE_SIZE - ((pc + done) & (PAGE_SIZE - 1));

		size = size < INSTRUCTION_MAX - done ? size : INSTRUCTION_MAX - done;
		if (!kvm_walk(vcpu, pc + done, AXVCPU_ACCESS_EXECUTE, &gpa) ||
		    !kvm_walk_read(vcpu, gpa, ret_bytes + done, size))
			break;
		done += size;
	}
	return done;
}

static void hex(const uint8_t *bytes, size_t size, char *ret_text)
{
	*ret_text = '\0';
	for (size_t i = 0; i < size; i++)
		ret_text += sprintf(ret_text, "%s%02x", i ? " " : "", bytes[i]);
}

int kvm_where_text(struct kvm_vcpu *vcpu, const uint8_t *bytes, size_t size, char *ret_text, size_t capacity)
{
	ZydisDisassembledInstruction instruction;
	char digits[3 * INSTRUCTION_MAX + 1];
	uint64_t pc = 0;

	if (kvm_linear_pc(vcpu, &pc))
		return snprintf(ret_text, capacity, "pc unknown");
	if (!size)
		return snprintf(ret_text, capacity, "pc 0x%llx, which has no memory", (unsigned long long)pc);
	size = size < INSTRUCTION_MAX ? size : INSTRUCTION_MAX;
	if (!ZYAN_SUCCESS(
		    ZydisDisassembleIntel(machine_mode(&vcpu->arch.state.sregs), pc, bytes, size, &instruction))) {
		hex(bytes, size, digits);
		return snprintf(ret_text, capacity, "pc 0x%llx: %s: not an instruction", (unsigned long long)pc,
				digits);
	}
	hex(bytes, instruction.info.length, digits);
	return snprintf(ret_text, capacity, "pc 0x%llx: %s: %s", (unsigned long long)pc, digits, instruction.text);
}

int kvm_arch_where(struct kvm_vcpu *vcpu, char *ret_text, size_t capacity)
{
	uint8_t bytes[INSTRUCTION_MAX];
	uint64_t pc;
	size_t size = kvm_linear_pc(vcpu, &pc) ? 0 : fetch(vcpu, pc, bytes);

	return kvm_where_text(vcpu, bytes, size, ret_text, capacity);
}
