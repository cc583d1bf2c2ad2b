/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registers of an x86_64 vCPU: names and numbers of the Intel 64 and IA-32 Architectures Software Developer's Manual.
 *
 * REG(id, size in bytes, flags, "name", "alias", "meaning"); flags are AXVCPU_REG_*. Groups (bits 48 to 55 of the id): see
 * AXVCPU_REG_ID in <axvcpu/regs/reg.h>. General registers are numbered as in opcodes, MSRs by their number; what has no number
 * in the manual lies above 32 bits. Segments: 0 es, 1 cs, 2 ss, 3 ds, 4 fs, 5 gs, 6 tr, 7 ldtr; attributes are bits 8 to 23 of the
 * descriptor's upper half, shifted down by 8: type in bits 0 to 3, S 4, DPL 5 and 6, P 7, AVL 12, L 13, D/B 14, G 15.
 */
#ifndef AXVCPU_REGS_X86_64_H
#define AXVCPU_REGS_X86_64_H

#include <axvcpu/regs/reg.h>

#define AXVCPU_X86_64_GPR(n) AXVCPU_REG_ID(AXVCPU_ARCH_X86_64, AXVCPU_REG_GENERAL, n)
#define AXVCPU_X86_64_RIP AXVCPU_REG_ID(AXVCPU_ARCH_X86_64, AXVCPU_REG_GENERAL, 16)
#define AXVCPU_X86_64_RFLAGS AXVCPU_REG_ID(AXVCPU_ARCH_X86_64, AXVCPU_REG_GENERAL, 17)
#define AXVCPU_X86_64_MSR(number) AXVCPU_REG_ID(AXVCPU_ARCH_X86_64, AXVCPU_REG_SYSTEM, number)
#define AXVCPU_X86_64_CR(n) AXVCPU_REG_ID(AXVCPU_ARCH_X86_64, AXVCPU_REG_SYSTEM, UINT64_C(0x100000000) + (n))
#define AXVCPU_X86_64_XCR(n) AXVCPU_REG_ID(AXVCPU_ARCH_X86_64, AXVCPU_REG_SYSTEM, UINT64_C(0x200000000) + (n))
#define AXVCPU_X86_64_DR(n) AXVCPU_REG_ID(AXVCPU_ARCH_X86_64, AXVCPU_REG_SYSTEM, UINT64_C(0x300000000) + (n))
/* part: 0 selector, 1 base, 2 limit, 3 attributes */
#define AXVCPU_X86_64_SEGMENT(segment, part) \
	AXVCPU_REG_ID(AXVCPU_ARCH_X86_64, AXVCPU_REG_SYSTEM, UINT64_C(0x400000000) + (segment) * 4 + (part))
/* 0: frequency of the time stamp counter in kHz; 1: what it is ahead of the host's, modulo 2^64 */
#define AXVCPU_X86_64_CLOCK(n) AXVCPU_REG_ID(AXVCPU_ARCH_X86_64, AXVCPU_REG_SYSTEM, UINT64_C(0x600000000) + (n))
/* CPUID's words of features, without the bits that follow from control registers (OSXSAVE, OSPKE, APIC): see the rows */
#define AXVCPU_X86_64_CPUID(n) AXVCPU_REG_ID(AXVCPU_ARCH_X86_64, AXVCPU_REG_SYSTEM, UINT64_C(0x700000000) + (n))
/* table: 0 gdtr, 1 idtr; part: 0 base, 1 limit */
#define AXVCPU_X86_64_TABLE(table, part) \
	AXVCPU_REG_ID(AXVCPU_ARCH_X86_64, AXVCPU_REG_SYSTEM, UINT64_C(0x500000000) + (table) * 2 + (part))
#define AXVCPU_X86_64_ST(n) AXVCPU_REG_ID(AXVCPU_ARCH_X86_64, AXVCPU_REG_FP, n)
/* 0 fcw, 1 fsw, 2 ftw, 3 fop, 4 fip, 5 fdp, 6 mxcsr */
#define AXVCPU_X86_64_FPU(n) AXVCPU_REG_ID(AXVCPU_ARCH_X86_64, AXVCPU_REG_FP, 16 + (n))
#define AXVCPU_X86_64_YMM(n) AXVCPU_REG_ID(AXVCPU_ARCH_X86_64, AXVCPU_REG_FP, 32 + (n))
#define AXVCPU_X86_64_XMM(n) AXVCPU_REG_ID(AXVCPU_ARCH_X86_64, AXVCPU_REG_FP, 64 + (n))
/* Bits 256 to 511 of zmm0 to zmm15; zmm16 to zmm31 whole; k0 to k7; pkru: on processors that have them. */
#define AXVCPU_X86_64_ZMM_UPPER(n) AXVCPU_REG_ID(AXVCPU_ARCH_X86_64, AXVCPU_REG_FP, 96 + (n))
#define AXVCPU_X86_64_ZMM(n) AXVCPU_REG_ID(AXVCPU_ARCH_X86_64, AXVCPU_REG_FP, 112 + (n) - 16)
#define AXVCPU_X86_64_OPMASK(n) AXVCPU_REG_ID(AXVCPU_ARCH_X86_64, AXVCPU_REG_FP, 128 + (n))
#define AXVCPU_X86_64_PKRU AXVCPU_REG_ID(AXVCPU_ARCH_X86_64, AXVCPU_REG_FP, 136)
#define AXVCPU_X86_64_EVENT(n) AXVCPU_REG_ID(AXVCPU_ARCH_X86_64, AXVCPU_REG_EVENT, n)

/* Of axvcpu_inject_interrupt: the non-maskable interrupt, beside the vectors 0 to 255. Of axvcpu_set_interrupt_line: INTR, the output of
 * an interrupt controller; while it is up axvcpu_run gives InterruptWindow whenever the guest can take an interrupt. */
#define AXVCPU_X86_64_NMI 256u
#define AXVCPU_X86_64_INTR 0u

