/* SPDX-License-Identifier: Apache-2.0 */
/* See decode.h. */
#include "decode.h"

#include <pthread.h>
#include <string.h>

#include "exec/branch.h"
#include "exec/exec.h"
#include "exec/fused.h"

/* ---- the rows of all files, by mnemonic ---- */

/* clang-format off */
#define TABLES(TABLE) \
	TABLE(data) TABLE(arithmetic) TABLE(logic) TABLE(shift) TABLE(bit) TABLE(branch) \
	TABLE(string) TABLE(far) TABLE(segment_moves) TABLE(system) TABLE(io) TABLE(x87_data) \
	TABLE(x87_arithmetic) TABLE(x87_compare) TABLE(x87_transcendental) TABLE(x87_control) TABLE(sse_move) TABLE(sse_float) \
	TABLE(sse_convert) TABLE(sse_integer) TABLE(sse_shuffle) TABLE(sse_string) TABLE(crypto) TABLE(avx_move) \
	TABLE(avx_float) TABLE(avx_fma) TABLE(avx_convert) TABLE(avx_integer) TABLE(avx_shuffle) TABLE(avx_gather) \
	TABLE(avx_crypto) TABLE(mmx) TABLE(state)
/* clang-format on */

#define DECLARE_TABLE(name) extern const struct x86_rows x86_rows_##name;
TABLES(DECLARE_TABLE)

#define NAME_TABLE(name) &x86_rows_##name,
static const struct x86_rows *const tables[] = { TABLES(NAME_TABLE) };

enum { ROWS_MAX = 8192 };

static const struct x86_row *sorted[ROWS_MAX];
static uint16_t first_row[ZYDIS_MNEMONIC_MAX_VALUE + 2];
static ZydisDecoder decoders[X86_MODE_64 + 1];

static void count_rows(void)
{
	for (size_t t = 0; t < X86_COUNT(tables); t++)
		for (size_t i = 0; i < tables[t]->count; i++)
			first_row[tables[t]->rows[i].mnemonic + 1]++;
	for (size_t m = 0; m <= ZYDIS_MNEMONIC_MAX_VALUE; m++)
		first_row[m + 1] = (uint16_t)(first_row[m + 1] + first_row[m]);
}

/* Rows of a mnemonic keep the order of their tables. */
static void sort_rows(void)
{
	static uint16_t next[ZYDIS_MNEMONIC_MAX_VALUE + 1];

	memcpy(next, first_row, sizeof(next));
	for (size_t t = 0; t < X86_COUNT(tables); t++)
		for (size_t i = 0; i < tables[t]->count; i++)
			if (next[tables[t]->rows[i].mnemonic] < ROWS_MAX)
				sorted[next[tables[t]->rows[i].mnemonic]++] = &tables[t]->rows[i];
}

static void prepare(void)
{
	static const struct {
		ZydisMachineMode mode;
		ZydisStackWidth stack;
	} modes[] = {
		/* What is not for these two is in the rows; Zydis knows more (sysenter, which raises #GP). */
		[X86_MODE_REAL] = { ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16 },
		[X86_MODE_V86] = { ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16 },
		[X86_MODE_16] = { ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16 },
		[X86_MODE_32] = { ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32 },
		[X86_MODE_COMPAT_16] = { ZYDIS_MACHINE_MODE_LONG_COMPAT_16, ZYDIS_STACK_WIDTH_16 },
		[X86_MODE_COMPAT_32] = { ZYDIS_MACHINE_MODE_LONG_COMPAT_32, ZYDIS_STACK_WIDTH_32 },
		[X86_MODE_64] = { ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64 },
	};

	count_rows();
	sort_rows();
	for (size_t i = 0; i < X86_COUNT(modes); i++)
		ZydisDecoderInit(&decoders[i], modes[i].mode, modes[i].stack);
}

static void prepare_once(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, prepare);
}

const ZydisDecoder *x86_decoder(unsigned mode)
{
	prepare_once();
	return &decoders[mode & X86_MODE_MASK];
}

/* ---- one instruction ---- */

struct instruction {
	ZydisDecodedInstruction head;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	char kinds[ZYDIS_MAX_OPERAND_COUNT + 1];
};

EXEC(undefined)
{
	return x86_fault(cpu, op, X86_UD);
}

EXEC(not_available)
{
	return x86_fault(cpu, op, X86_NM);
}

/* Longer than 15 bytes. */
EXEC(too_long)
{
	return x86_fault_code(cpu, op, X86_GP, 0);
}

