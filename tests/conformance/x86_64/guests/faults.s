# SPDX-License-Identifier: Apache-2.0
# What ends or diverts a guest: halts, faults, shutdowns. test-faults.c has what is expected.
	.include "common.inc"

# Port 0xf0 takes the number of a stage that a guest has reached.
	PORT_STAGE = 0xf0

.macro one name, instruction:vararg
guest \name
	\instruction
endguest \name
.endm

	one undefined, ud2
	one divide, div wcx
	one read_port, in $0x10, %al
	one write_port, out %al, $0x10
	one read_hole, mov %es:4(wbx), %al

guest power_off
	mov	$0x604, %dx
	mov	$0x2000, %ax
	out	%ax, %dx
endguest power_off

# Not quite the power-off: another width, value or port.
guest no_power_off
	mov	$0x604, %dx
	mov	$0x2000, %eax
	out	%al, %dx
	out	%eax, %dx
	mov	$0x2001, %ax
	out	%ax, %dx
	mov	$0x605, %dx
	mov	$0x2000, %ax
	out	%ax, %dx
endguest no_power_off

guest jump_nowhere
.ifdef REAL
	ljmp	$0xa000, $0
.else
	jmp	*wbx
.endif
endguest jump_nowhere

	one halt, hlt
	one read_msr, rdmsr
	one write_msr, wrmsr
	one clear_interrupts, cli

.ifdef BITS64
	one read_cr0, mov %cr0, %rax
	one read_unmapped, mov (%rsi), %al
	one write_unmapped, mov %al, (%rsi)
.endif

# A program's own way through the modes, by instructions alone.
.ifdef REAL
guest through_modes
	lgdtl	gdt_pointer
	mov	%cr0, %eax
	or	$1, %al
	mov	%eax, %cr0
	ljmpl	$0x08, $in_protected_mode

	.code32
in_protected_mode:
	mov	$0x10, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	$0xb000, %esp
	mov	$32, %al
	out	%al, $PORT_STAGE
	mov	%cr4, %eax
	or	$0x20, %eax
	mov	%eax, %cr4
	mov	$0x10000, %eax
	mov	%eax, %cr3
	mov	$0xc0000080, %ecx
	rdmsr
	or	$0x100, %eax
	wrmsr
	mov	%cr0, %eax
	or	$0x80000000, %eax
	mov	%eax, %cr0
	ljmp	$0x18, $in_long_mode

	.code64
in_long_mode:
	movabs	$0x1122334455667788, %rax
	mov	$64, %al
	out	%al, $PORT_STAGE
	push	$0x23
	push	$0xb000
	push	$0x3002
	push	$0x2b
	push	$in_ring_3
	iretq
in_ring_3:
	mov	$3, %al
	out	%al, $PORT_STAGE
	done

	.balign 4
gdt_pointer:
	.word	0x3f
	.long	0xb000
.endif
