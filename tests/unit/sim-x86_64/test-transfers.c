/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segments, gates, tasks, and the delivery of interrupts: who may go where, what lies on the stack then, and what
 * becomes of a delivery that fails or ends the run. 64-bit mode is that of pc.h; 32-bit mode has tables of its own
 * here.
 */
#include "../unit.h"

#include "flags.h"
#include "pc.h"
#include "segment.h"

enum { DE = 0, DB = 1, NMI = 2, UD = 6, DF = 8, TS = 10, NP = 11, SS = 12, GP = 13, PF = 14, DONE = PC_PORT_DONE };

#define GPR(number) AXVCPU_X86_64_GPR(number)
#define RIP AXVCPU_X86_64_RIP
#define CODE(...) { __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })
#define OUT_DONE 0xe6, PC_PORT_DONE /* out %al, $PC_PORT_DONE */

static void store32(uint64_t gpa, uint32_t value)
{
	pc_store(gpa, (pc_load(gpa) & ~UINT64_C(0xffffffff)) | value);
}

static uint32_t load32(uint64_t gpa)
{
	return (uint32_t)pc_load(gpa);
}

static uint64_t descriptor(uint32_t base, uint32_t limit, uint32_t attributes)
{
	return (limit & 0xffff) | (uint64_t)(base & 0xffffff) << 16 | (uint64_t)(attributes & 0xf0ff) << 40 |
	       (uint64_t)(limit >> 16 & 15) << 48 | (uint64_t)(base >> 24) << 56;
}

static uint64_t gate(uint32_t offset, uint16_t selector, uint32_t attributes, uint32_t parameters)
{
	return (offset & 0xffff) | (uint64_t)selector << 16 | (uint64_t)parameters << 32 | (uint64_t)attributes << 40 |
	       (uint64_t)(offset >> 16) << 48;
}

/* ---- 32-bit mode ---- */

enum {
	GDT = 0x30000,
	IDT = 0x31000,
	TSS0 = 0x32000,
	TSS1 = 0x33000,
	TARGET = 0x34000,       /* out %al, $PC_PORT_DONE; hlt */
	VECTOR_STUBS = 0x35000, /* out %al, $vector; hlt */
	POINTER = 0x36000,      /* of a far jump or call */
	INNER_STACK = 0x38000,
	OUTER_STACK = 0x3a000,
	TASK_STACK = 0x3c000
};
enum {
	CODE0 = 0x08,
	DATA0 = 0x10,
	CODE3 = 0x18,
	DATA3 = 0x20,
	TASK0 = 0x28,
	TASK1 = 0x30,
	TESTED = 0x38, /* what a row describes */
	GATE = 0x40,
	CONFORMING = 0x48,
	ENTRIES = 10
};
enum { FLAT_CODE = 0xc09b, FLAT_DATA = 0xc093, LEVEL3 = 0x60, TSS_LIMIT = 0x67 };
/* Fields of a TSS. */
enum { LINK = 0, ESP0 = 4, SS0 = 8, EIP = 0x20, EFLAGS = 0x24, EAX = 0x28, ESP = 0x38, ES_FIELD = 0x48, TRAP = 0x64 };

static void write_task(uint64_t tss)
{
	store32(tss + ESP0, INNER_STACK);
	store32(tss + SS0, DATA0);
	store32(tss + EIP, TARGET);
	store32(tss + EFLAGS, 2);
	store32(tss + EAX, 0x11223344);
	store32(tss + ESP, TASK_STACK);
	for (unsigned i = X86_ES; i <= X86_GS; i++)
		store32(tss + ES_FIELD + 4 * i, i == X86_CS ? CODE0 : DATA0);
	store32(tss + TRAP, 0x68 << 16);
}

static void write_tables(void)
{
	const uint64_t gdt[ENTRIES] = {
		[CODE0 / 8] = descriptor(0, 0xfffff, FLAT_CODE),
		[DATA0 / 8] = descriptor(0, 0xfffff, FLAT_DATA),
		[CODE3 / 8] = descriptor(0, 0xfffff, FLAT_CODE | LEVEL3),
		[DATA3 / 8] = descriptor(0, 0xfffff, FLAT_DATA | LEVEL3),
		[TASK0 / 8] = descriptor(TSS0, TSS_LIMIT, 0x8b),
		[TASK1 / 8] = descriptor(TSS1, TSS_LIMIT, 0x89),
		[CONFORMING / 8] = descriptor(0, 0xfffff, FLAT_CODE | 4),
	};

	for (unsigned i = 0; i < ENTRIES; i++)
		pc_store(GDT + 8 * i, gdt[i]);
	for (unsigned vector = 0; vector < 32; vector++) {
		pc_store(IDT + 8 * vector, gate(VECTOR_STUBS + 4 * vector, CODE0, 0x8e, 0));
		store32(VECTOR_STUBS + 4 * vector, 0xe6 | vector << 8 | 0xf4u << 16);
	}
	store32(TARGET, 0xe6 | PC_PORT_DONE << 8 | 0xf4u << 16);
	write_task(TSS0);
	write_task(TSS1);
}

