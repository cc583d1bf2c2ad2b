/* SPDX-License-Identifier: Apache-2.0 */
#include <time.h>

#include "cmos_rtc.h"

#define NS_PER_S UINT64_C(1000000000)
#define DAY_S UINT64_C(86400)
#define MIB UINT64_C(1048576)

/* Of the times that nanoseconds in 63 bits reach, in the year 2262. */
#define LAST_SECOND UINT64_C(9223372036)

/* The update takes so long, and is announced before it happens (data sheet, "update cycle"). */
#define UPDATE_NS 244000u

enum {
	SECONDS = 0x00,
	SECONDS_ALARM = 0x01,
	MINUTES = 0x02,
	MINUTES_ALARM = 0x03,
	HOURS = 0x04,
	HOURS_ALARM = 0x05,
	WEEKDAY = 0x06,
	DAY = 0x07,
	MONTH = 0x08,
	YEAR = 0x09,
	REG_A = 0x0a,
	REG_B = 0x0b,
	REG_C = 0x0c,
	REG_D = 0x0d,
};

enum {
	A_UPDATING = 0x80,
	A_RATE = 0x0f,
	B_SET = 0x80,
	B_INTERRUPTS = 0x70, /* which of the flags of C interrupt */
	B_BINARY = 0x04,
	B_24_HOURS = 0x02,
	C_IRQ = 0x80,
	C_PERIODIC = 0x40,
	C_ALARM = 0x20,
	C_UPDATE = 0x10,
	D_VALID = 0x80,
	HOUR_PM = 0x80,
	ALARM_ANY = 0xc0,
};

static uint64_t now(const struct cmos_rtc *rtc)
{
	return clock_now(&rtc->clock);
}

static uint64_t time_of_day(const struct cmos_rtc *rtc)
{
	return now(rtc) + (uint64_t)rtc->offset_ns;
}

static bool is_being_set(const struct cmos_rtc *rtc)
{
	return rtc->bytes[REG_B] & B_SET;
}

/* A number as the registers have it, and back. */
static uint8_t encode(const struct cmos_rtc *rtc, unsigned value)
{
	return (uint8_t)(rtc->bytes[REG_B] & B_BINARY ? value : value / 10 % 10 << 4 | value % 10);
}

static unsigned decode(const struct cmos_rtc *rtc, uint8_t byte)
{
	return rtc->bytes[REG_B] & B_BINARY ? byte : (byte >> 4) * 10u + (byte & 15);
}

static uint8_t encode_hour(const struct cmos_rtc *rtc, unsigned hour)
{
	if (rtc->bytes[REG_B] & B_24_HOURS)
		return encode(rtc, hour);
	return encode(rtc, hour % 12 ? hour % 12 : 12) | (hour >= 12 ? HOUR_PM : 0);
}

static unsigned decode_hour(const struct cmos_rtc *rtc, uint8_t byte)
{
	if (rtc->bytes[REG_B] & B_24_HOURS)
		return decode(rtc, byte);
	return decode(rtc, byte & 0x7f) % 12 + (byte & HOUR_PM ? 12 : 0);
}

/* The registers of the time of day, from it. */
static void show_time(const struct cmos_rtc *rtc, uint64_t seconds, uint8_t bytes[CMOS_SIZE])
{
	time_t time = (time_t)seconds;
	struct tm tm;

	gmtime_r(&time, &tm);
	bytes[SECONDS] = encode(rtc, (unsigned)tm.tm_sec);
	bytes[MINUTES] = encode(rtc, (unsigned)tm.tm_min);
	bytes[HOURS] = encode_hour(rtc, (unsigned)tm.tm_hour);
	bytes[WEEKDAY] = encode(rtc, (unsigned)tm.tm_wday + 1);
	bytes[DAY] = encode(rtc, (unsigned)tm.tm_mday);
	bytes[MONTH] = encode(rtc, (unsigned)tm.tm_mon + 1);
	bytes[YEAR] = encode(rtc, (unsigned)tm.tm_year % 100);
	bytes[CMOS_CENTURY] = (uint8_t)((tm.tm_year / 100 + 19) / 10 % 10 << 4 | (tm.tm_year / 100 + 19) % 10);
}

/* The time of day becomes what the registers say, however odd that is. */
static void take_time(struct cmos_rtc *rtc)
{
	const uint8_t *bytes = rtc->bytes;
	unsigned century = (bytes[CMOS_CENTURY] >> 4) * 10u + (bytes[CMOS_CENTURY] & 15);
	struct tm tm = { .tm_sec = (int)decode(rtc, bytes[SECONDS]),
			 .tm_min = (int)decode(rtc, bytes[MINUTES]),
			 .tm_hour = (int)decode_hour(rtc, bytes[HOURS]),
			 .tm_mday = (int)decode(rtc, bytes[DAY]),
			 .tm_mon = (int)decode(rtc, bytes[MONTH]) - 1,
			 .tm_year = (int)((century - 19) * 100 + decode(rtc, bytes[YEAR])) };
	time_t seconds = timegm(&tm);

	rtc->second_seen = seconds < 0 ? 0 : (uint64_t)seconds < LAST_SECOND ? (uint64_t)seconds : LAST_SECOND;
	rtc->offset_ns = (int64_t)(rtc->second_seen * NS_PER_S - now(rtc));
}

