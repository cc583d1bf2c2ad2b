# SPDX-License-Identifier: Apache-2.0
# Guests of two vCPUs that hand over to each other, in 64-bit code. Each has its number in edx, the other's in edi, the mailbox at
# (rsi), and does its work rcx times. Who has waited for long gives its processor to others.
	.include "common.inc"

	PORT_YIELD = 0x20
	PATIENCE = 5000
	FUNCTION = 0x7000
	FUNCTION2 = 0x9000

.macro begin_wait
	mov	$PATIENCE, %ebp
.endm
.macro keep_waiting again
	pause
	dec	%ebp
	jnz	\again
	out	%al, $PORT_YIELD
	begin_wait
	jmp	\again
.endm

.ifdef BITS64
# Waits until the mailbox has its number.
.macro wait_for_turn
	begin_wait
91:	cmp	%edx, (%rsi)
	je	92f
	keep_waiting 91b
92:
.endm

# Plain loads and stores: the count is the owner's of the turn.
guest mailbox
1:	wait_for_turn
	incl	4(%rsi)
	mov	%edi, (%rsi)
	dec	%rcx
	jnz	1b
endguest mailbox

# Spin locks around a count that is not atomic: taken by xchg, and by cmpxchg.
guest xchg_lock
1:	begin_wait
2:	mov	$1, %eax
	xchg	%eax, (%rsi)
	test	%eax, %eax
	jz	3f
	keep_waiting 2b
3:	mov	4(%rsi), %eax
	inc	%eax
	mov	%eax, 4(%rsi)
	movl	$0, (%rsi)
	dec	%rcx
	jnz	1b
endguest xchg_lock

guest cmpxchg_lock
	mov	$1, %r8d
1:	begin_wait
2:	xor	%eax, %eax
	lock cmpxchg %r8d, (%rsi)
	je	3f
	keep_waiting 2b
3:	mov	4(%rsi), %eax
	inc	%eax
	mov	%eax, 4(%rsi)
	movl	$0, (%rsi)
	dec	%rcx
	jnz	1b
endguest cmpxchg_lock

# A lock that is taken in the order of tickets: 0(rsi) the next one, 8(rsi) that which is served, 4(rsi) the count.
guest ticket_lock
1:	mov	$1, %eax
	lock xadd %eax, (%rsi)
	begin_wait
2:	cmp	%eax, 8(%rsi)
	je	3f
	keep_waiting 2b
3:	incl	4(%rsi)
	incl	8(%rsi)
	dec	%rcx
	jnz	1b
endguest ticket_lock

# No lock: every kind of locked instruction on words of their own, one of them across two lines.
guest locked
1:	lock incl (%rsi)
	lock addq $3, 8(%rsi)
	mov	$5, %eax
	lock xadd %eax, 16(%rsi)
	mov	24(%rsi), %eax
2:	lea	7(%rax), %r9d
	lock cmpxchg %r9d, 24(%rsi)
	jne	2b
	mov	32(%rsi), %rax
	mov	40(%rsi), %rdx
3:	lea	1(%rax), %rbx
	lea	2(%rdx), %r10
	push	%rcx
	mov	%r10, %rcx
	lock cmpxchg16b 32(%rsi)
	pop	%rcx
	jne	3b
	lock incw 63(%rsi)
	dec	%rcx
	jnz	1b
endguest locked

# The function at (r8), that the other has written last, returns what the other says it does: mov $value, %eax; ret, by one store. It is
# called in two ways: by its address in a register, and directly. The own one is written to (r9); both may be one. 4(rsi): calls that
# returned something else; 8(rsi): what is to be returned.
guest function
1:	wait_for_turn
	mov	8(%rsi), %r10d
	call	*%r8
	cmp	%eax, %r10d
	je	2f
	incl	4(%rsi)
2:	cmp	$FUNCTION, %r8
	je	3f
	call	FUNCTION2
	jmp	4f
3:	call	FUNCTION
4:	cmp	%eax, %r10d
	je	5f
	incl	4(%rsi)
5:	imul	$0x9e3779b1, %ecx, %eax
	add	%edx, %eax
	mov	%eax, 8(%rsi)
	mov	$0xc3, %r10
	shl	$32, %r10
	or	%rax, %r10
	shl	$8, %r10
	or	$0xb8, %r10
	mov	%r10, (%r9)
	mov	%edi, (%rsi)
	dec	%rcx
	jnz	1b
endguest function

# The same by parts: the operand alone, by a store that is not aligned.
guest operand
1:	wait_for_turn
	call	*%r8
	cmp	%eax, 8(%rsi)
	je	2f
	incl	4(%rsi)
2:	imul	$0x9e3779b1, %ecx, %eax
	add	%edx, %eax
	mov	%eax, 8(%rsi)
	mov	%eax, 1(%r9)
	mov	%edi, (%rsi)
	dec	%rcx
	jnz	1b
endguest operand

# Goes round in one block, cmp $value, %eax; jne to itself; ret, until the other has changed its operand.
guest go_round
	mov	$FUNCTION, %r8
	xor	%eax, %eax
1:	inc	%eax
	mov	%eax, (%rsi)
	call	*%r8
	dec	%rcx
	jnz	1b
endguest go_round

guest let_go
	mov	$FUNCTION, %r8
	xor	%eax, %eax
1:	inc	%eax
	begin_wait
2:	cmp	%eax, (%rsi)
	je	3f
	keep_waiting 2b
3:	mov	%eax, 1(%r8)
	dec	%rcx
	jnz	1b
endguest let_go

# A store to each of eight pages, round and round: a count of its own in each.
guest count
1:	lea	(%rsi,%rdx,4), %rbx
	mov	$8, %eax
2:	incl	(%rbx)
	add	$4096, %rbx
	dec	%eax
	jnz	2b
	dec	%rcx
	jnz	1b
endguest count

guest store
	mov	%edx, (%rsi)
endguest store
.endif
