/* SPDX-License-Identifier: Apache-2.0 */
/* The instructions with two operands and the encodings 00 to 3f, and test. */
#ifndef PLUGINS_SIM_X86_64_EXEC_ALU_H
#define PLUGINS_SIM_X86_64_EXEC_ALU_H

#include "integer.h"

enum x86_alu {
	X86_ALU_ADD,
	X86_ALU_ADC,
	X86_ALU_SUB,
	X86_ALU_SBB,
	X86_ALU_CMP,
	X86_ALU_AND,
	X86_ALU_OR,
	X86_ALU_XOR,
	X86_ALU_TEST,
};

X86_INLINE bool x86_alu_writes(enum x86_alu operation)
{
	return operation != X86_ALU_CMP && operation != X86_ALU_TEST;
}

X86_INLINE bool x86_alu_has_carry(enum x86_alu operation)
{
	return operation == X86_ALU_ADC || operation == X86_ALU_SBB;
}

X86_INLINE uint64_t x86_alu_result(enum x86_alu operation, uint64_t first, uint64_t second, bool carry)
{
	switch (operation) {
	case X86_ALU_ADD:
	case X86_ALU_ADC:
		return first + second + carry;
	case X86_ALU_SUB:
	case X86_ALU_SBB:
	case X86_ALU_CMP:
		return first - second - carry;
	case X86_ALU_AND:
	case X86_ALU_TEST:
		return first & second;
	case X86_ALU_OR:
		return first | second;
	case X86_ALU_XOR:
		break;
	}
	return first ^ second;
}

/* The kinds with carry follow those without. */
_Static_assert(X86_CC_ADC == X86_CC_ADD + 1 && X86_CC_SBB == X86_CC_SUB + 1, "kinds of flags");

X86_INLINE void x86_alu_flags(struct x86_cpu *cpu, enum x86_alu operation, unsigned size, uint64_t result,
			      uint64_t second, bool carry)
{
	switch (operation) {
	case X86_ALU_ADD:
	case X86_ALU_ADC:
		x86_set_cc(cpu, X86_CC(ADD, size) + carry * 4u, result, second);
		break;
	case X86_ALU_SUB:
	case X86_ALU_SBB:
	case X86_ALU_CMP:
		x86_set_cc(cpu, X86_CC(SUB, size) + carry * 4u, result, second);
		break;
	default:
		x86_set_cc(cpu, X86_CC(LOGIC, size), result, 0);
	}
}

/* Memory is the destination. */
X86_INLINE bool x86_alu_change(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size,
			       enum x86_alu operation, uint64_t second, bool carry, uint64_t *ret_result)
{
	struct x86_change change;
	uint64_t result;

	if (!x86_change_begin(cpu, op, slow, size, &change))
		return false;
	do
		result = x86_alu_result(operation, change.old, second, carry);
	while (!x86_change_end(cpu, op, slow, size, &change, result));
	*ret_result = result;
	return !change.faulted;
}

X86_INLINE bool x86_alu(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, enum x86_alu operation,
			enum x86_form form, bool quiet)
{
	bool to_memory = form == X86_MR || form == X86_MI, carry = false;
	uint64_t first = 0, second, result;

	if (x86_alu_has_carry(operation) && !x86_test_carry(cpu, slow, &carry))
		return false;
	if (!x86_source(cpu, op, slow, size, form, &second))
		return false;
	if (to_memory && x86_alu_writes(operation)) {
		if (!x86_alu_change(cpu, op, slow, size, operation, second, carry, &result))
			return false;
	} else {
		if (!to_memory)
			first = x86_get(cpu, op->dst, size);
		else if (!x86_load(cpu, op, slow, size, &first))
			return false;
		result = x86_alu_result(operation, first, second, carry);
		if (x86_alu_writes(operation))
			x86_put(cpu, op->dst, size, result);
	}
	if (!quiet)
		x86_alu_flags(cpu, operation, size, result, second, carry);
	return true;
}

/* The executors of an operation, and its rows. */
#define X86_ALU_EXECUTORS(name, operation) \
	X86_EXECUTORS(name##_rr, x86_alu, operation, X86_RR, false) \
	X86_EXECUTORS(name##_ri, x86_alu, operation, X86_RI, false) \
	X86_EXECUTORS(name##_rm, x86_alu, operation, X86_RM, false) \
	X86_EXECUTORS(name##_mr, x86_alu, operation, X86_MR, false) \
	X86_EXECUTORS(name##_mi, x86_alu, operation, X86_MI, false) \
	X86_EXECUTORS(name##_rr_quiet, x86_alu, operation, X86_RR, true) \
	X86_EXECUTORS(name##_ri_quiet, x86_alu, operation, X86_RI, true) \
	X86_EXECUTORS(name##_rm_quiet, x86_alu, operation, X86_RM, true) \
	X86_EXECUTORS(name##_mr_quiet, x86_alu, operation, X86_MR, true) \
	X86_EXECUTORS(name##_mi_quiet, x86_alu, operation, X86_MI, true)

#define X86_ALU_ROW(mnemonic, kinds, name, flags) \
	{ \
		ZYDIS_MNEMONIC_##mnemonic, kinds, X86_SIZES(name), X86_SIZES(name##_quiet), flags, 0 \
	}
#define X86_ALU_ROWS(mnemonic, name) \
	X86_ALU_ROW(mnemonic, "rr", name##_rr, X86_ROW_PLAIN), X86_ALU_ROW(mnemonic, "ri", name##_ri, X86_ROW_PLAIN), \
		X86_ALU_ROW(mnemonic, "rm", name##_rm, 0), X86_ALU_ROW(mnemonic, "mr", name##_mr, 0), \
		X86_ALU_ROW(mnemonic, "mi", name##_mi, 0)

#endif
