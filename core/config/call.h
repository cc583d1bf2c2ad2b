/* SPDX-License-Identifier: Apache-2.0 */
/* Calling a plugin's ops that take their config by value. */
#ifndef CORE_CONFIG_CALL_H
#define CORE_CONFIG_CALL_H

#include <axvcpu/config.h>

/* The plugin's create, with `config` or (NULL) its defaults. INVALID_INPUT when the config is another backend's or
 * kind. */
int32_t config_call_create(struct axvcpu_backend *backend, uint32_t vm_id, uint32_t vcpu_id,
			   const struct axvcpu_config *config, void **ret_self);

/* The plugin's setup on its own vCPU, with a block of the plugin's struct. */
int32_t config_call_setup(struct axvcpu_backend *backend, void *self, const void *block);

/* A copy, that the caller destroys; NULL for NULL gives the backend's defaults. */
int32_t config_copy(struct axvcpu_backend *backend, uint32_t kind, const struct axvcpu_config *config,
		    struct axvcpu_config **ret_copy);

#endif
