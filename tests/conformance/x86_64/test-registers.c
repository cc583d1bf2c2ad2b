/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registers of <axvcpu/regs/x86_64.h>: each that the engine has takes a value and keeps it while the guest runs;
 * what the VMM writes a program sees, and the other way round. Guests: registers.s.
 */
#include <stdio.h>
#include <stdlib.h>

#include "row.h"

extern const struct guest_image guest_registers[];
static struct machine machine;

#define MEMORY MACHINE_DATA

static void start(unsigned mode, const char *label)
{
	machine_start(&machine, guest_registers, mode, label);
	machine_set(&machine, "rsi", MEMORY);
}

/* ---- components of xcr0 ---- */

enum { WITH_AVX = 7, WITH_AVX512 = 0xe7 };

static uint64_t components_present(void)
{
	static uint32_t leaf[4];
	static bool known;

	if (!known)
		machine_cpuid(&machine, guest_registers, 0, 0, leaf);
	if (!known && leaf[0] < 0xd) /* a leaf past the last has what another one says */
		leaf[0] = 0;
	else if (!known)
		machine_cpuid(&machine, guest_registers, 0xd, 0, leaf);
	known = true;
	return leaf[0];
}

/* ---- all of them ---- */

struct value {
	uint8_t bytes[AXVCPU_REG_SIZE_MAX];
};

static struct value of_u64(uint64_t word)
{
	struct value value = { { 0 } };

	memcpy(value.bytes, &word, sizeof(word));
	return value;
}

static struct value get(const struct axvcpu_reg *reg)
{
	struct value value = { { 0 } };

	assert_ok(axvcpu_get_reg(machine.vcpu[0], reg->id, value.bytes, reg->size));
	return value;
}

static void set(const struct axvcpu_reg *reg, const struct value *value)
{
	if (axvcpu_set_reg(machine.vcpu[0], reg->id, value->bytes, reg->size))
		fail_msg("%s: %s", reg->name, axvcpu_error_text());
}

static void expect(const struct axvcpu_reg *reg, const struct value *expected, const char *when)
{
	struct value found = get(reg);

	for (unsigned i = 0; i < reg->size; i++)
		if (found.bytes[i] != expected->bytes[i])
			fail_msg("%s %s: byte %u is 0x%02x, not 0x%02x", reg->name, when, i, found.bytes[i],
				 expected->bytes[i]);
}

static bool engine_has(const struct axvcpu_reg *reg)
{
	uint8_t bytes[AXVCPU_REG_SIZE_MAX];
	int32_t error = axvcpu_get_reg(machine.vcpu[0], reg->id, bytes, reg->size);

	if (error && error != AXVCPU_ERROR_NOT_FOUND)
		fail_msg("%s: %s", reg->name, axvcpu_error_text());
	return !error;
}

/* Values that every processor takes, in a guest of 64-bit mode. '#' stands for a number in a name. */
/* clang-format off */
static const struct sample {
	const char *name;
	uint64_t value;
} samples[] = {
	{ "rax", 0x0123456789abcdef }, { "rcx", 0x8000000000000001 }, { "rdx", 0xfedcba9876543210 }, { "rbx", 0x1111111122222222 },
	{ "rbp", 0x3333333344444444 }, { "rsi", 0x5555555566666666 }, { "rdi", 0x7777777788888888 }, { "rsp", 0x99999999aaaaaaa8 },
	{ "r8", 0x0808080808080808 }, { "r9", 0x0909090909090909 }, { "r10", 0x1010101010101010 }, { "r11", 0x1111111111111111 },
	{ "r12", 0x1212121212121212 }, { "r13", 0x1313131313131313 }, { "r14", 0x1414141414141414 }, { "r15", 0x1515151515151515 },
	{ "rflags", 0xcd7 },
	{ "fs.base", 0x00007123456789ab }, { "gs.base", 0xffff8123456789ab }, { "kernel_gs_base", 0xffff812345670000 },
	{ "gdtr.base", 0xffff800012345000 }, { "gdtr.limit", 0x7f }, { "idtr.base", 0xffff800012346000 }, { "idtr.limit", 0xfff },
	{ "tr.base", 0xffff800012347000 }, { "tr.limit", 0x67 },
	{ "cr2", 0x123456789abcdef0 }, { "cr8", 5 },
	{ "dr0", 0x1111 }, { "dr1", 0x2222 }, { "dr2", 0x3333 }, { "dr3", 0x4444 }, { "dr6", 0xffff0ff1 },
	{ "sysenter_cs", 0x18 }, { "sysenter_esp", 0x80001000 }, { "sysenter_eip", 0x80002000 },
	{ "pat", 0x0007040600070401 },
	{ "mtrr_physbase#", 0x80000006 }, { "mtrr_physmask#", 0xffe000800 }, { "mtrr_fix64k_00000", 0x0606060606060606 },
	{ "mtrr_fix16k_80000", 0x0606060606060606 }, { "mtrr_fix16k_a0000", 0 }, { "mtrr_fix4k_c0000", 0x0505050505050505 },
	{ "mtrr_fix4k_c8000", 0x0505050505050505 }, { "mtrr_def_type", 0xc06 },
	{ "star", 0x0023001000000000 }, { "lstar", 0xffffffff81000000 }, { "cstar", 0xffffffff81001000 }, { "sfmask", 0x47700 },
	{ "tsc_aux", 3 },
	{ "fcw", 0x27f }, { "fsw", 0x3800 }, { "ftw", 0xffff }, { "mxcsr", 0x1fa0 },
};
/* clang-format on */

