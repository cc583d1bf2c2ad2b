/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks and lays out configs. libffi gives wrong offsets without an error for structs that are packed or aligned by
 * attribute; so its layout is compared with the offsets and sizes that the plugin's compiler recorded.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layout.h"

/* By value means on the stack. */
#define SIZE_MAX_BY_VALUE 65536u

struct field_type {
	const char *name;
	ffi_type *ffi;
	uint32_t size;
	int is_signed;
};

static const struct field_type types[] = {
#define TYPE(spelling, value, type, is_signed_) \
	[value] = { #spelling, \
		    sizeof(type) == 8   ? &ffi_type_uint64 \
		    : sizeof(type) == 4 ? &ffi_type_uint32 \
		    : sizeof(type) == 2 ? &ffi_type_uint16 \
					: &ffi_type_uint8, \
		    sizeof(type), is_signed_ },
	AXARCH_FIELD_TYPES(TYPE)
#undef TYPE
};

static const struct field_type *type_of(const struct axarch_field *field)
{
	return field->type < sizeof(types) / sizeof(types[0]) && types[field->type].size ? &types[field->type] : NULL;
}

int config_is_signed(const struct axarch_field *field)
{
	return types[field->type].is_signed;
}

uint64_t config_load(const struct axarch_field *field, const void *block, uint32_t index)
{
	const struct field_type *type = &types[field->type];
	unsigned unused = 64 - 8 * type->size;
	uint64_t value = 0;

	memcpy(&value, (const char *)block + field->offset + (size_t)index * type->size, type->size);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	value >>= unused;
#endif
	return type->is_signed ? (uint64_t)((int64_t)(value << unused) >> unused) : value;
}

void config_store(const struct axarch_field *field, void *block, uint32_t index, uint64_t value)
{
	uint32_t size = types[field->type].size;

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	value <<= 64 - 8 * size;
#endif
	memcpy((char *)block + field->offset + (size_t)index * size, &value, size);
}

uint32_t config_choice_count(const struct axarch_field *field)
{
	uint32_t count = 1;

	for (const char *at = field->choices; *at; at++)
		count += *at == '|';
	return count;
}

static int is_between(const struct axarch_field *field, uint64_t value, uint64_t min, uint64_t max)
{
	if (config_is_signed(field))
		return (int64_t)value >= (int64_t)min && (int64_t)value <= (int64_t)max;
	return value >= min && value <= max;
}

int config_in_range(const struct axarch_field *field, uint64_t value)
{
	if (field->type == AXARCH_FIELD_choice)
		return value < config_choice_count(field);
	return is_between(field, value, field->min, field->max);
}

/* Whether the field's type can hold the value at all. */
static int fits(const struct axarch_field *field, uint64_t value)
{
	uint64_t block = 0;
	struct axarch_field at_zero = { .type = field->type };

	config_store(&at_zero, &block, 0, value);
	return config_load(&at_zero, &block, 0) == value;
}

struct check {
	const char *config; /* "create" or "setup" */
	const struct axarch_field *field;
	struct report *report;
};

#define COMPLAIN(check, format, ...) \
	report_add((check)->report, "%s config, field %s: " format, (check)->config, (check)->field->name, __VA_ARGS__)

static int is_ended(const char *text, size_t capacity)
{
	return memchr(text, 0, capacity) != NULL;
}

static int check_texts(const struct axarch_schema *schema, const struct axarch_field *field, uint32_t index,
		       const char *config, struct report *report)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	size_t length = strnlen(field->name, sizeof(field->name));

	if (!length || length == sizeof(field->name) || strspn(field->name, letters) != length)
		report_add(report,
			   "%s config, field %u of %u: its name is not an identifier of 1 to %zu characters; rename it",
			   config, index + 1, schema->field_count, sizeof(field->name) - 1);
	else if (!is_ended(field->doc, sizeof(field->doc)) || !is_ended(field->choices, sizeof(field->choices)) ||
		 !is_ended(field->default_text, sizeof(field->default_text)))
		report_add(report, "%s config, field %s: a text of it has no end; shorten doc, choices or default",
			   config, field->name);
	else
		return 0;
	return -1;
}

/* "-8..7", as the author wrote it. */
static const char *range_text(const struct axarch_field *field, char ret_text[48])
{
	snprintf(ret_text, 48, config_is_signed(field) ? "%" PRId64 "..%" PRId64 : "%" PRIu64 "..%" PRIu64, field->min,
		 field->max);
	return ret_text;
}

