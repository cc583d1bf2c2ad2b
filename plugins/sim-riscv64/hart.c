/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: the only place that looks at requests, interrupts, the clock, breakpoints and the budget. */
#include "hart.h"

#include "decode.h"
#include "exec/exec.h"

const struct sim_isa rv_isa = {
	.build = rv_build,
	.fetch_miss = rv_fetch_miss,
	.max_length = 4,
};

/* Views of an address space, that differ in what is allowed. Fetches depend on the mode alone. */
enum { VIEW_USER = 1, VIEW_SUM = 2, VIEW_MXR = 4 };

void rv_update_context(struct rv_hart *hart)
{
	uint64_t context = sim_cpu_context(&hart->cpu, hart->satp);
	unsigned user = hart->mode == RV_USER ? VIEW_USER : 0;
	unsigned view = user | (!user && hart->sstatus & RV_SSTATUS_SUM ? VIEW_SUM : 0) |
			(hart->sstatus & RV_SSTATUS_MXR ? VIEW_MXR : 0);

	hart->cpu.data_context = sim_tlb_view(context, view);
	hart->cpu.fetch_context = sim_tlb_view(context, user);
	hart->cpu.mode_key = (uint64_t)user << SIM_MODE_SHIFT;
}

void rv_reset(struct rv_hart *hart)
{
	for (unsigned i = 0; i < SIM_REGISTERS; i++)
		hart->cpu.x[i] = 0;
	hart->mode = RV_SUPERVISOR;
	hart->sstatus = hart->sie = hart->stvec = hart->scounteren = hart->senvcfg = 0;
	hart->sscratch = hart->sepc = hart->scause = hart->stval = hart->satp = 0;
	hart->latched = hart->lines = 0;
	hart->compare = RV_NO_TIMER;
	hart->timer_due = false;
	hart->reservation.gpa = RV_NO_RESERVATION;
	hart->read.pending = hart->halted = hart->at_breakpoint = false;
	hart->budget_end = RV_NO_BUDGET;
	hart->cpu.x[10] = hart->hart_id;
	hart->cpu.x[11] = hart->dtb_addr;
	hart->cpu.pc = hart->entry;
	hart->cpu.link = NULL;
	rv_update_context(hart);
}

struct axvcpu_exit *rv_stop(struct rv_hart *hart, uint32_t reason)
{
	hart->exit->reason = reason;
	hart->stopped = true;
	return hart->exit;
}

void rv_touch_memory(struct rv_hart *hart)
{
	sim_member_enter(&hart->cpu.member);
	sim_memory_forget(&hart->cpu.memory);
}

void rv_leave_memory(struct rv_hart *hart)
{
	sim_memory_forget(&hart->cpu.memory);
	sim_member_exit(&hart->cpu.member);
}

static void stop_debug(struct rv_hart *hart, uint64_t kind)
{
	struct axvcpu_exit *exit = rv_stop(hart, AXVCPU_EXIT_DEBUG);

	exit->debug.pc = hart->cpu.pc;
	exit->debug.kind = kind;
}

static void serve_requests(struct rv_hart *hart)
{
	struct sim_cpu *cpu = &hart->cpu;
	uint64_t number;
	uint32_t bits;

	if (__atomic_load_n(&cpu->pass, __ATOMIC_RELAXED) == cpu->generation &&
	    !__atomic_load_n(&cpu->member.requests, __ATOMIC_RELAXED))
		return;
	sim_cpu_restore_pass(cpu);
	bits = sim_member_take(&cpu->member, &number);
	if (bits & SIM_REQUEST_SLOTS) {
		sim_memory_forget(&cpu->memory);
		hart->reservation.gpa = RV_NO_RESERVATION;
	}
	if (bits & (SIM_REQUEST_SLOTS | SIM_REQUEST_TRANSLATIONS)) {
		sim_tlb_flush(&cpu->tlb);
		rv_update_context(hart);
	}
	if (bits & SIM_REQUEST_WRITES)
		sim_tlb_flush_writes(&cpu->tlb);
	if (bits & (SIM_REQUEST_SLOTS | SIM_REQUEST_CODE)) {
		sim_cpu_look_at_writers(cpu);
		sim_cpu_code_changed(cpu);
		sim_cpu_restore_pass(cpu);
	}
	sim_member_done(&cpu->member, number);
	if (bits & SIM_REQUEST_KICK)
		rv_stop(hart, AXVCPU_EXIT_KICKED);
}

/* A hart that waits goes on when an enabled interrupt is pending, whether or not it may be taken. In deterministic mode
 * the timer is reached by skipping time; otherwise the VMM waits. */
