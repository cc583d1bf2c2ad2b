/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Task switches (SDM 3, chapter 7, "Task Switching"). The steps up to the load of the task register fail in the old
 * task, those after it in the new one.
 */
#include "task.h"

#include <string.h>

#include "debug.h"
#include "flags.h"
#include "mmu.h"

/* A TSS of 16 or 32 bits: where its fields lie. */
struct layout {
	uint32_t minimum; /* of the limit */
	unsigned word;    /* bytes of a field */
	unsigned ip;      /* followed by the flags and the eight general registers */
	unsigned segments, segment_count;
	unsigned segment_step;
	unsigned ldt;
};

enum {
	TSS_LINK = 0,
	TSS32_CR3 = 0x1c,
	TSS32_TRAP = 0x64,
	TSS_SIZE = 0x68,
	DR6_BT = 0x8000,
	DR7_LOCAL = 0x155,
	GENERAL_REGISTERS = 8
};

static const struct layout layout16 = { 0x2b, 2, 0x0e, 0x22, 4, 2, 0x2a };
static const struct layout layout32 = { 0x67, 4, 0x20, 0x48, 6, 4, 0x60 };

static const struct layout *layout_of(uint32_t attributes)
{
	return attributes & X86_TYPE_IS_32 ? &layout32 : &layout16;
}

/* The registers that a switch replaces. */
struct registers {
	uint64_t x[SIM_REGISTERS];
	struct x86_segment segments[X86_SEGMENTS];
	uint64_t flags, cr0, cr3, pdptes[4], dr7;
	uint8_t cpl;
};

static void save_registers(const struct x86_cpu *cpu, struct registers *ret_saved)
{
	memcpy(ret_saved->x, cpu->cpu.x, sizeof(ret_saved->x));
	memcpy(ret_saved->segments, cpu->segments, sizeof(ret_saved->segments));
	memcpy(ret_saved->pdptes, cpu->pdptes, sizeof(ret_saved->pdptes));
	ret_saved->flags = x86_rflags(cpu);
	ret_saved->cr0 = cpu->cr0;
	ret_saved->cr3 = cpu->cr3;
	ret_saved->dr7 = cpu->dr[7];
	ret_saved->cpl = cpu->cpl;
}

static void restore_registers(struct x86_cpu *cpu, const struct registers *saved)
{
	memcpy(cpu->cpu.x, saved->x, sizeof(saved->x));
	memcpy(cpu->segments, saved->segments, sizeof(saved->segments));
	memcpy(cpu->pdptes, saved->pdptes, sizeof(saved->pdptes));
	x86_set_rflags(cpu, saved->flags);
	cpu->cr0 = saved->cr0;
	cpu->cr3 = saved->cr3;
	cpu->dr[7] = saved->dr7;
	cpu->cpl = saved->cpl;
	x86_debug_update(cpu);
	x86_update_mode(cpu);
}

/* ---- in the old task ---- */

static uint32_t field(const uint8_t *tss, const struct layout *layout, unsigned offset)
{
	uint32_t value = 0;

	memcpy(&value, tss + offset, layout->word);
	return value;
}

static bool read_tss(struct x86_cpu *cpu, const struct x86_task_switch *task, const struct layout *layout,
		     uint8_t tss[TSS_SIZE])
{
	if (task->tss.limit < layout->minimum)
		return x86_raise_code(cpu, X86_TS, x86_selector_code(task->selector));
	for (unsigned at = 0; at <= layout->minimum; at += 4)
		if (!x86_system_read(cpu, x86_system_linear(cpu, task->tss.base + at), tss + at, 4))
			return false;
	return true;
}

static bool write_field(struct x86_cpu *cpu, unsigned offset, uint64_t value, unsigned size)
{
	uint64_t linear = x86_segment_base(cpu, X86_TR) + offset;

	return x86_system_write(cpu, x86_system_linear(cpu, linear), &value, size);
}

/* The old task's state goes into its TSS. */
static bool save_task(struct x86_cpu *cpu, const struct x86_task_switch *task)
{
	const struct x86_segment *tr = &cpu->segments[X86_TR];
	const struct layout *layout = layout_of(tr->attributes);
	unsigned at = layout->ip, word = layout->word;

	if (tr->limit < layout->segments + layout->segment_count * layout->segment_step - 1)
		return x86_raise_code(cpu, X86_TS, x86_selector_code(tr->selector));
	if (!write_field(cpu, at, task->rip, word) || !write_field(cpu, at + word, task->flags, word))
		return false;
	at += 2 * word;
	for (unsigned i = 0; i < GENERAL_REGISTERS; i++, at += word)
		if (!write_field(cpu, at, cpu->cpu.x[i], word))
			return false;
	for (unsigned i = 0; i < layout->segment_count; i++)
		if (!write_field(cpu, layout->segments + i * layout->segment_step, cpu->segments[i].selector, 2))
			return false;
	return true;
}

