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
#include "error/error.h"
#include "interrupt.h"
#include "layer/stack.h"
#include "loader/backend.h"

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

	struct axvcpu_backend *backend;
	struct axvcpu_config *config; /* a copy of the create config, for reset */
	struct layer_stack *stack;
	void *arch; /* what the plugin's create made; NULL after a reset that failed */
};

/* The calling thread's current vCPU. Its address is the thread's identity as a CPU. */
extern __attribute__((visibility("hidden"), tls_model("initial-exec"))) _Thread_local struct axvcpu *current_slot;

/* state.c */

static inline uint32_t vcpu_state(const struct axvcpu *vcpu)
{
	return __atomic_load_n(&vcpu->head.state, __ATOMIC_ACQUIRE);
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

/* slow.c: run when it is not the plain case. */
int32_t run_slow(struct axvcpu *vcpu, struct axvcpu_exit *exit);

#endif