static void set_level(struct x86_cpu *cpu, unsigned level)
{
	uint32_t attributes = level << 5;

	cpu->cpl = (uint8_t)level;
	for (unsigned i = X86_ES; i <= X86_GS; i++)
		x86_set_segment(cpu, i, (uint16_t)((level ? DATA3 : DATA0) | level), 0, UINT32_MAX,
				FLAT_DATA | attributes);
	x86_set_segment(cpu, X86_CS, (uint16_t)((level ? CODE3 : CODE0) | level), 0, UINT32_MAX,
			FLAT_CODE | attributes);
	cpu->cpu.x[X86_RSP] = level ? OUTER_STACK : INNER_STACK;
}

/* Ring 3 may use all ports. */
static struct x86_cpu *start_32(unsigned level, const void *code, size_t size)
{
	struct x86_cpu *cpu = pc_start(0, code, size);

	write_tables();
	cpu->cr0 = 0x31;
	cpu->cr4 = cpu->efer = 0;
	cpu->gdtr = (struct x86_table){ GDT, 8 * ENTRIES - 1 };
	cpu->idtr = (struct x86_table){ IDT, 8 * 32 - 1 };
	x86_set_segment(cpu, X86_TR, TASK0, TSS0, TSS_LIMIT, 0x8b);
	set_level(cpu, level);
	cpu->rflags = X86_FLAG_IOPL;
	x86_update_mode(cpu);
	return cpu;
}

static uint32_t inner(unsigned index)
{
	return load32(INNER_STACK - 4 * index);
}

/* ---- what segment registers take ---- */

enum { LOAD_DS, LOAD_SS, JUMP };

static const struct load_row {
	const char *name;
	unsigned level, kind;
	uint32_t attributes; /* of TESTED */
	uint16_t selector;
	uint32_t outcome, code;
} load_rows[] = {
	{ "data", 0, LOAD_DS, FLAT_DATA, TESTED, DONE, 0 },
	{ "null in ds", 0, LOAD_DS, 0, 3, DONE, 0 },
	{ "beyond the table", 0, LOAD_DS, 0, 8 * ENTRIES, GP, 8 * ENTRIES },
	{ "no local table", 0, LOAD_DS, 0, TESTED | 4, GP, TESTED | 4 },
	{ "code that can be read", 0, LOAD_DS, FLAT_CODE, TESTED, DONE, 0 },
	{ "code that cannot be read", 0, LOAD_DS, FLAT_CODE & ~2u, TESTED, GP, TESTED },
	{ "a system descriptor", 0, LOAD_DS, 0x82, TESTED, GP, TESTED },
	{ "data of an inner level", 3, LOAD_DS, FLAT_DATA, TESTED | 3, GP, TESTED },
	{ "data by a weak selector", 0, LOAD_DS, FLAT_DATA, TESTED | 3, GP, TESTED },
	{ "conforming code of an inner level", 3, LOAD_DS, FLAT_CODE | 4, TESTED | 3, DONE, 0 },
	{ "absent data", 0, LOAD_DS, FLAT_DATA & ~0x80u, TESTED, NP, TESTED },
	{ "a stack", 0, LOAD_SS, FLAT_DATA, TESTED, DONE, 0 },
	{ "null in ss", 0, LOAD_SS, 0, 0, GP, 0 },
	{ "a stack that cannot be written", 0, LOAD_SS, FLAT_DATA & ~2u, TESTED, GP, TESTED },
	{ "a stack of another level", 0, LOAD_SS, FLAT_DATA | LEVEL3, TESTED | 3, GP, TESTED },
	{ "an absent stack", 0, LOAD_SS, FLAT_DATA & ~0x80u, TESTED, SS, TESTED },
	{ "code", 0, JUMP, FLAT_CODE, TESTED, DONE, 0 },
	{ "null in cs", 0, JUMP, 0, 0, GP, 0 },
	{ "a jump to data", 0, JUMP, FLAT_DATA, TESTED, GP, TESTED },
	{ "a jump outwards", 0, JUMP, FLAT_CODE | LEVEL3, TESTED | 3, GP, TESTED },
	{ "a jump inwards", 3, JUMP, FLAT_CODE, TESTED, GP, TESTED },
	{ "a jump to conforming code", 3, JUMP, FLAT_CODE | 4, TESTED, DONE, 0 },
	{ "a jump to absent code", 0, JUMP, FLAT_CODE & ~0x80u, TESTED, NP, TESTED },
	{ "a jump to a task that runs", 0, JUMP, 0, TASK0, GP, TASK0 },
};

static void segments_are_checked(void **unused)
{
	static const struct {
		uint8_t bytes[6], size;
	} code[] = { [LOAD_DS] = { CODE(0x8e, 0xd8, OUT_DONE) },
		     [LOAD_SS] = { CODE(0x8e, 0xd0, OUT_DONE) },
		     [JUMP] = { CODE(0xff, 0x28) } };

	(void)unused;
	for (size_t i = 0; i < X86_COUNT(load_rows); i++) {
		const struct load_row *row = &load_rows[i];
		struct x86_cpu *cpu = start_32(row->level, code[row->kind].bytes, code[row->kind].size);
		uint32_t outcome;

		pc_store(GDT + TESTED, descriptor(0, 0xfffff, row->attributes & ~1u));
		store32(POINTER, TARGET);
		store32(POINTER + 4, row->selector);
		cpu->cpu.x[X86_RAX] = row->kind == JUMP ? POINTER : row->selector;
		outcome = pc_run_to_port(cpu);
		if (outcome != row->outcome)
			fail_msg("%s: %u instead of %u", row->name, outcome, row->outcome);
		if (outcome != DONE && load32(cpu->cpu.x[X86_RSP]) != row->code)
			fail_msg("%s: error code 0x%x instead of 0x%x", row->name, load32(cpu->cpu.x[X86_RSP]),
				 row->code);
		if (outcome == DONE && (row->selector & ~3) == TESTED && !(pc_load(GDT + TESTED) >> 40 & 1))
			fail_msg("%s: not marked as accessed", row->name);
		pc_end(cpu);
	}
}

