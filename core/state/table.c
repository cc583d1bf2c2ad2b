/* SPDX-License-Identifier: Apache-2.0 */
/* The register tables, made from the rows of <axvcpu/regs/ARCH.h>. They are data: nothing here knows what a register
 * does. */
#include <string.h>

#include <axvcpu/regs/aarch64.h>
#include <axvcpu/regs/riscv64.h>
#include <axvcpu/regs/x86_64.h>

#include "state.h"

/* clang-format off */
#define ROW(id, size, flags, name, alias, doc) { id, size, flags, name, alias, doc },
static const struct axvcpu_reg x86_64_regs[] = { AXVCPU_X86_64_REGS(ROW) };
static const struct axvcpu_reg aarch64_regs[] = { AXVCPU_AARCH64_REGS(ROW) };
static const struct axvcpu_reg riscv64_regs[] = { AXVCPU_RISCV64_REGS(ROW) };
#undef ROW

#define FITS(id, size, flags, name, alias, doc) \
	_Static_assert((size) <= AXVCPU_REG_SIZE_MAX, "a register fits into the largest value");
AXVCPU_X86_64_REGS(FITS)
AXVCPU_AARCH64_REGS(FITS)
AXVCPU_RISCV64_REGS(FITS)
#undef FITS
/* clang-format on */

static const struct {
	uint32_t arch;
	const char *name;
	const struct axvcpu_reg *regs;
	uint32_t count;
} tables[] = {
#define TABLE(arch, spelling, regs) \
	{ \
		AXVCPU_ARCH_##arch, spelling, regs, sizeof(regs) / sizeof(regs[0]) \
	}
	TABLE(X86_64, "x86_64", x86_64_regs),
	TABLE(AARCH64, "aarch64", aarch64_regs),
	TABLE(RISCV64, "riscv64", riscv64_regs),
};

#define TABLE_COUNT (sizeof(tables) / sizeof(tables[0]))

const struct axvcpu_reg *axvcpu_regs(uint32_t arch, uint32_t *ret_count)
{
	for (size_t i = 0; i < TABLE_COUNT; i++) {
		if (tables[i].arch == arch) {
			*ret_count = tables[i].count;
			return tables[i].regs;
		}
	}
	*ret_count = 0;
	return NULL;
}

const struct axvcpu_reg *axvcpu_reg_by_name(uint32_t arch, const char *name)
{
	uint32_t count;
	const struct axvcpu_reg *regs = axvcpu_regs(arch, &count);

	for (uint32_t i = 0; *name && i < count; i++)
		if (!strcmp(regs[i].name, name) || !strcmp(regs[i].alias, name))
			return &regs[i];
	return NULL;
}

const struct axvcpu_reg *axvcpu_reg_by_id(uint64_t id)
{
	uint32_t count;
	const struct axvcpu_reg *regs = axvcpu_regs(AXVCPU_REG_ID_ARCH(id), &count);

	for (uint32_t i = 0; i < count; i++)
		if (regs[i].id == id)
			return &regs[i];
	return NULL;
}

const char *axvcpu_arch_name(uint32_t arch)
{
	for (size_t i = 0; i < TABLE_COUNT; i++)
		if (tables[i].arch == arch)
			return tables[i].name;
	return "unknown";
}

uint32_t axvcpu_arch_by_name(const char *name)
{
	for (size_t i = 0; i < TABLE_COUNT; i++)
		if (!strcmp(tables[i].name, name))
			return tables[i].arch;
	return 0;
}
