/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registers of an aarch64 vCPU: names and numbers of the Arm Architecture Reference Manual for A-profile.
 *
 * REG(id, size in bytes, flags, "name", "alias", "meaning"); flags are AXVCPU_REG_*. Groups (bits 48 to 55 of the id): see
 * AXVCPU_REG_ID in <axvcpu/regs/reg.h>. System registers are numbered by op0, op1, CRn, CRm and op2 of their MRS instruction.
 */
#ifndef AXVCPU_REGS_AARCH64_H
#define AXVCPU_REGS_AARCH64_H

#include <axvcpu/regs/reg.h>

#define AXVCPU_AARCH64_X(n) AXVCPU_REG_ID(AXVCPU_ARCH_AARCH64, AXVCPU_REG_GENERAL, n)
#define AXVCPU_AARCH64_PC AXVCPU_REG_ID(AXVCPU_ARCH_AARCH64, AXVCPU_REG_GENERAL, 32)
#define AXVCPU_AARCH64_PSTATE AXVCPU_REG_ID(AXVCPU_ARCH_AARCH64, AXVCPU_REG_GENERAL, 33)
#define AXVCPU_AARCH64_SYSREG(op0, op1, crn, crm, op2) \
	AXVCPU_REG_ID(AXVCPU_ARCH_AARCH64, AXVCPU_REG_SYSTEM, (op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))
#define AXVCPU_AARCH64_V(n) AXVCPU_REG_ID(AXVCPU_ARCH_AARCH64, AXVCPU_REG_FP, n)
#define AXVCPU_AARCH64_FPCR AXVCPU_REG_ID(AXVCPU_ARCH_AARCH64, AXVCPU_REG_FP, 32)
#define AXVCPU_AARCH64_FPSR AXVCPU_REG_ID(AXVCPU_ARCH_AARCH64, AXVCPU_REG_FP, 33)
#define AXVCPU_AARCH64_EVENT(n) AXVCPU_REG_ID(AXVCPU_ARCH_AARCH64, AXVCPU_REG_EVENT, n)

