/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the manual leaves undefined after an instruction that has executed, by mnemonic, with the place in Intel's
 * manual (SDM, volume 2 unless it says otherwise). For whoever compares two processors.
 */
#ifndef PLUGINS_COMMON_X86_64_UNDEFINED_H
#define PLUGINS_COMMON_X86_64_UNDEFINED_H

#include <stdint.h>

#include <Zydis/Zydis.h>

#define UNDEFINED_CF 0x1u
#define UNDEFINED_PF 0x4u
#define UNDEFINED_AF 0x10u
#define UNDEFINED_ZF 0x40u
#define UNDEFINED_SF 0x80u
#define UNDEFINED_OF 0x800u
#define UNDEFINED_STATUS (UNDEFINED_CF | UNDEFINED_PF | UNDEFINED_AF | UNDEFINED_ZF | UNDEFINED_SF | UNDEFINED_OF)

/* Of the x87 unit's status word. */
#define UNDEFINED_C0 0x100u
#define UNDEFINED_C1 0x200u
#define UNDEFINED_C2 0x400u
#define UNDEFINED_C3 0x4000u

/* clang-format off */

/* FLAGS(mnemonic, flags, "where"): flags that are undefined whatever the operands are. */
#define UNDEFINED_FLAGS(FLAGS) \
	FLAGS(AND, UNDEFINED_AF, "AND, \"Flags Affected\": the state of AF is undefined") \
	FLAGS(OR, UNDEFINED_AF, "OR, \"Flags Affected\": the state of AF is undefined") \
	FLAGS(XOR, UNDEFINED_AF, "XOR, \"Flags Affected\": the state of AF is undefined") \
	FLAGS(TEST, UNDEFINED_AF, "TEST, \"Flags Affected\": the state of AF is undefined") \
	FLAGS(ANDN, UNDEFINED_AF | UNDEFINED_PF, "ANDN, \"Flags Affected\": AF and PF are undefined") \
	FLAGS(BLSI, UNDEFINED_AF | UNDEFINED_PF, "BLSI, \"Flags Affected\": AF and PF are undefined") \
	FLAGS(BLSR, UNDEFINED_AF | UNDEFINED_PF, "BLSR, \"Flags Affected\": AF and PF are undefined") \
	FLAGS(BLSMSK, UNDEFINED_AF | UNDEFINED_PF, "BLSMSK, \"Flags Affected\": AF and PF are undefined") \
	FLAGS(BZHI, UNDEFINED_AF | UNDEFINED_PF, "BZHI, \"Flags Affected\": AF and PF are undefined") \
	FLAGS(BEXTR, UNDEFINED_AF | UNDEFINED_SF | UNDEFINED_PF, "BEXTR, \"Flags Affected\": AF, SF and PF are undefined") \
	FLAGS(MUL, UNDEFINED_STATUS & ~(UNDEFINED_CF | UNDEFINED_OF), "MUL, \"Flags Affected\": SF, ZF, AF and PF are undefined") \
	FLAGS(IMUL, UNDEFINED_STATUS & ~(UNDEFINED_CF | UNDEFINED_OF), "IMUL, \"Flags Affected\": SF, ZF, AF and PF are undefined") \
	FLAGS(DIV, UNDEFINED_STATUS, "DIV, \"Flags Affected\": CF, OF, SF, ZF, AF and PF are undefined") \
	FLAGS(IDIV, UNDEFINED_STATUS, "IDIV, \"Flags Affected\": CF, OF, SF, ZF, AF and PF are undefined") \
	FLAGS(TZCNT, UNDEFINED_OF | UNDEFINED_SF | UNDEFINED_PF | UNDEFINED_AF, "TZCNT, \"Flags Affected\": OF, SF, PF and AF are undefined") \
	FLAGS(LZCNT, UNDEFINED_OF | UNDEFINED_SF | UNDEFINED_PF | UNDEFINED_AF, "LZCNT, \"Flags Affected\": OF, SF, PF and AF are undefined") \
	FLAGS(BT, UNDEFINED_OF | UNDEFINED_SF | UNDEFINED_AF | UNDEFINED_PF, "BT, \"Flags Affected\": OF, SF, AF and PF are undefined") \
	FLAGS(BTS, UNDEFINED_OF | UNDEFINED_SF | UNDEFINED_AF | UNDEFINED_PF, "BTS, \"Flags Affected\": OF, SF, AF and PF are undefined") \
	FLAGS(BTR, UNDEFINED_OF | UNDEFINED_SF | UNDEFINED_AF | UNDEFINED_PF, "BTR, \"Flags Affected\": OF, SF, AF and PF are undefined") \
	FLAGS(BTC, UNDEFINED_OF | UNDEFINED_SF | UNDEFINED_AF | UNDEFINED_PF, "BTC, \"Flags Affected\": OF, SF, AF and PF are undefined") \
	FLAGS(DAA, UNDEFINED_OF, "DAA, \"Flags Affected\": OF is undefined") \
	FLAGS(DAS, UNDEFINED_OF, "DAS, \"Flags Affected\": OF is undefined") \
	FLAGS(AAA, UNDEFINED_OF | UNDEFINED_SF | UNDEFINED_ZF | UNDEFINED_PF, "AAA, \"Flags Affected\": OF, SF, ZF and PF are undefined") \
	FLAGS(AAS, UNDEFINED_OF | UNDEFINED_SF | UNDEFINED_ZF | UNDEFINED_PF, "AAS, \"Flags Affected\": OF, SF, ZF and PF are undefined") \
	FLAGS(AAM, UNDEFINED_OF | UNDEFINED_AF | UNDEFINED_CF, "AAM, \"Flags Affected\": OF, AF and CF are undefined") \
	FLAGS(AAD, UNDEFINED_OF | UNDEFINED_AF | UNDEFINED_CF, "AAD, \"Flags Affected\": OF, AF and CF are undefined")

