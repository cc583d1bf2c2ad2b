/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rescue layer: an instruction that the engine below cannot execute (FailEntry with the reason EMULATION) is
 * executed by another engine on the same memory, and then the one below goes on.
 *
 * The other engine is a vCPU that nobody else sees. While it has the guest's state the vCPU is "away": the VMM's calls
 * go to it, and nothing of the engine below is looked at. Where the rescued instruction makes exits of its own, they
 * are the VMM's, who completes them as ever, and the vCPU stays away until the next run has ended the instruction.
 *
 * Interrupts are the business of the engine below alone: the other is told of none. One that comes while the vCPU is
 * away is left in the host's queue until it is back.
 *
 * Where failures follow closely on each other, carrying the state over and back costs more than executing what lies
 * between them: then more instructions than one are executed, twice as many each time up to a limit, and half as many
 * each time that the engine below has run on for longer.
 *
 * Knows no architecture, and of the registers only what the library's table says.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <axvcpu/plugin/engine.h>
#include <axvcpu/plugin/layer.h>

#include "carry.h"
#include "options.h"
#include "seen.h"

#define LIKELY(condition) __builtin_expect(!!(condition), 1)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* What `most` is when it is not given: as many instructions as take a simulator about as long as two transfers. */
#define MOST_DEFAULT 4096

/*
 * A failure that comes sooner than this after a rescue follows closely. It is about what a rescue costs in all, of
 * which the layer sees the smaller part: engines write the registers, and enter the guest, when they run.
 */
#define SUCCESSION_NS 100000
#define DEBUG_STEP 1
#define TEXT_SIZE 512

struct rescue {
	const struct axarch_dispatch *below;
	bool away; /* the state is the other engine's */
	bool other_is_set_up;
	bool other_is_bound;
	bool bound;
	bool single_step;
	bool has_breakpoints; /* or had: what the other engine executes does not meet them */
	bool edge_waits;      /* the host was told to keep an interrupt, and has to be asked for it */
	bool has_root;
	const struct axarch_host *host;
	const struct axarch_engines *engines;
	const struct axarch_dispatch *other; /* atomic for kick; NULL: not opened yet */
	struct axarch_engine *engine;        /* whose ops `other` has */
	struct axarch_origin *origin;
	const struct axvcpu_reg *pc;
	uint32_t arch;
	uint32_t vm_id;
	uint32_t vcpu_id;
	uint64_t root;
	axarch_clock_fn clock; /* NULL: the engine below has its own time */
	void *clock_context;
	uint64_t stretch;     /* instructions of the next rescue */
	uint64_t most;        /* that it may grow to */
	uint64_t back_ns;     /* when the vCPU was back, in the thread's CPU time */
	uint64_t began_count; /* the other engine's instructions when the vCPU went away */
	uint64_t rescues;
	uint64_t instructions;
	char why[TEXT_SIZE]; /* what the engine below could not do */
	struct carry carry;
	struct options options;
	struct seen seen;
};

/* An op of an engine: {fn, self} is how tables have them. */
#define CALL(dispatch, op, ...) (dispatch)->op.fn((dispatch)->op.self, __VA_ARGS__)
#define CALL_PLAIN(dispatch, op) (dispatch)->op.fn((dispatch)->op.self)

static const struct axarch_dispatch *present(const struct rescue *rescue)
{
	return rescue->away ? rescue->other : rescue->below;
}

/* Not the host's time: a busy host is not to look like a guest that ran on. */
static uint64_t cpu_time_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- the other engine ---- */

/* How the processors that they are differ: what the guest was told stays, as far as the other can be told it. */
static bool tell_model(struct rescue *rescue, const struct axvcpu_reg *reg)
{
	uint64_t wanted, has;

	if (CALL(rescue->below, get_reg, reg->id, &wanted, reg->size) ||
	    CALL(rescue->other, get_reg, reg->id, &has, reg->size) || wanted == has ||
	    !CALL(rescue->other, set_reg, reg->id, &wanted, reg->size))
		return true;
	rescue->host->log(AXARCH_LOG_WARNING,
			  "layer rescue: vCPU %" PRIu32 ": %s is 0x%" PRIx64 " below, and %s has 0x%" PRIx64,
			  rescue->vcpu_id, reg->name, wanted, rescue->options.backend, has);
	has &= wanted;
	if (reg->flags & AXVCPU_REG_BITS)
		CALL(rescue->other, set_reg, reg->id, &has, reg->size);
	return false;
}

/* A processor that is another kind of one may execute what the engine below cannot, but not what it can: a guest would
 * find out. Who asks for it by `most` gets it all the same. */
