/* SPDX-License-Identifier: Apache-2.0 */
/* Several things at once: the refusal must name all of them. */
#include "../minimal.h"

MINIMAL_PLUGIN("everything-wrong", .ops_text = NULL, .description = NULL, .create_by_value = NULL, .destroy = NULL,
	       .unbind = NULL);
