# SPDX-License-Identifier: Apache-2.0
# Jumps to where no memory is.
	.include "common.inc"
	li	t0, 0x40
	jr	t0
