/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One vCPU on two engines, the backend under test and AXVCPU_CONFORMANCE_OTHER: a guest that goes from one to the other
 * and back, at each exit or after each instruction, gives the same exits and ends with the same state as one that
 * stays. Guests: snapshots.s, and CPUID that no guest can tell them apart by.
 */
#include "row.h"

#include <stdlib.h>
#include <time.h>

enum { EXITS_MAX = 256, SNAPSHOT_MAX = 65536, STEPS_MAX = 20000 };
#define RFLAGS_IOPL UINT64_C(0x3000)

enum { NEVER, AFTER_EXITS, BEFORE_ANSWERS, AFTER_STEPS };

extern const struct guest_image guest_snapshots[];
static struct machine machine;
static struct axvcpu_backend *engines[2];
static unsigned at; /* the engine that the vCPU is on */

struct snapshot {
	_Alignas(8) uint8_t bytes[SNAPSHOT_MAX];
	size_t size;
	uint8_t ram[MACHINE_RAM_SIZE];
};

static struct snapshot expected, found;
static char reference[EXITS_MAX][256];
static unsigned exits;

static struct axvcpu *vcpu(void)
{
	return machine.vcpu[0];
}

static void hop(void)
{
	at ^= 1;
	assert_ok(axvcpu_switch(vcpu(), engines[at]));
}

static void go_to(unsigned engine)
{
	if (at != engine)
		hop();
}

/* Begun anew wherever it is: a switch that still waits for an instruction's end is forgotten. */
static void start(unsigned mode, const char *label)
{
	machine_start(&machine, guest_snapshots, mode, label);
	assert_ok(axvcpu_switch(vcpu(), engines[0]));
	at = 0;
	machine_set(&machine, "rsi", MACHINE_DATA);
}

static void save(struct snapshot *snapshot)
{
	assert_ok(axvcpu_save_state(vcpu(), snapshot->bytes, sizeof(snapshot->bytes), &snapshot->size));
	assert_ok(axvcpu_space_read(machine.space, 0, snapshot->ram, MACHINE_RAM_SIZE));
}

/* ---- comparison ---- */

struct search {
	uint64_t id;
	const uint8_t *value;
	uint32_t size;
};

static int look_at(void *context, uint64_t id, const char *name, const void *value, uint32_t size)
{
	struct search *search = context;

	(void)name;
	if (id == search->id) {
		search->value = value;
		search->size = size;
	}
	return 0;
}

static struct search find(const struct snapshot *snapshot, uint64_t id)
{
	struct search search = { .id = id };

	assert_ok(axvcpu_snapshot_walk(snapshot->bytes, snapshot->size, look_at, &search));
	return search;
}

static uint64_t word_of(const struct search *search)
{
	uint64_t word = 0;

	if (search->value)
		memcpy(&word, search->value, search->size < 8 ? search->size : 8);
	return search->id == AXVCPU_X86_64_RFLAGS ? word & ~RFLAGS_IOPL : word;
}

/* A KVM in software runs ring 3 with its own IOPL. */
static bool are_same(const struct search *one, const struct search *two)
{
	if (one->id == AXVCPU_X86_64_RFLAGS)
		return word_of(one) == word_of(two);
	return one->size == two->size && (!one->size || !memcmp(one->value, two->value, one->size));
}

/* Which last instruction x87 tells: AMD's processors keep it only while an exception is pending. */
static bool is_kept(const struct axvcpu_reg *reg)
{
	return !(reg->flags & AXVCPU_REG_VOLATILE) && reg->id != AXVCPU_X86_64_FPU(3) &&
	       reg->id != AXVCPU_X86_64_FPU(4) && reg->id != AXVCPU_X86_64_FPU(5);
}

static void expect_same_registers(const char *when)
{
	uint32_t count;
	const struct axvcpu_reg *reg = axvcpu_regs(AXVCPU_ARCH_X86_64, &count);

	for (; count--; reg++) {
		struct search one = find(&found, reg->id), two = find(&expected, reg->id);

		if (is_kept(reg) && !are_same(&one, &two))
			fail_msg("%s: %s is 0x%llx..., not 0x%llx...", when, reg->name,
				 (unsigned long long)word_of(&one), (unsigned long long)word_of(&two));
	}
}

