/* SPDX-License-Identifier: Apache-2.0 */
/* MMX (SDM 1, chapter 9), and what SSE, SSE2 and SSSE3 added for its registers (10.4.4, 11.4, 12.5). */
#include <emmintrin.h>

#include "simd.h"
#include "x87.h"

union lanes {
	uint64_t u64[1];
	uint8_t u8[8];
	int8_t i8[8];
	uint16_t u16[4];
	int16_t i16[4];
	uint32_t u32[2];
	int32_t i32[2];
};

/* ---- operations: a is the destination, b the source ---- */

#define LANES(name, lane, expression) \
	static uint64_t name(uint64_t destination, uint64_t source) \
	{ \
		const union lanes a = { .u64 = { destination } }, b = { .u64 = { source } }; \
		union lanes result; \
\
		(void)a, (void)b; \
		for (unsigned i = 0; i < X86_COUNT(result.lane); i++) \
			result.lane[i] = (__typeof__(result.lane[0]))(expression); \
		return result.u64[0]; \
	}

static int clamp(int value, int min, int max)
{
	return value < min ? min : value > max ? max : value;
}

#define TO_I8(value) clamp(value, INT8_MIN, INT8_MAX)
#define TO_U8(value) clamp(value, 0, UINT8_MAX)
#define TO_I16(value) clamp(value, INT16_MIN, INT16_MAX)
#define TO_U16(value) clamp(value, 0, UINT16_MAX)
#define ALL_IF(condition) ((condition) ? -1 : 0)

LANES(paddb, u8, a.u8[i] + b.u8[i])
LANES(paddw, u16, a.u16[i] + b.u16[i])
LANES(paddd, u32, a.u32[i] + b.u32[i])
LANES(paddq, u64, a.u64[i] + b.u64[i])
LANES(psubb, u8, a.u8[i] - b.u8[i])
LANES(psubw, u16, a.u16[i] - b.u16[i])
LANES(psubd, u32, a.u32[i] - b.u32[i])
LANES(psubq, u64, a.u64[i] - b.u64[i])
LANES(paddsb, i8, TO_I8(a.i8[i] + b.i8[i]))
LANES(paddsw, i16, TO_I16(a.i16[i] + b.i16[i]))
LANES(paddusb, u8, TO_U8(a.u8[i] + b.u8[i]))
LANES(paddusw, u16, TO_U16(a.u16[i] + b.u16[i]))
LANES(psubsb, i8, TO_I8(a.i8[i] - b.i8[i]))
LANES(psubsw, i16, TO_I16(a.i16[i] - b.i16[i]))
LANES(psubusb, u8, TO_U8(a.u8[i] - b.u8[i]))
LANES(psubusw, u16, TO_U16(a.u16[i] - b.u16[i]))

LANES(pmullw, u16, a.i16[i] * b.i16[i])
LANES(pmulhw, u16, a.i16[i] * b.i16[i] >> 16)
LANES(pmulhuw, u16, (uint32_t)a.u16[i] * b.u16[i] >> 16)
LANES(pmulhrsw, u16, ((a.i16[i] * b.i16[i] >> 14) + 1) >> 1)
LANES(pmuludq, u64, (uint64_t)a.u32[2 * i] * b.u32[2 * i])
/* Unsigned, as -32768 times itself twice is one more than there is. */
LANES(pmaddwd, u32, (uint32_t)(a.i16[2 * i] * b.i16[2 * i]) + (uint32_t)(a.i16[2 * i + 1] * b.i16[2 * i + 1]))
LANES(pmaddubsw, i16, TO_I16(a.u8[2 * i] * b.i8[2 * i] + a.u8[2 * i + 1] * b.i8[2 * i + 1]))

