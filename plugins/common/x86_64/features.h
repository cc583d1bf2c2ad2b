/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The features of x86_64 processors: their names, where CPUID has them, the level of the psABI that they belong to.
 * Which of them a processor has is the engine's to know.
 */
#ifndef PLUGINS_COMMON_X86_64_FEATURES_H
#define PLUGINS_COMMON_X86_64_FEATURES_H

#include <axvcpu/plugin/host.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CPUID_EAX, CPUID_EBX, CPUID_ECX, CPUID_EDX };

/* BASE: goes with every level, as it is about the system and not about programs. HOST: with no level. */
enum { CPU_LEVEL_BASE, CPU_LEVEL_V1, CPU_LEVEL_V2, CPU_LEVEL_V3, CPU_LEVEL_V4, CPU_LEVEL_HOST };

/* Flags. BY_VMM: emulated by the VMM's board or by nobody but the user's word. */
enum { CPU_FEATURE_BY_VMM = 1 };

struct cpu_feature {
	const char *name; /* as in /proc/cpuinfo */
	uint32_t leaf, subleaf;
	uint8_t reg, bit, level, flags;
	const char *needs; /* another feature, whose row comes before; or NULL */
};

extern const struct cpu_feature cpu_features[];
extern const size_t cpu_feature_count;

/* NULL: no feature of that name. */
const struct cpu_feature *cpu_feature_of(const char *name);

/* The list of a config, "-avx512f,+x2apic": calls `apply` with each word and its feature until one fails. `who` begins
 * the error texts. */
struct cpu_features_user {
	const struct axarch_host *host;
	const char *who;
	int32_t (*apply)(void *context, const char *word, const struct cpu_feature *feature, bool on);
	void *context;
};
int32_t cpu_features_parse(const struct cpu_features_user *user, const char *text);

/* INVALID_INPUT, with a text that offers a similar name. */
int32_t cpu_feature_unknown(const struct axarch_host *host, const char *who, const char *word);

/*
 * The frequency of the time stamp counter as a multiple of its crystal's, for leaf 0x15. As near as it can be with a
 * product of numerator and crystal that has 32 bits: guests multiply these first.
 */
struct cpu_ratio {
	uint32_t numerator, denominator;
};
struct cpu_ratio cpu_counter_ratio(uint32_t tsc_khz, uint32_t crystal_khz);

/* How many bits an APIC id needs for so many processors. */
unsigned cpu_topology_bits(uint32_t count);

#endif
