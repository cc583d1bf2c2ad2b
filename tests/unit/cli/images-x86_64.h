/* SPDX-License-Identifier: Apache-2.0 */
/* Small images for x86_64 that are right, for the tests to make wrong or to boot. */
#ifndef TESTS_UNIT_CLI_IMAGES_X86_64_H
#define TESTS_UNIT_CLI_IMAGES_X86_64_H

#include <elf.h>
#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline void put16(uint8_t *bytes, size_t offset, uint16_t value)
{
	value = htole16(value);
	memcpy(bytes + offset, &value, sizeof(value));
}

static inline void put32(uint8_t *bytes, size_t offset, uint32_t value)
{
	value = htole32(value);
	memcpy(bytes + offset, &value, sizeof(value));
}

static inline void put64(uint8_t *bytes, size_t offset, uint64_t value)
{
	value = htole64(value);
	memcpy(bytes + offset, &value, sizeof(value));
}

/* One setup sector behind the boot sector, and a kernel of 4 KiB, whose bytes are all 0x90, that wants 8 MiB at 16 MiB.
 */
#define BZIMAGE_KERNEL 0x400u
#define BZIMAGE_SIZE (BZIMAGE_KERNEL + 4096u)

static inline void make_bzimage(uint8_t image[BZIMAGE_SIZE])
{
	memset(image, 0, BZIMAGE_KERNEL);
	memset(image + BZIMAGE_KERNEL, 0x90, BZIMAGE_SIZE - BZIMAGE_KERNEL);
	image[0x1f1] = 1;
	put32(image, 0x1f4, 4096 / 16);
	put16(image, 0x1fe, 0xaa55);
	image[0x200] = 0xeb;
	image[0x201] = 0x6a; /* the header ends at 0x26c */
	memcpy(image + 0x202, "HdrS", 4);
	put16(image, 0x206, 0x20f);
	image[0x211] = 1; /* LOADED_HIGH */
	put32(image, 0x22c, 0x7fffffff);
	put32(image, 0x230, 0x200000);
	image[0x234] = 1;
	put16(image, 0x236, 3); /* 64-bit entry, may lie above 4 GiB */
	put32(image, 0x238, 2047);
	put64(image, 0x258, 0x1000000);
	put32(image, 0x260, 0x800000);
}

/* An ELF file for x86_64 with Xen's note, at 1 MiB. */
struct pvh_note {
	Elf64_Nhdr header;
	char name[4];
	uint8_t entry[8];
};

struct pvh_file {
	Elf64_Ehdr header;
	Elf64_Phdr segments[2];
	struct pvh_note other, note;
	uint8_t code[64];
};

static inline struct pvh_file make_pvh(void)
{
	struct pvh_file file = {
		.header = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			    .e_type = ET_EXEC,
			    .e_machine = EM_X86_64,
			    .e_version = EV_CURRENT,
			    .e_entry = UINT64_C(0xffffffff80100010),
			    .e_phoff = offsetof(struct pvh_file, segments),
			    .e_ehsize = sizeof(Elf64_Ehdr),
			    .e_phentsize = sizeof(Elf64_Phdr),
			    .e_phnum = 2 },
		.segments = { { .p_type = PT_LOAD,
				.p_offset = offsetof(struct pvh_file, code),
				.p_vaddr = UINT64_C(0xffffffff80100000),
				.p_paddr = 0x100000,
				.p_filesz = 64,
				.p_memsz = 0x2000 },
			      { .p_type = PT_NOTE,
				.p_offset = offsetof(struct pvh_file, other),
				.p_filesz = 2 * sizeof(struct pvh_note),
				.p_memsz = 2 * sizeof(struct pvh_note),
				.p_align = 4 } },
		.other = { { 4, 8, 6 }, "Xen", { 'l', 'i', 'n', 'u', 'x' } },
		.note = { { 4, 8, 18 }, "Xen", { 0x20, 0x00, 0x10 } },
	};

	memset(file.code, 0x90, sizeof(file.code));
	return file;
}

/* An ELF file for i386 with a multiboot header, at 1 MiB. */
struct multiboot_header {
	uint32_t magic, flags, checksum;
	uint32_t header, load, load_end, bss_end, entry;
};

struct multiboot_file {
	Elf32_Ehdr header;
	Elf32_Phdr segment;
	struct multiboot_header multiboot;
	uint8_t code[64];
};

#define MULTIBOOT_HEADER_MAGIC 0x1badb002u

static inline void set_multiboot_flags(struct multiboot_header *header, uint32_t flags)
{
	header->magic = MULTIBOOT_HEADER_MAGIC;
	header->flags = flags;
	header->checksum = 0u - MULTIBOOT_HEADER_MAGIC - flags;
}

static inline struct multiboot_file make_multiboot(void)
{
	struct multiboot_file file = {
		.header = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2LSB, EV_CURRENT },
			    .e_type = ET_EXEC,
			    .e_machine = EM_386,
			    .e_version = EV_CURRENT,
			    .e_entry = 0x100020,
			    .e_phoff = offsetof(struct multiboot_file, segment),
			    .e_ehsize = sizeof(Elf32_Ehdr),
			    .e_phentsize = sizeof(Elf32_Phdr),
			    .e_phnum = 1 },
		.segment = { .p_type = PT_LOAD,
			     .p_offset = offsetof(struct multiboot_file, multiboot),
			     .p_vaddr = 0x100000,
			     .p_paddr = 0x100000,
			     .p_filesz = sizeof(struct multiboot_header) + 64,
			     .p_memsz = 0x1800 },
	};

	set_multiboot_flags(&file.multiboot, 3);
	memset(file.code, 0x90, sizeof(file.code));
	return file;
}

#endif
