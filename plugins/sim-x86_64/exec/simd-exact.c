/* SPDX-License-Identifier: Apache-2.0 */
/*
 * x86_simd_refine for operations that the x87 unit does not have: whether a sum of a product and a number is exact, by
 * calculating with integers.
 */
#include "simd.h"

#include <string.h>

#include "../host-fpu.h"

#define MXCSR_OE 0x08u
#define MXCSR_UE 0x10u
#define MXCSR_PE 0x20u
#define MXCSR_DAZ 0x40u
#define MXCSR_FTZ 0x8000u
#define MXCSR_MASK_SHIFT 7

__extension__ typedef unsigned __int128 u128;

/* A format of numbers: bits of precision, and the exponents of the largest and smallest that are normal. */
struct format {
	unsigned bytes;
	int precision, max, min;
	bool may_flush; /* MXCSR.FZ is heeded */
};

static const struct format half = { 2, 11, 15, -14, false };
static const struct format single = { 4, 24, 127, -126, true };
static const struct format wide = { 8, 53, 1023, -1022, true };

/* A finite number: significand * 2 ^ exponent. */
struct number {
	bool negative;
	u128 significand;
	int exponent;
};

static int length_of(u128 value)
{
	uint64_t high = (uint64_t)(value >> 64);

	if (high)
		return 128 - __builtin_clzll(high);
	return (uint64_t)value ? 64 - __builtin_clzll((uint64_t)value) : 0;
}

static int trailing_zeros(u128 value)
{
	return (uint64_t)value ? __builtin_ctzll((uint64_t)value) : 64 + __builtin_ctzll((uint64_t)(value >> 64));
}

/* Makes the significand odd, unless it is 0. */
static void reduce(struct number *number)
{
	int zeros = number->significand ? trailing_zeros(number->significand) : 0;

	number->significand >>= zeros;
	number->exponent += zeros;
}

/* False: it is not finite. */
static bool load(const struct x86_cpu *cpu, const struct format *format, const void *operand, unsigned index,
		 struct number *ret_number)
{
	const unsigned fraction_bits = (unsigned)format->precision - 1;
	const uint64_t exponent_max = (uint64_t)format->max * 2 + 1;
	uint64_t bits = 0, exponent, fraction;

	memcpy(&bits, (const char *)operand + (size_t)index * format->bytes, format->bytes);
	exponent = bits >> fraction_bits & exponent_max;
	fraction = bits & ((UINT64_C(1) << fraction_bits) - 1);
	ret_number->negative = bits >> (8 * format->bytes - 1);
	ret_number->exponent = format->min - (int)fraction_bits + (exponent ? (int)exponent - 1 : 0);
	ret_number->significand = exponent ? fraction | UINT64_C(1) << fraction_bits : fraction;
	if (exponent == 0 && cpu->mxcsr & MXCSR_DAZ)
		ret_number->significand = 0;
	reduce(ret_number);
	return exponent != exponent_max;
}

/* False: it has more bits than any format. */
static bool add(const struct number *a, const struct number *b, struct number *ret_sum)
{
	const int low = a->exponent < b->exponent ? a->exponent : b->exponent;
	const int a_high = a->exponent + length_of(a->significand), b_high = b->exponent + length_of(b->significand);
	u128 x, y;

	if (!a->significand || !b->significand) {
		*ret_sum = a->significand ? *a : *b;
		return true;
	}
	if (a_high - low > 126 || b_high - low > 126)
		return false;
	x = a->significand << (a->exponent - low);
	y = b->significand << (b->exponent - low);
	*ret_sum = (struct number){ .significand = x + y, .exponent = low };
	if (a->negative != b->negative)
		ret_sum->significand = x > y ? x - y : y - x;
	reduce(ret_sum);
	return true;
}

static bool is_masked(const struct x86_cpu *cpu, uint32_t exception)
{
	return cpu->mxcsr >> MXCSR_MASK_SHIFT & exception;
}

/* Whether an exact result raises PE: it has too many bits, or its exponent is out of range and that is masked. */
static bool is_inexact(const struct x86_cpu *cpu, const struct format *format, const struct number *result)
{
	const int high = result->exponent + length_of(result->significand) - 1;

	if (length_of(result->significand) > format->precision)
		return true;
	if (!result->significand)
		return false;
	if (high > format->max)
		return is_masked(cpu, MXCSR_OE);
	if (high < format->min && is_masked(cpu, MXCSR_UE))
		return result->exponent < format->min - format->precision + 1 ||
		       (format->may_flush && cpu->mxcsr & MXCSR_FTZ);
	return false;
}

static bool is_inexact_fused(const struct x86_cpu *cpu, const struct format *format, const void *const operands[3],
			     unsigned index, bool opposite)
{
	struct number a, b, c, sum;

	if (!load(cpu, format, operands[0], index, &a) || !load(cpu, format, operands[1], index, &b) ||
	    !load(cpu, format, operands[2], index, &c))
		return false;
	a.negative ^= b.negative ^ opposite;
	a.significand *= b.significand;
	a.exponent += b.exponent;
	return !add(&a, &c, &sum) || is_inexact(cpu, format, &sum);
}

/* Whether PE is in doubt. */
static bool is_refined(const struct x86_cpu *cpu)
{
	const uint32_t host = x86_host_mxcsr();

	return host & MXCSR_PE &&
	       ((host & MXCSR_OE && !is_masked(cpu, MXCSR_OE)) || (host & MXCSR_UE && !is_masked(cpu, MXCSR_UE)));
}

void x86_simd_refine_fused(struct x86_cpu *cpu, const void *a, const void *b, const void *c, unsigned opposite,
			   unsigned bytes, unsigned element)
{
	const struct format *format = element == 4 ? &single : &wide;
	const void *const operands[] = { a, b, c };

	if (!is_refined(cpu))
		return;
	for (unsigned i = 0; i < bytes / element; i++)
		if (is_inexact_fused(cpu, format, operands, i, opposite >> i & 1))
			return;
	x86_set_host_mxcsr(x86_host_mxcsr() & ~MXCSR_PE);
}

void x86_simd_refine_halves(struct x86_cpu *cpu, const void *singles, unsigned bytes)
{
	if (!is_refined(cpu))
		return;
	for (unsigned i = 0; i < bytes / half.bytes; i++) {
		struct number number;

		if (load(cpu, &single, singles, i, &number) && is_inexact(cpu, &half, &number))
			return;
	}
	x86_set_host_mxcsr(x86_host_mxcsr() & ~MXCSR_PE);
}
