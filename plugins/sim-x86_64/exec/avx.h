/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How VEX-encoded vector instructions are executed (SDM 1, chapter 14): by the host's instruction of the same name. The
 * host has AVX2, FMA and so on wherever the guest is offered them. In inline assembly, for the reasons given in sse.h.
 *
 * Letters name values, in names of functions as well as in kinds of rows: x and y are registers of 128 and 256 bits;
 * of memory there are also b, w, d and q, which come as the lowest bits of an x. Macros take the letters of
 *   d  the destination, and the first source of a binary operation
 *   s  the last source, which may be in memory
 *   m  the last source in memory
 *
 *   AVX_BINARY(VPADDB, y, y, y)              the executors, where no floating-point exceptions are raised
 *   AVX_BINARY_ROWS(VPADDB, y, y, y, needs)  their rows
 *
 * A register of 128 bits is written with the upper half cleared, by two stores: so the host's upper halves stay clean.
 */
#ifndef PLUGINS_SIM_X86_64_EXEC_AVX_H
#define PLUGINS_SIM_X86_64_EXEC_AVX_H

#include <immintrin.h>

#include "exec.h"
#include "simd.h"

#define AVX_CODE __attribute__((target("avx2,fma,f16c,aes,pclmul")))
#define AVX_EXEC(name) AVX_CODE EXEC(name)
#define AVX_INLINE AVX_CODE static inline __attribute__((always_inline))
#define AVX_MAYBE __attribute__((unused))

typedef __m128i avx_x, avx_b, avx_w, avx_d, avx_q;
typedef __m256i avx_y;

enum { AVX_BYTES_b = 1, AVX_BYTES_w = 2, AVX_BYTES_d = 4, AVX_BYTES_q = 8, AVX_BYTES_x = 16, AVX_BYTES_y = 32 };

/* ---- registers ---- */

AVX_INLINE avx_x avx_get_x(const struct x86_cpu *cpu, unsigned number)
{
	return _mm_load_si128((const avx_x *)(const void *)&cpu->v[number]);
}

AVX_INLINE avx_y avx_get_y(const struct x86_cpu *cpu, unsigned number)
{
	return _mm256_load_si256((const avx_y *)(const void *)&cpu->v[number]);
}

AVX_INLINE void avx_put_x(struct x86_cpu *cpu, unsigned number, avx_x value)
{
	avx_x *halves = (avx_x *)(void *)&cpu->v[number];

	_mm_store_si128(halves, value);
	_mm_store_si128(halves + 1, _mm_setzero_si128());
}

AVX_INLINE void avx_put_y(struct x86_cpu *cpu, unsigned number, avx_y value)
{
	_mm256_store_si256((avx_y *)(void *)&cpu->v[number], value);
}

/* ---- memory operands, of any alignment ---- */

#define AVX_FETCH_b(place) _mm_cvtsi32_si128(*(const x86_u8 *)(place))
#define AVX_FETCH_w(place) _mm_cvtsi32_si128(*(const x86_u16 *)(place))
#define AVX_FETCH_d(place) _mm_cvtsi32_si128((int)*(const x86_u32 *)(place))
#define AVX_FETCH_q(place) _mm_loadl_epi64((const avx_x *)(place))
#define AVX_FETCH_x(place) _mm_loadu_si128((const avx_x *)(place))
#define AVX_FETCH_y(place) _mm256_loadu_si256((const avx_y *)(place))

#define AVX_STORE_d(place, value) (*(x86_u32 *)(place) = (uint32_t)_mm_cvtsi128_si32(value))
#define AVX_STORE_q(place, value) _mm_storel_epi64((avx_x *)(place), value)
#define AVX_STORE_x(place, value) _mm_storeu_si128((avx_x *)(place), value)
#define AVX_STORE_y(place, value) _mm256_storeu_si256((avx_y *)(place), value)

/* Where the operand lies, if it takes no more than that to access it; else NULL. */
AVX_INLINE void *avx_place(struct x86_cpu *cpu, const struct x86_op *op, struct sim_tlb_entry *table, unsigned size)
{
	if (sim_unlikely(op->flags & X86_OP_SLOW))
		return NULL;
	return x86_hit(table, cpu->cpu.data_context, x86_flat_linear(cpu, op), size);
}

AVX_INLINE const void *avx_readable(struct x86_cpu *cpu, const struct x86_op *op, unsigned size)
{
	return avx_place(cpu, op, cpu->cpu.tlb.reads, size);
}

AVX_INLINE void *avx_writable(struct x86_cpu *cpu, const struct x86_op *op, unsigned size)
{
	return avx_place(cpu, op, cpu->cpu.tlb.writes, size);
}