/* ---- call gates ---- */

static void call_gates_copy_parameters_and_return(void **unused)
{
	/* push $1; push $2; lcall *(%eax); out %al, $PC_PORT_DONE */
	static const uint8_t code[] = { 0x6a, 1, 0x6a, 2, 0xff, 0x18, OUT_DONE };
	static const uint8_t callee[] = { 0xca, 8, 0 }; /* lret $8 */
	struct x86_cpu *cpu = start_32(3, code, sizeof(code));

	(void)unused;
	pc_store(GDT + GATE, gate(TARGET, CODE0, 0xec, 2));
	pc_store(TARGET, callee[0] | callee[1] << 8);
	store32(POINTER + 4, GATE | 3);
	cpu->cpu.x[X86_RAX] = POINTER;
	x86_put_segment(cpu, X86_FS, DATA0, 0, UINT32_MAX, FLAT_DATA);
	assert_int_equal(pc_run_to_port(cpu), DONE);
	assert_int_equal(inner(1), DATA3 | 3);
	assert_int_equal(inner(2), OUTER_STACK - 8);
	assert_int_equal(inner(3), 1);
	assert_int_equal(inner(4), 2);
	assert_int_equal(inner(5), CODE3 | 3);
	assert_int_equal(inner(6), PC_CODE + 6);
	assert_int_equal(cpu->cpu.x[X86_RSP], OUTER_STACK); /* both stacks have given the parameters back */
	assert_int_equal(cpu->cpl, 3);
	assert_int_equal(cpu->segments[X86_SS].selector, DATA3 | 3);
	assert_int_equal(cpu->segments[X86_FS].selector, 0); /* an inner level's data is not for the outer one */
	assert_int_equal(cpu->segments[X86_DS].selector, DATA3 | 3);
	pc_end(cpu);
}

/* ---- tasks ---- */

static const uint8_t far_call[] = { 0xff, 0x18, OUT_DONE }; /* lcall *(%eax) */

static struct x86_cpu *start_task_call(unsigned level)
{
	struct x86_cpu *cpu = start_32(level, far_call, sizeof(far_call));

	store32(POINTER + 4, TASK1);
	cpu->cpu.x[X86_RAX] = POINTER;
	return cpu;
}

static unsigned type_of(uint16_t selector)
{
	return pc_load(GDT + selector) >> 40 & 15;
}

static void tasks_are_called_and_return(void **unused)
{
	struct x86_cpu *cpu = start_task_call(0);

	(void)unused;
	pc_store(TARGET, 0xcf80e6); /* out %al, $PC_PORT_DONE; iret */
	cpu->cpu.x[X86_RBX] = 0x5a5a;
	assert_int_equal(pc_run_to_port(cpu), DONE);
	assert_int_equal(cpu->segments[X86_TR].selector, TASK1);
	assert_int_equal(cpu->cpu.x[X86_RAX], 0x11223344);
	assert_int_equal(cpu->cpu.x[X86_RSP], TASK_STACK);
	assert_true(cpu->rflags & X86_FLAG_NT);
	assert_true(cpu->cr0 & X86_CR0_TS);
	assert_int_equal(load32(TSS1 + LINK) & 0xffff, TASK0);
	assert_int_equal(load32(TSS0 + EIP), PC_CODE + 2);
	assert_int_equal(type_of(TASK0), 11);
	assert_int_equal(type_of(TASK1), 11);
	assert_int_equal(pc_run_to_port(cpu), DONE); /* back in the first one */
	assert_int_equal(pc_get(cpu, RIP), PC_CODE + 4);
	assert_int_equal(cpu->segments[X86_TR].selector, TASK0);
	assert_int_equal(cpu->cpu.x[X86_RBX], 0x5a5a);
	assert_false(cpu->rflags & X86_FLAG_NT);
	assert_int_equal(type_of(TASK1), 9);
	pc_end(cpu);
}

/* What is wrong with its segments is the new task's fault. */
static void new_tasks_are_checked(void **unused)
{
	static const struct {
		unsigned field;
		uint32_t value, attributes, outcome, code;
	} rows[] = {
		{ ES_FIELD + 4 * X86_ES, TESTED, 0x82, TS, TESTED },
		{ ES_FIELD + 4 * X86_ES, TESTED, FLAT_DATA & ~0x80u, NP, TESTED },
		{ ES_FIELD + 4 * X86_DS, TESTED | 3, FLAT_DATA, TS, TESTED },
		{ ES_FIELD + 4 * X86_GS, 8 * ENTRIES, 0, TS, 8 * ENTRIES },
	};

	(void)unused;
	for (size_t i = 0; i < X86_COUNT(rows); i++) {
		struct x86_cpu *cpu = start_task_call(0);

		store32(TSS1 + rows[i].field, rows[i].value);
		pc_store(GDT + TESTED, descriptor(0, 0xfffff, rows[i].attributes));
		assert_int_equal(pc_run_to_port(cpu), rows[i].outcome);
		assert_int_equal(cpu->segments[X86_TR].selector, TASK1);
		assert_int_equal(load32(TASK_STACK - 16), rows[i].code);
		assert_int_equal(load32(TASK_STACK - 12), TARGET);
		pc_end(cpu);
	}
}

