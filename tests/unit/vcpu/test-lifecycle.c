/* SPDX-License-Identifier: Apache-2.0 */
/* The vCPU object from create to destroy. The numbers are those of the semantics checklist (docs). */
#include <pthread.h>

#include "engine.h"

static struct axvcpu_exit run_once(struct axvcpu *vcpu)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	assert_ok(axvcpu_run(vcpu, &exit));
	return exit;
}

static void order_failure(const char *op, int32_t code)
{
	engine_orders.failing = op;
	engine_orders.failure = code;
}

static void p1_new_gives_created(void **state)
{
	struct axvcpu *vcpu = vcpu_in(full_backend, AXVCPU_STATE_CREATED, NULL);

	(void)state;
	assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_CREATED);
	assert_ptr_equal(axvcpu_backend_of(vcpu), full_backend);
	assert_int_equal(engine_of(vcpu)->hart_id, 5);
	assert_ok(axvcpu_destroy(vcpu));
}

static void p1_a_failing_arch_new_propagates(void **state)
{
	const struct axvcpu_create_info info = { .size = sizeof(info), .vcpu_id = 7 };
	struct axvcpu *vcpu = NULL;

	(void)state;
	order_failure("create", -12);
	assert_error(axvcpu_create(full_backend, &info, &vcpu), -12, "vCPU 7: create: ");
	assert_null(vcpu);
}

static void p1_bad_create_info_is_refused_by_member(void **state)
{
	const struct {
		struct axvcpu_create_info info;
		const char *text;
	} rows[] = {
		{ { .size = 4 }, "size is 4" },
		{ { .size = sizeof(rows[0].info), .has_phys_cpu_set = 2 }, "has_phys_cpu_set is 2" },
		{ { .size = sizeof(rows[0].info), .state_policy = 2 }, "state_policy is 2" },
		{ { .size = sizeof(rows[0].info), .halt_policy = 9 }, "halt_policy is 9" },
		{ { .size = sizeof(rows[0].info), .interrupt_capacity = 65537 }, "at most 65536" },
	};
	struct axvcpu *vcpu = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_error(axvcpu_create(full_backend, &rows[i].info, &vcpu), AXVCPU_ERROR_INVALID_INPUT,
			     rows[i].text);
	assert_null(vcpu);
}

static void p2_setup_calls_entry_root_setup_in_order(void **state)
{
	struct axvcpu *vcpu = vcpu_in(full_backend, AXVCPU_STATE_CREATED, NULL);

	(void)state;
	assert_ok(axvcpu_setup(vcpu, 0x80200000, 0x5000, NULL));
	assert_string_equal(engine_orders.log, "set_entry set_ept_root setup ");
	assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_FREE);
	assert_int_equal(engine_of(vcpu)->entry, 0x80200000);
	assert_int_equal(engine_of(vcpu)->ept_root, 0x5000);
	assert_int_equal(engine_of(vcpu)->mode, 3);
	assert_ptr_equal(engine_orders.current_in_op, vcpu);
	assert_ok(axvcpu_destroy(vcpu));
}

static void p2_the_first_failure_stops_setup(void **state)
{
	static const struct {
		const char *op, *log, *text;
	} rows[] = {
		{ "set_entry", "set_entry ", "vCPU 0: set_entry: " },
		{ "set_ept_root", "set_entry set_ept_root ", "vCPU 0: set_ept_root: " },
		{ "setup", "set_entry set_ept_root setup ", "vCPU 0: setup: " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct axvcpu *vcpu = vcpu_in(full_backend, AXVCPU_STATE_CREATED, NULL);

		order_failure(rows[i].op, AXVCPU_ERROR_INVALID_INPUT);
		assert_error(axvcpu_setup(vcpu, 0, 0, NULL), AXVCPU_ERROR_INVALID_INPUT, rows[i].text);
		assert_string_equal(engine_orders.log, rows[i].log);
		assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_INVALID);
		order_failure(NULL, 0);
		assert_ok(axvcpu_destroy(vcpu));
	}
}

