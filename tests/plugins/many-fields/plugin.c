/* SPDX-License-Identifier: Apache-2.0 */
/* It counts more fields than its note has room for. */
#define MINIMAL_DESCRIPTION .create.field_count = 900
#include "../minimal.h"

MINIMAL_PLUGIN("many-fields", .kick = minimal_plain);
