/* SPDX-License-Identifier: Apache-2.0 */
/* Engines and spaces for layers, made of what the library has for VMMs. */
#include "engines.h"

#include <stdlib.h>

#include <axvcpu/axvcpu.h>

#include "state/transfer.h"
#include "vcpu/engine.h"
#include "vcpu/vcpu.h"

/* To a layer an engine is an opaque struct of its own, and so is the vCPU that it is attached to. */
struct axarch_engine {
	struct axvcpu *vcpu;
	struct engine *engine;
};

static int32_t open_engine(struct axarch_origin *origin, const char *name, struct axarch_engine **ret_engine,
			   const struct axarch_dispatch **ret_dispatch)
{
	struct axarch_engine *engine = calloc(1, sizeof(*engine));
	struct axvcpu_backend *backend = NULL;
	int32_t error;

	if (!engine)
		return error_set(AXVCPU_ERROR_NO_MEMORY, "no memory for an engine");
	engine->vcpu = (struct axvcpu *)(void *)origin;
	error = axvcpu_backend_open(name, &backend);
	if (!error)
		error = engine_create_like(engine->vcpu, backend, NULL, &engine->engine);
	axvcpu_backend_close(backend);
	if (error) {
		free(engine);
		return error;
	}
	*ret_dispatch = &engine->engine->bottom.dispatch;
	*ret_engine = engine;
	return 0;
}

static void close_engine(struct axarch_engine *engine)
{
	if (engine)
		engine_destroy(engine->engine);
	free(engine);
}

static int32_t setup_engine(struct axarch_engine *engine)
{
	return engine_setup_with_defaults(engine->engine);
}

static int32_t call_engine(struct axarch_engine *engine, const char *extension, const char *function,
			   uint64_t *arguments, uint32_t count, uint64_t *ret_result)
{
	if (!count)
		return error_set(AXVCPU_ERROR_INVALID_INPUT,
				 "the first argument is the engine's vCPU, and there is none");
	arguments[0] = (uintptr_t)engine->engine->bottom.self;
	return axvcpu_backend_call(engine->engine->bottom.backend, extension, function, arguments, count, ret_result);
}

static const struct axarch_engines table = {
	.size = sizeof(struct axarch_engines),
	.open = open_engine,
	.close = close_engine,
	.setup = setup_engine,
	.transfer = state_transfer,
	.call = call_engine,
	.regs = axvcpu_regs,
	.space_of_root = axvcpu_space_of_root,
	.space_create = axvcpu_space_create,
	.space_destroy = axvcpu_space_destroy,
	.space_root = axvcpu_space_root,
	.space_add = axvcpu_space_add,
	.space_remove = axvcpu_space_remove,
	.space_slots = axvcpu_space_slots,
	.space_log_dirty = axvcpu_space_log_dirty,
	.space_fetch_dirty = axvcpu_space_fetch_dirty,
	.space_mark_written = axvcpu_space_mark_written,
	.exit_format = axvcpu_exit_format,
	.error_code = axvcpu_error_code,
	.error_text = axvcpu_error_text,
};

const struct axarch_engines *engines_table(void)
{
	return &table;
}
