// SPDX-License-Identifier: Apache-2.0
//
//   probe run            a guest of three instructions in real mode: writes a byte to a port, then halts
//   probe capabilities   which capabilities KVM has here, of those that backends and boards ask for
//
// KVM's own interface alone, nothing of this project: when this fails, it is the machine that fails and not what is
// tested in it.
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define GUEST_PORT 0x5e
#define GUEST_VALUE 0x42

enum { page_size = 4096, code_at = 0x1000, skipped = 77 };

static const unsigned char code[] = {
	0xb0, GUEST_VALUE, // mov al, 0x42
	0xe6, GUEST_PORT,  // out 0x5e, al
	0xf4,              // hlt
};

static _Noreturn void fail(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	exit(1);
}

static int checked_ioctl(int file, unsigned long request, void *argument, const char *what)
{
	int result = ioctl(file, request, argument);
	if (result < 0)
		fail(what);
	return result;
}

static int open_kvm(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0 && (errno == ENOENT || errno == ENODEV)) {
		printf("there is no /dev/kvm\n");
		exit(skipped);
	}
	if (kvm < 0)
		fail("/dev/kvm");
	if (ioctl(kvm, KVM_GET_API_VERSION, 0) != KVM_API_VERSION) {
		printf("KVM speaks another version of its interface than %d\n", KVM_API_VERSION);
		exit(1);
	}
	return kvm;
}

static void give_memory(int vm)
{
	void *memory = mmap(NULL, page_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		fail("mmap");
	memcpy(memory, code, sizeof code);
	struct kvm_userspace_memory_region region = {
		.guest_phys_addr = code_at,
		.memory_size = page_size,
		.userspace_addr = (unsigned long)memory,
	};
	checked_ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region, "KVM_SET_USER_MEMORY_REGION");
}

static void enter_at_code(int vcpu)
{
	struct kvm_sregs special;
	checked_ioctl(vcpu, KVM_GET_SREGS, &special, "KVM_GET_SREGS");
	special.cs.base = 0;
	special.cs.selector = 0;
	checked_ioctl(vcpu, KVM_SET_SREGS, &special, "KVM_SET_SREGS");
	struct kvm_regs general = { .rip = code_at, .rflags = 2 };
	checked_ioctl(vcpu, KVM_SET_REGS, &general, "KVM_SET_REGS");
}

static struct kvm_run *map_run(int kvm, int vcpu)
{
	int size = checked_ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, NULL, "KVM_GET_VCPU_MMAP_SIZE");
	struct kvm_run *run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	if (run == MAP_FAILED)
		fail("mmap of the vCPU");
	return run;
}

static void expect_exit(int vcpu, const struct kvm_run *run, unsigned reason, const char *name)
{
	checked_ioctl(vcpu, KVM_RUN, NULL, "KVM_RUN");
	printf("exit %u, expected %u, %s\n", run->exit_reason, reason, name);
	if (run->exit_reason != reason)
		exit(1);
}

static void expect_out(const struct kvm_run *run)
{
	unsigned char value = *((const unsigned char *)run + run->io.data_offset);
	printf("port 0x%x, value 0x%x, %u byte, direction %u\n", run->io.port, value, run->io.size, run->io.direction);
	if (run->io.port != GUEST_PORT || value != GUEST_VALUE || run->io.size != 1 ||
	    run->io.direction != KVM_EXIT_IO_OUT)
		exit(1);
}

static int run_guest(int kvm)
{
	int vm = checked_ioctl(kvm, KVM_CREATE_VM, NULL, "KVM_CREATE_VM");
	give_memory(vm);
	int vcpu = checked_ioctl(vm, KVM_CREATE_VCPU, NULL, "KVM_CREATE_VCPU");
	enter_at_code(vcpu);
	struct kvm_run *run = map_run(kvm, vcpu);
	expect_exit(vcpu, run, KVM_EXIT_IO, "KVM_EXIT_IO");
	expect_out(run);
	expect_exit(vcpu, run, KVM_EXIT_HLT, "KVM_EXIT_HLT");
	return 0;
}

static int print_capabilities(int kvm)
{
	static const struct {
		long number;
		const char *name;
	} capabilities[] = {
// clang-format off
#define CAPABILITY(name) { name, #name }
		// clang-format on
		CAPABILITY(KVM_CAP_NR_VCPUS),
		CAPABILITY(KVM_CAP_MAX_VCPUS),
		CAPABILITY(KVM_CAP_NR_MEMSLOTS),
		CAPABILITY(KVM_CAP_XEN_HVM),
		CAPABILITY(KVM_CAP_SYNC_REGS),
		CAPABILITY(KVM_CAP_IMMEDIATE_EXIT),
		CAPABILITY(KVM_CAP_X86_USER_SPACE_MSR),
		CAPABILITY(KVM_CAP_X86_MSR_FILTER),
		CAPABILITY(KVM_CAP_XSAVE),
		CAPABILITY(KVM_CAP_XSAVE2),
		CAPABILITY(KVM_CAP_XCRS),
		CAPABILITY(KVM_CAP_SREGS2),
		CAPABILITY(KVM_CAP_SET_GUEST_DEBUG),
		CAPABILITY(KVM_CAP_GUEST_DEBUG_HW_BPS),
		CAPABILITY(KVM_CAP_DEBUGREGS),
		CAPABILITY(KVM_CAP_VCPU_EVENTS),
		CAPABILITY(KVM_CAP_EXCEPTION_PAYLOAD),
		CAPABILITY(KVM_CAP_EXIT_ON_EMULATION_FAILURE),
		CAPABILITY(KVM_CAP_TSC_CONTROL),
		CAPABILITY(KVM_CAP_GET_TSC_KHZ),
		CAPABILITY(KVM_CAP_IRQCHIP),
		CAPABILITY(KVM_CAP_SPLIT_IRQCHIP),
		CAPABILITY(KVM_CAP_READONLY_MEM),
		CAPABILITY(KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2),
		CAPABILITY(KVM_CAP_DIRTY_LOG_RING),
		CAPABILITY(KVM_CAP_COALESCED_MMIO),
		CAPABILITY(KVM_CAP_COALESCED_PIO),
		CAPABILITY(KVM_CAP_X86_SMM),
		CAPABILITY(KVM_CAP_VM_TSC_CONTROL),
	};
	for (size_t i = 0; i < sizeof capabilities / sizeof *capabilities; i++)
		printf("%-34s %d\n", capabilities[i].name, ioctl(kvm, KVM_CHECK_EXTENSION, capabilities[i].number));
	return 0;
}

static const struct {
	const char *name;
	int (*run)(int kvm);
} commands[] = {
	{ "run", run_guest },
	{ "capabilities", print_capabilities },
};

int main(int count, char **arguments)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (count == 2 && !strcmp(arguments[1], commands[i].name))
			return commands[i].run(open_kvm());
	fprintf(stderr, "usage: probe run|capabilities\n");
	return 64;
}
