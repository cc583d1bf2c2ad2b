/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "Data Transfer Instructions", "Flag Control Instructions" and "Miscellaneous Instructions" (SDM 1, 5.1.1, 5.1.11 and
 * 5.1.13), random numbers, fences and caches.
 */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "integer.h"

/* ---- mov ---- */

X86_INLINE bool mov_to_r(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, enum x86_form form)
{
	uint64_t value;

	if (!x86_source(cpu, op, slow, size, form, &value))
		return false;
	x86_put(cpu, op->dst, size, value);
	return true;
}

X86_INLINE bool mov_to_m(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, enum x86_form form)
{
	uint64_t value;

	return x86_source(cpu, op, slow, size, form, &value) && x86_store(cpu, op, slow, size, value);
}

X86_EXECUTORS(mov_rr, mov_to_r, X86_RR)
X86_EXECUTORS(mov_ri, mov_to_r, X86_RI)
X86_EXECUTORS(mov_rm, mov_to_r, X86_RM)
X86_EXECUTORS(mov_mr, mov_to_m, X86_MR)
X86_EXECUTORS(mov_mi, mov_to_m, X86_MI)

/* The source of movzx and movsx is a word where the opcode is odd. */
X86_INLINE bool mov_extended(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, enum x86_form form,
			     bool is_signed)
{
	uint64_t value;

	if (op->opcode & 1) {
		if (!x86_source(cpu, op, slow, 1, form, &value))
			return false;
		if (is_signed)
			value = (uint64_t)x86_signed(value, 1);
	} else {
		if (!x86_source(cpu, op, slow, 0, form, &value))
			return false;
		if (is_signed)
			value = (uint64_t)x86_signed(value, 0);
	}
	x86_put(cpu, op->dst, size, value);
	return true;
}

X86_EXECUTORS_WIDE(movzx_rr, mov_extended, X86_RR, false)
X86_EXECUTORS_WIDE(movzx_rm, mov_extended, X86_RM, false)
X86_EXECUTORS_WIDE(movsx_rr, mov_extended, X86_RR, true)
X86_EXECUTORS_WIDE(movsx_rm, mov_extended, X86_RM, true)

/* The source is a doubleword whatever the operand size. */
X86_INLINE bool movsxd(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, enum x86_form form)
{
	uint64_t value;

	if (!x86_source(cpu, op, slow, 2, form, &value))
		return false;
	x86_put(cpu, op->dst, size, (uint64_t)x86_signed(value, 2));
	return true;
}

X86_EXECUTORS_WIDE(movsxd_rr, movsxd, X86_RR)
X86_EXECUTORS_WIDE(movsxd_rm, movsxd, X86_RM)

X86_INLINE uint64_t swapped(uint64_t value, unsigned size)
{
	return __builtin_bswap64(value) >> (64 - x86_bits(size));
}

X86_INLINE bool movbe_rm(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, int unused)
{
	uint64_t value;

	(void)unused;
	if (!x86_load(cpu, op, slow, size, &value))
		return false;
	x86_put(cpu, op->dst, size, swapped(value, size));
	return true;
}

X86_INLINE bool movbe_mr(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, int unused)
{
	(void)unused;
	return x86_store(cpu, op, slow, size, swapped(x86_get(cpu, op->src, size), size));
}

X86_EXECUTORS_WIDE(movbe_rm, movbe_rm, 0)
X86_EXECUTORS_WIDE(movbe_mr, movbe_mr, 0)

/* bswap of 16 bits is undefined; processors give 0. */
X86_INLINE bool bswap(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, int unused)
{
	(void)slow;
	(void)unused;
	x86_put(cpu, op->dst, size, size == 1 ? 0 : swapped(x86_get(cpu, op->dst, size), size));
	return true;
}

X86_EXECUTORS_WIDE(bswap, bswap, 0)

/* In 64-bit mode only the last step truncates, and addresses of 16 bits are not there. */
X86_INLINE bool lea(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, bool is_long)
{
	uint64_t offset = is_long ? X86_SLOT64(cpu, op->base) + (X86_SLOT64(cpu, op->index) << op->scale) +
					    (uint64_t)(int64_t)op->disp
				  : x86_offset(cpu, op);

	(void)slow;
	if (is_long && size == 3 && sim_unlikely(!(op->width & X86_WIDTH(0, 1))))
		offset = (uint32_t)offset;
	x86_put(cpu, op->dst, size, offset);
	return true;
}

X86_EXECUTORS_WIDE(lea_long, lea, true)
X86_EXECUTOR(lea_legacy16, lea, 1, false)
X86_EXECUTOR(lea_legacy32, lea, 2, false)

/* The source is read, and may fault, whether the condition holds or not; 32 bits always clear the upper half. */
X86_INLINE bool cmov(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, unsigned condition,
		     enum x86_form form)
{
	uint64_t value;
	bool holds;

	if (!x86_test_condition(cpu, slow, condition, &holds) || !x86_source(cpu, op, slow, size, form, &value))
		return false;
	x86_put(cpu, op->dst, size, holds ? value : x86_get(cpu, op->dst, size));
	return true;
}

