/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of cases: one function for each, or for a few that are alike. See system-generate.h. */
#include "system-generate.h"

#include <string.h>

#include "segments.h"

enum { OP = 0x0f, RCX_OF = S_GPR + 1, RAX_OF = S_GPR, RDX_OF = S_GPR + 2, RBX_OF = S_GPR + 3, RSP_OF = S_GPR + 4 };

static uint64_t truncate_to(const struct system_making *making, uint64_t value)
{
	return making->test->bits == 64 ? value : (uint32_t)value;
}

static bool is_vector_mode(const struct system_making *making)
{
	return making->test->is_real || making->test->is_v86;
}

/* A few bits of what is there are changed. */
static uint64_t flip(struct system_making *making, uint64_t value, unsigned bits)
{
	for (unsigned i = 1 + BELOW(making, 3); i; i--)
		value ^= UINT64_C(1) << BELOW(making, CHANCE(making, 90) ? bits : 64);
	return truncate_to(making, value);
}

/* ---- control and debug registers ---- */

static void make_mov_cr(struct system_making *making)
{
	static const uint8_t numbers[] = { 0, 0, 0, 2, 3, 3, 4, 4, 4, 8, 1, 5 };
	static const uint8_t places[] = { S_CR0, 0, S_CR2, S_CR3, S_CR4, 0, 0, 0, S_CR8 };
	unsigned number = numbers[BELOW(making, sizeof(numbers))];
	unsigned reg = BELOW(making, 4);
	bool writes = CHANCE(making, 70);

	if (number == 8 && making->test->bits != 64)
		number = 0;
	if (number >= 8)
		emit(making, 1, 0x44);
	emit(making, 2, OP | (writes ? 0x22 : 0x20) << 8);
	emit_register(making, number & 7, reg);
	if (!writes)
		return;
	set_reg(making, S_GPR + reg,
		number == 2 || number == 5 || number == 1 ? truncate_to(making, ANY(making))
		: number == 8                             ? BELOW(making, 20)
							  : flip(making, get_reg(making, places[number]),
                                     number == 3   ? 12
								 : number == 4 ? 23
									       : 32));
	if (number == 4) /* what one of them has alone is not set */
		set_reg(making, S_GPR + reg, get_reg(making, S_GPR + reg) & (making->cr4 | ~UINT64_C(0x3ffffff)));
}

static void make_mov_dr(struct system_making *making)
{
	unsigned number = BELOW(making, 8);
	unsigned reg = BELOW(making, 4);
	bool writes = CHANCE(making, 60);

	for (unsigned i = 0; i < 4; i++)
		set_reg(making, S_DR0 + i, truncate_to(making, ANY(making)));
	if (CHANCE(making, 10))
		set_reg(making, S_DR7, 0x2400); /* GD */
	emit(making, 2, OP | (writes ? 0x23 : 0x21) << 8);
	emit_register(making, number, reg);
	if (!writes)
		return;
	/* Breakpoints that the case's own code does not meet. */
	set_reg(making, S_GPR + reg,
		number < 4 ? truncate_to(making, ANY(making)) : flip(making, number & 1 ? 0x400 : 0xffff0ff0, 32));
}

static void make_lmsw(struct system_making *making)
{
	unsigned reg = BELOW(making, 4);

	emit(making, 2, OP | 0x01 << 8);
	emit_register(making, 6, reg);
	set_reg(making, S_GPR + reg, truncate_to(making, ANY(making)));
}

static void make_store_word(struct system_making *making)
{
	static const struct {
		uint16_t opcode;
		uint8_t reg;
	} forms[] = { { 0x010f, 4 }, { 0x000f, 0 }, { 0x000f, 1 } }; /* SMSW, SLDT, STR */
	unsigned form = BELOW(making, 3);

	emit_size(making);
	emit(making, 2, forms[form].opcode);
	if (CHANCE(making, 50)) {
		operand(making);
		emit_memory(making, forms[form].reg);
	} else {
		emit_register(making, forms[form].reg, BELOW(making, 4));
	}
}

static void make_clts(struct system_making *making)
{
	set_reg(making, S_CR0, get_reg(making, S_CR0) | 8);
	emit(making, 2, 0x060f);
}

/* ---- tables ---- */

