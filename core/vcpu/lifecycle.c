/* SPDX-License-Identifier: Apache-2.0 */
/* A vCPU's life: create, setup, bind, unbind, reset, destroy; and the facts it was created with. */
#include <stdlib.h>
#include <string.h>

#include "vcpu.h"

static int32_t check_range(const char *member, uint32_t value, uint32_t most)
{
	if (value <= most)
		return 0;
	return error_set(AXVCPU_ERROR_INVALID_INPUT, "axvcpu_create: %s is %u, at most %u is possible", member, value,
			 most);
}

static int32_t check_info(const struct axvcpu_create_info *info)
{
	int32_t error;

	if (info->size != sizeof(*info))
		return error_set(AXVCPU_ERROR_INVALID_INPUT,
				 "axvcpu_create: size is %u, it must be sizeof(struct axvcpu_create_info), %zu",
				 info->size, sizeof(*info));
	error = check_range("has_phys_cpu_set", info->has_phys_cpu_set, 1);
	if (!error)
		error = check_range("state_policy", info->state_policy, AXVCPU_POLICY_REJECT);
	if (!error)
		error = check_range("halt_policy", info->halt_policy, AXVCPU_HALT_BLOCK);
	if (!error)
		error = check_range("interrupt_capacity", info->interrupt_capacity, INTERRUPT_CAPACITY_MAX);
	return error;
}

void vcpu_cache_ops(struct axvcpu *vcpu)
{
	vcpu->has_kick = BACKEND_HAS(vcpu_backend(vcpu), kick) != 0;
	vcpu->head.run = vcpu->ops->run.fn;
	vcpu->head.self = vcpu->ops->run.self;
}

static uint32_t resting_gate(const struct axvcpu *vcpu)
{
	return vcpu->halt_policy == AXVCPU_HALT_BLOCK ? AXVCPU_GATE_SLOW : 0;
}

static void take_info(struct axvcpu *vcpu, const struct axvcpu_create_info *info)
{
	vcpu->vm_id = info->vm_id;
	vcpu->id = info->vcpu_id;
	vcpu->favor_phys_cpu = info->favor_phys_cpu;
	vcpu->has_phys_cpu_set = info->has_phys_cpu_set;
	vcpu->phys_cpu_set = info->phys_cpu_set;
	vcpu->state_policy = info->state_policy;
	vcpu->halt_policy = info->halt_policy;
	vcpu->head.gate = resting_gate(vcpu);
}

static void *zeroed(size_t size)
{
	void *memory = NULL;

	/* A vCPU has cache lines of its own: other threads look at its head while it runs. */
	if (posix_memalign(&memory, 64, (size + 63) & ~(size_t)63))
		return NULL;
	return memset(memory, 0, size);
}

static int32_t make_stack(struct axvcpu *vcpu, const char *layers)
{
	const struct axarch_description *description = axvcpu_backend_description(vcpu_backend(vcpu));
	const struct axarch_layer_site site = { .size = sizeof(site),
						.vm_id = vcpu->vm_id,
						.vcpu_id = vcpu->id,
						.arch = description->arch,
						.backend_id = description->id,
						.origin = (struct axarch_origin *)(void *)vcpu };
	int32_t error = layer_stack_create(&vcpu->engine->bottom.dispatch, &site, layers, &vcpu->stack);

	if (!error)
		vcpu->ops = layer_stack_dispatch(vcpu->stack);
	return error;
}

int32_t axvcpu_create(struct axvcpu_backend *backend, const struct axvcpu_create_info *info, struct axvcpu **ret_vcpu)
{
	uint32_t capacity = info->interrupt_capacity ? info->interrupt_capacity : INTERRUPT_CAPACITY_DEFAULT;
	struct axvcpu *vcpu;
	int32_t error;

	error = check_info(info);
	if (error)
		return error;
	vcpu = zeroed(sizeof(*vcpu));
	if (!vcpu)
		return error_set(AXVCPU_ERROR_NO_MEMORY, "no memory for vCPU %u", info->vcpu_id);
	take_info(vcpu, info);
	error = interrupt_queue_init(&vcpu->interrupts, capacity);
	if (error)
		goto free_vcpu;
	error = engine_create(vcpu, backend, info->config, &vcpu->engine);
	if (error)
		goto finish_interrupts;
	vcpu->engines = vcpu->engine;
	error = make_stack(vcpu, info->layers);
	if (error)
		goto destroy_engine;
	vcpu_cache_ops(vcpu);
	debug_forget(vcpu);
	vcpu_set_state(vcpu, AXVCPU_STATE_CREATED);
	*ret_vcpu = vcpu;
	return 0;
destroy_engine:
	engine_destroy(vcpu->engine);
finish_interrupts:
	interrupt_queue_finish(&vcpu->interrupts);
free_vcpu:
	free(vcpu);
	return error;
}

