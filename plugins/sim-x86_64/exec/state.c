/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Saving and restoring the state of x87, SSE and AVX: FXSAVE and FXRSTOR (SDM 1, 10.5), the XSAVE feature set (SDM 1,
 * chapter 13), MXCSR.
 *
 * A component is in use when it differs from its initial configuration. The modified optimization is not made use of: a
 * program cannot tell, as a processor is free to save what did not change.
 */
#include "x87.h"

enum {
	STATE_X87 = 1,
	STATE_SSE = 2,
	STATE_AVX = 4,
	STATE_ALL = STATE_X87 | STATE_SSE | STATE_AVX,
};

/* The area; AVX state lies in the same place in both formats. */
enum {
	AREA_X87 = 0,
	AREA_X87_SIZE = 24,
	AREA_MXCSR = 24,
	AREA_MXCSR_SIZE = 8,
	AREA_ST = 32,
	AREA_ST_SIZE = 128,
	AREA_XMM = 160,
	AREA_FXSAVE_SIZE = 512,
	AREA_HEADER = 512,
	AREA_HEADER_SIZE = 64,
	AREA_AVX = 576,
	AREA_SIZE = 832
};

#define XCOMP_COMPACTED (UINT64_C(1) << 63)
#define MXCSR_INIT 0x1f80u

/* ---- the parts of an area that an instruction accesses ---- */

enum { PIECES_MAX = 6 };

struct image {
	_Alignas(64) uint8_t bytes[AREA_SIZE];
	struct piece {
		unsigned offset, size;
	} pieces[PIECES_MAX];
	unsigned count;
};

static void add_piece(struct image *image, unsigned offset, unsigned size)
{
	image->pieces[image->count++] = (struct piece){ offset, size };
}

/* All or nothing. */
static bool write_pieces(struct x86_cpu *cpu, const struct x86_op *op, uint64_t linear, const struct image *image)
{
	for (unsigned i = 0; i < image->count; i++)
		if (!x86_probe_write(cpu, op, linear + image->pieces[i].offset, image->pieces[i].size))
			return false;
	for (unsigned i = 0; i < image->count; i++)
		if (!x86_write_bytes(cpu, op, linear + image->pieces[i].offset, image->bytes + image->pieces[i].offset,
				     image->pieces[i].size))
			return false;
	return true;
}

static bool read_pieces(struct x86_cpu *cpu, const struct x86_op *op, uint64_t linear, struct image *image)
{
	for (unsigned i = 0; i < image->count; i++)
		if (!x86_read_bytes(cpu, op, linear + image->pieces[i].offset, image->bytes + image->pieces[i].offset,
				    image->pieces[i].size))
			return false;
	return true;
}

static bool general_protection(struct x86_cpu *cpu, const struct x86_op *op)
{
	x86_fault_code(cpu, op, X86_GP, 0);
	return false;
}

/* An area that is not aligned faults before segments are looked at. */
static bool find_area(struct x86_cpu *cpu, const struct x86_op *op, unsigned size, unsigned alignment, unsigned access,
		      uint64_t *ret_linear)
{
	if ((x86_offset(cpu, op) + X86_SLOT64(cpu, op->seg)) & (alignment - 1))
		return general_protection(cpu, op);
	return x86_linear(cpu, op, size, access, ret_linear);
}

/* ---- registers and their places ---- */

#define PUT(image, offset, value) __builtin_memcpy((image)->bytes + (offset), &(value), sizeof(value))
#define TAKE(image, offset, value) __builtin_memcpy(&(value), (image)->bytes + (offset), sizeof(value))

/* XMM8 to XMM15 are accessed in 64-bit mode only. */
static unsigned vector_count(const struct x86_cpu *cpu)
{
	return x86_in_64(cpu) ? 16 : 8;
}

