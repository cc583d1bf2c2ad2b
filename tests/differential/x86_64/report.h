/* SPDX-License-Identifier: Apache-2.0 */
/* Prints a case: what is executed, and in which state, as far as it matters to it. */
#ifndef DIFFERENTIAL_REPORT_H
#define DIFFERENTIAL_REPORT_H

#include <stdio.h>

#include "case.h"

void report_case(FILE *to, const struct test_case *test);

#endif