static void make_load_table(struct system_making *making)
{
	uint64_t at = operand(making);
	bool is_idt = CHANCE(making, 50);

	put(making, at, 2, CHANCE(making, 50) ? 0xfff : ANY(making));
	put(making, at + 2, 8, CHANCE(making, 60) ? (is_idt ? SYSTEM_IDT : SYSTEM_GDT) : any_address(making));
	if (making->test->bits != 64 && CHANCE(making, 30))
		emit(making, 1, 0x66);
	emit(making, 2, 0x010f);
	emit_memory(making, is_idt ? 3 : 2);
}

static void make_store_table(struct system_making *making)
{
	operand(making);
	if (making->test->bits != 64 && CHANCE(making, 30))
		emit(making, 1, 0x66);
	emit(making, 2, 0x010f);
	emit_memory(making, BELOW(making, 2));
}

/* A selector in a register or in memory, for what `reg` of ModRM says. */
static void emit_selector_operand(struct system_making *making, unsigned reg, uint64_t selector)
{
	unsigned rm = BELOW(making, 4);

	if (CHANCE(making, 30)) {
		put(making, operand(making), 2, selector);
		emit_memory(making, reg);
	} else {
		set_reg(making, S_GPR + rm, selector | (truncate_to(making, ANY(making)) & ~UINT64_C(0xffff)));
		emit_register(making, reg, rm);
	}
}

static void make_lldt(struct system_making *making)
{
	emit(making, 2, 0x000f);
	emit_selector_operand(making, 2, CHANCE(making, 20) ? SELECTOR_LDTR : any_selector(making));
}

static void make_ltr(struct system_making *making)
{
	emit(making, 2, 0x000f);
	emit_selector_operand(making, 3, CHANCE(making, 20) ? SELECTOR_TASK1 : any_selector(making));
}

static void make_lar(struct system_making *making)
{
	emit_size(making);
	emit(making, 2, CHANCE(making, 50) ? 0x020f : 0x030f);
	emit_selector_operand(making, 5, any_selector(making)); /* into rbp */
}

static void make_verify(struct system_making *making)
{
	emit(making, 2, 0x000f);
	emit_selector_operand(making, 4 + BELOW(making, 2), any_selector(making));
}

static void make_arpl(struct system_making *making)
{
	emit(making, 1, 0x63);
	emit_selector_operand(making, 5, any_selector(making));
}

/* ---- segment registers ---- */

static void make_mov_segment(struct system_making *making)
{
	bool loads = CHANCE(making, 80);

	emit_size(making);
	emit(making, 1, loads ? 0x8e : 0x8c);
	emit_selector_operand(making, BELOW(making, CHANCE(making, 95) ? 6 : 8),
			      is_vector_mode(making) ? BELOW(making, 256) : data_selector(making));
}

static void make_pop_segment(struct system_making *making)
{
	static const uint16_t forms[] = { 0x07, 0x17, 0x1f, 0xa10f, 0xa90f };
	unsigned form = making->test->bits == 64 ? 3 + BELOW(making, 2) : BELOW(making, 5);

	put(making, get_reg(making, RSP_OF), 8, is_vector_mode(making) ? BELOW(making, 256) : data_selector(making));
	if (CHANCE(making, 20))
		emit(making, 1, 0x66);
	emit(making, form < 3 ? 1 : 2, forms[form]);
}

static void make_load_pointer(struct system_making *making)
{
	static const uint16_t forms[] = { 0xc5, 0xc4, 0xb20f, 0xb40f, 0xb50f };
	unsigned form = making->test->bits == 64 ? 2 + BELOW(making, 3) : BELOW(making, 5);
	uint64_t at = operand(making);
	unsigned size = emit_size(making);

	put(making, at, 8, ANY(making));
	put(making, at + size, 2, is_vector_mode(making) ? BELOW(making, 256) : data_selector(making));
	emit(making, form < 2 ? 1 : 2, forms[form]);
	emit_memory(making, 5);
}

/* ---- far transfers ---- */

static uint64_t far_selector(struct system_making *making)
{
	if (is_vector_mode(making))
		return SYSTEM_CODE >> 4;
	if (!making->test->is_long && CHANCE(making, 25))
		return SELECTOR_TASK1 + 8 * BELOW(making, 4);
	return CHANCE(making, 50) ? code_selector(making) : any_selector(making);
}

