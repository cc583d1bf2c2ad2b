/* SPDX-License-Identifier: Apache-2.0 */
/* Interrupts that the VMM has for the guest: edges with their vector, the line INTR, the NMI. */
#ifndef PLUGINS_SIM_X86_64_PENDING_H
#define PLUGINS_SIM_X86_64_PENDING_H

#include "x86.h"

/* RESOURCE_BUSY: the edge cannot be taken yet, and the run ends with Kicked as soon as it can. */
int32_t x86_inject_interrupt(struct x86_cpu *cpu, uint64_t vector);
int32_t x86_set_interrupt_line(struct x86_cpu *cpu, uint32_t line, uint32_t level);
/* Whether something ends a Halt. */
bool x86_interrupt_pending(const struct x86_cpu *cpu);

#endif
