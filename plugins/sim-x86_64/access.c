/* SPDX-License-Identifier: Apache-2.0 */
/* Accesses that the TLB did not answer, segmentation's checks, and what the VMM carries out. See access.h. */
#include "access.h"

#include <pthread.h>
#include <string.h>

#include "debug.h"
#include "mmu.h"

/* ---- from offsets to linear addresses (SDM 3, 5.3 and 5.5) ---- */

static bool is_in_limit(const struct x86_segment *segment, uint64_t offset, unsigned size)
{
	uint64_t last = offset + size - 1;

	if ((segment->attributes & (X86_ATTR_CODE | X86_ATTR_EXPAND_DOWN)) == X86_ATTR_EXPAND_DOWN)
		return offset > segment->limit && last <= (segment->attributes & X86_ATTR_DB ? 0xffffffff : 0xffff);
	return last <= segment->limit;
}

static bool may_access(const struct x86_segment *segment, unsigned access)
{
	uint32_t attributes = segment->attributes;

	if (!(attributes & X86_ATTR_P))
		return false;
	if (access & X86_WRITE)
		return (attributes & (X86_ATTR_CODE | X86_ATTR_WRITABLE)) == X86_ATTR_WRITABLE;
	return !(attributes & X86_ATTR_CODE) || attributes & X86_ATTR_WRITABLE;
}

/* Makes a linear address of an offset; false: it is a fault of the segment. */
static bool linear_in(const struct x86_cpu *cpu, unsigned segment, uint64_t offset, unsigned size, unsigned access,
		      uint64_t *ret_linear)
{
	uint64_t linear = offset + x86_segment_base(cpu, segment);

	if (x86_in_64(cpu)) {
		linear = segment >= X86_FS && segment <= X86_GS ? linear : offset;
		*ret_linear = linear;
		return x86_canonical(linear) && x86_canonical(linear + size - 1);
	}
	*ret_linear = linear & 0xffffffff;
	if (cpu->mode & X86_MODE_FLAT && segment <= X86_DS)
		return (!(access & X86_WRITE) || segment != X86_CS) && offset + size - 1 <= 0xffffffff;
	return may_access(&cpu->segments[segment], access) && is_in_limit(&cpu->segments[segment], offset, size);
}

static bool segment_fault(struct x86_cpu *cpu, const struct x86_op *op, bool stack)
{
	x86_fault_code(cpu, op, stack ? X86_SS_FAULT : X86_GP, 0);
	return false;
}

bool x86_linear_of(struct x86_cpu *cpu, const struct x86_op *op, unsigned segment, uint64_t offset, unsigned size,
		   unsigned access, uint64_t *ret_linear)
{
	return linear_in(cpu, segment, offset, size, access, ret_linear) || segment_fault(cpu, op, segment == X86_SS);
}

bool x86_linear_slow(struct x86_cpu *cpu, const struct x86_op *op, unsigned size, unsigned access, uint64_t *ret_linear)
{
	uint64_t offset = op->scale == X86_SCALE_OFFSET ? (uint64_t)op->imm : x86_offset(cpu, op);

	return linear_in(cpu, x86_segment_of(op), offset, size, access, ret_linear) ||
	       segment_fault(cpu, op, op->flags & X86_OP_STACK);
}

/* ---- what the VMM carries out ---- */

static void add_part(struct x86_cpu *cpu, const struct axvcpu_exit *exit)
{
	struct x86_access *access = &cpu->access;

	if (access->part_count < X86_PARTS)
		access->parts[access->part_count++] = *exit;
}

static uint64_t low_bytes(uint64_t value, unsigned size)
{
	return size == 8 ? value : value & ((UINT64_C(1) << 8 * size) - 1);
}

bool x86_vmm_read(struct x86_cpu *cpu, const struct x86_op *op, const struct axvcpu_exit *exit, unsigned size,
		  uint64_t *ret_value)
{
	struct x86_access *access = &cpu->access;

	*ret_value = 0;
	if (access->used < access->have) {
		*ret_value = low_bytes(access->values[access->used++], size);
		return true;
	}
	access->places[access->have] = exit->reason == AXVCPU_EXIT_MMIO_READ ? exit->mmio_read.addr : X86_NO_PLACE;
	add_part(cpu, exit);
	x86_stop_at(cpu, op, false);
	return false;
}

void x86_vmm_write(struct x86_cpu *cpu, const struct x86_op *op, const struct axvcpu_exit *exit)
{
	add_part(cpu, exit);
	x86_stop_after(cpu, op);
}

