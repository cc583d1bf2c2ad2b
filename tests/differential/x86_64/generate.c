/* SPDX-License-Identifier: Apache-2.0 */
/* See generate.h. First the bytes of all instructions, then a state in which they reach the case's memory. */
#include "generate.h"

#include <string.h>

#include "address.h"
#include "build.h"
#include "images.h"
#include "segments.h"
#include "undefined.h"
#include "values.h"

enum { GPR_COUNT = 16, CODE_TRIES = 20 };

struct making {
	struct random random;
	struct test_case *test;
	const struct decoded *decoded; /* the instruction that is being placed */
	uint64_t ip;
	uint32_t index;     /* of it in the chain */
	uint32_t pinned;    /* general registers whose value is settled */
	uint64_t undefined; /* flags that the chain so far leaves undefined */
};

#define ANY(making) random_u64(&(making)->random)
#define BELOW(making, limit) random_below(&(making)->random, limit)
#define CHANCE(making, percent) random_chance(&(making)->random, percent)

/* ---- registers ---- */

static uint64_t register_mask(const struct making *making)
{
	return making->test->mode == 64 ? UINT64_MAX : UINT32_MAX;
}

static void pin(struct making *making, unsigned number, uint64_t value)
{
	making->test->state.gpr[number] = value & register_mask(making);
	making->pinned |= 1u << number;
}

/* Sets a register that takes part in an address; with 32-bit addresses its upper half is anything. */
static void pin_address(struct making *making, unsigned number, uint64_t value)
{
	uint64_t mask = address_mask(making->decoded);

	pin(making, number,
	    (value & mask) |
		    (mask == UINT64_MAX || CHANCE(making, 50) ? 0 : ANY(making) & ~mask & register_mask(making)));
}

/* ---- patches ---- */

/* Room for bytes of the case's memory; NULL when there is no more. */
static uint8_t *patch(struct making *making, uint64_t address, uint32_t size)
{
	struct test_case *test = making->test;
	struct patch *new = &test->patches[test->patch_count];

	if (test->patch_count == CASE_PATCHES || size > CASE_PATCH_MAX - test->patch_size)
		return NULL;
	*new = (struct patch){ address, size, test->patch_size };
	test->patch_count++;
	test->patch_size += size;
	return &test->patch_bytes[new->offset];
}

static void patch_value(struct making *making, uint64_t address, uint32_t size, uint64_t value)
{
	uint8_t *bytes = patch(making, address, size);

	if (bytes)
		memcpy(bytes, &value, size);
}

static enum value_kind kind_of(const ZydisDecodedOperand *operand)
{
	switch (operand->element_type) {
	case ZYDIS_ELEMENT_TYPE_FLOAT16:
		return VALUE_FLOAT16;
	case ZYDIS_ELEMENT_TYPE_FLOAT32:
		return VALUE_FLOAT32;
	case ZYDIS_ELEMENT_TYPE_FLOAT64:
		return VALUE_FLOAT64;
	case ZYDIS_ELEMENT_TYPE_FLOAT80:
		return VALUE_FLOAT80;
	case ZYDIS_ELEMENT_TYPE_LONGBCD:
		return VALUE_BCD;
	default:
		break;
	}
	switch (operand->element_size) {
	case 8:
		return VALUE_INT8;
	case 16:
		return VALUE_INT16;
	case 32:
		return VALUE_INT32;
	case 64:
		return VALUE_INT64;
	default:
		return VALUE_RANDOM;
	}
}

/* ---- where memory operands lie ---- */

static uint64_t align(const struct making *making, uint64_t address, uint32_t size)
{
	uint64_t natural = 1;

	(void)making;
	while (natural < size && natural < 64)
		natural *= 2;
	return address & ~(natural - 1);
}

/* Somewhere in DATA, with room on both sides for what strings, stacks and bit offsets reach. */
static uint64_t choose_inside(struct making *making, uint32_t size)
{
	uint32_t room = size < 2048 ? 1024 : 128;
	uint64_t address = CASE_DATA + room + BELOW(making, CASE_DATA_SIZE - 2 * room - size);

	return CHANCE(making, 75) || size > 64 ? align(making, address, size) : address;
}

