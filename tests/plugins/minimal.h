/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin with the mandatory ops, which do nothing. The broken ones are this with one thing changed. */
#ifndef TESTS_PLUGINS_MINIMAL_H
#define TESTS_PLUGINS_MINIMAL_H

#include <axvcpu/plugin/plugin.h>

/* Initialisers that replace some of the field's record in both configs: [0].size = 8 */
#ifdef MINIMAL_RECORD
#undef AXARCH_FIELD_RECORDS
#define AXARCH_FIELD_RECORDS(tag, FIELDS) \
	FIELDS(tag, AXARCH_INT_RECORD_, AXARCH_CHOICE_RECORD_, AXARCH_TEXT_RECORD_, AXARCH_ARRAY_RECORD_) MINIMAL_RECORD
#endif

/* Initialisers that replace some of the description: .arch = 99 */
#ifndef MINIMAL_DESCRIPTION
#define MINIMAL_DESCRIPTION .reserved = 0
#endif

AXARCH_CONFIG(minimal_config, AXARCH_EMPTY_CONFIG)

static int minimal_vcpu;

__attribute__((unused)) static int32_t minimal_create(const struct axarch_host *host, uint32_t vm_id, uint32_t vcpu_id,
						      struct minimal_config config, void **ret_self)
{
	(void)host, (void)vm_id, (void)vcpu_id, (void)config;
	*ret_self = &minimal_vcpu;
	return 0;
}

__attribute__((unused)) static int32_t minimal_setup(void *self, struct minimal_config config)
{
	(void)self, (void)config;
	return 0;
}

static int32_t minimal_plain(void *self)
{
	(void)self;
	return 0;
}

static int32_t minimal_u64(void *self, uint64_t value)
{
	(void)self, (void)value;
	return 0;
}

static int32_t minimal_set_gpr(void *self, uint32_t index, uint64_t value)
{
	(void)self, (void)index, (void)value;
	return 0;
}

static int32_t minimal_run(void *self, struct axvcpu_exit *exit)
{
	(void)self;
	exit->reason = AXVCPU_EXIT_NOTHING;
	return 0;
}

/* clang-format off */
#define MINIMAL_ABOUT(id_) \
	.id = id_, .version = "1", .licence = "Apache-2.0", .summary = "a plugin for tests", .arch = 0, \
	MINIMAL_DESCRIPTION

#define MINIMAL_OPS \
	.destroy = minimal_plain, .set_entry = minimal_u64, .set_ept_root = minimal_u64, .run = minimal_run, \
	.bind = minimal_plain, .unbind = minimal_plain, .set_gpr = minimal_set_gpr, .inject_interrupt = minimal_u64, \
	.set_return_value = minimal_u64

/* MINIMAL_PLUGIN("id", more ops and overrides) */
#define MINIMAL_PLUGIN(id_, ...) \
	AXARCH_PLUGIN(minimal_config, AXARCH_EMPTY_CONFIG, minimal_create, minimal_config, AXARCH_EMPTY_CONFIG, minimal_setup, \
		      AXARCH_ABOUT(MINIMAL_ABOUT(id_)), MINIMAL_OPS, __VA_ARGS__)
/* clang-format on */

#endif
