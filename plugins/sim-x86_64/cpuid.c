/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPUID (SDM 2, CPUID). Never says more than the engine implements, nor, of what runs on the host's vector units, more
 * than the host has. Features are bits in nine words, which the config fills once; the rest is computed when the guest
 * asks.
 */
#include "x86-cpuid.h"

#include <cpuid.h>
#include <string.h>

#include "../common/x86_64/features.h"

#define WHO "sim-x86_64"
#define BUS_KHZ 1000000u /* of the crystal, which is the clock of the VMM's APIC */
#define HIGHEST 0x16u
#define HYPERVISOR 0x40000000u
#define HYPERVISOR_TIMING 0x40000010u
#define EXTENDED 0x80000000u
#define EXTENDED_HIGHEST 0x80000008u

/*
 * Family 6, model 28, stepping 10: an Atom without speculative execution. So guests leave out what they do against it
 * on other models, which costs much here and is good for nothing.
 */
#define SIGNATURE 0x106cau

enum { WORD_1_ECX, WORD_1_EDX, WORD_7_EBX, WORD_7_ECX, WORD_7_EDX, WORD_D_EAX, WORD_X_ECX, WORD_X_EDX, WORD_POWER };

static const struct {
	uint32_t leaf, subleaf;
	uint8_t reg;
} words[X86_CPUID_WORDS] = {
	[WORD_1_ECX] = { 1, 0, CPUID_ECX },          [WORD_1_EDX] = { 1, 0, CPUID_EDX },
	[WORD_7_EBX] = { 7, 0, CPUID_EBX },          [WORD_7_ECX] = { 7, 0, CPUID_ECX },
	[WORD_7_EDX] = { 7, 0, CPUID_EDX },          [WORD_D_EAX] = { 0xd, 1, CPUID_EAX },
	[WORD_X_ECX] = { 0x80000001, 0, CPUID_ECX }, [WORD_X_EDX] = { 0x80000001, 0, CPUID_EDX },
	[WORD_POWER] = { 0x80000007, 0, CPUID_EDX },
};

enum { ON_HOST_UNIT = 1 }; /* executed by the host's instructions of that name */

/* What is implemented, by the names of features.c; with the bit that the engine knows it by, if it does. */
static const struct implemented {
	const char *name;
	uint8_t engine; /* X86_NEEDS() */
	uint8_t flags;
} implemented[] = {
	{ "fpu", 0, 0 },
	{ "vme", 0, 0 },
	{ "de", 0, 0 },
	{ "pse", 0, 0 },
	{ "tsc", 0, 0 },
	{ "msr", 0, 0 },
	{ "pae", 0, 0 },
	{ "mce", 0, 0 },
	{ "cx8", 0, 0 },
	{ "apic", 0, 0 },
	{ "sep", 0, 0 },
	{ "mtrr", 0, 0 },
	{ "pge", 0, 0 },
	{ "mca", 0, 0 },
	{ "cmov", 0, 0 },
	{ "pat", 0, 0 },
	{ "pse36", 0, 0 },
	{ "clflush", 0, 0 },
	{ "mmx", 0, 0 },
	{ "fxsr", 0, 0 },
	{ "sse", 0, 0 },
	{ "sse2", 0, 0 },
	{ "ht", 0, 0 },
	{ "pni", X86_NEEDS(SSE3), ON_HOST_UNIT },
	{ "pclmulqdq", X86_NEEDS(PCLMUL), ON_HOST_UNIT },
	{ "ssse3", X86_NEEDS(SSSE3), ON_HOST_UNIT },
	{ "fma", X86_NEEDS(FMA), ON_HOST_UNIT },
	{ "cx16", X86_NEEDS(CX16), ON_HOST_UNIT },
	{ "pcid", X86_NEEDS(PCID), 0 },
	{ "sse4_1", X86_NEEDS(SSE41), ON_HOST_UNIT },
	{ "sse4_2", X86_NEEDS(SSE42), ON_HOST_UNIT },
	{ "x2apic", X86_NEEDS(X2APIC), 0 },
	{ "movbe", X86_NEEDS(MOVBE), 0 },
	{ "popcnt", X86_NEEDS(POPCNT), 0 },
	{ "tsc_deadline_timer", X86_NEEDS(TSC_DEADLINE), 0 },
	{ "aes", X86_NEEDS(AES), ON_HOST_UNIT },
	{ "xsave", X86_NEEDS(XSAVE), 0 },
	{ "avx", X86_NEEDS(AVX), ON_HOST_UNIT },
	{ "f16c", X86_NEEDS(F16C), ON_HOST_UNIT },
	{ "rdrand", X86_NEEDS(RDRAND), 0 },
	{ "hypervisor", 0, 0 },
	{ "fsgsbase", X86_NEEDS(FSGSBASE), 0 },
	{ "tsc_adjust", 0, 0 },
	{ "bmi1", X86_NEEDS(BMI1), 0 },
	{ "avx2", X86_NEEDS(AVX2), ON_HOST_UNIT },
	{ "smep", X86_NEEDS(SMEP), 0 },
	{ "bmi2", X86_NEEDS(BMI2), 0 },
	{ "erms", X86_NEEDS(ERMS), 0 },
	{ "invpcid", X86_NEEDS(INVPCID), 0 },
	{ "rdseed", X86_NEEDS(RDSEED), 0 },
	{ "adx", X86_NEEDS(ADX), 0 },
	{ "smap", X86_NEEDS(SMAP), 0 },
	{ "clflushopt", X86_NEEDS(CLFLUSHOPT), 0 },
	{ "clwb", X86_NEEDS(CLWB), 0 },
	{ "sha_ni", X86_NEEDS(SHA), ON_HOST_UNIT },
	{ "umip", X86_NEEDS(UMIP), 0 },
	{ "rdpid", X86_NEEDS(RDPID), 0 },
	{ "fsrm", X86_NEEDS(FSRM), 0 },
	{ "xsaveopt", X86_NEEDS(XSAVEOPT), 0 },
	{ "xsavec", X86_NEEDS(XSAVEC), 0 },
	{ "xgetbv1", X86_NEEDS(XGETBV1), 0 },
	{ "xsaves", X86_NEEDS(XSAVES), 0 },
	{ "lahf_lm", X86_NEEDS(LAHF), 0 },
	{ "abm", X86_NEEDS(LZCNT), 0 },
	{ "3dnowprefetch", X86_NEEDS(PREFETCHW), 0 },
	{ "syscall", X86_NEEDS(SYSCALL), 0 },
	{ "nx", X86_NEEDS(NX), 0 },
	{ "pdpe1gb", X86_NEEDS(PAGE1GB), 0 },
	{ "rdtscp", X86_NEEDS(RDTSCP), 0 },
	{ "lm", X86_NEEDS(LM), 0 },
	{ "constant_tsc", 0, 0 },
};

