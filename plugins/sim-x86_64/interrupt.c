/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delivery of exceptions and interrupts: SDM 3, chapter 6, and the operation of INT n in volume 2. All is read, checked
 * and pushed before a register changes.
 */
#include "interrupt.h"

#include "flags.h"
#include "segment.h"
#include "task.h"

enum { IDT_BIT = 2, EXT = 1, DR6_BREAKPOINTS = 0xf, DR7_GD = 0x2000 };

static bool is_software(const struct x86_event *event)
{
	return event->source == X86_BY_INT_N || event->source == X86_BY_INT3;
}

/* ---- without descriptors: real mode, and int n that virtual-8086 mode keeps for itself ---- */

static bool read_vector(struct x86_cpu *cpu, uint64_t table, uint8_t vector, uint64_t *ret_rip, uint16_t *ret_cs)
{
	uint16_t words[2];

	if (!x86_system_read(cpu, x86_system_linear(cpu, table + 4u * vector), words, sizeof(words)))
		return false;
	*ret_rip = words[0];
	*ret_cs = words[1];
	return true;
}

static bool push_real(struct x86_cpu *cpu, const struct x86_event *event, uint32_t flags, struct x86_stack *ret_stack)
{
	const uint64_t frame[] = { flags, cpu->segments[X86_CS].selector, event->rip };

	x86_current_stack(cpu, ret_stack);
	return x86_push(cpu, ret_stack, 2, frame, X86_COUNT(frame));
}

static bool interrupt_real(struct x86_cpu *cpu, const struct x86_event *event, uint64_t *ret_rip)
{
	struct x86_stack stack;
	uint16_t cs;

	if (4u * event->vector + 3 > cpu->idtr.limit)
		return x86_raise_code(cpu, X86_GP, 0);
	if (!read_vector(cpu, cpu->idtr.base, event->vector, ret_rip, &cs))
		return false;
	if (*ret_rip > cpu->segments[X86_CS].limit)
		return x86_raise_code(cpu, X86_GP, 0);
	if (!push_real(cpu, event, (uint32_t)event->flags, &stack))
		return false;
	x86_set_stack(cpu, &stack);
	x86_set_real(cpu, X86_CS, cs, false);
	cpu->rflags &= ~(X86_FLAG_IF | X86_FLAG_TF | X86_FLAG_AC | X86_FLAG_RF);
	return true;
}

enum { TSS_IO_MAP = 0x66, REDIRECTION_BYTES = 32 };

/* The bit of the redirection bitmap, which lies below the I/O bitmap: set is by way of the IDT. */
static bool read_redirection(struct x86_cpu *cpu, uint8_t vector, bool *ret_redirected)
{
	uint64_t base = x86_segment_base(cpu, X86_TR);
	uint32_t limit = cpu->segments[X86_TR].limit, at;
	uint16_t io_map;
	uint8_t byte;

	if (limit < TSS_IO_MAP + 1)
		return x86_raise_code(cpu, X86_GP, 0);
	if (!x86_system_read(cpu, x86_system_linear(cpu, base + TSS_IO_MAP), &io_map, 2))
		return false;
	at = io_map - REDIRECTION_BYTES + vector / 8u;
	if (at > limit)
		return x86_raise_code(cpu, X86_GP, 0);
	if (!x86_system_read(cpu, x86_system_linear(cpu, base + at), &byte, 1))
		return false;
	*ret_redirected = !(byte >> vector % 8 & 1);
	return true;
}

static unsigned iopl(const struct x86_cpu *cpu)
{
	return cpu->rflags >> 12 & 3;
}

/* To the handler of the virtual-8086 program. Below IOPL 3 it sees VIF as IF. */
static bool redirect_v86(struct x86_cpu *cpu, const struct x86_event *event, uint64_t *ret_rip)
{
	bool virtual = iopl(cpu) < 3;
	uint32_t flags = (uint32_t)event->flags;
	struct x86_stack stack;
	uint16_t cs;

	if (virtual)
		flags = (flags & ~X86_FLAG_IF) | X86_FLAG_IOPL | (flags & X86_FLAG_VIF ? X86_FLAG_IF : 0);
	if (!read_vector(cpu, 0, event->vector, ret_rip, &cs) || !push_real(cpu, event, flags, &stack))
		return false;
	x86_set_stack(cpu, &stack);
	x86_set_real(cpu, X86_CS, cs, true);
	cpu->rflags &= ~(X86_FLAG_TF | X86_FLAG_RF | (virtual ? X86_FLAG_VIF : X86_FLAG_IF));
	return true;
}

