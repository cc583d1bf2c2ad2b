/* SPDX-License-Identifier: Apache-2.0 */
/* Stands in for the loader, configs and layers: binds an ops table as it is. For as long as these are not there. */
#include <stdlib.h>

#include "config/call.h"
#include "error/error.h"
#include "layer/stack.h"
#include "loader/backend.h"

struct axvcpu_config {
	uint64_t block[16];
};

struct layer_stack {
	struct axarch_dispatch dispatch;
};

#pragma GCC diagnostic ignored "-Wunused-parameter"
#define STUB(scope, name, presence, since, where, arguments, doc) \
	static int32_t stub_##name(AXARCH_SELF_##scope self AXARCH_DECLARE(arguments)) \
	{ \
		return error_set(AXVCPU_ERROR_UNSUPPORTED, "the backend has no op %s", #name); \
	}
AXARCH_VCPU_OPS(STUB)

int32_t axvcpu_backend_adopt(const struct axarch_vcpu_ops *ops, struct axvcpu_backend **ret_backend)
{
	struct axvcpu_backend *backend = calloc(1, sizeof(*backend));

	backend->ops = *ops;
	backend->plugin = ops;
	backend->references = 1;
#define FILL(scope, name, presence, since, where, arguments, doc) \
	if (!ops->name) \
		backend->ops.name = stub_##name;
	AXARCH_VCPU_OPS(FILL)
	*ret_backend = backend;
	return 0;
}

struct axvcpu_backend *backend_ref(struct axvcpu_backend *backend)
{
	__atomic_fetch_add(&backend->references, 1, __ATOMIC_RELAXED);
	return backend;
}

void axvcpu_backend_close(struct axvcpu_backend *backend)
{
	if (__atomic_sub_fetch(&backend->references, 1, __ATOMIC_ACQ_REL) == 0)
		free(backend);
}

const struct axarch_description *axvcpu_backend_description(const struct axvcpu_backend *backend)
{
	return backend->plugin->description;
}

int backend_has_at(const struct axvcpu_backend *backend, size_t offset)
{
	return *(void (*const *)(void))((const char *)backend->plugin + offset) != NULL;
}

int32_t config_copy(struct axvcpu_backend *backend, uint32_t kind, const struct axvcpu_config *config,
		    struct axvcpu_config **ret_copy)
{
	const struct axarch_description *description = backend->plugin->description;
	const struct axarch_field *fields = (const void *)((const char *)description + description->size);

	/* The first field of each is all that the tests look at. */
	*ret_copy = calloc(1, sizeof(**ret_copy));
	(*ret_copy)->block[0] = fields[kind == AXVCPU_CONFIG_CREATE ? 0 : description->create.field_count].default_value;
	return 0;
}

void axvcpu_config_destroy(struct axvcpu_config *config)
{
	free(config);
}

const void *axvcpu_config_block(const struct axvcpu_config *config, size_t *ret_size)
{
	return config->block;
}

int32_t config_call_create(struct axvcpu_backend *backend, uint32_t vm_id, uint32_t vcpu_id, const struct axvcpu_config *config,
			   void **ret_self)
{
	return backend->ops.create(NULL, vm_id, vcpu_id, config->block, ret_self);
}

int32_t layer_stack_create(struct axvcpu_backend *backend, uint32_t vm_id, uint32_t vcpu_id, void *self, const char *layers,
			   struct layer_stack **ret_stack)
{
	struct layer_stack *stack = calloc(1, sizeof(*stack));

#define BIND_CLASS(name)
#define BIND_PERCPU(name)
#define BIND_VCPU(name) stack->dispatch.name.fn = backend->ops.name;
#define BIND(scope, name, presence, since, where, arguments, doc) BIND_##scope(name)
	AXARCH_VCPU_OPS(BIND)
	layer_stack_rebind(stack, self);
	*ret_stack = stack;
	return 0;
}

void layer_stack_rebind(struct layer_stack *stack, void *self)
{
#define REBIND_CLASS(name)
#define REBIND_PERCPU(name)
#define REBIND_VCPU(name) stack->dispatch.name.self = self;
#define REBIND(scope, name, presence, since, where, arguments, doc) REBIND_##scope(name)
	AXARCH_VCPU_OPS(REBIND)
}

const struct axarch_dispatch *layer_stack_dispatch(const struct layer_stack *stack)
{
	return &stack->dispatch;
}

void layer_stack_destroy(struct layer_stack *stack)
{
	free(stack);
}
