/* SPDX-License-Identifier: Apache-2.0 */
/* Rows for all vCPU ops, from the one list: names, signatures and how libffi calls them. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "ops.h"

/* clang-format off */
enum kind {
	KIND_END,
#define KIND(spelling, type, class_) KIND_##spelling,
	AXARCH_KINDS(KIND)
#undef KIND
};

static const struct {
	const char *class_name;
	ffi_type *type;
} kinds[] = {
#define FFI_u32 &ffi_type_uint32
#define FFI_u64 &ffi_type_uint64
#define FFI_ptr &ffi_type_pointer
#define KIND(spelling, type, class_) [KIND_##spelling] = { #class_, FFI_##class_ },
	AXARCH_KINDS(KIND)
#undef KIND
};

#define ARGUMENT_A(kind, name) KIND_##kind, ARGUMENT_B
#define ARGUMENT_B(kind, name) KIND_##kind, ARGUMENT_A
#define ARGUMENT_A_END
#define ARGUMENT_B_END
#define OP_CLASS(name, arguments)
#define OP_PERCPU(name, arguments)
#define OP_VCPU(name, arguments) { #name, #arguments, { AXVCPU_WALK(ARGUMENT_A arguments) KIND_END } },
#define OP(scope, name, presence, since, where, arguments, doc) OP_##scope(name, arguments)
static const struct {
	const char *name;
	const char *arguments;
	unsigned char kinds[OP_ARGUMENTS_MAX];
} list[] = { AXARCH_VCPU_OPS(OP) };
/* clang-format on */

_Static_assert(sizeof(list) / sizeof(list[0]) == OP_COUNT, "a dispatch table has one slot of {fn, self} per vCPU op");
_Static_assert(sizeof(struct axarch_layer_ops) == OP_COUNT * sizeof(void (*)(void)),
	       "a layer has one function per vCPU op");

static struct op_row rows[OP_COUNT];
static int rows_fail;

static void make_row(unsigned op)
{
	struct op_row *row = &rows[op];
	unsigned length = (unsigned)snprintf(row->signature, sizeof(row->signature), "i32(ptr");

	row->types[row->argument_count++] = &ffi_type_pointer;
	for (const unsigned char *kind = list[op].kinds; *kind; kind++) {
		row->types[row->argument_count++] = kinds[*kind].type;
		length += (unsigned)snprintf(row->signature + length, sizeof(row->signature) - length, ",%s",
					     kinds[*kind].class_name);
	}
	snprintf(row->signature + length, sizeof(row->signature) - length, ")");
	row->info = (struct axarch_op_info){ .size = sizeof(row->info),
					     .index = op,
					     .name = list[op].name,
					     .signature = row->signature,
					     .arguments = list[op].arguments };
	rows_fail |=
		ffi_prep_cif(&row->cif, FFI_DEFAULT_ABI, row->argument_count, &ffi_type_sint32, row->types) != FFI_OK;
}

static void make_rows(void)
{
	for (unsigned op = 0; op < OP_COUNT; op++)
		make_row(op);
}

/* How many vCPU ops a list of ops has: one line each. */
static unsigned count_ops(const char *text)
{
	unsigned count = 0;

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		count += !strncmp(line, "VCPU ", 5);
	}
	return count;
}

void (*op_layer_fn(const struct axarch_layer *layer, unsigned op))(void)
{
	if (!layer->ops || op >= count_ops(layer->ops_text))
		return NULL;
	return ((void (*const *)(void))(const void *)layer->ops)[op];
}

struct op_row *op_rows(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_rows);
	return rows_fail ? NULL : rows;
}
