/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors, what segment registers may be loaded with, and stacks as the processor itself uses them (SDM 3,
 * chapters 3 and 5).
 *
 * All of it works outside of executors: what fails has recorded an exception (x86_raise) or an exit, and returns false.
 * Error codes are those of an event that is not external; delivery (interrupt.c) adds EXT.
 */
#ifndef PLUGINS_SIM_X86_64_SEGMENT_H
#define PLUGINS_SIM_X86_64_SEGMENT_H

#include "access.h"
#include "x86.h"

/* Types of system descriptors and gates. */
enum {
	X86_TYPE_TSS16 = 1,
	X86_TYPE_LDT = 2,
	X86_TYPE_TSS16_BUSY = 3,
	X86_TYPE_CALL16 = 4,
	X86_TYPE_TASK_GATE = 5,
	X86_TYPE_INTERRUPT16 = 6,
	X86_TYPE_TRAP16 = 7,
	X86_TYPE_TSS = 9,
	X86_TYPE_TSS_BUSY = 11,
	X86_TYPE_CALL = 12,
	X86_TYPE_INTERRUPT = 14,
	X86_TYPE_TRAP = 15,
	X86_TYPE_BUSY = 2, /* the bit that makes an available TSS a busy one */
	X86_TYPE_IS_32 = 8 /* the bit that makes a 16-bit system type one of 32 bits, or 64 */
};

struct x86_descriptor {
	uint64_t address; /* where it lies, linear */
	uint64_t base;
	uint32_t limit;
	uint32_t attributes;
	uint32_t low, high; /* as it is in memory */
	uint64_t upper;     /* its second half, where it has 16 bytes: see x86_read_upper */
};

struct x86_gate {
	uint64_t offset;
	uint16_t selector;
	uint8_t type;
	uint8_t count; /* of parameters of a call gate; the IST of an interrupt gate in long mode */
};

static inline bool x86_is_null(uint16_t selector)
{
	return selector < 4;
}

static inline unsigned x86_rpl(uint16_t selector)
{
	return selector & 3;
}

static inline unsigned x86_dpl(const struct x86_descriptor *descriptor)
{
	return descriptor->attributes >> 5 & 3;
}

static inline uint32_t x86_selector_code(uint16_t selector)
{
	return selector & 0xfffcu;
}

static inline bool x86_is_code(const struct x86_descriptor *descriptor)
{
	return (~descriptor->attributes & (X86_ATTR_S | X86_ATTR_CODE)) == 0;
}

static inline bool x86_is_conforming(const struct x86_descriptor *code)
{
	return code->attributes & X86_ATTR_EXPAND_DOWN;
}

static inline bool x86_is_writable_data(const struct x86_descriptor *descriptor)
{
	return (descriptor->attributes & (X86_ATTR_S | X86_ATTR_CODE | X86_ATTR_WRITABLE)) ==
	       (X86_ATTR_S | X86_ATTR_WRITABLE);
}

static inline bool x86_is_readable(const struct x86_descriptor *descriptor)
{
	return descriptor->attributes & X86_ATTR_S &&
	       (descriptor->attributes & (X86_ATTR_CODE | X86_ATTR_WRITABLE)) != X86_ATTR_CODE;
}

/* 0 to 15 of a system descriptor, 16 of one of code or data. */
static inline unsigned x86_system_type(const struct x86_descriptor *descriptor)
{
	return descriptor->attributes & X86_ATTR_S ? 16 : descriptor->attributes & X86_ATTR_TYPE;
}

/* The linear address of something that the processor uses by itself: 32 bits of it outside of long mode. */
static inline uint64_t x86_system_linear(const struct x86_cpu *cpu, uint64_t address)
{
	return x86_in_long(cpu) ? address : (uint32_t)address;
}

/* rip at the beginning of an instruction that the loop is to execute. */
uint64_t x86_rip_of_pc(const struct x86_cpu *cpu);
/* Goes on at rip, in cs as it is. */
void x86_set_pc(struct x86_cpu *cpu, uint64_t rip);

/* ---- descriptors ---- */

/* False without any exception: the selector leads to none. */
bool x86_selector_in_table(const struct x86_cpu *cpu, uint16_t selector, uint64_t *ret_address);
/* All but the address. */
void x86_parse_descriptor(uint64_t raw, struct x86_descriptor *ret_descriptor);
/* Of a selector that is not null. A selector beyond its table raises `vector`. */
bool x86_read_descriptor(struct x86_cpu *cpu, uint16_t selector, unsigned vector,
			 struct x86_descriptor *ret_descriptor);
/* The second half of a system descriptor or call gate in long mode; the base becomes that of 64 bits. */
bool x86_read_upper(struct x86_cpu *cpu, uint16_t selector, unsigned vector, struct x86_descriptor *descriptor);
void x86_parse_gate(const struct x86_cpu *cpu, const struct x86_descriptor *descriptor, struct x86_gate *ret_gate);
/* Writes the accessed bit back, unless it is set already. */
bool x86_mark_accessed(struct x86_cpu *cpu, struct x86_descriptor *descriptor);
/* Sets or clears bits in the type of a system descriptor in memory. */
bool x86_change_type(struct x86_cpu *cpu, uint64_t address, unsigned clear, unsigned set);

/* ---- code ---- */

