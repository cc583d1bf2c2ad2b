/* SPDX-License-Identifier: Apache-2.0 */
/* Crashes as soon as it is loaded. */
#include "../minimal.h"

__attribute__((constructor)) static void crash(void)
{
	__builtin_trap();
}

MINIMAL_PLUGIN("crashing-constructor", .kick = minimal_plain);