static bool matches(const char *pattern, const char *name)
{
	for (; *pattern && *name; pattern++, name++)
		if (*pattern != *name && !(*pattern == '#' && *name >= '0' && *name <= '9'))
			return false;
	return !*pattern && !*name;
}

/* A value of every register has all its bytes different; x87's hold a number. */
static bool sample_of(const struct axvcpu_reg *reg, struct value *ret_value)
{
	unsigned size = reg->size;

	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
		if (matches(samples[i].name, reg->name)) {
			*ret_value = of_u64(samples[i].value);
			return true;
		}
	if (reg->size < 16)
		return false;
	*ret_value = of_u64(0);
	if (AXVCPU_REG_ID_GROUP(reg->id) == AXVCPU_REG_FP && reg->size == 32 && reg->name[0] == 'y' &&
	    (components_present() & WITH_AVX) != WITH_AVX)
		size = 16; /* without AVX the upper half is 0 */
	for (unsigned i = 0; i < size; i++)
		ret_value->bytes[i] = (uint8_t)(AXVCPU_REG_ID_INDEX(reg->id) * 3 + i + 1);
	return true;
}

static const struct axvcpu_reg *regs(uint32_t *ret_count)
{
	return axvcpu_regs(AXVCPU_ARCH_X86_64, ret_count);
}

static bool is_tested(const struct axvcpu_reg *reg)
{
	return !(reg->flags & (AXVCPU_REG_VOLATILE | AXVCPU_REG_ALIAS)) && engine_has(reg);
}

/* Alone: what is written is read back, and so is what was there before. */
static void each_keeps_what_is_written(unsigned mode)
{
	uint32_t count, present = 0, sampled = 0;
	const struct axvcpu_reg *reg = regs(&count);

	components_present(); /* asks now, as it needs the machine for that */
	start(mode, "nothing");
	for (; count--; reg++) {
		struct value before, value = { { 0 } };

		if (!is_tested(reg))
			continue;
		before = get(reg);
		if (sample_of(reg, &value)) {
			set(reg, &value);
			expect(reg, &value, "after it was written");
			sampled++;
		}
		set(reg, &before);
		expect(reg, &before, "after its old value was written");
		present++;
	}
	print_message("%u registers, %u of them with another value\n", present, sampled);
	assert_true(sampled > 60);
}

/* Together, and the guest runs: only it and what it does can change them. */
static void all_are_kept_while_the_guest_runs(unsigned mode)
{
	uint32_t count;
	const struct axvcpu_reg *all = regs(&count);
	struct value value = { { 0 } };

	components_present();
	start(mode, "nothing");
	for (uint32_t i = 0; i < count; i++)
		if (is_tested(&all[i]) && sample_of(&all[i], &value))
			set(&all[i], &value);
	machine_expect_done(&machine);
	for (uint32_t i = 0; i < count; i++)
		if (is_tested(&all[i]) && sample_of(&all[i], &value))
			expect(&all[i], &value, "after the guest ran");
	machine_equal("rip", machine_get(&machine, "rip"), machine_label(&machine, "nothing") + 2);
}

/* ---- the calls ---- */

