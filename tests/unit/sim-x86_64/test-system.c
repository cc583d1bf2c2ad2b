/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System instructions: what each refuses and from whom, debug registers, ports, and how the processor takes what the
 * VMM writes to its registers.
 */
#include "../unit.h"

#include "pc.h"

enum { RING0 = 0, RING3 = 3 };
enum { UD = 6, GP = 13, DB = 1, DONE = PC_PORT_DONE };

#define MSR(number) AXVCPU_X86_64_MSR(number)
#define CR(number) AXVCPU_X86_64_CR(number)
#define DR(number) AXVCPU_X86_64_DR(number)
#define RFLAGS AXVCPU_X86_64_RFLAGS

#define REAX AXVCPU_X86_64_GPR(X86_RAX)
#define RECX AXVCPU_X86_64_GPR(X86_RCX)
#define REDX AXVCPU_X86_64_GPR(X86_RDX)

/* ---- one instruction, then either a vector or the end ---- */

#define BIT(n) (UINT64_C(1) << (n))
#define CODE(...) { __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

static const struct row {
	const char *name;
	unsigned ring;
	uint8_t code[8];
	size_t size;
	uint64_t rax, rcx, rdx;
	uint32_t outcome;   /* a vector, or DONE */
	uint64_t id, value; /* set before; 0: nothing */
} rows[] = {
	/* mov %rax, %cr0 */
	{ "cr0: PG needs PE", RING0, CODE(0x0f, 0x22, 0xc0), 0x80000010, 0, 0, GP, 0, 0 },
	{ "cr0: NW needs CD", RING0, CODE(0x0f, 0x22, 0xc0), 0xa0000031, 0, 0, GP, 0, 0 },
	{ "cr0: bits above 31", RING0, CODE(0x0f, 0x22, 0xc0), 0x180000031, 0, 0, GP, 0, 0 },
	{ "cr0: paging stays on in 64-bit mode", RING0, CODE(0x0f, 0x22, 0xc0), 0x31, 0, 0, GP, 0, 0 },
	{ "cr0: reserved bits are ignored", RING0, CODE(0x0f, 0x22, 0xc0), 0x8000ffb1, 0, 0, DONE, 0, 0 },
	{ "cr0: of ring 3", RING3, CODE(0x0f, 0x20, 0xc0), 0, 0, 0, GP, 0, 0 },
	{ "cr1: there is none", RING0, CODE(0x0f, 0x20, 0xc8), 0, 0, 0, UD, 0, 0 },
	/* mov %rax, %cr3 */
	{ "cr3: bits above 47", RING0, CODE(0x0f, 0x22, 0xd8), 0x1000 | BIT(48), 0, 0, GP, 0, 0 },
	{ "cr3: bit 63 without PCIDs", RING0, CODE(0x0f, 0x22, 0xd8), 0x1000 | BIT(63), 0, 0, GP, 0, 0 },
	{ "cr3: bit 63 with PCIDs", RING0, CODE(0x0f, 0x22, 0xd8), 0x1000 | BIT(63), 0, 0, DONE, CR(4), 0x20620 },
	/* mov %rax, %cr4 */
	{ "cr4: unknown bit", RING0, CODE(0x0f, 0x22, 0xe0), 0x620 | BIT(30), 0, 0, GP, 0, 0 },
	{ "cr4: long mode needs PAE", RING0, CODE(0x0f, 0x22, 0xe0), 0x600, 0, 0, GP, 0, 0 },
	{ "cr4: PCIDs", RING0, CODE(0x0f, 0x22, 0xe0), 0x20620, 0, 0, DONE, 0, 0 },
	{ "cr4: PCIDs begin at 0", RING0, CODE(0x0f, 0x22, 0xe0), 0x20620, 0, 0, GP, CR(3), 0x1008 },
	/* mov %rax, %cr8 */
	{ "cr8: four bits", RING0, CODE(0x44, 0x0f, 0x22, 0xc0), 16, 0, 0, GP, 0, 0 },
	{ "cr8: raised", RING0, CODE(0x44, 0x0f, 0x22, 0xc0), 15, 0, 0, DONE, 0, 0 },
	{ "clts", RING3, CODE(0x0f, 0x06), 0, 0, 0, GP, 0, 0 },
	{ "lmsw", RING3, CODE(0x0f, 0x01, 0xf0), 0, 0, 0, GP, 0, 0 },
	{ "smsw", RING3, CODE(0x0f, 0x01, 0xe0), 0, 0, 0, DONE, 0, 0 },
	{ "smsw: UMIP", RING3, CODE(0x0f, 0x01, 0xe0), 0, 0, 0, GP, CR(4), 0xe20 },
	{ "smsw: UMIP is not for ring 0", RING0, CODE(0x0f, 0x01, 0xe0), 0, 0, 0, DONE, CR(4), 0xe20 },
	{ "xsetbv: without OSXSAVE", RING0, CODE(0x0f, 0x01, 0xd1), 3, 0, 0, UD, 0, 0 },
	{ "xsetbv: x87 stays", RING0, CODE(0x0f, 0x01, 0xd1), 2, 0, 0, GP, CR(4), 0x40620 },
	{ "xsetbv: AVX needs SSE", RING0, CODE(0x0f, 0x01, 0xd1), 5, 0, 0, GP, CR(4), 0x40620 },
	{ "xsetbv: xcr1", RING0, CODE(0x0f, 0x01, 0xd1), 3, 1, 0, GP, CR(4), 0x40620 },
	{ "xsetbv", RING0, CODE(0x0f, 0x01, 0xd1), 3, 0, 0, DONE, CR(4), 0x40620 },
	{ "xsetbv: ring 3", RING3, CODE(0x0f, 0x01, 0xd1), 3, 0, 0, GP, CR(4), 0x40620 },
	/* mov %rax, %dr7; mov %rax, %dr4; mov %dr6, %rax */
	{ "dr7: bits above 31", RING0, CODE(0x0f, 0x23, 0xf8), BIT(32), 0, 0, GP, 0, 0 },
	{ "dr4: is dr6", RING0, CODE(0x0f, 0x23, 0xe0), 0, 0, 0, DONE, 0, 0 },
	{ "dr4: not with DE", RING0, CODE(0x0f, 0x23, 0xe0), 0, 0, 0, UD, CR(4), 0x628 },
	{ "dr6: of ring 3", RING3, CODE(0x0f, 0x21, 0xf0), 0, 0, 0, GP, 0, 0 },
	{ "dr6: GD", RING0, CODE(0x0f, 0x21, 0xf0), 0, 0, 0, DB, DR(7), 0x2400 },
	/* rdmsr, wrmsr */
	{ "rdmsr: unknown", RING0, CODE(0x0f, 0x32), 0, 0x5555, 0, GP, 0, 0 },
	{ "rdmsr: ring 3", RING3, CODE(0x0f, 0x32), 0, 0x10, 0, GP, 0, 0 },
	{ "wrmsr: read-only", RING0, CODE(0x0f, 0x30), 0, 0xfe, 0, GP, 0, 0 },
	{ "wrmsr: efer has bits that are reserved", RING0, CODE(0x0f, 0x30), 0x1d01, 0xc0000080, 0, GP, 0, 0 },
	{ "wrmsr: LME while paging", RING0, CODE(0x0f, 0x30), 0x801, 0xc0000080, 0, GP, 0, 0 },
	{ "wrmsr: LMA follows by itself", RING0, CODE(0x0f, 0x30), 0x901, 0xc0000080, 0, DONE, 0, 0 },
	{ "wrmsr: lstar is canonical", RING0, CODE(0x0f, 0x30), 0, 0xc0000082, 0x8000, GP, 0, 0 },
	{ "wrmsr: fs base is canonical", RING0, CODE(0x0f, 0x30), 0, 0xc0000100, 0x8000, GP, 0, 0 },
	{ "wrmsr: tsc_aux has 32 bits", RING0, CODE(0x0f, 0x30), 0, 0xc0000103, 1, GP, 0, 0 },
	{ "wrmsr: pat of a type that is none", RING0, CODE(0x0f, 0x30), 0x02, 0x277, 0, GP, 0, 0 },
	{ "wrmsr: pat", RING0, CODE(0x0f, 0x30), 0x0107, 0x277, 0, DONE, 0, 0 },
	{ "wrmsr: memory range of a type that is none", RING0, CODE(0x0f, 0x30), 0x07, 0x200, 0, GP, 0, 0 },
	{ "wrmsr: memory range", RING0, CODE(0x0f, 0x30), 0x06, 0x200, 0, DONE, 0, 0 },
	{ "rdpmc", RING0, CODE(0x0f, 0x33), 0, 0, 0, GP, 0, 0 },
	{ "rdtsc", RING3, CODE(0x0f, 0x31), 0, 0, 0, DONE, 0, 0 },
	{ "rdtsc: TSD", RING3, CODE(0x0f, 0x31), 0, 0, 0, GP, CR(4), 0x624 },
	{ "rdtscp: TSD is not for ring 0", RING0, CODE(0x0f, 0x01, 0xf9), 0, 0, 0, DONE, CR(4), 0x624 },
	{ "cli: IOPL", RING3, CODE(0xfa), 0, 0, 0, GP, 0, 0 },
	{ "sti: IOPL", RING3, CODE(0xfb), 0, 0, 0, GP, 0, 0 },
	{ "cli: PVI", RING3, CODE(0xfa), 0, 0, 0, DONE, CR(4), 0x622 },
	{ "sti: PVI", RING3, CODE(0xfb), 0, 0, 0, DONE, CR(4), 0x622 },
	{ "clac: ring 3", RING3, CODE(0x0f, 0x01, 0xca), 0, 0, 0, UD, 0, 0 },
	{ "stac: ring 0", RING0, CODE(0x0f, 0x01, 0xcb), 0, 0, 0, DONE, 0, 0 },
	/* invlpg (%rcx); invpcid (%rdx), %rax */
	{ "invlpg: ring 3", RING3, CODE(0x0f, 0x01, 0x39), 0, 0, 0, GP, 0, 0 },
	{ "invlpg: any address", RING0, CODE(0x0f, 0x01, 0x39), 0, BIT(60), 0, DONE, 0, 0 },
	{ "invpcid: type", RING0, CODE(0x66, 0x0f, 0x38, 0x82, 0x02), 4, 0, PC_DATA, GP, 0, 0 },
	{ "invpcid", RING0, CODE(0x66, 0x0f, 0x38, 0x82, 0x02), 2, 0, PC_DATA, DONE, 0, 0 },
	{ "hlt: ring 3", RING3, CODE(0xf4), 0, 0, 0, GP, 0, 0 },
	{ "invd: ring 3", RING3, CODE(0x0f, 0x08), 0, 0, 0, GP, 0, 0 },
	{ "wbinvd", RING0, CODE(0x0f, 0x09), 0, 0, 0, DONE, 0, 0 },
	{ "vmcall: ring 3", RING3, CODE(0x0f, 0x01, 0xc1), 0, 0, 0, UD, 0, 0 },
	{ "monitor", RING0, CODE(0x0f, 0x01, 0xc8), 0, 0, 0, UD, 0, 0 },
	{ "rsm", RING0, CODE(0x0f, 0xaa), 0, 0, 0, UD, 0, 0 },
	/* in $0x84, %al: not in the bitmap; out %eax, $0x80: its last port lies there, out %ax, $0x83: not the next one
	 */
	{ "in: the bitmap", RING3, CODE(0xe4, 0x84), 0, 0, 0, GP, 0, 0 },
	{ "out: all of its ports", RING3, CODE(0x66, 0xe7, 0x83), 0, 0, 0, GP, 0, 0 },
	{ "out: beyond the bitmap", RING3, CODE(0xee), 0, 0, 0xffff, GP, 0, 0 },
	{ "out: IOPL", RING3, CODE(0xe6, DONE), 0, 0, 0, DONE, RFLAGS, 0x3002 },
};

