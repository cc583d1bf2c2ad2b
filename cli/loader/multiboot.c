/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernels with a Multiboot header (Multiboot Specification 0.6.96, 3.1): twelve bytes at a multiple of four in the
 * first 8 KiB, magic, flags and a checksum that makes their sum 0. With bit 16 of the flags five addresses follow that
 * say what of the file goes where (the "a.out kludge"); without it the file is ELF, and its segments say so.
 */
#include <endian.h>
#include <string.h>

#include <axvcpu/types.h>

#include "../fail.h"
#include "image.h"

#define SEARCH_SIZE 8192u
#define HEADER_SIZE 12u
#define MAGIC 0x1badb002u

/* Bits 0 to 15 of the flags are what a loader must be able to do. A video mode (bit 2) is a wish: there is no video. */
#define UNKNOWN_FLAGS 0xfff8u
#define HAS_ADDRESSES 0x10000u

#define NOT_FOUND SIZE_MAX

/* In the file's order, behind the checksum. */
struct addresses {
	uint32_t header, load, load_end, bss_end, entry;
};

static uint32_t get(const struct blob *blob, size_t offset)
{
	uint32_t value;

	memcpy(&value, blob->data + offset, sizeof(value));
	return le32toh(value);
}

static bool checksum_is_right(const struct blob *blob, size_t offset)
{
	return !(uint32_t)(get(blob, offset) + get(blob, offset + 4) + get(blob, offset + 8));
}

/* Where the header is, or NOT_FOUND. A magic number alone may be a coincidence; one with its checksum comes first. */
static size_t find_header(const struct blob *blob)
{
	size_t end = blob->size < SEARCH_SIZE ? blob->size : SEARCH_SIZE, magic = NOT_FOUND;

	for (size_t offset = 0; offset + HEADER_SIZE <= end; offset += 4) {
		if (get(blob, offset) != MAGIC)
			continue;
		if (checksum_is_right(blob, offset))
			return offset;
		magic = magic == NOT_FOUND ? offset : magic;
	}
	return magic;
}

static bool recognises(const struct blob *blob)
{
	return find_header(blob) != NOT_FOUND;
}

static int check_header(const struct blob *blob, size_t offset)
{
	uint32_t flags = get(blob, offset + 4);

	if (!checksum_is_right(blob, offset))
		return fail(
			STATUS_DATA,
			"the multiboot kernel \"%s\" is damaged: the checksum of its header at %zu is wrong (magic, "
			"flags and checksum must add up to 0)",
			blob->name, offset);
	if (flags & UNKNOWN_FLAGS)
		return fail(
			STATUS_DATA,
			"the multiboot kernel \"%s\" wants what no loader of Multiboot 1 has (flags 0x%x); take one "
			"that asks for less",
			blob->name, flags & UNKNOWN_FLAGS);
	return STATUS_OK;
}

static int bad_addresses(const struct blob *blob, const char *what)
{
	return fail(STATUS_DATA, "the multiboot kernel \"%s\" is damaged: %s", blob->name, what);
}

/* The part of the file and of memory that the addresses name. load_end 0: to the file's end; bss_end 0: no bss. */
static int load_by_addresses(const struct blob *blob, size_t offset, const struct addresses *at, struct image *image)
{
	uint64_t start, size, memory_size;

	if (at->header < at->load || at->header - at->load > offset)
		return bad_addresses(blob, "its load address is not in the file");
	start = offset - (at->header - at->load);
	size = at->load_end ? (uint64_t)at->load_end - at->load : blob->size - start;
	if (at->load_end && at->load_end <= at->load)
		return bad_addresses(blob, "its load end address is not past its load address");
	if (size > blob->size - start)
		return bad_addresses(blob, "it is truncated before its load end address");
	memory_size = at->bss_end ? (uint64_t)at->bss_end - at->load : size;
	if (at->bss_end && (at->bss_end < at->load || memory_size < size))
		return bad_addresses(blob, "its bss end address is before its load end address");
	image->segments[0] = (struct segment){ at->load, memory_size, blob->data + start, size };
	image->count = 1;
	image->entry = at->entry;
	return STATUS_OK;
}

static int parse_addresses(const struct blob *blob, size_t offset, struct image *image)
{
	struct addresses at;

	if (blob->size - offset < HEADER_SIZE + sizeof(at))
		return bad_addresses(blob, "it is truncated in its header");
	at = (struct addresses){ .header = get(blob, offset + 12),
				 .load = get(blob, offset + 16),
				 .load_end = get(blob, offset + 20),
				 .bss_end = get(blob, offset + 24),
				 .entry = get(blob, offset + 28) };
	return load_by_addresses(blob, offset, &at, image);
}

static int parse_elf(const struct blob *blob, const struct image_target *target, struct image *image)
{
	if (!image_elf.recognises(blob))
		return fail(
			STATUS_DATA,
			"the multiboot kernel \"%s\" is no ELF file, and its header has no addresses (bit 16 of the "
			"flags); link it as ELF, or give it those",
			blob->name);
	return image_load_elf(blob, target, image);
}

static int parse(const struct blob *blob, const struct image_target *target, struct image *ret_image)
{
	size_t offset = find_header(blob);
	int status = check_header(blob, offset);

	if (status)
		return status;
	if (get(blob, offset + 4) & HAS_ADDRESSES)
		status = parse_addresses(blob, offset, ret_image);
	else
		status = parse_elf(blob, target, ret_image);
	ret_image->protocol = IMAGE_PROTOCOL_MULTIBOOT;
	return status;
}

const struct image_format image_multiboot = {
	.kind = "multiboot kernel",
	.arch = AXVCPU_ARCH_X86_64,
	.recognises = recognises,
	.parse = parse,
};
