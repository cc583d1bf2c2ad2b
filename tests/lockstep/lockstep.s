# SPDX-License-Identifier: Apache-2.0
# Guests to be executed on two engines.
	.include "common.inc"

# Looks for the highest bit of numbers up to one that the wrong processor (tests/plugins/wrong-x86_64) gets wrong, and some more.
count:
	mov	$0xc0f800, %ecx
	xor	%edx, %edx
1:	bsr	%ecx, %eax
	add	%eax, %edx
	inc	%ecx
	cmp	$0xc0fff8, %ecx
	jne	1b
	done

# That number at once, and what comes of it goes to memory.
count_one:
	mov	$0xc0ffee, %ecx
	nop
	bsr	%ecx, %eax
	mov	%eax, 0x8010
	done

# What may differ: time, identity, flags that are undefined, also where they are stored.
differing:
	mov	$100, %ebp
1:	rdtsc
	mov	%eax, %esi
	xor	%eax, %eax
	xor	%ecx, %ecx
	cpuid
	mov	%ebp, %eax
	imul	$0x12345, %eax, %edi
	pushf
	and	$0x7f, %eax
	pushf
	mov	$5, %ecx
	shl	%cl, %edi
	pushf
	mul	%ecx
	pushf
	bsf	%ecx, %edx
	pushf
	bt	$3, %edi
	pushf
	xor	%edx, %edx
	mov	$1000, %eax
	div	%ecx
	pushf
	add	$7 * WORD, wsp
	dec	%ebp
	jnz	1b
	done

# For ever, with memory that is never twice the same.
store:
	incl	0x8020
	inc	wcx
	mov	%ecx, 0x8030
	jmp	store

# What the VMM writes at an exit is added up.
sum:
	xor	%ecx, %ecx
1:	out	%al, $0x10
	add	0x8040, %ecx
	jmp	1b
