/* SPDX-License-Identifier: Apache-2.0 */
/* One local APIC: priorities, local interrupts, and its registers as one table for both modes. See lapic.h. */
#include "lapic_parts.h"

enum {
	VERSION = 0x14 | (LAPIC_LVTS - 1) << 16,
	SVR_RESET = 0xff,
	SVR_ENABLE = 1u << 8,
	LVT_DELIVERY_STATUS = 1u << 12,
	LVT_REMOTE_IRR = 1u << 14,
	LVT_LEVEL = 1u << 15,
	LVT_MASKED = 1u << 16,
	ICR_DELIVERY_STATUS = 1u << 12,
};

#define DFR_FLAT UINT32_MAX
#define BASE_ADDRESS UINT64_C(0x000ffffffffff000)

static bool is_switched_on(const struct lapic *lapic)
{
	return lapic_is_enabled(lapic) && (lapic->svr & SVR_ENABLE);
}

static bool test_bit(const uint32_t bits[8], uint8_t vector)
{
	return bits[vector / 32] >> (vector % 32) & 1;
}

static void set_bit(uint32_t bits[8], uint8_t vector, bool value)
{
	uint32_t mask = UINT32_C(1) << (vector % 32);

	bits[vector / 32] = value ? bits[vector / 32] | mask : bits[vector / 32] & ~mask;
}

static int highest(const uint32_t bits[8])
{
	for (int word = 7; word >= 0; word--)
		if (bits[word])
			return word * 32 + 31 - __builtin_clz(bits[word]);
	return -1;
}

static uint8_t class_of(int vector)
{
	return vector < 0 ? 0 : (uint8_t)(vector & 0xf0);
}

/* Section "Task and Processor Priorities". */
uint8_t lapic_processor_priority(const struct lapic *lapic)
{
	uint8_t in_service = class_of(highest(lapic->isr));

	return (lapic->tpr & 0xf0) >= in_service ? lapic->tpr : in_service;
}

/* The vector that the processor would get from IRR now, or -1. */
static int deliverable(const struct lapic *lapic)
{
	int vector = highest(lapic->irr);

	return class_of(vector) > (lapic_processor_priority(lapic) & 0xf0) ? vector : -1;
}

static unsigned lvt_mode(const struct lapic *lapic, enum lapic_lvt entry)
{
	return lapic->lvt[entry] >> 8 & 7;
}

static bool is_masked(const struct lapic *lapic, enum lapic_lvt entry)
{
	return lapic->lvt[entry] & LVT_MASKED;
}

/* An interrupt of the 8259; a switched-off APIC lets it pass from LINT0, which is INTR then. */
static bool external_waits(const struct lapic *lapic)
{
	if (!lapic_is_enabled(lapic))
		return lapic->pin[0];
	return lapic->external ||
	       (lapic->pin[0] && !is_masked(lapic, LVT_LINT0) && lvt_mode(lapic, LVT_LINT0) == APIC_EXTINT);
}

static void update(struct lapic *lapic)
{
	const struct apic_wiring *wiring = &lapic->bus->wiring;
	bool output = external_waits(lapic) || deliverable(lapic) >= 0;

	if (output == lapic->output)
		return;
	lapic->output = output;
	wiring->set_interrupt(wiring->context, lapic->id, output);
}

int lapic_acknowledge(struct lapic *lapic)
{
	const struct apic_wiring *wiring = &lapic->bus->wiring;
	int vector;

	if (external_waits(lapic)) {
		lapic->external = false;
		vector = wiring->acknowledge_external(wiring->context);
		update(lapic);
		return vector;
	}
	vector = deliverable(lapic);
	if (vector >= 0) {
		set_bit(lapic->irr, (uint8_t)vector, false);
		set_bit(lapic->isr, (uint8_t)vector, true);
	}
	update(lapic);
	return vector;
}

static bool accept_vector(struct lapic *lapic, const struct apic_message *message)
{
	if (!is_switched_on(lapic))
		return false;
	if (message->vector < APIC_VECTOR_MIN) {
		lapic_raise_error(lapic, ESR_RECEIVED_ILLEGAL_VECTOR);
		return false;
	}
	set_bit(lapic->irr, message->vector, true);
	set_bit(lapic->tmr, message->vector, message->level);
	update(lapic);
	return true;
}

/* There is no system management mode here: the interrupt is taken, and nothing comes of it. */
static bool accept_smi(struct lapic *lapic, const struct apic_message *message)
{
	(void)lapic;
	(void)message;
	return true;
}

