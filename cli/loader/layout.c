/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "../fail.h"
#include "layout.h"

int layout_has(const struct layout *layout, uint64_t gpa)
{
	return gpa >= layout->ram_base && gpa - layout->ram_base < layout->ram_size;
}

static int outside(const struct layout *layout, const char *name, uint64_t gpa, uint64_t size)
{
	uint64_t offset = gpa - layout->ram_base;

	if (layout_has(layout, gpa) && size <= layout->ram_size)
		return fail(STATUS_DATA,
			    "%s (0x%llx bytes at 0x%llx) ends past the guest's memory, which ends at 0x%llx; give it "
			    "at least "
			    "--mem %lluM",
			    name, (unsigned long long)size, (unsigned long long)gpa,
			    (unsigned long long)(layout->ram_base + layout->ram_size),
			    (unsigned long long)((offset + size + 0xfffff) >> 20));
	return fail(STATUS_DATA,
		    "%s (0x%llx bytes at 0x%llx) is outside the guest's memory, which is from 0x%llx to 0x%llx", name,
		    (unsigned long long)size, (unsigned long long)gpa, (unsigned long long)layout->ram_base,
		    (unsigned long long)(layout->ram_base + layout->ram_size - 1));
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

int layout_add(struct layout *layout, const char *name, uint64_t gpa, uint64_t size)
{
	struct region *region = &layout->regions[layout->count];

	if (!layout_has(layout, gpa) || size > layout->ram_size - (gpa - layout->ram_base))
		return outside(layout, name, gpa, size);
	for (size_t i = 0; i < layout->count; i++) {
		const struct region *other = &layout->regions[i];

		if (gpa < other->gpa + other->size && other->gpa < gpa + size)
			return overlap(other, name, gpa, size);
	}
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
	uint64_t end = layout->ram_base;

	for (size_t i = 0; i < layout->count; i++)
		if (layout->regions[i].gpa + layout->regions[i].size > end)
			end = layout->regions[i].gpa + layout->regions[i].size;
	return (end + alignment - 1) & ~(alignment - 1);
}
