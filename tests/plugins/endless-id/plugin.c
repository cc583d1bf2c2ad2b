/* SPDX-License-Identifier: Apache-2.0 */
/* Its id fills its array: no NUL ends it. */
#include "../minimal.h"

MINIMAL_PLUGIN("endless-endless-endless-endless-", .kick = minimal_plain);
