/* SPDX-License-Identifier: Apache-2.0 */
/* The memory and the table of decoded blocks. See code.h. */
#include "code.h"

#include <axvcpu/error.h>
#include <string.h>

enum { CHUNK_BYTES = 256 * 1024 };

#define CHUNK_ROOM (CHUNK_BYTES - offsetof(struct sim_chunk, memory))
#define LARGEST_BLOCK \
	(sizeof(struct sim_block) + (SIM_BLOCK_INSTRUCTIONS + 1) * SIM_OP_BYTES_MAX + sizeof(struct sim_links) + \
	 SIM_BLOCK_BYTES)

static size_t bucket_of(uint64_t key)
{
	return (size_t)(key ^ (key >> 12) ^ (key >> (SIM_MODE_SHIFT - 7))) % SIM_BUCKETS;
}

int32_t sim_code_init(struct sim_code *code, const struct axarch_host *host, size_t limit)
{
	*code = (struct sim_code){ .host = host, .limit = limit };
	code->buckets = host->alloc(SIM_BUCKETS * sizeof(*code->buckets));
	if (!code->buckets)
		return host->error(AXVCPU_ERROR_NO_MEMORY, "no memory for the table of decoded code (%zu bytes)",
				   SIM_BUCKETS * sizeof(*code->buckets));
	return 0;
}

void sim_code_finish(struct sim_code *code)
{
	while (code->chunks) {
		struct sim_chunk *chunk = code->chunks;

		code->chunks = chunk->next;
		code->host->free(chunk);
	}
	code->host->free(code->buckets);
}

void sim_code_clear(struct sim_code *code)
{
	memset(code->buckets, 0, SIM_BUCKETS * sizeof(*code->buckets));
	code->current = code->chunks;
	code->used = 0;
}

struct sim_block *sim_code_find(const struct sim_code *code, uint64_t key)
{
	struct sim_block *block = code->buckets[bucket_of(key)];

	while (block && block->key != key)
		block = block->next;
	return block;
}

/* Makes `current` the next chunk, which is allocated if the limit allows. */
static bool next_chunk(struct sim_code *code)
{
	struct sim_chunk **place = code->current ? &code->current->next : &code->chunks;

	if (!*place) {
		if (code->chunks && code->allocated + CHUNK_BYTES > code->limit)
			return false;
		*place = code->host->alloc(CHUNK_BYTES);
		if (!*place)
			return false;
		code->allocated += CHUNK_BYTES;
	}
	code->current = *place;
	code->used = 0;
	return true;
}

struct sim_block *sim_code_reserve(struct sim_code *code)
{
	if ((!code->current || CHUNK_ROOM - code->used < LARGEST_BLOCK) && !next_chunk(code))
		return NULL;
	return (struct sim_block *)(void *)(code->current->memory + code->used);
}

void sim_code_commit(struct sim_code *code, struct sim_block *block, size_t size)
{
	struct sim_block **bucket = &code->buckets[bucket_of(block->key)];

	code->used += (size + 15) & ~(size_t)15;
	code->decoded++;
	block->next = *bucket;
	*bucket = block;
}

void sim_code_drop(struct sim_code *code, struct sim_block *block)
{
	struct sim_block **place = &code->buckets[bucket_of(block->key)];

	while (*place != block)
		place = &(*place)->next;
	*place = block->next;
	block->pass = SIM_NEVER;
}
