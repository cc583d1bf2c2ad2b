/* SPDX-License-Identifier: Apache-2.0 */
/* The walk through page tables, and the misses of the TLB. See mmu.h. */
#include "mmu.h"

#include <axvcpu/vcpu.h>

/* Bits of entries. */
enum { PTE_P = 1, PTE_W = 2, PTE_U = 4, PTE_A = 0x20, PTE_D = 0x40, PTE_PS = 0x80 };
#define PTE_NX (UINT64_C(1) << 63)
#define PTE_ADDRESS UINT64_C(0x000ffffffffff000)

/* Bits of a page fault's error code. */
enum { CODE_P = 1, CODE_W = 2, CODE_U = 4, CODE_RSVD = 8, CODE_I = 16 };

/* ---- formats of page tables ---- */

struct format {
	unsigned levels;
	unsigned entry_size;
	unsigned shift[4];    /* of the index, by level from the leaf: 0 is the page table */
	unsigned bits[4];     /* of the index */
	unsigned large;       /* bit per level: PS makes a page there */
	uint64_t reserved[4]; /* bits of an entry that must be 0, by level */
	uint64_t reserved_large[4];
};

/* 48 physical address bits. */
#define RESERVED_HIGH UINT64_C(0x000f000000000000)
static const struct format four_level = {
	.levels = 4,
	.entry_size = 8,
	.shift = { 12, 21, 30, 39 },
	.bits = { 9, 9, 9, 9 },
	.large = 1 << 1 | 1 << 2,
	.reserved = { RESERVED_HIGH, RESERVED_HIGH, RESERVED_HIGH, RESERVED_HIGH | PTE_PS },
	.reserved_large = { 0, RESERVED_HIGH | 0x1fe000, RESERVED_HIGH | 0x3fffe000, 0 },
};

#define RESERVED_PAE UINT64_C(0x7fff000000000000)
static const struct format pae = {
	.levels = 2, /* below the page-directory-pointer-table entries, which lie in the processor */
	.entry_size = 8,
	.shift = { 12, 21 },
	.bits = { 9, 9 },
	.large = 1 << 1,
	.reserved = { RESERVED_PAE, RESERVED_PAE },
	.reserved_large = { 0, RESERVED_PAE | 0x1fe000 },
};

static const struct format two_level = {
	.levels = 2,
	.entry_size = 4,
	.shift = { 12, 22 },
	.bits = { 10, 10 },
	.large = 1 << 1,
	.reserved_large = { 0, 0x200000 }, /* bits 13 to 20 are address bits 32 to 39 */
};

/* Without PSE bit 7 of a directory entry means nothing. */
static const struct format two_level_without_large = {
	.levels = 2,
	.entry_size = 4,
	.shift = { 12, 22 },
	.bits = { 10, 10 },
};

static const struct format *format_of(const struct x86_cpu *cpu)
{
	if (!(cpu->cr4 & X86_CR4_PAE))
		return cpu->cr4 & X86_CR4_PSE ? &two_level : &two_level_without_large;
	return cpu->efer & X86_EFER_LMA ? &four_level : &pae;
}

/* ---- the walk ---- */

struct walker {
	struct x86_cpu *cpu;
	const struct format *format;
	uint64_t linear;
	unsigned access;
	bool user, update, implicit;
	bool monitor;    /* of the VMM: without SMEP and SMAP */
	uint64_t rights; /* PTE_W and PTE_U that all levels grant, and PTE_NX that one of them has */
};

static uint32_t fault_code(const struct walker *walker, uint32_t code)
{
	const struct x86_cpu *cpu = walker->cpu;
	bool tells_fetch = cpu->cr4 & X86_CR4_SMEP || (cpu->cr4 & X86_CR4_PAE && cpu->efer & X86_EFER_NXE);

	return code | (walker->access & X86_WRITE ? CODE_W : 0) | (walker->user ? CODE_U : 0) |
	       (walker->access & X86_EXECUTE && tells_fetch ? CODE_I : 0);
}