static bool accept_nmi(struct lapic *lapic, const struct apic_message *message)
{
	const struct apic_wiring *wiring = &lapic->bus->wiring;

	(void)message;
	wiring->nmi(wiring->context, lapic->id);
	return true;
}

static bool accept_init(struct lapic *lapic, const struct apic_message *message)
{
	const struct apic_wiring *wiring = &lapic->bus->wiring;

	(void)message;
	lapic_reset(lapic);
	wiring->init(wiring->context, lapic->id);
	return true;
}

static bool accept_start_up(struct lapic *lapic, const struct apic_message *message)
{
	const struct apic_wiring *wiring = &lapic->bus->wiring;

	wiring->start_up(wiring->context, lapic->id, message->vector);
	return true;
}

static bool accept_external(struct lapic *lapic, const struct apic_message *message)
{
	(void)message;
	lapic->external = true;
	update(lapic);
	return true;
}

bool lapic_accept(struct lapic *lapic, const struct apic_message *message)
{
	static bool (*const accept[8])(struct lapic * lapic, const struct apic_message *message) = {
		[APIC_FIXED] = accept_vector,    [APIC_LOWEST] = accept_vector, [APIC_SMI] = accept_smi,
		[APIC_NMI] = accept_nmi,         [APIC_INIT] = accept_init,     [APIC_START_UP] = accept_start_up,
		[APIC_EXTINT] = accept_external,
	};
	unsigned mode = message->mode & 7;

	return lapic_is_enabled(lapic) && accept[mode] && accept[mode](lapic, message);
}

/* A local interrupt. LINT pins that are level-triggered have a way of their own (serve_level), and ExtINT too. */
static void fire(struct lapic *lapic, enum lapic_lvt entry, bool level)
{
	const struct apic_message message = { .vector = (uint8_t)lapic->lvt[entry],
					      .mode = (uint8_t)lvt_mode(lapic, entry),
					      .level = level };

	if (!is_masked(lapic, entry) && message.mode != APIC_EXTINT && message.mode != APIC_START_UP)
		lapic_accept(lapic, &message);
}

/* An error whose own vector is illegal would be its own cause for ever. */
void lapic_raise_error(struct lapic *lapic, uint32_t bit)
{
	lapic->esr_collected |= bit;
	if ((lapic->lvt[LVT_ERROR] & 0xff) >= APIC_VECTOR_MIN)
		fire(lapic, LVT_ERROR, false);
}

/* LINT0 alone can be level-triggered; it waits for the EOI of the interrupt that it made before. */
static void serve_level(struct lapic *lapic)
{
	uint32_t *lvt = &lapic->lvt[LVT_LINT0];

	if (!lapic->pin[0] || (*lvt & (LVT_MASKED | LVT_REMOTE_IRR)) || !(*lvt & LVT_LEVEL) ||
	    lvt_mode(lapic, LVT_LINT0) != APIC_FIXED)
		return;
	*lvt |= LVT_REMOTE_IRR;
	fire(lapic, LVT_LINT0, true);
}

static bool is_level(const struct lapic *lapic, unsigned pin)
{
	return !pin && (lapic->lvt[LVT_LINT0] & LVT_LEVEL) && lvt_mode(lapic, LVT_LINT0) == APIC_FIXED;
}

void lapic_set_pin(struct lapic *lapic, unsigned pin, bool level)
{
	const struct apic_wiring *wiring = &lapic->bus->wiring;
	bool rises = level && !lapic->pin[pin];

	lapic->pin[pin] = level;
	if (!lapic_is_enabled(lapic) && pin && rises)
		wiring->nmi(wiring->context, lapic->id);
	else if (is_level(lapic, pin))
		serve_level(lapic);
	else if (rises)
		fire(lapic, pin ? LVT_LINT1 : LVT_LINT0, false);
	update(lapic);
}

void lapic_set_tpr(struct lapic *lapic, uint8_t tpr)
{
	lapic->tpr = tpr;
	update(lapic);
}

/* The timer */

static uint64_t now(const struct lapic *lapic)
{
	return clock_now(&lapic->bus->clock);
}

uint64_t lapic_due(const struct lapic *lapic)
{
	return is_masked(lapic, LVT_TIMER) ? UINT64_MAX : lapic_timer_due(&lapic->timer);
}