static void refuses(void **state)
{
	const struct row *row = *state;
	uint8_t code[16] = { 0 };
	struct x86_cpu *cpu;

	memcpy(code, row->code, row->size);
	memcpy(code + row->size, (const uint8_t[]){ 0xe6, PC_PORT_DONE }, 2);
	cpu = pc_start(row->ring, code, sizeof(code));
	if (row->id)
		pc_set(cpu, row->id, row->value);
	pc_set(cpu, REAX, row->rax);
	pc_set(cpu, RECX, row->rcx);
	pc_set(cpu, REDX, row->rdx);
	assert_int_equal(pc_run_to_port(cpu), row->outcome);
	if (row->outcome != DONE)
		assert_int_equal(pc_fault_rip(cpu, row->outcome == GP), PC_CODE);
	pc_end(cpu);
}

/* ---- instructions that older processors take for others ---- */

/* Of 0x18 in 16 bits: lowest bit 3 both ways; highest bit 4, or 11 zeros before it. */
static void prefix_of_an_older_scan_means_nothing(void **state)
{
	static const uint8_t code[] = { 0xf3, 0x66, 0x0f, 0xbc, 0xc8, /* tzcnt %ax, %cx */
					0xf3, 0x66, 0x0f, 0xbd, 0xd0, /* lzcnt %ax, %dx */
					0xe6, DONE };

	(void)state;
	for (unsigned older = 0; older < 2; older++) {
		struct x86_cpu *cpu = pc_start_with(older ? "-bmi1,-abm" : "", RING0, code, sizeof(code));

		pc_set(cpu, REAX, 0x18);
		pc_set(cpu, RECX, 0);
		pc_set(cpu, REDX, 0);
		assert_int_equal(pc_run_to_port(cpu), DONE);
		assert_int_equal(pc_get(cpu, RECX), 3);
		assert_int_equal(pc_get(cpu, REDX), older ? 4 : 11);
		pc_end(cpu);
	}
}

