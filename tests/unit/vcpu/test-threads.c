/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vCPU object between threads: kicks, interrupts and waits that must not be lost, and what may be called while the
 * guest runs. A lost one shows as a hang, which the test's time limit ends. Meant to run under the thread sanitizer
 * too.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include "engine.h"

#if defined(__has_feature)
#define HAS_FEATURE(feature) __has_feature(feature)
#else
#define HAS_FEATURE(feature) 0
#endif
#if defined(__SANITIZE_THREAD__) || HAS_FEATURE(thread_sanitizer)
#define UNDER_TSAN 1
#define MANY 1000
#else
#define UNDER_TSAN 0
#define MANY 20000
#endif
#define KICKS (5 * MANY)

static int no_logs_setup(void **state)
{
	engine_setup(state);
	engine_orders.logs = 0; /* the log is not for several threads */
	return 0;
}

/* A vCPU with a thread of its own, whose body it gets at start. `progress` is what the other side waits for. */
struct machine {
	struct axvcpu *vcpu;
	uint32_t progress; /* atomic */
	uint32_t goal;
	pthread_t thread;
};

static struct axvcpu *free_vcpu(struct axvcpu_backend *backend, uint32_t halt_policy)
{
	const struct axvcpu_create_info info = { .size = sizeof(info),
						 .halt_policy = halt_policy,
						 .interrupt_capacity = 16 };

	return vcpu_in(backend, AXVCPU_STATE_FREE, &info);
}

static void start(struct machine *machine, void *(*body)(void *))
{
	assert_int_equal(pthread_create(&machine->thread, NULL, body, machine), 0);
}

static void finish(struct machine *machine)
{
	assert_int_equal(pthread_join(machine->thread, NULL), 0);
	assert_ok(axvcpu_destroy(machine->vcpu));
}

static void step(struct machine *machine)
{
	__atomic_fetch_add(&machine->progress, 1, __ATOMIC_RELEASE);
}

static uint32_t progress(const struct machine *machine)
{
	return __atomic_load_n(&machine->progress, __ATOMIC_ACQUIRE);
}

static void wait_for_progress(const struct machine *machine, uint32_t least)
{
	while (progress(machine) < least)
		sched_yield();
}

/* Runs until it was kicked `goal` times. */
static void *runs_until_kicked(void *context)
{
	struct machine *machine = context;
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	assert_ok(axvcpu_bind(machine->vcpu));
	for (uint32_t i = 0; i < machine->goal; i++) {
		assert_ok(axvcpu_run(machine->vcpu, &exit));
		assert_int_equal(exit.reason, AXVCPU_EXIT_KICKED);
		step(machine);
	}
	assert_ok(axvcpu_unbind(machine->vcpu));
	return NULL;
}

static void p10_no_kick_of_a_running_vcpu_is_lost(void **state)
{
	struct machine machine = { .vcpu = free_vcpu(full_backend, AXVCPU_HALT_EXIT), .goal = KICKS };

	(void)state;
	engine_orders.run = run_until_kicked;
	start(&machine, runs_until_kicked);
	for (uint32_t i = 0; i < KICKS; i++) {
		assert_ok(axvcpu_kick(machine.vcpu));
		wait_for_progress(&machine, i + 1);
	}
	finish(&machine);
}

/* Without an engine's kick a run returns by itself now and then, and the next one is Kicked. */
static void *runs_until_kicked_between(void *context)
{
	struct machine *machine = context;
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	assert_ok(axvcpu_bind(machine->vcpu));
	while (progress(machine) < machine->goal) {
		assert_ok(axvcpu_run(machine->vcpu, &exit));
		if (exit.reason == AXVCPU_EXIT_KICKED)
			step(machine);
		else
			sched_yield(); /* so that the kicker comes to its turn where the CPUs are few */
	}
	assert_ok(axvcpu_unbind(machine->vcpu));
	return NULL;
}

static void p10_no_kick_is_lost_without_the_engines_help(void **state)
{
	struct machine machine = { .vcpu = free_vcpu(bare_backend, AXVCPU_HALT_EXIT), .goal = MANY };

	(void)state;
	start(&machine, runs_until_kicked_between);
	for (uint32_t i = 0; i < MANY; i++) {
		assert_ok(axvcpu_kick(machine.vcpu));
		wait_for_progress(&machine, i + 1);
	}
	finish(&machine);
}

static struct machine *signalled;

static void kick_in_handler(int signal)
{
	(void)signal;
	axvcpu_kick(signalled->vcpu);
}

/*
 * One signal is enough. But the thread sanitizer keeps a signal that arrives outside of the calls that it knows to
 * block, and hands it over at the next call that it intercepts: when that is after a futex wait which began meanwhile,
 * it never comes. There it is sent again; kicks add up to one, so that nothing is counted twice.
 */
