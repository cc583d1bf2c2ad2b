/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Four harts on four threads: atomics, locks, IPIs, remote fences, and memory that goes while they run. For the thread
 * sanitizer as well: guest memory is accessed atomically, so that no race of the guest's is one of ours.
 */
#include "../unit.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "machine.h"

#define OPS (&axarch_vcpu_ops)
#define DATA (RAM + 0x100000)
enum { HARTS = 4, ROUNDS = 5000 };

struct team {
	struct rv_hart *harts[HARTS];
	pthread_t threads[HARTS];
};

/* Serves a hart until it shuts down: IPIs go to the others' queues, which here is an op that any thread may not call:
 * they are left in `ipis` for the target's thread, and the target is kicked. */
static uint32_t ipis[HARTS];
static struct team team;

static void send_ipis(const struct axvcpu_exit *exit)
{
	for (unsigned i = 0; i < HARTS; i++) {
		uint64_t bit = i - exit->send_ipi.target_cpu;

		if (exit->send_ipi.send_to_all || (bit < 64 && exit->send_ipi.target_cpu_aux >> bit & 1)) {
			__atomic_store_n(&ipis[i], 1, __ATOMIC_SEQ_CST);
			OPS->kick(team.harts[i]);
		}
	}
}

static void *serve(void *context)
{
	unsigned index = (unsigned)(uintptr_t)context;
	struct rv_hart *hart = team.harts[index];
	struct axvcpu_exit exit;

	for (;;) {
		if (__atomic_exchange_n(&ipis[index], 0, __ATOMIC_SEQ_CST))
			OPS->inject_interrupt(hart, RV_SOFTWARE);
		switch (machine_run(hart, &exit)) {
		case AXVCPU_EXIT_SYSTEM_DOWN:
			return NULL;
		case AXVCPU_EXIT_NESTED_PAGE_FAULT:
			return hart;
		case AXVCPU_EXIT_MMIO_READ:
			OPS->complete_read(hart, &exit, 0);
			break;
		case AXVCPU_EXIT_SEND_IPI:
			send_ipis(&exit);
			break;
		case AXVCPU_EXIT_HALT:
			sched_yield();
			break;
		}
	}
}

/* All harts begin at the program's start, with their id in a0. */
static void start_team(void)
{
	memset(ipis, 0, sizeof(ipis));
	for (unsigned i = 0; i < HARTS; i++) {
		team.harts[i] = machine_hart(i, RAM, false);
		team.harts[i]->cpu.x[s1] = DATA;
		team.harts[i]->cpu.x[s0] = ROUNDS;
	}
	for (unsigned i = 0; i < HARTS; i++)
		assert_int_equal(pthread_create(&team.threads[i], NULL, serve, (void *)(uintptr_t)i), 0);
}

static void end_team(void)
{
	for (unsigned i = 0; i < HARTS; i++)
		pthread_join(team.threads[i], NULL);
	for (unsigned i = 0; i < HARTS; i++)
		machine_free(team.harts[i]);
}

static void atomics_lose_nothing(void **unused)
{
	MACHINE(LI(a1, 1), AMOADD_D(zero, a1, s1), ADDI(s0, s0, -1), BNE(s0, zero, -8), SHUT_DOWN);

	(void)unused;
	start_team();
	end_team();
	assert_int_equal(machine_load(DATA), HARTS * ROUNDS);
	machine_end();
}

static void lr_sc_loses_nothing(void **unused)
{
	MACHINE(LR_D(a1, s1), ADDI(a1, a1, 1), SC_D(a2, a1, s1), BNE(a2, zero, -12), ADDI(s0, s0, -1),
		BNE(s0, zero, -20), SHUT_DOWN);

	(void)unused;
	start_team();
	end_team();
	assert_int_equal(machine_load(DATA), HARTS * ROUNDS);
	machine_end();
}

/* A spin lock guards a counter that is not atomic itself. */
static void locks_exclude(void **unused)
{
	MACHINE(LI(a1, 1), AMOSWAP_D(a2, a1, s1), BNE(a2, zero, -4), LD(a3, 64, s1), ADDI(a3, a3, 1), SD(a3, 64, s1),
		FENCE, AMOSWAP_D(zero, zero, s1), ADDI(s0, s0, -1), BNE(s0, zero, -36), SHUT_DOWN);

	(void)unused;
	start_team();
	end_team();
	assert_int_equal(machine_load(DATA + 64), HARTS * ROUNDS);
	machine_end();
}

/* Every hart waits for its turn, then sends an IPI to the next one: a token that goes around 100 times. */
static void ipis_arrive(void **unused)
{
	static const uint32_t program[] = { /* 0 */ ADDI(s2, a0, 1),
					    I_TYPE(3, s2, 7, s2, 0x13) /* andi s2, s2, 3: the next hart */,
					    LI(a3, 2),
					    CSRW(CSR_SIE, a3),
					    LI(s0, 100),
					    BNE(a0, zero, 28),
					    /* 24: send */ LI(a6, 0),
					    LUI(a7, 0x735),
					    ADDI(a7, a7, 0x049),
					    LI(a0, 1),
					    ADD(a1, s2, zero),
					    ECALL,
					    /* 48 */ CSRR(a4, CSR_SIP),
					    BNE(a4, zero, 12),
					    WFI,
					    J(-12),
					    /* 64 */ LI(a3, 2),
					    I_TYPE(CSR_SIP, a3, 3, 0, 0x73) /* csrc sip, a3 */,
					    ADDI(s0, s0, -1),
					    BNE(s0, zero, -52),
					    /* 80: the token goes on once more */ LI(a6, 0),
					    LUI(a7, 0x735),
					    ADDI(a7, a7, 0x049),
					    LI(a0, 1),
					    ADD(a1, s2, zero),
					    ECALL,
					    SHUT_DOWN };

	(void)unused;
	machine_start(program, sizeof(program));
	start_team();
	end_team();
	machine_end();
}

