/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that changes: the dirty log, slots that come and go while the guest runs, and code that is rewritten. Guests:
 * memory.s. */
#include "row.h"

#include <stdlib.h>
#include <time.h>

enum { PAGES = 16, ROUNDS = 200, MS = 1000000 };

#define POOL UINT64_C(0x50000) /* PAGES pages in a slot of their own */
#define POOL_SIZE (PAGES * (uint64_t)AXVCPU_PAGE_SIZE)

extern const struct guest_image guest_memory[];
static struct machine machine;
static struct axvcpu_slot pool;

/* ---- the pool ---- */

static void add_pool(uint64_t size, void *host, uint32_t flags)
{
	pool = (struct axvcpu_slot){
		.size_of_struct = sizeof(pool), .gpa = POOL, .size = size, .host = host, .flags = flags
	};
	assert_ok(axvcpu_space_add(machine.space, &pool));
}

static void remove_pool(void)
{
	assert_ok(axvcpu_space_remove(machine.space, pool.id));
}

static int with_pool(void **state)
{
	(void)state;
	add_pool(POOL_SIZE, NULL, AXVCPU_SLOT_LOG_DIRTY);
	return 0;
}

/* A test that failed or was skipped may have left none, or one of its own. */
static int without_pool(void **state)
{
	(void)state;
	axvcpu_space_remove(machine.space, pool.id);
	return 0;
}

/* A guest whose (wsi) is in the pool. */
static void start(unsigned mode, const char *label, uint64_t offset)
{
	machine_start(&machine, guest_memory, mode, label);
	if (mode == GUEST_REAL)
		machine_set_segment(machine.vcpu[0], "ds", POOL >> 4, POOL, 0xffff, 0x93);
	machine_set(&machine, "rsi", (mode == GUEST_REAL ? 0 : POOL) + offset);
}

/* ---- the dirty log ---- */

static uint64_t fetch(int clear)
{
	uint64_t bitmap = 0;

	assert_ok(axvcpu_space_fetch_dirty(machine.space, pool.id, &bitmap, 1, clear));
	return bitmap;
}

static void expect_dirty(uint64_t pages)
{
	machine_equal("the dirty pages", fetch(0), pages);
	machine_equal("the dirty pages, not cleared", fetch(1), pages);
	machine_equal("the dirty pages, cleared", fetch(0), 0);
}

/* Bytes from an offset on, each so many pages after the last. */
static void guest_stores(unsigned mode, uint64_t offset, unsigned count, unsigned step)
{
	start(mode, "store", offset);
	machine_set(&machine, "rcx", count);
	machine_set(&machine, "rdi", step * AXVCPU_PAGE_SIZE);
	machine_expect_done(&machine);
}

static void log_has_exactly_the_pages_written(unsigned mode)
{
	fetch(1);
	expect_dirty(0);
	guest_stores(mode, 1 * AXVCPU_PAGE_SIZE, 3, 2);
	expect_dirty(0x2a);
	guest_stores(mode, 5 * AXVCPU_PAGE_SIZE, 1, 1);
	expect_dirty(0x20);
	guest_stores(mode, 0, PAGES, 1);
	expect_dirty(0xffff);
	start(mode, "load", 2 * AXVCPU_PAGE_SIZE);
	machine_expect_done(&machine);
	expect_dirty(0);
	start(mode, "store_4", 2 * AXVCPU_PAGE_SIZE - 2);
	machine_expect_done(&machine);
	expect_dirty(6);
}

static void log_has_the_writes_of_others(unsigned mode)
{
	fetch(1);
	guest_stores(mode, 0, 1, 1);
	machine_write(&machine, POOL + 3 * AXVCPU_PAGE_SIZE, 1, 1);
	((uint8_t *)pool.host)[7 * AXVCPU_PAGE_SIZE] = 1;
	assert_ok(axvcpu_space_mark_written(machine.space, POOL + 7 * AXVCPU_PAGE_SIZE, 1));
	expect_dirty(0x89);
}