static void choose_most(struct rescue *rescue, bool alike)
{
	rescue->most = rescue->options.most ? rescue->options.most : alike ? MOST_DEFAULT : rescue->options.run;
	if (rescue->most < rescue->options.run)
		rescue->most = rescue->options.run;
	rescue->stretch = rescue->options.run;
}

static void tell_models(struct rescue *rescue)
{
	uint32_t count;
	const struct axvcpu_reg *regs = rescue->engines->regs(rescue->arch, &count);
	bool alike = true;

	for (uint32_t i = 0; i < count; i++)
		if (regs[i].flags & AXVCPU_REG_MODEL && regs[i].size == sizeof(uint64_t))
			alike &= tell_model(rescue, &regs[i]);
	choose_most(rescue, alike);
}

/* An engine without a clock of the VMM's has the host's time, as the one below: then both agree by tsc_offset. */
static int32_t tell_clock(struct rescue *rescue)
{
	int32_t error = 0;

	if (rescue->clock)
		error = CALL(rescue->other, set_clock, rescue->clock, rescue->clock_context);
	return error == AXVCPU_ERROR_UNSUPPORTED ? 0 : error;
}

static int32_t set_up_other(struct rescue *rescue)
{
	int32_t error = CALL(rescue->other, set_entry, 0);

	if (!error)
		error = CALL(rescue->other, set_ept_root, rescue->root);
	if (!error)
		error = rescue->engines->setup(rescue->engine);
	if (!error)
		error = tell_clock(rescue);
	if (error)
		return error;
	tell_models(rescue);
	rescue->other_is_set_up = true;
	return 0;
}

static int32_t open_other(struct rescue *rescue)
{
	struct carry *carry = &rescue->carry;
	const struct axarch_dispatch *other;
	int32_t error = rescue->engines->open(rescue->origin, rescue->options.backend, &rescue->engine, &other);

	if (error)
		return error;
	*carry = (struct carry){ .host = rescue->host,
				 .engines = rescue->engines,
				 .below = rescue->below,
				 .other = other,
				 .other_name = rescue->options.backend };
	error = carry_init(carry, rescue->arch);
	if (error)
		rescue->engines->close(rescue->engine);
	else
		__atomic_store_n(&rescue->other, other, __ATOMIC_RELEASE);
	return error;
}

static int32_t prepare_other(struct rescue *rescue)
{
	int32_t error = rescue->other ? 0 : open_other(rescue);

	if (!error && !rescue->other_is_set_up)
		error = set_up_other(rescue);
	if (error || rescue->other_is_bound)
		return error;
	error = CALL_PLAIN(rescue->other, bind);
	rescue->other_is_bound = !error;
	return error;
}

/* Whatever it was in the midst of is forgotten. */
static void drop_other(struct rescue *rescue)
{
	if (rescue->other_is_bound)
		CALL_PLAIN(rescue->other, unbind);
	if (rescue->other_is_set_up)
		CALL_PLAIN(rescue->other, reset);
	rescue->away = rescue->other_is_bound = rescue->other_is_set_up = rescue->edge_waits = false;
	rescue->carry.known = false;
}

/* ---- one rescue ---- */

static uint64_t executed(const struct rescue *rescue)
{
	uint64_t count = 0;

	CALL(rescue->other, read_counter, AXARCH_COUNTER_INSTRUCTIONS, &count);
	return count - rescue->began_count;
}

static void show(struct rescue *rescue)
{
	char text[TEXT_SIZE] = "";
	uint64_t arguments[] = { 0, (uintptr_t)text, sizeof(text) }, pc, length;

	if (CALL(rescue->other, get_reg, rescue->pc->id, &pc, sizeof(pc)) || !seen_place_is_new(&rescue->seen, pc))
		return;
	if (!rescue->engines->call(rescue->engine, "axvcpu.where/1", "where", arguments, 3, &length) &&
	    seen_kind_is_new(&rescue->seen, text))
		rescue->host->log(AXARCH_LOG_INFO, "layer rescue: vCPU %" PRIu32 ": first of its kind: %s",
				  rescue->vcpu_id, text);
}

static void choose_stretch(struct rescue *rescue)
{
	if (rescue->carry.keeps && !rescue->options.most)
		rescue->most = rescue->options.run;
	if (cpu_time_ns() - rescue->back_ns < SUCCESSION_NS)
		rescue->stretch = rescue->stretch > rescue->most / 2 ? rescue->most : rescue->stretch * 2;
	else
		rescue->stretch = rescue->stretch / 2 < rescue->options.run ? rescue->options.run : rescue->stretch / 2;
}

