/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "../fail.h"
#include "layout.h"

static bool range_has(const struct ram_range *range, uint64_t gpa)
{
	return gpa >= range->base && gpa - range->base < range->size;
}

/* The range that an address is in, or NULL. */
static const struct ram_range *range_of(const struct layout *layout, uint64_t gpa)
{
	for (size_t i = 0; i < layout->ram_count; i++)
		if (range_has(&layout->ram[i], gpa))
			return &layout->ram[i];
	return NULL;
}

bool layout_has(const struct layout *layout, uint64_t gpa)
{
	return range_of(layout, gpa) != NULL;
}

const char *layout_text(const struct layout *layout, char text[LAYOUT_TEXT_CAPACITY])
{
	int length = 0;

	for (size_t i = 0; i < layout->ram_count; i++)
		length += snprintf(text + length, LAYOUT_TEXT_CAPACITY - (size_t)length, "%sfrom 0x%llx to 0x%llx",
				   i ? " and " : "", (unsigned long long)layout->ram[i].base,
				   (unsigned long long)(layout->ram[i].base + layout->ram[i].size - 1));
	return text;
}

static int outside(const struct layout *layout, const char *name, uint64_t gpa, uint64_t size)
{
	const struct ram_range *range = range_of(layout, gpa);
	char where[LAYOUT_TEXT_CAPACITY];

	/* With more memory only the last range grows. */
	if (range && range == &layout->ram[layout->ram_count - 1] && size <= range->size)
		return fail(STATUS_DATA,
			    "%s (0x%llx bytes at 0x%llx) ends past the guest's memory, which ends at 0x%llx; give it "
			    "at least --mem %lluM",
			    name, (unsigned long long)size, (unsigned long long)gpa,
			    (unsigned long long)(range->base + range->size),
			    (unsigned long long)((gpa - range->base + size + 0xfffff) >> 20));
	return fail(STATUS_DATA, "%s (0x%llx bytes at 0x%llx) is outside the guest's memory, which is %s", name,
		    (unsigned long long)size, (unsigned long long)gpa, layout_text(layout, where));
}

static int overlap(const struct region *region, const char *name, uint64_t gpa, uint64_t size)
{
	return fail(
		STATUS_DATA,
		"%s (0x%llx to 0x%llx) and %s (0x%llx to 0x%llx) overlap in the guest's memory; link them apart, or "
		"give it more with --mem",
		name, (unsigned long long)gpa, (unsigned long long)(gpa + size - 1), region->name,
		(unsigned long long)region->gpa, (unsigned long long)(region->gpa + region->size - 1));
}

/* A region that has a byte in common with [gpa, gpa + size), which does not wrap; or NULL. */
static const struct region *region_in(const struct layout *layout, uint64_t gpa, uint64_t size)
{
	for (size_t i = 0; i < layout->count; i++) {
		const struct region *region = &layout->regions[i];

		if (gpa < region->gpa + region->size && region->gpa < gpa + size)
			return region;
	}
	return NULL;
}

int layout_add(struct layout *layout, const char *name, uint64_t gpa, uint64_t size)
{
	struct region *region = &layout->regions[layout->count];
	const struct ram_range *range = range_of(layout, gpa);
	const struct region *other;

	if (!range || size > range->size - (gpa - range->base))
		return outside(layout, name, gpa, size);
	other = region_in(layout, gpa, size);
	if (other)
		return overlap(other, name, gpa, size);
	if (layout->count == LAYOUT_REGIONS_MAX)
		return fail(STATUS_DATA, "%s is one region of memory too many: at most %u", name, LAYOUT_REGIONS_MAX);
	region->gpa = gpa;
	region->size = size;
	snprintf(region->name, sizeof(region->name), "%s", name);
	layout->count++;
	return STATUS_OK;
}

uint64_t layout_end(const struct layout *layout, uint64_t alignment)
{
	uint64_t end = layout->ram[0].base;

	for (size_t i = 0; i < layout->count; i++)
		if (layout->regions[i].gpa + layout->regions[i].size > end)
			end = layout->regions[i].gpa + layout->regions[i].size;
	return (end + alignment - 1) & ~(alignment - 1);
}

/* The part of a range that is in [from, end); false when there is none. */
static bool clip(const struct ram_range *range, uint64_t from, uint64_t end, uint64_t *ret_low, uint64_t *ret_high)
{
	*ret_low = range->base > from ? range->base : from;
	*ret_high = range->base + range->size < end ? range->base + range->size : end;
	return *ret_low < *ret_high;
}

/* From the end down: below each region that is in the way. */
static bool highest_in(const struct layout *layout, uint64_t size, uint64_t alignment, uint64_t low, uint64_t high,
		       uint64_t *ret_gpa)
{
	while (high - low >= size) {
		uint64_t gpa = (high - size) & ~(alignment - 1);
		const struct region *region = gpa >= low ? region_in(layout, gpa, size) : NULL;

		if (gpa < low)
			return false;
		if (!region) {
			*ret_gpa = gpa;
			return true;
		}
		if (region->gpa <= low)
			return false;
		high = region->gpa;
	}
	return false;
}

bool layout_highest(const struct layout *layout, uint64_t size, uint64_t alignment, uint64_t from, uint64_t end,
		    uint64_t *ret_gpa)
{
	uint64_t low, high;

	for (size_t i = layout->ram_count; i-- > 0;)
		if (clip(&layout->ram[i], from, end, &low, &high) &&
		    highest_in(layout, size, alignment, low, high, ret_gpa))
			return true;
	return false;
}

/* From the start up: behind each region that is in the way. */
static bool lowest_in(const struct layout *layout, uint64_t size, uint64_t alignment, uint64_t low, uint64_t high,
		      uint64_t *ret_gpa)
{
	while (low < high) {
		uint64_t gpa = (low + alignment - 1) & ~(alignment - 1);
		const struct region *region;

		if (gpa < low || gpa >= high || size > high - gpa)
			return false;
		region = region_in(layout, gpa, size);
		if (!region) {
			*ret_gpa = gpa;
			return true;
		}
		low = region->gpa + region->size;
	}
	return false;
}

bool layout_lowest(const struct layout *layout, uint64_t size, uint64_t alignment, uint64_t from, uint64_t end,
		   uint64_t *ret_gpa)
{
	uint64_t low, high;

	for (size_t i = 0; i < layout->ram_count; i++)
		if (clip(&layout->ram[i], from, end, &low, &high) &&
		    lowest_in(layout, size, alignment, low, high, ret_gpa))
			return true;
	return false;
}
