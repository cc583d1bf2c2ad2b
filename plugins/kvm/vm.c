/* SPDX-License-Identifier: Apache-2.0 */
/*
 * KVM's VMs: one for each vm_id and address space. A vCPU joins when it is created, before it is told its space: the VM
 * gets the space of the first that is set up. Two VMs of one process that happen to have the same vm_id are kept apart
 * by their spaces.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kvm.h"

static struct kvm_vm *vms;
static pthread_mutex_t vms_lock = PTHREAD_MUTEX_INITIALIZER; /* the list, users, root, and who sits where */

static struct kvm_seat *seat_of(struct kvm_vm *vm, uint32_t vcpu_id)
{
	struct kvm_seat *seat = vm->seats;

	while (seat && seat->id != vcpu_id)
		seat = seat->next;
	return seat;
}

static bool has_room(struct kvm_vm *vm, uint32_t vcpu_id)
{
	struct kvm_seat *seat = seat_of(vm, vcpu_id);

	return !seat || !seat->taken;
}

static bool is_wanted(const struct kvm_vm *vm, const struct kvm_vm_wanted *wanted)
{
	return vm->vm_id == wanted->vm_id && vm->kind == wanted->kind &&
	       (!wanted->root || !vm->root || vm->root == wanted->root);
}

static struct kvm_vm *find(const struct kvm_vm_wanted *wanted, uint32_t vcpu_id)
{
	for (struct kvm_vm *vm = vms; vm; vm = vm->next)
		if (is_wanted(vm, wanted) && has_room(vm, vcpu_id))
			return vm;
	return NULL;
}

static void free_vm(struct kvm_vm *vm)
{
	while (vm->seats) {
		struct kvm_seat *seat = vm->seats;

		vm->seats = seat->next;
		close(seat->fd);
		kvm_arch_seat_finish(vm, seat);
		vm->host->free(seat);
	}
	close(vm->fd);
	pthread_mutex_destroy(&vm->lock);
	vm->host->free(vm);
}

static int32_t create_vm(const struct axarch_host *host, struct kvm_vm *vm)
{
	int32_t error;
	int system_fd;

	error = kvm_system_open(host, &system_fd);
	if (error)
		return error;
	do
		vm->fd = ioctl(system_fd, KVM_CREATE_VM, 0);
	while (vm->fd < 0 && errno == EINTR);
	return vm->fd < 0 ? kvm_failed(host, "KVM_CREATE_VM") : 0;
}

static int32_t make_vm(const struct axarch_host *host, const struct kvm_vm_wanted *wanted, struct kvm_vm **ret_vm)
{
	struct kvm_vm *vm = host->alloc(sizeof(*vm));
	int32_t error;

	if (!vm)
		return host->error(AXVCPU_ERROR_NO_MEMORY, "kvm: no memory for a VM");
	vm->host = host;
	vm->vm_id = wanted->vm_id;
	vm->kind = wanted->kind;
	vm->listener = (struct axarch_space_listener){ .heard = kvm_memory_heard, .context = vm };
	pthread_mutex_init(&vm->lock, NULL);
	error = create_vm(host, vm);
	if (error)
		goto free_memory;
	error = kvm_arch_vm_init(vm);
	if (error)
		goto close_vm;
	vm->next = vms;
	vms = vm;
	*ret_vm = vm;
	return 0;
close_vm:
	close(vm->fd);
free_memory:
	pthread_mutex_destroy(&vm->lock);
	host->free(vm);
	return error;
}

static int32_t make_seat(struct kvm_vm *vm, uint32_t vcpu_id, struct kvm_seat **ret_seat)
{
	struct kvm_seat *seat = vm->host->alloc(sizeof(*seat));
	int32_t error;

	if (!seat)
		return vm->host->error(AXVCPU_ERROR_NO_MEMORY, "kvm: no memory for a vCPU");
	seat->id = vcpu_id;
	seat->fd = ioctl(vm->fd, KVM_CREATE_VCPU, vcpu_id);
	if (seat->fd < 0) {
		error = kvm_failed(vm->host, "KVM_CREATE_VCPU");
		vm->host->free(seat);
		return error;
	}
	seat->next = vm->seats;
	vm->seats = seat;
	*ret_seat = seat;
	return 0;
}

static int32_t sit_down(struct kvm_vm *vm, uint32_t vcpu_id, struct kvm_seat **ret_seat)
{
	struct kvm_seat *seat = seat_of(vm, vcpu_id);
	int32_t error = seat ? 0 : make_seat(vm, vcpu_id, &seat);

	if (error)
		return error;
	seat->taken = true;
	vm->users++;
	*ret_seat = seat;
	return 0;
}

static void take_out(struct kvm_vm *vm)
{
	struct kvm_vm **link = &vms;

	while (*link != vm)
		link = &(*link)->next;
	*link = vm->next;
}

int32_t kvm_vm_join(const struct axarch_host *host, const struct kvm_vm_wanted *wanted, uint32_t vcpu_id,
		    struct kvm_vm **ret_vm, struct kvm_seat **ret_seat)
{
	struct kvm_vm *vm;
	int32_t error;

	pthread_mutex_lock(&vms_lock);
	vm = find(wanted, vcpu_id);
	error = vm ? 0 : make_vm(host, wanted, &vm);
	if (!error) {
		error = sit_down(vm, vcpu_id, ret_seat);
		if (error && !vm->users) {
			take_out(vm);
			free_vm(vm);
		}
	}
	pthread_mutex_unlock(&vms_lock);
	if (!error)
		*ret_vm = vm;
	return error;
}

void kvm_vm_leave(struct kvm_vm *vm, struct kvm_seat *seat)
{
	bool last;

	pthread_mutex_lock(&vms_lock);
	seat->taken = false;
	last = !--vm->users;
	if (last)
		take_out(vm);
	pthread_mutex_unlock(&vms_lock);
	if (!last)
		return;
	if (vm->space) {
		vm->host->space_unlisten(vm->space, &vm->listener);
		kvm_memory_forget(vm);
		vm->host->space_release(vm->space);
	}
	free_vm(vm);
}

/* The space tells of its slots while it is listened to, and then of every change. */
static int32_t listen(struct kvm_vm *vm, uint64_t root)
{
	const struct axarch_host *host = vm->host;
	int32_t error = host->space_acquire(root, &vm->space);

	if (error)
		return error;
	error = host->space_listen(vm->space, &vm->listener);
	if (error)
		goto release_space;
	if (!vm->failed)
		return 0;
	error = host->error(AXVCPU_ERROR_NO_MEMORY, "kvm: the address space cannot be given to KVM: %s", vm->failure);
	host->space_unlisten(vm->space, &vm->listener);
	kvm_memory_forget(vm);
release_space:
	host->space_release(vm->space);
	vm->space = NULL;
	return error;
}

int32_t kvm_vm_attach(struct kvm_vm *vm, uint64_t root, bool *ret_other)
{
	int32_t error = 0;

	*ret_other = false;
	pthread_mutex_lock(&vms_lock);
	if (vm->root)
		*ret_other = vm->root != root;
	else
		error = listen(vm, root);
	if (!error && !vm->root)
		vm->root = root;
	pthread_mutex_unlock(&vms_lock);
	return error;
}
