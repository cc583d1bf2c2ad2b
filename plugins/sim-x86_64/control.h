/* SPDX-License-Identifier: Apache-2.0 */
/* Control registers: what they can hold, and what follows from a change (SDM 3, 2.5, 4.10, 9.8). */
#ifndef PLUGINS_SIM_X86_64_CONTROL_H
#define PLUGINS_SIM_X86_64_CONTROL_H

#include "x86.h"

/* Values by themselves; what depends on other registers is checked by the setters. */
bool x86_cr0_is_valid(uint64_t value);
bool x86_cr3_is_valid(uint64_t value);
uint64_t x86_cr4_supported(const struct x86_cpu *cpu);
bool x86_xcr0_is_valid(const struct x86_cpu *cpu, uint64_t value);

/* The mov of the guest. False: #GP(0), or what was raised on the way to page tables. */
bool x86_set_cr0(struct x86_cpu *cpu, uint64_t value);
bool x86_set_cr3(struct x86_cpu *cpu, uint64_t value);
bool x86_set_cr4(struct x86_cpu *cpu, uint64_t value);

/* Whether page-directory-pointer-table entries lie in the processor: PAE paging. */
bool x86_uses_pdptes(const struct x86_cpu *cpu);

/* dr6 and dr7 with their fixed bits. */
uint64_t x86_dr6_of(uint64_t value);
uint64_t x86_dr7_of(uint64_t value);

#endif
