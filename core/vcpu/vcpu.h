/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vCPU inside, and what the files of this folder give each other. Nothing here knows an architecture or an engine.
 *
 * Who writes what: `head.state`, `binder` and everything without a remark belong to the vCPU's thread (the one
 * that bound it, or the only one that uses it while it is not bound); other threads read the first two atomically.
 * `head.gate`, the interrupt queue and the visitors' count are everybody's.
 */
#ifndef CORE_VCPU_VCPU_H
#define CORE_VCPU_VCPU_H

#include <axvcpu/static.h>

#include "config/call.h"
#include "engine.h"
#include "error/error.h"
#include "interrupt.h"
#include "layer/stack.h"
#include "loader/backend.h"

/* What the VMM wants of the engine, whichever it is: a switch tells the next one. */
struct debug_settings {
	uint32_t single_step;
	uint32_t breakpoint_count;
	uint64_t *breakpoints; /* gva, on the heap */
	uint64_t budget_end;   /* by the engine's counter of instructions; UINT64_MAX: no limit, or it was told */
};

struct axvcpu {
	struct axvcpu_head head; /* first: static bindings look at it */
	const struct axarch_dispatch *ops;
	struct axvcpu_exit *exit; /* of the run that is going on */
	struct axvcpu **binder;   /* the current slot of the thread that bound it, or NULL; read atomically by others */

	/* kick and inject may come while reset makes the engine's vCPU anew: visitors of it are counted, and kept away
	 * meanwhile. */
	uint32_t visitors;
	uint32_t engine_away;
	uint32_t has_kick;

	struct interrupt_queue interrupts;

	uint64_t (*clock)(void *context);
	void *clock_context;

	uint32_t vm_id;
	uint32_t id;
	uint32_t favor_phys_cpu;
	uint32_t has_phys_cpu_set;
	uint64_t phys_cpu_set;
	uint32_t state_policy;
	uint32_t halt_policy;

	struct layer_stack *stack;
	struct engine *engines; /* all that it has; axvcpu_set_interrupt_line looks at engine, which is atomic, from any
				   thread */
	struct engine *engine;  /* the one that it runs on */
	struct engine *target;  /* atomic: a switch that waits for the end of the instruction; NULL: none */
	uint32_t has_held;
	struct axvcpu_exit held;  /* of that instruction, for the VMM */
	uint64_t entry, ept_root; /* of setup, for engines that are set up later */
	uint32_t was_bound;       /* since it was created: the guest may have run */
	struct debug_settings debug;
};

/* The calling thread's current vCPU. Its address is the thread's identity as a CPU. */
extern __attribute__((visibility("hidden"), tls_model("initial-exec"))) _Thread_local struct axvcpu *current_slot;

/* state.c */

static inline uint32_t vcpu_state(const struct axvcpu *vcpu)
{
	return __atomic_load_n(&vcpu->head.state, __ATOMIC_ACQUIRE);
}

/* The backend that it runs on. */
static inline struct axvcpu_backend *vcpu_backend(const struct axvcpu *vcpu)
{
	return __atomic_load_n(&vcpu->engine, __ATOMIC_ACQUIRE)->bottom.backend;
}

/* Opens the plain path of run for the thread that bound the vCPU, or closes it. */
void vcpu_set_state(struct axvcpu *vcpu, uint32_t state);

/* BAD_STATE, and by policy Invalid, unless the vCPU is in `expected` and this thread may say so. */
int32_t state_expect(struct axvcpu *vcpu, const char *what, uint32_t expected);

/* state_expect(from), `body` with the vCPU as the current one, then `to` or Invalid. */
int32_t state_transition(struct axvcpu *vcpu, const char *what, uint32_t from, uint32_t to, axvcpu_body_fn body,
			 void *context);