static void signal_until_progress(struct machine *machine, uint32_t least)
{
	assert_int_equal(pthread_kill(machine->thread, SIGUSR1), 0);
	for (uint32_t i = 1; progress(machine) < least; i++) {
		sched_yield();
		if (UNDER_TSAN && i % 1000 == 0)
			pthread_kill(machine->thread, SIGUSR1);
	}
}

static void with_handler(struct machine *machine, void *(*body)(void *), uint32_t times)
{
	struct sigaction action = { .sa_handler = kick_in_handler }, before;

	signalled = machine;
	assert_int_equal(sigaction(SIGUSR1, &action, &before), 0);
	start(machine, body);
	for (uint32_t i = 0; i < times; i++) {
		signal_until_progress(machine, i + 1);
	}
	finish(machine);
	sigaction(SIGUSR1, &before, NULL);
}

static void p10_kick_from_a_signal_handler_ends_a_run(void **state)
{
	struct machine machine = { .vcpu = free_vcpu(full_backend, AXVCPU_HALT_EXIT), .goal = MANY };

	(void)state;
	engine_orders.run = run_until_kicked;
	with_handler(&machine, runs_until_kicked, MANY);
}

/* Waits, and takes the kick that ended the wait with a run. */
static void *waits_until_kicked(void *context)
{
	struct machine *machine = context;
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	assert_ok(axvcpu_bind(machine->vcpu));
	for (uint32_t i = 0; i < machine->goal; i++) {
		assert_ok(axvcpu_wait(machine->vcpu, UINT64_MAX));
		assert_ok(axvcpu_run(machine->vcpu, &exit));
		assert_int_equal(exit.reason, AXVCPU_EXIT_KICKED);
		step(machine);
	}
	assert_ok(axvcpu_unbind(machine->vcpu));
	return NULL;
}

static void p12_kick_from_a_signal_handler_ends_a_wait(void **state)
{
	struct machine machine = { .vcpu = free_vcpu(full_backend, AXVCPU_HALT_EXIT), .goal = MANY };

	(void)state;
	with_handler(&machine, waits_until_kicked, MANY);
}

static void p12_no_kick_of_a_waiting_vcpu_is_lost(void **state)
{
	struct machine machine = { .vcpu = free_vcpu(bare_backend, AXVCPU_HALT_EXIT), .goal = MANY };

	(void)state;
	start(&machine, waits_until_kicked);
	for (uint32_t i = 0; i < MANY; i++) {
		assert_ok(axvcpu_kick(machine.vcpu));
		wait_for_progress(&machine, i + 1);
	}
	finish(&machine);
}

/* A guest that only takes interrupts: halts when it has none, says how many it took. */
static uint32_t taken_by_guest;

static int32_t run_takes_interrupts(struct engine *engine, struct axvcpu_exit *exit)
{
	engine->taken_count = __atomic_load_n(&engine->injected_count, __ATOMIC_ACQUIRE);
	__atomic_store_n(&taken_by_guest, engine->taken_count, __ATOMIC_RELEASE);
	exit->reason = AXVCPU_EXIT_HALT;
	return 0;
}

static void *halts_and_waits(void *context)
{
	struct machine *machine = context;
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	assert_ok(axvcpu_bind(machine->vcpu));
	while (__atomic_load_n(&taken_by_guest, __ATOMIC_ACQUIRE) < machine->goal) {
		assert_ok(axvcpu_wait(machine->vcpu, UINT64_MAX));
		assert_ok(axvcpu_run(machine->vcpu, &exit));
		assert_int_equal(exit.reason, AXVCPU_EXIT_HALT);
	}
	assert_ok(axvcpu_unbind(machine->vcpu));
	return NULL;
}

/* Every other interrupt is sent only when the guest has taken all before it, and so most likely sleeps or is about to.
 */
static void send_interrupts(struct machine *machine, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		int32_t error;

		while ((error = axvcpu_inject_interrupt(machine->vcpu, i)) == AXVCPU_ERROR_RESOURCE_BUSY)
			sched_yield();
		assert_ok(error);
		while (i % 2 && __atomic_load_n(&taken_by_guest, __ATOMIC_ACQUIRE) <= i)
			sched_yield();
	}
}

static void check_order(struct axvcpu *vcpu)
{
	for (uint32_t i = 0; i < ENGINE_INJECTED_MAX; i++)
		assert_int_equal(engine_of(vcpu)->injected[i], i);
}

static void p12_no_wake_up_is_lost(void **state)
{
	struct machine machine = { .vcpu = free_vcpu(full_backend, AXVCPU_HALT_EXIT), .goal = MANY };

	(void)state;
	taken_by_guest = 0;
	engine_orders.run = run_takes_interrupts;
	start(&machine, halts_and_waits);
	send_interrupts(&machine, MANY);
	pthread_join(machine.thread, NULL);
	check_order(machine.vcpu);
	assert_ok(axvcpu_destroy(machine.vcpu));
}

