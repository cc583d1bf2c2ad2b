/* SPDX-License-Identifier: Apache-2.0 */
#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "handover.h"

static void put(uint8_t *page, size_t offset, uint64_t value, size_t width)
{
	value = htole64(value);
	memcpy(page + offset, &value, width);
}

static void put32(uint8_t *page, size_t offset, uint64_t value)
{
	put(page, offset, value, 4);
}

static void put64(uint8_t *page, size_t offset, uint64_t value)
{
	put(page, offset, value, 8);
}

/* Entries of base, size and type, the first base at `offset` and each `stride` behind the one before. */
static void put_memory(const struct handover *handover, uint8_t *page, size_t offset, size_t stride)
{
	for (size_t i = 0; i < handover->memory_count; i++, offset += stride) {
		put64(page, offset, handover->memory[i].base);
		put64(page, offset + 8, handover->memory[i].size);
		put32(page, offset + 16, handover->memory[i].type);
	}
}

/* Offsets in struct boot_params (Documentation/x86/zero-page.rst); from 1f1 on the setup header's. */
enum {
	ZERO_PAGE_RSDP = 0x070,
	ZERO_PAGE_INITRD_HIGH = 0x0c0,
	ZERO_PAGE_INITRD_SIZE_HIGH = 0x0c4,
	ZERO_PAGE_MEMORY_COUNT = 0x1e8,
	ZERO_PAGE_VIDEO_MODE = 0x1fa,
	ZERO_PAGE_LOADER = 0x210,
	ZERO_PAGE_INITRD = 0x218,
	ZERO_PAGE_INITRD_SIZE = 0x21c,
	ZERO_PAGE_COMMAND_LINE = 0x228,
	ZERO_PAGE_MEMORY = 0x2d0,
	ZERO_PAGE_MEMORY_STRIDE = 20,
};

#define LOADER_UNKNOWN 0xffu
#define VIDEO_MODE_NORMAL 0xffffu

void handover_linux(const struct handover *handover, uint8_t ret_page[HANDOVER_SIZE])
{
	const struct image_linux *kernel = &handover->image->linux_x86;

	memcpy(ret_page + IMAGE_LINUX_HEADER, kernel->setup_header, kernel->setup_header_size);
	put(ret_page, ZERO_PAGE_LOADER, LOADER_UNKNOWN, 1);
	put(ret_page, ZERO_PAGE_VIDEO_MODE, VIDEO_MODE_NORMAL, 2);
	put64(ret_page, ZERO_PAGE_RSDP, handover->rsdp);
	put32(ret_page, ZERO_PAGE_COMMAND_LINE, handover->command_line);
	put32(ret_page, ZERO_PAGE_INITRD, handover->initrd);
	put32(ret_page, ZERO_PAGE_INITRD_HIGH, handover->initrd >> 32);
	put32(ret_page, ZERO_PAGE_INITRD_SIZE, handover->initrd_size);
	put32(ret_page, ZERO_PAGE_INITRD_SIZE_HIGH, handover->initrd_size >> 32);
	put(ret_page, ZERO_PAGE_MEMORY_COUNT, handover->memory_count, 1);
	put_memory(handover, ret_page, ZERO_PAGE_MEMORY, ZERO_PAGE_MEMORY_STRIDE);
}

/* Offsets in struct hvm_start_info, version 1 (Xen's public/arch-x86/hvm/start_info.h), and of what it points to. */
enum {
	PVH_MAGIC = 0,
	PVH_VERSION = 4,
	PVH_MODULE_COUNT = 12,
	PVH_MODULES = 16,
	PVH_COMMAND_LINE = 24,
	PVH_RSDP = 32,
	PVH_MEMORY = 40,
	PVH_MEMORY_COUNT = 48,
	PVH_MODULE_AT = 64,
	PVH_MEMORY_AT = 128,
	PVH_MEMORY_STRIDE = 24,
};

#define PVH_START_MAGIC 0x336ec578u

void handover_pvh(const struct handover *handover, uint8_t ret_page[HANDOVER_SIZE])
{
	put32(ret_page, PVH_MAGIC, PVH_START_MAGIC);
	put32(ret_page, PVH_VERSION, 1);
	put64(ret_page, PVH_COMMAND_LINE, handover->command_line);
	put64(ret_page, PVH_RSDP, handover->rsdp);
	put64(ret_page, PVH_MEMORY, handover->address + PVH_MEMORY_AT);
	put32(ret_page, PVH_MEMORY_COUNT, handover->memory_count);
	put_memory(handover, ret_page, PVH_MEMORY_AT, PVH_MEMORY_STRIDE);
	if (!handover->initrd_size)
		return;
	put32(ret_page, PVH_MODULE_COUNT, 1);
	put64(ret_page, PVH_MODULES, handover->address + PVH_MODULE_AT);
	put64(ret_page, PVH_MODULE_AT, handover->initrd);
	put64(ret_page, PVH_MODULE_AT + 8, handover->initrd_size);
}

