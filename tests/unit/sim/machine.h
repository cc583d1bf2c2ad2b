/* SPDX-License-Identifier: Apache-2.0 */
/* A machine for tests: RAM at 0x80000000 on the fake host, and harts whose programs start there. */
#ifndef TESTS_UNIT_SIM_MACHINE_H
#define TESTS_UNIT_SIM_MACHINE_H

#include <axvcpu/regs/riscv64.h>

#include "assembler.h"
#include "fake-host.h"
#include "hart.h"

extern const struct axarch_vcpu_ops axarch_vcpu_ops;

#define RAM UINT64_C(0x80000000)
enum { RAM_SIZE = 0x400000 };

/* The create config, as the plugin declares it. */
struct machine_config {
	uint64_t hart_id, dtb_addr;
	uint8_t deterministic;
	uint32_t code_cache;
};

/* RAM with a program at its start. */
uint8_t *machine_start(const uint32_t *program, size_t bytes);
void machine_end(void);

/* A hart, set up and bound, that begins at `entry`. */
struct rv_hart *machine_hart(uint64_t hart_id, uint64_t entry, bool deterministic);
void machine_free(struct rv_hart *hart);

/* Runs, which must succeed, and returns the exit's reason. */
uint32_t machine_run(struct rv_hart *hart, struct axvcpu_exit *exit);

void machine_store(uint64_t gpa, uint64_t value);
uint64_t machine_load(uint64_t gpa);

#define MACHINE(...) \
	static const uint32_t program_[] = { __VA_ARGS__ }; \
	uint8_t *ram = machine_start(program_, sizeof(program_)); \
	(void)ram

#endif
