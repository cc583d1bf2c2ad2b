/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include <axvcpu/plugin/plugin.h>

#include "board/board.h"
#include "boot.h"
#include "config.h"
#include "engines.h"
#include "fail.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const kinds[] = { "create", "setup" };

static const char *kind_word(uint32_t kind)
{
	return kinds[kind == AXVCPU_CONFIG_SETUP];
}

static bool has_field(struct axvcpu_backend *backend, uint32_t kind, const char *name)
{
	uint32_t count;
	const struct axarch_field *fields = axvcpu_config_fields(backend, kind, &count);

	for (uint32_t i = 0; i < count; i++)
		if (!strcmp(fields[i].name, name))
			return true;
	return false;
}

/* What one engine of several lacks is another one's. What none has is an error that the first one tells. */
static bool is_of_another(const struct engines *engines, unsigned engine, uint32_t kind, const char *name)
{
	if (has_field(engines->items[engine], kind, name))
		return false;
	for (unsigned i = 0; i < engines->count; i++)
		if (has_field(engines->items[i], kind, name))
			return true;
	return false;
}

/* --set KIND.FIELD=VALUE, applied to the config of that kind. */
static int apply_set(const struct machine_info *info, unsigned engine, uint32_t kind, const char *set,
		     struct axvcpu_config *config)
{
	size_t length = strcspn(set, ".");
	const char *value = strchr(set, '=');
	char word[64];

	snprintf(word, sizeof(word), "%.*s", (int)length, set);
	if (strcmp(word, kinds[0]) && strcmp(word, kinds[1]))
		return fail(STATUS_USAGE, "--set: \"%s\" does not begin with create. or setup.%s", set,
			    fail_suggestion(word, kinds, COUNT(kinds)));
	if (!set[length] || !value || value < set + length + 2)
		return fail(STATUS_USAGE, "--set: \"%s\" is not of the form %s.FIELD=VALUE", set, word);
	if (strcmp(word, kind_word(kind)))
		return STATUS_OK;
	snprintf(word, sizeof(word), "%.*s", (int)(value - (set + length + 1)), set + length + 1);
	if (is_of_another(info->engines, engine, kind, word))
		return STATUS_OK;
	if (axvcpu_config_set(config, word, value + 1))
		return fail_library(STATUS_USAGE, "--set %s", set);
	return STATUS_OK;
}

/* Whether one of "NAME=VALUE,NAME=VALUE" is for the field. */
static bool sets_field(const char *fields, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = fields; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (!strncmp(at, name, length) && at[length] == '=')
			return true;
	}
	return false;
}

/* What the board says to the engine is not the user's to say, who would be overruled without a word. */
static int check_fields(const struct machine_info *info, const char *option, const char *value, const char *fields)
{
	const struct {
		const char *field, *way_out;
	} own[] = { { info->type->id_field, "each cpu gets its own" },
		    { info->type->count_field, "--smp says how many there are" },
		    { info->type->fdt_field, "--dtb gives a device tree" },
		    { "chip", "--chip says whose it is" } };

	for (size_t i = 0; i < COUNT(own); i++)
		if (own[i].field && sets_field(fields, own[i].field))
			return fail(STATUS_USAGE, "%s %s: the board sets the field create.%s: %s", option, value,
				    own[i].field, own[i].way_out);
	return STATUS_OK;
}

static int check_set(const struct machine_info *info, const char *set)
{
	size_t length = strlen("create.");

	return strncmp(set, "create.", length) ? STATUS_OK : check_fields(info, "--set", set, set + length);
}

static int apply_sets(const struct machine_info *info, unsigned engine, uint32_t kind, struct axvcpu_config *config)
{
	const struct texts *sets = &info->options->sets;
	int status = STATUS_OK;

	for (size_t i = 0; i < sets->count && !status; i++) {
		status = apply_set(info, engine, kind, sets->items[i], config);
		if (!status)
			status = check_set(info, sets->items[i]);
	}
	return status;
}

/* What --vcpu says besides the backend's name, to the engine that the cpu starts on. */
static int apply_vcpu(const struct machine_info *info, unsigned engine, unsigned cpu, struct axvcpu_config *config)
{
	const char *fields = info->engines->fields[cpu];
	char value[32];
	int status;

	if (!fields || info->engines->of_cpu[cpu] != engine)
		return STATUS_OK;
	snprintf(value, sizeof(value), "%u=%s", cpu, engines_name(info->engines, engine));
	status = check_fields(info, "--vcpu", value, fields);
	if (!status && axvcpu_config_parse(config, fields))
		status = fail_library(STATUS_USAGE, "--vcpu %s", value);
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

static int fill_fields(const struct machine_info *info, unsigned cpu, struct axvcpu_config *config)
{
	int status = fill_field(config, info->type->id_field, cpu);

	if (!status)
		status = fill_field(config, info->type->count_field, info->options->cpus);
	return status ? status : fill_field(config, info->type->fdt_field, info->boot->argument);
}

static int choose_chip(const struct machine_info *info, unsigned engine, struct axvcpu_config *config)
{
	if (!info->options->kernel_chip)
		return STATUS_OK;
	if (info->engines->count > 1)
		return fail(STATUS_USAGE,
			    "--chip kernel: interrupt controllers of an engine's kernel serve its own vCPUs alone, and "
			    "this machine has several engines, by --vcpu or --switch; leave --chip kernel out");
	if (!axvcpu_config_set(config, "chip", "kernel"))
		return STATUS_OK;
	return fail(STATUS_USAGE, "--chip kernel: the backend %s has no interrupt controllers of its own; kvm has",
		    engines_name(info->engines, engine));
}

static int open_config(const struct machine_info *info, unsigned engine, uint32_t kind,
		       struct axvcpu_config **ret_config)
{
	return axvcpu_config_create(info->engines->items[engine], kind, ret_config)
		       ? fail_library(STATUS_ENGINE, "the backend's %s configuration", kind_word(kind))
		       : STATUS_OK;
}

int config_setup(const struct machine_info *info, unsigned engine, struct axvcpu_config **ret_config)
{
	struct axvcpu_config *config;
	int status = open_config(info, engine, AXVCPU_CONFIG_SETUP, &config);

	if (status)
		return status;
	status = apply_sets(info, engine, AXVCPU_CONFIG_SETUP, config);
	if (status)
		axvcpu_config_destroy(config);
	else
		*ret_config = config;
	return status;
}

/*
 * Several engines have to agree on what the guest is told of its processor. The choice "portable" leaves out what
 * others may lack; an engine that has no such choice has nothing to leave out. What the user says overrules it.
 */
static void choose_portable(const struct machine_info *info, struct axvcpu_config *config)
{
	if (info->engines->count > 1)
		axvcpu_config_set(config, "cpuid", "portable");
}

int config_create(const struct machine_info *info, unsigned engine, unsigned cpu, struct axvcpu_config **ret_config)
{
	struct axvcpu_config *config;
	int status = open_config(info, engine, AXVCPU_CONFIG_CREATE, &config);

	if (status)
		return status;
	choose_portable(info, config);
	status = apply_sets(info, engine, AXVCPU_CONFIG_CREATE, config);
	if (!status)
		status = apply_vcpu(info, engine, cpu, config);
	if (!status)
		status = fill_fields(info, cpu, config);
	if (!status)
		status = choose_chip(info, engine, config);
	if (status)
		axvcpu_config_destroy(config);
	else
		*ret_config = config;
	return status;
}
