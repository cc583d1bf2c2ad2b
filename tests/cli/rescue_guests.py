# SPDX-License-Identifier: Apache-2.0
"""Ring-0 code in long mode, one piece an instruction that a KVM without hardware lacks, each with a check of what it has done."""

# Interrupts 3, 6, 13, 14 and 0x80 have a handler: it counts in r15, keeps the vector in r14, and goes on at r13.
PROLOGUE = """
	mov	$stack, %rsp
	lea	idt + 16 * 3, %rdi
	lea	on_3, %rax
	call	gate
	lea	idt + 16 * 6, %rdi
	lea	on_6, %rax
	call	gate
	lea	idt + 16 * 13, %rdi
	lea	on_13, %rax
	call	gate
	lea	idt + 16 * 14, %rdi
	lea	on_14, %rax
	call	gate
	lea	idt + 16 * 128, %rdi
	lea	on_128, %rax
	call	gate
	lidt	idt_pointer
	mov	%cr4, %rax
	or	$0x600, %eax			# OSFXSR, OSXMMEXCPT
	mov	%rax, %cr4
	xor	%r15, %r15
	lea	data, %rsi
"""

EPILOGUE = """
	end	0
bad:	end	1

gate:	mov	%ax, (%rdi)
	movw	$0x10, 2(%rdi)
	movw	$0x8e00, 4(%rdi)
	shr	$16, %rax
	mov	%rax, 6(%rdi)
	ret
on_3:	mov	$3, %r14
	jmp	over
on_6:	mov	$6, %r14
	jmp	over
on_128:	mov	$128, %r14
	jmp	over
on_13:	mov	$13, %r14
	jmp	over_code
on_14:	mov	$14, %r14
over_code:
	add	$8, %rsp
over:	inc	%r15
	mov	16(%rsp), %r12			# the flags
	mov	24(%rsp), %rsp
	jmp	*%r13

	.balign 64
data:	.quad	1, 2, 3, 4, 5, 6, 7, 8
	.balign 64
zeros:	.fill	64
area:	.fill	4096
	.balign 16
idt_pointer:
	.word	16 * 256 - 1
	.quad	idt
	.balign 16
idt:	.fill	16 * 256
	.fill	8192
stack:
"""

FRESH = """
	xor	%r15, %r15
	movq	$1, (%rsi)
	movq	$2, 8(%rsi)
"""

XSAVE = """
	mov	%cr4, %rax
	or	$0x40000, %eax
	mov	%rax, %cr4
	xor	%ecx, %ecx
	xor	%edx, %edx
	mov	$7, %eax
	xsetbv
"""

SMAP = """
	mov	%cr4, %rax
	or	$0x200000, %eax
	mov	%rax, %cr4
"""


def trap(instruction, vector):
    return "lea 1f, %%r13; %s; jmp bad; 1: cmp $%d, %%r14d; jne bad; cmp $1, %%r15d; jne bad" % (instruction, vector)


def if_told(leaf, register, bit, source):
    """What a processor executes that says so in CPUID, and raises #UD for otherwise, whichever engine it is."""
    return "mov $%#x, %%eax; xor %%ecx, %%ecx; cpuid; bt $%d, %%%s; jnc 9f; %s; 9:" % (leaf, bit, register, source)


