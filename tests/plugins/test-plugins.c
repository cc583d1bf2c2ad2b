/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the loader says to each plugin of this folder, and to files that were damaged here. A row is a file and the
 * parts that the error text must have; no two files get the same text.
 */
#include "../unit/unit.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <axvcpu/backend.h>
#include <axvcpu/plugin/plugin.h>

#define PARTS 8

static char scratch[64];

static void fixture_path(const char *name, char ret_path[512])
{
	const char *folder = getenv(strcmp(name, "not-elf") ? "FIXTURES" : "FIXTURE_SOURCES");

	snprintf(ret_path, 512, "%s%s/axvcpu-%s.so", folder, strcmp(name, "not-elf") ? "" : "/not-elf", name);
}

static int32_t open_fixture(const char *name, struct axvcpu_backend **ret_backend)
{
	char path[512];

	fixture_path(name, path);
	return axvcpu_backend_open(path, ret_backend);
}

struct refusal {
	const char *name;
	int32_t code;
	const char *parts[PARTS];
};

static const struct refusal refusals[] = {
	{ "bad-id", AXVCPU_ERROR_INVALID_DATA, { "id: expected", "\"Bad Id\"", "AXARCH_ABOUT" } },
	{ "crashing-constructor", AXVCPU_ERROR_INVALID_DATA, { "constructor crashed with SIG", "trial load" } },
	{ "default-out-of-range",
	  AXVCPU_ERROR_INVALID_DATA,
	  { "4 reasons", "field steps: its default 200 is outside its range 1..100",
	    "field shift: its default -9 is outside its range -8..7",
	    "field order: its default is choice number 2 of 2", "field name: its default has 4 characters" } },
	{ "dependency-symbol", AXVCPU_ERROR_INVALID_DATA, { "found in its dependency", "libfixture-dependency.so" } },
	{ "duplicate-field", AXVCPU_ERROR_INVALID_DATA, { "field steps", "number 1", "same name" } },
	{ "everything-wrong",
	  AXVCPU_ERROR_INVALID_DATA,
	  { "5 reasons", "description: NULL", "ops_text: expected", "op destroy: mandatory", "op unbind: mandatory",
	    "create_by_value: mandatory" } },
	{ "exiting-constructor", AXVCPU_ERROR_INVALID_DATA, { "ended the process (status 42)", "trial load" } },
	{ "failing-init",
	  AXVCPU_ERROR_UNSUPPORTED,
	  { "backend \"failing-init\" does not start: this test plugin never starts" } },
	{ "hanging-constructor", AXVCPU_ERROR_INVALID_DATA, { "did not return within", "host_init" } },
	{ "missing-ops",
	  AXVCPU_ERROR_INVALID_DATA,
	  { "3 reasons", "op run: mandatory, but NULL", "op bind: mandatory, but NULL",
	    "op set_gpr: mandatory, but NULL" } },
	{ "missing-symbol", AXVCPU_ERROR_INVALID_DATA, { "exports no symbol axarch_vcpu_ops" } },
	{ "no-note", AXVCPU_ERROR_INVALID_DATA, { "no note of owner AXVCPU-NOTE", "AXARCH_PLUGIN" } },
	{ "not-elf", AXVCPU_ERROR_INVALID_DATA, { "not an ELF file" } },
	{ "other-description", AXVCPU_ERROR_INVALID_DATA, { "description: differs from the ELF note" } },
	{ "other-major", AXVCPU_ERROR_INVALID_DATA, { "ABI major: expected 1, found 2", "compile" } },
	{ "patched-op-list",
	  AXVCPU_ERROR_INVALID_DATA,
	  { "op 9 of the list", "expected \"VCPU set_gpr 0 (u32, index)(u64, value)\"",
	    "found \"VCPU set_gpr 0 (u64, value)(u32, index)\"" } },
	{ "struct-too-small",
	  AXVCPU_ERROR_INVALID_DATA,
	  { "2 reasons", "op inject_interrupt: mandatory, but the struct ends before it",
	    "op set_return_value: mandatory, but the struct ends before it" } },
	{ "unknown-type",
	  AXVCPU_ERROR_INVALID_DATA,
	  { "2 reasons", "create config, field reserved: type 77", "setup config" } },
	{ "unresolved-function", AXVCPU_ERROR_INVALID_DATA, { "the dynamic linker says", "nobody_has_this" } },
	{ "wrong-magic",
	  AXVCPU_ERROR_INVALID_DATA,
	  { "magic: expected 0x3155504356584121, found 0x0000000000001234" } },
	{ "wrong-offsets",
	  AXVCPU_ERROR_INVALID_DATA,
	  { "2 reasons", "field large: offset: expected 8", "found 1", "expected 16 bytes aligned to 8",
	    "found 9 aligned to 1" } },
	{ "empty-choice",
	  AXVCPU_ERROR_INVALID_DATA,
	  { "create config, field reserved: its choices \"little||big\" have an empty word" } },
	{ "empty-range", AXVCPU_ERROR_INVALID_DATA, { "field reserved: its range 9..3 is empty" } },
	{ "endless-doc", AXVCPU_ERROR_INVALID_DATA, { "field reserved: a text of it has no end", "shorten doc" } },
	{ "endless-field-name", AXVCPU_ERROR_INVALID_DATA, { "field 1 of 1: its name is not an identifier" } },
	{ "endless-id",
	  AXVCPU_ERROR_INVALID_DATA,
	  { "id: expected 1 to 31", "found \"endless-endless-endless-endless-\"" } },
	{ "endless-texts",
	  AXVCPU_ERROR_INVALID_DATA,
	  { "3 reasons", "version: the text has no end", "licence: the text has no end",
	    "summary: the text has no end; 127" } },
	{ "many-fields",
	  AXVCPU_ERROR_INVALID_DATA,
	  { "bytes of description and fields, but it ends at", "link the plugin again" } },
	{ "no-fields",
	  AXVCPU_ERROR_INVALID_DATA,
	  { "setup config: expected 1 to 1024 fields, found 0", "AXARCH_EMPTY_CONFIG" } },
	{ "other-major-struct", AXVCPU_ERROR_INVALID_DATA, { "ABI major: expected 1, found 7", "compile" } },
	{ "silent-init", -ENODEV, { "backend \"silent-init\" does not start: " } },
	{ "struct-beyond-symbol", AXVCPU_ERROR_INVALID_DATA, { "struct_size: expected", "found 65536", "sizeof" } },
	{ "struct-without-ops", AXVCPU_ERROR_INVALID_DATA, { "struct_size: expected", "found 8", "sizeof" } },
	{ "unknown-arch", AXVCPU_ERROR_INVALID_DATA, { "arch: 99", "AXVCPU_ARCH_" } },
	{ "wrong-field-size",
	  AXVCPU_ERROR_INVALID_DATA,
	  { "field reserved: size: expected 4 (1 times u32), found 8", "AXARCH_CONFIG" } },
	{ "wrong-note-magic",
	  AXVCPU_ERROR_INVALID_DATA,
	  { "description magic: expected 0x3155504356584121, found 0x0000000000005678" } },
	{ "wrong-struct-align",
	  AXVCPU_ERROR_INVALID_DATA,
	  { "create config: expected 4 bytes aligned to 4", "found 4 aligned to 16" } },
	{ "wrong-struct-size",
	  AXVCPU_ERROR_INVALID_DATA,
	  { "create config: expected 4 bytes aligned to 4", "found 24 aligned to 4" } },
};

