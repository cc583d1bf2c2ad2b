/* SPDX-License-Identifier: Apache-2.0 */
/* Code that is changed while it runs: by its own stores, between many that change none in the same page, and by another
 * engine that tells nobody; and code that looks at itself. */
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "../unit.h"
#include "pc.h"

/* clang-format off */
static const uint8_t changes_itself[] = {
	0x88, 0x0d, 0xfa, 0x07, 0x00, 0x00, /* 00: mov [0x800 from here], cl: the same page, but no code */
	0xff, 0xc9,                         /* 06: dec ecx */
	0x75, 0xf6,                         /* 08: jnz 00 */
	0x88, 0x15, 0x01, 0x00, 0x00, 0x00, /* 0a: mov [11], dl */
	0xb0, 0x01,                         /* 10: mov al, 1: whose operand has changed just now */
	0xe6, PC_PORT_DONE,                 /* 12: out PC_PORT_DONE, al */
};
/* clang-format on */

static void change_is_seen_by_the_next_instruction(void **state)
{
	static const unsigned stores[] = { 1, 63, 64, 65, 3000, 1, 100000, 2 };
	struct x86_cpu *cpu = pc_start(0, changes_itself, sizeof(changes_itself));
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	for (unsigned i = 0; i < 8 * sizeof(stores) / sizeof(stores[0]); i++) {
		pc_set(cpu, AXVCPU_X86_64_RIP, PC_CODE);
		pc_set(cpu, AXVCPU_X86_64_GPR(X86_RCX), stores[i % 8]);
		pc_set(cpu, AXVCPU_X86_64_GPR(X86_RDX), i + 2);
		assert_int_equal(pc_run(cpu, &exit), AXVCPU_EXIT_IO_WRITE);
		assert_int_equal(exit.io_write.data, i + 2);
	}
	pc_end(cpu);
}

/* An instruction across two pages, of which the second is written to: first beside it, then to its own bytes. */
static void change_in_the_second_page_is_seen(void **state)
{
	/* clang-format off */
	static const uint8_t code[] = {
		0x88, 0x0d, 0xfa, 0x17, 0x00, 0x00, /* mov [0x1800 from here], cl */
		0xff, 0xc9, 0x75, 0xf6,             /* dec ecx; jnz */
		0x89, 0x15, 0xee, 0x0f, 0x00, 0x00, /* mov [0xffe from the start], edx: the immediate of what follows */
		0xe9, 0xe8, 0x0f, 0x00, 0x00,       /* jmp 0xffd from the start */
	};
	static const uint8_t crossing[] = {
		0xb8, 1, 0, 0, 0,   /* mov eax, 1 */
		0xe6, PC_PORT_DONE, /* out PC_PORT_DONE, al */
	};
	/* clang-format on */
	struct x86_cpu *cpu = pc_start(0, code, sizeof(code));
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;
	uint64_t bytes = 0;

	(void)state;
	memcpy(&bytes, crossing, sizeof(crossing));
	pc_store(PC_CODE + 0xffd, bytes);
	for (unsigned i = 0; i < 20; i++) {
		pc_set(cpu, AXVCPU_X86_64_RIP, PC_CODE);
		pc_set(cpu, AXVCPU_X86_64_GPR(X86_RCX), i % 2 ? 1000 : 1);
		pc_set(cpu, AXVCPU_X86_64_GPR(X86_RDX), (i + 2) * 0x1010101u);
		assert_int_equal(pc_run(cpu, &exit), AXVCPU_EXIT_IO_WRITE);
		assert_int_equal(exit.io_write.data, i + 2);
		assert_int_equal(pc_get(cpu, AXVCPU_X86_64_GPR(X86_RAX)), (i + 2) * 0x1010101u);
	}
	pc_end(cpu);
}

/* ---- another engine ---- */