static int32_t run_looks_at_state(struct engine *engine, struct axvcpu_exit *exit)
{
	(void)engine;
	assert_int_equal(axvcpu_state(axvcpu_get_current()), AXVCPU_STATE_RUNNING);
	exit->reason = AXVCPU_EXIT_NOTHING;
	return 0;
}

static void p3_bind_run_unbind(void **state)
{
	struct axvcpu *vcpu = vcpu_in(full_backend, AXVCPU_STATE_FREE, NULL);

	(void)state;
	engine_orders.run = run_looks_at_state;
	assert_ok(axvcpu_bind(vcpu));
	assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_READY);
	assert_int_equal(run_once(vcpu).reason, AXVCPU_EXIT_NOTHING);
	assert_ptr_equal(engine_orders.current_in_op, vcpu);
	assert_null(axvcpu_get_current());
	assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_READY);
	assert_ok(axvcpu_unbind(vcpu));
	assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_FREE);
	assert_string_equal(engine_orders.log, "bind run unbind ");
	assert_ok(axvcpu_destroy(vcpu));
}

static void p3_an_arch_error_gives_invalid_and_clears_the_slot(void **state)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;
	struct axvcpu *vcpu = vcpu_ready(full_backend);

	(void)state;
	order_failure("run", -5);
	assert_error(axvcpu_run(vcpu, &exit), -5, "vCPU 0: run: ");
	assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_INVALID);
	assert_null(axvcpu_get_current());
	assert_ok(axvcpu_destroy(vcpu));
}

static void p3_failing_bind_and_unbind_give_invalid(void **state)
{
	struct axvcpu *vcpu = vcpu_in(full_backend, AXVCPU_STATE_FREE, NULL);

	(void)state;
	order_failure("bind", -16);
	assert_error(axvcpu_bind(vcpu), -16, "vCPU 0: bind: ");
	assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_INVALID);
	order_failure(NULL, 0);
	assert_ok(axvcpu_destroy(vcpu));

	vcpu = vcpu_ready(full_backend);
	order_failure("unbind", -16);
	assert_error(axvcpu_unbind(vcpu), -16, "vCPU 0: unbind: ");
	assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_INVALID);
	order_failure(NULL, 0);
	assert_ok(axvcpu_destroy(vcpu));
}

static void p7_register_ops_are_allowed_in_any_resting_state(void **state)
{
	static const uint32_t resting[] = { AXVCPU_STATE_INVALID, AXVCPU_STATE_CREATED, AXVCPU_STATE_FREE,
					    AXVCPU_STATE_READY };

	(void)state;
	for (size_t i = 0; i < sizeof(resting) / sizeof(resting[0]); i++) {
		struct axvcpu *vcpu = vcpu_in(full_backend, resting[i], NULL);

		assert_ok(axvcpu_set_entry(vcpu, 1));
		assert_ptr_equal(engine_orders.current_in_op, vcpu);
		assert_ok(axvcpu_set_gpr(vcpu, 3, 33));
		assert_ok(axvcpu_set_return_value(vcpu, 44));
		assert_ok(axvcpu_inject_interrupt(vcpu, 5));
		assert_int_equal(engine_of(vcpu)->entry, 1);
		assert_int_equal(engine_of(vcpu)->gpr[3], 33);
		assert_int_equal(engine_of(vcpu)->gpr[0], 44);
		assert_int_equal(axvcpu_state(vcpu), resting[i]);
		assert_null(axvcpu_get_current());
		assert_ok(axvcpu_destroy(vcpu));
	}
}

static void p7_an_index_out_of_range_is_an_error_and_poisons_nothing(void **state)
{
	struct axvcpu *vcpu = vcpu_ready(full_backend);

	(void)state;
	assert_error(axvcpu_set_gpr(vcpu, 4, 0), AXVCPU_ERROR_INVALID_INPUT, "vCPU 0: set_gpr: ");
	assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_READY);
	assert_ok(axvcpu_destroy(vcpu));
}

