/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kicks: none is lost, whatever the guest is doing, and each comes through soon. A thread kicks, waits until the run
 * has said Kicked, and kicks again; one lost kick leaves it waiting. It does so 100,000 times, or for as many as there
 * are in three seconds; AXVCPU_CONFORMANCE_KICKS is a number of kicks without a limit of time. Guests: kick.s.
 */
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "row.h"

enum { KICKS = 100000, SECOND = 1000000000, LOST_AFTER = 10, BUDGET = 3, MS = 1000000 };

extern const struct guest_image guest_kick[];
static struct machine machine;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

/* A vCPU that runs on this thread, and one that kicks it. */
struct duel {
	struct axvcpu *vcpu;
	unsigned long wanted;
	uint64_t budget_ns;
	unsigned long kicked;   /* atomic: kicks that have returned */
	unsigned long answered; /* atomic: Kicked exits */
	uint32_t over;          /* atomic: who sees it stops */
	bool lost;
	unsigned long late; /* runs that began after a kick and did not end with it */
	unsigned long done; /* kicks that were answered one by one */
	uint64_t longest_ns, sum_ns;
	unsigned long other_exits;
};

static bool is_over(const struct duel *duel)
{
	return __atomic_load_n(&duel->over, __ATOMIC_ACQUIRE);
}

/* The last thing that the kicking thread does: brings the other one back. */
static void end_duel(struct duel *duel)
{
	__atomic_store_n(&duel->over, 1, __ATOMIC_RELEASE);
	axvcpu_kick(duel->vcpu);
}

static bool wait_for_answer(struct duel *duel, unsigned long number, uint64_t since)
{
	while (__atomic_load_n(&duel->answered, __ATOMIC_ACQUIRE) < number) {
		duel->lost = now_ns() - since > (uint64_t)LOST_AFTER * SECOND;
		if (duel->lost || is_over(duel))
			return false;
		sched_yield();
	}
	return true;
}

static void *kick_and_wait(void *context)
{
	struct duel *duel = context;
	uint64_t begin = now_ns(), since = begin, now;

	while (duel->done < duel->wanted && since - begin < duel->budget_ns) {
		axvcpu_kick(duel->vcpu);
		__atomic_add_fetch(&duel->kicked, 1, __ATOMIC_ACQ_REL);
		if (!wait_for_answer(duel, duel->done + 1, since))
			break;
		now = now_ns();
		duel->longest_ns = now - since > duel->longest_ns ? now - since : duel->longest_ns;
		since = now;
		duel->done++;
	}
	duel->sum_ns = since - begin;
	end_duel(duel);
	return NULL;
}

/* Kicks that nobody waits for; then one more, as the last of them must be heard too. */
static void *kick_in_a_storm(void *context)
{
	struct duel *duel = context;
	uint64_t begin = now_ns();
	unsigned long before;

	for (unsigned long i = 0; i < duel->wanted && now_ns() - begin < duel->budget_ns; i++)
		axvcpu_kick(duel->vcpu);
	before = __atomic_load_n(&duel->answered, __ATOMIC_ACQUIRE);
	axvcpu_kick(duel->vcpu);
	wait_for_answer(duel, before + 1, now_ns());
	end_duel(duel);
	return NULL;
}

static int32_t handle(struct duel *duel, const struct axvcpu_exit *exit)
{
	switch (exit->reason) {
	case AXVCPU_EXIT_KICKED:
		__atomic_add_fetch(&duel->answered, 1, __ATOMIC_ACQ_REL);
		return 0;
	case AXVCPU_EXIT_HALT:
		duel->other_exits++;
		return axvcpu_wait(duel->vcpu, UINT64_MAX);
	default:
		duel->other_exits++;
		return 0;
	}
}

/* The other thread is told to stop before anything fails or skips the test. */
static void fight(struct duel *duel, void *(*kicker)(void *))
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;
	pthread_t thread;
	int32_t error = 0;
	char text[512] = "";

	assert_int_equal(pthread_create(&thread, NULL, kicker, duel), 0);
	while (!error && !is_over(duel) && exit.reason != AXVCPU_EXIT_FAIL_ENTRY) {
		bool due = __atomic_load_n(&duel->kicked, __ATOMIC_ACQUIRE) > duel->answered;

		error = axvcpu_run(duel->vcpu, &exit);
		duel->late += due && exit.reason != AXVCPU_EXIT_KICKED;
		error = error ? error : handle(duel, &exit);
	}
	strncpy(text, axvcpu_error_text(), sizeof(text) - 1);
	__atomic_store_n(&duel->over, 1, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	if (error)
		fail_msg("%s", text);
	machine_skip_if_unable(&exit, text);
	if (duel->lost)
		fail_msg("a kick was lost, after %lu that were answered", duel->done);
}

