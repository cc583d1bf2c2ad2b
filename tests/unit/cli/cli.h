/* SPDX-License-Identifier: Apache-2.0 */
/* What every test of axvcpu-run's parts begins with. */
#ifndef TESTS_UNIT_CLI_CLI_H
#define TESTS_UNIT_CLI_CLI_H

#include "fail.h" /* first: cmocka has a macro of that name */

#include "../unit.h"

/* The call fails with `status`, and its text holds `part`. */
#define assert_fails(call, status, part) \
	do { \
		assert_int_equal((call), (status)); \
		if (!strstr(fail_text(), (part))) \
			fail_msg("\"%s\" is not in the text \"%s\"", (part), fail_text()); \
	} while (0)

/* The call gives STATUS_OK; if not, its text is shown. */
#define assert_done(call) \
	do { \
		int assert_done_status = (call); \
		if (assert_done_status) \
			fail_msg("%s: %d: %s", #call, assert_done_status, fail_text()); \
	} while (0)

#endif
