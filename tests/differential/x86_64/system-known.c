/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Differences that are known: a row for each, with who it is and where the manuals say so (SDM: Intel's, APM: AMD's).
 * The first row that is about a case's difference counts it.
 */
#include <stddef.h>
#include <string.h>

#include "segments.h"
#include "system-compare.h"
#include "system-generate.h"

enum { NONE = -1, DB = 1, UD = 6, GP = 13, PF = 14, AC = 17 };

#define FLAG_ZF UINT64_C(0x40)
#define FLAG_VM UINT64_C(0x20000)
#define FLAG_AC UINT64_C(0x40000)
#define VIRTUAL_FLAGS UINT64_C(0x180000)
#define CR0_AM UINT64_C(0x40000)
#define CR4_DE UINT64_C(8)
#define CR4_OSXSAVE UINT64_C(0x40000)
#define CR4_SMAP UINT64_C(0x200000)
#define DR7_GD UINT64_C(0x2000)

struct view {
	const struct system_case *test;
	const struct system_outcome *reference;
	const struct system_outcome *other;
	const struct system_difference *difference;
};

static bool is_kind(const struct view *view, const char *name)
{
	return !strcmp(view->test->kind->name, name);
}

static int end_of(const struct system_outcome *outcome)
{
	return outcome->reason == AXVCPU_EXIT_HALT ? system_vector(outcome) : -2;
}

static bool ends(const struct view *view, int reference, int other)
{
	return end_of(view->reference) == reference && end_of(view->other) == other;
}

static uint64_t before(const struct view *view, unsigned index)
{
	return view->test->registers[index];
}

static uint64_t word(const struct system_outcome *outcome, unsigned at, unsigned size)
{
	uint64_t value = 0;

	memcpy(&value, outcome->ram + at, size);
	return value;
}

static bool has_rex(const struct view *view)
{
	return view->test->bits == 64 && view->test->ram[view->test->offset] == 0x48;
}

static uint64_t word_before(const struct view *view, unsigned at, unsigned size)
{
	uint64_t value = 0;

	memcpy(&value, view->test->ram + at, size);
	return value;
}

/* Nothing else but this register differs. */
static bool only(const struct view *view, unsigned index)
{
	for (unsigned i = 0; i < SYSTEM_REGISTERS; i++)
		if (view->difference->registers[i] != (i == index))
			return false;
	return !view->difference->ram && !view->difference->reason && !view->difference->exits;
}

/* ---- AMD and Intel ---- */

static bool is_sysenter_in_long_mode(const struct view *view)
{
	return view->test->is_long && (is_kind(view, "sysenter") || is_kind(view, "sysexit")) &&
	       end_of(view->reference) == UD;
}

static bool is_syscall_outside_64(const struct view *view)
{
	return view->test->bits != 64 && (is_kind(view, "syscall") || is_kind(view, "sysret")) &&
	       end_of(view->other) == UD;
}

static bool is_pointer_of_64(const struct view *view)
{
	return is_kind(view, "load-pointer") && has_rex(view);
}

static bool is_alignment(const struct view *view)
{
	return end_of(view->other) == AC && before(view, S_RFLAGS) & FLAG_AC && before(view, S_CR0) & CR0_AM;
}

static bool is_compatibility_system_descriptor(const struct view *view)
{
	return view->test->is_long && view->test->bits != 64 && (is_kind(view, "ltr") || is_kind(view, "lldt"));
}

/* ---- QEMU's processor ---- */

static bool is_unchecked_msr(const struct view *view)
{
	return is_kind(view, "wrmsr") && ends(view, NONE, GP);
}

static bool is_sysenter_cs(const struct view *view)
{
	return is_kind(view, "wrmsr") &&
	       (only(view, S_SYSENTER_CS) || only(view, S_SYSENTER_ESP) || only(view, S_SYSENTER_EIP));
}

static bool is_base_not_canonical(const struct view *view)
{
	return is_kind(view, "lgdt-lidt") && view->test->bits == 64 && ends(view, NONE, GP);
}

static bool is_sysenter_code(const struct view *view)
{
	return is_kind(view, "sysenter") && view->test->is_long &&
	       (view->reference->reason == AXVCPU_EXIT_FAIL_ENTRY ||
		view->difference->registers[S_PART(SEGMENT_CS, PART_ATTRIBUTES)]);
}

static bool is_xsetbv_unprepared(const struct view *view)
{
	return is_kind(view, "xsetbv") && ends(view, GP, UD) && !(before(view, S_CR4) & CR4_OSXSAVE);
}

