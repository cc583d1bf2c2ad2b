/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Executes cases on the host's own processor, in a child process. The child is one signal handler: it loads a case's
 * state into the frame that it returns by, and the signal that ends the instruction brings it back to store what came
 * out. A child that dies, or does not come back, costs the case that it was at (OUTCOME_LOST) and is made anew.
 */
#ifndef DIFFERENTIAL_NATIVE_H
#define DIFFERENTIAL_NATIVE_H

#include "case.h"

struct native;

/* NULL, and a text on standard error, when this host cannot. `capacity`: cases of a batch at most. */
struct native *native_create(unsigned capacity);
void native_destroy(struct native *native);

/* Where a batch's cases are written, and where their outcomes are found. */
struct test_case *native_cases(struct native *native);
const struct outcome *native_outcomes(const struct native *native);

/* Begins the first `count` cases; waits until all of them have ended. */
bool native_submit(struct native *native, unsigned count);
bool native_wait(struct native *native);

#endif
