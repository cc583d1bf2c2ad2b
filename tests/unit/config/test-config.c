/* SPDX-License-Identifier: Apache-2.0 */
/* Configs from text and back: what is accepted, what is refused with which words, and that a refusal changes nothing.
 */
#include "../unit.h"

#include <axvcpu/config.h>

#include "shapes.h"

static struct axvcpu_config *config;

static int make(void **state)
{
	(void)state;
	return axvcpu_config_create(shape_backend("all_types"), AXVCPU_CONFIG_CREATE, &config);
}

static int drop(void **state)
{
	(void)state;
	axvcpu_config_destroy(config);
	return 0;
}

static void assert_text(const char *name, const char *text)
{
	char got[256];

	assert_ok(axvcpu_config_get(config, name, got, sizeof(got)));
	assert_string_equal(got, text);
}

static void test_defaults(void **state)
{
	static const char *const texts[][2] = {
		{ "a", "3" },   { "b", "500" },          { "e", "-5" },        { "h", "-1" },          { "i", "on" },
		{ "j", "big" }, { "k", "default text" }, { "l", "9:9:9:9:9" }, { "m", "off:off:off" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_text(texts[i][0], texts[i][1]);
}

/* What is set, and how it reads back. */
static void test_accepted(void **state)
{
	static const char *const rows[][3] = {
		{ "a", "200", "200" },
		{ "a", "0x10", "16" },
		{ "a", "0XfF", NULL }, /* 255 is more than 200 */
		{ "a", "0b101", "5" },
		{ "a", "0o17", "15" },
		{ "c", "1M", "1048576" },
		{ "c", "1k", "1024" },
		{ "d", "0xffffffffffffffff", "18446744073709551615" },
		{ "d", "16G", "17179869184" },
		{ "d", "1T", "1099511627776" },
		{ "e", "-10", "-10" },
		{ "e", "10", "10" },
		{ "h", "-9223372036854775808", "-9223372036854775808" },
		{ "h", "-0x10", "-16" },
		{ "i", "off", "off" },
		{ "i", "YES", "on" },
		{ "i", "0", "off" },
		{ "i", "true", "on" },
		{ "j", "little", "little" },
		{ "k", "plain", "plain" },
		{ "k", "", "\"\"" },
		{ "k", "\"a,b \\\" \\\\ c\"", "\"a,b \\\" \\\\ c\"" },
		{ "k", "a=b", "\"a=b\"" },
		{ "l", "1:2:3:4:1000", "1:2:3:4:1000" },
		{ "m", "on:0:yes", "on:off:on" },
	};
	char got[256];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!rows[i][2]) {
			assert_int_equal(axvcpu_config_set(config, rows[i][0], rows[i][1]), AXVCPU_ERROR_INVALID_INPUT);
			continue;
		}
		assert_ok(axvcpu_config_set(config, rows[i][0], rows[i][1]));
		assert_text(rows[i][0], rows[i][2]);
		assert_ok(axvcpu_config_get(config, rows[i][0], got, sizeof(got)));
		assert_ok(axvcpu_config_set(config, rows[i][0], got)); /* what get gives, set takes */
		assert_text(rows[i][0], rows[i][2]);
	}
}

struct refused {
	const char *text;
	const char *part;
};

static const struct refused refused[] = {
	{ "a=0", "a: 0 is outside 1..200 (a byte)" },
	{ "a=201", "a: 201 is outside 1..200" },
	{ "a=-1", "a: -1 is outside 1..200" },
	{ "a=", "a: \"\" is not a number" },
	{ "a=12x", "a: \"12x\" is not a number" },
	{ "a=0x", "a: \"0x\" is not a number" },
	{ "a=1KB", "a: \"1KB\" is not a number" },
	{ "a= 1", "a: \" 1\" is not a number" },
	{ "a=--1", "is not a number" },
	{ "a=0b12", "is not a number" },
	{ "a=1:2", "a: \"1:2\" is not a number" },
	{ "c=1025K", "c: 1025K is outside 0..1048576" },
	{ "d=18446744073709551616", "d: 18446744073709551616 is outside 0..18446744073709551615" },
	{ "d=99999999T", "d: 99999999T is outside" },
	{ "d=-1", "d: -1 is outside" },
	{ "e=-11", "e: -11 is outside -10..10 (from -10 to 10)" },
	{ "h=9223372036854775808", "h: 9223372036854775808 is outside" },
	{ "h=-9223372036854775809", "h: -9223372036854775809 is outside" },
	{ "i=2", "i: \"2\" is neither on nor off" },
	{ "i=maybe", "i: \"maybe\" is neither on nor off" },
	{ "j=litle", "j: \"litle\" is none of little|big; did you mean \"little\"?" },
	{ "j=", "j: \"\" is none of little|big" },
	{ "j=little|big", "is none of little|big" },
	{ "k=01234567890123456789", "k: the text has 20 characters, 19 is the most" },
	{ "k=\"open", "k: the closing double quote is missing" },
	{ "k=\"a\"b", "k: the closing double quote is missing or not at the end" },
	{ "l=1:2:3:4", "l: it has 5 elements, separated by ':', but 4 are given" },
	{ "l=1:2:3:4:5:6", "but more than 5 are given" },
	{ "l=1:2:3:4:1001", "l: 1001 is outside 0..1000" },
	{ "n=1", "the create config has no field \"n\"" },
	{ "=1", "has no field \"\"" },
	{ "a", "\"a\" is not name=value" },
	{ "a=1,", "ends with a comma" },
	{ ",a=1", "\"\" is not name=value" },
};

