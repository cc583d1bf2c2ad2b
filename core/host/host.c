/* SPDX-License-Identifier: Apache-2.0 */
/* The table that plugins and layers get of the host: what they may use of the library, and nothing else of it. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <axvcpu/plugin/plugin.h>

#include "../error/error.h"
#include "../loader/backend.h"
#include "../loader/debug.h"
#include "../space/space.h"
#include "engines.h"

#define ALIGNMENT 64u

static void host_log(int32_t level, const char *format, ...) AXVCPU_PRINTF(2, 3);
static int32_t host_error(int32_t code, const char *format, ...) AXVCPU_PRINTF(2, 3);

static void host_log(int32_t level, const char *format, ...)
{
	static const char *const names[] = { "error", "warning", "info", "debug" };
	char text[900];
	va_list arguments;

	if (!debug_wants(DEBUG_PLUGIN))
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	debug_log(DEBUG_PLUGIN, "%s: %s", level >= 0 && level <= AXARCH_LOG_DEBUG ? names[level] : "log", text);
}

static int32_t host_error(int32_t code, const char *format, ...)
{
	char text[2048];
	va_list arguments;

	if (error_is_expected(code))
		return code;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return error_set(code, "%s", text);
}

static void *host_alloc(size_t bytes)
{
	size_t rounded = (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	void *memory;

	if (rounded < bytes)
		return NULL;
	memory = aligned_alloc(ALIGNMENT, rounded ? rounded : ALIGNMENT);
	if (memory)
		memset(memory, 0, rounded);
	return memory;
}

/* To a plugin the space is an opaque struct of its own. */
static struct axvcpu_space *inside(struct axarch_space *space)
{
	return (struct axvcpu_space *)(void *)space;
}

static int32_t host_acquire(uint64_t ept_root, struct axarch_space **ret_space)
{
	struct axvcpu_space *space;
	int32_t error = space_acquire(ept_root, &space);

	if (!error)
		*ret_space = (struct axarch_space *)(void *)space;
	return error;
}

static void host_release(struct axarch_space *space)
{
	space_release(inside(space));
}

static int32_t host_find(struct axarch_space *space, uint64_t gpa, struct axarch_slot *ret_slot)
{
	return space_find(inside(space), gpa, ret_slot);
}

static void host_mark_dirty(struct axarch_space *space, uint64_t gpa, uint64_t size)
{
	space_mark_dirty(inside(space), gpa, size);
}

static int32_t host_listen(struct axarch_space *space, const struct axarch_space_listener *listener)
{
	return space_listen(inside(space), listener);
}

static int32_t host_unlisten(struct axarch_space *space, const struct axarch_space_listener *listener)
{
	return space_unlisten(inside(space), listener);
}

static void host_writers(struct axarch_space *space, int32_t writers)
{
	space_writers(inside(space), writers);
}

static const void *host_extension(const char *name)
{
	return strcmp(name, AXARCH_ENGINES) ? NULL : engines_table();
}

static const struct axarch_host table = {
	.size = sizeof(struct axarch_host),
	.abi_major = AXARCH_ABI_MAJOR,
	.abi_minor = AXARCH_ABI_MINOR,
	.log = host_log,
	.error = host_error,
	.alloc = host_alloc,
	.free = free,
	.space_acquire = host_acquire,
	.space_release = host_release,
	.space_find = host_find,
	.space_mark_dirty = host_mark_dirty,
	.space_listen = host_listen,
	.space_unlisten = host_unlisten,
	.get_extension = host_extension,
	.space_writers = host_writers,
};

const struct axarch_host *host_table(void)
{
	return &table;
}
