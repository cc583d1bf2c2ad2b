/* SPDX-License-Identifier: Apache-2.0 */
/* The local APICs by their registers, in both modes: priorities, EOI, messages, errors and timers. */
#include "cli.h"
#include "device/lapic.h"

#define CPUS 4

/* What the APICs did to their processors. */
struct fixture {
	struct apic_bus bus;
	uint64_t now;
	uint64_t rearmed; /* the last due time that was announced */
	bool interrupt[CPUS];
	unsigned nmis[CPUS], inits[CPUS], start_ups[CPUS];
	uint8_t start_vector;
	uint8_t external; /* the 8259's vector */
	unsigned ends;    /* of level-triggered interrupts */
	uint8_t ended;
};

static void set_interrupt(void *context, unsigned id, bool level)
{
	struct fixture *fixture = context;

	assert_int_not_equal(fixture->interrupt[id], level);
	fixture->interrupt[id] = level;
}

static void nmi(void *context, unsigned id)
{
	((struct fixture *)context)->nmis[id]++;
}

static void init(void *context, unsigned id)
{
	((struct fixture *)context)->inits[id]++;
}

static void start_up(void *context, unsigned id, uint8_t vector)
{
	struct fixture *fixture = context;

	fixture->start_ups[id]++;
	fixture->start_vector = vector;
}

static uint8_t acknowledge_external(void *context)
{
	return ((struct fixture *)context)->external;
}

static void end_of_level(void *context, uint8_t vector)
{
	struct fixture *fixture = context;

	fixture->ends++;
	fixture->ended = vector;
}

/* The time stamp counter runs at 2 GHz. */
static uint64_t tsc_due_ns(void *context, unsigned id, uint64_t deadline)
{
	(void)context;
	(void)id;
	return deadline / 2;
}

static uint64_t now_ns(void *context)
{
	return ((struct fixture *)context)->now;
}

static void rearmed(void *context, uint64_t due_ns)
{
	((struct fixture *)context)->rearmed = due_ns;
}

enum { ID = 0x20, VERSION = 0x30, TPR = 0x80, APR = 0x90, PPR = 0xa0, EOI = 0xb0, RRD = 0xc0, LDR = 0xd0, DFR = 0xe0 };
enum { SVR = 0xf0, ISR = 0x100, TMR = 0x180, IRR = 0x200, ESR = 0x280, ICR = 0x300, ICR_HIGH = 0x310, TIMER = 0x320 };
enum { THERMAL = 0x330, PERFORMANCE = 0x340, LINT0 = 0x350, LINT1 = 0x360, ERROR = 0x370, INITIAL = 0x380 };
enum { COUNT = 0x390, DIVIDE = 0x3e0, SELF_IPI = 0x3f0 };

enum { BY_1 = 0xb, MASKED = 1 << 16, PERIODIC = 1 << 17, DEADLINE = 2 << 17 };
enum { LOGICAL = 1 << 11, ASSERT = 1 << 14, LEVEL = 1 << 15, SELF = 1 << 18, ALL = 2 << 18, OTHERS = 3 << 18 };

static uint32_t get(struct fixture *fixture, unsigned id, uint64_t offset)
{
	return (uint32_t)lapic_mmio_read(&fixture->bus.lapics[id], offset, 4);
}

static void set(struct fixture *fixture, unsigned id, uint64_t offset, uint32_t value)
{
	lapic_mmio_write(&fixture->bus.lapics[id], offset, 4, value);
}

static bool set_msr(struct fixture *fixture, unsigned id, uint32_t msr, uint64_t value)
{
	return lapic_msr_write(&fixture->bus.lapics[id], msr, value);
}

static uint64_t get_msr(struct fixture *fixture, unsigned id, uint32_t msr)
{
	uint64_t value = 0xdead;

	assert_true(lapic_msr_read(&fixture->bus.lapics[id], msr, &value));
	return value;
}

static int take(struct fixture *fixture, unsigned id)
{
	return lapic_acknowledge(&fixture->bus.lapics[id]);
}

static void make_raw(struct fixture *fixture)
{
	const struct apic_wiring wiring = { set_interrupt,        nmi,          init,       start_up,
					    acknowledge_external, end_of_level, tsc_due_ns, fixture };
	const struct device_clock clock = { now_ns, rearmed, fixture };

	memset(fixture, 0, sizeof(*fixture));
	fixture->now = 1000000;
	fixture->rearmed = UINT64_MAX;
	apic_bus_init(&fixture->bus, CPUS, &wiring, &clock);
}

static int make_off(void **state)
{
	static struct fixture fixture;

	make_raw(&fixture);
	*state = &fixture;
	return 0;
}

/* All are switched on, with the spurious vector 0xff and logical flat addresses. */
static int make(void **state)
{
	struct fixture *fixture;

	make_off(state);
	fixture = *state;
	for (unsigned id = 0; id < CPUS; id++) {
		set(fixture, id, SVR, 0x1ff);
		set(fixture, id, LDR, UINT32_C(1) << (24 + id));
	}
	return 0;
}

static int make_x2apic(void **state)
{
	struct fixture *fixture;

	make(state);
	fixture = *state;
	for (unsigned id = 0; id < CPUS; id++)
		assert_true(set_msr(fixture, id, LAPIC_MSR_BASE, LAPIC_DEFAULT_BASE | 0xc00 | (id ? 0 : 0x100)));
	return 0;
}

