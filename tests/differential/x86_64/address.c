/* SPDX-License-Identifier: Apache-2.0 */
/* See address.h. */
#include "address.h"

bool address_general(ZydisRegister reg, unsigned *ret_number)
{
	switch (ZydisRegisterGetClass(reg)) {
	case ZYDIS_REGCLASS_GPR8:
	case ZYDIS_REGCLASS_GPR16:
	case ZYDIS_REGCLASS_GPR32:
	case ZYDIS_REGCLASS_GPR64:
		*ret_number =
			(unsigned)ZydisRegisterGetId(ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg));
		return true;
	default:
		return false;
	}
}

static uint64_t value_of(const struct state *state, ZydisRegister reg)
{
	unsigned number;

	return address_general(reg, &number) ? state->gpr[number] : 0;
}

uint64_t address_of(const struct decoded *decoded, const ZydisDecodedOperandMem *memory, const struct state *state,
		    uint64_t ip)
{
	uint64_t offset = (uint64_t)memory->disp.value;

	offset += value_of(state, memory->base) + value_of(state, memory->index) * memory->scale;
	if (memory->base == ZYDIS_REGISTER_RIP || memory->base == ZYDIS_REGISTER_EIP)
		offset += ip + decoded->instruction.length;
	if (decoded->instruction.address_width == 32)
		offset &= UINT32_MAX;
	if (memory->segment == ZYDIS_REGISTER_FS)
		offset += state->fs_base;
	if (memory->segment == ZYDIS_REGISTER_GS)
		offset += state->gs_base;
	return offset;
}
