/* SPDX-License-Identifier: Apache-2.0 */
/* SSE: "Conversion Instructions" between XMM registers, and between these and general registers (SDM 1, 11.4.4). */
#include "sse.h"

/*
 * BINARY(F), for what keeps the rest of the destination, and UNARY(F): mnemonic, name, bytes of a memory operand, bytes
 * of the result that may underflow.
 */
#define BINARY(F) \
	F(CVTSD2SS, cvtsd2ss, 8, 4) \
	F(CVTSS2SD, cvtss2sd, 4, 0)

#define UNARY(F) \
	F(CVTPD2PS, cvtpd2ps, 16, 8) \
	F(CVTPS2PD, cvtps2pd, 8, 0) \
	F(CVTDQ2PS, cvtdq2ps, 16, 0) \
	F(CVTPS2DQ, cvtps2dq, 16, 0) \
	F(CVTTPS2DQ, cvttps2dq, 16, 0) \
	F(CVTPD2DQ, cvtpd2dq, 16, 0) \
	F(CVTTPD2DQ, cvttpd2dq, 16, 0)

#define BINARY_FORMS(mnemonic, name, size, bytes) SSE_BINARY(name) SSE_FLOAT_FORMS(name, size, bytes, 4, NARROW)
#define UNARY_FORMS(mnemonic, name, size, bytes) SSE_UNARY(name) SSE_FLOAT_FORMS(name, size, bytes, 4, NARROW)
BINARY(BINARY_FORMS)
UNARY(UNARY_FORMS)

/* Always exact. */
SSE_UNARY(cvtdq2pd)
SSE_FORMS(cvtdq2pd, 8)

/* ---- from general registers and integers in memory ---- */