/* FLAGS(mnemonic, flags, "where"): flags that are undefined, and a destination that is so by the source's value. */
#define UNDEFINED_SCANS(FLAGS) \
	FLAGS(BSF, UNDEFINED_STATUS & ~UNDEFINED_ZF, "BSF, \"Description\": destination for a source of 0; \"Flags Affected\": all but ZF") \
	FLAGS(BSR, UNDEFINED_STATUS & ~UNDEFINED_ZF, "BSR, \"Description\": destination for a source of 0; \"Flags Affected\": all but ZF")

/* SHIFT(mnemonic, operand of the count, "where"): flags depend on the count, see undefined_by_count. */
#define UNDEFINED_SHIFTS(SHIFT) \
	SHIFT(SHL, 1, "SAL/SAR/SHL/SHR, \"Flags Affected\": CF when the count reaches the width, OF unless it is 1, AF") \
	SHIFT(SHR, 1, "SAL/SAR/SHL/SHR, \"Flags Affected\": CF when the count reaches the width, OF unless it is 1, AF") \
	SHIFT(SAR, 1, "SAL/SAR/SHL/SHR, \"Flags Affected\": OF unless the count is 1, AF") \
	SHIFT(RCL, 1, "RCL/RCR/ROL/ROR, \"Flags Affected\": OF is undefined for multi-bit rotates") \
	SHIFT(RCR, 1, "RCL/RCR/ROL/ROR, \"Flags Affected\": OF is undefined for multi-bit rotates") \
	SHIFT(ROL, 1, "RCL/RCR/ROL/ROR, \"Flags Affected\": OF is undefined for multi-bit rotates") \
	SHIFT(ROR, 1, "RCL/RCR/ROL/ROR, \"Flags Affected\": OF is undefined for multi-bit rotates") \
	SHIFT(SHLD, 2, "SHLD, \"Description\" and \"Flags Affected\": OF unless the count is 1, AF; all beyond the width") \
	SHIFT(SHRD, 2, "SHRD, \"Description\" and \"Flags Affected\": OF unless the count is 1, AF; all beyond the width")

/* NAME(mnemonic): C0, C2 and C3 are undefined (SDM 2, each one's "FPU Flags Affected"). */
#define UNDEFINED_MOST_CODES(NAME) \
	NAME(FLD) NAME(FST) NAME(FSTP) NAME(FILD) NAME(FIST) NAME(FISTP) NAME(FISTTP) NAME(FBLD) NAME(FBSTP) NAME(FXCH) \
	NAME(FCMOVB) NAME(FCMOVBE) NAME(FCMOVE) NAME(FCMOVNB) NAME(FCMOVNBE) NAME(FCMOVNE) NAME(FCMOVNU) NAME(FCMOVU) \
	NAME(FADD) NAME(FADDP) NAME(FIADD) NAME(FSUB) NAME(FSUBP) NAME(FISUB) NAME(FSUBR) NAME(FSUBRP) NAME(FISUBR) \
	NAME(FMUL) NAME(FMULP) NAME(FIMUL) NAME(FDIV) NAME(FDIVP) NAME(FIDIV) NAME(FDIVR) NAME(FDIVRP) NAME(FIDIVR) \
	NAME(FABS) NAME(FCHS) NAME(FRNDINT) NAME(FSCALE) NAME(FSQRT) NAME(FXTRACT) \
	NAME(FPATAN) NAME(F2XM1) NAME(FYL2X) NAME(FYL2XP1) \
	NAME(FLD1) NAME(FLDZ) NAME(FLDPI) NAME(FLDL2E) NAME(FLDLN2) NAME(FLDL2T) NAME(FLDLG2) \
	NAME(FINCSTP) NAME(FDECSTP) NAME(FCOMI) NAME(FUCOMI) NAME(FCOMIP) NAME(FUCOMIP)

/* NAME(mnemonic): C0, C1, C2 and C3 are undefined. */
#define UNDEFINED_ALL_CODES(NAME) \
	NAME(FFREE) NAME(FFREEP) NAME(FNCLEX) NAME(FNSTCW) NAME(FLDCW) NAME(FNSTSW) NAME(FWAIT) NAME(FNOP)

/* NAME(mnemonic): floats with a relative error of at most 1.5 * 2^-12. */
#define UNDEFINED_APPROXIMATIONS(NAME) \
	NAME(RCPPS) NAME(RCPSS) NAME(RSQRTPS) NAME(RSQRTSS) NAME(VRCPPS) NAME(VRCPSS) NAME(VRSQRTPS) NAME(VRSQRTSS)

/* clang-format on */

/*
 * Flags that a shift or rotation of an operand of `bits` leaves undefined with this count, which is masked already.
 * UINT64_MAX: the result too.
 */
uint64_t undefined_by_count(ZydisMnemonic mnemonic, unsigned bits, unsigned count);

/* The flags of all these rows but of the shifts, and the codes. 0: none. */
uint64_t undefined_flags(ZydisMnemonic mnemonic);
uint32_t undefined_codes(ZydisMnemonic mnemonic);

#endif
