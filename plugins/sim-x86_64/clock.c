/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the time stamp counter counts. With the host's frequency it is the host's counter and an offset, as KVM's guests
 * have it; else the VMM's clock, or without one the host's; deterministic: instructions.
 */
#include "clock.h"

#include <pthread.h>
#include <time.h>
#include <x86intrin.h>

#include "../common/x86_64/counter.h"
#include "host-counter.h"

#define DETERMINISTIC_KHZ 1000000u

struct x86_vm_clock {
	struct x86_vm_clock *next;
	uint32_t vm_id;
	unsigned users;
	uint32_t khz;    /* 0: no offset yet */
	uint64_t offset; /* the guest's counter less the host's */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct x86_vm_clock *clocks;

struct x86_vm_clock *x86_clock_join(const struct axarch_host *host, uint32_t vm_id)
{
	struct x86_vm_clock *clock;

	pthread_mutex_lock(&lock);
	for (clock = clocks; clock && clock->vm_id != vm_id; clock = clock->next)
		;
	if (!clock) {
		clock = host->alloc(sizeof(*clock));
		if (clock) {
			clock->vm_id = vm_id;
			clock->next = clocks;
			clocks = clock;
		}
	}
	if (clock)
		clock->users++;
	pthread_mutex_unlock(&lock);
	return clock;
}

void x86_clock_leave(const struct axarch_host *host, struct x86_vm_clock *clock)
{
	struct x86_vm_clock **place = &clocks;

	pthread_mutex_lock(&lock);
	if (--clock->users == 0) {
		while (*place != clock)
			place = &(*place)->next;
		*place = clock->next;
		host->free(clock);
	}
	pthread_mutex_unlock(&lock);
}

/* The first vCPU's look at the clock holds for all of the VM, unless the clock has stood still or jumped since. */
static uint64_t shared_offset(const struct x86_cpu *cpu)
{
	const struct counter_clock clock = { cpu->processor.tsc_khz, cpu->clock, cpu->clock_context };
	struct x86_vm_clock *vm = cpu->vm_clock;
	uint64_t offset;

	pthread_mutex_lock(&lock);
	if (vm->khz != clock.khz || counter_is_off(&clock, vm->offset)) {
		vm->khz = clock.khz;
		vm->offset = counter_offset(&clock);
	}
	offset = vm->offset;
	pthread_mutex_unlock(&lock);
	return offset;
}

void x86_tsc_begin(struct x86_cpu *cpu)
{
	cpu->tsc_offset = cpu->counts_host && cpu->clock ? shared_offset(cpu) : 0;
}

void x86_set_tsc_khz(struct x86_cpu *cpu, uint32_t khz)
{
	if (!khz)
		khz = cpu->deterministic ? DETERMINISTIC_KHZ : host_counter().khz;
	cpu->processor.tsc_khz = khz;
	cpu->counts_host = !cpu->deterministic && host_counter_is(khz);
}

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

static uint64_t ticks(const struct x86_cpu *cpu)
{
	return cpu->counts_host ? __rdtsc() : counter_ticks(cpu->processor.tsc_khz, now_ns(cpu));
}

uint64_t x86_tsc(const struct x86_cpu *cpu)
{
	return ticks(cpu) + cpu->tsc_offset;
}

void x86_set_tsc(struct x86_cpu *cpu, uint64_t value)
{
	cpu->tsc_offset = value - ticks(cpu);
}
