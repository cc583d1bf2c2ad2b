/* SPDX-License-Identifier: Apache-2.0 */
/* x87 data transfer instructions and constants (SDM 1, 8.3.3 and 8.3.4). */
#include "x87.h"

/* ---- loads ---- */

/* Pushes what was loaded, a denormal also where that is unmasked; `sw` is what was found on the way. */
X87_INLINE void load(struct x86_x87 *x87, const union x86_x87_reg *value, unsigned sw)
{
	if (sim_unlikely(!x87_is_empty(x87, 7)) && !(sw & X87_SF)) {
		sw = X87_OVERFLOW;
		value = &x87_indefinite;
	}
	x87_settle(x87, sw, 0);
	if (!x87_is_unmasked(x87, sw, X87_IE))
		x87_push(x87, value);
}

/* Makes a value of the parts of a smaller format; the fraction is at the left, with bit 63 for the integer bit free. */
static unsigned widen(unsigned sign, unsigned exponent, uint64_t fraction, unsigned exponent_max,
		      union x86_x87_reg *ret_value)
{
	const unsigned rebias = 16383 - exponent_max / 2;
	const uint64_t integer_bit = UINT64_C(1) << 63, quiet_bit = UINT64_C(1) << 62;
	unsigned sw = 0;

	if (exponent == exponent_max) {
		sw = fraction && !(fraction & quiet_bit) ? X87_IE : 0;
		exponent = 0x7fff;
		fraction |= integer_bit | (fraction ? quiet_bit : 0);
	} else if (exponent) {
		exponent += rebias;
		fraction |= integer_bit;
	} else if (fraction) {
		const unsigned shift = (unsigned)__builtin_clzll(fraction);

		sw = X87_DE;
		exponent = rebias + 1 - shift;
		fraction <<= shift;
	}
	ret_value->significand = fraction;
	ret_value->sign_exponent = (uint16_t)(sign << 15 | exponent);
	return sw;
}

static unsigned from_single(uint32_t bits, union x86_x87_reg *ret_value)
{
	return widen(bits >> 31, bits >> 23 & 0xff, (uint64_t)(bits & 0x7fffff) << 40, 0xff, ret_value);
}

static unsigned from_double(uint64_t bits, union x86_x87_reg *ret_value)
{
	return widen((unsigned)(bits >> 63), bits >> 52 & 0x7ff, bits << 12 >> 1, 0x7ff, ret_value);
}

static void from_integer(int64_t integer, union x86_x87_reg *ret_value)
{
	const uint64_t magnitude = integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer;
	unsigned shift;

	ret_value->significand = 0;
	ret_value->sign_exponent = 0;
	if (!magnitude)
		return;
	shift = (unsigned)__builtin_clzll(magnitude);
	ret_value->significand = magnitude << shift;
	ret_value->sign_exponent = (uint16_t)((integer < 0 ? 0x8000u : 0) | (16383 + 63 - shift));
}

static bool read_real(struct x86_cpu *cpu, const struct x86_op *op, union x86_x87_reg *ret_value, unsigned *ret_sw)
{
	uint64_t bits64;
	uint32_t bits32;

	*ret_sw = 0;
	switch (op->opcode) {
	case 0xd9:
		if (!x87_read(cpu, op, &bits32, sizeof(bits32)))
			return false;
		*ret_sw = from_single(bits32, ret_value);
		return true;
	case 0xdd:
		if (!x87_read(cpu, op, &bits64, sizeof(bits64)))
			return false;
		*ret_sw = from_double(bits64, ret_value);
		return true;
	}
	return x87_read(cpu, op, ret_value, 10);
}

X87_INLINE bool load_real(struct x86_cpu *cpu, const struct x86_op *op)
{
	union x86_x87_reg value;
	unsigned sw;

	if (!read_real(cpu, op, &value, &sw))
		return false;
	x87_record_data(cpu, op);
	load(&cpu->x87, &value, sw);
	return true;
}
X87_EXEC_MEMORY(fld_m, load_real(cpu, op))

X87_INLINE void load_register(struct x86_cpu *cpu, const struct x86_op *op)
{
	struct x86_x87 *x87 = &cpu->x87;

	x87_record(cpu, op);
	if (sim_unlikely(x87_is_empty(x87, op->dst)))
		load(x87, &x87_indefinite, X87_UNDERFLOW);
	else
		load(x87, x87_st(x87, op->dst), 0);
}
X87_EXEC(fld_st, load_register(cpu, op))

