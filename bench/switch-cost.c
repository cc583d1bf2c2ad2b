/* SPDX-License-Identifier: Apache-2.0 */
/*
 * switch-cost COUNT FROM TO [RUN]: moves a vCPU from one engine to another and back, COUNT times; FROM and TO are
 * backends by name or path. With RUN each engine executes an instruction in between, a write to a port, so that it has
 * its state where it needs it. The times go to standard output: what a switch there took, and one back, in nanoseconds
 * each. switch-cost.py has the method.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <axvcpu/axvcpu.h>
#include <axvcpu/regs/x86_64.h>

#define ENTRY 0x1000u
#define RAM_SIZE 0x10000u

static const uint8_t guest[] = { 0xe6, 0x10, 0xeb, 0xfc }; /* 1: out %al, $0x10; jmp 1b */

static void check(int32_t error)
{
	if (!error)
		return;
	fprintf(stderr, "switch-cost: %s\n", axvcpu_error_text());
	exit(axvcpu_error_code() == AXVCPU_ERROR_NOT_FOUND || axvcpu_error_code() < 0 ? 77 : 1);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static struct axvcpu_space *make_space(void)
{
	struct axvcpu_slot ram = { .size_of_struct = sizeof(ram), .size = RAM_SIZE };
	struct axvcpu_space *space;

	check(axvcpu_space_create(&space));
	check(axvcpu_space_add(space, &ram));
	check(axvcpu_space_write(space, ENTRY, guest, sizeof(guest)));
	return space;
}

static struct axvcpu *make_vcpu(struct axvcpu_backend *from, struct axvcpu_backend *to, struct axvcpu_space *space)
{
	const struct axvcpu_create_info info = { .size = sizeof(info) };
	struct axvcpu *vcpu;

	check(axvcpu_create(from, &info, &vcpu));
	check(axvcpu_add_engine(vcpu, to, NULL));
	check(axvcpu_setup(vcpu, ENTRY, axvcpu_space_root(space), NULL));
	check(axvcpu_bind(vcpu));
	return vcpu;
}

static void run(struct axvcpu *vcpu)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	check(axvcpu_run(vcpu, &exit));
	if (exit.reason != AXVCPU_EXIT_IO_WRITE)
		check(-1);
}

/* Adds how long it took to *ret_ns. */
static void move(struct axvcpu *vcpu, struct axvcpu_backend *backend, int runs, uint64_t *ret_ns)
{
	uint64_t begin;

	if (runs)
		run(vcpu);
	begin = now_ns();
	check(axvcpu_switch(vcpu, backend));
	*ret_ns += now_ns() - begin;
}

int main(int argc, char **argv)
{
	uint64_t there = 0, back = 0;
	struct axvcpu_backend *from, *to;
	struct axvcpu_space *space;
	struct axvcpu *vcpu;
	unsigned long count;

	if (argc < 4) {
		fprintf(stderr, "usage: switch-cost COUNT FROM TO [RUN]\n");
		return 2;
	}
	count = strtoul(argv[1], NULL, 10);
	check(axvcpu_backend_open(argv[2], &from));
	check(axvcpu_backend_open(argv[3], &to));
	space = make_space();
	vcpu = make_vcpu(from, to, space);
	for (unsigned long i = 0; i < count; i++) {
		move(vcpu, to, argc > 4, &there);
		move(vcpu, from, argc > 4, &back);
	}
	if (count)
		printf("%.0f %.0f\n", (double)there / (double)count, (double)back / (double)count);
	check(axvcpu_destroy(vcpu));
	check(axvcpu_space_destroy(space));
	axvcpu_backend_close(to);
	axvcpu_backend_close(from);
	return 0;
}
