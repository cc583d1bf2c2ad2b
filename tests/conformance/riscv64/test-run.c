/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run promises a VMM on every riscv64 backend: completion of reads, kicks, waits, budget, breakpoints, steps,
 * snapshots and the start state. The rows prove what instructions do; here it is the calls around them. Programs:
 * programs.test.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../../unit/unit.h"
#include "machine.h"

#include <axvcpu/plugin/ops.h>

enum { WFI_SIZE = 4, MS = 1000000 };

static struct machine machine;
static const char *programs; /* the path of programs.test */

static struct axvcpu *vcpu(void)
{
	return machine.vcpu[0];
}

static int reset(void **state)
{
	(void)state;
	for (unsigned i = 0; i < MACHINE_VCPUS; i++)
		assert_ok(axvcpu_reset(machine.vcpu[i]));
	machine_reset(&machine, ROW_CODE);
	return 0;
}

static uint64_t host_clock(void *context)
{
	struct timespec now;

	(void)context;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* ---- the start ---- */

static void starts_as_documented(void **state)
{
	struct axvcpu *own = machine_vcpu(&machine, 7, AXVCPU_HALT_EXIT, "dtb_addr=0x80030000");
	static const struct {
		const char *name;
		uint64_t value;
	} expected[] = {
		{ "a0", 7 },
		{ "a1", 0x80030000 },
		{ "pc", 0x80001000 },
		{ "mode", 1 },
		{ "satp", 0 },
		{ "sie", 0 },
		{ "sip", 0 },
		{ "x5", 0 },
		{ "sp", 0 },
		{ "sstatus", UINT64_C(2) << 32 },
		{ "halted", 0 },
		{ "lines", 0 },
		{ "timer.compare", UINT64_MAX },
	};
	uint64_t value;

	(void)state;
	assert_ok(axvcpu_setup(own, ROW_CODE, axvcpu_space_root(machine.space), NULL));
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		assert_ok(axvcpu_get_reg_u64(own, expected[i].name, &value));
		if (value != expected[i].value)
			fail_msg("%s is 0x%llx", expected[i].name, (unsigned long long)value);
	}
	assert_ok(axvcpu_destroy(own));
}

/* ---- completion ---- */

static void refuses_to_run_past_an_open_read(void **state)
{
	struct axvcpu_exit exit;

	(void)state;
	machine_program(&machine, "mmio-read");
	machine_run(&machine, &exit, AXVCPU_EXIT_MMIO_READ);
	assert_error(axvcpu_run(vcpu(), &exit), AXVCPU_ERROR_BAD_STATE, "complete");
}

static void refuses_to_complete_what_is_no_read(void **state)
{
	struct axvcpu_exit exit;

	(void)state;
	machine_program(&machine, "mmio-write");
	machine_run(&machine, &exit, AXVCPU_EXIT_MMIO_WRITE);
	assert_int_equal(axvcpu_complete_read(vcpu(), &exit, 1), AXVCPU_ERROR_INVALID_INPUT);
}

static void refuses_to_complete_twice(void **state)
{
	struct axvcpu_exit exit;

	(void)state;
	machine_program(&machine, "mmio-read");
	machine_run(&machine, &exit, AXVCPU_EXIT_MMIO_READ);
	assert_ok(axvcpu_complete_read(vcpu(), &exit, 1));
	assert_int_equal(axvcpu_complete_read(vcpu(), &exit, 2), AXVCPU_ERROR_BAD_STATE);
	assert_int_equal(machine_get(&machine, "a0"), 1);
}

/* A reset forgets a read that waits. */
static void open_read_ends_with_reset(void **state)
{
	struct axvcpu_exit exit;

	(void)state;
	machine_program(&machine, "mmio-read");
	machine_run(&machine, &exit, AXVCPU_EXIT_MMIO_READ);
	machine_restart(&machine, 0, ROW_CODE);
	machine_program(&machine, "hypercall");
	machine_run(&machine, &exit, AXVCPU_EXIT_HYPERCALL);
}

static void hypercall_result_is_the_vmms(void **state)
{
	struct axvcpu_exit exit;

	(void)state;
	assert_int_equal(machine_program(&machine, "hypercall"), ROW_CODE + 4);
	machine_run(&machine, &exit, AXVCPU_EXIT_HYPERCALL);
	assert_int_equal(exit.hypercall.nr, 9);
	assert_ok(axvcpu_set_return_value(vcpu(), (uint64_t)-3));
	assert_ok(axvcpu_set_gpr(vcpu(), 11, 42));
	assert_int_equal(machine_get(&machine, "a0"), (uint64_t)-3);
	assert_int_equal(machine_get(&machine, "a1"), 42);
	assert_int_equal(machine_get(&machine, "pc"), ROW_CODE + 4);
}

