/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What engines agree on before the guest first runs. The backends are small: each has the registers of the model that
 * its create config gives it, and takes the frequencies that it can have.
 */
#include <stdio.h>
#include <stdlib.h>

#define AXARCH_STATIC_NAME model_ops
#include <axvcpu/plugin/plugin.h>
#undef AXARCH_SYMBOL
#define AXARCH_SYMBOL static const struct axarch_vcpu_ops AXARCH_STATIC_NAME
#undef AXARCH_NOTE_PLACE
#define AXARCH_NOTE_PLACE __attribute__((aligned(8)))

#include "../unit.h"
#include <axvcpu/axvcpu.h>
#include <axvcpu/regs/x86_64.h>

/* clang-format off */
#define CREATE_FIELDS(T, INT, CHOICE, TEXT, ARRAY) \
	INT(T, u64, features, 0, 0, UINT64_MAX, "cpuid.7.ebx") \
	INT(T, u64, family, 1, 0, UINT64_MAX, "cpuid.1.eax") \
	INT(T, u64, khz, 1000, 0, UINT64_MAX, "tsc_khz") \
	INT(T, u64, most_khz, UINT64_MAX, 0, UINT64_MAX, "that it can have") \
	INT(T, u64, has, 7, 0, 7, "1: features, 2: family, 4: khz")
#define SETUP_FIELDS(T, INT, CHOICE, TEXT, ARRAY) INT(T, u32, nothing, 0, 0, 1, "nothing")
AXARCH_CONFIG(create_config, CREATE_FIELDS)
AXARCH_CONFIG(setup_config, SETUP_FIELDS)
/* clang-format on */

enum { FEATURES, FAMILY, KHZ, REGISTERS };

static const uint64_t ids[REGISTERS] = { AXVCPU_X86_64_CPUID(4), AXVCPU_X86_64_CPUID(1), AXVCPU_X86_64_CLOCK(0) };

struct model {
	struct create_config config;
	uint64_t values[REGISTERS];
};

static const struct axarch_host *model_host;
static struct model *last_created;
static unsigned creates;
static unsigned writes;

static int32_t reset(void *self)
{
	struct model *model = self;

	model->values[FEATURES] = model->config.features;
	model->values[FAMILY] = model->config.family;
	model->values[KHZ] = model->config.khz;
	return 0;
}

static int32_t create(const struct axarch_host *table, uint32_t vm_id, uint32_t vcpu_id, struct create_config config,
		      void **ret_self)
{
	struct model *model = calloc(1, sizeof(*model));

	(void)vm_id;
	(void)vcpu_id;
	model_host = table;
	model->config = config;
	creates++;
	reset(model);
	*ret_self = last_created = model;
	return 0;
}

static int32_t destroy(void *self)
{
	free(self);
	return 0;
}

static int32_t setup(void *self, struct setup_config config)
{
	(void)self;
	(void)config;
	return 0;
}

static int32_t take_number(void *self, uint64_t number)
{
	(void)self;
	(void)number;
	return 0;
}

static int32_t do_nothing(void *self)
{
	(void)self;
	return 0;
}

static int32_t run(void *self, struct axvcpu_exit *exit)
{
	(void)self;
	exit->reason = AXVCPU_EXIT_NOTHING;
	return 0;
}

static int32_t set_gpr(void *self, uint32_t index, uint64_t value)
{
	(void)self;
	(void)index;
	(void)value;
	return 0;
}

static int find(const struct model *model, uint64_t id)
{
	for (int i = 0; i < REGISTERS; i++)
		if (ids[i] == id && model->config.has >> i & 1)
			return i;
	return -1;
}

static int32_t get_reg(void *self, uint64_t id, void *ret_value, uint32_t size)
{
	const struct model *model = self;
	int index = find(model, id);

	if (index < 0)
		return model_host->error(AXVCPU_ERROR_NOT_FOUND, "no register 0x%llx", (unsigned long long)id);
	memcpy(ret_value, &model->values[index], size);
	return 0;
}