static uint64_t choose_target(struct making *making, uint32_t size)
{
	uint64_t before = 1 + BELOW(making, size > 1 ? size - 1 : 1);

	switch (BELOW(making, 50)) {
	case 0: /* over the end of what is mapped, over the end of what may be written, before the beginning */
		return CASE_READ_ONLY + CASE_READ_ONLY_SIZE - before;
	case 1:
		return CASE_READ_ONLY - before;
	case 2:
		return CASE_DATA - before;
	case 3:
		return align(making, CASE_READ_ONLY + BELOW(making, CASE_READ_ONLY_SIZE - size), size);
	case 4:
		return CASE_READ_ONLY + BELOW(making, CASE_READ_ONLY_SIZE - size);
	case 5:
		return align(making, CASE_READ_ONLY + CASE_READ_ONLY_SIZE + BELOW(making, CASE_PAGE), size);
	case 6: /* not canonical */
		return UINT64_C(0x0000800000000000) - before +
		       (ANY(making) >> 17 & ~UINT64_C(63)) % (CHANCE(making, 50) ? 64 : UINT64_MAX);
	case 7: /* over the end of a page */
	case 8:
	case 9:
		return CASE_DATA + CASE_PAGE - before;
	default:
		return choose_inside(making, size);
	}
}

/* Writes a displacement into the instruction's bytes; what it cannot hold is cut off. */
static void write_displacement(struct making *making, uint64_t value)
{
	const ZydisDecodedInstruction *instruction = &making->decoded->instruction;
	uint8_t *code = making->test->code + making->test->offsets[making->index];

	memcpy(code + instruction->raw.disp.offset, &value, instruction->raw.disp.size / 8);
}

static void place_without_base(struct making *making, const ZydisDecodedOperandMem *memory, uint64_t target)
{
	uint64_t displacement = (uint64_t)memory->disp.value;
	unsigned index = 0;
	uint64_t value;

	if (memory->index == ZYDIS_REGISTER_NONE || !address_general(memory->index, &index)) {
		write_displacement(making, target);
		return;
	}
	if (!(making->pinned >> index & 1)) {
		value = ((target - displacement) & address_mask(making->decoded)) / memory->scale;
		pin_address(making, index, value);
	}
	write_displacement(making, target - making->test->state.gpr[index] * memory->scale);
}

/* Base and index are one register. */
static void place_twice(struct making *making, const ZydisDecodedOperandMem *memory, unsigned number, uint64_t target)
{
	uint64_t value = target - (uint64_t)memory->disp.value;

	if (!(making->pinned >> number & 1))
		pin_address(making, number, (value & address_mask(making->decoded)) / (1u + memory->scale));
}

static void place_with_base(struct making *making, const ZydisDecodedOperandMem *memory, unsigned base, uint64_t target)
{
	uint64_t offset = (uint64_t)memory->disp.value;
	unsigned index;

	if (memory->index != ZYDIS_REGISTER_NONE && address_general(memory->index, &index)) {
		if (index == base) {
			place_twice(making, memory, base, target);
			return;
		}
		if (making->pinned >> index & 1)
			; /* the base makes up for it, if it can */
		else if (making->pinned >> base & 1)
			pin_address(making, index, (target - offset - making->test->state.gpr[base]) / memory->scale);
		else
			pin_address(making, index,
				    CHANCE(making, 50) ? BELOW(making, 64) : values_general(&making->random));
		offset += making->test->state.gpr[index] * memory->scale;
	}
	if (!(making->pinned >> base & 1))
		pin_address(making, base, target - offset);
}

/* The elements of the index are small, with a wild one now and then. */
static void fill_index(struct making *making, const ZydisDecodedOperandMem *memory)
{
	uint8_t *vector = making->test->state.ymm[ZydisRegisterGetId(memory->index) & 15];
	bool is_wide = making->decoded->instruction.mnemonic == ZYDIS_MNEMONIC_VGATHERQPD ||
		       making->decoded->instruction.mnemonic == ZYDIS_MNEMONIC_VGATHERQPS ||
		       making->decoded->instruction.mnemonic == ZYDIS_MNEMONIC_VPGATHERQD ||
		       making->decoded->instruction.mnemonic == ZYDIS_MNEMONIC_VPGATHERQQ;
	unsigned size = is_wide ? 8 : 4;

	for (unsigned at = 0; at < 32; at += size) {
		int64_t element = (int64_t)BELOW(making, 101) - 50;

		if (CHANCE(making, 2))
			element = (int64_t)values_general(&making->random);
		memcpy(vector + at, &element, size);
	}
}

/* The linear address of an operand in the case's state. Its displacement may have been written since it was decoded. */
static uint64_t linear_address(const struct making *making, const ZydisDecodedOperand *operand)
{
	const uint8_t *code = making->test->code + making->test->offsets[making->index];
	struct decoded decoded;

	if (!decode(code, making->decoded->instruction.length, &decoded))
		return 0;
	return address_of(&decoded, &decoded.operands[operand->id].mem, &making->test->state, making->ip);
}