/* ---- kicks ---- */

static void kick_before_a_run_ends_it_once(void **state)
{
	struct axvcpu_exit exit;

	(void)state;
	machine_program(&machine, "hypercall");
	for (unsigned i = 0; i < 3; i++)
		assert_ok(axvcpu_kick(vcpu()));
	machine_run(&machine, &exit, AXVCPU_EXIT_KICKED);
	assert_int_equal(machine_get(&machine, "pc"), ROW_CODE);
	machine_run(&machine, &exit, AXVCPU_EXIT_HYPERCALL);
}

struct kicker {
	unsigned kicks;
	unsigned seen; /* atomic: by the runner */
};

/* The next kick only after the last one was seen: one that is lost ends in the test's timeout. */
static void *kick_many(void *argument)
{
	struct kicker *kicker = argument;

	for (unsigned i = 0; i < kicker->kicks; i++) {
		axvcpu_kick(vcpu());
		while (__atomic_load_n(&kicker->seen, __ATOMIC_ACQUIRE) <= i)
			sched_yield();
	}
	return NULL;
}

static void no_kick_is_lost_while_running(void **state)
{
	const char *wanted = getenv("AXVCPU_CONFORMANCE_KICKS");
	struct kicker kicker = { .kicks = wanted ? (unsigned)strtoul(wanted, NULL, 0) : 100000 };
	struct axvcpu_exit exit;
	pthread_t thread;

	(void)state;
	machine_program(&machine, "count-mixed");
	assert_int_equal(pthread_create(&thread, NULL, kick_many, &kicker), 0);
	for (unsigned i = 0; i < kicker.kicks; i++) {
		machine_run(&machine, &exit, AXVCPU_EXIT_KICKED);
		__atomic_store_n(&kicker.seen, i + 1, __ATOMIC_RELEASE);
	}
	pthread_join(thread, NULL);
}

static void kick_from_signal(int number)
{
	(void)number;
	axvcpu_kick(vcpu());
}

