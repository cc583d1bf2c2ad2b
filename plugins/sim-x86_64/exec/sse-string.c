/* SPDX-License-Identifier: Apache-2.0 */
/* SSE4.2, AVX: "Processing of Text Strings" (SDM 1, 12.10 and 2, 4.1). Their memory operands need not be aligned. */
#include "sse.h"

/*
 * As for other immediate operands there is a stub for each, here of 32 bytes. It takes the strings in xmm0 and xmm1 and
 * explicit lengths in eax and edx, and gives the mask in xmm0 or the index in ecx, and the flags in rax.
 */
#define STUBS(name) \
	__asm__(".pushsection .text\n" \
		".balign 64\n" \
		".globl x86_stub_" #name "\n" \
		".hidden x86_stub_" #name "\n" \
		".type x86_stub_" #name ", @function\n" \
		"x86_stub_" #name ":\n" \
		".irp high, 0, 16, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240\n" \
		".irp low, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n" \
		".balign 32\n" #name " $(\\high + \\low), %xmm1, %xmm0\n" \
		"pushfq\n" \
		"pop %rax\n" \
		"ret\n" \
		".endr\n" \
		".endr\n" \
		".size x86_stub_" #name ", . - x86_stub_" #name "\n" \
		".popsection\n"); \
	extern const char x86_stub_##name[] __attribute__((visibility("hidden")));

struct comparison {
	__m128i mask;
	uint64_t index;
};

/* A 64-bit length is as good as one that fits 32 bits: what is beyond 16 counts as 16. */
static uint32_t length_in(struct x86_cpu *cpu, const struct x86_op *op, unsigned gpr)
{
	int64_t length = (int64_t)X86_SLOT64(cpu, X86_SLOT(gpr));

	if (!(op->flags & X86_OP_W && x86_in_64(cpu)))
		return (uint32_t)length;
	return (uint32_t)(length > 16 ? 16 : length < -16 ? -16 : length);
}

/* Sets the flags. */
static struct comparison compare(struct x86_cpu *cpu, const struct x86_op *op, const char *stubs, __m128i b)
{
	register __m128i first __asm__("xmm0") = XMM(op->dst);
	register __m128i second __asm__("xmm1") = b;
	uint64_t flags = length_in(cpu, op, X86_RAX);
	uint64_t index;

	__asm__ volatile("lea -128(%%rsp), %%rsp\n\t"
			 "call *%3\n\t"
			 "lea 128(%%rsp), %%rsp"
			 : "+x"(first), "+a"(flags), "=c"(index)
			 : "r"(stubs + 32 * (size_t)(uint8_t)op->imm), "x"(second), "d"(length_in(cpu, op, X86_RDX))
			 : "cc");
	x86_set_arithmetic_flags(cpu, (uint32_t)flags);
	return (struct comparison){ first, index };
}

static void put_index(struct x86_cpu *cpu, struct comparison comparison)
{
	X86_PUT32(cpu, X86_SLOT(X86_RCX), comparison.index);
}

static void put_mask(struct x86_cpu *cpu, struct comparison comparison)
{
	XMM(0) = comparison.mask;
}

static void put_mask_vex(struct x86_cpu *cpu, struct comparison comparison)
{
	put_mask(cpu, comparison);
	cpu->v[0].u64[2] = cpu->v[0].u64[3] = 0;
}

#define FORMS(name, operation, put) \
	X86_COLD EXEC(name##_slow) \
	{ \
		__m128i source; \
		if (!sse_read(cpu, op, 16 | SSE_UNALIGNED, &source)) \
			return NULL; \
		put(cpu, compare(cpu, op, x86_stub_##operation, source)); \
		return op + 1; \
	} \
	EXEC(name##_xm) \
	{ \
		const void *place = sse_readable(cpu, op, 16 | SSE_UNALIGNED); \
		if (sim_unlikely(!place)) \
			return name##_slow(cpu, op); \
		put(cpu, compare(cpu, op, x86_stub_##operation, sse_fetch(place, 16 | SSE_UNALIGNED))); \
		X86_NEXT(cpu, op); \
	} \
	EXEC(name##_xx) \
	{ \
		put(cpu, compare(cpu, op, x86_stub_##operation, XMM(op->src))); \
		X86_NEXT(cpu, op); \
	}

STUBS(pcmpestri)
STUBS(pcmpestrm)
STUBS(pcmpistri)
STUBS(pcmpistrm)
FORMS(pcmpestri, pcmpestri, put_index)
FORMS(pcmpestrm, pcmpestrm, put_mask)
FORMS(pcmpistri, pcmpistri, put_index)
FORMS(pcmpistrm, pcmpistrm, put_mask)
FORMS(vpcmpestrm, pcmpestrm, put_mask_vex)
FORMS(vpcmpistrm, pcmpistrm, put_mask_vex)

/* clang-format off */
static const struct x86_row rows[] = {
	SSE_IMMEDIATE_ROWS(PCMPESTRI, pcmpestri, X86_NEEDS(SSE42))
	SSE_IMMEDIATE_ROWS(PCMPESTRM, pcmpestrm, X86_NEEDS(SSE42))
	SSE_IMMEDIATE_ROWS(PCMPISTRI, pcmpistri, X86_NEEDS(SSE42))
	SSE_IMMEDIATE_ROWS(PCMPISTRM, pcmpistrm, X86_NEEDS(SSE42))
	SSE_IMMEDIATE_ROWS(VPCMPESTRI, pcmpestri, X86_NEEDS(AVX))
	SSE_IMMEDIATE_ROWS(VPCMPESTRM, vpcmpestrm, X86_NEEDS(AVX))
	SSE_IMMEDIATE_ROWS(VPCMPISTRI, pcmpistri, X86_NEEDS(AVX))
	SSE_IMMEDIATE_ROWS(VPCMPISTRM, vpcmpistrm, X86_NEEDS(AVX))
};
/* clang-format on */

extern const struct x86_rows x86_rows_sse_string;
const struct x86_rows x86_rows_sse_string = { rows, X86_COUNT(rows) };
