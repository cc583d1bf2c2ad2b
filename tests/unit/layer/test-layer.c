/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks of layers: what is bound to what, who is called when, and what happens when one cannot be had. */
#include "../unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <axvcpu/vcpu.h>

#include "config/call.h"
#include "layer/bottom.h"
#include "layer/ops.h"
#include "layer/stack.h"
#include "loader/backend.h"

#include "../../plugins/layers/fixture.h"

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

static struct axvcpu_backend *backend;
static void *self;
static char file[64];

static int make(void **state)
{
	struct axvcpu_config *config;

	(void)state;
	if (axvcpu_backend_open("mock", &backend) || axvcpu_config_create(backend, AXVCPU_CONFIG_CREATE, &config) ||
	    axvcpu_config_parse(config,
				"arch=riscv64,script=MmioRead addr=0x10 width=4 reg=5;Hypercall nr=3 args=1:2") ||
	    config_call_create(backend, 7, 3, config, &self))
		return -1;
	axvcpu_config_destroy(config);
	snprintf(file, sizeof(file), "/tmp/axvcpu-layer-XXXXXX");
	close(mkstemp(file));
	return 0;
}

static int drop(void **state)
{
	(void)state;
	unlink(file);
	backend->ops.destroy(self);
	axvcpu_backend_close(backend);
	return 0;
}

static const char *read_file(void)
{
	static char text[8192];
	FILE *stream = fopen(file, "r");

	assert_non_null(stream);
	text[fread(text, 1, sizeof(text) - 1, stream)] = '\0';
	fclose(stream);
	return text;
}

/* What the stacks of a test stand on: as long as a test lasts. */
static struct bottom bottoms[8];
static unsigned bottom_count;

static int32_t create_stack(void *vcpu, const char *layers, struct layer_stack **ret_stack)
{
	const struct axarch_layer_site site = { .size = sizeof(site),
						.vm_id = 7,
						.vcpu_id = 3,
						.arch = backend->note.description.arch,
						.backend_id = backend->note.description.id };
	struct bottom *bottom = &bottoms[bottom_count++ % 8];

	bottom_bind(bottom, backend, vcpu);
	return layer_stack_create(&bottom->dispatch, &site, layers, ret_stack);
}

static struct layer_stack *stack_of(const char *layers)
{
	struct layer_stack *stack;

	assert_ok(create_stack(self, layers, &stack));
	return stack;
}

static struct op_slot *slots_of(const struct layer_stack *stack)
{
	return op_slots((struct axarch_dispatch *)(uintptr_t)layer_stack_dispatch(stack));
}

#define CALL(stack, op, ...) layer_stack_dispatch(stack)->op.fn(layer_stack_dispatch(stack)->op.self, __VA_ARGS__)
#define CALL_PLAIN(stack, op) layer_stack_dispatch(stack)->op.fn(layer_stack_dispatch(stack)->op.self)

/* Without layers: the plugin's own pointers, but for setup. */
static void test_no_layer(void **state)
{
	struct layer_stack *stack = stack_of(NULL);
	const struct axarch_dispatch *dispatch = layer_stack_dispatch(stack);

	(void)state;
#define CLASS_SAME(name)
#define PERCPU_SAME(name)
#define VCPU_SAME(name) \
	if (strcmp(#name, "setup")) { \
		assert_ptr_equal(dispatch->name.fn, backend->ops.name); \
		assert_ptr_equal(dispatch->name.self, self); \
	}
#define SAME(scope, name, presence, since, where, arguments, doc) scope##_SAME(name)
	AXARCH_VCPU_OPS(SAME)
	assert_ptr_not_equal(dispatch->setup.fn, backend->plugin->setup);
	layer_stack_destroy(stack);
	layer_stack_destroy(NULL);
}

/* With a layer of two ops: these are the layer's, all others the very slots of the stack without it. */
static void test_pass_through(void **state)
{
	unsigned counter = 0, own = 0;
	struct fixture fixture = { .counter = &counter };
	char layers[64];
	struct layer_stack *stack;
	const struct op_slot *below;
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	(void)state;
	snprintf(layers, sizeof(layers), "partial=%p", (void *)&fixture);
	stack = stack_of(layers);
	below = op_slots((struct axarch_dispatch *)(uintptr_t)fixture.below);
	for (unsigned op = 0; op < OP_COUNT; op++) {
		own += slots_of(stack)[op].self == &fixture;
		if (slots_of(stack)[op].self == &fixture)
			continue;
		assert_ptr_equal(slots_of(stack)[op].fn, below[op].fn);
		assert_ptr_equal(slots_of(stack)[op].self, below[op].self);
	}
	assert_int_equal(own, 2);
	assert_ptr_equal(fixture.below->run.fn, backend->plugin->run);
	assert_ok(CALL(stack, run, &exit));
	assert_int_equal(exit.reason, AXVCPU_EXIT_MMIO_READ);
	assert_int_equal(fixture.runs, 1);
	layer_stack_destroy(stack);
}

/* Innermost first on, outermost first off. */
static void test_order(void **state)
{
	unsigned counter = 0;
	struct fixture fixtures[3] = { { .counter = &counter }, { .counter = &counter }, { .counter = &counter } };
	struct layer_stack *stack;
	char layers[256];
	uint64_t value;

	(void)state;
	snprintf(layers, sizeof(layers), "partial=%p;;partial=%p;partial=%p;", (void *)&fixtures[0],
		 (void *)&fixtures[1], (void *)&fixtures[2]);
	stack = stack_of(layers);
	assert_ok(CALL(stack, set_gpr, 3, 10));
	assert_ok(axvcpu_backend_call(backend, "axvcpu.mock/1", "gpr", (uint64_t[]){ (uintptr_t)self, 3 }, 2, &value));
	assert_int_equal(value, 13); /* each layer added one */
	layer_stack_destroy(stack);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(fixtures[i].order, 3 - i);
		assert_int_equal(fixtures[i].detached, 4 + i);
	}
}

