/* SPDX-License-Identifier: Apache-2.0 */
/* The mock through the public API: every exit with all its fields, what its script can say, and what it refuses. */
#include "../unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <axvcpu/plugin/plugin.h>
#include <axvcpu/vcpu.h>

static struct axvcpu_backend *backend;

static int open_mock(void **state)
{
	(void)state;
	return axvcpu_backend_open("mock", &backend);
}

static int close_mock(void **state)
{
	(void)state;
	axvcpu_backend_close(backend);
	return 0;
}

static int32_t create(const char *field, const char *value, struct axvcpu **ret_vcpu)
{
	struct axvcpu_create_info info = { .size = sizeof(info) };
	struct axvcpu_config *config;
	int32_t error;

	assert_ok(axvcpu_config_create(backend, AXVCPU_CONFIG_CREATE, &config));
	if (field)
		assert_ok(axvcpu_config_set(config, field, value));
	info.config = config;
	error = axvcpu_create(backend, &info, ret_vcpu);
	axvcpu_config_destroy(config);
	return error;
}

static struct axvcpu *ready(const char *script)
{
	struct axvcpu *vcpu;

	assert_ok(create("script", script, &vcpu));
	assert_ok(axvcpu_setup(vcpu, 0, 0, NULL));
	assert_ok(axvcpu_bind(vcpu));
	return vcpu;
}

static uint64_t ask(struct axvcpu *vcpu, const char *function, uint32_t argument)
{
	uint64_t arguments[2] = { 0, argument }, result = 0;
	void *arch;

	assert_ok(axvcpu_arch_vcpu(vcpu, backend, &arch));
	arguments[0] = (uintptr_t)arch;
	assert_ok(axvcpu_backend_call(backend, "axvcpu.mock/1", function, arguments, strcmp(function, "gpr") ? 1 : 2,
				      &result));
	return result;
}

/* A value for a field, by the number of the field, that no other field of the exit has. */
static void set_field(void *field, size_t size, unsigned number, char *ret_item)
{
	size_t length = strlen(ret_item);

	for (size_t at = 0; at<size; at += size> 4 ? 8 : 4) {
		uint64_t value = (uint64_t)number * 0x1111 + at;

		memcpy((char *)field + at, &value, size > 4 ? 8 : 4);
		length += (size_t)sprintf(ret_item + length, "%s0x%llx", at ? ":" : "", (unsigned long long)value);
	}
}

