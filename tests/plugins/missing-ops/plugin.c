/* SPDX-License-Identifier: Apache-2.0 */
/* Three of the mandatory ops are NULL. */
#include "../minimal.h"

MINIMAL_PLUGIN("missing-ops", .run = NULL, .bind = NULL, .set_gpr = NULL);
