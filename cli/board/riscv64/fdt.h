/* SPDX-License-Identifier: Apache-2.0 */
/* The riscv64 board's device tree. */
#ifndef CLI_BOARD_RISCV64_FDT_H
#define CLI_BOARD_RISCV64_FDT_H

#include <stddef.h>
#include <stdint.h>

/* What a device tree is to say; the boot's command line and initrd are added to it later (boot.c). */
struct fdt_info {
	const char *engine; /* "sim-riscv64 0.1.0" */
	uint64_t memory_size;
	unsigned cpus;
};

/* The device tree, in `capacity` bytes at ret_fdt; 0, or a negative libfdt error. */
int riscv64_make_fdt(const struct fdt_info *info, void *ret_fdt, size_t capacity);

#endif
