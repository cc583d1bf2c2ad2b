/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest is saved at each of its exits and goes on in another vCPU of another VM: the same exits follow, and the same
 * end. A read exit that was not completed comes again there, and so does a Halt. Guests: snapshots.s.
 */
#include "row.h"
#include "trail.h"

extern const struct guest_image guest_snapshots[];
static struct machine machine, other;
static struct snapshot at_exit, at_end, now;

/* ---- the guest's run, exit by exit ---- */

static struct axvcpu_exit reference[TRAIL_MAX];
static unsigned exits;

static void start_at(struct machine *at, unsigned mode, const char *label)
{
	machine_start(at, guest_snapshots, mode, label);
	assert_ok(axvcpu_set_reg_u64(at->vcpu[0], "rsi", MACHINE_DATA));
}

static void start(struct machine *at, unsigned mode)
{
	start_at(at, mode, "mixed");
}

static void expect_exit(struct machine *at, unsigned number)
{
	struct axvcpu_exit exit;

	machine_run(at, &exit);
	trail_expect_exit(&exit, reference, number);
}

/* Exit `number` was responded to: the rest follows. */
static void expect_rest(struct machine *at, unsigned number)
{
	while (++number < exits) {
		expect_exit(at, number);
		trail_respond(at, &reference[number], number);
	}
	snapshot_save(at, &now);
	snapshot_expect_same(&now, &at_end, "at the end");
}

static void run_once(unsigned mode)
{
	start(&machine, mode);
	for (exits = 0; exits < TRAIL_MAX;) {
		machine_run(&machine, &reference[exits]);
		trail_respond(&machine, &reference[exits], exits);
		if (trail_is_done(&reference[exits++]))
			break;
	}
	assert_true(exits > 60 && exits < TRAIL_MAX);
	snapshot_save(&machine, &at_end);
}

static void run_to(unsigned mode, unsigned number)
{
	start(&machine, mode);
	for (unsigned i = 0; i < number; i++) {
		expect_exit(&machine, i);
		trail_respond(&machine, &reference[i], i);
	}
	expect_exit(&machine, number);
}

/* The other VM has the same memory, and a vCPU that was never used, or for something else. */
static void restore(unsigned mode, const struct snapshot *snapshot)
{
	start(&other, mode);
	assert_ok(axvcpu_space_write(other.space, 0, snapshot->ram, MACHINE_RAM_SIZE));
	assert_ok(axvcpu_load_state(other.vcpu[0], snapshot->bytes, snapshot->size));
	snapshot_save(&other, &now);
	snapshot_expect_same(&now, snapshot, "after it was loaded");
}

/* ---- the tests ---- */

static void goes_on_elsewhere_from_every_exit(unsigned mode)
{
	run_once(mode);
	for (unsigned number = 0; number < exits; number++) {
		run_to(mode, number);
		snapshot_save(&machine, &at_exit);
		restore(mode, &at_exit);
		if (trail_is_read(&reference[number]))
			expect_exit(&other, number);
		trail_respond(&other, &reference[number], number);
		expect_rest(&other, number);
	}
	print_message("%u exits\n", exits);
}

/* An answer does not end an instruction that writes as well. */
static bool writes_back(unsigned number)
{
	return reference[number].reason == AXVCPU_EXIT_MMIO_READ && number + 1 < exits &&
	       reference[number + 1].reason == AXVCPU_EXIT_MMIO_WRITE &&
	       reference[number + 1].mmio_write.addr == reference[number].mmio_read.addr;
}

/* What was answered before the snapshot is in it; and who was saved goes on too. */
static void goes_on_elsewhere_from_every_answer(unsigned mode)
{
	run_once(mode);
	for (unsigned number = 0; number < exits; number++) {
		if (!trail_is_read(&reference[number]) || writes_back(number))
			continue;
		run_to(mode, number);
		trail_respond(&machine, &reference[number], number);
		snapshot_save(&machine, &at_exit);
		restore(mode, &at_exit);
		expect_rest(&other, number);
		expect_rest(&machine, number);
	}
}

