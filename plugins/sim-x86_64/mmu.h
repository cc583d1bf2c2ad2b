/* SPDX-License-Identifier: Apache-2.0 */
/* Paging (SDM 3, chapter 4): the walk, and what it leaves in the TLB. */
#ifndef PLUGINS_SIM_X86_64_MMU_H
#define PLUGINS_SIM_X86_64_MMU_H

#include "access.h"

/* Who accesses. IMPLICIT: the processor itself, for descriptors and the like: as supervisor, whatever the CPL. */
enum x86_who { X86_BY_PROGRAM, X86_IMPLICIT };

enum x86_walk_outcome { X86_WALK_OK, X86_WALK_PAGE_FAULT };

struct x86_walk {
	enum x86_walk_outcome outcome;
	unsigned shift; /* log2 of the page's size */
	uint64_t gpa;   /* of the address itself */
	uint32_t code;  /* of the page fault */
};

/* Translates; `update` sets accessed and dirty bits. */
struct x86_walk x86_walk(struct x86_cpu *cpu, uint64_t linear, unsigned access, enum x86_who who, bool update);

/* Of struct sim_isa. */
bool x86_fetch_miss(struct sim_cpu *cpu, uint64_t linear);

/* Where a linear address leads: with what is needed to go on there. */
enum x86_reach {
	X86_REACHED,         /* host memory, up to the end of the page */
	X86_REACHED_WATCHED, /* host memory whose page has code or data breakpoints: each write is to be looked at */
	X86_REACHED_DEVICE,  /* no slot, or a write to ROM: the VMM's */
	X86_REACHED_FAULT    /* cpu->exception is a page fault, or #GP for an address that is not canonical */
};

/* Also enters it into the TLB, where accesses may go without a look. */
enum x86_reach x86_reach(struct x86_cpu *cpu, uint64_t linear, unsigned access, enum x86_who who, uint8_t **ret_host,
			 uint64_t *ret_gpa);

/* Contexts of the TLB follow cr0, cr3, cr4, efer, CPL and eflags.AC. x86_update_mode calls it. */
void x86_update_context(struct x86_cpu *cpu);

/* Forgets translations: all; those of a process-context identifier (all where there are none); those of a page in all.
 */
void x86_flush_all(struct x86_cpu *cpu);
void x86_flush_pcid(struct x86_cpu *cpu, unsigned pcid);
void x86_flush_page(struct x86_cpu *cpu, uint64_t linear);

/* Reads the page-directory-pointer-table entries of PAE paging at cr3. False: one has reserved bits set (#GP), and the
 * old ones stay. */
bool x86_load_pdptes(struct x86_cpu *cpu, uint64_t cr3);

/* For the VMM: `access` is AXVCPU_ACCESS_*; nothing is changed. */
bool x86_translate(struct x86_cpu *cpu, uint64_t linear, uint32_t access, uint64_t *ret_gpa);

#endif
