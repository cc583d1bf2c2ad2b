/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: the only place that looks at requests, interrupts, exceptions, breakpoints and the budget. */
#include "x86.h"

#include "access.h"
#include "debug.h"
#include "decode.h"
#include "flags.h"
#include "host-fpu.h"
#include "interrupt.h"
#include "mmu.h"

/* ---- what executors return with ---- */

uint64_t x86_rip(const struct x86_cpu *cpu, const struct x86_op *op)
{
	uint64_t rip = cpu->cpu.pc + op->at - x86_segment_base(cpu, X86_CS);

	return x86_in_64(cpu) ? cpu->cpu.pc + op->at : (uint32_t)rip;
}

uint64_t x86_next_rip(const struct x86_cpu *cpu, const struct x86_op *op)
{
	uint64_t rip = x86_rip(cpu, op) + op->length;

	return x86_in_64(cpu) ? rip : (uint32_t)rip;
}

static const struct x86_op *first_op(const struct x86_cpu *cpu)
{
	return (const struct x86_op *)(const void *)cpu->cpu.block->ops;
}

/* Only the last op of a block can stand for two instructions, so the index of an op counts those before it. */
void x86_stop_at(struct x86_cpu *cpu, const struct x86_op *op, bool retire)
{
	cpu->cpu.fuel += cpu->cpu.block->count - (op - first_op(cpu)) - retire;
	cpu->cpu.pc += op->at + (retire ? op->length : 0u);
	cpu->cpu.link = NULL;
}

bool x86_raise_code(struct x86_cpu *cpu, unsigned vector, uint32_t code)
{
	cpu->exception =
		(struct x86_exception){ .pending = true, .has_code = true, .vector = (uint8_t)vector, .code = code };
	return false;
}

bool x86_raise(struct x86_cpu *cpu, unsigned vector)
{
	cpu->exception = (struct x86_exception){ .pending = true, .vector = (uint8_t)vector };
	return false;
}

const struct x86_op *x86_fault(struct x86_cpu *cpu, const struct x86_op *op, unsigned vector)
{
	x86_raise(cpu, vector);
	x86_stop_at(cpu, op, false);
	return NULL;
}

const struct x86_op *x86_fault_code(struct x86_cpu *cpu, const struct x86_op *op, unsigned vector, uint32_t code)
{
	x86_raise_code(cpu, vector, code);
	x86_stop_at(cpu, op, false);
	return NULL;
}

const struct x86_op *x86_leave(struct x86_cpu *cpu, const struct x86_op *op)
{
	x86_stop_at(cpu, op, true);
	return NULL;
}

const struct x86_op *x86_leave_to(struct x86_cpu *cpu, const struct x86_op *op, uint64_t rip)
{
	x86_stop_at(cpu, op, true);
	cpu->cpu.pc = x86_in_64(cpu) ? rip : (uint32_t)(rip + x86_segment_base(cpu, X86_CS));
	return NULL;
}

const struct x86_op *x86_again(struct x86_cpu *cpu, const struct x86_op *op)
{
	x86_stop_at(cpu, op, false);
	return NULL;
}

static const struct x86_op *stop_here(struct x86_cpu *cpu, const struct x86_op *op)
{
	x86_stop_at(cpu, op, false);
	return NULL;
}

/* Blocks are this vCPU's own, so the next op of the running one can be made to stop. Nothing is entered behind the
 * last. */
void x86_stop_after(struct x86_cpu *cpu, const struct x86_op *op)
{
	struct x86_op *next = (struct x86_op *)(uintptr_t)(op + 1);

	__atomic_store_n(&cpu->cpu.pass, 0, __ATOMIC_SEQ_CST);
	if (op->flags & X86_OP_LAST || cpu->stop)
		return;
	cpu->stop = next;
	cpu->stop_fn = next->fn;
	next->fn = stop_here;
}

static void take_stop_away(struct x86_cpu *cpu)
{
	if (!cpu->stop)
		return;
	cpu->stop->fn = cpu->stop_fn;
	cpu->stop = NULL;
}

