/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SSE: arithmetic, comparisons, logic and rounding of packed and scalar floating-point numbers (SDM 1, chapters 10
 * to 12).
 */
#include "sse.h"

/* What SSE_FLOAT_FORMS wants to know: packed or scalar, single or double, and how elements come about. */
#define PS(arithmetic) 16, 16, 4, arithmetic
#define SS(arithmetic) 4, 4, 4, arithmetic
#define PD(arithmetic) 16, 16, 8, arithmetic
#define SD(arithmetic) 8, 8, 8, arithmetic
/* The same of operations that can neither overflow nor underflow. */
#define PS_EXACT 16, 0, 4, ADD
#define SS_EXACT 4, 0, 4, ADD
#define PD_EXACT 16, 0, 8, ADD
#define SD_EXACT 8, 0, 8, ADD

/* ARITHMETIC(F) and the other lists: mnemonic, name, form, feature. */
#define ARITHMETIC(F) \
	F(ADDPS, addps, PS(ADD), SSE_BASE) \
	F(ADDSS, addss, SS(ADD), SSE_BASE) \
	F(ADDPD, addpd, PD(ADD), SSE_BASE) \
	F(ADDSD, addsd, SD(ADD), SSE_BASE) \
	F(SUBPS, subps, PS(SUBTRACT), SSE_BASE) \
	F(SUBSS, subss, SS(SUBTRACT), SSE_BASE) \
	F(SUBPD, subpd, PD(SUBTRACT), SSE_BASE) \
	F(SUBSD, subsd, SD(SUBTRACT), SSE_BASE) \
	F(MULPS, mulps, PS(MULTIPLY), SSE_BASE) \
	F(MULSS, mulss, SS(MULTIPLY), SSE_BASE) \
	F(MULPD, mulpd, PD(MULTIPLY), SSE_BASE) \
	F(MULSD, mulsd, SD(MULTIPLY), SSE_BASE) \
	F(DIVPS, divps, PS(DIVIDE), SSE_BASE) \
	F(DIVSS, divss, SS(DIVIDE), SSE_BASE) \
	F(DIVPD, divpd, PD(DIVIDE), SSE_BASE) \
	F(DIVSD, divsd, SD(DIVIDE), SSE_BASE) \
	F(MINPS, minps, PS_EXACT, SSE_BASE) \
	F(MINSS, minss, SS_EXACT, SSE_BASE) \
	F(MINPD, minpd, PD_EXACT, SSE_BASE) \
	F(MINSD, minsd, SD_EXACT, SSE_BASE) \
	F(MAXPS, maxps, PS_EXACT, SSE_BASE) \
	F(MAXSS, maxss, SS_EXACT, SSE_BASE) \
	F(MAXPD, maxpd, PD_EXACT, SSE_BASE) \
	F(MAXSD, maxsd, SD_EXACT, SSE_BASE) \
	F(SQRTSS, sqrtss, SS_EXACT, SSE_BASE) \
	F(SQRTSD, sqrtsd, SD_EXACT, SSE_BASE) \
	F(ADDSUBPS, addsubps, PS(SUBTRACT_ADD), X86_NEEDS(SSE3)) \
	F(ADDSUBPD, addsubpd, PD(SUBTRACT_ADD), X86_NEEDS(SSE3)) \
	F(HADDPS, haddps, PS(ADD_PAIRS), X86_NEEDS(SSE3)) \
	F(HADDPD, haddpd, PD(ADD_PAIRS), X86_NEEDS(SSE3)) \
	F(HSUBPS, hsubps, PS(SUBTRACT_PAIRS), X86_NEEDS(SSE3)) \
	F(HSUBPD, hsubpd, PD(SUBTRACT_PAIRS), X86_NEEDS(SSE3))

#define UNARY(F) \
	F(SQRTPS, sqrtps, PS_EXACT, SSE_BASE) \
	F(SQRTPD, sqrtpd, PD_EXACT, SSE_BASE)

#define IMMEDIATE(F) \
	F(CMPPS, cmpps, PS_EXACT, SSE_BASE) \
	F(CMPSS, cmpss, SS_EXACT, SSE_BASE) \
	F(CMPPD, cmppd, PD_EXACT, SSE_BASE) \
	F(CMPSD, cmpsd, SD_EXACT, SSE_BASE) \
	F(ROUNDPS, roundps, PS_EXACT, X86_NEEDS(SSE41)) \
	F(ROUNDSS, roundss, SS_EXACT, X86_NEEDS(SSE41)) \
	F(ROUNDPD, roundpd, PD_EXACT, X86_NEEDS(SSE41)) \
	F(ROUNDSD, roundsd, SD_EXACT, X86_NEEDS(SSE41))

