/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Local APICs in xAPIC and x2APIC mode, and the bus that carries messages between them and from the IOAPIC (Intel SDM
 * volume 3, chapter "Advanced Programmable Interrupt Controller"; "section" below refers to it).
 *
 * Version 0x14 with six LVT entries. Knows no machine: what an interrupt, NMI, INIT or SIPI does to a processor is told
 * to whoever made the bus. One caller at a time, for all APICs of a bus.
 */
#ifndef CLI_DEVICE_LAPIC_H
#define CLI_DEVICE_LAPIC_H

#include "device.h"
#include "lapic_timer.h"

#define LAPIC_SIZE 0x1000u
#define LAPIC_DEFAULT_BASE UINT64_C(0xfee00000)

/* Numbers of the MSRs that are the local APIC's. */
enum {
	LAPIC_MSR_BASE = 0x1b,
	LAPIC_MSR_TSC_DEADLINE = 0x6e0,
	LAPIC_MSR_X2APIC = 0x800,
	LAPIC_MSR_X2APIC_LAST = 0x8ff,
};

/* Offsets in the MMIO window, for those who act on a register beyond the APIC itself. In x2APIC mode the MSR is
 * LAPIC_MSR_X2APIC + offset / 16. */
enum { LAPIC_TPR = 0x80, LAPIC_APR = 0x90, LAPIC_PPR = 0xa0 };

enum {
	LAPIC_BASE_BSP = 1u << 8,
	LAPIC_BASE_X2APIC = 1u << 10,
	LAPIC_BASE_ENABLE = 1u << 11,
};

enum lapic_lvt { LVT_TIMER, LVT_THERMAL, LVT_PERFORMANCE, LVT_LINT0, LVT_LINT1, LVT_ERROR, LAPIC_LVTS };

/* Delivery modes of messages, of the ICR, of LVT entries and of the IOAPIC (section "Interrupt Command Register"). */
enum apic_mode {
	APIC_FIXED = 0,
	APIC_LOWEST = 1,
	APIC_SMI = 2,
	APIC_NMI = 4,
	APIC_INIT = 5,
	APIC_START_UP = 6,
	APIC_EXTINT = 7,
};

#define APIC_BROADCAST UINT32_MAX /* the destination that is all */

struct apic_message {
	uint32_t destination;
	uint8_t vector;
	uint8_t mode; /* enum apic_mode */
	bool logical; /* the destination is compared with logical addresses */
	bool level;   /* triggered by a level: its end is told to the IOAPIC */
};

struct lapic {
	struct apic_bus *bus;
	unsigned id;
	uint64_t base; /* IA32_APIC_BASE */
	uint8_t tpr;
	uint32_t ldr, dfr, svr;
	uint32_t isr[8], tmr[8], irr[8]; /* a bit per vector */
	uint32_t esr, esr_collected;     /* what reads give; what the next write moves there */
	uint64_t icr;
	uint32_t lvt[LAPIC_LVTS];
	bool pin[2];   /* levels of LINT0 and LINT1 */
	bool external; /* an ExtINT message came */
	bool output;
	struct lapic_timer timer;
};

/* What happens outside of the APICs. `id` is the processor's; all are called from within calls of this header. */
struct apic_wiring {
	void (*set_interrupt)(void *context, unsigned id, bool level); /* the processor's INTR */
	void (*nmi)(void *context, unsigned id);
	void (*init)(void *context, unsigned id); /* the APIC itself has been reset already */
	void (*start_up)(void *context, unsigned id, uint8_t vector);
	uint8_t (*acknowledge_external)(void *context); /* the vector of the 8259, which takes it as acknowledged */
	void (*end_of_level)(void *context, uint8_t vector); /* EOI of a level-triggered interrupt: to the IOAPIC */
	/* When, by the bus's clock, the processor's time stamp counter will be at `deadline`. */
	uint64_t (*tsc_due_ns)(void *context, unsigned id, uint64_t deadline);
	void *context;
};

#define APIC_BUS_MAX 64u

struct apic_bus {
	struct apic_wiring wiring;
	struct device_clock clock;
	unsigned count;
	unsigned next; /* where the arbitration among equals begins */
	struct lapic lapics[APIC_BUS_MAX];
};

/* As after power-up; ids are 0 to count - 1, and 0 is the bootstrap processor. */
void apic_bus_init(struct apic_bus *bus, unsigned count, const struct apic_wiring *wiring,
		   const struct device_clock *clock);

/* Delivers a message; false when no APIC took it. */
bool apic_bus_send(struct apic_bus *bus, const struct apic_message *message);

/* Nanoseconds of the clock at which a timer is due, UINT64_MAX when none is; and what is due then. */
uint64_t apic_bus_due(struct apic_bus *bus);
void apic_bus_tick(struct apic_bus *bus);

/* What firmware leaves behind on a PC (MultiProcessor Specification 1.4, section 3.6.2.2): the APIC is on, LINT0 is the
 * 8259's interrupt, LINT1 the NMI. */
void lapic_virtual_wire(struct lapic *lapic);

/* Whether a guest-physical address is in the APIC's window now. */
bool lapic_decodes(const struct lapic *lapic, uint64_t gpa);
uint64_t lapic_mmio_read(struct lapic *lapic, uint64_t offset, unsigned width);
void lapic_mmio_write(struct lapic *lapic, uint64_t offset, unsigned width, uint64_t value);

/* The MSRs above; false: the processor is to raise #GP. */
bool lapic_msr_read(struct lapic *lapic, uint32_t msr, uint64_t *ret_value);
bool lapic_msr_write(struct lapic *lapic, uint32_t msr, uint64_t value);

/* The task priority, which is CR8 too. */
void lapic_set_tpr(struct lapic *lapic, uint8_t tpr);

/* The processor takes an interrupt: its vector, which is in service then; or -1 when there is none. */
int lapic_acknowledge(struct lapic *lapic);

/* Drives LINT0 or LINT1. */
void lapic_set_pin(struct lapic *lapic, unsigned pin, bool level);

#endif
