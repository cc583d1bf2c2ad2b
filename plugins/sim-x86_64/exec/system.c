/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System instructions: control and debug registers, model-specific registers, CPUID, time, interrupt flags,
 * translations, halts, calls of the VMM. What changes the mode, translations or what may interrupt goes back to the
 * loop.
 */
#include "exec.h"

#include "../clock.h"
#include "../control.h"
#include "../debug.h"
#include "../mmu.h"
#include "../msr.h"
#include "../x86-cpuid.h"

#define REG(cpu, gpr) X86_SLOT64(cpu, X86_SLOT(gpr))
#define REG32(cpu, gpr) X86_SLOT32(cpu, X86_SLOT(gpr))

static void put_pair(struct x86_cpu *cpu, uint64_t value)
{
	X86_PUT32(cpu, X86_SLOT(X86_RAX), value);
	X86_PUT32(cpu, X86_SLOT(X86_RDX), value >> 32);
}

static uint64_t pair(const struct x86_cpu *cpu)
{
	return (uint64_t)REG32(cpu, X86_RDX) << 32 | REG32(cpu, X86_RAX);
}

static const struct x86_op *protection_fault(struct x86_cpu *cpu, const struct x86_op *op)
{
	return x86_fault_code(cpu, op, X86_GP, 0);
}

/* ---- control registers ---- */

static const struct x86_op *set_control(struct x86_cpu *cpu, const struct x86_op *op, bool done)
{
	return done ? x86_leave(cpu, op) : protection_fault(cpu, op);
}

/* When it falls, interrupts may become deliverable, which the VMM's controller must hear. */
static const struct x86_op *set_cr8(struct x86_cpu *cpu, const struct x86_op *op, uint64_t value)
{
	const struct axvcpu_exit exit = {
		.size = sizeof(exit),
		.reason = AXVCPU_EXIT_SYSREG_WRITE,
		.sysreg_write = { .addr = X86_MSR_X2APIC_TPR, .value = value << 4 },
	};
	uint64_t old = cpu->cr8;

	if (value > 15)
		return protection_fault(cpu, op);
	cpu->cr8 = value;
	if (value < old)
		x86_vmm_write(cpu, op, &exit);
	return x86_leave(cpu, op);
}

static bool control(const struct x86_cpu *cpu, unsigned number, uint64_t *ret_value)
{
	switch (number) {
	case 0:
		*ret_value = cpu->cr0;
		return true;
	case 2:
		*ret_value = cpu->cr2;
		return true;
	case 3:
		*ret_value = cpu->cr3;
		return true;
	case 4:
		*ret_value = cpu->cr4;
		return true;
	case 8:
		*ret_value = cpu->cr8;
		return true;
	}
	return false;
}

/* Whether the register is there and the program may use it; else a fault is under way. */
static bool may_use_control(struct x86_cpu *cpu, const struct x86_op *op, unsigned number, uint64_t *ret_value)
{
	if (!control(cpu, number, ret_value)) {
		x86_fault(cpu, op, X86_UD);
		return false;
	}
	if (cpu->cpl) {
		protection_fault(cpu, op);
		return false;
	}
	return true;
}

static const struct x86_op *write_control(struct x86_cpu *cpu, const struct x86_op *op, uint64_t value)
{
	uint64_t old;

	if (!may_use_control(cpu, op, op->dst, &old))
		return NULL;
	switch (op->dst) {
	case 0:
		return set_control(cpu, op, x86_set_cr0(cpu, value));
	case 3:
		return set_control(cpu, op, x86_set_cr3(cpu, value));
	case 4:
		return set_control(cpu, op, x86_set_cr4(cpu, value));
	case 8:
		return set_cr8(cpu, op, value);
	}
	cpu->cr2 = value;
	return x86_leave(cpu, op);
}

EXEC(mov_cr_r32)
{
	return write_control(cpu, op, X86_SLOT32(cpu, op->src));
}

