/* SPDX-License-Identifier: Apache-2.0 */
/* The ops of one vCPU, bound: the plugin's own pointers, with layers above them where the user asked for some. */
#ifndef CORE_LAYER_STACK_H
#define CORE_LAYER_STACK_H

#include <axvcpu/plugin/layer.h>

struct layer_stack;

/*
 * Layers by the text of axvcpu_create_info, above `bottom` (bottom.h), which is copied: without layers every slot is
 * the bottom's. `site` says where they are attached; `below` in it is filled in for each.
 */
int32_t layer_stack_create(const struct axarch_dispatch *bottom, const struct axarch_layer_site *site,
			   const char *layers, struct layer_stack **ret_stack);

/* What the vCPU calls. Stays where it is for the life of the stack. */
const struct axarch_dispatch *layer_stack_dispatch(const struct layer_stack *stack);

/* Puts another engine's ops, or the same one's anew, at the bottom of the stack. Not while an op runs. */
void layer_stack_rebind(struct layer_stack *stack, const struct axarch_dispatch *bottom);

/* Detaches the layers, innermost last. NULL is fine. */
void layer_stack_destroy(struct layer_stack *stack);

#endif
