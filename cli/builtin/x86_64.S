/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest that axvcpu-run runs on the x86_64 board when it is given none: says on COM1 what it runs on, and powers off. It starts as
 * flat binaries do, in real mode at 0x8000 with all segments 0, and goes through protected to long mode, if the CPU has one.
 *
 * Only plain integer instructions, in, out, cpuid and what the change of modes needs: some engines emulate ring 0 and lack much else.
 * x86_64.h holds the assembled bytes; tests/unit/cli/builtin.sh assembles this file again and compares, and with --update
 * writes the header.
 */
	.set	COM1, 0x3f8
	.set	COM1_STATUS, 0x3fd
	.set	COM1_ROOM, 0x20		/* the transmitter takes a character */
	.set	POWER, 0x604
	.set	POWER_OFF, 0x2000
	.set	PML4, 0x10000		/* memory is zero where nothing was loaded */
	.set	PDPT, 0x11000
	.set	PD, 0x12000
	.set	PRESENT_WRITABLE, 3
	.set	PRESENT_WRITABLE_LARGE, 0x83
	.set	CR0_PE, 1
	.set	CR0_PG, 0x80000000
	.set	CR4_PAE, 0x20
	.set	EFER, 0xc0000080
	.set	EFER_LME, 0x100
	.set	CODE_32, 0x08
	.set	DATA, 0x10
	.set	CODE_64, 0x18

/* The string at \si, in the mode that it is assembled for. Uses ax, dx and \si. */
	.macro	define_puts name si
\name:
	mov	(%\si), %al
	test	%al, %al
	jz	3f
	mov	%al, %ah
1:	mov	$COM1_STATUS, %dx
	in	%dx, %al
	test	$COM1_ROOM, %al
	jz	1b
	mov	%ah, %al
	mov	$COM1, %dx
	out	%al, %dx
	add	$1, %\si
	jmp	\name
3:	ret
	.endm

	.macro	define_end name
\name:
	mov	$POWER, %dx
	mov	$POWER_OFF, %ax
	out	%ax, %dx
1:	hlt				/* a board without that port */
	jmp	1b
	.endm

	.section .text
	.globl _start
	.code16
_start:
	cli
	mov	$0x7c00, %sp
	mov	$text_hello, %si
	call	puts_16
	lgdtl	gdt_pointer
	mov	%cr0, %eax
	or	$CR0_PE, %eax
	mov	%eax, %cr0
	ljmp	$CODE_32, $protected
	define_puts puts_16 si

	.code32
protected:
	mov	$DATA, %ax
	mov	%ax, %ds
	mov	%ax, %es
	mov	%ax, %ss
	mov	$0x7c00, %esp
	call	say_vendor
	call	say_brand
	call	say_hypervisor
	mov	$text_modes, %esi
	call	puts_32
	mov	$0x80000000, %eax
	cpuid
	cmp	$0x80000001, %eax
	jb	no_long_mode
	mov	$0x80000001, %eax
	cpuid
	test	$1 << 29, %edx
	jz	no_long_mode
	movl	$PDPT + PRESENT_WRITABLE, PML4
	movl	$PD + PRESENT_WRITABLE, PDPT
	movl	$PRESENT_WRITABLE_LARGE, PD
	mov	%cr4, %eax
	or	$CR4_PAE, %eax
	mov	%eax, %cr4
	mov	$PML4, %eax
	mov	%eax, %cr3
	mov	$EFER, %ecx
	rdmsr
	or	$EFER_LME, %eax
	wrmsr
	mov	%cr0, %eax
	or	$CR0_PG, %eax
	mov	%eax, %cr0
	ljmp	$CODE_64, $long
no_long_mode:
	mov	$text_end, %esi
	call	puts_32
	define_end end_32

/* Three registers of four characters each: ebx, \second, \third */
	.macro	say_signature leaf text second third
	mov	$\leaf, %eax
	cpuid
	mov	%ebx, buffer
	mov	%\second, buffer + 4
	mov	%\third, buffer + 8
	movb	$0, buffer + 12
	mov	$\text, %esi
	call	puts_32
	mov	$buffer, %esi
	call	puts_32
	.endm

say_vendor:
	say_signature 0 text_vendor edx ecx
	ret

say_hypervisor:
	mov	$1, %eax
	cpuid
	test	%ecx, %ecx		/* bit 31: there is one */
	jns	1f
	say_signature 0x40000000 text_hypervisor ecx edx
1:	ret

say_brand:
	mov	$0x80000000, %eax
	cpuid
	cmp	$0x80000004, %eax
	jb	2f
	mov	$0x80000002, %eax
	cpuid
	test	%eax, %eax		/* none is given */
	jz	2f
	mov	$text_brand, %esi
	call	puts_32
	mov	$0x80000002, %edi
1:	mov	%edi, %eax
	cpuid
	mov	%eax, buffer
	mov	%ebx, buffer + 4
	mov	%ecx, buffer + 8
	mov	%edx, buffer + 12
	movb	$0, buffer + 16
	mov	$buffer, %esi
	call	puts_32
	add	$1, %edi
	cmp	$0x80000004, %edi
	jbe	1b
2:	ret
	define_puts puts_32 esi

	.code64
long:
	mov	$DATA, %ax
	mov	%ax, %ss
	mov	$0x7c00, %rsp
	mov	$text_long, %rsi
	call	puts_64
	mov	$text_end, %rsi
	call	puts_64
	define_end end_64
	define_puts puts_64 rsi

	.balign	8
gdt:	.quad	0
	.quad	0x00cf9b000000ffff	/* CODE_32 */
	.quad	0x00cf93000000ffff	/* DATA */
	.quad	0x00af9b000000ffff	/* CODE_64 */
gdt_pointer:
	.word	gdt_pointer - gdt - 1
	.long	gdt

text_hello:		.asciz "Hello from axvcpu's built-in x86_64 guest.\n"
text_vendor:		.asciz "  vendor   "
text_brand:		.asciz "\n  CPU      "
text_hypervisor:	.asciz "\n  under    "
text_modes:		.asciz "\n  modes    real, protected"
text_long:		.asciz ", long"
text_end:		.asciz "\nEverything works; powering off. Give axvcpu-run an image to run your own guest.\n"

	.balign	16
	.bss
buffer:	.space	20
