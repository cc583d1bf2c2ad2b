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

#define XSAVE_LEAF 0xdu
#define HYPERVISOR_LEAF 0x40000000u
#define APIC_BUS_HZ 1000000000u
#define POWER_LEAF 0x80000007u
#define XSAVE_LEGACY_SIZE 576u

/* Registers that hold feature bits, beside those of cpu_words: at a level, bits without a row go. */
static const struct cpu_word other_words[] = { { 7, 1, CPUID_EBX, 0 }, { 7, 1, CPUID_EDX, 0 } };

/* What only an APIC in the kernel could keep, or what this plugin does not carry along: never there. */
static const char *const never[] = { "amx_bf16", "amx_tile", "amx_int8", "amx_fp16", "amx_complex",    "xfd",
				     "shstk",    "ibt",      "mpx",      "waitpkg",  "bus_lock_detect" };

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

static uint32_t bits_of_level(const struct cpu_word *word, uint32_t level)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < cpu_feature_count; i++)
		if (cpu_features[i].leaf == word->leaf && cpu_features[i].subleaf == word->subleaf &&
		    cpu_features[i].reg == word->reg && cpu_features[i].level <= level)
			bits |= UINT32_C(1) << cpu_features[i].bit;
	return bits;
}

static void limit_word(struct kvm_cpuid2 *cpuid, const struct cpu_word *word, uint32_t level)
{
	struct kvm_cpuid_entry2 *entry = entry_of(cpuid, word->leaf, word->subleaf);

	if (entry && word->leaf != POWER_LEAF)
		*reg_of(entry, word->reg) &= bits_of_level(word, level);
}

/* KVM_CPUID_HOST keeps all. */
static void apply_level(struct kvm_cpuid2 *cpuid, uint32_t choice)
{
	uint32_t level = CPU_LEVEL_V1 + (choice - KVM_CPUID_V1);

	if (choice == KVM_CPUID_HOST)
		return;
	for (size_t i = 0; i < CPU_WORDS; i++)
		limit_word(cpuid, &cpu_words[i], level);
	for (size_t i = 0; i < sizeof(other_words) / sizeof(other_words[0]); i++)
		limit_word(cpuid, &other_words[i], level);
}

/* Of the processor that is the same on every engine. */
static bool is_portable(const struct cpu_feature *feature)
{
#define NAME(name, engine, on_unit) name,
	static const char *const names[] = { CPU_PORTABLE_FEATURES(NAME) };
#undef NAME

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i], feature->name))
			return true;
	return false;
}

struct features_context {
	const struct axarch_host *host;
	struct kvm_cpuid2 *cpuid, *supported;
	bool portable;
};

static int32_t apply_feature(void *context, const char *word, const struct cpu_feature *feature, bool on)
{
	struct features_context *lists = context;

	if (on && !(feature->flags & CPU_FEATURE_BY_VMM) && !has(lists->supported, feature))
		return lists->host->error(AXVCPU_ERROR_UNSUPPORTED,
					  "kvm: features: KVM on this host has no %s; leave %s out", feature->name,
					  word);
	if (on && lists->portable && !is_portable(feature))
		return lists->host->error(AXVCPU_ERROR_UNSUPPORTED,
					  "kvm: features: %s is none of cpuid=portable; leave %s out", feature->name,
					  word);
	if (!set(lists->cpuid, feature, on))
		return cpu_feature_unknown(lists->host, "kvm", word);
	return 0;
}

static int32_t apply_features(const struct kvm_vcpu *vcpu, struct kvm_cpuid2 *cpuid, struct kvm_cpuid2 *supported)
{
	const struct kvm_create *config = &vcpu->arch.config;
	struct features_context lists = { vcpu->host, cpuid, supported, config->cpuid == KVM_CPUID_PORTABLE };
	const struct cpu_features_user user = { vcpu->host, "kvm", apply_feature, &lists };

	return cpu_features_parse(&user, config->features);
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

static void limit_component(struct kvm_cpuid_entry2 *entry, uint64_t mask)
{
	if (entry->index == 0) {
		entry->eax &= (uint32_t)mask;
		entry->edx = 0;
	} else if (entry->index == 1) { /* components that only the guest's system may use */
		entry->ecx = entry->edx = 0;
	} else if (entry->index >= 64 || !(mask >> entry->index & 1)) {
		entry->eax = entry->ebx = entry->ecx = 0;
	}
}

/* What the area of all components takes follows from them, too. */
static void limit_components(struct kvm_cpuid2 *cpuid)
{
	struct kvm_cpuid_entry2 *first = entry_of(cpuid, XSAVE_LEAF, 0);
	uint64_t mask = components(cpuid);
	uint32_t size = mask ? XSAVE_LEGACY_SIZE : 0;

	for (uint32_t i = 0; i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];

		if (entry->function != XSAVE_LEAF)
			continue;
		limit_component(entry, mask);
		if (entry->index > 1 && entry->eax && entry->ebx + entry->eax > size)
			size = entry->ebx + entry->eax;
	}
	if (first)
		first->ecx = size;
}

