/* SPDX-License-Identifier: Apache-2.0 */
/* See regs.h. */
#include "regs.h"

#include <axvcpu/regs/x86_64.h>
#include <string.h>

#include "access.h"
#include "clock.h"
#include "control.h"
#include "debug.h"
#include "flags.h"
#include "host-fpu.h"
#include "mmu.h"
#include "msr.h"
#include "x86-cpuid.h"

#define WHO "sim-x86_64"
#define REG_RIP 16u
#define REG_RFLAGS 17u
#define CR8_MAX 15u
#define MP_RUNS 0u
#define MP_HALTED 3u

/* ---- answers ---- */

static int32_t wrong_size(const struct x86_cpu *cpu, uint64_t id, uint32_t size)
{
	return cpu->cpu.host->error(AXVCPU_ERROR_INVALID_INPUT, WHO ": register 0x%llx does not have %u bytes",
				    (unsigned long long)id, size);
}

/* `rule` says which values it takes. */
static int32_t refuse(const struct x86_cpu *cpu, uint64_t value, const char *rule)
{
	return cpu->cpu.host->error(AXVCPU_ERROR_INVALID_INPUT, WHO ": 0x%llx: %s", (unsigned long long)value, rule);
}

/* ---- what goes together ---- */

static uint64_t rip_of(const struct x86_cpu *cpu)
{
	if (cpu->unsettled)
		return cpu->unsettled_rip;
	return x86_in_64(cpu) ? cpu->cpu.pc : (uint32_t)(cpu->cpu.pc - x86_segment_base(cpu, X86_CS));
}

static void unsettle(struct x86_cpu *cpu)
{
	cpu->unsettled_rip = rip_of(cpu);
	cpu->unsettled = true;
}

static int32_t refuse_together(const struct x86_cpu *cpu, const char *rule)
{
	return cpu->cpu.host->error(
		AXVCPU_ERROR_INVALID_INPUT,
		WHO ": these registers do not go together: cr0 0x%llx, cr3 0x%llx, cr4 0x%llx, efer 0x%llx, rflags "
		    "0x%llx, cs attributes 0x%x: %s",
		(unsigned long long)cpu->cr0, (unsigned long long)cpu->cr3, (unsigned long long)cpu->cr4,
		(unsigned long long)cpu->efer, (unsigned long long)x86_rflags(cpu), cpu->segments[X86_CS].attributes,
		rule);
}

static const char *broken_rule(const struct x86_cpu *cpu)
{
	bool paging = cpu->cr0 & X86_CR0_PG, active = cpu->efer & X86_EFER_LMA;
	uint32_t code = cpu->segments[X86_CS].attributes;

	if (active != (paging && cpu->efer & X86_EFER_LME))
		return "LMA is set when PG and LME are, and only then";
	if (active && !(cpu->cr4 & X86_CR4_PAE))
		return "long mode needs PAE";
	if (!active && cpu->cr4 & X86_CR4_PCIDE)
		return "PCIDE needs long mode";
	if (!active && cpu->cr0 & X86_CR0_PE && code & X86_ATTR_L)
		return "L needs long mode";
	if (active && (code & (X86_ATTR_L | X86_ATTR_DB)) == (X86_ATTR_L | X86_ATTR_DB))
		return "L and D exclude each other";
	if (active && cpu->rflags & X86_FLAG_VM)
		return "long mode has no virtual-8086 mode";
	if (cpu->rflags & X86_FLAG_VM && !(cpu->cr0 & X86_CR0_PE))
		return "virtual-8086 mode needs PE";
	return NULL;
}

static uint8_t privilege(const struct x86_cpu *cpu)
{
	if (!(cpu->cr0 & X86_CR0_PE))
		return 0;
	if (cpu->rflags & X86_FLAG_VM)
		return 3;
	return (uint8_t)(cpu->segments[X86_SS].attributes >> 5 & 3);
}

