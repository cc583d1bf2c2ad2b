/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address spaces as the rest of the core sees them: what the host table gives to plugins is made of these. They are the
 * public functions without error texts where the answer is an everyday one, and with a count of users.
 */
#ifndef CORE_SPACE_SPACE_H
#define CORE_SPACE_SPACE_H

#include <axvcpu/plugin/host.h>
#include <axvcpu/space.h>

/* The space of a root with one more user; it cannot be destroyed until space_release. NOT_FOUND with a text. */
int32_t space_acquire(uint64_t root, struct axvcpu_space **ret_space);
void space_release(struct axvcpu_space *space);

/* The slot that holds gpa, or NOT_FOUND without a text. */
int32_t space_find(struct axvcpu_space *space, uint64_t gpa, struct axarch_slot *ret_slot);

/* Marks the pages of [gpa, gpa + size) dirty in the slots that log. The range may have holes. */
void space_mark_dirty(struct axvcpu_space *space, uint64_t gpa, uint64_t size);

/* `more` vCPUs write without anybody being told (negative: so many fewer). Every listener has heard it when it returns.
 */
void space_writers(struct axvcpu_space *space, int32_t more);

/* As axvcpu_space_listen and unlisten, with a plugin's listener. */
int32_t space_listen(struct axvcpu_space *space, const struct axarch_space_listener *listener);
int32_t space_unlisten(struct axvcpu_space *space, const struct axarch_space_listener *listener);

#endif