static void p12_no_wake_up_is_lost_by_a_run_that_blocks(void **state)
{
	struct machine machine = { .vcpu = free_vcpu(full_backend, AXVCPU_HALT_BLOCK), .goal = 1 };

	(void)state;
	taken_by_guest = 0;
	engine_orders.run = run_takes_interrupts;
	start(&machine, runs_until_kicked);
	send_interrupts(&machine, MANY);
	assert_int_equal(progress(&machine), 0);
	while (axvcpu_state(machine.vcpu) != AXVCPU_STATE_BLOCKED)
		sched_yield();
	assert_ok(axvcpu_kick(machine.vcpu));
	pthread_join(machine.thread, NULL);
	assert_int_equal(taken_by_guest, MANY);
	check_order(machine.vcpu);
	assert_ok(axvcpu_destroy(machine.vcpu));
}

static void p10_state_and_inject_work_while_the_guest_runs(void **state)
{
	struct machine machine = { .vcpu = free_vcpu(full_backend, AXVCPU_HALT_EXIT), .goal = 1 };

	(void)state;
	engine_orders.run = run_until_kicked;
	start(&machine, runs_until_kicked);
	while (axvcpu_state(machine.vcpu) != AXVCPU_STATE_RUNNING)
		sched_yield();
	for (uint32_t i = 0; i < MANY; i++) {
		while (axvcpu_inject_interrupt(machine.vcpu, i) == AXVCPU_ERROR_RESOURCE_BUSY)
			sched_yield();
		assert_int_equal(axvcpu_state(machine.vcpu), AXVCPU_STATE_RUNNING);
	}
	while (__atomic_load_n(&engine_of(machine.vcpu)->injected_count, __ATOMIC_ACQUIRE) < MANY)
		sched_yield();
	assert_ok(axvcpu_kick(machine.vcpu));
	pthread_join(machine.thread, NULL);
	check_order(machine.vcpu);
	assert_ok(axvcpu_destroy(machine.vcpu));
}

static void *runs_to_the_end(void *context)
{
	struct machine *machine = context;
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	assert_ok(axvcpu_bind(machine->vcpu));
	assert_ok(axvcpu_run(machine->vcpu, &exit));
	assert_ok(axvcpu_unbind(machine->vcpu));
	return NULL;
}

static void p9_two_threads_run_two_vcpus(void **state)
{
	struct machine machines[2] = { { .vcpu = free_vcpu(full_backend, AXVCPU_HALT_EXIT) },
				       { .vcpu = free_vcpu(full_backend, AXVCPU_HALT_EXIT) } };

	(void)state;
	engine_orders.run = run_until_kicked;
	for (int i = 0; i < 2; i++)
		start(&machines[i], runs_to_the_end);
	for (int i = 0; i < 2; i++)
		while (axvcpu_state(machines[i].vcpu) != AXVCPU_STATE_RUNNING)
			sched_yield();
	for (int i = 0; i < 2; i++) {
		assert_ok(axvcpu_kick(machines[i].vcpu));
		finish(&machines[i]);
	}
}

static uint32_t stop_kicking;

static void *kicks_all_the_time(void *context)
{
	struct machine *machine = context;

	while (!__atomic_load_n(&stop_kicking, __ATOMIC_RELAXED)) {
		assert_ok(axvcpu_kick(machine->vcpu));
		axvcpu_inject_interrupt(machine->vcpu, 1); /* may be full */
		step(machine);
	}
	return NULL;
}

static void reset_under_fire(struct axvcpu_backend *backend)
{
	struct machine machine = { .vcpu = free_vcpu(backend, AXVCPU_HALT_EXIT) };
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	stop_kicking = 0;
	start(&machine, kicks_all_the_time);
	for (uint32_t i = 0; i < MANY / 20; i++) {
		assert_ok(axvcpu_reset(machine.vcpu));
		assert_ok(axvcpu_setup(machine.vcpu, 0, 0, NULL));
		assert_ok(axvcpu_bind(machine.vcpu));
		assert_ok(axvcpu_run(machine.vcpu, &exit));
		wait_for_progress(&machine, i); /* so that both are at it all the time */
	}
	__atomic_store_n(&stop_kicking, 1, __ATOMIC_RELAXED);
	finish(&machine);
}

static void p11_reset_is_safe_against_kicks(void **state)
{
	(void)state;
	reset_under_fire(full_backend);
}

static void p11_making_the_engine_anew_is_safe_against_kicks(void **state)
{
	(void)state;
	reset_under_fire(bare_backend);
}

/* The engine is made anew, and it has a kick that would touch a freed one. */
static void p11_a_kick_never_meets_an_engine_that_is_gone(void **state)
{
	(void)state;
	reset_under_fire(kicking_backend);
}

