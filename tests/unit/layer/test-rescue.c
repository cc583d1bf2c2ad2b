/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layer rescue over the tests' engine, whose runs are functions of the test, with sim-riscv64 for the other engine:
 * what is carried over and back, whose exits the VMM sees, what becomes of kicks and interrupts meanwhile.
 */
#include "../vcpu/engine.h"

#include <axvcpu/plugin/ops.h>
#include <axvcpu/state.h>

#define CODE UINT64_C(0x80000000)
#define DEVICE UINT64_C(0x10000000)
#define UXL_64 UINT64_C(0x200000000) /* the simulator's sstatus always has it */

/* addi a0, a0, 1; ld a1, 0(a2); sd a1, 0(a2); ecall */
static const uint32_t code[] = { 0x00150513, 0x00063583, 0x00b63023, 0x00000073 };

enum { ADDI = 0, LOAD = 4, STORE = 8 };

static struct axvcpu_space *space;
static struct axvcpu *vcpu;
static int runs; /* of the engine below */

static struct axvcpu_exit failure(void)
{
	return (struct axvcpu_exit){ .size = sizeof(struct axvcpu_exit),
				     .reason = AXVCPU_EXIT_FAIL_ENTRY,
				     .fail_entry = { .hardware_entry_failure_reason = AXVCPU_FAIL_ENTRY_EMULATION } };
}

/* Its first run fails, the others halt. */
static int32_t run_fails_first(struct engine *engine, struct axvcpu_exit *exit)
{
	(void)engine;
	if (runs++)
		exit->reason = AXVCPU_EXIT_HALT;
	else
		*exit = failure();
	return 0;
}

static int32_t run_fails(struct engine *engine, struct axvcpu_exit *exit)
{
	(void)engine;
	runs++;
	*exit = failure();
	return 0;
}

static int32_t run_cannot_enter(struct engine *engine, struct axvcpu_exit *exit)
{
	run_fails(engine, exit);
	exit->fail_entry.hardware_entry_failure_reason = 7;
	return 0;
}

static int32_t run_is_kicked_and_fails(struct engine *engine, struct axvcpu_exit *exit)
{
	if (runs++) {
		exit->reason = __atomic_exchange_n(&engine->kicked, 0, __ATOMIC_SEQ_CST) ? AXVCPU_EXIT_KICKED
											 : AXVCPU_EXIT_HALT;
		return 0;
	}
	*exit = failure();
	return axvcpu_kick(vcpu);
}

static int make(void **state)
{
	struct axvcpu_slot slot = { .size_of_struct = sizeof(slot), .gpa = CODE, .size = 4096 };

	engine_setup(state);
	engine_orders.logs = 0;
	runs = 0;
	if (axvcpu_space_create(&space) || axvcpu_space_add(space, &slot) ||
	    axvcpu_space_write(space, CODE, code, sizeof(code)))
		return -1;
	return 0;
}

static int drop(void **state)
{
	axvcpu_destroy(vcpu);
	vcpu = NULL;
	axvcpu_space_destroy(space);
	return engine_teardown(state);
}

static void start_at(uint64_t at)
{
	assert_ok(axvcpu_set_reg_u64(vcpu, "pc", CODE + at));
	assert_ok(axvcpu_set_reg_u64(vcpu, "sstatus", UXL_64));
	assert_ok(axvcpu_set_reg_u64(vcpu, "mode", 1));
	assert_ok(axvcpu_set_reg_u64(vcpu, "reservation", UINT64_MAX));
	assert_ok(axvcpu_set_reg_u64(vcpu, "a0", 41));
	assert_ok(axvcpu_set_reg_u64(vcpu, "a2", DEVICE));
}

