/* SPDX-License-Identifier: Apache-2.0 */
/* See system-generate.h: the machine around an instruction. */
#include "system-generate.h"

#include <string.h>

#include "segments.h"

enum { HLT = 0xf4, CODE_OFFSET = 0x800, PAGES = 64 };

#define FLAT_CODE64 UINT64_C(0xa09b)
#define FLAT_CODE32 UINT64_C(0xc09b)
#define FLAT_CODE16 UINT64_C(0x809b)
#define FLAT_DATA UINT64_C(0xc093)
#define DPL3 UINT64_C(0x60)
#define FLAT UINT64_C(0xffffffff)
#define GRANULAR UINT64_C(0x8000)
#define TSS_BUSY UINT64_C(0x8b)
#define TSS_FREE UINT64_C(0x89)

#define PTE UINT64_C(0x63) /* present, writable, accessed, dirty */
#define PTE_USER UINT64_C(4)

#define CR0_BASE UINT64_C(0x30) /* ET, NE */
#define CR0_PE UINT64_C(1)
#define CR0_TS UINT64_C(8)
#define CR0_WP UINT64_C(0x10000)
#define CR0_AM UINT64_C(0x40000)
#define CR0_PG UINT64_C(0x80000000)
#define CR4_PAE UINT64_C(0x20)
/* Those that a case may have from the beginning: VME, PVI, TSD, DE, PGE, OSFXSR, UMIP, FSGSBASE, OSXSAVE, SMEP, SMAP.
 */
#define CR4_ANY UINT64_C(0x350a8f)
#define CR4_PSE UINT64_C(0x10)
#define EFER_SCE UINT64_C(1)
#define EFER_LONG UINT64_C(0x500)
#define EFER_NXE UINT64_C(0x800)

#define RFLAGS_FIXED UINT64_C(2)
#define RFLAGS_STATUS UINT64_C(0xcd5)
#define RFLAGS_IF UINT64_C(0x200)
#define RFLAGS_NT UINT64_C(0x4000)
#define RFLAGS_VM UINT64_C(0x20000)
#define RFLAGS_VIF UINT64_C(0x80000)
#define RFLAGS_VIP UINT64_C(0x100000)
#define RFLAGS_AC UINT64_C(0x40000)

/* ---- pieces ---- */

void put(struct system_making *making, uint64_t gpa, unsigned size, uint64_t value)
{
	memcpy(making->test->ram + gpa, &value, size);
}

void emit(struct system_making *making, unsigned size, uint64_t bytes)
{
	put(making, making->test->offset + making->test->length, size, bytes);
	making->test->length += size;
}

void emit_memory(struct system_making *making, unsigned reg)
{
	emit(making, 1, reg << 3 | (making->test->bits == 16 ? 7 : 3));
}

void emit_register(struct system_making *making, unsigned reg, unsigned rm)
{
	emit(making, 1, 0xc0 | reg << 3 | rm);
}

unsigned emit_size(struct system_making *making)
{
	bool other = CHANCE(making, 30);

	if (making->test->bits == 64 && CHANCE(making, 50)) {
		emit(making, 1, 0x48);
		return 8;
	}
	if (other)
		emit(making, 1, 0x66);
	return other != (making->test->bits == 16) ? 2 : 4;
}

void set_reg(struct system_making *making, unsigned index, uint64_t value)
{
	making->test->registers[index] = value;
}

uint64_t get_reg(const struct system_making *making, unsigned index)
{
	return making->test->registers[index];
}

uint64_t operand(struct system_making *making)
{
	uint64_t address = SYSTEM_DATA + 0x100 + BELOW(making, 0x1000);

	set_reg(making, S_GPR + 3, address);
	return address;
}

/* ---- descriptors ---- */

void write_descriptor(struct system_making *making, uint64_t gpa, uint64_t base, uint64_t limit, uint64_t attributes)
{
	if (attributes & GRANULAR)
		limit >>= 12;
	put(making, gpa, 8,
	    (limit & 0xffff) | (base & 0xffffff) << 16 | (attributes & 0xff) << 40 | (limit >> 16 & 0xf) << 48 |
		    (attributes >> 12 & 0xf) << 52 | (base >> 24 & 0xff) << 56);
}