/* current.c: which thread is the vCPU's. */
void thread_bind(struct axvcpu *vcpu);
void thread_unbind(struct axvcpu *vcpu);
int bound_here(const struct axvcpu *vcpu);
/* BAD_STATE when another thread has bound it. */
int32_t thread_expect_own(const struct axvcpu *vcpu, const char *what);
/* BAD_STATE when another thread has bound it, or it is Running or Blocked. */
int32_t vcpu_expect_resting(const struct axvcpu *vcpu, const char *what);
/* BAD_STATE when another vCPU is the thread's current one. */
int32_t current_expect_free(const struct axvcpu *vcpu, const char *what);
/* BAD_STATE: there is a current vCPU in the way. */
int32_t current_nested(const struct axvcpu *vcpu, const char *what);

/* BAD_STATE when a failed reset left the vCPU without an engine. */
int32_t engine_expect(const struct axvcpu *vcpu, const char *what);

/*
 * Around an op outside of run: checks that the vCPU is this thread's to touch and rests, makes it the current one; and
 * back, with the vCPU's and the op's name in front of the text of `error`, which is returned.
 */
int32_t vcpu_enter(struct axvcpu *vcpu, const char *what, struct axvcpu **ret_before);
int32_t vcpu_leave(struct axvcpu *vcpu, const char *what, struct axvcpu *before, int32_t error);

/* Puts "vCPU 3: run: " in front of what a plugin said. */
int32_t vcpu_error(const struct axvcpu *vcpu, const char *what, int32_t error);

/* kick.c: sets a gate bit, wakes a waiter and makes a run look; returns what the plugin's kick did. Async-signal-safe.
 */
int32_t gate_raise(struct axvcpu *vcpu, uint32_t bit);
/* Keeps kicks away from the engine's vCPU, and waits for those that are with it. */
void engine_close(struct axvcpu *vcpu);
void engine_open(struct axvcpu *vcpu);

/* wait.c: sleeps until something ends a Halt or `timeout_ns` have passed (-ETIMEDOUT, without a text). */
int32_t wait_for_event(struct axvcpu *vcpu, uint64_t timeout_ns);

/* interrupt.c: hands what is queued to the engine; adds how much to *delivered. */
int32_t interrupts_deliver(struct axvcpu *vcpu, uint32_t *delivered);

/* switch.c: goes on with a switch that waits. *ret_exit: the instruction had an exit, which is in `exit`. Else the
 * switch is over: done, or refused, which is the error. Called with the vCPU current. */
int32_t switch_go_on(struct axvcpu *vcpu, struct axvcpu_exit *exit, int *ret_exit);
/* Ends a switch that waits without its instruction, as the vCPU is to begin anew. Not while it is bound. */
void switch_conclude(struct axvcpu *vcpu);

/* Closes the plain path of run while there is something left to do beside it, or opens it. */
void vcpu_update_gate(struct axvcpu *vcpu);

/* agree.c: what axvcpu_agree does, for vCPUs of one architecture that rest. */
int32_t vcpus_agree(struct axvcpu *const *vcpus, uint32_t count);

/* debug.c: tells the engine `to` what the VMM wants of debugging; or takes it back from one; or from the one that was
 * left, as the other has been told. */
int32_t debug_apply(const struct axvcpu *vcpu, const struct engine *from, const struct engine *to);
void debug_take_back(const struct axvcpu *vcpu, const struct engine *engine);
void debug_moved(struct axvcpu *vcpu, const struct engine *from, const struct engine *to);
void debug_forget(struct axvcpu *vcpu);
/* The VMM has heard that the budget is used up. */
void debug_budget_told(struct axvcpu *vcpu);

/* lifecycle.c: what the head and the kick know of the bound ops, after these have changed. */
void vcpu_cache_ops(struct axvcpu *vcpu);

/* interrupt.c: the engine is another one, that has heard of no line yet. */
void interrupt_lines_retell(struct interrupt_queue *queue);
/* UNSUPPORTED: a line is up, and the engine has none. */
int32_t interrupt_lines_expect(struct axvcpu *vcpu, const struct engine *engine);

/* slow.c: run when it is not the plain case. */
int32_t run_slow(struct axvcpu *vcpu, struct axvcpu_exit *exit);

#endif