/* A vCPU that is ready to run, with pc at an instruction of the code. */
static void begin(const char *layer, uint64_t at)
{
	const struct axvcpu_create_info info = { .size = sizeof(info), .layers = layer };

	assert_ok(axvcpu_create(full_backend, &info, &vcpu));
	assert_ok(axvcpu_setup(vcpu, CODE, axvcpu_space_root(space), NULL));
	assert_ok(axvcpu_bind(vcpu));
	start_at(at);
}

static uint64_t reg(const char *name)
{
	uint64_t value = 0;

	assert_ok(axvcpu_get_reg_u64(vcpu, name, &value));
	return value;
}

static uint32_t next_exit(struct axvcpu_exit *exit)
{
	assert_ok(axvcpu_run(vcpu, exit));
	return exit->reason;
}

static uint64_t counter(uint32_t which)
{
	uint64_t value = 0;

	assert_ok(axvcpu_read_counter(vcpu, which, &value));
	return value;
}

static void test_one_instruction(void **state)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	engine_orders.run = run_fails_first;
	begin("rescue=sim-riscv64", ADDI);
	assert_int_equal(next_exit(&exit), AXVCPU_EXIT_HALT);
	assert_int_equal(runs, 2);
	assert_int_equal(reg("a0"), 42);
	assert_int_equal(reg("pc"), CODE + 4);
	assert_int_equal(counter(AXARCH_COUNTER_RESCUES), 1);
	assert_int_equal(counter(AXARCH_COUNTER_RESCUED_INSTRUCTIONS), 1);
	assert_int_equal(counter(AXARCH_COUNTER_BLOCKS), 102); /* the engine's own */
}

/* Two registers differ; the simulator has another one in a form of its own. */
static void test_what_differs_is_carried_back(void **state)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	engine_orders.run = run_fails_first;
	begin("rescue=sim-riscv64", ADDI);
	engine_orders.reg_writes = 0;
	next_exit(&exit);
	assert_in_range(engine_orders.reg_writes, 2, 3);
}

static void test_more_instructions(void **state)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;
	const uint32_t loop[] = { 0x00150513, 0xffdff06f }; /* addi a0, a0, 1; j -4 */

	(void)state;
	assert_ok(axvcpu_space_write(space, CODE, loop, sizeof(loop)));
	engine_orders.run = run_fails_first;
	begin("rescue=sim-riscv64,run=100", ADDI);
	assert_int_equal(next_exit(&exit), AXVCPU_EXIT_HALT);
	assert_int_equal(reg("a0"), 41 + 50);
	assert_int_equal(counter(AXARCH_COUNTER_RESCUED_INSTRUCTIONS), 100);
}

/* An engine that does nothing but fail: each rescue executes twice as much as the one before, up to the limit. */
static void test_what_follows_closely(void **state)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;
	const uint32_t loop[] = { 0x00150513, 0xfff50293, 0xfe029ce3,
				  0x00063583 }; /* addi a0, a0, 1; addi t0, a0, -1; bnez t0, -8; ld a1, 0(a2) */

	(void)state;
	assert_ok(axvcpu_space_write(space, CODE, loop, sizeof(loop)));
	engine_orders.run = run_fails;
	begin("rescue=sim-riscv64,most=64", ADDI);
	assert_ok(axvcpu_set_reg_u64(vcpu, "a0", UINT64_C(0) - 3000));
	assert_int_equal(next_exit(&exit), AXVCPU_EXIT_MMIO_READ);
	assert_true(counter(AXARCH_COUNTER_RESCUES) < 1000);
	assert_int_equal(counter(AXARCH_COUNTER_RESCUED_INSTRUCTIONS), 3 * 3001);
}

static void test_a_read_of_a_device(void **state)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	engine_orders.run = run_fails_first;
	begin("rescue=sim-riscv64", LOAD);
	assert_int_equal(next_exit(&exit), AXVCPU_EXIT_MMIO_READ);
	assert_int_equal(exit.mmio_read.addr, DEVICE);
	assert_int_equal(reg("pc"), CODE + LOAD);
	assert_ok(axvcpu_complete_read(vcpu, &exit, 0x1234));
	assert_int_equal(runs, 1);
	assert_int_equal(next_exit(&exit), AXVCPU_EXIT_HALT);
	assert_int_equal(reg("a1"), 0x1234);
	assert_int_equal(reg("pc"), CODE + LOAD + 4);
	assert_int_equal(engine_of(vcpu)->completed, 0);
}

