/* SPDX-License-Identifier: Apache-2.0 */
/* Its id is no name that a user can type. */
#include "../minimal.h"

MINIMAL_PLUGIN("Bad Id", .kick = minimal_plain);