static int32_t set_reg(void *self, uint64_t id, const void *value, uint32_t size)
{
	struct model *model = self;
	int index = find(model, id);
	uint64_t number;

	if (index < 0)
		return model_host->error(AXVCPU_ERROR_NOT_FOUND, "no register 0x%llx", (unsigned long long)id);
	memcpy(&number, value, size);
	if (index == KHZ && number > model->config.most_khz)
		return model_host->error(AXVCPU_ERROR_INVALID_INPUT, "%llu kHz are more than it can have",
					 (unsigned long long)number);
	model->values[index] = number;
	writes++;
	return 0;
}

/* clang-format off */
AXARCH_PLUGIN(create_config, CREATE_FIELDS, create, setup_config, SETUP_FIELDS, setup,
	AXARCH_ABOUT(.arch = AXVCPU_ARCH_X86_64, .id = "model", .version = "1", .licence = "Apache-2.0",
		     .summary = "registers of the model, and nothing else"),
	.destroy = destroy, .set_entry = take_number, .set_ept_root = take_number, .run = run, .bind = do_nothing,
	.unbind = do_nothing, .set_gpr = set_gpr, .inject_interrupt = take_number, .set_return_value = take_number,
	.reset = reset, .get_reg = get_reg, .set_reg = set_reg
);
/* clang-format on */

/* The same under other ids; the last one has no reset. */
enum { BACKENDS = 4, WITHOUT_RESET = 3 };

static struct {
	struct axarch_vcpu_ops ops;
	struct {
		struct axarch_description description;
		struct axarch_field fields[create_config_field_count + setup_config_field_count];
	} note;
} variants[BACKENDS];
static struct axvcpu_backend *backends[BACKENDS];

static int adopt(void **state)
{
	int failed = 0;

	(void)state;
	for (int i = 0; i < BACKENDS && !failed; i++) {
		variants[i].ops = model_ops;
		memcpy(&variants[i].note, model_ops.description, sizeof(variants[i].note));
		snprintf(variants[i].note.description.id, sizeof(variants[i].note.description.id), "model%d", i);
		variants[i].ops.description = &variants[i].note.description;
		if (i == WITHOUT_RESET)
			variants[i].ops.reset = NULL;
		failed = axvcpu_backend_adopt(&variants[i].ops, &backends[i]);
	}
	return failed;
}

static int give_back(void **state)
{
	(void)state;
	for (int i = 0; i < BACKENDS; i++)
		axvcpu_backend_close(backends[i]);
	return 0;
}

static struct axvcpu_config *config_of(int backend, const char *text)
{
	struct axvcpu_config *config = NULL;

	assert_ok(axvcpu_config_create(backends[backend], AXVCPU_CONFIG_CREATE, &config));
	assert_ok(axvcpu_config_parse(config, text));
	return config;
}

static struct axvcpu *make(int backend, const char *text, uint32_t id)
{
	struct axvcpu_create_info info = { .size = sizeof(info), .vcpu_id = id };
	struct axvcpu_config *config = config_of(backend, text);
	struct axvcpu *vcpu = NULL;

	info.config = config;
	assert_ok(axvcpu_create(backends[backend], &info, &vcpu));
	axvcpu_config_destroy(config);
	return vcpu;
}

static int32_t add(struct axvcpu *vcpu, int backend, const char *text)
{
	struct axvcpu_config *config = config_of(backend, text);
	int32_t error = axvcpu_add_engine(vcpu, backends[backend], config);

	axvcpu_config_destroy(config);
	return error;
}

static void expect(const struct model *model, uint64_t features, uint64_t family, uint64_t khz)
{
	assert_int_equal(model->values[FEATURES], features);
	assert_int_equal(model->values[FAMILY], family);
	assert_int_equal(model->values[KHZ], khz);
}

static void bits_that_all_have_are_kept(void **state)
{
	struct axvcpu *vcpu = make(0, "features=0xf0,family=5", 0);
	struct model *first = last_created, *second;

	(void)state;
	assert_ok(add(vcpu, 1, "features=0x3c,family=6"));
	second = last_created;
	expect(first, 0x30, 5, 1000);
	expect(second, 0x30, 5, 1000);
	assert_ok(axvcpu_destroy(vcpu));
}

