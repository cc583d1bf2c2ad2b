/* SPDX-License-Identifier: Apache-2.0 */
/* What may differ after an x86_64 instruction, and how one is found and shown. */
#include <stdio.h>
#include <string.h>

#include <axvcpu/regs/x86_64.h>

#include "../common/x86_64/undefined.h"
#include "../common/x86_64/where.h"
#include "arch.h"

#define CR0_PE UINT64_C(1)
#define CR0_PG (UINT64_C(1) << 31)
#define CR4_PAE UINT64_C(0x20)
#define CR4_LA57 UINT64_C(0x1000)
#define EFER_LMA UINT64_C(0x400)
#define RFLAGS_VM UINT64_C(0x20000)
#define CS_L UINT64_C(0x2000)
#define CS_DB UINT64_C(0x4000)
#define CS AXVCPU_X86_64_SEGMENT(1, 0)
#define PAGE_PRESENT UINT64_C(1)
#define PAGE_ACCESSED_DIRTY UINT64_C(0x60)
#define PAGE_LARGE UINT64_C(0x80)
#define PAGE_ADDRESS UINT64_C(0xffffffffff000)
#define REPEATS (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE)
#define MSR_TSC 0x10u
#define MP_STATE AXVCPU_X86_64_EVENT(19)
#define TR AXVCPU_X86_64_SEGMENT(6, 0)
#define TASK_BITMAP 0x66u
#define OPCODE_OUT 0xe6
#define ACCESS_READ 1
#define ACCESS_EXECUTE 4
#define VECTORS_FIRST 32u /* index of ymm0 among the fp registers */

enum { HALTED = 3 };
enum { RAX, RCX, RDX, RBX };

_Static_assert((int)WHERE_BYTES_MAX <= (int)INSTRUCTION_BYTES_MAX, "an instruction fits");

static uint64_t get(const struct lockstep *lockstep, const uint8_t *block, uint64_t id)
{
	return registers_get(lockstep, block, id);
}

static ZydisMachineMode machine_mode(const struct lockstep *lockstep, const uint8_t *block)
{
	uint64_t attributes = get(lockstep, block, CS + 3);
	bool is_long = get(lockstep, block, AXVCPU_X86_64_MSR(0xc0000080)) & EFER_LMA;

	if (!(get(lockstep, block, AXVCPU_X86_64_CR(0)) & CR0_PE) ||
	    (!is_long && get(lockstep, block, AXVCPU_X86_64_RFLAGS) & RFLAGS_VM))
		return ZYDIS_MACHINE_MODE_REAL_16;
	if (is_long && attributes & CS_L)
		return ZYDIS_MACHINE_MODE_LONG_64;
	if (is_long)
		return attributes & CS_DB ? ZYDIS_MACHINE_MODE_LONG_COMPAT_32 : ZYDIS_MACHINE_MODE_LONG_COMPAT_16;
	return attributes & CS_DB ? ZYDIS_MACHINE_MODE_LEGACY_32 : ZYDIS_MACHINE_MODE_LEGACY_16;
}

static uint64_t address(const struct lockstep *lockstep, const uint8_t *block)
{
	uint64_t rip = get(lockstep, block, AXVCPU_X86_64_RIP);

	if (machine_mode(lockstep, block) == ZYDIS_MACHINE_MODE_LONG_64)
		return rip;
	return (get(lockstep, block, CS + 1) + rip) & UINT32_MAX;
}

/* ---- what it is ---- */

static size_t fetch(struct lockstep *lockstep, uint64_t pc, uint8_t *ret_bytes)
{
	const struct axarch_dispatch *ops = lockstep->primary.ops;
	size_t done = 0;

	while (done < WHERE_BYTES_MAX) {
		size_t here = AXVCPU_PAGE_SIZE - ((pc + done) & (AXVCPU_PAGE_SIZE - 1)), left = WHERE_BYTES_MAX - done;
		uint64_t gpa;

		if (ops->translate.fn(ops->translate.self, pc + done, ACCESS_EXECUTE, &gpa))
			break;
		left = memory_read(lockstep, gpa, ret_bytes + done, here < left ? here : left);
		if (!left)
			break;
		done += left;
	}
	return done;
}

struct decoded {
	ZydisDecodedInstruction head;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
};