/* Also before every access to the timer's registers: those show what is due as done. */
void lapic_tick(struct lapic *lapic)
{
	if (lapic_timer_expire(&lapic->timer, now(lapic)))
		fire(lapic, LVT_TIMER, false);
}

static void rearm(const struct lapic *lapic)
{
	const struct device_clock *clock = &lapic->bus->clock;
	uint64_t due = lapic_due(lapic);

	if (due != UINT64_MAX)
		clock->rearmed(clock->context, due);
}

/* The registers: what a read gives, what a write does. `index` is the offset / 16. */

static uint32_t read_id(struct lapic *lapic, unsigned index)
{
	(void)index;
	return lapic_is_x2apic(lapic) ? lapic->id : lapic->id << 24;
}

static uint32_t read_version(struct lapic *lapic, unsigned index)
{
	(void)lapic;
	(void)index;
	return VERSION;
}

static uint32_t read_tpr(struct lapic *lapic, unsigned index)
{
	(void)index;
	return lapic->tpr;
}

static void write_tpr(struct lapic *lapic, unsigned index, uint64_t value)
{
	(void)index;
	lapic_set_tpr(lapic, (uint8_t)value);
}

/* Section "Local APIC Arbitration Priority Register". */
static uint32_t read_apr(struct lapic *lapic, unsigned index)
{
	uint8_t task = lapic->tpr & 0xf0, waits = class_of(highest(lapic->irr)), serves = class_of(highest(lapic->isr));

	(void)index;
	if (task >= waits && task > serves)
		return lapic->tpr;
	return serves > waits ? serves : waits;
}

static uint32_t read_ppr(struct lapic *lapic, unsigned index)
{
	(void)index;
	return lapic_processor_priority(lapic);
}

/* The device may interrupt LINT0 again, or another pin of the IOAPIC may have the same vector. */
static void end_level(struct lapic *lapic, uint8_t vector)
{
	const struct apic_wiring *wiring = &lapic->bus->wiring;

	if ((lapic->lvt[LVT_LINT0] & LVT_REMOTE_IRR) && (uint8_t)lapic->lvt[LVT_LINT0] == vector) {
		lapic->lvt[LVT_LINT0] &= ~LVT_REMOTE_IRR;
		serve_level(lapic);
	}
	wiring->end_of_level(wiring->context, vector);
}

static void write_eoi(struct lapic *lapic, unsigned index, uint64_t value)
{
	int vector = highest(lapic->isr);

	(void)index;
	(void)value;
	if (vector < 0)
		return;
	set_bit(lapic->isr, (uint8_t)vector, false);
	update(lapic);
	if (test_bit(lapic->tmr, (uint8_t)vector))
		end_level(lapic, (uint8_t)vector);
}

static uint32_t read_zero(struct lapic *lapic, unsigned index)
{
	(void)lapic;
	(void)index;
	return 0;
}

/* In x2APIC mode it follows from the id (section "Logical Destination Mode in x2APIC Mode"). */
uint32_t lapic_logical_id(const struct lapic *lapic)
{
	return lapic_is_x2apic(lapic) ? lapic->id >> 4 << 16 | 1u << (lapic->id & 15) : lapic->ldr;
}

static uint32_t read_ldr(struct lapic *lapic, unsigned index)
{
	(void)index;
	return lapic_logical_id(lapic);
}

static void write_ldr(struct lapic *lapic, unsigned index, uint64_t value)
{
	(void)index;
	lapic->ldr = (uint32_t)value & 0xff000000;
}

static uint32_t read_dfr(struct lapic *lapic, unsigned index)
{
	(void)index;
	return lapic->dfr;
}

static void write_dfr(struct lapic *lapic, unsigned index, uint64_t value)
{
	(void)index;
	lapic->dfr = (uint32_t)value | 0x0fffffff;
}

static uint32_t read_svr(struct lapic *lapic, unsigned index)
{
	(void)index;
	return lapic->svr;
}

/* Switching it off masks all local interrupts (section "Local APIC State After It Has Been Software Disabled"). */
static void write_svr(struct lapic *lapic, unsigned index, uint64_t value)
{
	(void)index;
	lapic->svr = (uint32_t)value & 0x3ff;
	for (unsigned i = 0; i < LAPIC_LVTS && !(lapic->svr & SVR_ENABLE); i++)
		lapic->lvt[i] |= LVT_MASKED;
	update(lapic);
}

static uint32_t read_isr(struct lapic *lapic, unsigned index)
{
	return lapic->isr[index & 7];
}

