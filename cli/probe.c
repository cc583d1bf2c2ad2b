/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "builtin/probe_x86_64.h"
#include "probe.h"

#define RAM_SIZE UINT64_C(0x10000)
#define ENTRY UINT64_C(0x8000)
#define PORT_END 0xf4u
#define VM_ID UINT32_MAX /* none of a machine's */

/* An engine that never comes back is told to: it takes microseconds where it takes no emulation. */
#define PATIENCE_S 2

struct watch {
	struct axvcpu *vcpu;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool has_ended;
};

static void *kick_when_late(void *watch_)
{
	struct watch *watch = watch_;
	struct timespec deadline;
	int error = 0;

	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += PATIENCE_S;
	pthread_mutex_lock(&watch->lock);
	while (!watch->has_ended && !error)
		error = pthread_cond_timedwait(&watch->ended, &watch->lock, &deadline);
	if (!watch->has_ended)
		axvcpu_kick(watch->vcpu);
	pthread_mutex_unlock(&watch->lock);
	return NULL;
}

static int32_t run_watched(struct axvcpu *vcpu, struct axvcpu_exit *ret_exit)
{
	struct watch watch = { vcpu, PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false };
	pthread_t thread;
	bool is_watched = !pthread_create(&thread, NULL, kick_when_late, &watch);
	int32_t error;

	do
		error = axvcpu_run(vcpu, ret_exit);
	while (!error && ret_exit->reason == AXVCPU_EXIT_NOTHING);
	if (!is_watched)
		return error;
	pthread_mutex_lock(&watch.lock);
	watch.has_ended = true;
	pthread_cond_signal(&watch.ended);
	pthread_mutex_unlock(&watch.lock);
	pthread_join(thread, NULL);
	return error;
}

static int32_t start(struct axvcpu *vcpu, struct axvcpu_space *space)
{
	struct axvcpu_slot slot = { .size_of_struct = sizeof(slot), .size = RAM_SIZE };
	int32_t error = axvcpu_space_add(space, &slot);

	if (!error)
		error = axvcpu_space_write(space, ENTRY, builtin_probe_x86_64, sizeof(builtin_probe_x86_64));
	if (!error)
		error = axvcpu_setup(vcpu, ENTRY, axvcpu_space_root(space), NULL);
	return error ? error : axvcpu_bind(vcpu);
}

/* The engine's own words come first: whatever is asked of it next may have others. */
static void explain(const struct axvcpu_exit *exit, char *ret_why, size_t capacity)
{
	char text[256];

	if (exit->reason == AXVCPU_EXIT_FAIL_ENTRY && axvcpu_error_text()[0]) {
		snprintf(ret_why, capacity, "%s", axvcpu_error_text());
		return;
	}
	axvcpu_exit_format(exit, text, sizeof(text));
	snprintf(ret_why, capacity, "a guest that tries what kernels execute ends with %s", text);
}

static bool is_success(const struct axvcpu_exit *exit)
{
	return exit->reason == AXVCPU_EXIT_IO_WRITE && exit->io_write.port == PORT_END && !exit->io_write.data;
}

static bool try_in(struct axvcpu *vcpu, struct axvcpu_space *space, char *ret_why, size_t capacity)
{
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;
	int32_t error = start(vcpu, space);

	if (!error)
		error = run_watched(vcpu, &exit);
	if (error)
		snprintf(ret_why, capacity, "%s", axvcpu_error_text());
	else if (!is_success(&exit))
		explain(&exit, ret_why, capacity);
	return !error && is_success(&exit);
}

bool probe_runs_kernels(struct axvcpu_backend *backend, char *ret_why, size_t capacity)
{
	struct axvcpu_create_info info = { .size = sizeof(info), .vm_id = VM_ID };
	struct axvcpu_space *space = NULL;
	struct axvcpu *vcpu = NULL;
	int32_t error = axvcpu_space_create(&space);
	bool works = false;

	if (!error)
		error = axvcpu_create(backend, &info, &vcpu);
	if (error)
		snprintf(ret_why, capacity, "%s", axvcpu_error_text());
	else
		works = try_in(vcpu, space, ret_why, capacity);
	axvcpu_destroy(vcpu);
	axvcpu_space_destroy(space);
	return works;
}