void x86_complete_read(struct x86_cpu *cpu, uint64_t value)
{
	struct x86_access *access = &cpu->access;

	access->waiting = false;
	if (access->have < X86_REPLAYS)
		access->values[access->have++] = value;
}

/* Whether the VMM has read this place for the present instruction. */
static bool was_read(const struct x86_cpu *cpu, uint64_t gpa)
{
	const struct x86_access *access = &cpu->access;

	return access->used < access->have && access->places[access->used] == gpa;
}

void x86_forget_access(struct x86_cpu *cpu)
{
	cpu->access.waiting = false;
	cpu->access.have = cpu->access.used = 0;
	cpu->access.part_count = cpu->access.part_next = 0;
}

/* Only members that the VMM's struct has: those of the reason. */
static void fill_exit(struct axvcpu_exit *exit, const struct axvcpu_exit *from)
{
	exit->reason = from->reason;
	switch (from->reason) {
	case AXVCPU_EXIT_MMIO_READ:
		exit->mmio_read = from->mmio_read;
		break;
	case AXVCPU_EXIT_MMIO_WRITE:
		exit->mmio_write = from->mmio_write;
		break;
	case AXVCPU_EXIT_IO_READ:
		exit->io_read = from->io_read;
		break;
	case AXVCPU_EXIT_IO_WRITE:
		exit->io_write = from->io_write;
		break;
	case AXVCPU_EXIT_SYSREG_READ:
		exit->sysreg_read = from->sysreg_read;
		break;
	case AXVCPU_EXIT_SYSREG_WRITE:
		exit->sysreg_write = from->sysreg_write;
		break;
	case AXVCPU_EXIT_HYPERCALL:
		exit->hypercall = from->hypercall;
		break;
	case AXVCPU_EXIT_SYSTEM_DOWN:
		exit->system_down = from->system_down;
		break;
	}
}

bool x86_is_read_exit(uint32_t reason)
{
	return reason == AXVCPU_EXIT_MMIO_READ || reason == AXVCPU_EXIT_IO_READ || reason == AXVCPU_EXIT_SYSREG_READ;
}

bool x86_give_part(struct x86_cpu *cpu)
{
	struct x86_access *access = &cpu->access;
	const struct axvcpu_exit *part = &access->parts[access->part_next];

	if (access->part_next == access->part_count)
		return false;
	access->part_next++;
	fill_exit(cpu->exit, part);
	cpu->stopped = true;
	access->waiting = x86_is_read_exit(part->reason);
	if (access->part_next == access->part_count)
		access->part_next = access->part_count = 0;
	return true;
}

/* ---- MMIO ---- */

/* A piece of an access is as long as what is left allows, in powers of two up to 8. */
static unsigned piece_of(unsigned size)
{
	return size >= 8 ? 8 : size >= 4 ? 4 : size >= 2 ? 2 : 1;
}

static bool device_read(struct x86_cpu *cpu, const struct x86_op *op, uint64_t gpa, uint8_t *data, unsigned size)
{
	for (unsigned done = 0, piece; done < size; done += piece) {
		struct axvcpu_exit exit = { .size = sizeof(exit), .reason = AXVCPU_EXIT_MMIO_READ };
		uint64_t value;

		piece = piece_of(size - done);
		exit.mmio_read.addr = gpa + done;
		exit.mmio_read.width = piece;
		exit.mmio_read.reg_width = piece;
		if (!x86_vmm_read(cpu, op, &exit, piece, &value))
			return false;
		memcpy(data + done, &value, piece);
	}
	return true;
}

static void device_write(struct x86_cpu *cpu, const struct x86_op *op, uint64_t gpa, const uint8_t *data, unsigned size)
{
	for (unsigned done = 0, piece; done < size; done += piece) {
		struct axvcpu_exit exit = { .size = sizeof(exit), .reason = AXVCPU_EXIT_MMIO_WRITE };

		piece = piece_of(size - done);
		exit.mmio_write.addr = gpa + done;
		exit.mmio_write.width = piece;
		memcpy(&exit.mmio_write.data, data + done, piece);
		x86_vmm_write(cpu, op, &exit);
	}
}

/* ---- the slow ways ---- */

/* An access in its parts: one page, or two. */
struct part {
	enum x86_reach reach;
	uint8_t *host;
	uint64_t gpa;
	unsigned size;
};

