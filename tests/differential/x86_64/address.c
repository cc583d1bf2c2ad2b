/* SPDX-License-Identifier: Apache-2.0 */
/* See address.h. */
#include "address.h"

#include "segments.h"

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

/* In 64-bit mode only fs and gs have bases. */
uint64_t address_base(const struct decoded *decoded, ZydisRegister segment, const struct state *state)
{
	if (segment == ZYDIS_REGISTER_FS)
		return state->fs_base;
	if (segment == ZYDIS_REGISTER_GS)
		return state->gs_base;
	if (decoded->instruction.machine_mode == ZYDIS_MACHINE_MODE_LONG_64 || segment == ZYDIS_REGISTER_NONE)
		return 0;
	return segments_find(state->segments[ZydisRegisterGetId(segment)])->base;
}

uint64_t address_mask(const struct decoded *decoded)
{
	unsigned width = decoded->instruction.address_width;

	return width == 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;
}

uint64_t address_of(const struct decoded *decoded, const ZydisDecodedOperandMem *memory, const struct state *state,
		    uint64_t ip)
{
	uint64_t offset = (uint64_t)memory->disp.value;

	offset += value_of(state, memory->base) + value_of(state, memory->index) * memory->scale;
	if (memory->base == ZYDIS_REGISTER_RIP || memory->base == ZYDIS_REGISTER_EIP)
		offset += ip + decoded->instruction.length;
	offset = (offset & address_mask(decoded)) + address_base(decoded, memory->segment, state);
	return decoded->instruction.machine_mode == ZYDIS_MACHINE_MODE_LONG_64 ? offset : offset & UINT32_MAX;
}
