/* SPDX-License-Identifier: Apache-2.0 */
/* A layer made with other headers, and without detach. */
#include "../layer.h"

AXARCH_LAYER(FIXTURE("other-ops"), .ops_text = "CLASS create 0 (u64, everything)\n", .detach = NULL);
