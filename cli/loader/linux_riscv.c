/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header of a Linux Image for riscv64 (Documentation/riscv/boot-image-header.rst): 64 bytes, of which matter here
 *    8  u64  text_offset: where the image lies, from the start of memory (2 MiB)
 *   16  u64  image_size: bytes that the kernel needs there, its bss included
 *   24  u64  flags: bit 0 big-endian
 *   48  u64  "RISCV\0\0\0" (deprecated), 56  u32  "RSC\x05"
 */
#include <endian.h>
#include <string.h>

#include <axvcpu/types.h>

#include "../fail.h"
#include "image.h"

#define HEADER_SIZE 64u
#define LINUX_ALIGNMENT (UINT64_C(2) << 20)

static bool recognises(const struct blob *blob)
{
	return blob->size >= HEADER_SIZE && !memcmp(blob->data + 56, "RSC\x05", 4);
}

static uint64_t header_u64(const struct blob *blob, size_t offset)
{
	uint64_t value;

	memcpy(&value, blob->data + offset, sizeof(value));
	return le64toh(value);
}

static int parse(const struct blob *blob, const struct image_target *target, struct image *ret_image)
{
	uint64_t text_offset = header_u64(blob, 8), image_size = header_u64(blob, 16);

	if (header_u64(blob, 24) & 1)
		return fail(STATUS_DATA,
			    "the Linux Image \"%s\" is big-endian, which no engine here runs; take a little-endian one",
			    blob->name);
	if (text_offset % LINUX_ALIGNMENT || text_offset >= target->ram_size)
		return fail(STATUS_DATA,
			    "the Linux Image \"%s\" wants to lie at offset 0x%llx of memory, which is no multiple of 2 "
			    "MiB inside the "
			    "guest's memory of %llu MiB; the file is damaged, or --mem too small",
			    blob->name, (unsigned long long)text_offset, (unsigned long long)(target->ram_size >> 20));
	if (image_size < blob->size) /* 0 in kernels before 3.17's header; and signatures may be appended */
		image_size = blob->size;
	ret_image->protocol = IMAGE_PROTOCOL_LINUX_RISCV;
	ret_image->entry = target->ram_base + text_offset;
	ret_image->segments[0] = (struct segment){ ret_image->entry, image_size, blob->data, blob->size };
	ret_image->count = 1;
	return STATUS_OK;
}

const struct image_format image_linux_riscv = {
	.kind = "Linux Image",
	.arch = AXVCPU_ARCH_RISCV64,
	.recognises = recognises,
	.parse = parse,
};