LANES(pcmpeqb, i8, ALL_IF(a.i8[i] == b.i8[i]))
LANES(pcmpeqw, i16, ALL_IF(a.i16[i] == b.i16[i]))
LANES(pcmpeqd, i32, ALL_IF(a.i32[i] == b.i32[i]))
LANES(pcmpgtb, i8, ALL_IF(a.i8[i] > b.i8[i]))
LANES(pcmpgtw, i16, ALL_IF(a.i16[i] > b.i16[i]))
LANES(pcmpgtd, i32, ALL_IF(a.i32[i] > b.i32[i]))
LANES(pmaxub, u8, a.u8[i] > b.u8[i] ? a.u8[i] : b.u8[i])
LANES(pmaxsw, i16, a.i16[i] > b.i16[i] ? a.i16[i] : b.i16[i])
LANES(pminub, u8, a.u8[i] < b.u8[i] ? a.u8[i] : b.u8[i])
LANES(pminsw, i16, a.i16[i] < b.i16[i] ? a.i16[i] : b.i16[i])
LANES(pavgb, u8, (a.u8[i] + b.u8[i] + 1) >> 1)
LANES(pavgw, u16, (a.u16[i] + b.u16[i] + 1) >> 1)

LANES(pand, u64, a.u64[i] & b.u64[i])
LANES(pandn, u64, ~a.u64[i] & b.u64[i])
LANES(por, u64, a.u64[i] | b.u64[i])
LANES(pxor, u64, a.u64[i] ^ b.u64[i])

/* The count is all of b: one that is too large empties the lane, or leaves copies of the sign. */
#define COUNT(max) (b.u64[0] < (max) ? (unsigned)b.u64[0] : (max))
LANES(psllw, u16, (uint64_t)a.u16[i] << COUNT(16))
LANES(pslld, u32, (uint64_t)a.u32[i] << COUNT(32))
LANES(psllq, u64, b.u64[0] < 64 ? a.u64[i] << b.u64[0] : 0)
LANES(psrlw, u16, (uint64_t)a.u16[i] >> COUNT(16))
LANES(psrld, u32, (uint64_t)a.u32[i] >> COUNT(32))
LANES(psrlq, u64, b.u64[0] < 64 ? a.u64[i] >> b.u64[0] : 0)
LANES(psraw, i16, a.i16[i] >> COUNT(15))
LANES(psrad, i32, a.i32[i] >> COUNT(31))

/* Both operands as one: a below b. */
#define JOINED(lane, i) ((i) < X86_COUNT(a.lane) ? a.lane[(i)] : b.lane[(i)-X86_COUNT(a.lane)])
LANES(packsswb, i8, TO_I8(JOINED(i16, i)))
LANES(packssdw, i16, TO_I16(JOINED(i32, i)))
LANES(packuswb, u8, TO_U8(JOINED(i16, i)))
LANES(phaddw, u16, JOINED(i16, 2 * i) + JOINED(i16, 2 * i + 1))
LANES(phaddd, u32, JOINED(u32, 2 * i) + JOINED(u32, 2 * i + 1))
LANES(phaddsw, i16, TO_I16(JOINED(i16, 2 * i) + JOINED(i16, 2 * i + 1)))
LANES(phsubw, u16, JOINED(i16, 2 * i) - JOINED(i16, 2 * i + 1))
LANES(phsubd, u32, JOINED(u32, 2 * i) - JOINED(u32, 2 * i + 1))
LANES(phsubsw, i16, TO_I16(JOINED(i16, 2 * i) - JOINED(i16, 2 * i + 1)))

#define ALTERNATE(lane, at) (i % 2 ? b.lane[i / 2 + (at)] : a.lane[i / 2 + (at)])
LANES(punpcklbw, u8, ALTERNATE(u8, 0))
LANES(punpcklwd, u16, ALTERNATE(u16, 0))
LANES(punpckldq, u32, ALTERNATE(u32, 0))
LANES(punpckhbw, u8, ALTERNATE(u8, 4))
LANES(punpckhwd, u16, ALTERNATE(u16, 2))
LANES(punpckhdq, u32, ALTERNATE(u32, 1))
LANES(pshufb, u8, b.u8[i] & 0x80 ? 0 : a.u8[b.u8[i] & 7])

#define SIGNED(lane) (b.lane[i] < 0 ? 0u - (uint32_t)a.lane[i] : b.lane[i] ? (uint32_t)a.lane[i] : 0)
LANES(psignb, u8, SIGNED(i8))
LANES(psignw, u16, SIGNED(i16))
LANES(psignd, u32, SIGNED(i32))
#define MAGNITUDE(lane) (b.lane[i] < 0 ? 0u - (uint32_t)b.lane[i] : (uint32_t)b.lane[i])
LANES(pabsb, u8, MAGNITUDE(i8))
LANES(pabsw, u16, MAGNITUDE(i16))
LANES(pabsd, u32, MAGNITUDE(i32))

