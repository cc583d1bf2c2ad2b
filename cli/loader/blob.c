/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../fail.h"
#include "blob.h"

#define FIRST_CAPACITY 65536u

static int cannot_read(const char *what, const char *name, int error)
{
	return fail(STATUS_NO_INPUT, "%s \"%s\" cannot be read: %s", what, name, strerror(error));
}

static int too_large(const char *what, const char *name, size_t limit)
{
	return fail(STATUS_DATA,
		    "%s \"%s\" is too large: the guest's memory has room for %zu bytes; give it more with --mem", what,
		    name, limit);
}

/* Waits until the file has something to read. A FIFO may never have, hence the second descriptor. */
static int wait_readable(int fd, int interrupt_fd)
{
	struct pollfd fds[] = { { .fd = interrupt_fd, .events = POLLIN }, { .fd = fd, .events = POLLIN } };

	while (poll(fds, 2, -1) < 0)
		if (errno != EINTR)
			return fail(STATUS_HOST, "poll: %s", strerror(errno));
	return fds[0].revents ? fail(STATUS_SIGNAL, "interrupted") : STATUS_OK;
}

static int grow(struct blob *blob, size_t *capacity, size_t limit)
{
	size_t wanted = *capacity ? *capacity * 2 : FIRST_CAPACITY;
	uint8_t *data;

	if (wanted > limit + 1) /* one byte more than allowed, to see that there is more */
		wanted = limit + 1;
	data = realloc(blob->data, wanted);
	if (!data)
		return fail(STATUS_HOST, "no memory to read \"%s\"", blob->name);
	blob->data = data;
	*capacity = wanted;
	return STATUS_OK;
}

static int read_all(const char *what, int fd, size_t limit, int interrupt_fd, struct blob *blob)
{
	size_t capacity = 0;
	ssize_t got;

	for (;;) {
		int status = wait_readable(fd, interrupt_fd);

		if (!status && blob->size == capacity)
			status = grow(blob, &capacity, limit);
		if (status)
			return status;
		got = read(fd, blob->data + blob->size, capacity - blob->size);
		if (got < 0 && errno != EINTR && errno != EAGAIN)
			return cannot_read(what, blob->name, errno);
		if (!got)
			break;
		blob->size += got > 0 ? (size_t)got : 0;
		if (blob->size > limit)
			return too_large(what, blob->name, limit);
	}
	if (!blob->size)
		return fail(STATUS_DATA, "%s \"%s\" is empty", what, blob->name);
	return STATUS_OK;
}

static int check_file(const char *what, const char *name, int fd, size_t limit)
{
	struct stat info;

	if (fstat(fd, &info))
		return cannot_read(what, name, errno);
	if (S_ISDIR(info.st_mode))
		return fail(STATUS_NO_INPUT, "%s \"%s\" is a directory; name a file in it", what, name);
	if (S_ISREG(info.st_mode) && (uint64_t)info.st_size > limit)
		return too_large(what, name, limit);
	return STATUS_OK;
}

int blob_read(const char *what, const char *name, size_t limit, int interrupt_fd, struct blob *ret_blob)
{
	struct blob blob = { .name = name };
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* opening a FIFO would wait for its writer */
	int status;

	if (fd < 0)
		return cannot_read(what, name, errno);
	status = check_file(what, name, fd, limit);
	if (!status)
		status = read_all(what, fd, limit, interrupt_fd, &blob);
	close(fd);
	if (status)
		blob_finish(&blob);
	else
		*ret_blob = blob;
	return status;
}

void blob_finish(struct blob *blob)
{
	free(blob->data);
	*blob = (struct blob){ NULL, NULL, 0 };
}
