/* SPDX-License-Identifier: Apache-2.0 */
/* See registers.h. */
#include "registers.h"

#include <string.h>

#include "arch.h"
#include "lockstep.h"

/* What changes by itself, is a view of others, or is what the engine is and not where its guest has got to. */
#define NOT_STATE (AXVCPU_REG_READ_ONLY | AXVCPU_REG_VOLATILE | AXVCPU_REG_ALIAS | AXVCPU_REG_LOCAL | AXVCPU_REG_MODEL)

static const struct axarch_dispatch *ops_of(const struct lockstep *lockstep, enum side side)
{
	return side == PRIMARY ? lockstep->primary.ops : lockstep->shadow.ops;
}

static bool has(const struct lockstep *lockstep, enum side side, const struct axvcpu_reg *reg)
{
	const struct axarch_dispatch *ops = ops_of(lockstep, side);
	uint8_t value[AXVCPU_REG_SIZE_MAX];

	return !ops->get_reg.fn(ops->get_reg.self, reg->id, value, reg->size);
}

static void add_row(struct lockstep *lockstep, const struct axvcpu_reg *reg)
{
	struct registers *registers = &lockstep->registers;
	struct row row = { .reg = reg, .offset = registers->size };

	if (reg->flags & NOT_STATE)
		return;
	for (enum side side = PRIMARY; side < SIDES; side++)
		row.has[side] = has(lockstep, side, reg);
	if (!row.has[PRIMARY] && !row.has[SHADOW])
		return;
	row.mask = differ_mask(lockstep, reg);
	row.is_compared = row.has[PRIMARY] && row.has[SHADOW] && row.mask;
	registers->rows[registers->count++] = row;
	registers->size += reg->size;
}

static const struct row *row_of_name(const struct registers *registers, const char *name)
{
	for (uint32_t i = 0; i < registers->count; i++)
		if (!strcmp(registers->rows[i].reg->name, name))
			return &registers->rows[i];
	return NULL;
}

static void find_dependences(struct registers *registers)
{
	for (uint32_t i = 0; i < registers->count; i++) {
		struct row *row = &registers->rows[i];
		const char *name = differ_depends(row->reg, &row->bit);

		row->depends = name ? row_of_name(registers, name) : NULL;
	}
}

static int32_t make_blocks(struct lockstep *lockstep)
{
	struct engine *const engines[] = { &lockstep->primary, &lockstep->shadow };

	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		engines[i]->now = lockstep->host->alloc(lockstep->registers.size);
		engines[i]->start = lockstep->host->alloc(lockstep->registers.size);
		engines[i]->end = lockstep->host->alloc(lockstep->registers.size);
		if (!engines[i]->now || !engines[i]->start || !engines[i]->end)
			return LOCKSTEP_FAIL(lockstep, AXVCPU_ERROR_NO_MEMORY, "no memory for registers");
	}
	return 0;
}

int32_t registers_init(struct lockstep *lockstep)
{
	uint32_t count;
	const struct axvcpu_reg *regs = lockstep->engines->regs(AXVCPU_REG_ID_ARCH(lockstep->arch->pc), &count);

	if (!regs)
		return LOCKSTEP_FAIL(lockstep, AXVCPU_ERROR_UNSUPPORTED, "this architecture has no list of registers");
	lockstep->registers.rows = lockstep->host->alloc(count * sizeof(struct row));
	if (!lockstep->registers.rows)
		return LOCKSTEP_FAIL(lockstep, AXVCPU_ERROR_NO_MEMORY, "no memory for a table of registers");
	for (uint32_t i = 0; i < count; i++)
		add_row(lockstep, &regs[i]);
	find_dependences(&lockstep->registers);
	if (!registers_row(lockstep, lockstep->arch->pc))
		return LOCKSTEP_FAIL(lockstep, AXVCPU_ERROR_UNSUPPORTED,
				     "the engines' registers cannot be read: the op get_reg is missing");
	return make_blocks(lockstep);
}

void registers_finish(struct lockstep *lockstep)
{
	struct engine *const engines[] = { &lockstep->primary, &lockstep->shadow };

	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		lockstep->host->free(engines[i]->now);
		lockstep->host->free(engines[i]->start);
		lockstep->host->free(engines[i]->end);
		engines[i]->now = engines[i]->start = engines[i]->end = NULL;
	}
	lockstep->host->free(lockstep->registers.rows);
	lockstep->registers = (struct registers){ 0 };
}

int32_t registers_read(struct lockstep *lockstep, enum side side, uint8_t *ret_block)
{
	const struct registers *registers = &lockstep->registers;
	const struct axarch_dispatch *ops = ops_of(lockstep, side);

	for (uint32_t i = 0; i < registers->count; i++) {
		const struct row *row = &registers->rows[i];
		int32_t error = 0;

		if (row->has[side])
			error = ops->get_reg.fn(ops->get_reg.self, row->reg->id, ret_block + row->offset,
						row->reg->size);
		if (error)
			return error;
	}
	return 0;
}

