/* SPDX-License-Identifier: Apache-2.0 */
/* The range of its field ends before it begins. */
#define MINIMAL_RECORD [0].min = 9, [0].max = 3
#include "../minimal.h"

MINIMAL_PLUGIN("empty-range", .kick = minimal_plain);
