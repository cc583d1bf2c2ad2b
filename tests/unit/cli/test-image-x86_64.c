/* SPDX-License-Identifier: Apache-2.0 */
/* Image formats of x86_64: what is taken, and what is said of files that are not. */
#include <axvcpu/types.h>

#include "cli.h"
#include "images-x86_64.h"
#include "loader/image.h"

static const struct image_target target = { .arch = AXVCPU_ARCH_X86_64, .ram_size = 64 << 20, .load_address = 0x8000 };

static struct blob blob_of(const void *data, size_t size)
{
	return (struct blob){ .name = "file", .data = (uint8_t *)data, .size = size };
}

static void refuse(const void *data, size_t size, const char *text)
{
	const struct blob blob = blob_of(data, size);
	struct image image;

	assert_fails(image_parse(&blob, &target, &image), STATUS_DATA, text);
}

static void take(const void *data, size_t size, struct image *ret_image)
{
	const struct blob blob = blob_of(data, size);

	assert_done(image_parse(&blob, &target, ret_image));
}

static void takes_a_bzimage(void **state)
{
	uint8_t bytes[BZIMAGE_SIZE];
	struct image image;

	(void)state;
	make_bzimage(bytes);
	take(bytes, sizeof(bytes), &image);
	assert_string_equal(image.kind, "Linux bzImage");
	assert_int_equal(image.protocol, IMAGE_PROTOCOL_LINUX_X86);
	assert_int_equal(image.entry, 0x1000200);
	assert_int_equal(image.count, 1);
	assert_int_equal(image.segments[0].gpa, 0x1000000);
	assert_int_equal(image.segments[0].memory_size, 0x800000);
	assert_ptr_equal(image.segments[0].data, bytes + BZIMAGE_KERNEL);
	assert_int_equal(image.segments[0].size, 4096);
	assert_ptr_equal(image.linux_x86.setup_header, bytes + 0x1f1);
	assert_int_equal(image.linux_x86.setup_header_size, 0x26c - 0x1f1);
	assert_int_equal(image.linux_x86.initrd_end, 0x80000000);
	assert_true(image.linux_x86.initrd_above_4g);
	assert_int_equal(image.linux_x86.command_line_max, 2047);
}

static void gives_a_bzimage_what_it_wants(void **state)
{
	static uint8_t bytes[5 * 512 + 4096];
	struct image image;

	(void)state;
	make_bzimage(bytes);
	bytes[0x1f1] = 0;                /* stands for 4 */
	put64(bytes, 0x258, 0);          /* no preference */
	put32(bytes, 0x260, 16);         /* less than the file has */
	put16(bytes, 0x236, 1);          /* an initrd stays low */
	put32(bytes, 0x22c, UINT32_MAX); /* anywhere that 32 bits reach */
	take(bytes, sizeof(bytes), &image);
	assert_int_equal(image.segments[0].gpa, 0x100000);
	assert_int_equal(image.segments[0].memory_size, 4096);
	assert_ptr_equal(image.segments[0].data, bytes + 5 * 512);
	assert_int_equal(image.linux_x86.initrd_end, UINT64_C(0x100000000));
	assert_false(image.linux_x86.initrd_above_4g);
}

static void takes_a_bzimage_whose_last_bytes_are_no_unit(void **state)
{
	uint8_t bytes[BZIMAGE_SIZE];
	struct image image;

	(void)state;
	make_bzimage(bytes);
	take(bytes, sizeof(bytes) - 15, &image);
	assert_int_equal(image.segments[0].size, 4096 - 15);
}

