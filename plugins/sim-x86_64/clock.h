/* SPDX-License-Identifier: Apache-2.0 */
/* The time stamp counter. */
#ifndef PLUGINS_SIM_X86_64_CLOCK_H
#define PLUGINS_SIM_X86_64_CLOCK_H

#include "x86.h"

enum { X86_NS_PER_INSTRUCTION = 10 }; /* of deterministic time */

/* The clock that the processors of a VM share, by its number. NULL: no memory. */
struct x86_vm_clock *x86_clock_join(const struct axarch_host *host, uint32_t vm_id);
void x86_clock_leave(const struct axarch_host *host, struct x86_vm_clock *clock);

/* The frequency (0: the host's; deterministic: 1 GHz), and what follows from it. */
void x86_set_tsc_khz(struct x86_cpu *cpu, uint32_t khz);

/* The counter is where it began, or shows the VMM's clock if there is one: all processors of a VM agree. */
void x86_tsc_begin(struct x86_cpu *cpu);

uint64_t x86_tsc(const struct x86_cpu *cpu);
/* It goes on from there. */
void x86_set_tsc(struct x86_cpu *cpu, uint64_t value);

#endif
