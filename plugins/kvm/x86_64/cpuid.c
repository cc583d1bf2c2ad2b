/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the guest's processor says of itself: never more than KVM has here. The policy begins with everything that KVM
 * supports or with a level of the x86-64 psABI, then takes single features off or adds them, and last fills in what
 * depends on the vCPU: APIC id, topology, frequency.
 */
#include <asm/kvm_para.h>
#include <cpuid.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "../kvm.h"

#define HYPERVISOR_LEAF 0x40000000u
#define APIC_BUS_HZ 1000000000u

enum { EAX, EBX, ECX, EDX };

/* LEVEL_BASE: goes with every level, as it is about the system and not about programs. LEVEL_HOST: with host alone. */
enum { LEVEL_BASE, LEVEL_V1, LEVEL_V2, LEVEL_V3, LEVEL_V4, LEVEL_HOST };

/* Emulated by the VMM's board or by nobody but the user's word: KVM need not list them. */
#define BY_VMM 1

static const struct feature {
	const char *name; /* as in /proc/cpuinfo */
	uint32_t leaf, subleaf;
	uint8_t reg, bit, level, flags;
	const char *needs; /* another feature, or NULL */
} features[] = {
	{ "fpu", 1, 0, EDX, 0, LEVEL_V1, 0, NULL },
	{ "vme", 1, 0, EDX, 1, LEVEL_BASE, 0, NULL },
	{ "de", 1, 0, EDX, 2, LEVEL_BASE, 0, NULL },
	{ "pse", 1, 0, EDX, 3, LEVEL_BASE, 0, NULL },
	{ "tsc", 1, 0, EDX, 4, LEVEL_BASE, 0, NULL },
	{ "msr", 1, 0, EDX, 5, LEVEL_BASE, 0, NULL },
	{ "pae", 1, 0, EDX, 6, LEVEL_BASE, 0, NULL },
	{ "mce", 1, 0, EDX, 7, LEVEL_BASE, 0, NULL },
	{ "cx8", 1, 0, EDX, 8, LEVEL_V1, 0, NULL },
	{ "apic", 1, 0, EDX, 9, LEVEL_BASE, BY_VMM, NULL },
	{ "sep", 1, 0, EDX, 11, LEVEL_BASE, 0, NULL },
	{ "mtrr", 1, 0, EDX, 12, LEVEL_BASE, 0, NULL },
	{ "pge", 1, 0, EDX, 13, LEVEL_BASE, 0, NULL },
	{ "mca", 1, 0, EDX, 14, LEVEL_BASE, 0, NULL },
	{ "cmov", 1, 0, EDX, 15, LEVEL_V1, 0, NULL },
	{ "pat", 1, 0, EDX, 16, LEVEL_BASE, 0, NULL },
	{ "pse36", 1, 0, EDX, 17, LEVEL_BASE, 0, NULL },
	{ "clflush", 1, 0, EDX, 19, LEVEL_BASE, 0, NULL },
	{ "mmx", 1, 0, EDX, 23, LEVEL_V1, 0, NULL },
	{ "fxsr", 1, 0, EDX, 24, LEVEL_V1, 0, NULL },
	{ "sse", 1, 0, EDX, 25, LEVEL_V1, 0, NULL },
	{ "sse2", 1, 0, EDX, 26, LEVEL_V1, 0, NULL },
	{ "ss", 1, 0, EDX, 27, LEVEL_HOST, 0, NULL },
	{ "ht", 1, 0, EDX, 28, LEVEL_BASE, BY_VMM, NULL },
	{ "pni", 1, 0, ECX, 0, LEVEL_V2, 0, NULL },
	{ "pclmulqdq", 1, 0, ECX, 1, LEVEL_HOST, 0, NULL },
	{ "ssse3", 1, 0, ECX, 9, LEVEL_V2, 0, NULL },
	{ "cx16", 1, 0, ECX, 13, LEVEL_V2, 0, NULL },
	{ "pcid", 1, 0, ECX, 17, LEVEL_BASE, 0, NULL },
	{ "sse4_1", 1, 0, ECX, 19, LEVEL_V2, 0, NULL },
	{ "sse4_2", 1, 0, ECX, 20, LEVEL_V2, 0, NULL },
	{ "x2apic", 1, 0, ECX, 21, LEVEL_BASE, BY_VMM, NULL },
	{ "movbe", 1, 0, ECX, 22, LEVEL_V3, 0, NULL },
	{ "popcnt", 1, 0, ECX, 23, LEVEL_V2, 0, NULL },
	{ "tsc_deadline_timer", 1, 0, ECX, 24, LEVEL_BASE, BY_VMM, NULL },
	{ "aes", 1, 0, ECX, 25, LEVEL_HOST, 0, NULL },
	{ "xsave", 1, 0, ECX, 26, LEVEL_V3, 0, NULL },
	{ "avx", 1, 0, ECX, 28, LEVEL_V3, 0, "xsave" },
	{ "fma", 1, 0, ECX, 12, LEVEL_V3, 0, "avx" },
	{ "f16c", 1, 0, ECX, 29, LEVEL_V3, 0, "avx" },
	{ "rdrand", 1, 0, ECX, 30, LEVEL_HOST, 0, NULL },
	{ "hypervisor", 1, 0, ECX, 31, LEVEL_BASE, BY_VMM, NULL },
	{ "fsgsbase", 7, 0, EBX, 0, LEVEL_BASE, 0, NULL },
	{ "tsc_adjust", 7, 0, EBX, 1, LEVEL_BASE, 0, NULL },
	{ "bmi1", 7, 0, EBX, 3, LEVEL_V3, 0, NULL },
	{ "hle", 7, 0, EBX, 4, LEVEL_HOST, 0, NULL },
	{ "avx2", 7, 0, EBX, 5, LEVEL_V3, 0, "avx" },
	{ "smep", 7, 0, EBX, 7, LEVEL_BASE, 0, NULL },
	{ "bmi2", 7, 0, EBX, 8, LEVEL_V3, 0, NULL },
	{ "erms", 7, 0, EBX, 9, LEVEL_BASE, 0, NULL },
	{ "invpcid", 7, 0, EBX, 10, LEVEL_BASE, 0, "pcid" },
	{ "rtm", 7, 0, EBX, 11, LEVEL_HOST, 0, NULL },
	{ "avx512f", 7, 0, EBX, 16, LEVEL_V4, 0, "avx2" },
	{ "avx512dq", 7, 0, EBX, 17, LEVEL_V4, 0, "avx512f" },
	{ "rdseed", 7, 0, EBX, 18, LEVEL_HOST, 0, NULL },
	{ "adx", 7, 0, EBX, 19, LEVEL_HOST, 0, NULL },
	{ "smap", 7, 0, EBX, 20, LEVEL_BASE, 0, NULL },
	{ "avx512ifma", 7, 0, EBX, 21, LEVEL_HOST, 0, "avx512f" },
	{ "clflushopt", 7, 0, EBX, 23, LEVEL_BASE, 0, NULL },
	{ "clwb", 7, 0, EBX, 24, LEVEL_BASE, 0, NULL },
	{ "mpx", 7, 0, EBX, 14, LEVEL_HOST, 0, NULL },
	{ "avx512pf", 7, 0, EBX, 26, LEVEL_HOST, 0, "avx512f" },
	{ "avx512er", 7, 0, EBX, 27, LEVEL_HOST, 0, "avx512f" },
	{ "avx512cd", 7, 0, EBX, 28, LEVEL_V4, 0, "avx512f" },
	{ "sha_ni", 7, 0, EBX, 29, LEVEL_HOST, 0, NULL },
	{ "avx512bw", 7, 0, EBX, 30, LEVEL_V4, 0, "avx512f" },
	{ "avx512vl", 7, 0, EBX, 31, LEVEL_V4, 0, "avx512f" },
	{ "avx512vbmi", 7, 0, ECX, 1, LEVEL_HOST, 0, "avx512f" },
	{ "umip", 7, 0, ECX, 2, LEVEL_BASE, 0, NULL },
	{ "pku", 7, 0, ECX, 3, LEVEL_HOST, 0, "xsave" },
	{ "waitpkg", 7, 0, ECX, 5, LEVEL_HOST, 0, NULL },
	{ "shstk", 7, 0, ECX, 7, LEVEL_HOST, 0, NULL },
	{ "avx512_vbmi2", 7, 0, ECX, 6, LEVEL_HOST, 0, "avx512f" },
	{ "gfni", 7, 0, ECX, 8, LEVEL_HOST, 0, NULL },
	{ "vaes", 7, 0, ECX, 9, LEVEL_HOST, 0, "avx" },
	{ "vpclmulqdq", 7, 0, ECX, 10, LEVEL_HOST, 0, "avx" },
	{ "avx512_vnni", 7, 0, ECX, 11, LEVEL_HOST, 0, "avx512f" },
	{ "avx512_bitalg", 7, 0, ECX, 12, LEVEL_HOST, 0, "avx512f" },
	{ "avx512_vpopcntdq", 7, 0, ECX, 14, LEVEL_HOST, 0, "avx512f" },
	{ "la57", 7, 0, ECX, 16, LEVEL_HOST, 0, NULL },
	{ "rdpid", 7, 0, ECX, 22, LEVEL_HOST, 0, NULL },
	{ "bus_lock_detect", 7, 0, ECX, 24, LEVEL_HOST, 0, NULL },
	{ "movdiri", 7, 0, ECX, 27, LEVEL_HOST, 0, NULL },
	{ "movdir64b", 7, 0, ECX, 28, LEVEL_HOST, 0, NULL },
	{ "fsrm", 7, 0, EDX, 4, LEVEL_HOST, 0, NULL },
	{ "avx512_vp2intersect", 7, 0, EDX, 8, LEVEL_HOST, 0, "avx512f" },
	{ "md_clear", 7, 0, EDX, 10, LEVEL_HOST, 0, NULL },
	{ "serialize", 7, 0, EDX, 14, LEVEL_HOST, 0, NULL },
	{ "amx_bf16", 7, 0, EDX, 22, LEVEL_HOST, 0, "xsave" },
	{ "avx512_fp16", 7, 0, EDX, 23, LEVEL_HOST, 0, "avx512f" },
	{ "amx_tile", 7, 0, EDX, 24, LEVEL_HOST, 0, "xsave" },
	{ "amx_int8", 7, 0, EDX, 25, LEVEL_HOST, 0, "xsave" },
	{ "spec_ctrl", 7, 0, EDX, 26, LEVEL_HOST, 0, NULL },
	{ "ibt", 7, 0, EDX, 20, LEVEL_HOST, 0, NULL },
	{ "arch_capabilities", 7, 0, EDX, 29, LEVEL_HOST, 0, NULL },
	{ "ssbd", 7, 0, EDX, 31, LEVEL_HOST, 0, NULL },
	{ "avx_vnni", 7, 1, EAX, 4, LEVEL_HOST, 0, "avx2" },
	{ "amx_fp16", 7, 1, EAX, 21, LEVEL_HOST, 0, NULL },
	{ "amx_complex", 7, 1, EDX, 8, LEVEL_HOST, 0, NULL },
	{ "avx512_bf16", 7, 1, EAX, 5, LEVEL_HOST, 0, "avx512f" },
	{ "xsaveopt", 0xd, 1, EAX, 0, LEVEL_V3, 0, "xsave" },
	{ "xsavec", 0xd, 1, EAX, 1, LEVEL_V3, 0, "xsave" },
	{ "xgetbv1", 0xd, 1, EAX, 2, LEVEL_V3, 0, "xsave" },
	{ "xfd", 0xd, 1, EAX, 4, LEVEL_HOST, 0, "xsave" },
	{ "xsaves", 0xd, 1, EAX, 3, LEVEL_HOST, 0, "xsave" },
	{ "lahf_lm", 0x80000001, 0, ECX, 0, LEVEL_V2, 0, NULL },
	{ "cmp_legacy", 0x80000001, 0, ECX, 1, LEVEL_BASE, 0, NULL },
	{ "cr8_legacy", 0x80000001, 0, ECX, 4, LEVEL_HOST, 0, NULL },
	{ "abm", 0x80000001, 0, ECX, 5, LEVEL_V3, 0, NULL },
	{ "sse4a", 0x80000001, 0, ECX, 6, LEVEL_HOST, 0, NULL },
	{ "misalignsse", 0x80000001, 0, ECX, 7, LEVEL_HOST, 0, NULL },
	{ "3dnowprefetch", 0x80000001, 0, ECX, 8, LEVEL_HOST, 0, NULL },
	{ "osvw", 0x80000001, 0, ECX, 9, LEVEL_HOST, 0, NULL },
	{ "xop", 0x80000001, 0, ECX, 11, LEVEL_HOST, 0, "avx" },
	{ "fma4", 0x80000001, 0, ECX, 16, LEVEL_HOST, 0, "avx" },
	{ "tbm", 0x80000001, 0, ECX, 21, LEVEL_HOST, 0, NULL },
	{ "topoext", 0x80000001, 0, ECX, 22, LEVEL_HOST, 0, NULL },
	{ "perfctr_core", 0x80000001, 0, ECX, 23, LEVEL_HOST, 0, NULL },
	{ "syscall", 0x80000001, 0, EDX, 11, LEVEL_V1, 0, NULL },
	{ "nx", 0x80000001, 0, EDX, 20, LEVEL_BASE, 0, NULL },
	{ "mmxext", 0x80000001, 0, EDX, 22, LEVEL_HOST, 0, NULL },
	{ "fxsr_opt", 0x80000001, 0, EDX, 25, LEVEL_HOST, 0, NULL },
	{ "pdpe1gb", 0x80000001, 0, EDX, 26, LEVEL_BASE, 0, NULL },
	{ "rdtscp", 0x80000001, 0, EDX, 27, LEVEL_BASE, 0, NULL },
	{ "lm", 0x80000001, 0, EDX, 29, LEVEL_V1, 0, NULL },
	{ "3dnowext", 0x80000001, 0, EDX, 30, LEVEL_HOST, 0, NULL },
	{ "3dnow", 0x80000001, 0, EDX, 31, LEVEL_HOST, 0, NULL },
	{ "constant_tsc", 0x80000007, 0, EDX, 8, LEVEL_BASE, BY_VMM, NULL },
	{ "clzero", 0x80000008, 0, EBX, 0, LEVEL_HOST, 0, NULL },
	{ "xsaveerptr", 0x80000008, 0, EBX, 2, LEVEL_HOST, 0, NULL },
	{ "wbnoinvd", 0x80000008, 0, EBX, 9, LEVEL_HOST, 0, NULL },
	{ "ibpb", 0x80000008, 0, EBX, 12, LEVEL_HOST, 0, NULL },
	{ "ibrs", 0x80000008, 0, EBX, 14, LEVEL_HOST, 0, NULL },
	{ "stibp", 0x80000008, 0, EBX, 15, LEVEL_HOST, 0, NULL },
	{ "virt_ssbd", 0x80000008, 0, EBX, 25, LEVEL_HOST, 0, NULL },
};

