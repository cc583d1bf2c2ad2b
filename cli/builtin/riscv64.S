/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest that axvcpu-run runs when it is given none: says what it runs on, and powers off. S-mode, position-independent, RV64IMAC.
 *
 * In: a0 hart id, a1 device tree. What it prints it asks for as any guest would: the device tree (engine, harts, memory)
 * and the SBI. riscv64.h holds the assembled bytes, so that a build needs no cross assembler; tests/unit/cli/builtin.sh assembles this
 * file again and compares, and with --update writes the header.
 */
	.section .text
	.globl _start
_start:
	mv	s0, a0
	mv	s1, a1
	lla	sp, stack_top
	lla	a0, text_hello
	call	puts
	call	walk
	lla	a0, text_engine
	call	puts
	mv	a0, s6
	call	puts
	lla	a0, text_harts
	call	puts
	mv	a0, s4
	call	put_decimal
	lla	a0, text_memory
	call	puts
	srli	a0, s5, 20
	call	put_decimal
	lla	a0, text_boot_hart
	call	puts
	mv	a0, s0
	call	put_decimal
	lla	a0, text_sbi
	call	puts
	li	a6, 0			/* sbi_get_spec_version */
	call	sbi_base
	srli	s0, a0, 24
	slli	s2, a0, 40
	srli	s2, s2, 40
	mv	a0, s0
	call	put_decimal
	li	a0, '.'
	call	putc
	mv	a0, s2
	call	put_decimal
	lla	a0, text_implementation
	call	puts
	li	a6, 1			/* sbi_get_impl_id */
	call	sbi_base
	call	put_hex
	lla	a0, text_version
	call	puts
	li	a6, 2			/* sbi_get_impl_version */
	call	sbi_base
	call	put_hex
	lla	a0, text_end
	call	puts
	li	a7, 0x53525354		/* SRST: shutdown, no reason */
	li	a6, 0
	li	a0, 0
	li	a1, 0
	ecall
	li	t0, 0x100000		/* an engine without SRST: the board's power-off */
	li	t1, 0x5555
	sw	t1, 0(t0)
1:	wfi
	j	1b

/* a0 = value of the SBI BASE function a6 */
sbi_base:
	li	a7, 0x10
	ecall
	mv	a0, a1
	ret

/* Walks the device tree at s1. s4 = harts, s5 = bytes of memory, s6 = the engine's name. Registers: s2 next token,
 * s3 strings, s7 whether this is the memory node. */
walk:
	addi	sp, sp, -16
	sd	ra, 0(sp)
	li	s4, 0
	li	s5, 0
	lla	s6, text_unknown
	li	s7, 0
	mv	a0, s1
	call	be32
	li	t0, 0xd00dfeed
	bne	a0, t0, walk_end
	addi	a0, s1, 8
	call	be32
	add	s2, s1, a0
	addi	a0, s1, 12
	call	be32
	add	s3, s1, a0
walk_next:
	mv	a0, s2
	call	be32
	addi	s2, s2, 4
	li	t0, 1
	beq	a0, t0, walk_node
	li	t0, 3
	beq	a0, t0, walk_property
	li	t0, 9
	bne	a0, t0, walk_next	/* FDT_END_NODE, FDT_NOP */
walk_end:
	ld	ra, 0(sp)
	addi	sp, sp, 16
	ret
walk_node:
	lla	a0, name_cpu
	call	begins
	add	s4, s4, a0
	lla	a0, name_memory
	call	begins
	mv	s7, a0
1:	lbu	t0, 0(s2)		/* past the name, and on to the next token */
	addi	s2, s2, 1
	bnez	t0, 1b
	j	walk_align
walk_property:
	mv	a0, s2
	call	be32
	mv	s8, a0			/* length */
	addi	a0, s2, 4
	call	be32
	add	s9, s3, a0		/* name */
	addi	s10, s2, 8		/* value */
	mv	s2, s9
	lla	a0, name_engine
	call	begins
	beqz	a0, 1f
	mv	s6, s10
1:	lla	a0, name_reg
	call	begins
	and	a0, a0, s7
	beqz	a0, 2f
	addi	a0, s10, 8		/* two cells of address, two of size */
	call	be32
	slli	s5, a0, 32
	addi	a0, s10, 12
	call	be32
	or	s5, s5, a0
2:	add	s2, s10, s8
walk_align:
	addi	s2, s2, 3
	andi	s2, s2, -4
	j	walk_next

/* a0 = 1 when the string at s2 begins with the one at a0, else 0 */
begins:
	mv	t1, s2
1:	lbu	t2, 0(a0)
	beqz	t2, 2f
	lbu	t3, 0(t1)
	addi	a0, a0, 1
	addi	t1, t1, 1
	beq	t2, t3, 1b
	li	a0, 0
	ret
2:	li	a0, 1
	ret

/* a0 = the big-endian word at a0 */
be32:
	lbu	t0, 0(a0)
	lbu	t1, 1(a0)
	lbu	t2, 2(a0)
	lbu	t3, 3(a0)
	slli	t0, t0, 24
	slli	t1, t1, 16
	slli	t2, t2, 8
	or	t0, t0, t1
	or	t2, t2, t3
	or	a0, t0, t2
	ret

/* The character in a0, by SBI's legacy console */
putc:
	li	a7, 1
	li	a6, 0
	ecall
	ret

/* The string at a0 */
puts:
	addi	sp, sp, -16
	sd	ra, 0(sp)
	mv	s11, a0
1:	lbu	a0, 0(s11)
	beqz	a0, 2f
	call	putc
	addi	s11, s11, 1
	j	1b
2:	ld	ra, 0(sp)
	addi	sp, sp, 16
	ret

put_hex:
	li	t1, 16
	j	put_number
put_decimal:
	li	t1, 10
/* The number a0 in base t1 */
put_number:
	addi	sp, sp, -48
	sd	ra, 40(sp)
	addi	t0, sp, 39		/* digits are made from the last one on */
	sb	zero, 0(t0)
1:	remu	t2, a0, t1
	divu	a0, a0, t1
	li	t3, 10
	blt	t2, t3, 2f
	addi	t2, t2, 'a' - '0' - 10
2:	addi	t2, t2, '0'
	addi	t0, t0, -1
	sb	t2, 0(t0)
	bnez	a0, 1b
	mv	a0, t0
	call	puts
	ld	ra, 40(sp)
	addi	sp, sp, 48
	ret

name_cpu:		.asciz "cpu@"
name_memory:		.asciz "memory@"
name_engine:		.asciz "axvcpu,engine"
name_reg:		.asciz "reg"
text_hello:		.asciz "Hello from axvcpu's built-in riscv64 guest.\n"
text_engine:		.asciz "  engine   "
text_unknown:		.asciz "unknown: no device tree says"
text_harts:		.asciz "\n  harts    "
text_memory:		.asciz "\n  memory   "
text_boot_hart:		.asciz " MiB\n  started  on hart "
text_sbi:		.asciz "\n  SBI      "
text_implementation:	.asciz ", implementation 0x"
text_version:		.asciz ", its version 0x"
text_end:		.asciz "\nEverything works; powering off. Give axvcpu-run an image to run your own guest.\n"

	.balign	16
	.bss
	.space	1024
stack_top:
