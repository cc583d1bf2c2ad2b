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

/* What the comparison finds, its result being in the condition codes. */
X87_INLINE unsigned compare(const struct x86_x87 *x87, const void *source, bool source_empty, compare_fn fn)
{
	if (sim_unlikely(x87_is_empty(x87, 0) || source_empty))
		return X87_UNDERFLOW | X87_UNORDERED;
	return fn(x87->cw, &x87->regs[x87_top(x87)], source);
}

/* The condition codes are set whatever is unmasked; only then nothing is popped. */
X87_INLINE void compare_codes(struct x86_x87 *x87, const void *source, bool source_empty, compare_fn fn, unsigned pops)
{
	if (!x87_settle(x87, compare(x87, source, source_empty, fn), X87_UNORDERED))
		return;
	while (pops--)
		x87_pop(x87);
}

X87_INLINE void with_register(struct x86_cpu *cpu, const struct x86_op *op, unsigned st, compare_fn fn, unsigned pops)
{
	struct x86_x87 *x87 = &cpu->x87;

	x87_record(cpu, op);
	compare_codes(x87, x87_st(x87, st), x87_is_empty(x87, st), fn, pops);
}
X87_EXEC(fcom_st, with_register(cpu, op, op->dst, ordered, 0))
X87_EXEC(fcomp_st, with_register(cpu, op, op->dst, ordered, 1))
X87_EXEC(fcompp, with_register(cpu, op, 1, ordered, 2))
X87_EXEC(fucom, with_register(cpu, op, op->dst, unordered, 0))
X87_EXEC(fucomp, with_register(cpu, op, op->src, unordered, 1))
X87_EXEC(fucompp, with_register(cpu, op, 1, unordered, 2))
X87_EXEC(ftst, with_register(cpu, op, 0, zero, 0))

X87_INLINE bool with_memory(struct x86_cpu *cpu, const struct x86_op *op, unsigned size, compare_fn fn, unsigned pops)
{
	uint64_t source;

	if (!x87_read(cpu, op, &source, size))
		return false;
	x87_record_data(cpu, op);
	compare_codes(&cpu->x87, &source, false, fn, pops);
	return true;
}

X87_INLINE bool with_real(struct x86_cpu *cpu, const struct x86_op *op, unsigned pops)
{
	return op->opcode == 0xdc ? with_memory(cpu, op, 8, real, pops) : with_memory(cpu, op, 4, single, pops);
}

X87_INLINE bool with_integer(struct x86_cpu *cpu, const struct x86_op *op, unsigned pops)
{
	return op->opcode == 0xda ? with_memory(cpu, op, 4, int32, pops) : with_memory(cpu, op, 2, int16, pops);
}
X87_EXEC_MEMORY(fcom_m, with_real(cpu, op, 0))
X87_EXEC_MEMORY(fcomp_m, with_real(cpu, op, 1))
X87_EXEC_MEMORY(ficom, with_integer(cpu, op, 0))
X87_EXEC_MEMORY(ficomp, with_integer(cpu, op, 1))

/* The processor's flags take the place of the condition codes: C0 is CF, C2 PF, C3 ZF. C1 stays, unless
 * a register is empty. */
X87_INLINE void compare_flags(struct x86_cpu *cpu, const struct x86_op *op, compare_fn fn, bool pops)
{
	struct x86_x87 *x87 = &cpu->x87;
	unsigned sw = compare(x87, x87_st(x87, op->src), x87_is_empty(x87, op->src), fn);

	x87_record(cpu, op);
	if (!(sw & X87_SF))
		sw |= x87->sw & X87_C1;
	x86_set_arithmetic_flags(cpu, (sw & X87_C0 ? X86_FLAG_CF : 0) | (sw & X87_C2 ? X86_FLAG_PF : 0) |
					      (sw & X87_C3 ? X86_FLAG_ZF : 0));
	if (x87_settle(x87, sw, 0) && pops)
		x87_pop(x87);
}
X87_EXEC(fcomi, compare_flags(cpu, op, ordered, false))
X87_EXEC(fcomip, compare_flags(cpu, op, ordered, true))
X87_EXEC(fucomi, compare_flags(cpu, op, unordered, false))
X87_EXEC(fucomip, compare_flags(cpu, op, unordered, true))

/* The class of st0; C1 is its sign, of an empty register too. */
X87_INLINE void examine(struct x86_cpu *cpu, const struct x86_op *op)
{
	struct x86_x87 *x87 = &cpu->x87;
	unsigned codes = X87_C0 | X87_C3;

	x87_record(cpu, op);
	if (!x87_is_empty(x87, 0)) {
		uint16_t sw;

		X87_ON_HOST(X86_HOST_X87_CW, sw, "fldt %[value]\n\t", "fxam\n\t", "fstp %%st(0)\n\t", (),
			    (, [value] "m"(*x87_st(x87, 0))));
		codes = sw & X87_UNORDERED;
	}
	x87_settle(x87, codes | (x87_st(x87, 0)->sign_exponent & 0x8000 ? X87_C1 : 0), X87_UNORDERED);
}
X87_EXEC(fxam, examine(cpu, op))

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
