/* SPDX-License-Identifier: Apache-2.0 */
/* Calls a function that nobody has. */
#include "../minimal.h"

int32_t nobody_has_this(void *self);

MINIMAL_PLUGIN("unresolved-function", .kick = nobody_has_this);