EXEC(mov_cr_r64)
{
	return write_control(cpu, op, X86_SLOT64(cpu, op->src));
}

EXEC(mov_r_cr32)
{
	uint64_t value;

	if (!may_use_control(cpu, op, op->src, &value))
		return NULL;
	X86_PUT32(cpu, op->dst, value);
	X86_NEXT(cpu, op);
}

EXEC(mov_r_cr64)
{
	uint64_t value;

	if (!may_use_control(cpu, op, op->src, &value))
		return NULL;
	X86_PUT64(cpu, op->dst, value);
	X86_NEXT(cpu, op);
}

EXEC(clts)
{
	if (cpu->cpl)
		return protection_fault(cpu, op);
	cpu->cr0 &= ~(uint64_t)X86_CR0_TS;
	x86_update_mode(cpu);
	return x86_leave(cpu, op);
}

/* Sets PE, MP, EM, TS; PE is never cleared. */
static const struct x86_op *load_status(struct x86_cpu *cpu, const struct x86_op *op, uint64_t word)
{
	uint64_t kept = cpu->cr0 & ~(uint64_t)(X86_CR0_MP | X86_CR0_EM | X86_CR0_TS);

	return set_control(cpu, op, x86_set_cr0(cpu, kept | (word & 15)));
}

EXEC(lmsw_r)
{
	if (cpu->cpl)
		return protection_fault(cpu, op);
	return load_status(cpu, op, X86_SLOT16(cpu, op->dst));
}

EXEC(lmsw_m)
{
	uint64_t linear;
	uint16_t word;

	if (cpu->cpl)
		return protection_fault(cpu, op);
	if (!x86_linear(cpu, op, 2, X86_READ, &linear) || !x86_read16(cpu, op, linear, &word))
		return NULL;
	return load_status(cpu, op, word);
}

static bool is_hidden(const struct x86_cpu *cpu)
{
	return cpu->cpl && cpu->cr4 & X86_CR4_UMIP;
}

EXEC(smsw_r16)
{
	if (is_hidden(cpu))
		return protection_fault(cpu, op);
	X86_PUT16(cpu, op->dst, cpu->cr0);
	X86_NEXT(cpu, op);
}

EXEC(smsw_r32)
{
	if (is_hidden(cpu))
		return protection_fault(cpu, op);
	X86_PUT32(cpu, op->dst, cpu->cr0);
	X86_NEXT(cpu, op);
}

EXEC(smsw_r64)
{
	if (is_hidden(cpu))
		return protection_fault(cpu, op);
	X86_PUT64(cpu, op->dst, cpu->cr0);
	X86_NEXT(cpu, op);
}

EXEC(smsw_m)
{
	uint64_t linear;

	if (is_hidden(cpu))
		return protection_fault(cpu, op);
	if (!x86_linear(cpu, op, 2, X86_WRITE, &linear) || !x86_write16(cpu, op, linear, (uint16_t)cpu->cr0))
		return NULL;
	X86_NEXT(cpu, op);
}

EXEC(xsetbv)
{
	uint64_t value = pair(cpu);

	if (!(cpu->cr4 & X86_CR4_OSXSAVE))
		return x86_fault(cpu, op, X86_UD);
	if (cpu->cpl || REG32(cpu, X86_RCX) != 0 || !x86_xcr0_is_valid(cpu, value))
		return protection_fault(cpu, op);
	cpu->xcr0 = value;
	x86_update_mode(cpu);
	return x86_leave(cpu, op);
}

/* ---- debug registers ---- */

#define DR6_BD UINT64_C(0x2000)
#define DR7_GD UINT64_C(0x2000)

