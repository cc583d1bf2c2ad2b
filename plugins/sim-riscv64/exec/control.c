/* SPDX-License-Identifier: Apache-2.0 */
/* RV32I: "Control Transfer Instructions". With C, every even address can be jumped to, so none of these traps. */
#include "exec.h"

EXEC_ENDS(jal)
{
	uint64_t pc = sim_op_pc(cpu, op);

	X(rd) = pc + sim_op_length(op);
	RV_GO(0, pc + (uint64_t)(int64_t)op->imm);
}

EXEC_ENDS(jalr)
{
	uint64_t target = (X(rs1) + (uint64_t)(int64_t)op->imm) & ~UINT64_C(1);
	const struct sim_block *next;

	X(rd) = sim_op_pc(cpu, op) + sim_op_length(op);
	cpu->pc = target;
	cpu->link = NULL;
	next = sim_jump_target(cpu, target);
	if (sim_unlikely(!next))
		return NULL;
	SIM_GOTO(cpu, next->ops);
}

/* Each way has a link of its own; the condition decides between two tail calls, so that the host predicts each branch
 * by itself. */
/* clang-format off */
#define BRANCH(name, type, operator) \
	EXEC_ENDS(name) \
	{ \
		uint64_t pc = sim_op_pc(cpu, op); \
		if ((type)X(rs1) operator (type)X(rs2)) \
			RV_GO(0, pc + (uint64_t)(int64_t)op->imm); \
		else \
			RV_GO(1, pc + sim_op_length(op)); \
	}

BRANCH(beq, uint64_t, ==)
BRANCH(bne, uint64_t, !=)
BRANCH(blt, int64_t, <)
BRANCH(bge, int64_t, >=)
BRANCH(bltu, uint64_t, <)
BRANCH(bgeu, uint64_t, >=)
/* clang-format on */

/* Behind a block that ran out of page or of room; no instruction of its own. */
EXEC_ENDS(fall_through)
{
	RV_GO(0, cpu->pc + (uint64_t)op->imm);
}
