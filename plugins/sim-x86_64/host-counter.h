/* SPDX-License-Identifier: Apache-2.0 */
/* The host's time stamp counter. */
#ifndef PLUGINS_SIM_X86_64_HOST_COUNTER_H
#define PLUGINS_SIM_X86_64_HOST_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

struct host_counter {
	uint32_t khz;
	bool steady; /* it counts alike on all processors, whatever they do */
};

/* Found out once, when it is first asked for; takes some milliseconds where the system does not tell. [any-thread] */
struct host_counter host_counter(void);

/* Whether a counter of this frequency is the host's: KVM's measure, as systems differ in what they take it for. */
bool host_counter_is(uint32_t khz);

#endif
