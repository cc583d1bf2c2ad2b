/* SPDX-License-Identifier: Apache-2.0 */
/* The engine with one hart: blocks, budget, kicks, observation, changed code, translations, dirty pages, time. */
#include "../unit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"

#define OPS (&axarch_vcpu_ops)
#define DATA (RAM + 0x100000)

static uint64_t counter(struct rv_hart *hart, uint32_t which)
{
	uint64_t value = 0;

	assert_int_equal(OPS->read_counter(hart, which, &value), 0);
	return value;
}

static void budget_is_exact(void **unused)
{
	MACHINE(ADDI(a0, a0, 1), ADDI(a1, a1, 1), ADDI(a2, a2, 1), J(-12));
	struct rv_hart *hart = machine_hart(0, RAM, false);
	struct axvcpu_exit exit;
	uint64_t total = 0;

	(void)unused;
	for (uint64_t budget = 0; budget < 50; budget += 1 + budget / 7) {
		assert_int_equal(OPS->set_budget(hart, budget), 0);
		assert_int_equal(machine_run(hart, &exit), AXVCPU_EXIT_PREEMPTION_TIMER);
		total += budget;
		assert_int_equal(counter(hart, AXARCH_COUNTER_INSTRUCTIONS), total);
		assert_int_equal(hart->cpu.x[a0], (total + 3) / 4);
		assert_int_equal(hart->cpu.pc, RAM + total % 4 * 4);
	}
	OPS->set_budget(hart, 1000000);
	assert_int_equal(machine_run(hart, &exit), AXVCPU_EXIT_PREEMPTION_TIMER);
	assert_int_equal(counter(hart, AXARCH_COUNTER_INSTRUCTIONS), total + 1000000);
	machine_free(hart);
	machine_end();
}

/* Ops tail-call each other: a stack of 64 KiB is enough for any number of them, misses and misaligned accesses
 * included. */
static void *run_long(void *context)
{
	struct axvcpu_exit exit;

	machine_run(context, &exit);
	return (void *)(uintptr_t)exit.reason;
}

static void the_stack_does_not_grow(void **unused)
{
	MACHINE(LUI(a1, 0x80100), SLLI(a1, a1, 32), 0x0205d593 /* srli a1, a1, 32 */, LD(a2, 1, a1), SD(a2, 1, a1),
		AMOADD_D(a3, a4, a1), JALR(ra, 16, t0), EBREAK, ADDI(a0, a0, 1), J(-24));
	struct rv_hart *hart = machine_hart(0, RAM, false);
	pthread_attr_t attributes;
	pthread_t thread;
	void *reason;

	(void)unused;
	hart->cpu.x[t0] = RAM + 16;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 65536);
	OPS->set_budget(hart, 2000000);
	assert_int_equal(pthread_create(&thread, &attributes, run_long, hart), 0);
	pthread_join(thread, &reason);
	pthread_attr_destroy(&attributes);
	assert_int_equal((uintptr_t)reason, AXVCPU_EXIT_PREEMPTION_TIMER);
	assert_true(hart->cpu.x[a0] > 250000);
	machine_free(hart);
	machine_end();
}

static void kick_is_sticky_and_counts_once(void **unused)
{
	MACHINE(J(0));
	struct rv_hart *hart = machine_hart(0, RAM, false);
	struct axvcpu_exit exit;

	(void)unused;
	OPS->kick(hart);
	OPS->kick(hart);
	assert_int_equal(machine_run(hart, &exit), AXVCPU_EXIT_KICKED);
	assert_int_equal(counter(hart, AXARCH_COUNTER_INSTRUCTIONS), 0);
	OPS->set_budget(hart, 100);
	assert_int_equal(machine_run(hart, &exit), AXVCPU_EXIT_PREEMPTION_TIMER);
	machine_free(hart);
	machine_end();
}

static void *kick_many(void *context)
{
	for (unsigned i = 0; i < 200; i++) {
		while (!__atomic_load_n(&((struct rv_hart *)context)->cpu.member.inside, __ATOMIC_RELAXED))
			;
		OPS->kick(context);
		while (__atomic_load_n(&((struct rv_hart *)context)->cpu.member.requests, __ATOMIC_RELAXED))
			;
	}
	return NULL;
}

