# SPDX-License-Identifier: Apache-2.0
# Guests for a debugger: plain steps, steps that make exits, time, and calls.
	.include "common.inc"

guest steps
	nop
step_1:
	inc	wcx
step_2:
	mov	wcx, wax
step_3:
	jmp	step_4
	nop
step_4:
	inc	wcx
endguest steps

guest exits
	inc	wcx
exits_1:
	out	%al, $0x10
exits_2:
	in	$0x10, %al
exits_3:
	mov	%al, %es:4(wbx)
exits_4:
	mov	%es:4(wbx), %al
exits_5:
	inc	wcx
endguest exits

# A shadow: after sti no interrupt is taken for one instruction.
.ifndef USER
guest shadow
	sti
shadow_1:
	nop
shadow_2:
	nop
endguest shadow

guest halt
	hlt
halt_1:
	nop
endguest halt
.endif

guest loop
1:
loop_head:
	inc	wcx
	cmp	$5, wcx
	jne	1b
endguest loop

guest five_calls
	inc	wcx
call_1:	inc	wcx
call_2:	inc	wcx
call_3:	inc	wcx
call_4:	inc	wcx
endguest five_calls

guest time
	rdtsc
endguest time

# What KVM's emulator lacks: the first in general, the second on memory of a device.
.ifndef USER
guest clac
	.byte	0x0f, 0x01, 0xca
endguest clac
.endif
.ifdef BITS64
guest addps
	addps	(%rbx), %xmm0
endguest addps
.endif

guest vmcall
	vmcall
endguest vmcall

guest vmmcall
	vmmcall
endguest vmmcall
