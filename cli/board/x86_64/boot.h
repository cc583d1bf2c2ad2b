/* SPDX-License-Identifier: Apache-2.0 */
/* STUB until the loaders of this board are there: how a guest is started. */
#ifndef CLI_BOARD_X86_64_BOOT_H
#define CLI_BOARD_X86_64_BOOT_H

#include "../board.h"

/* The registers of a vCPU that starts, after axvcpu_setup: as the boot protocol has them; nothing after a SIPI. */
int32_t x86_64_start_cpu(struct board *board, struct cpu *cpu);

#endif
