/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulated x86-64 processor.
 *
 * Manual: Intel 64 and IA-32 Architectures Software Developer's Manual (SDM), volumes 1 to 3; where AMD's differs in
 * what software can see, Intel's holds, whatever vendor CPUID was made to name.
 *
 * cpu.pc is the linear address of the next instruction; rip is cpu.pc less the base of cs. Registers and segment bases
 * lie in cpu.x, where ops find them by slot (op.h).
 */
#ifndef PLUGINS_SIM_X86_64_X86_H
#define PLUGINS_SIM_X86_64_X86_H

#include <axvcpu/error.h>
#include <axvcpu/plugin/plugin.h>

#include "../common/x86_64/msrs.h"
#include "../common/x86_64/processor.h"
#include "cpu.h"
#include "op.h"

enum { X86_RAX, X86_RCX, X86_RDX, X86_RBX, X86_RSP, X86_RBP, X86_RSI, X86_RDI, X86_R8, X86_R15 = 15 };
/* cpu.x[16] is always 0; 17 is scratch; 18 to 25 are the bases of the segments. */
enum { X86_X_ZERO = 16, X86_X_SCRATCH = 17, X86_X_BASES = 18 };

enum { X86_ES, X86_CS, X86_SS, X86_DS, X86_FS, X86_GS, X86_TR, X86_LDTR, X86_SEGMENTS };

/* Exceptions (SDM 3, chapter 6). */
enum {
	X86_DE = 0,
	X86_DB = 1,
	X86_NMI = 2,
	X86_BP = 3,
	X86_OF = 4,
	X86_BR = 5,
	X86_UD = 6,
	X86_NM = 7,
	X86_DF = 8,
	X86_TS = 10,
	X86_NP = 11,
	X86_SS_FAULT = 12,
	X86_GP = 13,
	X86_PF = 14,
	X86_MF = 16,
	X86_AC = 17,
	X86_XM = 19,
};

/* Flags. */
#define X86_FLAG_CF 0x1u
#define X86_FLAG_PF 0x4u
#define X86_FLAG_AF 0x10u
#define X86_FLAG_ZF 0x40u
#define X86_FLAG_SF 0x80u
#define X86_FLAG_TF 0x100u
#define X86_FLAG_IF 0x200u
#define X86_FLAG_DF 0x400u
#define X86_FLAG_OF 0x800u
#define X86_FLAG_IOPL 0x3000u
#define X86_FLAG_NT 0x4000u
#define X86_FLAG_RF 0x10000u
#define X86_FLAG_VM 0x20000u
#define X86_FLAG_AC 0x40000u
#define X86_FLAG_VIF 0x80000u
#define X86_FLAG_VIP 0x100000u
#define X86_FLAG_ID 0x200000u
#define X86_FLAGS_ARITHMETIC (X86_FLAG_CF | X86_FLAG_PF | X86_FLAG_AF | X86_FLAG_ZF | X86_FLAG_SF | X86_FLAG_OF)
#define X86_FLAGS_ALL 0x3f7fd7u

#define X86_CR0_PE 0x1u
#define X86_CR0_MP 0x2u
#define X86_CR0_EM 0x4u
#define X86_CR0_TS 0x8u
#define X86_CR0_ET 0x10u
#define X86_CR0_NE 0x20u
#define X86_CR0_WP 0x10000u
#define X86_CR0_AM 0x40000u
#define X86_CR0_NW 0x20000000u
#define X86_CR0_CD 0x40000000u
#define X86_CR0_PG 0x80000000u

#define X86_CR4_VME 0x1u
#define X86_CR4_PVI 0x2u
#define X86_CR4_TSD 0x4u
#define X86_CR4_DE 0x8u
#define X86_CR4_PSE 0x10u
#define X86_CR4_PAE 0x20u
#define X86_CR4_MCE 0x40u
#define X86_CR4_PGE 0x80u
#define X86_CR4_PCE 0x100u
#define X86_CR4_OSFXSR 0x200u
#define X86_CR4_OSXMMEXCPT 0x400u
#define X86_CR4_UMIP 0x800u
#define X86_CR4_FSGSBASE 0x10000u
#define X86_CR4_PCIDE 0x20000u
#define X86_CR4_OSXSAVE 0x40000u
#define X86_CR4_SMEP 0x100000u
#define X86_CR4_SMAP 0x200000u

#define X86_EFER_SCE 0x1u
#define X86_EFER_LME 0x100u
#define X86_EFER_LMA 0x400u
#define X86_EFER_NXE 0x800u