static void refuses_bzimages(void **state)
{
	static const struct {
		size_t offset, width;
		uint64_t value;
		const char *text;
	} rows[] = {
		{ 0x206, 2, 0x20b, "boot protocol 2.11, which has no 64-bit entry" },
		{ 0x236, 2, 0, "take one for x86_64" },
		{ 0x201, 1, 0x65, "its setup header ends at 0x267" },
		{ 0x201, 1, 0xff, "its setup header ends at 0x301" },
		{ 0x1f1, 1, 64, "truncated: it needs 37376 bytes and has 5120" },
		{ 0x1f4, 4, 257, "truncated: it needs 5136 bytes and has 5120" },
		{ 0x1f4, 4, UINT32_MAX, "truncated" },
		{ 0x1f4, 4, 0, "its kernel has 0 bytes" },
		{ 0x1f4, 4, 0x20, "its kernel has 512 bytes" },
		{ 0x258, 8, UINT64_MAX, "past 4 GiB" },
		{ 0x258, 8, UINT64_C(1) << 32, "past 4 GiB" },
		{ 0x258, 8, 0x3900000, "give it at least --mem 65M" },
		{ 0x258, 8, 0x4000000, "give it at least --mem 72M" },
		{ 0x260, 4, UINT32_MAX, "give it at least --mem 4112M" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t value = htole64(rows[i].value);
		uint8_t bytes[BZIMAGE_SIZE];

		make_bzimage(bytes);
		memcpy(bytes + rows[i].offset, &value, rows[i].width);
		refuse(bytes, sizeof(bytes), rows[i].text);
	}
}

static void refuses_every_prefix_of_a_bzimage(void **state)
{
	uint8_t bytes[BZIMAGE_SIZE];

	(void)state;
	make_bzimage(bytes);
	for (size_t size = 0x206; size < sizeof(bytes) - 15; size++)
		refuse(bytes, size, "truncated");
}

static void takes_a_pvh_file(void **state)
{
	struct pvh_file file = make_pvh();
	struct image image;

	(void)state;
	take(&file, sizeof(file), &image);
	assert_string_equal(image.kind, "PVH ELF file");
	assert_int_equal(image.protocol, IMAGE_PROTOCOL_PVH);
	assert_int_equal(image.entry, 0x100020);
	assert_int_equal(image.segments[0].gpa, 0x100000);
	file.note.header.n_descsz = 4; /* the padding behind it is no note */
	file.segments[1].p_filesz -= 4;
	take(&file, sizeof(file), &image);
	assert_int_equal(image.entry, 0x100020);
}

static void takes_an_elf_file_without_that_note(void **state)
{
	struct pvh_file file = make_pvh();
	struct image image;

	(void)state;
	file.note.name[0] = 'x';
	take(&file, sizeof(file), &image);
	assert_string_equal(image.kind, "ELF file");
	assert_int_equal(image.protocol, IMAGE_PROTOCOL_ELF64);
	assert_int_equal(image.entry, 0x100010); /* e_entry is virtual */
	file.segments[1].p_filesz = 0;
	take(&file, sizeof(file), &image);
	assert_int_equal(image.protocol, IMAGE_PROTOCOL_ELF64);
}

static void refuse_pvh(struct pvh_file *file, const char *text)
{
	refuse(file, sizeof(*file), text);
	*file = make_pvh();
}

static void refuses_malformed_notes(void **state)
{
	struct pvh_file file = make_pvh();

	(void)state;
	file.note.header.n_descsz = 7;
	refuse_pvh(&file, "its PVH entry note has 7 bytes");
	file.note.header.n_descsz = 0;
	refuse_pvh(&file, "its PVH entry note has 0 bytes");
	file.note.entry[4] = 1;
	refuse_pvh(&file, "0x100100020 is past what 32 bits reach");
	file.note.header.n_descsz = 9;
	refuse_pvh(&file, "truncated or damaged: its notes");
	file.note.header.n_namesz = UINT32_MAX;
	refuse_pvh(&file, "truncated or damaged: its notes");
	file.other.header.n_descsz = UINT32_MAX;
	refuse_pvh(&file, "truncated or damaged: its notes");
	file.segments[1].p_filesz--;
	refuse_pvh(&file, "truncated or damaged: its notes");
	file.segments[1].p_filesz = UINT64_MAX;
	refuse_pvh(&file, "truncated or damaged: its notes");
	file.segments[1].p_offset = sizeof(file);
	refuse_pvh(&file, "truncated or damaged: its notes");
	file.segments[1].p_offset = UINT64_MAX - 4;
	refuse_pvh(&file, "truncated or damaged: its notes");
}

static void takes_elf_files_for_i386(void **state)
{
	struct multiboot_file file = make_multiboot();
	struct image image;

	(void)state;
	file.multiboot.magic = 0;
	take(&file, sizeof(file), &image);
	assert_string_equal(image.kind, "ELF file");
	assert_int_equal(image.protocol, IMAGE_PROTOCOL_ELF32);
	assert_int_equal(image.entry, 0x100020);
	assert_int_equal(image.segments[0].gpa, 0x100000);
	assert_int_equal(image.segments[0].memory_size, 0x1800);
}

static void refuses_elf_files_of_others(void **state)
{
	struct multiboot_file i386 = make_multiboot();
	struct pvh_file file = make_pvh();

	(void)state;
	file.header.e_machine = EM_RISCV;
	refuse_pvh(&file, "is for riscv (e_machine 243), and this board is x86_64");
	file.header.e_machine = EM_386;
	refuse_pvh(&file, "for i386 is for 64 bits, and this board is x86_64; build it for 32 bits");
	i386.multiboot.magic = 0;
	i386.header.e_machine = EM_X86_64; /* x32 */
	refuse(&i386, sizeof(i386), "for x86_64 is for 32 bits, and this board is x86_64; build it for 64 bits");
}

static void takes_a_multiboot_kernel(void **state)
{
	struct multiboot_file file = make_multiboot();
	struct image image;

	(void)state;
	set_multiboot_flags(&file.multiboot, 7); /* a video mode is a wish */
	take(&file, sizeof(file), &image);
	assert_string_equal(image.kind, "multiboot kernel");
	assert_int_equal(image.protocol, IMAGE_PROTOCOL_MULTIBOOT);
	assert_int_equal(image.entry, 0x100020);
	assert_int_equal(image.segments[0].gpa, 0x100000);
}

static void finds_the_multiboot_header(void **state)
{
	static uint8_t bytes[16384];
	struct multiboot_header header = { .header = 0x100000, .load = 0x100000, .entry = 0x100000 };
	struct image image;

	(void)state;
	set_multiboot_flags(&header, 0x10000);
	memcpy(bytes + 8192 - 12, &header, sizeof(header)); /* its last place */
	memcpy(bytes + 64, &header, 4);                     /* a magic number without its checksum is passed over */
	take(bytes, sizeof(bytes), &image);
	assert_int_equal(image.protocol, IMAGE_PROTOCOL_MULTIBOOT);
	assert_ptr_equal(image.segments[0].data, bytes + 8192 - 12);
	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes + 8192 - 8, &header, sizeof(header)); /* too far */
	take(bytes, sizeof(bytes), &image);
	assert_int_equal(image.protocol, IMAGE_PROTOCOL_FLAT);
	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes + 1026, &header, sizeof(header)); /* not at a multiple of four */
	take(bytes, sizeof(bytes), &image);
	assert_int_equal(image.protocol, IMAGE_PROTOCOL_FLAT);
}

