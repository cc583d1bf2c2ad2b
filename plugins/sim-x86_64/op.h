/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A decoded x86 instruction, what an executor is, and the rows of the table that leads from a mnemonic and its operand
 * kinds to one.
 *
 * Decoding is Zydis' (decode.c); an op has what an executor needs, in the form in which it needs it:
 *  - general registers, and what is added up to an address, are slots: offsets in bytes into the CPU. A high byte (ah)
 *    is the slot of its register plus 1. The slot of no register is one that is always 0; rip is the start of the
 *    block, and disp has the rest.
 *  - other registers are numbers.
 *
 * An instruction that faults has changed nothing that the guest can see. Executors therefore read, compute and write
 * memory before they write registers.
 */
#ifndef PLUGINS_SIM_X86_64_OP_H
#define PLUGINS_SIM_X86_64_OP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <Zydis/Zydis.h>

struct x86_cpu;
struct x86_op;

/* Executes an op. Returns the op to go on with (X86_NEXT), or NULL: back to the loop. */
typedef const struct x86_op *(*x86_exec_fn)(struct x86_cpu *cpu, const struct x86_op *op);

/* Flags of an op. */
enum {
	X86_OP_SLOW = 1, /* the address wants checks or truncation: see x86_linear */
	X86_OP_LOCK = 2,
	X86_OP_REP = 4, /* rep, repe */
	X86_OP_REPNE = 8,
	X86_OP_VEX_L = 16, /* the vector length is 256 bits */
	X86_OP_W = 32,     /* REX.W or VEX.W */
	X86_OP_STACK = 64, /* the memory operand is in ss: #SS instead of #GP */
	X86_OP_LAST = 128, /* links follow, not another op */
};

struct x86_op {
	x86_exec_fn fn;
	int64_t imm; /* immediate, sign-extended; of a relative branch: target less the block's start; of a far pointer:
			offset */
	int32_t disp; /* displacement, sign-extended; relative to the block's start where base is rip; of a far pointer:
			 selector */
	uint8_t dst, src;         /* first and second operand that is a register: slot or number */
	uint8_t base, index, seg; /* slots: of the segment, that of its base */
	uint8_t scale;            /* 0 to 3; X86_SCALE_OFFSET: imm is the offset (mov moffs) */
	uint8_t third;            /* third operand that is a register; with a fourth (is4) that one is in imm */
	uint8_t at;               /* offset of the instruction from the block's start */
	uint8_t length;           /* in bytes; 0 in an op that is no instruction */
	uint8_t width;            /* X86_WIDTH(operand size, address size), each 0 to 3 for 8 to 64 bits */
	uint8_t flags;            /* X86_OP_* */
	uint8_t opcode;           /* the last opcode byte */
};

#define X86_SCALE_OFFSET 4

_Static_assert(sizeof(struct x86_op) == 32, "two ops in a cache line");

#define X86_WIDTH(operand, address) ((uint8_t)((operand) | (address) << 2))

static inline unsigned x86_operand_size(const struct x86_op *op)
{
	return 1u << (op->width & 3);
}

static inline unsigned x86_address_size(const struct x86_op *op)
{
	return 1u << (op->width >> 2 & 3);
}

/* Slots. */
#define X86_SLOT_RIP 0 /* the linear address of the block's start, which is rip in 64-bit mode */
#define X86_SLOT(gpr) ((uint8_t)(8 + 8 * (gpr)))
#define X86_SLOT_ZERO X86_SLOT(16)
#define X86_SLOT_SEGMENT(segment) X86_SLOT(18 + (segment)) /* its base */

/* Parts of registers, which are uint64_t elsewhere. */
typedef uint16_t x86_slot16 __attribute__((may_alias));
typedef uint32_t x86_slot32 __attribute__((may_alias));

#define X86_SLOT8(cpu, slot) (*(uint8_t *)((char *)(cpu) + (slot)))
#define X86_SLOT16(cpu, slot) (*(x86_slot16 *)(void *)((char *)(cpu) + (slot)))
#define X86_SLOT32(cpu, slot) (*(x86_slot32 *)(void *)((char *)(cpu) + (slot)))
#define X86_SLOT64(cpu, slot) (*(uint64_t *)(void *)((char *)(cpu) + (slot)))

/* Writes a general register: 32 bits clear the upper half, 8 and 16 leave the rest. */
#define X86_PUT8(cpu, slot, value) (X86_SLOT8(cpu, slot) = (uint8_t)(value))
#define X86_PUT16(cpu, slot, value) (X86_SLOT16(cpu, slot) = (uint16_t)(value))
#define X86_PUT32(cpu, slot, value) (X86_SLOT64(cpu, slot) = (uint32_t)(value))
#define X86_PUT64(cpu, slot, value) (X86_SLOT64(cpu, slot) = (uint64_t)(value))

/* clang-format off */
/*
 * Rows of the table. `kinds` has a letter for each visible operand of Zydis, in Intel order, or is NULL: any operands.
 *
 *   r general register    s segment register    q MMX register    m memory, or an address
 *   i immediate           c control register    x XMM register    o target of a relative branch
 *   p far pointer         d debug register      y YMM register    t x87 register
 *
 * Rows of a mnemonic are tried in order. `fn` is by operand size (8, 16, 32, 64 bits); an entry that is NULL does not match.
 * `quiet` does the same without computing the flags, for where nobody reads them.
 */
/* clang-format on */
enum {
	X86_ROW_ENDS = 1,      /* nothing behind it belongs to the same block: branches, and what changes the mode */
	X86_ROW_LONG = 2,      /* in 64-bit mode only */
	X86_ROW_LEGACY = 4,    /* outside of 64-bit mode only */
	X86_ROW_PROTECTED = 8, /* #UD in real and virtual-8086 mode */
	X86_ROW_PLAIN = 16,    /* cannot fault or exit, whatever its operands: flags before it may be dropped */
	X86_ROW_FAR = 32,      /* the far form of a branch, which shares its mnemonic with the near one */
};

struct x86_row {
	ZydisMnemonic mnemonic;
	const char *kinds;
	x86_exec_fn fn[4];
	x86_exec_fn quiet[4];
	uint32_t flags;    /* X86_ROW_* */
	uint32_t features; /* X86_FEATURE_*, which the CPUID must have: else #UD. 0: always there */
};

/* What a file of executors offers: rows[count]. */
struct x86_rows {
	const struct x86_row *rows;
	size_t count;
};

#define X86_ANY(f) \
	{ \
		f, f, f, f \
	}
#define X86_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define EXEC(name) static const struct x86_op *name(struct x86_cpu *cpu, const struct x86_op *op)

#endif
