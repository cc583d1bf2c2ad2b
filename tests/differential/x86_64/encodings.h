/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every encoding that the opcode space has for the mnemonics of mnemonics.h: found by decoding it once, at the start,
 * with Zydis.
 */
#ifndef DIFFERENTIAL_ENCODINGS_H
#define DIFFERENTIAL_ENCODINGS_H

#include <stdbool.h>
#include <stdint.h>

#include <Zydis/Zydis.h>

enum { ENCODING_ANY = 0xff };

struct encoding {
	uint16_t mnemonic;
	uint8_t is_vex;
	uint8_t is_short; /* with prefix 67: where that makes it another mnemonic */
	uint8_t map;      /* 0: one byte, 1: 0f, 2: 0f 38, 3: 0f 3a */
	uint8_t prefix;   /* 0, or 66, f3, f2 */
	uint8_t opcode;
	uint8_t w;
	uint8_t l;
	uint8_t has_modrm;
	uint8_t is_register; /* the form with mod 3 */
	uint8_t reg;         /* of ModRM; ENCODING_ANY: an operand */
	uint8_t rm;
};

struct mnemonic {
	ZydisMnemonic id;
	const char *group;
	const char *name; /* as Zydis spells it */
	bool is_selected;
	const struct encoding *encodings;
	uint32_t count;
};

/* One decoded instruction. */
struct decoded {
	ZydisDecodedInstruction instruction;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
};

/* 64, or 32 for compatibility mode; before anything else. */
void decode_in_mode(unsigned mode);
bool decode(const uint8_t *code, unsigned size, struct decoded *ret_decoded);

/* Whether an instruction may be executed in a process, and ends the same way everywhere. */
bool encodings_allow(const struct decoded *decoded);

/* `is_there`: whether the processors have what an instruction set needs. False: no memory. */
bool encodings_find(bool (*is_there)(void *context, ZydisISASet set), void *context);

/* All mnemonics, in the order of the table; those without encodings are not there. */
struct mnemonic *encodings_mnemonics(uint32_t *ret_count);
const struct mnemonic *encodings_mnemonic(ZydisMnemonic id);

#endif