struct span {
	struct part parts[2];
	unsigned count;
};

static bool must_be_aligned(const struct x86_cpu *cpu)
{
	return cpu->cpl == 3 && cpu->cr0 & X86_CR0_AM && cpu->rflags & X86_FLAG_AC;
}

/* Finds the parts, without changing anything the guest can see but accessed and dirty bits. */
static bool find_span(struct x86_cpu *cpu, enum x86_who who, uint64_t linear, unsigned size, unsigned access,
		      struct span *ret_span)
{
	unsigned here = (unsigned)(SIM_PAGE_MASK + 1 - (linear & SIM_PAGE_MASK));

	ret_span->count = 0;
	for (unsigned done = 0; done < size;) {
		struct part *part = &ret_span->parts[ret_span->count++];
		uint64_t address = linear + done;

		if (!x86_in_long(cpu))
			address &= 0xffffffff;
		part->size = done == 0 && here < size ? here : size - done;
		part->reach = x86_reach(cpu, address, access, who, &part->host, &part->gpa);
		if (part->reach == X86_REACHED_FAULT)
			return false;
		done += part->size;
	}
	return true;
}

static bool reach_span(struct x86_cpu *cpu, const struct x86_op *op, uint64_t linear, unsigned size, unsigned access,
		       struct span *ret_span)
{
	if (find_span(cpu, X86_BY_PROGRAM, linear, size, access, ret_span))
		return true;
	x86_stop_at(cpu, op, false);
	return false;
}

/* What checked alignment asks of an access. Vectors that need not be aligned otherwise are up to the processor; AMD's
 * want 16 bytes, also of 32. */
static unsigned alignment_of(unsigned size)
{
	if (size == 16 || size == 32)
		return 16;
	return size <= 8 ? size : 1;
}

static bool check_linear(struct x86_cpu *cpu, const struct x86_op *op, uint64_t linear, unsigned size)
{
	if (x86_in_64(cpu) && (!x86_canonical(linear) || !x86_canonical(linear + size - 1)))
		return segment_fault(cpu, op, op->flags & X86_OP_STACK);
	if (must_be_aligned(cpu) && linear & (alignment_of(size) - 1)) {
		x86_fault_code(cpu, op, X86_AC, 0);
		return false;
	}
	return true;
}

typedef uint64_t u128 __attribute__((vector_size(16), aligned(1), may_alias));

/* As one access where the size is one that a processor accesses at once: of 16 bytes those that have AVX do. */
static void load(void *data, const uint8_t *host, unsigned size)
{
	switch (size) {
	case 2:
		*(x86_u16 *)data = *(const volatile x86_u16 *)(const void *)host;
		return;
	case 4:
		*(x86_u32 *)data = *(const volatile x86_u32 *)(const void *)host;
		return;
	case 8:
		*(x86_u64 *)data = *(const volatile x86_u64 *)(const void *)host;
		return;
	case 16:
		*(u128 *)data = *(const volatile u128 *)(const void *)host;
		return;
	}
	for (unsigned i = 0; i < size; i++)
		((uint8_t *)data)[i] = __atomic_load_n(host + i, __ATOMIC_RELAXED);
}

static void store(uint8_t *host, const void *data, unsigned size)
{
	switch (size) {
	case 2:
		*(volatile x86_u16 *)(void *)host = *(const x86_u16 *)data;
		return;
	case 4:
		*(volatile x86_u32 *)(void *)host = *(const x86_u32 *)data;
		return;
	case 8:
		*(volatile x86_u64 *)(void *)host = *(const x86_u64 *)data;
		return;
	case 16:
		*(volatile u128 *)(void *)host = *(const u128 *)data;
		return;
	}
	for (unsigned i = 0; i < size; i++)
		__atomic_store_n(host + i, ((const uint8_t *)data)[i], __ATOMIC_RELAXED);
}

/* What was stored may be code: this vCPU's next instruction already is the new one. */
static void code_written(struct x86_cpu *cpu, const struct x86_op *op, const struct part *part)
{
	struct sim_member *member = &cpu->cpu.member;

	if (!sim_group_is_code(member->group, part->gpa) ||
	    !sim_group_code_written(member->group, member, part->gpa, part->size))
		return;
	sim_cpu_code_changed(&cpu->cpu);
	if (op)
		x86_stop_after(cpu, op);
}

