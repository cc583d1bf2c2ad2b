/* SPDX-License-Identifier: Apache-2.0 */
/* axvcpu_complete_read: widths, extension, and what is refused. */
#include "engine.h"

static struct axvcpu_exit mmio_read(uint32_t width, uint32_t reg_width, uint32_t signed_ext)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	exit.reason = AXVCPU_EXIT_MMIO_READ;
	exit.mmio_read.width = width;
	exit.mmio_read.reg_width = reg_width;
	exit.mmio_read.signed_ext = signed_ext;
	return exit;
}

static void mmio_values_are_cut_and_extended(void **state)
{
	static const struct {
		uint32_t width, reg_width, signed_ext;
		uint64_t value, expected;
	} rows[] = {
		{ 1, 8, 0, 0x1ff, 0xff },
		{ 1, 8, 1, 0x1ff, UINT64_MAX },
		{ 1, 8, 1, 0x7f, 0x7f },
		{ 1, 2, 1, 0x80, 0xff80 },
		{ 1, 1, 1, 0x80, 0x80 },
		{ 2, 4, 1, 0x18000, 0xffff8000 },
		{ 2, 4, 0, 0x18000, 0x8000 },
		{ 4, 8, 1, 0x80000000, UINT64_C(0xffffffff80000000) },
		{ 4, 8, 0, UINT64_MAX, 0xffffffff },
		{ 4, 4, 1, 0x80000000, 0x80000000 },
		{ 8, 8, 0, UINT64_MAX, UINT64_MAX },
		{ 8, 8, 1, UINT64_C(1) << 63, UINT64_C(1) << 63 },
	};
	struct axvcpu *vcpu = vcpu_ready(full_backend);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct axvcpu_exit exit = mmio_read(rows[i].width, rows[i].reg_width, rows[i].signed_ext);

		assert_ok(axvcpu_complete_read(vcpu, &exit, rows[i].value));
		assert_int_equal(engine_of(vcpu)->completed, rows[i].expected);
	}
	assert_ok(axvcpu_destroy(vcpu));
}

static void io_and_sysreg_reads(void **state)
{
	struct axvcpu_exit io = { .size = sizeof(io),
				  .reason = AXVCPU_EXIT_IO_READ,
				  .io_read = { .port = 0x60, .width = 2 } };
	struct axvcpu_exit sysreg = { .size = sizeof(sysreg), .reason = AXVCPU_EXIT_SYSREG_READ };
	struct axvcpu *vcpu = vcpu_ready(full_backend);

	(void)state;
	assert_ok(axvcpu_complete_read(vcpu, &io, 0xabcdef));
	assert_int_equal(engine_of(vcpu)->completed, 0xcdef);
	assert_ok(axvcpu_complete_read(vcpu, &sysreg, UINT64_MAX));
	assert_int_equal(engine_of(vcpu)->completed, UINT64_MAX);
	assert_ptr_equal(engine_orders.current_in_op, vcpu);
	assert_ok(axvcpu_destroy(vcpu));
}

static void bad_exits_are_refused(void **state)
{
	static const struct {
		uint32_t width, reg_width;
	} widths[] = { { 3, 8 }, { 0, 8 }, { 8, 4 }, { 1, 0 }, { 16, 16 }, { 4, 6 } };
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;
	struct axvcpu *vcpu = vcpu_ready(full_backend);

	(void)state;
	for (uint32_t reason = 0; reason < 200; reason++) {
		exit.reason = reason;
		if (reason != AXVCPU_EXIT_MMIO_READ && reason != AXVCPU_EXIT_IO_READ &&
		    reason != AXVCPU_EXIT_SYSREG_READ)
			assert_error(axvcpu_complete_read(vcpu, &exit, 0), AXVCPU_ERROR_INVALID_INPUT,
				     axvcpu_exit_name(reason));
	}
	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
		exit = mmio_read(widths[i].width, widths[i].reg_width, 0);
		assert_error(axvcpu_complete_read(vcpu, &exit, 0), AXVCPU_ERROR_INVALID_INPUT,
			     "widths are 1, 2, 4 or 8");
	}
	exit.size = 8;
	assert_error(axvcpu_complete_read(vcpu, &exit, 0), AXVCPU_ERROR_INVALID_INPUT, "size is 8");
	assert_string_equal(engine_orders.log, "");
	assert_ok(axvcpu_destroy(vcpu));
}

static void errors_of_the_engine_come_back(void **state)
{
	struct axvcpu *full = vcpu_ready(full_backend), *bare = vcpu_ready(bare_backend);
	struct axvcpu_exit exit = mmio_read(4, 4, 0);

	(void)state;
	engine_orders.failing = "complete_read";
	engine_orders.failure = AXVCPU_ERROR_BAD_STATE;
	assert_error(axvcpu_complete_read(full, &exit, 0), AXVCPU_ERROR_BAD_STATE, "vCPU 0: complete_read: ");
	assert_error(axvcpu_complete_read(bare, &exit, 0), AXVCPU_ERROR_UNSUPPORTED, "complete_read");
	assert_ok(axvcpu_destroy(full));
	assert_ok(axvcpu_destroy(bare));
}

static void accesses_can_be_refused(void **state)
{
	struct axvcpu *full = vcpu_ready(full_backend), *bare = vcpu_ready(bare_backend);
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	for (uint32_t reason = 0; reason < 200; reason++) {
		exit.reason = reason;
		if (reason != AXVCPU_EXIT_SYSREG_READ && reason != AXVCPU_EXIT_SYSREG_WRITE)
			assert_error(axvcpu_fail_access(full, &exit), AXVCPU_ERROR_INVALID_INPUT,
				     axvcpu_exit_name(reason));
	}
	assert_string_equal(engine_orders.log, "");
	exit.reason = AXVCPU_EXIT_SYSREG_WRITE;
	assert_ok(axvcpu_fail_access(full, &exit));
	assert_ptr_equal(engine_orders.current_in_op, full);
	engine_orders.failing = "fail_access";
	engine_orders.failure = AXVCPU_ERROR_BAD_STATE;
	exit.reason = AXVCPU_EXIT_SYSREG_READ;
	assert_error(axvcpu_fail_access(full, &exit), AXVCPU_ERROR_BAD_STATE, "vCPU 0: fail_access: ");
	assert_error(axvcpu_fail_access(bare, &exit), AXVCPU_ERROR_UNSUPPORTED, "fail_access");
	assert_ok(axvcpu_destroy(full));
	assert_ok(axvcpu_destroy(bare));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ENGINE_TEST(accesses_can_be_refused),
		ENGINE_TEST(mmio_values_are_cut_and_extended),
		ENGINE_TEST(io_and_sysreg_reads),
		ENGINE_TEST(bad_exits_are_refused),
		ENGINE_TEST(errors_of_the_engine_come_back),
	};

	return cmocka_run_group_tests(tests, engine_group_setup, engine_group_teardown);
}
