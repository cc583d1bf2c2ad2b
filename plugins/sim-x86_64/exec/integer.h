/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the executors of the integer instructions are made.
 *
 * A family of instructions is one body, an inline function with constant arguments:
 *
 *   bool body(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, ...)
 *
 * which X86_EXECUTOR makes two functions of. The executor itself is the body with `slow` false, in which only what is
 * short and calls nothing is done: where more is needed, the body returns false before it changed anything. Then the
 * other one runs, with `slow` true, where false means that the instruction faulted. So the first needs no stack frame.
 *
 * Sizes are log2 of bytes.
 */
#ifndef PLUGINS_SIM_X86_64_EXEC_INTEGER_H
#define PLUGINS_SIM_X86_64_EXEC_INTEGER_H

#include "exec.h"

#define X86_INLINE static inline __attribute__((always_inline))
#define X86_COLD static __attribute__((noinline, cold))

#define X86_EXECUTOR(name, body, ...) \
	X86_COLD const struct x86_op *name##_slow(struct x86_cpu *cpu, const struct x86_op *op) \
	{ \
		return body(cpu, op, true, __VA_ARGS__) ? op + 1 : NULL; \
	} \
	EXEC(name) \
	{ \
		if (sim_likely(body(cpu, op, false, __VA_ARGS__))) \
			X86_NEXT(cpu, op); \
		SIM_TAIL return name##_slow(cpu, op); \
	}