static void send(struct fixture *fixture, uint32_t destination, uint8_t vector, bool level)
{
	const struct apic_message message = { .destination = destination, .vector = vector, .level = level };

	apic_bus_send(&fixture->bus, &message);
}

static void has_its_reset_state(void **state)
{
	static const struct {
		uint64_t offset;
		uint32_t value;
	} rows[] = {
		{ VERSION, 0x50014 }, { TPR, 0 },        { PPR, 0 },        { LDR, 0 },        { DFR, UINT32_MAX },
		{ SVR, 0xff },        { ESR, 0 },        { ICR, 0 },        { ICR_HIGH, 0 },   { TIMER, MASKED },
		{ THERMAL, MASKED },  { LINT0, MASKED }, { LINT1, MASKED }, { ERROR, MASKED }, { PERFORMANCE, MASKED },
		{ INITIAL, 0 },       { COUNT, 0 },      { DIVIDE, 0 },     { ISR + 0x70, 0 }, { IRR, 0 },
	};
	struct fixture *fixture = *state;

	for (unsigned id = 0; id < CPUS; id++) {
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			assert_int_equal(get(fixture, id, rows[i].offset), rows[i].value);
		assert_int_equal(get(fixture, id, ID), id << 24);
		assert_true(get_msr(fixture, id, LAPIC_MSR_BASE) == (0xfee00800 | (id ? 0 : 0x100)));
		assert_false(fixture->interrupt[id]);
	}
}

static void takes_the_highest_vector_and_keeps_the_rest_back(void **state)
{
	struct fixture *fixture = *state;

	send(fixture, 0, 0x31, false);
	send(fixture, 0, 0x52, false);
	send(fixture, 0, 0x51, false);
	assert_true(fixture->interrupt[0]);
	assert_int_equal(take(fixture, 0), 0x52);
	assert_false(fixture->interrupt[0]); /* 0x51 is of the same class */
	assert_int_equal(get(fixture, 0, PPR), 0x50);
	assert_int_equal(get(fixture, 0, ISR + 0x20), 1 << 0x12);
	assert_int_equal(get(fixture, 0, IRR + 0x20), 1 << 0x11);
	assert_int_equal(take(fixture, 0), -1);
	send(fixture, 0, 0x60, false);
	assert_int_equal(take(fixture, 0), 0x60);
	set(fixture, 0, EOI, 0);
	assert_int_equal(get(fixture, 0, PPR), 0x50);
	assert_false(fixture->interrupt[0]);
	set(fixture, 0, EOI, 0);
	assert_int_equal(take(fixture, 0), 0x51);
	set(fixture, 0, EOI, 0);
	assert_int_equal(take(fixture, 0), 0x31);
	set(fixture, 0, EOI, 0);
	assert_int_equal(take(fixture, 0), -1);
	set(fixture, 0, EOI, 0); /* of nothing */
	assert_int_equal(fixture->ends, 0);
}

static void compares_the_task_priority_by_class(void **state)
{
	static const struct {
		uint8_t tpr, vector;
		bool interrupts;
	} rows[] = { { 0, 0x10, true },     { 0x0f, 0x10, true }, { 0x10, 0x1f, false }, { 0x1f, 0x20, true },
		     { 0x3f, 0x3f, false }, { 0xef, 0xf0, true }, { 0xf0, 0xff, false }, { 0x20, 0x31, true } };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make(state);
		set(fixture, 1, TPR, rows[i].tpr);
		send(fixture, 1, rows[i].vector, false);
		assert_int_equal(fixture->interrupt[1], rows[i].interrupts);
		assert_int_equal(get(fixture, 1, PPR), rows[i].tpr);
		lapic_set_tpr(&fixture->bus.lapics[1], 0);
		assert_true(fixture->interrupt[1]);
		lapic_set_tpr(&fixture->bus.lapics[1], 0xff);
		assert_false(fixture->interrupt[1]);
		assert_int_equal(take(fixture, 1), -1);
	}
}

static void shows_the_arbitration_priority(void **state)
{
	struct fixture *fixture = *state;

	set(fixture, 0, TPR, 0x23);
	assert_int_equal(get(fixture, 0, APR), 0x23);
	send(fixture, 0, 0x45, false);
	assert_int_equal(get(fixture, 0, APR), 0x40);
	assert_int_equal(take(fixture, 0), 0x45);
	assert_int_equal(get(fixture, 0, APR), 0x40);
}

static void tells_the_end_of_a_level_alone(void **state)
{
	struct fixture *fixture = *state;

	send(fixture, 2, 0x41, true);
	assert_int_equal(get(fixture, 2, TMR + 0x20), 2);
	assert_int_equal(take(fixture, 2), 0x41);
	assert_int_equal(fixture->ends, 0);
	set(fixture, 2, EOI, 0);
	assert_int_equal(fixture->ends, 1);
	assert_int_equal(fixture->ended, 0x41);
	send(fixture, 2, 0x41, false);
	assert_int_equal(get(fixture, 2, TMR + 0x20), 0);
	assert_int_equal(take(fixture, 2), 0x41);
	set(fixture, 2, EOI, 0);
	assert_int_equal(fixture->ends, 1);
}

