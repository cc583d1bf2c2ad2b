/* SPDX-License-Identifier: Apache-2.0 */
/* Its struct ends before the first op. */
#include "../minimal.h"

MINIMAL_PLUGIN("struct-without-ops", .struct_size = 8);