static void halt_goes_on_elsewhere(unsigned mode)
{
	struct axvcpu_exit exit;
	uint64_t address;

	start_at(&machine, mode, "sleep");
	machine_expect(&machine, &exit, AXVCPU_EXIT_HALT);
	snapshot_save(&machine, &at_exit);
	restore(mode, &at_exit);
	machine_expect(&other, &exit, AXVCPU_EXIT_HALT);
	assert_ok(axvcpu_inject_interrupt(other.vcpu[0], 0x20));
	assert_ok(axvcpu_wait(other.vcpu[0], UINT64_MAX));
	address = machine_expect_vector(&other, 0x20);
	assert_true(address >= machine_label(&other, "asleep") && address < machine_label(&other, "sleep_end"));
}

/* ---- snapshots that are refused ---- */

/* The text has one of the words. */
static void expect_refusal_of(int32_t error, const char *word, const char *number)
{
	snapshot_save(&machine, &now);
	if (axvcpu_load_state(machine.vcpu[0], at_exit.bytes, at_exit.size) != error ||
	    (!strstr(axvcpu_error_text(), word) && !(number && strstr(axvcpu_error_text(), number))))
		fail_msg("expected %s that names %s, got %s: %s", axvcpu_error_name(error), word,
			 axvcpu_error_name(axvcpu_error_code()), axvcpu_error_text());
	snapshot_save(&machine, &at_end);
	snapshot_expect_same(&at_end, &now, "after the refusal");
}

static void expect_refusal(int32_t error, const char *word)
{
	expect_refusal_of(error, word, NULL);
}

/* Of a guest in the middle of something; another follows it. */
static void prepare(unsigned mode)
{
	run_once(mode);
	run_to(mode, 5);
	snapshot_save(&machine, &at_exit);
	run_to(mode, 9);
}

static void set_in_snapshot(const char *name, uint64_t value)
{
	struct search search = snapshot_find(&at_exit, axvcpu_reg_by_name(AXVCPU_ARCH_X86_64, name)->id);

	assert_non_null(search.value);
	memcpy(at_exit.bytes + (search.value - at_exit.bytes), &value, 8);
}

/* An MSR may be named by its number. */
static void bad_value_is_named_and_nothing_changes(unsigned mode)
{
	static const struct {
		const char *name, *number;
		uint64_t value;
	} values[] = { { "cr4", NULL, UINT64_C(1) << 40 },
		       { "cr0", NULL, 0x80000010 }, /* PG without PE */
		       { "mtrr_def_type", "0x2ff", 0xffffffffffffffff } };

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		prepare(mode);
		set_in_snapshot(values[i].name, values[i].value);
		expect_refusal_of(AXVCPU_ERROR_INVALID_INPUT, values[i].name, values[i].number);
	}
}

/* Another register's number, or one that nobody has. */
static void unknown_register_is_named(unsigned mode)
{
	struct search search;
	uint64_t id = AXVCPU_X86_64_MSR(0x5555);

	prepare(mode);
	search = snapshot_find(&at_exit, AXVCPU_X86_64_MSR(0x277));
	/* a record: id, size, length of the name, name, value */
	memcpy(at_exit.bytes + (search.value - at_exit.bytes) - 24, &id, 8);
	expect_refusal(AXVCPU_ERROR_NOT_FOUND, "pat");
}

static void damaged_snapshot_is_refused(unsigned mode)
{
	prepare(mode);
	at_exit.size -= 8;
	expect_refusal(AXVCPU_ERROR_INVALID_DATA, "snapshot");
	prepare(mode);
	at_exit.bytes[0] ^= 1;
	expect_refusal(AXVCPU_ERROR_INVALID_DATA, "snapshot");
}

/* clang-format off */
#define ROW(modes, name) { { #name, modes }, name }
static const struct row_test tests[] = {
	ROW(IN_ALL, goes_on_elsewhere_from_every_exit),
	ROW(IN_ALL, goes_on_elsewhere_from_every_answer),
	ROW(IN_RING0, halt_goes_on_elsewhere),
	ROW(IN_ALL, bad_value_is_named_and_nothing_changes),
	ROW(IN_ALL, unknown_register_is_named),
	ROW(IN_ALL, damaged_snapshot_is_refused),
};
/* clang-format on */

static int make_other(void **state)
{
	(void)state;
	if (!other.backend)
		machine_create(&other, "");
	return 0;
}

int main(void)
{
	int failed =
		row_tests_main("snapshots", &machine, "", tests, sizeof(tests) / sizeof(tests[0]), make_other, NULL);

	if (other.backend)
		machine_destroy(&other);
	return failed;
}