static bool is_no_control_register(const struct view *view)
{
	return is_kind(view, "mov-cr") && ends(view, GP, UD) && view->test->cpl;
}

static bool is_virtual_flag(const struct view *view)
{
	uint64_t changed = view->reference->registers[S_RFLAGS] ^ view->other->registers[S_RFLAGS];

	return (is_kind(view, "iret") || is_kind(view, "popf") || is_kind(view, "sysret")) && changed &&
	       !(changed & ~VIRTUAL_FLAGS);
}

static bool is_lar_type(const struct view *view)
{
	return is_kind(view, "lar-lsl") && view->test->is_long && !view->difference->reason &&
	       view->reference->registers[S_RFLAGS] & FLAG_ZF && !(view->other->registers[S_RFLAGS] & FLAG_ZF);
}

static bool is_lar_limit(const struct view *view)
{
	uint64_t changed = view->reference->registers[S_GPR + 5] ^ view->other->registers[S_GPR + 5];

	return is_kind(view, "lar-lsl") && only(view, S_GPR + 5) && !(changed & ~UINT64_C(0xf0000));
}

static bool is_v86_in_long_mode(const struct view *view)
{
	uint64_t sp = before(view, S_GPR + 4);

	return is_kind(view, "iret") && !view->test->is_v86 && !view->test->is_real &&
	       (view->test->is_long || view->test->cpl) && word_before(view, (unsigned)sp + 8, 4) & FLAG_VM;
}

static bool is_no_debug_register(const struct view *view)
{
	return is_kind(view, "mov-dr") && ends(view, GP, UD) && view->test->cpl && before(view, S_CR4) & CR4_DE;
}

static bool is_late_check(const struct view *view)
{
	return view->test->is_long && ends(view, GP, GP) &&
	       (is_kind(view, "call-far") || is_kind(view, "iret") || is_kind(view, "ret-far") ||
		is_kind(view, "jmp-far"));
}

static bool is_task_flags(const struct view *view)
{
	uint64_t changed = view->reference->registers[S_RFLAGS] ^ view->other->registers[S_RFLAGS];

	return only(view, S_RFLAGS) && !(changed & ~VIRTUAL_FLAGS) &&
	       view->reference->registers[S_PART(SYSTEM_TR, PART_SELECTOR)] != SELECTOR_TSS;
}

static bool is_general_detect(const struct view *view)
{
	return is_kind(view, "mov-dr") && ends(view, NONE, DB) && before(view, S_DR7) & DR7_GD;
}

static bool is_sysexit_unchecked(const struct view *view)
{
	return (is_kind(view, "sysexit") || is_kind(view, "sysret")) && end_of(view->other) == GP &&
	       end_of(view->reference) != GP;
}

static bool is_far_stack_with_smap(const struct view *view)
{
	return (is_kind(view, "ret-far") || is_kind(view, "iret") || is_kind(view, "call-far")) &&
	       view->test->cpl == 3 && before(view, S_CR4) & CR4_SMAP && end_of(view->reference) == PF;
}

static bool is_task16_in_long_mode(const struct view *view)
{
	return is_kind(view, "ltr") && view->test->is_long && ends(view, NONE, GP) &&
	       (view->reference->registers[S_PART(SYSTEM_TR, PART_ATTRIBUTES)] & 15) == 3;
}

static bool is_null_ldt(const struct view *view)
{
	return only(view, S_PART(SYSTEM_LDTR, PART_ATTRIBUTES)) && before(view, S_GPR) != 0 &&
	       view->other->registers[S_PART(SYSTEM_LDTR, PART_SELECTOR)] < 4;
}

static bool is_read_before_write(const struct view *view)
{
	unsigned at = SYSTEM_STACK0 - 0x200;

	if (end_of(view->reference) != PF || end_of(view->other) != PF || view->difference->registers[S_CR2])
		return false;
	at = (unsigned)view->reference->registers[S_GPR + 4];
	return at < SYSTEM_RAM - 8 && !((word(view->reference, at, 4) ^ word(view->other, at, 4)) & ~UINT64_C(3));
}

static bool is_idt_code_of_long_mode(const struct view *view)
{
	unsigned at = (unsigned)view->reference->registers[S_GPR + 4];
	uint64_t one, other;

	if (!view->test->is_long || at >= SYSTEM_RAM - 8 || end_of(view->reference) != end_of(view->other))
		return false;
	one = word(view->reference, at, 4);
	other = word(view->other, at, 4);
	return one & 2 && other & 2 && one >> 4 == (other & ~3u) >> 3;
}

