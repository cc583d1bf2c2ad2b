/* SPDX-License-Identifier: Apache-2.0 */
/* AES and PCLMULQDQ (SDM 1, 12.13), and "Intel SHA Extensions" (5.19). */
#include "sse.h"

/* BINARY(F) and the other lists: mnemonic, name, feature. */
#define BINARY(F) \
	F(AESENC, aesenc, X86_NEEDS(AES)) \
	F(AESENCLAST, aesenclast, X86_NEEDS(AES)) \
	F(AESDEC, aesdec, X86_NEEDS(AES)) \
	F(AESDECLAST, aesdeclast, X86_NEEDS(AES)) \
	F(SHA1NEXTE, sha1nexte, X86_NEEDS(SHA)) \
	F(SHA1MSG1, sha1msg1, X86_NEEDS(SHA)) \
	F(SHA1MSG2, sha1msg2, X86_NEEDS(SHA)) \
	F(SHA256MSG1, sha256msg1, X86_NEEDS(SHA)) \
	F(SHA256MSG2, sha256msg2, X86_NEEDS(SHA))

#define UNARY(F) F(AESIMC, aesimc, X86_NEEDS(AES))

#define IMMEDIATE(F) \
	F(AESKEYGENASSIST, aeskeygenassist, X86_NEEDS(AES)) \
	F(PCLMULQDQ, pclmulqdq, X86_NEEDS(PCLMUL)) \
	F(SHA1RNDS4, sha1rnds4, X86_NEEDS(SHA))

#define TERNARY(F) F(SHA256RNDS2, sha256rnds2, X86_NEEDS(SHA))

#define BINARY_FORMS(mnemonic, name, needs) SSE_BINARY(name) SSE_FORMS(name, 16)
#define UNARY_FORMS(mnemonic, name, needs) SSE_UNARY(name) SSE_FORMS(name, 16)
#define IMMEDIATE_FORMS(mnemonic, name, needs) SSE_IMMEDIATE(name) SSE_FORMS(name, 16)
#define TERNARY_FORMS(mnemonic, name, needs) SSE_TERNARY(name) SSE_FORMS(name, 16)
BINARY(BINARY_FORMS)
UNARY(UNARY_FORMS)
IMMEDIATE(IMMEDIATE_FORMS)
TERNARY(TERNARY_FORMS)

/* clang-format off */
static const struct x86_row rows[] = {
	BINARY(SSE_ROWS)
	UNARY(SSE_ROWS)
	IMMEDIATE(SSE_IMMEDIATE_ROWS)
	TERNARY(SSE_ROWS)
};
/* clang-format on */

extern const struct x86_rows x86_rows_crypto;
const struct x86_rows x86_rows_crypto = { rows, X86_COUNT(rows) };
