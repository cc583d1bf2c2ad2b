/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of features, and the list of them that a config has. See features.h. */
#include "features.h"

#include <axvcpu/error.h>
#include <string.h>

const struct cpu_feature cpu_features[] = {
	{ "fpu", 1, 0, CPUID_EDX, 0, CPU_LEVEL_V1, 0, NULL },
	{ "vme", 1, 0, CPUID_EDX, 1, CPU_LEVEL_BASE, 0, NULL },
	{ "de", 1, 0, CPUID_EDX, 2, CPU_LEVEL_BASE, 0, NULL },
	{ "pse", 1, 0, CPUID_EDX, 3, CPU_LEVEL_BASE, 0, NULL },
	{ "tsc", 1, 0, CPUID_EDX, 4, CPU_LEVEL_BASE, 0, NULL },
	{ "msr", 1, 0, CPUID_EDX, 5, CPU_LEVEL_BASE, 0, NULL },
	{ "pae", 1, 0, CPUID_EDX, 6, CPU_LEVEL_BASE, 0, NULL },
	{ "mce", 1, 0, CPUID_EDX, 7, CPU_LEVEL_BASE, 0, NULL },
	{ "cx8", 1, 0, CPUID_EDX, 8, CPU_LEVEL_V1, 0, NULL },
	{ "apic", 1, 0, CPUID_EDX, 9, CPU_LEVEL_BASE, CPU_FEATURE_BY_VMM, NULL },
	{ "sep", 1, 0, CPUID_EDX, 11, CPU_LEVEL_BASE, 0, NULL },
	{ "mtrr", 1, 0, CPUID_EDX, 12, CPU_LEVEL_BASE, 0, NULL },
	{ "pge", 1, 0, CPUID_EDX, 13, CPU_LEVEL_BASE, 0, NULL },
	{ "mca", 1, 0, CPUID_EDX, 14, CPU_LEVEL_BASE, 0, NULL },
	{ "cmov", 1, 0, CPUID_EDX, 15, CPU_LEVEL_V1, 0, NULL },
	{ "pat", 1, 0, CPUID_EDX, 16, CPU_LEVEL_BASE, 0, NULL },
	{ "pse36", 1, 0, CPUID_EDX, 17, CPU_LEVEL_BASE, 0, NULL },
	{ "clflush", 1, 0, CPUID_EDX, 19, CPU_LEVEL_BASE, 0, NULL },
	{ "mmx", 1, 0, CPUID_EDX, 23, CPU_LEVEL_V1, 0, NULL },
	{ "fxsr", 1, 0, CPUID_EDX, 24, CPU_LEVEL_V1, 0, NULL },
	{ "sse", 1, 0, CPUID_EDX, 25, CPU_LEVEL_V1, 0, NULL },
	{ "sse2", 1, 0, CPUID_EDX, 26, CPU_LEVEL_V1, 0, NULL },
	{ "ss", 1, 0, CPUID_EDX, 27, CPU_LEVEL_HOST, 0, NULL },
	{ "ht", 1, 0, CPUID_EDX, 28, CPU_LEVEL_BASE, CPU_FEATURE_BY_VMM, NULL },
	{ "pni", 1, 0, CPUID_ECX, 0, CPU_LEVEL_V2, 0, NULL },
	{ "pclmulqdq", 1, 0, CPUID_ECX, 1, CPU_LEVEL_HOST, 0, NULL },
	{ "ssse3", 1, 0, CPUID_ECX, 9, CPU_LEVEL_V2, 0, NULL },
	{ "cx16", 1, 0, CPUID_ECX, 13, CPU_LEVEL_V2, 0, NULL },
	{ "pcid", 1, 0, CPUID_ECX, 17, CPU_LEVEL_BASE, 0, NULL },
	{ "sse4_1", 1, 0, CPUID_ECX, 19, CPU_LEVEL_V2, 0, NULL },
	{ "sse4_2", 1, 0, CPUID_ECX, 20, CPU_LEVEL_V2, 0, NULL },
	{ "x2apic", 1, 0, CPUID_ECX, 21, CPU_LEVEL_BASE, CPU_FEATURE_BY_VMM, NULL },
	{ "movbe", 1, 0, CPUID_ECX, 22, CPU_LEVEL_V3, 0, NULL },
	{ "popcnt", 1, 0, CPUID_ECX, 23, CPU_LEVEL_V2, 0, NULL },
	{ "tsc_deadline_timer", 1, 0, CPUID_ECX, 24, CPU_LEVEL_BASE, CPU_FEATURE_BY_VMM, NULL },
	{ "aes", 1, 0, CPUID_ECX, 25, CPU_LEVEL_HOST, 0, NULL },
	{ "xsave", 1, 0, CPUID_ECX, 26, CPU_LEVEL_V3, 0, NULL },
	{ "avx", 1, 0, CPUID_ECX, 28, CPU_LEVEL_V3, 0, "xsave" },
	{ "fma", 1, 0, CPUID_ECX, 12, CPU_LEVEL_V3, 0, "avx" },
	{ "f16c", 1, 0, CPUID_ECX, 29, CPU_LEVEL_V3, 0, "avx" },
	{ "rdrand", 1, 0, CPUID_ECX, 30, CPU_LEVEL_HOST, 0, NULL },
	{ "hypervisor", 1, 0, CPUID_ECX, 31, CPU_LEVEL_BASE, CPU_FEATURE_BY_VMM, NULL },
	{ "fsgsbase", 7, 0, CPUID_EBX, 0, CPU_LEVEL_BASE, 0, NULL },
	{ "tsc_adjust", 7, 0, CPUID_EBX, 1, CPU_LEVEL_BASE, 0, NULL },
	{ "bmi1", 7, 0, CPUID_EBX, 3, CPU_LEVEL_V3, 0, NULL },
	{ "hle", 7, 0, CPUID_EBX, 4, CPU_LEVEL_HOST, 0, NULL },
	{ "avx2", 7, 0, CPUID_EBX, 5, CPU_LEVEL_V3, 0, "avx" },
	{ "smep", 7, 0, CPUID_EBX, 7, CPU_LEVEL_BASE, 0, NULL },
	{ "bmi2", 7, 0, CPUID_EBX, 8, CPU_LEVEL_V3, 0, NULL },
	{ "erms", 7, 0, CPUID_EBX, 9, CPU_LEVEL_BASE, 0, NULL },
	{ "invpcid", 7, 0, CPUID_EBX, 10, CPU_LEVEL_BASE, 0, "pcid" },
	{ "rtm", 7, 0, CPUID_EBX, 11, CPU_LEVEL_HOST, 0, NULL },
	{ "avx512f", 7, 0, CPUID_EBX, 16, CPU_LEVEL_V4, 0, "avx2" },
	{ "avx512dq", 7, 0, CPUID_EBX, 17, CPU_LEVEL_V4, 0, "avx512f" },
	{ "rdseed", 7, 0, CPUID_EBX, 18, CPU_LEVEL_HOST, 0, NULL },
	{ "adx", 7, 0, CPUID_EBX, 19, CPU_LEVEL_HOST, 0, NULL },
	{ "smap", 7, 0, CPUID_EBX, 20, CPU_LEVEL_BASE, 0, NULL },
	{ "avx512ifma", 7, 0, CPUID_EBX, 21, CPU_LEVEL_HOST, 0, "avx512f" },
	{ "clflushopt", 7, 0, CPUID_EBX, 23, CPU_LEVEL_BASE, 0, NULL },
	{ "clwb", 7, 0, CPUID_EBX, 24, CPU_LEVEL_BASE, 0, NULL },
	{ "mpx", 7, 0, CPUID_EBX, 14, CPU_LEVEL_HOST, 0, NULL },
	{ "avx512pf", 7, 0, CPUID_EBX, 26, CPU_LEVEL_HOST, 0, "avx512f" },
	{ "avx512er", 7, 0, CPUID_EBX, 27, CPU_LEVEL_HOST, 0, "avx512f" },
	{ "avx512cd", 7, 0, CPUID_EBX, 28, CPU_LEVEL_V4, 0, "avx512f" },
	{ "sha_ni", 7, 0, CPUID_EBX, 29, CPU_LEVEL_HOST, 0, NULL },
	{ "avx512bw", 7, 0, CPUID_EBX, 30, CPU_LEVEL_V4, 0, "avx512f" },
	{ "avx512vl", 7, 0, CPUID_EBX, 31, CPU_LEVEL_V4, 0, "avx512f" },
	{ "avx512vbmi", 7, 0, CPUID_ECX, 1, CPU_LEVEL_HOST, 0, "avx512f" },
	{ "umip", 7, 0, CPUID_ECX, 2, CPU_LEVEL_BASE, 0, NULL },
	{ "pku", 7, 0, CPUID_ECX, 3, CPU_LEVEL_HOST, 0, "xsave" },
	{ "waitpkg", 7, 0, CPUID_ECX, 5, CPU_LEVEL_HOST, 0, NULL },
	{ "shstk", 7, 0, CPUID_ECX, 7, CPU_LEVEL_HOST, 0, NULL },
	{ "avx512_vbmi2", 7, 0, CPUID_ECX, 6, CPU_LEVEL_HOST, 0, "avx512f" },
	{ "gfni", 7, 0, CPUID_ECX, 8, CPU_LEVEL_HOST, 0, NULL },
	{ "vaes", 7, 0, CPUID_ECX, 9, CPU_LEVEL_HOST, 0, "avx" },
	{ "vpclmulqdq", 7, 0, CPUID_ECX, 10, CPU_LEVEL_HOST, 0, "avx" },
	{ "avx512_vnni", 7, 0, CPUID_ECX, 11, CPU_LEVEL_HOST, 0, "avx512f" },
	{ "avx512_bitalg", 7, 0, CPUID_ECX, 12, CPU_LEVEL_HOST, 0, "avx512f" },
	{ "avx512_vpopcntdq", 7, 0, CPUID_ECX, 14, CPU_LEVEL_HOST, 0, "avx512f" },
	{ "la57", 7, 0, CPUID_ECX, 16, CPU_LEVEL_HOST, 0, NULL },
	{ "rdpid", 7, 0, CPUID_ECX, 22, CPU_LEVEL_HOST, 0, NULL },
	{ "bus_lock_detect", 7, 0, CPUID_ECX, 24, CPU_LEVEL_HOST, 0, NULL },
	{ "movdiri", 7, 0, CPUID_ECX, 27, CPU_LEVEL_HOST, 0, NULL },
	{ "movdir64b", 7, 0, CPUID_ECX, 28, CPU_LEVEL_HOST, 0, NULL },
	{ "fsrm", 7, 0, CPUID_EDX, 4, CPU_LEVEL_HOST, 0, NULL },
	{ "avx512_vp2intersect", 7, 0, CPUID_EDX, 8, CPU_LEVEL_HOST, 0, "avx512f" },
	{ "md_clear", 7, 0, CPUID_EDX, 10, CPU_LEVEL_HOST, 0, NULL },
	{ "serialize", 7, 0, CPUID_EDX, 14, CPU_LEVEL_HOST, 0, NULL },
	{ "amx_bf16", 7, 0, CPUID_EDX, 22, CPU_LEVEL_HOST, 0, "xsave" },
	{ "avx512_fp16", 7, 0, CPUID_EDX, 23, CPU_LEVEL_HOST, 0, "avx512f" },
	{ "amx_tile", 7, 0, CPUID_EDX, 24, CPU_LEVEL_HOST, 0, "xsave" },
	{ "amx_int8", 7, 0, CPUID_EDX, 25, CPU_LEVEL_HOST, 0, "xsave" },
	{ "spec_ctrl", 7, 0, CPUID_EDX, 26, CPU_LEVEL_HOST, 0, NULL },
	{ "ibt", 7, 0, CPUID_EDX, 20, CPU_LEVEL_HOST, 0, NULL },
	{ "arch_capabilities", 7, 0, CPUID_EDX, 29, CPU_LEVEL_HOST, 0, NULL },
	{ "ssbd", 7, 0, CPUID_EDX, 31, CPU_LEVEL_HOST, 0, NULL },
	{ "avx_vnni", 7, 1, CPUID_EAX, 4, CPU_LEVEL_HOST, 0, "avx2" },
	{ "amx_fp16", 7, 1, CPUID_EAX, 21, CPU_LEVEL_HOST, 0, NULL },
	{ "amx_complex", 7, 1, CPUID_EDX, 8, CPU_LEVEL_HOST, 0, NULL },
	{ "avx512_bf16", 7, 1, CPUID_EAX, 5, CPU_LEVEL_HOST, 0, "avx512f" },
	{ "xsaveopt", 0xd, 1, CPUID_EAX, 0, CPU_LEVEL_V3, 0, "xsave" },
	{ "xsavec", 0xd, 1, CPUID_EAX, 1, CPU_LEVEL_V3, 0, "xsave" },
	{ "xgetbv1", 0xd, 1, CPUID_EAX, 2, CPU_LEVEL_V3, 0, "xsave" },
	{ "xfd", 0xd, 1, CPUID_EAX, 4, CPU_LEVEL_HOST, 0, "xsave" },
	{ "xsaves", 0xd, 1, CPUID_EAX, 3, CPU_LEVEL_HOST, 0, "xsave" },
	{ "lahf_lm", 0x80000001, 0, CPUID_ECX, 0, CPU_LEVEL_V2, 0, NULL },
	{ "cmp_legacy", 0x80000001, 0, CPUID_ECX, 1, CPU_LEVEL_BASE, 0, NULL },
	{ "cr8_legacy", 0x80000001, 0, CPUID_ECX, 4, CPU_LEVEL_HOST, 0, NULL },
	{ "abm", 0x80000001, 0, CPUID_ECX, 5, CPU_LEVEL_V3, 0, NULL },
	{ "sse4a", 0x80000001, 0, CPUID_ECX, 6, CPU_LEVEL_HOST, 0, NULL },
	{ "misalignsse", 0x80000001, 0, CPUID_ECX, 7, CPU_LEVEL_HOST, 0, NULL },
	{ "3dnowprefetch", 0x80000001, 0, CPUID_ECX, 8, CPU_LEVEL_HOST, 0, NULL },
	{ "osvw", 0x80000001, 0, CPUID_ECX, 9, CPU_LEVEL_HOST, 0, NULL },
	{ "xop", 0x80000001, 0, CPUID_ECX, 11, CPU_LEVEL_HOST, 0, "avx" },
	{ "fma4", 0x80000001, 0, CPUID_ECX, 16, CPU_LEVEL_HOST, 0, "avx" },
	{ "tbm", 0x80000001, 0, CPUID_ECX, 21, CPU_LEVEL_HOST, 0, NULL },
	{ "topoext", 0x80000001, 0, CPUID_ECX, 22, CPU_LEVEL_HOST, 0, NULL },
	{ "perfctr_core", 0x80000001, 0, CPUID_ECX, 23, CPU_LEVEL_HOST, 0, NULL },
	{ "syscall", 0x80000001, 0, CPUID_EDX, 11, CPU_LEVEL_V1, 0, NULL },
	{ "nx", 0x80000001, 0, CPUID_EDX, 20, CPU_LEVEL_BASE, 0, NULL },
	{ "mmxext", 0x80000001, 0, CPUID_EDX, 22, CPU_LEVEL_HOST, 0, NULL },
	{ "fxsr_opt", 0x80000001, 0, CPUID_EDX, 25, CPU_LEVEL_HOST, 0, NULL },
	{ "pdpe1gb", 0x80000001, 0, CPUID_EDX, 26, CPU_LEVEL_BASE, 0, NULL },
	{ "rdtscp", 0x80000001, 0, CPUID_EDX, 27, CPU_LEVEL_BASE, 0, NULL },
	{ "lm", 0x80000001, 0, CPUID_EDX, 29, CPU_LEVEL_V1, 0, NULL },
	{ "3dnowext", 0x80000001, 0, CPUID_EDX, 30, CPU_LEVEL_HOST, 0, NULL },
	{ "3dnow", 0x80000001, 0, CPUID_EDX, 31, CPU_LEVEL_HOST, 0, NULL },
	{ "constant_tsc", 0x80000007, 0, CPUID_EDX, 8, CPU_LEVEL_BASE, CPU_FEATURE_BY_VMM, NULL },
	{ "clzero", 0x80000008, 0, CPUID_EBX, 0, CPU_LEVEL_HOST, 0, NULL },
	{ "xsaveerptr", 0x80000008, 0, CPUID_EBX, 2, CPU_LEVEL_HOST, 0, NULL },
	{ "wbnoinvd", 0x80000008, 0, CPUID_EBX, 9, CPU_LEVEL_HOST, 0, NULL },
	{ "ibpb", 0x80000008, 0, CPUID_EBX, 12, CPU_LEVEL_HOST, 0, NULL },
	{ "ibrs", 0x80000008, 0, CPUID_EBX, 14, CPU_LEVEL_HOST, 0, NULL },
	{ "stibp", 0x80000008, 0, CPUID_EBX, 15, CPU_LEVEL_HOST, 0, NULL },
	{ "virt_ssbd", 0x80000008, 0, CPUID_EBX, 25, CPU_LEVEL_HOST, 0, NULL },
};

