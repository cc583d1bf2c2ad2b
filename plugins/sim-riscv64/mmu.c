/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address translation and slow accesses. See mmu.h. Privileged Architecture, "Virtual Address Translation Process".
 *
 * A and D bits are updated by hardware (as Svadu does), with a compare-and-swap on the entry. Misaligned loads and
 * stores to memory work, byte by byte; where MMIO is concerned they are misaligned exceptions.
 */
#include "mmu.h"

/* Bits of a page-table entry. */
enum { PTE_V = 1, PTE_R = 2, PTE_W = 4, PTE_X = 8, PTE_U = 16, PTE_A = 64, PTE_D = 128 };
#define PTE_RESERVED (UINT64_C(0x3ff) << 54)
#define PTE_PPN(pte) ((pte) >> 10 & ((UINT64_C(1) << 44) - 1))
#define PHYSICAL_BITS 56

uint64_t rv_page_fault(unsigned access)
{
	return access == RV_FETCH ? RV_FETCH_PAGE_FAULT : access == RV_WRITE ? RV_STORE_PAGE_FAULT : RV_LOAD_PAGE_FAULT;
}

uint64_t rv_access_fault(unsigned access)
{
	return access == RV_FETCH   ? RV_FETCH_ACCESS_FAULT
	       : access == RV_WRITE ? RV_STORE_ACCESS_FAULT
				    : RV_LOAD_ACCESS_FAULT;
}

/* Whether a leaf allows the access in the present mode. */
static bool allowed(const struct rv_hart *hart, uint64_t pte, unsigned access)
{
	if (hart->mode == RV_USER && !(pte & PTE_U))
		return false;
	if (hart->mode == RV_SUPERVISOR && pte & PTE_U && (access == RV_FETCH || !(hart->sstatus & RV_SSTATUS_SUM)))
		return false;
	if (access == RV_FETCH)
		return pte & PTE_X;
	if (access == RV_WRITE)
		return pte & PTE_W;
	return pte & PTE_R || (pte & PTE_X && hart->sstatus & RV_SSTATUS_MXR);
}

/* An entry that no implementation may take: W without R, or reserved bits. */
static bool malformed(uint64_t pte)
{
	return !(pte & PTE_V) || (!(pte & PTE_R) && pte & PTE_W) || pte & PTE_RESERVED;
}

enum leaf { LEAF_DONE, LEAF_FAULT, LEAF_AGAIN };

/* Checks a leaf, and sets its A and D bits; AGAIN: the entry changed meanwhile. */
static enum leaf use_leaf(struct rv_hart *hart, uint64_t gpa, uint64_t pte, unsigned shift, unsigned access,
			  bool update)
{
	uint64_t marked = pte | PTE_A | (access == RV_WRITE ? PTE_D : 0);
	uint64_t low_ppn = (UINT64_C(1) << (shift - 12)) - 1;
	uint8_t *host;

	if (!allowed(hart, pte, access) || PTE_PPN(pte) & low_ppn)
		return LEAF_FAULT;
	if (marked == pte || !update)
		return LEAF_DONE;
	host = sim_memory_at(&hart->cpu.memory, gpa, sizeof(pte), true);
	if (!host)
		return LEAF_FAULT; /* page tables in ROM, whose bits cannot be set */
	if (__atomic_compare_exchange_n((uint64_t *)(void *)host, &pte, marked, false, __ATOMIC_SEQ_CST,
					__ATOMIC_SEQ_CST))
		return LEAF_DONE;
	return LEAF_AGAIN;
}

static struct rv_walk walk_tables(struct rv_hart *hart, uint64_t va, unsigned levels, unsigned access, bool update)
{
	uint64_t table = (hart->satp & ((UINT64_C(1) << 44) - 1)) << 12;

