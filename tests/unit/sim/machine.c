/* SPDX-License-Identifier: Apache-2.0 */
/* See machine.h. */
#include "machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint8_t *the_ram;

uint8_t *machine_start(const uint32_t *program, size_t bytes)
{
	the_ram = fake_host_add(RAM, RAM_SIZE, 0);
	if (bytes)
		memcpy(the_ram, program, bytes);
	return the_ram;
}

void machine_end(void)
{
	fake_host_clear();
}

static void must(int32_t error, const char *what)
{
	if (error) {
		fprintf(stderr, "%s: %s\n", what, fake_host_error());
		abort();
	}
}

struct rv_hart *machine_hart(uint64_t hart_id, uint64_t entry, bool deterministic)
{
	const struct axarch_vcpu_ops *ops = &axarch_vcpu_ops;
	struct machine_config config = { .hart_id = hart_id, .deterministic = deterministic, .code_cache = 1 };
	uint32_t setup = 0;
	void *self;

	must(ops->create(fake_host(), 0, (uint32_t)hart_id, &config, &self), "create");
	must(ops->set_entry(self, entry), "set_entry");
	must(ops->set_ept_root(self, FAKE_ROOT), "set_ept_root");
	must(ops->setup(self, &setup), "setup");
	must(ops->bind(self), "bind");
	return self;
}

void machine_free(struct rv_hart *hart)
{
	axarch_vcpu_ops.unbind(hart);
	axarch_vcpu_ops.destroy(hart);
}

uint32_t machine_run(struct rv_hart *hart, struct axvcpu_exit *exit)
{
	*exit = (struct axvcpu_exit)AXVCPU_EXIT_INIT;
	must(axarch_vcpu_ops.run(hart, exit), "run");
	return exit->reason;
}

void machine_store(uint64_t gpa, uint64_t value)
{
	memcpy(the_ram + (gpa - RAM), &value, sizeof(value));
}

uint64_t machine_load(uint64_t gpa)
{
	uint64_t value;

	memcpy(&value, the_ram + (gpa - RAM), sizeof(value));
	return value;
}