static void takes_no_vectors_while_it_is_switched_off(void **state)
{
	struct fixture *fixture = *state;
	const struct apic_message message = { .destination = 1, .vector = 0x40 };

	set(fixture, 1, LINT0, 0x40);
	assert_int_equal(get(fixture, 1, LINT0), 0x40);
	set(fixture, 1, SVR, 0xff);
	assert_int_equal(get(fixture, 1, LINT0), MASKED | 0x40);
	set(fixture, 1, LINT0, 0x40);
	assert_int_equal(get(fixture, 1, LINT0), MASKED | 0x40); /* it stays masked */
	assert_false(apic_bus_send(&fixture->bus, &message));
	assert_false(fixture->interrupt[1]);
	set(fixture, 0, ICR_HIGH, 1 << 24);
	set(fixture, 0, ICR, APIC_NMI << 8 | ASSERT);
	set(fixture, 0, ICR, APIC_INIT << 8 | ASSERT);
	set(fixture, 0, ICR, APIC_START_UP << 8 | 0x9a);
	assert_int_equal(fixture->nmis[1], 1);
	assert_int_equal(fixture->inits[1], 1);
	assert_int_equal(fixture->start_ups[1], 1);
	assert_int_equal(fixture->start_vector, 0x9a);
}

/* Who gets what: a bit per processor. */
struct ipi {
	uint32_t high, low;
	unsigned fixed, nmis, inits, start_ups;
};

static void check_ipi(struct fixture *fixture, const struct ipi *row)
{
	for (unsigned id = 0; id < CPUS; id++) {
		assert_int_equal(fixture->interrupt[id], row->fixed >> id & 1);
		assert_int_equal(fixture->nmis[id], row->nmis >> id & 1);
		assert_int_equal(fixture->inits[id], row->inits >> id & 1);
		assert_int_equal(fixture->start_ups[id], row->start_ups >> id & 1);
	}
}

static void sends_to_whom_the_command_names(void **state)
{
	static const struct ipi rows[] = {
		{ 0x02000000, 0x40, .fixed = 4 },
		{ 0x01000000, 0x40, .fixed = 2 }, /* to itself */
		{ 0x02000000, 0x40 | LEVEL | ASSERT, .fixed = 4 },
		{ 0x09000000, 0x40, .fixed = 0 },
		{ 0xff000000, 0x40, .fixed = 0xf },
		{ 0x02000000, 0x40 | LOGICAL, .fixed = 2 },
		{ 0x0d000000, 0x40 | LOGICAL, .fixed = 0xd },
		{ 0xff000000, 0x40 | LOGICAL, .fixed = 0xf },
		{ 0xf0000000, 0x40 | LOGICAL, .fixed = 0 },
		{ 0, 0x40 | SELF, .fixed = 2 },
		{ 0, 0x40 | ALL, .fixed = 0xf },
		{ 0, 0x40 | OTHERS, .fixed = 0xd },
		{ 0x03000000, APIC_NMI << 8, .nmis = 8 },
		{ 0, APIC_NMI << 8 | OTHERS, .nmis = 0xd },
		{ 0, APIC_NMI << 8 | ALL, .fixed = 0 }, /* not allowed, as the manual's table has it */
		{ 0, APIC_NMI << 8 | SELF, .fixed = 0 },
		{ 0, APIC_INIT << 8 | ALL, .fixed = 0 },
		{ 0, APIC_START_UP << 8 | SELF, .fixed = 0 },
		{ 0x02000000, APIC_INIT << 8 | ASSERT | LEVEL, .inits = 4 },
		{ 0x02000000, APIC_INIT << 8 | ASSERT, .inits = 4 },
		{ 0x02000000, APIC_INIT << 8 | LEVEL, .fixed = 0 }, /* de-assert */
		{ 0, APIC_INIT << 8 | ASSERT | OTHERS, .inits = 0xd },
		{ 0x02000000, APIC_START_UP << 8 | 0x10, .start_ups = 4 },
		{ 0, APIC_START_UP << 8 | 0x10 | OTHERS, .start_ups = 0xd },
		{ 0x02000000, APIC_SMI << 8, .fixed = 0 },
		{ 0x02000000, 3 << 8 | 0x40, .fixed = 0 },
		{ 0x02000000, APIC_EXTINT << 8 | 0x40, .fixed = 0 },
		{ 0x02000000, APIC_LOWEST << 8 | 0x40, .fixed = 4 },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make(state);
		set(fixture, 1, ICR_HIGH, rows[i].high);
		set(fixture, 1, ICR, rows[i].low | 1 << 12);
		check_ipi(fixture, &rows[i]);
		assert_int_equal(get(fixture, 1, ICR), rows[i].low); /* delivery status: idle */
		assert_int_equal(get(fixture, 1, ICR_HIGH), rows[i].high);
		assert_int_equal(get(fixture, 2, TMR + 0x20), 0);
	}
}

static void knows_clusters(void **state)
{
	static const struct {
		uint32_t destination;
		unsigned fixed;
	} rows[] = { { 0x11, 1 },   { 0x13, 3 },   { 0x1f, 3 }, { 0x21, 4 },
		     { 0x23, 0xc }, { 0xff, 0xf }, { 0xf1, 5 }, { 0x31, 0 } };
	static const uint8_t logical[CPUS] = { 0x11, 0x12, 0x21, 0x22 };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make(state);
		for (unsigned id = 0; id < CPUS; id++) {
			set(fixture, id, DFR, 0x0fffffff);
			set(fixture, id, LDR, (uint32_t)logical[id] << 24);
			assert_int_equal(get(fixture, id, DFR), 0x0fffffff);
		}
		set(fixture, 0, ICR_HIGH, rows[i].destination << 24);
		set(fixture, 0, ICR, 0x40 | LOGICAL);
		check_ipi(fixture, &(struct ipi){ .fixed = rows[i].fixed });
	}
}

