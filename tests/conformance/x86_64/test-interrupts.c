/* SPDX-License-Identifier: Apache-2.0 */
/* When interrupts reach the guest, edges and the line INTR; halts and what ends them. Guests: interrupts.s. */
#include <errno.h>
#include <time.h>

#include "row.h"

enum { PORT_LOOK = 0xf1, NMI_VECTOR = 2, MS = 1000000 };

#define OPEN UINT64_C(0x200) /* rflags.IF */

extern const struct guest_image guest_interrupts[];
static struct machine machine;

static struct axvcpu *vcpu(void)
{
	return machine.vcpu[0];
}

static void start(unsigned mode, const char *label)
{
	machine_start(&machine, guest_interrupts, mode, label);
}

/* For what can be seen only where interrupts come without delay. */
static void start_prompt(unsigned mode, const char *label)
{
	if (mode != GUEST_USER) {
		machine_load_guest(&machine, guest_interrupts, mode);
		machine_need_prompt(&machine);
	}
	start(mode, label);
}

static void start_open(unsigned mode, const char *label)
{
	start(mode, label);
	machine_set(&machine, "rflags", machine_get(&machine, "rflags") | OPEN);
}

static void start_open_prompt(unsigned mode, const char *label)
{
	start_prompt(mode, label);
	machine_set(&machine, "rflags", machine_get(&machine, "rflags") | OPEN);
}

/* A guest that becomes open and counts for ever. */
static void start_spinning(unsigned mode)
{
	if (mode == GUEST_USER)
		start_open(mode, "spin");
	else
		start(mode, "enable_and_spin");
}

static void inject(uint64_t vector)
{
	assert_ok(axvcpu_inject_interrupt(vcpu(), vector));
}

static void line(uint32_t level)
{
	assert_ok(axvcpu_set_interrupt_line(vcpu(), AXVCPU_X86_64_INTR, level));
}

static void expect_vector_at(unsigned vector, const char *label)
{
	machine_equal("the interrupted address", machine_expect_vector(&machine, vector),
		      machine_label(&machine, label));
}

static void expect_count(uint64_t count)
{
	machine_equal("the counter", machine_get(&machine, "rcx"), count);
}

static void expect_look(void)
{
	struct axvcpu_exit exit;

	machine_expect(&machine, &exit, AXVCPU_EXIT_IO_WRITE);
	machine_equal("the port", exit.io_write.port, PORT_LOOK);
}

static void expect_window_at(const char *label)
{
	struct axvcpu_exit exit;

	machine_expect(&machine, &exit, AXVCPU_EXIT_INTERRUPT_WINDOW);
	machine_equal("rip", machine_get(&machine, "rip"), machine_label(&machine, label));
}

static void expect_end(uint64_t count)
{
	machine_expect_done(&machine);
	expect_count(count);
}

/* ---- edges ---- */

static void comes_after_the_instruction_that_follows_sti(unsigned mode)
{
	start_prompt(mode, "enable");
	inject(0x20);
	expect_vector_at(0x20, "enable_1");
	expect_count(1);
	expect_end(4);
}

static void waits_while_the_guest_is_closed(unsigned mode)
{
	start(mode, "look");
	inject(0x20);
	expect_look();
	expect_look();
	expect_end(3);
}

static void comes_at_once_where_the_guest_is_open(unsigned mode)
{
	start_open(mode, "look");
	expect_look();
	inject(0x20);
	expect_vector_at(0x20, "look_1");
	expect_count(0);
	expect_look();
	inject(0x21);
	expect_vector_at(0x21, "look_2");
	expect_end(3);
}

static void edges_come_in_order(unsigned mode)
{
	static const unsigned vectors[] = { 0x23, 0x21, 0x3f, 0x21 };

	start_open_prompt(mode, "look");
	expect_look();
	for (unsigned i = 0; i < 4; i++)
		inject(vectors[i]);
	for (unsigned i = 0; i < 4; i++)
		expect_vector_at(vectors[i], "look_1");
	expect_look();
	expect_end(3);
}

static void read_that_waits_is_finished_first(unsigned mode)
{
	struct axvcpu_exit exit;

	start_open(mode, "read");
	machine_expect(&machine, &exit, AXVCPU_EXIT_IO_READ);
	inject(0x20);
	assert_ok(axvcpu_complete_read(vcpu(), &exit, 0x77));
	expect_vector_at(0x20, "read_end");
	machine_expect_done(&machine);
	machine_equal("rax", machine_get(&machine, "rax"), 0x77);
}