static void kick_is_safe_in_a_signal_handler(void **state)
{
	struct sigaction action = { .sa_handler = kick_from_signal }, old;
	struct itimerspec soon = { .it_value = { .tv_nsec = 20 * MS } };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct axvcpu_exit exit;
	timer_t timer;

	(void)state;
	machine_program(&machine, "forever");
	sigaction(SIGUSR1, &action, &old);
	assert_int_equal(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
	assert_int_equal(timer_settime(timer, 0, &soon, NULL), 0);
	machine_run(&machine, &exit, AXVCPU_EXIT_KICKED);
	timer_delete(timer);
	sigaction(SIGUSR1, &old, NULL);
	assert_int_equal(machine_get(&machine, "pc"), ROW_CODE);
}

/* ---- waits ---- */

static void halt(struct axvcpu_exit *ret_exit)
{
	machine_program(&machine, "sleep");
	machine_run(&machine, ret_exit, AXVCPU_EXIT_HALT);
	assert_int_equal(machine_get(&machine, "pc"), ROW_CODE + WFI_SIZE);
}

static void goes_on(struct axvcpu_exit *exit)
{
	machine_run(&machine, exit, AXVCPU_EXIT_HYPERCALL);
	assert_int_equal(exit->hypercall.args[0], 7);
}

static void wait_times_out(void **state)
{
	struct axvcpu_exit exit;

	(void)state;
	halt(&exit);
	assert_int_equal(axvcpu_wait(vcpu(), 2 * MS), -ETIMEDOUT);
	machine_run(&machine, &exit, AXVCPU_EXIT_HALT);
}

static void interrupt_before_the_wait_is_not_lost(void **state)
{
	struct axvcpu_exit exit;

	(void)state;
	halt(&exit);
	assert_ok(axvcpu_inject_interrupt(vcpu(), 1));
	assert_ok(axvcpu_wait(vcpu(), UINT64_MAX));
	goes_on(&exit);
}

static void line_before_the_wait_is_not_lost(void **state)
{
	struct axvcpu_exit exit;

	(void)state;
	halt(&exit);
	assert_ok(axvcpu_set_interrupt_line(vcpu(), 9, 1));
	assert_ok(axvcpu_wait(vcpu(), UINT64_MAX));
	goes_on(&exit);
	assert_ok(axvcpu_set_interrupt_line(vcpu(), 9, 0));
}

static void *raise_line_later(void *argument)
{
	struct timespec pause = { .tv_nsec = 5 * MS };

	nanosleep(&pause, NULL);
	axvcpu_set_interrupt_line(argument, 9, 1);
	return NULL;
}

static void line_ends_a_wait(void **state)
{
	struct axvcpu_exit exit;
	pthread_t thread;

	(void)state;
	halt(&exit);
	assert_int_equal(pthread_create(&thread, NULL, raise_line_later, vcpu()), 0);
	assert_ok(axvcpu_wait(vcpu(), UINT64_MAX));
	pthread_join(thread, NULL);
	goes_on(&exit);
}

static void kick_ends_a_wait_and_is_kept(void **state)
{
	struct axvcpu_exit exit;

	(void)state;
	halt(&exit);
	assert_ok(axvcpu_kick(vcpu()));
	assert_ok(axvcpu_wait(vcpu(), UINT64_MAX));
	machine_run(&machine, &exit, AXVCPU_EXIT_KICKED);
	machine_run(&machine, &exit, AXVCPU_EXIT_HALT);
}

/* set_timer, wfi, wait: the engine's deadline ends the wait, and the interrupt is taken. */
static void timer_ends_a_wait(void **state)
{
	struct axvcpu_exit exit;
	uint64_t ticks;

	(void)state;
	assert_ok(axvcpu_set_clock(vcpu(), host_clock, NULL));
	machine_program(&machine, "set-timer");
	machine_set(&machine, "stvec", ROW_STVEC);
	assert_ok(axvcpu_set_breakpoint(vcpu(), ROW_STVEC, 1));
	ticks = host_clock(NULL) / 100 + 50000;
	machine_set(&machine, "a0", ticks);
	machine_run(&machine, &exit, AXVCPU_EXIT_HALT);
	assert_int_equal(machine_get(&machine, "timer.compare"), ticks);
	assert_ok(axvcpu_wait(vcpu(), UINT64_MAX));
	assert_true(host_clock(NULL) / 100 >= ticks);
	machine_run(&machine, &exit, AXVCPU_EXIT_DEBUG);
	assert_int_equal(machine_get(&machine, "scause"), UINT64_C(1) << 63 | 5);
	assert_int_equal(machine_get(&machine, "sepc"), ROW_CODE + 8);
	assert_int_equal(machine_get(&machine, "sip"), 1 << 5);
}

static void timer_interrupts_a_running_guest(void **state)
{
	struct axvcpu_exit exit;

	(void)state;
	assert_ok(axvcpu_set_clock(vcpu(), host_clock, NULL));
	machine_program(&machine, "count");
	machine_set(&machine, "stvec", ROW_STVEC);
	machine_set(&machine, "sie", 1 << 5);
	machine_set(&machine, "sstatus", ROW_SIE);
	machine_set(&machine, "timer.compare", host_clock(NULL) / 100 + 50000);
	machine_code(&machine, "hypercall", ROW_STVEC);
	machine_set(&machine, "a7", 0x485643);
	machine_run(&machine, &exit, AXVCPU_EXIT_HYPERCALL);
	assert_int_equal(machine_get(&machine, "scause"), UINT64_C(1) << 63 | 5);
}

static void blocking_vcpu_sleeps_in_run(void **state)
{
	struct axvcpu *own = machine_vcpu(&machine, 0, AXVCPU_HALT_BLOCK, ""), *usual = machine.vcpu[0];
	struct axvcpu_exit exit;
	pthread_t thread;

	(void)state;
	machine.vcpu[0] = own;
	machine_restart(&machine, 0, ROW_CODE);
	machine_program(&machine, "sleep");
	assert_int_equal(pthread_create(&thread, NULL, raise_line_later, own), 0);
	goes_on(&exit);
	pthread_join(thread, NULL);
	machine.vcpu[0] = usual;
	assert_ok(axvcpu_destroy(own));
}

/* ---- budget, breakpoints, steps ---- */

static uint64_t instructions(void)
{
	uint64_t count;

	assert_ok(axvcpu_read_counter(vcpu(), AXARCH_COUNTER_INSTRUCTIONS, &count));
	return count;
}

/* a0 counts the additions of a loop in which one of `length` instructions is no addition. */
static void check_budget(const char *program, uint64_t length, uint64_t budget)
{
	struct axvcpu_exit exit;
	uint64_t before;

	machine_program(&machine, program);
	before = instructions();
	assert_ok(axvcpu_set_budget(vcpu(), budget));
	machine_run(&machine, &exit, AXVCPU_EXIT_PREEMPTION_TIMER);
	assert_int_equal(machine_get(&machine, "a0"), budget / length * (length - 1) + budget % length);
	assert_int_equal(instructions() - before, budget);
}

static void budget_is_exact(void **state)
{
	(void)state;
	for (uint64_t budget = 0; budget < 300; budget++) {
		check_budget("count", 2, budget);
		check_budget("count-mixed", 6, budget);
	}
	check_budget("count", 2, 100001);
	check_budget("count-mixed", 6, 1000003);
}

static void budget_is_spent_once(void **state)
{
	struct axvcpu_exit exit;

	(void)state;
	machine_program(&machine, "count");
	assert_ok(axvcpu_set_budget(vcpu(), 10));
	machine_run(&machine, &exit, AXVCPU_EXIT_PREEMPTION_TIMER);
	assert_ok(axvcpu_set_budget(vcpu(), UINT64_MAX));
	assert_ok(axvcpu_kick(vcpu()));
	machine_run(&machine, &exit, AXVCPU_EXIT_KICKED);
}

static void breakpoints_stop_before_the_instruction(void **state)
{
	struct axvcpu_exit exit;

	(void)state;
	machine_program(&machine, "straight");
	assert_ok(axvcpu_set_breakpoint(vcpu(), ROW_CODE, 1));
	assert_ok(axvcpu_set_breakpoint(vcpu(), ROW_CODE + 12, 1));
	assert_ok(axvcpu_set_breakpoint(vcpu(), ROW_CODE + 20, 1));
	for (uint64_t at = 0; at <= 20; at += at ? 8 : 12) {
		machine_run(&machine, &exit, AXVCPU_EXIT_DEBUG);
		assert_int_equal(exit.debug.kind, 2);
		assert_int_equal(exit.debug.pc, ROW_CODE + at);
		assert_int_equal(machine_get(&machine, "pc"), ROW_CODE + at);
		assert_int_equal(machine_get(&machine, "a0"), at / 4);
	}
	assert_ok(axvcpu_set_breakpoint(vcpu(), ROW_CODE + 20, 0));
}

static void breakpoints_hit_in_every_round(void **state)
{
	struct axvcpu_exit exit;

	(void)state;
	machine_program(&machine, "count");
	assert_ok(axvcpu_set_breakpoint(vcpu(), ROW_CODE + 4, 1));
	for (uint64_t i = 1; i < 100; i++) {
		machine_run(&machine, &exit, AXVCPU_EXIT_DEBUG);
		assert_int_equal(machine_get(&machine, "a0"), i);
	}
	assert_ok(axvcpu_set_breakpoint(vcpu(), ROW_CODE + 4, 0));
	assert_ok(axvcpu_set_budget(vcpu(), 100));
	machine_run(&machine, &exit, AXVCPU_EXIT_PREEMPTION_TIMER);
}

static void steps_execute_one_instruction(void **state)
{
	struct axvcpu_exit exit;

	(void)state;
	machine_program(&machine, "count-mixed");
	assert_ok(axvcpu_set_single_step(vcpu(), 1));
	for (uint64_t i = 1; i < 60; i++) {
		machine_run(&machine, &exit, AXVCPU_EXIT_DEBUG);
		assert_int_equal(exit.debug.kind, 1);
		assert_int_equal(exit.debug.pc, machine_get(&machine, "pc"));
		assert_int_equal(machine_get(&machine, "a0"), i - i / 6);
	}
	assert_ok(axvcpu_set_single_step(vcpu(), 0));
}

/* ---- snapshots and repetition ---- */

static void halted_vcpu_wakes_up_elsewhere(void **state)
{
	struct axvcpu_exit exit;

	(void)state;
	halt(&exit);
	machine_move(&machine);
	assert_int_equal(machine_get(&machine, "halted"), 1);
	machine_run(&machine, &exit, AXVCPU_EXIT_HALT);
	assert_ok(axvcpu_inject_interrupt(vcpu(), 1));
	goes_on(&exit);
}

/* A level that moves with the state is still a level: it ends when the line falls. */
static void line_falls_after_a_move(void **state)
{
	struct axvcpu_exit exit;

	(void)state;
	machine_program(&machine, "nop");
	assert_ok(axvcpu_set_interrupt_line(vcpu(), 9, 1));
	assert_ok(axvcpu_set_single_step(vcpu(), 1));
	machine_run(&machine, &exit, AXVCPU_EXIT_DEBUG);
	assert_int_equal(machine_get(&machine, "sip"), ROW_SEI);
	machine_move(&machine);
	assert_int_equal(machine_get(&machine, "sip"), ROW_SEI);
	machine_program(&machine, "nop");
	assert_ok(axvcpu_set_interrupt_line(vcpu(), 9, 0));
	assert_ok(axvcpu_set_single_step(vcpu(), 1));
	machine_run(&machine, &exit, AXVCPU_EXIT_DEBUG);
	assert_int_equal(machine_get(&machine, "sip"), 0);
}

/* The same for the timer: it ends when the guest sets a later one. */
static void timer_is_cleared_after_a_move(void **state)
{
	struct axvcpu_exit exit;

	(void)state;
	machine_program(&machine, "hypercall");
	machine_set(&machine, "timer.compare", 1);
	assert_int_equal(machine_get(&machine, "sip"), ROW_STI);
	machine_move(&machine);
	machine_program(&machine, "hypercall");
	machine_set(&machine, "timer.compare", UINT64_MAX);
	assert_int_equal(machine_get(&machine, "sip"), 0);
	machine_run(&machine, &exit, AXVCPU_EXIT_HYPERCALL);
}

static void save_bytes(struct axvcpu *from, uint8_t *buffer, size_t capacity, size_t *ret_size)
{
	assert_ok(axvcpu_save_state(from, buffer, capacity, ret_size));
}

/* A guest that mixes time and its instruction count into memory, with timer interrupts of its own; every 1000
 * instructions its whole state goes into `ret_log`. */
static void run_ticking(uint8_t *ret_log, size_t size)
{
	struct axvcpu *own = machine_vcpu(&machine, 0, AXVCPU_HALT_EXIT, "deterministic=on"), *usual = vcpu();
	struct axvcpu_exit exit;
	size_t used = 0, written;

	machine.vcpu[0] = own;
	machine_reset(&machine, ROW_CODE);
	machine_program(&machine, "ticking");
	machine_code(&machine, "ticking-handler", ROW_STVEC);
	machine_set(&machine, "stvec", ROW_STVEC);
	machine_set(&machine, "sie", ROW_STI);
	machine_set(&machine, "sstatus", ROW_SIE);
	machine_set(&machine, "a7", 0x54494d45);
	machine_set(&machine, "timer.compare", 3);
	for (unsigned i = 0; i < 10; i++) {
		assert_ok(axvcpu_set_budget(own, 997));
		machine_run(&machine, &exit, AXVCPU_EXIT_PREEMPTION_TIMER);
		save_bytes(own, ret_log + used, size - used, &written);
		used += written;
	}
	assert_int_equal(machine_get(&machine, "scause"), UINT64_C(1) << 63 | 5);
	machine.vcpu[0] = usual;
	assert_ok(axvcpu_destroy(own));
}

static void deterministic_runs_are_identical(void **state)
{
	static uint8_t first[65536], second[65536];
	struct timespec pause = { .tv_nsec = 3 * MS };

	(void)state;
	memset(first, 0, sizeof(first));
	memset(second, 0, sizeof(second));
	run_ticking(first, sizeof(first));
	nanosleep(&pause, NULL);
	run_ticking(second, sizeof(second));
	assert_memory_equal(first, second, sizeof(first));
}

static int create(void **state)
{
	(void)state;
	machine_create(&machine);
	machine_read_programs(&machine, programs);
	return 0;
}

static int destroy(void **state)
{
	(void)state;
	machine_destroy(&machine);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup(name, reset)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(starts_as_documented),
		TEST(refuses_to_run_past_an_open_read),
		TEST(refuses_to_complete_what_is_no_read),
		TEST(refuses_to_complete_twice),
		TEST(open_read_ends_with_reset),
		TEST(hypercall_result_is_the_vmms),
		TEST(kick_before_a_run_ends_it_once),
		TEST(no_kick_is_lost_while_running),
		TEST(kick_is_safe_in_a_signal_handler),
		TEST(wait_times_out),
		TEST(interrupt_before_the_wait_is_not_lost),
		TEST(line_before_the_wait_is_not_lost),
		TEST(line_ends_a_wait),
		TEST(kick_ends_a_wait_and_is_kept),
		TEST(timer_ends_a_wait),
		TEST(timer_interrupts_a_running_guest),
		TEST(blocking_vcpu_sleeps_in_run),
		TEST(budget_is_exact),
		TEST(budget_is_spent_once),
		TEST(breakpoints_stop_before_the_instruction),
		TEST(breakpoints_hit_in_every_round),
		TEST(steps_execute_one_instruction),
		TEST(halted_vcpu_wakes_up_elsewhere),
		TEST(line_falls_after_a_move),
		TEST(timer_is_cleared_after_a_move),
		TEST(deterministic_runs_are_identical),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: %s programs.test\n", argv[0]);
		return 2;
	}
	programs = argv[1];
	return cmocka_run_group_tests(tests, create, destroy);
}
