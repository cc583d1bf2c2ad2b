/* SPDX-License-Identifier: Apache-2.0 */
/* The 8254, the clock with its CMOS memory, ACPI's fixed hardware and the single ports, by a clock that the test turns.
 */
#include "cli.h"
#include "device/acpi_pm.h"
#include "device/cmos_rtc.h"
#include "device/i8254.h"
#include "device/pc_ports.h"

#define NS_PER_S UINT64_C(1000000000)

struct fixture {
	struct i8254 pit;
	struct cmos_rtc rtc;
	struct acpi_pm pm;
	struct pc_ports ports;
	uint64_t now;
	uint64_t rearmed;
	bool irq[16];
	unsigned rises[16];
	unsigned resets, power_offs, ends;
	uint32_t ended_with;
};

static uint64_t now_ns(void *context)
{
	return ((struct fixture *)context)->now;
}

static void rearmed(void *context, uint64_t due_ns)
{
	((struct fixture *)context)->rearmed = due_ns;
}

static void set_irq(void *context, unsigned number, bool level)
{
	struct fixture *fixture = context;

	fixture->rises[number] += level && !fixture->irq[number];
	fixture->irq[number] = level;
}

static void power_off(void *context)
{
	((struct fixture *)context)->power_offs++;
}

static void reset(void *context)
{
	((struct fixture *)context)->resets++;
}

static void ended(void *context, uint32_t value)
{
	struct fixture *fixture = context;

	fixture->ends++;
	fixture->ended_with = value;
}

/* 2024-02-29 23:59:58 UTC, a Thursday. */
#define LEAP_DAY UINT64_C(1709251198)

static int make(void **state)
{
	static struct fixture fixture;
	const struct device_clock clock = { now_ns, rearmed, &fixture };
	const struct irq_line lines[] = { { set_irq, &fixture, 0 },
					  { set_irq, &fixture, 8 },
					  { set_irq, &fixture, 9 } };
	const struct cmos_info info = { .memory_below_4g = UINT64_C(0xc0000000),
					.memory_above_4g = UINT64_C(0x100000000),
					.wall_ns = LEAP_DAY * NS_PER_S };

	memset(&fixture, 0, sizeof(fixture));
	fixture.now = 12345;
	fixture.rearmed = UINT64_MAX;
	i8254_init(&fixture.pit, &lines[0], &clock);
	cmos_rtc_init(&fixture.rtc, &info, &lines[1], &clock);
	acpi_pm_init(&fixture.pm, &lines[2], &clock, power_off, &fixture);
	pc_ports_init(&fixture.ports, reset, ended, &fixture);
	*state = &fixture;
	return 0;
}

static uint64_t in(struct device *device, uint64_t offset)
{
	return device->ops->read(device, offset, 1) & 0xff;
}

static void out(struct device *device, uint64_t offset, uint64_t value)
{
	device->ops->write(device, offset, 1, value);
}

/* The timer */

static void program(struct fixture *fixture, unsigned counter, uint8_t mode, uint16_t count)
{
	struct device *device = &fixture->pit.device;

	out(device, 3, counter << 6 | 0x30 | mode << 1);
	out(device, counter, count & 0xff);
	out(device, counter, count >> 8);
}

static uint16_t latched(struct fixture *fixture, unsigned counter)
{
	struct device *device = &fixture->pit.device;
	uint64_t low;

	out(device, 3, counter << 6);
	low = in(device, counter);
	return (uint16_t)(low | in(device, counter) << 8);
}

static void pass_clocks(struct fixture *fixture, uint64_t clocks)
{
	fixture->now += clocks * NS_PER_S / I8254_HZ + 1;
	i8254_tick(&fixture->pit);
}

