/* SPDX-License-Identifier: Apache-2.0 */
/* See isa.h. */
#include "isa.h"

#include <cpuid.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "guest.h"

enum { EAX, EBX, ECX, EDX };
enum { LEAF_1, LEAF_7, LEAF_D_1, LEAF_EXTENDED, LEAVES };

static const uint32_t leaves[LEAVES][2] = { { 1, 0 }, { 7, 0 }, { 0xd, 1 }, { 0x80000001, 0 } };

/* What a set needs. A set that is not here, and not one of the first processors', is not generated. */
struct need {
	ZydisISASet set;
	uint8_t leaf;
	uint8_t reg;
	uint8_t bit;
};

/* clang-format off */
static const struct need needs[] = {
	{ ZYDIS_ISA_SET_X87, LEAF_1, EDX, 0 },
	{ ZYDIS_ISA_SET_PENTIUMREAL, LEAF_1, EDX, 8 }, /* cmpxchg8b */
	{ ZYDIS_ISA_SET_CMOV, LEAF_1, EDX, 15 },
	{ ZYDIS_ISA_SET_FCMOV, LEAF_1, EDX, 15 },
	{ ZYDIS_ISA_SET_PPRO, LEAF_1, EDX, 15 },
	{ ZYDIS_ISA_SET_CLFSH, LEAF_1, EDX, 19 },
	{ ZYDIS_ISA_SET_PENTIUMMMX, LEAF_1, EDX, 23 },
	{ ZYDIS_ISA_SET_FXSAVE, LEAF_1, EDX, 24 },
	{ ZYDIS_ISA_SET_FXSAVE64, LEAF_1, EDX, 24 },
	{ ZYDIS_ISA_SET_SSE, LEAF_1, EDX, 25 },
	{ ZYDIS_ISA_SET_SSEMXCSR, LEAF_1, EDX, 25 },
	{ ZYDIS_ISA_SET_SSE_PREFETCH, LEAF_1, EDX, 25 },
	{ ZYDIS_ISA_SET_SSE2, LEAF_1, EDX, 26 },
	{ ZYDIS_ISA_SET_SSE2MMX, LEAF_1, EDX, 26 },
	{ ZYDIS_ISA_SET_PAUSE, LEAF_1, EDX, 26 },
	{ ZYDIS_ISA_SET_SSE3, LEAF_1, ECX, 0 },
	{ ZYDIS_ISA_SET_SSE3X87, LEAF_1, ECX, 0 },
	{ ZYDIS_ISA_SET_PCLMULQDQ, LEAF_1, ECX, 1 },
	{ ZYDIS_ISA_SET_SSSE3, LEAF_1, ECX, 9 },
	{ ZYDIS_ISA_SET_SSSE3MMX, LEAF_1, ECX, 9 },
	{ ZYDIS_ISA_SET_FMA, LEAF_1, ECX, 12 },
	{ ZYDIS_ISA_SET_CMPXCHG16B, LEAF_1, ECX, 13 },
	{ ZYDIS_ISA_SET_SSE4, LEAF_1, ECX, 19 },
	{ ZYDIS_ISA_SET_SSE42, LEAF_1, ECX, 20 },
	{ ZYDIS_ISA_SET_MOVBE, LEAF_1, ECX, 22 },
	{ ZYDIS_ISA_SET_POPCNT, LEAF_1, ECX, 23 },
	{ ZYDIS_ISA_SET_AES, LEAF_1, ECX, 25 },
	{ ZYDIS_ISA_SET_XSAVE, LEAF_1, ECX, 26 },
	{ ZYDIS_ISA_SET_AVX, LEAF_1, ECX, 28 },
	{ ZYDIS_ISA_SET_AVXAES, LEAF_1, ECX, 28 },
	{ ZYDIS_ISA_SET_F16C, LEAF_1, ECX, 29 },
	{ ZYDIS_ISA_SET_RDWRFSGS, LEAF_7, EBX, 0 },
	{ ZYDIS_ISA_SET_BMI1, LEAF_7, EBX, 3 },
	{ ZYDIS_ISA_SET_AVX2, LEAF_7, EBX, 5 },
	{ ZYDIS_ISA_SET_AVX2GATHER, LEAF_7, EBX, 5 },
	{ ZYDIS_ISA_SET_BMI2, LEAF_7, EBX, 8 },
	{ ZYDIS_ISA_SET_ADOX_ADCX, LEAF_7, EBX, 19 },
	{ ZYDIS_ISA_SET_SMAP, LEAF_7, EBX, 20 },
	{ ZYDIS_ISA_SET_CLFLUSHOPT, LEAF_7, EBX, 23 },
	{ ZYDIS_ISA_SET_CLWB, LEAF_7, EBX, 24 },
	{ ZYDIS_ISA_SET_SHA, LEAF_7, EBX, 29 },
	{ ZYDIS_ISA_SET_XSAVEOPT, LEAF_D_1, EAX, 0 },
	{ ZYDIS_ISA_SET_XSAVEC, LEAF_D_1, EAX, 1 },
	{ ZYDIS_ISA_SET_LAHF, LEAF_EXTENDED, ECX, 0 },
	{ ZYDIS_ISA_SET_LZCNT, LEAF_EXTENDED, ECX, 5 },
	{ ZYDIS_ISA_SET_PREFETCH_NOP, LEAF_EXTENDED, ECX, 8 },
	{ ZYDIS_ISA_SET_LONGMODE, LEAF_EXTENDED, EDX, 29 },
};
/* clang-format on */