static uint32_t read_tmr(struct lapic *lapic, unsigned index)
{
	return lapic->tmr[index & 7];
}

static uint32_t read_irr(struct lapic *lapic, unsigned index)
{
	return lapic->irr[index & 7];
}

static uint32_t read_esr(struct lapic *lapic, unsigned index)
{
	(void)index;
	return lapic->esr;
}

static void write_esr(struct lapic *lapic, unsigned index, uint64_t value)
{
	(void)index;
	(void)value;
	lapic->esr = lapic->esr_collected;
	lapic->esr_collected = 0;
}

static uint32_t read_icr_low(struct lapic *lapic, unsigned index)
{
	(void)index;
	return (uint32_t)lapic->icr;
}

/* The whole of it in x2APIC mode; nothing is ever on its way, so the delivery status is always idle. */
static void write_icr(struct lapic *lapic, unsigned index, uint64_t value)
{
	(void)index;
	lapic->icr = lapic_is_x2apic(lapic) ? value : (lapic->icr & ~UINT64_C(0xffffffff)) | (uint32_t)value;
	lapic->icr &= ~(uint64_t)ICR_DELIVERY_STATUS;
	apic_bus_command(lapic);
}

static uint32_t read_icr_high(struct lapic *lapic, unsigned index)
{
	(void)index;
	return (uint32_t)(lapic->icr >> 32);
}

static void write_icr_high(struct lapic *lapic, unsigned index, uint64_t value)
{
	(void)index;
	lapic->icr = (uint32_t)lapic->icr | (value & 0xff000000) << 32;
}

enum { INDEX_LVT = 0x32 };

/* What can be written of each LVT entry (section "Local Vector Table"). */
static const uint32_t lvt_writable[LAPIC_LVTS] = {
	[LVT_TIMER] = 0x700ff, [LVT_THERMAL] = 0x107ff, [LVT_PERFORMANCE] = 0x107ff,
	[LVT_LINT0] = 0x1a7ff, [LVT_LINT1] = 0x1a7ff,   [LVT_ERROR] = 0x100ff,
};

static uint32_t read_lvt(struct lapic *lapic, unsigned index)
{
	return lapic->lvt[index - INDEX_LVT];
}

static void store_lvt(struct lapic *lapic, unsigned entry, uint64_t value)
{
	uint32_t kept = value & LVT_LEVEL ? lapic->lvt[entry] & LVT_REMOTE_IRR : 0;

	lapic->lvt[entry] = ((uint32_t)value & lvt_writable[entry]) | kept | (is_switched_on(lapic) ? 0 : LVT_MASKED);
}

static void write_lvt(struct lapic *lapic, unsigned index, uint64_t value)
{
	store_lvt(lapic, index - INDEX_LVT, value);
	serve_level(lapic);
	update(lapic);
}

/* The fourth mode is reserved: the timer counts as if once. */
static void write_lvt_timer(struct lapic *lapic, unsigned index, uint64_t value)
{
	static const enum lapic_timer_mode modes[4] = { LAPIC_ONE_SHOT, LAPIC_PERIODIC, LAPIC_TSC_DEADLINE,
							LAPIC_ONE_SHOT };

	(void)index;
	lapic_tick(lapic);
	store_lvt(lapic, LVT_TIMER, value);
	lapic_timer_set_mode(&lapic->timer, modes[value >> 17 & 3]);
	rearm(lapic);
}

static uint32_t read_initial(struct lapic *lapic, unsigned index)
{
	(void)index;
	return lapic->timer.initial;
}

static void write_initial(struct lapic *lapic, unsigned index, uint64_t value)
{
	(void)index;
	lapic_timer_set_initial(&lapic->timer, (uint32_t)value, now(lapic));
	rearm(lapic);
}

static uint32_t read_count(struct lapic *lapic, unsigned index)
{
	(void)index;
	lapic_tick(lapic);
	return lapic_timer_count(&lapic->timer, now(lapic));
}

static uint32_t read_divide(struct lapic *lapic, unsigned index)
{
	(void)index;
	return lapic->timer.divide;
}

static void write_divide(struct lapic *lapic, unsigned index, uint64_t value)
{
	(void)index;
	lapic_tick(lapic);
	lapic_timer_set_divide(&lapic->timer, (uint8_t)value, now(lapic));
	rearm(lapic);
}

