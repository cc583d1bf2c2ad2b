/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lockstep layer: what the host and the VMM see of it.
 *
 * Calls that set a vCPU up are made on both engines. What the VMM changes between two runs is done to the primary, and
 * the shadow takes over all that differs before the next run; completions of reads are given to both, as their
 * instructions are under way in both. Breakpoints, steps, budgets and interrupt lines are the primary's alone: where
 * they end a run, the shadow is brought to the same place.
 */
#include <stdio.h>
#include <string.h>

#include "arch.h"
#include "lockstep.h"

/* Calls an op of an engine. */
#define CALL(engine, op, ...) (engine)->ops->op.fn((engine)->ops->op.self, __VA_ARGS__)
#define CALL_PLAIN(engine, op) (engine)->ops->op.fn((engine)->ops->op.self)

/* ---- the shadow ---- */

/* Where there is none: at first, and after the host has made the primary anew. */
static int32_t open_shadow(struct lockstep *lockstep)
{
	int32_t error;

	if (lockstep->opened)
		return 0;
	error = lockstep->engines->open(lockstep->origin, lockstep->options.shadow, &lockstep->opened,
					&lockstep->shadow.ops);
	if (!error)
		engine_probe(&lockstep->shadow);
	return error;
}

/* What was made for one address space. The engine itself stays. */
static void leave_space(struct lockstep *lockstep)
{
	lockstep->ready = lockstep->touched = lockstep->shadow_is_ahead = false;
	lockstep->access = ACCESS_NONE;
	registers_finish(lockstep);
	memory_finish(lockstep);
}

static void close_shadow(struct lockstep *lockstep)
{
	if (lockstep->is_bound)
		CALL_PLAIN(&lockstep->shadow, unbind);
	lockstep->is_bound = false;
	/* The engine uses the space, and only a reset or its end lets it go. */
	lockstep->engines->close(lockstep->opened);
	lockstep->opened = NULL;
	lockstep->shadow.ops = NULL;
	leave_space(lockstep);
}

/* Its own space, with what is in the primary's. */
static int32_t set_up_shadow(struct lockstep *lockstep)
{
	struct engine *shadow = &lockstep->shadow;
	int32_t error;

	if (lockstep->memory.is_there)
		return lockstep->engines->setup(lockstep->opened);
	error = memory_init(lockstep, lockstep->root);
	if (!error)
		error = CALL(shadow, set_entry, lockstep->entry);
	if (!error)
		error = CALL(shadow, set_ept_root, memory_shadow_root(lockstep));
	return error ? error : lockstep->engines->setup(lockstep->opened);
}

/* ---- the first run ---- */

static void keep_common_bits(uint8_t *one, const uint8_t *other, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++)
		one[i] &= other[i];
}

/* What cannot be made alike stays different: it may be seen by CPUID alone, which is on the list of what may differ. */
static void agree_on(struct lockstep *lockstep, const struct axvcpu_reg *reg)
{
	uint8_t one[AXVCPU_REG_SIZE_MAX], other[AXVCPU_REG_SIZE_MAX];

	if (!(reg->flags & AXVCPU_REG_MODEL) || CALL(&lockstep->primary, get_reg, reg->id, one, reg->size) ||
	    CALL(&lockstep->shadow, get_reg, reg->id, other, reg->size) || !memcmp(one, other, reg->size))
		return;
	if (reg->flags & AXVCPU_REG_BITS)
		keep_common_bits(one, other, reg->size);
	CALL(&lockstep->primary, set_reg, reg->id, one, reg->size);
	CALL(&lockstep->primary, get_reg, reg->id, one, reg->size);
	if (CALL(&lockstep->shadow, set_reg, reg->id, one, reg->size))
		CALL(&lockstep->primary, set_reg, reg->id, other, reg->size);
}

/* The processors become of one kind, as far as they can, before the guest has seen any of it. */
static void make_alike(struct lockstep *lockstep)
{
	uint32_t count;
	const struct axvcpu_reg *regs = lockstep->engines->regs(lockstep->arch->arch, &count);

	for (uint32_t i = 0; i < count; i++)
		agree_on(lockstep, &regs[i]);
}

static int32_t find_registers(struct lockstep *lockstep)
{
	int32_t error;

	registers_finish(lockstep);
	error = registers_init(lockstep);
	lockstep->primary_self = lockstep->primary.ops->run.self;
	return error;
}

