/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several engines on one vCPU, from one thread: what add_engine and switch do in every state, what goes along, and that
 * a refusal leaves everything as it was. Races are in test-threads.c, what engines agree on in test-agree.c.
 */
#include <errno.h>
#include <pthread.h>

#include "engine.h"

#define ENTRY UINT64_C(0x80000000) /* as vcpu_in sets it up */
#define ROOT UINT64_C(0x1000)

/* A vCPU on `full` with an engine of `other` beside it. */
static struct axvcpu *vcpu;
static struct engine *here, *there;

static void make_in(uint32_t state, const struct axvcpu_create_info *info)
{
	vcpu = vcpu_in(full_backend, state, info);
	here = engine_of(vcpu);
	assert_ok(axvcpu_add_engine(vcpu, other_backend, NULL));
	there = engine_orders.last_created;
	assert_ptr_not_equal(here, there);
	engine_orders.log[0] = '\0';
}

static void make(void)
{
	make_in(AXVCPU_STATE_READY, NULL);
}

static void end(void)
{
	assert_ok(axvcpu_destroy(vcpu));
}

static void expect_on(struct axvcpu_backend *backend, const struct engine *engine)
{
	assert_ptr_equal(axvcpu_backend_of(vcpu), backend);
	assert_ptr_equal(engine_of(vcpu), engine);
}

static void go_there(void)
{
	assert_ok(axvcpu_switch(vcpu, other_backend));
	expect_on(other_backend, there);
}

static void go_back(void)
{
	assert_ok(axvcpu_switch(vcpu, full_backend));
	expect_on(full_backend, here);
}

static void fail_at(const struct engine *engine, const char *op, int32_t code, const char *text)
{
	engine_orders.failing = op;
	engine_orders.failing_self = engine;
	engine_orders.failure = code;
	engine_orders.failure_text = text;
}

static void run_for(uint32_t reason)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	assert_ok(axvcpu_run(vcpu, &exit));
	assert_int_equal(exit.reason, reason);
	assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_READY);
}

static int32_t run_tells_where(struct engine *engine, struct axvcpu_exit *exit)
{
	exit->reason = AXVCPU_EXIT_HYPERCALL;
	exit->hypercall.nr = engine == there;
	return 0;
}

/* Which engine's run answers. */
static void expect_runs(const struct engine *engine)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	engine_orders.run = run_tells_where;
	assert_ok(axvcpu_run(vcpu, &exit));
	assert_int_equal(exit.reason, AXVCPU_EXIT_HYPERCALL);
	assert_int_equal(exit.hypercall.nr, engine == there);
}

/* ---- states ---- */

static void it_is_moved_in_every_state_of_rest(void **state)
{
	static const uint32_t states[] = { AXVCPU_STATE_CREATED, AXVCPU_STATE_FREE, AXVCPU_STATE_READY };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		make_in(states[i], NULL);
		go_there();
		assert_int_equal(axvcpu_state(vcpu), states[i]);
		go_back();
		go_there();
		if (states[i] == AXVCPU_STATE_CREATED)
			assert_ok(axvcpu_setup(vcpu, ENTRY, ROOT, NULL));
		if (states[i] != AXVCPU_STATE_READY)
			assert_ok(axvcpu_bind(vcpu));
		expect_runs(there);
		assert_int_equal(there->entry, ENTRY);
		assert_int_equal(there->ept_root, ROOT);
		end();
	}
}

static void an_invalid_one_is_not_moved(void **state)
{
	(void)state;
	make_in(AXVCPU_STATE_INVALID, NULL);
	assert_error(axvcpu_switch(vcpu, other_backend), AXVCPU_ERROR_BAD_STATE, "axvcpu_reset leads back");
	expect_on(full_backend, here);
	assert_ok(axvcpu_reset(vcpu));
	go_there();
	end();
}

static void expect_all_refused(const char *text)
{
	assert_error(axvcpu_switch(vcpu, other_backend), AXVCPU_ERROR_BAD_STATE, text);
	assert_error(axvcpu_add_engine(vcpu, lineless_backend, NULL), AXVCPU_ERROR_BAD_STATE, text);
	assert_error(axvcpu_agree(&vcpu, 1), AXVCPU_ERROR_BAD_STATE, text);
}

static int32_t run_tries_to_move(struct engine *engine, struct axvcpu_exit *exit)
{
	expect_all_refused("it is Running");
	return run_nothing(engine, exit);
}