static bool is_gate_of_16(const struct view *view)
{
	if ((!is_kind(view, "int") && !is_kind(view, "double")) || view->test->is_long || view->test->is_real)
		return false;
	for (unsigned at = SYSTEM_IDT; at < SYSTEM_IDT + 8 * SYSTEM_VECTORS; at += 8)
		if ((view->test->ram[at + 5] & 0x1e) == 6)
			return true;
	return false;
}

static bool is_int1(const struct view *view)
{
	return is_kind(view, "int") && view->test->ram[view->test->offset] == 0xf1;
}

static bool is_xsetbv_unseen(const struct view *view)
{
	return is_kind(view, "xsetbv") && only(view, S_XCR0);
}

static bool is_null_task(const struct view *view)
{
	return is_kind(view, "ltr") && ends(view, NONE, GP) &&
	       view->reference->registers[S_PART(SYSTEM_TR, PART_SELECTOR)] < 4;
}

static bool is_dr7_reserved(const struct view *view)
{
	uint64_t changed = view->reference->registers[S_DR7] ^ view->other->registers[S_DR7];

	return is_kind(view, "mov-dr") && only(view, S_DR7) && !(changed & ~UINT64_C(0xdc00));
}

static bool is_code_with_l_and_d(const struct view *view)
{
	return view->test->is_long && end_of(view->other) == GP &&
	       (view->reference->registers[S_PART(SEGMENT_CS, PART_ATTRIBUTES)] & 0x6000) == 0x6000;
}

static bool is_cr4_above_32(const struct view *view)
{
	unsigned reg = view->test->ram[view->test->offset + 2] & 7;

	return is_kind(view, "mov-cr") && view->test->bits == 64 && ends(view, NONE, GP) &&
	       before(view, S_GPR + reg) >> 32;
}

static bool is_no_page_table(const struct view *view)
{
	return is_kind(view, "mov-cr") && view->reference->reason != AXVCPU_EXIT_HALT &&
	       (view->other->reason != AXVCPU_EXIT_HALT || view->reference->reason == AXVCPU_EXIT_FAIL_ENTRY);
}

static bool is_width_of_addresses(const struct view *view)
{
	return is_kind(view, "wrmsr") && ends(view, GP, NONE) && (before(view, S_GPR + 1) & ~UINT64_C(1)) == 0x200;
}

static bool is_sysenter_to_null(const struct view *view)
{
	return (is_kind(view, "sysenter") || is_kind(view, "sysexit")) && before(view, S_SYSENTER_CS) < 4;
}

static bool is_ip_beyond_limit(const struct view *view)
{
	return (view->test->is_real || view->test->is_v86) && view->test->ram[view->test->offset] == 0x66 &&
	       end_of(view->other) == GP;
}

/* ---- KVM ---- */

static bool is_new_task(const struct view *view)
{
	const unsigned task = S_PART(SYSTEM_TR, PART_SELECTOR);

	return !view->test->is_long && view->reference->reason == AXVCPU_EXIT_HALT &&
	       (view->reference->registers[task] != SELECTOR_TSS || view->other->registers[task] != SELECTOR_TSS) &&
	       (end_of(view->reference) >= 0 || end_of(view->other) >= 0);
}

static bool is_time(const struct view *view)
{
	return is_kind(view, "rdtsc") && ends(view, NONE, NONE) && only(view, S_GPR);
}

