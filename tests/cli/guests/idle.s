# SPDX-License-Identifier: Apache-2.0
# Says that it is there, then sleeps for ever.
	.include "common.inc"
	print	"idle\n"
1:	wfi
	j	1b
