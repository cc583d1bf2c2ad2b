/* SPDX-License-Identifier: Apache-2.0 */
/* Says that it simulates something else. */
#include "../../minimal.h"

AXARCH_PLUGIN(minimal_config, AXARCH_EMPTY_CONFIG, minimal_create, minimal_config, AXARCH_EMPTY_CONFIG, minimal_setup,
	      AXARCH_ABOUT(MINIMAL_ABOUT("second-simulator"), .arch = AXVCPU_ARCH_X86_64,
			   .capabilities = AXARCH_CAPABILITY_SIMULATED),
	      MINIMAL_OPS, .kick = minimal_plain);
