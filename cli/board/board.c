/* SPDX-License-Identifier: Apache-2.0 */
/* The boards there are. */
#include "board.h"

const struct board_type *board_for(uint32_t arch)
{
	static const struct board_type *const boards[] = { &board_riscv64 };

	for (size_t i = 0; i < sizeof(boards) / sizeof(boards[0]); i++)
		if (boards[i]->arch == arch)
			return boards[i];
	return NULL;
}
