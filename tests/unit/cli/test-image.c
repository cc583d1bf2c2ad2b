/* SPDX-License-Identifier: Apache-2.0 */
/* Image formats: what is taken, and what is said of files that are not. */
#include <elf.h>

#include <axvcpu/types.h>

#include "cli.h"
#include "loader/image.h"

static const struct image_target target = {
	.arch = AXVCPU_ARCH_RISCV64, .ram_base = 0x80000000, .ram_size = 64 << 20, .load_address = 0x80200000
};

static struct blob blob_of(const void *data, size_t size)
{
	return (struct blob){ .name = "file", .data = (uint8_t *)data, .size = size };
}

static void takes_any_bytes_as_a_flat_binary(void **state)
{
	const struct blob blob = blob_of("\x13\0\0\0", 4);
	struct image image;

	(void)state;
	assert_done(image_parse(&blob, &target, &image));
	assert_string_equal(image.kind, "flat binary");
	assert_int_equal(image.entry, 0x80200000);
	assert_int_equal(image.count, 1);
	assert_int_equal(image.segments[0].gpa, 0x80200000);
	assert_int_equal(image.segments[0].memory_size, 4);
}

static void refuses_foreign_files_by_name(void **state)
{
	static const struct {
		size_t offset;
		const char *magic;
		const char *text;
	} rows[] = {
		{ 0, "\x1f\x8b\x08", "gunzip" },
		{ 0,
		  "\xfd"
		  "7zXZ\0",
		  "unxz" },
		{ 0, "\x28\xb5\x2f\xfd", "unzstd" },
		{ 0, "BZh9", "bunzip2" },
		{ 0, "\x27\x05\x19\x56", "uImage" },
		{ 0, "\xd0\x0d\xfe\xed", "--dtb" },
		{ 0x38, "ARM\x64", "arm64" },
		{ 0x202, "HdrS", "bzImage" },
		{ 0, "070701", "--initrd" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t data[0x240] = { 0 };
		const struct blob blob = blob_of(data, sizeof(data));
		struct image image;

		memcpy(data + rows[i].offset, rows[i].magic, strlen(rows[i].magic));
		assert_fails(image_parse(&blob, &target, &image), STATUS_DATA, rows[i].text);
	}
}

/* A Linux Image's header, as its fields say. */
struct linux_header {
	uint32_t code[2];
	uint64_t text_offset, image_size, flags;
	uint32_t version, reserved[3];
	char magic[8];
	char magic2[4];
	uint32_t reserved2;
};

static struct linux_header linux_header(void)
{
	return (struct linux_header){ .text_offset = 2 << 20, .image_size = 8 << 20, .magic2 = { 'R', 'S', 'C', 5 } };
}

static void takes_a_linux_image(void **state)
{
	struct linux_header header = linux_header();
	const struct blob blob = blob_of(&header, sizeof(header));
	struct image image;

	(void)state;
	assert_done(image_parse(&blob, &target, &image));
	assert_string_equal(image.kind, "Linux Image");
	assert_int_equal(image.entry, 0x80200000);
	assert_int_equal(image.segments[0].memory_size, 8 << 20); /* its bss as well */
	assert_int_equal(image.segments[0].size, sizeof(header));
}

static void refuses_linux_images_that_cannot_be_placed(void **state)
{
	struct linux_header big_endian = linux_header(), unaligned = linux_header(), far = linux_header();
	const struct {
		struct linux_header *header;
		const char *text;
	} rows[] = { { &big_endian, "big-endian" },
		     { &unaligned, "no multiple of 2 MiB" },
		     { &far, "--mem too small" } };

	(void)state;
	big_endian.flags = 1;
	unaligned.text_offset = 0x1000;
	far.text_offset = UINT64_C(1) << 40;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct blob blob = blob_of(rows[i].header, sizeof(*rows[i].header));
		struct image image;

		assert_fails(image_parse(&blob, &target, &image), STATUS_DATA, rows[i].text);
	}
}

struct elf_file {
	Elf64_Ehdr header;
	Elf64_Phdr segments[2];
	uint8_t bytes[64];
};

