/* SPDX-License-Identifier: Apache-2.0 */
/* The tests' backend: a plugin like any other, built in and adopted. See engine.h. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine.h"

#define AXARCH_STATIC_NAME full_ops
#undef AXARCH_SYMBOL
#define AXARCH_SYMBOL static const struct axarch_vcpu_ops AXARCH_STATIC_NAME
#undef AXARCH_NOTE_PLACE
#define AXARCH_NOTE_PLACE __attribute__((aligned(8)))

#define CREATE_FIELDS(T, INT, CHOICE, TEXT, ARRAY) INT(T, u64, hart_id, 5, 0, 100, "number of the hart")
#define SETUP_FIELDS(T, INT, CHOICE, TEXT, ARRAY) INT(T, u32, mode, 3, 0, 9, "mode to start in")
AXARCH_CONFIG(create_config, CREATE_FIELDS)
AXARCH_CONFIG(setup_config, SETUP_FIELDS)

struct engine_orders engine_orders;
struct axvcpu_backend *full_backend;
struct axvcpu_backend *bare_backend;
struct axvcpu_backend *kicking_backend;

static const struct axarch_host *engine_host;

/* Writes the op down and answers with its failure, if one was ordered. */
static int32_t called(const void *self, const char *op)
{
	size_t length = strlen(engine_orders.log);

	if (engine_orders.logs) {
		snprintf(engine_orders.log + length, sizeof(engine_orders.log) - length, "%s ", op);
		engine_orders.current_in_op = axvcpu_get_current();
	}
	if (!engine_orders.failing || strcmp(engine_orders.failing, op))
		return 0;
	if (engine_orders.failing_self && engine_orders.failing_self != self)
		return 0;
	if (engine_host && engine_orders.failure_text)
		return engine_host->error(engine_orders.failure, "%s", engine_orders.failure_text);
	return engine_orders.failure;
}

static int32_t engine_create(const struct axarch_host *host, uint32_t vm_id, uint32_t vcpu_id,
			     struct create_config config, void **ret_self)
{
	struct engine *engine;
	int32_t error;

	(void)vm_id;
	(void)vcpu_id;
	engine_host = host;
	error = called(NULL, "create");
	if (error)
		return error;
	engine = calloc(1, sizeof(*engine));
	engine->hart_id = config.hart_id;
	engine->deadline = UINT64_MAX;
	engine->budget = UINT64_MAX;
	engine->created_by = engine_orders.created++;
	engine_orders.last_created = engine;
	*ret_self = engine;
	return 0;
}

/* Kicks that are inside the engine now: see slow_kick. */
static uint32_t kicks_inside;

static int32_t engine_destroy(void *self)
{
	assert_int_equal(__atomic_load_n(&kicks_inside, __ATOMIC_SEQ_CST), 0);
	engine_orders.destroyed++;
	free(self);
	return called(NULL, "destroy");
}

static int32_t engine_setup_op(void *self, struct setup_config config)
{
	struct engine *engine = self;

	engine->mode = config.mode;
	return called(self, "setup");
}

static int32_t engine_set_entry(void *self, uint64_t entry)
{
	((struct engine *)self)->entry = entry;
	return called(self, "set_entry");
}

static int32_t engine_set_ept_root(void *self, uint64_t ept_root)
{
	((struct engine *)self)->ept_root = ept_root;
	return called(self, "set_ept_root");
}

static int32_t engine_run(void *self, struct axvcpu_exit *exit)
{
	int32_t error = called(self, "run");

	return error ? error : engine_orders.run(self, exit);
}

static int32_t engine_bind(void *self)
{
	return called(self, "bind");
}

static int32_t engine_unbind(void *self)
{
	return called(self, "unbind");
}

static int32_t engine_set_gpr(void *self, uint32_t index, uint64_t value)
{
	struct engine *engine = self;

	if (index >= 4)
		return AXVCPU_ERROR_INVALID_INPUT;
	engine->gpr[index] = value;
	return called(self, "set_gpr");
}

static int32_t engine_inject_interrupt(void *self, uint64_t vector)
{
	struct engine *engine = self;
	uint32_t count = __atomic_load_n(&engine->injected_count, __ATOMIC_RELAXED);
	int32_t error = called(self, "inject_interrupt");

	if (error)
		return error;
	if (count < ENGINE_INJECTED_MAX)
		engine->injected[count] = vector;
	__atomic_store_n(&engine->injected_count, count + 1, __ATOMIC_RELEASE);
	return 0;
}

static int32_t engine_set_return_value(void *self, uint64_t value)
{
	((struct engine *)self)->gpr[0] = value;
	return called(self, "set_return_value");
}

