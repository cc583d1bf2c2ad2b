/* SPDX-License-Identifier: Apache-2.0 */
/* Blocked, from one thread: what ends a wait, what does not, and clocks. Races are in test-threads.c. */
#include <errno.h>
#include <time.h>

#include "engine.h"

#define MILLISECOND UINT64_C(1000000)

static const struct axvcpu_create_info blocking = { .size = sizeof(blocking), .halt_policy = AXVCPU_HALT_BLOCK };

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 * MILLISECOND + (uint64_t)now.tv_nsec;
}

static void p12_a_wait_ends_with_its_time(void **state)
{
	struct axvcpu *vcpu = vcpu_ready(full_backend);
	uint64_t start = monotonic_ns();

	(void)state;
	assert_error(axvcpu_wait(vcpu, 20 * MILLISECOND), -ETIMEDOUT, "20000000 ns");
	assert_true(monotonic_ns() - start >= 20 * MILLISECOND);
	assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_READY);
	assert_error(axvcpu_wait(vcpu, 0), -ETIMEDOUT, "0 ns");
	assert_null(axvcpu_get_current());
	assert_ok(axvcpu_destroy(vcpu));
}

static void p12_what_came_before_the_wait_is_not_lost(void **state)
{
	struct axvcpu *vcpu = vcpu_ready(full_backend);
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	engine_orders.run = run_halt;
	assert_ok(axvcpu_run(vcpu, &exit));
	assert_int_equal(exit.reason, AXVCPU_EXIT_HALT);
	assert_ok(axvcpu_inject_interrupt(vcpu, 5));
	assert_ok(axvcpu_wait(vcpu, UINT64_MAX));
	assert_int_equal(engine_of(vcpu)->injected[0], 5);
	assert_ok(axvcpu_run(vcpu, &exit)); /* takes it and halts again */
	assert_error(axvcpu_wait(vcpu, MILLISECOND), -ETIMEDOUT, "ended");
	assert_ok(axvcpu_destroy(vcpu));
}

static void p12_a_kick_ends_the_wait_and_is_kept_for_the_run(void **state)
{
	struct axvcpu *vcpu = vcpu_ready(full_backend);
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	assert_ok(axvcpu_kick(vcpu));
	assert_ok(axvcpu_wait(vcpu, UINT64_MAX));
	assert_ok(axvcpu_wait(vcpu, UINT64_MAX));
	assert_ok(axvcpu_run(vcpu, &exit));
	assert_int_equal(exit.reason, AXVCPU_EXIT_KICKED);
	assert_error(axvcpu_wait(vcpu, 0), -ETIMEDOUT, "ended");
	assert_ok(axvcpu_destroy(vcpu));
}

static int32_t run_kicked_for_ever(struct engine *engine, struct axvcpu_exit *exit)
{
	(void)engine;
	exit->reason = AXVCPU_EXIT_KICKED;
	return 0;
}

static void an_engine_that_is_kicked_by_nobody_for_ever_does_not_keep_the_thread(void **state)
{
	struct axvcpu *vcpu = vcpu_ready(full_backend);
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	engine_orders.run = run_kicked_for_ever;
	assert_ok(axvcpu_run(vcpu, &exit));
	assert_int_equal(exit.reason, AXVCPU_EXIT_NOTHING);
	assert_ok(axvcpu_kick(vcpu));
	assert_ok(axvcpu_run(vcpu, &exit));
	assert_int_equal(exit.reason, AXVCPU_EXIT_KICKED);
	assert_ok(axvcpu_destroy(vcpu));
}

static void p12_a_raised_line_ends_it_and_a_lowered_one_does_not(void **state)
{
	struct axvcpu *vcpu = vcpu_ready(full_backend);

	(void)state;
	assert_ok(axvcpu_set_interrupt_line(vcpu, 9, 1));
	assert_ok(axvcpu_wait(vcpu, UINT64_MAX));
	assert_ok(axvcpu_wait(vcpu, UINT64_MAX)); /* it is still raised */
	assert_ok(axvcpu_set_interrupt_line(vcpu, 9, 0));
	assert_error(axvcpu_wait(vcpu, MILLISECOND), -ETIMEDOUT, "ended");
	assert_int_equal(engine_of(vcpu)->levels, 0);
	assert_ok(axvcpu_destroy(vcpu));
}

static void p12_without_interrupt_pending_what_was_delivered_counts(void **state)
{
	struct axvcpu *vcpu = vcpu_ready(bare_backend);

	(void)state;
	assert_ok(axvcpu_inject_interrupt(vcpu, 5));
	assert_ok(axvcpu_wait(vcpu, UINT64_MAX));
	assert_error(axvcpu_wait(vcpu, MILLISECOND), -ETIMEDOUT, "ended");
	assert_ok(axvcpu_destroy(vcpu));
}

static void p12_an_interrupt_that_the_engine_cannot_take_yet_ends_it(void **state)
{
	struct axvcpu *vcpu = vcpu_ready(full_backend);

	(void)state;
	assert_ok(axvcpu_inject_interrupt(vcpu, 5));
	engine_orders.failing = "inject_interrupt";
	engine_orders.failure = AXVCPU_ERROR_RESOURCE_BUSY;
	assert_ok(axvcpu_wait(vcpu, UINT64_MAX));
	assert_ok(axvcpu_destroy(vcpu));
}