/* Lays an operand somewhere, as far as the registers leave a choice; returns where it is. */
static uint64_t place(struct making *making, const ZydisDecodedOperand *operand)
{
	const ZydisDecodedOperandMem *memory = &operand->mem;
	uint32_t size = operand->size / 8u;
	uint64_t target = choose_target(making, size ? size : 1);
	unsigned base;

	/* AMD takes SHA's operands from anywhere, Intel's manual from multiples of 16 bytes. */
	if (making->decoded->instruction.meta.isa_set == ZYDIS_ISA_SET_SHA)
		target &= ~UINT64_C(15);
	target -= address_base(making->decoded, memory->segment, &making->test->state);
	if (memory->type == ZYDIS_MEMOP_TYPE_VSIB)
		fill_index(making, memory);
	if (memory->base == ZYDIS_REGISTER_RSP && operand->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN &&
	    operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
		target += size;
	if (memory->base == ZYDIS_REGISTER_RIP || memory->base == ZYDIS_REGISTER_EIP)
		write_displacement(making, target - making->ip - making->decoded->instruction.length);
	else if (address_general(memory->base, &base))
		place_with_base(making, memory, base, target);
	else
		place_without_base(making, memory, target);
	return linear_address(making, operand);
}

/* ---- branches ---- */

/* An address to go to: a trap, or now and then what is not mapped or not canonical. */
static uint64_t choose_destination(struct making *making)
{
	const struct test_case *test = making->test;
	uint64_t address;

	switch (BELOW(making, 16)) {
	case 0:
		return CASE_CODE + CASE_CODE_SIZE + BELOW(making, CASE_PAGE);
	case 1:
		return CASE_DATA + BELOW(making, CASE_DATA_SIZE);
	case 2:
		return CHANCE(making, 50) ? values_general(&making->random) | UINT64_C(1) << 62 : CASE_CODE - 1;
	default:
		do {
			address = CASE_CODE + BELOW(making, CASE_CODE_SIZE);
		} while (address >= test->code_address && address < test->code_address + test->code_size);
		return address;
	}
}

static void write_immediate(struct making *making, unsigned which, uint64_t value)
{
	const ZydisDecodedInstruction *instruction = &making->decoded->instruction;
	uint8_t *code = making->test->code + making->test->offsets[making->index];

	memcpy(code + instruction->raw.imm[which].offset, &value, instruction->raw.imm[which].size / 8);
}

static void aim_relative(struct making *making)
{
	const ZydisDecodedInstruction *instruction = &making->decoded->instruction;
	uint64_t next = making->ip + instruction->length;
	uint64_t target;

	if (instruction->raw.imm[0].size > 8) {
		write_immediate(making, 0, choose_destination(making) - next);
		return;
	}
	do {
		target = next + BELOW(making, 256) - 128;
	} while (target >= making->test->code_address && target < making->test->code_address + making->test->code_size);
	write_immediate(making, 0, target - next);
}

/* A selector: of what may be loaded or gone to, or of what may not. */
static uint64_t choose_selector(struct making *making)
{
	static const uint16_t selectors[] = { SELECTOR_USER_DATA,
					      SELECTOR_USER_CODE,
					      SELECTOR_USER_CODE32,
					      SELECTOR_SMALL,
					      SELECTOR_DOWN,
					      SELECTOR_TASK,
					      0x18,
					      SELECTOR_KERNEL_CODE,
					      0,
					      3,
					      0x20,
					      0x28,
					      0x30,
					      0x60,
					      0x27,
					      0x2f,
					      0x22,
					      0x31,
					      0x04,
					      0xfff8,
					      0xffff,
					      0x8003,
					      SELECTOR_USER_DATA,
					      SELECTOR_SMALL };

	return selectors[BELOW(making, sizeof(selectors) / sizeof(selectors[0]))];
}

/* One of code that can be executed, mostly that which is. */
static uint64_t choose_code_selector(struct making *making)
{
	if (CHANCE(making, 15))
		return choose_selector(making);
	return CHANCE(making, 75)   ? making->test->state.segments[SEGMENT_CS]
	       : CHANCE(making, 50) ? SELECTOR_USER_CODE
				    : SELECTOR_USER_CODE32;
}

static bool is_far(const struct decoded *decoded)
{
	return decoded->instruction.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR;
}

/* An offset of `size` bytes and a selector, in `step` bytes each. */
static void patch_far_pointer(struct making *making, uint64_t address, uint32_t size, uint64_t offset,
			      uint64_t selector)
{
	uint8_t *bytes = patch(making, address, 2 * size);

	if (!bytes)
		return;
	memcpy(bytes, &offset, size);
	memcpy(bytes + size, &selector, size);
}

static void aim_indirect(struct making *making, uint64_t address)
{
	const ZydisDecodedOperand *operand = &making->decoded->operands[0];
	unsigned number;

	if (operand->type == ZYDIS_OPERAND_TYPE_POINTER) {
		write_immediate(making, 0, choose_destination(making));
		write_immediate(making, 1, choose_code_selector(making));
	} else if (is_far(making->decoded)) {
		patch_far_pointer(making, address, operand->size / 8u - 2, choose_destination(making),
				  choose_code_selector(making));
	} else if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY)
		patch_value(making, address, 8, choose_destination(making));
	else if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER && address_general(operand->reg.value, &number))
		pin(making, number, choose_destination(making));
}

