/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two vCPUs of one VM that hand over to each other, as a rule on two engines (AXVCPU_CONFORMANCE_OTHER): through plain
 * stores, locks and locked instructions, through code that the one writes and the other executes, and the dirty log
 * that both write. Nothing may get lost. Guests: pair.s.
 */
#include <sched.h>
#include <stdlib.h>

#include "row.h"
#include "runner.h"

enum { PORT_YIELD = 0x20, SECONDS_MAX = 240, PAGES = 8 };
/* So often each vCPU has its turn, and code is handed over: a host may emulate ring 0. */
enum { TURNS = 500000, BESIDE_CODE_SHARE = 50, CODE_TURNS = 10000, ROUNDS = 2000, RING0_SHARE = 200 };

#define MAILBOX MACHINE_DATA
#define FUNCTION MACHINE_AP
#define FUNCTION2 (MACHINE_DATA + AXVCPU_PAGE_SIZE)
#define BESIDE_CODE (MACHINE_CODE + 0xf00) /* in the page of the guest's code */
#define POOL UINT64_C(0x20000)             /* PAGES pages, and as many behind them that nobody writes to */

extern const struct guest_image guest_pair[];
static struct machine machine;
static struct runner runners[MACHINE_VCPUS];

static bool handle(struct runner *runner)
{
	if (runner->exit.reason != AXVCPU_EXIT_IO_WRITE)
		return runner_goes_on(runner);
	if (runner->exit.io_write.port != PORT_YIELD)
		return false;
	sched_yield();
	return true;
}

static void set(unsigned index, const char *reg, uint64_t value)
{
	assert_ok(axvcpu_set_reg_u64(machine.vcpu[index], reg, value));
}

/* One in so many is enough where processors are slow: AXVCPU_CONFORMANCE_PAIR_SHARE. */
static uint64_t times(unsigned mode, uint64_t count)
{
	const char *text = getenv("AXVCPU_CONFORMANCE_PAIR_SHARE");
	uint64_t share = text ? strtoull(text, NULL, 0) : mode == GUEST_USER ? 1 : RING0_SHARE;

	return share ? count / share : count;
}

static void load(unsigned mode)
{
	machine_load_guest(&machine, guest_pair, mode);
	assert_true(machine.image->size <= BESIDE_CODE - MACHINE_CODE);
}

static void start(unsigned index, const char *label, uint64_t mailbox, uint64_t count)
{
	machine_start_vcpu(&machine, index, label);
	set(index, "rsi", mailbox);
	set(index, "rdx", index);
	set(index, "rdi", !index);
	set(index, "rcx", count);
	set(index, "rsp", MACHINE_STACK - 0x400 * index);
	assert_ok(axvcpu_unbind(machine.vcpu[index]));
}

static void start_both(unsigned mode, const char *label, uint64_t mailbox, uint64_t count)
{
	load(mode);
	start(0, label, mailbox, count);
	start(1, label, mailbox, count);
}

static void run_both(void)
{
	runners_run(&machine, runners, 2, SECONDS_MAX, handle);
}

/* ---- data ---- */

/* Beside code all the simulator's stores take their slow way. */
static void expect_count(unsigned mode, const char *label)
{
	const uint64_t places[] = { MAILBOX, BESIDE_CODE };

	for (unsigned i = 0; i < 2; i++) {
		uint64_t count = times(mode, TURNS) / (i ? BESIDE_CODE_SHARE : 1);

		start_both(mode, label, places[i], count);
		run_both();
		machine_equal("the count", machine_read(&machine, places[i] + 4, 4), 2 * count);
	}
}

static void turns_go_through_a_mailbox(unsigned mode)
{
	expect_count(mode, "mailbox");
}

static void lock_is_taken_by_xchg(unsigned mode)
{
	expect_count(mode, "xchg_lock");
}

static void lock_is_taken_by_cmpxchg(unsigned mode)
{
	expect_count(mode, "cmpxchg_lock");
}

static void lock_is_taken_by_xadd(unsigned mode)
{
	expect_count(mode, "ticket_lock");
}

static void expect_locked(uint64_t place, uint64_t count)
{
	machine_equal("inc", machine_read(&machine, place, 4), 2 * count);
	machine_equal("add", machine_read(&machine, place + 8, 8), 6 * count);
	machine_equal("xadd", machine_read(&machine, place + 16, 4), (uint32_t)(10 * count));
	machine_equal("cmpxchg", machine_read(&machine, place + 24, 4), (uint32_t)(14 * count));
	machine_equal("cmpxchg16b, low", machine_read(&machine, place + 32, 8), 2 * count);
	machine_equal("cmpxchg16b, high", machine_read(&machine, place + 40, 8), 4 * count);
	machine_equal("inc across two lines", machine_read(&machine, place + 63, 2), (uint16_t)(2 * count));
}

static void locked_instructions_lose_nothing(unsigned mode)
{
	const uint64_t places[] = { MAILBOX, BESIDE_CODE };
	uint64_t count = times(mode, CODE_TURNS);

	for (unsigned i = 0; i < 2; i++) {
		start_both(mode, "locked", places[i], count);
		run_both();
		expect_locked(places[i], count);
	}
}

/* ---- code ---- */

struct places {
	uint64_t function[2]; /* that each vCPU writes, and the other calls */
	uint64_t mailbox;
};

static void expect_code(unsigned mode, const char *label, const struct places *places)
{
	static const uint8_t function[] = { 0xb8, 0, 0, 0, 0, 0xc3 }; /* mov $0, %eax; ret */

	start_both(mode, label, places->mailbox, times(mode, CODE_TURNS));
	for (unsigned i = 0; i < 2; i++) {
		assert_ok(axvcpu_space_write(machine.space, places->function[i], function, sizeof(function)));
		set(i, "r8", places->function[!i]);
		set(i, "r9", places->function[i]);
	}
	run_both();
	machine_equal("calls of code that was not there any more", machine_read(&machine, places->mailbox + 4, 4), 0);
}

