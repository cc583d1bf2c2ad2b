/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a flat guest at 0x80000000 on a backend through the public API until it writes to QEMU's test device, and prints
 * how many instructions it executed and how much CPU time they took.
 *
 *   sim-riscv64-speed BACKEND IMAGE
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <axvcpu/axvcpu.h>
#include <axvcpu/plugin/ops.h>

#define RAM UINT64_C(0x80000000)
#define TEST_DEVICE 0x100000u
enum { RAM_SIZE = 64 << 20 };

static void must(int32_t error)
{
	if (error) {
		fprintf(stderr, "%s: %s\n", axvcpu_error_name(error), axvcpu_error_text());
		exit(1);
	}
}

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void load(uint8_t *ram, const char *path)
{
	FILE *file = fopen(path, "rb");

	if (!file || !fread(ram, 1, RAM_SIZE, file)) {
		perror(path);
		exit(1);
	}
	fclose(file);
}

int main(int argc, char **argv)
{
	struct axvcpu_slot slot = { .size_of_struct = sizeof(slot), .gpa = RAM, .size = RAM_SIZE };
	struct axvcpu_create_info info = { .size = sizeof(info) };
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;
	struct axvcpu_backend *backend;
	struct axvcpu_space *space;
	struct axvcpu *vcpu;
	uint64_t instructions;
	double start;

	if (argc != 3) {
		fprintf(stderr, "usage: %s BACKEND IMAGE\n", argv[0]);
		return 2;
	}
	must(axvcpu_backend_open(argv[1], &backend));
	must(axvcpu_space_create(&space));
	must(axvcpu_space_add(space, &slot));
	load(slot.host, argv[2]);
	must(axvcpu_create(backend, &info, &vcpu));
	must(axvcpu_setup(vcpu, RAM, axvcpu_space_root(space), NULL));
	must(axvcpu_bind(vcpu));
	start = cpu_seconds();
	do
		must(axvcpu_run(vcpu, &exit));
	while (exit.reason == AXVCPU_EXIT_NOTHING);
	start = cpu_seconds() - start;
	must(axvcpu_read_counter(vcpu, AXARCH_COUNTER_INSTRUCTIONS, &instructions));
	printf("%llu %.6f\n", (unsigned long long)instructions, start);
	axvcpu_destroy(vcpu);
	axvcpu_space_destroy(space);
	axvcpu_backend_close(backend);
	return exit.reason != AXVCPU_EXIT_MMIO_WRITE || exit.mmio_write.addr != TEST_DEVICE ||
	       exit.mmio_write.data != 0x5555;
}
