/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random values that are worth computing with: a pool of bytes for each kind of operand, made once from the seed, in
 * which a good part are the edges of that kind. Registers and memory are pieces of the pools.
 */
#ifndef DIFFERENTIAL_VALUES_H
#define DIFFERENTIAL_VALUES_H

#include <stdbool.h>
#include <stdint.h>

struct random {
	uint64_t state[2];
};

enum value_kind {
	VALUE_RANDOM,
	VALUE_INT8,
	VALUE_INT16,
	VALUE_INT32,
	VALUE_INT64,
	VALUE_FLOAT16,
	VALUE_FLOAT32,
	VALUE_FLOAT64,
	VALUE_FLOAT80,
	VALUE_BCD,
	VALUE_KINDS
};

enum { VALUES_POOL_SIZE = 0x20000 };

void random_seed(struct random *random, uint64_t seed, uint64_t number);
uint64_t random_u64(struct random *random);
/* 0 to limit - 1 */
uint32_t random_below(struct random *random, uint32_t limit);
/* True in `percent` of 100 calls. */
bool random_chance(struct random *random, uint32_t percent);

/* Makes the pools; before anything else. */
void values_make(uint64_t seed);
const uint8_t *values_pool(enum value_kind kind);
void values_fill_read_only(uint8_t *ret_page);

/* Bytes of a kind, beginning at an element. */
void values_fill(struct random *random, enum value_kind kind, uint8_t *ret_bytes, uint32_t size);
/* A general register's value. */
uint64_t values_general(struct random *random);

#endif
