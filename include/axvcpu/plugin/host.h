/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a plugin gets of its host: one table, handed to host_init once per process and valid until the process ends.
 *
 * A plugin links to nothing of the library. The table is append-only; `size` says what is present. All functions are
 * [any-thread] unless they say otherwise.
 */
#ifndef AXVCPU_PLUGIN_HOST_H
#define AXVCPU_PLUGIN_HOST_H

#include <stddef.h>
#include <stdint.h>

#include <axvcpu/exit.h>
#include <axvcpu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct axarch_space;

/* A slot as an engine sees it. `host` stays valid until the REMOVING event of the slot has been heard. */
struct axarch_slot {
	uint64_t gpa;
	uint64_t size;
	uint8_t *host;
	uint32_t id;
	uint32_t flags; /* AXVCPU_SLOT_* of <axvcpu/space.h>: 1 ROM, 2 dirty log */
};

enum { AXARCH_SLOT_ROM = 1, AXARCH_SLOT_LOG_DIRTY = 2 };

/* Kinds are those of AXVCPU_SPACE_EVENTS, whose texts say what each asks of an engine. */
enum {
	AXARCH_SPACE_ADDED = 1,
	AXARCH_SPACE_REMOVING = 2,
	AXARCH_SPACE_CHANGED = 3,
	AXARCH_SPACE_DIRTY_CLEARED = 4,
	AXARCH_SPACE_WRITTEN = 5,
	AXARCH_SPACE_DIRTY_SYNC = 6,
	AXARCH_SPACE_WRITERS = 7
};

struct axarch_space_event {
	uint32_t size_of_struct;
	uint32_t kind;
	uint64_t gpa;
	uint64_t size;
	struct axarch_slot slot;
};

/* The plugin's memory; it must stay where it is until space_unlisten returns. */
struct axarch_space_listener {
	void (*heard)(void *context, const struct axarch_space_event *event);
	void *context;
};

enum { AXARCH_LOG_ERROR = 0, AXARCH_LOG_WARNING = 1, AXARCH_LOG_INFO = 2, AXARCH_LOG_DEBUG = 3 };

/* The VMM's virtual clock: nanoseconds since the machine was switched on, never backwards. */
typedef uint64_t (*axarch_clock_fn)(void *context);

struct axarch_host {
	uint32_t size; /* of this table as the host knows it */
	uint16_t abi_major;
	uint16_t abi_minor;

	/* Shown only when the user asks for it (AXVCPU_DEBUG=plugin). A plugin prints nothing itself. */
	void (*log)(int32_t level, const char *format, ...);

	/* Records the text that goes with an error and returns `code`, so that an op can `return host->error(...)`. */
	int32_t (*error)(int32_t code, const char *format, ...);

	/* Memory that the host may account for. Zeroed, aligned to 64 bytes; NULL when there is none. free(NULL) is fine. */
	void *(*alloc)(size_t bytes);
	void (*free)(void *memory);

	/*
	 * Turns an ept_root into the space behind it. Each successful acquire needs one release; while it is held the space
	 * cannot be destroyed. Errors: NOT_FOUND.
	 */
	int32_t (*space_acquire)(uint64_t ept_root, struct axarch_space **ret_space);
	void (*space_release)(struct axarch_space *space);

	/* The slot that holds gpa. Errors: NOT_FOUND (a hole: MMIO); no error text is made, as this is an everyday answer. */
	int32_t (*space_find)(struct axarch_space *space, uint64_t gpa, struct axarch_slot *ret_slot);

	/*
	 * Marks the pages of [gpa, gpa + size) dirty. Call after the write: a mark made before it may be fetched and cleared in
	 * between. An engine that remembers which pages it has marked marks those once more when it forgets them after a
	 * DIRTY_CLEARED event, as it may have written meanwhile. One whose listener returns from that event only when each write
	 * that was marked has been made may mark before it writes. Cheap where the slot has no log.
	 */
	void (*space_mark_dirty)(struct axarch_space *space, uint64_t gpa, uint64_t size);

	/*
	 * From when listen returns every change of the space is heard, and slots that exist are announced as ADDED before it
	 * returns. unlisten returns when `heard` runs no more. `heard` may be called on any thread, also while vCPUs run.
	 */
	int32_t (*space_listen)(struct axarch_space *space, const struct axarch_space_listener *listener);
	int32_t (*space_unlisten)(struct axarch_space *space, const struct axarch_space_listener *listener);

	/* Extensions of the host by "name/revision"; NULL when the host has none of that name. */
	const void *(*get_extension)(const char *name);

	/*
	 * Since 1.2. For engines whose guests write to the space's memory without anybody being told (hardware): `writers` is 1 when a
	 * vCPU may do so from now on (bind), -1 when it does no more (unbind). Listeners have heard AXARCH_SPACE_WRITERS, with the
	 * number of such vCPUs in `size`, before this returns.
	 */
	void (*space_writers)(struct axarch_space *space, int32_t writers);
};

#ifdef __cplusplus
}
#endif
#endif