	for (unsigned shift = 12 + 9 * (levels - 1);; shift -= 9) {
		uint64_t gpa = table + (va >> shift & 511) * 8;
		enum leaf leaf = LEAF_AGAIN;
		uint64_t pte;

		while (leaf == LEAF_AGAIN) {
			const uint8_t *host = sim_memory_at(&hart->cpu.memory, gpa, sizeof(pte), false);

			if (!host)
				return (struct rv_walk){ gpa, 12, RV_WALK_HOLE };
			pte = __atomic_load_n((const uint64_t *)(const void *)host, __ATOMIC_ACQUIRE);
			if (malformed(pte))
				return (struct rv_walk){ gpa, 12, RV_WALK_PAGE_FAULT };
			if (!(pte & (PTE_R | PTE_X)))
				break;
			leaf = use_leaf(hart, gpa, pte, shift, access, update);
		}
		if (leaf == LEAF_DONE) {
			uint64_t low = (UINT64_C(1) << shift) - 1;

			return (struct rv_walk){ ((PTE_PPN(pte) << 12) & ~low) | (va & low), shift, RV_WALK_OK };
		}
		/* A pointer to the next table has no A, D and U. */
		if (leaf == LEAF_FAULT || shift == 12 || pte & (PTE_A | PTE_D | PTE_U))
			return (struct rv_walk){ gpa, 12, RV_WALK_PAGE_FAULT };
		table = PTE_PPN(pte) << 12;
	}
}

struct rv_walk rv_walk(struct rv_hart *hart, uint64_t va, unsigned access, bool update)
{
	unsigned mode = (unsigned)(hart->satp >> 60);
	unsigned levels = mode == RV_SATP_SV48 ? 4 : 3;
	unsigned unused = 64 - (12 + 9 * levels);

	if (mode == RV_SATP_BARE)
		return (struct rv_walk){ va, 12, va >> PHYSICAL_BITS ? RV_WALK_ACCESS_FAULT : RV_WALK_OK };
	if ((uint64_t)((int64_t)(va << unused) >> unused) != va)
		return (struct rv_walk){ va, 12, RV_WALK_PAGE_FAULT };
	return walk_tables(hart, va, levels, access, update);
}

static void nested_fault(struct rv_hart *hart, uint64_t gpa, uint64_t flags)
{
	struct axvcpu_exit *exit = rv_stop(hart, AXVCPU_EXIT_NESTED_PAGE_FAULT);

	exit->nested_page_fault.addr = gpa;
	exit->nested_page_fault.access_flags = flags | (hart->mode == RV_USER ? AXVCPU_ACCESS_USER : 0);
}

/* What a failed walk comes to, with pc at the instruction: a trap, or an exit. */
static void walk_failed(struct rv_hart *hart, const struct rv_walk *walk, uint64_t va, unsigned access)
{
	if (walk->outcome == RV_WALK_HOLE)
		nested_fault(hart, walk->gpa, RV_READ);
	else
		rv_take_trap(hart,
			     walk->outcome == RV_WALK_PAGE_FAULT ? rv_page_fault(access) : rv_access_fault(access), va);
}

bool rv_fetch_miss(struct sim_cpu *cpu, uint64_t va)
{
	struct rv_hart *hart = rv_hart_of(cpu);
	struct rv_walk walk = rv_walk(hart, va, RV_FETCH, true);
	uint64_t page = va & ~SIM_PAGE_MASK;
	const uint8_t *host;

	cpu->tlb.misses++;
	if (walk.outcome != RV_WALK_OK) {
		walk_failed(hart, &walk, va, RV_FETCH);
		return false;
	}
	host = sim_memory_at(&cpu->memory, walk.gpa & ~SIM_PAGE_MASK, 4096, false);
	if (!host) {
		nested_fault(hart, walk.gpa, RV_FETCH);
		return false;
	}
	if (walk.shift > 12)
		sim_tlb_note_large(&cpu->tlb, va, walk.shift);
	*sim_tlb_fetch_slot(&cpu->tlb, va) =
		(struct sim_tlb_fetch){ page | cpu->fetch_context, (uint64_t)(uintptr_t)host - page,
					walk.gpa & ~SIM_PAGE_MASK };
	return true;
}

enum reach { REACHED, REACHED_MMIO, REACHED_NOTHING };

