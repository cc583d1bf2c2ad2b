/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run-cost BINDING COUNT [PLUGIN]: runs a vCPU COUNT times and checks every answer's error code. run-cost.py counts its
 * instructions for two COUNTs, and takes off those of `empty`, which is the same loop around nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AXARCH_STATIC_NAME nothing_ops
#include "nothing.c"

#include <axvcpu/axvcpu.h>
#include <axvcpu/static.h>

AXVCPU_STATIC_RUN(static_run, nothing_run)

static struct axvcpu *ready_vcpu(struct axvcpu_backend *backend)
{
	const struct axvcpu_create_info info = { .size = sizeof(info) };
	struct axvcpu *vcpu;

	if (axvcpu_create(backend, &info, &vcpu) || axvcpu_setup(vcpu, 0, 0, NULL) || axvcpu_bind(vcpu)) {
		fprintf(stderr, "run-cost: %s\n", axvcpu_error_text());
		exit(1);
	}
	return vcpu;
}

static struct axvcpu_backend *check(int32_t error, struct axvcpu_backend **backend)
{
	if (error) {
		fprintf(stderr, "run-cost: %s\n", axvcpu_error_text());
		exit(1);
	}
	return *backend;
}

/* The three loops differ in one line. They are not inlined, so that each is compiled by itself. */
static __attribute__((noinline)) int loop_dlopen(struct axvcpu *vcpu, struct axvcpu_exit *exit, unsigned long count)
{
	for (; count; count--)
		if (axvcpu_run(vcpu, exit))
			return 1;
	return 0;
}

static __attribute__((noinline)) int loop_static(struct axvcpu *vcpu, struct axvcpu_exit *exit, unsigned long count)
{
	for (; count; count--)
		if (static_run(vcpu, exit))
			return 1;
	return 0;
}

static __attribute__((noinline)) int loop_empty(struct axvcpu *vcpu, struct axvcpu_exit *exit, unsigned long count)
{
	for (; count; count--)
		__asm__ volatile("" : : "r"(vcpu), "r"(exit) : "memory");
	return 0;
}

int main(int argc, char **argv)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;
	struct axvcpu_backend *opened, *adopted;
	unsigned long count;
	int failed;

	if (argc != 4) {
		fprintf(stderr, "usage: run-cost dlopen|static|empty COUNT PLUGIN\n");
		return 2;
	}
	count = strtoul(argv[2], NULL, 10);
	check(axvcpu_backend_open(argv[3], &opened), &opened);
	check(axvcpu_backend_adopt(&nothing_ops, &adopted), &adopted);
	if (!strcmp(argv[1], "dlopen"))
		failed = loop_dlopen(ready_vcpu(opened), &exit, count);
	else if (!strcmp(argv[1], "static"))
		failed = loop_static(ready_vcpu(adopted), &exit, count);
	else
		failed = loop_empty(ready_vcpu(adopted), &exit, count);
	return failed || exit.reason != AXVCPU_EXIT_NOTHING;
}
