/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a debugger and a monitor need: single steps, breakpoints, translation of addresses, the VMM's clock, calls of
 * the guest to the VMM, and a way past an instruction that the engine cannot execute. Guests: debugger.s.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "row.h"

enum { STEP = 1, BREAKPOINT = 2 };

extern const struct guest_image guest_debugger[];
static struct machine machine;

static struct axvcpu *vcpu(void)
{
	return machine.vcpu[0];
}

static void start(unsigned mode, const char *label)
{
	machine_start(&machine, guest_debugger, mode, label);
}

static void expect_pc(const char *label)
{
	machine_equal("rip", machine_get(&machine, "rip"), machine_label(&machine, label));
}

static void expect_debug(uint64_t kind, const char *label)
{
	struct axvcpu_exit exit;

	machine_expect(&machine, &exit, AXVCPU_EXIT_DEBUG);
	machine_equal("the kind", exit.debug.kind, kind);
	machine_equal("the exit's pc", exit.debug.pc, machine_label(&machine, label));
	expect_pc(label);
}

static void step(int enabled)
{
	assert_ok(axvcpu_set_single_step(vcpu(), enabled));
}

static void breakpoint(const char *label, int enabled)
{
	assert_ok(axvcpu_set_breakpoint(vcpu(), machine_label(&machine, label), enabled));
}

/*
 * Steps and breakpoints, where the host has them: a KVM that runs programs natively may not, and neither does a
 * simulated processor under a KVM. Each mode is asked once.
 */
static bool stops(const char *label)
{
	struct axvcpu_exit exit;

	machine_run(&machine, &exit);
	return exit.reason == AXVCPU_EXIT_DEBUG && exit.debug.pc == machine_label(&machine, label);
}

static bool can_step(unsigned mode)
{
	static uint32_t known, works; /* bits: modes */

	if (!(known >> mode & 1)) {
		start(mode, "steps");
		step(1);
		works |= (uint32_t)stops("step_1") << mode;
		known |= 1u << mode;
	}
	return works >> mode & 1;
}

static bool can_break(unsigned mode)
{
	static uint32_t known, works; /* bits: modes */

	if (!(known >> mode & 1)) {
		start(mode, "steps");
		breakpoint("step_2", 1);
		works |= (uint32_t)stops("step_2") << mode;
		known |= 1u << mode;
	}
	return works >> mode & 1;
}

static void start_stepped(unsigned mode, const char *label)
{
	if (!can_step(mode))
		machine_skip("this host does not step the guest in %s mode", machine_mode_name(mode));
	start(mode, label);
}

static void start_broken(unsigned mode, const char *label)
{
	if (!can_break(mode))
		machine_skip("this host does not stop the guest at breakpoints in %s mode", machine_mode_name(mode));
	start_stepped(mode, label);
}

/* ---- steps ---- */

static void each_run_is_one_instruction(unsigned mode)
{
	static const char *const labels[] = { "step_1", "step_2", "step_3", "step_4", "steps_end" };

	start_stepped(mode, "steps");
	step(1);
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		expect_debug(STEP, labels[i]);
	machine_expect_done(&machine);
	machine_equal("rcx", machine_get(&machine, "rcx"), 2);
}

/* An instruction that makes an exit is a step too, and makes no other. */
static void exits_are_steps(unsigned mode)
{
	struct axvcpu_exit exit;

	start_stepped(mode, "exits");
	step(1);
	expect_debug(STEP, "exits_1");
	machine_expect(&machine, &exit, AXVCPU_EXIT_IO_WRITE);
	expect_pc("exits_2");
	machine_expect(&machine, &exit, AXVCPU_EXIT_IO_READ);
	expect_pc("exits_2");
	assert_ok(axvcpu_complete_read(vcpu(), &exit, 0x12));
	expect_pc("exits_3");
	machine_expect(&machine, &exit, AXVCPU_EXIT_MMIO_WRITE);
	machine_equal("the data", exit.mmio_write.data, 0x12);
	expect_pc("exits_4");
	machine_expect(&machine, &exit, AXVCPU_EXIT_MMIO_READ);
	assert_ok(axvcpu_complete_read(vcpu(), &exit, 0x34));
	expect_pc("exits_5");
	expect_debug(STEP, "exits_end");
	machine_expect_done(&machine);
	machine_equal("rax", machine_get(&machine, "rax"), 0x34);
}

