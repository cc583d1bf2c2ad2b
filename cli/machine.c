/* SPDX-License-Identifier: Apache-2.0 */
/* Making, running and ending a machine. See machine.h; what a cpu does with its exits is in cpu.c. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "board/board.h"
#include "boot.h"
#include "config.h"
#include "console/console.h"
#include "cpu.h"
#include "fail.h"
#include "machine.h"
#include "switch.h"

#define STOP_PATIENCE_S 5

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t machine_clock_ns(void *machine_)
{
	const struct machine *machine = machine_;

	return monotonic_ns() - machine->start_ns;
}

/* The layers' texts in one, outermost first; NULL when there are none or no memory. */
static char *join_layers(const struct texts *layers, const char *innermost)
{
	size_t size = strlen(innermost) + 1;
	char *joined;

	for (size_t i = 0; i < layers->count; i++)
		size += strlen(layers->items[i]) + 1;
	joined = size > 1 ? calloc(1, size) : NULL;
	for (size_t i = 0; joined && i < layers->count; i++) {
		strcat(joined, layers->items[i]);
		strcat(joined, ";");
	}
	return joined ? strcat(joined, innermost) : NULL;
}

static int create_status(int32_t error)
{
	switch (error) {
	case AXVCPU_ERROR_INVALID_INPUT:
		return STATUS_USAGE;
	case AXVCPU_ERROR_NO_MEMORY:
	case -ENOMEM:
	case -EMFILE:
	case -ENFILE:
		return STATUS_HOST;
	default:
		return STATUS_ENGINE;
	}
}

static int create_vcpu(const struct machine_info *info, const struct axvcpu_config *config, const char *layers,
		       struct cpu *cpu)
{
	const struct axvcpu_create_info create = { .size = sizeof(create),
						   .vcpu_id = cpu->id,
						   .halt_policy = AXVCPU_HALT_EXIT,
						   .state_policy = AXVCPU_POLICY_REJECT,
						   .config = config,
						   .layers = layers };
	int32_t error = axvcpu_create(info->engines->items[info->engines->of_cpu[cpu->id]], &create, &cpu->vcpu);

	if (error == AXVCPU_ERROR_NOT_FOUND)
		return fail_library(STATUS_UNAVAILABLE, "--layer");
	return error ? fail_library(create_status(error), "cpu %u", cpu->id) : STATUS_OK;
}

static int create_cpu(const struct machine_info *info, const char *layers, struct cpu *cpu)
{
	struct axvcpu_config *config;
	int status = config_create(info, info->engines->of_cpu[cpu->id], cpu->id, &config);

	if (status)
		return status;
	status = create_vcpu(info, config, layers, cpu);
	axvcpu_config_destroy(config);
	return status;
}

/* An engine that the cpu is to switch to: made now, so that a switch is short and all can agree. */
static int add_engine(const struct machine_info *info, unsigned engine, struct cpu *cpu)
{
	struct axvcpu_config *config;
	int status = config_create(info, engine, cpu->id, &config);
	int32_t error;

	if (status)
		return status;
	error = axvcpu_add_engine(cpu->vcpu, info->engines->items[engine], config);
	axvcpu_config_destroy(config);
	return error ? fail_library(create_status(error), "--switch") : STATUS_OK;
}

static int add_engines(const struct machine_info *info, struct cpu *cpu)
{
	const struct switch_plan *plan = info->switch_plan;
	bool has[ENGINES_MAX] = { false };
	int status = STATUS_OK;

	has[info->engines->of_cpu[cpu->id]] = true;
	for (size_t i = 0; i < plan->count && !status; i++) {
		const struct switch_rule *rule = &plan->rules[i];

		if (!switch_concerns(rule, cpu->id) || has[rule->engine])
			continue;
		has[rule->engine] = true;
		status = add_engine(info, rule->engine, cpu);
	}
	return status;
}

/* What the guest is told of its processors must be what all engines keep. */
static int agree(const struct machine *machine)
{
	struct axvcpu *vcpus[MACHINE_CPUS_MAX];

	if (machine->engines->count < 2)
		return STATUS_OK;
	for (unsigned id = 0; id < machine->cpu_count; id++)
		vcpus[id] = machine->cpus[id].vcpu;
	return axvcpu_agree(vcpus, machine->cpu_count)
		       ? fail_library(STATUS_ENGINE, "the engines cannot be one machine's")
		       : STATUS_OK;
}

