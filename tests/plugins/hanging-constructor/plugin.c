/* SPDX-License-Identifier: Apache-2.0 */
/* Never comes back from being loaded. */
#include <unistd.h>

#include "../minimal.h"

__attribute__((constructor)) static void hang(void)
{
	for (;;)
		pause();
}

MINIMAL_PLUGIN("hanging-constructor", .kick = minimal_plain);
