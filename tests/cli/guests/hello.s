# SPDX-License-Identifier: Apache-2.0
# Says hello and powers off.
	.include "common.inc"
	print	"hello\n"
	power_off
