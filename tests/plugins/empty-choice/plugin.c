/* SPDX-License-Identifier: Apache-2.0 */
/* Its field is a choice, one of whose words is empty. */
#define MINIMAL_RECORD [0].type = AXARCH_FIELD_choice, [0].choices = "little||big"
#include "../minimal.h"

MINIMAL_PLUGIN("empty-choice", .kick = minimal_plain);
