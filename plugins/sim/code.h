/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoded guest code: ops, blocks of them, the table that finds a block by physical address, and the jump cache that
 * finds it by virtual address.
 *
 * Blocks belong to one vCPU, so no lock guards them. They are keyed by guest-physical address and mode, and therefore
 * survive a change of page tables; a link between two blocks stays inside one page for the same reason. An instruction
 * that crosses into the next page is a block of its own, which knows both pages and is reached by the jump cache only.
 * The memory of blocks is taken from chunks that grow up to a limit; when that is reached everything is forgotten at
 * once.
 *
 * How changed code is noticed: every block keeps a copy of the bytes that it was decoded from, and the generation of
 * the code in which these were last compared with memory. A fence.i, a host write, or a store to a line that code was
 * decoded from (where the architecture wants stores to be seen at once: see sim_group_mark_code) begins a new
 * generation, and a block is compared again on its first entry after that. That costs no more than a comparison of some
 * twenty bytes per block and generation.
 *
 * While vCPUs of other engines write without anybody being told (and the architecture has no instruction that says when
 * code changed), blocks are compared each time that they are entered: see compare.h.
 */
#ifndef PLUGINS_SIM_CODE_H
#define PLUGINS_SIM_CODE_H

#include <axvcpu/plugin/host.h>
#include <stdbool.h>
#include <stdint.h>

struct sim_cpu;
struct sim_op;

/* Executes an op. Returns the op to go on with (see SIM_NEXT), or NULL: back to the loop. */
typedef const struct sim_op *(*sim_exec_fn)(struct sim_cpu *cpu, const struct sim_op *op);

/* The op of an architecture with fixed register fields. One that needs more has its own, whose first member is fn. */
struct sim_op {
	sim_exec_fn fn;
	int32_t imm;
	uint8_t rd, rs1, rs2; /* registers; SIM_SINK for a destination that is always zero */
	uint8_t at; /* offset in bytes from the block's start (even); bit 0: the instruction has 4 bytes, not 2 */
};

/* Follows the last op of a block. */
struct sim_links {
	struct sim_block *to[2];
};

struct sim_block {
	uint64_t pass; /* generation of the code in which it was compared with memory, SIM_COMPARE with it: see cpu.h */
	uint16_t count; /* instructions */
	uint16_t bytes; /* of guest code */
	uint32_t reserved;
	uint64_t key;    /* guest-physical address; bits 52 to 63: the mode that it was decoded for */
	uint64_t second; /* guest-physical address of the page that its last bytes lie in; SIM_NEVER: it is in one page
			  */
	struct sim_block *next; /* in its bucket */
	uint8_t *source;        /* the copy of the guest code */
	_Alignas(16) struct sim_op ops[];
};

enum {
	SIM_BLOCK_INSTRUCTIONS = 64,
	SIM_BLOCK_BYTES = 256,
	SIM_BUCKETS = 16384,
	SIM_OP_BYTES_MAX = 32,
	SIM_MODE_SHIFT = 52,
	SIM_JUMPS_PER_PAGE = 64,
	SIM_JUMP_PAGES = 64,
	SIM_JUMPS = SIM_JUMPS_PER_PAGE * SIM_JUMP_PAGES
};

#define SIM_NEVER UINT64_MAX            /* a generation that never comes: of blocks that must not run again */
#define SIM_COMPARE (UINT64_C(1) << 63) /* with a generation: and that is done at each entry */

struct sim_jump {
	uint64_t pc;
	uint64_t context; /* of the fetch TLB, under which it was found; 0: empty */
	struct sim_block *block;
};

/* Room for one block of one instruction that nobody keeps, and the copy of its code. */
struct sim_scratch {
	_Alignas(16) uint8_t memory[sizeof(struct sim_block) + 2 * SIM_OP_BYTES_MAX + sizeof(struct sim_links) + 16];
};

struct sim_chunk {
	struct sim_chunk *next;
	_Alignas(16) uint8_t memory[];
};

struct sim_code {
	const struct axarch_host *host;
	struct sim_chunk *chunks; /* all of them, in the order in which they are filled */
	struct sim_chunk *current;
	size_t used;      /* bytes of current */
	size_t allocated; /* bytes in all */
	size_t limit;
	uint64_t decoded; /* blocks, since the start */
	struct sim_block **buckets;
};

int32_t sim_code_init(struct sim_code *code, const struct axarch_host *host, size_t limit);
void sim_code_finish(struct sim_code *code);

/* Forgets all blocks. Links and jump caches that point to them must go as well. */
void sim_code_clear(struct sim_code *code);

struct sim_block *sim_code_find(const struct sim_code *code, uint64_t key);

/* Room for the largest block, or NULL when the limit is reached (clear, then it succeeds) or the host has no more. */
struct sim_block *sim_code_reserve(struct sim_code *code);
/* Keeps the block that was built in the room, `size` bytes of it, and lets it be found. */
void sim_code_commit(struct sim_code *code, struct sim_block *block, size_t size);
/* Takes a block out of the table, so that its address can be decoded anew. Its memory stays. */
void sim_code_drop(struct sim_code *code, struct sim_block *block);

/* Pages have their entries side by side, so that those of one page can be forgotten. */
static inline unsigned sim_jump_index(uint64_t pc)
{
	return (unsigned)((pc >> 12) % SIM_JUMP_PAGES * SIM_JUMPS_PER_PAGE +
			  ((pc >> 1) ^ (pc >> 7)) % SIM_JUMPS_PER_PAGE);
}

static inline struct sim_links *sim_op_links(const struct sim_op *last)
{
	return (struct sim_links *)(uintptr_t)(last + 1);
}

/* Ends a block that was built: its links, which follow the last op, are not set yet, and its source lies behind them.
 */
static inline void sim_block_seal(struct sim_block *block, struct sim_links *links)
{
	*links = (struct sim_links){ { NULL, NULL } };
	block->source = (uint8_t *)(links + 1);
}

#endif