# name: (how many instructions may have to be rescued, source)
PIECES = {
    "nothing": (0, "nop"),
    "int3": (1, trap("int3", 3)),
    "int n": (1, trap("int $0x80", 128)),
    "ud2": (1, trap("ud2", 6)),
    "cmpxchg16b": (1, """
	mov	$1, %eax
	mov	$2, %edx
	mov	$10, %ebx
	mov	$20, %ecx
	lock cmpxchg16b (%rsi)
	jnz	bad
	cmpq	$10, (%rsi)
	jne	bad
	cmpq	$20, 8(%rsi)
	jne	bad
"""),
    "popcnt": (1, "mov $0xf0f1, %ebx; popcnt %ebx, %eax; cmp $9, %eax; jne bad"),
    "crc32": (1, "xor %eax, %eax; mov $0x12345678, %ebx; crc32l %ebx, %eax; cmp $0xfa745634, %eax; jne bad"),
    "tzcnt": (1, "mov $0x100, %ebx; tzcnt %ebx, %eax; cmp $8, %eax; jne bad"),
    "andn": (1, "mov $0xff0f, %eax; mov $0xf0ff, %ebx; andn %ebx, %eax, %ecx; cmp $0xf0, %cl; jne bad; cmp $0xf0, %ecx; jne bad"),
    "rorx": (1, "mov $0x10, %eax; rorx $4, %eax, %ecx; cmp $1, %ecx; jne bad"),
    "mulx": (1, "mov $3, %edx; mov $5, %eax; mulx %rax, %rbx, %rcx; cmp $15, %rbx; jne bad; test %rcx, %rcx; jnz bad"),
    "adcx": (1, "mov $1, %eax; mov $2, %ebx; stc; adcx %rbx, %rax; jc bad; cmp $4, %rax; jne bad"),
    "aesenc": (4, """
	pxor	%xmm0, %xmm0
	pxor	%xmm1, %xmm1
	aesenc	%xmm1, %xmm0
	movq	%xmm0, %rax
	mov	$0x6363636363636363, %rbx
	cmp	%rbx, %rax
	jne	bad
"""),
    "rdtscp": (1, if_told(0x80000001, "edx", 27, "rdtscp; test %eax, %eax; jnz 1f; test %edx, %edx; jz bad; 1:")),
    "clac, stac": (2, SMAP + "stac; pushf; pop %rax; bt $18, %eax; jnc bad; clac; pushf; pop %rax; bt $18, %eax; jc bad"),
    "invpcid": (1, if_told(7, "ebx", 10, "mov $2, %eax; invpcid zeros, %rax")),
    "lar": (1, "mov $0x10, %ecx; lar %ecx, %eax; jnz bad; and $0xff00, %eax; cmp $0x9b00, %eax; jne bad"),
    "lsl": (1, "mov $0x10, %ecx; lsl %ecx, %eax; jnz bad; cmp $-1, %eax; jne bad"),
    "verw": (1, "mov $0x18, %ecx; verw %cx; jnz bad"),
    "addsd": (4, "mov $3, %eax; cvtsi2sd %eax, %xmm0; addsd %xmm0, %xmm0; cvttsd2si %xmm0, %eax; cmp $6, %eax; jne bad"),
    "paddq": (3, "movdqu (%rsi), %xmm0; paddq %xmm0, %xmm0; movdqu %xmm0, (%rsi); cmpq $4, 8(%rsi); jne bad"),
    "x87": (6, "fninit; fld1; fldpi; faddp; fmul %st(0), %st; fistpl (%rsi); cmpl $17, (%rsi); jne bad"),
    "xsetbv": (1, XSAVE + "xor %ecx, %ecx; xgetbv; cmp $7, %eax; jne bad"),
    "xsave": (5, XSAVE + """
	pcmpeqd	%xmm5, %xmm5
	mov	$7, %eax
	xor	%edx, %edx
	lea	area, %rdi
	and	$~63, %rdi
	xsave	(%rdi)
	pxor	%xmm5, %xmm5
	mov	$7, %eax
	xrstor	(%rdi)
	movq	%xmm5, %rax
	cmp	$-1, %rax
	jne	bad
"""),
    "vpaddd": (4, XSAVE + """
	vpcmpeqd %ymm0, %ymm0, %ymm0
	vpaddd	%ymm0, %ymm0, %ymm1
	vextracti128 $1, %ymm1, %xmm2
	vmovd	%xmm2, %eax
	cmp	$-2, %eax
	jne	bad
"""),
    "a fault": (1, "mov $-0x1000, %rdi; shl $20, %rdi; lea 1f, %r13; popcnt (%rdi), %rax; jmp bad;"
                " 1: cmp $14, %r14d; jne bad; mov %cr2, %rax; cmp %rdi, %rax; jne bad"),
    # The version of the IOAPIC, and what lies where nothing is.
    "a load from a device": (1, "mov $0xfec00000, %edi; movl $1, (%rdi); popcnt 0x10(%rdi), %eax; cmp $5, %eax; jne bad"),
    "a load in parts": (3, "mov $0xd0000000, %edi; pcmpeqd %xmm1, %xmm1; paddq (%rdi), %xmm1; movq %xmm1, %rax; cmp $-2, %rax; jne bad"),
    "a store in parts": (2, XSAVE + "mov $0xd0000000, %edi; vmovdqu %ymm1, (%rdi)"),
}


def guest(names):
    """The pieces one after the other."""
    body = []
    for number, name in enumerate(names):
        source = PIECES[name][1].replace("; ", "\n").replace("1f", "%df" % (number + 10)).replace("\n1:", "\n%d:" % (number + 10))
        source = source.replace(" 1:", " %d:" % (number + 10))
        body.append(FRESH + source + "\n")
    return (64, PROLOGUE + "".join(body) + EPILOGUE)
