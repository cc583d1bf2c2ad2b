/* SPDX-License-Identifier: Apache-2.0 */
/* The note is not one of ours, in spite of its owner. */
#define MINIMAL_DESCRIPTION .magic = 0x5678
#include "../minimal.h"

MINIMAL_PLUGIN("wrong-note-magic", .kick = minimal_plain);
