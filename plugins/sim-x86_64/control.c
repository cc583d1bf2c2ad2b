/* SPDX-License-Identifier: Apache-2.0 */
/* See control.h. */
#include "control.h"

#include "mmu.h"
#include "x86-cpuid.h"

#define CR0_SUPPORTED \
	((uint64_t)(X86_CR0_PE | X86_CR0_MP | X86_CR0_EM | X86_CR0_TS | X86_CR0_ET | X86_CR0_NE | X86_CR0_WP | \
		    X86_CR0_AM | X86_CR0_NW | X86_CR0_CD | X86_CR0_PG))
#define CR3_RESERVED (~UINT64_C(0) << 48)
#define CR3_KEEP (UINT64_C(1) << 63) /* with PCIDs: translations stay */
#define CR3_PCID UINT64_C(0xfff)
/* Changes that make translations, global ones too, invalid. */
#define CR4_FLUSHES (X86_CR4_PSE | X86_CR4_PAE | X86_CR4_PGE | X86_CR4_PCIDE | X86_CR4_SMEP | X86_CR4_SMAP)
#define CR4_LOADS_PDPTES (X86_CR4_PAE | X86_CR4_PGE | X86_CR4_PSE | X86_CR4_SMEP)
#define CR0_LOADS_PDPTES (X86_CR0_CD | X86_CR0_NW | X86_CR0_PG)

bool x86_cr0_is_valid(uint64_t value)
{
	if (value > UINT32_MAX)
		return false;
	return !(value & X86_CR0_PG && !(value & X86_CR0_PE)) && !(value & X86_CR0_NW && !(value & X86_CR0_CD));
}

bool x86_cr3_is_valid(uint64_t value)
{
	return !(value & CR3_RESERVED);
}

uint64_t x86_cr4_supported(const struct x86_cpu *cpu)
{
	static const struct {
		unsigned feature;
		uint32_t bit;
	} by_feature[] = {
		{ X86_FEATURE_BIT_UMIP, X86_CR4_UMIP },  { X86_FEATURE_BIT_FSGSBASE, X86_CR4_FSGSBASE },
		{ X86_FEATURE_BIT_PCID, X86_CR4_PCIDE }, { X86_FEATURE_BIT_XSAVE, X86_CR4_OSXSAVE },
		{ X86_FEATURE_BIT_SMEP, X86_CR4_SMEP },  { X86_FEATURE_BIT_SMAP, X86_CR4_SMAP },
	};
	uint64_t bits = X86_CR4_VME | X86_CR4_PVI | X86_CR4_TSD | X86_CR4_DE | X86_CR4_PSE | X86_CR4_PAE | X86_CR4_MCE |
			X86_CR4_PGE | X86_CR4_PCE | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT;

	for (size_t i = 0; i < X86_COUNT(by_feature); i++)
		if (x86_has(cpu, by_feature[i].feature))
			bits |= by_feature[i].bit;
	return bits;
}

bool x86_xcr0_is_valid(const struct x86_cpu *cpu, uint64_t value)
{
	return value & 1 && !(value & ~x86_xcr0_supported(cpu)) && (value & 6) != 4; /* AVX needs SSE */
}

bool x86_uses_pdptes(const struct x86_cpu *cpu)
{
	return cpu->cr0 & X86_CR0_PG && cpu->cr4 & X86_CR4_PAE && !(cpu->efer & X86_EFER_LMA);
}

/* With the old ones back in place when the new ones are malformed. */
static bool load_pdptes_for(struct x86_cpu *cpu, uint64_t *reg, uint64_t value)
{
	uint64_t old = *reg;

	*reg = value;
	if (!x86_uses_pdptes(cpu) || x86_load_pdptes(cpu, cpu->cr3))
		return true;
	*reg = old;
	return false;
}

/* Long mode begins when paging is switched on, and ends with it. */
static bool may_switch_paging(const struct x86_cpu *cpu, uint64_t value)
{
	if (value & X86_CR0_PG)
		return !(cpu->efer & X86_EFER_LME) ||
		       (cpu->cr4 & X86_CR4_PAE && !(cpu->segments[X86_CS].attributes & X86_ATTR_L));
	return !x86_in_64(cpu) && !(cpu->cr4 & X86_CR4_PCIDE);
}

static void follow_paging(struct x86_cpu *cpu)
{
	cpu->efer &= ~(uint64_t)X86_EFER_LMA;
	if (cpu->cr0 & X86_CR0_PG && cpu->efer & X86_EFER_LME)
		cpu->efer |= X86_EFER_LMA;
	x86_flush_all(cpu);
}

bool x86_set_cr0(struct x86_cpu *cpu, uint64_t value)
{
	uint64_t changes;
	bool activates;

	if (!x86_cr0_is_valid(value))
		return false;
	value = (value & CR0_SUPPORTED) | X86_CR0_ET;
	changes = value ^ cpu->cr0;
	if (changes & X86_CR0_PG && !may_switch_paging(cpu, value))
		return false;
	activates = changes & X86_CR0_PG && cpu->efer & X86_EFER_LME;
	if (changes & CR0_LOADS_PDPTES && !activates && !load_pdptes_for(cpu, &cpu->cr0, value))
		return false;
	cpu->cr0 = value;
	if (changes & X86_CR0_PG)
		follow_paging(cpu);
	x86_update_mode(cpu);
	return true;
}

bool x86_set_cr3(struct x86_cpu *cpu, uint64_t value)
{
	bool has_pcids = cpu->cr4 & X86_CR4_PCIDE, keeps = has_pcids && value & CR3_KEEP;

	if (has_pcids)
		value &= ~CR3_KEEP;
	if (!x86_in_long(cpu))
		value = (uint32_t)value;
	if (!x86_cr3_is_valid(value) || (x86_uses_pdptes(cpu) && !x86_load_pdptes(cpu, value)))
		return false;
	cpu->cr3 = value;
	if (keeps)
		x86_update_context(cpu);
	else
		x86_flush_pcid(cpu, has_pcids ? (unsigned)(value & CR3_PCID) : 0);
	return true;
}

bool x86_set_cr4(struct x86_cpu *cpu, uint64_t value)
{
	uint64_t changes = value ^ cpu->cr4;

	if (value & ~x86_cr4_supported(cpu))
		return false;
	if (cpu->efer & X86_EFER_LMA && !(value & X86_CR4_PAE))
		return false;
	if (changes & value & X86_CR4_PCIDE && (!(cpu->efer & X86_EFER_LMA) || cpu->cr3 & CR3_PCID))
		return false;
	if (changes & CR4_LOADS_PDPTES && !load_pdptes_for(cpu, &cpu->cr4, value))
		return false;
	cpu->cr4 = value;
	if (changes & CR4_FLUSHES)
		x86_flush_all(cpu);
	x86_update_mode(cpu);
	return true;
}

uint64_t x86_dr6_of(uint64_t value)
{
	return (value & 0xe00f) | 0xffff0ff0;
}

uint64_t x86_dr7_of(uint64_t value)
{
	return (value & 0xffff23ff) | 0x400;
}
