/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulated x86-64 processor with one instruction that is wrong: bsr of 0xc0ffee is one too small (and lzcnt one
 * too large). Everything else of the plugin is what plugins/sim-x86_64 is made of; this one file is compiled with
 * another way to count zeros.
 */
#include <stdint.h>

static inline int wrong_count(uint64_t value)
{
	return __builtin_clzll(value) + (value == 0xc0ffee);
}

#define __builtin_clzll(value) wrong_count(value)
#include "../../../plugins/sim-x86_64/exec/bit.c"