static void make_far(struct system_making *making, bool calls)
{
	uint64_t at = operand(making);
	unsigned size = emit_size(making);

	if (making->test->bits != 64 && CHANCE(making, 50)) {
		emit(making, 1, calls ? 0x9a : 0xea);
		emit(making, size, any_target(making));
		emit(making, 2, far_selector(making));
		return;
	}
	put(making, at, size, any_target(making));
	put(making, at + size, 2, far_selector(making));
	emit(making, 1, 0xff);
	emit_memory(making, calls ? 3 : 5);
}

static void make_jmp_far(struct system_making *making)
{
	make_far(making, false);
}

static void make_call_far(struct system_making *making)
{
	make_far(making, true);
}

static void push(struct system_making *making, uint64_t *at, unsigned size, uint64_t value)
{
	put(making, *at, size, value);
	*at += size;
}

static uint64_t return_stack(struct system_making *making)
{
	return CHANCE(making, 90) ? SYSTEM_STACK3 - 0x180 : any_address(making);
}

static void make_ret_far(struct system_making *making)
{
	uint64_t at = get_reg(making, RSP_OF);
	unsigned size = emit_size(making);

	push(making, &at, size, any_target(making));
	push(making, &at, size, is_vector_mode(making) ? SYSTEM_CODE >> 4 : code_selector(making));
	if (CHANCE(making, 30)) {
		emit(making, 1, 0xca);
		emit(making, 2, 8);
		at += 8;
	} else {
		emit(making, 1, 0xcb);
	}
	push(making, &at, size, return_stack(making));
	push(making, &at, size, is_vector_mode(making) ? 0 : data_selector(making));
}

static void make_iret(struct system_making *making)
{
	uint64_t at = get_reg(making, RSP_OF);
	unsigned size = emit_size(making);
	uint64_t flags = flip(making, get_reg(making, S_RFLAGS) & 0x3ed7, 22);

	push(making, &at, size, any_target(making));
	push(making, &at, size, is_vector_mode(making) ? SYSTEM_CODE >> 4 : code_selector(making));
	push(making, &at, size, flags & ~UINT64_C(0x100));
	push(making, &at, size, return_stack(making));
	push(making, &at, size, is_vector_mode(making) ? 0 : data_selector(making));
	for (unsigned i = 0; i < 4; i++)
		push(making, &at, size, BELOW(making, 256));
	emit(making, 1, 0xcf);
}

/* ---- interrupts ---- */

static void write_random_gate(struct system_making *making, unsigned vector)
{
	static const uint8_t types[] = { 14, 14, 14, 15, 15, 6, 7, 5, 12, 4, 0, 9 };
	unsigned type = types[BELOW(making, sizeof(types))];
	uint64_t selector =
		type == 5 ? (CHANCE(making, 70) ? SELECTOR_TASK1 : any_selector(making)) : code_selector(making);
	unsigned ist = CHANCE(making, 80) ? 0 : BELOW(making, 8);

	write_gate(making, gate_of(making, vector), type, CHANCE(making, 60) ? 3 : BELOW(making, 4), CHANCE(making, 92),
		   selector, any_target(making), making->test->is_long ? ist : 0);
	if (making->test->is_long && CHANCE(making, 5))
		put(making, gate_of(making, vector) + 8, 4, any_address(making) >> 32);
}

static void make_int(struct system_making *making)
{
	unsigned vector = 0x20 + BELOW(making, 16);

	switch (BELOW(making, 8)) {
	case 0:
		vector = 3;
		emit(making, 1, 0xcc);
		break;
	case 1:
		vector = 1;
		emit(making, 1, 0xf1);
		break;
	default:
		vector = CHANCE(making, 90) ? vector : BELOW(making, 256);
		emit(making, 1, 0xcd);
		emit(making, 1, vector);
	}
	if (!making->test->is_real)
		write_random_gate(making, vector);
	if (CHANCE(making, 10))
		set_reg(making, S_IDT_LIMIT, BELOW(making, 0x400));
}

