/* SPDX-License-Identifier: Apache-2.0 */
/* Finding, decoding and running blocks. See cpu.h. */
#include "cpu.h"

#include <axvcpu/error.h>
#include <string.h>

int32_t sim_cpu_init(struct sim_cpu *cpu, const struct axarch_host *host, const struct sim_isa *isa, size_t code_limit)
{
	int32_t error = sim_code_init(&cpu->code, host, code_limit);

	if (error)
		return error;
	cpu->host = host;
	cpu->isa = isa;
	cpu->generation = 1;
	cpu->member.host = host;
	cpu->member.pass = &cpu->pass;
	cpu->memory.host = host;
	sim_tlb_init(&cpu->tlb);
	return 0;
}

void sim_cpu_finish(struct sim_cpu *cpu)
{
	sim_group_leave(&cpu->member);
	sim_code_finish(&cpu->code);
}

void sim_cpu_begin_slice(struct sim_cpu *cpu, int64_t limit)
{
	cpu->retired = sim_cpu_retired(cpu);
	cpu->slice = limit;
	cpu->fuel = limit;
}

uint64_t sim_cpu_context(struct sim_cpu *cpu, uint64_t key)
{
	bool cleared;
	uint64_t context = sim_tlb_context(&cpu->tlb, key, &cleared);

	if (cleared)
		memset(cpu->jumps, 0, sizeof(cpu->jumps));
	return context;
}

bool sim_cpu_flush_page(struct sim_cpu *cpu, uint64_t va)
{
	unsigned first = sim_jump_index(va & ~SIM_PAGE_MASK) / SIM_JUMPS_PER_PAGE * SIM_JUMPS_PER_PAGE;

	if (!sim_tlb_flush_page(&cpu->tlb, va)) {
		sim_tlb_flush(&cpu->tlb);
		return false;
	}
	memset(&cpu->jumps[first], 0, SIM_JUMPS_PER_PAGE * sizeof(cpu->jumps[0]));
	return true;
}

void sim_cpu_stop_at(struct sim_cpu *cpu, const struct sim_op *op, bool retire)
{
	int64_t index = op - cpu->block->ops;

	cpu->fuel += cpu->block->count - index - retire;
	cpu->pc += (op->at & ~1u) + (retire ? sim_op_length(op) : 0);
	cpu->link = NULL;
}

/* Guest code may be written by others at any time: it is read as it is executed, in parcels of the shortest
 * instruction. */
static void copy_code(uint8_t *to, const uint8_t *from, size_t size)
{
	for (size_t i = 0; i < size; i += 2) {
		uint16_t parcel = __atomic_load_n((const uint16_t *)(const void *)(from + i), __ATOMIC_RELAXED);

		memcpy(to + i, &parcel, sizeof(parcel));
	}
}

static bool same_code(const uint8_t *copy, const uint8_t *memory, size_t size)
{
	for (size_t i = 0; i < size; i += 2) {
		uint16_t parcel = __atomic_load_n((const uint16_t *)(const void *)(memory + i), __ATOMIC_RELAXED);

		if (memcmp(copy + i, &parcel, sizeof(parcel)))
			return false;
	}
	return true;
}

/* Fills ops from `code` and returns the bytes that they cover. */
static unsigned decode_ops(const struct sim_cpu *cpu, const uint8_t *code, unsigned size, unsigned limit,
			   struct sim_block *block)
{
	struct sim_op *op = block->ops;
	unsigned at = 0;
	bool ends = false;

	while (!ends && op - block->ops < limit && at < size) {
		unsigned length = cpu->isa->decode(code + at, size - at, op, &ends);

		if (!length)
			break;
		op->at = (uint8_t)(at | (length == 4));
		at += length;
		op++;
	}
	block->count = (uint16_t)(op - block->ops);
	if (!ends) {
		*op = (struct sim_op){ .fn = cpu->isa->fall_through, .imm = (int32_t)at };
		op++;
	}
	*sim_op_links(op - 1) = (struct sim_links){ { NULL, NULL } };
	block->source = (uint8_t *)(sim_op_links(op - 1) + 1);
	return at;
}

/* Everything that points to blocks is forgotten with them. */
static struct sim_block *make_room(struct sim_cpu *cpu)
{
	struct sim_block *block = sim_code_reserve(&cpu->code);

	if (block || !cpu->code.chunks)
		return block;
	sim_code_clear(&cpu->code);
	memset(cpu->jumps, 0, sizeof(cpu->jumps));
	cpu->link = NULL;
	return sim_code_reserve(&cpu->code);
}

static struct sim_block *decode_block(struct sim_cpu *cpu, uint64_t key, const uint8_t *code, unsigned size)
{
	struct sim_block *block = make_room(cpu);
	uint8_t copy[SIM_BLOCK_BYTES];

