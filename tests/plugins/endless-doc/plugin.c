/* SPDX-License-Identifier: Apache-2.0 */
/* The documentation of its field fills its array: no NUL ends it. */
#define X32 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define MINIMAL_RECORD [0].doc = X32 X32 X32 X32 X32
#include "../minimal.h"

MINIMAL_PLUGIN("endless-doc", .kick = minimal_plain);
