/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors, segment registers and stacks. SDM 3, chapters 3 and 5. */
#include "segment.h"

enum { ATTRIBUTES_V86 = 0xf3, DESCRIPTOR_SIZE = 8, TYPE_BYTE = 5 };

uint64_t x86_rip_of_pc(const struct x86_cpu *cpu)
{
	uint64_t rip = cpu->cpu.pc - x86_segment_base(cpu, X86_CS);

	return x86_in_64(cpu) ? rip : (uint32_t)rip;
}

void x86_set_pc(struct x86_cpu *cpu, uint64_t rip)
{
	uint64_t pc = x86_segment_base(cpu, X86_CS) + rip;

	cpu->cpu.pc = x86_in_64(cpu) ? pc : (uint32_t)pc;
	cpu->cpu.link = NULL;
}

/* ---- descriptors ---- */

void x86_parse_descriptor(uint64_t raw, struct x86_descriptor *ret_descriptor)
{
	uint32_t low = (uint32_t)raw, high = (uint32_t)(raw >> 32);

	ret_descriptor->low = low;
	ret_descriptor->high = high;
	ret_descriptor->attributes = high >> 8 & 0xf0ff;
	ret_descriptor->base = low >> 16 | (high & 0xff) << 16 | (high & 0xff000000);
	ret_descriptor->limit = (low & 0xffff) | (high & 0xf0000);
	if (ret_descriptor->attributes & X86_ATTR_G)
		ret_descriptor->limit = ret_descriptor->limit << 12 | 0xfff;
	ret_descriptor->upper = 0;
}

bool x86_selector_in_table(const struct x86_cpu *cpu, uint16_t selector, uint64_t *ret_address)
{
	bool local = selector & 4;
	uint64_t base = local ? x86_segment_base(cpu, X86_LDTR) : cpu->gdtr.base;
	uint32_t limit = local ? cpu->segments[X86_LDTR].limit : cpu->gdtr.limit;
	uint32_t offset = selector & 0xfff8u;

	if (local && !(cpu->segments[X86_LDTR].attributes & X86_ATTR_P))
		return false;
	*ret_address = x86_system_linear(cpu, base + offset);
	return offset + DESCRIPTOR_SIZE - 1 <= limit;
}

bool x86_read_descriptor(struct x86_cpu *cpu, uint16_t selector, unsigned vector, struct x86_descriptor *ret_descriptor)
{
	uint64_t raw;

	if (!x86_selector_in_table(cpu, selector, &ret_descriptor->address))
		return x86_raise_code(cpu, vector, x86_selector_code(selector));
	if (!x86_system_read(cpu, ret_descriptor->address, &raw, DESCRIPTOR_SIZE))
		return false;
	x86_parse_descriptor(raw, ret_descriptor);
	return true;
}

bool x86_read_upper(struct x86_cpu *cpu, uint16_t selector, unsigned vector, struct x86_descriptor *descriptor)
{
	uint64_t address;

	if (selector >= 0xfff8 || !x86_selector_in_table(cpu, (uint16_t)(selector + DESCRIPTOR_SIZE), &address))
		return x86_raise_code(cpu, vector, x86_selector_code(selector));
	if (!x86_system_read(cpu, address, &descriptor->upper, DESCRIPTOR_SIZE))
		return false;
	/* Where a descriptor of 8 bytes would have its type, there are zeroes. */
	if (descriptor->upper >> 40 & 0x1f)
		return x86_raise_code(cpu, vector, x86_selector_code(selector));
	descriptor->base |= descriptor->upper << 32;
	return true;
}

void x86_parse_gate(const struct x86_cpu *cpu, const struct x86_descriptor *descriptor, struct x86_gate *ret_gate)
{
	ret_gate->selector = (uint16_t)(descriptor->low >> 16);
	ret_gate->type = descriptor->high >> 8 & 0xf;
	ret_gate->offset = descriptor->low & 0xffff;
	ret_gate->count = descriptor->high & 0x1f;
	if (ret_gate->type & X86_TYPE_IS_32)
		ret_gate->offset |= descriptor->high & 0xffff0000;
	if (x86_in_long(cpu))
		ret_gate->offset |= descriptor->upper << 32;
}

