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
	return is_kind(view, "wrmsr") && only(view, S_SYSENTER_CS);
}

static bool is_base_not_canonical(const struct view *view)
{
	return is_kind(view, "lgdt-lidt") && view->test->bits == 64 && ends(view, NONE, GP);
}

static bool is_sysenter_code(const struct view *view)
{
	return is_kind(view, "sysenter") && view->test->is_long &&
	       view->difference->registers[S_PART(SEGMENT_CS, PART_ATTRIBUTES)];
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
	return is_kind(view, "lar-lsl") && view->test->is_long && ends(view, NONE, NONE) &&
	       view->reference->registers[S_RFLAGS] & FLAG_ZF && !(view->other->registers[S_RFLAGS] & FLAG_ZF);
}

static bool is_lar_limit(const struct view *view)
{
	uint64_t changed = view->reference->registers[S_GPR + 5] ^ view->other->registers[S_GPR + 5];

	return is_kind(view, "lar-lsl") && only(view, S_GPR + 5) && !(changed & ~UINT64_C(0xf0000));
}

static bool is_v86_in_long_mode(const struct view *view)
{
	return is_kind(view, "iret") && view->test->is_long && end_of(view->other) == GP &&
	       word(view->reference, SYSTEM_STACK0 - 0x200 + 8, 4) & FLAG_VM;
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
	return at < SYSTEM_RAM - 8 && (word(view->reference, at, 4) ^ word(view->other, at, 4)) == 2;
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
	{ is_sysenter_cs, "QEMU keeps 16 bits of IA32_SYSENTER_CS (SDM 4, table 2-2: 32)" },
	{ is_base_not_canonical, "QEMU takes any base of a table (SDM 2, LGDT: #GP unless canonical)" },
	{ is_sysenter_code, "QEMU sets cs.D beside cs.L (SDM 2, SYSENTER: D is 0)" },
	{ is_xsetbv_unprepared, "KVM and QEMU look at the privilege before CR4.OSXSAVE (SDM 2, XSETBV: #UD)" },
	{ is_no_control_register, "QEMU looks at the privilege before the register's number (SDM 2, MOV CR: #UD)" },
	{ is_virtual_flag, "QEMU's IRET and SYSRET leave VIF and VIP (SDM 2, IRET)" },
	{ is_lar_type, "QEMU's LAR knows types that long mode has not (SDM 2, LAR, table 3-53)" },
	{ is_lar_limit, "LAR leaves bits 16 to 19 undefined (SDM 2, LAR)" },
	{ is_v86_in_long_mode, "QEMU's IRET enters virtual-8086 mode from long mode (SDM 2, IRET)" },
	{ is_general_detect, "QEMU has no DR7.GD (SDM 3, 17.2.4)" },
	{ is_sysexit_unchecked,
	  "QEMU's SYSEXIT and SYSRET do not check addresses (SDM 2, SYSEXIT: #GP unless canonical)" },
	{ is_far_stack_with_smap, "QEMU takes far returns' own accesses for those of ring 0 under SMAP (SDM 3, 4.6)" },
	{ is_task16_in_long_mode, "QEMU's LTR takes a TSS of 16 bits in long mode (SDM 3, 7.2.3)" },
	{ is_null_ldt, "QEMU leaves attributes with a null LDTR (SDM 3, 3.4.2)" },
	{ is_read_before_write, "QEMU reads before it writes: W is clear in the error code (SDM 3, 4.7)" },
	{ is_idt_code_of_long_mode, "QEMU's error code has 16 times the vector (SDM 3, 6.13)" },
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