static int32_t run_calls_set_gpr(struct engine *engine, struct axvcpu_exit *exit)
{
	(void)engine;
	assert_error(axvcpu_set_gpr(axvcpu_get_current(), 1, 1), AXVCPU_ERROR_BAD_STATE, "but it is Running");
	exit->reason = AXVCPU_EXIT_NOTHING;
	return 0;
}

static void p7_register_ops_are_refused_while_running(void **state)
{
	struct axvcpu *vcpu = vcpu_ready(full_backend);

	(void)state;
	engine_orders.run = run_calls_set_gpr;
	run_once(vcpu);
	assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_READY);
	assert_ok(axvcpu_destroy(vcpu));
}

static void p7_arch_vcpu_is_typed(void **state)
{
	struct axvcpu *vcpu = vcpu_in(full_backend, AXVCPU_STATE_CREATED, NULL);
	void *arch = NULL;

	(void)state;
	assert_error(axvcpu_arch_vcpu(vcpu, bare_backend, &arch), AXVCPU_ERROR_INVALID_INPUT,
		     "runs on backend full, not on bare");
	assert_null(arch);
	assert_ok(axvcpu_arch_vcpu(vcpu, full_backend, &arch));
	assert_non_null(arch);
	assert_ok(axvcpu_destroy(vcpu));
}

static void p8_facts(void **state)
{
	const struct axvcpu_create_info info = { .size = sizeof(info),
						 .vm_id = 3,
						 .vcpu_id = 2,
						 .favor_phys_cpu = 1,
						 .has_phys_cpu_set = 1,
						 .phys_cpu_set = 6 };
	struct axvcpu *vcpu = vcpu_in(full_backend, AXVCPU_STATE_CREATED, &info);
	struct axvcpu *first = vcpu_in(full_backend, AXVCPU_STATE_CREATED, NULL);
	uint64_t set = 77;

	(void)state;
	assert_int_equal(axvcpu_vm_id(vcpu), 3);
	assert_int_equal(axvcpu_id(vcpu), 2);
	assert_int_equal(axvcpu_favor_phys_cpu(vcpu), 1);
	assert_int_equal(axvcpu_phys_cpu_set(first, &set), 0);
	assert_int_equal(set, 77);
	assert_int_equal(axvcpu_phys_cpu_set(vcpu, &set), 1);
	assert_int_equal(set, 6);
	assert_false(axvcpu_is_bsp(vcpu));
	assert_true(axvcpu_is_bsp(first));
	assert_ok(axvcpu_destroy(vcpu));
	assert_ok(axvcpu_destroy(first));
}

static void p8_state_values_and_names(void **state)
{
	static const char *const names[] = { "Invalid", "Created", "Free", "Ready", "Running", "Blocked", "unknown" };

	(void)state;
	for (uint32_t i = 0; i < 7; i++)
		assert_string_equal(axvcpu_state_name(i), names[i]);
}

static void p11_reset_leads_back_to_created(void **state)
{
	static const uint32_t resting[] = { AXVCPU_STATE_INVALID, AXVCPU_STATE_CREATED, AXVCPU_STATE_FREE,
					    AXVCPU_STATE_READY };

	(void)state;
	for (size_t i = 0; i < sizeof(resting) / sizeof(resting[0]); i++) {
		struct axvcpu *vcpu = vcpu_in(full_backend, resting[i], NULL);

		assert_ok(axvcpu_reset(vcpu));
		assert_string_equal(engine_orders.log, resting[i] == AXVCPU_STATE_READY ? "unbind reset " : "reset ");
		assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_CREATED);
		assert_ok(axvcpu_setup(vcpu, 0, 0, NULL));
		assert_ok(axvcpu_bind(vcpu));
		run_once(vcpu);
		assert_ok(axvcpu_destroy(vcpu));
	}
}