/* With REX.W pointers have 64 bits and no selectors. */
static void put_x87(const struct x86_cpu *cpu, const struct x86_op *op, struct image *image)
{
	const struct x86_x87 *x87 = &cpu->x87;
	const uint8_t tags = (uint8_t)~x87->empty, zero = 0;
	const uint64_t ip = (uint32_t)x87->fip | (uint64_t)x87->fcs << 32;
	const uint64_t dp = (uint32_t)x87->fdp | (uint64_t)x87->fds << 32;

	PUT(image, 0, x87->cw);
	PUT(image, 2, x87->sw);
	PUT(image, 4, tags);
	PUT(image, 5, zero);
	PUT(image, 6, x87->fop);
	PUT(image, 8, *(op->flags & X86_OP_W ? &x87->fip : &ip));
	PUT(image, 16, *(op->flags & X86_OP_W ? &x87->fdp : &dp));
	for (unsigned i = 0; i < 8; i++) {
		const union x86_x87_reg *reg = &x87->regs[x87_physical(x87, i)];
		uint8_t *place = image->bytes + AREA_ST + 16 * i;

		__builtin_memset(place, 0, 16);
		__builtin_memcpy(place, reg->bytes, 10);
	}
}

static void take_x87(struct x86_cpu *cpu, const struct x86_op *op, const struct image *image)
{
	struct x86_x87 *x87 = &cpu->x87;
	uint8_t tags;

	TAKE(image, 0, x87->cw);
	TAKE(image, 2, x87->sw);
	TAKE(image, 4, tags);
	TAKE(image, 6, x87->fop);
	TAKE(image, 8, x87->fip);
	TAKE(image, 16, x87->fdp);
	x87->cw = (uint16_t)((x87->cw & X87_CW_VALID) | X87_CW_FIXED);
	x87->empty = (uint8_t)~tags;
	x87->fop &= 0x7ff;
	x87->fcs = x87->fds = 0;
	if (!(op->flags & X86_OP_W)) {
		x87->fcs = (uint16_t)(x87->fip >> 32);
		x87->fds = (uint16_t)(x87->fdp >> 32);
		x87->fip = (uint32_t)x87->fip;
		x87->fdp = (uint32_t)x87->fdp;
	}
	x87_update_es(x87);
	x87_clear_host();
	for (unsigned i = 0; i < 8; i++)
		__builtin_memcpy(x87_st(x87, i)->bytes, image->bytes + AREA_ST + 16 * i, 10);
}

static void initialize_x87(struct x86_cpu *cpu)
{
	cpu->x87 = (struct x86_x87){ .cw = X87_CW_INIT, .empty = 0xff };
	x87_clear_host();
}

static void put_mxcsr(const struct x86_cpu *cpu, struct image *image)
{
	const uint32_t values[2] = { x86_mxcsr(cpu), X86_MXCSR_VALID };

	PUT(image, AREA_MXCSR, values);
}

static uint32_t mxcsr_of(const struct image *image)
{
	uint32_t value;

	TAKE(image, AREA_MXCSR, value);
	return value;
}

/* The low halves of vector registers, or (half 1) the high ones. */
static void put_halves(const struct x86_cpu *cpu, unsigned half, struct image *image)
{
	uint8_t *place = image->bytes + (half ? AREA_AVX : AREA_XMM);

	for (unsigned i = 0; i < vector_count(cpu); i++)
		__builtin_memcpy(place + 16 * i, cpu->v[i].u8 + 16 * half, 16);
}

static void take_halves(struct x86_cpu *cpu, unsigned half, const struct image *image)
{
	const uint8_t *place = image->bytes + (half ? AREA_AVX : AREA_XMM);

	for (unsigned i = 0; i < vector_count(cpu); i++)
		__builtin_memcpy(cpu->v[i].u8 + 16 * half, place + 16 * i, 16);
}

static void clear_halves(struct x86_cpu *cpu, unsigned half)
{
	for (unsigned i = 0; i < vector_count(cpu); i++)
		cpu->v[i].u64[2 * half] = cpu->v[i].u64[2 * half + 1] = 0;
}

/* ---- what is in use (SDM 1, 13.6) ---- */

static bool uses_x87(const struct x86_cpu *cpu)
{
	const struct x86_x87 *x87 = &cpu->x87;
	uint64_t bits = 0;

	for (unsigned i = 0; i < 8; i++)
		bits |= x87->regs[i].significand | x87->regs[i].sign_exponent;
	return bits || x87->cw != X87_CW_INIT || x87->sw || x87->empty != 0xff || x87->fop || x87->fip || x87->fdp ||
	       x87->fcs || x87->fds;
}

static bool uses_halves(const struct x86_cpu *cpu, unsigned half)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < vector_count(cpu); i++)
		bits |= cpu->v[i].u64[2 * half] | cpu->v[i].u64[2 * half + 1];
	return bits;
}

