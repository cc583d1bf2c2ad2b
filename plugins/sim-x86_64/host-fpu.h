/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's SSE and x87 units, which the guest's floating point runs on. While a guest runs the host's MXCSR is the
 * guest's with all exceptions masked: its flags accumulate there. The x87 unit has an empty stack and
 * X86_HOST_X87_CW, except within an operation; its flags are a part of the guest's (exec/x87.h).
 */
#ifndef PLUGINS_SIM_X86_64_HOST_FPU_H
#define PLUGINS_SIM_X86_64_HOST_FPU_H

#include "x86.h"

#define X86_MXCSR_FLAGS 0x3fu
#define X86_MXCSR_MASKS 0x1f80u
#define X86_MXCSR_VALID 0xffffu

static inline uint32_t x86_host_mxcsr(void)
{
	uint32_t value;

	__asm__ volatile("stmxcsr %0" : "=m"(value)::"memory");
	return value;
}

static inline void x86_set_host_mxcsr(uint32_t value)
{
	__asm__ volatile("ldmxcsr %0" ::"m"(value) : "memory");
}

/* The guest's MXCSR while it runs. */
static inline uint32_t x86_mxcsr(const struct x86_cpu *cpu)
{
	return cpu->mxcsr | (x86_host_mxcsr() & X86_MXCSR_FLAGS);
}

/* While it runs: a new value, which is valid. */
static inline void x86_set_mxcsr(struct x86_cpu *cpu, uint32_t value)
{
	cpu->mxcsr = value;
	cpu->simd_unmasked = (value & X86_MXCSR_MASKS) != X86_MXCSR_MASKS;
	x86_set_host_mxcsr(value | X86_MXCSR_MASKS);
}

/* The host's x87 control word while a guest runs: what the ABI begins with. */
#define X86_HOST_X87_CW 0x37fu

/* Around a run, and around everything else that works with cpu->mxcsr: returns the host's own state, to give back. */
uint32_t x86_enter_fpu(struct x86_cpu *cpu);
void x86_leave_fpu(struct x86_cpu *cpu, uint32_t host);

#endif