/* ---- what single instructions want ---- */

static void prepare_division(struct making *making)
{
	uint64_t *gpr = making->test->state.gpr;
	bool is_signed = making->decoded->instruction.mnemonic == ZYDIS_MNEMONIC_IDIV;
	unsigned width = making->decoded->operands[0].size;

	if (CHANCE(making, 25))
		return;
	if (width == 8) {
		gpr[RAX] &= ~UINT64_C(0xff00);
		gpr[RAX] |= is_signed && gpr[RAX] & 0x80 ? 0xff00 : BELOW(making, 3) << 8;
		return;
	}
	gpr[RDX] = is_signed && gpr[RAX] >> (width - 1) & 1 ? UINT64_MAX : BELOW(making, 3);
	if (width < 64 && CHANCE(making, 30))
		gpr[RDX] = (gpr[RDX] & ((UINT64_C(1) << width) - 1)) | ANY(making) << width;
}

static void prepare_bit_offset(struct making *making)
{
	const ZydisDecodedOperand *operands = making->decoded->operands;
	unsigned number;
	int64_t offset = (int64_t)BELOW(making, 4000) - 2000;

	if (operands[0].type != ZYDIS_OPERAND_TYPE_MEMORY || operands[1].type != ZYDIS_OPERAND_TYPE_REGISTER ||
	    !address_general(operands[1].reg.value, &number))
		return;
	if (operands[1].size == 16)
		offset &= 0xffff;
	pin(making, number, (uint64_t)offset);
}

static bool is_repeated(const struct decoded *decoded)
{
	return decoded->instruction.attributes &
	       (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE);
}

static void prepare_count(struct making *making)
{
	/* With a count of 0 AMD checks the right to ports, and Intel's manual does not. */
	bool is_port = making->decoded->instruction.meta.category == ZYDIS_CATEGORY_IOSTRINGOP;
	uint64_t count = CHANCE(making, 90) ? BELOW(making, 10) : BELOW(making, 100);

	pin_address(making, RCX, count + is_port);
}

static bool loads_segment(const struct decoded *decoded)
{
	for (unsigned i = 0; i < decoded->instruction.operand_count; i++) {
		const ZydisDecodedOperand *operand = &decoded->operands[i];

		if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER &&
		    operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE &&
		    ZydisRegisterGetClass(operand->reg.value) == ZYDIS_REGCLASS_SEGMENT)
			return true;
	}
	return false;
}

/* The general registers that are read are selectors. */
static void prepare_selectors(struct making *making)
{
	for (unsigned i = 0; i < making->decoded->instruction.operand_count_visible; i++) {
		const ZydisDecodedOperand *operand = &making->decoded->operands[i];
		unsigned number;

		if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER && address_general(operand->reg.value, &number) &&
		    operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ)
			pin(making, number, (ANY(making) & ~UINT64_C(0xffff)) | choose_selector(making));
	}
}

static void prepare_frame(struct making *making)
{
	if (CHANCE(making, 80))
		write_immediate(making, 0, BELOW(making, 512));
	if (CHANCE(making, 85))
		pin(making, RBP, choose_inside(making, 8));
}

/* Of XSAVE and its kin: the host may have more components than the backend's three. */
static void prepare_components(struct making *making)
{
	pin(making, RAX, (ANY(making) & ~UINT64_C(0xfffffff8)) | (CHANCE(making, 50) ? 7 : 0));
	pin(making, RDX, ANY(making) << 32);
}

