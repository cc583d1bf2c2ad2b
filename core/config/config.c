/* SPDX-License-Identifier: Apache-2.0 */
/* Filled-in configs: a block of the plugin's struct, and the fields that say what is in it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../error/error.h"
#include "../loader/backend.h"
#include "call.h"
#include "config.h"
#include "layout.h"
#include "value.h"

#define NAMES_MAX 256
#define ITEM_NAME 64

static const char *kind_name(uint32_t kind)
{
	return kind == AXVCPU_CONFIG_CREATE ? "create" : "setup";
}

static struct config_layout *layout_of(const struct axvcpu_backend *backend, uint32_t kind)
{
	if (kind == AXVCPU_CONFIG_CREATE)
		return backend->create_layout;
	return kind == AXVCPU_CONFIG_SETUP ? backend->setup_layout : NULL;
}

/* A config with the block of another, or (NULL) with the defaults. */
static int32_t make(struct axvcpu_backend *backend, uint32_t kind, const void *block, struct axvcpu_config **ret_config)
{
	const struct config_layout *layout = layout_of(backend, kind);
	struct axvcpu_config *config;

	if (!layout)
		return error_set(AXVCPU_ERROR_INVALID_INPUT, "there is no kind %u of config; 1 is create, 2 is setup",
				 kind);
	config = calloc(1, sizeof(*config));
	if (config)
		config->block = malloc(layout->size);
	if (!config || !config->block) {
		free(config);
		return error_set(AXVCPU_ERROR_NO_MEMORY, "no memory for a config of %zu bytes", layout->size);
	}
	memcpy(config->block, block ? block : layout->defaults, layout->size);
	config->backend = backend_ref(backend);
	config->layout = layout;
	*ret_config = config;
	return 0;
}

int32_t axvcpu_config_create(struct axvcpu_backend *backend, uint32_t kind, struct axvcpu_config **ret_config)
{
	if (!backend || !ret_config)
		return error_set(AXVCPU_ERROR_INVALID_INPUT, "a config is made for a backend, and none was given");
	return make(backend, kind, NULL, ret_config);
}

void axvcpu_config_destroy(struct axvcpu_config *config)
{
	if (!config)
		return;
	axvcpu_backend_close(config->backend);
	free(config->block);
	free(config);
}

int32_t config_check(const struct axvcpu_backend *backend, uint32_t kind, const struct axvcpu_config *config)
{
	if (config->backend != backend)
		return error_set(AXVCPU_ERROR_INVALID_INPUT,
				 "the config is one of backend \"%s\", the vCPU one of \"%s\"",
				 config->backend->note.description.id, backend->note.description.id);
	if (config->layout->kind != kind)
		return error_set(AXVCPU_ERROR_INVALID_INPUT, "a %s config was given where a %s config is needed",
				 kind_name(config->layout->kind), kind_name(kind));
	return 0;
}

int32_t config_copy(struct axvcpu_backend *backend, uint32_t kind, const struct axvcpu_config *config,
		    struct axvcpu_config **ret_copy)
{
	int32_t error = config ? config_check(backend, kind, config) : 0;

	return error ? error : make(backend, kind, config ? config->block : NULL, ret_copy);
}

static int32_t say_no_field(const struct config_layout *layout, const char *name)
{
	const char *names[NAMES_MAX], *near;
	uint32_t count = layout->field_count < NAMES_MAX ? layout->field_count : NAMES_MAX;
	char list[1024] = "";
	size_t length = 0;

	for (uint32_t i = 0; i < count; i++) {
		names[i] = layout->fields[i].name;
		if (length < sizeof(list))
			length +=
				(size_t)snprintf(list + length, sizeof(list) - length, "%s%s", i ? ", " : "", names[i]);
	}
	near = axvcpu_nearest(name, names, count);
	return error_set(AXVCPU_ERROR_NOT_FOUND, "the %s config has no field \"%s\"%s%s%s; it has %s",
			 kind_name(layout->kind), name, near ? "; did you mean \"" : "", near ? near : "",
			 near ? "\"?" : "", list);
}

/* NULL: NOT_FOUND is set. */
static const struct axarch_field *field_of(const struct axvcpu_config *config, const char *name)
{
	for (uint32_t i = 0; i < config->layout->field_count; i++)
		if (!strcmp(config->layout->fields[i].name, name))
			return &config->layout->fields[i];
	say_no_field(config->layout, name);
	return NULL;
}

/* A field with numbers and an element of it. NULL: the error is set. */
static const struct axarch_field *number_of(const struct axvcpu_config *config, const char *name, uint32_t index)
{
	const struct axarch_field *field = field_of(config, name);

	if (!field)
		return NULL;
	if (field->type == AXARCH_FIELD_text)
		error_set(AXVCPU_ERROR_INVALID_INPUT, "%s: it is a text; use axvcpu_config_set or axvcpu_config_get",
			  name);
	else if (index >= field->count)
		error_set(AXVCPU_ERROR_INVALID_INPUT, "%s: there is no element %u, it has %u", name, index,
			  field->count);
	else
		return field;
	return NULL;
}

int32_t axvcpu_config_set(struct axvcpu_config *config, const char *name, const char *value)
{
	const struct axarch_field *field = field_of(config, name);

	return field ? value_parse(field, value, config->block) : AXVCPU_ERROR_NOT_FOUND;
}

