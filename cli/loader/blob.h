/* SPDX-License-Identifier: Apache-2.0 */
/* A file, read whole. Knows nothing of what is in it. */
#ifndef CLI_LOADER_BLOB_H
#define CLI_LOADER_BLOB_H

#include <stddef.h>
#include <stdint.h>

struct blob {
	const char *name; /* for messages; the caller's */
	uint8_t *data;
	size_t size;
};

/*
 * Reads the file `name`, also from a pipe, of at most `limit` bytes. `what` says in messages what it is for ("the
 * image"). interrupt_fd: a descriptor that becomes readable when the user wants to stop, or -1; then the answer is
 * STATUS_SIGNAL. Statuses: NO_INPUT, DATA (empty, or larger than limit), HOST.
 */
int blob_read(const char *what, const char *name, size_t limit, int interrupt_fd, struct blob *ret_blob);

/* Fine on a zeroed blob. */
void blob_finish(struct blob *blob);

#endif
