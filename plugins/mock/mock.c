/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backend that executes nothing: each run gives the next exit of a script. The tests' double, and the example to
 * copy.
 *
 * How a backend is made:
 *   1. Include <axvcpu/plugin/plugin.h> and nothing else of the library; link to nothing of it. What you need of the
 * host is in the table that create gets.
 *   2. Declare what users can configure: AXARCH_CONFIG makes a struct of a list of fields. create and setup take that
 * struct by value, filled in and checked.
 *   3. Write the ops. <axvcpu/plugin/ops.h> says what each is for, on which thread it runs, which are mandatory, and
 * which errors it may give: `return host->error(AXVCPU_ERROR_..., "one sentence")`.
 *   4. End with AXARCH_PLUGIN. Build a shared object axvcpu-ID.so with -fvisibility=hidden (see meson.build).
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include <axvcpu/plugin/plugin.h>

#include "script.h"

#define GPRS 32
#define REGISTERS 64 /* that can be kept by id */
#define BREAKPOINTS 4
#define SCRIPT_FILE_MAX 65536

enum {
	ARCH_ANY = 0,
	ARCH_X86_64 = AXVCPU_ARCH_X86_64,
	ARCH_AARCH64 = AXVCPU_ARCH_AARCH64,
	ARCH_RISCV64 = AXVCPU_ARCH_RISCV64
};
enum { END_REPEAT, END_NOTHING, END_HALT };

/* clang-format off */
#define MOCK_CREATE(T, INT, CHOICE, TEXT, ARRAY) \
	CHOICE(T, arch, ARCH_ANY, "any|x86_64|aarch64|riscv64", "whose register numbers set_gpr follows") \
	CHOICE(T, at_end, END_REPEAT, "repeat|nothing|halt", "what run gives when the script is at its end") \
	INT(T, u64, deadline_ns, UINT64_MAX, 0, UINT64_MAX, "what next_deadline answers") \
	TEXT(T, script, 1024, "", "exits to give: \"MmioRead addr=0x1000 width=4; Halt\"; empty: Nothing for ever") \
	TEXT(T, file, 256, "", "a file with more of the script, behind it")
AXARCH_CONFIG(mock_create, MOCK_CREATE)

#define MOCK_SETUP(T, INT, CHOICE, TEXT, ARRAY) \
	ARRAY(T, u64, gprs, 4, 0, 0, UINT64_MAX, "start values of the registers 1 to 4")
AXARCH_CONFIG(mock_setup, MOCK_SETUP)
/* clang-format on */

struct mock {
	uint32_t busy;   /* run has more to do than say Nothing. Atomic: a kick sets it */
	uint32_t kicked; /* atomic */
	uint64_t runs;
	const struct axarch_host *host;
	struct axarch_space *space;
	struct mock_create config;
	struct script script;
	uint32_t next;           /* step of the script */
	uint32_t read_pending;   /* the last exit was a read that waits for complete_read */
	uint32_t access_pending; /* the last exit was a system register's, that fail_access may refuse */
	uint64_t completed;      /* the value of the last complete_read */
	uint64_t entry;
	uint64_t return_value;
	uint64_t gprs[GPRS];
	uint64_t interrupt_count;
	uint64_t last_interrupt;
	uint64_t interrupt_pending; /* one was injected since the last run */
	uint64_t lines;             /* a bit per interrupt line */
	uint32_t single_step;
	uint32_t breakpoint_count;
	uint64_t breakpoints[BREAKPOINTS];
	uint64_t budget;
	axarch_clock_fn clock;
	void *clock_context;
	uint32_t register_count;
	struct {
		uint64_t id;
		uint32_t size;
		uint8_t value[64];
	} registers[REGISTERS];
};

