/* SPDX-License-Identifier: Apache-2.0 */
/* Code that is changed while it runs: by its own stores, between many that change none in the same page. */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(change_is_seen_by_the_next_instruction),
		cmocka_unit_test(change_in_the_second_page_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
