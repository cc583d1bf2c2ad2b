/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See undefined.h. One row per mnemonic that leaves something undefined, with the place in Intel's manual (SDM, volume
 * 2 unless it says otherwise). A row's flags are undefined whenever the instruction has executed; a function narrows or
 * widens that by the operands.
 */
#include "undefined.h"

#include <string.h>

#include "../../../plugins/common/x86_64/undefined.h"
#include "address.h"
#include "segments.h"

#define C0 UNDEFINED_C0
#define C1 UNDEFINED_C1
#define C2 UNDEFINED_C2
#define C3 UNDEFINED_C3
#define CODES (C0 | C2 | C3)

struct subject {
	const struct decoded *decoded;
	const struct state *state; /* before it */
	const struct outcome *native;
	uint64_t ip;
	bool is_exact; /* `state` is what it executed in: not after others in a chain */
};

typedef void (*refine_fn)(const struct subject *subject, struct allowance *allowance);

/* ---- functions of rows ---- */

static void skip_memory(struct allowance *allowance, uint64_t address, uint64_t size)
{
	if (allowance->range_count == UNDEFINED_RANGES)
		return;
	allowance->ranges[allowance->range_count].address = address;
	allowance->ranges[allowance->range_count].size = size;
	allowance->range_count++;
}

static void skip_register(const ZydisDecodedOperand *operand, struct allowance *allowance)
{
	unsigned number;

	if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER && address_general(operand->reg.value, &number))
		allowance->general |= 1u << number;
}

/* The first operand that lies in memory; with it unknown, all of it. */
static uint64_t where(const struct subject *subject, struct allowance *allowance)
{
	for (unsigned i = 0; i < subject->decoded->instruction.operand_count; i++) {
		const ZydisDecodedOperand *operand = &subject->decoded->operands[i];

		if (operand->type != ZYDIS_OPERAND_TYPE_MEMORY)
			continue;
		if (subject->is_exact)
			return address_of(subject->decoded, &operand->mem, subject->state, subject->ip);
		skip_memory(allowance, CASE_DATA, CASE_DATA_SIZE);
	}
	return 0;
}

/* The masked count of a shift; false when it is not known. */
static bool count_of(const struct subject *subject, unsigned operand_index, unsigned *ret_count)
{
	const ZydisDecodedOperand *operand = &subject->decoded->operands[operand_index];
	unsigned mask = subject->decoded->operands[0].size == 64 ? 63 : 31;

	if (operand->type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
		*ret_count = (unsigned)operand->imm.value.u & mask;
		return true;
	}
	*ret_count = (unsigned)subject->state->gpr[RCX] & mask;
	return subject->is_exact;
}

/* An unknown count is taken for the largest: it leaves undefined what any does. */
static uint64_t flags_by_count(const struct subject *subject, unsigned operand_index)
{
	unsigned bits = subject->decoded->operands[0].size, count;

	if (!count_of(subject, operand_index, &count))
		count = bits == 64 ? 63 : 31;
	return undefined_by_count(subject->decoded->instruction.mnemonic, bits, count);
}

static void shift(const struct subject *subject, struct allowance *allowance)
{
	allowance->flags |= flags_by_count(subject, 1);
}

static void shift_double(const struct subject *subject, struct allowance *allowance)
{
	const ZydisDecodedOperand *target = &subject->decoded->operands[0];
	uint64_t flags = flags_by_count(subject, 2);

	allowance->flags |= flags & FLAGS_STATUS;
	if (flags != UINT64_MAX)
		return;
	skip_register(target, allowance);
	if (target->type == ZYDIS_OPERAND_TYPE_MEMORY)
		skip_memory(allowance, where(subject, allowance), 2);
}

/* With a source of 0, ZF is 1. */
static void scan(const struct subject *subject, struct allowance *allowance)
{
	if (!subject->is_exact || subject->native->state.rflags & FLAG_ZF)
		skip_register(&subject->decoded->operands[0], allowance);
}

static void swap_16(const struct subject *subject, struct allowance *allowance)
{
	if (subject->decoded->operands[0].size == 16)
		skip_register(&subject->decoded->operands[0], allowance);
}

static void approximate(const struct subject *subject, struct allowance *allowance)
{
	(void)subject;
	allowance->is_approximate = true;
}

static void all_codes(const struct subject *subject, struct allowance *allowance)
{
	(void)subject;
	allowance->fsw |= CODES | C1;
}