#define FEATURES (sizeof(features) / sizeof(features[0]))

/* Registers that hold feature bits: at a level, bits without a row go. */
static const struct {
	uint32_t leaf, subleaf;
	uint8_t reg;
} words[] = {
	{ 1, 0, ECX },   { 1, 0, EDX },          { 7, 0, EBX },          { 7, 0, ECX },
	{ 7, 0, EDX },   { 7, 1, EAX },          { 7, 1, EBX },          { 7, 1, EDX },
	{ 0xd, 1, EAX }, { 0x80000001, 0, ECX }, { 0x80000001, 0, EDX }, { 0x80000008, 0, EBX },
};

/* What only an APIC in the kernel could keep, or what this plugin does not carry along: never there. */
static const char *const never[] = { "amx_bf16", "amx_tile", "amx_int8", "amx_fp16", "amx_complex",    "xfd",
				     "shstk",    "ibt",      "mpx",      "waitpkg",  "bus_lock_detect" };

/* AMD repeats leaf 1's edx in leaf 0x80000001: these bits follow. */
#define AMD_ALIASES 0x0183f3ffu

static uint32_t *reg_of(struct kvm_cpuid_entry2 *entry, unsigned reg)
{
	uint32_t *const regs[] = { &entry->eax, &entry->ebx, &entry->ecx, &entry->edx };

	return regs[reg];
}

