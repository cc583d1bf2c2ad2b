/* SPDX-License-Identifier: Apache-2.0 */
/* See watch.h. The lock is held while an engine is kicked, so that after watch_end no kick of this watch is to come. */
#include "watch.h"

#include <errno.h>
#include <signal.h>

#define NANOSECONDS UINT64_C(1000000000)
#define AGAIN_MS 50 /* a kick can be lost to an exit that was on its way */

static struct timespec in_ms(uint64_t ms)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	time.tv_sec += (time_t)(ms / 1000);
	time.tv_nsec += (long)(ms % 1000 * 1000000);
	if ((uint64_t)time.tv_nsec >= NANOSECONDS) {
		time.tv_nsec -= (long)NANOSECONDS;
		time.tv_sec++;
	}
	return time;
}

static void kick(struct watch *watch)
{
	watch->over = true;
	watch->ops->kick.fn(watch->ops->kick.self);
	watch->deadline = in_ms(AGAIN_MS);
}

static void *keep_watch(void *context)
{
	struct watch *watch = context;

	pthread_mutex_lock(&watch->lock);
	while (!watch->closing) {
		if (!watch->ops)
			pthread_cond_wait(&watch->changed, &watch->lock);
		else if (pthread_cond_timedwait(&watch->changed, &watch->lock, &watch->deadline) == ETIMEDOUT &&
			 watch->ops && !watch->closing)
			kick(watch);
	}
	pthread_mutex_unlock(&watch->lock);
	return NULL;
}

/* Signals are the VMM's threads'. */
static int start_thread(struct watch *watch)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&watch->thread, NULL, keep_watch, watch);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

int watch_init(struct watch *watch)
{
	pthread_condattr_t attributes;
	int error;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_mutex_init(&watch->lock, NULL);
	pthread_cond_init(&watch->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	error = start_thread(watch);
	watch->is_there = !error;
	return error;
}

void watch_finish(struct watch *watch)
{
	if (!watch->is_there)
		return;
	pthread_mutex_lock(&watch->lock);
	watch->closing = true;
	pthread_cond_signal(&watch->changed);
	pthread_mutex_unlock(&watch->lock);
	pthread_join(watch->thread, NULL);
	pthread_cond_destroy(&watch->changed);
	pthread_mutex_destroy(&watch->lock);
	watch->is_there = false;
}

void watch_begin(struct watch *watch, const struct axarch_dispatch *ops, uint64_t ms)
{
	pthread_mutex_lock(&watch->lock);
	watch->ops = ops;
	watch->over = false;
	watch->deadline = in_ms(ms);
	pthread_cond_signal(&watch->changed);
	pthread_mutex_unlock(&watch->lock);
}

void watch_end(struct watch *watch)
{
	pthread_mutex_lock(&watch->lock);
	watch->ops = NULL;
	pthread_mutex_unlock(&watch->lock);
}

bool watch_is_over(struct watch *watch)
{
	bool over;

	pthread_mutex_lock(&watch->lock);
	over = watch->over;
	pthread_mutex_unlock(&watch->lock);
	return over;
}
