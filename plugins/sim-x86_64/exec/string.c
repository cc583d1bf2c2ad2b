/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "String Instructions" (SDM 1, 5.1.8) without those for ports.
 *
 * A repeated one is executed element by element, each of which is complete, registers included, before the next begins;
 * so a fault finds what the manual says, and the loop gets its turn in between. Where nothing but memory is moved or
 * set, in the direction and the mode of nearly all programs, as many elements as lie in the pages are done at once.
 */
#include <string.h>

#include "integer.h"

enum operation { MOVS, CMPS, SCAS, LODS, STOS };

/* Of a repeated instruction before the loop has its turn. */
enum { ELEMENTS = 65536, COST_ONE_BY_ONE = 16 };

X86_INLINE bool has_source(enum operation operation)
{
	return operation == MOVS || operation == CMPS || operation == LODS;
}

X86_INLINE bool has_destination(enum operation operation)
{
	return operation != LODS;
}

static unsigned address_size(const struct x86_op *op)
{
	return op->width >> 2 & 3;
}

static uint64_t offset_in(const struct x86_cpu *cpu, const struct x86_op *op, unsigned reg)
{
	return x86_truncate(cpu->cpu.x[reg], address_size(op));
}

static void advance(struct x86_cpu *cpu, const struct x86_op *op, unsigned reg, uint64_t bytes)
{
	if (cpu->rflags & X86_FLAG_DF)
		bytes = 0 - bytes;
	x86_put(cpu, X86_SLOT(reg), address_size(op), cpu->cpu.x[reg] + bytes);
}

X86_INLINE void advance_all(struct x86_cpu *cpu, const struct x86_op *op, enum operation operation, uint64_t bytes)
{
	if (has_source(operation))
		advance(cpu, op, X86_RSI, bytes);
	if (has_destination(operation))
		advance(cpu, op, X86_RDI, bytes);
}

static bool load_source(struct x86_cpu *cpu, const struct x86_op *op, unsigned size, uint64_t *ret_value)
{
	uint64_t linear;

	return x86_linear_of(cpu, op, x86_segment_of(op), offset_in(cpu, op, X86_RSI), 1u << size, X86_READ, &linear) &&
	       x86_load_at(cpu, op, linear, size, ret_value);
}

static bool load_destination(struct x86_cpu *cpu, const struct x86_op *op, unsigned size, uint64_t *ret_value)
{
	uint64_t linear;

	return x86_linear_of(cpu, op, X86_ES, offset_in(cpu, op, X86_RDI), 1u << size, X86_READ, &linear) &&
	       x86_load_at(cpu, op, linear, size, ret_value);
}

static bool store_destination(struct x86_cpu *cpu, const struct x86_op *op, unsigned size, uint64_t value)
{
	uint64_t linear;

	return x86_linear_of(cpu, op, X86_ES, offset_in(cpu, op, X86_RDI), 1u << size, X86_WRITE, &linear) &&
	       x86_store_at(cpu, op, linear, size, value);
}

static void compared(struct x86_cpu *cpu, unsigned size, uint64_t first, uint64_t second)
{
	x86_set_cc(cpu, X86_CC(SUB, size), first - second, second);
}

/* One element, but for the index registers. */
X86_INLINE bool transfer(struct x86_cpu *cpu, const struct x86_op *op, enum operation operation, unsigned size)
{
	uint64_t first, second;

	switch (operation) {
	case MOVS:
		return load_source(cpu, op, size, &first) && store_destination(cpu, op, size, first);
	case CMPS:
		if (!load_source(cpu, op, size, &first) || !load_destination(cpu, op, size, &second))
			return false;
		compared(cpu, size, first, second);
		break;
	case SCAS:
		if (!load_destination(cpu, op, size, &second))
			return false;
		compared(cpu, size, x86_get(cpu, X86_SLOT(X86_RAX), size), second);
		break;
	case LODS:
		if (!load_source(cpu, op, size, &first))
			return false;
		x86_put(cpu, X86_SLOT(X86_RAX), size, first);
		break;
	case STOS:
		return store_destination(cpu, op, size, cpu->cpu.x[X86_RAX]);
	}
	return true;
}

X86_INLINE bool element(struct x86_cpu *cpu, const struct x86_op *op, enum operation operation, unsigned size)
{
	if (!transfer(cpu, op, operation, size))
		return false;
	advance_all(cpu, op, operation, UINT64_C(1) << size);
	return true;
}

/* ---- many at once ---- */

/* How many of `bytes` lie in the page. */
static uint64_t in_page(uint64_t linear, uint64_t bytes)
{
	uint64_t left = SIM_PAGE_MASK + 1 - (linear & SIM_PAGE_MASK);

	return bytes < left ? bytes : left;
}

/* Upwards, from where addresses neither wrap nor meet a limit. */
static bool is_simple(const struct x86_cpu *cpu, const struct x86_op *op)
{
	return !(cpu->rflags & X86_FLAG_DF) &&
	       (x86_in_64(cpu) || (cpu->mode & X86_MODE_FLAT && x86_segment_of(op) <= X86_DS));
}

/* How many of `bytes` the address size reaches. */
static uint64_t in_reach(const struct x86_cpu *cpu, const struct x86_op *op, unsigned reg, uint64_t bytes)
{
	uint64_t left = x86_truncate(UINT64_MAX, address_size(op)) - offset_in(cpu, op, reg);

	return bytes <= left ? bytes : left;
}

static uint8_t *destination(struct x86_cpu *cpu, const struct x86_op *op, uint64_t *bytes)
{
	uint64_t linear = offset_in(cpu, op, X86_RDI);

	*bytes = in_page(linear, in_reach(cpu, op, X86_RDI, *bytes));
	return x86_hit_write(cpu, linear, 1);
}

