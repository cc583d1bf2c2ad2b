/* SPDX-License-Identifier: Apache-2.0 */
/* Configs by value through libffi against the compiler's own calls, over many shapes and random values. */
#include "../unit.h"

#include <stdlib.h>

#include "config/call.h"
#include "config/layout.h"
#include "loader/backend.h"
#include "shapes.h"

#define ROUNDS 200

static uint64_t seed = 1;

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* A value that the field accepts. */
static uint64_t random_value(const struct axarch_field *field)
{
	uint64_t value = next_random();

	if (field->type == AXARCH_FIELD_choice)
		return value % config_choice_count(field);
	if (field->max - field->min == UINT64_MAX)
		return value;
	return field->min + value % (field->max - field->min + 1);
}

static void fill_random(struct axvcpu_config *config, const struct axarch_field *fields, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		char text[1024] = "";

		if (fields[i].type != AXARCH_FIELD_text) {
			for (uint32_t k = 0; k < fields[i].count; k++)
				assert_ok(axvcpu_config_set_u64(config, fields[i].name, k, random_value(&fields[i])));
			continue;
		}
		for (uint32_t k = 0; k < next_random() % fields[i].count; k++)
			text[k] = (char)('a' + next_random() % 26);
		assert_ok(axvcpu_config_set(config, fields[i].name, text));
	}
}

static void assert_same_fields(const void *a, const void *b, const struct axarch_field *fields, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		assert_memory_equal((const char *)a + fields[i].offset, (const char *)b + fields[i].offset,
				    fields[i].size);
}

/* Calls both ways and compares what came, the answer, and the arguments around the config. */
static void compare_create(const struct shape *shape, const struct axvcpu_config *config,
			   const struct axarch_field *fields, uint32_t count)
{
	uint32_t vm_id = (uint32_t)next_random(), vcpu_id = (uint32_t)next_random() & INT32_MAX;
	const void *block = axvcpu_config_block(config, NULL);
	struct given by_value;
	void *self;

	memset(&given, 0xaa, sizeof(given));
	assert_int_equal(config_call_create(shape->backend, vm_id, vcpu_id, config, &self), -(int32_t)vcpu_id);
	by_value = given;
	assert_int_equal(shape->create(host_table(), vm_id, vcpu_id, block, &self), -(int32_t)vcpu_id);
	assert_ptr_equal(by_value.context, given.context);
	assert_ptr_equal(by_value.ret_self, given.ret_self);
	assert_int_equal(by_value.vm_id, given.vm_id);
	assert_int_equal(by_value.vcpu_id, given.vcpu_id);
	assert_same_fields(by_value.config, given.config, fields, count);
	assert_same_fields(by_value.config, block, fields, count);
}

static void compare_setup(const struct shape *shape, const void *block, const struct axarch_field *fields,
			  uint32_t count)
{
	struct given by_value;
	int self;

	memset(&given, 0x55, sizeof(given));
	assert_ok(config_call_setup(shape->backend, &self, block));
	by_value = given;
	assert_ok(shape->setup(&self, block));
	assert_ptr_equal(by_value.context, &self);
	assert_same_fields(by_value.config, given.config, fields, count);
}

static void test_by_value(void **state)
{
	size_t shape_count;
	const struct shape *shape = shapes(&shape_count);

	(void)state;
	for (size_t i = 0; i < shape_count; i++, shape++) {
		struct axvcpu_config *config;
		uint32_t count;
		const struct axarch_field *fields = axvcpu_config_fields(shape->backend, AXVCPU_CONFIG_CREATE, &count);

		assert_ok(axvcpu_config_create(shape->backend, AXVCPU_CONFIG_CREATE, &config));
		for (int round = 0; round < ROUNDS; round++) {
			fill_random(config, fields, count);
			compare_create(shape, config, fields, count);
			compare_setup(shape, axvcpu_config_block(config, NULL), fields, count);
		}
		axvcpu_config_destroy(config);
	}
}

static void test_defaults(void **state)
{
	struct axvcpu_backend *backend = shape_backend("all_types");
	struct axvcpu_config *config;
	void *self;

	(void)state;
	assert_ok(axvcpu_config_create(backend, AXVCPU_CONFIG_CREATE, &config));
	assert_ok(config_call_create(backend, 1, 0, NULL, &self));
	assert_memory_equal(given.config, axvcpu_config_block(config, NULL), 8);
	axvcpu_config_destroy(config);
}

static void test_wrong_config(void **state)
{
	struct axvcpu_config *config;
	void *self = &config;

	(void)state;
	assert_ok(axvcpu_config_create(shape_backend("holes"), AXVCPU_CONFIG_SETUP, &config));
	assert_error(config_call_create(shape_backend("tail"), 1, 0, config, &self), AXVCPU_ERROR_INVALID_INPUT,
		     "one of backend \"holes\", the vCPU one of \"tail\"");
	assert_error(config_call_create(shape_backend("holes"), 1, 0, config, &self), AXVCPU_ERROR_INVALID_INPUT,
		     "a setup config was given where a create config is needed");
	assert_ptr_equal(self, &config);
	axvcpu_config_destroy(config);
}

static void test_copy(void **state)
{
	struct axvcpu_backend *backend = shape_backend("all_types");
	struct axvcpu_config *config, *copy;
	uint64_t value;

	(void)state;
	assert_ok(axvcpu_config_create(backend, AXVCPU_CONFIG_CREATE, &config));
	assert_ok(axvcpu_config_set_u64(config, "a", 0, 17));
	assert_ok(config_copy(backend, AXVCPU_CONFIG_CREATE, config, &copy));
	assert_ok(axvcpu_config_set_u64(config, "a", 0, 18));
	assert_ok(axvcpu_config_get_u64(copy, "a", 0, &value));
	assert_int_equal(value, 17);
	axvcpu_config_destroy(copy);
	assert_error(config_copy(backend, AXVCPU_CONFIG_SETUP, config, &copy), AXVCPU_ERROR_INVALID_INPUT,
		     "a create config");
	assert_ok(config_copy(backend, AXVCPU_CONFIG_SETUP, NULL, &copy));
	axvcpu_config_destroy(copy);
	axvcpu_config_destroy(config);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_value),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_wrong_config),
		cmocka_unit_test(test_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