static void refuses_multiboot_headers(void **state)
{
	struct multiboot_file file = make_multiboot();
	uint8_t flat[64] = { 0 };

	(void)state;
	file.multiboot.checksum++;
	refuse(&file, sizeof(file), "the checksum of its header at 84 is wrong");
	set_multiboot_flags(&file.multiboot, 8);
	refuse(&file, sizeof(file), "flags 0x8");
	set_multiboot_flags(&file.multiboot, 0x8003);
	refuse(&file, sizeof(file), "flags 0x8000");
	file = make_multiboot();
	file.header.e_machine = EM_ARM;
	refuse(&file, sizeof(file), "is for arm");
	file = make_multiboot();
	memcpy(flat, &file.multiboot, 12);
	refuse(flat, sizeof(flat), "is no ELF file, and its header has no addresses");
}

/* A header 16 bytes into a file of 256, that loads all of it at 1 MiB, with 1 KiB of bss. */
static void make_kludge(uint8_t bytes[256], const struct multiboot_header *changed)
{
	struct multiboot_header header = *changed;

	set_multiboot_flags(&header, 0x10003);
	memset(bytes, 0x90, 256);
	memcpy(bytes + 16, &header, sizeof(header));
}

static const struct multiboot_header kludge = {
	.header = 0x100010, .load = 0x100000, .load_end = 0x100100, .bss_end = 0x100500, .entry = 0x100030
};

static void takes_multiboot_addresses(void **state)
{
	struct multiboot_header header = kludge;
	uint8_t bytes[256];
	struct image image;

	(void)state;
	make_kludge(bytes, &header);
	take(bytes, sizeof(bytes), &image);
	assert_int_equal(image.entry, 0x100030);
	assert_int_equal(image.segments[0].gpa, 0x100000);
	assert_ptr_equal(image.segments[0].data, bytes);
	assert_int_equal(image.segments[0].size, 256);
	assert_int_equal(image.segments[0].memory_size, 0x500);
	header.load = 0x100008; /* from the middle of the file to its end, without bss */
	header.load_end = header.bss_end = 0;
	make_kludge(bytes, &header);
	take(bytes, sizeof(bytes), &image);
	assert_ptr_equal(image.segments[0].data, bytes + 8);
	assert_int_equal(image.segments[0].size, 248);
	assert_int_equal(image.segments[0].memory_size, 248);
}

static void refuses_multiboot_addresses(void **state)
{
	static const struct {
		size_t offset;
		uint32_t value;
		const char *text;
	} rows[] = {
		{ offsetof(struct multiboot_header, load), 0x100011, "its load address is not in the file" },
		{ offsetof(struct multiboot_header, load), 0, "its load address is not in the file" },
		{ offsetof(struct multiboot_header, header), UINT32_MAX, "its load address is not in the file" },
		{ offsetof(struct multiboot_header, load_end), 0x100000, "not past its load address" },
		{ offsetof(struct multiboot_header, load_end), 0x100101, "truncated before its load end" },
		{ offsetof(struct multiboot_header, load_end), UINT32_MAX, "truncated before its load end" },
		{ offsetof(struct multiboot_header, bss_end), 0x1000ff, "its bss end address is before" },
		{ offsetof(struct multiboot_header, bss_end), 1, "its bss end address is before" },
	};
	uint8_t bytes[256];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct multiboot_header header = kludge;

		memcpy((uint8_t *)&header + rows[i].offset, &rows[i].value, 4);
		make_kludge(bytes, &header);
		refuse(bytes, sizeof(bytes), rows[i].text);
	}
	make_kludge(bytes, &kludge);
	refuse(bytes, 16 + 12, "truncated in its header");
	refuse(bytes, 16 + 31, "truncated in its header");
}

