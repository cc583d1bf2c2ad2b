/* SPDX-License-Identifier: Apache-2.0 */
/* x87 basic arithmetic instructions (SDM 1, 8.3.5). */
#include "x87.h"

/* An operation on the host: *value is the destination, `source` the other operand; gives the status word. */
typedef unsigned (*operation_fn)(unsigned cw, union x86_x87_reg *value, const void *source);

#define OPERATION(name, type, before, instruction, after) \
	static unsigned name(unsigned cw, union x86_x87_reg *value, const void *source_) \
	{ \
		const type *source = source_; \
		uint16_t sw; \
\
		X87_ON_HOST(cw, sw, before "fldt %[value]\n\t", instruction "\n\t", "fstpt %[value]\n\t" after, \
			    (, [value] "+m"(*value)), (, [source] "m"(*source))); \
		return sw; \
	}
#define ON_STACK(name, instruction) \
	OPERATION(name, union x86_x87_reg, "fldt %[source]\n\t", instruction, "fstp %%st(0)\n\t")
#define ON_MEMORY(name, type, instruction) OPERATION(name, type, "", instruction " %[source]", "")

/* ---- two operands ---- */

X87_INLINE bool binary(struct x86_x87 *x87, unsigned destination, const void *source, bool source_empty,
		       operation_fn operation)
{
	union x86_x87_reg *value = x87_st(x87, destination);

	if (sim_likely(!x87_is_empty(x87, destination) && !source_empty))
		return x87_settle(x87, operation(x87->cw, value, source), 0);
	if (!x87_settle(x87, X87_UNDERFLOW, 0))
		return false;
	x87_put(x87, destination, &x87_indefinite);
	return true;
}

X87_INLINE void with_register(struct x86_cpu *cpu, const struct x86_op *op, operation_fn operation, bool pops)
{
	struct x86_x87 *x87 = &cpu->x87;

	x87_record(cpu, op);
	if (binary(x87, op->dst, x87_st(x87, op->src), x87_is_empty(x87, op->src), operation) && pops)
		x87_pop(x87);
}

X87_INLINE bool with_memory(struct x86_cpu *cpu, const struct x86_op *op, unsigned size, operation_fn operation)
{
	uint64_t source;

	if (!x87_read(cpu, op, &source, size))
		return false;
	x87_record_data(cpu, op);
	binary(&cpu->x87, 0, &source, false, operation);
	return true;
}

