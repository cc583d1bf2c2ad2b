/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See pending.h. An edge is taken over only when the guest would take it at once, so that they come in the order in
 * which the VMM gave them; the line is answered by the VMM, which acknowledges at its controller only then, too.
 */
#include "pending.h"

#include <axvcpu/regs/x86_64.h>

#include "access.h"
#include "regs.h"

#define WHO "sim-x86_64"
#define VECTORS 256u

static bool is_queued(const struct x86_cpu *cpu)
{
	return cpu->queued[0] | cpu->queued[1] | cpu->queued[2] | cpu->queued[3];
}

/* Between two instructions, with nothing else to be delivered first. */
static bool is_ready(struct x86_cpu *cpu)
{
	if (x86_settle(cpu))
		return false;
	x86_finish_access(cpu);
	return x86_interruptible(cpu) && !is_queued(cpu) && !cpu->exception.pending && !cpu->access.waiting &&
	       !cpu->access.have;
}

int32_t x86_inject_interrupt(struct x86_cpu *cpu, uint64_t vector)
{
	if (vector == AXVCPU_X86_64_NMI) {
		cpu->nmi_pending = true;
		return 0;
	}
	if (vector >= VECTORS)
		return cpu->cpu.host->error(AXVCPU_ERROR_INVALID_INPUT,
					    WHO ": x86_64 has interrupt vectors 0 to 255 and 256 for the NMI, no %llu",
					    (unsigned long long)vector);
	cpu->edge_waiting = !is_ready(cpu);
	if (cpu->edge_waiting)
		return AXVCPU_ERROR_RESOURCE_BUSY; /* an everyday answer: without a text */
	cpu->queued[vector / 64] |= UINT64_C(1) << vector % 64;
	return 0;
}

int32_t x86_set_interrupt_line(struct x86_cpu *cpu, uint32_t line, uint32_t level)
{
	if (line != AXVCPU_X86_64_INTR)
		return cpu->cpu.host->error(AXVCPU_ERROR_INVALID_INPUT,
					    WHO ": x86_64 has one interrupt line, 0 (INTR), no %u", line);
	cpu->line = level;
	return 0;
}

/* A line ends a Halt only if the guest listens to it. */
bool x86_interrupt_pending(const struct x86_cpu *cpu)
{
	bool listens = cpu->rflags & X86_FLAG_IF;

	return is_queued(cpu) || (cpu->nmi_pending && !cpu->nmi_masked) ||
	       ((cpu->line || cpu->edge_waiting) && listens);
}