static uint64_t clock_tries_to_move(void *context)
{
	(void)context;
	expect_all_refused("it is Blocked");
	return UINT64_MAX - 1;
}

static void *tries_to_move(void *context)
{
	expect_all_refused("another thread has bound it");
	return context;
}

static void one_that_is_at_work_is_not_moved(void **state)
{
	pthread_t thread;

	(void)state;
	make();
	engine_orders.run = run_tries_to_move;
	run_for(AXVCPU_EXIT_NOTHING);
	assert_ok(axvcpu_set_clock(vcpu, clock_tries_to_move, NULL));
	here->deadline = 5;
	assert_ok(axvcpu_wait(vcpu, UINT64_MAX));
	assert_int_equal(pthread_create(&thread, NULL, tries_to_move, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	expect_on(full_backend, here);
	assert_int_equal(engine_orders.created, 2);
	end();
}

static void after_a_failed_reset_there_is_nothing_to_move(void **state)
{
	(void)state;
	vcpu = vcpu_ready(remade_backend);
	fail_at(NULL, "create", -EIO, "gone");
	assert_error(axvcpu_reset(vcpu), -EIO, "gone");
	engine_orders.failing = NULL;
	expect_all_refused("reset it again");
	assert_ok(axvcpu_reset(vcpu));
	assert_ok(axvcpu_switch(vcpu, other_backend));
	end();
}

static void to_where_it_is_already_does_nothing(void **state)
{
	(void)state;
	make();
	assert_ok(axvcpu_switch(vcpu, full_backend));
	assert_string_equal(engine_orders.log, "");
	expect_on(full_backend, here);
	end();
}

static void an_engine_is_added_by_itself_and_once(void **state)
{
	(void)state;
	vcpu = vcpu_ready(full_backend);
	assert_ok(axvcpu_switch(vcpu, other_backend));
	assert_int_equal(engine_orders.created, 2);
	assert_ok(axvcpu_switch(vcpu, full_backend));
	assert_ok(axvcpu_switch(vcpu, other_backend));
	assert_int_equal(engine_orders.created, 2);
	assert_error(axvcpu_add_engine(vcpu, full_backend, NULL), AXVCPU_ERROR_RESOURCE_BUSY, "backend full already");
	assert_error(axvcpu_add_engine(vcpu, other_backend, NULL), AXVCPU_ERROR_RESOURCE_BUSY, "backend other");
	assert_int_equal(engine_orders.created, 2);
	end();
}

static void another_architecture_is_refused(void **state)
{
	(void)state;
	vcpu = vcpu_ready(full_backend);
	assert_error(axvcpu_add_engine(vcpu, foreign_backend, NULL), AXVCPU_ERROR_UNSUPPORTED, "x86_64");
	assert_error(axvcpu_switch(vcpu, foreign_backend), AXVCPU_ERROR_UNSUPPORTED, "is of riscv64");
	assert_int_equal(engine_orders.created, 1);
	run_for(AXVCPU_EXIT_NOTHING);
	end();
}

static void a_create_config_is_carried_field_by_field(void **state)
{
	struct axvcpu_create_info info = { .size = sizeof(info) };

	(void)state;
	assert_ok(axvcpu_config_create(full_backend, AXVCPU_CONFIG_CREATE, (struct axvcpu_config **)&info.config));
	assert_ok(axvcpu_config_set((struct axvcpu_config *)(uintptr_t)info.config, "hart_id", "7"));
	make_in(AXVCPU_STATE_CREATED, &info);
	assert_int_equal(there->hart_id, 7);
	end();
	axvcpu_config_destroy((struct axvcpu_config *)(uintptr_t)info.config);
}

static void its_own_create_config_is_taken(void **state)
{
	struct axvcpu_config *config;

	(void)state;
	assert_ok(axvcpu_config_create(other_backend, AXVCPU_CONFIG_CREATE, &config));
	assert_ok(axvcpu_config_set(config, "hart_id", "9"));
	vcpu = vcpu_ready(full_backend);
	assert_ok(axvcpu_add_engine(vcpu, other_backend, config));
	assert_int_equal(engine_orders.last_created->hart_id, 9);
	axvcpu_config_destroy(config);
	end();
}

/* ---- what goes along ---- */

static void all_registers_go_along(void **state)
{
	uint32_t count;
	const struct axvcpu_reg *regs = axvcpu_regs(AXVCPU_ARCH_RISCV64, &count);

	(void)state;
	make();
	for (uint32_t i = 0; i < count; i++)
		here->regs[i] = regs[i].flags & AXVCPU_REG_READ_ONLY ? 0 : 1000 + i;
	go_there();
	for (uint32_t i = 0; i < count; i++)
		if (!(regs[i].flags & AXVCPU_REG_ALIAS))
			assert_int_equal(there->regs[i], here->regs[i]);
	there->regs[2] = 5;
	go_back();
	assert_int_equal(here->regs[2], 5);
	end();
}

static void single_step_breakpoints_and_budget_move(void **state)
{
	(void)state;
	make();
	assert_ok(axvcpu_set_single_step(vcpu, 1));
	assert_ok(axvcpu_set_breakpoint(vcpu, 0x10, 1));
	assert_ok(axvcpu_set_breakpoint(vcpu, 0x20, 1));
	assert_ok(axvcpu_set_breakpoint(vcpu, 0x10, 0));
	here->executed = 1000;
	there->executed = 77;
	assert_ok(axvcpu_set_budget(vcpu, 50));
	here->executed = 1020;
	go_there();
	assert_int_equal(there->single_step, 1);
	assert_int_equal(there->breakpoint_count, 1);
	assert_int_equal(there->breakpoints[0], 0x20);
	assert_int_equal(there->budget, 30);
	assert_int_equal(here->single_step, 0);
	assert_int_equal(here->breakpoint_count, 0);
	assert_int_equal(here->budget, UINT64_MAX);
	there->executed = 77 + 10;
	go_back();
	assert_int_equal(here->budget, 20);
	end();
}

static int32_t run_budget_is_over(struct engine *engine, struct axvcpu_exit *exit)
{
	engine->executed += 50;
	exit->reason = AXVCPU_EXIT_PREEMPTION_TIMER;
	return 0;
}

static void a_budget_that_is_used_up_is_told_once(void **state)
{
	(void)state;
	make();
	assert_ok(axvcpu_set_budget(vcpu, 50));
	here->executed = 50; /* its last instruction had another exit */
	go_there();
	assert_int_equal(there->budget, 0);
	go_back();
	assert_int_equal(here->budget, 0);
	engine_orders.run = run_budget_is_over;
	run_for(AXVCPU_EXIT_PREEMPTION_TIMER);
	go_there();
	assert_int_equal(there->budget, UINT64_MAX);
	end();
}

static void debugging_before_setup_moves_too(void **state)
{
	(void)state;
	make_in(AXVCPU_STATE_CREATED, NULL);
	assert_ok(axvcpu_set_single_step(vcpu, 1));
	assert_ok(axvcpu_set_breakpoint(vcpu, 0x20, 1));
	go_there();
	assert_int_equal(there->single_step, 1);
	assert_int_equal(there->breakpoint_count, 1);
	assert_int_equal(here->single_step, 0);
	end();
}

static uint64_t clock_of_test(void *context)
{
	(void)context;
	return 5;
}

static void the_clock_is_told(void **state)
{
	static const uint32_t states[] = { AXVCPU_STATE_CREATED, AXVCPU_STATE_READY };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		make_in(states[i], NULL);
		assert_ok(axvcpu_set_clock(vcpu, clock_of_test, &vcpu));
		go_there();
		assert_ptr_equal(there->now, clock_of_test);
		assert_ptr_equal(there->clock_context, &vcpu);
		assert_ok(axvcpu_set_clock(vcpu, NULL, NULL));
		go_back();
		assert_null(here->now);
		end();
	}
}

static void interrupts_and_levels_go_along(void **state)
{
	(void)state;
	make();
	assert_ok(axvcpu_set_interrupt_line(vcpu, 3, 1));
	assert_ok(axvcpu_set_interrupt_line(vcpu, 5, 1));
	run_for(AXVCPU_EXIT_NOTHING);
	assert_ok(axvcpu_set_interrupt_line(vcpu, 5, 0));
	assert_ok(axvcpu_inject_interrupt(vcpu, 11));
	go_there();
	run_for(AXVCPU_EXIT_NOTHING);
	assert_int_equal(there->levels, 1 << 3);
	assert_int_equal(there->lines_told, 2);
	assert_int_equal(there->injected_count, 1);
	assert_int_equal(there->injected[0], 11);
	assert_int_equal(here->injected_count, 0);
	assert_ok(axvcpu_set_interrupt_line(vcpu, 3, 0));
	go_back();
	run_for(AXVCPU_EXIT_NOTHING);
	assert_int_equal(here->levels, 0); /* told that both are low, though it heard of one when it was high */
	end();
}

static void an_interrupt_that_was_to_be_kept_goes_to_the_next(void **state)
{
	(void)state;
	make();
	assert_ok(axvcpu_inject_interrupt(vcpu, 11));
	fail_at(here, "inject_interrupt", AXVCPU_ERROR_RESOURCE_BUSY, NULL);
	run_for(AXVCPU_EXIT_NOTHING);
	go_there();
	run_for(AXVCPU_EXIT_NOTHING);
	assert_int_equal(there->injected[0], 11);
	end();
}

static void an_engine_without_lines_takes_none_that_is_up(void **state)
{
	(void)state;
	make();
	assert_ok(axvcpu_set_interrupt_line(vcpu, 3, 1));
	assert_error(axvcpu_switch(vcpu, lineless_backend), AXVCPU_ERROR_UNSUPPORTED, "interrupt line 3 is up");
	expect_on(full_backend, here);
	assert_ok(axvcpu_set_interrupt_line(vcpu, 3, 0));
	assert_ok(axvcpu_switch(vcpu, lineless_backend));
	run_for(AXVCPU_EXIT_NOTHING);
	assert_error(axvcpu_set_interrupt_line(vcpu, 3, 1), AXVCPU_ERROR_UNSUPPORTED, "no interrupt lines");
	go_back();
	run_for(AXVCPU_EXIT_NOTHING);
	assert_int_equal(here->lines_told, 1);
	end();
}

static void a_kick_goes_along(void **state)
{
	(void)state;
	make();
	assert_ok(axvcpu_kick(vcpu));
	go_there();
	run_for(AXVCPU_EXIT_KICKED);
	run_for(AXVCPU_EXIT_NOTHING);
	go_back();
	engine_orders.run = run_until_kicked; /* it still has its sticky flag, of a kick that was told */
	assert_ok(axvcpu_kick(vcpu));
	run_for(AXVCPU_EXIT_KICKED);
	end();
}

/* ---- refusals ---- */

/* As it was, and a second try works. */
static void expect_refused(const char *text)
{
	assert_error(axvcpu_switch(vcpu, other_backend), -EIO, text);
	expect_on(full_backend, here);
	assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_READY);
	assert_null(axvcpu_get_current());
	assert_int_equal(here->single_step, 1);
	assert_int_equal(here->breakpoint_count, 2);
	assert_int_equal(here->budget, 40);
	assert_int_equal(here->regs[2], 123);
	assert_int_equal(there->single_step, 0);
	assert_int_equal(there->breakpoint_count, 0);
	engine_orders.failing = NULL;
	expect_runs(here);
	go_there();
	assert_int_equal(there->breakpoint_count, 2);
	assert_int_equal(there->single_step, 1);
	assert_int_equal(there->regs[2], 123);
	expect_runs(there);
}

