/* SPDX-License-Identifier: Apache-2.0 */
/* Memory operands of AVX outside of the fast case. */
#include "avx.h"

/* Alignment comes before what segments check. */
static bool find(struct x86_cpu *cpu, const struct x86_op *op, unsigned size, unsigned alignment, unsigned access,
		 uint64_t *ret_linear)
{
	if ((x86_offset(cpu, op) + X86_SLOT64(cpu, op->seg)) & (alignment - 1)) {
		x86_fault_code(cpu, op, X86_GP, 0);
		return false;
	}
	return x86_linear(cpu, op, size, access, ret_linear);
}

bool avx_read(struct x86_cpu *cpu, const struct x86_op *op, void *ret_data, unsigned size, unsigned alignment)
{
	uint64_t linear;

	return find(cpu, op, size, alignment, X86_READ, &linear) && x86_read_bytes(cpu, op, linear, ret_data, size);
}

bool avx_write(struct x86_cpu *cpu, const struct x86_op *op, const void *data, unsigned size, unsigned alignment)
{
	uint64_t linear;

	return find(cpu, op, size, alignment, X86_WRITE, &linear) && x86_write_bytes(cpu, op, linear, data, size);
}