/* The same without a look at the registers in between. */
static void exits_are_steps_unseen(unsigned mode)
{
	static const uint32_t reasons[] = { AXVCPU_EXIT_DEBUG,      AXVCPU_EXIT_IO_WRITE,  AXVCPU_EXIT_IO_READ,
					    AXVCPU_EXIT_MMIO_WRITE, AXVCPU_EXIT_MMIO_READ, AXVCPU_EXIT_DEBUG,
					    AXVCPU_EXIT_IO_WRITE };
	struct axvcpu_exit exit;

	start_stepped(mode, "exits");
	step(1);
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		machine_expect(&machine, &exit, reasons[i]);
		if (exit.reason == AXVCPU_EXIT_IO_READ || exit.reason == AXVCPU_EXIT_MMIO_READ)
			assert_ok(axvcpu_complete_read(vcpu(), &exit, 1));
	}
	machine_equal("the port", exit.io_write.port, MACHINE_PORT_DONE);
}

static void steps_end_when_switched_off(unsigned mode)
{
	start_stepped(mode, "steps");
	step(1);
	expect_debug(STEP, "step_1");
	step(0);
	machine_expect_done(&machine);
}

static void halt_is_a_step(unsigned mode)
{
	struct axvcpu_exit exit;

	start_stepped(mode, "halt");
	step(1);
	machine_expect(&machine, &exit, AXVCPU_EXIT_HALT);
	expect_pc("halt_1");
	machine_expect(&machine, &exit, AXVCPU_EXIT_HALT);
}

static void shadow_lasts_one_instruction(unsigned mode)
{
	struct axvcpu_exit exit;

	start_stepped(mode, "shadow");
	step(1);
	machine_expect(&machine, &exit, AXVCPU_EXIT_DEBUG);
	if (exit.debug.pc == machine_label(&machine, "shadow_2"))
		machine_skip("this processor takes sti and what follows as one step");
	expect_pc("shadow_1");
	assert_true(machine_get(&machine, "interrupt.shadow") != 0); /* not all processors tell sti from mov ss */
	expect_debug(STEP, "shadow_2");
	machine_equal("interrupt.shadow", machine_get(&machine, "interrupt.shadow"), 0);
}

/* ---- breakpoints ---- */

static void breakpoint_stops_before_and_goes_on(unsigned mode)
{
	start_broken(mode, "loop");
	breakpoint("loop_head", 1);
	for (uint64_t count = 0; count < 5; count++) {
		expect_debug(BREAKPOINT, "loop_head");
		machine_equal("rcx", machine_get(&machine, "rcx"), count);
	}
	machine_expect_done(&machine);
}

static void breakpoint_is_taken_away(unsigned mode)
{
	start_broken(mode, "loop");
	breakpoint("loop_head", 1);
	expect_debug(BREAKPOINT, "loop_head");
	breakpoint("loop_head", 0);
	machine_expect_done(&machine);
}

static void four_breakpoints_at_least(unsigned mode)
{
	static const char *const labels[] = { "call_1", "call_2", "call_3", "call_4" };
	int32_t error;

	start_broken(mode, "five_calls");
	for (unsigned i = 0; i < 4; i++)
		breakpoint(labels[i], 1);
	breakpoint("call_1", 1); /* it is there already */
	error = axvcpu_set_breakpoint(vcpu(), machine_label(&machine, "five_calls_end"), 1);
	assert_true(!error || error == AXVCPU_ERROR_RESOURCE_BUSY);
	for (unsigned i = 0; i < 4; i++)
		expect_debug(BREAKPOINT, labels[i]);
	if (!error)
		expect_debug(BREAKPOINT, "five_calls_end");
	machine_expect_done(&machine);
}

static void breakpoint_on_an_exit(unsigned mode)
{
	struct axvcpu_exit exit;

	start_broken(mode, "exits");
	breakpoint("exits_1", 1);
	expect_debug(BREAKPOINT, "exits_1");
	machine_expect(&machine, &exit, AXVCPU_EXIT_IO_WRITE);
	machine_expect(&machine, &exit, AXVCPU_EXIT_IO_READ);
}

static void steps_and_breakpoints_go_together(unsigned mode)
{
	start_broken(mode, "steps");
	breakpoint("step_2", 1);
	expect_debug(BREAKPOINT, "step_2");
	step(1);
	expect_debug(STEP, "step_3");
	expect_debug(STEP, "step_4");
	step(0);
	machine_expect_done(&machine);
}

