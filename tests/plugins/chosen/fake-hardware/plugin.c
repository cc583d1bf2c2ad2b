/* SPDX-License-Identifier: Apache-2.0 */
/* Says that it needs the host's processor. */
#include "../../minimal.h"

AXARCH_PLUGIN(minimal_config, AXARCH_EMPTY_CONFIG, minimal_create, minimal_config, AXARCH_EMPTY_CONFIG, minimal_setup,
	      AXARCH_ABOUT(MINIMAL_ABOUT("fake-hardware"), .arch = AXVCPU_ARCH_AARCH64,
			   .capabilities = AXARCH_CAPABILITY_HARDWARE),
	      MINIMAL_OPS, .kick = minimal_plain);