/*
 * Hart 0 changes a page-table entry and fences the others, again and again, and then writes the page that was there
 * before; harts 1 to 3 must never see that write. The entry switches va 0x5000 between two pages; each is filled with
 * all ones while it is not mapped.
 */
#define ROOT (RAM + 0x10000)
#define PTE(gpa, flags) ((gpa) >> 12 << 10 | (flags))
enum { PAIRS = 300 };

static const uint32_t fence_program[] = {
	/* 0 */ BNE(a0, zero, 128),
	/* 4: s3 entry's address, s4 s5 the two entries, s6 s7 the pages, s0 rounds */
	SD(zero, 0, s7), SD(s5, 0, s3), JAL(ra, 60), LI(t0, -1), SD(t0, 0, s6),
	/* 24 */ SD(zero, 0, s6), SD(s4, 0, s3), JAL(ra, 40), LI(t0, -1), SD(t0, 0, s7), ADDI(s0, s0, -1),
	BNE(s0, zero, -44),
	/* 52 */ LI(t0, 1), SD(t0, 8, s1), SHUT_DOWN,
	/* 72: remote_sfence_vma of all */
	LI(a0, 0), LI(a1, -1), LI(a6, 1), LUI(a7, 0x52465), ADDI(a7, a7, -0x1bd), ECALL, JALR(zero, 0, ra),
	/* 100 */ EBREAK, EBREAK, EBREAK, EBREAK, EBREAK, EBREAK, EBREAK,
	/* 128: readers */ LUI(t1, 5), LD(t0, 0, t1), BNE(t0, zero, 24), LD(t0, 8, s1), BEQ(t0, zero, -12), SHUT_DOWN,
	/* 160: seen */ LI(t0, 1), SD(t0, 16, s1), SHUT_DOWN
};

static void set_up_fences(void)
{
	const uint64_t entry = ROOT + 0x2000 + 5 * 8, satp = UINT64_C(8) << 60 | ROOT >> 12;

	machine_store(ROOT + 2 * 8, PTE(RAM, 0xcf));
	machine_store(ROOT, PTE(ROOT + 0x1000, 1));
	machine_store(ROOT + 0x1000, PTE(ROOT + 0x2000, 1));
	machine_store(entry, PTE(DATA + 0x1000, 0xcf));
	for (unsigned i = 0; i < HARTS; i++) {
		struct rv_hart *hart = team.harts[i];

		hart->cpu.x[s0] = PAIRS;
		hart->cpu.x[s3] = entry;
		hart->cpu.x[s4] = PTE(DATA + 0x1000, 0xcf);
		hart->cpu.x[s5] = PTE(DATA + 0x2000, 0xcf);
		hart->cpu.x[s6] = DATA + 0x1000;
		hart->cpu.x[s7] = DATA + 0x2000;
		OPS->set_reg(hart, AXVCPU_RISCV64_CSR(CSR_SATP), &satp, 8);
	}
}

static void remote_fences_are_waited_for(void **unused)
{
	(void)unused;
	machine_start(fence_program, sizeof(fence_program));
	memset(ipis, 0, sizeof(ipis));
	for (unsigned i = 0; i < HARTS; i++) {
		team.harts[i] = machine_hart(i, RAM, false);
		team.harts[i]->cpu.x[s1] = DATA;
	}
	set_up_fences();
	for (unsigned i = 0; i < HARTS; i++)
		assert_int_equal(pthread_create(&team.threads[i], NULL, serve, (void *)(uintptr_t)i), 0);
	end_team();
	assert_int_equal(machine_load(DATA + 8), 1);
	assert_int_equal(machine_load(DATA + 16), 0);
	machine_end();
}

/* Harts fence each other at the same time: nobody waits for ever. */
static void crossing_fences_end(void **unused)
{
	MACHINE(LI(s0, 300), LI(a0, 0), LI(a1, -1), LI(a6, 1), LUI(a7, 0x52465), ADDI(a7, a7, -0x1bd), ECALL,
		ADDI(s0, s0, -1), BNE(s0, zero, -28), SHUT_DOWN);

	(void)unused;
	start_team();
	end_team();
	machine_end();
}

/* A slot that harts read and write is removed: afterwards its memory is gone, and they find a hole. */
static void a_removed_slot_is_let_go(void **unused)
{
	MACHINE(LUI(a1, 0x90), SLLI(a1, a1, 12), LR_D(a2, a1), SD(a2, 8, a1), LD(a2, 16, a1), J(-12));

	(void)unused;
	fake_host_add(0x90000000, 0x1000, 0);
	start_team();
	for (unsigned i = 0; i < HARTS; i++)
		while (!__atomic_load_n(&team.harts[i]->cpu.member.inside, __ATOMIC_SEQ_CST))
			sched_yield();
	for (unsigned i = 0; i < 20; i++)
		sched_yield();
	fake_host_remove(0x90000000);
	for (unsigned i = 0; i < HARTS; i++)
		OPS->kick(team.harts[i]);
	end_team();
	machine_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(atomics_lose_nothing),
		cmocka_unit_test(lr_sc_loses_nothing),
		cmocka_unit_test(locks_exclude),
		cmocka_unit_test(ipis_arrive),
		cmocka_unit_test(crossing_fences_end),
		cmocka_unit_test(remote_fences_are_waited_for),
		cmocka_unit_test(a_removed_slot_is_let_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