void write_gate(struct system_making *making, uint64_t gpa, unsigned type, unsigned dpl, bool present,
		uint64_t selector, uint64_t offset, unsigned extra)
{
	put(making, gpa, 8,
	    (offset & 0xffff) | (selector & 0xffff) << 16 | (uint64_t)(extra & 0xff) << 32 |
		    (uint64_t)(type | dpl << 5 | (present ? 0x80u : 0)) << 40 | (offset >> 16 & 0xffff) << 48);
}

uint64_t gate_of(const struct system_making *making, unsigned vector)
{
	return SYSTEM_IDT + vector * (making->test->is_long ? 16 : 8);
}

static unsigned any_level(struct system_making *making)
{
	return CHANCE(making, 40) ? making->test->cpl : CHANCE(making, 50) ? BELOW(making, 4) : 3 * BELOW(making, 2);
}

uint64_t any_selector(struct system_making *making)
{
	uint64_t rpl = any_level(making);

	switch (BELOW(making, 20)) {
	case 0:
		return rpl;
	case 1:
		return ANY(making) & 0xffff;
	case 2:
	case 3:
		return (BELOW(making, SYSTEM_LDT_LIMIT + 9) & ~7u) | 4 | rpl;
	case 4:
	case 5:
	case 6:
	case 7:
		return (BELOW(making, SELECTOR_RANDOM) & ~7u) | rpl;
	default:
		return (SELECTOR_RANDOM + (BELOW(making, SELECTOR_RANDOM) & ~7u)) | rpl;
	}
}

uint64_t code_selector(struct system_making *making)
{
	const struct system_case *test = making->test;

	if (CHANCE(making, 40))
		return any_selector(making);
	if (CHANCE(making, 30))
		return SELECTOR_CODE32_3 | 3;
	if (test->is_long && CHANCE(making, 30))
		return SELECTOR_CODE64_3 | 3;
	return (test->is_long && CHANCE(making, 80) ? SELECTOR_CODE64
		: CHANCE(making, 85)                ? SELECTOR_CODE32
						    : SELECTOR_CODE16) |
	       (CHANCE(making, 80) ? test->cpl : BELOW(making, 4));
}

uint64_t data_selector(struct system_making *making)
{
	if (CHANCE(making, 30))
		return any_selector(making);
	return CHANCE(making, 50) ? SELECTOR_DATA0 | making->test->cpl : SELECTOR_DATA3 | 3;
}

uint64_t any_target(struct system_making *making)
{
	if (CHANCE(making, 6))
		return any_address(making);
	if (making->test->is_real || making->test->is_v86)
		return BELOW(making, CODE_OFFSET);
	return SYSTEM_CODE + BELOW(making, CODE_OFFSET);
}

uint64_t any_address(struct system_making *making)
{
	uint64_t any = ANY(making);

	switch (BELOW(making, 8)) {
	case 0:
		return UINT64_C(1) << 47;
	case 1:
		return (UINT64_C(1) << 47) - 1 - any % 16;
	case 2:
		return ~UINT64_C(0) << 47;
	case 3:
		return any;
	case 4:
		return (uint32_t)any;
	case 5:
		return SYSTEM_TEST + any % 4096;
	default:
		return SYSTEM_CODE + any % CODE_OFFSET;
	}
}

static void write_random_code_or_data(struct system_making *making, uint64_t gpa)
{
	static const uint16_t sizes[] = { 0xc000, 0xc000, 0xc000, 0x8000, 0x4000, 0x0000, 0xe000, 0xa000 };
	uint64_t attributes = 0x10 | BELOW(making, 16) | any_level(making) << 5 | (CHANCE(making, 90) ? 0x80 : 0);
	uint64_t base = CHANCE(making, 80) ? 0 : SYSTEM_DATA;

	attributes |= making->test->is_long && CHANCE(making, 60) ? 0xa000 : sizes[BELOW(making, 8)];
	attributes |= CHANCE(making, 10) ? 0x1000 : 0;
	write_descriptor(making, gpa, base, CHANCE(making, 85) ? FLAT : SYSTEM_RAM + BELOW(making, 4096), attributes);
}

