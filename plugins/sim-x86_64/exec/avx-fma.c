/* SPDX-License-Identifier: Apache-2.0 */
/* FMA: fused multiplication and addition (SDM 1, 14.5), in the three orders of operands. */
#include "avx.h"

#define ORDERS(I, name) I(name##132) I(name##213) I(name##231)
#define ALTERNATING(I) ORDERS(I, VFMADDSUB) ORDERS(I, VFMSUBADD)
#define ALL(I) ORDERS(I, VFMADD) ORDERS(I, VFMSUB) ORDERS(I, VFNMADD) ORDERS(I, VFNMSUB)

#define DEFINE_PACKED(name) \
	AVX_FLOAT_TERNARY(name##PS, x, x, x, 16, 4) \
	AVX_FLOAT_TERNARY(name##PS, y, y, y, 32, 4) \
	AVX_FLOAT_TERNARY(name##PD, x, x, x, 16, 8) \
	AVX_FLOAT_TERNARY(name##PD, y, y, y, 32, 8)
#define DEFINE_SCALAR(name) \
	AVX_FLOAT_TERNARY(name##SS, x, x, d, 4, 4) \
	AVX_FLOAT_TERNARY(name##SD, x, x, q, 8, 8)
ALL(DEFINE_PACKED)
ALL(DEFINE_SCALAR)
ALTERNATING(DEFINE_PACKED)

/* clang-format off */
#define PACKED_ROWS(name) \
	AVX_FLOAT_TERNARY_ROWS(name##PS, x, x, x, FMA) \
	AVX_FLOAT_TERNARY_ROWS(name##PS, y, y, y, FMA) \
	AVX_FLOAT_TERNARY_ROWS(name##PD, x, x, x, FMA) \
	AVX_FLOAT_TERNARY_ROWS(name##PD, y, y, y, FMA)
#define SCALAR_ROWS(name) \
	AVX_FLOAT_TERNARY_ROWS(name##SS, x, x, d, FMA) \
	AVX_FLOAT_TERNARY_ROWS(name##SD, x, x, q, FMA)

static const struct x86_row rows[] = {
	ALL(PACKED_ROWS)
	ALL(SCALAR_ROWS)
	ALTERNATING(PACKED_ROWS)
};
/* clang-format on */

extern const struct x86_rows x86_rows_avx_fma;
const struct x86_rows x86_rows_avx_fma = { rows, X86_COUNT(rows) };
