/* SPDX-License-Identifier: Apache-2.0 */
/* Which format a file has: the table of those that can be loaded, and of those that are often tried and cannot. */
#include <string.h>

#include <axvcpu/state.h>

#include "../fail.h"
#include "image.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * The first that recognises the file takes it; a flat binary is whatever is left. Multiboot comes before ELF: such a
 * kernel is an ELF file as a rule, and asks for more than the ELF header says.
 */
static const struct image_format *const formats[] = {
	&image_linux_bzimage, &image_multiboot, &image_elf, &image_linux_riscv, &image_boot_sector, &image_flat,
};

/* Files that would be taken for flat binaries, and that no guest could run as such. */
static const struct foreign {
	size_t offset;
	size_t size;
	const char *magic;
	const char *what;
	const char *way_out; /* NULL: another such file, for the board's architecture */
	uint32_t arch;       /* the board's that can run it; 0: none */
} foreigners[] = {
	{ 0, 2, "\x1f\x8b", "compressed with gzip", "unpack it with gunzip", 0 },
	{ 0, 6,
	  "\xfd"
	  "7zXZ",
	  "compressed with xz", "unpack it with unxz", 0 },
	{ 0, 4, "\x28\xb5\x2f\xfd", "compressed with zstd", "unpack it with unzstd", 0 },
	{ 0, 3, "BZh", "compressed with bzip2", "unpack it with bunzip2", 0 },
	{ 0, 4, "\x27\x05\x19\x56", "a U-Boot uImage", "take the Image that it was made from", 0 },
	{ 0, 4, "\xd0\x0d\xfe\xed", "a device tree or a FIT image", "give a device tree with --dtb", 0 },
	{ 0x38, 4, "ARM\x64", "a Linux Image for arm64", NULL, 0 },
	{ 0x38, 4, "RSC\x05", "a Linux Image for riscv64", NULL, AXVCPU_ARCH_RISCV64 },
	{ 0x202, 4, "HdrS", "a Linux bzImage for x86", NULL, AXVCPU_ARCH_X86_64 },
	{ 0, 6, "070701", "a cpio archive", "give an initial RAM disk with --initrd", 0 },
};

static bool is_foreign(const struct foreign *row, const struct blob *blob, uint32_t arch)
{
	return row->arch != arch && blob->size >= row->offset + row->size &&
	       !memcmp(blob->data + row->offset, row->magic, row->size);
}

static int refuse_foreign(const struct blob *blob, uint32_t arch)
{
	for (size_t i = 0; i < COUNT(foreigners); i++) {
		const struct foreign *row = &foreigners[i];

		if (!is_foreign(row, blob, arch))
			continue;
		if (row->way_out)
			return fail(STATUS_DATA, "the image \"%s\" is %s; %s", blob->name, row->what, row->way_out);
		return fail(STATUS_DATA, "the image \"%s\" is %s; take one for %s", blob->name, row->what,
			    axvcpu_arch_name(arch));
	}
	return STATUS_OK;
}

static bool takes(const struct image_format *format, const struct blob *blob, uint32_t arch)
{
	return (!format->arch || format->arch == arch) && format->recognises(blob);
}

int image_parse(const struct blob *blob, const struct image_target *target, struct image *ret_image)
{
	struct image image = { .count = 0 };
	const struct image_format *const *format = formats;
	int status = refuse_foreign(blob, target->arch);

	if (status)
		return status;
	while (!takes(*format, blob, target->arch))
		format++;
	image.kind = (*format)->kind;
	status = (*format)->parse(blob, target, &image);
	if (!status)
		*ret_image = image;
	return status;
}

uint32_t image_guess_arch(const struct blob *blob)
{
	uint32_t arch = image_elf_arch(blob); /* first: an ELF file's own word counts, whatever else is in it */

	for (size_t i = 0; i < COUNT(formats) && !arch; i++)
		if (formats[i]->arch && formats[i]->recognises(blob))
			arch = formats[i]->arch;
	return arch;
}

static bool recognises_anything(const struct blob *blob)
{
	(void)blob;
	return true;
}

static int parse_flat(const struct blob *blob, const struct image_target *target, struct image *ret_image)
{
	ret_image->protocol = IMAGE_PROTOCOL_FLAT;
	ret_image->entry = target->load_address;
	ret_image->segments[0] = (struct segment){ target->load_address, blob->size, blob->data, blob->size };
	ret_image->count = 1;
	return STATUS_OK;
}

const struct image_format image_flat = {
	.kind = "flat binary",
	.recognises = recognises_anything,
	.parse = parse_flat,
};

#define SECTOR 512u
#define BOOT_SECTOR_ADDRESS 0x7c00u

/* A disk's image, or its first sectors: the first ends with the signature that a BIOS looks for. */
static bool recognises_boot_sector(const struct blob *blob)
{
	return blob->size && blob->size % SECTOR == 0 && blob->data[SECTOR - 2] == 0x55 &&
	       blob->data[SECTOR - 1] == 0xaa;
}

/* All of it, not the first sector alone: there is no BIOS that could read the others. */
static int parse_boot_sector(const struct blob *blob, const struct image_target *target, struct image *ret_image)
{
	(void)target;
	ret_image->protocol = IMAGE_PROTOCOL_BOOT_SECTOR;
	ret_image->entry = BOOT_SECTOR_ADDRESS;
	ret_image->segments[0] = (struct segment){ BOOT_SECTOR_ADDRESS, blob->size, blob->data, blob->size };
	ret_image->count = 1;
	return STATUS_OK;
}

const struct image_format image_boot_sector = {
	.kind = "boot sector",
	.arch = AXVCPU_ARCH_X86_64,
	.recognises = recognises_boot_sector,
	.parse = parse_boot_sector,
};