/* One of two entries, as long mode needs. */
static void write_random_system(struct system_making *making, uint64_t gpa)
{
	static const uint8_t types[] = { 1, 2, 3, 4, 5, 9, 11, 12, 12, 12, 4, 5, 2, 9 };
	unsigned type = CHANCE(making, 90) ? types[BELOW(making, sizeof(types))] : BELOW(making, 16);
	bool present = CHANCE(making, 90);
	unsigned dpl = any_level(making);

	if (type == 2)
		write_descriptor(making, gpa, SYSTEM_LDT, SYSTEM_LDT_LIMIT, type | dpl << 5 | (present ? 0x80u : 0));
	else if ((type & 7) == 1 || (type & 7) == 3)
		write_descriptor(making, gpa, type & 8 ? SYSTEM_TASK1 : SYSTEM_TASK16,
				 CHANCE(making, 70) ? 0x67 : BELOW(making, 0x80),
				 type | dpl << 5 | (present ? 0x80u : 0));
	else
		write_gate(making, gpa, type, dpl, present,
			   type == 5 ? CHANCE(making, 50) ? SELECTOR_TASK1 : any_selector(making)
				     : code_selector(making),
			   any_target(making), CHANCE(making, 70) ? 0 : BELOW(making, 256));
	if (making->test->is_long)
		put(making, gpa + 8, 8, CHANCE(making, 90) ? 0 : ANY(making));
	else
		write_random_code_or_data(making, gpa + 8);
}

void write_random_descriptors(struct system_making *making)
{
	for (uint64_t gpa = SYSTEM_GDT + SELECTOR_RANDOM; gpa < SYSTEM_GDT + SYSTEM_GDT_LIMIT; gpa += 16) {
		if (CHANCE(making, 45)) {
			write_random_system(making, gpa);
			continue;
		}
		write_random_code_or_data(making, gpa);
		write_random_code_or_data(making, gpa + 8);
	}
	for (uint64_t gpa = SYSTEM_LDT; gpa < SYSTEM_LDT + SYSTEM_LDT_LIMIT; gpa += 8)
		write_random_code_or_data(making, gpa);
}

/* ---- tables ---- */

static void write_gdt(struct system_making *making)
{
	write_descriptor(making, SYSTEM_GDT + SELECTOR_CODE64, 0, FLAT, FLAT_CODE64);
	write_descriptor(making, SYSTEM_GDT + SELECTOR_DATA0, 0, FLAT, FLAT_DATA);
	write_descriptor(making, SYSTEM_GDT + SELECTOR_CODE32_3, 0, FLAT, FLAT_CODE32 | DPL3);
	write_descriptor(making, SYSTEM_GDT + SELECTOR_DATA3, 0, FLAT, FLAT_DATA | DPL3);
	write_descriptor(making, SYSTEM_GDT + SELECTOR_CODE64_3, 0, FLAT, FLAT_CODE64 | DPL3);
	write_descriptor(making, SYSTEM_GDT + SELECTOR_CODE32, 0, FLAT, FLAT_CODE32);
	write_descriptor(making, SYSTEM_GDT + SELECTOR_CODE16, 0, FLAT, FLAT_CODE16);
	write_descriptor(making, SYSTEM_GDT + SELECTOR_TSS, SYSTEM_TSS, SYSTEM_TSS_LIMIT, TSS_BUSY);
	write_descriptor(making, SYSTEM_GDT + SELECTOR_LDTR, SYSTEM_LDT, SYSTEM_LDT_LIMIT, 0x82);
	write_descriptor(making, SYSTEM_GDT + SELECTOR_TASK1, SYSTEM_TASK1, 0x67, TSS_FREE);
	write_descriptor(making, SYSTEM_GDT + SELECTOR_TASK2, SYSTEM_TASK2, 0x67, TSS_BUSY);
	write_descriptor(making, SYSTEM_GDT + SELECTOR_TASK16, SYSTEM_TASK16, 0x2b, 0x81);
	write_gate(making, SYSTEM_GDT + SELECTOR_TASK_GATE, 5, 3, true, SELECTOR_TASK1, 0, 0);
	write_random_descriptors(making);
}

