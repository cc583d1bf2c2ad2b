# SPDX-License-Identifier: Apache-2.0
# Guests that interrupts come to. They count in the counter register, so that a test sees where one came.
	.include "common.inc"

# Port 0xf1: the guest looks out, and the test may do something.
	PORT_LOOK = 0xf1

# Opens the door; the interrupt comes after the instruction that follows.
.ifndef USER
guest enable
	sti
	inc	wcx
enable_1:
	inc	wcx
	inc	wcx
	inc	wcx
endguest enable
.endif

# Looks out, counts, and looks out again.
guest look
	out	%al, $PORT_LOOK
look_1:
	inc	wcx
	out	%al, $PORT_LOOK
look_2:
	inc	wcx
	inc	wcx
endguest look

guest read
	in	$PORT_LOOK, %al
endguest read

guest repeat
	rep outsb
endguest repeat

.ifndef USER
guest halt
	hlt
halt_after:
	inc	wcx
endguest halt

guest enable_and_halt
	sti
	hlt
enable_and_halt_after:
	inc	wcx
endguest enable_and_halt
.endif

.ifndef USER
guest enable_and_spin
	sti
	jmp	spin
endguest enable_and_spin
.endif

guest spin
	inc	wcx
	jmp	spin
endguest spin
