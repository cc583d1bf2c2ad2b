/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registers of a riscv64 vCPU: names and numbers of the RISC-V Unprivileged ISA and Privileged Architecture manuals.
 *
 * REG(id, size in bytes, flags, "name", "alias", "meaning"); flags are AXVCPU_REG_*. Groups (bits 48 to 55 of the id): see
 * AXVCPU_REG_ID in <axvcpu/regs/reg.h>. CSRs have their CSR number as index. `mode`: 0 U, 1 S, 3 M.
 */
#ifndef AXVCPU_REGS_RISCV64_H
#define AXVCPU_REGS_RISCV64_H

#include <axvcpu/regs/reg.h>

#define AXVCPU_RISCV64_X(n) AXVCPU_REG_ID(AXVCPU_ARCH_RISCV64, AXVCPU_REG_GENERAL, n)
#define AXVCPU_RISCV64_PC AXVCPU_REG_ID(AXVCPU_ARCH_RISCV64, AXVCPU_REG_GENERAL, 32)
#define AXVCPU_RISCV64_MODE AXVCPU_REG_ID(AXVCPU_ARCH_RISCV64, AXVCPU_REG_GENERAL, 33)
#define AXVCPU_RISCV64_CSR(number) AXVCPU_REG_ID(AXVCPU_ARCH_RISCV64, AXVCPU_REG_SYSTEM, number)
#define AXVCPU_RISCV64_F(n) AXVCPU_REG_ID(AXVCPU_ARCH_RISCV64, AXVCPU_REG_FP, n)
#define AXVCPU_RISCV64_EVENT(n) AXVCPU_REG_ID(AXVCPU_ARCH_RISCV64, AXVCPU_REG_EVENT, n)

