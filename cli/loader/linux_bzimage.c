/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Linux bzImage for x86 (Documentation/x86/boot.rst, protocol 2.12 and later), started by the 64-bit boot protocol:
 * no code of its real-mode part runs. Of the setup header matter here, by their offsets in the file: 1f1  u8
 * setup_sects: sectors of the real-mode part less one; 0 stands for 4 1f4  u32  syssize: 16-byte units of the
 * protected-mode part, which follows 201  u8   how far behind 202 the header ends 202  u32  "HdrS", 206  u16  version
 *   22c  u32  initrd_addr_max: the last address that the initrd may use
 *   236  u16  xloadflags: bit 0 64-bit entry, bit 1 kernel, command line and initrd may lie above 4 GiB
 *   238  u32  cmdline_size: without the NUL
 *   258  u64  pref_address: where it wants to lie. A kernel that lies lower moves itself there, so that loading it
 * anywhere else saves no memory; this loader never does, and so needs not look at relocatable_kernel and
 * kernel_alignment 260  u32  init_size: bytes that it needs from there on until it knows its memory
 */
#include <endian.h>
#include <string.h>

#include <axvcpu/types.h>

#include "../fail.h"
#include "image.h"

#define SECTOR 512u
#define UNIT 16u
#define MAGIC 0x202u
#define HEADER_END_MIN 0x268u /* of version 2.12 */
#define HEADER_END_MAX 0x290u /* what follows in the zero page is not the header's */
#define VERSION_MIN 0x20cu
#define DEFAULT_ADDRESS UINT64_C(0x100000)
#define ENTRY_64 0x200u

enum { KERNEL_64 = 1, CAN_BE_LOADED_ABOVE_4G = 2 };

static uint64_t get(const struct blob *blob, size_t offset, size_t width)
{
	uint64_t value = 0;

	memcpy(&value, blob->data + offset, width);
	return le64toh(value);
}

static bool recognises(const struct blob *blob)
{
	return blob->size >= MAGIC + 4 && !memcmp(blob->data + MAGIC, "HdrS", 4);
}

static int truncated(const struct blob *blob, uint64_t wanted)
{
	return fail(STATUS_DATA, "the Linux bzImage \"%s\" is truncated: it needs %llu bytes and has %zu", blob->name,
		    (unsigned long long)wanted, blob->size);
}

static int check_header(const struct blob *blob, size_t header_end)
{
	uint64_t version;

	if (blob->size < HEADER_END_MAX)
		return truncated(blob, HEADER_END_MAX);
	version = get(blob, 0x206, 2);
	if (version < VERSION_MIN)
		return fail(
			STATUS_DATA,
			"the Linux bzImage \"%s\" has boot protocol %llu.%02llu, which has no 64-bit entry; take Linux "
			"3.8 or later (protocol 2.12)",
			blob->name, (unsigned long long)version >> 8, (unsigned long long)version & 0xff);
	if (header_end < HEADER_END_MIN || header_end > HEADER_END_MAX)
		return fail(STATUS_DATA, "the Linux bzImage \"%s\" is damaged: its setup header ends at 0x%zx",
			    blob->name, header_end);
	if (!(get(blob, 0x236, 2) & KERNEL_64))
		return fail(
			STATUS_DATA,
			"the Linux bzImage \"%s\" has no 64-bit entry (it is a kernel for i386); take one for x86_64",
			blob->name);
	return STATUS_OK;
}

/* The protected-mode part of the file. */
static int find_kernel(const struct blob *blob, struct segment *ret_segment)
{
	uint64_t sectors = get(blob, 0x1f1, 1), start = ((sectors ? sectors : 4) + 1) * SECTOR;
	uint64_t size = get(blob, 0x1f4, 4) * UNIT;

	if (blob->size + UNIT <= start + size) /* the last unit may be a part of one */
		return truncated(blob, start + size);
	if (size > blob->size - start)
		size = blob->size - start;
	if (size <= ENTRY_64)
		return fail(STATUS_DATA, "the Linux bzImage \"%s\" is damaged: its kernel has %llu bytes", blob->name,
			    (unsigned long long)size);
	ret_segment->data = blob->data + start;
	ret_segment->size = size;
	return STATUS_OK;
}

static int place_kernel(const struct blob *blob, const struct image_target *target, struct segment *segment)
{
	uint64_t address = get(blob, 0x258, 8), init_size = get(blob, 0x260, 4), room;

	segment->gpa = address ? address : DEFAULT_ADDRESS;
	segment->memory_size = init_size > segment->size ? init_size : segment->size;
	if (segment->gpa - target->ram_base > UINT32_MAX)
		return fail(STATUS_DATA,
			    "the Linux bzImage \"%s\" wants to lie at 0x%llx, which is past 4 GiB; the file is damaged",
			    blob->name, (unsigned long long)segment->gpa);
	room = segment->gpa - target->ram_base + segment->memory_size;
	if (room > target->ram_size)
		return fail(
			STATUS_DATA,
			"the Linux bzImage \"%s\" wants 0x%llx bytes of memory from 0x%llx on, and the guest's ends "
			"at 0x%llx; give it at least --mem %lluM",
			blob->name, (unsigned long long)segment->memory_size, (unsigned long long)segment->gpa,
			(unsigned long long)(target->ram_base + target->ram_size),
			(unsigned long long)((room + 0xfffff) >> 20));
	return STATUS_OK;
}

static int parse(const struct blob *blob, const struct image_target *target, struct image *ret_image)
{
	size_t header_end = MAGIC + blob->data[MAGIC - 1];
	struct segment *segment = &ret_image->segments[0];
	int status = check_header(blob, header_end);

	if (!status)
		status = find_kernel(blob, segment);
	if (!status)
		status = place_kernel(blob, target, segment);
	if (status)
		return status;
	ret_image->count = 1;
	ret_image->protocol = IMAGE_PROTOCOL_LINUX_X86;
	ret_image->entry = segment->gpa + ENTRY_64;
	ret_image->linux_x86 = (struct image_linux){
		.setup_header = blob->data + IMAGE_LINUX_HEADER,
		.setup_header_size = header_end - IMAGE_LINUX_HEADER,
		.initrd_end = get(blob, 0x22c, 4) + 1,
		.initrd_above_4g = get(blob, 0x236, 2) & CAN_BE_LOADED_ABOVE_4G,
		.command_line_max = (uint32_t)get(blob, 0x238, 4),
	};
	return STATUS_OK;
}

const struct image_format image_linux_bzimage = {
	.kind = "Linux bzImage",
	.arch = AXVCPU_ARCH_X86_64,
	.recognises = recognises,
	.parse = parse,
};
