/* SPDX-License-Identifier: Apache-2.0 */
/* /dev/kvm: opened once for the process, and what to do about each way in which it can fail. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kvm.h"

#define DEVICE "/dev/kvm"

struct advice {
	const char *ioctl_name; /* NULL: any */
	int error;
	const char *text;
};

/* The first that fits is given. */
static const struct advice advices[] = {
	{ "open(" DEVICE ")", ENOENT,
	  "this host has no KVM: load the module kvm_intel or kvm_amd, switch virtualization on in the firmware or, in "
	  "a virtual "
	  "machine, nested virtualization in its host; or take a simulated backend" },
	{ "open(" DEVICE ")", EACCES,
	  "you may not use it: join the group that owns " DEVICE " (usermod -aG kvm USER), and log in anew" },
	{ "open(" DEVICE ")", EPERM, "a container or sandbox forbids it: let it have the device " DEVICE },
	{ "open(" DEVICE ")", ENXIO, "the device has no driver: load the module kvm_intel or kvm_amd" },
	{ "open(" DEVICE ")", ENODEV, "the device has no driver: load the module kvm_intel or kvm_amd" },
	{ NULL, EMFILE, "the process has too many files open: raise ulimit -n" },
	{ NULL, ENFILE, "the host has too many files open: raise fs.file-max" },
	{ NULL, ENOMEM, "the host has not enough memory, or a cgroup or RLIMIT_MEMLOCK limits it" },
	{ "KVM_CREATE_VM", EBUSY, "another hypervisor holds the processor's virtualization: stop it" },
	{ "KVM_CREATE_VM", ENODEV, "the processor's virtualization is off: switch it on in the firmware" },
	{ "KVM_CREATE_VCPU", EEXIST, "the VM has a vCPU with this number: give each its own vcpu_id" },
	{ "KVM_CREATE_VCPU", EINVAL, "the number is beyond what this KVM allows: give smaller vcpu_ids" },
	{ "KVM_SET_USER_MEMORY_REGION", EINVAL,
	  "KVM refuses the slot: it may have too many, or lie where KVM has pages of its own" },
	{ "KVM_SET_USER_MEMORY_REGION", EEXIST, "slots of the address space overlap" },
	{ "KVM_SET_CPUID2", EINVAL,
	  "the CPUID of a vCPU cannot change once it has run: destroy all vCPUs of the VM first, or give it the same "
	  "as before" },
	{ "KVM_RUN", EFAULT, "KVM could not reach the memory behind a slot: it was unmapped while the guest ran" },
};

static const char *advice(const char *ioctl_name, int error)
{
	for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
		if (advices[i].error == error && (!advices[i].ioctl_name || !strcmp(advices[i].ioctl_name, ioctl_name)))
			return advices[i].text;
	return NULL;
}

int32_t kvm_failed(const struct axarch_host *host, const char *ioctl_name)
{
	int error = errno;
	const char *way_out = advice(ioctl_name, error);

	return host->error(-error, "kvm: %s failed: %s (%s)%s%s", ioctl_name, strerrorname_np(error), strerror(error),
			   way_out ? "; " : "", way_out ? way_out : "");
}

int32_t kvm_call(const struct axarch_host *host, int fd, unsigned long request, unsigned long argument,
		 const char *name)
{
	return ioctl(fd, request, argument) < 0 ? kvm_failed(host, name) : 0;
}

int kvm_system_has(int system_fd, long capability)
{
	int result = ioctl(system_fd, KVM_CHECK_EXTENSION, capability);

	return result > 0 ? result : 0;
}

/* What nothing here works without; all are older than Linux 4.13. */
static const struct {
	long capability;
	const char *name;
} needed[] = {
	{ KVM_CAP_USER_MEMORY, "KVM_CAP_USER_MEMORY" },
	{ KVM_CAP_DESTROY_MEMORY_REGION_WORKS, "KVM_CAP_DESTROY_MEMORY_REGION_WORKS" },
	{ KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT" },
	{ KVM_CAP_MP_STATE, "KVM_CAP_MP_STATE" },
};

static int32_t check(const struct axarch_host *host, int fd)
{
	int version = ioctl(fd, KVM_GET_API_VERSION, 0);

	if (version < 0)
		return host->error(AXVCPU_ERROR_UNSUPPORTED,
				   "kvm: " DEVICE
				   " is not KVM (KVM_GET_API_VERSION failed: %s): the device is the one with "
				   "the number in /proc/misc, major 10; mknod makes it",
				   strerrorname_np(errno));
	if (version != KVM_API_VERSION)
		return host->error(AXVCPU_ERROR_UNSUPPORTED,
				   "kvm: " DEVICE " speaks version %d of KVM's interface, and %d is needed", version,
				   KVM_API_VERSION);
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!kvm_system_has(fd, needed[i].capability))
			return host->error(AXVCPU_ERROR_UNSUPPORTED,
					   "kvm: this host's KVM lacks %s: a newer kernel has it (4.13 or later)",
					   needed[i].name);
	return 0;
}

int32_t kvm_system_open(const struct axarch_host *host, int *ret_fd)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static int system_fd = -1;
	int32_t error = 0;
	int fd;

	pthread_mutex_lock(&lock);
	fd = system_fd;
	if (fd < 0) {
		fd = open(DEVICE, O_RDWR | O_CLOEXEC);
		error = fd < 0 ? kvm_failed(host, "open(" DEVICE ")") : check(host, fd);
		if (error && fd >= 0)
			close(fd);
		if (!error)
			system_fd = fd;
	}
	pthread_mutex_unlock(&lock);
	if (!error)
		*ret_fd = fd;
	return error;
}
