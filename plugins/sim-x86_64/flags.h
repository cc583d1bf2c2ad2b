/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arithmetic flags, computed when somebody asks: what the last instruction that set them did (cc_op), its result
 * (cc_dst) and what else is needed (cc_src). The other flags are in cpu->rflags.
 */
#ifndef PLUGINS_SIM_X86_64_FLAGS_H
#define PLUGINS_SIM_X86_64_FLAGS_H

#include "x86.h"

/* Kinds, four sizes each (8, 16, 32, 64 bits): X86_CC(ADD, 2) is a 32-bit addition. */
enum {
	X86_CC_FLAGS, /* cc_src holds the flags themselves, in their places */
	X86_CC_ADD,   /* dst: result, src: second operand */
	X86_CC_ADC,   /* an addition with carry in: dst: result, src: second operand. Without carry in: X86_CC_ADD */
	X86_CC_SUB,   /* dst: result, src: second operand */
	X86_CC_SBB,   /* with borrow in */
	X86_CC_LOGIC, /* dst: result; CF and OF are 0 */
	X86_CC_INC,   /* dst: result, src: CF */
	X86_CC_DEC,
	X86_CC_SHL, /* dst: result, src: the value shifted by one less */
	X86_CC_SHR, /* shr and sar: the same */
};

#define X86_CC(kind, size) (X86_CC_##kind * 4u + (size))

/* Size is log2 of bytes; an unused upper part of dst and src does not matter. */
static inline void x86_set_cc(struct x86_cpu *cpu, uint32_t cc, uint64_t dst, uint64_t src)
{
	cpu->cc_op = cc;
	cpu->cc_dst = dst;
	cpu->cc_src = src;
}

/* CF, PF, AF, ZF, SF, OF in their places. */
uint32_t x86_arithmetic_flags(const struct x86_cpu *cpu);

static inline void x86_set_arithmetic_flags(struct x86_cpu *cpu, uint32_t flags)
{
	x86_set_cc(cpu, X86_CC(FLAGS, 0), 0, flags & X86_FLAGS_ARITHMETIC);
}

/* All of rflags, bit 1 included. */
static inline uint64_t x86_rflags(const struct x86_cpu *cpu)
{
	return x86_arithmetic_flags(cpu) | cpu->rflags | 2;
}

/* All of rflags as they are given, without any checks. The caller sees to x86_update_mode when VM, AC or CPL matter. */
static inline void x86_set_rflags(struct x86_cpu *cpu, uint64_t flags)
{
	x86_set_arithmetic_flags(cpu, (uint32_t)flags);
	cpu->rflags = (uint32_t)flags & X86_FLAGS_ALL & ~X86_FLAGS_ARITHMETIC;
}

bool x86_carry(const struct x86_cpu *cpu);

/* Condition codes as opcodes have them: 0 o, 1 no, 2 b, 3 ae, 4 e, 5 ne, 6 be, 7 a, 8 s, 9 ns, 10 p, 11 np, 12 l, 13
 * ge, 14 le, 15 g. */
bool x86_condition(const struct x86_cpu *cpu, unsigned condition);

#endif
