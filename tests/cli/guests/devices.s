# SPDX-License-Identifier: Apache-2.0
# Reads and writes every register of every device in every width, aligned and not.
	.include "common.inc"
	skip_traps
	la	s0, windows
1:	ld	s1, 0(s0)			# base
	beqz	s1, 4f
	ld	s2, 8(s0)			# size
	ld	s3, 16(s0)			# stride
	add	s2, s2, s1
2:	la	s4, values
3:	ld	s5, 0(s4)
	lb	t0, 0(s1)
	lh	t0, 0(s1)
	lw	t0, 0(s1)
	ld	t0, 0(s1)
	lbu	t0, 0(s1)
	lhu	t0, 0(s1)
	lwu	t0, 0(s1)
	lw	t0, 1(s1)
	ld	t0, 3(s1)
	sb	s5, 0(s1)
	sh	s5, 0(s1)
	sw	s5, 0(s1)
	sd	s5, 0(s1)
	sw	s5, 1(s1)
	sd	s5, 3(s1)
	addi	s4, s4, 8
	la	t0, values_end
	bne	s4, t0, 3b
	add	s1, s1, s3
	bltu	s1, s2, 2b
	addi	s0, s0, 24
	j	1b
4:	li	t6, UART			# the line as it should be, for what is printed
	sb	zero, 3(t6)
	sb	zero, 1(t6)
	sb	zero, 4(t6)
	print	"\ndone\n"
	power_off
	.balign	8
values:	.dword	0, -1, 0x8000000000000000, 0x123456789abcdef0	# none ends the machine
values_end:
windows:
	.dword	UART - 8, 0x118, 1
	.dword	RTC - 8, 0x48, 1
	.dword	TEST - 8, 0x48, 1
	.dword	PLIC - 8, 0x200, 4
	.dword	PLIC + 0xff0, 0x80, 4
	.dword	PLIC + 0x1ff0, 0x500, 4
	.dword	PLIC + 0x1fff00, 0x8000, 0x7fc
	.dword	PLIC + 0x5fff00, 0x200, 0x3c
	.dword	0x20, 0x100, 0x20		# nobody's
	.dword	0x80000000 - 0x20, 0x20, 0x8	# up to memory
	.dword	0x7ffffffffffffff0, 0x10, 0x4
	.dword	0