static void write_idt(struct system_making *making)
{
	for (unsigned vector = 0; vector < SYSTEM_VECTORS; vector++) {
		uint64_t stub = SYSTEM_STUBS + vector * SYSTEM_STUB;

		put(making, 4 * vector, 4, (stub - SYSTEM_CODE) | (uint64_t)(SYSTEM_CODE >> 4) << 16);
		if (!making->test->is_real)
			write_gate(making, gate_of(making, vector), 14, 0, true,
				   making->test->is_long ? SELECTOR_CODE64 : SELECTOR_CODE32, stub, 0);
	}
}

static void write_tss(struct system_making *making)
{
	unsigned bitmap = making->test->is_long ? 0x68 : 0x88; /* VME's map of interrupts lies before it */

	if (making->test->is_long) {
		put(making, SYSTEM_TSS + 4, 8, SYSTEM_STACK0);
		put(making, SYSTEM_TSS + 12, 8, SYSTEM_STACK0);
		put(making, SYSTEM_TSS + 20, 8, SYSTEM_STACK0);
		for (unsigned ist = 0; ist < 7; ist++)
			put(making, SYSTEM_TSS + 0x24 + 8 * ist, 8,
			    CHANCE(making, 90) ? SYSTEM_STACK_IST : any_address(making));
	} else {
		for (unsigned level = 0; level < 3; level++) {
			put(making, SYSTEM_TSS + 4 + 8 * level, 4, SYSTEM_STACK0);
			put(making, SYSTEM_TSS + 8 + 8 * level, 4, level ? any_selector(making) : SELECTOR_DATA0);
		}
		put(making, SYSTEM_TSS, 2, CHANCE(making, 70) ? SELECTOR_TASK2 : any_selector(making));
	}
	put(making, SYSTEM_TSS + 0x66, 2, bitmap);
	for (unsigned i = 0x68; i < SYSTEM_TSS_LIMIT; i++)
		put(making, SYSTEM_TSS + i, 1, CHANCE(making, 60) ? 0 : BELOW(making, 256));
	put(making, SYSTEM_TSS + SYSTEM_TSS_LIMIT, 1, 0xff);
}

static void write_task(struct system_making *making, uint64_t at)
{
	bool outer = CHANCE(making, 30);
	uint64_t data = outer ? SELECTOR_DATA3 | 3 : SELECTOR_DATA0;

	put(making, at + 4, 4, SYSTEM_STACK0);
	put(making, at + 8, 4, SELECTOR_DATA0);
	put(making, at + 0x1c, 4, get_reg(making, S_CR3));
	put(making, at + 0x20, 4, any_target(making));
	put(making, at + 0x24, 4, RFLAGS_FIXED | (ANY(making) & (RFLAGS_STATUS | 0x3200)));
	for (unsigned i = 0; i < 8; i++)
		put(making, at + 0x28 + 4 * i, 4, ANY(making));
	put(making, at + 0x38, 4, (outer ? SYSTEM_STACK3 : SYSTEM_STACK0) - 0x200);
	for (unsigned i = 0; i < 6; i++)
		put(making, at + 0x48 + 4 * i, 4, CHANCE(making, 10) ? any_selector(making) : data);
	put(making, at + 0x4c, 4,
	    CHANCE(making, 85) ? (outer ? SELECTOR_CODE32_3 | 3u : SELECTOR_CODE32) : any_selector(making));
	put(making, at + 0x60, 4, CHANCE(making, 80) ? SELECTOR_LDTR : CHANCE(making, 50) ? 0 : any_selector(making));
	put(making, at + 0x64, 4, 0x680000);
}

