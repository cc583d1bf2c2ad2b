/* SPDX-License-Identifier: Apache-2.0 */
#include <json-c/json.h>
#include <sys/resource.h>

#include "board/board.h"
#include "output.h"
#include "stats.h"

static void add_share(struct stats *stats, const struct cpu_share *share, struct cpu_share *sum)
{
	if (!share->ran)
		return;
	sum->ran = true;
	sum->counts = share->counts;
	sum->instructions += share->instructions;
	stats->instructions += share->instructions;
	stats->counted |= share->counts;
	stats->uncounted |= !share->counts;
}

static void add_cpu(struct stats *stats, const struct cpu *cpu)
{
	struct cpu_stats *own = &stats->by_cpu[cpu->id];

	own->switches += cpu->switches;
	for (unsigned i = 0; i < ENGINES_MAX; i++)
		add_share(stats, &cpu->shares[i], &own->shares[i]);
}

void stats_add(struct stats *stats, struct machine *machine)
{
	stats->boots++;
	stats->cpus = machine->cpu_count;
	stats->run_ns += machine_clock_ns(machine);
	stats->unassigned += machine->board->bus.unassigned + machine->board->ports.unassigned;
	for (unsigned id = 0; id < machine->cpu_count; id++) {
		add_cpu(stats, &machine->cpus[id]);
		stats->rescues += machine->cpus[id].rescues;
		stats->rescued_instructions += machine->cpus[id].rescued_instructions;
		for (unsigned kind = 0; kind < MACHINE_EXIT_KINDS; kind++)
			stats->exits[kind] += machine->cpus[id].exits[kind];
	}
}

static uint64_t exits_in_all(const struct stats *stats)
{
	uint64_t sum = 0;

	for (unsigned kind = 0; kind < MACHINE_EXIT_KINDS; kind++)
		sum += stats->exits[kind];
	return sum;
}

