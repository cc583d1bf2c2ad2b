/* SPDX-License-Identifier: Apache-2.0 */
/* See where.h. */
#include "where.h"

#include <stdio.h>
#include <string.h>

#include "../common/x86_64/where.h"
#include "access.h"
#include "mmu.h"
#include "regs.h"

static ZydisMachineMode machine_mode(const struct x86_cpu *cpu)
{
	switch (cpu->mode & X86_MODE_MASK) {
	case X86_MODE_64:
		return ZYDIS_MACHINE_MODE_LONG_64;
	case X86_MODE_COMPAT_32:
		return ZYDIS_MACHINE_MODE_LONG_COMPAT_32;
	case X86_MODE_COMPAT_16:
		return ZYDIS_MACHINE_MODE_LONG_COMPAT_16;
	case X86_MODE_32:
		return ZYDIS_MACHINE_MODE_LEGACY_32;
	case X86_MODE_16:
		return ZYDIS_MACHINE_MODE_LEGACY_16;
	}
	return ZYDIS_MACHINE_MODE_REAL_16;
}

/* As many bytes as can be read, which may be on two pages. */
static size_t fetch(struct x86_cpu *cpu, uint8_t *ret_bytes)
{
	size_t done = 0;

	while (done < WHERE_BYTES_MAX) {
		uint64_t linear = cpu->cpu.pc + done, gpa;
		size_t here = SIM_PAGE_MASK + 1 - (linear & SIM_PAGE_MASK), left = WHERE_BYTES_MAX - done;
		size_t size = here < left ? here : left;
		const uint8_t *host;

		if (!x86_translate(cpu, linear, AXVCPU_ACCESS_EXECUTE, &gpa))
			break;
		host = sim_memory_at(&cpu->cpu.memory, gpa, size, false);
		if (!host)
			break;
		memcpy(ret_bytes + done, host, size);
		done += size;
	}
	return done;
}

int x86_where(struct x86_cpu *cpu, char *ret_text, size_t capacity)
{
	uint8_t bytes[WHERE_BYTES_MAX];
	size_t size;

	if (!cpu->cpu.memory.space || x86_settle(cpu))
		return snprintf(ret_text, capacity, "pc unknown");
	x86_finish_access(cpu);
	x86_touch_memory(cpu);
	size = fetch(cpu, bytes);
	x86_leave_memory(cpu);
	return where_text(machine_mode(cpu), cpu->cpu.pc, bytes, size, ret_text, capacity);
}
