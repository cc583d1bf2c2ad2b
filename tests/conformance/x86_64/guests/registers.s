# SPDX-License-Identifier: Apache-2.0
# What a program sees of its registers, and what it leaves in them. (rsi) is memory for them, aligned to 64 bytes.
	.include "common.inc"

nothing:
	done

.ifdef USER
guest store_sse
	movups	%xmm0, (%rsi)
	movups	%xmm7, 0x10(%rsi)
	movups	%xmm15, 0x20(%rsi)
	stmxcsr	0x30(%rsi)
endguest store_sse

guest load_sse
	movups	(%rsi), %xmm0
	movups	0x10(%rsi), %xmm7
	movups	0x20(%rsi), %xmm15
	addpd	%xmm7, %xmm15
	ldmxcsr	0x30(%rsi)
endguest load_sse

guest store_avx
	vmovups	%ymm0, (%rsi)
	vmovups	%ymm7, 0x20(%rsi)
	vmovups	%ymm15, 0x40(%rsi)
endguest store_avx

guest load_avx
	vmovups	(%rsi), %ymm0
	vmovups	0x20(%rsi), %ymm7
	vaddpd	%ymm0, %ymm7, %ymm15
endguest load_avx

guest store_avx512
	kmovw	%k3, %eax
	mov	%eax, (%rsi)
	vmovups	%zmm0, 0x40(%rsi)
	vmovups	%zmm31, 0x80(%rsi)
endguest store_avx512

guest load_avx512
	mov	(%rsi), %eax
	kmovw	%eax, %k3
	vmovups	0x40(%rsi), %zmm0
	vmovups	0x80(%rsi), %zmm31
endguest load_avx512

# The environment first: control, status and tag word.
guest store_x87
	fnstenv	(%rsi)
	fstpt	0x20(%rsi)
	fstpt	0x30(%rsi)
endguest store_x87

# Two values, then room at the top: three pushed, one popped.
guest load_x87
	fninit
	fldcw	(%rsi)
	fldt	0x20(%rsi)
	fldz
	fldt	0x30(%rsi)
	fld1
	fstp	%st(0)
endguest load_x87

guest load_segment_bases
	mov	%fs:(0), %rax
	mov	%gs:(0), %rdx
endguest load_segment_bases
.endif
