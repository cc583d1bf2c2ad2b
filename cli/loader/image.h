/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Image formats: what of a file goes where in guest memory, and where the guest starts.
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
	const char *arch;     /* "riscv64" */
	uint16_t elf_machine; /* EM_* */
	uint64_t ram_base;
	uint64_t ram_size;
	uint64_t load_address; /* of flat binaries */
};

struct segment {
	uint64_t gpa;
	uint64_t memory_size; /* not less than size; what lies past size is zero */
	const uint8_t *data;  /* in the blob */
	size_t size;
};

struct image {
	const char *kind; /* "ELF file", ... */
	uint64_t entry;
	size_t count;
	struct segment segments[IMAGE_SEGMENTS_MAX];
};

/* Finds out what `blob` is and fills ret_image, which points into the blob. Statuses: DATA. */
int image_parse(const struct blob *blob, const struct image_target *target, struct image *ret_image);

/* One format; `recognises` looks at the content alone, `parse` is image_parse's. */
struct image_format {
	const char *kind;
	bool (*recognises)(const struct blob *blob);
	int (*parse)(const struct blob *blob, const struct image_target *target, struct image *ret_image);
};

extern const struct image_format image_elf;
extern const struct image_format image_linux_riscv;
extern const struct image_format image_flat;

#endif