static void p11_reset_without_the_op_makes_the_engine_anew(void **state)
{
	struct axvcpu *vcpu = vcpu_ready(bare_backend);

	(void)state;
	assert_int_equal(engine_of(vcpu)->created_by, 0);
	assert_ok(axvcpu_reset(vcpu));
	assert_string_equal(engine_orders.log, "unbind destroy create ");
	assert_int_equal(engine_of(vcpu)->created_by, 1);
	assert_int_equal(engine_of(vcpu)->hart_id, 5);
	assert_ok(axvcpu_setup(vcpu, 0x9000, 0, NULL));
	assert_int_equal(engine_of(vcpu)->entry, 0x9000);
	assert_ok(axvcpu_bind(vcpu));
	run_once(vcpu);
	assert_ok(axvcpu_destroy(vcpu));
}

static void p11_a_reset_that_fails_can_be_tried_again(void **state)
{
	struct axvcpu *vcpu = vcpu_ready(bare_backend);

	(void)state;
	order_failure("create", -12);
	assert_error(axvcpu_reset(vcpu), -12, "vCPU 0: create: ");
	assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_INVALID);
	assert_error(axvcpu_set_gpr(vcpu, 0, 0), AXVCPU_ERROR_BAD_STATE, "reset it again");
	assert_ok(axvcpu_kick(vcpu));
	assert_ok(axvcpu_set_state(vcpu, AXVCPU_STATE_CREATED));
	assert_error(axvcpu_setup(vcpu, 0, 0, NULL), AXVCPU_ERROR_BAD_STATE, "reset it again");
	order_failure(NULL, 0);
	assert_ok(axvcpu_reset(vcpu));
	assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_CREATED);
	order_failure("create", -12);
	assert_error(axvcpu_reset(vcpu), -12, "create");
	assert_ok(axvcpu_destroy(vcpu));
}

static void p11_reset_forgets_kicks_and_interrupts(void **state)
{
	struct axvcpu *vcpu = vcpu_ready(full_backend);

	(void)state;
	assert_ok(axvcpu_kick(vcpu));
	assert_ok(axvcpu_inject_interrupt(vcpu, 5));
	assert_ok(axvcpu_set_interrupt_line(vcpu, 9, 1));
	assert_ok(axvcpu_reset(vcpu));
	assert_ok(axvcpu_setup(vcpu, 0, 0, NULL));
	assert_ok(axvcpu_bind(vcpu));
	assert_int_equal(run_once(vcpu).reason, AXVCPU_EXIT_NOTHING);
	assert_int_equal(engine_of(vcpu)->injected_count, 0);
	assert_int_equal(engine_of(vcpu)->lines_told, 0);
	assert_ok(axvcpu_destroy(vcpu));
}

static uint64_t stopped_clock(void *context)
{
	return *(uint64_t *)context;
}

static void p11_the_clock_outlives_a_reset(void **state)
{
	struct axvcpu *vcpu = vcpu_ready(full_backend);
	uint64_t now = 17;

	(void)state;
	assert_ok(axvcpu_set_clock(vcpu, stopped_clock, &now));
	engine_of(vcpu)->now = NULL;
	assert_ok(axvcpu_reset(vcpu));
	assert_ptr_equal(engine_of(vcpu)->now, stopped_clock);
	assert_ok(axvcpu_destroy(vcpu));
}

static void kicks_before_a_run_add_up_to_one(void **state)
{
	struct axvcpu *vcpu = vcpu_ready(full_backend);

	(void)state;
	assert_ok(axvcpu_kick(vcpu));
	assert_ok(axvcpu_kick(vcpu));
	assert_int_equal(run_once(vcpu).reason, AXVCPU_EXIT_KICKED);
	assert_string_equal(engine_orders.log, "");
	assert_int_equal(run_once(vcpu).reason, AXVCPU_EXIT_NOTHING);
	assert_ok(axvcpu_destroy(vcpu));
}

static void a_stale_flag_of_the_engine_is_no_kick(void **state)
{
	struct axvcpu *vcpu = vcpu_ready(full_backend);

	(void)state;
	assert_ok(axvcpu_kick(vcpu));
	assert_int_equal(run_once(vcpu).reason, AXVCPU_EXIT_KICKED);
	assert_int_equal(engine_of(vcpu)->kicked, 1);
	assert_ok(axvcpu_inject_interrupt(vcpu, 1)); /* makes a run that would else spin for ever */
	engine_orders.run = run_until_kicked;
	assert_ok(axvcpu_kick(vcpu));
	assert_int_equal(run_once(vcpu).reason, AXVCPU_EXIT_KICKED);
	assert_ok(axvcpu_destroy(vcpu));
}

