/* SPDX-License-Identifier: Apache-2.0 */
/* The common part of the layers for tests. Their self is the test's own memory, whose address is the options text. */
#ifndef TESTS_PLUGINS_LAYERS_LAYER_H
#define TESTS_PLUGINS_LAYERS_LAYER_H

#include <stdlib.h>

#include <axvcpu/plugin/layer.h>

#include "fixture.h"

static int32_t attach(const struct axarch_host *host, const struct axarch_layer_site *site, const char *options,
		      void **ret_self)
{
	struct fixture *fixture = (struct fixture *)(uintptr_t)strtoull(options, NULL, 0);

	if (!fixture)
		return host->error(AXVCPU_ERROR_INVALID_INPUT, "the options are no address");
	fixture->below = site->below;
	fixture->order = ++*fixture->counter;
	*ret_self = fixture;
	return 0;
}

__attribute__((unused)) static void detach(void *self)
{
	struct fixture *fixture = self;

	fixture->detached = ++*fixture->counter;
}

#define FIXTURE(id_) .id = id_, .summary = "for tests", .options = "an address", .attach = attach, .detach = detach

#endif
