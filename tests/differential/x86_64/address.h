/* SPDX-License-Identifier: Apache-2.0 */
/* Where a memory operand lies. */
#ifndef DIFFERENTIAL_ADDRESS_H
#define DIFFERENTIAL_ADDRESS_H

#include "case.h"
#include "encodings.h"

/* The number of a general register of any width, 0 to 15; false for others. */
bool address_general(ZydisRegister reg, unsigned *ret_number);

/* The base of a memory operand's segment, and what its address width leaves of an offset. */
uint64_t address_base(const struct decoded *decoded, ZydisRegister segment, const struct state *state);
uint64_t address_mask(const struct decoded *decoded);

/* The linear address of an operand of the instruction at `ip`; of a gather, without its index. */
uint64_t address_of(const struct decoded *decoded, const ZydisDecodedOperandMem *memory, const struct state *state,
		    uint64_t ip);

#endif
