/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin's file: who may write it, and what lies in it. */
#ifndef CORE_LOADER_FILE_H
#define CORE_LOADER_FILE_H

#include <sys/stat.h>

#include "report.h"

struct file_image {
	const void *bytes;
	size_t size;
	struct stat status;
};

/*
 * Maps the file when it and its folder belong to root or the user and nobody else may write them. 0; NOT_FOUND: no such
 * file; INVALID_DATA: `report` says why it is refused.
 */
int32_t file_map(const char *path, struct file_image *ret_image, struct report *report);
void file_unmap(struct file_image *image);

/* The same rules for a folder of the search path. */
void file_check_folder(const char *folder, struct report *report);

#endif
