/* SPDX-License-Identifier: Apache-2.0 */
/* CPUID of the portable processor (SDM 2, CPUID). See processor.h. */
#include "processor.h"

#include <axvcpu/error.h>
#include <cpuid.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HIGHEST 0x16u
#define HYPERVISOR 0x40000000u
#define HYPERVISOR_TIMING 0x40000010u
#define EXTENDED 0x80000000u
#define EXTENDED_HIGHEST 0x80000008u
#define APIC_BIT (1u << 9)
#define OSPKE_BIT (1u << 4)
#define XSAVEC_BIT (1u << 1)
#define XSAVES_BIT (1u << 3)

const struct cpu_word cpu_words[CPU_WORDS] = {
	[CPU_WORD_1_ECX] = { 1, 0, CPUID_ECX, bit_OSXSAVE },
	[CPU_WORD_1_EDX] = { 1, 0, CPUID_EDX, APIC_BIT },
	[CPU_WORD_7_EBX] = { 7, 0, CPUID_EBX, 0 },
	[CPU_WORD_7_ECX] = { 7, 0, CPUID_ECX, OSPKE_BIT },
	[CPU_WORD_7_EDX] = { 7, 0, CPUID_EDX, 0 },
	[CPU_WORD_7_1_EAX] = { 7, 1, CPUID_EAX, 0 },
	[CPU_WORD_D_1_EAX] = { 0xd, 1, CPUID_EAX, 0 },
	[CPU_WORD_X1_ECX] = { EXTENDED + 1, 0, CPUID_ECX, 0 },
	[CPU_WORD_X1_EDX] = { EXTENDED + 1, 0, CPUID_EDX, APIC_BIT },
	[CPU_WORD_X7_EDX] = { EXTENDED + 7, 0, CPUID_EDX, 0 },
	[CPU_WORD_X8_EBX] = { EXTENDED_HIGHEST, 0, CPUID_EBX, 0 },
};

/* ---- words ---- */

unsigned cpu_word_of(const struct cpu_feature *feature)
{
	unsigned word = 0;

	while (word < CPU_WORDS && (cpu_words[word].leaf != feature->leaf ||
				    cpu_words[word].subleaf != feature->subleaf || cpu_words[word].reg != feature->reg))
		word++;
	return word;
}

static const char *name_of_bit(unsigned word, unsigned bit)
{
	for (size_t i = 0; i < cpu_feature_count; i++)
		if (cpu_features[i].bit == bit && cpu_word_of(&cpu_features[i]) == word)
			return cpu_features[i].name;
	return NULL;
}

/* Those without a name are told by their number. */
static size_t add_name(char *text, size_t used, size_t capacity, unsigned word, unsigned bit)
{
	const char *name = name_of_bit(word, bit), *comma = used ? ", " : "";
	int length = name ? snprintf(text + used, capacity - used, "%s%s", comma, name)
			  : snprintf(text + used, capacity - used, "%sbit %u", comma, bit);

	return used + (size_t)length < capacity ? used + (size_t)length : capacity - 1;
}

int32_t cpu_word_refuse(const struct axarch_host *host, const char *who, unsigned word, uint32_t bits)
{
	char names[256] = "";
	size_t used = 0;

	for (uint32_t left = bits; left; left &= left - 1)
		used = add_name(names, used, sizeof(names), word, (unsigned)__builtin_ctz(left));
	return host->error(AXVCPU_ERROR_INVALID_INPUT,
			   "%s: CPUID leaf 0x%x: this vCPU's processor has no %s: features can only be taken away", who,
			   cpu_words[word].leaf, names);
}

int32_t cpu_reg_is_settled(const struct axarch_host *host, const char *who, unsigned reg)
{
	static const char *const names[CPU_REG_WORDS] = { "vendor", "signature" };

	if (reg < CPU_REG_WORDS)
		return host->error(AXVCPU_ERROR_INVALID_INPUT,
				   "%s: CPUID's %s is another one, and the vCPU has run: it is agreed on before", who,
				   names[reg]);
	return host->error(AXVCPU_ERROR_INVALID_INPUT,
			   "%s: CPUID leaf 0x%x has other features, and the vCPU has run: they are agreed on before",
			   who, cpu_words[reg - CPU_REG_WORDS].leaf);
}

/* ---- vendors ---- */

static const struct vendor {
	char name[13]; /* in the order of ebx, edx, ecx */
	bool has_aliases;
} vendors[] = {
	{ "GenuineIntel", false }, { "AuthenticAMD", true },  { "HygonGenuine", true },
	{ "CentaurHauls", false }, { "  Shanghai  ", false },
};