/* A block that is linked to itself is left at once. */
static void kick_breaks_chains(void **unused)
{
	MACHINE(J(0));
	struct rv_hart *hart = machine_hart(0, RAM, false);
	struct axvcpu_exit exit;
	pthread_t thread;

	(void)unused;
	pthread_create(&thread, NULL, kick_many, hart);
	for (unsigned i = 0; i < 200; i++)
		assert_int_equal(machine_run(hart, &exit), AXVCPU_EXIT_KICKED);
	pthread_join(thread, NULL);
	machine_free(hart);
	machine_end();
}

static void single_step_executes_one(void **unused)
{
	MACHINE(ADDI(a0, a0, 1), J(-4));
	struct rv_hart *hart = machine_hart(0, RAM, false);
	struct axvcpu_exit exit;

	(void)unused;
	OPS->set_single_step(hart, 1);
	for (unsigned i = 1; i <= 10; i++) {
		assert_int_equal(machine_run(hart, &exit), AXVCPU_EXIT_DEBUG);
		assert_int_equal(exit.debug.kind, 1);
		assert_int_equal(exit.debug.pc, RAM + i % 2 * 4);
		assert_int_equal(counter(hart, AXARCH_COUNTER_INSTRUCTIONS), i);
	}
	machine_free(hart);
	machine_end();
}

static void breakpoint_stops_before_and_is_passed(void **unused)
{
	MACHINE(ADDI(a0, a0, 1), ADDI(a1, a1, 1), J(-8));
	struct rv_hart *hart = machine_hart(0, RAM, false);
	struct axvcpu_exit exit;

	(void)unused;
	assert_int_equal(OPS->set_breakpoint(hart, RAM + 4, 1), 0);
	for (uint64_t i = 1; i < 5; i++) {
		assert_int_equal(machine_run(hart, &exit), AXVCPU_EXIT_DEBUG);
		assert_int_equal(exit.debug.kind, 2);
		assert_int_equal(exit.debug.pc, RAM + 4);
		assert_int_equal(hart->cpu.x[a0], i);
		assert_int_equal(hart->cpu.x[a1], i - 1);
	}
	assert_int_equal(OPS->set_breakpoint(hart, RAM + 4, 0), 0);
	OPS->set_budget(hart, 100);
	assert_int_equal(machine_run(hart, &exit), AXVCPU_EXIT_PREEMPTION_TIMER);
	for (unsigned i = 0; i < RV_BREAKPOINTS; i++)
		assert_int_equal(OPS->set_breakpoint(hart, RAM + 2 * i, 1), 0);
	assert_int_equal(OPS->set_breakpoint(hart, RAM + 2 * RV_BREAKPOINTS, 1), AXVCPU_ERROR_RESOURCE_BUSY);
	machine_free(hart);
	machine_end();
}

/* The program patches the instruction that it has executed before, with and without fence.i. */
static void fence_i_shows_changed_code(void **unused)
{
	MACHINE(LI(a0, 1), LW(a3, 0, a1), SW(a3, 0, a2), FENCE_I, BNE(a0, a4, -16), SHUT_DOWN);
	struct rv_hart *hart = machine_hart(0, RAM, false);
	struct axvcpu_exit exit;
	uint32_t patch = LI(a0, 2);

	(void)unused;
	memcpy(ram + 0x1000, &patch, 4);
	hart->cpu.x[a1] = RAM + 0x1000;
	hart->cpu.x[a2] = RAM;
	hart->cpu.x[a4] = 2;
	assert_int_equal(machine_run(hart, &exit), AXVCPU_EXIT_SYSTEM_DOWN);
	assert_int_equal(hart->cpu.x[a0], 0); /* success of the call; the loop ended, so it was 2 */
	machine_free(hart);
	machine_end();
}

