/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses by name: the symbol table of an ELF file, or the lines of a System.map. */
#ifndef CLI_LOADER_SYMBOLS_H
#define CLI_LOADER_SYMBOLS_H

#include <stdbool.h>

#include "blob.h"

#define SYMBOLS_FILE_MAX (UINT64_C(1) << 30) /* bytes */

struct symbols {
	const char *name; /* of the file */
	size_t count;
	struct symbol {
		const char *name; /* in the blob, or in `text` */
		uint64_t address;
	} * items;
	char *text; /* owned */
};

/* The blob must outlive the symbols. Statuses: DATA (malformed, or none in it), HOST. */
int symbols_read(const struct blob *blob, struct symbols *ret_symbols);
void symbols_finish(struct symbols *symbols);

/* The first of that name; false when there is none. */
bool symbols_find(const struct symbols *symbols, const char *name, uint64_t *ret_address);

/* As fail_suggestion, or "". */
const char *symbols_suggestion(const struct symbols *symbols, const char *name);

#endif