bool x86_change_type(struct x86_cpu *cpu, uint64_t address, unsigned clear, unsigned set)
{
	uint64_t place = x86_system_linear(cpu, address + TYPE_BYTE);
	uint8_t byte;

	if (!x86_system_read(cpu, place, &byte, 1))
		return false;
	byte = (uint8_t)((byte & ~clear) | set);
	return x86_system_write(cpu, place, &byte, 1);
}

bool x86_mark_accessed(struct x86_cpu *cpu, struct x86_descriptor *descriptor)
{
	if (descriptor->attributes & X86_ATTR_ACCESSED)
		return true;
	if (!x86_change_type(cpu, descriptor->address, 0, X86_ATTR_ACCESSED))
		return false;
	descriptor->attributes |= X86_ATTR_ACCESSED;
	return true;
}

/* ---- code ---- */

bool x86_rule_direct(const struct x86_cpu *cpu, uint16_t selector, const struct x86_descriptor *code)
{
	if (x86_is_conforming(code))
		return x86_dpl(code) <= cpu->cpl;
	return x86_rpl(selector) <= cpu->cpl && x86_dpl(code) == cpu->cpl;
}

bool x86_rule_gate_jump(const struct x86_cpu *cpu, uint16_t selector, const struct x86_descriptor *code)
{
	(void)selector;
	return x86_is_conforming(code) ? x86_dpl(code) <= cpu->cpl : x86_dpl(code) == cpu->cpl;
}

bool x86_rule_gate_call(const struct x86_cpu *cpu, uint16_t selector, const struct x86_descriptor *code)
{
	(void)selector;
	return x86_dpl(code) <= cpu->cpl;
}

bool x86_rule_task(const struct x86_cpu *cpu, uint16_t selector, const struct x86_descriptor *code)
{
	(void)cpu;
	return x86_is_conforming(code) ? x86_dpl(code) <= x86_rpl(selector) : x86_dpl(code) == x86_rpl(selector);
}

bool x86_rule_return(const struct x86_cpu *cpu, uint16_t selector, const struct x86_descriptor *code)
{
	return x86_rpl(selector) >= cpu->cpl && x86_rule_task(cpu, selector, code);
}

bool x86_read_code(struct x86_cpu *cpu, uint16_t selector, unsigned vector, x86_code_rule rule,
		   struct x86_descriptor *ret_code)
{
	const uint32_t both = X86_ATTR_L | X86_ATTR_DB;

	if (x86_is_null(selector))
		return x86_raise_code(cpu, vector, 0);
	if (!x86_read_descriptor(cpu, selector, vector, ret_code))
		return false;
	if (!x86_is_code(ret_code) || !rule(cpu, selector, ret_code) ||
	    (x86_in_long(cpu) && (ret_code->attributes & both) == both))
		return x86_raise_code(cpu, vector, x86_selector_code(selector));
	if (!(ret_code->attributes & X86_ATTR_P))
		return x86_raise_code(cpu, X86_NP, x86_selector_code(selector));
	return true;
}

bool x86_check_rip(struct x86_cpu *cpu, const struct x86_descriptor *code, uint64_t rip)
{
	bool valid = x86_is_64_code(cpu, code) ? x86_canonical(rip) : rip <= code->limit;

	return valid || x86_raise_code(cpu, X86_GP, 0);
}

/* ---- loading, without checks ---- */

void x86_set_segment(struct x86_cpu *cpu, unsigned segment, uint16_t selector, uint64_t base, uint32_t limit,
		     uint32_t attributes)
{
	cpu->cpu.x[X86_X_BASES + segment] = base;
	cpu->segments[segment] = (struct x86_segment){ selector, attributes, limit };
}

void x86_put_segment(struct x86_cpu *cpu, unsigned segment, uint16_t selector, uint64_t base, uint32_t limit,
		     uint32_t attributes)
{
	x86_set_segment(cpu, segment, selector, base, limit, attributes);
	x86_update_mode(cpu);
}

void x86_set_from_descriptor(struct x86_cpu *cpu, unsigned segment, uint16_t selector,
			     const struct x86_descriptor *descriptor)
{
	x86_set_segment(cpu, segment, selector, descriptor->base, descriptor->limit, descriptor->attributes);
}

void x86_set_code(struct x86_cpu *cpu, uint16_t selector, unsigned cpl, const struct x86_descriptor *code)
{
	/* The base that 64-bit mode ignores is 0, so that linear addresses of code are made in one way. */
	uint64_t base = x86_is_64_code(cpu, code) ? 0 : code->base;

	cpu->cpl = (uint8_t)cpl;
	x86_set_segment(cpu, X86_CS, (uint16_t)((selector & ~3u) | cpl), base, code->limit, code->attributes);
}

