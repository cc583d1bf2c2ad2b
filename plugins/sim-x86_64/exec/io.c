/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports: IN, OUT, INS, OUTS. Each element is an exit; a repeated instruction goes back to the loop after each, so that
 * the VMM gets it and interrupts come in between.
 */
#include "exec.h"

#include "../debug.h"

#define POWER_OFF_PORT 0x604u
#define POWER_OFF_VALUE 0x2000u

enum { TSS_BITMAP_BASE = 102, TSS_LIMIT_MIN = 103, TSS_32_AVAILABLE = 9, TSS_32_BUSY = 11 };

/* ---- permission (SDM 1, 19.5) ---- */

static bool has_bitmap(const struct x86_cpu *cpu)
{
	const struct x86_segment *tss = &cpu->segments[X86_TR];
	uint32_t type = tss->attributes & X86_ATTR_TYPE;

	return tss->attributes & X86_ATTR_P && (type == TSS_32_AVAILABLE || type == TSS_32_BUSY) &&
	       tss->limit >= TSS_LIMIT_MIN;
}

/* False: a fault, or an exit. Two bytes are always read, as a port's bits may lie in both. */
static bool bitmap_allows(struct x86_cpu *cpu, unsigned port, unsigned size)
{
	uint64_t tss = x86_segment_base(cpu, X86_TR);
	uint16_t base, bits;

	if (!has_bitmap(cpu))
		return x86_raise_code(cpu, X86_GP, 0);
	if (!x86_system_read(cpu, tss + TSS_BITMAP_BASE, &base, sizeof(base)))
		return false;
	if (base + port / 8 + 1 > cpu->segments[X86_TR].limit)
		return x86_raise_code(cpu, X86_GP, 0);
	if (!x86_system_read(cpu, tss + base + port / 8, &bits, sizeof(bits)))
		return false;
	return !(bits >> port % 8 & ((1u << size) - 1)) || x86_raise_code(cpu, X86_GP, 0);
}

static bool may_use_port(struct x86_cpu *cpu, const struct x86_op *op, unsigned port, unsigned size)
{
	bool privileged = cpu->cpl <= (cpu->rflags & X86_FLAG_IOPL) >> 12 && !x86_in_v86(cpu);

	if (!(cpu->cr0 & X86_CR0_PE) || privileged || bitmap_allows(cpu, port, size))
		return true;
	x86_stop_at(cpu, op, false);
	return false;
}

/* ---- exits ---- */

static bool read_port(struct x86_cpu *cpu, const struct x86_op *op, unsigned port, unsigned size, uint64_t *ret_value)
{
	const struct axvcpu_exit exit = {
		.size = sizeof(exit),
		.reason = AXVCPU_EXIT_IO_READ,
		.io_read = { .port = port, .width = size },
	};

	if (!x86_vmm_read(cpu, op, &exit, size, ret_value))
		return false;
	x86_debug_port(cpu, port, size);
	return true;
}

static void write_port(struct x86_cpu *cpu, const struct x86_op *op, unsigned port, unsigned size, uint64_t value)
{
	const struct axvcpu_exit down = {
		.size = sizeof(down),
		.reason = AXVCPU_EXIT_SYSTEM_DOWN,
		.system_down = { .kind = 0 },
	};
	const struct axvcpu_exit exit = {
		.size = sizeof(exit),
		.reason = AXVCPU_EXIT_IO_WRITE,
		.io_write = { .port = port, .width = size, .data = value },
	};
	bool is_power_off = port == POWER_OFF_PORT && size == 2 && value == POWER_OFF_VALUE;

	x86_vmm_write(cpu, op, is_power_off ? &down : &exit);
	x86_debug_port(cpu, port, size);
}

/* ---- IN, OUT ---- */

/* Opcodes 0xe4 to 0xe7 have the port in the instruction, 0xec to 0xef in dx. */
static unsigned port_of(const struct x86_cpu *cpu, const struct x86_op *op)
{
	return op->opcode & 8 ? X86_SLOT16(cpu, X86_SLOT(X86_RDX)) : (uint8_t)op->imm;
}

#define IN(name, size, PUT) \
	EXEC(name) \
	{ \
		unsigned port = port_of(cpu, op); \
		uint64_t value; \
\
		if (!may_use_port(cpu, op, port, size) || !read_port(cpu, op, port, size, &value)) \
			return NULL; \
		PUT(cpu, X86_SLOT(X86_RAX), value); \
		return x86_leave(cpu, op); \
	}
IN(in_8, 1, X86_PUT8)
IN(in_16, 2, X86_PUT16)
IN(in_32, 4, X86_PUT32)

#define OUT(name, size, SLOT) \
	EXEC(name) \
	{ \
		unsigned port = port_of(cpu, op); \
\
		if (!may_use_port(cpu, op, port, size)) \
			return NULL; \
		write_port(cpu, op, port, size, SLOT(cpu, X86_SLOT(X86_RAX))); \
		return x86_leave(cpu, op); \
	}
OUT(out_8, 1, X86_SLOT8)
OUT(out_16, 2, X86_SLOT16)
OUT(out_32, 4, X86_SLOT32)

/* ---- INS, OUTS ---- */

