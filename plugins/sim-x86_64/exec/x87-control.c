/* SPDX-License-Identifier: Apache-2.0 */
/* x87 control instructions (SDM 1, 8.3.11): the control, status and tag words, the environment, the whole state. */
#include "x87.h"

/* ---- control and status word ---- */

static void initialize(struct x86_x87 *x87)
{
	x87->cw = X87_CW_INIT;
	x87->sw = 0;
	x87->empty = 0xff;
	x87->fop = 0;
	x87->fip = x87->fdp = 0;
	x87->fcs = x87->fds = 0;
	x87_clear_host();
}

EXEC(fninit)
{
	initialize(&cpu->x87);
	X86_NEXT(cpu, op);
}

EXEC(fnclex)
{
	cpu->x87.sw = (uint16_t)(cpu->x87.sw & ~(X87_FLAGS | X87_SF | X87_ES | X87_B));
	x87_clear_host();
	X86_NEXT(cpu, op);
}

static void set_control(struct x86_x87 *x87, unsigned cw)
{
	x87->cw = (uint16_t)((cw & X87_CW_VALID) | X87_CW_FIXED);
	x87_update_es(x87);
	x87_clear_host();
}

static bool load_control(struct x86_cpu *cpu, const struct x86_op *op)
{
	uint16_t cw;

	if (!x87_read(cpu, op, &cw, sizeof(cw)))
		return false;
	set_control(&cpu->x87, cw);
	return true;
}
X87_EXEC_MEMORY(fldcw, load_control(cpu, op))

EXEC(fnstcw)
{
	if (!x87_write(cpu, op, &cpu->x87.cw, sizeof(cpu->x87.cw)))
		return NULL;
	X86_NEXT(cpu, op);
}

EXEC(fnstsw_m)
{
	if (!x87_write(cpu, op, &cpu->x87.sw, sizeof(cpu->x87.sw)))
		return NULL;
	X86_NEXT(cpu, op);
}

EXEC(fnstsw_ax)
{
	X86_PUT16(cpu, op->dst, cpu->x87.sw);
	X86_NEXT(cpu, op);
}

/* Raises #NM where the others do not: TS alone is not enough for it. */
EXEC(fwait)
{
	if ((cpu->cr0 & (X86_CR0_MP | X86_CR0_TS)) == (X86_CR0_MP | X86_CR0_TS))
		return x86_fault(cpu, op, X86_NM);
	if (x87_pending(cpu))
		return x86_fault(cpu, op, X86_MF);
	X86_NEXT(cpu, op);
}

X87_EXEC(fnop, x87_record(cpu, op))

/* What has no effect since the 80387. */
EXEC(no_effect)
{
	(void)cpu;
	X86_NEXT(cpu, op);
}

/* ---- the stack ---- */

X87_INLINE void turn(struct x86_cpu *cpu, const struct x86_op *op, unsigned by)
{
	struct x86_x87 *x87 = &cpu->x87;

	x87_record(cpu, op);
	x87_set_top(x87, x87_top(x87) + by);
	x87_settle(x87, 0, 0);
}

X87_EXEC(fincstp, turn(cpu, op, 1))
X87_EXEC(fdecstp, turn(cpu, op, 7))

X87_INLINE void free_register(struct x86_cpu *cpu, const struct x86_op *op, bool pops)
{
	x87_record(cpu, op);
	x87_settle(&cpu->x87, 0, 0);
	x87_free(&cpu->x87, op->dst);
	if (pops)
		x87_pop(&cpu->x87);
}
X87_EXEC(ffree, free_register(cpu, op, false))
X87_EXEC(ffreep, free_register(cpu, op, true))

/* ---- the environment (SDM 1, 8.1.10) ---- */

enum { ENVIRONMENT_MAX = 28, REGISTERS_BYTES = 80, STATE_MAX = ENVIRONMENT_MAX + REGISTERS_BYTES };

static unsigned environment_size(const struct x86_op *op)
{
	return x86_operand_size(op) == 2 ? 14 : 28;
}

