# SPDX-License-Identifier: Apache-2.0
"""Small x86_64 guests for the tests of axvcpu-run, assembled when they are needed with the host's as and ld.

Real mode wherever that does: a KVM without hardware emulates it, and its emulator has no iret of protected mode. MSRs (x2APIC)
take the place of the APIC's memory there.
"""

import os
import re
import shutil
import subprocess
import tempfile

LOAD_ADDRESS = 0x8000

# For every guest: how it speaks, how it ends, and the interrupt vectors.
COMMON = """
	.set	COM1, 0x3f8
	.set	EXIT, 0xf4

	.macro	putc character:vararg
	mov	\\character, %al
	mov	$COM1, %dx
	out	%al, %dx
	.endm

	.macro	end code
	mov	$\\code, %al
	out	%al, $EXIT
	.endm

	.macro	port number value		# a byte
	mov	$\\value, %al
	mov	$\\number, %dx
	out	%al, %dx
	.endm

	.macro	msr number low high=0
	mov	$\\number, %ecx
	mov	$\\low, %eax
	mov	$\\high, %edx
	wrmsr
	.endm

	.macro	vector number handler		# real mode
	movw	$\\handler, 4 * \\number
	movw	$0, 4 * \\number + 2
	.endm

	.macro	pics mask1 mask2			# vectors from 0x20 and 0x28
	port	0x20 0x11
	port	0xa0 0x11
	port	0x21 0x20
	port	0xa1 0x28
	port	0x21 4
	port	0xa1 2
	port	0x21 1
	port	0xa1 1
	port	0x21 \\mask1
	port	0xa1 \\mask2
	.endm

	.macro	x2apic
	mov	$0x1b, %ecx
	rdmsr
	or	$0xc00, %eax
	wrmsr
	msr	0x80f 0x1ff
	.endm

# eax in hexadecimal, and a line feed
	.macro	define_print
print:	mov	%eax, %ebx
	mov	$8, %cx
1:	rol	$4, %ebx
	mov	%bl, %al
	and	$15, %al
	add	$'0', %al
	cmp	$'9', %al
	jbe	2f
	add	$'a' - '9' - 1, %al
2:	mov	$COM1, %dx
	out	%al, %dx
	dec	%cx
	jnz	1b
	putc	$10
	ret
	.endm

	.globl _start
"""

