/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See undefined.h. One row per mnemonic that leaves something undefined, with the place in Intel's manual (SDM, volume
 * 2 unless it says otherwise). A row's flags are undefined whenever the instruction has executed; a function narrows or
 * widens that by the operands.
 */
#include "undefined.h"

#include <string.h>

#include "address.h"
#include "segments.h"

#define AF FLAG_AF
#define CF FLAG_CF
#define OF FLAG_OF
#define PF FLAG_PF
#define SF FLAG_SF
#define ZF FLAG_ZF

#define C0 0x100u
#define C1 0x200u
#define C2 0x400u
#define C3 0x4000u
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

/* A shift by 0 changes no flag; OF is that of a shift by 1; SHL and SHR have no CF beyond their width. */
static void shift(const struct subject *subject, struct allowance *allowance)
{
	unsigned count;
	bool is_arithmetic = subject->decoded->instruction.mnemonic == ZYDIS_MNEMONIC_SAR;

	if (!count_of(subject, 1, &count)) {
		allowance->flags |= AF | OF | (is_arithmetic ? 0 : CF);
		return;
	}
	if (!count)
		return;
	allowance->flags |= AF;
	if (count != 1)
		allowance->flags |= OF;
	if (!is_arithmetic && count >= subject->decoded->operands[0].size)
		allowance->flags |= CF;
}

static void rotate(const struct subject *subject, struct allowance *allowance)
{
	unsigned count;

	if (!count_of(subject, 1, &count) || count > 1)
		allowance->flags |= OF;
}

/* With a count beyond the width nothing is defined: that is one of 16 bits. */
static void shift_double(const struct subject *subject, struct allowance *allowance)
{
	const ZydisDecodedOperand *target = &subject->decoded->operands[0];
	unsigned count;
	bool is_known = count_of(subject, 2, &count);

	if (is_known && !count)
		return;
	allowance->flags |= AF;
	if (!is_known || count != 1)
		allowance->flags |= OF;
	if (target->size != 16 || (is_known && count <= 16))
		return;
	allowance->flags |= FLAGS_STATUS;
	skip_register(target, allowance);
	if (target->type == ZYDIS_OPERAND_TYPE_MEMORY)
		skip_memory(allowance, where(subject, allowance), 2);
}

