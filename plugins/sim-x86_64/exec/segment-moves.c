/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segment registers as operands, descriptors as they can be asked about, and the descriptor table registers: MOV, PUSH
 * and POP of segments, LDS to LSS, LAR, LSL, VERR, VERW, ARPL, LGDT to STR, the bases of fs and gs.
 *
 * What gives others the address of a variable goes on by way of the loop (op + 1), as compilers do not make a tail call
 * then.
 */
#include "exec.h"

#include "../segment.h"

static const struct x86_op *stop(struct x86_cpu *cpu, const struct x86_op *op)
{
	x86_stop_at(cpu, op, false);
	return NULL;
}

static void put(struct x86_cpu *cpu, const struct x86_op *op, uint8_t slot, uint64_t value)
{
	switch (x86_operand_size(op)) {
	case 2:
		X86_PUT16(cpu, slot, value);
		break;
	case 4:
		X86_PUT32(cpu, slot, value);
		break;
	default:
		X86_PUT64(cpu, slot, value);
		break;
	}
}

/* A selector in a register or in memory. */
static bool read_selector(struct x86_cpu *cpu, const struct x86_op *op, bool memory, uint8_t slot,
			  uint16_t *ret_selector)
{
	uint64_t linear;

	if (memory)
		return x86_linear(cpu, op, 2, X86_READ, &linear) && x86_read16(cpu, op, linear, ret_selector);
	*ret_selector = X86_SLOT16(cpu, slot);
	return true;
}

static bool write16(struct x86_cpu *cpu, const struct x86_op *op, uint16_t value)
{
	uint64_t linear;

	return x86_linear(cpu, op, 2, X86_WRITE, &linear) && x86_write16(cpu, op, linear, value);
}

/* ---- mov ---- */

EXEC(mov_r_s)
{
	put(cpu, op, op->dst, cpu->segments[op->src].selector);
	X86_NEXT(cpu, op);
}

EXEC(mov_m_s)
{
	if (!write16(cpu, op, cpu->segments[op->src].selector))
		return NULL;
	return op + 1;
}

enum { SHADOW_MOV_SS = 2 };

static const struct x86_op *loaded(struct x86_cpu *cpu, const struct x86_op *op, unsigned segment)
{
	if (segment == X86_SS)
		cpu->shadow = SHADOW_MOV_SS;
	return x86_leave(cpu, op);
}

static const struct x86_op *mov_to_segment(struct x86_cpu *cpu, const struct x86_op *op, bool memory)
{
	uint16_t selector;

	if (!read_selector(cpu, op, memory, op->src, &selector))
		return NULL;
	return x86_load_segment(cpu, op->dst, selector) ? loaded(cpu, op, op->dst) : stop(cpu, op);
}

/* clang-format off */
EXEC(mov_s_r) { return mov_to_segment(cpu, op, false); }
EXEC(mov_s_m) { return mov_to_segment(cpu, op, true); }
/* clang-format on */

/* ---- push and pop ---- */

EXEC(push_s)
{
	const uint64_t value = cpu->segments[op->dst].selector;
	struct x86_stack stack;

	x86_current_stack(cpu, &stack);
	if (!x86_push(cpu, &stack, x86_operand_size(op), &value, 1))
		return stop(cpu, op);
	x86_set_stack(cpu, &stack);
	return op + 1;
}

EXEC(pop_s)
{
	struct x86_stack stack;
	uint64_t value;

	x86_current_stack(cpu, &stack);
	if (!x86_pop(cpu, &stack, x86_operand_size(op), &value, 1) || !x86_load_segment(cpu, op->dst, (uint16_t)value))
		return stop(cpu, op);
	x86_set_sp(cpu, stack.mask, stack.sp); /* by the old ss */
	return loaded(cpu, op, op->dst);
}

/* ---- far pointers ---- */