/* A TSS that is too short, or not there, is the old task's. */
static void tasks_that_cannot_be_entered_leave_the_old_one(void **unused)
{
	static const struct {
		uint32_t limit, attributes, outcome;
	} rows[] = { { TSS_LIMIT - 1, 0x89, TS }, { TSS_LIMIT, 0x09, NP }, { TSS_LIMIT, 0x8b, GP } };

	(void)unused;
	for (size_t i = 0; i < X86_COUNT(rows); i++) {
		struct x86_cpu *cpu = start_task_call(0);

		pc_store(GDT + TASK1, descriptor(TSS1, rows[i].limit, rows[i].attributes));
		assert_int_equal(pc_run_to_port(cpu), rows[i].outcome);
		assert_int_equal(cpu->segments[X86_TR].selector, TASK0);
		assert_int_equal(inner(4), TASK1);
		assert_int_equal(inner(3), PC_CODE);
		pc_end(cpu);
	}
}

static void task_gates_take_exceptions(void **unused)
{
	static const uint8_t code[] = { 0x0f, 0x0b }; /* ud2 */
	static const uint8_t bad[] = { 0x8e, 0xd8 };  /* mov %eax, %ds */
	struct x86_cpu *cpu = start_32(3, code, sizeof(code));

	(void)unused;
	pc_store(IDT + 8 * UD, gate(0, TASK1, 0x85, 0));
	assert_int_equal(pc_run_to_port(cpu), DONE);
	assert_int_equal(cpu->cpl, 0);
	assert_int_equal(load32(TSS0 + EIP), PC_CODE);
	assert_true(load32(TSS0 + EFLAGS) & X86_FLAG_RF);
	pc_end(cpu);
	cpu = start_32(0, bad, sizeof(bad));
	pc_store(IDT + 8 * GP, gate(0, TASK1, 0x85, 0));
	cpu->cpu.x[X86_RAX] = TASK0;
	assert_int_equal(pc_run_to_port(cpu), DONE);
	assert_int_equal(cpu->cpu.x[X86_RSP], TASK_STACK - 4);
	assert_int_equal(load32(TASK_STACK - 4), TASK0);
	pc_end(cpu);
}

static void tasks_can_ask_for_a_trap(void **unused)
{
	struct x86_cpu *cpu = start_task_call(0);

	(void)unused;
	store32(TSS1 + TRAP, 1);
	assert_int_equal(pc_run_to_port(cpu), DB);
	assert_true(cpu->dr[6] & 0x8000);
	assert_int_equal(load32(TASK_STACK - 12), TARGET);
	pc_end(cpu);
}

/* ---- virtual-8086 mode ---- */

enum { V86_SEGMENT = 0x4000, V86_CODE = 0x40000, V86_STACK = 0x100, V86_HANDLER = 0x80, V86_IO_MAP = 0x88 };

static struct x86_cpu *start_v86(const void *code, size_t size, unsigned iopl, uint32_t flags)
{
	struct x86_cpu *cpu = start_32(0, code, 0);

	for (size_t i = 0; i < size; i++)
		pc_store(V86_CODE + i, ((const uint8_t *)code)[i]);
	for (unsigned i = X86_ES; i <= X86_GS; i++)
		x86_set_real(cpu, i, V86_SEGMENT, true);
	cpu->cpl = 3;
	cpu->rflags = X86_FLAG_VM | iopl << 12 | flags;
	cpu->cpu.x[X86_RSP] = V86_STACK;
	x86_update_mode(cpu);
	pc_set(cpu, RIP, 0);
	return cpu;
}

static void v86_exceptions_save_all_segments(void **unused)
{
	static const uint8_t code[] = { 0x0f, 0x0b };
	struct x86_cpu *cpu = start_v86(code, sizeof(code), 3, X86_FLAG_IF);
	const uint32_t frame[] = { V86_SEGMENT, V86_SEGMENT, V86_SEGMENT, V86_SEGMENT, V86_SEGMENT, V86_STACK };

	(void)unused;
	assert_int_equal(pc_run_to_port(cpu), UD);
	for (unsigned i = 0; i < X86_COUNT(frame); i++)
		assert_int_equal(inner(i + 1), frame[i]);
	assert_int_equal(inner(7), X86_FLAG_VM | X86_FLAG_RF | X86_FLAG_IOPL | X86_FLAG_IF | 2);
	assert_int_equal(inner(8), V86_SEGMENT);
	assert_int_equal(inner(9), 0);
	assert_int_equal(cpu->segments[X86_DS].selector, 0);
	assert_int_equal(cpu->segments[X86_CS].selector, CODE0);
	assert_false(cpu->rflags & (X86_FLAG_VM | X86_FLAG_IF));
	pc_end(cpu);
}

