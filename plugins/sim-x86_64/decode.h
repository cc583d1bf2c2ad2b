/* SPDX-License-Identifier: Apache-2.0 */
/* From bytes to blocks of ops. Zydis decodes; rows (op.h) lead from a mnemonic and its operand kinds to an executor. */
#ifndef PLUGINS_SIM_X86_64_DECODE_H
#define PLUGINS_SIM_X86_64_DECODE_H

#include "x86.h"

/* Of struct sim_isa. */
unsigned x86_build(struct sim_cpu *cpu, const uint8_t *code, unsigned size, unsigned limit, struct sim_block *block);

/* The decoder for a mode (X86_MODE_*). */
const ZydisDecoder *x86_decoder(unsigned mode);

#endif
