/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AVX, AVX2: loads and stores of those elements that a mask selects by its highest bits, and gathers. What is not
 * selected is not accessed and cannot fault. Nothing is asked of the alignment, even where it is checked (SDM 2, 2.4:
 * classes 6 and 12).
 */
#include "avx.h"

static inline bool is_selected(const union x86_vector *mask, unsigned element, unsigned size)
{
	return size == 4 ? mask->i32[element] < 0 : mask->i64[element] < 0;
}

/* The linear address of `size` bytes at an offset that is not truncated yet. */
static bool find_element(struct x86_cpu *cpu, const struct x86_op *op, uint64_t offset, unsigned size, unsigned access,
			 uint64_t *ret_linear)
{
	const unsigned address_bits = 8 * x86_address_size(op);

	return x86_linear_of(cpu, op, x86_segment_of(op), offset & (UINT64_MAX >> (64 - address_bits)), size, access,
			     ret_linear);
}

/* Accesses of elements off the fast path. What is not aligned is accessed by bytes, which always are. */
static unsigned piece_of(uint64_t linear, unsigned size)
{
	return linear & (size - 1) ? 1 : size;
}

X86_COLD static bool read_element(struct x86_cpu *cpu, const struct x86_op *op, uint64_t linear, uint8_t *ret_element,
				  unsigned size)
{
	const unsigned piece = piece_of(linear, size);

	for (unsigned done = 0; done < size; done += piece)
		if (!x86_read_bytes(cpu, op, linear + done, ret_element + done, piece))
			return false;
	return true;
}

X86_COLD static bool probe_element(struct x86_cpu *cpu, const struct x86_op *op, uint64_t linear, unsigned size)
{
	const unsigned piece = piece_of(linear, size);

	for (unsigned done = 0; done < size; done += piece)
		if (!x86_probe_write(cpu, op, linear + done, piece))
			return false;
	return true;
}

X86_COLD static bool write_element(struct x86_cpu *cpu, const struct x86_op *op, uint64_t linear,
				   const uint8_t *element, unsigned size)
{
	const unsigned piece = piece_of(linear, size);

	for (unsigned done = 0; done < size; done += piece)
		if (!x86_write_bytes(cpu, op, linear + done, element + done, piece))
			return false;
	return true;
}

/* ---- masked loads and stores; the mask is src, and what is stored third ---- */

X86_COLD static const struct x86_op *load_elements(struct x86_cpu *cpu, const struct x86_op *op, unsigned bytes,
						   unsigned size)
{
	const union x86_vector *mask = &cpu->v[op->src];
	union x86_vector result = { 0 };

	for (unsigned i = 0; i < bytes / size; i++) {
		uint64_t linear;

		if (is_selected(mask, i, size) &&
		    (!find_element(cpu, op, x86_offset(cpu, op) + (uint64_t)i * size, size, X86_READ, &linear) ||
		     !read_element(cpu, op, linear, &result.u8[i * size], size)))
			return NULL;
	}
	cpu->v[op->dst] = result;
	return op + 1;
}

/* First all of them are probed, then all are written. */
X86_COLD static const struct x86_op *store_elements(struct x86_cpu *cpu, const struct x86_op *op, unsigned bytes,
						    unsigned size)
{
	const union x86_vector *mask = &cpu->v[op->src];
	uint64_t linear[8];

	for (unsigned i = 0; i < bytes / size; i++)
		if (is_selected(mask, i, size) &&
		    (!find_element(cpu, op, x86_offset(cpu, op) + (uint64_t)i * size, size, X86_WRITE, &linear[i]) ||
		     !probe_element(cpu, op, linear[i], size)))
			return NULL;
	for (unsigned i = 0; i < bytes / size; i++)
		if (is_selected(mask, i, size) &&
		    !write_element(cpu, op, linear[i], &cpu->v[op->third].u8[i * size], size))
			return NULL;
	return op + 1;
}