static void test_a_write_to_a_device(void **state)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	engine_orders.run = run_fails_first;
	begin("rescue=sim-riscv64", STORE);
	assert_ok(axvcpu_set_reg_u64(vcpu, "a1", 99));
	assert_int_equal(next_exit(&exit), AXVCPU_EXIT_MMIO_WRITE);
	assert_int_equal(exit.mmio_write.data, 99);
	assert_ok(axvcpu_set_reg_u64(vcpu, "a0", 7)); /* goes to where the vCPU is */
	assert_int_equal(next_exit(&exit), AXVCPU_EXIT_HALT);
	assert_int_equal(reg("a0"), 7);
	assert_int_equal(reg("pc"), CODE + STORE + 4);
}

static void test_an_interrupt_waits(void **state)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	engine_orders.run = run_fails_first;
	begin("rescue=sim-riscv64", LOAD);
	assert_int_equal(next_exit(&exit), AXVCPU_EXIT_MMIO_READ);
	assert_ok(axvcpu_inject_interrupt(vcpu, 9));
	assert_ok(axvcpu_complete_read(vcpu, &exit, 0));
	assert_int_equal(next_exit(&exit), AXVCPU_EXIT_HALT);
	assert_int_equal(engine_of(vcpu)->injected_count, 1);
	assert_int_equal(engine_of(vcpu)->injected[0], 9);
}

static void test_a_kick_is_kept(void **state)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	engine_orders.run = run_is_kicked_and_fails;
	begin("rescue=sim-riscv64", ADDI);
	assert_int_equal(next_exit(&exit), AXVCPU_EXIT_KICKED);
	assert_int_equal(reg("a0"), 42);
	assert_int_equal(next_exit(&exit), AXVCPU_EXIT_HALT);
}

static void test_a_single_step(void **state)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	engine_orders.run = run_fails_first;
	begin("rescue=sim-riscv64,run=1000", ADDI);
	assert_ok(axvcpu_set_single_step(vcpu, 1));
	assert_int_equal(next_exit(&exit), AXVCPU_EXIT_DEBUG);
	assert_int_equal(exit.debug.pc, CODE + 4);
	assert_int_equal(reg("a0"), 42);
	assert_int_equal(next_exit(&exit), AXVCPU_EXIT_HALT);
}

static void test_another_failure_is_the_vmms(void **state)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	engine_orders.run = run_cannot_enter;
	begin("rescue=sim-riscv64", ADDI);
	assert_int_equal(next_exit(&exit), AXVCPU_EXIT_FAIL_ENTRY);
	assert_int_equal(exit.fail_entry.hardware_entry_failure_reason, 7);
	assert_int_equal(counter(AXARCH_COUNTER_RESCUES), 0);
}

/* The exit says so, and the vCPU is as it was. */
static void test_what_the_other_engine_refuses(void **state)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	engine_orders.run = run_fails;
	begin("rescue=sim-riscv64", ADDI);
	assert_ok(axvcpu_set_reg_u64(vcpu, "satp", UINT64_C(0xf) << 60));
	assert_int_equal(next_exit(&exit), AXVCPU_EXIT_FAIL_ENTRY);
	assert_non_null(strstr(axvcpu_error_text(), "sim-riscv64"));
	assert_non_null(strstr(axvcpu_error_text(), "satp"));
	assert_int_equal(reg("pc"), CODE);
	assert_int_equal(counter(AXARCH_COUNTER_RESCUES), 0);
}

