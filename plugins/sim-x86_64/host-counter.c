/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast the host's time stamp counter goes. The kernel knows, and tells programs in the page of a performance event:
 * what it says is what its KVM says, too. Where events are forbidden CPUID may know, or it is measured.
 */
#include "host-counter.h"

#include <cpuid.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#define INVARIANT (1u << 8) /* of leaf 0x80000007's edx */
#define HYPERVISOR_LEAF 0x40000000u
#define TIMING_LEAF 0x40000010u
#define KHZ_MIN 100000u
#define KHZ_MAX 20000000u
#define MEASURE_NS 4000000
#define TRIES 16
#define TOLERANCE_PPM 250 /* of KVM's, within which it does not scale a counter */

static struct host_counter counter;

static bool is_plausible(uint64_t khz)
{
	return khz >= KHZ_MIN && khz <= KHZ_MAX;
}

/* ns = counter * mult >> shift; the kernel offers that when the counter is steady. */
static uint64_t khz_of_page(const volatile struct perf_event_mmap_page *page)
{
	uint64_t mult = page->time_mult;

	if (!page->cap_user_time || !mult || page->time_shift > 43)
		return 0;
	return ((UINT64_C(1000000) << page->time_shift) + mult / 2) / mult;
}

static uint64_t khz_of_kernel(void)
{
	struct perf_event_attr attributes = { .type = PERF_TYPE_SOFTWARE,
					      .size = sizeof(attributes),
					      .config = PERF_COUNT_SW_DUMMY,
					      .exclude_kernel = 1,
					      .exclude_hv = 1 };
	long size = sysconf(_SC_PAGESIZE);
	int fd = (int)syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	uint64_t khz = 0;
	void *page;

	if (fd < 0)
		return 0;
	page = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, fd, 0);
	if (page != MAP_FAILED) {
		khz = khz_of_page(page);
		munmap(page, (size_t)size);
	}
	close(fd);
	return khz;
}

/* The crystal's frequency and what it is multiplied with, or a hypervisor's word. */
static uint64_t khz_of_cpuid(void)
{
	uint32_t eax, ebx, ecx, edx;

	if (__get_cpuid(0x15, &eax, &ebx, &ecx, &edx) && eax && ebx && ecx)
		return (uint64_t)ecx * ebx / eax / 1000;
	__cpuid(1, eax, ebx, ecx, edx);
	if (!(ecx >> 31))
		return 0;
	__cpuid(HYPERVISOR_LEAF, eax, ebx, ecx, edx);
	if (eax < TIMING_LEAF || eax > TIMING_LEAF + 0xff)
		return 0;
	__cpuid(TIMING_LEAF, eax, ebx, ecx, edx);
	return eax;
}

static uint64_t raw_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

struct moment {
	uint64_t ns, ticks;
};

/* The look at the clock that took the least time. */
static struct moment look(void)
{
	struct moment moment = { 0 };
	uint64_t least = UINT64_MAX;

	for (unsigned i = 0; i < TRIES; i++) {
		uint64_t before = __rdtsc(), ns = raw_ns(), taken = __rdtsc() - before;

		if (taken < least)
			moment = (struct moment){ ns, before + taken / 2 };
		least = taken < least ? taken : least;
	}
	return moment;
}

static uint64_t khz_measured(void)
{
	const struct timespec pause = { .tv_nsec = MEASURE_NS };
	struct moment first = look(), second;

	nanosleep(&pause, NULL);
	second = look();
	if (second.ns <= first.ns)
		return 0;
	return ((second.ticks - first.ticks) * 1000000 + (second.ns - first.ns) / 2) / (second.ns - first.ns);
}

static bool is_invariant(void)
{
	uint32_t eax, ebx, ecx, edx;

	return __get_cpuid(0x80000007, &eax, &ebx, &ecx, &edx) && edx & INVARIANT;
}

static void find_out(void)
{
	uint64_t khz = khz_of_kernel();

	counter.steady = is_plausible(khz) || is_invariant();
	if (!is_plausible(khz))
		khz = khz_of_cpuid();
	if (!is_plausible(khz))
		khz = khz_measured();
	counter.steady &= is_plausible(khz);
	counter.khz = is_plausible(khz) ? (uint32_t)khz : 1000000;
}

struct host_counter host_counter(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, find_out);
	return counter;
}

bool host_counter_is(uint32_t khz)
{
	struct host_counter host = host_counter();
	uint64_t difference = khz > host.khz ? khz - host.khz : host.khz - khz;

	return host.steady && difference * 1000000 <= (uint64_t)host.khz * TOLERANCE_PPM;
}
