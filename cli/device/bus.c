/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the device of an address. */
#include "device.h"

bool bus_add(struct bus *bus, struct device *device, uint64_t base, uint64_t size)
{
	if (bus->count == BUS_DEVICES_MAX || !size || base + size < base)
		return false;
	for (size_t i = 0; i < bus->count; i++)
		if (base < bus->devices[i]->base + bus->devices[i]->size && bus->devices[i]->base < base + size)
			return false;
	device->base = base;
	device->size = size;
	bus->devices[bus->count++] = device;
	return true;
}

static struct device *device_at(struct bus *bus, uint64_t gpa, unsigned width)
{
	for (size_t i = 0; i < bus->count; i++) {
		struct device *device = bus->devices[i];

		if (gpa >= device->base && gpa - device->base < device->size &&
		    width <= device->size - (gpa - device->base))
			return device;
	}
	bus->unassigned++;
	return NULL;
}

static unsigned step_of(const struct device *device, unsigned width)
{
	unsigned most = device->ops->max_width;

	return most && most < width ? most : width;
}

static uint64_t width_mask(unsigned width)
{
	return width >= 8 ? UINT64_MAX : (UINT64_C(1) << (8 * width)) - 1;
}

struct device *bus_read(struct bus *bus, uint64_t gpa, unsigned width, uint64_t *ret_value)
{
	struct device *device = device_at(bus, gpa, width);
	unsigned step = device ? step_of(device, width) : width;

	*ret_value = device ? 0 : bus->floating & width_mask(width);
	for (unsigned i = 0; device && i < width; i += step)
		*ret_value |= (device->ops->read(device, gpa - device->base + i, step) & width_mask(step)) << (8 * i);
	return device;
}

struct device *bus_write(struct bus *bus, uint64_t gpa, unsigned width, uint64_t value)
{
	struct device *device = device_at(bus, gpa, width);
	unsigned step = device ? step_of(device, width) : width;

	for (unsigned i = 0; device && i < width; i += step)
		device->ops->write(device, gpa - device->base + i, step, (value >> (8 * i)) & width_mask(step));
	return device;
}
