/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layer lockstep over the backend under test (AXVCPU_CONFORMANCE_BACKEND), with the simulated processor beside it,
 * and with one that has a wrong instruction: LOCKSTEP_WRONG is its path. Guests: lockstep.s.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "row.h"

enum { KICKS = 20, KICK_US = 2000 };

extern const struct guest_image guest_lockstep[];
static struct machine machine;
static char report[64];

/* ---- the machine with the layer ---- */

static void start_with(const char *layers, unsigned mode, const char *label)
{
	setenv("AXVCPU_CONFORMANCE_LAYERS", layers, 1);
	machine_create(&machine, "");
	unsetenv("AXVCPU_CONFORMANCE_LAYERS");
	machine_start(&machine, guest_lockstep, mode, label);
}

static void start(const char *shadow, const char *options, unsigned mode, const char *label)
{
	char layers[4096];

	snprintf(layers, sizeof(layers), "lockstep=%s,report=%s%s", shadow, report, options);
	start_with(layers, mode, label);
}

static const char *wrong(void)
{
	const char *path = getenv("LOCKSTEP_WRONG");

	assert_non_null(path);
	return path;
}

static const char *read_report(void)
{
	static char text[16384];
	FILE *file = fopen(report, "r");

	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	return text;
}

static void expect_in(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in: %s", part, text);
}

static int before(void **state)
{
	(void)state;
	snprintf(report, sizeof(report), "/tmp/axvcpu-lockstep-XXXXXX");
	close(mkstemp(report));
	return 0;
}

static int after(void **state)
{
	(void)state;
	if (machine.backend)
		machine_destroy(&machine);
	memset(&machine, 0, sizeof(machine));
	unlink(report);
	return 0;
}

/* ---- a wrong instruction ---- */

/* The run that ends in the difference; skips where the host cannot execute the guest. */
static void run_into_difference(void)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;
	int32_t error = axvcpu_run(machine.vcpu[0], &exit);

	if (!error)
		machine_skip_if_unable(&exit, axvcpu_error_text());
	assert_int_equal(error, AXVCPU_ERROR_INVALID_DATA);
}

static void wrong_instruction_is_named(unsigned mode)
{
	char text[512];

	start(wrong(), "", mode, "count");
	run_into_difference();
	snprintf(text, sizeof(text), "%s", axvcpu_error_text());
	expect_in(text, "bsr eax, ecx: rax 0x17 and 0x16");
	expect_in(read_report(), "bsr eax, ecx");
	expect_in(read_report(), "rcx=0xc0ffee");
}

static void first_difference_is_named(unsigned mode)
{
	start(wrong(), "", mode, "count_one");
	run_into_difference();
	expect_in(axvcpu_error_text(), "bsr eax, ecx: rax 0x17 and 0x16");
}

static void goes_on_with_the_primary(unsigned mode)
{
	start(wrong(), ",on-difference=go-on", mode, "count_one");
	machine_expect_done(&machine);
	machine_equal("what was stored", machine_read(&machine, 0x8010, 4), 23);
	machine_equal("rax", machine_get(&machine, "rax"), 23);
	expect_in(read_report(), "bsr eax, ecx");
	machine_destroy(&machine);
	memset(&machine, 0, sizeof(machine));
	expect_in(read_report(), " 1 differences");
}

/* ---- a right one ---- */

static void what_may_differ_is_levelled_out(unsigned mode)
{
	start("sim-x86_64", "", mode, "differing");
	if (mode == GUEST_USER) /* a host that runs programs natively has interrupts on, and shows it */
		machine_set(&machine, "rflags", 0x202);
	machine_expect_done(&machine);
	machine_equal("rbp", machine_get(&machine, "rbp"), 0);
}

static void *kick(void *context)
{
	uint32_t *over = context;

	while (!__atomic_load_n(over, __ATOMIC_ACQUIRE)) {
		usleep(KICK_US);
		axvcpu_kick(machine.vcpu[0]);
	}
	return NULL;
}

