/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One case: a state, the instruction to execute in it, and what came out. Both sides see the same linear addresses:
 *
 *   CODE       two pages to execute; what lies after them is not mapped
 *   DATA       two pages to read and write; what lies before them is not mapped
 *   READ_ONLY  a page right after DATA; what follows is not mapped
 *
 * All lie below 2 GiB, so that every form of address reaches them.
 */
#ifndef DIFFERENTIAL_CASE_H
#define DIFFERENTIAL_CASE_H

#include <stdbool.h>
#include <stdint.h>

#define CASE_PAGE 0x1000u
#define CASE_CODE UINT64_C(0x20000000)
#define CASE_CODE_SIZE 0x2000u
#define CASE_DATA UINT64_C(0x30000000)
#define CASE_DATA_SIZE 0x2000u
#define CASE_READ_ONLY (CASE_DATA + CASE_DATA_SIZE)
#define CASE_READ_ONLY_SIZE 0x1000u
#define CASE_TRAP 0xccu /* int3: what ends a case, and what fills the code pages */

enum { CASE_CODE_MAX = 128, CASE_PATCHES = 4, CASE_PATCH_MAX = 1280, CASE_CHAIN_MAX = 8 };
enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI };

#define FLAG_CF UINT64_C(0x1)
#define FLAG_PF UINT64_C(0x4)
#define FLAG_AF UINT64_C(0x10)
#define FLAG_ZF UINT64_C(0x40)
#define FLAG_SF UINT64_C(0x80)
#define FLAG_TF UINT64_C(0x100)
#define FLAG_IF UINT64_C(0x200)
#define FLAG_DF UINT64_C(0x400)
#define FLAG_OF UINT64_C(0x800)
#define FLAG_RF UINT64_C(0x10000)
#define FLAG_AC UINT64_C(0x40000)
#define FLAG_FIXED UINT64_C(0x2)
#define FLAGS_STATUS (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF)

enum {
	VECTOR_DB = 1,
	VECTOR_BP = 3,
	VECTOR_OF = 4,
	VECTOR_UD = 6,
	VECTOR_SS = 12,
	VECTOR_GP = 13,
	VECTOR_PF = 14,
	VECTOR_MF = 16,
	VECTOR_AC = 17,
	VECTOR_XM = 19
};

struct state {
	uint64_t gpr[16];
	uint64_t rip;
	uint64_t rflags;
	uint64_t fs_base;
	uint64_t gs_base;
	uint32_t mxcsr;
	uint16_t fcw;
	uint16_t fsw;
	uint16_t ftw;         /* as FXSAVE has it: a bit per register, 1 for one in use */
	uint16_t segments[6]; /* selectors */
	uint16_t reserved;
	uint8_t st[8][16]; /* 10 bytes each; as FXSAVE has them, from the top of the stack on */
	uint8_t ymm[16][32];
};

/* Bytes of a case that lie over its background. */
struct patch {
	uint64_t address;
	uint32_t size;
	uint32_t offset; /* in patch_bytes */
};

struct test_case {
	uint64_t number;
	uint64_t code_address;
	uint32_t code_size; /* without the trap */
	uint32_t mnemonic;  /* of the last instruction */
	uint32_t mode;      /* 64, or 32: compatibility mode */
	uint32_t instructions;
	uint32_t offsets[CASE_CHAIN_MAX]; /* of each in code */
	uint32_t pool;                    /* of values: the memory's background */
	uint32_t pool_offset;
	uint32_t patch_count;
	uint32_t patch_size; /* of patch_bytes in use */
	struct patch patches[CASE_PATCHES];
	uint8_t code[CASE_CODE_MAX];
	uint8_t patch_bytes[CASE_PATCH_MAX];
	struct state state;
};

/* Vectors beyond 255: there was no exception. */
enum {
	OUTCOME_LOST = 0x100,  /* the process that executed it died, or did not come back */
	OUTCOME_STUCK = 0x101, /* the vCPU did not come back */
	OUTCOME_EXIT = 0x102   /* the vCPU came back with another exit; error_code is its reason */
};

struct outcome {
	uint32_t vector;
	uint32_t error_code;
	uint64_t cr2;
	struct state state;
	uint8_t memory[CASE_DATA_SIZE];
};

/* The memory that a case begins with, into DATA_SIZE bytes. */
void case_fill_memory(const struct test_case *test, uint8_t *ret_memory);

#endif
