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

#include <axvcpu/plugin/plugin.h>

#include "board/board.h"
#include "boot.h"
#include "console/console.h"
#include "cpu.h"
#include "fail.h"
#include "machine.h"

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

/* --set KIND.FIELD=VALUE, applied to the config of that kind. */
static int apply_set(struct axvcpu_config *config, const char *kind, const char *set)
{
	static const char *const kinds[] = { "create", "setup" };
	size_t length = strcspn(set, ".");
	const char *value = strchr(set, '=');
	char word[64];

	snprintf(word, sizeof(word), "%.*s", (int)length, set);
	if (strcmp(word, kinds[0]) && strcmp(word, kinds[1]))
		return fail(STATUS_USAGE, "--set: \"%s\" does not begin with create. or setup.%s", set,
			    fail_suggestion(word, kinds, 2));
	if (!set[length] || !value || value < set + length + 2)
		return fail(STATUS_USAGE, "--set: \"%s\" is not of the form %s.FIELD=VALUE", set, word);
	if (strcmp(word, kind))
		return STATUS_OK;
	snprintf(word, sizeof(word), "%.*s", (int)(value - (set + length + 1)), set + length + 1);
	if (axvcpu_config_set(config, word, value + 1))
		return fail_library(STATUS_USAGE, "--set %s", set);
	return STATUS_OK;
}

/* What the board says to the engine is not the user's to say, who would be overruled without a word. */
static int check_set(const struct machine_info *info, const char *set)
{
	const struct {
		const char *field, *way_out;
	} fields[] = { { info->type->id_field, "each cpu gets its own" },
		       { info->type->count_field, "--smp says how many there are" },
		       { info->type->fdt_field, "--dtb gives a device tree" },
		       { "chip", "--chip says whose it is" } };

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		size_t length = fields[i].field ? strlen(fields[i].field) : 0;

		if (length && !strncmp(set, "create.", 7) && !strncmp(set + 7, fields[i].field, length) &&
		    set[7 + length] == '=')
			return fail(STATUS_USAGE, "--set %s: the board sets this field: %s", set, fields[i].way_out);
	}
	return STATUS_OK;
}

static int make_config(const struct machine_info *info, uint32_t kind, const char *word,
		       struct axvcpu_config **ret_config)
{
	struct axvcpu_config *config;
	int status = STATUS_OK;

	if (axvcpu_config_create(info->backend, kind, &config))
		return fail_library(STATUS_ENGINE, "the backend's %s configuration", word);
	for (size_t i = 0; i < info->options->sets.count && !status; i++) {
		status = apply_set(config, word, info->options->sets.items[i]);
		if (!status && kind == AXVCPU_CONFIG_CREATE)
			status = check_set(info, info->options->sets.items[i]);
	}
	if (status)
		axvcpu_config_destroy(config);
	else
		*ret_config = config;
	return status;
}

/* What the machine knows and the user need not say; a backend may lack the field. */
static int fill_field(struct axvcpu_config *config, const char *name, uint64_t value)
{
	int32_t error = name ? axvcpu_config_set_u64(config, name, 0, value) : 0;

	if (error && error != AXVCPU_ERROR_NOT_FOUND)
		return fail_library(STATUS_ENGINE, "the backend's create configuration");
	return STATUS_OK;
}

static int choose_chip(const struct machine_info *info, struct axvcpu_config *config)
{
	if (!info->options->kernel_chip || !axvcpu_config_set(config, "chip", "kernel"))
		return STATUS_OK;
	return fail(STATUS_USAGE, "--chip kernel: the backend %s has no interrupt controllers of its own; kvm has",
		    axvcpu_backend_description(info->backend)->id);
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

static int create_vcpu(const struct machine_info *info, struct axvcpu_config *config, const char *layers,
		       struct cpu *cpu)
{
	struct axvcpu_create_info create = { .size = sizeof(create),
					     .vcpu_id = cpu->id,
					     .halt_policy = AXVCPU_HALT_EXIT,
					     .state_policy = AXVCPU_POLICY_REJECT,
					     .config = config,
					     .layers = layers };
	int status = fill_field(config, info->type->id_field, cpu->id);
	int32_t error;

	if (!status)
		status = fill_field(config, info->type->count_field, info->options->cpus);
	if (!status)
		status = fill_field(config, info->type->fdt_field, info->boot->argument);
	if (!status)
		status = choose_chip(info, config);
	if (status)
		return status;
	error = axvcpu_create(info->backend, &create, &cpu->vcpu);
	if (error == AXVCPU_ERROR_NOT_FOUND)
		return fail_library(STATUS_UNAVAILABLE, "--layer");
	return error ? fail_library(create_status(error), "cpu %u", cpu->id) : STATUS_OK;
}

static int create_cpus(const struct machine_info *info, struct machine *machine)
{
	struct axvcpu_config *config = NULL;
	char *layers = join_layers(&info->options->layers, info->layer);
	int status = make_config(info, AXVCPU_CONFIG_CREATE, "create", &config);

	for (unsigned id = 0; id < machine->cpu_count && !status; id++) {
		machine->cpus[id].machine = machine;
		machine->cpus[id].id = id;
		status = create_vcpu(info, config, layers, &machine->cpus[id]);
	}
	axvcpu_config_destroy(config);
	free(layers);
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
	machine->backend = info->backend;
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
		status = make_config(info, AXVCPU_CONFIG_SETUP, "setup", &machine->setup_config);
	if (!status)
		status = create_cpus(info, machine);
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
	axvcpu_config_destroy(machine->setup_config);
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
