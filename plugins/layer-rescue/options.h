/* SPDX-License-Identifier: Apache-2.0 */
/* What the user writes behind "rescue=". */
#ifndef PLUGINS_LAYER_RESCUE_OPTIONS_H
#define PLUGINS_LAYER_RESCUE_OPTIONS_H

#include <axvcpu/plugin/host.h>
#include <stdbool.h>

#define OPTIONS_INSTRUCTIONS_MAX UINT64_C(1000000000)

struct options {
	char backend[4096]; /* a name or a path */
	uint64_t run;       /* instructions that a rescue begins with */
	uint64_t most;      /* and grows to; 0: not given */
	bool late;          /* the backend is opened when it is needed first */
};

/* "BACKEND[,run=N][,most=N][,late]". INVALID_INPUT, with a text. */
int32_t options_parse(const struct axarch_host *host, const char *text, struct options *ret_options);

#endif
