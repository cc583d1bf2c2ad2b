/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control transfers between segments, privilege levels and tasks: far JMP, CALL and RET, INT n, INT3, INT1, INTO,
 * BOUND, IRET, SYSCALL, SYSRET, SYSENTER, SYSEXIT.
 *
 * The transfers are functions that return false with an exception or exit under way and nothing changed; executors stop
 * their op then.
 */
#include "exec.h"

#include "../interrupt.h"
#include "../segment.h"
#include "../task.h"

static const struct x86_op *finish(struct x86_cpu *cpu, const struct x86_op *op, bool ok, uint64_t rip)
{
	if (ok)
		return x86_leave_to(cpu, op, rip);
	x86_stop_at(cpu, op, false);
	return NULL;
}

/* rip behind the op, as it is pushed. */
static uint64_t return_rip(const struct x86_cpu *cpu, const struct x86_op *op)
{
	uint64_t rip = x86_next_rip(cpu, op);

	return x86_in_64(cpu) ? rip : (uint32_t)rip;
}

/* ---- far jumps and calls ---- */

struct far {
	bool call;
	unsigned size; /* of what a call pushes, in bytes */
	uint16_t selector;
	uint64_t offset;
	uint64_t next; /* rip behind the instruction */
};

static bool push_return(struct x86_cpu *cpu, const struct far *far, unsigned size, struct x86_stack *stack)
{
	const uint64_t frame[] = { cpu->segments[X86_CS].selector, far->next };

	return x86_push(cpu, stack, size, frame, X86_COUNT(frame));
}

static bool far_real(struct x86_cpu *cpu, const struct far *far, uint64_t *ret_rip)
{
	struct x86_stack stack;

	x86_current_stack(cpu, &stack);
	if (far->offset > cpu->segments[X86_CS].limit)
		return x86_raise_code(cpu, X86_GP, 0);
	if (far->call && !push_return(cpu, far, far->size, &stack))
		return false;
	x86_set_stack(cpu, &stack);
	x86_set_real(cpu, X86_CS, far->selector, x86_in_v86(cpu));
	*ret_rip = far->offset;
	return true;
}

/* To code at the same level, whose descriptor was checked. */
static bool far_same(struct x86_cpu *cpu, const struct far *far, unsigned size, uint16_t selector,
		     struct x86_descriptor *code, uint64_t rip, uint64_t *ret_rip)
{
	struct x86_stack stack;

	x86_current_stack(cpu, &stack);
	if (!x86_check_rip(cpu, code, rip) || (far->call && !push_return(cpu, far, size, &stack)) ||
	    !x86_mark_accessed(cpu, code))
		return false;
	x86_set_stack(cpu, &stack);
	x86_set_code(cpu, selector, cpu->cpl, code);
	*ret_rip = rip;
	return true;
}

static bool far_code(struct x86_cpu *cpu, const struct far *far, uint64_t *ret_rip)
{
	struct x86_descriptor code;

	return x86_read_code(cpu, far->selector, X86_GP, x86_rule_direct, &code) &&
	       far_same(cpu, far, far->size, far->selector, &code, far->offset, ret_rip);
}

/* Whether a gate or TSS may be used with this selector, and is present. */
static bool check_access(struct x86_cpu *cpu, uint16_t selector, const struct x86_descriptor *descriptor)
{
	if (x86_dpl(descriptor) < cpu->cpl || x86_dpl(descriptor) < x86_rpl(selector))
		return x86_raise_code(cpu, X86_GP, x86_selector_code(selector));
	if (!(descriptor->attributes & X86_ATTR_P))
		return x86_raise_code(cpu, X86_NP, x86_selector_code(selector));
	return true;
}

/* ---- call gates ---- */

static unsigned gate_word(const struct x86_cpu *cpu, const struct x86_gate *gate)
{
	if (x86_in_long(cpu))
		return 8;
	return gate->type & X86_TYPE_IS_32 ? 4 : 2;
}

enum { PARAMETERS_MAX = 31, GATE_FRAME_MAX = PARAMETERS_MAX + 4 };

