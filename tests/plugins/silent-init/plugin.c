/* SPDX-License-Identifier: Apache-2.0 */
/* Its host_init says no, and not why. */
#include <errno.h>

#include "../minimal.h"

static int32_t host_init(const struct axarch_host *host)
{
	(void)host;
	return -ENODEV;
}

MINIMAL_PLUGIN("silent-init", .host_init = host_init);