/* Ten bytes are two accesses: either may fail first. */
static void most_codes(const struct subject *subject, struct allowance *allowance)
{
	allowance->fsw |= CODES;
	for (unsigned i = 0; i < subject->decoded->instruction.operand_count_visible; i++)
		if (subject->decoded->operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
		    subject->decoded->operands[i].size == 80)
			allowance->any_fault = true;
}

/* C2 says that the operand was out of range, and then the others say nothing. */
static void trigonometric(const struct subject *subject, struct allowance *allowance)
{
	allowance->fsw |= C0 | C3;
	if (!subject->is_exact || subject->native->state.fsw & C2)
		allowance->fsw |= C1;
}

/* The quotient's bits are there when the reduction is complete. */
static void remainder_codes(const struct subject *subject, struct allowance *allowance)
{
	if (!subject->is_exact || subject->native->state.fsw & (C2 | 1))
		allowance->fsw |= C0 | C1 | C3;
}

/* Pointers and opcode: AMD has them of every instruction, Intel of those that failed. */
static void environment(const struct subject *subject, struct allowance *allowance)
{
	bool is_wide = subject->decoded->instruction.operand_width != 16;

	skip_memory(allowance, where(subject, allowance) + (is_wide ? 12 : 6), is_wide ? 16 : 8);
	allowance->fsw |= CODES | C1;
}

/* The last 96 bytes are software's: whether they are touched, so that they can fault, is not said. */
static void software_bytes(const struct subject *subject, struct allowance *allowance)
{
	uint64_t address = where(subject, allowance);

	allowance->any_fault = true;
	if (!subject->is_exact || (address + 415) / CASE_PAGE != (address + 511) / CASE_PAGE)
		allowance->is_void = true;
}

/* Opcode, pointers; the mask of MXCSR, which is the processor's. */
static void fxsave(const struct subject *subject, struct allowance *allowance)
{
	uint64_t address = where(subject, allowance);

	if (subject->native->vector != VECTOR_BP)
		software_bytes(subject, allowance);
	allowance->any_fault = true;
	skip_memory(allowance, address + 6, 18);
	skip_memory(allowance, address + 28, 4);
}

/* And which components are in use: a processor may say so of one that is as after a reset. */
static void xsave(const struct subject *subject, struct allowance *allowance)
{
	fxsave(subject, allowance);
	skip_memory(allowance, where(subject, allowance) + 512, 8);
}

/* What is not in use is not written, and the layout depends on it. */
static void xsave_optimised(const struct subject *subject, struct allowance *allowance)
{
	allowance->any_fault = true;
	skip_memory(allowance, where(subject, allowance), 832);
}

/* The host has more components than the guest. */
static void xgetbv(const struct subject *subject, struct allowance *allowance)
{
	(void)subject;
	allowance->general |= 1u << RAX | 1u << RDX;
}

/* Which of several accesses or checks fails first. */
static void any_order(const struct subject *subject, struct allowance *allowance)
{
	(void)subject;
	allowance->any_fault = true;
}

/* When an element faults, others may have been loaded and the mask's elements be widened already or not. */
static void gather(const struct subject *subject, struct allowance *allowance)
{
	const ZydisDecodedOperand *operands = subject->decoded->operands;

	if (subject->native->vector == VECTOR_BP)
		return;
	allowance->any_fault = true;
	allowance->vectors |= (uint16_t)(1u << (ZydisRegisterGetId(operands[0].reg.value) & 15));
	allowance->vectors |= (uint16_t)(1u << (ZydisRegisterGetId(operands[2].reg.value) & 15));
}

/* Bytes that the mask leaves out may fault, or not. */
static void masked_store(const struct subject *subject, struct allowance *allowance)
{
	allowance->is_void = subject->native->vector != VECTOR_BP;
}

/* The registers that were read before the one that fails. */
static void pop_all(const struct subject *subject, struct allowance *allowance)
{
	allowance->any_fault = true;
	if (subject->native->vector != VECTOR_BP)
		allowance->general |= 0xff & ~(1u << RSP);
}

/* Between compatibility and 64-bit mode: whether the return address goes to the stack of the old mode or of the new
 * one. They are two where ss has a base, or rsp has an upper half. */
static void call(const struct subject *subject, struct allowance *allowance)
{
	allowance->any_fault = true;
	allowance->is_void =
		subject->decoded->instruction.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR &&
		(segments_find(subject->state->segments[SEGMENT_SS])->base || subject->state->gpr[RSP] > UINT32_MAX);
}

/* Bit 17 is AMD's misaligned mode, and reserved to Intel. */
static void load_mxcsr(const struct subject *subject, struct allowance *allowance)
{
	if (subject->native->state.mxcsr >> 17 & 1)
		allowance->is_void = true;
}

