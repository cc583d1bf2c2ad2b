/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two mappings of the same pages: one to write closures through, one to execute them. Debian 12's libffi is built
 * without static trampolines, and its own allocator takes pages that are both writable and executable wherever the
 * kernel lets it; this one never asks for them, so that a host keeps its W^X (PR_SET_MDWE, seccomp filters, an audit of
 * its maps). Where there is no memfd, libffi's allocator is the way that is left.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "memory.h"

#define CHUNK 16384u
#define STRIDE ((sizeof(ffi_closure) + 63) & ~(size_t)63)

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010u
#endif

/* The present chunk, seen twice, and how much of it is used. */
static char *writable;
static char *executable;
static size_t used = CHUNK;
static pid_t owner;

/* Kernels before 6.3 know no MFD_EXEC and need none. */
static int open_chunk(void)
{
	int fd = memfd_create("axvcpu-closures", MFD_CLOEXEC | MFD_EXEC);

	return fd >= 0 ? fd : memfd_create("axvcpu-closures", MFD_CLOEXEC);
}

static int map_chunk(void)
{
	int fd = open_chunk();
	void *write_at = MAP_FAILED, *execute_at = MAP_FAILED;

	if (fd < 0)
		return -1;
	if (!ftruncate(fd, CHUNK)) {
		write_at = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		execute_at = mmap(NULL, CHUNK, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
	}
	close(fd);
	if (write_at != MAP_FAILED && execute_at != MAP_FAILED) {
		writable = write_at;
		executable = execute_at;
		used = 0;
		owner = getpid();
		return 0;
	}
	if (write_at != MAP_FAILED)
		munmap(write_at, CHUNK);
	if (execute_at != MAP_FAILED)
		munmap(execute_at, CHUNK);
	return -1;
}

ffi_closure *memory_closure(void **ret_code)
{
	ffi_closure *closure;

	if ((used + STRIDE > CHUNK || owner != getpid()) && map_chunk())
		return ffi_closure_alloc(sizeof(*closure), ret_code);
	closure = (ffi_closure *)(void *)(writable + used);
	*ret_code = executable + used;
	used += STRIDE;
	return closure;
}