static bool decode_bytes(const struct instruction *instruction, struct decoded *ret_decoded)
{
	static const ZydisStackWidth widths[] = {
		[ZYDIS_MACHINE_MODE_LONG_64] = ZYDIS_STACK_WIDTH_64,
		[ZYDIS_MACHINE_MODE_LONG_COMPAT_32] = ZYDIS_STACK_WIDTH_32,
		[ZYDIS_MACHINE_MODE_LEGACY_32] = ZYDIS_STACK_WIDTH_32,
		[ZYDIS_MACHINE_MODE_LONG_COMPAT_16] = ZYDIS_STACK_WIDTH_16,
		[ZYDIS_MACHINE_MODE_LEGACY_16] = ZYDIS_STACK_WIDTH_16,
		[ZYDIS_MACHINE_MODE_REAL_16] = ZYDIS_STACK_WIDTH_16,
	};
	ZydisDecoder decoder;

	return ZYAN_SUCCESS(
		       ZydisDecoderInit(&decoder, (ZydisMachineMode)instruction->mode, widths[instruction->mode])) &&
	       ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, instruction->bytes, instruction->size, &ret_decoded->head,
						   ret_decoded->operands));
}

static void let_general(const ZydisDecodedOperand *operand, struct instruction *instruction)
{
	ZydisRegister whole;

	if (operand->type != ZYDIS_OPERAND_TYPE_REGISTER)
		return;
	whole = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, operand->reg.value);
	if (whole >= ZYDIS_REGISTER_RAX && whole <= ZYDIS_REGISTER_R15)
		instruction->general |= UINT64_C(1) << (whole - ZYDIS_REGISTER_RAX);
}

/* ---- the list, by mnemonic ---- */

struct subject {
	const struct lockstep *lockstep;
	const struct decoded *decoded;
};

static void let_time(const struct subject *subject, struct instruction *instruction)
{
	(void)subject;
	instruction->general |= 1u << RAX | 1u << RDX;
}

static void let_time_and_processor(const struct subject *subject, struct instruction *instruction)
{
	let_time(subject, instruction);
	instruction->general |= 1u << RCX;
}

/* The time stamp counter's is time, too. */
static void let_msr_of_time(const struct subject *subject, struct instruction *instruction)
{
	const struct lockstep *lockstep = subject->lockstep;

	if ((uint32_t)get(lockstep, lockstep->primary.start, AXVCPU_X86_64_GPR(RCX)) == MSR_TSC)
		let_time(subject, instruction);
}

static void let_identity(const struct subject *subject, struct instruction *instruction)
{
	(void)subject;
	instruction->general |= 1u << RAX | 1u << RBX | 1u << RCX | 1u << RDX;
}

/* The carry flag says whether there was a number. */
static void let_chance(const struct subject *subject, struct instruction *instruction)
{
	let_general(&subject->decoded->operands[0], instruction);
	instruction->flags |= UNDEFINED_CF;
}

static void let_destination(const struct subject *subject, struct instruction *instruction)
{
	let_general(&subject->decoded->operands[0], instruction);
}

/* The source was 0 if ZF is set. */
static void let_destination_of_zero(const struct subject *subject, struct instruction *instruction)
{
	let_destination(subject, instruction);
	instruction->wants_zero = true;
}

static void let_state(const struct subject *subject, struct instruction *instruction)
{
	(void)subject;
	instruction->stores_state = true;
}

static void let_delay(const struct subject *subject, struct instruction *instruction)
{
	(void)subject;
	instruction->delays = true;
}

static void let_delay_after_ss(const struct subject *subject, struct instruction *instruction)
{
	const ZydisDecodedOperand *operand = &subject->decoded->operands[0];

	instruction->delays |= operand->type == ZYDIS_OPERAND_TYPE_REGISTER && operand->reg.value == ZYDIS_REGISTER_SS;
}

static void let_16_bits(const struct subject *subject, struct instruction *instruction)
{
	if (subject->decoded->operands[0].size == 16)
		let_destination(subject, instruction);
}

static void let_approximation(const struct subject *subject, struct instruction *instruction)
{
	(void)subject;
	instruction->is_approximate = true;
}

/* The operand of the count is an immediate, or cl. */
static void let_by_count(const struct subject *subject, unsigned index, struct instruction *instruction)
{
	const struct lockstep *lockstep = subject->lockstep;
	const ZydisDecodedOperand *operands = subject->decoded->operands;
	uint64_t count = operands[index].type == ZYDIS_OPERAND_TYPE_IMMEDIATE
				 ? operands[index].imm.value.u
				 : get(lockstep, lockstep->primary.start, AXVCPU_X86_64_GPR(RCX));
	uint64_t flags = undefined_by_count(subject->decoded->head.mnemonic, operands[0].size,
					    (unsigned)count & (operands[0].size == 64 ? 63 : 31));

	instruction->flags |= flags & UNDEFINED_STATUS;
	if (flags == UINT64_MAX && operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER)
		let_general(&operands[0], instruction);
	else if (flags == UINT64_MAX)
		instruction->stores_state = true;
}

