# SPDX-License-Identifier: Apache-2.0
# Guests that read, write and execute memory that changes under them. (wsi) is the first byte of the pool of pages.
	.include "common.inc"

	PAGE = 0x1000

# rcx times a byte, rdi bytes apart.
guest store
1:	mov	%al, (wsi)
	add	wdi, wsi
	dec	wcx
	jnz	1b
endguest store

	.macro	one name, instruction:vararg
guest \name
	\instruction
endguest \name
	.endm
	one load, mov (wsi), %eax
	one store_4, mov %eax, (wsi)

# Counts in one page after the other, round and round; the rounds are in the first page's second word.
count_for_ever:
	mov	wsi, wdi
1:	incl	(wsi)
	add	$PAGE, wsi
	dec	wcx
	jnz	1b
	incl	4(wdi)
	mov	wdi, wsi
	mov	wdx, wcx
	jmp	1b

load_for_ever:
	mov	(wsi), %al
	jmp	load_for_ever

# The guest changes an instruction that it has executed before.
guest change_own_code
	mov	$2, wcx
1:	jmp	2f
2:
changed:
	mov	$1, %al
	out	%al, $0x10
	movb	$2, changed + 1
	dec	wcx
	jnz	1b
endguest change_own_code

# The VMM changes one: while the guest is out, and while it runs.
guest code_of_another
1:
tell:
	mov	$1, %al
	out	%al, $0x10
	jmp	1b
endguest code_of_another

guest wait_for_code
1:
wait_value:
	mov	$1, %al
	cmp	$2, %al
	jne	1b
endguest wait_for_code

# Code in the pool: at its first byte.
guest call_pool
	mov	$0, %al
.ifdef REAL
	lcall	$0x5000, $0
.else
	call	*wsi
.endif
endguest call_pool
