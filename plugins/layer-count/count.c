/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The count layer: how often each op was called and how often it failed, as a table when the vCPU goes. It has one
 * function for all ops, those of later versions too: the example of a layer that says "every op".
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <axvcpu/plugin/layer.h>

#define OPS_MAX 128

struct count {
	const struct axarch_host *host;
	uint32_t vm_id;
	uint32_t vcpu_id;
	int fd;
	int own_fd; /* 1: to be closed */
	struct {
		const char *name; /* set at the first call */
		uint64_t calls;
		uint64_t failures;
	} ops[OPS_MAX];
};

/* kick comes from any thread: the counters are atomic. */
static int32_t around(void *self, const struct axarch_op_info *op, void **args, const struct axarch_below *below)
{
	struct count *count = self;
	int32_t result = below->call(below, args);

	if (op->index >= OPS_MAX)
		return result;
	__atomic_store_n(&count->ops[op->index].name, op->name, __ATOMIC_RELAXED);
	__atomic_add_fetch(&count->ops[op->index].calls, 1, __ATOMIC_RELAXED);
	if (result)
		__atomic_add_fetch(&count->ops[op->index].failures, 1, __ATOMIC_RELAXED);
	return result;
}

static int32_t open_output(struct count *count, const char *path)
{
	count->fd = STDERR_FILENO;
	if (!*path)
		return 0;
	count->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (count->fd < 0)
		return count->host->error(-errno, "the file %s cannot be opened: %s", path, strerror(errno));
	count->own_fd = 1;
	return 0;
}

static int32_t attach(const struct axarch_host *host, const struct axarch_layer_site *site, const char *options,
		      void **ret_self)
{
	struct count *count = host->alloc(sizeof(*count));
	int32_t error;

	if (!count)
		return host->error(AXVCPU_ERROR_NO_MEMORY, "no memory for the counters");
	count->host = host;
	count->vm_id = site->vm_id;
	count->vcpu_id = site->vcpu_id;
	error = open_output(count, options);
	if (error) {
		host->free(count);
		return error;
	}
	*ret_self = count;
	return 0;
}

static void print(const struct count *count)
{
	for (size_t i = 0; i < OPS_MAX; i++)
		if (count->ops[i].calls)
			dprintf(count->fd, "vm %u vcpu %u: %-20s %12llu calls %12llu failed\n", count->vm_id,
				count->vcpu_id, count->ops[i].name, (unsigned long long)count->ops[i].calls,
				(unsigned long long)count->ops[i].failures);
}

static void detach(void *self)
{
	struct count *count = self;

	print(count);
	if (count->own_fd)
		close(count->fd);
	count->host->free(count);
}

AXARCH_LAYER(.id = "count", .summary = "counts the calls of every op", .attach = attach, .detach = detach,
	     .around = around,
	     .options = "a file to append the table to when the vCPU is destroyed; nothing: standard error");