static void let_by_second(const struct subject *subject, struct instruction *instruction)
{
	let_by_count(subject, 1, instruction);
}

static void let_by_third(const struct subject *subject, struct instruction *instruction)
{
	let_by_count(subject, 2, instruction);
}

static const struct {
	ZydisMnemonic mnemonic;
	void (*let)(const struct subject *subject, struct instruction *instruction);
} list[] = {
/* clang-format off */
#define ROW(name, let) { ZYDIS_MNEMONIC_##name, let },
#define LET_1 let_by_second
#define LET_2 let_by_third
#define SHIFT(name, operand, where) ROW(name, LET_##operand)
#define SCAN(name, flags, where) ROW(name, let_destination_of_zero)
#define APPROXIMATION(name) ROW(name, let_approximation)
	ROW(RDTSC, let_time)
	ROW(RDTSCP, let_time_and_processor)
	ROW(RDPMC, let_time)
	ROW(RDMSR, let_msr_of_time)
	ROW(CPUID, let_identity)
	ROW(XGETBV, let_time)
	ROW(RDPID, let_destination)
	ROW(RDRAND, let_chance)
	ROW(RDSEED, let_chance)
	ROW(BSWAP, let_16_bits)
	ROW(STI, let_delay)
	ROW(MOV, let_delay_after_ss)
	ROW(POP, let_delay_after_ss)
	ROW(FNSTENV, let_state) ROW(FNSAVE, let_state)
	ROW(FXSAVE, let_state) ROW(FXSAVE64, let_state)
	ROW(XSAVE, let_state) ROW(XSAVE64, let_state) ROW(XSAVEOPT, let_state) ROW(XSAVEOPT64, let_state)
	ROW(XSAVEC, let_state) ROW(XSAVEC64, let_state) ROW(XSAVES, let_state) ROW(XSAVES64, let_state)
	UNDEFINED_SHIFTS(SHIFT)
	UNDEFINED_SCANS(SCAN)
	UNDEFINED_APPROXIMATIONS(APPROXIMATION)
	/* clang-format on */
};

/* Of what is undefined whatever the state is: see plugins/common/x86_64/undefined.h. */
static void look_up(const struct subject *subject, struct instruction *instruction)
{
	ZydisMnemonic mnemonic = subject->decoded->head.mnemonic;

	instruction->flags = undefined_flags(mnemonic);
	instruction->codes = undefined_codes(mnemonic);
	instruction->is_repeated = subject->decoded->head.attributes & REPEATS;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (list[i].mnemonic == mnemonic)
			list[i].let(subject, instruction);
}

static bool is_delivering(const struct lockstep *lockstep, const uint8_t *block)
{
	static const uint64_t events[] = { AXVCPU_X86_64_EVENT(0), AXVCPU_X86_64_EVENT(1), AXVCPU_X86_64_EVENT(7),
					   AXVCPU_X86_64_EVENT(11), AXVCPU_X86_64_EVENT(12) };

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (get(lockstep, block, events[i]))
			return true;
	return false;
}

static void take_bytes(struct lockstep *lockstep, const uint8_t *block, struct instruction *ret_instruction)
{
	ret_instruction->pc = address(lockstep, block);
	ret_instruction->mode = (uint32_t)machine_mode(lockstep, block);
	ret_instruction->size = fetch(lockstep, ret_instruction->pc, ret_instruction->bytes);
}

static void decode(struct lockstep *lockstep, struct instruction *ret_instruction)
{
	struct decoded decoded;
	struct subject subject = { lockstep, &decoded };

	take_bytes(lockstep, lockstep->primary.start, ret_instruction);
	if (decode_bytes(ret_instruction, &decoded))
		look_up(&subject, ret_instruction);
	ret_instruction->delays |= is_delivering(lockstep, lockstep->primary.start);
}

static void describe(const struct instruction *instruction, char *ret_text, size_t capacity)
{
	where_text((ZydisMachineMode)instruction->mode, instruction->pc, instruction->bytes, instruction->size,
		   ret_text, capacity);
}

/* ---- a repeated instruction that is over, and still the next ---- */

