/* SPDX-License-Identifier: Apache-2.0 */
/* The riscv64 board's device tree. */
#ifndef CLI_BOARD_RISCV64_FDT_H
#define CLI_BOARD_RISCV64_FDT_H

#include "../board.h"

int riscv64_make_fdt(const struct fdt_info *info, void *ret_fdt, size_t capacity);

#endif
