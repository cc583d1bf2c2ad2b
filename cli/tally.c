/* SPDX-License-Identifier: Apache-2.0 */
#include <axvcpu/plugin/plugin.h>

#include "engines.h"
#include "tally.h"

static struct cpu_share *present_share(struct cpu *cpu)
{
	return &cpu->shares[engines_index(cpu->machine->engines, axvcpu_backend_of(cpu->vcpu))];
}

/* The present engine's, since its vCPU was made: over all the times that this cpu ran on it. */
static uint64_t read_counter(struct cpu *cpu, struct cpu_share *share)
{
	uint64_t count = 0;

	share->counts = !axvcpu_read_counter(cpu->vcpu, AXARCH_COUNTER_INSTRUCTIONS, &count);
	return count;
}

void tally_begin(struct cpu *cpu)
{
	struct cpu_share *share = present_share(cpu);

	share->ran = true;
	share->counted_before = read_counter(cpu, share);
	cpu->share = share;
}

/* A layer's, whichever engine is below it. Without the layer there are none. */
static void count_rescues(struct cpu *cpu)
{
	axvcpu_read_counter(cpu->vcpu, AXARCH_COUNTER_RESCUES, &cpu->rescues);
	axvcpu_read_counter(cpu->vcpu, AXARCH_COUNTER_RESCUED_INSTRUCTIONS, &cpu->rescued_instructions);
}

void tally_end(struct cpu *cpu)
{
	count_rescues(cpu);
	if (cpu->share)
		cpu->share->instructions += read_counter(cpu, cpu->share) - cpu->share->counted_before;
	cpu->share = NULL;
}

uint64_t tally_instructions(struct cpu *cpu)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < ENGINES_MAX; i++)
		sum += cpu->shares[i].instructions;
	return cpu->share ? sum + read_counter(cpu, cpu->share) - cpu->share->counted_before : sum;
}
