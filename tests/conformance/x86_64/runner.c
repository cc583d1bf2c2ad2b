/* SPDX-License-Identifier: Apache-2.0 */
/* Threads for vCPUs. See runner.h. */
#include "runner.h"

#include <time.h>

void runner_stop(struct runner *runner)
{
	struct machine *machine = runner->machine;

	__atomic_store_n(&runner->stop, 1, __ATOMIC_RELEASE);
	if (machine && machine->vcpu[runner->index])
		axvcpu_kick(machine->vcpu[runner->index]);
}

/* Of a machine's, which are MACHINE_VCPUS: those that have no machine were never begun. */
static void stop_all(struct runner *runners)
{
	for (unsigned i = 0; i < MACHINE_VCPUS; i++)
		runner_stop(&runners[i]);
}

bool runner_goes_on(struct runner *runner)
{
	switch (runner->exit.reason) {
	case AXVCPU_EXIT_NOTHING:
		return true;
	case AXVCPU_EXIT_KICKED:
		return !__atomic_load_n(&runner->stop, __ATOMIC_ACQUIRE);
	}
	return false;
}

static void *run_vcpu(void *context)
{
	struct runner *runner = context;
	struct axvcpu *vcpu = runner->machine->vcpu[runner->index];

	runner->error = axvcpu_bind(vcpu);
	do
		runner->error = runner->error ? runner->error : axvcpu_run(vcpu, &runner->exit);
	while (!runner->error && runner->handle(runner));
	strncpy(runner->text, axvcpu_error_text(), sizeof(runner->text) - 1);
	if (!runner->error)
		axvcpu_unbind(vcpu);
	if (runner->error || runner->exit.reason == AXVCPU_EXIT_FAIL_ENTRY)
		stop_all(runner - runner->index); /* the others may be waiting for this one */
	return NULL;
}

int runner_launch(struct runner *runners, unsigned index)
{
	return pthread_create(&runners[index].thread, NULL, run_vcpu, &runners[index]);
}

/* Comes back with all threads ended, and true if they ended by themselves. */
static bool join_all(struct runner *runners, unsigned count, unsigned seconds)
{
	struct timespec limit;
	bool good = true;

	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += seconds;
	for (unsigned i = 0; i < count; i++)
		if (pthread_timedjoin_np(runners[i].thread, NULL, &limit)) {
			good = false;
			stop_all(runners);
			pthread_join(runners[i].thread, NULL);
		}
	return good;
}

void runners_begin(struct machine *machine, struct runner *runners, unsigned count,
		   bool (*handle)(struct runner *runner))
{
	for (unsigned i = 0; i < MACHINE_VCPUS; i++)
		runners[i] =
			(struct runner){ .machine = machine, .index = i, .handle = handle, .exit = AXVCPU_EXIT_INIT };
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(runner_launch(runners, i), 0);
}

void runners_end(struct runner *runners, unsigned count, unsigned seconds)
{
	bool good = join_all(runners, count, seconds);

	for (unsigned i = 0; i < count; i++)
		machine_skip_if_unable(&runners[i].exit, runners[i].text);
	for (unsigned i = 0; i < count; i++)
		if (runners[i].error)
			fail_msg("vCPU %u: %s", i, runners[i].text);
	if (!good)
		fail_msg("the vCPUs did not finish in %u seconds", seconds);
	for (unsigned i = 0; i < count; i++) {
		machine_equal("the last exit's reason", runners[i].exit.reason, AXVCPU_EXIT_IO_WRITE);
		machine_equal("the last exit's port", runners[i].exit.io_write.port, MACHINE_PORT_DONE);
	}
}

void runners_run(struct machine *machine, struct runner *runners, unsigned count, unsigned seconds,
		 bool (*handle)(struct runner *runner))
{
	runners_begin(machine, runners, count, handle);
	runners_end(runners, count, seconds);
}