/* Segment attributes, as <axvcpu/regs/x86_64.h> has them. */
#define X86_ATTR_TYPE 0xfu
#define X86_ATTR_ACCESSED 0x1u
#define X86_ATTR_WRITABLE 0x2u    /* readable, of a code segment */
#define X86_ATTR_EXPAND_DOWN 0x4u /* conforming, of a code segment */
#define X86_ATTR_CODE 0x8u
#define X86_ATTR_S 0x10u
#define X86_ATTR_DPL 0x60u
#define X86_ATTR_P 0x80u
#define X86_ATTR_L 0x2000u
#define X86_ATTR_DB 0x4000u
#define X86_ATTR_G 0x8000u

/* The base is in cpu.x[X86_X_BASES + segment]. A null selector in a data segment has no P. */
struct x86_segment {
	uint16_t selector;
	uint32_t attributes;
	uint32_t limit; /* in bytes, less one */
};

struct x86_table {
	uint64_t base;
	uint32_t limit;
};

/*
 * What decoded code depends on, beside the bytes: part of the key of a block. x86_update_mode() sets it from the
 * registers.
 */
enum {
	X86_MODE_REAL, /* 16-bit, no protection */
	X86_MODE_V86,
	X86_MODE_16, /* protected, code segment of 16 bits */
	X86_MODE_32,
	X86_MODE_COMPAT_16,
	X86_MODE_COMPAT_32,
	X86_MODE_64,
	X86_MODE_MASK = 7,
	X86_MODE_STACK_32 = 8, /* ss.B; outside of 64-bit mode */
	X86_MODE_FLAT = 16,   /* outside of 64-bit mode: cs, ds, es, ss have base 0 and limit 4 GiB, and may be read and
				 written */
	X86_MODE_USER = 32,   /* CPL 3 */
	X86_MODE_FPU_NM = 64, /* x87 and MMX raise #NM (MMX #UD with EM) */
	X86_MODE_SSE_UD = 128, /* SSE raises #UD */
	X86_MODE_SSE_NM = 256, /* ... #NM */
	X86_MODE_AVX_UD = 512, /* AVX raises #UD (XCR0, CR4.OSXSAVE) */
	X86_MODE_MMX_UD = 1024,
};

/* Features of the config; what CPUID says and what decodes. ../common/x86_64/processor.h has their names. */
/* clang-format off */
#define X86_FEATURES(F) \
	F(SSE3) F(PCLMUL) F(SSSE3) F(FMA) F(CX16) F(SSE41) F(SSE42) F(MOVBE) F(POPCNT) F(AES) \
	F(XSAVE) F(AVX) F(F16C) F(RDRAND) F(FSGSBASE) F(BMI1) F(AVX2) F(SMEP) F(BMI2) F(ERMS) \
	F(INVPCID) F(RDSEED) F(ADX) F(SMAP) F(CLFLUSHOPT) F(CLWB) F(SHA) F(UMIP) F(RDPID) F(FSRM) \
	F(LAHF) F(LZCNT) F(PREFETCHW) F(SYSCALL) F(NX) F(PAGE1GB) F(RDTSCP) F(LM) F(XSAVEOPT) F(XSAVEC) \
	F(XGETBV1) F(XSAVES) F(PCID) F(X2APIC) F(TSC_DEADLINE)
/* clang-format on */
#define X86_FEATURE_NUMBER_(name) X86_FEATURE_BIT_##name,
enum { X86_FEATURES(X86_FEATURE_NUMBER_) X86_FEATURE_COUNT };
#undef X86_FEATURE_NUMBER_
/* Of a row: 0 is always there, else the bit's number + 1. */
#define X86_NEEDS(name) (X86_FEATURE_BIT_##name + 1)

/* What an instruction raised, for the loop to deliver. */
struct x86_exception {
	bool pending;
	bool has_code;
	bool trap; /* pc is behind the instruction already; a fault's is at it */
	uint8_t vector;
	uint32_t code;
	uint64_t dr6; /* bits to set, of #DB */
};

/* SSE and AVX registers. */
union x86_vector {
	uint8_t u8[32];
	uint16_t u16[16];
	uint32_t u32[8];
	uint64_t u64[4];
	int8_t i8[32];
	int16_t i16[16];
	int32_t i32[8];
	int64_t i64[4];
	float f32[8];
	double f64[4];
};

/* x87: st(i) is regs[(top + i) & 7], top being bits 11 to 13 of sw. MMX registers are the low 8 bytes of regs. */
union x86_x87_reg {
	uint8_t bytes[16]; /* 10 of them count */
	uint64_t mmx;      /* the significand */
	struct {
		uint64_t significand;
		uint16_t sign_exponent;
	};
};

struct x86_x87 {
	union x86_x87_reg regs[8];
	uint16_t cw, sw;
	uint8_t empty; /* bit per physical register: it is empty */
	uint16_t fop;
	uint64_t fip, fdp;
	uint16_t fcs, fds;
};

#define X86_NO_BUDGET UINT64_MAX