	if (!block)
		return NULL;
	size = size < sizeof(copy) ? size : sizeof(copy);
	copy_code(copy, code, size);
	block->bytes = (uint16_t)decode_ops(cpu, copy, size, SIM_BLOCK_INSTRUCTIONS, block);
	if (!block->count)
		return NULL;
	block->key = key;
	block->pass = cpu->generation;
	memcpy(block->source, copy, block->bytes);
	sim_code_commit(&cpu->code, block, (size_t)(block->source + block->bytes - (uint8_t *)block));
	return block;
}

/* The block of a key as it is in memory now. */
static struct sim_block *present_block(struct sim_cpu *cpu, uint64_t key, const uint8_t *code, unsigned size)
{
	struct sim_block *block = sim_code_find(&cpu->code, key);

	if (block && block->pass != cpu->generation) {
		if (same_code(block->source, code, block->bytes)) {
			block->pass = cpu->generation;
		} else {
			sim_code_drop(&cpu->code, block);
			block = NULL;
		}
	}
	return block ? block : decode_block(cpu, key, code, size);
}

/* The fetch TLB's entry for va, NULL when it cannot be executed. */
static const struct sim_tlb_fetch *fetch_entry(struct sim_cpu *cpu, uint64_t va)
{
	const struct sim_tlb_fetch *entry = sim_tlb_fetch_slot(&cpu->tlb, va);

	if (entry->tag != ((va & ~SIM_PAGE_MASK) | cpu->fetch_context) && !cpu->isa->fetch_miss(cpu, va))
		return NULL;
	return entry;
}

/* A link is followed without a look at page tables, so it stays in its page: where it comes from was checked in
 * sim_link_target. */
static void link_block(struct sim_cpu *cpu, struct sim_block *block)
{
	if (cpu->link && ((cpu->block->key ^ block->key) & (~SIM_PAGE_MASK | 1)) == 0)
		*cpu->link = block;
	cpu->link = NULL;
}

struct sim_block *sim_cpu_find_block(struct sim_cpu *cpu)
{
	uint64_t va = cpu->pc;
	const struct sim_tlb_fetch *entry = fetch_entry(cpu, va);
	struct sim_block *block;

	if (!entry)
		return NULL;
	block = present_block(cpu, entry->gpa | (va & SIM_PAGE_MASK) | cpu->user,
			      (const uint8_t *)(uintptr_t)(va + entry->delta),
			      (unsigned)(SIM_PAGE_MASK + 1 - (va & SIM_PAGE_MASK)));
	if (!block)
		return NULL;
	link_block(cpu, block);
	cpu->jumps[sim_jump_index(va)] = (struct sim_jump){ va, cpu->fetch_context, block };
	return block;
}

/* Copies the instruction at pc, which may lie in two pages; returns how many bytes there are, 0 when it cannot be
 * fetched. */
static unsigned fetch_single(struct sim_cpu *cpu, uint8_t *ret_code, unsigned wanted)
{
	unsigned here = (unsigned)(SIM_PAGE_MASK + 1 - (cpu->pc & SIM_PAGE_MASK));
	unsigned first = wanted < here ? wanted : here;
	const struct sim_tlb_fetch *entry = fetch_entry(cpu, cpu->pc);

	if (!entry)
		return 0;
	copy_code(ret_code, (const uint8_t *)(uintptr_t)(cpu->pc + entry->delta), first);
	if (first == wanted)
		return wanted;
	entry = fetch_entry(cpu, cpu->pc + first);
	if (!entry)
		return 0;
	copy_code(ret_code + first, (const uint8_t *)(uintptr_t)(cpu->pc + first + entry->delta), wanted - first);
	return wanted;
}

struct sim_block *sim_cpu_single(struct sim_cpu *cpu)
{
	struct sim_block *block = (struct sim_block *)(void *)cpu->scratch.memory;
	uint8_t code[8];
	unsigned size = fetch_single(cpu, code, cpu->isa->min_length);

	if (!size)
		return NULL;
	decode_ops(cpu, code, size, 1, block);
	if (!block->count) {
		size = fetch_single(cpu, code, cpu->isa->max_length);
		if (!size)
			return NULL;
		decode_ops(cpu, code, size, 1, block);
	}
	block->key = SIM_NEVER; /* in no page: nothing links to or from it */
	return block;
}

void sim_cpu_execute(struct sim_cpu *cpu, struct sim_block *block)
{
	const struct sim_op *op = block->ops;

	cpu->fuel -= block->count;
	cpu->block = block;
	while (op)
		op = op->fn(cpu, op);
}
