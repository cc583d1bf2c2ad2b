/* SPDX-License-Identifier: Apache-2.0 */
/* How a declared config lies in memory, twice: as the plugin's compiler said, and as libffi passes it. */
#ifndef CORE_CONFIG_LAYOUT_H
#define CORE_CONFIG_LAYOUT_H

#include <ffi.h>

#include <axvcpu/config.h>
#include <axvcpu/plugin/config.h>

#include "../loader/report.h"

struct config_layout {
	uint32_t kind; /* AXVCPU_CONFIG_* */
	uint32_t field_count;
	const struct axarch_field *fields; /* of the backend */
	size_t size;
	void *defaults; /* a block of `size` bytes */
	ffi_type type;  /* the struct; its elements behind it */
	ffi_type **elements;
	ffi_cif cif; /* of create_by_value or setup_by_value */
	ffi_type *parameters[5];
};

/*
 * Checks every field of a config, lays it out with libffi and compares that with the plugin's compiler; fills the
 * defaults. NULL: `report` says all that is wrong.
 */
struct config_layout *config_layout_create(uint32_t kind, const struct axarch_schema *schema,
					   const struct axarch_field *fields, struct report *report);
void config_layout_destroy(struct config_layout *layout);

/* One element of a field: sign-extended to 64 bits, or cut. Not for texts. */
uint64_t config_load(const struct axarch_field *field, const void *block, uint32_t index);
void config_store(const struct axarch_field *field, void *block, uint32_t index, uint64_t value);

/* Whether a value is within a field's range; for choices, whether there is such a word. */
int config_in_range(const struct axarch_field *field, uint64_t value);
int config_is_signed(const struct axarch_field *field);

/* Words of "a|b|c". */
uint32_t config_choice_count(const struct axarch_field *field);

#endif