static void test_what_the_engine_below_refuses(void **state)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	engine_orders.run = run_fails_first;
	begin("rescue=sim-riscv64", ADDI);
	engine_orders.refused_reg = axvcpu_reg_by_name(AXVCPU_ARCH_RISCV64, "a0")->id;
	assert_int_equal(next_exit(&exit), AXVCPU_EXIT_FAIL_ENTRY);
	assert_non_null(strstr(axvcpu_error_text(), "cannot be carried back"));
	assert_non_null(strstr(axvcpu_error_text(), "x10"));
}

/* In the midst of a rescued instruction, that is forgotten. */
static void test_reset(void **state)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	engine_orders.run = run_fails_first;
	begin("rescue=sim-riscv64", LOAD);
	assert_int_equal(next_exit(&exit), AXVCPU_EXIT_MMIO_READ);
	assert_ok(axvcpu_reset(vcpu));
	assert_ok(axvcpu_setup(vcpu, CODE, axvcpu_space_root(space), NULL));
	assert_ok(axvcpu_bind(vcpu));
	runs = 0;
	start_at(ADDI);
	assert_ok(axvcpu_set_reg_u64(vcpu, "a0", 1));
	assert_int_equal(next_exit(&exit), AXVCPU_EXIT_HALT);
	assert_int_equal(reg("a0"), 2);
}

static void test_late(void **state)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	engine_orders.run = run_fails_first;
	begin("rescue=sim-riscv64,late", ADDI);
	assert_ok(axvcpu_kick(vcpu));
	assert_int_equal(next_exit(&exit), AXVCPU_EXIT_KICKED);
	assert_int_equal(next_exit(&exit), AXVCPU_EXIT_HALT);
	assert_int_equal(reg("a0"), 42);
}

static void test_late_and_not_there(void **state)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	engine_orders.run = run_fails;
	begin("rescue=nobody,late", ADDI);
	assert_int_equal(next_exit(&exit), AXVCPU_EXIT_FAIL_ENTRY);
	assert_non_null(strstr(axvcpu_error_text(), "nobody"));
}

static void test_options(void **state)
{
	static const struct {
		const char *layer;
		int32_t code;
		const char *says;
	} rows[] = {
		{ "rescue", AXVCPU_ERROR_INVALID_INPUT, "rescue=sim-x86_64" },
		{ "rescue=sim-riscv64,run=", AXVCPU_ERROR_INVALID_INPUT, "run=" },
		{ "rescue=sim-riscv64,run=0", AXVCPU_ERROR_INVALID_INPUT, "run=0" },
		{ "rescue=sim-riscv64,run=-1", AXVCPU_ERROR_INVALID_INPUT, "from 1 to" },
		{ "rescue=sim-riscv64,run=9,most=8", AXVCPU_ERROR_INVALID_INPUT, "most=8 is less" },
		{ "rescue=sim-riscv64,fast", AXVCPU_ERROR_INVALID_INPUT, "\"fast\" is no option" },
		{ "rescue=nobody", AXVCPU_ERROR_NOT_FOUND, "nobody" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct axvcpu_create_info info = { .size = sizeof(info), .layers = rows[i].layer };

		assert_error(axvcpu_create(full_backend, &info, &vcpu), rows[i].code, rows[i].says);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_instruction),
		TEST(test_what_differs_is_carried_back),
		TEST(test_more_instructions),
		TEST(test_what_follows_closely),
		TEST(test_a_read_of_a_device),
		TEST(test_a_write_to_a_device),
		TEST(test_an_interrupt_waits),
		TEST(test_a_kick_is_kept),
		TEST(test_a_single_step),
		TEST(test_another_failure_is_the_vmms),
		TEST(test_what_the_other_engine_refuses),
		TEST(test_what_the_engine_below_refuses),
		TEST(test_reset),
		TEST(test_late),
		TEST(test_late_and_not_there),
		TEST(test_options),
	};

	return cmocka_run_group_tests(tests, engine_group_setup, engine_group_teardown);
}
