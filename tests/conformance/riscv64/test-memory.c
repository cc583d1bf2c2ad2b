/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What guests, VMMs and other vCPUs do to the same memory: changed code, changed slots, the dirty log, remote fences,
 * and that axvcpu_translate says what the guest's own accesses find. Programs: programs.test.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "../../unit/unit.h"
#include "machine.h"

enum { SET_1 = 0x00100513, SET_2 = 0x00200513 /* addi a0, x0, 1 and 2 */ };

static struct machine machine;
static const char *programs; /* the path of programs.test */

static int reset(void **state)
{
	(void)state;
	for (unsigned i = 0; i < MACHINE_VCPUS; i++)
		assert_ok(axvcpu_reset(machine.vcpu[i]));
	machine_reset(&machine, ROW_CODE);
	return 0;
}

/* Makes the other vCPU number 0: the one that machine_set, machine_run and the like mean. */
static void swap_vcpus(void)
{
	struct axvcpu *first = machine.vcpu[0];

	machine.vcpu[0] = machine.vcpu[1];
	machine.vcpu[1] = first;
}

/* Runs a program that ends with a hypercall, and returns its a0. */
static uint64_t result_of(const char *program)
{
	struct axvcpu_exit exit;

	machine_program(&machine, program);
	machine_run(&machine, &exit, AXVCPU_EXIT_HYPERCALL);
	return exit.hypercall.args[0];
}

/* Runs what is at CODE already. */
static uint64_t result_again(void)
{
	struct axvcpu_exit exit;

	machine_set(&machine, "pc", ROW_CODE);
	machine_run(&machine, &exit, AXVCPU_EXIT_HYPERCALL);
	return exit.hypercall.args[0];
}

/* ---- changed code ---- */

static void vmm_write_changes_code(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(result_of("set-1"), 1);
		machine_store(&machine, ROW_CODE, 4, SET_2);
		assert_int_equal(result_again(), 2);
	}
}

static void vmm_write_through_a_view_changes_code(void **state)
{
	uint32_t code = SET_2;
	void *view;

	(void)state;
	assert_int_equal(result_of("set-1"), 1);
	assert_ok(axvcpu_space_view(machine.space, ROW_CODE, 4, &view));
	memcpy(view, &code, sizeof(code));
	assert_ok(axvcpu_space_mark_written(machine.space, ROW_CODE, 4));
	assert_int_equal(result_again(), 2);
}

/* Another hart patches the code; fence.i here makes it seen. */
static void other_hart_changes_code(void **state)
{
	struct axvcpu_exit exit;

	(void)state;
	machine_restart(&machine, 1, ROW_DATA);
	assert_int_equal(result_of("fence-then-set-1"), 1);
	swap_vcpus();
	machine_code(&machine, "patch", ROW_DATA);
	machine_set(&machine, "pc", ROW_DATA);
	machine_set(&machine, "a0", SET_2);
	machine_set(&machine, "a1", ROW_CODE + 4);
	machine_set(&machine, "a7", 0x485643);
	machine_run(&machine, &exit, AXVCPU_EXIT_HYPERCALL);
	swap_vcpus();
	assert_int_equal(result_again(), 2);
}

/* ---- the dirty log ---- */

static void fetch_dirty(uint64_t *ret_bitmap)
{
	assert_ok(axvcpu_space_fetch_dirty(machine.space, machine.ram_id, ret_bitmap, 1, 1));
}

static uint64_t page_bit(uint64_t gpa)
{
	return UINT64_C(1) << ((gpa - ROW_RAM) / AXVCPU_PAGE_SIZE);
}

/* ROW_RAM_SIZE is 64 pages: one word of the bitmap. */
static void dirty_log_has_the_pages_written_and_no_other(void **state)
{
	uint64_t dirty;

	(void)state;
	assert_ok(axvcpu_space_log_dirty(machine.space, machine.ram_id, 1));
	machine_program(&machine, "dirty");
	fetch_dirty(&dirty);
	assert_int_equal(dirty, page_bit(ROW_CODE));
	assert_int_not_equal(result_again(), UINT64_MAX);
	fetch_dirty(&dirty);
	assert_int_equal(dirty, page_bit(ROW_DATA) | page_bit(ROW_DATA + 0x2000) | page_bit(ROW_DATA + 0x3000) |
					page_bit(ROW_DATA + 0x5000));
	fetch_dirty(&dirty);
	assert_int_equal(dirty, 0);
	assert_ok(axvcpu_space_log_dirty(machine.space, machine.ram_id, 0));
}