static void log_can_be_off(unsigned mode)
{
	uint64_t bitmap;

	guest_stores(mode, 0, 1, 1);
	assert_ok(axvcpu_space_log_dirty(machine.space, pool.id, 0));
	assert_int_equal(axvcpu_space_fetch_dirty(machine.space, pool.id, &bitmap, 1, 0), AXVCPU_ERROR_UNSUPPORTED);
	guest_stores(mode, AXVCPU_PAGE_SIZE, 1, 1);
	assert_ok(axvcpu_space_log_dirty(machine.space, pool.id, 1));
	expect_dirty(0);
	guest_stores(mode, 2 * AXVCPU_PAGE_SIZE, 1, 1);
	expect_dirty(4);
}

/* ---- a guest that runs on a thread of its own ---- */

struct runner {
	pthread_t thread;
	uint32_t ready; /* atomic: the vCPU is bound */
	int32_t error;
	struct axvcpu_exit exit; /* that ended it */
	char text[512];
};

static void *run_to_exit(void *context)
{
	struct runner *runner = context;
	struct axvcpu *vcpu = machine.vcpu[0];

	runner->error = axvcpu_bind(vcpu);
	__atomic_store_n(&runner->ready, 1, __ATOMIC_RELEASE);
	do
		runner->error = runner->error ? runner->error : axvcpu_run(vcpu, &runner->exit);
	while (!runner->error && runner->exit.reason == AXVCPU_EXIT_NOTHING);
	strncpy(runner->text, axvcpu_error_text(), sizeof(runner->text) - 1);
	if (!runner->error)
		axvcpu_unbind(vcpu);
	return NULL;
}

static void pause_ms(unsigned ms)
{
	nanosleep(&(struct timespec){ .tv_nsec = ms * MS }, NULL);
}

static void run_aside(struct runner *runner)
{
	*runner = (struct runner){ .exit = AXVCPU_EXIT_INIT };
	assert_ok(axvcpu_unbind(machine.vcpu[0]));
	assert_int_equal(pthread_create(&runner->thread, NULL, run_to_exit, runner), 0);
	while (!__atomic_load_n(&runner->ready, __ATOMIC_ACQUIRE))
		pause_ms(1);
}

/* Waits for the thread, which is to end with this exit, and takes the vCPU back. */
static void expect_aside(struct runner *runner, uint32_t reason)
{
	pthread_join(runner->thread, NULL);
	if (runner->error)
		fail_msg("%s", runner->text);
	machine_skip_if_unable(&runner->exit, runner->text);
	machine_equal("the exit's reason", runner->exit.reason, reason);
	assert_ok(axvcpu_bind(machine.vcpu[0]));
}

static void kick_aside(struct runner *runner)
{
	assert_ok(axvcpu_kick(machine.vcpu[0]));
	expect_aside(runner, AXVCPU_EXIT_KICKED);
}

static void start_counting(unsigned mode, struct runner *runner)
{
	start(mode, "count_for_ever", 0);
	machine_set(&machine, "rcx", PAGES);
	machine_set(&machine, "rdx", PAGES);
	run_aside(runner);
}

/* Copies what is dirty, as a migration does. */
static void copy_dirty(uint8_t *copy)
{
	for (uint64_t left = fetch(1); left; left &= left - 1) {
		size_t offset = (size_t)__builtin_ctzll(left) * AXVCPU_PAGE_SIZE;

		assert_ok(axvcpu_space_read(machine.space, POOL + offset, copy + offset, AXVCPU_PAGE_SIZE));
	}
}