static void write_task16(struct system_making *making, uint64_t at)
{
	put(making, at + 14, 2, BELOW(making, 0x1000));
	put(making, at + 16, 2, RFLAGS_FIXED);
	for (unsigned i = 0; i < 8; i++)
		put(making, at + 18 + 2 * i, 2, ANY(making));
	put(making, at + 26, 2, SYSTEM_STACK0 - 0x200);
	for (unsigned i = 0; i < 4; i++)
		put(making, at + 34 + 2 * i, 2, SELECTOR_DATA0);
	put(making, at + 36, 2, CHANCE(making, 85) ? SELECTOR_CODE16 : any_selector(making));
	put(making, at + 42, 2, CHANCE(making, 80) ? SELECTOR_LDTR : 0);
}

/* Ring 3 has its own: its code, its stack, the operands. */
static uint64_t page_rights(const struct system_case *test, uint64_t page)
{
	bool is_user = page == SYSTEM_CODE || page == SYSTEM_DATA || page == SYSTEM_DATA + 0x1000 ||
		       page == SYSTEM_STACK3 - 0x1000;

	return page | PTE | (is_user && test->cpl == 3 ? PTE_USER : 0);
}

static void write_pages(struct system_making *making)
{
	const uint64_t user = PTE | PTE_USER;

	put(making, SYSTEM_PML4, 8, SYSTEM_PDPT | user);
	put(making, SYSTEM_PDPT, 8, SYSTEM_PD | user);
	put(making, SYSTEM_PDPT + 8, 8, SYSTEM_TEST_PD | user);
	put(making, SYSTEM_PDPT_PAE, 8, SYSTEM_PD | 1);
	put(making, SYSTEM_PDPT_PAE + 8, 8, SYSTEM_TEST_PD | 1);
	put(making, SYSTEM_PD, 8, SYSTEM_PT | user);
	put(making, SYSTEM_TEST_PD, 8, SYSTEM_TEST_PT | user);
	put(making, SYSTEM_TEST_PT, 8, SYSTEM_TARGET | user);
	put(making, SYSTEM_PD2, 4, SYSTEM_PT2 | user);
	put(making, SYSTEM_PD2 + 4 * (SYSTEM_TEST >> 22), 4, SYSTEM_TEST_PT2 | user);
	put(making, SYSTEM_TEST_PT2, 4, SYSTEM_TARGET | user);
	for (unsigned page = 0; page < PAGES; page++) {
		put(making, SYSTEM_PT + 8 * page, 8, page_rights(making->test, page * 4096u));
		put(making, SYSTEM_PT2 + 4 * page, 4, page_rights(making->test, page * 4096u));
	}
}

static void write_ram(struct system_making *making)
{
	struct system_case *test = making->test;

	memset(test->ram, 0, SYSTEM_RAM);
	memset(test->ram + SYSTEM_CODE, HLT, SYSTEM_TARGET - SYSTEM_CODE + 0x1000);
	for (unsigned i = 0; i < 0x2000; i += 8)
		put(making, SYSTEM_DATA + i, 8, CHANCE(making, 50) ? any_selector(making) : ANY(making));
	write_gdt(making);
	write_idt(making);
	write_tss(making);
	write_task(making, SYSTEM_TASK1);
	write_task(making, SYSTEM_TASK2);
	write_task16(making, SYSTEM_TASK16);
	write_pages(making);
}

/* ---- registers ---- */

static void set_segment(struct system_making *making, unsigned segment, uint64_t selector, uint64_t base,
			uint64_t limit, uint64_t attributes)
{
	set_reg(making, S_PART(segment, PART_SELECTOR), selector);
	set_reg(making, S_PART(segment, PART_BASE), base);
	set_reg(making, S_PART(segment, PART_LIMIT), limit);
	set_reg(making, S_PART(segment, PART_ATTRIBUTES), attributes);
}

