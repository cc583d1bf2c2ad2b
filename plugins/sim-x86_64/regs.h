/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registers of <axvcpu/regs/x86_64.h>, for the VMM.
 *
 * What it writes is taken one by one, in any order; what goes together is looked at before the guest runs or a register
 * is read: x86_settle. Until then rip is kept apart, as the address that it stands for depends on the mode.
 */
#ifndef PLUGINS_SIM_X86_64_REGS_H
#define PLUGINS_SIM_X86_64_REGS_H

#include "x86.h"

int32_t x86_get_reg(struct x86_cpu *cpu, uint64_t id, void *ret_value, uint32_t size);
int32_t x86_set_reg(struct x86_cpu *cpu, uint64_t id, const void *value, uint32_t size);

/* Makes what was written the processor's state. INVALID_INPUT: it is none; the text says which registers. */
int32_t x86_settle(struct x86_cpu *cpu);

/* Real mode has a segment and an offset, an entry is one number: see cpu->entry and docs/x86_64.md. */
void x86_go_to_entry(struct x86_cpu *cpu);

#endif