/* Whether a code segment may be gone to by way of this selector; the rules are those of the manual's instructions. */
typedef bool (*x86_code_rule)(const struct x86_cpu *cpu, uint16_t selector, const struct x86_descriptor *code);
bool x86_rule_direct(const struct x86_cpu *cpu, uint16_t selector, const struct x86_descriptor *code);
bool x86_rule_gate_jump(const struct x86_cpu *cpu, uint16_t selector, const struct x86_descriptor *code);
bool x86_rule_gate_call(const struct x86_cpu *cpu, uint16_t selector, const struct x86_descriptor *code);
bool x86_rule_return(const struct x86_cpu *cpu, uint16_t selector, const struct x86_descriptor *code);
bool x86_rule_task(const struct x86_cpu *cpu, uint16_t selector, const struct x86_descriptor *code);

/* A present code segment by the rule; else `vector` (or #NP) is raised. */
bool x86_read_code(struct x86_cpu *cpu, uint16_t selector, unsigned vector, x86_code_rule rule,
		   struct x86_descriptor *ret_code);
static inline bool x86_is_64_code(const struct x86_cpu *cpu, const struct x86_descriptor *code)
{
	return x86_in_long(cpu) && code->attributes & X86_ATTR_L;
}
/* #GP(0) unless code can be at rip. */
bool x86_check_rip(struct x86_cpu *cpu, const struct x86_descriptor *code, uint64_t rip);

/* ---- loading, without checks ---- */

/* The same as x86_put_segment, but the mode is left for x86_update_mode. */
void x86_set_segment(struct x86_cpu *cpu, unsigned segment, uint16_t selector, uint64_t base, uint32_t limit,
		     uint32_t attributes);
void x86_set_from_descriptor(struct x86_cpu *cpu, unsigned segment, uint16_t selector,
			     const struct x86_descriptor *descriptor);
/* cs with its privilege level. */
void x86_set_code(struct x86_cpu *cpu, uint16_t selector, unsigned cpl, const struct x86_descriptor *code);
void x86_set_null(struct x86_cpu *cpu, unsigned segment, uint16_t selector);
/* As real mode does it (limit and attributes remain), or virtual-8086 mode by `v86`. */
void x86_set_real(struct x86_cpu *cpu, unsigned segment, uint16_t selector, bool v86);
/* After a return to an outer level: data segments that are not for it become null. */
void x86_drop_inner_segments(struct x86_cpu *cpu);

/* ---- loading with the checks of mov, pop, lds ... ---- */

/* Es, ss, ds, fs, gs in any mode. The mode has been updated when it succeeds. */
bool x86_load_segment(struct x86_cpu *cpu, unsigned segment, uint16_t selector);
/* Checks a data segment for `cpl`, which is marked accessed; for task switches with #TS. */
bool x86_read_data_segment(struct x86_cpu *cpu, uint16_t selector, unsigned vector, unsigned cpl,
			   struct x86_descriptor *ret_data);
/* A stack segment for `cpl`, marked accessed; null is an error. */
bool x86_read_stack_segment(struct x86_cpu *cpu, uint16_t selector, unsigned vector, unsigned cpl,
			    struct x86_descriptor *ret_stack);
/* The same; null is what 64-bit mode allows for levels other than 3, where `code` is to go on in 64-bit mode. */
bool x86_read_outer_stack_segment(struct x86_cpu *cpu, uint16_t selector, unsigned cpl, bool to_64,
				  struct x86_descriptor *ret_stack);
bool x86_load_ldt(struct x86_cpu *cpu, uint16_t selector, unsigned vector, unsigned absent_vector);

/* ---- stacks ---- */

/* A stack that is pushed to or popped from while ss and rsp are still what they were. */
struct x86_stack {
	uint64_t base;
	uint64_t sp;
	uint64_t mask; /* of the bits of sp that count */
	uint32_t limit, attributes;
	uint32_t code; /* of #SS */
	uint16_t selector;
	uint8_t cpl;  /* with whose rights it is accessed */
	bool changes; /* ss is to be loaded */
};

void x86_current_stack(const struct x86_cpu *cpu, struct x86_stack *ret_stack);
/* The stack of an inner level, from the TSS. `ist`: 0, or the number of an interrupt stack in long mode. */
bool x86_inner_stack(struct x86_cpu *cpu, unsigned cpl, unsigned ist, struct x86_stack *ret_stack);
/* An interrupt stack without a change of level. */
bool x86_interrupt_stack(struct x86_cpu *cpu, unsigned ist, struct x86_stack *ret_stack);

/* Pushes values in order; `size` bytes each. No room raises #SS and nothing is written. */
bool x86_push(struct x86_cpu *cpu, struct x86_stack *stack, unsigned size, const uint64_t *values, unsigned count);
bool x86_pop(struct x86_cpu *cpu, struct x86_stack *stack, unsigned size, uint64_t *ret_values, unsigned count);
/* Sets rsp, as much of it as the stack's mask says. */
void x86_set_sp(struct x86_cpu *cpu, uint64_t mask, uint64_t sp);
/* Loads ss (if it changes) and rsp. */
void x86_set_stack(struct x86_cpu *cpu, const struct x86_stack *stack);
/* The bits of rsp that count with a stack segment of these attributes. */
uint64_t x86_sp_mask(uint32_t attributes, bool in_64);

#endif
