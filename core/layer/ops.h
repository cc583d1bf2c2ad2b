/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vCPU ops as rows, for code that treats all alike: a dispatch table is an array of slots, a layer's ops an array
 * of functions, in the order of AXARCH_VCPU_OPS.
 */
#ifndef CORE_LAYER_OPS_H
#define CORE_LAYER_OPS_H

#include <ffi.h>

#include <axvcpu/plugin/layer.h>

#define OP_ARGUMENTS_MAX 5 /* with self */

struct op_slot {
	void (*fn)(void);
	void *self;
};

#define OP_COUNT (sizeof(struct axarch_dispatch) / sizeof(struct op_slot))

static inline struct op_slot *op_slots(struct axarch_dispatch *dispatch)
{
	return (struct op_slot *)(void *)dispatch;
}

/* A layer's own function for an op, or NULL. One that was compiled when there were fewer ops has a shorter table. */
void (*op_layer_fn(const struct axarch_layer *layer, unsigned op))(void);

struct op_row {
	struct axarch_op_info info;
	unsigned argument_count; /* with self */
	ffi_type *types[OP_ARGUMENTS_MAX];
	ffi_cif cif;
	char signature[48];
};

/* The rows, OP_COUNT of them, made at the first call. NULL: libffi cannot call such functions here. [any-thread] */
struct op_row *op_rows(void);

#endif