static void test_rebind(void **state)
{
	static const char *const lists[] = { "", "count=%s", "trace=%s;count=%s", "count=%s;trace=%s" };
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;
	char layers[256];
	void *fresh;

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct layer_stack *stack;

		assert_ok(config_call_create(backend, 7, 3, NULL, &fresh));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(layers, sizeof(layers), lists[i], file, file);
#pragma GCC diagnostic pop
		stack = stack_of(layers);
		bottom_bind(&bottoms[0], backend, fresh);
		layer_stack_rebind(stack, &bottoms[0].dispatch);
		assert_ok(CALL(stack, run, &exit));
		assert_int_equal(exit.reason, AXVCPU_EXIT_NOTHING); /* `self` has a script, `fresh` has none */
		assert_ok(CALL_PLAIN(stack, destroy));
		layer_stack_destroy(stack);
	}
}

static void test_trace(void **state)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;
	struct layer_stack *stack;
	uint64_t gpa, gprs[4] = { 1, 2, 3, 4 };
	char layers[128];

	(void)state;
	snprintf(layers, sizeof(layers), "trace=%s", file);
	stack = stack_of(layers);
	assert_ok(CALL(stack, run, &exit));
	assert_int_equal(CALL(stack, run, &exit), AXVCPU_ERROR_BAD_STATE);
	assert_ok(CALL(stack, complete_read, &exit, 77));
	assert_ok(CALL(stack, run, &exit));
	assert_ok(CALL(stack, translate, 0x1234, 2, &gpa));
	assert_int_equal(CALL(stack, set_gpr, 40, 5), AXVCPU_ERROR_INVALID_INPUT);
	assert_ok(CALL(stack, setup, gprs));
	assert_ok(CALL(stack, set_reg, 99, &(uint64_t){ 0x1122 }, 8));
	assert_ok(CALL(stack, get_reg, 99, &gpa, 8));
	assert_int_equal(CALL(stack, read_counter, 77, &gpa), AXVCPU_ERROR_NOT_FOUND);
	assert_ok(CALL(stack, set_clock, NULL, NULL));
	layer_stack_destroy(stack);
	assert_string_equal(read_file(),
			    "vm 7 vcpu 3: attach(backend=mock) = 0\n"
			    "vm 7 vcpu 3: run() = 0 MmioRead{addr=0x10, width=4, reg=5, reg_width=0, signed_ext=0}\n"
			    "vm 7 vcpu 3: run() = BAD_STATE\n"
			    "vm 7 vcpu 3: complete_read(exit=MmioRead{addr=0x10, width=4, reg=5, reg_width=0, "
			    "signed_ext=0}, "
			    "value=0x4d) = 0\n"
			    "vm 7 vcpu 3: run() = 0 Hypercall{nr=0x3, args=[0x1, 0x2, 0x0, 0x0, 0x0, 0x0]}\n"
			    "vm 7 vcpu 3: translate(gva=0x1234, access=2) = 0 0x1234\n"
			    "vm 7 vcpu 3: set_gpr(index=40, value=0x5) = INVALID_INPUT\n"
			    "vm 7 vcpu 3: setup(config=*) = 0\n"
			    "vm 7 vcpu 3: set_reg(id=0x63, value=0x0000000000001122, size=8) = 0\n"
			    "vm 7 vcpu 3: get_reg(id=0x63, size=8) = 0 0x0000000000001122\n"
			    "vm 7 vcpu 3: read_counter(counter=77) = NOT_FOUND\n"
			    "vm 7 vcpu 3: set_clock(now=NULL, context=NULL) = 0\n");
}