/* Behind the last instruction of a block that ran out of page or of room. */
EXEC(fall_through)
{
	X86_SKIP(cpu, op);
}

static char kind_of_register(ZydisRegister reg)
{
	switch (ZydisRegisterGetClass(reg)) {
	case ZYDIS_REGCLASS_GPR8:
	case ZYDIS_REGCLASS_GPR16:
	case ZYDIS_REGCLASS_GPR32:
	case ZYDIS_REGCLASS_GPR64:
		return 'r';
	case ZYDIS_REGCLASS_X87:
		return 't';
	case ZYDIS_REGCLASS_MMX:
		return 'q';
	case ZYDIS_REGCLASS_XMM:
		return 'x';
	case ZYDIS_REGCLASS_YMM:
		return 'y';
	case ZYDIS_REGCLASS_SEGMENT:
		return 's';
	case ZYDIS_REGCLASS_CONTROL:
		return 'c';
	case ZYDIS_REGCLASS_DEBUG:
		return 'd';
	default:
		return '?';
	}
}

static char kind_of(const ZydisDecodedOperand *operand)
{
	switch (operand->type) {
	case ZYDIS_OPERAND_TYPE_REGISTER:
		return kind_of_register(operand->reg.value);
	case ZYDIS_OPERAND_TYPE_MEMORY:
		return 'm';
	case ZYDIS_OPERAND_TYPE_IMMEDIATE:
		return operand->imm.is_relative ? 'o' : 'i';
	case ZYDIS_OPERAND_TYPE_POINTER:
		return 'p';
	default:
		return '?';
	}
}

static void find_kinds(struct instruction *insn)
{
	for (unsigned i = 0; i < insn->head.operand_count_visible; i++)
		insn->kinds[i] = kind_of(&insn->operands[i]);
	insn->kinds[insn->head.operand_count_visible] = '\0';
}

/* log2 of bytes; 8, 16, 32, 64 bits. */
static unsigned width_of(unsigned bits)
{
	return bits >= 64 ? 3 : bits >= 32 ? 2 : bits >= 16 ? 1 : 0;
}

static bool row_fits(const struct x86_row *row, const struct instruction *insn, unsigned mode, unsigned size)
{
	if (row->kinds && strcmp(row->kinds, insn->kinds))
		return false;
	if (!!(row->flags & X86_ROW_FAR) != (insn->head.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR))
		return false;
	if (row->flags & (mode == X86_MODE_64 ? X86_ROW_LEGACY : X86_ROW_LONG))
		return false;
	return row->fn[size];
}

static const struct x86_row *find_row(const struct instruction *insn, unsigned mode, unsigned size)
{
	unsigned end = first_row[insn->head.mnemonic + 1];

	for (unsigned i = first_row[insn->head.mnemonic]; i < end; i++)
		if (row_fits(sorted[i], insn, mode, size))
			return sorted[i];
	return NULL;
}

/* What the control registers forbid: NULL, or what raises it. */
static x86_exec_fn forbidden(const struct instruction *insn, uint32_t mode)
{
	bool vex = insn->head.encoding == ZYDIS_INSTRUCTION_ENCODING_VEX;
	bool vector = strpbrk(insn->kinds, "xy");

	if (vex && (mode & X86_MODE_MASK) <= X86_MODE_V86)
		return undefined;
	switch (insn->head.mnemonic) {
	case ZYDIS_MNEMONIC_LDMXCSR:
	case ZYDIS_MNEMONIC_STMXCSR:
	case ZYDIS_MNEMONIC_VLDMXCSR:
	case ZYDIS_MNEMONIC_VSTMXCSR:
	case ZYDIS_MNEMONIC_VZEROALL:
	case ZYDIS_MNEMONIC_VZEROUPPER:
		vector = true;
		break;
	case ZYDIS_MNEMONIC_FWAIT: /* MP and TS, which its executor looks at */
		return NULL;
	case ZYDIS_MNEMONIC_FXSAVE:
	case ZYDIS_MNEMONIC_FXSAVE64:
	case ZYDIS_MNEMONIC_FXRSTOR:
	case ZYDIS_MNEMONIC_FXRSTOR64:
		return mode & X86_MODE_FPU_NM ? not_available : NULL;
	default:
		break;
	}
	if (vector && mode & (vex ? X86_MODE_AVX_UD : X86_MODE_SSE_UD))
		return undefined;
	if (vector && mode & X86_MODE_SSE_NM)
		return not_available;
	if (strchr(insn->kinds, 'q') || insn->head.meta.isa_ext == ZYDIS_ISA_EXT_MMX) {
		if (mode & X86_MODE_MMX_UD)
			return undefined;
		return mode & X86_MODE_FPU_NM ? not_available : NULL;
	}
	if (insn->head.meta.isa_ext == ZYDIS_ISA_EXT_X87 && mode & X86_MODE_FPU_NM)
		return not_available;
	return NULL;
}

