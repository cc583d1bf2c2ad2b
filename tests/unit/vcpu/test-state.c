/* SPDX-License-Identifier: Apache-2.0 */
/* The state machine: wrong-state errors, the two policies, and transitions by hand. */
#include <stdio.h>

#include "engine.h"

static const struct axvcpu_create_info rejecting = { .size = sizeof(rejecting), .state_policy = AXVCPU_POLICY_REJECT };

static int32_t call_setup(struct axvcpu *vcpu)
{
	return axvcpu_setup(vcpu, 0, 0, NULL);
}

static int32_t call_run(struct axvcpu *vcpu)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	return axvcpu_run(vcpu, &exit);
}

static int32_t call_wait(struct axvcpu *vcpu)
{
	return axvcpu_wait(vcpu, 0);
}

/* Every call that needs one state. */
static const struct {
	const char *name;
	uint32_t needs;
	int32_t (*call)(struct axvcpu *vcpu);
} calls[] = {
	{ "setup", AXVCPU_STATE_CREATED, call_setup },   { "bind", AXVCPU_STATE_FREE, axvcpu_bind },
	{ "unbind", AXVCPU_STATE_READY, axvcpu_unbind }, { "run", AXVCPU_STATE_READY, call_run },
	{ "wait", AXVCPU_STATE_READY, call_wait },
};

static const uint32_t resting[] = { AXVCPU_STATE_INVALID, AXVCPU_STATE_CREATED, AXVCPU_STATE_FREE, AXVCPU_STATE_READY };

/* Every call in every wrong resting state: the text names both states, and the state is `after`, or unchanged. */
static void wrong_states(const struct axvcpu_create_info *info, int poisons)
{
	char text[64];

	for (size_t c = 0; c < sizeof(calls) / sizeof(calls[0]); c++) {
		for (size_t s = 0; s < sizeof(resting) / sizeof(resting[0]); s++) {
			struct axvcpu *vcpu = vcpu_in(full_backend, resting[s], info);

			snprintf(text, sizeof(text), "%s needs state %s, but it is %s", calls[c].name,
				 axvcpu_state_name(calls[c].needs), axvcpu_state_name(resting[s]));
			if (resting[s] != calls[c].needs) {
				assert_error(calls[c].call(vcpu), AXVCPU_ERROR_BAD_STATE, text);
				assert_string_equal(engine_orders.log, "");
				assert_int_equal(axvcpu_state(vcpu), poisons ? AXVCPU_STATE_INVALID : resting[s]);
			}
			assert_ok(axvcpu_destroy(vcpu));
		}
	}
}

static void p4_poison_makes_it_invalid(void **state)
{
	(void)state;
	wrong_states(NULL, 1);
}

static void p4_reject_leaves_the_state(void **state)
{
	(void)state;
	wrong_states(&rejecting, 0);
}

static void p4_the_text_says_what_happened_and_the_way_back(void **state)
{
	struct axvcpu *vcpu = vcpu_in(full_backend, AXVCPU_STATE_CREATED, NULL);

	(void)state;
	assert_error(axvcpu_bind(vcpu), AXVCPU_ERROR_BAD_STATE, "it is Invalid now: axvcpu_reset leads back");
	assert_error(axvcpu_bind(vcpu), AXVCPU_ERROR_BAD_STATE, "but it is Invalid: axvcpu_reset leads back");
	assert_ok(axvcpu_destroy(vcpu));
}

static int32_t run_binds_itself(struct engine *engine, struct axvcpu_exit *exit)
{
	struct axvcpu *vcpu = axvcpu_get_current();

	(void)engine;
	assert_error(axvcpu_bind(vcpu), AXVCPU_ERROR_BAD_STATE, "bind needs state Free, but it is Running");
	assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_RUNNING);
	exit->reason = AXVCPU_EXIT_NOTHING;
	return 0;
}

static void p4_a_run_that_goes_on_is_not_poisoned(void **state)
{
	struct axvcpu *vcpu = vcpu_ready(full_backend);

	(void)state;
	engine_orders.run = run_binds_itself;
	assert_ok(call_run(vcpu));
	assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_READY);
	assert_ok(axvcpu_destroy(vcpu));
}