/* int n, whose bit in the redirection bitmap is clear, stays in the program; VIF is its IF. */
static void v86_keeps_redirected_interrupts(void **unused)
{
	static const uint8_t code[] = { 0xcd, 0x10 };
	static const struct {
		uint64_t cr4;
		unsigned iopl;
		uint32_t flags, outcome, saved;
	} rows[] = {
		{ X86_CR4_VME, 3, X86_FLAG_IF, DONE, X86_FLAG_IF | X86_FLAG_IOPL | 2 },
		{ X86_CR4_VME, 0, X86_FLAG_VIF, DONE, X86_FLAG_IF | X86_FLAG_IOPL | 2 },
		{ X86_CR4_VME, 0, X86_FLAG_IF, DONE, X86_FLAG_IOPL | 2 },
		{ 0, 0, X86_FLAG_IF, GP, 0 },
		{ 0, 3, X86_FLAG_IF, 0x10, 0 },
	};

	(void)unused;
	for (size_t i = 0; i < X86_COUNT(rows); i++) {
		struct x86_cpu *cpu = start_v86(code, sizeof(code), rows[i].iopl, rows[i].flags);

		cpu->cr4 = rows[i].cr4;
		store32(TSS0 + TRAP, V86_IO_MAP << 16); /* zeroes before it redirect, behind it allow ports */
		cpu->segments[X86_TR].limit = V86_IO_MAP + 32;
		pc_store(IDT + 8 * 0x10, gate(VECTOR_STUBS + 4 * 0x10, CODE0, 0xee, 0));
		store32(4 * 0x10, V86_SEGMENT << 16 | V86_HANDLER);
		store32(V86_CODE + V86_HANDLER, 0xe6 | PC_PORT_DONE << 8 | 0xf4u << 16);
		assert_int_equal(pc_run_to_port(cpu), rows[i].outcome);
		if (rows[i].saved) {
			assert_int_equal(load32(V86_CODE + V86_STACK - 6), V86_SEGMENT << 16 | 2);
			assert_int_equal(load32(V86_CODE + V86_STACK - 2) & 0xffff, rows[i].saved);
		}
		pc_end(cpu);
	}
}

/* ---- real mode ---- */

static void real_mode_tables_have_a_limit(void **unused)
{
	static const uint8_t code[] = { 0xcd, 0x21 };

	(void)unused;
	for (unsigned limit = 4 * 0x21 + 2; limit <= 4 * 0x21 + 3; limit++) {
		struct x86_cpu *cpu = start_v86(code, sizeof(code), 0, X86_FLAG_IF);

		cpu->cr0 = 0x30;
		cpu->cpl = 0;
		x86_set_rflags(cpu, X86_FLAG_IF | X86_FLAG_CF);
		cpu->idtr = (struct x86_table){ 0, limit };
		store32(4 * 0x21, V86_SEGMENT << 16 | V86_HANDLER);
		store32(4 * GP, V86_SEGMENT << 16 | (V86_HANDLER + 8));
		store32(V86_CODE + V86_HANDLER, 0xe6 | PC_PORT_DONE << 8);
		store32(V86_CODE + V86_HANDLER + 8, 0xe6 | GP << 8);
		x86_update_mode(cpu);
		assert_int_equal(pc_run_to_port(cpu), limit < 4 * 0x21 + 3 ? GP : DONE);
		assert_int_equal(load32(V86_CODE + V86_STACK - 6), V86_SEGMENT << 16 | (limit < 4 * 0x21 + 3 ? 0 : 2));
		assert_false(cpu->rflags & X86_FLAG_IF);
		pc_end(cpu);
	}
}

/* ---- 64-bit mode ---- */

enum { RING0_STACK = 0x90000, IST_STACK = 0xa0000, HOLE = 0x200000 - 0x1000 };

static void set_interrupt_stack(struct x86_cpu *cpu, unsigned vector, unsigned ist, uint64_t rsp)
{
	uint64_t entry = cpu->idtr.base + 16 * vector;

	pc_store(entry, (pc_load(entry) & ~(UINT64_C(7) << 32)) | (uint64_t)ist << 32);
	pc_store(x86_segment_base(cpu, X86_TR) + 36 + 8 * (ist - 1), rsp);
}

static void remove_gate(struct x86_cpu *cpu, unsigned vector)
{
	pc_store(cpu->idtr.base + 16 * vector, 0);
}

static void stacks_of_interrupts_are_aligned(void **unused)
{
	static const uint8_t code[] = { 0x0f, 0x0b };
	const uint64_t sources[] = { PC_STACK - 3, IST_STACK + 9 };

	(void)unused;
	for (unsigned ist = 0; ist < 2; ist++) {
		struct x86_cpu *cpu = pc_start(0, code, sizeof(code));
		uint64_t top = sources[ist] & ~UINT64_C(15);

		pc_set(cpu, GPR(X86_RSP), PC_STACK - 3);
		if (ist)
			set_interrupt_stack(cpu, UD, 1, sources[ist]);
		assert_int_equal(pc_run_to_port(cpu), UD);
		assert_int_equal(pc_get(cpu, GPR(X86_RSP)), top - 40);
		assert_int_equal(pc_load(top - 8), 0x10); /* ss, which does not change without a change of level */
		assert_int_equal(cpu->segments[X86_SS].selector, 0x10);
		assert_int_equal(pc_load(top - 16), PC_STACK - 3);
		assert_int_equal(pc_load(top - 40), PC_CODE);
		pc_end(cpu);
	}
}

