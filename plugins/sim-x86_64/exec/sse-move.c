/* SPDX-License-Identifier: Apache-2.0 */
/* SSE: "Data Transfer Instructions" of XMM registers (SDM 1, 5.5 to 5.10), with those that widen integers. */
#include "sse.h"

/* ---- loads and stores ---- */

SSE_OPERATION(load)
{
	return b;
}
SSE_MEMORY_FORM(load128, 16, do_load)
SSE_MEMORY_FORM(load128u, 16 | SSE_UNALIGNED, do_load)
SSE_MEMORY_FORM(load64, 8, do_load)
SSE_MEMORY_FORM(load32, 4, do_load)

SSE_INLINE __m128i low_of(__m128i value)
{
	return value;
}

SSE_INLINE __m128i high_of(__m128i value)
{
	return _mm_unpackhi_epi64(value, value);
}

#define STORE(name, size, part) \
	X86_COLD EXEC(name##_slow) \
	{ \
		return sse_write(cpu, op, size, part(XMM(op->src))) ? op + 1 : NULL; \
	} \
	EXEC(name##_mx) \
	{ \
		void *place = sse_writable(cpu, op, size); \
		if (sim_unlikely(!place)) \
			return name##_slow(cpu, op); \
		sse_put(place, part(XMM(op->src)), size); \
		X86_NEXT(cpu, op); \
	}

STORE(store128, 16, low_of)
STORE(store128u, 16 | SSE_UNALIGNED, low_of)
STORE(store64, 8, low_of)
STORE(store64_high, 8, high_of)
STORE(store32, 4, low_of)

/* ---- between registers ---- */

EXEC(move_xx)
{
	XMM(op->dst) = XMM(op->src);
	X86_NEXT(cpu, op);
}

/* The low half, and zeros. */
EXEC(movq_xx)
{
	XMM(op->dst) = _mm_move_epi64(XMM(op->src));
	X86_NEXT(cpu, op);
}

EXEC(movss_xx)
{
	XMM(op->dst) = _mm_castps_si128(_mm_move_ss(_mm_castsi128_ps(XMM(op->dst)), _mm_castsi128_ps(XMM(op->src))));
	X86_NEXT(cpu, op);
}

/* The destination's low half, or its high half, becomes the source's low half. */
SSE_OPERATION(replace_low)
{
	return _mm_castpd_si128(_mm_move_sd(_mm_castsi128_pd(a), _mm_castsi128_pd(b)));
}
SSE_FORMS(replace_low, 8)

SSE_OPERATION(replace_high)
{
	return _mm_unpacklo_epi64(a, b);
}
SSE_FORMS(replace_high, 8)

EXEC(movhlps_xx)
{
	XMM(op->dst) = _mm_unpackhi_epi64(XMM(op->src), XMM(op->dst));
	X86_NEXT(cpu, op);
}

SSE_OPERATION(movddup)
{
	return _mm_unpacklo_epi64(b, b);
}
SSE_FORMS(movddup, 8)

SSE_OPERATION(movsldup)
{
	return _mm_shuffle_epi32(b, _MM_SHUFFLE(2, 2, 0, 0));
}
SSE_FORMS(movsldup, 16)

SSE_OPERATION(movshdup)
{
	return _mm_shuffle_epi32(b, _MM_SHUFFLE(3, 3, 1, 1));
}
SSE_FORMS(movshdup, 16)

/* WIDEN(F): mnemonic, name, bytes of a memory operand. */
#define WIDEN(F) \
	F(PMOVSXBW, pmovsxbw, 8) \
	F(PMOVSXBD, pmovsxbd, 4) \
	F(PMOVSXBQ, pmovsxbq, 2) \
	F(PMOVSXWD, pmovsxwd, 8) \
	F(PMOVSXWQ, pmovsxwq, 4) \
	F(PMOVSXDQ, pmovsxdq, 8) \
	F(PMOVZXBW, pmovzxbw, 8) \
	F(PMOVZXBD, pmovzxbd, 4) \
	F(PMOVZXBQ, pmovzxbq, 2) \
	F(PMOVZXWD, pmovzxwd, 8) \
	F(PMOVZXWQ, pmovzxwq, 4) \
	F(PMOVZXDQ, pmovzxdq, 8)

#define WIDEN_FORMS(mnemonic, name, size) SSE_UNARY(name) SSE_FORMS(name, size)
WIDEN(WIDEN_FORMS)

/* ---- general registers ---- */

EXEC(movd_xr)
{
	XMM(op->dst) = _mm_cvtsi32_si128((int)X86_SLOT32(cpu, op->src));
	X86_NEXT(cpu, op);
}

EXEC(movq_xr)
{
	XMM(op->dst) = _mm_cvtsi64_si128((long long)X86_SLOT64(cpu, op->src));
	X86_NEXT(cpu, op);
}

EXEC(movd_rx)
{
	X86_PUT32(cpu, op->dst, cpu->v[op->src].u32[0]);
	X86_NEXT(cpu, op);
}

EXEC(movq_rx)
{
	X86_PUT64(cpu, op->dst, cpu->v[op->src].u64[0]);
	X86_NEXT(cpu, op);
}

EXEC(movmskps_rx)
{
	X86_PUT32(cpu, op->dst, _mm_movemask_ps(_mm_castsi128_ps(XMM(op->src))));
	X86_NEXT(cpu, op);
}

EXEC(movmskpd_rx)
{
	X86_PUT32(cpu, op->dst, _mm_movemask_pd(_mm_castsi128_pd(XMM(op->src))));
	X86_NEXT(cpu, op);
}

EXEC(pmovmskb_rx)
{
	X86_PUT32(cpu, op->dst, _mm_movemask_epi8(XMM(op->src)));
	X86_NEXT(cpu, op);
}

/* ---- insertion and extraction ---- */

#define INSERT(name, operand, size) \
	SSE_STUBS(name, operand ", %xmm0") \
	SSE_OPERATION(name) \
	{ \
		return sse_call_general(SSE_STUB(name, op->imm), a, (uint64_t)_mm_cvtsi128_si64(b)); \
	} \
	EXEC(name##_xr) \
	{ \
		__m128i element = _mm_cvtsi64_si128((long long)X86_SLOT64(cpu, op->src)); \
		XMM(op->dst) = do_##name(cpu, op, XMM(op->dst), element); \
		X86_NEXT(cpu, op); \
	} \
	SSE_MEMORY_FORM(name, size, do_##name)

INSERT(pinsrb, "%edi", 1)
INSERT(pinsrw, "%edi", 2)
INSERT(pinsrd, "%edi", 4)
INSERT(pinsrq, "%rdi", 8)

/* In memory there is one element to choose from. */
SSE_IMMEDIATE(insertps)
SSE_OPERATION(insertps_memory)
{
	return sse_call(SSE_STUB(insertps, op->imm & 0x3f), a, b);
}
EXEC(insertps_xx)
{
	XMM(op->dst) = do_insertps(cpu, op, XMM(op->dst), XMM(op->src));
	X86_NEXT(cpu, op);
}
SSE_MEMORY_FORM(insertps, 4, do_insertps_memory)

#define EXTRACT(name, bits, put) \
	SSE_INLINE uint##bits##_t name##_element(const struct x86_cpu *cpu, const struct x86_op *op) \
	{ \
		return cpu->v[op->src].u##bits[op->imm & (128 / bits - 1)]; \
	} \
	EXEC(name##_rx) \
	{ \
		put(cpu, op->dst, name##_element(cpu, op)); \
		X86_NEXT(cpu, op); \
	} \
	EXEC(name##_mx) \
	{ \
		uint64_t linear; \
		if (!x86_linear(cpu, op, bits / 8, X86_WRITE, &linear) || \
		    !x86_write##bits(cpu, op, linear, name##_element(cpu, op))) \
			return NULL; \
		X86_NEXT(cpu, op); \
	}

EXTRACT(pextrb, 8, X86_PUT32)
EXTRACT(pextrw, 16, X86_PUT32)
EXTRACT(pextrd, 32, X86_PUT32)
EXTRACT(pextrq, 64, X86_PUT64)

/* ---- maskmovdqu ---- */

/* Whether the bytes that the mask selects can be written. Of a page in which there are none nothing is asked. */
static bool probe_selected(struct x86_cpu *cpu, const struct x86_op *op, uint64_t linear, unsigned mask)
{
	uint64_t left = SIM_PAGE_MASK + 1 - (linear & SIM_PAGE_MASK);
	unsigned first = left < 16 ? (unsigned)left : 16; /* bytes in the first page */

	return (!(mask & ((1u << first) - 1)) || x86_probe_write(cpu, op, linear, 1)) &&
	       (!(mask >> first) || x86_probe_write(cpu, op, linear + first, 1));
}

static bool write_selected(struct x86_cpu *cpu, const struct x86_op *op, uint64_t offset, unsigned mask)
{
	const uint8_t *data = cpu->v[op->dst].u8;
	uint64_t linear;

	if (!x86_linear_of(cpu, op, x86_segment_of(op), offset, 16, X86_WRITE, &linear) ||
	    !probe_selected(cpu, op, linear, mask))
		return false;
	for (unsigned i = 0; i < 16; i++)
		if (mask >> i & 1 && !x86_write8(cpu, op, linear + i, data[i]))
			return false;
	return true;
}

EXEC(maskmovdqu)
{
	unsigned mask = (unsigned)_mm_movemask_epi8(XMM(op->src));
	uint64_t offset = X86_SLOT64(cpu, X86_SLOT(X86_RDI)) & (UINT64_MAX >> (64 - 8 * x86_address_size(op)));

	return !mask || write_selected(cpu, op, offset, mask) ? op + 1 : NULL;
}

/* clang-format off */
#define PLAIN X86_ROW_PLAIN
#define SSE3 X86_NEEDS(SSE3)
#define SSE41 X86_NEEDS(SSE41)

#define WIDEN_ROWS(mnemonic, name, size) SSE_ROWS(mnemonic, name, SSE41)

#define MOVE_ROWS(mnemonic, width) \
	SSE_ROW(mnemonic, "xx", move_xx, PLAIN, SSE_BASE) \
	SSE_ROW(mnemonic, "xm", load##width##_xm, 0, SSE_BASE) \
	SSE_ROW(mnemonic, "mx", store##width##_mx, 0, SSE_BASE)

#define HALF_ROWS(mnemonic, replace, store) \
	SSE_ROW(mnemonic, "xm", replace##_xm, 0, SSE_BASE) \
	SSE_ROW(mnemonic, "mx", store##_mx, 0, SSE_BASE)

#define INSERT_ROWS(mnemonic, name, needs) \
	SSE_ROW(mnemonic, "xri", name##_xr, PLAIN, needs) \
	SSE_ROW(mnemonic, "xmi", name##_xm, 0, needs)

#define EXTRACT_ROWS(mnemonic, name) \
	SSE_ROW(mnemonic, "rxi", name##_rx, PLAIN, SSE41) \
	SSE_ROW(mnemonic, "mxi", name##_mx, 0, SSE41)

static const struct x86_row rows[] = {
	MOVE_ROWS(MOVAPS, 128)
	MOVE_ROWS(MOVAPD, 128)
	MOVE_ROWS(MOVDQA, 128)
	MOVE_ROWS(MOVUPS, 128u)
	MOVE_ROWS(MOVUPD, 128u)
	MOVE_ROWS(MOVDQU, 128u)
	SSE_ROW(LDDQU, "xm", load128u_xm, 0, SSE3)
	SSE_ROW(MOVNTDQA, "xm", load128_xm, 0, SSE41)
	SSE_ROW(MOVNTPS, "mx", store128_mx, 0, SSE_BASE)
	SSE_ROW(MOVNTPD, "mx", store128_mx, 0, SSE_BASE)
	SSE_ROW(MOVNTDQ, "mx", store128_mx, 0, SSE_BASE)
	SSE_ROW(MASKMOVDQU, "xx", maskmovdqu, 0, SSE_BASE)
	SSE_ROW(VMASKMOVDQU, "xx", maskmovdqu, 0, X86_NEEDS(AVX))

	SSE_ROW(MOVSS, "xx", movss_xx, PLAIN, SSE_BASE)
	SSE_ROW(MOVSS, "xm", load32_xm, 0, SSE_BASE)
	SSE_ROW(MOVSS, "mx", store32_mx, 0, SSE_BASE)
	SSE_ROW(MOVSD, "xx", replace_low_xx, PLAIN, SSE_BASE)
	SSE_ROW(MOVSD, "xm", load64_xm, 0, SSE_BASE)
	SSE_ROW(MOVSD, "mx", store64_mx, 0, SSE_BASE)
	HALF_ROWS(MOVLPS, replace_low, store64)
	HALF_ROWS(MOVLPD, replace_low, store64)
	HALF_ROWS(MOVHPS, replace_high, store64_high)
	HALF_ROWS(MOVHPD, replace_high, store64_high)
	SSE_ROW(MOVLHPS, "xx", replace_high_xx, PLAIN, SSE_BASE)
	SSE_ROW(MOVHLPS, "xx", movhlps_xx, PLAIN, SSE_BASE)
	SSE_ROWS(MOVDDUP, movddup, SSE3)
	SSE_ROWS(MOVSLDUP, movsldup, SSE3)
	SSE_ROWS(MOVSHDUP, movshdup, SSE3)

	SSE_ROW(MOVD, "xr", movd_xr, PLAIN, SSE_BASE)
	SSE_ROW(MOVD, "rx", movd_rx, PLAIN, SSE_BASE)
	SSE_ROW(MOVD, "xm", load32_xm, 0, SSE_BASE)
	SSE_ROW(MOVD, "mx", store32_mx, 0, SSE_BASE)
	SSE_ROW(MOVQ, "xr", movq_xr, PLAIN, SSE_BASE)
	SSE_ROW(MOVQ, "rx", movq_rx, PLAIN, SSE_BASE)
	SSE_ROW(MOVQ, "xx", movq_xx, PLAIN, SSE_BASE)
	SSE_ROW(MOVQ, "xm", load64_xm, 0, SSE_BASE)
	SSE_ROW(MOVQ, "mx", store64_mx, 0, SSE_BASE)
	SSE_ROW(MOVMSKPS, "rx", movmskps_rx, PLAIN, SSE_BASE)
	SSE_ROW(MOVMSKPD, "rx", movmskpd_rx, PLAIN, SSE_BASE)
	SSE_ROW(PMOVMSKB, "rx", pmovmskb_rx, PLAIN, SSE_BASE)

	INSERT_ROWS(PINSRB, pinsrb, SSE41)
	INSERT_ROWS(PINSRW, pinsrw, SSE_BASE)
	INSERT_ROWS(PINSRD, pinsrd, SSE41)
	INSERT_ROWS(PINSRQ, pinsrq, SSE41)
	SSE_IMMEDIATE_ROWS(INSERTPS, insertps, SSE41)
	EXTRACT_ROWS(PEXTRB, pextrb)
	SSE_ROW(PEXTRW, "rxi", pextrw_rx, PLAIN, SSE_BASE)
	SSE_ROW(PEXTRW, "mxi", pextrw_mx, 0, SSE41)
	EXTRACT_ROWS(PEXTRD, pextrd)
	EXTRACT_ROWS(PEXTRQ, pextrq)
	EXTRACT_ROWS(EXTRACTPS, pextrd)

	WIDEN(WIDEN_ROWS)
};
/* clang-format on */

extern const struct x86_rows x86_rows_sse_move;
const struct x86_rows x86_rows_sse_move = { rows, X86_COUNT(rows) };
