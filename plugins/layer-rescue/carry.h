/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's state to another engine and back, and no more of it than is needed: the engine below keeps what the other
 * does not change, and what the other has no register for. A rescue is short, and most of its cost is this.
 *
 * Unlike a switch it does not make the other engine the vCPU's: what only the engine below has stays there, if it is a
 * system register; the time stamp counter and the like go on by themselves and are not carried back.
 */
#ifndef PLUGINS_LAYER_RESCUE_CARRY_H
#define PLUGINS_LAYER_RESCUE_CARRY_H

#include <axvcpu/plugin/engine.h>
#include <stdbool.h>

struct carry_row;

struct carry {
	const struct axarch_host *host;
	const struct axarch_engines *engines;
	const struct axarch_dispatch *below;
	const struct axarch_dispatch *other;
	const char *other_name;
	struct carry_row *rows;
	uint32_t count;
	bool known; /* the rows' values are what the other engine has */
	bool keeps; /* the engine below has kept a system register that is in use, as the other lacks it */
};

/* NO_MEMORY. `carry` has its pointers already. */
int32_t carry_init(struct carry *carry, uint32_t arch);
void carry_finish(struct carry *carry);

/* Both ways: the text of an error names the register. There the engine below is as it was; back it may have part. */
int32_t carry_there(struct carry *carry);
int32_t carry_back(struct carry *carry);

#endif