/* ---- debug registers ---- */

#define DR6_CLEAR UINT64_C(0xffff0ff0)

static void single_step_traps_behind_the_instruction(void **state)
{
	static const uint8_t code[] = { 0x90, 0x90, 0xe6, DONE };
	struct x86_cpu *cpu = pc_start(RING0, code, sizeof(code));

	(void)state;
	pc_set(cpu, RFLAGS, 0x102);
	assert_int_equal(pc_run_to_port(cpu), DB);
	assert_int_equal(pc_fault_rip(cpu, false), PC_CODE + 1);
	assert_int_equal(pc_get(cpu, DR(6)), DR6_CLEAR | 0x4000);
	pc_end(cpu);
}

/* Before the instruction; with RF, which only the handler can set, it is executed once. */
static void breakpoint_on_an_instruction(void **state)
{
	static const uint8_t code[] = { 0x90, 0x90, 0xe6, DONE };

	for (unsigned resumes = 0; resumes < 2; resumes++) {
		struct x86_cpu *cpu = pc_start(RING0, code, sizeof(code));

		(void)state;
		pc_set(cpu, DR(1), PC_CODE + 1);
		pc_set(cpu, DR(7), 0x404 | 4);
		pc_set(cpu, AXVCPU_X86_64_RIP, PC_CODE + resumes);
		pc_set(cpu, RFLAGS, resumes ? 0x10002 : 2);
		assert_int_equal(pc_run_to_port(cpu), resumes ? DONE : DB);
		if (!resumes) {
			assert_int_equal(pc_fault_rip(cpu, false), PC_CODE + 1);
			assert_int_equal(pc_get(cpu, DR(6)), DR6_CLEAR | 2);
		}
		pc_end(cpu);
	}
}