/* FLAGLESS(F), FLAGLESS_UNARY(F): mnemonic, name, bytes of a memory operand. */
#define FLAGLESS(F) \
	F(ANDPS, andps, 16) \
	F(ANDPD, andpd, 16) \
	F(ANDNPS, andnps, 16) \
	F(ANDNPD, andnpd, 16) \
	F(ORPS, orps, 16) \
	F(ORPD, orpd, 16) \
	F(XORPS, xorps, 16) \
	F(XORPD, xorpd, 16) \
	F(RCPSS, rcpss, 4) \
	F(RSQRTSS, rsqrtss, 4)

#define FLAGLESS_UNARY(F) \
	F(RCPPS, rcpps, 16) \
	F(RSQRTPS, rsqrtps, 16)

/* To make several arguments of one that stands for them. */
#define FORMS(...) SSE_FLOAT_FORMS(__VA_ARGS__)
#define ARITHMETIC_FORMS(mnemonic, name, form, needs) SSE_BINARY(name) FORMS(name, form)
#define UNARY_FORMS(mnemonic, name, form, needs) SSE_UNARY(name) FORMS(name, form)
#define IMMEDIATE_FORMS(mnemonic, name, form, needs) SSE_IMMEDIATE(name) FORMS(name, form)
#define FLAGLESS_FORMS(mnemonic, name, size) SSE_BINARY(name) SSE_FORMS(name, size)
#define FLAGLESS_UNARY_FORMS(mnemonic, name, size) SSE_UNARY(name) SSE_FORMS(name, size)
ARITHMETIC(ARITHMETIC_FORMS)
UNARY(UNARY_FORMS)
IMMEDIATE(IMMEDIATE_FORMS)
FLAGLESS(FLAGLESS_FORMS)
FLAGLESS_UNARY(FLAGLESS_UNARY_FORMS)

/* ---- dot products ---- */

SSE_IMMEDIATE(dpps)
SSE_IMMEDIATE(dppd)

/* All ones in the elements of 32 bits that `bits` selects. */
static __m128i elements(unsigned bits)
{
	return _mm_set_epi32(-(int)(bits >> 3 & 1), -(int)(bits >> 2 & 1), -(int)(bits >> 1 & 1), -(int)(bits & 1));
}

/*
 * For unmasked exceptions the products, the sums of two, and the sum of four are operations of their own; only when
 * none of them raised one the whole is done.
 */