static void dirty_log_hears_the_first_write_after_a_fetch(void **state)
{
	struct axvcpu_exit exit;
	uint64_t dirty;

	(void)state;
	assert_ok(axvcpu_space_log_dirty(machine.space, machine.ram_id, 1));
	machine_program(&machine, "dirty-again");
	fetch_dirty(&dirty);
	for (unsigned i = 0; i < 2; i++) {
		machine_run(&machine, &exit, AXVCPU_EXIT_HYPERCALL);
		fetch_dirty(&dirty);
		assert_int_equal(dirty, page_bit(ROW_DATA));
	}
	assert_ok(axvcpu_space_log_dirty(machine.space, machine.ram_id, 0));
}

/* A log that is turned on late hears of pages that were written, and are in the engine's TLB, before. */
static void dirty_log_may_come_late(void **state)
{
	struct axvcpu_exit exit;
	uint64_t dirty;

	(void)state;
	machine_program(&machine, "dirty-again");
	machine_run(&machine, &exit, AXVCPU_EXIT_HYPERCALL);
	assert_ok(axvcpu_space_log_dirty(machine.space, machine.ram_id, 1));
	machine_run(&machine, &exit, AXVCPU_EXIT_HYPERCALL);
	fetch_dirty(&dirty);
	assert_int_equal(dirty, page_bit(ROW_DATA));
	assert_ok(axvcpu_space_log_dirty(machine.space, machine.ram_id, 0));
}

/* A page table that the hart marks (A and D bits) is written memory too. */
static void dirty_log_has_marked_page_tables(void **state)
{
	struct axvcpu_exit exit;
	uint64_t dirty, flags;

	(void)state;
	assert_true(row_pte_flags("vrw", 3, &flags));
	machine_map(&machine, ROW_SV39, 0x40000000, ROW_DATA, flags, 0);
	assert_true(row_pte_flags("vrxad", 5, &flags));
	machine_map(&machine, ROW_SV39, ROW_CODE, ROW_CODE, flags, 0);
	machine_program(&machine, "store");
	machine_set(&machine, "a1", 0x40000000);
	machine_set(&machine, "satp", ROW_SV39);
	assert_ok(axvcpu_space_log_dirty(machine.space, machine.ram_id, 1));
	assert_ok(axvcpu_set_single_step(machine.vcpu[0], 1));
	machine_run(&machine, &exit, AXVCPU_EXIT_DEBUG);
	fetch_dirty(&dirty);
	if (machine_get(&machine, "scause") == 15) /* an engine that leaves the bits to software */
		assert_int_equal(dirty, 0);
	else
		assert_int_equal(dirty, page_bit(ROW_DATA) | page_bit(machine.first_leaf));
	assert_ok(axvcpu_space_log_dirty(machine.space, machine.ram_id, 0));
}

/* ---- slots that come and go ---- */

#define SLOT UINT64_C(0x90000000)

enum { IN_MEMORY = 0x55, IN_HOLE = 0xaa, ROUNDS = 500 };

struct changer {
	uint8_t *page;
	int32_t error;
	unsigned done; /* atomic */
};

static int32_t add_page(uint8_t *page, uint32_t *ret_id)
{
	struct axvcpu_slot slot = {
		.size_of_struct = sizeof(slot), .gpa = SLOT, .size = AXVCPU_PAGE_SIZE, .host = page
	};
	int32_t error = axvcpu_space_add(machine.space, &slot);

	*ret_id = slot.id;
	return error;
}

