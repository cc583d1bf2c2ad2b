/* SPDX-License-Identifier: Apache-2.0 */
/* "Control Transfer Instructions" (SDM 1, 5.1.7): the near ones. */
#include "branch.h"

#include "compare.h"

const struct x86_op *x86_enter_compared(struct x86_cpu *cpu, const struct x86_op *refused)
{
	struct sim_block *block = (struct sim_block *)(uintptr_t)(const void *)refused;

	if (!sim_may_enter_compared(&cpu->cpu, block))
		return NULL;
	X86_GOTO(cpu, x86_block_ops(block));
}

/* Not inlined: what jumps along a link needs no stack frame for what these call. */
#define UNLINKED __attribute__((noinline)) const struct x86_op

UNLINKED *x86_branch_fault(struct x86_cpu *cpu, const struct x86_op *op)
{
	x86_fault_code(cpu, op, X86_GP, 0);
	if (op->third) {
		cpu->cpu.pc += op->length;
		cpu->cpu.fuel--;
	}
	return NULL;
}

UNLINKED *x86_take_unset(struct x86_cpu *cpu, const struct x86_op *op)
{
	uint64_t target = x86_target(cpu, op);
	const struct sim_block *next;

	if (sim_unlikely(!x86_canonical(target)))
		return x86_branch_fault(cpu, op);
	next = sim_link_unset(&cpu->cpu, &x86_op_links(op)->to[0], target);
	if (sim_unlikely(!next))
		return NULL;
	X86_GOTO(cpu, x86_block_ops(next));
}

UNLINKED *x86_skip_unset(struct x86_cpu *cpu, const struct x86_op *op)
{
	const struct sim_block *next = sim_link_unset(&cpu->cpu, &x86_op_links(op)->to[1], x86_behind(cpu, op));

	if (sim_unlikely(!next))
		return NULL;
	X86_GOTO(cpu, x86_block_ops(next));
}

/* The ops of a block at cpu->pc, or NULL. */
static const struct x86_op *enter(struct x86_cpu *cpu, struct sim_block *block)
{
	if (sim_may_enter(&cpu->cpu, block) || sim_may_enter_compared(&cpu->cpu, block))
		return x86_block_ops(block);
	return NULL;
}

const struct x86_op *x86_follow(struct x86_cpu *cpu, const struct x86_op *op, bool taken)
{
	struct sim_block **link = &x86_op_links(op)->to[taken ? 0 : 1];

	if (!*link)
		return taken ? x86_take_unset(cpu, op) : x86_skip_unset(cpu, op);
	cpu->cpu.pc = taken ? x86_target(cpu, op) : x86_behind(cpu, op);
	cpu->cpu.link = link;
	return enter(cpu, *link);
}

/* ---- 64-bit mode ---- */

EXEC(jmp_long)
{
	X86_TAKE(cpu, op);
}