/* The register's number, with dr4 and dr5 as other names of dr6 and dr7; false: a fault is under way. */
static bool debug_register(struct x86_cpu *cpu, const struct x86_op *op, unsigned number, unsigned *ret_number)
{
	bool alias = number == 4 || number == 5;

	if (number > 7 || (alias && cpu->cr4 & X86_CR4_DE)) {
		x86_fault(cpu, op, X86_UD);
		return false;
	}
	if (cpu->cpl) {
		protection_fault(cpu, op);
		return false;
	}
	if (cpu->dr[7] & DR7_GD) {
		x86_fault(cpu, op, X86_DB);
		cpu->exception.dr6 = DR6_BD;
		return false;
	}
	*ret_number = alias ? number + 2 : number;
	return true;
}

static const struct x86_op *write_debug(struct x86_cpu *cpu, const struct x86_op *op, uint64_t value)
{
	unsigned number;

	if (!debug_register(cpu, op, op->dst, &number))
		return NULL;
	if (number >= 6 && value > UINT32_MAX)
		return protection_fault(cpu, op);
	cpu->dr[number] = number == 6 ? x86_dr6_of(value) : number == 7 ? x86_dr7_of(value) : value;
	x86_debug_update(cpu);
	return x86_leave(cpu, op);
}

EXEC(mov_dr_r32)
{
	return write_debug(cpu, op, X86_SLOT32(cpu, op->src));
}

EXEC(mov_dr_r64)
{
	return write_debug(cpu, op, X86_SLOT64(cpu, op->src));
}

EXEC(mov_r_dr32)
{
	unsigned number;

	if (!debug_register(cpu, op, op->src, &number))
		return NULL;
	X86_PUT32(cpu, op->dst, cpu->dr[number]);
	X86_NEXT(cpu, op);
}

EXEC(mov_r_dr64)
{
	unsigned number;

	if (!debug_register(cpu, op, op->src, &number))
		return NULL;
	X86_PUT64(cpu, op->dst, cpu->dr[number]);
	X86_NEXT(cpu, op);
}

/* ---- model-specific registers ---- */

EXEC(rdmsr)
{
	uint32_t index = REG32(cpu, X86_RCX);
	uint64_t value;

	if (cpu->cpl)
		return protection_fault(cpu, op);
	if (x86_msr_exits(cpu, index)) {
		const struct axvcpu_exit exit = {
			.size = sizeof(exit),
			.reason = AXVCPU_EXIT_SYSREG_READ,
			.sysreg_read = { .addr = index },
		};

		if (!x86_vmm_read(cpu, op, &exit, 8, &value))
			return NULL;
	} else if (!x86_msr_read(cpu, index, &value)) {
		return protection_fault(cpu, op);
	}
	put_pair(cpu, value);
	return x86_leave(cpu, op);
}

EXEC(wrmsr)
{
	uint32_t index = REG32(cpu, X86_RCX);
	uint64_t value = pair(cpu);

	if (cpu->cpl)
		return protection_fault(cpu, op);
	if (x86_msr_exits(cpu, index)) {
		const struct axvcpu_exit exit = {
			.size = sizeof(exit),
			.reason = AXVCPU_EXIT_SYSREG_WRITE,
			.sysreg_write = { .addr = index, .value = value },
		};

		cpu->msr_written = true;
		cpu->msr_pc = cpu->cpu.pc + op->at;
		x86_vmm_write(cpu, op, &exit);
	} else if (!x86_msr_write(cpu, index, value)) {
		return protection_fault(cpu, op);
	}
	return x86_leave(cpu, op);
}

/* There are no counters. */
EXEC(rdpmc)
{
	return protection_fault(cpu, op);
}

/* ---- what the processor says ---- */

EXEC(cpuid)
{
	uint32_t regs[4];

	x86_cpuid(cpu, REG32(cpu, X86_RAX), REG32(cpu, X86_RCX), regs);
	X86_PUT32(cpu, X86_SLOT(X86_RAX), regs[0]);
	X86_PUT32(cpu, X86_SLOT(X86_RBX), regs[1]);
	X86_PUT32(cpu, X86_SLOT(X86_RCX), regs[2]);
	X86_PUT32(cpu, X86_SLOT(X86_RDX), regs[3]);
	return x86_leave(cpu, op);
}

