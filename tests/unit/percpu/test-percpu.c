/* SPDX-License-Identifier: Apache-2.0 */
/* Per-CPU state: every rule of the semantics checklist's section of that name. */
#include "../vcpu/engine.h"

/* Constant-initialisable. */
static struct axvcpu_percpu cpu = AXVCPU_PERCPU_UNINIT;

static void order_failure(const char *op, int32_t code)
{
	engine_orders.failing = op;
	engine_orders.failure = code;
}

static int percpu_setup(void **state)
{
	cpu = (struct axvcpu_percpu)AXVCPU_PERCPU_UNINIT;
	return engine_setup(state);
}

static void a_second_init_is_bad_state(void **state)
{
	(void)state;
	assert_ok(axvcpu_percpu_init(&cpu, full_backend, 3));
	assert_int_equal(cpu.cpu_id, 3);
	assert_error(axvcpu_percpu_init(&cpu, full_backend, 3), AXVCPU_ERROR_BAD_STATE,
		     "CPU 3: its per-CPU state is initialised");
	assert_ok(axvcpu_percpu_destroy(&cpu));
	assert_ok(axvcpu_percpu_init(&cpu, full_backend, 4));
	assert_ok(axvcpu_percpu_destroy(&cpu));
}

static void a_failed_arch_init_can_be_tried_again(void **state)
{
	(void)state;
	order_failure("percpu_create", -19);
	assert_error(axvcpu_percpu_init(&cpu, full_backend, 3), -19, "CPU 3: percpu_create: ");
	assert_int_equal(cpu.initialised, 0);
	order_failure(NULL, 0);
	assert_ok(axvcpu_percpu_init(&cpu, full_backend, 3));
	assert_ok(axvcpu_percpu_destroy(&cpu));
}

static void enable_and_disable(void **state)
{
	(void)state;
	assert_error(axvcpu_percpu_hardware_enable(&cpu), AXVCPU_ERROR_BAD_STATE, "axvcpu_percpu_init");
	assert_error(axvcpu_percpu_hardware_disable(&cpu), AXVCPU_ERROR_BAD_STATE, "axvcpu_percpu_init");
	assert_ok(axvcpu_percpu_init(&cpu, full_backend, 0));
	assert_false(axvcpu_percpu_is_enabled(&cpu));
	assert_error(axvcpu_percpu_hardware_disable(&cpu), AXVCPU_ERROR_BAD_STATE, "not enabled");
	assert_ok(axvcpu_percpu_hardware_enable(&cpu));
	assert_true(axvcpu_percpu_is_enabled(&cpu));
	assert_error(axvcpu_percpu_hardware_enable(&cpu), AXVCPU_ERROR_RESOURCE_BUSY, "enabled already");
	assert_ok(axvcpu_percpu_hardware_disable(&cpu));
	assert_false(axvcpu_percpu_is_enabled(&cpu));
	assert_ok(axvcpu_percpu_destroy(&cpu));
	assert_string_equal(engine_orders.log, "percpu_create hardware_enable hardware_disable percpu_destroy ");
}

static void failures_of_the_hardware_leave_the_flag(void **state)
{
	(void)state;
	assert_ok(axvcpu_percpu_init(&cpu, full_backend, 0));
	order_failure("hardware_enable", -16);
	assert_error(axvcpu_percpu_hardware_enable(&cpu), -16, "CPU 0: hardware_enable: ");
	assert_false(axvcpu_percpu_is_enabled(&cpu));
	order_failure("hardware_disable", -16);
	assert_ok(axvcpu_percpu_hardware_enable(&cpu));
	assert_error(axvcpu_percpu_hardware_disable(&cpu), -16, "CPU 0: hardware_disable: ");
	assert_true(axvcpu_percpu_is_enabled(&cpu));
	order_failure(NULL, 0);
	assert_ok(axvcpu_percpu_destroy(&cpu));
}

