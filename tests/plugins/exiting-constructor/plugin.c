/* SPDX-License-Identifier: Apache-2.0 */
/* Ends the process as soon as it is loaded. */
#include <unistd.h>

#include "../minimal.h"

__attribute__((constructor)) static void leave(void)
{
	_exit(42);
}

MINIMAL_PLUGIN("exiting-constructor", .kick = minimal_plain);