/* ---- switches of engines ---- */

static void switch_to_and_fro(struct axvcpu *vcpu, uint32_t number)
{
	assert_ok(axvcpu_switch(vcpu, number % 2 ? full_backend : other_backend));
}

/* Each run is on the other engine than the one before, and ends with its kick. */
static void *runs_until_kicked_here_and_there(void *context)
{
	struct machine *machine = context;
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	assert_ok(axvcpu_bind(machine->vcpu));
	for (uint32_t i = 0; i < machine->goal; i++) {
		switch_to_and_fro(machine->vcpu, i);
		assert_ok(axvcpu_run(machine->vcpu, &exit));
		assert_int_equal(exit.reason, AXVCPU_EXIT_KICKED);
		step(machine);
	}
	assert_ok(axvcpu_unbind(machine->vcpu));
	return NULL;
}

static void no_kick_is_lost_in_a_switch(void **state)
{
	struct machine machine = { .vcpu = free_vcpu(full_backend, AXVCPU_HALT_EXIT), .goal = MANY };

	(void)state;
	engine_orders.run = run_until_kicked;
	start(&machine, runs_until_kicked_here_and_there);
	for (uint32_t i = 0; i < machine.goal; i++) {
		assert_ok(axvcpu_kick(machine.vcpu));
		wait_for_progress(&machine, i + 1);
	}
	finish(&machine);
}

/* All that another thread may do at any time. */
static void *does_everything_all_the_time(void *context)
{
	struct machine *machine = context;

	for (uint32_t i = 0; !__atomic_load_n(&stop_kicking, __ATOMIC_RELAXED); i++) {
		assert_ok(axvcpu_kick(machine->vcpu));
		axvcpu_inject_interrupt(machine->vcpu, 1);          /* may be full */
		axvcpu_set_interrupt_line(machine->vcpu, 3, i & 1); /* may have no lines */
		assert_non_null(axvcpu_backend_of(machine->vcpu));
		axvcpu_state(machine->vcpu);
		step(machine);
	}
	return NULL;
}

static void switch_under_fire(struct axvcpu_backend *from, struct axvcpu_backend *to)
{
	struct machine machines[3] = { { .vcpu = free_vcpu(from, AXVCPU_HALT_EXIT) } };
	struct axvcpu *vcpu = machines[0].vcpu;
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	stop_kicking = 0;
	assert_ok(axvcpu_bind(vcpu));
	for (unsigned i = 0; i < 3; i++) {
		machines[i].vcpu = vcpu;
		start(&machines[i], does_everything_all_the_time);
	}
	for (uint32_t i = 0; i < MANY / 20; i++) {
		/* A line that is up just now keeps it from an engine without lines. */
		int32_t error = axvcpu_switch(vcpu, i % 2 ? from : to);

		assert_true(!error || error == AXVCPU_ERROR_UNSUPPORTED);
		assert_ok(axvcpu_run(vcpu, &exit));
		wait_for_progress(&machines[0], i / 8);
	}
	__atomic_store_n(&stop_kicking, 1, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(pthread_join(machines[i].thread, NULL), 0);
	assert_ok(axvcpu_destroy(vcpu));
}

static void a_switch_is_safe_against_everything(void **state)
{
	(void)state;
	switch_under_fire(full_backend, other_backend);
	switch_under_fire(full_backend, remade_backend);
}

static void a_line_that_comes_with_a_switch_is_kept(void **state)
{
	(void)state;
	switch_under_fire(full_backend, lineless_backend);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, no_logs_setup, engine_teardown)
	const struct CMUnitTest tests[] = {
		TEST(p10_no_kick_of_a_running_vcpu_is_lost),
		TEST(p10_no_kick_is_lost_without_the_engines_help),
		TEST(p10_kick_from_a_signal_handler_ends_a_run),
		TEST(p12_kick_from_a_signal_handler_ends_a_wait),
		TEST(p12_no_kick_of_a_waiting_vcpu_is_lost),
		TEST(p12_no_wake_up_is_lost),
		TEST(p12_no_wake_up_is_lost_by_a_run_that_blocks),
		TEST(p10_state_and_inject_work_while_the_guest_runs),
		TEST(p9_two_threads_run_two_vcpus),
		TEST(p11_reset_is_safe_against_kicks),
		TEST(p11_making_the_engine_anew_is_safe_against_kicks),
		TEST(p11_a_kick_never_meets_an_engine_that_is_gone),
		TEST(no_kick_is_lost_in_a_switch),
		TEST(a_switch_is_safe_against_everything),
		TEST(a_line_that_comes_with_a_switch_is_kept),
	};

	return cmocka_run_group_tests(tests, engine_group_setup, engine_group_teardown);
}