/* Nothing but an atomic store: it is called in signal handlers. */
static int32_t engine_kick(void *self)
{
	__atomic_store_n(&((struct engine *)self)->kicked, 1, __ATOMIC_SEQ_CST);
	return 0;
}

/* A kick that dwells, so that an engine that is destroyed meanwhile is caught at it. */
static int32_t slow_kick(void *self)
{
	__atomic_fetch_add(&kicks_inside, 1, __ATOMIC_SEQ_CST);
	sched_yield();
	engine_kick(self);
	__atomic_fetch_sub(&kicks_inside, 1, __ATOMIC_SEQ_CST);
	return 0;
}

static int32_t engine_set_interrupt_line(void *self, uint32_t line, uint32_t level)
{
	struct engine *engine = self;

	engine->levels = (engine->levels & ~(UINT64_C(1) << line)) | (uint64_t)level << line;
	engine->lines_told++;
	return called(self, "set_interrupt_line");
}

static int32_t engine_complete_read(void *self, const struct axvcpu_exit *exit, uint64_t value)
{
	struct engine *engine = self;

	(void)exit;
	engine->completed = value;
	engine->read_pending = 0;
	return called(self, "complete_read");
}

static int32_t engine_fail_access(void *self, const struct axvcpu_exit *exit)
{
	(void)exit;
	return called(self, "fail_access");
}

static int32_t engine_reset(void *self)
{
	struct engine *engine = self;

	engine->entry = 0;
	engine->resets++;
	return called(self, "reset");
}

static int32_t engine_translate(void *self, uint64_t gva, uint32_t access, uint64_t *ret_gpa)
{
	*ret_gpa = gva + access;
	return called(self, "translate");
}

static int32_t engine_set_clock(void *self, axarch_clock_fn now, void *context)
{
	struct engine *engine = self;

	engine->now = now;
	engine->clock_context = context;
	return called(self, "set_clock");
}

static int32_t engine_next_deadline(void *self, uint64_t *ret_ns)
{
	*ret_ns = ((struct engine *)self)->deadline;
	return called(self, "next_deadline");
}

static int32_t engine_interrupt_pending(void *self, uint64_t *ret_pending)
{
	struct engine *engine = self;

	*ret_pending =
		engine->levels || __atomic_load_n(&engine->injected_count, __ATOMIC_RELAXED) > engine->taken_count;
	return called(self, "interrupt_pending");
}

static int32_t engine_set_single_step(void *self, uint32_t enabled)
{
	((struct engine *)self)->single_step = enabled;
	return called(self, "set_single_step");
}

static int32_t engine_set_breakpoint(void *self, uint64_t gva, uint32_t enabled)
{
	struct engine *engine = self;
	uint32_t i = 0;

	while (i < engine->breakpoint_count && engine->breakpoints[i] != gva)
		i++;
	if (enabled && i == ENGINE_BREAKPOINTS_MAX)
		return engine_host->error(AXVCPU_ERROR_RESOURCE_BUSY, "no more than %d", ENGINE_BREAKPOINTS_MAX);
	if (i == engine->breakpoint_count)
		engine->breakpoints[engine->breakpoint_count++] = gva;
	if (!enabled)
		engine->breakpoints[i] = engine->breakpoints[--engine->breakpoint_count];
	return called(self, "set_breakpoint");
}

static int32_t engine_set_budget(void *self, uint64_t instructions)
{
	((struct engine *)self)->budget = instructions;
	return called(self, "set_budget");
}

/* The parts of the instruction are writes to as many addresses. */
static int32_t engine_finish(void *self, struct axvcpu_exit *exit)
{
	struct engine *engine = self;
	int32_t error = called(self, "finish");

	if (error)
		return error;
	if (engine->read_pending)
		return engine_host->error(AXVCPU_ERROR_BAD_STATE, "a read waits for its value");
	exit->reason = engine->parts ? AXVCPU_EXIT_MMIO_WRITE : AXVCPU_EXIT_NOTHING;
	if (engine->parts)
		exit->mmio_write = (struct axvcpu_exit_mmio_write){ .addr = engine->parts--, .width = 4 };
	return 0;
}

static int32_t engine_read_counter(void *self, uint32_t counter, uint64_t *ret_value)
{
	const struct engine *engine = self;

	*ret_value = counter == AXARCH_COUNTER_INSTRUCTIONS ? engine->executed : counter + UINT64_C(100);
	return called(self, "read_counter");
}

static int is_missing(const struct engine *engine, uint64_t id)
{
	return id == engine_orders.missing_reg && (!engine_orders.missing_self || engine_orders.missing_self == engine);
}

