/* SPDX-License-Identifier: Apache-2.0 */
/* AVX, AVX2: arithmetic, comparisons, logic and shifts of packed integers. */
#include "avx.h"

/* clang-format off */
#define INTEGER(I) \
	I(VPADDB) I(VPADDW) I(VPADDD) I(VPADDQ) I(VPADDSB) I(VPADDSW) I(VPADDUSB) I(VPADDUSW) \
	I(VPSUBB) I(VPSUBW) I(VPSUBD) I(VPSUBQ) I(VPSUBSB) I(VPSUBSW) I(VPSUBUSB) I(VPSUBUSW) \
	I(VPHADDW) I(VPHADDD) I(VPHADDSW) I(VPHSUBW) I(VPHSUBD) I(VPHSUBSW) \
	I(VPMULLW) I(VPMULLD) I(VPMULHW) I(VPMULHUW) I(VPMULHRSW) I(VPMULDQ) I(VPMULUDQ) \
	I(VPMADDWD) I(VPMADDUBSW) I(VPSADBW) I(VPAVGB) I(VPAVGW) I(VPSIGNB) I(VPSIGNW) I(VPSIGND) \
	I(VPMINSB) I(VPMINSW) I(VPMINSD) I(VPMINUB) I(VPMINUW) I(VPMINUD) \
	I(VPMAXSB) I(VPMAXSW) I(VPMAXSD) I(VPMAXUB) I(VPMAXUW) I(VPMAXUD) \
	I(VPCMPEQB) I(VPCMPEQW) I(VPCMPEQD) I(VPCMPEQQ) I(VPCMPGTB) I(VPCMPGTW) I(VPCMPGTD) I(VPCMPGTQ) \
	I(VPAND) I(VPANDN) I(VPOR) I(VPXOR)
#define ABSOLUTE(I) I(VPABSB) I(VPABSW) I(VPABSD)
#define SHIFT_LOGICAL_BYTES(I) I(VPSLLDQ) I(VPSRLDQ)
#define SHIFT(I) I(VPSLLW) I(VPSLLD) I(VPSLLQ) I(VPSRLW) I(VPSRLD) I(VPSRLQ) I(VPSRAW) I(VPSRAD)
#define SHIFT_VARIABLE(I) I(VPSLLVD) I(VPSLLVQ) I(VPSRLVD) I(VPSRLVQ) I(VPSRAVD)
/* clang-format on */

#define DEFINE_BINARY(name) AVX_BINARY(name, x, x, x) AVX_BINARY(name, y, y, y)
INTEGER(DEFINE_BINARY)
SHIFT_VARIABLE(DEFINE_BINARY)

#define DEFINE_UNARY(name) AVX_UNARY(name, x, x, x) AVX_UNARY(name, y, y, y)
ABSOLUTE(DEFINE_UNARY)

AVX_UNARY(VPHMINPOSUW, x, x, x)
AVX_BINARY_IMM(VMPSADBW, x, x, x)
AVX_BINARY_IMM(VMPSADBW, y, y, y)

