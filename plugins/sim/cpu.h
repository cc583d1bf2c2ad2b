/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every simulated CPU has, whatever its architecture: a register file, decoded code, a soft TLB, its place among
 * the vCPUs of its address space. An architecture's own struct begins with a struct sim_cpu.
 *
 * How it executes. Guest code is decoded once into blocks of ops: a function and its operands. An op tail-calls the
 * next; the last op of a block enters the next block through a link or the jump cache, or returns NULL to the
 * architecture's loop. Entering a block tests two things:
 *  - `pass`: the block was proved to match memory in the present generation of the code, and nobody wants the loop's
 * attention. Another thread breaks every chain by writing 0 to it; the loop writes the generation back before it looks
 * at the requests. Where code is compared at each entry, a block has SIM_COMPARE in its own `pass`, so that this test
 * always fails: what follows is compare.h, and nothing is added where code is not compared.
 *  - `fuel`: the instructions that may still be executed before the loop must look at the clock and the budget.
 *
 * Knows nothing of instruction sets, and nothing of libaxvcpu but the host table.
 */
#ifndef PLUGINS_SIM_CPU_H
#define PLUGINS_SIM_CPU_H

#include <axvcpu/plugin/host.h>
#include <stdbool.h>

#include "code.h"
#include "group.h"
#include "memory.h"
#include "tlb.h"

#define sim_likely(condition) __builtin_expect(!!(condition), 1)
#define sim_unlikely(condition) __builtin_expect(!!(condition), 0)

enum {
	SIM_REGISTERS = 33,
	SIM_SINK = 32 /* where ops write whose destination always reads as zero */
};

/* How often the loop regains control: about 50 us worth of instructions. */
#define SIM_QUANTUM 16384

/* What the engine asks of an architecture. */
struct sim_isa {
	/*
	 * Decodes up to `limit` instructions at `code`, of which `size` bytes can be read, into the ops of a block:
	 * what would go on past `size` is left out. Sets block->count, ends the ops with a branch or one that falls
	 * through, and seals the block. Returns the bytes of code that the ops cover.
	 */
	unsigned (*build)(struct sim_cpu *cpu, const uint8_t *code, unsigned size, unsigned limit,
			  struct sim_block *block);

	/* Makes the fetch TLB hold the page of `va`. False: it cannot be executed, and the trap or exit is under way.
	 */
	bool (*fetch_miss)(struct sim_cpu *cpu, uint64_t va);

	/* A block was decoded from these bytes of memory. NULL: the architecture has an instruction that says when code
	 * changed. */
	void (*decoded)(struct sim_cpu *cpu, uint64_t gpa, unsigned size);

	unsigned max_length; /* of an instruction, in bytes: at most 16 */
};

struct sim_cpu {
	uint64_t pc; /* while ops run: of the block's first instruction */
	uint64_t x[SIM_REGISTERS];
	int64_t fuel;
	struct sim_block *block; /* that runs */
	uint64_t pass;           /* atomic; see above */
	struct sim_block **link; /* where the block that was left last wants its successor, or NULL */
	uint64_t data_context;   /* contexts of the TLB: of loads and stores, and of fetches; never 0 */
	uint64_t fetch_context;
	uint64_t mode_key;   /* what keys of blocks have in bits 52 to 63: blocks of this mode are wanted */
	uint64_t generation; /* of the code; never 0 */
	int64_t slice;       /* the fuel that this turn of the loop began with */
	uint64_t retired;    /* instructions, before this turn */
	uint64_t compare;    /* SIM_COMPARE: blocks are compared at each entry; else 0 */
	const struct sim_isa *isa;
	const struct axarch_host *host;
	struct sim_member member;
	struct sim_memory memory;
	struct sim_code code;
	struct sim_scratch scratch;
	struct sim_jump jumps[SIM_JUMPS];
	struct sim_tlb tlb;
};

int32_t sim_cpu_init(struct sim_cpu *cpu, const struct axarch_host *host, const struct sim_isa *isa, size_t code_limit);
void sim_cpu_finish(struct sim_cpu *cpu);

/* Instructions executed (or tried: an architecture may charge for exceptions) up to the present block entry; within a
 * turn, up to the end of the running block. */
static inline uint64_t sim_cpu_retired(const struct sim_cpu *cpu)
{
	return cpu->retired + (uint64_t)(cpu->slice - cpu->fuel);
}

/* Begins a turn of at most `limit` instructions. */
void sim_cpu_begin_slice(struct sim_cpu *cpu, int64_t limit);

/* Lets chains run again after somebody broke them. What was requested before is seen by a load after this. */
static inline void sim_cpu_restore_pass(struct sim_cpu *cpu)
{
	__atomic_store_n(&cpu->pass, cpu->generation, __ATOMIC_SEQ_CST);
}

