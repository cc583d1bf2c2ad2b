/* SPDX-License-Identifier: Apache-2.0 */
/* Says that it simulates the processor. Its guests end by 9 at port 0xf4. */
#include <axvcpu/plugin/config.h>

#define PROBED_CONFIG(T, INT, CHOICE, TEXT, ARRAY) \
	INT(T, u32, both, 0, 0, 9, "a field of both") \
	INT(T, u32, simulator_only, 0, 0, 9, "a field of this one alone")

AXARCH_CONFIG(probed_config, PROBED_CONFIG)

#include "../probed.h"

static int32_t run(void *self, struct axvcpu_exit *exit)
{
	(void)self;
	probed_end(exit, 9);
	return 0;
}

PROBED_PLUGIN("probed-simulator", AXARCH_CAPABILITY_SIMULATED, run, minimal_plain);
