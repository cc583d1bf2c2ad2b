/* SPDX-License-Identifier: Apache-2.0 */
/* A shared object and the one symbol that it is loaded for. Backends and layers are both that. */
#ifndef CORE_LOADER_OBJECT_H
#define CORE_LOADER_OBJECT_H

#include <sys/stat.h>

#include "report.h"

struct object {
	void *handle;
	const void *symbol;
	size_t symbol_size; /* as its symbol table says; 0: not known */
};

/*
 * Loads the file, after a trial elsewhere, and finds the symbol in the object itself. Never unloads it, also when it is
 * refused: its constructors may have left threads or callbacks. 0, or `report` says why not. [any-thread]
 */
int object_load(const char *path, const struct stat *status, const char *symbol, struct object *ret_object,
		struct report *report);

#endif
