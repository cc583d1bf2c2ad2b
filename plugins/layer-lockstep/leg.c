/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A leg: the primary runs to its next exit, then the shadow to the same place.
 *
 * An exit that the guest makes is made by the shadow of itself, and must be the same. Where the primary came out
 * suddenly (a kick, an interrupt window, a step of the VMM's), the shadow runs to breakpoints at that address until its
 * registers and memory are the primary's.
 *
 * Registers are compared between two instructions. A write's instruction is over when both were told to finish it; a
 * read's is before its beginning at the exit, and over when the VMM has given the value and both have finished it, in
 * the next run. What has several exits is compared behind the last.
 */
#include <string.h>

#include "arch.h"
#include "lockstep.h"

int32_t leg_agree(struct lockstep *lockstep, bool *ret_agree)
{
	struct engine *primary = &lockstep->primary, *shadow = &lockstep->shadow;
	int32_t error;

	*ret_agree = registers_are_equal(lockstep, primary->now, shadow->now);
	if (!*ret_agree)
		return 0;
	error = memory_collect(lockstep);
	if (error)
		return error;
	*ret_agree = !memory_compare(lockstep, NULL, 0);
	if (!*ret_agree)
		error = differ_level_memory(lockstep, ret_agree);
	if (error || !*ret_agree)
		return error;
	memory_agree(lockstep);
	memcpy(primary->start, primary->now, lockstep->registers.size);
	memcpy(shadow->start, shadow->now, lockstep->registers.size);
	return 0;
}

static int32_t read_both(struct lockstep *lockstep)
{
	int32_t error = engine_read(lockstep, &lockstep->primary);

	return error ? error : engine_read(lockstep, &lockstep->shadow);
}

/* Who moves pc gives up the access that is under way. */
static int32_t give_up_lead(struct lockstep *lockstep)
{
	if (!lockstep->shadow_is_ahead)
		return 0;
	lockstep->shadow_is_ahead = false;
	return engine_go(lockstep, &lockstep->shadow, lockstep->shadow.now);
}

int32_t leg_follow(struct lockstep *lockstep)
{
	struct engine *primary = &lockstep->primary, *shadow = &lockstep->shadow;
	int32_t error = read_both(lockstep);

	if (!error)
		error = give_up_lead(lockstep);
	if (!error)
		error = registers_copy(lockstep, SHADOW, shadow->now, primary->now);
	if (!error)
		error = engine_read(lockstep, shadow);
	if (!error)
		error = memory_collect(lockstep);
	if (!error)
		error = memory_follow(lockstep);
	if (error)
		return error;
	memcpy(primary->start, primary->now, lockstep->registers.size);
	memcpy(shadow->start, shadow->now, lockstep->registers.size);
	return 0;
}

/* ---- the end of an instruction ---- */

static int32_t finish_both(struct lockstep *lockstep)
{
	int32_t error = engine_finish(lockstep, &lockstep->primary);

	return error ? error : engine_finish(lockstep, &lockstep->shadow);
}

static int32_t agree_in_one_shape(struct lockstep *lockstep, bool *ret_agree)
{
	int32_t error = lockstep->arch->even_out ? lockstep->arch->even_out(lockstep) : 0;

	if (!error)
		error = read_both(lockstep);
	return error ? error : leg_agree(lockstep, ret_agree);
}

static int32_t compare_or_find(struct lockstep *lockstep, enum leg_end end)
{
	bool agree = false;
	int32_t error;

	if (lockstep->touched) /* what the VMM changed meanwhile is to be carried over anyway */
		return 0;
	error = read_both(lockstep);
	if (!error)
		error = leg_agree(lockstep, &agree);
	if (!error && !agree)
		error = agree_in_one_shape(lockstep, &agree);
	return error || agree ? error : find_difference(lockstep, end);
}

/*
 * A repeated instruction is one to some engines, with all its exits, and one for each element to others: those run on
 * to the exit that the others have next. Where it is the shadow that has it already, the primary will make it in its
 * next run.
 */
static int32_t run_on_alone(struct lockstep *lockstep)
{
	struct engine *primary = &lockstep->primary, *shadow = &lockstep->shadow;
	bool late = false;
	int32_t error;

	if (primary->next.reason == AXVCPU_EXIT_NOTHING) {
		lockstep->shadow_is_ahead = shadow->next.reason != AXVCPU_EXIT_NOTHING;
		return 0;
	}
	if (shadow->next.reason != AXVCPU_EXIT_NOTHING)
		return 0;
	error = engine_run(lockstep, shadow, lockstep->options.patience_ms, &late);
	shadow->next = shadow->exit;
	return error;
}

/* After an exit whose instruction is over, unless it has another. */
static int32_t end_instruction(struct lockstep *lockstep, enum leg_end end)
{
	int32_t error = finish_both(lockstep);

	if (!error)
		error = run_on_alone(lockstep);
	if (error || lockstep->shadow_is_ahead)
		return error;
	if (!exit_is_same(&lockstep->primary.next, &lockstep->shadow.next))
		return find_difference(lockstep, LEG_ACCESS);
	if (lockstep->primary.next.reason == AXVCPU_EXIT_NOTHING)
		return compare_or_find(lockstep, end);
	lockstep->access = ACCESS_QUEUED;
	return 0;
}

/* The next exit of an instruction becomes the present one. */
static void take_next(struct engine *engine)
{
	engine->exit = engine->next;
	exit_clear(&engine->next);
}

static void give(const struct axvcpu_exit *from, struct axvcpu_exit *exit)
{
	uint32_t size = exit->size;

	memcpy(exit, from, size < sizeof(*from) ? size : sizeof(*from));
	exit->size = size;
}

int32_t leg_end_access(struct lockstep *lockstep, struct axvcpu_exit *exit, bool *ret_given)
{
	enum access access = lockstep->access;
	int32_t error = 0;

	*ret_given = false;
	lockstep->access = ACCESS_NONE;
	if (access == ACCESS_NONE)
		return 0;
	if (access == ACCESS_WAITS)
		error = end_instruction(lockstep, LEG_ACCESS);
	if (error || (access == ACCESS_WAITS && lockstep->access == ACCESS_NONE))
		return error;
	take_next(&lockstep->primary);
	take_next(&lockstep->shadow);
	give(&lockstep->primary.exit, exit);
	*ret_given = true;
	lockstep->access = ACCESS_WAITS;
	return exit_waits(exit->reason) ? 0 : end_instruction(lockstep, LEG_ACCESS);
}

/* ---- exits that the guest makes ---- */

static int32_t end_by_guest(struct lockstep *lockstep)
{
	struct engine *primary = &lockstep->primary, *shadow = &lockstep->shadow;
	uint32_t reason = primary->exit.reason;
	bool late = false;
	int32_t error = 0;

	if (lockstep->shadow_is_ahead)
		take_next(shadow);
	else
		error = engine_run(lockstep, shadow, lockstep->options.patience_ms, &late);
	lockstep->shadow_is_ahead = false;
	if (error)
		return error;
	if (late || !exit_is_same(&primary->exit, &shadow->exit))
		return find_difference(lockstep, LEG_GUEST);
	lockstep->access = exit_waits(reason) ? ACCESS_WAITS : ACCESS_NONE;
	if (reason == AXVCPU_EXIT_SYSREG_WRITE) /* until it is known whether the VMM refuses it */
		return 0;
	if (reason == AXVCPU_EXIT_SYSTEM_DOWN) { /* what processors are after it differs */
		lockstep->touched = true;
		return 0;
	}
	return exit_is_read(reason) ? compare_or_find(lockstep, LEG_GUEST) : end_instruction(lockstep, LEG_GUEST);
}

/* ---- all of it ---- */

/* The text that goes with a FailEntry is the thread's last error: it must outlive what comes here. */
static void keep_text(struct lockstep *lockstep)
{
	const char *text = lockstep->engines->error_text();

	lockstep->fail_text[0] = '\0';
	if (text)
		strncat(lockstep->fail_text, text, sizeof(lockstep->fail_text) - 1);
}

int32_t leg_enter_again(struct lockstep *lockstep)
{
	struct engine *primary = &lockstep->primary, *shadow = &lockstep->shadow;
	bool late = false;
	int32_t error;

	exit_clear(&primary->exit);
	error = primary->ops->run.fn(primary->ops->run.self, &primary->exit);
	if (error || exit_is_sudden(primary->exit.reason))
		return error;
	error = engine_run(lockstep, shadow, lockstep->options.patience_ms, &late);
	if (!error && !late && exit_is_same(&primary->exit, &shadow->exit))
		lockstep->access = exit_waits(primary->exit.reason) ? ACCESS_WAITS : ACCESS_NONE;
	else if (!error)
		return LOCKSTEP_FAIL(lockstep, AXVCPU_ERROR_INVALID_DATA,
				     "%s does not make the exit that %s makes at the instruction where they were put",
				     shadow->name, primary->name);
	return error;
}

int32_t leg_run(struct lockstep *lockstep, struct axvcpu_exit *exit)
{
	struct engine *primary = &lockstep->primary;
	uint64_t before = engine_instructions(&lockstep->shadow), counted = engine_instructions(primary);
	uint64_t executed;
	bool failed;
	int32_t error;

	exit_clear(&primary->exit);
	exit_clear(&primary->next);
	error = primary->ops->run.fn(primary->ops->run.self, &primary->exit);
	if (error)
		return error;
	failed = primary->exit.reason == AXVCPU_EXIT_FAIL_ENTRY;
	if (failed)
		keep_text(lockstep);
	lockstep->counts.legs++;
	lockstep->leg_count = engine_instructions(primary) - counted;
	if (!exit_is_sudden(primary->exit.reason))
		error = end_by_guest(lockstep);
	else if (!lockstep->shadow_is_ahead) /* else they are compared behind the instruction */
		error = chase(lockstep);
	executed = engine_instructions(&lockstep->shadow) - before;
	lockstep->counts.instructions += executed ? executed : lockstep->leg_count;
	if (error)
		return error;
	give(&primary->exit, exit);
	if (failed)
		lockstep->host->error(AXVCPU_ERROR_UNSUPPORTED, "%s", lockstep->fail_text);
	return 0;
}
