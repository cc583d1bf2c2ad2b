/* SPDX-License-Identifier: Apache-2.0 */
#include <json-c/json.h>
#include <string.h>

#include <axvcpu/axvcpu.h>
#include <axvcpu/plugin/plugin.h>

#include "backends.h"
#include "fail.h"
#include "output.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *arch_name(uint32_t arch)
{
	return arch ? axvcpu_arch_name(arch) : "any";
}

static const char *kind_name(const struct axvcpu_backend_candidate *candidate)
{
	return candidate->kind == AXVCPU_CANDIDATE_LAYER ? "layer" : "backend";
}

struct listing {
	struct json_object *rows; /* NULL: a table */
	unsigned usable;          /* backends that would be taken */
	unsigned written;
};

static void list_json(struct json_object *rows, const struct axvcpu_backend_candidate *candidate)
{
	const struct axarch_description *description = candidate->description;
	struct json_object *row = json_object_new_object();

	json_object_object_add(row, "name", json_object_new_string(candidate->name));
	json_object_object_add(row, "kind", json_object_new_string(kind_name(candidate)));
	json_object_object_add(row, "path", json_object_new_string(candidate->path));
	json_object_object_add(row, "usable", json_object_new_boolean(!candidate->refusal));
	if (candidate->refusal)
		json_object_object_add(row, "error", json_object_new_string(axvcpu_error_name(candidate->refusal)));
	if (candidate->why[0])
		json_object_object_add(row, "why", json_object_new_string(candidate->why));
	if (description) {
		json_object_object_add(row, "arch", json_object_new_string(arch_name(description->arch)));
		json_object_object_add(row, "version", json_object_new_string(description->version));
		json_object_object_add(row, "summary", json_object_new_string(description->summary));
	}
	json_object_array_add(rows, row);
}

static void list_row(const struct axvcpu_backend_candidate *candidate)
{
	const struct axarch_description *description = candidate->description;

	printf("%-16s %-8s %-8s %-8s %s\n", candidate->name, kind_name(candidate),
	       description ? arch_name(description->arch) : "-", description ? description->version : "-",
	       candidate->refusal ? "REFUSED"
	       : description      ? description->summary
				  : "");
	printf("%-16s %s\n", "", candidate->path);
	if (candidate->why[0])
		printf("%-16s %s\n", "", candidate->why);
}

static int list_met(void *listing_, const struct axvcpu_backend_candidate *candidate)
{
	struct listing *listing = listing_;

	if (!candidate->refusal && candidate->kind == AXVCPU_CANDIDATE_BACKEND)
		listing->usable++;
	if (listing->rows)
		list_json(listing->rows, candidate);
	else if (!listing->written)
		printf("%-16s %-8s %-8s %-8s %s\n", "NAME", "KIND", "ARCH", "VERSION", "WHAT");
	if (!listing->rows)
		list_row(candidate);
	listing->written++;
	return 0;
}

int backends_list(const struct options *options)
{
	struct listing listing = { .rows = options->json ? json_object_new_array() : NULL };
	int status;

	axvcpu_backend_search(list_met, &listing);
	if (listing.rows)
		output_json(stdout, listing.rows);
	status = output_finish();
	if (!status && !listing.usable)
		status = fail(STATUS_UNAVAILABLE,
			      "no usable backend was found; name folders of them in AXVCPU_PLUGIN_PATH, and see "
			      "the search with AXVCPU_DEBUG=loader");
	return status;
}

static const char *type_name(const struct axarch_field *field)
{
	static const char *const names[] = {
#define TYPE_NAME(spelling, value, type, is_signed) [value] = #spelling,
		AXARCH_FIELD_TYPES(TYPE_NAME)
#undef TYPE_NAME
	};

	return field->type < COUNT(names) && names[field->type] ? names[field->type] : "unknown";
}

static int is_signed(const struct axarch_field *field)
{
	return field->type >= AXARCH_FIELD_i8 && field->type <= AXARCH_FIELD_i64;
}

/* A bound or default of an integer: small ones in decimal, large ones in hexadecimal. */
static const char *number_text(const struct axarch_field *field, uint64_t value, char text[32])
{
	if (is_signed(field))
		snprintf(text, 32, "%lld", (long long)value);
	else
		snprintf(text, 32, value > 99999 ? "0x%llx" : "%llu", (unsigned long long)value);
	return text;
}

/* The word of a choice: the part of "a|b|c" at an index. */
static void choice_text(const struct axarch_field *field, uint64_t index, char text[160])
{
	const char *word = field->choices;

	while (index-- && strchr(word, '|'))
		word = strchr(word, '|') + 1;
	snprintf(text, 160, "%.*s", (int)strcspn(word, "|"), word);
}

static void default_text(const struct axarch_field *field, char text[160])
{
	char number[32];

	switch (field->type) {
	case AXARCH_FIELD_text:
		snprintf(text, 160, "\"%s\"", field->default_text);
		break;
	case AXARCH_FIELD_choice:
		choice_text(field, field->default_value, text);
		break;
	case AXARCH_FIELD_flag:
		snprintf(text, 160, "%s", field->default_value ? "on" : "off");
		break;
	default:
		snprintf(text, 160, "%s", number_text(field, field->default_value, number));
	}
}

