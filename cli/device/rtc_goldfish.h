/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The goldfish RTC of Android's emulator (docs/GOLDFISH-VIRTUAL-HARDWARE.TXT there): nanoseconds since 1970 in two
 * 32-bit registers, and an alarm that interrupts.
 */
#ifndef CLI_DEVICE_RTC_GOLDFISH_H
#define CLI_DEVICE_RTC_GOLDFISH_H

#include "device.h"

struct rtc_goldfish {
	struct device device;
	struct irq_line irq;
	uint64_t (*host_ns)(void);      /* nanoseconds since 1970 */
	void (*rearmed)(void *context); /* what due_in answers has changed */
	void *context;
	int64_t offset; /* of the guest's time from the host's: a guest may set the clock */
	uint32_t latched_high;
	uint32_t alarm_high;
	uint64_t alarm; /* in the guest's time */
	bool alarm_armed;
	bool irq_enabled;
	bool irq_pending;
};

void rtc_goldfish_init(struct rtc_goldfish *rtc, uint64_t (*host_ns)(void), const struct irq_line *irq,
		       void (*rearmed)(void *context), void *context);

/* Nanoseconds until the alarm is due, UINT64_MAX without one. */
uint64_t rtc_goldfish_due_in(const struct rtc_goldfish *rtc);

/* Rings an alarm that is due. */
void rtc_goldfish_tick(struct rtc_goldfish *rtc);

#endif