/* 0 valid, 1 zero, 2 special, 3 empty. */
static unsigned tag(const union x86_x87_reg *value)
{
	const unsigned exponent = value->sign_exponent & 0x7fff;

	if (exponent == 0 && value->significand == 0)
		return 1;
	return exponent == 0 || exponent == 0x7fff || !(value->significand >> 63) ? 2 : 0;
}

static unsigned tag_word(const struct x86_x87 *x87)
{
	unsigned word = 0;

	for (unsigned i = 0; i < 8; i++)
		word |= (x87->empty >> i & 1 ? 3 : tag(&x87->regs[i])) << 2 * i;
	return word;
}

static void set_tag_word(struct x86_x87 *x87, unsigned word)
{
	unsigned empty = 0;

	for (unsigned i = 0; i < 8; i++)
		empty |= (word >> 2 * i & 3) == 3 ? 1u << i : 0;
	x87->empty = (uint8_t)empty;
}

/* The seven fields. In real mode the pointers are linear addresses, the upper parts of which lie beside the opcode. */
static void get_fields(const struct x86_cpu *cpu, const struct x86_op *op, uint32_t fields[7])
{
	const struct x86_x87 *x87 = &cpu->x87;
	const bool wide = environment_size(op) == 28;

	fields[0] = x87->cw;
	fields[1] = x87->sw;
	fields[2] = tag_word(x87);
	if (x86_in_real(cpu)) {
		const uint32_t ip = (uint32_t)(x87->fip + x87->fcs * 16u), dp = (uint32_t)(x87->fdp + x87->fds * 16u);

		fields[3] = ip & 0xffff;
		fields[4] = ip >> 16 << 12 | x87->fop;
		fields[5] = dp & 0xffff;
		fields[6] = dp >> 16 << 12;
	} else {
		fields[3] = (uint32_t)x87->fip;
		fields[4] = x87->fcs | (uint32_t)x87->fop << 16;
		fields[5] = (uint32_t)x87->fdp;
		fields[6] = x87->fds | 0xffff0000;
	}
	for (unsigned i = 0; wide && i < 7; i++)
		if (i < 3 || (x86_in_real(cpu) && (i == 3 || i == 5)))
			fields[i] |= 0xffff0000;
}

static void set_fields(struct x86_cpu *cpu, const uint32_t fields[7])
{
	struct x86_x87 *x87 = &cpu->x87;

	x87->sw = (uint16_t)fields[1];
	set_tag_word(x87, fields[2]);
	if (x86_in_real(cpu)) {
		x87->fip = (fields[3] & 0xffff) | (fields[4] & 0xffff000) << 4;
		x87->fdp = (fields[5] & 0xffff) | (fields[6] & 0xffff000) << 4;
		x87->fop = fields[4] & 0x7ff;
		x87->fcs = x87->fds = 0;
	} else {
		x87->fip = fields[3];
		x87->fdp = fields[5];
		x87->fcs = (uint16_t)fields[4];
		x87->fop = fields[4] >> 16 & 0x7ff;
		x87->fds = (uint16_t)fields[6];
	}
	set_control(x87, fields[0]);
}

static void put_environment(const struct x86_cpu *cpu, const struct x86_op *op, uint8_t *ret_bytes)
{
	const unsigned size = environment_size(op) / 7;
	uint32_t fields[7];

	get_fields(cpu, op, fields);
	for (unsigned i = 0; i < 7; i++)
		__builtin_memcpy(ret_bytes + i * size, &fields[i], size);
}

static void take_environment(struct x86_cpu *cpu, const struct x86_op *op, const uint8_t *bytes)
{
	const unsigned size = environment_size(op) / 7;
	uint32_t fields[7] = { 0 };

	for (unsigned i = 0; i < 7; i++)
		__builtin_memcpy(&fields[i], bytes + i * size, size);
	set_fields(cpu, fields);
}

static bool store_environment(struct x86_cpu *cpu, const struct x86_op *op)
{
	uint8_t bytes[ENVIRONMENT_MAX];

	put_environment(cpu, op, bytes);
	if (!x87_write(cpu, op, bytes, environment_size(op)))
		return false;
	set_control(&cpu->x87, cpu->x87.cw | X87_FLAGS);
	return true;
}

