/* SPDX-License-Identifier: Apache-2.0 */
/* The note is of the right major version, the struct is not. */
#include "../minimal.h"

MINIMAL_PLUGIN("other-major-struct", .abi_major = 7);