static void counts_in_all_modes(void **state)
{
	static const struct {
		uint8_t mode;
		uint16_t count, after_10, after_1010; /* clocks */
	} rows[] = {
		{ 0, 1000, 990, 65526 }, { 2, 1000, 990, 990 },         { 3, 1000, 980, 980 },
		{ 4, 1000, 990, 65526 }, { 2, 0, 65526, 65536 - 1010 }, { 0, 0, 65526, 65536 - 1010 },
		{ 6, 1000, 990, 990 },   { 7, 1000, 980, 980 },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make(state);
		program(fixture, 0, rows[i].mode, rows[i].count);
		assert_int_equal(latched(fixture, 0), rows[i].count);
		pass_clocks(fixture, 10);
		assert_int_equal(latched(fixture, 0), rows[i].after_10);
		pass_clocks(fixture, 1000);
		assert_int_equal(latched(fixture, 0), rows[i].after_1010);
	}
}

static void counts_in_decimals(void **state)
{
	struct fixture *fixture = *state;
	struct device *device = &fixture->pit.device;

	out(device, 3, 0x35);
	out(device, 0, 0x00);
	out(device, 0, 0x10);
	assert_int_equal(latched(fixture, 0), 0x1000);
	pass_clocks(fixture, 1);
	assert_int_equal(latched(fixture, 0), 0x0999);
	out(device, 3, 0x31);
	out(device, 0, 0);
	out(device, 0, 0);
	pass_clocks(fixture, 1);
	assert_int_equal(latched(fixture, 0), 0x9999);
}

static void keeps_a_latch_until_it_is_read(void **state)
{
	struct fixture *fixture = *state;
	struct device *device = &fixture->pit.device;

	program(fixture, 0, 2, 0x1234);
	out(device, 3, 0x00);
	pass_clocks(fixture, 100);
	out(device, 3, 0x00);
	assert_int_equal(in(device, 0), 0x34);
	pass_clocks(fixture, 100);
	assert_int_equal(in(device, 0), 0x12);
	assert_int_equal(in(device, 0), (0x1234 - 200) & 0xff);
	assert_int_equal(in(device, 3), 0xff);
	out(device, 3, 0xd6); /* read back: count of 0 and 1, no status */
	pass_clocks(fixture, 1);
	assert_int_equal(in(device, 0), (0x1234 - 200) >> 8); /* the high byte's turn still */
}

static void reads_its_status_back(void **state)
{
	struct fixture *fixture = *state;
	struct device *device = &fixture->pit.device;

	out(device, 3, 0x34);
	out(device, 3, 0xe2);
	assert_int_equal(in(device, 0), 0x80 | 0x40 | 0x34); /* output high, no count yet */
	program(fixture, 0, 0, 100);
	out(device, 3, 0xe2);
	pass_clocks(fixture, 200);
	assert_int_equal(in(device, 0), 0x30); /* as it was when it was latched */
	out(device, 3, 0xc2);                  /* both: the status is read first */
	assert_int_equal(in(device, 0), 0x80 | 0x30);
	assert_int_equal(in(device, 0) | in(device, 0) << 8, (uint16_t)-100);
}

static void interrupts_once_in_mode_0(void **state)
{
	struct fixture *fixture = *state;

	program(fixture, 0, 0, 1000);
	assert_in_range(fixture->rearmed, fixture->now + 838095, fixture->now + 838097);
	assert_int_equal(i8254_due(&fixture->pit), fixture->rearmed);
	assert_false(fixture->irq[0]);
	fixture->now = fixture->rearmed - 2;
	i8254_tick(&fixture->pit);
	assert_false(fixture->irq[0]);
	fixture->now = fixture->rearmed;
	i8254_tick(&fixture->pit);
	assert_true(fixture->irq[0]);
	assert_true(i8254_due(&fixture->pit) == UINT64_MAX);
	i8254_tick(&fixture->pit);
	assert_int_equal(fixture->rises[0], 1);
	out(&fixture->pit.device, 3, 0x30);
	assert_false(fixture->irq[0]);
}