/* Opcodes: d8 32 bits, dc 64 bits; of integers: da 32 bits, de 16 bits. */
#define ARITHMETIC(name) \
	ON_STACK(name##_stack, "f" #name " %%st(1), %%st") \
	ON_MEMORY(name##_single, uint32_t, "f" #name "s") \
	ON_MEMORY(name##_double, uint64_t, "f" #name "l") \
	ON_MEMORY(name##_int16, int16_t, "fi" #name "s") \
	ON_MEMORY(name##_int32, int32_t, "fi" #name "l") \
	X87_EXEC(f##name##_st, with_register(cpu, op, name##_stack, false)) \
	X87_EXEC(f##name##p, with_register(cpu, op, name##_stack, true)) \
	X87_EXEC_MEMORY(f##name##_m, op->opcode == 0xdc ? with_memory(cpu, op, 8, name##_double) \
							: with_memory(cpu, op, 4, name##_single)) \
	X87_EXEC_MEMORY(fi##name, op->opcode == 0xde ? with_memory(cpu, op, 2, name##_int16) \
						     : with_memory(cpu, op, 4, name##_int32))
ARITHMETIC(add)
ARITHMETIC(sub)
ARITHMETIC(subr)
ARITHMETIC(mul)
ARITHMETIC(div)
ARITHMETIC(divr)

/* ---- st0, and st1 where it takes part ---- */

ON_STACK(sqrt_stack, "fsqrt")
ON_STACK(rndint_stack, "frndint")
ON_STACK(scale_stack, "fscale")
ON_STACK(prem_stack, "fprem")
ON_STACK(prem1_stack, "fprem1")

/* With two operands the second is st1. */
X87_INLINE void on_top(struct x86_cpu *cpu, const struct x86_op *op, unsigned operands, operation_fn operation)
{
	struct x86_x87 *x87 = &cpu->x87;

	x87_record(cpu, op);
	binary(x87, 0, x87_st(x87, operands - 1), x87_is_empty(x87, operands - 1), operation);
}
X87_EXEC(fsqrt, on_top(cpu, op, 1, sqrt_stack))
X87_EXEC(frndint, on_top(cpu, op, 1, rndint_stack))
X87_EXEC(fscale, on_top(cpu, op, 2, scale_stack))

/* C0 and C3 are bits of the quotient: they stay when there is none. */
X87_INLINE unsigned quotient_codes(const struct x86_x87 *x87, const union x86_x87_reg *result, unsigned sw)
{
	const bool is_nan = (result->sign_exponent & 0x7fff) == 0x7fff;

	return is_nan || x87_is_unmasked(x87, sw, X87_BEFORE) ? X87_C2 : X87_C0 | X87_C2 | X87_C3;
}

X87_INLINE void remainder_of(struct x86_cpu *cpu, const struct x86_op *op, operation_fn operation)
{
	struct x86_x87 *x87 = &cpu->x87;
	union x86_x87_reg *value = x87_st(x87, 0);

	x87_record(cpu, op);
	if (sim_likely(!x87_is_empty(x87, 0) && !x87_is_empty(x87, 1))) {
		const unsigned sw = operation(x87->cw, value, x87_st(x87, 1));

		x87_settle(x87, sw, quotient_codes(x87, value, sw));
	} else if (x87_settle(x87, X87_UNDERFLOW, X87_C2)) {
		x87_put(x87, 0, &x87_indefinite);
	}
}
X87_EXEC(fprem, remainder_of(cpu, op, prem_stack))
X87_EXEC(fprem1, remainder_of(cpu, op, prem1_stack))

/* The sign, which NaNs and unsupported formats have too. */
X87_INLINE void change_sign(struct x86_cpu *cpu, const struct x86_op *op, unsigned keep, unsigned flip)
{
	struct x86_x87 *x87 = &cpu->x87;
	union x86_x87_reg *value = x87_st(x87, 0);

	x87_record(cpu, op);
	if (sim_unlikely(x87_is_empty(x87, 0))) {
		if (x87_settle(x87, X87_UNDERFLOW, 0))
			x87_put(x87, 0, &x87_indefinite);
		return;
	}
	x87_settle(x87, 0, 0);
	value->sign_exponent = (uint16_t)((value->sign_exponent & keep) ^ flip);
}

X87_EXEC(fabs_, change_sign(cpu, op, 0x7fff, 0))
X87_EXEC(fchs, change_sign(cpu, op, 0xffff, 0x8000))

/* The exponent takes the place of st0, the significand is pushed. */
X87_INLINE void extract(struct x86_cpu *cpu, const struct x86_op *op)
{
	struct x86_x87 *x87 = &cpu->x87;
	union x86_x87_reg exponent = x87_indefinite, significand = x87_indefinite;
	unsigned found = x87_is_empty(x87, 0) ? X87_UNDERFLOW : X87_OVERFLOW;

	x87_record(cpu, op);
	if (sim_likely(!x87_is_empty(x87, 0) && x87_is_empty(x87, 7))) {
		uint16_t sw;

		X87_ON_HOST(x87->cw, sw, "fldz\n\tfldt %[value]\n\t", "fxtract\n\t",
			    "fstpt %[significand]\n\tfstpt %[exponent]\n\temms\n\t",
			    (, [significand] "=m"(significand), [exponent] "=m"(exponent)),
			    (, [value] "m"(*x87_st(x87, 0))));
		found = sw;
	}
	if (x87_settle(x87, found, 0)) {
		x87_put(x87, 0, &exponent);
		x87_push(x87, &significand);
	}
}
X87_EXEC(fxtract, extract(cpu, op))

#define ARITHMETIC_ROWS(NAME, name) \
	{ ZYDIS_MNEMONIC_F##NAME, "m", .fn = X86_ANY(f##name##_m) }, \
		{ ZYDIS_MNEMONIC_F##NAME, "tt", .fn = X86_ANY(f##name##_st) }, \
		{ ZYDIS_MNEMONIC_F##NAME##P, "tt", .fn = X86_ANY(f##name##p) }, \
	{ \
		ZYDIS_MNEMONIC_FI##NAME, "m", .fn = X86_ANY(fi##name) \
	}

static const struct x86_row rows[] = {
	ARITHMETIC_ROWS(ADD, add),
	ARITHMETIC_ROWS(SUB, sub),
	ARITHMETIC_ROWS(SUBR, subr),
	ARITHMETIC_ROWS(MUL, mul),
	ARITHMETIC_ROWS(DIV, div),
	ARITHMETIC_ROWS(DIVR, divr),
	{ ZYDIS_MNEMONIC_FSQRT, NULL, .fn = X86_ANY(fsqrt) },
	{ ZYDIS_MNEMONIC_FRNDINT, NULL, .fn = X86_ANY(frndint) },
	{ ZYDIS_MNEMONIC_FSCALE, NULL, .fn = X86_ANY(fscale) },
	{ ZYDIS_MNEMONIC_FPREM, NULL, .fn = X86_ANY(fprem) },
	{ ZYDIS_MNEMONIC_FPREM1, NULL, .fn = X86_ANY(fprem1) },
	{ ZYDIS_MNEMONIC_FABS, NULL, .fn = X86_ANY(fabs_) },
	{ ZYDIS_MNEMONIC_FCHS, NULL, .fn = X86_ANY(fchs) },
	{ ZYDIS_MNEMONIC_FXTRACT, NULL, .fn = X86_ANY(fxtract) },
};

extern const struct x86_rows x86_rows_x87_arithmetic;
const struct x86_rows x86_rows_x87_arithmetic = { rows, X86_COUNT(rows) };
