/* SPDX-License-Identifier: Apache-2.0 */
/* What lies where in the guest's memory: every part is inside it, and no two overlap. Knows no formats. */
#ifndef CLI_LOADER_LAYOUT_H
#define CLI_LOADER_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LAYOUT_REGIONS_MAX 80u
#define LAYOUT_RAM_MAX 2u

struct ram_range {
	uint64_t base;
	uint64_t size;
};

struct layout {
	struct ram_range ram[LAYOUT_RAM_MAX]; /* in order of their addresses */
	size_t ram_count;
	size_t count;
	struct region {
		char name[48];
		uint64_t gpa;
		uint64_t size;
	} regions[LAYOUT_REGIONS_MAX];
};

/*
 * Takes [gpa, gpa + size) for `name`, in one range of memory. Statuses: DATA (outside memory; overlaps another, which
 * is named).
 */
int layout_add(struct layout *layout, const char *name, uint64_t gpa, uint64_t size);

/* The first address past all regions, rounded up to `alignment` (a power of two). */
uint64_t layout_end(const struct layout *layout, uint64_t alignment);

/*
 * Where `size` bytes can lie: at the highest, or at the lowest, multiple of `alignment` (a power of two) that is free,
 * not below `from` and that ends not past `end`. False: nowhere.
 */
bool layout_highest(const struct layout *layout, uint64_t size, uint64_t alignment, uint64_t from, uint64_t end,
		    uint64_t *ret_gpa);
bool layout_lowest(const struct layout *layout, uint64_t size, uint64_t alignment, uint64_t from, uint64_t end,
		   uint64_t *ret_gpa);

/* Whether an address is inside memory. */
bool layout_has(const struct layout *layout, uint64_t gpa);

#define LAYOUT_TEXT_CAPACITY 96u

/* Where memory is, for messages: "from 0x80000000 to 0x87ffffff". */
const char *layout_text(const struct layout *layout, char text[LAYOUT_TEXT_CAPACITY]);

#endif
