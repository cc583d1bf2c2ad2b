/* SPDX-License-Identifier: Apache-2.0 */
/* See counter.h. */
#include "counter.h"

#include <x86intrin.h>

#define TRIES 16
#define SLACK_MS 20

/* In two parts, as the product of a day's nanoseconds and gigahertz has more than 64 bits. */
uint64_t counter_ticks(uint32_t khz, uint64_t now_ns)
{
	return now_ns / 1000000 * khz + now_ns % 1000000 * khz / 1000000;
}

/* The clock is read between two looks at the counter; the try with the least between them is nearest to the truth. */
uint64_t counter_offset(const struct counter_clock *clock)
{
	uint64_t offset = 0, least = UINT64_MAX;

	for (unsigned i = 0; i < TRIES; i++) {
		uint64_t before = __rdtsc(), now_ns = clock->now(clock->context), taken = __rdtsc() - before;

		if (taken >= least)
			continue;
		least = taken;
		offset = counter_ticks(clock->khz, now_ns) - (before + taken / 2);
	}
	return offset;
}

bool counter_is_off(const struct counter_clock *clock, uint64_t offset)
{
	int64_t slack = (int64_t)clock->khz * SLACK_MS;
	int64_t ahead = (int64_t)(__rdtsc() + offset - counter_ticks(clock->khz, clock->now(clock->context)));

	return ahead > slack || ahead < -slack;
}