/* ---- the words ---- */

static uint32_t *word_of(struct x86_cpu *cpu, const struct cpu_feature *feature)
{
	for (unsigned i = 0; i < X86_CPUID_WORDS; i++)
		if (words[i].leaf == feature->leaf && words[i].subleaf == feature->subleaf &&
		    words[i].reg == feature->reg)
			return &cpu->cpuid[i];
	return NULL;
}

static bool has(struct x86_cpu *cpu, const struct cpu_feature *feature)
{
	const uint32_t *word = word_of(cpu, feature);

	return word && *word >> feature->bit & 1;
}

static void set(struct x86_cpu *cpu, const struct cpu_feature *feature, bool on)
{
	uint32_t *word = word_of(cpu, feature), bit = UINT32_C(1) << feature->bit;

	if (word)
		*word = on ? *word | bit : *word & ~bit;
}

static bool host_has(const struct cpu_feature *feature)
{
	uint32_t regs[4];

	if (!__get_cpuid_count(feature->leaf, feature->subleaf, &regs[CPUID_EAX], &regs[CPUID_EBX], &regs[CPUID_ECX],
			       &regs[CPUID_EDX]))
		return false;
	/* AVX: its system must save the registers, too; what needs it goes with it. */
	if (!strcmp(feature->name, "avx") && !__builtin_cpu_supports("avx"))
		return false;
	return regs[feature->reg] >> feature->bit & 1;
}

static const struct implemented *implementation_of(const struct cpu_feature *feature)
{
	for (size_t i = 0; i < X86_COUNT(implemented); i++)
		if (!strcmp(implemented[i].name, feature->name))
			return &implemented[i];
	return NULL;
}

static bool is_offered(const struct cpu_feature *feature)
{
	const struct implemented *row = implementation_of(feature);

	return row && (!(row->flags & ON_HOST_UNIT) || host_has(feature));
}

static int32_t apply_change(void *context, const char *word, const struct cpu_feature *feature, bool on)
{
	struct x86_cpu *cpu = context;

	if (on && !is_offered(feature))
		return cpu->cpu.host->error(
			AXVCPU_ERROR_UNSUPPORTED, WHO ": features: %s is %s; leave %s out", feature->name,
			implementation_of(feature) ? "not there on this host, on which it would run" : "not simulated",
			word);
	set(cpu, feature, on);
	return 0;
}

