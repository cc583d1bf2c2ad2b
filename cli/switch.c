/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/console.h"
#include "engines.h"
#include "fail.h"
#include "switch.h"
#include "tally.h"

/* One rule, as far as it has come on one cpu. The cpu's thread alone. */
struct progress {
	bool met;
	uint64_t exits; /* seen, of those that it counts */
};

struct cpu_switches {
	struct progress *rules;
	size_t moved;   /* of those that were noted down, what has been looked at */
	bool is_moving; /* axvcpu_run first ends an instruction on the engine that began it */
	bool has_budget;
};

struct switches {
	const struct switch_plan *plan;
	struct machine *machine;
	pthread_mutex_t lock; /* innermost */
	size_t *matched;      /* under lock, by rule: how much of a marker the console's last bytes are */
	bool *is_noted;       /* under lock, by rule */
	size_t *noted;        /* rules that other threads have met, in order; below noted_count they do not change */
	atomic_size_t noted_count;
	struct cpu_switches cpus[MACHINE_CPUS_MAX];
};

static void take_output(void *switches, uint8_t byte);

static bool allocate(struct switches *switches, unsigned cpus)
{
	size_t count = switches->plan->count;
	bool has_all;

	switches->matched = calloc(count, sizeof(*switches->matched));
	switches->is_noted = calloc(count, sizeof(*switches->is_noted));
	switches->noted = calloc(count, sizeof(*switches->noted));
	has_all = switches->matched && switches->is_noted && switches->noted;
	for (unsigned id = 0; id < cpus && has_all; id++) {
		switches->cpus[id].rules = calloc(count, sizeof(struct progress));
		has_all = switches->cpus[id].rules;
	}
	return has_all;
}

int switches_create(struct machine *machine, const struct switch_plan *plan, struct switches **ret_switches)
{
	struct switches *switches;

	if (!plan->count)
		return STATUS_OK;
	switches = calloc(1, sizeof(*switches));
	if (!switches)
		return fail(STATUS_HOST, "--switch: no memory");
	switches->plan = plan;
	switches->machine = machine;
	pthread_mutex_init(&switches->lock, NULL);
	if (!allocate(switches, machine->cpu_count)) {
		switches_destroy(switches);
		return fail(STATUS_HOST, "--switch: no memory");
	}
	console_listen(machine->console, take_output, switches);
	*ret_switches = switches;
	return STATUS_OK;
}

void switches_destroy(struct switches *switches)
{
	if (!switches)
		return;
	console_listen(switches->machine->console, NULL, NULL);
	for (unsigned id = 0; id < MACHINE_CPUS_MAX; id++)
		free(switches->cpus[id].rules);
	free(switches->noted);
	free(switches->is_noted);
	free(switches->matched);
	pthread_mutex_destroy(&switches->lock);
	free(switches);
}

/* Writes a rule down for the cpus' threads, under the lock. */
static void note(struct switches *switches, size_t index)
{
	const struct switch_rule *rule = &switches->plan->rules[index];
	struct machine *machine = switches->machine;
	size_t count = atomic_load(&switches->noted_count);

	switches->is_noted[index] = true;
	switches->noted[count] = index;
	atomic_store(&switches->noted_count, count + 1);
	for (unsigned id = 0; id < machine->cpu_count; id++)
		if (switch_concerns(rule, id))
			axvcpu_kick(machine->cpus[id].vcpu);
}

/* How much of the text the output is now, one byte later, when it was the first `matched` bytes of it. */
static size_t match_further(const char *text, size_t matched, uint8_t byte)
{
	for (;;) {
		size_t shorter = matched;

		if ((uint8_t)text[matched] == byte)
			return matched + 1;
		if (!matched)
			return 0;
		do /* the longest end of what has matched that is a beginning too */
			shorter--;
		while (memcmp(text, text + matched - shorter, shorter));
		matched = shorter;
	}
}

static void take_output(void *switches_, uint8_t byte)
{
	struct switches *switches = switches_;

	pthread_mutex_lock(&switches->lock);
	for (size_t i = 0; i < switches->plan->count; i++) {
		const struct switch_rule *rule = &switches->plan->rules[i];

		if (rule->trigger != SWITCH_MARKER || switches->is_noted[i])
			continue;
		switches->matched[i] = match_further(rule->word, switches->matched[i], byte);
		if (!rule->word[switches->matched[i]])
			note(switches, i);
	}
	pthread_mutex_unlock(&switches->lock);
}

/* The earliest of those that wait for a time; the plan's count: there is none. Under the lock. */
static size_t next_in_time(const struct switches *switches)
{
	const struct switch_plan *plan = switches->plan;
	size_t next = plan->count;

	for (size_t i = 0; i < plan->count; i++)
		if (plan->rules[i].trigger == SWITCH_TIME && !switches->is_noted[i] &&
		    (next == plan->count || plan->rules[i].value < plan->rules[next].value))
			next = i;
	return next;
}

