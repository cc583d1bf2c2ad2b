# SPDX-License-Identifier: Apache-2.0
# Tables that point to themselves, and at devices: reads and writes through each entry.
	.include "common.inc"
	.equ	TABLE, 0x80400000
	skip_traps
	li	s0, TABLE
	srli	t1, s0, 12
	slli	t2, t1, 10
	ori	t2, t2, 1			# a pointer to this very table
	li	t3, 512
	mv	t4, s0
1:	sd	t2, 0(t4)
	addi	t4, t4, 8
	addi	t3, t3, -1
	bnez	t3, 1b
	li	t2, (0x80000000 >> 12) << 10 | 0xcf
	sd	t2, 16(s0)			# where this code lies: 1 GiB at 0x80000000
	li	t2, (0x00000000 >> 12) << 10 | 0xcf
	sd	t2, 0(s0)			# devices
	li	t2, -1
	sd	t2, 32(s0)			# reserved bits
	li	t2, (0x3fffffffc0000) << 10 | 0xcf
	sd	t2, 40(s0)			# a page past every address
	li	t0, 8 << 60
	or	t0, t0, t1
	csrw	satp, t0
	sfence.vma
	li	s1, 0
	li	s2, 512
2:	slli	s3, s1, 30
	ld	t0, 0(s3)
	sb	zero, 0(s3)			# nothing that would end the machine
	addi	s1, s1, 1
	bne	s1, s2, 2b
	csrw	satp, zero
	sfence.vma
	print	"done\n"
	power_off
