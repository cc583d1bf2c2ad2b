/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a leg that ended in different states to the first instruction that differs.
 *
 * Both go back to the last agreement and come forward again, agreeing as they go: in leaps of so many instructions as
 * long as these end alike, and by single steps where one did not. An engine that counts is given a budget; the other
 * one is stopped by breakpoints where the first one came to. A difference that may be is levelled out, and is counted.
 * After all of it the primary is put back to where the leg had ended, so that for the VMM nothing has happened.
 */
#include <string.h>

#include "arch.h"
#include "lockstep.h"

#define LEAP_FIRST UINT64_C(16384)
#define LEAP_MIN UINT64_C(256) /* fewer are stepped */
#define LEAP_MAX (UINT64_C(1) << 34)
#define LEAP_MS 5000u    /* that one leap of an engine may take */
#define LEAP_STOPS 2000u /* breakpoints on its way */

struct search {
	enum leg_end end;
	struct axvcpu_exit exit;        /* of the primary: the leg's */
	struct instruction instruction; /* that was stepped last */
	uint64_t allowed;
	uint64_t done; /* instructions, by the counts of leaps and steps */
};

/* ---- back and forth ---- */

static int32_t rewind_both(struct lockstep *lockstep)
{
	int32_t error = memory_collect(lockstep);

	if (!error)
		error = memory_rewind(lockstep, true, true);
	if (!error)
		error = engine_go(lockstep, &lockstep->primary, lockstep->primary.start);
	return error ? error : engine_go(lockstep, &lockstep->shadow, lockstep->shadow.start);
}

static void quiet(struct lockstep *lockstep, bool on)
{
	const struct axarch_dispatch *ops = lockstep->primary.ops;

	for (uint32_t line = 0; line < 64; line++)
		if (lockstep->lines >> line & 1)
			ops->set_interrupt_line.fn(ops->set_interrupt_line.self, line, !on);
	for (uint32_t i = 0; i < lockstep->breakpoint_count; i++)
		engine_set_breakpoint(&lockstep->primary, lockstep->breakpoints[i], !on);
	engine_set_step(&lockstep->primary, !on && lockstep->single_step);
	if (!on && lockstep->has_budget) /* the search has spent it */
		ops->set_budget.fn(ops->set_budget.self, 0);
}

static bool is_at_end(struct lockstep *lockstep, const struct search *search)
{
	return search->end == LEG_SUDDEN &&
	       registers_are_equal(lockstep, lockstep->primary.now, lockstep->primary.end) && memory_is_kept(lockstep);
}

/* ---- leaps ---- */

static int32_t read_both(struct lockstep *lockstep)
{
	int32_t error = engine_read(lockstep, &lockstep->primary);

	return error ? error : engine_read(lockstep, &lockstep->shadow);
}

static struct engine *other_of(struct lockstep *lockstep, const struct engine *engine)
{
	return engine->side == PRIMARY ? &lockstep->shadow : &lockstep->primary;
}

/* Stops on the way of `engine`, until it is where the other is. */
static int32_t go_after(struct lockstep *lockstep, struct engine *engine, const struct search *search, bool *ret_agree)
{
	int32_t error = 0;

	for (unsigned i = 0; i < LEAP_STOPS && !error; i++) {
		bool late = false;

		error = engine_run(lockstep, engine, LEAP_MS, &late);
		if (error || late || engine->exit.reason != AXVCPU_EXIT_DEBUG)
			return error;
		error = engine_read(lockstep, engine);
		if (!error)
			error = leg_agree(lockstep, ret_agree);
		if (*ret_agree || (engine->side == PRIMARY && is_at_end(lockstep, search)))
			return error;
	}
	return error;
}

static int32_t follow_by_stops(struct lockstep *lockstep, struct engine *leader, const struct search *search,
			       bool *ret_agree)
{
	struct engine *engine = other_of(lockstep, leader);
	uint64_t there = lockstep->arch->address(lockstep, leader->now);
	uint64_t end = lockstep->arch->address(lockstep, lockstep->primary.end);
	bool looks_for_end = search->end == LEG_SUDDEN && engine->side == PRIMARY && end != there;
	int32_t error = engine_set_breakpoint(engine, there, true);

	if (!error && looks_for_end)
		error = engine_set_breakpoint(engine, end, true);
	if (!error)
		error = go_after(lockstep, engine, search, ret_agree);
	engine_set_breakpoint(engine, there, false);
	if (looks_for_end)
		engine_set_breakpoint(engine, end, false);
	return error;
}

