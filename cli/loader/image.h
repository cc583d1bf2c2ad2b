/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Image formats: what of a file goes where in guest memory, and where and how the guest starts.
 *
 * Files are untrusted: every offset and size is checked before it is used, and a file that is not understood is refused
 * with a text that says what it seems to be. Nothing here touches guest memory.
 */
#ifndef CLI_LOADER_IMAGE_H
#define CLI_LOADER_IMAGE_H

#include <stdbool.h>

#include "blob.h"

#define IMAGE_SEGMENTS_MAX 64u

/* What the board can run, and where its memory is. */
struct image_target {
	uint32_t arch; /* AXVCPU_ARCH_* */
	uint64_t ram_base;
	uint64_t ram_size;     /* of the memory that images are loaded to: on x86_64, that below the hole */
	uint64_t load_address; /* of flat binaries */
};

/* What the image takes for granted at its entry. A board with one way to start a guest needs not look at it. */
enum image_protocol {
	IMAGE_PROTOCOL_FLAT,        /* nothing is known of it */
	IMAGE_PROTOCOL_BOOT_SECTOR, /* x86: as if a BIOS had read it from a disk */
	IMAGE_PROTOCOL_ELF32,       /* an executable that says no more than its entry */
	IMAGE_PROTOCOL_ELF64,
	IMAGE_PROTOCOL_LINUX_RISCV,
	IMAGE_PROTOCOL_LINUX_X86, /* Documentation/x86/boot.rst, "64-bit Boot Protocol" */
	IMAGE_PROTOCOL_PVH,       /* Xen's docs/misc/pvh.pandoc */
	IMAGE_PROTOCOL_MULTIBOOT, /* Multiboot Specification 0.6.96 */
};

struct segment {
	uint64_t gpa;
	uint64_t memory_size; /* not less than size; what lies past size is zero */
	const uint8_t *data;  /* in the blob */
	size_t size;
};

/* What a Linux bzImage's setup header says beyond its segment. */
struct image_linux {
	const uint8_t *setup_header; /* in the blob: what goes to IMAGE_LINUX_HEADER of the zero page, as it is */
	size_t setup_header_size;
	uint64_t initrd_end;       /* the initrd ends not past this address, ... */
	bool initrd_above_4g;      /* ... unless there is no room, and this is set */
	uint32_t command_line_max; /* bytes, without the NUL */
};

#define IMAGE_LINUX_HEADER 0x1f1u

struct image {
	const char *kind; /* "ELF file", ... */
	enum image_protocol protocol;
	uint64_t entry;
	size_t count;
	struct segment segments[IMAGE_SEGMENTS_MAX];
	struct image_linux linux_x86; /* with that protocol */
};

/* Finds out what `blob` is and fills ret_image, which points into the blob. Statuses: DATA. */
int image_parse(const struct blob *blob, const struct image_target *target, struct image *ret_image);

/* The architecture (AXVCPU_ARCH_*) that a file is for, as far as its content tells; else 0. */
uint32_t image_guess_arch(const struct blob *blob);

/* One format; `recognises` looks at the content alone, `parse` is image_parse's. */
struct image_format {
	const char *kind;
	uint32_t arch; /* AXVCPU_ARCH_*; 0: any */
	bool (*recognises)(const struct blob *blob);
	int (*parse)(const struct blob *blob, const struct image_target *target, struct image *ret_image);
};

extern const struct image_format image_boot_sector;
extern const struct image_format image_elf;
extern const struct image_format image_flat;
extern const struct image_format image_linux_bzimage;
extern const struct image_format image_linux_riscv;
extern const struct image_format image_multiboot;

/* What image_elf parses, without a look at how it wants to be started. */
int image_load_elf(const struct blob *blob, const struct image_target *target, struct image *ret_image);

/* The architecture of an ELF file; 0: none that is known, or no ELF file. */
uint32_t image_elf_arch(const struct blob *blob);

#endif
