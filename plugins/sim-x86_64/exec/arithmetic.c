/* SPDX-License-Identifier: Apache-2.0 */
/* "Binary Arithmetic Instructions" and "Decimal Arithmetic Instructions" (SDM 1, 5.1.2 and 5.1.3), MULX, ADCX, ADOX. */
#include "alu.h"

X86_ALU_EXECUTORS(add, X86_ALU_ADD)
X86_ALU_EXECUTORS(adc, X86_ALU_ADC)
X86_ALU_EXECUTORS(sub, X86_ALU_SUB)
X86_ALU_EXECUTORS(sbb, X86_ALU_SBB)
X86_ALU_EXECUTORS(cmp, X86_ALU_CMP)

/* ---- one operand: inc, dec, neg ---- */

enum unary { INC, DEC, NEG };

X86_INLINE uint64_t unary_result(enum unary operation, uint64_t value)
{
	return operation == INC ? value + 1 : operation == DEC ? value - 1 : 0 - value;
}

/* Inc and dec keep CF. */
X86_INLINE bool unary_carry(struct x86_cpu *cpu, bool slow, enum unary operation, bool quiet, bool *ret_carry)
{
	*ret_carry = false;
	return quiet || operation == NEG || x86_test_carry(cpu, slow, ret_carry);
}

X86_INLINE void unary_flags(struct x86_cpu *cpu, enum unary operation, unsigned size, uint64_t result, bool carry)
{
	switch (operation) {
	case INC:
		x86_set_cc(cpu, X86_CC(INC, size), result, carry);
		break;
	case DEC:
		x86_set_cc(cpu, X86_CC(DEC, size), result, carry);
		break;
	case NEG:
		x86_set_cc(cpu, X86_CC(SUB, size), result, 0 - result);
	}
}

X86_INLINE bool unary_r(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, enum unary operation,
			bool quiet)
{
	uint64_t result = unary_result(operation, x86_get(cpu, op->dst, size));
	bool carry;

	if (!unary_carry(cpu, slow, operation, quiet, &carry))
		return false;
	x86_put(cpu, op->dst, size, result);
	if (!quiet)
		unary_flags(cpu, operation, size, result, carry);
	return true;
}

X86_INLINE bool unary_m(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, enum unary operation,
			bool quiet)
{
	struct x86_change change;
	uint64_t result;
	bool carry;

	if (!unary_carry(cpu, slow, operation, quiet, &carry) || !x86_change_begin(cpu, op, slow, size, &change))
		return false;
	do
		result = unary_result(operation, change.old);
	while (!x86_change_end(cpu, op, slow, size, &change, result));
	if (change.faulted)
		return false;
	if (!quiet)
		unary_flags(cpu, operation, size, result, carry);
	return true;
}

