/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's whole run as a list of its exits, each answered as its number says, and its state at a time: for tests that
 * let a guest go on elsewhere and expect the same. Fails the running test as machine.h does.
 */
#ifndef TESTS_CONFORMANCE_X86_64_TRAIL_H
#define TESTS_CONFORMANCE_X86_64_TRAIL_H

#include "machine.h"

enum { TRAIL_MAX = 256, SNAPSHOT_MAX = 65536 };

struct snapshot {
	_Alignas(8) uint8_t bytes[SNAPSHOT_MAX];
	size_t size;
	uint8_t ram[MACHINE_RAM_SIZE];
};

/* A register of a snapshot. */
struct search {
	uint64_t id;
	const uint8_t *value; /* NULL: not there */
	uint32_t size;
};

void snapshot_save(struct machine *from, struct snapshot *snapshot);
struct search snapshot_find(const struct snapshot *snapshot, uint64_t id);
/* Volatile registers apart, as time goes on, and page tables, whose accessed bits are the processor's affair. */
void snapshot_expect_same(const struct snapshot *found, const struct snapshot *expected, const char *when);
/* The same of a guest that two kinds of processors have executed. */
void snapshot_expect_alike(const struct snapshot *found, const struct snapshot *expected, const char *when);

bool trail_is_read(const struct axvcpu_exit *exit);
bool trail_is_done(const struct axvcpu_exit *exit);
/* What the VMM does at an exit. */
void trail_respond(struct machine *at, const struct axvcpu_exit *exit, unsigned number);
/* It is the exit of that number. */
void trail_expect_exit(const struct axvcpu_exit *exit, const struct axvcpu_exit *trail, unsigned number);

#endif
