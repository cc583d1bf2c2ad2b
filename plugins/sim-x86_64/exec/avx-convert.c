/* SPDX-License-Identifier: Apache-2.0 */
/* AVX, F16C: conversions between numbers. */
#include "avx.h"

/* ---- vectors ---- */

AVX_FLOAT_UNARY(VCVTDQ2PS, x, x, x)
AVX_FLOAT_UNARY(VCVTDQ2PS, y, y, y)
AVX_FLOAT_UNARY(VCVTPS2DQ, x, x, x)
AVX_FLOAT_UNARY(VCVTPS2DQ, y, y, y)
AVX_FLOAT_UNARY(VCVTTPS2DQ, x, x, x)
AVX_FLOAT_UNARY(VCVTTPS2DQ, y, y, y)
AVX_FLOAT_UNARY(VCVTPS2PD, x, x, q)
AVX_FLOAT_UNARY(VCVTPS2PD, y, x, x)
AVX_FLOAT_UNARY(VCVTPH2PS, x, x, q)
AVX_FLOAT_UNARY(VCVTPH2PS, y, x, x)
AVX_UNARY(VCVTDQ2PD, x, x, q) /* exact */
AVX_UNARY(VCVTDQ2PD, y, x, x)

AVX_FLOAT_UNARY(VCVTPD2DQ, x, x, x)
AVX_FLOAT_UNARY(VCVTPD2DQ, x, y, y)
AVX_FLOAT_UNARY(VCVTTPD2DQ, x, x, x)
AVX_FLOAT_UNARY(VCVTTPD2DQ, x, y, y)
AVX_FLOAT_BINARY(VCVTSS2SD, x, x, d)
AVX_ARITHMETIC(VCVTSD2SS, x, x, q, 4, 4, NARROW)

#define NARROW(name, s, bytes) \
	AVX_DO_UNARY(name, x, s) \
	AVX_FLOAT_FORMS(name, x, s, s, src, bytes, 4, x86_simd_refine(cpu, X86_SIMD_NARROW, &value, &value, bytes, 4))
NARROW(VCVTPD2PS, x, 8)
NARROW(VCVTPD2PS, y, 16)

