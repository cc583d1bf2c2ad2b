/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every device model is to the bus: a window of guest-physical addresses and a table of functions. Knows no
 * machine.
 *
 * A device gets offsets within its window and the width of the access (1, 2, 4 or 8 bytes, inside the window, not
 * always aligned); whatever a guest does is answered, never refused. Values are in the low bits. The bus holds the
 * machine's device lock around every call.
 */
#ifndef CLI_DEVICE_DEVICE_H
#define CLI_DEVICE_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct device;

struct device_ops {
	const char *name;
	unsigned max_width; /* bytes that the device takes at a time: the bus breaks a wider access up; 0: all that
			     * there is
			     */
	uint64_t (*read)(struct device *device, uint64_t offset, unsigned width);
	void (*write)(struct device *device, uint64_t offset, unsigned width, uint64_t value);
};

/* The first member of each device's own struct. */
struct device {
	const struct device_ops *ops;
	uint64_t base;
	uint64_t size;
	unsigned idle_reads; /* reads since something happened, of a status that said: nothing to do. A guest that polls
			      */
};

/* An interrupt output: whoever wires the device up says where it leads. */
struct irq_line {
	void (*set)(void *context, unsigned number, bool level);
	void *context;
	unsigned number;
};

static inline void irq_set(const struct irq_line *line, bool level)
{
	if (line->set)
		line->set(line->context, line->number, level);
}

/* The time that a device counts by, and whom it tells at what time it wants to be looked at next. Nanoseconds. */
struct device_clock {
	uint64_t (*now_ns)(void *context);
	void (*rearmed)(void *context, uint64_t due_ns);
	void *context;
};

static inline uint64_t clock_now(const struct device_clock *clock)
{
	return clock->now_ns(clock->context);
}

/* value * multiplier / divisor, rounded down, at most UINT64_MAX; multiplier * divisor must fit into 64 bits. */
static inline uint64_t clock_scale(uint64_t value, uint64_t multiplier, uint64_t divisor)
{
	uint64_t whole = value / divisor, rest = value % divisor, product;

	if (__builtin_mul_overflow(whole, multiplier, &product))
		return UINT64_MAX;
	return product + rest * multiplier / divisor;
}

#define BUS_DEVICES_MAX 32u

struct bus {
	struct device *devices[BUS_DEVICES_MAX];
	size_t count;
	uint64_t unassigned; /* accesses that met no device */
	uint64_t floating;   /* what such a read gives, before it is cut to its width */
};

/* Plugs a device in at [base, base + size). False: the bus is full, or the window meets another's. */
bool bus_add(struct bus *bus, struct device *device, uint64_t base, uint64_t size);

/* Accesses that no device answers read as `floating` and write nothing. Both return the device, or NULL. */
struct device *bus_read(struct bus *bus, uint64_t gpa, unsigned width, uint64_t *ret_value);
struct device *bus_write(struct bus *bus, uint64_t gpa, unsigned width, uint64_t value);

#endif
