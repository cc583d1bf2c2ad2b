/* SPDX-License-Identifier: Apache-2.0 */
/* The struct begins with another number. */
#include "../minimal.h"

MINIMAL_PLUGIN("wrong-magic", .magic = 0x1234);