static void general_registers_have_the_numbers_of_opcodes(unsigned mode)
{
	static const char *const names[] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
					     "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15" };

	start(mode, "nothing");
	for (uint32_t i = 0; i < 16; i++)
		assert_ok(axvcpu_set_gpr(machine.vcpu[0], i, 0x100 + i));
	for (uint32_t i = 0; i < 16; i++)
		machine_equal(names[i], machine_get(&machine, names[i]), 0x100 + i);
	assert_int_equal(axvcpu_set_gpr(machine.vcpu[0], 16, 0), AXVCPU_ERROR_INVALID_INPUT);
	assert_int_equal(axvcpu_set_gpr(machine.vcpu[0], UINT32_MAX, 0), AXVCPU_ERROR_INVALID_INPUT);
	assert_ok(axvcpu_set_return_value(machine.vcpu[0], 0x77));
	machine_equal("rax", machine_get(&machine, "rax"), 0x77);
}

static void unknown_registers_are_refused(unsigned mode)
{
	uint64_t value = 0;

	start(mode, "nothing");
	assert_int_equal(axvcpu_get_reg(machine.vcpu[0], AXVCPU_X86_64_GPR(18), &value, 8), AXVCPU_ERROR_NOT_FOUND);
	assert_int_equal(axvcpu_get_reg(machine.vcpu[0], AXVCPU_X86_64_MSR(0x5555), &value, 8), AXVCPU_ERROR_NOT_FOUND);
	assert_int_equal(axvcpu_get_reg(machine.vcpu[0], AXVCPU_X86_64_GPR(0), &value, 4), AXVCPU_ERROR_INVALID_INPUT);
	assert_int_equal(axvcpu_set_reg(machine.vcpu[0], AXVCPU_X86_64_GPR(0), &value, 4), AXVCPU_ERROR_INVALID_INPUT);
	assert_error(axvcpu_get_reg_u64(machine.vcpu[0], "rux", &value), AXVCPU_ERROR_NOT_FOUND, "rax");
}

/* Both names of a register: its halves, and segment bases as MSRs. */
static void aliases_are_the_same_register(unsigned mode)
{
	uint8_t ymm[32], xmm[16];
	uint64_t value = 0;

	start(mode, "nothing");
	machine_set(&machine, "fs.base", 0x12345000);
	machine_equal("msr_fs_base", machine_get(&machine, "msr_fs_base"), 0x12345000);
	machine_set(&machine, "msr_gs_base", 0x54321000);
	machine_equal("gs.base", machine_get(&machine, "gs.base"), 0x54321000);
	memset(xmm, 0x5a, sizeof(xmm));
	assert_ok(axvcpu_set_reg(machine.vcpu[0], AXVCPU_X86_64_XMM(9), xmm, sizeof(xmm)));
	assert_ok(axvcpu_get_reg(machine.vcpu[0], AXVCPU_X86_64_YMM(9), ymm, sizeof(ymm)));
	assert_memory_equal(ymm, xmm, sizeof(xmm));
	memcpy(&value, ymm + 16, 8);
	machine_equal("the upper half", value, 0);
}

/* ---- the start ---- */

static uint64_t of_new(const char *name)
{
	return machine_get(&machine, name);
}

/* Whether a code or data segment was accessed at a reset processors do not agree on. */
static uint64_t accessed(const char *name)
{
	return strstr(name, ".attributes") != NULL;
}

static void starts_as_after_a_reset(unsigned mode)
{
	/* clang-format off */
	static const struct sample expected[] = {
		{ "rflags", 2 }, { "cr0", 0x60000010 }, { "cr2", 0 }, { "cr3", 0 }, { "cr4", 0 }, { "cr8", 0 }, { "efer", 0 },
		{ "xcr0", 1 }, { "dr6", 0xffff0ff0 }, { "dr7", 0x400 }, { "mxcsr", 0x1f80 }, { "ftw", 0xffff },
		{ "idtr.base", 0 }, { "idtr.limit", 0xffff }, { "gdtr.base", 0 }, { "gdtr.limit", 0xffff },
		{ "ds", 0 }, { "ds.base", 0 }, { "ds.limit", 0xffff }, { "ds.attributes", 0x93 }, { "ss.base", 0 },
		{ "cs.limit", 0xffff }, { "cs.attributes", 0x9b }, { "nmi.masked", 0 }, { "mp_state", 0 },
	};
	/* clang-format on */

	start(mode, "nothing");
	assert_ok(axvcpu_reset(machine.vcpu[0]));
	assert_ok(axvcpu_setup(machine.vcpu[0], MACHINE_CODE, axvcpu_space_root(machine.space), NULL));
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		machine_equal(expected[i].name, of_new(expected[i].name) | accessed(expected[i].name),
			      expected[i].value);
}

