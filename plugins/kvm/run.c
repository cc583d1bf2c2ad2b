/* SPDX-License-Identifier: Apache-2.0 */
/*
 * KVM_RUN, and what lies between it and one exit of the contract: kicks, accesses that are given in parts, and
 * instructions that KVM finishes only when it is entered again.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "kvm.h"

/* How often KVM_RUN may bring another exit while an instruction is given up: one that crosses pages reads twice. */
#define ABANDON_MAX 64

/* Asked for, a kick is answered; the core knows which kicks it has asked for, so that one too many does no harm. */
static int32_t take_kick(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit)
{
	__atomic_store_n(&vcpu->kicked, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&vcpu->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
	exit->reason = AXVCPU_EXIT_KICKED;
	return 0;
}

static int32_t read_waits(struct kvm_vcpu *vcpu)
{
	return vcpu->host->error(AXVCPU_ERROR_BAD_STATE,
				 "kvm: the read exit before was not completed: call axvcpu_complete_read");
}

static int32_t memory_failed(struct kvm_vcpu *vcpu)
{
	return vcpu->host->error(AXVCPU_ERROR_NO_MEMORY, "kvm: the address space changed, and KVM did not follow: %s",
				 vcpu->vm->failure);
}

/* What stands in the way of an entry, in this order; KVM_AGAIN: nothing does. */
static int32_t prepare(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit)
{
	int32_t error;

	if (vcpu->before & KVM_BEFORE_READ)
		return read_waits(vcpu);
	if (vcpu->before & KVM_BEFORE_PART) {
		kvm_access_give(vcpu, exit);
		return 0;
	}
	if (vcpu->before & KVM_BEFORE_EXIT) {
		vcpu->before &= ~(uint32_t)KVM_BEFORE_EXIT;
		return kvm_arch_exit(vcpu, exit);
	}
	if (vcpu->before & KVM_BEFORE_STATE) {
		error = kvm_arch_write_state(vcpu);
		if (error)
			return error;
	}
	if (vcpu->before & KVM_BEFORE_HALTED && !kvm_arch_interrupt_pending(vcpu)) {
		exit->reason = AXVCPU_EXIT_HALT;
		return 0;
	}
	vcpu->before &= ~(uint32_t)KVM_BEFORE_HALTED;
	return vcpu->before & KVM_BEFORE_LOOK ? kvm_arch_look(vcpu, exit) : KVM_AGAIN;
}

/* KVM_RUN came back with an error. */
static int32_t came_back(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit)
{
	if (errno == EINTR)
		return take_kick(vcpu, exit);
	if (errno == EAGAIN) { /* a vCPU of an in-kernel chip that waits for its INIT */
		exit->reason = AXVCPU_EXIT_NOTHING;
		return 0;
	}
	return kvm_failed(vcpu->host, "KVM_RUN");
}

static inline int kvm_run(struct kvm_vcpu *vcpu)
{
	int result;

	__atomic_store_n(&vcpu->in_kvm, 1, __ATOMIC_SEQ_CST);
	result = ioctl(vcpu->fd, KVM_RUN, 0);
	__atomic_store_n(&vcpu->in_kvm, 0, __ATOMIC_RELEASE);
	vcpu->unfinished = false;
	vcpu->seat->arch.has_run = true;
	if (kvm_unlikely(vcpu->cached))
		kvm_arch_forget_state(vcpu);
	return result;
}

static int32_t enter(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit)
{
	int32_t answer;

	if (kvm_unlikely(__atomic_load_n(&vcpu->kicked, __ATOMIC_ACQUIRE)) && !(vcpu->before & KVM_BEFORE_READ))
		return take_kick(vcpu, exit);
	if (kvm_unlikely(vcpu->before)) {
		answer = prepare(vcpu, exit);
		if (answer != KVM_AGAIN)
			return answer;
	}
	if (kvm_unlikely(__atomic_load_n(&vcpu->vm->failed, __ATOMIC_ACQUIRE)))
		return memory_failed(vcpu);
	if (kvm_unlikely(kvm_run(vcpu) < 0))
		return came_back(vcpu, exit);
	return kvm_arch_exit(vcpu, exit);
}

int32_t kvm_vcpu_run(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit)
{
	int32_t answer;

	do
		answer = enter(vcpu, exit);
	while (kvm_unlikely(answer == KVM_AGAIN));
	return answer;
}

/* KVM_RUN that finishes the instruction and enters no guest. 1: it did, 0: it brought an exit. */
static int32_t run_to_finish(struct kvm_vcpu *vcpu)
{
	bool bound = vcpu->written;
	int result, error;

	kvm_vcpu_may_write(vcpu, true); /* what an `ins` has read */
	__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	result = kvm_run(vcpu);
	error = errno;
	__atomic_store_n(&vcpu->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&vcpu->kicked, __ATOMIC_SEQ_CST)) /* a kick came meanwhile: it is still to be answered */
		__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	kvm_vcpu_may_write(vcpu, bound);
	errno = error;
	if (!result)
		return 0;
	return error == EINTR ? 1 : kvm_failed(vcpu->host, "KVM_RUN");
}

