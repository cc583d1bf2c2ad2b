# SPDX-License-Identifier: Apache-2.0
# Says that it starts, then resets the machine.
	.include "common.inc"
	print	"start\n"
	li	a0, 1
	li	a1, 0
	sbi	0x53525354, 0
	j	.