static uint64_t *reg_of(struct engine *engine, uint64_t id)
{
	uint32_t count;
	const struct axvcpu_reg *regs = axvcpu_regs(AXVCPU_ARCH_RISCV64, &count);

	assert_true(count <= ENGINE_REGS_MAX);
	for (uint32_t i = 0; i < count; i++)
		if (regs[i].id == id && !is_missing(engine, id))
			return &engine->regs[i];
	return NULL;
}

static int32_t engine_get_reg(void *self, uint64_t id, void *ret_value, uint32_t size)
{
	const uint64_t *reg = reg_of(self, id);

	assert_int_equal(size, 8);
	if (!reg)
		return AXVCPU_ERROR_NOT_FOUND;
	memcpy(ret_value, reg, size);
	return called(self, "get_reg");
}

static int32_t engine_set_reg(void *self, uint64_t id, const void *value, uint32_t size)
{
	uint64_t *reg = reg_of(self, id);

	assert_int_equal(size, 8);
	if (!reg)
		return AXVCPU_ERROR_NOT_FOUND;
	if (id == engine_orders.refused_reg && (!engine_orders.refusing_self || engine_orders.refusing_self == self))
		return engine_host->error(AXVCPU_ERROR_INVALID_INPUT, "bits 63:60 must be zero");
	engine_orders.reg_writes++;
	memcpy(reg, value, size);
	return called(self, "set_reg");
}

static int32_t engine_percpu_create(const struct axarch_host *host, uint32_t cpu_id, void **ret_self)
{
	int32_t error = called(NULL, "percpu_create");

	(void)host;
	if (error)
		return error;
	*ret_self = calloc(1, sizeof(uint32_t));
	*(uint32_t *)*ret_self = cpu_id;
	return 0;
}

static int32_t engine_percpu_destroy(void *self)
{
	free(self);
	return called(NULL, "percpu_destroy");
}

static int32_t engine_hardware_enable(void *self)
{
	(void)self;
	return called(NULL, "hardware_enable");
}

static int32_t engine_hardware_disable(void *self)
{
	(void)self;
	return called(NULL, "hardware_disable");
}

static int32_t engine_max_levels(void *self, uint64_t *ret_levels)
{
	*ret_levels = *(uint32_t *)self + UINT64_C(5);
	return called(NULL, "max_guest_page_table_levels");
}

/* clang-format off */
AXARCH_PLUGIN(create_config, CREATE_FIELDS, engine_create, setup_config, SETUP_FIELDS, engine_setup_op,
	AXARCH_ABOUT(.arch = AXVCPU_ARCH_RISCV64, .id = "full", .version = "1", .licence = "Apache-2.0",
		     .summary = "the unit tests' engine"),
	.destroy = engine_destroy,
	.set_entry = engine_set_entry,
	.set_ept_root = engine_set_ept_root,
	.run = engine_run,
	.bind = engine_bind,
	.unbind = engine_unbind,
	.set_gpr = engine_set_gpr,
	.inject_interrupt = engine_inject_interrupt,
	.set_return_value = engine_set_return_value,
	.kick = engine_kick,
	.set_interrupt_line = engine_set_interrupt_line,
	.complete_read = engine_complete_read,
	.fail_access = engine_fail_access,
	.reset = engine_reset,
	.translate = engine_translate,
	.set_clock = engine_set_clock,
	.next_deadline = engine_next_deadline,
	.interrupt_pending = engine_interrupt_pending,
	.set_single_step = engine_set_single_step,
	.set_breakpoint = engine_set_breakpoint,
	.set_budget = engine_set_budget,
	.finish = engine_finish,
	.read_counter = engine_read_counter,
	.get_reg = engine_get_reg,
	.set_reg = engine_set_reg,
	.percpu_create = engine_percpu_create,
	.percpu_destroy = engine_percpu_destroy,
	.hardware_enable = engine_hardware_enable,
	.hardware_disable = engine_hardware_disable,
	.max_guest_page_table_levels = engine_max_levels
);
/* clang-format on */

/* The same with other ops, under another id. */
struct variant {
	struct axarch_vcpu_ops ops;
	struct {
		struct axarch_description description;
		struct axarch_field fields[create_config_field_count + setup_config_field_count];
	} note;
};

static struct variant bare, kicking, second, lineless, remade, foreign;
struct axvcpu_backend *other_backend;
struct axvcpu_backend *lineless_backend;
struct axvcpu_backend *remade_backend;
struct axvcpu_backend *foreign_backend;

