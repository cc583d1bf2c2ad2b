/* SPDX-License-Identifier: Apache-2.0 */
/* FMA: fused multiplication and addition (SDM 1, 14.5), in the three orders of operands. */
#include "avx.h"

/* In the digits of a mnemonic 1 is the destination, 2 the next operand, 3 the last: two factors and what is added. */
#define OPERANDS_132 &cpu->v[op->dst], &value, &cpu->v[op->src]
#define OPERANDS_213 &cpu->v[op->src], &cpu->v[op->dst], &value
#define OPERANDS_231 &cpu->v[op->src], &value, &cpu->v[op->dst]

/* In which elements the product and what is added have opposite signs. */
enum { NOWHERE = 0, EVERYWHERE = 0xff, EVEN = 0x55, ODD = 0xaa };

#define ORDERS(I, name, opposite) I(name, 132, opposite) I(name, 213, opposite) I(name, 231, opposite)
#define ALTERNATING(I) ORDERS(I, VFMADDSUB, EVEN) ORDERS(I, VFMSUBADD, ODD)
#define ALL(I) \
	ORDERS(I, VFMADD, NOWHERE) \
	ORDERS(I, VFMSUB, EVERYWHERE) \
	ORDERS(I, VFNMADD, EVERYWHERE) \
	ORDERS(I, VFNMSUB, NOWHERE)

#define FUSED(name, d, m, bytes, element, order, opposite) \
	AVX_DO_TERNARY(name, d, d) \
	AVX_FLOAT_FORMS(name, d, d, m, third, bytes, element, \
			x86_simd_refine_fused(cpu, OPERANDS_##order, opposite, bytes, element))
#define DEFINE_PACKED(name, order, opposite) \
	FUSED(name##order##PS, x, x, 16, 4, order, opposite) \
	FUSED(name##order##PS, y, y, 32, 4, order, opposite) \
	FUSED(name##order##PD, x, x, 16, 8, order, opposite) \
	FUSED(name##order##PD, y, y, 32, 8, order, opposite)
#define DEFINE_SCALAR(name, order, opposite) \
	FUSED(name##order##SS, x, d, 4, 4, order, opposite) \
	FUSED(name##order##SD, x, q, 8, 8, order, opposite)
ALL(DEFINE_PACKED)
ALL(DEFINE_SCALAR)
ALTERNATING(DEFINE_PACKED)

/* clang-format off */
#define PACKED_ROWS(name, order, opposite) \
	AVX_FLOAT_BINARY_ROWS(name##order##PS, x, x, x, FMA) \
	AVX_FLOAT_BINARY_ROWS(name##order##PS, y, y, y, FMA) \
	AVX_FLOAT_BINARY_ROWS(name##order##PD, x, x, x, FMA) \
	AVX_FLOAT_BINARY_ROWS(name##order##PD, y, y, y, FMA)
#define SCALAR_ROWS(name, order, opposite) \
	AVX_FLOAT_BINARY_ROWS(name##order##SS, x, x, d, FMA) \
	AVX_FLOAT_BINARY_ROWS(name##order##SD, x, x, q, FMA)

static const struct x86_row rows[] = {
	ALL(PACKED_ROWS)
	ALL(SCALAR_ROWS)
	ALTERNATING(PACKED_ROWS)
};
/* clang-format on */

extern const struct x86_rows x86_rows_avx_fma;
const struct x86_rows x86_rows_avx_fma = { rows, X86_COUNT(rows) };