static void set_segments(struct system_making *making)
{
	const struct system_case *test = making->test;
	bool outer = test->cpl == 3;

	for (unsigned i = 0; i < 6; i++)
		if (test->is_real || test->is_v86)
			set_segment(making, i, 0, 0, 0xffff, test->is_real ? 0x93 : 0xf3);
		else
			set_segment(making, i, outer ? SELECTOR_DATA3 | 3 : SELECTOR_DATA0, 0, FLAT,
				    FLAT_DATA | (outer ? DPL3 : 0));
	if (test->is_real || test->is_v86)
		set_segment(making, SEGMENT_CS, SYSTEM_CODE >> 4, SYSTEM_CODE, 0xffff,
			    test->is_real ? 0x9b : 0xfb & 0xf3);
	else if (test->bits == 64)
		set_segment(making, SEGMENT_CS, outer ? SELECTOR_CODE64_3 | 3 : SELECTOR_CODE64, 0, FLAT,
			    FLAT_CODE64 | (outer ? DPL3 : 0));
	else if (test->bits == 16)
		set_segment(making, SEGMENT_CS, SELECTOR_CODE16, 0, FLAT, FLAT_CODE16);
	else
		set_segment(making, SEGMENT_CS, outer ? SELECTOR_CODE32_3 | 3 : SELECTOR_CODE32, 0, FLAT,
			    FLAT_CODE32 | (outer ? DPL3 : 0));
	set_segment(making, SYSTEM_TR, SELECTOR_TSS, SYSTEM_TSS, SYSTEM_TSS_LIMIT, TSS_BUSY);
	set_segment(making, SYSTEM_LDTR, SELECTOR_LDTR, SYSTEM_LDT, SYSTEM_LDT_LIMIT, 0x82);
}

static void set_control(struct system_making *making)
{
	const struct system_case *test = making->test;
	static const uint32_t roots[] = { 0, 0, SYSTEM_PD2, SYSTEM_PDPT_PAE, SYSTEM_PML4 };
	uint64_t cr0 = CR0_BASE | (test->is_real ? 0 : CR0_PE) | (test->levels ? CR0_PG : 0);
	uint64_t cr4 = ANY(making) & ANY(making) & CR4_ANY & making->cr4;

	cr0 |= (CHANCE(making, 50) ? CR0_WP : 0) | (CHANCE(making, 10) ? CR0_TS : 0) |
	       (CHANCE(making, 20) ? CR0_AM : 0);
	if (test->levels >= 3)
		cr4 |= CR4_PAE;
	else if (CHANCE(making, 50))
		cr4 |= CR4_PSE;
	set_reg(making, S_CR0, cr0);
	set_reg(making, S_CR3, roots[test->levels]);
	set_reg(making, S_CR4, cr4);
	set_reg(making, S_EFER,
		(test->is_long ? EFER_LONG : 0) | (CHANCE(making, 70) ? EFER_SCE : 0) |
			(test->levels >= 3 && CHANCE(making, 60) ? EFER_NXE : 0));
	set_reg(making, S_XCR0, 1);
	set_reg(making, S_GDT_BASE, SYSTEM_GDT);
	set_reg(making, S_GDT_LIMIT, SYSTEM_GDT_LIMIT);
	set_reg(making, S_IDT_BASE, test->is_real ? 0 : SYSTEM_IDT);
	set_reg(making, S_IDT_LIMIT, test->is_real ? 0x3ff : test->is_long ? 0xfff : 0x7ff);
	set_reg(making, S_DR6, UINT64_C(0xffff0ff0));
	set_reg(making, S_DR7, UINT64_C(0x400));
}

