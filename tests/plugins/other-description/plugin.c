/* SPDX-License-Identifier: Apache-2.0 */
/* The struct points to another description than the one in the note. */
#include "../minimal.h"

static const struct axarch_description other = { .magic = AXARCH_MAGIC, .size = sizeof(other), .id = "other" };

MINIMAL_PLUGIN("other-description", .description = &other);
