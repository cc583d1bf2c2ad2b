/* SPDX-License-Identifier: Apache-2.0 */
/* See values.h. */
#include "values.h"

#include <string.h>

#include "case.h"

#define GOLDEN UINT64_C(0x9e3779b97f4a7c15)

static uint8_t pools[VALUE_KINDS][VALUES_POOL_SIZE];

/* ---- chance: splitmix64 for the seed, xorshift128+ from there ---- */

static uint64_t split(uint64_t *state)
{
	uint64_t mixed = *state += GOLDEN;

	mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
	return mixed ^ mixed >> 31;
}

void random_seed(struct random *random, uint64_t seed, uint64_t number)
{
	uint64_t state = seed * GOLDEN ^ number;

	random->state[0] = split(&state);
	random->state[1] = split(&state) | 1;
}

uint64_t random_u64(struct random *random)
{
	uint64_t one = random->state[0];
	uint64_t other = random->state[1];

	random->state[0] = other;
	one ^= one << 23;
	random->state[1] = one ^ other ^ one >> 18 ^ other >> 5;
	return random->state[1] + other;
}

uint32_t random_below(struct random *random, uint32_t limit)
{
	return (uint32_t)((random_u64(random) >> 32) * limit >> 32);
}

bool random_chance(struct random *random, uint32_t percent)
{
	return random_below(random, 100) < percent;
}

/* ---- values ---- */