static struct kvm_cpuid_entry2 *entry_of(struct kvm_cpuid2 *cpuid, uint32_t leaf, uint32_t subleaf)
{
	for (uint32_t i = 0; i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];

		if (entry->function == leaf &&
		    (!(entry->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX) || entry->index == subleaf))
			return entry;
	}
	return NULL;
}

uint32_t kvm_cpuid_get(const struct kvm_vcpu *vcpu, uint32_t leaf, uint32_t subleaf, unsigned reg)
{
	struct kvm_cpuid_entry2 *entry = entry_of(vcpu->arch.cpuid, leaf, subleaf);

	return entry ? *reg_of(entry, reg) : 0;
}

static const struct feature *feature_of(const char *name)
{
	for (size_t i = 0; i < FEATURES; i++)
		if (!strcmp(features[i].name, name))
			return &features[i];
	return NULL;
}

static bool has(struct kvm_cpuid2 *cpuid, const struct feature *feature)
{
	struct kvm_cpuid_entry2 *entry = entry_of(cpuid, feature->leaf, feature->subleaf);

	return entry && *reg_of(entry, feature->reg) >> feature->bit & 1;
}

/* False: the leaf is not there. */
static bool set(struct kvm_cpuid2 *cpuid, const struct feature *feature, bool value)
{
	struct kvm_cpuid_entry2 *entry = entry_of(cpuid, feature->leaf, feature->subleaf);
	uint32_t bit = UINT32_C(1) << feature->bit;
	uint32_t *reg;

	if (!entry)
		return !value;
	reg = reg_of(entry, feature->reg);
	*reg = value ? *reg | bit : *reg & ~bit;
	return true;
}