static int32_t load_pdptes(struct x86_cpu *cpu)
{
	bool loaded;

	if (!x86_uses_pdptes(cpu))
		return 0;
	x86_touch_memory(cpu);
	loaded = x86_load_pdptes(cpu, cpu->cr3);
	x86_leave_memory(cpu);
	return loaded ? 0 : refuse_together(cpu, "cr3 does not lead to page-directory-pointer-table entries");
}

/* What an engine was in the midst of delivering is delivered from the start. */
static void settle_events(struct x86_cpu *cpu)
{
	cpu->exception.pending |= cpu->exception_given;
	if (cpu->exception.pending && cpu->payload_given && cpu->exception.vector == X86_PF)
		cpu->cr2 = cpu->exception.dr6;
	cpu->nmi_pending |= cpu->nmi_given;
	cpu->exception_given = cpu->payload_given = cpu->nmi_given = false;
}

int32_t x86_settle(struct x86_cpu *cpu)
{
	const char *rule;
	int32_t error;

	if (!cpu->unsettled)
		return 0;
	rule = broken_rule(cpu);
	if (rule)
		return refuse_together(cpu, rule);
	error = load_pdptes(cpu);
	if (error)
		return error;
	cpu->cpl = privilege(cpu);
	x86_flush_all(cpu);
	x86_update_mode(cpu);
	x86_debug_update(cpu);
	settle_events(cpu);
	cpu->cpu.pc =
		x86_in_64(cpu) ? cpu->unsettled_rip : (uint32_t)(cpu->unsettled_rip + x86_segment_base(cpu, X86_CS));
	cpu->cpu.link = NULL;
	cpu->unsettled = false;
	return 0;
}

void x86_go_to_entry(struct x86_cpu *cpu)
{
	uint64_t entry = cpu->entry;
	bool is_startup = entry < 0x100000 && entry % 4096 == 0;
	uint64_t base = is_startup ? entry : entry & ~UINT64_C(0xffff);

	unsettle(cpu);
	cpu->segments[X86_CS].selector = (uint16_t)(entry < 0x100000 ? base >> 4 : 0xf000);
	cpu->cpu.x[X86_X_BASES + X86_CS] = base;
	cpu->unsettled_rip = entry - base;
	x86_set_rflags(cpu, 2);
	cpu->halted = false;
	x86_forget_access(cpu);
}

/* ---- general registers ---- */

/* The guest's own, or a breakpoint of the VMM's at which the last run ended. */
static bool skips_breakpoints(const struct x86_cpu *cpu)
{
	return cpu->at_breakpoint || (cpu->resuming && cpu->resumed_at == sim_cpu_retired(&cpu->cpu));
}

static int32_t get_general(struct x86_cpu *cpu, uint64_t index, uint64_t *ret_value)
{
	if (index < 16)
		*ret_value = cpu->cpu.x[index];
	else if (index == REG_RIP)
		*ret_value = rip_of(cpu);
	else if (index == REG_RFLAGS)
		*ret_value = x86_rflags(cpu) | (skips_breakpoints(cpu) ? X86_FLAG_RF : 0);
	else
		return AXVCPU_ERROR_NOT_FOUND;
	return 0;
}

/* Who moves rip gives up the access that is under way. */
static void set_rip(struct x86_cpu *cpu, uint64_t value)
{
	x86_forget_access(cpu);
	cpu->unsettled_rip = value;
	cpu->at_breakpoint = cpu->halted = cpu->resuming = cpu->msr_refusable = false;
}

static int32_t set_general(struct x86_cpu *cpu, uint64_t index, uint64_t value)
{
	if (index < 16) {
		cpu->cpu.x[index] = value;
		return 0;
	}
	if (index > REG_RFLAGS)
		return AXVCPU_ERROR_NOT_FOUND;
	if (index == REG_RFLAGS && value & ~(uint64_t)(X86_FLAGS_ALL | 2))
		return refuse(cpu, value, "flags that are reserved");
	unsettle(cpu);
	if (index == REG_RIP) {
		set_rip(cpu, value);
		return 0;
	}
	x86_set_rflags(cpu, value);
	cpu->at_breakpoint = value & X86_FLAG_RF;
	return 0;
}