static void a_refusal_at_any_step_changes_nothing(void **state)
{
	static const char *const steps[] = { "reset",          "set_entry",  "set_ept_root", "setup",
					     "set_clock",      "set_reg",    "finish",       "set_single_step",
					     "set_breakpoint", "set_budget", "bind" };

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		make();
		here->regs[2] = 123;
		assert_ok(axvcpu_set_single_step(vcpu, 1));
		assert_ok(axvcpu_set_breakpoint(vcpu, 0x10, 1));
		assert_ok(axvcpu_set_breakpoint(vcpu, 0x20, 1));
		assert_ok(axvcpu_set_budget(vcpu, 40));
		assert_ok(axvcpu_set_clock(vcpu, clock_of_test, NULL));
		fail_at(there, steps[i], -EIO, "the other engine is on fire");
		expect_refused("vCPU 0: switch: other: ");
		end();
	}
}

static void too_many_breakpoints_are_named(void **state)
{
	(void)state;
	make();
	for (uint64_t gva = 1; gva <= ENGINE_BREAKPOINTS_MAX; gva++)
		assert_ok(axvcpu_set_breakpoint(vcpu, gva, 1));
	there->breakpoints[there->breakpoint_count++] = 99; /* it has one place less */
	assert_error(axvcpu_switch(vcpu, other_backend), AXVCPU_ERROR_RESOURCE_BUSY, "the breakpoint at 0x4: ");
	assert_int_equal(there->breakpoint_count, 1);
	assert_ok(axvcpu_set_breakpoint(vcpu, 4, 0));
	go_there();
	end();
}

