/* SPDX-License-Identifier: Apache-2.0 */
/* Finding and loading layers, by the same path and rules as backends. */
#ifndef CORE_LAYER_LOAD_H
#define CORE_LAYER_LOAD_H

#include <axvcpu/plugin/layer.h>

/* A name ("trace": axvcpu-layer-trace.so) or a path. Layers stay loaded. NOT_FOUND, INVALID_DATA. [any-thread] */
int32_t layer_load(const char *name, const struct axarch_layer **ret_layer);

#endif
