/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIMD floating-point exceptions that are not masked (SDM 1, 11.5). The host has all of them masked, so that an
 * executor looks at cpu->simd_unmasked, and if it is set takes a slower way:
 *
 *   x86_simd_begin(cpu);
 *   result = operation(a, b);
 *   x86_simd_refine(cpu, X86_SIMD_ADD, &a, &b, 16, 8);
 *   if (!x86_simd_end(cpu, op, &result, 16, 8)) // two doubles
 *       return NULL;
 */
#ifndef PLUGINS_SIM_X86_64_EXEC_SIMD_H
#define PLUGINS_SIM_X86_64_EXEC_SIMD_H

#include "exec.h"

#define X86_COLD __attribute__((cold, noinline))

X86_COLD void x86_simd_begin(struct x86_cpu *cpu);

/* How the elements of a result come from those of two operands. */
enum x86_simd_arithmetic {
	X86_SIMD_ADD,
	X86_SIMD_SUBTRACT,
	X86_SIMD_SUBTRACT_ADD, /* even elements, odd elements */
	X86_SIMD_ADD_PAIRS,    /* haddps, haddpd */
	X86_SIMD_SUBTRACT_PAIRS,
	X86_SIMD_MULTIPLY,
	X86_SIMD_DIVIDE,
	X86_SIMD_NARROW, /* doubles of the second operand to singles */
};

/*
 * With an overflow or underflow that is not masked PE says that the result would be inexact if its exponent had no
 * bounds, which the host, that has it masked, does not tell. `bytes` and `element` are the result's, as below.
 */
X86_COLD void x86_simd_refine(struct x86_cpu *cpu, enum x86_simd_arithmetic arithmetic, const void *a, const void *b,
			      unsigned bytes, unsigned element);

/* The same for products of a and b with c added; `opposite` has a bit for each element of which c is subtracted. */
X86_COLD void x86_simd_refine_fused(struct x86_cpu *cpu, const void *a, const void *b, const void *c, unsigned opposite,
				    unsigned bytes, unsigned element);
/* The same for singles that become `bytes` of halves. */
X86_COLD void x86_simd_refine_halves(struct x86_cpu *cpu, const void *singles, unsigned bytes);

/*
 * False: the operation raised what is not masked; it has no result. `results` are the `bytes` of it that may underflow,
 * in elements of `element` bytes (2, 4 or 8): an unmasked underflow is also raised by a tiny result that is exact. Of
 * an operation that cannot underflow bytes is 0.
 */
X86_COLD bool x86_simd_end(struct x86_cpu *cpu, const struct x86_op *op, const void *results, unsigned bytes,
			   unsigned element);

#endif