static struct elf_file elf_file(void)
{
	struct elf_file file = {
		.header = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			    .e_type = ET_EXEC,
			    .e_machine = EM_RISCV,
			    .e_version = EV_CURRENT,
			    .e_entry = UINT64_C(0xffffffff80000010),
			    .e_phoff = offsetof(struct elf_file, segments),
			    .e_ehsize = sizeof(Elf64_Ehdr),
			    .e_phentsize = sizeof(Elf64_Phdr),
			    .e_phnum = 2 },
		.segments = { { .p_type = PT_LOAD,
				.p_offset = offsetof(struct elf_file, bytes),
				.p_vaddr = UINT64_C(0xffffffff80000000),
				.p_paddr = 0x80400000,
				.p_filesz = 32,
				.p_memsz = 4096 },
			      { .p_type = PT_LOAD,
				.p_offset = offsetof(struct elf_file, bytes) + 32,
				.p_vaddr = UINT64_C(0xffffffff80002000),
				.p_paddr = 0x80402000,
				.p_filesz = 32,
				.p_memsz = 32 } },
	};

	return file;
}

static void takes_an_elf_file_at_its_physical_addresses(void **state)
{
	struct elf_file file = elf_file();
	const struct blob blob = blob_of(&file, sizeof(file));
	struct image image;

	(void)state;
	assert_done(image_parse(&blob, &target, &image));
	assert_string_equal(image.kind, "ELF file");
	assert_int_equal(image.entry, 0x80400010); /* e_entry is virtual */
	assert_int_equal(image.count, 2);
	assert_int_equal(image.segments[0].gpa, 0x80400000);
	assert_int_equal(image.segments[0].memory_size, 4096);
	assert_ptr_equal(image.segments[1].data, (uint8_t *)&file + offsetof(struct elf_file, bytes) + 32);
}

static void refuse_elf(struct elf_file *file, size_t size, const char *text)
{
	const struct blob blob = blob_of(file, size);
	struct image image;

	assert_fails(image_parse(&blob, &target, &image), STATUS_DATA, text);
	*file = elf_file();
}

static void refuses_elf_files(void **state)
{
	struct elf_file file = elf_file();

	(void)state;
	file.header.e_machine = EM_X86_64;
	refuse_elf(&file, sizeof(file), "is for x86_64");
	file.header.e_type = ET_REL;
	refuse_elf(&file, sizeof(file), "link it");
	file.header.e_phnum = 0;
	refuse_elf(&file, sizeof(file), "nothing to load");
	file.segments[0].p_type = file.segments[1].p_type = PT_NOTE;
	refuse_elf(&file, sizeof(file), "nothing to load");
	file.segments[1].p_filesz = UINT64_MAX - 8;
	refuse_elf(&file, sizeof(file), "truncated");
	file.segments[1].p_offset = UINT64_MAX - 8;
	refuse_elf(&file, sizeof(file), "truncated");
	file.segments[1].p_memsz = 31;
	refuse_elf(&file, sizeof(file), "larger in the file");
	file.header.e_phoff = sizeof(file) - 8;
	refuse_elf(&file, sizeof(file), "truncated or damaged");
	refuse_elf(&file, sizeof(file) - 1, "truncated");
	refuse_elf(&file, 80, "truncated or damaged");
	refuse_elf(&file, 20, "truncated or damaged");
	refuse_elf(&file, 4, "truncated or damaged");
}

static void refuses_32_bit_elf_files(void **state)
{
	Elf32_Ehdr header = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2LSB, EV_CURRENT },
			      .e_type = ET_EXEC,
			      .e_machine = EM_RISCV,
			      .e_version = EV_CURRENT,
			      .e_ehsize = sizeof(header) };
	const struct blob blob = blob_of(&header, sizeof(header));
	struct image image;

	(void)state;
	assert_fails(image_parse(&blob, &target, &image), STATUS_DATA, "is for 32 bits");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_any_bytes_as_a_flat_binary),
		cmocka_unit_test(refuses_foreign_files_by_name),
		cmocka_unit_test(takes_a_linux_image),
		cmocka_unit_test(refuses_linux_images_that_cannot_be_placed),
		cmocka_unit_test(takes_an_elf_file_at_its_physical_addresses),
		cmocka_unit_test(refuses_elf_files),
		cmocka_unit_test(refuses_32_bit_elf_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