static void a_failing_create_leaves_nothing(void **state)
{
	(void)state;
	vcpu = vcpu_ready(full_backend);
	fail_at(NULL, "create", -EIO, "no hardware");
	assert_error(axvcpu_add_engine(vcpu, other_backend, NULL), -EIO, "no hardware");
	assert_error(axvcpu_switch(vcpu, other_backend), -EIO, "no hardware");
	assert_int_equal(engine_orders.created, 1);
	run_for(AXVCPU_EXIT_NOTHING);
	engine_orders.failing = NULL;
	assert_ok(axvcpu_switch(vcpu, other_backend));
	end();
}

static void a_register_that_it_lacks_must_be_zero(void **state)
{
	uint32_t count;
	const struct axvcpu_reg *reg = axvcpu_reg_by_name(AXVCPU_ARCH_RISCV64, "stvec");
	size_t index = (size_t)(reg - axvcpu_regs(AXVCPU_ARCH_RISCV64, &count));

	(void)state;
	make();
	here->regs[index] = 0x1234;
	engine_orders.missing_reg = reg->id;
	engine_orders.missing_self = there;
	assert_error(axvcpu_switch(vcpu, other_backend), AXVCPU_ERROR_NOT_FOUND, "stvec");
	assert_error(axvcpu_switch(vcpu, other_backend), AXVCPU_ERROR_NOT_FOUND, "it is 0x1234");
	expect_on(full_backend, here);
	here->regs[index] = 0;
	go_there();
	go_back();
	assert_int_equal(here->regs[index], 0);
	end();
}