static void the_third_engine_is_heard_by_all(void **state)
{
	struct axvcpu *vcpu = make(0, "features=0xf0", 0);
	struct model *models[3] = { last_created };

	(void)state;
	assert_ok(add(vcpu, 1, "features=0x3c"));
	models[1] = last_created;
	assert_ok(add(vcpu, 2, "features=0xff10"));
	models[2] = last_created;
	for (int i = 0; i < 3; i++)
		expect(models[i], 0x10, 1, 1000);
	assert_ok(axvcpu_destroy(vcpu));
}

static void the_value_that_all_take_is_found(void **state)
{
	struct axvcpu *vcpu = make(0, "khz=3000", 0);
	struct model *first = last_created;

	(void)state;
	assert_ok(add(vcpu, 1, "khz=2000,most_khz=2500"));
	expect(first, 0, 1, 2000);
	expect(last_created, 0, 1, 2000);
	assert_ok(axvcpu_destroy(vcpu));
}

static void a_register_that_one_lacks_is_the_others(void **state)
{
	struct axvcpu *vcpu = make(0, "features=0xf0,has=1", 0);
	struct model *first = last_created;

	(void)state;
	assert_ok(add(vcpu, 1, "features=0x3c,family=9,khz=7"));
	assert_int_equal(first->values[FEATURES], 0x30);
	expect(last_created, 0x30, 9, 7);
	assert_ok(axvcpu_destroy(vcpu));
}

/* Of two engines, neither of which can have the other's frequency. */
static void a_refusal_changes_nothing(void **state)
{
	struct axvcpu *vcpu = make(0, "features=0xf0,family=5,khz=3000", 0);
	struct axvcpu *other = make(1, "features=0x3c,family=6,khz=4000", 1);
	struct axvcpu *const both[2] = { vcpu, other };
	struct model *models[2];
	void *arch;

	(void)state;
	assert_ok(axvcpu_arch_vcpu(vcpu, backends[0], &arch));
	models[0] = arch;
	assert_ok(axvcpu_arch_vcpu(other, backends[1], &arch));
	models[1] = arch;
	models[0]->config.most_khz = 3000;
	models[1]->config.most_khz = 2000;
	assert_error(axvcpu_agree(both, 2), AXVCPU_ERROR_INVALID_INPUT, "tsc_khz");
	assert_error(axvcpu_agree(both, 2), AXVCPU_ERROR_INVALID_INPUT, "of model");
	expect(models[0], 0xf0, 5, 3000);
	models[1]->config.most_khz = UINT64_MAX;
	expect(models[1], 0x3c, 6, 4000);
	assert_ok(axvcpu_agree(both, 2));
	expect(models[0], 0x30, 5, 3000);
	expect(models[1], 0x30, 5, 3000);
	assert_ok(axvcpu_destroy(vcpu));
	assert_ok(axvcpu_destroy(other));
}

static void an_engine_that_does_not_agree_is_not_added(void **state)
{
	struct axvcpu *vcpu = make(0, "features=0xf0,khz=3000,most_khz=3000", 0);
	struct model *first = last_created;

	(void)state;
	assert_ok(axvcpu_setup(vcpu, 0, 0, NULL));
	assert_error(add(vcpu, 1, "features=0x10,khz=4000,most_khz=2000"), AXVCPU_ERROR_INVALID_INPUT, "tsc_khz");
	expect(first, 0xf0, 1, 3000);
	assert_ok(add(vcpu, 1, "features=0x3c,khz=3000")); /* it has none of that backend */
	expect(first, 0x30, 1, 3000);
	assert_ok(axvcpu_destroy(vcpu));
}