struct axvcpu_exit *x86_exit(struct x86_cpu *cpu, uint32_t reason)
{
	cpu->exit->reason = reason;
	cpu->stopped = true;
	return cpu->exit;
}

/* ---- the mode ---- */

static uint32_t base_mode(const struct x86_cpu *cpu)
{
	uint32_t cs = cpu->segments[X86_CS].attributes;

	if (!(cpu->cr0 & X86_CR0_PE))
		return X86_MODE_REAL;
	if (cpu->efer & X86_EFER_LMA) {
		if (cs & X86_ATTR_L)
			return X86_MODE_64;
		return cs & X86_ATTR_DB ? X86_MODE_COMPAT_32 : X86_MODE_COMPAT_16;
	}
	if (cpu->rflags & X86_FLAG_VM)
		return X86_MODE_V86;
	return cs & X86_ATTR_DB ? X86_MODE_32 : X86_MODE_16;
}

static bool is_flat(const struct x86_cpu *cpu, unsigned segment)
{
	const struct x86_segment *s = &cpu->segments[segment];
	uint32_t wanted = X86_ATTR_P | X86_ATTR_S | X86_ATTR_WRITABLE;

	return x86_segment_base(cpu, segment) == 0 && s->limit == UINT32_MAX && (s->attributes & wanted) == wanted &&
	       (segment == X86_CS || !(s->attributes & (X86_ATTR_CODE | X86_ATTR_EXPAND_DOWN)));
}

/* Whether CR0, CR4 and XCR0 let x87, MMX, SSE and AVX instructions be executed (SDM 3, 2.5 and 13). */
static uint32_t unit_mode(const struct x86_cpu *cpu)
{
	bool emulate = cpu->cr0 & X86_CR0_EM, switched = cpu->cr0 & X86_CR0_TS;
	bool avx = cpu->cr4 & X86_CR4_OSXSAVE && (cpu->xcr0 & 6) == 6 && cpu->cr0 & X86_CR0_PE &&
		   !(cpu->rflags & X86_FLAG_VM);
	uint32_t mode = 0;

	if (emulate || switched)
		mode |= X86_MODE_FPU_NM;
	if (emulate)
		mode |= X86_MODE_MMX_UD | X86_MODE_SSE_UD;
	if (!(cpu->cr4 & X86_CR4_OSFXSR))
		mode |= X86_MODE_SSE_UD;
	if (switched)
		mode |= X86_MODE_SSE_NM;
	if (!avx)
		mode |= X86_MODE_AVX_UD;
	return mode;
}

void x86_update_mode(struct x86_cpu *cpu)
{
	uint32_t mode = base_mode(cpu);

	if (mode != X86_MODE_64) {
		if (cpu->segments[X86_SS].attributes & X86_ATTR_DB)
			mode |= X86_MODE_STACK_32;
		if (is_flat(cpu, X86_CS) && is_flat(cpu, X86_SS) && is_flat(cpu, X86_DS) && is_flat(cpu, X86_ES))
			mode |= X86_MODE_FLAT;
	}
	cpu->mode = mode | unit_mode(cpu) | (cpu->cpl == 3 ? X86_MODE_USER : 0);
	cpu->cpu.mode_key = (uint64_t)cpu->mode << SIM_MODE_SHIFT;
	x86_update_context(cpu);
}

/* ---- isa ---- */

static void decoded(struct sim_cpu *cpu, uint64_t gpa, unsigned size)
{
	if (!sim_group_mark_code(cpu->member.group, &cpu->member, gpa, size))
		return;
	sim_tlb_flush_writes(&cpu->tlb);
	((struct x86_cpu *)(void *)cpu)->code_marked = true;
}

const struct sim_isa x86_isa = {
	.build = x86_build,
	.fetch_miss = x86_fetch_miss,
	.decoded = decoded,
	.max_length = ZYDIS_MAX_INSTRUCTION_LENGTH,
};

/* ---- requests ---- */

/*
 * Other vCPUs may have stored to a page without a look until they heard that it has code now. That is over before the
 * next turn of the loop, and so before the end of an instruction that serializes (SDM 3, 8.1.3: code that was changed
 * by another processor). Who waits is outside, so that two may wait for each other.
 */
