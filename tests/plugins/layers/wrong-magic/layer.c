/* SPDX-License-Identifier: Apache-2.0 */
/* A layer whose struct begins with another number, of another major. */
#include "../layer.h"

AXARCH_LAYER(FIXTURE("wrong-magic"), .magic = 1, .abi_major = 9);
