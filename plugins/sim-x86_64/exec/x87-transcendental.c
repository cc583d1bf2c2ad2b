/* SPDX-License-Identifier: Apache-2.0 */
/* x87 trigonometric, logarithmic and exponential instructions (SDM 1, 8.3.7 to 8.3.9). */
#include "x87.h"

/* An operation on the host, on one or two operands. */
typedef unsigned (*operation_fn)(unsigned cw, const union x86_x87_reg *top, const union x86_x87_reg *second,
				 union x86_x87_reg *ret_top, union x86_x87_reg *ret_second);

/* Below the operands is a zero, so that there always are two results to take. */
#define OPERATION(name) \
	static unsigned host_##name(unsigned cw, const union x86_x87_reg *top, const union x86_x87_reg *second, \
				    union x86_x87_reg *ret_top, union x86_x87_reg *ret_second) \
	{ \
		uint16_t sw; \
\
		X87_ON_HOST(cw, sw, "fldz\n\tfldt %[second]\n\tfldt %[top]\n\t", "f" #name "\n\t", \
			    "fstpt %[ret_top]\n\tfstpt %[ret_second]\n\temms\n\t", \
			    (, [ret_top] "=m"(*ret_top), [ret_second] "=m"(*ret_second)), \
			    (, [top] "m"(*top), [second] "m"(*second))); \
		return sw; \
	}
OPERATION(2xm1)
OPERATION(sin)
OPERATION(cos)
OPERATION(sincos)
OPERATION(ptan)
OPERATION(patan)
OPERATION(yl2x)
OPERATION(yl2xp1)

/* st0 becomes its function. */
X87_INLINE void replace(struct x86_cpu *cpu, const struct x86_op *op, operation_fn operation, unsigned codes)
{
	struct x86_x87 *x87 = &cpu->x87;
	union x86_x87_reg result = x87_indefinite, unused;
	unsigned sw = X87_UNDERFLOW;

	x87_record(cpu, op);
	if (sim_likely(!x87_is_empty(x87, 0)))
		sw = operation(x87->cw, x87_st(x87, 0), &x87_indefinite, &result, &unused);
	if (x87_settle(x87, sw, codes))
		x87_put(x87, 0, &result);
}

/* st1 becomes a function of both, and st0 is popped. */
X87_INLINE void combine(struct x86_cpu *cpu, const struct x86_op *op, operation_fn operation)
{
	struct x86_x87 *x87 = &cpu->x87;
	union x86_x87_reg result = x87_indefinite, unused;
	unsigned sw = X87_UNDERFLOW;

	x87_record(cpu, op);
	if (sim_likely(!x87_is_empty(x87, 0) && !x87_is_empty(x87, 1)))
		sw = operation(x87->cw, x87_st(x87, 0), x87_st(x87, 1), &result, &unused);
	if (x87_settle(x87, sw, 0)) {
		x87_put(x87, 1, &result);
		x87_pop(x87);
	}
}

/* st0 becomes one function of it, and another one is pushed. An operand out of range (C2) stays. */
X87_INLINE void divide(struct x86_cpu *cpu, const struct x86_op *op, operation_fn operation)
{
	struct x86_x87 *x87 = &cpu->x87;
	union x86_x87_reg pushed = x87_indefinite, below = x87_indefinite;
	unsigned sw = x87_is_empty(x87, 0) ? X87_UNDERFLOW : X87_OVERFLOW;

	x87_record(cpu, op);
	if (sim_likely(!x87_is_empty(x87, 0) && x87_is_empty(x87, 7)))
		sw = operation(x87->cw, x87_st(x87, 0), &x87_indefinite, &pushed, &below);
	if (x87_settle(x87, sw, X87_C2) && !(sw & X87_C2)) {
		x87_put(x87, 0, &below);
		x87_push(x87, &pushed);
	}
}

X87_EXEC(f2xm1, replace(cpu, op, host_2xm1, 0))
X87_EXEC(fsin, replace(cpu, op, host_sin, X87_C2))
X87_EXEC(fcos, replace(cpu, op, host_cos, X87_C2))
X87_EXEC(fsincos, divide(cpu, op, host_sincos))
X87_EXEC(fptan, divide(cpu, op, host_ptan))
X87_EXEC(fpatan, combine(cpu, op, host_patan))
X87_EXEC(fyl2x, combine(cpu, op, host_yl2x))
X87_EXEC(fyl2xp1, combine(cpu, op, host_yl2xp1))

static const struct x86_row rows[] = {
	{ ZYDIS_MNEMONIC_F2XM1, NULL, .fn = X86_ANY(f2xm1) }, { ZYDIS_MNEMONIC_FSIN, NULL, .fn = X86_ANY(fsin) },
	{ ZYDIS_MNEMONIC_FCOS, NULL, .fn = X86_ANY(fcos) },   { ZYDIS_MNEMONIC_FSINCOS, NULL, .fn = X86_ANY(fsincos) },
	{ ZYDIS_MNEMONIC_FPTAN, NULL, .fn = X86_ANY(fptan) }, { ZYDIS_MNEMONIC_FPATAN, NULL, .fn = X86_ANY(fpatan) },
	{ ZYDIS_MNEMONIC_FYL2X, NULL, .fn = X86_ANY(fyl2x) }, { ZYDIS_MNEMONIC_FYL2XP1, NULL, .fn = X86_ANY(fyl2xp1) },
};

extern const struct x86_rows x86_rows_x87_transcendental;
const struct x86_rows x86_rows_x87_transcendental = { rows, X86_COUNT(rows) };
