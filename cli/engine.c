/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <axvcpu/plugin/plugin.h>

#include "engine.h"
#include "fail.h"
#include "probe.h"

#define KVM_DEVICE "/dev/kvm"

static bool is_hardware(const struct axvcpu_backend *backend)
{
	return axvcpu_backend_description(backend)->capabilities & AXARCH_CAPABILITY_HARDWARE;
}

/* What there is for guests of the architecture. */
struct search {
	uint32_t arch;
	bool has_hardware;
	bool has_rescue;      /* the layer */
	char *simulator;      /* its path, on the heap; NULL: there is none */
	char *simulator_name; /* likewise */
};

static int look_at(void *search_, const struct axvcpu_backend_candidate *candidate)
{
	struct search *search = search_;
	const struct axarch_description *about = candidate->description;

	if (!candidate->refusal && candidate->kind == AXVCPU_CANDIDATE_LAYER && !strcmp(candidate->name, "rescue"))
		search->has_rescue = true;
	if (candidate->refusal || !about || about->arch != search->arch)
		return 0;
	if (about->capabilities & AXARCH_CAPABILITY_HARDWARE)
		search->has_hardware = true;
	if (about->capabilities & AXARCH_CAPABILITY_SIMULATED && !search->simulator) {
		search->simulator = strdup(candidate->path);
		search->simulator_name = strdup(candidate->name);
	}
	return 0;
}

static bool has_field(const struct axvcpu_inspection *inspection, const char *name, size_t length)
{
	for (uint32_t i = 0; i < inspection->description->create.field_count; i++)
		if (strlen(inspection->create[i].name) == length && !memcmp(inspection->create[i].name, name, length))
			return true;
	return false;
}

/* Whether the backend has all fields that --set and --chip are about. What is malformed is told when it is set. */
static bool has_fields(const char *backend, const struct options *options)
{
	static const char create[] = "create.";
	struct axvcpu_inspection *inspection;
	bool has_all;

	if (axvcpu_backend_inspect(backend, &inspection))
		return false;
	has_all = !options->kernel_chip || has_field(inspection, "chip", strlen("chip"));
	for (size_t i = 0; i < options->sets.count && has_all; i++) {
		const char *set = options->sets.items[i];

		if (!strncmp(set, create, strlen(create)))
			has_all = has_field(inspection, set + strlen(create), strcspn(set + strlen(create), "="));
	}
	axvcpu_backend_inspect_free(inspection);
	return has_all;
}

/* Whether the hardware is to be passed over for the simulator, and why. */
static bool is_worse(struct axvcpu_backend *hardware, const char *simulator, const struct options *options,
		     char *ret_why, size_t capacity)
{
	const char *id = axvcpu_backend_description(hardware)->id;
	char why[512];

	if (!has_fields(simulator, options))
		return false;
	if (!has_fields(axvcpu_backend_path(hardware), options)) {
		snprintf(ret_why, capacity, "%s has not all that --set asks for", id);
		return true;
	}
	if (probe_runs_kernels(hardware, why, sizeof(why)))
		return false;
	snprintf(ret_why, capacity, "%s cannot run kernels here (%s); --backend %s takes it all the same", id, why, id);
	return true;
}

/* Exchanges the hardware for the simulator where that is better. If the simulator cannot be opened, all stays. */
static void prefer_simulator(const struct options *options, const char *simulator, struct engine *engine)
{
	char why[sizeof(engine->reason)];
	struct axvcpu_backend *other;

	if (!is_worse(engine->backend, simulator, options, why, sizeof(why)) || axvcpu_backend_open(simulator, &other))
		return;
	memcpy(engine->reason, why, sizeof(why));
	axvcpu_backend_close(engine->backend);
	engine->backend = other;
	engine->unexpected = true;
}

static bool has_layer(const struct options *options, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < options->layers.count; i++) {
		const char *item = options->layers.items[i];

		if (!strncmp(item, name, length) && (!item[length] || item[length] == '='))
			return true;
	}
	return false;
}

/* With KVM's own chip the simulator's processor would lack an APIC. */
static void add_rescue(const struct options *options, const struct search *search, struct engine *engine)
{
	size_t used = strlen(engine->reason);

	if (!is_hardware(engine->backend) || !search->has_rescue || !search->simulator_name || options->kernel_chip ||
	    has_layer(options, "rescue"))
		return;
	snprintf(engine->rescue, sizeof(engine->rescue), "rescue=%s,late", search->simulator_name);
	snprintf(engine->reason + used, sizeof(engine->reason) - used, "; what it cannot execute %s does",
		 search->simulator_name);
}

static int open_best(const struct options *options, uint32_t arch, struct engine *engine)
{
	struct search search = { .arch = arch };

	if (axvcpu_backend_auto(arch, &engine->backend))
		return fail_library(STATUS_UNAVAILABLE, "--backend %s", options->backend);
	snprintf(engine->reason, sizeof(engine->reason), "%s", axvcpu_backend_reason(engine->backend));
	if (arch != AXVCPU_ARCH_X86_64)
		return STATUS_OK;
	axvcpu_backend_search(look_at, &search);
	if (!is_hardware(engine->backend))
		engine->unexpected = search.has_hardware && !access(KVM_DEVICE, F_OK);
	else if (search.simulator)
		prefer_simulator(options, search.simulator, engine);
	add_rescue(options, &search, engine);
	free(search.simulator);
	free(search.simulator_name);
	return STATUS_OK;
}

int engine_open(const struct options *options, uint32_t arch, struct engine *ret_engine)
{
	*ret_engine = (struct engine){ .backend = NULL };
	if (!strcmp(options->backend, "auto"))
		return open_best(options, arch, ret_engine);
	return axvcpu_backend_open(options->backend, &ret_engine->backend)
		       ? fail_library(STATUS_UNAVAILABLE, "--backend %s", options->backend)
		       : STATUS_OK;
}