static void gives_the_lowest_priority_its_interrupt(void **state)
{
	struct fixture *fixture = *state;
	unsigned got[CPUS] = { 0 };

	set(fixture, 0, TPR, 0x30);
	set(fixture, 1, TPR, 0x20);
	set(fixture, 2, SVR, 0xff); /* off: it takes no part */
	set(fixture, 3, TPR, 0x40);
	set(fixture, 0, ICR_HIGH, 0xff000000);
	set(fixture, 0, ICR, APIC_LOWEST << 8 | 0x50 | LOGICAL);
	check_ipi(fixture, &(struct ipi){ .fixed = 2 });
	make(state);
	for (unsigned i = 0; i < 4 * CPUS; i++) {
		set(fixture, 0, ICR_HIGH, 0xff000000);
		set(fixture, 0, ICR, APIC_LOWEST << 8 | 0x50 | LOGICAL);
		for (unsigned id = 0; id < CPUS; id++)
			if (fixture->interrupt[id]) {
				got[id]++;
				assert_int_equal(take(fixture, id), 0x50);
				set(fixture, id, EOI, 0);
			}
	}
	for (unsigned id = 0; id < CPUS; id++)
		assert_int_equal(got[id], 4); /* equals take turns */
}

static void is_reset_by_an_init(void **state)
{
	struct fixture *fixture = *state;

	set(fixture, 1, TPR, 0x20);
	set(fixture, 1, LINT1, 0x400);
	set(fixture, 1, TIMER, 0x40);
	set(fixture, 1, INITIAL, 1000);
	send(fixture, 1, 0x41, false);
	assert_true(fixture->interrupt[1]);
	set(fixture, 0, ICR_HIGH, 1 << 24);
	set(fixture, 0, ICR, APIC_INIT << 8 | ASSERT);
	assert_int_equal(fixture->inits[1], 1);
	assert_false(fixture->interrupt[1]);
	assert_int_equal(get(fixture, 1, TPR), 0);
	assert_int_equal(get(fixture, 1, SVR), 0xff);
	assert_int_equal(get(fixture, 1, LINT1), MASKED);
	assert_int_equal(get(fixture, 1, LDR), 0);
	assert_int_equal(get(fixture, 1, ID), 1 << 24);
	assert_true(apic_bus_due(&fixture->bus) == UINT64_MAX);
}

static void collects_errors_until_they_are_asked_for(void **state)
{
	struct fixture *fixture = *state;

	set(fixture, 0, ERROR, 0xfe);
	set(fixture, 0, ICR, 0x0f | SELF); /* send illegal vector */
	assert_int_equal(take(fixture, 0), 0xfe);
	set(fixture, 0, EOI, 0);
	assert_int_equal(get(fixture, 0, ESR), 0);
	set(fixture, 0, ESR, 0);
	assert_int_equal(get(fixture, 0, ESR), 0x20);
	set(fixture, 0, ESR, 0);
	assert_int_equal(get(fixture, 0, ESR), 0);
	send(fixture, 0, 0x05, false);
	set(fixture, 0, ESR, 0);
	assert_int_equal(get(fixture, 0, ESR), 0x40);
	assert_int_equal(get(fixture, 0, 0x40), 0); /* no such register */
	set(fixture, 0, 0x3f0, 0x40);
	set(fixture, 0, PPR, 0);
	set(fixture, 0, ESR, 0);
	assert_int_equal(get(fixture, 0, ESR), 0x80);
	set(fixture, 0, ERROR, 0x03); /* an error interrupt that is an error */
	send(fixture, 0, 0x05, false);
	set(fixture, 0, ESR, 0);
	assert_int_equal(get(fixture, 0, ESR), 0x40);
}

static void counts_down_once(void **state)
{
	struct fixture *fixture = *state;

	set(fixture, 0, DIVIDE, BY_1);
	set(fixture, 0, TIMER, 0x40);
	set(fixture, 0, INITIAL, 5000);
	assert_int_equal(fixture->rearmed, fixture->now + 5000);
	assert_int_equal(apic_bus_due(&fixture->bus), fixture->now + 5000);
	fixture->now += 1234;
	assert_int_equal(get(fixture, 0, COUNT), 5000 - 1234);
	apic_bus_tick(&fixture->bus);
	assert_false(fixture->interrupt[0]);
	fixture->now += 5000;
	apic_bus_tick(&fixture->bus);
	assert_int_equal(take(fixture, 0), 0x40);
	assert_int_equal(get(fixture, 0, COUNT), 0);
	assert_int_equal(get(fixture, 0, INITIAL), 5000);
	assert_true(apic_bus_due(&fixture->bus) == UINT64_MAX);
	set(fixture, 0, INITIAL, 100);
	set(fixture, 0, INITIAL, 0); /* stops it */
	assert_true(apic_bus_due(&fixture->bus) == UINT64_MAX);
}

