/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What engines agree on before the guest first runs: the registers of the model, which say what kind of processor it
 * is. Of bits, those are kept that all have; of other values, the first that all take. Knows no register by name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <axvcpu/state.h>

#include "state/state.h"
#include "vcpu.h"

#define ERROR_TEXT 1024

struct engine_list {
	struct engine *const *items;
	uint32_t count;
};

/* One register of one engine. */
struct value {
	int present;
	uint8_t bytes[AXVCPU_REG_SIZE_MAX];
};

/* A row of the model's registers. */
struct engine_model {
	uint32_t count;
	struct {
		const struct axvcpu_reg *reg;
		struct value value;
	} rows[];
};

static int32_t read_value(const struct engine *engine, const struct axvcpu_reg *reg, struct value *ret_value)
{
	const struct axarch_dispatch *ops = &engine->bottom.dispatch;
	int32_t error;

	ret_value->present = 0;
	if (!engine->bottom.self) /* it could not be made again: see engine_renew */
		return 0;
	error_clear();
	error = ops->get_reg.fn(ops->get_reg.self, reg->id, ret_value->bytes, reg->size);
	ret_value->present = !error;
	return error == AXVCPU_ERROR_NOT_FOUND || error == AXVCPU_ERROR_UNSUPPORTED ? 0 : error;
}

static const char *name_of(const struct engine *engine)
{
	return axvcpu_backend_description(engine->bottom.backend)->id;
}

static int32_t write_value(const struct engine *engine, const struct axvcpu_reg *reg, const uint8_t *bytes)
{
	const struct axarch_dispatch *ops = &engine->bottom.dispatch;
	int32_t error;

	error_clear();
	error = ops->set_reg.fn(ops->set_reg.self, reg->id, bytes, reg->size);
	return error ? error_prefix(error, "%s (%s) of %s: ", reg->name, reg->doc, name_of(engine)) : 0;
}

static void write_back(struct engine_list engines, const struct axvcpu_reg *reg, const struct value *before,
		       uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (before[i].present)
			write_value(engines.items[i], reg, before[i].bytes);
}

/* Every engine that has the register gets these bytes. On failure all are as before. */
static int32_t write_all(struct engine_list engines, const struct axvcpu_reg *reg, const struct value *before,
			 const uint8_t *bytes)
{
	char text[ERROR_TEXT];
	int32_t error = 0;
	uint32_t i;

	for (i = 0; i < engines.count && !error; i++)
		if (before[i].present && memcmp(before[i].bytes, bytes, reg->size))
			error = write_value(engines.items[i], reg, bytes);
	if (!error)
		return 0;
	snprintf(text, sizeof(text), "%s", axvcpu_error_text()); /* the way back has texts of its own */
	write_back(engines, reg, before, i);
	return error_set(error, "%s", text);
}

static int all_alike(struct engine_list engines, const struct axvcpu_reg *reg, const struct value *values)
{
	const struct value *first = NULL;

	for (uint32_t i = 0; i < engines.count; i++) {
		if (!values[i].present)
			continue;
		if (first && memcmp(first->bytes, values[i].bytes, reg->size))
			return 0;
		first = first ? first : &values[i];
	}
	return 1;
}

static int32_t keep_common_bits(struct engine_list engines, const struct axvcpu_reg *reg, const struct value *values)
{
	uint8_t common[AXVCPU_REG_SIZE_MAX];

	memset(common, 0xff, sizeof(common));
	for (uint32_t i = 0; i < engines.count; i++)
		for (uint32_t byte = 0; values[i].present && byte < reg->size; byte++)
			common[byte] &= values[i].bytes[byte];
	return write_all(engines, reg, values, common);
}

/* The first engine's value is tried first. The last refusal is told. */
static int32_t find_common_value(struct engine_list engines, const struct axvcpu_reg *reg, const struct value *values)
{
	int32_t error = 0;

	for (uint32_t i = 0; i < engines.count; i++) {
		if (!values[i].present)
			continue;
		error = write_all(engines, reg, values, values[i].bytes);
		if (!error)
			return 0;
	}
	return error;
}

static int32_t agree_on(struct engine_list engines, const struct axvcpu_reg *reg, struct value *values)
{
	int32_t error = 0;

	for (uint32_t i = 0; i < engines.count && !error; i++)
		error = read_value(engines.items[i], reg, &values[i]);
	if (error)
		return error_prefix(error, "%s: ", reg->name);
	if (all_alike(engines, reg, values))
		return 0;
	return reg->flags & AXVCPU_REG_BITS ? keep_common_bits(engines, reg, values)
					    : find_common_value(engines, reg, values);
}

static int is_of_model(const struct axvcpu_reg *reg)
{
	return (reg->flags & AXVCPU_REG_MODEL) != 0;
}

/* `values` has a row of engines.count for each register. */
static int32_t agree_on_all(struct engine_list engines, const struct axvcpu_reg *regs, uint32_t count,
			    struct value *values)
{
	char text[ERROR_TEXT];
	int32_t error = 0;
	uint32_t i;

	for (i = 0; i < count && !error; i++)
		if (is_of_model(&regs[i]))
			error = agree_on(engines, &regs[i], &values[i * engines.count]);
	if (!error)
		return 0;
	snprintf(text, sizeof(text), "%s", axvcpu_error_text());
	for (uint32_t done = i - 1; done-- > 0;) /* the last one has gone back by itself */
		if (is_of_model(&regs[done]))
			write_back(engines, &regs[done], &values[done * engines.count], engines.count);
	return error_set(error, "%s", text);
}