static void host_writes_show(void **unused)
{
	MACHINE(LI(a0, 1), EBREAK);
	struct rv_hart *hart = machine_hart(0, RAM, false);
	struct axvcpu_exit exit;
	uint32_t patch = LI(a0, 2);

	(void)unused;
	OPS->set_budget(hart, 1);
	machine_run(hart, &exit);
	assert_int_equal(hart->cpu.x[a0], 1);
	memcpy(ram, &patch, 4);
	fake_host_tell(AXARCH_SPACE_WRITTEN, RAM);
	hart->cpu.pc = RAM;
	OPS->set_budget(hart, 2);
	machine_run(hart, &exit);
	assert_int_equal(hart->cpu.x[a0], 2);
	machine_free(hart);
	machine_end();
}

/* 2 MiB of straight code decode to far more than the 1 MiB that these harts keep. */
static void the_code_cache_is_bounded(void **unused)
{
	MACHINE(LI(a0, 0));
	struct rv_hart *hart = machine_hart(0, RAM, false);
	struct axvcpu_exit exit;
	uint32_t add = ADDI(a0, a0, 1), back = J(-0x80000);

	(void)unused;
	for (uint64_t at = 0; at < 0x80000; at += 4)
		memcpy(ram + at, &add, 4);
	memcpy(ram + 0x80000, &back, 4);
	OPS->set_budget(hart, 5 * 0x20001);
	assert_int_equal(machine_run(hart, &exit), AXVCPU_EXIT_PREEMPTION_TIMER);
	assert_int_equal(hart->cpu.x[a0], 5 * 0x20000);
	assert_true(hart->cpu.code.allocated <= 1 << 20);
	assert_true(counter(hart, AXARCH_COUNTER_BLOCKS) > 5 * 2048);
	machine_free(hart);
	machine_end();
}

/* Page tables at RAM + 0x10000 (root), + 0x11000, + 0x12000; the first GiB is RAM as a large page. */
#define ROOT (RAM + 0x10000)
#define PTE(gpa, flags) ((gpa) >> 12 << 10 | (flags))
enum { POINTER = 1, LEAF = 0xcf };
#define SATP(asid) (UINT64_C(8) << 60 | (uint64_t)(asid) << 44 | ROOT >> 12)

static void make_tables(void)
{
	machine_store(ROOT + 2 * 8, PTE(RAM, LEAF));
	machine_store(ROOT, PTE(ROOT + 0x1000, POINTER));
	machine_store(ROOT + 0x1000, PTE(ROOT + 0x2000, POINTER));
	machine_store(ROOT + 0x2000 + 5 * 8, PTE(DATA, LEAF));
	machine_store(DATA, 1);
	machine_store(DATA + 0x1000, 2);
}

/* Steps over one instruction of the program. */
static void step(struct rv_hart *hart)
{
	struct axvcpu_exit exit;

	OPS->set_single_step(hart, 1);
	assert_int_equal(machine_run(hart, &exit), AXVCPU_EXIT_DEBUG);
}

static void set(struct rv_hart *hart, uint64_t id, uint64_t value)
{
	assert_int_equal(OPS->set_reg(hart, id, &value, 8), 0);
}

/* A translation may be kept until sfence.vma, and is gone after it: for the address, for the ASID, for all. */
static void sfence_forgets(void **unused)
{
	static const uint32_t fences[] = { SFENCE_VMA(zero, zero), SFENCE_VMA(a1, zero), SFENCE_VMA(a1, a3),
					   SFENCE_VMA(zero, a3) };

	(void)unused;
	for (unsigned i = 0; i < 4; i++) {
		const uint32_t program[] = { LD(a0, 0, a1), fences[i], LD(a0, 0, a1) };
		struct rv_hart *hart;

		machine_start(program, sizeof(program));
		hart = machine_hart(0, RAM, false);
		make_tables();
		set(hart, AXVCPU_RISCV64_CSR(CSR_SATP), SATP(7));
		hart->cpu.x[a1] = 0x5000;
		hart->cpu.x[a3] = 7;
		step(hart);
		assert_int_equal(hart->cpu.x[a0], 1);
		machine_store(ROOT + 0x2000 + 5 * 8, PTE(DATA + 0x1000, LEAF));
		step(hart);
		step(hart);
		assert_int_equal(hart->cpu.x[a0], 2);
		machine_free(hart);
		machine_end();
	}
}

