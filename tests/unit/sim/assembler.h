/* SPDX-License-Identifier: Apache-2.0 */
/* Encodings for test programs, one function per instruction and per format: a program is an array of calls. */
#ifndef TESTS_UNIT_SIM_ASSEMBLER_H
#define TESTS_UNIT_SIM_ASSEMBLER_H

#include <stdint.h>

enum {
	zero,
	ra,
	sp,
	gp,
	tp,
	t0,
	t1,
	t2,
	s0,
	s1,
	a0,
	a1,
	a2,
	a3,
	a4,
	a5,
	a6,
	a7,
	s2,
	s3,
	s4,
	s5,
	s6,
	s7,
	s8,
	s9,
	s10,
	s11,
	t3
};

#define R_TYPE(funct7, rs2, rs1, funct3, rd, opcode) \
	((uint32_t)(funct7) << 25 | (uint32_t)(rs2) << 20 | (uint32_t)(rs1) << 15 | (uint32_t)(funct3) << 12 | \
	 (uint32_t)(rd) << 7 | (opcode))
#define I_TYPE(imm, rs1, funct3, rd, opcode) \
	((uint32_t)(imm) << 20 | (uint32_t)(rs1) << 15 | (uint32_t)(funct3) << 12 | (uint32_t)(rd) << 7 | (opcode))
#define S_TYPE(imm, rs2, rs1, funct3) R_TYPE((uint32_t)(imm) >> 5 & 127, rs2, rs1, funct3, (uint32_t)(imm)&31, 0x23)
#define B_TYPE(imm, rs2, rs1, funct3) \
	R_TYPE(((uint32_t)(imm) >> 12 & 1) << 6 | ((uint32_t)(imm) >> 5 & 63), rs2, rs1, funct3, \
	       ((uint32_t)(imm)&30) | ((uint32_t)(imm) >> 11 & 1), 0x63)

#define LUI(rd, imm) ((uint32_t)(imm) << 12 | (uint32_t)(rd) << 7 | 0x37)
#define AUIPC(rd, imm) ((uint32_t)(imm) << 12 | (uint32_t)(rd) << 7 | 0x17)
#define ADDI(rd, rs1, imm) I_TYPE(imm, rs1, 0, rd, 0x13)
#define LI(rd, imm) ADDI(rd, zero, imm)
#define SLLI(rd, rs1, imm) I_TYPE(imm, rs1, 1, rd, 0x13)
#define ADD(rd, rs1, rs2) R_TYPE(0, rs2, rs1, 0, rd, 0x33)
#define LW(rd, imm, rs1) I_TYPE(imm, rs1, 2, rd, 0x03)
#define LD(rd, imm, rs1) I_TYPE(imm, rs1, 3, rd, 0x03)
#define LBU(rd, imm, rs1) I_TYPE(imm, rs1, 4, rd, 0x03)
#define SB(rs2, imm, rs1) S_TYPE(imm, rs2, rs1, 0)
#define SW(rs2, imm, rs1) S_TYPE(imm, rs2, rs1, 2)
#define SD(rs2, imm, rs1) S_TYPE(imm, rs2, rs1, 3)
#define BEQ(rs1, rs2, offset) B_TYPE(offset, rs2, rs1, 0)
#define BNE(rs1, rs2, offset) B_TYPE(offset, rs2, rs1, 1)
#define JALR(rd, imm, rs1) I_TYPE(imm, rs1, 0, rd, 0x67)
#define JAL(rd, offset) \
	(((uint32_t)(offset) >> 20 & 1) << 31 | ((uint32_t)(offset) >> 1 & 0x3ff) << 21 | \
	 ((uint32_t)(offset) >> 11 & 1) << 20 | ((uint32_t)(offset) >> 12 & 0xff) << 12 | (uint32_t)(rd) << 7 | 0x6f)
#define J(offset) JAL(zero, offset)
#define LR_D(rd, rs1) R_TYPE(0x08, 0, rs1, 3, rd, 0x2f)
#define SC_D(rd, rs2, rs1) R_TYPE(0x0c, rs2, rs1, 3, rd, 0x2f)
#define AMOADD_D(rd, rs2, rs1) R_TYPE(0x00, rs2, rs1, 3, rd, 0x2f)
#define AMOSWAP_D(rd, rs2, rs1) R_TYPE(0x04, rs2, rs1, 3, rd, 0x2f)
#define CSRR(rd, csr) I_TYPE(csr, 0, 2, rd, 0x73)
#define CSRW(csr, rs1) I_TYPE(csr, rs1, 1, 0, 0x73)
#define CSRSI(csr, imm) I_TYPE(csr, imm, 6, 0, 0x73)
#define FENCE I_TYPE(0x0ff, 0, 0, 0, 0x0f)
#define FENCE_I I_TYPE(0, 0, 1, 0, 0x0f)
#define ECALL 0x73u
#define EBREAK 0x100073u
#define SRET 0x10200073u
#define WFI 0x10500073u
#define SFENCE_VMA(rs1, rs2) R_TYPE(0x09, rs2, rs1, 0, 0, 0x73)

/* The end of a program: an SBI call that shuts down. 3 instructions. */
#define SHUT_DOWN LI(a7, 8), ECALL, J(0)

enum {
	CSR_SSTATUS = 0x100,
	CSR_SIE = 0x104,
	CSR_STVEC = 0x105,
	CSR_SCAUSE = 0x142,
	CSR_SIP = 0x144,
	CSR_SATP = 0x180,
	CSR_TIME = 0xc01,
	CSR_INSTRET = 0xc02
};

#endif
