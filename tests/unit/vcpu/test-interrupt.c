/* SPDX-License-Identifier: Apache-2.0 */
/* The interrupt queue: edges in order and bounded, lines by their latest level, both handed over before entry. */
#include "engine.h"

static void run_once(struct axvcpu *vcpu)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	assert_ok(axvcpu_run(vcpu, &exit));
}

static void p10_edges_arrive_in_order_before_entry(void **state)
{
	struct axvcpu *vcpu = vcpu_ready(full_backend);
	const struct engine *engine = engine_of(vcpu);

	(void)state;
	for (uint64_t vector = 1; vector <= 3; vector++)
		assert_ok(axvcpu_inject_interrupt(vcpu, vector));
	assert_int_equal(engine->injected_count, 0);
	run_once(vcpu);
	assert_string_equal(engine_orders.log, "inject_interrupt inject_interrupt inject_interrupt run ");
	assert_ptr_equal(engine_orders.current_in_op, vcpu);
	for (uint64_t vector = 1; vector <= 3; vector++)
		assert_int_equal(engine->injected[vector - 1], vector);
	run_once(vcpu);
	assert_int_equal(engine->injected_count, 3);
	assert_ok(axvcpu_destroy(vcpu));
}

static void the_queue_is_bounded(void **state)
{
	const struct axvcpu_create_info small = { .size = sizeof(small), .interrupt_capacity = 3 };
	struct axvcpu *vcpu = vcpu_in(full_backend, AXVCPU_STATE_READY, &small);

	(void)state;
	for (int round = 0; round < 5; round++) { /* the ring wraps */
		for (uint64_t vector = 0; vector < 3; vector++)
			assert_ok(axvcpu_inject_interrupt(vcpu, vector));
		assert_error(axvcpu_inject_interrupt(vcpu, 9), AXVCPU_ERROR_RESOURCE_BUSY, "queue of 3");
		run_once(vcpu);
		for (uint64_t vector = 0; vector < 3; vector++)
			assert_int_equal(engine_of(vcpu)->injected[(uint64_t)round * 3 + vector], vector);
	}
	assert_ok(axvcpu_destroy(vcpu));
}

static void the_default_capacity_is_64(void **state)
{
	struct axvcpu *vcpu = vcpu_ready(full_backend);

	(void)state;
	for (uint64_t vector = 0; vector < 64; vector++)
		assert_ok(axvcpu_inject_interrupt(vcpu, vector));
	assert_error(axvcpu_inject_interrupt(vcpu, 64), AXVCPU_ERROR_RESOURCE_BUSY, "interrupt 64");
	assert_ok(axvcpu_destroy(vcpu));
}

static void an_interrupt_that_cannot_be_taken_yet_is_kept(void **state)
{
	struct axvcpu *vcpu = vcpu_ready(full_backend);

	(void)state;
	assert_ok(axvcpu_inject_interrupt(vcpu, 1));
	assert_ok(axvcpu_inject_interrupt(vcpu, 2));
	engine_orders.failing = "inject_interrupt";
	engine_orders.failure = AXVCPU_ERROR_RESOURCE_BUSY;
	run_once(vcpu);
	run_once(vcpu);
	assert_int_equal(engine_of(vcpu)->injected_count, 0);
	engine_orders.failing = NULL;
	run_once(vcpu);
	assert_int_equal(engine_of(vcpu)->injected_count, 2);
	assert_int_equal(engine_of(vcpu)->injected[0], 1);
	assert_int_equal(engine_of(vcpu)->injected[1], 2);
	assert_ok(axvcpu_destroy(vcpu));
}

static void a_vector_that_the_engine_refuses_fails_the_run_and_is_dropped(void **state)
{
	struct axvcpu *vcpu = vcpu_ready(full_backend);
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	assert_ok(axvcpu_inject_interrupt(vcpu, 1));
	engine_orders.failing = "inject_interrupt";
	engine_orders.failure = AXVCPU_ERROR_INVALID_INPUT;
	assert_error(axvcpu_run(vcpu, &exit), AXVCPU_ERROR_INVALID_INPUT, "vCPU 0: an interrupt was refused: ");
	assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_INVALID);
	engine_orders.failing = NULL;
	assert_ok(axvcpu_set_state(vcpu, AXVCPU_STATE_READY));
	run_once(vcpu);
	assert_int_equal(engine_of(vcpu)->injected_count, 0);
	assert_ok(axvcpu_destroy(vcpu));
}

