/* SPDX-License-Identifier: Apache-2.0 */
/* Closures for layers that have one function around every op. */
#ifndef CORE_LAYER_AROUND_H
#define CORE_LAYER_AROUND_H

#include "ops.h"

struct around;

/*
 * A function with the signature of `op` that calls layer->around(self, ..., below), where below calls through the slot
 * that `below` points to, as it is at that time. NULL: the error is set.
 */
struct around *around_create(const struct axarch_layer *layer, void *self, unsigned op, const struct op_slot *below);
void (*around_fn(const struct around *around))(void);

/* For another vCPU to take. No op of it may run. NULL is fine. */
void around_give_back(struct around *around);

#endif