/* For operands of 16, 32 and 64 bits, and for all sizes: body(cpu, op, slow, size, ...). */
#define X86_EXECUTORS_WIDE(name, body, ...) \
	X86_EXECUTOR(name##16, body, 1, __VA_ARGS__) \
	X86_EXECUTOR(name##32, body, 2, __VA_ARGS__) \
	X86_EXECUTOR(name##64, body, 3, __VA_ARGS__)
#define X86_EXECUTORS(name, body, ...) \
	X86_EXECUTOR(name##8, body, 0, __VA_ARGS__) X86_EXECUTORS_WIDE(name, body, __VA_ARGS__)

/* The functions of a row. */
#define X86_WIDE(name) \
	{ \
		NULL, name##16, name##32, name##64 \
	}
#define X86_LARGE(name) \
	{ \
		NULL, NULL, name##32, name##64 \
	}
#define X86_SIZES(name) \
	{ \
		name##8, name##16, name##32, name##64 \
	}
#define X86_NONE \
	{ \
		NULL \
	}

/* What an operand is. */
enum x86_form { X86_RR, X86_RI, X86_RM, X86_MR, X86_MI };

/* ---- values ---- */

X86_INLINE unsigned x86_bits(unsigned size)
{
	return 8u << size;
}

X86_INLINE uint64_t x86_truncate(uint64_t value, unsigned size)
{
	return value & UINT64_MAX >> (64 - x86_bits(size));
}

X86_INLINE int64_t x86_signed(uint64_t value, unsigned size)
{
	return (int64_t)(value << (64 - x86_bits(size))) >> (64 - x86_bits(size));
}

X86_INLINE bool x86_sign(uint64_t value, unsigned size)
{
	return value >> (x86_bits(size) - 1) & 1;
}

X86_INLINE uint64_t x86_get(const struct x86_cpu *cpu, unsigned slot, unsigned size)
{
	switch (size) {
	case 0:
		return X86_SLOT8(cpu, slot);
	case 1:
		return X86_SLOT16(cpu, slot);
	case 2:
		return X86_SLOT32(cpu, slot);
	}
	return X86_SLOT64(cpu, slot);
}

X86_INLINE void x86_put(struct x86_cpu *cpu, unsigned slot, unsigned size, uint64_t value)
{
	switch (size) {
	case 0:
		X86_PUT8(cpu, slot, value);
		break;
	case 1:
		X86_PUT16(cpu, slot, value);
		break;
	case 2:
		X86_PUT32(cpu, slot, value);
		break;
	default:
		X86_PUT64(cpu, slot, value);
	}
}

/* ---- memory ---- */

/* As an offset of this op is truncated. */
X86_INLINE uint64_t x86_truncate_offset(const struct x86_op *op, uint64_t offset)
{
	return x86_truncate(offset, op->width >> 2 & 3);
}

X86_INLINE uint64_t x86_peek(const void *place, unsigned size)
{
	switch (size) {
	case 0:
		return *(const volatile x86_u8 *)place;
	case 1:
		return *(const volatile x86_u16 *)place;
	case 2:
		return *(const volatile x86_u32 *)place;
	}
	return *(const volatile x86_u64 *)place;
}

X86_INLINE void x86_poke(void *place, unsigned size, uint64_t value)
{
	switch (size) {
	case 0:
		*(volatile x86_u8 *)place = (uint8_t)value;
		break;
	case 1:
		*(volatile x86_u16 *)place = (uint16_t)value;
		break;
	case 2:
		*(volatile x86_u32 *)place = (uint32_t)value;
		break;
	default:
		*(volatile x86_u64 *)place = value;
	}
}

/* x86_hit for the short way. */
X86_INLINE bool x86_quick_hit(struct x86_cpu *cpu, struct sim_tlb_entry *table, uint64_t linear, unsigned size,
			      void **ret_place)
{
	const struct sim_tlb_entry *entry = sim_tlb_slot(table, linear);

	if (sim_unlikely(entry->tag != (((linear + ((1u << size) - 1)) & ~SIM_PAGE_MASK) | cpu->cpu.data_context)))
		return false;
	*ret_place = (void *)(uintptr_t)(linear + entry->delta);
	return true;
}

/* The address of an op that has none of `flags`. */
X86_INLINE bool x86_quick_linear(struct x86_cpu *cpu, const struct x86_op *op, unsigned flags, uint64_t *ret_linear)
{
	if (sim_unlikely(op->flags & flags))
		return false;
	*ret_linear = x86_flat_linear(cpu, op);
	return true;
}

bool x86_load_slow(struct x86_cpu *cpu, const struct x86_op *op, unsigned size, uint64_t *ret_value);
/* At a linear address. */
bool x86_load_at(struct x86_cpu *cpu, const struct x86_op *op, uint64_t linear, unsigned size, uint64_t *ret_value);
bool x86_store_at(struct x86_cpu *cpu, const struct x86_op *op, uint64_t linear, unsigned size, uint64_t value);
bool x86_store_slow(struct x86_cpu *cpu, const struct x86_op *op, unsigned size, uint64_t value);

/* The memory operand. */
X86_INLINE bool x86_load(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, uint64_t *ret_value)
{
	uint64_t linear;
	void *place;

	if (slow)
		return x86_load_slow(cpu, op, size, ret_value);
	if (!x86_quick_linear(cpu, op, X86_OP_SLOW, &linear) ||
	    !x86_quick_hit(cpu, cpu->cpu.tlb.reads, linear, size, &place))
		return false;
	*ret_value = x86_peek(place, size);
	return true;
}

X86_INLINE bool x86_store(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, uint64_t value)
{
	uint64_t linear;
	void *place;

	if (slow)
		return x86_store_slow(cpu, op, size, value);
	if (!x86_quick_linear(cpu, op, X86_OP_SLOW, &linear) ||
	    !x86_quick_hit(cpu, cpu->cpu.tlb.writes, linear, size, &place))
		return false;
	x86_poke(place, size, value);
	return true;
}

/*
 * A memory operand that is read, changed and written:
 *
 *   if (!x86_change_begin(cpu, op, slow, size, &change))
 *           return false;
 *   do
 *           value = ... change.old ...;
 *   while (!x86_change_end(cpu, op, slow, size, &change, value));
 *   if (change.faulted)
 *           return false;
 *
 * It goes round again when it is locked and another processor was faster.
 */
struct x86_change {
	uint64_t old;
	uint64_t linear;
	void *place; /* in the host's memory, or NULL */
	bool locked;
	bool faulted;
	struct x86_locked at; /* if it is locked */
};

bool x86_change_begin_slow(struct x86_cpu *cpu, const struct x86_op *op, unsigned size, bool locked,
			   struct x86_change *ret_change);
/* With another address than the op's. */
bool x86_change_begin_at(struct x86_cpu *cpu, const struct x86_op *op, uint64_t linear, unsigned size, bool locked,
			 struct x86_change *ret_change);
bool x86_change_end_slow(struct x86_cpu *cpu, const struct x86_op *op, unsigned size, struct x86_change *change,
			 uint64_t value);

X86_INLINE bool x86_change_begin(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size,
				 struct x86_change *ret_change)
{
	uint64_t linear;

	if (slow)
		return x86_change_begin_slow(cpu, op, size, op->flags & X86_OP_LOCK, ret_change);
	if (!x86_quick_linear(cpu, op, X86_OP_SLOW | X86_OP_LOCK, &linear) ||
	    !x86_quick_hit(cpu, cpu->cpu.tlb.writes, linear, size, &ret_change->place))
		return false;
	ret_change->faulted = false;
	ret_change->old = x86_peek(ret_change->place, size);
	return true;
}

X86_INLINE bool x86_change_end(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size,
			       struct x86_change *change, uint64_t value)
{
	if (slow)
		return x86_change_end_slow(cpu, op, size, change, value);
	x86_poke(change->place, size, value);
	return true;
}

/* A source: register, immediate or memory. */
X86_INLINE bool x86_source(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, enum x86_form form,
			   uint64_t *ret_value)
{
	switch (form) {
	case X86_RR:
	case X86_MR:
		*ret_value = x86_get(cpu, op->src, size);
		return true;
	case X86_RI:
	case X86_MI:
		*ret_value = x86_truncate((uint64_t)op->imm, size);
		return true;
	case X86_RM:
		break;
	}
	return x86_load(cpu, op, slow, size, ret_value);
}

/* ---- flags ---- */

/* ZF, SF and PF of a result. */
X86_INLINE uint32_t x86_result_flags(uint64_t result, unsigned size)
{
	return (x86_truncate(result, size) == 0 ? X86_FLAG_ZF : 0) | (x86_sign(result, size) ? X86_FLAG_SF : 0) |
	       (__builtin_parity((uint8_t)result) ? 0 : X86_FLAG_PF);
}

/* CF. The short way is for what comes before inc, dec, adc and rcl: in 32 and 64 bits. */
X86_INLINE bool x86_test_carry(const struct x86_cpu *cpu, bool slow, bool *ret_carry)
{
	uint64_t result = cpu->cc_dst, operand = cpu->cc_src;

	if (slow) {
		*ret_carry = x86_carry(cpu);
		return true;
	}
	switch (cpu->cc_op) {
	case X86_CC(ADD, 2):
		*ret_carry = (uint32_t)result < (uint32_t)operand;
		return true;
	case X86_CC(ADD, 3):
		*ret_carry = result < operand;
		return true;
	case X86_CC(ADC, 2):
		*ret_carry = (uint32_t)result <= (uint32_t)operand;
		return true;
	case X86_CC(ADC, 3):
		*ret_carry = result <= operand;
		return true;
	case X86_CC(SUB, 2):
		*ret_carry = (uint32_t)(result + operand) < (uint32_t)operand;
		return true;
	case X86_CC(SUB, 3):
		*ret_carry = result + operand < operand;
		return true;
	case X86_CC(SBB, 2):
		*ret_carry = (uint32_t)(result + operand + 1) <= (uint32_t)operand;
		return true;
	case X86_CC(SBB, 3):
		*ret_carry = result + operand + 1 <= operand;
		return true;
	case X86_CC(LOGIC, 0):
	case X86_CC(LOGIC, 1):
	case X86_CC(LOGIC, 2):
	case X86_CC(LOGIC, 3):
		*ret_carry = false;
		return true;
	case X86_CC(FLAGS, 0):
	case X86_CC(INC, 2):
	case X86_CC(INC, 3):
	case X86_CC(DEC, 2):
	case X86_CC(DEC, 3):
	case X86_CC(SHR, 2):
	case X86_CC(SHR, 3):
		*ret_carry = operand & X86_FLAG_CF;
		return true;
	}
	return false;
}

/* Sets these flags and leaves the other arithmetic ones. */
static inline void x86_change_flags(struct x86_cpu *cpu, uint32_t mask, uint32_t flags)
{
	x86_set_arithmetic_flags(cpu, (x86_arithmetic_flags(cpu) & ~mask) | flags);
}

/* A condition code after a comparison of two values of a size; after a logical operation: of the result with 0. */
X86_INLINE bool x86_compare(unsigned condition, unsigned size, uint64_t first, uint64_t second)
{
	uint64_t result = x86_truncate(first - second, size);
	bool holds = false;

	switch (condition >> 1) {
	case 0:
		holds = x86_sign((first ^ second) & (first ^ result), size);
		break;
	case 1:
		holds = first < second;
		break;
	case 2:
		holds = first == second;
		break;
	case 3:
		holds = first <= second;
		break;
	case 4:
		holds = x86_sign(result, size);
		break;
	case 5:
		holds = !__builtin_parity((uint8_t)result);
		break;
	case 6:
		holds = x86_signed(first, size) < x86_signed(second, size);
		break;
	case 7:
		holds = x86_signed(first, size) <= x86_signed(second, size);
		break;
	}
	return holds != (condition & 1);
}

/* x86_condition, where it is short: after 32-bit and 64-bit subtractions and logical operations, and where it depends
 * on the result alone. */
X86_INLINE bool x86_quick_condition(const struct x86_cpu *cpu, unsigned condition, bool *ret_holds)
{
	uint64_t result = cpu->cc_dst, second = cpu->cc_src;

	if (condition >> 1 == 2 || condition >> 1 == 4) {
		unsigned shift = 64 - x86_bits(cpu->cc_op & 3);

		if (sim_unlikely(cpu->cc_op < X86_CC(ADD, 0)))
			return false;
		*ret_holds = x86_compare(condition, 3, result << shift, 0);
		return true;
	}
	switch (cpu->cc_op) {
	case X86_CC(SUB, 3):
		*ret_holds = x86_compare(condition, 3, result + second, second);
		return true;
	case X86_CC(SUB, 2):
		*ret_holds = x86_compare(condition, 2, (uint32_t)(result + second), (uint32_t)second);
		return true;
	case X86_CC(LOGIC, 3):
		*ret_holds = x86_compare(condition, 3, result, 0);
		return true;
	case X86_CC(LOGIC, 2):
		*ret_holds = x86_compare(condition, 2, (uint32_t)result, 0);
		return true;
	}
	return false;
}

X86_INLINE bool x86_test_condition(const struct x86_cpu *cpu, bool slow, unsigned condition, bool *ret_holds)
{
	if (!slow)
		return x86_quick_condition(cpu, condition, ret_holds);
	*ret_holds = x86_condition(cpu, condition);
	return true;
}

#define X86_CONDITIONS(F) \
	F(o, O, 0) \
	F(no, NO, 1) \
	F(b, B, 2) \
	F(nb, NB, 3) \
	F(z, Z, 4) \
	F(nz, NZ, 5) \
	F(be, BE, 6) \
	F(nbe, NBE, 7) \
	F(s, S, 8) F(ns, NS, 9) F(p, P, 10) F(np, NP, 11) F(l, L, 12) F(nl, NL, 13) F(le, LE, 14) F(nle, NLE, 15)

/* ---- the stack ---- */

/* Any mode, checked. The stack pointer is changed after that by x86_move_stack. */
bool x86_ss_read(struct x86_cpu *cpu, const struct x86_op *op, uint64_t offset, unsigned size, uint64_t *ret_value);
bool x86_ss_write(struct x86_cpu *cpu, const struct x86_op *op, uint64_t offset, unsigned size, uint64_t value);
/* The stack pointer's bits that count. */
uint64_t x86_ss_mask(const struct x86_cpu *cpu);
void x86_set_stack_pointer(struct x86_cpu *cpu, uint64_t value);
/* Whole pushes and pops. */
bool x86_push_slow(struct x86_cpu *cpu, const struct x86_op *op, unsigned size, uint64_t value);
bool x86_top_slow(struct x86_cpu *cpu, const struct x86_op *op, unsigned size, uint64_t *ret_value);

/* In 64-bit mode. */
X86_INLINE bool x86_push_long(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, uint64_t value)
{
	uint64_t pointer = cpu->cpu.x[X86_RSP] - (1u << size);
	void *place;

	if (slow)
		return x86_push_slow(cpu, op, size, value);
	if (!x86_quick_hit(cpu, cpu->cpu.tlb.writes, pointer, size, &place))
		return false;
	x86_poke(place, size, value);
	cpu->cpu.x[X86_RSP] = pointer;
	return true;
}

/* Reads what pop would. */
X86_INLINE bool x86_top_long(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size,
			     uint64_t *ret_value)
{
	void *place;

	if (slow)
		return x86_top_slow(cpu, op, size, ret_value);
	if (!x86_quick_hit(cpu, cpu->cpu.tlb.reads, cpu->cpu.x[X86_RSP], size, &place))
		return false;
	*ret_value = x86_peek(place, size);
	return true;
}

#endif
