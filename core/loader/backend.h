/* SPDX-License-Identifier: Apache-2.0 */
/* An opened backend, as the rest of the core sees it. */
#ifndef CORE_LOADER_BACKEND_H
#define CORE_LOADER_BACKEND_H

#include <axvcpu/backend.h>
#include <axvcpu/plugin/plugin.h>

#include "note.h"

struct config_layout; /* core/config: how a schema is laid out for libffi */

struct axvcpu_backend {
	/* The host's own copy: the plugin's pointers as they are, and for ops that it lacks a stub that answers
	 * Unsupported. */
	struct axarch_vcpu_ops ops;
	const struct axarch_vcpu_ops *plugin; /* as exported */
	struct note note;                     /* the description and the fields of both configs */
	struct config_layout *create_layout;
	struct config_layout *setup_layout;
	char *path;   /* "" when adopted */
	char *reason; /* set once, by the first auto that took it; NULL before */
	void *handle; /* of dlopen; NULL when adopted */
	unsigned references;
	struct axvcpu_backend *next; /* every backend that was ever loaded; they stay */
};

/* One more reference, for a vCPU; given back with axvcpu_backend_close. [any-thread] */
struct axvcpu_backend *backend_ref(struct axvcpu_backend *backend);

/* Whether the plugin itself has the op at this offset of struct axarch_vcpu_ops (and not a stub). */
int backend_has_at(const struct axvcpu_backend *backend, size_t offset);
#define BACKEND_HAS(backend, op) backend_has_at(backend, offsetof(struct axarch_vcpu_ops, op))

/* The table that plugins and layers get. It lives as long as the process. */
const struct axarch_host *host_table(void);

#endif
