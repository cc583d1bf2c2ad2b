/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The x87 unit (SDM 1, chapter 8): its stack, its exceptions, and how an instruction is carried out on the host's.
 *
 * The host's unit works with the guest's control word, so that it finds the exceptions, in their order, and the results
 * that go with them, also where they are unmasked: it then has an exception pending, which is cleared before the next
 * waiting instruction would raise it. Between two executors the host's unit has an empty stack and the control word
 * X86_HOST_X87_CW.
 *
 * To clear its flags is slow. They stay, as long as they are masked and the guest's status word has them too: where
 * that changes x87_clear_host() is called. So what an operation finds may hold masked flags of earlier ones.
 *
 * What an instruction found is a status word of its own: X87_FLAGS, X87_SF and the condition codes. x87_settle() makes
 * it part of the guest's.
 */
#ifndef PLUGINS_SIM_X86_64_EXEC_X87_H
#define PLUGINS_SIM_X86_64_EXEC_X87_H

#include "../host-fpu.h"
#include "exec.h"

/* Status word. */
#define X87_IE 0x1u
#define X87_DE 0x2u
#define X87_ZE 0x4u
#define X87_OE 0x8u
#define X87_UE 0x10u
#define X87_PE 0x20u
#define X87_FLAGS 0x3fu
#define X87_SF 0x40u
#define X87_ES 0x80u
#define X87_C0 0x100u
#define X87_C1 0x200u
#define X87_C2 0x400u
#define X87_C3 0x4000u
#define X87_TOP 0x3800u
#define X87_TOP_SHIFT 11
#define X87_B 0x8000u
#define X87_UNORDERED (X87_C0 | X87_C2 | X87_C3)

/* With these unmasked the operands stay as they are: the result is not delivered. */
#define X87_BEFORE (X87_IE | X87_DE | X87_ZE)

#define X87_UNDERFLOW (X87_IE | X87_SF)
#define X87_OVERFLOW (X87_IE | X87_SF | X87_C1)

/* Control word. Bit 6 is always 1. */
#define X87_CW_INIT 0x37fu
#define X87_CW_VALID 0x1f3fu
#define X87_CW_FIXED 0x40u
#define X87_CW_RC 0xc00u

static const union x86_x87_reg x87_indefinite = { .significand = UINT64_C(3) << 62, .sign_exponent = 0xffff };

/* ---- the stack ---- */

static inline unsigned x87_top(const struct x86_x87 *x87)
{
	return x87->sw >> X87_TOP_SHIFT & 7;
}

static inline void x87_set_top(struct x86_x87 *x87, unsigned top)
{
	x87->sw = (uint16_t)((x87->sw & ~X87_TOP) | (top & 7) << X87_TOP_SHIFT);
}

static inline unsigned x87_physical(const struct x86_x87 *x87, unsigned st)
{
	return (x87_top(x87) + st) & 7;
}

static inline union x86_x87_reg *x87_st(struct x86_x87 *x87, unsigned st)
{
	return &x87->regs[x87_physical(x87, st)];
}

static inline bool x87_is_empty(const struct x86_x87 *x87, unsigned st)
{
	return x87->empty >> x87_physical(x87, st) & 1;
}

static inline void x87_free(struct x86_x87 *x87, unsigned st)
{
	x87->empty = (uint8_t)(x87->empty | 1u << x87_physical(x87, st));
}

/* By members: the host stores 8 and 2 bytes, which a load of all 16 would have to wait for. */
static inline void x87_put(struct x86_x87 *x87, unsigned st, const union x86_x87_reg *value)
{
	union x86_x87_reg *reg = x87_st(x87, st);

	reg->significand = value->significand;
	reg->sign_exponent = value->sign_exponent;
	x87->empty = (uint8_t)(x87->empty & ~(1u << x87_physical(x87, st)));
}

static inline void x87_push(struct x86_x87 *x87, const union x86_x87_reg *value)
{
	x87_set_top(x87, x87_top(x87) - 1);
	x87_put(x87, 0, value);
}

static inline void x87_pop(struct x86_x87 *x87)
{
	x87_free(x87, 0);
	x87_set_top(x87, x87_top(x87) + 1);
}

/* ---- exceptions ---- */

/* ES and B follow from the flags and their masks. */
static inline void x87_update_es(struct x86_x87 *x87)
{
	const unsigned unmasked = x87->sw & ~(unsigned)x87->cw & X87_FLAGS;

	x87->sw = (uint16_t)((x87->sw & ~(X87_ES | X87_B)) | (unmasked ? X87_ES | X87_B : 0));
}

static inline bool x87_is_unmasked(const struct x86_x87 *x87, unsigned sw, unsigned flags)
{
	return (sw & ~(unsigned)x87->cw & flags) != 0;
}

/* Takes over flags and C1, and of the other condition codes those in `codes`. Whether the result is delivered. */
static inline bool x87_settle(struct x86_x87 *x87, unsigned sw, unsigned codes)
{
	const unsigned taken = X87_C1 | codes;

	x87->sw = (uint16_t)((x87->sw & ~taken) | (sw & (X87_FLAGS | X87_SF | taken)));
	if (sim_likely(!x87_is_unmasked(x87, sw, X87_FLAGS)))
		return true;
	x87->sw = (uint16_t)(x87->sw | X87_ES | X87_B);
	return !x87_is_unmasked(x87, sw, X87_BEFORE);
}