/* Page tables apart: when an accessed bit is set is the processor's affair. */
static void expect_same(const char *when)
{
	const size_t end = MACHINE_TABLES + 4 * AXVCPU_PAGE_SIZE;

	expect_same_registers(when);
	assert_memory_equal(found.ram, expected.ram, MACHINE_TABLES);
	assert_memory_equal(found.ram + end, expected.ram + end, MACHINE_RAM_SIZE - end);
}

/* ---- a run ---- */

static bool is_read(const struct axvcpu_exit *exit)
{
	return exit->reason == AXVCPU_EXIT_IO_READ || exit->reason == AXVCPU_EXIT_MMIO_READ ||
	       exit->reason == AXVCPU_EXIT_SYSREG_READ;
}

static bool is_done(const struct axvcpu_exit *exit)
{
	return exit->reason == AXVCPU_EXIT_IO_WRITE && exit->io_write.port == MACHINE_PORT_DONE;
}

/* In the reference run exits are noted, in the others compared. */
static void look(const struct axvcpu_exit *exit, unsigned when, unsigned number)
{
	char text[256];

	assert_true(number < EXITS_MAX);
	axvcpu_exit_format(exit, text, sizeof(text));
	if (when == NEVER)
		strcpy(reference[number], text);
	else if (strcmp(reference[number], text))
		fail_msg("exit %u is %s, not %s", number, text, reference[number]);
}

/* One exit, and what the VMM does at it. False: it was the last. */
static bool advance(unsigned when)
{
	struct axvcpu_exit exit;

	machine_run(&machine, &exit);
	if (exit.reason == AXVCPU_EXIT_DEBUG)
		return true;
	look(&exit, when, exits);
	if (when == BEFORE_ANSWERS)
		hop();
	if (is_read(&exit))
		assert_ok(axvcpu_complete_read(vcpu(), &exit, UINT64_C(0x9e3779b97f4a7c15) * (exits + 1)));
	exits++;
	return !is_done(&exit);
}

static void run(unsigned mode, unsigned when)
{
	unsigned steps = 0;

	start(mode, "mixed");
	assert_ok(axvcpu_set_single_step(vcpu(), when == AFTER_STEPS));
	for (exits = 0; advance(when);) {
		assert_true(++steps < STEPS_MAX);
		if (when == AFTER_EXITS || when == AFTER_STEPS)
			hop();
	}
	assert_ok(axvcpu_set_single_step(vcpu(), 0));
	go_to(0);
	save(when == NEVER ? &expected : &found);
	if (when != NEVER)
		expect_same("at the end");
	print_message("%u exits, %u times on\n", exits, steps);
}

/* ---- the tests ---- */

static void goes_on_after_every_exit(unsigned mode)
{
	run(mode, NEVER);
	run(mode, AFTER_EXITS);
}

static void goes_on_before_every_answer(unsigned mode)
{
	run(mode, NEVER);
	run(mode, BEFORE_ANSWERS);
}

/* A KVM in software may give the guest's handler the steps of ring 3. */
static void need_steps(unsigned mode)
{
	for (unsigned engine = 0; engine < 2; engine++) {
		struct axvcpu_exit exit;

		start(mode, "mixed");
		go_to(engine);
		assert_ok(axvcpu_set_single_step(vcpu(), 1));
		machine_expect(&machine, &exit, AXVCPU_EXIT_DEBUG);
		if (exit.debug.pc < machine_label(&machine, "mixed"))
			machine_skip("a single step raises an exception of the guest's");
	}
}

static void goes_on_after_every_instruction(unsigned mode)
{
	need_steps(mode);
	run(mode, NEVER);
	run(mode, AFTER_STEPS);
}

/* There and back changes nothing, wherever the guest is. */
static void comes_back_as_it_was(unsigned mode)
{
	start(mode, "mixed");
	exits = 0;
	for (unsigned i = 0; i < 40 && advance(NEVER); i++) {
		save(&expected);
		hop();
		hop();
		save(&found);
		expect_same("after there and back");
	}
}