/* A repeated instruction is interrupted between its elements, and goes on. */
static void repeated_instruction_is_interrupted(unsigned mode)
{
	struct axvcpu_exit exit;

	start_open(mode, "repeat");
	machine_set(&machine, "rcx", 3);
	machine_set(&machine, "rsi", MACHINE_DATA);
	machine_expect(&machine, &exit, AXVCPU_EXIT_IO_WRITE);
	inject(0x20);
	expect_vector_at(0x20, "repeat");
	expect_count(2);
	machine_expect(&machine, &exit, AXVCPU_EXIT_IO_WRITE);
	machine_expect(&machine, &exit, AXVCPU_EXIT_IO_WRITE);
	expect_end(0);
}

static void unknown_vector_fails_the_run(unsigned mode)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	start_open(mode, "look");
	inject(257);
	assert_error(axvcpu_run(vcpu(), &exit), AXVCPU_ERROR_INVALID_INPUT, "257");
}

/* ---- the line ---- */

static void line_opens_a_window_where_it_can_be_taken(unsigned mode)
{
	start_prompt(mode, "enable");
	line(1);
	expect_window_at("enable_1");
	expect_count(1);
	expect_window_at("enable_1");
	inject(0x30);
	line(0);
	expect_vector_at(0x30, "enable_1");
	expect_end(4);
}

static void line_that_stays_up_opens_the_next_window(unsigned mode)
{
	start_open_prompt(mode, "look");
	expect_look();
	line(1);
	for (unsigned vector = 0x30; vector < 0x33; vector++) {
		expect_window_at("look_1");
		inject(vector);
		expect_vector_at(vector, "look_1");
	}
	expect_window_at("look_1");
	line(0);
	expect_look();
	expect_end(3);
}

static void line_that_falls_in_time_opens_none(unsigned mode)
{
	start(mode, "enable");
	line(1);
	line(0);
	expect_end(4);
}

static void closed_guest_hears_no_line(unsigned mode)
{
	start(mode, "look");
	line(1);
	expect_look();
	expect_look();
	expect_end(3);
}

static void edges_come_before_the_line_is_answered(unsigned mode)
{
	start_open_prompt(mode, "look");
	expect_look();
	line(1);
	inject(0x20);
	expect_vector_at(0x20, "look_1");
	expect_window_at("look_1");
}

/* ---- the non-maskable interrupt ---- */

static void nmi_comes_to_a_closed_guest(unsigned mode)
{
	start(mode, "look");
	expect_look();
	inject(AXVCPU_X86_64_NMI);
	expect_vector_at(NMI_VECTOR, "look_1");
	expect_look();
	expect_end(3);
}

/* Nested it would have interrupted its own handler. */
static void nmi_waits_for_iret(unsigned mode)
{
	start_prompt(mode, "look");
	expect_look();
	inject(AXVCPU_X86_64_NMI);
	expect_vector_at(NMI_VECTOR, "look_1");
	machine_equal("nmi.masked", machine_get(&machine, "nmi.masked"), 1);
	inject(AXVCPU_X86_64_NMI);
	expect_vector_at(NMI_VECTOR, "look_1");
	expect_look();
	machine_equal("nmi.masked", machine_get(&machine, "nmi.masked"), 0);
	expect_end(3);
}

/* ---- shadows ---- */

static void nothing_comes_in_a_shadow(unsigned mode)
{
	for (uint64_t shadow = 1; shadow <= 2; shadow++) {
		start_open_prompt(mode, "enable_1");
		machine_set(&machine, "interrupt.shadow", shadow);
		machine_equal("interrupt.shadow", machine_get(&machine, "interrupt.shadow") != 0, 1);
		inject(0x20);
		(void)machine_expect_vector(&machine, 0x20);
		if (!machine_get(&machine, "rcx"))
			machine_skip("this processor forgets the shadow that it is entered with");
		expect_count(1);
		expect_end(3);
	}
}

/* ---- halts ---- */

/* The guest is behind its HLT and has not counted. */
static void expect_halted(const char *label)
{
	struct axvcpu_exit exit;

	machine_expect(&machine, &exit, AXVCPU_EXIT_HALT);
	machine_equal("rip", machine_get(&machine, "rip"), machine_label(&machine, label));
	expect_count(0);
}