static bool hides_time(const struct x86_cpu *cpu)
{
	return cpu->cr4 & X86_CR4_TSD && cpu->cpl;
}

/* Each ends its block: deterministic time is that of the instructions before it. */
EXEC(rdtsc)
{
	if (hides_time(cpu))
		return protection_fault(cpu, op);
	put_pair(cpu, x86_tsc(cpu));
	return x86_leave(cpu, op);
}

EXEC(rdtscp)
{
	if (hides_time(cpu))
		return protection_fault(cpu, op);
	put_pair(cpu, x86_tsc(cpu));
	X86_PUT32(cpu, X86_SLOT(X86_RCX), cpu->tsc_aux);
	return x86_leave(cpu, op);
}

EXEC(rdpid)
{
	X86_PUT64(cpu, op->dst, cpu->tsc_aux);
	X86_NEXT(cpu, op);
}

/* ---- interrupt flag and alignment flag ---- */

enum interrupt_flag { REAL_FLAG, VIRTUAL_FLAG, NO_FLAG };

/* Which flag cli and sti change (SDM 2, CLI). */
static enum interrupt_flag interrupt_flag(const struct x86_cpu *cpu)
{
	unsigned iopl = (cpu->rflags & X86_FLAG_IOPL) >> 12;

	if (x86_in_v86(cpu)) {
		if (iopl == 3)
			return REAL_FLAG;
		return cpu->cr4 & X86_CR4_VME ? VIRTUAL_FLAG : NO_FLAG;
	}
	if (cpu->cpl <= iopl)
		return REAL_FLAG;
	return cpu->cpl == 3 && cpu->cr4 & X86_CR4_PVI ? VIRTUAL_FLAG : NO_FLAG;
}

EXEC(cli)
{
	switch (interrupt_flag(cpu)) {
	case REAL_FLAG:
		cpu->rflags &= ~X86_FLAG_IF;
		break;
	case VIRTUAL_FLAG:
		cpu->rflags &= ~X86_FLAG_VIF;
		break;
	case NO_FLAG:
		return protection_fault(cpu, op);
	}
	X86_NEXT(cpu, op);
}

EXEC(sti)
{
	switch (interrupt_flag(cpu)) {
	case REAL_FLAG:
		if (!(cpu->rflags & X86_FLAG_IF))
			cpu->shadow = 1;
		cpu->rflags |= X86_FLAG_IF;
		return x86_leave(cpu, op);
	case VIRTUAL_FLAG:
		if (cpu->rflags & X86_FLAG_VIP)
			break;
		cpu->rflags |= X86_FLAG_VIF;
		return x86_leave(cpu, op);
	case NO_FLAG:
		break;
	}
	return protection_fault(cpu, op);
}

static void set_alignment_flag(struct x86_cpu *cpu, uint32_t flag)
{
	cpu->rflags = (cpu->rflags & ~X86_FLAG_AC) | flag;
	x86_update_context(cpu);
}

EXEC(clac)
{
	if (cpu->cpl)
		return x86_fault(cpu, op, X86_UD);
	set_alignment_flag(cpu, 0);
	X86_NEXT(cpu, op);
}

EXEC(stac)
{
	if (cpu->cpl)
		return x86_fault(cpu, op, X86_UD);
	set_alignment_flag(cpu, X86_FLAG_AC);
	X86_NEXT(cpu, op);
}

/* ---- translations and caches ---- */

EXEC(invlpg)
{
	uint64_t linear = x86_offset(cpu, op) + X86_SLOT64(cpu, op->seg);

	if (cpu->cpl)
		return protection_fault(cpu, op);
	if (!x86_in_64(cpu))
		linear = (uint32_t)linear;
	if (x86_canonical(linear))
		x86_flush_page(cpu, linear);
	return x86_leave(cpu, op);
}