/* sfence.vma with any address inside of a large page forgets all of it. */
static void sfence_forgets_large_pages(void **unused)
{
	MACHINE(LD(a0, 0, a1), SFENCE_VMA(a2, zero), LD(a0, 0, a1));
	struct rv_hart *hart = machine_hart(0, RAM, false);

	(void)unused;
	make_tables();
	machine_store(ROOT + 0x1000 + 8, PTE(RAM, LEAF));
	set(hart, AXVCPU_RISCV64_CSR(CSR_SATP), SATP(0));
	hart->cpu.x[a1] = 0x200000 + 0x100000;
	hart->cpu.x[a2] = 0x200000 + 0x1f0000;
	step(hart);
	assert_int_equal(hart->cpu.x[a0], 1);
	machine_store(ROOT + 0x1000 + 8, PTE(RAM + 0x200000, LEAF));
	machine_store(RAM + 0x300000, 3);
	step(hart);
	step(hart);
	assert_int_equal(hart->cpu.x[a0], 3);
	machine_free(hart);
	machine_end();
}

/* More address spaces than the TLB has contexts for: each still sees its own pages. */
static void contexts_run_out(void **unused)
{
	MACHINE(LD(a0, 0, a1), CSRW(CSR_SATP, a2), J(-8));
	struct rv_hart *hart = machine_hart(0, RAM, false);
	struct axvcpu_exit exit;

	(void)unused;
	make_tables();
	hart->cpu.x[a1] = 0x5000;
	for (unsigned asid = 0; asid < 300; asid++) {
		hart->cpu.x[a2] = SATP(asid);
		OPS->set_budget(hart, 3);
		if (!asid)
			set(hart, AXVCPU_RISCV64_CSR(CSR_SATP), SATP(999));
		assert_int_equal(machine_run(hart, &exit), AXVCPU_EXIT_PREEMPTION_TIMER);
		assert_int_equal(hart->cpu.x[a0], 1);
		assert_int_equal(hart->satp, SATP(asid));
	}
	machine_store(ROOT + 0x2000 + 5 * 8, PTE(DATA + 0x1000, LEAF));
	hart->cpu.x[a2] = SATP(1000);
	OPS->set_budget(hart, 4);
	machine_run(hart, &exit);
	assert_int_equal(hart->cpu.x[a0], 2); /* an ASID that was never used has nothing old */
	machine_free(hart);
	machine_end();
}

static void dirty_pages_are_marked_again_after_a_clear(void **unused)
{
	MACHINE(SD(a0, 0, a1), J(-4));
	struct rv_hart *hart;
	struct axvcpu_exit exit;

	(void)unused;
	fake_host_add(0x90000000, 0x4000, AXARCH_SLOT_LOG_DIRTY);
	hart = machine_hart(0, RAM, false);
	hart->cpu.x[a1] = 0x90001000;
	for (unsigned i = 0; i < 3; i++) {
		OPS->set_budget(hart, 100);
		machine_run(hart, &exit);
		assert_true(fake_host_take_dirty(0x90001000));
		assert_false(fake_host_take_dirty(0x90000000));
		OPS->set_budget(hart, 100);
		machine_run(hart, &exit);
		assert_false(fake_host_take_dirty(0x90001000));
		fake_host_tell(AXARCH_SPACE_DIRTY_CLEARED, 0x90000000);
	}
	machine_free(hart);
	machine_end();
}

static void lr_sc(void **unused)
{
	MACHINE(LR_D(a0, a1), SC_D(a2, a3, a1), SC_D(a4, a3, a1), LR_D(a0, a1), SC_D(a5, a3, a1));
	struct rv_hart *hart = machine_hart(0, RAM, false);

	(void)unused;
	hart->cpu.x[a1] = DATA;
	hart->cpu.x[a3] = 7;
	hart->cpu.x[a2] = 9;
	step(hart);
	step(hart);
	assert_int_equal(hart->cpu.x[a2], 0);
	assert_int_equal(machine_load(DATA), 7);
	step(hart);
	assert_int_equal(hart->cpu.x[a4], 1); /* the reservation is used up */
	step(hart);
	machine_store(DATA, 8); /* by somebody else */
	step(hart);
	assert_int_equal(hart->cpu.x[a5], 1);
	assert_int_equal(machine_load(DATA), 8);
	machine_free(hart);
	machine_end();
}