static uint32_t count_model(const struct axvcpu_reg *regs, uint32_t count)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < count; i++)
		found += is_of_model(&regs[i]) != 0;
	return found;
}

/* Before anything changes, so that remembering cannot fail. */
static int32_t make_models(struct engine_list engines, uint32_t rows)
{
	for (uint32_t i = 0; i < engines.count; i++) {
		struct engine *engine = engines.items[i];

		if (!engine->model)
			engine->model = calloc(1, sizeof(*engine->model) + rows * sizeof(engine->model->rows[0]));
		if (!engine->model)
			return error_set(AXVCPU_ERROR_NO_MEMORY, "no memory for what engines agree on");
	}
	return 0;
}

static void remember(const struct engine *engine, const struct axvcpu_reg *regs, uint32_t count)
{
	struct engine_model *model = engine->model;

	model->count = 0;
	for (uint32_t i = 0; i < count; i++) {
		if (!is_of_model(&regs[i]))
			continue;
		model->rows[model->count].reg = &regs[i];
		if (read_value(engine, &regs[i], &model->rows[model->count].value))
			model->rows[model->count].value.present = 0;
		model->count++;
	}
}

int32_t engine_restore_model(const struct engine *engine)
{
	int32_t error = 0;

	for (uint32_t i = 0; engine->model && i < engine->model->count && !error; i++) {
		const struct axvcpu_reg *reg = engine->model->rows[i].reg;
		const struct value *value = &engine->model->rows[i].value;
		struct value now;

		if (!value->present)
			continue;
		error = read_value(engine, reg, &now);
		if (!error && (!now.present || memcmp(now.bytes, value->bytes, reg->size)))
			error = write_value(engine, reg, value->bytes);
	}
	return error;
}

int32_t engines_agree(struct engine *const *engines, uint32_t count, uint32_t arch)
{
	struct engine_list list = { engines, count };
	uint32_t reg_count;
	const struct axvcpu_reg *regs = axvcpu_regs(arch, &reg_count);
	struct value *values = calloc((size_t)reg_count * count + 1, sizeof(*values));
	int32_t error;

	if (!values)
		return error_set(AXVCPU_ERROR_NO_MEMORY, "no memory to compare %u engines", count);
	error = make_models(list, count_model(regs, reg_count));
	if (!error)
		error = agree_on_all(list, regs, reg_count, values);
	for (uint32_t i = 0; i < count && !error; i++)
		remember(engines[i], regs, reg_count);
	free(values);
	return error;
}

static uint32_t count_engines(struct axvcpu *const *vcpus, uint32_t count)
{
	uint32_t engines = 0;

	for (uint32_t i = 0; i < count; i++)
		for (const struct engine *engine = vcpus[i]->engines; engine; engine = engine->next)
			engines++;
	return engines;
}

static int32_t expect_new(const struct axvcpu *vcpu)
{
	int32_t error = vcpu_expect_resting(vcpu, "agree");

	if (!error)
		error = engine_expect(vcpu, "agree");
	if (!error && vcpu->was_bound)
		error = error_set(AXVCPU_ERROR_BAD_STATE,
				  "vCPU %u: its guest has run, and knows what kind of processor it has: call "
				  "axvcpu_agree before the first axvcpu_bind",
				  vcpu->id);
	return error;
}

static int32_t expect_alike(struct axvcpu *const *vcpus, uint32_t count)
{
	uint32_t arch = 0, first = 0;
	int32_t error = 0;

	for (uint32_t i = 0; i < count && !error; i++) {
		error = expect_new(vcpus[i]);
		if (!error)
			error = vcpu_arch(vcpus[i], &arch);
		first = i ? first : arch;
		if (!error && arch != first)
			error = error_set(AXVCPU_ERROR_INVALID_INPUT, "vCPUs %u and %u are of different architectures",
					  vcpus[0]->id, vcpus[i]->id);
	}
	return error;
}

/* Of all vCPUs, in their order, each one's present engine first: its values are tried first. */
static void list_engines(struct axvcpu *const *vcpus, uint32_t count, struct engine **ret_engines)
{
	for (uint32_t i = 0; i < count; i++) {
		*ret_engines++ = vcpus[i]->engine;
		for (struct engine *engine = vcpus[i]->engines; engine; engine = engine->next)
			if (engine != vcpus[i]->engine)
				*ret_engines++ = engine;
	}
}

int32_t vcpus_agree(struct axvcpu *const *vcpus, uint32_t count)
{
	uint32_t engine_count = count_engines(vcpus, count), arch;
	struct engine **engines;
	int32_t error = vcpu_arch(vcpus[0], &arch);

	if (error)
		return error;
	engines = calloc(engine_count, sizeof(struct engine *));
	if (!engines)
		return error_set(AXVCPU_ERROR_NO_MEMORY, "no memory for a list of %u engines", engine_count);
	list_engines(vcpus, count, engines);
	error = engines_agree(engines, engine_count, arch);
	free(engines);
	return error;
}

int32_t axvcpu_agree(struct axvcpu *const *vcpus, uint32_t count)
{
	int32_t error = expect_alike(vcpus, count);

	return error || !count ? error : vcpus_agree(vcpus, count);
}
