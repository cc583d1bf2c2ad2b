/* SPDX-License-Identifier: Apache-2.0 */
/* Layers and several engines: layers stay where they are over a switch, and can have engines of their own. */
#include <errno.h>
#include <stdio.h>

#include "../../plugins/layers/fixture.h"
#include "../vcpu/engine.h"

#include <axvcpu/plugin/engine.h>

static struct engines_fixture fixture;
static struct axvcpu *vcpu;

static void make(struct axvcpu_backend *backend)
{
	struct axvcpu_create_info info = { .size = sizeof(info) };
	char layers[64];

	fixture = (struct engines_fixture){ .backend = NULL };
	snprintf(layers, sizeof(layers), "engines=%p", (void *)&fixture);
	info.layers = layers;
	vcpu = vcpu_in(backend, AXVCPU_STATE_READY, &info);
	assert_non_null(fixture.engines);
	assert_int_equal(fixture.engines->size, sizeof(struct axarch_engines));
	assert_int_equal(fixture.arch, AXVCPU_ARCH_RISCV64);
}

static int32_t run_says_mode(struct engine *engine, struct axvcpu_exit *exit)
{
	exit->reason = AXVCPU_EXIT_HYPERCALL;
	exit->hypercall.nr = (uint64_t)engine->created_by;
	return 0;
}

static uint64_t ran_on(void)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	assert_ok(axvcpu_run(vcpu, &exit));
	assert_int_equal(exit.reason, AXVCPU_EXIT_HYPERCALL);
	return exit.hypercall.nr;
}

static void layers_stay_and_see_the_next_engine(void **state)
{
	const struct axarch_dispatch *below;

	(void)state;
	make(full_backend);
	below = fixture.below;
	engine_orders.run = run_says_mode;
	assert_int_equal(ran_on(), 0);
	assert_ok(axvcpu_switch(vcpu, other_backend));
	assert_ptr_equal(fixture.below, below);
	assert_ptr_equal(below->run.self, engine_of(vcpu));
	assert_int_equal(ran_on(), 1);
	assert_ok(axvcpu_switch(vcpu, full_backend));
	assert_int_equal(ran_on(), 0);
	assert_ok(axvcpu_destroy(vcpu));
}

static void a_layer_runs_an_engine_of_its_own(void **state)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;
	uint64_t arguments[2] = { 0, 0 }, entry = 0, value = 0;

	(void)state;
	make(full_backend);
	assert_ok(axvcpu_set_reg_u64(vcpu, "a0", 77));
	fixture.backend = "mock";
	assert_ok(axvcpu_run(vcpu, &exit));
	assert_int_equal(exit.reason, AXVCPU_EXIT_NOTHING);
	assert_ok(axvcpu_get_reg_u64(vcpu, "a0", &value)); /* there and back */
	assert_int_equal(value, 77);
	assert_ok(fixture.engines->call(fixture.engine, "axvcpu.mock/1", "entry", arguments, 1, &entry));
	assert_int_equal(entry, 0x4000);
	assert_int_equal(fixture.engines->call(fixture.engine, "axvcpu.mock/1", "entry", arguments, 0, &entry),
			 AXVCPU_ERROR_INVALID_INPUT);
	assert_ok(axvcpu_run(vcpu, &exit));
	assert_ok(axvcpu_destroy(vcpu));
	assert_null(fixture.engine);
}

static void its_engine_follows_a_switch(void **state)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;
	uint64_t value = 0;

	(void)state;
	make(full_backend);
	fixture.backend = "mock";
	assert_ok(axvcpu_run(vcpu, &exit));
	assert_ok(axvcpu_switch(vcpu, other_backend));
	assert_ok(axvcpu_set_reg_u64(vcpu, "a0", 78));
	assert_ok(axvcpu_run(vcpu, &exit));
	assert_ok(axvcpu_get_reg_u64(vcpu, "a0", &value));
	assert_int_equal(value, 78);
	assert_ok(axvcpu_destroy(vcpu));
}

static void what_cannot_be_opened_is_said(void **state)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	make(full_backend);
	fixture.backend = "nowhere";
	assert_error(axvcpu_run(vcpu, &exit), AXVCPU_ERROR_NOT_FOUND, "nowhere");
	assert_non_null(strstr(fixture.text, "nowhere"));
	assert_null(fixture.engine);
	assert_ok(axvcpu_destroy(vcpu));
}

static void a_register_that_does_not_go_over_is_named(void **state)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	make(full_backend);
	fixture.backend = "mock";
	assert_ok(axvcpu_run(vcpu, &exit));
	engine_orders.refused_reg = axvcpu_reg_by_name(AXVCPU_ARCH_RISCV64, "satp")->id;
	assert_error(axvcpu_run(vcpu, &exit), AXVCPU_ERROR_INVALID_INPUT, "satp");
	assert_non_null(strstr(fixture.text, "bits 63:60 must be zero"));
	assert_ok(axvcpu_destroy(vcpu));
}

/* A layer that a switch's refusal passes by: nothing below it has changed. */
static void a_refusal_leaves_layers_alone(void **state)
{
	(void)state;
	make(full_backend);
	engine_orders.run = run_says_mode;
	engine_orders.failing = "setup";
	engine_orders.failure = -EIO;
	assert_error(axvcpu_switch(vcpu, other_backend), -EIO, "other: setup: ");
	engine_orders.failing = NULL;
	assert_int_equal(ran_on(), 0);
	assert_ok(axvcpu_destroy(vcpu));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ENGINE_TEST(layers_stay_and_see_the_next_engine),
		ENGINE_TEST(a_layer_runs_an_engine_of_its_own),
		ENGINE_TEST(its_engine_follows_a_switch),
		ENGINE_TEST(what_cannot_be_opened_is_said),
		ENGINE_TEST(a_register_that_does_not_go_over_is_named),
		ENGINE_TEST(a_refusal_leaves_layers_alone),
	};

	return cmocka_run_group_tests(tests, engine_group_setup, engine_group_teardown);
}