static void wait_for_interrupt(struct rv_hart *hart)
{
	uint64_t now;

	hart->halted = false;
	rv_look_at_clock(hart);
	if (rv_pending(hart) & hart->sie)
		return;
	if (hart->deterministic && hart->sie & RV_BIT(RV_TIMER) && rv_deadline_ns(hart) != UINT64_MAX) {
		now = rv_now_ns(hart);
		hart->skipped_ns += rv_deadline_ns(hart) - now;
		rv_look_at_clock(hart);
		return;
	}
	hart->halted = true;
	rv_stop(hart, AXVCPU_EXIT_HALT);
}

static void look_at_events(struct rv_hart *hart)
{
	unsigned interrupt;

	if (hart->deterministic || sim_cpu_retired(&hart->cpu) - hart->looked_at >= SIM_QUANTUM)
		rv_look_at_clock(hart);
	if (hart->halted)
		wait_for_interrupt(hart);
	interrupt = rv_interrupt_ready(hart);
	if (interrupt && !hart->stopped) {
		hart->latched &= ~(RV_BIT(interrupt) &
				   ~RV_BIT(RV_SOFTWARE)); /* an edge is used up; SSIP is software's to clear */
		rv_take_trap(hart, RV_CAUSE_INTERRUPT | interrupt, 0);
	}
}

/* How many instructions this turn may execute; 0: the budget is used up. */
static int64_t turn_limit(const struct rv_hart *hart)
{
	uint64_t left = hart->budget_end - sim_cpu_retired(&hart->cpu);
	int64_t limit = hart->single_step || hart->breakpoint_count ? 1 : SIM_QUANTUM;
	int64_t to_timer = hart->deterministic ? rv_instructions_to_timer(hart) : INT64_MAX;

	limit = limit < to_timer ? limit : to_timer;
	return hart->budget_end != RV_NO_BUDGET && left < (uint64_t)limit ? (int64_t)left : limit;
}

/* A breakpoint that the last run ended at is passed by this one. */
static bool stop_at_breakpoint(struct rv_hart *hart)
{
	bool passed = hart->at_breakpoint;

	hart->at_breakpoint = false;
	for (unsigned i = 0; i < hart->breakpoint_count && !passed; i++) {
		if (hart->breakpoints[i] == hart->cpu.pc) {
			hart->at_breakpoint = true;
			stop_debug(hart, 2);
			return true;
		}
	}
	return false;
}

/* Blocks are executed whole: one that the turn has no room for, and every one that is observed, is executed instruction
 * by instruction. */
static void execute(struct rv_hart *hart, int64_t limit)
{
	struct sim_cpu *cpu = &hart->cpu;
	struct sim_block *block = limit > 1 ? sim_cpu_find_block(cpu) : NULL;

	if (!hart->stopped && (!block || block->count > limit))
		block = sim_cpu_single(cpu);
	if (block && !hart->stopped)
		sim_cpu_execute(cpu, block);
}

static void turn(struct rv_hart *hart)
{
	int64_t limit;

	serve_requests(hart);
	if (hart->stopped)
		return;
	look_at_events(hart);
	if (hart->stopped || stop_at_breakpoint(hart))
		return;
	limit = turn_limit(hart);
	sim_cpu_begin_slice(&hart->cpu, limit);
	if (limit == 0) {
		hart->budget_end = RV_NO_BUDGET;
		rv_stop(hart, AXVCPU_EXIT_PREEMPTION_TIMER);
		return;
	}
	execute(hart, limit);
	if (hart->halted && !hart->stopped)
		wait_for_interrupt(hart);
	if (hart->single_step && !hart->stopped)
		stop_debug(hart, 1);
}

int32_t rv_run(struct rv_hart *hart, struct axvcpu_exit *exit)
{
	if (hart->read.pending)
		return hart->cpu.host->error(AXVCPU_ERROR_BAD_STATE,
					     "the read at pc 0x%llx was not completed: call axvcpu_complete_read first",
					     (unsigned long long)hart->cpu.pc);
	if (!hart->cpu.member.group)
		return hart->cpu.host->error(AXVCPU_ERROR_BAD_STATE,
					     "hart %llu has no address space: set up the vCPU first",
					     (unsigned long long)hart->hart_id);
	hart->exit = exit;
	hart->stopped = false;
	sim_member_enter(&hart->cpu.member);
	rv_look_at_clock(hart);
	while (!hart->stopped)
		turn(hart);
	sim_cpu_begin_slice(&hart->cpu, 0);
	sim_member_exit(&hart->cpu.member);
	hart->exit = NULL;
	return 0;
}
