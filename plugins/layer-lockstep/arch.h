/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of an architecture. One that has no row here is compared by its registers all the same. */
#ifndef PLUGINS_LAYER_LOCKSTEP_ARCH_H
#define PLUGINS_LAYER_LOCKSTEP_ARCH_H

#include "lockstep.h"

enum { TRAP_BYTES_MAX = 8 };

/* An instruction of the layer's own in the guest's code, that makes an exit. */
struct trap {
	uint64_t address;
	uint64_t size;   /* of the instruction */
	uint32_t reason; /* of the exit */
	unsigned count;
	struct {
		uint64_t gpa;
		uint8_t value, before;
	} bytes[TRAP_BYTES_MAX];
};

struct arch {
	uint32_t arch; /* AXVCPU_ARCH_* */
	uint64_t pc;   /* the register's number */

	/* The address that a breakpoint wants, of a block of registers. */
	uint64_t (*address)(const struct lockstep *lockstep, const uint8_t *block);

	/* "pc 0x...: bytes: disassembly". */
	void (*describe)(const struct instruction *instruction, char *ret_text, size_t capacity);

	/* The instruction that the primary would execute next, from its registers in `now`. */
	void (*decode)(struct lockstep *lockstep, struct instruction *ret_instruction);

	/* Whether what differs in memory may: the shadow has got the primary's then. NULL: nothing may. */
	bool (*allow_memory)(struct lockstep *lockstep, const struct instruction *instruction);

	/*
	 * Both have their registers in `now`, which differ: what is the same state in two shapes gets one. NULL: there
	 * is no such.
	 */
	int32_t (*even_out)(struct lockstep *lockstep);

	/*
	 * The primary came out suddenly, and its registers are in `now`: an interrupt line may have ended its halt, and
	 * then the shadow's is ended too. NULL: there are no halts.
	 */
	int32_t (*wake)(struct lockstep *lockstep);

	/* Whether an exception or interrupt waits to be delivered. NULL: it is not known. */
	bool (*is_delivering)(const struct lockstep *lockstep, const uint8_t *block);

	/* A program, and not its kernel: some engines cannot step there. NULL: they all can. */
	bool (*is_user)(const struct lockstep *lockstep, const uint8_t *block);

	/* Fills in what makes a trap at trap->address. False: there cannot be one. NULL: there is none at all. */
	bool (*make_trap)(struct lockstep *lockstep, struct engine *engine, struct trap *trap);

	/* Registers that differ and may, after an instruction: a mask of bits for one of up to 8 bytes, all ones for
	 * others. */
	uint64_t (*may_differ)(const struct lockstep *lockstep, const struct instruction *instruction,
			       const struct row *row);
};

/* NULL: there is none of that number. */
const struct arch *arch_find(uint32_t arch);

extern const struct arch arch_x86_64;

#endif
