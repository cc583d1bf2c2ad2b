/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A processor on the fake host with a megabyte of RAM, in 64-bit mode: addresses are physical ones. Each vector leads
 * to code that writes to the port of the vector's number, so that an exception is an IoWrite exit.
 */
#ifndef TESTS_UNIT_SIM_X86_64_PC_H
#define TESTS_UNIT_SIM_X86_64_PC_H

#include <axvcpu/regs/x86_64.h>

#include "fake-host.h"
#include "x86.h"

extern const struct axarch_vcpu_ops axarch_vcpu_ops;

enum { PC_CODE = 0x10000, PC_DATA = 0x20000, PC_STACK = 0x80000, PC_PORT_DONE = 0x80 };

/* Ring 0, or ring 3 with IOPL 0, which may use PC_PORT_DONE and the ports beside it alone. */
struct x86_cpu *pc_start(unsigned ring, const void *code, size_t size);
/* The same, with the create config's field `features`. */
struct x86_cpu *pc_start_with(const char *features, unsigned ring, const void *code, size_t size);
void pc_end(struct x86_cpu *cpu);

void pc_set(struct x86_cpu *cpu, uint64_t id, uint64_t value);
uint64_t pc_get(struct x86_cpu *cpu, uint64_t id);
void pc_store(uint64_t gpa, uint64_t value);
uint64_t pc_load(uint64_t gpa);
uint8_t *pc_ram(void);

/* Runs, which must succeed, and returns the exit's reason. */
uint32_t pc_run(struct x86_cpu *cpu, struct axvcpu_exit *exit);
/* The port that the guest writes to: a vector or PC_PORT_DONE; another exit fails the test. */
uint32_t pc_run_to_port(struct x86_cpu *cpu);
/* rip in the frame of the exception that was just taken. */
uint64_t pc_fault_rip(struct x86_cpu *cpu, bool has_code);

#endif
