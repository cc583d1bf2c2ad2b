/* SPDX-License-Identifier: Apache-2.0 */
/* See encodings.h. */
#include "encodings.h"

#include <stdlib.h>
#include <string.h>

#include "mnemonics.h"

enum { MODES = 9 }; /* of ModRM's mod and rm: memory, or one of eight registers */
enum { LONGEST = 15, OPCODE_JCXZ = 0xe3 };

static const uint8_t prefixes[] = { 0, 0x66, 0xf3, 0xf2 };

#define NO_ROW(name)
#define NO_GROUP(title)
#define COUNT_ROW(name) +1
enum { MNEMONICS_COUNT = 0 MNEMONICS(NO_GROUP, COUNT_ROW) };

static struct mnemonic mnemonics[MNEMONICS_COUNT];
static uint16_t places[ZYDIS_MNEMONIC_MAX_VALUE + 1]; /* in mnemonics, plus 1 */
static struct encoding *found;
static uint32_t found_count;
static uint32_t found_capacity;

static ZydisDecoder decoder;
static bool is_long;

void decode_in_mode(unsigned mode)
{
	is_long = mode == 64;
	if (is_long)
		ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	else
		ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_COMPAT_32, ZYDIS_STACK_WIDTH_32);
}

/* Zydis 4.0 leaves r13d where ModRM and SIB say that there is no base (SDM vol. 2, table 2-3, note 1), with 32-bit
 * addresses. */
static void mend_base(struct decoded *decoded)
{
	const ZydisDecodedInstruction *instruction = &decoded->instruction;

	if (!(instruction->attributes & ZYDIS_ATTRIB_HAS_SIB) || instruction->raw.modrm.mod ||
	    instruction->raw.sib.base != 5)
		return;
	for (unsigned i = 0; i < instruction->operand_count_visible; i++)
		if (decoded->operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
		    decoded->operands[i].mem.base == ZYDIS_REGISTER_R13D) {
			decoded->operands[i].mem.base = ZYDIS_REGISTER_NONE;
			decoded->operands[i].mem.disp.value = (int64_t)instruction->raw.disp.value;
			decoded->operands[i].mem.disp.has_displacement = ZYAN_TRUE;
		}
}

static bool decode_as_is(const uint8_t *code, unsigned size, struct decoded *ret_decoded)
{
	return ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, code, size < LONGEST ? size : LONGEST,
						   &ret_decoded->instruction, ret_decoded->operands));
}

bool decode(const uint8_t *code, unsigned size, struct decoded *ret_decoded)
{
	if (!decode_as_is(code, size, ret_decoded))
		return false;
	mend_base(ret_decoded);
	return true;
}

/* ---- the table ---- */