static void confirm_marks(struct x86_cpu *cpu)
{
	struct sim_member *member = &cpu->cpu.member;

	cpu->code_marked = false;
	sim_member_exit(member);
	sim_group_request(member->group, SIM_REQUEST_WRITES | SIM_REQUEST_CODE_AFTER, NULL, NULL, member, true);
	sim_member_enter(member);
}

static void serve_requests(struct x86_cpu *cpu)
{
	struct sim_cpu *sim = &cpu->cpu;
	uint64_t number;
	uint32_t bits;

	if (__atomic_load_n(&sim->pass, __ATOMIC_RELAXED) == sim->generation &&
	    !__atomic_load_n(&sim->member.requests, __ATOMIC_RELAXED))
		return;
	sim_cpu_restore_pass(sim);
	bits = sim_member_take(&sim->member, &number);
	if (bits & SIM_REQUEST_SLOTS)
		sim_memory_forget(&sim->memory);
	if (bits & (SIM_REQUEST_SLOTS | SIM_REQUEST_TRANSLATIONS))
		x86_flush_all(cpu);
	if (bits & SIM_REQUEST_WRITES)
		sim_tlb_flush_writes(&sim->tlb);
	if (bits & SIM_REQUEST_CODE_AFTER)
		sim_group_request(sim->member.group, SIM_REQUEST_CODE, NULL, NULL, &sim->member, false);
	if (bits & (SIM_REQUEST_SLOTS | SIM_REQUEST_CODE)) {
		sim_cpu_look_at_writers(sim);
		sim_cpu_code_changed(sim);
		sim_cpu_restore_pass(sim);
	}
	sim_member_done(&sim->member, number);
	if (!(bits & SIM_REQUEST_KICK))
		return;
	if (cpu->exit)
		x86_exit(cpu, AXVCPU_EXIT_KICKED);
	else
		sim_member_request(&sim->member, SIM_REQUEST_KICK); /* of the run that comes */
}

/* ---- exceptions and interrupts ---- */

static void stop_debug(struct x86_cpu *cpu, uint64_t kind)
{
	struct axvcpu_exit *exit = x86_exit(cpu, AXVCPU_EXIT_DEBUG);

	exit->debug.pc = cpu->cpu.pc;
	exit->debug.kind = kind;
}

static void end_delivery(struct x86_cpu *cpu, enum x86_delivery delivery)
{
	if (delivery == X86_DELIVERY_TRIPLE_FAULT && !cpu->stopped)
		x86_exit(cpu, AXVCPU_EXIT_SYSTEM_DOWN)->system_down.kind = 1;
}

/* The vector of the queue that goes first: the highest. */
static int first_queued(const struct x86_cpu *cpu)
{
	for (int i = 3; i >= 0; i--)
		if (cpu->queued[i])
			return i * 64 + 63 - __builtin_clzll(cpu->queued[i]);
	return -1;
}

bool x86_interruptible(const struct x86_cpu *cpu)
{
	return cpu->rflags & X86_FLAG_IF && !cpu->shadow;
}

/* What ends the run in the middle of its delivery waits on. */
static bool is_taken(struct x86_cpu *cpu, enum x86_delivery delivery)
{
	end_delivery(cpu, delivery);
	if (delivery == X86_DELIVERY_EXIT)
		return false;
	cpu->halted = false;
	cpu->interrupts++;
	return true;
}

static bool take_nmi(struct x86_cpu *cpu)
{
	if (!cpu->nmi_pending || cpu->nmi_masked || cpu->shadow)
		return false;
	if (is_taken(cpu, x86_deliver_nmi(cpu)))
		cpu->nmi_pending = false;
	return true;
}

static bool take_interrupt(struct x86_cpu *cpu)
{
	int vector = first_queued(cpu);

	if (!x86_interruptible(cpu))
		return false;
	if (vector >= 0) {
		if (is_taken(cpu, x86_deliver_interrupt(cpu, (unsigned)vector)))
			cpu->queued[vector / 64] &= ~(UINT64_C(1) << vector % 64);
		return true;
	}
	if (cpu->line) {
		x86_exit(cpu, AXVCPU_EXIT_INTERRUPT_WINDOW);
		return true;
	}
	if (cpu->edge_waiting) { /* the host hands it over before the next run */
		cpu->edge_waiting = false;
		x86_exit(cpu, AXVCPU_EXIT_KICKED);
		return true;
	}
	return false;
}