/* Two vCPUs of one VM, one of them with two engines. */
static void the_vcpus_of_a_vm_agree(void **state)
{
	struct axvcpu *vcpus[2] = { make(0, "features=0xff,khz=3000", 0), make(2, "features=0xf1,khz=2000", 1) };
	struct model *model;

	(void)state;
	model = last_created;
	assert_ok(add(vcpus[0], 1, "features=0x33"));
	assert_ok(axvcpu_agree(vcpus, 2));
	expect(model, 0x31, 1, 3000);
	expect(last_created, 0x31, 1, 3000);
	assert_ok(axvcpu_agree(vcpus, 0));
	for (int i = 0; i < 2; i++)
		assert_ok(axvcpu_destroy(vcpus[i]));
}

static void agreement_outlives_resets(void **state)
{
	static const int others[] = { 1, WITHOUT_RESET };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct axvcpu *vcpu = make(0, "features=0xf0", 0);
		struct model *first = last_created;
		unsigned made;

		assert_ok(add(vcpu, others[i], "features=0x3c"));
		assert_ok(axvcpu_reset(vcpu));
		expect(first, 0x30, 1, 1000);
		made = creates;
		for (int life = 0; life < 2; life++) {
			assert_ok(axvcpu_setup(vcpu, 0, 0, NULL));
			assert_ok(axvcpu_switch(vcpu, backends[others[i]]));
			expect(last_created, 0x30, 1, 1000);
			assert_ok(axvcpu_reset(vcpu));
			expect(last_created, 0x30, 1, 1000);
		}
		assert_int_equal(creates > made, others[i] == WITHOUT_RESET);
		assert_ok(axvcpu_destroy(vcpu));
	}
}

static void a_guest_that_has_run_is_not_told_something_else(void **state)
{
	struct axvcpu *vcpu = make(0, "features=0xf0", 0);
	struct model *first = last_created;

	(void)state;
	assert_ok(axvcpu_setup(vcpu, 0, 0, NULL));
	assert_ok(axvcpu_bind(vcpu));
	assert_error(axvcpu_agree(&vcpu, 1), AXVCPU_ERROR_BAD_STATE, "before the first axvcpu_bind");
	assert_ok(add(vcpu, 1, "features=0x3c"));
	expect(first, 0xf0, 1, 1000);
	expect(last_created, 0x3c, 1, 1000);
	writes = 0;
	assert_ok(axvcpu_switch(vcpu, backends[1]));
	expect(last_created, 0x3c, 1, 1000); /* what a switch carries is not the model */
	assert_int_equal(writes, 1);         /* tsc_khz, which a snapshot has too */
	assert_ok(axvcpu_destroy(vcpu));
}

/* Of this host: a snapshot that is loaded elsewhere must not bring them. */
static int is_of_model(void *context, uint64_t id, const char *name, const void *value, uint32_t size)
{
	(void)name;
	(void)value;
	(void)size;
	*(int *)context += id == ids[FEATURES] || id == ids[FAMILY];
	return 0;
}

static void local_registers_are_not_in_snapshots(void **state)
{
	struct axvcpu *vcpu = make(0, "features=0xf0", 0);
	_Alignas(8) uint8_t bytes[4096];
	size_t size = 0;
	int found = 0;

	(void)state;
	assert_ok(axvcpu_setup(vcpu, 0, 0, NULL));
	assert_ok(axvcpu_save_state(vcpu, bytes, sizeof(bytes), &size));
	assert_ok(axvcpu_snapshot_walk(bytes, size, is_of_model, &found));
	assert_int_equal(found, 0);
	assert_ok(axvcpu_destroy(vcpu));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bits_that_all_have_are_kept),
		cmocka_unit_test(the_third_engine_is_heard_by_all),
		cmocka_unit_test(the_value_that_all_take_is_found),
		cmocka_unit_test(a_register_that_one_lacks_is_the_others),
		cmocka_unit_test(a_refusal_changes_nothing),
		cmocka_unit_test(an_engine_that_does_not_agree_is_not_added),
		cmocka_unit_test(the_vcpus_of_a_vm_agree),
		cmocka_unit_test(agreement_outlives_resets),
		cmocka_unit_test(a_guest_that_has_run_is_not_told_something_else),
		cmocka_unit_test(local_registers_are_not_in_snapshots),
	};

	return cmocka_run_group_tests(tests, adopt, give_back);
}