static uint32_t bits_of_level(size_t word, uint32_t level)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < FEATURES; i++)
		if (features[i].leaf == words[word].leaf && features[i].subleaf == words[word].subleaf &&
		    features[i].reg == words[word].reg && features[i].level <= level)
			bits |= UINT32_C(1) << features[i].bit;
	return bits;
}

/* KVM_CPUID_HOST keeps all. */
static void apply_level(struct kvm_cpuid2 *cpuid, uint32_t choice)
{
	uint32_t level = LEVEL_V1 + (choice - KVM_CPUID_V1);

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && choice != KVM_CPUID_HOST; i++) {
		struct kvm_cpuid_entry2 *entry = entry_of(cpuid, words[i].leaf, words[i].subleaf);

		if (entry)
			*reg_of(entry, words[i].reg) &= bits_of_level(i, level);
	}
}

/* The feature that begins most like a name: three letters at least. */
static const char *similar_feature(const char *name)
{
	const char *similar = "avx512f";
	size_t most = 2;

	for (size_t i = 0; i < FEATURES; i++) {
		size_t length = 0;

		while (name[length] && name[length] == features[i].name[length])
			length++;
		if (length > most) {
			most = length;
			similar = features[i].name;
		}
	}
	return similar;
}

static int32_t unknown_feature(const struct axarch_host *host, const char *word)
{
	bool is_signed = *word == '+' || *word == '-';

	return host->error(AXVCPU_ERROR_INVALID_INPUT,
			   "kvm: features: \"%s\" is no feature that can be switched; write +NAME or -NAME with names "
			   "of /proc/cpuinfo, such as %c%s",
			   word, *word == '+' ? '+' : '-', similar_feature(word + is_signed));
}