/* Of strings with explicit lengths: negative ones and ones beyond the vector among them. */
static void prepare_lengths(struct making *making)
{
	struct state *state = &making->test->state;

	if (!CHANCE(making, 75))
		return;
	state->gpr[RAX] = (uint64_t)((int64_t)BELOW(making, 41) - 20);
	state->gpr[RDX] = (uint64_t)((int64_t)BELOW(making, 41) - 20);
}

static void prepare_vector(struct making *making)
{
	uint64_t vector;

	do
		vector = BELOW(making, 256);
	while (vector == 0x80); /* a system call */
	write_immediate(making, 0, vector);
}

/* Before operands are placed: registers with a meaning of their own. */
static void prepare_registers(struct making *making)
{
	struct state *state = &making->test->state;

	if (loads_segment(making->decoded))
		prepare_selectors(making);
	switch (making->decoded->instruction.mnemonic) {
	case ZYDIS_MNEMONIC_DIV:
	case ZYDIS_MNEMONIC_IDIV:
		prepare_division(making);
		break;
	case ZYDIS_MNEMONIC_BT:
	case ZYDIS_MNEMONIC_BTC:
	case ZYDIS_MNEMONIC_BTR:
	case ZYDIS_MNEMONIC_BTS:
		prepare_bit_offset(making);
		break;
	case ZYDIS_MNEMONIC_RCL:
	case ZYDIS_MNEMONIC_RCR:
	case ZYDIS_MNEMONIC_ROL:
	case ZYDIS_MNEMONIC_ROR:
	case ZYDIS_MNEMONIC_SAR:
	case ZYDIS_MNEMONIC_SHL:
	case ZYDIS_MNEMONIC_SHR:
	case ZYDIS_MNEMONIC_SHLD:
	case ZYDIS_MNEMONIC_SHRD:
		if (CHANCE(making, 60))
			state->gpr[RCX] = (state->gpr[RCX] & ~UINT64_C(0xff)) | BELOW(making, 70);
		break;
	case ZYDIS_MNEMONIC_LOOP:
	case ZYDIS_MNEMONIC_LOOPE:
	case ZYDIS_MNEMONIC_LOOPNE:
	case ZYDIS_MNEMONIC_JECXZ:
	case ZYDIS_MNEMONIC_JRCXZ:
		if (CHANCE(making, 70))
			pin_address(making, RCX, BELOW(making, 3));
		break;
	case ZYDIS_MNEMONIC_ENTER:
		prepare_frame(making);
		break;
	case ZYDIS_MNEMONIC_XGETBV:
		if (CHANCE(making, 80))
			state->gpr[RCX] = 0;
		break;
	case ZYDIS_MNEMONIC_XSAVE:
	case ZYDIS_MNEMONIC_XSAVE64:
	case ZYDIS_MNEMONIC_XSAVEOPT:
	case ZYDIS_MNEMONIC_XSAVEOPT64:
	case ZYDIS_MNEMONIC_XSAVEC:
	case ZYDIS_MNEMONIC_XSAVEC64:
	case ZYDIS_MNEMONIC_XRSTOR:
	case ZYDIS_MNEMONIC_XRSTOR64:
		prepare_components(making);
		break;
	case ZYDIS_MNEMONIC_PCMPESTRI:
	case ZYDIS_MNEMONIC_PCMPESTRM:
	case ZYDIS_MNEMONIC_VPCMPESTRI:
	case ZYDIS_MNEMONIC_VPCMPESTRM:
		prepare_lengths(making);
		break;
	case ZYDIS_MNEMONIC_LAR:
	case ZYDIS_MNEMONIC_LSL:
	case ZYDIS_MNEMONIC_VERR:
	case ZYDIS_MNEMONIC_VERW:
		prepare_selectors(making);
		break;
	case ZYDIS_MNEMONIC_INT:
		prepare_vector(making);
		break;
	default:
		break;
	}
	if (is_repeated(making->decoded))
		prepare_count(making);
}

static void patch_interrupt_frame(struct making *making, uint64_t address)
{
	unsigned size = making->decoded->instruction.operand_width / 8u;
	uint64_t flags = ANY(making) & (FLAGS_STATUS | FLAG_DF | FLAG_AC | UINT64_C(0x200000));
	uint64_t selector = choose_code_selector(making);
	uint8_t *frame = patch(making, address, 5 * size);
	uint64_t values[5];

	if (!frame)
		return;
	values[0] = choose_destination(making);
	values[1] = selector | (CHANCE(making, 30) ? ANY(making) << 16 : 0);
	values[2] = flags | FLAG_FIXED | FLAG_IF;
	values[3] = CASE_DATA + BELOW(making, CASE_DATA_SIZE);
	values[4] = SELECTOR_USER_DATA;
	if (CHANCE(making, 10))
		values[4] = choose_selector(making);
	for (unsigned i = 0; i < 5; i++)
		memcpy(frame + i * size, &values[i], size);
}

