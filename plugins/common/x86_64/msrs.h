/* SPDX-License-Identifier: Apache-2.0 */
/* Which model-specific registers are the VMM's: those of the contract, and the list of a config. */
#ifndef PLUGINS_COMMON_X86_64_MSRS_H
#define PLUGINS_COMMON_X86_64_MSRS_H

#include <axvcpu/plugin/host.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MSR_RANGES_MAX = 14, MSR_RANGE_SIZE_MAX = 0x2000 };

struct msr_range {
	uint32_t first;
	uint32_t last; /* inclusive */
};

struct msr_ranges {
	uint32_t count;
	struct msr_range items[MSR_RANGES_MAX];
};

/* On every engine: the APIC's base, its timer's deadline, its registers. */
enum { MSR_RANGES_ALWAYS = 3 };
extern const struct msr_range msr_ranges_always[MSR_RANGES_ALWAYS];

bool msr_in_ranges(const struct msr_range *ranges, size_t count, uint32_t msr);

/* "0x10-0x1f,0x34". `who` begins the error texts. */
int32_t msr_ranges_parse(const struct axarch_host *host, const char *who, const char *text,
			 struct msr_ranges *ret_ranges);

#endif
