/* SPDX-License-Identifier: Apache-2.0 */
/* The PLIC by its registers: levels, priorities, thresholds, claims and completions. */
#include "cli.h"
#include "device/plic.h"

#define CONTEXTS 3

struct fixture {
	struct plic plic;
	bool output[CONTEXTS];
	unsigned changes;
};

static void output(void *context, unsigned plic_context, bool level)
{
	struct fixture *fixture = context;

	assert_in_range(plic_context, 0, CONTEXTS - 1);
	assert_int_not_equal(fixture->output[plic_context], level);
	fixture->output[plic_context] = level;
	fixture->changes++;
}

static int make(void **state)
{
	static struct fixture fixture;

	memset(&fixture, 0, sizeof(fixture));
	plic_init(&fixture.plic, CONTEXTS, output, &fixture);
	*state = &fixture;
	return 0;
}

static uint32_t get(struct fixture *fixture, uint64_t offset)
{
	return (uint32_t)fixture->plic.device.ops->read(&fixture->plic.device, offset, 4);
}

static void set(struct fixture *fixture, uint64_t offset, uint32_t value)
{
	fixture->plic.device.ops->write(&fixture->plic.device, offset, 4, value);
}

static void set_priority(struct fixture *fixture, unsigned source, uint32_t priority)
{
	set(fixture, source * 4, priority);
}

static void enable(struct fixture *fixture, unsigned context, unsigned source)
{
	set(fixture, 0x2000 + context * 0x80 + source / 32 * 4, UINT32_C(1) << source % 32);
}

#define THRESHOLD(context) (0x200000u + (context)*0x1000u)
#define CLAIM(context) (THRESHOLD(context) + 4)

static void interrupts_a_context_that_enables_the_source(void **state)
{
	struct fixture *fixture = *state;

	set_priority(fixture, 10, 1);
	enable(fixture, 1, 10);
	plic_set_source(&fixture->plic, 10, true);
	assert_false(fixture->output[0]);
	assert_true(fixture->output[1]);
	assert_int_equal(get(fixture, 0x1000), 1 << 10);
	assert_int_equal(get(fixture, CLAIM(0)), 0);
	assert_int_equal(get(fixture, CLAIM(1)), 10);
	assert_false(fixture->output[1]);
	assert_int_equal(get(fixture, CLAIM(1)), 0);
}

static void raises_a_level_again_after_completion_only(void **state)
{
	struct fixture *fixture = *state;

	set_priority(fixture, 10, 1);
	enable(fixture, 0, 10);
	plic_set_source(&fixture->plic, 10, true);
	assert_int_equal(get(fixture, CLAIM(0)), 10);
	plic_set_source(&fixture->plic, 10, false);
	plic_set_source(&fixture->plic, 10, true);
	assert_false(fixture->output[0]); /* in flight */
	set(fixture, CLAIM(0), 10);
	assert_true(fixture->output[0]); /* it is still high */
	assert_int_equal(get(fixture, CLAIM(0)), 10);
	plic_set_source(&fixture->plic, 10, false);
	set(fixture, CLAIM(0), 10);
	assert_false(fixture->output[0]);
	assert_int_equal(get(fixture, CLAIM(0)), 0);
}

static void keeps_a_request_that_was_forwarded(void **state)
{
	struct fixture *fixture = *state;

	set_priority(fixture, 3, 1);
	enable(fixture, 0, 3);
	plic_set_source(&fixture->plic, 3, true);
	plic_set_source(&fixture->plic, 3, false);
	assert_true(fixture->output[0]);
	assert_int_equal(get(fixture, CLAIM(0)), 3);
}

static void ignores_a_completion_of_a_source_that_is_not_enabled(void **state)
{
	struct fixture *fixture = *state;

	set_priority(fixture, 5, 1);
	enable(fixture, 0, 5);
	plic_set_source(&fixture->plic, 5, true);
	assert_int_equal(get(fixture, CLAIM(0)), 5);
	set(fixture, CLAIM(1), 5);
	set(fixture, CLAIM(0), 0);
	set(fixture, CLAIM(0), 97);
	set(fixture, CLAIM(0), UINT32_MAX);
	assert_false(fixture->output[0]);
	set(fixture, CLAIM(0), 5);
	assert_true(fixture->output[0]);
}