/* True: something was taken, and everything is looked at again. */
static bool look_at_events(struct x86_cpu *cpu)
{
	if (cpu->exception.pending) {
		cpu->exceptions++;
		end_delivery(cpu, x86_deliver(cpu));
		return true;
	}
	if (take_nmi(cpu) || take_interrupt(cpu))
		return true;
	if (cpu->halted) {
		x86_exit(cpu, AXVCPU_EXIT_HALT);
		return true;
	}
	return false;
}

/* ---- execution ---- */

/* A breakpoint that the last run ended at is passed by this one. */
static bool stop_at_breakpoint(struct x86_cpu *cpu)
{
	bool passed = cpu->at_breakpoint;

	cpu->at_breakpoint = false;
	for (unsigned i = 0; i < cpu->breakpoint_count && !passed; i++) {
		if (cpu->breakpoints[i] == cpu->cpu.pc) {
			cpu->at_breakpoint = true;
			stop_debug(cpu, 2);
			return true;
		}
	}
	return false;
}

static bool one_by_one(const struct x86_cpu *cpu)
{
	return cpu->single_step || cpu->breakpoint_count || cpu->shadow || cpu->access.have || x86_debug_watches(cpu);
}

/* How many instructions this turn may execute; 0: the budget is used up. */
static int64_t turn_limit(const struct x86_cpu *cpu)
{
	uint64_t left = cpu->budget_end - sim_cpu_retired(&cpu->cpu);
	int64_t limit = one_by_one(cpu) ? 1 : SIM_QUANTUM;

	return cpu->budget_end != X86_NO_BUDGET && left < (uint64_t)limit ? (int64_t)left : limit;
}

/* cs.limit, outside of 64-bit mode. */
static bool pc_is_in_segment(struct x86_cpu *cpu)
{
	if (cpu->mode & X86_MODE_FLAT || x86_in_64(cpu))
		return true;
	return (uint32_t)(cpu->cpu.pc - x86_segment_base(cpu, X86_CS)) <= cpu->segments[X86_CS].limit ||
	       x86_raise_code(cpu, X86_GP, 0);
}

static void run_ops(struct x86_cpu *cpu, struct sim_block *block)
{
	const struct x86_op *op = (const struct x86_op *)(const void *)block->ops;

	cpu->cpu.fuel -= block->count;
	cpu->cpu.block = block;
	while (op)
		op = op->fn(cpu, op);
	take_stop_away(cpu);
}

/* Blocks are executed whole: one that the turn has no room for, and every one that is observed, is executed instruction
 * by instruction. */
static void execute(struct x86_cpu *cpu, int64_t limit)
{
	struct sim_cpu *sim = &cpu->cpu;
	struct sim_block *block;

	if (!pc_is_in_segment(cpu))
		return;
	block = limit > 1 ? sim_cpu_find_block(sim) : NULL;
	if (!cpu->stopped && !cpu->exception.pending && (!block || block->count > limit))
		block = sim_cpu_single(sim);
	if (block && !cpu->stopped && !cpu->exception.pending)
		run_ops(cpu, block);
}

/* Reads that were completed belong to the instruction that was executed now, unless it wants more. */
static void end_access(struct x86_cpu *cpu)
{
	struct x86_access *access = &cpu->access;
	bool wants_more = access->part_count && x86_is_read_exit(access->parts[access->part_count - 1].reason);

	if (cpu->stopped) { /* before it was executed: a slot is missing */
		access->part_count = access->part_next = access->used = 0;
		return;
	}
	if (cpu->exception.pending && !cpu->exception.trap)
		access->part_count = access->part_next = 0;
	else if (wants_more)
		access->used = 0;
	if (!wants_more)
		access->have = access->used = 0;
}

