# SPDX-License-Identifier: Apache-2.0
# Waits a second by the timer interrupt, in wfi, and powers off.
	.include "common.inc"
	la	t0, 2f
	csrw	stvec, t0
	rdtime	a0
	li	t0, 10000000
	add	a0, a0, t0
	sbi	0x54494D45, 0
	li	t0, 1 << 5
	csrw	sie, t0
	csrsi	sstatus, 2
1:	wfi
	j	1b
	.balign	4
2:	print	"tick\n"
	power_off
