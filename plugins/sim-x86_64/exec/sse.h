/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How SSE is executed: by the host's instruction of the same name, in inline assembly. An intrinsic would leave the
 * compiler free to exchange operands (which decides between two NaNs), to fold, and to move operations past the
 * reading of MXCSR.
 *
 *   SSE_BINARY(paddb)        what it computes: do_paddb(cpu, op, a, b), a being the destination's old value
 *   SSE_FORMS(paddb, 16)     its executors: paddb_xx, and paddb_xm with a memory operand of 16 (aligned), 8, 4 or 2
 * bytes SSE_ROWS(PADDB, paddb, needs)
 *
 * Registers are always loaded and stored as a whole, as a load from where only a part was just stored would wait for
 * the store.
 */
#ifndef PLUGINS_SIM_X86_64_EXEC_SSE_H
#define PLUGINS_SIM_X86_64_EXEC_SSE_H

#include <emmintrin.h>

#include "exec.h"
#include "simd.h"

#define XMM(number) (*(__m128i *)(void *)&cpu->v[number])

/* clang would store a register to have an operand in memory. */
#ifdef __clang__
#define SSE_SOURCE "x"
#else
#define SSE_SOURCE "xm"
#endif

#define SSE_MAYBE __attribute__((unused))
#define SSE_INLINE static inline __attribute__((always_inline))

/* ---- memory operands ---- */

enum { SSE_UNALIGNED = 32 }; /* 16 | SSE_UNALIGNED: 16 bytes of any alignment */

SSE_INLINE unsigned sse_bytes(unsigned size)
{
	return size & ~(unsigned)SSE_UNALIGNED;
}

/* Where the memory operand lies, if it takes no more than that to access it; else NULL. */
SSE_INLINE void *sse_place(struct x86_cpu *cpu, const struct x86_op *op, struct sim_tlb_entry *table, unsigned size)
{
	uint64_t linear;

	if (sim_unlikely(op->flags & X86_OP_SLOW))
		return NULL;
	linear = x86_flat_linear(cpu, op);
	if (size == 16) {
		if (sim_unlikely(linear & 15))
			return NULL;
		size = 1; /* which suffices for what is aligned */
	}
	return x86_hit(table, cpu->cpu.data_context, linear, sse_bytes(size));
}

SSE_INLINE const void *sse_readable(struct x86_cpu *cpu, const struct x86_op *op, unsigned size)
{
	return sse_place(cpu, op, cpu->cpu.tlb.reads, size);
}

SSE_INLINE void *sse_writable(struct x86_cpu *cpu, const struct x86_op *op, unsigned size)
{
	return sse_place(cpu, op, cpu->cpu.tlb.writes, size);
}

SSE_INLINE __m128i sse_fetch(const void *place, unsigned size)
{
	switch (size) {
	case 16:
		return *(const __m128i *)place;
	case 8:
		return _mm_loadl_epi64(place);
	case 4:
		return _mm_cvtsi32_si128((int)*(const x86_u32 *)place);
	case 2:
		return _mm_cvtsi32_si128(*(const x86_u16 *)place);
	case 1:
		return _mm_cvtsi32_si128(*(const x86_u8 *)place);
	}
	return _mm_loadu_si128(place);
}

SSE_INLINE void sse_put(void *place, __m128i value, unsigned size)
{
	switch (size) {
	case 16:
		*(__m128i *)place = value;
		return;
	case 8:
		_mm_storel_epi64(place, value);
		return;
	case 4:
		*(x86_u32 *)place = (uint32_t)_mm_cvtsi128_si32(value);
		return;
	}
	_mm_storeu_si128(place, value);
}

/* The slow ways; false: NULL is to be returned. */
bool sse_read(struct x86_cpu *cpu, const struct x86_op *op, unsigned size, __m128i *ret_value);
bool sse_write(struct x86_cpu *cpu, const struct x86_op *op, unsigned size, __m128i value);