/* Exactly one instruction where somebody watches, and with a Debug exit after it where that is what is watched. */
static int32_t limit(struct rescue *rescue)
{
	int32_t error = CALL(rescue->other, set_single_step, rescue->single_step);

	if (rescue->has_breakpoints)
		rescue->stretch = 1;
	if (!error && !rescue->single_step)
		error = CALL(rescue->other, set_budget, rescue->stretch);
	return error;
}

static void keep_text(const struct rescue *rescue, char ret_text[TEXT_SIZE])
{
	snprintf(ret_text, TEXT_SIZE, "%s", rescue->engines->error_text());
}

/* Why the engine below could not, and why the other cannot either. */
static void tell_both(const struct rescue *rescue, const char *reason)
{
	rescue->host->error(AXVCPU_ERROR_UNSUPPORTED, "%s; nor can %s in its place: %s", rescue->why,
			    rescue->options.backend, reason);
}

static int32_t give_to_other(struct rescue *rescue)
{
	int32_t error = prepare_other(rescue);

	if (!error)
		error = carry_there(&rescue->carry);
	if (error)
		return error;
	choose_stretch(rescue);
	return limit(rescue);
}

/* On failure the exit stays what it is, with both reasons for its text. */
static void leave(struct rescue *rescue)
{
	char reason[TEXT_SIZE];

	keep_text(rescue, rescue->why);
	if (!rescue->why[0])
		snprintf(rescue->why, sizeof(rescue->why), "the engine cannot execute an instruction");
	if (give_to_other(rescue)) {
		keep_text(rescue, reason);
		tell_both(rescue, reason);
		return;
	}
	rescue->began_count = 0;
	rescue->began_count = executed(rescue);
	show(rescue);
	rescue->rescues++;
	rescue->away = true;
}

/* Back to the engine below. On failure the vCPU stays away, and says so by a FailEntry. */
static bool come_back(struct rescue *rescue, struct axvcpu_exit *exit)
{
	char reason[TEXT_SIZE];

	if (!carry_back(&rescue->carry)) {
		rescue->instructions += executed(rescue);
		rescue->away = false;
		rescue->back_ns = cpu_time_ns();
		return true;
	}
	keep_text(rescue, reason);
	rescue->host->error(AXVCPU_ERROR_UNSUPPORTED,
			    "%s; %s has executed it, but its state cannot be carried back: %s", rescue->why,
			    rescue->options.backend, reason);
	exit->reason = AXVCPU_EXIT_FAIL_ENTRY;
	exit->fail_entry.hardware_entry_failure_reason = AXVCPU_FAIL_ENTRY_EMULATION;
	return false;
}

static bool is_failure(const struct axvcpu_exit *exit)
{
	return exit->reason == AXVCPU_EXIT_FAIL_ENTRY &&
	       exit->fail_entry.hardware_entry_failure_reason == AXVCPU_FAIL_ENTRY_EMULATION;
}

/* The other engine met an instruction that it cannot execute either: the first one, or one that the engine below may.
 */
static bool both_fail(struct rescue *rescue, struct axvcpu_exit *exit)
{
	const struct axvcpu_exit failure = *exit;
	bool is_first = !executed(rescue);
	char reason[TEXT_SIZE];

	keep_text(rescue, reason);
	if (!come_back(rescue, exit))
		return true;
	if (!is_first)
		return false;
	*exit = failure;
	tell_both(rescue, reason);
	return true;
}

/* What the other engine's run has ended with, while the vCPU is away. True: it is the VMM's to see. */
static bool is_for_vmm(struct rescue *rescue, struct axvcpu_exit *exit)
{
	const struct axvcpu_exit before = *exit;

	switch (exit->reason) {
	case AXVCPU_EXIT_PREEMPTION_TIMER:
	case AXVCPU_EXIT_HALT: /* which the engine below will say again */
		return !come_back(rescue, exit);
	case AXVCPU_EXIT_DEBUG:
		if (come_back(rescue, exit))
			*exit = before;
		return true;
	case AXVCPU_EXIT_KICKED: /* the engine below was kicked too, and has not answered yet */
	case AXVCPU_EXIT_NOTHING:
		return false;
	default:
		return is_failure(exit) ? both_fail(rescue, exit) : true;
	}
}

/* An interrupt that was to wait is asked for: Kicked makes the host look at its queue. */
static bool asks_for_edge(struct rescue *rescue, struct axvcpu_exit *exit)
{
	if (rescue->away || !rescue->edge_waits)
		return false;
	rescue->edge_waits = false;
	exit->reason = AXVCPU_EXIT_KICKED;
	return true;
}

