/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Getting a vCPU out of KVM_RUN. The request is kvm_run's immediate_exit, which KVM reads when it enters; a signal to
 * the thread ends a KVM_RUN that has entered already. So there is no moment at which a kick is lost.
 *
 * The signal is a real-time one that nobody in the process has a handler for when the first vCPU is bound. Its handler
 * does nothing, and SA_RESTART spares the VMM's own system calls: KVM_RUN ends with EINTR all the same.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kvm.h"

static int kick_signal; /* 0: not chosen yet; under the lock below, then constant */

static void heard(int number)
{
	(void)number;
}

static bool is_free(int number)
{
	struct sigaction now;

	return !sigaction(number, NULL, &now) && !(now.sa_flags & SA_SIGINFO) && now.sa_handler == SIG_DFL;
}

static bool take(int number)
{
	struct sigaction action = { .sa_handler = heard, .sa_flags = SA_RESTART };

	sigemptyset(&action.sa_mask);
	return is_free(number) && !sigaction(number, &action, NULL);
}

static int32_t choose_signal(const struct axarch_host *host)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&lock);
	for (int number = SIGRTMAX - 1; !kick_signal && number > SIGRTMIN; number--)
		if (take(number))
			kick_signal = number;
	pthread_mutex_unlock(&lock);
	return kick_signal
		       ? 0
		       : host->error(
				 AXVCPU_ERROR_RESOURCE_BUSY,
				 "kvm: kicks need a real-time signal, and all have handlers: leave one to the library");
}

/* Of this thread: how many vCPUs it has bound, and whether the signal was blocked before the first of them. */
static _Thread_local unsigned bound;
static _Thread_local bool was_blocked;

static void unblock_signal(void)
{
	sigset_t signals, before;

	if (bound++)
		return;
	sigemptyset(&signals);
	sigaddset(&signals, kick_signal);
	pthread_sigmask(SIG_UNBLOCK, &signals, &before);
	was_blocked = sigismember(&before, kick_signal);
}

static void restore_signal(void)
{
	sigset_t signals;

	if (--bound || !was_blocked)
		return;
	sigemptyset(&signals);
	sigaddset(&signals, kick_signal);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

int32_t kvm_kick_bind(struct kvm_vcpu *vcpu)
{
	int32_t error = choose_signal(vcpu->host);

	if (error)
		return error;
	unblock_signal();
	vcpu->pid = getpid();
	__atomic_store_n(&vcpu->tid, (int32_t)syscall(SYS_gettid), __ATOMIC_SEQ_CST);
	return 0;
}

/* When it returns no kick is on its way to the thread, which may end then. */
void kvm_kick_unbind(struct kvm_vcpu *vcpu)
{
	__atomic_store_n(&vcpu->tid, 0, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&vcpu->visitors, __ATOMIC_SEQ_CST))
		sched_yield();
	restore_signal();
}

/*
 * Against run: it says in_kvm before it enters and KVM reads immediate_exit after; here immediate_exit is written
 * before in_kvm is read. One of the two sees the other.
 */
void kvm_kick(struct kvm_vcpu *vcpu)
{
	int saved = errno; /* of the code that a signal handler interrupted */
	int32_t tid;

	__atomic_fetch_add(&vcpu->visitors, 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&vcpu->kicked, 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	tid = __atomic_load_n(&vcpu->tid, __ATOMIC_SEQ_CST);
	if (tid && __atomic_load_n(&vcpu->in_kvm, __ATOMIC_SEQ_CST))
		syscall(SYS_tgkill, vcpu->pid, tid, kick_signal);
	__atomic_fetch_sub(&vcpu->visitors, 1, __ATOMIC_SEQ_CST);
	errno = saved;
}