static uint64_t mask_of(unsigned bits)
{
	return bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

static uint64_t make_integer(struct random *random, unsigned bits)
{
	uint64_t top = UINT64_C(1) << (bits - 1);
	uint64_t any = random_u64(random);

	switch (random_below(random, 14)) {
	case 0:
		return 0;
	case 1:
		return 1;
	case 2:
		return mask_of(bits);
	case 3:
		return top;
	case 4:
		return top - 1;
	case 5:
		return top + 1;
	case 6:
		return UINT64_C(0x5555555555555555) & mask_of(bits);
	case 7:
		return UINT64_C(0xaaaaaaaaaaaaaaaa) & mask_of(bits);
	case 8:
		return UINT64_C(1) << any % bits;
	case 9:
		return (0 - any % 20) & mask_of(bits);
	case 10:
		return any % 20 & mask_of(bits);
	default:
		return any & mask_of(bits);
	}
}

/* A fraction with few bits, or any: both round in other ways. */
static uint64_t make_fraction(struct random *random, unsigned bits)
{
	uint64_t any = random_u64(random);

	switch (random_below(random, 6)) {
	case 0:
		return 0;
	case 1:
		return mask_of(bits);
	case 2:
		return (any << (bits - 3)) & mask_of(bits);
	case 3:
		return any % 4;
	default:
		return any & mask_of(bits);
	}
}

/* Sign, exponent and fraction of a number in the formats of IEEE 754; the exponent of `bits` bits. */
static void make_float(struct random *random, unsigned bits, unsigned fraction_bits, uint64_t *ret_exponent,
		       uint64_t *ret_fraction)
{
	uint64_t bias = mask_of(bits - 1);
	uint64_t any = random_u64(random);

	*ret_fraction = make_fraction(random, fraction_bits);
	switch (random_below(random, 16)) {
	case 0:
		*ret_exponent = 0;
		*ret_fraction = 0;
		break;
	case 1:
		*ret_exponent = 0;
		break;
	case 2:
		*ret_exponent = mask_of(bits);
		*ret_fraction = 0;
		break;
	case 3: /* quiet */
		*ret_exponent = mask_of(bits);
		*ret_fraction |= UINT64_C(1) << (fraction_bits - 1);
		break;
	case 4: /* signalling, unless the fraction is 0 */
		*ret_exponent = mask_of(bits);
		*ret_fraction &= mask_of(fraction_bits - 1);
		break;
	case 5:
		*ret_exponent = 1 + any % 3;
		break;
	case 6:
		*ret_exponent = mask_of(bits) - 1 - any % 3;
		break;
	case 7: /* what the conversions to integers find hard */
		*ret_exponent = (bias + 6 + any % 60) & mask_of(bits);
		break;
	case 8: /* products at the edge of underflow and overflow */
		*ret_exponent = any & 1 ? bias / 2 + any / 2 % 4 : bias + bias / 2 + any / 2 % 4;
		break;
	case 9:
		*ret_exponent = any & mask_of(bits);
		break;
	default:
		*ret_exponent = bias - 4 + any % 9;
		break;
	}
}

static void put_float(struct random *random, unsigned bits, unsigned fraction_bits, uint8_t *to)
{
	uint64_t exponent;
	uint64_t fraction;
	uint64_t value;

	make_float(random, bits, fraction_bits, &exponent, &fraction);
	value = (random_u64(random) & 1) << (bits + fraction_bits) | exponent << fraction_bits | fraction;
	memcpy(to, &value, (bits + fraction_bits + 1) / 8);
}

/* The integer bit goes with the exponent, but for the encodings that no x87 since the 387 makes. */
static void put_float80(struct random *random, uint8_t *to)
{
	uint64_t exponent;
	uint64_t fraction;
	uint16_t high;

	make_float(random, 15, 63, &exponent, &fraction);
	if (exponent ? !random_chance(random, 3) : random_chance(random, 10))
		fraction |= UINT64_C(1) << 63;
	high = (uint16_t)(exponent | (random_u64(random) & 1) << 15);
	memcpy(to, &fraction, 8);
	memcpy(to + 8, &high, 2);
}

static void put_bcd(struct random *random, uint8_t *to)
{
	bool is_valid = random_chance(random, 90);

	for (unsigned i = 0; i < 10; i++)
		to[i] = (uint8_t)(is_valid ? random_below(random, 10) << 4 | random_below(random, 10)
					   : random_below(random, 256));
	if (is_valid)
		to[9] = random_chance(random, 50) ? 0x80 : 0;
}

static unsigned size_of_kind(enum value_kind kind)
{
	static const uint8_t sizes[VALUE_KINDS] = { 8, 1, 2, 4, 8, 2, 4, 8, 10, 10 };

	return sizes[kind];
}

static void put_value(struct random *random, enum value_kind kind, uint8_t *to)
{
	uint64_t value;

	switch (kind) {
	case VALUE_FLOAT16:
		put_float(random, 5, 10, to);
		return;
	case VALUE_FLOAT32:
		put_float(random, 8, 23, to);
		return;
	case VALUE_FLOAT64:
		put_float(random, 11, 52, to);
		return;
	case VALUE_FLOAT80:
		put_float80(random, to);
		return;
	case VALUE_BCD:
		put_bcd(random, to);
		return;
	default:
		value = kind == VALUE_RANDOM ? random_u64(random) : make_integer(random, 8 * size_of_kind(kind));
		memcpy(to, &value, size_of_kind(kind));
		return;
	}
}

void values_make(uint64_t seed)
{
	for (unsigned kind = 0; kind < VALUE_KINDS; kind++) {
		unsigned size = size_of_kind(kind);
		struct random random;

		random_seed(&random, seed, UINT64_MAX - kind);
		for (unsigned at = 0; at + size <= VALUES_POOL_SIZE; at += size)
			put_value(&random, kind, &pools[kind][at]);
	}
}

const uint8_t *values_pool(enum value_kind kind)
{
	return pools[kind];
}

void values_fill_read_only(uint8_t *ret_page)
{
	memcpy(ret_page, pools[VALUE_INT32], CASE_READ_ONLY_SIZE);
}

void values_fill(struct random *random, enum value_kind kind, uint8_t *ret_bytes, uint32_t size)
{
	uint32_t element = size_of_kind(kind);
	uint32_t places = (VALUES_POOL_SIZE - size) / element;

	memcpy(ret_bytes, &pools[kind][random_below(random, places) * element], size);
}

uint64_t values_general(struct random *random)
{
	static const uint8_t bits[] = { 8, 16, 32, 64 };
	unsigned width = bits[random_below(random, 4)];
	uint64_t value = make_integer(random, width);

	/* What lies above a narrow value is anything, zeros, or its sign. */
	switch (random_below(random, 3)) {
	case 0:
		return width == 64 ? value : value | random_u64(random) << width;
	case 1:
		return value;
	default:
		return (uint64_t)((int64_t)(value << (64 - width)) >> (64 - width));
	}
}

void case_fill_memory(const struct test_case *test, uint8_t *ret_memory)
{
	memcpy(ret_memory, &pools[test->pool][test->pool_offset], CASE_DATA_SIZE);
	for (uint32_t i = 0; i < test->patch_count; i++) {
		const struct patch *patch = &test->patches[i];

		for (uint32_t at = 0; at < patch->size; at++) {
			uint64_t offset = patch->address + at - CASE_DATA;

			if (offset < CASE_DATA_SIZE)
				ret_memory[offset] = test->patch_bytes[patch->offset + at];
		}
	}
}