/*
 * Whether an exception waits, which a waiting instruction raises. Without CR0.NE it would be reported by FERR# to a
 * chip set that has no such input here: the instruction goes on.
 */
static inline bool x87_pending(const struct x86_cpu *cpu)
{
	return sim_unlikely(cpu->x87.sw & X87_ES) && (cpu->cr0 & X86_CR0_NE);
}

/* ---- the last instruction ---- */

/* Bits 0 to 2 of the first opcode byte and the ModRM byte. No prefix looks like an x87 opcode. */
static inline uint16_t x87_fop(const struct x86_cpu *cpu, const struct x86_op *op)
{
	const uint8_t *code = cpu->cpu.block->source + op->at;

	while ((*code & 0xf8) != 0xd8)
		code++;
	return (uint16_t)((code[0] & 7) << 8 | code[1]);
}

/* Every instruction but the control instructions; one that accesses memory also records x87_record_data. */
static inline void x87_record(struct x86_cpu *cpu, const struct x86_op *op)
{
	cpu->x87.fop = x87_fop(cpu, op);
	cpu->x87.fip = cpu->cpu.pc + op->at - x86_segment_base(cpu, X86_CS);
	cpu->x87.fcs = cpu->segments[X86_CS].selector;
}

static inline void x87_record_data(struct x86_cpu *cpu, const struct x86_op *op)
{
	x87_record(cpu, op);
	cpu->x87.fdp = x86_offset(cpu, op);
	cpu->x87.fds = cpu->segments[x86_segment_of(op)].selector;
}

/* ---- executors ---- */

#define X87_INLINE static inline __attribute__((always_inline))

/* A waiting instruction. What it does is a function's, whose variables are gone before the next op is tail-called. */
#define X87_EXEC(name, expression) \
	EXEC(name) \
	{ \
		if (x87_pending(cpu)) \
			return x86_fault(cpu, op, X86_MF); \
		expression; \
		X86_NEXT(cpu, op); \
	}

/* The same of one whose function returns false when memory faulted. */
#define X87_EXEC_MEMORY(name, expression) \
	EXEC(name) \
	{ \
		if (x87_pending(cpu)) \
			return x86_fault(cpu, op, X86_MF); \
		if (!(expression)) \
			return NULL; \
		X86_NEXT(cpu, op); \
	}

/* ---- memory ---- */

X87_INLINE bool x87_read(struct x86_cpu *cpu, const struct x86_op *op, void *ret_data, unsigned size)
{
	uint64_t linear;

	return x86_linear(cpu, op, size, X86_READ, &linear) && x86_read_bytes(cpu, op, linear, ret_data, size);
}

X87_INLINE bool x87_write(struct x86_cpu *cpu, const struct x86_op *op, const void *data, unsigned size)
{
	uint64_t linear;

	return x86_linear(cpu, op, size, X86_WRITE, &linear) && x86_write_bytes(cpu, op, linear, data, size);
}

/* Whether it could be written. */
X87_INLINE bool x87_probe(struct x86_cpu *cpu, const struct x86_op *op, unsigned size)
{
	uint64_t linear;

	return x86_linear(cpu, op, size, X86_WRITE, &linear) && x86_probe_write(cpu, op, linear, size);
}

/* ---- the host's unit ---- */

#define X87_LIST(...) __VA_ARGS__
#define X87_CLOBBERS "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)", "st(7)"

static inline void x87_clear_host(void)
{
	__asm__ volatile("fnclex");
}

/*
 * Carries out `operate` on what `load` loaded and gives the status word; `store` takes the results and leaves the stack
 * empty. `outputs` and `inputs` are operands of the asm, in parentheses, each with a comma before it.
 */
#define X87_ON_HOST(control, ret_sw, load, operate, store, outputs, inputs) \
	do { \
		const uint16_t guest_ = (uint16_t)(control), host_ = X86_HOST_X87_CW; \
		if (sim_likely((guest_ & X87_FLAGS) == X87_FLAGS)) \
			X87_ASM(ret_sw, load, operate, "", store, outputs, inputs); \
		else \
			X87_ASM(ret_sw, load, operate, "fnclex\n\t", store, outputs, inputs); \
	} while (0)

#define X87_ASM(ret_sw, load, operate, clear, store, outputs, inputs) \
	__asm__ volatile(load "fldcw %[guest]\n\t" operate "fnstsw %[sw]\n\t" clear "fldcw %[host]\n\t" store \
			 : [sw] "=&a"(ret_sw)X87_LIST outputs \
			 : [guest] "m"(guest_), [host] "m"(host_)X87_LIST inputs \
			 : X87_CLOBBERS)

/* ---- MMX (SDM 1, chapter 9) ---- */

static inline uint64_t x87_mmx(const struct x86_cpu *cpu, unsigned number)
{
	return cpu->x87.regs[number].mmx;
}

/* What every MMX instruction but emms does to the x87 unit. */
static inline void x87_enter_mmx(struct x86_cpu *cpu)
{
	x87_set_top(&cpu->x87, 0);
	cpu->x87.empty = 0;
}

static inline void x87_put_mmx(struct x86_cpu *cpu, unsigned number, uint64_t value)
{
	x87_enter_mmx(cpu);
	cpu->x87.regs[number].mmx = value;
	cpu->x87.regs[number].sign_exponent = 0xffff;
}

#endif