/* For every exit: a script item with all its fields, and the exit that must come of it. */
static void test_all_exits(void **state)
{
	unsigned tested = 0;

	(void)state;
/* clang-format off */
#define FIELD_A(kind, name) \
	sprintf(item + strlen(item), " %s=", #name); set_field(&fields->name, sizeof(fields->name), ++number, item); FIELD_B
#define FIELD_B(kind, name) \
	sprintf(item + strlen(item), " %s=", #name); set_field(&fields->name, sizeof(fields->name), ++number, item); FIELD_A
#define FIELD_A_END
#define FIELD_B_END
#define TRY(value, constant, member, spelling, fields_, doc) \
	{ \
		struct axvcpu_exit expected = { .size = sizeof(expected), .reason = value }, exit = AXVCPU_EXIT_INIT; \
		struct axvcpu_exit_##member *fields = &expected.member; \
		char item[512] = #spelling; \
		unsigned number = 0; \
		struct axvcpu *vcpu; \
		AXVCPU_WALK(FIELD_A fields_) \
		if (value != AXVCPU_EXIT_KICKED) { /* without a kick the core would go on and on */ \
			vcpu = ready(item); \
			assert_ok(axvcpu_run(vcpu, &exit)); \
			assert_memory_equal(&exit, &expected, sizeof(exit)); \
			assert_ok(axvcpu_destroy(vcpu)); \
			tested++; \
		} \
	}
	AXVCPU_EXITS(TRY)
	/* clang-format on */
	assert_int_equal(tested,
			 AXVCPU_EXIT_INTERRUPT_WINDOW); /* the last; they count from 0, and Kicked is left out */
}

static void test_script_file(void **state)
{
	char name[] = "/tmp/axvcpu-mock-XXXXXX";
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;
	struct axvcpu *vcpu = NULL;
	int file = mkstemp(name);

	(void)state;
	assert_true(dprintf(file, "# what the guest does\nMmioWrite addr=0x10 width=1 data=65 # 'A'\n\n  Halt "
				  ";SystemDown kind=1\n") > 0);
	assert_ok(create("file", name, &vcpu));
	assert_ok(axvcpu_setup(vcpu, 0, 0, NULL));
	assert_ok(axvcpu_bind(vcpu));
	assert_ok(axvcpu_run(vcpu, &exit));
	assert_int_equal(exit.mmio_write.data, 65);
	assert_ok(axvcpu_run(vcpu, &exit));
	assert_int_equal(exit.reason, AXVCPU_EXIT_HALT);
	assert_ok(axvcpu_run(vcpu, &exit));
	assert_int_equal(exit.system_down.kind, 1);
	assert_ok(axvcpu_run(vcpu, &exit));
	assert_int_equal(exit.reason, AXVCPU_EXIT_MMIO_WRITE); /* from the start again */
	assert_ok(axvcpu_destroy(vcpu));
	close(file);
	unlink(name);
	vcpu = NULL;
	assert_error(create("file", name, &vcpu), -2, "mock: script file /tmp/axvcpu-mock-");
	assert_null(vcpu);
}

static void test_bad_scripts(void **state)
{
	static const char *const rows[][2] = {
		{ "Jump", "\"Jump \" is no step" },
		{ "Halt now", "\"now\" is no field=number of Halt" },
		{ "MmioRead width", "\"width\" is no field=number of MmioRead" },
		{ "MmioRead widht=4", "\"widht=4\" is no field=number of MmioRead" },
		{ "MmioRead width=four", "width of MmioRead: \"four\"" },
		{ "MmioRead width=0x100000000", "width of MmioRead" },
		{ "Hypercall args=1:2:3:4:5:6:7", "args of Hypercall" },
		{ "IoRead port=1:2", "port of IoRead" },
		{ "error", "\"error \" is no step" },
		{ "error 0", "\"error 0\" is no step" },
		{ "error 19x", "is no step" },
		{ "fail", "\"fail \" is not fail OP=CODE" },
		{ "fail jump=19", "\"fail jump=19\" is not" },
		{ "fail run=0", "\"fail run=0\" is not" },
		{ "fail run=19*x", "\"fail run=19*x\" is not" },
		{ "spin fast", "is no step" },
	};
	struct axvcpu *vcpu = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_error(create("script", rows[i][0], &vcpu), AXVCPU_ERROR_INVALID_INPUT, rows[i][1]);
	assert_null(vcpu);
}

/* Errors on demand: for ever, for some calls, by name and as a negated errno. */
static void test_failures(void **state)
{
	struct axvcpu *vcpu = ready("Halt;fail set_gpr=UNSUPPORTED*2;fail translate=-5");
	uint64_t gpa;

	(void)state;
	assert_error(axvcpu_set_gpr(vcpu, 1, 7), AXVCPU_ERROR_UNSUPPORTED, "mock: set_gpr fails, as the script says");
	assert_error(axvcpu_set_gpr(vcpu, 1, 7), AXVCPU_ERROR_UNSUPPORTED, "set_gpr");
	assert_ok(axvcpu_set_gpr(vcpu, 1, 7));
	assert_int_equal(ask(vcpu, "gpr", 1), 7);
	for (int i = 0; i < 5; i++)
		assert_error(axvcpu_translate(vcpu, 1, 1, &gpa), -5, "translate");
	assert_ok(axvcpu_destroy(vcpu));
	vcpu = NULL;
	assert_error(create("script", "fail create=23", &vcpu), AXVCPU_ERROR_NO_MEMORY, "mock: create fails");
	assert_null(vcpu);
}

static void test_reads(void **state)
{
	struct axvcpu *vcpu = ready("MmioRead addr=0x10 width=1 reg=9 reg_width=8 signed_ext=1;Halt");
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	assert_ok(axvcpu_run(vcpu, &exit));
	assert_ok(axvcpu_complete_read(vcpu, &exit, 0xfff0));
	assert_true((int64_t)ask(vcpu, "gpr", 9) == (int8_t)0xf0); /* cut to a byte, extended with its sign */
	assert_int_equal(axvcpu_complete_read(vcpu, &exit, 1), AXVCPU_ERROR_BAD_STATE);
	assert_ok(axvcpu_destroy(vcpu));
}

static void test_refused_accesses(void **state)
{
	struct axvcpu *vcpu = ready("SysRegRead addr=0x10;SysRegWrite addr=0x11 value=1;Halt");
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		assert_ok(axvcpu_run(vcpu, &exit));
		assert_ok(axvcpu_fail_access(vcpu, &exit));
		assert_int_equal(axvcpu_fail_access(vcpu, &exit), AXVCPU_ERROR_BAD_STATE);
	}
	assert_ok(axvcpu_run(vcpu, &exit));
	assert_int_equal(exit.reason, AXVCPU_EXIT_HALT);
	assert_ok(axvcpu_destroy(vcpu));
}

static void test_extension(void **state)
{
	struct axvcpu *vcpu = ready("Halt");
	uint64_t result = 42;

	(void)state;
	assert_ok(axvcpu_set_return_value(vcpu, 77));
	assert_int_equal(ask(vcpu, "return_value", 0), 77);
	assert_error(axvcpu_backend_call(backend, "axvcpu.none/1", "gpr", NULL, 0, &result), AXVCPU_ERROR_NOT_FOUND,
		     "backend \"mock\" has no extension \"axvcpu.none/1\"");
	assert_error(axvcpu_backend_call(backend, "axvcpu.mock/1", "compleded", NULL, 0, &result),
		     AXVCPU_ERROR_NOT_FOUND, "did you mean \"completed\"?");
	assert_error(axvcpu_backend_call(backend, "axvcpu.mock/1", "gpr", &result, 1, &result),
		     AXVCPU_ERROR_INVALID_INPUT,
		     "gpr of extension axvcpu.mock/1 takes 2 arguments, u64(ptr,u32), but 1 were given");
	assert_int_equal(result, 42);
	assert_ok(axvcpu_destroy(vcpu));
}

static void *kick_later(void *context)
{
	usleep(20000);
	axvcpu_kick(context);
	return NULL;
}

static void test_spin(void **state)
{
	struct axvcpu *vcpu = ready("spin;Halt");
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, kick_later, vcpu), 0);
	assert_ok(axvcpu_run(vcpu, &exit));
	assert_int_equal(exit.reason, AXVCPU_EXIT_KICKED);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_ok(axvcpu_run(vcpu, &exit));
	assert_int_equal(exit.reason, AXVCPU_EXIT_HALT);
	assert_ok(axvcpu_destroy(vcpu));
}

