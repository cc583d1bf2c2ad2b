/* SPDX-License-Identifier: Apache-2.0 */
/* How executors go on; see op.h for what they are. */
#ifndef PLUGINS_SIM_X86_64_EXEC_EXEC_H
#define PLUGINS_SIM_X86_64_EXEC_EXEC_H

#include "../access.h"
#include "../flags.h"
#include "../op.h"

/* See SIM_GOTO. */
#if defined(__OPTIMIZE__) && !defined(SIM_SANITIZED) && !defined(SIM_LOOP)
#define X86_GOTO(cpu, target) SIM_TAIL return (target)->fn(cpu, target)
#else
#define X86_GOTO(cpu, target) return ((void)(cpu), (target))
#endif
#define X86_NEXT(cpu, op) X86_GOTO(cpu, (op) + 1)

static inline struct sim_links *x86_op_links(const struct x86_op *last)
{
	return (struct sim_links *)(uintptr_t)(last + 1);
}

static inline const struct x86_op *x86_block_ops(const struct sim_block *block)
{
	return (const struct x86_op *)(const void *)block->ops;
}

/*
 * Where sim_may_enter has refused a block, and the loop is not asked for: enters it if its code, compared now, is still
 * what it was (compare.h). NULL: to the loop after all. It is an executor in form, so that it is tail-called, and what
 * it is called with is the block: with its first op compilers would find that before they know where to go.
 */
const struct x86_op *x86_enter_compared(struct x86_cpu *cpu, const struct x86_op *refused);
#define X86_ENTER_COMPARED(cpu_, block_) \
	SIM_TAIL return x86_enter_compared(cpu_, (const struct x86_op *)(const void *)(block_))

/* Goes on at linear address pc, which was checked, where no link leads: indirect branches and returns. A macro, as it
 * returns from the executor. */
#define X86_JUMP(cpu_, pc_) \
	do { \
		const uint64_t target_ = (pc_); \
		const struct sim_jump *jump_ = &(cpu_)->cpu.jumps[sim_jump_index(target_)]; \
		(cpu_)->cpu.pc = target_; \
		if (sim_unlikely(jump_->pc != target_ || jump_->context != (cpu_)->cpu.fetch_context)) { \
			(cpu_)->cpu.link = NULL; \
			return NULL; \
		} \
		if (sim_unlikely(!sim_may_enter(&(cpu_)->cpu, jump_->block))) { \
			(cpu_)->cpu.link = NULL; \
			X86_ENTER_COMPARED(cpu_, jump_->block); \
		} \
		X86_GOTO(cpu_, x86_block_ops(jump_->block)); \
	} while (0)

#endif
