/* SPDX-License-Identifier: Apache-2.0 */
/* Architectures of which no more is known than where their program counter is. */
#include <stdio.h>

#include <axvcpu/regs/aarch64.h>
#include <axvcpu/regs/riscv64.h>

#include "arch.h"

static uint64_t address(const struct lockstep *lockstep, const uint8_t *block)
{
	return registers_get(lockstep, block, lockstep->arch->pc);
}

/* The shadow knows its instructions, if it has axvcpu.where/1. */
static void decode(struct lockstep *lockstep, struct instruction *ret_instruction)
{
	uint64_t arguments[] = { 0, (uintptr_t)ret_instruction->text, sizeof(ret_instruction->text) }, length;

	ret_instruction->pc = address(lockstep, lockstep->primary.start);
	if (lockstep->engines->call(lockstep->opened, "axvcpu.where/1", "where", arguments, 3, &length))
		snprintf(ret_instruction->text, sizeof(ret_instruction->text), "pc 0x%llx",
			 (unsigned long long)ret_instruction->pc);
}

static void describe(const struct instruction *instruction, char *ret_text, size_t capacity)
{
	snprintf(ret_text, capacity, "%s", instruction->text);
}

static const struct arch others[] = {
	{ .arch = AXVCPU_ARCH_AARCH64,
	  .pc = AXVCPU_AARCH64_PC,
	  .address = address,
	  .decode = decode,
	  .describe = describe },
	{ .arch = AXVCPU_ARCH_RISCV64,
	  .pc = AXVCPU_RISCV64_PC,
	  .address = address,
	  .decode = decode,
	  .describe = describe },
};

const struct arch *arch_find(uint32_t arch)
{
#ifdef LOCKSTEP_X86_64
	if (arch == arch_x86_64.arch)
		return &arch_x86_64;
#endif
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (others[i].arch == arch)
			return &others[i];
	return NULL;
}