static struct x86_walk page_fault(const struct walker *walker, uint32_t code)
{
	return (struct x86_walk){ .outcome = X86_WALK_PAGE_FAULT, .code = fault_code(walker, code) };
}

static bool entry_is_malformed(const struct walker *walker, uint64_t entry, unsigned level, bool large)
{
	const struct format *format = walker->format;
	uint64_t reserved = large ? format->reserved_large[level] : format->reserved[level];

	if (format->entry_size == 8 && !(walker->cpu->efer & X86_EFER_NXE))
		reserved |= PTE_NX;
	if (large && level == 2 && !x86_has(walker->cpu, X86_FEATURE_BIT_PAGE1GB))
		reserved |= PTE_PS;
	return entry & reserved;
}

static bool is_allowed(const struct walker *walker)
{
	const struct x86_cpu *cpu = walker->cpu;
	uint64_t rights = walker->rights;
	bool smap_lifted = walker->monitor || (cpu->rflags & X86_FLAG_AC && !walker->implicit);

	if (walker->access & X86_EXECUTE) {
		if (rights & PTE_NX)
			return false;
		if (!walker->user && rights & PTE_U && cpu->cr4 & X86_CR4_SMEP && !walker->monitor)
			return false;
		return !walker->user || rights & PTE_U;
	}
	if (walker->user)
		return rights & PTE_U && (!(walker->access & X86_WRITE) || rights & PTE_W);
	if (rights & PTE_U && cpu->cr4 & X86_CR4_SMAP && !smap_lifted)
		return false;
	return !(walker->access & X86_WRITE) || rights & PTE_W || !(cpu->cr0 & X86_CR0_WP);
}

static uint64_t load_entry(const uint8_t *host, unsigned size)
{
	return size == 8 ? __atomic_load_n((const uint64_t *)(const void *)host, __ATOMIC_RELAXED)
			 : __atomic_load_n((const uint32_t *)(const void *)host, __ATOMIC_RELAXED);
}

