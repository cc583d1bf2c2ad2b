/* SPDX-License-Identifier: Apache-2.0 */
/* The time stamp counter. */
#ifndef PLUGINS_SIM_X86_64_CLOCK_H
#define PLUGINS_SIM_X86_64_CLOCK_H

#include "x86.h"

enum { X86_NS_PER_INSTRUCTION = 10 }; /* of deterministic time */

uint64_t x86_tsc(const struct x86_cpu *cpu);
/* It goes on from there. */
void x86_set_tsc(struct x86_cpu *cpu, uint64_t value);

#endif
