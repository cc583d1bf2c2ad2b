/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One instruction, its exits: fields, pc and registers at each of them, and when it has taken effect (docs/guide.md,
 * "The life of an exit"). Guests: exits.s. Every row runs twice, as reading registers may change what an engine does:
 * looking at each exit, and only at the end.
 */
#include "row.h"

#include <stdio.h>

enum { STEPS = 5, SETTINGS = 4 };

#define HOLE MACHINE_HOLE
#define FULL UINT64_C(0x1122334455667788)

struct step {
	uint32_t reason; /* AXVCPU_EXIT_*; NOTHING is 0: there are no more */
	uint64_t addr;   /* address, port or register */
	uint32_t width;
	uint64_t value; /* what is written, or what the read is answered with */
};

struct setting {
	const char *reg;
	uint64_t value;
};

struct row {
	struct row_head head;
	struct setting before[SETTINGS];
	struct step steps[STEPS];
	struct setting after[SETTINGS]; /* general registers that differ from before */
};

extern const struct guest_image guest_exits[];
static struct machine machine;

/* clang-format off */
/* ---- ports, memory-mapped devices ---- */

#define UNCHANGED { { NULL, 0 } }
#define RAX(value) { { "rax", value } }
#define IN(port, width, value) { { AXVCPU_EXIT_IO_READ, port, width, value } }
#define OUT(port, width, value) { { AXVCPU_EXIT_IO_WRITE, port, width, value } }
#define PORT_ROW(name, ...) { { name, IN_ALL }, __VA_ARGS__ }
#define DX { { "rax", FULL }, { "rdx", 0x8765 } }

static const struct row port_rows[] = {
	PORT_ROW("in_al_imm", RAX(FULL), IN(0x10, 1, 0xab), RAX(0x11223344556677ab)),
	PORT_ROW("in_ax_imm", RAX(FULL), IN(0x10, 2, 0xabcd), RAX(0x112233445566abcd)),
	PORT_ROW("in_eax_imm", RAX(FULL), IN(0x10, 4, 0x89abcdef), RAX(0x89abcdef)),
	PORT_ROW("in_al_dx", DX, IN(0x8765, 1, 0xab), RAX(0x11223344556677ab)),
	PORT_ROW("in_ax_dx", DX, IN(0x8765, 2, 0xabcd), RAX(0x112233445566abcd)),
	PORT_ROW("in_eax_dx", DX, IN(0x8765, 4, 0x89abcdef), RAX(0x89abcdef)),
	PORT_ROW("out_al_imm", RAX(FULL), OUT(0x10, 1, 0x88), UNCHANGED),
	PORT_ROW("out_ax_imm", RAX(FULL), OUT(0x10, 2, 0x7788), UNCHANGED),
	PORT_ROW("out_eax_imm", RAX(FULL), OUT(0x10, 4, 0x55667788), UNCHANGED),
	PORT_ROW("out_al_dx", DX, OUT(0x8765, 1, 0x88), UNCHANGED),
	PORT_ROW("out_ax_dx", DX, OUT(0x8765, 2, 0x7788), UNCHANGED),
	PORT_ROW("out_eax_dx", DX, OUT(0x8765, 4, 0x55667788), UNCHANGED),
};

#define LOAD(addr, width, value) { { AXVCPU_EXIT_MMIO_READ, addr, width, value } }
#define LOAD2(a, aw, av, b, bw, bv) { { AXVCPU_EXIT_MMIO_READ, a, aw, av }, { AXVCPU_EXIT_MMIO_READ, b, bw, bv } }
#define LOAD_ROW(name, modes, ...) { { name, modes }, RAX(FULL), __VA_ARGS__ }