static int32_t apply_feature(const struct axarch_host *host, struct kvm_cpuid2 *cpuid, struct kvm_cpuid2 *supported,
			     const char *word)
{
	const struct feature *feature = *word == '+' || *word == '-' ? feature_of(word + 1) : NULL;

	if (!feature)
		return unknown_feature(host, word);
	if (*word == '+' && !(feature->flags & BY_VMM) && !has(supported, feature))
		return host->error(AXVCPU_ERROR_UNSUPPORTED, "kvm: features: KVM on this host has no %s; leave %s out",
				   feature->name, word);
	if (!set(cpuid, feature, *word == '+'))
		return unknown_feature(host, word);
	return 0;
}

static int32_t apply_features(const struct axarch_host *host, struct kvm_cpuid2 *cpuid, struct kvm_cpuid2 *supported,
			      const char *text)
{
	char words_of[sizeof(((struct kvm_create *)0)->features)], *rest, *word;
	int32_t error = 0;

	memcpy(words_of, text, sizeof(words_of));
	for (word = strtok_r(words_of, ", ", &rest); word && !error; word = strtok_r(NULL, ", ", &rest))
		error = apply_feature(host, cpuid, supported, word);
	return error;
}

/* A feature goes with the one that it needs; rows that need others come after them. */
static void drop_orphans(struct kvm_cpuid2 *cpuid)
{
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		set(cpuid, feature_of(never[i]), false);
	for (size_t i = 0; i < FEATURES; i++)
		if (features[i].needs && !has(cpuid, feature_of(features[i].needs)))
			set(cpuid, &features[i], false);
}

