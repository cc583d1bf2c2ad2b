/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of extensions called by name and signature: every kind, many arguments, and signatures that are none. */
#include "../unit.h"

#define AXARCH_STATIC_NAME extended_ops
#include "../../plugins/minimal.h"

#include <axvcpu/backend.h>

static int32_t negate(int32_t value)
{
	return -value;
}

static int64_t difference(int64_t a, int64_t b)
{
	return a - b;
}

static uint32_t largest(void)
{
	return UINT32_MAX;
}

static uint64_t digits(uint32_t a, uint64_t b, int32_t c, int64_t d, uint32_t e, uint64_t f, int32_t g, uint64_t h,
		       uint32_t i)
{
	return a * UINT64_C(100000000) + b * 10000000 + (uint64_t)-c * 1000000 + (uint64_t)-d * 100000 + e * 10000 +
	       f * 1000 + (uint64_t)-g * 100 + h * 10 + i;
}

static uint64_t length_of(const char *text)
{
	return strlen(text);
}

static void *same(void *pointer)
{
	return pointer;
}

static void store(uint64_t *target)
{
	*target = 7;
}

#define FN(name) (void (*)(void)) name
static const struct axarch_function functions[] = {
	{ "negate", "i32(i32)", FN(negate), "" },
	{ "difference", "i64(i64,i64)", FN(difference), "" },
	{ "largest", "u32()", FN(largest), "" },
	{ "digits", "u64(u32,u64,i32,i64,u32,u64,i32,u64,u32)", FN(digits), "" },
	{ "length_of", "u64(str)", FN(length_of), "" },
	{ "same", "ptr(ptr)", FN(same), "" },
	{ "store", "void(ptr)", FN(store), "" },
	{ "bad1", "i32", FN(largest), "" },
	{ "bad2", "i32(", FN(largest), "" },
	{ "bad3", "i33()", FN(largest), "" },
	{ "bad4", "i32(u32,)", FN(largest), "" },
	{ "bad5", "i32(void)", FN(largest), "" },
	{ "bad6", "i32() ", FN(largest), "" },
	{ "bad7", "i32(u32;u32)", FN(largest), "" },
	{ "bad8", "", FN(largest), "" },
};

static const struct axarch_extension extension = { sizeof(extension), sizeof(functions) / sizeof(functions[0]),
						   "test.kinds/1", functions };

static const struct axarch_extension *get_extension(const char *name)
{
	return strcmp(name, extension.name) ? NULL : &extension;
}

MINIMAL_PLUGIN("extended", .get_extension = get_extension);

static struct axvcpu_backend *backend;

static uint64_t call(const char *function, uint32_t count, const uint64_t *arguments)
{
	uint64_t result = UINT64_C(0xdeadbeefdeadbeef);

	assert_ok(axvcpu_backend_call(backend, "test.kinds/1", function, arguments, count, &result));
	return result;
}

#define ARGUMENTS(...) \
	(sizeof((uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t)), (uint64_t[]) \
	{ \
		__VA_ARGS__ \
	}

static void test_kinds(void **state)
{
	uint64_t target = 0;

	(void)state;
	assert_true(call("negate", ARGUMENTS(5)) == (uint64_t)-5); /* widened with its sign */
	assert_true(call("negate", ARGUMENTS((uint64_t)-5)) == 5);
	assert_true(call("difference", ARGUMENTS(3, 10)) == (uint64_t)-7);
	assert_true(call("largest", 0, NULL) == UINT32_MAX);
	assert_true(call("digits", ARGUMENTS(1, 2, (uint64_t)-3, (uint64_t)-4, 5, 6, (uint64_t)-7, 8, 9)) == 123456789);
	assert_true(call("length_of", ARGUMENTS((uintptr_t) "seven77")) == 7);
	assert_true(call("same", ARGUMENTS((uintptr_t)&target)) == (uintptr_t)&target);
	assert_true(call("store", ARGUMENTS((uintptr_t)&target)) == 0);
	assert_int_equal(target, 7);
	assert_ok(axvcpu_backend_call(backend, "test.kinds/1", "largest", NULL, 0, NULL));
}

static void test_bad_signatures(void **state)
{
	char name[] = "bad1";

	(void)state;
	for (; name[3] <= '8'; name[3]++)
		assert_error(axvcpu_backend_call(backend, "test.kinds/1", name, NULL, 0, NULL),
			     AXVCPU_ERROR_INVALID_DATA, "which is none");
}

static int adopt(void **state)
{
	(void)state;
	return axvcpu_backend_adopt(&extended_ops, &backend);
}

static int close_backend(void **state)
{
	(void)state;
	axvcpu_backend_close(backend);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_bad_signatures),
	};

	return cmocka_run_group_tests(tests, adopt, close_backend);
}