static const struct row load_rows[] = {
	LOAD_ROW("load_8", IN_ALL, LOAD(HOLE + 4, 1, 0xab), RAX(0x11223344556677ab)),
	LOAD_ROW("load_8_high", IN_ALL, LOAD(HOLE + 4, 1, 0xab), RAX(0x112233445566ab88)),
	LOAD_ROW("load_16", IN_ALL, LOAD(HOLE + 4, 2, 0xabcd), RAX(0x112233445566abcd)),
	LOAD_ROW("load_32", IN_ALL, LOAD(HOLE + 4, 4, 0x89abcdef), RAX(0x89abcdef)),
	LOAD_ROW("movzx_8", IN_ALL, LOAD(HOLE + 4, 1, 0xab), RAX(0xab)),
	LOAD_ROW("movzx_16", IN_ALL, LOAD(HOLE + 4, 2, 0xabcd), RAX(0xabcd)),
	LOAD_ROW("movsx_8", IN_ALL, LOAD(HOLE + 4, 1, 0xab), RAX(0xffffffab)),
	LOAD_ROW("movsx_8_to_16", IN_ALL, LOAD(HOLE + 4, 1, 0xab), RAX(0x112233445566ffab)),
	LOAD_ROW("movsx_16", IN_ALL, LOAD(HOLE + 4, 2, 0xabcd), RAX(0xffffabcd)),
	LOAD_ROW("load_odd", IN_ALL, LOAD(HOLE + 1, 4, 0x89abcdef), RAX(0x89abcdef)),
	LOAD_ROW("load_add", IN_ALL, LOAD(HOLE + 4, 4, 0x11111111), RAX(0x66778899)),
	LOAD_ROW("load_compare", IN_ALL, LOAD(HOLE + 4, 4, 0x7f), UNCHANGED),
	LOAD_ROW("load_test", IN_ALL, LOAD(HOLE + 4, 1, 1), UNCHANGED),
	LOAD_ROW("load_push", IN_ALL, LOAD(HOLE + 4, 2, 0xabcd), { { "rsp", MACHINE_STACK - 2 } }),
	LOAD_ROW("load_crossing", IN_ALL, LOAD2(HOLE + 0xffe, 2, 0xcdef, HOLE + 0x1000, 2, 0x89ab), RAX(0x89abcdef)),
	{ { "load_crossing_odd", IN_ALL },
	  RAX(FULL),
	  { { AXVCPU_EXIT_MMIO_READ, HOLE + 0xfff, 1, 0xef },
	    { AXVCPU_EXIT_MMIO_READ, HOLE + 0x1000, 2, 0xabcd },
	    { AXVCPU_EXIT_MMIO_READ, HOLE + 0x1002, 1, 0x89 } },
	  RAX(0x89abcdef) },
	LOAD_ROW("load_64", IN_64, LOAD(HOLE + 4, 8, 0x0123456789abcdef), RAX(0x0123456789abcdef)),
	LOAD_ROW("movzx_8_to_64", IN_64, LOAD(HOLE + 4, 1, 0xab), RAX(0xab)),
	LOAD_ROW("movsx_8_to_64", IN_64, LOAD(HOLE + 4, 1, 0xab), RAX(0xffffffffffffffab)),
	LOAD_ROW("movsx_16_to_64", IN_64, LOAD(HOLE + 4, 2, 0xabcd), RAX(0xffffffffffffabcd)),
	LOAD_ROW("movsx_32_to_64", IN_64, LOAD(HOLE + 4, 4, 0x89abcdef), RAX(0xffffffff89abcdef)),
	{ { "load_64_crossing", IN_64 },
	  RAX(FULL),
	  { { AXVCPU_EXIT_MMIO_READ, HOLE + 0xffd, 2, 0xcdef },
	    { AXVCPU_EXIT_MMIO_READ, HOLE + 0xfff, 1, 0xab },
	    { AXVCPU_EXIT_MMIO_READ, HOLE + 0x1000, 4, 0x23456789 },
	    { AXVCPU_EXIT_MMIO_READ, HOLE + 0x1004, 1, 1 } },
	  RAX(0x0123456789abcdef) },
	LOAD_ROW("load_r9", IN_64, LOAD(HOLE + 4, 4, 0x89abcdef), { { "r9", 0x89abcdef } }),
};

#define STORE(addr, width, value) { { AXVCPU_EXIT_MMIO_WRITE, addr, width, value } }
#define STORE2(a, aw, av, b, bw, bv) { { AXVCPU_EXIT_MMIO_WRITE, a, aw, av }, { AXVCPU_EXIT_MMIO_WRITE, b, bw, bv } }
#define BOTH(addr, width, old, new) { { AXVCPU_EXIT_MMIO_READ, addr, width, old }, { AXVCPU_EXIT_MMIO_WRITE, addr, width, new } }

