/* SPDX-License-Identifier: Apache-2.0 */
/* AVX: arithmetic, comparisons, logic and rounding of floating-point numbers. */
#include "avx.h"

/* Mnemonics less the type, and what they are to simd.h. */
#define ARITHMETIC(I) I(VADD, ADD) I(VSUB, SUBTRACT) I(VMUL, MULTIPLY) I(VDIV, DIVIDE)
#define HORIZONTAL(I) I(VADDSUB, SUBTRACT_ADD) I(VHADD, ADD_PAIRS) I(VHSUB, SUBTRACT_PAIRS)

/* These do not underflow. */
#define EXTREMES(I) I(VMIN, ) I(VMAX, )
#define LOGIC(I) I(VAND) I(VANDN) I(VOR) I(VXOR)

#define DEFINE_PACKED(name, arithmetic) \
	AVX_ARITHMETIC(name##PS, x, x, x, 16, 4, arithmetic) \
	AVX_ARITHMETIC(name##PS, y, y, y, 32, 4, arithmetic) \
	AVX_ARITHMETIC(name##PD, x, x, x, 16, 8, arithmetic) \
	AVX_ARITHMETIC(name##PD, y, y, y, 32, 8, arithmetic)
#define DEFINE_SCALAR(name, arithmetic) \
	AVX_ARITHMETIC(name##SS, x, x, d, 4, 4, arithmetic) \
	AVX_ARITHMETIC(name##SD, x, x, q, 8, 8, arithmetic)
ARITHMETIC(DEFINE_PACKED)
ARITHMETIC(DEFINE_SCALAR)
HORIZONTAL(DEFINE_PACKED)

#define DEFINE_EXTREMES(name, none) \
	AVX_FLOAT_BINARY(name##PS, x, x, x) \
	AVX_FLOAT_BINARY(name##PS, y, y, y) \
	AVX_FLOAT_BINARY(name##PD, x, x, x) \
	AVX_FLOAT_BINARY(name##PD, y, y, y) \
	AVX_FLOAT_BINARY(name##SS, x, x, d) \
	AVX_FLOAT_BINARY(name##SD, x, x, q)
EXTREMES(DEFINE_EXTREMES)

AVX_FLOAT_UNARY(VSQRTPS, x, x, x)
AVX_FLOAT_UNARY(VSQRTPS, y, y, y)
AVX_FLOAT_UNARY(VSQRTPD, x, x, x)
AVX_FLOAT_UNARY(VSQRTPD, y, y, y)
AVX_FLOAT_BINARY(VSQRTSS, x, x, d)
AVX_FLOAT_BINARY(VSQRTSD, x, x, q)

AVX_FLOAT_UNARY_IMM(VROUNDPS, x, x, x)
AVX_FLOAT_UNARY_IMM(VROUNDPS, y, y, y)
AVX_FLOAT_UNARY_IMM(VROUNDPD, x, x, x)
AVX_FLOAT_UNARY_IMM(VROUNDPD, y, y, y)
AVX_FLOAT_BINARY_IMM(VROUNDSS, x, x, d)
AVX_FLOAT_BINARY_IMM(VROUNDSD, x, x, q)

AVX_FLOAT_BINARY_IMM(VCMPPS, x, x, x)
AVX_FLOAT_BINARY_IMM(VCMPPS, y, y, y)
AVX_FLOAT_BINARY_IMM(VCMPPD, x, x, x)
AVX_FLOAT_BINARY_IMM(VCMPPD, y, y, y)
AVX_FLOAT_BINARY_IMM(VCMPSS, x, x, d)
AVX_FLOAT_BINARY_IMM(VCMPSD, x, x, q)

/* These raise no exceptions. */
#define DEFINE_LOGIC(name) \
	AVX_BINARY(name##PS, x, x, x) \
	AVX_BINARY(name##PS, y, y, y) \
	AVX_BINARY(name##PD, x, x, x) \
	AVX_BINARY(name##PD, y, y, y)
LOGIC(DEFINE_LOGIC)
AVX_UNARY(VRCPPS, x, x, x)
AVX_UNARY(VRCPPS, y, y, y)
AVX_BINARY(VRCPSS, x, x, d)
AVX_UNARY(VRSQRTPS, x, x, x)
AVX_UNARY(VRSQRTPS, y, y, y)
AVX_BINARY(VRSQRTSS, x, x, d)

/* ---- dot products: products, sums of two and the sum of four are operations of their own to unmasked exceptions ----
 */

AVX_DO_BINARY_IMM(VDPPS, x, x)
AVX_DO_BINARY_IMM(VDPPS, y, y)
AVX_DO_BINARY_IMM(VDPPD, x, x)

/* One such operation: false: it raised something. */
#define STEP(name, l, bytes, element, arithmetic) \
	AVX_CODE static bool step_##name##_##l(struct x86_cpu *cpu, const struct x86_op *op, avx_##l a, avx_##l b, \
					       avx_##l *ret_result) \
	{ \
		avx_##l result; \
		x86_simd_begin(cpu); \
		__asm__ volatile(#name " %2, %1, %0" : "=x"(result) : "x"(a), "x"(b)); \
		x86_simd_refine(cpu, X86_SIMD_##arithmetic, &a, &b, bytes, element); \
		*ret_result = result; \
		return x86_simd_end(cpu, op, &result, bytes, element); \
	}
STEP(VMULPS, x, 16, 4, MULTIPLY)
STEP(VMULPS, y, 32, 4, MULTIPLY)
STEP(VMULPD, x, 16, 8, MULTIPLY)
STEP(VADDPS, x, 16, 4, ADD)
STEP(VADDPS, y, 32, 4, ADD)
STEP(VADDPD, x, 16, 8, ADD)

/* All ones in the elements that are multiplied. */
AVX_INLINE avx_x wanted_PS_x(const struct x86_op *op)
{
	const avx_x bits = _mm_set_epi32(0x80, 0x40, 0x20, 0x10);

	return _mm_cmpeq_epi32(_mm_and_si128(_mm_set1_epi32((int)op->imm), bits), bits);
}

AVX_INLINE avx_y wanted_PS_y(const struct x86_op *op)
{
	return _mm256_broadcastsi128_si256(wanted_PS_x(op));
}

AVX_INLINE avx_x wanted_PD_x(const struct x86_op *op)
{
	const avx_x bits = _mm_set_epi64x(0x20, 0x10);

	return _mm_cmpeq_epi64(_mm_and_si128(_mm_set1_epi64x(op->imm), bits), bits);
}

AVX_CODE static bool check_sums_PS_x(struct x86_cpu *cpu, const struct x86_op *op, avx_x sums)
{
	return step_VADDPS_x(cpu, op, sums, _mm_shuffle_epi32(sums, _MM_SHUFFLE(2, 3, 0, 1)), &sums) &&
	       step_VADDPS_x(cpu, op, sums, _mm_shuffle_epi32(sums, _MM_SHUFFLE(1, 0, 3, 2)), &sums);
}

AVX_CODE static bool check_sums_PS_y(struct x86_cpu *cpu, const struct x86_op *op, avx_y sums)
{
	return step_VADDPS_y(cpu, op, sums, _mm256_shuffle_epi32(sums, _MM_SHUFFLE(2, 3, 0, 1)), &sums) &&
	       step_VADDPS_y(cpu, op, sums, _mm256_shuffle_epi32(sums, _MM_SHUFFLE(1, 0, 3, 2)), &sums);
}

AVX_CODE static bool check_sums_PD_x(struct x86_cpu *cpu, const struct x86_op *op, avx_x sums)
{
	return step_VADDPD_x(cpu, op, sums, _mm_shuffle_epi32(sums, _MM_SHUFFLE(1, 0, 3, 2)), &sums);
}

#define DOT_PRODUCT(type, l, and_) \
	AVX_CODE static const struct x86_op *VDP##type##_##l##l##_checked(struct x86_cpu *cpu, \
									  const struct x86_op *op, avx_##l value) \
	{ \
		const avx_##l wanted = wanted_##type##_##l(op); \
		avx_##l products; \
		if (!step_VMUL##type##_##l(cpu, op, and_(avx_get_##l(cpu, op->src), wanted), and_(value, wanted), \
					   &products) || \
		    !check_sums_##type##_##l(cpu, op, products)) \
			return NULL; \
		avx_put_##l(cpu, op->dst, do_VDP##type##_##l##l(cpu, op, value)); \
		return op + 1; \
	} \
	AVX_CHECKED_FORMS(VDP##type, l, l, l, third)
DOT_PRODUCT(PS, x, _mm_and_si128)
DOT_PRODUCT(PS, y, _mm256_and_si256)
DOT_PRODUCT(PD, x, _mm_and_si128)

/* ---- comparisons that set the flags: less: CF; equal: ZF; unordered: both, and PF ---- */

#define COMPARE(name, m) \
	AVX_INLINE uint32_t flags_of_##name(avx_x a, avx_x b) \
	{ \
		bool less, equal, unordered; \
		__asm__ volatile(#name " %4, %3" \
				 : "=@ccc"(less), "=@ccz"(equal), "=@ccp"(unordered) \
				 : "x"(a), "x"(b)); \
		return (less ? X86_FLAG_CF : 0) | (equal ? X86_FLAG_ZF : 0) | (unordered ? X86_FLAG_PF : 0); \
	} \
	AVX_CODE static const struct x86_op *name##_checked(struct x86_cpu *cpu, const struct x86_op *op, avx_x value) \
	{ \
		uint32_t flags; \
		x86_simd_begin(cpu); \
		flags = flags_of_##name(avx_get_x(cpu, op->dst), value); \
		if (!x86_simd_end(cpu, op, NULL, 0, AVX_BYTES_##m)) \
			return NULL; \
		x86_set_arithmetic_flags(cpu, flags); \
		return op + 1; \
	} \
	X86_COLD AVX_EXEC(name##_reg_slow) \
	{ \
		return name##_checked(cpu, op, avx_get_x(cpu, op->src)); \
	} \
	X86_COLD AVX_EXEC(name##_mem_slow) \
	{ \
		avx_x value; \
		return avx_read_##m(cpu, op, &value) ? name##_checked(cpu, op, value) : NULL; \
	} \
	AVX_EXEC(name##_reg) \
	{ \
		if (sim_unlikely(cpu->simd_unmasked)) \
			return name##_reg_slow(cpu, op); \
		x86_set_arithmetic_flags(cpu, flags_of_##name(avx_get_x(cpu, op->dst), avx_get_x(cpu, op->src))); \
		X86_NEXT(cpu, op); \
	} \
	AVX_EXEC(name##_mem) \
	{ \
		const void *place = avx_readable(cpu, op, AVX_BYTES_##m); \
		if (sim_unlikely(!place || cpu->simd_unmasked)) \
			return name##_mem_slow(cpu, op); \
		x86_set_arithmetic_flags(cpu, flags_of_##name(avx_get_x(cpu, op->dst), AVX_FETCH_##m(place))); \
		X86_NEXT(cpu, op); \
	}
COMPARE(VCOMISS, d)
COMPARE(VCOMISD, q)
COMPARE(VUCOMISS, d)
COMPARE(VUCOMISD, q)

/* clang-format off */
#define PACKED_ROWS(name, arithmetic) \
	AVX_FLOAT_BINARY_ROWS(name##PS, x, x, x, AVX) \
	AVX_FLOAT_BINARY_ROWS(name##PS, y, y, y, AVX) \
	AVX_FLOAT_BINARY_ROWS(name##PD, x, x, x, AVX) \
	AVX_FLOAT_BINARY_ROWS(name##PD, y, y, y, AVX)
#define SCALAR_ROWS(name, arithmetic) \
	AVX_FLOAT_BINARY_ROWS(name##SS, x, x, d, AVX) \
	AVX_FLOAT_BINARY_ROWS(name##SD, x, x, q, AVX)
#define LOGIC_ROWS(name) \
	AVX_BINARY_ROWS(name##PS, x, x, x, AVX) \
	AVX_BINARY_ROWS(name##PS, y, y, y, AVX) \
	AVX_BINARY_ROWS(name##PD, x, x, x, AVX) \
	AVX_BINARY_ROWS(name##PD, y, y, y, AVX)
#define COMPARE_ROWS(name) \
	AVX_ROW(name, "xx", name##_reg, 0, AVX) \
	AVX_ROW(name, "xm", name##_mem, 0, AVX)

static const struct x86_row rows[] = {
	ARITHMETIC(PACKED_ROWS)
	ARITHMETIC(SCALAR_ROWS)
	HORIZONTAL(PACKED_ROWS)
	EXTREMES(PACKED_ROWS)
	EXTREMES(SCALAR_ROWS)
	AVX_FLOAT_UNARY_ROWS(VSQRTPS, x, x, x, AVX)
	AVX_FLOAT_UNARY_ROWS(VSQRTPS, y, y, y, AVX)
	AVX_FLOAT_UNARY_ROWS(VSQRTPD, x, x, x, AVX)
	AVX_FLOAT_UNARY_ROWS(VSQRTPD, y, y, y, AVX)
	SCALAR_ROWS(VSQRT, )
	AVX_FLOAT_UNARY_IMM_ROWS(VROUNDPS, x, x, x, AVX)
	AVX_FLOAT_UNARY_IMM_ROWS(VROUNDPS, y, y, y, AVX)
	AVX_FLOAT_UNARY_IMM_ROWS(VROUNDPD, x, x, x, AVX)
	AVX_FLOAT_UNARY_IMM_ROWS(VROUNDPD, y, y, y, AVX)
	AVX_FLOAT_BINARY_IMM_ROWS(VROUNDSS, x, x, d, AVX)
	AVX_FLOAT_BINARY_IMM_ROWS(VROUNDSD, x, x, q, AVX)
	AVX_FLOAT_BINARY_IMM_ROWS(VCMPPS, x, x, x, AVX)
	AVX_FLOAT_BINARY_IMM_ROWS(VCMPPS, y, y, y, AVX)
	AVX_FLOAT_BINARY_IMM_ROWS(VCMPPD, x, x, x, AVX)
	AVX_FLOAT_BINARY_IMM_ROWS(VCMPPD, y, y, y, AVX)
	AVX_FLOAT_BINARY_IMM_ROWS(VCMPSS, x, x, d, AVX)
	AVX_FLOAT_BINARY_IMM_ROWS(VCMPSD, x, x, q, AVX)
	AVX_FLOAT_BINARY_IMM_ROWS(VDPPS, x, x, x, AVX)
	AVX_FLOAT_BINARY_IMM_ROWS(VDPPS, y, y, y, AVX)
	AVX_FLOAT_BINARY_IMM_ROWS(VDPPD, x, x, x, AVX)
	LOGIC(LOGIC_ROWS)
	AVX_UNARY_ROWS(VRCPPS, x, x, x, AVX)
	AVX_UNARY_ROWS(VRCPPS, y, y, y, AVX)
	AVX_BINARY_ROWS(VRCPSS, x, x, d, AVX)
	AVX_UNARY_ROWS(VRSQRTPS, x, x, x, AVX)
	AVX_UNARY_ROWS(VRSQRTPS, y, y, y, AVX)
	AVX_BINARY_ROWS(VRSQRTSS, x, x, d, AVX)
	COMPARE_ROWS(VCOMISS)
	COMPARE_ROWS(VCOMISD)
	COMPARE_ROWS(VUCOMISS)
	COMPARE_ROWS(VUCOMISD)
};
/* clang-format on */

extern const struct x86_rows x86_rows_avx_float;
const struct x86_rows x86_rows_avx_float = { rows, X86_COUNT(rows) };
