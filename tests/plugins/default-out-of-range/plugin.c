/* SPDX-License-Identifier: Apache-2.0 */
/* The defaults of its fields are outside their ranges. */
#include "../minimal.h"

#define BROKEN(T, INT, CHOICE, TEXT, ARRAY) \
	INT(T, u32, steps, 200, 1, 100, "200 is more than 100") \
	INT(T, i16, shift, -9, -8, 7, "so is -9 less than -8") \
	CHOICE(T, order, 2, "little|big", "there is no third word") \
	TEXT(T, name, 4, "four", "no room for the NUL")
AXARCH_CONFIG(broken_config, BROKEN)

static int32_t create(const struct axarch_host *host, uint32_t vm_id, uint32_t vcpu_id, struct broken_config config,
		      void **ret_self)
{
	(void)host, (void)vm_id, (void)vcpu_id, (void)config;
	*ret_self = &minimal_vcpu;
	return 0;
}

AXARCH_PLUGIN(broken_config, BROKEN, create, minimal_config, AXARCH_EMPTY_CONFIG, minimal_setup,
	      AXARCH_ABOUT(MINIMAL_ABOUT("default-out-of-range")), MINIMAL_OPS, .kick = NULL);