static bool read_part(struct x86_cpu *cpu, const struct x86_op *op, struct part *part, uint8_t *data)
{
	if (was_read(cpu, part->gpa))
		return device_read(cpu, op, part->gpa, data, part->size);
	if (part->reach == X86_REACHED_DEVICE) {
		/* ROM that will be written to is read like any memory. */
		part->host = sim_memory_at(&cpu->cpu.memory, part->gpa, part->size, false);
		if (!part->host)
			return device_read(cpu, op, part->gpa, data, part->size);
	}
	load(data, part->host, part->size);
	return true;
}

static bool read_span(struct x86_cpu *cpu, const struct x86_op *op, uint64_t linear, void *ret_data, unsigned size,
		      unsigned access)
{
	struct span span;
	unsigned done = 0;

	if (!check_linear(cpu, op, linear, size) || !reach_span(cpu, op, linear, size, access, &span))
		return false;
	for (unsigned i = 0; i < span.count; done += span.parts[i++].size)
		if (!read_part(cpu, op, &span.parts[i], (uint8_t *)ret_data + done))
			return false;
	x86_debug_data(cpu, op, linear, size, false);
	return true;
}

bool x86_read_slow(struct x86_cpu *cpu, const struct x86_op *op, uint64_t linear, void *ret_data, unsigned size)
{
	return read_span(cpu, op, linear, ret_data, size, X86_READ);
}

bool x86_read_to_write_slow(struct x86_cpu *cpu, const struct x86_op *op, uint64_t linear, void *ret_data,
			    unsigned size)
{
	return read_span(cpu, op, linear, ret_data, size, X86_READ_WRITE);
}

bool x86_write_slow(struct x86_cpu *cpu, const struct x86_op *op, uint64_t linear, const void *data, unsigned size)
{
	const uint8_t *from = data;
	struct span span;

	if (!check_linear(cpu, op, linear, size) || !reach_span(cpu, op, linear, size, X86_WRITE, &span))
		return false;
	for (unsigned i = 0; i < span.count; from += span.parts[i++].size) {
		const struct part *part = &span.parts[i];

		if (part->reach == X86_REACHED_DEVICE) {
			device_write(cpu, op, part->gpa, from, part->size);
		} else {
			store(part->host, from, part->size);
			code_written(cpu, op, part);
		}
	}
	x86_debug_data(cpu, op, linear, size, true);
	return true;
}

bool x86_probe_write(struct x86_cpu *cpu, const struct x86_op *op, uint64_t linear, unsigned size)
{
	struct span span;

	return check_linear(cpu, op, linear, size) && reach_span(cpu, op, linear, size, X86_WRITE, &span);
}

/* ---- locked accesses ---- */

static pthread_mutex_t locked_accesses = PTHREAD_MUTEX_INITIALIZER;

void x86_locked_begin(void)
{
	pthread_mutex_lock(&locked_accesses);
}

void x86_locked_end(void)
{
	pthread_mutex_unlock(&locked_accesses);
}

void x86_locked(struct x86_cpu *cpu, const struct x86_op *op, uint64_t linear, unsigned size,
		struct x86_locked *ret_locked)
{
	const struct part *part;
	struct span span;

	*ret_locked = (struct x86_locked){ .place = x86_hit_write(cpu, linear, size) };
	if (sim_likely(ret_locked->place != NULL))
		return;
	if (!check_linear(cpu, op, linear, size) || !reach_span(cpu, op, linear, size, X86_READ_WRITE, &span))
		return;
	part = &span.parts[0];
	ret_locked->elsewhere = span.count != 1 || part->reach == X86_REACHED_DEVICE || was_read(cpu, part->gpa);
	if (ret_locked->elsewhere)
		return;
	ret_locked->place = part->host;
	ret_locked->watched = part->reach == X86_REACHED_WATCHED;
	ret_locked->gpa = part->gpa;
}

void x86_locked_watched(struct x86_cpu *cpu, const struct x86_op *op, uint64_t linear, unsigned size,
			const struct x86_locked *locked)
{
	const struct part part = { .reach = X86_REACHED_WATCHED, .gpa = locked->gpa, .size = size };

	code_written(cpu, op, &part);
	x86_debug_data(cpu, op, linear, size, false);
	x86_debug_data(cpu, op, linear, size, true);
}

/* ---- by the processor itself ---- */