/* Memory behind va, which is also entered into the TLB; MMIO: only ret_gpa. NOTHING: trap or exit under way. */
static enum reach reach(struct sim_cpu *cpu, const struct sim_op *op, uint64_t va, unsigned access, uint8_t **ret_host,
			uint64_t *ret_gpa)
{
	struct rv_hart *hart = rv_hart_of(cpu);
	struct sim_tlb_entry *table = access == RV_WRITE ? cpu->tlb.writes : cpu->tlb.reads;
	struct rv_walk walk;
	uint8_t *page;

	*ret_host = sim_tlb_hit(table, cpu->data_context, va, 1);
	if (*ret_host && !ret_gpa)
		return REACHED;
	cpu->tlb.misses++;
	walk = rv_walk(hart, va, access, true);
	if (walk.outcome != RV_WALK_OK) {
		sim_cpu_stop_at(cpu, op, false);
		walk_failed(hart, &walk, va, access);
		return REACHED_NOTHING;
	}
	if (ret_gpa)
		*ret_gpa = walk.gpa;
	page = sim_memory_at(&cpu->memory, walk.gpa & ~SIM_PAGE_MASK, 4096, access == RV_WRITE);
	if (!page)
		return REACHED_MMIO;
	if (walk.shift > 12)
		sim_tlb_note_large(&cpu->tlb, va, walk.shift);
	sim_tlb_fill(table, cpu->data_context, va, page);
	*ret_host = page + (va & SIM_PAGE_MASK);
	return REACHED;
}

/* An access of up to 8 bytes: where its parts are. It lies in one page, or in two. */
struct span {
	uint8_t *host[2];
	unsigned first; /* bytes in host[0] */
	unsigned size;
};

static enum reach reach_span(struct sim_cpu *cpu, const struct sim_op *op, uint64_t va, unsigned size, unsigned access,
			     struct span *ret_span)
{
	unsigned here = (unsigned)(SIM_PAGE_MASK + 1 - (va & SIM_PAGE_MASK));
	enum reach result;

	ret_span->size = size;
	ret_span->first = size < here ? size : here;
	result = reach(cpu, op, va, access, &ret_span->host[0], NULL);
	if (result == REACHED && ret_span->first < size)
		result = reach(cpu, op, va + ret_span->first, access, &ret_span->host[1], NULL);
	return result;
}

static uint8_t *span_byte(const struct span *span, unsigned i)
{
	return i < span->first ? span->host[0] + i : span->host[1] + (i - span->first);
}

static uint64_t read_span(const struct span *span)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < span->size; i++)
		value |= (uint64_t)__atomic_load_n(span_byte(span, i), __ATOMIC_RELAXED) << 8 * i;
	return value;
}

static void write_span(const struct span *span, uint64_t value)
{
	for (unsigned i = 0; i < span->size; i++)
		__atomic_store_n(span_byte(span, i), (uint8_t)(value >> 8 * i), __ATOMIC_RELAXED);
}

static uint64_t read_aligned(const void *host, unsigned size)
{
	switch (size) {
	case 1:
		return __atomic_load_n((const uint8_t *)host, __ATOMIC_RELAXED);
	case 2:
		return __atomic_load_n((const uint16_t *)host, __ATOMIC_RELAXED);
	case 4:
		return __atomic_load_n((const uint32_t *)host, __ATOMIC_RELAXED);
	}
	return __atomic_load_n((const uint64_t *)host, __ATOMIC_RELAXED);
}

static void write_aligned(void *host, uint64_t value, unsigned size)
{
	switch (size) {
	case 1:
		__atomic_store_n((uint8_t *)host, (uint8_t)value, __ATOMIC_RELAXED);
		return;
	case 2:
		__atomic_store_n((uint16_t *)host, (uint16_t)value, __ATOMIC_RELAXED);
		return;
	case 4:
		__atomic_store_n((uint32_t *)host, (uint32_t)value, __ATOMIC_RELAXED);
		return;
	}
	__atomic_store_n((uint64_t *)host, value, __ATOMIC_RELAXED);
}

static const struct sim_op *mmio_read(struct sim_cpu *cpu, const struct sim_op *op, uint64_t gpa, unsigned shape)
{
	struct rv_hart *hart = rv_hart_of(cpu);
	struct axvcpu_exit *exit = rv_stop(hart, AXVCPU_EXIT_MMIO_READ);

	sim_cpu_stop_at(cpu, op, false);
	exit->mmio_read.addr = gpa;
	exit->mmio_read.width = shape & 15;
	exit->mmio_read.reg = op->rd == SIM_SINK ? 0 : op->rd;
	exit->mmio_read.reg_width = 8;
	exit->mmio_read.signed_ext = shape & RV_SIGNED ? 1 : 0;
	hart->read = (struct rv_read){ true, op->rd, (uint8_t)sim_op_length(op), (uint8_t)(shape & 15) };
	return NULL;
}