/* ---- through the IDT ---- */

static uint32_t idt_code(const struct x86_event *event)
{
	return event->vector * 8u + IDT_BIT;
}

static bool type_is_valid(const struct x86_cpu *cpu, unsigned type)
{
	switch (type) {
	case X86_TYPE_INTERRUPT:
	case X86_TYPE_TRAP:
		return true;
	case X86_TYPE_INTERRUPT16:
	case X86_TYPE_TRAP16:
	case X86_TYPE_TASK_GATE:
		return !x86_in_long(cpu);
	}
	return false;
}

static bool read_gate(struct x86_cpu *cpu, const struct x86_event *event, struct x86_gate *ret_gate)
{
	unsigned size = x86_in_long(cpu) ? 16 : 8;
	uint64_t linear = x86_system_linear(cpu, cpu->idtr.base + event->vector * size), raw[2] = { 0 };
	struct x86_descriptor descriptor;

	if (event->vector * size + size - 1 > cpu->idtr.limit)
		return x86_raise_code(cpu, X86_GP, idt_code(event));
	if (!x86_system_read(cpu, linear, raw, size))
		return false;
	x86_parse_descriptor(raw[0], &descriptor);
	descriptor.upper = raw[1];
	if (!type_is_valid(cpu, x86_system_type(&descriptor)) ||
	    (is_software(event) && x86_dpl(&descriptor) < cpu->cpl))
		return x86_raise_code(cpu, X86_GP, idt_code(event));
	if (!(descriptor.attributes & X86_ATTR_P))
		return x86_raise_code(cpu, X86_NP, idt_code(event));
	x86_parse_gate(cpu, &descriptor, ret_gate);
	return true;
}

static bool interrupt_task(struct x86_cpu *cpu, const struct x86_event *event, uint16_t selector, uint64_t *ret_rip)
{
	struct x86_task_switch task = {
		.cause = X86_TASK_CALL,
		.selector = selector,
		.rip = event->rip,
		.flags = (uint32_t)event->flags,
		.has_code = event->has_code,
		.code = event->code,
	};

	return x86_read_task(cpu, selector, &task.tss) && x86_switch_task(cpu, &task, ret_rip);
}

/* The handler's code, and the level that it runs at. */
static bool read_handler(struct x86_cpu *cpu, const struct x86_gate *gate, struct x86_descriptor *ret_code,
			 unsigned *ret_cpl)
{
	bool inner, valid;

	if (!x86_read_code(cpu, gate->selector, X86_GP, x86_rule_gate_call, ret_code))
		return false;
	inner = !x86_is_conforming(ret_code) && x86_dpl(ret_code) < cpu->cpl;
	valid = x86_in_long(cpu) ? (ret_code->attributes & (X86_ATTR_L | X86_ATTR_DB)) == X86_ATTR_L
				 : !x86_in_v86(cpu) || (inner && x86_dpl(ret_code) == 0);
	*ret_cpl = inner ? x86_dpl(ret_code) : cpu->cpl;
	return valid || x86_raise_code(cpu, X86_GP, x86_selector_code(gate->selector));
}

static bool find_stack(struct x86_cpu *cpu, const struct x86_gate *gate, unsigned cpl, struct x86_stack *ret_stack)
{
	unsigned ist = x86_in_long(cpu) ? gate->count & 7u : 0;
	bool ok = true;

	if (cpl < cpu->cpl)
		ok = x86_inner_stack(cpu, cpl, ist, ret_stack);
	else if (x86_in_long(cpu))
		ok = x86_interrupt_stack(cpu, ist, ret_stack);
	else
		x86_current_stack(cpu, ret_stack);
	if (x86_in_long(cpu))
		ret_stack->sp &= ~UINT64_C(15);
	return ok;
}

enum { FRAME_MAX = 10 };