static void a_register_that_it_refuses_is_named(void **state)
{
	(void)state;
	make();
	engine_orders.refused_reg = axvcpu_reg_by_name(AXVCPU_ARCH_RISCV64, "satp")->id;
	engine_orders.refusing_self = there;
	assert_error(axvcpu_switch(vcpu, other_backend), AXVCPU_ERROR_INVALID_INPUT, "satp");
	assert_error(axvcpu_switch(vcpu, other_backend), AXVCPU_ERROR_INVALID_INPUT, "bits 63:60 must be zero");
	engine_orders.refused_reg = 0;
	go_there();
	end();
}

/* A backend without a reset is made again when it is set up, which may fail: it must not be touched then. */
static void an_engine_that_cannot_be_made_again_is_left_alone(void **state)
{
	(void)state;
	vcpu = vcpu_ready(full_backend);
	assert_ok(axvcpu_add_engine(vcpu, remade_backend, NULL));
	assert_ok(axvcpu_set_single_step(vcpu, 1));
	assert_ok(axvcpu_set_breakpoint(vcpu, 0x10, 1));
	fail_at(NULL, "create", -EIO, "gone");
	assert_error(axvcpu_switch(vcpu, remade_backend), -EIO, "remade: ");
	assert_error(axvcpu_switch(vcpu, remade_backend), -EIO, "remade: ");
	run_for(AXVCPU_EXIT_NOTHING);
	engine_orders.failing = NULL;
	assert_ok(axvcpu_switch(vcpu, remade_backend));
	assert_int_equal(engine_of(vcpu)->single_step, 1);
	end();
}

/* ---- in the midst of an instruction ---- */

static int32_t run_reads(struct engine *engine, struct axvcpu_exit *exit)
{
	engine->read_pending = 1;
	exit->reason = AXVCPU_EXIT_MMIO_READ;
	exit->mmio_read = (struct axvcpu_exit_mmio_read){ .addr = 0x10, .width = 4, .reg_width = 4 };
	return 0;
}

static struct axvcpu_exit read_exit;

/* A read waits for its value on `here`, `parts` writes follow it, and the switch waits too. */
static void wait_in_a_read(uint32_t parts)
{
	make();
	engine_orders.run = run_reads;
	read_exit = (struct axvcpu_exit)AXVCPU_EXIT_INIT;
	assert_ok(axvcpu_run(vcpu, &read_exit));
	here->parts = parts;
	assert_ok(axvcpu_switch(vcpu, other_backend));
	assert_ptr_equal(axvcpu_backend_of(vcpu), other_backend);
}

