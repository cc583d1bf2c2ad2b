# SPDX-License-Identifier: Apache-2.0
# Powers off through the SBI with the reason "system failure".
	.include "common.inc"
	li	a0, 0
	li	a1, 1
	sbi	0x53525354, 0
	j	.
