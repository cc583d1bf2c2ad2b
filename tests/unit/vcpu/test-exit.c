/* SPDX-License-Identifier: Apache-2.0 */
/* Exits as text, and that all of the checklist's exits and fields are there. */
#include "engine.h"

/* Every exit of the checklist with every field: it does not compile when one is missing. */
static const struct {
	const char *text;
	struct axvcpu_exit exit;
} rows[] = {
#define EXIT_ROW(text, constant, ...) \
	{ \
		text, \
		{ \
			.size = sizeof(struct axvcpu_exit), .reason = AXVCPU_EXIT_##constant, __VA_ARGS__ \
		} \
	}
	EXIT_ROW("Nothing", NOTHING, .nothing = { 0 }),
	EXIT_ROW("Hypercall{nr=0x7, args=[0x1, 0x2, 0x3, 0x4, 0x5, 0xffffffffffffffff]}", HYPERCALL,
		 .hypercall = { .nr = 7, .args = { 1, 2, 3, 4, 5, UINT64_MAX } }),
	EXIT_ROW("MmioRead{addr=0x10000005, width=1, reg=10, reg_width=8, signed_ext=1}", MMIO_READ,
		 .mmio_read = { .addr = 0x10000005, .width = 1, .reg = 10, .reg_width = 8, .signed_ext = 1 }),
	EXIT_ROW("MmioWrite{addr=0x10, data=0x41, width=4}", MMIO_WRITE,
		 .mmio_write = { .addr = 0x10, .width = 4, .data = 0x41 }),
	EXIT_ROW("SysRegRead{addr=0xc80, reg=31}", SYSREG_READ, .sysreg_read = { .addr = 0xc80, .reg = 31 }),
	EXIT_ROW("SysRegWrite{addr=0xc80, value=0x9}", SYSREG_WRITE, .sysreg_write = { .addr = 0xc80, .value = 9 }),
	EXIT_ROW("IoRead{port=96, width=1}", IO_READ, .io_read = { .port = 0x60, .width = 1 }),
	EXIT_ROW("IoWrite{data=0x2000, port=1540, width=2}", IO_WRITE,
		 .io_write = { .port = 0x604, .width = 2, .data = 0x2000 }),
	EXIT_ROW("ExternalInterrupt{vector=0x20}", EXTERNAL_INTERRUPT, .external_interrupt = { .vector = 32 }),
	EXIT_ROW("NestedPageFault{addr=0x1000, access_flags=0x5}", NESTED_PAGE_FAULT,
		 .nested_page_fault = { .addr = 0x1000, .access_flags = AXVCPU_ACCESS_READ | AXVCPU_ACCESS_EXECUTE }),
	EXIT_ROW("Halt", HALT, .halt = { 0 }),
	EXIT_ROW("CpuUp{target_cpu=0x1, entry_point=0x80200000, arg=0x2}", CPU_UP,
		 .cpu_up = { .target_cpu = 1, .entry_point = 0x80200000, .arg = 2 }),
	EXIT_ROW("CpuDown{state=0x3}", CPU_DOWN, .cpu_down = { .state = 3 }),
	EXIT_ROW("SystemDown{kind=0x1, reason=0x2}", SYSTEM_DOWN, .system_down = { .kind = 1, .reason = 2 }),
	EXIT_ROW("FailEntry{hardware_entry_failure_reason=0x8}", FAIL_ENTRY,
		 .fail_entry = { .hardware_entry_failure_reason = 8 }),
	EXIT_ROW("SendIPI{target_cpu=0x1, target_cpu_aux=0x3, send_to_all=0, send_to_self=1, vector=0x21}", SEND_IPI,
		 .send_ipi = { .target_cpu = 1, .target_cpu_aux = 3, .send_to_self = 1, .vector = 33 }),
	EXIT_ROW("Debug{pc=0x80, kind=0x2}", DEBUG, .debug = { .pc = 0x80, .kind = 2 }),
	EXIT_ROW("Kicked", KICKED, .kicked = { 0 }),
	EXIT_ROW("PreemptionTimer", PREEMPTION_TIMER, .preemption_timer = { 0 }),
	EXIT_ROW("InterruptWindow", INTERRUPT_WINDOW, .interrupt_window = { 0 }),
};

static void every_exit_is_printed_with_its_fields(void **state)
{
	char text[256];

	(void)state;
	for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(rows[i].exit.reason, i);
		assert_int_equal(axvcpu_exit_format(&rows[i].exit, text, sizeof(text)), strlen(rows[i].text));
		assert_string_equal(text, rows[i].text);
		assert_memory_equal(axvcpu_exit_name(i), rows[i].text, strlen(axvcpu_exit_name(i)));
	}
}

static void an_unknown_reason_is_printed_as_such(void **state)
{
	struct axvcpu_exit exit = { .size = sizeof(exit), .reason = 4711 };
	char text[64];

	(void)state;
	assert_string_equal(axvcpu_exit_name(4711), "unknown");
	assert_string_equal(axvcpu_exit_name(UINT32_MAX), "unknown");
	axvcpu_exit_format(&exit, text, sizeof(text));
	assert_string_equal(text, "unknown exit reason 4711");
}

static void too_small_a_buffer_is_cut_and_the_length_told(void **state)
{
	const int wanted = (int)strlen(rows[2].text);
	char text[16];

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_int_equal(axvcpu_exit_format(&rows[2].exit, text, 10), wanted);
	assert_string_equal(text, "MmioRead{");
	assert_int_equal(text[10], 'x');
	assert_int_equal(axvcpu_exit_format(&rows[2].exit, NULL, 0), wanted);
	assert_int_equal(axvcpu_exit_format(&rows[2].exit, text, 1), wanted);
	assert_string_equal(text, "");
}

static void fields_past_an_older_callers_struct_are_not_read(void **state)
{
	struct axvcpu_exit exit = rows[2].exit;
	char text[64];

	(void)state;
	exit.size = (uint32_t)offsetof(struct axvcpu_exit, mmio_read);
	axvcpu_exit_format(&exit, text, sizeof(text));
	assert_string_equal(text, "MmioRead");
}

static void values_are_those_of_the_checklist(void **state)
{
	(void)state;
	assert_int_equal(AXVCPU_EXIT_NOTHING, 0);
	assert_int_equal(AXVCPU_ACCESS_READ | AXVCPU_ACCESS_WRITE << 8 | AXVCPU_ACCESS_EXECUTE << 16, 0x040201);
	assert_int_equal(AXVCPU_ACCESS_USER | AXVCPU_ACCESS_DEVICE << 8 | AXVCPU_ACCESS_UNCACHED << 16, 0x201008);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_exit_is_printed_with_its_fields),
		cmocka_unit_test(an_unknown_reason_is_printed_as_such),
		cmocka_unit_test(too_small_a_buffer_is_cut_and_the_length_told),
		cmocka_unit_test(fields_past_an_older_callers_struct_are_not_read),
		cmocka_unit_test(values_are_those_of_the_checklist),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
