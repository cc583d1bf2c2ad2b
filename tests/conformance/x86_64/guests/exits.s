# SPDX-License-Identifier: Apache-2.0
# Single instructions, each of which makes an exit or several. test-exits.c has what is expected.
	.include "common.inc"

# ---- ports ----

.macro one name, instruction:vararg
guest \name
	\instruction
endguest \name
.endm

	one in_al_imm, in $0x10, %al
	one in_ax_imm, in $0x10, %ax
	one in_eax_imm, in $0x10, %eax
	one in_al_dx, in %dx, %al
	one in_ax_dx, in %dx, %ax
	one in_eax_dx, in %dx, %eax
	one out_al_imm, out %al, $0x10
	one out_ax_imm, out %ax, $0x10
	one out_eax_imm, out %eax, $0x10
	one out_al_dx, out %al, %dx
	one out_ax_dx, out %ax, %dx
	one out_eax_dx, out %eax, %dx

# ---- memory-mapped devices: loads ----

	one load_8, mov %es:4(wbx), %al
	one load_8_high, mov %es:4(wbx), %ah
	one load_16, mov %es:4(wbx), %ax
	one load_32, mov %es:4(wbx), %eax
	one movzx_8, movzbl %es:4(wbx), %eax
	one movzx_16, movzwl %es:4(wbx), %eax
	one movsx_8, movsbl %es:4(wbx), %eax
	one movsx_8_to_16, movsbw %es:4(wbx), %ax
	one movsx_16, movswl %es:4(wbx), %eax
	one load_odd, mov %es:1(wbx), %eax
	one load_add, addl %es:4(wbx), %eax
	one load_compare, cmpl $0x7f, %es:4(wbx)
	one load_test, testb $1, %es:4(wbx)
	one load_push, pushw %es:4(wbx)
	one load_crossing, mov %es:0xffe(wbx), %eax
	one load_crossing_odd, mov %es:0xfff(wbx), %eax
.ifdef BITS64
	one load_64, mov %es:4(wbx), %rax
	one movzx_8_to_64, movzbq %es:4(wbx), %rax
	one movsx_8_to_64, movsbq %es:4(wbx), %rax
	one movsx_16_to_64, movswq %es:4(wbx), %rax
	one movsx_32_to_64, movslq %es:4(wbx), %rax
	one load_64_crossing, mov %es:0xffd(wbx), %rax
	one load_r9, mov %es:4(wbx), %r9d
.endif

# ---- stores ----

	one store_8, mov %al, %es:4(wbx)
	one store_8_high, mov %ah, %es:4(wbx)
	one store_16, mov %ax, %es:4(wbx)
	one store_32, mov %eax, %es:4(wbx)
	one store_8_imm, movb $0x5a, %es:4(wbx)
	one store_16_imm, movw $0x5aa5, %es:4(wbx)
	one store_32_imm, movl $0x89abcdef, %es:4(wbx)
	one store_odd, mov %eax, %es:1(wbx)
	one store_crossing, mov %eax, %es:0xffe(wbx)
	one store_crossing_odd, mov %eax, %es:0xffd(wbx)
.ifdef BITS64
	one store_64, mov %rax, %es:4(wbx)
	one store_64_imm, movq $-2, %es:4(wbx)
	one store_64_crossing, mov %rax, %es:0xffd(wbx)
.endif

# ---- both ----

	one modify_add, addl %eax, %es:4(wbx)
	one modify_or, orb $0x80, %es:4(wbx)
	one modify_inc, incw %es:4(wbx)
	one modify_not, notl %es:4(wbx)
	one modify_xchg, xchg %eax, %es:4(wbx)
	one modify_xadd, xadd %eax, %es:4(wbx)
	one modify_locked, lock addl %eax, %es:4(wbx)
	one modify_bts, btsl $3, %es:4(wbx)

# ---- model-specific registers ----

.ifndef USER
	one read_msr, rdmsr
	one write_msr, wrmsr
.endif