const size_t cpu_feature_count = sizeof(cpu_features) / sizeof(cpu_features[0]);

const struct cpu_feature *cpu_feature_of(const char *name)
{
	for (size_t i = 0; i < cpu_feature_count; i++)
		if (!strcmp(cpu_features[i].name, name))
			return &cpu_features[i];
	return NULL;
}

/* The feature that begins most like a name: three letters at least. */
static const char *similar_feature(const char *name)
{
	const char *similar = "avx512f";
	size_t most = 2;

	for (size_t i = 0; i < cpu_feature_count; i++) {
		size_t length = 0;

		while (name[length] && name[length] == cpu_features[i].name[length])
			length++;
		if (length > most) {
			most = length;
			similar = cpu_features[i].name;
		}
	}
	return similar;
}

int32_t cpu_feature_unknown(const struct axarch_host *host, const char *who, const char *word)
{
	bool is_signed = *word == '+' || *word == '-';

	return host->error(AXVCPU_ERROR_INVALID_INPUT,
			   "%s: features: \"%s\" is no feature that can be switched; write +NAME or -NAME with names "
			   "of /proc/cpuinfo, such as %c%s",
			   who, word, *word == '+' ? '+' : '-', similar_feature(word + is_signed));
}

static int32_t apply_word(const struct cpu_features_user *user, const char *word)
{
	const struct cpu_feature *feature = *word == '+' || *word == '-' ? cpu_feature_of(word + 1) : NULL;

	if (!feature)
		return cpu_feature_unknown(user->host, user->who, word);
	return user->apply(user->context, word, feature, *word == '+');
}

