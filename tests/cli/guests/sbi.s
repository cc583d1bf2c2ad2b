# SPDX-License-Identifier: Apache-2.0
# Calls the SBI with all kinds of arguments, but for those that end the machine or stop the hart.
	.include "common.inc"
	skip_traps
	la	s0, calls
1:	lw	s1, 0(s0)			# EID
	lw	s2, 4(s0)			# FIDs up to this one
	bltz	s2, 5f
2:	la	s3, values
3:	la	s4, values
4:	ld	a0, 0(s3)
	ld	a1, 0(s4)
	ld	a2, 0(s3)
	mv	a3, a1
	mv	a4, a0
	mv	a5, a1
	mv	a6, s2
	mv	a7, s1
	ecall
	ld	a0, 0(s3)			# and with a small first argument, which is more likely to be taken
	li	a0, 1
	ld	a1, 0(s4)
	ld	a2, 0(s4)
	mv	a6, s2
	mv	a7, s1
	ecall
	addi	s4, s4, 8
	la	t0, values_end
	bne	s4, t0, 4b
	addi	s3, s3, 8
	bne	s3, t0, 3b
	addi	s2, s2, -1
	bgez	s2, 2b
	addi	s0, s0, 8
	j	1b
5:	la	s0, values			# system reset of no known type
6:	lwu	a0, 0(s0)			# the type is 32 bits wide
	li	t0, 2
	bgeu	t0, a0, 7f
	li	a1, 0
	sbi	0x53525354, 0
7:	addi	s0, s0, 8
	la	t0, values_end
	bne	s0, t0, 6b
	li	a0, -1				# hart_suspend of no known type
	sbi	0x48534D, 3
	li	a0, 99				# hart_start and status of a hart that is not there, and of this one
	sbi	0x48534D, 0
	li	a0, 0
	sbi	0x48534D, 0
	li	a0, 99
	sbi	0x48534D, 2
	print	"\ndone\n"
	power_off
	.balign	8
values:	.dword	0, -1, 0x8000000000000000, 0x10000000, 0x80200001, 0x87ffffff, 0x88000000, 64, 0xffffffff
values_end:
calls:	.word	0, 0				# legacy: set_timer, putchar, getchar, clear_ipi, send_ipi, fences
	.word	1, 0
	.word	2, 0
	.word	3, 0
	.word	4, 0
	.word	5, 0
	.word	6, 0
	.word	7, 0
	.word	9, 0
	.word	0x10, 8				# base
	.word	0x54494D45, 2			# time
	.word	0x735049, 2			# IPI
	.word	0x52464E43, 8			# fences
	.word	0x504D55, 8			# PMU
	.word	0x4442434E, 4			# debug console
	.word	0x53555350, 1			# suspend
	.word	0x485643, 3			# the hypercalls of the VMM
	.word	0x0A000000, 2			# vendor
	.word	-1, 2
	.word	0, -1
