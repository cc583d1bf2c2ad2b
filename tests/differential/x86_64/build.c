/* SPDX-License-Identifier: Apache-2.0 */
/* See build.h. */
#include "build.h"

#include <string.h>

enum { TRIES = 100, PLAIN_TRIES = 60, ROOM = 40 };

struct bytes {
	uint8_t at[ROOM];
	unsigned size;
};

static void put(struct bytes *bytes, uint8_t byte)
{
	if (bytes->size < ROOM)
		bytes->at[bytes->size++] = byte;
}

/* In front of everything: what changes the address or nothing at all. */
static void put_prefixes(struct random *random, const struct encoding *encoding, struct bytes *bytes)
{
	static const uint8_t segments[] = { 0x64, 0x65, 0x64, 0x65, 0x2e, 0x36, 0x3e, 0x26 };
	static const uint8_t redundant[] = { 0x66, 0xf2, 0xf3 };

	if (random_chance(random, 6))
		put(bytes, 0x67);
	if (random_chance(random, 7))
		put(bytes, segments[random_below(random, sizeof(segments))]);
	if (encoding->is_vex)
		return;
	if (random_chance(random, 15))
		put(bytes, 0xf0);
	if (random_chance(random, 12))
		put(bytes, redundant[random_below(random, sizeof(redundant))]);
}

static void put_legacy(struct random *random, const struct encoding *encoding, unsigned mode, struct bytes *bytes)
{
	if (encoding->is_short)
		put(bytes, 0x67);
	if (encoding->prefix)
		put(bytes, encoding->prefix);
	if (mode == 64 && (encoding->w || random_chance(random, 55)))
		put(bytes, (uint8_t)(0x40 | encoding->w << 3 | random_below(random, 8)));
	if (encoding->map)
		put(bytes, 0x0f);
	if (encoding->map >= 2)
		put(bytes, encoding->map == 2 ? 0x38 : 0x3a);
}

static void put_vex(struct random *random, const struct encoding *encoding, unsigned mode, bool uses_v,
		    struct bytes *bytes)
{
	uint8_t extensions = (uint8_t)(random_below(random, 8) << 5);
	uint8_t prefix = encoding->prefix == 0x66 ? 1 : encoding->prefix == 0xf3 ? 2 : encoding->prefix == 0xf2 ? 3 : 0;
	uint8_t v = uses_v ? (uint8_t)(random_below(random, 16) << 3) : 0x78;

	if (mode != 64) { /* or it were LES or LDS */
		extensions |= 0xc0;
		v |= 0x40;
	}
	if (encoding->map == 1 && !encoding->w && random_chance(random, 40)) {
		put(bytes, 0xc5);
		put(bytes, (uint8_t)((extensions & 0x80) | v | encoding->l << 2 | prefix));
		return;
	}
	put(bytes, 0xc4);
	put(bytes, extensions | encoding->map);
	put(bytes, (uint8_t)(encoding->w << 7 | v | encoding->l << 2 | prefix));
}

/* ModRM and what follows; what is there too many is not part of the instruction. */
static void put_operands(struct random *random, const struct encoding *encoding, struct bytes *bytes)
{
	uint8_t mod = (uint8_t)(encoding->is_register ? 3 : random_below(random, 3));
	uint8_t reg = encoding->reg == ENCODING_ANY ? (uint8_t)random_below(random, 8) : encoding->reg;
	uint8_t rm = encoding->rm == ENCODING_ANY ? (uint8_t)random_below(random, 8) : encoding->rm;
	uint8_t rest[16];

	if (encoding->has_modrm)
		put(bytes, (uint8_t)(mod << 6 | reg << 3 | rm));
	values_fill(random, random_chance(random, 50) ? VALUE_RANDOM : VALUE_INT8, rest, sizeof(rest));
	for (unsigned i = 0; i < sizeof(rest); i++)
		put(bytes, rest[i]);
}

unsigned build(struct random *random, const struct encoding *encoding, unsigned mode, uint8_t code[BUILD_MAX],
	       struct decoded *ret_decoded)
{
	for (unsigned i = 0; i < TRIES; i++) {
		struct bytes bytes = { .size = 0 };
		unsigned length;

		if (i < PLAIN_TRIES)
			put_prefixes(random, encoding, &bytes);
		if (encoding->is_vex)
			put_vex(random, encoding, mode, i & 1, &bytes);
		else
			put_legacy(random, encoding, mode, &bytes);
		put(&bytes, encoding->opcode);
		put_operands(random, encoding, &bytes);
		if (!decode(bytes.at, bytes.size, ret_decoded))
			continue;
		length = ret_decoded->instruction.length;
		if (ret_decoded->instruction.mnemonic != encoding->mnemonic || !encodings_allow(ret_decoded))
			continue;
		memcpy(code, bytes.at, length);
		return length;
	}
	return 0;
}