static bool read_integer(struct x86_cpu *cpu, const struct x86_op *op, int64_t *ret_integer)
{
	int32_t bits32;
	int16_t bits16;

	/* df is both the opcode of 16 bits, /0, and that of 64 bits, /5. */
	if (op->opcode == 0xdb) {
		if (!x87_read(cpu, op, &bits32, sizeof(bits32)))
			return false;
		*ret_integer = bits32;
		return true;
	}
	if (x87_fop(cpu, op) & 0x20)
		return x87_read(cpu, op, ret_integer, sizeof(*ret_integer));
	if (!x87_read(cpu, op, &bits16, sizeof(bits16)))
		return false;
	*ret_integer = bits16;
	return true;
}

X87_INLINE bool load_integer(struct x86_cpu *cpu, const struct x86_op *op)
{
	union x86_x87_reg value;
	int64_t integer;

	if (!read_integer(cpu, op, &integer))
		return false;
	x87_record_data(cpu, op);
	from_integer(integer, &value);
	load(&cpu->x87, &value, 0);
	return true;
}
X87_EXEC_MEMORY(fild, load_integer(cpu, op))

X87_INLINE bool load_packed(struct x86_cpu *cpu, const struct x86_op *op)
{
	union x86_x87_reg packed, value;
	uint16_t sw;

	if (!x87_read(cpu, op, &packed, 10))
		return false;
	x87_record_data(cpu, op);
	X87_ON_HOST(cpu->x87.cw, sw, "", "fbld %[packed]\n\t", "fstpt %[value]\n\t", (, [value] "=m"(value)),
		    (, [packed] "m"(packed)));
	load(&cpu->x87, &value, sw);
	return true;
}
X87_EXEC_MEMORY(fbld, load_packed(cpu, op))