/* In the order of pushes. Returns how many there are. */
static unsigned make_frame(const struct x86_cpu *cpu, const struct x86_event *event, bool has_stack,
			   uint64_t ret_frame[FRAME_MAX])
{
	static const uint8_t v86_segments[] = { X86_GS, X86_FS, X86_DS, X86_ES };
	unsigned count = 0;

	for (unsigned i = 0; x86_in_v86(cpu) && i < X86_COUNT(v86_segments); i++)
		ret_frame[count++] = cpu->segments[v86_segments[i]].selector;
	if (has_stack) {
		ret_frame[count++] = cpu->segments[X86_SS].selector;
		ret_frame[count++] = cpu->cpu.x[X86_RSP];
	}
	ret_frame[count++] = event->flags;
	ret_frame[count++] = cpu->segments[X86_CS].selector;
	ret_frame[count++] = event->rip;
	if (event->has_code)
		ret_frame[count++] = event->code;
	return count;
}

static unsigned frame_word(const struct x86_cpu *cpu, const struct x86_gate *gate)
{
	if (x86_in_long(cpu))
		return 8;
	return gate->type & X86_TYPE_IS_32 ? 4 : 2;
}

static void enter_handler(struct x86_cpu *cpu, const struct x86_gate *gate, const struct x86_descriptor *code,
			  unsigned cpl, const struct x86_stack *stack)
{
	static const uint8_t data_segments[] = { X86_ES, X86_DS, X86_FS, X86_GS };

	for (unsigned i = 0; x86_in_v86(cpu) && i < X86_COUNT(data_segments); i++)
		x86_set_null(cpu, data_segments[i], 0);
	x86_set_stack(cpu, stack);
	x86_set_code(cpu, gate->selector, cpl, code);
	cpu->rflags &= ~(X86_FLAG_TF | X86_FLAG_NT | X86_FLAG_RF | X86_FLAG_VM);
	if (gate->type == X86_TYPE_INTERRUPT || gate->type == X86_TYPE_INTERRUPT16)
		cpu->rflags &= ~X86_FLAG_IF;
}

static bool interrupt_gate(struct x86_cpu *cpu, const struct x86_event *event, const struct x86_gate *gate,
			   uint64_t *ret_rip)
{
	struct x86_descriptor code;
	struct x86_stack stack;
	uint64_t frame[FRAME_MAX];
	unsigned cpl, count;

	if (!read_handler(cpu, gate, &code, &cpl) || !find_stack(cpu, gate, cpl, &stack))
		return false;
	count = make_frame(cpu, event, x86_in_long(cpu) || stack.changes, frame);
	if (!x86_check_rip(cpu, &code, gate->offset) || !x86_push(cpu, &stack, frame_word(cpu, gate), frame, count) ||
	    !x86_mark_accessed(cpu, &code))
		return false;
	enter_handler(cpu, gate, &code, cpl, &stack);
	*ret_rip = gate->offset;
	return true;
}

static bool interrupt_protected(struct x86_cpu *cpu, const struct x86_event *event, uint64_t *ret_rip)
{
	struct x86_gate gate;

	if (!read_gate(cpu, event, &gate))
		return false;
	if (gate.type == X86_TYPE_TASK_GATE)
		return interrupt_task(cpu, event, gate.selector, ret_rip);
	return interrupt_gate(cpu, event, &gate, ret_rip);
}

static bool interrupt_v86(struct x86_cpu *cpu, const struct x86_event *event, uint64_t *ret_rip)
{
	bool redirected = false;

	if (event->source != X86_BY_INT_N)
		return interrupt_protected(cpu, event, ret_rip);
	if (cpu->cr4 & X86_CR4_VME && !read_redirection(cpu, event->vector, &redirected))
		return false;
	if (redirected)
		return redirect_v86(cpu, event, ret_rip);
	return iopl(cpu) == 3 ? interrupt_protected(cpu, event, ret_rip) : x86_raise_code(cpu, X86_GP, 0);
}

/* What failed on behalf of something that is not an instruction says so. */
static void mark_external(struct x86_cpu *cpu, const struct x86_event *event)
{
	struct x86_exception *exception = &cpu->exception;

	if (!is_software(event) && exception->has_code && exception->vector >= X86_TS && exception->vector <= X86_GP)
		exception->code |= EXT;
}