/* The count is the low quadword of an XMM register or of 16 bytes, or an immediate. */
#define SHIFT_IMM(name, d) \
	AVX_EXEC(name##_##d##_imm) \
	{ \
		const avx_x count = _mm_cvtsi32_si128((uint8_t)op->imm); \
		avx_##d result; \
		__asm__ volatile(#name " %2, %1, %0" : "=x"(result) : "x"(avx_get_##d(cpu, op->src)), "x"(count)); \
		avx_put_##d(cpu, op->dst, result); \
		X86_NEXT(cpu, op); \
	}
#define DEFINE_SHIFT(name) AVX_BINARY(name, x, x, x) AVX_BINARY(name, y, x, x) SHIFT_IMM(name, x) SHIFT_IMM(name, y)
SHIFT(DEFINE_SHIFT)

#define SHIFT_BYTES(name, d) \
	AVX_DO_UNARY_IMM(name, d, d) \
	AVX_EXEC(name##_##d##_imm) \
	{ \
		avx_put_##d(cpu, op->dst, do_##name##_##d##d(cpu, op, avx_get_##d(cpu, op->src))); \
		X86_NEXT(cpu, op); \
	}
#define DEFINE_SHIFT_BYTES(name) SHIFT_BYTES(name, x) SHIFT_BYTES(name, y)
SHIFT_LOGICAL_BYTES(DEFINE_SHIFT_BYTES)

#define TEST(name, l) \
	AVX_INLINE void do_##name##_##l(struct x86_cpu *cpu, const struct x86_op *op, avx_##l last) \
	{ \
		bool zero, carry; \
		__asm__(#name " %3, %2" : "=@ccz"(zero), "=@ccc"(carry) : "x"(avx_get_##l(cpu, op->dst)), "x"(last)); \
		x86_set_arithmetic_flags(cpu, (zero ? X86_FLAG_ZF : 0) | (carry ? X86_FLAG_CF : 0)); \
	} \
	AVX_EXEC(name##_##l##l##_reg) \
	{ \
		do_##name##_##l(cpu, op, avx_get_##l(cpu, op->src)); \
		X86_NEXT(cpu, op); \
	} \
	X86_COLD AVX_EXEC(name##_##l##_slow) \
	{ \
		avx_##l value; \
		if (!avx_read_##l(cpu, op, &value)) \
			return NULL; \
		do_##name##_##l(cpu, op, value); \
		return op + 1; \
	} \
	AVX_EXEC(name##_##l##l##_mem) \
	{ \
		const void *place = avx_readable(cpu, op, AVX_BYTES_##l); \
		if (sim_unlikely(!place)) \
			return name##_##l##_slow(cpu, op); \
		do_##name##_##l(cpu, op, AVX_FETCH_##l(place)); \
		X86_NEXT(cpu, op); \
	}
TEST(VPTEST, x)
TEST(VPTEST, y)
TEST(VTESTPS, x)
TEST(VTESTPS, y)
TEST(VTESTPD, x)
TEST(VTESTPD, y)

/* clang-format off */
#define BINARY_ROWS(name) AVX_BINARY_ROWS(name, x, x, x, AVX) AVX_BINARY_ROWS(name, y, y, y, AVX2)
#define UNARY_ROWS(name) AVX_UNARY_ROWS(name, x, x, x, AVX) AVX_UNARY_ROWS(name, y, y, y, AVX2)
#define VARIABLE_ROWS(name) AVX_BINARY_ROWS(name, x, x, x, AVX2) AVX_BINARY_ROWS(name, y, y, y, AVX2)
#define SHIFT_IMM_ROWS(name) \
	AVX_ROW(name, "xxi", name##_x_imm, X86_ROW_PLAIN, AVX) \
	AVX_ROW(name, "yyi", name##_y_imm, X86_ROW_PLAIN, AVX2)
#define SHIFT_ROWS(name) \
	AVX_BINARY_ROWS(name, x, x, x, AVX) AVX_BINARY_ROWS(name, y, x, x, AVX2) SHIFT_IMM_ROWS(name)

static const struct x86_row rows[] = {
	INTEGER(BINARY_ROWS)
	ABSOLUTE(UNARY_ROWS)
	AVX_UNARY_ROWS(VPHMINPOSUW, x, x, x, AVX)
	AVX_BINARY_IMM_ROWS(VMPSADBW, x, x, x, AVX)
	AVX_BINARY_IMM_ROWS(VMPSADBW, y, y, y, AVX2)
	SHIFT(SHIFT_ROWS)
	SHIFT_LOGICAL_BYTES(SHIFT_IMM_ROWS)
	SHIFT_VARIABLE(VARIABLE_ROWS)
	AVX_UNARY_ROWS(VPTEST, x, x, x, AVX)
	AVX_UNARY_ROWS(VPTEST, y, y, y, AVX)
	AVX_UNARY_ROWS(VTESTPS, x, x, x, AVX)
	AVX_UNARY_ROWS(VTESTPS, y, y, y, AVX)
	AVX_UNARY_ROWS(VTESTPD, x, x, x, AVX)
	AVX_UNARY_ROWS(VTESTPD, y, y, y, AVX)
};
/* clang-format on */

extern const struct x86_rows x86_rows_avx_integer;
const struct x86_rows x86_rows_avx_integer = { rows, X86_COUNT(rows) };
