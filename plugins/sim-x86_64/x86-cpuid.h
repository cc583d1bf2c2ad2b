/* SPDX-License-Identifier: Apache-2.0 */
/* What the processor says of itself. */
#ifndef PLUGINS_SIM_X86_64_X86_CPUID_H
#define PLUGINS_SIM_X86_64_X86_CPUID_H

#include "x86.h"

enum { X86_CPUID_MAX, X86_CPUID_V1, X86_CPUID_V2, X86_CPUID_V3, X86_CPUID_PORTABLE }; /* of the config */

/* Features by a choice of the config and a list of changes; from them cpu->processor and cpu->features. */
int32_t x86_cpuid_make(struct x86_cpu *cpu, uint32_t choice, const char *changes);

/* eax, ebx, ecx, edx of a leaf. */
void x86_cpuid(struct x86_cpu *cpu, uint32_t leaf, uint32_t subleaf, uint32_t ret_regs[4]);

/* The components that XCR0 can have. */
uint64_t x86_xcr0_supported(const struct x86_cpu *cpu);

/* The registers AXVCPU_X86_64_CPUID(index). NOT_FOUND is without a text. */
int32_t x86_cpuid_get(const struct x86_cpu *cpu, uint64_t index, uint64_t *ret_value);
int32_t x86_cpuid_set(struct x86_cpu *cpu, uint64_t index, uint64_t value);

#endif
