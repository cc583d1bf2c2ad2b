/* SPDX-License-Identifier: Apache-2.0 */
/* The long ways to memory of integer instructions, and the stack of all modes. */
#include "integer.h"

bool x86_load_at(struct x86_cpu *cpu, const struct x86_op *op, uint64_t linear, unsigned size, uint64_t *ret_value)
{
	const void *place = x86_hit_read(cpu, linear, 1u << size);
	uint64_t value = 0;

	if (place)
		value = x86_peek(place, size);
	else if (!x86_read_slow(cpu, op, linear, &value, 1u << size))
		return false;
	*ret_value = value;
	return true;
}

bool x86_store_at(struct x86_cpu *cpu, const struct x86_op *op, uint64_t linear, unsigned size, uint64_t value)
{
	void *place = x86_hit_write(cpu, linear, 1u << size);

	if (!place)
		return x86_write_slow(cpu, op, linear, &value, 1u << size);
	x86_poke(place, size, value);
	return true;
}

bool x86_load_slow(struct x86_cpu *cpu, const struct x86_op *op, unsigned size, uint64_t *ret_value)
{
	uint64_t linear;

	return x86_linear(cpu, op, 1u << size, X86_READ, &linear) && x86_load_at(cpu, op, linear, size, ret_value);
}

bool x86_store_slow(struct x86_cpu *cpu, const struct x86_op *op, unsigned size, uint64_t value)
{
	uint64_t linear;

	return x86_linear(cpu, op, 1u << size, X86_WRITE, &linear) && x86_store_at(cpu, op, linear, size, value);
}

/* ---- read, changed and written ---- */

/* Guests may lock what is not aligned, as long as it is in one page. */
__attribute__((no_sanitize("alignment"))) static bool exchange_if(void *place, unsigned size, uint64_t *expected,
								  uint64_t value)
{
	uint8_t expected8 = (uint8_t)*expected;
	uint16_t expected16 = (uint16_t)*expected;
	uint32_t expected32 = (uint32_t)*expected;
	bool done;

	switch (size) {
	case 0:
		done = __atomic_compare_exchange_n((uint8_t *)place, &expected8, (uint8_t)value, false,
						   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
		*expected = expected8;
		return done;
	case 1:
		done = __atomic_compare_exchange_n((uint16_t *)place, &expected16, (uint16_t)value, false,
						   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
		*expected = expected16;
		return done;
	case 2:
		done = __atomic_compare_exchange_n((uint32_t *)place, &expected32, (uint32_t)value, false,
						   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
		*expected = expected32;
		return done;
	}
	return __atomic_compare_exchange_n((uint64_t *)place, expected, value, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

bool x86_change_begin_slow(struct x86_cpu *cpu, const struct x86_op *op, unsigned size, bool locked,
			   struct x86_change *ret_change)
{
	uint64_t linear;

	return x86_linear(cpu, op, 1u << size, X86_READ_WRITE, &linear) &&
	       x86_change_begin_at(cpu, op, linear, size, locked, ret_change);
}

bool x86_change_begin_at(struct x86_cpu *cpu, const struct x86_op *op, uint64_t linear, unsigned size, bool locked,
			 struct x86_change *ret_change)
{
	struct x86_change change = { .locked = locked, .linear = linear, .at.elsewhere = true };

	if (locked)
		x86_locked(cpu, op, linear, 1u << size, &change.at);
	change.place = locked ? change.at.place : x86_hit_write(cpu, linear, 1u << size);
	*ret_change = change;
	if (ret_change->place) {
		ret_change->old = x86_peek(ret_change->place, size);
		return true;
	}
	if (!change.at.elsewhere)
		return false;
	if (locked)
		x86_locked_begin();
	if (x86_read_to_write_slow(cpu, op, linear, &ret_change->old, 1u << size))
		return true;
	if (locked)
		x86_locked_end();
	return false;
}

bool x86_change_end_slow(struct x86_cpu *cpu, const struct x86_op *op, unsigned size, struct x86_change *change,
			 uint64_t value)
{
	if (change->place && change->locked) {
		if (!exchange_if(change->place, size, &change->old, value))
			return false;
		x86_locked_done(cpu, op, change->linear, 1u << size, &change->at);
		return true;
	}
	if (change->place)
		x86_poke(change->place, size, value);
	else
		change->faulted = !x86_write_slow(cpu, op, change->linear, &value, 1u << size);
	if (change->locked)
		x86_locked_end();
	return true;
}

/* ---- the stack ---- */

uint64_t x86_ss_mask(const struct x86_cpu *cpu)
{
	if (x86_in_64(cpu))
		return UINT64_MAX;
	return cpu->mode & X86_MODE_STACK_32 ? UINT32_MAX : UINT16_MAX;
}

void x86_set_stack_pointer(struct x86_cpu *cpu, uint64_t value)
{
	if (x86_in_64(cpu))
		X86_PUT64(cpu, X86_SLOT(X86_RSP), value);
	else if (cpu->mode & X86_MODE_STACK_32)
		X86_PUT32(cpu, X86_SLOT(X86_RSP), value);
	else
		X86_PUT16(cpu, X86_SLOT(X86_RSP), value);
}

bool x86_ss_read(struct x86_cpu *cpu, const struct x86_op *op, uint64_t offset, unsigned size, uint64_t *ret_value)
{
	uint64_t linear;

	return x86_linear_of(cpu, op, X86_SS, offset & x86_ss_mask(cpu), 1u << size, X86_READ, &linear) &&
	       x86_load_at(cpu, op, linear, size, ret_value);
}

bool x86_ss_write(struct x86_cpu *cpu, const struct x86_op *op, uint64_t offset, unsigned size, uint64_t value)
{
	uint64_t linear;

	return x86_linear_of(cpu, op, X86_SS, offset & x86_ss_mask(cpu), 1u << size, X86_WRITE, &linear) &&
	       x86_store_at(cpu, op, linear, size, value);
}

bool x86_push_slow(struct x86_cpu *cpu, const struct x86_op *op, unsigned size, uint64_t value)
{
	uint64_t pointer = cpu->cpu.x[X86_RSP] - (1u << size);

	if (!x86_ss_write(cpu, op, pointer, size, value))
		return false;
	x86_set_stack_pointer(cpu, pointer);
	return true;
}

bool x86_top_slow(struct x86_cpu *cpu, const struct x86_op *op, unsigned size, uint64_t *ret_value)
{
	return x86_ss_read(cpu, op, cpu->cpu.x[X86_RSP], size, ret_value);
}
