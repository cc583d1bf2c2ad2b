/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trace layer: one line per call, written when it returns:
 *
 *   vm 0 vcpu 1: set_gpr(index=10, value=0x1) = 0
 *   vm 0 vcpu 1: run() = 0 MmioRead{addr=0x10000005, width=1, reg=10, reg_width=8, signed_ext=0}
 *   vm 0 vcpu 1: translate(gva=0x1000, access=1) = NOT_FOUND
 *
 * What the callee fills stands behind the result. The functions are made from the list of ops, so that every op there
 * is has one; how an argument is shown depends on its kind alone. The file is opened for appending and each line is one
 * write: vCPUs can share it.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <axvcpu/plugin/layer.h>

#include "line.h"

struct trace {
	const struct axarch_dispatch *below;
	const struct axarch_host *host;
	uint32_t vm_id;
	uint32_t vcpu_id;
	int fd;
	uint32_t lost; /* lines that could not be written. Atomic: kick is traced on any thread */
};

/* clang-format off */
enum kind {
#define KIND(spelling, type, class_) KIND_##spelling,
	AXARCH_KINDS(KIND)
#undef KIND
};
/* clang-format on */

struct argument {
	enum kind kind;
	const char *name;
	uint64_t value; /* pointers as their address */
};

static const void *pointer(const struct argument *argument)
{
	return (const void *)(uintptr_t)argument->value;
}

static void show_decimal(struct line *line, const struct argument *argument)
{
	line_decimal(line, (int64_t)argument->value);
}

static void show_hex(struct line *line, const struct argument *argument)
{
	line_hex(line, argument->value);
}

static void show_exit(struct line *line, const struct argument *argument)
{
	line_exit(line, pointer(argument));
}

static void show_u64_behind(struct line *line, const struct argument *argument)
{
	line_hex(line, *(const uint64_t *)pointer(argument));
}

/* In every op bytes come with their size behind them. */
static void show_bytes(struct line *line, const struct argument *argument)
{
	line_bytes(line, pointer(argument), (uint32_t)argument[1].value);
}

static void show_whether(struct line *line, const struct argument *argument)
{
	line_text(line, pointer(argument) ? "*" : "NULL");
}

/* Kinds that are not here would be shown as neither. */
static const struct {
	void (*before)(struct line *line, const struct argument *argument); /* between the brackets */
	void (*after)(struct line *line, const struct argument *argument);  /* behind a result of 0 */
} kinds[] = {
	[KIND_u32] = { show_decimal, NULL },        [KIND_u64] = { show_hex, NULL },
	[KIND_exit] = { NULL, show_exit },          [KIND_exit_in] = { show_exit, NULL },
	[KIND_bytes_in] = { show_bytes, NULL },     [KIND_bytes_out] = { NULL, show_bytes },
	[KIND_u64_out] = { NULL, show_u64_behind }, [KIND_self_out] = { NULL, NULL },
	[KIND_clock] = { show_whether, NULL },      [KIND_context] = { show_whether, NULL },
	[KIND_config] = { show_whether, NULL },
};

static void show_before(struct line *line, const struct argument *argument)
{
	if (!kinds[argument->kind].before)
		return;
	line_text(line, line->text[line->length - 1] == '(' ? "" : ", ");
	line_text(line, argument->name);
	line_text(line, "=");
	kinds[argument->kind].before(line, argument);
}

static void show_after(struct line *line, const struct argument *argument)
{
	if (!kinds[argument->kind].after)
		return;
	line_text(line, " ");
	kinds[argument->kind].after(line, argument);
}