static void complete(void)
{
	assert_ok(axvcpu_complete_read(vcpu, &read_exit, 42));
	assert_int_equal(here->completed, 42);
	assert_int_equal(there->completed, 0);
}

static void a_read_is_ended_where_it_began(void **state)
{
	(void)state;
	wait_in_a_read(0);
	complete();
	expect_runs(there);
	expect_on(other_backend, there);
	end();
}

static void a_read_without_its_value_is_not_run_on(void **state)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	wait_in_a_read(0);
	assert_error(axvcpu_run(vcpu, &exit), AXVCPU_ERROR_BAD_STATE, "a read waits for its value");
	assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_INVALID);
	assert_ok(axvcpu_reset(vcpu));
	expect_on(other_backend, there);
	end();
}

static void expect_parts(unsigned count)
{
	for (; count; count--) {
		struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

		assert_ok(axvcpu_run(vcpu, &exit));
		assert_int_equal(exit.reason, AXVCPU_EXIT_MMIO_WRITE);
		assert_int_equal(exit.mmio_write.addr, count);
		assert_ok(axvcpu_arch_vcpu(vcpu, full_backend, &(void *){ NULL })); /* it is still here */
	}
}

static void all_parts_are_told_before_the_move(void **state)
{
	(void)state;
	wait_in_a_read(3);
	complete();
	expect_parts(3);
	expect_runs(there);
	end();
}

static void a_part_that_the_switch_found_is_told_too(void **state)
{
	(void)state;
	make();
	here->parts = 2;
	assert_ok(axvcpu_switch(vcpu, other_backend));
	assert_int_equal(here->parts, 1);
	expect_parts(2);
	expect_runs(there);
	end();
}

static void switching_back_cancels(void **state)
{
	(void)state;
	wait_in_a_read(0);
	assert_ok(axvcpu_switch(vcpu, full_backend));
	expect_on(full_backend, here);
	complete();
	expect_runs(here);
	end();
	make();
	here->parts = 2;
	assert_ok(axvcpu_switch(vcpu, other_backend));
	assert_ok(axvcpu_switch(vcpu, full_backend));
	run_for(AXVCPU_EXIT_MMIO_WRITE); /* the part that was taken already; how it goes on is the engine's affair */
	expect_runs(here);
	expect_on(full_backend, here);
	end();
}

static void another_target_takes_its_place(void **state)
{
	(void)state;
	wait_in_a_read(0);
	assert_ok(axvcpu_switch(vcpu, lineless_backend));
	assert_ptr_equal(axvcpu_backend_of(vcpu), lineless_backend);
	complete();
	run_for(AXVCPU_EXIT_MMIO_READ);
	assert_ptr_equal(axvcpu_backend_of(vcpu), lineless_backend);
	assert_int_equal(there->read_pending, 0);
	end();
}

static void what_is_queued_meanwhile_goes_to_the_next(void **state)
{
	(void)state;
	wait_in_a_read(1);
	assert_ok(axvcpu_inject_interrupt(vcpu, 11));
	assert_ok(axvcpu_set_interrupt_line(vcpu, 2, 1));
	complete();
	expect_parts(1);
	assert_ok(axvcpu_kick(vcpu));
	engine_orders.run = run_nothing;
	run_for(AXVCPU_EXIT_KICKED); /* moved, and not a guest instruction executed */
	expect_on(other_backend, there);
	assert_int_equal(there->injected_count, 0);
	run_for(AXVCPU_EXIT_NOTHING);
	assert_int_equal(there->injected[0], 11);
	assert_int_equal(there->levels, 1 << 2);
	assert_int_equal(here->injected_count, 0);
	end();
}

static void a_refusal_while_it_waits_is_told_at_once(void **state)
{
	(void)state;
	make();
	engine_orders.run = run_reads;
	read_exit = (struct axvcpu_exit)AXVCPU_EXIT_INIT;
	assert_ok(axvcpu_run(vcpu, &read_exit));
	fail_at(there, "set_reg", -EIO, "no");
	assert_error(axvcpu_switch(vcpu, other_backend), -EIO, "other: ");
	expect_on(full_backend, here);
	complete();
	expect_runs(here);
	end();
}

