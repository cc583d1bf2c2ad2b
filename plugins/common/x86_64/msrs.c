/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges of model-specific registers. See msrs.h. */
#include "msrs.h"

#include <axvcpu/error.h>
#include <stdlib.h>

const struct msr_range msr_ranges_always[MSR_RANGES_ALWAYS] = { { 0x1b, 0x1b }, { 0x6e0, 0x6e0 }, { 0x800, 0x8ff } };

bool msr_in_ranges(const struct msr_range *ranges, size_t count, uint32_t msr)
{
	for (size_t i = 0; i < count; i++)
		if (msr >= ranges[i].first && msr <= ranges[i].last)
			return true;
	return false;
}

/* "0x10" or "0x10-0x1f"; *text moves past it and a comma. */
static bool parse_range(const char **text, struct msr_range *ret_range)
{
	unsigned long long first, last;
	char *end;

	first = last = strtoull(*text, &end, 0);
	if (end == *text)
		return false;
	if (*end == '-') {
		const char *second = end + 1;

		last = strtoull(second, &end, 0);
		if (end == second)
			return false;
	}
	if ((*end && *end != ',') || first > last || last > UINT32_MAX)
		return false;
	*text = end + (*end == ',');
	*ret_range = (struct msr_range){ (uint32_t)first, (uint32_t)last };
	return true;
}

int32_t msr_ranges_parse(const struct axarch_host *host, const char *who, const char *text,
			 struct msr_ranges *ret_ranges)
{
	struct msr_ranges ranges = { .count = 0 };
	const char *rest = text;

	while (*rest) {
		if (ranges.count == MSR_RANGES_MAX)
			return host->error(AXVCPU_ERROR_INVALID_INPUT, "%s: msr_exits has more than %d ranges", who,
					   MSR_RANGES_MAX);
		if (!parse_range(&rest, &ranges.items[ranges.count]))
			return host->error(
				AXVCPU_ERROR_INVALID_INPUT,
				"%s: msr_exits: \"%s\" is not a list of MSRs, such as 0xc0010000-0xc00100ff,0x34", who,
				text);
		if (ranges.items[ranges.count].last - ranges.items[ranges.count].first >= MSR_RANGE_SIZE_MAX)
			return host->error(AXVCPU_ERROR_INVALID_INPUT,
					   "%s: msr_exits: a range of \"%s\" has more than %d MSRs", who, text,
					   MSR_RANGE_SIZE_MAX);
		ranges.count++;
	}
	*ret_ranges = ranges;
	return 0;
}
