/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A riscv64 hart: RV64IMAC with Zicsr, Zifencei and Zicntr, S-mode and U-mode, Sv39 and Sv48; the SBI below S-mode is
 * the engine.
 *
 * Manuals: RISC-V Unprivileged ISA 20191213, Privileged Architecture 20211203, SBI 2.0.
 * F and D are not there: FS is hardwired to 0, their registers are described by the library but are NotFound here.
 * M-mode is not there either: every trap goes to S-mode, and an ecall from S-mode is an SBI call.
 */
#ifndef PLUGINS_SIM_RISCV64_HART_H
#define PLUGINS_SIM_RISCV64_HART_H

#include <axvcpu/error.h>
#include <axvcpu/plugin/plugin.h>

#include "cpu.h"

enum { RV_USER = 0, RV_SUPERVISOR = 1 };

/* Fields of sstatus. */
#define RV_SSTATUS_SIE (UINT64_C(1) << 1)
#define RV_SSTATUS_SPIE (UINT64_C(1) << 5)
#define RV_SSTATUS_SPP (UINT64_C(1) << 8)
#define RV_SSTATUS_SUM (UINT64_C(1) << 18)
#define RV_SSTATUS_MXR (UINT64_C(1) << 19)
#define RV_SSTATUS_UXL_64 (UINT64_C(2) << 32)

/* Interrupts: their numbers in sip and scause. */
enum { RV_SOFTWARE = 1, RV_TIMER = 5, RV_EXTERNAL = 9 };
#define RV_BIT(number) (UINT64_C(1) << (number))
#define RV_INTERRUPTS (RV_BIT(RV_SOFTWARE) | RV_BIT(RV_TIMER) | RV_BIT(RV_EXTERNAL))
#define RV_CAUSE_INTERRUPT (UINT64_C(1) << 63)

enum {
	RV_FETCH_ACCESS_FAULT = 1,
	RV_ILLEGAL_INSTRUCTION = 2,
	RV_BREAKPOINT = 3,
	RV_LOAD_MISALIGNED = 4,
	RV_LOAD_ACCESS_FAULT = 5,
	RV_STORE_MISALIGNED = 6,
	RV_STORE_ACCESS_FAULT = 7,
	RV_ECALL_USER = 8,
	RV_FETCH_PAGE_FAULT = 12,
	RV_LOAD_PAGE_FAULT = 13,
	RV_STORE_PAGE_FAULT = 15
};

/* Modes of satp. */
enum { RV_SATP_BARE = 0, RV_SATP_SV39 = 8, RV_SATP_SV48 = 9 };

enum { RV_BREAKPOINTS = 16 };

#define RV_NO_TIMER UINT64_MAX
#define RV_NO_RESERVATION UINT64_MAX
#define RV_NO_BUDGET UINT64_MAX
#define RV_NS_PER_TICK 100       /* the timebase has 10 MHz */
#define RV_NS_PER_INSTRUCTION 10 /* of deterministic time */

/* The MMIO read that waits for its value. */
struct rv_read {
	bool pending;
	uint8_t rd;
	uint8_t length; /* of the instruction */
	uint8_t width;  /* of the access */
};

struct rv_reservation {
	uint64_t gpa; /* RV_NO_RESERVATION: none */
	void *host;
	uint64_t value; /* that lr saw */
	unsigned size;  /* of the access; 0: it was restored from a snapshot, which does not say */
};

struct rv_hart {
	struct sim_cpu cpu; /* the first member: see rv_hart_of */
	uint64_t mode;      /* RV_USER or RV_SUPERVISOR */
	uint64_t sstatus, sie, stvec, scounteren, senvcfg, sscratch, sepc, scause, stval, satp;
	uint64_t latched;   /* interrupts that came as edges, and SSIP as software wrote it */
	uint64_t lines;     /* levels of the interrupt inputs */
	uint64_t compare;   /* of the timer, in ticks */
	bool timer_due;     /* as of the last look at the clock */
	uint64_t looked_at; /* the clock: at this number of retired instructions */
	struct rv_reservation reservation;
	struct rv_read read;
	bool halted; /* the last run ended in wfi */

