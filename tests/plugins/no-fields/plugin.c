/* SPDX-License-Identifier: Apache-2.0 */
/* A config without a field. */
#define MINIMAL_DESCRIPTION .setup.field_count = 0
#include "../minimal.h"

MINIMAL_PLUGIN("no-fields", .kick = minimal_plain);