static double seconds(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

/* The figures, as rows that both forms are made from. */
struct figure {
	const char *name; /* of the JSON member */
	const char *title;
	double value;
	int digits; /* behind the point */
	bool unknown;
};

#define FIGURES 11

static void collect(const struct stats *stats, int status, struct figure ret_figures[FIGURES])
{
	struct rusage usage = { .ru_maxrss = 0 };
	double run = (double)stats->run_ns / 1e9;

	getrusage(RUSAGE_SELF, &usage);
	const struct figure figures[FIGURES] = {
		{ "status", "exit status", status, 0, false },
		{ "cpus", "cpus", stats->cpus, 0, false },
		{ "boots", "boots", stats->boots, 0, false },
		{ "start_seconds", "start to first instruction, s", (double)stats->start_ns / 1e9, 4, false },
		{ "seconds", "guest up, s", run, 3, false },
		{ "cpu_seconds", "host CPU time, s", seconds(usage.ru_utime) + seconds(usage.ru_stime), 3, false },
		{ "instructions", "instructions", (double)stats->instructions, 0, !stats->counted },
		{ "mips", "million instructions per second", run > 0 ? (double)stats->instructions / run / 1e6 : 0, 1,
		  !stats->counted || stats->uncounted },
		{ "rescues", "rescues", (double)stats->rescues, 0, !stats->rescues },
		{ "rescued_instructions", "instructions of rescues", (double)stats->rescued_instructions, 0,
		  !stats->rescues },
		{ "unassigned", "accesses without a device", (double)stats->unassigned, 0, false },
	};

	for (unsigned i = 0; i < FIGURES; i++)
		ret_figures[i] = figures[i];
}

/* "kvm, sim-x86_64 (1234 instructions); 2 switches" */
static void write_cpu(FILE *stream, const struct stats *stats, unsigned id)
{
	const struct cpu_stats *own = &stats->by_cpu[id];
	const char *gap = "";
	char title[16];

	snprintf(title, sizeof(title), "cpu %u", id);
	fprintf(stream, "%-34s ", title);
	for (unsigned i = 0; i < stats->engines->count; i++) {
		const struct cpu_share *share = &own->shares[i];

		if (!share->ran)
			continue;
		fprintf(stream, "%s%s", gap, engines_name(stats->engines, i));
		if (share->counts)
			fprintf(stream, " (%llu instructions)", (unsigned long long)share->instructions);
		gap = ", ";
	}
	fprintf(stream, "%s; %u switch%s\n", *gap ? "" : "never started", own->switches,
		own->switches == 1 ? "" : "es");
}

/* A machine of one engine has nothing to tell apart. */
static void write_engines(FILE *stream, const struct stats *stats)
{
	const struct switch_plan *plan = stats->switch_plan;

	for (unsigned id = 0; id < stats->cpus && stats->engines->count > 1; id++)
		write_cpu(stream, stats, id);
	for (size_t i = 0; i < plan->count; i++)
		if (!plan->rules[i].fired)
			fprintf(stream, "%-34s %s\n", "never came to --switch", plan->rules[i].text);
}

static void write_table(FILE *stream, const struct stats *stats, const struct figure figures[FIGURES])
{
	fprintf(stream, "\n%-34s %s\n", "engine", stats->engine);
	for (unsigned i = 0; i < FIGURES; i++)
		if (!figures[i].unknown)
			fprintf(stream, "%-34s %.*f\n", figures[i].title, figures[i].digits, figures[i].value);
	write_engines(stream, stats);
	fprintf(stream, "%-34s %llu\n", "exits", (unsigned long long)exits_in_all(stats));
	for (unsigned kind = 0; kind < MACHINE_EXIT_KINDS; kind++)
		if (stats->exits[kind])
			fprintf(stream, "  %-32s %llu\n", axvcpu_exit_name(kind),
				(unsigned long long)stats->exits[kind]);
}

static struct json_object *cpu_json(const struct stats *stats, unsigned id)
{
	struct json_object *row = json_object_new_object(), *engines = json_object_new_array();
	const struct cpu_stats *own = &stats->by_cpu[id];

	for (unsigned i = 0; i < stats->engines->count; i++) {
		struct json_object *engine;

		if (!own->shares[i].ran)
			continue;
		engine = json_object_new_object();
		json_object_object_add(engine, "engine", json_object_new_string(engines_name(stats->engines, i)));
		if (own->shares[i].counts)
			json_object_object_add(engine, "instructions",
					       json_object_new_uint64(own->shares[i].instructions));
		json_object_array_add(engines, engine);
	}
	json_object_object_add(row, "cpu", json_object_new_int64(id));
	json_object_object_add(row, "engines", engines);
	json_object_object_add(row, "switches", json_object_new_int64(own->switches));
	return row;
}

static struct json_object *cpus_json(const struct stats *stats)
{
	struct json_object *rows = json_object_new_array();

	for (unsigned id = 0; id < stats->cpus; id++)
		json_object_array_add(rows, cpu_json(stats, id));
	return rows;
}

static struct json_object *switches_json(const struct switch_plan *plan)
{
	struct json_object *rows = json_object_new_array();

	for (size_t i = 0; i < plan->count; i++) {
		struct json_object *row = json_object_new_object();

		json_object_object_add(row, "switch", json_object_new_string(plan->rules[i].text));
		json_object_object_add(row, "fired", json_object_new_int64(plan->rules[i].fired));
		json_object_array_add(rows, row);
	}
	return rows;
}

static void write_json(FILE *stream, const struct stats *stats, const struct figure figures[FIGURES])
{
	struct json_object *document = json_object_new_object(), *exits = json_object_new_object();

	json_object_object_add(document, "engine", json_object_new_string(stats->engine));
	for (unsigned i = 0; i < FIGURES; i++)
		if (!figures[i].unknown)
			json_object_object_add(document, figures[i].name,
					       figures[i].digits ? json_object_new_double(figures[i].value)
								 : json_object_new_int64((int64_t)figures[i].value));
	json_object_object_add(document, "vcpus", cpus_json(stats));
	json_object_object_add(document, "switches", switches_json(stats->switch_plan));
	for (unsigned kind = 0; kind < MACHINE_EXIT_KINDS; kind++)
		if (stats->exits[kind])
			json_object_object_add(exits, axvcpu_exit_name(kind),
					       json_object_new_uint64(stats->exits[kind]));
	json_object_object_add(document, "exits", exits);
	output_json(stream, document);
}

void stats_write(FILE *stream, const struct stats *stats, int status, bool json)
{
	struct figure figures[FIGURES];

	collect(stats, status, figures);
	(json ? write_json : write_table)(stream, stats, figures);
}