/* clang-format off */
static const uint8_t goes_round[] = {
	0x88, 0x0d, 0xfa, 0xff, 0x00, 0x00, /* 00: mov [PC_DATA], cl */
	0xb0, 0x01,                         /* 06: mov al, 1 */
	0x3c, 0x02,                         /* 08: cmp al, 2 */
	0x75, 0xfa,                         /* 0a: jnz 06 */
	0xe6, PC_PORT_DONE,                 /* 0c: out PC_PORT_DONE, al */
};
/* clang-format on */

enum { OPERAND = 7, PATIENCE = 500000000 };

struct engine {
	uint8_t *ram;
	int32_t before, after; /* more writers, before the write and after it */
};

/* Once the guest goes round: changes what it executes, as a vCPU of other hardware does. */
static void *write_code(void *context)
{
	const struct engine *engine = context;

	while (!__atomic_load_n(engine->ram + PC_DATA, __ATOMIC_ACQUIRE))
		sched_yield();
	sched_yield();
	fake_host_writers(engine->before);
	__atomic_store_n(engine->ram + PC_CODE + OPERAND, 2, __ATOMIC_RELEASE);
	fake_host_writers(engine->after);
	return NULL;
}

static void expect_seen(int32_t before, int32_t after)
{
	struct x86_cpu *cpu = pc_start(0, goes_round, sizeof(goes_round));
	struct engine engine = { .ram = pc_ram(), .before = before, .after = after };
	struct axvcpu_exit exit;
	pthread_t thread;

	pc_set(cpu, AXVCPU_X86_64_GPR(X86_RCX), 1);
	assert_int_equal(pthread_create(&thread, NULL, write_code, &engine), 0);
	axarch_vcpu_ops.set_budget(cpu, PATIENCE);
	assert_int_equal(pc_run(cpu, &exit), AXVCPU_EXIT_IO_WRITE);
	assert_int_equal(exit.io_write.data, 2);
	pthread_join(thread, NULL);
	pc_end(cpu);
}

static void change_by_a_writer_is_seen(void **state)
{
	(void)state;
	fake_host_writers(1);
	expect_seen(0, 0); /* it was there before the vCPU was */
	expect_seen(1, 0); /* one more, and code is compared already */
	fake_host_writers(-2);
	expect_seen(1, 0);
	fake_host_writers(-1);
}

static void change_is_seen_when_writers_come_and_go(void **state)
{
	(void)state;
	expect_seen(0, 1);
	expect_seen(0, -1);
}

/* x87 instructions look at their own bytes, for the last opcode and for the size of an integer. */
static void single_steps_have_the_code_at_hand(void **state)
{
	/* clang-format off */
	static const uint8_t code[] = {
		0xdf, 0x28,         /* fild qword [rax] */
		0xdf, 0x78, 0x08,   /* fistp qword [rax + 8] */
		0xe6, PC_PORT_DONE, /* out PC_PORT_DONE, al */
	};
	/* clang-format on */
	static const uint64_t opcodes[] = { 0x728, 0x778 };
	struct x86_cpu *cpu = pc_start(0, code, sizeof(code));
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	pc_store(PC_DATA, UINT64_C(0x123456789ab));
	pc_set(cpu, AXVCPU_X86_64_GPR(X86_RAX), PC_DATA);
	axarch_vcpu_ops.set_single_step(cpu, 1);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(pc_run(cpu, &exit), AXVCPU_EXIT_DEBUG);
		assert_int_equal(pc_get(cpu, AXVCPU_X86_64_FPU(3)), opcodes[i]);
	}
	assert_int_equal(pc_load(PC_DATA + 8), UINT64_C(0x123456789ab));
	pc_end(cpu);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(change_is_seen_by_the_next_instruction),
		cmocka_unit_test(change_in_the_second_page_is_seen),
		cmocka_unit_test(change_by_a_writer_is_seen),
		cmocka_unit_test(change_is_seen_when_writers_come_and_go),
		cmocka_unit_test(single_steps_have_the_code_at_hand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