/* What lies at an operand: a value of its kind, or what its instruction makes sense of. True: done. */
static bool patch_special(struct making *making, const ZydisDecodedOperand *operand, uint64_t address)
{
	struct test_case *test = making->test;
	uint32_t size = operand->size / 8u;
	uint8_t *bytes;

	if (loads_segment(making->decoded)) { /* alone, or behind an offset */
		patch_value(making,
			    size > 2 && making->decoded->instruction.meta.category != ZYDIS_CATEGORY_POP
				    ? address + size - 2
				    : address,
			    2, choose_selector(making));
		return true;
	}
	switch (making->decoded->instruction.mnemonic) {
	case ZYDIS_MNEMONIC_LDMXCSR:
	case ZYDIS_MNEMONIC_VLDMXCSR:
		patch_value(making, address, 4, image_mxcsr(&making->random, true));
		return true;
	case ZYDIS_MNEMONIC_FLDCW:
		patch_value(making, address, 2, image_fcw(&making->random));
		return true;
	case ZYDIS_MNEMONIC_FLDENV:
	case ZYDIS_MNEMONIC_FRSTOR:
		bytes = patch(making, address, size);
		if (bytes)
			image_environment(&making->random, bytes, size);
		return true;
	case ZYDIS_MNEMONIC_FXRSTOR:
	case ZYDIS_MNEMONIC_FXRSTOR64:
		bytes = patch(making, address, IMAGE_FXSAVE_SIZE);
		if (bytes)
			image_fxsave(&making->random, bytes);
		return true;
	case ZYDIS_MNEMONIC_XRSTOR:
	case ZYDIS_MNEMONIC_XRSTOR64:
		bytes = patch(making, address, IMAGE_XSAVE_SIZE);
		if (bytes)
			image_xsave(&making->random, bytes);
		return true;
	case ZYDIS_MNEMONIC_POPF:
	case ZYDIS_MNEMONIC_POPFQ: /* a single step would come after the trap */
		patch_value(making, address, size, ANY(making) & ~FLAG_TF);
		return true;
	case ZYDIS_MNEMONIC_IRET:
	case ZYDIS_MNEMONIC_IRETD:
	case ZYDIS_MNEMONIC_IRETQ:
		patch_interrupt_frame(making, address);
		return true;
	case ZYDIS_MNEMONIC_RET:
		if (is_far(making->decoded))
			patch_far_pointer(making, address, making->decoded->instruction.operand_width / 8u,
					  choose_destination(making), choose_code_selector(making));
		else
			patch_value(making, address, 8, choose_destination(making));
		return true;
	case ZYDIS_MNEMONIC_LAR:
	case ZYDIS_MNEMONIC_LSL:
	case ZYDIS_MNEMONIC_VERR:
	case ZYDIS_MNEMONIC_VERW:
	case ZYDIS_MNEMONIC_ARPL:
		patch_value(making, address, 2, choose_selector(making));
		return true;
	case ZYDIS_MNEMONIC_CMPXCHG:
	case ZYDIS_MNEMONIC_CMPXCHG8B:
	case ZYDIS_MNEMONIC_CMPXCHG16B:
		bytes = CHANCE(making, 50) ? patch(making, address, size) : NULL;
		if (!bytes)
			return false;
		if (size == 16 || making->decoded->instruction.mnemonic == ZYDIS_MNEMONIC_CMPXCHG8B) {
			memcpy(bytes, &test->state.gpr[RAX], size / 2);
			memcpy(bytes + size / 2, &test->state.gpr[RDX], size / 2);
		} else {
			memcpy(bytes, &test->state.gpr[RAX], size);
		}
		return true;
	default:
		return false;
	}
}

static void patch_operand(struct making *making, const ZydisDecodedOperand *operand, uint64_t address)
{
	uint32_t size = operand->size / 8u;
	uint8_t *bytes;

	if (patch_special(making, operand, address) || !size || size > 64 ||
	    !(operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ))
		return;
	bytes = patch(making, address, size);
	if (bytes)
		values_fill(&making->random, kind_of(operand), bytes, size);
}

/* ---- the state ---- */

/* How accesses of more than 8 bytes, or of several parts, are checked for alignment is up to the processor (SDM vol.
 * 3, 6.15, interrupt 17). */