static void assert_refused(const char *path, int32_t code, const char *const *parts)
{
	struct axvcpu_backend *backend = NULL;

	assert_error(axvcpu_backend_open(path, &backend), code, parts[0]);
	assert_null(backend);
	for (int i = 1; i < PARTS && parts[i]; i++)
		if (!strstr(axvcpu_error_text(), parts[i]))
			fail_msg("\"%s\" is not in \"%s\"", parts[i], axvcpu_error_text());
}

/* After whatever was refused, a sound backend still opens. */
static void assert_unharmed(void)
{
	struct axvcpu_backend *backend;

	assert_ok(axvcpu_backend_open(getenv("MOCK"), &backend));
	axvcpu_backend_close(backend);
}

/* The text without the path: every fixture must have another one. */
static void assert_new_text(const char *path)
{
	static char *texts[128];
	static size_t count;
	const char *text = strstr(axvcpu_error_text(), path) ? axvcpu_error_text() + strlen(path) : axvcpu_error_text();

	for (size_t i = 0; i < count; i++)
		if (!strcmp(texts[i], text))
			fail_msg("another fixture has the text \"%s\" too", text);
	assert_in_range(count, 0, sizeof(texts) / sizeof(texts[0]) - 1);
	texts[count++] = strdup(text);
}

