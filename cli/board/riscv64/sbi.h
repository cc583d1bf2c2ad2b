/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of the SBI (RISC-V Supervisor Binary Interface 2.0) that engines leave to the VMM: the console,
 * inter-processor interrupts and the power of harts. docs/riscv64.md has the split. All arguments come from the guest
 * and may be anything.
 */
#ifndef CLI_BOARD_RISCV64_SBI_H
#define CLI_BOARD_RISCV64_SBI_H

#include "../board.h"

int32_t sbi_hypercall(struct board *board, struct cpu *cpu, const struct axvcpu_exit_hypercall *call);
int32_t sbi_hart_start(struct board *board, struct cpu *cpu, const struct axvcpu_exit_cpu_up *up);
int32_t sbi_send_ipi(struct board *board, struct cpu *cpu, const struct axvcpu_exit_send_ipi *ipi);

#endif
