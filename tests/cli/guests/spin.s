# SPDX-License-Identifier: Apache-2.0
# Never ends and never leaves the engine.
	.include "common.inc"
	j	.
