/* SPDX-License-Identifier: Apache-2.0 */
/* What a case sets and compares. See system.h. */
#include <string.h>

#include "system.h"

static const uint64_t ids[S_SEGMENT] = {
	[S_RIP] = AXVCPU_X86_64_RIP,
	[S_RFLAGS] = AXVCPU_X86_64_RFLAGS,
	[S_CR2] = AXVCPU_X86_64_CR(2),
	[S_CR3] = AXVCPU_X86_64_CR(3),
	[S_CR4] = AXVCPU_X86_64_CR(4),
	[S_EFER] = AXVCPU_X86_64_MSR(0xc0000080),
	[S_CR0] = AXVCPU_X86_64_CR(0),
	[S_CR8] = AXVCPU_X86_64_CR(8),
	[S_XCR0] = AXVCPU_X86_64_XCR(0),
	[S_GDT_BASE] = AXVCPU_X86_64_TABLE(0, 0),
	[S_GDT_LIMIT] = AXVCPU_X86_64_TABLE(0, 1),
	[S_IDT_BASE] = AXVCPU_X86_64_TABLE(1, 0),
	[S_IDT_LIMIT] = AXVCPU_X86_64_TABLE(1, 1),
	[S_DR0] = AXVCPU_X86_64_DR(0),
	[S_DR0 + 1] = AXVCPU_X86_64_DR(1),
	[S_DR0 + 2] = AXVCPU_X86_64_DR(2),
	[S_DR0 + 3] = AXVCPU_X86_64_DR(3),
	[S_DR6] = AXVCPU_X86_64_DR(6),
	[S_DR7] = AXVCPU_X86_64_DR(7),
	[S_SYSENTER_CS] = AXVCPU_X86_64_MSR(0x174),
	[S_SYSENTER_ESP] = AXVCPU_X86_64_MSR(0x175),
	[S_SYSENTER_EIP] = AXVCPU_X86_64_MSR(0x176),
	[S_PAT] = AXVCPU_X86_64_MSR(0x277),
	[S_STAR] = AXVCPU_X86_64_MSR(0xc0000081),
	[S_LSTAR] = AXVCPU_X86_64_MSR(0xc0000082),
	[S_CSTAR] = AXVCPU_X86_64_MSR(0xc0000083),
	[S_SFMASK] = AXVCPU_X86_64_MSR(0xc0000084),
	[S_KERNEL_GS_BASE] = AXVCPU_X86_64_MSR(0xc0000102),
	[S_TSC_AUX] = AXVCPU_X86_64_MSR(0xc0000103),
	[S_MTRR_DEF_TYPE] = AXVCPU_X86_64_MSR(0x2ff),
};

uint64_t system_register_id(unsigned index)
{
	if (index < S_RIP)
		return AXVCPU_X86_64_GPR(index);
	if (index >= S_SEGMENT)
		return AXVCPU_X86_64_SEGMENT((index - S_SEGMENT) / 4, (index - S_SEGMENT) % 4);
	return ids[index];
}

void system_register_name(unsigned index, char ret_name[32])
{
	static const struct {
		uint64_t id;
		const char *name;
	} names[] = {
#define REG(id, size, flags, name, alias, meaning) { id, name },
		AXVCPU_X86_64_REGS(REG)
#undef REG
	};
	uint64_t id = system_register_id(index);

	snprintf(ret_name, 32, "?");
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].id == id) {
			snprintf(ret_name, 32, "%s", names[i].name);
			return;
		}
}

int system_vector(const struct system_outcome *outcome)
{
	uint64_t at = outcome->registers[S_RIP] + outcome->registers[S_PART(1, PART_BASE)];

	if (at - SYSTEM_STUBS >= SYSTEM_STUB * SYSTEM_VECTORS)
		return -1;
	return (int)((at - SYSTEM_STUBS) / SYSTEM_STUB);
}
