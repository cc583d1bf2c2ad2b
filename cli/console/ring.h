/* SPDX-License-Identifier: Apache-2.0 */
/* A ring of bytes on the caller's memory. One thread at a time. */
#ifndef CLI_CONSOLE_RING_H
#define CLI_CONSOLE_RING_H

#include <stddef.h>
#include <stdint.h>

struct ring {
	uint8_t *data;
	size_t capacity;
	size_t start; /* of the oldest byte */
	size_t count;
};

static inline size_t ring_room(const struct ring *ring)
{
	return ring->capacity - ring->count;
}

/* Drops the byte when there is no room. */
static inline void ring_put(struct ring *ring, uint8_t byte)
{
	if (!ring_room(ring))
		return;
	ring->data[(ring->start + ring->count) % ring->capacity] = byte;
	ring->count++;
}

/* The oldest bytes that lie in one piece; returns how many. */
static inline size_t ring_peek(const struct ring *ring, const uint8_t **ret_data)
{
	size_t to_end = ring->capacity - ring->start;

	*ret_data = ring->data + ring->start;
	return ring->count < to_end ? ring->count : to_end;
}

static inline void ring_drop(struct ring *ring, size_t count)
{
	ring->start = (ring->start + count) % ring->capacity;
	ring->count -= count;
}

#endif