static int32_t follow_by_count(struct lockstep *lockstep, struct engine *engine, uint64_t count, bool *ret_agree)
{
	bool there;
	int32_t error = engine_advance(lockstep, engine, count, &there);

	if (error || !there)
		return error;
	error = engine_read(lockstep, engine);
	return error ? error : leg_agree(lockstep, ret_agree);
}

/* By a trap, to where the shadow is first at that address. */
static int32_t follow_by_trap(struct lockstep *lockstep, bool *ret_agree)
{
	struct engine *shadow = &lockstep->shadow;
	uint64_t address = lockstep->arch->address(lockstep, shadow->now);
	bool late = false, there = false;
	int32_t error;

	if (address == lockstep->arch->address(lockstep, shadow->start))
		return 0;
	error = engine_rewind_shadow(lockstep); /* the primary has not moved */
	if (!error)
		error = engine_set_breakpoint(shadow, address, true);
	if (!error)
		error = engine_run(lockstep, shadow, LEAP_MS, &late);
	engine_set_breakpoint(shadow, address, false);
	if (error || late || shadow->exit.reason != AXVCPU_EXIT_DEBUG)
		return error;
	error = trap_run(lockstep, &lockstep->primary, address, &there);
	if (!error && there)
		error = read_both(lockstep);
	return error || !there ? error : leg_agree(lockstep, ret_agree);
}

/* So many instructions. VERDICT_AGREED: it is the new start; VERDICT_LOST: not so, and both are back. */
static int32_t leap(struct lockstep *lockstep, const struct search *search, uint64_t count, enum verdict *ret_verdict)
{
	struct engine *leader = lockstep->shadow.has_budget ? &lockstep->shadow : &lockstep->primary;
	struct engine *other = other_of(lockstep, leader);
	bool there, agree = false;
	int32_t error = engine_advance(lockstep, leader, count, &there);

	if (!error && there)
		error = engine_read(lockstep, leader);
	if (!error && there && other->has_budget)
		error = follow_by_count(lockstep, other, count, &agree);
	else if (!error && there && lockstep->primary.has_no_steps)
		error = follow_by_trap(lockstep, &agree);
	else if (!error && there)
		error = follow_by_stops(lockstep, leader, search, &agree);
	*ret_verdict = agree ? VERDICT_AGREED : VERDICT_LOST;
	return error || agree ? error : rewind_both(lockstep);
}

/* ---- steps ---- */

/* Both have made an exit that is no step's end: it is the leg's, and what is behind it is not stepped. */
static enum verdict verdict_of_exits(const struct lockstep *lockstep)
{
	const struct axvcpu_exit *one = &lockstep->primary.exit, *other = &lockstep->shadow.exit;

	if (one->reason == AXVCPU_EXIT_FAIL_ENTRY)
		return VERDICT_END;
	if (!exit_is_same(one, other) || !exit_is_same(&lockstep->primary.next, &lockstep->shadow.next))
		return VERDICT_DIFFERENCE;
	if (one->reason == AXVCPU_EXIT_SYSREG_WRITE || one->reason == AXVCPU_EXIT_SYSTEM_DOWN ||
	    lockstep->primary.next.reason != AXVCPU_EXIT_NOTHING)
		return VERDICT_END;
	return VERDICT_AGREED;
}

/* Compares what a step has left, levels out what may differ. */
static int32_t compare_step(struct lockstep *lockstep, struct search *search, bool *ret_agree)
{
	uint64_t allowed = lockstep->counts.allowed;
	bool left = false;
	int32_t error = leg_agree(lockstep, ret_agree);

	if (error || *ret_agree)
		return error;
	error = differ_allow(lockstep, &search->instruction, &left);
	if (!error && !left)
		error = engine_read(lockstep, &lockstep->shadow);
	if (!error && !left)
		error = leg_agree(lockstep, ret_agree);
	if (*ret_agree)
		search->allowed++;
	else
		lockstep->counts.allowed = allowed;
	return error;
}

/* Whether the end of a step may be elsewhere for the two: events that are delivered belong to it, or to the next. */
static bool is_between_events(const struct lockstep *lockstep, const struct search *search)
{
	return search->instruction.delays ||
	       (lockstep->arch->is_delivering && (lockstep->arch->is_delivering(lockstep, lockstep->primary.now) ||
						  lockstep->arch->is_delivering(lockstep, lockstep->shadow.now)));
}