/* Whether what is not asked for is read, so that it can fault. */
static void xrstor(const struct subject *subject, struct allowance *allowance)
{
	uint64_t legacy = subject->state->gpr[RAX] & 3;

	load_mxcsr(subject, allowance);
	allowance->any_fault = true;
	if (!legacy && subject->native->vector == VECTOR_PF)
		allowance->is_void = true;
}

static void environment_in_order(const struct subject *subject, struct allowance *allowance)
{
	any_order(subject, allowance);
	environment(subject, allowance);
}

/* AMD does not check the alignment. */
static void sha(const struct subject *subject, struct allowance *allowance)
{
	bool is_odd = !subject->is_exact || where(subject, allowance) & 15;

	if (is_odd)
		allowance->is_void = true;
}

/* ---- the table ---- */

static const struct row {
	ZydisMnemonic mnemonic;
	uint64_t flags;
	refine_fn refine;
	const char *why;
} rows[] = {
/* clang-format off */
#define ROW(name, flags, refine, why) { ZYDIS_MNEMONIC_##name, flags, refine, why },
#define FLAGS_ROW(name, flags, where) ROW(name, flags, NULL, where)
#define SCAN_ROW(name, flags, where) ROW(name, flags, scan, where)
#define SHIFT_1 shift
#define SHIFT_2 shift_double
#define SHIFT_ROW(name, operand, where) ROW(name, 0, SHIFT_##operand, where)
	UNDEFINED_FLAGS(FLAGS_ROW)
	UNDEFINED_SCANS(SCAN_ROW)
	UNDEFINED_SHIFTS(SHIFT_ROW)
#define ORDER(name) ROW(name, 0, any_order, #name ", \"Operation\": it has several accesses and checks, whose order differs by processor")
	ORDER(CMPSB) ORDER(CMPSW) ORDER(CMPSD) ORDER(CMPSQ) ORDER(MOVSB) ORDER(MOVSW) ORDER(MOVSD) ORDER(MOVSQ)
	ORDER(IRET) ORDER(IRETD) ORDER(IRETQ) ORDER(RET) ORDER(JMP) ORDER(PUSH) ORDER(POP) ORDER(ENTER) ORDER(BOUND)
	ORDER(PUSHA) ORDER(PUSHAD) ORDER(LSS) ORDER(LFS) ORDER(LGS) ORDER(LDS) ORDER(LES)
	ORDER(FLDENV) ORDER(FRSTOR)
	ROW(CALL, 0, call, "CALL, \"Operation\": the order of checks, and in which mode a far call writes, differ by processor")
	ROW(POPA, 0, pop_all, "POPA, \"Operation\": registers read before a fault")
	ROW(POPAD, 0, pop_all, "POPA, \"Operation\": registers read before a fault")
#define GATHER(name) ROW(name, 0, gather, #name ", \"Description\": which elements are complete when one faults is up to the processor")
	GATHER(VGATHERDPD) GATHER(VGATHERDPS) GATHER(VGATHERQPD) GATHER(VGATHERQPS)
	GATHER(VPGATHERDD) GATHER(VPGATHERDQ) GATHER(VPGATHERQD) GATHER(VPGATHERQQ)
#define MASKED(name) ROW(name, 0, masked_store, "MASKMOVDQU, \"Description\": faults on bytes that are not stored are up to the processor")
	MASKED(MASKMOVQ) MASKED(MASKMOVDQU) MASKED(VMASKMOVDQU)
#define SHA(name) ROW(name, 0, sha, #name ", \"Other Exceptions\", class 4: AMD does not demand the alignment")
	SHA(SHA1MSG1) SHA(SHA1MSG2) SHA(SHA1NEXTE) SHA(SHA1RNDS4) SHA(SHA256MSG1) SHA(SHA256MSG2) SHA(SHA256RNDS2)
	ROW(BSWAP, 0, swap_16, "BSWAP, \"Description\": the result with a 16-bit register is undefined")
#define APPROXIMATION(name) ROW(name, 0, approximate, #name ": relative error of at most 1.5 * 2^-12")
	UNDEFINED_APPROXIMATIONS(APPROXIMATION)
#define MOST(name) ROW(name, 0, most_codes, #name ", \"FPU Flags Affected\": C0, C2 and C3 are undefined")
	UNDEFINED_MOST_CODES(MOST)
#define ALL(name) ROW(name, 0, all_codes, #name ", \"FPU Flags Affected\": C0, C1, C2 and C3 are undefined")
	UNDEFINED_ALL_CODES(ALL)
	ROW(FSIN, 0, trigonometric, "FSIN, \"FPU Flags Affected\": C0 and C3 are undefined, C1 too when C2 is 1")
	ROW(FCOS, 0, trigonometric, "FCOS, \"FPU Flags Affected\": C0 and C3 are undefined, C1 too when C2 is 1")
	ROW(FSINCOS, 0, trigonometric, "FSINCOS, \"FPU Flags Affected\": C0 and C3 are undefined, C1 too when C2 is 1")
	ROW(FPTAN, 0, trigonometric, "FPTAN, \"FPU Flags Affected\": C0 and C3 are undefined, C1 too when C2 is 1")
	ROW(FPREM, 0, remainder_codes, "FPREM, \"FPU Flags Affected\": C0, C1 and C3 are a quotient's bits, when there is one")
	ROW(FPREM1, 0, remainder_codes, "FPREM1, \"FPU Flags Affected\": C0, C1 and C3 are a quotient's bits, when there is one")
	ROW(FNSTENV, 0, environment_in_order, "FSTENV, \"FPU Flags Affected\"; vol. 1, 8.1.8: pointers and opcode differ by processor")
	ROW(FNSAVE, 0, environment_in_order, "FSAVE; vol. 1, 8.1.8: pointers and opcode differ by processor")
	ROW(FXSAVE, 0, fxsave, "FXSAVE; vol. 1, 8.1.8: pointers and opcode differ by processor; 11.6.6: MXCSR_MASK is its own")
	ROW(FXSAVE64, 0, fxsave, "FXSAVE; vol. 1, 8.1.8: pointers and opcode differ by processor; 11.6.6: MXCSR_MASK is its own")
	ROW(XRSTOR, 0, xrstor, "XRSTOR, \"Operation\": whether parts of the area that are not asked for are read is not said")
	ROW(XRSTOR64, 0, xrstor, "XRSTOR, \"Operation\": whether parts of the area that are not asked for are read is not said")
	ROW(LDMXCSR, 0, load_mxcsr, "vol. 1, 10.2.3: bit 17 is reserved, and AMD's misaligned mode")
	ROW(VLDMXCSR, 0, load_mxcsr, "vol. 1, 10.2.3: bit 17 is reserved, and AMD's misaligned mode")
	ROW(FXRSTOR, 0, software_bytes, "FXRSTOR, table 3-43: bytes 416 to 511 are reserved or software's")
	ROW(FXRSTOR64, 0, software_bytes, "FXRSTOR, table 3-43: bytes 416 to 511 are reserved or software's")
	ROW(XSAVE, 0, xsave, "vol. 1, 13.6: what is in use is up to the processor")
	ROW(XSAVE64, 0, xsave, "vol. 1, 13.6: what is in use is up to the processor")
	ROW(XSAVEOPT, 0, xsave_optimised, "vol. 1, 13.9: what is written is up to the processor")
	ROW(XSAVEOPT64, 0, xsave_optimised, "vol. 1, 13.9: what is written is up to the processor")
	ROW(XSAVEC, 0, xsave_optimised, "vol. 1, 13.10: what is written is up to the processor")
	ROW(XSAVEC64, 0, xsave_optimised, "vol. 1, 13.10: what is written is up to the processor")
	ROW(XGETBV, 0, xgetbv, "vol. 1, 13.3: which components there are is the machine's")
	/* clang-format on */
};