/* AMD's second word of features follows the first. */
static void set_aliases(struct kvm_cpuid2 *cpuid, uint64_t vendor)
{
	struct kvm_cpuid_entry2 *first = entry_of(cpuid, 1, 0), *extended = entry_of(cpuid, 0x80000001, 0);

	if (!first || !extended)
		return;
	extended->edx &= ~CPU_AMD_ALIASES;
	if (cpu_vendor_has_aliases(vendor))
		extended->edx |= first->edx & CPU_AMD_ALIASES;
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

static void build_host(const struct kvm_vcpu *vcpu, struct kvm_cpuid2 *cpuid, struct kvm_cpuid2 *supported)
{
	static const char *const by_board[] = { "apic", "x2apic", "tsc_deadline_timer" };

	memcpy(cpuid, supported, sizeof(*cpuid) + supported->nent * sizeof(cpuid->entries[0]));
	for (size_t i = 0; i < sizeof(by_board) / sizeof(by_board[0]); i++)
		set(cpuid, cpu_feature_of(by_board[i]), true);
	apply_level(cpuid, vcpu->arch.config.cpuid);
	set_paravirtual(cpuid, vcpu->vm);
	set_topology(cpuid, &vcpu->arch.config);
}

static bool is_offered(const struct kvm_vcpu *vcpu, struct kvm_cpuid2 *supported, const struct cpu_feature *feature)
{
	static const char *const by_board[] = { "apic", "x2apic", "tsc_deadline_timer", "hypervisor" };

	for (size_t i = 0; i < sizeof(by_board) / sizeof(by_board[0]); i++)
		if (!strcmp(by_board[i], feature->name))
			return true;
	if (!strcmp(feature->name, "ht"))
		return vcpu->arch.config.cpus > 1;
	return is_portable(feature) && has(supported, feature);
}

static struct cpu_processor processor_of(const struct kvm_vcpu *vcpu)
{
	struct cpu_processor processor;

	cpu_processor_init(&processor);
	processor.apic_id = vcpu->arch.config.apic_id;
	processor.cpus = vcpu->arch.config.cpus;
	processor.tsc_khz = vcpu->arch.tsc_khz;
	return processor;
}

/* A leaf of the portable processor, as one or as several entries. */
static void put_leaf(struct kvm_cpuid2 *cpuid, const struct cpu_processor *processor, const struct cpu_leaf *leaf)
{
	uint32_t flags = leaf->subleaves ? KVM_CPUID_FLAG_SIGNIFCANT_INDEX : 0;

	for (uint32_t i = 0; i == 0 || i < leaf->subleaves; i++) {
		struct kvm_cpuid_entry2 *entry = entry_made(cpuid, leaf->leaf, i, flags);
		uint32_t regs[4];

		cpu_processor_leaf(processor, leaf->leaf, i, regs);
		entry->eax = regs[CPUID_EAX];
		entry->ebx = regs[CPUID_EBX];
		entry->ecx = regs[CPUID_ECX];
		entry->edx = regs[CPUID_EDX];
	}
}

static void build_portable(const struct kvm_vcpu *vcpu, struct kvm_cpuid2 *cpuid, struct kvm_cpuid2 *supported)
{
	struct cpu_processor processor = processor_of(vcpu);

	for (size_t i = 0; i < cpu_feature_count; i++)
		cpu_processor_set(&processor, &cpu_features[i], is_offered(vcpu, supported, &cpu_features[i]));
	cpuid->nent = 0;
	for (size_t i = 0; i < CPU_LEAVES; i++)
		put_leaf(cpuid, &processor, &cpu_leaves[i]);
}

/* What create made of the config, for kvm_cpuid_compose to go on from. */
static int32_t build(struct kvm_vcpu *vcpu, struct kvm_cpuid2 *cpuid, struct kvm_cpuid2 *supported)
{
	int32_t error;

	if (vcpu->arch.config.cpuid == KVM_CPUID_PORTABLE)
		build_portable(vcpu, cpuid, supported);
	else
		build_host(vcpu, cpuid, supported);
	error = apply_features(vcpu, cpuid, supported);
	if (!error)
		drop_orphans(cpuid);
	return error;
}

static void set_portable_frequency(const struct kvm_vcpu *vcpu, struct kvm_cpuid2 *cpuid)
{
	static const uint32_t leaves[] = { 0x15, 0x16, HYPERVISOR_LEAF + 0x10 };
	struct cpu_processor processor = processor_of(vcpu);

	for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++)
		put_leaf(cpuid, &processor, &(struct cpu_leaf){ .leaf = leaves[i] });
}