/* Behind the instruction that writes; reads are of no concern to it. */
static void breakpoint_on_a_write(void **state)
{
	static const uint8_t code[] = {
		0x8a, 0x01, 0x88, 0x01, 0x90, 0xe6, DONE
	}; /* mov (%rcx), %al; mov %al, (%rcx) */
	struct x86_cpu *cpu = pc_start(RING0, code, sizeof(code));

	(void)state;
	pc_set(cpu, RECX, PC_DATA + 3);
	pc_set(cpu, DR(0), PC_DATA);
	pc_set(cpu, DR(7), 0x401 | 0xd0000); /* four bytes, written */
	assert_int_equal(pc_run_to_port(cpu), DB);
	assert_int_equal(pc_fault_rip(cpu, false), PC_CODE + 4);
	assert_int_equal(pc_get(cpu, DR(6)), DR6_CLEAR | 1);
	pc_end(cpu);
}

/* The write is the VMM's first, and then comes the trap. */
static void breakpoint_on_a_port(void **state)
{
	static const uint8_t code[] = { 0xe6, 0x90, 0x90 };
	struct x86_cpu *cpu = pc_start(RING0, code, sizeof(code));

	(void)state;
	pc_set(cpu, CR(4), 0x628);
	pc_set(cpu, DR(2), 0x90);
	pc_set(cpu, DR(7), 0x400 | 0x10 | 0x2000000);
	assert_int_equal(pc_run_to_port(cpu), 0x90);
	assert_int_equal(pc_run_to_port(cpu), DB);
	assert_int_equal(pc_fault_rip(cpu, false), PC_CODE + 2);
	assert_int_equal(pc_get(cpu, DR(6)), DR6_CLEAR | 4);
	pc_end(cpu);
}

