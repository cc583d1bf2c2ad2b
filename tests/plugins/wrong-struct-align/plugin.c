/* SPDX-License-Identifier: Apache-2.0 */
/* The schema says that the config's struct is aligned to 16; it is to 4. */
#define MINIMAL_DESCRIPTION .create.struct_align = 16
#include "../minimal.h"

MINIMAL_PLUGIN("wrong-struct-align", .kick = minimal_plain);
