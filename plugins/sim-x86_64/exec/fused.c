/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See fused.h. imm is the branch's; an immediate of the first instruction is in disp, or in dst and src where disp is
 * its address.
 */
#include "fused.h"

#include <string.h>

#include "alu.h"
#include "branch.h"

/* Besides those of alu.h, which count on: inc and dec are comparisons with -1 and 1 that keep CF. */
enum operation { CMP, SUB, TEST, AND, ADD, INC, DEC };

X86_INLINE enum x86_alu alu_of(enum operation operation)
{
	switch (operation) {
	case CMP:
		return X86_ALU_CMP;
	case SUB:
	case DEC:
		return X86_ALU_SUB;
	case TEST:
		return X86_ALU_TEST;
	case AND:
		return X86_ALU_AND;
	case ADD:
	case INC:
		break;
	}
	return X86_ALU_ADD;
}

X86_INLINE bool second_operand(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size,
			       enum operation operation, enum x86_form form, uint64_t *ret_value)
{
	if (operation == INC || operation == DEC) {
		*ret_value = 1;
		return true;
	}
	switch (form) {
	case X86_RI:
		*ret_value = x86_truncate((uint64_t)(int64_t)op->disp, size);
		return true;
	case X86_MI:
		*ret_value = x86_truncate((uint64_t)(int16_t)(op->dst | op->src << 8), size);
		return true;
	default:
		return x86_source(cpu, op, slow, size, form, ret_value);
	}
}

X86_INLINE bool first_operand(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size,
			      enum x86_form form, uint64_t *ret_value)
{
	if (form == X86_MR || form == X86_MI)
		return x86_load(cpu, op, slow, size, ret_value);
	*ret_value = x86_get(cpu, op->dst, size);
	return true;
}

X86_INLINE bool holds_after(enum operation operation, unsigned condition, unsigned size, uint64_t first,
			    uint64_t second, uint64_t result)
{
	result = x86_truncate(result, size);
	switch (operation) {
	case CMP:
	case SUB:
	case DEC:
		return x86_compare(condition, size, first, second);
	case INC:
		return x86_compare(condition, size, first, x86_truncate(UINT64_MAX, size));
	case ADD:
		if (condition >> 1 == 1)
			return (result < second) != (condition & 1);
		break;
	case TEST:
	case AND:
		break;
	}
	return x86_compare(condition, size, result, 0);
}

/* The first instruction, and whether the branch is taken. */
X86_INLINE bool execute(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size,
			enum operation operation, enum x86_form form, unsigned condition, bool *ret_taken)
{
	bool counts = operation == INC || operation == DEC, carry = false;
	uint64_t first, second, result;

	if (counts && !x86_test_carry(cpu, slow, &carry))
		return false;
	if (!first_operand(cpu, op, slow, size, form, &first) ||
	    !second_operand(cpu, op, slow, size, operation, form, &second))
		return false;
	result = x86_alu_result(alu_of(operation), first, second, false);
	if (operation != CMP && operation != TEST)
		x86_put(cpu, op->dst, size, result);
	if (counts)
		x86_set_cc(cpu, operation == INC ? X86_CC(INC, size) : X86_CC(DEC, size), result, carry);
	else
		x86_alu_flags(cpu, alu_of(operation), size, result, second, false);
	*ret_taken = holds_after(operation, condition, size, first, second, result);
	return true;
}

#define FUSED(name, ...) \
	X86_COLD const struct x86_op *name##_slow(struct x86_cpu *cpu, const struct x86_op *op) \
	{ \
		bool taken; \
\
		return execute(cpu, op, true, __VA_ARGS__, &taken) ? x86_follow(cpu, op, taken) : NULL; \
	} \
	EXEC(name) \
	{ \
		bool taken; \
\
		if (sim_unlikely(!execute(cpu, op, false, __VA_ARGS__, &taken))) \
			SIM_TAIL return name##_slow(cpu, op); \
		if (taken) \
			X86_TAKE(cpu, op); \
		X86_SKIP(cpu, op); \
	}