/* The engine that is behind comes to where the other is. */
static int32_t come_after(struct lockstep *lockstep, struct search *search, struct engine *engine, bool *ret_agree)
{
	uint64_t address = lockstep->arch->address(lockstep, other_of(lockstep, engine)->now);
	bool late = false;
	int32_t error;

	engine_set_step(engine, false);
	error = engine_set_breakpoint(engine, address, true);
	if (!error)
		error = engine_run(lockstep, engine, LEAP_MS, &late);
	engine_set_breakpoint(engine, address, false);
	engine_set_step(engine, true);
	if (!error)
		error = engine_read(lockstep, engine);
	return error || late || engine->exit.reason != AXVCPU_EXIT_DEBUG ? error
									 : compare_step(lockstep, search, ret_agree);
}

static int32_t compare_steps(struct lockstep *lockstep, struct search *search, bool *ret_agree)
{
	int32_t error = compare_step(lockstep, search, ret_agree);

	if (error || *ret_agree || !is_between_events(lockstep, search) ||
	    lockstep->shadow.exit.reason != AXVCPU_EXIT_DEBUG || lockstep->primary.exit.reason != AXVCPU_EXIT_DEBUG)
		return error;
	error = come_after(lockstep, search, &lockstep->shadow, ret_agree);
	if (error || *ret_agree || lockstep->primary.has_no_steps)
		return error;
	return come_after(lockstep, search, &lockstep->primary, ret_agree);
}

/*
 * A single step shows in what the guest stores: KVM's is the trap flag, which pushf and exceptions push. So what
 * differs is looked at once more, with the primary at a breakpoint where the shadow's step ended.
 */
static int32_t look_again(struct lockstep *lockstep, struct search *search, bool *ret_agree)
{
	struct engine *primary = &lockstep->primary, *shadow = &lockstep->shadow;
	uint64_t start = lockstep->arch->address(lockstep, primary->start);
	int32_t error = rewind_both(lockstep);

	for (unsigned i = 0; i < 2 && !error; i++) { /* the second into the handler of a fault */
		error = engine_step(lockstep, shadow, &search->instruction);
		if (!error)
			error = engine_read(lockstep, shadow);
		if (shadow->exit.reason != AXVCPU_EXIT_DEBUG || lockstep->arch->address(lockstep, shadow->now) != start)
			break;
	}
	if (error || shadow->exit.reason != AXVCPU_EXIT_DEBUG ||
	    lockstep->arch->address(lockstep, shadow->now) == start)
		return error;
	return come_after(lockstep, search, primary, ret_agree);
}

/* ---- one step of both ---- */

/* In the kernel too, from where the next instruction may be a program's. */
static bool uses_traps(const struct lockstep *lockstep)
{
	return lockstep->primary.has_no_steps;
}

/* A step into a program did not end there. */
static bool has_lost_step(const struct lockstep *lockstep)
{
	const struct engine *primary = &lockstep->primary, *shadow = &lockstep->shadow;

	return !primary->is_probed && lockstep->arch->is_user && primary->exit.reason != AXVCPU_EXIT_DEBUG &&
	       shadow->exit.reason == AXVCPU_EXIT_DEBUG && lockstep->arch->is_user(lockstep, shadow->now);
}

/* The shadow steps, and the primary goes to where it is then. What it was that came instead is in its exit. */
static int32_t step_by_trap(struct lockstep *lockstep, struct search *search)
{
	struct engine *primary = &lockstep->primary, *shadow = &lockstep->shadow;
	uint64_t address = lockstep->arch->address(lockstep, shadow->start);
	bool there = false;
	int32_t error = engine_step(lockstep, shadow, &search->instruction);

	if (!error)
		error = engine_read(lockstep, shadow);
	if (!error && shadow->exit.reason == AXVCPU_EXIT_DEBUG &&
	    lockstep->arch->address(lockstep, shadow->now) == address) {
		error = engine_step(lockstep, shadow, &search->instruction); /* a fault: into its handler */
		if (!error)
			error = engine_read(lockstep, shadow);
	}
	if (error)
		return error;
	if (shadow->exit.reason == AXVCPU_EXIT_DEBUG)
		return trap_run(lockstep, primary, lockstep->arch->address(lockstep, shadow->now), &there);
	engine_set_step(primary, false);
	error = engine_run(lockstep, primary, LEAP_MS, &there);
	if (!error && !exit_is_sudden(primary->exit.reason) && !exit_waits(primary->exit.reason))
		error = engine_finish(lockstep, primary);
	return error;
}

