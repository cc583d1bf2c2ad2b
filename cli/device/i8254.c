/* SPDX-License-Identifier: Apache-2.0 */
#include "i8254.h"

#define NS_PER_S UINT64_C(1000000000)

enum { CONTROL = 3, READ_BACK = 3 };
enum { STATUS_OUT = 0x80, STATUS_NULL = 0x40 };
enum { PORT61_GATE = 0x01, PORT61_WRITABLE = 0x0f, PORT61_REFRESH = 0x10, PORT61_OUT = 0x20 };

/* The refresh request toggles as often as counter 1 of the first PCs made it. */
#define REFRESH_NS 15085u

static bool is_periodic(const struct i8254_counter *counter)
{
	return counter->mode == 2 || counter->mode == 3;
}

static bool is_triggered_by_gate(const struct i8254_counter *counter)
{
	return counter->mode == 1 || counter->mode == 5;
}

static uint64_t clocks_in(uint64_t ns)
{
	return clock_scale(ns, I8254_HZ, NS_PER_S);
}

/* Not before so many clocks have passed. */
static uint64_t ns_of(uint64_t clocks)
{
	return clock_scale(clocks, NS_PER_S, I8254_HZ) + 1;
}

/* Clocks since the count was loaded. */
static uint64_t elapsed(const struct i8254_counter *counter, uint64_t now)
{
	if (!counter->gate && !is_triggered_by_gate(counter))
		return counter->held;
	return clocks_in(now - counter->loaded_ns);
}

static bool runs(const struct i8254_counter *counter)
{
	return counter->counts && (counter->triggered || !is_triggered_by_gate(counter));
}

/* A count that was written during a cycle is taken at its end (data sheet, modes 2 and 3). */
static void settle(struct i8254_counter *counter, uint64_t now)
{
	uint64_t cycles = counter->next_count ? elapsed(counter, now) / counter->count : 0;

	if (!cycles)
		return;
	counter->loaded_ns += ns_of(counter->count);
	counter->count = counter->next_count;
	counter->next_count = 0;
	counter->rises_seen = counter->rises_seen ? counter->rises_seen - 1 : 0;
}

static bool out(const struct i8254_counter *counter, uint64_t now)
{
	uint64_t clocks = elapsed(counter, now);

	if (!runs(counter))
		return counter->mode != 0;
	switch (counter->mode) {
	case 0:
	case 1:
		return clocks >= counter->count;
	case 2:
		return !counter->gate || clocks % counter->count != counter->count - 1;
	case 3:
		return !counter->gate || clocks % counter->count < (counter->count + 1) / 2;
	default:
		return clocks != counter->count;
	}
}

/* After how many clocks the output rises for the first time, since the count was loaded. */
static uint64_t first_rise(const struct i8254_counter *counter)
{
	return counter->mode >= 4 ? counter->count + 1 : counter->count;
}

/* How often it has risen. */
static uint64_t rises(const struct i8254_counter *counter, uint64_t now)
{
	uint64_t clocks = elapsed(counter, now);

	if (!runs(counter))
		return 0;
	if (!is_periodic(counter))
		return clocks >= first_rise(counter);
	if (counter->next_count && clocks >= counter->count)
		return 1 + (clocks - counter->count) / counter->next_count;
	return clocks / counter->count;
}

static uint16_t to_bcd(uint32_t value)
{
	return (uint16_t)(value / 1000 % 10 << 12 | value / 100 % 10 << 8 | value / 10 % 10 << 4 | value % 10);
}

static uint32_t from_bcd(uint16_t bcd)
{
	return (bcd >> 12) * 1000u + (bcd >> 8 & 15) * 100u + (bcd >> 4 & 15) * 10u + (bcd & 15);
}

/* What the counting element shows. Past zero it goes on with all ones, or 9999. */
static uint16_t shown(const struct i8254_counter *counter, uint64_t now)
{
	uint64_t clocks = runs(counter) ? elapsed(counter, now) : 0;
	uint32_t modulus = counter->bcd ? 10000 : 65536, value;

	if (counter->mode == 3)
		value = counter->count - (uint32_t)(2 * clocks % counter->count);
	else if (counter->mode == 2)
		value = counter->count - (uint32_t)(clocks % counter->count);
	else
		value = (counter->count + modulus - (uint32_t)(clocks % modulus)) % modulus;
	return counter->bcd ? to_bcd(value % modulus) : (uint16_t)value;
}