static void interrupts_periodically(void **state)
{
	struct fixture *fixture = *state;
	uint64_t start = fixture->now;

	for (uint8_t mode = 2; mode <= 3; mode++) {
		make(state);
		program(fixture, 0, mode, 11932); /* 100 Hz */
		for (unsigned i = 1; i <= 100; i++) {
			fixture->now = i8254_due(&fixture->pit);
			i8254_tick(&fixture->pit);
			assert_int_equal(fixture->rises[0], i);
			assert_true(fixture->irq[0]);
		}
		assert_in_range(fixture->now - start, 1000010000, 1000020000);
		fixture->now += NS_PER_S; /* missed ones are one */
		i8254_tick(&fixture->pit);
		assert_int_equal(fixture->rises[0], 101);
		assert_in_range(i8254_due(&fixture->pit) - fixture->now, 1, 10000153);
	}
	program(fixture, 0, 2, 1);
	pass_clocks(fixture, 11932);
	assert_true(i8254_due(&fixture->pit) >= fixture->now + I8254_LEAST_NS);
}

static void takes_a_new_count_at_the_end_of_a_period(void **state)
{
	struct fixture *fixture = *state;
	struct device *device = &fixture->pit.device;

	program(fixture, 0, 2, 1000);
	pass_clocks(fixture, 400);
	out(device, 0, 500 & 0xff);
	out(device, 0, 500 >> 8);
	assert_int_equal(latched(fixture, 0), 600);
	pass_clocks(fixture, 700);
	assert_int_equal(fixture->rises[0], 1);
	assert_int_equal(latched(fixture, 0), 400);
	pass_clocks(fixture, 500);
	assert_int_equal(fixture->rises[0], 2);
	assert_int_equal(latched(fixture, 0), 400);
}

static void has_a_gate_and_an_output_in_port_61(void **state)
{
	struct fixture *fixture = *state;
	struct device *port = &fixture->pit.speaker;

	out(port, 0, 0xfe);
	assert_int_equal(in(port, 0) & 0x0f, 0x0e);
	program(fixture, 2, 0, 1000);
	assert_int_equal(in(port, 0) & 0x20, 0);
	pass_clocks(fixture, 2000);
	assert_int_equal(in(port, 0) & 0x20, 0); /* the gate is closed */
	assert_int_equal(latched(fixture, 2), 1000);
	out(port, 0, 0x01);
	pass_clocks(fixture, 600);
	assert_int_equal(latched(fixture, 2), 400);
	out(port, 0, 0x00);
	pass_clocks(fixture, 600);
	assert_int_equal(latched(fixture, 2), 400);
	out(port, 0, 0x01);
	pass_clocks(fixture, 401);
	assert_int_equal(in(port, 0) & 0x20, 0x20);
	assert_int_equal(fixture->rises[0], 0);
	program(fixture, 2, 1, 100); /* a one-shot, which the gate triggers */
	assert_int_equal(in(port, 0) & 0x20, 0x20);
	out(port, 0, 0x00);
	out(port, 0, 0x01);
	assert_int_equal(in(port, 0) & 0x20, 0);
	pass_clocks(fixture, 101);
	assert_int_equal(in(port, 0) & 0x20, 0x20);
}

static void toggles_the_refresh_bit(void **state)
{
	struct fixture *fixture = *state;
	uint64_t first = in(&fixture->pit.speaker, 0) & 0x10;

	fixture->now += 15085;
	assert_int_not_equal(in(&fixture->pit.speaker, 0) & 0x10, first);
}

/* The clock */

static uint8_t cmos(struct fixture *fixture, uint8_t index)
{
	out(&fixture->rtc.device, 0, index);
	return (uint8_t)in(&fixture->rtc.device, 1);
}

static void set_cmos(struct fixture *fixture, uint8_t index, uint8_t value)
{
	out(&fixture->rtc.device, 0, index);
	out(&fixture->rtc.device, 1, value);
}

static void expect_time(struct fixture *fixture, const uint8_t bytes[8])
{
	static const uint8_t indexes[8] = { 0x32, 9, 8, 7, 6, 4, 2, 0 };

	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(cmos(fixture, indexes[i]), bytes[i]);
}