static void general_detect_is_lifted_for_the_handler(void **state)
{
	static const uint8_t code[] = { 0x0f, 0x21, 0xf0 }; /* mov %dr6, %rax */
	struct x86_cpu *cpu = pc_start(RING0, code, sizeof(code));

	(void)state;
	pc_set(cpu, DR(7), 0x2400);
	assert_int_equal(pc_run_to_port(cpu), DB);
	assert_int_equal(pc_get(cpu, DR(6)), DR6_CLEAR | 0x2000);
	assert_int_equal(pc_get(cpu, DR(7)), 0x400);
	pc_end(cpu);
}

/* ---- what the VMM hears of ---- */

static void lowered_priority_is_told(void **state)
{
	static const uint8_t code[] = { 0x44, 0x0f, 0x22, 0xc0, 0xe6, DONE };
	struct axvcpu_exit exit;
	struct x86_cpu *cpu = pc_start(RING0, code, sizeof(code));

	(void)state;
	pc_set(cpu, CR(8), 9);
	pc_set(cpu, REAX, 4);
	assert_int_equal(pc_run(cpu, &exit), AXVCPU_EXIT_SYSREG_WRITE);
	assert_int_equal(exit.sysreg_write.addr, 0x808);
	assert_int_equal(exit.sysreg_write.value, 0x40);
	assert_int_equal(axarch_vcpu_ops.fail_access(cpu, &exit), AXVCPU_ERROR_BAD_STATE);
	assert_int_equal(pc_get(cpu, CR(8)), 4);
	assert_int_equal(pc_run_to_port(cpu), DONE);
	pc_end(cpu);
}

/* rdtsc itself is one of them. The VMM's write is no adjustment by the guest. */
static void deterministic_time_counts_instructions(void **state)
{
	static const uint8_t code[] = { 0x90, 0x90, 0x0f, 0x31, 0xe6, DONE };
	struct x86_cpu *cpu = pc_start(RING0, code, sizeof(code));

	(void)state;
	assert_int_equal(pc_run_to_port(cpu), DONE);
	assert_int_equal(pc_get(cpu, REAX), 3 * 10);
	assert_int_equal(pc_get(cpu, MSR(0x10)), 4 * 10);
	pc_set(cpu, MSR(0x10), 1000);
	assert_int_equal(pc_get(cpu, MSR(0x10)), 1000);
	assert_int_equal(pc_get(cpu, MSR(0x3b)), 0);
	pc_end(cpu);
}

/* ---- registers that the VMM writes ---- */

static void expect_refusal(struct x86_cpu *cpu, const char *word)
{
	uint64_t value;

	assert_int_equal(axarch_vcpu_ops.get_reg(cpu, REAX, &value, sizeof(value)), AXVCPU_ERROR_INVALID_INPUT);
	assert_non_null(strstr(fake_host_error(), word));
}