static uint64_t now(const struct i8254 *pit)
{
	return clock_now(&pit->clock);
}

/* The interrupt is the output of counter 0: each rise is seen, if only as the last of several. */
void i8254_tick(struct i8254 *pit)
{
	struct i8254_counter *counter = &pit->counters[0];
	uint64_t time = now(pit), risen = rises(counter, time);

	if (risen > counter->rises_seen) {
		counter->rises_seen = risen;
		counter->rise_ns = time;
		irq_set(&pit->irq, false);
		irq_set(&pit->irq, true);
	} else if (!is_periodic(counter)) {
		irq_set(&pit->irq, out(counter, time));
	}
	settle(counter, time);
}

static uint64_t limited(const struct i8254_counter *counter, uint64_t due)
{
	uint64_t least = counter->rise_ns + I8254_LEAST_NS;

	return counter->rise_ns && due < least ? least : due;
}

uint64_t i8254_due(const struct i8254 *pit)
{
	const struct i8254_counter *counter = &pit->counters[0];

	if (!runs(counter) || !counter->gate)
		return UINT64_MAX;
	if (is_periodic(counter))
		return limited(counter, counter->loaded_ns + ns_of((counter->rises_seen + 1) * counter->count));
	return counter->rises_seen ? UINT64_MAX : counter->loaded_ns + ns_of(first_rise(counter));
}

static void rearm(struct i8254 *pit)
{
	uint64_t due;

	i8254_tick(pit);
	due = i8254_due(pit);
	if (due != UINT64_MAX)
		pit->clock.rearmed(pit->clock.context, due);
}

static void load(struct i8254_counter *counter, uint16_t value, uint64_t time)
{
	uint32_t count = counter->bcd ? from_bcd(value) : value;

	count = count ? count : counter->bcd ? 10000 : 65536;
	if (is_periodic(counter) && counter->counts) {
		counter->next_count = count;
		return;
	}
	counter->count = count;
	counter->counts = true;
	counter->loaded_ns = time;
	counter->held = 0;
	counter->rises_seen = 0;
}

/* In mode 0 the first byte of two stops the counting. */
static void write_count(struct i8254_counter *counter, uint8_t value, uint64_t time)
{
	settle(counter, time);
	switch (counter->access) {
	case 1:
		load(counter, value, time);
		break;
	case 2:
		load(counter, (uint16_t)(value << 8), time);
		break;
	default:
		counter->writes_high = !counter->writes_high;
		if (!counter->writes_high) {
			load(counter, (uint16_t)(value << 8 | counter->low_byte), time);
			break;
		}
		counter->low_byte = value;
		counter->counts = counter->counts && counter->mode != 0;
		break;
	}
}

static void latch_count(struct i8254_counter *counter, uint64_t time)
{
	if (counter->latched)
		return;
	counter->latch = shown(counter, time);
	counter->latched = counter->access == 3 ? 2 : 1;
}

static void latch_status(struct i8254_counter *counter, uint64_t time)
{
	if (counter->status_latched)
		return;
	counter->status_latched = true;
	counter->status = (uint8_t)((out(counter, time) ? STATUS_OUT : 0) |
				    (!counter->counts || counter->next_count ? STATUS_NULL : 0) | counter->access << 4 |
				    counter->mode << 1 | counter->bcd);
}

static void read_back(struct i8254 *pit, uint8_t command)
{
	for (unsigned i = 0; i < 3; i++) {
		struct i8254_counter *counter = &pit->counters[i];

		if (!(command >> (i + 1) & 1))
			continue;
		settle(counter, now(pit));
		if (!(command & 0x20))
			latch_count(counter, now(pit));
		if (!(command & 0x10))
			latch_status(counter, now(pit));
	}
}

/* Modes 6 and 7 are 2 and 3 with a bit that does not matter. */
static void set_mode(struct i8254_counter *counter, uint8_t command)
{
	uint8_t mode = command >> 1 & 7;

	*counter = (struct i8254_counter){ .mode = mode > 5 ? mode & 3 : mode,
					   .access = command >> 4 & 3,
					   .bcd = command & 1,
					   .gate = counter->gate,
					   .count = 65536 };
}

