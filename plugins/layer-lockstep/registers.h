/* SPDX-License-Identifier: Apache-2.0 */
/* All registers of an engine as one block of bytes. Knows nothing of what a register means. */
#ifndef PLUGINS_LAYER_LOCKSTEP_REGISTERS_H
#define PLUGINS_LAYER_LOCKSTEP_REGISTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <axvcpu/state.h>

struct lockstep;

enum side { PRIMARY, SHADOW, SIDES };

struct row {
	const struct axvcpu_reg *reg;
	uint32_t offset;           /* in a block */
	bool has[SIDES];           /* the engine has it, and it is state that can be written back */
	bool is_compared;          /* both have it, and it is not on the list of what may differ */
	uint64_t mask;             /* of bits that are compared, in a register of up to 8 bytes */
	const struct row *depends; /* it means nothing where this has the bit clear; NULL: it always does */
	uint64_t bit;
};

struct registers {
	struct row *rows;
	uint32_t count;
	uint32_t size; /* of a block */
};

/* Finds out which registers each engine has, and makes the blocks of both. */
int32_t registers_init(struct lockstep *lockstep);
void registers_finish(struct lockstep *lockstep);

/* Every register that the engine has. */
int32_t registers_read(struct lockstep *lockstep, enum side side, uint8_t *ret_block);
/* Writes those that differ from `have`, which is what the engine has now. */
int32_t registers_write(struct lockstep *lockstep, enum side side, const uint8_t *have, const uint8_t *wanted);
/* The same of registers that both have, from a block of the other engine's. */
int32_t registers_copy(struct lockstep *lockstep, enum side to, const uint8_t *have, const uint8_t *wanted);

/* Whether the engine has what is in `wanted`, of what is compared: reads no more than it must. */
int32_t registers_match(struct lockstep *lockstep, enum side side, const uint8_t *wanted, bool *ret_match);

bool registers_are_equal(const struct lockstep *lockstep, const uint8_t *one, const uint8_t *other);
/* The bytes alone. */
bool row_is_equal(const struct row *row, const uint8_t *one, const uint8_t *other);
/* Whether they agree in it, as far as it is compared. */
bool row_is_same(const struct row *row, const uint8_t *one, const uint8_t *other);

/* By number; NULL: none of both has it. */
const struct row *registers_row(const struct lockstep *lockstep, uint64_t id);
/* Of up to 8 bytes; 0 where there is none. */
uint64_t registers_get(const struct lockstep *lockstep, const uint8_t *block, uint64_t id);

#endif