/* The outer stack's pointer, the parameters in the order in which they were pushed, and the way back. */
static bool push_gate_frame(struct x86_cpu *cpu, const struct far *far, const struct x86_gate *gate,
			    struct x86_stack *inner)
{
	unsigned word = gate_word(cpu, gate), parameters = x86_in_long(cpu) ? 0 : gate->count, count = 0;
	uint64_t copied[PARAMETERS_MAX], frame[GATE_FRAME_MAX];
	struct x86_stack outer;

	x86_current_stack(cpu, &outer);
	if (!x86_pop(cpu, &outer, word, copied, parameters))
		return false;
	frame[count++] = cpu->segments[X86_SS].selector;
	frame[count++] = cpu->cpu.x[X86_RSP];
	for (unsigned i = parameters; i-- > 0;)
		frame[count++] = copied[i];
	frame[count++] = cpu->segments[X86_CS].selector;
	frame[count++] = far->next;
	return x86_push(cpu, inner, word, frame, count);
}

static bool call_inner(struct x86_cpu *cpu, const struct far *far, const struct x86_gate *gate,
		       struct x86_descriptor *code, uint64_t *ret_rip)
{
	unsigned cpl = x86_dpl(code);
	struct x86_stack stack;

	if (!x86_inner_stack(cpu, cpl, 0, &stack) || !x86_check_rip(cpu, code, gate->offset) ||
	    !push_gate_frame(cpu, far, gate, &stack) || !x86_mark_accessed(cpu, code))
		return false;
	x86_set_stack(cpu, &stack);
	x86_set_code(cpu, gate->selector, cpl, code);
	*ret_rip = gate->offset;
	return true;
}

static bool far_call_gate(struct x86_cpu *cpu, const struct far *far, struct x86_descriptor *descriptor,
			  uint64_t *ret_rip)
{
	const uint32_t both = X86_ATTR_L | X86_ATTR_DB;
	struct x86_descriptor code;
	struct x86_gate gate;

	if (!check_access(cpu, far->selector, descriptor) ||
	    (x86_in_long(cpu) && !x86_read_upper(cpu, far->selector, X86_GP, descriptor)))
		return false;
	x86_parse_gate(cpu, descriptor, &gate);
	if (!x86_read_code(cpu, gate.selector, X86_GP, far->call ? x86_rule_gate_call : x86_rule_gate_jump, &code))
		return false;
	if (x86_in_long(cpu) && (code.attributes & both) != X86_ATTR_L)
		return x86_raise_code(cpu, X86_GP, x86_selector_code(gate.selector));
	if (far->call && !x86_is_conforming(&code) && x86_dpl(&code) < cpu->cpl)
		return call_inner(cpu, far, &gate, &code, ret_rip);
	return far_same(cpu, far, gate_word(cpu, &gate), gate.selector, &code, gate.offset, ret_rip);
}

/* ---- tasks ---- */

static bool far_task(struct x86_cpu *cpu, const struct far *far, uint16_t selector, const struct x86_descriptor *tss,
		     uint64_t *ret_rip)
{
	const struct x86_task_switch task = {
		.cause = far->call ? X86_TASK_CALL : X86_TASK_JUMP,
		.selector = selector,
		.tss = *tss,
		.rip = far->next,
		.flags = (uint32_t)x86_rflags(cpu),
	};

	return x86_switch_task(cpu, &task, ret_rip);
}

static bool far_task_gate(struct x86_cpu *cpu, const struct far *far, const struct x86_descriptor *descriptor,
			  uint64_t *ret_rip)
{
	uint16_t selector = (uint16_t)(descriptor->low >> 16);
	struct x86_descriptor tss;

	return check_access(cpu, far->selector, descriptor) && x86_read_task(cpu, selector, &tss) &&
	       far_task(cpu, far, selector, &tss, ret_rip);
}

static bool far_tss(struct x86_cpu *cpu, const struct far *far, const struct x86_descriptor *descriptor,
		    uint64_t *ret_rip)
{
	if (far->selector & 4)
		return x86_raise_code(cpu, X86_GP, x86_selector_code(far->selector));
	return check_access(cpu, far->selector, descriptor) && far_task(cpu, far, far->selector, descriptor, ret_rip);
}