static void edge_ends_a_halt(unsigned mode)
{
	start(mode, "enable_and_halt");
	expect_halted("enable_and_halt_after");
	inject(0x20);
	assert_ok(axvcpu_wait(vcpu(), UINT64_MAX));
	machine_equal("the interrupted address", machine_expect_vector(&machine, 0x20),
		      machine_label(&machine, "enable_and_halt_after"));
	expect_end(1);
}

static void line_ends_a_halt(unsigned mode)
{
	struct axvcpu_exit exit;

	start(mode, "enable_and_halt");
	expect_halted("enable_and_halt_after");
	line(1);
	assert_ok(axvcpu_wait(vcpu(), UINT64_MAX));
	machine_expect(&machine, &exit, AXVCPU_EXIT_INTERRUPT_WINDOW);
	machine_equal("rip", machine_get(&machine, "rip"), machine_label(&machine, "enable_and_halt_after"));
	inject(0x20);
	line(0);
	machine_equal("the interrupted address", machine_expect_vector(&machine, 0x20),
		      machine_label(&machine, "enable_and_halt_after"));
	expect_end(1);
}

static void nmi_ends_a_halt(unsigned mode)
{
	start(mode, "halt");
	expect_halted("halt_after");
	inject(AXVCPU_X86_64_NMI);
	assert_ok(axvcpu_wait(vcpu(), UINT64_MAX));
	machine_equal("the interrupted address", machine_expect_vector(&machine, NMI_VECTOR),
		      machine_label(&machine, "halt_after"));
	expect_end(1);
}

static void halt_without_waiting_is_still_a_halt(unsigned mode)
{
	start(mode, "enable_and_halt");
	for (unsigned i = 0; i < 3; i++)
		expect_halted("enable_and_halt_after");
	inject(0x20);
	(void)machine_expect_vector(&machine, 0x20);
	expect_end(1);
}

static void closed_halt_is_not_ended_by_interrupts(unsigned mode)
{
	start(mode, "halt");
	expect_halted("halt_after");
	line(1);
	assert_int_equal(axvcpu_wait(vcpu(), 20 * MS), -ETIMEDOUT);
	expect_halted("halt_after");
	line(0);
	inject(0x20);
	expect_halted("halt_after");
	inject(AXVCPU_X86_64_NMI); /* waits behind the edge */
	expect_halted("halt_after");
}

static void kick_does_not_end_a_halt(unsigned mode)
{
	struct axvcpu_exit exit;

	start(mode, "enable_and_halt");
	expect_halted("enable_and_halt_after");
	assert_ok(axvcpu_kick(vcpu()));
	assert_ok(axvcpu_wait(vcpu(), UINT64_MAX));
	machine_expect(&machine, &exit, AXVCPU_EXIT_KICKED);
	expect_halted("enable_and_halt_after");
	assert_int_equal(axvcpu_wait(vcpu(), MS), -ETIMEDOUT);
	expect_halted("enable_and_halt_after");
}

static void *inject_soon(void *context)
{
	nanosleep(&(struct timespec){ .tv_nsec = 20 * MS }, NULL);
	axvcpu_inject_interrupt(context, 0x20);
	return NULL;
}

static void edge_from_another_thread_ends_a_wait(unsigned mode)
{
	pthread_t thread;

	start(mode, "enable_and_halt");
	expect_halted("enable_and_halt_after");
	assert_int_equal(pthread_create(&thread, NULL, inject_soon, vcpu()), 0);
	assert_ok(axvcpu_wait(vcpu(), UINT64_MAX));
	pthread_join(thread, NULL);
	(void)machine_expect_vector(&machine, 0x20);
	expect_end(1);
}

/* A guest that makes no exits hears of it too. */
static void edge_from_another_thread_reaches_a_running_guest(unsigned mode)
{
	pthread_t thread;

	start_open(mode, "spin");
	assert_int_equal(pthread_create(&thread, NULL, inject_soon, vcpu()), 0);
	(void)machine_expect_vector(&machine, 0x20);
	pthread_join(thread, NULL);
	assert_true(machine_get(&machine, "rcx") > 0 || mode == GUEST_REAL);
}

static void *raise_soon(void *context)
{
	nanosleep(&(struct timespec){ .tv_nsec = 20 * MS }, NULL);
	axvcpu_set_interrupt_line(context, AXVCPU_X86_64_INTR, 1);
	return NULL;
}