/* Every op but run begins with it: the script may want the op to fail. */
#define MAY_FAIL(mock, op) \
	do { \
		int32_t failure = script_failure(&(mock)->script, SCRIPT_OP_##op); \
		if (failure) \
			return (mock)->host->error(failure, "mock: " #op " fails, as the script says"); \
	} while (0)

static int32_t read_file(struct mock *mock)
{
	const struct axarch_host *host = mock->host;
	FILE *file = fopen(mock->config.file, "re");
	char *text;
	int32_t error;

	if (!file)
		return host->error(-errno, "mock: script file %s: %s", mock->config.file, strerror(errno));
	text = host->alloc(SCRIPT_FILE_MAX);
	if (!text)
		error = host->error(AXVCPU_ERROR_NO_MEMORY, "mock: no memory for the script file");
	else if (fread(text, 1, SCRIPT_FILE_MAX, file) == SCRIPT_FILE_MAX)
		error = host->error(AXVCPU_ERROR_INVALID_INPUT, "mock: script file %s has more than %d bytes",
				    mock->config.file, SCRIPT_FILE_MAX - 1);
	else
		error = script_parse(host, text, &mock->script);
	host->free(text);
	fclose(file);
	return error;
}

static int32_t create(const struct axarch_host *host, uint32_t vm_id, uint32_t vcpu_id, struct mock_create config,
		      void **ret_self)
{
	struct mock *mock = host->alloc(sizeof(*mock));
	int32_t error;

	if (!mock)
		return host->error(AXVCPU_ERROR_NO_MEMORY, "mock: no memory for vCPU %u of VM %u", vcpu_id, vm_id);
	mock->host = host;
	mock->config = config;
	mock->budget = UINT64_MAX;
	error = script_parse(host, config.script, &mock->script);
	if (!error && config.file[0])
		error = read_file(mock);
	if (!error && script_failure(&mock->script, SCRIPT_OP_create))
		error = host->error(mock->script.fails[SCRIPT_OP_create].code,
				    "mock: create fails, as the script says");
	if (error) {
		script_finish(host, &mock->script);
		host->free(mock);
		return error;
	}
	mock->busy = mock->script.count || mock->script.fail_count;
	*ret_self = mock;
	return 0;
}

static int32_t destroy(void *self)
{
	struct mock *mock = self;
	const struct axarch_host *host = mock->host;

	if (mock->space)
		host->space_release(mock->space);
	script_finish(host, &mock->script);
	host->free(mock);
	return 0;
}

static int32_t set_entry(void *self, uint64_t entry)
{
	struct mock *mock = self;

	MAY_FAIL(mock, set_entry);
	mock->entry = entry;
	return 0;
}

/* A scripted guest touches no memory, so 0 (no space at all) is fine too. */
static int32_t set_ept_root(void *self, uint64_t ept_root)
{
	struct mock *mock = self;
	struct axarch_space *space = NULL;
	int32_t error;

	MAY_FAIL(mock, set_ept_root);
	error = ept_root ? mock->host->space_acquire(ept_root, &space) : 0;
	if (error)
		return error;
	if (mock->space)
		mock->host->space_release(mock->space);
	mock->space = space;
	return 0;
}

static int32_t setup(void *self, struct mock_setup config)
{
	struct mock *mock = self;

	MAY_FAIL(mock, setup);
	memcpy(&mock->gprs[1], config.gprs, sizeof(config.gprs));
	return 0;
}

static int32_t take_kick(struct mock *mock, struct axvcpu_exit *exit)
{
	__atomic_store_n(&mock->kicked, 0, __ATOMIC_SEQ_CST);
	exit->reason = AXVCPU_EXIT_KICKED;
	return 0;
}

static int32_t spin(struct mock *mock, struct axvcpu_exit *exit)
{
	while (!__atomic_load_n(&mock->kicked, __ATOMIC_SEQ_CST))
		sched_yield();
	return take_kick(mock, exit);
}

static int is_read(uint32_t reason)
{
	return reason == AXVCPU_EXIT_MMIO_READ || reason == AXVCPU_EXIT_IO_READ || reason == AXVCPU_EXIT_SYSREG_READ;
}

static int is_sysreg(uint32_t reason)
{
	return reason == AXVCPU_EXIT_SYSREG_READ || reason == AXVCPU_EXIT_SYSREG_WRITE;
}

static int32_t do_step(struct mock *mock, const struct script_step *step, struct axvcpu_exit *exit)
{
	if (step->kind == STEP_ERROR)
		return mock->host->error(step->code, "mock: run fails, as the script says");
	if (step->kind == STEP_SPIN)
		return spin(mock, exit);
	script_give_exit(step, exit);
	mock->read_pending = is_read(step->exit.reason);
	mock->access_pending = is_sysreg(step->exit.reason);
	return 0;
}

static int32_t at_end(struct mock *mock, struct axvcpu_exit *exit)
{
	exit->reason = mock->script.count && mock->config.at_end == END_HALT ? AXVCPU_EXIT_HALT : AXVCPU_EXIT_NOTHING;
	return 0;
}

static int32_t run_busy(struct mock *mock, struct axvcpu_exit *exit)
{
	MAY_FAIL(mock, run);
	if (mock->read_pending)
		return mock->host->error(AXVCPU_ERROR_BAD_STATE, "mock: the read exit before was not completed");
	mock->interrupt_pending = 0;
	/* What came before this store is served now; a kick after it sets busy again. */
	__atomic_store_n(&mock->busy, mock->script.count || mock->script.fail_count, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&mock->kicked, __ATOMIC_SEQ_CST))
		return take_kick(mock, exit);
	if (mock->next >= mock->script.count && mock->config.at_end == END_REPEAT)
		mock->next = 0;
	if (mock->next >= mock->script.count)
		return at_end(mock, exit);
	return do_step(mock, &mock->script.steps[mock->next++], exit);
}

static int32_t run(void *self, struct axvcpu_exit *exit)
{
	struct mock *mock = self;

	mock->runs++;
	if (__builtin_expect(__atomic_load_n(&mock->busy, __ATOMIC_RELAXED), 0))
		return run_busy(mock, exit);
	exit->reason = AXVCPU_EXIT_NOTHING;
	return 0;
}

static int32_t bind(void *self)
{
	MAY_FAIL((struct mock *)self, bind);
	return 0;
}

static int32_t unbind(void *self)
{
	MAY_FAIL((struct mock *)self, unbind);
	return 0;
}

/* The largest index of each architecture, and the register that is always zero (none: beyond them all). */
static const struct {
	uint32_t last;
	uint32_t zero;
} gpr_rules[] = {
	[ARCH_ANY] = { 31, 32 }, [ARCH_X86_64] = { 15, 32 }, [ARCH_AARCH64] = { 31, 31 }, [ARCH_RISCV64] = { 31, 0 }
};

static int32_t set_gpr(void *self, uint32_t index, uint64_t value)
{
	struct mock *mock = self;

	MAY_FAIL(mock, set_gpr);
	if (index > gpr_rules[mock->config.arch].last)
		return mock->host->error(AXVCPU_ERROR_INVALID_INPUT, "mock: there is no general register %u; 0 to %u",
					 index, gpr_rules[mock->config.arch].last);
	if (index != gpr_rules[mock->config.arch].zero)
		mock->gprs[index] = value;
	return 0;
}

static int32_t inject_interrupt(void *self, uint64_t vector)
{
	struct mock *mock = self;

	MAY_FAIL(mock, inject_interrupt);
	mock->interrupt_count++;
	mock->last_interrupt = vector;
	mock->interrupt_pending = 1;
	__atomic_store_n(&mock->busy, 1, __ATOMIC_SEQ_CST);
	return 0;
}

static int32_t set_return_value(void *self, uint64_t value)
{
	struct mock *mock = self;

	MAY_FAIL(mock, set_return_value);
	mock->return_value = value;
	return 0;
}

/* On any thread and in signal handlers: two stores, in this order. */
static int32_t kick(void *self)
{
	struct mock *mock = self;

	__atomic_store_n(&mock->kicked, 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&mock->busy, 1, __ATOMIC_SEQ_CST);
	return 0;
}

static int32_t set_interrupt_line(void *self, uint32_t line, uint32_t level)
{
	struct mock *mock = self;

	MAY_FAIL(mock, set_interrupt_line);
	if (line >= 64)
		return mock->host->error(AXVCPU_ERROR_INVALID_INPUT, "mock: there is no interrupt line %u; 0 to 63",
					 line);
	mock->lines = (mock->lines & ~(UINT64_C(1) << line)) | (uint64_t)(level != 0) << line;
	return 0;
}

static int32_t complete_read(void *self, const struct axvcpu_exit *exit, uint64_t value)
{
	struct mock *mock = self;

	MAY_FAIL(mock, complete_read);
	if (!mock->read_pending || !is_read(exit->reason))
		return mock->host->error(AXVCPU_ERROR_BAD_STATE, "mock: no read is pending");
	mock->read_pending = 0;
	mock->access_pending = 0;
	mock->completed = value;
	if (exit->reason == AXVCPU_EXIT_MMIO_READ && exit->mmio_read.reg < GPRS)
		mock->gprs[exit->mmio_read.reg] = value;
	return 0;
}

/* A scripted guest has no exception to take: the access is over, and that is all. */
static int32_t fail_access(void *self, const struct axvcpu_exit *exit)
{
	struct mock *mock = self;

	MAY_FAIL(mock, fail_access);
	if (!mock->access_pending || !is_sysreg(exit->reason))
		return mock->host->error(AXVCPU_ERROR_BAD_STATE, "mock: no access to a system register is pending");
	mock->access_pending = 0;
	mock->read_pending = 0;
	return 0;
}

/* An instruction goes on with the script's step that begins with "then". */
static int32_t finish(void *self, struct axvcpu_exit *exit)
{
	struct mock *mock = self;

	MAY_FAIL(mock, finish);
	if (mock->read_pending)
		return mock->host->error(AXVCPU_ERROR_BAD_STATE, "mock: the read exit before was not completed");
	mock->access_pending = 0;
	if (mock->next && mock->next < mock->script.count && mock->script.steps[mock->next].is_part)
		return do_step(mock, &mock->script.steps[mock->next++], exit);
	exit->reason = AXVCPU_EXIT_NOTHING;
	return 0;
}

static int32_t reset(void *self)
{
	struct mock *mock = self;

	MAY_FAIL(mock, reset);
	memset(mock->gprs, 0, sizeof(mock->gprs));
	mock->entry = 0;
	mock->return_value = 0;
	mock->next = 0;
	mock->read_pending = 0;
	mock->access_pending = 0;
	mock->interrupt_pending = 0;
	mock->lines = 0;
	mock->register_count = 0;
	__atomic_store_n(&mock->kicked, 0, __ATOMIC_SEQ_CST);
	return 0;
}

static uint32_t find_register(const struct mock *mock, uint64_t id)
{
	uint32_t i = 0;

	while (i < mock->register_count && mock->registers[i].id != id)
		i++;
	return i;
}

/* Registers that nobody has written are 0. */
static int32_t get_reg(void *self, uint64_t id, void *ret_value, uint32_t size)
{
	struct mock *mock = self;
	uint32_t i = find_register(mock, id);

	MAY_FAIL(mock, get_reg);
	memset(ret_value, 0, size);
	if (i < mock->register_count)
		memcpy(ret_value, mock->registers[i].value,
		       size < mock->registers[i].size ? size : mock->registers[i].size);
	return 0;
}

static int32_t set_reg(void *self, uint64_t id, const void *value, uint32_t size)
{
	struct mock *mock = self;
	uint32_t i = find_register(mock, id);

	MAY_FAIL(mock, set_reg);
	if (i == REGISTERS || size > sizeof(mock->registers[i].value))
		return mock->host->error(AXVCPU_ERROR_NOT_FOUND, "mock: no room for register 0x%llx",
					 (unsigned long long)id);
	mock->registers[i].id = id;
	mock->registers[i].size = size;
	memcpy(mock->registers[i].value, value, size);
	mock->register_count += i == mock->register_count;
	return 0;
}

/* There are no tables: every address is its own translation. */
static int32_t translate(void *self, uint64_t gva, uint32_t access, uint64_t *ret_gpa)
{
	(void)access;
	MAY_FAIL((struct mock *)self, translate);
	*ret_gpa = gva;
	return 0;
}

static int32_t set_clock(void *self, axarch_clock_fn now, void *context)
{
	struct mock *mock = self;

	MAY_FAIL(mock, set_clock);
	mock->clock = now;
	mock->clock_context = context;
	return 0;
}

static int32_t next_deadline(void *self, uint64_t *ret_ns)
{
	MAY_FAIL((struct mock *)self, next_deadline);
	*ret_ns = ((struct mock *)self)->config.deadline_ns;
	return 0;
}

static int32_t interrupt_pending(void *self, uint64_t *ret_pending)
{
	struct mock *mock = self;

	MAY_FAIL(mock, interrupt_pending);
	*ret_pending = mock->interrupt_pending || mock->lines ||
		       (mock->clock && mock->clock(mock->clock_context) >= mock->config.deadline_ns);
	return 0;
}

static int32_t set_single_step(void *self, uint32_t enabled)
{
	MAY_FAIL((struct mock *)self, set_single_step);
	((struct mock *)self)->single_step = enabled;
	return 0;
}

static int32_t set_breakpoint(void *self, uint64_t gva, uint32_t enabled)
{
	struct mock *mock = self;
	uint32_t i = 0;

	MAY_FAIL(mock, set_breakpoint);
	while (i < mock->breakpoint_count && mock->breakpoints[i] != gva)
		i++;
	if (enabled && i == BREAKPOINTS)
		return mock->host->error(AXVCPU_ERROR_RESOURCE_BUSY, "mock: %d breakpoints are the most", BREAKPOINTS);
	if (enabled && i == mock->breakpoint_count)
		mock->breakpoints[mock->breakpoint_count++] = gva;
	else if (!enabled && i < mock->breakpoint_count)
		mock->breakpoints[i] = mock->breakpoints[--mock->breakpoint_count];
	return 0;
}

static int32_t set_budget(void *self, uint64_t instructions)
{
	MAY_FAIL((struct mock *)self, set_budget);
	((struct mock *)self)->budget = instructions;
	return 0;
}

/* A run stands for one instruction. */
static int32_t read_counter(void *self, uint32_t counter, uint64_t *ret_value)
{
	struct mock *mock = self;

	MAY_FAIL(mock, read_counter);
	if (counter == AXARCH_COUNTER_INSTRUCTIONS)
		*ret_value = mock->runs;
	else if (counter == AXARCH_COUNTER_INTERRUPTS)
		*ret_value = mock->interrupt_count;
	else
		return mock->host->error(AXVCPU_ERROR_NOT_FOUND, "mock: counter %u is not counted", counter);
	return 0;
}

/* Per-CPU state: a backend with hardware to switch on does it here. */
struct mock_cpu {
	const struct axarch_host *host;
	uint32_t enabled;
};

static int32_t percpu_create(const struct axarch_host *host, uint32_t cpu_id, void **ret_self)
{
	struct mock_cpu *cpu = host->alloc(sizeof(*cpu));

	if (!cpu)
		return host->error(AXVCPU_ERROR_NO_MEMORY, "mock: no memory for CPU %u", cpu_id);
	cpu->host = host;
	*ret_self = cpu;
	return 0;
}

static int32_t percpu_destroy(void *self)
{
	((struct mock_cpu *)self)->host->free(self);
	return 0;
}

static int32_t hardware_enable(void *self)
{
	((struct mock_cpu *)self)->enabled = 1;
	return 0;
}

static int32_t hardware_disable(void *self)
{
	((struct mock_cpu *)self)->enabled = 0;
	return 0;
}

static int32_t max_guest_page_table_levels(void *self, uint64_t *ret_levels)
{
	(void)self;
	*ret_levels = 4;
	return 0;
}

/* An extension: functions of this backend's own, that hosts and scripts find by name and call by their signature. */
static uint64_t ext_gpr(void *self, uint32_t index)
{
	return index < GPRS ? ((struct mock *)self)->gprs[index] : 0;
}

static uint64_t ext_completed(void *self)
{
	return ((struct mock *)self)->completed;
}

static uint64_t ext_return_value(void *self)
{
	return ((struct mock *)self)->return_value;
}

static uint64_t ext_entry(void *self)
{
	return ((struct mock *)self)->entry;
}

static uint64_t ext_last_interrupt(void *self)
{
	return ((struct mock *)self)->last_interrupt;
}

static uint64_t ext_lines(void *self)
{
	return ((struct mock *)self)->lines;
}

static const struct axarch_function functions[] = {
	{ "gpr", "u64(ptr,u32)", (void (*)(void))ext_gpr, "a general register of a vCPU" },
	{ "completed", "u64(ptr)", (void (*)(void))ext_completed, "the value of the last complete_read" },
	{ "return_value", "u64(ptr)", (void (*)(void))ext_return_value, "the last set_return_value" },
	{ "entry", "u64(ptr)", (void (*)(void))ext_entry, "the last set_entry" },
	{ "last_interrupt", "u64(ptr)", (void (*)(void))ext_last_interrupt, "the last vector injected" },
	{ "lines", "u64(ptr)", (void (*)(void))ext_lines, "a bit per interrupt line that is high" },
};

static const struct axarch_extension extension = {
	.size = sizeof(extension),
	.function_count = sizeof(functions) / sizeof(functions[0]),
	.name = "axvcpu.mock/1",
	.functions = functions,
};

static const struct axarch_extension *get_extension(const char *name)
{
	return strcmp(name, extension.name) ? NULL : &extension;
}

/* clang-format off */
AXARCH_PLUGIN(mock_create, MOCK_CREATE, create, mock_setup, MOCK_SETUP, setup,
	AXARCH_ABOUT(.arch = 0, .id = "mock", .version = "0.1.0", .licence = "Apache-2.0",
		     .summary = "gives the exits of a script; executes nothing", .capabilities = AXARCH_CAPABILITY_DETERMINISTIC),
	.get_extension = get_extension,
	.destroy = destroy,
	.set_entry = set_entry,
	.set_ept_root = set_ept_root,
	.run = run,
	.bind = bind,
	.unbind = unbind,
	.set_gpr = set_gpr,
	.inject_interrupt = inject_interrupt,
	.set_return_value = set_return_value,
	.kick = kick,
	.set_interrupt_line = set_interrupt_line,
	.complete_read = complete_read,
	.fail_access = fail_access,
	.finish = finish,
	.reset = reset,
	.get_reg = get_reg,
	.set_reg = set_reg,
	.translate = translate,
	.set_clock = set_clock,
	.next_deadline = next_deadline,
	.interrupt_pending = interrupt_pending,
	.set_single_step = set_single_step,
	.set_breakpoint = set_breakpoint,
	.set_budget = set_budget,
	.read_counter = read_counter,
	.percpu_create = percpu_create,
	.percpu_destroy = percpu_destroy,
	.hardware_enable = hardware_enable,
	.hardware_disable = hardware_disable,
	.max_guest_page_table_levels = max_guest_page_table_levels);
/* clang-format on */
