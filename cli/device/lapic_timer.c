/* SPDX-License-Identifier: Apache-2.0 */
#include "lapic_timer.h"

/* Bits 0, 1 and 3 are a number: 0 to 6 divide by 2 to 128, 7 divides by 1. */
static uint64_t count_ns(const struct lapic_timer *timer)
{
	unsigned code = (timer->divide & 3u) | (timer->divide & 8u) >> 1;

	return (uint64_t)LAPIC_TIMER_BUS_NS << ((code + 1) & 7);
}

static uint64_t period_ns(const struct lapic_timer *timer)
{
	return timer->initial * count_ns(timer);
}

static void disarm(struct lapic_timer *timer)
{
	timer->initial = timer->loaded = 0;
	timer->counts = false;
	timer->deadline = 0;
}

void lapic_timer_set_mode(struct lapic_timer *timer, enum lapic_timer_mode mode)
{
	if ((mode == LAPIC_TSC_DEADLINE) != (timer->mode == LAPIC_TSC_DEADLINE))
		disarm(timer);
	timer->mode = mode;
}

void lapic_timer_set_initial(struct lapic_timer *timer, uint32_t initial, uint64_t now_ns)
{
	if (timer->mode == LAPIC_TSC_DEADLINE)
		return;
	timer->initial = timer->loaded = initial;
	timer->loaded_ns = now_ns;
	timer->counts = initial;
	timer->fired_ns = 0;
}

/* The counter goes on from where it is, at its new pace. */
void lapic_timer_set_divide(struct lapic_timer *timer, uint8_t divide, uint64_t now_ns)
{
	timer->loaded = lapic_timer_count(timer, now_ns);
	timer->loaded_ns = now_ns;
	timer->divide = divide & 0xb;
}

void lapic_timer_set_deadline(struct lapic_timer *timer, uint64_t deadline, uint64_t deadline_ns)
{
	if (timer->mode != LAPIC_TSC_DEADLINE)
		return;
	timer->deadline = deadline;
	timer->deadline_ns = deadline_ns;
}

uint32_t lapic_timer_count(const struct lapic_timer *timer, uint64_t now_ns)
{
	uint64_t passed = (now_ns - timer->loaded_ns) / count_ns(timer);

	if (!timer->counts)
		return 0;
	if (passed < timer->loaded)
		return timer->loaded - (uint32_t)passed;
	if (timer->mode != LAPIC_PERIODIC)
		return 0;
	return timer->initial - (uint32_t)((passed - timer->loaded) % timer->initial);
}

static uint64_t counter_due(const struct lapic_timer *timer)
{
	uint64_t due = timer->loaded_ns + timer->loaded * count_ns(timer);
	uint64_t least = timer->fired_ns ? timer->fired_ns + LAPIC_TIMER_LEAST_NS : 0;

	if (!timer->counts)
		return UINT64_MAX;
	return timer->mode == LAPIC_PERIODIC && due < least ? least : due;
}

uint64_t lapic_timer_due(const struct lapic_timer *timer)
{
	if (timer->mode == LAPIC_TSC_DEADLINE)
		return timer->deadline ? timer->deadline_ns : UINT64_MAX;
	return counter_due(timer);
}

/* The counter begins its present period. */
static void reload(struct lapic_timer *timer, uint64_t now_ns)
{
	uint64_t end = timer->loaded_ns + timer->loaded * count_ns(timer);

	timer->loaded = timer->initial;
	timer->loaded_ns = now_ns - (now_ns - end) % period_ns(timer);
	timer->fired_ns = now_ns;
}

bool lapic_timer_expire(struct lapic_timer *timer, uint64_t now_ns)
{
	if (lapic_timer_due(timer) > now_ns)
		return false;
	if (timer->mode == LAPIC_PERIODIC)
		reload(timer, now_ns);
	else
		timer->counts = false;
	timer->deadline = 0;
	return true;
}
