/* SPDX-License-Identifier: Apache-2.0 */
/* Exports the struct, but has no ELF note. */
#include "../minimal.h"

#undef AXARCH_NOTE_PLACE
#define AXARCH_NOTE_PLACE __attribute__((aligned(8)))

MINIMAL_PLUGIN("no-note", .kick = minimal_plain);
