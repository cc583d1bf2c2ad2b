/* SPDX-License-Identifier: Apache-2.0 */
/* From encodings to ops, with the decoder that generate.py makes. See decode.h. */
#define RV_WANT_DECODER
#include "decode.h"

#include <string.h>

#include "exec/exec.h"

#define ROW(identifier, executor, does_end, spelling, operand_text, fixed, bits) \
	{ .name = spelling, \
	  .operands = operand_text, \
	  .fn = rv_exec_##executor, \
	  .mask = fixed, \
	  .value = bits, \
	  .ends = does_end },
static const struct rv_row rows[] = { RV_INSTRUCTIONS(ROW) };
#undef ROW

const struct rv_row *rv_rows(unsigned *ret_count)
{
	*ret_count = sizeof(rows) / sizeof(rows[0]);
	return rows;
}

const struct rv_row *rv_decode(uint32_t insn, struct sim_op *ret_op)
{
	unsigned row;

	*ret_op = (struct sim_op){ 0 };
	row = rv_length(insn) == 2 ? rv_decode16(insn & 0xffff, ret_op) : rv_decode32(insn, ret_op);
	return row == RV_ILLEGAL ? NULL : &rows[row];
}

/* Reads what is there of the instruction; 0: it goes on past the end. */
static unsigned read_insn(const uint8_t *code, unsigned size, uint32_t *ret_insn)
{
	uint16_t low, high;
	unsigned length;

	memcpy(&low, code, sizeof(low));
	*ret_insn = low;
	length = rv_length(low);
	if (length == 2)
		return length;
	if (size < length)
		return 0;
	memcpy(&high, code + 2, sizeof(high));
	*ret_insn |= (uint32_t)high << 16;
	return length;
}

/* The instruction at `code` as an op. Returns its length; 0 when it goes on past `size`. */
static unsigned decode_op(const uint8_t *code, unsigned size, struct sim_op *ret_op, bool *ret_ends)
{
	uint32_t insn;
	unsigned length = read_insn(code, size, &insn);
	const struct rv_row *row;

	if (!length)
		return 0;
	row = rv_decode(insn, ret_op);
	if (!row) {
		*ret_op = (struct sim_op){ .fn = rv_exec_illegal, .imm = (int32_t)insn };
		*ret_ends = true;
		return length;
	}
	ret_op->fn = row->fn;
	if (ret_op->rd == 0)
		ret_op->rd = SIM_SINK;
	*ret_ends = row->ends;
	return length;
}

unsigned rv_build(struct sim_cpu *cpu, const uint8_t *code, unsigned size, unsigned limit, struct sim_block *block)
{
	struct sim_op *op = block->ops;
	unsigned at = 0;
	bool ends = false;

	(void)cpu;
	while (!ends && op - block->ops < limit && at < size) {
		unsigned length = decode_op(code + at, size - at, op, &ends);

		if (!length)
			break;
		op->at = (uint8_t)(at | (length == 4));
		at += length;
		op++;
	}
	block->count = (uint16_t)(op - block->ops);
	if (!ends) {
		*op = (struct sim_op){ .fn = rv_exec_fall_through, .imm = (int32_t)at };
		op++;
	}
	sim_block_seal(block, sim_op_links(op - 1));
	return at;
}