/* A write that comes between the log's answer and its clearing would be missing from the copy. */
static void log_loses_nothing_while_the_guest_writes(unsigned mode)
{
	static uint8_t copy[PAGES * AXVCPU_PAGE_SIZE], now[PAGES * AXVCPU_PAGE_SIZE];
	struct runner runner;

	memset(copy, 0, sizeof(copy));
	start_counting(mode, &runner);
	for (unsigned i = 0; i < ROUNDS; i++) {
		copy_dirty(copy);
		if (!machine_read(&machine, POOL + 4, 4))
			pause_ms(10); /* the guest has not been round once */
	}
	kick_aside(&runner);
	copy_dirty(copy);
	assert_ok(axvcpu_space_read(machine.space, POOL, now, sizeof(now)));
	assert_memory_equal(copy, now, sizeof(now));
}

/* Off and on while the guest writes: what is written after it is on is in it. */
static void log_goes_on_and_off_under_a_running_guest(unsigned mode)
{
	struct runner runner;

	start_counting(mode, &runner);
	for (unsigned i = 0; i < 20; i++) {
		uint64_t dirty = 0;

		assert_ok(axvcpu_space_log_dirty(machine.space, pool.id, 0));
		assert_ok(axvcpu_space_log_dirty(machine.space, pool.id, 1));
		for (unsigned tries = 0; tries < 1000 && dirty != 0xffff; tries++) {
			dirty |= fetch(1);
			pause_ms(1);
		}
		machine_equal("the dirty pages", dirty, 0xffff);
	}
	kick_aside(&runner);
}

/* ---- slots that come and go ---- */

static void removed_slot_is_a_hole_at_once(unsigned mode)
{
	start(mode, "load_for_ever", 0x123);
	for (unsigned i = 0; i < 10; i++) {
		struct runner runner;

		run_aside(&runner);
		pause_ms(i % 3);
		remove_pool();
		expect_aside(&runner, AXVCPU_EXIT_MMIO_READ);
		machine_equal("the address", runner.exit.mmio_read.addr, POOL + 0x123);
		add_pool(POOL_SIZE, NULL, AXVCPU_SLOT_LOG_DIRTY);
		machine_write(&machine, POOL + 0x123, 1, 0x40 + i);
		assert_ok(axvcpu_complete_read(machine.vcpu[0], &runner.exit, i));
		machine_equal("rax", machine_get(&machine, "rax"), i);
		for (unsigned tries = 0; tries < 20 && machine_get(&machine, "rax") != 0x40 + i; tries++) {
			run_aside(&runner); /* a kick may come before the guest has executed anything */
			pause_ms(20 * tries + 1);
			kick_aside(&runner);
		}
		machine_equal("rax", machine_get(&machine, "rax"), 0x40 + i);
	}
}

static void other_slots_change_beside_a_running_guest(unsigned mode)
{
	struct runner runner;

	start_counting(mode, &runner);
	for (unsigned i = 0; i < 50; i++) {
		struct axvcpu_slot other = { .size_of_struct = sizeof(other), .gpa = 0x100000, .size = 0x10000 };

		assert_ok(axvcpu_space_add(machine.space, &other));
		assert_ok(axvcpu_space_remove(machine.space, other.id));
	}
	kick_aside(&runner);
}

/* The same memory, with more of it: the guest finds what was there, and reaches what is new. */
static void slot_can_grow(unsigned mode)
{
	void *memory = aligned_alloc(AXVCPU_PAGE_SIZE, POOL_SIZE);
	struct axvcpu_exit exit;

	assert_non_null(memory);
	memset(memory, 0, POOL_SIZE);
	remove_pool();
	add_pool(AXVCPU_PAGE_SIZE, memory, 0);
	guest_stores(mode, 0, 1, 1);
	start(mode, "store_4", AXVCPU_PAGE_SIZE);
	machine_set(&machine, "rax", 0x12345678);
	machine_expect(&machine, &exit, AXVCPU_EXIT_MMIO_WRITE);
	machine_equal("the address", exit.mmio_write.addr, POOL + AXVCPU_PAGE_SIZE);
	machine_expect_done(&machine);
	remove_pool();
	add_pool(2 * AXVCPU_PAGE_SIZE, memory, 0);
	start(mode, "store_4", AXVCPU_PAGE_SIZE);
	machine_set(&machine, "rax", 0x12345678);
	machine_expect_done(&machine);
	machine_equal("the memory", machine_read(&machine, POOL + AXVCPU_PAGE_SIZE, 4), 0x12345678);
	remove_pool();
	free(memory);
}

