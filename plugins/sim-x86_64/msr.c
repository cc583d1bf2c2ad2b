/* SPDX-License-Identifier: Apache-2.0 */
/* A row for each register or run of registers: where it is kept, which values it takes. See msr.h. */
#include "msr.h"

#include <string.h>

#include "clock.h"
#include "x86-cpuid.h"

#define MSR_SYSENTER_CS 0x174u   /* its upper half reads as zero and ignores writes */
#define MTRR_CAP UINT64_C(0x508) /* 8 variable ranges, the fixed ones, write-combining */
#define MICROCODE_REVISION (UINT64_C(1) << 32)
#define APIC_BASE_RESET UINT64_C(0xfee00800)
#define APIC_BASE_BSP UINT64_C(0x100)
#define PAT_RESET UINT64_C(0x0007040600070406)
#define PHYSICAL_RESERVED (~UINT64_C(0) << 48)

struct msr_row {
	uint32_t first, count;
	size_t offset; /* of a uint64_t in struct x86_cpu, one after the other; FIXED: always `value` */
	uint64_t value;
	bool (*check)(const struct x86_cpu *cpu, uint32_t index, uint64_t value); /* NULL: takes any */
	uint8_t features[2]; /* X86_NEEDS(): one of them; 0: always there */
	uint8_t access;
};

#define FIXED SIZE_MAX

enum {
	PLAIN,
	READ_ONLY,
	IGNORES_WRITES,
	VMM_ONLY, /* kept for the VMM, whose exit an access gives */
};

/* ---- values that are taken ---- */

static bool is_zero(const struct x86_cpu *cpu, uint32_t index, uint64_t value)
{
	(void)cpu;
	(void)index;
	return value == 0;
}

static bool is_canonical(const struct x86_cpu *cpu, uint32_t index, uint64_t value)
{
	(void)cpu;
	(void)index;
	return x86_canonical(value);
}

static bool is_32_bits(const struct x86_cpu *cpu, uint32_t index, uint64_t value)
{
	(void)cpu;
	(void)index;
	return value <= UINT32_MAX;
}

uint64_t x86_efer_supported(const struct x86_cpu *cpu)
{
	return (x86_has(cpu, X86_FEATURE_BIT_SYSCALL) ? X86_EFER_SCE : 0) |
	       (x86_has(cpu, X86_FEATURE_BIT_LM) ? X86_EFER_LME | X86_EFER_LMA : 0) |
	       (x86_has(cpu, X86_FEATURE_BIT_NX) ? X86_EFER_NXE : 0);
}

static bool is_efer(const struct x86_cpu *cpu, uint32_t index, uint64_t value)
{
	(void)index;
	return !(value & ~x86_efer_supported(cpu));
}

static bool is_mcg_status(const struct x86_cpu *cpu, uint32_t index, uint64_t value)
{
	(void)cpu;
	(void)index;
	return value <= 7;
}

static bool is_memory_type(uint8_t type)
{
	return type <= 6 && type != 2 && type != 3;
}

static bool is_pat(const struct x86_cpu *cpu, uint32_t index, uint64_t value)
{
	(void)cpu;
	(void)index;
	for (unsigned i = 0; i < 64; i += 8)
		if (!is_memory_type((uint8_t)(value >> i)) && (uint8_t)(value >> i) != 7) /* 7: UC- */
			return false;
	return true;
}

static bool is_fixed_range(const struct x86_cpu *cpu, uint32_t index, uint64_t value)
{
	(void)cpu;
	(void)index;
	for (unsigned i = 0; i < 64; i += 8)
		if (!is_memory_type((uint8_t)(value >> i)))
			return false;
	return true;
}

/* Even: base and type; odd: mask and valid bit. */
static bool is_variable_range(const struct x86_cpu *cpu, uint32_t index, uint64_t value)
{
	(void)cpu;
	if (index & 1)
		return !(value & (PHYSICAL_RESERVED | 0x7ff));
	return !(value & (PHYSICAL_RESERVED | 0xf00)) && is_memory_type((uint8_t)value);
}

static bool is_default_type(const struct x86_cpu *cpu, uint32_t index, uint64_t value)
{
	(void)cpu;
	(void)index;
	return !(value & ~UINT64_C(0xcff)) && is_memory_type((uint8_t)value);
}

/* ---- the rows ---- */

