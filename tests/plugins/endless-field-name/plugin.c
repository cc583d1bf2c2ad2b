/* SPDX-License-Identifier: Apache-2.0 */
/* The name of its field fills its array: no NUL ends it. */
#define MINIMAL_RECORD [0].name = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#include "../minimal.h"

MINIMAL_PLUGIN("endless-field-name", .kick = minimal_plain);
