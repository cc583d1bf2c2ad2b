/* SPDX-License-Identifier: Apache-2.0 */
/* "Shift and Rotate Instructions" (SDM 1, 5.1.5), RORX, SARX, SHLX, SHRX. */
#include "integer.h"

/* The destination is a register or memory; the count is an immediate or cl. */
enum form { RI, RC, MI, MC };

X86_INLINE bool in_memory(enum form form)
{
	return form == MI || form == MC;
}

X86_INLINE unsigned masked_count(const struct x86_cpu *cpu, const struct x86_op *op, unsigned size, enum form form)
{
	unsigned count = form == RI || form == MI ? (unsigned)op->imm : X86_SLOT8(cpu, X86_SLOT(X86_RCX));

	return count & (size == 3 ? 63 : 31);
}

/* ---- shifts ---- */

enum shift { SHL, SHR, SAR };

X86_INLINE uint64_t shifted(enum shift operation, uint64_t value, unsigned size, unsigned count)
{
	switch (operation) {
	case SHL:
		return value << count;
	case SHR:
		return value >> count;
	case SAR:
		break;
	}
	return (uint64_t)(x86_signed(value, size) >> count);
}

X86_INLINE bool shift(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, enum shift operation,
		      enum form form, bool quiet)
{
	unsigned count = masked_count(cpu, op, size, form);
	struct x86_change change;
	uint64_t value, result;

	if (in_memory(form)) {
		if (!x86_change_begin(cpu, op, slow, size, &change))
			return false;
		value = change.old;
		result = shifted(operation, value, size, count);
		x86_change_end(cpu, op, slow, size, &change, result);
		if (change.faulted)
			return false;
	} else {
		value = x86_get(cpu, op->dst, size);
		result = shifted(operation, value, size, count);
		x86_put(cpu, op->dst, size, result);
	}
	if (!quiet && sim_likely(count != 0))
		x86_set_cc(cpu, operation == SHL ? X86_CC(SHL, size) : X86_CC(SHR, size), result,
			   shifted(operation, value, size, count - 1));
	return true;
}