static uint8_t slot_of(ZydisRegister reg)
{
	switch (reg) {
	case ZYDIS_REGISTER_NONE:
		return X86_SLOT_ZERO;
	case ZYDIS_REGISTER_RIP:
	case ZYDIS_REGISTER_EIP:
		return X86_SLOT_RIP;
	case ZYDIS_REGISTER_AH:
	case ZYDIS_REGISTER_CH:
	case ZYDIS_REGISTER_DH:
	case ZYDIS_REGISTER_BH:
		return (uint8_t)(X86_SLOT(reg - ZYDIS_REGISTER_AH) + 1);
	default:
		return X86_SLOT(ZydisRegisterGetId(reg));
	}
}

/* GPR8 are numbered AL CL DL BL AH CH DH BH SPL ...: their id is not the register's number. */
static uint8_t slot_of_byte(ZydisRegister reg)
{
	if (reg >= ZYDIS_REGISTER_AL && reg <= ZYDIS_REGISTER_BL)
		return X86_SLOT(reg - ZYDIS_REGISTER_AL);
	if (reg >= ZYDIS_REGISTER_SPL && reg <= ZYDIS_REGISTER_R15B)
		return X86_SLOT(reg - ZYDIS_REGISTER_SPL + X86_RSP);
	return slot_of(reg);
}

static uint8_t register_of(ZydisRegister reg)
{
	switch (ZydisRegisterGetClass(reg)) {
	case ZYDIS_REGCLASS_GPR8:
		return slot_of_byte(reg);
	case ZYDIS_REGCLASS_GPR16:
	case ZYDIS_REGCLASS_GPR32:
	case ZYDIS_REGCLASS_GPR64:
		return slot_of(reg);
	default:
		return (uint8_t)ZydisRegisterGetId(reg);
	}
}

static unsigned segment_number(ZydisRegister reg)
{
	return (unsigned)(reg - ZYDIS_REGISTER_ES); /* ES CS SS DS FS GS */
}

/* Of an operand that is not visible, as string instructions have it: ds unless a prefix says otherwise. */
static uint8_t implied_segment(const ZydisDecodedInstruction *head, unsigned mode)
{
	static const struct {
		ZydisInstructionAttributes attribute;
		unsigned segment;
	} overrides[] = {
		{ ZYDIS_ATTRIB_HAS_SEGMENT_ES, X86_ES }, { ZYDIS_ATTRIB_HAS_SEGMENT_CS, X86_CS },
		{ ZYDIS_ATTRIB_HAS_SEGMENT_SS, X86_SS }, { ZYDIS_ATTRIB_HAS_SEGMENT_FS, X86_FS },
		{ ZYDIS_ATTRIB_HAS_SEGMENT_GS, X86_GS },
	};

	for (size_t i = 0; i < X86_COUNT(overrides); i++)
		if (head->attributes & overrides[i].attribute &&
		    (mode != X86_MODE_64 || overrides[i].segment >= X86_FS))
			return X86_SLOT_SEGMENT(overrides[i].segment);
	return mode == X86_MODE_64 ? X86_SLOT_ZERO : X86_SLOT_SEGMENT(X86_DS);
}

/* A SIB byte without a base. Zydis 4.0 takes r13d for it where an address of 32 bits goes with REX.B. */
static bool lacks_base(const ZydisDecodedInstruction *head)
{
	return head->raw.sib.offset && head->raw.sib.base == 5 && head->raw.modrm.mod == 0;
}

static void set_memory(const ZydisDecodedOperand *operand, const struct instruction *insn, unsigned mode,
		       struct x86_op *op)
{
	const ZydisDecodedOperandMem *mem = &operand->mem;
	ZydisRegisterClass index_class = ZydisRegisterGetClass(mem->index);
	/* 3e before an indirect branch says "no track" to CET, and "ds" all the same. Zydis leaves it at that. */
	unsigned segment = insn->head.attributes & ZYDIS_ATTRIB_HAS_NOTRACK ? X86_DS : segment_number(mem->segment);
	bool has_base = segment == X86_FS || segment == X86_GS || mode != X86_MODE_64;