static void pass_seconds(struct fixture *fixture, uint64_t seconds)
{
	fixture->now += seconds * NS_PER_S;
	cmos_rtc_tick(&fixture->rtc);
}

static void tells_the_time(void **state)
{
	struct fixture *fixture = *state;

	expect_time(fixture, (const uint8_t[]){ 0x20, 0x24, 0x02, 0x29, 5, 0x23, 0x59, 0x58 });
	pass_seconds(fixture, 3);
	expect_time(fixture, (const uint8_t[]){ 0x20, 0x24, 0x03, 0x01, 6, 0x00, 0x00, 0x01 });
	set_cmos(fixture, 0x0b, 0x04); /* binary, 12 hours */
	pass_seconds(fixture, 46 * 60);
	expect_time(fixture, (const uint8_t[]){ 0x20, 24, 3, 1, 6, 12, 46, 1 });
	pass_seconds(fixture, 13 * 3600);
	expect_time(fixture, (const uint8_t[]){ 0x20, 24, 3, 1, 6, 0x81, 46, 1 });
	set_cmos(fixture, 0x0b, 0x00);
	assert_int_equal(cmos(fixture, 4), 0x81);
	pass_seconds(fixture, 10 * 3600);
	assert_int_equal(cmos(fixture, 4), 0x91); /* 11 p.m. in BCD */
}

static void is_set(void **state)
{
	static const uint8_t indexes[8] = { 0x32, 9, 8, 7, 6, 4, 2, 0 };
	static const uint8_t bytes[8] = { 0x19, 0x99, 0x12, 0x31, 6, 0x23, 0x59, 0x59 };
	struct fixture *fixture = *state;

	set_cmos(fixture, 0x0b, 0x82);
	for (unsigned i = 0; i < 8; i++)
		set_cmos(fixture, indexes[i], bytes[i]);
	pass_seconds(fixture, 100); /* it stands still */
	expect_time(fixture, bytes);
	set_cmos(fixture, 0x0b, 0x02);
	expect_time(fixture, bytes);
	pass_seconds(fixture, 1);
	expect_time(fixture, (const uint8_t[]){ 0x20, 0x00, 0x01, 0x01, 7, 0, 0, 0 });
	set_cmos(fixture, 4, 0x17); /* one by one */
	expect_time(fixture, (const uint8_t[]){ 0x20, 0x00, 0x01, 0x01, 7, 0x17, 0, 0 });
}

static void announces_an_update(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(cmos(fixture, 0x0a), 0x26);
	fixture->now += NS_PER_S - 244000;
	assert_int_equal(cmos(fixture, 0x0a), 0xa6);
	fixture->now += 244000;
	assert_int_equal(cmos(fixture, 0x0a), 0x26);
	assert_int_equal(cmos(fixture, 0x0d), 0x80);
}

static void interrupts_at_updates(void **state)
{
	struct fixture *fixture = *state;

	assert_true(cmos_rtc_due(&fixture->rtc) == UINT64_MAX);
	set_cmos(fixture, 0x0b, 0x12);
	assert_int_equal(fixture->rearmed, fixture->now + NS_PER_S);
	for (unsigned i = 1; i <= 3; i++) {
		fixture->now = cmos_rtc_due(&fixture->rtc);
		cmos_rtc_tick(&fixture->rtc);
		assert_true(fixture->irq[8]);
		assert_true(cmos_rtc_due(&fixture->rtc) == UINT64_MAX); /* until it is acknowledged */
		assert_int_equal(cmos(fixture, 0x0c) & 0x90, 0x90);
		assert_false(fixture->irq[8]);
		assert_int_equal(cmos(fixture, 0x0c), 0);
		assert_int_equal(fixture->rearmed, cmos_rtc_due(&fixture->rtc)); /* who sleeps learns of it */
		assert_int_equal(fixture->now, 12345 + i * NS_PER_S);
	}
}

