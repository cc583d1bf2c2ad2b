/* SPDX-License-Identifier: Apache-2.0 */
/* The record of its u32 says that it has 8 bytes. */
#define MINIMAL_RECORD [0].size = 8
#include "../minimal.h"

MINIMAL_PLUGIN("wrong-field-size", .kick = minimal_plain);