/* In two reads, as checked alignment asks no more of a far pointer than of its offset. */
static const struct x86_op *load_pointer(struct x86_cpu *cpu, const struct x86_op *op, unsigned segment)
{
	unsigned size = x86_operand_size(op);
	uint64_t linear, offset = 0;
	uint16_t selector;

	if (!x86_linear(cpu, op, size + 2, X86_READ, &linear) || !x86_read_bytes(cpu, op, linear, &offset, size) ||
	    !x86_read16(cpu, op, linear + size, &selector))
		return NULL;
	if (!x86_load_segment(cpu, segment, selector))
		return stop(cpu, op);
	put(cpu, op, op->dst, offset);
	return x86_leave(cpu, op);
}

/* clang-format off */
EXEC(lds) { return load_pointer(cpu, op, X86_DS); }
EXEC(les) { return load_pointer(cpu, op, X86_ES); }
EXEC(lfs) { return load_pointer(cpu, op, X86_FS); }
EXEC(lgs) { return load_pointer(cpu, op, X86_GS); }
EXEC(lss) { return load_pointer(cpu, op, X86_SS); }
/* clang-format on */

/* ---- questions about descriptors ---- */

static void set_zf(struct x86_cpu *cpu, bool value)
{
	uint32_t flags = x86_arithmetic_flags(cpu) & ~X86_FLAG_ZF;

	x86_set_arithmetic_flags(cpu, flags | (value ? X86_FLAG_ZF : 0));
}

/* False: an exception or exit is under way. *ret_found: there is a descriptor. */
static bool find_descriptor(struct x86_cpu *cpu, uint16_t selector, bool *ret_found,
			    struct x86_descriptor *ret_descriptor)
{
	uint64_t address;

	*ret_found = !x86_is_null(selector) && x86_selector_in_table(cpu, selector, &address);
	return !*ret_found || x86_read_descriptor(cpu, selector, X86_GP, ret_descriptor);
}

static bool is_within_reach(const struct x86_cpu *cpu, uint16_t selector, const struct x86_descriptor *descriptor)
{
	if (x86_is_code(descriptor) && x86_is_conforming(descriptor))
		return true;
	return x86_dpl(descriptor) >= cpu->cpl && x86_dpl(descriptor) >= x86_rpl(selector);
}

#define TYPE(type) (1u << X86_TYPE_##type)
#define TYPE_SEGMENT (1u << 16) /* of x86_system_type: code or data */
enum {
	LIMIT_TYPES = TYPE_SEGMENT | TYPE(LDT) | TYPE(TSS) | TYPE(TSS_BUSY),
	LIMIT_TYPES_LEGACY = LIMIT_TYPES | TYPE(TSS16) | TYPE(TSS16_BUSY),
	RIGHTS_TYPES = LIMIT_TYPES | TYPE(CALL),
	RIGHTS_TYPES_LEGACY = LIMIT_TYPES_LEGACY | TYPE(CALL) | TYPE(CALL16) | TYPE(TASK_GATE),
	RIGHTS_MASK = 0x00ffff00
};

/* What lar and lsl have in common: the descriptor, if it may be seen. */
static bool look_up(struct x86_cpu *cpu, uint16_t selector, unsigned types, bool *ret_found,
		    struct x86_descriptor *ret_descriptor)
{
	if (!find_descriptor(cpu, selector, ret_found, ret_descriptor))
		return false;
	*ret_found = *ret_found && types >> x86_system_type(ret_descriptor) & 1 &&
		     is_within_reach(cpu, selector, ret_descriptor);
	return true;
}

static const struct x86_op *load_rights(struct x86_cpu *cpu, const struct x86_op *op, bool memory)
{
	unsigned types = x86_in_long(cpu) ? RIGHTS_TYPES : RIGHTS_TYPES_LEGACY;
	struct x86_descriptor descriptor;
	uint16_t selector;
	bool found;

	if (!read_selector(cpu, op, memory, op->src, &selector))
		return NULL;
	if (!look_up(cpu, selector, types, &found, &descriptor))
		return stop(cpu, op);
	if (found)
		put(cpu, op, op->dst, descriptor.high & RIGHTS_MASK);
	set_zf(cpu, found);
	return op + 1;
}