static int32_t step_both(struct lockstep *lockstep, struct search *search)
{
	int32_t error;

	if (uses_traps(lockstep))
		return step_by_trap(lockstep, search);
	error = engine_step(lockstep, &lockstep->primary, &search->instruction);
	if (!error)
		error = engine_step(lockstep, &lockstep->shadow, &search->instruction);
	if (!error)
		error = engine_read(lockstep, &lockstep->shadow);
	if (error || !has_lost_step(lockstep))
		return error;
	lockstep->primary.is_probed = lockstep->primary.has_no_steps = true;
	engine_set_step(&lockstep->primary, false);
	error = rewind_both(lockstep);
	return error ? error : step_by_trap(lockstep, search);
}

/* A single step of the primary in a program, once: it must end where the shadow's does. */
static int32_t probe(struct lockstep *lockstep)
{
	struct engine *primary = &lockstep->primary, *shadow = &lockstep->shadow;
	struct instruction instruction = { 0 };
	int32_t error;

	if (primary->is_probed || !lockstep->arch->is_user || !lockstep->arch->is_user(lockstep, primary->start))
		return 0;
	primary->is_probed = true;
	engine_set_step(primary, true);
	watch_begin(&lockstep->watch, primary->ops, LEAP_MS);
	error = primary->ops->run.fn(primary->ops->run.self, &primary->exit);
	watch_end(&lockstep->watch);
	engine_set_step(primary, false);
	engine_set_step(shadow, true);
	if (!error)
		error = engine_step(lockstep, shadow, &instruction);
	engine_set_step(shadow, false);
	if (!error)
		error = read_both(lockstep);
	if (error)
		return error;
	primary->has_no_steps =
		shadow->exit.reason == AXVCPU_EXIT_DEBUG &&
		(primary->exit.reason != AXVCPU_EXIT_DEBUG ||
		 lockstep->arch->address(lockstep, primary->now) != lockstep->arch->address(lockstep, shadow->now));
	return rewind_both(lockstep);
}

static int32_t set_steps(struct lockstep *lockstep, bool on)
{
	int32_t error = engine_set_step(&lockstep->primary, on && !uses_traps(lockstep));

	return error ? error : engine_set_step(&lockstep->shadow, on);
}

static int32_t step(struct lockstep *lockstep, struct search *search, enum verdict *ret_verdict)
{
	bool agree = false;
	int32_t error;

	memset(&search->instruction, 0, sizeof(search->instruction));
	lockstep->arch->decode(lockstep, &search->instruction);
	error = probe(lockstep);
	if (!error)
		error = set_steps(lockstep, true);
	if (!error)
		error = step_both(lockstep, search);
	if (error)
		return error;
	*ret_verdict = verdict_of_exits(lockstep);
	if (*ret_verdict == VERDICT_END)
		return 0;
	error = read_both(lockstep);
	if (error || *ret_verdict == VERDICT_DIFFERENCE)
		return error ? error : memory_collect(lockstep);
	error = compare_steps(lockstep, search, &agree);
	if (!error && !agree && lockstep->primary.exit.reason == AXVCPU_EXIT_DEBUG && !uses_traps(lockstep))
		error = look_again(lockstep, search, &agree);
	if (error)
		return error;
	if (!agree)
		*ret_verdict = VERDICT_DIFFERENCE;
	else if (lockstep->primary.exit.reason != AXVCPU_EXIT_DEBUG || is_at_end(lockstep, search))
		*ret_verdict = VERDICT_END;
	return 0;
}

static int32_t step_on(struct lockstep *lockstep, struct search *search, enum verdict *ret_verdict)
{
	int32_t error = 0;

	*ret_verdict = VERDICT_AGREED;
	for (uint64_t i = 0; i < LEAP_MIN && !error && *ret_verdict == VERDICT_AGREED; i++) {
		if (!lockstep->steps_left--) {
			lockstep->steps_left = 0;
			*ret_verdict = VERDICT_LOST;
			break;
		}
		error = step(lockstep, search, ret_verdict);
		search->done++;
	}
	set_steps(lockstep, false);
	return error;
}

/* ---- the search ---- */

/* What is left of the leg, where the primary counts: a sudden end has nothing to tell it by but its state. */
static uint64_t left_of(const struct lockstep *lockstep, const struct search *search)
{
	if (search->end != LEG_SUDDEN || !lockstep->leg_count)
		return UINT64_MAX;
	return search->done < lockstep->leg_count ? lockstep->leg_count - search->done : 0;
}

