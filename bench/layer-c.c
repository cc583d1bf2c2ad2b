/* SPDX-License-Identifier: Apache-2.0 */
/* The cheapest layer with a run of its own: hands the call on. */
#include "layer-bench.h"

static int32_t run(void *self, struct axvcpu_exit *exit)
{
	const struct axarch_dispatch *below = self;

	return below->run.fn(below->run.self, exit);
}

static const struct axarch_layer_ops ops = { .run = run };

AXARCH_LAYER(BENCH_LAYER("bench-c"), .ops = &ops);
