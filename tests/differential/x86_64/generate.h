/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes cases. A case follows from the seed and its number alone (and from the mnemonics selected, and the length of
 * chains), so that it can be made again.
 */
#ifndef DIFFERENTIAL_GENERATE_H
#define DIFFERENTIAL_GENERATE_H

#include "case.h"
#include "encodings.h"

struct generator {
	uint64_t seed;
	unsigned mode;  /* 64 or 32 */
	unsigned chain; /* instructions a case, at most CASE_CHAIN_MAX */
	const struct mnemonic *const *mnemonics;
	uint32_t mnemonic_count;
};

void generate(const struct generator *generator, uint64_t number, struct test_case *ret_test);

#endif
