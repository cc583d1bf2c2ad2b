/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The security rules for a plugin's file, and its bytes. Knows nothing of what the bytes mean.
 *
 * The folder is checked as well as the file: who may write the folder may replace the file after it was checked.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "file.h"

static void check_owner(const char *path, const struct stat *status, struct report *report)
{
	if (status->st_uid != 0 && status->st_uid != geteuid())
		report_add(report,
			   "%s belongs to user %u, who is neither root nor you (%u); chown it, or copy it to a folder "
			   "of yours",
			   path, (unsigned)status->st_uid, (unsigned)geteuid());
	if (status->st_mode & (S_IWGRP | S_IWOTH))
		report_add(report, "%s may be written by others than its owner (mode %04o); run chmod go-w on it", path,
			   (unsigned)status->st_mode & 07777);
}

void file_check_folder(const char *folder, struct report *report)
{
	struct stat status;

	if (stat(folder, &status))
		report_add(report, "the folder %s cannot be examined: %s", folder, strerror(errno));
	else
		check_owner(folder, &status, report);
}

static void check_folder_of(const char *path, struct report *report)
{
	const char *slash = strrchr(path, '/');
	char folder[4096];

	snprintf(folder, sizeof(folder), "%.*s", slash > path ? (int)(slash - path) : 1, slash ? path : ".");
	file_check_folder(folder, report);
}

static void check_status(const char *path, const struct stat *status, struct report *report)
{
	if (!S_ISREG(status->st_mode))
		report_add(report, "it is not a regular file; name the shared object itself");
	else if (!status->st_size)
		report_add(report, "it is not an ELF file: it is empty; build or copy it again");
	else
		check_owner(path, status, report);
	check_folder_of(path, report);
}

int32_t file_map(const char *path, struct file_image *ret_image, struct report *report)
{
	struct file_image image;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not hang the host */
	int32_t error = AXVCPU_ERROR_INVALID_DATA;
	void *bytes;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return AXVCPU_ERROR_NOT_FOUND;
	if (fd < 0 || fstat(fd, &image.status)) {
		report_add(report, "it cannot be read: %s", strerror(errno));
		goto close_fd;
	}
	check_status(path, &image.status, report);
	if (report->count)
		goto close_fd;
	bytes = mmap(NULL, (size_t)image.status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED) {
		report_add(report, "it cannot be mapped: %s", strerror(errno));
		goto close_fd;
	}
	image.bytes = bytes;
	image.size = (size_t)image.status.st_size;
	*ret_image = image;
	error = 0;
close_fd:
	if (fd >= 0)
		close(fd);
	return error;
}

void file_unmap(struct file_image *image)
{
	munmap((void *)(uintptr_t)image->bytes, image->size);
	image->bytes = NULL;
}