/* An exception whose delivery fails, and what that fails with perhaps too. */
static void make_double(struct system_making *making)
{
	static const uint8_t vectors[] = { 6, 10, 11, 12, 13, 14, 8, 13, 13 };

	switch (BELOW(making, 5)) {
	case 0:
		emit(making, 2, 0x0b0f); /* ud2 */
		break;
	case 1:
		emit(making, 2, 0xf0fe); /* no instruction */
		break;
	case 2: /* a page that is not there; without paging, nothing */
		set_reg(making, RBX_OF, making->test->levels ? SYSTEM_TEST + 0x1000 : SYSTEM_DATA);
		emit(making, 2, making->test->bits == 16 ? 0x078b : 0x038b);
		break;
	case 3: /* a selector that is not there */
		set_reg(making, RAX_OF, 0xfff8);
		emit(making, 2, 0xd88e);
		break;
	default:
		set_reg(making, RCX_OF, 0x12345678);
		emit(making, 2, 0x320f); /* rdmsr */
	}
	if (making->test->is_real) {
		set_reg(making, S_IDT_LIMIT, BELOW(making, 64));
		return;
	}
	for (unsigned i = 1 + BELOW(making, 3); i; i--)
		write_random_gate(making, vectors[BELOW(making, sizeof(vectors))]);
	if (CHANCE(making, 20))
		set_reg(making, S_IDT_LIMIT, BELOW(making, 0x100));
	if (CHANCE(making, 20) && making->test->is_long)
		put(making, SYSTEM_TSS + 4, 8, any_address(making));
}

/* ---- system calls ---- */

static void set_return_registers(struct system_making *making)
{
	set_reg(making, RCX_OF, truncate_to(making, any_target(making)));
	set_reg(making, RDX_OF, truncate_to(making, any_target(making)));
	set_reg(making, S_GPR + 11, making->test->bits == 64 ? (ANY(making) & 0x3fced7) : 0);
}

static void make_syscall(struct system_making *making)
{
	emit(making, 2, 0x050f);
}

static void make_sysret(struct system_making *making)
{
	set_return_registers(making);
	if (making->test->bits == 64 && CHANCE(making, 50))
		emit(making, 1, 0x48);
	emit(making, 2, 0x070f);
}

static void make_sysenter(struct system_making *making)
{
	emit(making, 2, 0x340f);
}

static void make_sysexit(struct system_making *making)
{
	set_return_registers(making);
	if (making->test->bits == 64 && CHANCE(making, 50))
		emit(making, 1, 0x48);
	emit(making, 2, 0x350f);
}

static void make_swapgs(struct system_making *making)
{
	emit(making, 3, 0xf8010f);
}

/* ---- MSRs ---- */

static const uint32_t msrs[] = { 0x174,      0x175,      0x176,      0x277,      0x2ff,      0x200,      0x201,
				 0x250,      0xc0000080, 0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084, 0xc0000100,
				 0xc0000101, 0xc0000102, 0xc0000103, 0x12345678, 0xc0000080, 0x277 };

static void make_rdmsr(struct system_making *making)
{
	set_reg(making, RCX_OF, msrs[BELOW(making, sizeof(msrs) / sizeof(msrs[0]))]);
	emit(making, 2, 0x320f);
}

static void make_wrmsr(struct system_making *making)
{
	uint32_t msr = msrs[BELOW(making, sizeof(msrs) / sizeof(msrs[0]))];
	uint64_t value = any_address(making);

	if (msr == 0xc0000080)
		value = flip(making, get_reg(making, S_EFER), 12);
	else if (msr == 0x277 || msr == 0x250)
		value = CHANCE(making, 30) ? ANY(making)
					   : UINT64_C(0x0706050401000606) & ~(UINT64_C(0xff) << 8 * BELOW(making, 8));
	else if (msr == 0x2ff)
		value = flip(making, 0xc06, 12);
	else if (msr == 0xc0000103 || msr == 0xc0000084)
		value = CHANCE(making, 70) ? (uint32_t)value : value;
	set_reg(making, RCX_OF, msr);
	set_reg(making, RAX_OF, (uint32_t)value);
	set_reg(making, RDX_OF, value >> 32);
	emit(making, 2, 0x300f);
}

static void make_xsetbv(struct system_making *making)
{
	set_reg(making, RCX_OF, CHANCE(making, 90) ? 0 : BELOW(making, 3));
	set_reg(making, RAX_OF, BELOW(making, 8) ^ (CHANCE(making, 10) ? 1u << BELOW(making, 32) & ~0x218u : 0));
	set_reg(making, RDX_OF, CHANCE(making, 95) ? 0 : 1u << BELOW(making, 30));
	emit(making, 3, 0xd1010f);
}