static const struct row store_rows[] = {
	LOAD_ROW("store_8", IN_ALL, STORE(HOLE + 4, 1, 0x88), UNCHANGED),
	LOAD_ROW("store_8_high", IN_ALL, STORE(HOLE + 4, 1, 0x77), UNCHANGED),
	LOAD_ROW("store_16", IN_ALL, STORE(HOLE + 4, 2, 0x7788), UNCHANGED),
	LOAD_ROW("store_32", IN_ALL, STORE(HOLE + 4, 4, 0x55667788), UNCHANGED),
	LOAD_ROW("store_8_imm", IN_ALL, STORE(HOLE + 4, 1, 0x5a), UNCHANGED),
	LOAD_ROW("store_16_imm", IN_ALL, STORE(HOLE + 4, 2, 0x5aa5), UNCHANGED),
	LOAD_ROW("store_32_imm", IN_ALL, STORE(HOLE + 4, 4, 0x89abcdef), UNCHANGED),
	LOAD_ROW("store_odd", IN_ALL, STORE(HOLE + 1, 4, 0x55667788), UNCHANGED),
	LOAD_ROW("store_crossing", IN_ALL, STORE2(HOLE + 0xffe, 2, 0x7788, HOLE + 0x1000, 2, 0x5566), UNCHANGED),
	{ { "store_crossing_odd", IN_ALL },
	  RAX(FULL),
	  { { AXVCPU_EXIT_MMIO_WRITE, HOLE + 0xffd, 2, 0x7788 },
	    { AXVCPU_EXIT_MMIO_WRITE, HOLE + 0xfff, 1, 0x66 },
	    { AXVCPU_EXIT_MMIO_WRITE, HOLE + 0x1000, 1, 0x55 } },
	  UNCHANGED },
	LOAD_ROW("store_64", IN_64, STORE(HOLE + 4, 8, FULL), UNCHANGED),
	LOAD_ROW("store_64_imm", IN_64, STORE(HOLE + 4, 8, 0xfffffffffffffffe), UNCHANGED),
	{ { "store_64_crossing", IN_64 },
	  RAX(FULL),
	  { { AXVCPU_EXIT_MMIO_WRITE, HOLE + 0xffd, 2, 0x7788 },
	    { AXVCPU_EXIT_MMIO_WRITE, HOLE + 0xfff, 1, 0x66 },
	    { AXVCPU_EXIT_MMIO_WRITE, HOLE + 0x1000, 4, 0x22334455 },
	    { AXVCPU_EXIT_MMIO_WRITE, HOLE + 0x1004, 1, 0x11 } },
	  UNCHANGED },
	LOAD_ROW("modify_add", IN_ALL, BOTH(HOLE + 4, 4, 0x11111111, 0x66778899), UNCHANGED),
	LOAD_ROW("modify_or", IN_ALL, BOTH(HOLE + 4, 1, 0x41, 0xc1), UNCHANGED),
	LOAD_ROW("modify_inc", IN_ALL, BOTH(HOLE + 4, 2, 0xffff, 0), UNCHANGED),
	LOAD_ROW("modify_not", IN_ALL, BOTH(HOLE + 4, 4, 0x0f0f0f0f, 0xf0f0f0f0), UNCHANGED),
	LOAD_ROW("modify_xchg", IN_ALL, BOTH(HOLE + 4, 4, 0x89abcdef, 0x55667788), RAX(0x89abcdef)),
	LOAD_ROW("modify_xadd", IN_ALL, BOTH(HOLE + 4, 4, 0x11111111, 0x66778899), RAX(0x11111111)),
	LOAD_ROW("modify_locked", IN_ALL, BOTH(HOLE + 4, 4, 0x11111111, 0x66778899), UNCHANGED),
	LOAD_ROW("modify_bts", IN_ALL, BOTH(HOLE + 4, 4, 0x80, 0x88), UNCHANGED),
};

/* ---- the ROM slot, where reads find TWOS and only writes are the VMM's ---- */

#define TWOS UINT64_C(0x2222222222222222)
#define NO_EXIT { { AXVCPU_EXIT_NOTHING, 0, 0, 0 } }

static const struct row rom_rows[] = {
	LOAD_ROW("load_8", IN_ALL, NO_EXIT, RAX(0x1122334455667722)),
	LOAD_ROW("load_32", IN_ALL, NO_EXIT, RAX(0x22222222)),
	LOAD_ROW("load_64", IN_64, NO_EXIT, RAX(TWOS)),
	LOAD_ROW("store_8", IN_ALL, STORE(MACHINE_ROM + 4, 1, 0x88), UNCHANGED),
	LOAD_ROW("store_16", IN_ALL, STORE(MACHINE_ROM + 4, 2, 0x7788), UNCHANGED),
	LOAD_ROW("store_32", IN_ALL, STORE(MACHINE_ROM + 4, 4, 0x55667788), UNCHANGED),
	LOAD_ROW("store_odd", IN_ALL, STORE(MACHINE_ROM + 1, 4, 0x55667788), UNCHANGED),
	LOAD_ROW("store_64", IN_64, STORE(MACHINE_ROM + 4, 8, FULL), UNCHANGED),
	LOAD_ROW("modify_add", IN_ALL, STORE(MACHINE_ROM + 4, 4, 0x778899aa), UNCHANGED),
	LOAD_ROW("modify_or", IN_ALL, STORE(MACHINE_ROM + 4, 1, 0xa2), UNCHANGED),
	LOAD_ROW("modify_xchg", IN_ALL, STORE(MACHINE_ROM + 4, 4, 0x55667788), RAX(0x22222222)),
	LOAD_ROW("modify_locked", IN_ALL, STORE(MACHINE_ROM + 4, 4, 0x778899aa), UNCHANGED),
};

