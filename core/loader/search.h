/* SPDX-License-Identifier: Apache-2.0 */
/* Where plugins are looked for. */
#ifndef CORE_LOADER_SEARCH_H
#define CORE_LOADER_SEARCH_H

#include <axvcpu/backend.h>

struct search_folders {
	char **names; /* absolute; in order */
	size_t count;
};

int32_t search_folders_init(struct search_folders *ret_folders);
void search_folders_finish(struct search_folders *folders);

/*
 * The file of a name: PREFIX + name + ".so" in the first folder that has it and that nobody else may write; or the file
 * itself when there is a '/' in the name. The caller frees it. NOT_FOUND: the text lists the folders and the nearest
 * name. `what` is "backend" or "layer".
 */
int32_t search_find(const char *what, const char *prefix, const char *name, char **ret_path);

/* "sim-riscv64" from "axvcpu-sim-riscv64.so", "trace" from "axvcpu-layer-trace.so". 0 when it is no plugin's file name.
 */
uint32_t search_kind(const char *file, char *ret_name, size_t capacity);

/* Calls `met` for every plugin file of a folder, in order of name, until it returns something else than 0. */
int search_scan(const char *folder, int (*met)(void *context, uint32_t kind, const char *name, const char *path),
		void *context);

#define SEARCH_BACKEND_PREFIX "axvcpu-"
#define SEARCH_LAYER_PREFIX "axvcpu-layer-"

#endif