#define AXVCPU_AARCH64_REGS(REG) \
	REG(AXVCPU_AARCH64_X(0), 8, 0, "x0", "", "argument, return value") \
	REG(AXVCPU_AARCH64_X(1), 8, 0, "x1", "", "argument, result") \
	REG(AXVCPU_AARCH64_X(2), 8, 0, "x2", "", "argument, result") \
	REG(AXVCPU_AARCH64_X(3), 8, 0, "x3", "", "argument, result") \
	REG(AXVCPU_AARCH64_X(4), 8, 0, "x4", "", "argument, result") \
	REG(AXVCPU_AARCH64_X(5), 8, 0, "x5", "", "argument, result") \
	REG(AXVCPU_AARCH64_X(6), 8, 0, "x6", "", "argument, result") \
	REG(AXVCPU_AARCH64_X(7), 8, 0, "x7", "", "argument, result") \
	REG(AXVCPU_AARCH64_X(8), 8, 0, "x8", "", "general register") \
	REG(AXVCPU_AARCH64_X(9), 8, 0, "x9", "", "general register") \
	REG(AXVCPU_AARCH64_X(10), 8, 0, "x10", "", "general register") \
	REG(AXVCPU_AARCH64_X(11), 8, 0, "x11", "", "general register") \
	REG(AXVCPU_AARCH64_X(12), 8, 0, "x12", "", "general register") \
	REG(AXVCPU_AARCH64_X(13), 8, 0, "x13", "", "general register") \
	REG(AXVCPU_AARCH64_X(14), 8, 0, "x14", "", "general register") \
	REG(AXVCPU_AARCH64_X(15), 8, 0, "x15", "", "general register") \
	REG(AXVCPU_AARCH64_X(16), 8, 0, "x16", "", "general register") \
	REG(AXVCPU_AARCH64_X(17), 8, 0, "x17", "", "general register") \
	REG(AXVCPU_AARCH64_X(18), 8, 0, "x18", "", "general register") \
	REG(AXVCPU_AARCH64_X(19), 8, 0, "x19", "", "general register") \
	REG(AXVCPU_AARCH64_X(20), 8, 0, "x20", "", "general register") \
	REG(AXVCPU_AARCH64_X(21), 8, 0, "x21", "", "general register") \
	REG(AXVCPU_AARCH64_X(22), 8, 0, "x22", "", "general register") \
	REG(AXVCPU_AARCH64_X(23), 8, 0, "x23", "", "general register") \
	REG(AXVCPU_AARCH64_X(24), 8, 0, "x24", "", "general register") \
	REG(AXVCPU_AARCH64_X(25), 8, 0, "x25", "", "general register") \
	REG(AXVCPU_AARCH64_X(26), 8, 0, "x26", "", "general register") \
	REG(AXVCPU_AARCH64_X(27), 8, 0, "x27", "", "general register") \
	REG(AXVCPU_AARCH64_X(28), 8, 0, "x28", "", "general register") \
	REG(AXVCPU_AARCH64_X(29), 8, 0, "x29", "fp", "frame pointer") \
	REG(AXVCPU_AARCH64_X(30), 8, 0, "x30", "lr", "link register") \
	REG(AXVCPU_AARCH64_PC, 8, 0, "pc", "", "address of the next instruction") \
	REG(AXVCPU_AARCH64_PSTATE, 8, 0, "pstate", "cpsr", "condition flags, masks, exception level, as in SPSR_EL1") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 4, 1, 0), 8, 0, "sp_el0", "", "stack pointer of EL0") \
	REG(AXVCPU_AARCH64_SYSREG(3, 4, 4, 1, 0), 8, 0, "sp_el1", "", "stack pointer of EL1") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 0, 0, 0), 8, AXVCPU_REG_READ_ONLY, "midr_el1", "", "main id") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 0, 0, 5), 8, AXVCPU_REG_READ_ONLY, "mpidr_el1", "", "affinity of this processor") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 0, 0, 6), 8, AXVCPU_REG_READ_ONLY, "revidr_el1", "", "revision") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 0, 4, 0), 8, AXVCPU_REG_READ_ONLY, "id_aa64pfr0_el1", "", "processor features 0") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 0, 4, 1), 8, AXVCPU_REG_READ_ONLY, "id_aa64pfr1_el1", "", "processor features 1") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 0, 5, 0), 8, AXVCPU_REG_READ_ONLY, "id_aa64dfr0_el1", "", "debug features 0") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 0, 5, 1), 8, AXVCPU_REG_READ_ONLY, "id_aa64dfr1_el1", "", "debug features 1") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 0, 6, 0), 8, AXVCPU_REG_READ_ONLY, "id_aa64isar0_el1", "", "instructions 0") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 0, 6, 1), 8, AXVCPU_REG_READ_ONLY, "id_aa64isar1_el1", "", "instructions 1") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 0, 7, 0), 8, AXVCPU_REG_READ_ONLY, "id_aa64mmfr0_el1", "", "memory model 0") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 0, 7, 1), 8, AXVCPU_REG_READ_ONLY, "id_aa64mmfr1_el1", "", "memory model 1") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 0, 7, 2), 8, AXVCPU_REG_READ_ONLY, "id_aa64mmfr2_el1", "", "memory model 2") \
	REG(AXVCPU_AARCH64_SYSREG(3, 1, 0, 0, 1), 8, AXVCPU_REG_READ_ONLY, "clidr_el1", "", "cache levels") \
	REG(AXVCPU_AARCH64_SYSREG(3, 3, 0, 0, 1), 8, AXVCPU_REG_READ_ONLY, "ctr_el0", "", "cache type") \
	REG(AXVCPU_AARCH64_SYSREG(3, 3, 0, 0, 7), 8, AXVCPU_REG_READ_ONLY, "dczid_el0", "", "block of DC ZVA") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 1, 0, 0), 8, 0, "sctlr_el1", "", "system control") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 1, 0, 1), 8, 0, "actlr_el1", "", "auxiliary control") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 1, 0, 2), 8, 0, "cpacr_el1", "", "access to FP and SVE") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 2, 0, 0), 8, 0, "ttbr0_el1", "", "translation table of the lower range") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 2, 0, 1), 8, 0, "ttbr1_el1", "", "translation table of the upper range") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 2, 0, 2), 8, 0, "tcr_el1", "", "translation control") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 2, 1, 0), 8, 0, "apiakeylo_el1", "", "pointer authentication key IA, low") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 2, 1, 1), 8, 0, "apiakeyhi_el1", "", "pointer authentication key IA, high") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 2, 1, 2), 8, 0, "apibkeylo_el1", "", "pointer authentication key IB, low") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 2, 1, 3), 8, 0, "apibkeyhi_el1", "", "pointer authentication key IB, high") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 2, 2, 0), 8, 0, "apdakeylo_el1", "", "pointer authentication key DA, low") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 2, 2, 1), 8, 0, "apdakeyhi_el1", "", "pointer authentication key DA, high") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 2, 2, 2), 8, 0, "apdbkeylo_el1", "", "pointer authentication key DB, low") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 2, 2, 3), 8, 0, "apdbkeyhi_el1", "", "pointer authentication key DB, high") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 2, 3, 0), 8, 0, "apgakeylo_el1", "", "pointer authentication key GA, low") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 2, 3, 1), 8, 0, "apgakeyhi_el1", "", "pointer authentication key GA, high") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 4, 0, 0), 8, 0, "spsr_el1", "", "saved program status") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 4, 0, 1), 8, 0, "elr_el1", "", "exception link") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 5, 1, 0), 8, 0, "afsr0_el1", "", "auxiliary fault status 0") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 5, 1, 1), 8, 0, "afsr1_el1", "", "auxiliary fault status 1") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 5, 2, 0), 8, 0, "esr_el1", "", "exception syndrome") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 6, 0, 0), 8, 0, "far_el1", "", "fault address") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 7, 4, 0), 8, 0, "par_el1", "", "result of an address translation") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 10, 2, 0), 8, 0, "mair_el1", "", "memory attributes") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 10, 3, 0), 8, 0, "amair_el1", "", "auxiliary memory attributes") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 12, 0, 0), 8, 0, "vbar_el1", "", "vector base") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 12, 1, 1), 8, 0, "disr_el1", "", "deferred SError status") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 13, 0, 1), 8, 0, "contextidr_el1", "", "context id") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 13, 0, 4), 8, 0, "tpidr_el1", "", "thread pointer of EL1") \
	REG(AXVCPU_AARCH64_SYSREG(3, 2, 0, 0, 0), 8, 0, "csselr_el1", "", "cache size selection") \
	REG(AXVCPU_AARCH64_SYSREG(3, 3, 13, 0, 2), 8, 0, "tpidr_el0", "", "thread pointer of EL0") \
	REG(AXVCPU_AARCH64_SYSREG(3, 3, 13, 0, 3), 8, 0, "tpidrro_el0", "", "read-only thread pointer of EL0") \
	REG(AXVCPU_AARCH64_SYSREG(2, 0, 0, 2, 0), 8, 0, "mdccint_el1", "", "debug channel interrupts") \
	REG(AXVCPU_AARCH64_SYSREG(2, 0, 0, 2, 2), 8, 0, "mdscr_el1", "", "debug control") \
	REG(AXVCPU_AARCH64_SYSREG(3, 3, 9, 12, 0), 8, 0, "pmcr_el0", "", "performance monitors: control") \
	REG(AXVCPU_AARCH64_SYSREG(3, 3, 9, 12, 1), 8, 0, "pmcntenset_el0", "", "performance monitors: counters on") \
	REG(AXVCPU_AARCH64_SYSREG(3, 3, 9, 12, 5), 8, 0, "pmselr_el0", "", "performance monitors: selection") \
	REG(AXVCPU_AARCH64_SYSREG(3, 3, 9, 14, 0), 8, 0, "pmuserenr_el0", "", "performance monitors: access from EL0") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 9, 14, 1), 8, 0, "pmintenset_el1", "", "performance monitors: interrupts on") \
	REG(AXVCPU_AARCH64_SYSREG(3, 3, 9, 14, 3), 8, 0, "pmovsset_el0", "", "performance monitors: overflows") \
	REG(AXVCPU_AARCH64_SYSREG(3, 3, 14, 15, 7), 8, 0, "pmccfiltr_el0", "", "performance monitors: filter of the cycle counter") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 14, 1, 0), 8, 0, "cntkctl_el1", "", "access of EL0 to the timers") \
	REG(AXVCPU_AARCH64_SYSREG(3, 3, 14, 0, 0), 8, 0, "cntfrq_el0", "", "frequency of the counters in Hz") \
	REG(AXVCPU_AARCH64_SYSREG(3, 3, 14, 2, 1), 8, 0, "cntp_ctl_el0", "", "physical timer: control") \
	REG(AXVCPU_AARCH64_SYSREG(3, 3, 14, 2, 2), 8, 0, "cntp_cval_el0", "", "physical timer: compare value") \
	REG(AXVCPU_AARCH64_SYSREG(3, 3, 14, 3, 1), 8, 0, "cntv_ctl_el0", "", "virtual timer: control") \
	REG(AXVCPU_AARCH64_SYSREG(3, 3, 14, 3, 2), 8, 0, "cntv_cval_el0", "", "virtual timer: compare value") \
	REG(AXVCPU_AARCH64_SYSREG(3, 4, 14, 0, 3), 8, 0, "cntvoff_el2", "", "physical count less virtual count") \
	REG(AXVCPU_AARCH64_SYSREG(3, 3, 14, 3, 0), 8, AXVCPU_REG_ALIAS, "cntv_tval_el0", "", "virtual timer: compare value less count") \
	REG(AXVCPU_AARCH64_SYSREG(3, 0, 12, 1, 0), 8, AXVCPU_REG_VOLATILE | AXVCPU_REG_READ_ONLY, "isr_el1", "", "interrupts pending") \
	REG(AXVCPU_AARCH64_SYSREG(3, 3, 9, 13, 0), 8, AXVCPU_REG_VOLATILE, "pmccntr_el0", "", "performance monitors: cycles") \
	REG(AXVCPU_AARCH64_SYSREG(3, 3, 14, 0, 1), 8, AXVCPU_REG_VOLATILE | AXVCPU_REG_READ_ONLY, "cntpct_el0", "", "physical count") \
	REG(AXVCPU_AARCH64_SYSREG(3, 3, 14, 0, 2), 8, AXVCPU_REG_VOLATILE | AXVCPU_REG_READ_ONLY, "cntvct_el0", "", "virtual count") \
	REG(AXVCPU_AARCH64_V(0), 16, 0, "v0", "q0", "FP and SIMD register") \
	REG(AXVCPU_AARCH64_V(1), 16, 0, "v1", "q1", "FP and SIMD register") \
	REG(AXVCPU_AARCH64_V(2), 16, 0, "v2", "q2", "FP and SIMD register") \
	REG(AXVCPU_AARCH64_V(3), 16, 0, "v3", "q3", "FP and SIMD register") \
	REG(AXVCPU_AARCH64_V(4), 16, 0, "v4", "q4", "FP and SIMD register") \
	REG(AXVCPU_AARCH64_V(5), 16, 0, "v5", "q5", "FP and SIMD register") \
	REG(AXVCPU_AARCH64_V(6), 16, 0, "v6", "q6", "FP and SIMD register") \
	REG(AXVCPU_AARCH64_V(7), 16, 0, "v7", "q7", "FP and SIMD register") \
	REG(AXVCPU_AARCH64_V(8), 16, 0, "v8", "q8", "FP and SIMD register") \
	REG(AXVCPU_AARCH64_V(9), 16, 0, "v9", "q9", "FP and SIMD register") \
	REG(AXVCPU_AARCH64_V(10), 16, 0, "v10", "q10", "FP and SIMD register") \
	REG(AXVCPU_AARCH64_V(11), 16, 0, "v11", "q11", "FP and SIMD register") \
	REG(AXVCPU_AARCH64_V(12), 16, 0, "v12", "q12", "FP and SIMD register") \
	REG(AXVCPU_AARCH64_V(13), 16, 0, "v13", "q13", "FP and SIMD register") \
	REG(AXVCPU_AARCH64_V(14), 16, 0, "v14", "q14", "FP and SIMD register") \
	REG(AXVCPU_AARCH64_V(15), 16, 0, "v15", "q15", "FP and SIMD register") \
	REG(AXVCPU_AARCH64_V(16), 16, 0, "v16", "q16", "FP and SIMD register") \
	REG(AXVCPU_AARCH64_V(17), 16, 0, "v17", "q17", "FP and SIMD register") \
	REG(AXVCPU_AARCH64_V(18), 16, 0, "v18", "q18", "FP and SIMD register") \
	REG(AXVCPU_AARCH64_V(19), 16, 0, "v19", "q19", "FP and SIMD register") \
	REG(AXVCPU_AARCH64_V(20), 16, 0, "v20", "q20", "FP and SIMD register") \
	REG(AXVCPU_AARCH64_V(21), 16, 0, "v21", "q21", "FP and SIMD register") \
	REG(AXVCPU_AARCH64_V(22), 16, 0, "v22", "q22", "FP and SIMD register") \
	REG(AXVCPU_AARCH64_V(23), 16, 0, "v23", "q23", "FP and SIMD register") \
	REG(AXVCPU_AARCH64_V(24), 16, 0, "v24", "q24", "FP and SIMD register") \
	REG(AXVCPU_AARCH64_V(25), 16, 0, "v25", "q25", "FP and SIMD register") \
	REG(AXVCPU_AARCH64_V(26), 16, 0, "v26", "q26", "FP and SIMD register") \
	REG(AXVCPU_AARCH64_V(27), 16, 0, "v27", "q27", "FP and SIMD register") \
	REG(AXVCPU_AARCH64_V(28), 16, 0, "v28", "q28", "FP and SIMD register") \
	REG(AXVCPU_AARCH64_V(29), 16, 0, "v29", "q29", "FP and SIMD register") \
	REG(AXVCPU_AARCH64_V(30), 16, 0, "v30", "q30", "FP and SIMD register") \
	REG(AXVCPU_AARCH64_V(31), 16, 0, "v31", "q31", "FP and SIMD register") \
	REG(AXVCPU_AARCH64_FPCR, 8, 0, "fpcr", "", "FP control") \
	REG(AXVCPU_AARCH64_FPSR, 8, 0, "fpsr", "", "FP status") \
	REG(AXVCPU_AARCH64_EVENT(0), 8, 0, "serror.pending", "", "1 when an SError waits for delivery") \
	REG(AXVCPU_AARCH64_EVENT(1), 8, 0, "serror.has_esr", "", "1 when it has a syndrome of its own") \
	REG(AXVCPU_AARCH64_EVENT(2), 8, 0, "serror.esr", "", "that syndrome") \
	REG(AXVCPU_AARCH64_EVENT(3), 8, 0, "line.irq", "", "level of the IRQ input") \
	REG(AXVCPU_AARCH64_EVENT(4), 8, 0, "line.fiq", "", "level of the FIQ input") \
	REG(AXVCPU_AARCH64_EVENT(5), 8, 0, "halted", "", "1 while the processor waits in wfi") \
	REG(AXVCPU_AARCH64_EVENT(6), 8, 0, "powered_off", "", "1 until PSCI CPU_ON") \
	REG(AXVCPU_AARCH64_EVENT(7), 8, 0, "exclusive", "", "guest-physical address of the exclusive monitor; all ones: none")

#endif
