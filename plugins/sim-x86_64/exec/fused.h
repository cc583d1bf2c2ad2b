/* SPDX-License-Identifier: Apache-2.0 */
/* Ops that stand for a comparison (or what sets flags like one) and the conditional branch behind it. */
#ifndef PLUGINS_SIM_X86_64_EXEC_FUSED_H
#define PLUGINS_SIM_X86_64_EXEC_FUSED_H

#include "../op.h"

/*
 * In 64-bit mode: makes one op of two, in the place of the first, if there is an executor for both. Its at and length
 * stay the first instruction's, and third is the length of the branch. A fault is the first instruction's.
 */
bool x86_fuse(struct x86_op *first, const struct x86_op *branch);

#endif