#define SHIFT(name, operation) \
	X86_EXECUTORS(name##_ri, shift, operation, RI, false) \
	X86_EXECUTORS(name##_rc, shift, operation, RC, false) \
	X86_EXECUTORS(name##_mi, shift, operation, MI, false) \
	X86_EXECUTORS(name##_mc, shift, operation, MC, false) \
	X86_EXECUTORS(name##_ri_quiet, shift, operation, RI, true) \
	X86_EXECUTORS(name##_rc_quiet, shift, operation, RC, true) \
	X86_EXECUTORS(name##_mi_quiet, shift, operation, MI, true) \
	X86_EXECUTORS(name##_mc_quiet, shift, operation, MC, true)

SHIFT(shl, SHL)
SHIFT(shr, SHR)
SHIFT(sar, SAR)

/* ---- rotates ---- */

enum rotate { ROL, ROR, RCL, RCR };

X86_INLINE uint64_t rotated_left(uint64_t value, unsigned size, unsigned count)
{
	unsigned bits = x86_bits(size);

	count &= bits - 1;
	return count ? x86_truncate(value << count | value >> (bits - count), size) : value;
}

/* Of a value and the carry above it. */
X86_INLINE uint64_t rotated_left_through(uint64_t value, unsigned size, unsigned count, bool *carry)
{
	for (; count; count--) {
		bool out = x86_sign(value, size);

		value = x86_truncate(value << 1 | *carry, size);
		*carry = out;
	}
	return value;
}

X86_INLINE uint64_t rotated_right_through(uint64_t value, unsigned size, unsigned count, bool *carry)
{
	for (; count; count--) {
		bool out = value & 1;

		value = value >> 1 | (uint64_t)*carry << (x86_bits(size) - 1);
		*carry = out;
	}
	return value;
}

/* CF as it goes in and comes out. */
X86_INLINE uint64_t rotated(enum rotate operation, uint64_t value, unsigned size, unsigned count, bool *carry)
{
	uint64_t result = 0;

	switch (operation) {
	case ROL:
		result = rotated_left(value, size, count);
		*carry = result & 1;
		break;
	case ROR:
		result = rotated_left(value, size, 0 - count);
		*carry = x86_sign(result, size);
		break;
	case RCL:
		result = rotated_left_through(value, size, count, carry);
		break;
	case RCR:
		result = rotated_right_through(value, size, count, carry);
		break;
	}
	return result;
}

X86_INLINE bool rotate_overflow(enum rotate operation, uint64_t result, unsigned size, bool carry)
{
	if (operation == ROL || operation == RCL)
		return x86_sign(result, size) != carry;
	return x86_sign(result ^ result << 1, size);
}

X86_INLINE bool rotate(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, enum rotate operation,
		       enum form form, bool quiet)
{
	unsigned count = masked_count(cpu, op, size, form);
	bool carry = false;
	struct x86_change change;
	uint64_t result;

	if ((operation == RCL || operation == RCR) && !x86_test_carry(cpu, slow, &carry))
		return false;
	if (in_memory(form)) {
		if (!x86_change_begin(cpu, op, slow, size, &change))
			return false;
		result = rotated(operation, change.old, size, count, &carry);
		x86_change_end(cpu, op, slow, size, &change, result);
		if (change.faulted)
			return false;
	} else {
		result = rotated(operation, x86_get(cpu, op->dst, size), size, count, &carry);
		x86_put(cpu, op->dst, size, result);
	}
	if (!quiet && sim_likely(count != 0))
		x86_change_flags(cpu, X86_FLAG_CF | X86_FLAG_OF,
				 (carry ? X86_FLAG_CF : 0) |
					 (rotate_overflow(operation, result, size, carry) ? X86_FLAG_OF : 0));
	return true;
}

#define ROTATE(name, operation) \
	X86_EXECUTORS(name##_ri, rotate, operation, RI, false) \
	X86_EXECUTORS(name##_rc, rotate, operation, RC, false) \
	X86_EXECUTORS(name##_mi, rotate, operation, MI, false) \
	X86_EXECUTORS(name##_mc, rotate, operation, MC, false) \
	X86_EXECUTORS(name##_ri_quiet, rotate, operation, RI, true) \
	X86_EXECUTORS(name##_rc_quiet, rotate, operation, RC, true) \
	X86_EXECUTORS(name##_mi_quiet, rotate, operation, MI, true) \
	X86_EXECUTORS(name##_mc_quiet, rotate, operation, MC, true)

ROTATE(rol, ROL)
ROTATE(ror, ROR)
ROTATE(rcl, RCL)
ROTATE(rcr, RCR)

/* ---- double shifts ---- */

/* Shifting 16-bit operands by more than 16 is undefined; what comes in then is the second operand once more. */
X86_INLINE uint64_t double_shifted(bool left, uint64_t value, uint64_t filling, unsigned size, unsigned count)
{
	unsigned bits = x86_bits(size);

	if (count == 0)
		return value;
	if (size == 1 && count > 16) {
		value = filling;
		count -= 16;
	}
	if (left)
		return x86_truncate(value << count | filling >> (bits - count), size);
	return x86_truncate(value >> count | filling << (bits - count), size);
}

X86_INLINE bool double_shift(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, bool left,
			     enum form form, bool quiet)
{
	unsigned count = masked_count(cpu, op, size, form);
	uint64_t filling = x86_get(cpu, op->src, size), value, result;
	struct x86_change change;

	if (in_memory(form)) {
		if (!x86_change_begin(cpu, op, slow, size, &change))
			return false;
		value = change.old;
		result = double_shifted(left, value, filling, size, count);
		x86_change_end(cpu, op, slow, size, &change, result);
		if (change.faulted)
			return false;
	} else {
		value = x86_get(cpu, op->dst, size);
		result = double_shifted(left, value, filling, size, count);
		x86_put(cpu, op->dst, size, result);
	}
	if (!quiet && sim_likely(count != 0))
		x86_set_cc(cpu, left ? X86_CC(SHL, size) : X86_CC(SHR, size), result,
			   double_shifted(left, value, filling, size, count - 1));
	return true;
}

#define DOUBLE_SHIFT(name, left) \
	X86_EXECUTORS_WIDE(name##_ri, double_shift, left, RI, false) \
	X86_EXECUTORS_WIDE(name##_rc, double_shift, left, RC, false) \
	X86_EXECUTORS_WIDE(name##_mi, double_shift, left, MI, false) \
	X86_EXECUTORS_WIDE(name##_mc, double_shift, left, MC, false) \
	X86_EXECUTORS_WIDE(name##_ri_quiet, double_shift, left, RI, true) \
	X86_EXECUTORS_WIDE(name##_rc_quiet, double_shift, left, RC, true) \
	X86_EXECUTORS_WIDE(name##_mi_quiet, double_shift, left, MI, true) \
	X86_EXECUTORS_WIDE(name##_mc_quiet, double_shift, left, MC, true)

DOUBLE_SHIFT(shld, true)
DOUBLE_SHIFT(shrd, false)

/* ---- without flags ---- */

/* The count is the operand behind the value, and so the second register where the value is in memory. */
X86_INLINE bool shift_x(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, enum shift operation,
			enum x86_form form)
{
	unsigned count = X86_SLOT8(cpu, form == X86_RM ? op->src : op->third) & (x86_bits(size) - 1);
	uint64_t value;

	if (!x86_source(cpu, op, slow, size, form, &value))
		return false;
	x86_put(cpu, op->dst, size, shifted(operation, value, size, count));
	return true;
}

#define SHIFT_X(name, operation) \
	X86_EXECUTOR(name##_rrr32, shift_x, 2, operation, X86_RR) \
	X86_EXECUTOR(name##_rrr64, shift_x, 3, operation, X86_RR) \
	X86_EXECUTOR(name##_rmr32, shift_x, 2, operation, X86_RM) \
	X86_EXECUTOR(name##_rmr64, shift_x, 3, operation, X86_RM)

SHIFT_X(shlx, SHL)
SHIFT_X(shrx, SHR)
SHIFT_X(sarx, SAR)

X86_INLINE bool rorx(struct x86_cpu *cpu, const struct x86_op *op, bool slow, unsigned size, enum x86_form form)
{
	uint64_t value;

	if (!x86_source(cpu, op, slow, size, form, &value))
		return false;
	x86_put(cpu, op->dst, size, rotated_left(value, size, 0 - (unsigned)op->imm));
	return true;
}

X86_EXECUTOR(rorx_rri32, rorx, 2, X86_RR)
X86_EXECUTOR(rorx_rri64, rorx, 3, X86_RR)
X86_EXECUTOR(rorx_rmi32, rorx, 2, X86_RM)
X86_EXECUTOR(rorx_rmi64, rorx, 3, X86_RM)

/* clang-format off */
#define SHIFT_ROWS(mnemonic, name) \
	{ ZYDIS_MNEMONIC_##mnemonic, "ri", X86_SIZES(name##_ri), X86_SIZES(name##_ri_quiet), X86_ROW_PLAIN, 0 }, \
	{ ZYDIS_MNEMONIC_##mnemonic, "rr", X86_SIZES(name##_rc), X86_SIZES(name##_rc_quiet), X86_ROW_PLAIN, 0 }, \
	{ ZYDIS_MNEMONIC_##mnemonic, "mi", X86_SIZES(name##_mi), X86_SIZES(name##_mi_quiet), 0, 0 }, \
	{ ZYDIS_MNEMONIC_##mnemonic, "mr", X86_SIZES(name##_mc), X86_SIZES(name##_mc_quiet), 0, 0 }

#define DOUBLE_SHIFT_ROWS(mnemonic, name) \
	{ ZYDIS_MNEMONIC_##mnemonic, "rri", X86_WIDE(name##_ri), X86_WIDE(name##_ri_quiet), X86_ROW_PLAIN, 0 }, \
	{ ZYDIS_MNEMONIC_##mnemonic, "rrr", X86_WIDE(name##_rc), X86_WIDE(name##_rc_quiet), X86_ROW_PLAIN, 0 }, \
	{ ZYDIS_MNEMONIC_##mnemonic, "mri", X86_WIDE(name##_mi), X86_WIDE(name##_mi_quiet), 0, 0 }, \
	{ ZYDIS_MNEMONIC_##mnemonic, "mrr", X86_WIDE(name##_mc), X86_WIDE(name##_mc_quiet), 0, 0 }

#define SHIFT_X_ROWS(mnemonic, name) \
	{ ZYDIS_MNEMONIC_##mnemonic, "rrr", X86_LARGE(name##_rrr), X86_NONE, X86_ROW_PLAIN, X86_NEEDS(BMI2) }, \
	{ ZYDIS_MNEMONIC_##mnemonic, "rmr", X86_LARGE(name##_rmr), X86_NONE, 0, X86_NEEDS(BMI2) }

static const struct x86_row rows[] = {
	SHIFT_ROWS(SHL, shl),
	SHIFT_ROWS(SHR, shr),
	SHIFT_ROWS(SAR, sar),
	SHIFT_ROWS(ROL, rol),
	SHIFT_ROWS(ROR, ror),
	SHIFT_ROWS(RCL, rcl),
	SHIFT_ROWS(RCR, rcr),
	DOUBLE_SHIFT_ROWS(SHLD, shld),
	DOUBLE_SHIFT_ROWS(SHRD, shrd),
	SHIFT_X_ROWS(SHLX, shlx),
	SHIFT_X_ROWS(SHRX, shrx),
	SHIFT_X_ROWS(SARX, sarx),
	{ ZYDIS_MNEMONIC_RORX, "rri", X86_LARGE(rorx_rri), X86_NONE, X86_ROW_PLAIN, X86_NEEDS(BMI2) },
	{ ZYDIS_MNEMONIC_RORX, "rmi", X86_LARGE(rorx_rmi), X86_NONE, 0, X86_NEEDS(BMI2) },
};
/* clang-format on */

extern const struct x86_rows x86_rows_shift;
const struct x86_rows x86_rows_shift = { rows, X86_COUNT(rows) };