bool x86_interrupt(struct x86_cpu *cpu, const struct x86_event *event, uint64_t *ret_rip)
{
	bool ok;

	if (x86_in_v86(cpu))
		ok = interrupt_v86(cpu, event, ret_rip);
	else if (x86_in_real(cpu))
		ok = interrupt_real(cpu, event, ret_rip);
	else
		ok = interrupt_protected(cpu, event, ret_rip);
	if (cpu->exception.pending)
		mark_external(cpu, event);
	if (ok)
		x86_update_mode(cpu);
	return ok;
}

/* ---- exceptions and what follows from them ---- */

/* Table 6-4: benign exceptions are delivered one after the other. */
static bool is_contributory(unsigned vector)
{
	return vector == X86_DE || (vector >= X86_TS && vector <= X86_GP);
}

static bool becomes_double(unsigned first, unsigned second)
{
	if (first == X86_PF)
		return second == X86_PF || is_contributory(second);
	return is_contributory(first) && is_contributory(second);
}

/* RF is set for faults, so that their instruction goes on without meeting its breakpoint again; not for those of a
 * breakpoint itself. */
static uint64_t flags_to_save(const struct x86_cpu *cpu, const struct x86_exception *exception)
{
	bool breakpoint = exception->vector == X86_DB && exception->dr6 & DR6_BREAKPOINTS;

	return x86_rflags(cpu) | (exception->trap || breakpoint ? 0 : X86_FLAG_RF);
}

static void enter_debug(struct x86_cpu *cpu, uint64_t dr6)
{
	cpu->dr[6] = (cpu->dr[6] & ~(uint64_t)DR6_BREAKPOINTS) | dr6;
	cpu->dr[7] &= ~(uint64_t)DR7_GD;
}

static struct x86_event event_of(const struct x86_cpu *cpu, const struct x86_exception *exception)
{
	return (struct x86_event){
		.source = X86_BY_EXCEPTION,
		.vector = exception->vector,
		.has_code = exception->has_code,
		.code = exception->code,
		.rip = x86_rip_of_pc(cpu),
		.flags = flags_to_save(cpu, exception),
	};
}

/* One event that came from outside of executors. */
static bool deliver_event(struct x86_cpu *cpu, const struct x86_event *event)
{
	uint64_t rip;

	cpu->exception.pending = false;
	if (!x86_interrupt(cpu, event, &rip))
		return false;
	cpu->shadow = 0;
	cpu->halted = false;
	x86_set_pc(cpu, rip);
	return true;
}

static void make_double_fault(struct x86_exception *exception)
{
	*exception = (struct x86_exception){ .pending = true, .has_code = true, .vector = X86_DF };
}

enum x86_delivery x86_deliver(struct x86_cpu *cpu)
{
	const struct x86_exception original = cpu->exception;
	struct x86_exception present = original;

	for (;;) {
		struct x86_event event = event_of(cpu, &present);

		if (present.vector == X86_DB)
			enter_debug(cpu, present.dr6);
		deliver_event(cpu, &event);
		if (cpu->stopped) {
			cpu->exception = original;
			return X86_DELIVERY_EXIT;
		}
		if (!cpu->exception.pending)
			return X86_DELIVERED;
		if (present.vector == X86_DF)
			return X86_DELIVERY_TRIPLE_FAULT;
		if (becomes_double(present.vector, cpu->exception.vector))
			make_double_fault(&cpu->exception);
		present = cpu->exception;
	}
}

/* What it raises is delivered in its place, and the interrupt is lost as on a processor. */
static enum x86_delivery deliver_external(struct x86_cpu *cpu, uint8_t vector)
{
	struct x86_event event = {
		.source = X86_BY_INTERRUPT,
		.vector = vector,
		.rip = x86_rip_of_pc(cpu),
		.flags = x86_rflags(cpu),
	};

	enum x86_delivery result = X86_DELIVERED;

	deliver_event(cpu, &event);
	if (!cpu->stopped && cpu->exception.pending)
		result = x86_deliver(cpu);
	if (!cpu->stopped)
		return result;
	cpu->exception.pending = false; /* the interrupt itself is tried again */
	return X86_DELIVERY_EXIT;
}

enum x86_delivery x86_deliver_interrupt(struct x86_cpu *cpu, unsigned vector)
{
	return deliver_external(cpu, (uint8_t)vector);
}

enum x86_delivery x86_deliver_nmi(struct x86_cpu *cpu)
{
	enum x86_delivery result = deliver_external(cpu, X86_NMI);

