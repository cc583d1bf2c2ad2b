/* SPDX-License-Identifier: Apache-2.0 */
/* How a guest starts on the riscv64 board: hart 0 in S-mode, its number in a0, the device tree's address in a1. */
#ifndef CLI_BOARD_RISCV64_BOOT_H
#define CLI_BOARD_RISCV64_BOOT_H

#include "../board.h"

/* board_type's prepare_boot. */
int riscv64_prepare_boot(const struct boot_request *request, struct boot *boot);

#endif
