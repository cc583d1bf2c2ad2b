/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "board/board.h"
#include "console/console.h"
#include "cpu.h"
#include "fail.h"
#include "machine.h"
#include "switch.h"
#include "tally.h"

/*
 * Firmware that waits for a key by asking the UART again and again would keep a host CPU busy for ever. When it has
 * asked DOZE_POLLS times, each less than DOZE_GAP_NS after the one before, it does nothing else: then the cpu sleeps
 * up to DOZE_NS at each further time. Input and interrupts end the sleep. A guest that asks while it works asks less
 * often than that.
 */
#define DOZE_POLLS 1000u
#define DOZE_GAP_NS 50000u
#define DOZE_NS 20000000u

static void doze(struct cpu *cpu)
{
	struct machine *machine = cpu->machine;
	uint64_t now = machine_clock_ns(machine);

	cpu->polled = false;
	cpu->polls = now - cpu->last_poll_ns < DOZE_GAP_NS ? cpu->polls + 1 : 0;
	if (cpu->polls > DOZE_POLLS) {
		atomic_store(&cpu->dozing, true);
		if (!console_has_input(machine->console)) /* after the store: who brings input sees it and kicks */
			axvcpu_wait(cpu->vcpu, DOZE_NS);
		atomic_store(&cpu->dozing, false);
	}
	cpu->last_poll_ns = machine_clock_ns(machine);
}

static int32_t on_nothing(struct cpu *cpu, const struct axvcpu_exit *exit)
{
	(void)cpu;
	(void)exit;
	return 0;
}

/* What the device at an address answers. */
static uint64_t read_device(struct cpu *cpu, struct bus *bus, uint64_t address, unsigned width)
{
	struct board *board = cpu->machine->board;
	const struct device *device;
	uint64_t value;

	pthread_mutex_lock(&board->lock);
	device = bus_read(bus, address, width, &value);
	cpu->polled = device && device->idle_reads;
	pthread_mutex_unlock(&board->lock);
	return value;
}

static void write_device(struct cpu *cpu, struct bus *bus, uint64_t address, unsigned width, uint64_t value)
{
	struct board *board = cpu->machine->board;

	console_wait_room(cpu->machine->console); /* before the lock, which the main thread needs too */
	pthread_mutex_lock(&board->lock);
	bus_write(bus, address, width, value);
	pthread_mutex_unlock(&board->lock);
	cpu->polls = 0; /* who looks whether it may send, and sends, has something to do */
}

static int32_t access_local(struct cpu *cpu, struct local_access *access)
{
	const struct machine *machine = cpu->machine;

	return machine->type->local_mmio ? machine->type->local_mmio(machine->board, cpu, access) : 0;
}

static int32_t on_mmio_read(struct cpu *cpu, const struct axvcpu_exit *exit)
{
	const struct axvcpu_exit_mmio_read *read = &exit->mmio_read;
	struct local_access access = { .gpa = read->addr, .width = read->width };
	int32_t error = access_local(cpu, &access);

	if (error)
		return error;
	if (!access.handled)
		access.value = read_device(cpu, &cpu->machine->board->bus, read->addr, read->width);
	return axvcpu_complete_read(cpu->vcpu, exit, access.value);
}

static int32_t on_mmio_write(struct cpu *cpu, const struct axvcpu_exit *exit)
{
	const struct axvcpu_exit_mmio_write *write = &exit->mmio_write;
	struct local_access access = { .gpa = write->addr, .width = write->width, .value = write->data, .write = true };
	int32_t error = access_local(cpu, &access);

	if (!error && !access.handled)
		write_device(cpu, &cpu->machine->board->bus, write->addr, write->width, write->data);
	return error;
}

static int32_t on_io_read(struct cpu *cpu, const struct axvcpu_exit *exit)
{
	const struct axvcpu_exit_io_read *read = &exit->io_read;

	return axvcpu_complete_read(cpu->vcpu, exit,
				    read_device(cpu, &cpu->machine->board->ports, read->port, read->width));
}

static int32_t on_io_write(struct cpu *cpu, const struct axvcpu_exit *exit)
{
	const struct axvcpu_exit_io_write *write = &exit->io_write;

	write_device(cpu, &cpu->machine->board->ports, write->port, write->width, write->data);
	return 0;
}