static const struct row *row_of(ZydisMnemonic mnemonic)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].mnemonic == mnemonic)
			return &rows[i];
	return NULL;
}

const char *undefined_why(ZydisMnemonic mnemonic)
{
	const struct row *row = row_of(mnemonic);

	return row ? row->why : NULL;
}

/* Stores of more than one access: how much was written before one of them failed is not said (SDM vol. 3, 6.5 has no
 * word on it). */
static void allow_partial_stores(const struct subject *subject, struct allowance *allowance)
{
	if (subject->native->vector == VECTOR_BP)
		return;
	for (unsigned i = 0; i < subject->decoded->instruction.operand_count; i++) {
		const ZydisDecodedOperand *operand = &subject->decoded->operands[i];

		if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY && operand->size > 256 &&
		    operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
			skip_memory(allowance, where(subject, allowance), 832);
	}
}

/* A vector that is both misaligned (#GP) and beyond the stack segment's limit (#SS): both are faults of one priority
 * (SDM vol. 3, table 6-2). */
static void allow_both_segment_faults(const struct subject *subject, struct allowance *allowance)
{
	if (subject->decoded->instruction.machine_mode == ZYDIS_MACHINE_MODE_LONG_64)
		return;
	for (unsigned i = 0; i < subject->decoded->instruction.operand_count; i++)
		if (subject->decoded->operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
		    subject->decoded->operands[i].size >= 128)
			allowance->any_fault = true;
}

