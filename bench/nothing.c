/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The backend whose run returns Nothing at once: what is left is the cost of the library. One source for the shared
 * object and for the static binding of run-cost.c.
 */
#include <axvcpu/plugin/plugin.h>

AXARCH_CONFIG(nothing_config, AXARCH_EMPTY_CONFIG)

static uint64_t self_is_not_null;

static int32_t nothing_create(const struct axarch_host *host, uint32_t vm_id, uint32_t vcpu_id,
			      struct nothing_config config, void **ret_self)
{
	(void)host;
	(void)vm_id;
	(void)vcpu_id;
	(void)config;
	*ret_self = &self_is_not_null;
	return 0;
}

static int32_t nothing_setup(void *self, struct nothing_config config)
{
	(void)self;
	(void)config;
	return 0;
}

static int32_t nothing_run(void *self, struct axvcpu_exit *exit)
{
	(void)self;
	exit->reason = AXVCPU_EXIT_NOTHING;
	return 0;
}

static int32_t no_arguments(void *self)
{
	(void)self;
	return 0;
}

static int32_t one_u64(void *self, uint64_t value)
{
	(void)self;
	(void)value;
	return 0;
}

static int32_t nothing_set_gpr(void *self, uint32_t index, uint64_t value)
{
	(void)self;
	(void)index;
	(void)value;
	return 0;
}

/* clang-format off */
AXARCH_PLUGIN(nothing_config, AXARCH_EMPTY_CONFIG, nothing_create, nothing_config, AXARCH_EMPTY_CONFIG, nothing_setup,
	AXARCH_ABOUT(.arch = AXVCPU_ARCH_RISCV64, .id = "nothing", .version = "1", .licence = "Apache-2.0",
		     .summary = "returns Nothing at once"),
	.destroy = no_arguments,
	.set_entry = one_u64,
	.set_ept_root = one_u64,
	.run = nothing_run,
	.bind = no_arguments,
	.unbind = no_arguments,
	.set_gpr = nothing_set_gpr,
	.inject_interrupt = one_u64,
	.set_return_value = one_u64
);
/* clang-format on */