/* Offsets in the multiboot information (Multiboot Specification 0.6.96, 3.3), and of what it points to. */
enum {
	MULTIBOOT_FLAGS = 0,
	MULTIBOOT_LOWER = 4,
	MULTIBOOT_UPPER = 8,
	MULTIBOOT_COMMAND_LINE = 16,
	MULTIBOOT_MODULE_COUNT = 20,
	MULTIBOOT_MODULES = 24,
	MULTIBOOT_MEMORY_SIZE = 44,
	MULTIBOOT_MEMORY = 48,
	MULTIBOOT_LOADER_NAME = 64,
	MULTIBOOT_MEMORY_AT = 128,
	MULTIBOOT_MODULE_AT = 352,
	MULTIBOOT_LOADER_NAME_AT = 384,
	MULTIBOOT_MODULE_NAME_AT = 512,
	MULTIBOOT_MEMORY_STRIDE = 24,
};

enum {
	MULTIBOOT_HAS_MEMORY = 1 << 0,
	MULTIBOOT_HAS_COMMAND_LINE = 1 << 2,
	MULTIBOOT_HAS_MODULES = 1 << 3,
	MULTIBOOT_HAS_MAP = 1 << 6,
	MULTIBOOT_HAS_LOADER_NAME = 1 << 9,
};

/* KiB of the usable memory that begins at `base`. */
static uint64_t usable_kib(const struct handover *handover, uint64_t base)
{
	for (size_t i = 0; i < handover->memory_count; i++)
		if (handover->memory[i].base == base && handover->memory[i].type == MEMORY_USABLE)
			return handover->memory[i].size / 1024;
	return 0;
}

/* An entry's size does not count itself. */
static void put_multiboot_map(const struct handover *handover, uint8_t *page)
{
	put32(page, MULTIBOOT_MEMORY, handover->address + MULTIBOOT_MEMORY_AT);
	put32(page, MULTIBOOT_MEMORY_SIZE, handover->memory_count * MULTIBOOT_MEMORY_STRIDE);
	for (size_t i = 0; i < handover->memory_count; i++)
		put32(page, MULTIBOOT_MEMORY_AT + i * MULTIBOOT_MEMORY_STRIDE, MULTIBOOT_MEMORY_STRIDE - 4);
	put_memory(handover, page, MULTIBOOT_MEMORY_AT + 4, MULTIBOOT_MEMORY_STRIDE);
}

static void put_multiboot_module(const struct handover *handover, uint8_t *page)
{
	uint8_t *const module = page + MULTIBOOT_MODULE_AT;

	put32(page, MULTIBOOT_MODULES, handover->address + MULTIBOOT_MODULE_AT);
	if (!handover->initrd_size)
		return;
	put32(page, MULTIBOOT_MODULE_COUNT, 1);
	put32(module, 0, handover->initrd);
	put32(module, 4, handover->initrd + handover->initrd_size);
	put32(module, 8, handover->address + MULTIBOOT_MODULE_NAME_AT);
	snprintf((char *)page + MULTIBOOT_MODULE_NAME_AT, HANDOVER_SIZE - MULTIBOOT_MODULE_NAME_AT, "%s",
		 handover->initrd_name);
}

void handover_multiboot(const struct handover *handover, uint8_t ret_page[HANDOVER_SIZE])
{
	static const char loader_name[] = "axvcpu-run";

	put32(ret_page, MULTIBOOT_FLAGS,
	      MULTIBOOT_HAS_MEMORY | MULTIBOOT_HAS_COMMAND_LINE | MULTIBOOT_HAS_MODULES | MULTIBOOT_HAS_MAP |
		      MULTIBOOT_HAS_LOADER_NAME);
	put32(ret_page, MULTIBOOT_LOWER, usable_kib(handover, 0));
	put32(ret_page, MULTIBOOT_UPPER, usable_kib(handover, 0x100000));
	put32(ret_page, MULTIBOOT_COMMAND_LINE, handover->command_line);
	put_multiboot_module(handover, ret_page);
	put_multiboot_map(handover, ret_page);
	memcpy(ret_page + MULTIBOOT_LOADER_NAME_AT, loader_name, sizeof(loader_name));
	put32(ret_page, MULTIBOOT_LOADER_NAME, handover->address + MULTIBOOT_LOADER_NAME_AT);
}
