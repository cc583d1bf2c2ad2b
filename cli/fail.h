/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a part of axvcpu-run reports a failure: `return fail(STATUS_DATA, "what, and the way out")`. The status goes up
 * to main, which prints the text once. One text per thread, as in the library.
 */
#ifndef CLI_FAIL_H
#define CLI_FAIL_H

#include <axvcpu/error.h>

#include "status.h"

/* Records the calling thread's failure and returns `status`. */
int fail(int status, const char *format, ...) AXVCPU_PRINTF(2, 3);

/* The same, with what the library said of its last failure behind it. */
int fail_library(int status, const char *format, ...) AXVCPU_PRINTF(2, 3);

/* The calling thread's last text, "" when there was none. */
const char *fail_text(void);

/* "; did you mean "x"?" for the candidate that is near to word, else "". Valid until the thread's next call. */
const char *fail_suggestion(const char *word, const char *const *candidates, uint32_t count);

#endif