static const struct vendor *vendor_of(uint64_t value)
{
	for (size_t i = 0; i < COUNT(vendors); i++)
		if (!memcmp(vendors[i].name, &value, sizeof(value)))
			return &vendors[i];
	return NULL;
}

bool cpu_vendor_is_known(uint64_t vendor)
{
	return vendor_of(vendor) != NULL;
}

uint32_t cpu_vendor_ecx(uint64_t vendor)
{
	const struct vendor *row = vendor_of(vendor);
	uint32_t ecx = 0;

	if (row)
		memcpy(&ecx, row->name + 8, sizeof(ecx));
	return ecx;
}

bool cpu_vendor_has_aliases(uint64_t vendor)
{
	const struct vendor *row = vendor_of(vendor);

	return row && row->has_aliases;
}

/* ---- the processor ---- */

void cpu_processor_init(struct cpu_processor *processor)
{
	*processor =
		(struct cpu_processor){ .vendor = CPU_VENDOR_INTEL, .signature = CPU_PORTABLE_SIGNATURE, .cpus = 1 };
}

bool cpu_processor_has(const struct cpu_processor *processor, const struct cpu_feature *feature)
{
	unsigned word = cpu_word_of(feature);

	return word < CPU_WORDS && processor->words[word] >> feature->bit & 1;
}

void cpu_processor_set(struct cpu_processor *processor, const struct cpu_feature *feature, bool on)
{
	unsigned word = cpu_word_of(feature);
	uint32_t bit = UINT32_C(1) << feature->bit;

	if (word < CPU_WORDS)
		processor->words[word] = on ? processor->words[word] | bit : processor->words[word] & ~bit;
}

/* Rows that need others come after them. */
void cpu_processor_drop_orphans(struct cpu_processor *processor)
{
	for (size_t i = 0; i < cpu_feature_count; i++)
		if (cpu_features[i].needs && !cpu_processor_has(processor, cpu_feature_of(cpu_features[i].needs)))
			cpu_processor_set(processor, &cpu_features[i], false);
}

/* ---- leaves ---- */

static void put_text(uint32_t *ret_regs, const char *text)
{
	memcpy(ret_regs, text, 4 * sizeof(uint32_t));
}

static void leaf_vendor(const struct cpu_processor *processor, uint32_t subleaf, uint32_t *ret_regs)
{
	(void)subleaf;
	ret_regs[CPUID_EAX] = HIGHEST;
	ret_regs[CPUID_EBX] = (uint32_t)processor->vendor;
	ret_regs[CPUID_EDX] = (uint32_t)(processor->vendor >> 32);
	ret_regs[CPUID_ECX] = cpu_vendor_ecx(processor->vendor);
}

static void leaf_signature(const struct cpu_processor *processor, uint32_t subleaf, uint32_t *ret_regs)
{
	(void)subleaf;
	ret_regs[CPUID_EAX] = processor->signature;
	ret_regs[CPUID_EBX] =
		(processor->apic_id & 0xff) << 24 | processor->cpus << 16 | 64 / 8 << 8; /* clflush: 64 bytes */
	ret_regs[CPUID_ECX] = processor->words[CPU_WORD_1_ECX] | (processor->osxsave ? bit_OSXSAVE : 0);
	ret_regs[CPUID_EDX] = processor->words[CPU_WORD_1_EDX];
}

/* Caches are in leaf 4. */
static void leaf_descriptors(const struct cpu_processor *processor, uint32_t subleaf, uint32_t *ret_regs)
{
	(void)processor;
	(void)subleaf;
	ret_regs[CPUID_EAX] = 0x0000ff01;
}

static void leaf_caches(const struct cpu_processor *processor, uint32_t subleaf, uint32_t *ret_regs)
{
	enum { DATA = 1, CODE = 2, UNIFIED = 3 };
	static const struct {
		uint32_t type, level, ways, sets;
	} caches[] = { { DATA, 1, 8, 64 }, { CODE, 1, 8, 64 }, { UNIFIED, 2, 16, 1024 }, { UNIFIED, 3, 16, 8192 } };
	uint32_t cores = processor->cpus - 1 < 63 ? processor->cpus - 1 : 63; /* less one, in 6 bits */
	uint32_t sharing;

	if (subleaf >= COUNT(caches))
		return;
	sharing = caches[subleaf].level == 3 ? (UINT32_C(1) << cpu_topology_bits(processor->cpus)) - 1 : 0;
	ret_regs[CPUID_EAX] = caches[subleaf].type | caches[subleaf].level << 5 | 1 << 8 | sharing << 14 | cores << 26;
	ret_regs[CPUID_EBX] = (caches[subleaf].ways - 1) << 22 | (64 - 1); /* lines of 64 bytes */
	ret_regs[CPUID_ECX] = caches[subleaf].sets - 1;
}