/* By the host's instruction of the same name, where all of the operand can be accessed. */
#define MASKED(name, l, size) \
	AVX_EXEC(name##_##l##_load) \
	{ \
		const void *place = avx_readable(cpu, op, AVX_BYTES_##l); \
		avx_##l result; \
		if (sim_unlikely(!place)) \
			return load_elements(cpu, op, AVX_BYTES_##l, size); \
		__asm__ volatile(#name " (%2), %1, %0" \
				 : "=x"(result) \
				 : "x"(avx_get_##l(cpu, op->src)), "r"(place) \
				 : "memory"); \
		avx_put_##l(cpu, op->dst, result); \
		X86_NEXT(cpu, op); \
	} \
	AVX_EXEC(name##_##l##_store) \
	{ \
		void *place = avx_writable(cpu, op, AVX_BYTES_##l); \
		if (sim_unlikely(!place)) \
			return store_elements(cpu, op, AVX_BYTES_##l, size); \
		__asm__ volatile(#name " %1, %0, (%2)" \
				 : \
				 : "x"(avx_get_##l(cpu, op->src)), "x"(avx_get_##l(cpu, op->third)), "r"(place) \
				 : "memory"); \
		X86_NEXT(cpu, op); \
	}
MASKED(VMASKMOVPS, x, 4)
MASKED(VMASKMOVPS, y, 4)
MASKED(VMASKMOVPD, x, 8)
MASKED(VMASKMOVPD, y, 8)
MASKED(VPMASKMOVD, x, 4)
MASKED(VPMASKMOVD, y, 4)
MASKED(VPMASKMOVQ, x, 8)
MASKED(VPMASKMOVQ, y, 8)

/* ---- gathers: dst, the vector of indices (op->index), the mask (src) ---- */

static inline uint64_t gather_offset(const struct x86_cpu *cpu, const struct x86_op *op, unsigned i,
				     unsigned index_size)
{
	const union x86_vector *indices = &cpu->v[op->index];
	const uint64_t index = index_size == 4 ? (uint64_t)(int64_t)indices->i32[i] : indices->u64[i];

	return X86_SLOT64(cpu, op->base) + (index << op->scale) + (uint64_t)(int64_t)op->disp;
}

static inline bool gather_element(struct x86_cpu *cpu, const struct x86_op *op, uint64_t offset, unsigned size,
				  uint8_t *ret_element)
{
	uint64_t linear = offset + X86_SLOT64(cpu, op->seg);
	const void *place;

	if (sim_unlikely(op->flags & X86_OP_SLOW) && !find_element(cpu, op, offset, size, X86_READ, &linear))
		return false;
	place = x86_hit_read(cpu, linear, size);
	if (sim_unlikely(!place))
		return read_element(cpu, op, linear, ret_element, size);
	__builtin_memcpy(ret_element, place, size);
	return true;
}

/*
 * Elements are gathered from the lowest on. Those in front of one that faults are there afterwards, and no longer in
 * the mask. One that the VMM is to read is no such case: then all are gathered again.
 */
static inline __attribute__((always_inline)) bool gather(struct x86_cpu *cpu, const struct x86_op *op,
							 unsigned index_size, unsigned size, unsigned count)
{
	union x86_vector result = cpu->v[op->dst], mask = cpu->v[op->src];

	for (unsigned i = 0; i < count; i++) {
		if (is_selected(&mask, i, size) &&
		    !gather_element(cpu, op, gather_offset(cpu, op, i, index_size), size, &result.u8[i * size])) {
			if (cpu->exception.pending) {
				cpu->v[op->dst] = result;
				cpu->v[op->src] = mask;
			}
			return false;
		}
		__builtin_memset(&mask.u8[i * size], 0, size);
	}
	__builtin_memset(&result.u8[size * count], 0, sizeof(result) - size * count);
	cpu->v[op->dst] = result;
	cpu->v[op->src] = (union x86_vector){ 0 };
	return true;
}

/* From indices of index_size bytes elements of size bytes: as many as both vectors have. */
#define GATHER(name, index_size, size) \
	EXEC(name) \
	{ \
		const unsigned larger = index_size > size ? index_size : size; \
		if (!(op->flags & X86_OP_VEX_L ? gather(cpu, op, index_size, size, 32 / larger) \
					       : gather(cpu, op, index_size, size, 16 / larger))) \
			return NULL; \
		X86_NEXT(cpu, op); \
	}
GATHER(gather_d32, 4, 4)
GATHER(gather_d64, 4, 8)
GATHER(gather_q32, 8, 4)
GATHER(gather_q64, 8, 8)

/* clang-format off */
#define MASKED_ROWS(name, needs) \
	AVX_ROW(name, "xxm", name##_x_load, 0, needs) \
	AVX_ROW(name, "yym", name##_y_load, 0, needs) \
	AVX_ROW(name, "mxx", name##_x_store, 0, needs) \
	AVX_ROW(name, "myy", name##_y_store, 0, needs)

static const struct x86_row rows[] = {
	MASKED_ROWS(VMASKMOVPS, AVX)
	MASKED_ROWS(VMASKMOVPD, AVX)
	MASKED_ROWS(VPMASKMOVD, AVX2)
	MASKED_ROWS(VPMASKMOVQ, AVX2)
	AVX_ROW(VGATHERDPS, NULL, gather_d32, 0, AVX2)
	AVX_ROW(VPGATHERDD, NULL, gather_d32, 0, AVX2)
	AVX_ROW(VGATHERDPD, NULL, gather_d64, 0, AVX2)
	AVX_ROW(VPGATHERDQ, NULL, gather_d64, 0, AVX2)
	AVX_ROW(VGATHERQPS, NULL, gather_q32, 0, AVX2)
	AVX_ROW(VPGATHERQD, NULL, gather_q32, 0, AVX2)
	AVX_ROW(VGATHERQPD, NULL, gather_q64, 0, AVX2)
	AVX_ROW(VPGATHERQQ, NULL, gather_q64, 0, AVX2)
};
/* clang-format on */

extern const struct x86_rows x86_rows_avx_gather;
const struct x86_rows x86_rows_avx_gather = { rows, X86_COUNT(rows) };