static void kicks_are_followed(unsigned mode)
{
	struct axvcpu_exit exit;
	uint32_t over = 0;
	pthread_t thread;

	start("sim-x86_64", "", mode, "store");
	assert_int_equal(pthread_create(&thread, NULL, kick, &over), 0);
	for (unsigned i = 0; i < KICKS; i++)
		machine_expect(&machine, &exit, AXVCPU_EXIT_KICKED);
	__atomic_store_n(&over, 1, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	machine_destroy(&machine);
	memset(&machine, 0, sizeof(machine));
	expect_in(read_report(), " 0 differences");
	expect_in(read_report(), " 0 not compared");
}

static void writes_of_the_vmm_reach_both(unsigned mode)
{
	struct axvcpu_exit exit;

	start("sim-x86_64", "", mode, "sum");
	for (unsigned i = 0; i < 10; i++) {
		machine_expect(&machine, &exit, AXVCPU_EXIT_IO_WRITE);
		machine_write(&machine, 0x8040, 4, i + 1);
	}
	machine_expect(&machine, &exit, AXVCPU_EXIT_IO_WRITE);
	machine_equal("rcx", machine_get(&machine, "rcx"), 55);
	machine_set(&machine, "rcx", 1000);
	machine_expect(&machine, &exit, AXVCPU_EXIT_IO_WRITE);
	machine_equal("rcx", machine_get(&machine, "rcx"), 1010);
}

/* ---- what is refused ---- */

static void refused(uint32_t vcpu_id, const char *layers, int32_t error, const char *part)
{
	struct axvcpu_create_info info = { .size = sizeof(info), .vcpu_id = vcpu_id, .vm_id = 1000, .layers = layers };
	struct axvcpu_backend *backend;
	struct axvcpu *vcpu;

	assert_ok(axvcpu_backend_open(machine_backend_name(), &backend));
	assert_int_equal(axvcpu_create(backend, &info, &vcpu), error);
	expect_in(axvcpu_error_text(), part);
	axvcpu_backend_close(backend);
}

static void options_are_checked(unsigned mode)
{
	(void)mode;
	refused(0, "lockstep", AXVCPU_ERROR_INVALID_INPUT, "name the engine");
	refused(0, "lockstep=no-such-engine", AXVCPU_ERROR_NOT_FOUND, "no-such-engine");
	refused(0, "lockstep=sim-x86_64,on-difference=shrug", AXVCPU_ERROR_INVALID_INPUT, "stop or go-on");
	refused(0, "lockstep=sim-x86_64,colour=red", AXVCPU_ERROR_INVALID_INPUT, "colour");
	refused(0, "lockstep=sim-x86_64,steps=many", AXVCPU_ERROR_INVALID_INPUT, "a number");
	refused(0, "lockstep=sim-x86_64,ignore=rflags:0", AXVCPU_ERROR_INVALID_INPUT, "rflags:0x3000");
	refused(0, "lockstep=sim-x86_64,report=/no/such/folder/file", -ENOENT, "/no/such/folder/file");
}

static void other_vcpus_are_refused(unsigned mode)
{
	(void)mode;
	refused(1, "lockstep=sim-x86_64", AXVCPU_ERROR_UNSUPPORTED, "--smp 1");
}

static void dirty_log_in_use_is_refused(unsigned mode)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	start("sim-x86_64", "", mode, "sum");
	assert_ok(axvcpu_space_log_dirty(machine.space, machine.ram_id, 1));
	assert_int_equal(axvcpu_run(machine.vcpu[0], &exit), AXVCPU_ERROR_UNSUPPORTED);
	expect_in(axvcpu_error_text(), "dirty log");
}

/* clang-format off */
#define ROW(modes, name) { { #name, modes }, name }
static const struct row_test tests[] = {
	ROW(IN_ALL, wrong_instruction_is_named),
	ROW(IN_ALL, first_difference_is_named),
	ROW(IN_ALL, goes_on_with_the_primary),
	ROW(IN_ALL, what_may_differ_is_levelled_out),
	ROW(IN_ALL, kicks_are_followed),
	ROW(IN_ALL, writes_of_the_vmm_reach_both),
	ROW(IN_REAL, options_are_checked),
	ROW(IN_REAL, other_vcpus_are_refused),
	ROW(IN_REAL, dirty_log_in_use_is_refused),
};
/* clang-format on */

static void run_row(void **state)
{
	const struct row_case *one = *state;

	((const struct row_test *)one->row)->run(one->mode);
}

int main(void)
{
	const struct row_table table = { "lockstep", tests, sizeof(tests[0]), sizeof(tests) / sizeof(tests[0]), run_row,
					 before,     after };

	machine_need_backend();
	return row_table_run(&table);
}
