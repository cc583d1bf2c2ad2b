# SPDX-License-Identifier: Apache-2.0
# String instructions on ports and devices, alone and repeated. test-strings.c sets the direction flag and the registers.
	.include "common.inc"

.macro both name
guest \name
	\name
endguest \name
guest rep_\name
	rep \name
endguest rep_\name
.endm

	both insb
	both insw
	both insl
	both outsb
	both outsw
	both outsl
	both lodsb
	both lodsw
	both lodsl
	both stosb
	both stosw
	both stosl
	both movsb
	both movsw
	both movsl
.ifdef BITS64
	both lodsq
	both stosq
	both movsq
.endif
