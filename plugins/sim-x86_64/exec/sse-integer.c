/* SPDX-License-Identifier: Apache-2.0 */
/* SSE: "128-Bit SIMD Integer Instructions" of XMM registers (SDM 1, 5.6 to 5.11), but for those that only move. */
#include "sse.h"

/* BINARY(F): mnemonic, name, feature. */
#define BINARY(F) \
	F(PADDB, paddb, SSE_BASE) \
	F(PADDW, paddw, SSE_BASE) \
	F(PADDD, paddd, SSE_BASE) \
	F(PADDQ, paddq, SSE_BASE) \
	F(PADDSB, paddsb, SSE_BASE) \
	F(PADDSW, paddsw, SSE_BASE) \
	F(PADDUSB, paddusb, SSE_BASE) \
	F(PADDUSW, paddusw, SSE_BASE) \
	F(PSUBB, psubb, SSE_BASE) \
	F(PSUBW, psubw, SSE_BASE) \
	F(PSUBD, psubd, SSE_BASE) \
	F(PSUBQ, psubq, SSE_BASE) \
	F(PSUBSB, psubsb, SSE_BASE) \
	F(PSUBSW, psubsw, SSE_BASE) \
	F(PSUBUSB, psubusb, SSE_BASE) \
	F(PSUBUSW, psubusw, SSE_BASE) \
	F(PMULLW, pmullw, SSE_BASE) \
	F(PMULHW, pmulhw, SSE_BASE) \
	F(PMULHUW, pmulhuw, SSE_BASE) \
	F(PMULUDQ, pmuludq, SSE_BASE) \
	F(PMADDWD, pmaddwd, SSE_BASE) \
	F(PSADBW, psadbw, SSE_BASE) \
	F(PAVGB, pavgb, SSE_BASE) \
	F(PAVGW, pavgw, SSE_BASE) \
	F(PMINUB, pminub, SSE_BASE) \
	F(PMINSW, pminsw, SSE_BASE) \
	F(PMAXUB, pmaxub, SSE_BASE) \
	F(PMAXSW, pmaxsw, SSE_BASE) \
	F(PCMPEQB, pcmpeqb, SSE_BASE) \
	F(PCMPEQW, pcmpeqw, SSE_BASE) \
	F(PCMPEQD, pcmpeqd, SSE_BASE) \
	F(PCMPGTB, pcmpgtb, SSE_BASE) \
	F(PCMPGTW, pcmpgtw, SSE_BASE) \
	F(PCMPGTD, pcmpgtd, SSE_BASE) \
	F(PAND, pand, SSE_BASE) \
	F(PANDN, pandn, SSE_BASE) \
	F(POR, por, SSE_BASE) \
	F(PXOR, pxor, SSE_BASE) \
	F(PHADDW, phaddw, SSSE3) \
	F(PHADDD, phaddd, SSSE3) \
	F(PHADDSW, phaddsw, SSSE3) \
	F(PHSUBW, phsubw, SSSE3) \
	F(PHSUBD, phsubd, SSSE3) \
	F(PHSUBSW, phsubsw, SSSE3) \
	F(PMADDUBSW, pmaddubsw, SSSE3) \
	F(PMULHRSW, pmulhrsw, SSSE3) \
	F(PSIGNB, psignb, SSSE3) \
	F(PSIGNW, psignw, SSSE3) \
	F(PSIGND, psignd, SSSE3) \
	F(PMULDQ, pmuldq, SSE41) \
	F(PMULLD, pmulld, SSE41) \
	F(PMINSB, pminsb, SSE41) \
	F(PMINSD, pminsd, SSE41) \
	F(PMINUW, pminuw, SSE41) \
	F(PMINUD, pminud, SSE41) \
	F(PMAXSB, pmaxsb, SSE41) \
	F(PMAXSD, pmaxsd, SSE41) \
	F(PMAXUW, pmaxuw, SSE41) \
	F(PMAXUD, pmaxud, SSE41) \
	F(PCMPEQQ, pcmpeqq, SSE41) \
	F(PCMPGTQ, pcmpgtq, SSE42)

#define UNARY(F) \
	F(PABSB, pabsb, SSSE3) \
	F(PABSW, pabsw, SSSE3) \
	F(PABSD, pabsd, SSSE3) \
	F(PHMINPOSUW, phminposuw, SSE41)