/* A removed page becomes inaccessible at once: who still touches it dies. */
static void *change_slots(void *argument)
{
	struct changer *changer = argument;
	uint32_t id;

	for (unsigned i = 0; i < ROUNDS && !changer->error; i++) {
		mprotect(changer->page, AXVCPU_PAGE_SIZE, PROT_READ | PROT_WRITE);
		changer->error = add_page(changer->page, &id);
		for (unsigned k = 0; k < i % 7; k++)
			sched_yield();
		if (!changer->error)
			changer->error = axvcpu_space_remove(machine.space, id);
		mprotect(changer->page, AXVCPU_PAGE_SIZE, PROT_NONE);
	}
	__atomic_store_n(&changer->done, 1, __ATOMIC_RELEASE);
	axvcpu_kick(machine.vcpu[0]);
	return NULL;
}

/* Answers the guest's reads in the hole; any other value that the guest sees ends it with a hypercall. */
static bool serve_hole(void)
{
	struct axvcpu_exit exit = { .size = sizeof(exit) };

	assert_ok(axvcpu_run(machine.vcpu[0], &exit));
	if (exit.reason == AXVCPU_EXIT_MMIO_READ)
		assert_ok(axvcpu_complete_read(machine.vcpu[0], &exit, IN_HOLE));
	else if (exit.reason != AXVCPU_EXIT_MMIO_WRITE && exit.reason != AXVCPU_EXIT_KICKED)
		fail_msg("%s; the guest saw 0x%llx", axvcpu_exit_name(exit.reason),
			 (unsigned long long)machine_get(&machine, "a0"));
	return exit.reason != AXVCPU_EXIT_KICKED;
}

