/* SPDX-License-Identifier: Apache-2.0 */
/* The current vCPU of a thread, and operations that nest. */
#include <pthread.h>

#include "engine.h"

static int32_t body_expects_itself(struct axvcpu *vcpu, void *context)
{
	assert_ptr_equal(axvcpu_get_current(), vcpu);
	++*(int *)context;
	return 0;
}

static int32_t body_fails(struct axvcpu *vcpu, void *context)
{
	(void)vcpu;
	(void)context;
	return -7;
}

static void p6_with_current_cpu_set_sets_and_clears(void **state)
{
	struct axvcpu *vcpu = vcpu_in(full_backend, AXVCPU_STATE_CREATED, NULL);
	int ran = 0;

	(void)state;
	assert_ok(axvcpu_with_current_cpu_set(vcpu, body_expects_itself, &ran));
	assert_int_equal(ran, 1);
	assert_null(axvcpu_get_current());
	assert_int_equal(axvcpu_with_current_cpu_set(vcpu, body_fails, NULL), -7);
	assert_null(axvcpu_get_current());
	assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_CREATED);
	assert_ok(axvcpu_destroy(vcpu));
}

struct nesting {
	struct axvcpu *inner;
	int ran;
};

static int32_t arch_body_counts(struct axvcpu *vcpu, void *arch, void *context)
{
	assert_ptr_equal(axvcpu_get_current(), vcpu);
	assert_ptr_equal(arch, engine_of(vcpu));
	++*(int *)context;
	return 0;
}

/* Everything that would make `inner` the current vCPU is refused and changes neither. */
static int32_t body_nests(struct axvcpu *vcpu, void *context)
{
	struct nesting *nesting = context;
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	assert_error(axvcpu_with_current_cpu_set(nesting->inner, body_expects_itself, &nesting->ran),
		     AXVCPU_ERROR_BAD_STATE, "nested in an operation on vCPU 0");
	assert_error(axvcpu_manipulate_arch_vcpu(nesting->inner, AXVCPU_STATE_READY, AXVCPU_STATE_FREE,
						 arch_body_counts, &nesting->ran),
		     AXVCPU_ERROR_BAD_STATE, "nested");
	assert_error(axvcpu_set_current(nesting->inner), AXVCPU_ERROR_BAD_STATE, "nested");
	assert_error(axvcpu_set_gpr(nesting->inner, 0, 0), AXVCPU_ERROR_BAD_STATE, "nested");
	assert_error(axvcpu_run(nesting->inner, &exit), AXVCPU_ERROR_BAD_STATE, "nested");
	assert_error(axvcpu_unbind(nesting->inner), AXVCPU_ERROR_BAD_STATE, "nested");
	assert_error(axvcpu_wait(nesting->inner, 0), AXVCPU_ERROR_BAD_STATE, "nested");
	assert_error(axvcpu_reset(nesting->inner), AXVCPU_ERROR_BAD_STATE, "nested");
	assert_error(axvcpu_destroy(nesting->inner), AXVCPU_ERROR_RESOURCE_BUSY, "nested");
	assert_ptr_equal(axvcpu_get_current(), vcpu);
	return 0;
}

static void p6_a_nested_operation_is_an_error_and_leaks_nothing(void **state)
{
	const struct axvcpu_create_info second = { .size = sizeof(second), .vcpu_id = 1 };
	struct axvcpu *outer = vcpu_in(full_backend, AXVCPU_STATE_CREATED, NULL);
	struct nesting nesting = { .inner = vcpu_in(full_backend, AXVCPU_STATE_READY, &second) };
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	assert_ok(axvcpu_with_current_cpu_set(outer, body_nests, &nesting));
	assert_int_equal(nesting.ran, 0);
	assert_null(axvcpu_get_current());
	assert_int_equal(axvcpu_state(outer), AXVCPU_STATE_CREATED);
	assert_int_equal(axvcpu_state(nesting.inner), AXVCPU_STATE_READY);
	assert_ok(axvcpu_run(nesting.inner, &exit));
	assert_ok(axvcpu_destroy(outer));
	assert_ok(axvcpu_destroy(nesting.inner));
}

static int32_t body_sets_gpr(struct axvcpu *vcpu, void *arch, void *context)
{
	(void)context;
	assert_ok(axvcpu_set_gpr(vcpu, 2, 22));
	assert_int_equal(((struct engine *)arch)->gpr[2], 22);
	assert_ptr_equal(axvcpu_get_current(), vcpu);
	return 0;
}

