/* SPDX-License-Identifier: Apache-2.0 */
/*
 * String instructions on ports and devices: each element is an exit of its own. Of a repeated instruction pc is its own
 * address as long as elements are left, at write exits too, and the registers have moved past the element that was
 * written. When none is left, pc may be the next instruction's, or still its own with a count of 0, which does nothing
 * more. At a read exit the registers may be those before this element, or before the whole instruction: engines may
 * read ahead. Guests: strings.s.
 */
#include "row.h"

#include <stdio.h>

enum { COUNT = 3, PORT = 0x8765 };

#define DIRECTION UINT64_C(0x400)
#define RAM (MACHINE_DATA + 0x100) /* with room on both sides */
#define DEVICE (MACHINE_HOLE + 0x100)

/* What an instruction does; where its memory is. */
enum kind { INS, OUTS, LODS, STOS, MOVS_FROM_DEVICE, MOVS_TO_DEVICE };

struct row {
	struct row_head head; /* the instruction */
	enum kind kind;
	unsigned width;
};

/* clang-format off */
static const struct row rows[] = {
	{ { "insb", IN_ALL }, INS, 1 }, { { "insw", IN_ALL }, INS, 2 }, { { "insl", IN_ALL }, INS, 4 },
	{ { "outsb", IN_ALL }, OUTS, 1 }, { { "outsw", IN_ALL }, OUTS, 2 }, { { "outsl", IN_ALL }, OUTS, 4 },
	{ { "lodsb", IN_ALL }, LODS, 1 }, { { "lodsw", IN_ALL }, LODS, 2 }, { { "lodsl", IN_ALL }, LODS, 4 },
	{ { "lodsq", IN_64 }, LODS, 8 },
	{ { "stosb", IN_ALL }, STOS, 1 }, { { "stosw", IN_ALL }, STOS, 2 }, { { "stosl", IN_ALL }, STOS, 4 },
	{ { "stosq", IN_64 }, STOS, 8 },
	{ { "movsb", IN_ALL }, MOVS_FROM_DEVICE, 1 }, { { "movsw", IN_ALL }, MOVS_FROM_DEVICE, 2 },
	{ { "movsl", IN_ALL }, MOVS_FROM_DEVICE, 4 }, { { "movsq", IN_64 }, MOVS_FROM_DEVICE, 8 },
	{ { "movsb", IN_ALL }, MOVS_TO_DEVICE, 1 }, { { "movsw", IN_ALL }, MOVS_TO_DEVICE, 2 },
	{ { "movsl", IN_ALL }, MOVS_TO_DEVICE, 4 }, { { "movsq", IN_64 }, MOVS_TO_DEVICE, 8 },
};
/* clang-format on */

extern const struct guest_image guest_strings[];
static struct machine machine;

/* One way to run a row. */
struct plan {
	const struct row *row;
	unsigned count; /* elements */
	bool repeated;
	bool down;
	bool look; /* at the registers, at every exit */
	char label[16];
};

static uint64_t cut(uint64_t value, unsigned width)
{
	return width == 8 ? value : value & ((UINT64_C(1) << 8 * width) - 1);
}

static uint64_t element(const struct plan *plan, unsigned index)
{
	return cut(UINT64_C(0x8182838485868788) + index * UINT64_C(0x1111111111111111), plan->row->width);
}

static uint64_t place(const struct plan *plan, uint64_t start, unsigned index)
{
	return plan->down ? start - index * plan->row->width : start + index * plan->row->width;
}

/* In real mode a segment begins at the device. */
static uint64_t point(const char *segment, const char *reg, uint64_t gpa)
{
	uint64_t offset = gpa;

	if (machine.mode == GUEST_REAL) {
		uint64_t base = gpa & ~UINT64_C(0xffff);

		machine_set_segment(machine.vcpu[0], segment, base >> 4, base, 0xffff, 0x93);
		offset = gpa - base;
	}
	machine_set(&machine, reg, offset);
	return offset;
}

static void start(const struct plan *plan, unsigned mode)
{
	enum kind kind = plan->row->kind;

	machine_start(&machine, guest_strings, mode, plan->label);
	point("ds", "rsi", kind == LODS || kind == MOVS_FROM_DEVICE ? DEVICE : RAM);
	point("es", "rdi", kind == STOS || kind == MOVS_TO_DEVICE ? DEVICE : RAM);
	machine_set(&machine, "rcx", plan->repeated ? plan->count : 0x55);
	machine_set(&machine, "rdx", PORT);
	machine_set(&machine, "rax", element(plan, 0));
	machine_set(&machine, "rflags", machine_get(&machine, "rflags") | (plan->down ? DIRECTION : 0));
	for (unsigned i = 0; i < plan->count && (kind == OUTS || kind == MOVS_TO_DEVICE); i++)
		machine_write(&machine, place(plan, RAM, i), plan->row->width, element(plan, i));
}

static uint64_t offset_of(uint64_t gpa)
{
	return machine.mode == GUEST_REAL ? gpa & 0xffff : gpa;
}

static bool moves_si(enum kind kind)
{
	return kind != INS && kind != STOS;
}

static bool moves_di(enum kind kind)
{
	return kind != OUTS && kind != LODS;
}

