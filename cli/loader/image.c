/* SPDX-License-Identifier: Apache-2.0 */
/* Which format a file has: the table of those that can be loaded, and of those that are often tried and cannot. */
#include <string.h>

#include "../fail.h"
#include "image.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The first that recognises the file takes it; a flat binary is whatever is left. */
static const struct image_format *const formats[] = {
	&image_elf,
	&image_linux_riscv,
	&image_flat,
};

/* Files that would be taken for flat binaries, and that no guest could run as such. */
static const struct foreign {
	size_t offset;
	size_t size;
	const char *magic;
	const char *what;
	const char *way_out;
} foreigners[] = {
	{ 0, 2, "\x1f\x8b", "compressed with gzip", "unpack it with gunzip" },
	{ 0, 6,
	  "\xfd"
	  "7zXZ",
	  "compressed with xz", "unpack it with unxz" },
	{ 0, 4, "\x28\xb5\x2f\xfd", "compressed with zstd", "unpack it with unzstd" },
	{ 0, 3, "BZh", "compressed with bzip2", "unpack it with bunzip2" },
	{ 0, 4, "\x27\x05\x19\x56", "a U-Boot uImage", "take the Image that it was made from" },
	{ 0, 4, "\xd0\x0d\xfe\xed", "a device tree or a FIT image", "give a device tree with --dtb" },
	{ 0x38, 4, "ARM\x64", "a Linux Image for arm64", "take one for riscv64" },
	{ 0x202, 4, "HdrS", "a Linux bzImage for x86", "take one for riscv64" },
	{ 0, 6, "070701", "a cpio archive", "give an initial RAM disk with --initrd" },
};

static int refuse_foreign(const struct blob *blob)
{
	for (size_t i = 0; i < COUNT(foreigners); i++) {
		const struct foreign *row = &foreigners[i];

		if (blob->size >= row->offset + row->size && !memcmp(blob->data + row->offset, row->magic, row->size))
			return fail(STATUS_DATA, "the image \"%s\" is %s; %s", blob->name, row->what, row->way_out);
	}
	return STATUS_OK;
}

int image_parse(const struct blob *blob, const struct image_target *target, struct image *ret_image)
{
	struct image image = { .count = 0 };
	const struct image_format *const *format = formats;
	int status = refuse_foreign(blob);

	if (status)
		return status;
	while (!(*format)->recognises(blob))
		format++;
	image.kind = (*format)->kind;
	status = (*format)->parse(blob, target, &image);
	if (!status)
		*ret_image = image;
	return status;
}

static bool recognises_anything(const struct blob *blob)
{
	(void)blob;
	return true;
}

static int parse_flat(const struct blob *blob, const struct image_target *target, struct image *ret_image)
{
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
