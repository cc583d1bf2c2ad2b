/* SPDX-License-Identifier: Apache-2.0 */
/* The static binding: the engine is compiled in, and its run does what axvcpu_run does, in the plain case and in every
 * other. */
#include "engine.c"

#include <axvcpu/static.h>

AXVCPU_STATIC_RUN(static_run, engine_run)

static void the_plain_case(void **state)
{
	struct axvcpu *vcpu = vcpu_ready(full_backend);
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_ok(static_run(vcpu, &exit));
	assert_string_equal(engine_orders.log, "run run run ");
	assert_ptr_equal(engine_orders.current_in_op, vcpu);
	assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_READY);
	assert_null(axvcpu_get_current());
	assert_ok(axvcpu_destroy(vcpu));
}

static int32_t run_notes_state(struct engine *engine, struct axvcpu_exit *exit)
{
	engine->gpr[3] = axvcpu_state(axvcpu_get_current());
	return run_nothing(engine, exit);
}

static void it_is_running_meanwhile(void **state)
{
	struct axvcpu *vcpu = vcpu_ready(full_backend);
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	engine_orders.run = run_notes_state;
	assert_ok(static_run(vcpu, &exit));
	assert_int_equal(engine_of(vcpu)->gpr[3], AXVCPU_STATE_RUNNING);
	assert_ok(axvcpu_destroy(vcpu));
}

static void kicks_and_interrupts(void **state)
{
	struct axvcpu *vcpu = vcpu_ready(full_backend);
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	assert_ok(axvcpu_kick(vcpu));
	assert_ok(static_run(vcpu, &exit));
	assert_int_equal(exit.reason, AXVCPU_EXIT_KICKED);
	assert_ok(axvcpu_inject_interrupt(vcpu, 5));
	assert_ok(static_run(vcpu, &exit));
	assert_int_equal(exit.reason, AXVCPU_EXIT_NOTHING);
	assert_string_equal(engine_orders.log, "inject_interrupt run ");
	assert_ok(axvcpu_destroy(vcpu));
}

static int32_t run_is_kicked_meanwhile(struct engine *engine, struct axvcpu_exit *exit)
{
	assert_ok(axvcpu_kick(axvcpu_get_current()));
	return run_until_kicked(engine, exit);
}

static void a_kick_meanwhile(void **state)
{
	struct axvcpu *vcpu = vcpu_ready(full_backend);
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	engine_orders.run = run_is_kicked_meanwhile;
	assert_ok(static_run(vcpu, &exit));
	assert_int_equal(exit.reason, AXVCPU_EXIT_KICKED);
	assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_READY);
	engine_orders.run = run_nothing;
	assert_ok(static_run(vcpu, &exit));
	assert_int_equal(exit.reason, AXVCPU_EXIT_NOTHING);
	assert_ok(axvcpu_destroy(vcpu));
}

static void errors(void **state)
{
	struct axvcpu *vcpu = vcpu_ready(full_backend);
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT, small = { .size = 8 };

	(void)state;
	assert_error(static_run(vcpu, &small), AXVCPU_ERROR_INVALID_INPUT, "AXVCPU_EXIT_INIT");
	engine_orders.failing = "run";
	engine_orders.failure = -5;
	engine_orders.failure_text = "the engine is on fire";
	assert_error(static_run(vcpu, &exit), -5, "vCPU 0: run: the engine is on fire");
	assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_INVALID);
	assert_null(axvcpu_get_current());
	assert_error(static_run(vcpu, &exit), AXVCPU_ERROR_BAD_STATE, "run needs state Ready, but it is Invalid");
	assert_ok(axvcpu_destroy(vcpu));
}

static void a_vcpu_that_is_not_bound(void **state)
{
	struct axvcpu *vcpu = vcpu_in(full_backend, AXVCPU_STATE_FREE, NULL);
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	assert_ok(axvcpu_set_state(vcpu, AXVCPU_STATE_READY));
	assert_error(static_run(vcpu, &exit), AXVCPU_ERROR_BAD_STATE, "call axvcpu_bind");
	assert_ok(axvcpu_set_state(vcpu, AXVCPU_STATE_FREE));
	assert_error(static_run(vcpu, &exit), AXVCPU_ERROR_BAD_STATE, "run needs state Ready, but it is Free");
	assert_ok(axvcpu_destroy(vcpu));
}

static void a_nested_run(void **state)
{
	struct axvcpu *vcpu = vcpu_ready(full_backend), *other = vcpu_in(full_backend, AXVCPU_STATE_CREATED, NULL);
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	assert_ok(axvcpu_set_current(other));
	assert_error(static_run(vcpu, &exit), AXVCPU_ERROR_BAD_STATE, "nested");
	assert_ok(axvcpu_clear_current());
	assert_ok(static_run(vcpu, &exit));
	assert_ok(axvcpu_destroy(vcpu));
	assert_ok(axvcpu_destroy(other));
}

static int32_t run_halts_once(struct engine *engine, struct axvcpu_exit *exit)
{
	exit->reason = engine->gpr[1]++ ? AXVCPU_EXIT_SYSTEM_DOWN : AXVCPU_EXIT_HALT;
	engine->deadline = 1;
	return 0;
}

static void a_vcpu_that_blocks(void **state)
{
	const struct axvcpu_create_info blocking = { .size = sizeof(blocking), .halt_policy = AXVCPU_HALT_BLOCK };
	struct axvcpu *vcpu = vcpu_in(full_backend, AXVCPU_STATE_READY, &blocking);
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	engine_orders.run = run_halts_once;
	assert_ok(static_run(vcpu, &exit));
	assert_int_equal(exit.reason, AXVCPU_EXIT_SYSTEM_DOWN);
	assert_ok(axvcpu_destroy(vcpu));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ENGINE_TEST(the_plain_case),
		ENGINE_TEST(it_is_running_meanwhile),
		ENGINE_TEST(kicks_and_interrupts),
		ENGINE_TEST(a_kick_meanwhile),
		ENGINE_TEST(errors),
		ENGINE_TEST(a_vcpu_that_is_not_bound),
		ENGINE_TEST(a_nested_run),
		ENGINE_TEST(a_vcpu_that_blocks),
	};

	return cmocka_run_group_tests(tests, engine_group_setup, engine_group_teardown);
}