/* At a page below 1 MiB as a start-up IPI does, elsewhere with the offset in the low 16 bits. */
static void entry_is_a_segment_and_an_offset(unsigned mode)
{
	static const struct {
		uint64_t entry, cs, base, rip;
	} entries[] = { { 0x7000, 0x700, 0x7000, 0 },
			{ 0x9f000, 0x9f00, 0x9f000, 0 },
			{ 0x1234, 0, 0, 0x1234 },
			{ 0x23456, 0x2000, 0x20000, 0x3456 },
			{ 0xfffffff0, 0xf000, 0xffff0000, 0xfff0 } };

	start(mode, "nothing");
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		assert_ok(axvcpu_reset(machine.vcpu[0]));
		assert_ok(axvcpu_setup(machine.vcpu[0], entries[i].entry, axvcpu_space_root(machine.space), NULL));
		machine_equal("cs", of_new("cs"), entries[i].cs);
		machine_equal("cs.base", of_new("cs.base"), entries[i].base);
		machine_equal("rip", of_new("rip"), entries[i].rip);
	}
	assert_ok(axvcpu_reset(machine.vcpu[0]));
	assert_error(axvcpu_setup(machine.vcpu[0], UINT64_C(0x100000000), axvcpu_space_root(machine.space), NULL),
		     AXVCPU_ERROR_INVALID_INPUT, "0x100000000");
}

/* Whatever the guest and the VMM did to it, a vCPU that was reset is a new one. */
static void reset_leaves_nothing(unsigned mode)
{
	static struct value before[512];
	uint32_t count;
	const struct axvcpu_reg *all = regs(&count);
	struct value value = { { 0 } };

	components_present();
	start(mode, "nothing");
	assert_ok(axvcpu_reset(machine.vcpu[0]));
	assert_ok(axvcpu_setup(machine.vcpu[0], MACHINE_CODE, axvcpu_space_root(machine.space), NULL));
	for (uint32_t i = 0; i < count; i++)
		if (is_tested(&all[i]))
			before[i] = get(&all[i]);
	start(mode, "nothing");
	for (uint32_t i = 0; i < count; i++)
		if (is_tested(&all[i]) && sample_of(&all[i], &value))
			set(&all[i], &value);
	machine_expect_done(&machine);
	assert_ok(axvcpu_reset(machine.vcpu[0]));
	assert_ok(axvcpu_setup(machine.vcpu[0], MACHINE_CODE, axvcpu_space_root(machine.space), NULL));
	for (uint32_t i = 0; i < count; i++)
		if (is_tested(&all[i]))
			expect(&all[i], &before[i], "after a reset");
}

/* ---- what a program sees ---- */

static void write_pattern(uint64_t gpa, size_t size, uint8_t seed)
{
	uint8_t bytes[256];

	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(seed + i * 7);
	assert_ok(axvcpu_space_write(machine.space, gpa, bytes, size));
}

/* The register and these bytes of memory are the same. */
static void expect_in_memory(const char *name, uint64_t gpa)
{
	const struct axvcpu_reg *reg = axvcpu_reg_by_name(AXVCPU_ARCH_X86_64, name);
	uint8_t bytes[AXVCPU_REG_SIZE_MAX];
	struct value value = { { 0 } };

	assert_ok(axvcpu_space_read(machine.space, gpa, bytes, reg->size));
	memcpy(value.bytes, bytes, reg->size);
	expect(reg, &value, "beside the memory");
}

static void set_pattern(const char *name, uint8_t seed)
{
	const struct axvcpu_reg *reg = axvcpu_reg_by_name(AXVCPU_ARCH_X86_64, name);
	struct value value = { { 0 } };

	for (unsigned i = 0; i < reg->size; i++)
		value.bytes[i] = (uint8_t)(seed + i * 5);
	set(reg, &value);
}