static bool is_over(const struct lockstep *lockstep, const struct decoded *decoded, const uint8_t *block)
{
	uint64_t count = get(lockstep, block, AXVCPU_X86_64_GPR(RCX));
	uint64_t mask = decoded->head.address_width == 64   ? UINT64_MAX
			: decoded->head.address_width == 32 ? UINT32_MAX
							    : 0xffff;

	return decoded->head.attributes & REPEATS && !(count & mask);
}

/* With a count of 0 it does nothing but go on to the next: that is done for the engine whose pc it still has. */
static int32_t pass_repeated(struct lockstep *lockstep, struct engine *engine)
{
	struct instruction instruction = { 0 };
	struct decoded decoded;
	uint64_t pc = get(lockstep, engine->now, AXVCPU_X86_64_RIP);

	take_bytes(lockstep, engine->now, &instruction);
	if (!decode_bytes(&instruction, &decoded) || !is_over(lockstep, &decoded, engine->now))
		return 0;
	pc += decoded.head.length;
	return engine->ops->set_reg.fn(engine->ops->set_reg.self, AXVCPU_X86_64_RIP, &pc, sizeof(pc));
}

static int32_t even_out(struct lockstep *lockstep)
{
	struct engine *primary = &lockstep->primary, *shadow = &lockstep->shadow;
	int32_t error;

	if (get(lockstep, primary->now, AXVCPU_X86_64_RIP) == get(lockstep, shadow->now, AXVCPU_X86_64_RIP))
		return 0;
	error = pass_repeated(lockstep, primary);
	return error ? error : pass_repeated(lockstep, shadow);
}

static int32_t wake(struct lockstep *lockstep)
{
	const struct axarch_dispatch *ops = lockstep->shadow.ops;
	uint64_t before = get(lockstep, lockstep->primary.start, MP_STATE),
		 now = get(lockstep, lockstep->primary.now, MP_STATE);

	if (before != HALTED || now == HALTED)
		return 0;
	return ops->set_reg.fn(ops->set_reg.self, MP_STATE, &now, sizeof(now));
}

/* ---- traps ---- */

static bool is_user(const struct lockstep *lockstep, const uint8_t *block)
{
	return get(lockstep, block, AXVCPU_X86_64_CR(0)) & CR0_PE && (get(lockstep, block, CS) & 3) == 3;
}

static bool add_byte(const struct engine *engine, uint64_t linear, uint32_t access, uint8_t value, struct trap *trap)
{
	unsigned i = trap->count;

	if (engine->ops->translate.fn(engine->ops->translate.self, linear, access, &trap->bytes[i].gpa))
		return false;
	trap->bytes[i].value = value;
	trap->count++;
	return true;
}

/*
 * An OUT to port 0. So that programs may do that, the bitmap of the task's state begins where it does, for that time:
 * its first bytes are reserved and 0 in long mode.
 */
static bool make_trap(struct lockstep *lockstep, struct engine *engine, struct trap *trap)
{
	uint64_t task = get(lockstep, engine->start, TR + 1), limit = get(lockstep, engine->start, TR + 2);

	trap->size = 2;
	trap->reason = AXVCPU_EXIT_IO_WRITE;
	return limit >= TASK_BITMAP + 1 && add_byte(engine, trap->address, ACCESS_EXECUTE, OPCODE_OUT, trap) &&
	       add_byte(engine, trap->address + 1, ACCESS_EXECUTE, 0, trap) &&
	       add_byte(engine, task + TASK_BITMAP, ACCESS_READ, 0, trap) &&
	       add_byte(engine, task + TASK_BITMAP + 1, ACCESS_READ, 0, trap);
}

/* ---- registers ---- */

/* Each with an error of its own: twice what one may be off. */
static bool is_near(const uint8_t *one, const uint8_t *other, uint32_t size)
{
	for (uint32_t at = 0; at < size; at += 4) {
		float a, b;

		if (!memcmp(one + at, other + at, 4))
			continue;
		memcpy(&a, one + at, 4);
		memcpy(&b, other + at, 4);
		if (!(__builtin_fabsf(a - b) <= __builtin_fabsf(a) * (3.0f / 4096)))
			return false;
	}
	return true;
}

static bool is_vector(const struct row *row)
{
	return AXVCPU_REG_ID_GROUP(row->reg->id) == AXVCPU_REG_FP &&
	       AXVCPU_REG_ID_INDEX(row->reg->id) - VECTORS_FIRST < 16;
}

