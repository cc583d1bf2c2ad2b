/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kvm-exits GUEST ROUNDS: the time that exits of a KVM guest take, through a bare loop around KVM_RUN and through
 * axvcpu_run, in turn in one process. kvm-exits.py makes the guests and explains the method.
 *
 * GUEST is a file of real-mode code for 0x1000. Each run of it ends with an OUT of 16 bits to port 0x604. Prints per
 * round the nanoseconds of the bare loop, those of axvcpu_run, and the exits.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <axvcpu/axvcpu.h>

#define MEMORY_SIZE 0x80000u
#define ENTRY 0x1000u
#define END_PORT 0x604u
#define INTERRUPT 0x20u /* ends each halt, in both */
#define SKIPPED 77

struct bare {
	int vm, vcpu;
	struct kvm_run *run;
	uint8_t *memory;
};

static void check(int failed, const char *what)
{
	if (failed) {
		perror(what);
		exit(SKIPPED);
	}
}

static void check_library(int32_t error)
{
	if (error) {
		fprintf(stderr, "kvm-exits: %s\n", axvcpu_error_text());
		exit(SKIPPED);
	}
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void bare_create(struct bare *bare, const uint8_t *memory)
{
	struct kvm_userspace_memory_region region = { .memory_size = MEMORY_SIZE };
	int system = open("/dev/kvm", O_RDWR | O_CLOEXEC), size;

	check(system < 0, "/dev/kvm");
	bare->vm = ioctl(system, KVM_CREATE_VM, 0);
	check(bare->vm < 0, "KVM_CREATE_VM");
	bare->memory = mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(bare->memory == MAP_FAILED, "mmap");
	memcpy(bare->memory, memory, MEMORY_SIZE);
	region.userspace_addr = (uintptr_t)bare->memory;
	check(ioctl(bare->vm, KVM_SET_TSS_ADDR, 0xfffbd000), "KVM_SET_TSS_ADDR");
	check(ioctl(bare->vm, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
	bare->vcpu = ioctl(bare->vm, KVM_CREATE_VCPU, 0);
	check(bare->vcpu < 0, "KVM_CREATE_VCPU");
	size = ioctl(system, KVM_GET_VCPU_MMAP_SIZE, 0);
	check(size < 0, "KVM_GET_VCPU_MMAP_SIZE");
	bare->run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, bare->vcpu, 0);
	check(bare->run == MAP_FAILED, "mmap");
	close(system);
}

static void bare_restart(struct bare *bare)
{
	struct kvm_regs regs = { .rip = ENTRY, .rflags = 2 };
	struct kvm_sregs sregs;

	check(ioctl(bare->vcpu, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	sregs.cs.base = sregs.cs.selector = 0;
	check(ioctl(bare->vcpu, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
	check(ioctl(bare->vcpu, KVM_SET_REGS, &regs), "KVM_SET_REGS");
}

/* What a small VMM's loop does: enter, look why it came back. */
static uint64_t bare_run(struct bare *bare, uint64_t *ret_exits)
{
	const struct kvm_interrupt interrupt = { .irq = INTERRUPT };
	struct kvm_run *run = bare->run;
	uint64_t begin, exits = 0;

	bare_restart(bare);
	begin = now_ns();
	for (;; exits++) {
		if (ioctl(bare->vcpu, KVM_RUN, 0) < 0)
			check(1, "KVM_RUN");
		switch (run->exit_reason) {
		case KVM_EXIT_IO:
			if (run->io.port == END_PORT) {
				*ret_exits = exits;
				return now_ns() - begin;
			}
			break;
		case KVM_EXIT_MMIO:
			break;
		case KVM_EXIT_HLT:
			check(ioctl(bare->vcpu, KVM_INTERRUPT, &interrupt), "KVM_INTERRUPT");
			break;
		default:
			fprintf(stderr, "kvm-exits: the bare loop met exit %u\n", run->exit_reason);
			exit(SKIPPED);
		}
	}
}

static struct axvcpu *library_create(const uint8_t *memory)
{
	const struct axvcpu_create_info info = { .size = sizeof(info) };
	struct axvcpu_slot slot = { .size_of_struct = sizeof(slot), .size = MEMORY_SIZE };
	struct axvcpu_backend *backend;
	struct axvcpu_space *space;
	struct axvcpu *vcpu;

	check_library(axvcpu_backend_open("kvm", &backend));
	check_library(axvcpu_space_create(&space));
	check_library(axvcpu_space_add(space, &slot));
	check_library(axvcpu_space_write(space, 0, memory, MEMORY_SIZE));
	check_library(axvcpu_create(backend, &info, &vcpu));
	check_library(axvcpu_setup(vcpu, 0, axvcpu_space_root(space), NULL));
	check_library(axvcpu_bind(vcpu));
	return vcpu;
}

static uint64_t library_run(struct axvcpu *vcpu, uint64_t *ret_exits)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;
	uint64_t begin, exits_seen = 0;

	check_library(axvcpu_set_reg_u64(vcpu, "rip", ENTRY));
	check_library(axvcpu_set_reg_u64(vcpu, "rflags", 2));
	begin = now_ns();
	for (;; exits_seen++) {
		check_library(axvcpu_run(vcpu, &exit));
		switch (exit.reason) {
		case AXVCPU_EXIT_SYSTEM_DOWN:
			*ret_exits = exits_seen;
			return now_ns() - begin;
		case AXVCPU_EXIT_IO_WRITE:
		case AXVCPU_EXIT_MMIO_WRITE:
			break;
		case AXVCPU_EXIT_HALT:
			check_library(axvcpu_inject_interrupt(vcpu, INTERRUPT));
			break;
		default:
			fprintf(stderr, "kvm-exits: axvcpu_run met %s: %s\n", axvcpu_exit_name(exit.reason),
				axvcpu_error_text());
			_exit(SKIPPED);
		}
	}
}

static void load(const char *name, uint8_t *ret_memory)
{
	FILE *file = fopen(name, "re");

	if (!file || !fread(ret_memory + ENTRY, 1, MEMORY_SIZE - ENTRY, file)) {
		perror(name);
		exit(1);
	}
	fclose(file);
}

int main(int argc, char **argv)
{
	static uint8_t memory[MEMORY_SIZE];
	struct axvcpu *vcpu;
	struct bare bare;
	unsigned rounds;

	if (argc != 3) {
		fprintf(stderr, "usage: kvm-exits GUEST ROUNDS\n");
		return 64;
	}
	rounds = (unsigned)strtoul(argv[2], NULL, 0);
	load(argv[1], memory);
	bare_create(&bare, memory);
	vcpu = library_create(memory);
	while (rounds--) {
		uint64_t bare_exits, library_exits, bare_ns = bare_run(&bare, &bare_exits);
		uint64_t library_ns = library_run(vcpu, &library_exits);

		if (bare_exits != library_exits) {
			fprintf(stderr, "kvm-exits: %llu exits of the bare loop, %llu of axvcpu_run\n",
				(unsigned long long)bare_exits, (unsigned long long)library_exits);
			return 1;
		}
		printf("%llu %llu %llu\n", (unsigned long long)bare_ns, (unsigned long long)library_ns,
		       (unsigned long long)bare_exits);
	}
	return 0;
}