/* The good items before the bad one must not be kept. */
static void test_refused(void **state)
{
	size_t size;
	uint8_t before[256];

	(void)state;
	axvcpu_config_block(config, &size);
	memcpy(before, axvcpu_config_block(config, NULL), size);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		char text[256] = "b=7,";

		strcat(text, refused[i].text);
		assert_error(axvcpu_config_parse(config, text), AXVCPU_ERROR_INVALID_INPUT, refused[i].part);
		assert_memory_equal(before, axvcpu_config_block(config, NULL), size);
	}
}

static void test_parse(void **state)
{
	(void)state;
	assert_ok(axvcpu_config_parse(config, ""));
	assert_ok(axvcpu_config_parse(config, "a=7,k=\"x,y\",l=5:4:3:2:1,j=little,e=-3"));
	assert_text("a", "7");
	assert_text("k", "\"x,y\"");
	assert_text("l", "5:4:3:2:1");
	assert_text("j", "little");
	assert_text("e", "-3");
	assert_ok(axvcpu_config_parse(config, "a=1,a=2"));
	assert_text("a", "2");
}

static void test_set_errors(void **state)
{
	char text[4];

	(void)state;
	assert_error(axvcpu_config_set(config, "aa", "1"), AXVCPU_ERROR_NOT_FOUND, "no field \"aa\"");
	assert_error(axvcpu_config_get(config, "zz", text, sizeof(text)), AXVCPU_ERROR_NOT_FOUND, "it has a, b, c");
	assert_error(axvcpu_config_get(config, "k", text, sizeof(text)), AXVCPU_ERROR_INVALID_INPUT,
		     "there is room for 4");
	assert_ok(axvcpu_config_get(config, "b", text, sizeof(text)));
	assert_string_equal(text, "500");
}

static void test_numbers(void **state)
{
	uint64_t value = 1;

	(void)state;
	assert_ok(axvcpu_config_set_u64(config, "e", 0, (uint64_t)-7));
	assert_ok(axvcpu_config_get_u64(config, "e", 0, &value));
	assert_true((int64_t)value == -7);
	assert_ok(axvcpu_config_set_u64(config, "l", 4, 1000));
	assert_ok(axvcpu_config_get_u64(config, "l", 4, &value));
	assert_int_equal(value, 1000);
	assert_error(axvcpu_config_set_u64(config, "l", 5, 0), AXVCPU_ERROR_INVALID_INPUT,
		     "there is no element 5, it has 5");
	assert_error(axvcpu_config_set_u64(config, "e", 0, 11), AXVCPU_ERROR_INVALID_INPUT, "e: 11 is outside -10..10");
	assert_error(axvcpu_config_set_u64(config, "a", 0, 256 + 7), AXVCPU_ERROR_INVALID_INPUT, "a: 263 is outside");
	assert_error(axvcpu_config_set_u64(config, "j", 0, 2), AXVCPU_ERROR_INVALID_INPUT,
		     "there is no choice number 2");
	assert_error(axvcpu_config_set_u64(config, "i", 0, 2), AXVCPU_ERROR_INVALID_INPUT, "i: 2 is outside 0..1");
	assert_error(axvcpu_config_set_u64(config, "k", 0, 2), AXVCPU_ERROR_INVALID_INPUT, "it is a text");
	assert_error(axvcpu_config_get_u64(config, "x", 0, &value), AXVCPU_ERROR_NOT_FOUND, "no field \"x\"");
	assert_int_equal(value, 1000);
}

static void test_fill(void **state)
{
	uint8_t block[256];
	uint32_t count;
	const struct axarch_field *fields =
		axvcpu_config_fields(shape_backend("all_types"), AXVCPU_CONFIG_CREATE, &count);
	size_t size;

	(void)state;
	axvcpu_config_block(config, &size);
	memcpy(block, axvcpu_config_block(config, NULL), size);
	assert_error(axvcpu_config_fill(config, block, size - 1), AXVCPU_ERROR_INVALID_INPUT, "the block");
	block[fields[0].offset] = 99;
	assert_ok(axvcpu_config_fill(config, block, size));
	assert_text("a", "99");
	block[fields[0].offset] = 0;
	assert_error(axvcpu_config_fill(config, block, size), AXVCPU_ERROR_INVALID_INPUT, "a: 0 is outside 1..200");
	block[fields[0].offset] = 98;
	block[fields[8].offset] = 2;
	assert_error(axvcpu_config_fill(config, block, size), AXVCPU_ERROR_INVALID_INPUT, "i: 2 is outside 0..1");
	block[fields[8].offset] = 0;
	memset(block + fields[10].offset, 'x', fields[10].size);
	assert_error(axvcpu_config_fill(config, block, size), AXVCPU_ERROR_INVALID_INPUT, "k: the text has no NUL");
	assert_text("a", "99");
}

static void test_kinds(void **state)
{
	struct axvcpu_config *other = NULL;

	(void)state;
	assert_error(axvcpu_config_create(shape_backend("tail"), 3, &other), AXVCPU_ERROR_INVALID_INPUT, "no kind 3");
	assert_null(other);
	assert_null(axvcpu_config_fields(shape_backend("tail"), 0, NULL));
	axvcpu_config_destroy(NULL);
}

#define WITH_CONFIG(test) cmocka_unit_test_setup_teardown(test, make, drop)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WITH_CONFIG(test_defaults), WITH_CONFIG(test_accepted),   WITH_CONFIG(test_refused),
		WITH_CONFIG(test_parse),    WITH_CONFIG(test_numbers),    WITH_CONFIG(test_set_errors),
		WITH_CONFIG(test_fill),     cmocka_unit_test(test_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
