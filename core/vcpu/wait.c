/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for what ends a Halt. Nothing is lost between the look and the sleep: the sleep begins only if the gate word
 * is as it was when the waiting bit was set in it, and whoever changes it sees that bit and wakes.
 */
#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "vcpu.h"

#define NANOSECONDS UINT64_C(1000000000)

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NANOSECONDS + (uint64_t)now.tv_nsec;
}

static uint64_t left_until(uint64_t end, uint64_t now)
{
	if (end == UINT64_MAX)
		return UINT64_MAX;
	return end > now ? end - now : 0;
}

/* Nanoseconds until the engine's own timer is due: by the VMM's clock if there is one, as the engine's is. */
static int32_t left_until_timer(struct axvcpu *vcpu, uint64_t *ret_left)
{
	uint64_t deadline = UINT64_MAX;
	int32_t error = 0;

	if (BACKEND_HAS(vcpu_backend(vcpu), next_deadline)) {
		error_clear();
		error = vcpu->ops->next_deadline.fn(vcpu->ops->next_deadline.self, &deadline);
	}
	if (error)
		return vcpu_error(vcpu, "next_deadline", error);
	*ret_left = left_until(deadline, deadline == UINT64_MAX ? 0
					 : vcpu->clock          ? vcpu->clock(vcpu->clock_context)
								: monotonic_ns());
	return 0;
}

/* Whether the engine has an interrupt that ends a Halt; one that cannot say is taken to have what it was just given. */
static int32_t interrupt_pending(struct axvcpu *vcpu, uint32_t delivered, int *ret_pending)
{
	uint64_t pending = delivered;
	int32_t error = 0;

	if (BACKEND_HAS(vcpu_backend(vcpu), interrupt_pending)) {
		error_clear();
		error = vcpu->ops->interrupt_pending.fn(vcpu->ops->interrupt_pending.self, &pending);
	}
	if (error)
		return vcpu_error(vcpu, "interrupt_pending", error);
	*ret_pending = pending != 0;
	return 0;
}

static uint32_t gate_events(const struct axvcpu *vcpu)
{
	return __atomic_load_n(&vcpu->head.gate, __ATOMIC_SEQ_CST) & (AXVCPU_GATE_KICK | AXVCPU_GATE_INTERRUPT);
}

/* Looks at everything that ends a Halt but the time. An interrupt that the engine could not take yet counts too. */
static int32_t look(struct axvcpu *vcpu, int *ret_awake)
{
	uint32_t delivered = 0;
	int pending = 0;
	int32_t error;

	error = interrupts_deliver(vcpu, &delivered);
	if (!error)
		error = interrupt_pending(vcpu, delivered, &pending);
	if (!error)
		*ret_awake = pending || gate_events(vcpu);
	return error;
}

static void sleep_on_gate(struct axvcpu *vcpu, uint64_t ns)
{
	struct timespec span = { .tv_sec = (time_t)(ns / NANOSECONDS), .tv_nsec = (long)(ns % NANOSECONDS) };
	uint32_t *gate = &vcpu->head.gate;
	uint32_t seen = __atomic_or_fetch(gate, AXVCPU_GATE_WAITING, __ATOMIC_SEQ_CST);

	if (!(seen & (AXVCPU_GATE_KICK | AXVCPU_GATE_INTERRUPT)))
		syscall(SYS_futex, gate, FUTEX_WAIT_PRIVATE, seen, ns == UINT64_MAX ? NULL : &span, NULL, 0);
	__atomic_fetch_and(gate, ~(uint32_t)AXVCPU_GATE_WAITING, __ATOMIC_SEQ_CST);
}

int32_t wait_for_event(struct axvcpu *vcpu, uint64_t timeout_ns)
{
	uint64_t now = monotonic_ns();
	uint64_t end = timeout_ns > UINT64_MAX - now ? UINT64_MAX : now + timeout_ns;

	for (;;) {
		uint64_t timer_left = UINT64_MAX, left;
		int awake = 0;
		int32_t error = look(vcpu, &awake);

		if (error || awake)
			return error;
		error = left_until_timer(vcpu, &timer_left);
		if (error || !timer_left)
			return error;
		left = left_until(end, monotonic_ns());
		if (!left)
			return -ETIMEDOUT;
		sleep_on_gate(vcpu, timer_left < left ? timer_left : left);
	}
}

/* Goes through Blocked with the vCPU as the current one. A timeout is an answer, not a failure. */
int32_t axvcpu_wait(struct axvcpu *vcpu, uint64_t timeout_ns)
{
	struct axvcpu *before = current_slot;
	int32_t error;

	error = current_expect_free(vcpu, "wait");
	if (!error)
		error = state_expect(vcpu, "wait", AXVCPU_STATE_READY);
	if (!error)
		error = engine_expect(vcpu, "wait");
	if (error)
		return error;
	current_slot = vcpu;
	vcpu_set_state(vcpu, AXVCPU_STATE_BLOCKED);
	error = wait_for_event(vcpu, timeout_ns);
	vcpu_set_state(vcpu, error && error != -ETIMEDOUT ? AXVCPU_STATE_INVALID : AXVCPU_STATE_READY);
	current_slot = before;
	if (error == -ETIMEDOUT)
		return error_set(error, "vCPU %u: nothing ended its wait within %llu ns", vcpu->id,
				 (unsigned long long)timeout_ns);
	return error;
}