	/* The run under way. */
	struct axvcpu_exit *exit;
	bool stopped; /* exit has been filled */

	/* Observation. */
	bool single_step;
	bool at_breakpoint; /* the last run ended before the instruction at pc */
	unsigned breakpoint_count;
	uint64_t breakpoints[RV_BREAKPOINTS];
	uint64_t budget_end; /* number of retired instructions at which the budget is used up */

	/* Clock: the VMM's, or else the host's since `origin_ns`; or deterministic: instructions and what was skipped
	 * in wfi. */
	axarch_clock_fn clock;
	void *clock_context;
	uint64_t origin_ns;
	uint64_t skipped_ns;
	bool deterministic;

	uint64_t hart_id, dtb_addr, entry;
	uint64_t instret_offset,
		cycle_offset;            /* what software or the VMM wrote, relative to the instructions retired */
	uint64_t interrupts, exceptions; /* taken */
};

/* The hart that an engine's CPU is part of. */
static inline struct rv_hart *rv_hart_of(struct sim_cpu *cpu)
{
	_Static_assert(offsetof(struct rv_hart, cpu) == 0, "a hart begins with its CPU");
	return (struct rv_hart *)(void *)cpu;
}

extern const struct sim_isa rv_isa;

/* hart.c: the state as it is after reset, and the loop. */
void rv_reset(struct rv_hart *hart);
int32_t rv_run(struct rv_hart *hart, struct axvcpu_exit *exit);

/* Around accesses to memory outside of a run: slots that are at hand may be gone, and none goes until it is done. */
void rv_touch_memory(struct rv_hart *hart);
void rv_leave_memory(struct rv_hart *hart);

/* Contexts of the TLB follow mode, satp, SUM and MXR: to be called when one of them changed, and after flushes. */
void rv_update_context(struct rv_hart *hart);

/* Ends the run with this exit; its fields are for the caller to fill. */
struct axvcpu_exit *rv_stop(struct rv_hart *hart, uint32_t reason);

/* trap.c */
void rv_take_trap(struct rv_hart *hart, uint64_t cause, uint64_t value);
/* A trap by an instruction, which has changed nothing. Returns NULL, for executors to return. */
const struct sim_op *rv_trap(struct sim_cpu *cpu, const struct sim_op *op, uint64_t cause, uint64_t value);
void rv_return_from_trap(struct rv_hart *hart);
/* sip as it is now. */
uint64_t rv_pending(const struct rv_hart *hart);
/* The interrupt to be taken before the next instruction, 0 when there is none. */
unsigned rv_interrupt_ready(const struct rv_hart *hart);

/* timer.c */
uint64_t rv_now_ns(const struct rv_hart *hart);
uint64_t rv_time(const struct rv_hart *hart);
void rv_look_at_clock(struct rv_hart *hart);
uint64_t rv_deadline_ns(const struct rv_hart *hart);
/* How many instructions may be executed before the timer is due, in deterministic mode. */
int64_t rv_instructions_to_timer(const struct rv_hart *hart);

/* csr.c */
/* What the number names. Errors: false, there is no such CSR. */
bool rv_csr_read(struct rv_hart *hart, unsigned number, uint64_t *ret_value);
bool rv_csr_write(struct rv_hart *hart, unsigned number, uint64_t value);
/* Whether an instruction in the present mode may access it. */
bool rv_csr_allowed(const struct rv_hart *hart, unsigned number, bool write);
/* Whether a write may change what the next instruction is: it must come from the loop. */
bool rv_csr_is_control(unsigned number);

/* sbi.c: the call that the registers describe; pc is behind the ecall. */
void rv_sbi_call(struct rv_hart *hart);

/* regs.c */
int32_t rv_get_reg(struct rv_hart *hart, uint64_t id, void *ret_value, uint32_t size);
int32_t rv_set_reg(struct rv_hart *hart, uint64_t id, const void *value, uint32_t size);

#endif