static void divides_its_clock(void **state)
{
	static const struct {
		uint8_t code;
		unsigned divisor;
	} rows[] = { { 0, 2 }, { 1, 4 }, { 2, 8 }, { 3, 16 }, { 8, 32 }, { 9, 64 }, { 0xa, 128 }, { 0xb, 1 } };
	struct fixture *fixture = *state;

	set(fixture, 0, TIMER, 0x40);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		set(fixture, 0, DIVIDE, rows[i].code | 4);
		assert_int_equal(get(fixture, 0, DIVIDE), rows[i].code);
		set(fixture, 0, INITIAL, 1000);
		assert_int_equal(apic_bus_due(&fixture->bus), fixture->now + 1000 * rows[i].divisor);
		fixture->now += 10 * rows[i].divisor;
		assert_int_equal(get(fixture, 0, COUNT), 990);
	}
	set(fixture, 0, DIVIDE, 0); /* while it counts: it goes on from there */
	assert_int_equal(get(fixture, 0, COUNT), 990);
	assert_int_equal(apic_bus_due(&fixture->bus), fixture->now + 990 * 2);
}

static void counts_down_again_and_again(void **state)
{
	struct fixture *fixture = *state;
	uint64_t start = fixture->now;

	set(fixture, 0, DIVIDE, BY_1);
	set(fixture, 0, TIMER, PERIODIC | 0x40);
	set(fixture, 0, INITIAL, 1000000);
	for (unsigned i = 1; i <= 5; i++) {
		assert_int_equal(apic_bus_due(&fixture->bus), start + i * UINT64_C(1000000));
		fixture->now = start + i * UINT64_C(1000000) + 300;
		apic_bus_tick(&fixture->bus);
		assert_int_equal(take(fixture, 0), 0x40);
		set(fixture, 0, EOI, 0);
		assert_int_equal(get(fixture, 0, COUNT), 1000000 - 300);
	}
	fixture->now = start + 12500000; /* several were missed */
	apic_bus_tick(&fixture->bus);
	assert_int_equal(take(fixture, 0), 0x40);
	set(fixture, 0, EOI, 0);
	assert_int_equal(take(fixture, 0), -1);
	assert_int_equal(apic_bus_due(&fixture->bus), start + 13000000);
	set(fixture, 0, TIMER, MASKED | PERIODIC | 0x40);
	assert_true(apic_bus_due(&fixture->bus) == UINT64_MAX);
	fixture->now = start + 15250000; /* it counts all the same */
	assert_int_equal(get(fixture, 0, COUNT), 750000);
	set(fixture, 0, TIMER, PERIODIC | 0x41);
	assert_false(fixture->interrupt[0]);
	assert_int_equal(apic_bus_due(&fixture->bus), start + 16000000);
}

static void leaves_the_host_some_time(void **state)
{
	struct fixture *fixture = *state;

	set(fixture, 0, DIVIDE, BY_1);
	set(fixture, 0, TIMER, PERIODIC | 0x40);
	set(fixture, 0, INITIAL, 1);
	fixture->now++;
	apic_bus_tick(&fixture->bus);
	assert_true(fixture->interrupt[0]);
	assert_int_equal(apic_bus_due(&fixture->bus), fixture->now + LAPIC_TIMER_LEAST_NS);
}

static void waits_for_the_time_stamp_counter(void **state)
{
	struct fixture *fixture = *state;

	assert_true(set_msr(fixture, 0, LAPIC_MSR_TSC_DEADLINE, 5000000)); /* in another mode: nothing */
	assert_int_equal(get_msr(fixture, 0, LAPIC_MSR_TSC_DEADLINE), 0);
	set(fixture, 0, TIMER, DEADLINE | 0x40);
	set(fixture, 0, INITIAL, 77); /* nothing, in this one */
	assert_int_equal(get(fixture, 0, INITIAL), 0);
	assert_true(set_msr(fixture, 0, LAPIC_MSR_TSC_DEADLINE, 5000000));
	assert_int_equal(fixture->rearmed, 2500000);
	assert_int_equal(apic_bus_due(&fixture->bus), 2500000);
	assert_int_equal(get_msr(fixture, 0, LAPIC_MSR_TSC_DEADLINE), 5000000);
	assert_int_equal(get(fixture, 0, COUNT), 0);
	fixture->now = 2499999;
	apic_bus_tick(&fixture->bus);
	assert_false(fixture->interrupt[0]);
	fixture->now++;
	apic_bus_tick(&fixture->bus);
	assert_int_equal(take(fixture, 0), 0x40);
	assert_int_equal(get_msr(fixture, 0, LAPIC_MSR_TSC_DEADLINE), 0);
	assert_true(set_msr(fixture, 0, LAPIC_MSR_TSC_DEADLINE, 9000000));
	assert_true(set_msr(fixture, 0, LAPIC_MSR_TSC_DEADLINE, 0));
	assert_true(apic_bus_due(&fixture->bus) == UINT64_MAX);
	assert_true(set_msr(fixture, 0, LAPIC_MSR_TSC_DEADLINE, 9000000));
	set(fixture, 0, TIMER, 0x40); /* another mode disarms it */
	assert_true(apic_bus_due(&fixture->bus) == UINT64_MAX);
	set(fixture, 0, TIMER, DEADLINE | 0x40);
	assert_int_equal(get_msr(fixture, 0, LAPIC_MSR_TSC_DEADLINE), 0);
}