/* Sets bits in an entry if it is still the one that was read. */
static bool mark_entry(uint8_t *host, unsigned size, uint64_t entry, uint64_t bits)
{
	uint32_t low = (uint32_t)entry;

	if (size == 8)
		return __atomic_compare_exchange_n((uint64_t *)(void *)host, &entry, entry | bits, false,
						   __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
	return __atomic_compare_exchange_n((uint32_t *)(void *)host, &low, low | (uint32_t)bits, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

/* Accessed and dirty bits; false: the entry has changed, and the walk begins again. Tables in ROM stay as they are. */
static bool update_entry(const struct walker *walker, uint64_t gpa, uint64_t entry, uint64_t bits)
{
	unsigned size = walker->format->entry_size;
	uint8_t *host;

	if (!walker->update || (entry & bits) == bits)
		return true;
	host = sim_memory_at(&walker->cpu->cpu.memory, gpa, size, true);
	return !host || mark_entry(host, size, entry, bits);
}

static uint64_t page_address(const struct walker *walker, uint64_t entry, unsigned level)
{
	uint64_t size = UINT64_C(1) << walker->format->shift[level];
	uint64_t address = entry & PTE_ADDRESS & ~(size - 1);

	if (walker->format->entry_size == 4) {
		address = entry & 0xffffffff & ~(size - 1);
		if (level == 1)
			address |= (entry >> 13 & 0xff) << 32;
	}
	return address | (walker->linear & (size - 1));
}

enum step { STEP_DOWN, STEP_LEAF, STEP_FAULT, STEP_AGAIN };

/* One level: *table is the table's address, and becomes that of the next or of the page. */
static enum step step(struct walker *walker, unsigned level, uint64_t *table, struct x86_walk *ret_walk)
{
	const struct format *format = walker->format;
	uint64_t index = walker->linear >> format->shift[level] & ((UINT64_C(1) << format->bits[level]) - 1);
	uint64_t gpa = *table + index * format->entry_size, entry;
	const uint8_t *host = sim_memory_at(&walker->cpu->cpu.memory, gpa, format->entry_size, false);
	bool large, leaf;

	/* A table where no memory is counts as not present. */
	entry = host ? load_entry(host, format->entry_size) : 0;
	if (!(entry & PTE_P)) {
		*ret_walk = page_fault(walker, 0);
		return STEP_FAULT;
	}
	large = entry & PTE_PS && format->large >> level & 1;
	leaf = level == 0 || large;
	if (entry_is_malformed(walker, entry, level, large)) {
		*ret_walk = page_fault(walker, CODE_P | CODE_RSVD);
		return STEP_FAULT;
	}
	walker->rights = (walker->rights & entry & (PTE_W | PTE_U)) | ((walker->rights | entry) & PTE_NX);
	if (leaf && !is_allowed(walker)) {
		*ret_walk = page_fault(walker, CODE_P);
		return STEP_FAULT;
	}
	if (!update_entry(walker, gpa, entry, leaf && walker->access & X86_WRITE ? PTE_A | PTE_D : PTE_A))
		return STEP_AGAIN;
	if (leaf) {
		*ret_walk =
			(struct x86_walk){ X86_WALK_OK, format->shift[level], page_address(walker, entry, level), 0 };
		return STEP_LEAF;
	}
	*table = format->entry_size == 8 ? entry & PTE_ADDRESS : entry & 0xfffff000;
	return STEP_DOWN;
}

static bool root(const struct walker *walker, uint64_t *ret_table)
{
	const struct x86_cpu *cpu = walker->cpu;
	uint64_t pdpte;

	if (walker->format == &four_level) {
		*ret_table = cpu->cr3 & PTE_ADDRESS;
		return true;
	}
	if (walker->format->entry_size == 4) {
		*ret_table = cpu->cr3 & 0xfffff000;
		return true;
	}
	pdpte = cpu->pdptes[walker->linear >> 30 & 3];
	*ret_table = pdpte & PTE_ADDRESS;
	return pdpte & PTE_P;
}

static enum step walk_once(struct walker *walker, struct x86_walk *ret_walk)
{
	uint64_t table;
	unsigned level = walker->format->levels - 1;
	enum step result;

	walker->rights = PTE_W | PTE_U;
	if (!root(walker, &table)) {
		*ret_walk = page_fault(walker, 0);
		return STEP_FAULT;
	}
	while ((result = step(walker, level, &table, ret_walk)) == STEP_DOWN)
		level--;
	return result;
}

struct x86_walk x86_walk(struct x86_cpu *cpu, uint64_t linear, unsigned access, enum x86_who who, bool update)
{
	struct walker walker = {
		.cpu = cpu,
		.format = format_of(cpu),
		.linear = linear,
		.access = access,
		.user = cpu->cpl == 3 && who == X86_BY_PROGRAM,
		.implicit = who == X86_IMPLICIT,
		.update = update,
	};
	struct x86_walk walk;

	if (!(cpu->cr0 & X86_CR0_PG))
		return (struct x86_walk){ X86_WALK_OK, 12, linear & 0xffffffff, 0 };
	while (walk_once(&walker, &walk) == STEP_AGAIN)
		;
	return walk;
}

bool x86_load_pdptes(struct x86_cpu *cpu, uint64_t cr3)
{
	const uint8_t *host = sim_memory_at(&cpu->cpu.memory, cr3 & 0xffffffe0, 32, false);
	uint64_t entries[4];

	if (!host)
		return false;
	for (unsigned i = 0; i < 4; i++) {
		entries[i] = load_entry(host + (size_t)i * 8, 8);
		if (entries[i] & PTE_P && entries[i] & ~(PTE_ADDRESS & ~RESERVED_HIGH) & ~UINT64_C(0xe19))
			return false;
	}
	__builtin_memcpy(cpu->pdptes, entries, sizeof(entries));
	return true;
}

/* By rights as they are in page tables and CR0.WP, and not as the present CPL and AC would have it. */
bool x86_translate(struct x86_cpu *cpu, uint64_t linear, uint32_t access, uint64_t *ret_gpa)
{
	uint32_t kinds = access & (X86_READ | X86_WRITE | X86_EXECUTE); /* the same bits */
	struct walker walker = {
		.cpu = cpu,
		.format = format_of(cpu),
		.linear = linear,
		.user = access & AXVCPU_ACCESS_USER,
		.monitor = true,
	};
	struct x86_walk walk;

	if (x86_in_long(cpu) && !x86_canonical(linear))
		return false;
	if (!(cpu->cr0 & X86_CR0_PG)) {
		*ret_gpa = linear & 0xffffffff;
		return true;
	}
	do {
		walker.access = kinds & -kinds;
		if (walk_once(&walker, &walk) != STEP_LEAF)
			return false;
		kinds &= kinds - 1;
	} while (kinds);
	*ret_gpa = walk.gpa;
	return true;
}

/* ---- the TLB ---- */

/* Views of an address space, which differ in what is allowed. */
/* ALIGNED: nothing is ever entered, as the alignment of all accesses is checked. */
enum { VIEW_USER = 1, VIEW_NO_USER_PAGES = 2, VIEW_ALIGNED = 4 };

/* All that a translation depends on but the view, in bits that cr3 leaves free. */
static uint64_t space_key(const struct x86_cpu *cpu)
{
	uint64_t key = 0;

	if (!(cpu->cr0 & X86_CR0_PG))
		return UINT64_C(1) << 63;
	key |= cpu->cr3 & (PTE_ADDRESS | (cpu->cr4 & X86_CR4_PCIDE ? 0xfff : 0));
	key |= (uint64_t) !!(cpu->cr0 & X86_CR0_WP) << 52;
	key |= (uint64_t) !!(cpu->cr4 & X86_CR4_SMEP) << 53;
	key |= (uint64_t) !!(cpu->cr4 & X86_CR4_SMAP) << 54;
	key |= (uint64_t) !!(cpu->cr4 & X86_CR4_PAE) << 55;
	key |= (uint64_t) !!(cpu->cr4 & X86_CR4_PSE) << 56;
	key |= (uint64_t) !!(cpu->efer & X86_EFER_NXE) << 57;
	key |= (uint64_t) !!(cpu->efer & X86_EFER_LMA) << 58;
	return key;
}

static unsigned data_view(const struct x86_cpu *cpu, enum x86_who who)
{
	bool lifted = cpu->rflags & X86_FLAG_AC && who != X86_IMPLICIT;

	if (cpu->cpl == 3 && who == X86_BY_PROGRAM)
		return cpu->cr0 & X86_CR0_AM && cpu->rflags & X86_FLAG_AC ? VIEW_ALIGNED : VIEW_USER;
	return cpu->cr4 & X86_CR4_SMAP && !lifted ? VIEW_NO_USER_PAGES : 0;
}

void x86_update_context(struct x86_cpu *cpu)
{
	uint64_t context = sim_cpu_context(&cpu->cpu, space_key(cpu));

	cpu->cpu.data_context = sim_tlb_view(context, data_view(cpu, X86_BY_PROGRAM));
	cpu->system_context = sim_tlb_view(context, data_view(cpu, X86_IMPLICIT));
	cpu->cpu.fetch_context = sim_tlb_view(context, cpu->cpl == 3 ? VIEW_USER : 0);
}

void x86_flush_all(struct x86_cpu *cpu)
{
	sim_tlb_flush(&cpu->cpu.tlb);
	x86_update_context(cpu);
}

static bool has_pcid(uint64_t key, uint64_t pcid)
{
	return (key & 0xfff) == pcid;
}

void x86_flush_pcid(struct x86_cpu *cpu, unsigned pcid)
{
	sim_tlb_flush_spaces(&cpu->cpu.tlb, has_pcid, pcid);
	x86_update_context(cpu);
}

void x86_flush_page(struct x86_cpu *cpu, uint64_t linear)
{
	if (!sim_cpu_flush_page(&cpu->cpu, linear))
		x86_update_context(cpu);
}

static void raise_page_fault(struct x86_cpu *cpu, uint64_t linear, uint32_t code)
{
	cpu->cr2 = linear;
	x86_raise_code(cpu, X86_PF, code);
}

bool x86_fetch_miss(struct sim_cpu *sim, uint64_t linear)
{
	struct x86_cpu *cpu = (struct x86_cpu *)(void *)sim;
	uint64_t page = linear & ~SIM_PAGE_MASK;
	struct axvcpu_exit *exit;
	struct x86_walk walk;
	uint8_t *host;

	if (x86_in_64(cpu) && !x86_canonical(linear))
		return x86_raise_code(cpu, X86_GP, 0);
	sim->tlb.misses++;
	walk = x86_walk(cpu, linear, X86_EXECUTE, X86_BY_PROGRAM, true);
	if (walk.outcome != X86_WALK_OK) {
		raise_page_fault(cpu, linear, walk.code);
		return false;
	}
	host = sim_memory_at(&sim->memory, walk.gpa & ~SIM_PAGE_MASK, 4096, false);
	if (!host) {
		exit = x86_exit(cpu, AXVCPU_EXIT_NESTED_PAGE_FAULT);
		exit->nested_page_fault.addr = walk.gpa;
		exit->nested_page_fault.access_flags = AXVCPU_ACCESS_EXECUTE;
		return false;
	}
	if (walk.shift > 12)
		sim_tlb_note_large(&sim->tlb, linear, walk.shift);
	*sim_tlb_fetch_slot(&sim->tlb, linear) =
		(struct sim_tlb_fetch){ page | sim->fetch_context, (uint64_t)(uintptr_t)host - page,
					walk.gpa & ~SIM_PAGE_MASK };
	return true;
}

/* Whether a data breakpoint lies in the page: its accesses are all looked at. */
static bool has_data_breakpoint(const struct x86_cpu *cpu, uint64_t linear)
{
	for (unsigned i = 0; cpu->data_breakpoints && i < 4; i++)
		if (cpu->dr[7] >> 2 * i & 3 && ((cpu->dr[i] ^ linear) & ~SIM_PAGE_MASK) == 0)
			return true;
	return false;
}

static void enter(struct x86_cpu *cpu, uint64_t linear, bool writes, enum x86_who who, unsigned shift,
		  const uint8_t *page)
{
	struct sim_cpu *sim = &cpu->cpu;
	unsigned view = data_view(cpu, who);

	if (view == VIEW_ALIGNED)
		return;
	if (shift > 12)
		sim_tlb_note_large(&sim->tlb, linear, shift);
	sim_tlb_fill(writes ? sim->tlb.writes : sim->tlb.reads,
		     sim_tlb_view(sim_cpu_context(sim, space_key(cpu)), view), linear, page);
}

enum x86_reach x86_reach(struct x86_cpu *cpu, uint64_t linear, unsigned access, enum x86_who who, uint8_t **ret_host,
			 uint64_t *ret_gpa)
{
	struct sim_cpu *sim = &cpu->cpu;
	bool writes = access & X86_WRITE;
	struct x86_walk walk;
	uint8_t *page;

	sim->tlb.misses++;
	walk = x86_walk(cpu, linear, access, who, true);
	if (walk.outcome != X86_WALK_OK) {
		raise_page_fault(cpu, linear, walk.code);
		return X86_REACHED_FAULT;
	}
	*ret_gpa = walk.gpa;
	page = sim_memory_at(&sim->memory, walk.gpa & ~SIM_PAGE_MASK, 4096, writes);
	if (!page)
		return X86_REACHED_DEVICE;
	*ret_host = page + (linear & SIM_PAGE_MASK);
	if (has_data_breakpoint(cpu, linear) || (writes && sim_group_is_code(sim->member.group, walk.gpa)))
		return X86_REACHED_WATCHED;
	enter(cpu, linear, writes, who, walk.shift, page);
	return X86_REACHED;
}
