/* SPDX-License-Identifier: Apache-2.0 */
/* Address translation (Sv39, Sv48, bare), and the accesses to memory that do not hit the soft TLB. */
#ifndef PLUGINS_SIM_RISCV64_MMU_H
#define PLUGINS_SIM_RISCV64_MMU_H

#include "hart.h"

enum { RV_READ = 1, RV_WRITE = 2, RV_FETCH = 4 }; /* the values of AXVCPU_ACCESS_* */

enum {
	RV_WALK_OK,
	RV_WALK_PAGE_FAULT,
	RV_WALK_ACCESS_FAULT,
	RV_WALK_HOLE /* there is no memory for a page-table entry: gpa is where */
};

struct rv_walk {
	uint64_t gpa;
	unsigned shift; /* log2 of the page's size */
	unsigned outcome;
};

/* Translates for the present mode. `update` sets A and D bits, by compare-and-swap; without it nothing changes. */
struct rv_walk rv_walk(struct rv_hart *hart, uint64_t va, unsigned access, bool update);

/* The cause of a failed access. */
uint64_t rv_page_fault(unsigned access);
uint64_t rv_access_fault(unsigned access);

bool rv_fetch_miss(struct sim_cpu *cpu, uint64_t va);

/*
 * Loads and stores that do not hit: misses, misaligned ones, MMIO. They do all that their executor would. `shape` is
 * the width in bytes, with RV_SIGNED when the value is sign-extended.
 */
enum { RV_SIGNED = 16 };
const struct sim_op *rv_load_slow(struct sim_cpu *cpu, const struct sim_op *op, uint64_t va, unsigned shape);
const struct sim_op *rv_store_slow(struct sim_cpu *cpu, const struct sim_op *op, uint64_t va, unsigned size);

/* Memory for an atomic of `size` bytes; NULL: a trap or an exit is under way. ret_gpa may be NULL. */
void *rv_atomic_slow(struct sim_cpu *cpu, const struct sim_op *op, uint64_t va, unsigned size, unsigned access,
		     uint64_t *ret_gpa);

/* Reads 8 bytes of guest-virtual memory for the SBI. False: not readable. */
bool rv_read_u64(struct rv_hart *hart, uint64_t va, uint64_t *ret_value);

#endif