static bool far_protected(struct x86_cpu *cpu, const struct far *far, uint64_t *ret_rip)
{
	struct x86_descriptor descriptor;
	unsigned type;

	if (x86_is_null(far->selector))
		return x86_raise_code(cpu, X86_GP, 0);
	if (!x86_read_descriptor(cpu, far->selector, X86_GP, &descriptor))
		return false;
	if (descriptor.attributes & X86_ATTR_S)
		return far_code(cpu, far, ret_rip);
	type = x86_system_type(&descriptor);
	if (type == X86_TYPE_CALL || (type == X86_TYPE_CALL16 && !x86_in_long(cpu)))
		return far_call_gate(cpu, far, &descriptor, ret_rip);
	if (type == X86_TYPE_TASK_GATE && !x86_in_long(cpu))
		return far_task_gate(cpu, far, &descriptor, ret_rip);
	if ((type == X86_TYPE_TSS || type == X86_TYPE_TSS16) && !x86_in_long(cpu))
		return far_tss(cpu, far, &descriptor, ret_rip);
	return x86_raise_code(cpu, X86_GP, x86_selector_code(far->selector));
}

static const struct x86_op *transfer(struct x86_cpu *cpu, const struct x86_op *op, bool call, uint16_t selector,
				     uint64_t offset)
{
	const struct far far = { call, x86_operand_size(op), selector, offset, return_rip(cpu, op) };
	uint64_t rip = 0;
	bool ok = x86_in_real(cpu) ? far_real(cpu, &far, &rip) : far_protected(cpu, &far, &rip);

	if (ok)
		x86_update_mode(cpu);
	return finish(cpu, op, ok, rip);
}

static uint64_t truncated(const struct x86_op *op, uint64_t offset)
{
	unsigned size = x86_operand_size(op);

	return size == 8 ? offset : offset & ((UINT64_C(1) << 8 * size) - 1);
}

static const struct x86_op *transfer_pointer(struct x86_cpu *cpu, const struct x86_op *op, bool call)
{
	return transfer(cpu, op, call, (uint16_t)op->disp, truncated(op, (uint64_t)op->imm));
}

static const struct x86_op *transfer_memory(struct x86_cpu *cpu, const struct x86_op *op, bool call)
{
	unsigned size = x86_operand_size(op);
	uint64_t linear, offset = 0;
	uint16_t selector;

	if (!x86_linear(cpu, op, size + 2, X86_READ, &linear) || !x86_read_bytes(cpu, op, linear, &offset, size) ||
	    !x86_read16(cpu, op, linear + size, &selector))
		return NULL;
	return transfer(cpu, op, call, selector, offset);
}

/* clang-format off */
EXEC(jmp_pointer) { return transfer_pointer(cpu, op, false); }
EXEC(call_pointer) { return transfer_pointer(cpu, op, true); }
EXEC(jmp_memory) { return transfer_memory(cpu, op, false); }
EXEC(call_memory) { return transfer_memory(cpu, op, true); }
/* clang-format on */

/* ---- far returns ---- */

enum { POP_RIP, POP_CS, POP_RSP, POP_SS, POP_MAX };

static bool return_real(struct x86_cpu *cpu, unsigned size, unsigned release, uint64_t *ret_rip)
{
	struct x86_stack stack;
	uint64_t popped[POP_MAX];

	x86_current_stack(cpu, &stack);
	if (!x86_pop(cpu, &stack, size, popped, 2))
		return false;
	if (popped[POP_RIP] > cpu->segments[X86_CS].limit)
		return x86_raise_code(cpu, X86_GP, 0);
	stack.sp += release;
	x86_set_stack(cpu, &stack);
	x86_set_real(cpu, X86_CS, (uint16_t)popped[POP_CS], x86_in_v86(cpu));
	*ret_rip = popped[POP_RIP];
	return true;
}

