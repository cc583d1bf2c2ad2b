/* SPDX-License-Identifier: Apache-2.0 */
/* The schema says 24 bytes where the config's struct has 4. */
#define MINIMAL_DESCRIPTION .create.struct_size = 24
#include "../minimal.h"

MINIMAL_PLUGIN("wrong-struct-size", .kick = minimal_plain);