static void test_refused(void **state)
{
	const struct refusal *row = *state;
	char path[512];

	fixture_path(row->name, path);
	assert_refused(path, row->code, row->parts);
	if (row->code == AXVCPU_ERROR_INVALID_DATA && !strstr(axvcpu_error_text(), path))
		fail_msg("the path is not in \"%s\"", axvcpu_error_text());
	assert_new_text(path);
	assert_unharmed();
}

/* A refused plugin is refused again, with the same words. */
static void test_refused_again(void **state)
{
	char first[4096];
	struct axvcpu_backend *backend;

	(void)state;
	assert_int_equal(open_fixture("missing-ops", &backend), AXVCPU_ERROR_INVALID_DATA);
	snprintf(first, sizeof(first), "%s", axvcpu_error_text());
	assert_int_equal(open_fixture("missing-ops", &backend), AXVCPU_ERROR_INVALID_DATA);
	assert_string_equal(first, axvcpu_error_text());
}

static void test_minimal_loads(void **state)
{
	struct axvcpu_backend *backend, *again;

	(void)state;
	assert_ok(open_fixture("minimal", &backend));
	assert_ok(open_fixture("minimal", &again));
	assert_ptr_equal(backend, again);
	assert_string_equal(axvcpu_backend_description(backend)->id, "minimal");
	assert_int_equal(axvcpu_backend_has(backend, "run"), 1);
	assert_int_equal(axvcpu_backend_has(backend, "reset"), 0);
	assert_int_equal(axvcpu_backend_has(backend, "no_such_op"), 0);
	axvcpu_backend_close(again);
	axvcpu_backend_close(backend);
	axvcpu_backend_close(NULL);
}

static void test_smaller_struct_loads(void **state)
{
	struct axvcpu_backend *backend;

	(void)state;
	assert_ok(open_fixture("smaller-struct", &backend));
	assert_int_equal(axvcpu_backend_has(backend, "set_return_value"), 1);
	assert_int_equal(axvcpu_backend_has(backend, "kick"), 0); /* it is filled, but behind the end */
	axvcpu_backend_close(backend);
}

static void test_larger_struct_loads(void **state)
{
	struct axvcpu_backend *backend;

	(void)state;
	assert_ok(open_fixture("larger-struct", &backend));
	assert_int_equal(axvcpu_backend_has(backend, "kick"), 1);
	assert_int_equal(axvcpu_backend_has(backend, "max_guest_page_table_levels"), 0);
	axvcpu_backend_close(backend);
}

/* A damaged copy of the minimal plugin. */
struct damage {
	const char *name;
	size_t keep;   /* bytes of the file; 0: all */
	size_t offset; /* of the byte that is changed; 0: none */
	uint8_t value;
	mode_t mode;
	const char *parts[PARTS];
};

static const struct damage damages[] = {
	{ "empty", 1, 0, 0, 0644, { "not an ELF file" } },
	{ "cut-header", 40, 0, 0, 0644, { "truncated", "byte 40" } },
	{ "cut-headers", 100, 0, 0, 0644, { "truncated" } },
	{ "cut-segments", 3000, 0, 0, 0644, { "truncated: segment", "the file ends at 0xbb8" } },
	{ "other-class", 0, EI_CLASS, ELFCLASS32, 0644, { "ELF class: expected 64-bit, found 32-bit" } },
	{ "other-order", 0, EI_DATA, ELFDATA2MSB, 0644, { "ELF byte order" } },
	{ "other-machine",
	  0,
	  offsetof(Elf64_Ehdr, e_machine),
	  EM_S390,
	  0644,
	  { "ELF machine: expected", "found s390 (22)" } },
	{ "executable",
	  0,
	  offsetof(Elf64_Ehdr, e_type),
	  ET_EXEC,
	  0644,
	  { "ELF type: expected a shared object (3), found 2" } },
	{ "world-writable",
	  0,
	  0,
	  0,
	  0646,
	  { "world-writable.so may be written by others", "mode 0646", "chmod go-w" } },
	{ "group-writable", 0, 0, 0, 0664, { "group-writable.so may be written by others", "mode 0664" } },
};