/* Whether blocks are compared at each entry from now on, as the group has it: before the code is compared anew. */
void sim_cpu_look_at_writers(struct sim_cpu *cpu);

/* Stored code may have changed: each block is compared with memory before it runs again. */
static inline void sim_cpu_code_changed(struct sim_cpu *cpu)
{
	cpu->generation++;
}

/* The context of view 0 of the address space that `key` stands for; see tlb.h. */
uint64_t sim_cpu_context(struct sim_cpu *cpu, uint64_t key);

/* Forgets the translations of the page of `va`. False: everything was forgotten, as a larger page may hold it, and
 * contexts must be asked for anew. */
bool sim_cpu_flush_page(struct sim_cpu *cpu, uint64_t va);

/* The block at cpu->pc, found or decoded, linked from where the last one was left. NULL: trap or exit under way, or the
 * instruction crosses a page, or there is no memory for another block (sim_cpu_single serves these). */
struct sim_block *sim_cpu_find_block(struct sim_cpu *cpu);

/* A block of one instruction at cpu->pc, decoded for this once. NULL: trap or exit under way. */
struct sim_block *sim_cpu_single(struct sim_cpu *cpu);

/* Runs a block, for which there is fuel, and those it leads to. */
void sim_cpu_execute(struct sim_cpu *cpu, struct sim_block *block);

/* The address of the instruction behind an op, and its length. */
static inline uint64_t sim_op_pc(const struct sim_cpu *cpu, const struct sim_op *op)
{
	return cpu->pc + (op->at & ~1u);
}

static inline unsigned sim_op_length(const struct sim_op *op)
{
	return op->at & 1 ? 4 : 2;
}

/*
 * An op ends the turn before (retire false) or after it took effect: pc becomes that instruction's or the next one's,
 * and the instructions that the block has left are given back.
 */
void sim_cpu_stop_at(struct sim_cpu *cpu, const struct sim_op *op, bool retire);

/*
 * The next op. Compiled with optimisation, ops tail-call each other; elsewhere (and under sanitizers, whose frames
 * would pile up) each returns its successor to the loop in sim_cpu_execute.
 */
#if defined(__clang__)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
	__has_feature(undefined_behavior_sanitizer) || __has_feature(coverage_sanitizer)
#define SIM_SANITIZED 1
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SIM_SANITIZED 1
#endif

#if defined(__OPTIMIZE__) && !defined(SIM_SANITIZED) && !defined(SIM_LOOP)
#if defined(__clang__)
#define SIM_TAIL __attribute__((musttail))
#else
#define SIM_TAIL
#endif
#define SIM_GOTO(cpu, target) SIM_TAIL return (target)->fn(cpu, target)
#else
#define SIM_TAIL
#define SIM_GOTO(cpu, target) return target
#endif
#define SIM_NEXT(cpu, op) SIM_GOTO(cpu, (op) + 1)

/* Whether a block may be entered now; if so it has been charged for. */
static inline bool sim_may_enter(struct sim_cpu *cpu, struct sim_block *block)
{
	if (sim_unlikely(block->pass != __atomic_load_n(&cpu->pass, __ATOMIC_RELAXED)))
		return false;
	if (sim_unlikely(cpu->fuel < block->count))
		return false;
	cpu->fuel -= block->count;
	cpu->block = block;
	return true;
}

/* The block at a virtual address as the jump cache knows it; NULL when it does not, or when it may not be entered. */
static inline struct sim_block *sim_jump_target(struct sim_cpu *cpu, uint64_t pc)
{
	const struct sim_jump *jump = &cpu->jumps[sim_jump_index(pc)];

	if (sim_unlikely(jump->pc != pc || jump->context != cpu->fetch_context))
		return NULL;
	return sim_may_enter(cpu, jump->block) ? jump->block : NULL;
}

/* The same where a link is not set yet; sets it if the jump cache knows the block. */
struct sim_block *sim_link_unset(struct sim_cpu *cpu, struct sim_block **link, uint64_t pc);

/* The successor of a block with these links, along link `way` (0 or 1) to `pc`; NULL: back to the loop. */
static inline struct sim_block *sim_link_target(struct sim_cpu *cpu, struct sim_links *links, unsigned way, uint64_t pc)
{
	struct sim_block **link = &links->to[way];
	struct sim_block *next = *link;

	if (sim_unlikely(next == NULL))
		return sim_link_unset(cpu, link, pc);
	cpu->pc = pc;
	cpu->link = link;
	return sim_may_enter(cpu, next) ? next : NULL;
}

#endif