static void begin_table(void)
{
	const char *group = NULL;
	uint32_t count = 0;

#define TABLE_GROUP(title) group = title;
#define TABLE_ROW(spelling) \
	mnemonics[count].id = ZYDIS_MNEMONIC_##spelling; \
	mnemonics[count].group = group; \
	mnemonics[count].name = ZydisMnemonicGetString(ZYDIS_MNEMONIC_##spelling); \
	places[ZYDIS_MNEMONIC_##spelling] = (uint16_t)++count;
	MNEMONICS(TABLE_GROUP, TABLE_ROW)
#undef TABLE_ROW
#undef TABLE_GROUP
}

struct mnemonic *encodings_mnemonics(uint32_t *ret_count)
{
	*ret_count = MNEMONICS_COUNT;
	return mnemonics;
}

const struct mnemonic *encodings_mnemonic(ZydisMnemonic id)
{
	return places[id] ? &mnemonics[places[id] - 1] : NULL;
}

/* ---- what may not be executed in a process, or not be compared ---- */

/* Far pointers with an offset of 64 bits: AMD does not have them. */
static bool is_far_64(const ZydisDecodedInstruction *instruction)
{
	switch (instruction->mnemonic) {
	case ZYDIS_MNEMONIC_JMP:
	case ZYDIS_MNEMONIC_CALL:
		return instruction->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR &&
		       instruction->attributes & ZYDIS_ATTRIB_HAS_REX && instruction->raw.rex.W;
	case ZYDIS_MNEMONIC_LSS:
	case ZYDIS_MNEMONIC_LFS:
	case ZYDIS_MNEMONIC_LGS:
		return instruction->attributes & ZYDIS_ATTRIB_HAS_REX && instruction->raw.rex.W;
	default:
		return false;
	}
}

/* A branch with an operand of 16 bits: AMD cuts rip, Intel ignores the prefix (vol. 2, JMP). */
static bool is_narrow_branch(const ZydisDecodedInstruction *instruction)
{
	switch (instruction->meta.category) {
	case ZYDIS_CATEGORY_COND_BR:
	case ZYDIS_CATEGORY_UNCOND_BR:
	case ZYDIS_CATEGORY_CALL:
	case ZYDIS_CATEGORY_RET:
		return instruction->attributes & ZYDIS_ATTRIB_HAS_OPERANDSIZE &&
		       instruction->mnemonic != ZYDIS_MNEMONIC_IRET &&
		       instruction->meta.branch_type != ZYDIS_BRANCH_TYPE_FAR;
	default:
		return false;
	}
}

/* AMD takes the condition from a repeat prefix; Intel reserves it (SDM vol. 2, 2.1.1). */
static bool is_repeated_loop(const ZydisDecodedInstruction *instruction)
{
	if (instruction->mnemonic != ZYDIS_MNEMONIC_LOOPE && instruction->mnemonic != ZYDIS_MNEMONIC_LOOPNE)
		return false;
	for (unsigned i = 0; i < instruction->raw.prefix_count; i++)
		if (instruction->raw.prefixes[i].value == 0xf2 || instruction->raw.prefixes[i].value == 0xf3)
			return true;
	return false;
}

/* 63 with an operand of 16 bits reads 16 bits to Intel, and 32 to AMD. */
static bool is_narrow_movsxd(const ZydisDecodedInstruction *instruction)
{
	return instruction->mnemonic == ZYDIS_MNEMONIC_MOVSXD && instruction->operand_width == 16;
}

/* VEX.W outside 64-bit mode: no instruction to AMD, ignored by Intel (vol. 2, PINSRB/PINSRD/PINSRQ, note 1). */
static bool is_wide_insertion(const ZydisDecodedInstruction *instruction)
{
	return !is_long && instruction->encoding == ZYDIS_INSTRUCTION_ENCODING_VEX && instruction->raw.vex.W &&
	       (instruction->mnemonic == ZYDIS_MNEMONIC_VPINSRD || instruction->mnemonic == ZYDIS_MNEMONIC_VPEXTRD);
}

/* 0f 0d with a register: a NOP to Intel, no instruction to AMD. */
static bool is_register_prefetch(const struct decoded *decoded)
{
	const ZydisDecodedInstruction *instruction = &decoded->instruction;

	return instruction->opcode_map == ZYDIS_OPCODE_MAP_0F && instruction->opcode == 0x0d &&
	       instruction->raw.modrm.mod == 3;
}

bool encodings_allow(const struct decoded *decoded)
{
	const ZydisDecodedInstruction *instruction = &decoded->instruction;

	return !is_narrow_branch(instruction) && !is_register_prefetch(decoded) && !is_far_64(instruction) &&
	       !is_repeated_loop(instruction) && !is_narrow_movsxd(instruction) && !is_wide_insertion(instruction);
}

/* ---- decoding the opcode space ---- */

static unsigned write_probe(const struct encoding *encoding, unsigned mode, unsigned reg, uint8_t *code)
{
	unsigned size = 0;

	if (encoding->is_vex) {
		code[size++] = 0xc4;
		code[size++] = 0xe0 | encoding->map;
		code[size] = (uint8_t)(encoding->w << 7 | 0x78 | encoding->l << 2);
		for (unsigned i = 0; i < sizeof(prefixes); i++)
			if (prefixes[i] == encoding->prefix)
				code[size] |= (uint8_t)i;
		size++;
	} else {
		if (encoding->is_short)
			code[size++] = 0x67;
		if (encoding->prefix)
			code[size++] = encoding->prefix;
		if (encoding->w && is_long)
			code[size++] = 0x48;
		if (encoding->map)
			code[size++] = 0x0f;
		if (encoding->map >= 2)
			code[size++] = encoding->map == 2 ? 0x38 : 0x3a;
	}
	code[size++] = encoding->opcode;
	/* Memory with an index, so that the gathers are found: its ModRM is not that of any register. */
	code[size++] = (uint8_t)(mode == 8 ? 0x44 | reg << 3 : 0xc0 | reg << 3 | mode);
	memset(code + size, 0x11, LONGEST + 1 - size);
	return LONGEST;
}

struct finder {
	bool (*is_there)(void *context, ZydisISASet set);
	void *context;
};

static uint16_t probe(const struct finder *finder, struct encoding *encoding, unsigned mode, unsigned reg)
{
	ZydisInstructionEncoding wanted =
		encoding->is_vex ? ZYDIS_INSTRUCTION_ENCODING_VEX : ZYDIS_INSTRUCTION_ENCODING_LEGACY;
	struct decoded decoded;
	uint8_t code[LONGEST + 1];
	unsigned size = write_probe(encoding, mode, reg, code);

	/* VEX.vvvv is 1111 in a probe, which no gather may have. */
	if (!decode(code, size, &decoded)) {
		if (!encoding->is_vex)
			return 0;
		code[2] = (uint8_t)((code[2] & ~0x78) | 5 << 3);
		if (!decode(code, size, &decoded))
			return 0;
	}
	if (decoded.instruction.encoding != wanted || !places[decoded.instruction.mnemonic] ||
	    decoded.instruction.opcode != encoding->opcode || !encodings_allow(&decoded) ||
	    !finder->is_there(finder->context, decoded.instruction.meta.isa_set))
		return 0;
	encoding->has_modrm = !!(decoded.instruction.attributes & ZYDIS_ATTRIB_HAS_MODRM);
	return (uint16_t)decoded.instruction.mnemonic;
}

static bool add(const struct encoding *encoding, uint16_t mnemonic, unsigned reg, unsigned rm, bool is_register)
{
	if (!mnemonic)
		return true;
	if (found_count == found_capacity) {
		uint32_t capacity = found_capacity ? 2 * found_capacity : 4096;
		struct encoding *more = realloc(found, capacity * sizeof(*more));

		if (!more)
			return false;
		found = more;
		found_capacity = capacity;
	}
	found[found_count] = *encoding;
	found[found_count].mnemonic = mnemonic;
	found[found_count].reg = (uint8_t)reg;
	found[found_count].rm = (uint8_t)rm;
	found[found_count].is_register = is_register;
	found_count++;
	return true;
}

/* What `count` places have in common; 0 when they differ. */
static bool are_same(const uint16_t *ids, unsigned count)
{
	for (unsigned i = 1; i < count; i++)
		if (ids[i] != ids[0])
			return false;
	return true;
}

static bool find_memory_forms(const struct finder *finder, struct encoding *encoding)
{
	uint16_t ids[8];
	bool good = true;

	for (unsigned reg = 0; reg < 8; reg++)
		ids[reg] = probe(finder, encoding, 8, reg);
	if (are_same(ids, 8))
		return add(encoding, ids[0], ENCODING_ANY, ENCODING_ANY, false);
	for (unsigned reg = 0; good && reg < 8; reg++)
		good = add(encoding, ids[reg], reg, ENCODING_ANY, false);
	return good;
}

static bool find_register_forms(const struct finder *finder, struct encoding *encoding)
{
	uint16_t ids[64];
	bool good = true;

	for (unsigned i = 0; i < 64; i++)
		ids[i] = probe(finder, encoding, i % 8, i / 8);
	if (are_same(ids, 64))
		return add(encoding, ids[0], ENCODING_ANY, ENCODING_ANY, true);
	for (unsigned reg = 0; good && reg < 8; reg++) {
		if (are_same(ids + 8 * reg, 8)) {
			good = add(encoding, ids[8 * reg], reg, ENCODING_ANY, true);
			continue;
		}
		for (unsigned rm = 0; good && rm < 8; rm++)
			good = add(encoding, ids[8 * reg + rm], reg, rm, true);
	}
	return good;
}

static bool find_opcodes(const struct finder *finder, struct encoding *encoding)
{
	for (unsigned opcode = 0; opcode < 256; opcode++) {
		encoding->opcode = (uint8_t)opcode;
		encoding->has_modrm = true;
		encoding->is_short = false;
		if (!find_memory_forms(finder, encoding) ||
		    (encoding->has_modrm && !find_register_forms(finder, encoding)))
			return false;
	}
	encoding->opcode = OPCODE_JCXZ;
	encoding->is_short = true;
	return encoding->map || find_memory_forms(finder, encoding);
}

static bool find_in_map(const struct finder *finder, bool is_vex, unsigned map)
{
	bool good = true;

	for (unsigned variant = 0; good && variant < 16; variant++) {
		struct encoding encoding = { .is_vex = is_vex, .map = (uint8_t)map };

		encoding.prefix = prefixes[variant & 3];
		encoding.w = variant >> 2 & 1;
		encoding.l = variant >> 3 & 1;
		if (is_vex || (!encoding.l && (is_long || !encoding.w)))
			good = find_opcodes(finder, &encoding);
	}
	return good;
}

static int compare_encodings(const void *one, const void *other)
{
	const struct encoding *a = one;
	const struct encoding *b = other;

	return places[a->mnemonic] != places[b->mnemonic] ? places[a->mnemonic] - places[b->mnemonic]
							  : memcmp(a, b, sizeof(*a));
}

bool encodings_find(bool (*is_there)(void *context, ZydisISASet set), void *context)
{
	const struct finder finder = { is_there, context };
	bool good = true;

	begin_table();
	for (unsigned map = 0; good && map < 4; map++)
		good = find_in_map(&finder, false, map) && (!map || find_in_map(&finder, true, map));
	if (!good)
		return false;
	qsort(found, found_count, sizeof(*found), compare_encodings);
	for (uint32_t i = 0; i < found_count; i++) {
		struct mnemonic *mnemonic = &mnemonics[places[found[i].mnemonic] - 1];

		if (!mnemonic->count++)
			mnemonic->encodings = &found[i];
	}
	return true;
}