static void takes_the_highest_priority_and_the_lowest_number_of_equals(void **state)
{
	static const struct {
		unsigned source, priority;
	} rows[] = { { 40, 2 }, { 7, 2 }, { 96, 5 }, { 1, 1 }, { 8, 0 } };
	static const uint32_t order[] = { 96, 7, 40, 1, 0 };
	struct fixture *fixture = *state;

	for (unsigned word = 0; word < 4; word++)
		set(fixture, 0x2000 + word * 4, UINT32_MAX);
	for (unsigned i = 0; i < 5; i++) {
		set_priority(fixture, rows[i].source, rows[i].priority);
		plic_set_source(&fixture->plic, rows[i].source, true);
	}
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(get(fixture, CLAIM(0)), order[i]);
}

static void masks_what_is_not_above_the_threshold_but_for_claims(void **state)
{
	struct fixture *fixture = *state;

	set_priority(fixture, 2, 3);
	enable(fixture, 2, 2);
	set(fixture, THRESHOLD(2), 3);
	plic_set_source(&fixture->plic, 2, true);
	assert_false(fixture->output[2]);
	set(fixture, THRESHOLD(2), 2);
	assert_true(fixture->output[2]);
	set(fixture, THRESHOLD(2), 7);
	assert_false(fixture->output[2]);
	assert_int_equal(get(fixture, CLAIM(2)), 2);
	assert_int_equal(get(fixture, THRESHOLD(2)), 7);
}

static void has_no_source_zero_nor_a_hundred(void **state)
{
	struct fixture *fixture = *state;

	set(fixture, 0, 7);
	assert_int_equal(get(fixture, 0), 0);
	set(fixture, 0x2000, UINT32_MAX);
	assert_int_equal(get(fixture, 0x2000), UINT32_MAX - 1);
	plic_set_source(&fixture->plic, 0, true);
	plic_set_source(&fixture->plic, 97, true);
	plic_set_source(&fixture->plic, UINT32_MAX, true);
	assert_int_equal(fixture->changes, 0);
	set_priority(fixture, 1, UINT32_MAX);
	assert_int_equal(get(fixture, 4), 7);
}

static void survives_any_access(void **state)
{
	struct fixture *fixture = *state;
	struct device *device = &fixture->plic.device;
	uint64_t seed = 3;

	for (int i = 0; i < 300000; i++) {
		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
		unsigned width = 1u << ((seed >> 36) & 3);
		uint64_t offset = (seed >> 38) % (PLIC_SIZE - width + 1) >> ((seed >> 58) & 31);

		if (seed >> 63)
			device->ops->read(device, offset, width);
		else
			device->ops->write(device, offset, width, seed);
		plic_set_source(&fixture->plic, (unsigned)(seed >> 50) & 127, seed >> 62 & 1);
	}
}

static void reaches_two_registers_with_64_bits_and_none_with_16(void **state)
{
	struct fixture *fixture = *state;
	struct device *device = &fixture->plic.device;

	device->ops->write(device, 8, 8, UINT64_C(0x500000004));
	assert_int_equal(get(fixture, 8), 4);
	assert_int_equal(get(fixture, 12), 5);
	assert_true(device->ops->read(device, 8, 8) == UINT64_C(0x500000004));
	device->ops->write(device, 8, 2, 1);
	assert_int_equal(get(fixture, 8), 4);
	assert_int_equal(device->ops->read(device, 8, 1), 0);
	assert_int_equal(device->ops->read(device, 12, 8), 0);
}

#define PLIC_TEST(name) cmocka_unit_test_setup(name, make)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLIC_TEST(interrupts_a_context_that_enables_the_source),
		PLIC_TEST(raises_a_level_again_after_completion_only),
		PLIC_TEST(keeps_a_request_that_was_forwarded),
		PLIC_TEST(ignores_a_completion_of_a_source_that_is_not_enabled),
		PLIC_TEST(takes_the_highest_priority_and_the_lowest_number_of_equals),
		PLIC_TEST(masks_what_is_not_above_the_threshold_but_for_claims),
		PLIC_TEST(has_no_source_zero_nor_a_hundred),
		PLIC_TEST(reaches_two_registers_with_64_bits_and_none_with_16),
		PLIC_TEST(survives_any_access),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