static void slots_change_under_a_running_guest(void **state)
{
	struct changer changer = { 0 };
	struct axvcpu_exit exit;
	pthread_t thread;

	(void)state;
	changer.page = mmap(NULL, AXVCPU_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(changer.page != MAP_FAILED);
	memset(changer.page, IN_MEMORY, AXVCPU_PAGE_SIZE);
	machine_program(&machine, "watch-slot");
	assert_int_equal(pthread_create(&thread, NULL, change_slots, &changer), 0);
	while (serve_hole() || !__atomic_load_n(&changer.done, __ATOMIC_ACQUIRE))
		;
	pthread_join(thread, NULL);
	assert_int_equal(changer.error, 0);
	machine_set(&machine, "pc", ROW_CODE);
	machine_run(&machine, &exit, AXVCPU_EXIT_MMIO_READ); /* it is a hole again */
	munmap(changer.page, AXVCPU_PAGE_SIZE);
}

/* Code that was decoded from a slot is gone with it. */
static void removed_code_is_not_executed(void **state)
{
	struct axvcpu_slot slot = { .size_of_struct = sizeof(slot), .gpa = SLOT, .size = AXVCPU_PAGE_SIZE };
	struct axvcpu_exit exit;

	(void)state;
	assert_ok(axvcpu_space_add(machine.space, &slot));
	machine_code(&machine, "set-1", SLOT);
	machine_set(&machine, "a7", 0x485643);
	machine_set(&machine, "pc", SLOT);
	machine_run(&machine, &exit, AXVCPU_EXIT_HYPERCALL);
	assert_ok(axvcpu_space_remove(machine.space, slot.id));
	machine_set(&machine, "pc", SLOT);
	machine_run(&machine, &exit, AXVCPU_EXIT_NESTED_PAGE_FAULT);
	assert_int_equal(exit.nested_page_fault.addr, SLOT);
	assert_int_equal(machine_get(&machine, "pc"), SLOT);
	/* The VMM gives it memory, and the run tries the instruction again. */
	slot = (struct axvcpu_slot){ .size_of_struct = sizeof(slot), .gpa = SLOT, .size = AXVCPU_PAGE_SIZE };
	assert_ok(axvcpu_space_add(machine.space, &slot));
	machine_code(&machine, "set-2", SLOT);
	machine_run(&machine, &exit, AXVCPU_EXIT_HYPERCALL);
	assert_int_equal(exit.hypercall.args[0], 2);
	assert_ok(axvcpu_space_remove(machine.space, slot.id));
}

/* ---- remote fences ---- */

enum { SHARED_VA = 0x40000000 };

static uint64_t leaf(uint64_t gpa)
{
	uint64_t flags;

	assert_true(row_pte_flags("vrwad", 5, &flags));
	return gpa >> 12 << 10 | flags;
}

/* Runs hart 0 until it is kicked, on a thread of its own. */
static void *run_hart_0(void *argument)
{
	struct axvcpu_exit exit = { .size = sizeof(exit) };
	struct axvcpu *vcpu = argument;

	if (axvcpu_bind(vcpu) || axvcpu_run(vcpu, &exit) || exit.reason != AXVCPU_EXIT_KICKED)
		exit.reason = AXVCPU_EXIT_FAIL_ENTRY;
	axvcpu_unbind(vcpu);
	return (void *)(uintptr_t)exit.reason;
}

/* The next value that hart 0 stores at DATA and that it loaded after this call. */
static uint32_t fresh_copy(void)
{
	uint32_t *copy = (uint32_t *)(void *)(machine.ram + (ROW_DATA - ROW_RAM));

	for (unsigned i = 0; i < 2; i++) { /* the first may be of a load from before */
		__atomic_store_n(copy, 0, __ATOMIC_SEQ_CST);
		while (!__atomic_load_n(copy, __ATOMIC_SEQ_CST))
			sched_yield();
	}
	return __atomic_load_n(copy, __ATOMIC_SEQ_CST);
}

/* Hart 1 leads a page elsewhere and asks for the fence: when its call returns, hart 0 uses the new page. */
static void remap_from_hart_1(uint64_t page)
{
	struct axvcpu_exit exit;

	machine_program(&machine, "remote-fence"); /* at CODE: hart 0 runs elsewhere */
	machine_set(&machine, "a3", leaf(page));
	machine_set(&machine, "a4", machine.first_leaf);
	machine_run(&machine, &exit, AXVCPU_EXIT_HYPERCALL);
	assert_int_equal(exit.hypercall.args[0], 0);
}

static void remote_fence_reaches_a_running_hart(void **state)
{
	uint64_t code = ROW_DATA + 0x6000, a = ROW_DATA + 0x1000, b = ROW_DATA + 0x2000, flags;
	pthread_t thread;
	void *reason;

	(void)state;
	assert_true(row_pte_flags("vrwxad", 6, &flags));
	machine_map(&machine, ROW_SV39, SHARED_VA, a, flags, 0);
	machine_map(&machine, ROW_SV39, code, code, flags, 0);
	machine_map(&machine, ROW_SV39, ROW_DATA, ROW_DATA, flags, 0);
	machine_store(&machine, a, 4, 1);
	machine_store(&machine, b, 4, 2);
	machine_code(&machine, "copy-forever", code);
	machine_set(&machine, "a1", SHARED_VA);
	machine_set(&machine, "a2", ROW_DATA);
	machine_set(&machine, "pc", code);
	machine_set(&machine, "satp", ROW_SV39);
	assert_ok(axvcpu_unbind(machine.vcpu[0]));
	assert_int_equal(pthread_create(&thread, NULL, run_hart_0, machine.vcpu[0]), 0);
	machine_restart(&machine, 1, ROW_CODE);
	swap_vcpus();
	assert_int_equal(fresh_copy(), 1);
	for (unsigned i = 0; i < 50; i++) {
		remap_from_hart_1(i & 1 ? a : b);
		assert_int_equal(fresh_copy(), i & 1 ? 1 : 2);
	}
	swap_vcpus();
	assert_ok(axvcpu_kick(machine.vcpu[0]));
	pthread_join(thread, &reason);
	assert_int_equal((uintptr_t)reason, AXVCPU_EXIT_KICKED);
}

/* ---- axvcpu_translate ---- */

static uint64_t random_bits(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *seed >> 33;
}

struct probe {
	const char *program;
	uint32_t access;
	uint64_t trap; /* when it is refused */
};

/* One access by the guest, single-stepped, and the same question to axvcpu_translate: both allow it or both refuse. */
static void check_probe(const struct probe *probe, uint64_t va, uint64_t mode, uint64_t sstatus)
{
	uint64_t gpa = UINT64_MAX, value = 0;
	struct axvcpu_exit exit;
	int32_t answer;

	machine_program(&machine, probe->program);
	machine_set(&machine, "a1", va);
	machine_set(&machine, "scause", 0);
	machine_set(&machine, "sstatus", sstatus);
	machine_set(&machine, "mode", mode);
	machine_set(&machine, "pc", probe->access == AXVCPU_ACCESS_EXECUTE ? va : mode ? ROW_CODE : ROW_CODE + 0x1000);
	answer = axvcpu_translate(machine.vcpu[0], va, probe->access, &gpa);
	machine_run(&machine, &exit, AXVCPU_EXIT_DEBUG);
	value = machine_get(&machine, "scause");
	if (value != (answer ? probe->trap : 0))
		fail_msg("%s of 0x%llx in mode %llu: translate gave %d, the guest scause %llu", probe->program,
			 (unsigned long long)va, (unsigned long long)mode, answer, (unsigned long long)value);
	if (!answer && probe->access == AXVCPU_ACCESS_READ)
		assert_int_equal(machine_get(&machine, "a0"), machine_load(&machine, gpa, 8));
	if (!answer && probe->access == AXVCPU_ACCESS_WRITE)
		assert_int_equal(machine_load(&machine, gpa, 1), 0x5a);
}

/* Pages 0 to 15 of SHARED_VA with random flags and A and D set, all leading to pages of their own. */
static void map_random(uint64_t *seed)
{
	uint64_t code;

	memset(machine.ram + (ROW_TABLES - ROW_RAM), 0, ROW_TOP - ROW_TABLES);
	assert_ok(axvcpu_space_mark_written(machine.space, ROW_TABLES, ROW_TOP - ROW_TABLES));
	machine.next_table = ROW_TABLES + AXVCPU_PAGE_SIZE;
	for (uint64_t i = 0; i < 16; i++)
		machine_map(&machine, ROW_SV39, SHARED_VA + i * AXVCPU_PAGE_SIZE, ROW_DATA + i * AXVCPU_PAGE_SIZE,
			    0xc1 | (random_bits(seed) & 0x1e), 0);
	assert_true(row_pte_flags("vrxad", 5, &code));
	machine_map(&machine, ROW_SV39, ROW_CODE, ROW_CODE, code, 0);
	machine_map(&machine, ROW_SV39, ROW_CODE + 0x1000, ROW_CODE, code | 0x10, 0);
}

static void translate_says_what_accesses_find(void **state)
{
	static const struct probe probes[] = {
		{ "load", AXVCPU_ACCESS_READ, 13 },
		{ "store", AXVCPU_ACCESS_WRITE, 15 },
		{ "nop", AXVCPU_ACCESS_EXECUTE, 12 },
	};
	uint64_t seed = 1;

	(void)state;
	machine_store(&machine, ROW_STVEC, 4, 0x0000006f);
	for (unsigned round = 0; round < 20; round++) {
		map_random(&seed);
		machine_restart(&machine, 0, ROW_CODE);
		machine_set(&machine, "satp", ROW_SV39);
		machine_set(&machine, "stvec", ROW_STVEC);
		assert_ok(axvcpu_set_single_step(machine.vcpu[0], 1));
		for (uint64_t page = 0; page < 17; page++) {
			uint64_t sstatus = (random_bits(&seed) & 3) * ROW_SUM; /* SUM and MXR are neighbours */

			for (unsigned i = 0; i < 3; i++) {
				for (uint64_t p = 0; p < 16; p++) /* c.nop, where fetches land */
					machine_store(&machine, ROW_DATA + p * AXVCPU_PAGE_SIZE, 2, 1);
				check_probe(&probes[i], SHARED_VA + page * AXVCPU_PAGE_SIZE, random_bits(&seed) & 1,
					    sstatus);
			}
		}
	}
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
		TEST(vmm_write_changes_code),
		TEST(vmm_write_through_a_view_changes_code),
		TEST(other_hart_changes_code),
		TEST(dirty_log_has_the_pages_written_and_no_other),
		TEST(dirty_log_hears_the_first_write_after_a_fetch),
		TEST(dirty_log_may_come_late),
		TEST(dirty_log_has_marked_page_tables),
		TEST(slots_change_under_a_running_guest),
		TEST(removed_code_is_not_executed),
		TEST(remote_fence_reaches_a_running_hart),
		TEST(translate_says_what_accesses_find),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: %s programs.test\n", argv[0]);
		return 2;
	}
	programs = argv[1];
	return cmocka_run_group_tests(tests, create, destroy);
}