static uint64_t current_tss_descriptor(const struct x86_cpu *cpu)
{
	return cpu->gdtr.base + x86_selector_code(cpu->segments[X86_TR].selector);
}

/* What memory says about both tasks: busy bits, and the way back. */
static bool mark_tasks(struct x86_cpu *cpu, const struct x86_task_switch *task)
{
	uint16_t link = cpu->segments[X86_TR].selector;

	if (task->cause != X86_TASK_CALL && !x86_change_type(cpu, current_tss_descriptor(cpu), X86_TYPE_BUSY, 0))
		return false;
	if (task->cause == X86_TASK_CALL &&
	    !x86_system_write(cpu, x86_system_linear(cpu, task->tss.base + TSS_LINK), &link, 2))
		return false;
	return task->cause == X86_TASK_RETURN || x86_change_type(cpu, task->tss.address, 0, X86_TYPE_BUSY);
}

/* ---- in the new task ---- */

static bool load_cr3(struct x86_cpu *cpu, uint64_t cr3)
{
	bool pae = cpu->cr4 & X86_CR4_PAE;

	if (pae && !x86_load_pdptes(cpu, cr3))
		return x86_raise_code(cpu, X86_GP, 0);
	cpu->cr3 = cr3;
	x86_flush_all(cpu);
	return true;
}

/* The selectors alone: what fails later finds them in the registers, which cannot be used yet. */
static void load_selectors(struct x86_cpu *cpu, const uint8_t *tss, const struct layout *layout)
{
	for (unsigned i = 0; i <= X86_GS; i++) {
		uint16_t selector = 0;

		if (i < layout->segment_count)
			memcpy(&selector, tss + layout->segments + i * layout->segment_step, 2);
		x86_set_null(cpu, i, selector);
	}
	x86_set_null(cpu, X86_LDTR, (uint16_t)field(tss, layout, layout->ldt));
}

/* All that needs no checks. */
static void load_task(struct x86_cpu *cpu, const struct x86_task_switch *task, const uint8_t *tss,
		      const struct layout *layout)
{
	unsigned at = layout->ip + 2 * layout->word;
	uint32_t flags = field(tss, layout, layout->ip + layout->word);

	x86_set_from_descriptor(cpu, X86_TR, task->selector, &task->tss);
	cpu->segments[X86_TR].attributes |= X86_TYPE_BUSY;
	cpu->cr0 |= X86_CR0_TS;
	cpu->dr[7] &= ~(uint64_t)DR7_LOCAL;
	x86_debug_update(cpu);
	if (task->cause == X86_TASK_CALL)
		flags |= X86_FLAG_NT;
	x86_set_rflags(cpu, flags);
	for (unsigned i = 0; i < GENERAL_REGISTERS; i++)
		cpu->cpu.x[i] = field(tss, layout, at + i * layout->word);
	load_selectors(cpu, tss, layout);
	cpu->cpl = (uint8_t)(flags & X86_FLAG_VM ? 3 : x86_rpl(cpu->segments[X86_CS].selector));
	x86_update_mode(cpu);
}

static bool load_task_ldt(struct x86_cpu *cpu)
{
	return x86_load_ldt(cpu, cpu->segments[X86_LDTR].selector, X86_TS, X86_TS);
}

static void load_v86_segments(struct x86_cpu *cpu)
{
	for (unsigned i = 0; i <= X86_GS; i++)
		x86_set_real(cpu, i, cpu->segments[i].selector, true);
}

static bool load_task_data(struct x86_cpu *cpu, unsigned segment)
{
	uint16_t selector = cpu->segments[segment].selector;
	struct x86_descriptor data;

	if (x86_is_null(selector))
		return true;
	if (!x86_read_data_segment(cpu, selector, X86_TS, cpu->cpl, &data))
		return false;
	x86_set_from_descriptor(cpu, segment, selector, &data);
	return true;
}

static bool load_protected_segments(struct x86_cpu *cpu, struct x86_descriptor *ret_code)
{
	static const uint8_t data_segments[] = { X86_ES, X86_DS, X86_FS, X86_GS };
	uint16_t cs = cpu->segments[X86_CS].selector, ss = cpu->segments[X86_SS].selector;
	struct x86_descriptor stack;

	if (!x86_read_code(cpu, cs, X86_TS, x86_rule_task, ret_code) || !x86_mark_accessed(cpu, ret_code))
		return false;
	x86_set_code(cpu, cs, x86_rpl(cs), ret_code);
	if (!x86_read_stack_segment(cpu, ss, X86_TS, cpu->cpl, &stack))
		return false;
	x86_set_from_descriptor(cpu, X86_SS, ss, &stack);
	for (unsigned i = 0; i < X86_COUNT(data_segments); i++)
		if (!load_task_data(cpu, data_segments[i]))
			return false;
	return true;
}

