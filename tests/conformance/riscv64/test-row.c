/* SPDX-License-Identifier: Apache-2.0 */
/* The parser of .test files: what a row becomes, and what is said about rows that are wrong. */
#include "../../unit/unit.h"
#include "row.h"

#include <axvcpu/exit.h>
#include <axvcpu/regs/riscv64.h>

static struct row parse_one(const char *text)
{
	struct rows rows;
	struct row row;

	if (!rows_parse("t", text, &rows))
		fail_msg("%s", rows.error);
	assert_int_equal(rows.count, 1);
	row = rows.list[0];
	rows_free(&rows);
	return row;
}

static void parses_a_row(void **state)
{
	struct row row =
		parse_one("# a comment\n\nadd | c.nop; add a0, a1, a2 | 0001 00c58533 | a1=0x10 | a0=-1 pc=END+4\n");
	static const uint8_t code[] = { 0x01, 0x00, 0x33, 0x85, 0xc5, 0x00 };

	(void)state;
	assert_string_equal(row.name, "add");
	assert_int_equal(row.line, 3);
	assert_int_equal(row.code_size, sizeof(code));
	assert_memory_equal(row.code, code, sizeof(code));
	assert_int_equal(row.instructions, 2);
	assert_int_equal(settings_find(&row.before, SETTING_REG, AXVCPU_RISCV64_X(11))->value, 0x10);
	assert_int_equal(settings_find(&row.after[0], SETTING_REG, AXVCPU_RISCV64_X(10))->value, UINT64_MAX);
	assert_int_equal(settings_find(&row.after[0], SETTING_REG, AXVCPU_RISCV64_PC)->value, ROW_CODE + 6 + 4);
}

static void end_follows_at(void **state)
{
	struct row row = parse_one("a | x | 0001 | at=DATA | pc=END-1");

	(void)state;
	assert_int_equal(settings_find(&row.after[0], SETTING_REG, AXVCPU_RISCV64_PC)->value, ROW_DATA + 1);
}

static void parses_memory_and_maps(void **state)
{
	struct row row = parse_one("a | x | 0001 | [DATA+8]:4=7 map2m=0x40000000>RAM+0x200000:vrn | ");

	(void)state;
	assert_int_equal(row.before.list[0].kind, SETTING_MEMORY);
	assert_int_equal(row.before.list[0].key, ROW_DATA + 8);
	assert_int_equal(row.before.list[0].detail, 4);
	assert_int_equal(row.before.list[1].kind, SETTING_MAP);
	assert_int_equal(row.before.list[1].detail, 1);
	assert_int_equal(row.before.list[1].value, ROW_RAM + 0x200000);
	assert_int_equal(row.before.list[1].flags, UINT64_C(3) | UINT64_C(1) << 63);
}

/* Offsets are those of the public struct, whatever its fields' sizes. */
static void finds_exit_fields(void **state)
{
	struct row row = parse_one("a | x | 0001 | | exit=MmioRead exit.reg_width=8 exit.signed_ext=1");
	struct row call = parse_one("a | x | 0001 | | exit=Hypercall exit.args5=3");

	(void)state;
	assert_int_equal(settings_word(&row.after[0], ROW_WORD_EXIT, 0), AXVCPU_EXIT_MMIO_READ);
	assert_int_equal(row.after[0].list[1].key, offsetof(struct axvcpu_exit, mmio_read.reg_width));
	assert_int_equal(row.after[0].list[2].key, offsetof(struct axvcpu_exit, mmio_read.signed_ext));
	assert_int_equal(row.after[0].list[2].detail, 4);
	assert_int_equal(call.after[0].list[1].key, offsetof(struct axvcpu_exit, hypercall.args[5]));
	assert_int_equal(call.after[0].list[1].detail, 8);
}

static void separates_alternatives(void **state)
{
	struct row row = parse_one("a | x | 0001 | | a0=1 or trap=13 tval=2");

	(void)state;
	assert_int_equal(row.alternatives, 2);
	assert_int_equal(row.after[0].count, 1);
	assert_int_equal(settings_word(&row.after[1], ROW_WORD_TVAL, 0), 2);
}

static void refuses_wrong_rows(void **state)
{
	static const struct {
		const char *text, *part;
	} wrong[] = {
		{ "a | x | 0001 | ", "5 columns" },
		{ "a b | x | 0001 | | ", "one word" },
		{ " | x | 0001 | | ", "begins with a name" },
		{ "a | | 0001 | | ", "no assembler text" },
		{ "a | x | 001 | | ", "4 or 8 digits" },
		{ "a | x | 00zz | | ", "no encoding" },
		{ "a | x | | | ", "no encoding" },
		{ "a | x | 0001 | b0=1 | ", "'b0' is neither a register" },
		{ "a | x | 0001 | a0 | ", "expected '='" },
		{ "a | x | 0001 | a0=NOWHERE | ", "neither a number nor a symbol" },
		{ "a | x | 0001 | a0=1,2 | ", "unexpected" },
		{ "a | x | 0001 | [DATA]:3=1 | ", "1, 2, 4 or 8" },
		{ "a | x | 0001 | [DATA:4=1 | ", "expected ']'" },
		{ "a | x | 0001 | map=0>0:vq | ", "no page-table flag" },
		{ "a | x | 0001 | | exit=Nowhere", "no exit is called" },
		{ "a | x | 0001 | | exit.addr=1", "exit=NAME comes first" },
		{ "a | x | 0001 | | exit=Halt exit.addr=1", "no field 'addr'" },
		{ "a | x | 0001 | | a0=1 or a0=2 or a0=3", "alternatives" },
		{ "a | x | 0001 | | \na | x | 0001 | | ", "t:2: 'a' is the name of line 1 too" },
	};
	struct rows rows;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_false(rows_parse("t", wrong[i].text, &rows));
		assert_null(rows.list);
		if (!strstr(rows.error, wrong[i].part))
			fail_msg("\"%s\" is not in \"%s\"", wrong[i].part, rows.error);
	}
}

static void refuses_unreadable_files(void **state)
{
	struct rows rows;

	(void)state;
	assert_false(rows_read("/nonexistent.test", &rows));
	assert_non_null(strstr(rows.error, "/nonexistent.test"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_a_row),
		cmocka_unit_test(end_follows_at),
		cmocka_unit_test(parses_memory_and_maps),
		cmocka_unit_test(finds_exit_fields),
		cmocka_unit_test(separates_alternatives),
		cmocka_unit_test(refuses_wrong_rows),
		cmocka_unit_test(refuses_unreadable_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