static void reset_takes_breakpoints_and_steps_away(unsigned mode)
{
	start_broken(mode, "loop");
	breakpoint("loop_head", 1);
	step(1);
	start_broken(mode, "loop");
	machine_expect_done(&machine);
}

/* The guest's own debug registers are its own. */
static void breakpoints_leave_the_debug_registers(unsigned mode)
{
	start_broken(mode, "loop");
	machine_set(&machine, "dr0", 0x1234);
	breakpoint("loop_head", 1);
	expect_debug(BREAKPOINT, "loop_head");
	machine_equal("dr0", machine_get(&machine, "dr0"), 0x1234);
	machine_equal("dr7", machine_get(&machine, "dr7"), 0x400);
}

/* ---- addresses ---- */

#define PRESENT UINT64_C(1)
#define WRITE UINT64_C(2)
#define USER UINT64_C(4)
#define LARGE UINT64_C(0x80)
#define NX (UINT64_C(1) << 63)
#define TABLES MACHINE_TABLES
#define LEAVES (MACHINE_TABLES + 0x3000) /* of long mode */

#define R AXVCPU_ACCESS_READ
#define W AXVCPU_ACCESS_WRITE
#define X AXVCPU_ACCESS_EXECUTE
#define U AXVCPU_ACCESS_USER

static void expect_at(uint64_t gva, uint32_t access, uint64_t gpa)
{
	uint64_t found = 0;
	int32_t error = axvcpu_translate(vcpu(), gva, access, &found);

	if (error)
		fail_msg("0x%llx: %s", (unsigned long long)gva, axvcpu_error_text());
	machine_equal("the physical address", found, gpa);
}

static void expect_nowhere(uint64_t gva, uint32_t access)
{
	uint64_t found = 0x5a5a;

	if (axvcpu_translate(vcpu(), gva, access, &found) != AXVCPU_ERROR_NOT_FOUND)
		fail_msg("0x%llx is at 0x%llx", (unsigned long long)gva, (unsigned long long)found);
	machine_equal("the output of a failed call", found, 0x5a5a);
}

static void entry(uint64_t gpa, unsigned size, uint64_t value)
{
	machine_write(&machine, gpa, size, value);
}

static void addresses_without_paging(unsigned mode)
{
	start(mode, "steps");
	expect_at(0x1234, R | W | X | U, 0x1234);
	expect_at(0xfffffff0, R, 0xfffffff0);
}

static void addresses_of_long_mode(unsigned mode)
{
	start(mode, "steps");
	entry(LEAVES + 8 * 0x30, 8, 0x31000 | PRESENT | WRITE | USER);
	entry(LEAVES + 8 * 0x31, 8, 0x32000 | PRESENT | USER);
	entry(LEAVES + 8 * 0x32, 8, 0x33000 | PRESENT | WRITE);
	entry(LEAVES + 8 * 0x33, 8, 0x34000 | PRESENT | WRITE | USER | NX);
	entry(LEAVES + 8 * 0x34, 8, 0x35000 | WRITE | USER);
	entry(TABLES + 0x2000 + 8, 8, 0x400000 | PRESENT | WRITE | USER | LARGE);
	entry(TABLES + 0x1000 + 8, 8, 0x80000000 | PRESENT | WRITE | USER | LARGE);
	entry(TABLES + 8 * 511, 8, (TABLES + 0x1000) | PRESENT | WRITE | USER);
	expect_at(0x30123, R | W | X | U, 0x31123);
	expect_at(0x31123, R | X | U, 0x32123);
	expect_nowhere(0x31123, W | U);
	expect_at(0x31123, W, 0x32123); /* cr0.WP is 0 */
	machine_set(&machine, "cr0", machine_get(&machine, "cr0") | 0x10000);
	expect_nowhere(0x31123, W);
	expect_at(0x32123, R | W | X, 0x33123);
	expect_nowhere(0x32123, R | U);
	expect_at(0x33123, R | W | U, 0x34123);
	expect_nowhere(0x33123, X);
	expect_nowhere(0x34123, R);
	expect_at(0x212345, R | W | X | U, 0x412345);
	expect_at(0x52345678, R | W | X | U, 0x92345678);
	expect_at(0xffffff8000030123, R, 0x31123);
	expect_nowhere(0x0000ff8000030123, R); /* not canonical */
	expect_nowhere(0x8000000000, R);
}