static void write_self_ipi(struct lapic *lapic, unsigned index, uint64_t value)
{
	const struct apic_message message = { .vector = (uint8_t)value };

	(void)index;
	if (message.vector < APIC_VECTOR_MIN)
		lapic_raise_error(lapic, ESR_SEND_ILLEGAL_VECTOR);
	else
		lapic_accept(lapic, &message);
}

/* In which modes a register can be read and written: in an x2APIC the others are #GP, in an xAPIC an error. */
enum { XAPIC_R = 1, XAPIC_W = 2, X2APIC_R = 4, X2APIC_W = 8, R = XAPIC_R | X2APIC_R, W = XAPIC_W | X2APIC_W };

#define REGISTERS 64u
#define EIGHT(first, row) \
	[first] = row, [(first) + 1] = row, [(first) + 2] = row, [(first) + 3] = row, [(first) + 4] = row, \
	[(first) + 5] = row, [(first) + 6] = row, [(first) + 7] = row
#define ROW(...) \
	{ \
		__VA_ARGS__ \
	}

/* `allowed`: bits of a WRMSR that need not be zero (section "x2APIC Register Address Space"). */
static const struct lapic_register {
	unsigned access;
	uint32_t allowed;
	uint32_t (*read)(struct lapic *lapic, unsigned index);
	void (*write)(struct lapic *lapic, unsigned index, uint64_t value);
} registers[REGISTERS] = {
	[0x02] = { R | XAPIC_W, 0, read_id, NULL }, /* the id is fixed; writes are dropped */
	[0x03] = { R, 0, read_version, NULL },
	[0x08] = { R | W, 0xff, read_tpr, write_tpr },
	[0x09] = { XAPIC_R, 0, read_apr, NULL },
	[0x0a] = { R, 0, read_ppr, NULL },
	[0x0b] = { W | XAPIC_R, 0, read_zero, write_eoi },
	[0x0c] = { XAPIC_R, 0, read_zero, NULL },
	[0x0d] = { R | XAPIC_W, 0, read_ldr, write_ldr },
	[0x0e] = { XAPIC_R | XAPIC_W, 0, read_dfr, write_dfr },
	[0x0f] = { R | W, 0x3ff, read_svr, write_svr },
	EIGHT(0x10, ROW(R, 0, read_isr, NULL)),
	EIGHT(0x18, ROW(R, 0, read_tmr, NULL)),
	EIGHT(0x20, ROW(R, 0, read_irr, NULL)),
	[0x28] = { R | W, 0, read_esr, write_esr },
	[0x30] = { R | W, 0xcdfff, read_icr_low, write_icr },
	[0x31] = { XAPIC_R | XAPIC_W, 0, read_icr_high, write_icr_high },
	[0x32] = { R | W, 0x710ff, read_lvt, write_lvt_timer },
	[0x33] = { R | W, 0x117ff, read_lvt, write_lvt },
	[0x34] = { R | W, 0x117ff, read_lvt, write_lvt },
	[0x35] = { R | W, 0x1f7ff, read_lvt, write_lvt },
	[0x36] = { R | W, 0x1f7ff, read_lvt, write_lvt },
	[0x37] = { R | W, 0x110ff, read_lvt, write_lvt },
	[0x38] = { R | W, UINT32_MAX, read_initial, write_initial },
	[0x39] = { R, 0, read_count, NULL },
	[0x3e] = { R | W, 0xb, read_divide, write_divide },
	[0x3f] = { X2APIC_W, 0xff, NULL, write_self_ipi },
};

static const struct lapic_register *find(unsigned index, unsigned access)
{
	return index < REGISTERS && (registers[index].access & access) ? &registers[index] : NULL;
}

bool lapic_decodes(const struct lapic *lapic, uint64_t gpa)
{
	return lapic_is_enabled(lapic) && !lapic_is_x2apic(lapic) && gpa - (lapic->base & BASE_ADDRESS) < LAPIC_SIZE;
}

/* Registers are 32 bits at multiples of 16; a part of one can be read, and what lies between them is zero. */
uint64_t lapic_mmio_read(struct lapic *lapic, uint64_t offset, unsigned width)
{
	unsigned index = (unsigned)(offset >> 4);
	const struct lapic_register *row = find(index, XAPIC_R);

	(void)width;
	if (!row) {
		lapic_raise_error(lapic, ESR_ILLEGAL_REGISTER);
		return 0;
	}
	return (offset & 15) < 4 ? row->read(lapic, index) >> (8 * (offset & 3)) : 0;
}