static void program_sees_sse(unsigned mode)
{
	start(mode, "store_sse");
	set_pattern("xmm0", 1);
	set_pattern("xmm7", 2);
	set_pattern("xmm15", 3);
	machine_set(&machine, "mxcsr", 0x1fa0);
	machine_expect_done(&machine);
	expect_in_memory("xmm0", MEMORY);
	expect_in_memory("xmm7", MEMORY + 0x10);
	expect_in_memory("xmm15", MEMORY + 0x20);
	machine_equal("mxcsr in memory", machine_read(&machine, MEMORY + 0x30, 4), 0x1fa0);
}

static void program_leaves_sse(unsigned mode)
{
	static const double one_and_two[] = { 1, 2 };
	double sums[2];

	start(mode, "load_sse");
	write_pattern(MEMORY, 16, 1);
	assert_ok(axvcpu_space_write(machine.space, MEMORY + 0x10, one_and_two, sizeof(one_and_two)));
	assert_ok(axvcpu_space_write(machine.space, MEMORY + 0x20, one_and_two, sizeof(one_and_two)));
	machine_write(&machine, MEMORY + 0x30, 4, 0x1f80);
	machine_expect_done(&machine);
	expect_in_memory("xmm0", MEMORY);
	expect_in_memory("xmm7", MEMORY + 0x10);
	assert_ok(axvcpu_get_reg(machine.vcpu[0], AXVCPU_X86_64_XMM(15), sums, sizeof(sums)));
	assert_true(sums[0] == 2 && sums[1] == 4);
}

/* Skips the test where the processor does not have these. */
static void use_components(unsigned mode, const char *label, uint64_t components)
{
	if ((components_present() & components) != components)
		machine_skip_without(components == WITH_AVX ? "avx" : "avx512");
	start(mode, label);
	machine_set(&machine, "cr4", machine_get(&machine, "cr4") | 0x40000); /* OSXSAVE */
	machine_set(&machine, "xcr0", components);
}

static void program_sees_avx(unsigned mode)
{
	use_components(mode, "store_avx", WITH_AVX);
	set_pattern("ymm0", 1);
	set_pattern("ymm7", 2);
	set_pattern("ymm15", 3);
	machine_expect_done(&machine);
	expect_in_memory("ymm0", MEMORY);
	expect_in_memory("ymm7", MEMORY + 0x20);
	expect_in_memory("ymm15", MEMORY + 0x40);
}

static void program_leaves_avx(unsigned mode)
{
	static const double numbers[] = { 1, 2, 3, 4 };
	double sums[4];

	use_components(mode, "load_avx", WITH_AVX);
	assert_ok(axvcpu_space_write(machine.space, MEMORY, numbers, sizeof(numbers)));
	assert_ok(axvcpu_space_write(machine.space, MEMORY + 0x20, numbers, sizeof(numbers)));
	machine_expect_done(&machine);
	expect_in_memory("ymm0", MEMORY);
	expect_in_memory("ymm7", MEMORY + 0x20);
	assert_ok(axvcpu_get_reg(machine.vcpu[0], AXVCPU_X86_64_YMM(15), sums, sizeof(sums)));
	for (unsigned i = 0; i < 4; i++)
		assert_true(sums[i] == 2 * numbers[i]);
}

static void program_sees_avx512(unsigned mode)
{
	use_components(mode, "store_avx512", WITH_AVX512);
	set_pattern("ymm0", 1);
	set_pattern("zmm0.upper", 2);
	set_pattern("zmm31", 3);
	machine_set(&machine, "k3", 0x1234);
	machine_expect_done(&machine);
	machine_equal("k3 in memory", machine_read(&machine, MEMORY, 4), 0x1234);
	expect_in_memory("ymm0", MEMORY + 0x40);
	expect_in_memory("zmm0.upper", MEMORY + 0x60);
	expect_in_memory("zmm31", MEMORY + 0x80);
}

static void program_leaves_avx512(unsigned mode)
{
	use_components(mode, "load_avx512", WITH_AVX512);
	machine_write(&machine, MEMORY, 4, 0x4321);
	write_pattern(MEMORY + 0x40, 128, 9);
	machine_expect_done(&machine);
	machine_equal("k3", machine_get(&machine, "k3"), 0x4321);
	expect_in_memory("ymm0", MEMORY + 0x40);
	expect_in_memory("zmm0.upper", MEMORY + 0x60);
	expect_in_memory("zmm31", MEMORY + 0x80);
}

/* 80-bit numbers: 1.5, -2, and what is neither. */
static const uint8_t x87_numbers[][10] = { { 0, 0, 0, 0, 0, 0, 0, 0xc0, 0xff, 0x3f },
					   { 0, 0, 0, 0, 0, 0, 0, 0x80, 0x00, 0xc0 } };