/* ---- system registers ---- */

static int32_t get_msr(struct x86_cpu *cpu, uint64_t index, uint64_t *ret_value)
{
	return x86_msr_get(cpu, index, ret_value) == X86_MSR_OK ? 0 : AXVCPU_ERROR_NOT_FOUND;
}

static int32_t set_msr(struct x86_cpu *cpu, uint64_t index, uint64_t value)
{
	unsettle(cpu);
	switch (x86_msr_set(cpu, index, value)) {
	case X86_MSR_OK:
		return 0;
	case X86_MSR_NONE:
		return AXVCPU_ERROR_NOT_FOUND;
	default:
		return cpu->cpu.host->error(AXVCPU_ERROR_INVALID_INPUT, WHO ": 0x%llx is no value for MSR 0x%llx",
					    (unsigned long long)value, (unsigned long long)index);
	}
}

static uint64_t *control_place(struct x86_cpu *cpu, uint64_t index)
{
	switch (index) {
	case 0:
		return &cpu->cr0;
	case 2:
		return &cpu->cr2;
	case 3:
		return &cpu->cr3;
	case 4:
		return &cpu->cr4;
	case 8:
		return &cpu->cr8;
	}
	return NULL;
}

static int32_t get_control(struct x86_cpu *cpu, uint64_t index, uint64_t *ret_value)
{
	const uint64_t *place = control_place(cpu, index);

	if (!place)
		return AXVCPU_ERROR_NOT_FOUND;
	*ret_value = *place;
	return 0;
}

static int32_t set_control(struct x86_cpu *cpu, uint64_t index, uint64_t value)
{
	uint64_t *place = control_place(cpu, index);

	if (!place)
		return AXVCPU_ERROR_NOT_FOUND;
	if (index == 0 && !x86_cr0_is_valid(value))
		return refuse(cpu, value, "cr0 has 32 bits, PG needs PE, NW needs CD");
	if (index == 3 && !x86_cr3_is_valid(value))
		return refuse(cpu, value, "cr3 is an address of 48 bits");
	if (index == 4 && value & ~x86_cr4_supported(cpu))
		return refuse(cpu, value, "cr4 has bits of features that this processor has not");
	if (index == 8 && value > CR8_MAX)
		return refuse(cpu, value, "cr8 is a priority of 0 to 15");
	*place = value;
	if (index != 2 && index != 8)
		unsettle(cpu);
	return 0;
}

static int32_t get_extended_control(struct x86_cpu *cpu, uint64_t index, uint64_t *ret_value)
{
	*ret_value = cpu->xcr0;
	return index == 0 ? 0 : AXVCPU_ERROR_NOT_FOUND;
}

static int32_t set_extended_control(struct x86_cpu *cpu, uint64_t index, uint64_t value)
{
	if (index != 0)
		return AXVCPU_ERROR_NOT_FOUND;
	if (!x86_xcr0_is_valid(cpu, value))
		return refuse(cpu, value, "xcr0 has bit 0, AVX with SSE, and no more than this processor");
	unsettle(cpu);
	cpu->xcr0 = value;
	return 0;
}

static bool is_debug_register(uint64_t index)
{
	return index < 4 || index == 6 || index == 7;
}

static int32_t get_debug(struct x86_cpu *cpu, uint64_t index, uint64_t *ret_value)
{
	if (!is_debug_register(index))
		return AXVCPU_ERROR_NOT_FOUND;
	*ret_value = cpu->dr[index];
	return 0;
}

static int32_t set_debug(struct x86_cpu *cpu, uint64_t index, uint64_t value)
{
	if (!is_debug_register(index))
		return AXVCPU_ERROR_NOT_FOUND;
	if (index >= 6 && value > UINT32_MAX)
		return refuse(cpu, value, "dr6 and dr7 have 32 bits");
	unsettle(cpu);
	cpu->dr[index] = index == 6 ? x86_dr6_of(value) : index == 7 ? x86_dr7_of(value) : value;
	return 0;
}

