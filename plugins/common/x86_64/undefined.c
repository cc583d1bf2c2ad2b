/* SPDX-License-Identifier: Apache-2.0 */
/* See undefined.h. */
#include "undefined.h"

#include <stdbool.h>
#include <stddef.h>

struct row {
	ZydisMnemonic mnemonic;
	uint32_t bits;
};

/* clang-format off */
#define FLAGS_ROW(name, flags, where) { ZYDIS_MNEMONIC_##name, flags },
static const struct row flags[] = { UNDEFINED_FLAGS(FLAGS_ROW) UNDEFINED_SCANS(FLAGS_ROW) };

#define MOST(name) { ZYDIS_MNEMONIC_##name, UNDEFINED_C0 | UNDEFINED_C2 | UNDEFINED_C3 },
#define ALL(name) { ZYDIS_MNEMONIC_##name, UNDEFINED_C0 | UNDEFINED_C1 | UNDEFINED_C2 | UNDEFINED_C3 },
static const struct row codes[] = { UNDEFINED_MOST_CODES(MOST) UNDEFINED_ALL_CODES(ALL) };
/* clang-format on */

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static uint32_t find(const struct row *rows, size_t count, ZydisMnemonic mnemonic)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].mnemonic == mnemonic)
			return rows[i].bits;
	return 0;
}

uint64_t undefined_flags(ZydisMnemonic mnemonic)
{
	return find(flags, COUNT(flags), mnemonic);
}

uint32_t undefined_codes(ZydisMnemonic mnemonic)
{
	return find(codes, COUNT(codes), mnemonic);
}

/* A shift by 0 changes no flag; OF is that of a shift by 1; SHL and SHR have no CF beyond their width. */
static uint64_t shift(bool is_arithmetic, unsigned bits, unsigned count)
{
	if (!count)
		return 0;
	return UNDEFINED_AF | (count != 1 ? UNDEFINED_OF : 0) | (!is_arithmetic && count >= bits ? UNDEFINED_CF : 0);
}

uint64_t undefined_by_count(ZydisMnemonic mnemonic, unsigned bits, unsigned count)
{
	switch (mnemonic) {
	case ZYDIS_MNEMONIC_SHL:
	case ZYDIS_MNEMONIC_SHR:
		return shift(false, bits, count);
	case ZYDIS_MNEMONIC_SAR:
		return shift(true, bits, count);
	case ZYDIS_MNEMONIC_RCL:
	case ZYDIS_MNEMONIC_RCR:
	case ZYDIS_MNEMONIC_ROL:
	case ZYDIS_MNEMONIC_ROR:
		return count > 1 ? UNDEFINED_OF : 0;
	case ZYDIS_MNEMONIC_SHLD:
	case ZYDIS_MNEMONIC_SHRD:
		/* With a count beyond the width nothing is defined: that is one of 16 bits. */
		return bits == 16 && count > 16 ? UINT64_MAX : shift(true, bits, count);
	default:
		return 0;
	}
}