static void set_st(unsigned index, const uint8_t *number)
{
	assert_ok(axvcpu_set_reg(machine.vcpu[0], AXVCPU_X86_64_ST(index), number, 10));
}

static void program_sees_x87(unsigned mode)
{
	start(mode, "store_x87");
	machine_set(&machine, "fcw", 0x27f);
	machine_set(&machine, "fsw", 6 << 11); /* top of stack */
	machine_set(&machine, "ftw", 0x0fff);  /* physical 6 and 7 hold numbers */
	set_st(0, x87_numbers[0]);
	set_st(1, x87_numbers[1]);
	machine_expect_done(&machine);
	machine_equal("fcw in memory", machine_read(&machine, MEMORY, 2), 0x27f);
	machine_equal("fsw in memory", machine_read(&machine, MEMORY + 4, 2), 6 << 11);
	machine_equal("ftw in memory", machine_read(&machine, MEMORY + 8, 2), 0x0fff);
	assert_memory_equal(machine.ram + MEMORY + 0x20, x87_numbers[0], 10);
	assert_memory_equal(machine.ram + MEMORY + 0x30, x87_numbers[1], 10);
	machine_equal("ftw, when both were popped", machine_get(&machine, "ftw"), 0xffff);
}

static void program_leaves_x87(unsigned mode)
{
	uint8_t number[10];

	start(mode, "load_x87");
	machine_write(&machine, MEMORY, 2, 0x37f);
	assert_ok(axvcpu_space_write(machine.space, MEMORY + 0x20, x87_numbers[0], 10));
	assert_ok(axvcpu_space_write(machine.space, MEMORY + 0x30, x87_numbers[1], 10));
	machine_expect_done(&machine);
	assert_ok(axvcpu_get_reg(machine.vcpu[0], AXVCPU_X86_64_ST(0), number, 10));
	assert_memory_equal(number, x87_numbers[1], 10);
	assert_ok(axvcpu_get_reg(machine.vcpu[0], AXVCPU_X86_64_ST(2), number, 10));
	assert_memory_equal(number, x87_numbers[0], 10);
	machine_equal("fcw", machine_get(&machine, "fcw"), 0x37f);
	machine_equal("the top of the stack", machine_get(&machine, "fsw") >> 11 & 7, 5);
	machine_equal("ftw: a number, a zero, a number", machine_get(&machine, "ftw"), 0x13ff);
}

static void program_sees_segment_bases(unsigned mode)
{
	start(mode, "load_segment_bases");
	machine_write(&machine, MEMORY, 8, 0x1111);
	machine_write(&machine, MEMORY + 0x100, 8, 0x2222);
	machine_set(&machine, "fs.base", MEMORY);
	machine_set(&machine, "gs.base", MEMORY + 0x100);
	machine_expect_done(&machine);
	machine_equal("rax", machine_get(&machine, "rax"), 0x1111);
	machine_equal("rdx", machine_get(&machine, "rdx"), 0x2222);
}

/* clang-format off */
#define ROW(modes, name) { { #name, modes }, name }
static const struct row_test tests[] = {
	ROW(IN_LONG, each_keeps_what_is_written),
	ROW(IN_LONG, all_are_kept_while_the_guest_runs),
	ROW(IN_ALL, general_registers_have_the_numbers_of_opcodes),
	ROW(IN_LONG, unknown_registers_are_refused),
	ROW(IN_LONG, aliases_are_the_same_register),
	ROW(IN_REAL, starts_as_after_a_reset),
	ROW(IN_REAL, entry_is_a_segment_and_an_offset),
	ROW(IN_LONG, reset_leaves_nothing),
	ROW(IN_USER, program_sees_sse),
	ROW(IN_USER, program_leaves_sse),
	ROW(IN_USER, program_sees_avx),
	ROW(IN_USER, program_leaves_avx),
	ROW(IN_USER, program_sees_avx512),
	ROW(IN_USER, program_leaves_avx512),
	ROW(IN_USER, program_sees_x87),
	ROW(IN_USER, program_leaves_x87),
	ROW(IN_USER, program_sees_segment_bases),
};
/* clang-format on */

int main(void)
{
	return row_tests_main("registers", &machine, "", tests, sizeof(tests) / sizeof(tests[0]), NULL, NULL);
}