static int create_cpus(const struct machine_info *info, struct machine *machine)
{
	char *layers = join_layers(&info->options->layers, info->layer);
	int status = STATUS_OK;

	for (unsigned id = 0; id < machine->cpu_count && !status; id++) {
		machine->cpus[id].machine = machine;
		machine->cpus[id].id = id;
		status = create_cpu(info, layers, &machine->cpus[id]);
		if (!status)
			status = add_engines(info, &machine->cpus[id]);
	}
	free(layers);
	return status ? status : agree(machine);
}

static int make_setup_configs(const struct machine_info *info, struct machine *machine)
{
	int status = STATUS_OK;

	for (unsigned i = 0; i < info->engines->count && !status; i++)
		status = config_setup(info, i, &machine->setup_configs[i]);
	return status;
}

static int create_space(struct machine *machine)
{
	struct ram_range ranges[LAYOUT_RAM_MAX];
	size_t count = board_ram(machine->type, machine->memory_size, ranges);
	int32_t error = axvcpu_space_create(&machine->space);

	for (size_t i = 0; i < count && !error; i++) {
		struct axvcpu_slot slot = { .size_of_struct = sizeof(slot),
					    .gpa = ranges[i].base,
					    .size = ranges[i].size };

		error = axvcpu_space_add(machine->space, &slot);
	}
	return error ? fail_library(STATUS_HOST, "the guest's memory (--mem)") : STATUS_OK;
}

