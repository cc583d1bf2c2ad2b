# SPDX-License-Identifier: Apache-2.0
# Ends with a code that no exit status can hold.
	.include "common.inc"
	li	t0, TEST
	li	t1, 999 << 16 | 0x3333
	sw	t1, 0(t0)
	j	.
