/* SPDX-License-Identifier: Apache-2.0 */
/* The mock's own source, compiled into this program: adopted as a backend, and its run called through the static
 * binding. */
#include "../unit.h"

#define AXARCH_STATIC_NAME static_mock
#include "../../../plugins/mock/mock.c"

#include <axvcpu/static.h>
#include <axvcpu/vcpu.h>

AXVCPU_STATIC_RUN(static_run, run)

static struct axvcpu_backend *backend;

static struct axvcpu *vcpu_of(const char *config_text, const char *layers)
{
	struct axvcpu_create_info info = { .size = sizeof(info), .layers = layers };
	struct axvcpu_config *config;
	struct axvcpu *vcpu;

	assert_ok(axvcpu_config_create(backend, AXVCPU_CONFIG_CREATE, &config));
	assert_ok(axvcpu_config_parse(config, config_text));
	info.config = config;
	assert_ok(axvcpu_create(backend, &info, &vcpu));
	axvcpu_config_destroy(config);
	assert_ok(axvcpu_setup(vcpu, 0x1000, 0, NULL));
	assert_ok(axvcpu_bind(vcpu));
	return vcpu;
}

static int adopt(void **state)
{
	(void)state;
	return axvcpu_backend_adopt(&static_mock, &backend);
}

static int close_backend(void **state)
{
	(void)state;
	axvcpu_backend_close(backend);
	return 0;
}

static void test_adopted(void **state)
{
	struct axvcpu_backend *again;

	(void)state;
	assert_string_equal(axvcpu_backend_description(backend)->id, "mock");
	assert_string_equal(axvcpu_backend_path(backend), "");
	assert_int_equal(axvcpu_backend_has(backend, "kick"), 1);
	assert_ok(axvcpu_backend_adopt(&static_mock, &again));
	assert_ptr_equal(again, backend);
	axvcpu_backend_close(again);
	assert_error(axvcpu_backend_adopt(NULL, &again), AXVCPU_ERROR_INVALID_INPUT, "none was given");
}

static void test_refused(void **state)
{
	struct axarch_vcpu_ops broken = static_mock;
	struct axvcpu_backend *none = NULL;

	(void)state;
	broken.run = NULL;
	assert_error(axvcpu_backend_adopt(&broken, &none), AXVCPU_ERROR_INVALID_DATA,
		     "the adopted backend is refused: op run");
	broken = static_mock;
	broken.magic = 1;
	assert_error(axvcpu_backend_adopt(&broken, &none), AXVCPU_ERROR_INVALID_DATA, "magic: expected");
	broken = static_mock;
	broken.description = NULL;
	assert_error(axvcpu_backend_adopt(&broken, &none), AXVCPU_ERROR_INVALID_DATA, "description: NULL");
	assert_null(none);
}

/* The exits of both ways are the same, in the plain case and where static_run must fall back. */
static void test_same_exits(void **state)
{
	static const char script[] = "script=MmioWrite addr=1 data=2 width=4;Nothing;Halt;Hypercall nr=9";
	struct axvcpu *one = vcpu_of(script, NULL), *other = vcpu_of(script, NULL);

	(void)state;
	for (int i = 0; i < 9; i++) {
		struct axvcpu_exit a = AXVCPU_EXIT_INIT, b = AXVCPU_EXIT_INIT;

		if (i == 4) {
			assert_ok(axvcpu_kick(one));
			assert_ok(axvcpu_kick(other));
		}
		assert_ok(static_run(one, &a));
		assert_ok(axvcpu_run(other, &b));
		assert_memory_equal(&a, &b, sizeof(a));
		assert_int_equal(axvcpu_state(one), AXVCPU_STATE_READY);
		assert_null(axvcpu_get_current());
	}
	assert_ok(axvcpu_destroy(one));
	assert_ok(axvcpu_destroy(other));
}

static void test_error(void **state)
{
	struct axvcpu *vcpu = vcpu_of("script=error 36", NULL);
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	assert_error(static_run(vcpu, &exit), AXVCPU_ERROR_RESOURCE_BUSY, "as the script says");
	assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_INVALID);
	assert_error(static_run(vcpu, &exit), AXVCPU_ERROR_BAD_STATE, "");
	assert_ok(axvcpu_destroy(vcpu));
}

/* Whether static_run would call the mock's own run, and not fall back. */
static int is_plain(struct axvcpu *vcpu)
{
	const struct axvcpu_head *head = (const struct axvcpu_head *)(const void *)vcpu;

	return !head->gate && head->run == run;
}

static void expect_mmio(struct axvcpu *vcpu, uint64_t addr)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	assert_ok(static_run(vcpu, &exit));
	assert_int_equal(exit.reason, AXVCPU_EXIT_MMIO_WRITE);
	assert_int_equal(exit.mmio_write.addr, addr);
}

/* The same source, compiled in and loaded. The script is the engine's, so each has its own place in it. */
static void test_switch_between_both_bindings(void **state)
{
	struct axvcpu *vcpu = vcpu_of("arch=riscv64,script=MmioWrite addr=1 width=4;MmioWrite addr=2 width=4", NULL);
	struct axvcpu_backend *loaded;

	(void)state;
	assert_ok(axvcpu_backend_open("mock", &loaded));
	assert_ptr_not_equal(loaded, backend);
	assert_true(is_plain(vcpu));
	expect_mmio(vcpu, 1);
	for (int i = 0; i < 2; i++) {
		assert_ok(axvcpu_switch(vcpu, loaded));
		assert_false(is_plain(vcpu));
		expect_mmio(vcpu, i ? 2 : 1);
		assert_false(is_plain(vcpu));
		assert_ok(axvcpu_switch(vcpu, backend));
		expect_mmio(vcpu, i ? 1 : 2); /* by way of axvcpu_run, which looks for interrupts once */
		assert_true(is_plain(vcpu));
	}
	assert_ok(axvcpu_destroy(vcpu));
	axvcpu_backend_close(loaded);
}

/* A budget is watched beside the plain path until its end was told. */
static void test_budget(void **state)
{
	struct axvcpu *vcpu = vcpu_of("script=Nothing;PreemptionTimer;Nothing", NULL);
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	assert_ok(axvcpu_set_budget(vcpu, 5));
	assert_false(is_plain(vcpu));
	assert_ok(static_run(vcpu, &exit));
	assert_ok(static_run(vcpu, &exit));
	assert_int_equal(exit.reason, AXVCPU_EXIT_PREEMPTION_TIMER);
	assert_true(is_plain(vcpu));
	assert_ok(axvcpu_set_budget(vcpu, 5));
	assert_ok(axvcpu_set_budget(vcpu, UINT64_MAX));
	assert_true(is_plain(vcpu));
	assert_ok(axvcpu_destroy(vcpu));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_adopted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_same_exits),
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_switch_between_both_bindings),
		cmocka_unit_test(test_budget),
	};

	return cmocka_run_group_tests(tests, adopt, close_backend);
}