void x86_set_null(struct x86_cpu *cpu, unsigned segment, uint16_t selector)
{
	x86_set_segment(cpu, segment, selector, 0, 0, 0);
}

void x86_set_real(struct x86_cpu *cpu, unsigned segment, uint16_t selector, bool v86)
{
	struct x86_segment *place = &cpu->segments[segment];

	place->selector = selector;
	cpu->cpu.x[X86_X_BASES + segment] = (uint64_t)selector << 4;
	if (v86) {
		place->limit = 0xffff;
		place->attributes = ATTRIBUTES_V86;
	}
}

static bool is_for_inner(const struct x86_cpu *cpu, const struct x86_segment *segment)
{
	const uint32_t conforming = X86_ATTR_CODE | X86_ATTR_EXPAND_DOWN;

	return segment->attributes & X86_ATTR_P && (segment->attributes & conforming) != conforming &&
	       (segment->attributes >> 5 & 3) < cpu->cpl;
}

void x86_drop_inner_segments(struct x86_cpu *cpu)
{
	static const uint8_t segments[] = { X86_ES, X86_DS, X86_FS, X86_GS };

	for (unsigned i = 0; i < X86_COUNT(segments); i++)
		if (is_for_inner(cpu, &cpu->segments[segments[i]]))
			x86_set_null(cpu, segments[i], 0);
}

/* ---- loading with checks ---- */

bool x86_read_data_segment(struct x86_cpu *cpu, uint16_t selector, unsigned vector, unsigned cpl,
			   struct x86_descriptor *ret_data)
{
	unsigned lowest = x86_rpl(selector) > cpl ? x86_rpl(selector) : cpl;

	if (!x86_read_descriptor(cpu, selector, vector, ret_data))
		return false;
	if (!x86_is_readable(ret_data))
		return x86_raise_code(cpu, vector, x86_selector_code(selector));
	if (!(x86_is_code(ret_data) && x86_is_conforming(ret_data)) && lowest > x86_dpl(ret_data))
		return x86_raise_code(cpu, vector, x86_selector_code(selector));
	if (!(ret_data->attributes & X86_ATTR_P))
		return x86_raise_code(cpu, X86_NP, x86_selector_code(selector));
	return x86_mark_accessed(cpu, ret_data);
}

bool x86_read_stack_segment(struct x86_cpu *cpu, uint16_t selector, unsigned vector, unsigned cpl,
			    struct x86_descriptor *ret_stack)
{
	if (x86_is_null(selector))
		return x86_raise_code(cpu, vector, 0);
	if (!x86_read_descriptor(cpu, selector, vector, ret_stack))
		return false;
	if (x86_rpl(selector) != cpl || !x86_is_writable_data(ret_stack) || x86_dpl(ret_stack) != cpl)
		return x86_raise_code(cpu, vector, x86_selector_code(selector));
	if (!(ret_stack->attributes & X86_ATTR_P))
		return x86_raise_code(cpu, X86_SS_FAULT, x86_selector_code(selector));
	return x86_mark_accessed(cpu, ret_stack);
}

/* A null ss keeps its privilege level, which nothing else would have. */
static void make_null_stack(unsigned cpl, struct x86_descriptor *ret_stack)
{
	*ret_stack = (struct x86_descriptor){ .attributes = cpl << 5 };
}

bool x86_read_outer_stack_segment(struct x86_cpu *cpu, uint16_t selector, unsigned cpl, bool to_64,
				  struct x86_descriptor *ret_stack)
{
	if (!x86_is_null(selector) || !to_64 || cpl == 3 || x86_rpl(selector) != cpl)
		return x86_read_stack_segment(cpu, selector, X86_GP, cpl, ret_stack);
	make_null_stack(cpl, ret_stack);
	return true;
}

static bool read_for_register(struct x86_cpu *cpu, unsigned segment, uint16_t selector,
			      struct x86_descriptor *ret_descriptor)
{
	if (segment == X86_SS)
		return x86_read_outer_stack_segment(cpu, selector, cpu->cpl, x86_in_64(cpu), ret_descriptor);
	*ret_descriptor = (struct x86_descriptor){ 0 };
	return x86_is_null(selector) || x86_read_data_segment(cpu, selector, X86_GP, cpu->cpl, ret_descriptor);
}

