/* SPDX-License-Identifier: Apache-2.0 */
/* The processor's own debug facilities (SDM 3, chapter 17): debug registers and single stepping by TF. The VMM's
 * breakpoints and steps are the loop's. */
#ifndef PLUGINS_SIM_X86_64_DEBUG_H
#define PLUGINS_SIM_X86_64_DEBUG_H

#include "x86.h"

/* dr7 has changed: breakpoints on data take their pages out of the TLB. */
void x86_debug_update(struct x86_cpu *cpu);

/* Whether instructions must be executed one by one: TF or RF is set, or there are breakpoints. */
bool x86_debug_watches(const struct x86_cpu *cpu);

/* Before the instruction at pc. True: a breakpoint is there; the fault was recorded. */
bool x86_debug_before(struct x86_cpu *cpu);

/* After an instruction, of which `traced` says that TF was set when it began: records the trap of that and of
 * breakpoints on data and ports that were met. */
void x86_debug_after(struct x86_cpu *cpu, bool traced);

/* Bytes were accessed, by an op or (NULL) the processor itself: for breakpoints on data. */
void x86_debug_data(struct x86_cpu *cpu, const struct x86_op *op, uint64_t linear, unsigned size, bool write);
/* The same for ports. */
void x86_debug_port(struct x86_cpu *cpu, unsigned port, unsigned size);

#endif