static void line_from_another_thread_reaches_a_running_guest(unsigned mode)
{
	struct axvcpu_exit exit;
	pthread_t thread;

	start_open(mode, "spin");
	assert_int_equal(pthread_create(&thread, NULL, raise_soon, vcpu()), 0);
	machine_expect(&machine, &exit, AXVCPU_EXIT_INTERRUPT_WINDOW);
	pthread_join(thread, NULL);
}

/* ---- the same for a guest that spins, wherever in it they come ---- */

static void expect_vector_in_spin(unsigned vector)
{
	uint64_t address = machine_expect_vector(&machine, vector);

	if (address < machine_label(&machine, "spin") || address >= machine_label(&machine, "spin_end"))
		fail_msg("vector %u interrupted 0x%llx", vector, (unsigned long long)address);
}

static void spinning_guest_gets_edges_in_order(unsigned mode)
{
	static const unsigned vectors[] = { 0x23, 0x21, 0x3f, 0x21 };

	start_spinning(mode);
	for (unsigned i = 0; i < 4; i++)
		inject(vectors[i]);
	for (unsigned i = 0; i < 4; i++)
		expect_vector_in_spin(vectors[i]);
}

static void spinning_guest_opens_windows(unsigned mode)
{
	struct axvcpu_exit exit;

	start_spinning(mode);
	line(1);
	for (unsigned vector = 0x30; vector < 0x33; vector++) {
		machine_expect(&machine, &exit, AXVCPU_EXIT_INTERRUPT_WINDOW);
		machine_expect(&machine, &exit, AXVCPU_EXIT_INTERRUPT_WINDOW);
		inject(vector);
		expect_vector_in_spin(vector);
	}
}

static void spinning_guest_gets_an_nmi_after_the_last(unsigned mode)
{
	uint64_t stack;

	start(mode, "spin");
	inject(AXVCPU_X86_64_NMI);
	expect_vector_in_spin(NMI_VECTOR);
	stack = machine_get(&machine, "rsp");
	machine_equal("nmi.masked", machine_get(&machine, "nmi.masked"), 1);
	inject(AXVCPU_X86_64_NMI);
	expect_vector_in_spin(NMI_VECTOR);
	machine_equal("rsp", machine_get(&machine, "rsp"), stack);
}

/* clang-format off */
#define ROW(modes, name) { { #name, modes }, name }
static const struct row_test tests[] = {
	ROW(IN_RING0, comes_after_the_instruction_that_follows_sti),
	ROW(IN_ALL, waits_while_the_guest_is_closed),
	ROW(IN_ALL, comes_at_once_where_the_guest_is_open),
	ROW(IN_ALL, edges_come_in_order),
	ROW(IN_ALL, read_that_waits_is_finished_first),
	ROW(IN_ALL, repeated_instruction_is_interrupted),
	ROW(IN_ALL, unknown_vector_fails_the_run),
	ROW(IN_RING0, line_opens_a_window_where_it_can_be_taken),
	ROW(IN_ALL, line_that_stays_up_opens_the_next_window),
	ROW(IN_RING0, line_that_falls_in_time_opens_none),
	ROW(IN_ALL, closed_guest_hears_no_line),
	ROW(IN_ALL, edges_come_before_the_line_is_answered),
	ROW(IN_ALL, nmi_comes_to_a_closed_guest),
	ROW(IN_ALL, nmi_waits_for_iret),
	ROW(IN_RING0, nothing_comes_in_a_shadow),
	ROW(IN_RING0, edge_ends_a_halt),
	ROW(IN_RING0, line_ends_a_halt),
	ROW(IN_RING0, nmi_ends_a_halt),
	ROW(IN_RING0, halt_without_waiting_is_still_a_halt),
	ROW(IN_RING0, closed_halt_is_not_ended_by_interrupts),
	ROW(IN_RING0, kick_does_not_end_a_halt),
	ROW(IN_RING0, edge_from_another_thread_ends_a_wait),
	ROW(IN_ALL, spinning_guest_gets_edges_in_order),
	ROW(IN_ALL, spinning_guest_opens_windows),
	ROW(IN_ALL, spinning_guest_gets_an_nmi_after_the_last),
	ROW(IN_ALL, edge_from_another_thread_reaches_a_running_guest),
	ROW(IN_ALL, line_from_another_thread_reaches_a_running_guest),
};
/* clang-format on */

int main(void)
{
	return row_tests_main("interrupts", &machine, "", tests, sizeof(tests) / sizeof(tests[0]), NULL, NULL);
}
