/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SiFive's test finisher, which is also the board's syscon: a 32-bit register at offset 0 that ends the machine.
 * 0x5555 powers off, 0x7777 resets, 0x3333 powers off with the code in the upper half.
 */
#ifndef CLI_DEVICE_SIFIVE_TEST_H
#define CLI_DEVICE_SIFIVE_TEST_H

#include "device.h"

enum sifive_test_end { SIFIVE_TEST_PASS, SIFIVE_TEST_FAIL, SIFIVE_TEST_RESET };

#define SIFIVE_TEST_POWER_OFF 0x5555u
#define SIFIVE_TEST_REBOOT 0x7777u

struct sifive_test {
	struct device device;
	void (*ended)(void *context, enum sifive_test_end end, unsigned code);
	void *context;
};

void sifive_test_init(struct sifive_test *test, void (*ended)(void *context, enum sifive_test_end end, unsigned code),
		      void *context);

#endif
