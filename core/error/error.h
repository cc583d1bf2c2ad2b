/* SPDX-License-Identifier: Apache-2.0 */
/* How the core reports a failure: `return error_set(AXVCPU_ERROR_..., "what, and the way out")`. */
#ifndef CORE_ERROR_ERROR_H
#define CORE_ERROR_ERROR_H

#include <axvcpu/error.h>

/* Records the calling thread's error and returns `code`. The text may use the present error text as an argument. */
int32_t error_set(int32_t code, const char *format, ...) AXVCPU_PRINTF(2, 3);

/* Puts text in front of the present one ("vCPU 3: " + what the plugin said) and returns `code`. When the present error
 * is not `code` (the plugin left no text), a text is made from the code's meaning. */
int32_t error_prefix(int32_t code, const char *format, ...) AXVCPU_PRINTF(2, 3);

/* Forgets the present error, so that error_prefix can tell whether a plugin left one. */
void error_clear(void);

/*
 * Plugins' errors of this code are an everyday answer for a while, that nobody reads: error_is_expected tells the host
 * table to make no text, as many a register that an engine lacks would cost more than those that it has. 0: none is.
 */
void error_expect(int32_t code);
int error_is_expected(int32_t code);

#endif