/* An offset that is not canonical, and becomes so with the base of fs or gs: AMD's check of it comes before. Only
 * chains have such. */
static void allow_wild_offsets(const struct subject *subject, struct allowance *allowance)
{
	for (unsigned i = 0; !subject->is_exact && i < subject->decoded->instruction.operand_count; i++)
		if (subject->decoded->operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
		    (subject->decoded->operands[i].mem.segment == ZYDIS_REGISTER_FS ||
		     subject->decoded->operands[i].mem.segment == ZYDIS_REGISTER_GS))
			allowance->any_fault = true;
}

void undefined_find(const struct test_case *test, const struct outcome *native, struct allowance *ret_allowance)
{
	struct decoded decoded;
	struct subject subject = { .decoded = &decoded, .state = &test->state, .native = native };

	memset(ret_allowance, 0, sizeof(*ret_allowance));
	ret_allowance->is_narrow = test->mode != 64;
	for (uint32_t i = 0; i < test->instructions; i++) {
		const struct row *row;

		if (!decode(test->code + test->offsets[i], test->code_size - test->offsets[i], &decoded))
			continue;
		subject.ip = test->code_address + test->offsets[i];
		subject.is_exact = !i;
		row = row_of(decoded.instruction.mnemonic);
		if (row)
			ret_allowance->flags |= row->flags;
		if (row && row->refine)
			row->refine(&subject, ret_allowance);
		allow_partial_stores(&subject, ret_allowance);
		allow_both_segment_faults(&subject, ret_allowance);
		allow_wild_offsets(&subject, ret_allowance);
	}
}

/* ---- chains ---- */

static bool is_plain(const struct decoded *decoded)
{
	switch (decoded->instruction.meta.category) {
	case ZYDIS_CATEGORY_COND_BR:
	case ZYDIS_CATEGORY_UNCOND_BR:
	case ZYDIS_CATEGORY_CALL:
	case ZYDIS_CATEGORY_RET:
	case ZYDIS_CATEGORY_INTERRUPT:
	case ZYDIS_CATEGORY_SYSTEM:
	case ZYDIS_CATEGORY_IO:
	case ZYDIS_CATEGORY_IOSTRINGOP:
		return false;
	default:
		return decoded->instruction.mnemonic != ZYDIS_MNEMONIC_HLT &&
		       decoded->instruction.mnemonic != ZYDIS_MNEMONIC_POPF && /* AC */
		       decoded->instruction.mnemonic != ZYDIS_MNEMONIC_POPFD &&
		       decoded->instruction.mnemonic != ZYDIS_MNEMONIC_POPFQ &&
		       decoded->instruction.mnemonic != ZYDIS_MNEMONIC_UD2;
	}
}

/* What may leave something other than flags undefined ends a chain. */
static bool is_defined(const struct row *row)
{
	return !row || !row->refine || row->refine == shift || row->refine == most_codes;
}

/* What wants registers of certain values. */
static bool is_particular(const struct decoded *decoded)
{
	return decoded->instruction.meta.category == ZYDIS_CATEGORY_IOSTRINGOP ||
	       decoded->instruction.meta.category == ZYDIS_CATEGORY_XSAVE ||
	       decoded->instruction.meta.category == ZYDIS_CATEGORY_XSAVEOPT;
}

bool undefined_may_follow(const struct decoded *decoded, bool is_first, bool is_last, uint64_t flags)
{
	const ZydisAccessedFlags *accessed = decoded->instruction.cpu_flags;
	const struct row *row = row_of(decoded->instruction.mnemonic);

	if ((flags && accessed && accessed->tested & flags) || (!is_first && is_particular(decoded)))
		return false;
	return is_last || (is_plain(decoded) && is_defined(row) && (!row || row->refine != all_codes));
}

uint64_t undefined_after(const struct decoded *decoded, uint64_t flags)
{
	const ZydisAccessedFlags *accessed = decoded->instruction.cpu_flags;
	const struct row *row = row_of(decoded->instruction.mnemonic);

	/* A shift or a string instruction that does nothing leaves them as they are. */
	if (accessed && !(row && row->refine))
		flags &= ~((uint64_t)accessed->modified | accessed->set_0 | accessed->set_1);
	if (row)
		flags |= row->flags | (row->refine && !is_defined(row) ? 0
				       : row->refine == shift          ? FLAG_AF | FLAG_OF | FLAG_CF
								       : 0);
	return flags;
}