/* ---- the end of RAM: two bytes of TWOS, then the hole ---- */

#define EDGE MACHINE_RAM_SIZE

static const struct row edge_rows[] = {
	LOAD_ROW("load_odd", IN_ALL, LOAD(EDGE, 2, 0x89ab), RAX(0x89ab2222)),
	LOAD_ROW("store_odd", IN_ALL, STORE(EDGE, 2, 0x5566), UNCHANGED),
};

/* ---- model-specific registers ---- */

#define MSR(number, high, low) { { "rcx", number }, { "rdx", high }, { "rax", low } }
#define READ_MSR(number, value) { { AXVCPU_EXIT_SYSREG_READ, number, 8, value } }
#define WRITE_MSR(number, value) { { AXVCPU_EXIT_SYSREG_WRITE, number, 8, value } }
#define HALVES(high, low) { { "rdx", high }, { "rax", low } }
#define MSR_ROWS(number) \
	{ { "read_msr", IN_RING0 }, \
	  MSR(number, FULL, FULL), \
	  READ_MSR(number, 0xfedcba9876543210), \
	  HALVES(0xfedcba98, 0x76543210) }, \
	{ \
		{ "write_msr", IN_RING0 }, MSR(number, 0x0123456789abcdef, FULL), \
			WRITE_MSR(number, 0x89abcdef55667788), UNCHANGED \
	}

static const struct row msr_rows[] = {
	MSR_ROWS(0x1b),
	MSR_ROWS(0x6e0),
	MSR_ROWS(0x800),
	MSR_ROWS(0x80b),
	MSR_ROWS(0x830),
	MSR_ROWS(0x8ff),
	/* of MSR_EXITS below: one in a range's middle, at its end, a single one that engines have themselves, one that
	   nobody has */
	MSR_ROWS(0xc0010080),
	MSR_ROWS(0xc00100ff),
	MSR_ROWS(0x277),
	MSR_ROWS(0x12345),
};
#define MSR_EXITS "msr_exits=\"0xc0010000-0xc00100ff,0x277,0x12345\""

/* clang-format on */

/* ---- carrying a row out ---- */

static void set_registers(const struct setting *settings)
{
	for (unsigned i = 0; i < SETTINGS && settings[i].reg; i++)
		machine_set(&machine, settings[i].reg, settings[i].value);
}

static uint64_t wanted(const struct row *row, const char *name, uint64_t before, bool after)
{
	for (unsigned i = 0; after && i < SETTINGS && row->after[i].reg; i++)
		if (!strcmp(row->after[i].reg, name))
			return row->after[i].value;
	return before;
}

struct registers {
	uint64_t value[16];
};

static void check_registers(const struct row *row, const struct registers *before, bool after)
{
	for (unsigned i = 0; i < 16; i++) {
		const char *name = axvcpu_reg_by_id(AXVCPU_X86_64_GPR(i))->name;
		uint64_t mask = machine_mask(&machine);

		machine_equal(name, machine_get(&machine, name) & mask,
			      wanted(row, name, before->value[i], after) & mask);
	}
}

static void check_pc(const struct row *row, bool after)
{
	uint64_t pc = machine_label(&machine, row->head.name);

	if (after) {
		char text[64];

		snprintf(text, sizeof(text), "%s_end", row->head.name);
		pc = machine_label(&machine, text);
	}
	machine_equal("rip", machine_get(&machine, "rip"), pc);
}

static bool is_read(uint32_t reason)
{
	return reason == AXVCPU_EXIT_IO_READ || reason == AXVCPU_EXIT_MMIO_READ || reason == AXVCPU_EXIT_SYSREG_READ;
}