enum { PART_SELECTOR, PART_BASE, PART_LIMIT, PART_ATTRIBUTES, PARTS };

#define SEGMENT_ATTRIBUTES UINT64_C(0xf0ff)

static int32_t get_segment(struct x86_cpu *cpu, uint64_t index, uint64_t *ret_value)
{
	const struct x86_segment *segment = &cpu->segments[index / PARTS];

	if (index / PARTS >= X86_SEGMENTS)
		return AXVCPU_ERROR_NOT_FOUND;
	switch (index % PARTS) {
	case PART_SELECTOR:
		*ret_value = segment->selector;
		break;
	case PART_BASE:
		*ret_value = x86_segment_base(cpu, (unsigned)(index / PARTS));
		break;
	case PART_LIMIT:
		*ret_value = segment->limit;
		break;
	default:
		*ret_value = segment->attributes;
		break;
	}
	return 0;
}

static int32_t set_segment(struct x86_cpu *cpu, uint64_t index, uint64_t value)
{
	static const uint64_t masks[PARTS] = { UINT16_MAX, UINT64_MAX, UINT32_MAX, SEGMENT_ATTRIBUTES };
	struct x86_segment *segment = &cpu->segments[index / PARTS];

	if (index / PARTS >= X86_SEGMENTS)
		return AXVCPU_ERROR_NOT_FOUND;
	if (value & ~masks[index % PARTS])
		return refuse(cpu, value, "selectors have 16 bits, limits 32, attributes bits 0 to 7 and 12 to 15");
	if (index % PARTS == PART_BASE && !x86_canonical(value))
		return refuse(cpu, value, "a base is a canonical address");
	unsettle(cpu);
	switch (index % PARTS) {
	case PART_SELECTOR:
		segment->selector = (uint16_t)value;
		break;
	case PART_BASE:
		cpu->cpu.x[X86_X_BASES + index / PARTS] = value;
		break;
	case PART_LIMIT:
		segment->limit = (uint32_t)value;
		break;
	default:
		segment->attributes = (uint32_t)value;
		break;
	}
	return 0;
}

static int32_t get_table(struct x86_cpu *cpu, uint64_t index, uint64_t *ret_value)
{
	const struct x86_table *table = index / 2 ? &cpu->idtr : &cpu->gdtr;

	*ret_value = index % 2 ? table->limit : table->base;
	return index < 4 ? 0 : AXVCPU_ERROR_NOT_FOUND;
}

static int32_t set_table(struct x86_cpu *cpu, uint64_t index, uint64_t value)
{
	struct x86_table *table = index / 2 ? &cpu->idtr : &cpu->gdtr;

	if (index >= 4)
		return AXVCPU_ERROR_NOT_FOUND;
	if (index % 2 ? value > UINT16_MAX : !x86_canonical(value))
		return refuse(cpu, value, "tables have a canonical base and a limit of 16 bits");
	if (index % 2)
		table->limit = (uint32_t)value;
	else
		table->base = value;
	return 0;
}

enum { CLOCK_KHZ, CLOCK_OFFSET };

static int32_t get_clock(struct x86_cpu *cpu, uint64_t index, uint64_t *ret_value)
{
	if (index == CLOCK_KHZ)
		*ret_value = cpu->processor.tsc_khz;
	else if (index == CLOCK_OFFSET && cpu->counts_host)
		*ret_value = cpu->tsc_offset;
	else
		return AXVCPU_ERROR_NOT_FOUND;
	return 0;
}

/* The counter of a guest that has run goes on from where it is. */
static int32_t set_khz(struct x86_cpu *cpu, uint64_t value)
{
	uint64_t tsc = x86_tsc(cpu);

	if (value == 0 || value > UINT32_MAX)
		return refuse(cpu, value, "tsc_khz has 32 bits and is not 0");
	if (value == cpu->processor.tsc_khz)
		return 0;
	x86_set_tsc_khz(cpu, (uint32_t)value);
	if (cpu->has_run)
		x86_set_tsc(cpu, tsc);
	else
		x86_tsc_begin(cpu);
	return 0;
}