static void takes_real_mode_images(void **state)
{
	uint8_t bytes[1024] = { 0 };
	struct image image;

	(void)state;
	put16(bytes, 510, 0xaa55);
	take(bytes, sizeof(bytes), &image);
	assert_string_equal(image.kind, "boot sector");
	assert_int_equal(image.protocol, IMAGE_PROTOCOL_BOOT_SECTOR);
	assert_int_equal(image.entry, 0x7c00);
	assert_int_equal(image.segments[0].gpa, 0x7c00);
	assert_int_equal(image.segments[0].size, 1024);
	take(bytes, sizeof(bytes) - 1, &image);
	assert_string_equal(image.kind, "flat binary");
	assert_int_equal(image.protocol, IMAGE_PROTOCOL_FLAT);
	assert_int_equal(image.entry, 0x8000);
	assert_int_equal(image.segments[0].gpa, 0x8000);
}

static void refuses_foreign_files_by_name(void **state)
{
	uint8_t bytes[1024] = { 0 };

	(void)state;
	memcpy(bytes + 0x38, "RSC\x05", 4);
	refuse(bytes, sizeof(bytes), "a Linux Image for riscv64; take one for x86_64");
	memcpy(bytes + 0x38, "ARM\x64", 4);
	refuse(bytes, sizeof(bytes), "a Linux Image for arm64; take one for x86_64");
}

static void guess(const void *data, size_t size, uint32_t arch)
{
	const struct blob blob = blob_of(data, size);

	assert_int_equal(image_guess_arch(&blob), arch);
}

static void guesses_the_architecture(void **state)
{
	struct multiboot_file multiboot = make_multiboot();
	struct pvh_file elf = make_pvh();
	uint8_t bytes[BZIMAGE_SIZE];

	(void)state;
	make_bzimage(bytes);
	guess(bytes, sizeof(bytes), AXVCPU_ARCH_X86_64);
	guess(&multiboot, sizeof(multiboot), AXVCPU_ARCH_X86_64);
	guess(&multiboot.multiboot, sizeof(multiboot.multiboot), AXVCPU_ARCH_X86_64);
	guess(&elf, sizeof(elf), AXVCPU_ARCH_X86_64);
	guess(&elf, 20, AXVCPU_ARCH_X86_64);
	guess(&elf, 19, 0);
	guess(&elf, 4, 0);
	elf.header.e_machine = EM_RISCV;
	guess(&elf, sizeof(elf), AXVCPU_ARCH_RISCV64);
	elf.header.e_machine = EM_S390;
	guess(&elf, sizeof(elf), 0);
	memset(bytes, 0, sizeof(bytes));
	guess(bytes, sizeof(bytes), 0);
	guess(bytes, 0, 0);
	put16(bytes, 510, 0xaa55);
	guess(bytes, 512, AXVCPU_ARCH_X86_64);
	memcpy(bytes + 0x38, "RSC\x05", 4);
	guess(bytes, 64, AXVCPU_ARCH_RISCV64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_a_bzimage),
		cmocka_unit_test(gives_a_bzimage_what_it_wants),
		cmocka_unit_test(takes_a_bzimage_whose_last_bytes_are_no_unit),
		cmocka_unit_test(refuses_bzimages),
		cmocka_unit_test(refuses_every_prefix_of_a_bzimage),
		cmocka_unit_test(takes_a_pvh_file),
		cmocka_unit_test(takes_an_elf_file_without_that_note),
		cmocka_unit_test(refuses_malformed_notes),
		cmocka_unit_test(takes_elf_files_for_i386),
		cmocka_unit_test(refuses_elf_files_of_others),
		cmocka_unit_test(takes_a_multiboot_kernel),
		cmocka_unit_test(finds_the_multiboot_header),
		cmocka_unit_test(refuses_multiboot_headers),
		cmocka_unit_test(takes_multiboot_addresses),
		cmocka_unit_test(refuses_multiboot_addresses),
		cmocka_unit_test(takes_real_mode_images),
		cmocka_unit_test(refuses_foreign_files_by_name),
		cmocka_unit_test(guesses_the_architecture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