/* Whatever the code: BadState of the other engine does not mean that this one has lost the way. */
static void a_late_refusal_is_told_once(void **state)
{
	static const int32_t codes[] = { -EIO, AXVCPU_ERROR_BAD_STATE, AXVCPU_ERROR_NOT_FOUND };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

		wait_in_a_read(1);
		complete();
		expect_parts(1);
		fail_at(there, "bind", codes[i], "too late");
		assert_error(axvcpu_run(vcpu, &exit), codes[i], "vCPU 0: run: other: bind: too late");
		assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_READY);
		expect_on(full_backend, here);
		engine_orders.failing = NULL;
		expect_runs(here);
		go_there();
		expect_runs(there);
		end();
	}
}

static void an_instruction_that_cannot_be_ended_is_an_error_of_run(void **state)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	wait_in_a_read(0);
	complete();
	fail_at(here, "finish", -EIO, "lost");
	assert_error(axvcpu_run(vcpu, &exit), -EIO, "vCPU 0: run: lost");
	assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_INVALID);
	end();
}

static void a_switch_says_that_the_instruction_cannot_be_ended(void **state)
{
	(void)state;
	make();
	fail_at(here, "finish", -EIO, "lost");
	assert_error(axvcpu_switch(vcpu, other_backend), -EIO, "vCPU 0: switch: lost");
	expect_on(full_backend, here);
	assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_READY);
	end();
}

static void it_may_be_unbound_and_bound_meanwhile(void **state)
{
	(void)state;
	wait_in_a_read(1);
	assert_ok(axvcpu_unbind(vcpu));
	complete();
	assert_ok(axvcpu_bind(vcpu));
	expect_parts(1);
	expect_runs(there);
	end();
}

static void it_may_be_destroyed_meanwhile(void **state)
{
	(void)state;
	wait_in_a_read(1);
	end();
}

/* There is no instruction any more that would have to be ended first. */
static void a_reset_meanwhile_ends_it(void **state)
{
	(void)state;
	wait_in_a_read(1);
	assert_ok(axvcpu_reset(vcpu));
	expect_on(other_backend, there);
	assert_ok(axvcpu_setup(vcpu, ENTRY + 4, ROOT, NULL));
	assert_ok(axvcpu_bind(vcpu));
	expect_runs(there);
	assert_int_equal(there->entry, ENTRY + 4);
	end();
}

/* ---- other lives ---- */

static void after_a_reset_the_other_begins_anew_too(void **state)
{
	int resets;

	(void)state;
	make();
	go_there();
	go_back();
	assert_ok(axvcpu_reset(vcpu));
	resets = there->resets;
	go_there(); /* in state Created */
	assert_int_equal(there->resets, resets + 1);
	assert_ok(axvcpu_setup(vcpu, ENTRY, ROOT + 1, NULL));
	go_back();
	assert_int_equal(here->ept_root, ROOT + 1);
	end();
}

static void another_setup_is_every_engines(void **state)
{
	(void)state;
	make();
	go_there();
	go_back();
	assert_ok(axvcpu_unbind(vcpu));
	assert_ok(axvcpu_transition_state(vcpu, AXVCPU_STATE_FREE, AXVCPU_STATE_CREATED));
	assert_ok(axvcpu_setup(vcpu, ENTRY, ROOT + 7, NULL));
	go_there();
	assert_int_equal(there->ept_root, ROOT + 7);
	end();
}

static int32_t run_fails(struct engine *engine, struct axvcpu_exit *exit)
{
	(void)engine;
	(void)exit;
	return -EIO;
}

static void reset_leads_out_of_invalid_on_any_engine(void **state)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	make();
	go_there();
	engine_orders.run = run_fails;
	assert_error(axvcpu_run(vcpu, &exit), -EIO, "run");
	assert_ok(axvcpu_reset(vcpu));
	expect_on(other_backend, there);
	go_back();
	assert_ok(axvcpu_setup(vcpu, ENTRY, ROOT, NULL));
	assert_ok(axvcpu_bind(vcpu));
	expect_runs(here);
	end();
}

static void a_clock_that_only_the_other_engine_has_is_no_failure_of_a_reset(void **state)
{
	(void)state;
	make();
	assert_ok(axvcpu_set_clock(vcpu, clock_of_test, NULL));
	fail_at(there, "set_clock", AXVCPU_ERROR_UNSUPPORTED, NULL);
	go_there();
	assert_ok(axvcpu_reset(vcpu));
	go_back();
	assert_ptr_equal(here->now, clock_of_test);
	end();
}