static void check_pc(const struct plan *plan, unsigned done)
{
	uint64_t pc = machine_get(&machine, "rip"), own = machine_label(&machine, plan->label);
	char end[24];

	snprintf(end, sizeof(end), "%s_end", plan->label);
	if (done == plan->count && !(plan->repeated && pc == own))
		machine_equal("rip", pc, machine_label(&machine, end));
	else
		machine_equal("rip", pc, own);
}

/* With `done` elements done. */
static void check_registers(const struct plan *plan, unsigned done)
{
	enum kind kind = plan->row->kind;
	uint64_t source = kind == LODS || kind == MOVS_FROM_DEVICE ? DEVICE : RAM;
	uint64_t target = kind == STOS || kind == MOVS_TO_DEVICE ? DEVICE : RAM;

	check_pc(plan, done);
	machine_equal("rsi", machine_get(&machine, "rsi"),
		      offset_of(moves_si(kind) ? place(plan, source, done) : source));
	machine_equal("rdi", machine_get(&machine, "rdi"),
		      offset_of(moves_di(kind) ? place(plan, target, done) : target));
	machine_equal("rcx", machine_get(&machine, "rcx"), plan->repeated ? plan->count - done : 0x55);
}

static void take_read(const struct plan *plan, unsigned index, const struct axvcpu_exit *exit)
{
	bool is_port = plan->row->kind == INS;

	machine_equal("the address", is_port ? exit->io_read.port : exit->mmio_read.addr,
		      is_port ? PORT : place(plan, DEVICE, index));
	machine_equal("the width", is_port ? exit->io_read.width : exit->mmio_read.width, plan->row->width);
	if (plan->look)
		machine_equal("rip", machine_get(&machine, "rip"), machine_label(&machine, plan->label));
	assert_ok(axvcpu_complete_read(machine.vcpu[0], exit, element(plan, index)));
}

static void take_write(const struct plan *plan, unsigned index, const struct axvcpu_exit *exit)
{
	bool is_port = plan->row->kind == OUTS;

	machine_equal("the address", is_port ? exit->io_write.port : exit->mmio_write.addr,
		      is_port ? PORT : place(plan, DEVICE, index));
	machine_equal("the width", is_port ? exit->io_write.width : exit->mmio_write.width, plan->row->width);
	machine_equal("the data", is_port ? exit->io_write.data : exit->mmio_write.data,
		      element(plan, plan->row->kind == STOS ? 0 : index));
	if (plan->look)
		check_registers(plan, index + 1);
}

static void take_element(const struct plan *plan, unsigned index)
{
	static const uint32_t reasons[] = { [INS] = AXVCPU_EXIT_IO_READ,
					    [OUTS] = AXVCPU_EXIT_IO_WRITE,
					    [LODS] = AXVCPU_EXIT_MMIO_READ,
					    [STOS] = AXVCPU_EXIT_MMIO_WRITE,
					    [MOVS_FROM_DEVICE] = AXVCPU_EXIT_MMIO_READ,
					    [MOVS_TO_DEVICE] = AXVCPU_EXIT_MMIO_WRITE };
	struct axvcpu_exit exit;

	machine_expect(&machine, &exit, reasons[plan->row->kind]);
	if (exit.reason == AXVCPU_EXIT_IO_READ || exit.reason == AXVCPU_EXIT_MMIO_READ)
		take_read(plan, index, &exit);
	else
		take_write(plan, index, &exit);
}

static void check_result(const struct plan *plan)
{
	enum kind kind = plan->row->kind;

	if (kind == LODS && plan->count)
		machine_equal("the accumulator", cut(machine_get(&machine, "rax"), plan->row->width),
			      element(plan, plan->count - 1));
	for (unsigned i = 0; i < plan->count && (kind == INS || kind == MOVS_FROM_DEVICE); i++)
		machine_equal("the memory", machine_read(&machine, place(plan, RAM, i), plan->row->width),
			      element(plan, i));
}

static void carry_out(const struct plan *plan, unsigned mode)
{
	struct axvcpu_exit exit;

	start(plan, mode);
	for (unsigned i = 0; i < plan->count; i++)
		take_element(plan, i);
	if (plan->look && plan->count)
		check_registers(plan, plan->count);
	machine_expect(&machine, &exit, AXVCPU_EXIT_IO_WRITE);
	machine_equal("the port", exit.io_write.port, MACHINE_PORT_DONE);
	check_result(plan);
}

/* Once and repeated, up and down, with and without looking; and no times at all. */
static void test_row(void **state)
{
	const struct row_case *one = *state;

	for (unsigned way = 0; way < 8; way++) {
		struct plan plan = { .row = one->row, .repeated = way & 1, .down = way & 2, .look = way & 4 };

		plan.count = plan.repeated ? COUNT : 1;
		snprintf(plan.label, sizeof(plan.label), "%s%s", plan.repeated ? "rep_" : "", plan.row->head.name);
		carry_out(&plan, one->mode);
		plan.count = 0;
		if (plan.repeated)
			carry_out(&plan, one->mode);
	}
}

int main(void)
{
	const struct row_table table = { "strings", rows, sizeof(rows[0]), sizeof(rows) / sizeof(rows[0]), test_row,
					 NULL,      NULL };
	int failed;

	machine_need_backend();
	machine_create(&machine, "");
	failed = row_table_run(&table);
	machine_destroy(&machine);
	return failed;
}
