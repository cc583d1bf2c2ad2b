# SPDX-License-Identifier: Apache-2.0
# Hart 0 starts harts 1 to 63 as far as they are there; each says its number, and hart 0 powers off when all have.
	.include "common.inc"
	la	s3, started
	li	s0, 1				# the hart to be started
1:	mv	a0, s0
	la	a1, second
	mv	a2, s0
	sbi	0x48534D, 0
	bnez	a0, 2f
	addi	s0, s0, 1
	li	t0, 64
	blt	s0, t0, 1b
2:	addi	s0, s0, -1			# those that were started
3:	lw	t1, 0(s3)
	bne	t1, s0, 3b
	print	"all\n"
	power_off
second:	bne	a0, a1, 4f			# the hart id, and the argument
	li	t0, UART
	addi	t1, a0, '0'
	sb	t1, 0(t0)
	la	t0, started
	li	t1, 1
	amoadd.w zero, t1, (t0)
4:	sbi	0x48534D, 1
	j	.
	.balign	8
started: .dword	0
