/* SPDX-License-Identifier: Apache-2.0 */
/* The clock that `time` counts, and the supervisor timer that the SBI sets. */
#include <time.h>

#include "hart.h"

static uint64_t host_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t rv_now_ns(const struct rv_hart *hart)
{
	if (hart->deterministic)
		return sim_cpu_retired(&hart->cpu) * RV_NS_PER_INSTRUCTION + hart->skipped_ns;
	return hart->clock ? hart->clock(hart->clock_context) : host_ns() - hart->origin_ns;
}

uint64_t rv_time(const struct rv_hart *hart)
{
	return rv_now_ns(hart) / RV_NS_PER_TICK;
}

void rv_look_at_clock(struct rv_hart *hart)
{
	hart->looked_at = sim_cpu_retired(&hart->cpu);
	hart->timer_due = hart->compare != RV_NO_TIMER && rv_time(hart) >= hart->compare;
}

uint64_t rv_deadline_ns(const struct rv_hart *hart)
{
	uint64_t ns;

	if (hart->compare == RV_NO_TIMER || __builtin_mul_overflow(hart->compare, (uint64_t)RV_NS_PER_TICK, &ns))
		return UINT64_MAX;
	return ns;
}

int64_t rv_instructions_to_timer(const struct rv_hart *hart)
{
	uint64_t deadline = rv_deadline_ns(hart), now = rv_now_ns(hart), count;

	if (deadline <= now || hart->timer_due)
		return INT64_MAX;
	count = (deadline - now - 1) / RV_NS_PER_INSTRUCTION + 1; /* rounded up; the deadline may be UINT64_MAX */
	return count < INT64_MAX ? (int64_t)count : INT64_MAX;
}