static uint64_t may_differ(const struct lockstep *lockstep, const struct instruction *instruction,
			   const struct row *row)
{
	if (row->reg->id == AXVCPU_X86_64_RFLAGS)
		return instruction->flags;
	if (row->reg->id == AXVCPU_X86_64_FPU(1))
		return instruction->codes;
	if (row->reg->id - AXVCPU_X86_64_GPR(0) < 16 && instruction->wants_zero &&
	    !(get(lockstep, lockstep->primary.now, AXVCPU_X86_64_RFLAGS) & UNDEFINED_ZF))
		return 0;
	if (row->reg->id - AXVCPU_X86_64_GPR(0) < 16)
		return instruction->general >> (row->reg->id - AXVCPU_X86_64_GPR(0)) & 1 ? UINT64_MAX : 0;
	if (instruction->is_approximate && is_vector(row) &&
	    is_near(lockstep->primary.now + row->offset, lockstep->shadow.now + row->offset, row->reg->size))
		return UINT64_MAX;
	return 0;
}

/* ---- memory: bits that say that a page was used ---- */

struct paging {
	struct lockstep *lockstep;
	unsigned levels;
	bool is_narrow; /* entries of 32 bits */
	uint64_t root;
};

static bool paging_of(struct lockstep *lockstep, struct paging *ret_paging)
{
	const uint8_t *now = lockstep->primary.now;
	uint64_t cr4 = get(lockstep, now, AXVCPU_X86_64_CR(4));
	bool is_long = get(lockstep, now, AXVCPU_X86_64_MSR(0xc0000080)) & EFER_LMA;

	*ret_paging = (struct paging){ .lockstep = lockstep,
				       .levels = is_long         ? (cr4 & CR4_LA57 ? 5 : 4)
						 : cr4 & CR4_PAE ? 3
								 : 2,
				       .is_narrow = !is_long && !(cr4 & CR4_PAE),
				       .root = get(lockstep, now, AXVCPU_X86_64_CR(3)) & PAGE_ADDRESS };
	return get(lockstep, now, AXVCPU_X86_64_CR(0)) & CR0_PG;
}

static bool is_table(const struct paging *paging, uint64_t table, unsigned level, uint64_t page)
{
	uint8_t bytes[AXVCPU_PAGE_SIZE];
	unsigned size = paging->is_narrow ? 4 : 8;

	if (table == page)
		return true;
	if (level == 1 || memory_read(paging->lockstep, table, bytes, sizeof(bytes)) != sizeof(bytes))
		return false;
	for (unsigned at = 0; at < sizeof(bytes); at += size) {
		uint64_t entry = 0;

		memcpy(&entry, bytes + at, size);
		if (entry & PAGE_PRESENT && !(entry & PAGE_LARGE && level <= 3) &&
		    is_table(paging, entry & PAGE_ADDRESS, level - 1, page))
			return true;
	}
	return false;
}

struct looked_at {
	struct paging paging;
	const struct instruction *instruction;
	bool has_paging, all_may;
};

static bool look_at_word(void *context, uint64_t gpa, uint64_t primary, uint64_t shadow)
{
	struct looked_at *looked_at = context;
	const struct paging *paging = &looked_at->paging;
	uint64_t used = PAGE_ACCESSED_DIRTY | (paging->is_narrow ? PAGE_ACCESSED_DIRTY << 32 : 0);
	bool may = looked_at->instruction->stores_state;

	if (!may && looked_at->has_paging && !((primary ^ shadow) & ~used))
		may = is_table(paging, paging->root, paging->levels, gpa & PAGE_ADDRESS);
	looked_at->all_may = may;
	return may;
}

static bool give_word(void *context, uint64_t gpa, uint64_t primary, uint64_t shadow)
{
	(void)primary;
	(void)shadow;
	memory_give(context, gpa, sizeof(primary));
	return true;
}

static bool allow_memory(struct lockstep *lockstep, const struct instruction *instruction)
{
	struct looked_at looked_at = { .instruction = instruction, .all_may = true };

	looked_at.has_paging = paging_of(lockstep, &looked_at.paging);
	memory_differing_words(lockstep, look_at_word, &looked_at);
	if (looked_at.all_may)
		memory_differing_words(lockstep, give_word, lockstep);
	return looked_at.all_may;
}

const struct arch arch_x86_64 = {
	.arch = AXVCPU_ARCH_X86_64,
	.pc = AXVCPU_X86_64_RIP,
	.address = address,
	.decode = decode,
	.describe = describe,
	.even_out = even_out,
	.wake = wake,
	.is_delivering = is_delivering,
	.is_user = is_user,
	.make_trap = make_trap,
	.may_differ = may_differ,
	.allow_memory = allow_memory,
};
