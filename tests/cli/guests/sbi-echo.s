# SPDX-License-Identifier: Apache-2.0
# The same over the SBI legacy console.
	.include "common.inc"
1:	sbi	2, 0
	bltz	a0, 1b
	mv	s0, a0
	sbi	1, 0
	li	t0, 'q'
	bne	s0, t0, 1b
	power_off