static int32_t on_nested_page_fault(struct cpu *cpu, const struct axvcpu_exit *exit)
{
	uint64_t flags = exit->nested_page_fault.access_flags, pc = 0;
	const char *does = flags & AXVCPU_ACCESS_EXECUTE ? "executes"
			   : flags & AXVCPU_ACCESS_WRITE ? "writes"
							 : "reads";

	axvcpu_get_reg_u64(cpu->vcpu, "pc", &pc);
	machine_ended(cpu->machine, MACHINE_FAILED, STATUS_STUCK,
		      "the guest cannot go on: cpu %u, with pc 0x%llx, %s 0x%llx, where there is no memory", cpu->id,
		      (unsigned long long)pc, does, (unsigned long long)exit->nested_page_fault.addr);
	return 0;
}

/*
 * A cpu that halts with its interrupts off waits for another one to wake it: when all do, none ever will. What has
 * woken it already, or wakes it from now on (machine_inject), counts at once, whenever its thread comes to run.
 */
static int32_t fall_asleep(struct cpu *cpu)
{
	struct machine *machine = cpu->machine;
	unsigned running;
	int32_t error;
	bool last;

	pthread_mutex_lock(&machine->lock);
	error = axvcpu_wait(cpu->vcpu, 0);
	cpu->asleep = error == -ETIMEDOUT;
	machine->asleep += cpu->asleep;
	running = machine->running;
	last = cpu->asleep && machine->asleep == running;
	pthread_mutex_unlock(&machine->lock);
	if (last)
		machine_ended(
			machine, MACHINE_FAILED, STATUS_STUCK,
			running == 1
				? "the guest cannot go on: cpu %u halted with its interrupts off"
				: "the guest cannot go on: cpu %u was the last to halt, all with their interrupts off",
			cpu->id);
	return error == -ETIMEDOUT ? 0 : error;
}

static void wake_up(struct cpu *cpu)
{
	pthread_mutex_lock(&cpu->machine->lock);
	cpu->machine->asleep -= cpu->asleep;
	cpu->asleep = false;
	pthread_mutex_unlock(&cpu->machine->lock);
}

static int32_t on_halt(struct cpu *cpu, const struct axvcpu_exit *exit)
{
	const struct board_type *type = cpu->machine->type;
	int32_t error = 0;

	(void)exit;
	if (type->may_wake && !type->may_wake(cpu->machine->board, cpu))
		error = fall_asleep(cpu);
	if (!error)
		error = axvcpu_wait(cpu->vcpu, UINT64_MAX);
	wake_up(cpu);
	return error;
}

static int32_t on_cpu_down(struct cpu *cpu, const struct axvcpu_exit *exit)
{
	(void)exit;
	if (!machine_stop_cpu(cpu->machine, cpu->id))
		machine_ended(cpu->machine, MACHINE_FAILED, STATUS_STUCK,
			      "the guest cannot go on: cpu %u stopped itself, and no other runs", cpu->id);
	return 0;
}

/* The reasons are SBI's: 0 none, 1 the system failed. */
static int32_t on_system_down(struct cpu *cpu, const struct axvcpu_exit *exit)
{
	uint64_t reason = exit->system_down.reason;

	if (exit->system_down.kind)
		machine_ended(cpu->machine, MACHINE_RESET, STATUS_RESET, NULL);
	else if (!reason)
		machine_ended(cpu->machine, MACHINE_POWER_OFF, STATUS_OK, NULL);
	else
		machine_ended(cpu->machine, MACHINE_POWER_OFF, reason == 1 ? STATUS_GUEST : STATUS_GUEST_OTHER,
			      "the guest powered off with reason %llu", (unsigned long long)reason);
	return 0;
}

/* The engine's own words come first: whatever is asked of it next may have others. */
static int32_t on_fail_entry(struct cpu *cpu, const struct axvcpu_exit *exit)
{
	char why[512];
	uint64_t pc = 0;

	snprintf(why, sizeof(why), "%s", axvcpu_error_text());
	if (!why[0])
		axvcpu_exit_format(exit, why, sizeof(why));
	axvcpu_get_reg_u64(cpu->vcpu, "pc", &pc);
	machine_ended(cpu->machine, MACHINE_FAILED, STATUS_ENGINE,
		      "the engine cannot go on: cpu %u, with pc 0x%llx: %s", cpu->id, (unsigned long long)pc, why);
	return 0;
}