/* Leaves the thread that bound it, whatever its state. The engine's opinion matters no more: what comes next ends or
 * remakes it. */
static void leave_thread(struct axvcpu *vcpu)
{
	if (!bound_here(vcpu))
		return;
	vcpu->ops->unbind.fn(vcpu->ops->unbind.self);
	thread_unbind(vcpu);
}

/* That nobody is at work on the vCPU, this thread included. */
static int32_t expect_idle(const struct axvcpu *vcpu, const char *what)
{
	int32_t error = vcpu_expect_resting(vcpu, what);

	if (error)
		return error;
	return current_slot ? current_nested(vcpu, what) : 0;
}

static void destroy_engines(struct axvcpu *vcpu)
{
	while (vcpu->engines) {
		struct engine *engine = vcpu->engines;

		vcpu->engines = engine->next;
		engine_destroy(engine);
	}
}

/* The layers hear of the end of the engine that they stand on. */
static void end_engine(struct axvcpu *vcpu)
{
	if (!vcpu->engine->bottom.self)
		return;
	leave_thread(vcpu);
	vcpu->ops->destroy.fn(vcpu->ops->destroy.self);
	vcpu->engine->bottom.self = NULL;
}

int32_t axvcpu_destroy(struct axvcpu *vcpu)
{
	if (!vcpu)
		return 0;
	if (expect_idle(vcpu, "destroy"))
		return error_set(AXVCPU_ERROR_RESOURCE_BUSY, "%s", axvcpu_error_text());
	current_slot = vcpu;
	end_engine(vcpu);
	current_slot = NULL;
	layer_stack_destroy(vcpu->stack);
	destroy_engines(vcpu);
	debug_forget(vcpu);
	interrupt_queue_finish(&vcpu->interrupts);
	free(vcpu);
	return 0;
}

struct setup_arguments {
	uint64_t entry;
	uint64_t ept_root;
	const void *block;
};

/* The three steps, in the original's order; the first failure ends them. */
static int32_t setup_steps(struct axvcpu *vcpu, void *context)
{
	const struct setup_arguments *arguments = context;
	const struct axarch_dispatch *ops = vcpu->ops;
	const char *step = "set_entry";
	int32_t error;

	vcpu->engine->is_used = 1;
	error_clear();
	error = ops->set_entry.fn(ops->set_entry.self, arguments->entry);
	if (!error) {
		step = "set_ept_root";
		error = ops->set_ept_root.fn(ops->set_ept_root.self, arguments->ept_root);
	}
	if (!error) {
		step = "setup";
		error = ops->setup.fn(ops->setup.self, arguments->block);
	}
	if (error)
		return vcpu_error(vcpu, step, error);
	vcpu->entry = arguments->entry;
	vcpu->ept_root = arguments->ept_root;
	for (struct engine *engine = vcpu->engines; engine; engine = engine->next)
		engine->is_set_up = engine == vcpu->engine;
	return 0;
}

int32_t axvcpu_setup(struct axvcpu *vcpu, uint64_t entry, uint64_t ept_root, const struct axvcpu_config *config)
{
	struct setup_arguments arguments = { .entry = entry, .ept_root = ept_root };
	struct axvcpu_config *copy;
	int32_t error;

	error = config_copy(vcpu_backend(vcpu), AXVCPU_CONFIG_SETUP, config, &copy);
	if (error)
		return error;
	arguments.block = axvcpu_config_block(copy, &(size_t){ 0 });
	error = state_transition(vcpu, "setup", AXVCPU_STATE_CREATED, AXVCPU_STATE_FREE, setup_steps, &arguments);
	axvcpu_config_destroy(copy);
	return error;
}

static int32_t bind_steps(struct axvcpu *vcpu, void *context)
{
	int32_t error;

	(void)context;
	error_clear();
	error = vcpu->ops->bind.fn(vcpu->ops->bind.self);
	if (error)
		return vcpu_error(vcpu, "bind", error);
	thread_bind(vcpu);
	vcpu->was_bound = 1;
	return 0;
}

int32_t axvcpu_bind(struct axvcpu *vcpu)
{
	return state_transition(vcpu, "bind", AXVCPU_STATE_FREE, AXVCPU_STATE_READY, bind_steps, NULL);
}

