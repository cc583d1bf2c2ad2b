/* SPDX-License-Identifier: Apache-2.0 */
/* The ops of one vCPU, bound: the plugin's own pointers, with layers above them where the user asked for some. */
#ifndef CORE_LAYER_STACK_H
#define CORE_LAYER_STACK_H

#include <axvcpu/plugin/layer.h>

struct axvcpu_backend;
struct layer_stack;

/*
 * `layers` is the text of axvcpu_create_info. Without layers every slot holds the plugin's own pointer (or the host's
 * stub) and `self`; setup alone goes through an adaptor that passes the config by value.
 */
int32_t layer_stack_create(struct axvcpu_backend *backend, uint32_t vm_id, uint32_t vcpu_id, void *self,
			   const char *layers, struct layer_stack **ret_stack);

/* What the vCPU calls. Stays where it is for the life of the stack. */
const struct axarch_dispatch *layer_stack_dispatch(const struct layer_stack *stack);

/* After the plugin's vCPU was made anew: every slot that was bound to it is bound to `self`. Not while an op runs. */
void layer_stack_rebind(struct layer_stack *stack, void *self);

/* Detaches the layers, innermost last. NULL is fine. */
void layer_stack_destroy(struct layer_stack *stack);

#endif
