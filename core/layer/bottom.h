/* SPDX-License-Identifier: Apache-2.0 */
/* The ops of a plugin's vCPU as bound slots: what every stack of layers stands on. */
#ifndef CORE_LAYER_BOTTOM_H
#define CORE_LAYER_BOTTOM_H

#include <axvcpu/plugin/layer.h>

struct axvcpu_backend;

struct bottom {
	struct axvcpu_backend *backend;
	void *self; /* what the plugin's create made */
	struct axarch_dispatch dispatch;
};

/*
 * Fills `bottom`, which must stay where it is: every slot holds the plugin's own pointer (or the host's stub) and
 * `self`; setup alone goes through an adaptor that passes the config by value.
 */
void bottom_bind(struct bottom *bottom, struct axvcpu_backend *backend, void *self);

#endif