static const struct {
	struct variant *variant;
	struct axvcpu_backend **backend;
	const char *id;
} variants[] = {
	{ &bare, &bare_backend, "bare" },       { &kicking, &kicking_backend, "kicking" },
	{ &second, &other_backend, "other" },   { &lineless, &lineless_backend, "lineless" },
	{ &remade, &remade_backend, "remade" }, { &foreign, &foreign_backend, "foreign" },
};

#define VARIANT_COUNT (sizeof(variants) / sizeof(variants[0]))

static void make_variant(struct variant *variant, const char *id)
{
	variant->ops = full_ops;
	memcpy(&variant->note, full_ops.description, sizeof(variant->note));
	snprintf(variant->note.description.id, sizeof(variant->note.description.id), "%s", id);
	variant->ops.description = &variant->note.description;
}

static void drop_optional_ops(struct variant *variant)
{
#define DROP_MANDATORY(name)
#define DROP_OPTIONAL(name) variant->ops.name = NULL;
#define DROP(scope, name, presence, since, where, arguments, doc) DROP_##presence(name)
	AXARCH_VCPU_OPS(DROP)
}

static int adopt_variants(void)
{
	int failed = 0;

	for (size_t i = 0; i < VARIANT_COUNT && !failed; i++)
		failed = axvcpu_backend_adopt(&variants[i].variant->ops, variants[i].backend);
	return failed;
}

int engine_group_setup(void **state)
{
	(void)state;
	for (size_t i = 0; i < VARIANT_COUNT; i++)
		make_variant(variants[i].variant, variants[i].id);
	drop_optional_ops(&bare);
	drop_optional_ops(&kicking);
	kicking.ops.kick = slow_kick;
	lineless.ops.set_interrupt_line = NULL;
	remade.ops.reset = NULL;
	foreign.note.description.arch = AXVCPU_ARCH_X86_64;
	return axvcpu_backend_adopt(&full_ops, &full_backend) || adopt_variants();
}

int engine_group_teardown(void **state)
{
	(void)state;
	axvcpu_backend_close(full_backend);
	for (size_t i = 0; i < VARIANT_COUNT; i++)
		axvcpu_backend_close(*variants[i].backend);
	return 0;
}

int engine_setup(void **state)
{
	(void)state;
	memset(&engine_orders, 0, sizeof(engine_orders));
	engine_orders.logs = 1;
	engine_orders.run = run_nothing;
	return 0;
}

int engine_teardown(void **state)
{
	(void)state;
	assert_null(axvcpu_get_current());
	assert_int_equal(engine_orders.created, engine_orders.destroyed);
	return 0;
}

struct axvcpu *vcpu_in(struct axvcpu_backend *backend, uint32_t state, const struct axvcpu_create_info *info)
{
	const struct axvcpu_create_info plain = { .size = sizeof(plain) };
	struct axvcpu *vcpu = NULL;

	assert_ok(axvcpu_create(backend, info ? info : &plain, &vcpu));
	if (state == AXVCPU_STATE_FREE || state == AXVCPU_STATE_READY)
		assert_ok(axvcpu_setup(vcpu, 0x80000000, 0x1000, NULL));
	if (state == AXVCPU_STATE_READY)
		assert_ok(axvcpu_bind(vcpu));
	if (state == AXVCPU_STATE_INVALID)
		assert_ok(axvcpu_set_state(vcpu, AXVCPU_STATE_INVALID));
	engine_orders.log[0] = '\0';
	return vcpu;
}

struct axvcpu *vcpu_ready(struct axvcpu_backend *backend)
{
	return vcpu_in(backend, AXVCPU_STATE_READY, NULL);
}

struct engine *engine_of(struct axvcpu *vcpu)
{
	void *arch = NULL;

	assert_ok(axvcpu_arch_vcpu(vcpu, axvcpu_backend_of(vcpu), &arch));
	return arch;
}

int32_t run_nothing(struct engine *engine, struct axvcpu_exit *exit)
{
	(void)engine;
	exit->reason = AXVCPU_EXIT_NOTHING;
	return 0;
}

int32_t run_halt(struct engine *engine, struct axvcpu_exit *exit)
{
	engine->taken_count = __atomic_load_n(&engine->injected_count, __ATOMIC_RELAXED);
	exit->reason = AXVCPU_EXIT_HALT;
	return 0;
}

int32_t run_until_kicked(struct engine *engine, struct axvcpu_exit *exit)
{
	engine->taken_count = __atomic_load_n(&engine->injected_count, __ATOMIC_RELAXED);
	while (!__atomic_exchange_n(&engine->kicked, 0, __ATOMIC_SEQ_CST))
		sched_yield();
	exit->reason = AXVCPU_EXIT_KICKED;
	return 0;
}