static void check_integer(const struct check *check)
{
	const struct axarch_field *field = check->field;
	char range[48];

	if (!fits(field, field->min) || !fits(field, field->max) ||
	    !is_between(field, field->min, field->min, field->max))
		COMPLAIN(check, "its range %s is empty or more than a %s holds; correct min and max",
			 range_text(field, range), types[field->type].name);
	else if (is_between(field, field->default_value, field->min, field->max))
		return;
	else if (config_is_signed(field))
		COMPLAIN(check, "its default %" PRId64 " is outside its range %s; correct one of them",
			 field->default_value, range_text(field, range));
	else
		COMPLAIN(check, "its default %" PRIu64 " is outside its range %s; correct one of them",
			 field->default_value, range_text(field, range));
}

static void check_choice(const struct check *check)
{
	const struct axarch_field *field = check->field;

	if (!field->choices[0] || field->choices[0] == '|' || strstr(field->choices, "||") ||
	    field->choices[strlen(field->choices) - 1] == '|')
		COMPLAIN(check, "its choices \"%s\" have an empty word; write \"a|b|c\"", field->choices);
	else if (field->default_value >= config_choice_count(field))
		COMPLAIN(check,
			 "its default is choice number %" PRIu64 " of %u, counted from 0; name one that is there",
			 field->default_value, config_choice_count(field));
}

static void check_text(const struct check *check)
{
	if (strlen(check->field->default_text) >= check->field->count)
		COMPLAIN(check,
			 "its default has %zu characters, it holds %u and a NUL; shorten it or raise the capacity",
			 strlen(check->field->default_text), check->field->count - 1);
}

static void check_values(const struct check *check)
{
	if (check->field->type == AXARCH_FIELD_text)
		check_text(check);
	else if (check->field->type == AXARCH_FIELD_choice)
		check_choice(check);
	else
		check_integer(check);
}

/* 0 when the field can be laid out, whatever is wrong with its values. */
static int check_field(const struct check *check)
{
	const struct axarch_field *field = check->field;
	const struct field_type *type = type_of(field);

	if (!type) {
		COMPLAIN(check, "type %u is none that this host knows (1 to %u); use one of AXARCH_FIELD_TYPES",
			 field->type, AXARCH_FIELD_text);
		return -1;
	}
	if (!field->count || field->count > SIZE_MAX_BY_VALUE / type->size) {
		COMPLAIN(check, "it has %u elements; 1 to %u can be passed by value; correct the count", field->count,
			 SIZE_MAX_BY_VALUE / type->size);
		return -1;
	}
	if (field->size != field->count * type->size) {
		COMPLAIN(check, "size: expected %u (%u times %s), found %u; declare it with AXARCH_CONFIG",
			 field->count * type->size, field->count, type->name, field->size);
		return -1;
	}
	check_values(check);
	return 0;
}

static void check_unique(const struct check *check, const struct axarch_field *fields)
{
	for (const struct axarch_field *other = fields; other < check->field; other++)
		if (!strcmp(other->name, check->field->name))
			COMPLAIN(check, "a field before it (number %zu) has the same name; rename one of them",
				 (size_t)(other - fields) + 1);
}

static int check_fields(const char *config, const struct axarch_schema *schema, const struct axarch_field *fields,
			struct report *report)
{
	uint64_t bytes = 0;
	int result = 0;

	for (uint32_t i = 0; i < schema->field_count; i++) {
		struct check check = { config, &fields[i], report };

		if (check_texts(schema, &fields[i], i, config, report) || check_field(&check)) {
			result = -1;
			continue;
		}
		check_unique(&check, fields);
		bytes += fields[i].size;
	}
	if (bytes > SIZE_MAX_BY_VALUE) {
		report_add(report,
			   "%s config: its fields have %" PRIu64 " bytes; %u can be passed by value; make it smaller",
			   config, bytes, SIZE_MAX_BY_VALUE);
		return -1;
	}
	return result;
}

static size_t count_elements(const struct axarch_schema *schema, const struct axarch_field *fields)
{
	size_t count = 0;

	for (uint32_t i = 0; i < schema->field_count; i++)
		count += fields[i].count;
	return count;
}

/* An array is its elements in a row: the same layout, and the same classes in every calling convention. */
static int fill_elements(struct config_layout *layout, const struct axarch_schema *schema)
{
	size_t at = 0;

	layout->elements = calloc(count_elements(schema, layout->fields) + 1, sizeof(*layout->elements));
	if (!layout->elements)
		return -1;
	for (uint32_t i = 0; i < schema->field_count; i++)
		for (uint32_t k = 0; k < layout->fields[i].count; k++)
			layout->elements[at++] = types[layout->fields[i].type].ffi;
	layout->type = (ffi_type){ .type = FFI_TYPE_STRUCT, .elements = layout->elements };
	return 0;
}