/* Nanoseconds of the clock between periodic interrupts, 0: none (data sheet, table of rates at 32.768 kHz). */
static uint64_t period_ns(const struct cmos_rtc *rtc)
{
	unsigned rate = rtc->bytes[REG_A] & A_RATE;

	if (!rate)
		return 0;
	rate = rate < 3 ? rate + 7 : rate;
	return (NS_PER_S << (rate - 1)) / 32768;
}

static bool alarm_field_matches(const struct cmos_rtc *rtc, unsigned alarm, uint8_t value)
{
	return rtc->bytes[alarm] >= ALARM_ANY || rtc->bytes[alarm] == value;
}

static bool rings_at(const struct cmos_rtc *rtc, uint64_t second)
{
	return alarm_field_matches(rtc, SECONDS_ALARM, encode(rtc, (unsigned)(second % 60))) &&
	       alarm_field_matches(rtc, MINUTES_ALARM, encode(rtc, (unsigned)(second / 60 % 60))) &&
	       alarm_field_matches(rtc, HOURS_ALARM, encode_hour(rtc, (unsigned)(second / 3600 % 24)));
}

/* Sets the flags of all seconds since the last look; the alarm repeats every day. */
static void pass_seconds(struct cmos_rtc *rtc)
{
	uint64_t second = time_of_day(rtc) / NS_PER_S, from = rtc->second_seen;

	if (is_being_set(rtc) || second <= from)
		return;
	rtc->second_seen = second;
	rtc->bytes[REG_C] |= C_UPDATE;
	from = second - from > DAY_S ? second - DAY_S : from;
	while (from++ < second && !(rtc->bytes[REG_C] & C_ALARM))
		if (rings_at(rtc, from))
			rtc->bytes[REG_C] |= C_ALARM;
}

static void pass_periods(struct cmos_rtc *rtc)
{
	uint64_t length = period_ns(rtc), period = length ? now(rtc) / length : 0;

	if (length && period > rtc->period_seen)
		rtc->bytes[REG_C] |= C_PERIODIC;
	rtc->period_seen = period;
}

void cmos_rtc_tick(struct cmos_rtc *rtc)
{
	uint8_t *c = &rtc->bytes[REG_C];

	pass_seconds(rtc);
	pass_periods(rtc);
	*c = (uint8_t)((*c & ~C_IRQ) | (*c & rtc->bytes[REG_B] & B_INTERRUPTS ? C_IRQ : 0));
	irq_set(&rtc->irq, *c & C_IRQ);
}

/* Flags that are up already have interrupted already. */
uint64_t cmos_rtc_due(const struct cmos_rtc *rtc)
{
	uint8_t wanted = rtc->bytes[REG_B] & B_INTERRUPTS & (uint8_t)~rtc->bytes[REG_C];
	uint64_t due = UINT64_MAX, length = period_ns(rtc);

	if ((wanted & (C_ALARM | C_UPDATE)) && !is_being_set(rtc))
		due = (rtc->second_seen + 1) * NS_PER_S - (uint64_t)rtc->offset_ns;
	if ((wanted & C_PERIODIC) && length && (rtc->period_seen + 1) * length < due)
		due = (rtc->period_seen + 1) * length;
	return due;
}

static uint8_t read_a(const struct cmos_rtc *rtc)
{
	bool updating = !is_being_set(rtc) && time_of_day(rtc) % NS_PER_S >= NS_PER_S - UPDATE_NS;

	return rtc->bytes[REG_A] | (updating ? A_UPDATING : 0);
}

/* Reading C is the acknowledgement. */
static uint8_t read_c(struct cmos_rtc *rtc)
{
	uint8_t value = rtc->bytes[REG_C];

	rtc->bytes[REG_C] = 0;
	irq_set(&rtc->irq, false);
	return value;
}

static bool is_time(uint8_t index)
{
	return index <= YEAR ? index > HOURS_ALARM || !(index & 1) : index == CMOS_CENTURY;
}

static uint8_t read_byte(struct cmos_rtc *rtc)
{
	uint8_t shown[CMOS_SIZE];

	cmos_rtc_tick(rtc);
	if (is_time(rtc->index) && !is_being_set(rtc)) {
		show_time(rtc, time_of_day(rtc) / NS_PER_S, shown);
		return shown[rtc->index];
	}
	switch (rtc->index) {
	case REG_A:
		return read_a(rtc);
	case REG_C:
		return read_c(rtc);
	default:
		return rtc->bytes[rtc->index];
	}
}

