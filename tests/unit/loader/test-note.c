/* SPDX-License-Identifier: Apache-2.0 */
/* The note parser on a real plugin's bytes, on all its beginnings, and on bytes that were changed at random. */
#include "../unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "loader/note.h"

static uint8_t *image;
static size_t image_size;

static int read_image(void **state)
{
	FILE *file = fopen(getenv("PLUGIN"), "rb");

	(void)state;
	if (!file || fseek(file, 0, SEEK_END))
		return -1;
	image_size = (size_t)ftell(file);
	rewind(file);
	image = malloc(image_size);
	return !image || fread(image, 1, image_size, file) != image_size || fclose(file);
}

static int free_image(void **state)
{
	(void)state;
	free(image);
	return 0;
}

static void test_fields(void **state)
{
	struct report report = REPORT_INIT;
	struct note note;

	(void)state;
	assert_int_equal(note_parse(image, image_size, &note, &report), 0);
	assert_int_equal(report.count, 0);
	assert_string_equal(note.description.id, "mock");
	assert_int_equal(note.description.create.field_count, 5);
	assert_string_equal(note.create[3].name, "script");
	assert_int_equal(note.create[3].count, 1024);
	assert_string_equal(note.create[0].choices, "any|x86_64|aarch64|riscv64");
	assert_string_equal(note.setup[0].name, "gprs");
	note_check(&note, &report);
	assert_int_equal(report.count, 0);
	note_finish(&note);
}

/* The parser gets exactly as many bytes as there are, so that the address sanitizer sees a read behind them. */
static int parse_copy(const uint8_t *bytes, size_t size, struct report *report)
{
	uint8_t *copy = malloc(size ? size : 1);
	struct note note;
	int result;

	memcpy(copy, bytes, size);
	result = note_parse(copy, size, &note, report);
	if (!result) {
		note_check(&note, report);
		note_finish(&note);
	}
	free(copy);
	return result;
}

/* However much of the file is missing of what the program headers speak of, it is refused with a reason. */
static void test_truncated(void **state)
{
	(void)state;
	for (size_t size = 0; size < 9000 && size < image_size; size += size < 1100 ? 1 : 97) {
		struct report report = REPORT_INIT;

		assert_int_equal(parse_copy(image, size, &report), -1);
		assert_int_equal(report.count, 1);
		assert_non_null(strstr(report.text, size < 4 ? "not an ELF file" : "truncated"));
	}
}

static void test_changed(void **state)
{
	uint64_t seed = 12345;
	uint8_t *changed = malloc(image_size);
	unsigned refused = 0;

	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		struct report report = REPORT_INIT;

		memcpy(changed, image, image_size);
		for (unsigned i = 0; i < 1 + round % 8; i++) {
			seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
			changed[(seed >> 33) % 1024] = (uint8_t)(seed >> 25); /* the ELF and program headers */
		}
		refused += parse_copy(changed, image_size, &report) != 0;
	}
	free(changed);
	assert_true(refused > 1000);
}

struct bad {
	size_t offset;
	uint32_t value;
	const char *part;
};

#define AT(member) offsetof(struct axarch_description, member)

static const struct bad bad[] = {
	{ AT(magic), 0, "description magic: expected 0x" },
	{ AT(size), 8, "description size" },
	{ AT(size), 0xfffffff8, "description size" },
	{ AT(abi_major), 2, "ABI major: expected 1, found 2" },
	{ AT(create.field_count), 0, "create config: expected 1 to 1024 fields, found 0" },
	{ AT(create.field_count), 0xffffffff, "create config: expected 1 to 1024 fields, found 4294967295" },
	{ AT(create.field_count), 1000, "bytes of description and fields, but it ends at" },
	{ AT(setup.field_count), 2, "bytes of description and fields, but it ends at" },
	{ AT(setup.field_size), 8, "setup config: expected field records of" },
	{ AT(setup.field_size), 0x10000, "setup config: expected field records of" },
};

static void test_bad_descriptions(void **state)
{
	struct {
		struct axarch_description description;
		struct axarch_field fields[2];
	} bytes;
	struct note note;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct report report = REPORT_INIT;

		memset(&bytes, 0, sizeof(bytes));
		bytes.description = (struct axarch_description){ .magic = AXARCH_MAGIC,
								 .size = sizeof(bytes.description),
								 .abi_major = 1,
								 .create = { 4, 4, 1, sizeof(struct axarch_field) },
								 .setup = { 4, 4, 1, sizeof(struct axarch_field) } };
		assert_int_equal(note_from_bytes(&bytes, sizeof(bytes), &note, &report), 0);
		note_finish(&note);
		memcpy((char *)&bytes + bad[i].offset, &bad[i].value, bad[i].offset == AT(abi_major) ? 2 : 4);
		assert_int_equal(note_from_bytes(&bytes, sizeof(bytes), &note, &report), -1);
		if (!strstr(report.text, bad[i].part))
			fail_msg("\"%s\" is not in \"%s\"", bad[i].part, report.text);
	}
}

static void test_bad_texts(void **state)
{
	struct note note = { .description = { .arch = 77 } };
	struct report report = REPORT_INIT;

	(void)state;
	memset(note.description.id, 'x', sizeof(note.description.id));
	memset(note.description.version, 'x', sizeof(note.description.version));
	memset(note.description.licence, 'x', sizeof(note.description.licence));
	memset(note.description.summary, 'x', sizeof(note.description.summary));
	note_check(&note, &report);
	assert_int_equal(report.count, 5);
	assert_int_equal(strlen(note.description.id), 31); /* who lists it prints it */
	assert_int_equal(strlen(note.description.version), 31);
	assert_int_equal(strlen(note.description.licence), 31);
	assert_int_equal(strlen(note.description.summary), 127);
	assert_non_null(strstr(report.text, "arch: 77 is none that this host knows"));
}

/* A report that is full is cut, and counts on. */
static void test_report(void **state)
{
	struct report report = REPORT_INIT;

	(void)state;
	assert_int_equal(report_refuse(&report, "it"), 0);
	for (int i = 0; i < 1000; i++)
		report_add(&report, "problem number %d", i);
	assert_int_equal(report.count, 1000);
	assert_int_equal(strlen(report.text), sizeof(report.text) - 1);
	assert_error(report_refuse(&report, "it"), AXVCPU_ERROR_INVALID_DATA, "it is refused for 1000 reasons:");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),    cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_changed),   cmocka_unit_test(test_bad_descriptions),
		cmocka_unit_test(test_bad_texts), cmocka_unit_test(test_report),
	};

	return cmocka_run_group_tests(tests, read_image, free_image);
}
