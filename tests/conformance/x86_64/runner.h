/* SPDX-License-Identifier: Apache-2.0 */
/* vCPUs of the test machine on threads of their own. */
#ifndef TESTS_CONFORMANCE_X86_64_RUNNER_H
#define TESTS_CONFORMANCE_X86_64_RUNNER_H

#include "machine.h"

struct runner {
	pthread_t thread;
	struct machine *machine;
	unsigned index;                        /* of its vCPU, and its own among the machine's runners */
	bool (*handle)(struct runner *runner); /* an exit, on the thread; true: the guest goes on */
	uint32_t stop;                         /* atomic: it is to end */
	int32_t error;
	struct axvcpu_exit exit; /* the last */
	char text[512];          /* of an error */
};

/* Exits that mean the same in every test: Nothing, a kick that is to end the thread or not, and the guest's end. False:
 * it is none of these, or the guest does not go on. */
bool runner_goes_on(struct runner *runner);

/* Runs vCPU `index`, which nobody has bound, until `handle` says false. Returns what pthread_create says. */
int runner_launch(struct runner *runners, unsigned index);

/* Asks the threads to end, and kicks them. */
void runner_stop(struct runner *runner);

/* Runs vCPUs 0 to count - 1 to their guests' end, which must come within that time and be the same for all; skips the
 * test where one of them cannot be executed here. */
void runners_run(struct machine *machine, struct runner *runners, unsigned count, unsigned seconds,
		 bool (*handle)(struct runner *runner));
/* The same in two steps: so the test can do something meanwhile. */
void runners_begin(struct machine *machine, struct runner *runners, unsigned count,
		   bool (*handle)(struct runner *runner));
void runners_end(struct runner *runners, unsigned count, unsigned seconds);

#endif