static int32_t leap_on(struct lockstep *lockstep, struct search *search, uint64_t *count)
{
	enum verdict verdict;
	int32_t error = leap(lockstep, search, *count, &verdict);

	if (error)
		return error;
	if (verdict == VERDICT_AGREED)
		search->done += *count;
	if (verdict == VERDICT_LOST)
		*count /= 4;
	else if (*count < LEAP_MAX && !lockstep->primary.has_no_steps) /* a trap is met sooner than that */
		*count *= 4;
	return 0;
}

static int32_t go(struct lockstep *lockstep, struct search *search, enum verdict *ret_verdict)
{
	bool leaps = lockstep->primary.has_budget || lockstep->shadow.has_budget;
	uint64_t count = leaps ? LEAP_FIRST : 0;
	int32_t error = rewind_both(lockstep);

	if (!error)
		error = probe(lockstep);
	*ret_verdict = VERDICT_AGREED;
	while (!error && *ret_verdict == VERDICT_AGREED) {
		if (count > left_of(lockstep, search))
			count = left_of(lockstep, search) / 4;
		if (count >= LEAP_MIN) {
			error = leap_on(lockstep, search, &count);
			continue;
		}
		error = step_on(lockstep, search, ret_verdict);
		count = leaps ? 2 * LEAP_MIN : 0;
	}
	return error;
}

/* To where the leg had ended. */
static int32_t go_back(struct lockstep *lockstep, const struct search *search)
{
	int32_t error = memory_collect(lockstep);

	if (!error)
		error = memory_restore(lockstep);
	if (!error)
		error = engine_go(lockstep, &lockstep->primary, lockstep->primary.end);
	if (!error)
		error = engine_go(lockstep, &lockstep->shadow, lockstep->shadow.now); /* gives up what is under way */
	if (!error)
		error = leg_follow(lockstep);
	quiet(lockstep, false);
	lockstep->primary.exit = search->exit;
	lockstep->access = ACCESS_NONE;
	if (!error && search->end == LEG_GUEST && exit_waits(search->exit.reason))
		error = leg_enter_again(lockstep);
	if (__atomic_exchange_n(&lockstep->kicked, 0, __ATOMIC_SEQ_CST))
		lockstep->primary.ops->kick.fn(lockstep->primary.ops->kick.self);
	return error;
}

/* Nothing differed on the way: the instruction of the access did, or it does not come again. */
static void tell_end(struct lockstep *lockstep, const struct search *search)
{
	size_t size = lockstep->registers.size;

	if (search->end != LEG_ACCESS) {
		lockstep->counts.not_again += !search->allowed;
		return;
	}
	memcpy(lockstep->primary.now, lockstep->primary.end, size);
	memcpy(lockstep->shadow.now, lockstep->shadow.end, size);
	report_difference(lockstep, &search->instruction);
}

static void tell_lost(struct lockstep *lockstep, const struct search *search)
{
	if (search->end == LEG_SUDDEN)
		lockstep->counts.lost++;
	else
		report_unfound(lockstep, "after more instructions than may be stepped (the option steps)");
}

static void tell(struct lockstep *lockstep, const struct search *search, enum verdict verdict)
{
	if (verdict == VERDICT_DIFFERENCE)
		report_difference(lockstep, &search->instruction);
	else if (verdict == VERDICT_END)
		tell_end(lockstep, search);
	else
		tell_lost(lockstep, search);
}

int32_t find_difference(struct lockstep *lockstep, enum leg_end end)
{
	struct search search = { .end = end, .exit = lockstep->primary.exit };
	uint64_t differences = lockstep->counts.differences;
	enum verdict verdict = VERDICT_LOST;
	int32_t error = read_both(lockstep);

	lockstep->counts.searches++;
	lockstep->steps_left = lockstep->options.steps;
	memcpy(lockstep->primary.end, lockstep->primary.now, lockstep->registers.size);
	memcpy(lockstep->shadow.end, lockstep->shadow.now, lockstep->registers.size);
	if (!error)
		error = memory_collect(lockstep);
	if (!error)
		error = memory_keep(lockstep);
	if (error)
		return error;
	quiet(lockstep, true);
	error = go(lockstep, &search, &verdict);
	if (!error)
		tell(lockstep, &search, verdict);
	if (!error)
		error = go_back(lockstep, &search);
	if (error || lockstep->options.goes_on || differences == lockstep->counts.differences)
		return error;
	return lockstep->host->error(AXVCPU_ERROR_INVALID_DATA, "%s", lockstep->difference);
}
