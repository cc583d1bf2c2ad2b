/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The static binding: a plugin compiled straight into a VMM, so that the compiler can inline its `run`.
 *
 *   #define AXARCH_STATIC_NAME my_ops
 *   #include "my-plugin.c"                          the same source as the shared object's
 *   #include <axvcpu/static.h>
 *   AXVCPU_STATIC_RUN(my_run, my_plugin_run)        int32_t my_run(struct axvcpu *, struct axvcpu_exit *)
 *
 *   axvcpu_backend_adopt(&my_ops, &backend);
 *
 * my_run does what axvcpu_run does. It falls back to axvcpu_run for everything that is not the plain case: a wrong state, pending
 * interrupts and kicks, layers, a nested run, an error, a Halt or Kicked exit. It must be called on the vCPU's thread: unlike
 * axvcpu_run, it does not check that.
 */
#ifndef AXVCPU_STATIC_H
#define AXVCPU_STATIC_H

#include <axvcpu/vcpu.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The head of every vCPU: what the run path touches, and nothing else. Its layout is part of the ABI.
 * `state` and `current` are written by the vCPU's thread alone; other threads set bits in `gate`, which is 0 when the plain path may be
 * taken. While the vCPU is Ready `current` is the current slot of the thread that bound it, and else one that is never empty: so
 * one look at the slot tells that it is Ready, bound, and not nested in another operation of its thread.
 */
struct axvcpu_head {
	uint32_t state; /* AXVCPU_STATE_*, accessed atomically */
	uint32_t gate;  /* AXVCPU_GATE_*, accessed atomically */
	struct axvcpu **current; /* accessed atomically */
	void *self;              /* of the outermost run */
	int32_t (*run)(void *self, struct axvcpu_exit *exit); /* the outermost run: the plugin's own when there is no layer */
};

enum {
	AXVCPU_GATE_KICK = 1,       /* axvcpu_kick: the next run returns Kicked */
	AXVCPU_GATE_INTERRUPT = 2,  /* something waits in the interrupt queue */
	AXVCPU_GATE_SLOW = 4,       /* this vCPU needs axvcpu_run always: halt policy block */
	AXVCPU_GATE_WAITING = 8     /* its thread sleeps in a wait; the gate word is the futex */
};

/* What axvcpu_run does with the answer of a plain run that was an error or an exit that concerns the library. */
AXVCPU_API int32_t axvcpu_run_finish(struct axvcpu *vcpu, struct axvcpu_exit *exit, int32_t error);

#define AXVCPU_STATIC_RUN(name, run_fn) \
	static inline int32_t name(struct axvcpu *vcpu, struct axvcpu_exit *exit) \
	{ \
		struct axvcpu_head *head = (struct axvcpu_head *)(void *)vcpu; \
		struct axvcpu **slot = __atomic_load_n(&head->current, __ATOMIC_RELAXED); \
		int32_t error; \
		if (__builtin_expect(__atomic_load_n(&head->gate, __ATOMIC_RELAXED) || *slot || head->run != (run_fn) || \
				     exit->size < AXVCPU_EXIT_SIZE_MIN, 0)) \
			return axvcpu_run(vcpu, exit); \
		*slot = vcpu; \
		__atomic_store_n(&head->state, AXVCPU_STATE_RUNNING, __ATOMIC_RELAXED); \
		error = run_fn(head->self, exit); \
		if (__builtin_expect(error || exit->reason == AXVCPU_EXIT_KICKED, 0)) \
			return axvcpu_run_finish(vcpu, exit, error); \
		*slot = NULL; \
		__atomic_store_n(&head->state, AXVCPU_STATE_READY, __ATOMIC_RELAXED); \
		return 0; \
	}

#ifdef __cplusplus
}
#endif
#endif
