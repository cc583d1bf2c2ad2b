/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Says that it needs the host's processor. PROBED in the environment is what its guests come to: "able" (0 at port
 * 0xf4), "unable" (1 there), "emulation" (an instruction that it cannot execute), "shutdown" (a triple fault),
 * "hanging" (nothing, until a kick), "error" (the engine fails).
 */
#include <stdlib.h>
#include <unistd.h>

#include <axvcpu/plugin/config.h>

#define PROBED_CONFIG(T, INT, CHOICE, TEXT, ARRAY) \
	CHOICE(T, chip, 0, "board|kernel", "whose interrupt controllers") \
	INT(T, u32, both, 0, 0, 9, "a field of both") \
	INT(T, u32, hardware_only, 0, 0, 9, "a field of this one alone")

AXARCH_CONFIG(probed_config, PROBED_CONFIG)

#include "../probed.h"

static uint32_t kicked; /* atomic */

static int32_t kick(void *self)
{
	(void)self;
	__atomic_store_n(&kicked, 1, __ATOMIC_SEQ_CST);
	return 0;
}

static void hang(struct axvcpu_exit *exit)
{
	while (!__atomic_exchange_n(&kicked, 0, __ATOMIC_SEQ_CST))
		usleep(1000);
	exit->reason = AXVCPU_EXIT_KICKED;
}

static int32_t run(void *self, struct axvcpu_exit *exit)
{
	const char *what = getenv("PROBED") ? getenv("PROBED") : "able";

	(void)self;
	if (!strcmp(what, "error"))
		return AXVCPU_ERROR_BAD_STATE;
	if (!strcmp(what, "hanging"))
		hang(exit);
	else if (!strcmp(what, "able") || !strcmp(what, "unable"))
		probed_end(exit, what[0] == 'u');
	else if (!strcmp(what, "shutdown")) {
		exit->reason = AXVCPU_EXIT_SYSTEM_DOWN;
		exit->system_down.kind = 1;
	} else {
		exit->reason = AXVCPU_EXIT_FAIL_ENTRY;
		exit->fail_entry.hardware_entry_failure_reason = AXVCPU_FAIL_ENTRY_EMULATION;
	}
	return 0;
}

PROBED_PLUGIN("probed-hardware", AXARCH_CAPABILITY_HARDWARE, run, kick);