/* The components of xsave follow from the features that use them. */
static uint64_t components(struct kvm_cpuid2 *cpuid)
{
	static const struct {
		const char *feature;
		uint64_t components;
	} users[] = { { "xsave", 0x3 }, { "avx", 0x4 }, { "avx512f", 0xe0 }, { "pku", 0x200 } };
	uint64_t mask = 0;

	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++)
		if (has(cpuid, feature_of(users[i].feature)))
			mask |= users[i].components;
	return mask;
}

static void limit_components(struct kvm_cpuid2 *cpuid)
{
	uint64_t mask = components(cpuid);

	for (uint32_t i = 0; i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];

		if (entry->function != 0xd)
			continue;
		if (entry->index == 0) {
			entry->eax &= (uint32_t)mask;
			entry->edx = 0;
		} else if (entry->index == 1) { /* components that only the guest's system may use */
			entry->ecx = entry->edx = 0;
		} else if (entry->index >= 64 || !(mask >> entry->index & 1)) {
			entry->eax = entry->ebx = entry->ecx = 0;
		}
	}
}

/* AMD's second word of features follows the first. */
static void set_aliases(struct kvm_cpuid2 *cpuid)
{
	struct kvm_cpuid_entry2 *vendor = entry_of(cpuid, 0, 0), *first = entry_of(cpuid, 1, 0),
				*extended = entry_of(cpuid, 0x80000001, 0);

	if (vendor && first && extended && vendor->ebx != signature_INTEL_ebx)
		extended->edx = (extended->edx & ~AMD_ALIASES) | (first->edx & AMD_ALIASES);
}