/* A feature goes with the one that it needs; rows that need others come after them. */
static void drop_orphans(struct x86_cpu *cpu)
{
	for (size_t i = 0; i < cpu_feature_count; i++)
		if (cpu_features[i].needs && !has(cpu, cpu_feature_of(cpu_features[i].needs)))
			set(cpu, &cpu_features[i], false);
}

static void tell_engine(struct x86_cpu *cpu)
{
	cpu->features = 0;
	for (size_t i = 0; i < X86_COUNT(implemented); i++)
		if (implemented[i].engine && has(cpu, cpu_feature_of(implemented[i].name)))
			cpu->features |= UINT64_C(1) << (implemented[i].engine - 1);
}

int32_t x86_cpuid_make(struct x86_cpu *cpu, uint32_t level, const char *changes)
{
	const struct cpu_features_user user = { cpu->cpu.host, WHO, apply_change, cpu };
	uint32_t highest = level == X86_CPUID_MAX ? CPU_LEVEL_HOST : CPU_LEVEL_V1 + (level - X86_CPUID_V1);
	int32_t error;

	for (size_t i = 0; i < cpu_feature_count; i++)
		set(cpu, &cpu_features[i], cpu_features[i].level <= highest && is_offered(&cpu_features[i]));
	set(cpu, cpu_feature_of("ht"), cpu->cpus > 1);
	error = cpu_features_parse(&user, changes);
	if (error)
		return error;
	drop_orphans(cpu);
	tell_engine(cpu);
	return 0;
}

/* ---- leaves ---- */

static void put_text(uint32_t *ret_regs, const char *text)
{
	memcpy(ret_regs, text, 4 * sizeof(uint32_t));
}

static void leaf_vendor(const struct x86_cpu *cpu, uint32_t subleaf, uint32_t *ret_regs)
{
	(void)cpu;
	(void)subleaf;
	ret_regs[CPUID_EAX] = HIGHEST;
	memcpy(&ret_regs[CPUID_EBX], "Genu", 4);
	memcpy(&ret_regs[CPUID_EDX], "ineI", 4);
	memcpy(&ret_regs[CPUID_ECX], "ntel", 4);
}

static void leaf_signature(const struct x86_cpu *cpu, uint32_t subleaf, uint32_t *ret_regs)
{
	(void)subleaf;
	ret_regs[CPUID_EAX] = x86_signature(cpu);
	ret_regs[CPUID_EBX] = (cpu->apic_id & 0xff) << 24 | cpu->cpus << 16 | 64 / 8 << 8; /* clflush: 64 bytes */
	ret_regs[CPUID_ECX] = cpu->cpuid[WORD_1_ECX] | (cpu->cr4 & X86_CR4_OSXSAVE ? bit_OSXSAVE : 0);
	ret_regs[CPUID_EDX] = cpu->cpuid[WORD_1_EDX];
}

/* Caches are in leaf 4. */
static void leaf_descriptors(const struct x86_cpu *cpu, uint32_t subleaf, uint32_t *ret_regs)
{
	(void)cpu;
	(void)subleaf;
	ret_regs[CPUID_EAX] = 0x0000ff01;
}

static void leaf_caches(const struct x86_cpu *cpu, uint32_t subleaf, uint32_t *ret_regs)
{
	enum { DATA = 1, CODE = 2, UNIFIED = 3 };
	static const struct {
		uint32_t type, level, ways, sets;
	} caches[] = { { DATA, 1, 8, 64 }, { CODE, 1, 8, 64 }, { UNIFIED, 2, 16, 1024 }, { UNIFIED, 3, 16, 8192 } };
	uint32_t cores = cpu->cpus - 1 < 63 ? cpu->cpus - 1 : 63; /* less one, in 6 bits */
	uint32_t sharing;

	if (subleaf >= X86_COUNT(caches))
		return;
	sharing = caches[subleaf].level == 3 ? (UINT32_C(1) << cpu_topology_bits(cpu->cpus)) - 1 : 0;
	ret_regs[CPUID_EAX] = caches[subleaf].type | caches[subleaf].level << 5 | 1 << 8 | sharing << 14 | cores << 26;
	ret_regs[CPUID_EBX] = (caches[subleaf].ways - 1) << 22 | (64 - 1); /* lines of 64 bytes */
	ret_regs[CPUID_ECX] = caches[subleaf].sets - 1;
}

