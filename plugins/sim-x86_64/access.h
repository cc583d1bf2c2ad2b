/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest memory as instructions see it: addresses, the way through the TLB, and what happens beside it (pages, MMIO,
 * ROM, breakpoints on data, code that is overwritten).
 *
 * What fails returns false or NULL: an exception or an exit is under way, the op was stopped, and the executor returns
 * NULL without having changed anything.
 */
#ifndef PLUGINS_SIM_X86_64_ACCESS_H
#define PLUGINS_SIM_X86_64_ACCESS_H

#include "x86.h"

enum { X86_READ = 1, X86_WRITE = 2, X86_READ_WRITE = 3, X86_EXECUTE = 4 };

typedef uint16_t x86_u16 __attribute__((aligned(1), may_alias));
typedef uint32_t x86_u32 __attribute__((aligned(1), may_alias));
typedef uint64_t x86_u64 __attribute__((aligned(1), may_alias));
typedef uint8_t x86_u8;

/* The offset in the segment, truncated to the address size: what lea gives. */
static inline uint64_t x86_offset(const struct x86_cpu *cpu, const struct x86_op *op)
{
	uint64_t offset =
		X86_SLOT64(cpu, op->base) + (X86_SLOT64(cpu, op->index) << op->scale) + (uint64_t)(int64_t)op->disp;

	switch (op->width >> 2 & 3) {
	case 1:
		return (uint16_t)offset;
	case 2:
		return (uint32_t)offset;
	}
	return offset;
}

/* Outside of the fast case: truncation, limits and rights of the segment, canonical addresses. */
bool x86_linear_slow(struct x86_cpu *cpu, const struct x86_op *op, unsigned size, unsigned access,
		     uint64_t *ret_linear);
/* `offset` in `segment` (X86_ES...): for string instructions and stacks, checked in every mode. */
bool x86_linear_of(struct x86_cpu *cpu, const struct x86_op *op, unsigned segment, uint64_t offset, unsigned size,
		   unsigned access, uint64_t *ret_linear);

/* The segment of the op's memory operand: X86_ES... */
static inline unsigned x86_segment_of(const struct x86_op *op)
{
	return op->seg == X86_SLOT_ZERO ? (op->flags & X86_OP_STACK ? X86_SS : X86_DS)
					: (op->seg - X86_SLOT_SEGMENT(0)) / 8u;
}

/* The linear address of the op's memory operand, unless X86_OP_SLOW. */
static inline uint64_t x86_flat_linear(const struct x86_cpu *cpu, const struct x86_op *op)
{
	return X86_SLOT64(cpu, op->base) + (X86_SLOT64(cpu, op->index) << op->scale) + (uint64_t)(int64_t)op->disp +
	       X86_SLOT64(cpu, op->seg);
}

/* The linear address of the op's memory operand of `size` bytes. */
static inline bool x86_linear(struct x86_cpu *cpu, const struct x86_op *op, unsigned size, unsigned access,
			      uint64_t *ret_linear)
{
	if (sim_unlikely(op->flags & X86_OP_SLOW)) {
		uint64_t linear; /* of this scope: see X86_ACCESSORS */

		if (!x86_linear_slow(cpu, op, size, access, &linear))
			return false;
		*ret_linear = linear;
		return true;
	}
	*ret_linear = x86_flat_linear(cpu, op);
	return true;
}

/* The host address of size bytes at a linear address that lie in one page, or NULL. */
static inline void *x86_hit(struct sim_tlb_entry *table, uint64_t context, uint64_t linear, unsigned size)
{
	const struct sim_tlb_entry *entry = sim_tlb_slot(table, linear);

	if (sim_unlikely(entry->tag != (((linear + (size - 1)) & ~SIM_PAGE_MASK) | context)))
		return NULL;
	return (void *)(uintptr_t)(linear + entry->delta);
}

/* A byte that crosses nothing could hit an entry of the page behind otherwise; see x86_hit. */
static inline void *x86_hit_read(struct x86_cpu *cpu, uint64_t linear, unsigned size)
{
	return x86_hit(cpu->cpu.tlb.reads, cpu->cpu.data_context, linear, size);
}

static inline void *x86_hit_write(struct x86_cpu *cpu, uint64_t linear, unsigned size)
{
	return x86_hit(cpu->cpu.tlb.writes, cpu->cpu.data_context, linear, size);
}

/* Any size up to 64 bytes (512 in two calls of more are fine too: up to a page), any alignment. */
bool x86_read_slow(struct x86_cpu *cpu, const struct x86_op *op, uint64_t linear, void *ret_data, unsigned size);
bool x86_write_slow(struct x86_cpu *cpu, const struct x86_op *op, uint64_t linear, const void *data, unsigned size);
/* Reads what will be written: also a page that can only be read faults, as a write. */
bool x86_read_to_write_slow(struct x86_cpu *cpu, const struct x86_op *op, uint64_t linear, void *ret_data,
			    unsigned size);
/* Whether a later write of these bytes cannot fault; for instructions that write at several places. */
bool x86_probe_write(struct x86_cpu *cpu, const struct x86_op *op, uint64_t linear, unsigned size);

/*
 * x86_read8 to x86_read64, x86_write8 ..., by linear address. What slow paths write to is a variable of an inner scope:
 * an executor whose own variable they had the address of could not tail-call the next op, as that might use it.
 */
