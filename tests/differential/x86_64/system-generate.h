/* SPDX-License-Identifier: Apache-2.0 */
/* Makes cases of system.h: each follows from the seed, its number and the kinds that are selected. */
#ifndef DIFFERENTIAL_SYSTEM_GENERATE_H
#define DIFFERENTIAL_SYSTEM_GENERATE_H

#include "system.h"

struct system_making {
	struct random random;
	struct system_case *test;
	uint64_t cr4; /* bits that both processors have, or both have not */
};

#define ANY(making) random_u64(&(making)->random)
#define BELOW(making, limit) random_below(&(making)->random, limit)
#define CHANCE(making, percent) random_chance(&(making)->random, percent)

/* Modes that a kind is for. */
enum {
	IN_REAL = 1,
	IN_V86 = 2,
	IN_PROTECTED = 4, /* 16 and 32 bits, without long mode */
	IN_COMPATIBILITY = 8,
	IN_64 = 16,
	IN_LEGACY = IN_REAL | IN_V86 | IN_PROTECTED,
	IN_32 = IN_PROTECTED | IN_COMPATIBILITY,
	IN_MODERN = IN_32 | IN_64,
	IN_ANY = IN_LEGACY | IN_MODERN,
	PAGED = 32 /* with paging only */
};

struct system_kind {
	const char *name;
	unsigned modes;
	void (*make)(struct system_making *making);
	unsigned inner; /* percent of cases in ring 0 */
};

extern const struct system_kind system_kinds[];
extern const unsigned system_kind_count;

void system_generate(struct system_making *making, const struct system_kind *kind, struct system_case *ret_test);

/* ---- what the kinds are made with ---- */

void put(struct system_making *making, uint64_t gpa, unsigned size, uint64_t value);
void emit(struct system_making *making, unsigned size, uint64_t bytes);
/* ModRM with [rbx] or [bx], or with a register. */
void emit_memory(struct system_making *making, unsigned reg);
void emit_register(struct system_making *making, unsigned reg, unsigned rm);
/* Now and then the prefix for the other operand size; returns the operand's size in bytes. */
unsigned emit_size(struct system_making *making);
void set_reg(struct system_making *making, unsigned index, uint64_t value);
uint64_t get_reg(const struct system_making *making, unsigned index);

/* A place in DATA; rbx leads there. */
uint64_t operand(struct system_making *making);
uint64_t any_selector(struct system_making *making);
uint64_t code_selector(struct system_making *making);
uint64_t data_selector(struct system_making *making);
uint64_t any_target(struct system_making *making);
uint64_t any_address(struct system_making *making);
void write_descriptor(struct system_making *making, uint64_t gpa, uint64_t base, uint64_t limit, uint64_t attributes);
/* All of the descriptors that are random: a part of the GDT, the LDT. */
void write_random_descriptors(struct system_making *making);
void write_gate(struct system_making *making, uint64_t gpa, unsigned type, unsigned dpl, bool present,
		uint64_t selector, uint64_t offset, unsigned extra);
/* The gate of a vector in the IDT, which is the mode's. */
uint64_t gate_of(const struct system_making *making, unsigned vector);

#endif
