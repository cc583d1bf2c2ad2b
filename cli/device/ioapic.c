/* SPDX-License-Identifier: Apache-2.0 */
#include "ioapic.h"

/* Offsets in the window; the other registers are behind SELECT and WINDOW. */
enum { SELECT = 0x00, WINDOW = 0x10, EOI = 0x40 };

enum { REG_ID = 0, REG_VERSION = 1, REG_ARBITRATION = 2, REG_ENTRIES = 0x10 };

enum { VERSION = 0x20 | (IOAPIC_PINS - 1) << 16 };

enum {
	ENTRY_LOGICAL = 1u << 11,
	ENTRY_REMOTE_IRR = 1u << 14,
	ENTRY_LEVEL = 1u << 15,
	ENTRY_MASKED = 1u << 16,
};

/* All but delivery status and remote IRR, and what is reserved. */
#define ENTRY_WRITABLE UINT64_C(0xff0000000001afff)

static uint32_t destination_of(uint64_t entry)
{
	uint32_t destination = (uint32_t)(entry >> 56);

	return destination == 0xff ? APIC_BROADCAST : destination;
}

static bool send(struct ioapic *ioapic, uint64_t entry)
{
	const struct apic_message message = { .destination = destination_of(entry),
					      .vector = (uint8_t)entry,
					      .mode = entry >> 8 & 7,
					      .logical = entry & ENTRY_LOGICAL,
					      .level = entry & ENTRY_LEVEL };

	/* The data sheet has no start-up delivery mode. */
	return ioapic->bus && message.mode != APIC_START_UP && apic_bus_send(ioapic->bus, &message);
}

/* A level-triggered pin sends again only after the EOI of what it sent before. */
static void serve_level(struct ioapic *ioapic, unsigned pin)
{
	uint64_t *entry = &ioapic->entries[pin];

	if (!(ioapic->level >> pin & 1) || !(*entry & ENTRY_LEVEL) || (*entry & (ENTRY_MASKED | ENTRY_REMOTE_IRR)))
		return;
	if (send(ioapic, *entry))
		*entry |= ENTRY_REMOTE_IRR;
}

void ioapic_set_pin(void *ioapic_, unsigned pin, bool level)
{
	struct ioapic *ioapic = ioapic_;
	uint32_t mask = UINT32_C(1) << (pin & 31);
	bool rises;

	if (pin >= IOAPIC_PINS)
		return;
	rises = level && !(ioapic->level & mask);
	ioapic->level = level ? ioapic->level | mask : ioapic->level & ~mask;
	if (ioapic->entries[pin] & ENTRY_LEVEL)
		serve_level(ioapic, pin);
	else if (rises && !(ioapic->entries[pin] & ENTRY_MASKED))
		send(ioapic, ioapic->entries[pin]);
}

void ioapic_end(struct ioapic *ioapic, uint8_t vector)
{
	for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
		if ((uint8_t)ioapic->entries[pin] != vector || !(ioapic->entries[pin] & ENTRY_REMOTE_IRR))
			continue;
		ioapic->entries[pin] &= ~(uint64_t)ENTRY_REMOTE_IRR;
		serve_level(ioapic, pin);
	}
}

static uint32_t read_register(const struct ioapic *ioapic)
{
	unsigned number = ioapic->select, pin = (number - REG_ENTRIES) / 2;

	switch (number) {
	case REG_ID:
	case REG_ARBITRATION:
		return (uint32_t)ioapic->id << 24;
	case REG_VERSION:
		return VERSION;
	default:
		if (number < REG_ENTRIES || pin >= IOAPIC_PINS)
			return 0;
		return (uint32_t)(number % 2 ? ioapic->entries[pin] >> 32 : ioapic->entries[pin]);
	}
}

/* Guests clear a stuck remote IRR by making the pin edge-triggered for a moment. */
static void write_entry(struct ioapic *ioapic, unsigned pin, uint64_t value)
{
	uint64_t *entry = &ioapic->entries[pin];
	uint64_t kept = value & ENTRY_LEVEL ? *entry & ENTRY_REMOTE_IRR : 0;

	*entry = (value & ENTRY_WRITABLE) | kept;
	serve_level(ioapic, pin);
}

static void write_register(struct ioapic *ioapic, uint32_t value)
{
	unsigned number = ioapic->select, pin = (number - REG_ENTRIES) / 2;
	uint64_t low = UINT64_C(0xffffffff);

	if (number == REG_ID)
		ioapic->id = value >> 24 & 0xf;
	if (number < REG_ENTRIES || pin >= IOAPIC_PINS)
		return;
	if (number % 2)
		write_entry(ioapic, pin, (ioapic->entries[pin] & low) | (uint64_t)value << 32);
	else
		write_entry(ioapic, pin, (ioapic->entries[pin] & ~low) | value);
}

static uint64_t ioapic_read(struct device *device, uint64_t offset, unsigned width)
{
	const struct ioapic *ioapic = (const struct ioapic *)device;

	(void)width;
	switch (offset) {
	case SELECT:
		return ioapic->select;
	case WINDOW:
		return read_register(ioapic);
	default:
		return 0;
	}
}

static void ioapic_write(struct device *device, uint64_t offset, unsigned width, uint64_t value)
{
	struct ioapic *ioapic = (struct ioapic *)device;

	(void)width;
	switch (offset) {
	case SELECT:
		ioapic->select = (uint8_t)value;
		break;
	case WINDOW:
		write_register(ioapic, (uint32_t)value);
		break;
	case EOI:
		ioapic_end(ioapic, (uint8_t)value);
		break;
	default:
		break;
	}
}

static const struct device_ops ops = {
	.name = "ioapic",
	.read = ioapic_read,
	.write = ioapic_write,
};

void ioapic_init(struct ioapic *ioapic, struct apic_bus *bus)
{
	*ioapic = (struct ioapic){ .device.ops = &ops, .bus = bus };
	for (unsigned pin = 0; pin < IOAPIC_PINS; pin++)
		ioapic->entries[pin] = ENTRY_MASKED;
}