static void passes_the_8259_through_lint0(void **state)
{
	struct fixture *fixture = *state;
	struct lapic *lapic = &fixture->bus.lapics[0];

	fixture->external = 0x28;
	lapic_set_pin(lapic, 0, true);
	assert_false(fixture->interrupt[0]); /* masked */
	lapic_virtual_wire(lapic);
	assert_true(fixture->interrupt[0]);
	set(fixture, 0, TPR, 0xff); /* which does not concern it */
	assert_int_equal(take(fixture, 0), 0x28);
	assert_true(fixture->interrupt[0]); /* until the 8259 says other */
	assert_int_equal(get(fixture, 0, ISR + 0x10), 0);
	lapic_set_pin(lapic, 0, false);
	assert_false(fixture->interrupt[0]);
	assert_int_equal(take(fixture, 0), -1);
	lapic_set_pin(lapic, 1, true); /* the NMI */
	lapic_set_pin(lapic, 1, true);
	assert_int_equal(fixture->nmis[0], 1);
}

static void is_transparent_when_it_is_off(void **state)
{
	struct fixture *fixture = *state;
	struct lapic *lapic = &fixture->bus.lapics[0];

	fixture->external = 0x28;
	set(fixture, 0, TPR, 0x50);
	assert_true(set_msr(fixture, 0, LAPIC_MSR_BASE, LAPIC_DEFAULT_BASE | LAPIC_BASE_BSP));
	assert_false(lapic_decodes(lapic, LAPIC_DEFAULT_BASE));
	lapic_set_pin(lapic, 0, true);
	assert_int_equal(take(fixture, 0), 0x28);
	lapic_set_pin(lapic, 1, true);
	assert_int_equal(fixture->nmis[0], 1);
	set(fixture, 1, ICR, APIC_INIT << 8 | ASSERT);
	assert_int_equal(fixture->inits[0], 0); /* it is off the bus */
	lapic_set_pin(lapic, 0, false);
	assert_true(set_msr(fixture, 0, LAPIC_MSR_BASE, LAPIC_DEFAULT_BASE | LAPIC_BASE_ENABLE));
	assert_int_equal(get(fixture, 0, TPR), 0); /* reset */
	assert_int_equal(get(fixture, 0, SVR), 0xff);
}

static void interrupts_from_its_pins(void **state)
{
	struct fixture *fixture = *state;
	struct lapic *lapic = &fixture->bus.lapics[0];

	set(fixture, 0, LINT1, 0x61);
	lapic_set_pin(lapic, 1, true);
	lapic_set_pin(lapic, 1, true);
	assert_int_equal(take(fixture, 0), 0x61);
	set(fixture, 0, EOI, 0);
	assert_int_equal(take(fixture, 0), -1);
	set(fixture, 0, LINT0, 0x62 | LEVEL);
	lapic_set_pin(lapic, 0, true);
	assert_int_equal(take(fixture, 0), 0x62);
	assert_int_equal(get(fixture, 0, LINT0), 0x62 | LEVEL | 1 << 14); /* remote IRR */
	assert_int_equal(take(fixture, 0), -1);
	set(fixture, 0, EOI, 0); /* still high */
	assert_int_equal(take(fixture, 0), 0x62);
	lapic_set_pin(lapic, 0, false);
	set(fixture, 0, EOI, 0);
	assert_int_equal(take(fixture, 0), -1);
	assert_int_equal(get(fixture, 0, LINT0), 0x62 | LEVEL);
}

static void takes_an_external_interrupt_by_message(void **state)
{
	struct fixture *fixture = *state;
	const struct apic_message message = { .destination = 1, .mode = APIC_EXTINT };

	fixture->external = 0x33;
	assert_true(apic_bus_send(&fixture->bus, &message));
	assert_true(fixture->interrupt[1]);
	assert_int_equal(take(fixture, 1), 0x33);
	assert_false(fixture->interrupt[1]);
}

static void ignores_what_is_no_whole_register(void **state)
{
	struct fixture *fixture = *state;
	struct lapic *lapic = &fixture->bus.lapics[0];

	lapic_mmio_write(lapic, TPR, 1, 0x50);
	lapic_mmio_write(lapic, TPR + 1, 4, 0x50);
	lapic_mmio_write(lapic, TPR + 4, 4, 0x50);
	assert_int_equal(get(fixture, 0, TPR), 0);
	lapic_mmio_write(lapic, TPR, 8, UINT64_C(0x1200000034));
	assert_int_equal(get(fixture, 0, TPR), 0x34);
	assert_int_equal(lapic_mmio_read(lapic, VERSION + 2, 1) & 0xff, 5);
	assert_int_equal(lapic_mmio_read(lapic, VERSION + 4, 4), 0);
}

static void keeps_reserved_bits_zero(void **state)
{
	static const struct {
		uint64_t offset;
		uint32_t value;
	} rows[] = { { TPR, 0xff },        { LDR, 0xff000000 },      { DFR, UINT32_MAX }, { SVR, 0x3ff },
		     { TIMER, 0x700ff },   { THERMAL, 0x107ff },     { LINT0, 0x1a7ff },  { LINT1, 0x1a7ff },
		     { ERROR, 0x100ff },   { ICR_HIGH, 0xff000000 }, { DIVIDE, 0xb },     { ID, 0 },
		     { VERSION, 0x50014 }, { PERFORMANCE, 0x107ff }, { ISR, 0 },          { RRD, 0 } };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		set(fixture, 0, rows[i].offset, UINT32_MAX);
		assert_int_equal(get(fixture, 0, rows[i].offset), rows[i].value);
	}
}

