/* SPDX-License-Identifier: Apache-2.0 */
/* Which instructions were met already, so that each kind is told once. Knows texts of axvcpu.where/1 alone. */
#ifndef PLUGINS_LAYER_RESCUE_SEEN_H
#define PLUGINS_LAYER_RESCUE_SEEN_H

#include <stdbool.h>
#include <stdint.h>

enum { SEEN_PLACES = 1024, SEEN_KINDS = 256, SEEN_KIND_SIZE = 24 };

struct seen {
	uint64_t places[SEEN_PLACES]; /* addresses, by their low bits: what is there need not be looked at again */
	unsigned count;
	char kinds[SEEN_KINDS][SEEN_KIND_SIZE];
};

/* True, once: nothing is known of this address. What was forgotten for another one is not known any more. */
bool seen_place_is_new(struct seen *seen, uint64_t pc);

/* True: the first of its kind, "lock cmpxchg16b" or "int3". `where` is "pc 0x...: bytes: disassembly". */
bool seen_kind_is_new(struct seen *seen, const char *where);

#endif
