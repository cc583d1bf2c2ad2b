/* SPDX-License-Identifier: Apache-2.0 */
#include "simd.h"

#include "../host-fpu.h"

#define MXCSR_UE 0x10u
#define MXCSR_PRECOMPUTATION 0x07u /* invalid, denormal, divide by zero */
#define MXCSR_FTZ 0x8000u
#define MXCSR_MASK_SHIFT 7

static uint32_t masks_of(const struct x86_cpu *cpu)
{
	return cpu->mxcsr >> MXCSR_MASK_SHIFT & X86_MXCSR_FLAGS;
}

void x86_simd_begin(struct x86_cpu *cpu)
{
	uint32_t host = (cpu->mxcsr & ~X86_MXCSR_FLAGS) | X86_MXCSR_MASKS;

	cpu->mxcsr = x86_mxcsr(cpu);
	if (!(masks_of(cpu) & MXCSR_UE))
		host &= ~MXCSR_FTZ; /* only a masked underflow flushes to zero */
	x86_set_host_mxcsr(host);
}

static bool is_denormal(uint64_t value, unsigned fraction_bits, uint64_t exponent)
{
	return !(value >> fraction_bits & exponent) && value << (64 - fraction_bits);
}

static bool any_denormal(const void *results, unsigned bytes, unsigned element)
{
	for (unsigned at = 0; at < bytes; at += element) {
		const char *value = (const char *)results + at;

		if (element == 4 ? is_denormal(*(const x86_u32 *)(const void *)value, 23, 0xff)
				 : is_denormal(*(const x86_u64 *)(const void *)value, 52, 0x7ff))
			return true;
	}
	return false;
}

bool x86_simd_end(struct x86_cpu *cpu, const struct x86_op *op, const void *results, unsigned bytes, unsigned element)
{
	uint32_t flags = x86_host_mxcsr() & X86_MXCSR_FLAGS;
	uint32_t unmasked;

	if (!(masks_of(cpu) & MXCSR_UE) && any_denormal(results, bytes, element))
		flags |= MXCSR_UE;
	unmasked = flags & ~masks_of(cpu);
	if (unmasked & MXCSR_PRECOMPUTATION)
		flags &= MXCSR_PRECOMPUTATION; /* it got no further */
	x86_set_mxcsr(cpu, cpu->mxcsr | flags);
	if (!unmasked)
		return true;
	x86_fault(cpu, op, cpu->cr4 & X86_CR4_OSXMMEXCPT ? X86_XM : X86_UD);
	return false;
}