static void inner_levels_have_a_null_stack_segment(void **unused)
{
	static const uint8_t code[] = { 0x0f, 0x0b };
	struct x86_cpu *cpu = pc_start(3, code, sizeof(code));

	(void)unused;
	assert_int_equal(pc_run_to_port(cpu), UD);
	assert_int_equal(cpu->cpl, 0);
	assert_int_equal(cpu->segments[X86_SS].selector, 0);
	assert_int_equal(pc_get(cpu, GPR(X86_RSP)), RING0_STACK - 40);
	assert_int_equal(pc_load(RING0_STACK - 8) & 3, 3);
	pc_end(cpu);
}

/* What an exception becomes whose gate is not there, and which error code is on the stack. */
static void failed_deliveries_escalate(void **unused)
{
	static const struct {
		uint8_t code[4];
		size_t size;
		unsigned missing, outcome;
		uint64_t error;
	} rows[] = {
		{ CODE(0x0f, 0x0b), UD, GP, UD * 8 + 2 + 1 }, /* benign: the next is taken in its place, with EXT */
		{ CODE(0xcd, 20), 20, GP, 20 * 8 + 2 },       /* int $20: without */
		{ CODE(0x8e, 0xd8), GP, DF, 0 },              /* mov %eax, %ds */
		{ CODE(0xf7, 0xf6), DE, DF, 0 },              /* div %esi */
		{ CODE(0x8a, 0x02), PF, DF, 0 },              /* mov (%rdx), %al */
	};

	(void)unused;
	for (size_t i = 0; i < X86_COUNT(rows); i++) {
		struct x86_cpu *cpu = pc_start(0, rows[i].code, rows[i].size);

		pc_set(cpu, GPR(X86_RAX), 0xffff);
		pc_set(cpu, GPR(X86_RDX), UINT64_C(1) << 40);
		remove_gate(cpu, rows[i].missing);
		assert_int_equal(pc_run_to_port(cpu), rows[i].outcome);
		assert_int_equal(pc_load(pc_get(cpu, GPR(X86_RSP))), rows[i].error);
		assert_int_equal(pc_fault_rip(cpu, true), PC_CODE);
		pc_end(cpu);
	}
}

static void triple_faults_shut_down(void **unused)
{
	static const uint8_t code[] = { 0x8e, 0xd8 };
	struct x86_cpu *cpu = pc_start(3, code, sizeof(code));
	struct axvcpu_exit exit;

	(void)unused;
	pc_set(cpu, GPR(X86_RAX), 0xffff);
	remove_gate(cpu, GP);
	remove_gate(cpu, DF);
	assert_int_equal(pc_run(cpu, &exit), AXVCPU_EXIT_SYSTEM_DOWN);
	assert_int_equal(exit.system_down.kind, 1);
	assert_int_equal(pc_get(cpu, RIP), PC_CODE);
	assert_int_equal(cpu->cpl, 3);
	pc_end(cpu);
}

/* A stack where no memory is ends the run; the delivery begins anew when there is some. */
static void deliveries_are_tried_again(void **unused)
{
	static const uint8_t code[] = { 0x0f, 0x0b, 0x90, 0xeb, 0xfe };
	struct axvcpu_exit exit;

	(void)unused;
	for (unsigned external = 0; external < 2; external++) {
		struct x86_cpu *cpu = pc_start(3, code, sizeof(code));

		pc_store(x86_segment_base(cpu, X86_TR) + 4, HOLE + 0x1000);
		if (external) {
			pc_set(cpu, RIP, PC_CODE + 2);
			pc_set(cpu, AXVCPU_X86_64_RFLAGS, X86_FLAG_IF | 2);
			assert_int_equal(axarch_vcpu_ops.inject_interrupt(cpu, 0x1f), 0);
		}
		for (unsigned i = 0; i < 2; i++) {
			assert_int_equal(pc_run(cpu, &exit), AXVCPU_EXIT_NESTED_PAGE_FAULT);
			assert_in_range(exit.nested_page_fault.addr, HOLE, HOLE + 0xfff);
			assert_int_equal(pc_get(cpu, RIP), PC_CODE + 2 * external);
			assert_int_equal(cpu->cpl, 3);
		}
		fake_host_add(HOLE, 0x1000, 0);
		assert_int_equal(pc_run_to_port(cpu), external ? 0x1f : UD);
		assert_int_equal(cpu->cpu.x[X86_RSP], HOLE + 0x1000 - 40);
		pc_end(cpu);
	}
}

static void iret_lets_further_nmis_through(void **unused)
{
	static const uint8_t code[] = { 0xeb, 0xfe };
	struct x86_cpu *cpu = pc_start(0, code, sizeof(code));

	(void)unused;
	pc_store(0x8000 + 4 * NMI, 0xe6 | NMI << 8 | 0x48u << 16 | 0xcfu << 24);
	assert_int_equal(axarch_vcpu_ops.inject_interrupt(cpu, AXVCPU_X86_64_NMI), 0);
	assert_int_equal(pc_run_to_port(cpu), NMI);
	assert_true(cpu->nmi_masked);
	assert_int_equal(axarch_vcpu_ops.inject_interrupt(cpu, AXVCPU_X86_64_NMI), 0);
	assert_int_equal(pc_run_to_port(cpu), NMI); /* after the iret alone */
	assert_int_equal(pc_get(cpu, GPR(X86_RSP)), PC_STACK - 40);
	pc_end(cpu);
}

