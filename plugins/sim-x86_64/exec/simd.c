/* SPDX-License-Identifier: Apache-2.0 */
#include "simd.h"

#include <float.h>
#include <string.h>

#include "../host-fpu.h"

#define MXCSR_OE 0x08u
#define MXCSR_UE 0x10u
#define MXCSR_PE 0x20u
#define MXCSR_DAZ 0x40u
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

static bool is_denormal_at(const void *value, unsigned element)
{
	switch (element) {
	case 2:
		return is_denormal(*(const x86_u16 *)value, 10, 0x1f);
	case 4:
		return is_denormal(*(const x86_u32 *)value, 23, 0xff);
	}
	return is_denormal(*(const x86_u64 *)value, 52, 0x7ff);
}

static bool any_denormal(const void *results, unsigned bytes, unsigned element)
{
	for (unsigned at = 0; at < bytes; at += element)
		if (is_denormal_at((const char *)results + at, element))
			return true;
	return false;
}

/* ---- PE of unmasked overflow and underflow: the x87 unit has the exponents, and rounds to the same precision ---- */

#define X87_PE 0x20u
#define X87_CW_MASKS 0x7fu
#define X87_CW_DOUBLE 0x200u
#define X87_CW_RC_SHIFT 10
#define MXCSR_RC_SHIFT 13

/* One element: its operands, and what is done with them. */
struct calculation {
	long double a, b;
	enum x86_simd_arithmetic arithmetic;
	uint16_t cw;
};

static long double operand_at(const struct x86_cpu *cpu, const void *operand, unsigned index, unsigned element)
{
	const char *place = (const char *)operand + (size_t)index * element;
	double value;
	float single;

	if (cpu->mxcsr & MXCSR_DAZ && is_denormal_at(place, element))
		return 0;
	if (element == 4) {
		memcpy(&single, place, 4);
		return single;
	}
	memcpy(&value, place, 8);
	return value;
}

static struct calculation calculation_of(const struct x86_cpu *cpu, enum x86_simd_arithmetic arithmetic, const void *a,
					 const void *b, unsigned index, unsigned element)
{
	unsigned half = 8 / element, within = index % (2 * half); /* of 16 bytes */
	uint32_t rounding = cpu->mxcsr >> MXCSR_RC_SHIFT & 3;
	struct calculation calculation = {
		.arithmetic = arithmetic,
		.cw = (uint16_t)(X87_CW_MASKS | (element == 8 ? X87_CW_DOUBLE : 0) | rounding << X87_CW_RC_SHIFT),
	};

	switch (arithmetic) {
	case X86_SIMD_NARROW:
		calculation.a = operand_at(cpu, b, index, 8);
		calculation.b = 1;
		return calculation;
	case X86_SIMD_ADD_PAIRS:
	case X86_SIMD_SUBTRACT_PAIRS:
		a = b = within < half ? a : b;
		index = index - within + 2 * (within % half);
		calculation.a = operand_at(cpu, a, index, element);
		calculation.b = operand_at(cpu, b, index + 1, element);
		return calculation;
	case X86_SIMD_SUBTRACT_ADD:
		calculation.arithmetic = index & 1 ? X86_SIMD_ADD : X86_SIMD_SUBTRACT;
		break;
	default:
		break;
	}
	calculation.a = operand_at(cpu, a, index, element);
	calculation.b = operand_at(cpu, b, index, element);
	return calculation;
}

#define CALCULATE(insn) \
	__asm__ volatile("fnclex\n\t" \
			 "fldcw %3\n\t" insn " %%st(1), %%st\n\t" \
			 "fnstsw %1\n\t" \
			 "fldcw %4" \
			 : "=t"(result), "=&a"(sw) \
			 : "u"(calculation->b), "m"(calculation->cw), "m"(host_cw), "0"(calculation->a))

static long double calculate(const struct calculation *calculation, bool *ret_inexact)
{
	const uint16_t host_cw = X86_HOST_X87_CW;
	long double result;
	uint16_t sw;

	switch (calculation->arithmetic) {
	case X86_SIMD_SUBTRACT:
	case X86_SIMD_SUBTRACT_PAIRS:
		CALCULATE("fsub");
		break;
	case X86_SIMD_MULTIPLY:
	case X86_SIMD_NARROW:
		CALCULATE("fmul");
		break;
	case X86_SIMD_DIVIDE:
		CALCULATE("fdiv");
		break;
	default:
		CALCULATE("fadd");
		break;
	}
	*ret_inexact = sw & X87_PE;
	return result;
}

static bool is_inexact(const struct x86_cpu *cpu, const struct calculation *calculation)
{
	bool is_double = calculation->cw & X87_CW_DOUBLE, inexact;
	long double result = calculate(calculation, &inexact);
	long double magnitude = result < 0 ? -result : result;

	if (magnitude > (is_double ? DBL_MAX : FLT_MAX) && magnitude <= LDBL_MAX && masks_of(cpu) & MXCSR_OE)
		return true;
	if (magnitude < (is_double ? DBL_MIN : FLT_MIN) && magnitude > 0 && masks_of(cpu) & MXCSR_UE)
		return inexact || cpu->mxcsr & MXCSR_FTZ || (is_double ? (double)result : (float)result) != result;
	return inexact;
}

void x86_simd_refine(struct x86_cpu *cpu, enum x86_simd_arithmetic arithmetic, const void *a, const void *b,
		     unsigned bytes, unsigned element)
{
	uint32_t host = x86_host_mxcsr();
	bool inexact = false;

	if (bytes == 0 || !(host & MXCSR_PE) || !(host & ~masks_of(cpu) & (MXCSR_OE | MXCSR_UE)))
		return;
	for (unsigned i = 0; i < bytes / element && !inexact; i++) {
		const struct calculation calculation = calculation_of(cpu, arithmetic, a, b, i, element);

		inexact = is_inexact(cpu, &calculation);
	}
	__asm__ volatile("fnclex");
	if (!inexact)
		x86_set_host_mxcsr(host & ~MXCSR_PE);
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