GUESTS = {
    "hello": "say hello; end 0",
    "fail-7": "end 7",
    "fail-62": "end 62",
    "fail-999": "mov $999, %eax; out %eax, $EXIT",
    "power-off": "mov $0x604, %dx; mov $0x2000, %ax; out %ax, %dx",
    "reset-keyboard": "say start; port 0x64 0xfe",
    "reset-fast": "say start; port 0x92 1",
    "reset-control": "say start; port 0xcf9 6",
    "triple-fault": """
	say	start
	lgdt	gdt_pointer
	lidt	idt_pointer
	mov	%cr0, %eax
	or	$1, %eax
	mov	%eax, %cr0
	ljmp	$8, $protected
protected:
	ud2
	.balign	8
gdt:	.quad	0, 0x00009b000000ffff
gdt_pointer:
	.word	15
	.long	gdt
idt_pointer:
	.word	0
	.long	0
""",
    "popcnt": "popcnt %ax, %bx; end 0",
    "vmcall": "putc $'v; vmcall; end 0",
    "spin": "putc $'s; 1: jmp 1b",
    "chatter": "1: putc $'x; jmp 1b",
    "idle": "pics 0xff 0xff; say idle; sti; 1: hlt; jmp 1b",
    "halt": "cli; hlt; end 0",
    "jump-nowhere": (32, "mov $0xd0001000, %eax; jmp *%eax"),
    "echo-polled": """
1:	mov	$COM1 + 5, %dx
	in	%dx, %al
	test	$1, %al
	jz	1b
	mov	$COM1, %dx
	in	%dx, %al
	out	%al, %dx
	cmp	$'q', %al
	jne	1b
	end	0
""",
    "echo": """
	vector	0x24 received
	pics	0xef 0xff
	port	COM1+1 1
	port	COM1+4 8
	say	ready
	sti
1:	hlt
	jmp	1b
received:
	mov	$COM1 + 5, %dx
	in	%dx, %al
	test	$1, %al
	jz	2f
	mov	$COM1, %dx
	in	%dx, %al
	out	%al, %dx
	cmp	$'q', %al
	jne	received
	end	0
2:	port	0x20 0x20
	iret
""",
    # 100 interrupts of 100 a second (1193182 / 11932), and what the PM timer says they took.
    "pit": """
	vector	0x20 tick
	pics	0xfe 0xff
	port	0x43 0x34
	port	0x40 0x9c
	port	0x40 0x2e
	sti
	hlt
	call	pm_timer
	mov	%eax, start
1:	hlt
	cmpl	$101, count
	jb	1b
	cli
	call	pm_timer
	sub	start, %eax
	and	$0xffffff, %eax
	call	print
	end	0
pm_timer:
	mov	$0x608, %dx
	in	%dx, %eax
	ret
tick:	push	%ax
	incl	count
	mov	$0x20, %al
	out	%al, $0x20
	pop	%ax
	iret
	define_print
	.balign	4
count:	.long	0
start:	.long	0
""",
    # Date and time, and 64 periodic interrupts.
    "rtc": """
	.irp	index, 0x32, 9, 8, 7, 4, 2, 0
	mov	$\\index, %al
	out	%al, $0x70
	in	$0x71, %al
	movzx	%al, %eax
	call	print
	.endr
	vector	0x28 tick
	pics	0xfb 0xfe
	mov	$0x0b, %al
	out	%al, $0x70
	mov	$0x42, %al
	out	%al, $0x71
	sti
1:	hlt
	cmpl	$64, count
	jb	1b
	cli
	mov	count, %eax
	call	print
	end	0
tick:	push	%ax
	incl	count
	mov	$0x0c, %al
	out	%al, $0x70
	in	$0x71, %al
	mov	$0x20, %al
	out	%al, $0xa0
	out	%al, $0x20
	pop	%ax
	iret
	define_print
	.balign	4
count:	.long	0
""",
    # 50 interrupts of 100 a second: a bus of 1 GHz, divided by 1.
    "apic-timer": """
	vector	0x40 tick
	pics	0xff 0xff
	x2apic
	msr	0x83e 0xb
	msr	0x832 0x20040
	msr	0x838 10000000
	call	pm_timer
	mov	%eax, start
	sti
1:	hlt
	cmpl	$50, count
	jb	1b
	cli
	call	pm_timer
	sub	start, %eax
	and	$0xffffff, %eax
	call	print
	end	0
pm_timer:
	mov	$0x608, %dx
	in	%dx, %eax
	ret
tick:	pushal
	incl	count
	msr	0x80b 0
	popal
	iret
	define_print
	.balign	4
count:	.long	0
start:	.long	0
""",
    # The first CPU starts the others by one INIT and one start-up IPI to all; each says a letter and halts for good.
    "processors": """
	x2apic
	mov	$1, %eax
	cpuid
	shr	$16, %ebx
	movzx	%bl, %ebx
	dec	%ebx
	mov	%ebx, others
	msr	0x830 0xc4500
	msr	0x830 0xc4609
1:	mov	present, %eax
	cmp	others, %eax
	jne	1b
	say	all
	end	0
	.balign	4
others:	.long	0
present:
	.long	0
	.org	0x1000
	xor	%ax, %ax
	mov	%ax, %ds
	mov	$1, %eax
	cpuid
	shr	$24, %ebx
	add	$'@', %bl
	putc	%bl
	lock	incl present
	cli
1:	hlt
	jmp	1b
""",
    # All stop for good, the first as the last.
    "processors-halt": """
	x2apic
	msr	0x830 0xc4500
	msr	0x830 0xc4609
	mov	$100000, %ecx
1:	dec	%ecx
	jnz	1b
	cli
	hlt
	.org	0x1000
	cli
	hlt
""",
    # Random values at every register of the board but those that end the run, the interrupt flag now up and now down. What goes wrong
    # goes on from the start: there is no return from an exception.
    "hostile": (32, """
	mov	$0x80000, %esp
	mov	$256, %ecx
	mov	$0x200000, %edi
	mov	$after, %eax
1:	mov	%ax, (%edi)
	movw	$0x10, 2(%edi)
	movw	$0x8e00, 4(%edi)
	movw	$0x10, 6(%edi)
	add	$8, %edi
	loop	1b
	lidt	idtp
	rdtsc
	or	$1, %eax
	mov	%eax, seed
after:	mov	$0x80000, %esp
loop:	call	random
	and	$15, %eax
	jmp	*table(,%eax,4)
random:	mov	seed, %eax
	mov	%eax, %edx
	shl	$13, %edx
	xor	%edx, %eax
	mov	%eax, %edx
	shr	$17, %edx
	xor	%edx, %eax
	mov	%eax, %edx
	shl	$5, %edx
	xor	%edx, %eax
	mov	%eax, seed
	ret
do_lapic:
	call	random
	and	$0x3ff, %eax
	call	random2
	lea	0xfee00000(%ebx), %edi
	call	random
	call	narrow
	cmp	$0x300, %ebx
	jne	1f
	and	$0xfffff8ff, %eax	# rarely INIT
1:	test	$1, %ecx
	jz	2f
	mov	%eax, (%edi)
	jmp	loop
2:	mov	(%edi), %eax
	jmp	loop
random2:				# ebx: an offset, ecx: other bits
	push	%eax
	call	random
	mov	%eax, %ecx
	pop	%ebx
	test	$0x70, %ecx
	jz	1f
	and	$~15, %ebx
1:	ret
narrow:	test	$2, %ecx
	jz	1f
	and	$0xfff, %eax
1:	ret
do_ioapic:
	call	random
	and	$0x3f, %eax
	mov	%al, 0xfec00000
	call	random
	and	$0xfffff8ff, %eax
	mov	%eax, 0xfec00010
	mov	0xfec00010, %eax
	test	$7, %al
	jnz	loop
	call	random
	mov	%eax, 0xfec00040
	mov	%ax, 0xfec00012
	jmp	loop
do_msr:
	call	random
	mov	%eax, %ecx
	and	$0x3f, %ecx
	add	$0x800, %ecx
	call	random
	mov	%eax, %ebx
	call	random
	cmp	$0x830, %ecx
	jne	1f
	and	$0xfffff8ff, %ebx
1:	test	$0x40, %eax
	jz	2f
	rdmsr
	jmp	loop
2:	mov	%eax, %edx
	mov	%ebx, %eax
	wrmsr
	jmp	loop
do_base:
	call	random
	test	$0x3f0, %eax
	jnz	do_deadline
	mov	$0x1b, %ecx
	xor	%edx, %edx
	and	$0xc00, %eax
	or	$0xfee00100, %eax
	test	$0x400, %eax
	jz	1f
	or	$0x800, %eax
1:	wrmsr
	jmp	loop
do_deadline:
	rdtsc
	mov	%eax, %ebx
	mov	%edx, %esi
	call	random
	and	$0xffffff, %eax
	add	%ebx, %eax
	mov	%esi, %edx
	mov	$0x6e0, %ecx
	wrmsr
	jmp	loop
do_port:
	call	random
	mov	%eax, %ebx
	and	$31, %ebx
	movzwl	ports(,%ebx,2), %ebp
	call	random
	mov	%eax, %ebx
	call	random
	mov	%ebp, %edx
	test	$0x100, %ebx
	jz	1f
	in	%dx, %al
	jmp	loop
1:	test	$0x7000, %ebx
	jz	2f
	out	%al, %dx
	jmp	loop
2:	test	$0x800, %ebx
	jz	3f
	out	%ax, %dx
	in	%dx, %ax
	jmp	loop
3:	out	%eax, %dx
	in	%dx, %eax
	jmp	loop
do_ipi:				# to all others, INIT or a start-up IPI
	call	random
	mov	%eax, %ebx
	and	$0xff, %eax
	or	$0xc4500, %eax
	test	$0x100, %ebx
	jz	1f
	or	$0x200, %eax
1:	mov	%eax, 0xfee00300
	jmp	loop
do_sti:	sti
	nop
	nop
	call	random
	test	$0x1f0, %eax
	jnz	loop
	cli
	jmp	loop
do_rtc:
	call	random
	and	$0x7f, %eax
	out	%al, $0x70
	call	random
	out	%al, $0x71
	in	$0x71, %al
	jmp	loop
	.balign 4
table:	.long	do_lapic, do_ioapic, do_msr, do_base, do_port, do_port, do_sti, do_rtc
	.long	do_ipi, do_lapic, do_ioapic, do_msr, do_lapic, do_port, do_sti, do_rtc
ports:	.short	0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1, 0x40, 0x41, 0x42, 0x43, 0x61, 0x70, 0x71, 0x3f9, 0x3fa, 0x3fb, 0x3fc, 0x3fd, 0x3fe, 0x3ff, 0x600, 0x600, 0x600, 0x600, 0x606, 0x608, 0x60b, 0x80, 0x3f8, 0x40, 0x43, 0x62
idtp:	.word	2047
	.long	0x200000
seed:	.long	0
"""),
    # Something beyond 4 GiB is memory.
    "far-memory": (64, """
	mov	$0x13fffff00, %rbx
	mov	$0x123456789abcdef0, %rax
	mov	%rax, (%rbx)
	cmp	%rax, (%rbx)
	jne	1f
	say	memory
	end	0
1:	end	1
"""),
}