/* The thread lets go before the state says Free, as from then on another thread may bind. */
static int32_t unbind_steps(struct axvcpu *vcpu, void *context)
{
	int32_t error;

	(void)context;
	error_clear();
	error = vcpu->ops->unbind.fn(vcpu->ops->unbind.self);
	thread_unbind(vcpu);
	return error ? vcpu_error(vcpu, "unbind", error) : 0;
}

int32_t axvcpu_unbind(struct axvcpu *vcpu)
{
	return state_transition(vcpu, "unbind", AXVCPU_STATE_READY, AXVCPU_STATE_FREE, unbind_steps, NULL);
}

/* For backends without a reset. */
static int32_t remake_engine(struct axvcpu *vcpu)
{
	int32_t error = engine_remake(vcpu, vcpu->engine);

	if (error)
		return error;
	layer_stack_rebind(vcpu->stack, &vcpu->engine->bottom.dispatch);
	vcpu_cache_ops(vcpu);
	return 0;
}

/* Through the layers, which hear of it. */
static int32_t reset_in_place(struct axvcpu *vcpu)
{
	int32_t error;

	error_clear();
	error = vcpu->ops->reset.fn(vcpu->ops->reset.self);
	return error ? vcpu_error(vcpu, "reset", error) : 0;
}

static int32_t reset_engine(struct axvcpu *vcpu)
{
	int32_t error;

	for (struct engine *engine = vcpu->engines; engine; engine = engine->next)
		engine->is_set_up = 0;
	if (!vcpu->engine->bottom.self || !BACKEND_HAS(vcpu_backend(vcpu), reset))
		error = remake_engine(vcpu);
	else
		error = reset_in_place(vcpu);
	if (error)
		return error;
	vcpu->engine->is_used = 0;
	error = engine_restore_model(vcpu->engine);
	return error ? vcpu_error(vcpu, "reset", error) : 0;
}

/* The machine's clock is not the vCPU's: it goes on over a reset. */
static int32_t restore_clock(struct axvcpu *vcpu)
{
	int32_t error;

	if (!vcpu->clock)
		return 0;
	error_clear();
	error = vcpu->ops->set_clock.fn(vcpu->ops->set_clock.self, vcpu->clock, vcpu->clock_context);
	if (error == AXVCPU_ERROR_UNSUPPORTED) /* it was another engine that has clocks */
		error = 0;
	vcpu->engine->clock = error ? NULL : vcpu->clock;
	vcpu->engine->clock_context = vcpu->clock_context;
	return error ? vcpu_error(vcpu, "set_clock", error) : 0;
}

int32_t axvcpu_reset(struct axvcpu *vcpu)
{
	int32_t error;

	error = expect_idle(vcpu, "reset");
	if (error)
		return error;
	current_slot = vcpu;
	if (vcpu->engine->bottom.self)
		leave_thread(vcpu);
	switch_conclude(vcpu);
	debug_forget(vcpu);
	/* Forgotten first: what other threads send from now on is for the new life. */
	interrupt_queue_forget(&vcpu->interrupts);
	__atomic_store_n(&vcpu->head.gate, resting_gate(vcpu), __ATOMIC_SEQ_CST);
	engine_close(vcpu);
	error = reset_engine(vcpu);
	if (!error)
		error = restore_clock(vcpu);
	if (vcpu->engine->bottom.self)
		engine_open(vcpu);
	vcpu_set_state(vcpu, error ? AXVCPU_STATE_INVALID : AXVCPU_STATE_CREATED);
	current_slot = NULL;
	return error;
}

uint32_t axvcpu_id(const struct axvcpu *vcpu)
{
	return vcpu->id;
}

uint32_t axvcpu_vm_id(const struct axvcpu *vcpu)
{
	return vcpu->vm_id;
}

uint32_t axvcpu_favor_phys_cpu(const struct axvcpu *vcpu)
{
	return vcpu->favor_phys_cpu;
}

int axvcpu_phys_cpu_set(const struct axvcpu *vcpu, uint64_t *ret_set)
{
	if (vcpu->has_phys_cpu_set)
		*ret_set = vcpu->phys_cpu_set;
	return (int)vcpu->has_phys_cpu_set;
}

int axvcpu_is_bsp(const struct axvcpu *vcpu)
{
	return vcpu->id == 0;
}

struct axvcpu_backend *axvcpu_backend_of(const struct axvcpu *vcpu)
{
	const struct engine *target = __atomic_load_n(&vcpu->target, __ATOMIC_ACQUIRE);

	return target ? target->bottom.backend : vcpu_backend(vcpu);
}