/* The destination is an XMM register anyway: how much is in memory depends on the vector's length. */
#define BY_LENGTH(name) \
	AVX_EXEC(name##_mem) \
	{ \
		return op->flags & X86_OP_VEX_L ? name##_xy_mem(cpu, op) : name##_xx_mem(cpu, op); \
	}
BY_LENGTH(VCVTPD2PS)
BY_LENGTH(VCVTPD2DQ)
BY_LENGTH(VCVTTPD2DQ)

/* ---- between vectors and general registers ---- */

static bool is_64(const struct x86_cpu *cpu, const struct x86_op *op)
{
	return op->flags & X86_OP_W && x86_in_64(cpu);
}

#define FROM_INTEGER(name) \
	AVX_INLINE avx_x convert_##name(const struct x86_cpu *cpu, const struct x86_op *op, uint64_t integer) \
	{ \
		avx_x result; \
		if (is_64(cpu, op)) \
			__asm__ volatile(#name "q %2, %1, %0" \
					 : "=x"(result) \
					 : "x"(avx_get_x(cpu, op->src)), "r"(integer)); \
		else \
			__asm__ volatile(#name "l %2, %1, %0" \
					 : "=x"(result) \
					 : "x"(avx_get_x(cpu, op->src)), "r"((uint32_t)integer)); \
		return result; \
	} \
	X86_COLD AVX_CODE static const struct x86_op *name##_checked(struct x86_cpu *cpu, const struct x86_op *op, \
								     uint64_t integer) \
	{ \
		avx_x result; \
		x86_simd_begin(cpu); \
		result = convert_##name(cpu, op, integer); \
		if (!x86_simd_end(cpu, op, NULL, 0, 4)) \
			return NULL; \
		avx_put_x(cpu, op->dst, result); \
		return op + 1; \
	} \
	AVX_EXEC(name##_reg) \
	{ \
		if (sim_unlikely(cpu->simd_unmasked)) \
			return name##_checked(cpu, op, X86_SLOT64(cpu, op->third)); \
		avx_put_x(cpu, op->dst, convert_##name(cpu, op, X86_SLOT64(cpu, op->third))); \
		X86_NEXT(cpu, op); \
	} \
	AVX_EXEC(name##_mem) \
	{ \
		uint64_t integer; \
		if (!read_integer(cpu, op, &integer)) \
			return NULL; \
		if (sim_unlikely(cpu->simd_unmasked)) \
			return name##_checked(cpu, op, integer); \
		avx_put_x(cpu, op->dst, convert_##name(cpu, op, integer)); \
		X86_NEXT(cpu, op); \
	}

static inline bool read_integer(struct x86_cpu *cpu, const struct x86_op *op, uint64_t *ret_integer)
{
	uint64_t linear;
	uint32_t narrow;

	if (is_64(cpu, op))
		return x86_linear(cpu, op, 8, X86_READ, &linear) && x86_read64(cpu, op, linear, ret_integer);
	if (!x86_linear(cpu, op, 4, X86_READ, &linear) || !x86_read32(cpu, op, linear, &narrow))
		return false;
	*ret_integer = narrow;
	return true;
}

FROM_INTEGER(VCVTSI2SS)
FROM_INTEGER(VCVTSI2SD)

#define TO_INTEGER(name, m) \
	AVX_INLINE uint64_t convert_##name(const struct x86_cpu *cpu, const struct x86_op *op, avx_x value) \
	{ \
		uint64_t wide; \
		uint32_t narrow; \
		if (is_64(cpu, op)) { \
			__asm__ volatile(#name " %1, %0" : "=r"(wide) : "x"(value)); \
			return wide; \
		} \
		__asm__ volatile(#name " %1, %0" : "=r"(narrow) : "x"(value)); \
		return narrow; \
	} \
	X86_COLD AVX_CODE static const struct x86_op *name##_checked(struct x86_cpu *cpu, const struct x86_op *op, \
								     avx_x value) \
	{ \
		uint64_t result; \
		x86_simd_begin(cpu); \
		result = convert_##name(cpu, op, value); \
		if (!x86_simd_end(cpu, op, NULL, 0, 4)) \
			return NULL; \
		X86_PUT64(cpu, op->dst, result); \
		return op + 1; \
	} \
	X86_COLD AVX_EXEC(name##_slow) \
	{ \
		avx_x value; \
		return avx_read_##m(cpu, op, &value) ? name##_checked(cpu, op, value) : NULL; \
	} \
	AVX_EXEC(name##_reg) \
	{ \
		if (sim_unlikely(cpu->simd_unmasked)) \
			return name##_checked(cpu, op, avx_get_x(cpu, op->src)); \
		X86_PUT64(cpu, op->dst, convert_##name(cpu, op, avx_get_x(cpu, op->src))); \
		X86_NEXT(cpu, op); \
	} \
	AVX_EXEC(name##_mem) \
	{ \
		const void *place = avx_readable(cpu, op, AVX_BYTES_##m); \
		if (sim_unlikely(!place || cpu->simd_unmasked)) \
			return name##_slow(cpu, op); \
		X86_PUT64(cpu, op->dst, convert_##name(cpu, op, AVX_FETCH_##m(place))); \
		X86_NEXT(cpu, op); \
	}
TO_INTEGER(VCVTSS2SI, d)
TO_INTEGER(VCVTTSS2SI, d)
TO_INTEGER(VCVTSD2SI, q)
TO_INTEGER(VCVTTSD2SI, q)

/* ---- to half precision: s singles to m ---- */

#define TO_HALF(s, m) \
	AVX_DO_UNARY_IMM(VCVTPS2PH, x, s) \
	/* False: an exception, and nothing is to be stored. */ \
	X86_COLD AVX_CODE static bool halves_checked_##s(struct x86_cpu *cpu, const struct x86_op *op, \
							 avx_x *ret_halves) \
	{ \
		x86_simd_begin(cpu); \
		*ret_halves = do_VCVTPS2PH_x##s(cpu, op, avx_get_##s(cpu, op->src)); \
		x86_simd_refine_halves(cpu, &cpu->v[op->src], AVX_BYTES_##m); \
		return x86_simd_end(cpu, op, ret_halves, AVX_BYTES_##m, 2); \
	} \
	X86_COLD AVX_EXEC(VCVTPS2PH_##s##_reg_slow) \
	{ \
		avx_x halves; \
		if (!halves_checked_##s(cpu, op, &halves)) \
			return NULL; \
		avx_put_x(cpu, op->dst, halves); \
		return op + 1; \
	} \
	/* The flags are set only if the store does not fault. */ \
	X86_COLD AVX_EXEC(VCVTPS2PH_##s##_mem_slow) \
	{ \
		uint64_t linear; \
		avx_x halves; \
		if (!x86_linear(cpu, op, AVX_BYTES_##m, X86_WRITE, &linear) || \
		    !x86_probe_write(cpu, op, linear, AVX_BYTES_##m) || !halves_checked_##s(cpu, op, &halves)) \
			return NULL; \
		return x86_write_bytes(cpu, op, linear, &halves, AVX_BYTES_##m) ? op + 1 : NULL; \
	} \
	AVX_EXEC(VCVTPS2PH_##s##_reg) \
	{ \
		if (sim_unlikely(cpu->simd_unmasked)) \
			return VCVTPS2PH_##s##_reg_slow(cpu, op); \
		avx_put_x(cpu, op->dst, do_VCVTPS2PH_x##s(cpu, op, avx_get_##s(cpu, op->src))); \
		X86_NEXT(cpu, op); \
	} \
	AVX_EXEC(VCVTPS2PH_##s##_mem) \
	{ \
		void *place = avx_writable(cpu, op, AVX_BYTES_##m); \
		if (sim_unlikely(!place || cpu->simd_unmasked)) \
			return VCVTPS2PH_##s##_mem_slow(cpu, op); \
		AVX_STORE_##m(place, do_VCVTPS2PH_x##s(cpu, op, avx_get_##s(cpu, op->src))); \
		X86_NEXT(cpu, op); \
	}
TO_HALF(x, q)
TO_HALF(y, x)

/* clang-format off */
#define BY_LENGTH_ROWS(name) \
	AVX_ROW(name, "xx", name##_xx_reg, 0, AVX) \
	AVX_ROW(name, "xy", name##_xy_reg, 0, AVX) \
	AVX_ROW(name, "xm", name##_mem, 0, AVX)
#define FROM_INTEGER_ROWS(name) \
	AVX_ROW(name, "xxr", name##_reg, 0, AVX) \
	AVX_ROW(name, "xxm", name##_mem, 0, AVX)
#define TO_INTEGER_ROWS(name) \
	AVX_ROW(name, "rx", name##_reg, 0, AVX) \
	AVX_ROW(name, "rm", name##_mem, 0, AVX)

static const struct x86_row rows[] = {
	AVX_FLOAT_UNARY_ROWS(VCVTDQ2PS, x, x, x, AVX)
	AVX_FLOAT_UNARY_ROWS(VCVTDQ2PS, y, y, y, AVX)
	AVX_FLOAT_UNARY_ROWS(VCVTPS2DQ, x, x, x, AVX)
	AVX_FLOAT_UNARY_ROWS(VCVTPS2DQ, y, y, y, AVX)
	AVX_FLOAT_UNARY_ROWS(VCVTTPS2DQ, x, x, x, AVX)
	AVX_FLOAT_UNARY_ROWS(VCVTTPS2DQ, y, y, y, AVX)
	AVX_FLOAT_UNARY_ROWS(VCVTPS2PD, x, x, q, AVX)
	AVX_FLOAT_UNARY_ROWS(VCVTPS2PD, y, x, x, AVX)
	AVX_UNARY_ROWS(VCVTDQ2PD, x, x, q, AVX)
	AVX_UNARY_ROWS(VCVTDQ2PD, y, x, x, AVX)
	BY_LENGTH_ROWS(VCVTPD2PS)
	BY_LENGTH_ROWS(VCVTPD2DQ)
	BY_LENGTH_ROWS(VCVTTPD2DQ)
	AVX_FLOAT_BINARY_ROWS(VCVTSS2SD, x, x, d, AVX)
	AVX_FLOAT_BINARY_ROWS(VCVTSD2SS, x, x, q, AVX)
	FROM_INTEGER_ROWS(VCVTSI2SS)
	FROM_INTEGER_ROWS(VCVTSI2SD)
	TO_INTEGER_ROWS(VCVTSS2SI)
	TO_INTEGER_ROWS(VCVTTSS2SI)
	TO_INTEGER_ROWS(VCVTSD2SI)
	TO_INTEGER_ROWS(VCVTTSD2SI)
	AVX_FLOAT_UNARY_ROWS(VCVTPH2PS, x, x, q, F16C)
	AVX_FLOAT_UNARY_ROWS(VCVTPH2PS, y, x, x, F16C)
	AVX_ROW(VCVTPS2PH, "xxi", VCVTPS2PH_x_reg, 0, F16C)
	AVX_ROW(VCVTPS2PH, "mxi", VCVTPS2PH_x_mem, 0, F16C)
	AVX_ROW(VCVTPS2PH, "xyi", VCVTPS2PH_y_reg, 0, F16C)
	AVX_ROW(VCVTPS2PH, "myi", VCVTPS2PH_y_mem, 0, F16C)
};
/* clang-format on */

extern const struct x86_rows x86_rows_avx_convert;
const struct x86_rows x86_rows_avx_convert = { rows, X86_COUNT(rows) };