static void set_msrs(struct system_making *making)
{
	set_reg(making, S_SYSENTER_CS, CHANCE(making, 90) ? SELECTOR_CODE64 | BELOW(making, 4) : BELOW(making, 4));
	set_reg(making, S_SYSENTER_ESP, SYSTEM_STACK0 - 0x40);
	set_reg(making, S_SYSENTER_EIP, SYSTEM_CODE + BELOW(making, CODE_OFFSET));
	set_reg(making, S_PAT, UINT64_C(0x0007040600070406));
	set_reg(making, S_STAR, UINT64_C(0x0013000800000000) | SYSTEM_CODE | BELOW(making, CODE_OFFSET));
	set_reg(making, S_LSTAR, SYSTEM_CODE + BELOW(making, CODE_OFFSET));
	set_reg(making, S_CSTAR, SYSTEM_CODE + BELOW(making, CODE_OFFSET));
	set_reg(making, S_SFMASK, CHANCE(making, 50) ? 0x700 : (uint32_t)ANY(making));
	set_reg(making, S_KERNEL_GS_BASE, BELOW(making, 0x7fffffff));
}

static void set_flags(struct system_making *making)
{
	const struct system_case *test = making->test;
	uint64_t flags = RFLAGS_FIXED | (ANY(making) & (RFLAGS_STATUS | RFLAGS_IF));

	if (!test->is_real) {
		flags |= (uint64_t)(CHANCE(making, 60) ? 0 : BELOW(making, 4)) << 12;
		flags |= CHANCE(making, 10) ? RFLAGS_NT : 0;
	}
	flags |= test->is_v86 ? RFLAGS_VM : 0;
	if (CHANCE(making, 10))
		flags |= ANY(making) & (RFLAGS_VIF | RFLAGS_VIP | RFLAGS_AC);
	set_reg(making, S_RFLAGS, flags);
}

static void set_registers(struct system_making *making)
{
	struct system_case *test = making->test;

	memset(test->registers, 0, sizeof(test->registers));
	for (unsigned i = 0; i < (test->bits == 64 ? 16u : 8u); i++)
		set_reg(making, S_GPR + i, test->bits == 64 ? ANY(making) : (uint32_t)ANY(making));
	set_reg(making, S_GPR + 4, (test->cpl == 3 ? SYSTEM_STACK3 : SYSTEM_STACK0) - 0x200);
	set_reg(making, S_RIP, test->is_real || test->is_v86 ? CODE_OFFSET : SYSTEM_CODE + CODE_OFFSET);
	set_segments(making);
	set_control(making);
	set_msrs(making);
	set_flags(making);
}

/* ---- modes ---- */

static void choose_paging(struct system_making *making, unsigned modes)
{
	static const unsigned levels[] = { 0, 2, 3 };
	struct system_case *test = making->test;

	test->levels = test->is_long ? 4 : levels[modes & PAGED ? 1 + BELOW(making, 2) : BELOW(making, 3)];
}

static void choose_mode(struct system_making *making, const struct system_kind *kind)
{
	struct system_case *test = making->test;
	unsigned mode;

	do {
		mode = 1u << (CHANCE(making, 30) ? 4 : BELOW(making, 5));
	} while (!(kind->modes & mode));
	test->is_real = mode == IN_REAL;
	test->is_v86 = mode == IN_V86;
	test->is_long = mode == IN_64 || mode == IN_COMPATIBILITY;
	test->cpl = mode == IN_V86 ? 3 : mode == IN_REAL || CHANCE(making, kind->inner) ? 0 : 3;
	test->bits = mode == IN_64 ? 64 : mode == IN_REAL || mode == IN_V86 ? 16 : 32;
	if (test->bits == 32 && test->cpl == 0 && CHANCE(making, 15))
		test->bits = 16;
	test->levels = 0;
	if (!test->is_real)
		choose_paging(making, kind->modes);
}

void system_generate(struct system_making *making, const struct system_kind *kind, struct system_case *ret_test)
{
	making->test = ret_test;
	ret_test->kind = kind;
	ret_test->length = 0;
	ret_test->offset = SYSTEM_CODE + CODE_OFFSET;
	choose_mode(making, kind);
	set_registers(making);
	write_ram(making);
	kind->make(making);
}
