/* SPDX-License-Identifier: Apache-2.0 */
/* Traps and interrupts. Privileged Architecture, "Supervisor CSRs" and "Supervisor Instructions". */
#include "hart.h"

void rv_take_trap(struct rv_hart *hart, uint64_t cause, uint64_t value)
{
	bool vectored = hart->stvec & 1 && cause & RV_CAUSE_INTERRUPT;
	uint64_t enabled = hart->sstatus & RV_SSTATUS_SIE ? RV_SSTATUS_SPIE : 0;

	hart->sepc = hart->cpu.pc;
	hart->scause = cause;
	hart->stval = value;
	hart->sstatus &= ~(RV_SSTATUS_SIE | RV_SSTATUS_SPIE | RV_SSTATUS_SPP);
	hart->sstatus |= enabled | (hart->mode == RV_SUPERVISOR ? RV_SSTATUS_SPP : 0);
	hart->mode = RV_SUPERVISOR;
	hart->cpu.pc = (hart->stvec & ~UINT64_C(3)) + (vectored ? 4 * (cause & ~RV_CAUSE_INTERRUPT) : 0);
	hart->cpu.link = NULL;
	if (cause & RV_CAUSE_INTERRUPT) {
		hart->interrupts++;
	} else {
		hart->exceptions++;
		hart->cpu.fuel--; /* an attempt takes its time: traps without end use up the budget, and time goes on */
	}
	rv_update_context(hart);
}

const struct sim_op *rv_trap(struct sim_cpu *cpu, const struct sim_op *op, uint64_t cause, uint64_t value)
{
	sim_cpu_stop_at(cpu, op, false);
	rv_take_trap(rv_hart_of(cpu), cause, value);
	return NULL;
}

void rv_return_from_trap(struct rv_hart *hart)
{
	uint64_t status = hart->sstatus;

	hart->mode = status & RV_SSTATUS_SPP ? RV_SUPERVISOR : RV_USER;
	hart->sstatus = (status & ~(RV_SSTATUS_SIE | RV_SSTATUS_SPP)) | RV_SSTATUS_SPIE |
			(status & RV_SSTATUS_SPIE ? RV_SSTATUS_SIE : 0);
	hart->cpu.pc = hart->sepc;
	hart->cpu.link = NULL;
	rv_update_context(hart);
}

uint64_t rv_pending(const struct rv_hart *hart)
{
	return hart->latched | hart->lines | (hart->timer_due ? RV_BIT(RV_TIMER) : 0);
}

unsigned rv_interrupt_ready(const struct rv_hart *hart)
{
	static const unsigned priority[] = { RV_EXTERNAL, RV_SOFTWARE, RV_TIMER };
	uint64_t ready = rv_pending(hart) & hart->sie;

	if (!ready || (hart->mode == RV_SUPERVISOR && !(hart->sstatus & RV_SSTATUS_SIE)))
		return 0;
	for (unsigned i = 0; i < 3; i++)
		if (ready & RV_BIT(priority[i]))
			return priority[i];
	return 0;
}
