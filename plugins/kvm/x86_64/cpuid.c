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

#include "../../common/x86_64/features.h"
#include "../kvm.h"

#define HYPERVISOR_LEAF 0x40000000u
#define APIC_BUS_HZ 1000000000u

/* Registers that hold feature bits: at a level, bits without a row go. */
static const struct {
	uint32_t leaf, subleaf;
	uint8_t reg;
} words[] = {
	{ 1, 0, CPUID_ECX },   { 1, 0, CPUID_EDX },          { 7, 0, CPUID_EBX },          { 7, 0, CPUID_ECX },
	{ 7, 0, CPUID_EDX },   { 7, 1, CPUID_EAX },          { 7, 1, CPUID_EBX },          { 7, 1, CPUID_EDX },
	{ 0xd, 1, CPUID_EAX }, { 0x80000001, 0, CPUID_ECX }, { 0x80000001, 0, CPUID_EDX }, { 0x80000008, 0, CPUID_EBX },
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

static bool has(struct kvm_cpuid2 *cpuid, const struct cpu_feature *feature)
{
	struct kvm_cpuid_entry2 *entry = entry_of(cpuid, feature->leaf, feature->subleaf);

	return entry && *reg_of(entry, feature->reg) >> feature->bit & 1;
}

/* False: the leaf is not there. */
static bool set(struct kvm_cpuid2 *cpuid, const struct cpu_feature *feature, bool value)
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

	for (size_t i = 0; i < cpu_feature_count; i++)
		if (cpu_features[i].leaf == words[word].leaf && cpu_features[i].subleaf == words[word].subleaf &&
		    cpu_features[i].reg == words[word].reg && cpu_features[i].level <= level)
			bits |= UINT32_C(1) << cpu_features[i].bit;
	return bits;
}

/* KVM_CPUID_HOST keeps all. */
static void apply_level(struct kvm_cpuid2 *cpuid, uint32_t choice)
{
	uint32_t level = CPU_LEVEL_V1 + (choice - KVM_CPUID_V1);

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && choice != KVM_CPUID_HOST; i++) {
		struct kvm_cpuid_entry2 *entry = entry_of(cpuid, words[i].leaf, words[i].subleaf);

		if (entry)
			*reg_of(entry, words[i].reg) &= bits_of_level(i, level);
	}
}

struct features_context {
	const struct axarch_host *host;
	struct kvm_cpuid2 *cpuid, *supported;
};

static int32_t apply_feature(void *context, const char *word, const struct cpu_feature *feature, bool on)
{
	struct features_context *lists = context;

	if (on && !(feature->flags & CPU_FEATURE_BY_VMM) && !has(lists->supported, feature))
		return lists->host->error(AXVCPU_ERROR_UNSUPPORTED,
					  "kvm: features: KVM on this host has no %s; leave %s out", feature->name,
					  word);
	if (!set(lists->cpuid, feature, on))
		return cpu_feature_unknown(lists->host, "kvm", word);
	return 0;
}

static int32_t apply_features(const struct axarch_host *host, struct kvm_cpuid2 *cpuid, struct kvm_cpuid2 *supported,
			      const char *text)
{
	struct features_context lists = { host, cpuid, supported };
	const struct cpu_features_user user = { host, "kvm", apply_feature, &lists };

	return cpu_features_parse(&user, text);
}

/* A feature goes with the one that it needs; rows that need others come after them. */
static void drop_orphans(struct kvm_cpuid2 *cpuid)
{
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		set(cpuid, cpu_feature_of(never[i]), false);
	for (size_t i = 0; i < cpu_feature_count; i++)
		if (cpu_features[i].needs && !has(cpuid, cpu_feature_of(cpu_features[i].needs)))
			set(cpuid, &cpu_features[i], false);
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
		if (has(cpuid, cpu_feature_of(users[i].feature)))
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

/* Leaf 0xb or 0x1f: one thread a core, all cores in one package. */
static void set_topology_leaf(struct kvm_cpuid2 *cpuid, uint32_t leaf, const struct kvm_create *config)
{
	static const uint32_t kinds[] = { 1, 2, 0 }; /* thread, core, end */
	const uint32_t shifts[] = { 0, cpu_topology_bits(config->cpus), 0 }, counts[] = { 1, config->cpus, 0 };

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
		cores->ecx = (cpu_topology_bits(config->cpus) << 12) | (config->cpus - 1);
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
		set(cpuid, cpu_feature_of("ht"), config->cpus > 1);
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

	struct cpu_ratio ratio = cpu_counter_ratio(tsc_khz, APIC_BUS_HZ / 1000);

	if (!entry)
		return;
	entry->eax = ratio.denominator;
	entry->ebx = ratio.numerator;
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
	set(cpuid, cpu_feature_of("hypervisor"), true);
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
		set(cpuid, cpu_feature_of(by_board[i]), true);
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
