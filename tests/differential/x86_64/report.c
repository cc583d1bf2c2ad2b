/* SPDX-License-Identifier: Apache-2.0 */
/* See report.h. */
#include "report.h"

#include <inttypes.h>

#include "address.h"
#include "encodings.h"
#include "segments.h"

static const char *const names[16] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
				       "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15" };

/* Which registers an instruction has to do with. */
struct uses {
	uint32_t general;
	uint32_t vectors;
	bool x87;
	bool fs;
	bool gs;
};

static void add_register(struct uses *uses, ZydisRegister reg)
{
	unsigned number;

	if (address_general(reg, &number)) {
		uses->general |= 1u << number;
		return;
	}
	switch (ZydisRegisterGetClass(reg)) {
	case ZYDIS_REGCLASS_XMM:
	case ZYDIS_REGCLASS_YMM:
		uses->vectors |= 1u << (ZydisRegisterGetId(reg) & 15);
		break;
	case ZYDIS_REGCLASS_MMX:
	case ZYDIS_REGCLASS_X87:
		uses->x87 = true;
		break;
	default:
		uses->x87 |= reg == ZYDIS_REGISTER_X87CONTROL || reg == ZYDIS_REGISTER_X87STATUS ||
			     reg == ZYDIS_REGISTER_X87TAG;
		break;
	}
}

static void add_uses(struct uses *uses, const struct decoded *decoded)
{
	uses->x87 |= decoded->instruction.meta.category == ZYDIS_CATEGORY_X87_ALU;
	for (unsigned i = 0; i < decoded->instruction.operand_count; i++) {
		const ZydisDecodedOperand *operand = &decoded->operands[i];

		if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER)
			add_register(uses, operand->reg.value);
		if (operand->type != ZYDIS_OPERAND_TYPE_MEMORY)
			continue;
		add_register(uses, operand->mem.base);
		add_register(uses, operand->mem.index);
		uses->fs |= operand->mem.segment == ZYDIS_REGISTER_FS;
		uses->gs |= operand->mem.segment == ZYDIS_REGISTER_GS;
	}
}

static void print_bytes(FILE *to, const uint8_t *bytes, unsigned size)
{
	for (unsigned i = size; i-- > 0;)
		fprintf(to, "%02x%s", bytes[i], i && i % 8 == 0 ? "_" : "");
}

static void print_instruction(FILE *to, const struct test_case *test, uint32_t at, struct uses *uses)
{
	uint64_t address = test->code_address + at;
	uint32_t length = test->code_size - at;
	char text[160] = "(not an instruction to Zydis)";
	ZydisFormatter formatter;
	struct decoded decoded;

	if (decode(test->code + at, length, &decoded)) {
		ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
		ZydisFormatterFormatInstruction(&formatter, &decoded.instruction, decoded.operands,
						decoded.instruction.operand_count_visible, text, sizeof(text), address,
						NULL);
		length = decoded.instruction.length;
		add_uses(uses, &decoded);
	}
	fprintf(to, "    %08" PRIx64 "  ", address);
	for (uint32_t i = 0; i < length; i++)
		fprintf(to, "%02x ", test->code[at + i]);
	fprintf(to, " %s\n", text);
}

static void print_code(FILE *to, const struct test_case *test, struct uses *uses)
{
	uint32_t end = 0;

	for (uint32_t i = 0; i < test->instructions; i++) {
		struct decoded decoded;

		print_instruction(to, test, test->offsets[i], uses);
		end = test->offsets[i];
		end = decode(test->code + end, test->code_size - end, &decoded) ? end + decoded.instruction.length
										: test->code_size;
	}
	if (end < test->code_size)
		print_instruction(to, test, end, uses);
}

static void print_registers(FILE *to, const struct state *state, const struct uses *uses)
{
	for (unsigned i = 0; i < 16; i++)
		if (uses->general >> i & 1)
			fprintf(to, "    %-8s %016" PRIx64 "\n", names[i], state->gpr[i]);
	fprintf(to, "    rflags   %016" PRIx64 "\n", state->rflags);
	if (state->segments[SEGMENT_CS] != SELECTOR_USER_CODE)
		fprintf(to, "    es %04x  cs %04x  ss %04x  ds %04x  fs %04x  gs %04x\n", state->segments[SEGMENT_ES],
			state->segments[SEGMENT_CS], state->segments[SEGMENT_SS], state->segments[SEGMENT_DS],
			state->segments[SEGMENT_FS], state->segments[SEGMENT_GS]);
	if (uses->fs)
		fprintf(to, "    fs.base  %016" PRIx64 "\n", state->fs_base);
	if (uses->gs)
		fprintf(to, "    gs.base  %016" PRIx64 "\n", state->gs_base);
	if (uses->vectors)
		fprintf(to, "    mxcsr    %08" PRIx32 "\n", state->mxcsr);
	for (unsigned i = 0; i < 16; i++)
		if (uses->vectors >> i & 1) {
			fprintf(to, "    ymm%-5u ", i);
			print_bytes(to, state->ymm[i], 32);
			fputc('\n', to);
		}
	if (!uses->x87)
		return;
	fprintf(to, "    fcw %04x  fsw %04x  ftw %02x\n", state->fcw, state->fsw, state->ftw);
	for (unsigned i = 0; i < 8; i++) {
		fprintf(to, "    st%-6u ", i);
		print_bytes(to, state->st[i] + 8, 2);
		fputc('_', to);
		print_bytes(to, state->st[i], 8);
		fputs((state->ftw >> ((state->fsw >> 11) + i) % 8) & 1 ? "\n" : "  empty\n", to);
	}
}

/* What lies at the memory operands. */
static void print_memory(FILE *to, const struct test_case *test, const uint8_t *memory)
{
	struct decoded decoded;

	for (uint32_t at = 0; at < test->instructions; at++) {
		uint32_t offset = test->offsets[at];

		if (!decode(test->code + offset, test->code_size - offset, &decoded))
			continue;
		for (unsigned i = 0; i < decoded.instruction.operand_count; i++) {
			const ZydisDecodedOperand *operand = &decoded.operands[i];
			uint32_t size = operand->size / 8u < 32 ? operand->size / 8u : 32;
			uint64_t address;

			if (operand->type != ZYDIS_OPERAND_TYPE_MEMORY || operand->mem.type == ZYDIS_MEMOP_TYPE_AGEN)
				continue;
			address = address_of(&decoded, &operand->mem, &test->state, test->code_address + offset);
			fprintf(to, "    [%08" PRIx64 "] ", address);
			if (address - CASE_DATA <= CASE_DATA_SIZE - size)
				print_bytes(to, memory + (address - CASE_DATA), size);
			fprintf(to, "  (%u bytes)\n", operand->size / 8u);
		}
	}
}

void report_case(FILE *to, const struct test_case *test)
{
	static uint8_t memory[CASE_DATA_SIZE];
	struct uses uses = { .general = 0 };

	case_fill_memory(test, memory);
	print_code(to, test, &uses);
	print_registers(to, &test->state, &uses);
	print_memory(to, test, memory);
}