static uint64_t in_use(const struct x86_cpu *cpu)
{
	return (uses_x87(cpu) ? STATE_X87 : 0u) | (uses_halves(cpu, 0) ? STATE_SSE : 0u) |
	       (uses_halves(cpu, 1) ? STATE_AVX : 0u);
}

/* Where MXCSR counts as a part of SSE state. */
static uint64_t in_use_with_mxcsr(const struct x86_cpu *cpu)
{
	return in_use(cpu) | (x86_mxcsr(cpu) == MXCSR_INIT ? 0u : STATE_SSE);
}

/* ---- FXSAVE, FXRSTOR ---- */

static bool fxsave_state(struct x86_cpu *cpu, const struct x86_op *op)
{
	struct image image = { .count = 0 };
	uint64_t linear;

	if (!find_area(cpu, op, AREA_FXSAVE_SIZE, 16, X86_WRITE, &linear) ||
	    !x86_probe_write(cpu, op, linear + AREA_FXSAVE_SIZE - 1, 1))
		return false; /* the whole area is accessed, though the last bytes are left */
	put_x87(cpu, op, &image);
	put_mxcsr(cpu, &image);
	put_halves(cpu, 0, &image);
	add_piece(&image, 0, AREA_XMM + 16 * vector_count(cpu));
	return write_pieces(cpu, op, linear, &image);
}

static bool fxrstor_state(struct x86_cpu *cpu, const struct x86_op *op)
{
	struct image image = { .count = 0 };
	uint64_t linear;

	if (!find_area(cpu, op, AREA_FXSAVE_SIZE, 16, X86_READ, &linear))
		return false;
	add_piece(&image, 0, AREA_FXSAVE_SIZE);
	if (!read_pieces(cpu, op, linear, &image))
		return false;
	if (mxcsr_of(&image) & ~X86_MXCSR_VALID)
		return general_protection(cpu, op);
	take_x87(cpu, op, &image);
	x86_set_mxcsr(cpu, mxcsr_of(&image));
	take_halves(cpu, 0, &image);
	return true;
}

/* ---- the XSAVE feature set ---- */

static uint64_t requested(const struct x86_cpu *cpu)
{
	return ((uint64_t)X86_SLOT32(cpu, X86_SLOT(X86_RDX)) << 32 | X86_SLOT32(cpu, X86_SLOT(X86_RAX))) & cpu->xcr0 &
	       STATE_ALL;
}

/* False: it raised what keeps it from being executed. XSAVES and XRSTORS are the supervisor's. */
static bool may_execute(struct x86_cpu *cpu, const struct x86_op *op, bool supervisor)
{
	if (!(cpu->cr4 & X86_CR4_OSXSAVE)) {
		x86_fault(cpu, op, X86_UD);
		return false;
	}
	if (supervisor && cpu->cpl != 0)
		return general_protection(cpu, op);
	if (cpu->cr0 & X86_CR0_TS) {
		x86_fault(cpu, op, X86_NM);
		return false;
	}
	return true;
}

static unsigned area_size(uint64_t components)
{
	return components & STATE_AVX ? AREA_SIZE : AREA_HEADER + AREA_HEADER_SIZE;
}

static void add_components(const struct x86_cpu *cpu, struct image *image, uint64_t components, bool mxcsr)
{
	const unsigned halves = 16 * vector_count(cpu);

	if (components & STATE_X87) {
		add_piece(image, AREA_X87, AREA_X87_SIZE);
		add_piece(image, AREA_ST, AREA_ST_SIZE);
	}
	if (mxcsr)
		add_piece(image, AREA_MXCSR, AREA_MXCSR_SIZE);
	if (components & STATE_SSE)
		add_piece(image, AREA_XMM, halves);
	if (components & STATE_AVX)
		add_piece(image, AREA_AVX, halves);
}

static bool write_area(struct x86_cpu *cpu, const struct x86_op *op, uint64_t linear, uint64_t saved, bool mxcsr,
		       const uint64_t *header, unsigned header_size)
{
	struct image image = { .count = 0 };

	put_x87(cpu, op, &image);
	put_mxcsr(cpu, &image);
	put_halves(cpu, 0, &image);
	put_halves(cpu, 1, &image);
	__builtin_memcpy(image.bytes + AREA_HEADER, header, header_size);
	add_components(cpu, &image, saved, mxcsr);
	add_piece(&image, AREA_HEADER, header_size);
	return write_pieces(cpu, op, linear, &image);
}

