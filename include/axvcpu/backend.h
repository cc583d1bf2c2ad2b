/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backends: finding, loading, inspecting.
 *
 * A backend is a shared object axvcpu-NAME.so that exports axarch_vcpu_ops. It is looked for, in this order:
 *   1. a name with a '/' is a path, taken as it is;
 *   2. the folders of AXVCPU_PLUGIN_PATH (a colon-separated list, which replaces all that follows), or else those of
 *      AXVCPU_PLUGIN_ADD_PATH (which come first); both are ignored in privileged (setuid) processes;
 *   3. $XDG_DATA_HOME/axvcpu/plugins or ~/.local/share/axvcpu/plugins, unless privileged;
 *   4. /usr/local/lib/axvcpu/plugins and /etc/axvcpu/plugins;
 *   5. the folder that the library was built with (pkg-config variable `plugindir`).
 * Relative folders are ignored. A file or folder that others than its owner may write, or that belongs to neither root nor
 * the user, is refused, with the reason. AXVCPU_DEBUG=loader,layer,plugin (a list) writes the search, each refusal and the
 * stack of layers to standard error; it is the only way in which the library prints.
 *
 * Thread: [any-thread]. A backend is counted: each open needs one close. Closing does not unload the object.
 */
#ifndef AXVCPU_BACKEND_H
#define AXVCPU_BACKEND_H

#include <stddef.h>

#include <axvcpu/error.h>
#include <axvcpu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct axvcpu_backend;
struct axarch_vcpu_ops;
struct axarch_description;
struct axarch_field;

/*
 * Opens a backend by name ("sim-riscv64") or path ("./build/plugins/mock/axvcpu-mock.so").
 * Errors: NOT_FOUND (the text lists where it was looked for, and the nearest name that is there), INVALID_DATA (refused: the
 * text lists everything that is wrong with it), or what the plugin's host_init answered.
 */
AXVCPU_API int32_t axvcpu_backend_open(const char *name, struct axvcpu_backend **ret_backend);

/*
 * Opens the best backend for guests of an architecture: KVM where /dev/kvm works for them, else the simulator.
 * axvcpu_backend_reason says which was taken and why. Errors: NOT_FOUND.
 */
AXVCPU_API int32_t axvcpu_backend_auto(uint32_t arch, struct axvcpu_backend **ret_backend);

/* A backend whose ops are compiled into the VMM (see <axvcpu/static.h>). The same checks, no file. */
AXVCPU_API int32_t axvcpu_backend_adopt(const struct axarch_vcpu_ops *ops, struct axvcpu_backend **ret_backend);

/* NULL is fine. vCPUs keep their backend open. */
AXVCPU_API void axvcpu_backend_close(struct axvcpu_backend *backend);

/* What the backend says of itself, its file ("" when adopted), and why it was chosen ("" unless by auto). They live as
 * long as the backend is open. */
AXVCPU_API const struct axarch_description *axvcpu_backend_description(const struct axvcpu_backend *backend);
AXVCPU_API const char *axvcpu_backend_path(const struct axvcpu_backend *backend);
AXVCPU_API const char *axvcpu_backend_reason(const struct axvcpu_backend *backend);

/* Whether the plugin has the op of that name (a row of <axvcpu/plugin/ops.h>): 1 or 0. */
AXVCPU_API int axvcpu_backend_has(const struct axvcpu_backend *backend, const char *op);

/* One file that the search met. Texts live during the call. */
struct axvcpu_backend_candidate {
	uint32_t size_of_struct;
	uint32_t kind;       /* AXVCPU_CANDIDATE_* */
	const char *name;    /* "sim-riscv64" */
	const char *path;
	int32_t refusal;     /* 0: it would be taken; else the code */
	const char *why;     /* of the refusal, or that an earlier folder has the same name; "" when taken */
	const struct axarch_description *description; /* NULL where the note could not be read, and for layers */
};

enum { AXVCPU_CANDIDATE_BACKEND = 1, AXVCPU_CANDIDATE_LAYER = 2 };

/* Goes through the search path without running any plugin's code. `met` returns 0 to go on. Returns how many were met. */
AXVCPU_API uint32_t axvcpu_backend_search(int (*met)(void *context, const struct axvcpu_backend_candidate *candidate),
					  void *context);

/* The description in a file's ELF note, read without running its code. The caller frees it with axvcpu_backend_inspect_free. */
struct axvcpu_inspection {
	const struct axarch_description *description;
	const struct axarch_field *create; /* description->create.field_count of them */
	const struct axarch_field *setup;
	const char *path;
};
AXVCPU_API int32_t axvcpu_backend_inspect(const char *name, struct axvcpu_inspection **ret_inspection);
AXVCPU_API void axvcpu_backend_inspect_free(struct axvcpu_inspection *inspection);

/*
 * Calls a function of an extension by name, without its header: "axvcpu.dirty-log/1", "fetch". `arguments` are widened to 64 bits
 * (pointers and strings as their address), as many as the signature has; the result is widened too. The signature that the
 * plugin published is checked. Errors: NOT_FOUND (extension or function), INVALID_INPUT (count).
 */
AXVCPU_API int32_t axvcpu_backend_call(struct axvcpu_backend *backend, const char *extension, const char *function,
				       const uint64_t *arguments, uint32_t count, uint64_t *ret_result);

#ifdef __cplusplus
}
#endif
#endif
