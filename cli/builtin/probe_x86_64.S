/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that executes what every 64-bit kernel does in ring 0 and an engine that emulates ring 0 is likely to lack: see probe.h. It
 * starts in real mode at 0x8000, goes to long mode, and ends by port 0xf4: with 0 where all went well, with 1 where an instruction has
 * done something else than it should.
 *
 * probe_x86_64.h holds the assembled bytes; tests/unit/cli/builtin.sh assembles this file again and compares, and with --update
 * writes the header.
 */
	.set	EXIT, 0xf4
	.set	PML4, 0x1000		/* memory is zero where nothing was loaded */
	.set	PDPT, 0x2000
	.set	PD, 0x3000
	.set	DATA_PAGE, 0x4000
	.set	STACK, 0x6000
	.set	PRESENT_WRITABLE, 3
	.set	PRESENT_WRITABLE_LARGE, 0x83
	.set	CR0_LONG, 0x80000033	/* PG, NE, ET, MP, PE */
	.set	CR0_PE, 1
	.set	CR4_LONG, 0x620		/* PAE, OSFXSR, OSXMMEXCPT */
	.set	EFER, 0xc0000080
	.set	EFER_LME, 0x100
	.set	CODE_32, 0x08
	.set	DATA, 0x10
	.set	CODE_64, 0x18
	.set	INTERRUPT_GATE, 0x8e00

	.globl	_start
	.code16
_start:	ljmp	$0, $real
real:	cli
	xor	%ax, %ax
	mov	%ax, %ds
	lgdtl	gdt_pointer
	mov	%cr0, %eax
	or	$CR0_PE, %eax
	mov	%eax, %cr0
	ljmpl	$CODE_32, $protected

	.code32
protected:
	mov	$DATA, %ax
	mov	%ax, %ds
	mov	%ax, %es
	mov	%ax, %ss
	mov	$STACK, %esp
	movl	$PDPT + PRESENT_WRITABLE, PML4
	movl	$PD + PRESENT_WRITABLE, PDPT
	movl	$PRESENT_WRITABLE_LARGE, PD
	mov	$CR4_LONG, %eax
	mov	%eax, %cr4
	mov	$PML4, %eax
	mov	%eax, %cr3
	mov	$EFER, %ecx
	rdmsr
	or	$EFER_LME, %eax
	wrmsr
	mov	$CR0_LONG, %eax
	mov	%eax, %cr0
	ljmp	$CODE_64, $long

	.code64
long:	mov	$STACK, %rsp
	lidt	idt_pointer
	mov	$DATA_PAGE, %rsi
	xor	%eax, %eax
	xor	%edx, %edx
	mov	$1, %ebx
	mov	$2, %ecx
	lock cmpxchg16b (%rsi)		/* 0 becomes 1 and 2 << 64 */
	jnz	bad
	mov	$3, %eax
	lock xadd %rax, 8(%rsi)
	cmp	$2, %rax
	jne	bad
	movdqu	(%rsi), %xmm0		/* 1 and 5 */
	paddq	%xmm0, %xmm0
	movdqa	%xmm0, (%rsi)
	cmpq	$10, 8(%rsi)
	jne	bad
	mov	$1, %eax
	cvtsi2sd %eax, %xmm1
	addsd	%xmm1, %xmm1
	cvttsd2si %xmm1, %eax
	cmp	$2, %eax
	jne	bad
	mov	$STACK - 0x200, %edi
	fxsave	(%rdi)
	swapgs
	swapgs
	invlpg	(%rsi)
	mov	$41, %r8
	int3				/* a gate, and iret in long mode */
	cmp	$42, %r8
	jne	bad
	xor	%eax, %eax
	jmp	end
bad:	mov	$1, %eax
end:	out	%al, $EXIT
	jmp	end

breakpoint:
	inc	%r8
	iretq

	.balign	8
gdt:	.quad	0
	.quad	0x00cf9b000000ffff	/* CODE_32 */
	.quad	0x00cf93000000ffff	/* DATA */
	.quad	0x00af9b000000ffff	/* CODE_64 */
gdt_pointer:
	.word	gdt_pointer - gdt - 1
	.long	gdt

	.balign	8
idt:	.fill	3 * 2, 8, 0
	.word	breakpoint, CODE_64, INTERRUPT_GATE, 0
	.quad	0
idt_pointer:
	.word	idt_pointer - idt - 1
	.quad	idt