#define AXVCPU_X86_64_REGS(REG) \
	REG(AXVCPU_X86_64_GPR(0), 8, 0, "rax", "", "accumulator, return value") \
	REG(AXVCPU_X86_64_GPR(1), 8, 0, "rcx", "", "counter") \
	REG(AXVCPU_X86_64_GPR(2), 8, 0, "rdx", "", "data") \
	REG(AXVCPU_X86_64_GPR(3), 8, 0, "rbx", "", "base") \
	REG(AXVCPU_X86_64_GPR(4), 8, 0, "rsp", "", "stack pointer") \
	REG(AXVCPU_X86_64_GPR(5), 8, 0, "rbp", "", "frame pointer") \
	REG(AXVCPU_X86_64_GPR(6), 8, 0, "rsi", "", "source index") \
	REG(AXVCPU_X86_64_GPR(7), 8, 0, "rdi", "", "destination index") \
	REG(AXVCPU_X86_64_GPR(8), 8, 0, "r8", "", "general register") \
	REG(AXVCPU_X86_64_GPR(9), 8, 0, "r9", "", "general register") \
	REG(AXVCPU_X86_64_GPR(10), 8, 0, "r10", "", "general register") \
	REG(AXVCPU_X86_64_GPR(11), 8, 0, "r11", "", "general register") \
	REG(AXVCPU_X86_64_GPR(12), 8, 0, "r12", "", "general register") \
	REG(AXVCPU_X86_64_GPR(13), 8, 0, "r13", "", "general register") \
	REG(AXVCPU_X86_64_GPR(14), 8, 0, "r14", "", "general register") \
	REG(AXVCPU_X86_64_GPR(15), 8, 0, "r15", "", "general register") \
	REG(AXVCPU_X86_64_RIP, 8, 0, "rip", "pc", "address of the next instruction") \
	REG(AXVCPU_X86_64_RFLAGS, 8, 0, "rflags", "eflags", "flags") \
	REG(AXVCPU_X86_64_SEGMENT(0, 0), 8, 0, "es", "es.selector", "extra segment: selector") \
	REG(AXVCPU_X86_64_SEGMENT(0, 1), 8, 0, "es.base", "", "extra segment: base") \
	REG(AXVCPU_X86_64_SEGMENT(0, 2), 8, 0, "es.limit", "", "extra segment: limit in bytes, less one") \
	REG(AXVCPU_X86_64_SEGMENT(0, 3), 8, 0, "es.attributes", "", "extra segment: attributes") \
	REG(AXVCPU_X86_64_SEGMENT(1, 0), 8, 0, "cs", "cs.selector", "code segment: selector") \
	REG(AXVCPU_X86_64_SEGMENT(1, 1), 8, 0, "cs.base", "", "code segment: base") \
	REG(AXVCPU_X86_64_SEGMENT(1, 2), 8, 0, "cs.limit", "", "code segment: limit in bytes, less one") \
	REG(AXVCPU_X86_64_SEGMENT(1, 3), 8, 0, "cs.attributes", "", "code segment: attributes") \
	REG(AXVCPU_X86_64_SEGMENT(2, 0), 8, 0, "ss", "ss.selector", "stack segment: selector") \
	REG(AXVCPU_X86_64_SEGMENT(2, 1), 8, 0, "ss.base", "", "stack segment: base") \
	REG(AXVCPU_X86_64_SEGMENT(2, 2), 8, 0, "ss.limit", "", "stack segment: limit in bytes, less one") \
	REG(AXVCPU_X86_64_SEGMENT(2, 3), 8, 0, "ss.attributes", "", "stack segment: attributes") \
	REG(AXVCPU_X86_64_SEGMENT(3, 0), 8, 0, "ds", "ds.selector", "data segment: selector") \
	REG(AXVCPU_X86_64_SEGMENT(3, 1), 8, 0, "ds.base", "", "data segment: base") \
	REG(AXVCPU_X86_64_SEGMENT(3, 2), 8, 0, "ds.limit", "", "data segment: limit in bytes, less one") \
	REG(AXVCPU_X86_64_SEGMENT(3, 3), 8, 0, "ds.attributes", "", "data segment: attributes") \
	REG(AXVCPU_X86_64_SEGMENT(4, 0), 8, 0, "fs", "fs.selector", "segment fs: selector") \
	REG(AXVCPU_X86_64_SEGMENT(4, 1), 8, 0, "fs.base", "", "segment fs: base") \
	REG(AXVCPU_X86_64_SEGMENT(4, 2), 8, 0, "fs.limit", "", "segment fs: limit in bytes, less one") \
	REG(AXVCPU_X86_64_SEGMENT(4, 3), 8, 0, "fs.attributes", "", "segment fs: attributes") \
	REG(AXVCPU_X86_64_SEGMENT(5, 0), 8, 0, "gs", "gs.selector", "segment gs: selector") \
	REG(AXVCPU_X86_64_SEGMENT(5, 1), 8, 0, "gs.base", "", "segment gs: base") \
	REG(AXVCPU_X86_64_SEGMENT(5, 2), 8, 0, "gs.limit", "", "segment gs: limit in bytes, less one") \
	REG(AXVCPU_X86_64_SEGMENT(5, 3), 8, 0, "gs.attributes", "", "segment gs: attributes") \
	REG(AXVCPU_X86_64_SEGMENT(6, 0), 8, 0, "tr", "tr.selector", "task register: selector") \
	REG(AXVCPU_X86_64_SEGMENT(6, 1), 8, 0, "tr.base", "", "task register: base") \
	REG(AXVCPU_X86_64_SEGMENT(6, 2), 8, 0, "tr.limit", "", "task register: limit in bytes, less one") \
	REG(AXVCPU_X86_64_SEGMENT(6, 3), 8, 0, "tr.attributes", "", "task register: attributes") \
	REG(AXVCPU_X86_64_SEGMENT(7, 0), 8, 0, "ldtr", "ldtr.selector", "local descriptor table register: selector") \
	REG(AXVCPU_X86_64_SEGMENT(7, 1), 8, 0, "ldtr.base", "", "local descriptor table register: base") \
	REG(AXVCPU_X86_64_SEGMENT(7, 2), 8, 0, "ldtr.limit", "", "local descriptor table register: limit in bytes, less one") \
	REG(AXVCPU_X86_64_SEGMENT(7, 3), 8, 0, "ldtr.attributes", "", "local descriptor table register: attributes") \
	REG(AXVCPU_X86_64_TABLE(0, 0), 8, 0, "gdtr.base", "", "global descriptor table: base") \
	REG(AXVCPU_X86_64_TABLE(0, 1), 8, 0, "gdtr.limit", "", "global descriptor table: limit in bytes, less one") \
	REG(AXVCPU_X86_64_TABLE(1, 0), 8, 0, "idtr.base", "", "interrupt descriptor table: base") \
	REG(AXVCPU_X86_64_TABLE(1, 1), 8, 0, "idtr.limit", "", "interrupt descriptor table: limit in bytes, less one") \
	REG(AXVCPU_X86_64_CR(0), 8, 0, "cr0", "", "protection, paging, coprocessor switches") \
	REG(AXVCPU_X86_64_CR(2), 8, 0, "cr2", "", "linear address of the last page fault") \
	REG(AXVCPU_X86_64_CR(3), 8, 0, "cr3", "", "page-table root") \
	REG(AXVCPU_X86_64_CR(4), 8, 0, "cr4", "", "extensions switched on") \
	REG(AXVCPU_X86_64_CR(8), 8, 0, "cr8", "", "task priority") \
	REG(AXVCPU_X86_64_XCR(0), 8, 0, "xcr0", "", "state components that xsave knows") \
	REG(AXVCPU_X86_64_DR(0), 8, 0, "dr0", "", "linear address of breakpoint 0") \
	REG(AXVCPU_X86_64_DR(1), 8, 0, "dr1", "", "linear address of breakpoint 1") \
	REG(AXVCPU_X86_64_DR(2), 8, 0, "dr2", "", "linear address of breakpoint 2") \
	REG(AXVCPU_X86_64_DR(3), 8, 0, "dr3", "", "linear address of breakpoint 3") \
	REG(AXVCPU_X86_64_DR(6), 8, 0, "dr6", "", "debug status") \
	REG(AXVCPU_X86_64_DR(7), 8, 0, "dr7", "", "debug control") \
	REG(AXVCPU_X86_64_MSR(0x10), 8, AXVCPU_REG_VOLATILE, "tsc", "", "time stamp counter") \
	REG(AXVCPU_X86_64_CLOCK(0), 8, AXVCPU_REG_MODEL, "tsc_khz", "", "frequency of the time stamp counter in kHz; some hosts cannot change it") \
	REG(AXVCPU_X86_64_CLOCK(1), 8, AXVCPU_REG_VOLATILE | AXVCPU_REG_LOCAL, "tsc_offset", "", "what the time stamp counter is ahead of the host's, modulo 2^64") \
	REG(AXVCPU_X86_64_CPUID(0), 8, AXVCPU_REG_LOCAL | AXVCPU_REG_MODEL, "cpuid.0", "", "CPUID leaf 0: the first 8 characters of the vendor, ebx and edx") \
	REG(AXVCPU_X86_64_CPUID(1), 8, AXVCPU_REG_LOCAL | AXVCPU_REG_MODEL, "cpuid.1.eax", "", "CPUID leaf 1: family, model, stepping") \
	REG(AXVCPU_X86_64_CPUID(2), 8, AXVCPU_REG_LOCAL | AXVCPU_REG_MODEL | AXVCPU_REG_BITS, "cpuid.1.ecx", "", "CPUID leaf 1: features") \
	REG(AXVCPU_X86_64_CPUID(3), 8, AXVCPU_REG_LOCAL | AXVCPU_REG_MODEL | AXVCPU_REG_BITS, "cpuid.1.edx", "", "CPUID leaf 1: features") \
	REG(AXVCPU_X86_64_CPUID(4), 8, AXVCPU_REG_LOCAL | AXVCPU_REG_MODEL | AXVCPU_REG_BITS, "cpuid.7.ebx", "", "CPUID leaf 7: features") \
	REG(AXVCPU_X86_64_CPUID(5), 8, AXVCPU_REG_LOCAL | AXVCPU_REG_MODEL | AXVCPU_REG_BITS, "cpuid.7.ecx", "", "CPUID leaf 7: features") \
	REG(AXVCPU_X86_64_CPUID(6), 8, AXVCPU_REG_LOCAL | AXVCPU_REG_MODEL | AXVCPU_REG_BITS, "cpuid.7.edx", "", "CPUID leaf 7: features") \
	REG(AXVCPU_X86_64_CPUID(7), 8, AXVCPU_REG_LOCAL | AXVCPU_REG_MODEL | AXVCPU_REG_BITS, "cpuid.7.1.eax", "", "CPUID leaf 7, subleaf 1: features") \
	REG(AXVCPU_X86_64_CPUID(8), 8, AXVCPU_REG_LOCAL | AXVCPU_REG_MODEL | AXVCPU_REG_BITS, "cpuid.d.1.eax", "", "CPUID leaf 0xd, subleaf 1: kinds of xsave") \
	REG(AXVCPU_X86_64_CPUID(9), 8, AXVCPU_REG_LOCAL | AXVCPU_REG_MODEL | AXVCPU_REG_BITS, "cpuid.80000001.ecx", "", "CPUID leaf 0x80000001: features") \
	REG(AXVCPU_X86_64_CPUID(10), 8, AXVCPU_REG_LOCAL | AXVCPU_REG_MODEL | AXVCPU_REG_BITS, "cpuid.80000001.edx", "", "CPUID leaf 0x80000001: features") \
	REG(AXVCPU_X86_64_CPUID(11), 8, AXVCPU_REG_LOCAL | AXVCPU_REG_MODEL | AXVCPU_REG_BITS, "cpuid.80000007.edx", "", "CPUID leaf 0x80000007: power and clock") \
	REG(AXVCPU_X86_64_CPUID(12), 8, AXVCPU_REG_LOCAL | AXVCPU_REG_MODEL | AXVCPU_REG_BITS, "cpuid.80000008.ebx", "", "CPUID leaf 0x80000008: features") \
	REG(AXVCPU_X86_64_MSR(0x1b), 8, 0, "apic_base", "", "local APIC: base, enable, BSP") \
	REG(AXVCPU_X86_64_MSR(0x3b), 8, 0, "tsc_adjust", "", "what was added to the time stamp counter") \
	REG(AXVCPU_X86_64_MSR(0x48), 8, 0, "spec_ctrl", "", "speculation control") \
	REG(AXVCPU_X86_64_MSR(0x174), 8, 0, "sysenter_cs", "", "sysenter: code segment") \
	REG(AXVCPU_X86_64_MSR(0x175), 8, 0, "sysenter_esp", "", "sysenter: stack pointer") \
	REG(AXVCPU_X86_64_MSR(0x176), 8, 0, "sysenter_eip", "", "sysenter: instruction pointer") \
	REG(AXVCPU_X86_64_MSR(0x17a), 8, 0, "mcg_status", "", "machine check status") \
	REG(AXVCPU_X86_64_MSR(0x1a0), 8, 0, "misc_enable", "", "miscellaneous features switched on") \
	REG(AXVCPU_X86_64_MSR(0x200), 8, 0, "mtrr_physbase0", "", "variable memory type range 0: base and type") \
	REG(AXVCPU_X86_64_MSR(0x201), 8, 0, "mtrr_physmask0", "", "variable memory type range 0: mask and valid bit") \
	REG(AXVCPU_X86_64_MSR(0x202), 8, 0, "mtrr_physbase1", "", "variable memory type range 1: base and type") \
	REG(AXVCPU_X86_64_MSR(0x203), 8, 0, "mtrr_physmask1", "", "variable memory type range 1: mask and valid bit") \
	REG(AXVCPU_X86_64_MSR(0x204), 8, 0, "mtrr_physbase2", "", "variable memory type range 2: base and type") \
	REG(AXVCPU_X86_64_MSR(0x205), 8, 0, "mtrr_physmask2", "", "variable memory type range 2: mask and valid bit") \
	REG(AXVCPU_X86_64_MSR(0x206), 8, 0, "mtrr_physbase3", "", "variable memory type range 3: base and type") \
	REG(AXVCPU_X86_64_MSR(0x207), 8, 0, "mtrr_physmask3", "", "variable memory type range 3: mask and valid bit") \
	REG(AXVCPU_X86_64_MSR(0x208), 8, 0, "mtrr_physbase4", "", "variable memory type range 4: base and type") \
	REG(AXVCPU_X86_64_MSR(0x209), 8, 0, "mtrr_physmask4", "", "variable memory type range 4: mask and valid bit") \
	REG(AXVCPU_X86_64_MSR(0x20a), 8, 0, "mtrr_physbase5", "", "variable memory type range 5: base and type") \
	REG(AXVCPU_X86_64_MSR(0x20b), 8, 0, "mtrr_physmask5", "", "variable memory type range 5: mask and valid bit") \
	REG(AXVCPU_X86_64_MSR(0x20c), 8, 0, "mtrr_physbase6", "", "variable memory type range 6: base and type") \
	REG(AXVCPU_X86_64_MSR(0x20d), 8, 0, "mtrr_physmask6", "", "variable memory type range 6: mask and valid bit") \
	REG(AXVCPU_X86_64_MSR(0x20e), 8, 0, "mtrr_physbase7", "", "variable memory type range 7: base and type") \
	REG(AXVCPU_X86_64_MSR(0x20f), 8, 0, "mtrr_physmask7", "", "variable memory type range 7: mask and valid bit") \
	REG(AXVCPU_X86_64_MSR(0x250), 8, 0, "mtrr_fix64k_00000", "", "fixed memory type range") \
	REG(AXVCPU_X86_64_MSR(0x258), 8, 0, "mtrr_fix16k_80000", "", "fixed memory type range") \
	REG(AXVCPU_X86_64_MSR(0x259), 8, 0, "mtrr_fix16k_a0000", "", "fixed memory type range") \
	REG(AXVCPU_X86_64_MSR(0x268), 8, 0, "mtrr_fix4k_c0000", "", "fixed memory type range") \
	REG(AXVCPU_X86_64_MSR(0x269), 8, 0, "mtrr_fix4k_c8000", "", "fixed memory type range") \
	REG(AXVCPU_X86_64_MSR(0x26a), 8, 0, "mtrr_fix4k_d0000", "", "fixed memory type range") \
	REG(AXVCPU_X86_64_MSR(0x26b), 8, 0, "mtrr_fix4k_d8000", "", "fixed memory type range") \
	REG(AXVCPU_X86_64_MSR(0x26c), 8, 0, "mtrr_fix4k_e0000", "", "fixed memory type range") \
	REG(AXVCPU_X86_64_MSR(0x26d), 8, 0, "mtrr_fix4k_e8000", "", "fixed memory type range") \
	REG(AXVCPU_X86_64_MSR(0x26e), 8, 0, "mtrr_fix4k_f0000", "", "fixed memory type range") \
	REG(AXVCPU_X86_64_MSR(0x26f), 8, 0, "mtrr_fix4k_f8000", "", "fixed memory type range") \
	REG(AXVCPU_X86_64_MSR(0x277), 8, 0, "pat", "", "page attribute table") \
	REG(AXVCPU_X86_64_MSR(0x2ff), 8, 0, "mtrr_def_type", "", "default memory type, and whether the ranges count") \
	REG(AXVCPU_X86_64_MSR(0x6e0), 8, 0, "tsc_deadline", "", "local APIC timer: time stamp at which it fires") \
	REG(AXVCPU_X86_64_MSR(0x802), 8, 0, "lapic.id", "", "local APIC of an engine that has one: id, as its mode has it") \
	REG(AXVCPU_X86_64_MSR(0x803), 8, 0, "lapic.version", "", "local APIC of an engine that has one: version and number of LVT entries") \
	REG(AXVCPU_X86_64_MSR(0x808), 8, 0, "lapic.tpr", "", "local APIC of an engine that has one: task priority") \
	REG(AXVCPU_X86_64_MSR(0x80d), 8, 0, "lapic.ldr", "", "local APIC of an engine that has one: logical destination") \
	REG(AXVCPU_X86_64_MSR(0x80e), 8, 0, "lapic.dfr", "", "local APIC of an engine that has one: destination format") \
	REG(AXVCPU_X86_64_MSR(0x80f), 8, 0, "lapic.svr", "", "local APIC of an engine that has one: spurious vector, software enable") \
	REG(AXVCPU_X86_64_MSR(0x810), 8, 0, "lapic.isr0", "", "local APIC of an engine that has one: in service, vectors 0 to 31") \
	REG(AXVCPU_X86_64_MSR(0x811), 8, 0, "lapic.isr1", "", "local APIC of an engine that has one: in service, vectors 32 to 63") \
	REG(AXVCPU_X86_64_MSR(0x812), 8, 0, "lapic.isr2", "", "local APIC of an engine that has one: in service, vectors 64 to 95") \
	REG(AXVCPU_X86_64_MSR(0x813), 8, 0, "lapic.isr3", "", "local APIC of an engine that has one: in service, vectors 96 to 127") \
	REG(AXVCPU_X86_64_MSR(0x814), 8, 0, "lapic.isr4", "", "local APIC of an engine that has one: in service, vectors 128 to 159") \
	REG(AXVCPU_X86_64_MSR(0x815), 8, 0, "lapic.isr5", "", "local APIC of an engine that has one: in service, vectors 160 to 191") \
	REG(AXVCPU_X86_64_MSR(0x816), 8, 0, "lapic.isr6", "", "local APIC of an engine that has one: in service, vectors 192 to 223") \
	REG(AXVCPU_X86_64_MSR(0x817), 8, 0, "lapic.isr7", "", "local APIC of an engine that has one: in service, vectors 224 to 255") \
	REG(AXVCPU_X86_64_MSR(0x818), 8, 0, "lapic.tmr0", "", "local APIC of an engine that has one: level-triggered, vectors 0 to 31") \
	REG(AXVCPU_X86_64_MSR(0x819), 8, 0, "lapic.tmr1", "", "local APIC of an engine that has one: level-triggered, vectors 32 to 63") \
	REG(AXVCPU_X86_64_MSR(0x81a), 8, 0, "lapic.tmr2", "", "local APIC of an engine that has one: level-triggered, vectors 64 to 95") \
	REG(AXVCPU_X86_64_MSR(0x81b), 8, 0, "lapic.tmr3", "", "local APIC of an engine that has one: level-triggered, vectors 96 to 127") \
	REG(AXVCPU_X86_64_MSR(0x81c), 8, 0, "lapic.tmr4", "", "local APIC of an engine that has one: level-triggered, vectors 128 to 159") \
	REG(AXVCPU_X86_64_MSR(0x81d), 8, 0, "lapic.tmr5", "", "local APIC of an engine that has one: level-triggered, vectors 160 to 191") \
	REG(AXVCPU_X86_64_MSR(0x81e), 8, 0, "lapic.tmr6", "", "local APIC of an engine that has one: level-triggered, vectors 192 to 223") \
	REG(AXVCPU_X86_64_MSR(0x81f), 8, 0, "lapic.tmr7", "", "local APIC of an engine that has one: level-triggered, vectors 224 to 255") \
	REG(AXVCPU_X86_64_MSR(0x820), 8, 0, "lapic.irr0", "", "local APIC of an engine that has one: requested, vectors 0 to 31") \
	REG(AXVCPU_X86_64_MSR(0x821), 8, 0, "lapic.irr1", "", "local APIC of an engine that has one: requested, vectors 32 to 63") \
	REG(AXVCPU_X86_64_MSR(0x822), 8, 0, "lapic.irr2", "", "local APIC of an engine that has one: requested, vectors 64 to 95") \
	REG(AXVCPU_X86_64_MSR(0x823), 8, 0, "lapic.irr3", "", "local APIC of an engine that has one: requested, vectors 96 to 127") \
	REG(AXVCPU_X86_64_MSR(0x824), 8, 0, "lapic.irr4", "", "local APIC of an engine that has one: requested, vectors 128 to 159") \
	REG(AXVCPU_X86_64_MSR(0x825), 8, 0, "lapic.irr5", "", "local APIC of an engine that has one: requested, vectors 160 to 191") \
	REG(AXVCPU_X86_64_MSR(0x826), 8, 0, "lapic.irr6", "", "local APIC of an engine that has one: requested, vectors 192 to 223") \
	REG(AXVCPU_X86_64_MSR(0x827), 8, 0, "lapic.irr7", "", "local APIC of an engine that has one: requested, vectors 224 to 255") \
	REG(AXVCPU_X86_64_MSR(0x828), 8, 0, "lapic.esr", "", "local APIC of an engine that has one: errors") \
	REG(AXVCPU_X86_64_MSR(0x82f), 8, 0, "lapic.lvt_cmci", "", "local APIC of an engine that has one: LVT: corrected machine checks") \
	REG(AXVCPU_X86_64_MSR(0x830), 8, 0, "lapic.icr", "", "local APIC of an engine that has one: interrupt command") \
	REG(AXVCPU_X86_64_MSR(0x832), 8, 0, "lapic.lvt_timer", "", "local APIC of an engine that has one: LVT: timer") \
	REG(AXVCPU_X86_64_MSR(0x833), 8, 0, "lapic.lvt_thermal", "", "local APIC of an engine that has one: LVT: thermal sensor") \
	REG(AXVCPU_X86_64_MSR(0x834), 8, 0, "lapic.lvt_pmc", "", "local APIC of an engine that has one: LVT: performance counters") \
	REG(AXVCPU_X86_64_MSR(0x835), 8, 0, "lapic.lvt_lint0", "", "local APIC of an engine that has one: LVT: pin LINT0") \
	REG(AXVCPU_X86_64_MSR(0x836), 8, 0, "lapic.lvt_lint1", "", "local APIC of an engine that has one: LVT: pin LINT1") \
	REG(AXVCPU_X86_64_MSR(0x837), 8, 0, "lapic.lvt_error", "", "local APIC of an engine that has one: LVT: errors") \
	REG(AXVCPU_X86_64_MSR(0x838), 8, 0, "lapic.initial_count", "", "local APIC of an engine that has one: timer: where it begins") \
	REG(AXVCPU_X86_64_MSR(0x839), 8, AXVCPU_REG_VOLATILE, "lapic.current_count", "", "local APIC of an engine that has one: timer: where it is") \
	REG(AXVCPU_X86_64_MSR(0x83e), 8, 0, "lapic.divide", "", "local APIC of an engine that has one: timer: divider") \
	REG(AXVCPU_X86_64_MSR(0xda0), 8, 0, "xss", "", "supervisor state components that xsaves knows") \
	REG(AXVCPU_X86_64_MSR(0x4b564d00), 8, 0, "kvm_wall_clock", "", "paravirtual wall clock: where the guest wants it") \
	REG(AXVCPU_X86_64_MSR(0x4b564d01), 8, 0, "kvm_system_time", "", "paravirtual clock: where the guest wants it") \
	REG(AXVCPU_X86_64_MSR(0x4b564d02), 8, 0, "kvm_async_pf_en", "", "paravirtual page faults: where, and on or off") \
	REG(AXVCPU_X86_64_MSR(0x4b564d03), 8, 0, "kvm_steal_time", "", "stolen time: where the guest wants it") \
	REG(AXVCPU_X86_64_MSR(0x4b564d04), 8, 0, "kvm_eoi_en", "", "paravirtual end of interrupt: where, and on or off") \
	REG(AXVCPU_X86_64_MSR(0xc0000080), 8, 0, "efer", "", "extended features: long mode, no-execute, syscall") \
	REG(AXVCPU_X86_64_MSR(0xc0000081), 8, 0, "star", "", "syscall: segments") \
	REG(AXVCPU_X86_64_MSR(0xc0000082), 8, 0, "lstar", "", "syscall: entry of 64-bit code") \
	REG(AXVCPU_X86_64_MSR(0xc0000083), 8, 0, "cstar", "", "syscall: entry of 32-bit code") \
	REG(AXVCPU_X86_64_MSR(0xc0000084), 8, 0, "sfmask", "", "syscall: flags to clear") \
	REG(AXVCPU_X86_64_MSR(0xc0000100), 8, AXVCPU_REG_ALIAS, "msr_fs_base", "", "fs.base as an MSR") \
	REG(AXVCPU_X86_64_MSR(0xc0000101), 8, AXVCPU_REG_ALIAS, "msr_gs_base", "", "gs.base as an MSR") \
	REG(AXVCPU_X86_64_MSR(0xc0000102), 8, 0, "kernel_gs_base", "", "what swapgs exchanges gs.base with") \
	REG(AXVCPU_X86_64_MSR(0xc0000103), 8, 0, "tsc_aux", "", "what rdtscp gives beside the time") \
	REG(AXVCPU_X86_64_ST(0), 10, 0, "st0", "", "x87 register 0 of the stack, 80 bits") \
	REG(AXVCPU_X86_64_ST(1), 10, 0, "st1", "", "x87 register 1 of the stack, 80 bits") \
	REG(AXVCPU_X86_64_ST(2), 10, 0, "st2", "", "x87 register 2 of the stack, 80 bits") \
	REG(AXVCPU_X86_64_ST(3), 10, 0, "st3", "", "x87 register 3 of the stack, 80 bits") \
	REG(AXVCPU_X86_64_ST(4), 10, 0, "st4", "", "x87 register 4 of the stack, 80 bits") \
	REG(AXVCPU_X86_64_ST(5), 10, 0, "st5", "", "x87 register 5 of the stack, 80 bits") \
	REG(AXVCPU_X86_64_ST(6), 10, 0, "st6", "", "x87 register 6 of the stack, 80 bits") \
	REG(AXVCPU_X86_64_ST(7), 10, 0, "st7", "", "x87 register 7 of the stack, 80 bits") \
	REG(AXVCPU_X86_64_FPU(0), 8, 0, "fcw", "", "x87 control word") \
	REG(AXVCPU_X86_64_FPU(1), 8, 0, "fsw", "", "x87 status word") \
	REG(AXVCPU_X86_64_FPU(2), 8, 0, "ftw", "", "x87 tag word in full: two bits a register") \
	REG(AXVCPU_X86_64_FPU(3), 8, 0, "fop", "", "x87 last opcode") \
	REG(AXVCPU_X86_64_FPU(4), 8, 0, "fip", "", "x87 last instruction pointer") \
	REG(AXVCPU_X86_64_FPU(5), 8, 0, "fdp", "", "x87 last data pointer") \
	REG(AXVCPU_X86_64_FPU(6), 8, 0, "mxcsr", "", "SSE control and status") \
	REG(AXVCPU_X86_64_YMM(0), 32, 0, "ymm0", "", "AVX register (without AVX its upper half is 0); its low 16 bytes are xmm0") \
	REG(AXVCPU_X86_64_YMM(1), 32, 0, "ymm1", "", "AVX register (without AVX its upper half is 0); its low 16 bytes are xmm1") \
	REG(AXVCPU_X86_64_YMM(2), 32, 0, "ymm2", "", "AVX register (without AVX its upper half is 0); its low 16 bytes are xmm2") \
	REG(AXVCPU_X86_64_YMM(3), 32, 0, "ymm3", "", "AVX register (without AVX its upper half is 0); its low 16 bytes are xmm3") \
	REG(AXVCPU_X86_64_YMM(4), 32, 0, "ymm4", "", "AVX register (without AVX its upper half is 0); its low 16 bytes are xmm4") \
	REG(AXVCPU_X86_64_YMM(5), 32, 0, "ymm5", "", "AVX register (without AVX its upper half is 0); its low 16 bytes are xmm5") \
	REG(AXVCPU_X86_64_YMM(6), 32, 0, "ymm6", "", "AVX register (without AVX its upper half is 0); its low 16 bytes are xmm6") \
	REG(AXVCPU_X86_64_YMM(7), 32, 0, "ymm7", "", "AVX register (without AVX its upper half is 0); its low 16 bytes are xmm7") \
	REG(AXVCPU_X86_64_YMM(8), 32, 0, "ymm8", "", "AVX register (without AVX its upper half is 0); its low 16 bytes are xmm8") \
	REG(AXVCPU_X86_64_YMM(9), 32, 0, "ymm9", "", "AVX register (without AVX its upper half is 0); its low 16 bytes are xmm9") \
	REG(AXVCPU_X86_64_YMM(10), 32, 0, "ymm10", "", "AVX register (without AVX its upper half is 0); its low 16 bytes are xmm10") \
	REG(AXVCPU_X86_64_YMM(11), 32, 0, "ymm11", "", "AVX register (without AVX its upper half is 0); its low 16 bytes are xmm11") \
	REG(AXVCPU_X86_64_YMM(12), 32, 0, "ymm12", "", "AVX register (without AVX its upper half is 0); its low 16 bytes are xmm12") \
	REG(AXVCPU_X86_64_YMM(13), 32, 0, "ymm13", "", "AVX register (without AVX its upper half is 0); its low 16 bytes are xmm13") \
	REG(AXVCPU_X86_64_YMM(14), 32, 0, "ymm14", "", "AVX register (without AVX its upper half is 0); its low 16 bytes are xmm14") \
	REG(AXVCPU_X86_64_YMM(15), 32, 0, "ymm15", "", "AVX register (without AVX its upper half is 0); its low 16 bytes are xmm15") \
	REG(AXVCPU_X86_64_XMM(0), 16, AXVCPU_REG_ALIAS, "xmm0", "", "SSE register: the low half of ymm0") \
	REG(AXVCPU_X86_64_XMM(1), 16, AXVCPU_REG_ALIAS, "xmm1", "", "SSE register: the low half of ymm1") \
	REG(AXVCPU_X86_64_XMM(2), 16, AXVCPU_REG_ALIAS, "xmm2", "", "SSE register: the low half of ymm2") \
	REG(AXVCPU_X86_64_XMM(3), 16, AXVCPU_REG_ALIAS, "xmm3", "", "SSE register: the low half of ymm3") \
	REG(AXVCPU_X86_64_XMM(4), 16, AXVCPU_REG_ALIAS, "xmm4", "", "SSE register: the low half of ymm4") \
	REG(AXVCPU_X86_64_XMM(5), 16, AXVCPU_REG_ALIAS, "xmm5", "", "SSE register: the low half of ymm5") \
	REG(AXVCPU_X86_64_XMM(6), 16, AXVCPU_REG_ALIAS, "xmm6", "", "SSE register: the low half of ymm6") \
	REG(AXVCPU_X86_64_XMM(7), 16, AXVCPU_REG_ALIAS, "xmm7", "", "SSE register: the low half of ymm7") \
	REG(AXVCPU_X86_64_XMM(8), 16, AXVCPU_REG_ALIAS, "xmm8", "", "SSE register: the low half of ymm8") \
	REG(AXVCPU_X86_64_XMM(9), 16, AXVCPU_REG_ALIAS, "xmm9", "", "SSE register: the low half of ymm9") \
	REG(AXVCPU_X86_64_XMM(10), 16, AXVCPU_REG_ALIAS, "xmm10", "", "SSE register: the low half of ymm10") \
	REG(AXVCPU_X86_64_XMM(11), 16, AXVCPU_REG_ALIAS, "xmm11", "", "SSE register: the low half of ymm11") \
	REG(AXVCPU_X86_64_XMM(12), 16, AXVCPU_REG_ALIAS, "xmm12", "", "SSE register: the low half of ymm12") \
	REG(AXVCPU_X86_64_XMM(13), 16, AXVCPU_REG_ALIAS, "xmm13", "", "SSE register: the low half of ymm13") \
	REG(AXVCPU_X86_64_XMM(14), 16, AXVCPU_REG_ALIAS, "xmm14", "", "SSE register: the low half of ymm14") \
	REG(AXVCPU_X86_64_XMM(15), 16, AXVCPU_REG_ALIAS, "xmm15", "", "SSE register: the low half of ymm15") \
	REG(AXVCPU_X86_64_ZMM_UPPER(0), 32, 0, "zmm0.upper", "", "AVX-512 register: what zmm0 has beyond ymm0") \
	REG(AXVCPU_X86_64_ZMM_UPPER(1), 32, 0, "zmm1.upper", "", "AVX-512 register: what zmm1 has beyond ymm1") \
	REG(AXVCPU_X86_64_ZMM_UPPER(2), 32, 0, "zmm2.upper", "", "AVX-512 register: what zmm2 has beyond ymm2") \
	REG(AXVCPU_X86_64_ZMM_UPPER(3), 32, 0, "zmm3.upper", "", "AVX-512 register: what zmm3 has beyond ymm3") \
	REG(AXVCPU_X86_64_ZMM_UPPER(4), 32, 0, "zmm4.upper", "", "AVX-512 register: what zmm4 has beyond ymm4") \
	REG(AXVCPU_X86_64_ZMM_UPPER(5), 32, 0, "zmm5.upper", "", "AVX-512 register: what zmm5 has beyond ymm5") \
	REG(AXVCPU_X86_64_ZMM_UPPER(6), 32, 0, "zmm6.upper", "", "AVX-512 register: what zmm6 has beyond ymm6") \
	REG(AXVCPU_X86_64_ZMM_UPPER(7), 32, 0, "zmm7.upper", "", "AVX-512 register: what zmm7 has beyond ymm7") \
	REG(AXVCPU_X86_64_ZMM_UPPER(8), 32, 0, "zmm8.upper", "", "AVX-512 register: what zmm8 has beyond ymm8") \
	REG(AXVCPU_X86_64_ZMM_UPPER(9), 32, 0, "zmm9.upper", "", "AVX-512 register: what zmm9 has beyond ymm9") \
	REG(AXVCPU_X86_64_ZMM_UPPER(10), 32, 0, "zmm10.upper", "", "AVX-512 register: what zmm10 has beyond ymm10") \
	REG(AXVCPU_X86_64_ZMM_UPPER(11), 32, 0, "zmm11.upper", "", "AVX-512 register: what zmm11 has beyond ymm11") \
	REG(AXVCPU_X86_64_ZMM_UPPER(12), 32, 0, "zmm12.upper", "", "AVX-512 register: what zmm12 has beyond ymm12") \
	REG(AXVCPU_X86_64_ZMM_UPPER(13), 32, 0, "zmm13.upper", "", "AVX-512 register: what zmm13 has beyond ymm13") \
	REG(AXVCPU_X86_64_ZMM_UPPER(14), 32, 0, "zmm14.upper", "", "AVX-512 register: what zmm14 has beyond ymm14") \
	REG(AXVCPU_X86_64_ZMM_UPPER(15), 32, 0, "zmm15.upper", "", "AVX-512 register: what zmm15 has beyond ymm15") \
	REG(AXVCPU_X86_64_ZMM(16), 64, 0, "zmm16", "", "AVX-512 register") \
	REG(AXVCPU_X86_64_ZMM(17), 64, 0, "zmm17", "", "AVX-512 register") \
	REG(AXVCPU_X86_64_ZMM(18), 64, 0, "zmm18", "", "AVX-512 register") \
	REG(AXVCPU_X86_64_ZMM(19), 64, 0, "zmm19", "", "AVX-512 register") \
	REG(AXVCPU_X86_64_ZMM(20), 64, 0, "zmm20", "", "AVX-512 register") \
	REG(AXVCPU_X86_64_ZMM(21), 64, 0, "zmm21", "", "AVX-512 register") \
	REG(AXVCPU_X86_64_ZMM(22), 64, 0, "zmm22", "", "AVX-512 register") \
	REG(AXVCPU_X86_64_ZMM(23), 64, 0, "zmm23", "", "AVX-512 register") \
	REG(AXVCPU_X86_64_ZMM(24), 64, 0, "zmm24", "", "AVX-512 register") \
	REG(AXVCPU_X86_64_ZMM(25), 64, 0, "zmm25", "", "AVX-512 register") \
	REG(AXVCPU_X86_64_ZMM(26), 64, 0, "zmm26", "", "AVX-512 register") \
	REG(AXVCPU_X86_64_ZMM(27), 64, 0, "zmm27", "", "AVX-512 register") \
	REG(AXVCPU_X86_64_ZMM(28), 64, 0, "zmm28", "", "AVX-512 register") \
	REG(AXVCPU_X86_64_ZMM(29), 64, 0, "zmm29", "", "AVX-512 register") \
	REG(AXVCPU_X86_64_ZMM(30), 64, 0, "zmm30", "", "AVX-512 register") \
	REG(AXVCPU_X86_64_ZMM(31), 64, 0, "zmm31", "", "AVX-512 register") \
	REG(AXVCPU_X86_64_OPMASK(0), 8, 0, "k0", "", "AVX-512 mask register") \
	REG(AXVCPU_X86_64_OPMASK(1), 8, 0, "k1", "", "AVX-512 mask register") \
	REG(AXVCPU_X86_64_OPMASK(2), 8, 0, "k2", "", "AVX-512 mask register") \
	REG(AXVCPU_X86_64_OPMASK(3), 8, 0, "k3", "", "AVX-512 mask register") \
	REG(AXVCPU_X86_64_OPMASK(4), 8, 0, "k4", "", "AVX-512 mask register") \
	REG(AXVCPU_X86_64_OPMASK(5), 8, 0, "k5", "", "AVX-512 mask register") \
	REG(AXVCPU_X86_64_OPMASK(6), 8, 0, "k6", "", "AVX-512 mask register") \
	REG(AXVCPU_X86_64_OPMASK(7), 8, 0, "k7", "", "AVX-512 mask register") \
	REG(AXVCPU_X86_64_PKRU, 8, 0, "pkru", "", "rights of protection keys") \
	REG(AXVCPU_X86_64_EVENT(0), 8, 0, "exception.injected", "", "1 when an exception is being delivered") \
	REG(AXVCPU_X86_64_EVENT(1), 8, 0, "exception.pending", "", "1 when an exception waits for delivery") \
	REG(AXVCPU_X86_64_EVENT(2), 8, 0, "exception.vector", "", "vector of that exception") \
	REG(AXVCPU_X86_64_EVENT(3), 8, 0, "exception.has_error_code", "", "1 when it pushes an error code") \
	REG(AXVCPU_X86_64_EVENT(4), 8, 0, "exception.error_code", "", "that error code") \
	REG(AXVCPU_X86_64_EVENT(5), 8, 0, "exception.has_payload", "", "1 when it has an address or bits for cr2 or dr6") \
	REG(AXVCPU_X86_64_EVENT(6), 8, 0, "exception.payload", "", "these") \
	REG(AXVCPU_X86_64_EVENT(7), 8, 0, "interrupt.injected", "", "1 when an external or software interrupt is being delivered") \
	REG(AXVCPU_X86_64_EVENT(8), 8, 0, "interrupt.vector", "", "its vector") \
	REG(AXVCPU_X86_64_EVENT(9), 8, 0, "interrupt.soft", "", "1 for int n") \
	REG(AXVCPU_X86_64_EVENT(10), 8, 0, "interrupt.shadow", "", "1 after sti, 2 after mov ss: none is taken before the next instruction") \
	REG(AXVCPU_X86_64_EVENT(11), 8, 0, "nmi.injected", "", "1 when a non-maskable interrupt is being delivered") \
	REG(AXVCPU_X86_64_EVENT(12), 8, 0, "nmi.pending", "", "non-maskable interrupts that wait") \
	REG(AXVCPU_X86_64_EVENT(13), 8, 0, "nmi.masked", "", "1 until the next iret") \
	REG(AXVCPU_X86_64_EVENT(14), 8, 0, "smi.smm", "", "1 in system management mode") \
	REG(AXVCPU_X86_64_EVENT(15), 8, 0, "smi.pending", "", "1 when a system management interrupt waits") \
	REG(AXVCPU_X86_64_EVENT(16), 8, 0, "init.latched", "", "1 when an INIT waits") \
	REG(AXVCPU_X86_64_EVENT(17), 8, 0, "sipi.vector", "", "vector of the start-up IPI") \
	REG(AXVCPU_X86_64_EVENT(18), 8, 0, "triple_fault.pending", "", "1 when the processor shuts down") \
	REG(AXVCPU_X86_64_EVENT(19), 8, 0, "mp_state", "", "0 runs, 1 waits for INIT, 2 INIT received, 3 halted, 4 SIPI received")

#endif
