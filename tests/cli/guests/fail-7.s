# SPDX-License-Identifier: Apache-2.0
# Ends with code 7 through the test finisher.
	.include "common.inc"
	li	t0, TEST
	li	t1, 0x73333
	sw	t1, 0(t0)
	j	.
