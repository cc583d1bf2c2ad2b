/* SPDX-License-Identifier: Apache-2.0 */
/* axvcpu_nearest: what it suggests, and when it keeps quiet. */
#include "../unit.h"

static const char *const words[] = { "sim-riscv64", "sim-x86_64", "sim-aarch64", "mock",
				     "kvm",         "hart_id",    "dtb_addr",    NULL };

static const char *nearest(const char *word)
{
	return axvcpu_nearest(word, words, sizeof(words) / sizeof(words[0]));
}

static void suggests_one_slip(void **state)
{
	(void)state;
	assert_string_equal(nearest("sim-riscv46"), "sim-riscv64");  /* swap */
	assert_string_equal(nearest("simriscv64"), "sim-riscv64");   /* missing */
	assert_string_equal(nearest("sim-rriscv64"), "sim-riscv64"); /* doubled */
	assert_string_equal(nearest("moca"), "mock");                /* wrong */
	assert_string_equal(nearest("kmv"), "kvm");
}

static void suggests_several_slips_in_a_long_word(void **state)
{
	(void)state;
	assert_string_equal(nearest("sim_riscv"), "sim-riscv64");
	assert_string_equal(nearest("dtbadr"), "dtb_addr");
}

static void ignores_case(void **state)
{
	(void)state;
	assert_string_equal(nearest("HART_ID"), "hart_id");
}

static void takes_the_nearest_and_the_first_of_equals(void **state)
{
	static const char *const near[] = { "trap", "tray", "trace" };

	(void)state;
	assert_string_equal(axvcpu_nearest("trae", near, 3), "trap");
	assert_null(axvcpu_nearest("trces", near, 3));
	assert_string_equal(axvcpu_nearest("trac", near + 1, 2), "tray");
	assert_string_equal(axvcpu_nearest("tace", near, 3), "trace");
}

static void is_quiet_when_nothing_is_near(void **state)
{
	(void)state;
	assert_null(nearest("quux"));
	assert_null(nearest(""));
	assert_null(nearest("k"));
	assert_null(axvcpu_nearest("mock", NULL, 0));
}

static void is_quiet_about_very_long_words(void **state)
{
	static const char long_word[] = "mockmockmockmockmockmockmockmockmockmockmockmockmockmockmockmockmockmock";
	static const char *const candidates[] = { long_word };

	(void)state;
	assert_null(nearest(long_word));
	assert_null(axvcpu_nearest(long_word, candidates, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(suggests_one_slip),
		cmocka_unit_test(suggests_several_slips_in_a_long_word),
		cmocka_unit_test(ignores_case),
		cmocka_unit_test(takes_the_nearest_and_the_first_of_equals),
		cmocka_unit_test(is_quiet_when_nothing_is_near),
		cmocka_unit_test(is_quiet_about_very_long_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
