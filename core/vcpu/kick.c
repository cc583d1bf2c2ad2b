/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kick: async-signal-safe, so there is no lock here. The gate word is also the futex that a waiting vCPU sleeps on:
 * whoever sets a bit learns from the same atomic step whether there is somebody to wake.
 */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vcpu.h"

/*
 * The plugin's kick, unless its vCPU is being made anew. Counting first and looking second, against closing first and
 * counting second in engine_close: one of the two sees the other.
 */
static int32_t kick_engine(struct axvcpu *vcpu)
{
	int32_t error = 0;

	__atomic_fetch_add(&vcpu->visitors, 1, __ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&vcpu->engine_away, __ATOMIC_SEQ_CST) && vcpu->has_kick)
		error = vcpu->ops->kick.fn(vcpu->ops->kick.self);
	__atomic_fetch_sub(&vcpu->visitors, 1, __ATOMIC_SEQ_CST);
	return error;
}

void engine_close(struct axvcpu *vcpu)
{
	__atomic_store_n(&vcpu->engine_away, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&vcpu->visitors, __ATOMIC_SEQ_CST))
		sched_yield();
}

void engine_open(struct axvcpu *vcpu)
{
	__atomic_store_n(&vcpu->engine_away, 0, __ATOMIC_SEQ_CST);
}

static void wake(uint32_t *gate)
{
	int saved = errno; /* of the code that a signal handler interrupted */

	syscall(SYS_futex, gate, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
	errno = saved;
}

int32_t gate_raise(struct axvcpu *vcpu, uint32_t bit)
{
	if (__atomic_fetch_or(&vcpu->head.gate, bit, __ATOMIC_SEQ_CST) & AXVCPU_GATE_WAITING)
		wake(&vcpu->head.gate);
	return kick_engine(vcpu);
}

int32_t axvcpu_kick(struct axvcpu *vcpu)
{
	return gate_raise(vcpu, AXVCPU_GATE_KICK);
}