static int32_t begin(struct lockstep *lockstep)
{
	int32_t error;

	make_alike(lockstep);
	error = lockstep->engines->transfer(lockstep->primary.ops, lockstep->shadow.ops, lockstep->arch->arch);
	if (error)
		return error;
	engine_probe(&lockstep->primary);
	error = find_registers(lockstep);
	lockstep->ready = lockstep->touched = !error;
	return error;
}

/* ---- a run ---- */

/* The vCPU was moved to another engine meanwhile: the shadow follows that one. */
static int32_t look_at_primary(struct lockstep *lockstep)
{
	if (lockstep->primary.ops->run.self == lockstep->primary_self)
		return 0;
	lockstep->access = ACCESS_NONE;
	lockstep->touched = true;
	return find_registers(lockstep);
}

static int32_t follow_if_touched(struct lockstep *lockstep)
{
	bool touched = lockstep->touched;

	lockstep->touched = false;
	return touched ? leg_follow(lockstep) : 0;
}

static int32_t run(void *self, struct axvcpu_exit *exit)
{
	struct lockstep *lockstep = self;
	bool given = false;
	int32_t error;

	if (!lockstep->is_set_up) /* the engine says what is missing */
		return CALL(&lockstep->primary, run, exit);
	error = memory_prepare(lockstep);
	if (!error)
		error = lockstep->ready ? look_at_primary(lockstep) : begin(lockstep);
	if (!error)
		error = leg_end_access(lockstep, exit, &given);
	if (error || given)
		return error;
	error = follow_if_touched(lockstep);
	return error ? error : leg_run(lockstep, exit);
}

/* The instruction under way is ended in both, and compared. */
static int32_t finish(void *self, struct axvcpu_exit *exit)
{
	struct lockstep *lockstep = self;
	bool given = false;
	int32_t error;

	if (!lockstep->ready)
		return CALL(&lockstep->primary, finish, exit);
	error = leg_end_access(lockstep, exit, &given);
	if (!error && !given)
		exit->reason = AXVCPU_EXIT_NOTHING;
	return error;
}

/* ---- set-up ---- */

static int32_t set_entry(void *self, uint64_t entry)
{
	struct lockstep *lockstep = self;
	int32_t error = CALL(&lockstep->primary, set_entry, entry);

	if (error)
		return error;
	lockstep->entry = entry;
	lockstep->touched = true;
	return 0;
}

static int32_t set_ept_root(void *self, uint64_t root)
{
	struct lockstep *lockstep = self;
	int32_t error = CALL(&lockstep->primary, set_ept_root, root);

	if (error)
		return error;
	if (lockstep->memory.is_there && root != lockstep->root)
		return LOCKSTEP_FAIL(
			lockstep, AXVCPU_ERROR_UNSUPPORTED,
			"the vCPU gets another address space, which the layer cannot follow: reset it first");
	lockstep->root = root;
	return 0;
}

static int32_t setup(void *self, const void *config)
{
	struct lockstep *lockstep = self;
	int32_t error = CALL(&lockstep->primary, setup, config);

	if (!error)
		error = open_shadow(lockstep);
	if (!error)
		error = set_up_shadow(lockstep);
	lockstep->is_set_up = !error;
	lockstep->touched = true;
	return error;
}

static int32_t bind_both(void *self)
{
	struct lockstep *lockstep = self;
	int32_t error = CALL_PLAIN(&lockstep->primary, bind);

	if (error || !lockstep->is_set_up)
		return error;
	error = CALL_PLAIN(&lockstep->shadow, bind);
	lockstep->is_bound = !error;
	if (error)
		CALL_PLAIN(&lockstep->primary, unbind);
	return error;
}

static int32_t unbind_both(void *self)
{
	struct lockstep *lockstep = self;

	if (lockstep->is_bound)
		CALL_PLAIN(&lockstep->shadow, unbind);
	lockstep->is_bound = false;
	return CALL_PLAIN(&lockstep->primary, unbind);
}

/* The shadow lets its space go, so that the VMM's can. */
static int32_t reset(void *self)
{
	struct lockstep *lockstep = self;
	int32_t error = CALL_PLAIN(&lockstep->primary, reset);

	if (error)
		return error;
	lockstep->lines = 0;
	lockstep->breakpoint_count = 0;
	lockstep->single_step = lockstep->has_budget = lockstep->is_set_up = false;
	if (lockstep->opened && !CALL_PLAIN(&lockstep->shadow, reset))
		leave_space(lockstep);
	else
		close_shadow(lockstep);
	return 0;
}

static int32_t destroy(void *self)
{
	struct lockstep *lockstep = self;

	close_shadow(lockstep);
	return CALL_PLAIN(&lockstep->primary, destroy);
}

/* ---- what is done between runs ---- */