#define X86_ACCESSORS(bits) \
	static inline bool x86_read##bits(struct x86_cpu *cpu, const struct x86_op *op, uint64_t linear, \
					  uint##bits##_t *ret_value) \
	{ \
		const volatile x86_u##bits *place = x86_hit_read(cpu, linear, bits / 8); \
		if (sim_likely(place != NULL)) { \
			*ret_value = *place; \
			return true; \
		} \
		{ \
			uint##bits##_t value; \
			if (!x86_read_slow(cpu, op, linear, &value, bits / 8)) \
				return false; \
			*ret_value = value; \
		} \
		return true; \
	} \
	static inline bool x86_write##bits(struct x86_cpu *cpu, const struct x86_op *op, uint64_t linear, \
					   uint##bits##_t value) \
	{ \
		volatile x86_u##bits *place = x86_hit_write(cpu, linear, bits / 8); \
		if (sim_likely(place != NULL)) { \
			*place = value; \
			return true; \
		} \
		{ \
			uint##bits##_t copy = value; \
			return x86_write_slow(cpu, op, linear, &copy, bits / 8); \
		} \
	}
X86_ACCESSORS(8)
X86_ACCESSORS(16)
X86_ACCESSORS(32)
X86_ACCESSORS(64)

static inline bool x86_read_bytes(struct x86_cpu *cpu, const struct x86_op *op, uint64_t linear, void *ret_data,
				  unsigned size)
{
	const void *place = x86_hit_read(cpu, linear, size);

	if (sim_likely(place != NULL)) {
		__builtin_memcpy(ret_data, place, size);
		return true;
	}
	return x86_read_slow(cpu, op, linear, ret_data, size);
}

static inline bool x86_write_bytes(struct x86_cpu *cpu, const struct x86_op *op, uint64_t linear, const void *data,
				   unsigned size)
{
	void *place = x86_hit_write(cpu, linear, size);

	if (sim_likely(place != NULL)) {
		__builtin_memcpy(place, data, size);
		return true;
	}
	return x86_write_slow(cpu, op, linear, data, size);
}

/*
 * Where a locked instruction finds its operand of up to 16 bytes. `place` is host memory on which to be atomic, whoever
 * else writes there, vCPUs of other engines too; x86_locked_done follows. Without a place and `elsewhere` true it is
 * MMIO or lies in two pages: use x86_locked_begin and x86_locked_end around x86_read_to_write_slow and x86_write_slow,
 * between which no other locked access of this kind of this plugin's vCPUs comes. Neither: it faulted.
 */
struct x86_locked {
	void *place;
	bool elsewhere;
	bool watched; /* the page has code, or a breakpoint */
	uint64_t gpa; /* if it is watched */
};
void x86_locked(struct x86_cpu *cpu, const struct x86_op *op, uint64_t linear, unsigned size,
		struct x86_locked *ret_locked);
void x86_locked_watched(struct x86_cpu *cpu, const struct x86_op *op, uint64_t linear, unsigned size,
			const struct x86_locked *locked);
void x86_locked_begin(void);
void x86_locked_end(void);

/* It was written. */
static inline void x86_locked_done(struct x86_cpu *cpu, const struct x86_op *op, uint64_t linear, unsigned size,
				   const struct x86_locked *locked)
{
	if (sim_unlikely(locked->watched))
		x86_locked_watched(cpu, op, linear, size, locked);
}

/* ---- what the VMM carries out; see struct x86_access ---- */

/* A read of 1 to 8 bytes. False: the op was stopped, and `exit` is given to the VMM; it is executed again later. */
bool x86_vmm_read(struct x86_cpu *cpu, const struct x86_op *op, const struct axvcpu_exit *exit, unsigned size,
		  uint64_t *ret_value);
/* A write, or any other exit that is given once the op is done. The caller goes on as usual. */
void x86_vmm_write(struct x86_cpu *cpu, const struct x86_op *op, const struct axvcpu_exit *exit);

/* An element of a repeated instruction is done, registers included: what the VMM read for it is used up. */
static inline void x86_element_done(struct x86_cpu *cpu)
{
	cpu->access.have = cpu->access.used = 0;
}

/* Whether an element of a repeated instruction must be the last for now, as it has an exit to give (x86_again then). */
static inline bool x86_must_stop(const struct x86_cpu *cpu)
{
	return cpu->access.part_count != 0 || cpu->stop;
}

bool x86_is_read_exit(uint32_t reason);

/* The value of the read that waits. */
void x86_complete_read(struct x86_cpu *cpu, uint64_t value);
/* Executes the instruction whose reads were completed, outside of a run: before registers are looked at. */
void x86_finish_access(struct x86_cpu *cpu);
/* The next part, if there is one, becomes the exit of this run. */
bool x86_give_part(struct x86_cpu *cpu);
/* Forgets all of it: reset, a new pc. */
void x86_forget_access(struct x86_cpu *cpu);

/* ---- accesses by the processor itself (descriptors, TSS, IDT, stacks of another privilege): as supervisor ---- */
/* False: an exception was recorded (x86_raise), or an exit is under way; nothing is stopped, there is no op. */
bool x86_system_read(struct x86_cpu *cpu, uint64_t linear, void *ret_data, unsigned size);
bool x86_system_write(struct x86_cpu *cpu, uint64_t linear, const void *data, unsigned size);
/* The same on the stack of a level, with the rights of that level. */
bool x86_level_read(struct x86_cpu *cpu, unsigned cpl, uint64_t linear, void *ret_data, unsigned size);
bool x86_level_write(struct x86_cpu *cpu, unsigned cpl, uint64_t linear, const void *data, unsigned size);

#endif