/* KVM gives room for what a guest may want, and the list is sized for all. */
static struct kvm_cpuid_entry2 *entry_made(struct kvm_cpuid2 *cpuid, uint32_t leaf, uint32_t subleaf, uint32_t flags)
{
	struct kvm_cpuid_entry2 *entry = entry_of(cpuid, leaf, subleaf);

	if (!entry && cpuid->nent < KVM_CPUID_ENTRIES_MAX) {
		entry = &cpuid->entries[cpuid->nent++];
		*entry = (struct kvm_cpuid_entry2){ .function = leaf, .index = subleaf, .flags = flags };
	}
	return entry;
}

static unsigned bits_for(uint32_t count)
{
	unsigned bits = 0;

	while (UINT32_C(1) << bits < count)
		bits++;
	return bits;
}

/* Leaf 0xb or 0x1f: one thread a core, all cores in one package. */
static void set_topology_leaf(struct kvm_cpuid2 *cpuid, uint32_t leaf, const struct kvm_create *config)
{
	static const uint32_t kinds[] = { 1, 2, 0 }; /* thread, core, end */
	const uint32_t shifts[] = { 0, bits_for(config->cpus), 0 }, counts[] = { 1, config->cpus, 0 };

	for (uint32_t i = 0; i < 3; i++) {
		struct kvm_cpuid_entry2 *entry = entry_made(cpuid, leaf, i, KVM_CPUID_FLAG_SIGNIFCANT_INDEX);

		if (entry) {
			entry->eax = shifts[i];
			entry->ebx = counts[i];
			entry->ecx = i | kinds[i] << 8;
			entry->edx = config->apic_id;
		}
	}
}

/* AMD's: the same in leaves 0x80000008 (cores) and 0x8000001e (this core). */
static void set_topology_amd(struct kvm_cpuid2 *cpuid, const struct kvm_create *config)
{
	struct kvm_cpuid_entry2 *cores = entry_of(cpuid, 0x80000008, 0), *core = entry_of(cpuid, 0x8000001e, 0);

	if (cores)
		cores->ecx = (bits_for(config->cpus) << 12) | (config->cpus - 1);
	if (core) {
		core->eax = config->apic_id;
		core->ebx = config->apic_id & 0xff; /* one thread a core */
		core->ecx = 0;
	}
}

static void set_topology(struct kvm_cpuid2 *cpuid, const struct kvm_create *config)
{
	struct kvm_cpuid_entry2 *first = entry_of(cpuid, 1, 0);
	uint32_t cores = config->cpus - 1; /* less one, as leaf 4 has it in 6 bits */

	if (first) {
		first->ebx = (first->ebx & 0xffff) | config->cpus << 16 | (config->apic_id & 0xff) << 24;
		set(cpuid, feature_of("ht"), config->cpus > 1);
	}
	if (entry_of(cpuid, 0xb, 0))
		set_topology_leaf(cpuid, 0xb, config);
	if (entry_of(cpuid, 0x1f, 0))
		set_topology_leaf(cpuid, 0x1f, config);
	for (uint32_t i = 0; i < cpuid->nent; i++) /* caches: how many processors and cores share them */
		if (cpuid->entries[i].function == 4 && cpuid->entries[i].eax & 31)
			cpuid->entries[i].eax = (cpuid->entries[i].eax & 0x3fff) | (cores < 63 ? cores : 63) << 26;
	set_topology_amd(cpuid, config);
}

/* So that no guest needs to measure its clocks: Intel's leaf 0x15, with the APIC's clock as the crystal. */
static void set_frequency(struct kvm_cpuid2 *cpuid, uint32_t tsc_khz)
{
	struct kvm_cpuid_entry2 *vendor = entry_of(cpuid, 0, 0);
	bool intel = vendor && vendor->ebx == signature_INTEL_ebx;
	struct kvm_cpuid_entry2 *entry = intel && vendor->eax >= 0x15 ? entry_made(cpuid, 0x15, 0, 0) : NULL;

	if (!entry)
		return;
	entry->eax = APIC_BUS_HZ / 1000;
	entry->ebx = tsc_khz;
	entry->ecx = APIC_BUS_HZ;
	entry->edx = 0;
}

