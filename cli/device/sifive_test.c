/* SPDX-License-Identifier: Apache-2.0 */
#include "sifive_test.h"

#define FAIL_WITH_CODE 0x3333u

static uint64_t test_read(struct device *device, uint64_t offset, unsigned width)
{
	(void)device;
	(void)offset;
	(void)width;
	return 0;
}

static void test_write(struct device *device, uint64_t offset, unsigned width, uint64_t value)
{
	static const struct {
		uint16_t value;
		enum sifive_test_end end;
	} ends[] = {
		{ SIFIVE_TEST_POWER_OFF, SIFIVE_TEST_PASS },
		{ FAIL_WITH_CODE, SIFIVE_TEST_FAIL },
		{ SIFIVE_TEST_REBOOT, SIFIVE_TEST_RESET },
	};
	struct sifive_test *test = (struct sifive_test *)device;

	if (offset || width < 2)
		return;
	for (unsigned i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if ((uint16_t)value == ends[i].value)
			test->ended(test->context, ends[i].end, (unsigned)(value >> 16) & 0xffff);
}

static const struct device_ops ops = {
	.name = "sifive-test",
	.read = test_read,
	.write = test_write,
};

void sifive_test_init(struct sifive_test *test, void (*ended)(void *context, enum sifive_test_end end, unsigned code),
		      void *context)
{
	*test = (struct sifive_test){ .device.ops = &ops, .ended = ended, .context = context };
}
