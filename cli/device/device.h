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

#define BUS_DEVICES_MAX 16u

struct bus {
	struct device *devices[BUS_DEVICES_MAX];
	size_t count;
	uint64_t unassigned; /* accesses that met no device */
};

/* Plugs a device in at [base, base + size). False: the bus is full, or the window meets another's. */
bool bus_add(struct bus *bus, struct device *device, uint64_t base, uint64_t size);

/* Accesses that no device answers read as zero and write nothing. Both return the device, or NULL. */
struct device *bus_read(struct bus *bus, uint64_t gpa, unsigned width, uint64_t *ret_value);
struct device *bus_write(struct bus *bus, uint64_t gpa, unsigned width, uint64_t value);

#endif