static void interrupts_periodically_at_its_rates(void **state)
{
	static const struct {
		uint8_t rate;
		unsigned hz;
	} rows[] = { { 1, 256 }, { 2, 128 }, { 3, 8192 }, { 6, 1024 }, { 15, 2 } };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t start;

		make(state);
		start = fixture->now;
		set_cmos(fixture, 0x0a, 0x20 | rows[i].rate);
		set_cmos(fixture, 0x0b, 0x42);
		for (unsigned n = 0; n < 20; n++) {
			fixture->now = cmos_rtc_due(&fixture->rtc);
			cmos_rtc_tick(&fixture->rtc);
			assert_int_equal(cmos(fixture, 0x0c) & 0xc0, 0xc0);
			assert_int_equal(fixture->rearmed, cmos_rtc_due(&fixture->rtc));
		}
		assert_in_range(fixture->now - start, 19 * NS_PER_S / rows[i].hz - 40, 20 * NS_PER_S / rows[i].hz);
	}
	set_cmos(fixture, 0x0a, 0x20);
	assert_true(cmos_rtc_due(&fixture->rtc) == UINT64_MAX);
}

static void rings(void **state)
{
	struct fixture *fixture = *state;

	set_cmos(fixture, 1, 0x05);
	set_cmos(fixture, 3, 0x00);
	set_cmos(fixture, 5, 0x00);
	set_cmos(fixture, 0x0b, 0x22);
	pass_seconds(fixture, 6); /* 00:00:04 */
	assert_false(fixture->irq[8]);
	pass_seconds(fixture, 1);
	assert_true(fixture->irq[8]);
	assert_int_equal(cmos(fixture, 0x0c) & 0xb0, 0xb0);
	pass_seconds(fixture, 60);
	assert_false(fixture->irq[8]);
	set_cmos(fixture, 3, 0xff); /* any minute */
	set_cmos(fixture, 5, 0xc0);
	pass_seconds(fixture, 59);
	assert_false(fixture->irq[8]);
	pass_seconds(fixture, 5); /* it was missed by four seconds */
	assert_true(fixture->irq[8]);
}

static void remembers(void **state)
{
	struct fixture *fixture = *state;

	set_cmos(fixture, 0x0f, 0x0a);
	set_cmos(fixture, 0x7f, 0x55);
	set_cmos(fixture, 0x0d, 0x00);
	assert_int_equal(cmos(fixture, 0x8f), 0x0a); /* bit 7 is the NMI's */
	assert_int_equal(cmos(fixture, 0x7f), 0x55);
	assert_int_equal(cmos(fixture, 0x0d), 0x80);
	assert_int_equal(in(&fixture->rtc.device, 0), 0xff);
}

static void knows_the_memory(void **state)
{
	static const uint8_t bytes[][2] = { { 0x15, 0x80 }, { 0x16, 0x02 }, { 0x17, 0xff }, { 0x18, 0xff },
					    { 0x30, 0xff }, { 0x31, 0xff }, { 0x34, 0x00 }, { 0x35, 0xbf },
					    { 0x5b, 0x00 }, { 0x5c, 0x00 }, { 0x5d, 0x01 } };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++)
		assert_int_equal(cmos(fixture, bytes[i][0]), bytes[i][1]);
}

/* ACPI */

static uint64_t pm_in(struct fixture *fixture, uint64_t offset, unsigned width)
{
	uint64_t value = fixture->pm.device.ops->read(&fixture->pm.device, offset, width);

	return width == 8 ? value : value & ((UINT64_C(1) << 8 * width) - 1);
}

static void pm_out(struct fixture *fixture, uint64_t offset, unsigned width, uint64_t value)
{
	fixture->pm.device.ops->write(&fixture->pm.device, offset, width, value);
}

static void counts_at_acpi_s_frequency(void **state)
{
	struct fixture *fixture = *state;

	fixture->now = NS_PER_S;
	assert_int_equal(pm_in(fixture, 8, 4), 3579545);
	assert_int_equal(pm_in(fixture, 8, 1), 3579545 & 0xff);
	assert_int_equal(pm_in(fixture, 10, 2), 3579545 >> 16);
	pm_out(fixture, 8, 4, 0);
	assert_int_equal(pm_in(fixture, 8, 4), 3579545);
}

