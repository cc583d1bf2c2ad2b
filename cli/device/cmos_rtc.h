/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PC's clock and CMOS memory (Motorola MC146818A data sheet; the bytes past the clock's are the IBM AT's and later
 * PCs' conventions): index and data ports, time in UTC, periodic, alarm and update interrupts.
 *
 * It runs by the board's clock from the time of day that it is given at the start; a guest may set it.
 */
#ifndef CLI_DEVICE_CMOS_RTC_H
#define CLI_DEVICE_CMOS_RTC_H

#include "device.h"

#define CMOS_SIZE 128u
#define CMOS_CENTURY 0x32u

/* What the CMOS memory says of the machine. Bytes. */
struct cmos_info {
	uint64_t memory_below_4g;
	uint64_t memory_above_4g;
	uint64_t wall_ns; /* nanoseconds since 1970, now */
};

struct cmos_rtc {
	struct device device; /* two ports */
	struct irq_line irq;
	struct device_clock clock;
	int64_t offset_ns; /* of the time of day from the clock */
	uint8_t index;
	uint8_t bytes[CMOS_SIZE]; /* of the clock: alarms and registers A to C; the time itself while it is being set */
	uint64_t second_seen;     /* the last that was looked at, since 1970 */
	uint64_t period_seen;     /* the last period of the periodic interrupt, by the clock */
};

void cmos_rtc_init(struct cmos_rtc *rtc, const struct cmos_info *info, const struct irq_line *irq,
		   const struct device_clock *clock);

/* When it wants to interrupt next, UINT64_MAX: never; and what is due. */
uint64_t cmos_rtc_due(const struct cmos_rtc *rtc);
void cmos_rtc_tick(struct cmos_rtc *rtc);

#endif