/* One instruction, or many. */
static void advance(struct x86_cpu *cpu, int64_t limit)
{
	bool traced = cpu->rflags & X86_FLAG_TF, watched = limit == 1 && (traced || x86_debug_watches(cpu));
	uint8_t shadow = cpu->shadow;

	if (watched && x86_debug_before(cpu))
		return;
	cpu->shadow = 0;
	cpu->untraced = false;
	execute(cpu, limit);
	end_access(cpu);
	if (shadow && cpu->shadow)
		cpu->shadow = 0; /* the instruction in a shadow casts none */
	if (!cpu->exception.pending && !cpu->stopped)
		x86_debug_after(cpu, traced && !cpu->untraced);
}

static void turn(struct x86_cpu *cpu)
{
	int64_t limit;

	if (cpu->code_marked)
		confirm_marks(cpu);
	serve_requests(cpu);
	if (cpu->stopped || x86_give_part(cpu) || look_at_events(cpu) || stop_at_breakpoint(cpu))
		return;
	limit = turn_limit(cpu);
	sim_cpu_begin_slice(&cpu->cpu, limit);
	if (limit == 0) {
		cpu->budget_end = X86_NO_BUDGET;
		x86_exit(cpu, AXVCPU_EXIT_PREEMPTION_TIMER);
		return;
	}
	advance(cpu, limit);
	if (cpu->single_step && !cpu->stopped && !x86_give_part(cpu) && !cpu->halted)
		stop_debug(cpu, 1);
}

void x86_touch_memory(struct x86_cpu *cpu)
{
	sim_member_enter(&cpu->cpu.member);
	sim_memory_forget(&cpu->cpu.memory);
}

void x86_leave_memory(struct x86_cpu *cpu)
{
	sim_memory_forget(&cpu->cpu.memory);
	sim_member_exit(&cpu->cpu.member);
}

/* There is an instruction whose reads were completed. */
static bool has_access(const struct x86_cpu *cpu)
{
	return cpu->access.have && !cpu->access.waiting && !cpu->access.part_count && !cpu->exception.pending;
}

/* Executes the instruction whose reads were completed, without a look at anything else. */
static void execute_access(struct x86_cpu *cpu, struct axvcpu_exit *exit)
{
	uint32_t host;

	if (!has_access(cpu))
		return;
	host = x86_enter_fpu(cpu);
	x86_touch_memory(cpu);
	cpu->stopped = false;
	serve_requests(cpu);
	cpu->exit = exit;
	sim_cpu_begin_slice(&cpu->cpu, 1);
	advance(cpu, 1);
	cpu->exit = NULL;
	sim_cpu_begin_slice(&cpu->cpu, 0);
	x86_leave_memory(cpu);
	x86_leave_fpu(cpu, host);
}

void x86_finish_access(struct x86_cpu *cpu)
{
	struct axvcpu_exit exit;

	if (!has_access(cpu)) /* the plain case, once for each register */
		return;
	/* Where code or a table has no memory: the next run finds the same. */
	exit = (struct axvcpu_exit)AXVCPU_EXIT_INIT;
	execute_access(cpu, &exit);
}

void x86_finish(struct x86_cpu *cpu, struct axvcpu_exit *exit)
{
	cpu->stopped = false;
	exit->reason = AXVCPU_EXIT_NOTHING;
	execute_access(cpu, exit);
	cpu->exit = exit;
	if (!cpu->stopped)
		x86_give_part(cpu);
	cpu->exit = NULL;
}

int32_t x86_read_waits(const struct x86_cpu *cpu)
{
	return cpu->cpu.host->error(AXVCPU_ERROR_BAD_STATE,
				    "the read at pc 0x%llx was not completed: call axvcpu_complete_read first",
				    (unsigned long long)cpu->cpu.pc);
}