static int32_t on_unexpected(struct cpu *cpu, const struct axvcpu_exit *exit)
{
	char text[256];

	axvcpu_exit_format(exit, text, sizeof(text));
	machine_ended(cpu->machine, MACHINE_FAILED, STATUS_ENGINE, "cpu %u: this board cannot go on from the exit %s",
		      cpu->id, text);
	return 0;
}

/* There is no debugger here: it is a trigger of --switch, or nobody's. */
static int32_t on_debug(struct cpu *cpu, const struct axvcpu_exit *exit)
{
	return switches_await(cpu, &exit->debug) ? 0 : on_unexpected(cpu, exit);
}

/* Exits that are the board's, if it knows them. */
#define BOARD_HANDLER(hook, argument) \
	static int32_t on_##hook(struct cpu *cpu, const struct axvcpu_exit *exit) \
	{ \
		const struct machine *machine = cpu->machine; \
\
		return machine->type->hook ? machine->type->hook(machine->board, cpu, argument) \
					   : on_unexpected(cpu, exit); \
	}
BOARD_HANDLER(hypercall, &exit->hypercall)
BOARD_HANDLER(cpu_up, &exit->cpu_up)
BOARD_HANDLER(send_ipi, &exit->send_ipi)
BOARD_HANDLER(sysreg_read, exit)
BOARD_HANDLER(sysreg_write, exit)
BOARD_HANDLER(interrupt_window, exit)
#undef BOARD_HANDLER

/* Reasons without a row are unexpected. */
static int32_t (*const handlers[MACHINE_EXIT_KINDS])(struct cpu *cpu, const struct axvcpu_exit *exit) = {
	[AXVCPU_EXIT_NOTHING] = on_nothing,
	[AXVCPU_EXIT_HYPERCALL] = on_hypercall,
	[AXVCPU_EXIT_MMIO_READ] = on_mmio_read,
	[AXVCPU_EXIT_MMIO_WRITE] = on_mmio_write,
	[AXVCPU_EXIT_SYSREG_READ] = on_sysreg_read,
	[AXVCPU_EXIT_SYSREG_WRITE] = on_sysreg_write,
	[AXVCPU_EXIT_IO_READ] = on_io_read,
	[AXVCPU_EXIT_IO_WRITE] = on_io_write,
	[AXVCPU_EXIT_EXTERNAL_INTERRUPT] = on_nothing,
	[AXVCPU_EXIT_NESTED_PAGE_FAULT] = on_nested_page_fault,
	[AXVCPU_EXIT_HALT] = on_halt,
	[AXVCPU_EXIT_CPU_UP] = on_cpu_up,
	[AXVCPU_EXIT_CPU_DOWN] = on_cpu_down,
	[AXVCPU_EXIT_SYSTEM_DOWN] = on_system_down,
	[AXVCPU_EXIT_FAIL_ENTRY] = on_fail_entry,
	[AXVCPU_EXIT_SEND_IPI] = on_send_ipi,
	[AXVCPU_EXIT_DEBUG] = on_debug,
	[AXVCPU_EXIT_KICKED] = on_nothing,
	[AXVCPU_EXIT_PREEMPTION_TIMER] = on_nothing,
	[AXVCPU_EXIT_INTERRUPT_WINDOW] = on_interrupt_window,
};

static int32_t handle(struct cpu *cpu, const struct axvcpu_exit *exit)
{
	unsigned kind = exit->reason < MACHINE_EXIT_KINDS ? exit->reason : MACHINE_EXIT_KINDS - 1;
	int32_t error;

	cpu->exits[kind]++;
	error = handlers[kind] ? handlers[kind](cpu, exit) : on_unexpected(cpu, exit);
	if (cpu->polled && !error)
		doze(cpu);
	return error;
}

/* Levels that were set while the cpu was stopped: a reset forgets them. */
static void apply_lines(struct cpu *cpu)
{
	pthread_mutex_lock(&cpu->machine->lock);
	for (uint64_t left = cpu->lines; left; left &= left - 1)
		axvcpu_set_interrupt_line(cpu->vcpu, (uint32_t)__builtin_ctzll(left), 1);
	pthread_mutex_unlock(&cpu->machine->lock);
}

