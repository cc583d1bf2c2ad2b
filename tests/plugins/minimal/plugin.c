/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing is wrong with it: what the broken ones differ from. */
#include "../minimal.h"

MINIMAL_PLUGIN("minimal", .kick = minimal_plain);
