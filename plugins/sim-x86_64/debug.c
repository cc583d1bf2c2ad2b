/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Debug registers and TF. See debug.h. While any of it is on, the loop executes instruction by instruction: so a
 * breakpoint on data only notes that it was met, and the trap comes when the loop looks.
 */
#include "debug.h"

#include "access.h"
#include "mmu.h"

#define DR7_ENABLED UINT64_C(0xff)
#define DR6_BS UINT64_C(0x4000)

enum { ON_EXECUTION, ON_WRITE, ON_PORT, ON_ACCESS }; /* R/W in dr7 */

enum { BREAKPOINT_REGISTERS = 4 };

static bool is_enabled(const struct x86_cpu *cpu, unsigned i)
{
	return cpu->dr[7] >> 2 * i & 3;
}

static unsigned kind_of(const struct x86_cpu *cpu, unsigned i)
{
	return cpu->dr[7] >> (16 + 4 * i) & 3;
}

/* LEN in dr7: 1, 2, 8, 4 bytes, aligned to that. */
static unsigned size_of(const struct x86_cpu *cpu, unsigned i)
{
	static const uint8_t sizes[] = { 1, 2, 8, 4 };

	return sizes[cpu->dr[7] >> (18 + 4 * i) & 3];
}

static bool overlaps(const struct x86_cpu *cpu, unsigned i, uint64_t address, unsigned size)
{
	uint64_t watched = size_of(cpu, i), first = cpu->dr[i] & ~(watched - 1);

	return address - first < watched || first - address < size;
}

void x86_debug_update(struct x86_cpu *cpu)
{
	bool data = false;

	for (unsigned i = 0; i < BREAKPOINT_REGISTERS; i++)
		data |= is_enabled(cpu, i) && (kind_of(cpu, i) == ON_WRITE || kind_of(cpu, i) == ON_ACCESS);
	if (data || cpu->data_breakpoints)
		x86_flush_all(cpu);
	cpu->data_breakpoints = data;
}

bool x86_debug_watches(const struct x86_cpu *cpu)
{
	return cpu->rflags & (X86_FLAG_TF | X86_FLAG_RF) || cpu->dr[7] & DR7_ENABLED || cpu->resuming;
}

/* A processor matches all of them, and reports also those that are not enabled. */
static uint64_t instruction_hits(const struct x86_cpu *cpu)
{
	uint64_t hits = 0, enabled = 0;

	for (unsigned i = 0; i < BREAKPOINT_REGISTERS; i++) {
		uint64_t address = cpu->dr[i];

		if (kind_of(cpu, i) != ON_EXECUTION || (x86_in_long(cpu) ? address : (uint32_t)address) != cpu->cpu.pc)
			continue;
		hits |= UINT64_C(1) << i;
		enabled |= (uint64_t)is_enabled(cpu, i) << i;
	}
	return enabled ? hits : 0;
}

/*
 * RF is taken out of the flags here, as an instruction that is done has cleared it, and so that one which sets it
 * (iret) need not be told apart. An instruction that is executed again, for a read that the VMM has completed or its
 * next element, still has it.
 */
static bool resumes(struct x86_cpu *cpu)
{
	uint64_t retired = sim_cpu_retired(&cpu->cpu);

	cpu->resuming = cpu->rflags & X86_FLAG_RF || (cpu->resuming && cpu->resumed_at == retired);
	cpu->resumed_at = retired;
	cpu->rflags &= ~X86_FLAG_RF;
	return cpu->resuming;
}

static void raise(struct x86_cpu *cpu, uint64_t dr6, bool trap)
{
	x86_raise(cpu, X86_DB);
	cpu->exception.trap = trap;
	cpu->exception.dr6 = dr6;
}

bool x86_debug_before(struct x86_cpu *cpu)
{
	uint64_t hits = resumes(cpu) || cpu->shadow == 2 ? 0 : instruction_hits(cpu);

	if (cpu->shadow != 2) /* those of a mov to ss wait for the instruction behind it */
		cpu->debug_hits = 0;
	if (hits)
		raise(cpu, hits, false);
	return hits;
}

static bool waits_for_read(const struct x86_cpu *cpu)
{
	const struct x86_access *access = &cpu->access;

	return access->part_count && x86_is_read_exit(access->parts[access->part_count - 1].reason);
}

void x86_debug_after(struct x86_cpu *cpu, bool traced)
{
	uint64_t dr6 = cpu->debug_hits | (traced ? DR6_BS : 0);

	if (!dr6 || cpu->shadow == 2 || waits_for_read(cpu))
		return;
	cpu->debug_hits = 0;
	cpu->halted = false;
	raise(cpu, dr6, true);
}

static void note(struct x86_cpu *cpu, uint64_t address, unsigned size, unsigned one_kind, unsigned other_kind)
{
	for (unsigned i = 0; i < BREAKPOINT_REGISTERS; i++)
		if (is_enabled(cpu, i) && (kind_of(cpu, i) == one_kind || kind_of(cpu, i) == other_kind) &&
		    overlaps(cpu, i, address, size))
			cpu->debug_hits |= 1u << i;
}

void x86_debug_data(struct x86_cpu *cpu, const struct x86_op *op, uint64_t linear, unsigned size, bool write)
{
	(void)op;
	if (cpu->data_breakpoints)
		note(cpu, linear, size, ON_ACCESS, write ? ON_WRITE : ON_ACCESS);
}

void x86_debug_port(struct x86_cpu *cpu, unsigned port, unsigned size)
{
	if (cpu->cr4 & X86_CR4_DE)
		note(cpu, port, size, ON_PORT, ON_PORT);
}
