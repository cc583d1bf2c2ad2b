/* SPDX-License-Identifier: Apache-2.0 */
/* "Logical Instructions" (SDM 1, 5.1.4), TEST, ANDN. */
#include "alu.h"

X86_ALU_EXECUTORS(and, X86_ALU_AND)
X86_ALU_EXECUTORS(or, X86_ALU_OR)
X86_ALU_EXECUTORS(xor, X86_ALU_XOR)
X86_ALU_EXECUTORS(test, X86_ALU_TEST)

X86_INLINE bool not_r(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, int unused)
{
	(void)slow;
	(void)unused;
	x86_put(cpu, op->dst, size, ~x86_get(cpu, op->dst, size));
	return true;
}

X86_INLINE bool not_m(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, int unused)
{
	struct x86_change change;

	(void)unused;
	if (!x86_change_begin(cpu, op, slow, size, &change))
		return false;
	while (!x86_change_end(cpu, op, slow, size, &change, ~change.old))
		;
	return !change.faulted;
}

X86_EXECUTORS(not_r, not_r, 0)
X86_EXECUTORS(not_m, not_m, 0)

X86_INLINE bool andn(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, bool memory)
{
	uint64_t second, result;

	if (!memory)
		second = x86_get(cpu, op->third, size);
	else if (!x86_load(cpu, op, slow, size, &second))
		return false;
	result = ~x86_get(cpu, op->src, size) & second;
	x86_put(cpu, op->dst, size, result);
	x86_set_cc(cpu, X86_CC(LOGIC, size), result, 0);
	return true;
}

X86_EXECUTOR(andn_rrr32, andn, 2, false)
X86_EXECUTOR(andn_rrr64, andn, 3, false)
X86_EXECUTOR(andn_rrm32, andn, 2, true)
X86_EXECUTOR(andn_rrm64, andn, 3, true)

/* clang-format off */
static const struct x86_row rows[] = {
	X86_ALU_ROWS(AND, and),
	X86_ALU_ROWS(OR, or),
	X86_ALU_ROWS(XOR, xor),
	X86_ALU_ROWS(TEST, test),
	{ ZYDIS_MNEMONIC_NOT, "r", X86_SIZES(not_r), X86_NONE, X86_ROW_PLAIN, 0 },
	{ ZYDIS_MNEMONIC_NOT, "m", X86_SIZES(not_m), X86_NONE, 0, 0 },
	{ ZYDIS_MNEMONIC_ANDN, "rrr", X86_LARGE(andn_rrr), X86_NONE, X86_ROW_PLAIN, X86_NEEDS(BMI1) },
	{ ZYDIS_MNEMONIC_ANDN, "rrm", X86_LARGE(andn_rrm), X86_NONE, 0, X86_NEEDS(BMI1) },
};
/* clang-format on */

extern const struct x86_rows x86_rows_logic;
const struct x86_rows x86_rows_logic = { rows, X86_COUNT(rows) };
