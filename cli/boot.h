/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest finds in its memory at the start: image, initrd and device tree, read once, and placed at every boot. */
#ifndef CLI_BOOT_H
#define CLI_BOOT_H

#include "loader/image.h"
#include "loader/layout.h"
#include "options.h"

struct board_type;
struct axvcpu_space;

struct boot {
	struct blob image_file, initrd, dtb;
	struct image image;
	struct layout layout;
	uint64_t entry;
	uint64_t initrd_address;
	uint64_t fdt_address;
	uint8_t *fdt;
	size_t fdt_size;
};

/*
 * Reads and checks everything that the options name, and decides where it goes. `engine` goes into the device tree;
 * interrupt_fd: see blob_read. Statuses: NO_INPUT, DATA, HOST, SIGNAL. boot_finish also after a failure.
 */
int boot_prepare(const struct options *options, const struct board_type *type, const char *engine, int interrupt_fd,
		 struct boot *ret_boot);
void boot_finish(struct boot *boot);

/* Copies it into a space whose memory is zero. Statuses: HOST. */
int boot_write(const struct boot *boot, struct axvcpu_space *space);

#endif
