/* SPDX-License-Identifier: Apache-2.0 */
/* Compares what both sides have made of a case. */
#ifndef DIFFERENTIAL_COMPARE_H
#define DIFFERENTIAL_COMPARE_H

#include <stdio.h>

#include "case.h"

enum {
	DIFFERS_FAULT = 1,
	DIFFERS_GENERAL = 2,
	DIFFERS_FLAGS = 4,
	DIFFERS_X87 = 8,
	DIFFERS_VECTOR = 16,
	DIFFERS_MXCSR = 32,
	DIFFERS_MEMORY = 64,
	DIFFERS_SEGMENTS = 128
};

/* A bit for each part that differs, apart from what is undefined; 0: they agree. */
uint32_t compare(const struct test_case *test, const struct outcome *native, const struct outcome *backend);

/* A line for each thing that differs. */
void compare_print(FILE *to, const struct test_case *test, const struct outcome *native, const struct outcome *backend);
/* "fault, flags" */
const char *compare_parts(uint32_t parts, char *ret_text, unsigned capacity);

#endif