/*
 * KVM's own leaves, with its clock and without what needs an APIC in the kernel or hypercalls. The clock's leaf tells
 * the frequency on AMD too, where there is no leaf 0x15.
 */
static void set_paravirtual(struct kvm_cpuid2 *cpuid, const struct kvm_vm *vm)
{
	const uint32_t clocks = 1u << KVM_FEATURE_CLOCKSOURCE | 1u << KVM_FEATURE_NOP_IO_DELAY |
				1u << KVM_FEATURE_CLOCKSOURCE2 | 1u << KVM_FEATURE_CLOCKSOURCE_STABLE_BIT;
	struct kvm_cpuid_entry2 *features_leaf = entry_of(cpuid, HYPERVISOR_LEAF + 1, 0);

	if (features_leaf && (vm->kind == KVM_CHIP_VMM || vm->arch.hypercall_exits))
		features_leaf->eax &= clocks;
	set(cpuid, feature_of("hypervisor"), true);
}

static struct kvm_cpuid2 *new_list(const struct axarch_host *host)
{
	struct kvm_cpuid2 *list = host->alloc(sizeof(*list) + KVM_CPUID_ENTRIES_MAX * sizeof(list->entries[0]));

	if (list)
		list->nent = KVM_CPUID_ENTRIES_MAX;
	return list;
}

static int32_t read_supported(const struct axarch_host *host, struct kvm_cpuid2 **ret_list)
{
	struct kvm_cpuid2 *list;
	int32_t error;
	int system_fd;

	error = kvm_system_open(host, &system_fd);
	if (error)
		return error;
	list = new_list(host);
	if (!list)
		return host->error(AXVCPU_ERROR_NO_MEMORY, "kvm: no memory for CPUID");
	error = KVM_CALL(host, system_fd, KVM_GET_SUPPORTED_CPUID, list);
	if (error)
		host->free(list);
	else
		*ret_list = list;
	return error;
}

static int32_t build(struct kvm_vcpu *vcpu, struct kvm_cpuid2 *cpuid, struct kvm_cpuid2 *supported)
{
	static const char *const by_board[] = { "apic", "x2apic", "tsc_deadline_timer" };
	const struct kvm_create *config = &vcpu->arch.config;
	int32_t error;

	memcpy(cpuid, supported, sizeof(*cpuid) + supported->nent * sizeof(cpuid->entries[0]));
	for (size_t i = 0; i < sizeof(by_board) / sizeof(by_board[0]); i++)
		set(cpuid, feature_of(by_board[i]), true);
	apply_level(cpuid, config->cpuid);
	set_paravirtual(cpuid, vcpu->vm);
	error = apply_features(vcpu->host, cpuid, supported, config->features);
	if (error)
		return error;
	drop_orphans(cpuid);
	limit_components(cpuid);
	set_aliases(cpuid);
	set_topology(cpuid, config);
	set_frequency(cpuid, vcpu->arch.tsc_khz);
	return 0;
}

int32_t kvm_cpuid_make(struct kvm_vcpu *vcpu)
{
	struct kvm_cpuid2 *supported = NULL, *cpuid;
	int32_t error = read_supported(vcpu->host, &supported);

	if (error)
		return error;
	cpuid = new_list(vcpu->host);
	error = cpuid ? build(vcpu, cpuid, supported)
		      : vcpu->host->error(AXVCPU_ERROR_NO_MEMORY, "kvm: no memory for CPUID");
	vcpu->host->free(supported);
	if (error)
		vcpu->host->free(cpuid);
	else
		vcpu->arch.cpuid = cpuid;
	return error;
}
