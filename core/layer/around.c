/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libffi closures between a dispatch table and a layer's `around`. Made when a layer is attached, so before the first
 * run, and never freed: what is given back is kept for the next vCPU, per op. libffi takes care that no page is
 * writable and executable at a time (static trampolines, or two mappings), so they work under PR_SET_MDWE.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "../error/error.h"
#include "around.h"
#include "memory.h"

struct around {
	struct axarch_below below; /* first: what the layer gets back to us with */
	const struct axarch_layer *layer;
	void *self;
	struct op_row *row;
	const struct op_slot *slot;
	void (*fn)(void);
	struct around *next; /* in the pool */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct around *pool[OP_COUNT];

/* libffi takes an array of pointers to the arguments. The layer's is not changed: it may look at it again. */
static int32_t call_below(const struct axarch_below *below, void **args)
{
	const struct around *around = (const struct around *)below;
	void *self = around->slot->self;
	void *copy[OP_ARGUMENTS_MAX];
	ffi_arg result = 0;

	memcpy(copy, args, around->row->argument_count * sizeof(*copy));
	copy[0] = &self;
	ffi_call(&around->row->cif, around->slot->fn, &result, copy);
	return (int32_t)result;
}

static void enter(ffi_cif *cif, void *ret_result, void **args, void *data)
{
	const struct around *around = data;

	(void)cif;
	*(ffi_sarg *)ret_result = around->layer->around(around->self, &around->row->info, args, &around->below);
}

static struct around *make(struct op_row *row)
{
	struct around *around = calloc(1, sizeof(*around));
	ffi_closure *closure = NULL;
	void *code = NULL;

	if (around)
		closure = memory_closure(&code);
	if (!closure || ffi_prep_closure_loc(closure, &row->cif, enter, around, code) != FFI_OK) {
		free(around);
		return NULL;
	}
	around->below.call = call_below;
	around->row = row;
	memcpy(&around->fn, &code, sizeof(code));
	return around;
}

/* One that was given back, or a new one. */
static struct around *take(struct op_row *row)
{
	struct around *around;

	pthread_mutex_lock(&lock);
	around = pool[row->info.index];
	if (around)
		pool[row->info.index] = around->next;
	else
		around = make(row);
	pthread_mutex_unlock(&lock);
	return around;
}

struct around *around_create(const struct axarch_layer *layer, void *self, unsigned op, const struct op_slot *below)
{
	struct op_row *rows = op_rows();
	struct around *around;

	if (!rows) {
		error_set(AXVCPU_ERROR_UNSUPPORTED, "libffi cannot call the ops on this host");
		return NULL;
	}
	around = take(&rows[op]);
	if (!around) {
		error_set(AXVCPU_ERROR_NO_MEMORY,
			  "no closure for op %s: no memory, or this host forbids code made at run time",
			  rows[op].info.name);
		return NULL;
	}
	around->layer = layer;
	around->self = self;
	around->slot = below;
	return around;
}

void (*around_fn(const struct around *around))(void)
{
	return around->fn;
}

void around_give_back(struct around *around)
{
	unsigned op;

	if (!around)
		return;
	op = around->row->info.index;
	pthread_mutex_lock(&lock);
	around->next = pool[op];
	pool[op] = around;
	pthread_mutex_unlock(&lock);
}