#define CMOV(name, mnemonic, condition) \
	X86_EXECUTORS_WIDE(cmov##name##_rr, cmov, condition, X86_RR) \
	X86_EXECUTORS_WIDE(cmov##name##_rm, cmov, condition, X86_RM)
X86_CONDITIONS(CMOV)

/* ---- exchanges ---- */

X86_INLINE bool xchg_rr(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, int unused)
{
	uint64_t first = x86_get(cpu, op->dst, size), second = x86_get(cpu, op->src, size);

	(void)slow;
	(void)unused;
	x86_put(cpu, op->dst, size, second);
	x86_put(cpu, op->src, size, first);
	return true;
}

X86_EXECUTORS(xchg_rr, xchg_rr, 0)

/* Locked, whether it says so or not. */
static const struct x86_op *xchg_m(struct x86_cpu *cpu, const struct x86_op *op, unsigned size)
{
	uint64_t value = x86_get(cpu, op->src, size);
	struct x86_change change;

	if (!x86_change_begin_slow(cpu, op, size, true, &change))
		return NULL;
	while (!x86_change_end_slow(cpu, op, size, &change, value))
		;
	if (change.faulted)
		return NULL;
	x86_put(cpu, op->src, size, change.old);
	return op + 1;
}

#define XCHG_M(bits, size) \
	EXEC(xchg_mr##bits) \
	{ \
		return xchg_m(cpu, op, size); \
	}
XCHG_M(8, 0)
XCHG_M(16, 1)
XCHG_M(32, 2)
XCHG_M(64, 3)

X86_INLINE bool xadd_rr(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, int unused)
{
	uint64_t first = x86_get(cpu, op->dst, size), second = x86_get(cpu, op->src, size);

	(void)slow;
	(void)unused;
	x86_put(cpu, op->src, size, first);
	x86_put(cpu, op->dst, size, first + second);
	x86_set_cc(cpu, X86_CC(ADD, size), first + second, second);
	return true;
}

X86_INLINE bool xadd_mr(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, int unused)
{
	uint64_t second = x86_get(cpu, op->src, size);
	struct x86_change change;

	(void)unused;
	if (!x86_change_begin(cpu, op, slow, size, &change))
		return false;
	while (!x86_change_end(cpu, op, slow, size, &change, change.old + second))
		;
	if (change.faulted)
		return false;
	x86_put(cpu, op->src, size, change.old);
	x86_set_cc(cpu, X86_CC(ADD, size), change.old + second, second);
	return true;
}

X86_EXECUTORS(xadd_rr, xadd_rr, 0)
X86_EXECUTORS(xadd_mr, xadd_mr, 0)

X86_INLINE void cmpxchg_end(struct x86_cpu *cpu, unsigned size, uint64_t accumulator, uint64_t old)
{
	if (accumulator != old)
		x86_put(cpu, X86_SLOT(X86_RAX), size, old);
	x86_set_cc(cpu, X86_CC(SUB, size), accumulator - old, old);
}

/* Where they differ the register is not touched: its upper half stays. */
X86_INLINE bool cmpxchg_rr(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, int unused)
{
	uint64_t accumulator = x86_get(cpu, X86_SLOT(X86_RAX), size), old = x86_get(cpu, op->dst, size);

	(void)slow;
	(void)unused;
	if (accumulator == old)
		x86_put(cpu, op->dst, size, x86_get(cpu, op->src, size));
	cmpxchg_end(cpu, size, accumulator, old);
	return true;
}

X86_INLINE bool cmpxchg_mr(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, int unused)
{
	uint64_t accumulator = x86_get(cpu, X86_SLOT(X86_RAX), size), value = x86_get(cpu, op->src, size);
	struct x86_change change;

	(void)unused;
	if (!x86_change_begin(cpu, op, slow, size, &change))
		return false;
	while (!x86_change_end(cpu, op, slow, size, &change, accumulator == change.old ? value : change.old))
		;
	if (change.faulted)
		return false;
	cmpxchg_end(cpu, size, accumulator, change.old);
	return true;
}

X86_EXECUTORS(cmpxchg_rr, cmpxchg_rr, 0)
X86_EXECUTORS(cmpxchg_mr, cmpxchg_mr, 0)

static uint64_t joined(uint64_t high, uint64_t low)
{
	return high << 32 | (uint32_t)low;
}

EXEC(cmpxchg8b)
{
	uint64_t expected = joined(cpu->cpu.x[X86_RDX], cpu->cpu.x[X86_RAX]);
	uint64_t value = joined(cpu->cpu.x[X86_RCX], cpu->cpu.x[X86_RBX]);
	struct x86_change change;

	if (!x86_change_begin_slow(cpu, op, 3, op->flags & X86_OP_LOCK, &change))
		return NULL;
	while (!x86_change_end_slow(cpu, op, 3, &change, expected == change.old ? value : change.old))
		;
	if (change.faulted)
		return NULL;
	if (expected != change.old) {
		X86_PUT32(cpu, X86_SLOT(X86_RAX), change.old);
		X86_PUT32(cpu, X86_SLOT(X86_RDX), change.old >> 32);
	}
	x86_change_flags(cpu, X86_FLAG_ZF, expected == change.old ? X86_FLAG_ZF : 0);
	return op + 1;
}

/* Low and high half. */
struct pair {
	uint64_t half[2];
};

/* Returns what was there. */
static struct pair exchange_pair(void *place, struct pair expected, struct pair value)
{
	__asm__ volatile("lock cmpxchg16b %0"
			 : "+m"(*(struct pair *)place), "+a"(expected.half[0]), "+d"(expected.half[1])
			 : "b"(value.half[0]), "c"(value.half[1])
			 : "cc", "memory");
	return expected;
}

static bool same_pair(struct pair a, struct pair b)
{
	return a.half[0] == b.half[0] && a.half[1] == b.half[1];
}

/* Where there is no host memory to be atomic on. */
static bool exchange_pair_slow(struct x86_cpu *cpu, const struct x86_op *op, uint64_t linear, struct pair expected,
			       struct pair value, struct pair *ret_old)
{
	bool done;

	x86_locked_begin();
	done = x86_read_to_write_slow(cpu, op, linear, ret_old, 16) &&
	       x86_write_slow(cpu, op, linear, same_pair(expected, *ret_old) ? &value : ret_old, 16);
	x86_locked_end();
	return done;
}

EXEC(cmpxchg16b)
{
	struct pair expected = { { cpu->cpu.x[X86_RAX], cpu->cpu.x[X86_RDX] } }, old;
	struct pair value = { { cpu->cpu.x[X86_RBX], cpu->cpu.x[X86_RCX] } };
	struct x86_locked locked;
	uint64_t linear;

	if (!x86_linear(cpu, op, 16, X86_READ_WRITE, &linear))
		return NULL;
	if (linear & 15)
		return x86_fault_code(cpu, op, X86_GP, 0);
	x86_locked(cpu, op, linear, 16, &locked);
	if (locked.place) {
		old = exchange_pair(locked.place, expected, value);
		x86_locked_done(cpu, op, linear, 16, &locked);
	} else if (!locked.elsewhere || !exchange_pair_slow(cpu, op, linear, expected, value, &old)) {
		return NULL;
	}
	if (!same_pair(expected, old)) {
		cpu->cpu.x[X86_RAX] = old.half[0];
		cpu->cpu.x[X86_RDX] = old.half[1];
	}
	x86_change_flags(cpu, X86_FLAG_ZF, same_pair(expected, old) ? X86_FLAG_ZF : 0);
	return op + 1;
}

/* ---- the stack in 64-bit mode ---- */

X86_INLINE bool push_long(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, enum x86_form form)
{
	uint64_t value;

	if (form == X86_RR)
		value = x86_get(cpu, op->dst, size);
	else if (!x86_source(cpu, op, slow, size, form, &value))
		return false;
	return x86_push_long(cpu, op, slow, size, value);
}

X86_INLINE bool pop_long(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, int unused)
{
	uint64_t value;

	(void)unused;
	if (!x86_top_long(cpu, op, slow, size, &value))
		return false;
	cpu->cpu.x[X86_RSP] += 1u << size;
	x86_put(cpu, op->dst, size, value);
	return true;
}

X86_EXECUTOR(push_r16, push_long, 1, X86_RR)
X86_EXECUTOR(push_r64, push_long, 3, X86_RR)
X86_EXECUTOR(push_i16, push_long, 1, X86_RI)
X86_EXECUTOR(push_i64, push_long, 3, X86_RI)
X86_EXECUTOR(push_m16, push_long, 1, X86_RM)
X86_EXECUTOR(push_m64, push_long, 3, X86_RM)
X86_EXECUTOR(pop_r16, pop_long, 1, 0)
X86_EXECUTOR(pop_r64, pop_long, 3, 0)

X86_INLINE bool leave_long(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, int unused)
{
	uint64_t frame = cpu->cpu.x[X86_RBP], value;
	void *place;

	(void)unused;
	if (slow) {
		if (!x86_ss_read(cpu, op, frame, size, &value))
			return false;
	} else {
		if (!x86_quick_hit(cpu, cpu->cpu.tlb.reads, frame, size, &place))
			return false;
		value = x86_peek(place, size);
	}
	cpu->cpu.x[X86_RSP] = frame + (1u << size);
	x86_put(cpu, X86_SLOT(X86_RBP), size, value);
	return true;
}

X86_EXECUTOR(leave_long16, leave_long, 1, 0)
X86_EXECUTOR(leave_long64, leave_long, 3, 0)

/* ---- the stack in all modes ---- */

static const struct x86_op *push(struct x86_cpu *cpu, const struct x86_op *op, unsigned size, uint64_t value)
{
	return x86_push_slow(cpu, op, size, value) ? op + 1 : NULL;
}

static const struct x86_op *push_memory(struct x86_cpu *cpu, const struct x86_op *op, unsigned size)
{
	uint64_t value;

	return x86_load_slow(cpu, op, size, &value) ? push(cpu, op, size, value) : NULL;
}

static const struct x86_op *pop(struct x86_cpu *cpu, const struct x86_op *op, unsigned size)
{
	uint64_t value;

	if (!x86_top_slow(cpu, op, size, &value))
		return NULL;
	x86_set_stack_pointer(cpu, cpu->cpu.x[X86_RSP] + (1u << size));
	x86_put(cpu, op->dst, size, value);
	return op + 1;
}

/* An address with the stack pointer in it is computed after that was incremented. */
static const struct x86_op *pop_memory(struct x86_cpu *cpu, const struct x86_op *op, unsigned size)
{
	uint64_t before = cpu->cpu.x[X86_RSP], value;

	if (!x86_top_slow(cpu, op, size, &value))
		return NULL;
	x86_set_stack_pointer(cpu, before + (1u << size));
	if (x86_store_slow(cpu, op, size, value))
		return op + 1;
	cpu->cpu.x[X86_RSP] = before;
	return NULL;
}

static const struct x86_op *leave(struct x86_cpu *cpu, const struct x86_op *op, unsigned size)
{
	uint64_t frame = cpu->cpu.x[X86_RBP], value;

	if (!x86_ss_read(cpu, op, frame, size, &value))
		return NULL;
	x86_set_stack_pointer(cpu, frame + (1u << size));
	x86_put(cpu, X86_SLOT(X86_RBP), size, value);
	return op + 1;
}

/* Where the frames of the enclosing procedures are copied to; the new frame is below them. */
static bool copy_frames(struct x86_cpu *cpu, const struct x86_op *op, unsigned size, unsigned level)
{
	uint64_t frame = cpu->cpu.x[X86_RBP], pointer = cpu->cpu.x[X86_RSP] - (1u << size), value;

	for (unsigned i = 1; i < level; i++) {
		frame -= 1u << size;
		pointer -= 1u << size;
		if (!x86_ss_read(cpu, op, frame, size, &value) || !x86_ss_write(cpu, op, pointer, size, value))
			return false;
	}
	return level == 0 || x86_ss_write(cpu, op, pointer - (1u << size), size, cpu->cpu.x[X86_RSP] - (1u << size));
}

/* What it writes lies below the stack pointer, which changes last; so it can be executed again after a fault. */
static const struct x86_op *enter(struct x86_cpu *cpu, const struct x86_op *op, unsigned size)
{
	unsigned level = (unsigned)op->disp & 31;
	uint64_t frame = cpu->cpu.x[X86_RSP] - (1u << size), linear;
	uint64_t pointer = frame - ((uint64_t)level << size) - (uint16_t)op->imm;

	if (!x86_ss_write(cpu, op, frame, size, cpu->cpu.x[X86_RBP]) || !copy_frames(cpu, op, size, level) ||
	    !x86_linear_of(cpu, op, X86_SS, pointer & x86_ss_mask(cpu), 1u << size, X86_WRITE, &linear) ||
	    !x86_probe_write(cpu, op, linear, 1u << size))
		return NULL;
	x86_set_stack_pointer(cpu, pointer);
	x86_put(cpu, X86_SLOT(X86_RBP), size, frame);
	return op + 1;
}

static const struct x86_op *pusha(struct x86_cpu *cpu, const struct x86_op *op, unsigned size)
{
	uint64_t pointer = cpu->cpu.x[X86_RSP], linear;

	for (unsigned i = 1; i <= 8; i++) {
		if (!x86_linear_of(cpu, op, X86_SS, (pointer - (i << size)) & x86_ss_mask(cpu), 1u << size, X86_WRITE,
				   &linear) ||
		    !x86_probe_write(cpu, op, linear, 1u << size))
			return NULL;
	}
	for (unsigned i = 0; i < 8; i++) {
		if (!x86_ss_write(cpu, op, pointer - ((i + 1) << size), size, cpu->cpu.x[i]))
			return NULL;
	}
	x86_set_stack_pointer(cpu, pointer - (8u << size));
	return op + 1;
}

/* The stack pointer's own value is skipped. */
static const struct x86_op *popa(struct x86_cpu *cpu, const struct x86_op *op, unsigned size)
{
	uint64_t pointer = cpu->cpu.x[X86_RSP], values[8];

	for (unsigned i = 0; i < 8; i++) {
		if (!x86_ss_read(cpu, op, pointer + (i << size), size, &values[i]))
			return NULL;
	}
	for (unsigned i = 0; i < 8; i++) {
		if (7 - i != X86_RSP)
			x86_put(cpu, X86_SLOT(7 - i), size, values[i]);
	}
	x86_set_stack_pointer(cpu, pointer + (8u << size));
	return op + 1;
}

/* ---- pushf and popf ---- */

static bool iopl_is_3(const struct x86_cpu *cpu)
{
	return (cpu->rflags & X86_FLAG_IOPL) == X86_FLAG_IOPL;
}

/* In virtual-8086 mode without the privilege: with CR4.VME the 16-bit forms have VIF in the place of IF. */
static bool virtual_interrupts(const struct x86_cpu *cpu, unsigned size)
{
	return (cpu->cr4 & X86_CR4_VME) && size == 1;
}

static const struct x86_op *pushf(struct x86_cpu *cpu, const struct x86_op *op, unsigned size)
{
	uint64_t flags = x86_rflags(cpu) & ~(uint64_t)(X86_FLAG_RF | X86_FLAG_VM);

	if (x86_in_v86(cpu) && !iopl_is_3(cpu)) {
		if (!virtual_interrupts(cpu, size))
			return x86_fault_code(cpu, op, X86_GP, 0);
		flags = (flags & ~(uint64_t)X86_FLAG_IF) | X86_FLAG_IOPL;
		if (cpu->rflags & X86_FLAG_VIF)
			flags |= X86_FLAG_IF;
	}
	return push(cpu, op, size, flags);
}

/* The flags that popf may change, but for IF and IOPL. */
#define POPF_FLAGS \
	(X86_FLAGS_ARITHMETIC | X86_FLAG_TF | X86_FLAG_DF | X86_FLAG_NT | X86_FLAG_RF | X86_FLAG_AC | X86_FLAG_ID)

static uint32_t popf_mask(const struct x86_cpu *cpu)
{
	unsigned iopl = (cpu->rflags & X86_FLAG_IOPL) >> 12;

	if (x86_in_v86(cpu))
		return POPF_FLAGS | X86_FLAG_IF;
	if (cpu->cpl == 0)
		return POPF_FLAGS | X86_FLAG_IF | X86_FLAG_IOPL;
	return POPF_FLAGS | (cpu->cpl <= iopl ? X86_FLAG_IF : 0);
}

/* VIF instead of IF; the rest as always. False: #GP. */
static bool popf_virtual(struct x86_cpu *cpu, uint64_t *flags)
{
	if (*flags & X86_FLAG_TF || (*flags & X86_FLAG_IF && cpu->rflags & X86_FLAG_VIP))
		return false;
	if (*flags & X86_FLAG_IF)
		cpu->rflags |= X86_FLAG_VIF;
	else
		cpu->rflags &= ~X86_FLAG_VIF;
	return true;
}

static const struct x86_op *popf(struct x86_cpu *cpu, const struct x86_op *op, unsigned size)
{
	uint32_t mask = popf_mask(cpu), before = (uint32_t)x86_rflags(cpu);
	bool virtual = x86_in_v86(cpu) && !iopl_is_3(cpu);
	uint64_t flags;

	if (virtual && !virtual_interrupts(cpu, size))
		return x86_fault_code(cpu, op, X86_GP, 0);
	if (!x86_top_slow(cpu, op, size, &flags))
		return NULL;
	if (virtual) {
		if (!popf_virtual(cpu, &flags))
			return x86_fault_code(cpu, op, X86_GP, 0);
		before = (uint32_t)x86_rflags(cpu);
		mask &= ~X86_FLAG_IF;
	}
	if (size == 1)
		mask &= UINT16_MAX;
	x86_set_stack_pointer(cpu, cpu->cpu.x[X86_RSP] + (1u << size));
	x86_set_rflags(cpu, ((before & ~mask) | ((uint32_t)flags & mask)) & ~X86_FLAG_RF);
	if ((before ^ cpu->rflags) & X86_FLAG_AC)
		x86_update_mode(cpu);
	return x86_leave(cpu, op);
}

#define STACK(bits, size) \
	EXEC(pop_m##bits) \
	{ \
		return pop_memory(cpu, op, size); \
	} \
	EXEC(enter##bits) \
	{ \
		return enter(cpu, op, size); \
	} \
	EXEC(pushf##bits) \
	{ \
		return pushf(cpu, op, size); \
	} \
	EXEC(popf##bits) \
	{ \
		return popf(cpu, op, size); \
	}
#define LEGACY_STACK(bits, size) \
	EXEC(push_legacy_r##bits) \
	{ \
		return push(cpu, op, size, x86_get(cpu, op->dst, size)); \
	} \
	EXEC(push_legacy_i##bits) \
	{ \
		return push(cpu, op, size, (uint64_t)op->imm); \
	} \
	EXEC(push_legacy_m##bits) \
	{ \
		return push_memory(cpu, op, size); \
	} \
	EXEC(pop_legacy_r##bits) \
	{ \
		return pop(cpu, op, size); \
	} \
	EXEC(leave_legacy##bits) \
	{ \
		return leave(cpu, op, size); \
	} \
	EXEC(pusha##bits) \
	{ \
		return pusha(cpu, op, size); \
	} \
	EXEC(popa##bits) \
	{ \
		return popa(cpu, op, size); \
	}

STACK(16, 1)
STACK(32, 2)
STACK(64, 3)
LEGACY_STACK(16, 1)
LEGACY_STACK(32, 2)

/* ---- conversions within the accumulator ---- */

#define RAX X86_SLOT(X86_RAX)
#define RDX X86_SLOT(X86_RDX)

#define CONVERT(name, narrow, wide) \
	EXEC(name) \
	{ \
		x86_put(cpu, RAX, wide, (uint64_t)x86_signed(x86_get(cpu, RAX, narrow), narrow)); \
		X86_NEXT(cpu, op); \
	}
CONVERT(cbw, 0, 1)
CONVERT(cwde, 1, 2)
CONVERT(cdqe, 2, 3)

#define CONVERT_PAIR(name, size) \
	EXEC(name) \
	{ \
		x86_put(cpu, RDX, size, x86_sign(x86_get(cpu, RAX, size), size) ? UINT64_MAX : 0); \
		X86_NEXT(cpu, op); \
	}
CONVERT_PAIR(cwd, 1)
CONVERT_PAIR(cdq, 2)
CONVERT_PAIR(cqo, 3)

EXEC(xlat)
{
	uint64_t offset = x86_truncate_offset(op, cpu->cpu.x[X86_RBX] + X86_SLOT8(cpu, RAX)), linear, value;

	if (!x86_linear_of(cpu, op, x86_segment_of(op), offset, 1, X86_READ, &linear) ||
	    !x86_load_at(cpu, op, linear, 0, &value))
		return NULL;
	X86_PUT8(cpu, RAX, value);
	return op + 1;
}

/* In no manual of Intel's, and in all processors. */
EXEC(salc)
{
	X86_PUT8(cpu, RAX, x86_carry(cpu) ? 0xff : 0);
	X86_NEXT(cpu, op);
}

/* ---- flags ---- */

EXEC(lahf)
{
	X86_PUT8(cpu, RAX + 1, (x86_arithmetic_flags(cpu) & 0xff) | 2);
	X86_NEXT(cpu, op);
}

EXEC(sahf)
{
	x86_change_flags(cpu, X86_FLAGS_ARITHMETIC & 0xff, X86_SLOT8(cpu, RAX + 1) & X86_FLAGS_ARITHMETIC);
	X86_NEXT(cpu, op);
}

EXEC(clc)
{
	x86_change_flags(cpu, X86_FLAG_CF, 0);
	X86_NEXT(cpu, op);
}

EXEC(stc)
{
	x86_change_flags(cpu, X86_FLAG_CF, X86_FLAG_CF);
	X86_NEXT(cpu, op);
}

EXEC(cmc)
{
	x86_change_flags(cpu, X86_FLAG_CF, x86_carry(cpu) ? 0 : X86_FLAG_CF);
	X86_NEXT(cpu, op);
}

EXEC(cld)
{
	cpu->rflags &= ~X86_FLAG_DF;
	X86_NEXT(cpu, op);
}

EXEC(std)
{
	cpu->rflags |= X86_FLAG_DF;
	X86_NEXT(cpu, op);
}

/* ---- the rest ---- */

EXEC(nop)
{
	X86_NEXT(cpu, op);
}

EXEC(ud)
{
	return x86_fault(cpu, op, X86_UD);
}

EXEC(mfence)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	X86_NEXT(cpu, op);
}

/* Faults as a read does; there is no cache. */
EXEC(cache_line)
{
	uint64_t ignored;

	return x86_load_slow(cpu, op, 0, &ignored) ? op + 1 : NULL;
}

/* The same every time where runs are to be the same. */
static uint64_t deterministic_random(struct x86_cpu *cpu)
{
	uint64_t value = cpu->random += UINT64_C(0x9e3779b97f4a7c15);

	value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
	return value ^ value >> 31;
}

static bool host_random(uint64_t *ret_value)
{
	ssize_t got;

	do
		got = getrandom(ret_value, sizeof(*ret_value), 0);
	while (got < 0 && errno == EINTR);
	return got == (ssize_t)sizeof(*ret_value);
}

/* CF: there is a number. */
EXEC(random_number)
{
	uint64_t value = 0;
	bool there = true;

	if (cpu->deterministic)
		value = deterministic_random(cpu);
	else
		there = host_random(&value);
	x86_put(cpu, op->dst, op->width & 3, there ? value : 0);
	x86_set_arithmetic_flags(cpu, there ? X86_FLAG_CF : 0);
	return op + 1;
}

/* clang-format off */
#define CMOV_ROWS(name, mnemonic, condition) \
	{ ZYDIS_MNEMONIC_CMOV##mnemonic, "rr", X86_WIDE(cmov##name##_rr), X86_NONE, X86_ROW_PLAIN, 0 }, \
	{ ZYDIS_MNEMONIC_CMOV##mnemonic, "rm", X86_WIDE(cmov##name##_rm), X86_NONE, 0, 0 },
#define LONG_SIZES(name) { NULL, name##16, NULL, name##64 }
#define LEGACY_SIZES(name) { NULL, name##16, name##32, NULL }
#define NOP(mnemonic) { ZYDIS_MNEMONIC_##mnemonic, NULL, X86_ANY(nop), X86_NONE, X86_ROW_PLAIN, 0 }

static const struct x86_row rows[] = {
	{ ZYDIS_MNEMONIC_MOV, "rr", X86_SIZES(mov_rr), X86_NONE, X86_ROW_PLAIN, 0 },
	{ ZYDIS_MNEMONIC_MOV, "ri", X86_SIZES(mov_ri), X86_NONE, X86_ROW_PLAIN, 0 },
	{ ZYDIS_MNEMONIC_MOV, "rm", X86_SIZES(mov_rm), X86_NONE, 0, 0 },
	{ ZYDIS_MNEMONIC_MOV, "mr", X86_SIZES(mov_mr), X86_NONE, 0, 0 },
	{ ZYDIS_MNEMONIC_MOV, "mi", X86_SIZES(mov_mi), X86_NONE, 0, 0 },
	{ ZYDIS_MNEMONIC_MOVZX, "rr", X86_WIDE(movzx_rr), X86_NONE, X86_ROW_PLAIN, 0 },
	{ ZYDIS_MNEMONIC_MOVZX, "rm", X86_WIDE(movzx_rm), X86_NONE, 0, 0 },
	{ ZYDIS_MNEMONIC_MOVSX, "rr", X86_WIDE(movsx_rr), X86_NONE, X86_ROW_PLAIN, 0 },
	{ ZYDIS_MNEMONIC_MOVSX, "rm", X86_WIDE(movsx_rm), X86_NONE, 0, 0 },
	{ ZYDIS_MNEMONIC_MOVSXD, "rr", X86_WIDE(movsxd_rr), X86_NONE, X86_ROW_PLAIN, 0 },
	{ ZYDIS_MNEMONIC_MOVSXD, "rm", X86_WIDE(movsxd_rm), X86_NONE, 0, 0 },
	{ ZYDIS_MNEMONIC_MOVBE, "rm", X86_WIDE(movbe_rm), X86_NONE, 0, X86_NEEDS(MOVBE) },
	{ ZYDIS_MNEMONIC_MOVBE, "mr", X86_WIDE(movbe_mr), X86_NONE, 0, X86_NEEDS(MOVBE) },
	{ ZYDIS_MNEMONIC_MOVNTI, "mr", { NULL, NULL, mov_mr32, mov_mr64 }, X86_NONE, 0, 0 },
	{ ZYDIS_MNEMONIC_BSWAP, "r", X86_WIDE(bswap), X86_NONE, X86_ROW_PLAIN, 0 },
	{ ZYDIS_MNEMONIC_LEA, "rm", X86_WIDE(lea_long), X86_NONE, X86_ROW_PLAIN | X86_ROW_LONG, 0 },
	{ ZYDIS_MNEMONIC_LEA, "rm", LEGACY_SIZES(lea_legacy), X86_NONE, X86_ROW_PLAIN | X86_ROW_LEGACY, 0 },
	X86_CONDITIONS(CMOV_ROWS)

	{ ZYDIS_MNEMONIC_XCHG, "rr", X86_SIZES(xchg_rr), X86_NONE, X86_ROW_PLAIN, 0 },
	{ ZYDIS_MNEMONIC_XCHG, "mr", X86_SIZES(xchg_mr), X86_NONE, 0, 0 },
	{ ZYDIS_MNEMONIC_XADD, "rr", X86_SIZES(xadd_rr), X86_NONE, X86_ROW_PLAIN, 0 },
	{ ZYDIS_MNEMONIC_XADD, "mr", X86_SIZES(xadd_mr), X86_NONE, 0, 0 },
	{ ZYDIS_MNEMONIC_CMPXCHG, "rr", X86_SIZES(cmpxchg_rr), X86_NONE, X86_ROW_PLAIN, 0 },
	{ ZYDIS_MNEMONIC_CMPXCHG, "mr", X86_SIZES(cmpxchg_mr), X86_NONE, 0, 0 },
	{ ZYDIS_MNEMONIC_CMPXCHG8B, "m", X86_ANY(cmpxchg8b), X86_NONE, 0, 0 },
	{ ZYDIS_MNEMONIC_CMPXCHG16B, "m", X86_ANY(cmpxchg16b), X86_NONE, 0, X86_NEEDS(CX16) },

	{ ZYDIS_MNEMONIC_PUSH, "r", LONG_SIZES(push_r), X86_NONE, X86_ROW_LONG, 0 },
	{ ZYDIS_MNEMONIC_PUSH, "i", LONG_SIZES(push_i), X86_NONE, X86_ROW_LONG, 0 },
	{ ZYDIS_MNEMONIC_PUSH, "m", LONG_SIZES(push_m), X86_NONE, X86_ROW_LONG, 0 },
	{ ZYDIS_MNEMONIC_POP, "r", LONG_SIZES(pop_r), X86_NONE, X86_ROW_LONG, 0 },
	{ ZYDIS_MNEMONIC_POP, "m", X86_WIDE(pop_m), X86_NONE, 0, 0 },
	{ ZYDIS_MNEMONIC_LEAVE, NULL, LONG_SIZES(leave_long), X86_NONE, X86_ROW_LONG, 0 },
	{ ZYDIS_MNEMONIC_PUSH, "r", LEGACY_SIZES(push_legacy_r), X86_NONE, X86_ROW_LEGACY, 0 },
	{ ZYDIS_MNEMONIC_PUSH, "i", LEGACY_SIZES(push_legacy_i), X86_NONE, X86_ROW_LEGACY, 0 },
	{ ZYDIS_MNEMONIC_PUSH, "m", LEGACY_SIZES(push_legacy_m), X86_NONE, X86_ROW_LEGACY, 0 },
	{ ZYDIS_MNEMONIC_POP, "r", LEGACY_SIZES(pop_legacy_r), X86_NONE, X86_ROW_LEGACY, 0 },
	{ ZYDIS_MNEMONIC_LEAVE, NULL, LEGACY_SIZES(leave_legacy), X86_NONE, X86_ROW_LEGACY, 0 },
	{ ZYDIS_MNEMONIC_ENTER, NULL, X86_WIDE(enter), X86_NONE, 0, 0 },
	{ ZYDIS_MNEMONIC_PUSHA, NULL, X86_ANY(pusha16), X86_NONE, X86_ROW_LEGACY, 0 },
	{ ZYDIS_MNEMONIC_PUSHAD, NULL, X86_ANY(pusha32), X86_NONE, X86_ROW_LEGACY, 0 },
	{ ZYDIS_MNEMONIC_POPA, NULL, X86_ANY(popa16), X86_NONE, X86_ROW_LEGACY, 0 },
	{ ZYDIS_MNEMONIC_POPAD, NULL, X86_ANY(popa32), X86_NONE, X86_ROW_LEGACY, 0 },
	{ ZYDIS_MNEMONIC_PUSHF, NULL, X86_ANY(pushf16), X86_NONE, 0, 0 },
	{ ZYDIS_MNEMONIC_PUSHFD, NULL, X86_ANY(pushf32), X86_NONE, 0, 0 },
	{ ZYDIS_MNEMONIC_PUSHFQ, NULL, X86_ANY(pushf64), X86_NONE, 0, 0 },
	{ ZYDIS_MNEMONIC_POPF, NULL, X86_ANY(popf16), X86_NONE, X86_ROW_ENDS, 0 },
	{ ZYDIS_MNEMONIC_POPFD, NULL, X86_ANY(popf32), X86_NONE, X86_ROW_ENDS, 0 },
	{ ZYDIS_MNEMONIC_POPFQ, NULL, X86_ANY(popf64), X86_NONE, X86_ROW_ENDS, 0 },

	{ ZYDIS_MNEMONIC_CBW, NULL, X86_ANY(cbw), X86_NONE, X86_ROW_PLAIN, 0 },
	{ ZYDIS_MNEMONIC_CWDE, NULL, X86_ANY(cwde), X86_NONE, X86_ROW_PLAIN, 0 },
	{ ZYDIS_MNEMONIC_CDQE, NULL, X86_ANY(cdqe), X86_NONE, X86_ROW_PLAIN, 0 },
	{ ZYDIS_MNEMONIC_CWD, NULL, X86_ANY(cwd), X86_NONE, X86_ROW_PLAIN, 0 },
	{ ZYDIS_MNEMONIC_CDQ, NULL, X86_ANY(cdq), X86_NONE, X86_ROW_PLAIN, 0 },
	{ ZYDIS_MNEMONIC_CQO, NULL, X86_ANY(cqo), X86_NONE, X86_ROW_PLAIN, 0 },
	{ ZYDIS_MNEMONIC_XLAT, NULL, X86_ANY(xlat), X86_NONE, 0, 0 },
	{ ZYDIS_MNEMONIC_SALC, NULL, X86_ANY(salc), X86_NONE, X86_ROW_LEGACY, 0 },

	{ ZYDIS_MNEMONIC_LAHF, NULL, X86_ANY(lahf), X86_NONE, X86_ROW_PLAIN | X86_ROW_LONG, X86_NEEDS(LAHF) },
	{ ZYDIS_MNEMONIC_SAHF, NULL, X86_ANY(sahf), X86_NONE, X86_ROW_PLAIN | X86_ROW_LONG, X86_NEEDS(LAHF) },
	{ ZYDIS_MNEMONIC_LAHF, NULL, X86_ANY(lahf), X86_NONE, X86_ROW_PLAIN | X86_ROW_LEGACY, 0 },
	{ ZYDIS_MNEMONIC_SAHF, NULL, X86_ANY(sahf), X86_NONE, X86_ROW_PLAIN | X86_ROW_LEGACY, 0 },
	{ ZYDIS_MNEMONIC_CLC, NULL, X86_ANY(clc), X86_NONE, X86_ROW_PLAIN, 0 },
	{ ZYDIS_MNEMONIC_STC, NULL, X86_ANY(stc), X86_NONE, X86_ROW_PLAIN, 0 },
	{ ZYDIS_MNEMONIC_CMC, NULL, X86_ANY(cmc), X86_NONE, X86_ROW_PLAIN, 0 },
	{ ZYDIS_MNEMONIC_CLD, NULL, X86_ANY(cld), X86_NONE, X86_ROW_PLAIN, 0 },
	{ ZYDIS_MNEMONIC_STD, NULL, X86_ANY(std), X86_NONE, X86_ROW_PLAIN, 0 },

	/* Also what is a hint without the feature that it is for: CET and MPX. */
	NOP(NOP), NOP(PAUSE), NOP(ENDBR32), NOP(ENDBR64), NOP(RDSSPD), NOP(RDSSPQ), NOP(CLDEMOTE),
	NOP(PREFETCH), NOP(PREFETCHW), NOP(PREFETCHWT1), NOP(PREFETCHNTA), NOP(PREFETCHT0), NOP(PREFETCHT1), NOP(PREFETCHT2),
	NOP(BNDCL), NOP(BNDCN), NOP(BNDCU), NOP(BNDLDX), NOP(BNDMK), NOP(BNDMOV), NOP(BNDSTX),
	{ ZYDIS_MNEMONIC_UD0, NULL, X86_ANY(ud), X86_NONE, X86_ROW_ENDS, 0 },
	{ ZYDIS_MNEMONIC_UD1, NULL, X86_ANY(ud), X86_NONE, X86_ROW_ENDS, 0 },
	{ ZYDIS_MNEMONIC_UD2, NULL, X86_ANY(ud), X86_NONE, X86_ROW_ENDS, 0 },
	{ ZYDIS_MNEMONIC_MFENCE, NULL, X86_ANY(mfence), X86_NONE, X86_ROW_PLAIN, 0 },
	{ ZYDIS_MNEMONIC_LFENCE, NULL, X86_ANY(nop), X86_NONE, X86_ROW_PLAIN, 0 },
	{ ZYDIS_MNEMONIC_SFENCE, NULL, X86_ANY(nop), X86_NONE, X86_ROW_PLAIN, 0 },
	{ ZYDIS_MNEMONIC_CLFLUSH, "m", X86_ANY(cache_line), X86_NONE, 0, 0 },
	{ ZYDIS_MNEMONIC_CLFLUSHOPT, "m", X86_ANY(cache_line), X86_NONE, 0, X86_NEEDS(CLFLUSHOPT) },
	{ ZYDIS_MNEMONIC_CLWB, "m", X86_ANY(cache_line), X86_NONE, 0, X86_NEEDS(CLWB) },
	{ ZYDIS_MNEMONIC_RDRAND, "r", X86_ANY(random_number), X86_NONE, 0, X86_NEEDS(RDRAND) },
	{ ZYDIS_MNEMONIC_RDSEED, "r", X86_ANY(random_number), X86_NONE, 0, X86_NEEDS(RDSEED) },
};
/* clang-format on */

extern const struct x86_rows x86_rows_data;
const struct x86_rows x86_rows_data = { rows, X86_COUNT(rows) };