/* No bit says that they are there: all processors with 64 bits have them (CET's are NOPs where it is off). */
static const ZydisISASet always[] = {
	ZYDIS_ISA_SET_I86,           ZYDIS_ISA_SET_I186,    ZYDIS_ISA_SET_I286REAL,
	ZYDIS_ISA_SET_I286PROTECTED, ZYDIS_ISA_SET_I386,    ZYDIS_ISA_SET_I486,
	ZYDIS_ISA_SET_I486REAL,      ZYDIS_ISA_SET_FAT_NOP, ZYDIS_ISA_SET_CET,
};

struct features {
	uint32_t host[LEAVES][4];
	uint32_t backend[LEAVES][4];
};

static bool has(const uint32_t registers[LEAVES][4], const struct need *need)
{
	return registers[need->leaf][need->reg] >> need->bit & 1;
}

bool features_has(void *context, ZydisISASet set)
{
	const struct features *features = context;

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		if (always[i] == set)
			return true;
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
		if (needs[i].set == set)
			return has(features->host, &needs[i]) && has(features->backend, &needs[i]);
	return false;
}

void features_print_lacking(const struct features *features)
{
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
		if (has(features->host, &needs[i]) && !has(features->backend, &needs[i]))
			printf("the backend's CPUID has no %s\n", ZydisISASetGetString(needs[i].set));
}

static void read_host(struct features *features)
{
	for (unsigned i = 0; i < LEAVES; i++) {
		uint32_t *registers = features->host[i];

		if (!__get_cpuid_count(leaves[i][0], leaves[i][1], &registers[EAX], &registers[EBX], &registers[ECX],
				       &registers[EDX]))
			registers[EAX] = registers[EBX] = registers[ECX] = registers[EDX] = 0;
	}
}

bool features_find(struct guest *guest, struct features **ret_features)
{
	struct features *features = calloc(1, sizeof(*features));
	bool good = features != NULL;

	if (good)
		read_host(features);
	if (good && !(features->host[LEAF_1][ECX] >> 28 & 1)) {
		fprintf(stderr, "this host has no AVX\n");
		good = false;
	}
	for (unsigned i = 0; good && i < LEAVES; i++)
		good = guest_cpuid(guest, leaves[i][0], leaves[i][1], features->backend[i]);
	if (good)
		*ret_features = features;
	else
		free(features);
	return good;
}

void features_destroy(struct features *features)
{
	free(features);
}