/* In the midst of an access the shadow is changed too: it ends the same instruction. */
static bool changes_both(struct lockstep *lockstep)
{
	lockstep->touched = true;
	return lockstep->ready && lockstep->access == ACCESS_WAITS;
}

static int32_t set_gpr(void *self, uint32_t index, uint64_t value)
{
	struct lockstep *lockstep = self;
	int32_t error = CALL(&lockstep->primary, set_gpr, index, value);

	if (!error && changes_both(lockstep))
		error = CALL(&lockstep->shadow, set_gpr, index, value);
	return error;
}

static int32_t set_return_value(void *self, uint64_t value)
{
	struct lockstep *lockstep = self;

	lockstep->touched = true;
	return CALL(&lockstep->primary, set_return_value, value);
}

/* A register that the shadow lacks is none to compare, and what it refuses it is told again before the next run. */
static int32_t set_reg(void *self, uint64_t id, const void *value, uint32_t size)
{
	struct lockstep *lockstep = self;
	int32_t error = CALL(&lockstep->primary, set_reg, id, value, size);

	if (error)
		return error;
	if (changes_both(lockstep))
		CALL(&lockstep->shadow, set_reg, id, value, size);
	if (id == lockstep->arch->pc) /* who moves pc gives the access up */
		lockstep->access = ACCESS_NONE;
	return 0;
}

static int32_t complete_read(void *self, const struct axvcpu_exit *exit, uint64_t value)
{
	struct lockstep *lockstep = self;
	int32_t error = CALL(&lockstep->primary, complete_read, exit, value);

	if (!error && lockstep->access == ACCESS_WAITS)
		error = CALL(&lockstep->shadow, complete_read, &lockstep->shadow.exit, value);
	return error;
}

static int32_t fail_access(void *self, const struct axvcpu_exit *exit)
{
	struct lockstep *lockstep = self;
	int32_t error = CALL(&lockstep->primary, fail_access, exit);

	if (!error && lockstep->access == ACCESS_WAITS)
		error = CALL(&lockstep->shadow, fail_access, &lockstep->shadow.exit);
	return error;
}

static int32_t inject_interrupt(void *self, uint64_t vector)
{
	struct lockstep *lockstep = self;
	int32_t error = CALL(&lockstep->primary, inject_interrupt, vector);

	if (!error)
		lockstep->touched = true;
	return error;
}

static int32_t set_interrupt_line(void *self, uint32_t line, uint32_t level)
{
	struct lockstep *lockstep = self;
	int32_t error = CALL(&lockstep->primary, set_interrupt_line, line, level);
	uint64_t bit = line < 64 ? UINT64_C(1) << line : 0;

	if (!error)
		lockstep->lines = level ? lockstep->lines | bit : lockstep->lines & ~bit;
	return error;
}

static int32_t set_clock(void *self, axarch_clock_fn now, void *context)
{
	struct lockstep *lockstep = self;

	if (lockstep->opened)
		CALL(&lockstep->shadow, set_clock, now, context); /* time may differ: what it answers does not matter */
	return CALL(&lockstep->primary, set_clock, now, context);
}

/* ---- the VMM's debugging ---- */

static int32_t set_single_step(void *self, uint32_t enabled)
{
	struct lockstep *lockstep = self;
	int32_t error = CALL(&lockstep->primary, set_single_step, enabled);

	if (!error)
		lockstep->single_step = enabled;
	return error;
}

static int32_t note_breakpoint(struct lockstep *lockstep, uint64_t gva, bool enabled)
{
	uint32_t i = 0;

	while (i < lockstep->breakpoint_count && lockstep->breakpoints[i] != gva)
		i++;
	if (!enabled && i < lockstep->breakpoint_count)
		lockstep->breakpoints[i] = lockstep->breakpoints[--lockstep->breakpoint_count];
	if (!enabled || i < lockstep->breakpoint_count)
		return 0;
	if (i == LOCKSTEP_BREAKPOINTS)
		return LOCKSTEP_FAIL(lockstep, AXVCPU_ERROR_RESOURCE_BUSY,
				     "no more than %d breakpoints under this layer", LOCKSTEP_BREAKPOINTS);
	lockstep->breakpoints[lockstep->breakpoint_count++] = gva;
	return 0;
}

static int32_t set_breakpoint(void *self, uint64_t gva, uint32_t enabled)
{
	struct lockstep *lockstep = self;
	int32_t error = CALL(&lockstep->primary, set_breakpoint, gva, enabled);

	return error ? error : note_breakpoint(lockstep, gva, enabled);
}