static void the_engines_timer_ends_it(void **state)
{
	struct axvcpu *vcpu = vcpu_ready(full_backend);
	uint64_t start = monotonic_ns();

	(void)state;
	engine_of(vcpu)->deadline = start + 20 * MILLISECOND;
	assert_ok(axvcpu_wait(vcpu, UINT64_MAX));
	assert_true(monotonic_ns() - start >= 20 * MILLISECOND);
	engine_of(vcpu)->deadline = 1; /* due long ago */
	assert_ok(axvcpu_wait(vcpu, UINT64_MAX));
	assert_ok(axvcpu_destroy(vcpu));
}

/* A VMM's clock that starts at 0 and runs at half the speed of the host's: waits must look again. */
static uint64_t slow_now(void *context)
{
	return (monotonic_ns() - *(const uint64_t *)context) / 2;
}

static void the_engines_timer_is_by_the_vmms_clock(void **state)
{
	uint64_t start = monotonic_ns();
	struct axvcpu *vcpu = vcpu_ready(full_backend);

	(void)state;
	assert_ok(axvcpu_set_clock(vcpu, slow_now, &start));
	engine_of(vcpu)->deadline = 20 * MILLISECOND;
	assert_ok(axvcpu_wait(vcpu, UINT64_MAX));
	assert_true(monotonic_ns() - start >= 40 * MILLISECOND);
	assert_ok(axvcpu_destroy(vcpu));
}

static uint64_t state_seen;

static uint64_t clock_looks_at_state(void *context)
{
	state_seen = axvcpu_state(context);
	assert_ptr_equal(axvcpu_get_current(), context);
	return UINT64_MAX - 1;
}

static void p12_a_waiting_vcpu_is_blocked(void **state)
{
	struct axvcpu *vcpu = vcpu_ready(full_backend);

	(void)state;
	assert_ok(axvcpu_set_clock(vcpu, clock_looks_at_state, vcpu));
	engine_of(vcpu)->deadline = 5;
	assert_ok(axvcpu_wait(vcpu, UINT64_MAX));
	assert_int_equal(state_seen, AXVCPU_STATE_BLOCKED);
	assert_ok(axvcpu_destroy(vcpu));
}

static void an_engine_that_fails_in_a_wait_gives_invalid(void **state)
{
	static const char *const ops[] = { "interrupt_pending", "next_deadline" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct axvcpu *vcpu = vcpu_ready(full_backend);

		engine_orders.failing = ops[i];
		engine_orders.failure = -5;
		assert_error(axvcpu_wait(vcpu, 0), -5, ops[i]);
		assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_INVALID);
		assert_ok(axvcpu_destroy(vcpu));
	}
}

/* Halts twice; each time the engine's timer is soon due. */
static int32_t run_halts_twice(struct engine *engine, struct axvcpu_exit *exit)
{
	exit->reason = engine->gpr[1]++ < 2 ? AXVCPU_EXIT_HALT : AXVCPU_EXIT_SYSTEM_DOWN;
	engine->deadline = monotonic_ns() + MILLISECOND;
	return 0;
}

static void p12_policy_block_goes_on_by_itself(void **state)
{
	struct axvcpu *vcpu = vcpu_in(full_backend, AXVCPU_STATE_READY, &blocking);
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	engine_orders.run = run_halts_twice;
	assert_ok(axvcpu_run(vcpu, &exit));
	assert_int_equal(exit.reason, AXVCPU_EXIT_SYSTEM_DOWN);
	assert_int_equal(engine_of(vcpu)->gpr[1], 3);
	assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_READY);
	assert_ok(axvcpu_destroy(vcpu));
}

static int32_t run_halts_and_is_kicked(struct engine *engine, struct axvcpu_exit *exit)
{
	assert_ok(axvcpu_kick(axvcpu_get_current()));
	return run_halt(engine, exit);
}

static void p12_a_kick_ends_a_run_that_blocks(void **state)
{
	struct axvcpu *vcpu = vcpu_in(full_backend, AXVCPU_STATE_READY, &blocking);
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	engine_orders.run = run_halts_and_is_kicked;
	assert_ok(axvcpu_run(vcpu, &exit));
	assert_int_equal(exit.reason, AXVCPU_EXIT_KICKED);
	assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_READY);
	assert_ok(axvcpu_destroy(vcpu));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ENGINE_TEST(p12_a_wait_ends_with_its_time),
		ENGINE_TEST(p12_what_came_before_the_wait_is_not_lost),
		ENGINE_TEST(p12_a_kick_ends_the_wait_and_is_kept_for_the_run),
		ENGINE_TEST(an_engine_that_is_kicked_by_nobody_for_ever_does_not_keep_the_thread),
		ENGINE_TEST(p12_a_raised_line_ends_it_and_a_lowered_one_does_not),
		ENGINE_TEST(p12_without_interrupt_pending_what_was_delivered_counts),
		ENGINE_TEST(p12_an_interrupt_that_the_engine_cannot_take_yet_ends_it),
		ENGINE_TEST(the_engines_timer_ends_it),
		ENGINE_TEST(the_engines_timer_is_by_the_vmms_clock),
		ENGINE_TEST(p12_a_waiting_vcpu_is_blocked),
		ENGINE_TEST(an_engine_that_fails_in_a_wait_gives_invalid),
		ENGINE_TEST(p12_policy_block_goes_on_by_itself),
		ENGINE_TEST(p12_a_kick_ends_a_run_that_blocks),
	};

	return cmocka_run_group_tests(tests, engine_group_setup, engine_group_teardown);
}