/* Also the outer stack gives its parameters back. */
static bool return_outer(struct x86_cpu *cpu, unsigned size, unsigned release, struct x86_stack *stack,
			 uint64_t popped[POP_MAX], struct x86_descriptor *code, uint64_t *ret_rip)
{
	unsigned cpl = x86_rpl((uint16_t)popped[POP_CS]);
	bool to_64 = x86_is_64_code(cpu, code);
	struct x86_descriptor ss;

	stack->sp += release;
	if (!x86_pop(cpu, stack, size, popped + POP_RSP, 2) ||
	    !x86_read_outer_stack_segment(cpu, (uint16_t)popped[POP_SS], cpl, to_64, &ss) ||
	    !x86_check_rip(cpu, code, popped[POP_RIP]) || !x86_mark_accessed(cpu, code))
		return false;
	x86_set_from_descriptor(cpu, X86_SS, (uint16_t)popped[POP_SS], &ss);
	x86_set_sp(cpu, x86_sp_mask(ss.attributes, to_64), popped[POP_RSP] + release);
	x86_set_code(cpu, (uint16_t)popped[POP_CS], cpl, code);
	x86_drop_inner_segments(cpu);
	*ret_rip = popped[POP_RIP];
	return true;
}

static bool return_protected(struct x86_cpu *cpu, unsigned size, unsigned release, uint64_t *ret_rip)
{
	uint64_t popped[POP_MAX];
	struct x86_descriptor code;
	struct x86_stack stack;

	x86_current_stack(cpu, &stack);
	if (!x86_pop(cpu, &stack, size, popped, 2) ||
	    !x86_read_code(cpu, (uint16_t)popped[POP_CS], X86_GP, x86_rule_return, &code))
		return false;
	if (x86_rpl((uint16_t)popped[POP_CS]) > cpu->cpl)
		return return_outer(cpu, size, release, &stack, popped, &code, ret_rip);
	if (!x86_check_rip(cpu, &code, popped[POP_RIP]) || !x86_mark_accessed(cpu, &code))
		return false;
	stack.sp += release;
	x86_set_stack(cpu, &stack);
	x86_set_code(cpu, (uint16_t)popped[POP_CS], cpu->cpl, &code);
	*ret_rip = popped[POP_RIP];
	return true;
}

/* Without an immediate imm is 0. */
EXEC(ret_far)
{
	unsigned size = x86_operand_size(op), release = (uint16_t)op->imm;
	uint64_t rip = 0;
	bool ok = x86_in_real(cpu) ? return_real(cpu, size, release, &rip) : return_protected(cpu, size, release, &rip);

	if (ok)
		x86_update_mode(cpu);
	return finish(cpu, op, ok, rip);
}

/* ---- interrupts ---- */

static const struct x86_op *interrupt(struct x86_cpu *cpu, const struct x86_op *op, enum x86_source source,
				      unsigned vector)
{
	const struct x86_event event = {
		.source = source,
		.vector = (uint8_t)vector,
		.rip = return_rip(cpu, op),
		.flags = x86_rflags(cpu),
	};
	uint64_t rip = 0;
	bool ok = x86_interrupt(cpu, &event, &rip);

	cpu->untraced = ok;
	return finish(cpu, op, ok, rip);
}

/* clang-format off */
EXEC(int_n) { return interrupt(cpu, op, X86_BY_INT_N, (uint8_t)op->imm); }
EXEC(int3) { return interrupt(cpu, op, X86_BY_INT3, X86_BP); }
EXEC(int1) { return interrupt(cpu, op, X86_BY_INT1, X86_DB); }
/* clang-format on */

EXEC(into)
{
	if (x86_arithmetic_flags(cpu) & X86_FLAG_OF)
		return interrupt(cpu, op, X86_BY_INT3, X86_OF);
	return x86_leave(cpu, op);
}

EXEC(bound16)
{
	int16_t bounds[2], index = (int16_t)X86_SLOT16(cpu, op->dst);
	uint64_t linear;

	if (!x86_linear(cpu, op, 4, X86_READ, &linear) || !x86_read16(cpu, op, linear, (uint16_t *)&bounds[0]) ||
	    !x86_read16(cpu, op, linear + 2, (uint16_t *)&bounds[1]))
		return NULL;
	if (index < bounds[0] || index > bounds[1])
		return x86_fault(cpu, op, X86_BR);
	return op + 1;
}