static void turn_paging_on(void)
{
	machine_set(&machine, "cr0", 0x80010031);
	if (!(machine_get(&machine, "cr0") >> 31))
		machine_skip("this engine has no paging in 32-bit mode");
}

static void addresses_of_32_bit_paging(unsigned mode)
{
	start(mode, "steps");
	entry(TABLES, 4, (TABLES + 0x1000) | PRESENT | WRITE | USER);
	entry(TABLES + 4, 4, 0x00800000 | PRESENT | WRITE | LARGE);
	entry(TABLES + 8, 4, 0);
	entry(TABLES + 0x1000 + 4 * 1, 4, 0x1000 | PRESENT | WRITE | USER);
	entry(TABLES + 0x1000 + 4 * 5, 4, 0x6000 | PRESENT | WRITE | USER);
	entry(TABLES + 0x1000 + 4 * 6, 4, 0x7000 | PRESENT);
	machine_set(&machine, "cr3", TABLES);
	machine_set(&machine, "cr4", 0x10); /* PSE */
	turn_paging_on();
	expect_at(0x5123, R | W | X | U, 0x6123);
	expect_at(0x6123, R | X, 0x7123);
	expect_nowhere(0x6123, R | U);
	expect_nowhere(0x6123, W);
	expect_at(0x00412345, R | W, 0x00812345);
	expect_nowhere(0x00412345, R | U);
	expect_nowhere(0x00800000, R);
	machine_expect_done(&machine);
}

static void addresses_of_pae_paging(unsigned mode)
{
	start(mode, "steps");
	entry(TABLES + 0x20, 8, (TABLES + 0x1000) | PRESENT);
	entry(TABLES + 0x28, 8, 0);
	entry(TABLES + 0x30, 8, 0);
	entry(TABLES + 0x38, 8, 0);
	entry(TABLES + 0x1000, 8, (TABLES + 0x2000) | PRESENT | WRITE | USER);
	entry(TABLES + 0x1000 + 8, 8, UINT64_C(0x100400000) | PRESENT | WRITE | USER | LARGE);
	entry(TABLES + 0x2000 + 8 * 1, 8, 0x1000 | PRESENT | WRITE | USER);
	entry(TABLES + 0x2000 + 8 * 5, 8, 0x6000 | PRESENT | WRITE | USER | NX);
	machine_set(&machine, "cr3", TABLES + 0x20);
	machine_set(&machine, "cr4", 0x20); /* PAE */
	machine_set(&machine, "efer", 0x800);
	turn_paging_on();
	expect_at(0x5123, R | W | U, 0x6123);
	expect_nowhere(0x5123, X);
	expect_at(0x00312345, R | W | X, UINT64_C(0x100512345));
	expect_nowhere(0x40000000, R);
	machine_expect_done(&machine);
}

/* ---- time ---- */

static uint64_t time_ns;

static uint64_t clock_ns(void *context)
{
	(void)context;
	return time_ns;
}

static uint64_t guest_time(unsigned mode)
{
	start(mode, "time");
	machine_expect_done(&machine);
	return machine_get(&machine, "rdx") << 32 | (machine_get(&machine, "rax") & UINT32_MAX);
}

/* It goes on by the host's time after that: ten seconds are what a busy host may need. */
static bool is_about(uint64_t ticks, uint64_t ns, uint64_t khz)
{
	uint64_t expected = ns / 1000000 * khz;

	return ticks >= expected && ticks < expected + 10000 * khz;
}

/* An hour and two hours: the counter is not the host's that happens to be there. */
static void counter_follows_the_clock(unsigned mode)
{
	for (unsigned hours = 1; hours <= 2; hours++) {
		uint64_t khz, ticks;
		int32_t error;

		machine_destroy(&machine); /* a VM has one clock */
		machine_create(&machine, "");
		start(mode, "time");
		khz = machine_get(&machine, "tsc_khz");
		time_ns = hours * UINT64_C(3600) * 1000000000;
		error = axvcpu_set_clock(vcpu(), clock_ns, NULL);
		if (error == AXVCPU_ERROR_UNSUPPORTED)
			machine_skip("%s", axvcpu_error_text());
		assert_ok(error);
		assert_true(is_about(machine_get(&machine, "tsc"), time_ns, khz));
		ticks = guest_time(mode);
		if (!is_about(ticks, time_ns, khz))
			fail_msg("%u hours are %llu ticks of %llu kHz", hours, (unsigned long long)ticks,
				 (unsigned long long)khz);
	}
}