int32_t kvm_vcpu_finish(struct kvm_vcpu *vcpu)
{
	int32_t result;

	if (kvm_likely(!vcpu->unfinished))
		return 0;
	/* What was changed at the exit was changed before the instruction ends. */
	result = vcpu->before & KVM_BEFORE_STATE ? kvm_arch_write_state(vcpu) : 0;
	if (!result)
		result = run_to_finish(vcpu);
	if (result < 0)
		return result;
	if (!result && !kvm_arch_is_echo(vcpu))
		vcpu->before |= KVM_BEFORE_EXIT;
	return 0;
}

/* What is left of the instruction, or KVM_AGAIN when it may have more to give after this. */
static int32_t end_part(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit)
{
	int32_t error;

	if (vcpu->before & KVM_BEFORE_PART) {
		kvm_access_give(vcpu, exit);
		return 0;
	}
	error = kvm_vcpu_finish(vcpu);
	if (error)
		return error;
	if (vcpu->before & KVM_BEFORE_EXIT) {
		vcpu->before &= ~(uint32_t)KVM_BEFORE_EXIT;
		return kvm_arch_exit(vcpu, exit);
	}
	exit->reason = AXVCPU_EXIT_NOTHING;
	return vcpu->before & KVM_BEFORE_STATE ? kvm_arch_write_state(vcpu) : 0;
}

int32_t kvm_vcpu_end_instruction(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit)
{
	int32_t answer;

	if (vcpu->before & KVM_BEFORE_READ)
		return read_waits(vcpu);
	do
		answer = end_part(vcpu, exit);
	while (answer == KVM_AGAIN);
	return answer;
}

int32_t kvm_vcpu_abandon(struct kvm_vcpu *vcpu)
{
	const uint32_t access = KVM_BEFORE_READ | KVM_BEFORE_PART | KVM_BEFORE_EXIT;
	int32_t result = 0;

	if (!vcpu->unfinished && !(vcpu->before & access))
		return 0;
	for (unsigned i = 0; i < ABANDON_MAX && !result; i++)
		result = run_to_finish(vcpu);
	vcpu->before &= ~access;
	return result < 0 ? result : 0;
}

static uint32_t part_width(const struct kvm_access *access)
{
	if (access->element)
		return access->element;
	return access->left >= 8 ? 8 : access->left >= 4 ? 4 : access->left >= 2 ? 2 : 1;
}

static uint64_t part_value(const struct kvm_access *access, uint32_t width)
{
	uint64_t value = 0;

	memcpy(&value, access->data, width);
	return value;
}

/* On to the next part, or to the instruction's end. */
static void part_done(struct kvm_vcpu *vcpu, uint32_t width)
{
	struct kvm_access *access = &vcpu->access;

	access->data += width;
	access->left -= width;
	if (!access->element)
		access->address += width;
	if (kvm_unlikely(access->left)) {
		vcpu->before |= KVM_BEFORE_PART;
		return;
	}
	vcpu->before &= ~(uint32_t)KVM_BEFORE_PART;
	vcpu->unfinished = true;
}

static void fill_memory(const struct kvm_access *access, uint32_t width, struct axvcpu_exit *exit)
{
	if (access->is_write) {
		exit->reason = AXVCPU_EXIT_MMIO_WRITE;
		exit->mmio_write = (struct axvcpu_exit_mmio_write){ .addr = access->address,
								    .width = width,
								    .data = part_value(access, width) };
		return;
	}
	exit->reason = AXVCPU_EXIT_MMIO_READ;
	exit->mmio_read = (struct axvcpu_exit_mmio_read){ .addr = access->address, .width = width, .reg_width = width };
}

static void fill_port(const struct kvm_access *access, uint32_t width, struct axvcpu_exit *exit)
{
	uint32_t port = (uint32_t)access->address;

	if (access->is_write) {
		exit->reason = AXVCPU_EXIT_IO_WRITE;
		exit->io_write = (struct axvcpu_exit_io_write){ .port = port,
								.width = width,
								.data = part_value(access, width) };
		return;
	}
	exit->reason = AXVCPU_EXIT_IO_READ;
	exit->io_read = (struct axvcpu_exit_io_read){ .port = port, .width = width };
}

void kvm_access_give(struct kvm_vcpu *vcpu, struct axvcpu_exit *exit)
{
	const struct kvm_access *access = &vcpu->access;
	uint32_t width = part_width(access);

	if (access->element)
		fill_port(access, width, exit);
	else
		fill_memory(access, width, exit);
	if (access->is_write)
		part_done(vcpu, width);
	else
		vcpu->before |= KVM_BEFORE_READ;
}

int32_t kvm_access_complete(struct kvm_vcpu *vcpu, const struct axvcpu_exit *exit, uint64_t value)
{
	struct kvm_access *access = &vcpu->access;
	uint32_t reason = access->element ? AXVCPU_EXIT_IO_READ : AXVCPU_EXIT_MMIO_READ;
	uint32_t width = part_width(access);

	if (!(vcpu->before & KVM_BEFORE_READ) || exit->reason != reason)
		return vcpu->host->error(AXVCPU_ERROR_BAD_STATE, "kvm: no read of this kind waits for a value");
	memcpy(access->data, &value, width);
	vcpu->before &= ~(uint32_t)KVM_BEFORE_READ;
	part_done(vcpu, width);
	return 0;
}