/* The slow ways; false: NULL is to be returned. `alignment` is what the instruction demands: 1, or its size. */
X86_COLD bool avx_read(struct x86_cpu *cpu, const struct x86_op *op, void *ret_data, unsigned size, unsigned alignment);
X86_COLD bool avx_write(struct x86_cpu *cpu, const struct x86_op *op, const void *data, unsigned size,
			unsigned alignment);

#define AVX_SLOW_READ(l) \
	AVX_MAYBE AVX_INLINE bool avx_read_##l(struct x86_cpu *cpu, const struct x86_op *op, avx_##l *ret_value) \
	{ \
		union x86_vector bytes; \
		if (!avx_read(cpu, op, &bytes, AVX_BYTES_##l, 1)) \
			return false; \
		*ret_value = AVX_FETCH_##l((const void *)&bytes); \
		return true; \
	}
AVX_SLOW_READ(b)
AVX_SLOW_READ(w)
AVX_SLOW_READ(d)
AVX_SLOW_READ(q)
AVX_SLOW_READ(x)
AVX_SLOW_READ(y)

#define AVX_SLOW_WRITE(l) \
	AVX_MAYBE AVX_INLINE bool avx_write_##l(struct x86_cpu *cpu, const struct x86_op *op, avx_##l value) \
	{ \
		union x86_vector bytes; \
		AVX_STORE_##l((void *)&bytes, value); \
		return avx_write(cpu, op, &bytes, AVX_BYTES_##l, 1); \
	}
AVX_SLOW_WRITE(d)
AVX_SLOW_WRITE(q)
AVX_SLOW_WRITE(x)
AVX_SLOW_WRITE(y)

/* ---- what is computed, of the last source; `op` has the others ---- */

#define AVX_OPERATION(name, d, s) \
	AVX_INLINE avx_##d do_##name##_##d##s(AVX_MAYBE const struct x86_cpu *cpu, AVX_MAYBE const struct x86_op *op, \
					      avx_##s last)

#define AVX_DO_UNARY(name, d, s) \
	AVX_OPERATION(name, d, s) \
	{ \
		avx_##d result; \
		__asm__ volatile(#name " %1, %0" : "=x"(result) : "x"(last)); \
		return result; \
	}

#define AVX_DO_BINARY(name, d, s) \
	AVX_OPERATION(name, d, s) \
	{ \
		avx_##d result; \
		__asm__ volatile(#name " %2, %1, %0" : "=x"(result) : "x"(avx_get_##d(cpu, op->src)), "x"(last)); \
		return result; \
	}

/* The destination's old value is an operand as well. */
#define AVX_DO_TERNARY(name, d, s) \
	AVX_OPERATION(name, d, s) \
	{ \
		avx_##d result = avx_get_##d(cpu, op->dst); \
		__asm__ volatile(#name " %2, %1, %0" : "+x"(result) : "x"(avx_get_##d(cpu, op->src)), "x"(last)); \
		return result; \
	}

/*
 * An immediate operand is part of the instruction: there is a function for each value, of 8 bytes, in a row. They take
 * operands in xmm0 and xmm1 (ymm0, ymm1), return the result in xmm0 (ymm0), and change nothing else. They are called
 * from assembly, past the red zone: what calling convention compilers have for YMM registers depends on their options.
 */
#define AVX_STUBS(name, instruction) \
	AVX_STUBS_("x86_stub_" #name, instruction) \
	extern const char x86_stub_##name[] __attribute__((visibility("hidden")));
#define AVX_STUBS_(label, instruction) \
	__asm__(".pushsection .text\n" \
		".balign 64\n" \
		".globl " label "\n" \
		".hidden " label "\n" \
		".type " label ", @function\n" label ":\n" \
		".irp high, 0, 16, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240\n" \
		".irp low, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n" \
		".balign 8\n" instruction "\n" \
		"ret\n" \
		".endr\n" \
		".endr\n" \
		".size " label ", . - " label "\n" \
		".popsection\n");
#define AVX_STUB(name, imm) ((uintptr_t)(x86_stub_##name + 8 * (size_t)(uint8_t)(imm)))
#define AVX_IMM "$(\\high + \\low), "

#define AVX_NAME_x(number) "xmm" #number
#define AVX_NAME_y(number) "ymm" #number
#define AVX_REGISTER_x(number) "%" AVX_NAME_x(number)
#define AVX_REGISTER_y(number) "%" AVX_NAME_y(number)

#define AVX_CALL \
	"lea -128(%%rsp), %%rsp\n\t" \
	"call *%1\n\t" \
	"lea 128(%%rsp), %%rsp"

#define AVX_DO_UNARY_IMM(name, d, s) \
	AVX_STUBS(name##_##d##s, #name " " AVX_IMM AVX_REGISTER_##s(0) ", " AVX_REGISTER_##d(0)) \
	AVX_OPERATION(name, d, s) \
	{ \
		const uintptr_t stub = AVX_STUB(name##_##d##s, op->imm); \
		register avx_##d result __asm__(AVX_NAME_##d(0)); \
		register avx_##s first __asm__(AVX_NAME_##s(0)) = last; \
		__asm__ volatile(AVX_CALL : "=x"(result) : "r"(stub), "x"(first)); \
		return result; \
	}

#define AVX_DO_BINARY_IMM(name, d, s) \
	AVX_STUBS(name##_##d##s, \
		  #name " " AVX_IMM AVX_REGISTER_##s(1) ", " AVX_REGISTER_##d(0) ", " AVX_REGISTER_##d(0)) \
	AVX_OPERATION(name, d, s) \
	{ \
		const uintptr_t stub = AVX_STUB(name##_##d##s, op->imm); \
		const avx_##d source = avx_get_##d(cpu, op->src); \
		register avx_##d first __asm__(AVX_NAME_##d(0)) = source; \
		register avx_##s second __asm__(AVX_NAME_##s(1)) = last; \
		__asm__ volatile(AVX_CALL : "+x"(first) : "r"(stub), "x"(second)); \
		return first; \
	}

/* ---- executors; `last` is the member of the op that has the last register ---- */

#define AVX_FORMS(name, d, s, m, last) \
	AVX_REGISTER_FORM(name, d, s, last) \
	AVX_MEMORY_FORM(name, d, s, m)

#define AVX_REGISTER_FORM(name, d, s, last) \
	AVX_EXEC(name##_##d##s##_reg) \
	{ \
		avx_put_##d(cpu, op->dst, do_##name##_##d##s(cpu, op, avx_get_##s(cpu, op->last))); \
		X86_NEXT(cpu, op); \
	}

#define AVX_MEMORY_FORM(name, d, s, m) \
	X86_COLD AVX_EXEC(name##_##d##m##_slow) \
	{ \
		avx_##m value; \
		if (!avx_read_##m(cpu, op, &value)) \
			return NULL; \
		avx_put_##d(cpu, op->dst, do_##name##_##d##s(cpu, op, value)); \
		return op + 1; \
	} \
	AVX_EXEC(name##_##d##m##_mem) \
	{ \
		const void *place = avx_readable(cpu, op, AVX_BYTES_##m); \
		if (sim_unlikely(!place)) \
			return name##_##d##m##_slow(cpu, op); \
		avx_put_##d(cpu, op->dst, do_##name##_##d##s(cpu, op, AVX_FETCH_##m(place))); \
		X86_NEXT(cpu, op); \
	}

/*
 * With floating-point exceptions. `bytes` of the result in elements of `element` bytes may underflow; `refine` is what
 * else the flags need then, of the last source `value` (see simd.h).
 */
#define AVX_FLOAT_FORMS(name, d, s, m, last, bytes, element, refine) \
	X86_COLD AVX_CODE static const struct x86_op *name##_##d##s##_checked(struct x86_cpu *cpu, \
									      const struct x86_op *op, avx_##s value) \
	{ \
		avx_##d result; \
		x86_simd_begin(cpu); \
		result = do_##name##_##d##s(cpu, op, value); \
		refine; \
		if (!x86_simd_end(cpu, op, &result, bytes, element)) \
			return NULL; \
		avx_put_##d(cpu, op->dst, result); \
		return op + 1; \
	} \
	AVX_CHECKED_FORMS(name, d, s, m, last)

/* The same, name_ds_checked being given. */
#define AVX_CHECKED_FORMS(name, d, s, m, last) \
	X86_COLD AVX_EXEC(name##_##d##s##_reg_slow) \
	{ \
		return name##_##d##s##_checked(cpu, op, avx_get_##s(cpu, op->last)); \
	} \
	X86_COLD AVX_EXEC(name##_##d##m##_mem_slow) \
	{ \
		avx_##m value; \
		return avx_read_##m(cpu, op, &value) ? name##_##d##s##_checked(cpu, op, value) : NULL; \
	} \
	AVX_EXEC(name##_##d##s##_reg) \
	{ \
		if (sim_unlikely(cpu->simd_unmasked)) \
			return name##_##d##s##_reg_slow(cpu, op); \
		avx_put_##d(cpu, op->dst, do_##name##_##d##s(cpu, op, avx_get_##s(cpu, op->last))); \
		X86_NEXT(cpu, op); \
	} \
	AVX_EXEC(name##_##d##m##_mem) \
	{ \
		const void *place = avx_readable(cpu, op, AVX_BYTES_##m); \
		if (sim_unlikely(!place || cpu->simd_unmasked)) \
			return name##_##d##m##_mem_slow(cpu, op); \
		avx_put_##d(cpu, op->dst, do_##name##_##d##s(cpu, op, AVX_FETCH_##m(place))); \
		X86_NEXT(cpu, op); \
	}

#define AVX_UNARY(name, d, s, m) \
	AVX_DO_UNARY(name, d, s) \
	AVX_FORMS(name, d, s, m, src)
#define AVX_BINARY(name, d, s, m) \
	AVX_DO_BINARY(name, d, s) \
	AVX_FORMS(name, d, s, m, third)
#define AVX_UNARY_IMM(name, d, s, m) \
	AVX_DO_UNARY_IMM(name, d, s) \
	AVX_FORMS(name, d, s, m, src)
#define AVX_BINARY_IMM(name, d, s, m) \
	AVX_DO_BINARY_IMM(name, d, s) \
	AVX_FORMS(name, d, s, m, third)
/* With floating-point exceptions, of which underflow is none. */
#define AVX_FLOAT_UNARY(name, d, s, m) \
	AVX_DO_UNARY(name, d, s) \
	AVX_FLOAT_FORMS(name, d, s, m, src, 0, 4, (void)0)
#define AVX_FLOAT_BINARY(name, d, s, m) \
	AVX_DO_BINARY(name, d, s) \
	AVX_FLOAT_FORMS(name, d, s, m, third, 0, 4, (void)0)
#define AVX_FLOAT_UNARY_IMM(name, d, s, m) \
	AVX_DO_UNARY_IMM(name, d, s) \
	AVX_FLOAT_FORMS(name, d, s, m, src, 0, 4, (void)0)
#define AVX_FLOAT_BINARY_IMM(name, d, s, m) \
	AVX_DO_BINARY_IMM(name, d, s) \
	AVX_FLOAT_FORMS(name, d, s, m, third, 0, 4, (void)0)

/* With all of them; X86_SIMD_`arithmetic` is what is done. */
#define AVX_ARITHMETIC(name, d, s, m, bytes, element, arithmetic) \
	AVX_DO_BINARY(name, d, s) \
	AVX_FLOAT_FORMS(name, d, s, m, third, bytes, element, \
			x86_simd_refine(cpu, X86_SIMD_##arithmetic, &cpu->v[op->src], &value, bytes, element))

/* ---- rows ---- */

/* clang-format off */
#define AVX_ROW(name, kinds_, f, flags_, needs) \
	{ ZYDIS_MNEMONIC_##name, kinds_, X86_ANY(f), .flags = flags_, .features = X86_NEEDS(needs) },

#define AVX_ROWS_(name, first, tail, d, s, m, flags, needs) \
	AVX_ROW(name, first #s tail, name##_##d##s##_reg, flags, needs) \
	AVX_ROW(name, first "m" tail, name##_##d##m##_mem, 0, needs)

#define AVX_UNARY_ROWS(name, d, s, m, needs) AVX_ROWS_(name, #d, "", d, s, m, X86_ROW_PLAIN, needs)
#define AVX_BINARY_ROWS(name, d, s, m, needs) AVX_ROWS_(name, #d #d, "", d, s, m, X86_ROW_PLAIN, needs)
#define AVX_UNARY_IMM_ROWS(name, d, s, m, needs) AVX_ROWS_(name, #d, "i", d, s, m, X86_ROW_PLAIN, needs)
#define AVX_BINARY_IMM_ROWS(name, d, s, m, needs) AVX_ROWS_(name, #d #d, "i", d, s, m, X86_ROW_PLAIN, needs)
#define AVX_FLOAT_UNARY_ROWS(name, d, s, m, needs) AVX_ROWS_(name, #d, "", d, s, m, 0, needs)
#define AVX_FLOAT_BINARY_ROWS(name, d, s, m, needs) AVX_ROWS_(name, #d #d, "", d, s, m, 0, needs)
#define AVX_FLOAT_UNARY_IMM_ROWS(name, d, s, m, needs) AVX_ROWS_(name, #d, "i", d, s, m, 0, needs)
#define AVX_FLOAT_BINARY_IMM_ROWS(name, d, s, m, needs) AVX_ROWS_(name, #d #d, "i", d, s, m, 0, needs)
/* clang-format on */

#endif