static void p6_manipulate_arch_vcpu_combines_both(void **state)
{
	struct axvcpu *vcpu = vcpu_in(full_backend, AXVCPU_STATE_CREATED, NULL);
	int ran = 0;

	(void)state;
	assert_ok(axvcpu_manipulate_arch_vcpu(vcpu, AXVCPU_STATE_CREATED, AXVCPU_STATE_FREE, arch_body_counts, &ran));
	assert_int_equal(ran, 1);
	assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_FREE);
	assert_ok(axvcpu_manipulate_arch_vcpu(vcpu, AXVCPU_STATE_FREE, AXVCPU_STATE_FREE, body_sets_gpr, NULL));
	assert_error(axvcpu_manipulate_arch_vcpu(vcpu, AXVCPU_STATE_READY, AXVCPU_STATE_FREE, arch_body_counts, &ran),
		     AXVCPU_ERROR_BAD_STATE, "needs state Ready, but it is Free");
	assert_int_equal(ran, 1);
	assert_ok(axvcpu_destroy(vcpu));
}

static void p9_set_get_clear(void **state)
{
	struct axvcpu *vcpu = vcpu_in(full_backend, AXVCPU_STATE_CREATED, NULL);

	(void)state;
	assert_error(axvcpu_clear_current(), AXVCPU_ERROR_BAD_STATE, "no current vCPU");
	assert_ok(axvcpu_set_current(vcpu));
	assert_ptr_equal(axvcpu_get_current(), vcpu);
	assert_error(axvcpu_set_current(vcpu), AXVCPU_ERROR_BAD_STATE, "nested");
	assert_ok(axvcpu_clear_current());
	assert_null(axvcpu_get_current());
	assert_ok(axvcpu_destroy(vcpu));
}

static void p9_the_slot_is_typed(void **state)
{
	struct axvcpu *vcpu = vcpu_in(full_backend, AXVCPU_STATE_CREATED, NULL), *found = NULL;

	(void)state;
	assert_error(axvcpu_get_current_of(full_backend, &found), AXVCPU_ERROR_NOT_FOUND, "no current vCPU");
	assert_ok(axvcpu_set_current(vcpu));
	assert_error(axvcpu_get_current_of(bare_backend, &found), AXVCPU_ERROR_INVALID_INPUT,
		     "backend full, not on bare");
	assert_null(found);
	assert_ok(axvcpu_get_current_of(full_backend, &found));
	assert_ptr_equal(found, vcpu);
	assert_ok(axvcpu_clear_current());
	assert_ok(axvcpu_destroy(vcpu));
}

static void *look_from_another_thread(void *context)
{
	assert_null(axvcpu_get_current());
	assert_ok(axvcpu_set_current(context));
	assert_ok(axvcpu_clear_current());
	return NULL;
}

static void p9_each_thread_has_a_slot_of_its_own(void **state)
{
	struct axvcpu *vcpu = vcpu_in(full_backend, AXVCPU_STATE_CREATED, NULL);
	struct axvcpu *other = vcpu_in(full_backend, AXVCPU_STATE_CREATED, NULL);
	pthread_t thread;

	(void)state;
	assert_ok(axvcpu_set_current(vcpu));
	assert_int_equal(pthread_create(&thread, NULL, look_from_another_thread, other), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_ptr_equal(axvcpu_get_current(), vcpu);
	assert_ok(axvcpu_clear_current());
	assert_ok(axvcpu_destroy(vcpu));
	assert_ok(axvcpu_destroy(other));
}

static struct axvcpu *other_vcpu;

static int32_t run_nests(struct engine *engine, struct axvcpu_exit *exit)
{
	struct axvcpu_exit inner = AXVCPU_EXIT_INIT;

	(void)engine;
	assert_error(axvcpu_run(other_vcpu, &inner), AXVCPU_ERROR_BAD_STATE, "run is nested in an operation on vCPU 0");
	exit->reason = AXVCPU_EXIT_NOTHING;
	return 0;
}

static void p9_a_run_nested_in_a_run_is_refused(void **state)
{
	const struct axvcpu_create_info second = { .size = sizeof(second), .vcpu_id = 1 };
	struct axvcpu *vcpu = vcpu_ready(full_backend);
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	other_vcpu = vcpu_in(full_backend, AXVCPU_STATE_READY, &second);
	engine_orders.run = run_nests;
	assert_ok(axvcpu_run(vcpu, &exit));
	assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_READY);
	assert_int_equal(axvcpu_state(other_vcpu), AXVCPU_STATE_READY);
	assert_ok(axvcpu_destroy(vcpu));
	assert_ok(axvcpu_destroy(other_vcpu));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ENGINE_TEST(p6_with_current_cpu_set_sets_and_clears),
		ENGINE_TEST(p6_a_nested_operation_is_an_error_and_leaks_nothing),
		ENGINE_TEST(p6_manipulate_arch_vcpu_combines_both),
		ENGINE_TEST(p9_set_get_clear),
		ENGINE_TEST(p9_the_slot_is_typed),
		ENGINE_TEST(p9_each_thread_has_a_slot_of_its_own),
		ENGINE_TEST(p9_a_run_nested_in_a_run_is_refused),
	};

	return cmocka_run_group_tests(tests, engine_group_setup, engine_group_teardown);
}