static const struct x86_op *load_limit(struct x86_cpu *cpu, const struct x86_op *op, bool memory)
{
	unsigned types = x86_in_long(cpu) ? LIMIT_TYPES : LIMIT_TYPES_LEGACY;
	struct x86_descriptor descriptor;
	uint16_t selector;
	bool found;

	if (!read_selector(cpu, op, memory, op->src, &selector))
		return NULL;
	if (!look_up(cpu, selector, types, &found, &descriptor))
		return stop(cpu, op);
	if (found)
		put(cpu, op, op->dst, descriptor.limit);
	set_zf(cpu, found);
	return op + 1;
}

static bool may_write(const struct x86_descriptor *descriptor)
{
	return x86_is_writable_data(descriptor);
}

static bool may_read(const struct x86_descriptor *descriptor)
{
	return x86_is_readable(descriptor);
}

static const struct x86_op *verify(struct x86_cpu *cpu, const struct x86_op *op, bool memory,
				   bool (*allowed)(const struct x86_descriptor *descriptor))
{
	struct x86_descriptor descriptor;
	uint16_t selector;
	bool found;

	if (!read_selector(cpu, op, memory, op->dst, &selector))
		return NULL;
	if (!look_up(cpu, selector, TYPE_SEGMENT, &found, &descriptor))
		return stop(cpu, op);
	set_zf(cpu, found && allowed(&descriptor));
	return op + 1;
}

/* clang-format off */
EXEC(lar_r) { return load_rights(cpu, op, false); }
EXEC(lar_m) { return load_rights(cpu, op, true); }
EXEC(lsl_r) { return load_limit(cpu, op, false); }
EXEC(lsl_m) { return load_limit(cpu, op, true); }
EXEC(verr_r) { return verify(cpu, op, false, may_read); }
EXEC(verr_m) { return verify(cpu, op, true, may_read); }
EXEC(verw_r) { return verify(cpu, op, false, may_write); }
EXEC(verw_m) { return verify(cpu, op, true, may_write); }
/* clang-format on */

/* The destination's privilege level becomes at least that of the source. */
EXEC(arpl_r)
{
	uint16_t selector = X86_SLOT16(cpu, op->dst), rpl = X86_SLOT16(cpu, op->src) & 3;
	bool adjust = x86_rpl(selector) < rpl;

	if (adjust)
		X86_PUT16(cpu, op->dst, (selector & 0xfffc) | rpl);
	set_zf(cpu, adjust);
	X86_NEXT(cpu, op);
}

EXEC(arpl_m)
{
	uint16_t selector, rpl = X86_SLOT16(cpu, op->src) & 3;
	uint64_t linear;
	bool adjust;

	if (!x86_linear(cpu, op, 2, X86_READ, &linear) || !x86_read16(cpu, op, linear, &selector))
		return NULL;
	adjust = x86_rpl(selector) < rpl;
	if (adjust && (!x86_linear(cpu, op, 2, X86_WRITE, &linear) ||
		       !x86_write16(cpu, op, linear, (uint16_t)((selector & 0xfffc) | rpl))))
		return NULL;
	set_zf(cpu, adjust);
	return op + 1;
}

/* ---- table registers ---- */

/* Instructions that tell where the tables are: not to programs, if the system wants it so. */
static bool is_hidden(const struct x86_cpu *cpu)
{
	return cpu->cpl != 0 && cpu->cr4 & X86_CR4_UMIP;
}

static const struct x86_op *load_table(struct x86_cpu *cpu, const struct x86_op *op, struct x86_table *table)
{
	unsigned base_size = x86_in_64(cpu) ? 8 : 4;
	uint64_t linear, base = 0;
	uint8_t operand[10];
	uint16_t limit;

	if (cpu->cpl != 0)
		return x86_fault_code(cpu, op, X86_GP, 0);
	if (!x86_linear(cpu, op, 2 + base_size, X86_READ, &linear) ||
	    !x86_read_bytes(cpu, op, linear, operand, 2 + base_size))
		return NULL;
	__builtin_memcpy(&limit, operand, 2);
	__builtin_memcpy(&base, operand + 2, base_size);
	if (x86_operand_size(op) == 2 && base_size == 4)
		base &= 0xffffff;
	if (!x86_canonical(base))
		return x86_fault_code(cpu, op, X86_GP, 0);
	*table = (struct x86_table){ base, limit };
	return op + 1;
}

