/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The disassembler: the operand column of the rows, read from left to right. A word of it that names a field is
 * replaced by the field's value, everything else is copied. What it writes, GNU as reads back.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "decode.h"

static const char *const names[] = { "zero", "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "s0", "s1", "a0",
				     "a1",   "a2", "a3", "a4", "a5",  "a6",  "a7", "s2", "s3", "s4", "s5",
				     "s6",   "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6" };

/* A text that is built up; `length` goes on counting when it is full. */
struct text {
	char *at;
	size_t capacity;
	size_t length;
};

static void put(struct text *text, const char *word, size_t count)
{
	for (size_t i = 0; i < count; i++, text->length++)
		if (text->length + 1 < text->capacity)
			text->at[text->length] = word[i];
}

static void put_number(struct text *text, const char *format, int64_t value)
{
	char digits[32];
	int count = snprintf(digits, sizeof(digits), format, value);

	put(text, digits, (size_t)count);
}

static void put_register(struct text *text, unsigned number)
{
	put(text, names[number & 31], strlen(names[number & 31]));
}

/* Where a word of the operand column comes from. */
static void put_field(struct text *text, const char *word, size_t count, const struct sim_op *op)
{
	char name[16];

	snprintf(name, sizeof(name), "%.*s", (int)count, word);
	if (!strcmp(name, "target"))
		put_number(text, ".%+" PRId64, op->imm);
	else if (!strcmp(name, "upper"))
		put_number(text, "0x%" PRIx64, (uint32_t)op->imm >> 12);
	else if (!strcmp(name, "csr"))
		put_number(text, "0x%" PRIx64, op->imm);
	else if (!strcmp(name, "sp"))
		put(text, word, count);
	else if (!strcmp(name, "rd") || !strcmp(name, "rd'"))
		put_register(text, op->rd);
	else if (!strncmp(name, "rs1", 3))
		put_register(text, op->rs1);
	else if (!strncmp(name, "rs2", 3))
		put_register(text, op->rs2);
	else
		put_number(text, "%" PRId64, op->imm);
}

/* The csrr.i instructions have their immediate where others have rs1. */
static bool has_csr_immediate(const struct rv_row *row)
{
	return strstr(row->operands, "csr, uimm") != NULL;
}

static void put_operands(struct text *text, const struct rv_row *row, const struct sim_op *op)
{
	static const char separators[] = " ,()";
	const char *at = row->operands;

	while (*at) {
		size_t plain = strspn(at, separators);
		size_t word = strcspn(at + plain, separators);

		put(text, at, plain);
		if (word && has_csr_immediate(row) && !strncmp(at + plain, "uimm", word))
			put_number(text, "%" PRId64, op->rs1);
		else if (word)
			put_field(text, at + plain, word, op);
		at += plain + word;
	}
}

/* The ordering bits of atomics are part of the mnemonic. */
static const char *ordering(const struct rv_row *row, uint32_t insn)
{
	static const char *const suffixes[] = { "", ".rl", ".aq", ".aqrl" };

	return (row->mask & 0x7f) == 0x7f && (insn & 0x7f) == 0x2f ? suffixes[insn >> 25 & 3] : "";
}

int rv_disassemble(uint32_t insn, char *ret_text, size_t capacity)
{
	struct text text = { ret_text, capacity, 0 };
	struct sim_op op;
	const struct rv_row *row = rv_decode(insn, &op);

	if (!row) {
		put(&text, rv_length(insn) == 2 ? ".2byte " : ".4byte ", 7);
		put_number(&text, "0x%" PRIx64, rv_length(insn) == 2 ? insn & 0xffff : insn);
	} else {
		put(&text, row->name, strlen(row->name));
		put(&text, ordering(row, insn), strlen(ordering(row, insn)));
		put(&text, " ", *row->operands != '\0');
		put_operands(&text, row, &op);
	}
	if (capacity)
		ret_text[text.length < capacity ? text.length : capacity - 1] = '\0';
	return (int)text.length;
}
