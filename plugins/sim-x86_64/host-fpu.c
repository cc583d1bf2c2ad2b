/* SPDX-License-Identifier: Apache-2.0 */
#include "host-fpu.h"

/*
 * Of the host's x87 control word only rounding, precision and masks matter: they are kept above the 18 bits of MXCSR.
 * Its x87 flags are not kept; the ABI lets a call change them, and its stack is empty.
 */
#define HOST_RC_PC_SHIFT 24
#define HOST_MASKS_SHIFT 18
#define HOST_MXCSR 0x3ffffu

static uint16_t control_word(void)
{
	uint16_t cw;

	__asm__ volatile("fnstcw %0" : "=m"(cw));
	return cw;
}

static void set_control_word(uint16_t cw)
{
	__asm__ volatile("fnclex\n\tfldcw %0" ::"m"(cw));
}

uint32_t x86_enter_fpu(struct x86_cpu *cpu)
{
	const uint32_t cw = control_word();
	const uint32_t host = x86_host_mxcsr() | (cw & 0x3f) << HOST_MASKS_SHIFT | (cw >> 8 & 0x1f) << HOST_RC_PC_SHIFT;

	set_control_word(X86_HOST_X87_CW);
	x86_set_mxcsr(cpu, cpu->mxcsr);
	return host;
}

void x86_leave_fpu(struct x86_cpu *cpu, uint32_t host)
{
	cpu->mxcsr = x86_mxcsr(cpu);
	set_control_word((uint16_t)(0x40 | (host >> HOST_MASKS_SHIFT & 0x3f) | (host >> HOST_RC_PC_SHIFT & 0x1f) << 8));
	x86_set_host_mxcsr(host & HOST_MXCSR);
}