/* ---- what is computed ---- */

#define SSE_OPERATION(name) \
	SSE_INLINE __m128i do_##name(SSE_MAYBE struct x86_cpu *cpu, SSE_MAYBE const struct x86_op *op, \
				     SSE_MAYBE __m128i a, SSE_MAYBE __m128i b)

#define SSE_BINARY(name) \
	SSE_OPERATION(name) \
	{ \
		__asm__ volatile(#name " %1, %0" : "+x"(a) : SSE_SOURCE(b)); \
		return a; \
	}

/* The destination's old value does not matter. */
#define SSE_UNARY(name) \
	SSE_OPERATION(name) \
	{ \
		__asm__ volatile(#name " %1, %0" : "=x"(a) : SSE_SOURCE(b)); \
		return a; \
	}

/* xmm0 is a third operand. */
#define SSE_TERNARY(name) \
	SSE_OPERATION(name) \
	{ \
		__asm__ volatile(#name " %%xmm0, %1, %0" : "+x"(a) : "x"(b), "Yz"(XMM(0))); \
		return a; \
	}

/*
 * An immediate operand is part of the instruction: there is a stub for each value, of 8 bytes, in a row. It computes
 * xmm0 from xmm0 and xmm1, or from xmm0 and rdi, and changes nothing else.
 */
#define SSE_STUBS(name, operands) \
	__asm__(".pushsection .text\n" \
		".balign 64\n" \
		".globl x86_stub_" #name "\n" \
		".hidden x86_stub_" #name "\n" \
		".type x86_stub_" #name ", @function\n" \
		"x86_stub_" #name ":\n" \
		".irp high, 0, 16, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240\n" \
		".irp low, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n" \
		".balign 8\n" #name " $(\\high + \\low), " operands "\n" \
		"ret\n" \
		".endr\n" \
		".endr\n" \
		".size x86_stub_" #name ", . - x86_stub_" #name "\n" \
		".popsection\n"); \
	extern const char x86_stub_##name[] __attribute__((visibility("hidden")));

#define SSE_STUB(name, imm) ((uintptr_t)(x86_stub_##name + 8 * (size_t)(uint8_t)(imm)))

/* The compiler does not see that these are calls, so it saves nothing; its red zone is stepped over. */
SSE_INLINE __m128i sse_call(uintptr_t stub, __m128i a, __m128i b)
{
	register __m128i first __asm__("xmm0") = a;
	register __m128i second __asm__("xmm1") = b;

	__asm__ volatile("lea -128(%%rsp), %%rsp\n\t"
			 "call *%2\n\t"
			 "lea 128(%%rsp), %%rsp"
			 : "+x"(first)
			 : "x"(second), "r"(stub));
	return first;
}

SSE_INLINE __m128i sse_call_general(uintptr_t stub, __m128i a, uint64_t b)
{
	register __m128i first __asm__("xmm0") = a;

	__asm__ volatile("lea -128(%%rsp), %%rsp\n\t"
			 "call *%2\n\t"
			 "lea 128(%%rsp), %%rsp"
			 : "+x"(first)
			 : "D"(b), "r"(stub));
	return first;
}

#define SSE_IMMEDIATE(name) \
	SSE_STUBS(name, "%xmm1, %xmm0") \
	SSE_OPERATION(name) \
	{ \
		return sse_call(SSE_STUB(name, op->imm), a, b); \
	}

/* ---- executors ---- */

/* Of operations that raise no floating-point exceptions. */
#define SSE_FORMS(name, size) \
	EXEC(name##_xx) \
	{ \
		XMM(op->dst) = do_##name(cpu, op, XMM(op->dst), XMM(op->src)); \
		X86_NEXT(cpu, op); \
	} \
	SSE_MEMORY_FORM(name, size, do_##name)

#define SSE_MEMORY_FORM(name, size, operation) \
	X86_COLD EXEC(name##_slow) \
	{ \
		__m128i source; \
		if (!sse_read(cpu, op, size, &source)) \
			return NULL; \
		XMM(op->dst) = operation(cpu, op, XMM(op->dst), source); \
		return op + 1; \
	} \
	EXEC(name##_xm) \
	{ \
		const void *place = sse_readable(cpu, op, size); \
		if (sim_unlikely(!place)) \
			return name##_slow(cpu, op); \
		XMM(op->dst) = operation(cpu, op, XMM(op->dst), sse_fetch(place, size)); \
		X86_NEXT(cpu, op); \
	}

/* Of operations that do: the elements of `element` bytes in `bytes` of the result come about by X86_SIMD_arithmetic,
 * and may overflow and underflow. None may if `bytes` is 0. */
#define SSE_FLOAT_FORMS(name, size, bytes, element, arithmetic) \
	static const struct x86_op *name##_checked(struct x86_cpu *cpu, const struct x86_op *op, __m128i source) \
	{ \
		__m128i result; \
		x86_simd_begin(cpu); \
		result = do_##name(cpu, op, XMM(op->dst), source); \
		x86_simd_refine(cpu, X86_SIMD_##arithmetic, &XMM(op->dst), &source, bytes, element); \
		if (!x86_simd_end(cpu, op, &result, bytes, element)) \
			return NULL; \
		XMM(op->dst) = result; \
		return op + 1; \
	} \
	SSE_CHECKED_FORMS(name, size)

/* The same, name##_checked being given. */
#define SSE_CHECKED_FORMS(name, size) \
	X86_COLD EXEC(name##_slow_xx) \
	{ \
		return name##_checked(cpu, op, XMM(op->src)); \
	} \
	X86_COLD EXEC(name##_slow_xm) \
	{ \
		__m128i source; \
		return sse_read(cpu, op, size, &source) ? name##_checked(cpu, op, source) : NULL; \
	} \
	EXEC(name##_xx) \
	{ \
		if (sim_unlikely(cpu->simd_unmasked)) \
			return name##_slow_xx(cpu, op); \
		XMM(op->dst) = do_##name(cpu, op, XMM(op->dst), XMM(op->src)); \
		X86_NEXT(cpu, op); \
	} \
	EXEC(name##_xm) \
	{ \
		const void *place = sse_readable(cpu, op, size); \
		if (sim_unlikely(!place || cpu->simd_unmasked)) \
			return name##_slow_xm(cpu, op); \
		XMM(op->dst) = do_##name(cpu, op, XMM(op->dst), sse_fetch(place, size)); \
		X86_NEXT(cpu, op); \
	}

/* ---- rows ---- */

#define SSE_BASE 0 /* needs no feature */

/* clang-format off */
#define SSE_ROW(mnemonic, kinds, fn, row_flags, needs) \
	{ ZYDIS_MNEMONIC_##mnemonic, kinds, X86_ANY(fn), .flags = row_flags, .features = needs },

#define SSE_ROWS(mnemonic, name, needs) \
	SSE_ROW(mnemonic, "xx", name##_xx, X86_ROW_PLAIN, needs) \
	SSE_ROW(mnemonic, "xm", name##_xm, 0, needs)
#define SSE_IMMEDIATE_ROWS(mnemonic, name, needs) \
	SSE_ROW(mnemonic, "xxi", name##_xx, X86_ROW_PLAIN, needs) \
	SSE_ROW(mnemonic, "xmi", name##_xm, 0, needs)
#define SSE_FLOAT_ROWS(mnemonic, name, needs) \
	SSE_ROW(mnemonic, "xx", name##_xx, 0, needs) \
	SSE_ROW(mnemonic, "xm", name##_xm, 0, needs)
#define SSE_FLOAT_IMMEDIATE_ROWS(mnemonic, name, needs) \
	SSE_ROW(mnemonic, "xxi", name##_xx, 0, needs) \
	SSE_ROW(mnemonic, "xmi", name##_xm, 0, needs)
/* clang-format on */

#endif