static const struct {
	bool (*is_it)(const struct view *view);
	const char *reason;
} rows[] = {
	{ is_time, "time goes on" },
	{ is_sysenter_in_long_mode, "AMD: SYSENTER and SYSEXIT are #UD in long mode (APM 3, SYSENTER)" },
	{ is_syscall_outside_64, "AMD: SYSCALL and SYSRET exist outside of 64-bit mode (SDM 2, SYSCALL: #UD)" },
	{ is_pointer_of_64, "AMD: LSS, LFS, LGS have no 64-bit offset (APM 3, LDS; SDM 2, LDS: REX.W)" },
	{ is_compatibility_system_descriptor,
	  "AMD: LTR and LLDT read 16 bytes in compatibility mode too (APM 2, 4.8.3; SDM 2, LTR: in 64-bit mode)" },
	{ is_alignment, "QEMU has no alignment checks (SDM 3, 6.15, #AC)" },
	{ is_unchecked_msr, "QEMU takes any value for the MSRs of SYSCALL and SYSENTER (SDM 2, WRMSR: #GP)" },
	{ is_sysenter_cs,
	  "QEMU keeps 16 bits of IA32_SYSENTER_CS (SDM 4, table 2-2: 32), KVM for AMD 32 of the others" },
	{ is_base_not_canonical, "QEMU takes any base of a table (SDM 2, LGDT: #GP unless canonical)" },
	{ is_sysenter_code, "QEMU sets cs.D beside cs.L (SDM 2, SYSENTER: D is 0)" },
	{ is_xsetbv_unprepared, "KVM and QEMU look at the privilege before CR4.OSXSAVE (SDM 2, XSETBV: #UD)" },
	{ is_no_control_register, "QEMU looks at the privilege before the register's number (SDM 2, MOV CR: #UD)" },
	{ is_virtual_flag, "QEMU's IRET and SYSRET leave VIF and VIP (SDM 2, IRET)" },
	{ is_lar_type, "QEMU's LAR knows types that long mode has not (SDM 2, LAR, table 3-53)" },
	{ is_lar_limit, "LAR leaves bits 16 to 19 undefined (SDM 2, LAR)" },
	{ is_v86_in_long_mode, "QEMU's IRET enters virtual-8086 mode from long mode and ring 3 (SDM 2, IRET)" },
	{ is_no_debug_register, "QEMU looks at the privilege before CR4.DE (SDM 2, MOV DR: #UD)" },
	{ is_late_check, "QEMU, and AMD's SYSRET, find out after the transfer that the target is none (SDM 2, CALL, "
			 "SYSRET: #GP before it)" },
	{ is_task_flags, "KVM keeps VIF and VIP in a task switch (SDM 3, 7.3: all of EFLAGS)" },
	{ is_general_detect, "QEMU has no DR7.GD (SDM 3, 17.2.4)" },
	{ is_sysexit_unchecked,
	  "QEMU's SYSEXIT and SYSRET do not check addresses (SDM 2, SYSEXIT: #GP unless canonical)" },
	{ is_far_stack_with_smap, "QEMU takes far returns' own accesses for those of ring 0 under SMAP (SDM 3, 4.6)" },
	{ is_task16_in_long_mode, "QEMU's LTR takes a TSS of 16 bits in long mode (SDM 3, 7.2.3)" },
	{ is_null_ldt, "QEMU leaves attributes with a null LDTR (SDM 3, 3.4.2)" },
	{ is_read_before_write,
	  "QEMU reads before it writes: W is clear in the error code; P is with RSVD (SDM 3, 4.7)" },
	{ is_idt_code_of_long_mode, "QEMU's error code has 16 times the vector (SDM 3, 6.13)" },
	{ is_gate_of_16, "QEMU takes 32 bits of the offset in gates of 16 bits (SDM 2, INT n: AND 0000FFFFH)" },
	{ is_int1, "KVM takes INT1 for a debug exception of its own (SDM 2, INT1)" },
	{ is_xsetbv_unseen, "QEMU does not intercept XSETBV: KVM does not know of it" },
	{ is_null_task, "QEMU's LTR takes a null selector (SDM 2, LTR: #GP)" },
	{ is_dr7_reserved, "QEMU keeps bits of DR7 that are reserved (SDM 3, 17.2.4)" },
	{ is_code_with_l_and_d, "QEMU goes to code with both L and D (SDM 2, JMP: #GP)" },
	{ is_cr4_above_32, "QEMU does not look at the upper half of CR4 (SDM 2, MOV CR: #GP)" },
	{ is_no_page_table, "CR3 beyond memory: an exit of the simulator; reserved bits that QEMU takes (SDM 2, MOV "
			    "CR: #GP) and KVM cannot enter with" },
	{ is_width_of_addresses, "QEMU's physical addresses have 40 bits, the simulator's 48 (CPUID 0x80000008)" },
	{ is_sysenter_to_null, "QEMU compares all of IA32_SYSENTER_CS with 0 (SDM 2, SYSENTER: without the RPL)" },
	{ is_ip_beyond_limit, "QEMU has no limits of code in real and virtual-8086 mode (SDM 2, JMP: #GP)" },
	{ is_new_task, "KVM emulates task switches: what fails in the new task is reported otherwise (SDM 3, 7.3)" },
};

const char *system_known(const struct system_case *test, const struct system_outcome *reference,
			 const struct system_outcome *other, const struct system_difference *difference)
{
	struct view view = { test, reference, other, difference };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].is_it(&view))
			return rows[i].reason;
	return NULL;
}