/* Time itself is not compared: rax and rdx are loaded right after it. */
static void make_rdtsc(struct system_making *making)
{
	emit(making, 2, 0x310f);
	emit(making, 2, 0xc031);
	emit(making, 2, 0xd231);
}

/* ---- translations ---- */

static void make_invlpg(struct system_making *making)
{
	operand(making);
	if (CHANCE(making, 50))
		set_reg(making, RBX_OF, truncate_to(making, any_address(making)));
	emit(making, 2, 0x010f);
	if (CHANCE(making, 95))
		emit_memory(making, 7);
	else
		emit_register(making, 7, 2); /* what is no instruction */
}

static void make_invpcid(struct system_making *making)
{
	uint64_t at = operand(making);

	put(making, at, 8, CHANCE(making, 50) ? 0 : CHANCE(making, 50) ? BELOW(making, 4096) : ANY(making));
	put(making, at + 8, 8, any_address(making));
	set_reg(making, S_GPR + 5, BELOW(making, 6));
	emit(making, 4, 0x82380f66);
	emit_memory(making, 5);
}

/* ---- flags and ports ---- */

static void choose_flags(struct system_making *making)
{
	if (making->test->cpl == 3 && CHANCE(making, 40))
		set_reg(making, S_CR4, get_reg(making, S_CR4) | (making->cr4 & 3)); /* VME, PVI */
}

static void make_cli_sti(struct system_making *making)
{
	choose_flags(making);
	emit(making, 1, 0xfa + BELOW(making, 2));
}

static void make_popf(struct system_making *making)
{
	uint64_t flags = (ANY(making) & 0x3ffed7) & ~UINT64_C(0x100);

	choose_flags(making);
	put(making, get_reg(making, RSP_OF), 8,
	    CHANCE(making, 50) ? flags : flip(making, get_reg(making, S_RFLAGS), 22) & ~UINT64_C(0x100));
	if (CHANCE(making, 30))
		emit(making, 1, 0x66);
	emit(making, 1, 0x9d);
}

static void make_pushf(struct system_making *making)
{
	choose_flags(making);
	if (CHANCE(making, 30))
		emit(making, 1, 0x66);
	emit(making, 1, 0x9c);
}

/* Ports that KVM itself knows nothing of. */
static unsigned any_port(struct system_making *making)
{
	return 0x200 + BELOW(making, 0x800);
}

static void make_in_out(struct system_making *making)
{
	unsigned word = BELOW(making, 2);

	if (word)
		emit_size(making);
	set_reg(making, RDX_OF, any_port(making));
	emit(making, 1, 0xec + word + 2 * BELOW(making, 2));
}

static void make_ac(struct system_making *making)
{
	emit(making, 3, 0xca010f + (BELOW(making, 2) << 16));
}

static void make_hlt(struct system_making *making)
{
	emit(making, 1, 0xf4);
}

/* ---- page faults ---- */

static uint64_t any_entry(struct system_making *making, uint64_t entry, unsigned level)
{
	static const uint64_t low[] = { 1, 2, 4, 8, 16, 32, 64, 128, 256 };

	if (CHANCE(making, 60))
		entry &= ~UINT64_C(0x60); /* neither accessed nor dirty */
	for (unsigned i = BELOW(making, 3); i; i--)
		entry ^= low[BELOW(making, 9)];
	/* A large page's address is a multiple of its size: RAM begins at 0. */
	if (entry & 128 && level > 1 && CHANCE(making, 90))
		entry &= ~UINT64_C(0xff000);
	if (making->test->levels >= 3 && CHANCE(making, 12))
		entry |= UINT64_C(1) << 63;
	if (making->test->levels >= 3 && CHANCE(making, 5))
		entry |= UINT64_C(1) << 51;
	return entry;
}

static void change_entry(struct system_making *making, uint64_t at, unsigned size, unsigned level)
{
	uint64_t entry = 0;

	memcpy(&entry, making->test->ram + at, size);
	put(making, at, size, any_entry(making, entry, level));
}

static void write_random_pages(struct system_making *making)
{
	if (making->test->levels == 2) {
		change_entry(making, SYSTEM_PD2 + 4 * (SYSTEM_TEST >> 22), 4, 2);
		change_entry(making, SYSTEM_TEST_PT2, 4, 1);
		return;
	}
	if (making->test->levels == 4 && CHANCE(making, 50))
		change_entry(making, SYSTEM_PDPT + 8, 8, 3);
	change_entry(making, SYSTEM_TEST_PD, 8, 2);
	change_entry(making, SYSTEM_TEST_PT, 8, 1);
}

