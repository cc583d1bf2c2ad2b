/* SPDX-License-Identifier: Apache-2.0 */
/* A vCPU's life: a seat in a VM, its kvm_run, and its move to another VM when it is given another address space. */
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "kvm.h"

static int32_t map_run(struct kvm_vcpu *vcpu, int fd, struct kvm_run **ret_run)
{
	int32_t error;
	int system_fd, size;
	void *run;

	error = kvm_system_open(vcpu->host, &system_fd);
	if (error)
		return error;
	size = ioctl(system_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (size < 0)
		return kvm_failed(vcpu->host, "KVM_GET_VCPU_MMAP_SIZE");
	run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (run == MAP_FAILED)
		return kvm_failed(vcpu->host, "mmap of a vCPU");
	vcpu->run_size = (size_t)size;
	*ret_run = run;
	return 0;
}

static int32_t take_seat(struct kvm_vcpu *vcpu, const struct kvm_create *config)
{
	const struct kvm_vm_wanted wanted = { .vm_id = vcpu->vm_id, .kind = kvm_arch_vm_kind(config) };
	int32_t error = kvm_vm_join(vcpu->host, &wanted, vcpu->vcpu_id, &vcpu->vm, &vcpu->seat);

	if (error)
		return error;
	vcpu->fd = vcpu->seat->fd;
	error = map_run(vcpu, vcpu->fd, &vcpu->run);
	if (error)
		kvm_vm_leave(vcpu->vm, vcpu->seat);
	return error;
}

int32_t kvm_vcpu_create(const struct axarch_host *host, uint32_t vm_id, uint32_t vcpu_id,
			const struct kvm_create *config, struct kvm_vcpu **ret_vcpu)
{
	struct kvm_vcpu *vcpu = host->alloc(sizeof(*vcpu));
	int32_t error;

	if (!vcpu)
		return host->error(AXVCPU_ERROR_NO_MEMORY, "kvm: no memory for a vCPU");
	vcpu->host = host;
	vcpu->vm_id = vm_id;
	vcpu->vcpu_id = vcpu_id;
	error = take_seat(vcpu, config);
	if (error)
		goto free_vcpu;
	error = kvm_arch_vcpu_init(vcpu, config);
	if (error)
		goto leave_seat;
	*ret_vcpu = vcpu;
	return 0;
leave_seat:
	munmap(vcpu->run, vcpu->run_size);
	kvm_vm_leave(vcpu->vm, vcpu->seat);
free_vcpu:
	host->free(vcpu);
	return error;
}

/* A host from before that was told has no other engine in the VM. */
static bool host_counts_writers(const struct axarch_host *host)
{
	return host->size >= offsetof(struct axarch_host, space_writers) + sizeof(host->space_writers);
}

void kvm_vcpu_may_write(struct kvm_vcpu *vcpu, bool may)
{
	const struct axarch_host *host = vcpu->host;
	struct axarch_space *space = may ? vcpu->vm->space : NULL, *before = vcpu->written;

	if (space == before || !host_counts_writers(host))
		return;
	vcpu->written = space;
	if (space)
		host->space_writers(space, 1);
	if (before)
		host->space_writers(before, -1);
}

void kvm_vcpu_destroy(struct kvm_vcpu *vcpu)
{
	kvm_vcpu_abandon(vcpu);
	kvm_vcpu_may_write(vcpu, false);
	kvm_arch_vcpu_vacate(vcpu);
	kvm_arch_vcpu_finish(vcpu);
	munmap(vcpu->run, vcpu->run_size);
	kvm_vm_leave(vcpu->vm, vcpu->seat);
	vcpu->host->free(vcpu);
}

/* Kicks of other threads may be looking at the old kvm_run: it goes when they have left. */
static void exchange_run(struct kvm_vcpu *vcpu, struct kvm_run *run)
{
	struct kvm_run *old = vcpu->run;

	__atomic_store_n(&vcpu->run, run, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&vcpu->visitors, __ATOMIC_SEQ_CST))
		sched_yield();
	run->immediate_exit = (uint8_t)__atomic_load_n(&vcpu->kicked, __ATOMIC_SEQ_CST);
	munmap(old, vcpu->run_size);
}

/* A VM without a space that was joined may get another one before it gets this: then it is left again. */
static int32_t join_attached(struct kvm_vcpu *vcpu, const struct kvm_vm_wanted *wanted, struct kvm_vm **ret_vm,
			     struct kvm_seat **ret_seat)
{
	bool other;
	int32_t error;

	do {
		error = kvm_vm_join(vcpu->host, wanted, vcpu->vcpu_id, ret_vm, ret_seat);
		if (error)
			return error;
		error = kvm_vm_attach(*ret_vm, wanted->root, &other);
		if (error || other)
			kvm_vm_leave(*ret_vm, *ret_seat);
	} while (!error && other);
	return error;
}

/* The VM has another space: on to one that has this space, with all of the vCPU's state. */
static int32_t move(struct kvm_vcpu *vcpu, uint64_t root)
{
	const struct kvm_vm_wanted wanted = { .vm_id = vcpu->vm_id, .kind = vcpu->vm->kind, .root = root };
	struct kvm_vm *vm, *old_vm = vcpu->vm;
	struct kvm_seat *seat, *old_seat = vcpu->seat;
	struct kvm_run *run;
	bool writes = vcpu->written;
	int32_t error;

	error = kvm_arch_vcpu_pack(vcpu);
	if (!error)
		error = join_attached(vcpu, &wanted, &vm, &seat);
	if (error)
		return error;
	error = map_run(vcpu, seat->fd, &run);
	if (error) {
		kvm_vm_leave(vm, seat);
		return error;
	}
	kvm_arch_vcpu_vacate(vcpu);
	exchange_run(vcpu, run);
	vcpu->vm = vm;
	vcpu->seat = seat;
	vcpu->fd = seat->fd;
	kvm_vcpu_may_write(vcpu, writes);
	kvm_vm_leave(old_vm, old_seat);
	return kvm_arch_vcpu_unpack(vcpu);
}

int32_t kvm_vcpu_set_space(struct kvm_vcpu *vcpu, uint64_t root)
{
	bool other;
	int32_t error = kvm_vm_attach(vcpu->vm, root, &other);

	if (error || !other)
		return error;
	return move(vcpu, root);
}
