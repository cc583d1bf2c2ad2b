/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPUID: the portable processor of ../common/x86_64/processor.h. Never says more than the engine implements, nor, of
 * what runs on the host's vector units, more than the host has.
 */
#include "x86-cpuid.h"

#include <axvcpu/regs/x86_64.h>
#include <cpuid.h>
#include <string.h>

#define WHO "sim-x86_64"

enum { ON_HOST_UNIT = 1 };

/* With the bit that the engine knows a feature by, if it does. */
#define X86_FEATURE_BIT_NONE (-1)
#define IMPLEMENTED(name, engine, on_unit) { name, X86_NEEDS(engine), on_unit },
static const struct implemented {
	const char *name;
	uint8_t engine; /* X86_NEEDS() */
	uint8_t flags;
} implemented[] = { CPU_PORTABLE_FEATURES(IMPLEMENTED) };

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
	cpu_processor_set(&cpu->processor, feature, on);
	return 0;
}

static void tell_engine(struct x86_cpu *cpu)
{
	cpu->features = 0;
	for (size_t i = 0; i < X86_COUNT(implemented); i++)
		if (implemented[i].engine && cpu_processor_has(&cpu->processor, cpu_feature_of(implemented[i].name)))
			cpu->features |= UINT64_C(1) << (implemented[i].engine - 1);
}

static uint32_t highest_level(uint32_t choice)
{
	if (choice == X86_CPUID_MAX || choice == X86_CPUID_PORTABLE)
		return CPU_LEVEL_HOST;
	return CPU_LEVEL_V1 + (choice - X86_CPUID_V1);
}

int32_t x86_cpuid_make(struct x86_cpu *cpu, uint32_t choice, const char *changes)
{
	const struct cpu_features_user user = { cpu->cpu.host, WHO, apply_change, cpu };
	struct cpu_processor *processor = &cpu->processor;
	uint32_t highest = highest_level(choice);
	int32_t error;

	for (size_t i = 0; i < cpu_feature_count; i++)
		cpu_processor_set(processor, &cpu_features[i],
				  cpu_features[i].level <= highest && is_offered(&cpu_features[i]));
	cpu_processor_set(processor, cpu_feature_of("ht"), processor->cpus > 1);
	error = cpu_features_parse(&user, changes);
	if (error)
		return error;
	cpu_processor_drop_orphans(processor);
	memcpy(cpu->words_offered, processor->words, sizeof(cpu->words_offered));
	tell_engine(cpu);
	return 0;
}

void x86_cpuid(struct x86_cpu *cpu, uint32_t leaf, uint32_t subleaf, uint32_t ret_regs[4])
{
	cpu->processor.osxsave = cpu->cr4 & X86_CR4_OSXSAVE;
	cpu->processor.xcr0 = cpu->xcr0;
	cpu->processor.xss = cpu->xss;
	cpu_processor_leaf(&cpu->processor, leaf, subleaf, ret_regs);
}

uint64_t x86_xcr0_supported(const struct x86_cpu *cpu)
{
	return cpu_processor_components(&cpu->processor);
}

uint32_t x86_signature(const struct x86_cpu *cpu)
{
	return cpu->processor.signature;
}

/* ---- the registers of CPUID ---- */

/* Bits that AMD's repeat of another word. */
static uint32_t aliases(const struct x86_cpu *cpu, unsigned word)
{
	if (word != CPU_WORD_X1_EDX || !cpu_vendor_has_aliases(cpu->processor.vendor))
		return 0;
	return cpu->processor.words[CPU_WORD_1_EDX] & CPU_AMD_ALIASES;
}

static uint32_t word_shown(const struct x86_cpu *cpu, unsigned word)
{
	return (cpu->processor.words[word] | aliases(cpu, word)) & ~cpu_words[word].live;
}

int32_t x86_cpuid_get(const struct x86_cpu *cpu, uint64_t index, uint64_t *ret_value)
{
	if (index >= CPU_REGS)
		return AXVCPU_ERROR_NOT_FOUND;
	if (index == CPU_REG_VENDOR)
		*ret_value = cpu->processor.vendor;
	else if (index == CPU_REG_SIGNATURE)
		*ret_value = cpu->processor.signature;
	else
		*ret_value = word_shown(cpu, (unsigned)index - CPU_REG_WORDS);
	return 0;
}

static int32_t set_vendor(struct x86_cpu *cpu, uint64_t value)
{
	if (!cpu_vendor_is_known(value))
		return cpu->cpu.host->error(AXVCPU_ERROR_INVALID_INPUT,
					    WHO ": 0x%llx begins the name of no vendor that is known here",
					    (unsigned long long)value);
	cpu->processor.vendor = value;
	return 0;
}

static int32_t set_signature(struct x86_cpu *cpu, uint64_t value)
{
	if (value > UINT32_MAX)
		return cpu->cpu.host->error(AXVCPU_ERROR_INVALID_INPUT, WHO ": cpuid.1.eax has 32 bits");
	cpu->processor.signature = (uint32_t)value;
	return 0;
}

static int32_t set_word(struct x86_cpu *cpu, unsigned word, uint64_t value)
{
	uint32_t live = cpu_words[word].live, offered = cpu->words_offered[word] & ~live;
	uint64_t bits = value & ~(uint64_t)aliases(cpu, word);

	if (value > UINT32_MAX)
		return cpu->cpu.host->error(AXVCPU_ERROR_INVALID_INPUT, WHO ": a word of CPUID has 32 bits");
	if (bits & ~(uint64_t)offered)
		return cpu_word_refuse(cpu->cpu.host, WHO, word, (uint32_t)bits & ~offered);
	cpu->processor.words[word] = (uint32_t)bits | (cpu->processor.words[word] & live);
	tell_engine(cpu);
	return 0;
}

int32_t x86_cpuid_set(struct x86_cpu *cpu, uint64_t index, uint64_t value)
{
	uint64_t present;
	int32_t error = x86_cpuid_get(cpu, index, &present);

	if (error || value == present)
		return error;
	if (cpu->has_run)
		return cpu_reg_is_settled(cpu->cpu.host, WHO, (unsigned)index);
	if (index == CPU_REG_VENDOR)
		return set_vendor(cpu, value);
	if (index == CPU_REG_SIGNATURE)
		return set_signature(cpu, value);
	return set_word(cpu, (unsigned)index - CPU_REG_WORDS, value);
}
