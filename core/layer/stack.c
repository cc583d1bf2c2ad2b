/* SPDX-License-Identifier: Apache-2.0 */
/* The table of bound slots that a vCPU calls through. Knows no op by name but setup, whose config goes by value. */
#include <stdlib.h>

#include "../config/call.h"
#include "../error/error.h"
#include "../loader/backend.h"
#include "stack.h"

/* The self of the setup slot, as the plugin's own setup has another signature. */
struct setup_adaptor {
	struct axvcpu_backend *backend;
	void *self;
};

struct layer_stack {
	struct axarch_dispatch bottom;
	struct setup_adaptor setup;
};

static int32_t setup_by_value(void *self, const void *config)
{
	struct setup_adaptor *adaptor = self;

	return config_call_setup(adaptor->backend, adaptor->self, config);
}

/* clang-format off */
#define BIND_CLASS(name)
#define BIND_PERCPU(name)
#define BIND_VCPU(name) \
	dispatch->name.fn = stack->setup.backend->ops.name; \
	dispatch->name.self = stack->setup.self;
#define BIND(scope, name, presence, since, where, arguments, doc) BIND_##scope(name)
static void bind_plugin(struct layer_stack *stack)
{
	struct axarch_dispatch *dispatch = &stack->bottom;

	AXARCH_VCPU_OPS(BIND)
	dispatch->setup.fn = setup_by_value;
	dispatch->setup.self = &stack->setup;
}
/* clang-format on */

int32_t layer_stack_create(struct axvcpu_backend *backend, uint32_t vm_id, uint32_t vcpu_id, void *self,
			   const char *layers, struct layer_stack **ret_stack)
{
	struct layer_stack *stack = calloc(1, sizeof(*stack));

	(void)vm_id;
	(void)vcpu_id;
	if (!stack)
		return error_set(AXVCPU_ERROR_NO_MEMORY, "no memory for a vCPU's table of ops");
	if (layers && *layers) {
		free(stack);
		return error_set(AXVCPU_ERROR_NOT_FOUND, "no layer \"%s\"", layers);
	}
	stack->setup.backend = backend;
	stack->setup.self = self;
	bind_plugin(stack);
	*ret_stack = stack;
	return 0;
}

const struct axarch_dispatch *layer_stack_dispatch(const struct layer_stack *stack)
{
	return &stack->bottom;
}

void layer_stack_rebind(struct layer_stack *stack, void *self)
{
	stack->setup.self = self;
	bind_plugin(stack);
}

void layer_stack_destroy(struct layer_stack *stack)
{
	free(stack);
}