/* Until there is an exit for the VMM, on whichever engine the vCPU is. */
static int32_t run_on(struct rescue *rescue, struct axvcpu_exit *exit)
{
	for (;;) {
		int32_t error = CALL(present(rescue), run, exit);

		if (error)
			return error;
		if (rescue->away ? is_for_vmm(rescue, exit) : !is_failure(exit))
			return 0;
		if (is_failure(exit) && !rescue->away) {
			leave(rescue);
			if (!rescue->away)
				return 0;
		}
		if (asks_for_edge(rescue, exit))
			return 0;
	}
}

/* ---- ops ---- */

static int32_t run(void *self, struct axvcpu_exit *exit)
{
	struct rescue *rescue = self;
	int32_t error;

	if (UNLIKELY(rescue->away))
		return run_on(rescue, exit);
	error = CALL(rescue->below, run, exit);
	if (LIKELY(error || !is_failure(exit)))
		return error;
	leave(rescue);
	return rescue->away ? run_on(rescue, exit) : 0;
}

static int32_t set_ept_root(void *self, uint64_t root)
{
	struct rescue *rescue = self;
	int32_t error = CALL(rescue->below, set_ept_root, root);

	if (error)
		return error;
	rescue->root = root;
	return rescue->other_is_set_up ? CALL(rescue->other, set_ept_root, root) : 0;
}

/* The state of a reset, whatever was before. */
static int32_t setup(void *self, const void *config)
{
	struct rescue *rescue = self;

	drop_other(rescue);
	return CALL(rescue->below, setup, config);
}

static int32_t reset(void *self)
{
	struct rescue *rescue = self;

	drop_other(rescue);
	return CALL_PLAIN(rescue->below, reset);
}

static int32_t unbind(void *self)
{
	struct rescue *rescue = self;

	if (rescue->other_is_bound)
		CALL_PLAIN(rescue->other, unbind);
	rescue->other_is_bound = false;
	return CALL_PLAIN(rescue->below, unbind);
}

/* Both: which of them executes the guest is not known here. The one that does not answers at its next run, when the
 * host has asked for no kick any more, and is entered again. */
static int32_t kick(void *self)
{
	struct rescue *rescue = self;
	const struct axarch_dispatch *other = __atomic_load_n(&rescue->other, __ATOMIC_ACQUIRE);
	int32_t error = CALL_PLAIN(rescue->below, kick);

	if (other)
		CALL_PLAIN(other, kick);
	return error;
}

static int32_t inject_interrupt(void *self, uint64_t vector)
{
	struct rescue *rescue = self;

	if (!rescue->away)
		return CALL(rescue->below, inject_interrupt, vector);
	rescue->edge_waits = true;
	return AXVCPU_ERROR_RESOURCE_BUSY; /* an everyday answer: without a text */
}

static int32_t set_clock(void *self, axarch_clock_fn clock, void *context)
{
	struct rescue *rescue = self;
	int32_t error = CALL(rescue->below, set_clock, clock, context);

	if (error)
		return error;
	rescue->clock = clock;
	rescue->clock_context = context;
	return rescue->other_is_set_up ? tell_clock(rescue) : 0;
}

static int32_t set_single_step(void *self, uint32_t enabled)
{
	struct rescue *rescue = self;
	int32_t error = CALL(rescue->below, set_single_step, enabled);

	if (!error)
		rescue->single_step = enabled;
	return error;
}

static int32_t set_breakpoint(void *self, uint64_t gva, uint32_t enabled)
{
	struct rescue *rescue = self;

	rescue->has_breakpoints |= enabled;
	return CALL(rescue->below, set_breakpoint, gva, enabled);
}

static int32_t read_counter(void *self, uint32_t counter, uint64_t *ret_value)
{
	struct rescue *rescue = self;

	switch (counter) {
	case AXARCH_COUNTER_RESCUES:
		*ret_value = rescue->rescues;
		return 0;
	case AXARCH_COUNTER_RESCUED_INSTRUCTIONS:
		*ret_value = rescue->instructions + (rescue->away ? executed(rescue) : 0);
		return 0;
	}
	return CALL(rescue->below, read_counter, counter, ret_value);
}

/* Between two instructions the vCPU is where everybody believes it to be. */
static int32_t finish(void *self, struct axvcpu_exit *exit)
{
	struct rescue *rescue = self;
	int32_t error = CALL(present(rescue), finish, exit);

	if (error == AXVCPU_ERROR_UNSUPPORTED && rescue->away) {
		exit->reason = AXVCPU_EXIT_NOTHING;
		error = 0;
	}
	if (error || exit->reason != AXVCPU_EXIT_NOTHING || !rescue->away)
		return error;
	return come_back(rescue, exit) ? 0 : AXVCPU_ERROR_UNSUPPORTED;
}

