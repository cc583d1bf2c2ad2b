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

/* An architecture whose code changes at an instruction that says so compares it there, and need not here. */
void sim_cpu_look_at_writers(struct sim_cpu *cpu)
{
	cpu->compare = cpu->isa->decoded && sim_group_has_writers(cpu->member.group) ? SIM_COMPARE : 0;
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

static void forget_jumps(struct sim_cpu *cpu, uint64_t va)
{
	unsigned first = sim_jump_index(va & ~SIM_PAGE_MASK) / SIM_JUMPS_PER_PAGE * SIM_JUMPS_PER_PAGE;

	memset(&cpu->jumps[first], 0, SIM_JUMPS_PER_PAGE * sizeof(cpu->jumps[0]));
}

bool sim_cpu_flush_page(struct sim_cpu *cpu, uint64_t va)
{
	if (!sim_tlb_flush_page(&cpu->tlb, va)) {
		sim_tlb_flush(&cpu->tlb);
		return false;
	}
	forget_jumps(cpu, va);
	forget_jumps(cpu, va - SIM_PAGE_MASK - 1); /* there may be an instruction that crosses into the page */
	return true;
}

void sim_cpu_stop_at(struct sim_cpu *cpu, const struct sim_op *op, bool retire)
{
	int64_t index = op - cpu->block->ops;

	cpu->fuel += cpu->block->count - index - retire;
	cpu->pc += (op->at & ~1u) + (retire ? sim_op_length(op) : 0);
	cpu->link = NULL;
}

/*
 * Guest code may be written by others at any time. It is read in aligned words, so that an instruction that lies in one
 * and is exchanged by one store is read as it was or as it is, and no mixture. The word that holds a byte is in its
 * page. Returns how many of its bytes, from *ret_piece on, were wanted.
 */
__attribute__((no_sanitize("thread"))) static size_t load_code(const uint8_t *from, size_t size, uint64_t *word,
							       const uint8_t **ret_piece)
{
	size_t skipped = (uintptr_t)from % sizeof(*word), there = sizeof(*word) - skipped;

	*word = __atomic_load_n((const uint64_t *)(const void *)(from - skipped), __ATOMIC_RELAXED);
	*ret_piece = (const uint8_t *)word + skipped;
	return size < there ? size : there;
}

static void copy_code(uint8_t *to, const uint8_t *from, size_t size)
{
	const uint8_t *piece;
	uint64_t word;

	for (size_t i = 0, step; i < size; i += step) {
		step = load_code(from + i, size - i, &word, &piece);
		memcpy(to + i, piece, step);
	}
}

static bool same_code(const uint8_t *copy, const uint8_t *memory, size_t size)
{
	const uint8_t *piece;
	uint64_t word;

	for (size_t i = 0, step; i < size; i += step) {
		step = load_code(memory + i, size - i, &word, &piece);
		if (memcmp(copy + i, piece, step))
			return false;
	}
	return true;
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

/* Where a block's code lies: in one page, or in two, of which the second is not looked at unless it must be. */
struct place {
	uint64_t gpa, second_gpa; /* second_gpa: SIM_NEVER: not known */
	const uint8_t *code, *second;
	unsigned here; /* bytes in the first page */
};

static void decoded(struct sim_cpu *cpu, const struct place *place, unsigned bytes)
{
	unsigned first = bytes < place->here ? bytes : place->here;

	if (!cpu->isa->decoded)
		return;
	cpu->isa->decoded(cpu, place->gpa, first);
	if (bytes > first)
		cpu->isa->decoded(cpu, place->second_gpa, bytes - first);
}

static bool is_as_decoded(const struct sim_block *block, const struct place *place)
{
	unsigned first = block->bytes < place->here ? block->bytes : place->here;

	return same_code(block->source, place->code, first) &&
	       (block->bytes == first || same_code(block->source + first, place->second, block->bytes - first));
}

/* Of a block that matches memory, and whose lines are marked. */
static uint64_t present_pass(const struct sim_cpu *cpu)
{
	return cpu->generation | cpu->compare;
}

static struct sim_block *keep(struct sim_cpu *cpu, struct sim_block *block, const struct place *place,
			      const uint8_t *copy)
{
	block->key = place->gpa | cpu->mode_key;
	block->second = block->bytes > place->here ? place->second_gpa : SIM_NEVER;
	memcpy(block->source, copy, block->bytes);
	/* What is written from here on is heard of; what was written since the copy is found at the next entry. */
	decoded(cpu, place, block->bytes);
	block->pass = !cpu->isa->decoded || is_as_decoded(block, place) ? present_pass(cpu) : SIM_NEVER;
	sim_code_commit(&cpu->code, block, (size_t)(block->source + block->bytes - (uint8_t *)block));
	return block;
}

/* NULL: not an instruction fits into the page, or there is no memory. */
static struct sim_block *decode_block(struct sim_cpu *cpu, const struct place *place)
{
	struct sim_block *block = make_room(cpu);
	uint8_t copy[SIM_BLOCK_BYTES];
	unsigned size = place->here < sizeof(copy) ? place->here : sizeof(copy);

	if (!block)
		return NULL;
	copy_code(copy, place->code, size);
	block->bytes = (uint16_t)cpu->isa->build(cpu, copy, size, SIM_BLOCK_INSTRUCTIONS, block);
	return block->count ? keep(cpu, block, place, copy) : NULL;
}

/* The one instruction that begins at the end of a page and goes on in the next. */
static struct sim_block *decode_crossing(struct sim_cpu *cpu, const struct place *place)
{
	struct sim_block *block = make_room(cpu);
	uint8_t copy[16];

	if (!block || place->here >= cpu->isa->max_length)
		return NULL;
	copy_code(copy, place->code, place->here);
	copy_code(copy + place->here, place->second, cpu->isa->max_length - place->here);
	block->bytes = (uint16_t)cpu->isa->build(cpu, copy, cpu->isa->max_length, 1, block);
	return block->count ? keep(cpu, block, place, copy) : NULL;
}

/* The fetch TLB's entry for va, NULL when it cannot be executed. */
static const struct sim_tlb_fetch *fetch_entry(struct sim_cpu *cpu, uint64_t va)
{
	const struct sim_tlb_fetch *entry = sim_tlb_fetch_slot(&cpu->tlb, va);

	if (entry->tag != ((va & ~SIM_PAGE_MASK) | cpu->fetch_context) && !cpu->isa->fetch_miss(cpu, va))
		return NULL;
	return entry;
}

/* A link is followed without a look at page tables, so it stays in its page: where it comes from was checked when
 * cpu->link was set. */
static bool may_link(const struct sim_block *from, const struct sim_block *to)
{
	return ((from->key ^ to->key) & ~SIM_PAGE_MASK) == 0 && to->second == SIM_NEVER;
}

static void link_block(struct sim_cpu *cpu, struct sim_block *block)
{
	if (cpu->link && may_link(cpu->block, block))
		*cpu->link = block;
	cpu->link = NULL;
}

struct sim_block *sim_link_unset(struct sim_cpu *cpu, struct sim_block **link, uint64_t pc)
{
	const struct sim_block *from = cpu->block;
	bool here = ((cpu->pc ^ pc) & ~SIM_PAGE_MASK) == 0;
	struct sim_block *next;

	cpu->pc = pc;
	cpu->link = here ? link : NULL;
	next = sim_jump_target(cpu, pc);
	if (next && here && may_link(from, next))
		*link = next;
	return next;
}

/* Fills in the second page of a place. */
static bool find_second(struct sim_cpu *cpu, uint64_t va, struct place *place)
{
	const struct sim_tlb_fetch *entry = fetch_entry(cpu, va + place->here);

	if (!entry)
		return false;
	place->second_gpa = entry->gpa;
	place->second = (const uint8_t *)(uintptr_t)(va + place->here + entry->delta);
	return true;
}

/* Whether a block may run, as far as its code goes. Lines are marked before they are compared: no store is missed. */
static bool is_present(struct sim_cpu *cpu, struct sim_block *block, const struct place *place)
{
	if (block->pass == cpu->generation)
		return true;
	if (block->pass != present_pass(cpu))
		decoded(cpu, place, block->bytes);
	if (!is_as_decoded(block, place))
		return false;
	block->pass = present_pass(cpu);
	return true;
}

/* The block of a place as it is in memory now; NULL also when its second page cannot be executed: then an exception or
 * exit is under way. */
static struct sim_block *present_block(struct sim_cpu *cpu, uint64_t va, struct place *place)
{
	struct sim_block *block = sim_code_find(&cpu->code, place->gpa | cpu->mode_key);

	if (!block)
		return NULL;
	if (block->second != SIM_NEVER && !find_second(cpu, va, place))
		return NULL;
	if (block->second == place->second_gpa && is_present(cpu, block, place))
		return block;
	sim_code_drop(&cpu->code, block);
	place->second_gpa = SIM_NEVER;
	return NULL;
}

struct sim_block *sim_cpu_find_block(struct sim_cpu *cpu)
{
	uint64_t va = cpu->pc;
	const struct sim_tlb_fetch *entry = fetch_entry(cpu, va);
	struct place place = { .second_gpa = SIM_NEVER, .here = (unsigned)(SIM_PAGE_MASK + 1 - (va & SIM_PAGE_MASK)) };
	struct sim_block *block;

	if (!entry)
		return NULL;
	place.gpa = entry->gpa | (va & SIM_PAGE_MASK);
	place.code = (const uint8_t *)(uintptr_t)(va + entry->delta);
	block = present_block(cpu, va, &place);
	if (!block && place.second_gpa == SIM_NEVER)
		block = decode_block(cpu, &place);
	if (!block && place.here < cpu->isa->max_length &&
	    (place.second_gpa != SIM_NEVER || find_second(cpu, va, &place)))
		block = decode_crossing(cpu, &place);
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
	uint8_t code[16];
	unsigned here = (unsigned)(SIM_PAGE_MASK + 1 - (cpu->pc & SIM_PAGE_MASK));
	unsigned size = fetch_single(cpu, code, here < cpu->isa->max_length ? here : cpu->isa->max_length);

	if (!size)
		return NULL;
	block->bytes = (uint16_t)cpu->isa->build(cpu, code, size, 1, block);
	if (!block->count) {
		size = fetch_single(cpu, code, cpu->isa->max_length);
		if (!size)
			return NULL;
		block->bytes = (uint16_t)cpu->isa->build(cpu, code, size, 1, block);
	}
	memcpy(block->source, code, block->bytes); /* executors look at it */
	block->key = SIM_NEVER;                    /* in no page: nothing links to or from it */
	block->second = SIM_NEVER;
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
