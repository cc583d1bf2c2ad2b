/* SPDX-License-Identifier: Apache-2.0 */
/* Gets an engine that does not come back out of its run, when its time is over. */
#ifndef PLUGINS_LAYER_LOCKSTEP_WATCH_H
#define PLUGINS_LAYER_LOCKSTEP_WATCH_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <axvcpu/plugin/ops.h>

struct watch {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_there, closing;
	const struct axarch_dispatch *ops; /* whom to kick; NULL: nobody */
	struct timespec deadline;
	bool over; /* it was kicked */
};

/* 0, or an errno. */
int watch_init(struct watch *watch);
void watch_finish(struct watch *watch);

/* From now on the engine is kicked after so many milliseconds, until watch_end. */
void watch_begin(struct watch *watch, const struct axarch_dispatch *ops, uint64_t ms);
void watch_end(struct watch *watch);
/* Whether it was kicked. */
bool watch_is_over(struct watch *watch);

#endif
