/* SPDX-License-Identifier: Apache-2.0 */
/* Where the guest is, in words. */
#ifndef PLUGINS_SIM_X86_64_WHERE_H
#define PLUGINS_SIM_X86_64_WHERE_H

#include "x86.h"

/* Writes "pc 0x...: bytes: disassembly" of the next instruction; returns the length it wants, as snprintf. */
int x86_where(struct x86_cpu *cpu, char *ret_text, size_t capacity);

#endif
