/* SPDX-License-Identifier: Apache-2.0 */
#include "carry.h"

#include <stdio.h>
#include <string.h>

#include <axvcpu/error.h>

#define TEXT_SIZE 512

struct carry_row {
	const struct axvcpu_reg *reg;
	bool absent; /* below */
	bool lacked; /* by the other engine */
	uint8_t value[AXVCPU_REG_SIZE_MAX];
};

static bool is_carried(const struct axvcpu_reg *reg)
{
	return !(reg->flags & (AXVCPU_REG_ALIAS | AXVCPU_REG_MODEL | AXVCPU_REG_READ_ONLY));
}

int32_t carry_init(struct carry *carry, uint32_t arch)
{
	uint32_t count;
	const struct axvcpu_reg *regs = carry->engines->regs(arch, &count);

	carry->rows = carry->host->alloc(count * sizeof(*carry->rows));
	if (!carry->rows)
		return carry->host->error(AXVCPU_ERROR_NO_MEMORY, "no memory for a copy of the registers");
	for (uint32_t i = 0; i < count; i++)
		if (is_carried(&regs[i]))
			carry->rows[carry->count++].reg = &regs[i];
	return 0;
}

void carry_finish(struct carry *carry)
{
	carry->host->free(carry->rows);
}

static bool is_zero(const uint8_t *value, uint32_t size)
{
	return !value[0] && !memcmp(value, value + 1, size - 1);
}

/* What a system register that the other engine lacks is about, the engine below does itself. */
static int32_t stays(struct carry *carry, const struct carry_row *row)
{
	if (row->reg->flags & AXVCPU_REG_VOLATILE || is_zero(row->value, row->reg->size))
		return 0;
	if (AXVCPU_REG_ID_GROUP(row->reg->id) == AXVCPU_REG_SYSTEM) {
		carry->keeps = true;
		return 0;
	}
	return carry->host->error(AXVCPU_ERROR_NOT_FOUND, "%s (%s) is in use, and %s has no such register",
				  row->reg->name, row->reg->doc, carry->other_name);
}

static int32_t refused(const struct carry *carry, const struct axvcpu_reg *reg, int32_t error)
{
	char text[TEXT_SIZE];

	snprintf(text, sizeof(text), "%s", carry->engines->error_text());
	return carry->host->error(error, "%s (%s): %s", reg->name, reg->doc, text);
}

static int32_t write_other(struct carry *carry, struct carry_row *row)
{
	const struct axvcpu_reg *reg = row->reg;
	int32_t error = 0;

	if (!row->lacked)
		error = carry->other->set_reg.fn(carry->other->set_reg.self, reg->id, row->value, reg->size);
	row->lacked |= error == AXVCPU_ERROR_NOT_FOUND;
	if (row->lacked)
		return stays(carry, row);
	return error && !(reg->flags & AXVCPU_REG_VOLATILE) ? refused(carry, reg, error) : 0;
}

/* General and floating-point registers that the other engine has as they are need not be written. Of the rest all are:
 * so it looks at everything again that it knows by them, such as the guest's page tables. */
static bool is_spared(const struct carry *carry, const struct carry_row *row, const uint8_t *value)
{
	return carry->known && AXVCPU_REG_ID_GROUP(row->reg->id) != AXVCPU_REG_SYSTEM &&
	       !memcmp(value, row->value, row->reg->size);
}

static int32_t row_there(struct carry *carry, struct carry_row *row)
{
	const struct axvcpu_reg *reg = row->reg;
	uint8_t value[AXVCPU_REG_SIZE_MAX];
	int32_t error = carry->below->get_reg.fn(carry->below->get_reg.self, reg->id, value, reg->size);

	row->absent = error == AXVCPU_ERROR_NOT_FOUND;
	if (row->absent)
		return 0;
	if (error)
		return refused(carry, reg, error);
	if (is_spared(carry, row, value))
		return 0;
	memcpy(row->value, value, reg->size);
	return write_other(carry, row);
}

/* The other engine says now what it does not take together. Without the op it says so when it runs. */
static int32_t settle(const struct carry *carry)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;
	int32_t error = carry->other->finish.fn(carry->other->finish.self, &exit);

	return error == AXVCPU_ERROR_UNSUPPORTED ? 0 : error;
}

int32_t carry_there(struct carry *carry)
{
	int32_t error = 0;

	for (uint32_t i = 0; i < carry->count && !error; i++)
		error = row_there(carry, &carry->rows[i]);
	if (!error)
		error = settle(carry);
	carry->known = !error;
	return error;
}

static int32_t row_back(struct carry *carry, struct carry_row *row)
{
	const struct axvcpu_reg *reg = row->reg;
	uint8_t value[AXVCPU_REG_SIZE_MAX];
	int32_t error = carry->other->get_reg.fn(carry->other->get_reg.self, reg->id, value, reg->size);

	if (!error && memcmp(value, row->value, reg->size)) {
		memcpy(row->value, value, reg->size);
		error = carry->below->set_reg.fn(carry->below->set_reg.self, reg->id, value, reg->size);
	}
	return error ? refused(carry, reg, error) : 0;
}

int32_t carry_back(struct carry *carry)
{
	int32_t error = 0;

	for (uint32_t i = 0; i < carry->count && !error; i++) {
		struct carry_row *row = &carry->rows[i];

		if (!row->absent && !row->lacked && !(row->reg->flags & AXVCPU_REG_VOLATILE))
			error = row_back(carry, row);
	}
	carry->known = !error;
	return error;
}
