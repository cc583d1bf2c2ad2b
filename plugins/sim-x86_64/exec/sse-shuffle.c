/* SPDX-License-Identifier: Apache-2.0 */
/* SSE: "Shuffle and Unpack Instructions", blends, and conversions to narrower integers (SDM 1, 5.5 to 5.10). */
#include "sse.h"

/* BINARY(F) and the other lists: mnemonic, name, feature. */
#define BINARY(F) \
	F(PUNPCKLBW, punpcklbw, SSE_BASE) \
	F(PUNPCKLWD, punpcklwd, SSE_BASE) \
	F(PUNPCKLDQ, punpckldq, SSE_BASE) \
	F(PUNPCKLQDQ, punpcklqdq, SSE_BASE) \
	F(PUNPCKHBW, punpckhbw, SSE_BASE) \
	F(PUNPCKHWD, punpckhwd, SSE_BASE) \
	F(PUNPCKHDQ, punpckhdq, SSE_BASE) \
	F(PUNPCKHQDQ, punpckhqdq, SSE_BASE) \
	F(UNPCKLPS, unpcklps, SSE_BASE) \
	F(UNPCKLPD, unpcklpd, SSE_BASE) \
	F(UNPCKHPS, unpckhps, SSE_BASE) \
	F(UNPCKHPD, unpckhpd, SSE_BASE) \
	F(PACKSSWB, packsswb, SSE_BASE) \
	F(PACKSSDW, packssdw, SSE_BASE) \
	F(PACKUSWB, packuswb, SSE_BASE) \
	F(PACKUSDW, packusdw, X86_NEEDS(SSE41)) \
	F(PSHUFB, pshufb, X86_NEEDS(SSSE3))

#define IMMEDIATE(F) \
	F(PSHUFD, pshufd, SSE_BASE) \
	F(PSHUFLW, pshuflw, SSE_BASE) \
	F(PSHUFHW, pshufhw, SSE_BASE) \
	F(SHUFPS, shufps, SSE_BASE) \
	F(SHUFPD, shufpd, SSE_BASE) \
	F(PALIGNR, palignr, X86_NEEDS(SSSE3)) \
	F(PBLENDW, pblendw, X86_NEEDS(SSE41)) \
	F(BLENDPS, blendps, X86_NEEDS(SSE41)) \
	F(BLENDPD, blendpd, X86_NEEDS(SSE41))

#define TERNARY(F) \
	F(PBLENDVB, pblendvb, X86_NEEDS(SSE41)) \
	F(BLENDVPS, blendvps, X86_NEEDS(SSE41)) \
	F(BLENDVPD, blendvpd, X86_NEEDS(SSE41))

#define BINARY_FORMS(mnemonic, name, needs) SSE_BINARY(name) SSE_FORMS(name, 16)
#define IMMEDIATE_FORMS(mnemonic, name, needs) SSE_IMMEDIATE(name) SSE_FORMS(name, 16)
#define TERNARY_FORMS(mnemonic, name, needs) SSE_TERNARY(name) SSE_FORMS(name, 16)
BINARY(BINARY_FORMS)
IMMEDIATE(IMMEDIATE_FORMS)
TERNARY(TERNARY_FORMS)

/* clang-format off */
static const struct x86_row rows[] = {
	BINARY(SSE_ROWS)
	IMMEDIATE(SSE_IMMEDIATE_ROWS)
	TERNARY(SSE_ROWS)
};
/* clang-format on */

extern const struct x86_rows x86_rows_sse_shuffle;
const struct x86_rows x86_rows_sse_shuffle = { rows, X86_COUNT(rows) };
