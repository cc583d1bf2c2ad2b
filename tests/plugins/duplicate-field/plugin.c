/* SPDX-License-Identifier: Apache-2.0 */
/* Two of its fields have the same name: the records say so, whatever the struct says. */
#include "../minimal.h"

#define FIELDS(T, INT, CHOICE, TEXT, ARRAY) \
	INT(T, u32, steps, 1, 0, 9, "the first") \
	INT(T, u32, pace, 1, 0, 9, "the second, whose record is renamed")
AXARCH_CONFIG(twice_config, FIELDS)

#undef AXARCH_FIELD_RECORDS
#define AXARCH_FIELD_RECORDS(tag, FIELDS_) \
	FIELDS_(tag, STEPS_RECORD, AXARCH_CHOICE_RECORD_, AXARCH_TEXT_RECORD_, AXARCH_ARRAY_RECORD_)
/* clang-format off */
#define STEPS_RECORD(T, type_, member, initial, min_, max_, doc_) \
	{ .name = "steps", .doc = doc_, .default_value = initial, .min = min_, .max = max_, .type = AXARCH_FIELD_##type_, \
	  .count = 1, .offset = (uint32_t)offsetof(struct T, member), .size = 4 },
/* clang-format on */

static int32_t create(const struct axarch_host *host, uint32_t vm_id, uint32_t vcpu_id, struct twice_config config,
		      void **ret_self)
{
	(void)host, (void)vm_id, (void)vcpu_id, (void)config;
	*ret_self = &minimal_vcpu;
	return 0;
}

AXARCH_PLUGIN(twice_config, FIELDS, create, minimal_config, AXARCH_EMPTY_CONFIG, minimal_setup,
	      AXARCH_ABOUT(MINIMAL_ABOUT("duplicate-field")), MINIMAL_OPS, .kick = NULL);