#define JCC(name, mnemonic, condition) \
	X86_COLD const struct x86_op *j##name##_long_slow(struct x86_cpu *cpu, const struct x86_op *op) \
	{ \
		if (x86_condition(cpu, condition)) \
			X86_TAKE(cpu, op); \
		X86_SKIP(cpu, op); \
	} \
	EXEC(j##name##_long) \
	{ \
		bool holds; \
\
		if (sim_unlikely(!x86_quick_condition(cpu, condition, &holds))) \
			SIM_TAIL return j##name##_long_slow(cpu, op); \
		if (holds) \
			X86_TAKE(cpu, op); \
		X86_SKIP(cpu, op); \
	}
X86_CONDITIONS(JCC)

bool x86_is_jcc(const struct x86_op *op)
{
#define JCC_EXECUTOR(name, mnemonic, condition) j##name##_long,
	static const x86_exec_fn executors[] = { X86_CONDITIONS(JCC_EXECUTOR) };

	return executors[op->opcode & 0xf] == op->fn;
}

/* What makes a branch of a body that finds its target, and has done the rest if it succeeds. */
#define BRANCH_TO(name, body, ...) \
	X86_COLD const struct x86_op *name##_slow(struct x86_cpu *cpu, const struct x86_op *op) \
	{ \
		uint64_t target; \
\
		if (!body(cpu, op, true, &target, __VA_ARGS__)) \
			return NULL; \
		cpu->cpu.pc = target; \
		cpu->cpu.link = NULL; \
		return NULL; \
	} \
	EXEC(name) \
	{ \
		uint64_t target; \
\
		if (sim_unlikely(!body(cpu, op, false, &target, __VA_ARGS__))) \
			SIM_TAIL return name##_slow(cpu, op); \
		X86_JUMP(cpu, target); \
	}

/* In the short way a fault is found once more, in the long one. */
X86_INLINE bool check_target(struct x86_cpu *cpu, const struct x86_op *op, bool slow, uint64_t target)
{
	if (sim_likely(x86_canonical(target)))
		return true;
	if (slow)
		x86_fault_code(cpu, op, X86_GP, 0);
	return false;
}

X86_INLINE bool jmp_indirect(struct x86_cpu *cpu, const struct x86_op *op, bool slow, uint64_t *ret_target, bool memory)
{
	if (!memory)
		*ret_target = X86_SLOT64(cpu, op->dst);
	else if (!x86_load(cpu, op, slow, 3, ret_target))
		return false;
	return check_target(cpu, op, slow, *ret_target);
}

X86_INLINE bool call_indirect(struct x86_cpu *cpu, const struct x86_op *op, bool slow, uint64_t *ret_target,
			      bool memory)
{
	return jmp_indirect(cpu, op, slow, ret_target, memory) &&
	       x86_push_long(cpu, op, slow, 3, cpu->cpu.pc + op->at + op->length);
}

X86_INLINE bool ret(struct x86_cpu *cpu, const struct x86_op *op, bool slow, uint64_t *ret_target, bool immediate)
{
	if (!x86_top_long(cpu, op, slow, 3, ret_target) || !check_target(cpu, op, slow, *ret_target))
		return false;
	cpu->cpu.x[X86_RSP] += 8 + (immediate ? (uint16_t)op->imm : 0u);
	return true;
}

BRANCH_TO(jmp_long_r, jmp_indirect, false)
BRANCH_TO(jmp_long_m, jmp_indirect, true)
BRANCH_TO(call_long_r, call_indirect, false)
BRANCH_TO(call_long_m, call_indirect, true)
BRANCH_TO(ret_long, ret, false)
BRANCH_TO(ret_long_i, ret, true)

X86_COLD const struct x86_op *call_long_slow(struct x86_cpu *cpu, const struct x86_op *op)
{
	if (!check_target(cpu, op, true, x86_target(cpu, op)) || !x86_push_slow(cpu, op, 3, x86_behind(cpu, op)))
		return NULL;
	X86_TAKE(cpu, op);
}

EXEC(call_long)
{
	if (sim_unlikely(!x86_op_links(op)->to[0] && !x86_canonical(x86_target(cpu, op))) ||
	    sim_unlikely(!x86_push_long(cpu, op, false, 3, x86_behind(cpu, op))))
		SIM_TAIL return call_long_slow(cpu, op);
	X86_TAKE(cpu, op);
}

/* ---- the other modes ---- */

static unsigned operand_size(const struct x86_op *op)
{
	return op->width & 3;
}

static uint64_t code_offset(const struct x86_cpu *cpu, uint64_t linear)
{
	return (uint32_t)(linear - x86_segment_base(cpu, X86_CS));
}

static bool check_offset(struct x86_cpu *cpu, const struct x86_op *op, uint64_t offset)
{
	if (cpu->mode & X86_MODE_FLAT || offset <= cpu->segments[X86_CS].limit)
		return true;
	x86_fault_code(cpu, op, X86_GP, 0);
	return false;
}

static const struct x86_op *enter_at(struct x86_cpu *cpu, uint64_t offset)
{
	uint64_t pc = (uint32_t)(x86_segment_base(cpu, X86_CS) + offset);
	const struct sim_jump *jump = &cpu->cpu.jumps[sim_jump_index(pc)];

	cpu->cpu.pc = pc;
	cpu->cpu.link = NULL;
	return jump->pc == pc && jump->context == cpu->cpu.fetch_context ? enter(cpu, jump->block) : NULL;
}

/* The offset that a relative branch leads to. */
static bool legacy_target(struct x86_cpu *cpu, const struct x86_op *op, uint64_t *ret_offset)
{
	*ret_offset = x86_truncate(code_offset(cpu, x86_target(cpu, op)), operand_size(op));
	return check_offset(cpu, op, *ret_offset);
}

/* Links are followed only where no limit is to be looked at. */
static const struct x86_op *legacy_branch(struct x86_cpu *cpu, const struct x86_op *op, bool taken)
{
	uint64_t offset;

	if (!taken) {
		if (cpu->mode & X86_MODE_FLAT)
			return x86_follow(cpu, op, false);
		return enter_at(cpu, code_offset(cpu, x86_behind(cpu, op)));
	}
	if (!legacy_target(cpu, op, &offset))
		return NULL;
	return enter_at(cpu, offset);
}

EXEC(jmp_legacy)
{
	return legacy_branch(cpu, op, true);
}

EXEC(jcc_legacy)
{
	return legacy_branch(cpu, op, x86_condition(cpu, op->opcode & 0xf));
}

static uint64_t return_offset(const struct x86_cpu *cpu, const struct x86_op *op)
{
	return code_offset(cpu, x86_behind(cpu, op));
}

EXEC(call_legacy)
{
	uint64_t offset;

	if (!legacy_target(cpu, op, &offset) || !x86_push_slow(cpu, op, operand_size(op), return_offset(cpu, op)))
		return NULL;
	return enter_at(cpu, offset);
}

static bool legacy_indirect(struct x86_cpu *cpu, const struct x86_op *op, bool memory, uint64_t *ret_offset)
{
	if (!memory)
		*ret_offset = x86_get(cpu, op->dst, operand_size(op));
	else if (!x86_load_slow(cpu, op, operand_size(op), ret_offset))
		return false;
	return check_offset(cpu, op, *ret_offset);
}

static const struct x86_op *jmp_legacy_indirect(struct x86_cpu *cpu, const struct x86_op *op, bool memory)
{
	uint64_t offset;

	return legacy_indirect(cpu, op, memory, &offset) ? enter_at(cpu, offset) : NULL;
}

static const struct x86_op *call_legacy_indirect(struct x86_cpu *cpu, const struct x86_op *op, bool memory)
{
	uint64_t offset;

	if (!legacy_indirect(cpu, op, memory, &offset) ||
	    !x86_push_slow(cpu, op, operand_size(op), return_offset(cpu, op)))
		return NULL;
	return enter_at(cpu, offset);
}

EXEC(jmp_legacy_r)
{
	return jmp_legacy_indirect(cpu, op, false);
}

EXEC(jmp_legacy_m)
{
	return jmp_legacy_indirect(cpu, op, true);
}

EXEC(call_legacy_r)
{
	return call_legacy_indirect(cpu, op, false);
}

EXEC(call_legacy_m)
{
	return call_legacy_indirect(cpu, op, true);
}

/* The immediate is 0 where there is none. */
EXEC(ret_legacy)
{
	unsigned size = operand_size(op);
	uint64_t offset;

	if (!x86_top_slow(cpu, op, size, &offset) || !check_offset(cpu, op, offset))
		return NULL;
	x86_set_stack_pointer(cpu, cpu->cpu.x[X86_RSP] + (1u << size) + (uint16_t)op->imm);
	return enter_at(cpu, offset);
}

/* ---- any mode: branches on a count ---- */

static unsigned count_size(const struct x86_op *op)
{
	return op->width >> 2 & 3;
}

static bool check_branch(struct x86_cpu *cpu, const struct x86_op *op)
{
	uint64_t ignored;

	return x86_in_64(cpu) ? check_target(cpu, op, true, x86_target(cpu, op)) : legacy_target(cpu, op, &ignored);
}

static const struct x86_op *branch_if(struct x86_cpu *cpu, const struct x86_op *op, bool taken)
{
	if (!x86_in_64(cpu))
		return legacy_branch(cpu, op, taken);
	return x86_follow(cpu, op, taken);
}

static const struct x86_op *loop_if(struct x86_cpu *cpu, const struct x86_op *op, bool holds)
{
	uint64_t count = x86_truncate(cpu->cpu.x[X86_RCX] - 1, count_size(op));
	bool taken = count != 0 && holds;

	if (taken && !check_branch(cpu, op))
		return NULL;
	x86_put(cpu, X86_SLOT(X86_RCX), count_size(op), count);
	return branch_if(cpu, op, taken);
}

EXEC(loop)
{
	return loop_if(cpu, op, true);
}

EXEC(loope)
{
	return loop_if(cpu, op, x86_condition(cpu, 4));
}

EXEC(loopne)
{
	return loop_if(cpu, op, x86_condition(cpu, 5));
}

EXEC(jrcxz)
{
	return branch_if(cpu, op, x86_get(cpu, X86_SLOT(X86_RCX), count_size(op)) == 0);
}

/* clang-format off */
#define ENDS_LONG (X86_ROW_ENDS | X86_ROW_LONG)
#define ENDS_LEGACY (X86_ROW_ENDS | X86_ROW_LEGACY)
#define JCC_ROWS(name, mnemonic, condition) \
	{ ZYDIS_MNEMONIC_J##mnemonic, NULL, X86_ANY(j##name##_long), X86_NONE, ENDS_LONG, 0 }, \
	{ ZYDIS_MNEMONIC_J##mnemonic, NULL, X86_ANY(jcc_legacy), X86_NONE, ENDS_LEGACY, 0 },

static const struct x86_row rows[] = {
	X86_CONDITIONS(JCC_ROWS)
	{ ZYDIS_MNEMONIC_JMP, "o", X86_ANY(jmp_long), X86_NONE, ENDS_LONG, 0 },
	{ ZYDIS_MNEMONIC_JMP, "r", X86_ANY(jmp_long_r), X86_NONE, ENDS_LONG, 0 },
	{ ZYDIS_MNEMONIC_JMP, "m", X86_ANY(jmp_long_m), X86_NONE, ENDS_LONG, 0 },
	{ ZYDIS_MNEMONIC_CALL, "o", X86_ANY(call_long), X86_NONE, ENDS_LONG, 0 },
	{ ZYDIS_MNEMONIC_CALL, "r", X86_ANY(call_long_r), X86_NONE, ENDS_LONG, 0 },
	{ ZYDIS_MNEMONIC_CALL, "m", X86_ANY(call_long_m), X86_NONE, ENDS_LONG, 0 },
	{ ZYDIS_MNEMONIC_RET, "", X86_ANY(ret_long), X86_NONE, ENDS_LONG, 0 },
	{ ZYDIS_MNEMONIC_RET, "i", X86_ANY(ret_long_i), X86_NONE, ENDS_LONG, 0 },
	{ ZYDIS_MNEMONIC_JMP, "o", X86_ANY(jmp_legacy), X86_NONE, ENDS_LEGACY, 0 },
	{ ZYDIS_MNEMONIC_JMP, "r", X86_ANY(jmp_legacy_r), X86_NONE, ENDS_LEGACY, 0 },
	{ ZYDIS_MNEMONIC_JMP, "m", X86_ANY(jmp_legacy_m), X86_NONE, ENDS_LEGACY, 0 },
	{ ZYDIS_MNEMONIC_CALL, "o", X86_ANY(call_legacy), X86_NONE, ENDS_LEGACY, 0 },
	{ ZYDIS_MNEMONIC_CALL, "r", X86_ANY(call_legacy_r), X86_NONE, ENDS_LEGACY, 0 },
	{ ZYDIS_MNEMONIC_CALL, "m", X86_ANY(call_legacy_m), X86_NONE, ENDS_LEGACY, 0 },
	{ ZYDIS_MNEMONIC_RET, NULL, X86_ANY(ret_legacy), X86_NONE, ENDS_LEGACY, 0 },
	{ ZYDIS_MNEMONIC_LOOP, NULL, X86_ANY(loop), X86_NONE, X86_ROW_ENDS, 0 },
	{ ZYDIS_MNEMONIC_LOOPE, NULL, X86_ANY(loope), X86_NONE, X86_ROW_ENDS, 0 },
	{ ZYDIS_MNEMONIC_LOOPNE, NULL, X86_ANY(loopne), X86_NONE, X86_ROW_ENDS, 0 },
	{ ZYDIS_MNEMONIC_JCXZ, NULL, X86_ANY(jrcxz), X86_NONE, X86_ROW_ENDS, 0 },
	{ ZYDIS_MNEMONIC_JECXZ, NULL, X86_ANY(jrcxz), X86_NONE, X86_ROW_ENDS, 0 },
	{ ZYDIS_MNEMONIC_JRCXZ, NULL, X86_ANY(jrcxz), X86_NONE, X86_ROW_ENDS, 0 },
};
/* clang-format on */

extern const struct x86_rows x86_rows_branch;
const struct x86_rows x86_rows_branch = { rows, X86_COUNT(rows) };