/* The index rules of the architectures. */
static void test_gprs(void **state)
{
	static const struct {
		const char *arch;
		uint32_t last;
		int32_t zero; /* -1: none */
	} rows[] = { { "any", 31, -1 }, { "x86_64", 15, -1 }, { "aarch64", 31, 31 }, { "riscv64", 31, 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct axvcpu *vcpu;

		assert_ok(create("arch", rows[i].arch, &vcpu));
		for (uint32_t index = 0; index <= rows[i].last; index++) {
			assert_ok(axvcpu_set_gpr(vcpu, index, 5));
			assert_int_equal(ask(vcpu, "gpr", index), (int32_t)index == rows[i].zero ? 0 : 5);
		}
		assert_error(axvcpu_set_gpr(vcpu, rows[i].last + 1, 5), AXVCPU_ERROR_INVALID_INPUT,
			     "no general register");
		assert_ok(axvcpu_destroy(vcpu));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_exits),   cmocka_unit_test(test_script_file),
		cmocka_unit_test(test_bad_scripts), cmocka_unit_test(test_failures),
		cmocka_unit_test(test_reads),       cmocka_unit_test(test_refused_accesses),
		cmocka_unit_test(test_extension),   cmocka_unit_test(test_spin),
		cmocka_unit_test(test_gprs),
	};

	return cmocka_run_group_tests(tests, open_mock, close_mock);
}