static void moves_its_window(void **state)
{
	struct fixture *fixture = *state;
	struct lapic *lapic = &fixture->bus.lapics[0];

	assert_true(lapic_decodes(lapic, 0xfee00000));
	assert_true(lapic_decodes(lapic, 0xfee00fff));
	assert_false(lapic_decodes(lapic, 0xfedfffff));
	assert_false(lapic_decodes(lapic, 0xfee01000));
	assert_true(set_msr(fixture, 0, LAPIC_MSR_BASE, 0x12345000 | LAPIC_BASE_ENABLE));
	assert_true(lapic_decodes(lapic, 0x12345010));
	assert_false(lapic_decodes(lapic, 0xfee00000));
}

static void changes_modes_as_the_manual_allows(void **state)
{
	/* From, to: 0 off, 1 invalid, 2 xAPIC, 3 x2APIC. */
	static const bool allowed[4][4] = { [0] = { [0] = true, [2] = true },
					    [2] = { [0] = true, [2] = true, [3] = true },
					    [3] = { [0] = true, [3] = true } };
	struct fixture *fixture = *state;

	for (unsigned from = 0; from < 4; from++)
		for (unsigned to = 0; to < 4 && from != 1; to++) {
			make(state);
			if (from != 2)
				assert_true(set_msr(fixture, 3, LAPIC_MSR_BASE, LAPIC_DEFAULT_BASE | from << 10));
			assert_int_equal(set_msr(fixture, 3, LAPIC_MSR_BASE, LAPIC_DEFAULT_BASE | to << 10),
					 allowed[from][to]);
		}
	make(state);
	assert_false(set_msr(fixture, 0, LAPIC_MSR_BASE, 0xfee00801)); /* reserved bits */
	assert_false(set_msr(fixture, 0, LAPIC_MSR_BASE, 0xfee00a00));
	assert_false(set_msr(fixture, 0, LAPIC_MSR_BASE, UINT64_C(1) << 52 | 0xfee00800));
}

static uint32_t x2(uint64_t offset)
{
	return LAPIC_MSR_X2APIC + (uint32_t)(offset >> 4);
}

static void has_its_registers_as_msrs(void **state)
{
	static const struct {
		uint32_t offset;
		bool readable, writable; /* with 0 */
	} rows[] = {
		{ ID, true, false },     { VERSION, true, false }, { TPR, true, true },
		{ APR, false, false },   { PPR, true, false },     { EOI, false, true },
		{ RRD, false, false },   { LDR, true, false },     { DFR, false, false },
		{ SVR, true, true },     { ISR, true, false },     { TMR + 0x70, true, false },
		{ IRR, true, false },    { ESR, true, true },      { ICR_HIGH, false, false },
		{ TIMER, true, true },   { ERROR, true, true },    { INITIAL, true, true },
		{ COUNT, true, false },  { DIVIDE, true, true },   { 0x2f0, false, false },
		{ 0x000, false, false }, { 0x400, false, false },  { 0xff0, false, false },
	};
	struct fixture *fixture = *state;
	uint64_t value;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(lapic_msr_read(&fixture->bus.lapics[3], x2(rows[i].offset), &value), rows[i].readable);
		assert_int_equal(set_msr(fixture, 3, x2(rows[i].offset), 0), rows[i].writable);
	}
	assert_int_equal(get_msr(fixture, 3, x2(ID)), 3);
	assert_int_equal(get_msr(fixture, 3, x2(LDR)), 8);
	assert_false(lapic_decodes(&fixture->bus.lapics[3], LAPIC_DEFAULT_BASE));
	assert_true(lapic_msr_read(&fixture->bus.lapics[3], x2(ICR), &value));
	assert_false(lapic_msr_read(&fixture->bus.lapics[3], x2(SELF_IPI), &value));
}

static void refuses_reserved_bits_in_msrs(void **state)
{
	static const struct {
		uint64_t offset, value;
	} rows[] = { { TPR, 0x100 },     { EOI, 1 },
		     { SVR, 0x1000 },    { ESR, 1 },
		     { TIMER, 0x80040 }, { LINT0, 0x800 },
		     { ICR, 1 << 13 },   { ICR, 1 << 16 },
		     { ICR, 1 << 20 },   { SELF_IPI, 0x140 },
		     { DIVIDE, 4 },      { TPR, UINT64_C(1) << 32 },
		     { ERROR, 0x200 },   { INITIAL, UINT64_C(1) << 32 } };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_false(set_msr(fixture, 0, x2(rows[i].offset), rows[i].value));
	for (unsigned id = 0; id < CPUS; id++)
		assert_false(fixture->interrupt[id]);
}

static void has_no_msrs_in_xapic_mode(void **state)
{
	struct fixture *fixture = *state;
	uint64_t value;

	assert_false(lapic_msr_read(&fixture->bus.lapics[0], x2(ID), &value));
	assert_false(set_msr(fixture, 0, x2(TPR), 0));
}

