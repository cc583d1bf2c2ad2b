/* SPDX-License-Identifier: Apache-2.0 */
/*
 * axvcpu_run, the hot path: one test per precondition, one indirect call. Whatever is not the plain case is in slow.c,
 * so that nothing here needs a frame for it. What is needed after the call is kept in the vCPU: a store and a load are
 * less than a saved register. <axvcpu/static.h> has the same steps for a plugin that is compiled in; bench/ counts
 * both.
 */
#include "vcpu.h"

#define UNLIKELY(condition) __builtin_expect(condition, 0)

/* The thread's slot, as a plain address: a compiler that knew it for thread-local would compute it again at each use.
 */
static inline struct axvcpu **own_slot(void)
{
	struct axvcpu **slot = &current_slot;

	__asm__("" : "+r"(slot));
	return slot;
}

int32_t axvcpu_run(struct axvcpu *vcpu, struct axvcpu_exit *exit)
{
	struct axvcpu_head *head = &vcpu->head;
	struct axvcpu **slot = __atomic_load_n(&head->current, __ATOMIC_RELAXED);
	int32_t error;

	if (UNLIKELY(__atomic_load_n(&head->gate, __ATOMIC_RELAXED) || slot != own_slot() || *slot ||
		     exit->size < AXVCPU_EXIT_SIZE_MIN))
		return run_slow(vcpu, exit);
	*slot = vcpu;
	vcpu->exit = exit;
	__atomic_store_n(&head->state, AXVCPU_STATE_RUNNING, __ATOMIC_RELAXED);
	error = head->run(head->self, exit);
	if (UNLIKELY(error || vcpu->exit->reason == AXVCPU_EXIT_KICKED))
		return axvcpu_run_finish(vcpu, vcpu->exit, error);
	*__atomic_load_n(&head->current, __ATOMIC_RELAXED) = NULL;
	__atomic_store_n(&head->state, AXVCPU_STATE_READY, __ATOMIC_RELAXED);
	return 0;
}
