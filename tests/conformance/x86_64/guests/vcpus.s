# SPDX-License-Identifier: Apache-2.0
# Guests of several vCPUs, that meet in the memory at (wsi). Each has its number in rdx and does its work rcx times.
	.include "common.inc"

# Port 0x20: the VMM sends interrupt 0x20 to vCPU AL. Port 0x21: it starts vCPU 1 at page AL.
	PORT_SEND = 0x20
	PORT_START = 0x21

# Waits for its number in the mailbox, counts, and writes the next one's (rdi) with a locked exchange.
guest hand_over
1:	mov	(wsi), %eax
	cmp	%edx, %eax
	jne	1b
	incl	4(wsi)
	mov	%edi, %eax
	xchg	%eax, (wsi)
	dec	wcx
	jnz	1b
endguest hand_over

guest add
1:	mov	$1, %eax
	lock xadd %eax, (wsi)
	lock incl 4(wsi)
	dec	wcx
	jnz	1b
endguest add

# A spin lock around a count that is not atomic.
guest spin_lock
1:	mov	$1, %eax
	xchg	%eax, (wsi)
	test	%eax, %eax
	jnz	1b
	mov	4(wsi), %eax
	inc	%eax
	mov	%eax, 4(wsi)
	movl	$0, (wsi)
	dec	wcx
	jnz	1b
endguest spin_lock

.ifndef USER
# Wakes vCPU 1, and waits until it has counted.
guest send
	xor	%edx, %edx
1:	mov	$1, %al
	out	%al, $PORT_SEND
	inc	%edx
2:	cmp	%edx, (wsi)
	jne	2b
	dec	wcx
	jnz	1b
endguest send

# Closed but for the halt: an interrupt that came before it would be one that it does not end with.
guest receive
1:	sti
	hlt
	cli
	lock incl (wsi)
	dec	wcx
	jnz	1b
endguest receive
.endif

.ifdef REAL
# Starts vCPU 1 in page after page (bl), and waits until it has written its code segment.
guest start_others
1:	mov	%bl, %al
	out	%al, $PORT_START
	mov	%bl, %ah
	mov	$0, %al
2:	cmp	%ax, (wsi)
	jne	2b
	inc	%bl
	dec	wcx
	jnz	1b
endguest start_others

# Lies in any page.
	.balign 16
other:
	mov	%cs, %ax
	mov	%ax, 0x8000
	hlt
other_end:
.endif
