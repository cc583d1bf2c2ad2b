/* SPDX-License-Identifier: Apache-2.0 */
/* What lies where in the guest's memory: every part is inside it, and no two overlap. Knows no formats. */
#ifndef CLI_LOADER_LAYOUT_H
#define CLI_LOADER_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#define LAYOUT_REGIONS_MAX 80u

struct layout {
	uint64_t ram_base;
	uint64_t ram_size;
	size_t count;
	struct region {
		char name[48];
		uint64_t gpa;
		uint64_t size;
	} regions[LAYOUT_REGIONS_MAX];
};

/* Takes [gpa, gpa + size) for `name`. Statuses: DATA (outside memory; overlaps another, which is named). */
int layout_add(struct layout *layout, const char *name, uint64_t gpa, uint64_t size);

/* The first address past all regions, rounded up to `alignment` (a power of two). */
uint64_t layout_end(const struct layout *layout, uint64_t alignment);

/* Whether an address is inside memory. */
int layout_has(const struct layout *layout, uint64_t gpa);

#endif