#define AT(member) offsetof(struct x86_cpu, member)
#define BASE_AT(segment) (offsetof(struct x86_cpu, cpu) + offsetof(struct sim_cpu, x) + 8 * (X86_X_BASES + (segment)))

/* In the order of their numbers. */
static const struct msr_row rows[] = {
	{ 0x17, 1, FIXED, .access = READ_ONLY }, /* platform */
	{ X86_MSR_APIC_BASE, 1, AT(apic_base), .access = VMM_ONLY },
	{ 0x3b, 1, AT(tsc_adjust), .access = PLAIN },
	{ 0x8b, 1, FIXED, MICROCODE_REVISION, .access = IGNORES_WRITES },
	{ 0xfe, 1, FIXED, MTRR_CAP, .access = READ_ONLY },
	{ 0x174, 1, AT(sysenter_cs), .access = PLAIN },
	{ 0x175, 1, AT(sysenter_esp), .check = is_canonical },
	{ 0x176, 1, AT(sysenter_eip), .check = is_canonical },
	{ 0x179, 1, FIXED, .access = READ_ONLY }, /* machine checks: no banks */
	{ 0x17a, 1, AT(mcg_status), .check = is_mcg_status },
	{ 0x1a0, 1, AT(misc_enable), .access = PLAIN },
	{ 0x1d9, 1, FIXED, .check = is_zero, .access = IGNORES_WRITES }, /* no traces of branches */
	{ 0x200, 16, AT(mtrr_variable), .check = is_variable_range },
	{ 0x250, 1, AT(mtrr_fixed[0]), .check = is_fixed_range },
	{ 0x258, 2, AT(mtrr_fixed[1]), .check = is_fixed_range },
	{ 0x268, 8, AT(mtrr_fixed[3]), .check = is_fixed_range },
	{ 0x277, 1, AT(pat), .check = is_pat },
	{ 0x2ff, 1, AT(mtrr_def_type), .check = is_default_type },
	{ 0xda0, 1, AT(xss), .check = is_zero, .features = { X86_NEEDS(XSAVES) } },
	{ X86_MSR_EFER, 1, AT(efer), .check = is_efer },
	{ 0xc0000081, 1, AT(star), .access = PLAIN },
	{ 0xc0000082, 1, AT(lstar), .check = is_canonical },
	{ 0xc0000083, 1, AT(cstar), .check = is_canonical },
	{ 0xc0000084, 1, AT(sfmask), .check = is_32_bits },
	{ 0xc0000100, 1, BASE_AT(X86_FS), .check = is_canonical },
	{ 0xc0000101, 1, BASE_AT(X86_GS), .check = is_canonical },
	{ 0xc0000102, 1, AT(kernel_gs_base), .check = is_canonical },
	{ 0xc0000103, 1, AT(tsc_aux), .check = is_32_bits, .features = { X86_NEEDS(RDTSCP), X86_NEEDS(RDPID) } },
};

static bool is_there(const struct x86_cpu *cpu, const struct msr_row *row)
{
	if (!row->features[0])
		return true;
	return x86_has(cpu, row->features[0] - 1u) || (row->features[1] && x86_has(cpu, row->features[1] - 1u));
}

/* The first row that does not end before the index: a switch of engines asks for all, and many more. */
static const struct msr_row *row_of(const struct x86_cpu *cpu, uint64_t index)
{
	size_t low = 0, high = X86_COUNT(rows);

	while (low < high) {
		size_t middle = (low + high) / 2;

		if ((uint64_t)rows[middle].first + rows[middle].count <= index)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == X86_COUNT(rows) || index < rows[low].first)
		return NULL;
	return is_there(cpu, &rows[low]) ? &rows[low] : NULL;
}

static uint64_t *place_of(struct x86_cpu *cpu, const struct msr_row *row, uint32_t index)
{
	return (uint64_t *)(void *)((char *)cpu + row->offset) + (index - row->first);
}

static uint64_t value_of(struct x86_cpu *cpu, const struct msr_row *row, uint32_t index)
{
	return row->offset == FIXED ? row->value : *place_of(cpu, row, index);
}

/* ---- those that are not just kept ---- */

#define MSR_TSC 0x10u
#define MSR_TSC_ADJUST 0x3bu

static bool write_tsc(struct x86_cpu *cpu, uint64_t value)
{
	cpu->tsc_adjust += value - x86_tsc(cpu);
	x86_set_tsc(cpu, value);
	return true;
}