static void kick_works_without_the_op(void **state)
{
	struct axvcpu *vcpu = vcpu_ready(bare_backend);

	(void)state;
	assert_ok(axvcpu_kick(vcpu));
	assert_int_equal(run_once(vcpu).reason, AXVCPU_EXIT_KICKED);
	assert_int_equal(run_once(vcpu).reason, AXVCPU_EXIT_NOTHING);
	assert_ok(axvcpu_destroy(vcpu));
}

static void run_refuses_a_small_exit(void **state)
{
	struct axvcpu *vcpu = vcpu_ready(full_backend);
	struct axvcpu_exit exit = { .size = 8 };

	(void)state;
	assert_error(axvcpu_run(vcpu, &exit), AXVCPU_ERROR_INVALID_INPUT, "AXVCPU_EXIT_INIT");
	assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_READY);
	assert_ok(axvcpu_destroy(vcpu));
}

static void engine_ops_pass_through_or_are_unsupported(void **state)
{
	struct axvcpu *full = vcpu_ready(full_backend), *bare = vcpu_ready(bare_backend);
	uint64_t value = 0;

	(void)state;
	assert_ok(axvcpu_translate(full, 0x1000, AXVCPU_ACCESS_WRITE, &value));
	assert_int_equal(value, 0x1002);
	assert_ok(axvcpu_read_counter(full, 3, &value));
	assert_int_equal(value, 103);
	assert_ok(axvcpu_set_single_step(full, -1));
	assert_int_equal(engine_of(full)->single_step, 1);
	assert_ok(axvcpu_set_budget(full, 5));
	assert_int_equal(engine_of(full)->budget, 5);
	assert_ok(axvcpu_set_breakpoint(full, 5, -1));
	assert_int_equal(engine_of(full)->breakpoints[0], 5);
	assert_error(axvcpu_set_budget(bare, 5), AXVCPU_ERROR_UNSUPPORTED, "vCPU 0: set_budget: ");
	assert_error(axvcpu_set_breakpoint(bare, 5, 1), AXVCPU_ERROR_UNSUPPORTED, "vCPU 0: set_breakpoint: ");
	assert_error(axvcpu_translate(bare, 0, 0, &value), AXVCPU_ERROR_UNSUPPORTED, "translate");
	assert_error(axvcpu_set_clock(bare, stopped_clock, &value), AXVCPU_ERROR_UNSUPPORTED, "set_clock");
	assert_error(axvcpu_read_counter(bare, 0, &value), AXVCPU_ERROR_UNSUPPORTED, "read_counter");
	assert_error(axvcpu_set_single_step(bare, 1), AXVCPU_ERROR_UNSUPPORTED, "set_single_step");
	assert_int_equal(axvcpu_state(bare), AXVCPU_STATE_READY);
	assert_ok(axvcpu_destroy(full));
	assert_ok(axvcpu_destroy(bare));
}

static int32_t run_destroys(struct engine *engine, struct axvcpu_exit *exit)
{
	(void)engine;
	assert_error(axvcpu_destroy(axvcpu_get_current()), AXVCPU_ERROR_RESOURCE_BUSY, "Running");
	assert_error(axvcpu_reset(axvcpu_get_current()), AXVCPU_ERROR_BAD_STATE, "Running");
	exit->reason = AXVCPU_EXIT_NOTHING;
	return 0;
}

static void destroy_accepts_null_and_refuses_a_running_vcpu(void **state)
{
	struct axvcpu *vcpu = vcpu_ready(full_backend);

	(void)state;
	assert_ok(axvcpu_destroy(NULL));
	engine_orders.run = run_destroys;
	run_once(vcpu);
	engine_orders.log[0] = '\0';
	assert_ok(axvcpu_destroy(vcpu));
	assert_string_equal(engine_orders.log, "unbind destroy ");
}

