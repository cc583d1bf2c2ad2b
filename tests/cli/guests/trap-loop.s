# SPDX-License-Identifier: Apache-2.0
# A trap handler that traps, for ever.
	.include "common.inc"
	la	t0, 1f
	csrw	stvec, t0
	.balign	4
1:	.word	0				# never a valid instruction