static void leaf_power(const struct cpu_processor *processor, uint32_t subleaf, uint32_t *ret_regs)
{
	(void)processor;
	(void)subleaf;
	ret_regs[CPUID_EAX] = 4; /* the APIC's timer runs always */
}

static void leaf_features(const struct cpu_processor *processor, uint32_t subleaf, uint32_t *ret_regs)
{
	if (subleaf)
		return;
	ret_regs[CPUID_EBX] = processor->words[CPU_WORD_7_EBX];
	ret_regs[CPUID_ECX] = processor->words[CPU_WORD_7_ECX];
	ret_regs[CPUID_EDX] = processor->words[CPU_WORD_7_EDX];
}

/* One thread a core, all cores in one package. */
static void leaf_topology(const struct cpu_processor *processor, uint32_t subleaf, uint32_t *ret_regs)
{
	enum { THREAD = 1, CORE = 2 };

	if (subleaf == 0) {
		ret_regs[CPUID_EBX] = 1;
		ret_regs[CPUID_ECX] = THREAD << 8;
	} else if (subleaf == 1) {
		ret_regs[CPUID_EAX] = cpu_topology_bits(processor->cpus);
		ret_regs[CPUID_EBX] = processor->cpus;
		ret_regs[CPUID_ECX] = CORE << 8;
	}
	ret_regs[CPUID_ECX] |= subleaf & 0xff;
	ret_regs[CPUID_EDX] = processor->apic_id;
}

enum { XSAVE_LEGACY = 512 + 64, XSAVE_AVX = 256 };
#define XCR0_AVX 4u

static bool has_bit(uint32_t word, uint32_t bit)
{
	return (word & bit) != 0;
}

uint64_t cpu_processor_components(const struct cpu_processor *processor)
{
	return has_bit(processor->words[CPU_WORD_1_ECX], bit_AVX) ? 7 : 3;
}

/* With AVX as the last component the standard and the compacted form of the area are the same. */
static uint32_t xsave_size(uint64_t components)
{
	return XSAVE_LEGACY + (components & XCR0_AVX ? XSAVE_AVX : 0);
}

static void leaf_xsave(const struct cpu_processor *processor, uint32_t subleaf, uint32_t *ret_regs)
{
	uint64_t supported = cpu_processor_components(processor);

	if (!has_bit(processor->words[CPU_WORD_1_ECX], bit_XSAVE))
		return;
	if (subleaf == 0) {
		ret_regs[CPUID_EAX] = (uint32_t)supported;
		ret_regs[CPUID_EBX] = xsave_size(processor->xcr0);
		ret_regs[CPUID_ECX] = xsave_size(supported);
	} else if (subleaf == 1) {
		ret_regs[CPUID_EAX] = processor->words[CPU_WORD_D_1_EAX];
		if (processor->words[CPU_WORD_D_1_EAX] & (XSAVEC_BIT | XSAVES_BIT))
			ret_regs[CPUID_EBX] = xsave_size(processor->xcr0 | processor->xss);
	} else if (subleaf == 2 && supported & XCR0_AVX) {
		ret_regs[CPUID_EAX] = XSAVE_AVX;
		ret_regs[CPUID_EBX] = XSAVE_LEGACY;
	}
}

/* The counter's frequency as a multiple of the crystal's, so that guests need not measure it. */
static void leaf_counter(const struct cpu_processor *processor, uint32_t subleaf, uint32_t *ret_regs)
{
	struct cpu_ratio ratio = cpu_counter_ratio(processor->tsc_khz, CPU_CRYSTAL_KHZ);

	(void)subleaf;
	ret_regs[CPUID_EAX] = ratio.denominator;
	ret_regs[CPUID_EBX] = ratio.numerator;
	ret_regs[CPUID_ECX] = CPU_CRYSTAL_KHZ * 1000;
}

static void leaf_frequency(const struct cpu_processor *processor, uint32_t subleaf, uint32_t *ret_regs)
{
	(void)subleaf;
	ret_regs[CPUID_EAX] = ret_regs[CPUID_EBX] = processor->tsc_khz / 1000;
	ret_regs[CPUID_ECX] = CPU_CRYSTAL_KHZ / 1000;
}

static void leaf_hypervisor(const struct cpu_processor *processor, uint32_t subleaf, uint32_t *ret_regs)
{
	(void)processor;
	(void)subleaf;
	ret_regs[CPUID_EAX] = HYPERVISOR_TIMING;
	memcpy(&ret_regs[CPUID_EBX], "axvcpuaxvcpu", 12);
}

static void leaf_hypervisor_timing(const struct cpu_processor *processor, uint32_t subleaf, uint32_t *ret_regs)
{
	(void)subleaf;
	ret_regs[CPUID_EAX] = processor->tsc_khz;
	ret_regs[CPUID_EBX] = CPU_CRYSTAL_KHZ;
}