#define FROM_INTEGER(name, insn, bits) \
	SSE_INLINE __m128i do_##name(struct x86_cpu *cpu, const struct x86_op *op, uint##bits##_t integer) \
	{ \
		__m128i result = XMM(op->dst); \
		__asm__ volatile(insn " %1, %0" : "+x"(result) : "r"(integer)); \
		return result; \
	} \
	static const struct x86_op *name##_checked(struct x86_cpu *cpu, const struct x86_op *op, \
						   uint##bits##_t integer) \
	{ \
		__m128i result; \
		x86_simd_begin(cpu); \
		result = do_##name(cpu, op, integer); \
		if (!x86_simd_end(cpu, op, NULL, 0, 4)) \
			return NULL; \
		XMM(op->dst) = result; \
		return op + 1; \
	} \
	X86_COLD EXEC(name##_slow_xr) \
	{ \
		return name##_checked(cpu, op, X86_SLOT##bits(cpu, op->src)); \
	} \
	X86_COLD EXEC(name##_slow_xm) \
	{ \
		__m128i integer; \
		if (!sse_read(cpu, op, bits / 8, &integer)) \
			return NULL; \
		return name##_checked(cpu, op, (uint##bits##_t)_mm_cvtsi128_si64(integer)); \
	} \
	EXEC(name##_xr) \
	{ \
		if (sim_unlikely(cpu->simd_unmasked)) \
			return name##_slow_xr(cpu, op); \
		XMM(op->dst) = do_##name(cpu, op, X86_SLOT##bits(cpu, op->src)); \
		X86_NEXT(cpu, op); \
	} \
	EXEC(name##_xm) \
	{ \
		const void *place = sse_readable(cpu, op, bits / 8); \
		if (sim_unlikely(!place || cpu->simd_unmasked)) \
			return name##_slow_xm(cpu, op); \
		XMM(op->dst) = do_##name(cpu, op, *(const x86_u##bits *)place); \
		X86_NEXT(cpu, op); \
	}

FROM_INTEGER(cvtsi2ss_32, "cvtsi2ssl", 32)
FROM_INTEGER(cvtsi2ss_64, "cvtsi2ssq", 64)
FROM_INTEGER(cvtsi2sd_32, "cvtsi2sdl", 32)
FROM_INTEGER(cvtsi2sd_64, "cvtsi2sdq", 64)

/* ---- to general registers ---- */

#define TO_INTEGER(name, insn, size, bits) \
	SSE_INLINE uint##bits##_t do_##name(__m128i source) \
	{ \
		uint##bits##_t integer; \
		__asm__ volatile(insn " %1, %0" : "=r"(integer) : SSE_SOURCE(source)); \
		return integer; \
	} \
	static const struct x86_op *name##_checked(struct x86_cpu *cpu, const struct x86_op *op, __m128i source) \
	{ \
		uint##bits##_t integer; \
		x86_simd_begin(cpu); \
		integer = do_##name(source); \
		if (!x86_simd_end(cpu, op, NULL, 0, size)) \
			return NULL; \
		X86_PUT##bits(cpu, op->dst, integer); \
		return op + 1; \
	} \
	X86_COLD EXEC(name##_slow_rx) \
	{ \
		return name##_checked(cpu, op, XMM(op->src)); \
	} \
	X86_COLD EXEC(name##_slow_rm) \
	{ \
		__m128i source; \
		return sse_read(cpu, op, size, &source) ? name##_checked(cpu, op, source) : NULL; \
	} \
	EXEC(name##_rx) \
	{ \
		if (sim_unlikely(cpu->simd_unmasked)) \
			return name##_slow_rx(cpu, op); \
		X86_PUT##bits(cpu, op->dst, do_##name(XMM(op->src))); \
		X86_NEXT(cpu, op); \
	} \
	EXEC(name##_rm) \
	{ \
		const void *place = sse_readable(cpu, op, size); \
		if (sim_unlikely(!place || cpu->simd_unmasked)) \
			return name##_slow_rm(cpu, op); \
		X86_PUT##bits(cpu, op->dst, do_##name(sse_fetch(place, size))); \
		X86_NEXT(cpu, op); \
	}

#define TO_INTEGERS(name, size) \
	TO_INTEGER(name##_32, #name, size, 32) \
	TO_INTEGER(name##_64, #name, size, 64)

TO_INTEGERS(cvtss2si, 4)
TO_INTEGERS(cvttss2si, 4)
TO_INTEGERS(cvtsd2si, 8)
TO_INTEGERS(cvttsd2si, 8)

/* clang-format off */
#define ROWS(mnemonic, name, size, bytes) SSE_FLOAT_ROWS(mnemonic, name, SSE_BASE)

/* By the size of the general register. */
#define SIZED_ROW(mnemonic, kinds, name, form) \
	{ ZYDIS_MNEMONIC_##mnemonic, kinds, \
	  { name##_32_##form, name##_32_##form, name##_32_##form, name##_64_##form }, .features = SSE_BASE },
#define FROM_ROWS(mnemonic, name) \
	SIZED_ROW(mnemonic, "xr", name, xr) \
	SIZED_ROW(mnemonic, "xm", name, xm)
#define TO_ROWS(mnemonic, name) \
	SIZED_ROW(mnemonic, "rx", name, rx) \
	SIZED_ROW(mnemonic, "rm", name, rm)

static const struct x86_row rows[] = {
	BINARY(ROWS)
	UNARY(ROWS)
	SSE_ROWS(CVTDQ2PD, cvtdq2pd, SSE_BASE)
	FROM_ROWS(CVTSI2SS, cvtsi2ss)
	FROM_ROWS(CVTSI2SD, cvtsi2sd)
	TO_ROWS(CVTSS2SI, cvtss2si)
	TO_ROWS(CVTTSS2SI, cvttss2si)
	TO_ROWS(CVTSD2SI, cvtsd2si)
	TO_ROWS(CVTTSD2SI, cvttsd2si)
};
/* clang-format on */

extern const struct x86_rows x86_rows_sse_convert;
const struct x86_rows x86_rows_sse_convert = { rows, X86_COUNT(rows) };
