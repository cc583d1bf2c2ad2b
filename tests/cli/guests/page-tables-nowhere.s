# SPDX-License-Identifier: Apache-2.0
# Turns on translation with a root table where no memory is.
	.include "common.inc"
	li	t0, 8 << 60 | 0x1
	csrw	satp, t0
	sfence.vma
	lw	t1, 0(zero)
	j	.
