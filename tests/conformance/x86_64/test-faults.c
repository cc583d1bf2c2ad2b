/* SPDX-License-Identifier: Apache-2.0 */
/* What ends or diverts a guest: halts, faults, refused registers, shutdowns, and reads that nobody completed. Guests:
 * faults.s. */
#include "row.h"

enum { GENERAL_PROTECTION = 13, PAGE_FAULT = 14, PORT_STAGE = 0xf0 };
enum { ERROR_WRITE = 2, ERROR_USER = 4 };

#define UNKNOWN_MSR 0x5555u
#define X2APIC_ID 0x802u
#define UNMAPPED UINT64_C(0x300000) /* beyond the tables' 2 MiB */

extern const struct guest_image guest_faults[];
static struct machine machine;

static void start(unsigned mode, const char *label)
{
	machine_start(&machine, guest_faults, mode, label);
}

static void expect_pc(const char *label)
{
	machine_equal("rip", machine_get(&machine, "rip"), machine_label(&machine, label));
}

/* ---- halts and ends ---- */

static void halts(unsigned mode)
{
	struct axvcpu_exit exit;

	start(mode, "halt");
	machine_expect(&machine, &exit, AXVCPU_EXIT_HALT);
	expect_pc("halt_end");
	machine_expect(&machine, &exit, AXVCPU_EXIT_HALT); /* it waits for an interrupt, not for the VMM */
	expect_pc("halt_end");
}

static void shuts_down_at_a_triple_fault(unsigned mode)
{
	struct axvcpu_exit exit;

	start(mode, "undefined");
	machine_use_interrupts(&machine, 0, false);
	machine_run(&machine, &exit);
	if (mode == GUEST_REAL && exit.reason == AXVCPU_EXIT_IO_WRITE)
		machine_skip("real mode is emulated here, without the limit of the interrupt table");
	machine_equal("the exit's reason", exit.reason, AXVCPU_EXIT_SYSTEM_DOWN);
	machine_equal("the kind", exit.system_down.kind, 1);
}

static void powers_off(unsigned mode)
{
	struct axvcpu_exit exit;

	start(mode, "power_off");
	machine_expect(&machine, &exit, AXVCPU_EXIT_SYSTEM_DOWN);
	machine_equal("the kind", exit.system_down.kind, 0);
	expect_pc("power_off_end");
	machine_expect_done(&machine);
}

static void other_writes_do_not_power_off(unsigned mode)
{
	static const struct {
		uint32_t port, width;
		uint64_t data;
	} expected[] = { { 0x604, 1, 0 }, { 0x604, 4, 0x2000 }, { 0x604, 2, 0x2001 }, { 0x605, 2, 0x2000 } };
	struct axvcpu_exit exit;

	start(mode, "no_power_off");
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		machine_expect(&machine, &exit, AXVCPU_EXIT_IO_WRITE);
		machine_equal("the port", exit.io_write.port, expected[i].port);
		machine_equal("the width", exit.io_write.width, expected[i].width);
		machine_equal("the data", exit.io_write.data, expected[i].data);
	}
	machine_expect_done(&machine);
}

/* ---- code where no memory is ---- */

static uint32_t add_page(uint64_t gpa, const void *code, size_t size)
{
	struct axvcpu_slot slot = { .size_of_struct = sizeof(slot), .gpa = gpa, .size = AXVCPU_PAGE_SIZE };

	assert_ok(axvcpu_space_add(machine.space, &slot));
	assert_ok(axvcpu_space_write(machine.space, gpa, code, size));
	return slot.id;
}

static void code_from_nowhere_is_fetched_when_it_is_there(unsigned mode)
{
	static const unsigned char done[] = { 0xe6, MACHINE_PORT_DONE }; /* out %al, $0xf4 */
	struct axvcpu_exit exit;
	uint32_t id;

	start(mode, "jump_nowhere");
	for (unsigned i = 0; i < 2; i++) {
		machine_expect(&machine, &exit, AXVCPU_EXIT_NESTED_PAGE_FAULT);
		machine_equal("the address", exit.nested_page_fault.addr, MACHINE_HOLE);
		machine_equal("the access is a fetch", exit.nested_page_fault.access_flags & AXVCPU_ACCESS_EXECUTE,
			      AXVCPU_ACCESS_EXECUTE);
		machine_equal("the program counter", machine_get(&machine, "cs.base") + machine_get(&machine, "rip"),
			      MACHINE_HOLE);
	}
	id = add_page(MACHINE_HOLE, done, sizeof(done));
	machine_expect_done(&machine);
	assert_ok(axvcpu_space_remove(machine.space, id));
}

/* ---- faults that the guest hears of ---- */

static uint64_t error_code(void)
{
	unsigned word = machine.mode == GUEST_PROTECTED ? 4 : 8;

	return machine_read(&machine, machine_get(&machine, "rsp") + word, word);
}

