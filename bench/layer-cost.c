/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer-cost PLUGIN C-LAYER AROUND-LAYER: nanoseconds of one run with stacks of layers, side by side. The best of
 * several rounds counts, and the rounds of all stacks alternate, so that a noisy machine hurts all of them alike.
 * layer-cost PLUGIN C-LAYER AROUND-LAYER STACK CALLS: makes that many calls on one stack, for who counts them.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <axvcpu/axvcpu.h>
#include <axvcpu/plugin/plugin.h>

#define ROUNDS 15
#define CALLS 200000

struct stack {
	const char *name;
	unsigned layer; /* argument of the program that names the layer's file */
	unsigned count; /* how many of it */
	int is_direct;  /* the plugin's run is called as the plugin's symbol has it, past the library */
	struct axvcpu *vcpu;
	double best; /* ns per call */
};

static struct stack stacks[] = {
	{ "direct call", 0, 0, 1, NULL, 1e9 }, { "no layer", 0, 0, 0, NULL, 1e9 },
	{ "one C layer", 2, 1, 0, NULL, 1e9 }, { "three C layers", 2, 3, 0, NULL, 1e9 },
	{ "one closure", 3, 1, 0, NULL, 1e9 },
};

#define STACKS (sizeof(stacks) / sizeof(stacks[0]))

static void need(int32_t error)
{
	if (!error)
		return;
	fprintf(stderr, "layer-cost: %s\n", axvcpu_error_text());
	exit(1);
}

static struct axvcpu *ready_vcpu(struct axvcpu_backend *backend, const char *layers)
{
	const struct axvcpu_create_info info = { .size = sizeof(info), .layers = layers };
	struct axvcpu *vcpu;

	need(axvcpu_create(backend, &info, &vcpu));
	need(axvcpu_setup(vcpu, 0, 0, NULL));
	return vcpu;
}

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* The run of the plugin's symbol. */
static axarch_run_fn run_of(const struct axvcpu_backend *backend)
{
	void *object = dlopen(axvcpu_backend_path(backend), RTLD_NOW | RTLD_NOLOAD);
	const struct axarch_vcpu_ops *ops = object ? dlsym(object, "axarch_vcpu_ops") : NULL;

	if (!ops) {
		fprintf(stderr, "layer-cost: %s has no axarch_vcpu_ops\n", axvcpu_backend_path(backend));
		exit(1);
	}
	return ops->run;
}

static void call_directly(struct stack *stack, unsigned calls)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;
	axarch_run_fn run = run_of(axvcpu_backend_of(stack->vcpu));
	void *self;

	need(axvcpu_arch_vcpu(stack->vcpu, axvcpu_backend_of(stack->vcpu), &self));
	for (unsigned i = 0; i < calls; i++)
		need(run(self, &exit));
}

static void call(struct stack *stack, unsigned calls)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;

	for (unsigned i = 0; i < calls; i++)
		need(axvcpu_run(stack->vcpu, &exit));
}

static void make_calls(struct stack *stack, unsigned calls)
{
	need(axvcpu_bind(stack->vcpu));
	if (stack->is_direct)
		call_directly(stack, calls);
	else
		call(stack, calls);
	need(axvcpu_unbind(stack->vcpu));
}

static void measure(struct stack *stack)
{
	double start = now_ns(), each;

	make_calls(stack, CALLS);
	each = (now_ns() - start) / CALLS;
	if (each < stack->best)
		stack->best = each;
}

static void compare(void)
{
	for (unsigned round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i < STACKS; i++)
			measure(&stacks[i]);
	for (size_t i = 0; i < STACKS; i++)
		printf("%-16s %6.1f ns\n", stacks[i].name, stacks[i].best);
}

static void make_vcpus(struct axvcpu_backend *backend, char **argv)
{
	for (size_t i = 0; i < STACKS; i++) {
		char layers[4096] = "";

		for (unsigned k = 0; k < stacks[i].count; k++) {
			strncat(layers, argv[stacks[i].layer], sizeof(layers) - strlen(layers) - 1);
			strncat(layers, ";", sizeof(layers) - strlen(layers) - 1);
		}
		stacks[i].vcpu = ready_vcpu(backend, layers);
	}
}

int main(int argc, char **argv)
{
	struct axvcpu_backend *backend;
	unsigned long stack = argc == 6 ? strtoul(argv[4], NULL, 10) : 0;

	if ((argc != 4 && argc != 6) || stack >= STACKS) {
		fprintf(stderr, "usage: layer-cost PLUGIN C-LAYER AROUND-LAYER [STACK CALLS]; STACK: 0 to %zu\n",
			STACKS - 1);
		return 2;
	}
	need(axvcpu_backend_open(argv[1], &backend));
	make_vcpus(backend, argv);
	if (argc == 6)
		make_calls(&stacks[stack], (unsigned)strtoul(argv[5], NULL, 10));
	else
		compare();
	for (size_t i = 0; i < STACKS; i++)
		need(axvcpu_destroy(stacks[i].vcpu));
	axvcpu_backend_close(backend);
	return 0;
}