static int32_t set_budget(void *self, uint64_t instructions)
{
	struct lockstep *lockstep = self;
	int32_t error = CALL(&lockstep->primary, set_budget, instructions);

	if (!error)
		lockstep->has_budget = instructions != UINT64_MAX;
	return error;
}

/* ---- the layer ---- */

static const struct axarch_layer_ops ops = {
	.destroy = destroy,
	.set_entry = set_entry,
	.set_ept_root = set_ept_root,
	.setup = setup,
	.run = run,
	.bind = bind_both,
	.unbind = unbind_both,
	.set_gpr = set_gpr,
	.inject_interrupt = inject_interrupt,
	.set_return_value = set_return_value,
	.set_interrupt_line = set_interrupt_line,
	.complete_read = complete_read,
	.reset = reset,
	.set_reg = set_reg,
	.set_clock = set_clock,
	.set_single_step = set_single_step,
	.set_breakpoint = set_breakpoint,
	.set_budget = set_budget,
	.fail_access = fail_access,
	.finish = finish,
};

/* Other vCPUs write the memory that is compared, whenever they like. */
static int32_t check_site(const struct axarch_host *host, const struct axarch_layer_site *site)
{
	if (site->vcpu_id)
		return host->error(AXVCPU_ERROR_UNSUPPORTED,
				   "lockstep: a machine of one vCPU is compared, and this is vCPU %u: use --smp 1",
				   site->vcpu_id);
	if (site->size < sizeof(*site) || !host->get_extension(AXARCH_ENGINES))
		return host->error(AXVCPU_ERROR_UNSUPPORTED,
				   "lockstep: this host has no engines for layers (" AXARCH_ENGINES
				   "): use a newer one");
	if (!arch_find(site->arch))
		return host->error(AXVCPU_ERROR_UNSUPPORTED,
				   "lockstep: backend %s has no architecture whose registers are "
				   "known",
				   site->backend_id);
	return 0;
}

static void fill(struct lockstep *lockstep, const struct axarch_host *host, const struct axarch_layer_site *site)
{
	const char *slash = strrchr(lockstep->options.shadow, '/');

	lockstep->host = host;
	lockstep->engines = host->get_extension(AXARCH_ENGINES);
	lockstep->arch = arch_find(site->arch);
	lockstep->vm_id = site->vm_id;
	lockstep->vcpu_id = site->vcpu_id;
	lockstep->origin = site->origin;
	lockstep->primary.ops = site->below;
	lockstep->primary.side = PRIMARY;
	lockstep->shadow.side = SHADOW;
	snprintf(lockstep->primary.name, sizeof(lockstep->primary.name), "%s", site->backend_id);
	snprintf(lockstep->shadow.name, sizeof(lockstep->shadow.name), "%s",
		 slash ? slash + 1 : lockstep->options.shadow);
}

static int32_t start(struct lockstep *lockstep)
{
	int32_t error = report_open(lockstep);
	int failure;

	if (error)
		return error;
	failure = watch_init(&lockstep->watch);
	if (failure) {
		error = LOCKSTEP_FAIL(lockstep, -failure, "no thread to watch the engines: %s", strerror(failure));
		goto close_report;
	}
	error = open_shadow(lockstep);
	if (!error)
		return 0;
	watch_finish(&lockstep->watch);
close_report:
	report_close(lockstep);
	return error;
}

static int32_t attach(const struct axarch_host *host, const struct axarch_layer_site *site, const char *options,
		      void **ret_self)
{
	int32_t error = check_site(host, site);
	struct lockstep *lockstep;

	if (error)
		return error;
	lockstep = host->alloc(sizeof(*lockstep));
	if (!lockstep)
		return host->error(AXVCPU_ERROR_NO_MEMORY, "lockstep: no memory");
	error = options_parse(host, options, &lockstep->options);
	if (!error) {
		fill(lockstep, host, site);
		error = start(lockstep);
	}
	if (error)
		host->free(lockstep);
	else
		*ret_self = lockstep;
	return error;
}

static void detach(void *self)
{
	struct lockstep *lockstep = self;

	close_shadow(lockstep);
	report_summary(lockstep);
	watch_finish(&lockstep->watch);
	report_close(lockstep);
	lockstep->host->free(lockstep);
}

AXARCH_LAYER(.id = "lockstep", .summary = "executes the guest on a second engine too, and compares",
	     .options = "BACKEND[,report=FILE][,on-difference=stop|go-on][,ignore=REGISTER[:MASK]][,steps=N][,patience="
			"SECONDS]",
	     .attach = attach, .detach = detach, .ops = &ops);