EXEC(bound32)
{
	int32_t bounds[2], index = (int32_t)X86_SLOT32(cpu, op->dst);
	uint64_t linear;

	if (!x86_linear(cpu, op, 8, X86_READ, &linear) || !x86_read32(cpu, op, linear, (uint32_t *)&bounds[0]) ||
	    !x86_read32(cpu, op, linear + 4, (uint32_t *)&bounds[1]))
		return NULL;
	if (index < bounds[0] || index > bounds[1])
		return x86_fault(cpu, op, X86_BR);
	return op + 1;
}

EXEC(iret)
{
	uint64_t rip = 0;
	bool ok = x86_return_from_interrupt(cpu, x86_operand_size(op), return_rip(cpu, op), &rip);

	return finish(cpu, op, ok, rip);
}

/* ---- fast system calls ---- */

enum { FLAT_CODE = 0x9b, FLAT_DATA = 0xc093, FLAT_32 = 0xc000, FLAT_64 = 0xa000 };

/* Segments that these instructions do not read from the tables. */
static void set_flat(struct x86_cpu *cpu, unsigned cs, unsigned ss, unsigned cpl, bool is_64)
{
	uint32_t level = cpl << 5;

	cpu->cpl = (uint8_t)cpl;
	x86_set_segment(cpu, X86_CS, (uint16_t)((cs & ~3u) | cpl), 0, UINT32_MAX,
			FLAT_CODE | level | (is_64 ? FLAT_64 : FLAT_32));
	x86_set_segment(cpu, X86_SS, (uint16_t)((ss & ~3u) | cpl), 0, UINT32_MAX, FLAT_DATA | level);
	x86_update_mode(cpu);
}

EXEC(syscall)
{
	unsigned cs = cpu->star >> 32 & 0xffff;

	if (!(cpu->efer & X86_EFER_SCE))
		return x86_fault(cpu, op, X86_UD);
	cpu->cpu.x[X86_RCX] = return_rip(cpu, op);
	cpu->cpu.x[11] = x86_rflags(cpu);
	x86_set_rflags(cpu, x86_rflags(cpu) & ~cpu->sfmask);
	cpu->untraced = !(cpu->rflags & X86_FLAG_TF);
	set_flat(cpu, cs, (cs & ~3u) + 8, 0, true);
	return x86_leave_to(cpu, op, cpu->lstar);
}

enum { SYSRET_FLAGS = 0x3c7fd7 };

EXEC(sysret)
{
	bool is_64 = x86_operand_size(op) == 8;
	uint64_t rip = is_64 ? cpu->cpu.x[X86_RCX] : (uint32_t)cpu->cpu.x[X86_RCX];
	unsigned base = (unsigned)(cpu->star >> 48);

	if (!(cpu->efer & X86_EFER_SCE))
		return x86_fault(cpu, op, X86_UD);
	if (cpu->cpl != 0 || !x86_canonical(rip))
		return x86_fault_code(cpu, op, X86_GP, 0);
	x86_set_rflags(cpu, cpu->cpu.x[11] & SYSRET_FLAGS);
	set_flat(cpu, base + (is_64 ? 16 : 0), base + 8, 3, is_64);
	return x86_leave_to(cpu, op, rip);
}

static bool has_sysenter(const struct x86_cpu *cpu)
{
	return cpu->cr0 & X86_CR0_PE && cpu->sysenter_cs & 0xfffc;
}

EXEC(sysenter)
{
	unsigned cs = cpu->sysenter_cs & 0xfffc;
	bool is_64 = cpu->efer & X86_EFER_LMA;

	if (!has_sysenter(cpu))
		return x86_fault_code(cpu, op, X86_GP, 0);
	cpu->rflags &= ~(X86_FLAG_VM | X86_FLAG_IF | X86_FLAG_RF);
	cpu->cpu.x[X86_RSP] = is_64 ? cpu->sysenter_esp : (uint32_t)cpu->sysenter_esp;
	set_flat(cpu, cs, cs + 8, 0, is_64);
	return x86_leave_to(cpu, op, is_64 ? cpu->sysenter_eip : (uint32_t)cpu->sysenter_eip);
}