#define AXVCPU_RISCV64_REGS(REG) \
	REG(AXVCPU_RISCV64_X(0), 8, AXVCPU_REG_READ_ONLY, "x0", "zero", "always 0") \
	REG(AXVCPU_RISCV64_X(1), 8, 0, "x1", "ra", "return address") \
	REG(AXVCPU_RISCV64_X(2), 8, 0, "x2", "sp", "stack pointer") \
	REG(AXVCPU_RISCV64_X(3), 8, 0, "x3", "gp", "global pointer") \
	REG(AXVCPU_RISCV64_X(4), 8, 0, "x4", "tp", "thread pointer") \
	REG(AXVCPU_RISCV64_X(5), 8, 0, "x5", "t0", "temporary") \
	REG(AXVCPU_RISCV64_X(6), 8, 0, "x6", "t1", "temporary") \
	REG(AXVCPU_RISCV64_X(7), 8, 0, "x7", "t2", "temporary") \
	REG(AXVCPU_RISCV64_X(8), 8, 0, "x8", "s0", "saved register, frame pointer") \
	REG(AXVCPU_RISCV64_X(9), 8, 0, "x9", "s1", "saved register") \
	REG(AXVCPU_RISCV64_X(10), 8, 0, "x10", "a0", "argument, return value") \
	REG(AXVCPU_RISCV64_X(11), 8, 0, "x11", "a1", "argument, second return value") \
	REG(AXVCPU_RISCV64_X(12), 8, 0, "x12", "a2", "argument") \
	REG(AXVCPU_RISCV64_X(13), 8, 0, "x13", "a3", "argument") \
	REG(AXVCPU_RISCV64_X(14), 8, 0, "x14", "a4", "argument") \
	REG(AXVCPU_RISCV64_X(15), 8, 0, "x15", "a5", "argument") \
	REG(AXVCPU_RISCV64_X(16), 8, 0, "x16", "a6", "argument, SBI function") \
	REG(AXVCPU_RISCV64_X(17), 8, 0, "x17", "a7", "argument, SBI extension") \
	REG(AXVCPU_RISCV64_X(18), 8, 0, "x18", "s2", "saved register") \
	REG(AXVCPU_RISCV64_X(19), 8, 0, "x19", "s3", "saved register") \
	REG(AXVCPU_RISCV64_X(20), 8, 0, "x20", "s4", "saved register") \
	REG(AXVCPU_RISCV64_X(21), 8, 0, "x21", "s5", "saved register") \
	REG(AXVCPU_RISCV64_X(22), 8, 0, "x22", "s6", "saved register") \
	REG(AXVCPU_RISCV64_X(23), 8, 0, "x23", "s7", "saved register") \
	REG(AXVCPU_RISCV64_X(24), 8, 0, "x24", "s8", "saved register") \
	REG(AXVCPU_RISCV64_X(25), 8, 0, "x25", "s9", "saved register") \
	REG(AXVCPU_RISCV64_X(26), 8, 0, "x26", "s10", "saved register") \
	REG(AXVCPU_RISCV64_X(27), 8, 0, "x27", "s11", "saved register") \
	REG(AXVCPU_RISCV64_X(28), 8, 0, "x28", "t3", "temporary") \
	REG(AXVCPU_RISCV64_X(29), 8, 0, "x29", "t4", "temporary") \
	REG(AXVCPU_RISCV64_X(30), 8, 0, "x30", "t5", "temporary") \
	REG(AXVCPU_RISCV64_X(31), 8, 0, "x31", "t6", "temporary") \
	REG(AXVCPU_RISCV64_PC, 8, 0, "pc", "", "address of the next instruction") \
	REG(AXVCPU_RISCV64_MODE, 8, 0, "mode", "", "privilege mode: 0 U, 1 S, 3 M") \
	REG(AXVCPU_RISCV64_CSR(0x001), 8, 0, "fflags", "", "floating-point accrued exceptions") \
	REG(AXVCPU_RISCV64_CSR(0x002), 8, 0, "frm", "", "floating-point rounding mode") \
	REG(AXVCPU_RISCV64_CSR(0x003), 8, AXVCPU_REG_ALIAS, "fcsr", "", "frm and fflags together") \
	REG(AXVCPU_RISCV64_CSR(0x100), 8, 0, "sstatus", "", "supervisor status") \
	REG(AXVCPU_RISCV64_CSR(0x104), 8, 0, "sie", "", "supervisor interrupt enables") \
	REG(AXVCPU_RISCV64_CSR(0x105), 8, 0, "stvec", "", "supervisor trap vector") \
	REG(AXVCPU_RISCV64_CSR(0x106), 8, 0, "scounteren", "", "counters that U-mode may read") \
	REG(AXVCPU_RISCV64_CSR(0x10a), 8, 0, "senvcfg", "", "supervisor environment configuration") \
	REG(AXVCPU_RISCV64_CSR(0x140), 8, 0, "sscratch", "", "supervisor scratch") \
	REG(AXVCPU_RISCV64_CSR(0x141), 8, 0, "sepc", "", "supervisor exception pc") \
	REG(AXVCPU_RISCV64_CSR(0x142), 8, 0, "scause", "", "supervisor trap cause") \
	REG(AXVCPU_RISCV64_CSR(0x143), 8, 0, "stval", "", "supervisor trap value") \
	REG(AXVCPU_RISCV64_CSR(0x144), 8, 0, "sip", "", "supervisor interrupts pending") \
	REG(AXVCPU_RISCV64_CSR(0x180), 8, 0, "satp", "", "supervisor address translation and protection") \
	REG(AXVCPU_RISCV64_CSR(0xc00), 8, AXVCPU_REG_VOLATILE, "cycle", "", "cycles, counted as instructions") \
	REG(AXVCPU_RISCV64_CSR(0xc01), 8, AXVCPU_REG_VOLATILE | AXVCPU_REG_READ_ONLY, "time", "", "ticks of the timebase") \
	REG(AXVCPU_RISCV64_CSR(0xc02), 8, AXVCPU_REG_VOLATILE, "instret", "", "instructions retired") \
	REG(AXVCPU_RISCV64_F(0), 8, 0, "f0", "ft0", "FP temporary") \
	REG(AXVCPU_RISCV64_F(1), 8, 0, "f1", "ft1", "FP temporary") \
	REG(AXVCPU_RISCV64_F(2), 8, 0, "f2", "ft2", "FP temporary") \
	REG(AXVCPU_RISCV64_F(3), 8, 0, "f3", "ft3", "FP temporary") \
	REG(AXVCPU_RISCV64_F(4), 8, 0, "f4", "ft4", "FP temporary") \
	REG(AXVCPU_RISCV64_F(5), 8, 0, "f5", "ft5", "FP temporary") \
	REG(AXVCPU_RISCV64_F(6), 8, 0, "f6", "ft6", "FP temporary") \
	REG(AXVCPU_RISCV64_F(7), 8, 0, "f7", "ft7", "FP temporary") \
	REG(AXVCPU_RISCV64_F(8), 8, 0, "f8", "fs0", "FP saved register") \
	REG(AXVCPU_RISCV64_F(9), 8, 0, "f9", "fs1", "FP saved register") \
	REG(AXVCPU_RISCV64_F(10), 8, 0, "f10", "fa0", "FP argument, return value") \
	REG(AXVCPU_RISCV64_F(11), 8, 0, "f11", "fa1", "FP argument, second return value") \
	REG(AXVCPU_RISCV64_F(12), 8, 0, "f12", "fa2", "FP argument") \
	REG(AXVCPU_RISCV64_F(13), 8, 0, "f13", "fa3", "FP argument") \
	REG(AXVCPU_RISCV64_F(14), 8, 0, "f14", "fa4", "FP argument") \
	REG(AXVCPU_RISCV64_F(15), 8, 0, "f15", "fa5", "FP argument") \
	REG(AXVCPU_RISCV64_F(16), 8, 0, "f16", "fa6", "FP argument") \
	REG(AXVCPU_RISCV64_F(17), 8, 0, "f17", "fa7", "FP argument") \
	REG(AXVCPU_RISCV64_F(18), 8, 0, "f18", "fs2", "FP saved register") \
	REG(AXVCPU_RISCV64_F(19), 8, 0, "f19", "fs3", "FP saved register") \
	REG(AXVCPU_RISCV64_F(20), 8, 0, "f20", "fs4", "FP saved register") \
	REG(AXVCPU_RISCV64_F(21), 8, 0, "f21", "fs5", "FP saved register") \
	REG(AXVCPU_RISCV64_F(22), 8, 0, "f22", "fs6", "FP saved register") \
	REG(AXVCPU_RISCV64_F(23), 8, 0, "f23", "fs7", "FP saved register") \
	REG(AXVCPU_RISCV64_F(24), 8, 0, "f24", "fs8", "FP saved register") \
	REG(AXVCPU_RISCV64_F(25), 8, 0, "f25", "fs9", "FP saved register") \
	REG(AXVCPU_RISCV64_F(26), 8, 0, "f26", "fs10", "FP saved register") \
	REG(AXVCPU_RISCV64_F(27), 8, 0, "f27", "fs11", "FP saved register") \
	REG(AXVCPU_RISCV64_F(28), 8, 0, "f28", "ft8", "FP temporary") \
	REG(AXVCPU_RISCV64_F(29), 8, 0, "f29", "ft9", "FP temporary") \
	REG(AXVCPU_RISCV64_F(30), 8, 0, "f30", "ft10", "FP temporary") \
	REG(AXVCPU_RISCV64_F(31), 8, 0, "f31", "ft11", "FP temporary") \
	REG(AXVCPU_RISCV64_EVENT(0), 8, 0, "timer.compare", "", "time at which the supervisor timer interrupt pends; all ones: never") \
	REG(AXVCPU_RISCV64_EVENT(1), 8, 0, "lines", "", "levels of the interrupt inputs, one bit per interrupt number") \
	REG(AXVCPU_RISCV64_EVENT(2), 8, 0, "halted", "", "1 while the hart waits in wfi") \
	REG(AXVCPU_RISCV64_EVENT(3), 8, 0, "reservation", "", "guest-physical address reserved by lr; all ones: none")

#endif
