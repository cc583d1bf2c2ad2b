/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processor of no maker's catalogue that every x86_64 engine can be: leaf by leaf what CPUID says of it, and which
 * features it may have. What it has of them, and that it keeps what it says, is the engine's affair.
 */
#ifndef PLUGINS_COMMON_X86_64_PROCESSOR_H
#define PLUGINS_COMMON_X86_64_PROCESSOR_H

#include "features.h"

/* FEATURE("name in features.c", name in sim-x86_64 or NONE, ON_UNIT: executed by the host's instructions of that name)
 */
/* clang-format off */
#define CPU_PORTABLE_FEATURES(FEATURE) \
	FEATURE("fpu", NONE, 0) FEATURE("vme", NONE, 0) FEATURE("de", NONE, 0) FEATURE("pse", NONE, 0) \
	FEATURE("tsc", NONE, 0) FEATURE("msr", NONE, 0) FEATURE("pae", NONE, 0) FEATURE("mce", NONE, 0) \
	FEATURE("cx8", NONE, 0) FEATURE("apic", NONE, 0) FEATURE("sep", NONE, 0) FEATURE("mtrr", NONE, 0) \
	FEATURE("pge", NONE, 0) FEATURE("mca", NONE, 0) FEATURE("cmov", NONE, 0) FEATURE("pat", NONE, 0) \
	FEATURE("pse36", NONE, 0) FEATURE("clflush", NONE, 0) FEATURE("mmx", NONE, 0) FEATURE("fxsr", NONE, 0) \
	FEATURE("sse", NONE, 0) FEATURE("sse2", NONE, 0) FEATURE("ht", NONE, 0) FEATURE("hypervisor", NONE, 0) \
	FEATURE("pni", SSE3, 1) FEATURE("pclmulqdq", PCLMUL, 1) FEATURE("ssse3", SSSE3, 1) FEATURE("fma", FMA, 1) \
	FEATURE("cx16", CX16, 1) FEATURE("pcid", PCID, 0) FEATURE("sse4_1", SSE41, 1) FEATURE("sse4_2", SSE42, 1) \
	FEATURE("x2apic", X2APIC, 0) FEATURE("movbe", MOVBE, 0) FEATURE("popcnt", POPCNT, 0) \
	FEATURE("tsc_deadline_timer", TSC_DEADLINE, 0) FEATURE("aes", AES, 1) FEATURE("xsave", XSAVE, 0) \
	FEATURE("avx", AVX, 1) FEATURE("f16c", F16C, 1) FEATURE("rdrand", RDRAND, 0) \
	FEATURE("fsgsbase", FSGSBASE, 0) FEATURE("tsc_adjust", NONE, 0) FEATURE("bmi1", BMI1, 0) \
	FEATURE("avx2", AVX2, 1) FEATURE("smep", SMEP, 0) FEATURE("bmi2", BMI2, 0) FEATURE("erms", ERMS, 0) \
	FEATURE("invpcid", INVPCID, 0) FEATURE("rdseed", RDSEED, 0) FEATURE("adx", ADX, 0) FEATURE("smap", SMAP, 0) \
	FEATURE("clflushopt", CLFLUSHOPT, 0) FEATURE("clwb", CLWB, 0) FEATURE("sha_ni", SHA, 1) \
	FEATURE("umip", UMIP, 0) FEATURE("rdpid", RDPID, 0) FEATURE("fsrm", FSRM, 0) \
	FEATURE("xsaveopt", XSAVEOPT, 0) FEATURE("xsavec", XSAVEC, 0) FEATURE("xgetbv1", XGETBV1, 0) \
	FEATURE("xsaves", XSAVES, 0) FEATURE("lahf_lm", LAHF, 0) FEATURE("abm", LZCNT, 0) \
	FEATURE("3dnowprefetch", PREFETCHW, 0) FEATURE("syscall", SYSCALL, 0) FEATURE("nx", NX, 0) \
	FEATURE("pdpe1gb", PAGE1GB, 0) FEATURE("rdtscp", RDTSCP, 0) FEATURE("lm", LM, 0) FEATURE("constant_tsc", NONE, 0)