/* Every exit looks as axvcpu_exit_format has it. */
static void test_trace_exits(void **state)
{
	static const char *const exits[] = {
#define SPELLING(value, constant, member, spelling, fields, doc) #spelling,
		AXVCPU_EXITS(SPELLING)
#undef SPELLING
	};
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;
	struct axvcpu_config *config;
	struct layer_stack *stack;
	char layers[128], expected[256];
	void *scripted;

	(void)state;
	snprintf(layers, sizeof(layers), "trace=%s", file);
	for (size_t i = 0; i < sizeof(exits) / sizeof(exits[0]); i++) {
		assert_ok(axvcpu_config_create(backend, AXVCPU_CONFIG_CREATE, &config));
		assert_ok(axvcpu_config_set(config, "script", exits[i]));
		assert_ok(config_call_create(backend, 7, 3, config, &scripted));
		axvcpu_config_destroy(config);
		assert_ok(create_stack(scripted, layers, &stack));
		memset(&exit, 0x5a, sizeof(exit));
		exit.size = sizeof(exit);
		assert_ok(CALL(stack, run, &exit));
		snprintf(expected, sizeof(expected), "run() = 0 ");
		axvcpu_exit_format(&exit, expected + strlen(expected), sizeof(expected) - strlen(expected) - 1);
		strcat(expected, "\n");
		if (!strstr(read_file(), expected))
			fail_msg("no \"%s\" in \"%s\"", expected, read_file());
		assert_ok(CALL_PLAIN(stack, destroy));
		layer_stack_destroy(stack);
	}
}

struct writer {
	struct layer_stack *stack;
	pthread_t thread;
};

static void *kick_often(void *context)
{
	const struct writer *writer = context;

	for (int i = 0; i < 500; i++)
		CALL_PLAIN(writer->stack, kick);
	return NULL;
}

/* Lines of several threads, and of two layers with one file, stay whole. */
static void test_trace_threads(void **state)
{
	struct writer writers[4];
	struct layer_stack *stacks[2];
	unsigned lines = 0;
	char layers[128], line[256];
	FILE *stream;

	(void)state;
	snprintf(layers, sizeof(layers), "trace=%s", file);
	for (int i = 0; i < 2; i++)
		stacks[i] = stack_of(layers);
	for (int i = 0; i < 4; i++) {
		writers[i].stack = stacks[i % 2];
		assert_int_equal(pthread_create(&writers[i].thread, NULL, kick_often, &writers[i]), 0);
	}
	for (int i = 0; i < 4; i++)
		pthread_join(writers[i].thread, NULL);
	for (int i = 0; i < 2; i++)
		layer_stack_destroy(stacks[i]);
	stream = fopen(file, "r");
	assert_non_null(stream);
	while (fgets(line, sizeof(line), stream))
		if (++lines > 2)
			assert_string_equal(line, "vm 7 vcpu 3: kick() = 0\n");
	fclose(stream);
	assert_int_equal(lines, 2002);
}

/* Without options both write to standard error, also when the host has closed its own meanwhile. */
static void test_standard_error(void **state)
{
	struct layer_stack *stack;
	int saved = dup(STDERR_FILENO), output = open(file, O_WRONLY | O_APPEND);

	(void)state;
	dup2(output, STDERR_FILENO);
	close(output);
	stack = stack_of("count;trace");
	close(STDERR_FILENO);
	assert_ok(CALL_PLAIN(stack, bind));
	layer_stack_destroy(stack);
	dup2(saved, STDERR_FILENO);
	close(saved);
	assert_string_equal(read_file(), "vm 7 vcpu 3: attach(backend=mock) = 0\n"
					 "vm 7 vcpu 3: bind() = 0\n"
					 "vm 7 vcpu 3: calls of mock\n"
					 "op                              calls       errors\n"
					 "bind                                1            0\n");
}

