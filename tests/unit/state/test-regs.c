/* SPDX-License-Identifier: Apache-2.0 */
/* The register tables: what every row must satisfy, and a few that must be there. */
#include <stdio.h>

#include "../unit.h"
#include <axvcpu/regs/aarch64.h>
#include <axvcpu/regs/riscv64.h>
#include <axvcpu/regs/x86_64.h>
#include <axvcpu/state.h>

static const uint32_t archs[] = { AXVCPU_ARCH_X86_64, AXVCPU_ARCH_AARCH64, AXVCPU_ARCH_RISCV64 };

static void check_row(uint32_t arch, const struct axvcpu_reg *reg)
{
	assert_int_equal(AXVCPU_REG_ID_ARCH(reg->id), arch);
	assert_in_range(AXVCPU_REG_ID_GROUP(reg->id), AXVCPU_REG_GENERAL, AXVCPU_REG_EVENT);
	assert_in_range(reg->size, 1, AXVCPU_REG_SIZE_MAX);
	assert_in_range(strlen(reg->name), 1, 63);
	assert_int_equal(strspn(reg->name, "abcdefghijklmnopqrstuvwxyz0123456789_."), strlen(reg->name));
	assert_true(strlen(reg->doc) > 0);
}

/* Names and aliases are one name space, so that a name means one register. */
static void check_pair(const struct axvcpu_reg *a, const struct axvcpu_reg *b)
{
	assert_int_not_equal(a->id, b->id);
	assert_string_not_equal(a->name, b->name);
	assert_string_not_equal(a->name, b->alias);
	assert_string_not_equal(a->alias, b->name);
	if (*a->alias)
		assert_string_not_equal(a->alias, b->alias);
}

static void rows_are_well_formed_and_distinct(void **state)
{
	(void)state;
	for (size_t a = 0; a < 3; a++) {
		uint32_t count;
		const struct axvcpu_reg *regs = axvcpu_regs(archs[a], &count);

		assert_true(count > 70);
		for (uint32_t i = 0; i < count; i++) {
			check_row(archs[a], &regs[i]);
			for (uint32_t other = 0; other < i; other++)
				check_pair(&regs[i], &regs[other]);
		}
	}
}

static void every_register_is_found_by_its_names_and_id(void **state)
{
	(void)state;
	for (size_t a = 0; a < 3; a++) {
		uint32_t count;
		const struct axvcpu_reg *regs = axvcpu_regs(archs[a], &count);

		for (uint32_t i = 0; i < count; i++) {
			assert_ptr_equal(axvcpu_reg_by_id(regs[i].id), &regs[i]);
			assert_ptr_equal(axvcpu_reg_by_name(archs[a], regs[i].name), &regs[i]);
			if (*regs[i].alias)
				assert_ptr_equal(axvcpu_reg_by_name(archs[a], regs[i].alias), &regs[i]);
		}
	}
}

/* Numbers that are the same for ever, taken from the manuals. */
static void numbers_are_the_manuals(void **state)
{
	static const struct {
		uint32_t arch;
		const char *name;
		uint64_t id;
		uint32_t size;
	} rows[] = {
		{ AXVCPU_ARCH_RISCV64, "a0", UINT64_C(0x030100000000000a), 8 },
		{ AXVCPU_ARCH_RISCV64, "pc", UINT64_C(0x0301000000000020), 8 },
		{ AXVCPU_ARCH_RISCV64, "satp", UINT64_C(0x0302000000000180), 8 },
		{ AXVCPU_ARCH_X86_64, "rcx", UINT64_C(0x0101000000000001), 8 },
		{ AXVCPU_ARCH_X86_64, "rsp", UINT64_C(0x0101000000000004), 8 },
		{ AXVCPU_ARCH_X86_64, "rip", UINT64_C(0x0101000000000010), 8 },
		{ AXVCPU_ARCH_X86_64, "efer", UINT64_C(0x01020000c0000080), 8 },
		{ AXVCPU_ARCH_X86_64, "cr3", UINT64_C(0x0102000100000003), 8 },
		{ AXVCPU_ARCH_X86_64, "cs.base", UINT64_C(0x0102000400000005), 8 },
		{ AXVCPU_ARCH_X86_64, "st7", UINT64_C(0x0103000000000007), 10 },
		{ AXVCPU_ARCH_X86_64, "ymm15", UINT64_C(0x010300000000002f), 32 },
		{ AXVCPU_ARCH_AARCH64, "lr", UINT64_C(0x020100000000001e), 8 },
		{ AXVCPU_ARCH_AARCH64, "sctlr_el1", UINT64_C(0x020200000000c080), 8 },     /* 3, 0, 1, 0, 0 */
		{ AXVCPU_ARCH_AARCH64, "cntv_cval_el0", UINT64_C(0x020200000000df1a), 8 }, /* 3, 3, 14, 3, 2 */
		{ AXVCPU_ARCH_AARCH64, "q31", UINT64_C(0x020300000000001f), 16 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct axvcpu_reg *reg = axvcpu_reg_by_name(rows[i].arch, rows[i].name);

		assert_non_null(reg);
		assert_int_equal(reg->id, rows[i].id);
		assert_int_equal(reg->size, rows[i].size);
	}
}

static void general_registers_are_in_the_order_of_set_gpr(void **state)
{
	static const char *const opcode_order[] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi" };
	char name[8];

	(void)state;
	for (uint64_t i = 0; i < 16; i++) {
		snprintf(name, sizeof(name), "r%u", (unsigned)i);
		assert_string_equal(axvcpu_reg_by_id(AXVCPU_X86_64_GPR(i))->name, i < 8 ? opcode_order[i] : name);
	}
	for (uint64_t i = 0; i < 31; i++) {
		snprintf(name, sizeof(name), "x%u", (unsigned)i);
		assert_string_equal(axvcpu_reg_by_id(AXVCPU_AARCH64_X(i))->name, name);
		assert_string_equal(axvcpu_reg_by_id(AXVCPU_RISCV64_X(i))->name, name);
	}
}

static void unknown_ones_are_not_found(void **state)
{
	uint32_t count = 5;

	(void)state;
	assert_null(axvcpu_regs(0, &count));
	assert_int_equal(count, 0);
	assert_null(axvcpu_regs(4, &count));
	assert_null(axvcpu_reg_by_name(AXVCPU_ARCH_RISCV64, "x32"));
	assert_null(axvcpu_reg_by_name(AXVCPU_ARCH_RISCV64, ""));
	assert_null(axvcpu_reg_by_name(77, "x1"));
	assert_null(axvcpu_reg_by_id(0));
	assert_null(axvcpu_reg_by_id(AXVCPU_RISCV64_X(99)));
}

static void architectures_have_names(void **state)
{
	static const char *const names[] = { "x86_64", "aarch64", "riscv64" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(axvcpu_arch_name(archs[i]), names[i]);
		assert_int_equal(axvcpu_arch_by_name(names[i]), archs[i]);
	}
	assert_string_equal(axvcpu_arch_name(0), "unknown");
	assert_int_equal(axvcpu_arch_by_name("sparc"), 0);
	assert_int_equal(axvcpu_arch_by_name("unknown"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_well_formed_and_distinct),
		cmocka_unit_test(every_register_is_found_by_its_names_and_id),
		cmocka_unit_test(numbers_are_the_manuals),
		cmocka_unit_test(general_registers_are_in_the_order_of_set_gpr),
		cmocka_unit_test(unknown_ones_are_not_found),
		cmocka_unit_test(architectures_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