static void *use_from_another_thread(void *context)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;
	struct axvcpu *vcpu = context;

	assert_error(axvcpu_run(vcpu, &exit), AXVCPU_ERROR_BAD_STATE, "another thread has bound it");
	assert_error(axvcpu_unbind(vcpu), AXVCPU_ERROR_BAD_STATE, "another thread");
	assert_error(axvcpu_wait(vcpu, 0), AXVCPU_ERROR_BAD_STATE, "another thread");
	assert_error(axvcpu_set_gpr(vcpu, 0, 0), AXVCPU_ERROR_BAD_STATE, "another thread");
	assert_error(axvcpu_reset(vcpu), AXVCPU_ERROR_BAD_STATE, "another thread");
	assert_error(axvcpu_destroy(vcpu), AXVCPU_ERROR_RESOURCE_BUSY, "another thread");
	return NULL;
}

static void a_bound_vcpu_belongs_to_its_thread(void **state)
{
	struct axvcpu *vcpu = vcpu_ready(full_backend);
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, use_from_another_thread, vcpu), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_READY);
	assert_ok(axvcpu_destroy(vcpu));
}

static void *bind_run_unbind(void *context)
{
	assert_ok(axvcpu_bind(context));
	run_once(context);
	assert_ok(axvcpu_unbind(context));
	return NULL;
}

static void an_unbound_vcpu_can_change_threads(void **state)
{
	struct axvcpu *vcpu = vcpu_ready(full_backend);
	pthread_t thread;

	(void)state;
	run_once(vcpu);
	assert_ok(axvcpu_unbind(vcpu));
	assert_int_equal(pthread_create(&thread, NULL, bind_run_unbind, vcpu), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	bind_run_unbind(vcpu);
	assert_ok(axvcpu_destroy(vcpu));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ENGINE_TEST(p1_new_gives_created),
		ENGINE_TEST(p1_a_failing_arch_new_propagates),
		ENGINE_TEST(p1_bad_create_info_is_refused_by_member),
		ENGINE_TEST(p2_setup_calls_entry_root_setup_in_order),
		ENGINE_TEST(p2_the_first_failure_stops_setup),
		ENGINE_TEST(p3_bind_run_unbind),
		ENGINE_TEST(p3_an_arch_error_gives_invalid_and_clears_the_slot),
		ENGINE_TEST(p3_failing_bind_and_unbind_give_invalid),
		ENGINE_TEST(p7_register_ops_are_allowed_in_any_resting_state),
		ENGINE_TEST(p7_an_index_out_of_range_is_an_error_and_poisons_nothing),
		ENGINE_TEST(p7_register_ops_are_refused_while_running),
		ENGINE_TEST(p7_arch_vcpu_is_typed),
		ENGINE_TEST(p8_facts),
		ENGINE_TEST(p8_state_values_and_names),
		ENGINE_TEST(p11_reset_leads_back_to_created),
		ENGINE_TEST(p11_reset_without_the_op_makes_the_engine_anew),
		ENGINE_TEST(p11_a_reset_that_fails_can_be_tried_again),
		ENGINE_TEST(p11_reset_forgets_kicks_and_interrupts),
		ENGINE_TEST(p11_the_clock_outlives_a_reset),
		ENGINE_TEST(kicks_before_a_run_add_up_to_one),
		ENGINE_TEST(a_stale_flag_of_the_engine_is_no_kick),
		ENGINE_TEST(kick_works_without_the_op),
		ENGINE_TEST(run_refuses_a_small_exit),
		ENGINE_TEST(engine_ops_pass_through_or_are_unsupported),
		ENGINE_TEST(destroy_accepts_null_and_refuses_a_running_vcpu),
		ENGINE_TEST(a_bound_vcpu_belongs_to_its_thread),
		ENGINE_TEST(an_unbound_vcpu_can_change_threads),
	};

	return cmocka_run_group_tests(tests, engine_group_setup, engine_group_teardown);
}
