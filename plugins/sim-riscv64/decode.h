/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of base.rows and compressed.rows as a table, and what can be done with them. */
#ifndef PLUGINS_SIM_RISCV64_DECODE_H
#define PLUGINS_SIM_RISCV64_DECODE_H

#include "cpu.h"

struct rv_row {
	const char *name;     /* "c.addi" */
	const char *operands; /* "rs1/rd, imm" */
	sim_exec_fn fn;
	uint32_t mask, value; /* fixed bits */
	bool ends;            /* nothing follows in its block */
};

/* All rows; base.rows first. */
const struct rv_row *rv_rows(unsigned *ret_count);

/* The row of an encoding, NULL when it is illegal. ret_op gets its operands, registers as the encoding has them (x0 is
 * 0). */
const struct rv_row *rv_decode(uint32_t insn, struct sim_op *ret_op);

/* Bytes of the instruction whose first 16 bits are the low ones of insn: 2 or 4. */
static inline unsigned rv_length(uint32_t insn)
{
	return (insn & 3) == 3 ? 4 : 2;
}

/* Writes the instruction as GNU as reads it ("addi a0, a1, -1"; ".4byte 0x..." when there is none; targets as ".+8").
 * Returns the length that the text wants, as snprintf does. */
int rv_disassemble(uint32_t insn, char *ret_text, size_t capacity);

/* struct sim_isa's. */
unsigned rv_build(struct sim_cpu *cpu, const uint8_t *code, unsigned size, unsigned limit, struct sim_block *block);

#endif