static void leaf_power(const struct x86_cpu *cpu, uint32_t subleaf, uint32_t *ret_regs)
{
	(void)cpu;
	(void)subleaf;
	ret_regs[CPUID_EAX] = 4; /* the APIC's timer runs always */
}

static void leaf_features(const struct x86_cpu *cpu, uint32_t subleaf, uint32_t *ret_regs)
{
	if (subleaf)
		return;
	ret_regs[CPUID_EBX] = cpu->cpuid[WORD_7_EBX];
	ret_regs[CPUID_ECX] = cpu->cpuid[WORD_7_ECX];
	ret_regs[CPUID_EDX] = cpu->cpuid[WORD_7_EDX];
}

/* One thread a core, all cores in one package. */
static void leaf_topology(const struct x86_cpu *cpu, uint32_t subleaf, uint32_t *ret_regs)
{
	enum { THREAD = 1, CORE = 2 };

	if (subleaf == 0) {
		ret_regs[CPUID_EBX] = 1;
		ret_regs[CPUID_ECX] = THREAD << 8;
	} else if (subleaf == 1) {
		ret_regs[CPUID_EAX] = cpu_topology_bits(cpu->cpus);
		ret_regs[CPUID_EBX] = cpu->cpus;
		ret_regs[CPUID_ECX] = CORE << 8;
	}
	ret_regs[CPUID_ECX] |= subleaf & 0xff;
	ret_regs[CPUID_EDX] = cpu->apic_id;
}

enum { XSAVE_LEGACY = 512 + 64, XSAVE_AVX = 256 };
#define XCR0_AVX 4u

uint64_t x86_xcr0_supported(const struct x86_cpu *cpu)
{
	return x86_has(cpu, X86_FEATURE_BIT_AVX) ? 7 : 3;
}

/* With AVX as the last component the standard and the compacted form of the area are the same. */
static uint32_t xsave_size(uint64_t components)
{
	return XSAVE_LEGACY + (components & XCR0_AVX ? XSAVE_AVX : 0);
}

static void leaf_xsave(const struct x86_cpu *cpu, uint32_t subleaf, uint32_t *ret_regs)
{
	uint64_t supported = x86_xcr0_supported(cpu);

	if (!x86_has(cpu, X86_FEATURE_BIT_XSAVE))
		return;
	if (subleaf == 0) {
		ret_regs[CPUID_EAX] = (uint32_t)supported;
		ret_regs[CPUID_EBX] = xsave_size(cpu->xcr0);
		ret_regs[CPUID_ECX] = xsave_size(supported);
	} else if (subleaf == 1) {
		ret_regs[CPUID_EAX] = cpu->cpuid[WORD_D_EAX];
		if (x86_has(cpu, X86_FEATURE_BIT_XSAVEC) || x86_has(cpu, X86_FEATURE_BIT_XSAVES))
			ret_regs[CPUID_EBX] = xsave_size(cpu->xcr0 | cpu->xss);
	} else if (subleaf == 2 && supported & XCR0_AVX) {
		ret_regs[CPUID_EAX] = XSAVE_AVX;
		ret_regs[CPUID_EBX] = XSAVE_LEGACY;
	}
}

/* The counter's frequency as a multiple of the crystal's, so that guests need not measure it. */
static void leaf_counter(const struct x86_cpu *cpu, uint32_t subleaf, uint32_t *ret_regs)
{
	struct cpu_ratio ratio = cpu_counter_ratio(cpu->tsc_khz, BUS_KHZ);

	(void)subleaf;
	ret_regs[CPUID_EAX] = ratio.denominator;
	ret_regs[CPUID_EBX] = ratio.numerator;
	ret_regs[CPUID_ECX] = BUS_KHZ * 1000;
}

static void leaf_frequency(const struct x86_cpu *cpu, uint32_t subleaf, uint32_t *ret_regs)
{
	(void)subleaf;
	ret_regs[CPUID_EAX] = ret_regs[CPUID_EBX] = cpu->tsc_khz / 1000;
	ret_regs[CPUID_ECX] = BUS_KHZ / 1000;
}

static void leaf_hypervisor(const struct x86_cpu *cpu, uint32_t subleaf, uint32_t *ret_regs)
{
	(void)cpu;
	(void)subleaf;
	ret_regs[CPUID_EAX] = HYPERVISOR_TIMING;
	memcpy(&ret_regs[CPUID_EBX], "axvcpuaxvcpu", 12);
}

static void leaf_hypervisor_timing(const struct x86_cpu *cpu, uint32_t subleaf, uint32_t *ret_regs)
{
	(void)subleaf;
	ret_regs[CPUID_EAX] = cpu->tsc_khz;
	ret_regs[CPUID_EBX] = BUS_KHZ;
}

