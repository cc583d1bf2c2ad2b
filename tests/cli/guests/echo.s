# SPDX-License-Identifier: Apache-2.0
# Sends back what it gets, without waiting in wfi, and powers off at a q.
	.include "common.inc"
	li	t0, UART
	li	t2, 'q'
	print	"echo\n"
1:	lbu	t1, 5(t0)			# line status: bit 0 says that a character came
	andi	t1, t1, 1
	beqz	t1, 1b
	lbu	t1, 0(t0)
	sb	t1, 0(t0)
	bne	t1, t2, 1b
	power_off
