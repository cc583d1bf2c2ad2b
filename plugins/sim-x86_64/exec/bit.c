/* SPDX-License-Identifier: Apache-2.0 */
/* "Bit and Byte Instructions" (SDM 1, 5.1.6) without TEST, BMI1 and BMI2 without what moves, shifts or multiplies. */
#include "integer.h"

/* ---- bt, bts, btr, btc ---- */

enum bit_test { BT, BTS, BTR, BTC };

X86_INLINE uint64_t bit_changed(enum bit_test operation, uint64_t value, uint64_t bit)
{
	switch (operation) {
	case BT:
		break;
	case BTS:
		return value | bit;
	case BTR:
		return value & ~bit;
	case BTC:
		return value ^ bit;
	}
	return value;
}

/* ZF stays as it is; the others are undefined and do so too. */
static void bit_flags(struct x86_cpu *cpu, bool carry)
{
	x86_change_flags(cpu, X86_FLAG_CF, carry);
}

X86_INLINE bool bit_test_r(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size,
			   enum bit_test operation, enum x86_form form, bool quiet)
{
	uint64_t position = form == X86_RI ? (uint64_t)op->imm : x86_get(cpu, op->src, size);
	uint64_t bit = UINT64_C(1) << (position & (x86_bits(size) - 1)), value = x86_get(cpu, op->dst, size);

	(void)slow;
	if (operation != BT)
		x86_put(cpu, op->dst, size, bit_changed(operation, value, bit));
	if (!quiet)
		bit_flags(cpu, value & bit);
	return true;
}

/* Where the part of a bit string lies that a register selects. */
static bool bit_string(struct x86_cpu *cpu, const struct x86_op *op, unsigned size, unsigned access,
		       uint64_t *ret_linear)
{
	int64_t part = x86_signed(X86_SLOT64(cpu, op->src), size) >> (3 + size);
	uint64_t offset = x86_truncate_offset(op, x86_offset(cpu, op) + ((uint64_t)part << size));

	return x86_linear_of(cpu, op, x86_segment_of(op), offset, 1u << size, access, ret_linear);
}

static bool bit_test_m(struct x86_cpu *cpu, const struct x86_op *op, unsigned size, enum bit_test operation,
		       bool string)
{
	uint64_t position = string ? x86_get(cpu, op->src, size) : (uint64_t)op->imm;
	uint64_t bit = UINT64_C(1) << (position & (x86_bits(size) - 1)), linear, value;
	unsigned access = operation == BT ? X86_READ : X86_READ_WRITE;
	struct x86_change change;

	if (!(string ? bit_string(cpu, op, size, access, &linear) : x86_linear(cpu, op, 1u << size, access, &linear)))
		return false;
	if (operation == BT) {
		if (!x86_load_at(cpu, op, linear, size, &value))
			return false;
		bit_flags(cpu, value & bit);
		return true;
	}
	if (!x86_change_begin_at(cpu, op, linear, size, op->flags & X86_OP_LOCK, &change))
		return false;
	do
		value = bit_changed(operation, change.old, bit);
	while (!x86_change_end_slow(cpu, op, size, &change, value));
	if (change.faulted)
		return false;
	bit_flags(cpu, change.old & bit);
	return true;
}

#define BIT_TEST_M(name, size, operation, string) \
	EXEC(name) \
	{ \
		if (!bit_test_m(cpu, op, size, operation, string)) \
			return NULL; \
		X86_NEXT(cpu, op); \
	}