	op->base = lacks_base(&insn->head) ? X86_SLOT_ZERO : slot_of(mem->base);
	op->index = index_class == ZYDIS_REGCLASS_XMM || index_class == ZYDIS_REGCLASS_YMM
			    ? (uint8_t)ZydisRegisterGetId(mem->index)
			    : slot_of(mem->index);
	op->scale = (uint8_t)(mem->scale == 8 ? 3 : mem->scale == 4 ? 2 : mem->scale == 2);
	op->disp = (int32_t)(lacks_base(&insn->head) ? insn->head.raw.disp.value : mem->disp.value);
	op->seg = has_base ? X86_SLOT_SEGMENT(segment) : X86_SLOT_ZERO;
	if (segment == X86_SS)
		op->flags |= X86_OP_STACK;
	if (mode != X86_MODE_64 || insn->head.address_width != 64)
		op->flags |= X86_OP_SLOW;
	if (op->base == X86_SLOT_RIP)
		op->disp += op->at + op->length;
	if (mem->disp.has_displacement && insn->head.raw.disp.size > 32) {
		op->imm = mem->disp.value;
		op->scale = X86_SCALE_OFFSET;
		op->flags |= X86_OP_SLOW;
	}
}

static void set_register(uint8_t reg, unsigned *number, bool memory_first, struct x86_op *op)
{
	switch ((*number)++ + memory_first) {
	case 0:
		op->dst = reg;
		break;
	case 1:
		op->src = reg;
		break;
	case 2:
		op->third = reg;
		break;
	default:
		op->imm = reg;
		break;
	}
}

static void set_operands(const struct instruction *insn, unsigned mode, struct x86_op *op)
{
	unsigned registers = 0, immediates = 0;
	bool memory_first = insn->kinds[0] == 'm';

	for (unsigned i = 0; i < insn->head.operand_count_visible; i++) {
		const ZydisDecodedOperand *operand = &insn->operands[i];

		switch (operand->type) {
		case ZYDIS_OPERAND_TYPE_REGISTER:
			set_register(register_of(operand->reg.value), &registers, memory_first, op);
			break;
		case ZYDIS_OPERAND_TYPE_MEMORY:
			set_memory(operand, insn, mode, op);
			break;
		case ZYDIS_OPERAND_TYPE_POINTER:
			op->imm = operand->ptr.offset;
			op->disp = operand->ptr.segment;
			break;
		case ZYDIS_OPERAND_TYPE_IMMEDIATE:
			if (operand->imm.is_relative)
				op->imm = op->at + op->length + operand->imm.value.s;
			else if (immediates++ == 0)
				op->imm = operand->imm.value.s;
			else
				op->disp = (int32_t)operand->imm.value.s;
			break;
		default:
			break;
		}
	}
}

static uint8_t prefix_flags(const ZydisDecodedInstruction *head)
{
	bool is_256 = head->encoding == ZYDIS_INSTRUCTION_ENCODING_VEX && head->raw.vex.L;
	bool wide = head->encoding == ZYDIS_INSTRUCTION_ENCODING_VEX ? head->raw.vex.W : head->raw.rex.W;

	return (uint8_t)((head->attributes & ZYDIS_ATTRIB_HAS_LOCK ? X86_OP_LOCK : 0) |
			 (head->attributes & (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE) ? X86_OP_REP : 0) |
			 (head->attributes & ZYDIS_ATTRIB_HAS_REPNE ? X86_OP_REPNE : 0) | (is_256 ? X86_OP_VEX_L : 0) |
			 (wide ? X86_OP_W : 0));
}

/* ---- flags that nobody reads ---- */

/* What an op does to the arithmetic flags; for the pass that chooses quiet executors. */
struct flag_use {
	x86_exec_fn quiet;
	uint32_t reads, writes, kills;
	bool plain;
};

/* Whether the flags may stay as they were although the instruction is said to write them. */
static bool may_keep_flags(const struct instruction *insn)
{
	switch (insn->head.mnemonic) {
	case ZYDIS_MNEMONIC_SHL:
	case ZYDIS_MNEMONIC_SHR:
	case ZYDIS_MNEMONIC_SAR:
	case ZYDIS_MNEMONIC_ROL:
	case ZYDIS_MNEMONIC_ROR:
	case ZYDIS_MNEMONIC_RCL:
	case ZYDIS_MNEMONIC_RCR:
	case ZYDIS_MNEMONIC_SHLD:
	case ZYDIS_MNEMONIC_SHRD:
		return !strchr(insn->kinds, 'i') || !(insn->operands[insn->head.operand_count_visible - 1].imm.value.u &
						      (insn->head.operand_width == 64 ? 63 : 31));
	default:
		return insn->head.attributes & (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE);
	}
}