static void the_latest_level_of_a_line_counts(void **state)
{
	struct axvcpu *vcpu = vcpu_ready(full_backend);
	const struct engine *engine = engine_of(vcpu);

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_ok(axvcpu_set_interrupt_line(vcpu, 9, i % 2));
	assert_ok(axvcpu_set_interrupt_line(vcpu, 63, 7));
	assert_ok(axvcpu_set_interrupt_line(vcpu, 0, 0));
	run_once(vcpu);
	assert_int_equal(engine->levels, UINT64_C(1) << 63 | 1 << 9);
	assert_int_equal(engine->lines_told, 3);
	assert_ok(axvcpu_set_interrupt_line(vcpu, 9, 0));
	run_once(vcpu);
	assert_int_equal(engine->levels, UINT64_C(1) << 63);
	assert_int_equal(engine->lines_told, 4);
	assert_ok(axvcpu_destroy(vcpu));
}

static void a_line_that_cannot_be_told_yet_is_kept(void **state)
{
	struct axvcpu *vcpu = vcpu_ready(full_backend);

	(void)state;
	assert_ok(axvcpu_set_interrupt_line(vcpu, 9, 1));
	engine_orders.failing = "set_interrupt_line";
	engine_orders.failure = AXVCPU_ERROR_RESOURCE_BUSY;
	run_once(vcpu);
	engine_orders.failing = NULL;
	run_once(vcpu);
	assert_int_equal(engine_of(vcpu)->lines_told, 2);
	assert_ok(axvcpu_destroy(vcpu));
}

static void bad_lines_are_refused(void **state)
{
	struct axvcpu *full = vcpu_ready(full_backend), *bare = vcpu_ready(bare_backend);

	(void)state;
	assert_error(axvcpu_set_interrupt_line(full, 64, 1), AXVCPU_ERROR_INVALID_INPUT, "lines go from 0 to 63");
	assert_error(axvcpu_set_interrupt_line(bare, 1, 1), AXVCPU_ERROR_UNSUPPORTED, "axvcpu_inject_interrupt");
	assert_ok(axvcpu_inject_interrupt(bare, 1));
	run_once(bare);
	assert_int_equal(engine_of(bare)->injected_count, 1);
	assert_ok(axvcpu_destroy(full));
	assert_ok(axvcpu_destroy(bare));
}

/* The guest runs on until the interrupt that came meanwhile is with the engine; it is no exit. */
static int32_t run_gets_interrupt_meanwhile(struct engine *engine, struct axvcpu_exit *exit)
{
	if (!engine->injected_count) {
		assert_ok(axvcpu_inject_interrupt(axvcpu_get_current(), 33));
		return run_until_kicked(engine, exit);
	}
	return run_nothing(engine, exit);
}

static void p10_injection_while_it_runs_is_not_an_exit(void **state)
{
	struct axvcpu *vcpu = vcpu_ready(full_backend);
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	engine_orders.run = run_gets_interrupt_meanwhile;
	assert_ok(axvcpu_run(vcpu, &exit));
	assert_int_equal(exit.reason, AXVCPU_EXIT_NOTHING);
	assert_string_equal(engine_orders.log, "run inject_interrupt run ");
	assert_int_equal(engine_of(vcpu)->injected[0], 33);
	assert_ok(axvcpu_destroy(vcpu));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ENGINE_TEST(p10_edges_arrive_in_order_before_entry),
		ENGINE_TEST(the_queue_is_bounded),
		ENGINE_TEST(the_default_capacity_is_64),
		ENGINE_TEST(an_interrupt_that_cannot_be_taken_yet_is_kept),
		ENGINE_TEST(a_vector_that_the_engine_refuses_fails_the_run_and_is_dropped),
		ENGINE_TEST(the_latest_level_of_a_line_counts),
		ENGINE_TEST(a_line_that_cannot_be_told_yet_is_kept),
		ENGINE_TEST(bad_lines_are_refused),
		ENGINE_TEST(p10_injection_while_it_runs_is_not_an_exit),
	};

	return cmocka_run_group_tests(tests, engine_group_setup, engine_group_teardown);
}