bool row_is_equal(const struct row *row, const uint8_t *one, const uint8_t *other)
{
	return !memcmp(one + row->offset, other + row->offset, row->reg->size);
}

/* What a register may be depends on others in some engines: what is refused is tried again when the others are there.
 */
enum { WRITE_ROUNDS = 3 };

static int32_t write_row(struct lockstep *lockstep, enum side side, const struct row *row, const uint8_t *wanted)
{
	const struct axarch_dispatch *ops = ops_of(lockstep, side);

	return ops->set_reg.fn(ops->set_reg.self, row->reg->id, wanted + row->offset, row->reg->size);
}

/* Rows that differ and that `sides` of them have. */
static int32_t write_rows(struct lockstep *lockstep, enum side to, bool both, const uint8_t *have,
			  const uint8_t *wanted)
{
	const struct registers *registers = &lockstep->registers;
	const struct row *refused = NULL;
	int32_t error = 0;

	for (unsigned round = 0; round < WRITE_ROUNDS && (!round || refused); round++) {
		refused = NULL;
		for (uint32_t i = 0; i < registers->count; i++) {
			const struct row *row = &registers->rows[i];
			int32_t answer;

			if (!row->has[to] || (both && !row->has[!to]) || row_is_equal(row, have, wanted))
				continue;
			answer = write_row(lockstep, to, row, wanted);
			if (answer) {
				refused = row;
				error = answer;
			}
		}
	}
	if (!refused)
		return 0;
	return LOCKSTEP_FAIL(lockstep, error, "%s does not take %s as it is: %s",
			     to == PRIMARY ? lockstep->primary.name : lockstep->shadow.name, refused->reg->name,
			     lockstep->engines->error_text());
}

int32_t registers_write(struct lockstep *lockstep, enum side side, const uint8_t *have, const uint8_t *wanted)
{
	return write_rows(lockstep, side, false, have, wanted);
}

int32_t registers_copy(struct lockstep *lockstep, enum side to, const uint8_t *have, const uint8_t *wanted)
{
	return write_rows(lockstep, to, true, have, wanted);
}

static bool has_bit(const struct row *row, uint64_t bit, const uint8_t *block)
{
	uint64_t value;

	memcpy(&value, block + row->offset, sizeof(value));
	return value & bit;
}

/* The bytes of a value, without the bits that are not compared. */
static bool is_equal_but(const struct row *row, const uint8_t *one, const uint8_t *other)
{
	uint64_t a = 0, b = 0;

	if (row->reg->size > sizeof(a) || row->mask == UINT64_MAX)
		return !memcmp(one, other, row->reg->size);
	memcpy(&a, one, row->reg->size);
	memcpy(&b, other, row->reg->size);
	return !((a ^ b) & row->mask);
}

bool row_is_same(const struct row *row, const uint8_t *one, const uint8_t *other)
{
	if (!row->is_compared || is_equal_but(row, one + row->offset, other + row->offset))
		return true;
	return row->depends && !has_bit(row->depends, row->bit, one) && !has_bit(row->depends, row->bit, other);
}

bool registers_are_equal(const struct lockstep *lockstep, const uint8_t *one, const uint8_t *other)
{
	const struct registers *registers = &lockstep->registers;

	for (uint32_t i = 0; i < registers->count; i++)
		if (!row_is_same(&registers->rows[i], one, other))
			return false;
	return true;
}

/* One that means nothing by another's value is looked at by who has read them all. */
int32_t registers_match(struct lockstep *lockstep, enum side side, const uint8_t *wanted, bool *ret_match)
{
	const struct registers *registers = &lockstep->registers;
	const struct axarch_dispatch *ops = ops_of(lockstep, side);
	uint8_t value[AXVCPU_REG_SIZE_MAX];
	int32_t error = 0;

	*ret_match = true;
	for (uint32_t i = 0; i < registers->count && *ret_match && !error; i++) {
		const struct row *row = &registers->rows[i];

		if (!row->is_compared || row->depends)
			continue;
		error = ops->get_reg.fn(ops->get_reg.self, row->reg->id, value, row->reg->size);
		*ret_match = !error && is_equal_but(row, value, wanted + row->offset);
	}
	return error;
}

const struct row *registers_row(const struct lockstep *lockstep, uint64_t id)
{
	const struct registers *registers = &lockstep->registers;

	for (uint32_t i = 0; i < registers->count; i++)
		if (registers->rows[i].reg->id == id)
			return &registers->rows[i];
	return NULL;
}

uint64_t registers_get(const struct lockstep *lockstep, const uint8_t *block, uint64_t id)
{
	const struct row *row = registers_row(lockstep, id);
	uint64_t value = 0;

	if (row)
		memcpy(&value, block + row->offset, row->reg->size < sizeof(value) ? row->reg->size : sizeof(value));
	return value;
}