static void leaf_extended(const struct x86_cpu *cpu, uint32_t subleaf, uint32_t *ret_regs)
{
	(void)cpu;
	(void)subleaf;
	ret_regs[CPUID_EAX] = EXTENDED_HIGHEST;
}

/* SYSCALL shows in 64-bit mode only. */
static void leaf_extended_features(const struct x86_cpu *cpu, uint32_t subleaf, uint32_t *ret_regs)
{
	(void)subleaf;
	ret_regs[CPUID_ECX] = cpu->cpuid[WORD_X_ECX];
	ret_regs[CPUID_EDX] = cpu->cpuid[WORD_X_EDX] & ~(x86_in_64(cpu) ? 0u : UINT32_C(1) << 11);
}

static const char brand[48] = "axvcpu simulated processor";

static void leaf_brand_1(const struct x86_cpu *cpu, uint32_t subleaf, uint32_t *ret_regs)
{
	(void)cpu;
	(void)subleaf;
	put_text(ret_regs, brand);
}

static void leaf_brand_2(const struct x86_cpu *cpu, uint32_t subleaf, uint32_t *ret_regs)
{
	(void)cpu;
	(void)subleaf;
	put_text(ret_regs, brand + 16);
}

static void leaf_brand_3(const struct x86_cpu *cpu, uint32_t subleaf, uint32_t *ret_regs)
{
	(void)cpu;
	(void)subleaf;
	put_text(ret_regs, brand + 32);
}

static void leaf_level_2_cache(const struct x86_cpu *cpu, uint32_t subleaf, uint32_t *ret_regs)
{
	(void)cpu;
	(void)subleaf;
	ret_regs[CPUID_ECX] = 1024 << 16 | 8 << 12 | 64; /* KiB, 16 ways, bytes a line */
}

static void leaf_extended_power(const struct x86_cpu *cpu, uint32_t subleaf, uint32_t *ret_regs)
{
	(void)subleaf;
	ret_regs[CPUID_EDX] = cpu->cpuid[WORD_POWER];
}

static void leaf_addresses(const struct x86_cpu *cpu, uint32_t subleaf, uint32_t *ret_regs)
{
	(void)cpu;
	(void)subleaf;
	ret_regs[CPUID_EAX] = 48 << 8 | 48; /* bits: linear, physical */
}

static const struct {
	uint32_t leaf;
	void (*get)(const struct x86_cpu *cpu, uint32_t subleaf, uint32_t *ret_regs);
} leaves[] = {
	{ 0, leaf_vendor },
	{ 1, leaf_signature },
	{ 2, leaf_descriptors },
	{ 4, leaf_caches },
	{ 6, leaf_power },
	{ 7, leaf_features },
	{ 0xb, leaf_topology },
	{ 0xd, leaf_xsave },
	{ 0x15, leaf_counter },
	{ HIGHEST, leaf_frequency },
	{ HYPERVISOR, leaf_hypervisor },
	{ HYPERVISOR_TIMING, leaf_hypervisor_timing },
	{ EXTENDED, leaf_extended },
	{ EXTENDED + 1, leaf_extended_features },
	{ EXTENDED + 2, leaf_brand_1 },
	{ EXTENDED + 3, leaf_brand_2 },
	{ EXTENDED + 4, leaf_brand_3 },
	{ EXTENDED + 6, leaf_level_2_cache },
	{ EXTENDED + 7, leaf_extended_power },
	{ EXTENDED_HIGHEST, leaf_addresses },
};

/* Beyond the highest leaf a processor answers with the highest basic one. */
static uint32_t limited(uint32_t leaf)
{
	if (leaf <= HIGHEST || (leaf >= HYPERVISOR && leaf <= HYPERVISOR_TIMING) ||
	    (leaf >= EXTENDED && leaf <= EXTENDED_HIGHEST))
		return leaf;
	return HIGHEST;
}

void x86_cpuid(const struct x86_cpu *cpu, uint32_t leaf, uint32_t subleaf, uint32_t ret_regs[4])
{
	leaf = limited(leaf);
	memset(ret_regs, 0, 4 * sizeof(ret_regs[0]));
	for (size_t i = 0; i < X86_COUNT(leaves); i++)
		if (leaves[i].leaf == leaf)
			leaves[i].get(cpu, subleaf, ret_regs);
}

uint32_t x86_signature(const struct x86_cpu *cpu)
{
	(void)cpu;
	return SIGNATURE;
}