static uint32_t *word_in(struct kvm_cpuid2 *cpuid, unsigned word)
{
	struct kvm_cpuid_entry2 *entry = entry_of(cpuid, cpu_words[word].leaf, cpu_words[word].subleaf);

	return entry ? reg_of(entry, cpu_words[word].reg) : NULL;
}

static void put_model(const struct kvm_cpuid_model *model, struct kvm_cpuid2 *cpuid)
{
	struct kvm_cpuid_entry2 *vendor = entry_of(cpuid, 0, 0), *first = entry_of(cpuid, 1, 0);

	if (vendor && cpu_vendor_is_known(model->vendor)) {
		vendor->ebx = (uint32_t)model->vendor;
		vendor->edx = (uint32_t)(model->vendor >> 32);
		vendor->ecx = cpu_vendor_ecx(model->vendor);
	}
	if (first)
		first->eax = model->signature;
	for (unsigned i = 0; i < CPU_WORDS; i++) {
		uint32_t *word = word_in(cpuid, i);

		if (word)
			*word = (*word & cpu_words[i].live) | model->words[i];
	}
}

static struct kvm_cpuid_model model_of(struct kvm_cpuid2 *cpuid)
{
	struct kvm_cpuid_entry2 *vendor = entry_of(cpuid, 0, 0), *first = entry_of(cpuid, 1, 0);
	struct kvm_cpuid_model model = { .vendor = vendor ? vendor->ebx | (uint64_t)vendor->edx << 32 : 0,
					 .signature = first ? first->eax : 0 };

	for (unsigned i = 0; i < CPU_WORDS; i++) {
		const uint32_t *word = word_in(cpuid, i);

		model.words[i] = word ? *word & ~cpu_words[i].live : 0;
	}
	return model;
}

void kvm_cpuid_compose(struct kvm_vcpu *vcpu)
{
	struct kvm_arch_vcpu *arch = &vcpu->arch;
	struct kvm_cpuid2 *told = arch->told;

	memcpy(told, arch->made, sizeof(*told) + arch->made->nent * sizeof(told->entries[0]));
	put_model(&arch->model, told);
	limit_components(told);
	set_aliases(told, arch->model.vendor);
	if (arch->config.cpuid == KVM_CPUID_PORTABLE)
		set_portable_frequency(vcpu, told);
	else
		set_frequency(told, arch->tsc_khz);
}

static int32_t make_lists(struct kvm_vcpu *vcpu)
{
	struct kvm_arch_vcpu *arch = &vcpu->arch;

	arch->made = new_list(vcpu->host);
	arch->told = new_list(vcpu->host);
	arch->cpuid = new_list(vcpu->host);
	if (arch->made && arch->told && arch->cpuid)
		return 0;
	return vcpu->host->error(AXVCPU_ERROR_NO_MEMORY, "kvm: no memory for CPUID");
}

int32_t kvm_cpuid_make(struct kvm_vcpu *vcpu)
{
	struct kvm_arch_vcpu *arch = &vcpu->arch;
	struct kvm_cpuid2 *supported = NULL;
	int32_t error = read_supported(vcpu->host, &supported);

	if (!error)
		error = make_lists(vcpu);
	if (!error)
		error = build(vcpu, arch->made, supported);
	vcpu->host->free(supported);
	if (error) {
		kvm_cpuid_free(vcpu);
		return error;
	}
	arch->model = model_of(arch->made);
	memcpy(arch->words_offered, arch->model.words, sizeof(arch->words_offered));
	kvm_cpuid_compose(vcpu);
	return 0;
}