int32_t axvcpu_config_set_u64(struct axvcpu_config *config, const char *name, uint32_t index, uint64_t value)
{
	const struct axarch_field *field = number_of(config, name, index);
	int32_t error = field ? value_check(field, value) : axvcpu_error_code();

	if (!error)
		config_store(field, config->block, index, value);
	return error;
}

int32_t axvcpu_config_get_u64(const struct axvcpu_config *config, const char *name, uint32_t index, uint64_t *ret_value)
{
	const struct axarch_field *field = number_of(config, name, index);

	if (!field)
		return axvcpu_error_code();
	*ret_value = config_load(field, config->block, index);
	return 0;
}

int32_t axvcpu_config_get(const struct axvcpu_config *config, const char *name, char *ret_text, size_t capacity)
{
	const struct axarch_field *field = field_of(config, name);
	size_t length;

	if (!field)
		return AXVCPU_ERROR_NOT_FOUND;
	length = value_format(field, config->block, NULL, 0);
	if (length >= capacity)
		return error_set(AXVCPU_ERROR_INVALID_INPUT,
				 "%s: its text has %zu characters and a NUL, there is room for %zu", name, length,
				 capacity);
	value_format(field, config->block, ret_text, capacity);
	return 0;
}

/* The end of an item: its comma, or the end of the text. Commas in double quotes do not count. */
static const char *item_end(const char *at)
{
	int quoted = 0;

	for (; *at && (quoted || *at != ','); at++) {
		if (*at == '\\' && quoted && at[1])
			at++;
		else if (*at == '"')
			quoted = !quoted;
	}
	return at;
}

static int32_t set_item(struct axvcpu_config *config, const char *item, size_t length)
{
	const char *equals = memchr(item, '=', length);
	char name[ITEM_NAME], *value;
	int32_t error;

	if (!equals)
		return error_set(AXVCPU_ERROR_INVALID_INPUT, "\"%.*s\" is not name=value",
				 (int)(length < 80 ? length : 80), item);
	snprintf(name, sizeof(name), "%.*s", (int)(equals - item), item);
	value = strndup(equals + 1, length - (size_t)(equals + 1 - item));
	if (!value)
		return error_set(AXVCPU_ERROR_NO_MEMORY, "no memory for the value of %s", name);
	error = axvcpu_config_set(config, name, value);
	free(value);
	return error == AXVCPU_ERROR_NOT_FOUND ? error_set(AXVCPU_ERROR_INVALID_INPUT, "%s", axvcpu_error_text())
					       : error;
}

static int32_t set_items(struct axvcpu_config *config, const char *text)
{
	while (*text) {
		const char *end = item_end(text);
		int32_t error = set_item(config, text, (size_t)(end - text));

		if (error)
			return error;
		if (*end == ',' && !end[1])
			return error_set(AXVCPU_ERROR_INVALID_INPUT,
					 "the config ends with a comma; name=value is missing behind it");
		text = end + (*end == ',');
	}
	return 0;
}

/* All or nothing: the items go into a copy, that takes the block's place when all went well. */
int32_t axvcpu_config_parse(struct axvcpu_config *config, const char *text)
{
	struct axvcpu_config copy = *config;
	int32_t error;

	copy.block = malloc(config->layout->size);
	if (!copy.block)
		return error_set(AXVCPU_ERROR_NO_MEMORY, "no memory for a config of %zu bytes", config->layout->size);
	memcpy(copy.block, config->block, config->layout->size);
	error = set_items(&copy, text);
	if (!error)
		memcpy(config->block, copy.block, config->layout->size);
	free(copy.block);
	return error;
}

static int32_t check_block_field(const struct axarch_field *field, const void *block)
{
	if (field->type == AXARCH_FIELD_text) {
		if (memchr((const char *)block + field->offset, 0, field->count))
			return 0;
		return error_set(AXVCPU_ERROR_INVALID_INPUT, "%s: the text has no NUL within its %u bytes", field->name,
				 field->count);
	}
	for (uint32_t i = 0; i < field->count; i++) {
		int32_t error = value_check(field, config_load(field, block, i));

		if (error)
			return error;
	}
	return 0;
}

int32_t axvcpu_config_fill(struct axvcpu_config *config, const void *block, size_t size)
{
	const struct config_layout *layout = config->layout;

	if (size != layout->size)
		return error_set(AXVCPU_ERROR_INVALID_INPUT, "the backend's %s config has %zu bytes, the block %zu",
				 kind_name(layout->kind), layout->size, size);
	for (uint32_t i = 0; i < layout->field_count; i++) {
		int32_t error = check_block_field(&layout->fields[i], block);

		if (error)
			return error;
	}
	for (uint32_t i = 0; i < layout->field_count; i++) /* what lies between the fields stays 0 */
		memcpy((char *)config->block + layout->fields[i].offset, (const char *)block + layout->fields[i].offset,
		       layout->fields[i].size);
	return 0;
}

const void *axvcpu_config_block(const struct axvcpu_config *config, size_t *ret_size)
{
	if (ret_size)
		*ret_size = config->layout->size;
	return config->block;
}

const struct axarch_field *axvcpu_config_fields(struct axvcpu_backend *backend, uint32_t kind, uint32_t *ret_count)
{
	const struct config_layout *layout = layout_of(backend, kind);

	if (!layout) {
		error_set(AXVCPU_ERROR_INVALID_INPUT, "there is no kind %u of config; 1 is create, 2 is setup", kind);
		return NULL;
	}
	if (ret_count)
		*ret_count = layout->field_count;
	return layout->fields;
}