/* A register by the address size, and what an element adds to it. */
static uint64_t by_address_size(const struct x86_cpu *cpu, const struct x86_op *op, unsigned gpr)
{
	switch (x86_address_size(op)) {
	case 2:
		return X86_SLOT16(cpu, X86_SLOT(gpr));
	case 4:
		return X86_SLOT32(cpu, X86_SLOT(gpr));
	}
	return X86_SLOT64(cpu, X86_SLOT(gpr));
}

static void advance(struct x86_cpu *cpu, const struct x86_op *op, unsigned gpr, int64_t by)
{
	uint64_t value = X86_SLOT64(cpu, X86_SLOT(gpr)) + (uint64_t)by;

	switch (x86_address_size(op)) {
	case 2:
		X86_PUT16(cpu, X86_SLOT(gpr), value);
		return;
	case 4:
		X86_PUT32(cpu, X86_SLOT(gpr), value);
		return;
	}
	X86_PUT64(cpu, X86_SLOT(gpr), value);
}

static bool is_repeated(const struct x86_op *op)
{
	return op->flags & (X86_OP_REP | X86_OP_REPNE);
}

static const struct x86_op *next_element(struct x86_cpu *cpu, const struct x86_op *op, unsigned index, unsigned size)
{
	advance(cpu, op, index, cpu->rflags & X86_FLAG_DF ? -(int64_t)size : (int64_t)size);
	x86_element_done(cpu);
	if (!is_repeated(op))
		return x86_leave(cpu, op);
	advance(cpu, op, X86_RCX, -1);
	return by_address_size(cpu, op, X86_RCX) ? x86_again(cpu, op) : x86_leave(cpu, op);
}

static const struct x86_op *ins(struct x86_cpu *cpu, const struct x86_op *op, unsigned size)
{
	unsigned port = X86_SLOT16(cpu, X86_SLOT(X86_RDX));
	uint64_t linear, value;

	if (is_repeated(op) && !by_address_size(cpu, op, X86_RCX))
		return x86_leave(cpu, op);
	if (!may_use_port(cpu, op, port, size) ||
	    !x86_linear_of(cpu, op, X86_ES, by_address_size(cpu, op, X86_RDI), size, X86_WRITE, &linear) ||
	    !x86_probe_write(cpu, op, linear, size) || !read_port(cpu, op, port, size, &value) ||
	    !x86_write_bytes(cpu, op, linear, &value, size))
		return NULL;
	return next_element(cpu, op, X86_RDI, size);
}

/* The segment may be overridden. */
static unsigned source_segment(const struct x86_op *op)
{
	return op->seg == X86_SLOT_ZERO ? X86_DS : (op->seg - X86_SLOT_SEGMENT(0)) / 8u;
}

static const struct x86_op *outs(struct x86_cpu *cpu, const struct x86_op *op, unsigned size)
{
	unsigned port = X86_SLOT16(cpu, X86_SLOT(X86_RDX));
	uint64_t linear, value = 0;

	if (is_repeated(op) && !by_address_size(cpu, op, X86_RCX))
		return x86_leave(cpu, op);
	if (!may_use_port(cpu, op, port, size) ||
	    !x86_linear_of(cpu, op, source_segment(op), by_address_size(cpu, op, X86_RSI), size, X86_READ, &linear) ||
	    !x86_read_bytes(cpu, op, linear, &value, size))
		return NULL;
	write_port(cpu, op, port, size, value);
	return next_element(cpu, op, X86_RSI, size);
}

EXEC(insb)
{
	return ins(cpu, op, 1);
}

EXEC(insw)
{
	return ins(cpu, op, 2);
}

EXEC(insd)
{
	return ins(cpu, op, 4);
}

EXEC(outsb)
{
	return outs(cpu, op, 1);
}

EXEC(outsw)
{
	return outs(cpu, op, 2);
}

EXEC(outsd)
{
	return outs(cpu, op, 4);
}

static const struct x86_row rows[] = {
	{ ZYDIS_MNEMONIC_IN, NULL, { in_8, in_16, in_32, in_32 }, .flags = X86_ROW_ENDS },
	{ ZYDIS_MNEMONIC_OUT, NULL, { out_8, out_16, out_32, out_32 }, .flags = X86_ROW_ENDS },
	{ ZYDIS_MNEMONIC_INSB, NULL, X86_ANY(insb), .flags = X86_ROW_ENDS },
	{ ZYDIS_MNEMONIC_INSW, NULL, X86_ANY(insw), .flags = X86_ROW_ENDS },
	{ ZYDIS_MNEMONIC_INSD, NULL, X86_ANY(insd), .flags = X86_ROW_ENDS },
	{ ZYDIS_MNEMONIC_OUTSB, NULL, X86_ANY(outsb), .flags = X86_ROW_ENDS },
	{ ZYDIS_MNEMONIC_OUTSW, NULL, X86_ANY(outsw), .flags = X86_ROW_ENDS },
	{ ZYDIS_MNEMONIC_OUTSD, NULL, X86_ANY(outsd), .flags = X86_ROW_ENDS },
};

extern const struct x86_rows x86_rows_io;
const struct x86_rows x86_rows_io = { rows, X86_COUNT(rows) };