static void powers_off_at_s5(void **state)
{
	static const struct {
		unsigned width, offset;
		uint16_t value;
		bool goes_off;
	} rows[] = { { 2, 4, 0x2000, true },  { 2, 4, 0x2001, true },  { 1, 5, 0x20, true },  { 4, 4, 0x2000, true },
		     { 2, 4, 0x3400, false }, { 2, 4, 0x0001, false }, { 1, 4, 0x20, false }, { 2, 6, 0x2000, false } };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make(state);
		pm_out(fixture, rows[i].offset, rows[i].width, rows[i].value);
		assert_int_equal(fixture->power_offs, rows[i].goes_off);
	}
	pm_out(fixture, 4, 2, 0x1400);
	assert_int_equal(pm_in(fixture, 4, 2), 0x1401); /* ACPI is on, whatever is written */
}

static void interrupts_when_its_timer_turns(void **state)
{
	struct fixture *fixture = *state;

	pm_out(fixture, 2, 2, 0xffff);
	assert_int_equal(pm_in(fixture, 2, 2), 0x0721);
	assert_in_range(fixture->rearmed, UINT64_C(599932015940), UINT64_C(599932015942)); /* 2^31 counts */
	fixture->now = acpi_pm_due(&fixture->pm);
	acpi_pm_tick(&fixture->pm);
	assert_true(fixture->irq[9]);
	assert_int_equal(pm_in(fixture, 8, 4), UINT32_C(1) << 31);
	assert_int_equal(pm_in(fixture, 0, 2), 1);
	assert_int_equal(pm_in(fixture, 0, 4), 0x07210001);
	pm_out(fixture, 0, 2, 0x0721);
	assert_false(fixture->irq[9]);
	assert_int_equal(pm_in(fixture, 0, 2), 0);
}

/* The single ports */

static void reset_by_their_commands(void **state)
{
	static const struct {
		unsigned port; /* 0 keyboard, 1 system, 2 reset */
		uint8_t first, second;
		unsigned resets;
	} rows[] = {
		{ 0, 0xfe, 0xff, 1 }, { 0, 0xd1, 0xaa, 0 }, { 0, 0xf0, 0xfe, 2 }, { 1, 0x02, 0x03, 1 },
		{ 1, 0x01, 0x01, 1 }, { 1, 0x02, 0x00, 0 }, { 2, 0x02, 0x06, 1 }, { 2, 0x06, 0x06, 1 },
		{ 2, 0x0a, 0x0e, 1 }, { 2, 0x02, 0x00, 0 },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make(state);
		struct device *const devices[] = { &fixture->ports.keyboard.device, &fixture->ports.system.device,
						   &fixture->ports.reset.device };

		out(devices[rows[i].port], 0, rows[i].first);
		out(devices[rows[i].port], 0, rows[i].second);
		assert_int_equal(fixture->resets, rows[i].resets);
	}
}

static void read_as_they_should(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(in(&fixture->ports.keyboard.device, 0), 0xff); /* nobody is there */
	assert_int_equal(in(&fixture->ports.system.device, 0), 0x02);
	assert_int_equal(in(&fixture->ports.reset.device, 0), 0);
	out(&fixture->ports.reset.device, 0, 0xf2);
	assert_int_equal(in(&fixture->ports.reset.device, 0), 0x02);
	out(&fixture->ports.post.device, 0, 0x42);
	assert_int_equal(in(&fixture->ports.post.device, 0), 0x42);
}

static void end_with_a_value(void **state)
{
	struct fixture *fixture = *state;
	struct device *device = &fixture->ports.exit.device;

	out(device, 0, 7);
	assert_int_equal(fixture->ended_with, 7);
	device->ops->write(device, 0, 4, 0x12345678);
	assert_int_equal(fixture->ended_with, 0x12345678);
	out(device, 1, 3);
	assert_int_equal(fixture->ends, 2);
	assert_int_equal(in(device, 0), 0xff);
}