static void write_time(struct cmos_rtc *rtc, uint8_t value)
{
	if (!is_being_set(rtc))
		show_time(rtc, time_of_day(rtc) / NS_PER_S, rtc->bytes);
	rtc->bytes[rtc->index] = value;
	if (!is_being_set(rtc))
		take_time(rtc);
}

/* SET stops the clock with its time in the registers, and starts it with what they say then. */
static void write_b(struct cmos_rtc *rtc, uint8_t value)
{
	bool was_set = is_being_set(rtc);

	if (!was_set && (value & B_SET))
		show_time(rtc, time_of_day(rtc) / NS_PER_S, rtc->bytes);
	rtc->bytes[REG_B] = value;
	if (was_set && !(value & B_SET))
		take_time(rtc);
}

static void write_byte(struct cmos_rtc *rtc, uint8_t value)
{
	if (is_time(rtc->index)) {
		write_time(rtc, value);
		return;
	}
	switch (rtc->index) {
	case REG_A:
		rtc->bytes[REG_A] = value & 0x7f;
		rtc->period_seen = period_ns(rtc) ? now(rtc) / period_ns(rtc) : 0;
		break;
	case REG_B:
		write_b(rtc, value);
		break;
	case REG_C:
	case REG_D:
		break;
	default:
		rtc->bytes[rtc->index] = value;
		break;
	}
}

static void rearm(const struct cmos_rtc *rtc)
{
	uint64_t due = cmos_rtc_due(rtc);

	if (due != UINT64_MAX)
		rtc->clock.rearmed(rtc->clock.context, due);
}

static uint64_t rtc_read(struct device *device, uint64_t offset, unsigned width)
{
	struct cmos_rtc *rtc = (struct cmos_rtc *)device;
	uint8_t value;

	(void)width;
	if (!offset)
		return 0xff; /* the index cannot be read */
	value = read_byte(rtc);
	rearm(rtc); /* it may have been the acknowledgement that the next interrupt waits for */
	return value;
}

static void rtc_write(struct device *device, uint64_t offset, unsigned width, uint64_t value)
{
	struct cmos_rtc *rtc = (struct cmos_rtc *)device;

	(void)width;
	if (!offset) {
		rtc->index = value & 0x7f; /* bit 7 would mask NMIs, which nothing here raises */
		return;
	}
	cmos_rtc_tick(rtc);
	write_byte(rtc, (uint8_t)value);
	cmos_rtc_tick(rtc);
	rearm(rtc);
}

static void put_16(struct cmos_rtc *rtc, unsigned index, uint64_t value)
{
	value = value < 0xffff ? value : 0xffff;
	rtc->bytes[index] = (uint8_t)value;
	rtc->bytes[index + 1] = (uint8_t)(value >> 8);
}

static uint64_t above(uint64_t size, uint64_t start)
{
	return size > start ? size - start : 0;
}

/* Sizes in KiB of what lies below 640K and above 1M (up to 64M), in 64 KiB above 16M, and above 4G (three bytes). */
static void describe_memory(struct cmos_rtc *rtc, const struct cmos_info *info)
{
	uint64_t high = info->memory_above_4g / 65536;

	put_16(rtc, 0x15, 640);
	put_16(rtc, 0x17, above(info->memory_below_4g, MIB) / 1024);
	put_16(rtc, 0x30, above(info->memory_below_4g, MIB) / 1024);
	put_16(rtc, 0x34, above(info->memory_below_4g, 16 * MIB) / 65536);
	high = high < 0xffffff ? high : 0xffffff;
	put_16(rtc, 0x5b, high & 0xffff);
	rtc->bytes[0x5d] = (uint8_t)(high >> 16);
}

static const struct device_ops ops = {
	.name = "cmos-rtc",
	.max_width = 1,
	.read = rtc_read,
	.write = rtc_write,
};

void cmos_rtc_init(struct cmos_rtc *rtc, const struct cmos_info *info, const struct irq_line *irq,
		   const struct device_clock *clock)
{
	*rtc = (struct cmos_rtc){ .device.ops = &ops, .irq = *irq, .clock = *clock };
	rtc->offset_ns = (int64_t)(info->wall_ns - now(rtc));
	rtc->second_seen = info->wall_ns / NS_PER_S;
	rtc->bytes[REG_A] = 0x26; /* 32.768 kHz, 1024 Hz */
	rtc->bytes[REG_B] = B_24_HOURS;
	rtc->bytes[REG_D] = D_VALID;
	describe_memory(rtc, info);
}
