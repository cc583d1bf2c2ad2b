/* SPDX-License-Identifier: Apache-2.0 */
/* AXVCPU_DEBUG: what is printed when it is asked for, and that nothing is when it is not. The argument says which. */
#include "../unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <axvcpu/backend.h>

#include "loader/backend.h"

static char output[8192];

/* Standard error of a few calls. */
static int capture(void **state)
{
	struct axvcpu_backend *backend;
	char name[] = "/tmp/axvcpu-debug-XXXXXX";
	int saved = dup(STDERR_FILENO), file = mkstemp(name);

	(void)state;
	dup2(file, STDERR_FILENO);
	if (!axvcpu_backend_open("mock", &backend))
		axvcpu_backend_close(backend);
	axvcpu_backend_open("mokc", &backend);
	host_table()->log(AXARCH_LOG_WARNING, "what a plugin says: %d", 42);
	dup2(saved, STDERR_FILENO);
	output[pread(file, output, sizeof(output) - 1, 0)] = '\0';
	close(file);
	close(saved);
	return unlink(name);
}

static void test_loud(void **state)
{
	static const char *const parts[] = {
		"axvcpu loader: search: relative is ignored: not an absolute path\n",
		"axvcpu loader: search: /nowhere/axvcpu-mock.so: not there\n",
		"axvcpu-mock.so: found\n",
		"axvcpu loader: close mock: the last user went",
		"axvcpu loader: open mokc: no backend \"mokc\"",
		"axvcpu plugin: warning: what a plugin says: 42\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!strstr(output, parts[i]))
			fail_msg("\"%s\" is not in \"%s\"", parts[i], output);
}

static void test_silent(void **state)
{
	(void)state;
	assert_string_equal(output, "");
}

int main(int count, char **arguments)
{
	static const struct CMUnitTest loud[] = { cmocka_unit_test(test_loud) };
	static const struct CMUnitTest silent[] = { cmocka_unit_test(test_silent) };

	if (count > 1 && !strcmp(arguments[1], "loud"))
		return cmocka_run_group_tests(loud, capture, NULL);
	return cmocka_run_group_tests(silent, capture, NULL);
}
