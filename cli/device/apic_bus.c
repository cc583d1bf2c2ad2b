/* SPDX-License-Identifier: Apache-2.0 */
/* Messages between the APICs: who a destination is, who wins an arbitration, and what an ICR says. See lapic.h. */
#include "lapic_parts.h"

static bool is_flat(const struct lapic *lapic)
{
	return lapic->dfr >> 28 == 0xf;
}

/* Section "Determining IPI Destination". */
static bool matches_logical(const struct lapic *lapic, uint32_t destination)
{
	uint32_t own = lapic_logical_id(lapic), mine = own >> 24;

	if (lapic_is_x2apic(lapic))
		return own >> 16 == destination >> 16 && (own & destination & 0xffff);
	if (destination > 0xff)
		return false;
	if (is_flat(lapic))
		return mine & destination;
	return (destination >> 4 == 0xf || mine >> 4 == destination >> 4) && (mine & destination & 0xf);
}

static bool matches(const struct lapic *lapic, const struct apic_message *message)
{
	if (message->destination == APIC_BROADCAST)
		return true;
	return message->logical ? matches_logical(lapic, message->destination) : lapic->id == message->destination;
}

/* Only those that could take it take part: an APIC that is switched off does not. */
static bool is_candidate(const struct lapic *lapic, const struct apic_message *message, const struct lapic *except)
{
	return lapic != except && lapic_is_enabled(lapic) && (lapic->svr & 0x100) && matches(lapic, message);
}

/* Among equals each has its turn. */
static struct lapic *arbitrate(struct apic_bus *bus, const struct apic_message *message, const struct lapic *except)
{
	struct lapic *best = NULL;

	for (unsigned i = 0; i < bus->count; i++) {
		struct lapic *lapic = &bus->lapics[(bus->next + i) % bus->count];

		if (is_candidate(lapic, message, except) &&
		    (!best || lapic_processor_priority(lapic) < lapic_processor_priority(best)))
			best = lapic;
	}
	if (best)
		bus->next = best->id + 1;
	return best;
}

static bool deliver(struct apic_bus *bus, const struct apic_message *message, const struct lapic *except)
{
	bool taken = false;

	if (message->mode == APIC_LOWEST) {
		struct lapic *lapic = arbitrate(bus, message, except);

		return lapic && lapic_accept(lapic, message);
	}
	for (unsigned i = 0; i < bus->count; i++)
		if (&bus->lapics[i] != except && matches(&bus->lapics[i], message))
			taken |= lapic_accept(&bus->lapics[i], message);
	return taken;
}

bool apic_bus_send(struct apic_bus *bus, const struct apic_message *message)
{
	return deliver(bus, message, NULL);
}

/* Fields of the ICR (section "Interrupt Command Register (ICR)"). */
enum { ICR_LOGICAL = 1u << 11, ICR_ASSERT = 1u << 14, ICR_LEVEL = 1u << 15 };
enum shorthand { TO_DESTINATION, TO_SELF, TO_ALL, TO_OTHERS };

/* Delivery modes that each shorthand allows, a bit each (table "Valid Combinations for the Pentium 4 Processor's Local
 * xAPIC Interrupt Command Register"). */
static const uint8_t allowed_modes[4] = {
	[TO_DESTINATION] = 1u << APIC_FIXED | 1u << APIC_LOWEST | 1u << APIC_SMI | 1u << APIC_NMI | 1u << APIC_INIT |
			   1u << APIC_START_UP,
	[TO_SELF] = 1u << APIC_FIXED,
	[TO_ALL] = 1u << APIC_FIXED,
	[TO_OTHERS] = 1u << APIC_FIXED | 1u << APIC_LOWEST | 1u << APIC_SMI | 1u << APIC_NMI | 1u << APIC_INIT |
		      1u << APIC_START_UP,
};

/* In an xAPIC eight bits, whose broadcast is all ones of them; in the logical flat model that is everybody anyway. */
static uint32_t destination_of(const struct lapic *lapic)
{
	uint32_t high = (uint32_t)(lapic->icr >> 32);

	if (lapic_is_x2apic(lapic))
		return high;
	return high >> 24 == 0xff ? APIC_BROADCAST : high >> 24;
}

static bool has_vector(unsigned mode)
{
	return mode == APIC_FIXED || mode == APIC_LOWEST;
}

void apic_bus_command(struct lapic *lapic)
{
	uint32_t low = (uint32_t)lapic->icr;
	unsigned shorthand = low >> 18 & 3, mode = low >> 8 & 7;
	const struct apic_message message = { .destination = shorthand ? APIC_BROADCAST : destination_of(lapic),
					      .vector = (uint8_t)low,
					      .mode = (uint8_t)mode,
					      .logical = low & ICR_LOGICAL };

	if (!(allowed_modes[shorthand] >> mode & 1))
		return;
	if (mode == APIC_INIT && (low & ICR_LEVEL) && !(low & ICR_ASSERT))
		return; /* de-assert: it would synchronise arbitration ids, which there are none of */
	if (has_vector(mode) && message.vector < APIC_VECTOR_MIN)
		lapic_raise_error(lapic, ESR_SEND_ILLEGAL_VECTOR);
	else if (shorthand == TO_SELF)
		lapic_accept(lapic, &message);
	else
		deliver(lapic->bus, &message, shorthand == TO_OTHERS ? lapic : NULL);
}

uint64_t apic_bus_due(struct apic_bus *bus)
{
	uint64_t first = UINT64_MAX;

	for (unsigned i = 0; i < bus->count; i++) {
		uint64_t due = lapic_due(&bus->lapics[i]);

		first = due < first ? due : first;
	}
	return first;
}

void apic_bus_tick(struct apic_bus *bus)
{
	uint64_t now = clock_now(&bus->clock);

	for (unsigned i = 0; i < bus->count; i++)
		if (lapic_due(&bus->lapics[i]) <= now)
			lapic_tick(&bus->lapics[i]);
}

void apic_bus_init(struct apic_bus *bus, unsigned count, const struct apic_wiring *wiring,
		   const struct device_clock *clock)
{
	*bus = (struct apic_bus){ .wiring = *wiring,
				  .clock = *clock,
				  .count = count < APIC_BUS_MAX ? count : APIC_BUS_MAX };
	for (unsigned i = 0; i < bus->count; i++) {
		struct lapic *lapic = &bus->lapics[i];

		*lapic = (struct lapic){ .bus = bus,
					 .id = i,
					 .base = LAPIC_DEFAULT_BASE | LAPIC_BASE_ENABLE | (i ? 0 : LAPIC_BASE_BSP) };
		lapic_reset(lapic);
	}
}
