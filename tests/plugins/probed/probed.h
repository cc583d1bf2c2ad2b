/* SPDX-License-Identifier: Apache-2.0 */
/* What both are made of: a vCPU of x86_64 that executes nothing, and takes every register. PROBED_RUN fills the exit.
 */
#ifndef TESTS_PLUGINS_PROBED_H
#define TESTS_PLUGINS_PROBED_H

#include <string.h>

#include "../minimal.h"

static int32_t probed_create(const struct axarch_host *host, uint32_t vm_id, uint32_t vcpu_id,
			     struct probed_config config, void **ret_self)
{
	(void)host, (void)vm_id, (void)vcpu_id, (void)config;
	*ret_self = &minimal_vcpu;
	return 0;
}

static int32_t probed_get_reg(void *self, uint64_t id, void *ret_value, uint32_t size)
{
	(void)self, (void)id;
	memset(ret_value, 0, size);
	return 0;
}

static int32_t probed_set_reg(void *self, uint64_t id, const void *value, uint32_t size)
{
	(void)self, (void)id, (void)value, (void)size;
	return 0;
}

static int32_t probed_set_line(void *self, uint32_t line, uint32_t level)
{
	(void)self, (void)line, (void)level;
	return 0;
}

static void probed_end(struct axvcpu_exit *exit, uint64_t code)
{
	exit->reason = AXVCPU_EXIT_IO_WRITE;
	exit->io_write.port = 0xf4;
	exit->io_write.width = 1;
	exit->io_write.data = code;
}

/* clang-format off */
#define PROBED_PLUGIN(id_, capability, run_, kick_) \
	AXARCH_PLUGIN(probed_config, PROBED_CONFIG, probed_create, minimal_config, AXARCH_EMPTY_CONFIG, minimal_setup, \
		      AXARCH_ABOUT(MINIMAL_ABOUT(id_), .arch = AXVCPU_ARCH_X86_64, .capabilities = (capability)), MINIMAL_OPS, \
		      .run = run_, .kick = kick_, .reset = minimal_plain, .get_reg = probed_get_reg, .set_reg = probed_set_reg, \
		      .set_interrupt_line = probed_set_line)
/* clang-format on */

#endif
