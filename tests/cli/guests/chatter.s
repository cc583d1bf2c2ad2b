# SPDX-License-Identifier: Apache-2.0
# Writes to the console for ever, as fast as it can.
	.include "common.inc"
	li	t0, UART
	li	t1, 'x'
1:	sb	t1, 0(t0)
	j	1b
