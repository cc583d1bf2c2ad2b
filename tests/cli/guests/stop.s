# SPDX-License-Identifier: Apache-2.0
# The only hart stops itself.
	.include "common.inc"
	sbi	0x48534D, 1
	j	.