#define IMMEDIATE(F) F(MPSADBW, mpsadbw, SSE41)

#define SHIFT(F) \
	F(PSLLW, psllw) \
	F(PSLLD, pslld) \
	F(PSLLQ, psllq) \
	F(PSRLW, psrlw) \
	F(PSRLD, psrld) \
	F(PSRLQ, psrlq) \
	F(PSRAW, psraw) \
	F(PSRAD, psrad)

#define BYTE_SHIFT(F) \
	F(PSLLDQ, pslldq) \
	F(PSRLDQ, psrldq)

#define BINARY_FORMS(mnemonic, name, needs) SSE_BINARY(name) SSE_FORMS(name, 16)
#define UNARY_FORMS(mnemonic, name, needs) SSE_UNARY(name) SSE_FORMS(name, 16)
#define IMMEDIATE_FORMS(mnemonic, name, needs) SSE_IMMEDIATE(name) SSE_FORMS(name, 16)
BINARY(BINARY_FORMS)
UNARY(UNARY_FORMS)
IMMEDIATE(IMMEDIATE_FORMS)

/* A count in the instruction is as good as one in a register. */
#define SHIFT_FORMS(mnemonic, name) \
	SSE_BINARY(name) \
	SSE_FORMS(name, 16) \
	EXEC(name##_xi) \
	{ \
		__m128i count = _mm_cvtsi32_si128((uint8_t)op->imm); \
		XMM(op->dst) = do_##name(cpu, op, XMM(op->dst), count); \
		X86_NEXT(cpu, op); \
	}
SHIFT(SHIFT_FORMS)

#define BYTE_SHIFT_FORM(mnemonic, name) \
	SSE_STUBS(name, "%xmm0") \
	EXEC(name##_xi) \
	{ \
		XMM(op->dst) = sse_call(SSE_STUB(name, op->imm), XMM(op->dst), _mm_setzero_si128()); \
		X86_NEXT(cpu, op); \
	}
BYTE_SHIFT(BYTE_SHIFT_FORM)

SSE_INLINE void compare(struct x86_cpu *cpu, __m128i a, __m128i b)
{
	bool zero, carry;

	__asm__ volatile("ptest %3, %2" : "=@ccz"(zero), "=@ccc"(carry) : "x"(a), SSE_SOURCE(b));
	x86_set_arithmetic_flags(cpu, (zero ? X86_FLAG_ZF : 0) | (carry ? X86_FLAG_CF : 0));
}

X86_COLD EXEC(ptest_slow)
{
	__m128i source;

	if (!sse_read(cpu, op, 16, &source))
		return NULL;
	compare(cpu, XMM(op->dst), source);
	return op + 1;
}

EXEC(ptest_xm)
{
	const void *place = sse_readable(cpu, op, 16);

	if (sim_unlikely(!place))
		return ptest_slow(cpu, op);
	compare(cpu, XMM(op->dst), sse_fetch(place, 16));
	X86_NEXT(cpu, op);
}

EXEC(ptest_xx)
{
	compare(cpu, XMM(op->dst), XMM(op->src));
	X86_NEXT(cpu, op);
}

/* clang-format off */
#define SSSE3 X86_NEEDS(SSSE3)
#define SSE41 X86_NEEDS(SSE41)
#define SSE42 X86_NEEDS(SSE42)

#define SHIFT_ROWS(mnemonic, name) \
	SSE_ROWS(mnemonic, name, SSE_BASE) \
	SSE_ROW(mnemonic, "xi", name##_xi, X86_ROW_PLAIN, SSE_BASE)
#define BYTE_SHIFT_ROW(mnemonic, name) SSE_ROW(mnemonic, "xi", name##_xi, X86_ROW_PLAIN, SSE_BASE)

static const struct x86_row rows[] = {
	BINARY(SSE_ROWS)
	UNARY(SSE_ROWS)
	IMMEDIATE(SSE_IMMEDIATE_ROWS)
	SHIFT(SHIFT_ROWS)
	BYTE_SHIFT(BYTE_SHIFT_ROW)
	SSE_ROWS(PTEST, ptest, SSE41)
};
/* clang-format on */

extern const struct x86_rows x86_rows_sse_integer;
const struct x86_rows x86_rows_sse_integer = { rows, X86_COUNT(rows) };
