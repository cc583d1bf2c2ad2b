/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backend for tests of the vCPU object: it writes down which ops were called, fails where it is told to, and its run
 * is a function of the test. Built into the test and adopted.
 */
#ifndef TESTS_UNIT_VCPU_ENGINE_H
#define TESTS_UNIT_VCPU_ENGINE_H

#include "../unit.h"
#include <axvcpu/axvcpu.h>
#include <axvcpu/plugin/plugin.h>
#include <axvcpu/regs/riscv64.h>

#define ENGINE_INJECTED_MAX 128
#define ENGINE_REGS_MAX 128
#define ENGINE_BREAKPOINTS_MAX 4

struct engine {
	uint64_t injected[ENGINE_INJECTED_MAX]; /* the first of them, in the order of delivery */
	uint32_t injected_count;                /* atomic */
	uint32_t taken_count;                   /* of them, by the guest: see run_halt */
	uint64_t levels;
	uint32_t lines_told;
	uint32_t kicked; /* atomic; the sticky flag of the plugin contract */
	uint64_t gpr[4];
	uint64_t hart_id;
	uint64_t mode;
	uint64_t entry;
	uint64_t ept_root;
	uint64_t completed; /* value of the last complete_read */
	uint64_t deadline;
	uint64_t (*now)(void *context);
	void *clock_context;
	uint32_t single_step;
	uint32_t breakpoint_count;
	uint64_t breakpoints[ENGINE_BREAKPOINTS_MAX + 1];
	uint64_t budget;   /* that it was told */
	uint64_t executed; /* its counter of instructions */
	uint32_t read_pending;
	uint32_t parts; /* writes that the instruction still has */
	int resets;
	uint64_t regs[ENGINE_REGS_MAX]; /* in the order of the riscv64 table */
	int created_by;                 /* how many were created before it */
};

/* What the test orders and what happened, for all vCPUs of the engine. Reset by engine_fixture. */
struct engine_orders {
	char log[512]; /* ops called, each followed by a space, when `logs` */
	int logs;
	const char *failing;      /* the op that fails... */
	const void *failing_self; /* ...of this engine, NULL: of all, ... */
	int32_t failure;          /* ...with this code... */
	const char *failure_text; /* ...and this text, or NULL for none */
	int32_t (*run)(struct engine *engine, struct axvcpu_exit *exit);
	uint64_t missing_reg;      /* id of a register that the engine has not... */
	const void *missing_self;  /* ...this one; NULL: all */
	uint64_t refused_reg;      /* id of one that it does not let be written... */
	const void *refusing_self; /* ...this one; NULL: all */
	int reg_writes;
	struct engine *last_created;
	int created;
	int destroyed;
	struct axvcpu *current_in_op; /* the current vCPU during the last op */
};

extern struct engine_orders engine_orders;

/* The engine with all ops, one with the mandatory ones alone, one with kick besides these; a second one with all ops,
 * one without interrupt lines, one without a reset, and one of another architecture. */
extern struct axvcpu_backend *full_backend;
extern struct axvcpu_backend *bare_backend;
extern struct axvcpu_backend *kicking_backend;
extern struct axvcpu_backend *other_backend;
extern struct axvcpu_backend *lineless_backend;
extern struct axvcpu_backend *remade_backend;
extern struct axvcpu_backend *foreign_backend;

/* Group set-up and tear-down: adopts them. */
int engine_group_setup(void **state);
int engine_group_teardown(void **state);

/* Test set-up: forgets all orders. Tear-down: nothing leaked, no current vCPU left. */
int engine_setup(void **state);
int engine_teardown(void **state);

/* A vCPU of a backend, in a state that it got to by the usual calls. */
struct axvcpu *vcpu_in(struct axvcpu_backend *backend, uint32_t state, const struct axvcpu_create_info *info);
struct axvcpu *vcpu_ready(struct axvcpu_backend *backend);

/* The engine's vCPU behind a vCPU. */
struct engine *engine_of(struct axvcpu *vcpu);

/* Runs for `run`: return at once with a reason. run_until_kicked spins as a simulator does. */
int32_t run_nothing(struct engine *engine, struct axvcpu_exit *exit);
int32_t run_halt(struct engine *engine, struct axvcpu_exit *exit);
int32_t run_until_kicked(struct engine *engine, struct axvcpu_exit *exit);

#define ENGINE_TEST(name) cmocka_unit_test_setup_teardown(name, engine_setup, engine_teardown)

#endif