static void compare(const struct config_layout *layout, const struct axarch_schema *schema, const char *config,
		    const size_t *offsets, struct report *report)
{
	size_t at = 0;

	for (uint32_t i = 0; i < schema->field_count; at += layout->fields[i].count, i++)
		if (offsets[at] != layout->fields[i].offset)
			report_add(report,
				   "%s config, field %s: offset: expected %zu as libffi lays the struct out, found %u "
				   "as the plugin's compiler "
				   "did; declare it with AXARCH_CONFIG, without packed or aligned",
				   config, layout->fields[i].name, offsets[at], layout->fields[i].offset);
	if (layout->type.size != schema->struct_size || layout->type.alignment != schema->struct_align)
		report_add(report,
			   "%s config: expected %zu bytes aligned to %u as libffi lays the struct out, found %u "
			   "aligned to %u as the "
			   "plugin's compiler did; declare it with AXARCH_CONFIG, without packed or aligned",
			   config, layout->type.size, (unsigned)layout->type.alignment, schema->struct_size,
			   schema->struct_align);
}

static int lay_out(struct config_layout *layout, const struct axarch_schema *schema, const char *config,
		   struct report *report)
{
	unsigned before = report->count;
	size_t *offsets;

	if (fill_elements(layout, schema))
		goto no_memory;
	offsets = calloc(count_elements(schema, layout->fields) + 1, sizeof(*offsets));
	if (!offsets)
		goto no_memory;
	if (ffi_get_struct_offsets(FFI_DEFAULT_ABI, &layout->type, offsets) == FFI_OK)
		compare(layout, schema, config, offsets, report);
	else
		report_add(report, "%s config: libffi cannot lay it out", config);
	free(offsets);
	return report->count == before ? 0 : -1;
no_memory:
	report_add(report, "%s config: no memory to lay it out", config);
	return -1;
}

static ffi_status prepare_call(struct config_layout *layout)
{
	if (layout->kind == AXVCPU_CONFIG_CREATE) {
		ffi_type *const parameters[] = { &ffi_type_pointer, &ffi_type_uint32, &ffi_type_uint32, &layout->type,
						 &ffi_type_pointer };

		memcpy(layout->parameters, parameters, sizeof(parameters));
		return ffi_prep_cif(&layout->cif, FFI_DEFAULT_ABI, 5, &ffi_type_sint32, layout->parameters);
	}
	layout->parameters[0] = &ffi_type_pointer;
	layout->parameters[1] = &layout->type;
	return ffi_prep_cif(&layout->cif, FFI_DEFAULT_ABI, 2, &ffi_type_sint32, layout->parameters);
}

static int fill_defaults(struct config_layout *layout)
{
	layout->defaults = calloc(1, layout->size);
	if (!layout->defaults)
		return -1;
	for (uint32_t i = 0; i < layout->field_count; i++) {
		const struct axarch_field *field = &layout->fields[i];

		if (field->type == AXARCH_FIELD_text)
			memcpy((char *)layout->defaults + field->offset, field->default_text,
			       strlen(field->default_text) + 1);
		else
			for (uint32_t k = 0; k < field->count; k++)
				config_store(field, layout->defaults, k, field->default_value);
	}
	return 0;
}

struct config_layout *config_layout_create(uint32_t kind, const struct axarch_schema *schema,
					   const struct axarch_field *fields, struct report *report)
{
	const char *config = kind == AXVCPU_CONFIG_CREATE ? "create" : "setup";
	unsigned before = report->count;
	struct config_layout *layout;

	if (check_fields(config, schema, fields, report))
		return NULL;
	layout = calloc(1, sizeof(*layout));
	if (!layout) {
		report_add(report, "%s config: no memory to lay it out", config);
		return NULL;
	}
	layout->kind = kind;
	layout->field_count = schema->field_count;
	layout->fields = fields;
	layout->size = schema->struct_size;
	if (!lay_out(layout, schema, config, report) && report->count == before &&
	    (prepare_call(layout) != FFI_OK || fill_defaults(layout)))
		report_add(report, "%s config: libffi cannot pass it, or there is no memory", config);
	if (report->count == before)
		return layout;
	config_layout_destroy(layout);
	return NULL;
}

void config_layout_destroy(struct config_layout *layout)
{
	if (!layout)
		return;
	free(layout->defaults);
	free(layout->elements);
	free(layout);
}