static uint64_t psadbw(uint64_t destination, uint64_t source)
{
	const union lanes a = { .u64 = { destination } }, b = { .u64 = { source } };
	uint64_t sum = 0;

	for (unsigned i = 0; i < 8; i++)
		sum += (unsigned)(a.u8[i] > b.u8[i] ? a.u8[i] - b.u8[i] : b.u8[i] - a.u8[i]);
	return sum;
}

static uint64_t palignr(uint64_t destination, uint64_t source, unsigned bytes)
{
	if (bytes >= 16)
		return 0;
	if (bytes >= 8)
		return destination >> (bytes - 8) * 8;
	return bytes ? source >> bytes * 8 | destination << (8 - bytes) * 8 : source;
}

static uint64_t pshufw(uint64_t destination, uint64_t source, unsigned order)
{
	uint64_t result = 0;

	(void)destination;
	for (unsigned i = 0; i < 4; i++)
		result |= (source >> 16 * (order >> 2 * i & 3) & 0xffff) << 16 * i;
	return result;
}

/* Mnemonic, name, bits of a memory operand, feature. */
#define SSSE3 X86_NEEDS(SSSE3)
/* clang-format off */
#define OPERATIONS(F) \
	F(PADDB, paddb, 64, 0) F(PADDW, paddw, 64, 0) F(PADDD, paddd, 64, 0) \
	F(PADDQ, paddq, 64, 0) F(PSUBB, psubb, 64, 0) F(PSUBW, psubw, 64, 0) \
	F(PSUBD, psubd, 64, 0) F(PSUBQ, psubq, 64, 0) F(PADDSB, paddsb, 64, 0) \
	F(PADDSW, paddsw, 64, 0) F(PADDUSB, paddusb, 64, 0) F(PADDUSW, paddusw, 64, 0) \
	F(PSUBSB, psubsb, 64, 0) F(PSUBSW, psubsw, 64, 0) F(PSUBUSB, psubusb, 64, 0) \
	F(PSUBUSW, psubusw, 64, 0) F(PMULLW, pmullw, 64, 0) F(PMULHW, pmulhw, 64, 0) \
	F(PMULHUW, pmulhuw, 64, 0) F(PMULUDQ, pmuludq, 64, 0) F(PMADDWD, pmaddwd, 64, 0) \
	F(PMULHRSW, pmulhrsw, 64, SSSE3) F(PMADDUBSW, pmaddubsw, 64, SSSE3) F(PCMPEQB, pcmpeqb, 64, 0) \
	F(PCMPEQW, pcmpeqw, 64, 0) F(PCMPEQD, pcmpeqd, 64, 0) F(PCMPGTB, pcmpgtb, 64, 0) \
	F(PCMPGTW, pcmpgtw, 64, 0) F(PCMPGTD, pcmpgtd, 64, 0) F(PMAXUB, pmaxub, 64, 0) \
	F(PMAXSW, pmaxsw, 64, 0) F(PMINUB, pminub, 64, 0) F(PMINSW, pminsw, 64, 0) \
	F(PAVGB, pavgb, 64, 0) F(PAVGW, pavgw, 64, 0) F(PSADBW, psadbw, 64, 0) \
	F(PAND, pand, 64, 0) F(PANDN, pandn, 64, 0) F(POR, por, 64, 0) \
	F(PXOR, pxor, 64, 0) F(PACKSSWB, packsswb, 64, 0) F(PACKSSDW, packssdw, 64, 0) \
	F(PACKUSWB, packuswb, 64, 0) F(PUNPCKLBW, punpcklbw, 32, 0) F(PUNPCKLWD, punpcklwd, 32, 0) \
	F(PUNPCKLDQ, punpckldq, 32, 0) F(PUNPCKHBW, punpckhbw, 64, 0) F(PUNPCKHWD, punpckhwd, 64, 0) \
	F(PUNPCKHDQ, punpckhdq, 64, 0) F(PHADDW, phaddw, 64, SSSE3) F(PHADDD, phaddd, 64, SSSE3) \
	F(PHADDSW, phaddsw, 64, SSSE3) F(PHSUBW, phsubw, 64, SSSE3) F(PHSUBD, phsubd, 64, SSSE3) \
	F(PHSUBSW, phsubsw, 64, SSSE3) F(PSHUFB, pshufb, 64, SSSE3) F(PSIGNB, psignb, 64, SSSE3) \
	F(PSIGNW, psignw, 64, SSSE3) F(PSIGND, psignd, 64, SSSE3) F(PABSB, pabsb, 64, SSSE3) \
	F(PABSW, pabsw, 64, SSSE3) F(PABSD, pabsd, 64, SSSE3)
