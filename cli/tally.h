/* SPDX-License-Identifier: Apache-2.0 */
/* What each engine has done for a cpu. Thread: the cpu's; others may look when it has ended. */
#ifndef CLI_TALLY_H
#define CLI_TALLY_H

#include "machine.h"

/* The cpu runs on its present engine from now on, or does so no more. An end without a beginning counts nothing. */
void tally_begin(struct cpu *cpu);
void tally_end(struct cpu *cpu);

/* The instructions that it has executed so far, on the engines that count them. */
uint64_t tally_instructions(struct cpu *cpu);

#endif
