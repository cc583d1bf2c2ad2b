/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <axvcpu/plugin/plugin.h>

#include "engines.h"
#include "fail.h"

static const struct axarch_description *about(const struct engines *engines, unsigned index)
{
	return axvcpu_backend_description(engines->items[index]);
}

unsigned engines_index(const struct engines *engines, const struct axvcpu_backend *backend)
{
	unsigned index = 0;

	while (index < engines->count && engines->items[index] != backend)
		index++;
	return index < engines->count ? index : ENGINE_NONE;
}

/* Takes an open backend; one that is there already is closed again. */
static int take(struct engines *engines, const char *option, const char *value, struct axvcpu_backend *backend,
		unsigned *ret_index)
{
	unsigned index = engines_index(engines, backend);

	if (index != ENGINE_NONE || engines->count == ENGINES_MAX)
		axvcpu_backend_close(backend);
	else
		engines->items[index = engines->count++] = backend;
	if (engines->count > 1)
		engines->rescue[0] = '\0';
	if (index == ENGINE_NONE)
		return fail(STATUS_USAGE, "%s %s: a machine has at most %u engines, and this is one more", option,
			    value, ENGINES_MAX);
	*ret_index = index;
	return STATUS_OK;
}

int engines_add(struct engines *engines, const char *option, const char *value, const char *name, unsigned *ret_index)
{
	struct axvcpu_backend *backend;

	if (!strcmp(name, "auto"))
		return fail(STATUS_USAGE, "%s %s: the engine must be named, such as sim-x86_64; auto is --backend's",
			    option, value);
	if (axvcpu_backend_open(name, &backend))
		return fail_library(STATUS_UNAVAILABLE, "%s %s", option, value);
	return take(engines, option, value, backend, ret_index);
}

/* N=BACKEND[,FIELD=VALUE...] */
static int parse_vcpu(const char *value, const struct options *options, unsigned *ret_cpu, const char **ret_name)
{
	char *end = NULL;
	unsigned long cpu = *value >= '0' && *value <= '9' ? strtoul(value, &end, 10) : 0;

	if (!end || *end != '=' || !end[1] || end[1] == ',')
		return fail(STATUS_USAGE,
			    "--vcpu: \"%s\" is not of the form N=BACKEND[,FIELD=VALUE...], such as 1=sim-x86_64",
			    value);
	if (cpu >= options->cpus)
		return fail(STATUS_USAGE, "--vcpu %s: there is no cpu %lu: --smp gives %llu, and the first is cpu 0",
			    value, cpu, (unsigned long long)options->cpus);
	*ret_cpu = (unsigned)cpu;
	*ret_name = end + 1;
	return STATUS_OK;
}

static int open_of_cpu(struct engines *engines, const char *value, unsigned cpu, const char *name)
{
	size_t length = strcspn(name, ",");
	char *copy;
	int status;

	if (engines->of_cpu[cpu] != ENGINE_NONE)
		return fail(STATUS_USAGE, "--vcpu %s: cpu %u has got an engine by an earlier --vcpu already", value,
			    cpu);
	copy = strndup(name, length);
	if (!copy)
		return fail(STATUS_HOST, "--vcpu %s: no memory", value);
	status = engines_add(engines, "--vcpu", value, copy, &engines->of_cpu[cpu]);
	free(copy);
	if (!status && name[length])
		engines->fields[cpu] = name + length + 1;
	return status;
}

int engines_open_named(const struct options *options, struct engines *engines)
{
	int status = STATUS_OK;

	for (unsigned cpu = 0; cpu < OPTIONS_CPUS_MAX; cpu++)
		engines->of_cpu[cpu] = ENGINE_NONE;
	for (size_t i = 0; i < options->vcpus.count && !status; i++) {
		const char *value = options->vcpus.items[i], *name = NULL;
		unsigned cpu = 0;

		status = parse_vcpu(value, options, &cpu, &name);
		if (!status)
			status = open_of_cpu(engines, value, cpu, name);
	}
	return status;
}

static bool lacks(const struct options *options, const struct engines *engines)
{
	for (unsigned cpu = 0; cpu < options->cpus; cpu++)
		if (engines->of_cpu[cpu] == ENGINE_NONE)
			return true;
	return false;
}

int engines_open_standard(const struct options *options, uint32_t arch, struct engines *engines)
{
	struct engine engine;
	unsigned index;
	int status;

	if (!lacks(options, engines))
		return STATUS_OK;
	status = engine_open(options, arch, &engine);
	if (!status)
		status = take(engines, "--backend", options->backend, engine.backend, &index);
	if (status)
		return status;
	memcpy(engines->reason, engine.reason, sizeof(engines->reason));
	engines->unexpected = engine.unexpected;
	if (engines->count == 1)
		memcpy(engines->rescue, engine.rescue, sizeof(engines->rescue));
	for (unsigned cpu = 0; cpu < OPTIONS_CPUS_MAX; cpu++)
		if (engines->of_cpu[cpu] == ENGINE_NONE)
			engines->of_cpu[cpu] = index;
	return STATUS_OK;
}

void engines_close(struct engines *engines)
{
	for (unsigned i = 0; i < engines->count; i++)
		axvcpu_backend_close(engines->items[i]);
	engines->count = 0;
}

uint32_t engines_arch(const struct engines *engines)
{
	uint32_t arch = 0;

	for (unsigned i = 0; i < engines->count && !arch; i++)
		arch = about(engines, i)->arch;
	return arch;
}

int engines_check_arch(const struct engines *engines, uint32_t arch)
{
	for (unsigned i = 0; i < engines->count; i++)
		if (about(engines, i)->arch && about(engines, i)->arch != arch)
			return fail(STATUS_UNAVAILABLE,
				    "the engine %s runs %s guests, and this one is for %s; --list shows others",
				    engines_name(engines, i), axvcpu_arch_name(about(engines, i)->arch),
				    axvcpu_arch_name(arch));
	return STATUS_OK;
}

const char *engines_name(const struct engines *engines, unsigned index)
{
	const char *id = about(engines, index)->id;

	for (unsigned i = 0; i < engines->count; i++)
		if (i != index && !strcmp(about(engines, i)->id, id))
			return axvcpu_backend_path(engines->items[index]);
	return id;
}

void engines_describe(const struct engines *engines, char *ret_text, size_t capacity)
{
	size_t length = 0;

	for (unsigned i = 0; i < engines->count && length < capacity; i++)
		length += (size_t)snprintf(ret_text + length, capacity - length, "%s%s %s", i ? ", " : "",
					   about(engines, i)->id, about(engines, i)->version);
	if (engines->count == 1 && length < capacity)
		snprintf(ret_text + length, capacity - length, " (%s)%s%s", about(engines, 0)->summary,
			 engines->rescue[0] ? ", " : "", engines->rescue);
}