static void expect_interrupt(unsigned vector)
{
	uint64_t address = machine_expect_vector(&machine, vector);

	assert_true(address >= machine_label(&machine, "asleep") && address < machine_label(&machine, "sleep_end"));
}

/* Halted here, woken there. */
static void halt_goes_along(unsigned mode)
{
	struct axvcpu_exit exit;

	for (unsigned from = 0; from < 2; from++) {
		start(mode, "sleep");
		go_to(from);
		machine_expect(&machine, &exit, AXVCPU_EXIT_HALT);
		hop();
		assert_int_equal(machine_get(&machine, "mp_state"), 3);
		machine_expect(&machine, &exit, AXVCPU_EXIT_HALT);
		assert_ok(axvcpu_inject_interrupt(vcpu(), 0x20));
		assert_ok(axvcpu_wait(vcpu(), UINT64_MAX));
		expect_interrupt(0x20);
	}
}

/* Given to the one, delivered by the other. */
static void given_event_goes_along(unsigned mode, const char *const *names, const uint64_t *values, unsigned vector)
{
	struct axvcpu_exit exit;

	for (unsigned from = 0; from < 2; from++) {
		start(mode, "sleep");
		go_to(from);
		machine_expect(&machine, &exit, AXVCPU_EXIT_HALT);
		machine_set(&machine, "rip", machine_label(&machine, "asleep"));
		for (unsigned i = 0; names[i]; i++)
			machine_set(&machine, names[i], values[i]);
		hop();
		expect_interrupt(vector);
	}
}

static void interrupt_goes_along(unsigned mode)
{
	static const char *const names[] = { "interrupt.injected", "interrupt.vector", NULL };
	static const uint64_t values[] = { 1, 0x23 };

	given_event_goes_along(mode, names, values, 0x23);
}

static void nmi_goes_along(unsigned mode)
{
	static const char *const names[] = { "nmi.pending", NULL };
	static const uint64_t values[] = { 1 };

	given_event_goes_along(mode, names, values, 2);
}

static void exception_goes_along(unsigned mode)
{
	static const char *const names[] = { "exception.injected", "exception.vector", NULL };
	static const uint64_t values[] = { 1, 6 };

	given_event_goes_along(mode, names, values, 6);
}

static void exception_with_code_goes_along(unsigned mode)
{
	static const char *const names[] = { "exception.injected", "exception.vector", "exception.has_error_code",
					     "exception.error_code", NULL };
	static const uint64_t values[] = { 1, 13, 1, 0x18 };

	if (mode != GUEST_REAL) /* which pushes none */
		given_event_goes_along(mode, names, values, 13);
}

static void breakpoint_goes_along(unsigned mode)
{
	struct axvcpu_exit exit;

	for (unsigned from = 0; from < 2; from++) {
		start(mode, "mixed");
		go_to(from);
		assert_ok(axvcpu_set_breakpoint(vcpu(), machine_label(&machine, "again"), 1));
		machine_run(&machine, &exit);
		if (exit.reason != AXVCPU_EXIT_DEBUG)
			machine_skip("this host does not stop the guest at breakpoints");
		machine_equal("pc", exit.debug.pc, machine_label(&machine, "again"));
		hop();
		machine_expect(&machine, &exit, AXVCPU_EXIT_IO_READ); /* and not the breakpoint again */
		assert_ok(axvcpu_set_breakpoint(vcpu(), machine_label(&machine, "again"), 0));
	}
}

static void ask(unsigned engine, uint32_t leaf, uint32_t subleaf, uint32_t ret_registers[4])
{
	go_to(engine);
	machine_cpuid(&machine, guest_snapshots, leaf, subleaf, ret_registers);
}

/* A KVM in software may leave its processor more than it is told to. */
static void need_agreement(void)
{
	static const char *const words[] = { "cpuid.1.ecx", "cpuid.1.edx", "cpuid.7.ebx", "cpuid.7.ecx",
					     "cpuid.7.edx" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		uint64_t one, two;

		go_to(0);
		one = machine_get(&machine, words[i]);
		go_to(1);
		two = machine_get(&machine, words[i]);
		if (one != two)
			machine_skip("this KVM shows features that it was told to hide: %s 0x%llx, 0x%llx", words[i],
				     (unsigned long long)one, (unsigned long long)two);
	}
}

