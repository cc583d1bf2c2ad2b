/* SPDX-License-Identifier: Apache-2.0 */
/* Making and ending engines, and how one backend's create config becomes another's. */
#include "engine.h"

#include <stdlib.h>
#include <string.h>

#include <axvcpu/state.h>

#include "state/state.h"
#include "vcpu.h"

#define TEXT_MAX 4096 /* of a field's value */

static int32_t make(const struct axvcpu *vcpu, struct engine *engine, struct axvcpu_backend *backend)
{
	void *self = NULL;
	int32_t error;

	error_clear();
	error = config_call_create(backend, vcpu->vm_id, vcpu->id, engine->config, &self);
	if (error)
		return vcpu_error(vcpu, "create", error);
	bottom_bind(&engine->bottom, backend, self);
	return 0;
}

int32_t engine_create(const struct axvcpu *vcpu, struct axvcpu_backend *backend, const struct axvcpu_config *config,
		      struct engine **ret_engine)
{
	struct engine *engine = calloc(1, sizeof(*engine));
	int32_t error;

	if (!engine)
		return error_set(AXVCPU_ERROR_NO_MEMORY, "no memory for an engine of vCPU %u", vcpu->id);
	error = config_copy(backend, AXVCPU_CONFIG_CREATE, config, &engine->config);
	if (error)
		goto free_engine;
	error = make(vcpu, engine, backend);
	if (error)
		goto destroy_config;
	backend_ref(backend);
	*ret_engine = engine;
	return 0;
destroy_config:
	axvcpu_config_destroy(engine->config);
free_engine:
	free(engine);
	return error;
}

void engine_destroy(struct engine *engine)
{
	struct axvcpu_backend *backend;

	if (!engine)
		return;
	backend = engine->bottom.backend;
	if (engine->bottom.self)
		engine->bottom.dispatch.destroy.fn(engine->bottom.dispatch.destroy.self);
	axvcpu_config_destroy(engine->config);
	free(engine->model);
	axvcpu_backend_close(backend);
	free(engine);
}

/* The old one goes first: an engine may allow one vCPU of an id only. */
int32_t engine_remake(const struct axvcpu *vcpu, struct engine *engine)
{
	if (engine->bottom.self)
		engine->bottom.dispatch.destroy.fn(engine->bottom.dispatch.destroy.self);
	engine->bottom.self = NULL;
	return make(vcpu, engine, engine->bottom.backend);
}

struct engine *engine_find(const struct axvcpu *vcpu, const struct axvcpu_backend *backend)
{
	struct engine *engine = vcpu->engines;

	while (engine && engine->bottom.backend != backend)
		engine = engine->next;
	return engine;
}

/* What the other backend does not have, or does not take, stays at its default: its own is the best guess then. */
static void carry_field(const struct axvcpu_config *from, const char *name, struct axvcpu_config *to)
{
	char text[TEXT_MAX];

	if (!axvcpu_config_get(from, name, text, sizeof(text)))
		axvcpu_config_set(to, name, text);
}

static int32_t config_like(const struct axvcpu_config *from, struct axvcpu_backend *backend,
			   struct axvcpu_config **ret_config)
{
	uint32_t count;
	const struct axarch_field *fields = axvcpu_config_fields(backend, AXVCPU_CONFIG_CREATE, &count);
	struct axvcpu_config *config;
	int32_t error = axvcpu_config_create(backend, AXVCPU_CONFIG_CREATE, &config);

	if (error)
		return error;
	for (uint32_t i = 0; i < count; i++)
		carry_field(from, fields[i].name, config);
	error_clear();
	*ret_config = config;
	return 0;
}

/* A backend of no architecture plays that of the vCPU, if its config has a field for it. */
static int32_t expect_arch(const struct axvcpu *vcpu, const struct axvcpu_backend *backend)
{
	const struct axarch_description *other = axvcpu_backend_description(backend);
	uint32_t arch;
	int32_t error = vcpu_arch(vcpu, &arch);

	if (error || !other->arch || other->arch == arch)
		return error;
	return error_set(AXVCPU_ERROR_UNSUPPORTED,
			 "vCPU %u is of %s, and backend %s executes %s: engines of one vCPU are of one architecture",
			 vcpu->id, axvcpu_arch_name(arch), other->id, axvcpu_arch_name(other->arch));
}

int32_t engine_create_like(const struct axvcpu *vcpu, struct axvcpu_backend *backend,
			   const struct axvcpu_config *config, struct engine **ret_engine)
{
	struct axvcpu_config *own = NULL;
	int32_t error = expect_arch(vcpu, backend);

	if (!error && !config)
		error = config_like(vcpu->engine->config, backend, &own);
	if (!error)
		error = engine_create(vcpu, backend, config ? config : own, ret_engine);
	axvcpu_config_destroy(own);
	return error;
}

int32_t engine_set_clock(const struct axvcpu *vcpu, struct engine *engine)
{
	const struct axarch_dispatch *ops = &engine->bottom.dispatch;
	int32_t error;

	if (engine->clock == vcpu->clock && engine->clock_context == vcpu->clock_context)
		return 0;
	error_clear();
	error = ops->set_clock.fn(ops->set_clock.self, vcpu->clock, vcpu->clock_context);
	if (error && error != AXVCPU_ERROR_UNSUPPORTED)
		return error_prefix(error, "set_clock: ");
	engine->clock = vcpu->clock;
	engine->clock_context = vcpu->clock_context;
	return 0;
}

int32_t engine_renew(const struct axvcpu *vcpu, struct engine *engine)
{
	const struct axarch_dispatch *ops = &engine->bottom.dispatch;
	int32_t error;

	engine->clock = NULL;
	engine->clock_context = NULL;
	if (!engine->bottom.self || !BACKEND_HAS(engine->bottom.backend, reset))
		error = engine_remake(vcpu, engine);
	else
		error = ops->reset.fn(ops->reset.self);
	if (!error)
		error = engine_restore_model(engine);
	if (!error)
		engine->is_used = 0;
	return error;
}

int32_t engine_setup_with_defaults(const struct engine *engine)
{
	const struct axarch_dispatch *ops = &engine->bottom.dispatch;
	struct axvcpu_config *config;
	int32_t error = config_copy(engine->bottom.backend, AXVCPU_CONFIG_SETUP, NULL, &config);

	if (error)
		return error;
	error = ops->setup.fn(ops->setup.self, axvcpu_config_block(config, &(size_t){ 0 }));
	axvcpu_config_destroy(config);
	return error;
}

int32_t engine_set_up(const struct axvcpu *vcpu, struct engine *engine)
{
	const struct axarch_dispatch *ops = &engine->bottom.dispatch;
	int32_t error;

	if (engine->is_set_up)
		return 0;
	error_clear();
	error = engine_renew(vcpu, engine);
	if (!error)
		error = ops->set_entry.fn(ops->set_entry.self, vcpu->entry);
	if (!error)
		error = ops->set_ept_root.fn(ops->set_ept_root.self, vcpu->ept_root);
	if (!error)
		error = engine_setup_with_defaults(engine);
	engine->is_used = 1;
	if (error)
		return error_prefix(error, "setup: ");
	engine->is_set_up = 1;
	return 0;
}