static struct flag_use flag_use_of(const struct instruction *insn, const struct x86_row *row, unsigned size)
{
	const ZydisAccessedFlags *flags = insn->head.cpu_flags;
	struct flag_use use = { .quiet = row->quiet[size], .plain = row->flags & X86_ROW_PLAIN };

	if (!flags)
		return use;
	use.reads = flags->tested & X86_FLAGS_ARITHMETIC;
	use.writes = (flags->modified | flags->set_0 | flags->set_1 | flags->undefined) & X86_FLAGS_ARITHMETIC;
	use.kills = may_keep_flags(insn) ? 0 : use.writes;
	return use;
}

/* From the end, where all flags are wanted, to the beginning. An op that may fault wants them all as well. */
static void drop_flags(struct x86_op *ops, const struct flag_use *uses, unsigned count)
{
	uint32_t live = X86_FLAGS_ARITHMETIC;

	for (unsigned i = count; i-- > 0;) {
		if (uses[i].quiet && !(uses[i].writes & live))
			ops[i].fn = uses[i].quiet;
		live = uses[i].plain ? (live & ~uses[i].kills) | uses[i].reads : X86_FLAGS_ARITHMETIC;
	}
}

/* ---- blocks ---- */

struct builder {
	struct x86_cpu *cpu;
	const uint8_t *code;
	unsigned size, at, count;
	struct x86_op *ops;
	struct flag_use uses[SIM_BLOCK_INSTRUCTIONS + 1];
	bool ends;
};

static void choose_executor(struct builder *builder, const struct instruction *insn, struct x86_op *op)
{
	const struct x86_cpu *cpu = builder->cpu;
	unsigned mode = cpu->mode & X86_MODE_MASK, size = op->width & 3;
	const struct x86_row *row = find_row(insn, mode, size);

	builder->uses[builder->count] = (struct flag_use){ 0 };
	op->fn = undefined;
	builder->ends = true;
	if (!row || (row->features && !x86_has(cpu, row->features - 1)) ||
	    (row->flags & X86_ROW_PROTECTED && mode <= X86_MODE_V86))
		return;
	op->fn = forbidden(insn, cpu->mode);
	if (op->fn)
		return;
	op->fn = row->fn[size];
	builder->ends = row->flags & X86_ROW_ENDS;
	builder->uses[builder->count] = flag_use_of(insn, row, size);
}

/* An instruction that cannot be decoded. False: it may be whole once more bytes are there. */
static bool add_undecodable(struct builder *builder, ZyanStatus status)
{
	struct x86_op *op = &builder->ops[builder->count];
	unsigned left = builder->size - builder->at;

	if (status == ZYDIS_STATUS_NO_MORE_DATA && left < ZYDIS_MAX_INSTRUCTION_LENGTH)
		return false;
	*op = (struct x86_op){ .fn = undefined, .at = (uint8_t)builder->at, .length = 1 };
	if (status == ZYDIS_STATUS_INSTRUCTION_TOO_LONG || status == ZYDIS_STATUS_NO_MORE_DATA)
		op->fn = too_long;
	op->base = op->index = op->seg = X86_SLOT_ZERO;
	builder->uses[builder->count++] = (struct flag_use){ 0 };
	builder->at += left < ZYDIS_MAX_INSTRUCTION_LENGTH ? left : ZYDIS_MAX_INSTRUCTION_LENGTH;
	builder->ends = true;
	return true;
}

