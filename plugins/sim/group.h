/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vCPUs of this plugin that share an address space, and what they ask of each other.
 *
 * A request is a set of bits that a vCPU serves before it executes its next block: forget translations, forget slots,
 * compare code. Who needs to know that a request has taken effect waits until each of its targets has served it or is
 * outside of the guest; a vCPU that enters serves what was requested meanwhile before anything else. A vCPU that waits
 * is outside itself, so that two that wait for each other do not wait for ever.
 *
 * The space's listener is one per group: a slot that goes is forgotten by every member before the listener returns.
 */
#ifndef PLUGINS_SIM_GROUP_H
#define PLUGINS_SIM_GROUP_H

#include <axvcpu/plugin/host.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	SIM_REQUEST_KICK = 1,         /* return to the VMM */
	SIM_REQUEST_TRANSLATIONS = 2, /* forget all translations */
	SIM_REQUEST_CODE = 4,         /* compare code with memory */
	SIM_REQUEST_SLOTS = 8,        /* forget slots, pointers into them, and all translations */
	SIM_REQUEST_WRITES = 16,      /* forget what may be written, so that the first write to a page is seen */
	SIM_REQUEST_CODE_AFTER = 32   /* with WRITES: then have the others compare code (sim_member_done does it) */
};

struct sim_group;

/* A vCPU's part of its group. */
struct sim_member {
	const struct axarch_host *host;
	struct sim_group *group;
	struct sim_member *next;
	uint64_t id;       /* that of the architecture: the hart id */
	uint64_t *pass;    /* 0 is written to it when the vCPU must look at its requests */
	uint32_t requests; /* atomic */
	uint32_t inside;   /* atomic: it executes, or may touch memory */
	uint64_t wanted;   /* atomic: the number of the latest request that somebody waits for */
	uint64_t served;   /* atomic: the number of the latest that has taken effect */
};

/*
 * Which lines of memory code was decoded from, for architectures whose stores to code take effect by themselves. One
 * map for all members: it only grows. A page with code is in no member's TLB for writes, so that each store to it comes
 * by sim_group_code_written.
 */
enum { SIM_LINE_SHIFT = 6 };

/* Code at gpa was decoded by `self`, whose own TLB the caller sees to if it returns true: there was none in that page.
 * Other members are told to forget what they may write, and to have code compared once they have: no store is missed.
 */
bool sim_group_mark_code(struct sim_group *group, struct sim_member *self, uint64_t gpa, unsigned size);
/* Whether the page of gpa has code. */
bool sim_group_is_code(struct sim_group *group, uint64_t gpa);
/* Stores went to gpa, in one page. True: code is to be compared, and all members but self were told so. */
bool sim_group_code_written(struct sim_group *group, struct sim_member *self, uint64_t gpa, unsigned size);

/* Whether vCPUs of other engines write to memory without anybody being told: code is compared at each entry then. When
 * that changes every member is asked to compare code. NULL: no group, nobody writes. */
bool sim_group_has_writers(const struct sim_group *group);

/* Whether a request concerns this member. */
typedef bool (*sim_member_match_fn)(const struct sim_member *member, const void *context);

/* Joins the group of the space that ept_root stands for. Errors: what the host answers, NO_MEMORY. */
int32_t sim_group_join(struct sim_member *member, uint64_t ept_root, struct axarch_space **ret_space);
/* Leaves it; fine when in none. */
void sim_group_leave(struct sim_member *member);

/* Asks every member that matches (NULL: all) but `self` (may be NULL), and waits as described above if told to. Returns
 * how many matched, `self` included. */
unsigned sim_group_request(struct sim_group *group, uint32_t bits, sim_member_match_fn match, const void *context,
			   struct sim_member *self, bool wait);

/* [any-thread, async-signal-safe] */
void sim_member_request(struct sim_member *member, uint32_t bits);

void sim_member_enter(struct sim_member *member);
void sim_member_exit(struct sim_member *member);

/*
 * The requests that came, which are forgotten. Once they have taken effect sim_member_done tells who waits; `number`
 * goes from the one to the other.
 */
uint32_t sim_member_take(struct sim_member *member, uint64_t *ret_number);
void sim_member_done(struct sim_member *member, uint64_t number);

#endif