/* ---- iretq ---- */

static const struct return_row {
	const char *name;
	unsigned level;
	uint64_t rip, cs, flags, ss;
	uint32_t outcome, code;
	uint64_t present; /* flags before it */
} return_rows[] = {
	{ "to ring 3", 0, PC_DATA, 0x23, 2, 0x1b, DONE, 0, 2 },
	{ "to ring 0", 0, PC_DATA, 0x08, 2, 0x10, DONE, 0, 2 },
	{ "to ring 0 without a stack segment", 0, PC_DATA, 0x08, 2, 0, DONE, 0, 2 },
	{ "to ring 3 without a stack segment", 0, PC_DATA, 0x23, 2, 3, GP, 0, 2 },
	{ "with a stack of another level", 0, PC_DATA, 0x23, 2, 0x10, GP, 0x10, 2 },
	{ "inwards", 3, PC_DATA, 0x08, 2, 0x10, GP, 0x08, 2 },
	{ "to a null selector", 0, PC_DATA, 0, 2, 0x10, GP, 0, 2 },
	{ "to data", 0, PC_DATA, 0x10, 2, 0x10, GP, 0x10, 2 },
	{ "to an address that is not canonical", 0, UINT64_C(1) << 47, 0x08, 2, 0x10, GP, 0, 2 },
	{ "from a task", 0, PC_DATA, 0x08, 2, 0x10, GP, 0, X86_FLAG_NT | 2 },
};

static void returns_are_checked(void **unused)
{
	static const uint8_t code[] = { 0x48, 0xcf };

	(void)unused;
	for (size_t i = 0; i < X86_COUNT(return_rows); i++) {
		const struct return_row *row = &return_rows[i];
		struct x86_cpu *cpu = pc_start(row->level, code, sizeof(code));
		const uint64_t frame[] = { row->rip, row->cs, row->flags, PC_STACK, row->ss };
		uint32_t outcome;

		for (unsigned k = 0; k < X86_COUNT(frame); k++)
			pc_store(PC_STACK - 40 + 8 * k, frame[k]);
		pc_store(PC_DATA, 0xe6 | PC_PORT_DONE << 8);
		pc_set(cpu, GPR(X86_RSP), PC_STACK - 40);
		pc_set(cpu, AXVCPU_X86_64_RFLAGS, row->present);
		outcome = pc_run_to_port(cpu);
		if (outcome != row->outcome)
			fail_msg("%s: %u instead of %u", row->name, outcome, row->outcome);
		if (outcome == DONE)
			assert_int_equal(cpu->cpl, row->cs & 3);
		else
			assert_int_equal(pc_load(pc_get(cpu, GPR(X86_RSP))), row->code);
		pc_end(cpu);
	}
}

/* IF and IOPL are for those who may change them; VM is for nobody in long mode. */
static void returned_flags_depend_on_the_level(void **unused)
{
	static const struct {
		unsigned level;
		uint64_t present, popped, expected;
	} rows[] = {
		{ 0, 2, 0x3f7ed7, 0x3d7ed7 },
		{ 3, 2, 0x3c7ed7, 0x244cd7 },
		{ 3, 0x3002, 0x3c4ed7, 0x247ed7 },
		{ 3, 0x202, 2, 0x202 },
	};
	static const uint8_t code[] = { 0x48, 0xcf };

	(void)unused;
	for (size_t i = 0; i < X86_COUNT(rows); i++) {
		struct x86_cpu *cpu = pc_start(rows[i].level, code, sizeof(code));
		const uint64_t frame[] = { PC_DATA, cpu->segments[X86_CS].selector, rows[i].popped, PC_STACK,
					   cpu->segments[X86_SS].selector };
		struct axvcpu_exit exit;

		for (unsigned k = 0; k < X86_COUNT(frame); k++)
			pc_store(PC_STACK - 40 + 8 * k, frame[k]);
		pc_store(PC_DATA, 0x90);
		pc_set(cpu, GPR(X86_RSP), PC_STACK - 40);
		pc_set(cpu, AXVCPU_X86_64_RFLAGS, rows[i].present);
		assert_int_equal(axarch_vcpu_ops.set_budget(cpu, 1), 0);
		assert_int_equal(pc_run(cpu, &exit), AXVCPU_EXIT_PREEMPTION_TIMER);
		assert_int_equal(pc_get(cpu, AXVCPU_X86_64_RFLAGS), rows[i].expected);
		pc_end(cpu);
	}
}

/* ---- fast system calls ---- */

