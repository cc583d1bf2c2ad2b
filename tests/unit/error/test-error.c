/* SPDX-License-Identifier: Apache-2.0 */
/* Error codes, names and texts: whose they are and how long they live. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "../unit.h"
#include "error/error.h"

static int clear(void **state)
{
	(void)state;
	error_clear();
	return 0;
}

static void values_are_axerrnos(void **state)
{
	static const struct {
		int32_t code, value;
		const char *name;
	} rows[] = {
		{ AXVCPU_ERROR_BAD_STATE, 7, "BadState" },          { AXVCPU_ERROR_INVALID_DATA, 17, "InvalidData" },
		{ AXVCPU_ERROR_INVALID_INPUT, 19, "InvalidInput" }, { AXVCPU_ERROR_NO_MEMORY, 23, "NoMemory" },
		{ AXVCPU_ERROR_NOT_FOUND, 30, "NotFound" },         { AXVCPU_ERROR_RESOURCE_BUSY, 36, "ResourceBusy" },
		{ AXVCPU_ERROR_UNSUPPORTED, 41, "Unsupported" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(rows[i].code, rows[i].value);
		assert_string_equal(axvcpu_error_name(rows[i].code), rows[i].name);
	}
}

static void other_codes_have_names_too(void **state)
{
	(void)state;
	assert_string_equal(axvcpu_error_name(0), "success");
	assert_string_equal(axvcpu_error_name(-ENOENT), "ENOENT");
	assert_string_equal(axvcpu_error_name(12345), "unknown error");
	assert_string_equal(axvcpu_error_name(-12345), "unknown error");
	assert_string_equal(axvcpu_error_name(INT32_MIN), "unknown error");
}

static void the_text_is_the_last_failures(void **state)
{
	(void)state;
	assert_string_equal(axvcpu_error_text(), "");
	assert_int_equal(axvcpu_error_code(), 0);
	assert_int_equal(error_set(AXVCPU_ERROR_NOT_FOUND, "no %s", "thing"), AXVCPU_ERROR_NOT_FOUND);
	assert_string_equal(axvcpu_error_text(), "no thing");
	assert_int_equal(error_set(-ENOENT, "%s here", axvcpu_error_text()), -ENOENT);
	assert_string_equal(axvcpu_error_text(), "no thing here");
	assert_int_equal(axvcpu_error_code(), -ENOENT);
}

static void a_prefix_keeps_what_the_plugin_said(void **state)
{
	(void)state;
	error_set(-EIO, "the disk is gone");
	assert_int_equal(error_prefix(-EIO, "vCPU %d: ", 3), -EIO);
	assert_string_equal(axvcpu_error_text(), "vCPU 3: the disk is gone");
}

static void a_code_without_a_text_gets_its_meaning(void **state)
{
	(void)state;
	error_prefix(AXVCPU_ERROR_UNSUPPORTED, "run: ");
	assert_string_equal(axvcpu_error_text(), "run: this backend cannot do that");
	error_prefix(-ENOSPC, "run: "); /* the text that is there belongs to another code */
	assert_string_equal(axvcpu_error_text(), "run: No space left on device");
	error_prefix(4711, "run: ");
	assert_string_equal(axvcpu_error_text(), "run: an error without a text");
	error_prefix(INT32_MIN, "run: ");
	assert_memory_equal(axvcpu_error_text(), "run: ", 5);
}

static void a_long_text_is_cut(void **state)
{
	char *text = malloc(100000);

	(void)state;
	memset(text, 'x', 99999);
	text[99999] = '\0';
	error_set(-EIO, "%s", text);
	assert_in_range(strlen(axvcpu_error_text()), 1000, 5000);
	for (int i = 0; i < 100; i++)
		error_prefix(-EIO, "%s", text);
	assert_in_range(strlen(axvcpu_error_text()), 1000, 5000);
	free(text);
}

static void *fails_by_itself(void *context)
{
	(void)context;
	assert_string_equal(axvcpu_error_text(), "");
	error_set(-EIO, "its own");
	assert_string_equal(axvcpu_error_text(), "its own");
	return NULL;
}

static void each_thread_has_its_own(void **state)
{
	pthread_t thread;

	(void)state;
	error_set(AXVCPU_ERROR_NOT_FOUND, "mine");
	assert_int_equal(pthread_create(&thread, NULL, fails_by_itself, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_string_equal(axvcpu_error_text(), "mine");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(values_are_axerrnos, clear),
		cmocka_unit_test_setup(other_codes_have_names_too, clear),
		cmocka_unit_test_setup(the_text_is_the_last_failures, clear),
		cmocka_unit_test_setup(a_prefix_keeps_what_the_plugin_said, clear),
		cmocka_unit_test_setup(a_code_without_a_text_gets_its_meaning, clear),
		cmocka_unit_test_setup(a_long_text_is_cut, clear),
		cmocka_unit_test_setup(each_thread_has_its_own, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