static bool may_check_alignment(const struct decoded *decoded)
{
	for (unsigned i = 0; i < decoded->instruction.operand_count; i++)
		if (decoded->operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
		    (decoded->operands[i].size > 64 || decoded->operands[i].mem.type == ZYDIS_MEMOP_TYPE_VSIB))
			return false;
	return decoded->instruction.mnemonic != ZYDIS_MNEMONIC_ENTER &&
	       decoded->instruction.meta.branch_type != ZYDIS_BRANCH_TYPE_FAR;
}

static void fill_flags(struct making *making, const struct decoded *first)
{
	struct state *state = &making->test->state;

	state->rflags = (ANY(making) & FLAGS_STATUS) | FLAG_FIXED | FLAG_IF;
	if (CHANCE(making, 30))
		state->rflags |= FLAG_DF;
	if (CHANCE(making, 3) && making->test->instructions == 1 && may_check_alignment(first))
		state->rflags |= FLAG_AC;
}

/* As Linux has them: null selectors, and two bases. */
static void fill_segments_64(struct making *making)
{
	struct state *state = &making->test->state;

	state->segments[SEGMENT_CS] = SELECTOR_USER_CODE;
	state->segments[SEGMENT_SS] = SELECTOR_USER_DATA;
	state->fs_base = CHANCE(making, 50) ? ANY(making) >> 17 : BELOW(making, 0x10000);
	state->gs_base = CHANCE(making, 50) ? ANY(making) >> 17 : BELOW(making, 0x10000);
}

/* Offsets of 16 bits reach the data by a segment with a base only. */
static void fill_segments_32(struct making *making, unsigned address_width)
{
	struct state *state = &making->test->state;
	uint32_t based = address_width == 16 ? 90 : 15;

	for (unsigned i = 0; i < SEGMENTS; i++)
		state->segments[i] = CHANCE(making, based) ? SELECTOR_SMALL : SELECTOR_USER_DATA;
	if (CHANCE(making, 5))
		state->segments[SEGMENT_DS] = CHANCE(making, 50) ? 0 : SELECTOR_USER_CODE32;
	if (CHANCE(making, 5))
		state->segments[SEGMENT_ES + BELOW(making, 2) * SEGMENT_FS] = SELECTOR_DOWN;
	state->segments[SEGMENT_CS] = SELECTOR_USER_CODE32;
	state->fs_base = segments_find(state->segments[SEGMENT_FS])->base;
	state->gs_base = segments_find(state->segments[SEGMENT_GS])->base;
}

static void fill_state(struct making *making, const struct decoded *first)
{
	struct state *state = &making->test->state;
	bool is_long = making->test->mode == 64;

	if (is_long)
		fill_segments_64(making);
	else
		fill_segments_32(making, first->instruction.address_width);
	for (unsigned i = 0; i < GPR_COUNT; i++)
		state->gpr[i] = values_general(&making->random) & register_mask(making);
	state->gpr[RSP] = choose_inside(making, 8);
	if (CHANCE(making, 50))
		state->gpr[RBP] = choose_inside(making, 8);
	if (state->segments[SEGMENT_SS] == SELECTOR_SMALL) {
		state->gpr[RSP] -= CASE_DATA;
		state->gpr[RBP] = (state->gpr[RBP] - CASE_DATA) & register_mask(making);
	}
	fill_flags(making, first);
	state->mxcsr = (uint32_t)image_mxcsr(&making->random, false);
	image_x87(&making->random, state);
	for (unsigned i = 0; i < 16; i++)
		values_fill(&making->random, VALUE_RANDOM, state->ymm[i], 32);
}

/* Gives the vector registers that an instruction has as operands values of their kind. */
static void fill_vectors(struct making *making, const struct decoded *decoded)
{
	struct state *state = &making->test->state;
	int first = -1;

	for (unsigned i = 0; i < decoded->instruction.operand_count; i++) {
		const ZydisDecodedOperand *operand = &decoded->operands[i];
		unsigned number;

		if (operand->type != ZYDIS_OPERAND_TYPE_REGISTER)
			continue;
		number = (unsigned)ZydisRegisterGetId(operand->reg.value);
		switch (ZydisRegisterGetClass(operand->reg.value)) {
		case ZYDIS_REGCLASS_MMX:
			values_fill(&making->random, kind_of(operand), state->st[number & 7], 8);
			break;
		case ZYDIS_REGCLASS_XMM:
		case ZYDIS_REGCLASS_YMM:
			if (first >= 0 && CHANCE(making, 12))
				memcpy(state->ymm[number & 15], state->ymm[first], 32);
			else
				values_fill(&making->random, kind_of(operand), state->ymm[number & 15], 32);
			first = (int)(number & 15);
			break;
		default:
			break;
		}
	}
}