static const struct x86_op *store_table(struct x86_cpu *cpu, const struct x86_op *op, const struct x86_table *table)
{
	unsigned base_size = x86_in_64(cpu) ? 8 : 4;
	uint16_t limit = (uint16_t)table->limit;
	uint64_t linear;
	uint8_t operand[10];

	if (is_hidden(cpu))
		return x86_fault_code(cpu, op, X86_GP, 0);
	__builtin_memcpy(operand, &limit, 2);
	__builtin_memcpy(operand + 2, &table->base, 8);
	if (!x86_linear(cpu, op, 2 + base_size, X86_WRITE, &linear) ||
	    !x86_write_bytes(cpu, op, linear, operand, 2 + base_size))
		return NULL;
	return op + 1;
}

/* clang-format off */
EXEC(lgdt) { return load_table(cpu, op, &cpu->gdtr); }
EXEC(lidt) { return load_table(cpu, op, &cpu->idtr); }
EXEC(sgdt) { return store_table(cpu, op, &cpu->gdtr); }
EXEC(sidt) { return store_table(cpu, op, &cpu->idtr); }
/* clang-format on */

static const struct x86_op *load_ldtr(struct x86_cpu *cpu, const struct x86_op *op, bool memory)
{
	uint16_t selector;

	if (cpu->cpl != 0)
		return x86_fault_code(cpu, op, X86_GP, 0);
	if (!read_selector(cpu, op, memory, op->dst, &selector))
		return NULL;
	return x86_load_ldt(cpu, selector, X86_GP, X86_NP) ? op + 1 : stop(cpu, op);
}

static bool load_task_register(struct x86_cpu *cpu, uint16_t selector)
{
	struct x86_descriptor tss;
	uint32_t code = x86_selector_code(selector);
	unsigned type;

	if (x86_is_null(selector) || selector & 4)
		return x86_raise_code(cpu, X86_GP, code);
	if (!x86_read_descriptor(cpu, selector, X86_GP, &tss))
		return false;
	type = x86_system_type(&tss);
	if (type != X86_TYPE_TSS && (type != X86_TYPE_TSS16 || x86_in_long(cpu)))
		return x86_raise_code(cpu, X86_GP, code);
	if (!(tss.attributes & X86_ATTR_P))
		return x86_raise_code(cpu, X86_NP, code);
	if (x86_in_64(cpu) && !x86_read_upper(cpu, selector, X86_GP, &tss))
		return false;
	if (!x86_canonical(tss.base))
		return x86_raise_code(cpu, X86_GP, code);
	if (!x86_change_type(cpu, tss.address, 0, X86_TYPE_BUSY))
		return false;
	tss.attributes |= X86_TYPE_BUSY;
	x86_set_from_descriptor(cpu, X86_TR, selector, &tss);
	return true;
}

static const struct x86_op *load_tr(struct x86_cpu *cpu, const struct x86_op *op, bool memory)
{
	uint16_t selector;

	if (cpu->cpl != 0)
		return x86_fault_code(cpu, op, X86_GP, 0);
	if (!read_selector(cpu, op, memory, op->dst, &selector))
		return NULL;
	return load_task_register(cpu, selector) ? op + 1 : stop(cpu, op);
}

static const struct x86_op *store_selector(struct x86_cpu *cpu, const struct x86_op *op, bool memory, unsigned segment)
{
	uint16_t selector = cpu->segments[segment].selector;

	if (is_hidden(cpu))
		return x86_fault_code(cpu, op, X86_GP, 0);
	if (memory)
		return write16(cpu, op, selector) ? op + 1 : NULL;
	put(cpu, op, op->dst, selector);
	return op + 1;
}

