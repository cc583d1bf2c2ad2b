/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arithmetic flags from what is kept of them. Where the manual leaves a flag undefined it is what processors give:
 * AF is 0 after logical operations, and 1 after shifts, whose OF is that of a shift by one as the last step.
 */
#include "exec/integer.h"

bool x86_carry(const struct x86_cpu *cpu)
{
	unsigned size = cpu->cc_op & 3;
	uint64_t result = x86_truncate(cpu->cc_dst, size), operand = x86_truncate(cpu->cc_src, size);

	switch (cpu->cc_op >> 2) {
	case X86_CC_ADD:
		return result < operand;
	case X86_CC_ADC:
		return result <= operand;
	case X86_CC_SUB:
		return x86_truncate(result + operand, size) < operand;
	case X86_CC_SBB:
		return x86_truncate(result + operand + 1, size) <= operand;
	case X86_CC_LOGIC:
		return false;
	case X86_CC_SHL:
		return x86_sign(operand, size);
	}
	return cpu->cc_src & X86_FLAG_CF; /* flags, inc, dec, shr */
}

static bool half_carry(unsigned kind, uint64_t result, uint64_t operand)
{
	switch (kind) {
	case X86_CC_ADD:
		return ((result - operand) ^ operand ^ result) & 0x10;
	case X86_CC_ADC:
		return ((result - operand - 1) ^ operand ^ result) & 0x10;
	case X86_CC_SUB:
		return ((result + operand) ^ operand ^ result) & 0x10;
	case X86_CC_SBB:
		return ((result + operand + 1) ^ operand ^ result) & 0x10;
	case X86_CC_INC:
		return (result & 0xf) == 0;
	case X86_CC_DEC:
		return (result & 0xf) == 0xf;
	case X86_CC_SHL:
	case X86_CC_SHR:
		return true;
	}
	return false;
}

static bool overflow(unsigned kind, unsigned size, uint64_t result, uint64_t operand)
{
	uint64_t first;

	switch (kind) {
	case X86_CC_ADD:
	case X86_CC_ADC:
		first = result - operand - (kind == X86_CC_ADC);
		return x86_sign((first ^ result) & (operand ^ result), size);
	case X86_CC_SUB:
	case X86_CC_SBB:
		first = result + operand + (kind == X86_CC_SBB);
		return x86_sign((first ^ result) & (first ^ operand), size);
	case X86_CC_INC:
		return x86_truncate(result, size) == UINT64_C(1) << (x86_bits(size) - 1);
	case X86_CC_DEC:
		return x86_truncate(result, size) == (UINT64_C(1) << (x86_bits(size) - 1)) - 1;
	case X86_CC_SHL:
	case X86_CC_SHR:
		return x86_sign(result ^ operand, size);
	}
	return false;
}

uint32_t x86_arithmetic_flags(const struct x86_cpu *cpu)
{
	unsigned kind = cpu->cc_op >> 2, size = cpu->cc_op & 3;
	uint64_t result = cpu->cc_dst;

	if (kind == X86_CC_FLAGS)
		return (uint32_t)cpu->cc_src;
	return (x86_carry(cpu) ? X86_FLAG_CF : 0) | x86_result_flags(result, size) |
	       (half_carry(kind, result, cpu->cc_src) ? X86_FLAG_AF : 0) |
	       (overflow(kind, size, result, cpu->cc_src) ? X86_FLAG_OF : 0);
}

bool x86_condition(const struct x86_cpu *cpu, unsigned condition)
{
	uint32_t flags = x86_arithmetic_flags(cpu);
	bool less = !(flags & X86_FLAG_SF) != !(flags & X86_FLAG_OF);
	bool holds = false;

	switch (condition >> 1) {
	case 0:
		holds = flags & X86_FLAG_OF;
		break;
	case 1:
		holds = flags & X86_FLAG_CF;
		break;
	case 2:
		holds = flags & X86_FLAG_ZF;
		break;
	case 3:
		holds = flags & (X86_FLAG_CF | X86_FLAG_ZF);
		break;
	case 4:
		holds = flags & X86_FLAG_SF;
		break;
	case 5:
		holds = flags & X86_FLAG_PF;
		break;
	case 6:
		holds = less;
		break;
	case 7:
		holds = less || (flags & X86_FLAG_ZF);
		break;
	}
	return holds != (condition & 1);
}
