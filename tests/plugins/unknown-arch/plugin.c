/* SPDX-License-Identifier: Apache-2.0 */
/* Its guests have an architecture that does not exist. */
#define MINIMAL_DESCRIPTION .arch = 99
#include "../minimal.h"

MINIMAL_PLUGIN("unknown-arch", .kick = minimal_plain);