/* With a source of 0, ZF is 1. */
static void scan(const struct subject *subject, struct allowance *allowance)
{
	if (!subject->is_exact || subject->native->state.rflags & ZF)
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
#define LOGICAL "\"Flags Affected\": the state of AF is undefined"
	ROW(AND, AF, NULL, "AND, " LOGICAL)
	ROW(OR, AF, NULL, "OR, " LOGICAL)
	ROW(XOR, AF, NULL, "XOR, " LOGICAL)
	ROW(TEST, AF, NULL, "TEST, " LOGICAL)
	ROW(ANDN, AF | PF, NULL, "ANDN, \"Flags Affected\": AF and PF are undefined")
	ROW(BLSI, AF | PF, NULL, "BLSI, \"Flags Affected\": AF and PF are undefined")
	ROW(BLSR, AF | PF, NULL, "BLSR, \"Flags Affected\": AF and PF are undefined")
	ROW(BLSMSK, AF | PF, NULL, "BLSMSK, \"Flags Affected\": AF and PF are undefined")
	ROW(BZHI, AF | PF, NULL, "BZHI, \"Flags Affected\": AF and PF are undefined")
	ROW(BEXTR, AF | SF | PF, NULL, "BEXTR, \"Flags Affected\": AF, SF and PF are undefined")
	ROW(MUL, SF | ZF | AF | PF, NULL, "MUL, \"Flags Affected\": SF, ZF, AF and PF are undefined")
	ROW(IMUL, SF | ZF | AF | PF, NULL, "IMUL, \"Flags Affected\": SF, ZF, AF and PF are undefined")
	ROW(DIV, FLAGS_STATUS, NULL, "DIV, \"Flags Affected\": CF, OF, SF, ZF, AF and PF are undefined")
	ROW(IDIV, FLAGS_STATUS, NULL, "IDIV, \"Flags Affected\": CF, OF, SF, ZF, AF and PF are undefined")
	ROW(SHL, 0, shift, "SAL/SAR/SHL/SHR, \"Flags Affected\": CF when the count reaches the width, OF unless it is 1, AF")
	ROW(SHR, 0, shift, "SAL/SAR/SHL/SHR, \"Flags Affected\": CF when the count reaches the width, OF unless it is 1, AF")
	ROW(SAR, 0, shift, "SAL/SAR/SHL/SHR, \"Flags Affected\": OF unless the count is 1, AF")
	ROW(RCL, 0, rotate, "RCL/RCR/ROL/ROR, \"Flags Affected\": OF is undefined for multi-bit rotates")
	ROW(RCR, 0, rotate, "RCL/RCR/ROL/ROR, \"Flags Affected\": OF is undefined for multi-bit rotates")
	ROW(ROL, 0, rotate, "RCL/RCR/ROL/ROR, \"Flags Affected\": OF is undefined for multi-bit rotates")
	ROW(ROR, 0, rotate, "RCL/RCR/ROL/ROR, \"Flags Affected\": OF is undefined for multi-bit rotates")
	ROW(SHLD, 0, shift_double, "SHLD, \"Description\" and \"Flags Affected\": OF unless the count is 1, AF; all beyond the width")
	ROW(SHRD, 0, shift_double, "SHRD, \"Description\" and \"Flags Affected\": OF unless the count is 1, AF; all beyond the width")
	ROW(BSF, CF | OF | SF | AF | PF, scan, "BSF, \"Description\": destination for a source of 0; \"Flags Affected\": all but ZF")
	ROW(BSR, CF | OF | SF | AF | PF, scan, "BSR, \"Description\": destination for a source of 0; \"Flags Affected\": all but ZF")
	ROW(TZCNT, OF | SF | PF | AF, NULL, "TZCNT, \"Flags Affected\": OF, SF, PF and AF are undefined")
	ROW(LZCNT, OF | SF | PF | AF, NULL, "LZCNT, \"Flags Affected\": OF, SF, PF and AF are undefined")
	ROW(BT, OF | SF | AF | PF, NULL, "BT, \"Flags Affected\": OF, SF, AF and PF are undefined")
	ROW(BTS, OF | SF | AF | PF, NULL, "BTS, \"Flags Affected\": OF, SF, AF and PF are undefined")
	ROW(BTR, OF | SF | AF | PF, NULL, "BTR, \"Flags Affected\": OF, SF, AF and PF are undefined")
	ROW(BTC, OF | SF | AF | PF, NULL, "BTC, \"Flags Affected\": OF, SF, AF and PF are undefined")
	ROW(DAA, OF, NULL, "DAA, \"Flags Affected\": OF is undefined")
	ROW(DAS, OF, NULL, "DAS, \"Flags Affected\": OF is undefined")
	ROW(AAA, OF | SF | ZF | PF, NULL, "AAA, \"Flags Affected\": OF, SF, ZF and PF are undefined")
	ROW(AAS, OF | SF | ZF | PF, NULL, "AAS, \"Flags Affected\": OF, SF, ZF and PF are undefined")
	ROW(AAM, OF | AF | CF, NULL, "AAM, \"Flags Affected\": OF, AF and CF are undefined")
	ROW(AAD, OF | AF | CF, NULL, "AAD, \"Flags Affected\": OF, AF and CF are undefined")
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
#define APPROXIMATION ": relative error of at most 1.5 * 2^-12"
	ROW(RCPPS, 0, approximate, "RCPPS" APPROXIMATION)
	ROW(RCPSS, 0, approximate, "RCPSS" APPROXIMATION)
	ROW(RSQRTPS, 0, approximate, "RSQRTPS" APPROXIMATION)
	ROW(RSQRTSS, 0, approximate, "RSQRTSS" APPROXIMATION)
	ROW(VRCPPS, 0, approximate, "RCPPS" APPROXIMATION)
	ROW(VRCPSS, 0, approximate, "RCPSS" APPROXIMATION)
	ROW(VRSQRTPS, 0, approximate, "RSQRTPS" APPROXIMATION)
	ROW(VRSQRTSS, 0, approximate, "RSQRTSS" APPROXIMATION)
#define MOST(name) ROW(name, 0, most_codes, #name ", \"FPU Flags Affected\": C0, C2 and C3 are undefined")
	MOST(FLD) MOST(FST) MOST(FSTP) MOST(FILD) MOST(FIST) MOST(FISTP) MOST(FISTTP) MOST(FBLD) MOST(FBSTP) MOST(FXCH)
	MOST(FCMOVB) MOST(FCMOVBE) MOST(FCMOVE) MOST(FCMOVNB) MOST(FCMOVNBE) MOST(FCMOVNE) MOST(FCMOVNU) MOST(FCMOVU)
	MOST(FADD) MOST(FADDP) MOST(FIADD) MOST(FSUB) MOST(FSUBP) MOST(FISUB) MOST(FSUBR) MOST(FSUBRP) MOST(FISUBR)
	MOST(FMUL) MOST(FMULP) MOST(FIMUL) MOST(FDIV) MOST(FDIVP) MOST(FIDIV) MOST(FDIVR) MOST(FDIVRP) MOST(FIDIVR)
	MOST(FABS) MOST(FCHS) MOST(FRNDINT) MOST(FSCALE) MOST(FSQRT) MOST(FXTRACT)
	MOST(FPATAN) MOST(F2XM1) MOST(FYL2X) MOST(FYL2XP1)
	MOST(FLD1) MOST(FLDZ) MOST(FLDPI) MOST(FLDL2E) MOST(FLDLN2) MOST(FLDL2T) MOST(FLDLG2)
	MOST(FINCSTP) MOST(FDECSTP) MOST(FCOMI) MOST(FUCOMI) MOST(FCOMIP) MOST(FUCOMIP)
#define ALL(name) ROW(name, 0, all_codes, #name ", \"FPU Flags Affected\": C0, C1, C2 and C3 are undefined")
	ALL(FFREE) ALL(FFREEP) ALL(FNCLEX) ALL(FNSTCW) ALL(FLDCW) ALL(FNSTSW) ALL(FWAIT) ALL(FNOP)
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
	return !row || !row->refine || row->refine == shift || row->refine == rotate || row->refine == most_codes;
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
		flags |= row->flags | (row->refine && !is_defined(row)                 ? 0
				       : row->refine == shift || row->refine == rotate ? AF | OF | CF
										       : 0);
	return flags;
}
