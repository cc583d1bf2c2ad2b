/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest is moved between two engines at each of its exits, and between its instructions, by single step, breakpoints
 * and kicks: the same exits follow as without, and the same end. The other engine is AXVCPU_SWITCH_BACKEND. What goes
 * along of a processor in particular is test-transfer.c's. Guests: snapshots.s.
 */
#include "row.h"
#include "trail.h"

#include <stdlib.h>
#include <time.h>

extern const struct guest_image guest_snapshots[];
static struct machine machine;
static struct axvcpu_backend *other;
static struct snapshot at_end, now;
static struct axvcpu_exit reference[TRAIL_MAX];
static unsigned exits;

static const char *other_name(void)
{
	const char *name = getenv("AXVCPU_SWITCH_BACKEND");

	return name ? name : "sim-x86_64";
}

/* ---- the run that is compared with, on one engine ---- */

static void go(struct axvcpu_backend *backend)
{
	assert_ok(axvcpu_switch(machine.vcpu[0], backend));
}

static void toggle(void)
{
	go(axvcpu_backend_of(machine.vcpu[0]) == other ? machine.backend : other);
}

static void start_at(unsigned mode, const char *label)
{
	go(machine.backend); /* whichever it was when the test before ended */
	machine_start(&machine, guest_snapshots, mode, label);
	assert_ok(axvcpu_set_reg_u64(machine.vcpu[0], "rsi", MACHINE_DATA));
}

static void start(unsigned mode)
{
	start_at(mode, "mixed");
}

static void run_once(unsigned mode)
{
	start(mode);
	for (exits = 0; exits < TRAIL_MAX;) {
		machine_run(&machine, &reference[exits]);
		trail_respond(&machine, &reference[exits], exits);
		if (trail_is_done(&reference[exits++]))
			break;
	}
	assert_true(exits > 60 && exits < TRAIL_MAX);
	snapshot_save(&machine, &at_end);
}

static void expect_end(void)
{
	go(machine.backend);
	snapshot_save(&machine, &now);
	snapshot_expect_alike(&now, &at_end, "at the end");
}

static void expect_exit(unsigned number)
{
	struct axvcpu_exit exit;

	machine_run(&machine, &exit);
	trail_expect_exit(&exit, reference, number);
}

/* ---- at exits ---- */

/* Before a read has its value the switch waits for it. */
static void at_every_exit(unsigned mode)
{
	run_once(mode);
	start(mode);
	for (unsigned number = 0; number < exits; number++) {
		expect_exit(number);
		toggle();
		trail_respond(&machine, &reference[number], number);
	}
	expect_end();
}

static void after_every_answer(unsigned mode)
{
	run_once(mode);
	start(mode);
	toggle();
	for (unsigned number = 0; number < exits; number++) {
		expect_exit(number);
		trail_respond(&machine, &reference[number], number);
		toggle();
	}
	expect_end();
}

/* There and back again leaves no trace; and so does a switch that is taken back before it is done. */
static void there_and_back_at_every_exit(unsigned mode)
{
	run_once(mode);
	start(mode);
	for (unsigned number = 0; number < exits; number++) {
		expect_exit(number);
		toggle();
		toggle();
		trail_respond(&machine, &reference[number], number);
		toggle();
		toggle();
	}
	expect_end();
}

/* ---- between instructions ---- */

/* Runs to the guest's end; other exits than the guest's own are counted, and the engine is changed after every
 * `stride`th. */
static unsigned run_with_stops(uint32_t reason, unsigned stride)
{
	unsigned number = 0, stops = 0;

	while (number < exits) {
		struct axvcpu_exit exit;

		machine_run(&machine, &exit);
		if (exit.reason == reason) {
			if (++stops % stride == 0)
				toggle();
			continue;
		}
		trail_expect_exit(&exit, reference, number);
		trail_respond(&machine, &reference[number], number);
		number++;
	}
	return stops;
}

/* A KVM in software may give the guest's handler the steps of ring 3. */
static void need_steps(unsigned mode)
{
	struct axvcpu_exit exit;

	start(mode);
	assert_ok(axvcpu_set_single_step(machine.vcpu[0], 1));
	machine_expect(&machine, &exit, AXVCPU_EXIT_DEBUG);
	if (exit.debug.pc < machine_label(&machine, "mixed") || machine_get(&machine, "exception.vector") == 1)
		machine_skip("a single step raises an exception of the guest's");
}