static int init_sync(struct machine *machine)
{
	pthread_condattr_t attributes;

	pthread_mutex_init(&machine->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&machine->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	machine->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return machine->event_fd < 0 ? fail(STATUS_HOST, "eventfd: %s", strerror(errno)) : STATUS_OK;
}

int machine_create(const struct machine_info *info, struct machine **ret_machine)
{
	struct machine *machine = calloc(1, sizeof(*machine));
	int status;

	if (!machine)
		return fail(STATUS_HOST, "no memory for the machine");
	machine->engines = info->engines;
	machine->type = info->type;
	machine->boot = info->boot;
	machine->console = info->console;
	machine->memory_size = info->options->memory;
	machine->cpu_count = (unsigned)info->options->cpus;
	machine->kernel_chip = info->options->kernel_chip;
	machine->start_ns = monotonic_ns();
	status = init_sync(machine);
	if (!status)
		status = create_space(machine);
	if (!status)
		status = info->type->create(machine, &machine->board);
	if (!status)
		status = make_setup_configs(info, machine);
	if (!status)
		status = create_cpus(info, machine);
	if (!status)
		status = switches_create(machine, info->switch_plan, &machine->switches);
	if (status)
		machine_destroy(machine);
	else
		*ret_machine = machine;
	return status;
}

void machine_destroy(struct machine *machine)
{
	if (!machine)
		return;
	for (unsigned id = 0; id < machine->cpu_count; id++)
		axvcpu_destroy(machine->cpus[id].vcpu);
	switches_destroy(machine->switches);
	for (unsigned i = 0; i < ENGINES_MAX; i++)
		axvcpu_config_destroy(machine->setup_configs[i]);
	if (machine->board)
		machine->type->destroy(machine->board);
	axvcpu_space_destroy(machine->space);
	if (machine->event_fd >= 0)
		close(machine->event_fd);
	pthread_cond_destroy(&machine->changed);
	pthread_mutex_destroy(&machine->lock);
	free(machine);
}

static int start_thread(struct cpu *cpu)
{
	struct machine *machine = cpu->machine;
	int error;

	pthread_mutex_lock(&machine->lock);
	error = pthread_create(&cpu->thread, NULL, cpu_thread, cpu);
	machine->threads += !error;
	pthread_mutex_unlock(&machine->lock);
	cpu->has_thread = !error;
	return error ? fail(STATUS_HOST, "cpu %u: its thread cannot be started: %s; give fewer with --smp", cpu->id,
			    strerror(error))
		     : STATUS_OK;
}

int machine_start(struct machine *machine)
{
	int status = STATUS_OK;

	machine_start_cpu(machine, 0, machine->boot->entry, machine->boot->argument);
	for (unsigned id = 1; id < machine->cpu_count && machine->kernel_chip; id++)
		machine_start_cpu(machine, id, 0, 0); /* it waits inside of run for the guest to start it */
	for (unsigned id = 0; id < machine->cpu_count && !status; id++)
		status = start_thread(&machine->cpus[id]);
	return status;
}

/* False when they have not all ended within STOP_PATIENCE_S. */
static bool wait_for_threads(struct machine *machine)
{
	struct timespec deadline;
	bool ended;
	int error = 0;

	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec += STOP_PATIENCE_S;
	pthread_mutex_lock(&machine->lock);
	while (machine->threads && !error)
		error = pthread_cond_timedwait(&machine->changed, &machine->lock, &deadline);
	ended = !machine->threads;
	pthread_mutex_unlock(&machine->lock);
	return ended;
}

bool machine_stop(struct machine *machine)
{
	pthread_mutex_lock(&machine->lock);
	atomic_store(&machine->stopping, true);
	pthread_cond_broadcast(&machine->changed);
	pthread_mutex_unlock(&machine->lock);
	console_stop(machine->console);
	for (unsigned id = 0; id < machine->cpu_count; id++)
		axvcpu_kick(machine->cpus[id].vcpu);
	if (!wait_for_threads(machine))
		return false;
	for (unsigned id = 0; id < machine->cpu_count; id++)
		if (machine->cpus[id].has_thread)
			pthread_join(machine->cpus[id].thread, NULL);
	return true;
}

void machine_wake(void *machine_)
{
	struct machine *machine = machine_;
	uint64_t one = 1;

	if (write(machine->event_fd, &one, sizeof(one)) < 0)
		return; /* the counter is full: it is awake already */
}

void machine_ended(struct machine *machine, enum machine_end end, int status, const char *format, ...)
{
	va_list arguments;

	pthread_mutex_lock(&machine->lock);
	if (machine->end == MACHINE_RUNS) {
		machine->end = end;
		machine->status = status;
		va_start(arguments, format);
		if (format)
			vsnprintf(machine->text, sizeof(machine->text), format, arguments);
		va_end(arguments);
	}
	atomic_store(&machine->stopping, true);
	pthread_cond_broadcast(&machine->changed);
	pthread_mutex_unlock(&machine->lock);
	machine_wake(machine);
}

bool machine_start_cpu(struct machine *machine, unsigned id, uint64_t entry, uint64_t argument)
{
	struct cpu *cpu = &machine->cpus[id];
	bool stopped;

	pthread_mutex_lock(&machine->lock);
	stopped = cpu->power == CPU_STOPPED;
	if (stopped) {
		cpu->power = CPU_STARTING;
		cpu->next_entry = entry;
		cpu->next_argument = argument;
		machine->running++;
		pthread_cond_broadcast(&machine->changed);
	}
	pthread_mutex_unlock(&machine->lock);
	return stopped;
}

bool machine_stop_cpu(struct machine *machine, unsigned id)
{
	struct cpu *cpu = &machine->cpus[id];
	unsigned running;

	pthread_mutex_lock(&machine->lock);
	machine->running -= cpu->power != CPU_STOPPED;
	cpu->power = CPU_STOPPED;
	atomic_store(&cpu->leaves, true);
	running = machine->running;
	axvcpu_kick(cpu->vcpu);
	pthread_mutex_unlock(&machine->lock);
	return running;
}

enum cpu_power machine_cpu_power(struct machine *machine, unsigned id)
{
	enum cpu_power power;

	pthread_mutex_lock(&machine->lock);
	power = machine->cpus[id].power;
	pthread_mutex_unlock(&machine->lock);
	return power;
}

/* The level is kept as well: a cpu that is reset meanwhile gets it at its next start (cpu.c). */
void machine_set_line(struct machine *machine, unsigned id, unsigned line, bool level)
{
	struct cpu *cpu = &machine->cpus[id];
	uint64_t mask = UINT64_C(1) << line;

	pthread_mutex_lock(&machine->lock);
	cpu->lines = level ? cpu->lines | mask : cpu->lines & ~mask;
	axvcpu_set_interrupt_line(cpu->vcpu, line, level);
	pthread_mutex_unlock(&machine->lock);
}

/*
 * A full queue is no loss: the edges of a cpu that come this way are all of one kind (software interrupts of riscv64,
 * NMIs of x86_64), and one that is queued already will be seen after this moment as well.
 */
void machine_inject(struct machine *machine, unsigned id, uint64_t vector)
{
	struct cpu *cpu = &machine->cpus[id];

	pthread_mutex_lock(&machine->lock);
	if (cpu->power == CPU_STARTED && !axvcpu_inject_interrupt(cpu->vcpu, vector)) {
		machine->asleep -= cpu->asleep;
		cpu->asleep = false;
	}
	pthread_mutex_unlock(&machine->lock);
}

void machine_input_came(struct machine *machine)
{
	machine->type->input_came(machine->board);
	for (unsigned id = 0; id < machine->cpu_count; id++)
		if (atomic_load(&machine->cpus[id].dozing))
			axvcpu_kick(machine->cpus[id].vcpu);
}