int32_t cpu_features_parse(const struct cpu_features_user *user, const char *text)
{
	static const char separators[] = ", ";
	char word[64];
	int32_t error = 0;

	for (text += strspn(text, separators); *text && !error; text += strspn(text, separators)) {
		size_t length = strcspn(text, separators);
		size_t kept = length < sizeof(word) ? length : sizeof(word) - 1;

		memcpy(word, text, kept);
		word[kept] = '\0';
		error = apply_word(user, word);
		text += length;
	}
	return error;
}

struct cpu_ratio cpu_counter_ratio(uint32_t tsc_khz, uint32_t crystal_khz)
{
	struct cpu_ratio best = { 0, 1 };
	uint64_t least = UINT64_MAX;

	for (uint32_t denominator = 1; least; denominator++) {
		uint64_t wanted = (uint64_t)tsc_khz * denominator;
		uint64_t numerator = (wanted + crystal_khz / 2) / crystal_khz;
		uint64_t found = numerator * crystal_khz, error;

		if (found > UINT32_MAX)
			break;
		error = (found > wanted ? found - wanted : wanted - found) * 10000 / denominator;
		if (error < least)
			best = (struct cpu_ratio){ (uint32_t)numerator, denominator };
		least = error < least ? error : least;
	}
	return best;
}

unsigned cpu_topology_bits(uint32_t count)
{
	unsigned bits = 0;

	while (UINT32_C(1) << bits < count)
		bits++;
	return bits;
}