static bool load_environment(struct x86_cpu *cpu, const struct x86_op *op)
{
	uint8_t bytes[ENVIRONMENT_MAX];

	if (!x87_read(cpu, op, bytes, environment_size(op)))
		return false;
	take_environment(cpu, op, bytes);
	return true;
}

static bool save(struct x86_cpu *cpu, const struct x86_op *op)
{
	const unsigned size = environment_size(op);
	uint8_t bytes[STATE_MAX];

	put_environment(cpu, op, bytes);
	for (unsigned i = 0; i < 8; i++)
		__builtin_memcpy(bytes + size + 10 * i, x87_st(&cpu->x87, i)->bytes, 10);
	if (!x87_write(cpu, op, bytes, size + REGISTERS_BYTES))
		return false;
	initialize(&cpu->x87);
	return true;
}

static bool restore(struct x86_cpu *cpu, const struct x86_op *op)
{
	const unsigned size = environment_size(op);
	uint8_t bytes[STATE_MAX];

	if (!x87_read(cpu, op, bytes, size + REGISTERS_BYTES))
		return false;
	take_environment(cpu, op, bytes);
	for (unsigned i = 0; i < 8; i++)
		__builtin_memcpy(x87_st(&cpu->x87, i)->bytes, bytes + size + 10 * i, 10);
	return true;
}

EXEC(fnstenv)
{
	if (!store_environment(cpu, op))
		return NULL;
	X86_NEXT(cpu, op);
}

EXEC(fnsave)
{
	if (!save(cpu, op))
		return NULL;
	X86_NEXT(cpu, op);
}

X87_EXEC_MEMORY(fldenv, load_environment(cpu, op))
X87_EXEC_MEMORY(frstor, restore(cpu, op))

static const struct x86_row rows[] = {
	{ ZYDIS_MNEMONIC_FNINIT, NULL, .fn = X86_ANY(fninit) },
	{ ZYDIS_MNEMONIC_FNCLEX, NULL, .fn = X86_ANY(fnclex) },
	{ ZYDIS_MNEMONIC_FLDCW, "m", .fn = X86_ANY(fldcw) },
	{ ZYDIS_MNEMONIC_FNSTCW, "m", .fn = X86_ANY(fnstcw) },
	{ ZYDIS_MNEMONIC_FNSTSW, "m", .fn = X86_ANY(fnstsw_m) },
	{ ZYDIS_MNEMONIC_FNSTSW, "r", .fn = X86_ANY(fnstsw_ax) },
	{ ZYDIS_MNEMONIC_FWAIT, NULL, .fn = X86_ANY(fwait) },
	{ ZYDIS_MNEMONIC_FNOP, NULL, .fn = X86_ANY(fnop) },
	{ ZYDIS_MNEMONIC_FENI8087_NOP, NULL, .fn = X86_ANY(no_effect) },
	{ ZYDIS_MNEMONIC_FDISI8087_NOP, NULL, .fn = X86_ANY(no_effect) },
	{ ZYDIS_MNEMONIC_FSETPM287_NOP, NULL, .fn = X86_ANY(no_effect) },
	{ ZYDIS_MNEMONIC_FINCSTP, NULL, .fn = X86_ANY(fincstp) },
	{ ZYDIS_MNEMONIC_FDECSTP, NULL, .fn = X86_ANY(fdecstp) },
	{ ZYDIS_MNEMONIC_FFREE, "t", .fn = X86_ANY(ffree) },
	{ ZYDIS_MNEMONIC_FFREEP, "t", .fn = X86_ANY(ffreep) },
	{ ZYDIS_MNEMONIC_FNSTENV, "m", .fn = X86_ANY(fnstenv) },
	{ ZYDIS_MNEMONIC_FLDENV, "m", .fn = X86_ANY(fldenv) },
	{ ZYDIS_MNEMONIC_FNSAVE, "m", .fn = X86_ANY(fnsave) },
	{ ZYDIS_MNEMONIC_FRSTOR, "m", .fn = X86_ANY(frstor) },
};

extern const struct x86_rows x86_rows_x87_control;
const struct x86_rows x86_rows_x87_control = { rows, X86_COUNT(rows) };