/* f3 90 with REX.B is an exchange with r8: the prefix means nothing to it. Zydis takes it for a PAUSE. */
static void mend_pause(struct instruction *insn)
{
	ZydisRegisterClass width = ZYDIS_REGCLASS_GPR32;

	if (insn->head.mnemonic != ZYDIS_MNEMONIC_PAUSE || !(insn->head.attributes & ZYDIS_ATTRIB_HAS_REX) ||
	    !insn->head.raw.rex.B)
		return;
	if (insn->head.raw.rex.W)
		width = ZYDIS_REGCLASS_GPR64;
	else if (insn->head.operand_width == 16)
		width = ZYDIS_REGCLASS_GPR16;
	insn->head.mnemonic = ZYDIS_MNEMONIC_XCHG;
	insn->head.operand_count_visible = 2;
	insn->head.operand_width = (ZyanU8)ZydisRegisterClassGetWidth(ZYDIS_MACHINE_MODE_LONG_64, width);
	insn->head.attributes &= ~(ZydisInstructionAttributes)(ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE);
	for (unsigned i = 0; i < 2; i++)
		insn->operands[i] = (ZydisDecodedOperand){
			.type = ZYDIS_OPERAND_TYPE_REGISTER,
			.size = insn->head.operand_width,
			.reg.value = ZydisRegisterEncode(width, i ? 8 : 0),
		};
}

/* A processor without tzcnt and lzcnt takes their prefix for nothing: kernels use that, and are content with bsf. */
static void mend_scan(const struct x86_cpu *cpu, struct instruction *insn)
{
	if (insn->head.mnemonic == ZYDIS_MNEMONIC_TZCNT && !x86_has(cpu, X86_FEATURE_BIT_BMI1))
		insn->head.mnemonic = ZYDIS_MNEMONIC_BSF;
	if (insn->head.mnemonic == ZYDIS_MNEMONIC_LZCNT && !x86_has(cpu, X86_FEATURE_BIT_LZCNT))
		insn->head.mnemonic = ZYDIS_MNEMONIC_BSR;
}

static bool add_instruction(struct builder *builder)
{
	struct x86_op *op = &builder->ops[builder->count];
	struct instruction insn;
	const ZydisDecoder *decoder = x86_decoder(builder->cpu->mode);
	ZydisDecoderContext context;
	ZyanStatus status = ZydisDecoderDecodeInstruction(decoder, &context, builder->code + builder->at,
							  builder->size - builder->at, &insn.head);

	if (ZYAN_SUCCESS(status))
		status = ZydisDecoderDecodeOperands(decoder, &context, &insn.head, insn.operands,
						    insn.head.operand_count_visible);
	if (!ZYAN_SUCCESS(status))
		return add_undecodable(builder, status);
	mend_pause(&insn);
	mend_scan(builder->cpu, &insn);
	find_kinds(&insn);
	*op = (struct x86_op){
		.at = (uint8_t)builder->at,
		.length = insn.head.length,
		.opcode = insn.head.opcode,
		.flags = prefix_flags(&insn.head),
		.width = X86_WIDTH(width_of(insn.head.operand_width), width_of(insn.head.address_width)),
		.base = X86_SLOT_ZERO,
		.index = X86_SLOT_ZERO,
		.seg = implied_segment(&insn.head, builder->cpu->mode & X86_MODE_MASK),
	};
	set_operands(&insn, builder->cpu->mode & X86_MODE_MASK, op);
	choose_executor(builder, &insn, op);
	builder->at += insn.head.length;
	builder->count++;
	return true;
}

/* A comparison and the branch on it become one op, which is the block's last as the branch was. Returns the ops. */
static unsigned fuse(struct builder *builder)
{
	struct x86_op *last = &builder->ops[builder->count - 1];

	if (builder->count < 2 || !builder->ends || !x86_in_64(builder->cpu))
		return builder->count;
	return x86_fuse(last - 1, last) ? builder->count - 1 : builder->count;
}

unsigned x86_build(struct sim_cpu *sim, const uint8_t *code, unsigned size, unsigned limit, struct sim_block *block)
{
	struct builder builder = {
		.cpu = (struct x86_cpu *)(void *)sim,
		.code = code,
		.size = size,
		.ops = (struct x86_op *)(void *)block->ops,
	};
	unsigned count;

	while (!builder.ends && builder.count < limit && builder.at + ZYDIS_MAX_INSTRUCTION_LENGTH < SIM_BLOCK_BYTES &&
	       builder.at < size && add_instruction(&builder))
		;
	block->count = (uint16_t)builder.count;
	if (builder.count == 0)
		return 0;
	drop_flags(builder.ops, builder.uses, builder.count);
	count = fuse(&builder);
	if (!builder.ends) {
		builder.ops[count] = (struct x86_op){ .fn = fall_through, .at = (uint8_t)builder.at };
		count++;
	}
	builder.ops[count - 1].flags |= X86_OP_LAST;
	sim_block_seal(block, x86_op_links(&builder.ops[count - 1]));
	return builder.at;
}