/* clang-format off */
EXEC(lldt_r) { return load_ldtr(cpu, op, false); }
EXEC(lldt_m) { return load_ldtr(cpu, op, true); }
EXEC(ltr_r) { return load_tr(cpu, op, false); }
EXEC(ltr_m) { return load_tr(cpu, op, true); }
EXEC(sldt_r) { return store_selector(cpu, op, false, X86_LDTR); }
EXEC(sldt_m) { return store_selector(cpu, op, true, X86_LDTR); }
EXEC(str_r) { return store_selector(cpu, op, false, X86_TR); }
EXEC(str_m) { return store_selector(cpu, op, true, X86_TR); }
/* clang-format on */

/* ---- fs and gs in 64-bit mode ---- */

static bool has_fsgsbase(const struct x86_cpu *cpu)
{
	return cpu->cr4 & X86_CR4_FSGSBASE;
}

/* An operand-size prefix means nothing to these. */
static const struct x86_op *read_base(struct x86_cpu *cpu, const struct x86_op *op, unsigned segment)
{
	uint64_t base;

	if (!has_fsgsbase(cpu))
		return x86_fault(cpu, op, X86_UD);
	base = x86_segment_base(cpu, segment);
	X86_SLOT64(cpu, op->dst) = op->flags & X86_OP_W ? base : (uint32_t)base;
	return op + 1;
}

static const struct x86_op *write_base(struct x86_cpu *cpu, const struct x86_op *op, unsigned segment)
{
	uint64_t base = X86_SLOT64(cpu, op->dst);

	if (!has_fsgsbase(cpu))
		return x86_fault(cpu, op, X86_UD);
	if (!(op->flags & X86_OP_W))
		base = (uint32_t)base;
	if (!x86_canonical(base))
		return x86_fault_code(cpu, op, X86_GP, 0);
	cpu->cpu.x[X86_X_BASES + segment] = base;
	return op + 1;
}

/* clang-format off */
EXEC(rdfsbase) { return read_base(cpu, op, X86_FS); }
EXEC(rdgsbase) { return read_base(cpu, op, X86_GS); }
EXEC(wrfsbase) { return write_base(cpu, op, X86_FS); }
EXEC(wrgsbase) { return write_base(cpu, op, X86_GS); }
/* clang-format on */

EXEC(swapgs)
{
	uint64_t base = x86_segment_base(cpu, X86_GS);

	if (cpu->cpl != 0)
		return x86_fault_code(cpu, op, X86_GP, 0);
	cpu->cpu.x[X86_X_BASES + X86_GS] = cpu->kernel_gs_base;
	cpu->kernel_gs_base = base;
	X86_NEXT(cpu, op);
}