	if (result == X86_DELIVERED)
		cpu->nmi_masked = true;
	return result;
}

/* ---- iret ---- */

/* The flags that a return may change, of those that have been popped. */
static void set_returned_flags(struct x86_cpu *cpu, uint64_t popped, uint32_t changes)
{
	x86_set_rflags(cpu, (x86_rflags(cpu) & ~(uint64_t)changes) | (popped & changes));
}

enum {
	RETURNED_FLAGS = 0x4dd5, /* the arithmetic flags, TF, DF, NT */
	RETURNED_WIDE = X86_FLAG_RF | X86_FLAG_AC | X86_FLAG_ID,
	RETURNED_REAL = 0x257fd5
};

static uint32_t returnable_flags(const struct x86_cpu *cpu, unsigned size)
{
	uint32_t changes = RETURNED_FLAGS;

	if (size > 2)
		changes |= RETURNED_WIDE;
	if (cpu->cpl <= iopl(cpu))
		changes |= X86_FLAG_IF;
	if (cpu->cpl == 0)
		changes |= X86_FLAG_IOPL | (size > 2 ? X86_FLAG_VIF | X86_FLAG_VIP : 0);
	return changes;
}

/* What iret pops, in its order. */
enum { POP_RIP, POP_CS, POP_FLAGS, POP_RSP, POP_SS, POP_ES, POP_DS, POP_FS, POP_GS, POP_MAX };

static bool return_real(struct x86_cpu *cpu, unsigned size, uint64_t *ret_rip)
{
	uint64_t popped[POP_FLAGS + 1];
	struct x86_stack stack;

	x86_current_stack(cpu, &stack);
	if (!x86_pop(cpu, &stack, size, popped, X86_COUNT(popped)))
		return false;
	if (popped[POP_RIP] > cpu->segments[X86_CS].limit)
		return x86_raise_code(cpu, X86_GP, 0);
	x86_set_stack(cpu, &stack);
	x86_set_real(cpu, X86_CS, (uint16_t)popped[POP_CS], false);
	set_returned_flags(cpu, popped[POP_FLAGS], size == 2 ? RETURNED_REAL & 0xffff : RETURNED_REAL);
	*ret_rip = popped[POP_RIP];
	return true;
}

/* IF becomes VIF below IOPL 3, where the virtual-8086 mode extensions let iret be executed at all. */
static bool set_virtual_flags(struct x86_cpu *cpu, uint64_t popped)
{
	if (popped & X86_FLAG_TF || (popped & X86_FLAG_IF && cpu->rflags & X86_FLAG_VIP))
		return x86_raise_code(cpu, X86_GP, 0);
	set_returned_flags(cpu, (popped & 0xffff) | (popped & X86_FLAG_IF ? X86_FLAG_VIF : 0),
			   RETURNED_FLAGS | X86_FLAG_VIF);
	return true;
}

static bool return_inside_v86(struct x86_cpu *cpu, unsigned size, uint64_t *ret_rip)
{
	bool virtual = iopl(cpu) < 3;
	uint64_t popped[POP_FLAGS + 1];
	struct x86_stack stack;

	if (virtual && (!(cpu->cr4 & X86_CR4_VME) || size > 2))
		return x86_raise_code(cpu, X86_GP, 0);
	x86_current_stack(cpu, &stack);
	if (!x86_pop(cpu, &stack, size, popped, X86_COUNT(popped)))
		return false;
	if (popped[POP_RIP] > cpu->segments[X86_CS].limit)
		return x86_raise_code(cpu, X86_GP, 0);
	if (virtual && !set_virtual_flags(cpu, popped[POP_FLAGS]))
		return false;
	if (!virtual)
		set_returned_flags(cpu, popped[POP_FLAGS],
				   RETURNED_FLAGS | X86_FLAG_IF | (size > 2 ? (uint32_t)RETURNED_WIDE : 0));
	x86_set_stack(cpu, &stack);
	x86_set_real(cpu, X86_CS, (uint16_t)popped[POP_CS], true);
	*ret_rip = popped[POP_RIP];
	return true;
}

