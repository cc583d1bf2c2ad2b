/* SPDX-License-Identifier: Apache-2.0 */
/* Version, licence and summary fill their arrays: no NUL ends them. */
#define X32 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define MINIMAL_DESCRIPTION .version = X32, .licence = X32, .summary = X32 X32 X32 X32
#include "../minimal.h"

MINIMAL_PLUGIN("endless-texts", .kick = minimal_plain);