int32_t x86_run(struct x86_cpu *cpu, struct axvcpu_exit *exit)
{
	uint32_t host;

	if (cpu->access.waiting)
		return x86_read_waits(cpu);
	if (!cpu->cpu.member.group)
		return cpu->cpu.host->error(AXVCPU_ERROR_BAD_STATE,
					    "vCPU with APIC id %u has no address space: set up the vCPU first",
					    cpu->processor.apic_id);
	cpu->exit = exit;
	cpu->stopped = false;
	cpu->has_run = true;
	host = x86_enter_fpu(cpu);
	sim_member_enter(&cpu->cpu.member);
	/* The VMM may have written to memory: code is compared before it is executed again. */
	sim_cpu_code_changed(&cpu->cpu);
	while (!cpu->stopped)
		turn(cpu);
	sim_cpu_begin_slice(&cpu->cpu, 0);
	sim_member_exit(&cpu->cpu.member);
	x86_leave_fpu(cpu, host);
	cpu->exit = NULL;
	return 0;
}

/* ---- reset (SDM 3, table 9-1) ---- */

static void reset_segments(struct x86_cpu *cpu)
{
	for (unsigned i = X86_ES; i <= X86_GS; i++) {
		cpu->segments[i] = (struct x86_segment){ 0, X86_ATTR_P | X86_ATTR_S | 3, 0xffff };
		cpu->cpu.x[X86_X_BASES + i] = 0;
	}
	cpu->segments[X86_CS].attributes |= X86_ATTR_CODE;
	cpu->segments[X86_TR] = (struct x86_segment){ 0, X86_ATTR_P | 11, 0xffff };
	cpu->segments[X86_LDTR] = (struct x86_segment){ 0, X86_ATTR_P | 2, 0xffff };
	cpu->cpu.x[X86_X_BASES + X86_TR] = cpu->cpu.x[X86_X_BASES + X86_LDTR] = 0;
	cpu->gdtr = cpu->idtr = (struct x86_table){ 0, 0xffff };
}

static void reset_units(struct x86_cpu *cpu)
{
	__builtin_memset(cpu->v, 0, sizeof(cpu->v));
	cpu->x87 = (struct x86_x87){ .cw = 0x37f, .empty = 0xff };
	cpu->mxcsr = 0x1f80;
	cpu->simd_unmasked = false;
	cpu->xcr0 = 1;
}

/* A page below 1 MiB is where a start-up IPI leads; another entry is reached as the reset vector is. */
static void reset_pc(struct x86_cpu *cpu)
{
	uint64_t entry = cpu->entry;
	bool startup = entry < 0x100000 && !(entry & 0xfff);
	uint64_t base = startup ? entry : entry & ~UINT64_C(0xffff);

	cpu->segments[X86_CS].selector = (uint16_t)(startup ? entry >> 4 : (base >> 4) & 0xffff);
	cpu->cpu.x[X86_X_BASES + X86_CS] = base;
	cpu->cpu.pc = entry;
}

void x86_reset(struct x86_cpu *cpu)
{
	for (unsigned i = 0; i < SIM_REGISTERS; i++)
		cpu->cpu.x[i] = 0;
	x86_set_rflags(cpu, 2);
	reset_segments(cpu);
	reset_units(cpu);
	cpu->cpl = cpu->shadow = 0;
	cpu->cr0 = X86_CR0_ET | X86_CR0_NW | X86_CR0_CD;
	cpu->cr2 = cpu->cr3 = cpu->cr4 = cpu->cr8 = cpu->efer = 0;
	for (unsigned i = 0; i < 4; i++)
		cpu->dr[i] = cpu->pdptes[i] = cpu->queued[i] = 0;
	cpu->dr[6] = 0xffff0ff0;
	cpu->dr[7] = 0x400;
	cpu->exception.pending = false;
	cpu->edge_waiting = cpu->resuming = cpu->unsettled = cpu->msr_refusable = false;
	cpu->exception_given = cpu->payload_given = cpu->nmi_given = false;
	cpu->line = cpu->nmi_pending = cpu->nmi_masked = cpu->halted = false;
	cpu->at_breakpoint = cpu->single_step = false;
	cpu->breakpoint_count = 0;
	cpu->budget_end = X86_NO_BUDGET;
	x86_forget_access(cpu);
	x86_reset_msrs(cpu);
	x86_debug_update(cpu);
	cpu->cpu.x[X86_RDX] = x86_signature(cpu);
	reset_pc(cpu);
	cpu->cpu.link = NULL;
	x86_update_mode(cpu);
}