enum { INVPCID_ADDRESS, INVPCID_CONTEXT, INVPCID_ALL, INVPCID_ALL_BUT_GLOBAL, INVPCID_TYPES };

static bool may_invalidate(const struct x86_cpu *cpu, uint64_t type, const uint64_t *descriptor)
{
	uint64_t pcid = descriptor[0];

	if (type >= INVPCID_TYPES || pcid > 0xfff)
		return false;
	if (type == INVPCID_ADDRESS && !x86_canonical(descriptor[1]))
		return false;
	return type > INVPCID_CONTEXT || !pcid || cpu->cr4 & X86_CR4_PCIDE;
}

static const struct x86_op *invalidate(struct x86_cpu *cpu, const struct x86_op *op, uint64_t type)
{
	uint64_t linear, descriptor[2];

	if (cpu->cpl)
		return protection_fault(cpu, op);
	if (!x86_linear(cpu, op, sizeof(descriptor), X86_READ, &linear) ||
	    !x86_read_bytes(cpu, op, linear, descriptor, sizeof(descriptor)))
		return NULL;
	if (!may_invalidate(cpu, type, descriptor))
		return protection_fault(cpu, op);
	if (type == INVPCID_ADDRESS)
		x86_flush_page(cpu, descriptor[1]);
	else if (type == INVPCID_CONTEXT)
		x86_flush_pcid(cpu, (unsigned)descriptor[0]);
	else
		x86_flush_all(cpu);
	return x86_leave(cpu, op);
}

EXEC(invpcid_r32)
{
	return invalidate(cpu, op, X86_SLOT32(cpu, op->dst));
}

EXEC(invpcid_r64)
{
	return invalidate(cpu, op, X86_SLOT64(cpu, op->dst));
}

/* There are no caches of memory. */
EXEC(invd)
{
	if (cpu->cpl)
		return protection_fault(cpu, op);
	return x86_leave(cpu, op); /* it serializes: code that another processor changed is seen behind it */
}

/* ---- halts and calls ---- */

EXEC(hlt)
{
	if (cpu->cpl)
		return protection_fault(cpu, op);
	cpu->halted = true;
	return x86_leave(cpu, op);
}

/* rax holds success until the VMM says other. Ring 3 finds no hypervisor. */
EXEC(vmcall)
{
	struct axvcpu_exit exit = { .size = sizeof(exit), .reason = AXVCPU_EXIT_HYPERCALL };
	static const uint8_t arguments[] = { X86_RDI, X86_RSI, X86_RDX, X86_RCX, X86_R8, X86_R8 + 1 };
	uint64_t mask = x86_in_64(cpu) ? UINT64_MAX : UINT32_MAX;

	if (cpu->cpl)
		return x86_fault(cpu, op, X86_UD);
	exit.hypercall.nr = REG(cpu, X86_RAX) & mask;
	for (unsigned i = 0; i < X86_COUNT(arguments); i++)
		exit.hypercall.args[i] = REG(cpu, arguments[i]) & mask;
	X86_PUT64(cpu, X86_SLOT(X86_RAX), 0);
	x86_vmm_write(cpu, op, &exit);
	return x86_leave(cpu, op);
}

/* ---- rows ---- */

#define WIDE(fn32, fn64) \
	{ \
		NULL, NULL, fn32, fn64 \
	}

