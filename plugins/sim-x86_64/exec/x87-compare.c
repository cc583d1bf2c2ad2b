/* SPDX-License-Identifier: Apache-2.0 */
/* x87 comparison and classification instructions (SDM 1, 8.3.6). */
#include "x87.h"

/* Compares on the host: gives the status word. */
typedef unsigned (*compare_fn)(unsigned cw, const union x86_x87_reg *value, const void *source);

#define COMPARISON(name, type, before, instruction, after) \
	static unsigned name(unsigned cw, const union x86_x87_reg *value, const void *source_) \
	{ \
		const type *source = source_; \
		uint16_t sw; \
\
		X87_ON_HOST(cw, sw, before "fldt %[value]\n\t", instruction "\n\t", "fstp %%st(0)\n\t" after, (), \
			    (, [value] "m"(*value), [source] "m"(*source))); \
		return sw; \
	}
#define ON_STACK(name, instruction) \
	COMPARISON(name, union x86_x87_reg, "fldt %[source]\n\t", instruction, "fstp %%st(0)\n\t")
#define ON_MEMORY(name, type, instruction) COMPARISON(name, type, "", instruction " %[source]", "")
ON_STACK(ordered, "fcom %%st(1)")
ON_STACK(unordered, "fucom %%st(1)")
ON_STACK(zero, "ftst")
ON_MEMORY(single, uint32_t, "fcoms")
ON_MEMORY(real, uint64_t, "fcoml")
ON_MEMORY(int16, int16_t, "ficoms")
ON_MEMORY(int32, int32_t, "ficoml")

/* Whether the result, in the condition codes of *ret_sw, is delivered. */
static inline bool compare(struct x86_x87 *x87, const void *source, bool source_empty, compare_fn fn, unsigned *ret_sw)
{
	*ret_sw = X87_UNDERFLOW | X87_UNORDERED;
	if (sim_likely(!x87_is_empty(x87, 0) && !source_empty))
		*ret_sw = fn(x87->cw, x87_st(x87, 0), source);
	return x87_settle(x87, *ret_sw & ~X87_C1, 0);
}

/* Sets the condition codes and pops. */
static inline void compare_codes(struct x86_x87 *x87, const void *source, bool source_empty, compare_fn fn,
				 unsigned pops)
{
	unsigned sw;

	if (!compare(x87, source, source_empty, fn, &sw))
		return;
	x87->sw = (uint16_t)((x87->sw & ~X87_UNORDERED) | (sw & X87_UNORDERED));
	while (pops--)
		x87_pop(x87);
}

#define COMPARE(name, fn, operand, pops) \
	EXEC(name) \
	{ \
		struct x86_x87 *x87 = &cpu->x87; \
\
		if (x87_pending(cpu)) \
			return x86_fault(cpu, op, X86_MF); \
		x87_record(cpu, op); \
		compare_codes(x87, x87_st(x87, operand), x87_is_empty(x87, operand), fn, pops); \
		X86_NEXT(cpu, op); \
	}
COMPARE(fcom_st, ordered, op->dst, 0)
COMPARE(fcomp_st, ordered, op->dst, 1)
COMPARE(fcompp, ordered, 1, 2)
COMPARE(fucom, unordered, op->dst, 0)
COMPARE(fucomp, unordered, op->src, 1)
COMPARE(fucompp, unordered, 1, 2)
COMPARE(ftst, zero, 0, 0)

static inline bool with_memory(struct x86_cpu *cpu, const struct x86_op *op, unsigned size, compare_fn fn,
			       unsigned pops)
{
	uint64_t source;

	if (!x87_read(cpu, op, &source, size))
		return false;
	x87_record_data(cpu, op);
	compare_codes(&cpu->x87, &source, false, fn, pops);
	return true;
}

/* Opcodes: d8 32 bits, dc 64 bits; of integers: da 32 bits, de 16 bits. */
#define COMPARE_MEMORY(name, wide, wide_size, wide_fn, narrow_size, narrow_fn, pops) \
	EXEC(name) \
	{ \
		if (x87_pending(cpu)) \
			return x86_fault(cpu, op, X86_MF); \
		if (op->opcode == (wide) ? !with_memory(cpu, op, wide_size, wide_fn, pops) \
					 : !with_memory(cpu, op, narrow_size, narrow_fn, pops)) \
			return NULL; \
		X86_NEXT(cpu, op); \
	}
