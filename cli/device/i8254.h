/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An 8254 programmable interval timer (Intel 8254 data sheet) as a PC has it: counter 0 interrupts, 1 refreshed memory
 * once, and 2 has its gate and output in port 0x61.
 *
 * Nothing counts: what a counter shows is worked out from the time that has passed since it was loaded.
 */
#ifndef CLI_DEVICE_I8254_H
#define CLI_DEVICE_I8254_H

#include "device.h"

#define I8254_HZ 1193182u

/* Interrupts are at least so far apart, however fast counter 0 is made to run: the host has other things to do. */
#define I8254_LEAST_NS 20000u

struct i8254_counter {
	uint8_t mode;   /* 0 to 5 */
	uint8_t access; /* 1 low byte, 2 high byte, 3 both */
	bool bcd;
	bool gate;
	bool counts;         /* a count was loaded since the mode was set */
	bool triggered;      /* modes 1 and 5: the gate has risen since */
	uint32_t count;      /* 1 to 65536 */
	uint32_t next_count; /* of modes 2 and 3, from the end of the present cycle on; 0: none */
	uint64_t loaded_ns;
	uint64_t held; /* clocks that had passed when the gate closed */
	uint64_t rises_seen;
	uint64_t rise_ns; /* when the last was */
	uint8_t low_byte; /* written, while the high one is awaited */
	bool writes_high, reads_high;
	uint8_t latched; /* bytes of the latch that are still to be read */
	uint16_t latch;
	bool status_latched;
	uint8_t status;
};

struct i8254 {
	struct device device;  /* four ports */
	struct device speaker; /* port 0x61 */
	struct i8254_counter counters[3];
	uint8_t port61;
	struct irq_line irq;
	struct device_clock clock;
};

void i8254_init(struct i8254 *pit, const struct irq_line *irq, const struct device_clock *clock);

/* When counter 0 interrupts next, UINT64_MAX: never; and what is due. */
uint64_t i8254_due(const struct i8254 *pit);
void i8254_tick(struct i8254 *pit);

#endif