/* Time of the VMM's own making. */
static uint64_t test_clock(void *context)
{
	return *(uint64_t *)context;
}

static void the_timer_interrupts(void **unused)
{
	MACHINE(LI(a0, 0), J(0), EBREAK, EBREAK, CSRR(a0, CSR_SCAUSE), SHUT_DOWN);
	struct rv_hart *hart = machine_hart(0, RAM, false);
	struct axvcpu_exit exit;
	uint64_t now = 0, value;

	(void)unused;
	OPS->set_clock(hart, test_clock, &now);
	set(hart, AXVCPU_RISCV64_CSR(CSR_STVEC), RAM + 16);
	set(hart, AXVCPU_RISCV64_CSR(CSR_SSTATUS), RV_SSTATUS_SIE | RV_SSTATUS_UXL_64);
	set(hart, AXVCPU_RISCV64_CSR(CSR_SIE), RV_BIT(RV_TIMER));
	set(hart, AXVCPU_RISCV64_EVENT(0), 1000);
	assert_int_equal(OPS->next_deadline(hart, &value), 0);
	assert_int_equal(value, 100000);
	OPS->set_budget(hart, 100000);
	now = 99999;
	assert_int_equal(machine_run(hart, &exit), AXVCPU_EXIT_PREEMPTION_TIMER);
	assert_int_equal(OPS->interrupt_pending(hart, &value), 0);
	assert_int_equal(value, 0);
	now = 100000;
	assert_int_equal(OPS->interrupt_pending(hart, &value), 0);
	assert_int_equal(value, 1);
	assert_int_equal(machine_run(hart, &exit), AXVCPU_EXIT_SYSTEM_DOWN);
	assert_int_equal(hart->scause, RV_CAUSE_INTERRUPT | RV_TIMER);
	assert_int_equal(counter(hart, AXARCH_COUNTER_INTERRUPTS), 1);
	machine_free(hart);
	machine_end();
}

/* A handler that counts timer interrupts and sets the next one, and a loop that waits for 50 of them. */
static uint64_t deterministic_run(bool kicked, uint64_t *ret_time, uint64_t *ret_loops)
{
	static const uint32_t program[] = { /* 0 */ ADDI(s0, s0, 1),
					    BNE(s1, s2, -4),
					    CSRR(a0, CSR_TIME),
					    SHUT_DOWN,
					    EBREAK,
					    EBREAK,
					    /* 32 */ ADDI(s1, s1, 1),
					    CSRR(a0, CSR_TIME),
					    ADDI(a0, a0, 37),
					    LUI(a7, 0x54495),
					    ADDI(a7, a7, -0x2bb),
					    LI(a6, 0),
					    ECALL,
					    SRET };
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;
	struct rv_hart *hart;
	uint64_t instructions;

	machine_start(program, sizeof(program));
	hart = machine_hart(0, RAM, true);
	set(hart, AXVCPU_RISCV64_CSR(CSR_STVEC), RAM + 32);
	set(hart, AXVCPU_RISCV64_CSR(CSR_SSTATUS), RV_SSTATUS_SIE | RV_SSTATUS_UXL_64);
	set(hart, AXVCPU_RISCV64_CSR(CSR_SIE), RV_BIT(RV_TIMER));
	set(hart, AXVCPU_RISCV64_EVENT(0), 5);
	hart->cpu.x[s2] = 50;
	while (exit.reason != AXVCPU_EXIT_SYSTEM_DOWN) {
		if (kicked && counter(hart, AXARCH_COUNTER_INSTRUCTIONS) % 3 && exit.reason != AXVCPU_EXIT_KICKED)
			OPS->kick(hart);
		OPS->set_budget(hart, kicked ? 7 : 1000);
		machine_run(hart, &exit);
		*ret_time = exit.reason == AXVCPU_EXIT_SYSTEM_DOWN ? rv_time(hart) : 0;
	}
	*ret_loops = hart->cpu.x[s0];
	instructions = counter(hart, AXARCH_COUNTER_INSTRUCTIONS);
	machine_free(hart);
	machine_end();
	return instructions;
}