#define BIT_TEST(name, operation) \
	X86_EXECUTORS_WIDE(name##_rr, bit_test_r, operation, X86_RR, false) \
	X86_EXECUTORS_WIDE(name##_ri, bit_test_r, operation, X86_RI, false) \
	X86_EXECUTORS_WIDE(name##_rr_quiet, bit_test_r, operation, X86_RR, true) \
	X86_EXECUTORS_WIDE(name##_ri_quiet, bit_test_r, operation, X86_RI, true) \
	BIT_TEST_M(name##_mr16, 1, operation, true) \
	BIT_TEST_M(name##_mr32, 2, operation, true) \
	BIT_TEST_M(name##_mr64, 3, operation, true) \
	BIT_TEST_M(name##_mi16, 1, operation, false) \
	BIT_TEST_M(name##_mi32, 2, operation, false) \
	BIT_TEST_M(name##_mi64, 3, operation, false)

BIT_TEST(bt, BT)
BIT_TEST(bts, BTS)
BIT_TEST(btr, BTR)
BIT_TEST(btc, BTC)

/* ---- one source ---- */

enum scan { BSF, BSR, TZCNT, LZCNT, POPCNT, BLSR, BLSI, BLSMSK };

X86_INLINE uint64_t trailing_zeros(uint64_t value, unsigned size)
{
	return value ? (uint64_t)__builtin_ctzll(value) : x86_bits(size);
}

X86_INLINE uint64_t leading_zeros(uint64_t value, unsigned size)
{
	return value ? (uint64_t)__builtin_clzll(value) - (64 - x86_bits(size)) : x86_bits(size);
}

X86_INLINE uint64_t scanned(enum scan operation, uint64_t value, unsigned size)
{
	switch (operation) {
	case BSF:
	case TZCNT:
		return trailing_zeros(value, size);
	case BSR:
		return x86_bits(size) - 1 - leading_zeros(value, size);
	case LZCNT:
		return leading_zeros(value, size);
	case POPCNT:
		return (uint64_t)__builtin_popcountll(value);
	case BLSR:
		return value & (value - 1);
	case BLSI:
		return value & (0 - value);
	case BLSMSK:
		break;
	}
	return x86_truncate(value ^ (value - 1), size);
}

/* Undefined flags are 0, and after bsf and bsr PF is the result's. */
X86_INLINE uint32_t scan_flags(enum scan operation, uint64_t value, uint64_t result, unsigned size)
{
	switch (operation) {
	case BSF:
	case BSR:
		return value ? x86_result_flags(result, 0) & X86_FLAG_PF : X86_FLAG_ZF | X86_FLAG_PF;
	case TZCNT:
	case LZCNT:
		return (value ? 0 : X86_FLAG_CF) | (result ? 0 : X86_FLAG_ZF);
	case POPCNT:
		return value ? 0 : X86_FLAG_ZF;
	case BLSR:
	case BLSMSK:
		return x86_result_flags(result, size) | (value ? 0 : X86_FLAG_CF);
	case BLSI:
		break;
	}
	return x86_result_flags(result, size) | (value ? X86_FLAG_CF : 0);
}

/* bsf and bsr of 0 leave the destination, all of it. */
X86_INLINE bool scan(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, enum scan operation,
		     enum x86_form form, bool quiet)
{
	uint64_t value, result;

	if (!x86_source(cpu, op, slow, size, form, &value))
		return false;
	result = scanned(operation, value, size);
	if (value || !(operation == BSF || operation == BSR))
		x86_put(cpu, op->dst, size, result);
	if (!quiet)
		x86_set_arithmetic_flags(cpu, scan_flags(operation, value, result, size));
	return true;
}

#define SCAN(name, operation) \
	X86_EXECUTORS_WIDE(name##_rr, scan, operation, X86_RR, false) \
	X86_EXECUTORS_WIDE(name##_rm, scan, operation, X86_RM, false) \
	X86_EXECUTORS_WIDE(name##_rr_quiet, scan, operation, X86_RR, true) \
	X86_EXECUTORS_WIDE(name##_rm_quiet, scan, operation, X86_RM, true)
#define SCAN_LARGE(name, operation) \
	X86_EXECUTOR(name##_rr32, scan, 2, operation, X86_RR, false) \
	X86_EXECUTOR(name##_rr64, scan, 3, operation, X86_RR, false) \
	X86_EXECUTOR(name##_rm32, scan, 2, operation, X86_RM, false) \
	X86_EXECUTOR(name##_rm64, scan, 3, operation, X86_RM, false)

SCAN(bsf, BSF)
SCAN(bsr, BSR)
SCAN(tzcnt, TZCNT)
SCAN(lzcnt, LZCNT)
SCAN(popcnt, POPCNT)
SCAN_LARGE(blsr, BLSR)
SCAN_LARGE(blsi, BLSI)
SCAN_LARGE(blsmsk, BLSMSK)

/* ---- bit fields ---- */

/* The control is the operand behind the value, and so the second register where the value is in memory. */
X86_INLINE bool bextr(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, enum x86_form form)
{
	uint64_t control = x86_get(cpu, form == X86_RM ? op->src : op->third, size), value, result;
	unsigned start = control & 0xff, length = control >> 8 & 0xff;

	if (!x86_source(cpu, op, slow, size, form, &value))
		return false;
	result = start < 64 ? value >> start : 0;
	if (length < 64)
		result &= (UINT64_C(1) << length) - 1;
	x86_put(cpu, op->dst, size, result);
	x86_set_cc(cpu, X86_CC(LOGIC, size), result, 0);
	return true;
}

X86_INLINE bool bzhi(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, enum x86_form form)
{
	unsigned index = X86_SLOT8(cpu, form == X86_RM ? op->src : op->third);
	bool all = index >= x86_bits(size);
	uint64_t value, result;

	if (!x86_source(cpu, op, slow, size, form, &value))
		return false;
	result = all ? value : value & ((UINT64_C(1) << index) - 1);
	x86_put(cpu, op->dst, size, result);
	x86_set_arithmetic_flags(cpu, x86_result_flags(result, size) | (all ? X86_FLAG_CF : 0));
	return true;
}

static uint64_t deposit(uint64_t value, uint64_t mask)
{
	uint64_t result = 0;

	for (; mask; mask &= mask - 1, value >>= 1) {
		if (value & 1)
			result |= mask & (0 - mask);
	}
	return result;
}

static uint64_t extract(uint64_t value, uint64_t mask)
{
	uint64_t result = 0;

	for (unsigned i = 0; mask; mask &= mask - 1, i++) {
		if (value & mask & (0 - mask))
			result |= UINT64_C(1) << i;
	}
	return result;
}

X86_INLINE bool bit_gather(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, bool depositing,
			   bool memory)
{
	uint64_t value = x86_get(cpu, op->src, size), mask;

	if (!memory)
		mask = x86_get(cpu, op->third, size);
	else if (!x86_load(cpu, op, slow, size, &mask))
		return false;
	x86_put(cpu, op->dst, size, depositing ? deposit(value, mask) : extract(value, mask));
	return true;
}

#define BIT_FIELD(name, body) \
	X86_EXECUTOR(name##_rrr32, body, 2, X86_RR) \
	X86_EXECUTOR(name##_rrr64, body, 3, X86_RR) \
	X86_EXECUTOR(name##_rmr32, body, 2, X86_RM) \
	X86_EXECUTOR(name##_rmr64, body, 3, X86_RM)
#define BIT_GATHER(name, depositing) \
	X86_EXECUTOR(name##_rrr32, bit_gather, 2, depositing, false) \
	X86_EXECUTOR(name##_rrr64, bit_gather, 3, depositing, false) \
	X86_EXECUTOR(name##_rrm32, bit_gather, 2, depositing, true) \
	X86_EXECUTOR(name##_rrm64, bit_gather, 3, depositing, true)

BIT_FIELD(bextr, bextr)
BIT_FIELD(bzhi, bzhi)
BIT_GATHER(pdep, true)
BIT_GATHER(pext, false)

/* ---- crc32 ---- */

/* The polynomial 11edc6f41, reflected: by four bits at a time. */
static const uint32_t crc_steps[16] = {
	0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
	0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

static uint32_t crc32_of(uint32_t crc, uint64_t value, unsigned size)
{
	for (unsigned i = 0; i < 1u << size; i++, value >>= 8) {
		crc ^= (uint8_t)value;
		crc = crc >> 4 ^ crc_steps[crc & 0xf];
		crc = crc >> 4 ^ crc_steps[crc & 0xf];
	}
	return crc;
}

/* With opcode f0 the source is a byte, whatever the operand size. */
static const struct x86_op *crc32(struct x86_cpu *cpu, const struct x86_op *op, bool memory)
{
	unsigned size = op->opcode == 0xf0 ? 0 : op->width & 3;
	uint64_t value;

	if (!memory)
		value = x86_get(cpu, op->src, size);
	else if (!x86_load_slow(cpu, op, size, &value))
		return NULL;
	X86_PUT32(cpu, op->dst, crc32_of(X86_SLOT32(cpu, op->dst), value, size));
	return op + 1;
}

EXEC(crc32_rr)
{
	return crc32(cpu, op, false);
}

EXEC(crc32_rm)
{
	return crc32(cpu, op, true);
}

/* ---- setcc ---- */

X86_INLINE bool setcc_r(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned condition)
{
	bool holds;

	if (!x86_test_condition(cpu, slow, condition, &holds))
		return false;
	X86_PUT8(cpu, op->dst, holds);
	return true;
}

X86_INLINE bool setcc_m(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned condition)
{
	bool holds;

	return x86_test_condition(cpu, slow, condition, &holds) && x86_store(cpu, op, slow, 0, holds);
}

#define SETCC(name, mnemonic, condition) \
	X86_EXECUTOR(set##name##_r, setcc_r, condition) \
	X86_EXECUTOR(set##name##_m, setcc_m, condition)
X86_CONDITIONS(SETCC)

/* clang-format off */
#define BIT_TEST_ROWS(mnemonic, name) \
	{ ZYDIS_MNEMONIC_##mnemonic, "rr", X86_WIDE(name##_rr), X86_WIDE(name##_rr_quiet), X86_ROW_PLAIN, 0 }, \
	{ ZYDIS_MNEMONIC_##mnemonic, "ri", X86_WIDE(name##_ri), X86_WIDE(name##_ri_quiet), X86_ROW_PLAIN, 0 }, \
	{ ZYDIS_MNEMONIC_##mnemonic, "mr", X86_WIDE(name##_mr), X86_NONE, 0, 0 }, \
	{ ZYDIS_MNEMONIC_##mnemonic, "mi", X86_WIDE(name##_mi), X86_NONE, 0, 0 }
#define SCAN_ROWS(mnemonic, name, needs) \
	{ ZYDIS_MNEMONIC_##mnemonic, "rr", X86_WIDE(name##_rr), X86_WIDE(name##_rr_quiet), X86_ROW_PLAIN, needs }, \
	{ ZYDIS_MNEMONIC_##mnemonic, "rm", X86_WIDE(name##_rm), X86_WIDE(name##_rm_quiet), 0, needs }
#define LARGE_ROWS(mnemonic, name, register_kinds, memory_kinds, needs) \
	{ ZYDIS_MNEMONIC_##mnemonic, #register_kinds, X86_LARGE(name##_##register_kinds), X86_NONE, X86_ROW_PLAIN, needs }, \
	{ ZYDIS_MNEMONIC_##mnemonic, #memory_kinds, X86_LARGE(name##_##memory_kinds), X86_NONE, 0, needs }
#define SETCC_ROWS(name, mnemonic, condition) \
	{ ZYDIS_MNEMONIC_SET##mnemonic, "r", X86_ANY(set##name##_r), X86_NONE, X86_ROW_PLAIN, 0 }, \
	{ ZYDIS_MNEMONIC_SET##mnemonic, "m", X86_ANY(set##name##_m), X86_NONE, 0, 0 },

static const struct x86_row rows[] = {
	BIT_TEST_ROWS(BT, bt),
	BIT_TEST_ROWS(BTS, bts),
	BIT_TEST_ROWS(BTR, btr),
	BIT_TEST_ROWS(BTC, btc),
	SCAN_ROWS(BSF, bsf, 0),
	SCAN_ROWS(BSR, bsr, 0),
	SCAN_ROWS(TZCNT, tzcnt, X86_NEEDS(BMI1)),
	SCAN_ROWS(LZCNT, lzcnt, X86_NEEDS(LZCNT)),
	SCAN_ROWS(POPCNT, popcnt, X86_NEEDS(POPCNT)),
	LARGE_ROWS(BLSR, blsr, rr, rm, X86_NEEDS(BMI1)),
	LARGE_ROWS(BLSI, blsi, rr, rm, X86_NEEDS(BMI1)),
	LARGE_ROWS(BLSMSK, blsmsk, rr, rm, X86_NEEDS(BMI1)),
	LARGE_ROWS(BEXTR, bextr, rrr, rmr, X86_NEEDS(BMI1)),
	LARGE_ROWS(BZHI, bzhi, rrr, rmr, X86_NEEDS(BMI2)),
	LARGE_ROWS(PDEP, pdep, rrr, rrm, X86_NEEDS(BMI2)),
	LARGE_ROWS(PEXT, pext, rrr, rrm, X86_NEEDS(BMI2)),
	{ ZYDIS_MNEMONIC_CRC32, "rr", X86_ANY(crc32_rr), X86_NONE, X86_ROW_PLAIN, X86_NEEDS(SSE42) },
	{ ZYDIS_MNEMONIC_CRC32, "rm", X86_ANY(crc32_rm), X86_NONE, 0, X86_NEEDS(SSE42) },
	X86_CONDITIONS(SETCC_ROWS)
};
/* clang-format on */

extern const struct x86_rows x86_rows_bit;
const struct x86_rows x86_rows_bit = { rows, X86_COUNT(rows) };
