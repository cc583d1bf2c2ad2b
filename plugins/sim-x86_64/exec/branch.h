/* SPDX-License-Identifier: Apache-2.0 */
/* How near direct branches in 64-bit mode, and what was fused with them, go on. */
#ifndef PLUGINS_SIM_X86_64_EXEC_BRANCH_H
#define PLUGINS_SIM_X86_64_EXEC_BRANCH_H

#include "integer.h"

/* imm is relative to the block's start. */
static inline uint64_t x86_target(const struct x86_cpu *cpu, const struct x86_op *op)
{
	return cpu->cpu.pc + (uint64_t)op->imm;
}

/* Behind the branch: of a fused op `third` is the branch's length, else it is 0. */
static inline uint64_t x86_behind(const struct x86_cpu *cpu, const struct x86_op *op)
{
	return cpu->cpu.pc + op->at + op->length + op->third;
}

/* Along a link that is not set, as where another page begins. Executors. */
const struct x86_op *x86_take_unset(struct x86_cpu *cpu, const struct x86_op *op);
const struct x86_op *x86_skip_unset(struct x86_cpu *cpu, const struct x86_op *op);

/* Along either, where an executor returns what it goes on with. */
const struct x86_op *x86_follow(struct x86_cpu *cpu, const struct x86_op *op, bool taken);

/* The branch's target is not canonical: what was fused with it has been executed. */
const struct x86_op *x86_branch_fault(struct x86_cpu *cpu, const struct x86_op *op);

/* A conditional branch in 64-bit mode; its condition is in the opcode's low bits. */
bool x86_is_jcc(const struct x86_op *op);

/* Goes on in the block that a link leads to; a link is only set to what may be executed. Returns from the executor. */
#define X86_FOLLOW(cpu_, op_, way_, pc_, unset_) \
	do { \
		struct sim_block **link_ = &x86_op_links(op_)->to[way_]; \
		struct sim_block *next_ = *link_; \
		if (sim_unlikely(!next_)) \
			SIM_TAIL return unset_(cpu_, op_); \
		(cpu_)->cpu.pc = (pc_); \
		if (sim_unlikely(!sim_may_enter(&(cpu_)->cpu, next_))) { \
			(cpu_)->cpu.link = link_; \
			X86_ENTER_COMPARED(cpu_, next_); \
		} \
		X86_GOTO(cpu_, x86_block_ops(next_)); \
	} while (0)

#define X86_TAKE(cpu, op) X86_FOLLOW(cpu, op, 0, x86_target(cpu, op), x86_take_unset)
#define X86_SKIP(cpu, op) X86_FOLLOW(cpu, op, 1, x86_behind(cpu, op), x86_skip_unset)

#endif