bool x86_load_segment(struct x86_cpu *cpu, unsigned segment, uint16_t selector)
{
	struct x86_descriptor descriptor;

	if (x86_in_real(cpu)) {
		x86_set_real(cpu, segment, selector, x86_in_v86(cpu));
	} else {
		if (!read_for_register(cpu, segment, selector, &descriptor))
			return false;
		x86_set_from_descriptor(cpu, segment, selector, &descriptor);
	}
	x86_update_mode(cpu);
	return true;
}

bool x86_load_ldt(struct x86_cpu *cpu, uint16_t selector, unsigned vector, unsigned absent_vector)
{
	struct x86_descriptor descriptor;

	if (x86_is_null(selector)) {
		x86_set_null(cpu, X86_LDTR, selector);
		return true;
	}
	if (selector & 4)
		return x86_raise_code(cpu, vector, x86_selector_code(selector));
	if (!x86_read_descriptor(cpu, selector, vector, &descriptor))
		return false;
	if (x86_system_type(&descriptor) != X86_TYPE_LDT)
		return x86_raise_code(cpu, vector, x86_selector_code(selector));
	if (!(descriptor.attributes & X86_ATTR_P))
		return x86_raise_code(cpu, absent_vector, x86_selector_code(selector));
	if (x86_in_64(cpu) && !x86_read_upper(cpu, selector, vector, &descriptor))
		return false;
	if (!x86_canonical(descriptor.base))
		return x86_raise_code(cpu, vector, x86_selector_code(selector));
	x86_set_from_descriptor(cpu, X86_LDTR, selector, &descriptor);
	return true;
}

/* ---- stacks ---- */

uint64_t x86_sp_mask(uint32_t attributes, bool in_64)
{
	if (in_64)
		return UINT64_MAX;
	return attributes & X86_ATTR_DB ? UINT32_MAX : UINT16_MAX;
}

void x86_current_stack(const struct x86_cpu *cpu, struct x86_stack *ret_stack)
{
	const struct x86_segment *ss = &cpu->segments[X86_SS];

	*ret_stack = (struct x86_stack){
		.base = x86_segment_base(cpu, X86_SS),
		.sp = cpu->cpu.x[X86_RSP],
		.mask = x86_sp_mask(ss->attributes, x86_in_64(cpu)),
		.limit = ss->limit,
		.attributes = ss->attributes,
		.selector = ss->selector,
		.cpl = cpu->cpl,
	};
}

/* A pointer in the current TSS. */
static bool read_tss(struct x86_cpu *cpu, uint32_t offset, void *ret_data, unsigned size)
{
	const struct x86_segment *tr = &cpu->segments[X86_TR];

	if (offset + size - 1 > tr->limit)
		return x86_raise_code(cpu, X86_TS, x86_selector_code(tr->selector));
	return x86_system_read(cpu, x86_system_linear(cpu, x86_segment_base(cpu, X86_TR) + offset), ret_data, size);
}

enum { TSS64_RSP = 4, TSS64_IST = 36 };

bool x86_interrupt_stack(struct x86_cpu *cpu, unsigned ist, struct x86_stack *ret_stack)
{
	x86_current_stack(cpu, ret_stack);
	ret_stack->mask = UINT64_MAX;
	ret_stack->base = 0;
	return ist == 0 || read_tss(cpu, TSS64_IST + 8 * (ist - 1), &ret_stack->sp, 8);
}

static bool inner_stack_64(struct x86_cpu *cpu, unsigned cpl, unsigned ist, struct x86_stack *ret_stack)
{
	struct x86_descriptor null;

	make_null_stack(cpl, &null);
	*ret_stack = (struct x86_stack){
		.mask = UINT64_MAX,
		.attributes = null.attributes,
		.selector = (uint16_t)cpl,
		.cpl = (uint8_t)cpl,
		.changes = true,
	};
	return read_tss(cpu, ist ? TSS64_IST + 8 * (ist - 1) : TSS64_RSP + 8 * cpl, &ret_stack->sp, 8);
}