static void at_every_step(unsigned mode)
{
	static const unsigned strides[] = { 1, 2, 3, 7 };
	unsigned steps = 0;

	need_steps(mode);
	run_once(mode);
	for (size_t i = 0; i < sizeof(strides) / sizeof(strides[0]); i++) {
		start(mode);
		assert_ok(axvcpu_set_single_step(machine.vcpu[0], 1));
		steps = run_with_stops(AXVCPU_EXIT_DEBUG, strides[i]);
		assert_ok(axvcpu_set_single_step(machine.vcpu[0], 0));
		expect_end();
	}
	print_message("%u steps\n", steps);
}

/* A breakpoint at the pc is told once more by the engine that takes over, so each stop is two. */
static void at_a_breakpoint(unsigned mode)
{
	unsigned stops;

	run_once(mode);
	start(mode);
	assert_ok(axvcpu_set_breakpoint(machine.vcpu[0], machine_label(&machine, "again"), 1));
	stops = run_with_stops(AXVCPU_EXIT_DEBUG, 2);
	assert_true(stops >= 6);
	assert_ok(axvcpu_set_breakpoint(machine.vcpu[0], machine_label(&machine, "again"), 0));
	expect_end();
	print_message("%u stops\n", stops);
}

static uint32_t stop_kicking; /* atomic */

static void *kick_now_and_then(void *context)
{
	while (!__atomic_load_n(&stop_kicking, __ATOMIC_RELAXED)) {
		axvcpu_kick(machine.vcpu[0]);
		nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL);
	}
	return context;
}

static void at_kicks(unsigned mode)
{
	unsigned kicks = 0;
	pthread_t thread;

	run_once(mode);
	__atomic_store_n(&stop_kicking, 0, __ATOMIC_RELAXED);
	start(mode);
	assert_int_equal(pthread_create(&thread, NULL, kick_now_and_then, NULL), 0);
	for (int round = 0; round < 5; round++) {
		if (round)
			start(mode);
		kicks += run_with_stops(AXVCPU_EXIT_KICKED, 1);
		expect_end();
	}
	__atomic_store_n(&stop_kicking, 1, __ATOMIC_RELAXED);
	assert_int_equal(pthread_join(thread, NULL), 0);
	print_message("%u kicks\n", kicks);
}

/* ---- a halt, and what ends it ---- */

static void a_halt_is_ended_on_the_other(unsigned mode)
{
	struct axvcpu_exit exit;

	start_at(mode, "sleep");
	machine_expect(&machine, &exit, AXVCPU_EXIT_HALT);
	assert_ok(axvcpu_inject_interrupt(machine.vcpu[0], 0x20));
	toggle();
	assert_ok(axvcpu_wait(machine.vcpu[0], UINT64_MAX));
	machine_expect_vector(&machine, 0x20);
}

/* clang-format off */
#define ROW(modes, name) { { #name, modes }, name }
static const struct row_test tests[] = {
	ROW(IN_ALL, at_every_exit),
	ROW(IN_ALL, after_every_answer),
	ROW(IN_ALL, there_and_back_at_every_exit),
	ROW(IN_ALL, at_every_step),
	ROW(IN_ALL, at_a_breakpoint),
	ROW(IN_ALL, at_kicks),
	ROW(IN_RING0, a_halt_is_ended_on_the_other),
};
/* clang-format on */

/* Once, before the guest first runs: so the two agree on what kind of processor they are. */
static int add_other(void **state)
{
	(void)state;
	if (other)
		return 0;
	assert_ok(axvcpu_backend_open(other_name(), &other));
	assert_ok(axvcpu_add_engine(machine.vcpu[0], other, NULL));
	return 0;
}

int main(void)
{
	int failed = row_tests_main("switches", &machine, "cpuid=portable", tests, sizeof(tests) / sizeof(tests[0]),
				    add_other, NULL);

	if (other)
		axvcpu_backend_close(other);
	return failed;
}
