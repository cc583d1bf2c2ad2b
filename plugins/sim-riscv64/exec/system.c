/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Zicsr, Zifencei, "Environment Call and Breakpoints", and the supervisor instructions of the Privileged Architecture.
 * All of them end their block; those that change what is fetched, translated or interrupted go back to the loop.
 */
#include "exec.h"

/* The encoding, as stval reports it. */
static uint64_t encoding(const struct sim_op *op)
{
	return (uint32_t)op->imm;
}

EXEC_ENDS(illegal)
{
	return rv_trap(cpu, op, RV_ILLEGAL_INSTRUCTION, encoding(op));
}

/* For instructions whose imm is needed for other things, the encoding is made again: `fixed` bits, and what the op
 * knows. */
static const struct sim_op *privileged(struct sim_cpu *cpu, const struct sim_op *op, uint32_t fixed)
{
	return rv_trap(cpu, op, RV_ILLEGAL_INSTRUCTION, fixed | (uint32_t)op->rs1 << 15 | (uint32_t)op->rs2 << 20);
}

static bool is_user(struct sim_cpu *cpu)
{
	return rv_hart_of(cpu)->mode == RV_USER;
}

/* Done with the instruction; the loop finds what is next. */
static const struct sim_op *finish(struct sim_cpu *cpu, const struct sim_op *op)
{
	sim_cpu_stop_at(cpu, op, true);
	return NULL;
}

enum csr_change { CSR_WRITE = 1, CSR_SET = 2, CSR_CLEAR = 3 }; /* the low bits of funct3 */

static uint64_t changed(enum csr_change change, uint64_t old, uint64_t operand)
{
	return change == CSR_WRITE ? operand : change == CSR_SET ? old | operand : old & ~operand;
}

static uint32_t csr_encoding(const struct sim_op *op, unsigned funct3)
{
	unsigned rd = op->rd == SIM_SINK ? 0 : op->rd;

	return (uint32_t)op->imm << 20 | (uint32_t)op->rs1 << 15 | funct3 << 12 | rd << 7 | 0x73;
}

/* All six instructions. Set and clear with x0 or 0 do not write at all, write with rd x0 does not read. */
static const struct sim_op *access_csr(struct sim_cpu *cpu, const struct sim_op *op, unsigned funct3, uint64_t operand)
{
	struct rv_hart *hart = rv_hart_of(cpu);
	enum csr_change change = funct3 & 3;
	bool writes = change == CSR_WRITE || op->rs1 != 0;
	unsigned number = (unsigned)op->imm;
	const struct sim_block *next;
	uint64_t old = 0;

	if (!rv_csr_allowed(hart, number, writes) || !rv_csr_read(hart, number, &old))
		return rv_trap(cpu, op, RV_ILLEGAL_INSTRUCTION, csr_encoding(op, funct3));
	if (writes)
		rv_csr_write(hart, number, changed(change, old, operand));
	X(rd) = old;
	if (writes && rv_csr_is_control(number))
		return finish(cpu, op);
	next = sim_link_target(cpu, sim_op_links(op), 0, sim_op_pc(cpu, op) + sim_op_length(op));
	return next ? next->ops : NULL; /* by way of the loop: this is no executor, and must not tail-call one */
}

/* clang-format off */
EXEC_ENDS(csrrw) { return access_csr(cpu, op, 1, X(rs1)); }
EXEC_ENDS(csrrs) { return access_csr(cpu, op, 2, X(rs1)); }
EXEC_ENDS(csrrc) { return access_csr(cpu, op, 3, X(rs1)); }
EXEC_ENDS(csrrwi) { return access_csr(cpu, op, 5, op->rs1); }
EXEC_ENDS(csrrsi) { return access_csr(cpu, op, 6, op->rs1); }
EXEC_ENDS(csrrci) { return access_csr(cpu, op, 7, op->rs1); }
/* clang-format on */

EXEC_ENDS(fence_i)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	sim_cpu_code_changed(cpu);
	return finish(cpu, op);
}

EXEC_ENDS(ecall)
{
	if (is_user(cpu))
		return rv_trap(cpu, op, RV_ECALL_USER, 0);
	sim_cpu_stop_at(cpu, op, true);
	rv_sbi_call(rv_hart_of(cpu));
	return NULL;
}

EXEC_ENDS(ebreak)
{
	return rv_trap(cpu, op, RV_BREAKPOINT, sim_op_pc(cpu, op));
}

EXEC_ENDS(sret)
{
	if (is_user(cpu))
		return privileged(cpu, op, 0x10200073);
	sim_cpu_stop_at(cpu, op, true);
	rv_return_from_trap(rv_hart_of(cpu));
	return NULL;
}

EXEC_ENDS(wfi)
{
	struct rv_hart *hart = rv_hart_of(cpu);

	if (is_user(cpu))
		return privileged(cpu, op, 0x10500073);
	sim_cpu_stop_at(cpu, op, true);
	hart->halted = true; /* the loop decides whether there is something to wait for */
	return NULL;
}

static bool has_asid(uint64_t satp, uint64_t asid)
{
	return (satp >> 44 & 0xffff) == asid;
}

EXEC_ENDS(sfence_vma)
{
	if (is_user(cpu))
		return privileged(cpu, op, 0x12000073);
	if (op->rs1)
		sim_cpu_flush_page(cpu, X(rs1));
	else if (op->rs2)
		sim_tlb_flush_spaces(&cpu->tlb, has_asid, X(rs2) & 0xffff);
	else
		sim_tlb_flush(&cpu->tlb);
	rv_update_context(rv_hart_of(cpu));
	return finish(cpu, op);
}
