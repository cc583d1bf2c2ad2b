/* SPDX-License-Identifier: Apache-2.0 */
/* What the time stamp counter counts: the VMM's clock, or else the host's; or deterministic: instructions. */
#include "clock.h"

#include <time.h>

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t now_ns(const struct x86_cpu *cpu)
{
	if (cpu->deterministic)
		return sim_cpu_retired(&cpu->cpu) * X86_NS_PER_INSTRUCTION;
	return cpu->clock ? cpu->clock(cpu->clock_context) : monotonic_ns();
}

/* In two parts, as the product of a day's nanoseconds and gigahertz has more than 64 bits. */
static uint64_t ticks(const struct x86_cpu *cpu)
{
	uint64_t now = now_ns(cpu), khz = cpu->processor.tsc_khz;

	return now / 1000000 * khz + now % 1000000 * khz / 1000000;
}

uint64_t x86_tsc(const struct x86_cpu *cpu)
{
	return ticks(cpu) + cpu->tsc_offset;
}

void x86_set_tsc(struct x86_cpu *cpu, uint64_t value)
{
	cpu->tsc_offset = value - ticks(cpu);
}
