/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an executor is written: one small function per instruction, named as in base.rows.
 *
 *   EXEC(addi) { X(rd) = X(rs1) + imm; }     computes, and goes on with the next op
 *   EXEC_ENDS(jal) { ... RV_GO(0, target); } decides itself what comes next: RV_GO, rv_trap, or NULL: the loop
 *
 * In a body: cpu, op, imm (sign-extended), X(rd), X(rs1), X(rs2). rd is never x0: the decoder makes it SIM_SINK.
 */
#ifndef PLUGINS_SIM_RISCV64_EXEC_EXEC_H
#define PLUGINS_SIM_RISCV64_EXEC_EXEC_H

#include "hart.h"
#include "mmu.h"
#include "rv-rows.h"

#define RV_DECLARE_EXECUTOR(name) const struct sim_op *rv_exec_##name(struct sim_cpu *cpu, const struct sim_op *op);
RV_EXECUTORS(RV_DECLARE_EXECUTOR)
RV_DECLARE_EXECUTOR(illegal)
RV_DECLARE_EXECUTOR(fall_through)
#undef RV_DECLARE_EXECUTOR

#define X(field) (cpu->x[op->field])

/* For macros that the optimiser must see through, and parameters that not every body uses. */
#define RV_BODY static inline __attribute__((always_inline))
#define RV_MAYBE __attribute__((unused))

#define EXEC(name) \
	RV_BODY void body_##name(struct sim_cpu *cpu, const struct sim_op *op, uint64_t imm); \
	const struct sim_op *rv_exec_##name(struct sim_cpu *cpu, const struct sim_op *op) \
	{ \
		body_##name(cpu, op, (uint64_t)(int64_t)op->imm); \
		SIM_NEXT(cpu, op); \
	} \
	RV_BODY void body_##name(RV_MAYBE struct sim_cpu *cpu, RV_MAYBE const struct sim_op *op, RV_MAYBE uint64_t imm)

#define EXEC_ENDS(name) const struct sim_op *rv_exec_##name(struct sim_cpu *cpu, const struct sim_op *op)

/* The 32-bit operations sign-extend their result. */
RV_BODY uint64_t sext32(uint64_t value)
{
	return (uint64_t)(int64_t)(int32_t)value;
}

/* Goes on at pc, along a link of the block (0 or 1). A macro, as it returns from the executor. */
#define RV_GO(way, pc) \
	do { \
		const struct sim_block *next_ = sim_link_target(cpu, sim_op_links(op), way, pc); \
		if (sim_unlikely(!next_)) \
			return NULL; \
		SIM_GOTO(cpu, next_->ops); \
	} while (0)

#endif