/* A layer that cannot be attached leaves no file open. */
static void test_nothing_left(void **state)
{
	static const char *const lists[] = { "trace=/dev/full", "trace=/nonexistent/x", "count=/nonexistent/x",
					     "trace=/dev/full;count=/dev/null;trace=/dev/null" };
	struct layer_stack *stack = NULL;
	int before, after;

	(void)state;
	layer_stack_destroy(stack_of("trace=/dev/null;count=/dev/null"));
	before = dup(0);
	close(before);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		assert_int_not_equal(create_stack(self, lists[i], &stack), 0);
	after = dup(0);
	close(after);
	assert_int_equal(after, before);
	assert_null(stack);
}

/* Calls ops of every signature and returns a digest of all that came back. */
static uint64_t exercise(const struct layer_stack *stack)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;
	uint64_t out = 0, value = UINT64_C(0x1122334455667788), gprs[4] = { 5, 6, 7, 8 }, digest = 0;

#define ADD(x) digest = digest * 31 + (uint64_t)(x)
	ADD(CALL(stack, set_entry, UINT64_C(0x8000000000000001)));
	ADD(CALL(stack, set_ept_root, 0));
	ADD(CALL(stack, setup, gprs));
	ADD(CALL_PLAIN(stack, bind));
	ADD(CALL(stack, run, &exit));
	ADD(exit.mmio_read.addr);
	ADD(CALL(stack, complete_read, &exit, value));
	ADD(CALL(stack, complete_read, &exit, value)); /* nothing is pending: an error */
	ADD(CALL(stack, set_gpr, 31, UINT64_MAX));
	ADD(CALL(stack, set_gpr, UINT32_MAX, 0));
	ADD(CALL(stack, set_interrupt_line, 63, 1));
	ADD(CALL(stack, set_reg, 99, &value, 8));
	ADD(CALL(stack, get_reg, 99, &out, 8));
	ADD(out);
	ADD(CALL(stack, translate, 0xabcd, 3, &out));
	ADD(out);
	ADD(CALL(stack, inject_interrupt, 5));
	ADD(CALL(stack, interrupt_pending, &out));
	ADD(out);
	ADD(CALL(stack, read_counter, 77, &out));
	ADD(CALL(stack, set_breakpoint, 0x1000, 1));
	ADD(CALL_PLAIN(stack, kick));
	ADD(CALL(stack, run, &exit));
	ADD(exit.reason);
	ADD(CALL_PLAIN(stack, unbind));
	ADD(CALL_PLAIN(stack, reset));
	return digest;
}

/* Through closures everything comes out as it does without. */
static void test_around(void **state)
{
	struct layer_stack *plain = stack_of(NULL), *counted;
	uint64_t digest = exercise(plain);
	char layers[256];
	const char *table;

	(void)state;
	layer_stack_destroy(plain);
	snprintf(layers, sizeof(layers), "count=%s;trace=/dev/null;count=/dev/null", file);
	counted = stack_of(layers);
	assert_true(exercise(counted) == digest);
	layer_stack_destroy(counted);
	table = read_file();
	assert_non_null(strstr(table, "run                                 2            0\n"));
	assert_non_null(strstr(table, "complete_read                       2            1\n"));
	assert_non_null(strstr(table, "kick                                1            0\n"));
}

/* A closure that was given back is bound to its next vCPU's layer. */
static void test_around_again(void **state)
{
	char layers[128];

	(void)state;
	snprintf(layers, sizeof(layers), "count=%s", file);
	for (int round = 0; round < 50; round++) {
		struct layer_stack *first = stack_of(layers), *second = stack_of("count=/dev/null");

		assert_ok(CALL_PLAIN(first, bind));
		layer_stack_destroy(second);
		assert_ok(CALL_PLAIN(first, bind));
		layer_stack_destroy(first);
	}
	assert_non_null(strstr(read_file(), "bind                                2            0\n"));
	assert_null(strstr(read_file(), "bind                                1 "));
}

