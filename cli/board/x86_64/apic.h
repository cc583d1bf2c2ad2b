/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the local APICs and the vCPUs meet: accesses to an APIC's registers, the interrupt that a vCPU takes, and what an
 * APIC does to its vCPU. The only part of the board that a VM whose engine has interrupt controllers of its own would
 * not need.
 */
#ifndef CLI_BOARD_X86_64_APIC_H
#define CLI_BOARD_X86_64_APIC_H

#include "board.h"

/* Makes the APICs, the bootstrap processor's as firmware leaves it. */
void x86_64_apic_init(struct x86_64_board *board, const struct device_clock *clock);

/* The hooks of struct board_type. */
int32_t x86_64_apic_mmio(struct board *board, struct cpu *cpu, struct local_access *access);
int32_t x86_64_apic_msr_read(struct board *board, struct cpu *cpu, const struct axvcpu_exit *exit);
int32_t x86_64_apic_msr_write(struct board *board, struct cpu *cpu, const struct axvcpu_exit *exit);
int32_t x86_64_apic_interrupt_window(struct board *board, struct cpu *cpu, const struct axvcpu_exit *exit);

/* Tells a vCPU that starts what its APIC's base is. */
int32_t x86_64_apic_start_cpu(struct board *board, struct cpu *cpu);

#endif
