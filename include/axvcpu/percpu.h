/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Per-CPU state of a backend: what a host CPU needs before it can run that backend's vCPUs.
 *
 * In a hosted build a CPU is a host thread. The object is the caller's memory and constant-initialisable:
 *   static struct axvcpu_percpu cpu = AXVCPU_PERCPU_UNINIT;
 * Thread: one thread at a time. None of the simulators needs it; it is there for backends with hardware to switch on.
 */
#ifndef AXVCPU_PERCPU_H
#define AXVCPU_PERCPU_H

#include <axvcpu/backend.h>

#ifdef __cplusplus
extern "C" {
#endif

struct axvcpu_percpu {
	uint32_t cpu_id;
	uint32_t initialised;
	uint32_t enabled;
	uint32_t reserved;
	struct axvcpu_backend *backend;
	void *arch;
};

#define AXVCPU_PERCPU_UNINIT { 0, 0, 0, 0, NULL, NULL }

/* Errors: BAD_STATE (done before), or the backend's; after a failure it can be tried again. */
AXVCPU_API int32_t axvcpu_percpu_init(struct axvcpu_percpu *cpu, struct axvcpu_backend *backend, uint32_t cpu_id);

/* 1 between enable and disable, else 0. */
AXVCPU_API int axvcpu_percpu_is_enabled(const struct axvcpu_percpu *cpu);

/* Errors: RESOURCE_BUSY (is enabled), BAD_STATE (not initialised), or the backend's. */
AXVCPU_API int32_t axvcpu_percpu_hardware_enable(struct axvcpu_percpu *cpu);
/* Errors: BAD_STATE (is not enabled), or the backend's. */
AXVCPU_API int32_t axvcpu_percpu_hardware_disable(struct axvcpu_percpu *cpu);

/* 4 where the backend does not say otherwise. Errors: BAD_STATE (not initialised), or the backend's. */
AXVCPU_API int32_t axvcpu_percpu_max_guest_page_table_levels(struct axvcpu_percpu *cpu, uint64_t *ret_levels);

/* Disables if enabled and goes back to AXVCPU_PERCPU_UNINIT; fine on that, and on NULL. A failing disable is
 * returned, and everything else is released all the same. */
AXVCPU_API int32_t axvcpu_percpu_destroy(struct axvcpu_percpu *cpu);

#ifdef __cplusplus
}
#endif
#endif
