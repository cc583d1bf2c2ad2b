/* SPDX-License-Identifier: Apache-2.0 */
/* What every cmocka test of the library begins with. Knows nothing of what is tested. */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

/* clang-format off */ /* cmocka.h wants these before it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
/* clang-format on */

#include <string.h>

#include <axvcpu/error.h>

/* The call fails with `code`, and its text holds `part`. */
#define assert_error(call, code, part) \
	do { \
		assert_int_equal((call), (code)); \
		assert_int_equal(axvcpu_error_code(), (code)); \
		if (!strstr(axvcpu_error_text(), (part))) \
			fail_msg("\"%s\" is not in the error text \"%s\"", (part), axvcpu_error_text()); \
	} while (0)

/* The call succeeds; if not, its error text is shown. */
#define assert_ok(call) \
	do { \
		int32_t assert_ok_error = (call); \
		if (assert_ok_error) \
			fail_msg("%s: %s: %s", #call, axvcpu_error_name(assert_ok_error), axvcpu_error_text()); \
	} while (0)

#endif
