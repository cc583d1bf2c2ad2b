/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One case of a system instruction: a whole machine (registers, RAM), in which one instruction is executed, and what
 * came out. RAM begins at guest-physical 0 and is seen there, whether paging is on or not. Whatever may be executed
 * beside the instruction is hlt: in ring 0 that ends the case, and further out it is the #GP that does. So rip tells
 * what happened.
 */
#ifndef DIFFERENTIAL_SYSTEM_H
#define DIFFERENTIAL_SYSTEM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <axvcpu/axvcpu.h>
#include <axvcpu/regs/x86_64.h>

#include "values.h"

/* Where things lie. The interrupt vectors of real mode are at 0. */
enum {
	SYSTEM_GDT = 0x1000,
	SYSTEM_LDT = 0x1400,
	SYSTEM_IDT = 0x2000,
	SYSTEM_TSS = 0x3000,    /* with a bitmap of I/O permissions */
	SYSTEM_TASK1 = 0x3400,  /* of 32 bits */
	SYSTEM_TASK2 = 0x3600,  /* the same, busy */
	SYSTEM_TASK16 = 0x3800, /* of 16 bits */
	SYSTEM_DATA = 0x4000,   /* two pages */
	SYSTEM_STACK0 = 0x8000, /* the ends of stacks, of a page each */
	SYSTEM_STACK3 = 0x9000,
	SYSTEM_STACK_IST = 0xa000,
	SYSTEM_PML4 = 0xa000,
	SYSTEM_PDPT = 0xb000,
	SYSTEM_PD = 0xc000,
	SYSTEM_PT = 0xd000,
	SYSTEM_TEST_PDPT = 0xe000, /* of SYSTEM_TEST */
	SYSTEM_TEST_PD = 0xf000,
	SYSTEM_TEST_PT = 0x10000,
	SYSTEM_PD2 = 0x11000, /* two levels */
	SYSTEM_PT2 = 0x12000,
	SYSTEM_TEST_PT2 = 0x13000,
	SYSTEM_PDPT_PAE = 0x14000,
	SYSTEM_CODE = 0x20000,
	SYSTEM_STUBS = 0x21000, /* a hlt for each vector */
	SYSTEM_TARGET = 0x23000,
	SYSTEM_RAM = 0x24000
};

#define SYSTEM_TEST UINT64_C(0x40000000) /* a linear address with paging structures of its own */

enum {
	SYSTEM_STUB = 16,
	SYSTEM_VECTORS = 256,
	SYSTEM_TSS_LIMIT = 0x1ff,
	SYSTEM_GDT_LIMIT = 0xff,
	SYSTEM_LDT_LIMIT = 0x7f
};

enum {
	SELECTOR_CODE64 = 0x08,
	SELECTOR_DATA0 = 0x10,
	SELECTOR_CODE32_3 = 0x18,
	SELECTOR_DATA3 = 0x20,
	SELECTOR_CODE64_3 = 0x28,
	SELECTOR_CODE32 = 0x30,
	SELECTOR_CODE16 = 0x38,
	SELECTOR_TSS = 0x40,
	SELECTOR_LDTR = 0x50,
	SELECTOR_TASK1 = 0x60,
	SELECTOR_TASK2 = 0x68,
	SELECTOR_TASK16 = 0x70,
	SELECTOR_TASK_GATE = 0x78,
	SELECTOR_RANDOM = 0x80 /* from here to the end of the table */
};

enum { PART_SELECTOR, PART_BASE, PART_LIMIT, PART_ATTRIBUTES };
enum { SYSTEM_TR = 6, SYSTEM_LDTR = 7, SYSTEM_SEGMENTS = 8 };

enum system_register {
	S_GPR = 0,
	S_RIP = 16,
	S_RFLAGS,
	S_CR2,
	S_CR3,
	S_CR4,
	S_EFER,
	S_CR0,
	S_CR8,
	S_XCR0,
	S_GDT_BASE,
	S_GDT_LIMIT,
	S_IDT_BASE,
	S_IDT_LIMIT,
	S_DR0,
	S_DR6 = S_DR0 + 4,
	S_DR7,
	S_SYSENTER_CS,
	S_SYSENTER_ESP,
	S_SYSENTER_EIP,
	S_PAT,
	S_STAR,
	S_LSTAR,
	S_CSTAR,
	S_SFMASK,
	S_KERNEL_GS_BASE,
	S_TSC_AUX,
	S_MTRR_DEF_TYPE,
	S_SEGMENT,
	SYSTEM_REGISTERS = S_SEGMENT + 4 * SYSTEM_SEGMENTS
};

#define S_PART(segment, part) (S_SEGMENT + 4 * (segment) + (part))

uint64_t system_register_id(unsigned index);
void system_register_name(unsigned index, char ret_name[32]);

struct system_kind;

struct system_case {
	uint64_t number;
	const struct system_kind *kind;
	unsigned bits; /* of code: 16, 32 or 64 */
	unsigned cpl;
	bool is_real;
	bool is_v86;
	bool is_long;
	unsigned levels; /* of paging: 0, 2, 3 or 4 */
	unsigned length; /* of the code, at rip */
	uint32_t offset; /* of the code in RAM */
	uint64_t registers[SYSTEM_REGISTERS];
	uint8_t ram[SYSTEM_RAM];
};

enum { SYSTEM_EXITS = 8 };

struct system_outcome {
	uint32_t reason; /* of the last exit: AXVCPU_EXIT_*. With Halt the rest counts */
	bool is_unable;  /* the backend cannot execute that instruction */
	uint32_t exit_count;
	uint64_t exits[SYSTEM_EXITS][2]; /* those before: reason and width; port or number */
	uint64_t registers[SYSTEM_REGISTERS];
	uint8_t ram[SYSTEM_RAM];
	char text[256];
};

/* The vector whose stub rip is at, or behind; -1: none. */
int system_vector(const struct system_outcome *outcome);

#endif
