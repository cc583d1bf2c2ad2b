/* SPDX-License-Identifier: Apache-2.0 */
/* Made for another major version of the ABI. */
#include "../minimal.h"

AXARCH_PLUGIN(minimal_config, AXARCH_EMPTY_CONFIG, minimal_create, minimal_config, AXARCH_EMPTY_CONFIG, minimal_setup,
	      AXARCH_ABOUT(MINIMAL_ABOUT("other-major"), .abi_major = 2), MINIMAL_OPS, .abi_major = 2);