/* One by one they are taken, together they are not; put right, they are. */
static void registers_that_contradict_each_other_are_refused(void **state)
{
	static const struct {
		uint64_t id, value;
		const char *word;
	} changes[] = {
		{ CR(4), 0x600, "PAE" },
		{ MSR(0xc0000080), 0x801, "" },
		{ MSR(0xc0000080), 0x901, "LMA" },
		{ CR(0), 0x31, "LMA" },
		{ AXVCPU_X86_64_SEGMENT(X86_CS, 3), 0xe09b, "L and D" },
		{ RFLAGS, 0x20002, "virtual-8086" },
	};
	static const uint8_t code[] = { 0xe6, DONE };

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct x86_cpu *cpu = pc_start(RING0, code, sizeof(code));
		uint64_t old = pc_get(cpu, changes[i].id);

		pc_set(cpu, changes[i].id, changes[i].value);
		expect_refusal(cpu, changes[i].word);
		pc_set(cpu, changes[i].id, old);
		assert_int_equal(pc_run_to_port(cpu), DONE);
		pc_end(cpu);
	}
}

/* rip is what was written, whatever mode and base come after it. */
static void rip_is_kept_while_the_mode_is_written(void **state)
{
	static const uint8_t code[] = { 0xe6, DONE };
	struct x86_cpu *cpu = pc_start(RING0, code, sizeof(code));

	(void)state;
	pc_set(cpu, AXVCPU_X86_64_RIP, UINT64_C(0xffffffff81000000));
	assert_int_equal(pc_get(cpu, AXVCPU_X86_64_RIP), UINT64_C(0xffffffff81000000));
	pc_set(cpu, AXVCPU_X86_64_RIP, 0x100);
	pc_set(cpu, AXVCPU_X86_64_SEGMENT(X86_CS, 1), 0x5000);
	pc_set(cpu, CR(0), 0x10);
	pc_set(cpu, MSR(0xc0000080), 0);
	pc_set(cpu, AXVCPU_X86_64_SEGMENT(X86_CS, 3), 0x9b);
	assert_int_equal(pc_get(cpu, AXVCPU_X86_64_RIP), 0x100);
	assert_int_equal(cpu->cpu.pc, 0x5100);
	pc_end(cpu);
}

/* The stack's registers stay when its top is written behind them. */
static void x87_stack_is_kept_while_its_top_is_written(void **state)
{
	static const uint8_t code[] = { 0xe6, DONE };
	struct x86_cpu *cpu = pc_start(RING0, code, sizeof(code));
	uint8_t written[10] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }, read[10];

	(void)state;
	assert_int_equal(axarch_vcpu_ops.set_reg(cpu, AXVCPU_X86_64_ST(2), written, 10), 0);
	pc_set(cpu, AXVCPU_X86_64_FPU(1), 5 << 11);
	assert_int_equal(axarch_vcpu_ops.get_reg(cpu, AXVCPU_X86_64_ST(2), read, 10), 0);
	assert_memory_equal(read, written, 10);
	pc_end(cpu);
}

#define ROWS (sizeof(rows) / sizeof(rows[0]))

int main(void)
{
	static struct CMUnitTest refusals[ROWS];
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefix_of_an_older_scan_means_nothing),
		cmocka_unit_test(single_step_traps_behind_the_instruction),
		cmocka_unit_test(breakpoint_on_an_instruction),
		cmocka_unit_test(breakpoint_on_a_write),
		cmocka_unit_test(breakpoint_on_a_port),
		cmocka_unit_test(general_detect_is_lifted_for_the_handler),
		cmocka_unit_test(lowered_priority_is_told),
		cmocka_unit_test(deterministic_time_counts_instructions),
		cmocka_unit_test(registers_that_contradict_each_other_are_refused),
		cmocka_unit_test(rip_is_kept_while_the_mode_is_written),
		cmocka_unit_test(x87_stack_is_kept_while_its_top_is_written),
	};

	for (size_t i = 0; i < ROWS; i++)
		refusals[i] = (struct CMUnitTest){ .name = rows[i].name,
						   .test_func = refuses,
						   .initial_state = (void *)(uintptr_t)&rows[i] };
	return _cmocka_run_group_tests("instructions", refusals, ROWS, NULL, NULL) +
	       cmocka_run_group_tests(tests, NULL, NULL);
}