static void expect_protection_fault(const char *label)
{
	machine_equal("the interrupted address", machine_expect_vector(&machine, GENERAL_PROTECTION),
		      machine_label(&machine, label));
	if (machine.mode != GUEST_REAL)
		machine_equal("the error code", error_code(), 0);
}

static void divides_by_zero(unsigned mode)
{
	start(mode, "divide");
	machine_equal("the interrupted address", machine_expect_vector(&machine, 0), machine_label(&machine, "divide"));
}

static void undefined_instruction(unsigned mode)
{
	start(mode, "undefined");
	machine_equal("the interrupted address", machine_expect_vector(&machine, 6),
		      machine_label(&machine, "undefined"));
}

static void unknown_registers_fault(unsigned mode)
{
	static const char *const labels[] = { "read_msr", "write_msr" };

	for (unsigned i = 0; i < 2; i++) {
		start(mode, labels[i]);
		machine_set(&machine, "rcx", UNKNOWN_MSR);
		expect_protection_fault(labels[i]);
	}
}

static void refused_read_faults(unsigned mode)
{
	struct axvcpu_exit exit;

	start(mode, "read_msr");
	machine_set(&machine, "rcx", X2APIC_ID);
	machine_set(&machine, "rdx", 0x1234);
	machine_expect(&machine, &exit, AXVCPU_EXIT_SYSREG_READ);
	assert_ok(axvcpu_fail_access(machine.vcpu[0], &exit));
	assert_int_equal(axvcpu_fail_access(machine.vcpu[0], &exit), AXVCPU_ERROR_BAD_STATE);
	expect_protection_fault("read_msr");
	machine_equal("rdx", machine_get(&machine, "rdx"), 0x1234);
}

static void refused_write_faults(unsigned mode)
{
	struct axvcpu_exit exit;

	start(mode, "write_msr");
	machine_set(&machine, "rcx", X2APIC_ID);
	machine_expect(&machine, &exit, AXVCPU_EXIT_SYSREG_WRITE);
	assert_ok(axvcpu_fail_access(machine.vcpu[0], &exit));
	expect_protection_fault("write_msr");
}

/* A read that is completed cannot be refused, and no port access can. */
static void only_pending_registers_are_refused(unsigned mode)
{
	struct axvcpu_exit exit;

	start(mode, "read_msr");
	machine_set(&machine, "rcx", X2APIC_ID);
	machine_expect(&machine, &exit, AXVCPU_EXIT_SYSREG_READ);
	assert_ok(axvcpu_complete_read(machine.vcpu[0], &exit, 1));
	assert_int_equal(axvcpu_fail_access(machine.vcpu[0], &exit), AXVCPU_ERROR_BAD_STATE);
	machine_expect_done(&machine);
	start(mode, "write_port");
	machine_expect(&machine, &exit, AXVCPU_EXIT_IO_WRITE);
	assert_int_equal(axvcpu_fail_access(machine.vcpu[0], &exit), AXVCPU_ERROR_INVALID_INPUT);
}

/* ---- ring 3 ---- */

static void start_unprivileged(unsigned mode, const char *label)
{
	start(mode, label);
	machine_set(&machine, "rflags", 2); /* IOPL 0 */
}

static void privileged_instructions_fault(unsigned mode)
{
	static const char *const labels[] = { "halt", "read_msr", "write_msr", "clear_interrupts", "read_cr0" };

	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		start_unprivileged(mode, labels[i]);
		expect_protection_fault(labels[i]);
		machine_equal("cs", machine_get(&machine, "cs") & 3, 0);
	}
}

static void closed_ports_fault(unsigned mode)
{
	start_unprivileged(mode, "write_port");
	machine_write(&machine, MACHINE_TSS + 0x68 + 0x10 / 8, 1, 1);
	expect_protection_fault("write_port");
}

static void page_faults_have_address_and_reason(unsigned mode)
{
	uint64_t user = mode == GUEST_USER ? ERROR_USER : 0;
	const struct {
		const char *label;
		uint64_t error;
	} accesses[] = { { "read_unmapped", user }, { "write_unmapped", user | ERROR_WRITE } };

	for (unsigned i = 0; i < 2; i++) {
		start(mode, accesses[i].label);
		machine_set(&machine, "rsi", UNMAPPED + i);
		machine_equal("the interrupted address", machine_expect_vector(&machine, PAGE_FAULT),
			      machine_label(&machine, accesses[i].label));
		machine_equal("cr2", machine_get(&machine, "cr2"), UNMAPPED + i);
		machine_equal("the error code", error_code(), accesses[i].error);
	}
}

/* ---- reads that nobody completed ---- */

static void open_reads_stop_the_guest(unsigned mode)
{
	static const struct {
		const char *label;
		uint32_t reason;
	} reads[] = { { "read_port", AXVCPU_EXIT_IO_READ },
		      { "read_hole", AXVCPU_EXIT_MMIO_READ },
		      { "read_msr", AXVCPU_EXIT_SYSREG_READ } };
	struct axvcpu_exit exit;

	for (unsigned i = 0; i < (mode == GUEST_USER ? 2 : 3); i++) {
		start(mode, reads[i].label);
		machine_set(&machine, "rcx", X2APIC_ID);
		machine_expect(&machine, &exit, reads[i].reason);
		assert_error(axvcpu_run(machine.vcpu[0], &exit), AXVCPU_ERROR_BAD_STATE, "complete");
	}
}

