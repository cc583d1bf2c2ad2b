/* SPDX-License-Identifier: Apache-2.0 */
/* AES and PCLMULQDQ in their forms of VEX.128. */
#include "avx.h"

AVX_BINARY(VAESENC, x, x, x)
AVX_BINARY(VAESENCLAST, x, x, x)
AVX_BINARY(VAESDEC, x, x, x)
AVX_BINARY(VAESDECLAST, x, x, x)
AVX_UNARY(VAESIMC, x, x, x)
AVX_UNARY_IMM(VAESKEYGENASSIST, x, x, x)
AVX_BINARY_IMM(VPCLMULQDQ, x, x, x)

/* clang-format off */
static const struct x86_row rows[] = {
	AVX_BINARY_ROWS(VAESENC, x, x, x, AES)
	AVX_BINARY_ROWS(VAESENCLAST, x, x, x, AES)
	AVX_BINARY_ROWS(VAESDEC, x, x, x, AES)
	AVX_BINARY_ROWS(VAESDECLAST, x, x, x, AES)
	AVX_UNARY_ROWS(VAESIMC, x, x, x, AES)
	AVX_UNARY_IMM_ROWS(VAESKEYGENASSIST, x, x, x, AES)
	AVX_BINARY_IMM_ROWS(VPCLMULQDQ, x, x, x, PCLMUL)
};
/* clang-format on */

extern const struct x86_rows x86_rows_avx_crypto;
const struct x86_rows x86_rows_avx_crypto = { rows, X86_COUNT(rows) };
