/* SPDX-License-Identifier: Apache-2.0 */
/* Its host_init says no. */
#include "../minimal.h"

static int32_t host_init(const struct axarch_host *host)
{
	return host->error(AXVCPU_ERROR_UNSUPPORTED, "this test plugin never starts");
}

MINIMAL_PLUGIN("failing-init", .host_init = host_init);