COMPARE_MEMORY(fcom_m, 0xdc, 8, real, 4, single, 0)
COMPARE_MEMORY(fcomp_m, 0xdc, 8, real, 4, single, 1)
COMPARE_MEMORY(ficom, 0xda, 4, int32, 2, int16, 0)
COMPARE_MEMORY(ficomp, 0xda, 4, int32, 2, int16, 1)

/* The processor's flags take the place of the condition codes: C0 is CF, C2 PF, C3 ZF. */
static inline void compare_flags(struct x86_cpu *cpu, const struct x86_op *op, compare_fn fn, bool pops)
{
	struct x86_x87 *x87 = &cpu->x87;
	unsigned sw;

	x87_record(cpu, op);
	if (!compare(x87, x87_st(x87, op->src), x87_is_empty(x87, op->src), fn, &sw))
		return;
	x86_set_arithmetic_flags(cpu, (sw & X87_C0 ? X86_FLAG_CF : 0) | (sw & X87_C2 ? X86_FLAG_PF : 0) |
					      (sw & X87_C3 ? X86_FLAG_ZF : 0));
	if (pops)
		x87_pop(x87);
}

#define COMPARE_FLAGS(name, fn, pops) \
	EXEC(name) \
	{ \
		if (x87_pending(cpu)) \
			return x86_fault(cpu, op, X86_MF); \
		compare_flags(cpu, op, fn, pops); \
		X86_NEXT(cpu, op); \
	}
COMPARE_FLAGS(fcomi, ordered, false)
COMPARE_FLAGS(fcomip, ordered, true)
COMPARE_FLAGS(fucomi, unordered, false)
COMPARE_FLAGS(fucomip, unordered, true)

/* The class of st0; C1 is its sign, of an empty register too. */
EXEC(fxam)
{
	struct x86_x87 *x87 = &cpu->x87;
	unsigned codes = X87_C0 | X87_C3;

	if (x87_pending(cpu))
		return x86_fault(cpu, op, X86_MF);
	x87_record(cpu, op);
	if (!x87_is_empty(x87, 0)) {
		uint16_t sw;

		X87_ON_HOST(X86_HOST_X87_CW, sw, "fldt %[value]\n\t", "fxam\n\t", "fstp %%st(0)\n\t", (),
			    (, [value] "m"(*x87_st(x87, 0))));
		codes = sw & X87_UNORDERED;
	}
	x87_settle(x87, codes | (x87_st(x87, 0)->sign_exponent & 0x8000 ? X87_C1 : 0), X87_UNORDERED);
	X86_NEXT(cpu, op);
}

static const struct x86_row rows[] = {
	{ ZYDIS_MNEMONIC_FCOM, "m", .fn = X86_ANY(fcom_m) },
	{ ZYDIS_MNEMONIC_FCOM, "t", .fn = X86_ANY(fcom_st) },
	{ ZYDIS_MNEMONIC_FCOMP, "m", .fn = X86_ANY(fcomp_m) },
	{ ZYDIS_MNEMONIC_FCOMP, "t", .fn = X86_ANY(fcomp_st) },
	{ ZYDIS_MNEMONIC_FCOMPP, NULL, .fn = X86_ANY(fcompp) },
	{ ZYDIS_MNEMONIC_FUCOM, "t", .fn = X86_ANY(fucom) },
	{ ZYDIS_MNEMONIC_FUCOMP, "tt", .fn = X86_ANY(fucomp) },
	{ ZYDIS_MNEMONIC_FUCOMPP, NULL, .fn = X86_ANY(fucompp) },
	{ ZYDIS_MNEMONIC_FICOM, "m", .fn = X86_ANY(ficom) },
	{ ZYDIS_MNEMONIC_FICOMP, "m", .fn = X86_ANY(ficomp) },
	{ ZYDIS_MNEMONIC_FCOMI, "tt", .fn = X86_ANY(fcomi) },
	{ ZYDIS_MNEMONIC_FCOMIP, "tt", .fn = X86_ANY(fcomip) },
	{ ZYDIS_MNEMONIC_FUCOMI, "tt", .fn = X86_ANY(fucomi) },
	{ ZYDIS_MNEMONIC_FUCOMIP, "tt", .fn = X86_ANY(fucomip) },
	{ ZYDIS_MNEMONIC_FTST, NULL, .fn = X86_ANY(ftst) },
	{ ZYDIS_MNEMONIC_FXAM, NULL, .fn = X86_ANY(fxam) },
};

extern const struct x86_rows x86_rows_x87_compare;
const struct x86_rows x86_rows_x87_compare = { rows, X86_COUNT(rows) };