/* ---- code that changes ---- */

static void expect_told(uint64_t value)
{
	struct axvcpu_exit exit;

	machine_expect(&machine, &exit, AXVCPU_EXIT_IO_WRITE);
	machine_equal("the port", exit.io_write.port, 0x10);
	machine_equal("what the code says", exit.io_write.data, value);
}

static void guest_changes_its_code(unsigned mode)
{
	machine_start(&machine, guest_memory, mode, "change_own_code");
	expect_told(1);
	expect_told(2);
	machine_expect_done(&machine);
}

static void vmm_changes_code_at_an_exit(unsigned mode)
{
	machine_start(&machine, guest_memory, mode, "code_of_another");
	for (unsigned value = 1; value < 10; value++) {
		machine_write(&machine, machine_label(&machine, "tell") + 1, 1, value);
		expect_told(value);
	}
}

static void vmm_changes_code_that_runs(unsigned mode)
{
	struct runner runner;

	machine_start(&machine, guest_memory, mode, "wait_for_code");
	run_aside(&runner);
	pause_ms(20);
	machine_write(&machine, machine_label(&machine, "wait_value") + 1, 1, 2);
	expect_aside(&runner, AXVCPU_EXIT_IO_WRITE);
	machine_equal("the port", runner.exit.io_write.port, MACHINE_PORT_DONE);
}

/* mov $value, %al; then a return: far in real mode, where the pool is another segment. */
static void write_pool_code(unsigned mode, uint8_t value)
{
	const uint8_t code[] = { 0xb0, value, mode == GUEST_REAL ? 0xcb : 0xc3 };

	assert_ok(axvcpu_space_write(machine.space, POOL, code, sizeof(code)));
}

static void expect_pool_code(unsigned mode, uint8_t value)
{
	struct axvcpu_exit exit;

	start(mode, "call_pool", 0);
	machine_expect(&machine, &exit, AXVCPU_EXIT_IO_WRITE);
	machine_equal("the port", exit.io_write.port, MACHINE_PORT_DONE);
	machine_equal("what the code says", exit.io_write.data, value);
}

static void code_of_a_slot_that_was_exchanged(unsigned mode)
{
	for (uint8_t value = 1; value < 8; value++) {
		write_pool_code(mode, value);
		expect_pool_code(mode, value);
		remove_pool();
		add_pool(POOL_SIZE, NULL, value & 1 ? AXVCPU_SLOT_ROM : 0);
	}
}

static void code_in_rom_is_the_vmms_to_change(unsigned mode)
{
	remove_pool();
	add_pool(POOL_SIZE, NULL, AXVCPU_SLOT_ROM);
	for (uint8_t value = 1; value < 5; value++) {
		write_pool_code(mode, value);
		expect_pool_code(mode, value);
	}
}

/* clang-format off */
#define ROW(name) { { #name, IN_ALL }, name }
static const struct row_test tests[] = {
	ROW(log_has_exactly_the_pages_written),
	ROW(log_has_the_writes_of_others),
	ROW(log_can_be_off),
	ROW(log_loses_nothing_while_the_guest_writes),
	ROW(log_goes_on_and_off_under_a_running_guest),
	ROW(removed_slot_is_a_hole_at_once),
	ROW(other_slots_change_beside_a_running_guest),
	ROW(slot_can_grow),
	ROW(guest_changes_its_code),
	ROW(vmm_changes_code_at_an_exit),
	ROW(vmm_changes_code_that_runs),
	ROW(code_of_a_slot_that_was_exchanged),
	ROW(code_in_rom_is_the_vmms_to_change),
};
/* clang-format on */

int main(void)
{
	return row_tests_main("memory", &machine, "", tests, sizeof(tests) / sizeof(tests[0]), with_pool, without_pool);
}
