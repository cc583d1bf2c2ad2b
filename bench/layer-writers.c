/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the address space one in which somebody writes without anybody being told, as a vCPU on hardware does: so what
 * that costs the engine below can be measured on its own. */
#include <axvcpu/plugin/host.h>
#include <axvcpu/plugin/layer.h>

struct writers {
	const struct axarch_host *host;
	const struct axarch_dispatch *below;
	struct axarch_space *space;
};

static int32_t attach(const struct axarch_host *host, const struct axarch_layer_site *site, const char *options,
		      void **ret_self)
{
	struct writers *writers = host->alloc(sizeof(*writers));

	(void)options;
	if (!writers)
		return host->error(AXVCPU_ERROR_NO_MEMORY, "bench-writers: no memory");
	*writers = (struct writers){ .host = host, .below = site->below };
	*ret_self = writers;
	return 0;
}

static void leave(struct writers *writers)
{
	if (!writers->space)
		return;
	writers->host->space_writers(writers->space, -1);
	writers->host->space_release(writers->space);
	writers->space = NULL;
}

static void detach(void *self)
{
	struct writers *writers = self;

	leave(writers);
	writers->host->free(writers);
}

static int32_t set_ept_root(void *self, uint64_t root)
{
	struct writers *writers = self;
	int32_t error;

	leave(writers);
	error = writers->below->set_ept_root.fn(writers->below->set_ept_root.self, root);
	if (!error)
		error = writers->host->space_acquire(root, &writers->space);
	if (!error)
		writers->host->space_writers(writers->space, 1);
	return error;
}

static const struct axarch_layer_ops ops = { .set_ept_root = set_ept_root };

AXARCH_LAYER(.id = "bench-writers", .summary = "another engine's vCPU that writes, for a benchmark", .options = "none",
	     .attach = attach, .detach = detach, .ops = &ops);