/* What is asked of the guest's state goes to where it is. */
#define PRESENT(op, parameters, ...) \
	static int32_t op parameters \
	{ \
		return CALL(present(self), op, __VA_ARGS__); \
	}
/* clang-format off */
PRESENT(set_entry, (void *self, uint64_t entry), entry)
PRESENT(set_gpr, (void *self, uint32_t index, uint64_t value), index, value)
PRESENT(set_return_value, (void *self, uint64_t value), value)
PRESENT(complete_read, (void *self, const struct axvcpu_exit *exit, uint64_t value), exit, value)
PRESENT(fail_access, (void *self, const struct axvcpu_exit *exit), exit)
PRESENT(get_reg, (void *self, uint64_t id, void *ret_value, uint32_t size), id, ret_value, size)
PRESENT(set_reg, (void *self, uint64_t id, const void *value, uint32_t size), id, value, size)
PRESENT(translate, (void *self, uint64_t gva, uint32_t access, uint64_t *ret_gpa), gva, access, ret_gpa)
/* clang-format on */

/* set_interrupt_line, interrupt_pending and set_budget are missing: they are the business of the engine below. */
static const struct axarch_layer_ops ops = {
	.set_entry = set_entry,
	.set_ept_root = set_ept_root,
	.setup = setup,
	.run = run,
	.unbind = unbind,
	.set_gpr = set_gpr,
	.inject_interrupt = inject_interrupt,
	.set_return_value = set_return_value,
	.kick = kick,
	.complete_read = complete_read,
	.reset = reset,
	.get_reg = get_reg,
	.set_reg = set_reg,
	.translate = translate,
	.set_clock = set_clock,
	.set_single_step = set_single_step,
	.set_breakpoint = set_breakpoint,
	.read_counter = read_counter,
	.fail_access = fail_access,
	.finish = finish,
};

/* ---- attach and detach ---- */

static const struct axvcpu_reg *find_pc(const struct axarch_engines *engines, uint32_t arch)
{
	uint32_t count;
	const struct axvcpu_reg *regs = engines->regs(arch, &count);

	for (uint32_t i = 0; i < count; i++)
		if (!strcmp(regs[i].name, "pc") || !strcmp(regs[i].alias, "pc"))
			return &regs[i];
	return NULL;
}

static int32_t start(struct rescue *rescue, const char *options)
{
	int32_t error = options_parse(rescue->host, options, &rescue->options);

	if (error)
		return error;
	rescue->engines = rescue->host->get_extension(AXARCH_ENGINES);
	rescue->pc = rescue->engines ? find_pc(rescue->engines, rescue->arch) : NULL;
	if (!rescue->pc)
		return rescue->host->error(AXVCPU_ERROR_UNSUPPORTED,
					   rescue->engines ? "this architecture has no registers to carry over"
							   : "this library has no engines for layers: install 1.2");
	return rescue->options.late ? 0 : open_other(rescue);
}

static int32_t attach(const struct axarch_host *host, const struct axarch_layer_site *site, const char *options,
		      void **ret_self)
{
	struct rescue *rescue = host->alloc(sizeof(*rescue));
	int32_t error;

	if (!rescue)
		return host->error(AXVCPU_ERROR_NO_MEMORY, "no memory for a vCPU's rescue");
	rescue->host = host;
	rescue->below = site->below;
	rescue->origin = site->origin;
	rescue->arch = site->arch;
	rescue->vm_id = site->vm_id;
	rescue->vcpu_id = site->vcpu_id;
	error = start(rescue, options);
	if (error)
		host->free(rescue);
	else
		*ret_self = rescue;
	return error;
}

static void detach(void *self)
{
	struct rescue *rescue = self;

	drop_other(rescue);
	if (rescue->other) {
		carry_finish(&rescue->carry);
		rescue->engines->close(rescue->engine);
	}
	rescue->host->free(rescue);
}

/* clang-format off */
AXARCH_LAYER(
	.id = "rescue",
	.summary = "another engine executes what the one below cannot",
	.options = "rescue=BACKEND, its name or path; ,run=N: instructions of a rescue (1); ,most=N: what that grows to while "
		   "failures come in quick succession (4096, if both are processors of the same kind); ,late: it is opened when it is "
		   "needed first",
	.attach = attach,
	.detach = detach,
	.ops = &ops,
);
/* clang-format on */