static bool load_segments(struct x86_cpu *cpu, uint64_t rip)
{
	struct x86_descriptor code = { .limit = 0xffff };

	if (!load_task_ldt(cpu))
		return false;
	if (cpu->rflags & X86_FLAG_VM)
		load_v86_segments(cpu);
	else if (!load_protected_segments(cpu, &code))
		return false;
	return x86_check_rip(cpu, &code, rip);
}

static bool push_code(struct x86_cpu *cpu, const struct x86_task_switch *task, const struct layout *layout)
{
	uint64_t code = task->code;
	struct x86_stack stack;

	if (!task->has_code)
		return true;
	x86_current_stack(cpu, &stack);
	if (!x86_push(cpu, &stack, layout->word, &code, 1))
		return false;
	x86_set_stack(cpu, &stack);
	return true;
}

/* The new task wants to be noticed by a debugger. */
static void trap_task(struct x86_cpu *cpu, const uint8_t *tss, const struct layout *layout)
{
	if (layout == &layout32 && tss[TSS32_TRAP] & 1)
		cpu->exception =
			(struct x86_exception){ .pending = true, .trap = true, .vector = X86_DB, .dr6 = DR6_BT };
}

static void enter_task(struct x86_cpu *cpu, const struct x86_task_switch *task, const uint8_t *tss,
		       const struct layout *layout, uint64_t rip)
{
	bool paged = layout == &layout32 && cpu->cr0 & X86_CR0_PG;
	bool ok;

	load_task(cpu, task, tss, layout);
	ok = (!paged || load_cr3(cpu, field(tss, layout, TSS32_CR3))) && load_segments(cpu, rip);
	x86_update_mode(cpu);
	if (ok && push_code(cpu, task, layout))
		trap_task(cpu, tss, layout);
}

bool x86_switch_task(struct x86_cpu *cpu, const struct x86_task_switch *task, uint64_t *ret_rip)
{
	const struct layout *layout = layout_of(task->tss.attributes);
	struct registers saved;
	uint8_t tss[TSS_SIZE];

	if (!read_tss(cpu, task, layout, tss) || !save_task(cpu, task) || !mark_tasks(cpu, task))
		return false;
	*ret_rip = field(tss, layout, layout->ip);
	save_registers(cpu, &saved);
	enter_task(cpu, task, tss, layout, *ret_rip);
	if (!cpu->stopped)
		return true;
	/* The run ends in the middle; the switch begins anew in the next one, and must find the task available. */
	restore_registers(cpu, &saved);
	if (task->cause != X86_TASK_RETURN)
		x86_change_type(cpu, task->tss.address, X86_TYPE_BUSY, 0);
	return false;
}

static bool is_tss(const struct x86_descriptor *descriptor, bool busy)
{
	unsigned type = x86_system_type(descriptor) & ~(unsigned)X86_TYPE_IS_32;

	return type == (busy ? X86_TYPE_TSS16_BUSY : X86_TYPE_TSS16);
}

static bool read_task(struct x86_cpu *cpu, uint16_t selector, unsigned vector, bool busy,
		      struct x86_descriptor *ret_tss)
{
	uint32_t code = x86_selector_code(selector);

	if (selector & 4 || x86_is_null(selector))
		return x86_raise_code(cpu, vector, code);
	if (!x86_read_descriptor(cpu, selector, vector, ret_tss))
		return false;
	if (!is_tss(ret_tss, busy))
		return x86_raise_code(cpu, vector, code);
	return ret_tss->attributes & X86_ATTR_P || x86_raise_code(cpu, X86_NP, code);
}

bool x86_read_task(struct x86_cpu *cpu, uint16_t selector, struct x86_descriptor *ret_tss)
{
	return read_task(cpu, selector, X86_GP, false, ret_tss);
}

bool x86_return_from_task(struct x86_cpu *cpu, uint64_t rip, uint32_t flags, uint64_t *ret_rip)
{
	struct x86_task_switch task = { .cause = X86_TASK_RETURN, .rip = rip, .flags = flags & ~X86_FLAG_NT };
	uint64_t link = x86_system_linear(cpu, x86_segment_base(cpu, X86_TR) + TSS_LINK);

	return x86_system_read(cpu, link, &task.selector, 2) &&
	       read_task(cpu, task.selector, X86_TS, true, &task.tss) && x86_switch_task(cpu, &task, ret_rip);
}