/* sp and ss of a level in a TSS of 16 or 32 bits. */
static bool read_inner_pointer(struct x86_cpu *cpu, unsigned cpl, uint32_t *ret_sp, uint16_t *ret_selector)
{
	uint8_t bytes[6];

	if (cpu->segments[X86_TR].attributes & X86_TYPE_IS_32) {
		if (!read_tss(cpu, 4 + 8 * cpl, bytes, 6))
			return false;
		__builtin_memcpy(ret_sp, bytes, 4);
		__builtin_memcpy(ret_selector, bytes + 4, 2);
		return true;
	}
	if (!read_tss(cpu, 2 + 4 * cpl, bytes, 4))
		return false;
	*ret_sp = 0;
	__builtin_memcpy(ret_sp, bytes, 2);
	__builtin_memcpy(ret_selector, bytes + 2, 2);
	return true;
}

bool x86_inner_stack(struct x86_cpu *cpu, unsigned cpl, unsigned ist, struct x86_stack *ret_stack)
{
	struct x86_descriptor ss;
	uint16_t selector;
	uint32_t sp;

	if (x86_in_long(cpu))
		return inner_stack_64(cpu, cpl, ist, ret_stack);
	if (!read_inner_pointer(cpu, cpl, &sp, &selector) || !x86_read_stack_segment(cpu, selector, X86_TS, cpl, &ss))
		return false;
	*ret_stack = (struct x86_stack){
		.base = ss.base,
		.sp = sp,
		.mask = x86_sp_mask(ss.attributes, false),
		.limit = ss.limit,
		.attributes = ss.attributes,
		.code = x86_selector_code(selector),
		.selector = selector,
		.cpl = (uint8_t)cpl,
		.changes = true,
	};
	return true;
}

static bool is_in_limit(const struct x86_stack *stack, uint64_t offset, unsigned size)
{
	uint64_t last = offset + size - 1;

	if (!(stack->attributes & X86_ATTR_P))
		return false;
	if (!(stack->attributes & X86_ATTR_CODE) && stack->attributes & X86_ATTR_EXPAND_DOWN)
		return offset > stack->limit && last <= (stack->attributes & X86_ATTR_DB ? UINT32_MAX : UINT16_MAX);
	return last <= stack->limit;
}

/* The linear address of a stack's offset. */
static bool stack_linear(struct x86_cpu *cpu, const struct x86_stack *stack, uint64_t offset, unsigned size,
			 uint64_t *ret_linear)
{
	bool valid;

	offset &= stack->mask;
	if (stack->mask == UINT64_MAX) {
		valid = x86_canonical(offset) && x86_canonical(offset + size - 1);
		*ret_linear = offset;
	} else {
		valid = is_in_limit(stack, offset, size);
		*ret_linear = (uint32_t)(stack->base + offset);
	}
	return valid || x86_raise_code(cpu, X86_SS_FAULT, stack->code);
}

bool x86_push(struct x86_cpu *cpu, struct x86_stack *stack, unsigned size, const uint64_t *values, unsigned count)
{
	uint64_t linear;

	for (unsigned i = 1; i <= count; i++)
		if (!stack_linear(cpu, stack, stack->sp - i * size, size, &linear))
			return false;
	for (unsigned i = 0; i < count; i++) {
		stack->sp -= size;
		if (!stack_linear(cpu, stack, stack->sp, size, &linear) ||
		    !x86_level_write(cpu, stack->cpl, linear, &values[i], size))
			return false;
	}
	return true;
}

bool x86_pop(struct x86_cpu *cpu, struct x86_stack *stack, unsigned size, uint64_t *ret_values, unsigned count)
{
	uint64_t linear;

	for (unsigned i = 0; i < count; i++) {
		ret_values[i] = 0;
		if (!stack_linear(cpu, stack, stack->sp, size, &linear) ||
		    !x86_level_read(cpu, stack->cpl, linear, &ret_values[i], size))
			return false;
		stack->sp += size;
	}
	return true;
}

void x86_set_sp(struct x86_cpu *cpu, uint64_t mask, uint64_t sp)
{
	uint64_t *rsp = &cpu->cpu.x[X86_RSP];

	/* Bits 32 to 63 are written with 32 bits, as everywhere; those above 16 are not with 16. */
	*rsp = mask == UINT16_MAX ? (*rsp & ~mask) | (sp & mask) : sp & mask;
}

void x86_set_stack(struct x86_cpu *cpu, const struct x86_stack *stack)
{
	if (stack->changes)
		x86_set_segment(cpu, X86_SS, stack->selector, stack->base, stack->limit, stack->attributes);
	x86_set_sp(cpu, stack->mask, stack->sp);
}