static int32_t set_up(struct cpu *cpu)
{
	const struct machine *machine = cpu->machine;
	unsigned engine = engines_index(machine->engines, axvcpu_backend_of(cpu->vcpu));

	return axvcpu_setup(cpu->vcpu, cpu->entry, axvcpu_space_root(machine->space), machine->setup_configs[engine]);
}

static int32_t start(struct cpu *cpu)
{
	struct machine *machine = cpu->machine;
	int32_t error = switches_before_start(cpu);

	if (!error)
		error = set_up(cpu);
	if (error)
		return error;
	error = axvcpu_set_clock(cpu->vcpu, machine_clock_ns, machine);
	if (error && error != AXVCPU_ERROR_UNSUPPORTED)
		return error;
	error = machine->type->prepare_cpu(machine->board, cpu);
	if (error)
		return error;
	apply_lines(cpu);
	tally_begin(cpu);
	error = switches_arm(cpu);
	return error ? error : axvcpu_bind(cpu->vcpu);
}

static void report(struct cpu *cpu, int32_t error)
{
	machine_ended(cpu->machine, MACHINE_FAILED, STATUS_ENGINE, "cpu %u: the engine failed (%s): %s", cpu->id,
		      axvcpu_error_name(error), axvcpu_error_text());
}

/* From the cpu's start to its stop. A failure is reported before anything else has a text to say. */
static void find_where(struct cpu *cpu)
{
	uint64_t arguments[] = { 0, (uintptr_t)cpu->where, sizeof(cpu->where) }, length, pc;
	struct axvcpu_backend *backend = axvcpu_backend_of(cpu->vcpu);
	void *vcpu;

	if (!axvcpu_arch_vcpu(cpu->vcpu, backend, &vcpu)) {
		arguments[0] = (uintptr_t)vcpu;
		if (!axvcpu_backend_call(backend, "axvcpu.where/1", "where", arguments, 3, &length))
			return;
	}
	if (!axvcpu_get_reg_u64(cpu->vcpu, "pc", &pc))
		snprintf(cpu->where, sizeof(cpu->where), "pc 0x%llx", (unsigned long long)pc);
}

/* With start-up IPIs that the board does not see, the guest begins when all cpus can hear them. */
static void await_others(struct cpu *cpu)
{
	struct machine *machine = cpu->machine;

	if (!machine->kernel_chip)
		return;
	pthread_mutex_lock(&machine->lock);
	machine->set_up++;
	pthread_cond_broadcast(&machine->changed);
	while (machine->set_up < machine->cpu_count && !atomic_load(&machine->stopping))
		pthread_cond_wait(&machine->changed, &machine->lock);
	pthread_mutex_unlock(&machine->lock);
}

static void run(struct cpu *cpu)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;
	int32_t error = start(cpu);

	if (!error)
		await_others(cpu);
	while (!error && !atomic_load(&cpu->leaves) && !atomic_load(&cpu->machine->stopping)) {
		error = axvcpu_run(cpu->vcpu, &exit);
		if (!error)
			error = handle(cpu, &exit);
		if (!error)
			error = switches_after_exit(cpu, &exit);
	}
	if (error)
		report(cpu, error);
	else
		find_where(cpu);
	tally_end(cpu);
	if (!error && (error = axvcpu_reset(cpu->vcpu)))
		report(cpu, error);
}

/* Waits until the cpu is to start; false when the machine stops. */
static bool await_start(struct cpu *cpu)
{
	struct machine *machine = cpu->machine;
	bool starts;

	pthread_mutex_lock(&machine->lock);
	while (cpu->power != CPU_STARTING && !atomic_load(&machine->stopping))
		pthread_cond_wait(&machine->changed, &machine->lock);
	starts = !atomic_load(&machine->stopping);
	if (starts) {
		cpu->power = CPU_STARTED;
		cpu->entry = cpu->next_entry;
		cpu->argument = cpu->next_argument;
		atomic_store(&cpu->leaves, false);
	}
	pthread_mutex_unlock(&machine->lock);
	return starts;
}

void *cpu_thread(void *cpu_)
{
	struct cpu *cpu = cpu_;
	struct machine *machine = cpu->machine;

	while (await_start(cpu))
		run(cpu);
	pthread_mutex_lock(&machine->lock);
	machine->threads--;
	pthread_cond_broadcast(&machine->changed);
	pthread_mutex_unlock(&machine->lock);
	return NULL;
}