void kvm_cpuid_free(struct kvm_vcpu *vcpu)
{
	struct kvm_arch_vcpu *arch = &vcpu->arch;

	vcpu->host->free(arch->made);
	vcpu->host->free(arch->told);
	vcpu->host->free(arch->cpuid);
	arch->made = arch->told = arch->cpuid = NULL;
}

/* ---- the registers of CPUID ---- */

/* index is less than CPU_REGS. */
int32_t kvm_cpuid_get_reg(struct kvm_vcpu *vcpu, uint64_t index, uint64_t *ret_value)
{
	struct kvm_cpuid_model model = model_of(vcpu->arch.cpuid);

	if (index == CPU_REG_VENDOR)
		*ret_value = model.vendor;
	else if (index == CPU_REG_SIGNATURE)
		*ret_value = model.signature;
	else
		*ret_value = model.words[index - CPU_REG_WORDS];
	return 0;
}

static int32_t change_vendor(const struct kvm_vcpu *vcpu, struct kvm_cpuid_model *model, uint64_t value)
{
	if (!cpu_vendor_is_known(value))
		return vcpu->host->error(AXVCPU_ERROR_INVALID_INPUT,
					 "kvm: 0x%llx begins the name of no vendor that is known here",
					 (unsigned long long)value);
	model->vendor = value;
	return 0;
}

/* Bits that AMD's repeat of another word are not looked at; what KVM shows without being told stays as it is. */
static int32_t change_word(const struct kvm_vcpu *vcpu, struct kvm_cpuid_model *model, unsigned word, uint64_t value)
{
	bool repeats = word == CPU_WORD_X1_EDX && cpu_vendor_has_aliases(model->vendor);
	uint32_t bits = (uint32_t)value & ~(repeats ? CPU_AMD_ALIASES : 0u), offered = vcpu->arch.words_offered[word];
	uint32_t more = bits & ~offered & ~model_of(vcpu->arch.cpuid).words[word];

	if (more)
		return cpu_word_refuse(vcpu->host, "kvm", word, more);
	model->words[word] = bits & offered;
	return 0;
}

static int32_t change(const struct kvm_vcpu *vcpu, struct kvm_cpuid_model *model, uint64_t index, uint64_t value)
{
	if (index == CPU_REG_VENDOR)
		return change_vendor(vcpu, model, value);
	if (value > UINT32_MAX)
		return vcpu->host->error(AXVCPU_ERROR_INVALID_INPUT, "kvm: this word of CPUID has 32 bits");
	if (index != CPU_REG_SIGNATURE)
		return change_word(vcpu, model, (unsigned)index - CPU_REG_WORDS, value);
	model->signature = (uint32_t)value;
	return 0;
}

int32_t kvm_cpuid_set_reg(struct kvm_vcpu *vcpu, uint64_t index, uint64_t value)
{
	struct kvm_cpuid_model before = vcpu->arch.model, after = before;
	uint64_t present;
	int32_t error = kvm_cpuid_get_reg(vcpu, index, &present);

	if (error || value == present)
		return error;
	if (vcpu->seat->arch.has_run)
		return cpu_reg_is_settled(vcpu->host, "kvm", (unsigned)index);
	error = change(vcpu, &after, index, value);
	if (error)
		return error;
	vcpu->arch.model = after;
	error = kvm_cpuid_tell(vcpu);
	if (error)
		vcpu->arch.model = before;
	return error;
}

/* The words have no bit that create did not offer, and the vCPU has the same place among the others. */
static bool may_be_adopted(const struct kvm_vcpu *vcpu, struct kvm_cpuid2 *cpuid, const struct kvm_cpuid_model *model)
{
	struct kvm_cpuid_entry2 *mine = entry_of(vcpu->arch.made, 1, 0), *other = entry_of(cpuid, 1, 0);
	uint32_t more = 0;

	for (unsigned i = 0; i < CPU_WORDS; i++)
		if (i != CPU_WORD_X1_EDX)
			more |= model->words[i] & ~vcpu->arch.words_offered[i];
	return !more && mine && other && mine->ebx == other->ebx && cpuid->nent == vcpu->arch.told->nent;
}

/* A KVM vCPU that has run keeps its CPUID: the next one with its number begins with what was agreed on. */
void kvm_cpuid_adopt(struct kvm_vcpu *vcpu, struct kvm_cpuid2 *cpuid)
{
	struct kvm_cpuid_model model = model_of(cpuid);

	if (!may_be_adopted(vcpu, cpuid, &model))
		return;
	vcpu->arch.model = model;
	kvm_cpuid_compose(vcpu);
}