static const struct x86_row rows[] = {
	{ ZYDIS_MNEMONIC_MOV, "cr", WIDE(mov_cr_r32, mov_cr_r64), .flags = X86_ROW_ENDS },
	{ ZYDIS_MNEMONIC_MOV, "rc", WIDE(mov_r_cr32, mov_r_cr64), .flags = 0 },
	{ ZYDIS_MNEMONIC_MOV, "dr", WIDE(mov_dr_r32, mov_dr_r64), .flags = X86_ROW_ENDS },
	{ ZYDIS_MNEMONIC_MOV, "rd", WIDE(mov_r_dr32, mov_r_dr64), .flags = 0 },
	{ ZYDIS_MNEMONIC_CLTS, NULL, X86_ANY(clts), .flags = X86_ROW_ENDS },
	{ ZYDIS_MNEMONIC_LMSW, "r", X86_ANY(lmsw_r), .flags = X86_ROW_ENDS },
	{ ZYDIS_MNEMONIC_LMSW, "m", X86_ANY(lmsw_m), .flags = X86_ROW_ENDS },
	{ ZYDIS_MNEMONIC_SMSW, "r", { smsw_r16, smsw_r16, smsw_r32, smsw_r64 }, .flags = 0 },
	{ ZYDIS_MNEMONIC_SMSW, "m", X86_ANY(smsw_m), .flags = 0 },
	{ ZYDIS_MNEMONIC_XSETBV, NULL, X86_ANY(xsetbv), .flags = X86_ROW_ENDS, .features = X86_NEEDS(XSAVE) },
	{ ZYDIS_MNEMONIC_RDMSR, NULL, X86_ANY(rdmsr), .flags = X86_ROW_ENDS },
	{ ZYDIS_MNEMONIC_WRMSR, NULL, X86_ANY(wrmsr), .flags = X86_ROW_ENDS },
	{ ZYDIS_MNEMONIC_RDPMC, NULL, X86_ANY(rdpmc), .flags = X86_ROW_ENDS },
	{ ZYDIS_MNEMONIC_CPUID, NULL, X86_ANY(cpuid), .flags = X86_ROW_ENDS },
	{ ZYDIS_MNEMONIC_RDTSC, NULL, X86_ANY(rdtsc), .flags = X86_ROW_ENDS },
	{ ZYDIS_MNEMONIC_RDTSCP, NULL, X86_ANY(rdtscp), .flags = X86_ROW_ENDS, .features = X86_NEEDS(RDTSCP) },
	{ ZYDIS_MNEMONIC_RDPID, "r", X86_ANY(rdpid), .flags = 0, .features = X86_NEEDS(RDPID) },
	{ ZYDIS_MNEMONIC_CLI, NULL, X86_ANY(cli), .flags = 0 },
	{ ZYDIS_MNEMONIC_STI, NULL, X86_ANY(sti), .flags = X86_ROW_ENDS },
	{ ZYDIS_MNEMONIC_CLAC, NULL, X86_ANY(clac), .flags = 0, .features = X86_NEEDS(SMAP) },
	{ ZYDIS_MNEMONIC_STAC, NULL, X86_ANY(stac), .flags = 0, .features = X86_NEEDS(SMAP) },
	{ ZYDIS_MNEMONIC_INVLPG, "m", X86_ANY(invlpg), .flags = X86_ROW_ENDS },
	{ ZYDIS_MNEMONIC_INVPCID, "rm", WIDE(invpcid_r32, invpcid_r64), .flags = X86_ROW_ENDS,
	  .features = X86_NEEDS(INVPCID) },
	{ ZYDIS_MNEMONIC_INVD, NULL, X86_ANY(invd), .flags = X86_ROW_ENDS },
	{ ZYDIS_MNEMONIC_WBINVD, NULL, X86_ANY(invd), .flags = X86_ROW_ENDS },
	{ ZYDIS_MNEMONIC_HLT, NULL, X86_ANY(hlt), .flags = X86_ROW_ENDS },
	{ ZYDIS_MNEMONIC_VMCALL, NULL, X86_ANY(vmcall), .flags = X86_ROW_ENDS },
	{ ZYDIS_MNEMONIC_VMMCALL, NULL, X86_ANY(vmcall), .flags = X86_ROW_ENDS },
};

extern const struct x86_rows x86_rows_system;
const struct x86_rows x86_rows_system = { rows, X86_COUNT(rows) };
