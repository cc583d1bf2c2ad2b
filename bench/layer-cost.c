/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer-cost PLUGIN C-LAYER AROUND-LAYER: nanoseconds of one axvcpu_run with stacks of layers, side by side. The best
 * of several rounds counts, and the rounds of all stacks alternate, so that a noisy machine hurts all of them alike.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <axvcpu/axvcpu.h>

#define ROUNDS 15
#define CALLS 200000

struct stack {
	const char *name;
	unsigned layer; /* argument of the program that names the layer's file */
	unsigned count; /* how many of it */
	struct axvcpu *vcpu;
	double best; /* ns per call */
};

static struct stack stacks[] = {
	{ "no layer", 0, 0, NULL, 1e9 },
	{ "one C layer", 2, 1, NULL, 1e9 },
	{ "three C layers", 2, 3, NULL, 1e9 },
	{ "one closure", 3, 1, NULL, 1e9 },
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

static void measure(struct stack *stack)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;
	double start, each;

	need(axvcpu_bind(stack->vcpu));
	start = now_ns();
	for (unsigned i = 0; i < CALLS; i++)
		need(axvcpu_run(stack->vcpu, &exit));
	each = (now_ns() - start) / CALLS;
	need(axvcpu_unbind(stack->vcpu));
	if (each < stack->best)
		stack->best = each;
}

int main(int argc, char **argv)
{
	struct axvcpu_backend *backend;

	if (argc != 4) {
		fprintf(stderr, "usage: layer-cost PLUGIN C-LAYER AROUND-LAYER\n");
		return 2;
	}
	need(axvcpu_backend_open(argv[1], &backend));
	for (size_t i = 0; i < STACKS; i++) {
		char layers[4096] = "";

		for (unsigned k = 0; k < stacks[i].count; k++) {
			strncat(layers, argv[stacks[i].layer], sizeof(layers) - strlen(layers) - 1);
			strncat(layers, ";", sizeof(layers) - strlen(layers) - 1);
		}
		stacks[i].vcpu = ready_vcpu(backend, layers);
	}
	for (unsigned round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i < STACKS; i++)
			measure(&stacks[i]);
	for (size_t i = 0; i < STACKS; i++) {
		printf("%-16s %6.1f ns per axvcpu_run, %+6.1f\n", stacks[i].name, stacks[i].best,
		       stacks[i].best - stacks[0].best);
		need(axvcpu_destroy(stacks[i].vcpu));
	}
	axvcpu_backend_close(backend);
	return 0;
}
