/* SPDX-License-Identifier: Apache-2.0 */
/* AVX, AVX2: interleaving, packing, permutations, blends; elements that are inserted and extracted. */
#include "avx.h"

/* clang-format off */
#define INTEGER(I) \
	I(VPUNPCKLBW) I(VPUNPCKLWD) I(VPUNPCKLDQ) I(VPUNPCKLQDQ) \
	I(VPUNPCKHBW) I(VPUNPCKHWD) I(VPUNPCKHDQ) I(VPUNPCKHQDQ) \
	I(VPACKSSWB) I(VPACKSSDW) I(VPACKUSWB) I(VPACKUSDW) I(VPSHUFB)
#define FLOAT(I) I(VUNPCKLPS) I(VUNPCKLPD) I(VUNPCKHPS) I(VUNPCKHPD) I(VPERMILPS) I(VPERMILPD)
#define ACROSS_LANES(I) I(VPERMD) I(VPERMPS)

#define SHUFFLE(I) I(VPSHUFD) I(VPSHUFHW) I(VPSHUFLW)
#define INTEGER_IMM(I) I(VPALIGNR) I(VPBLENDW)
#define FLOAT_IMM(I) I(VSHUFPS) I(VSHUFPD) I(VBLENDPS) I(VBLENDPD)
/* clang-format on */

#define DEFINE_BINARY(name) AVX_BINARY(name, x, x, x) AVX_BINARY(name, y, y, y)
#define DEFINE_ACROSS_LANES(name) AVX_BINARY(name, y, y, y)
#define DEFINE_UNARY_IMM(name) AVX_UNARY_IMM(name, x, x, x) AVX_UNARY_IMM(name, y, y, y)
#define DEFINE_BINARY_IMM(name) AVX_BINARY_IMM(name, x, x, x) AVX_BINARY_IMM(name, y, y, y)
INTEGER(DEFINE_BINARY)
FLOAT(DEFINE_BINARY)
ACROSS_LANES(DEFINE_ACROSS_LANES)
SHUFFLE(DEFINE_UNARY_IMM)
INTEGER_IMM(DEFINE_BINARY_IMM)
FLOAT_IMM(DEFINE_BINARY_IMM)
DEFINE_BINARY_IMM(VPBLENDD)
AVX_BINARY_IMM(VPERM2F128, y, y, y)
AVX_BINARY_IMM(VPERM2I128, y, y, y)
AVX_UNARY_IMM(VPERMQ, y, y, y)
AVX_UNARY_IMM(VPERMPD, y, y, y)

/* With an immediate, where the mnemonic has another form without. */
DEFINE_UNARY_IMM(vpermilps)
DEFINE_UNARY_IMM(vpermilpd)

/* ---- blends by a fourth register, which is in imm, or in third if a source is in memory ---- */

