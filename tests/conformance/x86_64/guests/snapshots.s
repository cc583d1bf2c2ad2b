# SPDX-License-Identifier: Apache-2.0
# A guest that does a little of everything, six times; but no access of several exits in one direction, whose parts belong together.
# (wsi) is memory of its own.
	.include "common.inc"

	ROUNDS = 6
	PORT = 0x10
	PORT_STRING = 0x11

guest mixed
	mov	$ROUNDS, wbp
again:
# ports, and what comes of them
	in	$PORT, %al
	out	%al, $PORT
	in	$PORT, %eax
	add	%eax, (wsi)
	out	%eax, $PORT
# devices: read, write, both
	movzwl	%es:0x10(wbx), %eax
	add	%eax, 4(wsi)
	mov	%eax, %es:0x14(wbx)
	addl	$0x1234, %es:0x18(wbx)
	movsbl	%es:0x1c(wbx), %eax
	xchg	%eax, 8(wsi)
# the stack
	push	wax
	push	wbp
	pop	wax
	pop	wdx
	mov	%al, %es:0x20(wbx)
# a string that is written element by element
	mov	$3, wcx
	mov	$PORT_STRING, %dx
	push	wsi
	cld
	rep outsb
	pop	wsi
.ifdef BITS64
	movabs	$0x1122334455667788, %r8
	mov	%es:0x28(%rbx), %r9
	add	%r8, %r9
	mov	%r9, %es:0x30(%rbx)
	mov	%r9, 0x10(%rsi)
.endif
.ifndef USER
# registers that the VMM has, and one that the engine has
	mov	$0x802, %ecx
	rdmsr
	mov	$0x80b, %ecx
	wrmsr
	mov	$0x176, %ecx
	mov	$0, %edx
	wrmsr
.endif
.ifdef USER
# what programs calculate with
	cvtsi2sd %ebp, %xmm1
	addsd	%xmm1, %xmm15
	movups	%xmm15, 0x40(%rsi)
	stmxcsr	0x38(%rsi)
	mov	%ebp, 0x20(%rsi)
	fildl	0x20(%rsi)
	fld1
	faddp
	fstl	0x28(%rsi)
.endif
	stc
	rcl	$1, wax
	mov	%al, %es:0x24(wbx)
	dec	wbp
	jnz	again
endguest mixed

# Until an interrupt comes.
.ifndef USER
guest sleep
	sti
	hlt
asleep:
	inc	wcx
	jmp	asleep
endguest sleep
.endif