static int32_t set_clock(struct x86_cpu *cpu, uint64_t index, uint64_t value)
{
	if (index == CLOCK_KHZ)
		return set_khz(cpu, value);
	if (index != CLOCK_OFFSET || !cpu->counts_host)
		return AXVCPU_ERROR_NOT_FOUND;
	cpu->tsc_offset = value;
	return 0;
}

static int32_t get_cpuid(struct x86_cpu *cpu, uint64_t index, uint64_t *ret_value)
{
	return x86_cpuid_get(cpu, index, ret_value);
}

/* What lies above 32 bits: see the macros of the header. */
static const struct {
	int32_t (*get)(struct x86_cpu *cpu, uint64_t index, uint64_t *ret_value);
	int32_t (*set)(struct x86_cpu *cpu, uint64_t index, uint64_t value);
} system_kinds[] = {
	{ get_msr, set_msr },     { get_control, set_control }, { get_extended_control, set_extended_control },
	{ get_debug, set_debug }, { get_segment, set_segment }, { get_table, set_table },
	{ get_clock, set_clock }, { get_cpuid, x86_cpuid_set },
};

static int32_t get_system(struct x86_cpu *cpu, uint64_t index, uint64_t *ret_value)
{
	uint64_t kind = index >> 32;

	return kind < X86_COUNT(system_kinds) ? system_kinds[kind].get(cpu, (uint32_t)index, ret_value)
					      : AXVCPU_ERROR_NOT_FOUND;
}

static int32_t set_system(struct x86_cpu *cpu, uint64_t index, uint64_t value)
{
	uint64_t kind = index >> 32;

	return kind < X86_COUNT(system_kinds) ? system_kinds[kind].set(cpu, (uint32_t)index, value)
					      : AXVCPU_ERROR_NOT_FOUND;
}

/* ---- events ---- */

enum {
	EXCEPTION_INJECTED,
	EXCEPTION_PENDING,
	EXCEPTION_VECTOR,
	EXCEPTION_HAS_CODE,
	EXCEPTION_CODE,
	EXCEPTION_HAS_PAYLOAD,
	EXCEPTION_PAYLOAD,
	INTERRUPT_INJECTED,
	INTERRUPT_VECTOR,
	INTERRUPT_SOFT,
	INTERRUPT_SHADOW,
	NMI_INJECTED,
	NMI_PENDING,
	NMI_MASKED,
	MP_STATE = 19,
	EVENTS
};

static int queued_vector(const struct x86_cpu *cpu)
{
	for (int i = 0; i < 4; i++)
		if (cpu->queued[i])
			return i * 64 + __builtin_ctzll(cpu->queued[i]);
	return -1;
}

static void queue_only(struct x86_cpu *cpu, int vector)
{
	memset(cpu->queued, 0, sizeof(cpu->queued));
	if (vector >= 0)
		cpu->queued[vector / 64] = UINT64_C(1) << vector % 64;
}

/* An exception that waits has its address in cr2 already; the bits of dr6 are with it. */
static int32_t get_event(struct x86_cpu *cpu, uint64_t index, uint64_t *ret_value)
{
	const struct x86_exception *exception = &cpu->exception;
	bool pending = exception->pending;
	int queued = queued_vector(cpu);
	const uint64_t values[EVENTS] = {
		[EXCEPTION_PENDING] = pending,
		[EXCEPTION_VECTOR] = pending ? exception->vector : 0,
		[EXCEPTION_HAS_CODE] = pending && exception->has_code,
		[EXCEPTION_CODE] = pending && exception->has_code ? exception->code : 0,
		[EXCEPTION_HAS_PAYLOAD] = pending && exception->vector == X86_DB,
		[EXCEPTION_PAYLOAD] = pending && exception->vector == X86_DB ? exception->dr6 : 0,
		[INTERRUPT_INJECTED] = queued >= 0,
		[INTERRUPT_VECTOR] = queued >= 0 ? (uint64_t)queued : 0,
		[INTERRUPT_SHADOW] = cpu->shadow,
		[NMI_PENDING] = cpu->nmi_pending,
		[NMI_MASKED] = cpu->nmi_masked,
		[MP_STATE] = cpu->halted ? MP_HALTED : MP_RUNS,
	};

	if (index >= EVENTS)
		return AXVCPU_ERROR_NOT_FOUND;
	*ret_value = values[index];
	return 0;
}