static void system_calls_go_in_and_out(void **unused)
{
	static const uint8_t code[] = { 0x0f, 0x05, OUT_DONE };      /* syscall */
	static const uint8_t handler[] = { 0x48, 0x0f, 0x07, 0x90 }; /* sysretq */
	struct x86_cpu *cpu = pc_start(3, code, sizeof(code));
	struct axvcpu_exit exit;

	(void)unused;
	pc_store(PC_DATA, handler[0] | handler[1] << 8 | handler[2] << 16);
	pc_set(cpu, AXVCPU_X86_64_MSR(0xc0000081), UINT64_C(0x0010000800000000));
	pc_set(cpu, AXVCPU_X86_64_MSR(0xc0000082), PC_DATA);
	pc_set(cpu, AXVCPU_X86_64_MSR(0xc0000084), X86_FLAG_IF | X86_FLAG_TF);
	pc_set(cpu, AXVCPU_X86_64_RFLAGS, X86_FLAG_IF | X86_FLAG_CF | 2);
	assert_int_equal(axarch_vcpu_ops.set_budget(cpu, 1), 0);
	assert_int_equal(pc_run(cpu, &exit), AXVCPU_EXIT_PREEMPTION_TIMER);
	assert_int_equal(pc_get(cpu, RIP), PC_DATA);
	assert_int_equal(pc_get(cpu, GPR(X86_RCX)), PC_CODE + 2);
	assert_int_equal(pc_get(cpu, GPR(11)), X86_FLAG_IF | X86_FLAG_CF | 2);
	assert_int_equal(pc_get(cpu, AXVCPU_X86_64_RFLAGS), X86_FLAG_CF | 2);
	assert_int_equal(cpu->segments[X86_CS].selector, 0x08);
	assert_int_equal(cpu->segments[X86_SS].selector, 0x10);
	assert_int_equal(cpu->cpl, 0);
	assert_int_equal(pc_run_to_port(cpu), DONE);
	assert_int_equal(cpu->segments[X86_CS].selector, 0x23);
	assert_int_equal(cpu->segments[X86_SS].selector, 0x1b);
	assert_int_equal(cpu->cpl, 3);
	pc_end(cpu);
}

static const struct call_row {
	const char *name;
	unsigned level;
	uint8_t code[4];
	size_t size;
	uint64_t sysenter_cs, rcx, efer;
	uint32_t outcome;
} call_rows[] = {
	{ "syscall that is off", 3, CODE(0x0f, 0x05), 8, 0, 0xd00, UD },
	{ "sysret that is off", 0, CODE(0x48, 0x0f, 0x07), 8, 0, 0xd00, UD },
	{ "sysret of ring 3", 3, CODE(0x48, 0x0f, 0x07), 8, 0, 0xd01, GP },
	{ "sysret to nowhere", 0, CODE(0x48, 0x0f, 0x07), 8, UINT64_C(1) << 47, 0xd01, GP },
	{ "sysenter without a segment", 3, CODE(0x0f, 0x34), 3, 0, 0xd01, GP },
	{ "sysexit without a segment", 0, CODE(0x48, 0x0f, 0x35), 0, 0, 0xd01, GP },
	{ "sysexit of ring 3", 3, CODE(0x48, 0x0f, 0x35), 8, 0, 0xd01, GP },
	{ "sysexit to a stack nowhere", 0, CODE(0x48, 0x0f, 0x35), 8, UINT64_C(1) << 47, 0xd01, GP },
	{ "swapgs of ring 3", 3, CODE(0x0f, 0x01, 0xf8), 8, 0, 0xd01, GP },
	{ "sysenter", 3, CODE(0x0f, 0x34), 8, 0, 0xd01, DONE },
};

static void system_calls_are_checked(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < X86_COUNT(call_rows); i++) {
		const struct call_row *row = &call_rows[i];
		struct x86_cpu *cpu = pc_start(row->level, row->code, row->size);
		uint32_t outcome;

		pc_store(PC_DATA, 0xe6 | PC_PORT_DONE << 8);
		pc_set(cpu, AXVCPU_X86_64_MSR(0xc0000080), row->efer);
		cpu->sysenter_cs = row->sysenter_cs;
		cpu->sysenter_eip = PC_DATA;
		cpu->sysenter_esp = RING0_STACK;
		pc_set(cpu, GPR(X86_RCX), row->rcx);
		outcome = pc_run_to_port(cpu);
		if (outcome != row->outcome)
			fail_msg("%s: %u instead of %u", row->name, outcome, row->outcome);
		if (outcome != DONE)
			assert_int_equal(pc_fault_rip(cpu, outcome == GP), PC_CODE);
		pc_end(cpu);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_are_checked),
		cmocka_unit_test(call_gates_copy_parameters_and_return),
		cmocka_unit_test(tasks_are_called_and_return),
		cmocka_unit_test(new_tasks_are_checked),
		cmocka_unit_test(tasks_that_cannot_be_entered_leave_the_old_one),
		cmocka_unit_test(task_gates_take_exceptions),
		cmocka_unit_test(tasks_can_ask_for_a_trap),
		cmocka_unit_test(v86_exceptions_save_all_segments),
		cmocka_unit_test(v86_keeps_redirected_interrupts),
		cmocka_unit_test(real_mode_tables_have_a_limit),
		cmocka_unit_test(stacks_of_interrupts_are_aligned),
		cmocka_unit_test(inner_levels_have_a_null_stack_segment),
		cmocka_unit_test(failed_deliveries_escalate),
		cmocka_unit_test(triple_faults_shut_down),
		cmocka_unit_test(deliveries_are_tried_again),
		cmocka_unit_test(iret_lets_further_nmis_through),
		cmocka_unit_test(returns_are_checked),
		cmocka_unit_test(returned_flags_depend_on_the_level),
		cmocka_unit_test(system_calls_go_in_and_out),
		cmocka_unit_test(system_calls_are_checked),
	};

	return cmocka_run_group_tests_name("transfers", tests, NULL, NULL);
}
