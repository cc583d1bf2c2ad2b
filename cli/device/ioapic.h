/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An IOAPIC (Intel 82093AA data sheet; version 0x20 with the EOI register of later ones): 24 pins, each with an entry
 * that says which message it sends to the local APICs.
 *
 * Levels are as the devices assert them: the polarity bit is kept and not looked at, since nothing on this board is
 * inverted.
 */
#ifndef CLI_DEVICE_IOAPIC_H
#define CLI_DEVICE_IOAPIC_H

#include "lapic.h"

#define IOAPIC_PINS 24u
#define IOAPIC_SIZE 0x1000u

struct ioapic {
	struct device device;
	struct apic_bus *bus; /* NULL: messages go nowhere */
	uint8_t id;
	uint8_t select;
	uint32_t level;                /* what the devices drive, a bit per pin */
	uint64_t entries[IOAPIC_PINS]; /* as in the data sheet, with delivery status always idle */
};

void ioapic_init(struct ioapic *ioapic, struct apic_bus *bus);

/* Drives a pin; those that do not exist are ignored. An irq_line's function, with the IOAPIC as its context. */
void ioapic_set_pin(void *ioapic, unsigned pin, bool level);

/* A processor has ended the level-triggered interrupt of a vector. */
void ioapic_end(struct ioapic *ioapic, uint8_t vector);

#endif