/* The control word rounds them. */
#define CONSTANT(name) \
	X87_INLINE void load_##name(struct x86_cpu *cpu, const struct x86_op *op) \
	{ \
		union x86_x87_reg value; \
		uint16_t sw; \
\
		x87_record(cpu, op); \
		X87_ON_HOST(cpu->x87.cw, sw, "", #name "\n\t", "fstpt %[value]\n\t", (, [value] "=m"(value)), ()); \
		load(&cpu->x87, &value, sw); \
	} \
	X87_EXEC(name, load_##name(cpu, op))
CONSTANT(fld1)
CONSTANT(fldl2t)
CONSTANT(fldl2e)
CONSTANT(fldpi)
CONSTANT(fldlg2)
CONSTANT(fldln2)
CONSTANT(fldz)

/* ---- stores ---- */

/* Converts a value to what is stored in memory; gives the status word. */
typedef unsigned (*convert_fn)(unsigned cw, const union x86_x87_reg *value, void *ret_data);

#define CONVERT(name, type, instruction) \
	static unsigned name(unsigned cw, const union x86_x87_reg *value, void *ret_data) \
	{ \
		type *data = ret_data; \
		uint16_t sw; \
\
		X87_ON_HOST(cw, sw, "fldt %[value]\n\t", instruction " %[data]\n\t", "emms\n\t", \
			    (, [data] "=m"(*data)), (, [value] "m"(*value))); \
		return sw; \
	}
CONVERT(to_single, uint32_t, "fsts")
CONVERT(to_double, uint64_t, "fstl")
CONVERT(to_int16, int16_t, "fists")
CONVERT(to_int32, int32_t, "fistl")
CONVERT(to_int64, int64_t, "fistpll")
CONVERT(to_packed, union x86_x87_reg, "fbstp")

static unsigned to_extended(unsigned cw, const union x86_x87_reg *value, void *ret_data)
{
	(void)cw;
	__builtin_memcpy(ret_data, value->bytes, 10);
	return 0;
}

/* How a value is stored, and what is stored when the register is empty. */
struct store {
	convert_fn convert;
	unsigned size;
	uint8_t indefinite[10];
};

static const struct store store_single = { to_single, 4, { 0, 0, 0xc0, 0xff } };
static const struct store store_double = { to_double, 8, { 0, 0, 0, 0, 0, 0, 0xf8, 0xff } };
static const struct store store_extended = { to_extended, 10, { 0, 0, 0, 0, 0, 0, 0, 0xc0, 0xff, 0xff } };
static const struct store store_int16 = { to_int16, 2, { 0, 0x80 } };
static const struct store store_int32 = { to_int32, 4, { 0, 0, 0, 0x80 } };
static const struct store store_int64 = { to_int64, 8, { 0, 0, 0, 0, 0, 0, 0, 0x80 } };
static const struct store store_packed = { to_packed, 10, { 0, 0, 0, 0, 0, 0, 0, 0xc0, 0xff, 0xff } };

/* Memory that cannot be written faults before the unit finds anything, also where nothing will be stored. */
static bool store(struct x86_cpu *cpu, const struct x86_op *op, const struct store *how, unsigned cw, bool pops)
{
	struct x86_x87 *x87 = &cpu->x87;
	uint8_t data[16];
	unsigned sw;
	bool stored;

	if (sim_unlikely(x87_is_empty(x87, 0))) {
		sw = X87_UNDERFLOW;
		__builtin_memcpy(data, how->indefinite, sizeof(how->indefinite));
	} else {
		sw = how->convert(cw, x87_st(x87, 0), data);
	}
	/* There is no register here that could take a result with a biased exponent. */
	stored = !x87_is_unmasked(x87, sw, X87_BEFORE | X87_OE | X87_UE);
	if (stored ? !x87_write(cpu, op, data, how->size) : !x87_probe(cpu, op, how->size)) {
		x87_clear_host();
		return false;
	}
	x87_record_data(cpu, op);
	x87_settle(x87, sw, 0);
	if (stored && pops)
		x87_pop(x87);
	return true;
}

static const struct store *real_of(const struct x86_op *op)
{
	return op->opcode == 0xd9 ? &store_single : op->opcode == 0xdd ? &store_double : &store_extended;
}

/* df is both the opcode of 16 bits and, as /7, that of 64 bits. */
static const struct store *integer_of(const struct x86_cpu *cpu, const struct x86_op *op)
{
	if (op->opcode == 0xdb)
		return &store_int32;
	return (x87_fop(cpu, op) & 0x38) == 0x38 ? &store_int64 : &store_int16;
}

static const struct store *truncated_of(const struct x86_op *op)
{
	return op->opcode == 0xdb ? &store_int32 : op->opcode == 0xdd ? &store_int64 : &store_int16;
}

X87_EXEC_MEMORY(fst_m, store(cpu, op, real_of(op), cpu->x87.cw, false))
X87_EXEC_MEMORY(fstp_m, store(cpu, op, real_of(op), cpu->x87.cw, true))
X87_EXEC_MEMORY(fist, store(cpu, op, integer_of(cpu, op), cpu->x87.cw, false))
X87_EXEC_MEMORY(fistp, store(cpu, op, integer_of(cpu, op), cpu->x87.cw, true))
X87_EXEC_MEMORY(fisttp, store(cpu, op, truncated_of(op), cpu->x87.cw | X87_CW_RC, true))
X87_EXEC_MEMORY(fbstp, store(cpu, op, &store_packed, cpu->x87.cw, true))

X87_INLINE void store_register(struct x86_cpu *cpu, const struct x86_op *op, bool pops)
{
	struct x86_x87 *x87 = &cpu->x87;
	const bool empty = x87_is_empty(x87, 0);

	x87_record(cpu, op);
	if (!x87_settle(x87, empty ? X87_UNDERFLOW : 0, 0))
		return;
	x87_put(x87, op->dst, empty ? &x87_indefinite : x87_st(x87, 0));
	if (pops)
		x87_pop(x87);
}
X87_EXEC(fst_st, store_register(cpu, op, false))
X87_EXEC(fstp_st, store_register(cpu, op, true))

/* "No check for empty": an empty register is popped, and nothing is found or stored. */
X87_INLINE void store_unchecked(struct x86_cpu *cpu, const struct x86_op *op)
{
	struct x86_x87 *x87 = &cpu->x87;

	x87_record(cpu, op);
	x87_settle(x87, 0, 0);
	if (!x87_is_empty(x87, 0))
		x87_put(x87, op->dst, x87_st(x87, 0));
	x87_pop(x87);
}
X87_EXEC(fstpnce, store_unchecked(cpu, op))

/* ---- moves between registers ---- */

X87_INLINE void exchange(struct x86_cpu *cpu, const struct x86_op *op)
{
	struct x86_x87 *x87 = &cpu->x87;
	const bool first_empty = x87_is_empty(x87, 0), second_empty = x87_is_empty(x87, op->dst);
	const union x86_x87_reg *first = first_empty ? &x87_indefinite : x87_st(x87, 0);
	const union x86_x87_reg *second = second_empty ? &x87_indefinite : x87_st(x87, op->dst);
	const uint64_t significand = first->significand;
	const uint16_t sign_exponent = first->sign_exponent;

	x87_record(cpu, op);
	if (!x87_settle(x87, first_empty || second_empty ? X87_UNDERFLOW : 0, 0))
		return;
	x87_put(x87, 0, second);
	x87_put(x87, op->dst, &(union x86_x87_reg){ .significand = significand, .sign_exponent = sign_exponent });
}
X87_EXEC(fxch, exchange(cpu, op))

/* An empty register is found whether the condition holds or not. */
X87_INLINE void move_if(struct x86_cpu *cpu, const struct x86_op *op, unsigned condition)
{
	struct x86_x87 *x87 = &cpu->x87;

	x87_record(cpu, op);
	if (sim_unlikely(x87_is_empty(x87, 0) || x87_is_empty(x87, op->src))) {
		if (x87_settle(x87, X87_UNDERFLOW, 0))
			x87_put(x87, 0, &x87_indefinite);
		return;
	}
	if (x86_condition(cpu, condition))
		x87_put(x87, 0, x87_st(x87, op->src));
}
X87_EXEC(fcmovb, move_if(cpu, op, 2))
X87_EXEC(fcmovnb, move_if(cpu, op, 3))
X87_EXEC(fcmove, move_if(cpu, op, 4))
X87_EXEC(fcmovne, move_if(cpu, op, 5))
X87_EXEC(fcmovbe, move_if(cpu, op, 6))
X87_EXEC(fcmovnbe, move_if(cpu, op, 7))
X87_EXEC(fcmovu, move_if(cpu, op, 10))
X87_EXEC(fcmovnu, move_if(cpu, op, 11))

static const struct x86_row rows[] = {
	{ ZYDIS_MNEMONIC_FLD, "m", .fn = X86_ANY(fld_m) },
	{ ZYDIS_MNEMONIC_FLD, "t", .fn = X86_ANY(fld_st) },
	{ ZYDIS_MNEMONIC_FILD, "m", .fn = X86_ANY(fild) },
	{ ZYDIS_MNEMONIC_FBLD, "m", .fn = X86_ANY(fbld) },
	{ ZYDIS_MNEMONIC_FLD1, NULL, .fn = X86_ANY(fld1) },
	{ ZYDIS_MNEMONIC_FLDL2T, NULL, .fn = X86_ANY(fldl2t) },
	{ ZYDIS_MNEMONIC_FLDL2E, NULL, .fn = X86_ANY(fldl2e) },
	{ ZYDIS_MNEMONIC_FLDPI, NULL, .fn = X86_ANY(fldpi) },
	{ ZYDIS_MNEMONIC_FLDLG2, NULL, .fn = X86_ANY(fldlg2) },
	{ ZYDIS_MNEMONIC_FLDLN2, NULL, .fn = X86_ANY(fldln2) },
	{ ZYDIS_MNEMONIC_FLDZ, NULL, .fn = X86_ANY(fldz) },
	{ ZYDIS_MNEMONIC_FST, "m", .fn = X86_ANY(fst_m) },
	{ ZYDIS_MNEMONIC_FST, "t", .fn = X86_ANY(fst_st) },
	{ ZYDIS_MNEMONIC_FSTP, "m", .fn = X86_ANY(fstp_m) },
	{ ZYDIS_MNEMONIC_FSTP, "t", .fn = X86_ANY(fstp_st) },
	{ ZYDIS_MNEMONIC_FSTPNCE, "t", .fn = X86_ANY(fstpnce) },
	{ ZYDIS_MNEMONIC_FIST, "m", .fn = X86_ANY(fist) },
	{ ZYDIS_MNEMONIC_FISTP, "m", .fn = X86_ANY(fistp) },
	{ ZYDIS_MNEMONIC_FISTTP, "m", .fn = X86_ANY(fisttp), .features = X86_NEEDS(SSE3) },
	{ ZYDIS_MNEMONIC_FBSTP, "m", .fn = X86_ANY(fbstp) },
	{ ZYDIS_MNEMONIC_FXCH, "t", .fn = X86_ANY(fxch) },
	{ ZYDIS_MNEMONIC_FCMOVB, "tt", .fn = X86_ANY(fcmovb) },
	{ ZYDIS_MNEMONIC_FCMOVE, "tt", .fn = X86_ANY(fcmove) },
	{ ZYDIS_MNEMONIC_FCMOVBE, "tt", .fn = X86_ANY(fcmovbe) },
	{ ZYDIS_MNEMONIC_FCMOVU, "tt", .fn = X86_ANY(fcmovu) },
	{ ZYDIS_MNEMONIC_FCMOVNB, "tt", .fn = X86_ANY(fcmovnb) },
	{ ZYDIS_MNEMONIC_FCMOVNE, "tt", .fn = X86_ANY(fcmovne) },
	{ ZYDIS_MNEMONIC_FCMOVNBE, "tt", .fn = X86_ANY(fcmovnbe) },
	{ ZYDIS_MNEMONIC_FCMOVNU, "tt", .fn = X86_ANY(fcmovnu) },
};

extern const struct x86_rows x86_rows_x87_data;
const struct x86_rows x86_rows_x87_data = { rows, X86_COUNT(rows) };
