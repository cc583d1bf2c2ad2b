/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host table small enough to see through: one address space with a few slots, listeners, an error text. It lets the
 * simulators' tests run the plugin's ops without libaxvcpu. Not thread-safe but for what vCPUs on several threads need.
 */
#ifndef TESTS_UNIT_SIM_FAKE_HOST_H
#define TESTS_UNIT_SIM_FAKE_HOST_H

#include <axvcpu/plugin/plugin.h>

enum { FAKE_ROOT = 77, FAKE_SLOTS = 8, FAKE_LISTENERS = 4 };

const struct axarch_host *fake_host(void);

/* The last error's text. */
const char *fake_host_error(void);

/* Adds a slot of zeroed memory and returns it. */
uint8_t *fake_host_add(uint64_t gpa, uint64_t size, uint32_t flags);
/* Removes it and frees its memory, once every listener has let go of it. */
void fake_host_remove(uint64_t gpa);
/* Removes all slots. */
void fake_host_clear(void);

/* Tells the listeners of an event of this kind that concerns the slot at gpa. */
void fake_host_tell(uint32_t kind, uint64_t gpa);

/* So many more vCPUs of other engines write without anybody being told. */
void fake_host_writers(int32_t more);

/* Whether the page of gpa has been marked dirty since the last call. */
int fake_host_take_dirty(uint64_t gpa);

/* References to the space that are held, and listeners on it. */
unsigned fake_host_references(void);

#endif
