/* SPDX-License-Identifier: Apache-2.0 */
/* What the manuals leave undefined, and what the two processors may differ in: nobody can demand it of a backend. */
#ifndef DIFFERENTIAL_UNDEFINED_H
#define DIFFERENTIAL_UNDEFINED_H

#include "case.h"
#include "encodings.h"

enum { UNDEFINED_RANGES = 8 };

/* Of an outcome: what is not compared. */
struct allowance {
	uint64_t flags;
	uint32_t general; /* a bit per register */
	uint16_t fsw;
	bool is_narrow;      /* general registers have 32 bits */
	bool is_approximate; /* vector registers: floats of 32 bits that may be a little apart */
	bool any_fault;      /* of several accesses and checks, which one fails first */
	bool is_void;        /* nothing is compared */
	uint16_t vectors;    /* a bit per vector register */
	unsigned range_count;
	struct {
		uint64_t address;
		uint64_t size;
	} ranges[UNDEFINED_RANGES];
};

void undefined_find(const struct test_case *test, const struct outcome *native, struct allowance *ret_allowance);

/* Chains: whether an instruction may come next, when `flags` are undefined; which ones are undefined after it. */
bool undefined_may_follow(const struct decoded *decoded, bool is_first, bool is_last, uint64_t flags);
uint64_t undefined_after(const struct decoded *decoded, uint64_t flags);

/* The table, for --list: the manual's words on a mnemonic, or NULL. */
const char *undefined_why(ZydisMnemonic mnemonic);

#endif
