/* SPDX-License-Identifier: Apache-2.0 */
/* The boards there are, and their memory. */
#include "board.h"
#include "../loader/layout.h"

const struct board_type *board_for(uint32_t arch)
{
	static const struct board_type *const boards[] = { &board_riscv64 };

	for (size_t i = 0; i < sizeof(boards) / sizeof(boards[0]); i++)
		if (boards[i]->arch == arch)
			return boards[i];
	return NULL;
}

size_t board_ram(const struct board_type *type, uint64_t size, struct ram_range *ret_ranges)
{
	uint64_t low = type->ram_low_end ? type->ram_low_end - type->ram_base : size;

	if (size <= low) {
		ret_ranges[0] = (struct ram_range){ type->ram_base, size };
		return 1;
	}
	ret_ranges[0] = (struct ram_range){ type->ram_base, low };
	ret_ranges[1] = (struct ram_range){ type->ram_high_base, size - low };
	return 2;
}
