/* SPDX-License-Identifier: Apache-2.0 */
/* Model-specific registers (SDM 4). */
#ifndef PLUGINS_SIM_X86_64_MSR_H
#define PLUGINS_SIM_X86_64_MSR_H

#include "x86.h"

#define X86_MSR_APIC_BASE 0x1bu
#define X86_MSR_X2APIC_TPR 0x808u
#define X86_MSR_EFER 0xc0000080u

/* Whether the VMM has this one. */
bool x86_msr_exits(const struct x86_cpu *cpu, uint32_t index);

/* rdmsr and wrmsr. False: #GP(0). */
bool x86_msr_read(struct x86_cpu *cpu, uint32_t index, uint64_t *ret_value);
bool x86_msr_write(struct x86_cpu *cpu, uint32_t index, uint64_t value);

/* For the VMM: what one write does to another register is left out, and so is what depends on them. */
enum x86_msr_answer { X86_MSR_OK, X86_MSR_NONE, X86_MSR_BAD_VALUE };
enum x86_msr_answer x86_msr_get(struct x86_cpu *cpu, uint64_t index, uint64_t *ret_value);
enum x86_msr_answer x86_msr_set(struct x86_cpu *cpu, uint64_t index, uint64_t value);

/* Bits of EFER that this processor has. */
uint64_t x86_efer_supported(const struct x86_cpu *cpu);

#endif