/* The highest value of each. What is always 0 here is refused otherwise: system management mode, INIT, SIPI, and a
 * shutdown are the VMM's. */
static const uint32_t event_max[EVENTS] = {
	[EXCEPTION_INJECTED] = 1,         [EXCEPTION_PENDING] = 1,
	[EXCEPTION_VECTOR] = 31,          [EXCEPTION_HAS_CODE] = 1,
	[EXCEPTION_CODE] = UINT32_MAX,    [EXCEPTION_HAS_PAYLOAD] = 1,
	[EXCEPTION_PAYLOAD] = UINT32_MAX, [INTERRUPT_INJECTED] = 1,
	[INTERRUPT_VECTOR] = 255,         [INTERRUPT_SOFT] = 1,
	[INTERRUPT_SHADOW] = 2,           [NMI_INJECTED] = 1,
	[NMI_PENDING] = UINT32_MAX,       [NMI_MASKED] = 1,
	[MP_STATE] = MP_HALTED,
};

static void store_exception(struct x86_cpu *cpu, uint64_t index, uint64_t value)
{
	struct x86_exception *exception = &cpu->exception;

	switch (index) {
	case EXCEPTION_INJECTED:
		cpu->exception_given = value;
		break;
	case EXCEPTION_PENDING:
		exception->pending = value;
		break;
	case EXCEPTION_VECTOR:
		exception->vector = (uint8_t)value;
		break;
	case EXCEPTION_HAS_CODE:
		exception->has_code = value;
		break;
	case EXCEPTION_CODE:
		exception->code = (uint32_t)value;
		break;
	case EXCEPTION_HAS_PAYLOAD:
		cpu->payload_given = value;
		break;
	case EXCEPTION_PAYLOAD:
		exception->dr6 = value;
		break;
	}
}

/* A software interrupt that was being delivered is not taken over: its instruction is executed again. */
static void store_interrupt(struct x86_cpu *cpu, uint64_t index, uint64_t value)
{
	switch (index) {
	case INTERRUPT_INJECTED:
		queue_only(cpu, value ? 0 : -1);
		break;
	case INTERRUPT_VECTOR:
		if (queued_vector(cpu) >= 0)
			queue_only(cpu, (int)value);
		break;
	case INTERRUPT_SOFT:
		if (value)
			queue_only(cpu, -1);
		break;
	case INTERRUPT_SHADOW:
		cpu->shadow = (uint8_t)value;
		break;
	case NMI_INJECTED:
		cpu->nmi_given = value;
		break;
	case NMI_PENDING:
		cpu->nmi_pending = value;
		break;
	case NMI_MASKED:
		cpu->nmi_masked = value;
		break;
	case MP_STATE:
		cpu->halted = value == MP_HALTED;
		break;
	}
}

static int32_t set_event(struct x86_cpu *cpu, uint64_t index, uint64_t value)
{
	if (index >= EVENTS)
		return AXVCPU_ERROR_NOT_FOUND;
	if (value > event_max[index] || (index == MP_STATE && value != MP_RUNS && value != MP_HALTED))
		return refuse(cpu, value,
			      "no such state of events here; mp_state is 0 (runs) or 3 (halted), as INIT and SIPI are "
			      "the VMM's");
	unsettle(cpu);
	store_exception(cpu, index, value);
	store_interrupt(cpu, index, value);
	return 0;
}

/* ---- x87, SSE, AVX ---- */

enum { FCW, FSW, FTW, FOP, FIP, FDP, MXCSR, FPU_FIELDS };

static unsigned top_of(uint16_t sw)
{
	return sw >> 11 & 7;
}

