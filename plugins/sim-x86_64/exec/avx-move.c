/* SPDX-License-Identifier: Apache-2.0 */
/* AVX, AVX2: moves, broadcasts, widening moves, vzeroupper and vzeroall. */
#include "avx.h"

#include <string.h>

/* ---- whole registers and loads, which clear what they do not load ---- */

AVX_OPERATION(load, x, x)
{
	return last;
}
AVX_OPERATION(load, y, y)
{
	return last;
}
AVX_FORMS(load, x, x, x, src)
AVX_FORMS(load, y, y, y, src)
AVX_MEMORY_FORM(load, x, x, d)
AVX_MEMORY_FORM(load, x, x, q)

/* A store of m, which is `value` of the register s. */
#define STORE(name, s, m, value) \
	X86_COLD AVX_EXEC(name##_##m##s##_slow) \
	{ \
		return avx_write_##m(cpu, op, value(avx_get_##s(cpu, op->src))) ? op + 1 : NULL; \
	} \
	AVX_EXEC(name##_##m##s##_mem) \
	{ \
		void *place = avx_writable(cpu, op, AVX_BYTES_##m); \
		if (sim_unlikely(!place)) \
			return name##_##m##s##_slow(cpu, op); \
		AVX_STORE_##m(place, value(avx_get_##s(cpu, op->src))); \
		X86_NEXT(cpu, op); \
	}
#define HIGH(value) _mm_unpackhi_epi64(value, value)
STORE(store, x, x, )
STORE(store, y, y, )
STORE(store, x, d, )
STORE(store, x, q, )
STORE(store_high, x, q, HIGH)

/* ---- what must be aligned ---- */

#define ALIGNED(l) \
	X86_COLD AVX_EXEC(load_aligned_##l##_slow) \
	{ \
		union x86_vector value; \
		if (!avx_read(cpu, op, &value, AVX_BYTES_##l, AVX_BYTES_##l)) \
			return NULL; \
		avx_put_##l(cpu, op->dst, AVX_FETCH_##l((const void *)&value)); \
		return op + 1; \
	} \
	AVX_EXEC(load_aligned_##l) \
	{ \
		const void *place = avx_readable(cpu, op, AVX_BYTES_##l); \
		if (sim_unlikely(!place || x86_flat_linear(cpu, op) % AVX_BYTES_##l)) \
			return load_aligned_##l##_slow(cpu, op); \
		avx_put_##l(cpu, op->dst, AVX_FETCH_##l(place)); \
		X86_NEXT(cpu, op); \
	} \
	X86_COLD AVX_EXEC(store_aligned_##l##_slow) \
	{ \
		return avx_write(cpu, op, &cpu->v[op->src], AVX_BYTES_##l, AVX_BYTES_##l) ? op + 1 : NULL; \
	} \
	AVX_EXEC(store_aligned_##l) \
	{ \
		void *place = avx_writable(cpu, op, AVX_BYTES_##l); \
		if (sim_unlikely(!place || x86_flat_linear(cpu, op) % AVX_BYTES_##l)) \
			return store_aligned_##l##_slow(cpu, op); \
		AVX_STORE_##l(place, avx_get_##l(cpu, op->src)); \
		X86_NEXT(cpu, op); \
	}
ALIGNED(x)
ALIGNED(y)

/* ---- parts of registers ---- */

AVX_DO_BINARY(VMOVSS, x, x)
AVX_REGISTER_FORM(VMOVSS, x, x, third)
AVX_DO_BINARY(VMOVSD, x, x)
AVX_FORMS(VMOVSD, x, x, q, third) /* from memory: vmovlps */
AVX_DO_BINARY(VMOVLHPS, x, x)
AVX_FORMS(VMOVLHPS, x, x, q, third) /* from memory: vmovhps */
AVX_DO_BINARY(VMOVHLPS, x, x)
AVX_REGISTER_FORM(VMOVHLPS, x, x, third)
AVX_DO_UNARY(VMOVQ, x, x)
AVX_REGISTER_FORM(VMOVQ, x, x, src)

AVX_UNARY(VMOVDDUP, x, x, q)
AVX_UNARY(VMOVDDUP, y, y, y)
AVX_UNARY(VMOVSLDUP, x, x, x)
AVX_UNARY(VMOVSLDUP, y, y, y)
AVX_UNARY(VMOVSHDUP, x, x, x)
AVX_UNARY(VMOVSHDUP, y, y, y)

AVX_EXEC(vmovd_xr)
{
	avx_put_x(cpu, op->dst, _mm_cvtsi32_si128((int)X86_SLOT32(cpu, op->src)));
	X86_NEXT(cpu, op);
}

AVX_EXEC(vmovq_xr)
{
	avx_put_x(cpu, op->dst, _mm_cvtsi64_si128((long long)X86_SLOT64(cpu, op->src)));
	X86_NEXT(cpu, op);
}

AVX_EXEC(vmovd_rx)
{
	X86_PUT32(cpu, op->dst, cpu->v[op->src].u32[0]);
	X86_NEXT(cpu, op);
}

AVX_EXEC(vmovq_rx)
{
	X86_PUT64(cpu, op->dst, cpu->v[op->src].u64[0]);
	X86_NEXT(cpu, op);
}

#define SIGNS(name, s) \
	AVX_EXEC(name##_r##s) \
	{ \
		uint32_t signs; \
		__asm__(#name " %1, %0" : "=r"(signs) : "x"(avx_get_##s(cpu, op->src))); \
		X86_PUT32(cpu, op->dst, signs); \
		X86_NEXT(cpu, op); \
	}
SIGNS(VMOVMSKPS, x)
SIGNS(VMOVMSKPS, y)
SIGNS(VMOVMSKPD, x)
SIGNS(VMOVMSKPD, y)
SIGNS(VPMOVMSKB, x)
SIGNS(VPMOVMSKB, y)

/* ---- broadcasts and widening ---- */

AVX_UNARY(VBROADCASTSS, x, x, d)
AVX_UNARY(VBROADCASTSS, y, x, d)
AVX_UNARY(VBROADCASTSD, y, x, q)
AVX_UNARY(VPBROADCASTB, x, x, b)
AVX_UNARY(VPBROADCASTB, y, x, b)
AVX_UNARY(VPBROADCASTW, x, x, w)
AVX_UNARY(VPBROADCASTW, y, x, w)
AVX_UNARY(VPBROADCASTD, x, x, d)
AVX_UNARY(VPBROADCASTD, y, x, d)
AVX_UNARY(VPBROADCASTQ, x, x, q)
AVX_UNARY(VPBROADCASTQ, y, x, q)

AVX_OPERATION(broadcast_128, y, x)
{
	return _mm256_broadcastsi128_si256(last);
}
AVX_MEMORY_FORM(broadcast_128, y, x, x)

/* Mnemonic, and what 128 and 256 bits are made from in memory. */
#define WIDEN(I) \
	I(VPMOVSXBW, q, x) \
	I(VPMOVSXBD, d, q) \
	I(VPMOVSXBQ, w, d) \
	I(VPMOVSXWD, q, x) \
	I(VPMOVSXWQ, d, q) \
	I(VPMOVSXDQ, q, x) \
	I(VPMOVZXBW, q, x) \
	I(VPMOVZXBD, d, q) \
	I(VPMOVZXBQ, w, d) \
	I(VPMOVZXWD, q, x) \
	I(VPMOVZXWQ, d, q) \
	I(VPMOVZXDQ, q, x)
#define DEFINE_WIDEN(name, m128, m256) AVX_UNARY(name, x, x, m128) AVX_UNARY(name, y, x, m256)
WIDEN(DEFINE_WIDEN)

/* ---- vzeroupper, vzeroall: of the registers that the mode has ---- */

static unsigned register_count(const struct x86_cpu *cpu)
{
	return x86_in_64(cpu) ? 16 : 8;
}

EXEC(vzeroupper)
{
	for (unsigned i = 0; i < register_count(cpu); i++)
		cpu->v[i].u64[2] = cpu->v[i].u64[3] = 0;
	X86_NEXT(cpu, op);
}

EXEC(vzeroall)
{
	memset(cpu->v, 0, register_count(cpu) * sizeof(cpu->v[0]));
	X86_NEXT(cpu, op);
}

/* clang-format off */
#define PLAIN X86_ROW_PLAIN
#define MOVE_ROWS(name) \
	AVX_ROW(name, "xx", load_xx_reg, PLAIN, AVX) \
	AVX_ROW(name, "yy", load_yy_reg, PLAIN, AVX)
#define UNALIGNED_ROWS(name) \
	MOVE_ROWS(name) \
	AVX_ROW(name, "xm", load_xx_mem, 0, AVX) \
	AVX_ROW(name, "ym", load_yy_mem, 0, AVX) \
	AVX_ROW(name, "mx", store_xx_mem, 0, AVX) \
	AVX_ROW(name, "my", store_yy_mem, 0, AVX)
#define ALIGNED_LOAD_ROWS(name, needs_y) \
	AVX_ROW(name, "xm", load_aligned_x, 0, AVX) \
	AVX_ROW(name, "ym", load_aligned_y, 0, needs_y)
#define ALIGNED_STORE_ROWS(name) \
	AVX_ROW(name, "mx", store_aligned_x, 0, AVX) \
	AVX_ROW(name, "my", store_aligned_y, 0, AVX)
#define ALIGNED_ROWS(name) MOVE_ROWS(name) ALIGNED_LOAD_ROWS(name, AVX) ALIGNED_STORE_ROWS(name)
#define BROADCAST_ROWS(name, m) AVX_UNARY_ROWS(name, x, x, m, AVX2) AVX_UNARY_ROWS(name, y, x, m, AVX2)
#define WIDEN_ROWS(name, m128, m256) \
	AVX_UNARY_ROWS(name, x, x, m128, AVX) \
	AVX_UNARY_ROWS(name, y, x, m256, AVX2)

static const struct x86_row rows[] = {
	ALIGNED_ROWS(VMOVAPS)
	ALIGNED_ROWS(VMOVAPD)
	ALIGNED_ROWS(VMOVDQA)
	UNALIGNED_ROWS(VMOVUPS)
	UNALIGNED_ROWS(VMOVUPD)
	UNALIGNED_ROWS(VMOVDQU)
	AVX_ROW(VLDDQU, "xm", load_xx_mem, 0, AVX)
	AVX_ROW(VLDDQU, "ym", load_yy_mem, 0, AVX)
	ALIGNED_STORE_ROWS(VMOVNTPS)
	ALIGNED_STORE_ROWS(VMOVNTPD)
	ALIGNED_STORE_ROWS(VMOVNTDQ)
	ALIGNED_LOAD_ROWS(VMOVNTDQA, AVX2)

	AVX_ROW(VMOVSS, "xxx", VMOVSS_xx_reg, PLAIN, AVX)
	AVX_ROW(VMOVSS, "xm", load_xd_mem, 0, AVX)
	AVX_ROW(VMOVSS, "mx", store_dx_mem, 0, AVX)
	AVX_ROW(VMOVSD, "xxx", VMOVSD_xx_reg, PLAIN, AVX)
	AVX_ROW(VMOVSD, "xm", load_xq_mem, 0, AVX)
	AVX_ROW(VMOVSD, "mx", store_qx_mem, 0, AVX)
	AVX_ROW(VMOVLPS, "xxm", VMOVSD_xq_mem, 0, AVX)
	AVX_ROW(VMOVLPS, "mx", store_qx_mem, 0, AVX)
	AVX_ROW(VMOVLPD, "xxm", VMOVSD_xq_mem, 0, AVX)
	AVX_ROW(VMOVLPD, "mx", store_qx_mem, 0, AVX)
	AVX_ROW(VMOVHPS, "xxm", VMOVLHPS_xq_mem, 0, AVX)
	AVX_ROW(VMOVHPS, "mx", store_high_qx_mem, 0, AVX)
	AVX_ROW(VMOVHPD, "xxm", VMOVLHPS_xq_mem, 0, AVX)
	AVX_ROW(VMOVHPD, "mx", store_high_qx_mem, 0, AVX)
	AVX_ROW(VMOVLHPS, "xxx", VMOVLHPS_xx_reg, PLAIN, AVX)
	AVX_ROW(VMOVHLPS, "xxx", VMOVHLPS_xx_reg, PLAIN, AVX)
	AVX_UNARY_ROWS(VMOVDDUP, x, x, q, AVX)
	AVX_UNARY_ROWS(VMOVDDUP, y, y, y, AVX)
	AVX_UNARY_ROWS(VMOVSLDUP, x, x, x, AVX)
	AVX_UNARY_ROWS(VMOVSLDUP, y, y, y, AVX)
	AVX_UNARY_ROWS(VMOVSHDUP, x, x, x, AVX)
	AVX_UNARY_ROWS(VMOVSHDUP, y, y, y, AVX)

	AVX_ROW(VMOVD, "xr", vmovd_xr, PLAIN, AVX)
	AVX_ROW(VMOVD, "rx", vmovd_rx, PLAIN, AVX)
	AVX_ROW(VMOVD, "xm", load_xd_mem, 0, AVX)
	AVX_ROW(VMOVD, "mx", store_dx_mem, 0, AVX)
	AVX_ROW(VMOVQ, "xr", vmovq_xr, PLAIN, AVX)
	AVX_ROW(VMOVQ, "rx", vmovq_rx, PLAIN, AVX)
	AVX_ROW(VMOVQ, "xx", VMOVQ_xx_reg, PLAIN, AVX)
	AVX_ROW(VMOVQ, "xm", load_xq_mem, 0, AVX)
	AVX_ROW(VMOVQ, "mx", store_qx_mem, 0, AVX)
	AVX_ROW(VMOVMSKPS, "rx", VMOVMSKPS_rx, PLAIN, AVX)
	AVX_ROW(VMOVMSKPS, "ry", VMOVMSKPS_ry, PLAIN, AVX)
	AVX_ROW(VMOVMSKPD, "rx", VMOVMSKPD_rx, PLAIN, AVX)
	AVX_ROW(VMOVMSKPD, "ry", VMOVMSKPD_ry, PLAIN, AVX)
	AVX_ROW(VPMOVMSKB, "rx", VPMOVMSKB_rx, PLAIN, AVX)
	AVX_ROW(VPMOVMSKB, "ry", VPMOVMSKB_ry, PLAIN, AVX2)

	AVX_ROW(VBROADCASTSS, "xm", VBROADCASTSS_xd_mem, 0, AVX)
	AVX_ROW(VBROADCASTSS, "ym", VBROADCASTSS_yd_mem, 0, AVX)
	AVX_ROW(VBROADCASTSD, "ym", VBROADCASTSD_yq_mem, 0, AVX)
	AVX_ROW(VBROADCASTF128, "ym", broadcast_128_yx_mem, 0, AVX)
	AVX_ROW(VBROADCASTI128, "ym", broadcast_128_yx_mem, 0, AVX2)
	AVX_ROW(VBROADCASTSS, "xx", VBROADCASTSS_xx_reg, PLAIN, AVX2)
	AVX_ROW(VBROADCASTSS, "yx", VBROADCASTSS_yx_reg, PLAIN, AVX2)
	AVX_ROW(VBROADCASTSD, "yx", VBROADCASTSD_yx_reg, PLAIN, AVX2)
	BROADCAST_ROWS(VPBROADCASTB, b)
	BROADCAST_ROWS(VPBROADCASTW, w)
	BROADCAST_ROWS(VPBROADCASTD, d)
	BROADCAST_ROWS(VPBROADCASTQ, q)
	WIDEN(WIDEN_ROWS)

	AVX_ROW(VZEROUPPER, NULL, vzeroupper, PLAIN, AVX)
	AVX_ROW(VZEROALL, NULL, vzeroall, PLAIN, AVX)
};
/* clang-format on */

extern const struct x86_rows x86_rows_avx_move;
const struct x86_rows x86_rows_avx_move = { rows, X86_COUNT(rows) };