/* After everything: e, ne, s, ns. After what knows a carry: b, ae too. Else what compares signed, or all. */
#define FUSED_RESULT(name, ...) \
	FUSED(name##_e, __VA_ARGS__, 4) \
	FUSED(name##_ne, __VA_ARGS__, 5) \
	FUSED(name##_s, __VA_ARGS__, 8) \
	FUSED(name##_ns, __VA_ARGS__, 9)
#define FUSED_CARRY(name, ...) \
	FUSED(name##_b, __VA_ARGS__, 2) \
	FUSED(name##_ae, __VA_ARGS__, 3)
#define FUSED_SIGNED(name, ...) \
	FUSED(name##_l, __VA_ARGS__, 12) \
	FUSED(name##_ge, __VA_ARGS__, 13) \
	FUSED(name##_le, __VA_ARGS__, 14) \
	FUSED(name##_g, __VA_ARGS__, 15)
#define FUSED_UNSIGNED(name, ...) \
	FUSED(name##_be, __VA_ARGS__, 6) \
	FUSED(name##_a, __VA_ARGS__, 7)

/* clang-format off */
#define BY_RESULT(name) [4] = name##_e, [5] = name##_ne, [8] = name##_s, [9] = name##_ns
#define BY_CARRY(name) [2] = name##_b, [3] = name##_ae
#define BY_SIGNED(name) [12] = name##_l, [13] = name##_ge, [14] = name##_le, [15] = name##_g
#define BY_UNSIGNED(name) [6] = name##_be, [7] = name##_a

#define FUSED_COMPARE(name, ...) \
	FUSED_RESULT(name, __VA_ARGS__) FUSED_CARRY(name, __VA_ARGS__) \
	FUSED_SIGNED(name, __VA_ARGS__) FUSED_UNSIGNED(name, __VA_ARGS__) \
	static const x86_exec_fn name[16] = { BY_RESULT(name), BY_CARRY(name), BY_SIGNED(name), BY_UNSIGNED(name) };
#define FUSED_LOGIC(name, ...) \
	FUSED_RESULT(name, __VA_ARGS__) FUSED_SIGNED(name, __VA_ARGS__) \
	static const x86_exec_fn name[16] = { BY_RESULT(name), BY_SIGNED(name) };
#define FUSED_ADD(name, ...) \
	FUSED_RESULT(name, __VA_ARGS__) FUSED_CARRY(name, __VA_ARGS__) \
	static const x86_exec_fn name[16] = { BY_RESULT(name), BY_CARRY(name) };
/* clang-format on */

FUSED_COMPARE(cmp_rr8, 0, CMP, X86_RR)
FUSED_COMPARE(cmp_rr16, 1, CMP, X86_RR)
FUSED_COMPARE(cmp_rr32, 2, CMP, X86_RR)
FUSED_COMPARE(cmp_rr64, 3, CMP, X86_RR)
FUSED_COMPARE(cmp_ri8, 0, CMP, X86_RI)
FUSED_COMPARE(cmp_ri16, 1, CMP, X86_RI)
FUSED_COMPARE(cmp_ri32, 2, CMP, X86_RI)
FUSED_COMPARE(cmp_ri64, 3, CMP, X86_RI)
FUSED_COMPARE(cmp_rm8, 0, CMP, X86_RM)
FUSED_COMPARE(cmp_rm32, 2, CMP, X86_RM)
FUSED_COMPARE(cmp_rm64, 3, CMP, X86_RM)
FUSED_COMPARE(cmp_mr8, 0, CMP, X86_MR)
FUSED_COMPARE(cmp_mr32, 2, CMP, X86_MR)
FUSED_COMPARE(cmp_mr64, 3, CMP, X86_MR)
FUSED_COMPARE(cmp_mi8, 0, CMP, X86_MI)
FUSED_COMPARE(cmp_mi16, 1, CMP, X86_MI)
FUSED_COMPARE(cmp_mi32, 2, CMP, X86_MI)
FUSED_COMPARE(cmp_mi64, 3, CMP, X86_MI)
FUSED_COMPARE(sub_rr32, 2, SUB, X86_RR)
FUSED_COMPARE(sub_rr64, 3, SUB, X86_RR)
FUSED_COMPARE(sub_ri32, 2, SUB, X86_RI)
FUSED_COMPARE(sub_ri64, 3, SUB, X86_RI)
FUSED_LOGIC(test_rr8, 0, TEST, X86_RR)
FUSED_LOGIC(test_rr16, 1, TEST, X86_RR)
FUSED_LOGIC(test_rr32, 2, TEST, X86_RR)
FUSED_LOGIC(test_rr64, 3, TEST, X86_RR)
FUSED_LOGIC(test_ri8, 0, TEST, X86_RI)
FUSED_LOGIC(test_ri32, 2, TEST, X86_RI)
FUSED_LOGIC(test_ri64, 3, TEST, X86_RI)
FUSED_LOGIC(test_mr32, 2, TEST, X86_MR)
FUSED_LOGIC(test_mr64, 3, TEST, X86_MR)
FUSED_LOGIC(test_mi8, 0, TEST, X86_MI)
FUSED_LOGIC(test_mi32, 2, TEST, X86_MI)
FUSED_LOGIC(test_mi64, 3, TEST, X86_MI)
FUSED_LOGIC(and_rr32, 2, AND, X86_RR)
FUSED_LOGIC(and_rr64, 3, AND, X86_RR)
FUSED_LOGIC(and_ri32, 2, AND, X86_RI)
FUSED_LOGIC(and_ri64, 3, AND, X86_RI)
FUSED_ADD(add_rr32, 2, ADD, X86_RR)
FUSED_ADD(add_rr64, 3, ADD, X86_RR)
FUSED_ADD(add_ri32, 2, ADD, X86_RI)
FUSED_ADD(add_ri64, 3, ADD, X86_RI)
FUSED_LOGIC(inc_r32, 2, INC, X86_RR)
FUSED_LOGIC(inc_r64, 3, INC, X86_RR)
FUSED_LOGIC(dec_r32, 2, DEC, X86_RR)
FUSED_LOGIC(dec_r64, 3, DEC, X86_RR)

/* By size, and condition. */
static const struct fused_row {
	ZydisMnemonic mnemonic;
	const char *kinds;
	const x86_exec_fn *fn[4];
} fused_rows[] = {
	{ ZYDIS_MNEMONIC_CMP, "rr", { cmp_rr8, cmp_rr16, cmp_rr32, cmp_rr64 } },
	{ ZYDIS_MNEMONIC_CMP, "ri", { cmp_ri8, cmp_ri16, cmp_ri32, cmp_ri64 } },
	{ ZYDIS_MNEMONIC_CMP, "rm", { cmp_rm8, NULL, cmp_rm32, cmp_rm64 } },
	{ ZYDIS_MNEMONIC_CMP, "mr", { cmp_mr8, NULL, cmp_mr32, cmp_mr64 } },
	{ ZYDIS_MNEMONIC_CMP, "mi", { cmp_mi8, cmp_mi16, cmp_mi32, cmp_mi64 } },
	{ ZYDIS_MNEMONIC_SUB, "rr", { NULL, NULL, sub_rr32, sub_rr64 } },
	{ ZYDIS_MNEMONIC_SUB, "ri", { NULL, NULL, sub_ri32, sub_ri64 } },
	{ ZYDIS_MNEMONIC_TEST, "rr", { test_rr8, test_rr16, test_rr32, test_rr64 } },
	{ ZYDIS_MNEMONIC_TEST, "ri", { test_ri8, NULL, test_ri32, test_ri64 } },
	{ ZYDIS_MNEMONIC_TEST, "mr", { NULL, NULL, test_mr32, test_mr64 } },
	{ ZYDIS_MNEMONIC_TEST, "mi", { test_mi8, NULL, test_mi32, test_mi64 } },
	{ ZYDIS_MNEMONIC_AND, "rr", { NULL, NULL, and_rr32, and_rr64 } },
	{ ZYDIS_MNEMONIC_AND, "ri", { NULL, NULL, and_ri32, and_ri64 } },
	{ ZYDIS_MNEMONIC_ADD, "rr", { NULL, NULL, add_rr32, add_rr64 } },
	{ ZYDIS_MNEMONIC_ADD, "ri", { NULL, NULL, add_ri32, add_ri64 } },
	{ ZYDIS_MNEMONIC_INC, "r", { NULL, NULL, inc_r32, inc_r64 } },
	{ ZYDIS_MNEMONIC_DEC, "r", { NULL, NULL, dec_r32, dec_r64 } },
};

extern const struct x86_rows x86_rows_arithmetic, x86_rows_logic;

/* The row that an executor comes from. */
static const struct x86_row *row_of(const struct x86_op *op)
{
	const struct x86_rows *const files[] = { &x86_rows_arithmetic, &x86_rows_logic };

	for (size_t f = 0; f < X86_COUNT(files); f++)
		for (size_t i = 0; i < files[f]->count; i++)
			if (files[f]->rows[i].fn[op->width & 3] == op->fn)
				return &files[f]->rows[i];
	return NULL;
}

static x86_exec_fn fused_with(const struct x86_row *row, unsigned size, unsigned condition)
{
	for (size_t i = 0; i < X86_COUNT(fused_rows); i++)
		if (fused_rows[i].mnemonic == row->mnemonic && !strcmp(fused_rows[i].kinds, row->kinds))
			return fused_rows[i].fn[size] ? fused_rows[i].fn[size][condition] : NULL;
	return NULL;
}

/* Makes room in imm. False: there is none elsewhere. */
static bool move_immediate(struct x86_op *op, const char *kinds)
{
	if (!strcmp(kinds, "ri")) {
		op->disp = (int32_t)op->imm;
		return op->disp == op->imm;
	}
	if (!strcmp(kinds, "mi")) {
		if (op->imm != (int16_t)op->imm)
			return false;
		op->dst = (uint8_t)op->imm;
		op->src = (uint8_t)(op->imm >> 8);
	}
	return true;
}

bool x86_fuse(struct x86_op *first, const struct x86_op *branch)
{
	const struct x86_row *row = x86_is_jcc(branch) ? row_of(first) : NULL;
	x86_exec_fn fn = row ? fused_with(row, first->width & 3, branch->opcode & 0xf) : NULL;

	if (!fn || first->flags & X86_OP_SLOW || !move_immediate(first, row->kinds))
		return false;
	first->fn = fn;
	first->imm = branch->imm;
	first->third = branch->length;
	return true;
}