static union x86_x87_reg *st_of(struct x86_cpu *cpu, unsigned index)
{
	return &cpu->x87.regs[(top_of(cpu->x87.sw) + index) & 7];
}

/* The tag word in full: valid, zero, special, empty. */
static unsigned tag_of(const union x86_x87_reg *reg)
{
	unsigned exponent = reg->sign_exponent & 0x7fff;

	if (!exponent && !reg->significand)
		return 1;
	return exponent && exponent != 0x7fff && reg->significand >> 63 ? 0 : 2;
}

static uint64_t tags(const struct x86_cpu *cpu)
{
	uint64_t word = 0;

	for (unsigned i = 0; i < 8; i++)
		word |= (uint64_t)(cpu->x87.empty >> i & 1 ? 3 : tag_of(&cpu->x87.regs[i])) << 2 * i;
	return word;
}

static void set_tags(struct x86_cpu *cpu, uint64_t word)
{
	cpu->x87.empty = 0;
	for (unsigned i = 0; i < 8; i++)
		if ((word >> 2 * i & 3) == 3)
			cpu->x87.empty = (uint8_t)(cpu->x87.empty | 1u << i);
}

/* st0 to st7 stay what they are when the top of the stack is written: the VMM may have written them before. */
static void set_status(struct x86_cpu *cpu, uint16_t sw)
{
	union x86_x87_reg stack[8];

	for (unsigned i = 0; i < 8; i++)
		stack[i] = *st_of(cpu, i);
	cpu->x87.sw = sw;
	for (unsigned i = 0; i < 8; i++)
		*st_of(cpu, i) = stack[i];
}

static uint64_t get_fpu(const struct x86_cpu *cpu, unsigned field)
{
	const uint64_t values[FPU_FIELDS] = { cpu->x87.cw,  cpu->x87.sw,  tags(cpu), cpu->x87.fop,
					      cpu->x87.fip, cpu->x87.fdp, cpu->mxcsr };

	return values[field];
}

static int32_t set_fpu(struct x86_cpu *cpu, unsigned field, uint64_t value)
{
	static const uint64_t masks[FPU_FIELDS] = { UINT16_MAX, UINT16_MAX, UINT16_MAX,     0x7ff,
						    UINT64_MAX, UINT64_MAX, X86_MXCSR_VALID };

	if (value & ~masks[field])
		return refuse(cpu, value, "fcw, fsw, ftw and mxcsr have 16 bits, fop 11");
	switch (field) {
	case FCW:
		cpu->x87.cw = (uint16_t)value;
		break;
	case FSW:
		set_status(cpu, (uint16_t)value);
		break;
	case FTW:
		set_tags(cpu, value);
		break;
	case FOP:
		cpu->x87.fop = (uint16_t)value;
		break;
	case FIP:
		cpu->x87.fip = value;
		break;
	case FDP:
		cpu->x87.fdp = value;
		break;
	default:
		cpu->mxcsr = (uint32_t)value;
		cpu->simd_unmasked = (value & X86_MXCSR_MASKS) != X86_MXCSR_MASKS;
		break;
	}
	return 0;
}

/* Of registers wider than a word, and those beside them: where one lies, and its size. */
static void *wide_place(struct x86_cpu *cpu, uint64_t index, uint32_t *ret_size)
{
	if (index < 8) {
		*ret_size = 10;
		return st_of(cpu, (unsigned)index)->bytes;
	}
	if (index >= 32 && index < 48) {
		*ret_size = 32;
		return cpu->v[index - 32].u8;
	}
	if (index >= 64 && index < 80) {
		*ret_size = 16;
		return cpu->v[index - 64].u8;
	}
	return NULL;
}