/* clang-format off */
#define WIDE(f) { NULL, f, f, f }
static const struct x86_row rows[] = {
	{ ZYDIS_MNEMONIC_MOV, "rs", WIDE(mov_r_s), .flags = X86_ROW_PLAIN },
	{ ZYDIS_MNEMONIC_MOV, "ms", X86_ANY(mov_m_s), .flags = 0 },
	{ ZYDIS_MNEMONIC_MOV, "sr", X86_ANY(mov_s_r), .flags = X86_ROW_ENDS },
	{ ZYDIS_MNEMONIC_MOV, "sm", X86_ANY(mov_s_m), .flags = X86_ROW_ENDS },
	{ ZYDIS_MNEMONIC_PUSH, "s", WIDE(push_s), .flags = 0 },
	{ ZYDIS_MNEMONIC_POP, "s", WIDE(pop_s), .flags = X86_ROW_ENDS },
	{ ZYDIS_MNEMONIC_LDS, "rm", WIDE(lds), .flags = X86_ROW_ENDS | X86_ROW_LEGACY },
	{ ZYDIS_MNEMONIC_LES, "rm", WIDE(les), .flags = X86_ROW_ENDS | X86_ROW_LEGACY },
	{ ZYDIS_MNEMONIC_LFS, "rm", WIDE(lfs), .flags = X86_ROW_ENDS },
	{ ZYDIS_MNEMONIC_LGS, "rm", WIDE(lgs), .flags = X86_ROW_ENDS },
	{ ZYDIS_MNEMONIC_LSS, "rm", WIDE(lss), .flags = X86_ROW_ENDS },
	{ ZYDIS_MNEMONIC_LAR, "rr", WIDE(lar_r), .flags = X86_ROW_PROTECTED },
	{ ZYDIS_MNEMONIC_LAR, "rm", WIDE(lar_m), .flags = X86_ROW_PROTECTED },
	{ ZYDIS_MNEMONIC_LSL, "rr", WIDE(lsl_r), .flags = X86_ROW_PROTECTED },
	{ ZYDIS_MNEMONIC_LSL, "rm", WIDE(lsl_m), .flags = X86_ROW_PROTECTED },
	{ ZYDIS_MNEMONIC_VERR, "r", X86_ANY(verr_r), .flags = X86_ROW_PROTECTED },
	{ ZYDIS_MNEMONIC_VERR, "m", X86_ANY(verr_m), .flags = X86_ROW_PROTECTED },
	{ ZYDIS_MNEMONIC_VERW, "r", X86_ANY(verw_r), .flags = X86_ROW_PROTECTED },
	{ ZYDIS_MNEMONIC_VERW, "m", X86_ANY(verw_m), .flags = X86_ROW_PROTECTED },
	{ ZYDIS_MNEMONIC_ARPL, "rr", X86_ANY(arpl_r), .flags = X86_ROW_PROTECTED | X86_ROW_LEGACY },
	{ ZYDIS_MNEMONIC_ARPL, "mr", X86_ANY(arpl_m), .flags = X86_ROW_PROTECTED | X86_ROW_LEGACY },
	{ ZYDIS_MNEMONIC_LGDT, "m", X86_ANY(lgdt), .flags = 0 },
	{ ZYDIS_MNEMONIC_LIDT, "m", X86_ANY(lidt), .flags = 0 },
	{ ZYDIS_MNEMONIC_SGDT, "m", X86_ANY(sgdt), .flags = 0 },
	{ ZYDIS_MNEMONIC_SIDT, "m", X86_ANY(sidt), .flags = 0 },
	{ ZYDIS_MNEMONIC_LLDT, "r", X86_ANY(lldt_r), .flags = X86_ROW_PROTECTED },
	{ ZYDIS_MNEMONIC_LLDT, "m", X86_ANY(lldt_m), .flags = X86_ROW_PROTECTED },
	{ ZYDIS_MNEMONIC_LTR, "r", X86_ANY(ltr_r), .flags = X86_ROW_PROTECTED },
	{ ZYDIS_MNEMONIC_LTR, "m", X86_ANY(ltr_m), .flags = X86_ROW_PROTECTED },
	{ ZYDIS_MNEMONIC_SLDT, "r", WIDE(sldt_r), .flags = X86_ROW_PROTECTED },
	{ ZYDIS_MNEMONIC_SLDT, "m", X86_ANY(sldt_m), .flags = X86_ROW_PROTECTED },
	{ ZYDIS_MNEMONIC_STR, "r", WIDE(str_r), .flags = X86_ROW_PROTECTED },
	{ ZYDIS_MNEMONIC_STR, "m", X86_ANY(str_m), .flags = X86_ROW_PROTECTED },
	{ ZYDIS_MNEMONIC_RDFSBASE, "r", WIDE(rdfsbase), .flags = X86_ROW_LONG, .features = X86_NEEDS(FSGSBASE) },
	{ ZYDIS_MNEMONIC_RDGSBASE, "r", WIDE(rdgsbase), .flags = X86_ROW_LONG, .features = X86_NEEDS(FSGSBASE) },
	{ ZYDIS_MNEMONIC_WRFSBASE, "r", WIDE(wrfsbase), .flags = X86_ROW_LONG, .features = X86_NEEDS(FSGSBASE) },
	{ ZYDIS_MNEMONIC_WRGSBASE, "r", WIDE(wrgsbase), .flags = X86_ROW_LONG, .features = X86_NEEDS(FSGSBASE) },
	{ ZYDIS_MNEMONIC_SWAPGS, NULL, X86_ANY(swapgs), .flags = X86_ROW_LONG },
};
/* clang-format on */

extern const struct x86_rows x86_rows_segment_moves;
const struct x86_rows x86_rows_segment_moves = { rows, X86_COUNT(rows) };
