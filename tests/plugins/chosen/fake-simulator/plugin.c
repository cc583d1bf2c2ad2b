/* SPDX-License-Identifier: Apache-2.0 */
/* Says that it simulates. */
#include "../../minimal.h"

AXARCH_PLUGIN(minimal_config, AXARCH_EMPTY_CONFIG, minimal_create, minimal_config, AXARCH_EMPTY_CONFIG, minimal_setup,
	      AXARCH_ABOUT(MINIMAL_ABOUT("fake-simulator"), .arch = AXVCPU_ARCH_AARCH64,
			   .capabilities = AXARCH_CAPABILITY_SIMULATED),
	      MINIMAL_OPS, .kick = minimal_plain);