static void check_fields(const struct axvcpu_exit *exit, const struct step *step)
{
	struct step found = { exit->reason, 0, 8, step->value };

	switch (exit->reason) {
	case AXVCPU_EXIT_IO_READ:
		found = (struct step){ exit->reason, exit->io_read.port, exit->io_read.width, step->value };
		break;
	case AXVCPU_EXIT_IO_WRITE:
		found = (struct step){ exit->reason, exit->io_write.port, exit->io_write.width, exit->io_write.data };
		break;
	case AXVCPU_EXIT_MMIO_READ:
		found = (struct step){ exit->reason, exit->mmio_read.addr, exit->mmio_read.width, step->value };
		break;
	case AXVCPU_EXIT_MMIO_WRITE:
		found = (struct step){ exit->reason, exit->mmio_write.addr, exit->mmio_write.width,
				       exit->mmio_write.data };
		break;
	case AXVCPU_EXIT_SYSREG_READ:
		found.addr = exit->sysreg_read.addr;
		break;
	case AXVCPU_EXIT_SYSREG_WRITE:
		found.addr = exit->sysreg_write.addr;
		found.value = exit->sysreg_write.value;
		break;
	}
	machine_equal("the address", found.addr, step->addr);
	machine_equal("the width", found.width, step->width);
	machine_equal("the data", found.value, step->value);
}

/* One exit, which may be the last of its instruction. A value has rubbish above its width: it is not the guest's. */
static void take_step(const struct row *row, const struct step *step, bool last, const struct registers *before,
		      bool look)
{
	struct axvcpu_exit exit;

	machine_expect(&machine, &exit, step->reason);
	check_fields(&exit, step);
	if (look) {
		check_pc(row, !is_read(step->reason));
		check_registers(row, before, !is_read(step->reason));
	}
	if (!is_read(step->reason))
		return;
	assert_ok(
		axvcpu_complete_read(machine.vcpu[0], &exit,
				     step->width == 8 ? step->value : step->value | UINT64_C(0xee) << 8 * step->width));
	if (look && last) {
		check_pc(row, true);
		check_registers(row, before, true);
	}
}

/* %es:(rbx) becomes this address. */
static void point_at(uint64_t gpa)
{
	if (machine.mode == GUEST_REAL) {
		machine_set_segment(machine.vcpu[0], "es", gpa >> 4 & 0xff00, gpa & 0xff000, 0xffff, 0x93);
		gpa &= 0xfff;
	}
	machine_set(&machine, "rbx", gpa);
}

static void carry_out(const struct row *row, unsigned mode, uint64_t gpa, bool look)
{
	struct registers before;

	machine_start(&machine, guest_exits, mode, row->head.name);
	point_at(gpa);
	machine_write(&machine, MACHINE_ROM, 8, TWOS);
	machine_write(&machine, MACHINE_ROM + 8, 8, TWOS);
	machine_write(&machine, EDGE - 8, 8, TWOS);
	set_registers(row->before);
	for (unsigned i = 0; i < 16; i++)
		before.value[i] = machine_get(&machine, axvcpu_reg_by_id(AXVCPU_X86_64_GPR(i))->name);
	for (unsigned i = 0; i < STEPS && row->steps[i].reason; i++)
		take_step(row, &row->steps[i], i + 1 == STEPS || !row->steps[i + 1].reason, &before, look);
	machine_expect_done(&machine);
	check_registers(row, &before, true);
}

static void carry_out_twice(void **state, uint64_t gpa)
{
	const struct row_case *one = *state;

	carry_out(one->row, one->mode, gpa, true);
	carry_out(one->row, one->mode, gpa, false);
}

static void test_row(void **state)
{
	carry_out_twice(state, HOLE);
}

static void test_rom_row(void **state)
{
	carry_out_twice(state, MACHINE_ROM);
	machine_equal("the ROM", machine_read(&machine, MACHINE_ROM, 8), TWOS);
	machine_equal("the ROM", machine_read(&machine, MACHINE_ROM + 8, 8), TWOS);
}

static void test_edge_row(void **state)
{
	const struct row_case *one = *state;
	bool is_store = !strcmp(((const struct row *)one->row)->head.name, "store_odd");

	carry_out_twice(state, EDGE - 3);
	machine_equal("the end of RAM", machine_read(&machine, EDGE - 2, 2), is_store ? FULL & 0xffff : TWOS & 0xffff);
}

/* clang-format off */
#define TABLE(name, rows, test) { name, rows, sizeof((rows)[0]), sizeof(rows) / sizeof((rows)[0]), test, NULL, NULL }
static const struct row_table tables[] = {
	TABLE("exits: ports", port_rows, test_row),
	TABLE("exits: loads", load_rows, test_row),
	TABLE("exits: stores", store_rows, test_row),
	TABLE("exits: ROM", rom_rows, test_rom_row),
	TABLE("exits: the end of RAM", edge_rows, test_edge_row),
	TABLE("exits: model-specific registers", msr_rows, test_row),
};
/* clang-format on */

int main(void)
{
	int failed = 0;

	machine_need_backend();
	machine_create(&machine, MSR_EXITS);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		failed += row_table_run(&tables[i]);
	machine_destroy(&machine);
	return failed;
}
