/* SPDX-License-Identifier: Apache-2.0 */
/* Memory operands of SSE outside of the fast case. */
#include "sse.h"

/* Operands of 16 bytes must be aligned, unless SSE_UNALIGNED says otherwise. That comes before what segments check. */
static bool find(struct x86_cpu *cpu, const struct x86_op *op, unsigned size, unsigned access, uint64_t *ret_linear)
{
	if (size == 16 && (x86_offset(cpu, op) + X86_SLOT64(cpu, op->seg)) & 15) {
		x86_fault_code(cpu, op, X86_GP, 0);
		return false;
	}
	return x86_linear(cpu, op, sse_bytes(size), access, ret_linear);
}

bool sse_read(struct x86_cpu *cpu, const struct x86_op *op, unsigned size, __m128i *ret_value)
{
	union x86_vector value;
	uint64_t linear;

	if (!find(cpu, op, size, X86_READ, &linear) || !x86_read_bytes(cpu, op, linear, &value, sse_bytes(size)))
		return false;
	*ret_value = sse_fetch(&value, size | (size == 16 ? SSE_UNALIGNED : 0));
	return true;
}

bool sse_write(struct x86_cpu *cpu, const struct x86_op *op, unsigned size, __m128i value)
{
	uint64_t linear;

	return find(cpu, op, size, X86_WRITE, &linear) && x86_write_bytes(cpu, op, linear, &value, sse_bytes(size));
}