EXEC(sysexit)
{
	unsigned cs = cpu->sysenter_cs & 0xfffc;
	bool is_64 = x86_operand_size(op) == 8;
	uint64_t rip = cpu->cpu.x[X86_RDX], rsp = cpu->cpu.x[X86_RCX];

	if (!has_sysenter(cpu) || cpu->cpl != 0)
		return x86_fault_code(cpu, op, X86_GP, 0);
	if (is_64 && !(x86_canonical(rip) && x86_canonical(rsp)))
		return x86_fault_code(cpu, op, X86_GP, 0);
	cpu->cpu.x[X86_RSP] = is_64 ? rsp : (uint32_t)rsp;
	set_flat(cpu, cs + (is_64 ? 32 : 16), cs + (is_64 ? 40 : 24), 3, is_64);
	return x86_leave_to(cpu, op, is_64 ? rip : (uint32_t)rip);
}

/* clang-format off */
static const struct x86_row rows[] = {
	{ ZYDIS_MNEMONIC_JMP, "p", X86_ANY(jmp_pointer), .flags = X86_ROW_ENDS | X86_ROW_FAR },
	{ ZYDIS_MNEMONIC_JMP, "m", X86_ANY(jmp_memory), .flags = X86_ROW_ENDS | X86_ROW_FAR },
	{ ZYDIS_MNEMONIC_CALL, "p", X86_ANY(call_pointer), .flags = X86_ROW_ENDS | X86_ROW_FAR },
	{ ZYDIS_MNEMONIC_CALL, "m", X86_ANY(call_memory), .flags = X86_ROW_ENDS | X86_ROW_FAR },
	{ ZYDIS_MNEMONIC_RET, NULL, X86_ANY(ret_far), .flags = X86_ROW_ENDS | X86_ROW_FAR },
	{ ZYDIS_MNEMONIC_INT, "i", X86_ANY(int_n), .flags = X86_ROW_ENDS },
	{ ZYDIS_MNEMONIC_INT3, NULL, X86_ANY(int3), .flags = X86_ROW_ENDS },
	{ ZYDIS_MNEMONIC_INT1, NULL, X86_ANY(int1), .flags = X86_ROW_ENDS },
	{ ZYDIS_MNEMONIC_INTO, NULL, X86_ANY(into), .flags = X86_ROW_ENDS | X86_ROW_LEGACY },
	{ ZYDIS_MNEMONIC_BOUND, "rm", { NULL, bound16, bound32, NULL }, .flags = X86_ROW_LEGACY },
	{ ZYDIS_MNEMONIC_IRET, NULL, X86_ANY(iret), .flags = X86_ROW_ENDS },
	{ ZYDIS_MNEMONIC_IRETD, NULL, X86_ANY(iret), .flags = X86_ROW_ENDS },
	{ ZYDIS_MNEMONIC_IRETQ, NULL, X86_ANY(iret), .flags = X86_ROW_ENDS },
	{ ZYDIS_MNEMONIC_SYSCALL, NULL, X86_ANY(syscall), .flags = X86_ROW_ENDS | X86_ROW_LONG, .features = X86_NEEDS(SYSCALL) },
	{ ZYDIS_MNEMONIC_SYSRET, NULL, X86_ANY(sysret), .flags = X86_ROW_ENDS | X86_ROW_LONG, .features = X86_NEEDS(SYSCALL) },
	{ ZYDIS_MNEMONIC_SYSENTER, NULL, X86_ANY(sysenter), .flags = X86_ROW_ENDS },
	{ ZYDIS_MNEMONIC_SYSEXIT, NULL, X86_ANY(sysexit), .flags = X86_ROW_ENDS },
};
/* clang-format on */

extern const struct x86_rows x86_rows_far;
const struct x86_rows x86_rows_far = { rows, X86_COUNT(rows) };