/* What the VMM does meanwhile does not show. */
static void deterministic_runs_are_identical(void **unused)
{
	uint64_t time[3], loops[3], instructions[3];

	(void)unused;
	for (unsigned i = 0; i < 3; i++)
		instructions[i] = deterministic_run(i == 2, &time[i], &loops[i]);
	assert_int_equal(instructions[0], instructions[1]);
	assert_int_equal(instructions[0], instructions[2]);
	assert_int_equal(time[0], time[1]);
	assert_int_equal(time[0], time[2]);
	assert_int_equal(loops[0], loops[1]);
	assert_int_equal(loops[0], loops[2]);
	assert_true(loops[0] > 1000);
}

static void deterministic_wfi_skips_to_the_timer(void **unused)
{
	MACHINE(WFI, CSRR(a0, CSR_TIME), WFI);
	struct rv_hart *hart = machine_hart(0, RAM, true);
	struct axvcpu_exit exit;

	(void)unused;
	set(hart, AXVCPU_RISCV64_CSR(CSR_SIE), RV_BIT(RV_TIMER));
	set(hart, AXVCPU_RISCV64_EVENT(0), 12345);
	OPS->set_budget(hart, 2);
	assert_int_equal(machine_run(hart, &exit), AXVCPU_EXIT_PREEMPTION_TIMER);
	assert_int_equal(hart->cpu.x[a0], 12345);
	set(hart, AXVCPU_RISCV64_EVENT(0), RV_NO_TIMER);
	assert_int_equal(machine_run(hart, &exit), AXVCPU_EXIT_HALT);
	machine_free(hart);
	machine_end();
}

static void a_read_must_be_completed(void **unused)
{
	MACHINE(LW(a0, 0, a1), SHUT_DOWN);
	struct rv_hart *hart = machine_hart(0, RAM, false);
	struct axvcpu_exit exit;

	(void)unused;
	hart->cpu.x[a1] = 0x10000000;
	assert_int_equal(machine_run(hart, &exit), AXVCPU_EXIT_MMIO_READ);
	assert_int_equal(OPS->run(hart, &(struct axvcpu_exit)AXVCPU_EXIT_INIT), AXVCPU_ERROR_BAD_STATE);
	assert_int_equal(OPS->complete_read(hart, &exit, 5), 0);
	assert_int_equal(OPS->complete_read(hart, &exit, 5), AXVCPU_ERROR_BAD_STATE);
	assert_int_equal(machine_run(hart, &exit), AXVCPU_EXIT_SYSTEM_DOWN);
	assert_int_equal(counter(hart, AXARCH_COUNTER_INSTRUCTIONS), 3);
	machine_free(hart);
	machine_end();
}

static void bad_arguments_are_refused(void **unused)
{
	MACHINE(J(0));
	struct rv_hart *hart = machine_hart(0, RAM, false);
	uint64_t value = 1;

	(void)unused;
	assert_int_equal(OPS->set_gpr(hart, 32, 0), AXVCPU_ERROR_INVALID_INPUT);
	assert_int_equal(OPS->set_gpr(hart, 0, 5), 0);
	assert_int_equal(hart->cpu.x[0], 0);
	assert_int_equal(OPS->inject_interrupt(hart, 2), AXVCPU_ERROR_INVALID_INPUT);
	assert_int_equal(OPS->inject_interrupt(hart, 64), AXVCPU_ERROR_INVALID_INPUT);
	assert_int_equal(OPS->set_interrupt_line(hart, 11, 1), AXVCPU_ERROR_INVALID_INPUT);
	assert_int_equal(OPS->set_entry(hart, RAM + 1), AXVCPU_ERROR_INVALID_INPUT);
	assert_int_equal(OPS->set_ept_root(hart, 5), AXVCPU_ERROR_NOT_FOUND);
	assert_int_equal(OPS->run(hart, &(struct axvcpu_exit)AXVCPU_EXIT_INIT), AXVCPU_ERROR_BAD_STATE);
	assert_int_equal(OPS->get_reg(hart, AXVCPU_RISCV64_F(0), &value, 8), AXVCPU_ERROR_NOT_FOUND);
	assert_int_equal(OPS->get_reg(hart, AXVCPU_RISCV64_PC, &value, 4), AXVCPU_ERROR_INVALID_INPUT);
	assert_int_equal(OPS->set_reg(hart, AXVCPU_RISCV64_X(0), &value, 8), AXVCPU_ERROR_INVALID_INPUT);
	assert_int_equal(OPS->set_reg(hart, AXVCPU_RISCV64_PC, &value, 8), AXVCPU_ERROR_INVALID_INPUT);
	assert_int_equal(OPS->set_reg(hart, AXVCPU_RISCV64_CSR(0xc01), &value, 8), AXVCPU_ERROR_NOT_FOUND);
	assert_int_equal(OPS->set_reg(hart, AXVCPU_RISCV64_CSR(CSR_SSTATUS), &value, 8), AXVCPU_ERROR_INVALID_INPUT);
	assert_int_equal(OPS->read_counter(hart, 99, &value), AXVCPU_ERROR_NOT_FOUND);
	machine_free(hart);
	machine_end();
}