/* clang-format on */
#define SHIFTS(F) \
	F(PSLLW, psllw, 64, 0) \
	F(PSLLD, pslld, 64, 0) \
	F(PSLLQ, psllq, 64, 0) \
	F(PSRLW, psrlw, 64, 0) \
	F(PSRLD, psrld, 64, 0) F(PSRLQ, psrlq, 64, 0) F(PSRAW, psraw, 64, 0) F(PSRAD, psrad, 64, 0)
#define IMMEDIATES(F) F(PSHUFW, pshufw, 64, 0) F(PALIGNR, palignr, 64, SSSE3)

/* ---- executors ---- */

/* Every one of them is a waiting instruction. */
#define READ(bits, source) \
	do { \
		uint64_t linear_; \
		uint##bits##_t value_; \
\
		if (!x86_linear(cpu, op, bits / 8, X86_READ, &linear_) || !x86_read##bits(cpu, op, linear_, &value_)) \
			return NULL; \
		(source) = value_; \
	} while (0)

#define WRITE(bits, value) \
	do { \
		uint64_t linear_; \
\
		if (!x86_linear(cpu, op, bits / 8, X86_WRITE, &linear_) || \
		    !x86_write##bits(cpu, op, linear_, (uint##bits##_t)(value))) \
			return NULL; \
	} while (0)

#define FORMS(mnemonic, name, bits, feature) \
	X87_EXEC(name##_qq, x87_put_mmx(cpu, op->dst, name(x87_mmx(cpu, op->dst), x87_mmx(cpu, op->src)))) \
	EXEC(name##_qm) \
	{ \
		uint64_t source; \
\
		if (x87_pending(cpu)) \
			return x86_fault(cpu, op, X86_MF); \
		READ(bits, source); \
		x87_put_mmx(cpu, op->dst, name(x87_mmx(cpu, op->dst), source)); \
		X86_NEXT(cpu, op); \
	}
OPERATIONS(FORMS)
SHIFTS(FORMS)

#define SHIFT_FORM(mnemonic, name, bits, feature) \
	X87_EXEC(name##_qi, x87_put_mmx(cpu, op->dst, name(x87_mmx(cpu, op->dst), (uint8_t)op->imm)))
SHIFTS(SHIFT_FORM)

#define IMMEDIATE_FORMS(mnemonic, name, bits, feature) \
	X87_EXEC(name##_qqi, \
		 x87_put_mmx(cpu, op->dst, name(x87_mmx(cpu, op->dst), x87_mmx(cpu, op->src), (uint8_t)op->imm))) \
	EXEC(name##_qmi) \
	{ \
		uint64_t source; \
\
		if (x87_pending(cpu)) \
			return x86_fault(cpu, op, X86_MF); \
		READ(bits, source); \
		x87_put_mmx(cpu, op->dst, name(x87_mmx(cpu, op->dst), source, (uint8_t)op->imm)); \
		X86_NEXT(cpu, op); \
	}
IMMEDIATES(IMMEDIATE_FORMS)

/* ---- moves ---- */

X87_EXEC(movd_qr, x87_put_mmx(cpu, op->dst, X86_SLOT32(cpu, op->src)))
X87_EXEC(movq_qr, x87_put_mmx(cpu, op->dst, X86_SLOT64(cpu, op->src)))
X87_EXEC(movq_qq, x87_put_mmx(cpu, op->dst, x87_mmx(cpu, op->src)))
X87_EXEC(movdq2q, x87_put_mmx(cpu, op->dst, cpu->v[op->src].u64[0]))

#define TO_GPR(name, bits, value) \
	EXEC(name) \
	{ \
		if (x87_pending(cpu)) \
			return x86_fault(cpu, op, X86_MF); \
		x87_enter_mmx(cpu); \
		X86_PUT##bits(cpu, op->dst, value); \
		X86_NEXT(cpu, op); \
	}

static unsigned signs(uint64_t value)
{
	return (unsigned)_mm_movemask_epi8(_mm_cvtsi64_si128((int64_t)value));
}
TO_GPR(movd_rq, 32, x87_mmx(cpu, op->src))
TO_GPR(movq_rq, 64, x87_mmx(cpu, op->src))
TO_GPR(pextrw, 32, x87_mmx(cpu, op->src) >> 16 * (op->imm & 3) & 0xffff)
TO_GPR(pmovmskb, 32, signs(x87_mmx(cpu, op->src)))

EXEC(movq2dq)
{
	if (x87_pending(cpu))
		return x86_fault(cpu, op, X86_MF);
	x87_enter_mmx(cpu);
	cpu->v[op->dst].u64[0] = x87_mmx(cpu, op->src);
	cpu->v[op->dst].u64[1] = 0;
	X86_NEXT(cpu, op);
}

#define MEMORY_MOVES(name, bits) \
	EXEC(name##_qm) \
	{ \
		uint64_t source; \
\
		if (x87_pending(cpu)) \
			return x86_fault(cpu, op, X86_MF); \
		READ(bits, source); \
		x87_put_mmx(cpu, op->dst, source); \
		X86_NEXT(cpu, op); \
	} \
	EXEC(name##_mq) \
	{ \
		if (x87_pending(cpu)) \
			return x86_fault(cpu, op, X86_MF); \
		WRITE(bits, x87_mmx(cpu, op->src)); \
		x87_enter_mmx(cpu); \
		X86_NEXT(cpu, op); \
	}
MEMORY_MOVES(movd, 32)
MEMORY_MOVES(movq, 64)

static uint64_t with_word(uint64_t value, unsigned index, uint16_t word)
{
	const unsigned shift = 16 * (index & 3);

	return (value & ~(UINT64_C(0xffff) << shift)) | (uint64_t)word << shift;
}

X87_EXEC(pinsrw_qri,
	 x87_put_mmx(cpu, op->dst, with_word(x87_mmx(cpu, op->dst), (unsigned)op->imm, X86_SLOT16(cpu, op->src))))

EXEC(pinsrw_qmi)
{
	uint16_t source;

	if (x87_pending(cpu))
		return x86_fault(cpu, op, X86_MF);
	READ(16, source);
	x87_put_mmx(cpu, op->dst, with_word(x87_mmx(cpu, op->dst), (unsigned)op->imm, source));
	X86_NEXT(cpu, op);
}

/* Probes or writes the bytes that the mask selects. */
static bool write_bytes(struct x86_cpu *cpu, const struct x86_op *op, uint64_t linear, bool probe)
{
	const union lanes data = { .u64 = { x87_mmx(cpu, op->dst) } };
	const unsigned mask = signs(x87_mmx(cpu, op->src));

	for (unsigned i = 0; i < 8; i++)
		if (mask >> i & 1 &&
		    !(probe ? x86_probe_write(cpu, op, linear + i, 1) : x86_write8(cpu, op, linear + i, data.u8[i])))
			return false;
	return true;
}

X87_INLINE bool write_selected(struct x86_cpu *cpu, const struct x86_op *op)
{
	const uint64_t offset = X86_SLOT64(cpu, X86_SLOT(X86_RDI)) & UINT64_MAX >> (64 - 8 * x86_address_size(op));
	uint64_t linear;

	if (!x86_linear_of(cpu, op, x86_segment_of(op), offset, 8, X86_WRITE, &linear) ||
	    !write_bytes(cpu, op, linear, true) || !write_bytes(cpu, op, linear, false))
		return false;
	x87_enter_mmx(cpu);
	return true;
}
X87_EXEC_MEMORY(maskmovq, write_selected(cpu, op))

X87_INLINE void empty(struct x86_cpu *cpu)
{
	x87_enter_mmx(cpu);
	cpu->x87.empty = 0xff;
}
X87_EXEC(emms, empty(cpu))

/* ---- conversions ---- */

typedef __m128i (*convert_fn)(__m128i source);

#define CONVERT(name, instruction) \
	static __m128i name(__m128i source) \
	{ \
		__m128i result; \
\
		__asm__ volatile(instruction " %1, %0" : "=x"(result) : "x"(source)); \
		return result; \
	}
CONVERT(pi2ps, "cvtdq2ps")
CONVERT(pi2pd, "cvtdq2pd")
CONVERT(ps2pi, "cvtps2dq")
CONVERT(tps2pi, "cvttps2dq")
CONVERT(pd2pi, "cvtpd2dq")
CONVERT(tpd2pi, "cvttpd2dq")

X87_INLINE bool convert(struct x86_cpu *cpu, const struct x86_op *op, __m128i source, convert_fn fn,
			__m128i *ret_result)
{
	const bool unmasked = cpu->simd_unmasked;

	if (sim_unlikely(unmasked))
		x86_simd_begin(cpu);
	*ret_result = fn(source);
	return sim_likely(!unmasked) || x86_simd_end(cpu, op, NULL, 0, 4);
}

X87_INLINE bool read_vector(struct x86_cpu *cpu, const struct x86_op *op, unsigned size, __m128i *ret_source)
{
	uint64_t linear;

	if (size == 16 && (x86_offset(cpu, op) + X86_SLOT64(cpu, op->seg)) & 15) {
		x86_fault_code(cpu, op, X86_GP, 0);
		return false;
	}
	if (!x86_linear(cpu, op, size, X86_READ, &linear))
		return false;
	*ret_source = _mm_setzero_si128();
	return x86_read_bytes(cpu, op, linear, ret_source, size);
}

/* The x87 unit is left to MMX also when the conversion then raises an exception. */
X87_INLINE bool to_mmx(struct x86_cpu *cpu, const struct x86_op *op, __m128i source, convert_fn fn)
{
	__m128i result;

	x87_enter_mmx(cpu);
	if (!convert(cpu, op, source, fn, &result))
		return false;
	x87_put_mmx(cpu, op->dst, (uint64_t)_mm_cvtsi128_si64(result));
	return true;
}

/* The upper half of a register that is not converted counts for nothing: it is 0 here. */
X87_INLINE bool register_to_mmx(struct x86_cpu *cpu, const struct x86_op *op, unsigned size, convert_fn fn)
{
	const __m128i source = _mm_loadu_si128((const __m128i *)(const void *)&cpu->v[op->src]);

	return to_mmx(cpu, op, size == 8 ? _mm_move_epi64(source) : source, fn);
}

X87_INLINE bool memory_to_mmx(struct x86_cpu *cpu, const struct x86_op *op, unsigned size, convert_fn fn)
{
	__m128i source;

	return read_vector(cpu, op, size, &source) && to_mmx(cpu, op, source, fn);
}

/* The low `size` bytes of an XMM register. */
X87_INLINE bool from_integers(struct x86_cpu *cpu, const struct x86_op *op, __m128i source, unsigned size,
			      convert_fn fn)
{
	__m128i result;

	if (!convert(cpu, op, source, fn, &result))
		return false;
	__builtin_memcpy(&cpu->v[op->dst], &result, size);
	return true;
}

X87_INLINE bool from_mmx(struct x86_cpu *cpu, const struct x86_op *op, unsigned size, convert_fn fn)
{
	x87_enter_mmx(cpu);
	return from_integers(cpu, op, _mm_cvtsi64_si128((int64_t)x87_mmx(cpu, op->src)), size, fn);
}

X87_INLINE bool from_memory(struct x86_cpu *cpu, const struct x86_op *op, unsigned size, convert_fn fn)
{
	__m128i source;

	return read_vector(cpu, op, 8, &source) && from_integers(cpu, op, source, size, fn);
}
/* From memory they are no MMX instructions. */
EXEC(cvtpi2ps_xm)
{
	if (!from_memory(cpu, op, 8, pi2ps))
		return NULL;
	X86_NEXT(cpu, op);
}

EXEC(cvtpi2pd_xm)
{
	if (!from_memory(cpu, op, 16, pi2pd))
		return NULL;
	X86_NEXT(cpu, op);
}

X87_EXEC_MEMORY(cvtpi2ps_xq, from_mmx(cpu, op, 8, pi2ps))
X87_EXEC_MEMORY(cvtpi2pd_xq, from_mmx(cpu, op, 16, pi2pd))
X87_EXEC_MEMORY(cvtps2pi_qx, register_to_mmx(cpu, op, 8, ps2pi))
X87_EXEC_MEMORY(cvtps2pi_qm, memory_to_mmx(cpu, op, 8, ps2pi))
X87_EXEC_MEMORY(cvttps2pi_qx, register_to_mmx(cpu, op, 8, tps2pi))
X87_EXEC_MEMORY(cvttps2pi_qm, memory_to_mmx(cpu, op, 8, tps2pi))
X87_EXEC_MEMORY(cvtpd2pi_qx, register_to_mmx(cpu, op, 16, pd2pi))
X87_EXEC_MEMORY(cvtpd2pi_qm, memory_to_mmx(cpu, op, 16, pd2pi))
X87_EXEC_MEMORY(cvttpd2pi_qx, register_to_mmx(cpu, op, 16, tpd2pi))
X87_EXEC_MEMORY(cvttpd2pi_qm, memory_to_mmx(cpu, op, 16, tpd2pi))

/* clang-format off */
#define ROW(mnemonic, kinds, name) { ZYDIS_MNEMONIC_##mnemonic, kinds, .fn = X86_ANY(name) },
#define ROWS(mnemonic, name, bits, feature) \
	{ ZYDIS_MNEMONIC_##mnemonic, "qq", .fn = X86_ANY(name##_qq), .features = feature }, \
	{ ZYDIS_MNEMONIC_##mnemonic, "qm", .fn = X86_ANY(name##_qm), .features = feature },
#define SHIFT_ROWS(mnemonic, name, bits, feature) \
	ROWS(mnemonic, name, bits, feature) \
	ROW(mnemonic, "qi", name##_qi)
#define IMMEDIATE_ROWS(mnemonic, name, bits, feature) \
	{ ZYDIS_MNEMONIC_##mnemonic, "qqi", .fn = X86_ANY(name##_qqi), .features = feature }, \
	{ ZYDIS_MNEMONIC_##mnemonic, "qmi", .fn = X86_ANY(name##_qmi), .features = feature },

static const struct x86_row rows[] = {
	OPERATIONS(ROWS)
	SHIFTS(SHIFT_ROWS)
	IMMEDIATES(IMMEDIATE_ROWS)

	ROW(MOVD, "qr", movd_qr)
	ROW(MOVD, "rq", movd_rq)
	ROW(MOVD, "qm", movd_qm)
	ROW(MOVD, "mq", movd_mq)
	ROW(MOVQ, "qr", movq_qr)
	ROW(MOVQ, "rq", movq_rq)
	ROW(MOVQ, "qq", movq_qq)
	ROW(MOVQ, "qm", movq_qm)
	ROW(MOVQ, "mq", movq_mq)
	ROW(MOVNTQ, "mq", movq_mq)
	ROW(MOVQ2DQ, "xq", movq2dq)
	ROW(MOVDQ2Q, "qx", movdq2q)
	ROW(MASKMOVQ, "qq", maskmovq)
	ROW(PINSRW, "qri", pinsrw_qri)
	ROW(PINSRW, "qmi", pinsrw_qmi)
	ROW(PEXTRW, "rqi", pextrw)
	ROW(PMOVMSKB, "rq", pmovmskb)
	ROW(EMMS, NULL, emms)

	ROW(CVTPI2PS, "xq", cvtpi2ps_xq)
	ROW(CVTPI2PS, "xm", cvtpi2ps_xm)
	ROW(CVTPI2PD, "xq", cvtpi2pd_xq)
	ROW(CVTPI2PD, "xm", cvtpi2pd_xm)
	ROW(CVTPS2PI, "qx", cvtps2pi_qx)
	ROW(CVTPS2PI, "qm", cvtps2pi_qm)
	ROW(CVTTPS2PI, "qx", cvttps2pi_qx)
	ROW(CVTTPS2PI, "qm", cvttps2pi_qm)
	ROW(CVTPD2PI, "qx", cvtpd2pi_qx)
	ROW(CVTPD2PI, "qm", cvtpd2pi_qm)
	ROW(CVTTPD2PI, "qx", cvttpd2pi_qx)
	ROW(CVTTPD2PI, "qm", cvttpd2pi_qm)
};
/* clang-format on */

extern const struct x86_rows x86_rows_mmx;
const struct x86_rows x86_rows_mmx = { rows, X86_COUNT(rows) };