#define UNARY(name, operation) \
	X86_EXECUTORS(name##_r, unary_r, operation, false) \
	X86_EXECUTORS(name##_m, unary_m, operation, false) \
	X86_EXECUTORS(name##_r_quiet, unary_r, operation, true) \
	X86_EXECUTORS(name##_m_quiet, unary_m, operation, true)

UNARY(inc, INC)
UNARY(dec, DEC)
UNARY(neg, NEG)

/* ---- multiplication ---- */

/* The high half of a product, and whether it is more than the extension of the low one. */
X86_INLINE uint64_t multiply(uint64_t first, uint64_t second, unsigned size, bool is_signed, uint64_t *ret_high,
			     bool *ret_overflow)
{
	__extension__ typedef unsigned __int128 wide;
	__extension__ typedef __int128 signed_wide;
	wide product = is_signed ? (wide)((signed_wide)x86_signed(first, size) * x86_signed(second, size))
				 : (wide)first * second;
	uint64_t low = x86_truncate((uint64_t)product, size);

	*ret_high = x86_truncate((uint64_t)(product >> x86_bits(size)), size);
	*ret_overflow = is_signed ? (signed_wide)product != x86_signed(low, size) : *ret_high != 0;
	return low;
}

/* SF, ZF, AF and PF are undefined. */
X86_INLINE void multiply_flags(struct x86_cpu *cpu, bool overflow)
{
	x86_set_arithmetic_flags(cpu, overflow ? X86_FLAG_CF | X86_FLAG_OF : 0);
}

/* mul and imul with one operand. */
X86_INLINE bool multiply_wide(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, bool is_signed,
			      bool memory, bool quiet)
{
	uint64_t value, low, high;
	bool overflow;

	if (!memory)
		value = x86_get(cpu, op->dst, size);
	else if (!x86_load(cpu, op, slow, size, &value))
		return false;
	low = multiply(x86_get(cpu, X86_SLOT(X86_RAX), size), value, size, is_signed, &high, &overflow);
	if (size == 0) {
		X86_PUT16(cpu, X86_SLOT(X86_RAX), high << 8 | low);
	} else {
		x86_put(cpu, X86_SLOT(X86_RAX), size, low);
		x86_put(cpu, X86_SLOT(X86_RDX), size, high);
	}
	if (!quiet)
		multiply_flags(cpu, overflow);
	return true;
}

X86_EXECUTORS(mul_r, multiply_wide, false, false, false)
X86_EXECUTORS(mul_m, multiply_wide, false, true, false)
X86_EXECUTORS(mul_r_quiet, multiply_wide, false, false, true)
X86_EXECUTORS(mul_m_quiet, multiply_wide, false, true, true)
X86_EXECUTORS(imul_r, multiply_wide, true, false, false)
X86_EXECUTORS(imul_m, multiply_wide, true, true, false)
X86_EXECUTORS(imul_r_quiet, multiply_wide, true, false, true)
X86_EXECUTORS(imul_m_quiet, multiply_wide, true, true, true)

/* imul with two or three operands. */
X86_INLINE bool multiply_low(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, bool immediate,
			     enum x86_form form, bool quiet)
{
	uint64_t first, second, low, high;
	bool overflow;

	if (!x86_source(cpu, op, slow, size, form, &second))
		return false;
	first = immediate ? (uint64_t)op->imm : x86_get(cpu, op->dst, size);
	low = multiply(first, second, size, true, &high, &overflow);
	x86_put(cpu, op->dst, size, low);
	if (!quiet)
		multiply_flags(cpu, overflow);
	return true;
}

X86_EXECUTORS_WIDE(imul_rr, multiply_low, false, X86_RR, false)
X86_EXECUTORS_WIDE(imul_rm, multiply_low, false, X86_RM, false)
X86_EXECUTORS_WIDE(imul_rri, multiply_low, true, X86_RR, false)
X86_EXECUTORS_WIDE(imul_rmi, multiply_low, true, X86_RM, false)
X86_EXECUTORS_WIDE(imul_rr_quiet, multiply_low, false, X86_RR, true)
X86_EXECUTORS_WIDE(imul_rm_quiet, multiply_low, false, X86_RM, true)
X86_EXECUTORS_WIDE(imul_rri_quiet, multiply_low, true, X86_RR, true)
X86_EXECUTORS_WIDE(imul_rmi_quiet, multiply_low, true, X86_RM, true)

/* The high half goes to the first operand, and stays there when both are the same. */
X86_INLINE bool mulx(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, bool memory)
{
	uint64_t value, low, high;
	bool overflow;

	if (!memory)
		value = x86_get(cpu, op->third, size);
	else if (!x86_load(cpu, op, slow, size, &value))
		return false;
	low = multiply(x86_get(cpu, X86_SLOT(X86_RDX), size), value, size, false, &high, &overflow);
	x86_put(cpu, op->src, size, low);
	x86_put(cpu, op->dst, size, high);
	return true;
}

X86_EXECUTOR(mulx_rrr32, mulx, 2, false)
X86_EXECUTOR(mulx_rrr64, mulx, 3, false)
X86_EXECUTOR(mulx_rrm32, mulx, 2, true)
X86_EXECUTOR(mulx_rrm64, mulx, 3, true)

/* ---- division ---- */

struct division {
	uint64_t quotient, remainder;
};

/* False: by zero, or the quotient does not fit. */
static bool divide(uint64_t high, uint64_t low, uint64_t divisor, unsigned size, struct division *ret_division)
{
	__extension__ unsigned __int128 dividend = (unsigned __int128)high << x86_bits(size) | low;

	if (high >= divisor)
		return false;
	if (high == 0) {
		ret_division->quotient = low / divisor;
		ret_division->remainder = low % divisor;
		return true;
	}
	ret_division->quotient = (uint64_t)(dividend / divisor);
	ret_division->remainder = (uint64_t)(dividend % divisor);
	return true;
}

static bool divide_signed(uint64_t high, uint64_t low, uint64_t divisor, unsigned size, struct division *ret_division)
{
	bool dividend_negative = x86_sign(high, size), divisor_negative = x86_sign(divisor, size);
	uint64_t limit = (UINT64_C(1) << (x86_bits(size) - 1)) - 1 + (dividend_negative != divisor_negative);

	if (dividend_negative) {
		low = x86_truncate(0 - low, size);
		high = x86_truncate(0 - high - (low != 0), size);
	}
	if (divisor_negative)
		divisor = x86_truncate(0 - divisor, size);
	if (!divide(high, low, divisor, size, ret_division) || ret_division->quotient > limit)
		return false;
	if (dividend_negative != divisor_negative)
		ret_division->quotient = 0 - ret_division->quotient;
	if (dividend_negative)
		ret_division->remainder = 0 - ret_division->remainder;
	return true;
}

/* All flags are undefined; they stay as they are. */
static const struct x86_op *division(struct x86_cpu *cpu, const struct x86_op *op, unsigned size, bool is_signed,
				     uint64_t divisor)
{
	struct division result;
	uint64_t low = x86_get(cpu, X86_SLOT(X86_RAX), size);
	uint64_t high = x86_get(cpu, size == 0 ? X86_SLOT(X86_RAX) + 1 : X86_SLOT(X86_RDX), size);

	if (!(is_signed ? divide_signed : divide)(high, low, divisor, size, &result))
		return x86_fault(cpu, op, X86_DE);
	x86_put(cpu, X86_SLOT(X86_RAX), size, result.quotient);
	x86_put(cpu, size == 0 ? X86_SLOT(X86_RAX) + 1 : X86_SLOT(X86_RDX), size, result.remainder);
	return op + 1;
}

#define DIVISION(name, size, is_signed) \
	EXEC(name##_r) \
	{ \
		return division(cpu, op, size, is_signed, x86_get(cpu, op->dst, size)); \
	} \
	EXEC(name##_m) \
	{ \
		uint64_t divisor; \
\
		if (!x86_load_slow(cpu, op, size, &divisor)) \
			return NULL; \
		return division(cpu, op, size, is_signed, divisor); \
	}

DIVISION(div8, 0, false)
DIVISION(div16, 1, false)
DIVISION(div32, 2, false)
DIVISION(div64, 3, false)
DIVISION(idiv8, 0, true)
DIVISION(idiv16, 1, true)
DIVISION(idiv32, 2, true)
DIVISION(idiv64, 3, true)

/* ---- adcx and adox: additions with a carry of their own ---- */

X86_INLINE bool add_with(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, enum x86_form form,
			 uint32_t flag)
{
	uint64_t first = x86_get(cpu, op->dst, size), second, sum;
	uint32_t flags;
	bool carry;

	if (!x86_source(cpu, op, slow, size, form, &second))
		return false;
	flags = x86_arithmetic_flags(cpu);
	carry = flags & flag;
	sum = x86_truncate(first + second + carry, size);
	x86_put(cpu, op->dst, size, sum);
	flags &= ~flag;
	if (carry ? sum <= second : sum < second)
		flags |= flag;
	x86_set_arithmetic_flags(cpu, flags);
	return true;
}

X86_EXECUTOR(adcx_rr32, add_with, 2, X86_RR, X86_FLAG_CF)
X86_EXECUTOR(adcx_rr64, add_with, 3, X86_RR, X86_FLAG_CF)
X86_EXECUTOR(adcx_rm32, add_with, 2, X86_RM, X86_FLAG_CF)
X86_EXECUTOR(adcx_rm64, add_with, 3, X86_RM, X86_FLAG_CF)
X86_EXECUTOR(adox_rr32, add_with, 2, X86_RR, X86_FLAG_OF)
X86_EXECUTOR(adox_rr64, add_with, 3, X86_RR, X86_FLAG_OF)
X86_EXECUTOR(adox_rm32, add_with, 2, X86_RM, X86_FLAG_OF)
X86_EXECUTOR(adox_rm64, add_with, 3, X86_RM, X86_FLAG_OF)

/* ---- decimal ---- */

#define AL X86_SLOT8(cpu, X86_SLOT(X86_RAX))
#define AH X86_SLOT8(cpu, X86_SLOT(X86_RAX) + 1)

/* Flags after al was set; CF and AF are given. */
static void decimal_flags(struct x86_cpu *cpu, uint32_t carries)
{
	x86_set_cc(cpu, X86_CC(LOGIC, 0), AL, 0);
	x86_change_flags(cpu, X86_FLAG_CF | X86_FLAG_AF, carries);
}

static void decimal_adjust(struct x86_cpu *cpu, bool subtract)
{
	uint32_t flags = x86_arithmetic_flags(cpu), carries = 0;
	uint8_t al = AL, adjustment = 0;

	if ((al & 0xf) > 9 || flags & X86_FLAG_AF) {
		adjustment = 6;
		carries |= X86_FLAG_AF;
		if (subtract && al < 6)
			carries |= X86_FLAG_CF;
	}
	if (al > 0x99 || flags & X86_FLAG_CF) {
		adjustment = (uint8_t)(adjustment + 0x60);
		carries |= X86_FLAG_CF;
	}
	AL = (uint8_t)(subtract ? al - adjustment : al + adjustment);
	decimal_flags(cpu, carries);
}

EXEC(daa)
{
	decimal_adjust(cpu, false);
	X86_NEXT(cpu, op);
}

EXEC(das)
{
	decimal_adjust(cpu, true);
	X86_NEXT(cpu, op);
}

static void ascii_adjust(struct x86_cpu *cpu, bool subtract)
{
	uint32_t carries = 0;
	uint16_t ax = X86_SLOT16(cpu, X86_SLOT(X86_RAX));

	if ((ax & 0xf) > 9 || x86_arithmetic_flags(cpu) & X86_FLAG_AF) {
		ax = (uint16_t)(subtract ? ax - 0x106 : ax + 0x106);
		carries = X86_FLAG_CF | X86_FLAG_AF;
	}
	X86_PUT16(cpu, X86_SLOT(X86_RAX), ax & 0xff0f);
	decimal_flags(cpu, carries);
}

EXEC(aaa)
{
	ascii_adjust(cpu, false);
	X86_NEXT(cpu, op);
}

EXEC(aas)
{
	ascii_adjust(cpu, true);
	X86_NEXT(cpu, op);
}

EXEC(aam)
{
	uint8_t base = (uint8_t)op->imm, al = AL;

	if (base == 0)
		return x86_fault(cpu, op, X86_DE);
	AH = al / base;
	AL = al % base;
	decimal_flags(cpu, 0);
	X86_NEXT(cpu, op);
}

EXEC(aad)
{
	AL = (uint8_t)(AL + AH * (uint8_t)op->imm);
	AH = 0;
	decimal_flags(cpu, 0);
	X86_NEXT(cpu, op);
}

/* clang-format off */
#define DIVISION_SIZES(name, kind) { name##8_##kind, name##16_##kind, name##32_##kind, name##64_##kind }

static const struct x86_row rows[] = {
	X86_ALU_ROWS(ADD, add),
	X86_ALU_ROWS(ADC, adc),
	X86_ALU_ROWS(SUB, sub),
	X86_ALU_ROWS(SBB, sbb),
	X86_ALU_ROWS(CMP, cmp),
	X86_ALU_ROW(INC, "r", inc_r, X86_ROW_PLAIN),
	X86_ALU_ROW(INC, "m", inc_m, 0),
	X86_ALU_ROW(DEC, "r", dec_r, X86_ROW_PLAIN),
	X86_ALU_ROW(DEC, "m", dec_m, 0),
	X86_ALU_ROW(NEG, "r", neg_r, X86_ROW_PLAIN),
	X86_ALU_ROW(NEG, "m", neg_m, 0),

	X86_ALU_ROW(MUL, "r", mul_r, X86_ROW_PLAIN),
	X86_ALU_ROW(MUL, "m", mul_m, 0),
	X86_ALU_ROW(IMUL, "r", imul_r, X86_ROW_PLAIN),
	X86_ALU_ROW(IMUL, "m", imul_m, 0),
	{ ZYDIS_MNEMONIC_IMUL, "rr", X86_WIDE(imul_rr), X86_WIDE(imul_rr_quiet), X86_ROW_PLAIN, 0 },
	{ ZYDIS_MNEMONIC_IMUL, "rm", X86_WIDE(imul_rm), X86_WIDE(imul_rm_quiet), 0, 0 },
	{ ZYDIS_MNEMONIC_IMUL, "rri", X86_WIDE(imul_rri), X86_WIDE(imul_rri_quiet), X86_ROW_PLAIN, 0 },
	{ ZYDIS_MNEMONIC_IMUL, "rmi", X86_WIDE(imul_rmi), X86_WIDE(imul_rmi_quiet), 0, 0 },
	{ ZYDIS_MNEMONIC_MULX, "rrr", X86_LARGE(mulx_rrr), X86_NONE, X86_ROW_PLAIN, X86_NEEDS(BMI2) },
	{ ZYDIS_MNEMONIC_MULX, "rrm", X86_LARGE(mulx_rrm), X86_NONE, 0, X86_NEEDS(BMI2) },
	{ ZYDIS_MNEMONIC_DIV, "r", DIVISION_SIZES(div, r), X86_NONE, 0, 0 },
	{ ZYDIS_MNEMONIC_DIV, "m", DIVISION_SIZES(div, m), X86_NONE, 0, 0 },
	{ ZYDIS_MNEMONIC_IDIV, "r", DIVISION_SIZES(idiv, r), X86_NONE, 0, 0 },
	{ ZYDIS_MNEMONIC_IDIV, "m", DIVISION_SIZES(idiv, m), X86_NONE, 0, 0 },

	{ ZYDIS_MNEMONIC_ADCX, "rr", X86_LARGE(adcx_rr), X86_NONE, X86_ROW_PLAIN, X86_NEEDS(ADX) },
	{ ZYDIS_MNEMONIC_ADCX, "rm", X86_LARGE(adcx_rm), X86_NONE, 0, X86_NEEDS(ADX) },
	{ ZYDIS_MNEMONIC_ADOX, "rr", X86_LARGE(adox_rr), X86_NONE, X86_ROW_PLAIN, X86_NEEDS(ADX) },
	{ ZYDIS_MNEMONIC_ADOX, "rm", X86_LARGE(adox_rm), X86_NONE, 0, X86_NEEDS(ADX) },

	{ ZYDIS_MNEMONIC_DAA, NULL, X86_ANY(daa), X86_NONE, X86_ROW_PLAIN, 0 },
	{ ZYDIS_MNEMONIC_DAS, NULL, X86_ANY(das), X86_NONE, X86_ROW_PLAIN, 0 },
	{ ZYDIS_MNEMONIC_AAA, NULL, X86_ANY(aaa), X86_NONE, X86_ROW_PLAIN, 0 },
	{ ZYDIS_MNEMONIC_AAS, NULL, X86_ANY(aas), X86_NONE, X86_ROW_PLAIN, 0 },
	{ ZYDIS_MNEMONIC_AAM, NULL, X86_ANY(aam), X86_NONE, 0, 0 },
	{ ZYDIS_MNEMONIC_AAD, NULL, X86_ANY(aad), X86_NONE, X86_ROW_PLAIN, 0 },
};
/* clang-format on */

extern const struct x86_rows x86_rows_arithmetic;
const struct x86_rows x86_rows_arithmetic = { rows, X86_COUNT(rows) };