static size_t read_all(const char *path, uint8_t **ret_bytes)
{
	FILE *file = fopen(path, "rb");
	size_t size;

	assert_non_null(file);
	fseek(file, 0, SEEK_END);
	size = (size_t)ftell(file);
	rewind(file);
	*ret_bytes = malloc(size);
	assert_int_equal(fread(*ret_bytes, 1, size, file), size);
	fclose(file);
	return size;
}

/* Where the last of the segments that are loaded ends; behind it is what only tools read. */
static size_t segments_end(const char *path)
{
	const Elf64_Ehdr *header;
	const Elf64_Phdr *segments;
	size_t end = 0;
	uint8_t *bytes;

	read_all(path, &bytes);
	header = (const Elf64_Ehdr *)(const void *)bytes;
	segments = (const Elf64_Phdr *)(const void *)(bytes + header->e_phoff);
	for (unsigned i = 0; i < header->e_phnum; i++)
		if (segments[i].p_offset + segments[i].p_filesz > end)
			end = segments[i].p_offset + segments[i].p_filesz;
	free(bytes);
	return end;
}

static void write_damaged(const struct damage *damage, const char *path)
{
	char source[512];
	uint8_t *bytes;
	size_t size;
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	fixture_path("minimal", source);
	size = read_all(source, &bytes);
	if (damage->offset)
		bytes[damage->offset] = damage->value;
	if (damage->keep)
		size = damage->keep;
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	fclose(file);
	free(bytes);
	assert_int_equal(chmod(path, damage->mode), 0);
}

static void test_damaged(void **state)
{
	const struct damage *damage = *state;
	char path[512];

	snprintf(path, sizeof(path), "%s/axvcpu-%s.so", scratch, damage->name);
	write_damaged(damage, path);
	assert_refused(path, AXVCPU_ERROR_INVALID_DATA, damage->parts);
	unlink(path);
	assert_unharmed();
}

/* Cut anywhere, the file is refused: never a signal, never half a plugin. */
static void test_truncated(void **state)
{
	static const char *const parts[PARTS] = { " is refused" };
	char source[512], path[512];
	uint8_t *bytes;
	size_t size, last_segment;

	(void)state;
	fixture_path("minimal", source);
	size = read_all(source, &bytes);
	free(bytes);
	last_segment = segments_end(source);
	snprintf(path, sizeof(path), "%s/axvcpu-cut.so", scratch);
	for (size_t keep = 1; keep < last_segment; keep += keep < 1024 ? 61 : 509) {
		write_damaged(&(struct damage){ .keep = keep, .mode = 0644 }, path);
		assert_refused(path, AXVCPU_ERROR_INVALID_DATA, parts);
	}
	assert_in_range(last_segment, 1024, size);
	unlink(path);
	assert_unharmed();
}

/* Only root can make a file of somebody else's. */
static void test_other_owner(void **state)
{
	static const struct damage none = { .mode = 0644 };
	static const char *const parts[PARTS] = { "axvcpu-foreign.so belongs to user 12345", "chown" };
	char path[512];

	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: only root can give a file to another user\n");
		skip();
	}
	snprintf(path, sizeof(path), "%s/axvcpu-foreign.so", scratch);
	write_damaged(&none, path);
	assert_int_equal(chown(path, 12345, (gid_t)-1), 0);
	assert_refused(path, AXVCPU_ERROR_INVALID_DATA, parts);
	unlink(path);
}

/* A link in a fine folder does not make a file fine that lies in a folder where others may write. */
static void test_link_to_writable_folder(void **state)
{
	static const struct damage none = { .mode = 0644 };
	static const char *const parts[PARTS] = { "open may be written by others", "mode 0777" };
	char folder[256], path[512], link[512];

	(void)state;
	snprintf(folder, sizeof(folder), "%s/open", scratch);
	snprintf(path, sizeof(path), "%s/axvcpu-there.so", folder);
	snprintf(link, sizeof(link), "%s/axvcpu-link.so", scratch);
	assert_int_equal(mkdir(folder, 0700), 0);
	write_damaged(&none, path);
	assert_int_equal(symlink(path, link), 0);
	assert_int_equal(chmod(folder, 0777), 0);
	assert_refused(link, AXVCPU_ERROR_INVALID_DATA, parts);
	unlink(link);
	unlink(path);
	rmdir(folder);
}

