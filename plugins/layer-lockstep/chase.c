/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shadow's way to where the primary came out suddenly.
 *
 * Where both count instructions it executes as many. Else it is stopped by a breakpoint at that address, until
 * registers and memory are the primary's. Of a loop that may be a million stops: while a register goes on by as much
 * from stop to stop, in as many instructions, most of the way to the value that it must have is made at once. If that
 * was too far it is done again without.
 */
#include <string.h>

#include "arch.h"
#include "lockstep.h"

enum { GENERAL_MAX = 40, SAMPLES = 3, SAMPLE_EVERY = 64, STOPS_LEFT_MIN = 64 };

/* What the general registers were at a stop. */
struct sample {
	uint64_t general[GENERAL_MAX];
	uint64_t instructions;
};

struct way {
	struct sample samples[SAMPLES];
	uint64_t stops;
	bool leaps; /* it may */
	bool leapt; /* it did */
};

/* Few registers are read where it is not there yet. */
static int32_t look(struct lockstep *lockstep, bool *ret_agree)
{
	int32_t error = registers_match(lockstep, SHADOW, lockstep->primary.now, ret_agree);

	if (error || !*ret_agree)
		return error;
	error = engine_read(lockstep, &lockstep->shadow);
	return error ? error : leg_agree(lockstep, ret_agree);
}

/* ---- leaps ---- */

static bool is_general(const struct row *row)
{
	return AXVCPU_REG_ID_GROUP(row->reg->id) == AXVCPU_REG_GENERAL && row->is_compared &&
	       row->reg->size == sizeof(uint64_t);
}

static int32_t take_sample(struct lockstep *lockstep, struct sample *ret_sample)
{
	const struct registers *registers = &lockstep->registers;
	const struct axarch_dispatch *ops = lockstep->shadow.ops;
	unsigned count = 0;
	int32_t error = 0;

	ret_sample->instructions = engine_instructions(&lockstep->shadow);
	for (uint32_t i = 0; i < registers->count && count < GENERAL_MAX && !error; i++)
		if (is_general(&registers->rows[i]))
			error = ops->get_reg.fn(ops->get_reg.self, registers->rows[i].reg->id,
						&ret_sample->general[count++], sizeof(uint64_t));
	return error;
}

/* How many stops are left, by the general register of this number; 0: it does not tell. */
static uint64_t stops_left(const struct way *way, unsigned number, uint64_t wanted)
{
	uint64_t last = way->samples[2].general[number], step = last - way->samples[1].general[number];
	uint64_t left = wanted - last;

	if (!step || way->samples[1].general[number] - way->samples[0].general[number] != step)
		return 0;
	if ((int64_t)step < 0) {
		step = 0 - step;
		left = 0 - left;
	}
	return (int64_t)left < 0 || left % step ? 0 : left / step;
}

/* The fewest that any register tells of. */
static uint64_t least_stops_left(const struct lockstep *lockstep, const struct way *way)
{
	const struct registers *registers = &lockstep->registers;
	uint64_t least = UINT64_MAX;
	unsigned number = 0;

	for (uint32_t i = 0; i < registers->count && number < GENERAL_MAX; i++) {
		uint64_t wanted, left;

		if (!is_general(&registers->rows[i]))
			continue;
		memcpy(&wanted, lockstep->primary.now + registers->rows[i].offset, sizeof(wanted));
		left = stops_left(way, number++, wanted);
		if (left && left < least)
			least = left;
	}
	return least == UINT64_MAX ? 0 : least;
}

static int32_t leap(struct lockstep *lockstep, struct way *way)
{
	uint64_t each = way->samples[2].instructions - way->samples[1].instructions, left;
	bool there;

	if (!each || way->samples[1].instructions - way->samples[0].instructions != each)
		return 0;
	left = least_stops_left(lockstep, way);
	if (left < STOPS_LEFT_MIN || left > UINT64_MAX / each)
		return 0;
	way->leapt = true;
	return engine_advance(lockstep, &lockstep->shadow, (left - left / 8) * each, &there);
}

/* Now and then a few stops in a row are looked at. */
static int32_t look_for_leap(struct lockstep *lockstep, struct way *way, uint64_t address)
{
	unsigned number = (unsigned)(way->stops++ % SAMPLE_EVERY);
	int32_t error;

	if (!way->leaps || number >= SAMPLES)
		return 0;
	error = take_sample(lockstep, &way->samples[number]);
	if (error || number != SAMPLES - 1)
		return error;
	engine_set_breakpoint(&lockstep->shadow, address, false);
	error = leap(lockstep, way);
	engine_set_breakpoint(&lockstep->shadow, address, true);
	return error;
}

/* ---- stops ---- */

static int32_t run_to_stops(struct lockstep *lockstep, struct way *way, uint64_t address, bool *ret_agree)
{
	uint64_t end = engine_ms() + lockstep->options.patience_ms;
	bool late = false;
	int32_t error = 0;

	while (!error && !*ret_agree && engine_ms() < end) {
		error = engine_run(lockstep, &lockstep->shadow, lockstep->options.patience_ms, &late);
		if (error || late || lockstep->shadow.exit.reason != AXVCPU_EXIT_DEBUG)
			break;
		error = look(lockstep, ret_agree);
		if (!error && !*ret_agree)
			error = look_for_leap(lockstep, way, address);
	}
	return error;
}

static int32_t go_by_stops(struct lockstep *lockstep, struct way *way, bool *ret_agree)
{
	uint64_t address = lockstep->arch->address(lockstep, lockstep->primary.now);
	int32_t error = engine_set_breakpoint(&lockstep->shadow, address, true);

	if (error)
		return error;
	error = run_to_stops(lockstep, way, address, ret_agree);
	engine_set_breakpoint(&lockstep->shadow, address, false);
	return error;
}

static int32_t catch_up(struct lockstep *lockstep, bool *ret_agree)
{
	struct way way = { .leaps = lockstep->shadow.has_budget };
	int32_t error = go_by_stops(lockstep, &way, ret_agree);

	if (error || *ret_agree || !way.leapt)
		return error;
	way = (struct way){ .leaps = false };
	error = engine_rewind_shadow(lockstep);
	return error ? error : go_by_stops(lockstep, &way, ret_agree);
}

/* What is delivered at the end is delivered by both: they look for it in the same place. */
static int32_t run_by_count(struct lockstep *lockstep, bool *ret_agree)
{
	bool there;
	int32_t error = engine_advance(lockstep, &lockstep->shadow, lockstep->leg_count, &there);

	return error ? error : look(lockstep, ret_agree);
}

int32_t chase(struct lockstep *lockstep)
{
	bool agree = false;
	int32_t error = engine_read(lockstep, &lockstep->primary);

	if (!error && lockstep->arch->wake)
		error = lockstep->arch->wake(lockstep);
	if (!error)
		error = look(lockstep, &agree);
	if (!error && !agree && lockstep->leg_count && lockstep->shadow.has_budget)
		error = run_by_count(lockstep, &agree);
	else if (!error && !agree)
		error = catch_up(lockstep, &agree);
	return error || agree ? error : find_difference(lockstep, LEG_SUDDEN);
}
