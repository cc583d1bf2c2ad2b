/* SPDX-License-Identifier: Apache-2.0 */
/* Its config is packed, so that the compiler lays it out otherwise than libffi does. */
#include "../minimal.h"

#define PACKED(T, INT, CHOICE, TEXT, ARRAY) \
	INT(T, u8, small, 0, 0, 255, "one byte") \
	INT(T, u64, large, 0, 0, UINT64_MAX, "eight bytes, at offset 1")

struct packed_config {
	PACKED(packed_config, AXARCH_INT_MEMBER_, AXARCH_CHOICE_MEMBER_, AXARCH_TEXT_MEMBER_, AXARCH_ARRAY_MEMBER_)
} __attribute__((packed));
enum { packed_config_field_count = 2 };

static int32_t create(const struct axarch_host *host, uint32_t vm_id, uint32_t vcpu_id, struct packed_config config,
		      void **ret_self)
{
	(void)host, (void)vm_id, (void)vcpu_id, (void)config;
	*ret_self = &minimal_vcpu;
	return 0;
}

AXARCH_PLUGIN(packed_config, PACKED, create, minimal_config, AXARCH_EMPTY_CONFIG, minimal_setup,
	      AXARCH_ABOUT(MINIMAL_ABOUT("wrong-offsets")), MINIMAL_OPS, .kick = NULL);
