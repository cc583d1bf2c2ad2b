/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plugin's create and setup take their config by value, a struct that the host knows at run time only: libffi makes
 * the call. The array of arguments is made anew for each call, as libffi may change it; small results come widened to
 * ffi_arg.
 */
#include "call.h"
#include "../error/error.h"
#include "../loader/backend.h"
#include "config.h"

static int32_t call(struct config_layout *layout, void (*fn)(void), void **arguments)
{
	ffi_arg result = 0;

	error_clear();
	ffi_call(&layout->cif, fn, &result, arguments);
	return (int32_t)result;
}

int32_t config_call_create(struct axvcpu_backend *backend, uint32_t vm_id, uint32_t vcpu_id,
			   const struct axvcpu_config *config, void **ret_self)
{
	const struct axarch_host *host = host_table();
	void *block = config ? config->block : backend->create_layout->defaults;
	void *arguments[] = { &host, &vm_id, &vcpu_id, block, &ret_self };
	int32_t error = config ? config_check(backend, AXVCPU_CONFIG_CREATE, config) : 0;

	return error ? error : call(backend->create_layout, backend->plugin->create_by_value, arguments);
}

int32_t config_call_setup(struct axvcpu_backend *backend, void *self, const void *block)
{
	void *arguments[] = { &self, (void *)(uintptr_t)block };

	return call(backend->setup_layout, backend->plugin->setup_by_value, arguments);
}
