/* SPDX-License-Identifier: Apache-2.0 */
/* Many threads open, configure, layer and run at the same time; each sees its own errors and all the same backend. */
#include "../unit.h"

#include <pthread.h>
#include <stdlib.h>

#include <axvcpu/vcpu.h>

#define THREADS 6
#define ROUNDS 20

static struct axvcpu_backend *seen[THREADS];

/* cmocka's asserts belong to the main thread: the others count what went wrong. */
static int work(struct axvcpu_backend **ret_backend)
{
	struct axvcpu_create_info info = { .size = sizeof(info), .layers = "count=/dev/null" };
	struct axvcpu_exit exit = AXVCPU_EXIT_INIT;
	struct axvcpu_backend *backend, *none;
	struct axvcpu_config *config;
	struct axvcpu *vcpu;
	int wrong = 0;

	if (axvcpu_backend_open("mock", &backend))
		return 1;
	wrong += axvcpu_backend_open("mokc", &none) != AXVCPU_ERROR_NOT_FOUND || !strstr(axvcpu_error_text(), "mokc");
	wrong += axvcpu_backend_open(getenv("REFUSED"), &none) != AXVCPU_ERROR_INVALID_DATA ||
		 !strstr(axvcpu_error_text(), "op run: mandatory");
	if (axvcpu_config_create(backend, AXVCPU_CONFIG_CREATE, &config))
		return 1;
	wrong += axvcpu_config_parse(config, "script=Hypercall nr=5") != 0;
	info.config = config;
	if (axvcpu_create(backend, &info, &vcpu))
		return 1;
	wrong += axvcpu_setup(vcpu, 0, 0, NULL) || axvcpu_bind(vcpu) || axvcpu_run(vcpu, &exit);
	wrong += exit.reason != AXVCPU_EXIT_HYPERCALL || exit.hypercall.nr != 5;
	wrong += axvcpu_destroy(vcpu) != 0;
	axvcpu_config_destroy(config);
	axvcpu_backend_close(backend);
	*ret_backend = backend;
	return wrong;
}

static void *run_thread(void *context)
{
	intptr_t wrong = 0;

	for (int round = 0; round < ROUNDS; round++)
		wrong += work(context);
	return (void *)wrong;
}

static void test_open(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run_thread, &seen[i]), 0);
	for (int i = 0; i < THREADS; i++) {
		void *wrong;

		assert_int_equal(pthread_join(threads[i], &wrong), 0);
		assert_null(wrong);
		assert_ptr_equal(seen[i], seen[0]);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(test_open) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