static void reads_are_completed_once(unsigned mode)
{
	struct axvcpu_exit exit;

	start(mode, "read_port");
	machine_expect(&machine, &exit, AXVCPU_EXIT_IO_READ);
	assert_ok(axvcpu_complete_read(machine.vcpu[0], &exit, 1));
	assert_int_equal(axvcpu_complete_read(machine.vcpu[0], &exit, 2), AXVCPU_ERROR_BAD_STATE);
	machine_equal("rax", machine_get(&machine, "rax"), 1);
	machine_expect(&machine, &exit, AXVCPU_EXIT_IO_WRITE);
	assert_int_equal(axvcpu_complete_read(machine.vcpu[0], &exit, 1), AXVCPU_ERROR_INVALID_INPUT);
}

/* A reset forgets a read that waits, as does a VMM that moves the program counter. */
static void open_reads_can_be_given_up(unsigned mode)
{
	struct axvcpu_exit exit;

	start(mode, "read_hole");
	machine_expect(&machine, &exit, AXVCPU_EXIT_MMIO_READ);
	start(mode, "read_port");
	machine_set(&machine, "rax", 0x5a5a);
	machine_expect(&machine, &exit, AXVCPU_EXIT_IO_READ);
	machine_set(&machine, "rip", machine_label(&machine, "write_port"));
	machine_expect(&machine, &exit, AXVCPU_EXIT_IO_WRITE);
	machine_equal("the data", exit.io_write.data, 0x5a);
	machine_equal("rax", machine_get(&machine, "rax"), 0x5a5a);
	machine_expect_done(&machine);
}

/* ---- modes ---- */

static void expect_stage(uint64_t number)
{
	struct axvcpu_exit exit;

	machine_expect(&machine, &exit, AXVCPU_EXIT_IO_WRITE);
	machine_equal("the port", exit.io_write.port, PORT_STAGE);
	machine_equal("the stage", exit.io_write.data, number);
}

static void guest_goes_through_all_modes(unsigned mode)
{
	start(mode, "through_modes");
	machine_set_segment(machine.vcpu[0], "tr", 0x30, MACHINE_TSS, 0x2068, 0x8b);
	expect_stage(32);
	machine_equal("cs", machine_get(&machine, "cs"), 0x08);
	machine_equal("cs.attributes", machine_get(&machine, "cs.attributes"), 0xc09b);
	machine_equal("cr0 has PE", machine_get(&machine, "cr0") & 1, 1);
	expect_stage(64);
	machine_equal("cs.attributes", machine_get(&machine, "cs.attributes"), 0xa09b);
	machine_equal("efer has LMA", machine_get(&machine, "efer") >> 10 & 1, 1);
	machine_equal("rax", machine_get(&machine, "rax"), 0x1122334455667740);
	expect_stage(3);
	machine_equal("cs", machine_get(&machine, "cs"), 0x2b);
	machine_expect_done(&machine);
}

static const struct row_test tests[] = {
	{ { "halts", IN_RING0 }, halts },
	{ { "shuts_down_at_a_triple_fault", IN_ALL }, shuts_down_at_a_triple_fault },
	{ { "powers_off", IN_ALL }, powers_off },
	{ { "other_writes_do_not_power_off", IN_ALL }, other_writes_do_not_power_off },
	{ { "code_from_nowhere_is_fetched_when_it_is_there", IN_ALL }, code_from_nowhere_is_fetched_when_it_is_there },
	{ { "divides_by_zero", IN_ALL }, divides_by_zero },
	{ { "undefined_instruction", IN_ALL }, undefined_instruction },
	{ { "unknown_registers_fault", IN_RING0 }, unknown_registers_fault },
	{ { "refused_read_faults", IN_RING0 }, refused_read_faults },
	{ { "refused_write_faults", IN_RING0 }, refused_write_faults },
	{ { "only_pending_registers_are_refused", IN_RING0 }, only_pending_registers_are_refused },
	{ { "privileged_instructions_fault", IN_USER }, privileged_instructions_fault },
	{ { "closed_ports_fault", IN_USER }, closed_ports_fault },
	{ { "page_faults_have_address_and_reason", IN_64 }, page_faults_have_address_and_reason },
	{ { "open_reads_stop_the_guest", IN_ALL }, open_reads_stop_the_guest },
	{ { "reads_are_completed_once", IN_ALL }, reads_are_completed_once },
	{ { "open_reads_can_be_given_up", IN_ALL }, open_reads_can_be_given_up },
	{ { "guest_goes_through_all_modes", IN_REAL }, guest_goes_through_all_modes },
};

int main(void)
{
	return row_tests_main("faults", &machine, "", tests, sizeof(tests) / sizeof(tests[0]), NULL, NULL);
}
