/* SPDX-License-Identifier: Apache-2.0 */
/* Several vCPUs of one VM, each on its thread: shared memory, interrupts from one to the other, starting and
 * restarting. Guests: vcpus.s. */
#include "row.h"
#include "runner.h"

enum { PORT_SEND = 0x20, PORT_START = 0x21, SECONDS_MAX = 90 };
/* So many rounds that vCPUs meet; fewer where each waits for the other's thread. */
enum { HAND_OVERS = 100, ADDITIONS = 20000, SENDS = 300, STARTS = 20 };

#define MAILBOX MACHINE_DATA

extern const struct guest_image guest_vcpus[];
static struct machine machine;

/* ---- vCPUs on threads ---- */

static struct runner runners[MACHINE_VCPUS];
static int32_t start_vcpu_1(uint64_t page);

static bool handle(struct runner *runner)
{
	const struct axvcpu_exit *exit = &runner->exit;

	switch (exit->reason) {
	case AXVCPU_EXIT_HALT:
		runner->error = axvcpu_wait(machine.vcpu[runner->index], UINT64_MAX);
		return true;
	case AXVCPU_EXIT_IO_WRITE:
		if (exit->io_write.port == PORT_SEND)
			runner->error = axvcpu_inject_interrupt(machine.vcpu[exit->io_write.data], 0x20);
		else if (exit->io_write.port == PORT_START)
			runner->error = start_vcpu_1(exit->io_write.data);
		return exit->io_write.port != MACHINE_PORT_DONE;
	}
	return runner_goes_on(runner);
}

static void run_all(unsigned count)
{
	runners_run(&machine, runners, count, SECONDS_MAX, handle);
}

static void set(unsigned index, const char *reg, uint64_t value)
{
	assert_ok(axvcpu_set_reg_u64(machine.vcpu[index], reg, value));
}

static void start(unsigned index, const char *label, uint64_t times)
{
	machine_start_vcpu(&machine, index, label);
	set(index, "rsi", MAILBOX);
	set(index, "rdx", index);
	set(index, "rcx", times);
	set(index, "rsp", MACHINE_STACK - 0x100 * index);
	assert_ok(axvcpu_unbind(machine.vcpu[index]));
}

/* ---- shared memory ---- */

static void work_is_handed_round(unsigned mode)
{
	for (unsigned count = 2; count <= MACHINE_VCPUS; count++) {
		machine_load_guest(&machine, guest_vcpus, mode);
		for (unsigned i = 0; i < count; i++) {
			start(i, "hand_over", HAND_OVERS);
			set(i, "rdi", (i + 1) % count);
		}
		run_all(count);
		machine_equal("the count", machine_read(&machine, MAILBOX + 4, 4), (uint64_t)count * HAND_OVERS);
	}
}

static void additions_are_locked(unsigned mode)
{
	machine_load_guest(&machine, guest_vcpus, mode);
	for (unsigned i = 0; i < MACHINE_VCPUS; i++)
		start(i, "add", ADDITIONS);
	run_all(MACHINE_VCPUS);
	machine_equal("the sum", machine_read(&machine, MAILBOX, 4), (uint64_t)MACHINE_VCPUS * ADDITIONS);
	machine_equal("the count", machine_read(&machine, MAILBOX + 4, 4), (uint64_t)MACHINE_VCPUS * ADDITIONS);
}

static void spin_lock_keeps_others_out(unsigned mode)
{
	machine_load_guest(&machine, guest_vcpus, mode);
	for (unsigned i = 0; i < MACHINE_VCPUS; i++)
		start(i, "spin_lock", ADDITIONS / 4);
	run_all(MACHINE_VCPUS);
	machine_equal("the count", machine_read(&machine, MAILBOX + 4, 4), (uint64_t)MACHINE_VCPUS * (ADDITIONS / 4));
}

/* ---- interrupts from one to the other ---- */

static void interrupts_wake_the_other(unsigned mode)
{
	machine_load_guest(&machine, guest_vcpus, mode);
	start(0, "send", SENDS);
	start(1, "receive", SENDS);
	run_all(2);
	machine_equal("the count", machine_read(&machine, MAILBOX, 4), SENDS);
}

/* ---- starting ---- */

/* The thread of a vCPU that waits ends, and leaves it to this one. */
static int32_t park(struct runner *runner)
{
	runner_stop(runner);
	pthread_join(runner->thread, NULL);
	if (!runner->error)
		runner->error = axvcpu_reset(machine.vcpu[runner->index]);
	runner->stop = 0;
	runner->exit = (struct axvcpu_exit)AXVCPU_EXIT_INIT;
	return runner->error;
}

/* What a VMM does for a start-up IPI, on the thread of the vCPU that sent it. */
static int32_t start_vcpu_1(uint64_t page)
{
	struct axvcpu *vcpu = machine.vcpu[1];
	uint64_t cs = 0, rip = 1;
	int32_t error = 0;

	if (axvcpu_state(vcpu) != AXVCPU_STATE_CREATED)
		error = park(&runners[1]);
	if (!error)
		error = axvcpu_setup(vcpu, page * AXVCPU_PAGE_SIZE, axvcpu_space_root(machine.space), NULL);
	if (!error)
		error = axvcpu_get_reg_u64(vcpu, "cs", &cs);
	if (!error)
		error = axvcpu_get_reg_u64(vcpu, "rip", &rip);
	if (error)
		return error;
	return cs == page << 8 && !rip && !runner_launch(runners, 1) ? 0 : AXVCPU_ERROR_BAD_STATE;
}

static void parked_vcpu_is_started_and_started_anew(unsigned mode)
{
	const uint64_t first_page = 0x20;
	uint64_t code, size;

	machine_load_guest(&machine, guest_vcpus, mode);
	code = machine_label(&machine, "other");
	size = machine_label(&machine, "other_end") - code;
	for (uint64_t page = first_page; page < first_page + STARTS; page++)
		assert_ok(axvcpu_space_write(machine.space, page * AXVCPU_PAGE_SIZE,
					     machine.image->code + (code - MACHINE_CODE), size));
	assert_ok(axvcpu_reset(machine_vcpu(&machine, 1)));
	start(0, "start_others", STARTS);
	set(0, "rbx", first_page);
	run_all(1);
	assert_ok(park(&runners[1]));
	machine_equal("the code segment of the last start", machine_read(&machine, MAILBOX, 2),
		      (first_page + STARTS - 1) << 8);
}

/* ---- what a vCPU is ---- */

static void bootstrap_processor_says_so(unsigned mode)
{
	machine_load_guest(&machine, guest_vcpus, mode);
	for (unsigned i = 0; i < 2; i++) {
		uint64_t base = 0;

		start(i, "add", 1);
		assert_ok(axvcpu_get_reg_u64(machine.vcpu[i], "apic_base", &base));
		machine_equal("the BSP bit of apic_base", base >> 8 & 1, i == 0);
	}
}

/* clang-format off */
#define ROW(modes, name) { { #name, modes }, name }
static const struct row_test tests[] = {
	ROW(IN_ALL, work_is_handed_round),
	ROW(IN_ALL, additions_are_locked),
	ROW(IN_ALL, spin_lock_keeps_others_out),
	ROW(IN_RING0, interrupts_wake_the_other),
	ROW(IN_REAL, parked_vcpu_is_started_and_started_anew),
	ROW(IN_REAL, bootstrap_processor_says_so),
};
/* clang-format on */

int main(void)
{
	return row_tests_main("vcpus", &machine, "", tests, sizeof(tests) / sizeof(tests[0]), NULL, NULL);
}
