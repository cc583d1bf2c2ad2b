/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin with the mandatory ops, which do nothing. The broken ones are this with one thing changed. */
#ifndef TESTS_PLUGINS_MINIMAL_H
#define TESTS_PLUGINS_MINIMAL_H

#include <axvcpu/plugin/plugin.h>

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
	.id = id_, .version = "1", .licence = "Apache-2.0", .summary = "a plugin for tests", .arch = 0

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