static void an_engine_without_a_reset_is_made_again(void **state)
{
	int created;

	(void)state;
	vcpu = vcpu_ready(remade_backend);
	assert_ok(axvcpu_switch(vcpu, full_backend));
	created = engine_orders.created;
	assert_ok(axvcpu_switch(vcpu, remade_backend));
	assert_int_equal(engine_orders.created, created);
	assert_ok(axvcpu_reset(vcpu));
	assert_int_equal(engine_orders.created, created + 1);
	end();
}

static void a_blocking_vcpu_stays_one(void **state)
{
	const struct axvcpu_create_info blocking = { .size = sizeof(blocking), .halt_policy = AXVCPU_HALT_BLOCK };

	(void)state;
	make_in(AXVCPU_STATE_READY, &blocking);
	go_there();
	there->deadline = 1;
	engine_orders.run = run_halt;
	assert_ok(axvcpu_kick(vcpu));
	run_for(AXVCPU_EXIT_KICKED);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ENGINE_TEST(it_is_moved_in_every_state_of_rest),
		ENGINE_TEST(an_invalid_one_is_not_moved),
		ENGINE_TEST(one_that_is_at_work_is_not_moved),
		ENGINE_TEST(after_a_failed_reset_there_is_nothing_to_move),
		ENGINE_TEST(to_where_it_is_already_does_nothing),
		ENGINE_TEST(an_engine_is_added_by_itself_and_once),
		ENGINE_TEST(another_architecture_is_refused),
		ENGINE_TEST(a_create_config_is_carried_field_by_field),
		ENGINE_TEST(its_own_create_config_is_taken),
		ENGINE_TEST(all_registers_go_along),
		ENGINE_TEST(single_step_breakpoints_and_budget_move),
		ENGINE_TEST(a_budget_that_is_used_up_is_told_once),
		ENGINE_TEST(debugging_before_setup_moves_too),
		ENGINE_TEST(the_clock_is_told),
		ENGINE_TEST(interrupts_and_levels_go_along),
		ENGINE_TEST(an_interrupt_that_was_to_be_kept_goes_to_the_next),
		ENGINE_TEST(an_engine_without_lines_takes_none_that_is_up),
		ENGINE_TEST(a_kick_goes_along),
		ENGINE_TEST(a_refusal_at_any_step_changes_nothing),
		ENGINE_TEST(too_many_breakpoints_are_named),
		ENGINE_TEST(a_failing_create_leaves_nothing),
		ENGINE_TEST(a_register_that_it_lacks_must_be_zero),
		ENGINE_TEST(a_register_that_it_refuses_is_named),
		ENGINE_TEST(an_engine_that_cannot_be_made_again_is_left_alone),
		ENGINE_TEST(a_read_is_ended_where_it_began),
		ENGINE_TEST(a_read_without_its_value_is_not_run_on),
		ENGINE_TEST(all_parts_are_told_before_the_move),
		ENGINE_TEST(a_part_that_the_switch_found_is_told_too),
		ENGINE_TEST(switching_back_cancels),
		ENGINE_TEST(another_target_takes_its_place),
		ENGINE_TEST(what_is_queued_meanwhile_goes_to_the_next),
		ENGINE_TEST(a_refusal_while_it_waits_is_told_at_once),
		ENGINE_TEST(a_late_refusal_is_told_once),
		ENGINE_TEST(an_instruction_that_cannot_be_ended_is_an_error_of_run),
		ENGINE_TEST(a_switch_says_that_the_instruction_cannot_be_ended),
		ENGINE_TEST(it_may_be_unbound_and_bound_meanwhile),
		ENGINE_TEST(it_may_be_destroyed_meanwhile),
		ENGINE_TEST(a_reset_meanwhile_ends_it),
		ENGINE_TEST(after_a_reset_the_other_begins_anew_too),
		ENGINE_TEST(another_setup_is_every_engines),
		ENGINE_TEST(reset_leads_out_of_invalid_on_any_engine),
		ENGINE_TEST(a_clock_that_only_the_other_engine_has_is_no_failure_of_a_reset),
		ENGINE_TEST(an_engine_without_a_reset_is_made_again),
		ENGINE_TEST(a_blocking_vcpu_stays_one),
	};

	return cmocka_run_group_tests(tests, engine_group_setup, engine_group_teardown);
}