#define BLEND(name, l) \
	AVX_INLINE avx_##l do_##name##_##l(const struct x86_cpu *cpu, const struct x86_op *op, avx_##l last, \
					   unsigned mask) \
	{ \
		avx_##l result; \
		__asm__(#name " %3, %2, %1, %0" \
			: "=x"(result) \
			: "x"(avx_get_##l(cpu, op->src)), "x"(last), "x"(avx_get_##l(cpu, mask))); \
		return result; \
	} \
	AVX_EXEC(name##_##l##_reg) \
	{ \
		avx_put_##l(cpu, op->dst, do_##name##_##l(cpu, op, avx_get_##l(cpu, op->third), (unsigned)op->imm)); \
		X86_NEXT(cpu, op); \
	} \
	X86_COLD AVX_EXEC(name##_##l##_slow) \
	{ \
		avx_##l value; \
		if (!avx_read_##l(cpu, op, &value)) \
			return NULL; \
		avx_put_##l(cpu, op->dst, do_##name##_##l(cpu, op, value, op->third)); \
		return op + 1; \
	} \
	AVX_EXEC(name##_##l##_mem) \
	{ \
		const void *place = avx_readable(cpu, op, AVX_BYTES_##l); \
		if (sim_unlikely(!place)) \
			return name##_##l##_slow(cpu, op); \
		avx_put_##l(cpu, op->dst, do_##name##_##l(cpu, op, AVX_FETCH_##l(place), op->third)); \
		X86_NEXT(cpu, op); \
	}
BLEND(VBLENDVPS, x)
BLEND(VBLENDVPS, y)
BLEND(VBLENDVPD, x)
BLEND(VBLENDVPD, y)
BLEND(VPBLENDVB, x)
BLEND(VPBLENDVB, y)

/* ---- halves ---- */

AVX_OPERATION(insert_128, y, x)
{
	const avx_y source = avx_get_y(cpu, op->src);

	return op->imm & 1 ? _mm256_inserti128_si256(source, last, 1) : _mm256_inserti128_si256(source, last, 0);
}
AVX_FORMS(insert_128, y, x, x, third)

AVX_INLINE avx_x half(const struct x86_cpu *cpu, const struct x86_op *op)
{
	return _mm_load_si128((const avx_x *)(const void *)&cpu->v[op->src] + (op->imm & 1));
}

AVX_EXEC(extract_128_reg)
{
	avx_put_x(cpu, op->dst, half(cpu, op));
	X86_NEXT(cpu, op);
}

X86_COLD AVX_EXEC(extract_128_slow)
{
	return avx_write_x(cpu, op, half(cpu, op)) ? op + 1 : NULL;
}

AVX_EXEC(extract_128_mem)
{
	void *place = avx_writable(cpu, op, AVX_BYTES_x);

	if (sim_unlikely(!place))
		return extract_128_slow(cpu, op);
	AVX_STORE_x(place, half(cpu, op));
	X86_NEXT(cpu, op);
}

/* ---- elements ---- */

AVX_DO_BINARY_IMM(VINSERTPS, x, x)
AVX_REGISTER_FORM(VINSERTPS, x, x, third)

/* Of memory there is but one element, whatever the immediate says. */
AVX_OPERATION(insertps_memory, x, x)
{
	const struct x86_op lowest = { .src = op->src, .imm = op->imm & 0x3f };

	return do_VINSERTPS_xx(cpu, &lowest, last);
}
AVX_MEMORY_FORM(insertps_memory, x, x, d)

/* The stubs take the element in rdi. */
#define INSERT(name, size, stub_register) \
	AVX_STUBS(name, #name " " AVX_IMM stub_register ", %xmm0, %xmm0") \
	AVX_INLINE void put_##name(struct x86_cpu *cpu, const struct x86_op *op, uint64_t element) \
	{ \
		avx_put_x(cpu, op->dst, \
			  ((avx_x(*)(avx_x, uint64_t))AVX_STUB(name, op->imm))(avx_get_x(cpu, op->src), element)); \
	} \
	AVX_EXEC(name##_reg) \
	{ \
		put_##name(cpu, op, X86_SLOT##size(cpu, op->third)); \
		X86_NEXT(cpu, op); \
	} \
	AVX_EXEC(name##_mem) \
	{ \
		uint##size##_t element; \
		uint64_t linear; \
		if (!x86_linear(cpu, op, size / 8, X86_READ, &linear) || !x86_read##size(cpu, op, linear, &element)) \
			return NULL; \
		put_##name(cpu, op, element); \
		X86_NEXT(cpu, op); \
	}
INSERT(VPINSRB, 8, "%edi")
INSERT(VPINSRW, 16, "%edi")
INSERT(VPINSRD, 32, "%edi")
INSERT(VPINSRQ, 64, "%rdi")

#define EXTRACT(size, elements) \
	static inline uint##size##_t element##size(const struct x86_cpu *cpu, const struct x86_op *op) \
	{ \
		return cpu->v[op->src].u##size[op->imm & (elements - 1)]; \
	} \
	EXEC(extract##size##_reg) \
	{ \
		X86_PUT64(cpu, op->dst, element##size(cpu, op)); \
		X86_NEXT(cpu, op); \
	} \
	EXEC(extract##size##_mem) \
	{ \
		uint64_t linear; \
		if (!x86_linear(cpu, op, size / 8, X86_WRITE, &linear) || \
		    !x86_write##size(cpu, op, linear, element##size(cpu, op))) \
			return NULL; \
		X86_NEXT(cpu, op); \
	}
EXTRACT(8, 16)
EXTRACT(16, 8)
EXTRACT(32, 4)
EXTRACT(64, 2)

/* clang-format off */
#define PLAIN X86_ROW_PLAIN
#define INTEGER_ROWS(name) AVX_BINARY_ROWS(name, x, x, x, AVX) AVX_BINARY_ROWS(name, y, y, y, AVX2)
#define FLOAT_ROWS(name) AVX_BINARY_ROWS(name, x, x, x, AVX) AVX_BINARY_ROWS(name, y, y, y, AVX)
#define ACROSS_LANES_ROWS(name) AVX_BINARY_ROWS(name, y, y, y, AVX2)
#define SHUFFLE_ROWS(name) AVX_UNARY_IMM_ROWS(name, x, x, x, AVX) AVX_UNARY_IMM_ROWS(name, y, y, y, AVX2)
#define INTEGER_IMM_ROWS(name) AVX_BINARY_IMM_ROWS(name, x, x, x, AVX) AVX_BINARY_IMM_ROWS(name, y, y, y, AVX2)
#define FLOAT_IMM_ROWS(name) AVX_BINARY_IMM_ROWS(name, x, x, x, AVX) AVX_BINARY_IMM_ROWS(name, y, y, y, AVX)
#define PERMIL_IMM_ROWS(name, f) \
	AVX_ROW(name, "xxi", f##_xx_reg, PLAIN, AVX) \
	AVX_ROW(name, "xmi", f##_xx_mem, 0, AVX) \
	AVX_ROW(name, "yyi", f##_yy_reg, PLAIN, AVX) \
	AVX_ROW(name, "ymi", f##_yy_mem, 0, AVX)
#define BLEND_ROWS(name, needs_y) \
	AVX_ROW(name, "xxxx", name##_x_reg, PLAIN, AVX) \
	AVX_ROW(name, "xxmx", name##_x_mem, 0, AVX) \
	AVX_ROW(name, "yyyy", name##_y_reg, PLAIN, needs_y) \
	AVX_ROW(name, "yymy", name##_y_mem, 0, needs_y)
#define INSERT_ROWS(name) \
	AVX_ROW(name, "xxri", name##_reg, PLAIN, AVX) \
	AVX_ROW(name, "xxmi", name##_mem, 0, AVX)
#define EXTRACT_ROWS(name, size) \
	AVX_ROW(name, "rxi", extract##size##_reg, PLAIN, AVX) \
	AVX_ROW(name, "mxi", extract##size##_mem, 0, AVX)

static const struct x86_row rows[] = {
	INTEGER(INTEGER_ROWS)
	FLOAT(FLOAT_ROWS)
	ACROSS_LANES(ACROSS_LANES_ROWS)
	SHUFFLE(SHUFFLE_ROWS)
	INTEGER_IMM(INTEGER_IMM_ROWS)
	FLOAT_IMM(FLOAT_IMM_ROWS)
	PERMIL_IMM_ROWS(VPERMILPS, vpermilps)
	PERMIL_IMM_ROWS(VPERMILPD, vpermilpd)
	AVX_BINARY_IMM_ROWS(VPBLENDD, x, x, x, AVX2)
	AVX_BINARY_IMM_ROWS(VPBLENDD, y, y, y, AVX2)
	AVX_BINARY_IMM_ROWS(VPERM2F128, y, y, y, AVX)
	AVX_BINARY_IMM_ROWS(VPERM2I128, y, y, y, AVX2)
	AVX_UNARY_IMM_ROWS(VPERMQ, y, y, y, AVX2)
	AVX_UNARY_IMM_ROWS(VPERMPD, y, y, y, AVX2)
	BLEND_ROWS(VBLENDVPS, AVX)
	BLEND_ROWS(VBLENDVPD, AVX)
	BLEND_ROWS(VPBLENDVB, AVX2)

	AVX_ROW(VINSERTF128, "yyxi", insert_128_yx_reg, PLAIN, AVX)
	AVX_ROW(VINSERTF128, "yymi", insert_128_yx_mem, 0, AVX)
	AVX_ROW(VINSERTI128, "yyxi", insert_128_yx_reg, PLAIN, AVX2)
	AVX_ROW(VINSERTI128, "yymi", insert_128_yx_mem, 0, AVX2)
	AVX_ROW(VEXTRACTF128, "xyi", extract_128_reg, PLAIN, AVX)
	AVX_ROW(VEXTRACTF128, "myi", extract_128_mem, 0, AVX)
	AVX_ROW(VEXTRACTI128, "xyi", extract_128_reg, PLAIN, AVX2)
	AVX_ROW(VEXTRACTI128, "myi", extract_128_mem, 0, AVX2)
	AVX_ROW(VINSERTPS, "xxxi", VINSERTPS_xx_reg, PLAIN, AVX)
	AVX_ROW(VINSERTPS, "xxmi", insertps_memory_xd_mem, 0, AVX)
	INSERT_ROWS(VPINSRB)
	INSERT_ROWS(VPINSRW)
	INSERT_ROWS(VPINSRD)
	INSERT_ROWS(VPINSRQ)
	EXTRACT_ROWS(VPEXTRB, 8)
	EXTRACT_ROWS(VPEXTRW, 16)
	EXTRACT_ROWS(VPEXTRD, 32)
	EXTRACT_ROWS(VPEXTRQ, 64)
	EXTRACT_ROWS(VEXTRACTPS, 32)
};
/* clang-format on */

extern const struct x86_rows x86_rows_avx_shuffle;
const struct x86_rows x86_rows_avx_shuffle = { rows, X86_COUNT(rows) };
