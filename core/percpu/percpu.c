/* SPDX-License-Identifier: Apache-2.0 */
/* Per-CPU state of a backend. The library keeps the flags; what there is to switch on is the backend's. */
#include <axvcpu/percpu.h>

#include "error/error.h"
#include "loader/backend.h"

#define DEFAULT_LEVELS 4u

static int32_t prefixed(const struct axvcpu_percpu *cpu, const char *what, int32_t error)
{
	return error ? error_prefix(error, "CPU %u: %s: ", cpu->cpu_id, what) : 0;
}

/* Calls an op that the backend may lack; then there is nothing to do. */
#define CALL_IF_THERE(cpu, op) \
	(BACKEND_HAS((cpu)->backend, op) ? (error_clear(), prefixed(cpu, #op, (cpu)->backend->ops.op((cpu)->arch))) : 0)

int32_t axvcpu_percpu_init(struct axvcpu_percpu *cpu, struct axvcpu_backend *backend, uint32_t cpu_id)
{
	void *arch = NULL;
	int32_t error = 0;

	if (cpu->initialised)
		return error_set(AXVCPU_ERROR_BAD_STATE,
				 "CPU %u: its per-CPU state is initialised already: destroy it first", cpu->cpu_id);
	if (BACKEND_HAS(backend, percpu_create)) {
		error_clear();
		error = backend->ops.percpu_create(host_table(), cpu_id, &arch);
	}
	if (error)
		return error_prefix(error, "CPU %u: percpu_create: ", cpu_id);
	*cpu = (struct axvcpu_percpu){
		.cpu_id = cpu_id, .initialised = 1, .backend = backend_ref(backend), .arch = arch
	};
	return 0;
}

static int32_t expect_initialised(const struct axvcpu_percpu *cpu, const char *what)
{
	if (cpu->initialised)
		return 0;
	return error_set(AXVCPU_ERROR_BAD_STATE, "%s needs per-CPU state that is initialised: call axvcpu_percpu_init",
			 what);
}

int axvcpu_percpu_is_enabled(const struct axvcpu_percpu *cpu)
{
	return cpu->enabled != 0;
}

int32_t axvcpu_percpu_hardware_enable(struct axvcpu_percpu *cpu)
{
	int32_t error;

	error = expect_initialised(cpu, "hardware_enable");
	if (!error && cpu->enabled)
		error = error_set(AXVCPU_ERROR_RESOURCE_BUSY, "CPU %u: its hardware is enabled already", cpu->cpu_id);
	if (!error)
		error = CALL_IF_THERE(cpu, hardware_enable);
	if (!error)
		cpu->enabled = 1;
	return error;
}

int32_t axvcpu_percpu_hardware_disable(struct axvcpu_percpu *cpu)
{
	int32_t error;

	error = expect_initialised(cpu, "hardware_disable");
	if (!error && !cpu->enabled)
		error = error_set(AXVCPU_ERROR_BAD_STATE, "CPU %u: its hardware is not enabled", cpu->cpu_id);
	if (!error)
		error = CALL_IF_THERE(cpu, hardware_disable);
	if (!error)
		cpu->enabled = 0;
	return error;
}

int32_t axvcpu_percpu_max_guest_page_table_levels(struct axvcpu_percpu *cpu, uint64_t *ret_levels)
{
	uint64_t levels = DEFAULT_LEVELS;
	int32_t error = expect_initialised(cpu, "max_guest_page_table_levels");

	if (!error && BACKEND_HAS(cpu->backend, max_guest_page_table_levels)) {
		error_clear();
		error = prefixed(cpu, "max_guest_page_table_levels",
				 cpu->backend->ops.max_guest_page_table_levels(cpu->arch, &levels));
	}
	if (!error)
		*ret_levels = levels;
	return error;
}

int32_t axvcpu_percpu_destroy(struct axvcpu_percpu *cpu)
{
	int32_t error = 0;

	if (!cpu || !cpu->initialised)
		return 0;
	if (cpu->enabled)
		error = CALL_IF_THERE(cpu, hardware_disable);
	if (BACKEND_HAS(cpu->backend, percpu_destroy))
		cpu->backend->ops.percpu_destroy(cpu->arch);
	axvcpu_backend_close(cpu->backend);
	*cpu = (struct axvcpu_percpu)AXVCPU_PERCPU_UNINIT;
	return error;
}