enum { X86_BREAKPOINTS = 16, X86_REPLAYS = 128, X86_PARTS = 128 };

/*
 * Accesses that the VMM carries out: each is a part, given to it as an exit. A read stops the instruction, which is
 * executed again when the value is there: its reads are then answered from `values`, in order, also where memory has
 * come in the meantime. The parts of writes are given when the instruction is done.
 */
#define X86_NO_PLACE UINT64_MAX

struct x86_access {
	bool waiting;  /* the last exit was a read, which the VMM has not completed */
	uint16_t have; /* reads that the VMM has completed for the present instruction */
	uint16_t used; /* of these, by the present execution */
	uint64_t values[X86_REPLAYS];
	uint64_t places[X86_REPLAYS +
			1]; /* guest-physical addresses, X86_NO_PLACE for ports and MSRs; the last is being read */
	unsigned part_count, part_next;
	struct axvcpu_exit parts[X86_PARTS];
};

struct x86_cpu {
	struct sim_cpu cpu; /* the first member */

	/* Flags: see flags.h. Three stores are faster than what compilers make of neighbours, so src is not dst's. */
	uint64_t cc_dst;
	uint32_t cc_op;
	uint32_t rflags; /* all but the arithmetic ones */
	uint64_t cc_src;

	uint32_t mode;           /* X86_MODE_* */
	uint64_t system_context; /* of the TLB: of the processor's own accesses */
	uint8_t cpl;
	uint8_t shadow;     /* 1 after sti, 2 after mov ss: the next instruction is executed without interruption */
	bool untraced;      /* the instruction has cleared TF on its way to a handler: no trap follows */
	bool simd_unmasked; /* MXCSR has an exception unmasked */

	struct x86_segment segments[X86_SEGMENTS];
	struct x86_table gdtr, idtr;
	uint64_t cr0, cr2, cr3, cr4, cr8, xcr0, efer;
	uint64_t pdptes[4]; /* of PAE paging, as they were when cr3 was loaded */
	uint64_t dr[8];

	/* MSRs (msr.c). */
	uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
	uint64_t star, lstar, cstar, sfmask, kernel_gs_base, tsc_aux, pat, misc_enable, xss, spec_ctrl, tsc_adjust;
	uint64_t mtrr_def_type, mtrr_fixed[11], mtrr_variable[16];
	uint64_t mcg_status, apic_base;

	_Alignas(32) union x86_vector v[16];
	struct x86_x87 x87;
	uint32_t mxcsr; /* while the guest runs its flags are in the host's: see host-fpu.h */

	struct x86_exception exception;
	bool code_marked;    /* since this turn of the loop began, a page has code that had none */
	struct x86_op *stop; /* the op at which a stop was put: see x86_stop_after */
	x86_exec_fn stop_fn; /* what it does otherwise */

	/* Interrupts that wait. */
	uint64_t queued[4]; /* edges, by vector */
	bool edge_waiting;  /* the host holds an edge that could not be taken yet */
	bool line;          /* INTR */
	bool nmi_pending, nmi_masked;
	bool halted;

	struct x86_access access;

	/* The run under way. */
	struct axvcpu_exit *exit;
	bool stopped; /* exit has been filled */

	/* Observation by the VMM. */
	bool single_step, at_breakpoint;
	unsigned breakpoint_count;
	uint64_t breakpoints[X86_BREAKPOINTS];
	uint64_t budget_end;
	bool data_breakpoints; /* dr7 has one on: pages of it are in no TLB */
	uint32_t debug_hits;   /* breakpoints on data and ports that the instruction has met: bits of dr6 */
	bool resuming;         /* RF holds for the instruction after `resumed_at` retired ones */
	uint64_t resumed_at;

	/* What the VMM has written and nobody has looked at: see regs.h. */
	bool unsettled;
	uint64_t unsettled_rip;
	bool exception_given, payload_given, nmi_given; /* as being delivered */

	/* The access to an MSR that was given to the VMM last, which may refuse it. */
	bool msr_refusable, msr_written;
	uint64_t msr_pc; /* linear */

	/* Configuration. */
	uint64_t features;                 /* bit X86_FEATURE_BIT_* */
	struct cpu_processor processor;    /* what CPUID says */
	uint32_t words_offered[CPU_WORDS]; /* its features as create made them: some may have been taken away since */
	bool deterministic;
	bool has_run; /* what CPUID says stays as it is */
	uint64_t entry;
	struct msr_ranges msr_exits;
	bool is_first; /* the processor that a PC starts with */

	/* Clock. */
	axarch_clock_fn clock;
	void *clock_context;
	struct x86_vm_clock *vm_clock;
	bool counts_host;    /* the counter is the host's and tsc_offset */
	uint64_t tsc_offset; /* what it is ahead of what it counts */
	uint64_t random;     /* rdrand: the state of the generator of deterministic runs */

