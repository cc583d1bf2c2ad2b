/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the local APIC share with each other and with nobody else: lapic.c is one APIC by its registers,
 * apic_bus.c the messages between them. */
#ifndef CLI_DEVICE_LAPIC_PARTS_H
#define CLI_DEVICE_LAPIC_PARTS_H

#include "lapic.h"

/* Bits of the error status register (section "Error Handling"). */
enum {
	ESR_SEND_ILLEGAL_VECTOR = 1u << 5,
	ESR_RECEIVED_ILLEGAL_VECTOR = 1u << 6,
	ESR_ILLEGAL_REGISTER = 1u << 7,
};

/* Vectors below are the processor's own exceptions. */
#define APIC_VECTOR_MIN 16u

static inline bool lapic_is_enabled(const struct lapic *lapic)
{
	return lapic->base & LAPIC_BASE_ENABLE;
}

static inline bool lapic_is_x2apic(const struct lapic *lapic)
{
	return lapic->base & LAPIC_BASE_X2APIC;
}

/* As after power-up or INIT; what outlasts an INIT (base and pins) is left alone. */
void lapic_reset(struct lapic *lapic);

void lapic_raise_error(struct lapic *lapic, uint32_t bit);

/* A message that is for this APIC; false when it does not take it. */
bool lapic_accept(struct lapic *lapic, const struct apic_message *message);

/* The logical address, and the priority that arbitration compares. */
uint32_t lapic_logical_id(const struct lapic *lapic);
uint8_t lapic_processor_priority(const struct lapic *lapic);

/* When the timer wants to interrupt, UINT64_MAX: never; and what is due. */
uint64_t lapic_due(const struct lapic *lapic);
void lapic_tick(struct lapic *lapic);

/* Sends what the ICR of an APIC says. */
void apic_bus_command(struct lapic *lapic);

#endif