/* ---- an instruction that cannot be executed ---- */

/* rflags is not among them: a fault on the way may have set RF. */
static const char *const untouched[] = { "rax", "rcx", "rbx", "rsp", "rip" };
enum { UNTOUCHED = sizeof(untouched) / sizeof(untouched[0]) };

/* The text says what it was, nothing has changed, and the VMM may step over it. */
static void expect_unable(const char *bytes, const char *behind)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;
	uint64_t before[UNTOUCHED];

	machine_set(&machine, "rax", 0x1234);
	for (unsigned i = 0; i < UNTOUCHED; i++)
		before[i] = machine_get(&machine, untouched[i]);
	assert_ok(axvcpu_run(vcpu(), &exit));
	if (exit.reason != AXVCPU_EXIT_FAIL_ENTRY) {
		print_message("this engine executes it: %s\n", axvcpu_exit_name(exit.reason));
		return;
	}
	print_message("%s\n", axvcpu_error_text());
	assert_true(exit.fail_entry.hardware_entry_failure_reason == AXVCPU_FAIL_ENTRY_EMULATION);
	if (!strstr(axvcpu_error_text(), bytes))
		fail_msg("the text has not \"%s\"", bytes);
	for (unsigned i = 0; i < UNTOUCHED; i++)
		machine_equal(untouched[i], machine_get(&machine, untouched[i]), before[i]);
	machine_set(&machine, "rip", machine_label(&machine, behind));
	machine_expect_done(&machine);
	machine_equal("rax", machine_get(&machine, "rax"), 0x1234);
}

static void unknown_instruction_is_named_and_passed(unsigned mode)
{
	start(mode, "clac");
	expect_unable("0f 01 ca: clac", "clac_end");
}

static void unknown_access_is_named_and_passed(unsigned mode)
{
	start(mode, "addps");
	expect_unable("0f 58 03: addps", "addps_end");
}

/* ---- calls ---- */

enum { MAP_GPA_RANGE = 12, CALL_SECONDS = 2 };
static const uint64_t arguments[6] = { 0xd1, 0x51, 0x10, 1, 0x88, 0x99 }; /* rdi, rsi, rdx, rcx, r8, r9 */

/* Kicks when a call has not come back in time. */
struct patience {
	struct axvcpu *vcpu;
	uint32_t over; /* atomic: it has */
};

static void *kick_later(void *context)
{
	struct patience *patience = context;

	for (unsigned tenths = 0; tenths < 10 * CALL_SECONDS; tenths++) {
		nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
		if (__atomic_load_n(&patience->over, __ATOMIC_ACQUIRE))
			return NULL;
	}
	axvcpu_kick(patience->vcpu);
	return NULL;
}

/* The next exit, or a skip where it is not the call's. Some hosts never come back from one. */
static void expect_call(struct axvcpu_exit *exit)
{
	struct patience patience = { .vcpu = vcpu() };
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, kick_later, &patience), 0);
	*exit = (struct axvcpu_exit)AXVCPU_EXIT_INIT;
	assert_ok(axvcpu_run(vcpu(), exit));
	__atomic_store_n(&patience.over, 1, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	machine_skip_if_unable(exit, axvcpu_error_text());
	if (exit->reason == AXVCPU_EXIT_KICKED)
		machine_skip("this engine never comes back from a call");
	if (exit->reason == AXVCPU_EXIT_IO_WRITE)
		machine_skip("this engine answers calls itself");
	machine_equal("the exit's reason", exit->reason, AXVCPU_EXIT_HYPERCALL);
}

static const char *call_instruction(void)
{
	uint32_t leaf[4];

	machine_cpuid(&machine, guest_debugger, 0, 0, leaf);
	return leaf[1] == 0x68747541 ? "vmmcall" : "vmcall"; /* "Auth"enticAMD */
}