static void start(struct duel *duel, unsigned mode, const char *label)
{
	const char *text = getenv("AXVCPU_CONFORMANCE_KICKS");

	machine_start(&machine, guest_kick, mode, label);
	*duel = (struct duel){ .vcpu = machine.vcpu[0],
			       .wanted = text ? strtoul(text, NULL, 0) : KICKS,
			       .budget_ns = text ? UINT64_MAX : (uint64_t)BUDGET * SECOND };
}

static void kick_each_of(unsigned mode, const char *label)
{
	struct duel duel;

	start(&duel, mode, label);
	fight(&duel, kick_and_wait);
	print_message("%lu kicks, %llu us each, %llu us the longest; %lu other exits\n", duel.done,
		      (unsigned long long)(duel.sum_ns / duel.done / 1000),
		      (unsigned long long)(duel.longest_ns / 1000), duel.other_exits);
	machine_equal("runs that began after a kick and did not end with it", duel.late, 0);
	assert_true(duel.sum_ns / duel.done < 20 * MS);
}

static void spinning_guest(unsigned mode)
{
	kick_each_of(mode, "spin");
}

static void guest_on_a_port(unsigned mode)
{
	kick_each_of(mode, "write_port");
}

static void guest_on_a_device(unsigned mode)
{
	kick_each_of(mode, "write_hole");
}

static void waiting_guest(unsigned mode)
{
	kick_each_of(mode, "halt");
}

static void storm(unsigned mode)
{
	static const char *const labels[] = { "spin", "write_port" };

	for (unsigned i = 0; i < 2; i++) {
		struct duel duel;

		start(&duel, mode, labels[i]);
		fight(&duel, kick_in_a_storm);
	}
}

/* ---- one at a time ---- */

static void kick_before_a_run_ends_it_once(unsigned mode)
{
	struct axvcpu_exit exit;

	machine_start(&machine, guest_kick, mode, "write_port");
	for (unsigned i = 0; i < 3; i++)
		assert_ok(axvcpu_kick(machine.vcpu[0]));
	machine_expect(&machine, &exit, AXVCPU_EXIT_KICKED);
	machine_equal("rip", machine_get(&machine, "rip"), machine_label(&machine, "write_port"));
	machine_expect(&machine, &exit, AXVCPU_EXIT_IO_WRITE);
}

static void reset_forgets_kicks(unsigned mode)
{
	struct axvcpu_exit exit;

	machine_start(&machine, guest_kick, mode, "spin");
	assert_ok(axvcpu_kick(machine.vcpu[0]));
	machine_start(&machine, guest_kick, mode, "write_port");
	machine_expect(&machine, &exit, AXVCPU_EXIT_IO_WRITE);
}

/* A kick between a write exit and the next run ends the run; the write is not made again. */
static void kick_at_an_exit_repeats_nothing(unsigned mode)
{
	struct axvcpu_exit exit;

	machine_start(&machine, guest_kick, mode, "write_hole");
	for (unsigned i = 0; i < 3; i++) {
		machine_expect(&machine, &exit, AXVCPU_EXIT_MMIO_WRITE);
		assert_ok(axvcpu_kick(machine.vcpu[0]));
		machine_expect(&machine, &exit, AXVCPU_EXIT_KICKED);
		assert_true(machine_get(&machine, "rip") > machine_label(&machine, "write_hole"));
	}
}

/* clang-format off */
#define ROW(modes, name) { { #name, modes }, name }
static const struct row_test tests[] = {
	ROW(IN_ALL, kick_before_a_run_ends_it_once),
	ROW(IN_ALL, reset_forgets_kicks),
	ROW(IN_ALL, kick_at_an_exit_repeats_nothing),
	ROW(IN_LONG | IN_USER, spinning_guest),
	ROW(IN_REAL | IN_USER, guest_on_a_port),
	ROW(IN_PROTECTED, guest_on_a_device),
	ROW(IN_REAL | IN_LONG, waiting_guest),
	ROW(IN_REAL | IN_USER, storm),
};
/* clang-format on */

int main(void)
{
	return row_tests_main("kick", &machine, "", tests, sizeof(tests) / sizeof(tests[0]), NULL, NULL);
}