static void show_result(struct line *line, int32_t result)
{
	line_text(line, ") = ");
	switch (result) {
#define NAME(name, value, text) \
	case value: \
		line_text(line, #name); \
		break;
		AXVCPU_ERRORS(NAME)
#undef NAME
	default:
		line_decimal(line, result);
	}
}

static void begin(struct line *line, const struct trace *trace, const char *op)
{
	line->length = 0;
	line_text(line, "vm ");
	line_decimal(line, trace->vm_id);
	line_text(line, " vcpu ");
	line_decimal(line, trace->vcpu_id);
	line_text(line, ": ");
	line_text(line, op);
	line_text(line, "(");
}

static void show(struct trace *trace, const char *op, const struct argument *arguments, int count, int32_t result)
{
	struct line line;

	begin(&line, trace, op);
	for (int i = 0; i < count; i++)
		show_before(&line, &arguments[i]);
	show_result(&line, result);
	for (int i = 0; i < count && !result; i++)
		show_after(&line, &arguments[i]);
	if (line_write(&line, trace->fd))
		__atomic_add_fetch(&trace->lost, 1, __ATOMIC_RELAXED);
}

/* clang-format off */
#define ARGUMENT_A(kind, name) { KIND_##kind, #name, (uint64_t)(uintptr_t)name }, ARGUMENT_B
#define ARGUMENT_B(kind, name) { KIND_##kind, #name, (uint64_t)(uintptr_t)name }, ARGUMENT_A
#define ARGUMENT_A_END
#define ARGUMENT_B_END
/* The last row stands for none, as an array must not be empty. */
#define TRACE_CLASS(name, arguments_)
#define TRACE_PERCPU(name, arguments_)
#define TRACE_VCPU(op, arguments_) \
	static int32_t trace_##op(void *self AXARCH_DECLARE(arguments_)) \
	{ \
		struct trace *trace = self; \
		const struct argument shown[] = { AXVCPU_WALK(ARGUMENT_A arguments_) { KIND_context, NULL, 0 } }; \
		int32_t result = trace->below->op.fn(trace->below->op.self AXARCH_FORWARD(arguments_)); \
		show(trace, #op, shown, (int)(sizeof(shown) / sizeof(shown[0])) - 1, result); \
		return result; \
	}
#define TRACE(scope, op, presence, since, where, arguments_, doc) TRACE_##scope(op, arguments_)
AXARCH_VCPU_OPS(TRACE)

#define MEMBER_CLASS(op)
#define MEMBER_PERCPU(op)
#define MEMBER_VCPU(op) .op = trace_##op,
#define MEMBER(scope, op, presence, since, where, arguments_, doc) MEMBER_##scope(op)
static const struct axarch_layer_ops ops = { AXARCH_VCPU_OPS(MEMBER) };
/* clang-format on */

/* Standard error as a file of our own: a host that closes its own does not turn the trace to what it opens next. */
static int open_output(const char *path)
{
	if (!*path)
		return fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
	return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0666);
}

/* The first line, "vm 0 vcpu 1: attach(backend=mock) = 0", also finds out whether the file takes any. */
static int write_head(const struct trace *trace, const struct axarch_layer_site *site)
{
	struct line line;

	begin(&line, trace, "attach");
	line_text(&line, "backend=");
	line_text(&line, site->backend_id);
	show_result(&line, 0);
	return line_write(&line, trace->fd);
}

static int32_t start(struct trace *trace, const struct axarch_layer_site *site, const char *options)
{
	const char *name = *options ? options : "standard error";
	int error;

	trace->fd = open_output(options);
	if (trace->fd < 0)
		return trace->host->error(-errno, "%s cannot be opened: %s; name a file that you may write: trace=FILE",
					  name, strerror(errno));
	error = write_head(trace, site);
	if (!error)
		return 0;
	close(trace->fd);
	return trace->host->error(-error, "%s cannot be written: %s; name a file on a disk with room: trace=FILE", name,
				  strerror(error));
}

static int32_t attach(const struct axarch_host *host, const struct axarch_layer_site *site, const char *options,
		      void **ret_self)
{
	struct trace *trace = host->alloc(sizeof(*trace));
	int32_t error;

	if (!trace)
		return host->error(AXVCPU_ERROR_NO_MEMORY, "no memory for a trace");
	trace->host = host;
	trace->below = site->below;
	trace->vm_id = site->vm_id;
	trace->vcpu_id = site->vcpu_id;
	error = start(trace, site, options);
	if (error)
		host->free(trace);
	else
		*ret_self = trace;
	return error;
}

static void detach(void *self)
{
	struct trace *trace = self;

	if (trace->lost)
		trace->host->log(AXARCH_LOG_ERROR, "layer trace: %u lines of vCPU %u could not be written", trace->lost,
				 trace->vcpu_id);
	close(trace->fd);
	trace->host->free(trace);
}

AXARCH_LAYER(.id = "trace", .summary = "writes one line per call",
	     .options = "a file to append to; nothing: standard error", .attach = attach, .detach = detach,
	     .ops = &ops);