/* ---- instructions ---- */

static void place_instruction(struct making *making)
{
	const struct decoded *decoded = making->decoded;
	uint64_t address = 0;

	prepare_registers(making);
	for (unsigned i = 0; i < decoded->instruction.operand_count; i++) {
		const ZydisDecodedOperand *operand = &decoded->operands[i];

		if (operand->type != ZYDIS_OPERAND_TYPE_MEMORY || operand->mem.type == ZYDIS_MEMOP_TYPE_AGEN)
			continue;
		address = place(making, operand);
		if (decoded->instruction.meta.branch_type == ZYDIS_BRANCH_TYPE_NONE ||
		    decoded->instruction.meta.category == ZYDIS_CATEGORY_RET)
			patch_operand(making, operand, address);
	}
	if (decoded->instruction.raw.imm[0].is_relative)
		aim_relative(making);
	else if (decoded->instruction.mnemonic == ZYDIS_MNEMONIC_JMP ||
		 decoded->instruction.mnemonic == ZYDIS_MNEMONIC_CALL)
		aim_indirect(making, decoded->operands[0].type == ZYDIS_OPERAND_TYPE_MEMORY
					     ? linear_address(making, &decoded->operands[0])
					     : 0);
}

/* x87 instructions look at what the one before has left only when the next one waits. */
static bool wants_wait(struct making *making, const struct decoded *decoded)
{
	return decoded->instruction.meta.category == ZYDIS_CATEGORY_X87_ALU && CHANCE(making, 30);
}

static bool append(struct making *making, const struct generator *generator, bool is_last, struct decoded *ret_decoded)
{
	struct test_case *test = making->test;

	for (unsigned i = 0; i < CODE_TRIES; i++) {
		const struct mnemonic *mnemonic = generator->mnemonics[BELOW(making, generator->mnemonic_count)];
		unsigned length = build(&making->random, &mnemonic->encodings[BELOW(making, mnemonic->count)],
					test->mode, test->code + test->code_size, ret_decoded);

		if (!length || !undefined_may_follow(ret_decoded, !test->instructions, is_last, making->undefined))
			continue;
		making->undefined = undefined_after(ret_decoded, making->undefined);
		test->mnemonic = mnemonic->id;
		test->offsets[test->instructions++] = test->code_size;
		test->code_size += length;
		return true;
	}
	return false;
}

static void choose_code_address(struct making *making)
{
	struct test_case *test = making->test;

	switch (BELOW(making, 40)) {
	case 0: /* over a page's end */
		test->code_address = CASE_CODE + CASE_PAGE - 1 - BELOW(making, test->code_size);
		break;
	case 1: /* up to the end of what is mapped, or, a little shorter, over it */
		test->code_address = CASE_CODE + CASE_CODE_SIZE - test->code_size;
		break;
	default:
		test->code_address = CASE_CODE + 0x800 + BELOW(making, 64);
		break;
	}
	test->state.rip = test->code_address;
}

static void choose_background(struct making *making)
{
	making->test->pool = BELOW(making, VALUE_KINDS);
	making->test->pool_offset = BELOW(making, VALUES_POOL_SIZE - CASE_DATA_SIZE);
}

void generate(const struct generator *generator, uint64_t number, struct test_case *ret_test)
{
	struct making making = { .test = ret_test };
	struct decoded decoded[CASE_CHAIN_MAX] = { 0 };

	memset(ret_test, 0, sizeof(*ret_test));
	random_seed(&making.random, generator->seed, number);
	ret_test->number = number;
	ret_test->mode = generator->mode;
	while (ret_test->instructions < generator->chain)
		if (!append(&making, generator, ret_test->instructions + 1 == generator->chain,
			    &decoded[ret_test->instructions]))
			break;
	if (ret_test->instructions && wants_wait(&making, &decoded[ret_test->instructions - 1]))
		ret_test->code[ret_test->code_size++] = 0x9b;
	if (!ret_test->code_size)
		ret_test->code[ret_test->code_size++] = 0x90;
	choose_code_address(&making);
	choose_background(&making);
	fill_state(&making, &decoded[0]);
	for (uint32_t i = 0; i < ret_test->instructions; i++) {
		making.decoded = &decoded[i];
		making.index = i;
		making.ip = ret_test->code_address + ret_test->offsets[i];
		fill_vectors(&making, &decoded[i]);
		place_instruction(&making);
	}
}