static void write_control(struct i8254 *pit, uint8_t command)
{
	unsigned which = command >> 6;

	if (which == READ_BACK)
		read_back(pit, command);
	else if (command & 0x30)
		set_mode(&pit->counters[which], command);
	else {
		settle(&pit->counters[which], now(pit));
		latch_count(&pit->counters[which], now(pit));
	}
}

static void pit_write(struct device *device, uint64_t offset, unsigned width, uint64_t value)
{
	struct i8254 *pit = (struct i8254 *)device;

	(void)width;
	i8254_tick(pit);
	if ((offset & 3) == CONTROL)
		write_control(pit, (uint8_t)value);
	else
		write_count(&pit->counters[offset & 3], (uint8_t)value, now(pit));
	rearm(pit);
}

/* The byte of `value` whose turn it is. */
static uint8_t next_byte(struct i8254_counter *counter, uint16_t value)
{
	bool high = counter->access == 2 || (counter->access == 3 && counter->reads_high);

	counter->reads_high = counter->access == 3 && !counter->reads_high;
	return (uint8_t)(high ? value >> 8 : value);
}

static uint64_t pit_read(struct device *device, uint64_t offset, unsigned width)
{
	struct i8254 *pit = (struct i8254 *)device;
	struct i8254_counter *counter = &pit->counters[offset & 3];

	(void)width;
	if ((offset & 3) == CONTROL)
		return 0xff; /* it cannot be read */
	if (counter->status_latched) {
		counter->status_latched = false;
		return counter->status;
	}
	i8254_tick(pit);
	settle(counter, now(pit));
	if (!counter->latched)
		return next_byte(counter, shown(counter, now(pit)));
	counter->latched--;
	return next_byte(counter, counter->latch);
}

/* Modes 0 and 4 pause while the gate is closed; in the others its rise starts anew. */
static void set_gate(struct i8254_counter *counter, bool gate, uint64_t time)
{
	settle(counter, time);
	if (!gate && counter->gate) {
		counter->held = elapsed(counter, time);
	} else if (gate && !counter->gate && (counter->mode == 0 || counter->mode == 4)) {
		counter->loaded_ns = time - clock_scale(counter->held, NS_PER_S, I8254_HZ);
	} else if (gate && !counter->gate) {
		counter->loaded_ns = time;
		counter->triggered = true;
	}
	counter->gate = gate;
}

static struct i8254 *pit_of_speaker(struct device *device)
{
	return (struct i8254 *)(void *)((char *)device - offsetof(struct i8254, speaker));
}

static uint64_t speaker_read(struct device *device, uint64_t offset, unsigned width)
{
	struct i8254 *pit = pit_of_speaker(device);
	bool refresh = now(pit) / REFRESH_NS & 1;

	(void)offset;
	(void)width;
	settle(&pit->counters[2], now(pit));
	return pit->port61 | (refresh ? PORT61_REFRESH : 0u) | (out(&pit->counters[2], now(pit)) ? PORT61_OUT : 0u);
}

static void speaker_write(struct device *device, uint64_t offset, unsigned width, uint64_t value)
{
	struct i8254 *pit = pit_of_speaker(device);

	(void)offset;
	(void)width;
	pit->port61 = value & PORT61_WRITABLE;
	set_gate(&pit->counters[2], value & PORT61_GATE, now(pit));
}

static const struct device_ops ops = {
	.name = "i8254",
	.max_width = 1,
	.read = pit_read,
	.write = pit_write,
};

static const struct device_ops speaker_ops = {
	.name = "port-61",
	.max_width = 1,
	.read = speaker_read,
	.write = speaker_write,
};

void i8254_init(struct i8254 *pit, const struct irq_line *irq, const struct device_clock *clock)
{
	*pit = (struct i8254){ .device.ops = &ops, .speaker.ops = &speaker_ops, .irq = *irq, .clock = *clock };
	for (unsigned i = 0; i < 3; i++)
		pit->counters[i] = (struct i8254_counter){ .access = 3, .gate = i < 2, .count = 65536 };
}