uint64_t switches_due_in_ns(struct machine *machine)
{
	struct switches *switches = machine->switches;
	uint64_t now = machine_clock_ns(machine), due;
	size_t next;

	if (!switches)
		return UINT64_MAX;
	pthread_mutex_lock(&switches->lock);
	next = next_in_time(switches);
	pthread_mutex_unlock(&switches->lock);
	if (next == switches->plan->count)
		return UINT64_MAX;
	due = switches->plan->rules[next].value;
	return due > now ? due - now : 0;
}

void switches_tick(struct machine *machine)
{
	struct switches *switches = machine->switches;
	size_t next;

	if (!switches)
		return;
	pthread_mutex_lock(&switches->lock);
	while ((next = next_in_time(switches)) < switches->plan->count &&
	       switches->plan->rules[next].value <= machine_clock_ns(machine))
		note(switches, next);
	pthread_mutex_unlock(&switches->lock);
}

/* How many instructions are left until the next rule that counts them; UINT64_MAX: there is none. */
static uint64_t instructions_left(struct cpu *cpu)
{
	const struct switches *switches = cpu->machine->switches;
	uint64_t executed = tally_instructions(cpu), left = UINT64_MAX;

	for (size_t i = 0; i < switches->plan->count; i++) {
		const struct switch_rule *rule = &switches->plan->rules[i];
		uint64_t more = rule->value > executed ? rule->value - executed : 0;

		if (rule->trigger == SWITCH_INSNS && switch_concerns(rule, cpu->id) &&
		    !switches->cpus[cpu->id].rules[i].met && more < left)
			left = more;
	}
	return left;
}

static struct cpu_switches *of_cpu(const struct cpu *cpu)
{
	return &cpu->machine->switches->cpus[cpu->id];
}

/* On an engine that does not count, nothing is to be met. */
static int32_t arm_budget(struct cpu *cpu)
{
	uint64_t left = instructions_left(cpu);
	struct cpu_switches *own = of_cpu(cpu);
	int32_t error;

	if (left == UINT64_MAX || !axvcpu_backend_has(axvcpu_backend_of(cpu->vcpu), "set_budget"))
		return 0;
	error = axvcpu_set_budget(cpu->vcpu, left);
	own->has_budget = !error;
	return error;
}

/* The next engine may be one that does not count. */
static int32_t disarm_budget(struct cpu *cpu)
{
	struct cpu_switches *own = of_cpu(cpu);

	if (!own->has_budget)
		return 0;
	own->has_budget = false;
	return axvcpu_set_budget(cpu->vcpu, UINT64_MAX);
}

/* Whether the switch that was last asked for has been made. */
static bool has_arrived(const struct cpu *cpu)
{
	void *vcpu;

	return !axvcpu_arch_vcpu(cpu->vcpu, axvcpu_backend_of(cpu->vcpu), &vcpu);
}

static int32_t settle(struct cpu *cpu)
{
	struct cpu_switches *own = of_cpu(cpu);

	own->is_moving = !has_arrived(cpu);
	if (own->is_moving)
		return 0;
	tally_begin(cpu);
	return arm_budget(cpu);
}

/* A script must be able to rely on a switch: one that is refused ends the run. */
static int32_t refused(struct cpu *cpu, const struct switch_rule *rule, int32_t error)
{
	const struct engines *engines = cpu->machine->engines;

	machine_ended(cpu->machine, MACHINE_FAILED, STATUS_ENGINE, "--switch %s: cpu %u stays on %s: %s", rule->text,
		      cpu->id, engines_name(engines, engines_index(engines, axvcpu_backend_of(cpu->vcpu))),
		      axvcpu_error_text());
	return error;
}

static int32_t move(struct cpu *cpu, struct switch_rule *rule)
{
	struct axvcpu_backend *to = cpu->machine->engines->items[rule->engine];
	bool moves = axvcpu_backend_of(cpu->vcpu) != to;
	int32_t error;

	atomic_fetch_add(&rule->fired, 1);
	error = disarm_budget(cpu);
	tally_end(cpu);
	if (!error)
		error = axvcpu_switch(cpu->vcpu, to);
	if (error)
		return refused(cpu, rule, error);
	cpu->switches += moves;
	return settle(cpu);
}

static bool is_place(const struct switch_rule *rule)
{
	return rule->trigger == SWITCH_PC || rule->trigger == SWITCH_SYMBOL;
}

/* Whether a rule about an address waits for this one. */
static bool waits_at(const struct cpu *cpu, size_t index, uint64_t address)
{
	const struct switches *switches = cpu->machine->switches;
	const struct switch_rule *rule = &switches->plan->rules[index];

	return is_place(rule) && rule->value == address && switch_concerns(rule, cpu->id) &&
	       !switches->cpus[cpu->id].rules[index].met;
}