static const struct sim_op *mmio_write(struct sim_cpu *cpu, const struct sim_op *op, uint64_t gpa, unsigned size)
{
	struct axvcpu_exit *exit = rv_stop(rv_hart_of(cpu), AXVCPU_EXIT_MMIO_WRITE);

	exit->mmio_write.addr = gpa;
	exit->mmio_write.width = size;
	exit->mmio_write.data = size == 8 ? cpu->x[op->rs2] : cpu->x[op->rs2] & ((UINT64_C(1) << 8 * size) - 1);
	sim_cpu_stop_at(cpu, op, true);
	return NULL;
}

static uint64_t extend(uint64_t value, unsigned shape)
{
	unsigned unused = 64 - 8 * (shape & 15);

	return shape & RV_SIGNED ? (uint64_t)((int64_t)(value << unused) >> unused) : value;
}

const struct sim_op *rv_load_slow(struct sim_cpu *cpu, const struct sim_op *op, uint64_t va, unsigned shape)
{
	unsigned size = shape & 15;
	struct span span;
	uint64_t gpa;

	switch (reach_span(cpu, op, va, size, RV_READ, &span)) {
	case REACHED:
		cpu->x[op->rd] = extend(va & (size - 1) ? read_span(&span) : read_aligned(span.host[0], size), shape);
		return op + 1; /* by way of the loop: this function has locals that a tail call would keep */
	case REACHED_MMIO:
		if (va & (size - 1))
			return rv_trap(cpu, op, RV_LOAD_MISALIGNED, va);
		gpa = rv_walk(rv_hart_of(cpu), va, RV_READ, false).gpa;
		return mmio_read(cpu, op, gpa, shape);
	case REACHED_NOTHING:
		break;
	}
	return NULL;
}

const struct sim_op *rv_store_slow(struct sim_cpu *cpu, const struct sim_op *op, uint64_t va, unsigned size)
{
	struct span span;
	uint64_t gpa;

	switch (reach_span(cpu, op, va, size, RV_WRITE, &span)) {
	case REACHED:
		if (va & (size - 1))
			write_span(&span, cpu->x[op->rs2]);
		else
			write_aligned(span.host[0], cpu->x[op->rs2], size);
		return op + 1; /* by way of the loop: this function has locals that a tail call would keep */
	case REACHED_MMIO:
		if (va & (size - 1))
			return rv_trap(cpu, op, RV_STORE_MISALIGNED, va);
		gpa = rv_walk(rv_hart_of(cpu), va, RV_WRITE, false).gpa;
		return mmio_write(cpu, op, gpa, size);
	case REACHED_NOTHING:
		break;
	}
	return NULL;
}

void *rv_atomic_slow(struct sim_cpu *cpu, const struct sim_op *op, uint64_t va, unsigned size, unsigned access,
		     uint64_t *ret_gpa)
{
	uint64_t gpa;
	uint8_t *host;

	if (va & (size - 1)) {
		rv_trap(cpu, op, access == RV_WRITE ? RV_STORE_MISALIGNED : RV_LOAD_MISALIGNED, va);
		return NULL;
	}
	switch (reach(cpu, op, va, access, &host, &gpa)) {
	case REACHED:
		if (ret_gpa)
			*ret_gpa = gpa;
		return host;
	case REACHED_MMIO:
		sim_cpu_stop_at(cpu, op, false);
		nested_fault(rv_hart_of(cpu), gpa,
			     (access == RV_WRITE ? RV_READ | RV_WRITE : RV_READ) | AXVCPU_ACCESS_DEVICE);
		break;
	case REACHED_NOTHING:
		break;
	}
	return NULL;
}

bool rv_read_u64(struct rv_hart *hart, uint64_t va, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < 8; i++) {
		struct rv_walk walk = rv_walk(hart, va + i, RV_READ, false);
		const uint8_t *host =
			walk.outcome == RV_WALK_OK ? sim_memory_at(&hart->cpu.memory, walk.gpa, 1, false) : NULL;

		if (!host)
			return false;
		value |= (uint64_t)__atomic_load_n(host, __ATOMIC_RELAXED) << 8 * i;
	}
	*ret_value = value;
	return true;
}