static const uint8_t *source(struct x86_cpu *cpu, const struct x86_op *op, uint64_t *bytes)
{
	uint64_t offset = offset_in(cpu, op, X86_RSI), linear = offset + X86_SLOT64(cpu, op->seg);

	*bytes = in_page(linear, in_reach(cpu, op, X86_RSI, *bytes));
	return x86_hit_read(cpu, linear, 1);
}

/* As elements one by one: what overlaps in front of the source repeats. */
static void move_bytes(uint8_t *to, const uint8_t *from, uint64_t bytes, unsigned size)
{
	if (to <= from || to >= from + bytes) {
		memmove(to, from, bytes);
		return;
	}
	for (uint64_t i = 0; i < bytes; i += 1u << size)
		x86_poke(to + i, size, x86_peek(from + i, size));
}

static void fill_bytes(uint8_t *to, uint64_t value, uint64_t bytes, unsigned size)
{
	if (value == 0 || size == 0) {
		memset(to, (uint8_t)value, bytes);
		return;
	}
	for (uint64_t i = 0; i < bytes; i += 1u << size)
		x86_poke(to + i, size, value);
}

/* Moves or sets up to `count` elements; returns how many, 0 where it is not that simple. */
static uint64_t transfer_many(struct x86_cpu *cpu, const struct x86_op *op, enum operation operation, unsigned size,
			      uint64_t count)
{
	uint64_t bytes = count << size;
	const uint8_t *from = NULL;
	uint8_t *to;

	if (!is_simple(cpu, op))
		return 0;
	to = destination(cpu, op, &bytes);
	if (operation == MOVS)
		from = source(cpu, op, &bytes);
	bytes &= ~((UINT64_C(1) << size) - 1);
	if (!to || (operation == MOVS && !from))
		return 0;
	if (operation == MOVS)
		move_bytes(to, from, bytes, size);
	else
		fill_bytes(to, x86_get(cpu, X86_SLOT(X86_RAX), size), bytes, size);
	advance_all(cpu, op, operation, bytes);
	return bytes >> size;
}

/* ---- repeated ---- */

/* Whether a comparison ends the repetition: repe does at a difference, repne at a match. */
X86_INLINE bool is_ended(const struct x86_cpu *cpu, const struct x86_op *op, enum operation operation, unsigned size)
{
	if (operation != CMPS && operation != SCAS)
		return false;
	return (x86_truncate(cpu->cc_dst, size) == 0) == !!(op->flags & X86_OP_REPNE);
}

X86_INLINE const struct x86_op *repeat(struct x86_cpu *cpu, const struct x86_op *op, enum operation operation,
				       unsigned size)
{
	uint64_t count = offset_in(cpu, op, X86_RCX), done;
	unsigned budget = cpu->rflags & X86_FLAG_TF ? 1 : ELEMENTS;

	for (bool ended = false; count && !ended; count -= done) {
		if (budget == 0 || x86_must_stop(cpu))
			return x86_again(cpu, op);
		done = 0;
		if (operation == MOVS || operation == STOS)
			done = transfer_many(cpu, op, operation, size, count < budget ? count : budget);
		budget -= (unsigned)done;
		if (done == 0) {
			if (!element(cpu, op, operation, size))
				return NULL;
			done = 1;
			budget -= budget < COST_ONE_BY_ONE ? budget : COST_ONE_BY_ONE;
			ended = is_ended(cpu, op, operation, size);
		}
		x86_put(cpu, X86_SLOT(X86_RCX), address_size(op), count - done);
		x86_element_done(cpu);
	}
	return op + 1;
}

X86_INLINE const struct x86_op *string(struct x86_cpu *cpu, const struct x86_op *op, enum operation operation,
				       unsigned size)
{
	if (op->flags & (X86_OP_REP | X86_OP_REPNE))
		return repeat(cpu, op, operation, size);
	return element(cpu, op, operation, size) ? op + 1 : NULL;
}

#define STRING(name, operation, size) \
	EXEC(name) \
	{ \
		return string(cpu, op, operation, size); \
	}
#define STRINGS(name, operation) \
	STRING(name##b, operation, 0) \
	STRING(name##w, operation, 1) STRING(name##d, operation, 2) STRING(name##q, operation, 3)

STRINGS(movs, MOVS)
STRINGS(cmps, CMPS)
STRINGS(scas, SCAS)
STRINGS(lods, LODS)
STRINGS(stos, STOS)

/* clang-format off */
/* movsd and cmpsd are SSE instructions too, which have operands. */
#define STRING_ROWS(mnemonic, name) \
	{ ZYDIS_MNEMONIC_##mnemonic##B, "", X86_ANY(name##b), X86_NONE, 0, 0 }, \
	{ ZYDIS_MNEMONIC_##mnemonic##W, "", X86_ANY(name##w), X86_NONE, 0, 0 }, \
	{ ZYDIS_MNEMONIC_##mnemonic##D, "", X86_ANY(name##d), X86_NONE, 0, 0 }, \
	{ ZYDIS_MNEMONIC_##mnemonic##Q, "", X86_ANY(name##q), X86_NONE, 0, 0 }

static const struct x86_row rows[] = {
	STRING_ROWS(MOVS, movs),
	STRING_ROWS(CMPS, cmps),
	STRING_ROWS(SCAS, scas),
	STRING_ROWS(LODS, lods),
	STRING_ROWS(STOS, stos),
};
/* clang-format on */

extern const struct x86_rows x86_rows_string;
const struct x86_rows x86_rows_string = { rows, X86_COUNT(rows) };