/* The bus: what is wider than a device takes comes in parts, and what nobody answers floats. */
static void are_reached_in_parts(void **state)
{
	struct fixture *fixture = *state;
	struct bus bus = { .floating = UINT64_MAX };
	uint64_t value;

	assert_true(bus_add(&bus, &fixture->rtc.device, 0x70, 2));
	assert_non_null(bus_write(&bus, 0x70, 2, 0x5a7e)); /* index and data in one */
	bus_write(&bus, 0x70, 1, 0x7e);
	assert_non_null(bus_read(&bus, 0x70, 2, &value));
	assert_int_equal(value, 0x5aff);
	assert_null(bus_read(&bus, 0xcf8, 4, &value));
	assert_true(value == 0xffffffff);
	assert_null(bus_read(&bus, 0x71, 2, &value)); /* over the end */
	assert_true(value == 0xffff);
	assert_null(bus_read(&bus, 0x1000, 8, &value));
	assert_true(value == UINT64_MAX);
}

static void scales_without_overflow(void **state)
{
	(void)state;
	assert_true(clock_scale(UINT64_MAX / 2, 1, 1) == UINT64_MAX / 2);
	assert_true(clock_scale(UINT64_MAX, 3, 2) == UINT64_MAX);
	assert_true(clock_scale(NS_PER_S, 3579545, NS_PER_S) == 3579545);
	assert_true(clock_scale(UINT64_C(86400) * 365 * 100 * NS_PER_S, I8254_HZ, NS_PER_S) ==
		    UINT64_C(86400) * 365 * 100 * I8254_HZ);
}

static void survive_any_access(void **state)
{
	struct fixture *fixture = *state;
	struct device *devices[] = {
		&fixture->pit.device,         &fixture->pit.speaker,           &fixture->rtc.device,
		&fixture->pm.device,          &fixture->ports.keyboard.device, &fixture->ports.system.device,
		&fixture->ports.reset.device, &fixture->ports.exit.device
	};
	static const unsigned sizes[] = { 4, 1, 2, 12, 1, 1, 1, 4 };
	uint64_t seed = 11;

	for (int i = 0; i < 500000; i++) {
		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
		unsigned which = (seed >> 33) % 8, width = which == 3 ? 1u << ((seed >> 36) & 3) : 1;
		uint64_t offset = (seed >> 40) % (sizes[which] - width + 1);

		if (seed >> 63)
			devices[which]->ops->read(devices[which], offset, width);
		else
			devices[which]->ops->write(devices[which], offset, width, seed >> 20);
		fixture->now += (seed >> 24) & 0xffffff;
		i8254_tick(&fixture->pit);
		cmos_rtc_tick(&fixture->rtc);
		acpi_pm_tick(&fixture->pm);
		i8254_due(&fixture->pit);
		cmos_rtc_due(&fixture->rtc);
	}
}

#define TEST(name) cmocka_unit_test_setup(name, make)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(counts_in_all_modes),
		TEST(counts_in_decimals),
		TEST(keeps_a_latch_until_it_is_read),
		TEST(reads_its_status_back),
		TEST(interrupts_once_in_mode_0),
		TEST(interrupts_periodically),
		TEST(takes_a_new_count_at_the_end_of_a_period),
		TEST(has_a_gate_and_an_output_in_port_61),
		TEST(toggles_the_refresh_bit),
		TEST(tells_the_time),
		TEST(is_set),
		TEST(announces_an_update),
		TEST(interrupts_at_updates),
		TEST(interrupts_periodically_at_its_rates),
		TEST(rings),
		TEST(remembers),
		TEST(knows_the_memory),
		TEST(counts_at_acpi_s_frequency),
		TEST(powers_off_at_s5),
		TEST(interrupts_when_its_timer_turns),
		TEST(reset_by_their_commands),
		TEST(read_as_they_should),
		TEST(end_with_a_value),
		TEST(are_reached_in_parts),
		TEST(scales_without_overflow),
		TEST(survive_any_access),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
