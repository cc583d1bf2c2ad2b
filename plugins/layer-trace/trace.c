/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trace layer: one line per call, "vcpu 0: set_gpr(index=10, value=0x1) = 0". The functions are made from the list
 * of ops, so that every op there is has one; how an argument is shown depends on its kind alone.
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
	int own_fd; /* 1: to be closed */
};

/* clang-format off */
enum kind {
#define KIND(spelling, type, class_) KIND_##spelling,
	AXARCH_KINDS(KIND)
#undef KIND
};

struct argument {
	enum kind kind;
	const char *name;
	uint64_t value; /* pointers as their address */
};
/* clang-format on */

/* Before the call: pointers to results have nothing to show yet. */
static void show_argument(struct line *line, const struct argument *argument)
{
	const void *pointer = (const void *)(uintptr_t)argument->value;

	if (argument->kind == KIND_exit || argument->kind == KIND_u64_out)
		return;
	line_text(line, line->text[line->length - 1] == '(' ? "" : ", ");
	line_text(line, argument->name);
	line_text(line, "=");
	if (argument->kind == KIND_exit_in)
		line_exit(line, pointer);
	else if (argument->kind == KIND_u32)
		line_decimal(line, (int64_t)argument->value);
	else if (argument->kind == KIND_u64)
		line_hex(line, argument->value);
	else
		line_text(line, pointer ? "*" : "NULL");
}

/* After it, when it went well. */
static void show_result(struct line *line, const struct argument *argument)
{
	const void *pointer = (const void *)(uintptr_t)argument->value;

	if (argument->kind != KIND_exit && argument->kind != KIND_u64_out)
		return;
	line_text(line, " ");
	if (argument->kind == KIND_exit)
		line_exit(line, pointer);
	else
		line_hex(line, *(const uint64_t *)pointer);
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

static void show(const struct trace *trace, const char *op, const struct argument *arguments, int count, int32_t result)
{
	struct line line;

	begin(&line, trace, op);
	for (int i = 0; i < count; i++)
		show_argument(&line, &arguments[i]);
	line_text(&line, ") = ");
	line_decimal(&line, result);
	for (int i = 0; i < count && !result; i++)
		show_result(&line, &arguments[i]);
	line_write(&line, trace->fd);
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
		const struct trace *trace = self; \
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

static int32_t open_output(struct trace *trace, const char *path)
{
	trace->fd = STDERR_FILENO;
	if (!*path)
		return 0;
	trace->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (trace->fd < 0)
		return trace->host->error(-errno, "the trace file %s cannot be opened: %s", path, strerror(errno));
	trace->own_fd = 1;
	return 0;
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
	error = open_output(trace, options);
	if (error)
		host->free(trace);
	else
		*ret_self = trace;
	return error;
}

static void detach(void *self)
{
	struct trace *trace = self;

	if (trace->own_fd)
		close(trace->fd);
	trace->host->free(trace);
}

AXARCH_LAYER(.id = "trace", .summary = "writes one line per call",
	     .options = "a file to append to; nothing: standard error", .attach = attach, .detach = detach,
	     .ops = &ops);