static void test_refused(void **state)
{
	static const struct {
		const char *layers;
		int32_t code;
		const char *part;
	} rows[] = {
		{ "tracee", AXVCPU_ERROR_NOT_FOUND, "no layer \"tracee\"" },
		{ "tracee", AXVCPU_ERROR_NOT_FOUND, "did you mean \"trace\"?" },
		{ "trace=/nonexistent/x", -2,
		  "layer \"trace\": /nonexistent/x cannot be opened: No such file or directory; name a file" },
		{ "count=/nonexistent/x", -2, "layer \"count\": /nonexistent/x cannot be opened" },
		{ "trace=/dev/full", -28, "layer \"trace\": /dev/full cannot be written: No space left on device" },
		{ "partial", AXVCPU_ERROR_INVALID_INPUT, "layer \"partial\": the options are no address" },
		{ "wrong-magic", AXVCPU_ERROR_INVALID_DATA, "magic: expected" },
		{ "wrong-magic", AXVCPU_ERROR_INVALID_DATA, "ABI major: expected 1, found 9" },
		{ "other-ops", AXVCPU_ERROR_INVALID_DATA, "op 1 of the list: expected \"CLASS create" },
		{ "other-ops", AXVCPU_ERROR_INVALID_DATA, "detach: mandatory, but NULL" },
		{ "a;b;c;d;e;f;g;h;i;j;k;l;m;n;o;p;q", AXVCPU_ERROR_INVALID_INPUT, "more than 16 layers" },
	};
	struct layer_stack *stack = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_error(create_stack(self, rows[i].layers, &stack), rows[i].code, rows[i].part);
	assert_null(stack);
}

/* When an outer layer cannot be attached, the inner ones are detached. */
static void test_unwound(void **state)
{
	unsigned counter = 0;
	struct fixture fixture = { .counter = &counter };
	struct layer_stack *stack = NULL;
	char layers[128];

	(void)state;
	snprintf(layers, sizeof(layers), "partial;partial=%p", (void *)&fixture);
	assert_error(create_stack(self, layers, &stack), AXVCPU_ERROR_INVALID_INPUT, "no address");
	assert_int_equal(fixture.order, 1);
	assert_int_equal(fixture.detached, 2);
	snprintf(layers, sizeof(layers), "nowhere;partial=%p", (void *)&fixture);
	assert_error(create_stack(self, layers, &stack), AXVCPU_ERROR_NOT_FOUND, "nowhere");
	assert_int_equal(counter, 2); /* all are looked for before any is attached */
}

static int writable_and_executable(void)
{
	char line[512];
	FILE *maps = fopen("/proc/self/maps", "r");
	int found = 0;

	while (maps && fgets(line, sizeof(line), maps))
		found |= strstr(line, " rwx") != NULL;
	if (maps)
		fclose(maps);
	return found;
}

static void test_no_rwx(void **state)
{
	struct layer_stack *stack = stack_of("count=/dev/null");

	(void)state;
	exercise(stack);
	assert_int_equal(writable_and_executable(), 0);
	layer_stack_destroy(stack);
}

/* In a child, as it cannot be taken back. 77: this kernel has no PR_SET_MDWE. */
static int run_under_mdwe(void)
{
	struct layer_stack *stack;

	if (prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0))
		return 77;
	if (create_stack(self, "count=/dev/null", &stack))
		return 1;
	exercise(stack);
	layer_stack_destroy(stack);
	return 0;
}

static void test_mdwe(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (!pid)
		_exit(run_under_mdwe());
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		print_message("SKIPPED: this kernel has no PR_SET_MDWE (Linux 6.3 has)\n");
		skip();
	}
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_rows(void **state)
{
	const struct op_row *rows = op_rows();
	unsigned found = 0;

	(void)state;
	for (unsigned op = 0; op < OP_COUNT; op++) {
		assert_int_equal(rows[op].info.index, op);
		if (!strcmp(rows[op].info.name, "get_reg")) {
			assert_string_equal(rows[op].info.signature, "i32(ptr,u64,ptr,u32)");
			assert_string_equal(rows[op].info.arguments, "(u64, id)(bytes_out, ret_value)(u32, size)");
			found++;
		}
	}
	assert_int_equal(found, 1);
}

#define WITH_VCPU(test) cmocka_unit_test_setup_teardown(test, make, drop)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WITH_VCPU(test_mdwe), /* first: it is to make closures of its own */
		WITH_VCPU(test_no_layer),      WITH_VCPU(test_pass_through),   WITH_VCPU(test_order),
		WITH_VCPU(test_rebind),        WITH_VCPU(test_trace),          WITH_VCPU(test_trace_exits),
		WITH_VCPU(test_trace_threads), WITH_VCPU(test_standard_error), WITH_VCPU(test_nothing_left),
		WITH_VCPU(test_around),        WITH_VCPU(test_around_again),   WITH_VCPU(test_refused),
		WITH_VCPU(test_unwound),       WITH_VCPU(test_no_rwx),         WITH_VCPU(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