static void leaf_extended(const struct cpu_processor *processor, uint32_t subleaf, uint32_t *ret_regs)
{
	(void)processor;
	(void)subleaf;
	ret_regs[CPUID_EAX] = EXTENDED_HIGHEST;
}

/* SYSCALL shows in every mode, as it does on AMD's and under KVM. */
static void leaf_extended_features(const struct cpu_processor *processor, uint32_t subleaf, uint32_t *ret_regs)
{
	(void)subleaf;
	ret_regs[CPUID_ECX] = processor->words[CPU_WORD_X1_ECX];
	ret_regs[CPUID_EDX] = processor->words[CPU_WORD_X1_EDX];
	if (cpu_vendor_has_aliases(processor->vendor))
		ret_regs[CPUID_EDX] |= processor->words[CPU_WORD_1_EDX] & CPU_AMD_ALIASES;
}

static const char brand[48] = "axvcpu simulated processor";

static void leaf_brand_1(const struct cpu_processor *processor, uint32_t subleaf, uint32_t *ret_regs)
{
	(void)processor;
	(void)subleaf;
	put_text(ret_regs, brand);
}

static void leaf_brand_2(const struct cpu_processor *processor, uint32_t subleaf, uint32_t *ret_regs)
{
	(void)processor;
	(void)subleaf;
	put_text(ret_regs, brand + 16);
}

static void leaf_brand_3(const struct cpu_processor *processor, uint32_t subleaf, uint32_t *ret_regs)
{
	(void)processor;
	(void)subleaf;
	put_text(ret_regs, brand + 32);
}

static void leaf_level_2_cache(const struct cpu_processor *processor, uint32_t subleaf, uint32_t *ret_regs)
{
	(void)processor;
	(void)subleaf;
	ret_regs[CPUID_ECX] = 1024 << 16 | 8 << 12 | 64; /* KiB, 16 ways, bytes a line */
}

static void leaf_extended_power(const struct cpu_processor *processor, uint32_t subleaf, uint32_t *ret_regs)
{
	(void)subleaf;
	ret_regs[CPUID_EDX] = processor->words[CPU_WORD_X7_EDX];
}

static void leaf_addresses(const struct cpu_processor *processor, uint32_t subleaf, uint32_t *ret_regs)
{
	(void)processor;
	(void)subleaf;
	ret_regs[CPUID_EAX] = 48 << 8 | 48; /* bits: linear, physical */
}

const struct cpu_leaf cpu_leaves[CPU_LEAVES] = {
	{ 0, 0, leaf_vendor },
	{ 1, 0, leaf_signature },
	{ 2, 0, leaf_descriptors },
	{ 4, 4, leaf_caches },
	{ 6, 0, leaf_power },
	{ 7, 1, leaf_features },
	{ 0xb, 3, leaf_topology },
	{ 0xd, 3, leaf_xsave },
	{ 0x15, 0, leaf_counter },
	{ HIGHEST, 0, leaf_frequency },
	{ HYPERVISOR, 0, leaf_hypervisor },
	{ HYPERVISOR_TIMING, 0, leaf_hypervisor_timing },
	{ EXTENDED, 0, leaf_extended },
	{ EXTENDED + 1, 0, leaf_extended_features },
	{ EXTENDED + 2, 0, leaf_brand_1 },
	{ EXTENDED + 3, 0, leaf_brand_2 },
	{ EXTENDED + 4, 0, leaf_brand_3 },
	{ EXTENDED + 6, 0, leaf_level_2_cache },
	{ EXTENDED + 7, 0, leaf_extended_power },
	{ EXTENDED_HIGHEST, 0, leaf_addresses },
};

/* Beyond the highest leaf Intel's answer with the highest basic one, AMD's with nothing. */
static uint32_t limited(const struct cpu_processor *processor, uint32_t leaf)
{
	if (leaf <= HIGHEST || (leaf >= HYPERVISOR && leaf <= HYPERVISOR_TIMING) ||
	    (leaf >= EXTENDED && leaf <= EXTENDED_HIGHEST) || cpu_vendor_has_aliases(processor->vendor))
		return leaf;
	return HIGHEST;
}

void cpu_processor_leaf(const struct cpu_processor *processor, uint32_t leaf, uint32_t subleaf, uint32_t ret_regs[4])
{
	leaf = limited(processor, leaf);
	memset(ret_regs, 0, 4 * sizeof(ret_regs[0]));
	for (size_t i = 0; i < CPU_LEAVES; i++)
		if (cpu_leaves[i].leaf == leaf)
			cpu_leaves[i].get(processor, subleaf, ret_regs);
}