/* Anything but a whole register is undefined in the manual, and ignored here. */
void lapic_mmio_write(struct lapic *lapic, uint64_t offset, unsigned width, uint64_t value)
{
	unsigned index = (unsigned)(offset >> 4);
	const struct lapic_register *row = find(index, XAPIC_W);

	if ((offset & 15) || width < 4)
		return;
	if (!row)
		lapic_raise_error(lapic, ESR_ILLEGAL_REGISTER);
	else if (row->write)
		row->write(lapic, index, (uint32_t)value);
}

enum { INDEX_ICR = 0x30 };

static bool read_x2apic(struct lapic *lapic, unsigned index, uint64_t *ret_value)
{
	const struct lapic_register *row = find(index, X2APIC_R);

	if (!lapic_is_x2apic(lapic) || !row)
		return false;
	*ret_value = index == INDEX_ICR ? lapic->icr : row->read(lapic, index);
	return true;
}

static bool write_x2apic(struct lapic *lapic, unsigned index, uint64_t value)
{
	const struct lapic_register *row = find(index, X2APIC_W);
	uint64_t high = index == INDEX_ICR ? UINT64_C(0xffffffff) << 32 : 0;

	if (!lapic_is_x2apic(lapic) || !row || (value & ~(row->allowed | high)))
		return false;
	row->write(lapic, index, value);
	return true;
}

/* Section "Local APIC State Transitions": out of x2APIC mode only by switching the APIC off, into it only from xAPIC.
 */
static bool is_transition(uint64_t from, uint64_t to)
{
	static const uint8_t reachable[4] = {
		[0] = 1u << 0 | 1u << 2, [1] = 0, [2] = 1u << 0 | 1u << 2 | 1u << 3, [3] = 1u << 0 | 1u << 3
	};

	return reachable[from >> 10 & 3] >> (to >> 10 & 3) & 1;
}

static bool write_base(struct lapic *lapic, uint64_t value)
{
	uint64_t bits = LAPIC_BASE_BSP | LAPIC_BASE_X2APIC | LAPIC_BASE_ENABLE;
	bool goes_off = lapic_is_enabled(lapic) && !(value & LAPIC_BASE_ENABLE);

	if ((value & ~(BASE_ADDRESS | bits)) || !is_transition(lapic->base, value))
		return false;
	lapic->base = value;
	if (goes_off)
		lapic_reset(lapic);
	update(lapic);
	return true;
}

static void write_deadline(struct lapic *lapic, uint64_t value)
{
	const struct apic_wiring *wiring = &lapic->bus->wiring;

	if (lapic->timer.mode != LAPIC_TSC_DEADLINE)
		return;
	lapic_timer_set_deadline(&lapic->timer, value,
				 value ? wiring->tsc_due_ns(wiring->context, lapic->id, value) : 0);
	rearm(lapic);
}

bool lapic_msr_read(struct lapic *lapic, uint32_t msr, uint64_t *ret_value)
{
	switch (msr) {
	case LAPIC_MSR_BASE:
		*ret_value = lapic->base;
		return true;
	case LAPIC_MSR_TSC_DEADLINE:
		lapic_tick(lapic);
		*ret_value = lapic->timer.deadline;
		return true;
	default:
		return read_x2apic(lapic, msr - LAPIC_MSR_X2APIC, ret_value);
	}
}

bool lapic_msr_write(struct lapic *lapic, uint32_t msr, uint64_t value)
{
	switch (msr) {
	case LAPIC_MSR_BASE:
		return write_base(lapic, value);
	case LAPIC_MSR_TSC_DEADLINE:
		write_deadline(lapic, value);
		return true;
	default:
		return write_x2apic(lapic, msr - LAPIC_MSR_X2APIC, value);
	}
}

void lapic_reset(struct lapic *lapic)
{
	struct lapic fresh = { .bus = lapic->bus,
			       .id = lapic->id,
			       .base = lapic->base,
			       .dfr = DFR_FLAT,
			       .svr = SVR_RESET,
			       .pin = { lapic->pin[0], lapic->pin[1] },
			       .output = lapic->output };

	for (unsigned i = 0; i < LAPIC_LVTS; i++)
		fresh.lvt[i] = LVT_MASKED;
	*lapic = fresh;
	update(lapic);
}

void lapic_virtual_wire(struct lapic *lapic)
{
	lapic->svr |= SVR_ENABLE;
	lapic->lvt[LVT_LINT0] = APIC_EXTINT << 8;
	lapic->lvt[LVT_LINT1] = APIC_NMI << 8;
	update(lapic);
}
