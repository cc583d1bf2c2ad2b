# SPDX-License-Identifier: Apache-2.0
# The beginning of a guest whose rest is random: every trap goes on behind its cause, registers point to memory and devices.
	.include "common.inc"
	skip_traps
	li	s0, UART
	li	s1, PLIC
	li	a0, RTC
	li	a1, PLIC + 0x200000
	li	a2, 0x80300000
	li	a3, 0x87fffff8
	li	a4, -8
	csrwi	sie, 0