/* XSAVE, and XSAVEOPT, which leaves out what is not in use. */
static bool save_standard(struct x86_cpu *cpu, const struct x86_op *op, bool optimized)
{
	const uint64_t components = requested(cpu), used = in_use(cpu);
	uint64_t linear, bitmap;

	if (!may_execute(cpu, op, false) || !find_area(cpu, op, area_size(components), 64, X86_READ_WRITE, &linear) ||
	    !x86_probe_write(cpu, op, linear, 1) ||
	    !x86_read_to_write_slow(cpu, op, linear + AREA_HEADER, &bitmap, sizeof(bitmap)))
		return false;
	bitmap = (bitmap & ~components) | (used & components);
	return write_area(cpu, op, linear, optimized ? components & used : components,
			  components & (STATE_SSE | STATE_AVX), &bitmap, sizeof(bitmap));
}

/* XSAVEC, XSAVES. */
static bool save_compacted(struct x86_cpu *cpu, const struct x86_op *op, bool supervisor)
{
	const uint64_t components = requested(cpu), saved = components & in_use_with_mxcsr(cpu);
	const uint64_t header[2] = { saved, components | XCOMP_COMPACTED };
	uint64_t linear;

	return may_execute(cpu, op, supervisor) && find_area(cpu, op, area_size(components), 64, X86_WRITE, &linear) &&
	       x86_probe_write(cpu, op, linear, 1) &&
	       write_area(cpu, op, linear, saved, saved & STATE_SSE, header, sizeof(header));
}

/* The header: XSTATE_BV, XCOMP_BV, and six that are reserved. */
static bool is_valid_header(const struct x86_cpu *cpu, const uint64_t header[8], bool supervisor)
{
	const bool compacted = header[1] & XCOMP_COMPACTED;
	const uint64_t layout = header[1] & ~XCOMP_COMPACTED;

	if (!compacted)
		return !supervisor && !(header[0] & ~cpu->xcr0) && !header[1] && !header[2];
	if (!x86_has(cpu, X86_FEATURE_BIT_XSAVEC) || layout & ~cpu->xcr0 || header[0] & ~layout)
		return false;
	return !(header[2] | header[3] | header[4] | header[5] | header[6] | header[7]);
}

/* What is requested and not in the area is initialized. */
static void take_components(struct x86_cpu *cpu, const struct x86_op *op, const struct image *image,
			    uint64_t components, uint64_t present)
{
	if (components & STATE_X87) {
		if (present & STATE_X87)
			take_x87(cpu, op, image);
		else
			initialize_x87(cpu);
	}
	for (unsigned half = 0; half < 2; half++) {
		if (!(components & ((uint64_t)STATE_SSE << half)))
			continue;
		if (present & ((uint64_t)STATE_SSE << half))
			take_halves(cpu, half, image);
		else
			clear_halves(cpu, half);
	}
}

/* MXCSR belongs to SSE state in the compacted form; the standard form always loads it with SSE or AVX state. */
static bool restore(struct x86_cpu *cpu, const struct x86_op *op, bool supervisor)
{
	const uint64_t components = requested(cpu);
	struct image image = { .count = 0 };
	uint64_t header[8], linear;
	bool compacted, loads_mxcsr;
	uint8_t first; /* the beginning must be there, also when nothing is loaded from it */

	if (!may_execute(cpu, op, supervisor) || !find_area(cpu, op, area_size(components), 64, X86_READ, &linear) ||
	    !x86_read8(cpu, op, linear, &first) ||
	    !x86_read_bytes(cpu, op, linear + AREA_HEADER, header, sizeof(header)))
		return false;
	if (!is_valid_header(cpu, header, supervisor))
		return general_protection(cpu, op);
	compacted = header[1] & XCOMP_COMPACTED;
	loads_mxcsr = compacted ? components & header[0] & STATE_SSE : components & (STATE_SSE | STATE_AVX);
	add_components(cpu, &image, components & header[0], loads_mxcsr);
	if (!read_pieces(cpu, op, linear, &image))
		return false;
	if (loads_mxcsr && mxcsr_of(&image) & ~X86_MXCSR_VALID)
		return general_protection(cpu, op);
	take_components(cpu, op, &image, components, header[0]);
	if (loads_mxcsr)
		x86_set_mxcsr(cpu, mxcsr_of(&image));
	else if (compacted && components & STATE_SSE)
		x86_set_mxcsr(cpu, MXCSR_INIT);
	return true;
}