bool switches_await(const struct cpu *cpu, const struct axvcpu_exit_debug *debug)
{
	const struct switches *switches = cpu->machine->switches;

	for (size_t i = 0; switches && i < switches->plan->count; i++)
		if (waits_at(cpu, i, debug->pc))
			return true;
	return false;
}

/* Whether the exit makes the cpu meet a rule that waits for its own doings. */
static bool meets(struct cpu *cpu, size_t index, const struct axvcpu_exit *exit)
{
	const struct switch_rule *rule = &cpu->machine->switches->plan->rules[index];
	struct progress *progress = &of_cpu(cpu)->rules[index];

	if (progress->met || !switch_concerns(rule, cpu->id))
		return false;
	switch (rule->trigger) {
	case SWITCH_PC:
	case SWITCH_SYMBOL:
		return exit->reason == AXVCPU_EXIT_DEBUG && rule->value == exit->debug.pc;
	case SWITCH_INSNS:
		return exit->reason == AXVCPU_EXIT_PREEMPTION_TIMER && tally_instructions(cpu) >= rule->value;
	case SWITCH_EXIT:
		progress->exits += rule->reason == SWITCH_EVERY_EXIT || rule->reason == exit->reason;
		return progress->exits >= rule->value;
	default:
		return false;
	}
}

/* The breakpoint does not go along to the next engine, where the cpu would stop at it once more. */
static int32_t leave_place(struct cpu *cpu, const struct switch_rule *rule)
{
	return is_place(rule) ? axvcpu_set_breakpoint(cpu->vcpu, rule->value, 0) : 0;
}

static int32_t move_by_exit(struct cpu *cpu, const struct axvcpu_exit *exit)
{
	const struct switch_plan *plan = cpu->machine->switches->plan;
	int32_t error = 0;

	for (size_t i = 0; i < plan->count && !error; i++) {
		if (!meets(cpu, i, exit))
			continue;
		of_cpu(cpu)->rules[i].met = true;
		error = leave_place(cpu, &plan->rules[i]);
		if (!error)
			error = move(cpu, &plan->rules[i]);
	}
	return error;
}

/* What other threads have noted down since this one looked last. */
static int32_t move_as_noted(struct cpu *cpu)
{
	struct switches *switches = cpu->machine->switches;
	struct cpu_switches *own = of_cpu(cpu);
	int32_t error = 0;

	while (own->moved < atomic_load(&switches->noted_count) && !error) {
		struct switch_rule *rule = &switches->plan->rules[switches->noted[own->moved++]];

		if (switch_concerns(rule, cpu->id))
			error = move(cpu, rule);
	}
	return error;
}

int32_t switches_before_start(struct cpu *cpu)
{
	return cpu->machine->switches ? move_as_noted(cpu) : 0;
}

static int32_t cannot_stop_at(struct cpu *cpu, const struct switch_rule *rule, int32_t error)
{
	const char *way_out = error == AXVCPU_ERROR_RESOURCE_BUSY ? "; give fewer triggers pc and symbol, or a cpu's "
								    "own with N@: an engine has a few breakpoints"
								  : "";
	int status =
		error == AXVCPU_ERROR_RESOURCE_BUSY || error == AXVCPU_ERROR_UNSUPPORTED ? STATUS_USAGE : STATUS_ENGINE;

	machine_ended(cpu->machine, MACHINE_FAILED, status, "--switch %s: cpu %u: %s%s", rule->text, cpu->id,
		      axvcpu_error_text(), way_out);
	return error;
}

static int32_t arm_places(struct cpu *cpu)
{
	const struct switch_plan *plan = cpu->machine->switches->plan;

	for (size_t i = 0; i < plan->count; i++) {
		const struct switch_rule *rule = &plan->rules[i];
		int32_t error = waits_at(cpu, i, rule->value) ? axvcpu_set_breakpoint(cpu->vcpu, rule->value, 1) : 0;

		if (error)
			return cannot_stop_at(cpu, rule, error);
	}
	return 0;
}

int32_t switches_arm(struct cpu *cpu)
{
	int32_t error;

	if (!cpu->machine->switches)
		return 0;
	of_cpu(cpu)->has_budget = false; /* a reset forgets it */
	error = arm_places(cpu);
	return error ? error : arm_budget(cpu);
}

int32_t switches_after_exit(struct cpu *cpu, const struct axvcpu_exit *exit)
{
	int32_t error = 0;

	if (!cpu->machine->switches)
		return 0;
	if (of_cpu(cpu)->is_moving)
		error = settle(cpu);
	if (!error)
		error = move_by_exit(cpu, exit);
	return error ? error : move_as_noted(cpu);
}