static uint64_t page_operand(struct system_making *making)
{
	uint64_t address = SYSTEM_TEST + (CHANCE(making, 5) ? 0xffc + BELOW(making, 4) : BELOW(making, 0xf00) & ~7u);

	write_random_pages(making);
	set_reg(making, RBX_OF, address);
	return address;
}

static void make_page_data(struct system_making *making)
{
	static const uint8_t opcodes[] = { 0x8b, 0x89, 0x01, 0x87 }; /* mov, mov, add, xchg */

	page_operand(making);
	emit(making, 1, opcodes[BELOW(making, 4)]);
	emit_memory(making, 0);
}

static void make_page_code(struct system_making *making)
{
	page_operand(making);
	emit(making, 1, 0xff);
	emit_register(making, 4, 3);
}

static void make_page_stack(struct system_making *making)
{
	set_reg(making, RSP_OF, page_operand(making));
	emit(making, 1, CHANCE(making, 50) ? 0x50 : 0x58);
}

const struct system_kind system_kinds[] = {
	{ "mov-cr", IN_REAL | IN_MODERN, make_mov_cr, 85 },
	{ "mov-dr", IN_REAL | IN_MODERN, make_mov_dr, 85 },
	{ "lmsw", IN_ANY, make_lmsw, 85 },
	{ "store-word", IN_MODERN, make_store_word, 50 },
	{ "clts", IN_ANY, make_clts, 80 },
	{ "lgdt-lidt", IN_REAL | IN_MODERN, make_load_table, 90 },
	{ "sgdt-sidt", IN_REAL | IN_MODERN, make_store_table, 50 },
	{ "lldt", IN_ANY, make_lldt, 90 },
	{ "ltr", IN_ANY, make_ltr, 90 },
	{ "lar-lsl", IN_ANY, make_lar, 50 },
	{ "verr-verw", IN_ANY, make_verify, 50 },
	{ "arpl", IN_32 | IN_V86, make_arpl, 50 },
	{ "mov-segment", IN_ANY, make_mov_segment, 60 },
	{ "pop-segment", IN_ANY, make_pop_segment, 60 },
	{ "load-pointer", IN_ANY, make_load_pointer, 60 },
	{ "jmp-far", IN_ANY, make_jmp_far, 60 },
	{ "call-far", IN_ANY, make_call_far, 60 },
	{ "ret-far", IN_ANY, make_ret_far, 60 },
	{ "iret", IN_ANY, make_iret, 60 },
	{ "int", IN_ANY, make_int, 50 },
	{ "double", IN_ANY, make_double, 60 },
	{ "syscall", IN_MODERN, make_syscall, 20 },
	{ "sysret", IN_MODERN, make_sysret, 85 },
	{ "sysenter", IN_MODERN, make_sysenter, 20 },
	{ "sysexit", IN_MODERN, make_sysexit, 85 },
	{ "swapgs", IN_MODERN, make_swapgs, 80 },
	{ "rdmsr", IN_REAL | IN_MODERN, make_rdmsr, 85 },
	{ "wrmsr", IN_REAL | IN_MODERN, make_wrmsr, 90 },
	{ "xsetbv", IN_MODERN, make_xsetbv, 85 },
	{ "rdtsc", IN_MODERN, make_rdtsc, 30 },
	{ "invlpg", IN_REAL | IN_MODERN, make_invlpg, 85 },
	{ "invpcid", IN_MODERN, make_invpcid, 85 },
	{ "cli-sti", IN_ANY, make_cli_sti, 30 },
	{ "popf", IN_ANY, make_popf, 40 },
	{ "pushf", IN_ANY, make_pushf, 40 },
	{ "in-out", IN_ANY, make_in_out, 20 },
	{ "clac-stac", IN_REAL | IN_MODERN, make_ac, 80 },
	{ "hlt", IN_ANY, make_hlt, 50 },
	{ "page-data", IN_MODERN | PAGED, make_page_data, 50 },
	{ "page-code", IN_MODERN | PAGED, make_page_code, 50 },
	{ "page-stack", IN_MODERN | PAGED, make_page_stack, 50 },
};

const unsigned system_kind_count = sizeof(system_kinds) / sizeof(system_kinds[0]);