	uint64_t interrupts, exceptions; /* taken */
};

static inline uint64_t x86_segment_base(const struct x86_cpu *cpu, unsigned segment)
{
	return cpu->cpu.x[X86_X_BASES + segment];
}

static inline bool x86_in_64(const struct x86_cpu *cpu)
{
	return (cpu->mode & X86_MODE_MASK) == X86_MODE_64;
}

static inline bool x86_in_long(const struct x86_cpu *cpu)
{
	return (cpu->mode & X86_MODE_MASK) >= X86_MODE_COMPAT_16;
}

static inline bool x86_in_v86(const struct x86_cpu *cpu)
{
	return (cpu->mode & X86_MODE_MASK) == X86_MODE_V86;
}

/* Real or virtual-8086 mode: segments are loaded without descriptors. */
static inline bool x86_in_real(const struct x86_cpu *cpu)
{
	return (cpu->mode & X86_MODE_MASK) <= X86_MODE_V86;
}

static inline bool x86_has(const struct x86_cpu *cpu, unsigned bit)
{
	return cpu->features >> bit & 1;
}

static inline bool x86_canonical(uint64_t address)
{
	return (uint64_t)((int64_t)(address << 16) >> 16) == address;
}

/* ---- what executors return with ---- */

/* rip of the instruction behind an op, and of the one after it (not truncated). */
uint64_t x86_rip(const struct x86_cpu *cpu, const struct x86_op *op);
uint64_t x86_next_rip(const struct x86_cpu *cpu, const struct x86_op *op);

/* An op ends the turn before (retire false) or after it took effect. */
void x86_stop_at(struct x86_cpu *cpu, const struct x86_op *op, bool retire);

/* The instruction raises an exception and changes nothing. All return NULL, for executors to return. */
const struct x86_op *x86_fault(struct x86_cpu *cpu, const struct x86_op *op, unsigned vector);
const struct x86_op *x86_fault_code(struct x86_cpu *cpu, const struct x86_op *op, unsigned vector, uint32_t code);
/* The instruction is done; the loop looks at everything before the next one. */
const struct x86_op *x86_leave(struct x86_cpu *cpu, const struct x86_op *op);
/* The same, and the next instruction is at rip, which was checked. */
const struct x86_op *x86_leave_to(struct x86_cpu *cpu, const struct x86_op *op, uint64_t rip);
/* The instruction is not done yet (rep): it is executed again after the loop has looked at everything. */
const struct x86_op *x86_again(struct x86_cpu *cpu, const struct x86_op *op);

/* The instruction, which goes on, is the last that is executed before the loop looks at everything. */
void x86_stop_after(struct x86_cpu *cpu, const struct x86_op *op);

/* Records an exception outside of executors (delivery, far transfers). Always false, for helpers to return. */
bool x86_raise(struct x86_cpu *cpu, unsigned vector);
bool x86_raise_code(struct x86_cpu *cpu, unsigned vector, uint32_t code);

/* Ends the run with this exit; its fields are for the caller to fill. */
struct axvcpu_exit *x86_exit(struct x86_cpu *cpu, uint32_t reason);

/* ---- cpu.c ---- */
extern const struct sim_isa x86_isa;

void x86_reset(struct x86_cpu *cpu);
int32_t x86_run(struct x86_cpu *cpu, struct axvcpu_exit *exit);
/* Ends the instruction of the last exit and begins no other: its next exit, or Nothing. No read waits. */
void x86_finish(struct x86_cpu *cpu, struct axvcpu_exit *exit);
/* BAD_STATE, with a text. */
int32_t x86_read_waits(const struct x86_cpu *cpu);
/* After a change of cr0, cr4, efer, xcr0, CPL, eflags.VM or AC, or segments: mode, keys and contexts follow. */
void x86_update_mode(struct x86_cpu *cpu);
/* Whether an external interrupt would be taken now. */
bool x86_interruptible(const struct x86_cpu *cpu);

/* Around accesses to memory outside of a run: slots that are at hand may be gone, and none goes until it is done. */
void x86_touch_memory(struct x86_cpu *cpu);
void x86_leave_memory(struct x86_cpu *cpu);

/* ---- msr.c, cpuid.c ---- */
void x86_reset_msrs(struct x86_cpu *cpu);
/* Family, model and stepping, as CPUID leaf 1 has them in eax. */
uint32_t x86_signature(const struct x86_cpu *cpu);

/* ---- segment.c (SDM 3, chapters 3 and 5) ---- */
/* Sets all of a segment register, and the mode that follows. */
void x86_put_segment(struct x86_cpu *cpu, unsigned segment, uint16_t selector, uint64_t base, uint32_t limit,
		     uint32_t attributes);

#endif
