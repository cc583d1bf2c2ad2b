/* SPDX-License-Identifier: Apache-2.0 */
/* The shapes' structs, functions and backends. */
#include "../unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "config/layout.h"
#include "loader/backend.h"
#include "shapes.h"

struct given given;

/* clang-format off */
#define DECLARE(tag, FIELDS) \
	AXARCH_CONFIG(tag, FIELDS) \
	static int32_t tag##_create(const void *host, uint32_t vm_id, uint32_t vcpu_id, struct tag config, void **ret_self) \
	{ \
		given.context = host; \
		given.vm_id = vm_id; \
		given.vcpu_id = vcpu_id; \
		given.ret_self = ret_self; \
		memcpy(given.config, &config, sizeof(config)); \
		return -(int32_t)vcpu_id; \
	} \
	static int32_t tag##_create_by_pointer(const void *host, uint32_t vm_id, uint32_t vcpu_id, const void *config, \
					       void **ret_self) \
	{ \
		return tag##_create(host, vm_id, vcpu_id, *(const struct tag *)config, ret_self); \
	} \
	static int32_t tag##_setup(void *self, struct tag config) \
	{ \
		given.context = self; \
		memcpy(given.config, &config, sizeof(config)); \
		return 0; \
	} \
	static int32_t tag##_setup_by_pointer(void *self, const void *config) \
	{ \
		return tag##_setup(self, *(const struct tag *)config); \
	} \
	static struct axarch_field tag##_records[] = { AXARCH_FIELD_RECORDS(tag, FIELDS) }; \
	static const struct axarch_vcpu_ops tag##_ops = { .create_by_value = (void (*)(void))tag##_create, \
							  .setup_by_value = (void (*)(void))tag##_setup };
SHAPES(DECLARE)

static struct shape list[] = {
#define ROW(tag, FIELDS) { #tag, NULL, tag##_create_by_pointer, tag##_setup_by_pointer },
	SHAPES(ROW)
};

static const struct {
	struct axarch_schema schema;
	struct axarch_field *fields;
	const struct axarch_vcpu_ops *ops;
} parts[] = {
#define PART(tag, FIELDS) { AXARCH_SCHEMA_(tag), tag##_records, &tag##_ops },
	SHAPES(PART)
};
/* clang-format on */

#define COUNT (sizeof(list) / sizeof(list[0]))

static struct axvcpu_backend *make(size_t index)
{
	struct axvcpu_backend *backend = calloc(1, sizeof(*backend));
	struct report report = REPORT_INIT;

	backend->plugin = parts[index].ops;
	backend->references = 1;
	snprintf(backend->note.description.id, sizeof(backend->note.description.id), "%s", list[index].name);
	backend->create_layout =
		config_layout_create(AXVCPU_CONFIG_CREATE, &parts[index].schema, parts[index].fields, &report);
	backend->setup_layout =
		config_layout_create(AXVCPU_CONFIG_SETUP, &parts[index].schema, parts[index].fields, &report);
	if (report.count)
		fail_msg("%s: %s", list[index].name, report_text(&report));
	return backend;
}

const struct shape *shapes(size_t *ret_count)
{
	for (size_t i = 0; i < COUNT; i++)
		if (!list[i].backend)
			list[i].backend = make(i);
	*ret_count = COUNT;
	return list;
}

struct axvcpu_backend *shape_backend(const char *name)
{
	size_t count;
	const struct shape *shape = shapes(&count);

	while (strcmp(shape->name, name))
		shape++;
	return shape->backend;
}