static bool write_tsc_adjust(struct x86_cpu *cpu, uint64_t value)
{
	cpu->tsc_offset += value - cpu->tsc_adjust;
	cpu->tsc_adjust = value;
	return true;
}

/* LMA follows CR0.PG, which LME may not change under. */
static bool write_efer(struct x86_cpu *cpu, uint64_t value)
{
	uint64_t changes = value ^ cpu->efer;

	if (!is_efer(cpu, X86_MSR_EFER, value) || (changes & X86_EFER_LME && cpu->cr0 & X86_CR0_PG))
		return false;
	cpu->efer = (value & ~(uint64_t)X86_EFER_LMA) | (cpu->efer & X86_EFER_LMA);
	x86_update_mode(cpu);
	return true;
}

static const struct {
	uint32_t index;
	bool (*write)(struct x86_cpu *cpu, uint64_t value);
} special[] = { { MSR_TSC, write_tsc }, { MSR_TSC_ADJUST, write_tsc_adjust }, { X86_MSR_EFER, write_efer } };

/* ---- reads and writes ---- */

bool x86_msr_exits(const struct x86_cpu *cpu, uint32_t index)
{
	return msr_in_ranges(msr_ranges_always, MSR_RANGES_ALWAYS, index) ||
	       msr_in_ranges(cpu->msr_exits.items, cpu->msr_exits.count, index);
}

bool x86_msr_read(struct x86_cpu *cpu, uint32_t index, uint64_t *ret_value)
{
	const struct msr_row *row = row_of(cpu, index);

	if (index == MSR_TSC)
		*ret_value = x86_tsc(cpu);
	else if (row && row->access != VMM_ONLY)
		*ret_value = value_of(cpu, row, index);
	else
		return false;
	return true;
}

bool x86_msr_write(struct x86_cpu *cpu, uint32_t index, uint64_t value)
{
	const struct msr_row *row = row_of(cpu, index);

	for (size_t i = 0; i < X86_COUNT(special); i++)
		if (special[i].index == index)
			return special[i].write(cpu, value);
	if (!row || row->access == READ_ONLY || row->access == VMM_ONLY)
		return false;
	if (row->check && !row->check(cpu, index, value))
		return false;
	if (row->access == PLAIN)
		*place_of(cpu, row, index) = index == MSR_SYSENTER_CS ? (uint32_t)value : value;
	return true;
}

enum x86_msr_answer x86_msr_get(struct x86_cpu *cpu, uint64_t index, uint64_t *ret_value)
{
	const struct msr_row *row = row_of(cpu, index);

	if (index == MSR_TSC)
		*ret_value = x86_tsc(cpu);
	else if (row)
		*ret_value = value_of(cpu, row, (uint32_t)index);
	else
		return X86_MSR_NONE;
	return X86_MSR_OK;
}

enum x86_msr_answer x86_msr_set(struct x86_cpu *cpu, uint64_t index, uint64_t value)
{
	const struct msr_row *row = row_of(cpu, index);

	if (index == MSR_TSC) {
		x86_set_tsc(cpu, value);
		return X86_MSR_OK;
	}
	if (!row)
		return X86_MSR_NONE;
	if (row->check && !row->check(cpu, (uint32_t)index, value))
		return X86_MSR_BAD_VALUE;
	if (row->offset == FIXED)
		return value == row->value ? X86_MSR_OK : X86_MSR_BAD_VALUE;
	*place_of(cpu, row, (uint32_t)index) = value;
	return X86_MSR_OK;
}

/* ---- reset ---- */

void x86_reset_msrs(struct x86_cpu *cpu)
{
	for (size_t i = 0; i < X86_COUNT(rows); i++)
		if (rows[i].offset != FIXED && rows[i].first < 0xc0000100)
			memset(place_of(cpu, &rows[i], rows[i].first), 0, rows[i].count * sizeof(uint64_t));
	cpu->kernel_gs_base = cpu->tsc_aux = 0;
	cpu->apic_base = APIC_BASE_RESET | (cpu->is_first ? APIC_BASE_BSP : 0);
	cpu->misc_enable = CPU_PORTABLE_MISC_ENABLE;
	cpu->pat = PAT_RESET;
	x86_tsc_begin(cpu);
}
