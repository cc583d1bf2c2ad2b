/* SPDX-License-Identifier: Apache-2.0 */
/* The common part of the layers whose cost is measured: their self is what is below. */
#ifndef BENCH_LAYER_BENCH_H
#define BENCH_LAYER_BENCH_H

#include <axvcpu/plugin/layer.h>

static int32_t attach(const struct axarch_host *host, const struct axarch_layer_site *site, const char *options,
		      void **ret_self)
{
	(void)host, (void)options;
	*ret_self = (void *)(uintptr_t)site->below;
	return 0;
}

static void detach(void *self)
{
	(void)self;
}

#define BENCH_LAYER(id_) \
	.id = id_, .summary = "for the benchmark", .options = "none", .attach = attach, .detach = detach

#endif