static void call(unsigned mode, const char *instruction, uint64_t number, struct axvcpu_exit *ret_exit)
{
	static const char *const names[] = { "rdi", "rsi", "rdx", "rcx", "r8", "r9" };

	start(mode, instruction);
	for (unsigned i = 0; i < 6; i++)
		machine_set(&machine, names[i], arguments[i]);
	machine_set(&machine, "rax", number);
	machine_set(&machine, "rbx", MACHINE_DATA);
	expect_call(ret_exit);
	machine_equal("the number", ret_exit->hypercall.nr, number);
	for (unsigned i = 0; i < 6; i++)
		machine_equal(names[i], ret_exit->hypercall.args[i], arguments[i]);
}

static void expect_call_done(const char *instruction, uint64_t result)
{
	char behind[16];

	snprintf(behind, sizeof(behind), "%s_end", instruction);
	expect_pc(behind);
	machine_equal("rax", machine_get(&machine, "rax"), result);
	machine_expect_done(&machine);
	machine_equal("rax", machine_get(&machine, "rax"), result);
}

/* Number 12 asks for a change of pages (rbx, rcx): KVM hands it on where it hands on no other. */
static void guest_calls_the_vmm(unsigned mode)
{
	const char *instruction = call_instruction();
	struct axvcpu_exit exit;

	call(mode, instruction, MAP_GPA_RANGE, &exit);
	expect_call_done(instruction, 0);
	call(mode, instruction, MAP_GPA_RANGE, &exit);
	assert_ok(axvcpu_set_return_value(vcpu(), (uint64_t)-3));
	expect_call_done(instruction, (uint64_t)-3);
}

/* Whether the engine can be told to hand on all calls; one without the setting always does. */
static bool hands_on_all_calls(void)
{
	struct axvcpu_create_info info = { .size = sizeof(info), .vm_id = UINT32_MAX };
	struct axvcpu_config *config;
	struct axvcpu *probe = NULL;
	int32_t error;

	assert_ok(axvcpu_config_create(machine.backend, AXVCPU_CONFIG_CREATE, &config));
	error = axvcpu_config_set(config, "hypercalls", "exit");
	info.config = config;
	if (!error)
		error = axvcpu_create(machine.backend, &info, &probe);
	else if (error == AXVCPU_ERROR_NOT_FOUND)
		error = 0;
	axvcpu_config_destroy(config);
	axvcpu_destroy(probe);
	return !error;
}

static void all_calls_are_the_vmms(unsigned mode)
{
	const char *instruction = call_instruction();
	struct axvcpu_exit exit;

	if (!hands_on_all_calls())
		machine_skip("%s", axvcpu_error_text());
	for (uint64_t number = 0; number < 20; number++) {
		call(mode, instruction, number, &exit);
		assert_ok(axvcpu_set_return_value(vcpu(), number + 100));
		expect_call_done(instruction, number + 100);
	}
}

/* clang-format off */
#define ROW(modes, name) { { #name, modes }, name }
static const struct row_test tests[] = {
	ROW(IN_ALL, each_run_is_one_instruction),
	ROW(IN_ALL, exits_are_steps),
	ROW(IN_ALL, exits_are_steps_unseen),
	ROW(IN_ALL, steps_end_when_switched_off),
	ROW(IN_RING0, halt_is_a_step),
	ROW(IN_RING0, shadow_lasts_one_instruction),
	ROW(IN_ALL, breakpoint_stops_before_and_goes_on),
	ROW(IN_ALL, breakpoint_is_taken_away),
	ROW(IN_ALL, four_breakpoints_at_least),
	ROW(IN_ALL, breakpoint_on_an_exit),
	ROW(IN_ALL, steps_and_breakpoints_go_together),
	ROW(IN_ALL, reset_takes_breakpoints_and_steps_away),
	ROW(IN_ALL, breakpoints_leave_the_debug_registers),
	ROW(IN_REAL | IN_PROTECTED, addresses_without_paging),
	ROW(IN_64, addresses_of_long_mode),
	ROW(IN_PROTECTED, addresses_of_32_bit_paging),
	ROW(IN_PROTECTED, addresses_of_pae_paging),
	ROW(IN_ALL, counter_follows_the_clock),
	ROW(IN_RING0, unknown_instruction_is_named_and_passed),
	ROW(IN_64, unknown_access_is_named_and_passed),
	ROW(IN_LONG, guest_calls_the_vmm),
	ROW(IN_LONG, all_calls_are_the_vmms),
};
/* clang-format on */

int main(void)
{
	return row_tests_main("debugger", &machine, "", tests, sizeof(tests) / sizeof(tests[0]), NULL, NULL);
}