static void test_writable_folder(void **state)
{
	static const struct damage none = { "fine", 0, 0, 0, 0644, { NULL } };
	static const char *const parts[PARTS] = { "may be written by others", "mode 0777" };
	char path[512];

	(void)state;
	snprintf(path, sizeof(path), "%s/axvcpu-fine.so", scratch);
	write_damaged(&none, path);
	assert_int_equal(chmod(scratch, 0777), 0);
	assert_refused(path, AXVCPU_ERROR_INVALID_DATA, parts);
	setenv("AXVCPU_PLUGIN_PATH", scratch, 1);
	assert_refused("fine", AXVCPU_ERROR_NOT_FOUND, parts);
	unsetenv("AXVCPU_PLUGIN_PATH");
	assert_int_equal(chmod(scratch, 0700), 0);
	unlink(path);
}

static void test_not_regular(void **state)
{
	static const char *const fifo[PARTS] = { "not a regular file" };
	static const char *const nothing[PARTS] = { "No such file" };
	char path[512];

	(void)state;
	snprintf(path, sizeof(path), "%s/axvcpu-fifo.so", scratch);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_refused(path, AXVCPU_ERROR_INVALID_DATA, fifo);
	unlink(path);
	assert_refused(path, AXVCPU_ERROR_NOT_FOUND, nothing);
}

/* Descriptions can be read of whatever has a sound note, also where loading would crash. */
static void test_inspect_runs_nothing(void **state)
{
	struct axvcpu_inspection *inspection;
	char path[512];

	(void)state;
	fixture_path("crashing-constructor", path);
	assert_ok(axvcpu_backend_inspect(path, &inspection));
	assert_string_equal(inspection->description->id, "crashing-constructor");
	assert_string_equal(inspection->create[0].name, "reserved");
	assert_string_equal(inspection->path, path);
	axvcpu_backend_inspect_free(inspection);
	fixture_path("no-note", path);
	assert_error(axvcpu_backend_inspect(path, &inspection), AXVCPU_ERROR_INVALID_DATA, "no note");
	axvcpu_backend_inspect_free(NULL);
}

struct seen {
	uint32_t count;
	uint32_t refused;
};

static int see(void *context, const struct axvcpu_backend_candidate *candidate)
{
	struct seen *seen = context;

	seen->count++;
	seen->refused += candidate->refusal != 0;
	assert_int_equal(candidate->refusal != 0, candidate->why[0] != '\0');
	assert_int_equal(candidate->kind, AXVCPU_CANDIDATE_BACKEND);
	if (!candidate->refusal)
		assert_non_null(candidate->description);
	return 0;
}

/* The search finds what is wrong with files as far as that shows without running them. */
static void test_search(void **state)
{
	struct seen seen = { 0, 0 };
	uint32_t met;

	(void)state;
	setenv("AXVCPU_PLUGIN_PATH", getenv("FIXTURES"), 1);
	met = axvcpu_backend_search(see, &seen);
	unsetenv("AXVCPU_PLUGIN_PATH");
	assert_int_equal(met, 40);
	assert_int_equal(seen.count, met);
	assert_int_equal(seen.refused, 20); /* those whose note shows what is wrong */
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

int main(void)
{
	static const struct CMUnitTest fixed[] = {
		cmocka_unit_test(test_refused_again),
		cmocka_unit_test(test_minimal_loads),
		cmocka_unit_test(test_smaller_struct_loads),
		cmocka_unit_test(test_larger_struct_loads),
		cmocka_unit_test(test_writable_folder),
		cmocka_unit_test(test_not_regular),
		cmocka_unit_test(test_inspect_runs_nothing),
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_other_owner),
		cmocka_unit_test(test_link_to_writable_folder),
	};
	struct CMUnitTest tests[COUNT(refusals) + COUNT(damages) + COUNT(fixed)];
	size_t count = 0;
	int failed;

	for (size_t i = 0; i < COUNT(refusals); i++)
		tests[count++] = (struct CMUnitTest){ refusals[i].name, test_refused, NULL, NULL,
						      (void *)(uintptr_t)&refusals[i] };
	for (size_t i = 0; i < COUNT(damages); i++)
		tests[count++] = (struct CMUnitTest){ damages[i].name, test_damaged, NULL, NULL,
						      (void *)(uintptr_t)&damages[i] };
	memcpy(&tests[count], fixed, sizeof(fixed));
	snprintf(scratch, sizeof(scratch), "/tmp/axvcpu-plugins-XXXXXX");
	if (!mkdtemp(scratch))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(scratch);
	return failed;
}