static void sends_by_msr(void **state)
{
	struct fixture *fixture = *state;

	assert_true(set_msr(fixture, 0, x2(ICR), UINT64_C(2) << 32 | 0x40));
	check_ipi(fixture, &(struct ipi){ .fixed = 4 });
	assert_true(get_msr(fixture, 0, x2(ICR)) == (UINT64_C(2) << 32 | 0x40));
	make_x2apic(state);
	assert_true(set_msr(fixture, 0, x2(ICR), UINT64_C(0xb) << 32 | LOGICAL | 0x40));
	check_ipi(fixture, &(struct ipi){ .fixed = 0xb });
	make_x2apic(state);
	assert_true(set_msr(fixture, 0, x2(ICR), UINT64_C(0x1000b) << 32 | LOGICAL | 0x40)); /* another cluster */
	check_ipi(fixture, &(struct ipi){ .fixed = 0 });
	assert_true(set_msr(fixture, 0, x2(ICR), UINT64_C(0xff) << 32 | 0x40)); /* no broadcast here */
	check_ipi(fixture, &(struct ipi){ .fixed = 0 });
	assert_true(set_msr(fixture, 0, x2(ICR), UINT64_C(0xffffffff) << 32 | 0x40));
	check_ipi(fixture, &(struct ipi){ .fixed = 0xf });
	make_x2apic(state);
	assert_true(set_msr(fixture, 2, x2(SELF_IPI), 0x55));
	check_ipi(fixture, &(struct ipi){ .fixed = 4 });
	assert_int_equal(take(fixture, 2), 0x55);
	assert_true(set_msr(fixture, 2, x2(EOI), 0));
	make_x2apic(state);
	assert_true(set_msr(fixture, 0, x2(ICR), UINT64_C(3) << 32 | APIC_INIT << 8 | ASSERT));
	assert_int_equal(fixture->inits[3], 1);
	assert_true(get_msr(fixture, 3, LAPIC_MSR_BASE) & LAPIC_BASE_X2APIC); /* which an INIT leaves */
}

static uint64_t next_random(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return *seed >> 16;
}

/* Whatever a guest does: no crash, and an output that agrees with what can be taken. */
static void access_at_random(struct fixture *fixture, uint64_t *seed)
{
	struct lapic *lapic = &fixture->bus.lapics[next_random(seed) % CPUS];
	uint64_t value = next_random(seed) >> (next_random(seed) & 31), what = next_random(seed) % 8;
	uint32_t msr = LAPIC_MSR_X2APIC + (uint32_t)(next_random(seed) & 0xff);

	if (what < 2)
		lapic_mmio_write(lapic, next_random(seed) & 0xff0, 4, value);
	else if (what == 2)
		lapic_mmio_read(lapic, next_random(seed) & 0xfff, 4);
	else if (what == 3)
		lapic_msr_write(lapic, msr, value);
	else if (what == 4)
		lapic_msr_read(lapic, msr, &value);
	else if (what == 5)
		lapic_msr_write(lapic, value & 1 ? LAPIC_MSR_BASE : LAPIC_MSR_TSC_DEADLINE, value & 0xfff);
	else if (what == 6)
		lapic_set_pin(lapic, value & 1, value & 2);
	else
		lapic_acknowledge(lapic);
	fixture->now += next_random(seed) & 0xffff;
	apic_bus_tick(&fixture->bus);
}

static void survives_any_access(void **state)
{
	struct fixture *fixture = *state;
	uint64_t seed = 7;

	for (unsigned round = 0; round < 300; round++) {
		make(state);
		for (unsigned i = 0; i < 1000; i++)
			access_at_random(fixture, &seed);
		for (unsigned id = 0; id < CPUS; id++) {
			bool interrupts = fixture->interrupt[id];

			assert_int_equal(interrupts, take(fixture, id) >= 0);
		}
	}
}

#define TEST(name) cmocka_unit_test_setup(name, make)
#define TEST_X2APIC(name) cmocka_unit_test_setup(name, make_x2apic)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(has_its_reset_state, make_off),
		TEST(takes_the_highest_vector_and_keeps_the_rest_back),
		TEST(compares_the_task_priority_by_class),
		TEST(shows_the_arbitration_priority),
		TEST(tells_the_end_of_a_level_alone),
		TEST(takes_no_vectors_while_it_is_switched_off),
		TEST(sends_to_whom_the_command_names),
		TEST(knows_clusters),
		TEST(gives_the_lowest_priority_its_interrupt),
		TEST(is_reset_by_an_init),
		TEST(collects_errors_until_they_are_asked_for),
		TEST(counts_down_once),
		TEST(divides_its_clock),
		TEST(counts_down_again_and_again),
		TEST(leaves_the_host_some_time),
		TEST(waits_for_the_time_stamp_counter),
		TEST(passes_the_8259_through_lint0),
		TEST(is_transparent_when_it_is_off),
		TEST(interrupts_from_its_pins),
		TEST(takes_an_external_interrupt_by_message),
		TEST(ignores_what_is_no_whole_register),
		TEST(keeps_reserved_bits_zero),
		TEST(moves_its_window),
		TEST(changes_modes_as_the_manual_allows),
		TEST_X2APIC(has_its_registers_as_msrs),
		TEST_X2APIC(refuses_reserved_bits_in_msrs),
		TEST(has_no_msrs_in_xapic_mode),
		TEST_X2APIC(sends_by_msr),
		TEST(survives_any_access),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