#define STEP(name, insn, element, arithmetic) \
	static bool name(struct x86_cpu *cpu, const struct x86_op *op, __m128i *a, __m128i b) \
	{ \
		__m128i result; \
		x86_simd_begin(cpu); \
		result = do_##insn(cpu, op, *a, b); \
		x86_simd_refine(cpu, X86_SIMD_##arithmetic, a, &b, 16, element); \
		*a = result; \
		return x86_simd_end(cpu, op, a, 16, element); \
	}

STEP(multiply_ps, mulps, 4, MULTIPLY)
STEP(multiply_pd, mulpd, 8, MULTIPLY)
STEP(add_ps, addps, 4, ADD)
STEP(add_pd, addpd, 8, ADD)

static const struct x86_op *dpps_checked(struct x86_cpu *cpu, const struct x86_op *op, __m128i source)
{
	__m128i wanted = elements((unsigned)op->imm >> 4);
	__m128i sum = _mm_and_si128(XMM(op->dst), wanted);

	if (!multiply_ps(cpu, op, &sum, _mm_and_si128(source, wanted)) ||
	    !add_ps(cpu, op, &sum, _mm_shuffle_epi32(sum, _MM_SHUFFLE(2, 3, 0, 1))) ||
	    !add_ps(cpu, op, &sum, _mm_shuffle_epi32(sum, _MM_SHUFFLE(1, 0, 3, 2))))
		return NULL;
	XMM(op->dst) = do_dpps(cpu, op, XMM(op->dst), source);
	return op + 1;
}

static const struct x86_op *dppd_checked(struct x86_cpu *cpu, const struct x86_op *op, __m128i source)
{
	unsigned multiply = (unsigned)op->imm >> 4;
	__m128i wanted = elements((multiply & 1) * 3 | (multiply & 2) * 6);
	__m128i sum = _mm_and_si128(XMM(op->dst), wanted);

	if (!multiply_pd(cpu, op, &sum, _mm_and_si128(source, wanted)) ||
	    !add_pd(cpu, op, &sum, _mm_shuffle_epi32(sum, _MM_SHUFFLE(1, 0, 3, 2))))
		return NULL;
	XMM(op->dst) = do_dppd(cpu, op, XMM(op->dst), source);
	return op + 1;
}

SSE_CHECKED_FORMS(dpps, 16)
SSE_CHECKED_FORMS(dppd, 16)

/* ---- comparisons that set the flags ---- */

#define COMPARE(name, size) \
	/* Less: CF; equal: ZF; unordered: both, and PF. The host's other arithmetic flags are 0. */ \
	SSE_INLINE uint32_t compare_##name(__m128i a, __m128i b) \
	{ \
		uint32_t flags; \
		__asm__ volatile(#name " %2, %1\n\t" \
				       "lahf\n\t" \
				       "movzbl %%ah, %0" \
				 : "=a"(flags) \
				 : "x"(a), SSE_SOURCE(b) \
				 : "cc"); \
		return flags; \
	} \
	static const struct x86_op *name##_checked(struct x86_cpu *cpu, const struct x86_op *op, __m128i source) \
	{ \
		uint32_t flags; \
		x86_simd_begin(cpu); \
		flags = compare_##name(XMM(op->dst), source); \
		if (!x86_simd_end(cpu, op, NULL, 0, size)) \
			return NULL; \
		x86_set_arithmetic_flags(cpu, flags); \
		return op + 1; \
	} \
	X86_COLD EXEC(name##_slow_xx) \
	{ \
		return name##_checked(cpu, op, XMM(op->src)); \
	} \
	X86_COLD EXEC(name##_slow_xm) \
	{ \
		__m128i source; \
		return sse_read(cpu, op, size, &source) ? name##_checked(cpu, op, source) : NULL; \
	} \
	EXEC(name##_xx) \
	{ \
		if (sim_unlikely(cpu->simd_unmasked)) \
			return name##_slow_xx(cpu, op); \
		x86_set_arithmetic_flags(cpu, compare_##name(XMM(op->dst), XMM(op->src))); \
		X86_NEXT(cpu, op); \
	} \
	EXEC(name##_xm) \
	{ \
		const void *place = sse_readable(cpu, op, size); \
		if (sim_unlikely(!place || cpu->simd_unmasked)) \
			return name##_slow_xm(cpu, op); \
		x86_set_arithmetic_flags(cpu, compare_##name(XMM(op->dst), sse_fetch(place, size))); \
		X86_NEXT(cpu, op); \
	}

COMPARE(comiss, 4)
COMPARE(comisd, 8)
COMPARE(ucomiss, 4)
COMPARE(ucomisd, 8)

/* clang-format off */
#define ARITHMETIC_ROWS(mnemonic, name, form, needs) SSE_FLOAT_ROWS(mnemonic, name, needs)
#define IMMEDIATE_ROWS(mnemonic, name, form, needs) SSE_FLOAT_IMMEDIATE_ROWS(mnemonic, name, needs)
#define FLAGLESS_ROWS(mnemonic, name, size) SSE_ROWS(mnemonic, name, SSE_BASE)

static const struct x86_row rows[] = {
	ARITHMETIC(ARITHMETIC_ROWS)
	UNARY(ARITHMETIC_ROWS)
	IMMEDIATE(IMMEDIATE_ROWS)
	FLAGLESS(FLAGLESS_ROWS)
	FLAGLESS_UNARY(FLAGLESS_ROWS)
	SSE_FLOAT_IMMEDIATE_ROWS(DPPS, dpps, X86_NEEDS(SSE41))
	SSE_FLOAT_IMMEDIATE_ROWS(DPPD, dppd, X86_NEEDS(SSE41))
	SSE_FLOAT_ROWS(COMISS, comiss, SSE_BASE)
	SSE_FLOAT_ROWS(COMISD, comisd, SSE_BASE)
	SSE_FLOAT_ROWS(UCOMISS, ucomiss, SSE_BASE)
	SSE_FLOAT_ROWS(UCOMISD, ucomisd, SSE_BASE)
};
/* clang-format on */

extern const struct x86_rows x86_rows_sse_float;
const struct x86_rows x86_rows_sse_float = { rows, X86_COUNT(rows) };