def can_assemble():
    return all(shutil.which(tool) for tool in ("as", "ld"))


def assemble(name_or_source, bits=16):
    """A flat binary for real mode, or an ELF file for 32 or 64 bits. What `;` separates are lines, and `say WORD` writes a
    line."""
    source = GUESTS.get(name_or_source, name_or_source)
    if isinstance(source, tuple):
        bits, source = source
    said = re.sub(r"\bsay\s+(\w+)", lambda match: "\n".join("putc $%d" % byte for byte in match[1].encode() + b"\n"), source)
    text = "\t.code%d\n%s_start:\n%s\n" % (bits, COMMON, said.replace("; ", "\n"))
    emulation = "elf_x86_64" if bits == 64 else "elf_i386"
    with tempfile.TemporaryDirectory() as folder:
        made = os.path.join(folder, "made")
        subprocess.run(["as", "--64" if bits == 64 else "--32", "-o", made + ".o"], input=text.encode(), check=True)
        flat = ["-Ttext=%#x" % LOAD_ADDRESS, "--oformat", "binary"] if bits == 16 else ["-Ttext=0x100000"]
        subprocess.run(["ld", "-m", emulation, "-N", "--no-warn-rwx-segments", *flat, "-o", made, made + ".o"], check=True)
        with open(made, "rb") as file:
            return file.read()