#define STATE_EXEC(name, expression) \
	EXEC(name) \
	{ \
		if (!(expression)) \
			return NULL; \
		X86_NEXT(cpu, op); \
	}
STATE_EXEC(fxsave, fxsave_state(cpu, op))
STATE_EXEC(fxrstor, fxrstor_state(cpu, op))
STATE_EXEC(xsave, save_standard(cpu, op, false))
STATE_EXEC(xsaveopt, save_standard(cpu, op, true))
STATE_EXEC(xsavec, save_compacted(cpu, op, false))
STATE_EXEC(xsaves, save_compacted(cpu, op, true))
STATE_EXEC(xrstor, restore(cpu, op, false))
STATE_EXEC(xrstors, restore(cpu, op, true))

EXEC(xgetbv)
{
	const uint32_t number = X86_SLOT32(cpu, X86_SLOT(X86_RCX));
	uint64_t value = cpu->xcr0;

	if (!(cpu->cr4 & X86_CR4_OSXSAVE))
		return x86_fault(cpu, op, X86_UD);
	if (number > (x86_has(cpu, X86_FEATURE_BIT_XGETBV1) ? 1 : 0))
		return x86_fault_code(cpu, op, X86_GP, 0);
	if (number == 1)
		value &= in_use_with_mxcsr(cpu);
	X86_PUT32(cpu, X86_SLOT(X86_RAX), value);
	X86_PUT32(cpu, X86_SLOT(X86_RDX), value >> 32);
	X86_NEXT(cpu, op);
}

/* ---- MXCSR ---- */

EXEC(ldmxcsr)
{
	uint64_t linear;
	uint32_t value;

	if (!x86_linear(cpu, op, 4, X86_READ, &linear) || !x86_read32(cpu, op, linear, &value))
		return NULL;
	if (value & ~X86_MXCSR_VALID)
		return x86_fault_code(cpu, op, X86_GP, 0);
	x86_set_mxcsr(cpu, value);
	X86_NEXT(cpu, op);
}

EXEC(stmxcsr)
{
	uint64_t linear;

	if (!x86_linear(cpu, op, 4, X86_WRITE, &linear) || !x86_write32(cpu, op, linear, x86_mxcsr(cpu)))
		return NULL;
	X86_NEXT(cpu, op);
}

#define ROW(mnemonic, name, feature) \
	{ \
		ZYDIS_MNEMONIC_##mnemonic, NULL, .fn = X86_ANY(name), .features = feature \
	}

static const struct x86_row rows[] = {
	ROW(FXSAVE, fxsave, 0),
	ROW(FXSAVE64, fxsave, 0),
	ROW(FXRSTOR, fxrstor, 0),
	ROW(FXRSTOR64, fxrstor, 0),
	ROW(XSAVE, xsave, X86_NEEDS(XSAVE)),
	ROW(XSAVE64, xsave, X86_NEEDS(XSAVE)),
	ROW(XSAVEOPT, xsaveopt, X86_NEEDS(XSAVEOPT)),
	ROW(XSAVEOPT64, xsaveopt, X86_NEEDS(XSAVEOPT)),
	ROW(XSAVEC, xsavec, X86_NEEDS(XSAVEC)),
	ROW(XSAVEC64, xsavec, X86_NEEDS(XSAVEC)),
	ROW(XSAVES, xsaves, X86_NEEDS(XSAVES)),
	ROW(XSAVES64, xsaves, X86_NEEDS(XSAVES)),
	ROW(XRSTOR, xrstor, X86_NEEDS(XSAVE)),
	ROW(XRSTOR64, xrstor, X86_NEEDS(XSAVE)),
	ROW(XRSTORS, xrstors, X86_NEEDS(XSAVES)),
	ROW(XRSTORS64, xrstors, X86_NEEDS(XSAVES)),
	ROW(XGETBV, xgetbv, X86_NEEDS(XSAVE)),
	ROW(LDMXCSR, ldmxcsr, 0),
	ROW(STMXCSR, stmxcsr, 0),
	ROW(VLDMXCSR, ldmxcsr, X86_NEEDS(AVX)),
	ROW(VSTMXCSR, stmxcsr, X86_NEEDS(AVX)),
};

extern const struct x86_rows x86_rows_state;
const struct x86_rows x86_rows_state = { rows, X86_COUNT(rows) };
