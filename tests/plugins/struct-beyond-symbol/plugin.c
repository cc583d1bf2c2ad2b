/* SPDX-License-Identifier: Apache-2.0 */
/* Its struct claims more bytes than the symbol has. */
#include "../minimal.h"

MINIMAL_PLUGIN("struct-beyond-symbol", .struct_size = 65536);