/* There is no instruction that the VMM could complete a read for. */
static bool no_memory(struct x86_cpu *cpu, uint64_t gpa, uint64_t flags)
{
	struct axvcpu_exit *exit;

	if (!cpu->exit)
		return false;
	exit = x86_exit(cpu, AXVCPU_EXIT_NESTED_PAGE_FAULT);
	exit->nested_page_fault.addr = gpa;
	exit->nested_page_fault.access_flags = flags;
	return false;
}

static bool read_as(struct x86_cpu *cpu, enum x86_who who, uint64_t linear, void *ret_data, unsigned size)
{
	struct span span;
	unsigned done = 0;

	if (!find_span(cpu, who, linear, size, X86_READ, &span))
		return false;
	for (unsigned i = 0; i < span.count; done += span.parts[i++].size) {
		if (span.parts[i].reach == X86_REACHED_DEVICE)
			return no_memory(cpu, span.parts[i].gpa, AXVCPU_ACCESS_READ);
		load((uint8_t *)ret_data + done, span.parts[i].host, span.parts[i].size);
	}
	return true;
}

static bool write_as(struct x86_cpu *cpu, enum x86_who who, uint64_t linear, const void *data, unsigned size)
{
	const uint8_t *from = data;
	struct span span;

	if (!find_span(cpu, who, linear, size, X86_WRITE, &span))
		return false;
	for (unsigned i = 0; i < span.count; i++)
		if (span.parts[i].reach == X86_REACHED_DEVICE)
			return no_memory(cpu, span.parts[i].gpa, AXVCPU_ACCESS_WRITE);
	for (unsigned i = 0; i < span.count; from += span.parts[i++].size) {
		store(span.parts[i].host, from, span.parts[i].size);
		code_written(cpu, NULL, &span.parts[i]);
	}
	return true;
}

bool x86_system_read(struct x86_cpu *cpu, uint64_t linear, void *ret_data, unsigned size)
{
	const void *place = x86_hit(cpu->cpu.tlb.reads, cpu->system_context, linear, size);

	if (!place)
		return read_as(cpu, X86_IMPLICIT, linear, ret_data, size);
	load(ret_data, place, size);
	return true;
}

bool x86_system_write(struct x86_cpu *cpu, uint64_t linear, const void *data, unsigned size)
{
	void *place = x86_hit(cpu->cpu.tlb.writes, cpu->system_context, linear, size);

	if (!place)
		return write_as(cpu, X86_IMPLICIT, linear, data, size);
	store(place, data, size);
	return true;
}

/* The context in which the stack of a level is to be found. Without AC supervisors see what the processor does; 0: none
 * is known, and the level's rights are looked at. */
static uint64_t stack_context(const struct x86_cpu *cpu, unsigned cpl)
{
	if (must_be_aligned(cpu))
		return 0;
	if ((cpl == 3) == (cpu->cpl == 3))
		return cpu->cpu.data_context;
	return cpl != 3 && !(cpu->rflags & X86_FLAG_AC) ? cpu->system_context : 0;
}

static bool check_stack(struct x86_cpu *cpu, uint64_t linear, unsigned size)
{
	return !must_be_aligned(cpu) || !(linear & (size - 1)) || x86_raise_code(cpu, X86_AC, 0);
}

bool x86_level_read(struct x86_cpu *cpu, unsigned cpl, uint64_t linear, void *ret_data, unsigned size)
{
	const void *place = x86_hit(cpu->cpu.tlb.reads, stack_context(cpu, cpl), linear, size);
	uint8_t present = cpu->cpl;
	bool ok;

	if (place) {
		load(ret_data, place, size);
		return true;
	}
	cpu->cpl = (uint8_t)cpl;
	ok = check_stack(cpu, linear, size) && read_as(cpu, X86_BY_PROGRAM, linear, ret_data, size);
	cpu->cpl = present;
	if (ok)
		x86_debug_data(cpu, NULL, linear, size, false);
	return ok;
}

bool x86_level_write(struct x86_cpu *cpu, unsigned cpl, uint64_t linear, const void *data, unsigned size)
{
	void *place = x86_hit(cpu->cpu.tlb.writes, stack_context(cpu, cpl), linear, size);
	uint8_t present = cpu->cpl;
	bool ok;

	if (place) {
		store(place, data, size);
		return true;
	}
	cpu->cpl = (uint8_t)cpl;
	ok = check_stack(cpu, linear, size) && write_as(cpu, X86_BY_PROGRAM, linear, data, size);
	cpu->cpl = present;
	if (ok)
		x86_debug_data(cpu, NULL, linear, size, true);
	return ok;
}