static void p5_every_edge_is_allowed(void **state)
{
	struct axvcpu *vcpu = vcpu_in(full_backend, AXVCPU_STATE_CREATED, NULL);

	(void)state;
	for (uint32_t from = AXVCPU_STATE_INVALID; from <= AXVCPU_STATE_BLOCKED; from++) {
		for (uint32_t to = AXVCPU_STATE_INVALID; to <= AXVCPU_STATE_BLOCKED; to++) {
			assert_ok(axvcpu_set_state(vcpu, from));
			assert_ok(axvcpu_transition_state(vcpu, from, to));
			assert_int_equal(axvcpu_state(vcpu), to);
		}
	}
	assert_ok(axvcpu_set_state(vcpu, AXVCPU_STATE_CREATED));
	assert_ok(axvcpu_destroy(vcpu));
}

static int32_t body_notes_state(struct axvcpu *vcpu, void *context)
{
	*(uint32_t *)context = axvcpu_state(vcpu);
	return 0;
}

static int32_t body_fails(struct axvcpu *vcpu, void *context)
{
	(void)vcpu;
	(void)context;
	return -7;
}

static void p5_with_state_transition_runs_the_body_in_the_old_state(void **state)
{
	struct axvcpu *vcpu = vcpu_in(full_backend, AXVCPU_STATE_CREATED, NULL);
	uint32_t seen = 99;

	(void)state;
	assert_ok(axvcpu_with_state_transition(vcpu, AXVCPU_STATE_CREATED, AXVCPU_STATE_BLOCKED, body_notes_state,
					       &seen));
	assert_int_equal(seen, AXVCPU_STATE_CREATED);
	assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_BLOCKED);
	assert_ok(axvcpu_set_state(vcpu, AXVCPU_STATE_FREE));
	assert_ok(axvcpu_destroy(vcpu));
}

static void p5_a_failing_body_gives_invalid(void **state)
{
	struct axvcpu *vcpu = vcpu_in(full_backend, AXVCPU_STATE_CREATED, NULL);

	(void)state;
	assert_int_equal(axvcpu_with_state_transition(vcpu, AXVCPU_STATE_CREATED, AXVCPU_STATE_FREE, body_fails, NULL),
			 -7);
	assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_INVALID);
	assert_ok(axvcpu_destroy(vcpu));
}

static void p5_a_wrong_from_does_not_run_the_body(void **state)
{
	struct axvcpu *vcpu = vcpu_in(full_backend, AXVCPU_STATE_CREATED, &rejecting);
	uint32_t seen = 99;

	(void)state;
	assert_error(axvcpu_with_state_transition(vcpu, AXVCPU_STATE_FREE, AXVCPU_STATE_READY, body_notes_state, &seen),
		     AXVCPU_ERROR_BAD_STATE, "needs state Free, but it is Created");
	assert_int_equal(seen, 99);
	assert_error(axvcpu_transition_state(vcpu, AXVCPU_STATE_CREATED, 6), AXVCPU_ERROR_INVALID_INPUT, "number 6");
	assert_error(axvcpu_set_state(vcpu, 77), AXVCPU_ERROR_INVALID_INPUT, "number 77");
	assert_int_equal(axvcpu_state(vcpu), AXVCPU_STATE_CREATED);
	assert_ok(axvcpu_destroy(vcpu));
}

static void p5_ready_by_hand_is_not_bound(void **state)
{
	struct axvcpu *vcpu = vcpu_in(full_backend, AXVCPU_STATE_FREE, NULL);

	(void)state;
	assert_ok(axvcpu_transition_state(vcpu, AXVCPU_STATE_FREE, AXVCPU_STATE_READY));
	assert_error(call_run(vcpu), AXVCPU_ERROR_BAD_STATE, "call axvcpu_bind");
	assert_ok(axvcpu_destroy(vcpu));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ENGINE_TEST(p4_poison_makes_it_invalid),
		ENGINE_TEST(p4_reject_leaves_the_state),
		ENGINE_TEST(p4_the_text_says_what_happened_and_the_way_back),
		ENGINE_TEST(p4_a_run_that_goes_on_is_not_poisoned),
		ENGINE_TEST(p5_every_edge_is_allowed),
		ENGINE_TEST(p5_with_state_transition_runs_the_body_in_the_old_state),
		ENGINE_TEST(p5_a_failing_body_gives_invalid),
		ENGINE_TEST(p5_a_wrong_from_does_not_run_the_body),
		ENGINE_TEST(p5_ready_by_hand_is_not_bound),
	};

	return cmocka_run_group_tests(tests, engine_group_setup, engine_group_teardown);
}