/* Each writes a function of its own, or both the same; the words that tell of it are elsewhere, or in its page. */
static void expect_code_everywhere(unsigned mode, const char *label)
{
	static const struct places places[] = {
		{ { FUNCTION, FUNCTION2 }, MAILBOX },
		{ { FUNCTION, FUNCTION }, MAILBOX },
		{ { FUNCTION, FUNCTION2 }, FUNCTION + 0x80 },
		{ { FUNCTION, FUNCTION }, FUNCTION + 0x80 },
	};

	for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		expect_code(mode, label, &places[i]);
}

static void function_is_what_the_other_wrote(unsigned mode)
{
	expect_code_everywhere(mode, "function");
}

static void operand_is_what_the_other_wrote(unsigned mode)
{
	expect_code_everywhere(mode, "operand");
}

/* Each goes round in turn. */
static void loop_of_one_block_ends_when_the_other_changes_it(unsigned mode)
{
	static const uint8_t loop[] = { 0x3d, 0, 0, 0, 0, 0x75, 0xf9, 0xc3 };

	for (unsigned i = 0; i < 2; i++) {
		load(mode);
		assert_ok(axvcpu_space_write(machine.space, FUNCTION, loop, sizeof(loop)));
		start(i, "go_round", MAILBOX, times(mode, ROUNDS));
		start(!i, "let_go", MAILBOX, times(mode, ROUNDS));
		run_both();
		machine_equal("the rounds", machine_read(&machine, MAILBOX, 4), times(mode, ROUNDS));
	}
}

/* ---- the dirty log ---- */

static uint64_t fetch(int clear)
{
	uint64_t bitmap = 0;

	assert_ok(axvcpu_space_fetch_dirty(machine.space, machine.ram_id, &bitmap, 1, clear));
	return bitmap >> POOL / AXVCPU_PAGE_SIZE & 0xffff;
}

static void with_log(void)
{
	assert_ok(axvcpu_space_log_dirty(machine.space, machine.ram_id, 1));
}

static void without_log(void)
{
	assert_ok(axvcpu_space_log_dirty(machine.space, machine.ram_id, 0));
}

static void log_has_the_pages_of_both(unsigned mode)
{
	load(mode);
	with_log();
	for (unsigned round = 0; round < 4; round++) {
		for (unsigned i = 0; i < 2; i++)
			start(i, "store", POOL + (2 * round + 3 * i) * AXVCPU_PAGE_SIZE, 1);
		fetch(1);
		run_both();
		machine_equal("the dirty pages", fetch(0), UINT64_C(9) << 2 * round);
		machine_equal("the dirty pages, not cleared", fetch(1), UINT64_C(9) << 2 * round);
		machine_equal("the dirty pages, cleared", fetch(1), 0);
	}
	without_log();
}

/* Copies what is dirty, as a migration does. */
static unsigned copy_dirty(uint8_t *copy)
{
	uint64_t dirty = fetch(1);

	for (uint64_t left = dirty; left; left &= left - 1) {
		size_t offset = (size_t)__builtin_ctzll(left) * AXVCPU_PAGE_SIZE;

		assert_ok(axvcpu_space_read(machine.space, POOL + offset, copy + offset, AXVCPU_PAGE_SIZE));
	}
	return dirty != 0;
}

static bool has_ended(void)
{
	return axvcpu_state(machine.vcpu[0]) == AXVCPU_STATE_FREE && axvcpu_state(machine.vcpu[1]) == AXVCPU_STATE_FREE;
}

/* A write that is told in no bitmap is missing from the copy. */
static void log_loses_nothing_of_either(unsigned mode)
{
	static uint8_t copy[2 * PAGES * AXVCPU_PAGE_SIZE], now[2 * PAGES * AXVCPU_PAGE_SIZE];
	uint64_t count = times(mode, TURNS);
	unsigned met = 0;

	memset(copy, 0, sizeof(copy));
	load(mode);
	with_log();
	for (unsigned i = 0; i < 2; i++)
		start(i, "count", POOL, count);
	fetch(1);
	runners_begin(&machine, runners, 2, handle);
	while (!met || !has_ended())
		met += copy_dirty(copy);
	runners_end(runners, 2, SECONDS_MAX);
	copy_dirty(copy);
	without_log();
	assert_ok(axvcpu_space_read(machine.space, POOL, now, sizeof(now)));
	assert_memory_equal(copy, now, sizeof(now));
	for (unsigned page = 0; page < PAGES; page++)
		machine_equal("the counts in a page", machine_read(&machine, POOL + page * AXVCPU_PAGE_SIZE, 8),
			      count | count << 32);
}

/* clang-format off */
#define ROW(name) { { #name, IN_64 }, name }
static const struct row_test tests[] = {
	ROW(turns_go_through_a_mailbox),
	ROW(lock_is_taken_by_xchg),
	ROW(lock_is_taken_by_cmpxchg),
	ROW(lock_is_taken_by_xadd),
	ROW(locked_instructions_lose_nothing),
	ROW(function_is_what_the_other_wrote),
	ROW(operand_is_what_the_other_wrote),
	ROW(loop_of_one_block_ends_when_the_other_changes_it),
	ROW(log_has_the_pages_of_both),
	ROW(log_loses_nothing_of_either),
};
/* clang-format on */

int main(void)
{
	return row_tests_main("pair", &machine, "", tests, sizeof(tests) / sizeof(tests[0]), NULL, NULL);
}
