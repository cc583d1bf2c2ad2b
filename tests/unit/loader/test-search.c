/* SPDX-License-Identifier: Apache-2.0 */
/* Where backends are looked for, which of two is taken, and what auto chooses. */
#include "../unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <axvcpu/backend.h>
#include <axvcpu/plugin/plugin.h>

#include "loader/search.h"

static char root[64];

static const char *in_root(const char *name)
{
	static char paths[4][256];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, 256, "%s/%s", root, name);
	return path;
}

static void clear_environment(void)
{
	unsetenv("AXVCPU_PLUGIN_PATH");
	unsetenv("AXVCPU_PLUGIN_ADD_PATH");
	unsetenv("XDG_DATA_HOME");
	setenv("HOME", root, 1);
}

static int make(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/axvcpu-search-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	clear_environment();
	return mkdir(in_root("first"), 0755) || mkdir(in_root("second"), 0755);
}

static int drop(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

static void copy_to(const char *source, const char *target)
{
	char command[1024];

	snprintf(command, sizeof(command), "cp %s %s", source, target);
	assert_int_equal(system(command), 0);
}

static const char *fixture(const char *folder, const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/axvcpu-%s.so", getenv(folder), name);
	return path;
}

static void assert_folders(const char *const *expected, size_t count)
{
	struct search_folders folders;

	assert_ok(search_folders_init(&folders));
	assert_true(folders.count >= count);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(folders.names[i], expected[i]);
	search_folders_finish(&folders);
}

static void test_folders(void **state)
{
	const char *home[] = { in_root(".local/share/axvcpu/plugins"), "/usr/local/lib/axvcpu/plugins",
			       "/etc/axvcpu/plugins" };
	static const char *const xdg[] = { "/data/axvcpu/plugins", "/usr/local/lib/axvcpu/plugins" };
	static const char *const added[] = { "/a", "/b", "/data/axvcpu/plugins" };
	static const char *const only[] = { "/c", "/d" };
	struct search_folders folders;

	(void)state;
	assert_folders(home, 3);
	setenv("XDG_DATA_HOME", "/data", 1);
	assert_folders(xdg, 2);
	setenv("AXVCPU_PLUGIN_ADD_PATH", "/a:relative::/b", 1);
	assert_folders(added, 3);
	setenv("AXVCPU_PLUGIN_PATH", "./here:/c:/d", 1);
	assert_folders(only, 2);
	assert_ok(search_folders_init(&folders));
	assert_int_equal(folders.count, 2);
	search_folders_finish(&folders);
	setenv("AXVCPU_PLUGIN_PATH", "", 1);
	assert_ok(search_folders_init(&folders));
	assert_int_equal(folders.count, 0);
	search_folders_finish(&folders);
	clear_environment();
}

static void test_kinds(void **state)
{
	char name[64];

	(void)state;
	assert_int_equal(search_kind("axvcpu-sim-riscv64.so", name, sizeof(name)), AXVCPU_CANDIDATE_BACKEND);
	assert_string_equal(name, "sim-riscv64");
	assert_int_equal(search_kind("axvcpu-layer-trace.so", name, sizeof(name)), AXVCPU_CANDIDATE_LAYER);
	assert_string_equal(name, "trace");
	assert_int_equal(search_kind("axvcpu-.so", name, sizeof(name)), 0);
	assert_int_equal(search_kind("axvcpu-x.so.1", name, sizeof(name)), 0);
	assert_int_equal(search_kind("libaxvcpu.so", name, sizeof(name)), 0);
	assert_int_equal(search_kind("axvcpu-layer-.so", name, sizeof(name)), 0);
}

static void test_first_wins(void **state)
{
	struct axvcpu_backend *backend;
	char path[256];

	(void)state;
	copy_to(fixture("FIXTURES", "minimal"), in_root("first"));
	copy_to(fixture("FIXTURES", "minimal"), in_root("second"));
	snprintf(path, sizeof(path), "%s:%s", in_root("nowhere"), in_root("second"));
	setenv("AXVCPU_PLUGIN_PATH", path, 1);
	assert_ok(axvcpu_backend_open("minimal", &backend));
	assert_string_equal(axvcpu_backend_path(backend), in_root("second/axvcpu-minimal.so"));
	assert_string_equal(axvcpu_backend_reason(backend), "");
	axvcpu_backend_close(backend);
	snprintf(path, sizeof(path), "%s:%s", in_root("first"), in_root("second"));
	setenv("AXVCPU_PLUGIN_PATH", path, 1);
	assert_ok(axvcpu_backend_open("minimal", &backend));
	assert_string_equal(axvcpu_backend_path(backend), in_root("first/axvcpu-minimal.so"));
	axvcpu_backend_close(backend);
	clear_environment();
}

/* A folder that others may write is passed over, for names; the next one has its turn. */
static void test_unsafe_folder(void **state)
{
	struct axvcpu_backend *backend;
	char path[256];

	(void)state;
	assert_int_equal(chmod(in_root("first"), 0777), 0);
	snprintf(path, sizeof(path), "%s:%s", in_root("first"), in_root("second"));
	setenv("AXVCPU_PLUGIN_PATH", path, 1);
	assert_ok(axvcpu_backend_open("minimal", &backend));
	assert_string_equal(axvcpu_backend_path(backend), in_root("second/axvcpu-minimal.so"));
	axvcpu_backend_close(backend);
	assert_int_equal(chmod(in_root("first"), 0755), 0);
	clear_environment();
}

static int see(void *context, const struct axvcpu_backend_candidate *candidate)
{
	char *seen = context;

	sprintf(seen + strlen(seen), "%s/%s/%d%s ", candidate->kind == AXVCPU_CANDIDATE_LAYER ? "layer" : "backend",
		candidate->name, candidate->refusal, strstr(candidate->why, "earlier folder") ? "/hidden" : "");
	return 0;
}

static int stop(void *context, const struct axvcpu_backend_candidate *candidate)
{
	(void)context, (void)candidate;
	return 1;
}

static void test_walk(void **state)
{
	char path[256], seen[1024] = "", where[256];

	(void)state;
	snprintf(where, sizeof(where), "%s/axvcpu-layer-some.so", in_root("second"));
	copy_to(fixture("FIXTURES", "minimal"), where);
	snprintf(path, sizeof(path), "%s:%s:%s", in_root("first"), in_root("nowhere"), in_root("second"));
	setenv("AXVCPU_PLUGIN_PATH", path, 1);
	assert_int_equal(axvcpu_backend_search(see, seen), 3);
	assert_string_equal(seen, "backend/minimal/0 layer/some/0 backend/minimal/36/hidden ");
	assert_int_equal(axvcpu_backend_search(stop, NULL), 1);
	clear_environment();
}

static void test_not_found(void **state)
{
	struct axvcpu_backend *backend = NULL;
	char path[256];

	(void)state;
	snprintf(path, sizeof(path), "%s:%s", in_root("first"), in_root("second"));
	setenv("AXVCPU_PLUGIN_PATH", path, 1);
	assert_error(axvcpu_backend_open("minmal", &backend), AXVCPU_ERROR_NOT_FOUND, "did you mean \"minimal\"?");
	assert_non_null(strstr(axvcpu_error_text(), path + strlen(in_root("first")) + 1));
	assert_error(axvcpu_backend_open("something-else", &backend), AXVCPU_ERROR_NOT_FOUND,
		     "no axvcpu-something-else.so");
	assert_error(axvcpu_backend_open("./minimal", &backend), AXVCPU_ERROR_NOT_FOUND, "no backend at ./minimal");
	assert_error(axvcpu_backend_open("", &backend), AXVCPU_ERROR_INVALID_INPUT, "a name or a path");
	assert_error(axvcpu_backend_open(NULL, &backend), AXVCPU_ERROR_INVALID_INPUT, "a name or a path");
	setenv("AXVCPU_PLUGIN_PATH", "", 1);
	assert_error(axvcpu_backend_open("minimal", &backend), AXVCPU_ERROR_NOT_FOUND, "AXVCPU_PLUGIN_PATH names none");
	assert_null(backend);
	clear_environment();
}

static void test_auto(void **state)
{
	struct axvcpu_backend *backend = NULL;
	int kvm = !access("/dev/kvm", R_OK | W_OK);

	(void)state;
	setenv("AXVCPU_PLUGIN_PATH", getenv("CHOSEN"), 1);
	assert_ok(axvcpu_backend_auto(AXVCPU_ARCH_AARCH64, &backend));
	assert_string_equal(axvcpu_backend_description(backend)->id, kvm ? "fake-hardware" : "fake-simulator");
	assert_non_null(strstr(axvcpu_backend_reason(backend), kvm ? "fake-hardware: taken" : "/dev/kvm: "));
	assert_non_null(strstr(axvcpu_backend_reason(backend), kvm ? "taken: the host" : "taken: it simulates"));
	axvcpu_backend_close(backend);
	assert_ok(axvcpu_backend_auto(AXVCPU_ARCH_X86_64, &backend));
	assert_string_equal(axvcpu_backend_description(backend)->id, "second-simulator");
	assert_non_null(strstr(axvcpu_backend_reason(backend), "hardware: no backend for guests of this architecture"));
	axvcpu_backend_close(backend);
	assert_error(axvcpu_backend_auto(AXVCPU_ARCH_RISCV64, &backend), AXVCPU_ERROR_NOT_FOUND,
		     "no backend for riscv64 guests");
	assert_error(axvcpu_backend_auto(9, &backend), AXVCPU_ERROR_NOT_FOUND, "no architecture number 9");
	clear_environment();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_folders),       cmocka_unit_test(test_kinds), cmocka_unit_test(test_first_wins),
		cmocka_unit_test(test_unsafe_folder), cmocka_unit_test(test_walk),  cmocka_unit_test(test_not_found),
		cmocka_unit_test(test_auto),
	};

	return cmocka_run_group_tests(tests, make, drop);
}
