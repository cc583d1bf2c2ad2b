/* SPDX-License-Identifier: Apache-2.0 */
/* STUB until the loaders of this board are there. */
#include "boot.h"

int32_t x86_64_start_cpu(struct board *board, struct cpu *cpu)
{
	(void)board;
	(void)cpu;
	return 0;
}
