/* SPDX-License-Identifier: Apache-2.0 */
/* A layer with two ops of its own: all others must go straight through. run adds one to a counter that options point
 * to. */
#include "../layer.h"

static int32_t run(void *self, struct axvcpu_exit *exit)
{
	struct fixture *fixture = self;

	fixture->runs++;
	return fixture->below->run.fn(fixture->below->run.self, exit);
}

/* Changes an argument on its way. */
static int32_t set_gpr(void *self, uint32_t index, uint64_t value)
{
	struct fixture *fixture = self;

	return fixture->below->set_gpr.fn(fixture->below->set_gpr.self, index, value + 1);
}

static const struct axarch_layer_ops ops = { .run = run, .set_gpr = set_gpr };

AXARCH_LAYER(FIXTURE("partial"), .ops = &ops);
