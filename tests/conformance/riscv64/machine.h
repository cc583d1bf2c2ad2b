/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The smallest machine that a row or an exit test needs: RAM, a ROM page, a clock that stands still, and vCPUs of the
 * backend under test. Uses the public headers alone, so that every riscv64 backend can be tested.
 */
#ifndef TESTS_CONFORMANCE_RISCV64_MACHINE_H
#define TESTS_CONFORMANCE_RISCV64_MACHINE_H

#include <axvcpu/axvcpu.h>
#include <axvcpu/regs/riscv64.h>
#include <stdbool.h>

#include "row.h"

enum { MACHINE_VCPUS = 2 };

/* The registers that rows set and compare; FP and volatile ones are left out. */
enum { MACHINE_REGS_MAX = 64 };

struct machine_state {
	uint64_t value[MACHINE_REGS_MAX]; /* in the order of machine_regs() */
};

struct machine {
	struct axvcpu_backend *backend;
	struct axvcpu_space *space;
	struct axvcpu *vcpu[MACHINE_VCPUS];
	uint8_t *ram;
	uint8_t *rom;
	uint32_t ram_id;
	uint64_t now;         /* nanoseconds */
	struct rows programs; /* of machine_load_program */
	uint64_t next_table;
	uint64_t first_leaf; /* guest-physical address of the first leaf that machine_map wrote; 0: none */
};

/* The backend under test: AXVCPU_CONFORMANCE_BACKEND, or sim-riscv64. */
const char *machine_backend_name(void);

/* Fail the running cmocka test where they fail. */
void machine_create(struct machine *machine);
void machine_destroy(struct machine *machine);
/* One more vCPU, whose hart id is `id`; `more` is text for its create config. The caller destroys it. */
struct axvcpu *machine_vcpu(struct machine *machine, uint32_t id, uint32_t halt_policy, const char *more);

/* Memory all zero, time 1000 ticks, both vCPUs just set up at `entry`; vCPU 0 is bound. */
void machine_reset(struct machine *machine, uint64_t entry);
/* A vCPU from whatever state to set up at `entry` and bound. */
void machine_restart(struct machine *machine, unsigned vcpu, uint64_t entry);

/* Writes guest-physical memory as a VMM does. */
void machine_write(struct machine *machine, uint64_t gpa, const void *data, size_t size);
void machine_store(struct machine *machine, uint64_t gpa, unsigned size, uint64_t value);
uint64_t machine_load(struct machine *machine, uint64_t gpa, unsigned size);
/* The programs of a .test file, for machine_program. */
void machine_read_programs(struct machine *machine, const char *path);
/* Puts a program where it says and gives vCPU 0 the registers it says. Returns the address behind its code. */
uint64_t machine_program(struct machine *machine, const char *name);
/* Only the code, at any address. */
void machine_code(struct machine *machine, const char *name, uint64_t gpa);

/* Maps a page of 4K << 9 * level; the tables start at ROW_TABLES and have as many levels as `satp` says. */
void machine_map(struct machine *machine, uint64_t satp, uint64_t va, uint64_t pa, uint64_t flags, unsigned level);

/* Registers by name or id; they fail the test when the engine lacks them. sstatus gets its UXL, which cannot be other.
 */
uint64_t machine_get(struct machine *machine, const char *name);
void machine_set(struct machine *machine, const char *name, uint64_t value);
void machine_set_id(struct machine *machine, uint64_t id, uint64_t value);

/* Runs vCPU 0; fails the test on an error or on another exit. */
void machine_run(struct machine *machine, struct axvcpu_exit *ret_exit, uint32_t reason);

const struct axvcpu_reg *machine_regs(unsigned index); /* NULL behind the last */
/* Registers that the engine lacks read as 0. */
void machine_save(struct axvcpu *vcpu, struct machine_state *ret_state);
/* Carries the state of vCPU 0 over to a vCPU that has just been set up, which becomes vCPU 0. */
void machine_move(struct machine *machine);

#endif
