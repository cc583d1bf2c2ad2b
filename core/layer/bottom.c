/* SPDX-License-Identifier: Apache-2.0 */
/* Knows no op by name but setup, whose config goes by value to the plugin. */
#include "bottom.h"

#include "config/call.h"
#include "loader/backend.h"

static int32_t setup_by_value(void *self, const void *config)
{
	const struct bottom *bottom = self;

	return config_call_setup(bottom->backend, bottom->self, config);
}

/* clang-format off */
#define BIND_CLASS(name)
#define BIND_PERCPU(name)
#define BIND_VCPU(name) \
	dispatch->name.fn = backend->ops.name; \
	dispatch->name.self = self;
#define BIND(scope, name, presence, since, where, arguments, doc) BIND_##scope(name)
void bottom_bind(struct bottom *bottom, struct axvcpu_backend *backend, void *self)
{
	struct axarch_dispatch *dispatch = &bottom->dispatch;

	if (bottom->backend != backend) /* other threads read it while a reset makes the plugin's vCPU anew */
		bottom->backend = backend;
	bottom->self = self;
	AXARCH_VCPU_OPS(BIND)
	dispatch->setup.fn = setup_by_value;
	dispatch->setup.self = bottom;
}
/* clang-format on */