static void everything_is_released(void **unused)
{
	MACHINE(J(0));
	struct rv_hart *one = machine_hart(0, RAM, false), *other = machine_hart(1, RAM, false);

	(void)unused;
	assert_int_equal(fake_host_references(), 1);
	assert_int_equal(OPS->reset(one), 0);
	assert_int_equal(fake_host_references(), 1);
	machine_free(other);
	assert_int_equal(fake_host_references(), 0);
	machine_free(one);
	machine_end();
}

static void translate_changes_nothing(void **unused)
{
	MACHINE(J(0));
	struct rv_hart *hart = machine_hart(0, RAM, false);
	uint64_t gpa = 0, before;

	(void)unused;
	make_tables();
	machine_store(ROOT + 0x2000 + 5 * 8, PTE(DATA, 7)); /* neither A nor D */
	before = machine_load(ROOT + 0x2000 + 5 * 8);
	set(hart, AXVCPU_RISCV64_CSR(CSR_SATP), SATP(0));
	assert_int_equal(OPS->translate(hart, 0x5123, AXVCPU_ACCESS_READ | AXVCPU_ACCESS_WRITE, &gpa), 0);
	assert_int_equal(gpa, DATA + 0x123);
	assert_int_equal(machine_load(ROOT + 0x2000 + 5 * 8), before);
	assert_int_equal(OPS->translate(hart, 0x5123, AXVCPU_ACCESS_EXECUTE, &gpa), AXVCPU_ERROR_NOT_FOUND);
	assert_int_equal(OPS->translate(hart, 0x6000, AXVCPU_ACCESS_READ, &gpa), AXVCPU_ERROR_NOT_FOUND);
	machine_free(hart);
	machine_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(budget_is_exact),
		cmocka_unit_test(the_stack_does_not_grow),
		cmocka_unit_test(kick_is_sticky_and_counts_once),
		cmocka_unit_test(kick_breaks_chains),
		cmocka_unit_test(single_step_executes_one),
		cmocka_unit_test(breakpoint_stops_before_and_is_passed),
		cmocka_unit_test(fence_i_shows_changed_code),
		cmocka_unit_test(host_writes_show),
		cmocka_unit_test(the_code_cache_is_bounded),
		cmocka_unit_test(sfence_forgets),
		cmocka_unit_test(sfence_forgets_large_pages),
		cmocka_unit_test(contexts_run_out),
		cmocka_unit_test(dirty_pages_are_marked_again_after_a_clear),
		cmocka_unit_test(lr_sc),
		cmocka_unit_test(the_timer_interrupts),
		cmocka_unit_test(deterministic_runs_are_identical),
		cmocka_unit_test(deterministic_wfi_skips_to_the_timer),
		cmocka_unit_test(a_read_must_be_completed),
		cmocka_unit_test(bad_arguments_are_refused),
		cmocka_unit_test(everything_is_released),
		cmocka_unit_test(translate_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
