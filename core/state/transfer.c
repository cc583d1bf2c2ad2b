/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer.h"

#include <stdio.h>
#include <string.h>

#include <axvcpu/state.h>

#include "error/error.h"

static int is_zero(const uint8_t *value, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++)
		if (value[i])
			return 0;
	return 1;
}

/* As a number, the most significant byte first. */
static void value_text(const uint8_t *value, uint32_t size, char text[2 * AXVCPU_REG_SIZE_MAX + 3])
{
	uint32_t top = size;

	while (top > 1 && !value[top - 1])
		top--;
	text += sprintf(text, "0x%x", value[top - 1]);
	while (--top)
		text += sprintf(text, "%02x", value[top - 1]);
}

static int32_t lacks(const struct axvcpu_reg *reg, const uint8_t *value)
{
	char text[2 * AXVCPU_REG_SIZE_MAX + 3];

	if (reg->flags & AXVCPU_REG_VOLATILE || is_zero(value, reg->size))
		return 0;
	value_text(value, reg->size, text);
	return error_set(AXVCPU_ERROR_NOT_FOUND, "%s (%s): the other engine does not have it, and it is %s", reg->name,
			 reg->doc, text);
}

static int32_t refused(const struct axvcpu_reg *reg, int32_t error)
{
	return reg->flags & AXVCPU_REG_VOLATILE ? 0 : error_prefix(error, "%s (%s): ", reg->name, reg->doc);
}

static int32_t write(const struct axarch_dispatch *to, const struct axvcpu_reg *reg, const uint8_t *value)
{
	int32_t error;

	error_clear();
	error = to->set_reg.fn(to->set_reg.self, reg->id, value, reg->size);
	if (error == AXVCPU_ERROR_NOT_FOUND)
		return lacks(reg, value);
	return error ? refused(reg, error) : 0;
}

/* What cannot be written must be so already. */
static int32_t compare(const struct axarch_dispatch *to, const struct axvcpu_reg *reg, const uint8_t *value)
{
	uint8_t other[AXVCPU_REG_SIZE_MAX];
	int32_t error;

	error_clear();
	error = to->get_reg.fn(to->get_reg.self, reg->id, other, reg->size);
	if (error == AXVCPU_ERROR_NOT_FOUND)
		return lacks(reg, value);
	if (error)
		return refused(reg, error);
	if (reg->flags & AXVCPU_REG_VOLATILE || !memcmp(value, other, reg->size))
		return 0;
	return error_set(AXVCPU_ERROR_INVALID_INPUT, "%s (%s) is read-only, and the other engine's value differs",
			 reg->name, reg->doc);
}

static int32_t carry(const struct axarch_dispatch *from, const struct axarch_dispatch *to, const struct axvcpu_reg *reg)
{
	uint8_t value[AXVCPU_REG_SIZE_MAX];
	int32_t error;

	error_clear();
	error = from->get_reg.fn(from->get_reg.self, reg->id, value, reg->size);
	if (error == AXVCPU_ERROR_NOT_FOUND)
		return 0;
	if (error)
		return refused(reg, error);
	return reg->flags & AXVCPU_REG_READ_ONLY ? compare(to, reg, value) : write(to, reg, value);
}

static int is_carried(const struct axvcpu_reg *reg)
{
	const uint32_t make_up = AXVCPU_REG_MODEL | AXVCPU_REG_LOCAL;

	return !(reg->flags & AXVCPU_REG_ALIAS) && (reg->flags & make_up) != make_up;
}

int32_t state_transfer(const struct axarch_dispatch *from, const struct axarch_dispatch *to, uint32_t arch)
{
	uint32_t count;
	const struct axvcpu_reg *regs = axvcpu_regs(arch, &count);
	int32_t error = 0;

	error_expect(AXVCPU_ERROR_NOT_FOUND);
	for (uint32_t i = 0; i < count && !error; i++)
		if (is_carried(&regs[i]))
			error = carry(from, to, &regs[i]);
	error_expect(0);
	return error;
}