static void levels_default_to_four(void **state)
{
	uint64_t levels = 0;

	(void)state;
	assert_error(axvcpu_percpu_max_guest_page_table_levels(&cpu, &levels), AXVCPU_ERROR_BAD_STATE,
		     "axvcpu_percpu_init");
	assert_ok(axvcpu_percpu_init(&cpu, bare_backend, 1));
	assert_ok(axvcpu_percpu_max_guest_page_table_levels(&cpu, &levels));
	assert_int_equal(levels, 4);
	assert_ok(axvcpu_percpu_destroy(&cpu));
	assert_ok(axvcpu_percpu_init(&cpu, full_backend, 1));
	assert_ok(axvcpu_percpu_max_guest_page_table_levels(&cpu, &levels));
	assert_int_equal(levels, 6);
	order_failure("max_guest_page_table_levels", -5);
	assert_error(axvcpu_percpu_max_guest_page_table_levels(&cpu, &levels), -5, "max_guest_page_table_levels");
	assert_ok(axvcpu_percpu_destroy(&cpu));
}

static void destroy_disables_if_enabled(void **state)
{
	(void)state;
	assert_ok(axvcpu_percpu_init(&cpu, full_backend, 0));
	assert_ok(axvcpu_percpu_hardware_enable(&cpu));
	assert_ok(axvcpu_percpu_destroy(&cpu));
	assert_string_equal(engine_orders.log, "percpu_create hardware_enable hardware_disable percpu_destroy ");
}

static void destroy_is_safe_on_uninitialised_state(void **state)
{
	(void)state;
	assert_ok(axvcpu_percpu_destroy(NULL));
	assert_ok(axvcpu_percpu_destroy(&cpu));
	assert_ok(axvcpu_percpu_destroy(&cpu));
	assert_string_equal(engine_orders.log, "");
}

static void destroy_reports_a_failing_disable_and_releases_all(void **state)
{
	(void)state;
	assert_ok(axvcpu_percpu_init(&cpu, full_backend, 2));
	assert_ok(axvcpu_percpu_hardware_enable(&cpu));
	order_failure("hardware_disable", -16);
	assert_error(axvcpu_percpu_destroy(&cpu), -16, "CPU 2: hardware_disable: ");
	assert_int_equal(cpu.initialised, 0);
	assert_string_equal(engine_orders.log, "percpu_create hardware_enable hardware_disable percpu_destroy ");
	order_failure(NULL, 0);
	assert_ok(axvcpu_percpu_init(&cpu, full_backend, 2));
	assert_ok(axvcpu_percpu_destroy(&cpu));
}

static void a_backend_without_per_cpu_state_has_the_flag_alone(void **state)
{
	(void)state;
	assert_ok(axvcpu_percpu_init(&cpu, bare_backend, 0));
	assert_ok(axvcpu_percpu_hardware_enable(&cpu));
	assert_true(axvcpu_percpu_is_enabled(&cpu));
	assert_error(axvcpu_percpu_hardware_enable(&cpu), AXVCPU_ERROR_RESOURCE_BUSY, "already");
	assert_ok(axvcpu_percpu_hardware_disable(&cpu));
	assert_ok(axvcpu_percpu_hardware_enable(&cpu));
	assert_ok(axvcpu_percpu_destroy(&cpu));
	assert_string_equal(engine_orders.log, "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, percpu_setup, engine_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_second_init_is_bad_state),
		TEST(a_failed_arch_init_can_be_tried_again),
		TEST(enable_and_disable),
		TEST(failures_of_the_hardware_leave_the_flag),
		TEST(levels_default_to_four),
		TEST(destroy_disables_if_enabled),
		TEST(destroy_is_safe_on_uninitialised_state),
		TEST(destroy_reports_a_failing_disable_and_releases_all),
		TEST(a_backend_without_per_cpu_state_has_the_flag_alone),
	};

	return cmocka_run_group_tests(tests, engine_group_setup, engine_group_teardown);
}