static void cpuid_is_the_same(unsigned mode)
{
	static const uint32_t first[] = { 0, 0x40000000, 0x80000000 }, count[] = { 0x21, 0x21, 0x21 };

	start(mode, "mixed");
	need_agreement();
	for (unsigned range = 0; range < 3; range++)
		for (uint32_t i = 0; i < 4 * count[range]; i++) {
			uint32_t leaf = first[range] + i / 4, one[4], two[4];

			ask(0, leaf, i % 4, one);
			ask(1, leaf, i % 4, two);
			for (unsigned reg = 0; reg < 4; reg++)
				if (one[reg] != two[reg])
					fail_msg("leaf 0x%x.%u: e%cx is 0x%x and 0x%x", leaf, i % 4, "abcd"[reg],
						 one[reg], two[reg]);
		}
}

/* What was agreed on can be said again, and nothing that create did not offer. */
static void model_is_settled(unsigned mode)
{
	start(mode, "mixed");
	for (unsigned engine = 0; engine < 2; engine++) {
		uint64_t value;

		go_to(engine);
		value = machine_get(&machine, "cpuid.1.edx");
		machine_set(&machine, "cpuid.1.edx", value);
		assert_int_equal(axvcpu_set_reg_u64(vcpu(), "cpuid.1.edx", value ^ 1), AXVCPU_ERROR_INVALID_INPUT);
		assert_int_equal(axvcpu_set_reg_u64(vcpu(), "cpuid.7.ebx", UINT64_C(1) << 16),
				 AXVCPU_ERROR_INVALID_INPUT);
	}
}

/* Not a test of speed: it says what a switch costs. */
static void tells_what_a_switch_costs(unsigned mode)
{
	enum { ROUNDS = 200 };
	struct timespec begin, end;
	double microseconds;

	start(mode, "mixed");
	hop();
	hop();
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (unsigned i = 0; i < 2 * ROUNDS; i++)
		hop();
	clock_gettime(CLOCK_MONOTONIC, &end);
	microseconds = (double)(end.tv_sec - begin.tv_sec) * 1e6 + (double)(end.tv_nsec - begin.tv_nsec) / 1e3;
	print_message("there and back: %.1f us\n", microseconds / ROUNDS);
}

/* clang-format off */
#define ROW(modes, name) { { #name, modes }, name }
static const struct row_test tests[] = {
	ROW(IN_REAL, cpuid_is_the_same),
	ROW(IN_ALL, comes_back_as_it_was),
	ROW(IN_ALL, goes_on_after_every_exit),
	ROW(IN_ALL, goes_on_before_every_answer),
	ROW(IN_ALL, goes_on_after_every_instruction),
	ROW(IN_RING0, halt_goes_along),
	ROW(IN_RING0, interrupt_goes_along),
	ROW(IN_RING0, nmi_goes_along),
	ROW(IN_RING0, exception_goes_along),
	ROW(IN_RING0, exception_with_code_goes_along),
	ROW(IN_ALL, breakpoint_goes_along),
	ROW(IN_LONG, model_is_settled),
	ROW(IN_LONG, tells_what_a_switch_costs),
};
/* clang-format on */

static int add_other(void **state)
{
	const char *name = getenv("AXVCPU_CONFORMANCE_OTHER");

	(void)state;
	if (engines[1])
		return 0;
	engines[0] = machine.backend;
	assert_ok(axvcpu_backend_open(name ? name : "sim-x86_64", &engines[1]));
	assert_ok(axvcpu_add_engine(vcpu(), engines[1], NULL));
	return 0;
}

int main(void)
{
	int failed = row_tests_main("transfer", &machine, "cpuid=portable", tests, sizeof(tests) / sizeof(tests[0]),
				    add_other, NULL);

	if (engines[1])
		axvcpu_backend_close(engines[1]);
	return failed;
}