static void range_text(const struct axarch_field *field, char text[160])
{
	char low[32], high[32];

	switch (field->type) {
	case AXARCH_FIELD_text:
		snprintf(text, 160, "up to %u characters", field->count ? field->count - 1 : 0);
		break;
	case AXARCH_FIELD_choice:
		snprintf(text, 160, "%s", field->choices);
		break;
	case AXARCH_FIELD_flag:
		snprintf(text, 160, "on, off");
		break;
	default:
		snprintf(text, 160, "%s to %s", number_text(field, field->min, low),
			 number_text(field, field->max, high));
	}
}

static void show_fields(const char *kind, const struct axarch_field *fields, uint32_t count)
{
	printf("\nFields for --set %s.FIELD=VALUE\n", kind);
	for (uint32_t i = 0; i < count; i++) {
		const struct axarch_field *field = &fields[i];
		char type[48], standard[160], range[160];

		snprintf(type, sizeof(type), "%s", type_name(field));
		if (field->count > 1 && field->type != AXARCH_FIELD_text)
			snprintf(type, sizeof(type), "%u of %s", field->count, type_name(field));
		default_text(field, standard);
		range_text(field, range);
		printf("  %s (%s; %s; default %s)\n      %s\n", field->name, type, range, standard, field->doc);
	}
}

static struct json_object *fields_json(const struct axarch_field *fields, uint32_t count)
{
	struct json_object *rows = json_object_new_array();

	for (uint32_t i = 0; i < count; i++) {
		struct json_object *row = json_object_new_object();
		char standard[160], range[160];

		default_text(&fields[i], standard);
		range_text(&fields[i], range);
		json_object_object_add(row, "name", json_object_new_string(fields[i].name));
		json_object_object_add(row, "type", json_object_new_string(type_name(&fields[i])));
		json_object_object_add(
			row, "count", json_object_new_int64(fields[i].type == AXARCH_FIELD_text ? 1 : fields[i].count));
		json_object_object_add(row, "range", json_object_new_string(range));
		json_object_object_add(row, "default", json_object_new_string(standard));
		json_object_object_add(row, "doc", json_object_new_string(fields[i].doc));
		json_object_array_add(rows, row);
	}
	return rows;
}

/* Name and text of each thing that a description says. */
struct fact {
	const char *name;
	const char *text;
};

#define FACTS 7
#define CAPABILITIES_CAPACITY 1024

static void collect_facts(const struct axvcpu_inspection *inspection, char abi[32],
			  char capabilities[CAPABILITIES_CAPACITY], struct fact ret_facts[FACTS])
{
	static const struct {
		uint64_t bit;
		const char *text;
	} known[] = {
#define KNOWN(name, bit, text) { bit, text },
		AXARCH_CAPABILITIES(KNOWN)
#undef KNOWN
	};
	const struct axarch_description *description = inspection->description;
	const struct fact facts[FACTS] = { { "name", description->id },
					   { "version", description->version },
					   { "arch", arch_name(description->arch) },
					   { "licence", description->licence },
					   { "abi", abi },
					   { "capabilities", capabilities },
					   { "path", inspection->path } };
	size_t length = 0;

	snprintf(abi, 32, "%u.%u", description->abi_major, description->abi_minor);
	capabilities[0] = '\0';
	for (size_t i = 0; i < COUNT(known); i++)
		if (description->capabilities & known[i].bit && length < CAPABILITIES_CAPACITY)
			length += (size_t)snprintf(capabilities + length, CAPABILITIES_CAPACITY - length, "%s%s",
						   length ? "; " : "", known[i].text);
	memcpy(ret_facts, facts, sizeof(facts));
}

static void show_json(const struct axvcpu_inspection *inspection, const struct fact facts[FACTS])
{
	const struct axarch_description *description = inspection->description;
	struct json_object *document = json_object_new_object();

	for (unsigned i = 0; i < FACTS; i++)
		json_object_object_add(document, facts[i].name, json_object_new_string(facts[i].text));
	json_object_object_add(document, "summary", json_object_new_string(description->summary));
	json_object_object_add(document, "create", fields_json(inspection->create, description->create.field_count));
	json_object_object_add(document, "setup", fields_json(inspection->setup, description->setup.field_count));
	output_json(stdout, document);
}

static void show_text(const struct axvcpu_inspection *inspection, const struct fact facts[FACTS])
{
	const struct axarch_description *description = inspection->description;

	printf("%s\n\n", description->summary);
	for (unsigned i = 0; i < FACTS; i++)
		printf("%-14s%s\n", facts[i].name, facts[i].text);
	show_fields("create", inspection->create, description->create.field_count);
	show_fields("setup", inspection->setup, description->setup.field_count);
}

int backends_inspect(const struct options *options)
{
	struct axvcpu_inspection *inspection;
	struct fact facts[FACTS];
	char abi[32], capabilities[CAPABILITIES_CAPACITY];

	if (axvcpu_backend_inspect(options->inspect, &inspection))
		return fail_library(STATUS_UNAVAILABLE, "--inspect %s", options->inspect);
	collect_facts(inspection, abi, capabilities, facts);
	(options->json ? show_json : show_text)(inspection, facts);
	axvcpu_backend_inspect_free(inspection);
	return output_finish();
}