static int32_t get_fp(struct x86_cpu *cpu, uint64_t id, uint64_t index, void *ret_value, uint32_t size)
{
	uint32_t wide_size;
	const void *place = wide_place(cpu, index, &wide_size);
	uint64_t value;

	if (place) {
		if (size != wide_size)
			return wrong_size(cpu, id, size);
		memcpy(ret_value, place, size);
		return 0;
	}
	if (index - 16 >= FPU_FIELDS)
		return AXVCPU_ERROR_NOT_FOUND; /* an everyday answer: without a text */
	if (size != sizeof(value))
		return wrong_size(cpu, id, size);
	value = get_fpu(cpu, (unsigned)(index - 16));
	memcpy(ret_value, &value, sizeof(value));
	return 0;
}

static bool has_upper_half(const uint8_t *value)
{
	for (unsigned i = 16; i < 32; i++)
		if (value[i])
			return true;
	return false;
}

static int32_t set_fp(struct x86_cpu *cpu, uint64_t id, uint64_t index, const void *value, uint32_t size)
{
	uint32_t wide_size;
	void *place = wide_place(cpu, index, &wide_size);
	uint64_t word;

	if (place) {
		if (size != wide_size)
			return wrong_size(cpu, id, size);
		if (size == 32 && has_upper_half(value) && !x86_has(cpu, X86_FEATURE_BIT_AVX))
			return refuse(cpu, 1, "without AVX the upper half of ymm is 0");
		memcpy(place, value, size);
		return 0;
	}
	if (index - 16 >= FPU_FIELDS)
		return AXVCPU_ERROR_NOT_FOUND;
	if (size != sizeof(word))
		return wrong_size(cpu, id, size);
	memcpy(&word, value, sizeof(word));
	return set_fpu(cpu, (unsigned)(index - 16), word);
}

/* ---- all of them ---- */

static const struct {
	int32_t (*get)(struct x86_cpu *cpu, uint64_t index, uint64_t *ret_value);
	int32_t (*set)(struct x86_cpu *cpu, uint64_t index, uint64_t value);
} groups[] = {
	[AXVCPU_REG_GENERAL] = { get_general, set_general },
	[AXVCPU_REG_SYSTEM] = { get_system, set_system },
	[AXVCPU_REG_EVENT] = { get_event, set_event },
};

static bool is_word_group(uint64_t id)
{
	uint32_t group = AXVCPU_REG_ID_GROUP(id);

	return group < X86_COUNT(groups) && groups[group].get;
}

int32_t x86_get_reg(struct x86_cpu *cpu, uint64_t id, void *ret_value, uint32_t size)
{
	uint64_t index = AXVCPU_REG_ID_INDEX(id), value = 0;
	int32_t error = x86_settle(cpu);

	if (error)
		return error;
	x86_finish_access(cpu);
	if (AXVCPU_REG_ID_ARCH(id) != AXVCPU_ARCH_X86_64)
		return AXVCPU_ERROR_NOT_FOUND;
	if (AXVCPU_REG_ID_GROUP(id) == AXVCPU_REG_FP)
		return get_fp(cpu, id, index, ret_value, size);
	if (!is_word_group(id) || groups[AXVCPU_REG_ID_GROUP(id)].get(cpu, index, &value))
		return AXVCPU_ERROR_NOT_FOUND;
	if (size != sizeof(value))
		return wrong_size(cpu, id, size);
	memcpy(ret_value, &value, sizeof(value));
	return 0;
}

int32_t x86_set_reg(struct x86_cpu *cpu, uint64_t id, const void *value, uint32_t size)
{
	uint64_t index = AXVCPU_REG_ID_INDEX(id), word;

	if (!cpu->unsettled)
		x86_finish_access(cpu);
	if (AXVCPU_REG_ID_ARCH(id) != AXVCPU_ARCH_X86_64)
		return AXVCPU_ERROR_NOT_FOUND;
	if (AXVCPU_REG_ID_GROUP(id) == AXVCPU_REG_FP)
		return set_fp(cpu, id, index, value, size);
	if (!is_word_group(id))
		return AXVCPU_ERROR_NOT_FOUND;
	if (size != sizeof(word))
		return wrong_size(cpu, id, size);
	memcpy(&word, value, sizeof(word));
	return groups[AXVCPU_REG_ID_GROUP(id)].set(cpu, index, word);
}
