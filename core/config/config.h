/* SPDX-License-Identifier: Apache-2.0 */
/* A config as core/config sees it. */
#ifndef CORE_CONFIG_CONFIG_H
#define CORE_CONFIG_CONFIG_H

#include <axvcpu/config.h>

#include "layout.h"

struct axvcpu_config {
	struct axvcpu_backend *backend; /* held open */
	const struct config_layout *layout;
	void *block; /* layout->size bytes */
};

/* Whether it is of that backend and kind. INVALID_INPUT names both. */
int32_t config_check(const struct axvcpu_backend *backend, uint32_t kind, const struct axvcpu_config *config);

#endif
