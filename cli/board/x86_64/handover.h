/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a boot loader hands to a guest, in the form that each protocol has for it: one page of guest memory. Knows the
 * protocols' layouts, and nothing of how the parts got where they are.
 */
#ifndef CLI_BOARD_X86_64_HANDOVER_H
#define CLI_BOARD_X86_64_HANDOVER_H

#include <stddef.h>
#include <stdint.h>

#include "../../loader/image.h"

#define HANDOVER_SIZE 4096u
#define HANDOVER_MEMORY_MAX 8u

/* ACPI's address range types, which all protocols use. */
enum memory_type { MEMORY_USABLE = 1, MEMORY_RESERVED = 2, MEMORY_ACPI = 3 };

struct handover {
	uint64_t address; /* of the page; below 4 GiB, as all but the initrd is */
	uint64_t rsdp;
	uint64_t command_line; /* ends with a NUL */
	uint64_t initrd;
	uint64_t initrd_size; /* 0: none */
	const char *initrd_name;
	const struct image *image;
	size_t memory_count;
	struct memory {
		uint64_t base;
		uint64_t size;
		enum memory_type type;
	} memory[HANDOVER_MEMORY_MAX];
};

/* Each fills a page of zeros. */
void handover_linux(const struct handover *handover, uint8_t ret_page[HANDOVER_SIZE]);
void handover_pvh(const struct handover *handover, uint8_t ret_page[HANDOVER_SIZE]);
void handover_multiboot(const struct handover *handover, uint8_t ret_page[HANDOVER_SIZE]);

#endif