static bool return_to_v86(struct x86_cpu *cpu, const uint64_t popped[POP_MAX], uint64_t *ret_rip)
{
	static const struct {
		uint8_t segment, popped;
	} segments[] = { { X86_CS, POP_CS }, { X86_SS, POP_SS }, { X86_ES, POP_ES },
			 { X86_DS, POP_DS }, { X86_FS, POP_FS }, { X86_GS, POP_GS } };

	if (popped[POP_RIP] > 0xffff)
		return x86_raise_code(cpu, X86_GP, 0);
	x86_set_rflags(cpu, popped[POP_FLAGS]);
	cpu->cpu.x[X86_RSP] = popped[POP_RSP];
	for (unsigned i = 0; i < X86_COUNT(segments); i++)
		x86_set_real(cpu, segments[i].segment, (uint16_t)popped[segments[i].popped], true);
	cpu->cpl = 3;
	*ret_rip = popped[POP_RIP];
	return true;
}

static void set_outer_stack(struct x86_cpu *cpu, const uint64_t popped[POP_MAX], const struct x86_descriptor *ss,
			    bool to_64)
{
	x86_set_from_descriptor(cpu, X86_SS, (uint16_t)popped[POP_SS], ss);
	x86_set_sp(cpu, x86_sp_mask(ss->attributes, to_64), popped[POP_RSP]);
}

/* To protected or 64-bit mode: `stack` has been popped up to the flags. */
static bool return_protected(struct x86_cpu *cpu, unsigned size, uint64_t popped[POP_MAX], struct x86_stack *stack,
			     uint64_t *ret_rip)
{
	uint16_t cs = (uint16_t)popped[POP_CS];
	unsigned cpl = x86_rpl(cs), old_cpl = cpu->cpl;
	bool pops_stack = cpl > old_cpl || x86_in_64(cpu), to_64;
	uint32_t changes = returnable_flags(cpu, size);
	struct x86_descriptor code, ss = { 0 };

	if (!x86_read_code(cpu, cs, X86_GP, x86_rule_return, &code))
		return false;
	to_64 = x86_is_64_code(cpu, &code);
	if (pops_stack && (!x86_pop(cpu, stack, size, popped + POP_RSP, 2) ||
			   !x86_read_outer_stack_segment(cpu, (uint16_t)popped[POP_SS], cpl, to_64, &ss)))
		return false;
	if (!x86_check_rip(cpu, &code, popped[POP_RIP]) || !x86_mark_accessed(cpu, &code))
		return false;
	if (pops_stack)
		set_outer_stack(cpu, popped, &ss, to_64);
	else
		x86_set_stack(cpu, stack);
	set_returned_flags(cpu, popped[POP_FLAGS], changes);
	x86_set_code(cpu, cs, cpl, &code);
	if (cpl > old_cpl)
		x86_drop_inner_segments(cpu);
	*ret_rip = popped[POP_RIP];
	return true;
}

static bool return_from_handler(struct x86_cpu *cpu, unsigned size, uint64_t next, uint64_t *ret_rip)
{
	uint64_t popped[POP_MAX];
	struct x86_stack stack;

	if (cpu->rflags & X86_FLAG_NT)
		return x86_in_long(cpu) ? x86_raise_code(cpu, X86_GP, 0)
					: x86_return_from_task(cpu, next, (uint32_t)x86_rflags(cpu), ret_rip);
	x86_current_stack(cpu, &stack);
	if (!x86_pop(cpu, &stack, size, popped, POP_FLAGS + 1))
		return false;
	if (popped[POP_FLAGS] & X86_FLAG_VM && size == 4 && cpu->cpl == 0 && !x86_in_long(cpu))
		return x86_pop(cpu, &stack, size, popped + POP_RSP, POP_MAX - POP_RSP) &&
		       return_to_v86(cpu, popped, ret_rip);
	return return_protected(cpu, size, popped, &stack, ret_rip);
}

bool x86_return_from_interrupt(struct x86_cpu *cpu, unsigned size, uint64_t next, uint64_t *ret_rip)
{
	bool ok;

	if (x86_in_v86(cpu))
		ok = return_inside_v86(cpu, size, ret_rip);
	else if (x86_in_real(cpu))
		ok = return_real(cpu, size, ret_rip);
	else
		ok = return_from_handler(cpu, size, next, ret_rip);
	if (!cpu->stopped)
		cpu->nmi_masked = false; /* also by an iret that faults */
	if (ok)
		x86_update_mode(cpu);
	return ok;
}
