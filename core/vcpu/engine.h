/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vCPU's engines: what each backend's create has made for it. It runs on one at a time (axvcpu.engine); the others
 * wait for a switch back, as making one anew costs more than the switch itself.
 */
#ifndef CORE_VCPU_ENGINE_H
#define CORE_VCPU_ENGINE_H

#include <axvcpu/config.h>

#include "layer/bottom.h"

struct axvcpu;

struct engine {
	struct engine *next;
	struct bottom bottom;             /* its self is NULL after a reset that failed */
	struct axvcpu_config *config;     /* the create config, for reset */
	uint32_t is_set_up;               /* for the vCPU's present life */
	uint32_t is_used;                 /* set up since it was made or reset */
	struct engine_model *model;       /* what it has agreed to; NULL: nothing */
	uint64_t (*clock)(void *context); /* that it was told */
	void *clock_context;
};

/* `config` NULL: the backend's defaults. It is copied. */
int32_t engine_create(const struct axvcpu *vcpu, struct axvcpu_backend *backend, const struct axvcpu_config *config,
		      struct engine **ret_engine);
/* NULL is fine. */
void engine_destroy(struct engine *engine);

/* For backends without a reset: destroys the plugin's vCPU and makes it again. On failure there is none. */
int32_t engine_remake(const struct axvcpu *vcpu, struct engine *engine);

/* As create made it, by the plugin's reset or by making it again; what it agreed to stays. */
int32_t engine_renew(const struct axvcpu *vcpu, struct engine *engine);

/* The vCPU's engine of that backend; NULL: it has none. */
struct engine *engine_find(const struct axvcpu *vcpu, const struct axvcpu_backend *backend);

/*
 * An engine of another backend for this vCPU, that is not among its engines. `config` NULL: from the present engine's,
 * field by field where the backend has one of that name which takes the value. UNSUPPORTED: another architecture.
 */
int32_t engine_create_like(const struct axvcpu *vcpu, struct axvcpu_backend *backend,
			   const struct axvcpu_config *config, struct engine **ret_engine);

/* Tells it the vCPU's clock, if it knows another one. An engine without clocks of its own is fine. */
int32_t engine_set_clock(const struct axvcpu *vcpu, struct engine *engine);

/* The op setup, with the defaults of its config. */
int32_t engine_setup_with_defaults(const struct engine *engine);

/* Reset, and the three steps of setup as the vCPU was set up, with the defaults of the setup config. */
int32_t engine_set_up(const struct axvcpu *vcpu, struct engine *engine);

/* agree.c: see axvcpu_agree. What they agree to is remembered. */
int32_t engines_agree(struct engine *const *engines, uint32_t count, uint32_t arch);
/* Tells the plugin's vCPU, that was reset or made again, what the engine has agreed to. */
int32_t engine_restore_model(const struct engine *engine);

#endif
