/* SPDX-License-Identifier: Apache-2.0 */
/* Which backend executes the guest: the one that --backend names, or the best for the guest and what else is asked for.
 */
#ifndef CLI_ENGINE_H
#define CLI_ENGINE_H

#include <axvcpu/axvcpu.h>

#include "options.h"

struct engine {
	struct axvcpu_backend *backend;
	char reason[1024]; /* why this one; "" where --backend names it */
	bool unexpected;   /* there is a KVM, and it was passed over: who is not told wonders */
	char rescue[256];  /* the innermost layer: a simulator executes what the hardware cannot; "": none */
};

/*
 * Opens it. `arch` (AXVCPU_ARCH_*) is the guest's. Of --backend auto's candidates for x86_64 guests, hardware is taken
 * if it has what --set and --chip ask for and can run kernels (probe.h), or if there is no simulator. Hardware
 * that is taken so gets the layer rescue, where that and a simulator are installed. Statuses: UNAVAILABLE.
 */
int engine_open(const struct options *options, uint32_t arch, struct engine *ret_engine);

#endif
