/* SPDX-License-Identifier: Apache-2.0 */
/* The time stamp counter of a guest as the host's with an offset. Engines that do it alike show the same time. */
#ifndef PLUGINS_COMMON_X86_64_COUNTER_H
#define PLUGINS_COMMON_X86_64_COUNTER_H

#include <axvcpu/plugin/ops.h>
#include <stdbool.h>
#include <stdint.h>

struct counter_clock {
	uint32_t khz; /* of the counter */
	axarch_clock_fn now;
	void *context;
};

/* What a counter that began with the clock shows at a time of it. */
uint64_t counter_ticks(uint32_t khz, uint64_t now_ns);

/* What the guest's counter is ahead of the host's when it shows the clock: as near as the clock can be read. */
uint64_t counter_offset(const struct counter_clock *clock);

/* Whether a counter with this offset is not the clock's any more: it has stood still, or jumped. Small differences are
 * those of two oscillators, and stay. */
bool counter_is_off(const struct counter_clock *clock, uint64_t offset);

#endif