/* clang-format on */

/* The words of features that have a register of their own (AXVCPU_X86_64_CPUID), in its order. */
enum {
	CPU_WORD_1_ECX,
	CPU_WORD_1_EDX,
	CPU_WORD_7_EBX,
	CPU_WORD_7_ECX,
	CPU_WORD_7_EDX,
	CPU_WORD_7_1_EAX,
	CPU_WORD_D_1_EAX,
	CPU_WORD_X1_ECX,
	CPU_WORD_X1_EDX,
	CPU_WORD_X7_EDX,
	CPU_WORD_X8_EBX,
	CPU_WORDS
};
/* The registers before them. */
enum { CPU_REG_VENDOR, CPU_REG_SIGNATURE, CPU_REG_WORDS, CPU_REGS = CPU_REG_WORDS + CPU_WORDS };

struct cpu_word {
	uint32_t leaf, subleaf;
	uint8_t reg;
	uint32_t live; /* bits that follow from other registers, and are not part of the word */
};
extern const struct cpu_word cpu_words[CPU_WORDS];

/* Index of the word that has a feature; CPU_WORDS: none has. */
unsigned cpu_word_of(const struct cpu_feature *feature);

/* INVALID_INPUT that names these bits of a word, by the features that they are: the processor has them not. */
int32_t cpu_word_refuse(const struct axarch_host *host, const char *who, unsigned word, uint32_t bits);
/* INVALID_INPUT: it is too late for another value of this register (CPU_REG_*). */
int32_t cpu_reg_is_settled(const struct axarch_host *host, const char *who, unsigned reg);

/* The vendor's name: ebx and edx, as its register has them, and ecx. */
#define CPU_VENDOR_INTEL UINT64_C(0x49656e69756e6547)
bool cpu_vendor_is_known(uint64_t vendor);
uint32_t cpu_vendor_ecx(uint64_t vendor);
/* AMD and Hygon repeat bits of leaf 1's edx in leaf 0x80000001. */
#define CPU_AMD_ALIASES 0x0183f3ffu
bool cpu_vendor_has_aliases(uint64_t vendor);

/*
 * Family 6, model 28, stepping 10: an Atom without speculative execution. So guests leave out what they do against it
 * on other models, which costs much on a simulated processor and is good for nothing there.
 */
#define CPU_PORTABLE_SIGNATURE 0x106cau
/* Its MSR 0x1a0 at a reset: fast strings; neither branch traces nor events are stored. */
#define CPU_PORTABLE_MISC_ENABLE UINT64_C(0x1801)
#define CPU_CRYSTAL_KHZ 1000000u /* the clock of the VMM's APIC */

struct cpu_processor {
	uint64_t vendor;
	uint32_t signature;
	uint32_t words[CPU_WORDS];
	uint32_t apic_id, cpus, tsc_khz;
	/* What the guest has set; an engine whose processor fills this in by itself leaves them 0. */
	bool osxsave;
	uint64_t xcr0, xss;
};

/* Vendor and signature of the portable processor; it has no features yet. */
void cpu_processor_init(struct cpu_processor *processor);
bool cpu_processor_has(const struct cpu_processor *processor, const struct cpu_feature *feature);
void cpu_processor_set(struct cpu_processor *processor, const struct cpu_feature *feature, bool on);
/* A feature goes with the one that it needs. */
void cpu_processor_drop_orphans(struct cpu_processor *processor);
/* The components that XCR0 can have. */
uint64_t cpu_processor_components(const struct cpu_processor *processor);

/* eax, ebx, ecx, edx of any leaf, also of one that is not there. */
void cpu_processor_leaf(const struct cpu_processor *processor, uint32_t leaf, uint32_t subleaf, uint32_t ret_regs[4]);

/* Each leaf that is there; `subleaves` of one that has some, else 0. */
struct cpu_leaf {
	uint32_t leaf;
	uint8_t subleaves;
	void (*get)(const struct cpu_processor *processor, uint32_t subleaf, uint32_t *ret_regs);
};
enum { CPU_LEAVES = 20 };
extern const struct cpu_leaf cpu_leaves[CPU_LEAVES];

#endif
