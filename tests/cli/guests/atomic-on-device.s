# SPDX-License-Identifier: Apache-2.0
# An AMO on a device's register, which no engine can leave to the device.
	.include "common.inc"
	li	t0, PLIC
	li	t1, 1
	amoadd.w t1, t1, (t0)
	power_off
