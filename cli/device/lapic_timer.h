/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The counter of a local APIC's timer (Intel SDM volume 3, section "APIC Timer"). Pure arithmetic on a time that the
 * caller gives; the LVT entry with mask and vector is the caller's.
 */
#ifndef CLI_DEVICE_LAPIC_TIMER_H
#define CLI_DEVICE_LAPIC_TIMER_H

#include <stdbool.h>
#include <stdint.h>

/* The bus clock, which the divide configuration divides: one count is so many nanoseconds times the divisor. */
#define LAPIC_TIMER_BUS_NS 1u

/* A period shorter than this would keep the host busy with nothing else: interrupts of a periodic timer are at least so
 * far apart, though its counter runs as programmed. */
#define LAPIC_TIMER_LEAST_NS 20000u

enum lapic_timer_mode { LAPIC_ONE_SHOT, LAPIC_PERIODIC, LAPIC_TSC_DEADLINE };

struct lapic_timer {
	enum lapic_timer_mode mode;
	uint8_t divide; /* the register: bits 0, 1 and 3 */
	uint32_t initial;
	uint32_t loaded; /* the counter's value at loaded_ns */
	uint64_t loaded_ns;
	bool counts;       /* it has not come to 0 */
	uint64_t fired_ns; /* of the last expiry that was taken */
	uint64_t deadline; /* of the time stamp counter, as written; 0: none */
	uint64_t deadline_ns;
};

/* A change of mode to or from the TSC deadline disarms the timer. */
void lapic_timer_set_mode(struct lapic_timer *timer, enum lapic_timer_mode mode);
void lapic_timer_set_initial(struct lapic_timer *timer, uint32_t initial, uint64_t now_ns);
void lapic_timer_set_divide(struct lapic_timer *timer, uint8_t divide, uint64_t now_ns);
void lapic_timer_set_deadline(struct lapic_timer *timer, uint64_t deadline, uint64_t deadline_ns);

/* The current count. */
uint32_t lapic_timer_count(const struct lapic_timer *timer, uint64_t now_ns);

/* When it expires next, UINT64_MAX: never. */
uint64_t lapic_timer_due(const struct lapic_timer *timer);

/* Takes what is due as expired: true when there was something. Several missed periods are one expiry. */
bool lapic_timer_expire(struct lapic_timer *timer, uint64_t now_ns);

#endif
