/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts the calls and the errors of each op, and writes a table when the vCPU goes:
 *
 *   vm 0 vcpu 1: calls of mock
 *   op                              calls       errors
 *   run                              1000            1
 *
 * It has no function per op: `around` is called for every one, also for those that a newer host has and these headers
 * do not know. That is the example to copy for a layer that treats all ops alike.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <axvcpu/plugin/layer.h>

/* Far more than any list of ops; what lies beyond is counted in the last row. */
#define ROWS 256u

struct row {
	const char *op; /* NULL: never called */
	uint64_t calls;
	uint64_t errors;
};

/* The members of a row are atomic: kick comes from any thread, and in signal handlers. */
struct count {
	const struct axarch_host *host;
	uint32_t vm_id;
	uint32_t vcpu_id;
	char backend[32];
	int fd;
	struct row rows[ROWS];
};

static int32_t around(void *self, const struct axarch_op_info *op, void **args, const struct axarch_below *below)
{
	struct count *count = self;
	uint32_t last = op->index < ROWS - 1 ? op->index : ROWS - 1;
	struct row *row = &count->rows[last];
	int32_t result = below->call(below, args);

	__atomic_store_n(&row->op, last == ROWS - 1 ? "(others)" : op->name, __ATOMIC_RELAXED);
	__atomic_add_fetch(&row->calls, 1, __ATOMIC_RELAXED);
	if (result)
		__atomic_add_fetch(&row->errors, 1, __ATOMIC_RELAXED);
	return result;
}

static void write_table(const struct count *count, FILE *file)
{
	fprintf(file, "vm %" PRIu32 " vcpu %" PRIu32 ": calls of %s\n", count->vm_id, count->vcpu_id, count->backend);
	fprintf(file, "%-24s %12s %12s\n", "op", "calls", "errors");
	for (uint32_t i = 0; i < ROWS; i++)
		if (count->rows[i].op)
			fprintf(file, "%-24s %12" PRIu64 " %12" PRIu64 "\n", count->rows[i].op, count->rows[i].calls,
				count->rows[i].errors);
}

/* The table is made in memory and handed over in one write, so that those of several vCPUs do not mix. */
static int print(const struct count *count)
{
	char *text = NULL;
	size_t length = 0;
	FILE *file = open_memstream(&text, &length);
	ssize_t written = -1;

	if (!file)
		return -1;
	write_table(count, file);
	if (!fclose(file))
		written = write(count->fd, text, length);
	free(text);
	return written == (ssize_t)length ? 0 : -1;
}

/* Standard error is duplicated: a VMM that closes its own must not make the table go to whatever is opened next. */
static int open_output(const char *path)
{
	if (!*path)
		return fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
	return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0666);
}

static int32_t attach(const struct axarch_host *host, const struct axarch_layer_site *site, const char *options,
		      void **ret_self)
{
	struct count *count = host->alloc(sizeof(*count));
	int error;

	if (!count)
		return host->error(AXVCPU_ERROR_NO_MEMORY, "no memory for the counters");
	*count = (struct count){ .host = host, .vm_id = site->vm_id, .vcpu_id = site->vcpu_id };
	snprintf(count->backend, sizeof(count->backend), "%s", site->backend_id);
	count->fd = open_output(options);
	if (count->fd < 0) {
		error = errno;
		host->free(count);
		return host->error(-error, "%s cannot be opened: %s; name a file that can be written: count=FILE",
				   *options ? options : "standard error", strerror(error));
	}
	*ret_self = count;
	return 0;
}

static void detach(void *self)
{
	struct count *count = self;

	if (print(count))
		count->host->log(AXARCH_LOG_ERROR,
				 "layer count: the table of vCPU %" PRIu32 " could not be written: %s", count->vcpu_id,
				 strerror(errno));
	close(count->fd);
	count->host->free(count);
}

/* clang-format off */
AXARCH_LAYER(
	.id = "count",
	.summary = "counts calls and errors per op, and prints a table at the end",
	.options = "count=FILE appends the table to FILE; without it, standard error",
	.attach = attach,
	.detach = detach,
	.around = around,
);
/* clang-format on */
