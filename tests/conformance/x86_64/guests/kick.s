# SPDX-License-Identifier: Apache-2.0
# Guests that never end: without an exit, with one after the other, and asleep.
	.include "common.inc"

spin:
	inc	wcx
	jmp	spin

write_port:
	out	%al, $0x10
	jmp	write_port

write_hole:
	mov	%al, %es:(wbx)
	jmp	write_hole

.ifndef USER
halt:
	sti
1:	hlt
	jmp	1b
.endif
